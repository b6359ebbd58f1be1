// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: life of a virtual NVMe controller
 *
 * A vCPU thread that writes a register only notes what the guest asks for. The
 * controller's worker does it. The worker also executes admin commands, and
 * goes on with an I/O queue where another thread could not, because the queue
 * lacked a slot, or its ring memory that takes a sleep to get.
 *
 * To stop a controller, a thread sets a bit in &sluice_vctrl.stop and then
 * takes and releases each lock under which guest memory or the hardware's
 * queues are used. The holder of such a lock tests the bits before each batch
 * of commands. So when the last lock has been released no thread uses either
 * any more, and memory can be unmapped or the drive reset. vdrain.c does the
 * rest: it sees to it that the drive has no command that uses the memory.
 *
 * The worker holds the admin lock, which an unmap of guest memory waits for. So
 * it does not wait for the drive with this lock held: it comes again.
 */
#include <linux/blkdev.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <trace/events/sluice_nvme.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

#define SLUICE_VCTRL_BAR0_SIZE	SZ_16K
#define SLUICE_VCTRL_MSIX_BAR	2
#define SLUICE_VCTRL_DEVICE	0x51ce

/* Guest memory that is being unmapped comes back within this time. */
#define SLUICE_VCTRL_RETRY_MS	5

/*
 * The mdev types: q2, q4, q8 and q16 for slices that have the UUID of the mdev,
 * and as many for the pool
 */
#define SLUICE_VCTRL_NR_TYPES	(2 * 4)

static struct sluice_nvme_ctrl *sluice_vctrl_parent_ctrl(struct sluice_parent *p)
{
	return sluice_parent_drvdata(p);
}

static unsigned int sluice_vctrl_type_qpairs(const struct sluice_type *type)
{
	return container_of(type, struct sluice_vctrl_type, type)->queue_pairs;
}

/**
 * sluice_vctrl_kick_worker() - have the worker look for something to do
 * @vctrl: controller
 *
 * Any context.
 */
void sluice_vctrl_kick_worker(struct sluice_vctrl *vctrl)
{
	queue_work(vctrl->wq, &vctrl->work);
}

/**
 * sluice_vctrl_retry_later() - have the worker look in a moment
 * @vctrl: controller
 */
void sluice_vctrl_retry_later(struct sluice_vctrl *vctrl)
{
	queue_delayed_work(vctrl->wq, &vctrl->retry,
			   msecs_to_jiffies(SLUICE_VCTRL_RETRY_MS));
}

/**
 * sluice_vctrl_fatal() - report a Controller Fatal Status [NVMe 1.4, 9.5]
 * @vctrl: controller
 */
void sluice_vctrl_fatal(struct sluice_vctrl *vctrl)
{
	scoped_guard(spinlock_irqsave, &vctrl->reg_lock) {
		/* what failed is about to be reset anyway */
		if (vctrl->actions & SLUICE_VREGS_DISABLE)
			return;
		vctrl->regs.csts |= NVME_CSTS_CFS;
	}
	dev_warn_ratelimited(vctrl->sdev->dev,
			     "controller fatal status: the guest's queue memory or the drive is no longer available\n");
}

/*
 * Stop and go
 */

static void sluice_vctrl_stop(struct sluice_vctrl *vctrl,
			      enum sluice_vctrl_stop reason)
{
	unsigned int i;

	/* the next holder of each lock sees the bit and does not begin */
	set_bit(reason, &vctrl->stop);
	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		mutex_lock(&vctrl->sqs[i].lock);
		mutex_unlock(&vctrl->sqs[i].lock);
	}
	mutex_lock(&vctrl->admin_lock);
	mutex_unlock(&vctrl->admin_lock);
}

/*
 * As sluice_vctrl_stop(), but only closes the way to the hardware: it takes no
 * lock whose holder may wait for guest memory or for the drive.
 */
static void sluice_vctrl_hold(struct sluice_vctrl *vctrl,
			      enum sluice_vctrl_stop reason)
{
	unsigned int i;

	set_bit(reason, &vctrl->stop);
	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		spin_lock(&vctrl->sqs[i].hw_lock);
		spin_unlock(&vctrl->sqs[i].hw_lock);
	}
}

static void sluice_vctrl_go(struct sluice_vctrl *vctrl,
			    enum sluice_vctrl_stop reason)
{
	clear_bit(reason, &vctrl->stop);
	sluice_vctrl_kick_worker(vctrl);
}

/**
 * sluice_vctrl_drained() - has the hardware no command of this controller?
 * @vctrl: controller
 *
 * Return: true if not. Only lasting while nothing is submitted.
 */
bool sluice_vctrl_drained(const struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		if (!sluice_vsq_drained(&vctrl->sqs[i]))
			return false;
	}
	return true;
}

/*
 * Worker
 */

static void sluice_vctrl_redo(struct sluice_vctrl *vctrl, unsigned int action)
{
	guard(spinlock_irqsave)(&vctrl->reg_lock);
	vctrl->actions |= action;
}

static void sluice_vctrl_enable(struct sluice_vctrl *vctrl)
{
	int err;

	if (test_bit(SLUICE_STOP_OFFLINE, &vctrl->stop)) {
		sluice_vctrl_fatal(vctrl);
		return;
	}
	/* bus mastering may come later: only now the memory is looked up */
	if (READ_ONCE(vctrl->stop) & ~BIT(SLUICE_STOP_BUS_MASTER)) {
		sluice_vctrl_redo(vctrl, SLUICE_VREGS_ENABLE);
		return;
	}
	/* the guest may have cleared CC.EN since the worker was queued */
	if (!(READ_ONCE(vctrl->regs.cc) & NVME_CC_EN))
		return;
	if (!sluice_vregs_enable_valid(&vctrl->regs)) {
		sluice_vctrl_fatal(vctrl);
		return;
	}
	err = sluice_vqueues_create_admin(vctrl);
	if (err == -EAGAIN) {
		sluice_vctrl_redo(vctrl, SLUICE_VREGS_ENABLE);
		sluice_vctrl_retry_later(vctrl);
		return;
	}
	if (err) {
		sluice_vctrl_fatal(vctrl);
		return;
	}

	/* events of doorbells that the guest wrote before are not reported */
	sluice_vadmin_reset(vctrl);
	vctrl->enabled = true;
	trace_sluice_nvme_enable(&vctrl->sdev->info.uuid);
	guard(spinlock_irqsave)(&vctrl->reg_lock);
	if (vctrl->regs.cc & NVME_CC_EN)
		vctrl->regs.csts |= NVME_CSTS_RDY;
}

/* False as long as the drive has queues of this controller: call it again */
static bool sluice_vctrl_disable(struct sluice_vctrl *vctrl)
{
	if (vctrl->enabled)
		trace_sluice_nvme_disable(&vctrl->sdev->info.uuid);
	vctrl->enabled = false;
	if (!sluice_vqueues_destroy_all(vctrl) ||
	    !mutex_trylock(&vctrl->ctrl->reset_lock))
		return false;
	sluice_vadmin_reset(vctrl);
	sluice_vfeat_init(vctrl);
	clear_bit(SLUICE_STOP_EVICTED, &vctrl->stop);
	vctrl->unanswered = false;

	/*
	 * After a reset of the drive that could not create this controller's
	 * queues again it stays stopped. Now it has no queue: it can go on.
	 */
	if (sluice_nvme_live(vctrl->ctrl))
		clear_bit(SLUICE_STOP_PARENT, &vctrl->stop);
	mutex_unlock(&vctrl->ctrl->reset_lock);
	return true;
}

/*
 * After the shutdown the guest takes its data to be safe from a power cut. This
 * waits for the drive, without a lock.
 */
static void sluice_vctrl_shutdown(struct sluice_vctrl *vctrl)
{
	int err = 0;

	if (vctrl->ctrl->id->vwc & NVME_VWC_PRESENT)
		err = blkdev_issue_flush(vctrl->ns->disk->part0);
	if (err)
		dev_warn_ratelimited(vctrl->sdev->dev,
				     "flush at shutdown failed: %pe\n",
				     ERR_PTR(err));

	guard(spinlock_irqsave)(&vctrl->reg_lock);
	sluice_vregs_shut_down(&vctrl->regs);
}

/*
 * Take an action that the guest has asked for. The guest may have disabled the
 * controller since the worker looked: the worker comes again, and does that
 * first.
 */
static bool sluice_vctrl_take_action(struct sluice_vctrl *vctrl,
				     enum sluice_vregs_action action)
{
	guard(spinlock_irqsave)(&vctrl->reg_lock);
	if (!(vctrl->actions & action) ||
	    vctrl->actions & SLUICE_VREGS_DISABLE)
		return false;
	vctrl->actions &= ~action;
	return true;
}

/* False when the worker has to come again for it, before any other action */
static bool sluice_vctrl_follow_disable(struct sluice_vctrl *vctrl)
{
	guard(mutex)(&vctrl->admin_lock);
	if (!(READ_ONCE(vctrl->actions) & SLUICE_VREGS_DISABLE))
		return true;
	if (!sluice_vctrl_disable(vctrl)) {
		sluice_vctrl_retry_later(vctrl);
		return false;
	}
	scoped_guard(spinlock_irqsave, &vctrl->reg_lock) {
		vctrl->actions &= ~SLUICE_VREGS_DISABLE;
		clear_bit(SLUICE_STOP_RESET, &vctrl->stop);
		sluice_vregs_disabled(&vctrl->regs);
	}
	wake_up(&vctrl->drained);
	return true;
}

static void sluice_vctrl_serve(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	guard(mutex)(&vctrl->admin_lock);
	if (!sluice_vdrain_readmit(vctrl))
		return;
	if (sluice_vctrl_take_action(vctrl, SLUICE_VREGS_ENABLE))
		sluice_vctrl_enable(vctrl);
	if (!vctrl->enabled)
		return;
	/*
	 * While the VMM has the shadow doorbells unmapped the guest may go on
	 * writing them, and nothing tells when they are mapped again: try to
	 * map them every few milliseconds.
	 */
	if (!READ_ONCE(vctrl->stop) && sluice_vdbbuf_map(vctrl))
		sluice_vctrl_retry_later(vctrl);
	sluice_vadmin_service(vctrl);
	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		WRITE_ONCE(vctrl->sqs[i].stalled, false);
		sluice_vio_service(&vctrl->sqs[i]);
		if (READ_ONCE(vctrl->cqs[i].ring.va))
			sluice_vcq_doorbell(&vctrl->cqs[i]);
	}
}

static void sluice_vctrl_work(struct work_struct *work)
{
	struct sluice_vctrl *vctrl = container_of(work, struct sluice_vctrl,
						  work);
	struct mem_cgroup *old;

	/* queues, and what is known of guest memory, are the guest's expense */
	old = sluice_charge_begin(vctrl->sdev);
	if (sluice_vctrl_follow_disable(vctrl)) {
		if (sluice_vctrl_take_action(vctrl, SLUICE_VREGS_SHUTDOWN))
			sluice_vctrl_shutdown(vctrl);
		sluice_vctrl_serve(vctrl);
	}
	sluice_charge_end(vctrl->sdev, old);
	/* a guest that gives it work without end must not block RCU Tasks */
	cond_resched_tasks_rcu_qs();
}

static void sluice_vctrl_retry(struct work_struct *work)
{
	struct sluice_vctrl *vctrl = container_of(work, struct sluice_vctrl,
						  retry.work);

	sluice_vctrl_kick_worker(vctrl);
}

/*
 * What the core calls
 */

static void sluice_vctrl_reg_read(struct sluice_dev *sdev, unsigned int bar,
				  u32 off, void *val, unsigned int len)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;

	guard(spinlock_irqsave)(&vctrl->reg_lock);
	sluice_vregs_read(&vctrl->regs, off, val, len);
}

static void sluice_vctrl_reg_write(struct sluice_dev *sdev, unsigned int bar,
				   u32 off, const void *val, unsigned int len)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;
	unsigned int actions;

	scoped_guard(spinlock_irqsave, &vctrl->reg_lock) {
		actions = sluice_vregs_write(&vctrl->regs, off, val, len);
		/* a reset cancels an enable that was not carried out yet */
		if (actions & SLUICE_VREGS_DISABLE)
			vctrl->actions &= ~SLUICE_VREGS_ENABLE;
		vctrl->actions |= actions;
	}
	if (actions)
		sluice_vctrl_kick_worker(vctrl);
}

static void sluice_vctrl_doorbell(struct sluice_dev *sdev, unsigned int index)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;
	unsigned int qid = index >> SLUICE_VREGS_DSTRD >> 1;
	bool cq = index >> SLUICE_VREGS_DSTRD & 1;

	if (qid > vctrl->nr_qpairs ||
	    index % sluice_vctrl_doorbell_word(1)) {
		sluice_vadmin_event(vctrl, SLUICE_EVENT_DOORBELL_REG);
		return;
	}
	if (unlikely(sluice_vdbbuf_away(vctrl)))
		sluice_vctrl_retry_later(vctrl);
	if (cq) {
		if (!READ_ONCE(vctrl->cqs[qid].live))
			sluice_vadmin_event(vctrl, SLUICE_EVENT_DOORBELL_REG);
		sluice_vcq_doorbell(&vctrl->cqs[qid]);
		return;
	}
	if (!READ_ONCE(vctrl->sqs[qid].live))
		sluice_vadmin_event(vctrl, SLUICE_EVENT_DOORBELL_REG);
	else if (qid)
		sluice_vio_service(&vctrl->sqs[qid]);
	else
		sluice_vctrl_kick_worker(vctrl);
}

static bool sluice_vctrl_try_power_off(struct sluice_vctrl *vctrl)
{
	guard(mutex)(&vctrl->admin_lock);
	if (!sluice_vctrl_disable(vctrl))
		return false;
	sluice_vqueues_free(vctrl);
	set_bit(SLUICE_STOP_BUS_MASTER, &vctrl->stop);

	guard(spinlock_irqsave)(&vctrl->reg_lock);
	sluice_vregs_init(&vctrl->regs, vctrl->ctrl->max_depth);
	vctrl->actions = 0;
	clear_bit(SLUICE_STOP_RESET, &vctrl->stop);
	return true;
}

/*
 * Leaves the controller as after power-on, with %SLUICE_STOP_CLOSED set. Waits
 * until the drive has deleted the queues: guest memory is unpinned then.
 */
static void sluice_vctrl_power_off(struct sluice_vctrl *vctrl)
{
	int ended = atomic_read(&vctrl->ended);

	sluice_vctrl_stop(vctrl, SLUICE_STOP_CLOSED);
	cancel_delayed_work_sync(&vctrl->retry);
	cancel_work_sync(&vctrl->work);
	while (!sluice_vctrl_try_power_off(vctrl)) {
		wait_event_timeout(vctrl->drained,
				   atomic_read(&vctrl->ended) != ended,
				   HZ / 50);
		ended = atomic_read(&vctrl->ended);
	}
}

static int sluice_vctrl_open(struct sluice_dev *sdev)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;

	if (test_bit(SLUICE_STOP_OFFLINE, &vctrl->stop) ||
	    (test_bit(SLUICE_STOP_PARENT, &vctrl->stop) &&
	     READ_ONCE(vctrl->ctrl->state) == SLUICE_NVME_DEAD))
		return -ENODEV;
	sluice_vctrl_go(vctrl, SLUICE_STOP_CLOSED);
	return 0;
}

static void sluice_vctrl_close(struct sluice_dev *sdev)
{
	sluice_vctrl_power_off(sdev->drvdata);
}

/*
 * The worker does it. QEMU has its big lock, so this does not wait for a drive
 * that takes long. The guest can enable the controller at once: the worker does
 * that afterwards.
 */
static void sluice_vctrl_reset(struct sluice_dev *sdev)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;

	sluice_vctrl_hold(vctrl, SLUICE_STOP_BUS_MASTER);
	/* bus mastering may be on again before the old queues are gone */
	sluice_vctrl_hold(vctrl, SLUICE_STOP_RESET);
	scoped_guard(spinlock_irqsave, &vctrl->reg_lock) {
		sluice_vregs_init(&vctrl->regs, vctrl->ctrl->max_depth);
		/* the worker may just have ended a disable: both or none of them */
		set_bit(SLUICE_STOP_RESET, &vctrl->stop);
		vctrl->actions = SLUICE_VREGS_DISABLE;
	}
	sluice_vctrl_kick_worker(vctrl);
	wait_event_timeout(vctrl->drained,
			   !(READ_ONCE(vctrl->actions) & SLUICE_VREGS_DISABLE),
			   msecs_to_jiffies(SLUICE_VDRAIN_BRIEF_MS));
}

static void sluice_vctrl_bus_master(struct sluice_dev *sdev, bool on)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;

	if (on) {
		sluice_vctrl_go(vctrl, SLUICE_STOP_BUS_MASTER);
		return;
	}
	sluice_vctrl_hold(vctrl, SLUICE_STOP_BUS_MASTER);
	sluice_vdrain_briefly(vctrl);
}

static void sluice_vctrl_quiesce(struct sluice_dev *sdev, u64 iova, u64 size)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;

	/* afterwards no command that uses the range is submitted any more */
	scoped_guard(mutex, &vctrl->admin_lock) {
		if (sluice_vqueues_unmap(vctrl, iova, size))
			sluice_vctrl_retry_later(vctrl);
	}
	sluice_vdrain(vctrl, iova, size);
}

static void sluice_vctrl_resume(struct sluice_dev *sdev)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;

	/* most likely it has waited for the unmap */
	if (delayed_work_pending(&vctrl->retry))
		sluice_vctrl_kick_worker(vctrl);
}

/*
 * Attach and detach
 */

static void sluice_vctrl_describe(const struct sluice_vctrl *vctrl,
				  struct sluice_function *fn)
{
	const struct pci_dev *pdev = vctrl->ctrl->pdev;

	/*
	 * Not the drive's own Device ID: guests would apply to us what they
	 * know to be wrong with that model. They bind by class.
	 */
	fn->vendor = pdev->vendor;
	fn->device = SLUICE_VCTRL_DEVICE;
	fn->subsystem_vendor = pdev->vendor;
	fn->subsystem_device = SLUICE_VCTRL_DEVICE;
	fn->class = PCI_CLASS_STORAGE_EXPRESS;
	fn->revision = 1;
	BUILD_BUG_ON(SLUICE_VCTRL_DOORBELL_BYTES != PAGE_SIZE);

	fn->bars[0] = (struct sluice_bar) {
		.size = SLUICE_VCTRL_BAR0_SIZE,
		.flags = SLUICE_BAR_64BIT,
		.nr_areas = 1,
		.areas[0] = {
			.type = SLUICE_AREA_DOORBELLS,
			.offset = NVME_REG_DBS,
			.size = SLUICE_VCTRL_DOORBELL_BYTES,
		},
	};
	fn->msix_bar = SLUICE_VCTRL_MSIX_BAR;
	fn->vectors = vctrl->nr_qpairs + 1;
}

static void sluice_vctrl_init_queues(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vctrl->sqs); i++) {
		struct sluice_vsq *vsq = &vctrl->sqs[i];
		struct sluice_vcq *vcq = &vctrl->cqs[i];

		vsq->vctrl = vctrl;
		vsq->id = i;
		mutex_init(&vsq->lock);
		spin_lock_init(&vsq->hw_lock);
		vcq->vctrl = vctrl;
		vcq->id = i;
		spin_lock_init(&vcq->lock);
		sluice_nvme_cq_init(&vcq->hw);
		sluice_virq_init(vcq);
		INIT_LIST_HEAD(&vcq->waiting);
	}
}

static int sluice_vctrl_init(struct sluice_vctrl *vctrl,
			     struct sluice_dev *sdev)
{
	struct sluice_extent extent;
	unsigned int i;
	int ret;

	ret = sluice_disk_extent(sdev, &extent);
	if (ret)
		return ret;

	vctrl->sdev = sdev;
	vctrl->ctrl = sluice_vctrl_parent_ctrl(sdev->parent);
	vctrl->ns = extent.disk_priv;
	vctrl->start = extent.start >> vctrl->ns->lba_shift;
	vctrl->nr_blocks = extent.size >> vctrl->ns->lba_shift;
	vctrl->nr_qpairs = sluice_vctrl_type_qpairs(sdev->type);
	vctrl->stop = BIT(SLUICE_STOP_CLOSED) | BIT(SLUICE_STOP_BUS_MASTER);
	vctrl->admin_doorbell = SLUICE_VCTRL_NO_DOORBELL;
	mutex_init(&vctrl->admin_lock);
	spin_lock_init(&vctrl->reg_lock);
	init_waitqueue_head(&vctrl->drained);
	INIT_WORK(&vctrl->work, sluice_vctrl_work);
	INIT_DELAYED_WORK(&vctrl->retry, sluice_vctrl_retry);
	sluice_vctrl_init_queues(vctrl);
	sluice_vdbbuf_init(vctrl);
	sluice_vregs_init(&vctrl->regs, vctrl->ctrl->max_depth);
	sluice_vfeat_init(vctrl);
	sluice_vlog_init(vctrl);

	if (vctrl->start > vctrl->ns->nr_blocks ||
	    vctrl->nr_blocks > vctrl->ns->nr_blocks - vctrl->start) {
		dev_err(sdev->dev, "slice ends beyond the namespace's %llu blocks\n",
			vctrl->ns->nr_blocks);
		return -EINVAL;
	}

	vctrl->sq_of_qid = kcalloc(vctrl->ctrl->nr_qpairs + 1,
				   sizeof(*vctrl->sq_of_qid), GFP_KERNEL);
	vctrl->id_page = (void *)get_zeroed_page(GFP_KERNEL);
	vctrl->wq = alloc_workqueue("sluice-%.8s", WQ_UNBOUND, 1,
				    dev_name(sdev->dev));
	if (!vctrl->sq_of_qid || !vctrl->id_page || !vctrl->wq)
		return -ENOMEM;

	for (i = 0; i < vctrl->nr_qpairs; i++)
		vctrl->sq_of_qid[vctrl->qids[i]] = i + 1;
	return 0;
}

static void sluice_vctrl_free(struct sluice_vctrl *vctrl)
{
	if (vctrl->wq)
		destroy_workqueue(vctrl->wq);
	free_page((unsigned long)vctrl->id_page);
	kfree(vctrl->sq_of_qid);
	kfree(vctrl);
}

static int sluice_vctrl_attach(struct sluice_dev *sdev,
			       struct sluice_function *fn)
{
	struct sluice_nvme_ctrl *ctrl = sluice_vctrl_parent_ctrl(sdev->parent);
	unsigned int nr = sluice_vctrl_type_qpairs(sdev->type);
	struct sluice_vctrl *vctrl;
	int err;

	if (!sluice_nvme_live(ctrl)) {
		dev_err_ratelimited(sdev->dev, "the drive is not live\n");
		return -ENODEV;
	}
	vctrl = kzalloc(sizeof(*vctrl), GFP_KERNEL);
	if (!vctrl)
		return -ENOMEM;

	err = sluice_nvme_qids_reserve(ctrl, vctrl->qids, nr);
	if (err) {
		dev_err_ratelimited(sdev->dev, "%u queue pairs asked for, %u are free\n",
				    nr, sluice_nvme_qids_free(ctrl));
		kfree(vctrl);
		return -ENOSPC;
	}
	err = sluice_vctrl_init(vctrl, sdev);
	if (err)
		goto err_release;

	sluice_vctrl_describe(vctrl, fn);
	sdev->drvdata = vctrl;
	sluice_nvme_client_add(ctrl, &vctrl->client, &sluice_vctrl_client_ops);
	/* from now on it is told when that changes */
	err = sluice_nvme_ns_check(vctrl->ns);
	if (err) {
		dev_err_ratelimited(sdev->dev, "namespace %u: %s\n",
				    vctrl->ns->nsid, vctrl->ns->offline ?:
				    "cannot be checked");
		goto err_del;
	}
	return 0;

err_del:
	sluice_nvme_client_del(ctrl, &vctrl->client);
err_release:
	sluice_nvme_qids_release(ctrl, vctrl->qids, nr);
	sluice_vctrl_free(vctrl);
	return err;
}

static void sluice_vctrl_detach(struct sluice_dev *sdev)
{
	struct sluice_vctrl *vctrl = sdev->drvdata;
	struct sluice_nvme_ctrl *ctrl = vctrl->ctrl;

	sluice_nvme_client_del(ctrl, &vctrl->client);
	sluice_nvme_qids_release(ctrl, vctrl->qids, vctrl->nr_qpairs);
	cancel_delayed_work_sync(&vctrl->retry);
	sluice_vctrl_free(vctrl);
}

static unsigned int sluice_vctrl_available(struct sluice_parent *parent,
					   const struct sluice_type *type)
{
	struct sluice_nvme_ctrl *ctrl = sluice_vctrl_parent_ctrl(parent);

	if (!sluice_nvme_live(ctrl))
		return 0;
	return sluice_nvme_qids_free(ctrl) / sluice_vctrl_type_qpairs(type);
}

const struct sluice_parent_ops sluice_vctrl_parent_ops = {
	.owner		= THIS_MODULE,
	.available	= sluice_vctrl_available,
	.attach		= sluice_vctrl_attach,
	.detach		= sluice_vctrl_detach,
	.open		= sluice_vctrl_open,
	.close		= sluice_vctrl_close,
	.reset		= sluice_vctrl_reset,
	.poll		= sluice_vpoll,
	.set_poll_mode	= sluice_vpoll_set_mode,
	.reg_read	= sluice_vctrl_reg_read,
	.reg_write	= sluice_vctrl_reg_write,
	.doorbell	= sluice_vctrl_doorbell,
	.bus_master	= sluice_vctrl_bus_master,
	.quiesce	= sluice_vctrl_quiesce,
	.resume		= sluice_vctrl_resume,
};

static int sluice_vctrl_init_type(struct device *dev,
				  struct sluice_vctrl_type *vtype,
				  unsigned int queue_pairs, bool pool)
{
	struct sluice_type *type = &vtype->type;

	vtype->queue_pairs = queue_pairs;
	type->pool = pool;
	type->mdev.sysfs_name = devm_kasprintf(dev, GFP_KERNEL, "%sq%u",
					       pool ? "pool-" : "",
					       queue_pairs);
	type->mdev.pretty_name = devm_kasprintf(dev, GFP_KERNEL,
						"Sluice NVMe %sq%u",
						pool ? "pool " : "",
						queue_pairs);
	type->description = devm_kasprintf(dev, GFP_KERNEL,
					   pool ?
					   "any slice of the pool, %u I/O queue pairs" :
					   "the slice with the UUID of the mdev, %u I/O queue pairs",
					   queue_pairs);
	return type->mdev.sysfs_name && type->mdev.pretty_name &&
	       type->description ? 0 : -ENOMEM;
}

/**
 * sluice_vctrl_types() - the mdev types that a controller can serve
 * @ctrl: physical controller; the memory lives as long as it is bound
 * @types: receives the types
 *
 * Return: their number, 0 for a drive with too few queue pairs, or a negative
 * errno.
 */
int sluice_vctrl_types(struct sluice_nvme_ctrl *ctrl,
		       struct sluice_type *const **types)
{
	unsigned int qpairs, nr = 0;
	struct device *dev = &ctrl->pdev->dev;
	struct sluice_vctrl_type *type;
	struct sluice_type **list;
	int err;

	list = devm_kcalloc(dev, SLUICE_VCTRL_NR_TYPES, sizeof(*list),
			    GFP_KERNEL);
	type = devm_kcalloc(dev, SLUICE_VCTRL_NR_TYPES, sizeof(*type),
			    GFP_KERNEL);
	if (!list || !type)
		return -ENOMEM;

	for (qpairs = SLUICE_NVME_MIN_CLIENT_QPAIRS;
	     qpairs <= SLUICE_VCTRL_MAX_QPAIRS &&
	     qpairs <= ctrl->nr_qpairs - ctrl->nr_host_qpairs; qpairs *= 2) {
		err = sluice_vctrl_init_type(dev, &type[nr], qpairs, false);
		if (!err)
			err = sluice_vctrl_init_type(dev, &type[nr + 1],
						     qpairs, true);
		if (err)
			return err;
		list[nr] = &type[nr].type;
		list[nr + 1] = &type[nr + 1].type;
		nr += 2;
	}
	*types = list;
	return nr;
}

/*
 * The physical controller is reset. The reset lock is held throughout, but not
 * always for sluice_vctrl_client_in_flight().
 */

static struct sluice_vctrl *to_vctrl(struct sluice_nvme_client *client)
{
	return container_of(client, struct sluice_vctrl, client);
}

static bool sluice_vctrl_client_in_flight(struct sluice_nvme_client *client)
{
	struct sluice_vctrl *vctrl = to_vctrl(client);

	if (sluice_vctrl_drained(vctrl))
		return false;
	sluice_vdrain_look(vctrl);
	return !sluice_vctrl_drained(vctrl);
}

/*
 * A thread that holds &sluice_vsq.lock may be waiting for guest memory, and the
 * kernel may have to write that memory to the drive that is being reset. So this
 * closes the way to the hardware only, under &sluice_vsq.hw_lock, and does not
 * wait for &sluice_vsq.lock.
 */
static void sluice_vctrl_client_stop(struct sluice_nvme_client *client)
{
	sluice_vctrl_hold(to_vctrl(client), SLUICE_STOP_PARENT);
}

/* What was in flight completes with a status that asks the guest to retry. */
static void sluice_vctrl_client_fail(struct sluice_nvme_client *client)
{
	struct sluice_vctrl *vctrl = to_vctrl(client);
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		sluice_vsq_fail_hardware(&vctrl->sqs[i], NVME_SC_NS_NOT_READY);
		sluice_nvme_queue_cut_off(vctrl->ctrl, &vctrl->sqs[i].hw.life);
		sluice_nvme_queue_cut_off(vctrl->ctrl, &vctrl->cqs[i].hw.life);
	}
}

/*
 * A guest that has been told of a fatal status has to reset its controller, which
 * deletes the queues. Until then they need not exist: that a drive does not create
 * them may have been the reason.
 */
static void sluice_vctrl_client_restore(struct sluice_nvme_client *client)
{
	struct sluice_vctrl *vctrl = to_vctrl(client);
	int err = -ENODEV;

	if (READ_ONCE(vctrl->ns->offline))
		set_bit(SLUICE_STOP_OFFLINE, &vctrl->stop);
	if (sluice_nvme_live(vctrl->ctrl) &&
	    !test_bit(SLUICE_STOP_OFFLINE, &vctrl->stop) &&
	    !(READ_ONCE(vctrl->regs.csts) & NVME_CSTS_CFS))
		err = sluice_vqueues_restore(vctrl);
	/* otherwise it stays stopped: its hardware queues are not there */
	if (!err)
		sluice_vctrl_go(vctrl, SLUICE_STOP_PARENT);
	/* the next reset, which is about to begin, calls this again */
	else if (err != -EAGAIN)
		sluice_vctrl_fatal(vctrl);
}

/* Without a reset: what the drive still has in flight completes. */
static void sluice_vctrl_client_offline(struct sluice_nvme_client *client)
{
	struct sluice_vctrl *vctrl = to_vctrl(client);

	if (!READ_ONCE(vctrl->ns->offline) ||
	    test_bit(SLUICE_STOP_OFFLINE, &vctrl->stop))
		return;
	sluice_vctrl_hold(vctrl, SLUICE_STOP_OFFLINE);
	sluice_vctrl_fatal(vctrl);
}

const struct sluice_nvme_client_ops sluice_vctrl_client_ops = {
	.in_flight	= sluice_vctrl_client_in_flight,
	.stop		= sluice_vctrl_client_stop,
	.fail		= sluice_vctrl_client_fail,
	.restore	= sluice_vctrl_client_restore,
	.offline	= sluice_vctrl_client_offline,
};
