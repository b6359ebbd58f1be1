/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The admin queue of a guest that has given shadow doorbells:
 * sluice_vdbbuf_admin() and sluice_vdbbuf_arm_sq() of
 * drivers/nvme/guest/queue/vdbbuf.c, sluice_vpoll_admin() of
 * drivers/nvme/guest/io/vpoll.c, sluice_vadmin_service() of
 * drivers/nvme/guest/admin/vadmin.c
 *
 * The guest stores some doorbells to the doorbell page, none or all of them for
 * all that the controller knows, and the rest to memory. The poller looks at
 * both. It does not take the commands, it queues the worker, and may put the
 * slice to sleep meanwhile. Loads and stores are in order here: shadow.pml has
 * the barriers.
 *
 * Properties: when nothing can happen any more, all commands have been taken;
 * and every command is taken in the end (ltl taken; with weak fairness).
 *
 * Defining one of these makes a mistake that spin must find:
 * PAGE_ONLY      the controller looks at the doorbell page alone
 * MEMORY_ONLY    the controller looks at memory alone
 * COPY_BLINDLY   the controller overwrites what the guest has stored to memory
 * NO_WORKER_ARM  the worker does not store the event index
 * ARM_ONCE       the event index may be older than the head
 */
#ifndef STORES
#define STORES	4
#endif
#define NONE	255

byte page, shadow;		/* the tail, where the guest stores it */
byte stored;			/* the tail, as the guest knows it */
byte event;
byte copy;			/* what the controller has stored to shadow */
bool used;
byte head;			/* commands that the worker has taken */
byte queued_for = NONE;		/* the tail that the poller has queued it for */
bool queued;
bool awake;			/* the doorbell page is mapped */

inline ring(value)
{
	atomic { page = value; awake = true }
}

active proctype guest()
{
	byte value, to_page;

	select (to_page : 0 .. STORES);
	do
	:: value == STORES -> break
	:: value < STORES ->
		value++;
		if
		:: value <= to_page ->
			stored = value;
			ring(value)
		:: value > to_page ->
			atomic { shadow = value; stored = value };
			/* The doorbell has passed the event index */
			if
			:: event == value - 1 -> ring(value)
			:: else
			fi
		fi
	od
}

inline look(tail, was)
{
#ifdef PAGE_ONLY
	tail = page;
#else
#ifdef MEMORY_ONLY
	tail = shadow;
#else
	if
	:: used -> tail = shadow
	:: !used ->
		tail = page;
#ifdef COPY_BLINDLY
		was = shadow;
		if
		:: was == copy -> shadow = tail; copy = tail
		:: else -> used = true; tail = shadow
		fi
#else
		atomic {
			was = shadow;
			if
			:: was == copy -> tail = page; shadow = tail; copy = tail
			:: else -> used = true; tail = was
			fi
		}
#endif
	fi
#endif
#endif
}

inline arm(was)
{
	do
	:: true ->
		was = head;
		event = was;
#ifdef ARM_ONCE
		break
#else
		if
		:: was == head -> break
		:: else
		fi
#endif
	od
}

inline visit(tail, was, busy)
{
	look(tail, was);
	busy = tail != queued_for && tail != head;
	if
	:: busy -> queued_for = tail; queued = true
	:: else
	fi
}

active proctype poller()
{
	byte tail, was;
	bool busy;

	do
	:: true ->
end_sleep:	awake;
		visit(tail, was, busy);
		if
		:: !busy ->
			awake = false;
			arm(was);
			visit(tail, was, busy);
			if
			:: busy -> awake = true
			:: else
			fi
		:: true
		fi
	od
}

active proctype worker()
{
	byte tail, was;

	do
	:: true ->
end_idle:	queued;
		queued = false;
		do
		:: true ->
			look(tail, was);
#ifndef NO_WORKER_ARM
			if
			:: tail == head -> arm(was); look(tail, was)
			:: else
			fi;
#endif
			if
			:: tail == head -> break
			:: else -> head++; queued_for = NONE
			fi
		od
	od
}

active proctype judge()
{
end_judge:
	timeout;
	assert(head == stored)
}

ltl taken { [] (head != stored -> <> (head == stored)) }
