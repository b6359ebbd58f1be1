/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping and polling of doorbells: drivers/core/poll/doorbell.c, poller.c
 *
 * Two slices share a poller. Each slice has a page that two writers store to. A
 * store to an unmapped page faults and is repeated. At any visit the poller may
 * find that a slice has been quiet for its window, or that the poller may wait
 * for the device. In the second case the poller visits the slice again only
 * after the device kicks, which may never happen, or after a time-out. When its
 * writers are done, a slice may be closed.
 *
 * A doorbell counts the stores to it. Properties:
 *
 * - when nothing can happen any more (all writers are done and the poller
 *   sleeps), the poller has seen every doorbell, or the slice is closed;
 * - every store is seen in the end (ltl seen; with weak fairness);
 * - the poller never visits a closed slice.
 *
 * Defining one of these makes a mistake that spin must find:
 * MAP_UNLOCKED    the page is mapped after the lock is released
 * NO_SECOND_LOOK  the poller does not look again after it unmaps the page
 * CHECK_EARLY     the poller looks at its list before it sets its state
 * LIST_LATE       the slice leaves the list after the lock is released
 * LEAVE_UNLOCKED  close does not wait for the end of a visit
 * NO_TIMER        a waiting slice is visited again only if its device kicks
 */
#define SLICES	2
#ifndef WRITERS
#define WRITERS	2	/* for each slice */
#endif
#ifndef STORES
#define STORES	1	/* of each writer */
#endif

byte bell[SLICES];	/* what the page holds */
byte seen[SLICES];	/* what the poller acted upon */
bool mapped[SLICES];
bool listed[SLICES];
bool locked[SLICES];	/* sluice_doorbell.lock */
bool waiting[SLICES];
bool over[SLICES];	/* the wait has timed out */
bool closed[SLICES];
byte done[SLICES];	/* number of writers that are done */
bool visiting;		/* sluice_poller.visit_lock */
bool running = true;	/* the state of the poller's task */
byte last;		/* the slice visited last */

#define LOCK(l)		atomic { !l -> l = true }
#define UNLOCK(l)	l = false
#define PENDING(s)	(bell[s] != seen[s] && !closed[s])

/* sluice_poller_wake(): a spinlock protects the list */
inline wake(s)
{
	listed[s] = true;
	running = true
}

inline fault(s)
{
	LOCK(locked[s]);
#ifndef MAP_UNLOCKED
	mapped[s] = true;
#endif
	wake(s);
	UNLOCK(locked[s]);
#ifdef MAP_UNLOCKED
	mapped[s] = true;
#endif
}

proctype writer(byte s)
{
	byte n;

	do
	:: n == STORES -> break
	:: n < STORES ->
		if
		:: atomic { mapped[s] -> bell[s]++; n++ }
		:: !mapped[s] -> fault(s)
		fi
	od;
	done[s]++
}

/* The last mapping ends with the writers: sluice_poller_leave() */
proctype closer(byte s)
{
	done[s] == WRITERS;
	mapped[s] = false;
	if
	:: true		/* or the slice stays open */
	:: true ->
#ifndef LEAVE_UNLOCKED
		LOCK(visiting);
#endif
		listed[s] = false;
#ifndef LEAVE_UNLOCKED
		UNLOCK(visiting);
#endif
		closed[s] = true
	fi
}

/* A wait ends: by the poller's timer, or by sluice_poll_kick() */
proctype alarm(byte s)
{
end_alarm:
	do
	:: atomic {
		waiting[s] ->
		waiting[s] = false;
		running = true;
#ifdef NO_TIMER
		break
#else
		if
		:: over[s] = true
		:: true
		fi
#endif
	   }
#ifdef NO_TIMER
	:: true -> break
#endif
	od
}

/* What ops->poll() does; @busy: there was something */
inline look(s, busy)
{
	assert(!closed[s]);
	atomic { busy = bell[s] != seen[s]; seen[s] = bell[s] }
}

inline rest(s, busy)
{
	LOCK(locked[s]);
	mapped[s] = false;
#ifndef LIST_LATE
	listed[s] = false;
#endif
	UNLOCK(locked[s]);
#ifdef LIST_LATE
	listed[s] = false;
#endif
#ifndef NO_SECOND_LOOK
	look(s, busy);
	if
	:: busy -> wake(s)
	:: else
	fi
#endif
}

inline visit(s, busy)
{
	look(s, busy);
	if
	:: !busy ->			/* the window is over */
		over[s] = false;
		rest(s, busy)
	:: !busy && !over[s] -> waiting[s] = true
	:: true				/* the window goes on */
	fi
}

#define DUE(s)		(listed[s] && !waiting[s])

/* The list is a ring: after one slice the other has its turn. */
inline next(s)
{
	atomic {
		if
		:: DUE(1 - last) -> s = 1 - last; last = s
		:: !DUE(1 - last) && DUE(last) -> s = last
		:: else -> s = SLICES
		fi
	}
}

#define ANY_DUE		(DUE(0) || DUE(1))

active proctype poller()
{
	byte s;
	bool busy, idle;

again:
	LOCK(visiting);
	next(s);
	if
	:: s < SLICES -> visit(s, busy)
	:: else
	fi;
	UNLOCK(visiting);
	if
	:: s < SLICES -> goto again
	:: else
	fi;
#ifdef CHECK_EARLY
	idle = !ANY_DUE;
	running = false;
#else
	running = false;	/* set_current_state() */
	idle = !ANY_DUE;
#endif
	if
	:: idle ->
end_sleep:	running			/* schedule_hrtimeout() */
	:: else -> running = true
	fi;
	goto again
}

/* Checks the state when no process can run. */
active proctype judge()
{
end_judge:
	timeout;
	assert(!PENDING(0) && !PENDING(1))
}

init {
	byte i;

	atomic {
		for (i : 0 .. SLICES * WRITERS - 1) {
			run writer(i % SLICES)
		}
		run alarm(0);
		run alarm(1);
		run closer(0);
		run closer(1)
	}
}

ltl seen { [] (PENDING(0) -> <> !PENDING(0)) }
