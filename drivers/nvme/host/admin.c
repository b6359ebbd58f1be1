// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: admin commands to the hardware
 *
 * The lock of the admin completion queue protects everything here. It is taken
 * in hard IRQ context. Admin commands are rare, so one lock is enough.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>

#include "host/host.h"

/* How often a waiting thread looks itself: an interrupt may have been lost */
#define SLUICE_NVME_ADMIN_LOOK	HZ

/**
 * struct sluice_nvme_admin_req - a command to be submitted
 * @cmd: command, without identifier and data pointer
 * @buf: data, or NULL
 * @len: bytes of data
 * @waiter: thread that waits, or NULL
 * @end: for asynchronous commands
 * @completed: for asynchronous commands, see sluice_nvme_admin_async(); or NULL
 * @event: an Asynchronous Event Request
 * @priv: for @end
 * @internal: submitted by the reset path
 */
struct sluice_nvme_admin_req {
	const struct nvme_cmd *cmd;
	const void *buf;
	size_t len;
	struct sluice_nvme_admin_waiter *waiter;
	sluice_nvme_admin_end_t *end;
	const unsigned long *completed;
	void *priv;
	bool event;
	bool internal;
};

static struct sluice_nvme_adminq *to_adminq(struct sluice_nvme_cq *cq)
{
	return container_of(cq, struct sluice_nvme_adminq, cq);
}

static void sluice_nvme_admin_put_slot(struct sluice_nvme_adminq *aq,
				       unsigned int slot)
{
	lockdep_assert_held(&aq->cq.lock);
	__clear_bit(slot, &aq->busy);
	wake_up(&aq->wait);
}

/* The device has completed a command, or never will. */
static void sluice_nvme_admin_end(struct sluice_nvme_adminq *aq,
				  unsigned int nr, int status, u32 result)
{
	struct sluice_nvme_admin_slot *slot = &aq->slots[nr];

	lockdep_assert_held(&aq->cq.lock);
	__clear_bit(nr, &aq->inflight);
	if (slot->waiter) {
		slot->waiter->status = status;
		slot->waiter->result = result;
		complete(&slot->waiter->done);
		slot->waiter = NULL;
		return;
	}
	if (slot->end)
		slot->end(aq->cq.ctrl, slot->priv, status);
	if (slot->event)
		sluice_nvme_event_end(aq->cq.ctrl, status, result);
	sluice_nvme_admin_put_slot(aq, nr);
}

static void sluice_nvme_admin_complete(struct sluice_nvme_cq *cq,
				       const struct nvme_cqe *cqe)
{
	struct sluice_nvme_adminq *aq = to_adminq(cq);
	u16 cid = le16_to_cpu(cqe->cid);

	if (cid >= SLUICE_NVME_ADMIN_SLOTS || !test_bit(cid, &aq->inflight)) {
		dev_warn_ratelimited(&cq->ctrl->pdev->dev,
				     "completion of unknown admin command %u\n",
				     cid);
		return;
	}
	sluice_nvme_admin_end(aq, cid, le16_to_cpu(cqe->status) >> 1,
			      le32_to_cpu(cqe->result));
}

/**
 * sluice_nvme_admin_process() - admin commands have been completed
 * @cq: admin completion queue, locked
 * @budget: entries to take at most
 *
 * Return: entries taken.
 */
unsigned int sluice_nvme_admin_process(struct sluice_nvme_cq *cq,
				       unsigned int budget)
{
	unsigned int nr = 0;
	struct nvme_cqe cqe;

	for (; nr < budget && sluice_nvme_cqe_next(cq, &cqe); nr++)
		sluice_nvme_admin_complete(cq, &cqe);
	return nr;
}

/* The thread stops waiting, its command keeps the slot. */
static void sluice_nvme_admin_give_up(struct sluice_nvme_adminq *aq,
				      unsigned int nr, int status)
{
	struct sluice_nvme_admin_waiter *waiter = aq->slots[nr].waiter;

	lockdep_assert_held(&aq->cq.lock);
	waiter->status = status;
	waiter->slot = -1;
	aq->slots[nr].waiter = NULL;
	aq->slots[nr].end = NULL;
	complete(&waiter->done);
}

/* Has the drive as many asynchronous commands with this @end as it may? */
static bool sluice_nvme_admin_has_share(const struct sluice_nvme_adminq *aq,
					sluice_nvme_admin_end_t *end)
{
	unsigned int nr, found = 0;

	for_each_set_bit(nr, &aq->inflight, SLUICE_NVME_ADMIN_SLOTS)
		found += aq->slots[nr].end == end;
	return found >= SLUICE_NVME_ADMIN_SHARE;
}

static bool sluice_nvme_admin_has_no_room(const struct sluice_nvme_adminq *aq,
					  sluice_nvme_admin_end_t *end)
{
	return bitmap_full(&aq->busy, SLUICE_NVME_ADMIN_SLOTS) ||
	       (end && sluice_nvme_admin_has_share(aq, end));
}

/* Returns the slot, -EAGAIN when none is free for it, or -ENODEV. */
static int sluice_nvme_admin_submit(struct sluice_nvme_ctrl *ctrl,
				    const struct sluice_nvme_admin_req *req)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	struct nvme_cmd cmd = *req->cmd;
	struct sluice_nvme_admin_slot *slot;
	unsigned long flags;
	unsigned int nr;
	int ret = -ENODEV;

	spin_lock_irqsave(&aq->cq.lock, flags);
	if (!aq->open || (!req->internal && !sluice_nvme_live(ctrl)))
		goto out;
	ret = -EAGAIN;
	if (sluice_nvme_admin_has_no_room(aq, req->end))
		goto out;

	nr = find_first_zero_bit(&aq->busy, SLUICE_NVME_ADMIN_SLOTS);
	slot = &aq->slots[nr];
	slot->waiter = req->waiter;
	slot->end = req->end;
	slot->event = req->event;
	slot->priv = req->priv;
	slot->completed = req->completed;
	slot->seen = req->completed ? READ_ONCE(*req->completed) : 0;
	slot->since = jiffies;
	if (req->waiter)
		req->waiter->slot = nr;
	__set_bit(nr, &aq->busy);
	__set_bit(nr, &aq->inflight);
	cmd.cid = cpu_to_le16(nr);
	if (req->len) {
		cmd.prp1 = cpu_to_le64(slot->dma);
		/* Bit 0 of the opcode: host to controller */
		if (cmd.opcode & 1)
			memcpy(slot->data, req->buf, req->len);
		else
			memset(slot->data, 0, req->len);
	}
	sluice_nvme_sq_push(&aq->sq, &cmd);
	sluice_nvme_sq_ring(&aq->sq);
	ret = nr;
out:
	spin_unlock_irqrestore(&aq->cq.lock, flags);
	return ret;
}

/* As sluice_nvme_admin_submit(), but waits for a free slot. */
static int sluice_nvme_admin_submit_wait(struct sluice_nvme_ctrl *ctrl,
					 const struct sluice_nvme_admin_req *req,
					 unsigned long timeout)
{
	int ret;

	wait_event_timeout(ctrl->host->adminq.wait, ({
		ret = sluice_nvme_admin_submit(ctrl, req);
		ret != -EAGAIN;
	}), timeout);
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

/* Wait for the command, whether or not its interrupt comes. */
static int sluice_nvme_admin_wait(struct sluice_nvme_ctrl *ctrl,
				  struct sluice_nvme_admin_waiter *waiter,
				  unsigned long deadline)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;

	for (;;) {
		if (wait_for_completion_timeout(&waiter->done,
						SLUICE_NVME_ADMIN_LOOK))
			return 0;
		if (sluice_nvme_cq_poll(&aq->cq, UINT_MAX)) {
			dev_warn_ratelimited(&ctrl->pdev->dev,
					     "admin queue: completion without interrupt\n");
			continue;
		}
		if (sluice_nvme_gone(ctrl))
			return -ENODEV;
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
	}
}

/* Returns the status; copies the data unless the command keeps the slot. */
static int sluice_nvme_admin_finish(struct sluice_nvme_ctrl *ctrl,
				    struct sluice_nvme_admin_waiter *waiter,
				    const struct nvme_cmd *cmd, void *buf,
				    size_t len)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;

	/* After @done nothing but this thread changes waiter->slot. */
	if (waiter->slot < 0)
		return waiter->status;
	if (!waiter->status && len && (cmd->opcode & 2))
		memcpy(buf, aq->slots[waiter->slot].data, len);
	spin_lock_irq(&aq->cq.lock);
	sluice_nvme_admin_put_slot(aq, waiter->slot);
	spin_unlock_irq(&aq->cq.lock);
	return waiter->status;
}

static int sluice_nvme_admin_sync(struct sluice_nvme_ctrl *ctrl,
				  struct nvme_cmd *cmd, void *buf, size_t len,
				  u32 *result, bool internal,
				  unsigned int timeout_ms)
{
	unsigned long timeout = msecs_to_jiffies(timeout_ms);
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	struct sluice_nvme_admin_waiter waiter = { .slot = -1 };
	struct sluice_nvme_admin_req req = {
		.cmd = cmd,
		.buf = buf,
		.len = len,
		.waiter = &waiter,
		.internal = internal,
	};
	int nr, err;

	if (WARN_ON_ONCE(len > SLUICE_NVME_ADMIN_DATA))
		return -EINVAL;
	init_completion(&waiter.done);
	nr = sluice_nvme_admin_submit_wait(ctrl, &req, timeout);
	if (nr < 0)
		return nr;

	/* from now on: the drive is not late because others had all slots */
	err = sluice_nvme_admin_wait(ctrl, &waiter, jiffies + timeout);
	spin_lock_irq(&aq->cq.lock);
	if (aq->slots[nr].waiter == &waiter)
		sluice_nvme_admin_give_up(aq, nr, err);
	else
		err = 0;	/* it ended in the meantime */
	spin_unlock_irq(&aq->cq.lock);

	if (err) {
		dev_err(&ctrl->pdev->dev, "admin command %#04x: %pe\n",
			cmd->opcode, ERR_PTR(err));
		sluice_nvme_reset(ctrl);
		return err;
	}
	if (result)
		*result = waiter.result;
	return sluice_nvme_admin_finish(ctrl, &waiter, cmd, buf, len);
}

/**
 * sluice_nvme_admin() - run an admin command
 * @ctrl: controller
 * @cmd: command; identifier and, if there is data, PRP1 are filled in
 * @buf: data in kernel memory of any kind, or NULL
 * @len: bytes of data, at most one page. The direction is the opcode's
 * @result: receives dword 0 of the completion, or NULL
 *
 * May be called with &sluice_nvme_ctrl.reset_lock held: before a reset takes the
 * lock, it wakes the threads that wait here.
 *
 * Return: 0; the NVMe status, which is positive; -ENODEV when the controller
 * is not live or stops being live; -ETIMEDOUT, and then a reset has been
 * started, unless the time was over before the drive had room for the command.
 * After a negative value the command may still have been executed.
 */
int sluice_nvme_admin(struct sluice_nvme_ctrl *ctrl, struct nvme_cmd *cmd,
		      void *buf, size_t len, u32 *result)
{
	return sluice_nvme_admin_sync(ctrl, cmd, buf, len, result, false,
				      sluice_nvme_admin_timeout_ms);
}

/**
 * sluice_nvme_admin_internal() - run an admin command during a reset
 * @ctrl: controller whose admin queue is open, whatever its state
 * @cmd: see sluice_nvme_admin()
 * @buf: see sluice_nvme_admin()
 * @len: see sluice_nvme_admin()
 * @result: see sluice_nvme_admin()
 *
 * Return: see sluice_nvme_admin().
 */
int sluice_nvme_admin_internal(struct sluice_nvme_ctrl *ctrl,
			       struct nvme_cmd *cmd, void *buf, size_t len,
			       u32 *result)
{
	return sluice_nvme_admin_sync(ctrl, cmd, buf, len, result, true,
				      sluice_nvme_admin_timeout_ms);
}

/**
 * sluice_nvme_admin_within() - as sluice_nvme_admin_internal(), for some time only
 * @ctrl: see sluice_nvme_admin_internal()
 * @cmd: command without data
 * @ms: how long it may take. Waiting for a slot may take as long in addition
 *
 * Return: see sluice_nvme_admin().
 */
int sluice_nvme_admin_within(struct sluice_nvme_ctrl *ctrl,
			     struct nvme_cmd *cmd, unsigned int ms)
{
	return sluice_nvme_admin_sync(ctrl, cmd, NULL, 0, NULL, true, ms);
}

/**
 * sluice_nvme_admin_async() - send an admin command without waiting for it
 * @ctrl: controller
 * @cmd: command without data
 * @completed: count of commands: as long as it grows, the drive gets on with what
 *	@cmd has to wait for. It stays until @end. Or NULL for a command that may
 *	take any time as long as the drive answers to others
 * @end: called once, when the drive has completed the command or a reset has
 *	stopped the drive, with the admin queue locked
 * @priv: for @end
 *
 * Any context. The watchdog has a drive reset that does not complete the command
 * and does not answer to anybody else either.
 *
 * Return: 0; -EAGAIN when all slots are in use, or a quarter of them for commands
 * with the same @end; -ENODEV.
 */
int sluice_nvme_admin_async(struct sluice_nvme_ctrl *ctrl,
			    const struct nvme_cmd *cmd,
			    const unsigned long *completed,
			    sluice_nvme_admin_end_t *end, void *priv)
{
	struct sluice_nvme_admin_req req = {
		.cmd = cmd,
		.completed = completed,
		.end = end,
		.priv = priv,
	};
	int nr = sluice_nvme_admin_submit(ctrl, &req);

	return min(nr, 0);
}

/**
 * sluice_nvme_admin_is_full() - is it in vain to send a command now?
 * @ctrl: controller
 * @end: of the command, see sluice_nvme_admin_async()
 *
 * Any context.
 *
 * Return: true if sluice_nvme_admin_async() would return -EAGAIN now.
 */
bool sluice_nvme_admin_is_full(struct sluice_nvme_ctrl *ctrl,
			       sluice_nvme_admin_end_t *end)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;

	guard(spinlock_irqsave)(&aq->cq.lock);
	return sluice_nvme_admin_has_no_room(aq, end);
}

/**
 * sluice_nvme_admin_listen() - send an Asynchronous Event Request
 * @ctrl: controller
 *
 * Any context. sluice_nvme_event_end() is called when it ends. The drive may keep
 * it for ever: it is not late then, as other commands are.
 *
 * Return: 0; -EAGAIN when all slots are in use; -ENODEV.
 */
int sluice_nvme_admin_listen(struct sluice_nvme_ctrl *ctrl)
{
	static const struct nvme_cmd cmd = { .opcode = NVME_ADMIN_ASYNC_EVENT };
	struct sluice_nvme_admin_req req = { .cmd = &cmd, .event = true };
	int nr = sluice_nvme_admin_submit(ctrl, &req);

	return min(nr, 0);
}

static void sluice_nvme_abort_end(struct sluice_nvme_ctrl *ctrl, void *priv,
				  int status)
{
	atomic_inc(&ctrl->host->aborts);
}

/**
 * sluice_nvme_abort() - ask the drive to abort a command [NVMe 1.4, 5.1]
 * @sq: I/O submission queue that the drive has
 * @cid: identifier of the command there
 * @spare: so many of the Aborts that the drive takes at a time stay for others
 *
 * Does not wait, and what comes of it is seen by the command: it ends as aborted,
 * or goes on. Any context.
 *
 * Return: 0; -EBUSY when the drive has no room for another Abort; -EAGAIN or
 * -ENODEV as sluice_nvme_admin_async().
 */
int sluice_nvme_abort(struct sluice_nvme_sq *sq, u16 cid, int spare)
{
	struct sluice_nvme_ctrl *ctrl = sq->ctrl;
	const struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_ABORT,
		.cdw10 = cpu_to_le32((u32)cid << 16 | sq->qid),
	};
	int left = atomic_read(&ctrl->host->aborts), ret;

	do {
		if (left <= spare)
			return -EBUSY;
	} while (!atomic_try_cmpxchg(&ctrl->host->aborts, &left, left - 1));
	ret = sluice_nvme_admin_async(ctrl, &cmd, NULL, sluice_nvme_abort_end,
				      NULL);
	if (ret)
		sluice_nvme_abort_end(ctrl, NULL, ret);
	return ret;
}

/* Has the drive completed a command of the queue that it is to delete? */
static void sluice_nvme_admin_follow(struct sluice_nvme_admin_slot *slot)
{
	unsigned long completed = READ_ONCE(*slot->completed);

	if (completed == slot->seen)
		return;
	slot->seen = completed;
	slot->since = jiffies;
}

/*
 * For how many jiffies the drive has had the oldest asynchronous command, and the
 * oldest creation or deletion of a queue without getting on with it. False if it has
 * none.
 */
static bool sluice_nvme_adminq_oldest(struct sluice_nvme_ctrl *ctrl,
				      unsigned long *age, unsigned long *stuck)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	bool found = false;
	unsigned int nr;

	*age = 0;
	*stuck = 0;
	guard(spinlock_irqsave)(&aq->cq.lock);
	for_each_set_bit(nr, &aq->inflight, SLUICE_NVME_ADMIN_SLOTS) {
		struct sluice_nvme_admin_slot *slot = &aq->slots[nr];

		if (!slot->end)
			continue;
		if (slot->completed) {
			sluice_nvme_admin_follow(slot);
			*stuck = max(*stuck, jiffies - slot->since);
		}
		*age = max(*age, jiffies - slot->since);
		found = true;
	}
	return found;
}

/**
 * sluice_nvme_adminq_waits() - has the drive an asynchronous command?
 * @ctrl: controller
 *
 * Return: true when it has.
 */
bool sluice_nvme_adminq_waits(struct sluice_nvme_ctrl *ctrl)
{
	unsigned long age, stuck;

	return sluice_nvme_adminq_oldest(ctrl, &age, &stuck);
}

static void sluice_nvme_probe_end(struct sluice_nvme_ctrl *ctrl, void *priv,
				  int status)
{
	ctrl->host->probing = false;
}

/*
 * A drive whose queues are all busy with long commands may complete nothing for
 * a while although it is well. It has to answer to a command that is none.
 */
static void sluice_nvme_probe(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_GET_FEATURES,
		.cdw10 = cpu_to_le32(NVME_FEAT_NUM_QUEUES),
	};

	scoped_guard(spinlock_irqsave, &aq->cq.lock) {
		if (ctrl->host->probing)
			return;
		ctrl->host->probing = true;
	}
	if (!sluice_nvme_admin_async(ctrl, &cmd, NULL, sluice_nvme_probe_end,
				     NULL))
		return;
	guard(spinlock_irqsave)(&aq->cq.lock);
	ctrl->host->probing = false;
}

/**
 * sluice_nvme_adminq_overdue() - does an asynchronous command take too long?
 * @ctrl: controller
 *
 * Process context; the watchdog calls it every second. How long a deletion takes
 * may depend on a guest, whose commands have to end first. So it is no reason to
 * reset the drive that others use, as long as the drive completes commands for
 * anybody, or answers to a probe. But it must not take for ever: memory of the
 * guest stays pinned, and the VMM may wait for it. A queue that is being deleted
 * gets no new commands. So a drive that completes none of them for twice the
 * time-out does not delete it, however well it works for others. The same time is
 * enough to create a queue, or to delete one without commands. For an Abort nothing
 * of the kind waits.
 *
 * Return: true when the drive has to be reset.
 */
bool sluice_nvme_adminq_overdue(struct sluice_nvme_ctrl *ctrl)
{
	unsigned long timeout = msecs_to_jiffies(sluice_nvme_admin_timeout_ms);
	unsigned long age, stuck, silent;

	/* an interrupt may have been lost */
	sluice_nvme_cq_poll(&ctrl->host->adminq.cq, UINT_MAX);
	sluice_nvme_adminq_oldest(ctrl, &age, &stuck);
	silent = min(age, jiffies - sluice_nvme_progress(ctrl));
	if (stuck > 2 * timeout || silent > timeout)
		return true;
	if (silent > timeout / 4)
		sluice_nvme_probe(ctrl);
	return false;
}

/**
 * sluice_nvme_identify() - run Identify
 * @ctrl: controller whose admin queue is open
 * @cns: which structure
 * @nsid: of which namespace
 * @buf: receives 4096 bytes
 *
 * Return: see sluice_nvme_admin().
 */
int sluice_nvme_identify(struct sluice_nvme_ctrl *ctrl, u8 cns, u32 nsid,
			 void *buf)
{
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_IDENTIFY,
		.nsid = cpu_to_le32(nsid),
		.cdw10 = cpu_to_le32(cns),
	};

	return sluice_nvme_admin_internal(ctrl, &cmd, buf,
					  SLUICE_NVME_ADMIN_DATA, NULL);
}

/**
 * sluice_nvme_adminq_open() - let admin commands in
 * @ctrl: controller that has just been enabled
 */
void sluice_nvme_adminq_open(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;

	spin_lock_irq(&aq->cq.lock);
	aq->open = true;
	spin_unlock_irq(&aq->cq.lock);
}

/**
 * sluice_nvme_adminq_close() - keep admin commands out, wake those who wait
 * @ctrl: controller
 * @only_live: do nothing unless the controller is live
 *
 * Any context.
 *
 * Return: whether something was done.
 */
bool sluice_nvme_adminq_close(struct sluice_nvme_ctrl *ctrl, bool only_live)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	unsigned long flags;
	unsigned int nr;
	bool closed;

	spin_lock_irqsave(&aq->cq.lock, flags);
	closed = !only_live || sluice_nvme_live(ctrl);
	if (closed) {
		aq->open = false;
		for_each_set_bit(nr, &aq->inflight, SLUICE_NVME_ADMIN_SLOTS) {
			if (aq->slots[nr].waiter)
				sluice_nvme_admin_give_up(aq, nr, -ENODEV);
		}
		wake_up_all(&aq->wait);
	}
	spin_unlock_irqrestore(&aq->cq.lock, flags);
	return closed;
}

/*
 * How a command ends that a reset has taken from the drive. The drive may work on
 * one after the other: only the @first had its time.
 */
static int sluice_nvme_admin_lost(const struct sluice_nvme_admin_slot *slot,
				  unsigned long first)
{
	unsigned long timeout = msecs_to_jiffies(sluice_nvme_admin_timeout_ms);

	return slot->since == first && time_after(jiffies, first + timeout) ?
	       -ETIMEDOUT : -ENODEV;
}

/* Since when has the drive had a command that must not take any time? */
static unsigned long
sluice_nvme_admin_first(const struct sluice_nvme_adminq *aq)
{
	unsigned long first = jiffies;
	unsigned int nr;

	for_each_set_bit(nr, &aq->inflight, SLUICE_NVME_ADMIN_SLOTS) {
		if (aq->slots[nr].completed &&
		    time_before(aq->slots[nr].since, first))
			first = aq->slots[nr].since;
	}
	return first;
}

/**
 * sluice_nvme_adminq_reap() - end the commands the device will not complete
 * @ctrl: controller that has been disabled or cut off
 */
void sluice_nvme_adminq_reap(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	unsigned long first;
	unsigned int nr;

	guard(spinlock_irq)(&aq->cq.lock);
	first = sluice_nvme_admin_first(aq);
	for_each_set_bit(nr, &aq->inflight, SLUICE_NVME_ADMIN_SLOTS)
		sluice_nvme_admin_end(aq, nr,
				      sluice_nvme_admin_lost(&aq->slots[nr],
							     first), 0);
}

/**
 * sluice_nvme_adminq_alloc() - get the memory of the admin queue
 * @ctrl: controller
 *
 * Return: 0 or -ENOMEM; sluice_nvme_adminq_free() cleans up in both cases.
 */
int sluice_nvme_adminq_alloc(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	unsigned int i;
	int ret;

	init_waitqueue_head(&aq->wait);
	sluice_nvme_cq_init(&aq->cq);
	ret = sluice_nvme_cq_alloc(&aq->cq, ctrl, 0, SLUICE_NVME_ADMIN_DEPTH);
	if (ret)
		return ret;
	aq->cq.process = sluice_nvme_admin_process;
	ret = sluice_nvme_sq_alloc(&aq->sq, ctrl, 0, SLUICE_NVME_ADMIN_DEPTH,
				   &aq->cq);
	if (ret)
		return ret;
	aq->data = dma_alloc_coherent(&ctrl->pdev->dev,
				      SLUICE_NVME_ADMIN_SLOTS *
				      SLUICE_NVME_ADMIN_DATA,
				      &aq->data_dma, GFP_KERNEL);
	if (!aq->data)
		return -ENOMEM;
	for (i = 0; i < SLUICE_NVME_ADMIN_SLOTS; i++) {
		aq->slots[i].data = aq->data + i * SLUICE_NVME_ADMIN_DATA;
		aq->slots[i].dma = aq->data_dma + i * SLUICE_NVME_ADMIN_DATA;
	}
	return 0;
}

/**
 * sluice_nvme_adminq_free() - release the memory of the admin queue
 * @ctrl: controller
 */
void sluice_nvme_adminq_free(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;

	if (aq->data)
		dma_free_coherent(&ctrl->pdev->dev,
				  SLUICE_NVME_ADMIN_SLOTS *
				  SLUICE_NVME_ADMIN_DATA,
				  aq->data, aq->data_dma);
	aq->data = NULL;
	sluice_nvme_sq_free(&aq->sq);
	sluice_nvme_cq_free(&aq->cq);
}
