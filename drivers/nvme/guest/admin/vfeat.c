// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: Get and Set Features of a virtual controller [NVMe 1.4, 5.9, 5.21]
 *
 * Each slice has features of its own. What a guest sets is never passed on to
 * the drive, where it would change the other slices too. No feature is
 * saveable: after a Controller Reset all have their defaults.
 */
#include <linux/bitfield.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* Threshold selection and sensor of feature 04h */
#define SLUICE_TEMP_TMPTH	GENMASK(15, 0)
#define SLUICE_TEMP_TMPSEL	GENMASK(19, 16)
#define SLUICE_TEMP_THSEL	GENMASK(21, 20)
#define SLUICE_TEMP_ALL_SENSORS	0xf
#define SLUICE_TEMP_OVER	0
#define SLUICE_TEMP_UNDER	1

/* Feature 05h: Deallocated or Unwritten Logical Block Error Enable */
#define SLUICE_ERR_DULBE	BIT(16)

/* Feature 09h */
#define SLUICE_IRQ_VECTOR	GENMASK(15, 0)
#define SLUICE_IRQ_CONFIG	(SLUICE_IRQ_VECTOR | SLUICE_IRQ_CONFIG_CD)

/* Feature 0Eh: the timestamp was set by Set Features, it never stops */
#define SLUICE_TIMESTAMP_SET	BIT(1)
#define SLUICE_TIMESTAMP_BITS	48

static u64 sluice_vfeat_now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

/* The values that features have before anybody sets them */
static void sluice_vfeat_defaults(const struct sluice_vctrl *vctrl,
				  struct sluice_vfeat *feat)
{
	unsigned int i;

	memset(feat, 0, sizeof(*feat));
	feat->temp_over = 0xffff;
	feat->write_cache = vctrl->ctrl->id->vwc & NVME_VWC_PRESENT;
	for (i = 0; i < ARRAY_SIZE(feat->irq_config); i++)
		feat->irq_config[i] = i;
	/* the timestamp counts from zero [5.21.1.14] */
	feat->timestamp_at = sluice_vfeat_now_ms();
}

/**
 * sluice_vfeat_init() - features as after power-on or Controller Reset
 * @vctrl: controller
 */
void sluice_vfeat_init(struct sluice_vctrl *vctrl)
{
	sluice_vfeat_defaults(vctrl, &vctrl->feat);
}

static u32 sluice_vfeat_num_queues(const struct sluice_vctrl *vctrl)
{
	return (vctrl->nr_qpairs - 1) << 16 | (vctrl->nr_qpairs - 1);
}

/* Where the threshold that dword 11 selects is kept; NULL when there is none */
static u32 *sluice_vfeat_temp(struct sluice_vfeat *feat, u32 cdw11, bool set)
{
	u32 sensor = FIELD_GET(SLUICE_TEMP_TMPSEL, cdw11);

	/* the composite temperature is the only one */
	if (sensor && !(set && sensor == SLUICE_TEMP_ALL_SENSORS))
		return NULL;
	switch (FIELD_GET(SLUICE_TEMP_THSEL, cdw11)) {
	case SLUICE_TEMP_OVER:
		return &feat->temp_over;
	case SLUICE_TEMP_UNDER:
		return &feat->temp_under;
	default:
		return NULL;
	}
}

static sluice_vstatus_t
sluice_vfeat_get_timestamp(struct sluice_vctrl *vctrl,
			   const struct sluice_vfeat *feat,
			   const struct nvme_cmd *cmd)
{
	u64 ms = feat->timestamp + sluice_vfeat_now_ms() - feat->timestamp_at;
	__le64 data;

	ms &= GENMASK_ULL(SLUICE_TIMESTAMP_BITS - 1, 0);
	if (feat->timestamp_set)
		ms |= (u64)SLUICE_TIMESTAMP_SET << SLUICE_TIMESTAMP_BITS;
	data = cpu_to_le64(ms);
	return sluice_vprp_copy(vctrl, le64_to_cpu(cmd->prp1),
				le64_to_cpu(cmd->prp2), &data, sizeof(data),
				true);
}

static sluice_vstatus_t sluice_vfeat_set_timestamp(struct sluice_vctrl *vctrl,
						   const struct nvme_cmd *cmd)
{
	struct sluice_vfeat *feat = &vctrl->feat;
	__le64 data;
	sluice_vstatus_t status;

	status = sluice_vprp_copy(vctrl, le64_to_cpu(cmd->prp1),
				  le64_to_cpu(cmd->prp2), &data, sizeof(data),
				  false);
	if (status)
		return status;
	feat->timestamp = le64_to_cpu(data) &
			  GENMASK_ULL(SLUICE_TIMESTAMP_BITS - 1, 0);
	feat->timestamp_at = sluice_vfeat_now_ms();
	feat->timestamp_set = true;
	return SLUICE_VSTATUS_OK;
}

static sluice_vstatus_t sluice_vfeat_get_from(struct sluice_vctrl *vctrl,
					      struct sluice_vfeat *feat,
					      const struct nvme_cmd *cmd,
					      u32 *result)
{
	u32 cdw11 = le32_to_cpu(cmd->cdw11);
	u32 vector = FIELD_GET(SLUICE_IRQ_VECTOR, cdw11);
	const u32 *temp;

	switch (FIELD_GET(NVME_FEAT_FID, le32_to_cpu(cmd->cdw10))) {
	case NVME_FEAT_ARBITRATION:
		*result = feat->arbitration;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_POWER_MGMT:
		*result = feat->power;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_TEMP_THRESH:
		temp = sluice_vfeat_temp(feat, cdw11, false);
		if (!temp)
			break;
		*result = *temp;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_ERR_RECOVERY:
		*result = feat->err_recovery;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_VOLATILE_WC:
		if (!(vctrl->ctrl->id->vwc & NVME_VWC_PRESENT))
			break;
		*result = feat->write_cache;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_NUM_QUEUES:
		*result = sluice_vfeat_num_queues(vctrl);
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_IRQ_COALESCE:
		*result = feat->irq_coalesce;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_IRQ_CONFIG:
		if (vector > vctrl->nr_qpairs)
			break;
		*result = feat->irq_config[vector];
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_WRITE_ATOMIC:
		*result = feat->write_atomic;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_ASYNC_EVENT:
		*result = feat->async_event;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_TIMESTAMP:
		return sluice_vfeat_get_timestamp(vctrl, feat, cmd);
	}
	return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
}

/*
 * The defaults are made in a copy: other threads read the write cache feature
 * in &sluice_vctrl.feat at any time and must not see a default there.
 */
static sluice_vstatus_t sluice_vfeat_get_default(struct sluice_vctrl *vctrl,
						 const struct nvme_cmd *cmd,
						 u32 *result)
{
	struct sluice_vfeat defaults;

	sluice_vfeat_defaults(vctrl, &defaults);
	return sluice_vfeat_get_from(vctrl, &defaults, cmd, result);
}

/* What a feature can do; no data is transferred [5.9.1, SEL 011b] */
static sluice_vstatus_t sluice_vfeat_get_caps(struct sluice_vctrl *vctrl,
					      const struct nvme_cmd *cmd,
					      u32 *result)
{
	u8 fid = FIELD_GET(NVME_FEAT_FID, le32_to_cpu(cmd->cdw10));
	sluice_vstatus_t status = SLUICE_VSTATUS_OK;

	if (fid != NVME_FEAT_TIMESTAMP)
		status = sluice_vfeat_get_from(vctrl, &vctrl->feat, cmd, result);
	*result = status ? 0 : NVME_FEAT_CAP_CHANGE;
	return status;
}

/**
 * sluice_vfeat_get() - Get Features [NVMe 1.4, 5.9]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: receives dword 0
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vfeat_get(struct sluice_vctrl *vctrl,
				  const struct nvme_cmd *cmd, u32 *result)
{
	switch (FIELD_GET(NVME_FEAT_SEL, le32_to_cpu(cmd->cdw10))) {
	case NVME_FEAT_SEL_CURRENT:
		return sluice_vfeat_get_from(vctrl, &vctrl->feat, cmd, result);
	case NVME_FEAT_SEL_DEFAULT:
	case NVME_FEAT_SEL_SAVED:
		/* the saved value of what cannot be saved is the default */
		return sluice_vfeat_get_default(vctrl, cmd, result);
	case NVME_FEAT_SEL_CAPS:
		return sluice_vfeat_get_caps(vctrl, cmd, result);
	default:
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	}
}

static sluice_vstatus_t sluice_vfeat_set_num_queues(struct sluice_vctrl *vctrl,
						    u32 cdw11, u32 *result)
{
	if ((cdw11 & 0xffff) == 0xffff || cdw11 >> 16 == 0xffff)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	if (sluice_vqueues_any_io(vctrl))
		return sluice_vstatus_fail(NVME_SC_CMD_SEQ_ERROR);
	*result = sluice_vfeat_num_queues(vctrl);
	return SLUICE_VSTATUS_OK;
}

static sluice_vstatus_t sluice_vfeat_set_irq_config(struct sluice_vctrl *vctrl,
						    u32 cdw11)
{
	u32 vector = FIELD_GET(SLUICE_IRQ_VECTOR, cdw11);

	if (vector > vctrl->nr_qpairs)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	vctrl->feat.irq_config[vector] = cdw11 & SLUICE_IRQ_CONFIG;
	sluice_virq_configure_all(vctrl);
	return SLUICE_VSTATUS_OK;
}

/**
 * sluice_vfeat_set() - Set Features [NVMe 1.4, 5.21]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: receives dword 0
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vfeat_set(struct sluice_vctrl *vctrl,
				  const struct nvme_cmd *cmd, u32 *result)
{
	u32 cdw10 = le32_to_cpu(cmd->cdw10), cdw11 = le32_to_cpu(cmd->cdw11);
	struct sluice_vfeat *feat = &vctrl->feat;
	u32 *temp;

	if (cdw10 & NVME_FEAT_SV)
		return sluice_vstatus_fail(NVME_SC_FEAT_NOT_SAVEABLE);

	switch (FIELD_GET(NVME_FEAT_FID, cdw10)) {
	case NVME_FEAT_ARBITRATION:
		feat->arbitration = cdw11;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_POWER_MGMT:
		/* state 0 is the only one */
		if (cdw11 & GENMASK(4, 0))
			break;
		feat->power = cdw11 & GENMASK(7, 0);
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_TEMP_THRESH:
		temp = sluice_vfeat_temp(feat, cdw11, true);
		if (!temp)
			break;
		*temp = FIELD_GET(SLUICE_TEMP_TMPTH, cdw11);
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_ERR_RECOVERY:
		if (cdw11 & SLUICE_ERR_DULBE)
			break;
		feat->err_recovery = cdw11 & GENMASK(15, 0);
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_VOLATILE_WC:
		if (!(vctrl->ctrl->id->vwc & NVME_VWC_PRESENT))
			break;
		WRITE_ONCE(feat->write_cache, cdw11 & 1);
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_NUM_QUEUES:
		return sluice_vfeat_set_num_queues(vctrl, cdw11, result);
	case NVME_FEAT_IRQ_COALESCE:
		feat->irq_coalesce = cdw11 & GENMASK(15, 0);
		sluice_virq_configure_all(vctrl);
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_IRQ_CONFIG:
		return sluice_vfeat_set_irq_config(vctrl, cdw11);
	case NVME_FEAT_WRITE_ATOMIC:
		feat->write_atomic = cdw11 & 1;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_ASYNC_EVENT:
		feat->async_event = cdw11;
		return SLUICE_VSTATUS_OK;
	case NVME_FEAT_TIMESTAMP:
		return sluice_vfeat_set_timestamp(vctrl, cmd);
	}
	return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
}
