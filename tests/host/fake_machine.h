// SPDX-License-Identifier: MIT
//
// A machine for host tests: RAM in an array, a few harts of which one at a time executes kernel code
// (fake_hart), and for each a TLB that is as nasty as the privileged spec allows.
//
// The TLB holds every translation that the page tables ever offered to its hart, leaves and links, until a
// fence for it: whenever the hardware gets a turn, each hart walks from its root, and on from every link that it
// has kept under the ASID in satp, and keeps all it finds. An access may use anything that is held under that ASID.
// So nothing that a real hart could remember is ever forgotten early, and who releases a frame before all harts
// have forgotten it is caught at once: the last frame_put() of a frame fails the test while some hart can use a
// translation of it. What is held under another ASID does no harm as long as that does not come back: it is
// marked dead, and a hart that takes an ASID under which it holds something dead fails the test.
//
// Link with --wrap=frame_put, --wrap=frame_free and --wrap=frame_alloc, and with fake_sched.c (pagetable.cmake
// shows how).

#ifndef TESTS_HOST_FAKE_MACHINE_H
#define TESTS_HOST_FAKE_MACHINE_H

#include "arch/cpu.h"
#include "arch/pagetable.h"
#include "mm/frame.h"

#define FAKE_RAM_START  ((paddr_t)0x80000000)
#ifndef FAKE_RAM_FRAMES
#define FAKE_RAM_FRAMES 2048
#endif

// Once per program, or per child process. ASIDs have three bits, so that they end again and again.
void fake_machine_boot(unsigned hart_count);

unsigned fake_random(unsigned below);
void fake_random_seed(uint64_t seed);

// --- hardware ---

// false: harts fault on A=0 and on stores to D=0; true: they set the bits (spec 4.3.1 allows both).
extern bool fake_sets_a_d;
// An access uses the oldest translation that is held, not a random one: who does not fence faults for ever.
extern bool fake_stubborn;

struct fake_translation {
    vaddr_t va;     // first address covered
    uint64_t entry; // valid bit, rights, address; A and D as they were when it was read
    uint64_t asid;
    unsigned level; // 0: a leaf; 1, 2: a link found in a table of that level
    bool mega;      // a leaf of 2 MiB; kept until everything of its space is forgotten: the hart may have cut it up
    bool dead;      // what it names has been released
};
// Let every hart take in all it can reach now.
void fake_absorb(void);
// Does it hold a translation, under the ASID in its satp, of the page at `address`? All that it holds is dead from now on.
bool fake_reaches(unsigned hart, paddr_t address);
// A turn of the hardware: now and then fake_absorb(), or a store of some hart's that leaves the word as it is.
void fake_step(void);
extern unsigned fake_store_countdown; // at the n-th turn from now all harts store through all they hold; 0: none
// Everything that a hart holds; NULL at the end.
const struct fake_translation *fake_held(unsigned hart, unsigned index);
paddr_t fake_root(unsigned hart); // what its satp names
uint64_t fake_asid(unsigned hart);

// No hart may hold a writable translation of a page while a hart that runs the same space holds another
// frame for it: two threads would see two memories (docs/TESTING.md, mutants C7, C8).
void fake_check_one_memory(void);

// A user access of 8 bytes through anything that the hart holds. false: page fault.
bool fake_access(unsigned hart, vaddr_t va, bool store, uint64_t *value);

// --- what happened ---

struct fake_counts {
    unsigned page_fences, space_fences, kernel_page_fences, full_fences, instruction_fences, ipis;
};
extern struct fake_counts fake_counts[MAX_HARTS];

// Put-before-flush found: counted instead of failing while this is true.
extern bool fake_tolerate;
extern unsigned fake_violations;

extern unsigned fake_fail_countdown; // the n-th allocation from now fails; 0: none
extern void (*fake_root_hook)(paddr_t root); // a hart is about to write satp, or (its own root) to fence all of a space
extern void (*fake_store_hook)(paddr_t address); // a store has gone through a translation

#endif
