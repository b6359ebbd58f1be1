// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: commands of a guest's admin queue [NVMe 1.4, 5]
 *
 * The controller's worker executes these commands, one at a time. No command of
 * a guest is passed on to the drive's admin queue, where it could change the
 * drive for all: where the drive has to be asked, a new command is made here. A
 * command that is not in the table below is refused with the status Invalid
 * Command Opcode.
 */
#include <linux/bitfield.h>
#include <linux/ktime.h>
#include <linux/minmax.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/*
 * Some commands need the drive's admin queue, the lock for its queues or other
 * things that all slices of the drive share. A guest may have as many of these
 * commands at once as it needs to set its queues up a few times, and so many a
 * second in the long run. The others wait in its queue.
 */
#define SLUICE_VADMIN_AT_ONCE	256
#define SLUICE_VADMIN_A_SECOND	100
#define SLUICE_VADMIN_PRICE	((u64)(NSEC_PER_SEC / SLUICE_VADMIN_A_SECOND))

#define SLUICE_EVENT_TYPE_ERROR	0
#define SLUICE_EVENT_INFO	GENMASK(15, 8)
#define SLUICE_EVENT_LID	GENMASK(23, 16)

/* Abort's dword 0: the command was not aborted [5.1] */
#define SLUICE_ABORT_MISSED	1

static struct sluice_vslot *sluice_vadmin_parked(struct sluice_vctrl *vctrl)
{
	struct sluice_vsq *vsq = &vctrl->sqs[0];
	unsigned int i;

	for (i = 0; i < vsq->nr_slots; i++) {
		if (vsq->slots[i].state == SLUICE_VSLOT_PARKED)
			return &vsq->slots[i];
	}
	return NULL;
}

/* Complete a waiting event request, if there is an event to report */
static void sluice_vadmin_report(struct sluice_vctrl *vctrl)
{
	struct sluice_vslot *slot;
	unsigned int event;

	if (!READ_ONCE(vctrl->events) || vctrl->events_masked)
		return;
	slot = sluice_vadmin_parked(vctrl);
	if (!slot)
		return;

	event = __ffs(READ_ONCE(vctrl->events));
	clear_bit(event, &vctrl->events);
	/* silent until the guest has read the log page [5.2] */
	vctrl->events_masked = 1;
	sluice_vcq_post(slot, NVME_SC_SUCCESS,
			SLUICE_EVENT_TYPE_ERROR |
			FIELD_PREP(SLUICE_EVENT_INFO, event) |
			FIELD_PREP(SLUICE_EVENT_LID, NVME_LOG_ERROR));
}

/**
 * sluice_vadmin_event() - something happened that a guest may want to hear of
 * @vctrl: controller
 * @event: Asynchronous Event Information of an error event
 *
 * Any context.
 */
void sluice_vadmin_event(struct sluice_vctrl *vctrl, unsigned int event)
{
	if (!test_and_set_bit(event, &vctrl->events))
		sluice_vctrl_kick_worker(vctrl);
}

/**
 * sluice_vadmin_event_read() - the guest has read a log page
 * @vctrl: controller, its admin lock held
 * @lid: Log Page Identifier
 */
void sluice_vadmin_event_read(struct sluice_vctrl *vctrl, u8 lid)
{
	if (lid == NVME_LOG_ERROR)
		vctrl->events_masked = 0;
}

/**
 * sluice_vadmin_reset() - forget all events, for a Controller Reset
 * @vctrl: controller, its admin lock held
 */
void sluice_vadmin_reset(struct sluice_vctrl *vctrl)
{
	vctrl->events = 0;
	vctrl->events_masked = 0;
}

/* Asynchronous Event Request [5.2]; sluice_vadmin_fetch() parks its slot */
static sluice_vstatus_t sluice_vadmin_async_event(struct sluice_vctrl *vctrl,
						  const struct nvme_cmd *cmd,
						  u32 *result)
{
	struct sluice_vsq *vsq = &vctrl->sqs[0];
	unsigned int i, parked = 0;

	for (i = 0; i < vsq->nr_slots; i++)
		parked += vsq->slots[i].state == SLUICE_VSLOT_PARKED;
	if (parked >= SLUICE_VCTRL_AERS)
		return sluice_vstatus_fail(NVME_SC_ASYNC_LIMIT);
	return SLUICE_VSTATUS_PARKED;
}

static bool sluice_vadmin_abort_event(struct sluice_vctrl *vctrl, u16 cid)
{
	struct sluice_vsq *vsq = &vctrl->sqs[0];
	unsigned int i;

	for (i = 0; i < vsq->nr_slots; i++) {
		struct sluice_vslot *slot = &vsq->slots[i];

		if (slot->state != SLUICE_VSLOT_PARKED || slot->cid != cid)
			continue;
		sluice_vcq_post(slot, NVME_SC_ABORT_REQ, 0);
		return true;
	}
	return false;
}

/*
 * The command may complete before the drive has the abort. Then the abort finds
 * no command or, at worst, a later command with the same slot: one of the same
 * queue of the same guest.
 */
static void sluice_vadmin_abort_io(struct sluice_vsq *vsq, u16 cid)
{
	unsigned int i;

	for (i = 0; i < vsq->nr_slots; i++) {
		const struct sluice_vslot *slot = &vsq->slots[i];

		if (READ_ONCE(slot->state) != SLUICE_VSLOT_HARDWARE ||
		    READ_ONCE(slot->cid) != cid)
			continue;
		sluice_nvme_abort(&vsq->hw, i, SLUICE_VCTRL_SPARE_ABORTS);
		return;
	}
}

/*
 * Abort [5.1]. A guest aborts what a drive does not complete, and such a drive may
 * not answer to the Abort either. So nobody waits for it: the guest is told that the
 * command was not aborted, and the command may still end as aborted.
 */
static sluice_vstatus_t sluice_vadmin_abort(struct sluice_vctrl *vctrl,
					    const struct nvme_cmd *cmd,
					    u32 *result)
{
	u16 sqid = le32_to_cpu(cmd->cdw10) & 0xffff;
	u16 cid = le32_to_cpu(cmd->cdw10) >> 16;
	bool aborted = false;

	if (!sqid)
		aborted = sluice_vadmin_abort_event(vctrl, cid);
	else if (sqid <= vctrl->nr_qpairs && vctrl->sqs[sqid].live)
		sluice_vadmin_abort_io(&vctrl->sqs[sqid], cid);
	*result = aborted ? 0 : SLUICE_ABORT_MISSED;
	return SLUICE_VSTATUS_OK;
}

/**
 * struct sluice_vadmin_command - a command of the admin queue
 * @effects: its entry of the log page Commands Supported and Effects
 *	[NVMe 1.4, 5.14.1.5]; 0 for an opcode that no command has
 * @oacs: the bit of OACS that tells the guest of the command, 0 for a command
 *	that every controller has
 * @offered: the module parameter that can take the command away, or NULL
 * @metered: it needs what all slices of the drive share
 * @execute: executes the command; the admin lock is held
 */
struct sluice_vadmin_command {
	u32 effects;
	u16 oacs;
	const bool *offered;
	bool metered;
	sluice_vstatus_t (*execute)(struct sluice_vctrl *vctrl,
				    const struct nvme_cmd *cmd, u32 *result);
};

/*
 * All admin commands that a guest can have. There is an entry for each value of
 * an opcode, so that a guest's opcode needs no check to be an index.
 */
static const struct sluice_vadmin_command sluice_vadmin_commands[U8_MAX + 1] = {
	[NVME_ADMIN_DELETE_SQ] = {
		.effects	= NVME_EFFECT_CSUPP,
		.metered	= true,
		.execute	= sluice_vsq_delete,
	},
	[NVME_ADMIN_CREATE_SQ] = {
		.effects	= NVME_EFFECT_CSUPP,
		.metered	= true,
		.execute	= sluice_vsq_create,
	},
	[NVME_ADMIN_GET_LOG_PAGE] = {
		.effects	= NVME_EFFECT_CSUPP,
		.execute	= sluice_vlog_get,
	},
	[NVME_ADMIN_DELETE_CQ] = {
		.effects	= NVME_EFFECT_CSUPP,
		.metered	= true,
		.execute	= sluice_vcq_delete,
	},
	[NVME_ADMIN_CREATE_CQ] = {
		.effects	= NVME_EFFECT_CSUPP,
		.metered	= true,
		.execute	= sluice_vcq_create,
	},
	[NVME_ADMIN_IDENTIFY] = {
		.effects	= NVME_EFFECT_CSUPP,
		.execute	= sluice_videntify,
	},
	[NVME_ADMIN_ABORT] = {
		.effects	= NVME_EFFECT_CSUPP,
		.metered	= true,
		.execute	= sluice_vadmin_abort,
	},
	[NVME_ADMIN_SET_FEATURES] = {
		.effects	= NVME_EFFECT_CSUPP,
		.execute	= sluice_vfeat_set,
	},
	[NVME_ADMIN_GET_FEATURES] = {
		.effects	= NVME_EFFECT_CSUPP,
		.execute	= sluice_vfeat_get,
	},
	[NVME_ADMIN_ASYNC_EVENT] = {
		.effects	= NVME_EFFECT_CSUPP,
		.execute	= sluice_vadmin_async_event,
	},
	[NVME_ADMIN_DBBUF] = {
		.effects	= NVME_EFFECT_CSUPP,
		.oacs		= NVME_OACS_DBBUF,
		.offered	= &sluice_vdbbuf_offered,
		.metered	= true,
		.execute	= sluice_vdbbuf_config,
	},
};

/* The command that an opcode stands for; NULL when the guest has none such */
static const struct sluice_vadmin_command *
sluice_vadmin_command(u8 opcode)
{
	const struct sluice_vadmin_command *command;

	command = &sluice_vadmin_commands[opcode];
	if (!command->effects)
		return NULL;
	if (command->offered && !READ_ONCE(*command->offered))
		return NULL;
	return command;
}

/**
 * sluice_vadmin_effects() - what an admin command does, for the effects log
 * @opcode: opcode
 *
 * Return: the entry of the log; 0 for a command that guests do not have.
 */
u32 sluice_vadmin_effects(u8 opcode)
{
	const struct sluice_vadmin_command *command;

	command = sluice_vadmin_command(opcode);
	return command ? command->effects : 0;
}

/**
 * sluice_vadmin_oacs() - the optional admin commands that guests have
 *
 * Return: bits of OACS [NVMe 1.4, figure 247].
 */
u16 sluice_vadmin_oacs(void)
{
	const struct sluice_vadmin_command *command;
	unsigned int opcode;
	u16 oacs = 0;

	for (opcode = 0; opcode < ARRAY_SIZE(sluice_vadmin_commands); opcode++) {
		command = sluice_vadmin_command(opcode);
		if (command)
			oacs |= command->oacs;
	}
	return oacs;
}

/* KUnit tests have their own time. */
static u64 sluice_vadmin_clock(void)
{
	KUNIT_STATIC_STUB_REDIRECT(ktime_get);
	return ktime_get_ns();
}

/**
 * sluice_vadmin_pay() - count a command that needed what all slices share
 * @vctrl: controller of the guest whose it was, its admin lock held
 */
void sluice_vadmin_pay(struct sluice_vctrl *vctrl)
{
	lockdep_assert_held(&vctrl->admin_lock);
	vctrl->metered = max(vctrl->metered, sluice_vadmin_clock()) +
			 SLUICE_VADMIN_PRICE;
}

/*
 * Execute a command that is metered, or have it tried again when the guest may have
 * it. It is paid for afterwards: not as long as it has to be tried again, and not
 * if it was refused by a check, for neither has had what is shared. A guest that
 * does not wait for the queue it creates pays for it when the queue is given up.
 */
static sluice_vstatus_t
sluice_vadmin_meter(struct sluice_vctrl *vctrl,
		    const struct sluice_vadmin_command *command,
		    const struct nvme_cmd *cmd, u32 *result)
{
	const u64 most = (SLUICE_VADMIN_AT_ONCE - 1) * SLUICE_VADMIN_PRICE;
	sluice_vstatus_t status;

	lockdep_assert_held(&vctrl->admin_lock);
	if (vctrl->metered > sluice_vadmin_clock() + most)
		return SLUICE_VSTATUS_RETRY;
	status = command->execute(vctrl, cmd, result);
	if (sluice_vstatus_postable(status) &&
	    !(sluice_vstatus_code(status) & NVME_SC_DNR))
		sluice_vadmin_pay(vctrl);
	return status;
}

/**
 * sluice_vadmin_execute() - execute an admin command
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: receives dword 0 of the completion; zero before
 *
 * Return: a status, %SLUICE_VSTATUS_RETRY or %SLUICE_VSTATUS_PARKED.
 */
sluice_vstatus_t sluice_vadmin_execute(struct sluice_vctrl *vctrl,
				       const struct nvme_cmd *cmd, u32 *result)
{
	const struct sluice_vadmin_command *command;

	/* neither fused operations nor SGLs are offered */
	if (cmd->flags & (NVME_CMD_FUSE | NVME_CMD_PSDT))
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	command = sluice_vadmin_command(cmd->opcode);
	if (!command)
		return sluice_vstatus_fail(NVME_SC_INVALID_OPCODE);
	if (command->metered)
		return sluice_vadmin_meter(vctrl, command, cmd, result);
	return command->execute(vctrl, cmd, result);
}

/* Take one command; false when fetching has to stop for now */
static bool sluice_vadmin_fetch(struct sluice_vctrl *vctrl)
{
	struct sluice_vsq *vsq = &vctrl->sqs[0];
	const struct nvme_cmd *ring = vsq->ring.va;
	struct sluice_vslot *slot;
	struct nvme_cmd cmd;
	u32 result = 0;
	sluice_vstatus_t status;

	slot = sluice_vsq_get_slot(vsq);
	if (!slot)
		return false;

	/* the only read of the entry: the guest may change it from now on */
	cmd = ring[vsq->head];
	barrier();
	slot->cid = le16_to_cpu(cmd.cid);
	slot->opcode = cmd.opcode;
	slot->slba = 0;

	status = sluice_vadmin_execute(vctrl, &cmd, &result);
	if (status == SLUICE_VSTATUS_RETRY) {
		sluice_vsq_put_slot(slot);
		sluice_vctrl_retry_later(vctrl);
		return false;
	}

	WRITE_ONCE(vsq->head, vsq->head + 1 == vsq->size ? 0 : vsq->head + 1);
	/* the poller must not ignore the same value in the next lap */
	WRITE_ONCE(vctrl->admin_doorbell, SLUICE_VCTRL_NO_DOORBELL);
	if (status == SLUICE_VSTATUS_PARKED)
		slot->state = SLUICE_VSLOT_PARKED;
	else
		sluice_vcq_post(slot, sluice_vstatus_code(status), result);
	return true;
}

static bool sluice_vadmin_pending(struct sluice_vctrl *vctrl)
{
	struct sluice_vsq *vsq = &vctrl->sqs[0];
	u32 tail = sluice_vctrl_sq_doorbell(vctrl, 0);

	if (tail >= vsq->size) {
		sluice_vadmin_event(vctrl, SLUICE_EVENT_DOORBELL_VALUE);
		return false;
	}
	return tail != vsq->head;
}

/*
 * Is there a command? If not, the guest's next one is seen: the poller may put
 * the slice to sleep before the worker has taken the last one.
 */
static bool sluice_vadmin_next(struct sluice_vctrl *vctrl)
{
	if (sluice_vadmin_pending(vctrl))
		return true;
	sluice_vdbbuf_arm_sq(vctrl, 0);
	return sluice_vadmin_pending(vctrl);
}

static bool sluice_vadmin_ready(struct sluice_vctrl *vctrl)
{
	struct sluice_vsq *vsq = &vctrl->sqs[0];

	if (!vsq->live || READ_ONCE(vctrl->stop))
		return false;
	/* an idle queue does not need its memory: it may stay unmapped */
	if (!sluice_vadmin_pending(vctrl) && !READ_ONCE(vctrl->events) &&
	    list_empty_careful(&vsq->vcq->waiting))
		return false;
	return sluice_vsq_map_rings(vsq);
}

/**
 * sluice_vadmin_service() - execute what is in the admin queue
 * @vctrl: enabled controller, its admin lock held
 *
 * Takes at most as many commands as the queue has entries: a guest that submits
 * as fast as they are executed must not keep the worker from its I/O queues.
 * The worker is queued again for the rest.
 */
void sluice_vadmin_service(struct sluice_vctrl *vctrl)
{
	struct sluice_vsq *vsq = &vctrl->sqs[0];
	unsigned int budget = vsq->size;

	lockdep_assert_held(&vctrl->admin_lock);

	WRITE_ONCE(vsq->stalled, false);
	if (!sluice_vadmin_ready(vctrl))
		return;
	while (sluice_vadmin_next(vctrl) && !READ_ONCE(vctrl->stop)) {
		if (!budget--) {
			sluice_vctrl_kick_worker(vctrl);
			break;
		}
		if (!sluice_vadmin_fetch(vctrl))
			break;
		cond_resched();
	}
	sluice_vadmin_report(vctrl);
}
