// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: Get Log Page of a virtual controller [NVMe 1.4, 5.14]
 *
 * The health log has the drive's wear and temperature, which all slices share.
 * The I/O counters in it and the error log are those of the slice alone: no
 * tenant can learn from them what another does.
 */
#include <linux/bitfield.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

#define SLUICE_LOG_LID		GENMASK(7, 0)
#define SLUICE_LOG_RAE		BIT(15)
#define SLUICE_LOG_NUMDL	GENMASK(31, 16)

/* A data unit is a thousand 512-byte units [figure 194] */
#define SLUICE_LOG_UNIT_SHIFT	9
#define SLUICE_LOG_UNIT		1000

/**
 * sluice_vlog_init() - prepare a controller's logs
 * @vctrl: controller
 */
void sluice_vlog_init(struct sluice_vctrl *vctrl)
{
	spin_lock_init(&vctrl->log.lock);
}

/* In place of the opcode of a &struct sluice_vlog_refusal */
#define SLUICE_REFUSAL_ANY	-1	/* any command of any queue */

/**
 * struct sluice_vlog_refusal - how a guest learns that it lacks something
 * @opcode: of an admin command, or %SLUICE_REFUSAL_ANY
 * @sc: the status code, with its type, that says so
 */
struct sluice_vlog_refusal {
	int opcode;
	u16 sc;
};

/*
 * Drivers and tools try what is optional, and the status tells them that this
 * controller does not have it. Nothing has failed then, so the error log gets
 * no entry: monitors in the guest, such as smartd, report every new one. The
 * log need not have all errors; it has what the bit More of a status points to
 * [NVMe 1.4, 4.6.1].
 */
static const struct sluice_vlog_refusal sluice_vlog_refusals[] = {
	/* optional commands [5 and 6] */
	{ SLUICE_REFUSAL_ANY,		NVME_SC_INVALID_OPCODE },
	/* optional data structures: values of CNS [5.15.1] */
	{ NVME_ADMIN_IDENTIFY,		NVME_SC_INVALID_FIELD },
	/* optional log pages [5.14.1] */
	{ NVME_ADMIN_GET_LOG_PAGE,	NVME_SC_INVALID_LOG_PAGE },
	/* optional features, sensors and vectors [5.9 and 5.21.1] */
	{ NVME_ADMIN_GET_FEATURES,	NVME_SC_INVALID_FIELD },
	{ NVME_ADMIN_SET_FEATURES,	NVME_SC_INVALID_FIELD },
	{ NVME_ADMIN_SET_FEATURES,	NVME_SC_FEAT_NOT_SAVEABLE },
};

static bool sluice_vlog_refuses(const struct sluice_vslot *slot, u16 sqid)
{
	const struct sluice_vlog_refusal *refusal = sluice_vlog_refusals;
	int opcode = sqid ? SLUICE_REFUSAL_ANY : slot->opcode;
	u16 sc = slot->status & NVME_SC_MASK;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sluice_vlog_refusals); i++, refusal++) {
		if (refusal->sc == sc && (refusal->opcode == opcode ||
					  refusal->opcode == SLUICE_REFUSAL_ANY))
			return true;
	}
	return false;
}

/**
 * sluice_vlog_error() - add to the Error Information log [NVMe 1.4, 5.14.1.1]
 * @vctrl: controller
 * @slot: the command that failed, its status and opcode set
 * @sqid: its submission queue
 *
 * A command that was refused because it asked for something optional is no
 * error.
 *
 * Any context.
 */
void sluice_vlog_error(struct sluice_vctrl *vctrl,
		       const struct sluice_vslot *slot, u16 sqid)
{
	struct sluice_vlog *log = &vctrl->log;
	struct nvme_error_log *entry;

	if (sluice_vlog_refuses(slot, sqid))
		return;
	guard(spinlock_irqsave)(&log->lock);
	entry = &log->errors[log->error_count++ % SLUICE_VCTRL_ERRORS];
	*entry = (struct nvme_error_log) {
		.error_count	 = cpu_to_le64(log->error_count),
		.sqid		 = cpu_to_le16(sqid),
		.cid		 = cpu_to_le16(slot->cid),
		.status		 = cpu_to_le16(slot->status << 1),
		.param_error_loc = cpu_to_le16(0xffff),
		.lba		 = cpu_to_le64(slot->slba),
		.nsid		 = cpu_to_le32(sqid ? SLUICE_VCTRL_NSID : 0),
	};
}

/* Newest first */
static size_t sluice_vlog_errors(struct sluice_vctrl *vctrl, void *page)
{
	struct sluice_vlog *log = &vctrl->log;
	struct nvme_error_log *out = page;
	unsigned int i;

	guard(spinlock_irqsave)(&log->lock);
	for (i = 0; i < SLUICE_VCTRL_ERRORS && i < log->error_count; i++)
		out[i] = log->errors[(log->error_count - 1 - i) %
				     SLUICE_VCTRL_ERRORS];
	return sizeof(log->errors);
}

static void sluice_vlog_counter(u8 counter[16], u64 value)
{
	__le64 le = cpu_to_le64(value);

	memset(counter, 0, 16);
	memcpy(counter, &le, sizeof(le));
}

static u64 sluice_vlog_units(const struct sluice_vctrl *vctrl, u64 blocks)
{
	return DIV64_U64_ROUND_UP(blocks << (vctrl->ns->lba_shift -
					     SLUICE_LOG_UNIT_SHIFT),
				  SLUICE_LOG_UNIT);
}

static void sluice_vlog_own_counters(struct sluice_vctrl *vctrl,
				     struct nvme_smart_log *smart)
{
	u64 reads = 0, writes = 0, blocks_read = 0, blocks_written = 0;
	const struct sluice_vlog *log = &vctrl->log;
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		const struct sluice_vsq *vsq = &vctrl->sqs[i];

		reads += READ_ONCE(vsq->reads);
		writes += READ_ONCE(vsq->writes);
		blocks_read += READ_ONCE(vsq->blocks_read);
		blocks_written += READ_ONCE(vsq->blocks_written);
	}

	sluice_vlog_counter(smart->data_units_read,
			    sluice_vlog_units(vctrl, blocks_read));
	sluice_vlog_counter(smart->data_units_written,
			    sluice_vlog_units(vctrl, blocks_written));
	sluice_vlog_counter(smart->host_reads, reads);
	sluice_vlog_counter(smart->host_writes, writes);
	sluice_vlog_counter(smart->busy_time, 0);
	sluice_vlog_counter(smart->num_err_log_entries,
			    READ_ONCE(log->error_count));
	memset(smart->rsvd7, 0, sizeof(smart->rsvd7));
	memset(smart->rsvd216, 0, sizeof(smart->rsvd216));
}

static sluice_vstatus_t sluice_vlog_smart(struct sluice_vctrl *vctrl, u32 nsid,
					  void *page)
{
	int err;

	/* LPA bit 0 is clear: no log for one namespace [5.14.1.2] */
	if (nsid && nsid != NVME_NSID_ALL)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	err = sluice_nvme_health(vctrl->ctrl, page);
	if (err == -EAGAIN)
		return SLUICE_VSTATUS_RETRY;
	if (err)
		return sluice_vstatus_transient(NVME_SC_INTERNAL);
	sluice_vlog_own_counters(vctrl, page);
	return SLUICE_VSTATUS_OK;
}

static size_t sluice_vlog_fw_slot(void *page)
{
	struct nvme_fw_slot_log *log = page;

	log->afi = 1;
	memset(log->frs[0], ' ', sizeof(log->frs[0]));
	memcpy(log->frs[0], SLUICE_VERSION,
	       min(strlen(SLUICE_VERSION), sizeof(log->frs[0])));
	return sizeof(*log);
}

static size_t sluice_vlog_effects(struct sluice_vctrl *vctrl, void *page)
{
	struct nvme_effects_log *log = page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(log->acs); i++)
		log->acs[i] = cpu_to_le32(sluice_vadmin_effects(i));
	for (i = 0; i < ARRAY_SIZE(log->iocs); i++)
		log->iocs[i] = cpu_to_le32(sluice_vio_effects(vctrl, i));
	return sizeof(*log);
}

/* Fill @page with a whole log; @size receives its length */
static sluice_vstatus_t sluice_vlog_fill(struct sluice_vctrl *vctrl, u8 lid,
					 u32 nsid, void *page, size_t *size)
{
	switch (lid) {
	case NVME_LOG_ERROR:
		*size = sluice_vlog_errors(vctrl, page);
		return SLUICE_VSTATUS_OK;
	case NVME_LOG_SMART:
		*size = sizeof(struct nvme_smart_log);
		return sluice_vlog_smart(vctrl, nsid, page);
	case NVME_LOG_FW_SLOT:
		*size = sluice_vlog_fw_slot(page);
		return SLUICE_VSTATUS_OK;
	case NVME_LOG_CHANGED_NS:
		/* an empty list: a slice does not change yet */
		*size = SLUICE_NVME_PAGE;
		return SLUICE_VSTATUS_OK;
	case NVME_LOG_CMD_EFFECTS:
		*size = sluice_vlog_effects(vctrl, page);
		return SLUICE_VSTATUS_OK;
	default:
		return sluice_vstatus_fail(NVME_SC_INVALID_LOG_PAGE);
	}
}

/* @len is what the guest has room for, @size what there is */
static sluice_vstatus_t sluice_vlog_copy(struct sluice_vctrl *vctrl,
					 const struct nvme_cmd *cmd, void *data,
					 u64 len, u32 size)
{
	u64 prp1 = le64_to_cpu(cmd->prp1), prp2 = le64_to_cpu(cmd->prp2);
	sluice_vstatus_t status;

	status = sluice_vprp_second(vctrl, prp1, &prp2, len);
	if (status)
		return status;
	return sluice_vprp_copy(vctrl, prp1, prp2, data, min_t(u64, len, size),
				true);
}

/**
 * sluice_vlog_get() - Get Log Page [NVMe 1.4, 5.14]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: dword 0 of the completion, which stays zero
 *
 * No log is larger than a page. A guest that asks for more than there is gets
 * what there is; the rest of its buffer is left alone, as the specification
 * leaves it undefined.
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vlog_get(struct sluice_vctrl *vctrl,
				 const struct nvme_cmd *cmd, u32 *result)
{
	u32 cdw10 = le32_to_cpu(cmd->cdw10);
	u64 dwords = ((u64)(le32_to_cpu(cmd->cdw11) & 0xffff) << 16 |
		      FIELD_GET(SLUICE_LOG_NUMDL, cdw10)) + 1;
	u64 off = (u64)le32_to_cpu(cmd->cdw13) << 32 | le32_to_cpu(cmd->cdw12);
	u8 lid = FIELD_GET(SLUICE_LOG_LID, cdw10);
	size_t size;
	sluice_vstatus_t status;

	if (dwords * 4 > vctrl->ns->limits.max_xfer)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);

	memset(vctrl->id_page, 0, SLUICE_NVME_PAGE);
	status = sluice_vlog_fill(vctrl, lid, le32_to_cpu(cmd->nsid),
				  vctrl->id_page, &size);
	if (status)
		return status;
	if (off % 4 || off > size)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	if (off < size)
		status = sluice_vlog_copy(vctrl, cmd, vctrl->id_page + off,
					  dwords * 4, size - off);
	if (!status && !(cdw10 & SLUICE_LOG_RAE))
		sluice_vadmin_event_read(vctrl, lid);
	return status;
}
