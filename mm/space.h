// SPDX-License-Identifier: MIT
//
// An address space: a page table, the regions it should follow, and one lock over both. Faults take
// map_lock shared; whatever changes regions takes it exclusive.
#pragma once

#include "lib/sleeplock.h"
#include "mm/region.h"

#define STACK_BYTES_MOST ((uint64_t)8 << 20) // as Linux' default RLIMIT_STACK

// L: guarded by vm_spaces_lock
struct vm_space {
    struct rwlock map_lock;
    struct pagetable pt;
    struct rb_root regions;        // M
    struct list_node removed;      // M  regions that go when the lock has been let go of: vm_space_unlock
    vaddr_t brk_start, brk_end;    // M  the heap; brk_end is a byte address
    _Atomic uint32_t refs;         // threads that share it, and whoever looks at it from outside
    struct list_node node;         // L  list of all spaces (audit, reclaim)
    vaddr_t reclaim_hand;          // where reclaim looks next; its own
};

[[nodiscard]] struct vm_space *vm_space_create(void); // refs = 1; NULL when out of memory
void vm_space_get(struct vm_space *space);
void vm_space_put(struct vm_space *space); // last: unmaps and frees everything; may sleep
// A copy of the current state, per mode. => returns 0 or -ENOMEM; the parent is unharmed in either case
[[nodiscard]] int vm_space_fork(struct vm_space *parent, enum fork_mode mode, struct vm_space **child);

struct vm_map_request {
    vaddr_t address;       // page aligned; hint, or the place itself when fixed
    uint64_t bytes;        // > 0, rounded up to pages
    enum vm_kind kind;
    unsigned prot;
    bool fixed;            // replace whatever is there (MAP_FIXED)
    bool no_replace;       // with fixed: -EEXIST when something is there
    bool no_reserve;       // may be larger than all memory
    bool never_write;      // vm_protect refuses PT_W
    struct vm_object *object;
    uint64_t object_page;
    void *file;            // a reference is taken with the file_get hook
};
// => returns 0 and the address, -EINVAL, -ENOMEM, -EEXIST; nothing has changed on failure
[[nodiscard]] int vm_map(struct vm_space *space, const struct vm_map_request *request, vaddr_t *out);
[[nodiscard]] int vm_unmap(struct vm_space *space, vaddr_t start, uint64_t bytes);   // -EINVAL, -ENOMEM
// -EINVAL; -ENOMEM, also for a hole; -EACCES: more than the mapping may ever get
[[nodiscard]] int vm_protect(struct vm_space *space, vaddr_t start, uint64_t bytes, unsigned prot);
// mremap: what is at [address, address + old_bytes) is from now on new_bytes long, and perhaps elsewhere.
struct vm_remap_request {
    vaddr_t address;
    uint64_t old_bytes, new_bytes; // rounded up to pages. old 0: shared pages are mapped a second time
    bool may_move, fixed;          // to where there is room; to `to`, whatever is there
    vaddr_t to;
};
// => returns 0 and the address, -EINVAL, -EFAULT: no such mapping, -ENOMEM; nothing has changed on failure
[[nodiscard]] int vm_remap(struct vm_space *space, const struct vm_remap_request *request, vaddr_t *out);
// About [start, end), page aligned: forget private pages and unmap shared ones; tell which are in memory (one byte
// each). => -ENOMEM: a hole, the rest is done (vm_resident: nothing).
// -EINVAL: something is there that is not private memory, and `only_private`
[[nodiscard]] int vm_discard(struct vm_space *space, vaddr_t start, vaddr_t end, bool only_private);
[[nodiscard]] int vm_resident(struct vm_space *space, vaddr_t start, vaddr_t end, uint8_t *vector);
// 2 MiB pages from now on: wanted or not. => 0; -ENOMEM: a hole, or no memory; nothing is done
[[nodiscard]] int vm_advise_mega(struct vm_space *space, vaddr_t start, vaddr_t end, enum vm_mega advice);
extern bool vm_mega_follow[]; // by enum vm_mega: is that done? Set at boot, if at all
vaddr_t vm_set_break(struct vm_space *space, vaddr_t new_break); // the break now: unchanged when refused

// --- what map.c and remap.c share. => hold map_lock exclusive, vm_check_range in either mode ------------------

// Regions without a gap from start to end, all of which may get `prot`? 0, -ENOMEM, -EACCES: whichever comes first
int vm_check_range(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot);
// Splits regions so that none crosses an end of [start, end). => -ENOMEM with the regions as they were
int vm_isolate(struct vm_space *space, vaddr_t start, vaddr_t end);
bool vm_exceeds_memory(uint64_t bytes); // more than there is, swap included: obviously cannot be had. => no lock
int vm_map_locked(struct vm_space *space, const struct vm_map_request *request, vaddr_t *out); // as vm_map
int vm_unmap_locked(struct vm_space *space, vaddr_t start, vaddr_t end);                       // 0 or -ENOMEM
// Its first half, before the leaves. => the range is isolated
void vm_remove_regions(struct vm_space *space, vaddr_t start, vaddr_t end);
// Lets go of map_lock, held exclusive, and then of the regions that were removed under it
void vm_space_unlock(struct vm_space *space) RELEASE(&space->map_lock);

extern struct list_node vm_spaces; // all of them. The audit, with the other harts stopped, walks without the lock
extern struct spinlock vm_spaces_lock;
