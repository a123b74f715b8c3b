// SPDX-License-Identifier: MIT
//
// User memory, seen from the kernel. The loops of arch/uaccess.h use the user's own mapping and fault like
// user code does; what vm_fault() cannot resolve ends at their fixup. Nothing here knows of pages, COW or
// regions, and so nothing here can forget them.
//
// The range is checked before: a user pointer that names kernel memory would not fault at all.

#include "mm/uaccess.h"
#include "arch/cpu.h"
#include "arch/uaccess.h"
#include "lib/lockrank.h"
#include "uapi/errno.h"

// The first 64 KiB are never mapped: they need no check of their own.
static bool in_user_half(user_ptr_t pointer, size_t bytes)
{
    return pointer.address <= USER_END && bytes <= USER_END - pointer.address;
}

// --- copies that may sleep --------------------------------------------------------------------------------

static bool may_copy(user_ptr_t pointer, size_t bytes)
{
    assert_no_spinlocks("user memory wanted");
    return in_user_half(pointer, bytes);
}

int copy_from_user(void *destination, user_ptr_t source, size_t bytes)
{
    return may_copy(source, bytes) && !arch_copy_from_user(destination, source.address, bytes) ? 0 : -EFAULT;
}

int copy_to_user(user_ptr_t destination, const void *source, size_t bytes)
{
    return may_copy(destination, bytes) && !arch_copy_to_user(destination.address, source, bytes) ? 0 : -EFAULT;
}

int clear_user(user_ptr_t destination, size_t bytes)
{
    return may_copy(destination, bytes) && !arch_clear_user(destination.address, bytes) ? 0 : -EFAULT;
}

int exchange_user_word(user_ptr_t pointer, uint32_t expected, uint32_t value, uint32_t *found)
{
    *found = expected;
    return may_copy(pointer, sizeof value) ? arch_exchange_user_word(pointer.address, found, value) : -EFAULT;
}

// A string may end right below the end of the user half, whatever room there is for it here.
int64_t copy_string_from_user(char *destination, user_ptr_t source, size_t bytes)
{
    if (!may_copy(source, 1))
        return -EFAULT;
    uint64_t below = USER_END - source.address;
    size_t room = bytes < below ? bytes : below;
    int64_t length = arch_strncpy_from_user(destination, source.address, room);
    if (length >= 0 && (size_t)length < room)
        return length;
    return length < 0 || room < bytes ? -EFAULT : -ENAMETOOLONG;
}

// --- copies that may not ----------------------------------------------------------------------------------

// The value of `copy`, which does not fault but comes to its fixup. This hart runs nothing else until it is over.
#define WITHOUT_FAULTS(copy)                            \
    ({                                                  \
        this_hart()->user_faults_disabled = true;       \
        __auto_type left_ = (copy);                     \
        this_hart()->user_faults_disabled = false;      \
        left_;                                          \
    })

size_t copy_from_user_nofault(void *destination, user_ptr_t source, size_t bytes)
{
    return in_user_half(source, bytes) ? WITHOUT_FAULTS(arch_copy_from_user(destination, source.address, bytes))
                                       : bytes;
}

int load_user_word_nofault(uint32_t *value, user_ptr_t source)
{
    return in_user_half(source, sizeof *value) ? WITHOUT_FAULTS(arch_load_user_word(source.address, value)) : -EFAULT;
}

int fault_in_readable(user_ptr_t source, size_t bytes)
{
    char byte;
    return bytes ? copy_from_user(&byte, source, 1) : 0;
}
