// SPDX-License-Identifier: MIT
//
// The memory and string functions of <string.h> that a freestanding kernel needs, word-wise where it
// pays: these loops are what fork, exec and read(2) are made of. strlcpy: see strlcpy(3).
#pragma once

#include <stddef.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t bytes);
void *memmove(void *destination, const void *source, size_t bytes);
void *memset(void *destination, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *string);
size_t strnlen(const char *string, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t most);
char *strchr(const char *string, int character);
size_t strlcpy(char *destination, const char *source, size_t destination_bytes);
