// SPDX-License-Identifier: MIT
// Where things run out: descriptors, processes, their numbers; limits. Errno, and all is well afterwards. The argument is how many
// processes to start at most.
#include "ktap.h"

static int use_up_descriptors(void *unused)
{
    int fd, last = -1, count = 0;
    while ((fd = dup(0)) >= 0 && count < 1 << 20)
        last = fd, count++;
    if (errno != EMFILE || count < 16)
        return 1;
    int ends[2];
    if (pipe(ends) != -1 || errno != EMFILE)
        return 2;
    close(last);
    return pipe(ends) == -1 && errno == EMFILE && open("/", O_RDONLY) == last ? 0 : 3;
}

// For want of a descriptor no file is made, and none is cut.
static int open_without_descriptors(void *unused)
{
    struct stat status;
    int fd = open("/tmp/limited", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must(write(fd, "text", 4) == 4, "write");
    while (dup(fd) >= 0)
        ;
    bool none = open("/tmp/limited-too", O_WRONLY | O_CREAT, 0600) < 0 && errno == EMFILE;
    bool made = stat("/tmp/limited-too", &status) == 0;
    bool uncut = open("/tmp/limited", O_WRONLY | O_TRUNC) < 0 && errno == EMFILE && fstat(fd, &status) == 0 &&
                 status.st_size == 4;
    unlink("/tmp/limited");
    unlink("/tmp/limited-too");
    return none && !made && uncut ? 0 : 1;
}

// Children that sleep until the pipe they read is closed.
static int use_up_processes(void *most)
{
    int ends[2], count = 0, good = 0;
    char c;
    pid_t pid;
    must(pipe(ends) == 0, "pipe");
    while (count < *(int *)most && (pid = fork()) >= 0) {
        if (pid == 0) {
            close(ends[1]);
            _exit(read(ends[0], &c, 1) != 0);
        }
        count++;
    }
    int error = count < *(int *)most ? errno : 0;
    close(ends[1]);
    for (int status; wait(&status) > 0;)
        good += exited(status, 0);
    printf("# %d processes at once, then %s\n", count, error ? strerror(error) : "enough");
    fflush(stdout);
    return good == count && count >= 64 && (!error || error == EAGAIN || error == ENOMEM) ? 0 : 1;
}

// A group whose leader has ended while a member has not.
static int lead(void *gate)
{
    char c;
    must(setpgid(0, 0) == 0, "setpgid");
    if (fork() == 0) {
        close(((int *)gate)[1]);
        _exit(read(((int *)gate)[0], &c, 1) != 0);
    }
    return 0;
}

static void limits(void)
{
    struct rlimit limit = {1, 1}, now;
    int result = syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, &limit);
    if (result == -1 && errno == ENOSYS) { // a kernel without rare calls
        skip("limits", "no prlimit64");
    } else {
        must(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &now) == 0, "prlimit64");
        ok(result == -1 || now.rlim_cur == 1, "a limit set and read by one structure becomes what was in it");
        limit = now;
        ok(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, &limit) == 0 && limit.rlim_cur == now.rlim_cur,
           "or stays as it is");
    }
    char bytes[16];
    ok(syscall(SYS_getrandom, bytes, sizeof bytes, 4) == sizeof bytes, "random bytes that may be insecure");
    fails(syscall(SYS_getrandom, bytes, sizeof bytes, 8), EINVAL, "or have an unknown property");
}

int main(int argc, char **argv)
{
    int gate[2], most = argc > 1 ? atoi(argv[1]) : 10000, failed = 0;
    must(pipe(gate) == 0, "pipe");
    pid_t group = start(lead, gate), pid = 0;
    must(ended(group) && kill(-group, 0) == 0, "a group without its leader");
    limits();
    ok(exited(in_child(use_up_descriptors, NULL), 0), "descriptors until EMFILE, one closed is one free");
    ok(exited(in_child(open_without_descriptors, NULL), 0), "without one, open makes and cuts no file");
    ok(exited(in_child(use_up_processes, &most), 0), "processes until EAGAIN or ENOMEM, %d at most", most);
    most = 500;
    ok(exited(in_child(use_up_processes, &most), 0), "and %d afterwards", most);
    bool passed = false, taken = false; // numbers are given out in a ring: until it comes by the group's
    for (int i = 0, last = group; i < 3000 || (i < 9000 && !passed); i++, last = pid) {
        pid = fork();
        if (pid == 0)
            _exit(i & 127);
        passed |= group < pid && (last < group || pid < last);
        taken |= pid == group;
        failed += pid < 0 || !exited(reap(pid), i & 127);
    }
    ok(failed == 0, "some thousand processes one after another");
    ok(passed && !taken && kill(-group, 0) == 0, "none of which got the number of a group that is there");
    return done();
}
