// SPDX-License-Identifier: MIT
//
// Lock contracts for clang's -Wthread-safety. `ACQUIRE(lock)` at a prototype: => returns with it held.
// What the analysis cannot follow (a lock kept in a cursor, taken under a condition) says NO_LOCK_ANALYSIS.
#pragma once

#ifdef __clang__
#define CONTRACT(...) __attribute__((__VA_ARGS__))
#else
#define CONTRACT(...)
#endif
#define CAPABILITY(name)     CONTRACT(capability(name)) // on a struct: it is a lock
#define ACQUIRE(lock)        CONTRACT(acquire_capability(lock))
#define ACQUIRE_SHARED(lock) CONTRACT(acquire_shared_capability(lock))
#define TRY_ACQUIRE(lock)    CONTRACT(try_acquire_capability(true, lock))
#define RELEASE(lock)        CONTRACT(release_capability(lock))
#define RELEASE_SHARED(lock) CONTRACT(release_shared_capability(lock))
#define REQUIRES(lock)       CONTRACT(requires_capability(lock))
#define NO_LOCK_ANALYSIS     CONTRACT(no_thread_safety_analysis)
