// SPDX-License-Identifier: MIT
//
// Spin locks and the rank checker: what is right passes, each wrong order panics, stuck locks are reported.

#include "arch/cpu.h"
#include "lib/sleeplock.h"
#include "tests/host/check.h"
#include "tests/host/fake_sched.h"

static struct spinlock upper = SPINLOCK_INIT(RANK_UPPER), leaf = SPINLOCK_INIT(RANK_LEAF),
                       other_leaf = SPINLOCK_INIT(RANK_LEAF), frames = SPINLOCK_INIT(RANK_FRAMES);

static void nesting_turns_interrupts_off_and_back(void)
{
    spin_lock(&upper);
    spin_lock(&leaf);
    CHECK(harts[0].off_depth == 2 && spin_held(&upper) && spin_held(&leaf));
    spin_unlock(&upper); // not the last one taken: allowed
    CHECK(harts[0].off_depth == 1 && !spin_held(&upper) && spin_held(&leaf));
    spin_lock(&frames);
    spin_unlock(&frames);
    spin_unlock(&leaf);
    CHECK(harts[0].off_depth == 0);
    fake_hart = 1;
    spin_lock(&leaf);
    fake_hart = 0;
    CHECK(!spin_held(&leaf));
    fake_hart = 1;
    spin_unlock(&leaf);
    fake_hart = 0;
}

static void wrong_order_panics(void)
{
    spin_lock(&leaf);
    CHECK(PANICS(spin_lock(&upper), "(upper tables) wanted while"));
    CHECK(PANICS(spin_lock(&other_leaf), "(leaf table) wanted while"));
    CHECK(PANICS(spin_lock(&leaf), "taken twice"));
    spin_lock_nested(&other_leaf, "tables of one path, child after parent");
    CHECK(PANICS(spin_lock_nested(&upper, "no excuse"), "(upper tables) wanted while"));
    fake_panic_expect();
    spin_print_held(0);
    CHECK(fake_panic_said("(leaf table), nested: tables of one path, child after parent"));
    spin_unlock(&other_leaf);
    spin_unlock(&leaf);
    CHECK(PANICS(spin_unlock(&leaf), "released but not held"));
}

static void let_go_after_three_turns(void)
{
    static unsigned turns;
    if (++turns == 3) {
        fake_hart = 1;
        spin_unlock(&leaf);
        fake_hart = 0;
    }
}

static void waits_for_another_hart(void)
{
    fake_hart = 1;
    spin_lock(&leaf);
    fake_hart = 0;
    fake_spin_hook = let_go_after_three_turns;
    spin_lock(&leaf);
    fake_spin_hook = NULL;
    CHECK(spin_held(&leaf));
    spin_unlock(&leaf);
}

static void stuck_lock_names_its_holder(void)
{
    fake_hart = 3;
    spin_lock(&leaf);
    fake_hart = 0;
    uint64_t start_ns = fake_clock_ns;
    CHECK(PANICS(spin_lock(&leaf), "(leaf table) stuck: hart 3 has held it for 10 s"));
    CHECK(fake_clock_ns - start_ns >= 10000000000 && fake_clock_ns - start_ns < 10100000000);
    fake_hart = 3;
    spin_unlock(&leaf);
    fake_hart = 0;
}

static void too_many_locks_panic(void)
{
    struct spinlock locks[HELD_LOCKS_MAX + 1];
    for (unsigned i = 0; i <= HELD_LOCKS_MAX; i++)
        spin_init(&locks[i], RANK_LEAF);
    for (unsigned i = 0; i < HELD_LOCKS_MAX; i++)
        spin_lock_nested(&locks[i], "ascending");
    CHECK(PANICS(spin_lock_nested(&locks[HELD_LOCKS_MAX], "one too many"), "more than 12 locks"));
    for (unsigned i = 0; i < HELD_LOCKS_MAX; i++)
        spin_unlock(&locks[i]);
}

// ---- sleep locks ----

static struct mutex inode, other_inode, file_system;
static struct rwlock space;

static void sleep_locks_have_ranks(void)
{
    mutex_init(&inode, RANK_INODE);
    mutex_init(&other_inode, RANK_INODE);
    mutex_init(&file_system, RANK_FILE_SYSTEM);
    rwlock_init(&space, RANK_SPACE);
    mutex_lock(&inode);
    rwlock_write_nested(&other_inode.lock, "in the order of their addresses");
    rwlock_read(&space);
    CHECK(PANICS(rwlock_read(&space), "taken twice")); // would deadlock behind a waiting writer
    CHECK(PANICS(mutex_lock(&inode), "taken twice"));
    mutex_lock(&file_system);
    mutex_unlock(&file_system);
    rwlock_read_unlock(&space);
    mutex_unlock(&inode); // not the last one taken: allowed
    CHECK(PANICS(mutex_unlock(&inode), "released but not held"));
    rwlock_write(&space);
    CHECK(PANICS(mutex_lock(&inode), "(inode) wanted while"));
    rwlock_write_unlock(&space);
    mutex_unlock(&other_inode);
}

// The order is checked against the highest rank held, not only the latest.
static void trylock_does_not_hide_a_higher_rank(void)
{
    mutex_lock(&file_system);
    CHECK(mutex_trylock(&inode)); // against the order, but it does not wait
    CHECK(PANICS(rwlock_read(&space), "(file system) is held"));
    mutex_unlock(&inode);
    mutex_unlock(&file_system);
    rwlock_read(&space);
    rwlock_read_unlock(&space);
}

static void no_sleep_under_a_spin_lock(void)
{
    spin_lock(&leaf);
    CHECK(PANICS(mutex_lock(&inode), "sleep lock wanted with spin lock"));
    CHECK(PANICS(rwlock_read(&space), "sleep lock wanted with spin lock"));
    CHECK(PANICS(wait_park(0), "sleep with spin lock"));
    CHECK(mutex_trylock(&inode)); // does not sleep
    mutex_unlock(&inode);
    spin_unlock(&leaf);
    assert_no_spinlocks("test");
}

static void every_rank_has_a_name(void)
{
    for (enum lock_rank rank = RANK_NONE + 1; rank < RANK_LAST; rank++)
        CHECK(rank == RANK_SLEEP_LAST || lock_rank_name(rank) != lock_rank_name(RANK_NONE));
    CHECK(lock_rank_name(RANK_LAST) == lock_rank_name(RANK_NONE));
}

int main(void)
{
    TEST(nesting_turns_interrupts_off_and_back);
    TEST(wrong_order_panics);
    TEST(waits_for_another_hart);
    TEST(stuck_lock_names_its_holder);
    TEST(too_many_locks_panic);
    TEST(sleep_locks_have_ranks);
    TEST(trylock_does_not_hide_a_higher_rank);
    TEST(no_sleep_under_a_spin_lock);
    TEST(every_rank_has_a_name);
}
