// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: reset of the controller, and its death
 *
 *	LIVE --stop--> RESETTING --start--> LIVE
 *	                   |
 *	                   +--start fails, or the driver is removed--> DEAD
 *
 * All steps run under &sluice_nvme_ctrl.reset_lock. After the stop the device
 * does no DMA and completes nothing: only then the driver may end the commands
 * in flight, as their owners reuse the memory at once. A dead controller is not
 * a bus master.
 */
#include <linux/delay.h>
#include <linux/sched/mm.h>
#include <trace/events/sluice_nvme.h>

#include "sluice_compat.h"
#include "host/host.h"

/* How often to look whether the controller has failed */
#define SLUICE_NVME_WATCHDOG	HZ

/* Attempts to bring a controller back: the second begins with an FLR */
#define SLUICE_NVME_ATTEMPTS	2

/* The pause when there was no memory to bring it back */
#define SLUICE_NVME_NO_MEMORY_MS	100

/**
 * sluice_nvme_set_state() - move a controller to another state
 * @ctrl: controller; its reset_lock is held
 * @state: new state
 */
void sluice_nvme_set_state(struct sluice_nvme_ctrl *ctrl,
			   enum sluice_nvme_state state)
{
	struct sluice_nvme_adminq *aq = &ctrl->host->adminq;

	lockdep_assert_held(&ctrl->reset_lock);
	/* sluice_nvme_adminq_close() looks at the state under this lock. */
	spin_lock_irq(&aq->cq.lock);
	WRITE_ONCE(ctrl->state, state);
	spin_unlock_irq(&aq->cq.lock);
}

/**
 * sluice_nvme_reset() - have the controller reset
 * @ctrl: controller
 *
 * Any context. Wakes the threads that wait for an admin command, since one of
 * them may hold the reset_lock. &sluice_nvme_ctrl.reset_work takes that lock
 * and does the rest. Does nothing unless the controller is live.
 */
void sluice_nvme_reset(struct sluice_nvme_ctrl *ctrl)
{
	if (sluice_nvme_adminq_close(ctrl, true))
		queue_work(sluice_nvme_wq, &ctrl->reset_work);
}

/* Make sure that the device does no DMA any more. */
static void sluice_nvme_stop_dma(struct sluice_nvme_ctrl *ctrl)
{
	int ret = sluice_nvme_ctrl_disable(ctrl);

	if (!ret)
		return;
	sluice_nvme_master_off(ctrl);
	if (ret != -ENODEV)
		dev_err(&ctrl->pdev->dev, "controller cannot be disabled: %pe; bus mastering has been switched off\n",
			ERR_PTR(ret));
}

/*
 * Wait for what the drive has begun: a shutdown is for a controller that has
 * nothing left to do [NVMe 1.4, 7.6.2]. A drive that does not come to an end
 * delays the host's power-off by no more than its shutdown may. Returns whether
 * the drive has answered.
 */
static bool sluice_nvme_drain(struct sluice_nvme_ctrl *ctrl)
{
	unsigned long end = jiffies +
			    msecs_to_jiffies(sluice_nvme_shutdown_ms(ctrl));

	while (sluice_disks_in_flight(ctrl) ||
	       sluice_nvme_clients_in_flight(ctrl)) {
		if (time_after(jiffies, end) || sluice_nvme_gone(ctrl)) {
			dev_warn(&ctrl->pdev->dev, "shutting down with commands in flight\n");
			return false;
		}
		usleep_range(500, 1000);
	}
	return !sluice_nvme_gone(ctrl);
}

static void sluice_nvme_shut_down(struct sluice_nvme_ctrl *ctrl)
{
	if (sluice_nvme_drain(ctrl))
		sluice_nvme_hmb_release(ctrl);
	if (sluice_nvme_ctrl_shutdown(ctrl))
		sluice_nvme_stop_dma(ctrl);
	else
		sluice_nvme_master_off(ctrl);
}

static void sluice_nvme_stop(struct sluice_nvme_ctrl *ctrl, bool shutdown)
{
	sluice_nvme_set_state(ctrl, SLUICE_NVME_RESETTING);
	sluice_nvme_adminq_close(ctrl, false);
	sluice_disks_quiesce(ctrl);
	sluice_nvme_clients_stop(ctrl);

	if (shutdown)
		sluice_nvme_shut_down(ctrl);
	else
		sluice_nvme_stop_dma(ctrl);
	sluice_nvme_cqs_disarm_all(ctrl);

	sluice_nvme_adminq_reap(ctrl);
	sluice_disks_cancel(ctrl);
	sluice_nvme_clients_fail(ctrl);
	trace_sluice_nvme_stop(ctrl->instance);
}

/* A start that failed half-way may have left the device running. */
static void sluice_nvme_stop_again(struct sluice_nvme_ctrl *ctrl)
{
	sluice_nvme_adminq_close(ctrl, false);
	sluice_nvme_stop_dma(ctrl);
	sluice_nvme_cqs_disarm_all(ctrl);
	sluice_nvme_adminq_reap(ctrl);
}

/**
 * sluice_nvme_flr() - reset the function
 * @ctrl: controller, stopped; its reset_lock is held
 */
void sluice_nvme_flr(struct sluice_nvme_ctrl *ctrl)
{
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(sluice_nvme_flr, ctrl);
	pci_save_state(ctrl->pdev);
	ret = pcie_reset_flr(ctrl->pdev, false);
	pci_restore_state(ctrl->pdev);
	dev_warn(&ctrl->pdev->dev, "function level reset: %s\n",
		 ret ? "not possible" : "done");
}

static int sluice_nvme_try_start(struct sluice_nvme_ctrl *ctrl)
{
	int ret;

	/* A no-op, unless disabling it failed or was undone. */
	ret = sluice_nvme_ctrl_disable(ctrl);
	if (!ret)
		ret = sluice_nvme_ctrl_start(ctrl);
	if (!ret)
		ret = sluice_nvme_ioqs_create(ctrl);
	/* Another controller may have changed them meanwhile. */
	if (!ret)
		ret = sluice_nvme_ns_check_all(ctrl);
	if (ret)
		sluice_nvme_stop_again(ctrl);
	return ret;
}

/* A drive is not given up because the host is short of memory. */
static int sluice_nvme_start(struct sluice_nvme_ctrl *ctrl)
{
	unsigned int failed = 0;
	int ret = -ENODEV;

	while (!sluice_nvme_gone(ctrl)) {
		ret = sluice_nvme_try_start(ctrl);
		if (!ret)
			return 0;
		if (ret != -ENOMEM) {
			if (++failed == SLUICE_NVME_ATTEMPTS)
				break;
			sluice_nvme_flr(ctrl);
			continue;
		}
		dev_warn_ratelimited(&ctrl->pdev->dev,
				     "no memory to restart the controller, trying again\n");
		msleep(SLUICE_NVME_NO_MEMORY_MS);
	}
	return ret;
}

/* Clients and disks go on: on a live controller, or to fail on a dead one. */
static void sluice_nvme_resume(struct sluice_nvme_ctrl *ctrl,
			       enum sluice_nvme_state state)
{
	if (state == SLUICE_NVME_DEAD)
		pci_clear_master(ctrl->pdev);
	sluice_nvme_set_state(ctrl, state);
	sluice_nvme_clients_restore(ctrl);
	sluice_disks_unquiesce(ctrl);
	if (state == SLUICE_NVME_LIVE)
		sluice_nvme_events_start(ctrl);
}

static int sluice_nvme_restart(struct sluice_nvme_ctrl *ctrl)
{
	/* Memory reclaim must not wait for the host's disks: they wait for us. */
	unsigned int noio = memalloc_noio_save();
	int ret = sluice_nvme_start(ctrl);

	trace_sluice_nvme_restart(ctrl->instance, ret);
	if (ret)
		dev_err(&ctrl->pdev->dev, "controller cannot be restarted: %pe\n",
			ERR_PTR(ret));
	else
		dev_info(&ctrl->pdev->dev, "controller has been reset\n");
	sluice_nvme_resume(ctrl, ret ? SLUICE_NVME_DEAD : SLUICE_NVME_LIVE);
	memalloc_noio_restore(noio);
	return ret;
}

/**
 * sluice_nvme_reset_work() - reset the controller
 * @work: &sluice_nvme_ctrl.reset_work
 */
void sluice_nvme_reset_work(struct work_struct *work)
{
	struct sluice_nvme_ctrl *ctrl =
		container_of(work, struct sluice_nvme_ctrl, reset_work);
	int ret = 0;

	mutex_lock(&ctrl->reset_lock);
	if (sluice_nvme_live(ctrl)) {
		dev_warn(&ctrl->pdev->dev, "resetting the controller, CSTS %#x\n",
			 sluice_nvme_reg_read(ctrl, NVME_REG_CSTS));
		sluice_nvme_stop(ctrl, false);
		ret = sluice_nvme_restart(ctrl);
	}
	mutex_unlock(&ctrl->reset_lock);
	/* May wait for a file system whose I/O needs the lock: not under it. */
	if (ret)
		sluice_disks_dead(ctrl);
}

/**
 * sluice_nvme_watch() - commands are about to be submitted: start the watchdog
 * @ctrl: controller
 *
 * Any context.
 */
void sluice_nvme_watch(struct sluice_nvme_ctrl *ctrl)
{
	WRITE_ONCE(ctrl->watched, true);
	queue_delayed_work(sluice_nvme_wq, &ctrl->host->watchdog,
			   SLUICE_NVME_WATCHDOG);
}

/**
 * sluice_nvme_watchdog_work() - look whether the controller is well
 * @work: of &sluice_nvme_host.watchdog
 *
 * A controller that failed or is gone completes nothing. The watchdog resets it
 * after a second or two, so that clients and disks do not have to wait for
 * their timeouts. While there are no commands the watchdog does not run;
 * sluice_nvme_watch() starts it again.
 */
void sluice_nvme_watchdog_work(struct work_struct *work)
{
	struct sluice_nvme_host *host =
		container_of(to_delayed_work(work), struct sluice_nvme_host,
			     watchdog);
	struct sluice_nvme_ctrl *ctrl = host->adminq.cq.ctrl;
	u32 csts;

	/* A controller that is gone reads as all ones, which has CFS set. */
	if (sluice_nvme_live(ctrl)) {
		csts = sluice_nvme_reg_read(ctrl, NVME_REG_CSTS);
		if (csts & NVME_CSTS_CFS || !(csts & NVME_CSTS_RDY))
			sluice_nvme_reset(ctrl);
	}
	if (sluice_nvme_live(ctrl) && sluice_nvme_adminq_overdue(ctrl)) {
		dev_err(&ctrl->pdev->dev, "an admin command does not end\n");
		sluice_nvme_reset(ctrl);
	}
	if (xchg(&ctrl->watched, false) || sluice_nvme_adminq_waits(ctrl) ||
	    sluice_nvme_clients_in_flight(ctrl))
		queue_delayed_work(sluice_nvme_wq, &host->watchdog,
				   SLUICE_NVME_WATCHDOG);
}

/**
 * sluice_nvme_reset_hold() - stop the controller before a PCI reset or sleep
 * @ctrl: controller
 * @shutdown: tell it that its power may go
 */
void sluice_nvme_reset_hold(struct sluice_nvme_ctrl *ctrl, bool shutdown)
{
	sluice_nvme_adminq_close(ctrl, true);
	mutex_lock(&ctrl->reset_lock);
	if (sluice_nvme_live(ctrl)) {
		sluice_nvme_stop(ctrl, shutdown);
		ctrl->host->held = true;
	}
	mutex_unlock(&ctrl->reset_lock);
}

/**
 * sluice_nvme_reset_unhold() - bring the controller back
 * @ctrl: controller
 *
 * Return: 0, or a negative errno when it is dead.
 */
int sluice_nvme_reset_unhold(struct sluice_nvme_ctrl *ctrl)
{
	bool held;
	int ret = 0;

	cancel_delayed_work(&ctrl->host->give_up);
	mutex_lock(&ctrl->reset_lock);
	held = ctrl->host->held;
	ctrl->host->held = false;
	if (held)
		ret = sluice_nvme_restart(ctrl);
	else if (!sluice_nvme_live(ctrl))
		ret = -ENODEV;
	mutex_unlock(&ctrl->reset_lock);
	if (held && ret)
		sluice_disks_dead(ctrl);
	return ret;
}

/**
 * sluice_nvme_expect_reset() - give up unless the slot is reset in time
 * @ctrl: controller that is held
 *
 * When the link does not come back after a PCI error, the PCI core does not
 * tell the driver. The wait is twice the time-out of an admin command: by
 * default two minutes, of which the PCI core may take one until the function
 * answers again.
 */
void sluice_nvme_expect_reset(struct sluice_nvme_ctrl *ctrl)
{
	queue_delayed_work(sluice_nvme_wq, &ctrl->host->give_up,
			   msecs_to_jiffies(2 * sluice_nvme_admin_timeout_ms));
}

/**
 * sluice_nvme_give_up_work() - declare a controller dead that is still held
 * @work: of &sluice_nvme_host.give_up
 */
void sluice_nvme_give_up_work(struct work_struct *work)
{
	struct sluice_nvme_host *host =
		container_of(to_delayed_work(work), struct sluice_nvme_host,
			     give_up);
	struct sluice_nvme_ctrl *ctrl = host->adminq.cq.ctrl;
	bool held;

	mutex_lock(&ctrl->reset_lock);
	held = host->held;
	host->held = false;
	if (held) {
		dev_err(&ctrl->pdev->dev, "the slot was not reset within %u ms: the drive is dead\n",
			2 * sluice_nvme_admin_timeout_ms);
		sluice_nvme_resume(ctrl, SLUICE_NVME_DEAD);
	}
	mutex_unlock(&ctrl->reset_lock);
	if (held)
		sluice_disks_dead(ctrl);
}

/**
 * sluice_nvme_kill() - stop the controller for good
 * @ctrl: controller in any state
 *
 * A controller that still answers is shut down, so that its power may go.
 */
void sluice_nvme_kill(struct sluice_nvme_ctrl *ctrl)
{
	sluice_nvme_adminq_close(ctrl, true);
	mutex_lock(&ctrl->reset_lock);
	if (sluice_nvme_live(ctrl))
		sluice_nvme_stop(ctrl, true);
	if (ctrl->state != SLUICE_NVME_DEAD)
		sluice_nvme_resume(ctrl, SLUICE_NVME_DEAD);
	ctrl->host->held = false;
	mutex_unlock(&ctrl->reset_lock);
}
