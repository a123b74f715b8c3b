// SPDX-License-Identifier: MIT
#pragma once
#include <limits.h>
#include <sys/types.h>
#include "uapi/fcntl.h"

#define STDIN_FILENO  0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

extern char **environ, *optarg;
extern int optind;

ssize_t read(int fd, void *to, size_t bytes);
ssize_t write(int fd, const void *from, size_t bytes);
ssize_t pread(int fd, void *to, size_t bytes, off_t offset);
ssize_t pwrite(int fd, const void *from, size_t bytes, off_t offset);
off_t lseek(int fd, off_t offset, int whence);
int close(int fd);
int dup(int fd);
int dup2(int from, int to);
int dup3(int from, int to, int flags);
int pipe(int ends[2]);
int pipe2(int ends[2], int flags);
int ftruncate(int fd, off_t bytes);
int fsync(int fd);
void sync(void);
int isatty(int fd);

int access(const char *path, int mode);
int chdir(const char *path);
int fchdir(int fd);
char *getcwd(char *to, size_t size);
int link(const char *from, const char *to);
int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags);
int symlink(const char *target, const char *path);
ssize_t readlink(const char *path, char *to, size_t size);
int unlink(const char *path);
int unlinkat(int directory, const char *path, int flags);
int rmdir(const char *path);

pid_t fork(void);
int execve(const char *path, char *const argv[], char *const envp[]);
int execv(const char *path, char *const argv[]);
int execvp(const char *name, char *const argv[]);
_Noreturn void _exit(int status);
pid_t getpid(void);
pid_t getppid(void);
uid_t getuid(void);
int setpgid(pid_t pid, pid_t group);
pid_t getpgid(pid_t pid);
pid_t setsid(void);
unsigned sleep(unsigned seconds);
int usleep(unsigned microseconds);
void *sbrk(intptr_t increment);
int getopt(int argc, char *const argv[], const char *letters);
