// SPDX-License-Identifier: MIT
//
// ext2 under the real VFS against the host's own file system: the same random system calls go to both and must
// give the same results and bytes. The disk's image is made by mke2fs; after every session e2fsck must find
// nothing to mend, and at the end debugfs must read the same files. A session is a process: boot, mount, three
// tasks at work, sync. What the small disk refuses (ENOSPC) is not asked of the host.

#include "tests/host/ext2_work.h"

#include <sys/wait.h>
#include <unistd.h>

#define TASKS 3

struct plan {
    const char *mke2fs; // options
    unsigned block_bytes, mib, sessions, steps;
    uint64_t size_most;
    bool hash_directories; // e2fsck -D between sessions: indexes that others make, and we must give up
};

static uint64_t base_seed;

static void session(const char *image, const struct plan *plan, uint64_t seed, bool first)
{
    static struct worker workers[TASKS];
    compare_without_types = strstr(plan->mke2fs, "^filetype");
    fs_machine_boot(image, 8, seed);
    CHECK(fs_machine_mount() == 0);
    host_for_each(compare); // what the last one left
    fake_shuffle(seed);
    for (unsigned i = 0; i < TASKS; i++) {
        work_prepare(&workers[i], i, plan->steps, plan->size_most, plan->block_bytes);
        CHECK(!first || work_mkdir(workers[i].top) == 0);
        working++;
        fake_task_start(work, &workers[i]);
    }
    while (working > 0) // the disk is a task that never ends
        fake_yield();
    host_for_each(compare);
    CHECK(sys_sync() == 0);
    fs_machine_check_quiet();
    printf("# %u calls, %u refused, up to %u requests at a time\n", calls, refused, fs_disk_most_queued);
}

static void run_sessions(const struct plan *plan, uint64_t seed)
{
    char image[64], command[400];
    host_tree_create();
    sprintf(image, "/tmp/kine-ext2-%d.img", getpid());
    sprintf(command, "rm -f %s && mke2fs -q -t ext2 %s -d %s %s %uM", image, plan->mke2fs, host_tree_path(), image,
            plan->mib);
    CHECK(host_shell(command) == 0);
    for (unsigned i = 0; i < plan->sessions; i++) {
        int status;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            session(image, plan, base_seed + seed * 100 + i, i == 0);
            fflush(stdout);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(status == 0);
        sprintf(command, "e2fsck -fn %s >%s.fsck 2>&1 || { cat %s.fsck; false; }", image, image, image);
        CHECK(host_shell(command) == 0);
        sprintf(command, "e2fsck -fyD %s >/dev/null 2>&1; test $? -le 1", image);
        CHECK(!plan->hash_directories || host_shell(command) == 0);
    }
    host_compare_by_debugfs(image, 1 << 20);
    sprintf(command, "rm -rf %s %s.fsck %s", image, image, host_tree_path());
    CHECK(host_shell(command) == 0);
}

#define FEATURES "-O ^resize_inode,^dir_index,^ext_attr "
static void blocks_of_1_kib(void)
{
    run_sessions(&(struct plan){FEATURES "-b 1024 -I 128", 1024, 24, 3, 3000, 15ull << 30, false}, 1);
}
static void blocks_of_2_kib(void)
{
    run_sessions(&(struct plan){FEATURES "-O ^large_file -b 2048 -I 256", 2048, 24, 2, 3000, 100ull << 30, false}, 2);
}
static void blocks_of_4_kib(void)
{
    run_sessions(&(struct plan){FEATURES "-b 4096 -I 256", 4096, 40, 2, 3000, 3000ull << 30, false}, 3);
}
static void full_disk(void)
{
    run_sessions(&(struct plan){FEATURES "-b 1024 -I 128", 1024, 1, 4, 2000, 1 << 20, false}, 4);
}
static void no_inodes_left(void)
{
    run_sessions(&(struct plan){FEATURES "-b 1024 -N 48", 1024, 4, 2, 2000, 1 << 20, false}, 5);
}
static void many_groups_and_foreign_features(void)
{
    run_sessions(&(struct plan){"-O ^filetype,^resize_inode -b 1024 -g 256", 1024, 4, 3, 2000, 1 << 20, true}, 6);
}

// With a number: other random choices.
int main(int count, char **arguments)
{
    base_seed = count > 1 ? strtoull(arguments[1], NULL, 10) * 100000 : 0;
    TEST(blocks_of_1_kib);
    TEST(blocks_of_2_kib);
    TEST(blocks_of_4_kib);
    TEST(full_disk);
    TEST(no_inodes_left);
    TEST(many_groups_and_foreign_features);
    return 0;
}
