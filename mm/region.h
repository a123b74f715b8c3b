// SPDX-License-Identifier: MIT
//
// A region says what should be at a range of addresses; the page table says what is. Regions of one
// space do not overlap and sit in a balanced tree by address. A region of an object is also on the
// object's list, which is how truncation finds the mappings of a page.
#pragma once

#include "arch/pagetable.h"
#include "lib/list.h"
#include "lib/rbtree.h"

struct vm_object;
struct vm_space;

// VM_SHARED: pages of an object, and stores go there: a file's, or those that processes share without a name.
enum vm_kind { VM_ANON, VM_STACK, VM_FILE_PRIVATE, VM_SHARED, VM_KINDS };
enum vm_mega { MEGA_DEFAULT, MEGA_WANTED, MEGA_UNWANTED };

// M: guarded by space->map_lock, exclusive to change. C: constant. O: guarded by object->lock.
// M+O: both locks to change, either one to read (without an object: M).
struct vm_region {
    vaddr_t start, end;         // M+O  page aligned
    enum vm_kind kind;          // C
    unsigned prot, max_prot;    // M    enum pt_prot bits: now; and what vm_protect may give
    enum vm_mega mega;          // M    what the program has said of 2 MiB pages
    struct vm_object *object;   // C    VM_FILE_PRIVATE, VM_SHARED
    uint64_t object_page;       // M+O  page of the object at `start`
    void *file;                 // C    what keeps the object alive: vm_file_get, vm_file_put
    struct vm_space *space;     // C
    struct rb_node by_address;  // M    its value: free bytes right below
    struct list_node by_object; // O    free for use once the region is off its object's list
};

// A region counts on its file, which mm knows as a pointer only. Whoever has files has these: proc/memory.c
void vm_file_get(void *file);
void vm_file_put(void *file); // => holds no lock

// => holds map_lock, either mode. The region that covers va; the first that ends above va. NULL: none
struct vm_region *vm_region_find(struct vm_space *space, vaddr_t va);
struct vm_region *vm_region_at_or_after(struct vm_space *space, vaddr_t va);
struct vm_region *vm_region_next(const struct vm_region *region);
// The page of the region's object that belongs at va
static inline uint64_t vm_region_object_index(const struct vm_region *region, vaddr_t va)
{
    return region->object_page + ((va - region->start) >> PAGE_SHIFT);
}
// Is [start, start + bytes) in the user half, and free of regions and of what stacks may grow into?
bool vm_region_is_free(struct vm_space *space, vaddr_t start, uint64_t bytes);
// Where `bytes` fit, at `hint` if possible; 0: nowhere. Leaves stacks the room that they may grow into
vaddr_t vm_region_find_gap(struct vm_space *space, vaddr_t hint, uint64_t bytes);

// Changes. => holds map_lock exclusive, no object's lock
// A record like `like`, with a reference to the file, known to nobody. NULL: out of memory
struct vm_region *vm_region_new(const struct vm_region *like);
void vm_region_insert(struct vm_region *region); // into the tree, and on the object's list
// Off the object's list, out of the tree, and on the space's list of removed regions
void vm_region_remove(struct vm_region *region);
// Gives up records, and their references to files, on a list by by_object. => holds no lock: the last file_put
// may take an inode's lock
void vm_regions_drop(struct list_node *regions);
[[nodiscard]] int vm_region_split(struct vm_region *region, vaddr_t at); // in [start, at) and [at, end). -ENOMEM
// The region covers [start, start + bytes) from now on: leaves and neighbours are the caller's business.
// => holds the object's lock as well (vm_region_lock_object)
void vm_region_move(struct vm_region *region, vaddr_t start, uint64_t bytes);
void vm_region_lock_object(struct vm_region *region); // nothing to do where there is none
void vm_region_unlock_object(struct vm_region *region);
// Makes one region of two that meet somewhere in [start, end] and are equal but for the address
void vm_region_merge(struct vm_space *space, vaddr_t start, vaddr_t end);
