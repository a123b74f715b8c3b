// SPDX-License-Identifier: MIT
//
// What the device tree says about the machine, gathered once: RAM, what of it is spoken for, the RAM disk,
// the boot arguments, the timebase. Called by arch_boot() on the boot hart alone, before the kernel's own
// page table exists. The tree is input from outside: what does not fit is cut or left out, and said so.

#include "arch/machine.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/string.h"

struct machine machine;

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define DTB_BYTES_MOST ((size_t)2 << 20)

// Inserts [start, end) into an ascending list and merges what touches. => false when the list is full
static bool range_insert(struct memory_range *list, unsigned *count, unsigned most, paddr_t start,
                         paddr_t end)
{
    unsigned at = 0;
    while (at < *count && list[at].start + list[at].bytes < start)
        at++;
    unsigned behind = at;
    for (; behind < *count && list[behind].start <= end; behind++) {
        paddr_t other_end = list[behind].start + list[behind].bytes;
        start = list[behind].start < start ? list[behind].start : start;
        end = other_end > end ? other_end : end;
    }
    if (*count - (behind - at) == most)
        return false;
    memmove(&list[at + 1], &list[behind], (*count - behind) * sizeof(list[0]));
    list[at] = (struct memory_range){start, end - start};
    *count = *count - (behind - at) + 1;
    return true;
}

static void add_memory(paddr_t start, uint64_t bytes)
{
    paddr_t end = start + bytes < start ? UINT64_MAX : start + bytes;
    paddr_t most = (paddr_t)DIRECT_MAP_ROOTS << 30;
    if (end > most) {
        log_warn("RAM above %#lx is not used: the direct map ends there", most);
        end = most;
    }
    start = page_round_up(start);
    end = page_round_down(end);
    if (start < end &&
        !range_insert(machine.memory, &machine.memory_ranges, LENGTH(machine.memory), start, end))
        log_warn("RAM at %#lx is not used: too many ranges", start);
}

static void add_reserved(paddr_t start, uint64_t bytes)
{
    paddr_t end = start + bytes < start ? page_round_down(UINT64_MAX) : page_round_up(start + bytes);
    start = page_round_down(start);
    if (bytes > 0 && start < end &&
        !range_insert(machine.reserved, &machine.reserved_ranges, LENGTH(machine.reserved), start, end))
        fatal("the device tree reserves more than %zu ranges of RAM", LENGTH(machine.reserved));
}

static void read_memory(const struct fdt *fdt)
{
    uint64_t address, bytes;
    for (int node = -1; (node = fdt_next(fdt, node, "device_type", "memory")) >= 0;)
        for (unsigned i = 0; fdt_reg(fdt, node, i, &address, &bytes); i++)
            add_memory(address, bytes);
    if (machine.memory_ranges == 0)
        fatal("the device tree names no memory");
}

static void read_reserved(const struct fdt *fdt)
{
    uint64_t address, bytes;
    for (unsigned i = 0; fdt_reservation(fdt, i, &address, &bytes); i++)
        add_reserved(address, bytes);
    int parent = fdt_path(fdt, "/reserved-memory");
    for (int node = -1; parent >= 0 && (node = fdt_next_child(fdt, parent, node)) >= 0;)
        for (unsigned i = 0; fdt_reg(fdt, node, i, &address, &bytes); i++)
            add_reserved(address, bytes);
}

// linux,initrd-start and -end are 32 or 64 bits wide, as the boot loader likes.
static uint64_t read_number(const struct fdt *fdt, int node, const char *name)
{
    struct fdt_property property;
    bool found = fdt_property(fdt, node, name, &property);
    return found ? fdt_cells(&property, 0, property.bytes == 4 ? 1 : 2) : 0;
}

static bool in_memory(paddr_t start, uint64_t bytes)
{
    for (unsigned i = 0; i < machine.memory_ranges; i++) {
        const struct memory_range *range = &machine.memory[i];
        if (start >= range->start && start - range->start < range->bytes &&
            bytes <= range->bytes - (start - range->start))
            return true;
    }
    return false;
}

static void read_chosen(const struct fdt *fdt)
{
    int chosen = fdt_path(fdt, "/chosen");
    const char *arguments = fdt_string(fdt, chosen, "bootargs");
    if (arguments && strlcpy(machine.boot_arguments, arguments, sizeof(machine.boot_arguments)) >=
                         sizeof(machine.boot_arguments))
        log_warn("boot arguments cut after %zu bytes", sizeof(machine.boot_arguments) - 1);
    paddr_t start = read_number(fdt, chosen, "linux,initrd-start");
    paddr_t end = read_number(fdt, chosen, "linux,initrd-end");
    if (end > start && in_memory(start, end - start)) {
        machine.initrd = (struct memory_range){start, end - start};
        add_reserved(start, end - start);
    } else if (end != start) {
        log_warn("initrd at %#lx is not in RAM: ignored", start);
    }
}

void machine_read(paddr_t device_tree)
{
    // Early in boot the direct map covers everything below its end.
    if (device_tree >= ((paddr_t)DIRECT_MAP_ROOTS << 30) - DTB_BYTES_MOST ||
        fdt_open(&machine.fdt, phys_to_virt(device_tree), DTB_BYTES_MOST) < 0)
        fatal("no device tree at %#lx, which is what the firmware passed in a1", device_tree);
    power_init(false); // what stops us from here on can say so by an exit status
    const struct fdt *fdt = &machine.fdt;
    uint32_t hz = 0;
    if (!fdt_u32(fdt, fdt_path(fdt, "/cpus"), "timebase-frequency", &hz) || hz == 0 || hz > NS_PER_SECOND)
        fatal("the device tree's /cpus has no timebase-frequency, or an odd one");
    machine.timebase_hz = hz;
    read_memory(fdt);
    paddr_t image = virt_to_phys(kernel_start), image_end = virt_to_phys(kernel_end);
    if (!in_memory(device_tree, fdt->total_bytes) || !in_memory(image, image_end - image))
        fatal("the RAM that the device tree names does not hold the kernel and the device tree");
    add_reserved(image, image_end - image);
    add_reserved(device_tree, fdt->total_bytes);
    read_reserved(fdt);
    read_chosen(fdt);
}

bool boot_argument(const char *name, char *value, size_t value_bytes)
{
    size_t name_length = strlen(name);
    for (const char *word = machine.boot_arguments; *word != '\0';) {
        size_t length = 0;
        while (word[length] != '\0' && word[length] != ' ')
            length++;
        bool named = length >= name_length && strncmp(word, name, name_length) == 0;
        if (named && (length == name_length || word[name_length] == '=')) {
            size_t skip = length == name_length ? length : name_length + 1;
            size_t room = length - skip + 1;
            if (room > value_bytes)
                log_warn("boot argument %s: value cut to %zu bytes", name, value_bytes - 1);
            strlcpy(value, word + skip, room < value_bytes ? room : value_bytes);
            return true;
        }
        word += length + (word[length] == ' ');
    }
    return false;
}

uint64_t boot_argument_u64(const char *name, uint64_t otherwise)
{
    char text[sizeof(machine.boot_arguments)]; // cut short, a number would be another one
    uint64_t value = 0;
    if (!boot_argument(name, text, sizeof(text)))
        return otherwise;
    for (const char *digit = text; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value)) {
            log_warn("boot argument %s=%s is not a number: ignored", name, text);
            return otherwise;
        }
    }
    return text[0] != '\0' ? value : otherwise;
}
