// SPDX-License-Identifier: MIT
//
// ext2 on disks that lie, and on disks that fail. Each run damages a few numbers of a good image, then walks
// the tree, works on it and syncs, in a process of its own. What the calls return does not matter; that they
// return does, and that no byte outside of a block is touched (see fs_machine.h).

#include "tests/host/ext2_work.h"

#include <sys/wait.h>
#include <unistd.h>

#define RUNS 300

static uint64_t first_seed;
static char good[64], image[64];

// Looks at everything that can be reached, within reason: a damaged tree may have no end.
static void explore(const char *name, unsigned depth)
{
    char buffer[2000], inner[5000];
    struct kine_stat stat;
    if (sys_newfstatat((uint64_t)AT_FDCWD, (uint64_t)name, (uint64_t)&stat, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISLNK(stat.st_mode))
        sys_readlinkat((uint64_t)AT_FDCWD, (uint64_t)name, (uint64_t)buffer, sizeof(buffer));
    int64_t fd = sys_openat((uint64_t)AT_FDCWD, (uint64_t)name, O_RDONLY | O_NOFOLLOW, 0), bytes;
    for (unsigned i = 0; i < 20 && fd >= 0 && S_ISREG(stat.st_mode); i++)
        sys_pread64((uint64_t)fd, (uint64_t)buffer, sizeof(buffer), fs_random((uint64_t)stat.st_size + 1) >> fs_random(40));
    for (unsigned i = 0; i < 20 && fd >= 0 && (bytes = sys_getdents64((uint64_t)fd, (uint64_t)buffer, sizeof(buffer))) > 0; i++)
        for (int64_t at = 0; at < bytes && depth < 4; at += *(uint16_t *)(buffer + at + 16)) {
            sprintf(inner, "%s/%s", name, buffer + at + 19);
            if (strcmp(buffer + at + 19, ".") && strcmp(buffer + at + 19, ".."))
                explore(inner, depth + 1);
        }
    if (fd >= 0)
        sys_close((uint64_t)fd);
}

static void damaged_session(uint64_t seed)
{
    static struct worker worker;

    work_prepare(&worker, 0, 300, 1 << 30, 1024);
    fs_machine_boot(image, 8, seed);
    fs_disk_error_one_in = seed % 8 ? 0 : 50;
    if (fs_machine_mount() != 0)
        return;
    explore(".", 0);
    working = 1;
    work(&worker);
    explore(".", 0);
    sys_sync();
    fs_machine_check_quiet();
}

static void endless_session(uint64_t seed)
{
    fs_machine_boot(image, 8, seed);
    CHECK(fs_machine_mount() == 0);
    explore(".", 0);
    CHECK(work_mkdir("top1/new") == -EIO);
    CHECK(sys_unlinkat((uint64_t)AT_FDCWD, (uint64_t)"top0/many-1", 0) == 0);
    CHECK(sys_unlinkat((uint64_t)AT_FDCWD, (uint64_t)"top0/a/b/e", 0) == 0); // the last name; the map stays
    CHECK(sys_sync() == 0);
    fs_machine_check_quiet();
}

static void make_good(void)
{
    char command[700];
    host_tree_create();
    sprintf(good, "/tmp/kine-good-%d.img", getpid());
    sprintf(image, "/tmp/kine-bad-%d.img", getpid());
    sprintf(command, "mkdir -p top0/a/b/c top0/d top1 && for i in $(seq 200); do echo $i >top0/many-$i; done && "
                     "ln -s $(seq -s x 60) top0/a/f && ln -s top0/a top0/e && ln top0/many-1 top0/a/b/e && "
                     "truncate -s 80M top0/b && for i in 1 300 20000 79000; do echo x | dd of=top0/b bs=1k seek=$i "
                     "conv=notrunc 2>/dev/null; done && mke2fs -q -t ext2 -O ^resize_inode,^dir_index,^ext_attr "
                     "-b 1024 -N 400 -I 128 -d . %s 1M && rm -rf %s", good, host_tree_path());
    CHECK(host_shell(command) == 0);
}

static void in_process(void (*session)(uint64_t seed), uint64_t seed)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        work_hostile = true;
        alarm(60);
        session(seed);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    if (status != 0)
        printf("# seed %lu: status %x, image %s\n", seed, status, image);
    CHECK(status == 0);
}

static void damaged_disks(void)
{
    for (unsigned i = 0; i < RUNS; i++) {
        host_damage(good, image, first_seed + i);
        in_process(damaged_session, first_seed + i);
    }
}

// Every pointer of block 1000 leads to block 1000, and of 1001 to 1002, which is a good directory block; a file's
// map begins with the first, a directory's, of two gigabytes, with the other.
static void endless_maps(void)
{
    char command[400];
    sprintf(command, "cp %s %s && debugfs -w -f - %s >/dev/null 2>&1 <<'.'\n"
                     "setb 1000 3\nsif top0/many-1 block[TIND] 1000\nsif top0/many-1 size 0x40000000\n"
                     "sif top1 block[DIND] 1001\nsif top1 size 0x7ffffc00\n.\n", good, image, image);
    CHECK(host_shell(command) == 0);
    host_fill_block(image, 1000, 1000, 0);
    host_fill_block(image, 1001, 1002, 0);
    host_fill_block(image, 1002, 0, 1024); // one unused entry
    in_process(endless_session, 0);
}

static int64_t rename_to(const char *from, const char *to)
{
    return sys_renameat2((uint64_t)AT_FDCWD, (uint64_t)from, (uint64_t)AT_FDCWD, (uint64_t)to, 0);
}

static void twin_session(uint64_t seed)
{
    fs_machine_boot(image, 8, seed);
    CHECK(fs_machine_mount() == 0);
    CHECK(work_mkdir("top1/new") == 0);
    CHECK(rename_to("top0/twin", "top1/inside") == -EIO && rename_to("top1/new", "top0/twin") == -EIO);
    CHECK(work_mkdir("top0/a/up/new") == -EIO && rename_to("top0/a/b", "top0/a/up/b") == -EIO);
    CHECK(rename_to("top1/new", "top0/a/new") == 0 && sys_sync() == 0);
    fs_machine_check_quiet();
}

// Directories with two names, beside each other and one inside the other: who takes locks down the tree would take
// one twice, or wait in a circle. The name that is used first is the only one.
static void twins(void)
{
    char command[300];
    sprintf(command, "cp %s %s && debugfs -w -f - %s >/dev/null 2>&1 <<'.'\n"
                     "ln top1 top0/twin\nln top0 top0/a/up\n.\n", good, image, image);
    CHECK(host_shell(command) == 0);
    in_process(twin_session, 0);
}

// With a number: other random choices.
int main(int count, char **arguments)
{
    first_seed = count > 1 ? strtoull(arguments[1], NULL, 10) * 100000 : 0;
    make_good();
    TEST(endless_maps);
    TEST(twins);
    TEST(damaged_disks);
    unlink(good);
    unlink(image);
    return 0;
}
