// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice core: loads and unloads the module, its class and its mdev driver
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "core.h"
#include "device/device.h"
#include "inventory/inventory.h"
#include "memory/iova.h"
#include "poll/poller.h"
#include "table/table.h"

struct mdev_driver sluice_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.probe = sluice_mdev_probe,
	.remove = sluice_mdev_remove,
	.get_available = sluice_parent_available,
	.show_description = sluice_parent_describe,
	.driver = {
		.name = "sluice",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = sluice_mdev_groups,
	},
};

static int __init sluice_init(void)
{
	int ret;

	ret = sluice_poller_init();
	if (ret)
		return ret;
	ret = sluice_iova_wq_init();
	if (ret)
		return ret;
	ret = sluice_wipe_wq_init();
	if (ret)
		goto exit_iova_wq;
	ret = class_register(&sluice_class);
	if (ret)
		goto exit_wipe_wq;
	ret = mdev_register_driver(&sluice_mdev_driver);
	if (ret)
		goto unregister_class;
	pr_info("sluice: version " SLUICE_VERSION "\n");
	return 0;

unregister_class:
	class_unregister(&sluice_class);
exit_wipe_wq:
	sluice_wipe_wq_exit();
exit_iova_wq:
	sluice_iova_wq_exit();
	return ret;
}
module_init(sluice_init);

static void __exit sluice_exit(void)
{
	mdev_unregister_driver(&sluice_mdev_driver);
	class_unregister(&sluice_class);
	sluice_wipe_wq_exit();
	sluice_iova_wq_exit();
	/* the callbacks are in this module */
	rcu_barrier();
}
module_exit(sluice_exit);

MODULE_DESCRIPTION("Slices of physical devices for virtual machines");
MODULE_AUTHOR("The Sluice authors");
MODULE_VERSION(SLUICE_VERSION);
MODULE_LICENSE("GPL");
