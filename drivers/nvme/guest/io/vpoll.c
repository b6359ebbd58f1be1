// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a virtual controller that the core polls
 *
 * The core's poller calls this file. On each visit the poller takes the
 * commands and completions that are there, up to a budget, and does not sleep.
 * See Documentation/internals/polling.rst.
 */
#include <linux/list.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/*
 * Completions wait for room, written by any thread: the guest may move the head all
 * the way round meanwhile, to where it was. So the pair is not quiet before the
 * list is empty. The bit goes first: who adds one after the look sets it again.
 */
static noinline unsigned int sluice_vpoll_full(struct sluice_vcq *vcq)
{
	unsigned int nr = sluice_vcq_doorbell(vcq);

	clear_bit(vcq->id, &vcq->vctrl->full);
	/* pairs with the order in sluice_vcq_post_locked() */
	smp_mb__after_atomic();
	if (!list_empty_careful(&vcq->waiting))
		set_bit(vcq->id, &vcq->vctrl->full);
	return nr;
}

/*
 * The poller queues the worker once for each value of the tail doorbell. A
 * worker that cannot take the commands now is queued again by the event that it
 * waits for. Without this limit the poller would queue it on every visit until
 * then.
 */
static bool sluice_vpoll_admin(struct sluice_vctrl *vctrl)
{
	u32 tail = sluice_vctrl_sq_doorbell(vctrl, 0);

	if (test_bit(0, &vctrl->full))
		sluice_vpoll_full(&vctrl->cqs[0]);
	if (tail == READ_ONCE(vctrl->admin_doorbell) ||
	    tail == READ_ONCE(vctrl->sqs[0].head) ||
	    !READ_ONCE(vctrl->sqs[0].live) || READ_ONCE(vctrl->stop))
		return false;
	WRITE_ONCE(vctrl->admin_doorbell, tail);
	/*
	 * A Controller Reset may have come between, and the queue is a new one.
	 * Pairs with the barrier in sluice_vqueues_create_admin(): either that
	 * function or this one sees what the other has written.
	 */
	smp_mb();
	if (sluice_vctrl_sq_doorbell(vctrl, 0) != tail)
		WRITE_ONCE(vctrl->admin_doorbell, SLUICE_VCTRL_NO_DOORBELL);
	/* in any case: the new queue's tail may have the same value already */
	sluice_vctrl_kick_worker(vctrl);
	return true;
}

/*
 * A guest that takes completions is awake and will often submit commands next,
 * so that counts as work found. It counts only if the head moves over entries
 * that were posted: else a guest could keep the poller at work by writing
 * doorbells.
 */
static unsigned int sluice_vpoll_cq_doorbell(struct sluice_vcq *vcq)
{
	u32 head = sluice_vctrl_cq_doorbell(vcq->vctrl, vcq->id);
	u32 size = READ_ONCE(vcq->size), seen = READ_ONCE(vcq->doorbell);
	unsigned int nr = 0;
	u32 posted;

	if (unlikely(test_bit(vcq->id, &vcq->vctrl->full)))
		nr = sluice_vpoll_full(vcq);
	if (head == seen || head >= size)
		return nr;
	posted = sluice_ring_distance(seen, READ_ONCE(vcq->tail), size);
	if (sluice_ring_distance(seen, head, size) > posted)
		return nr;
	WRITE_ONCE(vcq->doorbell, head);
	return nr + 1;
}

static unsigned int sluice_vpoll_pair(struct sluice_vcq *vcq,
				      struct sluice_vsq *vsq,
				      unsigned int budget)
{
	unsigned int nr = 0;

	if (READ_ONCE(vcq->live)) {
		/* created after the others were masked, or reset since */
		if (unlikely(READ_ONCE(vcq->vctrl->masked) &&
			     !READ_ONCE(vcq->hw.masked)))
			sluice_nvme_cq_mask(&vcq->hw, &vcq->vctrl->masked);
		nr += sluice_nvme_cq_poll(&vcq->hw, budget);
		nr += sluice_vpoll_cq_doorbell(vcq);
	}
	/* in any case: the completions may be of another submission queue */
	if (READ_ONCE(vsq->live))
		nr += sluice_vio_poll(vsq, budget);
	return nr;
}

/*
 * Is there anything to do for a queue pair? Most times there is not, and then no
 * lock is taken to see that. The answer may be wrong for a pair that another
 * thread serves: that thread leaves nothing.
 */
static bool sluice_vpoll_look(const struct sluice_vcq *vcq,
			      const struct sluice_vsq *vsq,
			      const __le32 *doorbells)
{
	u32 tail = le32_to_cpu(READ_ONCE(doorbells[0]));
	u32 head = le32_to_cpu(READ_ONCE(doorbells[sluice_vctrl_doorbell_word(1)]));

	return tail != READ_ONCE(vsq->head) || head != vcq->doorbell ||
	       sluice_nvme_cq_look(&vcq->hw);
}

/* The same for a command of the admin queue, see sluice_vpoll_admin() */
static bool sluice_vpoll_look_admin(struct sluice_vctrl *vctrl)
{
	u32 tail = sluice_vctrl_sq_doorbell(vctrl, 0);

	return tail != READ_ONCE(vctrl->sqs[0].head) &&
	       tail != READ_ONCE(vctrl->admin_doorbell);
}

/* The queue pairs that have something to do, as bits. The admin queues are pair 0 */
static unsigned long sluice_vpoll_ready(struct sluice_vctrl *vctrl)
{
	const __le32 *doorbells = sluice_vctrl_io_doorbells(vctrl);
	unsigned long pairs = READ_ONCE(vctrl->pairs);
	unsigned long ready = READ_ONCE(vctrl->full) & (pairs | BIT(0));
	const struct sluice_vcq *vcq = vctrl->cqs;
	const struct sluice_vsq *vsq = vctrl->sqs;

	if (unlikely(sluice_vpoll_look_admin(vctrl)))
		ready |= BIT(0);
	while (pairs >>= 1) {
		doorbells += sluice_vctrl_doorbell_word(2);
		vcq++;
		vsq++;
		if (pairs & 1 && sluice_vpoll_look(vcq, vsq, doorbells))
			ready |= BIT(vcq->id);
	}
	return ready;
}

/*
 * If the budget does not last for all queue pairs, the next visit begins with
 * the pair that got too little of it: else a busy pair would keep the budget
 * from the pairs after it.
 */
static unsigned int sluice_vpoll_pairs(struct sluice_vctrl *vctrl,
				       unsigned long ready,
				       unsigned int budget)
{
	unsigned int qid, left, found, nr = 0;
	unsigned long from;

	for (from = ready & (~0ul << vctrl->poll_next); ready && nr < budget;
	     from &= ready) {
		qid = __ffs(from ?: ready);
		ready &= ~BIT(qid);
		left = budget - nr;
		found = sluice_vpoll_pair(&vctrl->cqs[qid], &vctrl->sqs[qid],
					  left);
		if (!nr || found < left)
			vctrl->poll_next = qid + 1;
		nr += found;
	}
	if (nr && unlikely(sluice_vdbbuf_away(vctrl)))
		sluice_vctrl_retry_later(vctrl);
	return nr;
}

/* Apart from the look, most times of which find nothing */
static noinline unsigned int sluice_vpoll_serve(struct sluice_vctrl *vctrl,
						unsigned long ready,
						unsigned int budget)
{
	unsigned int nr = 0;

	if (ready & BIT(0))
		nr = sluice_vpoll_admin(vctrl);
	return nr + sluice_vpoll_pairs(vctrl, ready & ~BIT(0), budget);
}

/**
 * sluice_vpoll() - look for commands and completions
 * @sdev: the attachment
 * @budget: what both together may cost, about; see &sluice_parent_ops.poll and
 *	vcost.h. A completion costs 1
 *
 * Looks at the doorbells, or at the shadow doorbells (NVMe 1.4, 5.7), and at
 * the hardware's completion queues. Never sleeps: a command that would need
 * that is left to the worker.
 *
 * Context: process, one thread at a time.
 * Return: what those cost that were found, 0 for nothing to do.
 */
unsigned int sluice_vpoll(struct sluice_dev *sdev, unsigned int budget)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;
	unsigned long ready = sluice_vpoll_ready(vctrl);

	return ready ? sluice_vpoll_serve(vctrl, ready, budget) : 0;
}

static void sluice_vpoll_mask(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	WRITE_ONCE(vctrl->masked, true);
	for (i = 1; i <= vctrl->nr_qpairs; i++)
		sluice_nvme_cq_mask(&vctrl->cqs[i].hw, &vctrl->masked);
}

static void sluice_vpoll_unmask(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	if (!vctrl->masked)
		return;
	WRITE_ONCE(vctrl->masked, false);
	for (i = 1; i <= vctrl->nr_qpairs; i++)
		sluice_nvme_cq_unmask(&vctrl->cqs[i].hw);
}

/**
 * sluice_vpoll_set_mode() - change how the poller learns of work
 * @sdev: the attachment
 * @mode: see &enum sluice_poll_mode
 *
 * What tells of work beside the doorbell page are the hardware's interrupts and,
 * for a guest with shadow doorbells, the event indices (NVMe 1.4, 5.7).
 * sluice_vpoll() once more finds what came before they were turned on.
 *
 * Context: any, and no other call at the same time. Not beside sluice_vpoll(),
 * but for %SLUICE_POLL_PAUSE.
 * Return: false, and nothing done, for %SLUICE_POLL_DEVICE while the hardware has
 * no command of this controller.
 */
bool sluice_vpoll_set_mode(struct sluice_dev *sdev, enum sluice_poll_mode mode)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;

	switch (mode) {
	case SLUICE_POLL_SPIN:
		sluice_vpoll_mask(vctrl);
		return true;
	case SLUICE_POLL_DEVICE:
		if (sluice_vctrl_drained(vctrl))
			return false;
		break;
	case SLUICE_POLL_PAUSE:
	case SLUICE_POLL_DOORBELL:
		break;
	}
	sluice_vpoll_unmask(vctrl);
	if (mode == SLUICE_POLL_DOORBELL)
		sluice_vdbbuf_arm_all(vctrl);
	return true;
}
