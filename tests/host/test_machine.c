// SPDX-License-Identifier: MIT
//
// What boot makes of a device tree (arch/riscv/machine.c): whatever the tree says, it stops with one line or
// keeps its own invariants.

#include "lib/log.h"
#include "tests/host/check.h"
#include "tests/host/fdt_blob.h"
#include "tests/host/machine_world.h"

#include <string.h>

static bool read_tree(void)
{
    static uint8_t memory[BLOB_BYTES];
    memcpy(memory, blob, sizeof(blob));
    return machine_world_read(memory);
}

static void learns_the_machine(void)
{
    write_machine("root=/dev/vda quiet", "serial0");
    CHECK(read_tree());
    CHECK(machine.memory_ranges == 1 && machine.memory[0].start == 0x80000000); // two neighbours become one
    CHECK(machine.memory[0].bytes == 0x8000000 && machine.timebase_hz == 10000000);
    CHECK(reserved(0x80000000) && reserved(0x8007ffff) && !reserved(0x80080000)); // block and node, merged
    CHECK(reserved(0x80200000) && reserved(0x802fffff) && !reserved(0x80300000)); // image
    CHECK(reserved(TREE_ADDRESS) && reserved(0x84200000) && reserved(0x84201fff));  // tree, RAM disk to the page's end
    CHECK(machine.initrd.start == 0x84200000 && machine.initrd.bytes == 0x1800);
    CHECK(strcmp(machine.boot_arguments, "root=/dev/vda quiet") == 0);
}

static void stops_with_a_line(void)
{
    write_machine("", "/");
    store_be32(blob, 0); // no magic
    CHECK(!read_tree());
    start();
    begin("");
    begin("cpus");
    NUMBERS("timebase-frequency", 10000000);
    end();
    end();
    finish();
    CHECK(!read_tree()); // no memory
    write_machine("", "/");
    for (uint32_t i = 0; i + 4 < blob_bytes; i++)
        if (memcmp(blob + i, "\x00\x98\x96\x80", 4) == 0)
            store_be32(blob + i, 0); // a timebase of 0 Hz
    CHECK(!read_tree());
}

static void write_ranges(unsigned reservations)
{
    start();
    begin("");
    NUMBERS("#address-cells", 1);
    NUMBERS("#size-cells", 1);
    begin("cpus");
    NUMBERS("timebase-frequency", 1);
    end();
    begin("memory");
    text("device_type", "memory");
    NUMBERS("reg", 0x80000000, 0x8000000, 0x90000000, 0x1800, 0x91000000, 0x2000, 0x92000000, 0x2000, 0x93000000, 0x2000);
    end();
    begin("memory");
    text("device_type", "memory");
    NUMBERS("reg", 0x70000000, 0x2000, 0x94000000, 0x2000, 0x95000000, 0x2000, 0x96000000, 0x2000, 0x97000000, 0x2000);
    end();
    end();
    for (uint32_t i = 0; i < reservations; i++)
        reserve(0x80400000 + i * 0x10000, 0x100);
    finish();
}

// RAM that has no room in the list is not used; a range that must not be used is never forgotten.
static void too_many_ranges(void)
{
    const unsigned fitting = 32 - 2; // with the image and the tree
    write_ranges(fitting);
    CHECK(read_tree());
    CHECK(machine.memory_ranges == 8 && machine.memory[0].start == 0x70000000 && machine.memory[2].bytes == 0x1000);
    for (unsigned i = 1; i < machine.memory_ranges; i++)
        CHECK(machine.memory[i - 1].start + machine.memory[i - 1].bytes < machine.memory[i].start);
    CHECK(machine.reserved_ranges == 32 && reserved(0x80200000) && reserved(TREE_ADDRESS));
    for (uint32_t i = 0; i < fitting; i++)
        CHECK(reserved(0x80400000 + i * 0x10000));
    write_ranges(fitting + 1);
    CHECK(!read_tree());
}

static void damaged_trees_keep_the_invariants(void)
{
    unsigned booted = 0;
    for (int round = 0; round < 20000; round++) {
        write_machine("a b=c", "serial0");
        damage(blob + 36, blob_bytes - 36);
        if (!read_tree())
            continue;
        booted++;
        machine_world_check();
    }
    CHECK(booted > 2000);
}

static void boot_arguments_are_words(void)
{
    char value[8];
    strcpy(machine.boot_arguments, "  seed=12 quiet name=a=b seeds=3 empty= x=99999999999999999999 y=12k long=123456789");
    CHECK(boot_argument("seed", value, sizeof(value)) && strcmp(value, "12") == 0);
    CHECK(boot_argument("quiet", value, sizeof(value)) && value[0] == '\0');
    CHECK(boot_argument("name", value, sizeof(value)) && strcmp(value, "a=b") == 0);
    CHECK(boot_argument("empty", value, sizeof(value)) && value[0] == '\0');
    CHECK(!boot_argument("see", value, sizeof(value)) && !boot_argument("b", value, sizeof(value)));
    CHECK(boot_argument("long", value, sizeof(value)) && strcmp(value, "1234567") == 0);
    CHECK(boot_argument_u64("seed", 7) == 12 && boot_argument_u64("seeds", 7) == 3);
    CHECK(boot_argument_u64("x", 7) == 7 && boot_argument_u64("y", 7) == 7 && boot_argument_u64("empty", 7) == 7);
    CHECK(boot_argument_u64("none", 7) == 7 && boot_argument_u64("quiet", 7) == 7);
    char longest[1500];
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    write_machine(longest, "/");
    CHECK(read_tree() && strlen(machine.boot_arguments) == sizeof(machine.boot_arguments) - 1);
    CHECK(!boot_argument("a", value, sizeof(value)));
}

int main(void)
{
    log_set_sink(NULL);
    TEST(learns_the_machine);
    TEST(stops_with_a_line);
    TEST(too_many_ranges);
    TEST(damaged_trees_keep_the_invariants);
    TEST(boot_arguments_are_words);
    return 0;
}
