// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: completions, from the hardware to a guest's completion queue
 *
 * Completions are taken from the hardware's queue at once, also when the
 * guest's queue is full: then the completion waits in its slot. So a guest that
 * does not take its completions delays neither the drive nor another guest.
 */
#include <linux/minmax.h>

#include "sluice_compat.h"
#include "guest/io/vcost.h"
#include "guest/vctrl.h"

/* The most waiting completions that are written with interrupts off */
#define SLUICE_VCQ_FLUSH	64

static bool sluice_vcq_has_room(struct sluice_vcq *vcq)
{
	u32 next = vcq->tail + 1 == vcq->size ? 0 : vcq->tail + 1;
	u32 head;

	if (likely(next != vcq->head))
		return true;

	head = sluice_vctrl_cq_doorbell(vcq->vctrl, vcq->id);
	if (head < vcq->size)
		vcq->head = head;
	else
		sluice_vadmin_event(vcq->vctrl, SLUICE_EVENT_DOORBELL_VALUE);
	return next != vcq->head;
}

static void sluice_vcq_write(struct sluice_vcq *vcq, struct sluice_vslot *slot)
{
	struct nvme_cqe *cqe = (struct nvme_cqe *)vcq->ring.va + vcq->tail;
	union {
		struct nvme_cqe cqe;
		u64 words[2];
	} out = { .cqe = {
		.result	 = cpu_to_le32(slot->result),
		.sq_head = cpu_to_le16(READ_ONCE(slot->vsq->head)),
		.sq_id	 = cpu_to_le16(slot->vsq->id),
		.cid	 = cpu_to_le16(slot->cid),
		.status	 = cpu_to_le16(slot->status << 1 | vcq->phase),
	} };

	/* the half with the phase tag goes last and in one piece */
	WRITE_ONCE(((u64 *)cqe)[0], out.words[0]);
	/* a guest that sees the phase tag reads the rest after it */
	smp_wmb();
	WRITE_ONCE(((u64 *)cqe)[1], out.words[1]);

	if (++vcq->tail == vcq->size) {
		vcq->tail = 0;
		vcq->phase ^= 1;
	}
	vcq->posted++;
	sluice_vslot_free(slot);
}

/* Is there room? If not, the guest's next write to the doorbell is seen. */
static bool sluice_vcq_wait_for_room(struct sluice_vcq *vcq)
{
	if (sluice_vcq_has_room(vcq))
		return true;
	/* the event index is the head: every new head passes it */
	sluice_vdbbuf_arm(vcq->vctrl, 2 * vcq->id + 1, vcq->head);
	return sluice_vcq_has_room(vcq);
}

/* Write waiting completions while there is room, but no more than @most */
static unsigned int sluice_vcq_flush_waiting(struct sluice_vcq *vcq,
					     unsigned int most)
{
	struct sluice_vslot *slot, *next;
	unsigned int nr = 0;

	lockdep_assert_held(&vcq->lock);

	if (!vcq->ring.va)
		return 0;
	list_for_each_entry_safe(slot, next, &vcq->waiting, node) {
		struct sluice_vsq *vsq = slot->vsq;

		if (!sluice_vcq_wait_for_room(vcq))
			break;
		/* interrupts were off for long enough: the worker goes on */
		if (nr == most) {
			sluice_vctrl_kick_worker(vcq->vctrl);
			break;
		}
		nr++;
		list_del_init(&slot->node);
		sluice_vcq_write(vcq, slot);
		sluice_vsq_slots_freed(vsq);
	}
	return nr;
}

static void sluice_vcq_post_locked(struct sluice_vcq *vcq,
				   struct sluice_vslot *slot, u16 status,
				   u32 result)
{
	lockdep_assert_held(&vcq->lock);

	slot->status = status;
	slot->result = result;
	WRITE_ONCE(slot->state, SLUICE_VSLOT_DONE);
	if (unlikely(status))
		sluice_vlog_error(vcq->vctrl, slot, slot->vsq->id);

	if (likely(vcq->ring.va && list_empty(&vcq->waiting) &&
		   sluice_vcq_has_room(vcq))) {
		sluice_vcq_write(vcq, slot);
		return;
	}
	list_add_tail(&slot->node, &vcq->waiting);
	/* after the list: see sluice_vpoll_full() */
	smp_mb__before_atomic();
	set_bit(vcq->id, &vcq->vctrl->full);
	/* the memory was unmapped: nothing else may tell when it is back */
	if (!vcq->ring.va)
		sluice_vctrl_retry_later(vcq->vctrl);
	/*
	 * The guest makes room and then the doorbell's reader looks at
	 * @waiting: it may just have missed this slot, so look for room once
	 * more.
	 */
	smp_mb();
	/* one slot was added: if two are written the list gets shorter */
	sluice_vcq_flush_waiting(vcq, 2);
}

/* All interrupts of a guest are raised here or by a timer of virq.c. */
static void sluice_vcq_raise(struct sluice_vcq *vcq)
{
	sluice_vctrl_irq_signal(vcq->vctrl, vcq->vector);
}

/**
 * sluice_vcq_post() - complete a command
 * @slot: its slot; not to be used afterwards
 * @status: SCT, SC and DNR
 * @result: dword 0
 *
 * Any context.
 */
void sluice_vcq_post(struct sluice_vslot *slot, u16 status, u32 result)
{
	struct sluice_vsq *vsq = slot->vsq;
	struct sluice_vcq *vcq = vsq->vcq;
	bool signal;

	scoped_guard(spinlock_irqsave, &vcq->lock) {
		sluice_vcq_post_locked(vcq, slot, status, result);
		signal = sluice_virq_due(vcq);
	}
	sluice_vsq_slots_freed(vsq);
	if (signal)
		sluice_vcq_raise(vcq);
}

/**
 * sluice_vcq_post_quietly() - complete a command and raise no interrupt
 * @slot: its slot, its queue's lock held; not to be used afterwards
 * @status: SCT, SC and DNR
 *
 * The caller calls sluice_vcq_signal() once for a batch. It needs no call of
 * sluice_vsq_slots_freed(): the caller, which holds the lock under which slots
 * are taken, is the only one that could wait for a slot.
 */
void sluice_vcq_post_quietly(struct sluice_vslot *slot, u16 status)
{
	struct sluice_vcq *vcq = slot->vsq->vcq;

	guard(spinlock_irqsave)(&vcq->lock);
	sluice_vcq_post_locked(vcq, slot, status, 0);
}

/**
 * sluice_vcq_signal() - tell the guest of what was posted quietly
 * @vcq: completion queue
 */
void sluice_vcq_signal(struct sluice_vcq *vcq)
{
	bool signal;

	scoped_guard(spinlock_irqsave, &vcq->lock)
		signal = sluice_virq_due(vcq);
	if (signal)
		sluice_vcq_raise(vcq);
}

/**
 * sluice_vcq_doorbell() - the guest moved the head of a completion queue
 * @vcq: completion queue, live or not
 *
 * Return: number of entries that had waited for room and have been written.
 */
unsigned int sluice_vcq_doorbell(struct sluice_vcq *vcq)
{
	bool signal = false;
	unsigned int nr;

	scoped_guard(spinlock_irqsave, &vcq->lock) {
		if (!vcq->live || list_empty(&vcq->waiting))
			return 0;
		if (!vcq->ring.va)
			sluice_vctrl_retry_later(vcq->vctrl);
		nr = sluice_vcq_flush_waiting(vcq, SLUICE_VCQ_FLUSH);
		signal = sluice_virq_due(vcq);
	}
	if (signal)
		sluice_vcq_raise(vcq);
	return nr;
}

/**
 * sluice_vcq_map() - map a completion queue's memory and write what waited
 * @vcq: completion queue
 *
 * Return: 0, -EAGAIN while the memory is being unmapped, or another errno.
 */
int sluice_vcq_map(struct sluice_vcq *vcq)
{
	struct sluice_vring ring = vcq->ring;
	int err;

	if (ring.va)
		return 0;
	err = sluice_vring_map(vcq->vctrl, &ring);
	if (err)
		return err;

	scoped_guard(spinlock_irqsave, &vcq->lock) {
		/* two submission queues that share it may both map it */
		if (!vcq->ring.va)
			swap(vcq->ring.va, ring.va);
	}
	if (ring.va)
		sluice_mem_vunmap(ring.va);
	sluice_vcq_doorbell(vcq);
	return 0;
}

static void sluice_vsq_count(struct sluice_vsq *vsq,
			     const struct sluice_vslot *slot)
{
	switch (slot->opcode) {
	case NVME_IO_READ:
	case NVME_IO_COMPARE:
		vsq->reads++;
		vsq->blocks_read += slot->nr_blocks;
		break;
	case NVME_IO_WRITE:
		vsq->writes++;
		vsq->blocks_written += slot->nr_blocks;
		break;
	}
}

/* The drive is done with a command, which sluice_vslot_returned() completes */
static void sluice_vslot_ended(const struct sluice_vslot *slot)
{
	if (unlikely(sluice_vcost_is_long(slot->opcode)))
		sluice_vio_end_long(slot);
}

/* The drive has completed a command; the lock of @vcq is held */
static void sluice_vslot_returned(struct sluice_vcq *vcq,
				  struct sluice_vslot *slot, u16 status)
{
	struct sluice_vsq *vsq = slot->vsq;

	if (!status)
		sluice_vsq_count(vsq, slot);
	sluice_vcq_post_locked(vcq, slot, status, 0);
	WRITE_ONCE(vsq->completed, vsq->completed + 1);
}

/* Once for all commands of a queue that the drive completed together */
static void sluice_vsq_returned(struct sluice_vsq *vsq)
{
	sluice_vsq_slots_freed(vsq);
	if (unlikely(READ_ONCE(vsq->vctrl->draining)))
		wake_up(&vsq->vctrl->drained);
}

static struct sluice_vslot *
sluice_vcq_find_slot(struct sluice_vcq *vcq, const struct nvme_cqe *cqe)
{
	struct sluice_vctrl *vctrl = vcq->vctrl;
	u16 qid = le16_to_cpu(cqe->sq_id), cid = le16_to_cpu(cqe->cid);
	struct sluice_vslot *slot;
	struct sluice_vsq *vsq;

	if (qid > vctrl->ctrl->nr_qpairs || !vctrl->sq_of_qid[qid])
		return NULL;
	vsq = &vctrl->sqs[vctrl->sq_of_qid[qid]];
	/* the slots of another completion queue may be freed at any time */
	if (READ_ONCE(vsq->vcq) != vcq || cid >= vsq->nr_slots)
		return NULL;
	slot = &vsq->slots[cid];
	return READ_ONCE(slot->state) == SLUICE_VSLOT_HARDWARE ? slot : NULL;
}

/* The submission queue of the command, NULL if there is no such command */
static struct sluice_vsq *sluice_vcq_complete(struct sluice_vcq *vcq,
					      const struct nvme_cqe *cqe)
{
	struct sluice_vslot *slot = sluice_vcq_find_slot(vcq, cqe);
	struct sluice_vsq *vsq;

	if (unlikely(!slot)) {
		dev_warn_ratelimited(&vcq->vctrl->ctrl->pdev->dev,
				     "completion of unknown command %u on queue %u ignored\n",
				     le16_to_cpu(cqe->cid),
				     le16_to_cpu(cqe->sq_id));
		return NULL;
	}
	vsq = slot->vsq;
	sluice_vslot_ended(slot);
	sluice_vslot_returned(vcq, slot, sluice_vctrl_status(cqe->status));
	return vsq;
}

static unsigned int sluice_vcq_take(struct sluice_vcq *vcq,
				    unsigned int budget)
{
	struct sluice_vsq *vsq, *last = NULL;
	unsigned int nr = 0;
	struct nvme_cqe cqe;

	for (; nr < budget && sluice_nvme_cqe_next(&vcq->hw, &cqe); nr++) {
		vsq = sluice_vcq_complete(vcq, &cqe);
		if (vsq != last && last)
			sluice_vsq_returned(last);
		last = vsq;
	}
	if (last)
		sluice_vsq_returned(last);
	return nr;
}

/**
 * sluice_vcq_process() - pass completions of the hardware to the guest
 * @hw: hardware queue, its lock held
 * @budget: entries to take at most
 *
 * Hard IRQ context, or the poller. The guest gets one interrupt for all of
 * them.
 *
 * Return: entries taken.
 */
unsigned int sluice_vcq_process(struct sluice_nvme_cq *hw, unsigned int budget)
{
	struct sluice_vcq *vcq = hw->priv;
	unsigned int nr;
	bool signal;

	if (!sluice_nvme_cq_pending(hw))
		return 0;
	scoped_guard(spinlock, &vcq->lock) {
		nr = sluice_vcq_take(vcq, budget);
		signal = sluice_virq_due(vcq);
	}
	if (signal)
		sluice_vcq_raise(vcq);
	return nr;
}

/**
 * sluice_vcq_interrupted() - the guest has been given completions
 * @hw: hardware queue
 */
void sluice_vcq_interrupted(struct sluice_nvme_cq *hw)
{
	struct sluice_vcq *vcq = hw->priv;

	sluice_poll_kick(vcq->vctrl->sdev);
}

/**
 * sluice_vsq_drained() - has the drive completed all commands of a queue?
 * @vsq: submission queue whose fetching is stopped
 *
 * Return: true when no command is in flight.
 */
bool sluice_vsq_drained(const struct sluice_vsq *vsq)
{
	return READ_ONCE(vsq->submitted) == READ_ONCE(vsq->completed);
}

/**
 * sluice_vsq_fail_hardware() - complete the commands that the drive will not
 * @vsq: submission queue whose hardware queue is gone and whose slots stay
 * @status: status to complete with
 */
void sluice_vsq_fail_hardware(struct sluice_vsq *vsq, u16 status)
{
	struct sluice_vcq *vcq;
	unsigned int i;
	bool signal;

	guard(spinlock)(&vsq->hw_lock);
	vcq = vsq->vcq;
	if (!vcq)
		return;
	scoped_guard(spinlock_irqsave, &vcq->lock) {
		for (i = 0; i < vsq->nr_slots; i++) {
			struct sluice_vslot *slot = &vsq->slots[i];

			if (slot->state != SLUICE_VSLOT_HARDWARE)
				continue;
			sluice_vslot_ended(slot);
			sluice_vslot_returned(vcq, slot, status);
		}
		sluice_vsq_returned(vsq);
		signal = sluice_virq_due(vcq);
	}
	if (signal)
		sluice_vcq_raise(vcq);
}
