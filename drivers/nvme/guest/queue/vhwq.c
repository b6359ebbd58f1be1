// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the hardware's queues behind a guest's I/O queues
 *
 * A command needs a slot before it is put into a hardware submission queue, so
 * that queue needs no more entries than there are slots, and one. A hardware
 * completion queue has room for as many, even if the guest's is smaller: a drive
 * that finds a completion queue full may delay the commands of all guests.
 * Submission queues that share a completion queue share its entries, too:
 * together they have no more slots. See sluice_vsq_slots_left().
 */
#include <linux/minmax.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* Slots that each submission queue can have, whatever the others have */
#define SLUICE_VSQ_SLOTS	32u

/*
 * What came of creating a queue, with the reset_lock held. -EAGAIN while the drive
 * is creating it, and when a reset of the drive has come between, or is about to:
 * the queue is to be created after it. That is also so when the drive has not
 * answered, but once only. A drive that does not answer after its reset either must
 * not be reset again and again.
 */
static int sluice_vqueue_hw_created(struct sluice_vctrl *vctrl, int err)
{
	lockdep_assert_held(&vctrl->ctrl->reset_lock);
	if (err == -EAGAIN)
		return err;
	if (err == -ENODEV)
		return vctrl->ctrl->state == SLUICE_NVME_DEAD ? err : -EAGAIN;
	vctrl->unanswered = err == -ETIMEDOUT && !vctrl->unanswered;
	return vctrl->unanswered ? -EAGAIN : err;
}

/* A creation or a deletion. Any context; the drive's admin queue is locked */
static void sluice_vqueue_hw_ended(struct sluice_vctrl *vctrl)
{
	atomic_inc(&vctrl->ended);
	wake_up(&vctrl->drained);
	sluice_vctrl_kick_worker(vctrl);
}

static void sluice_vcq_hw_ended(struct sluice_nvme_life *life)
{
	sluice_vqueue_hw_ended(container_of(life, struct sluice_vcq,
					    hw.life)->vctrl);
}

static void sluice_vsq_hw_ended(struct sluice_nvme_life *life)
{
	sluice_vqueue_hw_ended(container_of(life, struct sluice_vsq,
					    hw.life)->vctrl);
}

static bool sluice_vqueue_hw_busy(const struct sluice_nvme_life *life)
{
	enum sluice_nvme_queue_state state = READ_ONCE(life->state);

	return state == SLUICE_NVME_QUEUE_CREATING ||
	       state == SLUICE_NVME_QUEUE_DELETING;
}

/*
 * Does the drive create or delete a queue of this slice? It is given one such
 * command of a slice at a time, so that a slice cannot fill the drive's admin
 * queue. Guests may ask for queue after queue, without waiting for the first.
 */
static bool sluice_vqueues_busy(const struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		if (sluice_vqueue_hw_busy(&vctrl->sqs[i].hw.life) ||
		    sluice_vqueue_hw_busy(&vctrl->cqs[i].hw.life))
			return true;
	}
	return false;
}

/*
 * May the drive be given a creation or a deletion for this slice? If so, the
 * reset_lock is held afterwards.
 */
static bool sluice_vqueue_hw_begin(struct sluice_vctrl *vctrl)
{
	return !sluice_vqueues_busy(vctrl) &&
	       mutex_trylock(&vctrl->ctrl->reset_lock);
}

static void sluice_vqueue_hw_end(struct sluice_vctrl *vctrl)
{
	mutex_unlock(&vctrl->ctrl->reset_lock);
}

/**
 * sluice_vcq_hw_alloc() - allocate the hardware queue of a completion queue
 * @vcq: completion queue, the admin lock held
 *
 * Return: 0 or a negative errno
 */
int sluice_vcq_hw_alloc(struct sluice_vcq *vcq)
{
	struct sluice_nvme_ctrl *ctrl = vcq->vctrl->ctrl;
	int err;

	err = sluice_nvme_cq_alloc(&vcq->hw, ctrl, vcq->vctrl->qids[vcq->id - 1],
				   min(ctrl->max_depth,
				       SLUICE_VSQ_MAX_SLOTS + 1u));
	if (err)
		return err;
	vcq->hw.process = sluice_vcq_process;
	vcq->hw.interrupted = sluice_vcq_interrupted;
	vcq->hw.priv = vcq;
	vcq->hw.life.ended = sluice_vcq_hw_ended;
	return 0;
}

/**
 * sluice_vcq_hw_free() - free the hardware queue of a completion queue
 * @vcq: completion queue that the drive does not have, the admin lock held
 *
 * The poller looks at the entries of a queue that is armed, without a lock: this
 * waits for its visit to end.
 */
void sluice_vcq_hw_free(struct sluice_vcq *vcq)
{
	sluice_vctrl_poll_sync(vcq->vctrl);
	sluice_nvme_cq_free(&vcq->hw);
}

/**
 * sluice_vcq_hw_create() - create the hardware queue of a completion queue
 * @vcq: completion queue, the admin lock held
 *
 * Does not wait for the drive.
 *
 * Return: 0 once the drive has the queue, -EAGAIN until then, or another negative
 * errno when the drive has refused it
 */
int sluice_vcq_hw_create(struct sluice_vcq *vcq)
{
	struct sluice_vctrl *vctrl = vcq->vctrl;
	int err;

	if (!sluice_vqueue_hw_begin(vctrl))
		return -EAGAIN;
	err = sluice_vqueue_hw_created(vctrl,
				       sluice_nvme_cq_create_async(&vcq->hw));
	sluice_vqueue_hw_end(vctrl);
	return err;
}

/**
 * sluice_vsq_hw_alloc() - allocate the hardware queue of a submission queue
 * @vsq: submission queue with its slots and completion queue, the admin lock held
 *
 * Return: 0 or a negative errno
 */
int sluice_vsq_hw_alloc(struct sluice_vsq *vsq)
{
	int err;

	err = sluice_nvme_sq_alloc(&vsq->hw, vsq->vctrl->ctrl,
				   vsq->vctrl->qids[vsq->id - 1],
				   vsq->nr_slots + 1, &vsq->vcq->hw);
	if (err)
		return err;
	vsq->hw.completed = &vsq->completed;
	vsq->hw.life.ended = sluice_vsq_hw_ended;
	return 0;
}

/**
 * sluice_vsq_hw_create() - create the hardware queue of a submission queue
 * @vsq: submission queue, the admin lock held
 *
 * Return: as sluice_vcq_hw_create()
 */
int sluice_vsq_hw_create(struct sluice_vsq *vsq)
{
	struct sluice_vctrl *vctrl = vsq->vctrl;
	int err;

	if (!sluice_vqueue_hw_begin(vctrl))
		return -EAGAIN;
	err = sluice_vqueue_hw_created(vctrl,
				       sluice_nvme_sq_create_async(&vsq->hw));
	sluice_vqueue_hw_end(vctrl);
	return err;
}

/**
 * sluice_vsq_hw_delete() - take the hardware queue from its commands
 * @vsq: submission queue, the admin lock held
 * @status: what the commands complete with, unless the drive has completed them
 *
 * Does not wait for the drive.
 *
 * Return: false when the drive has not deleted the queue yet, or not even created
 * it, and may do DMA for it
 */
bool sluice_vsq_hw_delete(struct sluice_vsq *vsq, u16 status)
{
	if (READ_ONCE(vsq->hw.life.state) != SLUICE_NVME_QUEUE_ABSENT &&
	    sluice_vqueue_hw_begin(vsq->vctrl)) {
		sluice_nvme_sq_delete(&vsq->hw);
		sluice_vqueue_hw_end(vsq->vctrl);
	}
	if (!sluice_nvme_sq_gone(&vsq->hw))
		return false;
	sluice_nvme_cq_poll(&vsq->vcq->hw, UINT_MAX);
	sluice_vsq_fail_hardware(vsq, status);
	return true;
}

/**
 * sluice_vcq_hw_delete() - delete the hardware queue of a completion queue
 * @vcq: completion queue that no submission queue uses, the admin lock held
 *
 * Does not wait for the drive.
 *
 * Return: false until it is gone
 */
bool sluice_vcq_hw_delete(struct sluice_vcq *vcq)
{
	bool gone;

	if (!sluice_vqueue_hw_begin(vcq->vctrl))
		return false;
	gone = sluice_nvme_cq_delete(&vcq->hw);
	sluice_vqueue_hw_end(vcq->vctrl);
	return gone;
}

/**
 * sluice_vqueue_hw_status() - what a guest is told of the creation of a queue
 * @err: what sluice_vcq_hw_create() or sluice_vsq_hw_create() has returned
 *
 * A reset of the drive passes, a refusal does not.
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY
 */
sluice_vstatus_t sluice_vqueue_hw_status(int err)
{
	if (!err)
		return SLUICE_VSTATUS_OK;
	if (err == -EAGAIN)
		return SLUICE_VSTATUS_RETRY;
	return sluice_vstatus_transient(NVME_SC_INTERNAL);
}

/**
 * sluice_vsq_slots_left() - count the slots that a submission queue can have
 * @vctrl: controller, its admin lock held
 * @vcq: the completion queue of the new submission queue
 *
 * All submission queues of the guest may come to this completion queue, so each
 * of them has a share of its entries; what is left beyond these shares goes to
 * the queue that is created first.
 *
 * Return: their number, 0 if the drive has too few entries.
 */
unsigned int sluice_vsq_slots_left(const struct sluice_vctrl *vctrl,
				   const struct sluice_vcq *vcq)
{
	unsigned int left = vcq->hw.depth - 1;
	unsigned int i, share = min(left / vctrl->nr_qpairs, SLUICE_VSQ_SLOTS);

	left -= (vctrl->nr_qpairs - 1) * share;
	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		const struct sluice_vsq *vsq = &vctrl->sqs[i];

		if (vsq->vcq == vcq && vsq->nr_slots > share)
			left -= vsq->nr_slots - share;
	}
	return left;
}

/**
 * sluice_vqueues_evict() - take the hardware's queues from commands that do not
 *	end
 * @vctrl: controller, its admin lock held
 * @iova: first guest address of a range of memory
 * @size: bytes
 *
 * Does not wait for the drive: the caller has to come again as long as commands use
 * the range. Stops the controller with %SLUICE_STOP_EVICTED, which lasts until
 * sluice_vqueues_readmit() has created the queues again.
 */
void sluice_vqueues_evict(struct sluice_vctrl *vctrl, u64 iova, u64 size)
{
	struct sluice_vsq *vsq;
	unsigned int i;

	lockdep_assert_held(&vctrl->admin_lock);
	set_bit(SLUICE_STOP_EVICTED, &vctrl->stop);
	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		vsq = &vctrl->sqs[i];
		/* afterwards nobody submits */
		spin_lock(&vsq->hw_lock);
		spin_unlock(&vsq->hw_lock);
		if (!sluice_vsq_users(vsq, iova, size))
			continue;
		vsq->evicted = vsq->live;
		if (!sluice_vsq_hw_delete(vsq, NVME_SC_NS_NOT_READY))
			return;
	}
}

static int sluice_vsq_readmit(struct sluice_vsq *vsq)
{
	int err;

	if (vsq->evicted) {
		if (!sluice_vsq_hw_delete(vsq, NVME_SC_NS_NOT_READY))
			return -EAGAIN;
		vsq->evicted = false;
		vsq->creating = true;
	}
	err = sluice_vsq_hw_create(vsq);
	if (!err)
		vsq->creating = false;
	return err;
}

/**
 * sluice_vqueues_readmit() - create the hardware's queues after an eviction
 * @vctrl: controller, evicted, its admin lock held
 *
 * Does not wait for the drive.
 *
 * Return: %SLUICE_VSTATUS_OK; %SLUICE_VSTATUS_RETRY when it has to be tried again
 * later; or a status when the drive has refused a queue.
 */
sluice_vstatus_t sluice_vqueues_readmit(struct sluice_vctrl *vctrl)
{
	struct sluice_vsq *vsq;
	unsigned int i;
	int err = 0;

	lockdep_assert_held(&vctrl->admin_lock);
	for (i = 1; i <= vctrl->nr_qpairs && !err; i++) {
		vsq = &vctrl->sqs[i];
		if (vsq->live && (vsq->evicted || vsq->creating))
			err = sluice_vsq_readmit(vsq);
	}
	return sluice_vqueue_hw_status(err);
}

/**
 * sluice_vqueues_restore() - create the hardware queues again after a reset
 * @vctrl: controller, stopped; &sluice_nvme_ctrl.reset_lock is held
 *
 * Return: 0; -EAGAIN when another reset is to come; or another negative errno when
 * some do not exist.
 */
int sluice_vqueues_restore(struct sluice_vctrl *vctrl)
{
	unsigned int i;
	int err = 0;

	for (i = 1; i <= vctrl->nr_qpairs && !err; i++) {
		if (READ_ONCE(vctrl->cqs[i].hw.life.state) ==
		    SLUICE_NVME_QUEUE_PRESENT)
			err = sluice_nvme_cq_create(&vctrl->cqs[i].hw);
	}
	for (i = 1; i <= vctrl->nr_qpairs && !err; i++) {
		if (READ_ONCE(vctrl->sqs[i].hw.life.state) ==
		    SLUICE_NVME_QUEUE_PRESENT)
			err = sluice_nvme_sq_create(&vctrl->sqs[i].hw);
	}
	/* that all exist again says nothing of one that is yet to be created */
	return err ? sluice_vqueue_hw_created(vctrl, err) : 0;
}
