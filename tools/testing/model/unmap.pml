/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of two slices in one VFIO container is unmapped by two threads:
 * vfio_dma_do_unmap() and vfio_notify_dma_unmap() of VFIO's type1 backend,
 * sluice_vfio_dma_unmap() of drivers/core/device/vfio.c, the holds of
 * memory/space.c, and the work item of memory/iova_pin.c
 *
 * Each thread unmaps a range of its own. As long as VFIO finds a page of it pinned it
 * tells one slice after the other; it has the lock of the list of devices
 * meanwhile, and not its own lock. The slice takes the pages out of its table and
 * has its work item unpin them, which needs VFIO's lock. After ten times in vain
 * VFIO ends in a BUG. The guests want to use the ranges all the time, also while one
 * of them is unmapped.
 *
 * One thread may have VFIO's lock while it waits for the lock of the list, which
 * the other has. Then nothing is unpinned, and the other thread gives up waiting
 * for it: VFIO will look again. A thread is patient enough to give up only then.
 *
 * A waiter for VFIO's lock may be overtaken once, as Linux hands a mutex to its
 * first waiter that was. A work item that has it unpins what it can before it is
 * overtaken itself: a range of a slice takes TURNS of that.
 *
 * Properties:
 *
 * - VFIO tells the slices of a range ROUNDS times at most;
 * - both ranges are unmapped in the end (ltl unmapped; with weak fairness);
 * - a thread never waits for what cannot happen.
 *
 * Defining one of these makes a mistake that spin must find:
 * NO_HOLD         a range may be pinned again at once
 * HOLD_CALLBACK   a slice may pin it again when its own part is done
 * HOLD_OTHER      the holds of all threads end with the first unmap
 * NO_GIVING_UP    a thread waits until everything is unpinned
 */
#ifndef TURNS
#define TURNS	1	/* of a work item with the lock, for a range */
#endif
#define ROUNDS	(2 + 3 * TURNS)	/* of eleven */
#define NOBODY	9
#define THREAD	2	/* the threads have the numbers 2 and 3, the slices 0 and 1 */

byte lock = NOBODY;	/* vfio_iommu.lock */
byte heir = NOBODY;	/* who gets it next, for having been overtaken */
byte list = NOBODY;	/* vfio_iommu.device_list_lock */
bool mapped[2];		/* of each range */
bool waits[2];		/* this work item waits for @lock */
bool list_waits[2];	/* this thread has @lock, and waits for @list */
byte told[2];		/* rounds of each thread */
byte busy[2];		/* the range that the slice is pinning, or NOBODY */
bool spoiled[2];
bool done[2];

/* Of each slice and range, at index slice * 2 + range */
byte pinned[4];		/* as VFIO sees it */
bool table[4];		/* found by the slice */
byte dropped[4];	/* to be unpinned */
bool hold[4];		/* not to be pinned */

#define PINNED(r)	(pinned[r] || pinned[2 + (r)])
#define DROPPED(s)	(dropped[(s) * 2] || dropped[(s) * 2 + 1])
/* The other thread has VFIO's lock until this one gives the list's lock back */
#define STUCK(t, s)	(waits[s] && lock == THREAD + 1 - (t) && list_waits[1 - (t)])

/* A thread takes VFIO's lock, possibly before a work item that waits for it */
inline thread_lock(t)
{
	atomic {
		lock == NOBODY && heir == NOBODY -> lock = THREAD + t;
		if
		:: waits[0] -> heir = 0
		:: waits[1] -> heir = 1
		:: !waits[0] && !waits[1]
		fi
	}
}

inline item_lock(s)
{
	waits[s] = true;
	atomic {
		lock == NOBODY && (heir == NOBODY || heir == s) ->
		lock = s;
		heir = NOBODY;
		waits[s] = false
	}
}

/* sluice_vfio_dma_unmap() */
inline tell(t, s)
{
	atomic {
#ifndef NO_HOLD
		hold[s * 2 + t] = true;
#endif
		if
		:: busy[s] == t -> spoiled[s] = true
		:: busy[s] != t
		fi
	};
	atomic {
		if
		:: table[s * 2 + t] ->
			table[s * 2 + t] = false;
			dropped[s * 2 + t] = TURNS
		:: !table[s * 2 + t]
		fi
	};
	if
	:: !DROPPED(s) && busy[s] != t
#ifndef NO_GIVING_UP
	:: STUCK(t, s)
#endif
	fi
#ifdef HOLD_CALLBACK
	;
	hold[s * 2 + t] = false
#endif
}

/* vfio_dma_do_unmap() */
proctype unmap(byte t)
{
	thread_lock(t);
	do
	:: PINNED(t) ->
		atomic { told[t]++; assert(told[t] <= ROUNDS); list_waits[t] = true };
		atomic { list == NOBODY -> list = t; list_waits[t] = false };
		lock = NOBODY;
		tell(t, 0);
		tell(t, 1);
		list = NOBODY;
		thread_lock(t)
	:: atomic { !PINNED(t) -> mapped[t] = false; break }
	od;
	lock = NOBODY;
	/* back in user space */
	atomic {
		hold[t] = false;
		hold[2 + t] = false;
#ifdef HOLD_OTHER
		hold[1 - t] = false;
		hold[3 - t] = false;
#endif
		done[t] = true
	}
}

/* sluice_iova_work() */
proctype item(byte s)
{
	byte r;

	do
	:: true ->
end_idle:	if
		:: atomic { dropped[s * 2] -> r = 0 };
unpin:			item_lock(s);
			atomic { pinned[s * 2 + r]--; lock = NOBODY };
			atomic { dropped[s * 2 + r]--; r = 0 }
		:: atomic { dropped[s * 2 + 1] -> r = 1 }; goto unpin
		:: atomic { !DROPPED(s) && mapped[0] && !table[s * 2] &&
			    !hold[s * 2] -> r = 0; busy[s] = 0 };
pin:			item_lock(s);
			atomic {
				if
				:: mapped[r] -> pinned[s * 2 + r] = TURNS
				:: !mapped[r]
				fi;
				lock = NOBODY
			};
			atomic {
				if
				:: pinned[s * 2 + r] && spoiled[s] ->
					/* unpinned by a call that it waits for */
					dropped[s * 2 + r] = TURNS
				:: pinned[s * 2 + r] && !spoiled[s] ->
					table[s * 2 + r] = true
				:: !pinned[s * 2 + r]
				fi;
				spoiled[s] = false;
				busy[s] = NOBODY;
				r = 0
			}
		:: atomic { !DROPPED(s) && mapped[1] && !table[s * 2 + 1] &&
			    !hold[s * 2 + 1] -> r = 1; busy[s] = 1 };
			goto pin
		fi
	od
}

init {
	atomic {
		mapped[0] = true;
		mapped[1] = true;
		busy[0] = NOBODY;
		busy[1] = NOBODY;
		run item(0);
		run item(1);
		run unmap(0);
		run unmap(1)
	}
}

active proctype judge()
{
end_judge:
	timeout;
	assert(done[0] && done[1])
}

ltl unmapped { <> (done[0] && done[1]) }
