// SPDX-License-Identifier: MIT
//
// Stands in front of the real <stdatomic.h> where the fake hardware shall act between any two atomic accesses
// of the code under test: each one gives it a turn first (fake_machine.h).

#ifndef FAKE_STEPS_STDATOMIC_H
#define FAKE_STEPS_STDATOMIC_H

#include_next <stdatomic.h>

void fake_step(void);

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#define atomic_load_explicit(object, order)             (fake_step(), __c11_atomic_load(object, order))
#define atomic_store_explicit(object, value, order)     (fake_step(), __c11_atomic_store(object, value, order))
#define atomic_exchange_explicit(object, value, order)  (fake_step(), __c11_atomic_exchange(object, value, order))
#define atomic_fetch_or_explicit(object, value, order)  (fake_step(), __c11_atomic_fetch_or(object, value, order))
#define atomic_fetch_and_explicit(object, value, order) (fake_step(), __c11_atomic_fetch_and(object, value, order))

#endif
