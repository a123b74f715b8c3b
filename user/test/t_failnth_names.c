// SPDX-License-Identifier: MIT
// Every way in which calls about names can run out of memory: failnth.h. A name that could not be made is not
// there afterwards, one that could not be taken away still is.
#include <dirent.h>
#include "failnth.h"

enum { CHUNK = 5 * PAGE, SIXTY_FOUR_KIB = 64 << 10 };
#define LONG_TARGET "a/target/of/more/than/sixty/bytes/so/that/it/does/not/fit/into/the/inode/itself"

static char buffer[SIXTY_FOUR_KIB];
static int fd;

static int closed(int number) // 0 or the errno of what should have opened it
{
    return number < 0 ? errno : close(number);
}

static bool there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static void make(const char *path, size_t bytes)
{
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && write(fd, buffer, bytes) == (ssize_t)bytes && close(fd) == 0, path);
}

// --- names ------------------------------------------------------------------------------------------------

static void make_old(void)
{
    make("old", 1);
}

static void remove_both(void)
{
    unlink("old");
    unlink("new");
}

static bool only_old(void)
{
    return there("old") && !there("new");
}

static bool no_new(void)
{
    return !there("new");
}

static int open_old(void)
{
    return closed(open("old", O_RDWR));
}

static int create_new(void)
{
    return closed(open("new", O_RDWR | O_CREAT | O_EXCL, 0600));
}

static int make_node(void)
{
    return error_of(syscall(SYS_mknodat, AT_FDCWD, "new", S_IFIFO | 0600, 0));
}

static int link_new(void)
{
    return error_of(link("old", "new"));
}

static int rename_new(void)
{
    return error_of(rename("old", "new"));
}

static void make_old_and_new(void)
{
    make("old", CHUNK);
    make("new", SIXTY_FOUR_KIB);
}

static bool old_and_new(void)
{
    return there("old") && there("new");
}

static int unlink_new(void)
{
    return error_of(unlink("new"));
}

static int symbolic(void)
{
    return error_of(symlink("old", "new"));
}

static int symbolic_long(void)
{
    return error_of(symlink(LONG_TARGET, "new"));
}

static void make_link(void)
{
    make_old();
    must(symlink("old", "new") == 0, "symlink");
}

static int follow_link(void)
{
    return readlink("new", buffer, sizeof buffer) == 3 ? closed(open("new", O_RDONLY)) : errno;
}

static int find_nothing(void) // what has been taken away is not known not to be there
{
    struct stat status;
    return stat("new", &status) == 0 ? WRONG : errno == ENOENT ? 0 : errno;
}

static void make_and_remove(void)
{
    make("new", 1);
    unlink("new");
}

static int make_directory(void)
{
    return error_of(mkdir("new", 0700));
}

static void remove_directory(void)
{
    rmdir("new");
}

static void directory(void)
{
    must(mkdir("new", 0700) == 0, "mkdir");
}

static bool new_is_there(void)
{
    return there("new");
}

static int remove_new_directory(void)
{
    return error_of(rmdir("new"));
}

static void two_directories(void)
{
    directory();
    must(mkdir("old", 0700) == 0 && mkdir("old/inside", 0700) == 0, "mkdir");
}

static int move_directory(void)
{
    return error_of(rename("old/inside", "new/moved"));
}

static bool not_moved(void)
{
    return there("old/inside") && !there("new/moved");
}

static void remove_directories(void)
{
    rmdir("new/moved");
    rmdir("new");
    rmdir("old/inside");
    rmdir("old");
}

static int enter(void)
{
    return chdir("new") == 0 && getcwd(buffer, sizeof buffer) ? 0 : errno;
}

static void leave(void)
{
    if (!there("new"))
        must(chdir("..") == 0, "chdir");
    remove_directory();
}

static int list(void)
{
    int dir = open(".", O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return errno;
    ssize_t got = getdents64(dir, buffer, sizeof buffer);
    int error = got < 0 ? errno : got ? 0 : WRONG;
    close(dir);
    return error;
}

static int read_proc(void)
{
    fd = open("/proc/self/maps", O_RDONLY);
    if (fd < 0)
        return errno;
    ssize_t got = read(fd, buffer, sizeof buffer);
    close(fd);
    return got < 0 ? errno : got ? 0 : WRONG;
}

static int list_proc(void)
{
    struct stat status;
    return error_of(stat("/proc/self/stat", &status));
}

static int open_null(void)
{
    return closed(open("/dev/null", O_RDWR));
}

static const struct operation operations[] = {
    {"open", make_old, open_old, .finish = remove_both},
    {"open with O_CREAT", .run = create_new, .finish = remove_both, .unharmed = no_new},
    {"mknod", .run = make_node, .finish = remove_both, .unharmed = no_new},
    {"link", make_old, link_new, .finish = remove_both, .unharmed = only_old},
    {"rename", make_old, rename_new, .finish = remove_both, .unharmed = only_old},
    {"rename over a file", make_old_and_new, rename_new, .finish = remove_both, .unharmed = old_and_new},
    {"unlink", make_old_and_new, unlink_new, .finish = remove_both, .unharmed = old_and_new},
    {"symlink", .run = symbolic, .finish = remove_both, .unharmed = no_new},
    {"symlink with a block", .run = symbolic_long, .finish = remove_both, .unharmed = no_new},
    {"readlink, open through a link", make_link, follow_link, .finish = remove_both},
    {"stat of nothing", make_and_remove, find_nothing, .finish = NULL},
    {"mkdir", .run = make_directory, .finish = remove_directory, .unharmed = no_new},
    {"rmdir", directory, remove_new_directory, .finish = remove_directory, .unharmed = new_is_there},
    {"rename of a directory", two_directories, move_directory, .finish = remove_directories,
     .unharmed = not_moved},
    {"chdir, getcwd", directory, enter, .finish = leave},
    {"getdents", .run = list},
    {"open and read, /proc/self/maps", .run = read_proc},
    {"stat, /proc/self/stat", .run = list_proc},
    {"open, /dev/null", .run = open_null},
};

int main(void)
{
    return sweep_all("failnth_names", operations, sizeof operations / sizeof *operations);
}
