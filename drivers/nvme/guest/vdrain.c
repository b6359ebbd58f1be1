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
 *		for ever while it completes none of this slice
 *	evict	have the drive delete the slice's own submission queues. The
 *		commands in them complete so that the guest tries them again
 *	fence	the slice submits nothing until its queues exist again. The
 *		worker creates them; if the drive refuses that, the slice
 *		reports a fatal status
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
/* It does, but none of this slice */
unsigned int sluice_vdrain_slow_ms = 60000;

/* How often to look */
#define SLUICE_VDRAIN_LOOK	(HZ / 50)

/**
 * struct sluice_vpatience - a wait for the drive
 * @completed: commands of the slice that were complete when it was looked last
 * @own: when one of these was, or when the wait began
 */
struct sluice_vpatience {
	unsigned long completed;
	unsigned long own;
};

static unsigned long sluice_vdrain_completed(const struct sluice_vctrl *vctrl)
{
	unsigned long completed = 0;
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++)
		completed += READ_ONCE(vctrl->sqs[i].completed);
	return completed;
}

static bool sluice_vdrain_within(unsigned long since, unsigned int ms)
{
	return time_before(jiffies, since + msecs_to_jiffies(ms));
}

static bool sluice_vdrain_patient(struct sluice_vctrl *vctrl,
				  struct sluice_vpatience *patience)
{
	unsigned long completed = sluice_vdrain_completed(vctrl);
	unsigned long last = sluice_nvme_progress(vctrl->ctrl);

	if (completed != patience->completed) {
		patience->completed = completed;
		patience->own = jiffies;
	}
	if (time_before(last, patience->own))
		last = patience->own;
	return sluice_vdrain_within(last, sluice_vdrain_silent_ms) &&
	       sluice_vdrain_within(patience->own, sluice_vdrain_slow_ms);
}

/*
 * While the poller attends to the slice the drive's interrupts are masked. If
 * the poller is busy elsewhere, or has just stopped, nobody would take
 * completions, and the wait for them would be in vain.
 */
static void sluice_vdrain_look(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++)
		sluice_nvme_cq_poll(&vctrl->cqs[i].hw, UINT_MAX);
}

/*
 * True when no command is in flight. The counters are read one after the other
 * without a lock, so a wake-up can be missed. The time-out makes up for that.
 */
static bool sluice_vdrain_wait(struct sluice_vctrl *vctrl)
{
	if (wait_event_timeout(vctrl->drained, sluice_vctrl_drained(vctrl),
			       SLUICE_VDRAIN_LOOK))
		return true;
	sluice_vdrain_look(vctrl);
	return sluice_vctrl_drained(vctrl);
}

/**
 * sluice_vdrain() - wait until no command of a controller is in flight
 * @vctrl: stopped controller
 *
 * Process context, without a lock of the controller. The wait has a limit: the
 * drive deletes the queues, or is reset.
 */
void sluice_vdrain(struct sluice_vctrl *vctrl)
{
	struct sluice_vpatience patience = {
		.completed = sluice_vdrain_completed(vctrl),
		.own = jiffies,
	};
	bool evict = false;

	while (!sluice_vdrain_wait(vctrl)) {
		if (!evict && sluice_vdrain_patient(vctrl, &patience))
			continue;
		if (!evict)
			dev_warn(vctrl->sdev->dev,
				 "the drive does not complete the slice's commands, deleting its queues\n");
		evict = true;
		guard(mutex)(&vctrl->admin_lock);
		sluice_vqueues_evict(vctrl);
	}
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
	       !sluice_vdrain_wait(vctrl))
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
