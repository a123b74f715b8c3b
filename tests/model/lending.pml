// SPDX-License-Identifier: MIT
//
// A model of lending for Spin: fork without walking memory, as docs/LENDING.md tells it and mm/fork.c,
// mm/policy/cow.c and arch/riscv/pagetable*.c do it. Names and order of steps are theirs; "rule N" is the code's.
//
// WHAT IS CHECKED
//   1 A store is seen by its own space, and by no other: each load finds what its space must find.  access()
//   2 No hart can use a translation of a frame, or a link to a table, that has been put.        freed_*()
//   3 At each quiet moment, when no operation is under way, every count is exact, nothing has leaked, no lock is
//     held, a table is LINKED only if counted once, hardware remembers no lent table.              audit()
//   4 No hart waits for ever: Spin reports a state in which nobody can go on.
//
// THE MACHINE. What a hart may remember of a space is a set: of links (walks) and of leaves (tlb). Only a
// flush makes it smaller. absorb() puts in all that can be reached, after each store that hardware could see; an
// access may use any member, or fault at any time. Flushes go to all harts: whom to ask is asid.pml's matter.
//
// THE KERNEL. One step for each access to shared memory that no lock orders (sequentially consistent). Harts do
// OPERATIONS operations in all, each any of: load or store with its fault, fork, exit, unmap of one page, truncation
// of a mapped file (OBJECT), promotion of a table to a 2 MiB leaf (PROMOTE). Memory may run out (TABLES, FRAMES).
//
// The search starts where two spaces share all tables, as after a fork, or with one space alone (ALONE=0 or
// ALONE=1, that decides in which order a truncation comes to parent and child).
// -DMUTANT_name breaks one rule; Spin must find an error then.

#ifndef HARTS
#define HARTS 2
#endif
#ifndef SPACES
#define SPACES 2
#endif
#ifndef ENTRIES
#define ENTRIES 1 // of a space's level-1 table: each may name a leaf table
#endif
#ifndef LEAVES
#define LEAVES 2 // of a leaf table
#endif
#ifndef TABLES
#define TABLES 4
#endif
#ifndef FRAMES
#define FRAMES 5
#endif
#ifndef OPERATIONS
#define OPERATIONS 2
#endif

#define PAGES (ENTRIES * LEAVES)
#define NONE 255

// An entry of a level-1 table: EMPTY, LINKED or LENT. Where `mega` is not 0 the hardware does not find the link but a leaf
// for the whole span, from frame mega - 1 on; the table keeps the same leaves for the kernel.
#define LINKED(t) (1 + 2 * (t))
#define LENT(t) (2 + 2 * (t))
#define NAMED(word) (((word) - 1) >> 1) // the table of an entry, the frame of a leaf
#define IS_LINKED(word) ((word) & 1)
#define IS_LENT(word) ((word) != 0 && !((word) & 1))
#define LEAF(f, write) (1 + 2 * (f) + (write))
#define WRITABLE(word) (((word) - 1) & 1)

#define ENTRY(s, i) entry[(s) * ENTRIES + (i)]
#define MEGA(s, i) mega[(s) * ENTRIES + (i)]
#define TABLE_LEAF(t, j) leaves[(t) * LEAVES + (j)]
#define WALKS(h, s, i) walks[((h) * SPACES + (s)) * ENTRIES + (i)]
#define TLB(h, s, p) tlb[((h) * SPACES + (s)) * PAGES + (p)]
#define EXPECTED(s, p) expected[(s) * PAGES + (p)]
#define MAPPED(s, p) mapped[(s) * PAGES + (p)]

byte entry[SPACES * ENTRIES], mega[SPACES * ENTRIES];
byte table_refs[TABLES], leaves[TABLES * LEAVES];
bit leaf_lock[TABLES];
mtype = { FREE, ANON, CACHE }; // what a frame is; CACHE: a page of a mapped file
mtype kind[FRAMES] = FREE;
byte frame_refs[FRAMES];
bit busy[FRAMES], content[FRAMES];
bit upper[SPACES], map_writer[SPACES];
byte map_readers[SPACES];
mtype = { DEAD, MAKING, ALIVE };
mtype life[SPACES] = DEAD;

byte satp[HARTS] = NONE; // a space
int tlb[HARTS * SPACES * PAGES];
short walks[HARTS * SPACES * ENTRIES];

bit expected[SPACES * PAGES], mapped[SPACES * PAGES]; // what the program must find
byte under_way, left = OPERATIONS;

#ifdef OBJECT // the last page of each space shows page FILE_FRAME of a file, shared
#define FILE_PAGE (PAGES - 1)
#define FILE_FRAME 0
bit indexed = 1, object_lock, listed[SPACES];
#else
#define FILE_PAGE NONE
#endif
hidden byte i_, j_, k_, s_, t_, n_; // inside d_step only

// --- hardware --------------------------------------------------------------------------------------------

inline absorb() {
    d_step {
        for (i_ : 0 .. HARTS - 1) {
            s_ = satp[i_];
            for (j_ : 0 .. ENTRIES - 1) {
                if
                :: s_ != NONE && IS_LINKED(ENTRY(s_, j_)) && !MEGA(s_, j_) ->
                    WALKS(i_, s_, j_) = WALKS(i_, s_, j_) | (1 << NAMED(ENTRY(s_, j_)))
                :: s_ != NONE && MEGA(s_, j_) ->
                    for (k_ : 0 .. LEAVES - 1) {
                        TLB(i_, s_, j_ * LEAVES + k_) = TLB(i_, s_, j_ * LEAVES + k_) | (1 << (LEAF(MEGA(s_, j_) - 1 + k_, 1) - 1))
                    }
                :: else
                fi;
                for (t_ : 0 .. TABLES - 1) {
                    if
                    :: s_ != NONE && WALKS(i_, s_, j_) >> t_ & 1 ->
                        assert(table_refs[t_]); // a hart walks a table that has been put
                        for (k_ : 0 .. LEAVES - 1) {
                            if
                            :: TABLE_LEAF(t_, k_) -> TLB(i_, s_, j_ * LEAVES + k_) = TLB(i_, s_, j_ * LEAVES + k_) | (1 << (TABLE_LEAF(t_, k_) - 1))
                            :: else
                            fi
                        }
                    :: else
                    fi
                }
            }
        }
        i_ = 0; j_ = 0; k_ = 0; s_ = 0; t_ = 0
    }
}
inline fence_space(hart, s) {
    d_step {
        for (i_ : 0 .. PAGES - 1) { TLB(hart, s, i_) = 0 }
        for (i_ : 0 .. ENTRIES - 1) { WALKS(hart, s, i_) = 0 }
        i_ = 0;
        absorb()
    }
}
inline flush(s) { // ask_harts(): one after the other, in the order that Spin likes least
    asked = 0;
    do
    :: atomic { asked < HARTS -> fence_space(asked, s); asked++ }
    :: atomic { else -> asked = 0; break }
    od
}

// --- frames and tables -------------------------------------------------------------------------------------

inline freed_frame(f) {
    for (i_ : 0 .. HARTS * SPACES * PAGES - 1) { assert(!(tlb[i_] >> (2 * (f)) & 3) || life[(i_ / PAGES) % SPACES] != ALIVE) }
    i_ = 0
}
inline freed_table(t) {
    for (i_ : 0 .. HARTS * SPACES * ENTRIES - 1) { assert(!(walks[i_] >> (t) & 1) || life[(i_ / ENTRIES) % SPACES] != ALIVE) }
    i_ = 0
}
inline frame_put(f) {
    atomic {
        assert(kind[f] != FREE && frame_refs[f]);
        frame_refs[f]--;
        if
        :: !frame_refs[f] -> freed_frame(f); kind[f] = FREE; content[f] = 0
        :: else
        fi
    }
}
inline frame_alloc(f) {
    d_step {
        f = 0;
        do
        :: f < FRAMES && kind[f] != FREE -> f++
        :: else -> break
        od;
        if
        :: f < FRAMES -> kind[f] = ANON; frame_refs[f] = 1
        :: else -> f = NONE
        fi
    }
}
inline table_alloc(t) {
    d_step {
        t = 0;
        do
        :: t < TABLES && table_refs[t] -> t++
        :: else -> break
        od;
        if
        :: t < TABLES -> table_refs[t] = 1
        :: else -> t = NONE
        fi
    }
}
inline leaf_table_put(t) { // the last one gives back what the table names: the count falls to 0 first
    atomic { assert(table_refs[t]); table_refs[t]--; last = (table_refs[t] == 0);
             if :: last -> freed_table(t); table_refs[t] = 1 :: else fi } // 1: not to be allocated before it is empty
    if
    :: last ->
        walk = 0;
        do
        :: walk < LEAVES ->
            atomic {
                if
                :: TABLE_LEAF(t, walk) -> frame_put(NAMED(TABLE_LEAF(t, walk))); TABLE_LEAF(t, walk) = 0
                :: else
                fi;
                walk++
            }
        :: atomic { else -> walk = 0; table_refs[t] = 0; last = 0; break }
        od
    :: else
    fi
}

// --- locks ---------------------------------------------------------------------------------------------------

#define LOCK(l) atomic { !(l) -> l = 1 }
#define UNLOCK(l) l = 0
#define MAP_READ(s) atomic { !map_writer[s] -> map_readers[s]++ }
#define MAP_WRITE(s) atomic { !map_writer[s] && !map_readers[s] -> map_writer[s] = 1 }
#ifdef OWN_UNLOCKED // no error is found without: only reclaim, which is not in this model, needs the lock here
#define OWN_LOCK(t) skip
#define OWN_UNLOCK(t) skip
#else
#define OWN_LOCK(t) LOCK(leaf_lock[t])
#define OWN_UNLOCK(t) UNLOCK(leaf_lock[t])
#endif

// --- own (arch/riscv/pagetable_lend.c) -----------------------------------------------------------------------

inline copy_leaves(from, to) {
    walk = 0;
    do
    :: walk < LEAVES ->
        word = TABLE_LEAF(from, walk);
        if
        :: word ->
            frame_refs[NAMED(word)]++;
            atomic {
                if
                :: kind[NAMED(word)] == ANON -> // a private page: to be written through neither table
#ifndef MUTANT_KEEP_WRITE // the lender's leaf stays writable
                    TABLE_LEAF(from, walk) = LEAF(NAMED(word), 0);
#endif
                    word = LEAF(NAMED(word), 0)
                :: else
                fi;
                TABLE_LEAF(to, walk) = word
            }
        :: else
        fi;
        walk++
    :: atomic { else -> walk = 0; word = 0; break }
    od
}

// Rule 13. `spare` is NONE, or a table of this hart's. No flush: what hardware remembers is "nothing there".
inline lent_table_own(s, i) {
    table = NAMED(ENTRY(s, i));
    OWN_LOCK(table);
    if
    :: table_refs[table] == 1 -> // adopt: nobody else can name it any more
        atomic { ENTRY(s, i) = LINKED(table); absorb() }
        OWN_UNLOCK(table)
    :: else ->
        if
        :: spare == NONE -> table = NONE
        :: else ->
#ifdef MUTANT_PUT_EARLY // gives up its count before it has copied
            leaf_table_put(table);
#endif
            copy_leaves(table, spare);
            atomic { ENTRY(s, i) = LINKED(spare); absorb(); given = table; table = spare; spare = NONE }
        fi;
        atomic {
            if
            :: given != NONE -> OWN_UNLOCK(given)
            :: else -> OWN_UNLOCK(NAMED(ENTRY(s, i)))
            fi
        }
    fi
}

// => table: the leaf table of this entry, this space's own; NONE: there is none, or no memory to own it
inline leaf_table_own(s, i, may_allocate) {
    if
    :: atomic { IS_LINKED(ENTRY(s, i)) && !MEGA(s, i) -> table = NAMED(ENTRY(s, i)) } // rule 3: a path seen stays
    :: else ->
        if
        :: may_allocate -> table_alloc(spare)
        :: else
        fi;
#ifdef MUTANT_ADOPT_UNLOCKED // "counted once" is read, and acted upon, with no lock
        word = ENTRY(s, i);
        if
        :: IS_LENT(word) && table_refs[NAMED(word)] == 1 -> atomic { ENTRY(s, i) = LINKED(NAMED(word)); absorb() }
        :: else
        fi;
        word = 0;
#endif
        LOCK(upper[s]);
        if
        :: IS_LENT(ENTRY(s, i)) -> lent_table_own(s, i)
        :: IS_LINKED(ENTRY(s, i)) ->
            table = NAMED(ENTRY(s, i));
#ifndef MUTANT_NO_DEMOTE // leaves change under a 2 MiB leaf
            atomic { MEGA(s, i) = 0; absorb() } // and whoever changes a leaf now will flush
#endif
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
        atomic {
            if
            :: spare != NONE -> table_refs[spare] = 0; spare = NONE
            :: else
            fi
        }
    fi
}

// --- page fault (mm/fault.c, mm/policy/cow.c) ------------------------------------------------------------------

inline exclusive(f, yes) { // frame_exclusive()
    yes = (kind[f] == ANON && frame_refs[f] == 1
#ifndef MUTANT_CLAIM_BUSY // another hart may still read the page that this one replaces
           && !busy[f]
#endif
           )
}

// With its neighbours, as pt_claim(). => leaf lock held
inline claim() {
    walk = 0;
    do
    :: walk < LEAVES ->
        atomic {
            word = TABLE_LEAF(table, walk);
            if
            :: word && !WRITABLE(word) ->
                exclusive(NAMED(word), yes);
#ifdef MUTANT_CLAIM_ALL // the neighbours' counts are not looked at
                yes = yes || (kind[NAMED(word)] == ANON && !busy[NAMED(word)]);
#endif
                if
                :: yes -> TABLE_LEAF(table, walk) = LEAF(NAMED(word), 1); absorb()
                :: else
                fi
            :: else
            fi;
            walk++; yes = 0; word = 0
        }
    :: atomic { else -> walk = 0; break }
    od;
    fence_space(h, s)
}

// Rule 16: read-only and BUSY until every hart has forgotten the old frame. => leaf lock held, which it drops
inline copy_page(p) {
    frame_alloc(copy);
    if
    :: copy == NONE -> UNLOCK(leaf_lock[table]) // mm/ would reclaim and try again
    :: else ->
        content[copy] = content[NAMED(word)];
        old = NAMED(word);
#ifdef MUTANT_WRITABLE_AT_ONCE
        atomic { TABLE_LEAF(table, (p) % LEAVES) = LEAF(copy, 1); absorb(); UNLOCK(leaf_lock[table]) }
#else
        atomic { busy[copy] = 1; TABLE_LEAF(table, (p) % LEAVES) = LEAF(copy, 0); absorb(); UNLOCK(leaf_lock[table]) }
#endif
#ifdef MUTANT_COPY_PUT_FIRST
        frame_put(old); flush(s);
#else
        flush(s); frame_put(old);
#endif
        atomic { busy[copy] = 0; old = 0; copy = 0 }
    fi
}

inline fault(p) {
    MAP_READ(s);
    if
    :: !MAPPED(s, p) // the program dies of it
    :: else ->
        leaf_table_own(s, (p) / LEAVES, true);
        if
        :: table == NONE
        :: else ->
            atomic { !leaf_lock[table] -> leaf_lock[table] = 1; word = TABLE_LEAF(table, (p) % LEAVES);
                     if :: word -> exclusive(NAMED(word), yes) :: else fi }
            if
#ifdef OBJECT
            :: !word -> // rule 15: the index is asked under the leaf lock
                atomic {
                    if
                    :: indexed -> frame_refs[FILE_FRAME]++; TABLE_LEAF(table, (p) % LEAVES) = LEAF(FILE_FRAME, 1); absorb()
                    :: else
                    fi;
                    UNLOCK(leaf_lock[table])
                }
#endif
            :: word && (!write || WRITABLE(word)) -> atomic { UNLOCK(leaf_lock[table]); fence_space(h, s) }
            :: word && write && !WRITABLE(word) && yes -> claim(); UNLOCK(leaf_lock[table])
            :: word && write && !WRITABLE(word) && !yes ->
                if
                :: busy[NAMED(word)] -> UNLOCK(leaf_lock[table]) // wait: fault again
                :: else -> copy_page(p)
                fi
            fi
        fi
    fi;
    atomic { word = 0; yes = 0; table = NONE; map_readers[s]-- }
}

// --- fork (mm/fork.c) --------------------------------------------------------------------------------------------

#ifdef OBJECT
inline list_child() { LOCK(object_lock); atomic { listed[child] = listed[s]; UNLOCK(object_lock) } }
#else
inline list_child() { skip }
#endif

inline pt_lend() { // rule 7. Without `upper`: map_lock keeps owners out, a reverse map reads LINKED and LENT alike
    i = 0;
    do
    :: i < ENTRIES ->
        if
        :: ENTRY(s, i) ->
            table = NAMED(ENTRY(s, i));
            table_refs[table]++;
            ENTRY(child, i) = LENT(table);
            if
            :: IS_LINKED(ENTRY(s, i)) ->
                was_linked = 1;
#ifndef MUTANT_PARENT_LINKED
                atomic { ENTRY(s, i) = LENT(table);
#ifndef MUTANT_LEND_MEGA // lends the table of a 2 MiB leaf, and leaves the leaf there
                         MEGA(s, i) = 0;
#endif
                         absorb() }
#endif
            :: else
            fi
        :: else
        fi;
        i++
    :: atomic { else -> i = 0; table = NONE; break }
    od
}

inline pt_lend_settle() { // rule 10: any table may be one with few pages
    i = 0;
    do
    :: i < ENTRIES ->
        if
        :: skip
        :: ENTRY(child, i) ->
            leaf_table_own(child, i, true);
            if
            :: table != NONE -> leaf_table_own(s, i, false)
            :: else
            fi
        fi;
        i++
    :: atomic { else -> i = 0; table = NONE; break }
    od
}

inline fork() {
    MAP_WRITE(s);
    d_step {
        child = 0;
        do
        :: child < SPACES && life[child] != DEAD -> child++
        :: else -> break
        od;
        if
        :: child < SPACES -> life[child] = MAKING
        :: else
        fi
    }
    if
    :: child == SPACES // no memory for a space: nothing has happened
    :: else ->
#ifdef MUTANT_LIST_EARLY // a truncation visits the child while its tables are still the parent's
        list_child();
#endif
        pt_lend();
#ifdef MUTANT_SETTLE_EARLY // tables are copied while harts may still store into their pages
        pt_lend_settle();
#endif
#ifndef MUTANT_NO_FORK_FLUSH
        if
        :: was_linked -> flush(s)
        :: else
        fi;
#endif
        atomic {
            for (i_ : 0 .. PAGES - 1) { EXPECTED(child, i_) = EXPECTED(s, i_); MAPPED(child, i_) = MAPPED(s, i_) }
            i_ = 0
        }
#ifdef MUTANT_SETTLE_UNLISTED // the copy is made before a truncation can find it
        pt_lend_settle();
#endif
#ifndef MUTANT_LIST_EARLY
        list_child();
#endif
#if !defined(MUTANT_SETTLE_EARLY) && !defined(MUTANT_SETTLE_UNLISTED)
        pt_lend_settle();
#endif
        life[child] = ALIVE
    fi;
    atomic { child = 0; was_linked = 0; UNLOCK(map_writer[s]) }
}

// --- exit, unmap, truncation ---------------------------------------------------------------------------------------

inline only_here(s) { // nobody else runs the space
    only = 1;
    for (i_ : 0 .. HARTS - 1) { only = only && (i_ == h || satp[i_] != s) }
    i_ = 0
}

inline do_exit() {
    atomic {
        only_here(s);
        if
        :: only && !map_writer[s] && !map_readers[s] && life[s] == ALIVE -> life[s] = MAKING; satp[h] = NONE; only = 0
        :: else -> only = 0; goto done
        fi
    }
#ifdef OBJECT
    LOCK(object_lock); atomic { listed[s] = 0; UNLOCK(object_lock) }
#endif
    i = 0;
    do // rule 21; harts forget the rest before the ASID comes back (asid.pml)
    :: i < ENTRIES ->
        atomic { !upper[s] -> word = ENTRY(s, i); ENTRY(s, i) = 0; MEGA(s, i) = 0 }
        if
        :: word -> leaf_table_put(NAMED(word))
        :: else
        fi;
        i++
    :: atomic { else -> i = 0; word = 0; break }
    od;
    flush(s);
    atomic { for (i_ : 0 .. PAGES - 1) { EXPECTED(s, i_) = 0; MAPPED(s, i_) = 0 } i_ = 0; life[s] = DEAD }
}

// Of one page. When the table has no other: the whole table goes, by one count (rule 20). Else own, then clear.
inline unmap(p) {
    MAP_WRITE(s);
    if
    :: !MAPPED(s, p)
    :: MAPPED(s, p) && LEAVES == 1 ->
#ifdef OBJECT
        if
        :: p == FILE_PAGE -> LOCK(object_lock); atomic { listed[s] = 0; UNLOCK(object_lock) }
        :: else
        fi;
#endif
        atomic { !upper[s] && !leaf_lock[NAMED(ENTRY(s, (p) / LEAVES))] ->
                 MAPPED(s, p) = 0; EXPECTED(s, p) = 0;
                 word = ENTRY(s, (p) / LEAVES); ENTRY(s, (p) / LEAVES) = 0; MEGA(s, (p) / LEAVES) = 0 }
#ifdef MUTANT_UNMAP_PUT_FIRST
        leaf_table_put(NAMED(word)); flush(s)
#else
        if
        :: IS_LINKED(word) -> flush(s)
        :: else // no hardware has it
        fi;
        leaf_table_put(NAMED(word))
#endif
    :: MAPPED(s, p) && LEAVES > 1 ->
        leaf_table_own(s, (p) / LEAVES, true); // this can fail, and nothing has happened
        if
        :: table != NONE ->
#ifdef OBJECT
            if
            :: p == FILE_PAGE -> LOCK(object_lock); atomic { listed[s] = 0; UNLOCK(object_lock) }
            :: else
            fi;
#endif
            atomic { !leaf_lock[table] -> MAPPED(s, p) = 0; EXPECTED(s, p) = 0;
                     word = TABLE_LEAF(table, (p) % LEAVES); TABLE_LEAF(table, (p) % LEAVES) = 0 }
            if
#ifdef MUTANT_UNMAP_PUT_FIRST
            :: word -> frame_put(NAMED(word)); flush(s)
#else
            :: word -> flush(s); frame_put(NAMED(word))
#endif
            :: else
            fi
        :: else
        fi
    fi;
    atomic { word = 0; table = NONE; UNLOCK(map_writer[s]) }
}

#ifdef OBJECT
inline truncate() { // rule 23: through the reverse map, with no map_lock; LINKED and LENT alike
    LOCK(object_lock);
    if
    :: indexed ->
        indexed = 0;
        i = 0;
        do
        :: i < SPACES ->
            if
            :: listed[i] ->
                LOCK(upper[i]);
                entry_seen = ENTRY(i, FILE_PAGE / LEAVES);
                if
                :: entry_seen ->
                    table = NAMED(entry_seen);
                    atomic { !leaf_lock[table] -> word = TABLE_LEAF(table, FILE_PAGE % LEAVES);
                             TABLE_LEAF(table, FILE_PAGE % LEAVES) = 0 }
                :: else
                fi;
                UNLOCK(upper[i]);
                if
                :: word ->
#ifdef MUTANT_LENT_NEEDS_NO_FLUSH // but its owner may be a fork that has not flushed yet
                    if
                    :: IS_LINKED(entry_seen) -> flush(i)
                    :: else
                    fi;
#else
                    flush(i);
#endif
                    frame_put(FILE_FRAME)
                :: else
                fi;
                atomic { word = 0; entry_seen = 0; table = NONE }
            :: else
            fi;
            i++
        :: atomic { else -> i = 0; break }
        od;
        frame_put(FILE_FRAME) // the index's own
    :: else
    fi;
    UNLOCK(object_lock)
}
#endif

#ifdef PROMOTE
// A table whose pages lie side by side, all writable and nobody else's, becomes one leaf for the hardware.
inline promote(i) {
    MAP_READ(s);
    LOCK(upper[s]);
    atomic {
        if
        :: IS_LINKED(ENTRY(s, i)) && !MEGA(s, i) && !leaf_lock[NAMED(ENTRY(s, i))] ->
            table = NAMED(ENTRY(s, i));
            yes = 1;
            for (j : 0 .. LEAVES - 1) {
                word = TABLE_LEAF(table, j);
                if
                :: !word || !WRITABLE(word) || NAMED(word) != NAMED(TABLE_LEAF(table, 0)) + j -> yes = 0
                :: else
                fi
            }
            if
            :: yes -> MEGA(s, i) = NAMED(TABLE_LEAF(table, 0)) + 1; absorb()
            :: else
            fi
        :: else
        fi;
        yes = 0; word = 0; j = 0; table = NONE
    }
    atomic { UNLOCK(upper[s]); map_readers[s]-- }
}
#endif

// --- what is checked -------------------------------------------------------------------------------------------------

// A load or store of hart h through anything it may hold. The value found must be the one that the space's program
// expects; a store changes it.
inline access(p) {
    hit = 0;
    do
    :: hit < 2 * FRAMES - 1 -> hit++
    :: break
    od;
    if
    :: TLB(h, s, p) >> hit & 1 && (!write || hit & 1) ->
        assert(kind[hit / 2] != FREE);
        if
        :: p != FILE_PAGE && MAPPED(s, p) ->
            assert(content[hit / 2] == EXPECTED(s, p));
            if
            :: write -> content[hit / 2] = 1 - content[hit / 2]; EXPECTED(s, p) = 1 - EXPECTED(s, p)
            :: else
            fi
        :: else
        fi;
        hit = 0;
        goto done
    :: else -> hit = 0
    fi
}

inline audit() {
    d_step {
        for (t_ : 0 .. TABLES - 1) {
            n_ = 0;
            for (i_ : 0 .. SPACES * ENTRIES - 1) {
                if
                :: entry[i_] && NAMED(entry[i_]) == t_ -> n_++; assert(IS_LENT(entry[i_]) || table_refs[t_] == 1)
                :: else
                fi;
                assert(!mega[i_] || IS_LINKED(entry[i_]))
            }
            assert(n_ == table_refs[t_] && !leaf_lock[t_])
        }
        for (t_ : 0 .. FRAMES - 1) {
            n_ = 0;
            for (i_ : 0 .. TABLES * LEAVES - 1) {
                if
                :: leaves[i_] && NAMED(leaves[i_]) == t_ ->
                    n_++;
                    assert(kind[t_] == CACHE || !WRITABLE(leaves[i_]) || frame_refs[t_] == 1)
                :: else
                fi
            }
#ifdef OBJECT
            if
            :: t_ == FILE_FRAME && indexed -> n_++
            :: else
            fi;
            assert(indexed || kind[t_] != CACHE);
#endif
            assert(n_ == frame_refs[t_] && (n_ == 0) == (kind[t_] == FREE) && !busy[t_])
        }
        for (s_ : 0 .. SPACES - 1) {
            assert(!upper[s_] && !map_readers[s_] && !map_writer[s_]);
            for (j_ : 0 .. ENTRIES - 1) {
                for (i_ : 0 .. HARTS - 1) {
                    assert(!IS_LENT(ENTRY(s_, j_)) || !WALKS(i_, s_, j_)); // I2
                }
            }
        }
        i_ = 0; j_ = 0; s_ = 0; t_ = 0; n_ = 0
    }
}

// --- the harts -------------------------------------------------------------------------------------------------------

proctype hart(byte h)
{
    byte s, page, i, j, walk, word, table = NONE, spare = NONE, given = NONE, child, copy, old, asked, hit, entry_seen;
    bit write, yes, last, was_linked, only;
    do
    :: atomic { left > 0 ->
                select(s : 0 .. SPACES - 1);
                if
                :: life[s] == ALIVE -> left--; under_way++; satp[h] = s; absorb()
                :: else -> s = 0; goto next
                fi }
       if
       :: atomic { select(page : 0 .. PAGES - 1); select(write : 0 .. 1); access(page) }
          fault(page);
          atomic { if :: access(page) :: goto done fi }
       :: fork()
       :: do_exit()
       :: atomic { select(page : 0 .. PAGES - 1) }
          unmap(page)
#ifdef OBJECT
       :: truncate()
#endif
#ifdef PROMOTE
       :: atomic { select(page : 0 .. ENTRIES - 1) }
          promote(page)
#endif
       fi;
done:  atomic {
           satp[h] = NONE; page = 0; s = 0; write = 0; under_way--;
           if
           :: !under_way -> audit()
           :: else
           fi
       }
next:  skip
    :: left == 0 -> break
    od
}

init {
    atomic {
        byte s, i, j, f;
#ifdef OBJECT
        f = 1; kind[FILE_FRAME] = CACHE; frame_refs[FILE_FRAME] = 1;
#endif
        for (i : 0 .. ENTRIES - 1) {
            for (j : 0 .. LEAVES - 1) {
                if
                :: i * LEAVES + j == FILE_PAGE -> TABLE_LEAF(i, j) = LEAF(0, 1); frame_refs[0]++
                :: else -> TABLE_LEAF(i, j) = LEAF(f, 1); kind[f] = ANON; frame_refs[f] = 1; f++
                fi
            }
        }
#ifdef ALONE
        for (s : ALONE .. ALONE) {
#else
        for (s : 0 .. 1) {
#endif
            life[s] = ALIVE;
            for (i : 0 .. ENTRIES - 1) {
#ifdef ALONE
                ENTRY(s, i) = LINKED(i);
#else
                ENTRY(s, i) = LENT(i);
#endif
                table_refs[i]++
            }
            for (i : 0 .. PAGES - 1) { MAPPED(s, i) = 1 }
#ifdef OBJECT
            listed[s] = 1;
#endif
        }
        s = 0; i = 0; j = 0; f = 0;
        audit();
        for (i : 0 .. HARTS - 1) { run hart(i) }
        i = 0
    }
}
