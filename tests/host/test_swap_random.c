// SPDX-License-Identifier: MIT
//
// Swap at random: several spaces against an oracle, with the audit all the time; and several threads of one space, in any
// order, while a slow disk takes their pages away and gives them back.

#include "tests/host/fake_swap.h"

#define PROCESSES 5
static struct process {
    struct vm_space *space;
    uint64_t word[PAGES];
    bool mapped[PAGES];
} processes[PROCESSES];

static void random_step(struct process *process)
{
    unsigned page = fake_random(PAGES), hart = fake_random(4), what = fake_random(100);
    struct process *other = &processes[fake_random(PROCESSES)];
    if (what < 40) {
        enum vm_fault_result result = fake_load(process->space, hart, AT(page), &value);
        CHECK(result == (process->mapped[page] ? VM_FAULT_OK : VM_FAULT_NO_REGION));
        CHECK(result != VM_FAULT_OK || value == process->word[page]);
    } else if (what < 70) {
        bool ok = fake_store(process->space, hart, AT(page), what + page) == VM_FAULT_OK;
        CHECK(ok == process->mapped[page]);
        process->word[page] = ok ? what + page : 0;
    } else if (what < 75) {
        CHECK(vm_unmap(process->space, AT(page), PAGE_SIZE) == 0);
        process->mapped[page] = false;
    } else if (what < 80) {
        CHECK(fake_map(process->space, AT(page), 1, VM_ANON, PT_R | PT_W) == 0);
        process->mapped[page] = true;
        process->word[page] = 0;
    } else if (what < 90) {
        fake_hart = hart;
        vm_spaces_reclaim(true);
    } else if (what < 95 && !other->space) {
        *other = *process;
        fake_hart = hart;
        CHECK(vm_space_fork(process->space, (enum fork_mode)fake_random(3), &other->space) == 0);
    } else if (what >= 95 && process != processes) {
        fake_space_put(process->space);
        process->space = NULL;
    }
}

static void random_against_oracle(uint64_t seed)
{
    fake_random_seed(seed);
    memset(processes, 0, sizeof(processes));
    fake_hart = 0;
    processes[0].space = vm_space_create();
    for (unsigned step = 0; step < 2000; step++) {
        struct process *process = &processes[fake_random(PROCESSES)];
        if (process->space)
            random_step(process);
        fake_check_one_memory();
        if (step % 16 == 0)
            fake_audit();
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        if (processes[i].space)
            fake_space_put(processes[i].space);
    CHECK(slots_in_use() == 0);
    fake_audit();
}

// Threads count up words of their own in pages that they share, while the pages come and go.
static unsigned at_work;

static void count_up(void *argument)
{
    unsigned self = (unsigned)(uintptr_t)argument;
    uint64_t mine;
    for (uint64_t n = 1; n <= 60; n++) {
        unsigned page = fake_random(4);
        CHECK(fake_load(space, self, AT(page) + 64 + self * 8, &mine) == VM_FAULT_OK);
        CHECK(fake_store(space, self, AT(page) + 64 + self * 8, mine + 1) == VM_FAULT_OK);
    }
    at_work--;
}

static void reclaim_again_and_again(void *unused)
{
    (void)unused;
    while (at_work) {
        fake_hart = 3;
        vm_spaces_reclaim(true);
        fake_yield();
    }
}

static void threads_of_one_space(uint64_t seed)
{
    fake_random_seed(seed);
    begin(4);
    slow = true;
    at_work = 3;
    for (uintptr_t i = 0; i < 3; i++)
        fake_task_start(count_up, (void *)i);
    fake_task_start(reclaim_again_and_again, NULL);
    fake_mm_shuffle(seed);
    fake_tasks_finish();
    fake_mm_shuffle(0);
    slow = false;
    for (unsigned thread = 0; thread < 3; thread++) {
        uint64_t sum = 0;
        for (unsigned page = 0; page < 4; page++) {
            CHECK(fake_load(space, 0, AT(page) + 64 + thread * 8, &value) == VM_FAULT_OK);
            sum += value;
        }
        CHECK(sum == 60);
    }
    end();
}

// Spaces live, fork by copying, and die, with the hand of reclaim in them.
static void come_and_go(void *unused)
{
    (void)unused;
    for (unsigned n = 0; n < 60; n++) {
        struct vm_space *one = vm_space_create(), *two;
        uint64_t word;
        fake_hart = 0;
        CHECK(n % 2 || fake_map(one, AT(0), 1, VM_ANON, PT_R | PT_W) == 0);
        if (n % 2 == 0) {
            CHECK(fake_store(one, 0, AT(0), n) == VM_FAULT_OK && vm_space_fork(one, FORK_COPY, &two) == 0);
            CHECK(fake_load(two, 0, AT(0), &word) == VM_FAULT_OK && word == n);
            fake_space_put(two);
        }
        fake_space_put(one);
    }
    at_work--;
}

static void reclaim_against_death(uint64_t seed)
{
    at_work = 1;
    fake_task_start(come_and_go, NULL);
    fake_task_start(reclaim_again_and_again, NULL);
    fake_mm_shuffle(seed);
    fake_tasks_finish();
    fake_mm_shuffle(0);
    CHECK(slots_in_use() == 0);
    fake_audit();
}

int main(int count, char **arguments)
{
    uint64_t seeds = count > 1 ? strtoull(arguments[1], NULL, 10) : 20;
    boot_with_swap();
    random_against_oracle(seeds); // it also makes the slabs known
    size_t free = frame_free_count();
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        fake_sets_a_d = seed % 3;
        random_against_oracle(seed);
        threads_of_one_space(seed);
        reclaim_against_death(seed);
        CHECK(frame_free_count() == free);
    }
    CHECK(writes > reads && reads > 100);
    printf("ok - random_against_oracle, threads_of_one_space, reclaim_against_death\n");
}
