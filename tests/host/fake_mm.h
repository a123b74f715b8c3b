// SPDX-License-Identifier: MIT
//
// The real mm/ on the fake machine: what its tests share. A file is a vm_object whose page contents come from
// a function of the page's number, with switches for errors and for I/O that takes its time.

#ifndef TESTS_HOST_FAKE_MM_H
#define TESTS_HOST_FAKE_MM_H

#include "mm/fault.h"
#include "mm/object.h"
#include "mm/space.h"
#include "tests/host/check.h"
#include "tests/host/fake_machine.h"
#include "tests/host/fake_sched.h"

struct fake_file {
    struct vm_object object;
    int references;          // that regions hold
    unsigned fills, writes;  // how often the operations were called
    int fill_error, write_error, reserve_error;
    bool slow;               // both operations sleep for a while
    uint8_t pattern;         // every other byte of a page
    uint64_t disk[64][2];    // the first and the last word of each page, as last written back
};

void fake_mm_boot(unsigned hart_count);
void fake_mm_shuffle(uint64_t seed); // as fake_shuffle, but the audit stops it as it stops harts
void fake_file_init(struct fake_file *file, uint64_t pages);
struct fake_file *fake_file_of(struct vm_object *object);

// Both words of a page.
static inline uint64_t *fake_first_word(struct frame *frame)
{
    return frame_memory(frame);
}
static inline uint64_t *fake_last_word(struct frame *frame)
{
    return (uint64_t *)frame_memory(frame) + 511;
}

// One user load or store by a hart that runs `space`: the hardware's attempt, faults, the attempt again.
enum vm_fault_result fake_load(struct vm_space *space, unsigned hart, vaddr_t va, uint64_t *value);
enum vm_fault_result fake_store(struct vm_space *space, unsigned hart, vaddr_t va, uint64_t value);
enum vm_fault_result fake_fetch(struct vm_space *space, unsigned hart, vaddr_t va);

int fake_map(struct vm_space *space, vaddr_t start, uint64_t pages, enum vm_kind kind, unsigned prot);
int fake_map_file(struct vm_space *space, vaddr_t start, uint64_t pages, unsigned prot, struct fake_file *file,
                  uint64_t page);
int fake_map_shared(struct vm_space *space, vaddr_t start, uint64_t pages, unsigned prot, struct fake_file *file,
                    uint64_t page);
struct pt_leaf fake_leaf(struct vm_space *space, vaddr_t va);
uint64_t fake_mapped_pages(struct vm_space *space); // by its regions
void fake_space_put(struct vm_space *space); // after leaving it on all harts

// The audit must find nothing.
void fake_audit(void);

#endif
