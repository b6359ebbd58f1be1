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

struct usage {
	struct strv users;	/* a line for each use */
	bool root;		/* one of them is the root file system */
	bool unseen;		/* there may be others that only root can see */
};

/* For __cleanup() */
void usage_clear(struct usage *usage);

/*
 * Adds the uses of the block device @dev, and of devices stacked on it, but not
 * of its partitions. Returns 0 or an exit code.
 */
int usage_of(struct sd_device *dev, enum usage_depth depth, struct usage *usage);

/*
 * The same for every disk and partition of the PCI function @pci. The driver
 * may put the disks below the function or, as nvme does for drives with several
 * controllers, below the NVMe subsystem.
 */
int usage_of_drive(struct sd_device *pci, enum usage_depth depth, struct usage *usage);

/* Prints a hint for each use of the block device with the name @device. */
void usage_hints(const char *device);

#endif
