/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shadow doorbells: drivers/nvme/guest/queue/vdbbuf.c, on top of
 * drivers/core/poll/poller.c
 *
 * A guest stores a doorbell to memory and, if the event index says so, also to
 * the doorbell page. The controller polls the memory. Before it sleeps, the
 * controller takes the doorbell page away, stores the event index and looks at
 * the memory once more.
 *
 * A processor may load before its earlier stores become visible. So each store
 * of the guest or the controller first goes to a buffer of one entry, which is
 * drained at any time or by a barrier.
 *
 * Properties: when nothing can happen any more, the controller has seen all
 * stores; and every store is seen in the end (ltl seen; with weak fairness).
 *
 * Defining one of these makes a mistake that spin must find:
 * NO_BARRIER        the controller has none between event index and second look
 * NO_GUEST_BARRIER  the guest has none between shadow doorbell and event index
 * NO_SECOND_LOOK    the controller does not look again
 * ARM_LATE          the event index is stored after the second look
 */
#define STORES	4

byte shadow, event;		/* memory */
byte guest_buffer, ctrl_buffer;	/* stores on their way to memory */
bool guest_full, ctrl_full;
byte seen;			/* what the controller acted upon */
bool awake;			/* mapped, and in the poller's list */

inline drain(pending, buffer, memory)
{
	atomic { pending -> memory = buffer; pending = false }
}

active proctype guest_cpu()
{
end:	do
	:: drain(guest_full, guest_buffer, shadow)
	od
}

active proctype ctrl_cpu()
{
end:	do
	:: drain(ctrl_full, ctrl_buffer, event)
	od
}

active proctype guest()
{
	byte value;

	do
	:: value == STORES -> break
	:: value < STORES ->
		/* one entry: the next store waits for the previous one */
		atomic {
			!guest_full ->
			value++;
			guest_buffer = value;
			guest_full = true
		}
#ifndef NO_GUEST_BARRIER
		!guest_full;
#endif
		/* The doorbell has passed the event index */
		if
		:: event == value - 1 -> awake = true
		:: else
		fi
	od
}

inline look(busy)
{
	atomic { busy = shadow != seen; seen = shadow }
}

/* Waiting for room is a barrier for the previous store, also with NO_BARRIER */
inline arm()
{
	atomic { !ctrl_full -> ctrl_buffer = seen; ctrl_full = true }
#ifndef NO_BARRIER
	!ctrl_full
#endif
}

inline rest(busy)
{
	awake = false;		/* the lock is held: see doorbell.pml */
#ifndef ARM_LATE
	arm();
#endif
#ifndef NO_SECOND_LOOK
	look(busy);
	if
	:: busy -> awake = true
	:: else
	fi;
#endif
#ifdef ARM_LATE
	arm();
#endif
}

active proctype poller()
{
	bool busy;

	do
	:: true ->
end_sleep:	awake;
		look(busy);
		if
		:: !busy -> rest(busy)
		:: true
		fi
	od
}

active proctype judge()
{
end_judge:
	timeout;
	assert(seen == shadow)
}

ltl seen { [] (shadow != seen -> <> (shadow == seen)) }
