// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the controller's registers; enabling, disabling, shutting down
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/string.h>

#include "host/host.h"

/* CAP.TO counts in half seconds */
#define SLUICE_NVME_TO_UNIT_MS		500

/* Drives of which SLUICE_QUIRK_SLOW_READY is known were found to need so long */
#define SLUICE_NVME_SLOW_READY_MS	2300

/*
 * How long a shutdown may take: the controller's RTD3E, within these limits. RTD3E
 * is a typical time, or 0 if not reported, so a drive that is slower than it has
 * announced gets five seconds before it may lose its power.
 */
#define SLUICE_NVME_SHUTDOWN_MIN_MS	5000
#define SLUICE_NVME_SHUTDOWN_MAX_MS	60000

/**
 * sluice_nvme_gone() - has the function been pulled out or lost its memory?
 * @ctrl: controller
 *
 * Any context. Compares CAP, which never changes: a read that no device answers
 * gives all ones on most platforms, but not on all.
 *
 * Return: true when it no longer answers.
 */
bool sluice_nvme_gone(struct sluice_nvme_ctrl *ctrl)
{
	return sluice_nvme_reg_read(ctrl, NVME_REG_CAP) !=
	       lower_32_bits(ctrl->cap);
}

static int sluice_nvme_wait_csts(struct sluice_nvme_ctrl *ctrl, u32 mask,
				 u32 want, unsigned int timeout_ms)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(timeout_ms);
	bool last = false;
	u32 csts;

	for (;;) {
		csts = sluice_nvme_reg_read(ctrl, NVME_REG_CSTS);
		if (csts == U32_MAX)
			return -ENODEV;
		if ((csts & mask) == want)
			return 0;
		if (last)
			return -ETIMEDOUT;
		last = time_after(jiffies, deadline);
		usleep_range(500, 1000);
	}
}

static unsigned int sluice_nvme_ready_ms(struct sluice_nvme_ctrl *ctrl)
{
	unsigned int units = FIELD_GET(NVME_CAP_TO, ctrl->cap);

	/* CAP.TO ends at 127 s, and NVMe 2.0 has more. Some drives have less there. */
	if (ctrl->cap & NVME_CAP_CRWMS)
		units = max_t(unsigned int, units,
			      FIELD_GET(NVME_CRTO_CRWMT,
					sluice_nvme_reg_read(ctrl, NVME_REG_CRTO)));
	/* One unit more: 0 is allowed, but hardly means "at once". */
	return (units + 1) * SLUICE_NVME_TO_UNIT_MS;
}

/* How many I/O queue pairs have their doorbells within BAR0? */
static unsigned int sluice_nvme_bar_qpairs(struct sluice_nvme_ctrl *ctrl)
{
	u64 pair = 8ull << FIELD_GET(NVME_CAP_DSTRD, ctrl->cap);
	u64 pairs = (pci_resource_len(ctrl->pdev, 0) - NVME_REG_DBS) / pair;

	/* The first is the admin queue's. */
	return clamp_t(u64, pairs, 1, U16_MAX) - 1;
}

/**
 * sluice_nvme_ctrl_check() - read CAP and refuse what the driver cannot drive
 * @ctrl: controller with its registers mapped
 *
 * Return: 0, or a negative errno, after saying why.
 */
int sluice_nvme_ctrl_check(struct sluice_nvme_ctrl *ctrl)
{
	struct device *dev = &ctrl->pdev->dev;
	unsigned int shift;

	ctrl->cap = lo_hi_readq(ctrl->bar + NVME_REG_CAP);
	if (ctrl->cap == U64_MAX || !ctrl->cap) {
		dev_err(dev, "refused: the registers cannot be read\n");
		return -ENODEV;
	}
	if (ctrl->host->quirks & SLUICE_QUIRK_ONE_VECTOR) {
		dev_err(dev, "refused: all queues of this drive share one interrupt\n");
		return -EOPNOTSUPP;
	}
	shift = 12 + FIELD_GET(NVME_CAP_MPSMIN, ctrl->cap);
	if (shift > PAGE_SHIFT || BIT(shift) != SLUICE_NVME_PAGE) {
		dev_err(dev, "refused: smallest memory page is %lu bytes (CAP.MPSMIN), 4096 is needed\n",
			BIT(shift));
		return -EOPNOTSUPP;
	}
	if (!(ctrl->cap & NVME_CAP_CSS_NVM)) {
		dev_err(dev, "refused: no NVM command set (CAP.CSS)\n");
		return -EOPNOTSUPP;
	}
	ctrl->max_depth = FIELD_GET(NVME_CAP_MQES, ctrl->cap) + 1;
	if (ctrl->max_depth < 2) {
		dev_err(dev, "refused: queues have only one entry (CAP.MQES)\n");
		return -EOPNOTSUPP;
	}
	if (!sluice_nvme_bar_qpairs(ctrl)) {
		dev_err(dev, "refused: BAR0 has no doorbells of I/O queues (CAP.DSTRD)\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * sluice_nvme_ctrl_disable() - make the controller forget its queues
 * @ctrl: controller
 *
 * Return: 0 when it is disabled and does no DMA; -ETIMEDOUT; -ENODEV.
 */
int sluice_nvme_ctrl_disable(struct sluice_nvme_ctrl *ctrl)
{
	u32 cc = sluice_nvme_reg_read(ctrl, NVME_REG_CC);

	if (cc == U32_MAX)
		return -ENODEV;
	sluice_nvme_reg_write(ctrl, NVME_REG_CC,
			      cc & ~(NVME_CC_EN | NVME_CC_SHN));
	if (ctrl->host->quirks & SLUICE_QUIRK_SLOW_READY)
		msleep(SLUICE_NVME_SLOW_READY_MS);
	return sluice_nvme_wait_csts(ctrl, NVME_CSTS_RDY, 0,
				     sluice_nvme_ready_ms(ctrl));
}

/**
 * sluice_nvme_master_off() - take the controller's access to memory away
 * @ctrl: controller, which may be gone
 *
 * It writes nothing after this has returned.
 */
void sluice_nvme_master_off(struct sluice_nvme_ctrl *ctrl)
{
	pci_clear_master(ctrl->pdev);
	/* On PCI the answer to a read pushes the device's earlier writes. */
	sluice_nvme_reg_read(ctrl, NVME_REG_CSTS);
}

/**
 * sluice_nvme_shutdown_ms() - how long may a shutdown take?
 * @ctrl: controller
 *
 * Return: the time in milliseconds.
 */
unsigned int sluice_nvme_shutdown_ms(const struct sluice_nvme_ctrl *ctrl)
{
	unsigned int ms = 0;

	if (ctrl->id)
		ms = le32_to_cpu(ctrl->id->rtd3e) / USEC_PER_MSEC;
	return clamp(ms, SLUICE_NVME_SHUTDOWN_MIN_MS, SLUICE_NVME_SHUTDOWN_MAX_MS);
}

/**
 * sluice_nvme_ctrl_shutdown() - tell the controller that power may go
 * @ctrl: controller
 *
 * It stays enabled afterwards, as drives expect, with nothing to do for the
 * host [NVMe 1.4, 7.6.2]; but it may still access memory.
 *
 * Return: 0 when it has been shut down; -ETIMEDOUT; -ENODEV when it is gone or
 * was not enabled.
 */
int sluice_nvme_ctrl_shutdown(struct sluice_nvme_ctrl *ctrl)
{
	u32 cc = sluice_nvme_reg_read(ctrl, NVME_REG_CC);
	int ret;

	if (cc == U32_MAX || !(cc & NVME_CC_EN))
		return -ENODEV;
	cc &= ~NVME_CC_SHN;
	sluice_nvme_reg_write(ctrl, NVME_REG_CC,
			      cc | FIELD_PREP(NVME_CC_SHN, NVME_CC_SHN_NORMAL));
	ret = sluice_nvme_wait_csts(ctrl, NVME_CSTS_SHST, NVME_CSTS_SHST_CMPLT,
				    sluice_nvme_shutdown_ms(ctrl));
	if (ret)
		dev_warn(&ctrl->pdev->dev, "shutdown not confirmed: %pe\n",
			 ERR_PTR(ret));
	return ret;
}

static int sluice_nvme_ctrl_enable(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;
	int ret;

	ret = sluice_nvme_cq_arm(&aq->cq);
	if (ret)
		return ret;
	aq->sq.tail = 0;
	sluice_nvme_reg_write(ctrl, NVME_REG_AQA,
			      FIELD_PREP(NVME_AQA_ASQS, aq->sq.depth - 1) |
			      FIELD_PREP(NVME_AQA_ACQS, aq->cq.depth - 1));
	lo_hi_writeq(aq->sq.dma, ctrl->bar + NVME_REG_ASQ);
	lo_hi_writeq(aq->cq.dma, ctrl->bar + NVME_REG_ACQ);
	sluice_nvme_reg_write(ctrl, NVME_REG_CC,
			      FIELD_PREP(NVME_CC_IOSQES, NVME_SQES) |
			      FIELD_PREP(NVME_CC_IOCQES, NVME_CQES) |
			      NVME_CC_EN);
	ret = sluice_nvme_wait_csts(ctrl, NVME_CSTS_RDY | NVME_CSTS_CFS,
				    NVME_CSTS_RDY, sluice_nvme_ready_ms(ctrl));
	if (ret) {
		dev_err(&ctrl->pdev->dev, "controller does not become ready: %pe\n",
			ERR_PTR(ret));
		return ret;
	}
	sluice_nvme_adminq_open(ctrl);
	return 0;
}

/* The errno for an NVMe status that should have been zero, which is logged. */
static int sluice_nvme_to_errno(struct sluice_nvme_ctrl *ctrl, int status,
				const char *what)
{
	if (status > 0)
		dev_err(&ctrl->pdev->dev, "%s failed: status %#x\n", what,
			status);
	return status > 0 ? -EIO : status;
}

static int sluice_nvme_accept_id(struct sluice_nvme_ctrl *ctrl,
				 const struct nvme_id_ctrl *id)
{
	struct device *dev = &ctrl->pdev->dev;

	/* 0 stands for "not reported": before NVMe 1.4 all were of type 1 */
	if (id->cntrltype > 1) {
		dev_err(dev, "refused: controller of type %u, not an I/O controller\n",
			id->cntrltype);
		return -EOPNOTSUPP;
	}
	if ((id->sqes & 0xf) > NVME_SQES || (id->sqes >> 4) < NVME_SQES ||
	    (id->cqes & 0xf) > NVME_CQES || (id->cqes >> 4) < NVME_CQES) {
		dev_err(dev, "refused: queue entry sizes %#x and %#x (SQES, CQES)\n",
			id->sqes, id->cqes);
		return -EOPNOTSUPP;
	}
	if (ctrl->id->mn[0] &&
	    (memcmp(id->sn, ctrl->id->sn, sizeof(id->sn)) ||
	     memcmp(id->mn, ctrl->id->mn, sizeof(id->mn)))) {
		dev_err(dev, "another controller is at this address now\n");
		return -ENODEV;
	}
	return 0;
}

/* Drives before NVMe 1.4 do not have it: asking would leave an error in their log */
static int sluice_nvme_identify_nvm(struct sluice_nvme_ctrl *ctrl,
				    const struct nvme_id_ctrl *id, void *page)
{
	struct nvme_id_ctrl_nvm *nvm = &ctrl->host->id_nvm;
	int ret;

	memset(nvm, 0, sizeof(*nvm));
	if (le32_to_cpu(id->ver) < NVME_VS(1, 4, 0) ||
	    ctrl->host->quirks & SLUICE_QUIRK_OLD_IDENTIFY)
		return 0;
	ret = sluice_nvme_identify(ctrl, NVME_ID_CNS_CTRL_CSI, 0, page);
	if (!ret)
		memcpy(nvm, page, sizeof(*nvm));
	return min(ret, 0);
}

static int sluice_nvme_identify_ctrl(struct sluice_nvme_ctrl *ctrl)
{
	struct nvme_id_ctrl *id;
	int ret;

	id = kmalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	ret = sluice_nvme_to_errno(ctrl,
				   sluice_nvme_identify(ctrl, NVME_ID_CNS_CTRL,
							0, id),
				   "Identify Controller");
	if (!ret)
		ret = sluice_nvme_accept_id(ctrl, id);
	if (!ret) {
		memcpy(ctrl->id, id, sizeof(*id));
		/* one that finds no slot would be counted, but not sent */
		atomic_set(&ctrl->host->aborts,
			   min(id->acl + 1, SLUICE_NVME_ADMIN_SHARE));
		ctrl->host->quirks |= sluice_nvme_quirks(ctrl->pdev->vendor,
							 ctrl->pdev->device, id);
		ret = sluice_nvme_identify_nvm(ctrl, ctrl->id, id);
	}
	kfree(id);
	return ret;
}

/*
 * Keep a drive awake that does not come back from its power states. What it does
 * by itself when nobody has told it is its own choice.
 */
static int sluice_nvme_stay_awake(struct sluice_nvme_ctrl *ctrl)
{
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw10 = cpu_to_le32(NVME_FEAT_AUTO_PST),
	};
	__le64 table[32] = { };
	int ret;

	if (!(ctrl->host->quirks & SLUICE_QUIRK_DEEP_SLEEP) ||
	    !(ctrl->id->apsta & 1))
		return 0;
	ret = sluice_nvme_admin_internal(ctrl, &cmd, table, sizeof(table), NULL);
	return min(ret, 0);
}

static int sluice_nvme_set_queue_count(struct sluice_nvme_ctrl *ctrl)
{
	struct device *dev = &ctrl->pdev->dev;
	unsigned int want, granted, usable;
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw10 = cpu_to_le32(NVME_FEAT_NUM_QUEUES),
	};
	u32 result;
	int ret;

	usable = min3(ctrl->nr_vectors - 1, sluice_nvme_bar_qpairs(ctrl),
		      (unsigned int)SLUICE_NVME_MAX_QPAIRS);
	want = ctrl->nr_qpairs ?: usable;
	cmd.cdw11 = cpu_to_le32((want - 1) << 16 | (want - 1));
	ret = sluice_nvme_admin_internal(ctrl, &cmd, NULL, 0, &result);
	if (ret)
		return sluice_nvme_to_errno(ctrl, ret,
					    "Set Features (Number of Queues)");

	granted = min(result & 0xffff, result >> 16) + 1;
	if (ctrl->nr_qpairs) {
		if (granted >= ctrl->nr_qpairs)
			return 0;
		dev_err(dev, "%u I/O queue pairs after the reset, %u before\n",
			granted, ctrl->nr_qpairs);
		return -EIO;
	}
	if (granted > usable)
		dev_info(dev, "%u I/O queue pairs of %u usable: %u MSI-X vectors, one of them for the admin queue\n",
			 usable, granted, ctrl->nr_vectors);
	ctrl->nr_qpairs = min(granted, usable);
	return 0;
}

/**
 * sluice_nvme_ctrl_start() - enable the controller and learn what it is
 * @ctrl: controller that is disabled; its reset_lock is held
 *
 * The first call fills &sluice_nvme_ctrl.id and the number of queue pairs. A
 * call after a reset fails unless it is the same controller with as many pairs.
 *
 * Return: 0 with the admin queue open, or a negative errno.
 */
int sluice_nvme_ctrl_start(struct sluice_nvme_ctrl *ctrl)
{
	int ret;

	pci_set_master(ctrl->pdev);
	ret = sluice_nvme_ctrl_enable(ctrl);
	if (!ret)
		ret = sluice_nvme_identify_ctrl(ctrl);
	if (!ret)
		ret = sluice_nvme_stay_awake(ctrl);
	if (!ret)
		ret = sluice_nvme_hmb_enable(ctrl);
	if (!ret)
		ret = sluice_nvme_set_queue_count(ctrl);
	return ret;
}
