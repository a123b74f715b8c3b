// SPDX-License-Identifier: MIT
//
// Device trees for the tests, written token by token (devicetree specification 0.4, chapter 5); see fdt_blob.h.

#include "tests/host/fdt_blob.h"

#include <string.h>

uint8_t blob[BLOB_BYTES];
uint32_t blob_bytes;
static uint8_t structure[BLOB_BYTES / 2], strings[512], reservations[1024];
static uint32_t structure_bytes, strings_bytes, reservation_bytes;

void store_be32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

void token(uint32_t value)
{
    store_be32(structure + structure_bytes, value);
    structure_bytes += 4;
}

static void bytes_padded(const void *data, uint32_t bytes)
{
    memcpy(structure + structure_bytes, data, bytes);
    structure_bytes += (bytes + 3) & ~3u;
}

void begin(const char *name)
{
    token(1);
    bytes_padded(name, (uint32_t)strlen(name) + 1);
}

void end(void)
{
    token(2);
}

void property(const char *name, const void *data, uint32_t bytes)
{
    token(3);
    token(bytes);
    token(strings_bytes);
    memcpy(strings + strings_bytes, name, strlen(name) + 1);
    strings_bytes += (uint32_t)strlen(name) + 1;
    bytes_padded(data, bytes);
}

void text(const char *name, const char *value)
{
    property(name, value, (uint32_t)strlen(value) + 1);
}

void numbers(const char *name, const uint32_t *values, uint32_t count)
{
    uint8_t data[64];
    for (uint32_t i = 0; i < count; i++)
        store_be32(data + 4 * i, values[i]);
    property(name, data, 4 * count);
}
void reserve(uint64_t address, uint64_t bytes)
{
    store_be32(reservations + reservation_bytes, (uint32_t)(address >> 32));
    store_be32(reservations + reservation_bytes + 4, (uint32_t)address);
    store_be32(reservations + reservation_bytes + 8, (uint32_t)(bytes >> 32));
    store_be32(reservations + reservation_bytes + 12, (uint32_t)bytes);
    reservation_bytes += 16;
}

void start(void)
{
    structure_bytes = strings_bytes = reservation_bytes = 0;
    memset(structure, 0, sizeof(structure));
}

void finish(void)
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

void write_machine(const char *arguments, const char *console)
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

static uint32_t random_state = 1;
uint32_t random_below(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

void damage(uint8_t *bytes, uint32_t count)
{
    static const uint32_t odd[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0xffffffff, 0xfffffffc, 0x80000000};
    for (uint32_t hits = 1 + random_below(4); hits > 0; hits--) {
        if (random_below(2))
            bytes[random_below(count)] = (uint8_t)random_below(256);
        else
            store_be32(bytes + random_below(count / 4) * 4, odd[random_below(10)]);
    }
}

// Every function of the reader on a tree that may be anything. Reads outside the blob are ASan's to find.
unsigned use_all(const struct fdt *fdt)
{
    static const char *const names[] = {"reg", "compatible", "device_type", "timebase-frequency", "bootargs"};
    struct fdt_property found;
    uint64_t address, bytes;
    uint32_t number;
    unsigned sum = (unsigned)(fdt_path(fdt, "/soc/serial@10000000") + fdt_stdout(fdt) + fdt_path(fdt, "/cpus/cpu@1"));
    for (int node = -1; (node = fdt_next(fdt, node, "compatible", "ns16550a")) >= 0;)
        sum += fdt_reg(fdt, node, 0, &address, &bytes) + fdt_next_child(fdt, node, -1) + fdt_u32(fdt, node, "reg", &number);
    for (int node = -1; (node = fdt_next(fdt, node, "device_type", "cpu")) >= 0;)
        for (unsigned i = 0; i < 5; i++) {
            sum += fdt_string(fdt, node, names[i]) != NULL;
            if (fdt_property(fdt, node, names[i], &found) && found.bytes > 0)
                sum += found.data[0] + found.data[found.bytes - 1] + (unsigned)fdt_cells(&found, 0, 2);
        }
    for (unsigned i = 0; i < 4; i++)
        sum += fdt_reservation(fdt, i, &address, &bytes);
    return sum;
}
