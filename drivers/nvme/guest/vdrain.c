// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: getting rid of the commands that the drive has for a slice
 *
 * A drive may take long for the commands of one slice, because of the commands
 * or because of the drive. Guest memory that they use must stay pinned until the
 * drive has done with them. What is done about that must not harm the other
 * slices of the drive. So it goes step by step:
 *
 *	wait	as long as the drive completes commands, of anybody. But not
 *		for ever: the VMM stands still
 *	abort	half-way there, have a drive that works for others abort some of the
 *		commands, as many as it takes at a time
 *	evict	have the drive delete the slice's own submission queues that have
 *		such commands. These complete so that the guest tries them again
 *	fence	the slice submits nothing until its queues exist again. The
 *		worker creates them; if the drive refuses that, or does not
 *		answer twice, the slice reports a fatal status
 *	reset	of the drive, which all its users share: only the watchdog of
 *		the host side does that, when the drive does not delete the
 *		queues and does not answer to anybody else either. See
 *		sluice_nvme_adminq_overdue()
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* The drive completes commands of nobody */
unsigned int sluice_vdrain_silent_ms = 10000;
/* It does, but has not completed all that are waited for */
unsigned int sluice_vdrain_slow_ms = 60000;

/* How often to look */
#define SLUICE_VDRAIN_LOOK	(HZ / 50)

/**
 * struct sluice_vrange - a range of guest memory
 * @iova: first guest address
 * @size: bytes
 */
struct sluice_vrange {
	u64 iova;
	u64 size;
};

/* How many commands in flight use the range? */
static unsigned int sluice_vdrain_left(struct sluice_vctrl *vctrl,
				       const struct sluice_vrange *range)
{
	unsigned int i, nr = 0;

	for (i = 1; i <= vctrl->nr_qpairs; i++)
		nr += sluice_vsq_users(&vctrl->sqs[i], range->iova, range->size);
	return nr;
}

static bool sluice_vdrain_within(unsigned long since, unsigned int ms)
{
	return time_before(jiffies, since + msecs_to_jiffies(ms));
}

enum sluice_vdrain_step {
	SLUICE_VDRAIN_WAIT,
	SLUICE_VDRAIN_ABORT,
	SLUICE_VDRAIN_EVICT,
};

/* However many commands there are, the wait that began then has an end */
static enum sluice_vdrain_step sluice_vdrain_step(struct sluice_vctrl *vctrl,
						  unsigned long begin)
{
	unsigned int slow = sluice_vdrain_slow_ms;
	unsigned long last = sluice_nvme_progress(vctrl->ctrl);

	if (time_before(last, begin))
		last = begin;
	if (!sluice_vdrain_within(last, sluice_vdrain_silent_ms) ||
	    !sluice_vdrain_within(begin, slow))
		return SLUICE_VDRAIN_EVICT;
	/* one that answers nobody does not answer an Abort either */
	if (!sluice_vdrain_within(begin, slow / 2))
		return SLUICE_VDRAIN_ABORT;
	return SLUICE_VDRAIN_WAIT;
}

static void sluice_vdrain_abort(struct sluice_vctrl *vctrl,
				const struct sluice_vrange *range)
{
	unsigned int i;

	/* the queues stay what they are */
	guard(mutex)(&vctrl->admin_lock);
	for (i = 1; i <= vctrl->nr_qpairs; i++)
		sluice_vsq_abort(&vctrl->sqs[i], range->iova, range->size);
}

static void sluice_vdrain_evict(struct sluice_vctrl *vctrl,
				const struct sluice_vrange *range)
{
	guard(mutex)(&vctrl->admin_lock);
	sluice_vqueues_evict(vctrl, range->iova, range->size);
}

/**
 * sluice_vdrain_look() - take what the drive has completed
 * @vctrl: controller
 *
 * Any context. For who waits for the drive: while the poller attends to the slice
 * the drive's interrupts may be masked. If the poller is busy elsewhere, or has just
 * stopped or been frozen, nobody would take completions for some milliseconds.
 */
void sluice_vdrain_look(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++)
		sluice_nvme_cq_poll(&vctrl->cqs[i].hw, UINT_MAX);
}

/* Is no command in flight that uses the range; without one, none at all? */
static bool sluice_vdrain_done(struct sluice_vctrl *vctrl,
			       const struct sluice_vrange *range)
{
	return range ? !sluice_vdrain_left(vctrl, range) :
		       sluice_vctrl_drained(vctrl);
}

/*
 * The counters are read one after the other without a lock, so a wake-up can be
 * missed. The time-out makes up for that.
 */
static bool sluice_vdrain_wait(struct sluice_vctrl *vctrl,
			       const struct sluice_vrange *range)
{
	bool done;

	WRITE_ONCE(vctrl->draining, true);
	done = wait_event_timeout(vctrl->drained,
				  sluice_vdrain_done(vctrl, range),
				  SLUICE_VDRAIN_LOOK);
	WRITE_ONCE(vctrl->draining, false);
	if (done)
		return true;
	sluice_vdrain_look(vctrl);
	return sluice_vdrain_done(vctrl, range);
}

/**
 * sluice_vdrain() - wait until no command in flight uses a range of memory
 * @vctrl: controller that submits no further command that uses it
 * @iova: first guest address
 * @size: bytes
 *
 * Process context, without a lock of the controller. The wait has a limit: after
 * sluice_vdrain_slow_ms the drive is told to delete the queues, one after the other,
 * and is reset if it completes no command of one for twice
 * sluice_nvme_admin_timeout_ms.
 */
void sluice_vdrain(struct sluice_vctrl *vctrl, u64 iova, u64 size)
{
	const struct sluice_vrange range = { .iova = iova, .size = size };
	unsigned long begin = jiffies;
	enum sluice_vdrain_step now, step = SLUICE_VDRAIN_WAIT;

	if (!sluice_vdrain_left(vctrl, &range))
		return;
	while (!sluice_vdrain_wait(vctrl, &range)) {
		now = max(step, sluice_vdrain_step(vctrl, begin));
		if (now == SLUICE_VDRAIN_ABORT && now > step)
			sluice_vdrain_abort(vctrl, &range);
		if (now == SLUICE_VDRAIN_EVICT && now > step)
			dev_warn(vctrl->sdev->dev,
				 "the drive does not complete the slice's commands, deleting its queues\n");
		if (now == SLUICE_VDRAIN_EVICT)
			sluice_vdrain_evict(vctrl, &range);
		step = now;
	}
	/* it creates the queues again */
	if (step == SLUICE_VDRAIN_EVICT)
		sluice_vctrl_kick_worker(vctrl);
}

/**
 * sluice_vdrain_briefly() - give the commands of a controller a moment to end
 * @vctrl: controller that submits nothing more
 *
 * Process context. For a caller that must not wait for the drive: QEMU has its
 * big lock while a guest turns bus mastering off. The guest memory that the
 * commands use stays pinned.
 */
void sluice_vdrain_briefly(struct sluice_vctrl *vctrl)
{
	unsigned long begin = jiffies;

	while (sluice_vdrain_within(begin, SLUICE_VDRAIN_BRIEF_MS) &&
	       !sluice_vdrain_wait(vctrl, NULL))
		;
}

/**
 * sluice_vdrain_readmit() - create the queues again that were taken away
 * @vctrl: controller, its admin lock held
 *
 * Only the worker calls this.
 *
 * Return: true when all the controller's queues exist, false when it has to stay
 * stopped for now.
 */
bool sluice_vdrain_readmit(struct sluice_vctrl *vctrl)
{
	const unsigned long mine = BIT(SLUICE_STOP_EVICTED);
	unsigned long stop = READ_ONCE(vctrl->stop);
	sluice_vstatus_t status;

	if (likely(!(stop & mine)))
		return true;
	/* the thread that has stopped it kicks the worker when it goes on */
	if (stop & ~(mine | BIT(SLUICE_STOP_BUS_MASTER)))
		return false;
	/* the drive has refused it: now the guest has to reset the controller */
	if (READ_ONCE(vctrl->regs.csts) & NVME_CSTS_CFS)
		return false;
	status = sluice_vqueues_readmit(vctrl);
	if (status == SLUICE_VSTATUS_OK) {
		clear_bit(SLUICE_STOP_EVICTED, &vctrl->stop);
		return true;
	}
	if (status == SLUICE_VSTATUS_RETRY)
		sluice_vctrl_retry_later(vctrl);
	else
		sluice_vctrl_fatal(vctrl);
	return false;
}
