// SPDX-License-Identifier: MIT
//
// See fake_mm.h.

#include "tests/host/fake_mm.h"
#include "arch/riscv/pte.h"
#include "mm/audit.h"
#include "mm/slab.h"
#include "uapi/errno.h"
#include <string.h>


// Tasks stand for harts: as long as these are stopped, none but the caller runs.
static uint64_t shuffle_seed;

void fake_mm_shuffle(uint64_t seed)
{
    shuffle_seed = seed;
    fake_shuffle(seed);
}

void harts_stop_others(void)
{
    fake_shuffle(0);
}

void harts_resume_others(void)
{
    fake_shuffle(shuffle_seed ? ++shuffle_seed : 0);
}

// The n-th allocation that fails (fake_fail_countdown) may be one of an object, too.
void *__real_slab_alloc(struct slab_cache *cache);
void *__wrap_slab_alloc(struct slab_cache *cache);

void *__wrap_slab_alloc(struct slab_cache *cache)
{
    if (fake_fail_countdown && --fake_fail_countdown == 0)
        return NULL;
    return __real_slab_alloc(cache);
}

// --- files ------------------------------------------------------------------------------------------------

struct fake_file *fake_file_of(struct vm_object *object)
{
    return container_of(object, struct fake_file, object);
}

static void take_time(const struct fake_file *file)
{
    static struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
    if (file->slow)
        CHECK(wait_event_interruptible(&nobody, false, clock_ns() + 1000 + fake_random(5000)) == -ETIMEDOUT);
}

static int fill(struct vm_object *object, uint64_t index, struct frame *frame)
{
    struct fake_file *file = fake_file_of(object);
    CHECK(!rwlock_held_for_write(&object->lock.lock) && frame->flags & FRAME_BUSY && index < 64);
    file->fills++;
    take_time(file);
    if (file->fill_error)
        return file->fill_error;
    memset(frame_memory(frame), file->pattern, PAGE_SIZE);
    *fake_first_word(frame) = file->disk[index][0];
    *fake_last_word(frame) = file->disk[index][1];
    return 0;
}

static int write_back(struct vm_object *object, uint64_t index, struct frame *frame)
{
    struct fake_file *file = fake_file_of(object);
    CHECK(!rwlock_held_for_write(&object->lock.lock) && frame->flags & FRAME_BUSY);
    CHECK(vm_object_indexes(object, index, frame)); // a truncation that has begun waits for us
    file->writes++;
    uint64_t words[2] = {*fake_first_word(frame), *fake_last_word(frame)};
    take_time(file);
    if (file->write_error)
        return file->write_error;
    file->disk[index][0] = words[0];
    file->disk[index][1] = words[1];
    return 0;
}

static int before_write(struct vm_object *object, uint64_t index, struct frame *frame, uint64_t end_bytes)
{
    struct fake_file *file = fake_file_of(object);
    CHECK(!rwlock_held_for_write(&object->lock.lock) && frame->refs > 0 && index < 64 && end_bytes == 0);
    take_time(file);
    return file->reserve_error;
}

static const struct vm_object_ops ops = {.fill = fill, .write_back = write_back, .before_write = before_write};

void fake_file_init(struct fake_file *file, uint64_t pages)
{
    *file = (struct fake_file){.pattern = 0x77};
    for (unsigned i = 0; i < 64; i++) {
        file->disk[i][0] = 0xf1000 + i;
        file->disk[i][1] = 0xf2000 + i;
    }
    vm_object_init(&file->object, &ops, file, pages, RANK_OBJECT);
}

void vm_file_get(void *file)
{
    ((struct fake_file *)file)->references++;
}

void vm_file_put(void *file)
{
    CHECK(((struct fake_file *)file)->references-- > 0);
}

// --- boot, mapping ----------------------------------------------------------------------------------------

void fake_mm_boot(unsigned hart_count)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    fake_machine_boot(hart_count);
    slab_init();
}

int fake_map(struct vm_space *space, vaddr_t start, uint64_t pages, enum vm_kind kind, unsigned prot)
{
    struct vm_map_request request = {
        .address = start, .bytes = pages * PAGE_SIZE, .kind = kind, .prot = prot, .fixed = true};
    return vm_map(space, &request, &start);
}

int fake_map_file(struct vm_space *space, vaddr_t start, uint64_t pages, unsigned prot, struct fake_file *file,
                  uint64_t page)
{
    struct vm_map_request request = {.address = start, .bytes = pages * PAGE_SIZE, .kind = VM_FILE_PRIVATE,
                                     .prot = prot, .fixed = true, .object = &file->object, .object_page = page,
                                     .file = file};
    return vm_map(space, &request, &start);
}

int fake_map_shared(struct vm_space *space, vaddr_t start, uint64_t pages, unsigned prot, struct fake_file *file,
                    uint64_t page)
{
    struct vm_map_request request = {.address = start, .bytes = pages * PAGE_SIZE, .kind = VM_SHARED, .prot = prot,
                                     .fixed = true, .object = &file->object, .object_page = page,
                                     .file = file};
    return vm_map(space, &request, &start);
}

struct pt_leaf fake_leaf(struct vm_space *space, vaddr_t va)
{
    struct pt_cursor cursor;
    if (!pt_lock_existing(&space->pt, page_round_down(va), &cursor))
        return (struct pt_leaf){.class = PT_ABSENT};
    struct pt_leaf leaf = pt_read(&cursor);
    pt_unlock(&cursor);
    return leaf;
}

void fake_space_put(struct vm_space *space)
{
    unsigned self = fake_hart;
    for (fake_hart = 0; fake_hart < harts_online(); fake_hart++)
        if (fake_root(fake_hart) == frame_address(space->pt.root))
            pt_activate(NULL);
    fake_hart = self;
    vm_space_put(space);
}

// --- user accesses ----------------------------------------------------------------------------------------

static enum vm_fault_result user_access(struct vm_space *space, unsigned hart, vaddr_t va, enum vm_access access,
                                        uint64_t *value)
{
    for (unsigned faults = 0;; faults++) {
        fake_hart = hart; // another task may have run in between
        pt_activate(&space->pt);
        if (access == VM_EXEC ? faults && fake_leaf(space, va).prot & PT_X
                              : fake_access(hart, va, access == VM_WRITE, value))
            return VM_FAULT_OK;
        CHECK(faults < 1000);
        enum vm_fault_result result = vm_fault(space, va, access);
        if (result != VM_FAULT_OK)
            return result;
    }
}

enum vm_fault_result fake_load(struct vm_space *space, unsigned hart, vaddr_t va, uint64_t *value)
{
    return user_access(space, hart, va, VM_READ, value);
}

enum vm_fault_result fake_store(struct vm_space *space, unsigned hart, vaddr_t va, uint64_t value)
{
    return user_access(space, hart, va, VM_WRITE, &value);
}

enum vm_fault_result fake_fetch(struct vm_space *space, unsigned hart, vaddr_t va)
{
    return user_access(space, hart, va, VM_EXEC, NULL);
}

uint64_t fake_mapped_pages(struct vm_space *space)
{
    uint64_t pages = 0;
    rwlock_read(&space->map_lock);
    for (struct vm_region *region = vm_region_at_or_after(space, 0); region; region = vm_region_next(region))
        pages += (region->end - region->start) >> PAGE_SHIFT;
    rwlock_read_unlock(&space->map_lock);
    return pages;
}

// --- invariants -------------------------------------------------------------------------------------------

void fake_audit(void)
{
    static char buffer[4096];
    struct text report = {.buffer = buffer, .capacity = sizeof(buffer)};
    int wrong = mm_audit(&report);
    if (wrong)
        printf("audit: %d\n%s", wrong, buffer);
    CHECK(wrong == 0);
}
