// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: commands of a guest's I/O queues
 *
 * Each entry is copied out of guest memory once; only the copy is checked and
 * used. What goes to the hardware is built from nothing: no field of the
 * guest's passes that is not named here.
 */
#include <linux/bitfield.h>
#include <linux/indirect_call_wrapper.h>
#include <linux/minmax.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* Commands that are taken with one doorbell of the hardware, at most */
#define SLUICE_VIO_BATCH	64u

/*
 * Pages that are pinned for one call, at most: enough for the largest command
 * and its list, however its memory lies.
 */
#define SLUICE_VIO_FAULTS	(2 * SLUICE_NVME_MAX_XFER / SLUICE_NVME_PAGE)

static bool sluice_vio_in_slice(const struct sluice_vctrl *vctrl, u64 slba,
				u64 nr_blocks)
{
	return slba <= vctrl->nr_blocks && nr_blocks <= vctrl->nr_blocks - slba;
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
static sluice_vstatus_t sluice_vio_range(struct sluice_vctrl *vctrl,
					 struct sluice_vslot *slot,
					 const struct nvme_cmd *in,
					 struct nvme_cmd *out)
{
	u32 cdw12 = le32_to_cpu(in->cdw12);
	u32 nr_blocks = FIELD_GET(NVME_RW_NLB, cdw12) + 1;
	u64 slba = sluice_nvme_slba(in);

	slot->slba = slba;
	slot->nr_blocks = nr_blocks;
	if (!sluice_vio_in_slice(vctrl, slba, nr_blocks))
		return sluice_vstatus_fail(NVME_SC_LBA_RANGE);

	slba += vctrl->start;
	out->cdw10 = cpu_to_le32(lower_32_bits(slba));
	out->cdw11 = cpu_to_le32(upper_32_bits(slba));
	out->cdw12 = cpu_to_le32((nr_blocks - 1) |
				 sluice_vio_rw_flags(vctrl, in->opcode, cdw12));
	return SLUICE_VSTATUS_OK;
}

static sluice_vstatus_t sluice_vio_data(struct sluice_vctrl *vctrl,
					struct sluice_vslot *slot,
					const struct nvme_cmd *in,
					struct nvme_cmd *out)
{
	u32 nr_blocks = FIELD_GET(NVME_RW_NLB, le32_to_cpu(in->cdw12)) + 1;
	sluice_vstatus_t status;

	if (nr_blocks > vctrl->ctrl->max_xfer >> vctrl->ns->lba_shift)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);

	status = sluice_vio_range(vctrl, slot, in, out);
	if (status)
		return status;
	return sluice_vprp_map(slot, le64_to_cpu(in->prp1),
			       le64_to_cpu(in->prp2),
			       nr_blocks << vctrl->ns->lba_shift,
			       in->opcode == NVME_IO_READ, out);
}

/* Dataset Management: the ranges are copied and moved into the slice */
static sluice_vstatus_t sluice_vio_dsm(struct sluice_vctrl *vctrl,
				       struct sluice_vslot *slot,
				       const struct nvme_cmd *in,
				       struct nvme_cmd *out)
{
	unsigned int nr = FIELD_GET(NVME_DSM_NR, le32_to_cpu(in->cdw10)) + 1;
	struct nvme_dsm_range *ranges = (void *)slot->list;
	unsigned int i;
	sluice_vstatus_t status;

	BUILD_BUG_ON(NVME_DSM_MAX_RANGES * sizeof(*ranges) > SLUICE_NVME_PAGE);

	status = sluice_vprp_read(slot, le64_to_cpu(in->prp1),
				  le64_to_cpu(in->prp2), ranges,
				  nr * sizeof(*ranges));
	if (status)
		return status;

	for (i = 0; i < nr; i++) {
		u64 slba = le64_to_cpu(ranges[i].slba);

		slot->slba = slba;
		if (!sluice_vio_in_slice(vctrl, slba,
					 le32_to_cpu(ranges[i].nlb)))
			return sluice_vstatus_fail(NVME_SC_LBA_RANGE);
		ranges[i].slba = cpu_to_le64(slba + vctrl->start);
		ranges[i].cattr = 0;
	}

	out->prp1 = cpu_to_le64(slot->list_dma);
	out->cdw10 = cpu_to_le32(nr - 1);
	out->cdw11 = in->cdw11 & cpu_to_le32(NVME_DSM_AD);
	return SLUICE_VSTATUS_OK;
}

static bool sluice_vio_nsid_valid(const struct nvme_cmd *cmd)
{
	u32 nsid = le32_to_cpu(cmd->nsid);

	/* Flush may name all namespaces [6.8] */
	return nsid == SLUICE_VCTRL_NSID ||
	       (nsid == NVME_NSID_ALL && cmd->opcode == NVME_IO_FLUSH);
}

static sluice_vstatus_t sluice_vio_flush(struct sluice_vctrl *vctrl,
					 struct sluice_vslot *slot,
					 const struct nvme_cmd *in,
					 struct nvme_cmd *out)
{
	/* opcode and namespace are all that a Flush has */
	return SLUICE_VSTATUS_OK;
}

/**
 * struct sluice_vio_command - a command of the I/O queues
 * @effects: its entry of the log page Commands Supported and Effects
 *	[NVMe 1.4, 5.14.1.5]; 0 for an opcode that no command has
 * @oncs: the bit of ONCS that says that a drive has the command, 0 for a
 *	command that every drive has
 * @translate: the part of sluice_vio_translate() that is its own
 */
struct sluice_vio_command {
	u32 effects;
	u16 oncs;
	sluice_vstatus_t (*translate)(struct sluice_vctrl *vctrl,
				      struct sluice_vslot *slot,
				      const struct nvme_cmd *in,
				      struct nvme_cmd *out);
};

/*
 * All commands of the drive that a guest can have. There is an entry for each
 * value of an opcode, so that a guest's opcode needs no check to be an index.
 */
static const struct sluice_vio_command sluice_vio_commands[U8_MAX + 1] = {
	[NVME_IO_FLUSH] = {
		.effects	= NVME_EFFECT_CSUPP,
		.translate	= sluice_vio_flush,
	},
	[NVME_IO_WRITE] = {
		.effects	= NVME_EFFECT_CSUPP | NVME_EFFECT_LBCC,
		.translate	= sluice_vio_data,
	},
	[NVME_IO_READ] = {
		.effects	= NVME_EFFECT_CSUPP,
		.translate	= sluice_vio_data,
	},
	[NVME_IO_COMPARE] = {
		.effects	= NVME_EFFECT_CSUPP,
		.oncs		= NVME_ONCS_COMPARE,
		.translate	= sluice_vio_data,
	},
	[NVME_IO_WRITE_ZEROES] = {
		.effects	= NVME_EFFECT_CSUPP | NVME_EFFECT_LBCC,
		.oncs		= NVME_ONCS_WRITE_ZEROES,
		.translate	= sluice_vio_range,
	},
	[NVME_IO_DSM] = {
		.effects	= NVME_EFFECT_CSUPP | NVME_EFFECT_LBCC,
		.oncs		= NVME_ONCS_DSM,
		.translate	= sluice_vio_dsm,
	},
	[NVME_IO_VERIFY] = {
		.effects	= NVME_EFFECT_CSUPP,
		.oncs		= NVME_ONCS_VERIFY,
		.translate	= sluice_vio_range,
	},
};

/* The command that an opcode stands for; NULL when the guest has none such */
static const struct sluice_vio_command *
sluice_vio_command(const struct sluice_vctrl *vctrl, u8 opcode)
{
	const struct sluice_vio_command *command = &sluice_vio_commands[opcode];

	if (unlikely(!command->effects))
		return NULL;
	if (command->oncs &&
	    !(le16_to_cpu(vctrl->ctrl->id->oncs) & command->oncs))
		return NULL;
	return command;
}

/**
 * sluice_vio_effects() - what an I/O command does, for the effects log
 * @vctrl: controller
 * @opcode: opcode
 *
 * Return: the entry of the log; 0 for a command that the guest does not have.
 */
u32 sluice_vio_effects(const struct sluice_vctrl *vctrl, u8 opcode)
{
	const struct sluice_vio_command *command;

	command = sluice_vio_command(vctrl, opcode);
	return command ? command->effects : 0;
}

/**
 * sluice_vio_oncs() - the optional I/O commands that a guest has
 * @vctrl: controller
 *
 * Return: bits of ONCS [NVMe 1.4, figure 247].
 */
u16 sluice_vio_oncs(const struct sluice_vctrl *vctrl)
{
	const struct sluice_vio_command *command;
	unsigned int opcode;
	u16 oncs = 0;

	for (opcode = 0; opcode < ARRAY_SIZE(sluice_vio_commands); opcode++) {
		command = sluice_vio_command(vctrl, opcode);
		if (command)
			oncs |= command->oncs;
	}
	return oncs;
}

/**
 * sluice_vio_translate() - turn a guest's command into one for the hardware
 * @vctrl: controller
 * @slot: slot of the command; its list and statistics are filled
 * @in: private copy of what the guest wrote
 * @out: receives the command, complete but for the command identifier
 *
 * Follows NVMe 1.4, sections 4.2 and 6. Does not sleep.
 *
 * Return: %SLUICE_VSTATUS_OK when @out is to go to the hardware, the status to
 * complete with, %SLUICE_VSTATUS_RETRY or %SLUICE_VSTATUS_MISS.
 */
sluice_vstatus_t sluice_vio_translate(struct sluice_vctrl *vctrl,
				      struct sluice_vslot *slot,
				      const struct nvme_cmd *in,
				      struct nvme_cmd *out)
{
	const struct sluice_vio_command *command;

	*out = (struct nvme_cmd) {
		.opcode	= in->opcode,
		.nsid	= cpu_to_le32(vctrl->ns->nsid),
	};

	/* neither fused operations nor SGLs are offered */
	if (in->flags & (NVME_CMD_FUSE | NVME_CMD_PSDT))
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	if (!sluice_vio_nsid_valid(in))
		return sluice_vstatus_fail(NVME_SC_INVALID_NS);
	command = sluice_vio_command(vctrl, in->opcode);
	if (!command)
		return sluice_vstatus_fail(NVME_SC_INVALID_OPCODE);
	/* Read and Write need no indirect call, which costs much with retpolines */
	return INDIRECT_CALL_1(command->translate, sluice_vio_data, vctrl, slot,
			       in, out);
}

/* Stalled, so that nobody tries in a tight loop meanwhile */
static void sluice_vsq_retry_later(struct sluice_vsq *vsq)
{
	WRITE_ONCE(vsq->stalled, true);
	sluice_vctrl_retry_later(vsq->vctrl);
}

/* For those who must not sleep: the worker may */
static void sluice_vsq_leave_to_worker(struct sluice_vsq *vsq)
{
	WRITE_ONCE(vsq->stalled, true);
	sluice_vctrl_kick_worker(vsq->vctrl);
}

/**
 * struct sluice_vio_batch - what was taken together
 * @taken: commands
 * @pushed: of these, given to the hardware
 */
struct sluice_vio_batch {
	unsigned int taken;
	unsigned int pushed;
};

/* Take one command; false when fetching has to stop for now */
static bool sluice_vio_fetch(struct sluice_vsq *vsq,
			     struct sluice_vio_batch *batch)
{
	const struct nvme_cmd *ring = vsq->ring.va;
	struct nvme_cmd *out = sluice_nvme_sq_entry(&vsq->hw);
	struct sluice_vslot *slot;
	struct nvme_cmd in;
	sluice_vstatus_t status;

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

	status = sluice_vio_translate(vsq->vctrl, slot, &in, out);
	if (unlikely(!sluice_vstatus_postable(status))) {
		/* it is fetched and checked once more when it is tried again */
		sluice_vsq_put_slot(slot);
		if (status == SLUICE_VSTATUS_RETRY)
			sluice_vsq_retry_later(vsq);
		return false;
	}

	WRITE_ONCE(vsq->head, vsq->head + 1 == vsq->size ? 0 : vsq->head + 1);
	batch->taken++;
	if (unlikely(status)) {
		sluice_vcq_post_quietly(slot, sluice_vstatus_code(status));
		return true;
	}
	out->cid = cpu_to_le16(slot - vsq->slots);
	WRITE_ONCE(slot->state, SLUICE_VSLOT_HARDWARE);
	sluice_nvme_sq_advance(&vsq->hw);
	batch->pushed++;
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
static bool sluice_vio_ready(struct sluice_vsq *vsq, bool may_sleep)
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
	if (!may_sleep) {
		sluice_vsq_leave_to_worker(vsq);
		return false;
	}
	if (sluice_vsq_map_rings(vsq))
		return true;
	WRITE_ONCE(vsq->stalled, true);
	return false;
}

/*
 * Take up to @budget commands, without sleeping. The drive may be reset at any
 * time but not while @hw_lock is held: what is built in the hardware's queue is
 * told of before it is let go.
 */
static unsigned int sluice_vio_batch(struct sluice_vsq *vsq,
				     unsigned int budget)
{
	struct sluice_vio_batch batch = {};
	u32 tail = sluice_vio_tail(vsq);

	vsq->miss.missing = false;
	scoped_guard(spinlock, &vsq->hw_lock) {
		/* for each batch, as whoever stops us waits for the lock */
		if (READ_ONCE(vsq->vctrl->stop))
			return 0;
		while (batch.taken < budget && vsq->head != tail &&
		       sluice_vio_fetch(vsq, &batch))
			;
		if (batch.pushed) {
			WRITE_ONCE(vsq->submitted,
				   vsq->submitted + batch.pushed);
			sluice_nvme_sq_ring(&vsq->hw);
		}
	}
	if (unlikely(batch.taken != batch.pushed))
		sluice_vcq_signal(vsq->vcq);
	return batch.taken;
}

/* Have the page pinned that a command missed; false to leave it for later */
static bool sluice_vio_fault(struct sluice_vsq *vsq)
{
	struct sluice_vmiss *miss = &vsq->miss;
	struct sluice_mem mem;
	int err;

	err = sluice_vctrl_mem_get(vsq->vctrl, miss->iova, miss->device_writes,
				   &mem);
	if (err == -EAGAIN) {
		sluice_vsq_retry_later(vsq);
		return false;
	}
	/* the command fails when it gets there again */
	miss->err = err;
	return true;
}

/* At most one queue's worth, so that a caller is never kept for ever */
static void sluice_vio_service_locked(struct sluice_vsq *vsq)
{
	unsigned int budget = vsq->size, faults = SLUICE_VIO_FAULTS;
	unsigned int taken, wanted;

	while (budget) {
		wanted = min(budget, SLUICE_VIO_BATCH);
		taken = sluice_vio_batch(vsq, wanted);
		vsq->miss.err = 0;
		budget -= taken;
		if (vsq->miss.missing) {
			if (!faults-- || !sluice_vio_fault(vsq))
				return;
		} else if (taken < wanted) {
			return;
		}
		cond_resched();
	}
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
	if (sluice_vio_ready(vsq, true))
		sluice_vio_service_locked(vsq);
	mutex_unlock(&vsq->lock);

	sluice_vdbbuf_arm(vsq->vctrl, 2 * vsq->id, READ_ONCE(vsq->head));
	/* pairs with the barrier above of one who found the queue locked */
	smp_mb();
	if (sluice_vio_more(vsq))
		sluice_vctrl_kick_worker(vsq->vctrl);
}

/**
 * sluice_vio_poll() - fetch what a guest has submitted, without sleeping
 * @vsq: submission queue, live or not
 * @budget: commands to take at most
 *
 * What cannot be done without sleeping is left to the worker. A queue that
 * somebody else serves at the moment counts as empty, as that one looks at the
 * doorbell once more.
 *
 * Return: commands taken, or more than 0 where there may be some to take; until
 * it is 0 nobody else may look.
 */
unsigned int sluice_vio_poll(struct sluice_vsq *vsq, unsigned int budget)
{
	unsigned int taken = 0;

	if (READ_ONCE(vsq->stalled))
		return 0;
	/* most looks find nothing, and need no lock for that */
	if (sluice_vctrl_sq_doorbell(vsq->vctrl, vsq->id) == READ_ONCE(vsq->head))
		return 0;
	if (!mutex_trylock(&vsq->lock))
		return 0;
	if (sluice_vio_ready(vsq, false)) {
		taken = sluice_vio_batch(vsq, min(budget, SLUICE_VIO_BATCH));
		if (unlikely(vsq->miss.missing))
			sluice_vsq_leave_to_worker(vsq);
	}
	mutex_unlock(&vsq->lock);
	if (taken)
		return taken;

	/* pairs with the barrier of one who found the queue locked */
	smp_mb();
	return sluice_vio_more(vsq);
}
