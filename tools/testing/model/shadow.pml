/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shadow doorbells: drivers/nvme/vdbbuf.c on top of drivers/core/poller.c
 *
 * A guest stores a doorbell to memory and, where the event index says so, to
 * the doorbell page as well. The controller polls the memory; before it sleeps
 * it takes the doorbell page away, stores the event index and looks once more.
 *
 * Processors may load before an earlier store of theirs can be seen. So what
 * either side stores stays in a buffer of one entry until it is drained, at any
 * time or by a barrier.
 *
 * Properties: when nothing can happen any more, all has been seen; and what has
 * been written is seen in the end (ltl seen; with weak fairness).
 *
 * Each of these, defined, is a mistake that must be found:
 * NO_BARRIER        of the controller, between event index and second look
 * NO_GUEST_BARRIER  of the guest, between shadow doorbell and event index
 * NO_SECOND_LOOK    of the controller
 * ARM_LATE          the event index is stored after the second look
 */
#define STORES	4

byte shadow, event;		/* memory */
byte guest_buffer, ctrl_buffer;	/* stores on their way there */
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
		/* one entry: the next store waits for this one */
		atomic {
			!guest_full ->
			value++;
			guest_buffer = value;
			guest_full = true
		}
#ifndef NO_GUEST_BARRIER
		!guest_full;
#endif
		/* the doorbell has passed the event index */
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

/* Also the barrier that nobody has left out before there is room */
inline arm()
{
	atomic { !ctrl_full -> ctrl_buffer = seen; ctrl_full = true }
#ifndef NO_BARRIER
	!ctrl_full
#endif
}

inline rest(busy)
{
	awake = false;		/* under the lock: see doorbell.pml */
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
