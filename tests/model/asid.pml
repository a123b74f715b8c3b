// SPDX-License-Identifier: MIT
//
// A model of arch/riscv/tlb.c for Spin: contexts and ASIDs, the masks `harts` and `running`, flushes by IPI, and
// spaces that come and go. Read it beside tlb.c: names and order of steps are the same. docs/TESTING.md tells
// how to run it, and what it has found.
//
// WHAT IS CHECKED
//   1 A frame that was flushed and put is out of reach: no hart holds a translation of it that it can use, nor
//     will it ever take an ASID under which it still holds one.                      retire(), usable()
//   2 Under the ASID in its satp a hart holds translations of the space in its satp alone.          usable()
//   3 When a space is unmade no hart has its root in satp.                                         destroy()
//   4 No hart waits for ever: Spin reports a state in which nobody can go on.
//
// THE MACHINE. A TLB is a set of translations for each ASID; only sfence.vma makes it smaller. Hardware
// may walk at any time, so it is taken to have walked already: after each store, fence and write of satp,
// absorb() puts everything that can be reached into the set. A hart may use any member of the set at any
// time, so whatever could ever go wrong shows in the set.
//
// THE KERNEL. One step for each atomic access to shared memory, in the order of the code (sequentially
// consistent: which fences that needs is argued in tlb.c). Harts do as they like: switch to any space or to
// the kernel's root, change a page of any space (its own thread, or a reverse map), unmake a space and make another
// in its place, any number of times in any order; only contexts are counted, so that the search ends.
// Requests are served where the kernel serves them: between operations, and while waiting for answers.
//
// -DMUTANT_name breaks one step; Spin must find an error then. Of the two fences that make a hart forget a space
// which it does not run, one when it is asked and one on its way back, either suffices here: -DONLY_AWAY and
// -DONLY_BACK find no error. (tlb.c needs the one on the way back: it also orders the walks after it.)

#ifndef HARTS
#define HARTS 2
#endif
#ifndef SPACES
#define SPACES 2
#endif
#ifndef PAGES
#define PAGES 1 // pages of each space
#endif
#ifndef ASID_BITS
#define ASID_BITS 1
#endif
#ifndef NUMBERS
#define NUMBERS 4 // nothing new is activated once next_context has grown by so many: that bounds the search
#endif

#define BIT(n) (1 << (n))
#if ASID_BITS == 0
#define ASIDS 1
#elif ASID_BITS == 1
#define ASIDS 2
#else
#define ASIDS 4
#endif
#define KERNEL SPACES // as `pt`: NULL, the kernel's root
#define ALL PAGES     // as `page`: the whole space
#define FIRST_CONTEXT ((3 << ASID_BITS) - 1) // the last one of generation 2

// --- hardware --------------------------------------------------------------------------------------------

// A page of a space shows one of two frames; each change takes the other one.
#define TRANSLATION(pt, page, frame) BIT(((pt) * PAGES + (page)) * 2 + (frame))
#define OF_PAGE(pt, page) (3 << (((pt) * PAGES + (page)) * 2))
#define OF_SPACE(pt) ((BIT(PAGES * 2) - 1) << ((pt) * PAGES * 2))
#define DEAD BIT(SPACES * PAGES * 2) // a translation of what has been put
#define TLB(hart, number) tlb[(hart) * ASIDS + (number)]
#define ENTRY(pt, page) entry[(pt) * PAGES + (page)]

byte satp_root[HARTS] = KERNEL;
byte satp_asid[HARTS];
short tlb[HARTS * ASIDS];
bit entry[SPACES * PAGES];
hidden byte i_, p_; // inside d_step only

inline absorb() {
    d_step {
        for (i_ : 0 .. HARTS - 1) {
            for (p_ : 0 .. PAGES - 1) {
                if
                :: satp_root[i_] != KERNEL ->
                    TLB(i_, satp_asid[i_]) = TLB(i_, satp_asid[i_]) |
                        TRANSLATION(satp_root[i_], p_, ENTRY(satp_root[i_], p_))
                :: else
                fi
            }
        }
        i_ = 0; p_ = 0
    }
}
inline mmu_fence_all() {
    d_step { for (i_ : 0 .. ASIDS - 1) { TLB(h, i_) = 0 } i_ = 0; absorb() }
}
inline mmu_fence_space(number) {
    d_step { TLB(h, number) = 0; absorb() }
}
inline mmu_fence_page(pt, page, number) { // `pt` only because translations carry their space here
    d_step { TLB(h, number) = TLB(h, number) & ~OF_PAGE(pt, page); absorb() }
}
inline mmu_set_root(pt, number) {
    d_step { satp_root[h] = pt; satp_asid[h] = number; absorb() }
}

// --- state of the kernel -----------------------------------------------------------------------------------

byte context[SPACES], harts[SPACES], running[SPACES];            // struct pagetable
byte active_pt[HARTS] = KERNEL, asid[HARTS], generation[HARTS];     // struct tlb_hart ...
bit leave_space[HARTS];                                          //   request.work: LEAVE_SPACE, else FLUSH_USER
byte request_pt[HARTS], request_page[HARTS];                     //   request
byte waiting[HARTS], inbox[HARTS];
byte next_context = FIRST_CONTEXT;

bit alive[SPACES] = 1;
byte in_use[SPACES];         // operations under way that keep the space from being unmade
bit locked[SPACES * PAGES];  // one change of a page at a time (map_lock, object lock)

#define GENERATION_OF(number) ((number) >> ASID_BITS)
#define ASID_OF(number) ((number) & (ASIDS - 1))

// --- what is checked ---------------------------------------------------------------------------------------

// This hart goes on under what its satp names. (Nothing is checked between its steps to get there: the kernel
// touches no user address meanwhile.)
inline usable() {
    assert(!(TLB(h, satp_asid[h]) & DEAD));
    assert(!(TLB(h, satp_asid[h]) & ~(satp_root[h] == KERNEL -> 0 : OF_SPACE(satp_root[h]))))
}

// These translations name what is put now. A hart that runs the space must have forgotten them; who holds
// them under an ASID that is not in use may keep them, but must never come back to it.
inline retire(pt, those) {
    d_step {
        for (i_ : 0 .. HARTS - 1) {
            assert(!(satp_root[i_] == pt && TLB(i_, satp_asid[i_]) & (those)));
            for (p_ : 0 .. ASIDS - 1) {
                if
                :: TLB(i_, p_) & (those) -> TLB(i_, p_) = (TLB(i_, p_) & ~(those)) | DEAD
                :: else
                fi
            }
        }
        i_ = 0; p_ = 0
    }
}

// --- contexts ----------------------------------------------------------------------------------------------

inline take_context() {
    do
    :: d_step { fresh = next_context; next_context++ }
       if
       :: ASID_BITS > 0 && ASID_OF(fresh) == 0 // the kernel root's
       :: else -> break
       fi
    od
}

inline current_context(pt) {
    number = context[pt];
    do
    :: GENERATION_OF(number) == GENERATION_OF(next_context - 1) -> break
    :: else ->
        take_context();
        atomic { // compare and exchange
            if
            :: context[pt] == number -> context[pt] = fresh; number = fresh; break
            :: else -> number = context[pt]
            fi
        }
    od;
    fresh = 0
}

// --- requests ----------------------------------------------------------------------------------------------

inline activate_kernel() { // pt_activate(NULL)
    if
    :: active_pt[h] == KERNEL
    :: else ->
        atomic {
            old = active_pt[h]; active_pt[h] = KERNEL; asid[h] = 0;
            if
            :: ASID_BITS == 0 ->
                generation[h] = 0;
                mmu_set_root(KERNEL, 0);
                mmu_fence_all()
            :: else
            fi
        }
#ifdef MUTANT_LEAVE_EARLY // the hart is out of `running` while its satp still names the root
        running[old] = running[old] & ~BIT(h);
        atomic { mmu_set_root(KERNEL, 0); old = 0 }
#else
        mmu_set_root(KERNEL, 0);
        atomic { running[old] = running[old] & ~BIT(h); old = 0; usable() }
#endif
    fi
}

inline flush_user(pt, page) {
    if
    :: active_pt[h] != pt ->
#if !defined(MUTANT_KEEP) && !defined(ONLY_BACK) // forget the space neither here nor on the way back to it, in pt_activate
        number = context[pt];
        atomic {
            if
            :: GENERATION_OF(number) == generation[h] -> mmu_fence_space(ASID_OF(number))
            :: else
            fi;
            number = 0
        }
#endif
        harts[pt] = harts[pt] & ~BIT(h)
#ifdef MUTANT_FLUSH_CONTEXT // the space's ASID of today is not the one in this hart's satp
    :: active_pt[h] == pt && page == ALL -> mmu_fence_space(ASID_OF(context[pt]))
    :: active_pt[h] == pt && page != ALL -> mmu_fence_page(pt, page, ASID_OF(context[pt]))
#else
    :: active_pt[h] == pt && page == ALL -> mmu_fence_space(asid[h])
    :: active_pt[h] == pt && page != ALL -> mmu_fence_page(pt, page, asid[h])
#endif
    fi
}

inline perform(initiator) {
    if
    :: leave_space[initiator] ->
        if
        :: active_pt[h] == request_pt[initiator] -> activate_kernel()
        :: else
        fi
    :: else -> flush_user(request_pt[initiator], request_page[initiator])
    fi
}

inline lowest_bit(n, set) {
    n = 0;
    do
    :: (set) & BIT(n) -> break
    :: else -> n++
    od
}

// Requests of several harts are taken together, and performed one after the other.
inline tlb_serve() {
    atomic { asking = inbox[h]; inbox[h] = 0 }
    do
    :: atomic { asking -> lowest_bit(from, asking); asking = asking & ~BIT(from) }
       perform(from);
       atomic { waiting[from] = waiting[from] & ~BIT(h); from = 0 }
    :: atomic { else -> break }
    od
}

inline ask_harts(leave, pt, page, who) {
    d_step { mask = who; leave_space[h] = leave; request_pt[h] = pt; request_page[h] = page;
             waiting[h] = mask & ~BIT(h) }
    do
    :: atomic { mask & ~BIT(h) -> lowest_bit(target, mask & ~BIT(h)); mask = mask & ~BIT(target);
                inbox[target] = inbox[target] | BIT(h); target = 0 }
    :: atomic { !(mask & ~BIT(h)) -> break }
    od;
    if
    :: atomic { mask -> mask = 0 }; perform(h)
    :: atomic { else -> mask = 0 }
    fi;
    do
    :: atomic { waiting[h] == 0 -> leave_space[h] = 0; request_pt[h] = 0; request_page[h] = 0; break }
#ifndef MUTANT_DEAF // two harts that flush each other wait for ever
    :: inbox[h] -> tlb_serve()
#endif
    od
}

// --- which table a hart uses ---------------------------------------------------------------------------------

inline pt_activate(pt) {
    if
    :: pt == KERNEL -> activate_kernel()
    :: pt == active_pt[h]
    :: else ->
        current_context(pt);
#ifndef MUTANT_MASK_LATE // the mask bit comes after satp
        d_step { new = !(harts[pt] & BIT(h)); harts[pt] = harts[pt] | BIT(h) }
#endif
        running[pt] = running[pt] | BIT(h);
        d_step { old = active_pt[h]; active_pt[h] = pt; asid[h] = ASID_OF(number) }
        if
#ifdef MUTANT_NO_NEW_GENERATION // ASIDs begin again, and nothing is forgotten
        :: false
#else
        :: GENERATION_OF(number) != generation[h] ->
            generation[h] = GENERATION_OF(number);
#ifndef MUTANT_FENCE_UNDER_OLD_ROOT // what the hart walks between fence and satp stays (docs/RACES.md)
            mmu_set_root(KERNEL, 0);
#endif
            mmu_fence_all()
#endif
#if !defined(MUTANT_KEEP) && !defined(ONLY_AWAY)
        :: GENERATION_OF(number) == generation[h] && new -> mmu_fence_space(asid[h])
#endif
        :: else
        fi;
        mmu_set_root(pt, asid[h]);
#ifdef MUTANT_MASK_LATE
        harts[pt] = harts[pt] | BIT(h);
#endif
        atomic {
            if
            :: old != KERNEL -> running[old] = running[old] & ~BIT(h)
            :: else
            fi;
            old = 0; number = 0; new = 0;
            usable()
        }
    fi
}

// --- what harts do -------------------------------------------------------------------------------------------

#if defined(MUTANT_NO_FENCE)
#define WHOM(pt) early
#elif defined(MUTANT_ASK_RUNNING) // a hart that has left the space still remembers it
#define WHOM(pt) running[pt]
#else
#define WHOM(pt) harts[pt]
#endif

// A page of the space shows another frame from now on; the old one is put. How mm/ does it: entry, flush, put.
inline change(pt, page) {
    do
    :: atomic { !locked[(pt) * PAGES + (page)] -> locked[(pt) * PAGES + (page)] = 1;
#ifdef MUTANT_NO_FENCE // without fence rw,rw the mask may be read before the entry is visible
                early = harts[pt];
#else
                ENTRY(pt, page) = 1 - ENTRY(pt, page); absorb();
#endif
                if // flush this page, or all of the space, as when there were many
                :: what = page
                :: PAGES > 1 -> what = ALL
                fi;
                break }
    :: inbox[h] -> tlb_serve() // who waits has interrupts on, or turns
    od;
#ifdef MUTANT_NO_FENCE
    atomic { ENTRY(pt, page) = 1 - ENTRY(pt, page); absorb() }
#endif
#ifndef MUTANT_NO_FLUSH
    ask_harts(0, pt, what, WHOM(pt));
#endif
    atomic {
        retire(pt, TRANSLATION(pt, page, 1 - ENTRY(pt, page)));
        locked[(pt) * PAGES + (page)] = 0;
        what = 0
    }
}

// pt_destroy(). No thread uses the space any more, but harts may still have it in satp. After it there may be a
// new space in the same memory.
inline destroy(pt) {
#ifndef MUTANT_NO_EVICT
    ask_harts(1, pt, 0, running[pt]);
#endif
    d_step {
        assert(!running[pt]);
        for (i_ : 0 .. HARTS - 1) { assert(satp_root[i_] != pt) }
        i_ = 0;
        retire(pt, OF_SPACE(pt));
        context[pt] = 0; harts[pt] = 0;
        for (i_ : 0 .. PAGES - 1) { ENTRY(pt, i_) = 0 }
        i_ = 0;
        alive[pt] = 1
    }
}

active [HARTS] proctype hart()
{
    byte pt, page, what, number, fresh, old, mask, target, asking, from;
    bit new;
#ifdef MUTANT_NO_FENCE
    byte early;
#endif
    byte h = _pid;
    do
    :: inbox[h] -> tlb_serve()
    :: active_pt[h] != KERNEL -> pt_activate(KERNEL)
    :: atomic { next_context < FIRST_CONTEXT + NUMBERS -> select(pt : 0 .. SPACES - 1);
                if :: alive[pt] -> in_use[pt]++ :: else -> goto next fi }
       pt_activate(pt);
       atomic { in_use[pt]--; pt = 0 }
    :: atomic { select(pt : 0 .. SPACES - 1); select(page : 0 .. PAGES - 1);
                if :: alive[pt] -> in_use[pt]++ :: else -> page = 0; goto next fi }
       change(pt, page);
       atomic { in_use[pt]--; pt = 0; page = 0 }
    :: atomic { select(pt : 0 .. SPACES - 1);
                if :: alive[pt] && !in_use[pt] -> alive[pt] = 0 :: else -> goto next fi }
       destroy(pt);
next:  pt = 0
    od
}
