/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who delivers completions while the drive's interrupts are masked:
 * sluice_poller_set_mode() and sluice_poller_watch() of
 * drivers/core/poll/poller.c, sluice_vpoll_set_mode() and sluice_vpoll_pair() of
 * drivers/nvme/guest/io/vpoll.c
 *
 * The poller looks at two queues. While it spins it masks their interrupts; it
 * unmasks them before it sleeps. The scheduler may take the CPU from it, and give
 * it another one, except while it holds the lock with interrupts off. A timer notices
 * that, and its handler may still run when the poller goes on. The second queue is
 * created again at some time.
 *
 * Properties:
 *
 * - when nothing can happen any more, all completions have been delivered, also
 *   if the poller never gets a CPU again;
 * - every completion is delivered in the end (ltl delivered; with weak fairness).
 *
 * Defining one of these makes a mistake that spin must find:
 * NO_TIMER        nobody notices that the poller has lost its CPU
 * MASK_UNLOCKED   the poller does not hold the lock while it masks
 * WAIT_UNLOCKED   nor while it unmasks, to sleep
 * LATE_UNLOCKED   the poller masks the new queue without a look under its lock
 */
#define QUEUES	2
#define LOSSES	2	/* times that the poller loses its CPU */
#define ENTRIES	3	/* completions of the drive */

bool running = true;	/* the poller has a CPU */
bool locked;		/* sluice_poller.mode_lock */
bool spinning;		/* the slice is in sluice_poller.spinning */
bool kicked;		/* an interrupt has ended the poller's wait */
bool masked;		/* sluice_vctrl.masked */
bool off[QUEUES];	/* sluice_nvme_cq.masked */
bool pending[QUEUES];	/* an interrupt has come meanwhile */
bool done[QUEUES];	/* there is a completion */

/* sluice_nvme_cq_unmask() */
inline cq_unmask(q)
{
	atomic {
		if
		:: off[q] && pending[q] ->
			off[q] = false;
			pending[q] = false;
			done[q] = false;
			kicked = true
		:: off[q] && !pending[q] -> off[q] = false
		:: !off[q]
		fi
	}
}

/* sluice_vpoll_unmask() */
inline unmask()
{
	if
	:: masked ->
		masked = false;
		cq_unmask(0);
		cq_unmask(1)
	:: !masked
	fi
}

/* sluice_vpoll_mask() */
inline mask()
{
	masked = true;
	off[0] = true;
	off[1] = true
}

/* sluice_vpoll_pair(); the first queue is not created again */
inline visit()
{
	done[0] = false;
	if
#ifdef LATE_UNLOCKED
	:: masked -> off[1] = true
#else
	:: atomic { masked -> off[1] = true }
#endif
	:: !masked
	fi;
	done[1] = false
}

active proctype poller() provided (running)
{
	do
	:: true ->
		visit();
		if
		:: !spinning ->
#ifndef MASK_UNLOCKED
			atomic { !locked -> locked = true };
#endif
			mask();
			spinning = true;
#ifndef MASK_UNLOCKED
			locked = false
#endif
		:: true
		fi;
		if
		:: true ->
			kicked = false;
#ifndef WAIT_UNLOCKED
			atomic { !locked -> locked = true };
#endif
			unmask();
			spinning = false;
#ifndef WAIT_UNLOCKED
			locked = false;
#endif
			visit();
end_sleep:		kicked
		:: true
		fi
	od
}

#ifndef NO_TIMER
active proctype timer()
{
end:	do
	:: spinning && !running ->
		atomic { !locked -> locked = true };
		if
		:: spinning -> unmask(); spinning = false
		:: !spinning
		fi;
		locked = false
	od
}
#endif

/* Interrupts are off while the poller holds the lock. */
active proctype scheduler()
{
	byte losses;

	do
	:: atomic {
		losses < LOSSES && running && !locked ->
		losses++;
		running = false
	   }
	:: atomic { !running -> running = true }
	:: true -> break
	od
}

active proctype drive()
{
	byte entries;

	do
	:: entries == ENTRIES -> break
	:: atomic {
		entries < ENTRIES ->
		entries++;
		if
		:: off[0] -> done[0] = true; pending[0] = true
		:: !off[0] -> kicked = true
		fi
	   }
	:: atomic {
		entries < ENTRIES ->
		entries++;
		if
		:: off[1] -> done[1] = true; pending[1] = true
		:: !off[1] -> kicked = true
		fi
	   }
	od
}

/* sluice_nvme_cq_arm(): the second queue is created again */
active proctype creator()
{
	atomic { off[1] = false; pending[1] = false; done[1] = false }
}

/* The poller gets a CPU afterwards: only when it sleeps everything has ended. */
active proctype judge()
{
end_judge:
	do
	:: timeout ->
		assert(!done[0] && !done[1]);
		running = true
	od
}

ltl delivered { [] ((done[0] || done[1]) -> <> (!done[0] && !done[1])) }
