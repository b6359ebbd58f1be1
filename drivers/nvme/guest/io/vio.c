// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: commands of a guest's I/O queues
 *
 * A guest can change an entry of its queue at any time. So each entry is copied
 * out of guest memory once, and only the copy is checked and used. The command
 * for the drive starts as zeroes, and this file copies single fields to it: a
 * field that it does not know never reaches the drive.
 */
#include <linux/bitfield.h>
#include <linux/indirect_call_wrapper.h>
#include <linux/minmax.h>

#include "sluice_compat.h"
#include "guest/io/vcost.h"
#include "guest/vctrl.h"

/*
 * What the commands may cost that the drive is told of with one doorbell. The
 * last one may exceed it. A spinlock is held meanwhile.
 */
#define SLUICE_VIO_BATCH	64u

/*
 * The first block has to be in the slice even if there are none to come: behind
 * the last block of the slice is the first one of another tenant.
 */
static bool sluice_vio_in_slice(const struct sluice_vctrl *vctrl, u64 slba,
				u64 nr_blocks)
{
	return slba < vctrl->nr_blocks && nr_blocks <= vctrl->nr_blocks - slba;
}

/* The flags of dword 12 that the drive gets: FUA, LR, DEAC of Write Zeroes */
static u32 sluice_vio_rw_flags(const struct sluice_vctrl *vctrl, u8 opcode,
			       u32 cdw12)
{
	u32 flags = cdw12 & (NVME_RW_FUA | NVME_RW_LR);

	if (opcode == NVME_IO_WRITE_ZEROES)
		flags |= cdw12 & NVME_RW_DEAC;

	/*
	 * All slices share the drive's volatile cache, so one guest must not
	 * turn it off. A guest that asks for that has each of its writes bypass
	 * it.
	 */
	if (!(READ_ONCE(vctrl->feat.write_cache) & 1) &&
	    (opcode == NVME_IO_WRITE || opcode == NVME_IO_WRITE_ZEROES))
		flags |= NVME_RW_FUA;
	return flags;
}

/* Checks and moves the range of blocks; for all commands that have one */
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

	if (nr_blocks > vctrl->ns->limits.max_xfer >> vctrl->ns->lba_shift)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);

	status = sluice_vio_range(vctrl, slot, in, out);
	if (status)
		return status;
	return sluice_vprp_map(slot, le64_to_cpu(in->prp1),
			       le64_to_cpu(in->prp2),
			       nr_blocks << vctrl->ns->lba_shift,
			       in->opcode == NVME_IO_READ, out);
}

/*
 * Count a command that is long by nature, unless the slice has enough in flight.
 * The command's own cost does not matter: a large one would have to wait for as
 * long as other queues of the guest go on with small ones.
 */
static bool sluice_vio_try_long(struct sluice_vctrl *vctrl, int cost)
{
	int old = atomic_read(&vctrl->long_cost);

	do {
		if (old >= SLUICE_VCOST_LONG)
			return false;
	} while (!atomic_try_cmpxchg(&vctrl->long_cost, &old, old + cost));
	return true;
}

/*
 * May the drive have a command that is long by nature? If not, the worker is kicked
 * when the drive has completed one that it has. Until then the command stays in
 * the guest's queue.
 */
static sluice_vstatus_t sluice_vio_begin_long(struct sluice_vslot *slot,
					      unsigned int cost)
{
	struct sluice_vsq *vsq = slot->vsq;

	slot->cost = cost;
	if (sluice_vio_try_long(vsq->vctrl, cost))
		return SLUICE_VSTATUS_OK;
	WRITE_ONCE(vsq->stalled, true);
	/* pairs with the barrier in sluice_vio_end_long() */
	smp_mb();
	if (!sluice_vio_try_long(vsq->vctrl, cost))
		return SLUICE_VSTATUS_WAIT;
	WRITE_ONCE(vsq->stalled, false);
	return SLUICE_VSTATUS_OK;
}

/**
 * sluice_vio_end_long() - the drive no longer has a command that is long by nature
 * @slot: its slot
 *
 * Any queue of the slice may wait for that. Any context.
 */
void sluice_vio_end_long(const struct sluice_vslot *slot)
{
	struct sluice_vctrl *vctrl = slot->vsq->vctrl;
	unsigned int i;

	/* a full barrier, before the look whether a queue waits */
	atomic_sub_return(slot->cost, &vctrl->long_cost);
	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		if (!READ_ONCE(vctrl->sqs[i].stalled))
			continue;
		sluice_vctrl_kick_worker(vctrl);
		return;
	}
}

/* A command that names blocks and has no data, with at most so many blocks */
static sluice_vstatus_t sluice_vio_blocks(struct sluice_vctrl *vctrl,
					  struct sluice_vslot *slot,
					  const struct nvme_cmd *in,
					  struct nvme_cmd *out, u32 most)
{
	u64 nr_blocks = FIELD_GET(NVME_RW_NLB, le32_to_cpu(in->cdw12)) + 1;
	unsigned int shift = vctrl->ns->lba_shift;
	sluice_vstatus_t status;

	if (nr_blocks > most)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	status = sluice_vio_range(vctrl, slot, in, out);
	if (status)
		return status;
	return sluice_vio_begin_long(slot,
				     sluice_vcost_blocks(nr_blocks << shift));
}

static sluice_vstatus_t sluice_vio_write_zeroes(struct sluice_vctrl *vctrl,
						struct sluice_vslot *slot,
						const struct nvme_cmd *in,
						struct nvme_cmd *out)
{
	return sluice_vio_blocks(vctrl, slot, in, out,
				 vctrl->ns->limits.write_zeroes);
}

static sluice_vstatus_t sluice_vio_verify(struct sluice_vctrl *vctrl,
					  struct sluice_vslot *slot,
					  const struct nvme_cmd *in,
					  struct nvme_cmd *out)
{
	return sluice_vio_blocks(vctrl, slot, in, out,
				 vctrl->ns->limits.verify);
}

/*
 * Leave out what is beyond the drive's limits. Ranges are advice, of which a
 * drive heeds no more, and guests before NVMe 2.0 do not know the limits.
 */
static unsigned int sluice_vio_dsm_trim(const struct sluice_nvme_limits *l,
					struct nvme_dsm_range *ranges,
					unsigned int nr)
{
	u64 left = l->dsm_blocks;
	unsigned int i;
	u32 nlb;

	nr = min(nr, l->dsm_ranges);
	for (i = 0; i < nr; i++) {
		nlb = min(le32_to_cpu(ranges[i].nlb), l->dsm_range);
		nlb = min_t(u64, nlb, left);
		ranges[i].nlb = cpu_to_le32(nlb);
		left -= nlb;
	}
	return nr;
}

/* Dataset Management: each range is copied, checked and moved into the slice */
static sluice_vstatus_t sluice_vio_dsm(struct sluice_vctrl *vctrl,
				       struct sluice_vslot *slot,
				       const struct nvme_cmd *in,
				       struct nvme_cmd *out)
{
	unsigned int nr = FIELD_GET(NVME_DSM_NR, le32_to_cpu(in->cdw10)) + 1;
	struct nvme_dsm_range *ranges = (void *)slot->list;
	unsigned int i, shift = vctrl->ns->lba_shift;
	u64 slba, nr_blocks = 0;
	sluice_vstatus_t status;

	BUILD_BUG_ON(NVME_DSM_MAX_RANGES * sizeof(*ranges) > SLUICE_NVME_PAGE);

	slot->nr_entries = nr;
	status = sluice_vprp_read(slot, le64_to_cpu(in->prp1),
				  le64_to_cpu(in->prp2), ranges,
				  nr * sizeof(*ranges));
	if (status)
		return status;

	for (i = 0; i < nr; i++) {
		slba = le64_to_cpu(ranges[i].slba);
		nr_blocks += le32_to_cpu(ranges[i].nlb);
		slot->slba = slba;
		if (!sluice_vio_in_slice(vctrl, slba,
					 le32_to_cpu(ranges[i].nlb)))
			return sluice_vstatus_fail(NVME_SC_LBA_RANGE);
		ranges[i].slba = cpu_to_le64(slba + vctrl->start);
		ranges[i].cattr = 0;
	}

	nr = sluice_vio_dsm_trim(&vctrl->ns->limits, ranges, nr);
	out->prp1 = cpu_to_le64(slot->list_dma);
	out->cdw10 = cpu_to_le32(nr - 1);
	out->cdw11 = in->cdw11 & cpu_to_le32(NVME_DSM_AD);
	return sluice_vio_begin_long(slot,
				     sluice_vcost_ranges(nr, nr_blocks << shift));
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
	return sluice_vio_begin_long(slot, SLUICE_VCOST_FLUSH);
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
		.translate	= sluice_vio_write_zeroes,
	},
	[NVME_IO_DSM] = {
		.effects	= NVME_EFFECT_CSUPP | NVME_EFFECT_LBCC,
		.oncs		= NVME_ONCS_DSM,
		.translate	= sluice_vio_dsm,
	},
	[NVME_IO_VERIFY] = {
		.effects	= NVME_EFFECT_CSUPP,
		.oncs		= NVME_ONCS_VERIFY,
		.translate	= sluice_vio_verify,
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
	    !(vctrl->ns->limits.oncs & command->oncs))
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
 * complete with, %SLUICE_VSTATUS_RETRY, %SLUICE_VSTATUS_MISS or
 * %SLUICE_VSTATUS_WAIT.
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
	/* no indirect call for Read and Write: with retpolines it is slow */
	return INDIRECT_CALL_1(command->translate, sluice_vio_data, vctrl, slot,
			       in, out);
}

/* The queue is stalled, or the poller would try again and again meanwhile */
static void sluice_vsq_retry_later(struct sluice_vsq *vsq)
{
	WRITE_ONCE(vsq->stalled, true);
	sluice_vctrl_retry_later(vsq->vctrl);
}

/* For a caller that must not sleep; the worker may */
static void sluice_vsq_leave_to_worker(struct sluice_vsq *vsq)
{
	WRITE_ONCE(vsq->stalled, true);
	sluice_vctrl_kick_worker(vsq->vctrl);
}

static void sluice_vio_pinned(struct sluice_mem_request *req);

/*
 * Have the page pinned that a command lacks. If the core has the request already, for
 * whatever page, that will go on with the queue: it clears the mark after this has set
 * it, or this sees that the core has given the request back.
 */
static void sluice_vsq_ask(struct sluice_vsq *vsq)
{
	lockdep_assert_held(&vsq->lock);

	WRITE_ONCE(vsq->stalled, true);
	/* a full barrier, which pairs with the one in sluice_vio_pinned() */
	if (xchg(&vsq->miss.asked, true))
		return;
	vsq->miss.req.done = sluice_vio_pinned;
	sluice_vctrl_mem_ask(vsq->vctrl, &vsq->miss.req);
}

/**
 * struct sluice_vio_batch - commands that were taken together
 * @cost: what it cost to translate them, and one that has to be tried again
 * @pushed: how many of them the drive was given
 * @refused: some have completed instead
 */
struct sluice_vio_batch {
	unsigned int cost;
	unsigned int pushed;
	bool refused;
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

	/* the only read of the entry: the guest may change it from now on */
	in = ring[vsq->head];
	barrier();
	slot->cid = le16_to_cpu(in.cid);
	slot->opcode = in.opcode;
	slot->nr_entries = 0;
	slot->nr_blocks = 0;
	slot->slba = 0;

	status = sluice_vio_translate(vsq->vctrl, slot, &in, out);
	batch->cost += sluice_vcost_host(slot);
	if (unlikely(!sluice_vstatus_postable(status))) {
		/* it is fetched and checked once more when it is tried again */
		sluice_vsq_put_slot(slot);
		if (status == SLUICE_VSTATUS_RETRY)
			sluice_vsq_retry_later(vsq);
		return false;
	}

	WRITE_ONCE(vsq->head, vsq->head + 1 == vsq->size ? 0 : vsq->head + 1);
	if (unlikely(status)) {
		batch->refused = true;
		sluice_vcq_post_quietly(slot, sluice_vstatus_code(status));
		return true;
	}
	out->cid = cpu_to_le16(slot - vsq->slots);
	WRITE_ONCE(slot->state, SLUICE_VSLOT_HARDWARE);
	sluice_nvme_sq_advance(&vsq->hw);
	batch->pushed++;
	return true;
}

/*
 * The guest's tail; the head, as if the queue were empty, if that is invalid. It
 * may be a shadow doorbell: under @hw_lock, or in the poller.
 */
static u32 sluice_vio_tail(struct sluice_vsq *vsq)
{
	u32 tail = sluice_vctrl_sq_doorbell(vsq->vctrl, vsq->id);

	if (likely(tail < vsq->size))
		return tail;
	sluice_vadmin_event(vsq->vctrl, SLUICE_EVENT_DOORBELL_VALUE);
	return vsq->head;
}

/* With nothing to take and nothing to give the queue needs no memory */
static bool sluice_vio_idle(struct sluice_vsq *vsq)
{
	guard(spinlock)(&vsq->hw_lock);
	return vsq->head == sluice_vio_tail(vsq) &&
	       list_empty_careful(&vsq->vcq->waiting);
}

/*
 * Can commands be taken? Then both rings are mapped. The completion queue's is
 * needed as well: a command that is refused completes at once.
 */
static bool sluice_vio_ready(struct sluice_vsq *vsq, bool may_sleep)
{
	lockdep_assert_held(&vsq->lock);

	if (!vsq->live || READ_ONCE(vsq->vctrl->stop))
		return false;
	if (likely(vsq->ring.va && READ_ONCE(vsq->vcq->ring.va)))
		return true;
	if (sluice_vio_idle(vsq))
		return false;
	if (!may_sleep) {
		sluice_vsq_leave_to_worker(vsq);
		return false;
	}
	/* first: the worker that comes to try again clears the mark */
	WRITE_ONCE(vsq->stalled, true);
	if (!sluice_vsq_map_rings(vsq))
		return false;
	WRITE_ONCE(vsq->stalled, false);
	return true;
}

/*
 * Take commands that cost up to @budget, without sleeping. A reset of the drive
 * waits for @hw_lock. So the doorbell is written under that lock: else the reset
 * could come between, and the commands in the hardware's queue would be lost.
 */
static unsigned int sluice_vio_batch(struct sluice_vsq *vsq,
				     unsigned int budget)
{
	struct sluice_vio_batch batch = {};
	u32 tail;

	vsq->miss.missing = false;
	scoped_guard(spinlock, &vsq->hw_lock) {
		/* a thread that stops the controller now waits for the lock */
		if (READ_ONCE(vsq->vctrl->stop))
			return 0;
		tail = sluice_vio_tail(vsq);
		while (batch.cost < budget && vsq->head != tail &&
		       sluice_vio_fetch(vsq, &batch))
			;
		if (batch.pushed) {
			WRITE_ONCE(vsq->submitted,
				   vsq->submitted + batch.pushed);
			sluice_nvme_sq_ring(&vsq->hw);
		}
	}
	if (unlikely(batch.refused))
		sluice_vcq_signal(vsq->vcq);
	return batch.cost;
}

/*
 * Takes about as many small commands as the queue has entries, or fewer large ones: a
 * guest that submits as fast as they are taken must not keep the calling thread.
 */
static void sluice_vio_service_locked(struct sluice_vsq *vsq)
{
	unsigned int budget = max(vsq->size, SLUICE_VIO_BATCH);
	unsigned int cost, wanted;

	while (budget) {
		wanted = min(budget, SLUICE_VIO_BATCH);
		cost = sluice_vio_batch(vsq, wanted);
		budget -= min(budget, cost);
		if (vsq->miss.missing) {
			sluice_vsq_ask(vsq);
			return;
		}
		/* the command that could not have its page may be another one now */
		sluice_vmiss_forget(&vsq->miss);
		if (cost < wanted || READ_ONCE(vsq->stalled))
			return;
		cond_resched();
	}
}

/* As sluice_vio_tail() */
static bool sluice_vio_more(const struct sluice_vsq *vsq)
{
	u32 tail;

	if (!READ_ONCE(vsq->live) || READ_ONCE(vsq->stalled) ||
	    READ_ONCE(vsq->vctrl->stop))
		return false;
	tail = sluice_vctrl_sq_doorbell(vsq->vctrl, vsq->id);
	return tail < READ_ONCE(vsq->size) && tail != READ_ONCE(vsq->head);
}

/* A thread may have found the queue's lock held, and left its commands to us */
static bool sluice_vio_left(struct sluice_vsq *vsq)
{
	guard(spinlock)(&vsq->hw_lock);
	sluice_vdbbuf_arm_sq(vsq->vctrl, vsq->id);
	/* pairs with the barrier in sluice_vio_service(), in that thread */
	smp_mb();
	return sluice_vio_more(vsq);
}

/**
 * sluice_vio_look_again() - see whether somebody has left commands to this thread
 * @vsq: submission queue, live or not, whose lock the caller has released
 *
 * For everybody who takes the lock where the queue is being served: who finds it
 * held leaves the commands to its holder.
 */
void sluice_vio_look_again(struct sluice_vsq *vsq)
{
	if (sluice_vio_left(vsq))
		sluice_vctrl_kick_worker(vsq->vctrl);
}

static void sluice_vio_serve(struct sluice_vsq *vsq, bool may_sleep)
{
	/* the guest's write to the doorbell comes before the lock is tried */
	smp_mb();
	if (!mutex_trylock(&vsq->lock))
		return;
	if (sluice_vio_ready(vsq, may_sleep))
		sluice_vio_service_locked(vsq);
	mutex_unlock(&vsq->lock);

	sluice_vio_look_again(vsq);
}

/**
 * sluice_vio_service() - fetch what a guest has submitted
 * @vsq: submission queue, live or not
 *
 * May sleep for the memory of the guest's rings; never waits for the drive, nor for
 * the memory of a command. If another thread is serving the queue this one returns at
 * once: the other thread looks at the doorbell once more when it has released the
 * lock.
 */
void sluice_vio_service(struct sluice_vsq *vsq)
{
	sluice_vio_serve(vsq, true);
}

/*
 * A page that a command lacked is there, or cannot be had: go on. The core's thread
 * that pins calls this; the next page, too, is asked for without anybody waiting.
 */
static void sluice_vio_pinned(struct sluice_mem_request *req)
{
	struct sluice_vsq *vsq = container_of(req, struct sluice_vsq, miss.req);

	/* pairs with sluice_vprp_miss(): who sees this sees the answer */
	smp_store_release(&vsq->miss.asked, false);
	/* pairs with sluice_vsq_ask() */
	smp_mb();
	WRITE_ONCE(vsq->stalled, false);
	sluice_vio_serve(vsq, false);
}

/**
 * sluice_vio_poll() - fetch what a guest has submitted, without sleeping
 * @vsq: submission queue, live or not
 * @budget: what the commands to take may cost; the last one may exceed it
 *
 * What cannot be done without sleeping is left to the worker. A queue that
 * another thread is serving counts as empty, as that thread looks at the
 * doorbell once more.
 *
 * Return: what the commands cost that were taken or tried, or more than 0 if there
 * may be more to take. The caller has to come again until it is 0, as nothing else may
 * tell of these commands.
 */
unsigned int sluice_vio_poll(struct sluice_vsq *vsq, unsigned int budget)
{
	unsigned int cost = 0;

	if (READ_ONCE(vsq->stalled))
		return 0;
	/* the queue is empty most times: no lock is needed to see that */
	if (sluice_vctrl_sq_doorbell(vsq->vctrl, vsq->id) == READ_ONCE(vsq->head))
		return 0;
	if (!mutex_trylock(&vsq->lock))
		return 0;
	if (sluice_vio_ready(vsq, false)) {
		cost = sluice_vio_batch(vsq, min(budget, SLUICE_VIO_BATCH));
		if (unlikely(vsq->miss.missing))
			sluice_vsq_ask(vsq);
		else
			sluice_vmiss_forget(&vsq->miss);
	}
	mutex_unlock(&vsq->lock);
	if (cost)
		return cost;

	/* pairs with the barrier in sluice_vio_service() */
	smp_mb();
	return sluice_vio_more(vsq);
}
