// SPDX-License-Identifier: MIT
// execve: arguments arrive, what shall survive survives, and what is no program is refused. Bad ELF files are
// made by changing single fields of this program.
#include <elf.h>
#include <sys/mman.h>
#include "ktap.h"

enum { SELF_MAX = 256 << 10 };
static char *self_path, image[SELF_MAX];
static long image_bytes;

static int run(char *const argv[], char *const envp[])
{
    execve(argv[0], argv, envp);
    return 200 + (errno == ENOEXEC) + 2 * (errno == EACCES) + 4 * (errno == E2BIG);
}

static int run_self(void *argv)
{
    return run(argv, (char *[]){"COLOUR=brown", "EMPTY=", NULL});
}

// The new program, started as "t_exec MODE ...".
static int child_main(int argc, char **argv)
{
    if (strcmp(argv[1], "arguments") == 0)
        return argc == 5 && strcmp(argv[2], "two words") == 0 && strcmp(argv[3], "") == 0 && !argv[5] &&
                       strcmp(argv[4], "last") == 0 && strcmp(getenv("COLOUR"), "brown") == 0 &&
                       !*getenv("EMPTY")
                   ? 11
                   : 1;
    if (strcmp(argv[1], "descriptors") == 0)
        return fcntl(atoi(argv[2]), F_GETFD) == 0 && fcntl(atoi(argv[3]), F_GETFD) == -1 ? 12 : 1;
    if (strcmp(argv[1], "pid") == 0)
        return atoi(argv[2]) == getpid() ? 13 : 1;
    if (strcmp(argv[1], "long") == 0)
        return strlen(argv[2]) == 60000 && argv[2][59999] == 'l' ? 14 : 1;
    if (strcmp(argv[1], "script") == 0)
        return argc == 3 && strcmp(argv[2], "./short") == 0 ? 15 : 1;
    return 1;
}

static int keeps_pid(void *unused)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", getpid());
    return run((char *[]){self_path, "pid", pid, NULL}, NULL);
}

static void refuses(const char *path, int error, const char *what)
{
    execve(path, (char *[]){(char *)path, NULL}, (char *[]){NULL});
    ok(errno == error, "%s: %s", what, strerror(error));
}

static void write_file(const char *path, const void *bytes, size_t count, int mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    must(fd >= 0 && write(fd, bytes, count) == (ssize_t)count && close(fd) == 0, path);
}

static int run_short(void *unused)
{
    return run((char *[]){"./short", NULL}, (char *[]){NULL});
}

static int run_bad(void *unused)
{
    return run((char *[]){"./bad", NULL}, (char *[]){NULL});
}

// The file is refused, or its process is killed by a signal; it must not run and must not harm anybody else.
static void bad_elf(const char *what, size_t offset, const void *value, size_t bytes)
{
    char kept[8];
    memcpy(kept, image + offset, bytes);
    memcpy(image + offset, value, bytes);
    write_file("bad", image, image_bytes, 0700);
    memcpy(image + offset, kept, bytes);
    int status = in_child(run_bad, NULL);
    ok(WIFSIGNALED(status) || (WEXITSTATUS(status) >= 200 && !(WEXITSTATUS(status) & 6)), "%s", what);
}

static void bad_elfs(void)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)image;
    Elf64_Phdr *load = (Elf64_Phdr *)(image + header->e_phoff);
    for (int i = 0; load->p_type != PT_LOAD && i < header->e_phnum; i++)
        load++;
    const size_t at = (char *)load - image;
    const struct {
        const char *what;
        size_t offset, bytes;
        uint64_t value;
    } changes[] = {
        {"a 32-bit class", EI_CLASS, 1, 1},
        {"big-endian", EI_DATA, 1, 2},
        {"another machine", offsetof(Elf64_Ehdr, e_machine), 2, 8},
        {"no executable", offsetof(Elf64_Ehdr, e_type), 2, 4},
        {"program headers behind the end", offsetof(Elf64_Ehdr, e_phoff), 8, 1 << 30},
        {"program headers at the end of all numbers", offsetof(Elf64_Ehdr, e_phoff), 8, -8UL},
        {"program headers of odd size", offsetof(Elf64_Ehdr, e_phentsize), 2, 8},
        {"no program headers", offsetof(Elf64_Ehdr, e_phnum), 2, 0},
        {"65535 program headers", offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff},
        {"an entry in the kernel", offsetof(Elf64_Ehdr, e_entry), 8, 0xffffffc000000000},
        {"an entry where nothing is", offsetof(Elf64_Ehdr, e_entry), 8, 0x20000000},
        {"a segment in the kernel", at + offsetof(Elf64_Phdr, p_vaddr), 8, 0xffffffc000000000},
        {"a segment over the top", at + offsetof(Elf64_Phdr, p_vaddr), 8, 0x3ffffff000},
        {"a segment that wraps around", at + offsetof(Elf64_Phdr, p_memsz), 8, -4096UL},
        {"more bytes in the file than in memory", at + offsetof(Elf64_Phdr, p_filesz), 8, 1UL << 40},
        {"a segment from behind the end", at + offsetof(Elf64_Phdr, p_offset), 8, 1UL << 40},
        {"an offset that does not fit its address", at + offsetof(Elf64_Phdr, p_offset), 8, 1},
        {"a segment at address 0", at + offsetof(Elf64_Phdr, p_vaddr), 8, 0},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        bad_elf(changes[i].what, changes[i].offset, &changes[i].value, changes[i].bytes);
    long whole = image_bytes;
    for (image_bytes = 0; image_bytes < 200; image_bytes += 50)
        bad_elf("a file cut short", 0, image, 0);
    image_bytes = whole;
}

static void scripts(void)
{
    static const char script[] = "#!/bin/sh -e\necho $0 $1 > script.out\nexit 21\n", self[] = "#!./loop\n";
    char seen[64] = "";
    write_file("script", script, sizeof script - 1, 0700);
    pid_t pid = fork();
    if (pid == 0)
        _exit(run((char *[]){"./script", "word", NULL}, (char *[]){"PATH=/bin", NULL}));
    bool ran = exited(reap(pid), 21);
    int fd = open("script.out", O_RDONLY);
    ok(ran && read(fd, seen, sizeof seen) > 0 && strcmp(seen, "./script word\n") == 0, "a script with #!");
    close(fd);
    write_file("loop", self, sizeof self - 1, 0700);
    refuses("./loop", ELOOP, "a script that is its own interpreter");
    write_file("lost", "#!/no/such/shell\n", 17, 0700);
    refuses("./lost", ENOENT, "a script without its interpreter");
    char line[64];
    write_file("short", line, snprintf(line, sizeof line, "#!%s script", self_path), 0700);
    ok(exited(in_child(run_short, NULL), 15), "a script of one line without an end");
    write_file("short", "#!", 2, 0700);
    refuses("./short", ENOEXEC, "a script that names nothing");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return child_main(argc, argv);
    static char word[100 << 10], *words[66], *long_words[4];
    self_path = argv[0][0] == '/' ? argv[0] : "/test/t_exec";
    int fd = open(self_path, O_RDONLY);
    must(fd >= 0 && (image_bytes = read(fd, image, sizeof image)) > 1000, self_path);
    work_in("t_exec");
    ok(exited(in_child(run_self, (char *[]){self_path, "arguments", "two words", "", "last", NULL}), 11),
       "arguments and environment arrive");
    char kept[16], closing[16];
    snprintf(kept, sizeof kept, "%d", dup(fd));
    snprintf(closing, sizeof closing, "%d", fcntl(fd, F_DUPFD_CLOEXEC, 20));
    ok(exited(in_child(run_self, (char *[]){self_path, "descriptors", kept, closing, NULL}), 12),
       "descriptors stay open, those with FD_CLOEXEC do not");
    ok(exited(in_child(keeps_pid, NULL), 13), "the process keeps its number");
    memset(word, 'l', 60000);
    long_words[0] = self_path, long_words[1] = "long", long_words[2] = word;
    ok(exited(in_child(run_self, long_words), 14), "60000 bytes in one argument");
    memset(word, 'l', sizeof word - 1);
    for (int i = 0; i < 65; i++)
        words[i] = i ? word : self_path;
    ok(exited(in_child(run_self, words), 204), "six megabytes of arguments: %s", strerror(E2BIG));
    close(fd);

    refuses("./missing", ENOENT, "a missing file");
    refuses("", ENOENT, "an empty path");
    refuses(".", EACCES, "a directory");
    write_file("plain", image, image_bytes, 0600);
    refuses("./plain", EACCES, "a file without the right to execute");
    refuses("./plain/x", ENOTDIR, "a path through a file");
    write_file("text", "echo no\n", 8, 0700);
    refuses("./text", ENOEXEC, "a text without #!");
    symlink("circle", "circle");
    refuses("./circle", ELOOP, "a link to itself");
    bad_elfs();
    scripts();
    return done();
}
