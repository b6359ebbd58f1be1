/* SPDX-License-Identifier: GPL-2.0-only */
/* Users of a block device: mounts, swap, device mapper, md, others. */
#ifndef SLUICECTL_USAGE_H
#define SLUICECTL_USAGE_H

#include <systemd/sd-device.h>

#include "util.h"

enum usage_depth {
	USAGE_MOUNTS,	/* only what can be read without opening the device */
	USAGE_CLAIMS,	/* also try to claim it (needs root) */
};

/*
 * Adds a line for each use of the block device @dev, and of devices stacked on
 * it, but not of its partitions. Returns 0 or an exit code.
 */
int usage_of(struct sd_device *dev, enum usage_depth depth, struct strv *users);

/*
 * The same for every disk and partition of the PCI function @pci. The driver
 * may put the disks below the function or, as nvme does for drives with several
 * controllers, below the NVMe subsystem. Sets *@root when one of the users is
 * the root file system.
 */
int usage_of_drive(struct sd_device *pci, enum usage_depth depth, struct strv *users, bool *root);

/* Prints a hint for each use of the block device with the name @device. */
void usage_hints(const char *device);

#endif
