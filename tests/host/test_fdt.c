// SPDX-License-Identifier: MIT
//
// The device tree reader (arch/riscv/fdt.c) and what boot makes of a tree (arch/riscv/machine.c), on trees that
// are written here, then cut, then damaged at random: whatever the blob says, no read may leave it (ASan), and
// what boot concludes must keep its own invariants.

#include "arch/machine.h"
#include "arch/riscv/private.h"
#include "lib/log.h"
#include "tests/host/check.h"

#include <setjmp.h>
#include <string.h>

#define BLOB_BYTES 8192

// ---- a tree, written token by token (devicetree specification 0.4, chapter 5) ----

static uint8_t structure[BLOB_BYTES / 2], strings[512], reservations[256], blob[BLOB_BYTES];
static uint32_t structure_bytes, strings_bytes, reservation_bytes, blob_bytes;

static void store_be32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void token(uint32_t value)
{
    store_be32(structure + structure_bytes, value);
    structure_bytes += 4;
}

static void bytes_padded(const void *data, uint32_t bytes)
{
    memcpy(structure + structure_bytes, data, bytes);
    structure_bytes += (bytes + 3) & ~3u;
}

static void begin(const char *name)
{
    token(1);
    bytes_padded(name, (uint32_t)strlen(name) + 1);
}

static void end(void)
{
    token(2);
}

static void property(const char *name, const void *data, uint32_t bytes)
{
    token(3);
    token(bytes);
    token(strings_bytes);
    memcpy(strings + strings_bytes, name, strlen(name) + 1);
    strings_bytes += (uint32_t)strlen(name) + 1;
    bytes_padded(data, bytes);
}

static void text(const char *name, const char *value)
{
    property(name, value, (uint32_t)strlen(value) + 1);
}

static void numbers(const char *name, const uint32_t *values, uint32_t count)
{
    uint8_t data[64];
    for (uint32_t i = 0; i < count; i++)
        store_be32(data + 4 * i, values[i]);
    property(name, data, 4 * count);
}
#define NUMBERS(name, ...) \
    numbers(name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void reserve(uint64_t address, uint64_t bytes)
{
    store_be32(reservations + reservation_bytes, (uint32_t)(address >> 32));
    store_be32(reservations + reservation_bytes + 4, (uint32_t)address);
    store_be32(reservations + reservation_bytes + 8, (uint32_t)(bytes >> 32));
    store_be32(reservations + reservation_bytes + 12, (uint32_t)bytes);
    reservation_bytes += 16;
}

static void start(void)
{
    structure_bytes = strings_bytes = reservation_bytes = 0;
    memset(structure, 0, sizeof(structure));
}

static void finish(void)
{
    token(9);
    reserve(0, 0);
    uint32_t at_structure = 40 + reservation_bytes, at_strings = at_structure + structure_bytes;
    blob_bytes = at_strings + strings_bytes;
    const uint32_t header[10] = {0xd00dfeed, blob_bytes, at_structure, at_strings, 40, 17, 16, 0, strings_bytes,
                                 structure_bytes};
    for (int i = 0; i < 10; i++)
        store_be32(blob + 4 * i, header[i]);
    memcpy(blob + 40, reservations, reservation_bytes);
    memcpy(blob + at_structure, structure, structure_bytes);
    memcpy(blob + at_strings, strings, strings_bytes);
}

// A small machine: all forms of lookup occur in it.
static void write_machine(const char *arguments, const char *console)
{
    start();
    reserve(0x80000000, 0x10000);
    begin("");
    NUMBERS("#address-cells", 2);
    NUMBERS("#size-cells", 2);
    begin("aliases");
    text("serial0", "/soc/serial@10000000");
    end();
    begin("chosen");
    text("bootargs", arguments);
    text("stdout-path", console);
    NUMBERS("linux,initrd-start", 0x84200000);
    NUMBERS("linux,initrd-end", 0, 0x84201800);
    end();
    begin("memory@80000000");
    text("device_type", "memory");
    NUMBERS("reg", 0, 0x80000000, 0, 0x4000000, 0, 0x84000000, 0, 0x4000000);
    end();
    begin("reserved-memory");
    NUMBERS("#address-cells", 2);
    NUMBERS("#size-cells", 2);
    begin("firmware@80000000");
    NUMBERS("reg", 0, 0x80008000, 0, 0x78000);
    end();
    end();
    begin("cpus");
    NUMBERS("#address-cells", 1);
    NUMBERS("#size-cells", 0);
    NUMBERS("timebase-frequency", 10000000);
    for (uint32_t id = 0; id < 2; id++) {
        begin(id ? "cpu@1" : "cpu@0");
        text("device_type", "cpu");
        NUMBERS("reg", id);
        end();
    }
    end();
    token(4); // NOP
    begin("soc");
    NUMBERS("#address-cells", 1);
    NUMBERS("#size-cells", 1);
    begin("serial@10000000");
    property("compatible", "vendor,uart\0ns16550a", 21);
    NUMBERS("reg", 0x10000000, 0x100, 0x10001000, 0x200);
    NUMBERS("interrupts", 10);
    property("unterminated", "abc", 3);
    end();
    begin("serial@10002000");
    text("compatible", "ns16550a");
    end();
    end();
    end();
    finish();
}

// ---- the reader ----

static void finds_what_is_there(void)
{
    struct fdt fdt;
    uint64_t address, bytes;
    uint32_t number;
    write_machine("a=1", "/soc/serial@10000000");
    CHECK(fdt_open(&fdt, blob, sizeof(blob)) == 0);
    int serial = fdt_path(&fdt, "/soc/serial@10000000");
    CHECK(serial > 0 && serial == fdt_path(&fdt, "/soc/serial") && serial == fdt_stdout(&fdt));
    CHECK(fdt_path(&fdt, "/") == 0 && fdt_path(&fdt, "/soc/seria") < 0 && fdt_path(&fdt, "/serial") < 0);
    CHECK(fdt_path(&fdt, "/soc/serial@10000000/none") < 0 && fdt_path(&fdt, "/cpus/serial") < 0);
    CHECK(fdt_next_compatible(&fdt, -1, "ns16550a") == serial);
    CHECK(fdt_next_compatible(&fdt, -1, "vendor,uart") == serial);
    int second = fdt_next_compatible(&fdt, serial, "ns16550a");
    CHECK(second == fdt_path(&fdt, "/soc/serial@10002000") && fdt_next_compatible(&fdt, second, "ns16550a") < 0);
    CHECK(fdt_next_compatible(&fdt, -1, "ns16550") < 0);
    CHECK(fdt_reg(&fdt, serial, 1, &address, &bytes) && address == 0x10001000 && bytes == 0x200);
    CHECK(!fdt_reg(&fdt, serial, 2, &address, &bytes) && !fdt_reg(&fdt, serial, 0xffffffff, &address, &bytes));
    CHECK(fdt_u32(&fdt, serial, "interrupts", &number) && number == 10 && !fdt_u32(&fdt, serial, "reg", &number));
    CHECK(fdt_string(&fdt, serial, "unterminated") == NULL && !fdt_u32(&fdt, -2, "interrupts", &number));
    int cpu = fdt_next_device_type(&fdt, fdt_next_device_type(&fdt, -1, "cpu"), "cpu");
    CHECK(fdt_reg(&fdt, cpu, 0, &address, &bytes) && address == 1 && bytes == 0);
    int memory = fdt_next_device_type(&fdt, -1, "memory");
    CHECK(fdt_reg(&fdt, memory, 0, &address, &bytes) && address == 0x80000000 && bytes == 0x4000000);
    CHECK(fdt_reservation(&fdt, 0, &address, &bytes) && bytes == 0x10000);
    CHECK(!fdt_reservation(&fdt, 1, &address, &bytes));
    CHECK(fdt_next_child(&fdt, fdt_path(&fdt, "/cpus"), cpu) < 0);
    write_machine("", "serial0:115200n8");
    CHECK(fdt_open(&fdt, blob, sizeof(blob)) == 0 && fdt_stdout(&fdt) == fdt_path(&fdt, "/soc/serial"));
    write_machine("", "serial7");
    CHECK(fdt_open(&fdt, blob, sizeof(blob)) == 0 && fdt_stdout(&fdt) < 0);
}

static void refuses_broken_headers(void)
{
    struct fdt fdt;
    static const struct {
        uint32_t word, value;
    } broken[] = {{0, 0xd00dfeee}, {1, 39}, {1, BLOB_BYTES + 1}, {2, 0xfffffff0}, {2, 42}, {3, 0xffffffff}, {5, 16},
                  {8, 0xffffff00}, {9, 0xffffff00}};
    for (unsigned i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        write_machine("", "/");
        store_be32(blob + 4 * broken[i].word, broken[i].value);
        CHECK(fdt_open(&fdt, blob, sizeof(blob)) < 0);
    }
    write_machine("", "/");
    CHECK(fdt_open(&fdt, blob, blob_bytes) == 0 && fdt_open(&fdt, blob, blob_bytes - 1) < 0);
    CHECK(fdt_open(&fdt, blob, 39) < 0);
}

// Every function of the reader on a tree that may be anything. Reads outside the blob are ASan's to find.
static unsigned use_all(const struct fdt *fdt)
{
    static const char *const names[] = {"reg", "compatible", "device_type", "timebase-frequency", "bootargs"};
    struct fdt_property found;
    uint64_t address, bytes;
    uint32_t number;
    unsigned sum = (unsigned)(fdt_path(fdt, "/soc/serial@10000000") + fdt_stdout(fdt) + fdt_path(fdt, "/cpus/cpu@1"));
    for (int node = -1; (node = fdt_next_compatible(fdt, node, "ns16550a")) >= 0;)
        sum += fdt_reg(fdt, node, 0, &address, &bytes) + fdt_next_child(fdt, node, -1) + fdt_u32(fdt, node, "reg", &number);
    for (int node = -1; (node = fdt_next_device_type(fdt, node, "cpu")) >= 0;)
        for (unsigned i = 0; i < 5; i++) {
            sum += fdt_string(fdt, node, names[i]) != NULL;
            if (fdt_property(fdt, node, names[i], &found) && found.bytes > 0)
                sum += found.data[0] + found.data[found.bytes - 1] + (unsigned)fdt_cells(&found, 0, 2);
        }
    for (unsigned i = 0; i < 4; i++)
        sum += fdt_reservation(fdt, i, &address, &bytes);
    return sum;
}

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

static void damage(uint8_t *bytes, uint32_t count)
{
    static const uint32_t odd[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0xffffffff, 0xfffffffc, 0x80000000};
    for (uint32_t hits = 1 + random_below(4); hits > 0; hits--) {
        if (random_below(2))
            bytes[random_below(count)] = (uint8_t)random_below(256);
        else
            store_be32(bytes + random_below(count / 4) * 4, odd[random_below(10)]);
    }
}

static void survives_cut_and_damaged_trees(void)
{
    struct fdt fdt;
    unsigned opened = 0;
    write_machine("a b=c", "serial0");
    for (int round = 0; round < 60000; round++) {
        uint32_t bytes = round % 4 == 0 ? 1 + random_below(blob_bytes) : blob_bytes;
        uint8_t *copy = malloc(bytes); // exactly as large as it claims: ASan guards both ends
        memcpy(copy, blob, bytes);
        if (bytes >= 40) {
            store_be32(copy + 4, bytes);
            damage(copy + (random_below(8) ? 36 : 0), bytes - 36);
        }
        if (fdt_open(&fdt, copy, bytes) == 0) {
            opened++;
            use_all(&fdt);
        }
        free(copy);
    }
    CHECK(opened > 10000); // or the damage never got past the header
}

// ---- what boot makes of it ----

char kernel_start[1], kernel_end[1]; // stand in for the linker's; only their addresses count
static uint8_t *tree_memory;

void *phys_to_virt(paddr_t address)
{
    (void)address;
    return tree_memory;
}

paddr_t virt_to_phys(const void *address)
{
    return address == kernel_end ? 0x80300000 : 0x80200000;
}

static jmp_buf powered_off;
void machine_power_off(unsigned status)
{
    CHECK(status == 100); // fatal(): one line, and no panic
    longjmp(powered_off, 1);
}

void power_init(bool mapped)
{
    CHECK(!mapped);
}

// => false: boot stopped with a line
static bool read_tree(void)
{
    memset(&machine, 0, sizeof(machine));
    memcpy(tree_memory, blob, sizeof(blob));
    if (setjmp(powered_off))
        return false;
    machine_read(0x87e00000);
    return true;
}

static bool reserved(paddr_t address)
{
    for (unsigned i = 0; i < machine.reserved_ranges; i++)
        if (address - machine.reserved[i].start < machine.reserved[i].bytes)
            return true;
    return false;
}

static void learns_the_machine(void)
{
    write_machine("root=/dev/vda quiet", "serial0");
    CHECK(read_tree());
    CHECK(machine.memory_ranges == 1 && machine.memory[0].start == 0x80000000); // two neighbours become one
    CHECK(machine.memory[0].bytes == 0x8000000 && machine.timebase_hz == 10000000);
    CHECK(reserved(0x80000000) && reserved(0x8007ffff) && !reserved(0x80080000)); // block and node, merged
    CHECK(reserved(0x80200000) && reserved(0x802fffff) && !reserved(0x80300000)); // image
    CHECK(reserved(0x87e00000) && reserved(0x84200000) && reserved(0x84201fff));  // tree, RAM disk to the page's end
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

static void too_many_ranges_are_cut_safely(void)
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
    for (uint32_t i = 0; i < 14; i++)
        reserve(0x80400000 + i * 0x10000, 0x100);
    uint64_t last = 0x86000000;
    reserve(last, 0x1000);
    finish();
    CHECK(read_tree());
    CHECK(machine.memory_ranges == 8 && machine.memory[0].start == 0x70000000 && machine.memory[2].bytes == 0x1000);
    for (unsigned i = 1; i < machine.memory_ranges; i++)
        CHECK(machine.memory[i - 1].start + machine.memory[i - 1].bytes < machine.memory[i].start);
    CHECK(machine.reserved_ranges <= 16 && reserved(last) && reserved(0x80400000) && reserved(0x80200000));
    for (uint32_t i = 0; i < 14; i++)
        CHECK(reserved(0x80400000 + i * 0x10000));
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
        CHECK(machine.memory_ranges >= 1 && machine.memory_ranges <= 8 && machine.reserved_ranges <= 16);
        CHECK(reserved(0x80200000) && reserved(0x87e00000) && machine.timebase_hz > 0);
        for (unsigned i = 0; i < machine.memory_ranges; i++)
            CHECK(machine.memory[i].start % PAGE_SIZE == 0 && machine.memory[i].bytes % PAGE_SIZE == 0);
        CHECK(machine.initrd.bytes == 0 || reserved(machine.initrd.start));
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
    tree_memory = malloc((size_t)2 << 20);
    TEST(finds_what_is_there);
    TEST(refuses_broken_headers);
    TEST(survives_cut_and_damaged_trees);
    TEST(learns_the_machine);
    TEST(stops_with_a_line);
    TEST(too_many_ranges_are_cut_safely);
    TEST(damaged_trees_keep_the_invariants);
    TEST(boot_arguments_are_words);
    free(tree_memory);
    return 0;
}
