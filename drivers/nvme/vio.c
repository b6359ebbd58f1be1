// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: commands of a guest's I/O queues
 *
 * Each entry is copied out of guest memory once; only the copy is checked and
 * used. What goes to the hardware is built from nothing: no field of the
 * guest's passes that is not named here.
 */
#include <linux/bitfield.h>

#include "sluice_compat.h"
#include "vctrl.h"

static bool sluice_vio_in_slice(const struct sluice_vctrl *vctrl, u64 slba,
				u64 nr_blocks)
{
	return slba <= vctrl->nr_blocks && nr_blocks <= vctrl->nr_blocks - slba;
}

static bool sluice_vio_supported(const struct sluice_vctrl *vctrl, u16 oncs)
{
	return le16_to_cpu(vctrl->ctrl->id->oncs) & oncs;
}

/* FUA, LR and, for Write Zeroes, DEAC: all that may pass of dword 12 */
static u32 sluice_vio_rw_flags(const struct sluice_vctrl *vctrl, u8 opcode,
			       u32 cdw12)
{
	u32 flags = cdw12 & (NVME_RW_FUA | NVME_RW_LR);

	if (opcode == NVME_IO_WRITE_ZEROES)
		flags |= cdw12 & NVME_RW_DEAC;

	/*
	 * The drive has one cache for all. A guest that turned its own off
	 * gets what it asked for write by write.
	 */
	if (!(READ_ONCE(vctrl->feat.write_cache) & 1) &&
	    (opcode == NVME_IO_WRITE || opcode == NVME_IO_WRITE_ZEROES))
		flags |= NVME_RW_FUA;
	return flags;
}

/* Range, flags and statistics that Read, Write and their kin share */
static u16 sluice_vio_range(struct sluice_vctrl *vctrl,
			    struct sluice_vslot *slot,
			    const struct nvme_cmd *in, struct nvme_cmd *out)
{
	u32 cdw12 = le32_to_cpu(in->cdw12);
	u32 nr_blocks = FIELD_GET(NVME_RW_NLB, cdw12) + 1;
	u64 slba = sluice_nvme_slba(in);

	slot->slba = slba;
	slot->nr_blocks = nr_blocks;
	if (!sluice_vio_in_slice(vctrl, slba, nr_blocks))
		return NVME_SC_LBA_RANGE | NVME_SC_DNR;

	slba += vctrl->start;
	out->cdw10 = cpu_to_le32(lower_32_bits(slba));
	out->cdw11 = cpu_to_le32(upper_32_bits(slba));
	out->cdw12 = cpu_to_le32((nr_blocks - 1) |
				 sluice_vio_rw_flags(vctrl, in->opcode, cdw12));
	return NVME_SC_SUCCESS;
}

static u16 sluice_vio_data(struct sluice_vctrl *vctrl,
			   struct sluice_vslot *slot,
			   const struct nvme_cmd *in, struct nvme_cmd *out)
{
	u32 nr_blocks = FIELD_GET(NVME_RW_NLB, le32_to_cpu(in->cdw12)) + 1;
	u16 status;

	if (nr_blocks > vctrl->ctrl->max_xfer >> vctrl->ns->lba_shift)
		return NVME_SC_INVALID_FIELD | NVME_SC_DNR;

	status = sluice_vio_range(vctrl, slot, in, out);
	if (status)
		return status;
	return sluice_vprp_map(vctrl, slot, le64_to_cpu(in->prp1),
			       le64_to_cpu(in->prp2),
			       nr_blocks << vctrl->ns->lba_shift,
			       in->opcode == NVME_IO_READ, out);
}

/* Dataset Management: the ranges are copied and moved into the slice */
static u16 sluice_vio_dsm(struct sluice_vctrl *vctrl, struct sluice_vslot *slot,
			  const struct nvme_cmd *in, struct nvme_cmd *out)
{
	unsigned int nr = FIELD_GET(NVME_DSM_NR, le32_to_cpu(in->cdw10)) + 1;
	struct nvme_dsm_range *ranges = (void *)slot->list;
	unsigned int i;
	u16 status;

	BUILD_BUG_ON(NVME_DSM_MAX_RANGES * sizeof(*ranges) > SLUICE_NVME_PAGE);

	status = sluice_vprp_copy(vctrl, le64_to_cpu(in->prp1),
				  le64_to_cpu(in->prp2), ranges,
				  nr * sizeof(*ranges), false);
	if (status)
		return status;

	for (i = 0; i < nr; i++) {
		u64 slba = le64_to_cpu(ranges[i].slba);

		slot->slba = slba;
		if (!sluice_vio_in_slice(vctrl, slba,
					 le32_to_cpu(ranges[i].nlb)))
			return NVME_SC_LBA_RANGE | NVME_SC_DNR;
		ranges[i].slba = cpu_to_le64(slba + vctrl->start);
		ranges[i].cattr = 0;
	}

	out->prp1 = cpu_to_le64(slot->list_dma);
	out->cdw10 = cpu_to_le32(nr - 1);
	out->cdw11 = in->cdw11 & cpu_to_le32(NVME_DSM_AD);
	return NVME_SC_SUCCESS;
}

static bool sluice_vio_nsid_valid(const struct nvme_cmd *cmd)
{
	u32 nsid = le32_to_cpu(cmd->nsid);

	/* Flush may name all namespaces [6.8] */
	return nsid == SLUICE_VCTRL_NSID ||
	       (nsid == NVME_NSID_ALL && cmd->opcode == NVME_IO_FLUSH);
}

static u16 sluice_vio_opcode(struct sluice_vctrl *vctrl,
			     struct sluice_vslot *slot,
			     const struct nvme_cmd *in, struct nvme_cmd *out)
{
	switch (in->opcode) {
	case NVME_IO_FLUSH:
		return NVME_SC_SUCCESS;
	case NVME_IO_READ:
	case NVME_IO_WRITE:
		return sluice_vio_data(vctrl, slot, in, out);
	case NVME_IO_COMPARE:
		if (!sluice_vio_supported(vctrl, NVME_ONCS_COMPARE))
			break;
		return sluice_vio_data(vctrl, slot, in, out);
	case NVME_IO_WRITE_ZEROES:
		if (!sluice_vio_supported(vctrl, NVME_ONCS_WRITE_ZEROES))
			break;
		return sluice_vio_range(vctrl, slot, in, out);
	case NVME_IO_VERIFY:
		if (!sluice_vio_supported(vctrl, NVME_ONCS_VERIFY))
			break;
		return sluice_vio_range(vctrl, slot, in, out);
	case NVME_IO_DSM:
		if (!sluice_vio_supported(vctrl, NVME_ONCS_DSM))
			break;
		return sluice_vio_dsm(vctrl, slot, in, out);
	}
	return NVME_SC_INVALID_OPCODE | NVME_SC_DNR;
}

/**
 * sluice_vio_translate() - turn a guest's command into one for the hardware
 * @vctrl: controller
 * @slot: slot of the command; its list and statistics are filled
 * @in: private copy of what the guest wrote
 * @out: receives the command, complete but for the command identifier
 *
 * Follows NVMe 1.4, sections 4.2 and 6.
 *
 * Return: %NVME_SC_SUCCESS when @out is to go to the hardware, the status to
 * complete with, or %SLUICE_SC_RETRY.
 */
u16 sluice_vio_translate(struct sluice_vctrl *vctrl, struct sluice_vslot *slot,
			 const struct nvme_cmd *in, struct nvme_cmd *out)
{
	*out = (struct nvme_cmd) {
		.opcode	= in->opcode,
		.nsid	= cpu_to_le32(vctrl->ns->nsid),
	};

	/* neither fused operations nor SGLs are offered */
	if (in->flags & (NVME_CMD_FUSE | NVME_CMD_PSDT))
		return NVME_SC_INVALID_FIELD | NVME_SC_DNR;
	if (!sluice_vio_nsid_valid(in))
		return NVME_SC_INVALID_NS | NVME_SC_DNR;
	return sluice_vio_opcode(vctrl, slot, in, out);
}

/* Stalled, so that nobody tries in a tight loop meanwhile */
static void sluice_vsq_retry_later(struct sluice_vsq *vsq)
{
	WRITE_ONCE(vsq->stalled, true);
	sluice_vctrl_retry_later(vsq->vctrl);
}

/* False when the drive is being reset and the command has to wait for that */
static bool sluice_vio_to_hardware(struct sluice_vsq *vsq,
				   struct sluice_vslot *slot,
				   struct nvme_cmd *cmd)
{
	cmd->cid = cpu_to_le16(slot - vsq->slots);

	guard(spinlock)(&vsq->hw_lock);
	if (test_bit(SLUICE_STOP_PARENT, &vsq->vctrl->stop))
		return false;
	WRITE_ONCE(slot->state, SLUICE_VSLOT_HARDWARE);
	WRITE_ONCE(vsq->submitted, vsq->submitted + 1);
	sluice_nvme_sq_push(&vsq->hw, cmd);
	return true;
}

/* After a reset of the drive in between there is nothing to be told of */
static void sluice_vio_ring(struct sluice_vsq *vsq)
{
	guard(spinlock)(&vsq->hw_lock);
	if (!test_bit(SLUICE_STOP_PARENT, &vsq->vctrl->stop))
		sluice_nvme_sq_ring(&vsq->hw);
}

/* Take one command; false when fetching has to stop for now */
static bool sluice_vio_fetch(struct sluice_vsq *vsq, bool *pushed)
{
	const struct nvme_cmd *ring = vsq->ring.va;
	struct sluice_vslot *slot;
	struct nvme_cmd in, out;
	u16 status;

	slot = sluice_vsq_get_slot(vsq);
	if (!slot)
		return false;

	/* the only look at the entry: whatever the guest changes later is late */
	in = ring[vsq->head];
	barrier();
	slot->cid = le16_to_cpu(in.cid);
	slot->opcode = in.opcode;
	slot->nr_blocks = 0;
	slot->slba = 0;

	status = sluice_vio_translate(vsq->vctrl, slot, &in, &out);
	if (status == SLUICE_SC_RETRY) {
		sluice_vsq_put_slot(slot);
		sluice_vsq_retry_later(vsq);
		return false;
	}

	if (!status && !sluice_vio_to_hardware(vsq, slot, &out)) {
		sluice_vsq_put_slot(slot);
		return false;
	}
	WRITE_ONCE(vsq->head, vsq->head + 1 == vsq->size ? 0 : vsq->head + 1);
	if (status)
		sluice_vcq_post(slot, status, 0);
	else
		*pushed = true;
	return true;
}

/* A tail that the guest may have; @head itself when it wrote nonsense */
static u32 sluice_vio_tail(struct sluice_vsq *vsq)
{
	u32 tail = sluice_vctrl_sq_doorbell(vsq->vctrl, vsq->id);

	if (likely(tail < vsq->size))
		return tail;
	sluice_vadmin_event(vsq->vctrl, SLUICE_EVENT_DOORBELL_VALUE);
	return vsq->head;
}

/* Both rings mapped: a command that fails here completes here */
static bool sluice_vio_ready(struct sluice_vsq *vsq)
{
	lockdep_assert_held(&vsq->lock);

	if (!vsq->live || READ_ONCE(vsq->vctrl->stop))
		return false;
	if (likely(vsq->ring.va && READ_ONCE(vsq->vcq->ring.va)))
		return true;
	/* memory that nobody needs now may be away for any time */
	if (vsq->head == sluice_vio_tail(vsq) &&
	    list_empty_careful(&vsq->vcq->waiting))
		return false;
	if (sluice_vsq_map_rings(vsq))
		return true;
	WRITE_ONCE(vsq->stalled, true);
	return false;
}

/* At most one queue's worth, so that a caller is never kept for ever */
static void sluice_vio_service_locked(struct sluice_vsq *vsq)
{
	unsigned int budget = vsq->size;
	bool pushed = false;

	while (budget-- && !READ_ONCE(vsq->vctrl->stop) &&
	       vsq->head != sluice_vio_tail(vsq)) {
		if (!sluice_vio_fetch(vsq, &pushed))
			break;
	}

	if (pushed)
		sluice_vio_ring(vsq);
}

unsigned int sluice_vio_poll(struct sluice_vsq *vsq, unsigned int budget)
{
	u32 head = vsq->head;

	sluice_vio_service(vsq);
	return head != vsq->head;
}

static bool sluice_vio_more(const struct sluice_vsq *vsq)
{
	u32 tail;

	if (!READ_ONCE(vsq->live) || READ_ONCE(vsq->stalled) ||
	    READ_ONCE(vsq->vctrl->stop))
		return false;
	tail = sluice_vctrl_sq_doorbell(vsq->vctrl, vsq->id);
	return tail < READ_ONCE(vsq->size) && tail != READ_ONCE(vsq->head);
}

/**
 * sluice_vio_service() - fetch what a guest has submitted
 * @vsq: submission queue, live or not
 *
 * May sleep for memory that is touched for the first time, never for the
 * device. Whoever finds the queue being served leaves: who serves it looks at
 * the doorbell once more after letting go.
 */
void sluice_vio_service(struct sluice_vsq *vsq)
{
	/* the doorbell is written before we find out that we may leave it */
	smp_mb();
	if (!mutex_trylock(&vsq->lock))
		return;
	if (sluice_vio_ready(vsq))
		sluice_vio_service_locked(vsq);
	mutex_unlock(&vsq->lock);

	/* pairs with the barrier above of one who found the queue locked */
	smp_mb();
	if (sluice_vio_more(vsq))
		sluice_vctrl_kick_worker(vsq->vctrl);
}
