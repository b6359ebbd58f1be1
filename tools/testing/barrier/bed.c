// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races of two threads over one submission queue, around the modules' objects
 *
 * Compiled as a part of the module, so that it sees its structures. In each
 * race both threads write one word and read the other's: without a full barrier
 * on both sides each may read the old value.
 */
#include "guest/vctrl.h"

#include "bed.h"

#define SIZE	65536u
#define INDEX	2u			/* the tail doorbell of queue 1 */
#define WORD	(INDEX << SLUICE_VREGS_DSTRD)

static struct sluice_dev sdev;
static struct sluice_vctrl vctrl;
static struct sluice_vslot slots[1];
static u16 free_slots[1];
static __le32 doorbells[SLUICE_VCTRL_DOORBELL_BYTES / sizeof(__le32)];
static __le32 events[SLUICE_NVME_PAGE / sizeof(__le32)];
static struct sluice_vsq *const vsq = &vctrl.sqs[1];

static bool left_saw, right_saw, late;
static unsigned int kicks;
static u32 before;

/* Somebody comes again: all that a race asks for */
void sluice_vctrl_kick_worker(struct sluice_vctrl *v)
{
	__atomic_add_fetch(&kicks, 1, __ATOMIC_RELAXED);
}

/* Called when the queue was found not empty */
bool sluice_vsq_map_rings(struct sluice_vsq *q)
{
	sluice_vctrl_kick_worker(&vctrl);
	return false;
}

/* Values of the doorbell: each differs from the one before */
static u32 value(unsigned int round)
{
	return 1 + round % (SIZE - 1);
}

static void ring(unsigned int round)
{
	WRITE_ONCE(doorbells[WORD], cpu_to_le32(value(round)));
}

static void prepare(unsigned int round)
{
	ring(round - 1);
	before = value(round - 1);
	vsq->head = before;
	vsq->stalled = false;
	RCU_INIT_POINTER(vctrl.dbbuf.events, NULL);
	left_saw = false;
	right_saw = false;
	late = false;
	kicks = 0;
}

static bool nobody_saw(void)
{
	return !left_saw && !right_saw && !kicks;
}

/* The event index against the shadow doorbell */

static void arm_prepare(unsigned int round)
{
	prepare(round);
	events[WORD] = cpu_to_le32(SIZE);
	vctrl.dbbuf.events = events;
}

static void arm_device(unsigned int round)
{
	sluice_vdbbuf_arm(&vctrl, INDEX, value(round - 1));
	left_saw = sluice_vctrl_sq_doorbell(&vctrl, 1) == value(round);
}

static void arm_guest(unsigned int round)
{
	ring(round);
	/* as a guest has to: the doorbell before the event index */
	smp_mb();
	right_saw = READ_ONCE(events[WORD]) == cpu_to_le32(value(round - 1));
}

/* A thread that finds the queue's lock held against the one that gives it back */

static void service_left(unsigned int round)
{
	sluice_vio_service(vsq);
}

static void service_right(unsigned int round)
{
	ring(round);
	sluice_vio_service(vsq);
}

/* The same, and who gives the lock back is the poller, which found nothing */

static void poll_prepare(unsigned int round)
{
	prepare(round);
	vsq->head = 0;	/* no value of the doorbell */
	late = true;
}

static void poll_left(unsigned int round)
{
	left_saw = sluice_vio_poll(vsq, 1);
}

/**
 * bed_locked() - a thread has just taken the queue's lock
 * @left: it is the left one. As a poller it has seen commands that another thread
 *	has taken meanwhile.
 */
void bed_locked(bool left)
{
	if (left && late)
		WRITE_ONCE(vsq->head, before);
}

/* A queue that finds no free slot against the one that gives a slot back */

static void slot_prepare(unsigned int round)
{
	prepare(round);
	vsq->free_head = vsq->free_tail;
	vsq->free_seen = vsq->free_tail;
}

static void slot_taker(unsigned int round)
{
	left_saw = sluice_vsq_get_slot(vsq);
}

static void slot_giver(unsigned int round)
{
	sluice_vslot_free(&slots[0]);
	sluice_vsq_slots_freed(vsq);
}

const struct bed_race bed_races[] = {
	{ "arm", arm_prepare, arm_device, arm_guest, nobody_saw },
	{ "service", prepare, service_left, service_right, nobody_saw },
	{ "poll", poll_prepare, poll_left, service_right, nobody_saw },
	{ "slot", slot_prepare, slot_taker, slot_giver, nobody_saw },
	{ }
};

/**
 * bed_init() - set up the queue
 */
void bed_init(void)
{
	struct sluice_vcq *vcq = &vctrl.cqs[1];

	sdev.doorbells = doorbells;
	vctrl.sdev = &sdev;
	vctrl.nr_qpairs = 1;
	vcq->vctrl = &vctrl;
	INIT_LIST_HEAD(&vcq->waiting);
	vsq->vctrl = &vctrl;
	vsq->vcq = vcq;
	vsq->id = 1;
	vsq->size = SIZE;
	vsq->live = true;
	vsq->slots = slots;
	vsq->free = free_slots;
	slots[0].vsq = vsq;
}
