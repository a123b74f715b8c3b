// SPDX-License-Identifier: MIT
//
// Second part of sleep.pml: wait queues and sleep locks, and those who use them.

// --- wait queues (lib/wait.h, lib/wait.c) -------------------------------------------------------------

inline wait_enqueue() {
    spin_lock(wait_lock);
    d_step {
        assert(lives[me] && (!queued[me] || waiters??[eval(me)]));
        if
        :: !queued[me] -> queued[me] = 1; waiters!me
        :: else
        fi
    }
    spin_unlock(wait_lock)
}

inline wait_dequeue() {
    spin_lock(wait_lock);
    d_step {
        if
        :: queued[me] -> queued[me] = 0; waiters??eval(me)
        :: else
        fi
    }
    spin_unlock(wait_lock)
}

// => wait_lock held: once it is free the one woken, its waiter and its record may be gone
inline wake_first() {
    d_step { waiters?woken; assert(lives[woken] && queued[woken]); queued[woken] = 0 }
#ifdef MUTANT_WAKE_UNLOCKED
    spin_unlock(wait_lock);
    sleep_wake(woken);
    spin_lock(wait_lock);
#else
    sleep_wake(woken);
#endif
    woken = 0
}

inline wake_all() {
    spin_lock(wait_lock);
    do
#ifdef MUTANT_WAKE_ONE // one for each item: but who has just given up may be the one that is woken
    :: nempty(waiters) -> wake_first(); break
#else
    :: nempty(waiters) -> wake_first()
#endif
    :: empty(waiters) -> break
    od;
    spin_unlock(wait_lock)
}

// The condition is "there is an item", and takes it. It wins over giving up.
#define TAKE_ITEM atomic { if :: items -> items--; got = 1; took[me] = 1 :: else fi }

inline wait_event_interruptible(with_deadline) {
    lives[me] = 1; // WAITER_INIT
    do
    ::
#ifdef MUTANT_CHECK_FIRST // an item that comes between look and queue wakes nobody
       TAKE_ITEM;
       wait_enqueue();
#else
       wait_enqueue();
       TAKE_ITEM;
#endif
       if
       :: got -> break
       :: !got && attention[me] -> given_up = 1; break // -EINTR
       :: !got && !attention[me] ->
           if
           :: with_deadline && passed[me] -> given_up = 1; break // -ETIMEDOUT
           :: else -> sleep_park(with_deadline)
           fi
       fi
    od;
#ifdef MUTANT_GIVE_UP_QUEUED
    if
    :: !given_up -> wait_dequeue()
    :: else
    fi;
#else
    wait_dequeue();
#endif
    lives[me] = 0
}

// --- a sleep lock, taken for writing (lib/sleeplock.c) ------------------------------------------------

inline acquire() {
    lives[me] = 1;
    spin_lock(wait_lock);
    if
    :: empty(waiters) && holder == NONE -> holder = me // admit()
    :: nempty(waiters) || holder != NONE -> d_step { queued[me] = 1; waiters!me }
    fi;
    do
    :: queued[me] ->
        spin_unlock(wait_lock);
        sleep_park(0);
        spin_lock(wait_lock)
    :: else -> break // off the queue: the holder
    od;
    spin_unlock(wait_lock);
    lives[me] = 0
}

inline release() {
    spin_lock(wait_lock);
    holder = NONE;
    do
    :: holder == NONE && nempty(waiters) -> // admit() the one in front
#ifndef MUTANT_NOT_HANDED_OVER // the lock is free until he has woken up
        waiters?<holder>;
#endif
        wake_first()
    :: holder != NONE || empty(waiters) -> break
    od;
    spin_unlock(wait_lock)
}

// --- tasks --------------------------------------------------------------------------------------------

inline schedule_exit() { // the parent's wait frees the record once the task is DEAD: schedule_wait_dead()
    spin_lock(tree_lock);
    listed[me] = 0;
    spin_unlock(tree_lock);
    spin_lock(queue_lock[here]);
    state[me] = DEAD;
    switch_away()
}

inline put_items(count) {
    item = 0;
    do
    :: item < count ->
        atomic { items++; item++ }
        wake_all()
    :: else -> item = 0; break
    od
}

inline signal_first_sleeper() { // signal_send(): threads are found, and stay, under the lock
    if
    :: fatal = 1
    :: true
    fi;
    spin_lock(tree_lock);
    if
    :: listed[0] -> schedule_interrupt_task(0, fatal)
    :: else
    fi;
    spin_unlock(tree_lock)
}

// The waker is busy in user mode. Ticks make him leave his hart to those who are ready on it; or none ever comes:
// then the other hart must run them.
inline compute_until_dead(task) {
    if
    :: ticks = 1
    :: ticks = 0
    fi;
    do
    :: state[task] == DEAD -> break
    :: ticks && nempty(ready[here]) -> schedule_yield()
    od;
    ticks = 0
}

proctype task(byte me) provided (RUNS(me))
{
    byte here, to, at, seen, target, woken, item, added_on;
    bit parked, got, given_up, had, with_deadline, fatal, ticks;

    schedule_first_run();
#ifdef MUTEX
    acquire();
    d_step { inside++; assert(inside == 1 && holder == me) }
    schedule_yield(); // the lock is held all the while
    inside--;
    release();
#else
    if
    :: me < SLEEPERS ->
#ifdef DEADLINE
        if
        :: with_deadline = 1
        :: true
        fi;
#endif
        wait_event_interruptible(with_deadline)
    :: else -> // the waker
#if SIGNALS > 0
        signal_first_sleeper();
#endif
#if SIGNALS > 1
        signal_first_sleeper();
#endif
#ifdef DEVICE // an interrupt puts the items, on either hart
        if
        :: device[0] = 1
        :: device[1] = 1
        fi;
#else
        put_items(SLEEPERS - fatal); // none for who is to die
#endif
        compute_until_dead(0);
#if SLEEPERS > 1
        if
        :: fatal && took[0] -> put_items(1) // but an item wins over dying
        :: else
        fi;
        compute_until_dead(1)
#endif
    fi;
#endif
    schedule_exit();
end_dead:
    assert(false) // a dead task was run
}

// --- what each hart has -------------------------------------------------------------------------------

// Takes one ready task from another hart. => interrupts off, no lock held
inline steal() {
    victim = 1 - here;
    if
    :: nempty(ready[victim]) -> // a hint: the lock tells
        spin_lock(queue_lock[victim]);
        if
        :: ready[victim]?stolen ->
#ifndef MUTANT_STEAL_HOME_LATE
            home[stolen] = here;
#endif
            spin_unlock(queue_lock[victim]);
#ifdef MUTANT_STEAL_HOME_LATE // who wakes it meanwhile takes the wrong lock for its own
            home[stolen] = here;
#endif
            spin_lock(queue_lock[here]);
            enqueue(here, stolen);
            spin_unlock(queue_lock[here]);
            stolen = 0; found = 1
        :: empty(ready[victim]) -> spin_unlock(queue_lock[victim])
        fi
    :: empty(ready[victim])
    fi;
    victim = 0
}

proctype idle(byte h) provided (RUNS(IDLE(h)))
{
    byte here = h, to, victim, stolen, seen, target, me = IDLE(h);
    bit found;
    do
    ::
#ifndef MUTANT_IDLE_LOOKS_IRQ_ON // the IPI is taken between look and sleep
       off[here] = 1; // irq_disable()
#endif
#ifndef MUTANT_IDLE_BIT_LATE // who queues work between look and bit sends no IPI
       idle_harts = idle_harts | 1 << here;
#endif
       found = nempty(ready[here]);
       if
       :: !found -> steal()
       :: else
       fi;
#ifdef MUTANT_IDLE_LOOKS_IRQ_ON
       off[here] = 1;
#endif
#ifdef MUTANT_IDLE_BIT_LATE
       idle_harts = idle_harts | 1 << here;
#endif
       if
       :: found
       :: else ->
end_wfi:   PENDING(here) // cpu_wait_for_interrupt(): ends also when interrupts are off
       fi;
       atomic { found = 0; off[here] = 0 } // irq_enable(): what has come is served here
       if
       :: nempty(ready[here]) ->
           idle_harts = idle_harts & ~(1 << here);
#ifndef MUTANT_IDLE_KEEPS_ALL // two have come while the bit was set, and nobody else has been told
           if
           :: len(ready[here]) > 1 -> kick(here)
           :: else
           fi;
#endif
           spin_lock(queue_lock[here]);
           switch_to_next();
           spin_unlock(queue_lock[here])
       :: empty(ready[here])
       fi
    od
}

proctype interrupts(byte here) // on top of whatever task the hart runs
{
    byte at, seen, target, woken, due, item;
    bit parked;
end:
    do
    :: atomic { PENDING(here) && !off[here] -> in_interrupt[here] = 1; off[here] = 1; ipi[here] = 0 }
       if
       :: TIMER_DUE(here) -> timer_expire()
       :: else
       fi;
       if
       :: device[here] -> device[here] = 0; put_items(SLEEPERS)
       :: else
       fi;
       atomic { in_interrupt[here] = 0; off[here] = 0 }
    od
}

#ifdef DEADLINE
proctype passing_time()
{
end:
    do
    :: !passed[0] -> passed[0] = 1
#if SLEEPERS > 1
    :: !passed[1] -> passed[1] = 1
#endif
    od
}
#endif

init {
    atomic {
        byte n;
        for (n : 0 .. TASKS - 1) { // made on hart 0, which others steal from
            saved[n] = 1; listed[n] = 1;
            run task(n);
            ready[0]!n
        }
        for (n : 0 .. HARTS - 1) {
            home[IDLE(n)] = n; state[IDLE(n)] = RUNNING; hart_of[IDLE(n)] = n;
            run idle(n);
            run interrupts(n)
        }
#ifdef DEADLINE
        run passing_time();
#endif
        n = 0
    }
}
