// SPDX-License-Identifier: MIT
//
// Futexes: sleep while a word of user memory has a value. Called by futex(2) and by ending threads.
//
// A futex has no record of its own. Who waits is on a list, found by hashing what the address means: the
// space and the address (private), or the object and the byte of it that every mapping shares. Many futexes
// share a list and its lock.
//
//   waiter                                         waker
//   lock the list                                  change the word (in user mode)
//   word as expected?  no: unlock, EAGAIN          futex(WAKE): lock the list
//   put self on the list, unlock, sleep            take matching waiters off, wake them, unlock
//
// The word is read under the lock. So a waker that changed it before is seen, and one that changes it after
// finds the waiter on the list. Under a spin lock user memory must not fault: when it is not there, unlock,
// fault it in, try again.
//
// A waiter that is off the list has been woken. Its stack, where the record is, may be gone then: whoever
// takes it off is done with it before the lock is free.

#include "lib/syscalls.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "uapi/errno.h"
#include "uapi/futex.h"

#define BUCKETS           256u
#define ROBUST_LIST_LIMIT 2048 // entries looked at: the list is the user's and may be a circle

// What the word at an address is to everybody who maps it: part of an object; in private memory, of the
// space. Names it, and keeps nothing alive.
struct identity {
    uint64_t of; // serial number of a vm_object, or address of the vm_space in which those who wait run
    uint64_t offset;
};

struct futex_waiter {
    struct waiter waiter;                // its node: guarded by the lock of `bucket`
    struct wait_queue *_Atomic bucket;   // changes with both buckets locked; read without, then re-checked
    struct identity identity;            // as the node
    uint32_t bitset;                     // constant
};

static struct wait_queue buckets[BUCKETS];

void futex_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        wait_queue_init(&buckets[i]);
}

static bool same(const struct identity *one, const struct identity *other)
{
    return one->of == other->of && one->offset == other->offset;
}

static struct wait_queue *bucket_of(const struct identity *identity)
{
    uint64_t mixed = (identity->of ^ identity->offset >> 2) * 0x9e3779b97f4a7c15u;
    return &buckets[mixed >> 32 & (BUCKETS - 1)];
}

// A private page is its space's own, also where it still shows what the file has.
// => returns 0, -EINVAL, or -EFAULT: no user address, or shared and nothing is mapped there
static int identify(user_ptr_t address, bool shared, struct identity *identity)
{
    struct vm_space *space = current_task()->space;
    vaddr_t va = address.address;
    if (va & 3)
        return -EINVAL;
    if (va >= USER_END)
        return -EFAULT;
    *identity = (struct identity){(uintptr_t)space, va};
    if (!shared)
        return 0;
    rwlock_read(&space->map_lock);
    const struct vm_region *region = vm_region_find(space, va);
    if (region && region->kind == VM_SHARED)
        *identity = (struct identity){region->object->serial,
                                      (region->object_page << PAGE_SHIFT) + va - region->start};
    rwlock_read_unlock(&space->map_lock);
    return region ? 0 : -EFAULT;
}

// --- waking -----------------------------------------------------------------------------------------------

// As Linux, a `most` below 1 still wakes one. => returns how many
static int64_t wake(user_ptr_t address, bool shared, int most, uint32_t bitset)
{
    struct identity identity;
    int error = identify(address, shared, &identity);
    if (error || !bitset)
        return error ? error : -EINVAL;
    struct wait_queue *bucket = bucket_of(&identity);
    int woken = 0;
    spin_lock(&bucket->lock);
    list_for_each_safe(node, &bucket->waiters) {
        struct futex_waiter *other = container_of(node, struct futex_waiter, waiter.node);
        if (!same(&other->identity, &identity) || !(other->bitset & bitset))
            continue;
        list_remove(node);
        sleep_wake(other->waiter.task);
        if (++woken >= most)
            break;
    }
    spin_unlock(&bucket->lock);
    return woken;
}

static void lock_both(struct wait_queue *one, struct wait_queue *other) NO_LOCK_ANALYSIS
{
    spin_lock(one < other ? &one->lock : &other->lock);
    if (one != other)
        spin_lock_nested(one < other ? &other->lock : &one->lock, "two futex lists, by address");
}

static void unlock_both(struct wait_queue *one, struct wait_queue *other) NO_LOCK_ANALYSIS
{
    spin_unlock(one < other ? &other->lock : &one->lock);
    if (one != other)
        spin_unlock(one < other ? &one->lock : &other->lock);
}

// Those on `from` that wait for `old`: the first `wake_most` are woken, the next `move_most` wait for `new`
// on `to` from now on. => holds both locks. => returns how many of both
static int64_t move_waiters(struct wait_queue *from, const struct identity *old, struct wait_queue *to,
                            const struct identity *new, int64_t wake_most, int64_t move_most)
{
    int64_t done = 0;
    list_for_each_safe(node, &from->waiters) {
        struct futex_waiter *other = container_of(node, struct futex_waiter, waiter.node);
        if (done >= wake_most + move_most)
            break;
        if (!same(&other->identity, old))
            continue;
        if (++done <= wake_most) {
            list_remove(node);
            sleep_wake(other->waiter.task);
            continue;
        }
        other->identity = *new;
        other->bucket = to;
        if (from != to) {
            list_remove(node);
            list_push_back(&to->waiters, node);
        }
    }
    return done;
}

// `expected`: what the word at `address` must be, or NULL.
static int64_t requeue(user_ptr_t address, user_ptr_t address2, bool shared, int wake_most, int move_most,
                       const uint32_t *expected)
{
    struct identity old, new;
    if (wake_most < 0 || move_most < 0)
        return -EINVAL;
    int error = identify(address, shared, &old);
    if (!error)
        error = identify(address2, shared, &new);
    if (error)
        return error;
    struct wait_queue *from = bucket_of(&old), *to = bucket_of(&new);
    for (;;) {
        uint32_t now = 0;
        lock_both(from, to);
        error = expected ? load_user_word_nofault(&now, address) : 0;
        int64_t result = -EAGAIN;
        if (!error && (!expected || now == *expected))
            result = move_waiters(from, &old, to, &new, wake_most, move_most);
        unlock_both(from, to);
        if (!error)
            return result;
        if (fault_in_readable(address, sizeof now))
            return -EFAULT;
    }
}

// --- waiting ----------------------------------------------------------------------------------------------

// => returns 0 with `self` on a list, -EAGAIN, -EFAULT
static int enqueue(struct futex_waiter *self, user_ptr_t address, uint32_t expected)
{
    struct wait_queue *bucket = bucket_of(&self->identity);
    self->bucket = bucket;
    for (;;) {
        uint32_t now;
        spin_lock(&bucket->lock);
        int error = load_user_word_nofault(&now, address);
        if (!error && now == expected)
            list_push_back(&bucket->waiters, &self->waiter.node);
        spin_unlock(&bucket->lock);
        if (!error)
            return now == expected ? 0 : -EAGAIN;
        if (fault_in_readable(address, sizeof now))
            return -EFAULT;
    }
}

// Whether `self` has been woken; if not, and it is to give up, it is taken off.
static bool woken(struct futex_waiter *self, bool give_up) NO_LOCK_ANALYSIS
{
    struct wait_queue *bucket;
    for (;;) {
        bucket = self->bucket;
        spin_lock(&bucket->lock);
        if (self->bucket == bucket)
            break;
        spin_unlock(&bucket->lock);
    }
    bool off = list_empty(&self->waiter.node);
    if (give_up)
        list_remove(&self->waiter.node);
    spin_unlock(&bucket->lock);
    return off;
}

// deadline_ns 0: none. => returns 0 when woken, -EAGAIN, -EFAULT, -EINVAL, -ETIMEDOUT, -EINTR
static int64_t wait(user_ptr_t address, bool shared, uint32_t expected, uint64_t deadline_ns, uint32_t bitset)
{
    struct futex_waiter self = {
        .waiter = {.node = LIST_INIT(self.waiter.node), .task = current_task()}, .bitset = bitset};
    int error = bitset ? identify(address, shared, &self.identity) : -EINVAL;
    if (!error)
        error = enqueue(&self, address, expected);
    if (error)
        return error;
    for (;;) {
        int given_up = wait_given_up(deadline_ns);
        if (woken(&self, given_up))
            return 0;
        if (given_up)
            return given_up;
        wait_park(deadline_ns);
    }
}

int64_t sys_futex(uint64_t address_argument, uint64_t operation, uint64_t value, uint64_t timeout,
                  uint64_t address2, uint64_t value3)
{
    user_ptr_t address = user_ptr(address_argument);
    bool shared = !(operation & FUTEX_PRIVATE_FLAG), realtime = operation & FUTEX_CLOCK_REALTIME;
    uint64_t command = (uint32_t)operation & ~(uint32_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    uint64_t deadline_ns = 0; // none
    uint32_t expected = (uint32_t)value3; // of CMP_REQUEUE; else a set of bits, all if not given
    uint32_t bitset = command == FUTEX_WAIT || command == FUTEX_WAKE ? FUTEX_BITSET_MATCH_ANY : expected;
    if (realtime && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    int error = 0;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        // WAIT counts from now, WAIT_BITSET names a time of one of two clocks
        if (timeout)
            error = read_deadline(timeout, command == FUTEX_WAIT_BITSET, realtime, &deadline_ns);
        return error ? error : wait(address, shared, (uint32_t)value, deadline_ns, bitset);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
        return wake(address, shared, (int)value, bitset);
    case FUTEX_REQUEUE:
        return requeue(address, user_ptr(address2), shared, (int)value, (int)timeout, NULL);
    case FUTEX_CMP_REQUEUE:
        return requeue(address, user_ptr(address2), shared, (int)value, (int)timeout, &expected);
    default: // those that inherit priority, and WAKE_OP, which nobody uses any more
        return -ENOSYS;
    }
}

// --- a thread's last words --------------------------------------------------------------------------------

// The futex at `address` is on the list of a thread that has ended. If it is the owner, the word says so from
// now on, and one waiter is woken to read it. A pending one may be unlocked already and its waiter not yet
// woken.
// => returns 0, or -errno: the list is broken
static int owner_died(user_ptr_t address, bool inherits, bool pending)
{
    uint32_t word, found;
    if (address.address & 3)
        return -EINVAL;
    if (copy_from_user(&word, address, sizeof word))
        return -EFAULT;
    if (pending && !inherits && !(word & FUTEX_TID_MASK))
        wake(address, true, 1, FUTEX_BITSET_MATCH_ANY);
    for (; (word & FUTEX_TID_MASK) == (uint32_t)current_task()->tid; word = found) {
        if (exchange_user_word(address, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &found))
            return -EFAULT;
        if (found != word)
            continue;
        if ((word & FUTEX_WAITERS) && !inherits)
            wake(address, true, 1, FUTEX_BITSET_MATCH_ANY);
        break;
    }
    return 0;
}

static void walk_robust_list(uint64_t head_address)
{
    struct robust_list_head head;
    if (copy_from_user(&head, user_ptr(head_address), sizeof head))
        return;
    uint64_t pending = head.pending & ~(uint64_t)1, next = 0;
    uint64_t offset = (uint64_t)head.offset;
    unsigned left = ROBUST_LIST_LIMIT;
    for (uint64_t entry = head.list; (entry & ~(uint64_t)1) != head_address && left; entry = next, left--) {
        uint64_t at = entry & ~(uint64_t)1;
        int fault = copy_from_user(&next, user_ptr(at), sizeof next); // before it is woken, which may free it
        if ((at != pending && owner_died(user_ptr(at + offset), entry & 1, false)) || fault)
            return;
        sched_point();
    }
    if (pending)
        (void)owner_died(user_ptr(pending + offset), head.pending & 1, true);
}

void futex_task_leaves(struct task *self)
{
    if (self->robust_list)
        walk_robust_list(self->robust_list);
    self->robust_list = 0;
    user_ptr_t cleared = user_ptr(self->clear_child_tid);
    self->clear_child_tid = 0;
    if (!cleared.address || self->space->refs == 1) // as Linux: nobody would see it, so no page is copied
        return;
    if (!clear_user(cleared, sizeof(uint32_t))) // a bad address is the program's own affair
        wake(cleared, true, 1, FUTEX_BITSET_MATCH_ANY);
}

int64_t sys_set_robust_list(uint64_t head, uint64_t bytes)
{
    if (bytes != sizeof(struct robust_list_head))
        return -EINVAL;
    current_task()->robust_list = head;
    return 0;
}

int64_t sys_get_robust_list(uint64_t tid, uint64_t head, uint64_t bytes)
{
    const uint64_t size = sizeof(struct robust_list_head);
    spin_lock(&task_tree_lock);
    struct task *task = (int)tid ? task_by_tid((int)tid) : current_task();
    uint64_t list = task ? task->robust_list : 0;
    spin_unlock(&task_tree_lock);
    if (!task)
        return -ESRCH;
    int error = copy_to_user(user_ptr(bytes), &size, sizeof size);
    return error ? error : copy_to_user(user_ptr(head), &list, sizeof list);
}
