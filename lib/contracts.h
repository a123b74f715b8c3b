// SPDX-License-Identifier: MIT
//
// Lock contracts that clang's -Wthread-safety checks at compile time. Only on functions: `ACQUIRE(lock)`
// after a prototype says what the comment `=> returns with the lock held` says. A function whose locking
// the analysis cannot follow (a lock kept in a cursor, taken under a condition) says NO_LOCK_ANALYSIS.
#pragma once

#define CAPABILITY(name)     __attribute__((capability(name))) // on a struct: it is a lock
#define ACQUIRE(lock)        __attribute__((acquire_capability(lock)))
#define ACQUIRE_SHARED(lock) __attribute__((acquire_shared_capability(lock)))
#define TRY_ACQUIRE(lock)    __attribute__((try_acquire_capability(true, lock)))
#define RELEASE(lock)        __attribute__((release_capability(lock)))
#define RELEASE_SHARED(lock) __attribute__((release_shared_capability(lock)))
#define REQUIRES(lock)       __attribute__((requires_capability(lock)))
#define NO_LOCK_ANALYSIS     __attribute__((no_thread_safety_analysis))
