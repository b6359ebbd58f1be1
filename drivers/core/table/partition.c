// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices that are partitions: what sysfs shows of them, how they are claimed
 *
 * The inventory calls this file through sluice_disk_provider_ops; scan.c adds
 * and updates slices here.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "table/table.h"

static struct sluice_partition *sluice_partition_of(struct device *dev)
{
	return sluice_to_partition(container_of(dev, struct sluice_slice, dev));
}

static void sluice_partition_get_info(struct device *dev,
				      struct sluice_partition_info *info)
{
	struct sluice_partition *part = sluice_partition_of(dev);

	spin_lock(part->slice.slice_lock);
	*info = part->info;
	spin_unlock(part->slice.slice_lock);
}

static ssize_t start_bytes_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct sluice_partition_info info;

	sluice_partition_get_info(dev, &info);
	return sysfs_emit(buf, "%llu\n", info.start);
}
static DEVICE_ATTR_RO(start_bytes);

static ssize_t block_size_bytes_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", sluice_partition_of(dev)->block_size);
}
static DEVICE_ATTR_RO(block_size_bytes);

static ssize_t disk_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", sluice_partition_of(dev)->disk_name);
}
static DEVICE_ATTR_RO(disk);

static ssize_t partition_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	struct sluice_partition_info info;

	sluice_partition_get_info(dev, &info);
	return sysfs_emit(buf, "%u\n", info.number);
}
static DEVICE_ATTR_RO(partition);

static struct attribute *sluice_partition_attrs[] = {
	&dev_attr_start_bytes.attr,
	&dev_attr_block_size_bytes.attr,
	&dev_attr_disk.attr,
	&dev_attr_partition.attr,
	NULL,
};

const struct attribute_group sluice_partition_group = {
	.attrs = sluice_partition_attrs,
};

/* The name that the block layer gives the partition. */
static int sluice_partition_set_name(struct sluice_partition *part)
{
	const char *disk = part->disk_name;
	size_t len = strlen(disk);

	return dev_set_name(&part->slice.dev, "%s%s%u", disk,
			    len && isdigit(disk[len - 1]) ? "p" : "",
			    part->info.number);
}

static void sluice_partition_fill(struct sluice_slice_info *to,
				  const struct sluice_partition_info *from)
{
	*to = (struct sluice_slice_info) {
		.uuid = from->uuid,
		.size = from->size,
	};
	strscpy(to->name, from->name, sizeof(to->name));
}

/**
 * sluice_partition_add() - show a new slice
 * @disk: the disk that it is on
 * @info: what the slice is; copied
 *
 * Called with &sluice_parent.lock held.
 *
 * Return: 0 or a negative errno
 */
int sluice_partition_add(struct sluice_disk *disk,
			 const struct sluice_partition_info *info)
{
	struct sluice_partition *part = kzalloc(sizeof(*part), GFP_KERNEL);
	struct sluice_slice_info slice_info;
	int ret;

	if (!part)
		return -ENOMEM;
	part->disk = disk;
	part->info = *info;
	part->block_size = disk->block_size;
	part->disk_priv = disk->priv;
	strscpy(part->disk_name, disk->disk->disk_name,
		sizeof(part->disk_name));
	mutex_init(&part->lock);
	sluice_wipe_init(part);
	sluice_partition_fill(&slice_info, info);
	sluice_slice_init(&part->slice, &disk->provider, &slice_info,
			  info->pool);
	part->slice.refusal = info->refusal;
	ret = sluice_partition_set_name(part);
	if (!ret)
		ret = sluice_slice_add(&part->slice);
	if (ret)
		put_device(&part->slice.dev);
	else
		sluice_watch_add(part);
	return ret;
}

static bool sluice_partition_same(const struct sluice_partition_info *a,
				  const struct sluice_partition_info *b)
{
	return a->start == b->start && a->size == b->size &&
	       a->pool == b->pool && a->number == b->number &&
	       a->refusal == b->refusal &&
	       uuid_equal(&a->uuid, &b->uuid) && !strcmp(a->name, b->name);
}

/**
 * sluice_partition_update() - update a free slice from the table
 * @part: slice
 * @info: what the table says; the partition number is the same
 *
 * Called with &sluice_parent.lock held.
 */
void sluice_partition_update(struct sluice_partition *part,
			     const struct sluice_partition_info *info)
{
	struct sluice_slice_info slice_info;

	if (sluice_partition_same(&part->info, info))
		return;
	mutex_lock(&part->lock);
	if (part->info.start != info->start || part->info.size != info->size)
		WRITE_ONCE(part->slice.clean, false);
	mutex_unlock(&part->lock);
	spin_lock(part->slice.slice_lock);
	part->info = *info;
	WRITE_ONCE(part->slice.refusal, info->refusal);
	spin_unlock(part->slice.slice_lock);
	sluice_partition_fill(&slice_info, info);
	sluice_slice_update(&part->slice, &slice_info, info->pool);
}

/*
 * Under &sluice_parent.slice_lock: whether a slice in use shares blocks with
 * this one, because the table was edited.
 */
static bool sluice_partition_overlapped(const struct sluice_partition *part)
{
	struct sluice_slice *other;

	list_for_each_entry(other, &part->disk->provider.slices, node)
		if (other != &part->slice &&
		    other->state != SLUICE_SLICE_FREE &&
		    sluice_partitions_overlap(&part->info,
					      &sluice_to_partition(other)->info))
			return true;
	return false;
}

/**
 * sluice_partition_claim() - see &sluice_provider_ops.claim
 * @slice: slice, free
 * @why: receives the reason of a failure
 *
 * Return: 0; -EBUSY if the host uses the partition or one that overlaps it;
 * -ENOENT if the block layer does not have the partition; -EAGAIN if the
 * partition has just changed
 */
int sluice_partition_claim(struct sluice_slice *slice, const char **why)
{
	struct sluice_partition *part = sluice_to_partition(slice);
	bool overlapped;
	int ret = -EBUSY;

	*why = "cannot be opened";
	scoped_guard(spinlock, slice->slice_lock)
		overlapped = sluice_partition_overlapped(part);
	if (!overlapped) {
		mutex_lock(&part->lock);
		ret = sluice_bdev_open(part);
		mutex_unlock(&part->lock);
	}
	if (ret == -EBUSY)
		*why = "is used by the host or shares blocks with what is in use";
	else if (ret == -ENOENT)
		*why = "cannot be used: the kernel does not know this partition; run partx -u";
	return ret;
}

/**
 * sluice_partition_prepare() - see &sluice_provider_ops.prepare
 * @slice: slice, claimed
 *
 * Writes the host's cached pages back. After that the host can write no more,
 * and it is known whether a slice of the pool was written to and has to be wiped.
 *
 * Return: 0 or a negative errno
 */
int sluice_partition_prepare(struct sluice_slice *slice)
{
	struct sluice_partition *part = sluice_to_partition(slice);
	int ret;

	guard(mutex)(&part->lock);
	ret = sluice_bdev_flush(part);
	if (ret)
		return ret;
	WRITE_ONCE(part->guests, true);
	sluice_bdev_drain(part);
	if (slice->pool && !READ_ONCE(slice->clean)) {
		sluice_slice_set_state(slice, SLUICE_SLICE_WIPING);
		ret = sluice_wipe(part);
		sluice_slice_set_state(slice, SLUICE_SLICE_ATTACHED);
	}
	WRITE_ONCE(part->guests, !ret);
	return ret;
}

/**
 * sluice_partition_release() - see &sluice_provider_ops.release
 * @slice: slice, claimed, its I/O stopped
 * @used: a guest has had it
 *
 * Return: true for a slice of the pool, which must be wiped; its block device
 * stays open, and the host cannot write to the slice, until then
 */
bool sluice_partition_release(struct sluice_slice *slice, bool used)
{
	struct sluice_partition *part = sluice_to_partition(slice);
	bool there;

	guard(mutex)(&part->lock);
	/* No open block device: the disk has been removed. */
	there = part->bdev.bdev;
	if (used) {
		WRITE_ONCE(slice->clean, false);
		if (there)
			sluice_bdev_drop(part);
	}
	if (used && there && slice->pool)
		return true;
	WRITE_ONCE(part->guests, false);
	sluice_bdev_close(part);
	return false;
}

/**
 * sluice_partition_check() - see &sluice_provider_ops.check
 * @slice: slice, free
 *
 * Return: what sluice_partition_claim() would return now
 */
int sluice_partition_check(struct sluice_slice *slice)
{
	struct sluice_partition *part = sluice_to_partition(slice);

	if (sluice_partition_overlapped(part))
		return -EBUSY;
	return sluice_bdev_check(part->disk->disk, &part->info);
}

/**
 * sluice_partition_gone() - see &sluice_provider_ops.gone
 * @slice: slice that is being removed
 */
void sluice_partition_gone(struct sluice_slice *slice)
{
	struct sluice_partition *part = sluice_to_partition(slice);

	sluice_wipe_stop(part);
	sluice_watch_del(part);
	mutex_lock(&part->lock);
	sluice_bdev_close(part);
	mutex_unlock(&part->lock);
}

/**
 * sluice_partition_free() - see &sluice_provider_ops.free
 * @slice: slice without any reference
 */
void sluice_partition_free(struct sluice_slice *slice)
{
	struct sluice_partition *part = sluice_to_partition(slice);

	mutex_destroy(&part->lock);
	kfree_rcu(part, rcu);
}
