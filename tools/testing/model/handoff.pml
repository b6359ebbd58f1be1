/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One submission queue and the threads that take its commands:
 * sluice_vio_poll() and sluice_vio_service() of drivers/nvme/guest/io/vio.c,
 * sluice_vsq_get_slot() and sluice_vsq_slots_freed() of queue/vslot.c,
 * sluice_vctrl_serve(), sluice_vctrl_stop() and sluice_vctrl_go() of vctrl.c
 *
 * The poller, the worker, a vCPU whose store to the doorbell was trapped, and the
 * core's thread that pins take commands. Each tries the queue's lock, and leaves the
 * commands to the holder if that fails. A thread that lacks a free slot or guest memory,
 * be it the command's or the ring's, marks the queue as stalled; the poller does not
 * look at a stalled queue. The worker is kicked by the completion of a command of such
 * a queue, by a thread that must not sleep for a ring, or by a timer. For a command's
 * memory the core is asked, by one request for each queue; when it has an answer, its
 * thread clears the mark and takes commands. Somebody stops the queue for a while.
 *
 * Properties:
 *
 * - when nothing can happen any more, all commands have been taken;
 * - every command is taken in the end (ltl taken; with weak fairness);
 * - no command is taken between the end of sluice_vctrl_stop() and
 *   sluice_vctrl_go().
 *
 * The second one needs that a thread which tries the lock is not unlucky each
 * time: the poller tries it again and again, and could always have it just when
 * the worker comes.
 *
 * Loads and stores are in order here. A missing barrier is a load before the
 * store that it follows: STALL_LATE, FREE_LATE. tools/testing/barrier runs the
 * compiled code.
 *
 * Defining one of these makes a mistake that spin must find:
 * STALL_LATE      the queue is marked after the last look for a free slot
 * FREE_LATE       the slot is given back after the look at the mark
 * CLEAR_LATE      the worker clears the mark after it has served the queue
 * ASK_EARLY       a thread marks the queue after it has asked for memory
 * GIVE_BACK_LATE  the core gives the request back after it has cleared the mark
 * KICK_EARLY      the poller marks the queue after it has kicked the worker
 * RETRY_EARLY     another thread does so after it has set the timer
 * NO_LAST_LOOK    a thread does not look again when it has released the lock
 * NO_POLLER_LOOK  the poller does not
 * NO_TIMER        nothing comes again while memory cannot be pinned
 * NO_GO_KICK      nobody looks at the queue when it may go on
 * STOP_UNLOCKED   the thread that stops the queue does not wait for its lock
 */
#ifndef STORES
#define STORES	2
#endif
#define SLOTS	1
#define UNLUCKY	1	/* times in a row that a thread finds the lock taken */

byte tail;		/* the doorbell: commands that were submitted */
byte head;		/* commands that were taken, each has a slot */
byte freed;		/* slots that were given back */
bool stalled;
bool locked;		/* sluice_vsq.lock */
bool waiter;		/* a thread sleeps for the lock, and gets it next */
bool queued;		/* the worker has been kicked */
bool retry;		/* the timer that will kick it */
bool awake;		/* the poller polls; the doorbell page is mapped */
bool ring;		/* the memory in question is that of the ring */
bool pinned;		/* it is there */
bool held_off;		/* it must not be pinned for now */
bool asked;		/* sluice_vmiss.asked */
bool refused;		/* its answer is that */
bool stop;
bool quiet;		/* the thread that set @stop relies on it */

#define NO_SLOT	(head - freed == SLOTS)
#define TAKEN	(locked || waiter)

/*
 * What a thread has found: the tail; whether it has taken a command, whether one
 * lacked memory, whether there are more. Each is cleared when it is no longer
 * needed, and what only the holder of the lock writes is read in one step with
 * the next: that keeps the number of states small.
 */
#define LOCALS	byte t, unlucky; bool taken, missing, more

/* sluice_vsq_retry_later() */
inline try_later()
{
#ifdef RETRY_EARLY
	retry = true;
	stalled = true
#else
	stalled = true;
#ifndef NO_TIMER
	retry = true
#endif
#endif
}

/* sluice_vsq_ask() */
inline ask()
{
#ifdef ASK_EARLY
	asked = true;
	stalled = true
#else
	stalled = true;
	asked = true
#endif
}

/* sluice_vsq_leave_to_worker() */
inline leave()
{
#ifdef KICK_EARLY
	queued = true;
	stalled = true
#else
	stalled = true;
	queued = true
#endif
}

/* sluice_vio_ready() and sluice_vio_batch(), @locked */
inline batch()
{
	atomic {
		t = head;
		if
		:: stop
		:: else -> t = tail
		fi
	};
	do
	:: atomic { head == t -> break }
	:: atomic {
		head != t && !NO_SLOT && pinned ->
		assert(!quiet);
		head++;
		taken = true
	   }
	:: atomic { head != t && !NO_SLOT && !pinned && (asked || !refused) ->
		missing = true;
		break
	   }
	:: atomic { head != t && !NO_SLOT && !pinned && !asked && refused ->
		refused = false };
		try_later();
		break
	:: head != t && NO_SLOT ->
		stalled = true;
#ifdef STALL_LATE
		break
#else
		if
		:: NO_SLOT -> break
		:: !NO_SLOT -> stalled = false
		fi
#endif
	od;
	t = 0
}

/* sluice_vio_more() */
inline look()
{
	more = !stalled && !stop && tail != head
}

/*
 * sluice_vio_serve(). The memory of the ring is mapped by who may sleep, and else left
 * to the worker
 */
inline service(may_sleep)
{
	if
	:: atomic { TAKEN && unlucky < UNLUCKY -> unlucky++ }
	:: atomic { !TAKEN -> locked = true; unlucky = 0 } ->
		do
		:: true ->
			batch();
			if
			:: !missing -> break
			:: missing && !ring -> ask(); break
			:: missing && ring && !may_sleep -> leave(); break
			:: missing && ring && may_sleep && held_off ->
				try_later();
				break
			:: missing && ring && may_sleep && !held_off ->
				atomic { pinned = true; missing = false }
			fi
		od;
		atomic { locked = false; taken = false; missing = false };
#ifndef NO_LAST_LOOK
		look();
		if
		:: atomic { more -> queued = true; more = false }
		:: !more
		fi
#endif
	fi
}

/* sluice_vio_poll(); @more: it found something, so the poller comes again */
inline visit()
{
	more = false;
	if
	:: stalled || tail == head
	:: !stalled && tail != head ->
		if
		:: TAKEN
		:: atomic { !TAKEN -> locked = true } ->
			batch();
			if
			:: missing && !ring -> ask()
			:: missing && ring -> leave()
			:: !missing
			fi;
			atomic { locked = false; more = taken };
			atomic { taken = false; missing = false };
#ifndef NO_POLLER_LOOK
			if
			:: !more -> look()
			:: more
			fi
#endif
		fi
	fi
}

/* See doorbell.pml for how a store to the doorbell page wakes the poller. */
active proctype vcpu()
{
	LOCALS;

	if
	:: ring = true
	:: skip
	fi;
	do
	:: tail == STORES -> break
	:: atomic { tail < STORES -> awake = true; tail++ }
	/* a store that is trapped; with a page to be asked for this is as the worker */
	:: atomic { tail < STORES && ring -> tail++ };
		service(true)
	od
}

active proctype poller()
{
	LOCALS;

	do
	:: true ->
end_sleep:	awake;
		visit();
		if
		:: !more ->
			awake = false;
			visit();
			if
			:: more -> awake = true
			:: !more
			fi
		:: true
		fi
	od
}

active proctype worker()
{
	LOCALS;

	do
	:: true ->
end_idle:	atomic { queued -> queued = false };
#ifndef CLEAR_LATE
		stalled = false;
#endif
		service(true);
#ifdef CLEAR_LATE
		stalled = false
#endif
	od
}

/* sluice_iova_serve() of drivers/core/memory/iova_pin.c, sluice_vio_pinned() */
active proctype pinner()
{
	LOCALS;

	do
	:: true ->
end_idle:	atomic {
			asked ->
			pinned = !held_off;
			refused = held_off
		};
#ifdef GIVE_BACK_LATE
		stalled = false;
		asked = false;
#else
		asked = false;
		stalled = false;
#endif
		service(false)
	od
}

/* Completions: in an interrupt, or in a visit of the poller */
active proctype drive()
{
	bool mark;

end:	do
#ifdef FREE_LATE
	:: atomic { freed < head -> mark = stalled };
		freed++;
#else
	:: atomic { freed < head -> freed++ };
		mark = stalled;
#endif
		if
		:: atomic { mark -> queued = true; mark = false }
		:: !mark
		fi
	od
}

active proctype timer()
{
end:	do
	:: atomic { retry -> retry = false; queued = true }
	od
}

/*
 * Once, the guest's memory goes and cannot be pinned again for a while, or the
 * queue is stopped: sluice_vctrl_stop(), sluice_vctrl_go()
 */
active proctype trouble()
{
	if
	:: atomic { held_off = true; pinned = false };
		held_off = false
	:: stop = true;
#ifndef STOP_UNLOCKED
		waiter = true;
		atomic { !locked -> waiter = false };
#endif
		quiet = true;
		atomic { quiet = false; stop = false };
#ifndef NO_GO_KICK
		queued = true
#endif
	fi
}

active proctype judge()
{
end_judge:
	timeout;
	assert(head == tail)
}

ltl taken { [] (head != tail -> <> (head == tail)) }
