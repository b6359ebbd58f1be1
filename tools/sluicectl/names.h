/* SPDX-License-Identifier: GPL-2.0-only */
/* Names and limits that the kernel modules and the partition table define. */
#ifndef SLUICECTL_NAMES_H
#define SLUICECTL_NAMES_H

#include <linux/sluice.h>

#define DRIVER_NAME	"sluice_nvme"
#define CORE_MODULE	"sluice"
#define SLICE_CLASS	"sluice"
#define TYPE_OWNER	DRIVER_NAME "-"
#define TYPE_PREFIX	TYPE_OWNER "q"
#define POOL_TYPE_PREFIX TYPE_OWNER "pool-q"
#define MDEV_DEVICES	"/sys/bus/mdev/devices"
#define PCI_DRIVERS	"/sys/bus/pci/drivers"

#define SLICE_NAME_MAX	36	/* UTF-16 units in a GPT label */

/* Slices start and end on multiples of this. */
#define SLICE_ALIGN	(UINT64_C(1) << 20)

#endif
