// SPDX-License-Identifier: MIT
//
// Memory inside the running kernel: the real page table and TLB under user copies, faults and kernel stacks.

#include "arch/thread.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "mm/fault.h"
#include "mm/slab.h"
#include "proc/task.h"
#include "tests/kernel/ktest.h"
#include "uapi/errno.h"

#define BASE  ((vaddr_t)0x100000)
#define PAGES 8

static void enter(struct vm_space *space)
{
    irq_push_off();
    current_task()->space = space;
    pt_activate(space ? &space->pt : NULL);
    irq_pop_off();
}

static struct vm_space *space_with_memory(void)
{
    struct vm_space *space = vm_space_create();
    vaddr_t at;
    struct vm_map_request request = {
        .address = BASE, .bytes = PAGES * PAGE_SIZE, .kind = VM_ANON, .prot = PT_R | PT_W, .fixed = true};
    if (space && vm_map(space, &request, &at)) {
        vm_space_put(space);
        return NULL;
    }
    return space;
}

KTEST(user_copies_fault_pages_in)
{
    struct vm_space *space = space_with_memory();
    KCHECK(space);
    enter(space);
    char text[] = "across a page boundary", back[sizeof text] = "";
    user_ptr_t place = user_ptr(BASE + PAGE_SIZE - 5);
    int to = copy_to_user(place, text, sizeof text), from = copy_from_user(back, place, sizeof back);
    int beyond = copy_to_user(user_ptr(BASE + PAGES * PAGE_SIZE - 3), text, sizeof text);
    int kernel = copy_from_user(back, user_ptr((uintptr_t)text), 4);
    int64_t length = copy_string_from_user(back, place, sizeof back);
    char scratch[sizeof text];
    size_t left = copy_from_user_nofault(scratch, user_ptr(BASE + 5 * PAGE_SIZE), sizeof scratch);
    enter(NULL);
    vm_space_put(space);
    KCHECK(to == 0 && from == 0 && memcmp(text, back, sizeof text) == 0);
    KCHECK(beyond == -EFAULT && kernel == -EFAULT);
    KCHECK(length == (int64_t)sizeof text - 1);
    KCHECK(left == sizeof scratch); // the page was not there, and nobody brought it
    return true;
}

KTEST(fork_shares_and_a_write_parts)
{
    struct vm_space *parent = space_with_memory(), *child = NULL;
    KCHECK(parent);
    uint64_t value = 1, parents = 0, childs = 0;
    enter(parent);
    int error = copy_to_user(user_ptr(BASE), &value, sizeof value);
    error = error ? error : vm_space_fork(parent, FORK_LEND, &child);
    value = 2;
    error = error ? error : copy_to_user(user_ptr(BASE), &value, sizeof value);
    error = error ? error : copy_from_user(&parents, user_ptr(BASE), sizeof parents);
    enter(child);
    error = error ? error : copy_from_user(&childs, user_ptr(BASE), sizeof childs);
    enter(NULL);
    vm_space_put(parent);
    if (child)
        vm_space_put(child);
    KCHECK(!error && parents == 2 && childs == 1);
    return true;
}

KTEST(everything_given_back_is_free_again)
{
    void *warm = kernel_stack_alloc(); // tables and caches of the first time stay
    KCHECK(warm);
    (void)kernel_stacks_reclaim(1000);
    size_t with_stack = frame_free_count();
    kernel_stack_free(warm);
    KCHECK(frame_free_count() == with_stack && kernel_stacks_reclaim(1000) == 1);
    KCHECK(frame_free_count() == with_stack + KERNEL_STACK_BYTES / PAGE_SIZE);
    size_t before = frame_free_count();
    struct vm_space *space = space_with_memory();
    KCHECK(space);
    for (unsigned page = 0; page < PAGES; page++)
        KCHECK(vm_fault(space, BASE + page * PAGE_SIZE, VM_WRITE) == VM_FAULT_OK);
    KCHECK(frame_free_count() <= before - PAGES);
    vm_space_put(space);
    KCHECK(frame_free_count() == before);
    return true;
}
