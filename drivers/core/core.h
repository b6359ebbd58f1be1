/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice core: the parent, and the map of the directories of the core
 *
 * Each directory (a room) may use only what stands on the right
 * (Documentation/internals/architecture.rst; "make lint" checks it):
 *
 *   inventory/  what slices exist, and which mdev has each	core.h
 *   memory/     guest memory: IOVA to pinned pages		core.h
 *   poll/       doorbell pages, and the polling threads	core.h
 *   device/     one slice as a PCI function: VFIO and mdev	the three above
 *   table/      slices that are partitions of disks		inventory/
 *
 * Locks, in the order in which a thread takes them:
 *
 * mdev's unreg_sem (create against the parent's unregistration)
 *   &sluice_parent.lock	providers, their slices, claims
 *     the provider's locks: for table/ &sluice_partition.lock, and inside it
 *     the block layer's open_mutex of a disk
 *     &sluice_slice.sdev_lock	which attachment hears of changes of a slice
 *       &sluice_parent.slice_lock	what slices show and their states
 *
 * mmap_lock of the user
 *   &sluice_doorbells.lock	see poll/doorbell.c
 *     the poller's list
 *
 * VFIO's lock of the container's devices (held round the unmap callback)
 *   &sluice_vdev.lock		see device/vfio.c
 *     the backend's locks
 *       &sluice_iova_table.table_lock
 *         &sluice_iova_table.lock	see memory/iova_pin.c
 */
#ifndef SLUICE_CORE_H
#define SLUICE_CORE_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/sluice.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "sluice_compat.h"

/**
 * struct sluice_parent - a physical function whose slices guests get
 * @slices: the device above the slices in the device tree, a child of @dev. Its
 *	reference count is the reference count of this structure
 * @dev: the physical function
 * @mdev: for the mdev core
 * @types: for the mdev core
 * @rescan: attribute of @dev
 * @attrs: the attributes in @group
 * @group: the group of attributes of @dev; the backend may add its own
 * @ops: the operations of the backend
 * @drvdata: for the backend
 * @lock: protects the providers, changes of their slices, and claims. The
 *	interface for providers calls it the lock of the parent's slices
 * @slice_lock: protects the fields of slices that say so, and changes of
 *	@providers and of &sluice_provider.slices, which need @lock as well
 * @providers: list of &struct sluice_provider
 */
struct sluice_parent {
	struct device slices;
	struct device *dev;
	struct mdev_parent mdev;
	struct mdev_type **types;
	struct device_attribute rescan;
	struct attribute *attrs[2];
	struct attribute_group group;
	const struct sluice_parent_ops *ops;
	void *drvdata;
	struct mutex lock;
	spinlock_t slice_lock;
	struct list_head providers;
};

/* main.c */
extern struct mdev_driver sluice_mdev_driver;

/* parent.c */
struct sluice_parent *sluice_parent_of_type(struct mdev_type *type);
const struct sluice_type *sluice_parent_type(struct mdev_type *type);
const char *sluice_parent_type_like(const struct sluice_parent *parent,
				    bool pool);
unsigned int sluice_parent_available(struct mdev_type *type);
ssize_t sluice_parent_describe(struct mdev_type *type, char *buf);

#endif /* SLUICE_CORE_H */
