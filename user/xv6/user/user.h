// SPDX-License-Identifier: MIT
// What an xv6 program may call. All give -1 (a pointer: 0, sbrk: SBRK_ERROR) when it cannot be had.
#pragma once

#include "kernel/types.h"

struct stat;

// Processes. A status is what the process gave to exit, or -1 where it was killed.
int fork(void);
int exit(int status) __attribute__((noreturn));
int wait(int *status); // status may be 0: not wanted
int kill(int pid);
int getpid(void);
int exec(const char *path, char **argv); // comes back only when it has failed
int sleep(int ticks);                    // a tick is a tenth of a second
int pause(int ticks);                    // what newer xv6 calls it
int uptime(void);                        // ticks

// Memory. sbrk has it there at once, or fails; sbrklazy gives addresses, and pages when they are used.
#define SBRK_ERROR ((char *)-1)
char *sbrk(int bytes);
char *sbrklazy(int bytes);
void *malloc(uint bytes);
void free(void *memory);

// Files
int open(const char *path, int mode); // mode: kernel/fcntl.h
int close(int fd);
int read(int fd, void *buffer, int bytes); // also of a directory: struct dirent, one after another
int write(int fd, const void *buffer, int bytes);
int dup(int fd);
int pipe(int *ends);
int mknod(const char *path, short major, short minor);
int unlink(const char *path); // also an empty directory
int link(const char *from, const char *to);
int mkdir(const char *path);
int chdir(const char *path);
int fstat(int fd, struct stat *stat);
int stat(const char *path, struct stat *stat);

// Text
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fprintf(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *gets(char *line, int bytes);
char *strcpy(char *to, const char *from);
char *strchr(const char *text, char c);
int strcmp(const char *a, const char *b);
uint strlen(const char *text);
int atoi(const char *text);
void *memset(void *to, int value, uint bytes);
void *memmove(void *to, const void *from, int bytes);
void *memcpy(void *to, const void *from, uint bytes);
int memcmp(const void *a, const void *b, uint bytes);

// Calls that labs ask for and Kine has
int symlink(const char *target, const char *path);
void *mmap(void *address, uint64 bytes, int protection, int flags, int fd, uint64 offset);
int munmap(void *address, uint64 bytes);
