// SPDX-License-Identifier: MIT
// The POSIX calls whose arguments differ from the kernel's: mostly older forms of the newer *at calls.
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "uapi/kine.h"

int errno;
char **environ;
const char *program_path; // argv[0], from crt0.S

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0; // only then is there a third argument
    va_end(arguments);
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int stat(const char *path, struct stat *to)
{
    return syscall(SYS_newfstatat, AT_FDCWD, path, to, 0);
}

int lstat(const char *path, struct stat *to)
{
    return syscall(SYS_newfstatat, AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW);
}

int access(const char *path, int mode)
{
    return syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

int chmod(const char *path, mode_t mode)
{
    return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlink(const char *target, const char *path)
{
    return syscall(SYS_symlinkat, target, AT_FDCWD, path);
}

ssize_t readlink(const char *path, char *to, size_t size)
{
    return syscall(SYS_readlinkat, AT_FDCWD, path, to, size);
}

int rename(const char *from, const char *to)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

char *getcwd(char *to, size_t size)
{
    return syscall(SYS_getcwd, to, size) < 0 ? NULL : to;
}

int dup2(int from, int to)
{
    return from == to ? (fcntl(from, F_GETFD) < 0 ? -1 : to) : dup3(from, to, 0);
}

int pipe(int ends[2])
{
    return pipe2(ends, 0);
}

int isatty(int fd)
{
    struct termios now;
    return ioctl(fd, TCGETS, &now) == 0;
}

pid_t fork(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

// A name with a slash is a path; any other is looked for in each directory of PATH, of which "" is the
// current one.
int execvp(const char *name, char *const argv[])
{
    const char *search = getenv("PATH"), *end;
    char path[PATH_MAX];
    int seen = ENOENT;
    if (strchr(name, '/'))
        return execv(name, argv);
    for (search = search ? search : "/bin"; *name; search = end + 1) {
        end = search + strcspn(search, ":");
        snprintf(path, sizeof path, end == search ? "%.*s%s" : "%.*s/%s", (int)(end - search), search, name);
        execv(path, argv);
        if (errno != ENOENT && errno != ENOTDIR)
            seen = errno;
        if (!*end || errno == E2BIG || errno == ENOMEM)
            break;
    }
    errno = seen;
    return -1;
}

// The kernel answers with the break it has: below the wanted one, memory is out. The last answer is kept,
// because the break belongs to this process alone.
void *sbrk(intptr_t increment)
{
    static char *now;
    if (!now)
        now = (char *)syscall(SYS_brk, 0);
    char *before = now;
    if (increment && (char *)syscall(SYS_brk, before + increment) != before + increment) {
        errno = ENOMEM;
        return (void *)-1;
    }
    now = before + increment;
    return before;
}

// Only SIG_DFL and SIG_IGN need no trampoline and no saved state; handlers work where the kernel has them.
sighandler_t signal(int number, sighandler_t handler)
{
    static struct kernel_sigaction old; // static, as user-mode QEMU 7.2 writes a word too many
    struct kernel_sigaction new = {(uint64_t)handler, SA_RESTART, 0};
    return syscall(SYS_rt_sigaction, number, &new, &old, 8) < 0 ? SIG_ERR : (sighandler_t)old.handler;
}

// Directories: getdents64 fills the buffer with as many records as fit, readdir hands them out one by one.
struct directory {
    int fd, pos, len;
    char records[2048] __attribute__((aligned(8)));
};

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : malloc(sizeof *dir);
    if (dir)
        dir->fd = fd, dir->pos = dir->len = 0;
    else if (fd >= 0)
        close(fd);
    return dir;
}

struct dirent *readdir(DIR *dir)
{
    if (dir->pos >= dir->len) {
        dir->pos = 0;
        dir->len = getdents64(dir->fd, dir->records, sizeof dir->records);
        if (dir->len <= 0)
            return NULL;
    }
    struct dirent *entry = (struct dirent *)(dir->records + dir->pos);
    dir->pos += entry->d_reclen;
    return entry;
}

int closedir(DIR *dir)
{
    int result = close(dir->fd);
    free(dir);
    return result;
}

void power_off(int status)
{
    while (kill(-1, SIGKILL) == 0) // nobody is left to change what is being written
        usleep(1000);
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, (long)status);
    err(1, "reboot");
}
