// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: NVMe backend - the PCI driver
 *
 * The one file that knows both sides of the backend: host/, which runs the
 * drive and the host's disks, and guest/, which shows slices of the drive to
 * guests. It registers the drive with the core on behalf of the guests' side
 * and passes the events of the PCI function on to the host's side.
 *
 * The kernel gives this driver a drive only when the administrator has written
 * "sluice_nvme" to the drive's driver_override. So loading the module takes no
 * drive away from the kernel's own driver.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>

#include "host/host.h"
#include "guest/vctrl.h"

static int sluice_nvme_register(struct sluice_nvme_ctrl *ctrl)
{
	struct device *dev = &ctrl->pdev->dev;
	struct sluice_type *const *types;
	int nr, ret;

	nr = sluice_vctrl_types(ctrl, &types);
	if (nr < 0)
		return nr;
	if (!nr)
		dev_notice(dev, "no slice can be attached: a guest needs %d I/O queue pairs, and of this drive's %u the host keeps %u\n",
			   SLUICE_NVME_MIN_CLIENT_QPAIRS, ctrl->nr_qpairs,
			   ctrl->nr_host_qpairs);
	ctrl->parent = sluice_parent_register(dev, &sluice_vctrl_parent_ops,
					      types, nr, ctrl);
	if (IS_ERR(ctrl->parent))
		return PTR_ERR(ctrl->parent);
	ret = sluice_nvme_sysfs_add(ctrl);
	if (ret)
		goto unregister;
	ret = sluice_disks_add(ctrl);
	if (ret)
		goto remove_sysfs;
	return 0;

remove_sysfs:
	sluice_nvme_sysfs_del(ctrl);
unregister:
	sluice_parent_unregister(ctrl->parent);
	sluice_disks_del(ctrl);
	return ret;
}

static int sluice_nvme_probe(struct pci_dev *pdev,
			     const struct pci_device_id *id)
{
	struct sluice_nvme_ctrl *ctrl;
	int ret;

	if (pdev->class != PCI_CLASS_STORAGE_EXPRESS) {
		dev_err(&pdev->dev, "refused: PCI class %06x, not an NVMe controller (010802)\n",
			pdev->class);
		return -ENODEV;
	}
	ctrl = sluice_nvme_setup(pdev);
	if (IS_ERR(ctrl))
		return PTR_ERR(ctrl);
	ret = sluice_nvme_register(ctrl);
	if (ret) {
		sluice_nvme_teardown(ctrl);
		return ret;
	}
	sluice_nvme_events_start(ctrl);
	dev_info(&pdev->dev, "sluice%d: %u I/O queue pairs, %u of them for the host\n",
		 ctrl->instance, ctrl->nr_qpairs, ctrl->nr_host_qpairs);
	return 0;
}

static void sluice_nvme_remove(struct pci_dev *pdev)
{
	struct sluice_nvme_ctrl *ctrl = pci_get_drvdata(pdev);

	sluice_nvme_sysfs_del(ctrl);
	/* Pulled out: it completes nothing, and what follows waits for I/O. */
	if (sluice_nvme_gone(ctrl)) {
		sluice_nvme_kill(ctrl);
		sluice_disks_dead(ctrl);
	}
	/* Waits for guests to detach; deleting their queues needs the drive. */
	sluice_parent_unregister(ctrl->parent);
	sluice_disks_del(ctrl);
	sluice_nvme_teardown(ctrl);
}

static void sluice_nvme_shutdown(struct pci_dev *pdev)
{
	struct sluice_nvme_ctrl *ctrl = pci_get_drvdata(pdev);

	if (ctrl)
		sluice_nvme_kill(ctrl);
}

/*
 * The controller may lose its state and its power during sleep: suspend does
 * the first half of a reset, resume the second.
 */
static int sluice_nvme_pm_suspend(struct device *dev)
{
	sluice_nvme_reset_hold(dev_get_drvdata(dev), true);
	return 0;
}

static int sluice_nvme_pm_resume(struct device *dev)
{
	return sluice_nvme_reset_unhold(dev_get_drvdata(dev));
}

/* An image of the system is older than what the drive did after it was made. */
static int sluice_nvme_pm_restore(struct device *dev)
{
	sluice_nvme_hmb_forget(dev_get_drvdata(dev));
	return sluice_nvme_pm_resume(dev);
}

static const struct dev_pm_ops sluice_nvme_pm_ops = {
	.suspend = pm_sleep_ptr(sluice_nvme_pm_suspend),
	.resume = pm_sleep_ptr(sluice_nvme_pm_resume),
	.freeze = pm_sleep_ptr(sluice_nvme_pm_suspend),
	.thaw = pm_sleep_ptr(sluice_nvme_pm_resume),
	.poweroff = pm_sleep_ptr(sluice_nvme_pm_suspend),
	.restore = pm_sleep_ptr(sluice_nvme_pm_restore),
};

static void sluice_nvme_reset_prepare(struct pci_dev *pdev)
{
	sluice_nvme_reset_hold(pci_get_drvdata(pdev), false);
}

static void sluice_nvme_reset_done(struct pci_dev *pdev)
{
	sluice_nvme_reset_unhold(pci_get_drvdata(pdev));
}

static pci_ers_result_t sluice_nvme_error_detected(struct pci_dev *pdev,
						   pci_channel_state_t state)
{
	struct sluice_nvme_ctrl *ctrl = pci_get_drvdata(pdev);

	switch (state) {
	case pci_channel_io_normal:
		return PCI_ERS_RESULT_CAN_RECOVER;
	case pci_channel_io_frozen:
		dev_warn(&pdev->dev, "PCI error, waiting for the slot to be reset\n");
		sluice_nvme_reset_hold(ctrl, false);
		sluice_nvme_expect_reset(ctrl);
		return PCI_ERS_RESULT_NEED_RESET;
	default:
		dev_err(&pdev->dev, "permanent PCI error: the drive is dead\n");
		sluice_nvme_kill(ctrl);
		return PCI_ERS_RESULT_DISCONNECT;
	}
}

static pci_ers_result_t sluice_nvme_slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return sluice_nvme_reset_unhold(pci_get_drvdata(pdev)) ?
		PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers sluice_nvme_err_handler = {
	.error_detected = sluice_nvme_error_detected,
	.slot_reset = sluice_nvme_slot_reset,
	.reset_prepare = sluice_nvme_reset_prepare,
	.reset_done = sluice_nvme_reset_done,
};

/* No MODULE_DEVICE_TABLE(): with an alias udev would load us for each drive. */
static const struct pci_device_id sluice_nvme_ids[] = {
	{
		PCI_DEVICE_CLASS(PCI_CLASS_STORAGE_EXPRESS, 0xffffff),
		.override_only = PCI_ID_F_VFIO_DRIVER_OVERRIDE,
	},
	{ }
};

static struct pci_driver sluice_nvme_driver = {
	.name = "sluice_nvme",
	.id_table = sluice_nvme_ids,
	.probe = sluice_nvme_probe,
	.remove = sluice_nvme_remove,
	.shutdown = sluice_nvme_shutdown,
	.err_handler = &sluice_nvme_err_handler,
	.driver.pm = pm_sleep_ptr(&sluice_nvme_pm_ops),
};

static int __init sluice_nvme_init(void)
{
	int ret = sluice_nvme_host_init();

	if (ret)
		return ret;
	ret = pci_register_driver(&sluice_nvme_driver);
	if (ret)
		sluice_nvme_host_exit();
	return ret;
}

static void __exit sluice_nvme_exit(void)
{
	pci_unregister_driver(&sluice_nvme_driver);
	sluice_nvme_host_exit();
}

module_init(sluice_nvme_init);
module_exit(sluice_nvme_exit);

MODULE_DESCRIPTION("Sluice: NVMe backend");
MODULE_AUTHOR("The Sluice authors");
MODULE_VERSION(SLUICE_VERSION);
MODULE_LICENSE("GPL");
