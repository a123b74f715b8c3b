// SPDX-License-Identifier: MIT
//
// usage: seeds FOLDER     writes inputs to begin with, to folders of FOLDER that are there: trees and
// programs as the host tests have them; for ext2 and mm, to whom every row of bytes means something, some of
// those.

#include "tests/host/check.h"
#include "tests/host/fdt_blob.h"
#include "uapi/elf.h"

#include <string.h>

static const char *folder;

static void write_seed(const char *target, const char *name, const void *front, size_t front_bytes,
                       const void *bytes, size_t count)
{
    char path[1000];
    snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "w");
    CHECK(file && fwrite(front, 1, front_bytes, file) == front_bytes &&
          fwrite(bytes, 1, count, file) == count);
    CHECK(fclose(file) == 0);
}

static void trees(void)
{
    write_machine("root=/dev/vda quiet", "serial0:115200n8");
    write_seed("fdt", "machine", NULL, 0, blob, blob_bytes);
    start();
    begin("");
    begin("memory");
    text("device_type", "memory");
    NUMBERS("reg", 0, 0x80000000, 0x10000000);
    end();
    begin("cpus");
    NUMBERS("timebase-frequency", 1);
    end();
    end();
    finish();
    write_seed("fdt", "small", NULL, 0, blob, blob_bytes);
}

// More ranges of memory than there is room for, and as much that is reserved as the caller likes.
static void full_tree(const char *name, uint32_t reservations)
{
    start();
    begin("");
    begin("memory");
    text("device_type", "memory");
    NUMBERS("reg", 0, 0x80000000, 0x8000000, 0, 0x90000000, 0x8000000, 0, 0xa0000000, 0x8000000, 0,
            0xb0000000, 0x8000000);
    end();
    begin("memory");
    text("device_type", "memory");
    NUMBERS("reg", 0, 0xc0000000, 0x8000000, 0, 0xd0000000, 0x8000000, 0, 0xe0000000, 0x8000000, 0,
            0xf0000000, 0x8000000);
    end();
    begin("memory");
    text("device_type", "memory");
    NUMBERS("reg", 0, 0x70000000, 0x8000000, 1, 0, 0x8000000);
    end();
    begin("cpus");
    NUMBERS("timebase-frequency", 1);
    end();
    end();
    for (uint32_t i = 0; i < reservations; i++)
        reserve(0x80400000 + i * 0x10000, 0x100);
    finish();
    write_seed("fdt", name, NULL, 0, blob, blob_bytes);
}

static void programs(void)
{
    static const char front[] =
        "\x0e\0\0prog\0one\0\0E=F\0"; // lengths, then two arguments and an environment
    static const char script[] = "#!/bin/sh -e\n";
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[3];
        char rest[64];
    } program = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_RISCV,
                   .e_version = EV_CURRENT,
                   .e_entry = 0x10200,
                   .e_phoff = sizeof(Elf64_Ehdr),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 3},
        .segments = {{PT_LOAD, PF_R | PF_X, 0, 0x10000, 0x10000, sizeof(program), sizeof(program), 0x1000},
                     {PT_LOAD, PF_R | PF_W, 0x40, 0x12040, 0x12040, 0x80, 0x3000, 0x1000},
                     {PT_TLS, PF_R, 0x40, 0x12040, 0x12040, 0x20, 0x40, 8}}};
    write_seed("elf", "fixed", front, sizeof(front) - 1, &program, sizeof(program));
    program.header.e_type = ET_DYN;
    write_seed("elf", "anywhere", front, sizeof(front) - 1, &program, sizeof(program));
    write_seed("elf", "script", front, sizeof(front) - 1, script, sizeof(script) - 1);
}

static void anything(const char *target, size_t most)
{
    uint8_t bytes[2000];
    char name[8];
    for (uint32_t i = 0, state = 1; i < 16; i++) {
        for (size_t k = 0; k < most; k++, state = state * 1664525 + 1013904223)
            bytes[k] = (uint8_t)(state >> 24);
        snprintf(name, sizeof(name), "%u", i);
        write_seed(target, name, NULL, 0, bytes, most * (i + 1) / 16);
    }
}

int main(int count, char **arguments)
{
    CHECK(count == 2);
    folder = arguments[1];
    trees();
    full_tree("full-29", 29);
    full_tree("full-33", 33);
    programs();
    anything("ext2", 400);
    anything("mm", 1500);
    return 0;
}
