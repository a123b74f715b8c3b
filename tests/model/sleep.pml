// SPDX-License-Identifier: MIT
//
// A model of sleeping and waking for Spin: lib/wait.h and lib/wait.c (wait queues), lib/sleeplock.c (MUTEX),
// proc/schedule.c (run queues, park, wake, steal, idle) and proc/timer.c (deadlines). Read it beside them:
// names and order of steps are theirs.
//
// WHO IS WHO
//   task(me)        a task: a sleeper in wait_event_interruptible(), or the waker. Its process can take a
//                   step only while a hart runs it: `provided (RUNS(me))`. Where it stands is its context.
//   idle(h)         idle_loop() of hart h: the task that runs when there is nothing to do.
//   interrupts(h)   the interrupt handler of hart h. While it runs the task below it stands still.
//   passing_time()  makes deadlines pass, whenever it likes (DEADLINE).
//
// WHAT THEY DO. Sleepers wait for an item each. The waker puts the items, or has an interrupt put them
// (DEVICE), and then computes in user mode until all sleepers are dead. First he sends SIGNALS signals to
// sleeper 0, each fatal or not. With MUTEX all tasks only take a sleep lock and release it.
//
// WHAT IS CHECKED
//   1 No wake-up is lost: in the end all tasks are dead. A sleeper whom nobody will wake, a ready task that
//     nobody will run: Spin reports an invalid end state.
//   2 No task is put on a run queue or wait queue on which it is already, and none is found on one whose
//     record (on its stack) is gone: the assertions at lives, sleeper_lives, queued, state.
//   3 No hart loads a context that is not saved, or runs on a stack that another still uses: switch_away().
//   4 Only one task at a time is between acquire() and release() (MUTEX).
//
// ONE STEP for each access to shared memory that no lock orders (sequentially consistent). A spin lock and
// "interrupts off" are one step; off[h] counts how often hart h has turned them off.
//
// NOT MODELLED: more than two harts, readers of a sleep lock, futex lists (proc/futex.c has a loop of its
// own), how an IPI or a tick brings a task in user mode into the kernel (the waker there gives up his hart
// when somebody is ready on it, or never), new tasks, when a signal stops being pending, weak memory.
//
// MUTANTS: -DMUTANT_name breaks one step, and Spin must find an error within these bounds:
//   CHECK_FIRST            -DSLEEPERS=1
//   EXPIRE_UNLOCKED        -DDEADLINE
//   GIVE_UP_QUEUED         -DDEADLINE
//   IDLE_BIT_LATE          -DSLEEPERS=1
//   IDLE_KEEPS_ALL         -DSLEEPERS=1 -DDEADLINE
//   IDLE_LOOKS_IRQ_ON      -DSLEEPERS=1
//   KICK_EARLY             -DSLEEPERS=1
//   NOT_HANDED_OVER        -DMUTEX
//   NO_TOKEN               -DSLEEPERS=1
//   SIGNAL_LATE            -DSIGNALS=1
//   SLEEPER_LEFT           -DDEADLINE
//   STALE_HOME             -DSIGNALS=2 -DDEVICE
//   STEAL_HOME_LATE        -DSIGNALS=2 -DDEVICE
//   TOKEN_UNLOCKED         -DSLEEPERS=1
//   UNLOCK_BEFORE_SWITCH   -DMUTEX
//   WAKE_ONE               -DSLEEPERS=2 -DSIGNALS=1
//   WAKE_READY             -DSIGNALS=1
//   WAKE_UNLOCKED          -DSIGNALS=1

#define HARTS 2
#ifndef SLEEPERS
#define SLEEPERS 1
#endif
#ifndef TASKS
#define TASKS (SLEEPERS + 1) // the last one wakes; with MUTEX all do the same
#endif

#define NONE 255
#define IDLE(h) (TASKS + (h))
#define ALL (TASKS + HARTS)

mtype = { READY, RUNNING, PARKED, DEAD };
mtype state[ALL] = READY;                   // struct task
bit token[ALL], attention[ALL];             //   wake_token; ATTENTION_SIGNAL
byte home[ALL];
bit saved[ALL];                             // its registers are in its record
byte hart_of[ALL] = NONE;                   // whose hart uses its stack

chan ready[HARTS] = [TASKS] of { byte };    // struct run_queue
bit queue_lock[HARTS];
byte idle_harts;                            // a set

chan waiters = [TASKS] of { byte };         // struct wait_queue
bit wait_lock;
bit queued[TASKS];                          // its waiter's node is on the list
bit lives[TASKS];                           // its waiter exists
byte items;                                 // what is waited for
bit took[TASKS];

bit timer_lock[HARTS];                      // struct timer_queue: sleepers with timer_hart == h
byte timer_hart[TASKS] = NONE;              //   NONE: not on a queue
bit sleeper_lives[TASKS], passed[TASKS];    // passed: the clock is past its deadline
bit listed[TASKS], tree_lock;               // threads of a process, under task_tree_lock
byte holder = NONE, inside;                 // struct rwlock: `writer`; who is between acquire and release

// --- a hart -------------------------------------------------------------------------------------------

byte off[HARTS];                            // irq_push_off() less irq_pop_off()
bit in_interrupt[HARTS], ipi[HARTS], device[HARTS];

#define RUNS(me) (hart_of[me] != NONE && !in_interrupt[hart_of[me]])
#define IS_DUE(t, h) (timer_hart[t] == (h) && passed[t])
#if TASKS == 2
#define TIMER_DUE(h) (IS_DUE(0, h) || IS_DUE(1, h))
#else
#define TIMER_DUE(h) (IS_DUE(0, h) || IS_DUE(1, h) || IS_DUE(2, h))
#endif
#define PENDING(h) (ipi[h] || device[h] || TIMER_DUE(h))

// `here` is a variable of each process: the hart it runs on.
#define spin_lock(lock) atomic { !(lock) -> lock = 1; off[here]++ }
#define spin_unlock(lock) atomic { assert(lock); lock = 0; off[here]-- }

// --- run queues (proc/schedule.c) ---------------------------------------------------------------------

inline lock_home(task) {
    do
    :: at = home[task];
       spin_lock(queue_lock[at]);
       if
#ifndef MUTANT_STALE_HOME // it may have been stolen while we waited for the lock
       :: home[task] != at -> spin_unlock(queue_lock[at])
#endif
       :: else -> break
       fi
    od
}

inline enqueue(hart, task) {
    d_step {
        assert(state[task] != DEAD && !(ready[hart]??[eval(task)]));
        state[task] = READY;
        ready[hart]!task
    }
}

inline kick(hart) { // wake somebody who will look for work: the queue's own hart, else any
    seen = idle_harts;
    atomic {
        target = (seen >> hart & 1 -> hart : (seen & 1 -> 0 : 1));
        if
        :: seen && target != here -> ipi[target] = 1
        :: else
        fi;
        target = 0; seen = 0
    }
}

#ifdef MUTANT_UNLOCK_BEFORE_SWITCH
#define RELOCK ; atomic { !queue_lock[here] -> queue_lock[here] = 1 }
#else
#define RELOCK // whoever ran before on this hart has locked it
#endif

// The first half of switch_to_next(): this task's registers are stored, then another's loaded.
// => own queue locked
inline switch_away() {
    atomic {
        if
        :: ready[here]?to
        :: empty(ready[here]) -> to = IDLE(here)
        fi;
        state[to] = RUNNING
    }
#ifdef MUTANT_UNLOCK_BEFORE_SWITCH
    queue_lock[here] = 0;
#endif
    if
    :: to != me ->
        saved[me] = 1;
        d_step {
            assert(saved[to] && hart_of[to] == NONE);
            saved[to] = 0; hart_of[to] = here; hart_of[me] = NONE; to = 0; here = 0
        }
    :: else -> to = 0
    fi
}

// => own queue locked, on entry and on return, which may be on another hart
inline switch_to_next() {
    switch_away();
    here = hart_of[me]
    RELOCK
}

inline schedule_first_run() { here = hart_of[me] RELOCK; spin_unlock(queue_lock[here]) }

inline schedule_yield() {
    spin_lock(queue_lock[here]);
    if
    :: nempty(ready[here]) -> enqueue(here, me); switch_to_next()
    :: empty(ready[here])
    fi;
    spin_unlock(queue_lock[here])
}

inline sleep_wake(task) {
    assert(state[task] != DEAD); // its record may be gone
    lock_home(task);
    parked = (state[task] == PARKED);
#ifdef MUTANT_WAKE_READY // a task that is not parked is on a queue already, or on a hart
    parked = 1;
#endif
#ifdef MUTANT_NO_TOKEN // a wake-up before the sleep is not kept
    token[task] = parked;
#else
    token[task] = 1;
#endif
#ifdef MUTANT_KICK_EARLY // the hart looks before there is something, and sleeps
    if
    :: parked -> kick(at)
    :: else
    fi;
#endif
    if
    :: parked -> enqueue(at, task)
    :: else
    fi;
    spin_unlock(queue_lock[at]);
#ifndef MUTANT_KICK_EARLY
    if
    :: parked -> kick(at)
    :: else
    fi;
#endif
    atomic { parked = 0; at = 0 }
}

inline sleep_park(with_deadline) {
    if
    :: with_deadline -> timer_add()
    :: else
    fi;
#ifdef MUTANT_TOKEN_UNLOCKED // a wake-up between this look and the next line finds nobody parked
    had = token[me];
    spin_lock(queue_lock[here]);
    if
    :: !had -> state[me] = PARKED; switch_to_next()
#else
    spin_lock(queue_lock[here]);
    if
    :: !token[me] -> state[me] = PARKED; switch_to_next()
#endif
    :: else
    fi;
    token[me] = 0;
    spin_unlock(queue_lock[here]);
    if
    :: with_deadline -> timer_remove()
    :: else
    fi
}

// A signal has come. Who sleeps looks whether it is fatal; if not, he sleeps again.
inline schedule_interrupt_task(task, fatal) {
#ifdef MUTANT_SIGNAL_LATE // who is woken looks, finds nothing, and sleeps again
    sleep_wake(task);
    attention[task] = attention[task] | fatal
#else
    attention[task] = attention[task] | fatal;
    sleep_wake(task)
#endif
}

// --- deadlines (proc/timer.c) -------------------------------------------------------------------------

inline timer_add() {
    spin_lock(timer_lock[here]);
    d_step { assert(timer_hart[me] == NONE); timer_hart[me] = here; added_on = here; sleeper_lives[me] = 1 }
    spin_unlock(timer_lock[here])
}

inline timer_remove() {
#ifndef MUTANT_SLEEPER_LEFT // a task that was woken before its deadline goes away without
    spin_lock(timer_lock[added_on]);
    timer_hart[me] = NONE;
    spin_unlock(timer_lock[added_on]);
#endif
    sleeper_lives[me] = 0
}

inline timer_expire() { // => interrupts off
    spin_lock(timer_lock[here]);
    do
    :: atomic { TIMER_DUE(here) ->
                due = (IS_DUE(0, here) -> 0 : (IS_DUE(1, here) -> 1 : 2));
                assert(sleeper_lives[due]);
                timer_hart[due] = NONE }
#ifdef MUTANT_EXPIRE_UNLOCKED
       spin_unlock(timer_lock[here]);
       sleep_wake(due);
       spin_lock(timer_lock[here]);
#else
       sleep_wake(due);
#endif
       due = 0
    :: else -> break
    od;
    spin_unlock(timer_lock[here])
}

#include "sleep_tasks.pml"
