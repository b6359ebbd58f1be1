// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: queues of the hardware
 *
 * The host's disks and the clients use the same functions. Each I/O completion
 * queue has the MSI-X vector of its own number. Memory and fields live from
 * *_alloc() to *_free(); the queue exists in the controller from *_create() to
 * *_delete(), or until a reset of the controller, after which it can be
 * created again.
 *
 * *_create() waits for the controller, as the reset does. A client must not: it may
 * have a lock that others need. So there is *_create_async(), and what is deleted
 * is not waited for either. The commands end in the interrupt of the admin queue.
 */
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/sched/mm.h>

#include "sluice_compat.h"
#include "host/host.h"

/**
 * sluice_nvme_qids_reserve() - reserve I/O queue identifiers
 * @ctrl: controller
 * @qids: receives them
 * @nr: how many
 *
 * Return: 0, or -ENOSPC when fewer than @nr are free; then none is reserved.
 */
int sluice_nvme_qids_reserve(struct sluice_nvme_ctrl *ctrl, u16 *qids,
			     unsigned int nr)
{
	unsigned long qid = 0;
	unsigned int i;

	spin_lock(&ctrl->qid_lock);
	if (ctrl->nr_qpairs - bitmap_weight(ctrl->qids, ctrl->nr_qpairs) < nr) {
		spin_unlock(&ctrl->qid_lock);
		return -ENOSPC;
	}
	for (i = 0; i < nr; i++) {
		qid = find_next_zero_bit(ctrl->qids, ctrl->nr_qpairs, qid);
		__set_bit(qid, ctrl->qids);
		qids[i] = qid + 1;
	}
	spin_unlock(&ctrl->qid_lock);
	return 0;
}

/**
 * sluice_nvme_qids_release() - give I/O queue identifiers back
 * @ctrl: controller
 * @qids: as received from sluice_nvme_qids_reserve()
 * @nr: how many
 */
void sluice_nvme_qids_release(struct sluice_nvme_ctrl *ctrl, const u16 *qids,
			      unsigned int nr)
{
	unsigned int i;

	spin_lock(&ctrl->qid_lock);
	for (i = 0; i < nr; i++)
		__clear_bit(qids[i] - 1, ctrl->qids);
	spin_unlock(&ctrl->qid_lock);
}

/**
 * sluice_nvme_qids_free() - count the I/O queue pairs that are not reserved
 * @ctrl: controller
 *
 * Return: their number.
 */
unsigned int sluice_nvme_qids_free(struct sluice_nvme_ctrl *ctrl)
{
	unsigned int used;

	spin_lock(&ctrl->qid_lock);
	used = bitmap_weight(ctrl->qids, ctrl->nr_qpairs);
	spin_unlock(&ctrl->qid_lock);
	return ctrl->nr_qpairs - used;
}

static u32 __iomem *sluice_nvme_doorbell(struct sluice_nvme_ctrl *ctrl,
					 u16 qid, bool completion)
{
	size_t stride = 4ul << FIELD_GET(NVME_CAP_DSTRD, ctrl->cap);

	return ctrl->bar + NVME_REG_DBS + (2 * qid + completion) * stride;
}

/* What is seen of a queue that is not armed: it has no new entry */
static void sluice_nvme_cq_hide(struct sluice_nvme_cq *cq)
{
	static const struct nvme_cqe empty;

	cq->armed = false;
	WRITE_ONCE(cq->seen, &empty);
	WRITE_ONCE(cq->phase, 1);
}

/**
 * sluice_nvme_cq_init() - prepare a completion queue, once
 * @cq: zeroed
 */
void sluice_nvme_cq_init(struct sluice_nvme_cq *cq)
{
	spin_lock_init(&cq->lock);
	sluice_nvme_cq_hide(cq);
}

/**
 * sluice_nvme_cq_alloc() - get the memory of a completion queue
 * @cq: queue after sluice_nvme_cq_init(); the caller sets its callback before
 *	sluice_nvme_cq_create()
 * @ctrl: controller
 * @qid: queue identifier
 * @depth: entries, 2 to &sluice_nvme_ctrl.max_depth
 *
 * Return: 0 or -ENOMEM.
 */
int sluice_nvme_cq_alloc(struct sluice_nvme_cq *cq,
			 struct sluice_nvme_ctrl *ctrl, u16 qid, u32 depth)
{
	cq->entries = dma_alloc_coherent(&ctrl->pdev->dev,
					 depth * sizeof(*cq->entries),
					 &cq->dma, GFP_KERNEL_ACCOUNT);
	if (!cq->entries)
		return -ENOMEM;
	cq->ctrl = ctrl;
	cq->qid = qid;
	cq->depth = depth;
	cq->vector = qid;
	cq->db = sluice_nvme_doorbell(ctrl, qid, true);
	return 0;
}

/**
 * sluice_nvme_cq_free() - release the memory of a completion queue
 * @cq: queue that does not exist in the controller (any more)
 */
void sluice_nvme_cq_free(struct sluice_nvme_cq *cq)
{
	if (!cq->entries)
		return;
	dma_free_coherent(&cq->ctrl->pdev->dev,
			  cq->depth * sizeof(*cq->entries), cq->entries,
			  cq->dma);
	cq->entries = NULL;
}

/**
 * sluice_nvme_cq_process() - hand all new entries on
 * @cq: queue, locked
 * @budget: how many at most. Never more than one queue's worth, so that a device
 *	cannot keep a CPU here
 *
 * Return: how many there were. The head doorbell is the caller's.
 */
unsigned int sluice_nvme_cq_process(struct sluice_nvme_cq *cq,
				    unsigned int budget)
{
	lockdep_assert_held(&cq->lock);
	return cq->process(cq, min(budget, cq->depth));
}

/**
 * sluice_nvme_cq_poll() - look for new entries
 * @cq: queue
 * @budget: how many to hand on at most; %UINT_MAX for all
 *
 * Any context. Does nothing while the queue does not exist.
 *
 * Return: number of entries that were handed on.
 */
unsigned int sluice_nvme_cq_poll(struct sluice_nvme_cq *cq, unsigned int budget)
{
	unsigned int nr = 0;
	unsigned long flags;

	spin_lock_irqsave(&cq->lock, flags);
	if (cq->armed)
		nr = sluice_nvme_cq_process(cq, budget);
	if (nr) {
		writel(cq->head, cq->db);
		/* all queues share it: written only when somebody asks */
		if (unlikely(!READ_ONCE(cq->ctrl->answered)))
			WRITE_ONCE(cq->ctrl->answered, true);
	}
	spin_unlock_irqrestore(&cq->lock, flags);
	return nr;
}

/**
 * sluice_nvme_progress() - when did the drive last complete a command?
 * @ctrl: controller
 *
 * Of any queue: the host's, a client's or the admin queue. A thread that waits
 * for the drive calls this again and again: the answer is as exact as it is
 * called often.
 *
 * Return: jiffies.
 */
unsigned long sluice_nvme_progress(struct sluice_nvme_ctrl *ctrl)
{
	if (READ_ONCE(ctrl->answered)) {
		WRITE_ONCE(ctrl->answered, false);
		WRITE_ONCE(ctrl->progressed, jiffies);
	}
	return READ_ONCE(ctrl->progressed);
}

/*
 * A thread that polls may have taken the entries before the interrupt came, so
 * finding none is no reason for IRQ_NONE: no other queue or device has this
 * vector.
 */
static irqreturn_t sluice_nvme_irq(int irq, void *data)
{
	struct sluice_nvme_cq *cq = data;

	if (sluice_nvme_cq_poll(cq, UINT_MAX) && cq->interrupted)
		cq->interrupted(cq);
	return IRQ_HANDLED;
}

/* May the interrupt be masked? Only between request and free. */
static void sluice_nvme_cq_set_maskable(struct sluice_nvme_cq *cq, bool maskable)
{
	spin_lock_irq(&cq->lock);
	cq->maskable = maskable;
	cq->masked = false;
	spin_unlock_irq(&cq->lock);
}

/**
 * sluice_nvme_cq_mask() - turn the interrupt off while a thread polls
 * @cq: queue, armed or not
 * @wanted: says that it is still to be off. Another thread that clears this, and
 *	calls sluice_nvme_cq_unmask() afterwards, has the interrupt on
 *
 * The interrupt is off until sluice_nvme_cq_unmask(), or until the queue is
 * armed again. One interrupt may still come.
 */
void sluice_nvme_cq_mask(struct sluice_nvme_cq *cq, const bool *wanted)
{
	guard(spinlock_irqsave)(&cq->lock);
	if (!READ_ONCE(*wanted) || !cq->maskable || cq->masked)
		return;
	disable_irq_nosync(cq->irq);
	cq->masked = true;
}

/**
 * sluice_nvme_cq_unmask() - turn the interrupt on again
 * @cq: queue, masked or not
 *
 * An interrupt that the device sent while it was masked is handled now.
 */
void sluice_nvme_cq_unmask(struct sluice_nvme_cq *cq)
{
	guard(spinlock_irqsave)(&cq->lock);
	if (!cq->masked)
		return;
	cq->masked = false;
	enable_irq(cq->irq);
}

/**
 * sluice_nvme_cq_arm() - clear a completion queue and get its interrupt
 * @cq: queue that is not armed; &sluice_nvme_ctrl.reset_lock is held
 *
 * Return: 0 or a negative errno.
 */
int sluice_nvme_cq_arm(struct sluice_nvme_cq *cq)
{
	struct sluice_nvme_ctrl *ctrl = cq->ctrl;
	unsigned int noio;
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(sluice_nvme_cq_arm, cq);
	lockdep_assert_held(&ctrl->reset_lock);
	if (WARN_ON_ONCE(ctrl->host->cqs[cq->qid]))
		return -EBUSY;

	/* Nobody looks at the entries before it is armed. */
	memset(cq->entries, 0, cq->depth * sizeof(*cq->entries));
	spin_lock_irq(&cq->lock);
	cq->head = 0;
	WRITE_ONCE(cq->phase, 1);
	cq->armed = true;
	/* Pairs with sluice_nvme_cq_look(): the entries are clear. */
	smp_store_release(&cq->seen, cq->entries);
	spin_unlock_irq(&cq->lock);

	/* Memory reclaim must not wait for a disk that waits for reset_lock. */
	noio = memalloc_noio_save();
	ret = pci_request_irq(ctrl->pdev, cq->vector, sluice_nvme_irq, NULL, cq,
			      "sluice%dq%u", ctrl->instance, cq->qid);
	memalloc_noio_restore(noio);
	if (ret) {
		dev_err_ratelimited(&ctrl->pdev->dev,
				    "no interrupt for queue %u: %pe\n",
				    cq->qid, ERR_PTR(ret));
		spin_lock_irq(&cq->lock);
		sluice_nvme_cq_hide(cq);
		spin_unlock_irq(&cq->lock);
		return ret;
	}
	cq->irq = pci_irq_vector(ctrl->pdev, cq->vector);
	sluice_nvme_cq_set_maskable(cq, true);
	ctrl->host->cqs[cq->qid] = cq;
	return 0;
}

/**
 * sluice_nvme_cq_disarm() - give the interrupt of a completion queue back
 * @cq: queue; &sluice_nvme_ctrl.reset_lock is held
 *
 * When it returns no callback of the queue runs or will run. What the device
 * had completed before has been handed on.
 */
void sluice_nvme_cq_disarm(struct sluice_nvme_cq *cq)
{
	struct sluice_nvme_ctrl *ctrl = cq->ctrl;

	KUNIT_STATIC_STUB_REDIRECT(sluice_nvme_cq_disarm, cq);
	lockdep_assert_held(&ctrl->reset_lock);
	if (ctrl->host->cqs[cq->qid] != cq)
		return;
	ctrl->host->cqs[cq->qid] = NULL;
	sluice_nvme_cq_set_maskable(cq, false);
	pci_free_irq(ctrl->pdev, cq->vector, cq);

	spin_lock_irq(&cq->lock);
	/* The controller no longer knows the queue: no doorbell here. */
	sluice_nvme_cq_process(cq, UINT_MAX);
	sluice_nvme_cq_hide(cq);
	spin_unlock_irq(&cq->lock);
}

/**
 * sluice_nvme_cqs_disarm_all() - take the interrupts of all queues away
 * @ctrl: controller, disabled or cut off from memory; its reset_lock is held
 */
void sluice_nvme_cqs_disarm_all(struct sluice_nvme_ctrl *ctrl)
{
	unsigned int qid;

	for (qid = 0; qid < ctrl->nr_vectors; qid++) {
		if (ctrl->host->cqs[qid])
			sluice_nvme_cq_disarm(ctrl->host->cqs[qid]);
	}
}

/* The admin queue is closed while the PCI core resets the function. */
static bool sluice_nvme_queues_possible(struct sluice_nvme_ctrl *ctrl)
{
	lockdep_assert_held(&ctrl->reset_lock);
	return READ_ONCE(ctrl->host->adminq.open);
}

/* 0, or why the hardware does not have the queue */
static int sluice_nvme_queue_created(struct sluice_nvme_ctrl *ctrl,
				     const char *what, u16 qid, int ret)
{
	if (ret)
		dev_err_ratelimited(&ctrl->pdev->dev,
				    "creating I/O %s queue %u failed: %s %#x\n",
				    what, qid, ret < 0 ? "error" : "status",
				    ret < 0 ? -ret : ret);
	return ret > 0 ? -EIO : ret;
}

static int sluice_nvme_queue_create(struct sluice_nvme_ctrl *ctrl,
				    struct sluice_nvme_life *life,
				    struct nvme_cmd *cmd)
{
	/* The reset path creates queues before the controller is live. */
	int ret = sluice_nvme_admin_internal(ctrl, cmd, NULL, 0, NULL);

	if (!ret)
		WRITE_ONCE(life->state, SLUICE_NVME_QUEUE_PRESENT);
	return ret;
}

/* A creation or a deletion has ended, with @state. */
static void sluice_nvme_queue_end(struct sluice_nvme_life *life,
				  enum sluice_nvme_queue_state state)
{
	WRITE_ONCE(life->state, state);
	if (life->ended)
		life->ended(life);
}

static bool sluice_nvme_deleted(int status)
{
	return status <= 0 || (status & NVME_SC_MASK) == NVME_SC_QID_INVALID;
}

/* The device has answered, or a reset has stopped it. */
static void sluice_nvme_answered(struct sluice_nvme_ctrl *ctrl, void *priv,
				 int status)
{
	struct sluice_nvme_life *life = priv;

	life->error = status;
	if (life->state == SLUICE_NVME_QUEUE_CREATING)
		sluice_nvme_queue_end(life, status ? SLUICE_NVME_QUEUE_FAILED :
						     SLUICE_NVME_QUEUE_PRESENT);
	else
		sluice_nvme_queue_end(life, sluice_nvme_deleted(status) ?
						SLUICE_NVME_QUEUE_ABSENT :
						SLUICE_NVME_QUEUE_STUCK);
}

/*
 * The same for submission queues that are deleted. They may take as long as the
 * commands of a guest, and have a share of the admin queue of their own: others can
 * create their queues meanwhile.
 */
static void sluice_nvme_sq_answered(struct sluice_nvme_ctrl *ctrl, void *priv,
				    int status)
{
	sluice_nvme_answered(ctrl, priv, status);
}

/* What has ended the last command has returned, &sluice_nvme_life.ended included */
static enum sluice_nvme_queue_state
sluice_nvme_queue_state(struct sluice_nvme_ctrl *ctrl,
			const struct sluice_nvme_life *life)
{
	guard(spinlock_irqsave)(&ctrl->host->adminq.cq.lock);
	return life->state;
}

/* For what does not have to wait for commands; see sluice_nvme_admin_async() */
static const unsigned long sluice_nvme_no_commands;

static int sluice_nvme_create_begin(struct sluice_nvme_ctrl *ctrl,
				    struct sluice_nvme_life *life,
				    const struct nvme_cmd *cmd)
{
	int ret;

	/* The end may come before the function returns. */
	WRITE_ONCE(life->state, SLUICE_NVME_QUEUE_CREATING);
	ret = sluice_nvme_admin_async(ctrl, cmd, &sluice_nvme_no_commands,
				      sluice_nvme_answered, life);
	if (ret)
		WRITE_ONCE(life->state, SLUICE_NVME_QUEUE_ABSENT);
	return ret;
}

/* See sluice_nvme_admin_async() for @completed */
static int sluice_nvme_delete_begin(struct sluice_nvme_ctrl *ctrl,
				    struct sluice_nvme_life *life, u8 opcode,
				    u16 qid, const unsigned long *completed)
{
	const struct nvme_cmd cmd = {
		.opcode = opcode,
		.cdw10 = cpu_to_le32(qid),
	};
	sluice_nvme_admin_end_t *end = opcode == NVME_ADMIN_DELETE_SQ ?
				       sluice_nvme_sq_answered :
				       sluice_nvme_answered;
	int ret;

	/* The end may come before the function returns. */
	WRITE_ONCE(life->state, SLUICE_NVME_QUEUE_DELETING);
	ret = sluice_nvme_admin_async(ctrl, &cmd, completed, end, life);
	if (ret)
		WRITE_ONCE(life->state, SLUICE_NVME_QUEUE_PRESENT);
	return ret;
}

/*
 * The owner frees the memory of a queue. A controller that may have it nevertheless
 * could still write there: take its access to memory away. The reset that is
 * started here gives the access back. With the lock held: otherwise that might
 * have happened before.
 */
static void sluice_nvme_fence(struct sluice_nvme_ctrl *ctrl)
{
	lockdep_assert_held(&ctrl->reset_lock);
	sluice_nvme_master_off(ctrl);
	sluice_nvme_reset(ctrl);
}

/* The drive has refused to delete a queue. A reset that is about to run is enough. */
static void sluice_nvme_queue_unstick(struct sluice_nvme_ctrl *ctrl,
				      const struct sluice_nvme_life *life,
				      const char *what, u16 qid)
{
	if (!sluice_nvme_queues_possible(ctrl))
		return;
	dev_err(&ctrl->pdev->dev, "deleting I/O %s queue %u failed: status %#x; resetting the controller\n",
		what, qid, life->error);
	sluice_nvme_fence(ctrl);
}

static struct nvme_cmd sluice_nvme_cq_create_cmd(const struct sluice_nvme_cq *cq)
{
	return (struct nvme_cmd) {
		.opcode = NVME_ADMIN_CREATE_CQ,
		.prp1 = cpu_to_le64(cq->dma),
		.cdw10 = cpu_to_le32((cq->depth - 1) << 16 | cq->qid),
		.cdw11 = cpu_to_le32(cq->vector << 16 | NVME_CQ_IEN |
				     NVME_QUEUE_PC),
	};
}

/**
 * sluice_nvme_cq_create() - create an I/O completion queue
 * @cq: queue with memory and callback; &sluice_nvme_ctrl.reset_lock is held
 *
 * Waits for the controller: for the reset path.
 *
 * Return: 0; -EIO when the controller refuses; -ENODEV when it is being reset
 * or is about to be, or is dead; or another negative errno.
 */
int sluice_nvme_cq_create(struct sluice_nvme_cq *cq)
{
	struct nvme_cmd cmd = sluice_nvme_cq_create_cmd(cq);
	int ret;

	if (!sluice_nvme_queues_possible(cq->ctrl))
		return -ENODEV;
	ret = sluice_nvme_cq_arm(cq);
	if (ret)
		return ret;
	ret = sluice_nvme_queue_create(cq->ctrl, &cq->life, &cmd);
	if (ret) {
		/* The controller may have created it nevertheless. */
		if (ret < 0)
			sluice_nvme_fence(cq->ctrl);
		sluice_nvme_cq_disarm(cq);
	}
	return sluice_nvme_queue_created(cq->ctrl, "completion", cq->qid, ret);
}

static int sluice_nvme_cq_begin(struct sluice_nvme_cq *cq)
{
	const struct nvme_cmd cmd = sluice_nvme_cq_create_cmd(cq);
	int ret;

	if (!sluice_nvme_queues_possible(cq->ctrl))
		return -ENODEV;
	/* A guest may try again and again, and an interrupt takes long to get. */
	if (sluice_nvme_admin_is_full(cq->ctrl, sluice_nvme_answered))
		return -EAGAIN;
	ret = sluice_nvme_cq_arm(cq);
	if (ret)
		return ret;
	ret = sluice_nvme_create_begin(cq->ctrl, &cq->life, &cmd);
	if (ret)
		sluice_nvme_cq_disarm(cq);
	return ret ?: -EAGAIN;
}

/**
 * sluice_nvme_cq_create_async() - have an I/O completion queue created
 * @cq: queue with memory and callback; &sluice_nvme_ctrl.reset_lock is held
 *
 * Does not wait: the owner calls this again as long as it returns -EAGAIN, or has
 * the queue deleted. &sluice_nvme_life.ended tells when it is worth it. A reset
 * ends the creation.
 *
 * Return: 0 once the hardware has the queue. -EAGAIN while it is being created, or
 * when that could not begin. Otherwise the hardware does not have it: -EIO when
 * the controller has refused; -ENODEV when it is being reset or is about to be, or
 * is dead, or a reset has come between; -ETIMEDOUT when it has been reset because it
 * did not answer; or another negative errno.
 */
int sluice_nvme_cq_create_async(struct sluice_nvme_cq *cq)
{
	lockdep_assert_held(&cq->ctrl->reset_lock);
	switch (sluice_nvme_queue_state(cq->ctrl, &cq->life)) {
	case SLUICE_NVME_QUEUE_ABSENT:
		return sluice_nvme_cq_begin(cq);
	case SLUICE_NVME_QUEUE_PRESENT:
		return 0;
	case SLUICE_NVME_QUEUE_FAILED:
		sluice_nvme_cq_disarm(cq);
		WRITE_ONCE(cq->life.state, SLUICE_NVME_QUEUE_ABSENT);
		return sluice_nvme_queue_created(cq->ctrl, "completion",
						 cq->qid, cq->life.error);
	default:
		return -EAGAIN;
	}
}

/**
 * sluice_nvme_cq_delete() - have an I/O completion queue deleted
 * @cq: queue whose submission queues are gone; &sluice_nvme_ctrl.reset_lock is
 *	held
 *
 * Does not wait: the owner calls this again until it returns true.
 * &sluice_nvme_life.ended tells when it is worth it. A reset ends the deletion. A
 * queue that is being created is not deleted before that has ended. If the drive
 * refuses to delete the queue, this has the drive reset.
 *
 * Return: true when the device does not touch the queue's memory any more and
 * no callback of it runs or will run.
 */
bool sluice_nvme_cq_delete(struct sluice_nvme_cq *cq)
{
	struct sluice_nvme_ctrl *ctrl = cq->ctrl;

	lockdep_assert_held(&ctrl->reset_lock);
	switch (sluice_nvme_queue_state(ctrl, &cq->life)) {
	case SLUICE_NVME_QUEUE_CREATING:
	case SLUICE_NVME_QUEUE_DELETING:
		return false;
	case SLUICE_NVME_QUEUE_STUCK:
		sluice_nvme_queue_unstick(ctrl, &cq->life, "completion",
					  cq->qid);
		return false;
	case SLUICE_NVME_QUEUE_PRESENT:
		/* A controller that is disabled has no I/O queues. */
		if (!sluice_nvme_live(ctrl) || ctrl->host->cqs[cq->qid] != cq)
			break;
		sluice_nvme_delete_begin(ctrl, &cq->life, NVME_ADMIN_DELETE_CQ,
					 cq->qid, &sluice_nvme_no_commands);
		return false;
	case SLUICE_NVME_QUEUE_ABSENT:
	case SLUICE_NVME_QUEUE_FAILED:
		break;
	}
	sluice_nvme_cq_disarm(cq);
	WRITE_ONCE(cq->life.state, SLUICE_NVME_QUEUE_ABSENT);
	return true;
}

/**
 * sluice_nvme_sq_alloc() - get the memory of a submission queue
 * @sq: queue
 * @ctrl: controller
 * @qid: queue identifier
 * @depth: entries, 2 to &sluice_nvme_ctrl.max_depth
 * @cq: where its completions go
 *
 * Return: 0 or -ENOMEM.
 */
int sluice_nvme_sq_alloc(struct sluice_nvme_sq *sq,
			 struct sluice_nvme_ctrl *ctrl, u16 qid, u32 depth,
			 struct sluice_nvme_cq *cq)
{
	sq->entries = dma_alloc_coherent(&ctrl->pdev->dev,
					 depth * sizeof(*sq->entries),
					 &sq->dma, GFP_KERNEL_ACCOUNT);
	if (!sq->entries)
		return -ENOMEM;
	sq->ctrl = ctrl;
	sq->cq = cq;
	sq->qid = qid;
	sq->depth = depth;
	sq->db = sluice_nvme_doorbell(ctrl, qid, false);
	sq->tail = 0;
	return 0;
}

/**
 * sluice_nvme_sq_free() - release the memory of a submission queue
 * @sq: queue that does not exist in the controller (any more)
 */
void sluice_nvme_sq_free(struct sluice_nvme_sq *sq)
{
	if (!sq->entries)
		return;
	dma_free_coherent(&sq->ctrl->pdev->dev,
			  sq->depth * sizeof(*sq->entries), sq->entries,
			  sq->dma);
	sq->entries = NULL;
}

static struct nvme_cmd sluice_nvme_sq_create_cmd(const struct sluice_nvme_sq *sq)
{
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_CREATE_SQ,
		.prp1 = cpu_to_le64(sq->dma),
		.cdw10 = cpu_to_le32((sq->depth - 1) << 16 | sq->qid),
		.cdw11 = cpu_to_le32(sq->cq->qid << 16 | NVME_QUEUE_PC),
	};

	if (sq->ctrl->host->quirks & SLUICE_QUIRK_PRIORITY)
		cmd.cdw11 |= cpu_to_le32(FIELD_PREP(NVME_SQ_QPRIO,
						    NVME_SQ_QPRIO_MEDIUM));
	return cmd;
}

/**
 * sluice_nvme_sq_create() - create an I/O submission queue
 * @sq: queue whose completion queue exists; &sluice_nvme_ctrl.reset_lock is
 *	held
 *
 * As sluice_nvme_cq_create().
 *
 * Return: 0; -EIO when the controller refuses; -ENODEV when it is being reset
 * or is about to be, or is dead; or another negative errno.
 */
int sluice_nvme_sq_create(struct sluice_nvme_sq *sq)
{
	struct nvme_cmd cmd = sluice_nvme_sq_create_cmd(sq);
	int ret;

	if (!sluice_nvme_queues_possible(sq->ctrl))
		return -ENODEV;
	sq->tail = 0;
	ret = sluice_nvme_queue_create(sq->ctrl, &sq->life, &cmd);
	if (ret < 0)
		sluice_nvme_fence(sq->ctrl);
	return sluice_nvme_queue_created(sq->ctrl, "submission", sq->qid, ret);
}

static int sluice_nvme_sq_begin(struct sluice_nvme_sq *sq)
{
	const struct nvme_cmd cmd = sluice_nvme_sq_create_cmd(sq);

	if (!sluice_nvme_queues_possible(sq->ctrl))
		return -ENODEV;
	sq->tail = 0;
	return sluice_nvme_create_begin(sq->ctrl, &sq->life, &cmd) ?: -EAGAIN;
}

/**
 * sluice_nvme_sq_create_async() - have an I/O submission queue created
 * @sq: queue whose completion queue exists; &sluice_nvme_ctrl.reset_lock is
 *	held
 *
 * As sluice_nvme_cq_create_async().
 *
 * Return: see sluice_nvme_cq_create_async().
 */
int sluice_nvme_sq_create_async(struct sluice_nvme_sq *sq)
{
	lockdep_assert_held(&sq->ctrl->reset_lock);
	switch (sluice_nvme_queue_state(sq->ctrl, &sq->life)) {
	case SLUICE_NVME_QUEUE_ABSENT:
		return sluice_nvme_sq_begin(sq);
	case SLUICE_NVME_QUEUE_PRESENT:
		return 0;
	case SLUICE_NVME_QUEUE_FAILED:
		WRITE_ONCE(sq->life.state, SLUICE_NVME_QUEUE_ABSENT);
		return sluice_nvme_queue_created(sq->ctrl, "submission",
						 sq->qid, sq->life.error);
	default:
		return -EAGAIN;
	}
}

/**
 * sluice_nvme_sq_delete() - have an I/O submission queue deleted
 * @sq: queue; &sluice_nvme_ctrl.reset_lock is held
 *
 * Does not wait. The drive may take as long as the commands in the queue do,
 * and what the lock is for must not wait that long: others create their queues
 * under it. A reset ends the deletion. &sluice_nvme_life.ended tells that it has
 * ended, and sluice_nvme_sq_gone() how. A queue that is being created cannot be
 * deleted before that has ended.
 *
 * Return: 0; -EAGAIN or -ENODEV when it did not begin: try again later.
 */
int sluice_nvme_sq_delete(struct sluice_nvme_sq *sq)
{
	struct sluice_nvme_ctrl *ctrl = sq->ctrl;

	lockdep_assert_held(&ctrl->reset_lock);
	if (READ_ONCE(sq->life.state) == SLUICE_NVME_QUEUE_FAILED)
		WRITE_ONCE(sq->life.state, SLUICE_NVME_QUEUE_ABSENT);
	if (READ_ONCE(sq->life.state) != SLUICE_NVME_QUEUE_PRESENT)
		return 0;
	/* A controller that is disabled has no I/O queues. */
	if (!sluice_nvme_live(ctrl) ||
	    ctrl->host->cqs[sq->cq->qid] != sq->cq) {
		WRITE_ONCE(sq->life.state, SLUICE_NVME_QUEUE_ABSENT);
		return 0;
	}
	return sluice_nvme_delete_begin(ctrl, &sq->life, NVME_ADMIN_DELETE_SQ,
					sq->qid, sq->completed);
}

static void sluice_nvme_sq_unstick(struct sluice_nvme_sq *sq)
{
	struct sluice_nvme_ctrl *ctrl = sq->ctrl;

	if (!mutex_trylock(&ctrl->reset_lock))
		return;
	if (READ_ONCE(sq->life.state) == SLUICE_NVME_QUEUE_STUCK)
		sluice_nvme_queue_unstick(ctrl, &sq->life, "submission",
					  sq->qid);
	mutex_unlock(&ctrl->reset_lock);
}

/**
 * sluice_nvme_sq_gone() - does the hardware not have a queue?
 * @sq: queue after sluice_nvme_sq_alloc()
 *
 * Process context; does not sleep. If the drive has refused to delete the queue,
 * this has the drive reset: the owner asks again later.
 *
 * Return: true if the device has no command of this queue in flight and does
 * not touch its memory, and &sluice_nvme_life.ended has returned.
 */
bool sluice_nvme_sq_gone(struct sluice_nvme_sq *sq)
{
	enum sluice_nvme_queue_state state =
		sluice_nvme_queue_state(sq->ctrl, &sq->life);

	if (state == SLUICE_NVME_QUEUE_STUCK)
		sluice_nvme_sq_unstick(sq);
	return state == SLUICE_NVME_QUEUE_ABSENT;
}

/**
 * sluice_nvme_queue_cut_off() - a reset has taken a queue that was to be deleted
 * @ctrl: controller, stopped; its reset_lock is held
 * @life: of the queue
 */
void sluice_nvme_queue_cut_off(struct sluice_nvme_ctrl *ctrl,
			       struct sluice_nvme_life *life)
{
	lockdep_assert_held(&ctrl->reset_lock);
	guard(spinlock_irqsave)(&ctrl->host->adminq.cq.lock);
	if (life->state == SLUICE_NVME_QUEUE_STUCK)
		sluice_nvme_queue_end(life, SLUICE_NVME_QUEUE_ABSENT);
}
