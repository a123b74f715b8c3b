// SPDX-License-Identifier: MIT
//
// Names of the ranks, and the records of held locks; contracts in lib/lockrank.h. Called by spinlock.c and
// sleeplock.c, and by panics for printing. Takes no lock.

#include "lib/lockrank.h"
#include "lib/log.h"

const char *lock_rank_name(enum lock_rank rank)
{
    static const char *const names[RANK_LAST] = {
        [RANK_FILE] = "file",          [RANK_RENAME] = "rename",           [RANK_DIRECTORY] = "directory",
        [RANK_INODE] = "inode",        [RANK_SPACE] = "space",             [RANK_OBJECT] = "object",
        [RANK_FILE_SYSTEM] = "file system",                                [RANK_DEVICE_CACHE] = "disk cache",
        [RANK_PIPE] = "pipe",          [RANK_FILE_TABLE] = "file table",   [RANK_TASKS] = "tasks",
        [RANK_TTY] = "tty",            [RANK_DENTRY] = "dentry",           [RANK_BLOCK] = "block",
        [RANK_UPPER] = "upper tables", [RANK_LEAF] = "leaf table",         [RANK_SPACES] = "spaces",
        [RANK_SLAB] = "slab",          [RANK_STACKS] = "stacks",           [RANK_FRAMES] = "frames",
        [RANK_WAIT] = "wait queue",    [RANK_TIMER] = "timer",             [RANK_RUN_QUEUE] = "run queue",
        [RANK_CONSOLE] = "console",    [RANK_LOG] = "log",                 [RANK_OOM] = "out of memory",
        [RANK_SWAP] = "swap slots",
    };
    return (unsigned)rank < RANK_LAST && names[rank] ? names[rank] : "unranked";
}

#if CHECK_LOCK_RANKS
void held_check(const struct held_locks *record, const void *lock, enum lock_rank rank, const char *why_safe)
{
    for (unsigned i = 0; record && i < record->count; i++) {
        const struct held_lock *held = &record->held[i];
        if (held->lock == lock)
            panic("lock %p (%s) taken twice", lock, lock_rank_name(rank));
        if (held->rank > rank || (held->rank == rank && !why_safe))
            panic("lock order: %p (%s) wanted while %p (%s) is held", lock, lock_rank_name(rank), held->lock,
                  lock_rank_name(held->rank));
    }
}

void held_add(struct held_locks *record, const void *lock, enum lock_rank rank, const char *why_safe)
{
    if (!record)
        return;
    if (record->count == HELD_LOCKS_MAX)
        panic("more than %d locks held at once", HELD_LOCKS_MAX);
    record->held[record->count++] = (struct held_lock){lock, why_safe, rank};
}

void held_drop(struct held_locks *record, const void *lock)
{
    if (!record)
        return;
    unsigned i = 0;
    while (i < record->count && record->held[i].lock != lock)
        i++;
    if (i == record->count)
        panic("lock %p released but not held", lock);
    for (record->count--; i < record->count; i++)
        record->held[i] = record->held[i + 1];
}

void held_print(const struct held_locks *record)
{
    for (unsigned i = 0; record && i < record->count && i < HELD_LOCKS_MAX; i++) {
        const struct held_lock *held = &record->held[i];
        const char *why = held->why_safe;
        log_error("  lock %p (%s)%s%s", held->lock, lock_rank_name(held->rank), why ? ", nested: " : "",
                  why ? why : "");
    }
}
#endif
