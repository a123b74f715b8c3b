// SPDX-License-Identifier: MIT
//
// Spin locks: mutual exclusion between harts, held for a few dozen instructions, interrupts off.
//
// Every lock has a rank; a hart may only take locks of a higher rank than the highest it holds. Debug
// builds check that at run time (lib/lockrank.h) and keep, per hart, the list of locks held.
// Under a spin lock: no allocation, no sleep, no remote TLB flush, no access to user memory.
// The lock fits 8 bytes because a page table's lock lives inside its `struct frame`.
#pragma once

#include "lib/contracts.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// Outermost first. Sleep locks rank before all spin locks: none is ever taken under one.
enum lock_rank {
    RANK_NONE,
    // sleep locks, in the order in which they nest
    RANK_FILE,         // an open file's position, a pipe: held across the whole read or write
    RANK_OOM,          // choosing who must die of lack of memory
    RANK_RENAME,       // serialises renames of directories
    RANK_DIRECTORY,    // directory inode
    RANK_INODE,        // other inodes
    RANK_SPACE,        // vm_space.map_lock
    RANK_OBJECT,       // vm_object.lock
    RANK_FILE_SYSTEM,  // block and inode allocation of one mounted file system
    RANK_DEVICE_CACHE, // vm_object.lock of a block device's own cache
    RANK_SLEEP_LAST,
    // spin locks
    RANK_PIPE,
    RANK_FILE_TABLE,
    RANK_TASKS,        // process tree and pid table
    RANK_TTY,
    RANK_DENTRY,       // dentry and inode hash tables
    RANK_BLOCK,        // block device queue
    RANK_UPPER,        // pagetable.upper
    RANK_LEAF,         // leaf page table, in its frame
    RANK_SWAP,         // slots of the swap device
    RANK_SPACES,       // list of all spaces, list of all objects
    RANK_SLAB,
    RANK_STACKS,       // kernel stack slots
    RANK_FRAMES,       // free lists
    RANK_WAIT,         // wait queue
    RANK_TIMER,
    RANK_RUN_QUEUE,
    RANK_CONSOLE,
    RANK_LOG,
    RANK_LAST,
};

struct CAPABILITY("spinlock") spinlock {
    _Atomic uint32_t owner; // 0 = free, else index of the holding hart + 1
    uint16_t rank;          // enum lock_rank
    uint16_t unused;
};
_Static_assert(sizeof(struct spinlock) == 8, "must fit in struct frame");

#define SPINLOCK_INIT(rank_) {.owner = 0, .rank = (rank_)}

// What is written under a lock, and read without it as well: each access is whole, and in no order with others.
#define relaxed_read(object)         __atomic_load_n(&(object), __ATOMIC_RELAXED)
#define relaxed_write(object, value) __atomic_store_n(&(object), (value), __ATOMIC_RELAXED)

void spin_init(struct spinlock *lock, enum lock_rank rank);

// => returns with interrupts off on this hart and the lock held
// Slow path: yields the hart (QEMU under icount needs it) and panics, naming the holder, when it has spun
// for ten seconds of virtual time.
#define spin_lock(lock) spin_lock_nested((lock), NULL)

// Second lock of the rank already held; `why_safe` is documentation that panics print.
void spin_lock_nested(struct spinlock *lock, const char *why_safe) ACQUIRE(lock);

void spin_unlock(struct spinlock *lock) RELEASE(lock); // the outermost restores interrupts to what they were
bool spin_held(const struct spinlock *lock);           // by this hart
