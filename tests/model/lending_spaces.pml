// SPDX-License-Identifier: MIT
//
// Last part of lending.pml: what is done to whole spaces (fork, exit, unmap, truncation, reclaim), and the
// harts that do it.

// --- fork (mm/fork.c, arch/riscv/pagetable_lend.c) ----------------------------------------------------

#ifdef OBJECT
inline list_child() { LOCK(object_lock); listed[child] = listed[s]; UNLOCK(object_lock) }
inline unlist(s) { LOCK(object_lock); listed[s] = 0; UNLOCK(object_lock) }
#else
inline list_child() { skip }
inline unlist(s) { skip }
#endif

// docs/LENDING.md, rule 7. Without `upper`: map_lock keeps owners out; a reverse map reads both alike.
inline pt_lend() {
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
                d_step {
                    ENTRY(s, i) = LENT(table);
#ifndef MUTANT_LEND_WHOLE // lends the table of a 2 MiB page, and leaves the short cut there
                    WHOLE(s, i) = 0;
#endif
                    absorb()
                }
#endif
            :: else
            fi
        :: else
        fi;
        i++
    :: atomic { else -> i = 0; table = NONE; break }
    od
}

// docs/LENDING.md, rule 10: any table may be one with few pages.
inline pt_lend_settle() {
    i = 0;
    do
    :: i < ENTRIES ->
        if
        :: true
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
        :: child < SPACES -> life[child] = MAKING; has_run[child] = 0
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
#ifdef MUTANT_SETTLE_EARLY // the same, and even before the flush
        pt_lend_settle();
#endif
#ifndef MUTANT_NO_FORK_FLUSH
        if
        :: was_linked -> flush(s, NONE)
        :: else
        fi;
#endif
        atomic { // what the child is to find is what the parent has stored until now
            for (i_ : 0 .. PAGES - 1) {
                EXPECTED(child, i_) = EXPECTED(s, i_);
                MAPPED(child, i_) = MAPPED(s, i_)
            }
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

// --- exit and unmap (mm/map.c, arch/riscv/pagetable.c, pagetable_walk.c) ------------------------------

inline do_exit() {
    atomic { // tlb_evict(): no hart but this one has its root in satp, and this one takes the kernel's
        for (i_ : 0 .. HARTS - 1) {
            if
            :: i_ != h && satp[i_] == s -> i_ = 0; goto done
            :: else
            fi
        }
        i_ = 0;
        if
        :: map_writer[s] || map_readers[s] || visited[s] || life[s] != ALIVE -> goto done
        :: else -> life[s] = LEAVING; satp[h] = NONE
        fi
    }
    unlist(s);
    i = 0;
    do // pt_destroy()
    :: i < ENTRIES ->
        d_step { word = ENTRY(s, i); ENTRY(s, i) = 0; WHOLE(s, i) = 0 }
        if
        :: word -> leaf_table_put(NAMED(word))
        :: else
        fi;
        i++
    :: atomic { else -> i = 0; word = 0; break }
    od;
    flush(s, NONE); // harts forget the rest before the ASID is used again: asid.pml
    atomic {
        for (i_ : 0 .. PAGES - 1) { EXPECTED(s, i_) = 0; MAPPED(s, i_) = 0 }
        i_ = 0;
        life[s] = DEAD
    }
}

// => `outside`: has the table a leaf for another page than p? (table_used_outside())
inline used_outside(t, p) {
    d_step {
        outside = 0;
        for (i_ : 0 .. LEAVES - 1) { outside = outside || (i_ != (p) % LEAVES && TABLE_LEAF(t, i_)) }
        i_ = 0
    }
}

// unlink_table(): by one count, its leaves untouched; no flush when it was lent.
inline unlink_table(s, i) {
    LOCK(upper[s]);
    LOCK(leaf_lock[table]);
    d_step { word = ENTRY(s, i); ENTRY(s, i) = 0; WHOLE(s, i) = 0 }
    UNLOCK(leaf_lock[table]);
    UNLOCK(upper[s]);
#ifdef MUTANT_UNMAP_PUT_FIRST
    leaf_table_put(table);
#endif
    if
    :: IS_LINKED(word) -> flush(s, NONE)
    :: else
    fi;
#ifndef MUTANT_UNMAP_PUT_FIRST
    leaf_table_put(table);
#endif
    word = 0
}

inline unmap(p) {
    MAP_WRITE(s);
    if
    :: MAPPED(s, p) && ENTRY(s, (p) / LEAVES) ->
        table = NAMED(ENTRY(s, (p) / LEAVES));
        used_outside(table, p);
        if
        :: IS_LENT(ENTRY(s, (p) / LEAVES)) && outside -> leaf_table_own(s, (p) / LEAVES, true) // pt_own_cut()
        :: else
        fi;
        if
        :: table != NONE -> // else no memory, and nothing has happened
            if
            :: p == FILE_PAGE -> unlist(s)
            :: else
            fi;
            d_step { MAPPED(s, p) = 0; EXPECTED(s, p) = 0 }
            used_outside(table, p); // a truncation may have been here
            if
            :: !outside -> unlink_table(s, (p) / LEAVES)
            :: else ->
                lock_next(s, (p) / LEAVES);
                if
                :: TABLE_LEAF(table, (p) % LEAVES) -> clear_leaf(s, p)
                :: else -> UNLOCK(leaf_lock[table])
                fi
            fi
        :: else
        fi
    :: else
    fi;
    atomic { table = NONE; outside = 0; UNLOCK(map_writer[s]) }
}

// --- truncation and reclaim (mm/object.c, mm/reverse.c, mm/reclaim_spaces.c) --------------------------

#ifdef OBJECT
// docs/LENDING.md, rule 23: no map_lock. Out of the index first, which a fault asks under the leaf lock.
inline truncate() {
    LOCK(object_lock);
    if
    :: indexed ->
        indexed = 0;
        i = 0;
        do
        :: i < SPACES ->
            if
            :: listed[i] ->
                lock_next(i, FILE_PAGE / LEAVES);
                if
                :: table != NONE && TABLE_LEAF(table, FILE_PAGE % LEAVES) -> clear_leaf(i, FILE_PAGE)
                :: table != NONE && !TABLE_LEAF(table, FILE_PAGE % LEAVES) -> UNLOCK(leaf_lock[table])
                :: else
                fi;
                table = NONE
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

#if defined(OBJECT) || defined(MEGA)
// pt_reclaim(): the hand comes by in space i, of which it knows only that it will not go away.
inline reclaim(entry_, p) {
    atomic {
        if
        :: (life[i] == MAKING || life[i] == ALIVE) && !visited[i] -> visited[i] = 1
        :: else -> goto done // one hand is enough
        fi
    }
    lock_next(i, entry_);
    if
    :: table == NONE
#ifndef MUTANT_RECLAIM_CHILD // it has never run: its flush does not reach who gets there through the parent
    :: table != NONE && table_refs[table] != 1 && !has_run[i] -> UNLOCK(leaf_lock[table])
    :: table != NONE && (table_refs[table] == 1 || has_run[i]) ->
#else
    :: table != NONE ->
#endif
        if
        :: p != NONE && TABLE_LEAF(table, (p) % LEAVES) -> clear_leaf(i, p)
        :: else -> // a 2 MiB page is split, so that hardware marks which part is in use
            mega_split(i, entry_, table);
            UNLOCK(leaf_lock[table]);
            if
            :: split -> split = 0; flush(i, NONE)
            :: else
            fi
        fi
    fi;
    atomic { visited[i] = 0; i = 0; table = NONE }
}
#endif

// --- the harts ----------------------------------------------------------------------------------------

proctype hart(byte h)
{
    byte s, page, i, walk, word, table = NONE, spare = NONE, given = NONE, child, copy, old, asked, hit;
    bit write, mine, last, was_linked, only, again, split, quiet, outside;
#ifdef OBJECT
    bit held;
#endif
    do
    :: atomic { left > 0 ->
                select(s : 0 .. SPACES - 1);
                if
                :: life[s] == ALIVE -> left--; under_way++; satp[h] = s; has_run[s] = 1; absorb()
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
       :: atomic { select(i : 0 .. SPACES - 1) }
          reclaim(FILE_PAGE / LEAVES, FILE_PAGE)
#endif
#ifdef MEGA
       :: atomic { select(i : 0 .. SPACES - 1); select(page : 0 .. ENTRIES - 1) }
          reclaim(page, NONE)
#endif
       fi;
done:  atomic {
           satp[h] = NONE; page = 0; s = 0; i = 0; write = 0; under_way--;
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
        f = 1; indexed = 1; kind[FILE_FRAME] = CACHE; frame_refs[FILE_FRAME] = 1;
#endif
        for (i : 0 .. ENTRIES - 1) {
            for (j : 0 .. LEAVES - 1) {
                if
#ifdef ABSENT // the file's page: nobody has touched it
                :: i * LEAVES + j == FILE_PAGE
#else
                :: i * LEAVES + j == FILE_PAGE ->
                    TABLE_LEAF(i, j) = LEAF(FILE_FRAME, 0);
                    frame_refs[FILE_FRAME]++
#endif
                :: else -> TABLE_LEAF(i, j) = LEAF(f, 1); kind[f] = ANON; frame_refs[f] = 1; f++
                fi
            }
#ifdef MEGA
            table_mega[i] = 1;
#endif
        }
#ifdef ALONE
        for (s : ALONE .. ALONE) {
#else
        for (s : 0 .. 1) {
#endif
            life[s] = ALIVE; has_run[s] = 1;
            for (i : 0 .. ENTRIES - 1) {
                table_refs[i]++;
#ifdef ALONE
                j = i; link_table(s, i, j)
#else
                ENTRY(s, i) = LENT(i)
#endif
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
