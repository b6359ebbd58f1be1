// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the host's part of a drive, from the PCI function to the disks
 *
 * sluice_nvme_setup() takes what the driver needs of the PCI function, starts
 * the controller and makes the host's disks, which no user sees yet.
 * sluice_nvme_teardown() gives everything back in the reverse order. What both
 * do not touch, because the guests' side takes part in it, is in main.c.
 */
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "host/host.h"

unsigned int sluice_nvme_host_queues = 2;
module_param_named(host_queues, sluice_nvme_host_queues, uint, 0444);
MODULE_PARM_DESC(host_queues,
		 "I/O queue pairs that the host keeps of each controller (default 2, at least 1; two are left to guests)");

unsigned int sluice_nvme_io_timeout_ms = 30000;
module_param_named(io_timeout_ms, sluice_nvme_io_timeout_ms, uint, 0444);
MODULE_PARM_DESC(io_timeout_ms,
		 "milliseconds after which an I/O command of the host is aborted, and after as many more the controller reset (default 30000)");

unsigned int sluice_nvme_admin_timeout_ms = 60000;
module_param_named(admin_timeout_ms, sluice_nvme_admin_timeout_ms, uint, 0444);
MODULE_PARM_DESC(admin_timeout_ms,
		 "milliseconds after which the controller is reset because of an admin command (default 60000)");

bool sluice_nvme_shared_namespaces;
module_param_named(shared_namespaces, sluice_nvme_shared_namespaces, bool, 0644);
MODULE_PARM_DESC(shared_namespaces,
		 "use namespaces that another controller of the drive can format: it must never do so (default N)");

unsigned int sluice_nvme_max_host_mem_size_mb = 128;
module_param_named(max_host_mem_size_mb, sluice_nvme_max_host_mem_size_mb, uint,
		   0444);
MODULE_PARM_DESC(max_host_mem_size_mb,
		 "limit of the host's memory, in MiB, for each drive that asks for some (default 128)");

struct workqueue_struct *sluice_nvme_wq;
static DEFINE_IDA(sluice_nvme_instances);

static struct sluice_nvme_ctrl *sluice_nvme_alloc(struct pci_dev *pdev)
{
	struct sluice_nvme_ctrl *ctrl;

	ctrl = kzalloc(sizeof(*ctrl), GFP_KERNEL);
	if (!ctrl)
		return NULL;
	ctrl->host = kzalloc(sizeof(*ctrl->host), GFP_KERNEL);
	ctrl->id = kzalloc(sizeof(*ctrl->id), GFP_KERNEL);
	ctrl->instance = ida_alloc(&sluice_nvme_instances, GFP_KERNEL);
	if (!ctrl->host || !ctrl->id || ctrl->instance < 0) {
		if (ctrl->instance >= 0)
			ida_free(&sluice_nvme_instances, ctrl->instance);
		kfree(ctrl->id);
		kfree(ctrl->host);
		kfree(ctrl);
		return NULL;
	}
	ctrl->pdev = pdev;
	ctrl->host->quirks = sluice_nvme_quirks(pdev->vendor, pdev->device, NULL);
	ctrl->state = SLUICE_NVME_RESETTING;
	spin_lock_init(&ctrl->qid_lock);
	mutex_init(&ctrl->reset_lock);
	mutex_init(&ctrl->client_lock);
	mutex_init(&ctrl->host->health.lock);
	INIT_LIST_HEAD(&ctrl->clients);
	INIT_LIST_HEAD(&ctrl->namespaces);
	INIT_WORK(&ctrl->reset_work, sluice_nvme_reset_work);
	INIT_DELAYED_WORK(&ctrl->host->events, sluice_nvme_events_work);
	INIT_WORK(&ctrl->host->health.work, sluice_nvme_health_work);
	INIT_DELAYED_WORK(&ctrl->host->watchdog, sluice_nvme_watchdog_work);
	INIT_DELAYED_WORK(&ctrl->host->give_up, sluice_nvme_give_up_work);
	pci_set_drvdata(pdev, ctrl);
	return ctrl;
}

static void sluice_nvme_free(struct sluice_nvme_ctrl *ctrl)
{
	pci_set_drvdata(ctrl->pdev, NULL);
	mutex_destroy(&ctrl->client_lock);
	mutex_destroy(&ctrl->reset_lock);
	ida_free(&sluice_nvme_instances, ctrl->instance);
	kfree(ctrl->id);
	kfree(ctrl->host);
	kfree(ctrl);
}

static int sluice_nvme_map(struct sluice_nvme_ctrl *ctrl)
{
	struct pci_dev *pdev = ctrl->pdev;
	int ret;

	ret = pci_enable_device_mem(pdev);
	if (ret)
		return ret;
	ret = -ENODEV;
	if (!(pci_resource_flags(pdev, 0) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, 0) < NVME_REG_DBS + SLUICE_NVME_PAGE) {
		dev_err(&pdev->dev, "refused: BAR0 is not a memory BAR large enough for registers and doorbells\n");
		goto disable;
	}
	ret = pci_request_mem_regions(pdev, "sluice_nvme");
	if (ret)
		goto disable;
	ret = -ENOMEM;
	ctrl->bar = pci_ioremap_bar(pdev, 0);
	if (!ctrl->bar)
		goto release;
	/* To be restored after the PCI core has reset the link or slot. */
	pci_save_state(pdev);
	return 0;

release:
	pci_release_mem_regions(pdev);
disable:
	pci_disable_device(pdev);
	return ret;
}

static void sluice_nvme_unmap(struct sluice_nvme_ctrl *ctrl)
{
	iounmap(ctrl->bar);
	pci_release_mem_regions(ctrl->pdev);
	pci_disable_device(ctrl->pdev);
}

static int sluice_nvme_alloc_vectors(struct sluice_nvme_ctrl *ctrl)
{
	struct pci_dev *pdev = ctrl->pdev;
	int have = pci_msix_vec_count(pdev);
	int nr;

	if (have < 2) {
		dev_err(&pdev->dev, "refused: MSI-X with two vectors or more is needed, there are %d\n",
			max(have, 0));
		return -EOPNOTSUPP;
	}
	nr = pci_alloc_irq_vectors(pdev, 2, min(have, SLUICE_NVME_MAX_QPAIRS + 1),
				   PCI_IRQ_MSIX);
	if (nr < 0) {
		dev_err(&pdev->dev, "refused: two MSI-X vectors cannot be allocated: %pe\n",
			ERR_PTR(nr));
		return nr;
	}
	ctrl->host->cqs = kcalloc(nr, sizeof(*ctrl->host->cqs), GFP_KERNEL);
	if (!ctrl->host->cqs) {
		pci_free_irq_vectors(pdev);
		return -ENOMEM;
	}
	ctrl->nr_vectors = nr;
	return 0;
}

static void sluice_nvme_free_vectors(struct sluice_nvme_ctrl *ctrl)
{
	kfree(ctrl->host->cqs);
	pci_free_irq_vectors(ctrl->pdev);
}

/* Stop a controller that never became live. */
static void sluice_nvme_bring_down(struct sluice_nvme_ctrl *ctrl)
{
	sluice_nvme_adminq_close(ctrl, false);
	/* No command follows, so nothing queues it again. */
	cancel_delayed_work_sync(&ctrl->host->watchdog);
	if (sluice_nvme_ctrl_disable(ctrl))
		sluice_nvme_master_off(ctrl);
	sluice_nvme_cqs_disarm_all(ctrl);
	sluice_nvme_adminq_reap(ctrl);
}

/* Make the controller live: host's queues created, namespaces known. */
static int sluice_nvme_bring_up(struct sluice_nvme_ctrl *ctrl)
{
	int ret;

	mutex_lock(&ctrl->reset_lock);
	ret = sluice_nvme_adminq_alloc(ctrl);
	if (ret)
		goto free;
	ret = sluice_nvme_ctrl_disable(ctrl);
	if (ret) {
		dev_err(&ctrl->pdev->dev, "controller cannot be disabled: %pe\n",
			ERR_PTR(ret));
		goto free;
	}
	ret = sluice_nvme_ctrl_start(ctrl);
	if (!ret)
		ret = sluice_nvme_ioqs_alloc(ctrl);
	if (!ret)
		ret = sluice_nvme_ioqs_create(ctrl);
	if (!ret)
		ret = sluice_nvme_ns_scan(ctrl);
	if (ret)
		goto down;
	sluice_nvme_set_state(ctrl, SLUICE_NVME_LIVE);
	mutex_unlock(&ctrl->reset_lock);
	return 0;

down:
	sluice_nvme_bring_down(ctrl);
free:
	mutex_unlock(&ctrl->reset_lock);
	sluice_nvme_ns_free_all(ctrl);
	sluice_nvme_hmb_free(ctrl);
	sluice_nvme_ioqs_free(ctrl);
	sluice_nvme_adminq_free(ctrl);
	return ret;
}

/* Free what sluice_nvme_bring_up() made. The controller is dead by now. */
static void sluice_nvme_release(struct sluice_nvme_ctrl *ctrl)
{
	sluice_nvme_ns_free_all(ctrl);
	sluice_nvme_hmb_free(ctrl);
	sluice_nvme_ioqs_free(ctrl);
	sluice_nvme_adminq_free(ctrl);
}

static int sluice_nvme_make_disks(struct sluice_nvme_ctrl *ctrl)
{
	int ret;

	ctrl->prp_pool = dma_pool_create("sluice_nvme prp", &ctrl->pdev->dev,
					 SLUICE_NVME_PAGE, SLUICE_NVME_PAGE, 0);
	if (!ctrl->prp_pool)
		return -ENOMEM;
	/* A reset that the watchdog starts must find all disks or none. */
	mutex_lock(&ctrl->reset_lock);
	ret = sluice_disks_init(ctrl);
	mutex_unlock(&ctrl->reset_lock);
	return ret;
}

static void sluice_nvme_free_disks(struct sluice_nvme_ctrl *ctrl)
{
	sluice_disks_exit(ctrl);
	dma_pool_destroy(ctrl->prp_pool);
}

static void sluice_nvme_stop_works(struct sluice_nvme_ctrl *ctrl)
{
	sluice_nvme_kill(ctrl);
	/* A dead controller takes no command, so nothing queues these again. */
	cancel_delayed_work_sync(&ctrl->host->watchdog);
	cancel_delayed_work_sync(&ctrl->host->give_up);
	cancel_work_sync(&ctrl->reset_work);
	cancel_delayed_work_sync(&ctrl->host->events);
	cancel_work_sync(&ctrl->host->health.work);
}

/**
 * sluice_nvme_setup() - take a PCI function and start its controller
 * @pdev: PCI function of an NVMe controller; its driver data is set
 *
 * Probe context.
 *
 * Return: the controller, live, with disks that are still unseen; or an
 * ERR_PTR() after saying why.
 */
struct sluice_nvme_ctrl *sluice_nvme_setup(struct pci_dev *pdev)
{
	struct sluice_nvme_ctrl *ctrl;
	int ret;

	ctrl = sluice_nvme_alloc(pdev);
	if (!ctrl)
		return ERR_PTR(-ENOMEM);
	ret = sluice_nvme_map(ctrl);
	if (ret)
		goto free_ctrl;
	ret = sluice_nvme_dma_init(ctrl);
	if (ret)
		goto unmap;
	ret = sluice_nvme_ctrl_check(ctrl);
	if (ret)
		goto unmap;
	ret = sluice_nvme_alloc_vectors(ctrl);
	if (ret)
		goto unmap;
	ret = sluice_nvme_bring_up(ctrl);
	if (ret)
		goto free_vectors;
	ret = sluice_nvme_make_disks(ctrl);
	if (ret) {
		sluice_nvme_teardown(ctrl);
		return ERR_PTR(ret);
	}
	return ctrl;

free_vectors:
	sluice_nvme_free_vectors(ctrl);
unmap:
	sluice_nvme_unmap(ctrl);
free_ctrl:
	sluice_nvme_free(ctrl);
	return ERR_PTR(ret);
}

/**
 * sluice_nvme_teardown() - stop a controller and give its PCI function back
 * @ctrl: controller in any state, with no client, no disk that the host sees
 *	and no attribute; freed
 *
 * Remove context: waits for the reset and for the watchdog.
 */
void sluice_nvme_teardown(struct sluice_nvme_ctrl *ctrl)
{
	sluice_nvme_stop_works(ctrl);
	sluice_nvme_free_disks(ctrl);
	sluice_nvme_release(ctrl);
	sluice_nvme_free_vectors(ctrl);
	sluice_nvme_unmap(ctrl);
	sluice_nvme_free(ctrl);
}

/**
 * sluice_nvme_host_init() - get what all controllers share
 *
 * Return: 0 or -ENOMEM.
 */
int sluice_nvme_host_init(void)
{
	sluice_nvme_wq = alloc_workqueue("sluice_nvme",
					 WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return sluice_nvme_wq ? 0 : -ENOMEM;
}

/**
 * sluice_nvme_host_exit() - release what all controllers share
 *
 * No controller is left.
 */
void sluice_nvme_host_exit(void)
{
	destroy_workqueue(sluice_nvme_wq);
	ida_destroy(&sluice_nvme_instances);
}
