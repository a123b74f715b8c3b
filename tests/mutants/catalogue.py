# SPDX-License-Identifier: MIT
"""The mistakes that kernels have made with copy on write, each as a change of Kine that makes it again.

A mutant is text of one place in the sources and what stands there instead; that place stays as it is, and a reader
of it sees nothing. The text must occur exactly once in its file: `mutants.py --check` says when it no longer does.
C1 to C20 are classes of mistakes that were found in kernels, L those that lending (docs/LENDING.md) makes possible,
T those of the TLB (arch/riscv/tlb.c), S those of swap. A letter behind tells forms of one class apart.

To add one: an entry below, then `./kine mutants NAME`. If it survives, a test is missing."""
from typing import NamedTuple


class Edit(NamedTuple):
    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    name: str
    mistake: str  # what the changed kernel does wrong
    edits: tuple
    tests: tuple  # names for ctest, the quickest that should notice first


def mutant(name: str, mistake: str, file: str, old: str, new: str, *tests: str) -> Mutant:
    """A mutant of one edit."""
    return Mutant(name, mistake, (Edit(file, old, new),), tests)


LEND, TABLE, MEGA = "arch/riscv/pagetable_lend.c", "arch/riscv/pagetable.c", "arch/riscv/pagetable_mega.c"
TLB, COW, FRAME = "arch/riscv/tlb.c", "mm/policy/cow.c", "mm/frame.c"

MUTANTS = (
    mutant("C1", "a store to a private page of a file goes to the file's page itself", COW,
           """    memcpy(frame_memory(fault->spare), frame_memory(fault->page), PAGE_SIZE);
    pt_install(&fault->cursor, fault->spare, fault->region->prot & ~(unsigned)PT_X, true);
    fault->spare = NULL;
""", """    pt_install(&fault->cursor, fault->page, fault->region->prot & ~(unsigned)PT_X, true);
    fault->page = NULL;
""", "host.mm-fault", "guest.t_mmap.1"),
    mutant("C2", "a shared mapping of a file that is open for reading may be made writable", "mm/map.c",
           "(request->never_write ? 0 : PT_W)", "PT_W", "host.mm-space", "guest.t_shared.1"),
    mutant("C3", "who shares a page with one other writes in place", FRAME,
           "atomic_load_explicit(&frame->refs, memory_order_acquire) == 1 &&",
           "atomic_load_explicit(&frame->refs, memory_order_acquire) <= 2 &&", "host.mm-fault", "guest.t_cow.1"),
    mutant("C5", "write-back takes the right to write before it clears the mark, and a store in between is lost",
           "mm/object.c", """            mark_clean(object, frame);
            atomic_fetch_or_explicit(&frame->flags, FRAME_BUSY, memory_order_acquire);
            vm_object_protect_page(object, frame);
""", """            atomic_fetch_or_explicit(&frame->flags, FRAME_BUSY, memory_order_acquire);
            vm_object_protect_page(object, frame);
            mark_clean(object, frame);
""", "host.mm-shared", "guest.t_msync.4"),
    mutant("C5b", "write-back leaves the right to write, and later stores are not noticed", "mm/object.c",
           "            vm_object_protect_page(object, frame);\n", "", "host.mm-shared", "guest.t_msync.1"),
    mutant("C6", "A and D are left to the hardware", TABLE,
           "    atomic_fetch_or_explicit(cursor->slot, PTE_ACCESSED | (write ? PTE_DIRTY : 0), memory_order_relaxed);\n",
           "", "host.pagetable_strict"),
    mutant("C7", "fork does not flush what the parent's harts may still write through", LEND,
           "batch->tables |= lend_tables(", "(void)lend_tables(", "host.pagetable_random", "guest.t_lend.1"),
    mutant("C8", "a copy may be written before every hart has forgotten the page it replaces", COW,
           "pt_replace(&fault->cursor, copy, prot & ~(unsigned)PT_W, &fault->batch);",
           "pt_replace(&fault->cursor, copy, prot, &fault->batch);", "host.mm-fault", "guest.threadstress.4"),
    mutant("C8b", "every hart is thought to be the only one", COW,
           "return !(atomic_load_explicit(&pt->harts, memory_order_relaxed) & others);",
           "return others != 0;", "host.mm-fault", "guest.threadstress.4"),
    mutant("C9", "fork looks at its last 1 GiB alone to see whether it must flush", LEND,
           "batch->tables |= lend_tables(", "batch->tables = lend_tables(", "host.pagetable_random", "guest.t_lend.1"),
    mutant("C9b", "the page below the one that was asked for is flushed", TLB,
           "mmu_fence_page(page, mine->asid);\n    }", "mmu_fence_page(page - PAGE_SIZE, mine->asid);\n    }",
           "host.tlb", "host.pagetable_random"),
    mutant("C10", "a copied table names frames without counting them", LEND,
           "        leaf_get(leaf);\n", "", "host.pagetable", "guest.t_cow.1"),
    mutant("C10b", "an unmapped page is put twice", TABLE,
           "    tlb_batch_hold(batch, frame);\n}\n\nvoid pt_touch(",
           "    tlb_batch_hold(batch, frame);\n    tlb_batch_hold(batch, frame);\n}\n\nvoid pt_touch(",
           "host.pagetable", "guest.t_cow.1"),
    mutant("C10c", "a file's page in the index has no count for it", "mm/object.c",
           "    frame_get(frame);\n    frame->cache.index = index;", "    frame->cache.index = index;",
           "host.mm-object", "guest.t_mmap.1"),
    mutant("C11", "a count goes down by a load and a store", "mm/frame.h",
           "uint32_t before = atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_release);",
           "uint32_t before = frame->refs;\n    frame->refs = before - 1;", "host.frame_threads"),
    mutant("C12", "a count has eight bits", "mm/frame.h",
           "before = atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);",
           "before = atomic_fetch_add_explicit(&frame->refs, (before & 255) == 255 ? -255u : 1, memory_order_relaxed);",
           "host.mm-frame", "guest.t_mmap.1"),
    mutant("C12b", "a count that reaches its ceiling goes on", "mm/frame.h",
           "if (before - 1 >= FRAME_REFS_MAX - 1)\n        frame_count_is_odd(frame, before);", "", "host.mm-frame"),
    mutant("C13", "a page that was copied once is taken for shared memory by the next fork", LEND,
           "pte_slot(leaf) ? leaf : pte_fresh(leaf)", "pte_slot(leaf) ? leaf : pte_fresh(leaf & ~PTE_PRIVATE)",
           "host.pagetable", "guest.t_lend.1"),
    mutant("C14", "a store is let through whatever the mapping allows", "mm/decide.c",
           "if (!(prot & right[access]))",
           "if (!(prot & (right[access] | (access == VM_WRITE ? PT_R : 0))))",
           "host.mm-decide", "guest.cowtest.1"),
    mutant("C14b", "what the first fetch grants is all rights", "mm/policy/spurious.c",
           "        prot |= PT_X;", "        prot |= PT_X | PT_W;", "host.mm-fault", "guest.cowtest.1"),
    mutant("C15", "an address of the kernel is good enough for a system call", "mm/uaccess.c",
           "return pointer.address <= USER_END && bytes <= USER_END - pointer.address;", "return bytes <= bytes;",
           "guest.t_uaccess.1"),
    mutant("C16", "fork goes on without the tables that it could not get", LEND,
           "        error = pt_spare_fill(&spare);\n        spin_lock(&child->upper);",
           "        error = pt_spare_fill(&spare) * 0;\n        spin_lock(&child->upper);",
           "host.pagetable_tables"),
    mutant("C16b", "a fork that fails leaves the child's half-made space behind", "mm/fork.c",
           "        vm_space_put(child);\n", "        ;\n", "host.mm-space", "guest.t_pressure.1"),
    mutant("C17", "a process is waited for while its last thread is not yet done with it", "proc/exit.c",
           "    release_resources(self);\n    process_free_ended(process);\n    spin_lock(&task_tree_lock);",
           "    process_free_ended(process);\n    spin_lock(&task_tree_lock);\n    if (process->thread_count == 1)\n"
           "        process->zombie = true;\n    spin_unlock(&task_tree_lock);\n    release_resources(self);\n"
           "    spin_lock(&task_tree_lock);", "guest.soak.4", "guest.t_storm.4"),
    mutant("C18", "new code is run without a fence.i", "mm/policy/spurious.c",
           "if (fault->synced != fault->leaf.frame)", "if (false)", "host.mm-fault"),
    mutant("C19", "a page taken out of 2 MiB leaves the large mapping as it is", TABLE,
           "    batch->tables |= mega_split(cursor);\n    struct frame *frame = leaf_release(",
           "    struct frame *frame = leaf_release(", "host.mm-mega", "guest.t_mega.1"),
    mutant("C19b", "a 2 MiB page is cut up by a fetch, and other harts keep it", TABLE,
           "    batch->tables |= mega_split(cursor); // a hart", "    (void)mega_split(cursor); // a hart",
           "host.mm-mega", "fuzz.mm"),
    mutant("C20", "the zero page may be written", "mm/policy/zero.c",
           "pt_install(&fault->cursor, zero, prot & ~(unsigned)PT_W, true);",
           "pt_install(&fault->cursor, zero, prot, true);", "host.mm-fault", "guest.t_cow.1"),
    mutant("C20b", "a truncated file's pages stay mapped", "mm/object.c",
           "        vm_object_unmap_from(object, size_pages);\n", "", "host.mm-shared", "guest.t_shared.1"),
    mutant("L1", "a lent table is taken back by the first who comes, alone or not", LEND,
           "if (table_refs(lent) > 1 && (own = take_spare(spare))) {", "if (false && (own = take_spare(spare))) {",
           "host.pagetable", "guest.t_lend.1"),
    mutant("L3", "a copied table may be written, but its source as well", LEND,
           "            atomic_store_explicit(&source[i], leaf, memory_order_relaxed);\n", "",
           "host.pagetable", "guest.t_lend.1"),
    mutant("L4", "what leaves a space is given back before the flush", TLB,
           """    if (request.start != request.end)
        ask_harts(request, &batch->pt->harts);
    for (unsigned i = 0; i < batch->held_count; i++) {
        struct frame *frame = batch->held[i];
        if (frame->kind == FRAME_TABLE)
            leaf_table_put(frame);
        else
            frame_put(frame);
    }
""", """    for (unsigned i = 0; i < batch->held_count; i++) {
        struct frame *frame = batch->held[i];
        if (frame->kind == FRAME_TABLE)
            leaf_table_put(frame);
        else
            frame_put(frame);
    }
    if (request.start != request.end)
        ask_harts(request, &batch->pt->harts);
""", "host.pagetable_random"),
    mutant("L6", "unmap forgets the regions and then finds no memory to cut a lent table", "mm/map.c",
           """    if (pt_own_cut(&space->pt, start, end) < 0 || vm_isolate(space, start, end) < 0)
        return -ENOMEM;
    vm_remove_regions(space, start, end);
""", """    if (vm_isolate(space, start, end) < 0)
        return -ENOMEM;
    vm_remove_regions(space, start, end);
    if (pt_own_cut(&space->pt, start, end) < 0)
        return -ENOMEM;
""", "host.mm-fault"),
    mutant("L7", "claim-around takes pages that others have, too", TABLE,
           "va >= start && va < end &&\n            frame_exclusive(leaf_frame(leaf)))", "va >= start && va < end)",
           "host.mm-fault", "guest.t_cow.1"),
    mutant("L8", "claim-around goes beyond the region", TABLE,
           "== PTE_VALID && va >= start && va < end &&", "== PTE_VALID && va + start + end &&",
           "host.mm-fault"),
    mutant("L9", "a lent table that is unmapped in part is not copied first", "arch/riscv/pagetable_walk.c",
           "if (entry && !linked_table(entry) && table_used_outside(", "if (false && table_used_outside(",
           "host.pagetable", "guest.t_lend.1"),
    mutant("T1", "a hart is in the mask only after it has the space's root", TLB,
           "    bool fresh = pt && !(atomic_fetch_or_explicit(&pt->harts, self, memory_order_relaxed) & self);\n",
           "    bool fresh = pt && !(atomic_load(&pt->harts) & self);\n", "host.tlb"),
    mutant("T2", "a flush asks the harts that run the space, not those that may remember it", TLB,
           "ask_harts(request, &batch->pt->harts);", "ask_harts(request, &batch->pt->running);", "host.tlb"),
    mutant("T3", "a hart leaves the mask without forgetting", TLB,
           "        if (generation_of(context) == mine->generation)\n            mmu_fence_space(asid_of(context));\n",
           "        (void)context;\n", "host.tlb"),
    mutant("T4", "a new generation of ASIDs begins with what the old one left", TLB,
           "        mmu_fence_all();\n    } else if (fresh) {", "    } else if (fresh) {", "host.tlb"),
    mutant("T5", "a link has changed, and one page is flushed", TLB,
           "        request.start = 0, request.end = USER_END;", "        request.end = request.start + PAGE_SIZE;",
           "host.tlb", "host.pagetable_random"),
    mutant("T6", "the space's root stays in satp after it is gone", TLB,
           "            pt_activate(NULL);\n", "            ;\n", "host.tlb", "guest.t_fork.4"),
    mutant("S1", "a copied table names swap slots without counting them", "arch/riscv/pagetable_private.h",
           "        swap_get(pte_slot(leaf));\n    else", "        ;\n    else", "host.mm-swap", "guest.t_swap.1"),
    mutant("S2", "a page that comes back from swap may be written, whoever else waits for it",
           "arch/riscv/pagetable_reclaim.c", "pte_leaf(frame_address(frame), prot & ~(unsigned)PT_W, true);",
           "pte_leaf(frame_address(frame), prot, true);", "host.mm-swap", "guest.t_swap.1"),
    mutant("S3", "a page is written out while mprotect has still to flush it", "arch/riscv/pagetable_reclaim.c",
           "        tlb_batch_add(batch, cursor->va);\n", "        (void)batch;\n", "host.mm-swap_reach"),
    mutant("S4", "a page is taken at once, and who comes before the flush finds nothing to flush",
           "arch/riscv/pagetable_reclaim.c", "    if (leaf & PTE_RIGHTS) {", "    if (false) {", "host.mm-swap_reach"),
    mutant("S5", "mprotect does not flush a leaf that reclaim has robbed of its rights", "arch/riscv/pagetable.c",
           "    if (!(leaf_at(cursor) & lost) && leaf_at(cursor) & PTE_RIGHTS)\n",
           "    if (!(leaf_at(cursor) & lost))\n", "host.mm-swap_reach"),
)

# Classes that cannot be written here, and why.
BY_DESIGN = {
    "C1, between break and write": "no code breaks COW and then writes: the kernel writes user memory with the user's "
                                   "own mapping, by the instruction that faulted (mm/uaccess.c)",
    "C3, holders that are not mappings": "no frame of private memory is held to be read later: a pipe copies bytes, "
                                         "and what goes to swap is out of every hart's reach before",
    "C4": "devices read and write frames of the page cache, the block cache and swap, never a page that is mapped "
          "private",
    "C5, lost D bit": "D is never read: a shared page is dirty from the fault that made it writable "
                      "(mm/policy/upgrade.c)",
    "L2, a lent table's count goes down before its copy is complete": "the moment is too short to be met by running it: "
        "the model has it (PUT_EARLY in tests/model/lending.pml)",
    "L5, the child gets copies of tables before it is on the lists of its objects": "a truncation would have to come and go "
        "between two lines of fork: the model has it (SETTLE_UNLISTED)",
    "the child is on the lists before the parent is flushed": "changes nothing as long as an object lists parents before "
        "their children, since truncation then flushes the parent; the model, which has no order, has it (INDEX_EARLY)",
    "C15, a copy that forgets COW": "there is no second way to user memory that could",
}
