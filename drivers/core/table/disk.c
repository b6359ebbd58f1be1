// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks of a parent; each disk is a provider of slices
 *
 * Backends call this file to add and remove the disks of a parent, and to find
 * out where an attached slice is.
 */
#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "table/table.h"

static struct sluice_disk *
sluice_provider_to_disk(struct sluice_provider *provider)
{
	return container_of(provider, struct sluice_disk, provider);
}

static int sluice_disk_enumerate(struct sluice_provider *provider)
{
	return sluice_scan_disk(sluice_provider_to_disk(provider));
}

const struct sluice_provider_ops sluice_disk_provider_ops = {
	.group = &sluice_partition_group,
	.enumerate = sluice_disk_enumerate,
	.claim = sluice_partition_claim,
	.prepare = sluice_partition_prepare,
	.release = sluice_partition_release,
	.wipe = sluice_wipe_queue,
	.check = sluice_partition_check,
	.gone = sluice_partition_gone,
	.free = sluice_partition_free,
};

/**
 * sluice_disk_add() - offer the slices of a disk
 * @parent: parent
 * @gendisk: the disk, added to the block layer
 * @priv: for the backend, see &sluice_extent.disk_priv
 * @slices: receives the argument for sluice_disk_may_write() and
 *	sluice_disk_del() before anybody can attach a slice of the disk: from
 *	then on the host's writes have to be checked
 *
 * A disk whose table cannot be read has no slices until a rescan finds some.
 *
 * Context: may sleep. Takes the lock of the parent's slices.
 * Return: 0, or -ENOMEM; then @slices does not change
 */
int sluice_disk_add(struct sluice_parent *parent, struct gendisk *gendisk,
		    void *priv, struct sluice_disk **slices)
{
	struct sluice_disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	int ret;

	if (!disk)
		return -ENOMEM;
	disk->disk = gendisk;
	disk->priv = priv;
	INIT_LIST_HEAD(&disk->watched);
	disk->block_size = queue_logical_block_size(gendisk->queue);
	sluice_provider_init(&disk->provider, parent,
			     &sluice_disk_provider_ops);
	/* Requests may read it at once, and take no lock. */
	smp_store_release(slices, disk);
	ret = sluice_provider_add(&disk->provider);
	if (ret)
		dev_warn(parent->dev, "%s: reading the partition table failed with error %d, so there are no slices\n",
			 gendisk->disk_name, ret);
	return 0;
}
EXPORT_SYMBOL_GPL(sluice_disk_add);

/**
 * sluice_disk_del() - remove a disk and its slices
 * @disk: from sluice_disk_add(); nothing happens for NULL
 *
 * Call this while the block layer still has the disk. Attached slices are
 * removed, too: the backend must have stopped their I/O. Their devices continue
 * without a disk until they are detached. When this returns, nothing uses the
 * disk or holds it open. After sluice_parent_unregister(), which does the same,
 * this only frees memory. No call of sluice_disk_may_write() for the disk may
 * begin after this was called.
 *
 * Context: may sleep. May take the lock of the parent's slices.
 */
void sluice_disk_del(struct sluice_disk *disk)
{
	if (!disk)
		return;
	sluice_provider_del(&disk->provider);
	kfree_rcu(disk, rcu);
}
EXPORT_SYMBOL_GPL(sluice_disk_del);

/**
 * sluice_disk_extent() - where an attached slice is
 * @sdev: the attachment
 * @extent: to be filled
 *
 * Context: process. The result does not change from attach to detach.
 * Return: 0, or -EINVAL if the slice is not on a disk
 */
int sluice_disk_extent(const struct sluice_dev *sdev,
		       struct sluice_extent *extent)
{
	struct sluice_slice *slice = sdev->slice;
	struct sluice_partition *part;

	if (slice->ops != &sluice_disk_provider_ops)
		return -EINVAL;
	part = sluice_to_partition(slice);
	spin_lock(slice->slice_lock);
	extent->disk_priv = part->disk_priv;
	extent->start = part->info.start;
	extent->size = part->info.size;
	spin_unlock(slice->slice_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(sluice_disk_extent);
