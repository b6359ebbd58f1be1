// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks of a parent
 */
#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "core.h"

/**
 * sluice_disk_add() - cut a disk into slices
 * @parent: parent
 * @disk: the disk, added to the block layer
 * @uuid: identity of the disk, for the slice that is all of it
 * @priv: the backend's own, passed on with attached slices
 *
 * A disk whose table cannot be read has no slices until a rescan finds some.
 *
 * Return: 0 or -ENOMEM
 */
int sluice_disk_add(struct sluice_parent *parent, struct gendisk *disk,
		    const uuid_t *uuid, void *priv)
{
	struct sluice_disk *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int ret;

	if (!d)
		return -ENOMEM;
	d->parent = parent;
	d->disk = disk;
	d->uuid = *uuid;
	d->priv = priv;
	d->block_size = queue_logical_block_size(disk->queue);

	mutex_lock(&parent->lock);
	list_add_tail(&d->list, &parent->disks);
	ret = sluice_scan_disk(d);
	mutex_unlock(&parent->lock);
	if (ret)
		dev_warn(parent->dev, "%s: no slices, reading the partition table failed with error %d\n",
			 disk->disk_name, ret);
	return 0;
}
EXPORT_SYMBOL_GPL(sluice_disk_add);

/* Under &sluice_parent.lock. */
static void sluice_disk_forget(struct sluice_disk *d)
{
	struct sluice_slice *slice, *tmp;

	list_for_each_entry_safe(slice, tmp, &d->parent->slice_list, list)
		if (slice->disk == d)
			sluice_slice_forget(slice);
	list_del(&d->list);
	kfree(d);
}

/**
 * sluice_disk_del() - give up a disk
 * @parent: parent
 * @disk: a disk that was added; any other is ignored
 *
 * To be called while the disk is still there. Its slices vanish, those that are
 * attached too: the backend must have stopped their I/O, and their devices go
 * on without a disk until they are detached. Nothing of the disk is used, nor
 * held open, when this returns.
 */
void sluice_disk_del(struct sluice_parent *parent, struct gendisk *disk)
{
	struct sluice_disk *d, *tmp;

	mutex_lock(&parent->lock);
	list_for_each_entry_safe(d, tmp, &parent->disks, list)
		if (d->disk == disk)
			sluice_disk_forget(d);
	mutex_unlock(&parent->lock);
}
EXPORT_SYMBOL_GPL(sluice_disk_del);

/**
 * sluice_disk_forget_all() - give up all disks of a parent
 * @parent: parent
 */
void sluice_disk_forget_all(struct sluice_parent *parent)
{
	struct sluice_disk *d, *tmp;

	mutex_lock(&parent->lock);
	list_for_each_entry_safe(d, tmp, &parent->disks, list)
		sluice_disk_forget(d);
	mutex_unlock(&parent->lock);
}
