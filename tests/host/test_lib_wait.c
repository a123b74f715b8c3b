// SPDX-License-Identifier: MIT
//
// Wait queues and sleep locks with several tasks, over many interleavings (fake_shuffle): no wake-up is lost,
// mutual exclusion holds, locks go round in order. A lost wake-up leaves somebody asleep for ever, which
// fails the test in fake_sched.c.

#include "arch/cpu.h"
#include "lib/sequence.h"
#include "lib/sleeplock.h"
#include "tests/host/check.h"
#include "tests/host/fake_sched.h"

enum { SEEDS = 200 };

// ---- tokens and deadlines, one task ----

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static unsigned evaluated;

static bool true_at_the_second_look(void)
{
    if (++evaluated == 1)
        wake_all(&queue); // comes between "check" and "sleep"
    return evaluated == 2;
}

static void wake_before_park_is_kept(void)
{
    wait_event(&queue, true_at_the_second_look());
    CHECK(evaluated == 2 && list_empty(&queue.waiters));
}

static void deadline_ends_the_wait(void)
{
    fake_clock_ns = 1000;
    CHECK(wait_event_interruptible(&queue, false, 5000) == -ETIMEDOUT);
    CHECK(fake_clock_ns == 5000 && list_empty(&queue.waiters));
    CHECK(wait_event_interruptible(&queue, false, 4000) == -ETIMEDOUT); // long ago
    CHECK(wait_event_interruptible(&queue, true, 4000) == 0);           // the condition wins
}

static void sleep_until_killed(void *result)
{
    *(int *)result = wait_event_interruptible(&queue, false, 0);
}

static void condition_wins_over_death(void *result)
{
    *(int *)result = wait_event_interruptible(&queue, wait_given_up(0) == -EINTR, 0);
}

static void kill_ends_interruptible_waits(void)
{
    int first = 1, second = 1;
    struct task *a = fake_task_start(sleep_until_killed, &first);
    struct task *b = fake_task_start(condition_wins_over_death, &second);
    fake_yield();
    CHECK(!list_empty(&queue.waiters));
    fake_task_kill(a);
    fake_task_kill(b);
    fake_tasks_finish();
    CHECK(first == -EINTR && second == 0 && list_empty(&queue.waiters));
}

// ---- a bounded buffer: two queues, any interleaving ----

static struct wait_queue not_empty = WAIT_QUEUE_INIT(not_empty), not_full = WAIT_QUEUE_INIT(not_full);
static struct spinlock buffer_lock = SPINLOCK_INIT(RANK_PIPE);
static unsigned in_buffer, taken_out;
enum { CAPACITY = 2, ITEMS = 12 };

// Puts one item in or takes one out; false when that is not possible just now.
static bool move(int items)
{
    spin_lock(&buffer_lock);
    bool possible = items > 0 ? in_buffer < CAPACITY : in_buffer > 0;
    if (possible)
        in_buffer += (unsigned)items;
    spin_unlock(&buffer_lock);
    return possible;
}

static void produce(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ITEMS; i++) {
        wait_event(&not_full, move(1));
        wake_all(&not_empty);
    }
}

static void consume(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ITEMS; i++) {
        wait_event(&not_empty, move(-1));
        taken_out++;
        wake_all(&not_full);
    }
}

static void no_wake_up_is_lost(void)
{
    for (uint64_t seed = 0; seed <= SEEDS; seed++) {
        fake_shuffle(seed);
        in_buffer = taken_out = 0;
        for (unsigned i = 0; i < 3; i++) {
            fake_task_start(produce, NULL);
            fake_task_start(consume, NULL);
        }
        fake_tasks_finish();
        CHECK(taken_out == 3 * ITEMS && in_buffer == 0);
    }
    fake_shuffle(0);
}

// ---- sleep locks ----

static struct rwlock lock;
static struct mutex mutex;
static unsigned readers_in, writers_in, most_readers, rounds;

static void read_some(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 10; i++) {
        rwlock_read(&lock);
        CHECK(writers_in == 0 && rwlock_held(&lock) && !rwlock_held_for_write(&lock));
        readers_in++;
        most_readers = readers_in > most_readers ? readers_in : most_readers;
        fake_yield();
        CHECK(writers_in == 0);
        readers_in--;
        rounds++;
        rwlock_read_unlock(&lock);
    }
}

static void write_some(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 10; i++) {
        rwlock_write(&lock);
        CHECK(readers_in == 0 && writers_in++ == 0 && rwlock_held_for_write(&lock) && rwlock_held(&lock));
        fake_yield();
        CHECK(readers_in == 0 && --writers_in == 0);
        rounds++;
        rwlock_write_unlock(&lock);
        CHECK(!rwlock_held_for_write(&lock));
    }
}

static void lock_some(void *unused)
{
    (void)unused;
    static unsigned inside;
    for (unsigned i = 0; i < 10; i++) {
        if (i % 3 || !mutex_trylock(&mutex))
            mutex_lock(&mutex);
        CHECK(inside++ == 0 && !mutex_trylock(&mutex));
        fake_yield();
        CHECK(--inside == 0);
        rounds++;
        mutex_unlock(&mutex);
    }
}

static void locks_exclude(void)
{
    for (uint64_t seed = 0; seed <= SEEDS; seed++) {
        fake_shuffle(seed);
        rwlock_init(&lock, RANK_SPACE);
        mutex_init(&mutex, RANK_INODE);
        rounds = 0;
        for (unsigned i = 0; i < 3; i++) {
            fake_task_start(read_some, NULL);
            fake_task_start(write_some, NULL);
            fake_task_start(lock_some, NULL);
        }
        fake_tasks_finish();
        CHECK(rounds == 90 && !rwlock_held(&lock) && !rwlock_held(&mutex.lock));
    }
    fake_shuffle(0);
    CHECK(most_readers > 1);
}

static char order[8];
static unsigned orders;

static void reader(void *name)
{
    rwlock_read(&lock);
    order[orders++] = *(char *)name;
    rwlock_read_unlock(&lock);
}

static void writer(void *name)
{
    rwlock_write(&lock);
    order[orders++] = *(char *)name;
    rwlock_write_unlock(&lock);
}

// The lock is handed over in the order of arrival; who lets go and comes back at once waits its turn.
static void handed_over_in_order(void)
{
    char names[] = "ABCDE";
    rwlock_read(&lock);
    void (*kinds[])(void *) = {writer, reader, reader, writer, reader};
    for (unsigned i = 0; i < 5; i++)
        fake_task_start(kinds[i], &names[i]);
    fake_yield(); // B and C wait behind A although only readers are in
    CHECK(orders == 0 && lock.readers == 1);
    rwlock_read_unlock(&lock);
    CHECK(lock.writer && lock.readers == 0); // A's already
    rwlock_write(&lock);
    order[orders++] = 'm';
    rwlock_write_unlock(&lock);
    fake_tasks_finish();
    for (unsigned i = 0; i < 6; i++)
        CHECK(order[i] == "ABCDEm"[i]);
}

static void readers_come_in_together(void)
{
    char names[] = "XY";
    orders = 0;
    rwlock_write(&lock);
    fake_task_start(reader, &names[0]);
    fake_task_start(reader, &names[1]);
    fake_yield();
    rwlock_write_unlock(&lock);
    CHECK(lock.readers == 2 && !lock.writer && orders == 0);
    fake_tasks_finish();
    CHECK(orders == 2 && lock.readers == 0);
}

static void wait_once(void *name)
{
    struct waiter waiter = WAITER_INIT(waiter);
    wait_enqueue(&queue, &waiter);
    wait_park(0);
    order[orders++] = *(char *)name;
}

static void wake_oldest(void)
{
    spin_lock(&queue.lock);
    wake_first(&queue);
    spin_unlock(&queue.lock);
}

static void wake_first_wakes_the_oldest(void)
{
    char names[] = "AB";
    orders = 0;
    fake_task_start(wait_once, &names[0]);
    fake_task_start(wait_once, &names[1]);
    fake_yield();
    wake_oldest();
    fake_yield();
    CHECK(orders == 1 && order[0] == 'A');
    wake_oldest();
    wake_oldest(); // nobody waits: nothing happens
    fake_tasks_finish();
    CHECK(orders == 2 && order[1] == 'B' && list_empty(&queue.waiters));
}

int main(void)
{
    TEST(wake_before_park_is_kept);
    TEST(deadline_ends_the_wait);
    TEST(kill_ends_interruptible_waits);
    TEST(no_wake_up_is_lost);
    TEST(locks_exclude);
    TEST(handed_over_in_order);
    TEST(readers_come_in_together);
    TEST(wake_first_wakes_the_oldest);
}
