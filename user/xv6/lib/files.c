// SPDX-License-Identifier: MIT
// Files and directories: Linux' calls with xv6's names, numbers and structs.
#include "internal.h"
#define stat linux_stat // two structs of that name meet here
#include "uapi/stat.h"
#undef stat
#include "uapi/dirent.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
enum { LINUX_TRUNC = O_TRUNC, LINUX_NOFOLLOW = O_NOFOLLOW };
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/stat.h"
#include "user/user.h"

#define CONSOLE       1            // xv6's major number
#define LINUX_CONSOLE (5 << 8 | 1) // /dev/console
#define LISTING_BYTES 512          // of directory entries at once: the stack is small

// As xv6 walks: names cut, "" and a slash at the end mean the directory before them.
int kine_path(const char *path, char cut[MAXPATH])
{
    long bytes = kine_text_bytes(path, MAXPATH);
    int length = 0, name = 0;
    if (bytes < 0 || bytes >= MAXPATH)
        return -1;
    for (; *path; path++) {
        name = *path == '/' ? 0 : name + 1;
        if (name <= DIRSIZ)
            cut[length++] = *path;
    }
    while (length > 1 && cut[length - 1] == '/')
        length--;
    if (!length)
        cut[length++] = '.';
    cut[length] = 0;
    return 0;
}

static int limited(long fd)
{
    if (fd >= NOFILE)
        close((int)fd);
    return fd >= NOFILE ? -1 : result_of(fd);
}

int open(const char *path, int mode)
{
    char cut[MAXPATH];
    long flags = mode & 3;
    flags |= mode & O_CREATE ? O_CREAT : 0;
    flags |= mode & O_TRUNC ? LINUX_TRUNC : 0;
    flags |= mode & O_NOFOLLOW ? LINUX_NOFOLLOW : 0;
    return kine_path(path, cut) < 0 ? -1 : limited(KERNEL(SYS_openat, AT_CWD, cut, flags, 0777));
}

int close(int fd)
{
    return result_of(KERNEL(SYS_close, fd));
}

int dup(int fd)
{
    return limited(KERNEL(SYS_dup, fd));
}

int pipe(int *ends)
{
    if (KERNEL(SYS_pipe2, ends, 0) < 0)
        return -1;
    if (ends[0] < NOFILE && ends[1] < NOFILE)
        return 0;
    close(ends[0]);
    close(ends[1]);
    return -1;
}

// --- reading and writing
// ----------------------------------------------------------------------------------------

static void emit(struct dirent *entry, const struct linux_dirent64 *from)
{
    int i = 0;
    entry->inum = (ushort)from->d_ino ? (ushort)from->d_ino : 1;
    for (; i < DIRSIZ && from->d_name[i]; i++)
        entry->name[i] = from->d_name[i];
    for (; i < DIRSIZ; i++)
        entry->name[i] = 0;
}

// As many whole entries as there is room for. The kernel may have given more than that: back to the last one
// used.
static int read_entries(int fd, struct dirent *entries, int room)
{
    char listing[LISTING_BYTES] __attribute__((aligned(8)));
    int count = 0;
    while (count < room) {
        long bytes = KERNEL(SYS_getdents64, fd, listing, sizeof listing), at = 0;
        if (bytes <= 0)
            return bytes < 0 && !count ? -1 : count;
        while (at < bytes && count < room) {
            const struct linux_dirent64 *entry = (void *)(listing + at);
            if (!kine_may_write(&entries[count], sizeof *entries))
                return -1;
            emit(&entries[count++], entry);
            at += entry->d_reclen;
            if (count == room && at < bytes)
                KERNEL(SYS_lseek, fd, entry->d_off, SEEK_SET);
        }
    }
    return count;
}

int read(int fd, void *buffer, int bytes)
{
    if (bytes < 0)
        return -1;
    long result = KERNEL(SYS_read, fd, buffer, bytes);
    if (result != -EISDIR)
        return result_of(result);
    int count = read_entries(fd, buffer, bytes / (int)sizeof(struct dirent));
    return count < 0 ? -1 : count * (int)sizeof(struct dirent);
}

int write(int fd, const void *buffer, int bytes)
{
    return bytes < 0 ? -1 : result_of(KERNEL(SYS_write, fd, buffer, bytes));
}

// --- names
// ------------------------------------------------------------------------------------------------------

int mknod(const char *path, short major, short minor)
{
    char cut[MAXPATH];
    long device = major == CONSOLE ? LINUX_CONSOLE : (uchar)major << 8 | (uchar)minor;
    return kine_path(path, cut) < 0 ? -1
                                    : result_of(KERNEL(SYS_mknodat, AT_CWD, cut, S_IFCHR | 0777, device));
}

int unlink(const char *path)
{
    char cut[MAXPATH];
    if (kine_path(path, cut) < 0)
        return -1;
    long result = KERNEL(SYS_unlinkat, AT_CWD, cut, 0);
    return result_of(result == -EISDIR ? KERNEL(SYS_unlinkat, AT_CWD, cut, AT_REMOVEDIR) : result);
}

int link(const char *from, const char *to)
{
    char cut_from[MAXPATH], cut_to[MAXPATH];
    if (kine_path(from, cut_from) < 0 || kine_path(to, cut_to) < 0)
        return -1;
    return result_of(KERNEL(SYS_linkat, AT_CWD, cut_from, AT_CWD, cut_to, 0));
}

int symlink(const char *target, const char *path)
{
    char cut_target[MAXPATH], cut[MAXPATH];
    if (kine_path(target, cut_target) < 0 || kine_path(path, cut) < 0)
        return -1;
    return result_of(KERNEL(SYS_symlinkat, cut_target, AT_CWD, cut));
}

int mkdir(const char *path)
{
    char cut[MAXPATH];
    return kine_path(path, cut) < 0 ? -1 : result_of(KERNEL(SYS_mkdirat, AT_CWD, cut, 0777));
}

int chdir(const char *path)
{
    char cut[MAXPATH];
    return kine_path(path, cut) < 0 ? -1 : result_of(KERNEL(SYS_chdir, cut));
}

// --- what they are
// ----------------------------------------------------------------------------------------------

static int translate(const struct linux_stat *from, struct stat *to)
{
    uint format = from->st_mode & S_IFMT;
    if (format == S_IFIFO || !kine_may_write(to, sizeof *to)) // xv6 knows nothing about a pipe
        return -1;
    *to = (struct stat){
        .dev = (int)from->st_dev,
        .ino = (uint)from->st_ino,
        .type = format == S_IFDIR   ? T_DIR
                : format == S_IFREG ? T_FILE
                : format == S_IFLNK ? T_SYMLINK
                                    : T_DEVICE,
        .nlink = (short)from->st_nlink,
        .size = (uint64)from->st_size,
    };
    return 0;
}

int fstat(int fd, struct stat *stat)
{
    struct linux_stat found;
    return KERNEL(SYS_fstat, fd, &found) < 0 ? -1 : translate(&found, stat);
}

int stat(const char *path, struct stat *stat)
{
    struct linux_stat found;
    char cut[MAXPATH];
    if (kine_path(path, cut) < 0 || KERNEL(SYS_newfstatat, AT_CWD, cut, &found, 0) < 0)
        return -1;
    return translate(&found, stat);
}
