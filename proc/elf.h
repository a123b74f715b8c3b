// SPDX-License-Identifier: MIT
//
// What a program file says about itself, checked. Pure: no kernel state, tested on the host.
#pragma once

#include "arch/types.h"
#include <stddef.h>

#define ELF_SEGMENTS_MOST 16

struct elf_segment {
    vaddr_t address;      // of the first byte; not rounded
    uint64_t file_offset; // congruent to address modulo the page size
    uint64_t file_bytes, memory_bytes;
    unsigned prot; // enum pt_prot
};

struct elf_program {
    vaddr_t entry;
    vaddr_t headers; // where the program headers are in memory; 0: in no segment
    unsigned header_count;
    vaddr_t end; // behind the last segment: the heap starts there
    unsigned segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MOST]; // ascending, not overlapping, not empty
};

// `image` is the beginning of the file, `bytes` of it. Position-independent programs are placed at a fixed
// base. => returns 0, -ENOEXEC for anything that is not a sound static riscv64 program
[[nodiscard]] int elf_parse(const void *image, size_t bytes, struct elf_program *program);
