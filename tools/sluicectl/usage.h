/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses a block device: mounts, swap, device mapper, md, anybody else. */
#ifndef SLUICECTL_USAGE_H
#define SLUICECTL_USAGE_H

#include <systemd/sd-device.h>

#include "util.h"

enum usage_depth {
	USAGE_MOUNTS,	/* what can be read without opening the device */
	USAGE_CLAIMS,	/* also try whether it can be claimed (needs root) */
};

/*
 * Adds a line for each use of the block device @dev itself, of what is
 * stacked on it, but not of its partitions. 0 or an exit code.
 */
int usage_of(struct sd_device *dev, enum usage_depth depth, struct strv *users);

/*
 * The same for every disk and partition that hangs on the PCI function
 * @pci, whether its driver puts them below the function or, as nvme does
 * for drives with several controllers, below the NVMe subsystem. *@root is
 * set when the root file system is among the users.
 */
int usage_of_drive(struct sd_device *pci, enum usage_depth depth, struct strv *users, bool *root);

#endif
