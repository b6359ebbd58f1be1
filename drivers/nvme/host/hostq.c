// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the I/O queues that the host keeps
 *
 * They have the identifiers 1 to nr_host_qpairs from probe to remove. A reset
 * destroys the queues in the controller; memory and identifiers stay, and
 * sluice_nvme_ioqs_create() creates the queues again.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "host/host.h"

static int sluice_nvme_ioq_alloc(struct sluice_nvme_ctrl *ctrl,
				 struct sluice_nvme_ioq *ioq, u16 qid)
{
	u32 depth = min_t(u32, ctrl->max_depth, SLUICE_NVME_HOST_DEPTH);
	int ret;

	spin_lock_init(&ioq->sq_lock);
	sluice_nvme_cq_init(&ioq->cq);
	ret = sluice_nvme_cq_alloc(&ioq->cq, ctrl, qid, depth);
	if (ret)
		return ret;
	ioq->cq.priv = ioq;
	ioq->cq.process = sluice_disk_process_cq;
	return sluice_nvme_sq_alloc(&ioq->sq, ctrl, qid, depth, &ioq->cq);
}

/**
 * sluice_nvme_ioqs_alloc() - get the memory of the host's I/O queues
 * @ctrl: controller whose number of queue pairs is known
 *
 * Return: 0 or -ENOMEM; sluice_nvme_ioqs_free() cleans up in both cases.
 */
int sluice_nvme_ioqs_alloc(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_host *host = ctrl->host;
	unsigned int i, most = ctrl->nr_qpairs;
	int ret;

	/* The host needs one pair. What is too little for a client is its, too. */
	if (ctrl->nr_qpairs > SLUICE_NVME_MIN_CLIENT_QPAIRS)
		most = ctrl->nr_qpairs - SLUICE_NVME_MIN_CLIENT_QPAIRS;
	ctrl->nr_host_qpairs = clamp(sluice_nvme_host_queues, 1u, most);
	ctrl->qids = bitmap_zalloc(ctrl->nr_qpairs, GFP_KERNEL);
	host->ioqs = kcalloc(ctrl->nr_host_qpairs, sizeof(*host->ioqs),
			     GFP_KERNEL);
	if (!ctrl->qids || !host->ioqs)
		return -ENOMEM;
	bitmap_set(ctrl->qids, 0, ctrl->nr_host_qpairs);

	for (i = 0; i < ctrl->nr_host_qpairs; i++) {
		host->nr_ioqs = i + 1;
		ret = sluice_nvme_ioq_alloc(ctrl, &host->ioqs[i], i + 1);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * sluice_nvme_ioqs_free() - release the memory of the host's I/O queues
 * @ctrl: controller that is disabled
 */
void sluice_nvme_ioqs_free(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_host *host = ctrl->host;
	unsigned int i;

	for (i = 0; i < host->nr_ioqs; i++) {
		sluice_nvme_sq_free(&host->ioqs[i].sq);
		sluice_nvme_cq_free(&host->ioqs[i].cq);
	}
	host->nr_ioqs = 0;
	kfree(host->ioqs);
	host->ioqs = NULL;
	bitmap_free(ctrl->qids);
	ctrl->qids = NULL;
}

/**
 * sluice_nvme_ioqs_create() - create the host's I/O queues in the controller
 * @ctrl: controller that has just been started; its reset_lock is held
 *
 * Return: 0 or a negative errno; then the controller is to be disabled.
 */
int sluice_nvme_ioqs_create(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_host *host = ctrl->host;
	unsigned int i;
	int ret;

	for (i = 0; i < host->nr_ioqs; i++) {
		ret = sluice_nvme_cq_create(&host->ioqs[i].cq);
		if (!ret)
			ret = sluice_nvme_sq_create(&host->ioqs[i].sq);
		if (ret)
			return ret;
	}
	return 0;
}
