// SPDX-License-Identifier: MIT
//
// Device trees for the tests of arch/riscv/fdt.c and machine.c: written here, then damaged.

#ifndef TESTS_HOST_FDT_BLOB_H
#define TESTS_HOST_FDT_BLOB_H

#include "arch/fdt.h"

#define BLOB_BYTES 8192
extern uint8_t blob[BLOB_BYTES]; // the tree, after finish()
extern uint32_t blob_bytes;

void start(void);
void begin(const char *name);
void property(const char *name, const void *data, uint32_t bytes);
void text(const char *name, const char *value);
void numbers(const char *name, const uint32_t *values, uint32_t count);
#define NUMBERS(name, ...) \
    numbers(name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
void token(uint32_t value);
void end(void);
void reserve(uint64_t address, uint64_t bytes);
void finish(void);
void write_machine(const char *arguments, const char *console); // a small one: all forms of lookup occur in it

void store_be32(uint8_t *out, uint32_t value);
uint32_t random_below(uint32_t below);
void damage(uint8_t *bytes, uint32_t count); // at a few random places
unsigned use_all(const struct fdt *fdt);        // every function of the reader

#endif
