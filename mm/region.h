// SPDX-License-Identifier: MIT
//
// A region says what should be at a range of addresses; the page table says what is. Regions of one
// space do not overlap and sit in a red-black tree by address.

#ifndef MM_REGION_H
#define MM_REGION_H

#include "arch/pagetable.h"
#include "lib/list.h"
#include "lib/rbtree.h"

struct vm_object;
struct vm_space;

enum vm_kind { VM_GUARD, VM_ANON, VM_STACK, VM_FILE_PRIVATE, VM_KINDS };
const char *vm_kind_name(enum vm_kind kind);

// M: guarded by space->map_lock (exclusive to change). C: constant. O: guarded by object->lock.
struct vm_region {
    vaddr_t start, end;          // M  page aligned
    enum vm_kind kind;           // C
    unsigned prot;               // M  enum pt_prot bits
    struct vm_object *object;    // C  file kinds
    uint64_t object_page;        // M  page of the object at `start`
    uint64_t file_bytes;         // M  file kinds: bytes from `start` that come from the file; the rest of
                                 //    the last such page reads as zero (bss that shares a page with data)
    void *file;                  // C  what keeps the object alive: passed to the hooks of vm_space_set_hooks
    struct vm_space *space;      // C
    struct rb_node by_address;   // M
    struct list_node by_object;  // O
};

#endif
