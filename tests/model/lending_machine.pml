// SPDX-License-Identifier: MIT
//
// First part of lending.pml: what there is (spaces, tables, frames), what hardware does, frames and tables
// with their counts, locks, and what must hold. No step of the protocol is here.

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

// --- what there is ------------------------------------------------------------------------------------

// An entry of a level-1 table is EMPTY (0), LINKED or LENT. Where WHOLE is not 0, hardware finds a 2 MiB leaf
// in place of the link: frame WHOLE - 1 and those behind it. The two are one word, and change in one step.
#define LINKED(t) (1 + 2 * (t))
#define LENT(t) (2 + 2 * (t))
#define NAMED(word) (((word) - 1) >> 1) // the table of an entry; the frame of a leaf
#define IS_LINKED(word) ((word) & 1)
#define IS_LENT(word) ((word) != 0 && !((word) & 1))
#define LEAF(f, write) (1 + 2 * (f) + (write))
#define WRITABLE(word) (((word) - 1) & 1)

#define ENTRY(s, i) entry[(s) * ENTRIES + (i)]
#define WHOLE(s, i) whole[(s) * ENTRIES + (i)]
#define TABLE_LEAF(t, j) leaves[(t) * LEAVES + (j)]
#define LINKS(h, s, i) links[((h) * SPACES + (s)) * ENTRIES + (i)]
#define TLB(h, s, p) tlb[((h) * SPACES + (s)) * PAGES + (p)]
#define EXPECTED(s, p) expected[(s) * PAGES + (p)]
#define MAPPED(s, p) mapped[(s) * PAGES + (p)]

byte entry[SPACES * ENTRIES], whole[SPACES * ENTRIES];
bit upper[SPACES];                                    // a spin lock
byte table_refs[TABLES], leaves[TABLES * LEAVES];
bit leaf_lock[TABLES], table_mega[TABLES];            // table.lock, table.mega
mtype = { FREE, ANON, CACHE };
mtype kind[FRAMES] = FREE;
byte frame_refs[FRAMES];
bit busy[FRAMES], content[FRAMES];                    // FRAME_BUSY; what is in the frame
byte map_readers[SPACES];
bit map_writer[SPACES], visited[SPACES], has_run[SPACES]; // visited: reclaim is in there
mtype = { DEAD, MAKING, ALIVE, LEAVING };
mtype life[SPACES] = DEAD;

byte satp[HARTS] = NONE;               // a space
short tlb[HARTS * SPACES * PAGES];     // a set of leaves: LEAF - 1 is a bit
byte links[HARTS * SPACES * ENTRIES];  // a set of tables
bit expected[SPACES * PAGES], mapped[SPACES * PAGES]; // what the program is to find, and where
byte under_way, left = OPERATIONS;

// With OBJECT the last page of each space shows, read-only, a page of a file; that page is FILE_FRAME.
#define FILE_FRAME 0
#ifdef OBJECT
#define FILE_PAGE (PAGES - 1)
bit indexed, object_lock, listed[SPACES];
#else
#define FILE_PAGE NONE
#endif

hidden byte i_, j_, k_, s_, t_, n_; // inside d_step only

// --- hardware -----------------------------------------------------------------------------------------

inline absorb_leaf(leaf) {
    TLB(i_, s_, j_ * LEAVES + k_) = TLB(i_, s_, j_ * LEAVES + k_) | (1 << ((leaf) - 1))
}

// All that hardware may have walked by now, it has.
inline absorb() {
    d_step {
        for (i_ : 0 .. HARTS - 1) {
            s_ = satp[i_];
            for (j_ : 0 .. ENTRIES - 1) {
                if
                :: s_ != NONE && IS_LINKED(ENTRY(s_, j_)) && !WHOLE(s_, j_) ->
                    LINKS(i_, s_, j_) = LINKS(i_, s_, j_) | (1 << NAMED(ENTRY(s_, j_)))
                :: s_ != NONE && WHOLE(s_, j_) ->
                    for (k_ : 0 .. LEAVES - 1) { absorb_leaf(LEAF(WHOLE(s_, j_) - 1 + k_, 1)) }
                :: else
                fi;
                for (t_ : 0 .. TABLES - 1) {
                    if
                    :: s_ != NONE && LINKS(i_, s_, j_) >> t_ & 1 ->
                        assert(table_refs[t_]); // a hart walks a table that has been put
                        for (k_ : 0 .. LEAVES - 1) {
                            if
                            :: TABLE_LEAF(t_, k_) -> absorb_leaf(TABLE_LEAF(t_, k_))
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

// sfence.vma with an address reaches leaves only; without one, all there is of the space.
inline fence(hart, s, p) {
    d_step {
        for (i_ : 0 .. PAGES - 1) { TLB(hart, s, i_) = ((p) == NONE || (p) == i_ -> 0 : TLB(hart, s, i_)) }
        for (i_ : 0 .. ENTRIES - 1) { LINKS(hart, s, i_) = ((p) == NONE -> 0 : LINKS(hart, s, i_)) }
        i_ = 0;
        absorb()
    }
}

// ask_harts(): one after the other. p == NONE: a batch with `tables` set.
inline flush(s, p) {
    asked = 0;
    do
    :: atomic { asked < HARTS -> fence(asked, s, p); asked++ }
    :: atomic { else -> asked = 0; break }
    od
}

// --- frames and tables --------------------------------------------------------------------------------

// Nobody can use a translation of it any more: not under the ASID of a space that lives.
#define IS_GONE(s) (life[s] == LEAVING || life[s] == DEAD)
inline freed_frame(f) {
    for (i_ : 0 .. HARTS * SPACES * PAGES - 1) {
        assert(!(tlb[i_] >> (2 * (f)) & 3) || IS_GONE(i_ / PAGES % SPACES))
    }
    i_ = 0
}
inline freed_table(t) {
    for (i_ : 0 .. HARTS * SPACES * ENTRIES - 1) {
        assert(!(links[i_] >> (t) & 1) || IS_GONE(i_ / ENTRIES % SPACES))
    }
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
inline frame_alloc(f) { // NONE: out of memory
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
// The last one gives back what the table names, and only then the table (counted once until then, so that
// table_alloc() here leaves it alone).
inline leaf_table_put(t) {
    d_step {
        assert(table_refs[t]);
        last = (table_refs[t] == 1);
        if
        :: last -> freed_table(t); table_mega[t] = 0 // mega_forget()
        :: else -> table_refs[t]--
        fi
    }
    if
    :: last ->
        walk = 0;
        do
        :: atomic { walk < LEAVES ->
                    if
                    :: TABLE_LEAF(t, walk) -> frame_put(NAMED(TABLE_LEAF(t, walk))); TABLE_LEAF(t, walk) = 0
                    :: else
                    fi;
                    walk++ }
        :: atomic { else -> walk = 0; table_refs[t] = 0; last = 0; break }
        od
    :: else
    fi
}

// --- locks --------------------------------------------------------------------------------------------

#define LOCK(l) atomic { !(l) -> l = 1 }
#define UNLOCK(l) l = 0
#define MAP_READ(s) atomic { !map_writer[s] -> map_readers[s]++ }
#define MAP_WRITE(s) atomic { !map_writer[s] && !map_readers[s] -> map_writer[s] = 1 }

// --- what is checked ----------------------------------------------------------------------------------

// A load or store of hart h through anything that it may hold. What it finds must be what the program of the
// space left there; a store leaves something else. => goes to `done` when there was such a translation
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

inline audit_table(t) { // as many entries name it as it is counted; LINKED: once
    n_ = 0;
    for (i_ : 0 .. SPACES * ENTRIES - 1) {
        if
        :: entry[i_] && NAMED(entry[i_]) == t ->
            n_++;
            assert(IS_LENT(entry[i_]) || table_refs[t] == 1);
            assert(IS_LENT(entry[i_]) || (whole[i_] != 0) == table_mega[t])
        :: else
        fi;
        assert(!whole[i_] || IS_LINKED(entry[i_]))
    }
    assert(n_ == table_refs[t] && !leaf_lock[t])
}

inline audit_frame(f) { // as many leaves name it as it is counted; what is private and writable: once
    n_ = 0;
    for (i_ : 0 .. TABLES * LEAVES - 1) {
        if
        :: leaves[i_] && NAMED(leaves[i_]) == f ->
            n_++;
            assert(!WRITABLE(leaves[i_]) || frame_refs[f] == 1)
        :: else
        fi
    }
#ifdef OBJECT
    n_ = n_ + (f == FILE_FRAME && indexed);
    assert(indexed || kind[f] != CACHE);
#endif
    assert(n_ == frame_refs[f] && (n_ == 0) == (kind[f] == FREE) && !busy[f])
}

inline audit() {
    d_step {
        for (t_ : 0 .. TABLES - 1) { audit_table(t_) }
        for (t_ : 0 .. FRAMES - 1) { audit_frame(t_) }
        for (s_ : 0 .. SPACES - 1) {
            assert(!upper[s_] && !map_readers[s_] && !map_writer[s_] && !visited[s_]);
            for (j_ : 0 .. ENTRIES - 1) {
                for (i_ : 0 .. HARTS - 1) {
                    assert(!IS_LENT(ENTRY(s_, j_)) || !LINKS(i_, s_, j_)) // nobody can reach a lent table
                }
            }
        }
        i_ = 0; j_ = 0; s_ = 0; t_ = 0; n_ = 0
    }
}
