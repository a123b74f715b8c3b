// SPDX-License-Identifier: MIT
//
// Lock contracts that clang's -Wthread-safety checks at compile time. Only on functions: `ACQUIRE(lock)`
// after a prototype says what the comment `=> returns with the lock held` says. A function whose locking
// the analysis cannot follow (a lock kept in a cursor, taken under a condition) says NO_LOCK_ANALYSIS.

#ifndef LIB_CONTRACTS_H
#define LIB_CONTRACTS_H

#if defined(__clang__)
#define LOCK_CONTRACT(...) __attribute__((__VA_ARGS__))
#else
#define LOCK_CONTRACT(...)
#endif

#define CAPABILITY(name)      LOCK_CONTRACT(capability(name)) // on a struct: it is a lock
#define ACQUIRE(...)          LOCK_CONTRACT(acquire_capability(__VA_ARGS__))
#define ACQUIRE_SHARED(...)   LOCK_CONTRACT(acquire_shared_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...)      LOCK_CONTRACT(try_acquire_capability(__VA_ARGS__)) // (true, lock)
#define RELEASE(...)          LOCK_CONTRACT(release_capability(__VA_ARGS__))
#define RELEASE_SHARED(...)   LOCK_CONTRACT(release_shared_capability(__VA_ARGS__))
#define REQUIRES(...)         LOCK_CONTRACT(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...)  LOCK_CONTRACT(requires_shared_capability(__VA_ARGS__))
#define EXCLUDES(...)         LOCK_CONTRACT(locks_excluded(__VA_ARGS__))
#define NO_LOCK_ANALYSIS      LOCK_CONTRACT(no_thread_safety_analysis)

#endif
