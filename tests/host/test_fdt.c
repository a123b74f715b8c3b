// SPDX-License-Identifier: MIT
//
// The device tree reader (arch/riscv/fdt.c) on trees that are whole, then cut, then damaged at random: whatever
// the blob says, no read may leave it (ASan).

#include "arch/fdt.h"
#include "tests/host/check.h"
#include "tests/host/fdt_blob.h"

#include <string.h>

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
    CHECK(fdt_next(&fdt, -1, "compatible", "ns16550a") == serial);
    CHECK(fdt_next(&fdt, -1, "compatible", "vendor,uart") == serial);
    int second = fdt_next(&fdt, serial, "compatible", "ns16550a");
    CHECK(second == fdt_path(&fdt, "/soc/serial@10002000") && fdt_next(&fdt, second, "compatible", "ns16550a") < 0);
    CHECK(fdt_next(&fdt, -1, "compatible", "ns16550") < 0);
    CHECK(fdt_reg(&fdt, serial, 1, &address, &bytes) && address == 0x10001000 && bytes == 0x200);
    CHECK(!fdt_reg(&fdt, serial, 2, &address, &bytes) && !fdt_reg(&fdt, serial, 0xffffffff, &address, &bytes));
    CHECK(fdt_u32(&fdt, serial, "interrupts", &number) && number == 10 && !fdt_u32(&fdt, serial, "reg", &number));
    CHECK(fdt_string(&fdt, serial, "unterminated") == NULL && !fdt_u32(&fdt, -2, "interrupts", &number));
    int cpu = fdt_next(&fdt, fdt_next(&fdt, -1, "device_type", "cpu"), "device_type", "cpu");
    CHECK(fdt_reg(&fdt, cpu, 0, &address, &bytes) && address == 1 && bytes == 0);
    int memory = fdt_next(&fdt, -1, "device_type", "memory");
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

int main(void)
{
    TEST(finds_what_is_there);
    TEST(refuses_broken_headers);
    TEST(survives_cut_and_damaged_trees);
    return 0;
}
