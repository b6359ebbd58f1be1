// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: what the drive reports unasked [NVMe 1.4, 5.2]
 *
 * While the controller is live the drive has one Asynchronous Event Request. It
 * completes it to report an event, and the work that takes the event sends
 * another one. The drive reports nothing more of the same kind before the log
 * page of that kind is read. The driver reads only the one about namespaces, so a
 * drive that is too hot says so once until a guest looks at its health.
 *
 * Any number of guests may look at the drive's health, as often as they like. The
 * drive itself is asked once a second at most, unless it has reported an event.
 */
#include <linux/bitfield.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "host/host.h"

/* A drive that reports without end gets no more than ten requests a second. */
#define SLUICE_NVME_EVENT_PAUSE	(HZ / 10)

/* The drive is asked for its health when its last answer came longer ago. */
#define SLUICE_NVME_HEALTH_AGE	HZ

/**
 * sluice_nvme_event_end() - an Asynchronous Event Request has ended
 * @ctrl: controller; its admin queue is locked
 * @status: NVMe status, or a negative errno after a reset
 * @result: what the drive reports
 */
void sluice_nvme_event_end(struct sluice_nvme_ctrl *ctrl, int status, u32 result)
{
	struct sluice_nvme_host *host = ctrl->host;

	lockdep_assert_held(&host->adminq.cq.lock);
	host->listening = false;
	/* Stopped, or it takes no such request: not again before a reset. */
	if (status)
		return;
	host->event = result;
	/* What reports nothing is not taken: the next request needs a pause as well. */
	queue_delayed_work(sluice_nvme_wq, &host->events,
			   result ? 0 : SLUICE_NVME_EVENT_PAUSE);
}

/*
 * A reset may end while this waits for the drive, or before it goes on: then the
 * drive is to be told again. So the flag is not touched after the command.
 */
static void sluice_nvme_events_set_up(struct sluice_nvme_ctrl *ctrl)
{
	u32 want = NVME_EVENT_WANT_HEALTH |
		   (le32_to_cpu(ctrl->id->oaes) & NVME_EVENT_WANT_NS);
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw10 = cpu_to_le32(NVME_FEAT_ASYNC_EVENT),
		.cdw11 = cpu_to_le32(want),
	};
	int ret;

	if (xchg(&ctrl->host->events_set_up, true))
		return;
	ret = sluice_nvme_admin(ctrl, &cmd, NULL, 0, NULL);
	if (ret > 0)
		dev_warn(&ctrl->pdev->dev, "the drive does not report events: status %#x\n",
			 ret);
}

static void sluice_nvme_events_listen(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_host *host = ctrl->host;
	bool again;
	int ret;

	sluice_nvme_events_set_up(ctrl);
	spin_lock_irq(&host->adminq.cq.lock);
	again = !host->listening;
	host->listening = true;
	spin_unlock_irq(&host->adminq.cq.lock);
	if (!again)
		return;
	ret = sluice_nvme_admin_listen(ctrl);
	if (!ret)
		return;
	spin_lock_irq(&host->adminq.cq.lock);
	host->listening = false;
	spin_unlock_irq(&host->adminq.cq.lock);
	/* for anything else there is a reset, and the work afterwards */
	if (ret == -EAGAIN)
		queue_delayed_work(sluice_nvme_wq, &host->events,
				   SLUICE_NVME_EVENT_PAUSE);
}

/*
 * Which ones the list names does not matter: it may be too short for all. False if
 * there was no memory: the drive reports no other change before the list is read.
 */
static bool sluice_nvme_event_namespaces(struct sluice_nvme_ctrl *ctrl)
{
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_GET_LOG_PAGE,
		.nsid = cpu_to_le32(NVME_NSID_ALL),
		.cdw10 = cpu_to_le32((SLUICE_NVME_ADMIN_DATA / 4 - 1) << 16 |
				     NVME_LOG_CHANGED_NS),
	};
	void *list = kmalloc(SLUICE_NVME_ADMIN_DATA, GFP_KERNEL);

	if (!list)
		return false;
	/* First: a change after this is another event. */
	sluice_nvme_admin(ctrl, &cmd, list, SLUICE_NVME_ADMIN_DATA, NULL);
	kfree(list);
	guard(mutex)(&ctrl->reset_lock);
	return !sluice_nvme_live(ctrl) ||
	       sluice_nvme_ns_check_all(ctrl) != -ENOMEM;
}

static const char *sluice_nvme_event_health(u8 info)
{
	static const char * const texts[] = {
		"it has become unreliable",
		"its temperature is beyond a threshold",
		"its spare blocks are below the threshold",
	};

	return info < ARRAY_SIZE(texts) ? texts[info] : "its health has changed";
}

/* False when it has to be taken again */
static bool sluice_nvme_event_take(struct sluice_nvme_ctrl *ctrl, u32 event)
{
	u8 info = FIELD_GET(NVME_EVENT_INFO, event);
	struct device *dev = &ctrl->pdev->dev;

	WRITE_ONCE(ctrl->host->health.fresh, false);
	switch (FIELD_GET(NVME_EVENT_TYPE, event)) {
	case NVME_EVENT_ERROR:
		dev_warn_ratelimited(dev, "the drive reports an error: event %#x\n",
				     event);
		break;
	case NVME_EVENT_HEALTH:
		dev_warn_ratelimited(dev, "the drive reports: %s\n",
				     sluice_nvme_event_health(info));
		break;
	case NVME_EVENT_NOTICE:
		if (info == NVME_EVENT_NS_CHANGED)
			return sluice_nvme_event_namespaces(ctrl);
		break;
	}
	return true;
}

/**
 * sluice_nvme_health_work() - ask the drive for its health
 * @work: of &sluice_nvme_health.work
 *
 * An error counts as an answer: who asks is told, and not that it has to wait.
 */
void sluice_nvme_health_work(struct work_struct *work)
{
	struct sluice_nvme_health *health =
		container_of(work, struct sluice_nvme_health, work);
	struct sluice_nvme_host *host =
		container_of(health, struct sluice_nvme_host, health);
	struct nvme_cmd cmd = {
		.opcode	= NVME_ADMIN_GET_LOG_PAGE,
		.nsid	= cpu_to_le32(NVME_NSID_ALL),
		.cdw10	= cpu_to_le32((sizeof(health->log) / 4 - 1) << 16 |
				      NVME_LOG_SMART),
	};

	guard(mutex)(&health->lock);
	/* first: an event may come while the drive answers */
	WRITE_ONCE(health->fresh, true);
	health->status = sluice_nvme_admin(host->adminq.cq.ctrl, &cmd,
					   &health->log, sizeof(health->log),
					   NULL);
	health->at = jiffies;
}

/**
 * sluice_nvme_health() - the drive's health, as of the last second
 * @ctrl: controller
 * @log: receives the log page SMART / Health Information
 *
 * Does not wait for the drive: the caller may have a lock that the VMM waits for.
 *
 * Return: 0; -EAGAIN while the drive is being asked; or see sluice_nvme_admin().
 */
int sluice_nvme_health(struct sluice_nvme_ctrl *ctrl, struct nvme_smart_log *log)
{
	struct sluice_nvme_health *health = &ctrl->host->health;
	int ret = -EAGAIN;

	if (!mutex_trylock(&health->lock))
		return -EAGAIN;
	if (READ_ONCE(health->fresh) &&
	    time_before(jiffies, health->at + SLUICE_NVME_HEALTH_AGE))
		ret = health->status;
	else
		queue_work(sluice_nvme_wq, &health->work);
	if (!ret)
		*log = health->log;
	mutex_unlock(&health->lock);
	return ret;
}

/**
 * sluice_nvme_events_start() - listen to the drive
 * @ctrl: controller that has just become live
 *
 * Any context.
 */
void sluice_nvme_events_start(struct sluice_nvme_ctrl *ctrl)
{
	WRITE_ONCE(ctrl->host->events_set_up, false);
	WRITE_ONCE(ctrl->host->health.fresh, false);
	queue_delayed_work(sluice_nvme_wq, &ctrl->host->events, 0);
}

/**
 * sluice_nvme_events_work() - take an event, or send the next request
 * @work: of &sluice_nvme_host.events
 *
 * Also runs when a namespace has gone offline, for what may wait for its users.
 */
void sluice_nvme_events_work(struct work_struct *work)
{
	struct sluice_nvme_host *host =
		container_of(to_delayed_work(work), struct sluice_nvme_host,
			     events);
	struct sluice_nvme_ctrl *ctrl = host->adminq.cq.ctrl;
	u32 event;

	spin_lock_irq(&host->adminq.cq.lock);
	event = host->event;
	host->event = 0;
	spin_unlock_irq(&host->adminq.cq.lock);

	/* nothing else is reported meanwhile: the drive has no request */
	if (event && !sluice_nvme_event_take(ctrl, event))
		WRITE_ONCE(host->event, event);
	if (event)
		queue_delayed_work(sluice_nvme_wq, &host->events,
				   SLUICE_NVME_EVENT_PAUSE);
	else if (sluice_nvme_live(ctrl))
		sluice_nvme_events_listen(ctrl);
	sluice_disks_dead(ctrl);
}
