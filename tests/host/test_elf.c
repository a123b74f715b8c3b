// SPDX-License-Identifier: MIT
//
// The ELF reader: a sound program is read as written, every unsound one is -ENOEXEC, and no bytes at all make
// it read or write outside (ASan and UBSan watch).

#include "proc/elf.h"
#include "arch/pagetable.h"
#include "tests/host/check.h"
#include "uapi/elf.h"
#include "uapi/errno.h"
#include <string.h>

struct sample {
    Elf64_Ehdr header;
    Elf64_Phdr segments[4];
};

// Text at 0x10000 with the headers in it, data with bss behind it.
static struct sample sound_program(void)
{
    struct sample sample = {.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                                       .e_type = ET_EXEC,
                                       .e_machine = EM_RISCV,
                                       .e_version = EV_CURRENT,
                                       .e_entry = 0x10200,
                                       .e_phoff = sizeof(Elf64_Ehdr),
                                       .e_ehsize = sizeof(Elf64_Ehdr),
                                       .e_phentsize = sizeof(Elf64_Phdr),
                                       .e_phnum = 2}};
    sample.segments[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0x10000, 0x10000, 0x1800, 0x1800, 0x1000};
    sample.segments[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x1800, 0x12800, 0x12800, 0x100, 0x3000, 0x1000};
    return sample;
}

static int parse(const struct sample *sample, struct elf_program *program)
{
    return elf_parse(sample, sizeof *sample, program);
}

static void reads_a_sound_program(void)
{
    struct sample sample = sound_program();
    struct elf_program program;
    CHECK(parse(&sample, &program) == 0);
    CHECK(program.entry == 0x10200 && program.segment_count == 2);
    CHECK(program.headers == 0x10000 + sizeof(Elf64_Ehdr) && program.header_count == 2);
    CHECK(program.segments[0].prot == (PT_R | PT_X) && program.segments[1].prot == (PT_R | PT_W));
    CHECK(program.segments[1].file_bytes == 0x100 && program.segments[1].memory_bytes == 0x3000);
    CHECK(program.end == 0x15800);
}

static void places_position_independent_programs(void)
{
    struct sample sample = sound_program();
    struct elf_program program;
    sample.header.e_type = ET_DYN;
    CHECK(parse(&sample, &program) == 0);
    CHECK(program.entry > 0x10200 && program.entry < USER_END);
    CHECK(program.entry - 0x10200 == program.segments[0].address - 0x10000);
}

#define REFUSED(change)                                   \
    do {                                                  \
        struct sample sample = sound_program();           \
        struct elf_program program;                       \
        change;                                           \
        CHECK(parse(&sample, &program) == -ENOEXEC);      \
    } while (0)

static void refuses_what_is_not_a_program(void)
{
    REFUSED(sample.header.e_ident[0] = 0);
    REFUSED(sample.header.e_ident[EI_CLASS] = 1);
    REFUSED(sample.header.e_ident[EI_DATA] = 2);
    REFUSED(sample.header.e_machine = 62);
    REFUSED(sample.header.e_type = 1);
    REFUSED(sample.header.e_phentsize = 32);
    REFUSED(sample.header.e_phnum = 0);
    REFUSED(sample.header.e_phnum = 0xffff);
    REFUSED(sample.header.e_phoff = UINT64_MAX);
    REFUSED(sample.header.e_phoff = sizeof sample - 1);
    REFUSED(sample.header.e_entry = UINT64_MAX);
    REFUSED(sample.segments[1].p_type = PT_INTERP);
}

static void refuses_unsound_segments(void)
{
    REFUSED(sample.segments[1].p_vaddr = 0);
    REFUSED(sample.segments[1].p_vaddr = 0x12801);              // not congruent to its file offset
    REFUSED(sample.segments[1].p_vaddr = USER_END + 0x800);     // kernel half
    REFUSED(sample.segments[1].p_vaddr = UINT64_MAX - 0x7ff);   // wraps
    REFUSED(sample.segments[1].p_memsz = UINT64_MAX);
    REFUSED(sample.segments[1].p_memsz = 0x80);                 // smaller than what is in the file
    REFUSED(sample.segments[1].p_offset = UINT64_MAX - 0x7ff);
    REFUSED(sample.segments[1].p_vaddr = 0x10800);              // overlaps the text
    REFUSED(sample.segments[1] = sample.segments[0]);
    REFUSED(sample.segments[0].p_type = 0; sample.segments[1].p_type = 0);
}

// Flip bytes at random: whatever comes out, a program that is accepted keeps the promises of elf.h.
static void survives_random_damage(void)
{
    srand(1);
    for (int round = 0; round < 300000; round++) {
        struct sample sample = sound_program();
        struct elf_program program;
        for (int damage = rand() % 6; damage >= 0; damage--)
            ((unsigned char *)&sample)[(size_t)rand() % sizeof sample] = (unsigned char)rand();
        size_t bytes = rand() % 4 ? sizeof sample : (size_t)rand() % sizeof sample;
        if (elf_parse(&sample, bytes, &program))
            continue;
        vaddr_t last = USER_START;
        for (unsigned i = 0; i < program.segment_count; i++) {
            const struct elf_segment *segment = &program.segments[i];
            CHECK((segment->address & ~PAGE_MASK) >= last && segment->file_bytes <= segment->memory_bytes);
            CHECK(segment->memory_bytes && segment->memory_bytes <= USER_END - segment->address);
            last = page_round_up(segment->address + segment->memory_bytes);
        }
        CHECK(program.entry < USER_END && program.end <= USER_END);
    }
}

int main(void)
{
    TEST(reads_a_sound_program);
    TEST(places_position_independent_programs);
    TEST(refuses_what_is_not_a_program);
    TEST(refuses_unsound_segments);
    TEST(survives_random_damage);
    return 0;
}
