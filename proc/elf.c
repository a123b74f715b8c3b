// SPDX-License-Identifier: MIT
//
// The ELF reader (System V gABI chapters 4 and 5). Everything in the file is an allegation: offsets are
// compared without overflow, sizes bounded by the user half, and a header that does not fit the part of the
// file that was read is refused.

#include "proc/elf.h"
#include "arch/pagetable.h"
#include "lib/string.h"
#include "uapi/elf.h"
#include "uapi/errno.h"

#define PIE_BASE ((vaddr_t)0x2000000000) // half-way up the user half

static bool header_is_sound(const Elf64_Ehdr *header, size_t bytes)
{
    uint64_t table_bytes = (uint64_t)header->e_phnum * sizeof(Elf64_Phdr);
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
           header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_machine == EM_RISCV &&
           (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
           header->e_phentsize == sizeof(Elf64_Phdr) && header->e_phnum && header->e_phoff <= bytes &&
           table_bytes <= bytes - header->e_phoff;
}

static bool segment_is_sound(const Elf64_Phdr *header, vaddr_t base)
{
    uint64_t room = USER_END - base;
    return header->p_filesz <= header->p_memsz && header->p_vaddr < room &&
           header->p_memsz <= room - header->p_vaddr && header->p_vaddr + base >= USER_START &&
           header->p_offset <= INT64_MAX - header->p_filesz &&
           ((header->p_vaddr ^ header->p_offset) & PAGE_MASK) == 0;
}

static unsigned segment_prot(uint32_t flags)
{
    return (flags & (PF_R | PF_W | PF_X) ? PT_R : 0) | (flags & PF_W ? PT_W : 0) | (flags & PF_X ? PT_X : 0);
}

// One PT_LOAD. => returns false when it is not sound or not above the one before
static bool add_segment(struct elf_program *program, const Elf64_Phdr *header, vaddr_t base)
{
    if (header->p_memsz == 0)
        return true;
    if (!segment_is_sound(header, base) || program->segment_count == ELF_SEGMENTS_MOST)
        return false;
    vaddr_t address = header->p_vaddr + base;
    if (page_round_down(address) < page_round_up(program->end))
        return false;
    program->segments[program->segment_count++] = (struct elf_segment){
        .address = address,
        .file_offset = header->p_offset,
        .file_bytes = header->p_filesz,
        .memory_bytes = header->p_memsz,
        .prot = segment_prot(header->p_flags),
    };
    program->end = address + header->p_memsz;
    return true;
}

// The program headers themselves are loaded with the segment that begins with the file's start.
static vaddr_t find_headers(const struct elf_program *program, uint64_t offset, uint64_t bytes)
{
    for (unsigned i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        if (offset >= segment->file_offset && offset - segment->file_offset <= segment->file_bytes &&
            bytes <= segment->file_bytes - (offset - segment->file_offset))
            return segment->address + (offset - segment->file_offset);
    }
    return 0;
}

int elf_parse(const void *image, size_t bytes, struct elf_program *program)
{
    Elf64_Ehdr header;
    if (bytes < sizeof header)
        return -ENOEXEC;
    memcpy(&header, image, sizeof header);
    if (!header_is_sound(&header, bytes))
        return -ENOEXEC;
    vaddr_t base = header.e_type == ET_DYN ? PIE_BASE : 0;
    *program = (struct elf_program){.header_count = header.e_phnum};
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, (const char *)image + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_INTERP)
            return -ENOEXEC; // dynamic programs need a loader in user space: not yet
        if (segment.p_type == PT_LOAD && !add_segment(program, &segment, base))
            return -ENOEXEC;
    }
    if (!program->segment_count || header.e_entry >= USER_END - base)
        return -ENOEXEC;
    program->entry = header.e_entry + base;
    program->headers = find_headers(program, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr));
    return 0;
}
