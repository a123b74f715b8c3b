// SPDX-License-Identifier: MIT
//
// A model of lending for Spin: fork without walking memory, as docs/LENDING.md tells it. Read it beside
// mm/fork.c, mm/fault.c, mm/policy/cow.c and arch/riscv/pagetable*.c: names and order of steps are theirs.
// lending_machine.pml has the hardware, the counts and the checks.
//
// WHAT IS CHECKED
//   1 A store is seen by its own space, and by no other: each load finds what its space must find.  access()
//   2 No hart can use a translation of a frame, or a link to a table, that has been put.      freed_*()
//   3 At each quiet moment, when no operation is under way, every count is exact, nothing has leaked, no lock
//     is held, a table is LINKED only if counted once, hardware remembers no lent table.        audit()
//   4 No hart waits for ever: Spin reports a state in which nobody can go on.
//
// THE MACHINE. What a hart may remember of a space is a set: of links to tables, and of leaves (tlb). Only a
// flush makes it smaller. absorb() puts in all that can be reached, after each store that hardware could see;
// an access may use any member of the set, or fault at any time.
//
// THE KERNEL. One step for each access to shared memory that no lock orders (sequentially consistent). Harts
// do OPERATIONS operations in all, each any of: load or store with its fault, fork, exit, unmap of one page;
// with OBJECT also truncation of a mapped file, and reclaim of its page (ABSENT: nobody has touched it yet);
// with MEGA, tables are 2 MiB pages at the start, and reclaim splits them. TABLES and FRAMES are so few that
// memory runs out.
//
// WHERE IT STARTS. Two spaces share all tables, as after a fork; with -DALONE=0 or -DALONE=1 only that one is
// there, its tables LINKED (its number decides whether a truncation comes to parent or child first).
//
// NOT MODELLED: the hart masks and ASIDs (asid.pml), swap, mprotect, mremap, the A and D bits, private pages
// that nobody has touched yet, write tracking of shared files (the file's page is read-only here), files
// mapped privately, more than one level-1 table, the fair order of map_lock, the frame record through which
// the entry of a 2 MiB page leads to its table (named_table()), weak memory.
//
// MUTANTS: -DMUTANT_name breaks one rule, and Spin must find an error within these bounds:
//   ADOPT_UNLOCKED         -DOPERATIONS=2
//   CLAIM_ALL              -DOPERATIONS=2
//   CLAIM_BUSY             -DHARTS=3 -DLEAVES=1 -DOPERATIONS=3
//   COPY_PUT_FIRST         -DOPERATIONS=2
//   INDEX_EARLY            -DOBJECT -DABSENT -DALONE=0
//   KEEP_WRITE             -DOPERATIONS=1
//   LEND_WHOLE             -DMEGA -DALONE=0
//   LENT_NEEDS_NO_FLUSH    -DOBJECT -DALONE=0
//   LIST_EARLY             -DOBJECT -DALONE=1
//   MASK_EARLY             -DHARTS=3 -DLEAVES=1 -DOPERATIONS=3 -DTABLES=2 -DFRAMES=2
//   NO_FORK_FLUSH          -DALONE=0
//   NO_SPLIT               -DMEGA -DALONE=0
//   OWN_UNLOCKED           -DOBJECT
//   PARENT_LINKED          -DALONE=0
//   PUT_EARLY              -DOPERATIONS=2
//   RECLAIM_CHILD          -DOBJECT -DALONE=0 -DOPERATIONS=3
//   SETTLE_EARLY           -DOBJECT -DALONE=1
//   SETTLE_UNLISTED        -DOBJECT -DALONE=1
//   SPLIT_STORES           -DMEGA -DALONE=0
//   UNMAP_PUT_FIRST        -DALONE=0
//   WRITABLE_AT_ONCE       -DHARTS=3 -DLEAVES=1 -DOPERATIONS=3

#include "lending_machine.pml"

// --- own (arch/riscv/pagetable_lend.c) ----------------------------------------------------------------

// => holds the leaf lock of `from`; nobody else knows `to`
inline copy_leaves(from, to) {
    walk = 0;
    do
    :: walk < LEAVES ->
        word = TABLE_LEAF(from, walk);
        if
        :: word && kind[NAMED(word)] == ANON -> // a private page: to be written through neither table
            word = LEAF(NAMED(word), 0);
#ifndef MUTANT_KEEP_WRITE // the lender's leaf stays writable
            TABLE_LEAF(from, walk) = word
#endif
        :: else
        fi;
        if
        :: word -> frame_refs[NAMED(word)]++; TABLE_LEAF(to, walk) = word
        :: else
        fi;
        walk++
    :: atomic { else -> walk = 0; word = 0; table_mega[from] = 0; break } // mega_forget()
    od
}

// The entry by which hardware finds the table: table_entry_for().
inline link_table(s, i, t) {
    d_step {
        ENTRY(s, i) = LINKED(t);
        WHOLE(s, i) = (table_mega[t] -> NAMED(TABLE_LEAF(t, 0)) + 1 : 0);
        absorb()
    }
}

#ifdef MUTANT_OWN_UNLOCKED // a truncation misses what is just being copied
#define OWN_LOCK(t) skip
#define OWN_UNLOCK(t) skip
#else
#define OWN_LOCK(t) LOCK(leaf_lock[t])
#define OWN_UNLOCK(t) UNLOCK(leaf_lock[t])
#endif

// docs/LENDING.md, rule 13. `spare`: NONE, or this hart's. No flush: hardware remembers "nothing there".
inline lent_table_own(s, i) {
    table = NAMED(ENTRY(s, i));
    OWN_LOCK(table);
    if
    :: table_refs[table] == 1 -> // adopt: nobody else can name it any more
        link_table(s, i, table);
        OWN_UNLOCK(table)
    :: else ->
        if
        :: spare == NONE -> OWN_UNLOCK(table); table = NONE
        :: else ->
#ifdef MUTANT_PUT_EARLY // gives up its count before it has copied
            leaf_table_put(table);
#endif
            copy_leaves(table, spare);
            link_table(s, i, spare);
            OWN_UNLOCK(table);
            atomic { given = table; table = spare; spare = NONE }
        fi
    fi
}

// => table: the leaf table of this entry, this space's own; NONE: there is none, or no memory to own it.
// (fault.c comes without a spare first, and again with one; here it has one at once where it may.)
inline leaf_table_own(s, i, may_allocate) {
    if
    :: IS_LINKED(ENTRY(s, i)) -> table = NAMED(ENTRY(s, i)) // docs/LENDING.md, rule 2: a path seen stays
    :: else ->
        if
        :: may_allocate -> table_alloc(spare)
        :: else
        fi;
#ifdef MUTANT_ADOPT_UNLOCKED // "counted once" is read, and acted upon, with no lock
        word = ENTRY(s, i);
        if
        :: IS_LENT(word) && table_refs[NAMED(word)] == 1 -> link_table(s, i, NAMED(word))
        :: else
        fi;
        word = 0;
#endif
        LOCK(upper[s]);
        if
        :: IS_LENT(ENTRY(s, i)) -> lent_table_own(s, i)
        :: IS_LINKED(ENTRY(s, i)) -> table = NAMED(ENTRY(s, i)) // another thread was faster
        :: else -> table = NONE
        fi;
        UNLOCK(upper[s]);
        if
        :: given != NONE ->
#ifndef MUTANT_PUT_EARLY
            leaf_table_put(given);
#endif
            given = NONE
        :: else
        fi;
        d_step {
            if
            :: spare != NONE -> table_refs[spare] = 0; spare = NONE
            :: else
            fi
        }
    fi
}

// arch/riscv/pagetable_mega.c. The entry of a 2 MiB page becomes a link, unless fork, which has no leaf lock,
// was faster.
// => holds the leaf lock of t, before a leaf changes; `split`: the flush to come must be one of tables
inline mega_split(space, at, t) {
    if
    :: table_mega[t] ->
        table_mega[t] = 0; split = 1;
        d_step {
#ifdef MUTANT_SPLIT_STORES // in place of a compare and exchange
            ENTRY(space, at) = LINKED(t); WHOLE(space, at) = 0; absorb()
#else
            if
            :: IS_LINKED(ENTRY(space, at)) -> WHOLE(space, at) = 0; absorb()
            :: else
            fi
#endif
        }
    :: else
    fi
}

// pt_lock_next(): down through LINKED and LENT alike, hand over hand. => table, its leaf lock held; or NONE
inline lock_next(space, at) {
    LOCK(upper[space]);
    table = (ENTRY(space, at) -> NAMED(ENTRY(space, at)) : NONE);
    if
    :: table != NONE -> LOCK(leaf_lock[table])
    :: else
    fi;
    UNLOCK(upper[space])
}

// pt_clear() and the end of its batch: entry, flush, put. => holds the leaf lock, which it drops
inline clear_leaf(s, p) {
    word = TABLE_LEAF(table, (p) % LEAVES);
#ifndef MUTANT_NO_SPLIT // the 2 MiB leaf stays, for hardware to use
    mega_split(s, (p) / LEAVES, table);
#endif
    d_step { TABLE_LEAF(table, (p) % LEAVES) = 0; absorb() }
#ifdef MUTANT_LENT_NEEDS_NO_FLUSH // but its space may be a fork that has not flushed yet
    quiet = IS_LENT(ENTRY(s, (p) / LEAVES));
#endif
    UNLOCK(leaf_lock[table]);
#ifdef MUTANT_UNMAP_PUT_FIRST
    frame_put(NAMED(word));
#endif
    if
    :: !quiet -> flush(s, (split -> NONE : p))
    :: else
    fi;
#ifndef MUTANT_UNMAP_PUT_FIRST
    frame_put(NAMED(word));
#endif
    atomic { word = 0; split = 0; quiet = 0 }
}

// --- page fault (mm/fault.c, mm/policy/cow.c) ---------------------------------------------------------

#ifdef MUTANT_CLAIM_BUSY // another hart may still read the page that this one replaces
#define IS_BUSY(f) 0
#else
#define IS_BUSY(f) busy[f]
#endif
#define EXCLUSIVE(f) (kind[f] == ANON && frame_refs[f] == 1 && !IS_BUSY(f)) // frame_exclusive()

// pt_claim(): with its neighbours. => holds the leaf lock
inline claim() {
    walk = 0;
    do
    :: atomic { walk < LEAVES ->
                word = TABLE_LEAF(table, walk);
                if
#ifdef MUTANT_CLAIM_ALL // the neighbours' counts are not looked at
                :: word && kind[NAMED(word)] == ANON && !busy[NAMED(word)] ->
#else
                :: word && EXCLUSIVE(NAMED(word)) ->
#endif
                    TABLE_LEAF(table, walk) = LEAF(NAMED(word), 1); absorb()
                :: else
                fi;
                walk++; word = 0 }
    :: atomic { else -> walk = 0; break }
    od;
    fence(h, s, NONE)
}

// Does no other hart remember anything of the space, or run it? In the code: is its bit in the mask not set.
inline only_this_hart(s) {
    d_step {
        only = 1;
        for (i_ : 0 .. HARTS - 1) {
            for (j_ : 0 .. PAGES - 1) { only = only && (i_ == h || satp[i_] != s && !TLB(i_, s, j_)) }
            for (j_ : 0 .. ENTRIES - 1) { only = only && (i_ == h || !LINKS(i_, s, j_)) }
        }
        i_ = 0; j_ = 0
    }
}

// docs/LENDING.md, rule 16: read-only and BUSY until every hart has forgotten the old frame.
// => holds the leaf lock, which it drops
inline policy_copy(p) {
    frame_alloc(copy);
    if
    :: copy == NONE -> UNLOCK(leaf_lock[table]) // mm/ would reclaim and try again
    :: else ->
        content[copy] = content[NAMED(word)];
        old = NAMED(word);
#ifdef MUTANT_MASK_EARLY // who loads the root between mask and leaf finds the old frame
        only_this_hart(s);
#endif
#ifdef MUTANT_WRITABLE_AT_ONCE
        d_step { TABLE_LEAF(table, (p) % LEAVES) = LEAF(copy, 1); absorb() }
#else
        d_step { busy[copy] = 1; TABLE_LEAF(table, (p) % LEAVES) = LEAF(copy, 0); absorb() }
#endif
#ifndef MUTANT_MASK_EARLY
        only_this_hart(s);
#endif
        if
        :: only ->
            busy[copy] = 0;
            d_step { TABLE_LEAF(table, (p) % LEAVES) = LEAF(copy, 1); absorb(); fence(h, s, p) } // pt_widen()
            only = 0
        :: else -> again = 1
        fi;
        UNLOCK(leaf_lock[table]);
#ifdef MUTANT_COPY_PUT_FIRST
        frame_put(old);
        flush(s, p);
#else
        flush(s, p);
        frame_put(old);
#endif
        atomic { busy[copy] = 0; old = 0; copy = 0 }
    fi
}

#ifdef OBJECT
inline get_page() { // vm_object_get(): a reference of this fault's own
    LOCK(object_lock);
    d_step {
        if
        :: indexed -> frame_refs[FILE_FRAME]++; held = 1; again = 1
        :: else // there is none: the program dies
        fi
    }
    UNLOCK(object_lock)
}
// The page was got before the leaf lock, and may have been truncated since.
// => holds the leaf lock, which it drops
inline policy_share(p) {
    if
#ifdef MUTANT_INDEX_EARLY
    :: held ->
#else
    :: held && indexed ->
#endif
        d_step { TABLE_LEAF(table, (p) % LEAVES) = LEAF(FILE_FRAME, 0); held = 0; absorb() }
        UNLOCK(leaf_lock[table])
    :: else ->
        UNLOCK(leaf_lock[table]);
        if
        :: held -> held = 0; frame_put(FILE_FRAME)
        :: else
        fi;
        get_page()
    fi
}
#endif

// => table: own. Under the leaf lock: read the leaf, decide, act.
inline look_once(p) {
    atomic { !leaf_lock[table] -> leaf_lock[table] = 1; word = TABLE_LEAF(table, (p) % LEAVES);
             mine = (word -> EXCLUSIVE(NAMED(word)) : 0) }
    if
#ifdef OBJECT
    :: !word -> policy_share(p)
#endif
    :: word && (!write || WRITABLE(word)) -> fence(h, s, NONE); UNLOCK(leaf_lock[table]) // pt_touch()
    :: word && write && !WRITABLE(word) && mine -> claim(); UNLOCK(leaf_lock[table])
    :: word && write && !WRITABLE(word) && !mine ->
        if
        :: busy[NAMED(word)] -> UNLOCK(leaf_lock[table]); again = 1 // STEP_WAIT
        :: else -> policy_copy(p)
        fi
    fi;
    atomic { word = 0; mine = 0 }
}

inline fault(p) {
    MAP_READ(s);
    again = MAPPED(s, p) && !(write && p == FILE_PAGE); // else the program dies of it
    do
    :: again ->
        again = 0;
        leaf_table_own(s, (p) / LEAVES, true);
        if
        :: table != NONE -> look_once(p)
        :: else // mm/ would reclaim and try again
        fi
    :: else -> break
    od;
#ifdef OBJECT
    if
    :: held -> held = 0; frame_put(FILE_FRAME)
    :: else
    fi;
#endif
    atomic { table = NONE; map_readers[s]-- }
}

#include "lending_spaces.pml"
