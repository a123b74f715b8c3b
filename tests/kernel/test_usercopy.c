// SPDX-License-Identifier: MIT
//
// The raw user-copy loops: what was copied and what was left must be exact wherever in a copy the mapped
// memory ends, for every alignment. Faults are not resolved here (user_faults_disabled), so each one ends
// the copy; what the user's page holds is looked up through the kernel's own mapping of its frame.

#include "arch/uaccess.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "mm/fault.h"
#include "mm/frame.h"
#include "mm/space.h"
#include "proc/task.h"
#include "tests/kernel/ktest.h"
#include "uapi/errno.h"

#define PAGE ((vaddr_t)0x200000) // mapped; the page behind it is not
#define END  (PAGE + PAGE_SIZE)
enum { NEAR_BYTES = 150, GUARD = 0xaa };

static const size_t beyond[] = {0, 1, 8, 63, 200}; // how far a copy wants to go past the end
enum { BEYONDS = sizeof(beyond) / sizeof(beyond[0]) };
static uint8_t kernel_bytes[512] __attribute__((aligned(8)));

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + 1) | 1; // never 0
}

static bool is(const uint8_t *bytes, size_t count, uint8_t value)
{
    while (count > 0 && bytes[count - 1] == value)
        count--;
    return count == 0;
}

static bool is_pattern(const uint8_t *bytes, size_t count)
{
    while (count > 0 && bytes[count - 1] == pattern(count - 1))
        count--;
    return count == 0;
}

// `page` ends where user memory ends; `inside` bytes of the copy are mapped, `wanted` are asked for.
static bool copies_in(uint8_t *page, size_t inside, size_t wanted, unsigned alignment)
{
    uint8_t *source = kernel_bytes + alignment;
    memset(page + PAGE_SIZE - NEAR_BYTES - 8, GUARD, NEAR_BYTES + 8);
    for (size_t i = 0; i < wanted; i++)
        source[i] = pattern(i);
    KCHECK(arch_copy_to_user(END - inside, source, wanted) == wanted - inside);
    KCHECK(is_pattern(page + PAGE_SIZE - inside, inside));
    KCHECK(is(page + PAGE_SIZE - NEAR_BYTES - 8, NEAR_BYTES + 8 - inside, GUARD));
    return true;
}

static bool copies_out(uint8_t *page, size_t inside, size_t wanted, unsigned alignment)
{
    uint8_t *destination = kernel_bytes + alignment;
    memset(kernel_bytes, GUARD, sizeof(kernel_bytes));
    for (size_t i = 0; i < inside; i++)
        page[PAGE_SIZE - inside + i] = pattern(i);
    KCHECK(arch_copy_from_user(destination, END - inside, wanted) == wanted - inside);
    KCHECK(is_pattern(destination, inside));
    KCHECK(is(kernel_bytes, alignment, GUARD));
    KCHECK(is(destination + inside, sizeof(kernel_bytes) - alignment - inside, GUARD));
    return true;
}

static bool clears(uint8_t *page, size_t inside, size_t wanted)
{
    memset(page + PAGE_SIZE - NEAR_BYTES - 8, GUARD, NEAR_BYTES + 8);
    KCHECK(arch_clear_user(END - inside, wanted) == wanted - inside);
    KCHECK(is(page + PAGE_SIZE - inside, inside, 0));
    KCHECK(is(page + PAGE_SIZE - NEAR_BYTES - 8, NEAR_BYTES + 8 - inside, GUARD));
    return true;
}

static bool copies_strings(uint8_t *page, size_t inside, size_t wanted)
{
    char *destination = (char *)kernel_bytes;
    memset(page + PAGE_SIZE - inside, 'x', inside);
    KCHECK(arch_strncpy_from_user(destination, END - inside, wanted) == (wanted > inside ? -1 : (int64_t)wanted));
    if (inside == 0)
        return true;
    page[PAGE_SIZE - 1] = 0; // now it ends in time
    KCHECK(arch_strncpy_from_user(destination, END - inside, inside) == (int64_t)inside - 1);
    KCHECK(strlen(destination) == inside - 1 && is(kernel_bytes, inside - 1, 'x'));
    return true;
}

static bool all_sizes(uint8_t *page)
{
    for (size_t inside = 0; inside <= NEAR_BYTES; inside++)
        for (unsigned i = 0; i < BEYONDS; i++) {
            size_t wanted = inside + beyond[i];
            for (unsigned alignment = 0; alignment < 8; alignment++)
                if (!copies_in(page, inside, wanted, alignment) || !copies_out(page, inside, wanted, alignment))
                    return false;
            if (!clears(page, inside, wanted) || !copies_strings(page, inside, wanted))
                return false;
        }
    return true;
}

static uint8_t *memory_of(struct vm_space *space)
{
    struct pt_cursor cursor;
    if (vm_fault(space, PAGE, VM_WRITE) != VM_FAULT_OK || !pt_lock_existing(&space->pt, PAGE, &cursor))
        return NULL;
    uint8_t *memory = frame_memory(pt_read(&cursor).frame);
    pt_unlock(&cursor);
    return memory;
}

static void enter(struct vm_space *space)
{
    irq_push_off();
    current_task()->space = space;
    pt_activate(space ? &space->pt : NULL);
    irq_pop_off();
}

KTEST(user_copies_are_exact_to_the_byte)
{
    struct vm_space *space = vm_space_create();
    struct vm_map_request request = {
        .address = PAGE, .bytes = PAGE_SIZE, .kind = VM_ANON, .prot = PT_R | PT_W, .fixed = true};
    vaddr_t at;
    KCHECK(space && vm_map(space, &request, &at) == 0);
    uint8_t *page = memory_of(space);
    bool passed = false;
    if (page) {
        enter(space);
        this_hart()->user_faults_disabled = true;
        passed = all_sizes(page);
        this_hart()->user_faults_disabled = false;
        enter(NULL);
    }
    vm_space_put(space);
    return passed;
}

// Single words: one access each, and the fault of an exchange is resolved like any other.
static bool words(struct vm_space *space)
{
    uint32_t value = 1, found = 1;
    user_ptr_t word = user_ptr(PAGE + 8);
    KCHECK(load_user_word_nofault(&value, word) == -EFAULT && exchange_user_word(word, 0, 7, &found) == 0);
    KCHECK(found == 0 && load_user_word_nofault(&value, word) == 0 && value == 7);
    KCHECK(exchange_user_word(word, 6, 9, &found) == 0 && found == 7);
    KCHECK(exchange_user_word(word, 7, 0xfffffff0, &found) == 0 && found == 7);
    KCHECK(load_user_word_nofault(&value, word) == 0 && value == 0xfffffff0);
    KCHECK(exchange_user_word(word, 0xfffffff0, 5, &found) == 0 && found == 0xfffffff0);
    KCHECK(vm_protect(space, PAGE, PAGE_SIZE, PT_R) == 0 &&
           exchange_user_word(word, 5, 6, &found) == -EFAULT);
    KCHECK(load_user_word_nofault(&value, word) == 0 && value == 5);
    KCHECK(exchange_user_word(user_ptr(END), 0, 1, &found) == -EFAULT);
    KCHECK(exchange_user_word(user_ptr(USER_END), 0, 1, &found) == -EFAULT);
    KCHECK(load_user_word_nofault(&value, user_ptr((uint64_t)&words & ~(uint64_t)3)) == -EFAULT);
    return true;
}

KTEST(user_words_change_in_one_step)
{
    struct vm_space *space = vm_space_create();
    struct vm_map_request request = {
        .address = PAGE, .bytes = PAGE_SIZE, .kind = VM_ANON, .prot = PT_R | PT_W, .fixed = true};
    vaddr_t at;
    KCHECK(space && vm_map(space, &request, &at) == 0);
    enter(space);
    bool passed = words(space);
    enter(NULL);
    vm_space_put(space);
    return passed;
}
