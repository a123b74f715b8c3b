// SPDX-License-Identifier: MIT
#pragma once
#include <stddef.h>
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *in, int byte, size_t bytes);
size_t strlen(const char *string);
size_t strnlen(const char *string, size_t limit);
size_t strspn(const char *string, const char *set);
size_t strcspn(const char *string, const char *set);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strcpy(char *restrict to, const char *restrict from);
char *strcat(char *restrict to, const char *restrict from);
char *strchr(const char *string, int byte);
char *strrchr(const char *string, int byte);
char *strstr(const char *string, const char *part);
char *strdup(const char *string);
char *strerror(int number);
char *strsignal(int number);
