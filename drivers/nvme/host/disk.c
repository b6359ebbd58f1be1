// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the host's disks, one for each namespace
 *
 * The disks of a controller share one tag set: hardware context i uses the
 * host's queue pair i, and a request's tag is its command identifier there.
 */
#include <linux/blkdev.h>
#include <linux/dmapool.h>

#include <sluice_compat.h>

#include "host/host.h"

/* How often, and after how long, a request is tried again */
#define SLUICE_DISK_RETRIES		5
#define SLUICE_DISK_RETRY_MS		100

static const struct block_device_operations sluice_disk_fops = {
	.owner = THIS_MODULE,
};

static struct sluice_nvme_ns *sluice_disk_ns(struct request *rq)
{
	return rq->q->queuedata;
}

/* What belongs to a guest is not the host's to write. */
static bool sluice_disk_is_allowed(struct sluice_nvme_ns *ns,
				   struct request *rq)
{
	struct sluice_disk *slices;
	struct bio *bio;

	if (!op_is_write(req_op(rq)))
		return true;
	guard(rcu)();
	slices = READ_ONCE(ns->slices);
	if (!slices)
		return true;
	__rq_for_each_bio(bio, rq)
		if (!sluice_disk_may_write(slices, bio))
			return false;
	return true;
}

static blk_status_t sluice_disk_queue_rq(struct blk_mq_hw_ctx *hctx,
					 const struct blk_mq_queue_data *bd)
{
	struct sluice_nvme_ioq *ioq = hctx->driver_data;
	struct sluice_nvme_ns *ns = hctx->queue->queuedata;
	struct request *rq = bd->rq;
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);
	blk_status_t ret;

	switch (READ_ONCE(ns->ctrl->state)) {
	case SLUICE_NVME_LIVE:
		break;
	case SLUICE_NVME_RESETTING:
		return BLK_STS_RESOURCE;
	case SLUICE_NVME_DEAD:
		return BLK_STS_IOERR;
	}
	if (READ_ONCE(ns->offline) || !sluice_disk_is_allowed(ns, rq))
		return BLK_STS_IOERR;
	if (!(rq->rq_flags & RQF_DONTPREP)) {
		srq->retries = 0;
		rq->rq_flags |= RQF_DONTPREP;
	}
	ret = sluice_diskcmd_setup(ns, rq);
	if (ret)
		return ret;
	blk_mq_start_request(rq);

	spin_lock(&ioq->sq_lock);
	sluice_nvme_sq_push(&ioq->sq, &srq->cmd);
	if (bd->last)
		sluice_nvme_sq_ring(&ioq->sq);
	spin_unlock(&ioq->sq_lock);
	return BLK_STS_OK;
}

static void sluice_disk_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	struct sluice_nvme_ioq *ioq = hctx->driver_data;

	spin_lock(&ioq->sq_lock);
	sluice_nvme_sq_ring(&ioq->sq);
	spin_unlock(&ioq->sq_lock);
}

static void sluice_disk_complete_cqe(struct sluice_nvme_cq *cq,
				     const struct nvme_cqe *cqe)
{
	struct sluice_nvme_ctrl *ctrl = cq->ctrl;
	struct blk_mq_tags *tags = ctrl->host->tag_set.tags[cq->qid - 1];
	u16 cid = le16_to_cpu(cqe->cid);
	struct sluice_nvme_rq *srq;
	struct request *rq;

	rq = blk_mq_tag_to_rq(tags, cid);
	if (!rq || blk_mq_rq_state(rq) != MQ_RQ_IN_FLIGHT) {
		dev_warn_ratelimited(&ctrl->pdev->dev,
				     "queue %u: completion of unknown command %u\n",
				     cq->qid, cid);
		return;
	}
	srq = blk_mq_rq_to_pdu(rq);
	srq->status = le16_to_cpu(cqe->status) >> 1;
	blk_mq_complete_request(rq);
}

/**
 * sluice_disk_process_cq() - commands of the host have been completed
 * @cq: one of the host's I/O completion queues
 * @budget: entries to take at most
 *
 * Return: entries taken.
 */
unsigned int sluice_disk_process_cq(struct sluice_nvme_cq *cq,
				    unsigned int budget)
{
	unsigned int nr = 0;
	struct nvme_cqe cqe;

	for (; nr < budget && sluice_nvme_cqe_next(cq, &cqe); nr++)
		sluice_disk_complete_cqe(cq, &cqe);
	return nr;
}

static bool sluice_disk_retry(struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	if (!srq->status || srq->status & NVME_SC_DNR ||
	    srq->retries >= SLUICE_DISK_RETRIES || blk_noretry_request(rq) ||
	    READ_ONCE(sluice_disk_ns(rq)->offline))
		return false;
	return READ_ONCE(sluice_disk_ns(rq)->ctrl->state) != SLUICE_NVME_DEAD;
}

/* The block layer calls this for a completed request: end it or try again. */
static void sluice_disk_complete_rq(struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	sluice_diskcmd_unmap(sluice_disk_ns(rq), rq);
	if (sluice_disk_retry(rq)) {
		srq->retries++;
		blk_mq_requeue_request(rq, false);
		blk_mq_delay_kick_requeue_list(rq->q, SLUICE_DISK_RETRY_MS);
		return;
	}
	blk_mq_end_request(rq, sluice_diskcmd_status(srq->status));
}

/**
 * sluice_disk_timeout() - a request of the host is late
 * @rq: request
 *
 * The block layer calls this, and again after the same time.
 *
 * Return: whether the request has been completed meanwhile.
 */
enum blk_eh_timer_return sluice_disk_timeout(struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);
	struct sluice_nvme_ctrl *ctrl = sluice_disk_ns(rq)->ctrl;
	struct sluice_nvme_ioq *ioq = rq->mq_hctx->driver_data;

	/* A reset has ended the request, or will. */
	if (!sluice_nvme_live(ctrl))
		return BLK_EH_RESET_TIMER;

	sluice_nvme_cq_poll(&ioq->cq, UINT_MAX);
	if (blk_mq_rq_state(rq) != MQ_RQ_IN_FLIGHT) {
		dev_warn_ratelimited(&ctrl->pdev->dev,
				     "queue %u: completion without interrupt\n",
				     ioq->cq.qid);
		return BLK_EH_DONE;
	}
	dev_warn_ratelimited(&ctrl->pdev->dev,
			     "queue %u: command %d (opcode %#04x) timed out, %s\n",
			     ioq->sq.qid, rq->tag, srq->cmd.opcode,
			     srq->aborted ? "resetting" : "aborting");
	if (srq->aborted) {
		sluice_nvme_reset(ctrl);
	} else {
		/* One that stays times out once more. */
		srq->aborted = !sluice_nvme_abort(&ioq->sq, rq->tag, 0);
	}
	return BLK_EH_RESET_TIMER;
}

static int sluice_disk_init_hctx(struct blk_mq_hw_ctx *hctx, void *data,
				 unsigned int idx)
{
	struct sluice_nvme_ctrl *ctrl = data;

	hctx->driver_data = &ctrl->host->ioqs[idx];
	return 0;
}

static int sluice_disk_init_rq(struct blk_mq_tag_set *set, struct request *rq,
			       unsigned int idx, sluice_compat_numa_t node)
{
	struct sluice_nvme_ctrl *ctrl = set->driver_data;
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	srq->nents = 0;
	srq->prps = dma_pool_alloc(ctrl->prp_pool, GFP_KERNEL, &srq->prps_dma);
	return srq->prps ? 0 : -ENOMEM;
}

static void sluice_disk_exit_rq(struct blk_mq_tag_set *set, struct request *rq,
				unsigned int idx)
{
	struct sluice_nvme_ctrl *ctrl = set->driver_data;
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	dma_pool_free(ctrl->prp_pool, srq->prps, srq->prps_dma);
}

static const struct blk_mq_ops sluice_disk_mq_ops = {
	.queue_rq = sluice_disk_queue_rq,
	.commit_rqs = sluice_disk_commit_rqs,
	.complete = sluice_disk_complete_rq,
	.timeout = sluice_disk_timeout,
	.init_hctx = sluice_disk_init_hctx,
	.init_request = sluice_disk_init_rq,
	.exit_request = sluice_disk_exit_rq,
};

static int sluice_disk_init_tags(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_host *host = ctrl->host;
	int ret;

	host->tag_set = (struct blk_mq_tag_set) {
		.ops = &sluice_disk_mq_ops,
		.nr_hw_queues = host->nr_ioqs,
		/* One entry of a ring stays empty. */
		.queue_depth = host->ioqs[0].sq.depth - 1,
		.numa_node = dev_to_node(&ctrl->pdev->dev),
		.cmd_size = sizeof(struct sluice_nvme_rq),
		.timeout = msecs_to_jiffies(sluice_nvme_io_timeout_ms),
		.flags = SLUICE_COMPAT_BLK_MQ_F_SHOULD_MERGE,
		.driver_data = ctrl,
	};
	ret = blk_mq_alloc_tag_set(&host->tag_set);
	host->tag_set_ready = !ret;
	return ret;
}

static int sluice_disk_alloc(struct sluice_nvme_ns *ns)
{
	struct sluice_nvme_ctrl *ctrl = ns->ctrl;
	struct sluice_compat_limits limits;
	struct gendisk *disk;

	sluice_nvme_limits_of_disk(ns, &limits);
	disk = sluice_compat_alloc_disk(&ctrl->host->tag_set, &limits, ns);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	snprintf(disk->disk_name, sizeof(disk->disk_name), "sluice%dn%u",
		 ctrl->instance, ns->nsid);
	disk->fops = &sluice_disk_fops;
	disk->private_data = ns;
	set_capacity(disk, ns->nr_blocks << (ns->lba_shift - SECTOR_SHIFT));
	set_disk_ro(disk, ns->limits.write_protected);
	ns->disk = disk;
	return 0;
}

/**
 * sluice_disks_init() - make the disks, which nobody can see yet
 * @ctrl: controller with its host queues
 *
 * Return: 0 or a negative errno; sluice_disks_exit() cleans up in both cases.
 */
int sluice_disks_init(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;
	int ret;

	ret = sluice_disk_init_tags(ctrl);
	if (ret)
		return ret;
	list_for_each_entry(ns, &ctrl->namespaces, list) {
		ret = sluice_disk_alloc(ns);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * sluice_disks_exit() - release the disks
 * @ctrl: controller whose disks nobody can see (any more), and whose reset_work
 *	does not run
 */
void sluice_disks_exit(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		if (ns->disk)
			put_disk(ns->disk);
		ns->disk = NULL;
	}
	if (ctrl->host->tag_set_ready)
		blk_mq_free_tag_set(&ctrl->host->tag_set);
	ctrl->host->tag_set_ready = false;
}

/**
 * sluice_disks_add() - show the disks to the host and have their slices read
 * @ctrl: controller, registered with the core
 *
 * Return: 0 or a negative errno; sluice_disks_del() cleans up in both cases.
 */
int sluice_disks_add(struct sluice_nvme_ctrl *ctrl)
{
	struct device *dev = &ctrl->pdev->dev;
	struct sluice_nvme_ns *ns;
	int ret;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		ret = device_add_disk(dev, ns->disk,
				      sluice_nvme_disk_groups);
		if (ret) {
			dev_err(dev, "disk %s: %pe\n", ns->disk->disk_name,
				ERR_PTR(ret));
			return ret;
		}
		ns->disk_added = true;
		/* Without slices the host still has its disk. */
		ret = sluice_disk_add(ctrl->parent, ns->disk, ns, &ns->slices);
		if (ret)
			dev_err(dev, "%s: slices cannot be read: %pe\n",
				ns->disk->disk_name, ERR_PTR(ret));
	}
	return 0;
}

/**
 * sluice_disks_del() - take the disks from the host
 * @ctrl: controller that the core has forgotten
 *
 * Waits for the I/O in flight.
 */
void sluice_disks_del(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		struct sluice_disk *slices = ns->slices;

		WRITE_ONCE(ns->slices, NULL);
		sluice_disk_del(slices);
		if (ns->disk_added)
			del_gendisk(ns->disk);
		ns->disk_added = false;
	}
}

/**
 * sluice_disks_quiesce() - keep the block layer from submitting
 * @ctrl: controller; its reset_lock is held
 */
void sluice_disks_quiesce(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		if (ns->disk)
			blk_mq_quiesce_queue(ns->disk->queue);
	}
}

/**
 * sluice_disks_unquiesce() - let the block layer submit again
 * @ctrl: controller; its reset_lock is held
 */
void sluice_disks_unquiesce(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		if (!ns->disk)
			continue;
		blk_mq_unquiesce_queue(ns->disk->queue);
		blk_mq_kick_requeue_list(ns->disk->queue);
	}
}

/**
 * sluice_disks_in_flight() - does any disk wait for the hardware?
 * @ctrl: controller; only lasting while its disks are quiesced
 *
 * Return: true when one does.
 */
bool sluice_disks_in_flight(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		if (ns->disk && blk_mq_queue_inflight(ns->disk->queue))
			return true;
	}
	return false;
}

static bool sluice_disk_cancel_rq(struct request *rq, void *data)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	if (blk_mq_rq_state(rq) == MQ_RQ_IN_FLIGHT) {
		srq->status = NVME_SC_ABORT_REQ;
		blk_mq_complete_request(rq);
	}
	return true;
}

/**
 * sluice_disks_cancel() - end all requests in flight
 * @ctrl: controller that is stopped; its disks are quiesced
 *
 * The block layer tries the requests again after sluice_disks_unquiesce(); they
 * fail if the controller is dead then.
 */
void sluice_disks_cancel(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_host *host = ctrl->host;

	if (!host->tag_set_ready)
		return;
	blk_mq_tagset_busy_iter(&host->tag_set, sluice_disk_cancel_rq, NULL);
	blk_mq_tagset_wait_completed_request(&host->tag_set);
}

static void sluice_disk_announce(struct gendisk *disk, const char *why)
{
	char *envp[2] = { };

	/* Without the reason, for want of memory: the attribute has it. */
	envp[0] = kasprintf(GFP_KERNEL, "SLUICE_OFFLINE=%s", why);
	kobject_uevent_env(&disk_to_dev(disk)->kobj, KOBJ_CHANGE, envp);
	kfree(envp[0]);
}

/**
 * sluice_disks_dead() - tell the users of lost disks
 * @ctrl: controller; all disks are lost if it is dead, else those of namespaces
 *	that are offline
 *
 * May wait for a file system whose I/O needs the reset_lock: not under it.
 */
void sluice_disks_dead(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;
	const char *why;

	list_for_each_entry(ns, &ctrl->namespaces, list) {
		why = sluice_nvme_ns_offline(ns);
		if (!why || !ns->disk_added ||
		    test_bit(GD_DEAD, &ns->disk->state))
			continue;
		blk_mark_disk_dead(ns->disk);
		sluice_disk_announce(ns->disk, why);
	}
}
