// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices: devices of class sluice
 *
 * Attributes are shown under a spinlock: removing a device waits for those who
 * read its attributes, and is done under &sluice_parent.lock.
 */
#include <linux/ctype.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

static struct sluice_slice *sluice_slice_of(struct device *dev)
{
	return container_of(dev, struct sluice_slice, dev);
}

/* The name that the block layer gives the partition, or the disk. */
static int sluice_slice_set_name(struct sluice_slice *slice)
{
	const char *disk = slice->disk_name;
	size_t len = strlen(disk);

	if (!slice->extent.partition)
		return dev_set_name(&slice->dev, "%s", disk);
	return dev_set_name(&slice->dev, "%s%s%u", disk,
			    len && isdigit(disk[len - 1]) ? "p" : "",
			    slice->extent.partition);
}

static void sluice_slice_get_extent(struct device *dev,
				    struct sluice_extent *extent)
{
	struct sluice_slice *slice = sluice_slice_of(dev);

	spin_lock(&slice->parent->slice_lock);
	*extent = slice->extent;
	spin_unlock(&slice->parent->slice_lock);
}

static ssize_t uuid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct sluice_extent extent;

	sluice_slice_get_extent(dev, &extent);
	return sysfs_emit(buf, "%pUb\n", &extent.uuid);
}
static DEVICE_ATTR_RO(uuid);

static ssize_t name_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct sluice_extent extent;

	sluice_slice_get_extent(dev, &extent);
	return sysfs_emit(buf, "%s\n", extent.name);
}
static DEVICE_ATTR_RO(name);

static ssize_t start_bytes_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct sluice_extent extent;

	sluice_slice_get_extent(dev, &extent);
	return sysfs_emit(buf, "%llu\n", extent.start);
}
static DEVICE_ATTR_RO(start_bytes);

static ssize_t size_bytes_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct sluice_extent extent;

	sluice_slice_get_extent(dev, &extent);
	return sysfs_emit(buf, "%llu\n", extent.size);
}
static DEVICE_ATTR_RO(size_bytes);

static ssize_t block_size_bytes_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", sluice_slice_of(dev)->block_size);
}
static DEVICE_ATTR_RO(block_size_bytes);

static ssize_t pool_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct sluice_extent extent;

	sluice_slice_get_extent(dev, &extent);
	return sysfs_emit(buf, "%d\n", extent.pool);
}
static DEVICE_ATTR_RO(pool);

static ssize_t whole_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct sluice_extent extent;

	sluice_slice_get_extent(dev, &extent);
	return sysfs_emit(buf, "%d\n", !extent.partition);
}
static DEVICE_ATTR_RO(whole);

static ssize_t disk_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", sluice_slice_of(dev)->disk_name);
}
static DEVICE_ATTR_RO(disk);

static ssize_t partition_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	struct sluice_extent extent;

	sluice_slice_get_extent(dev, &extent);
	return sysfs_emit(buf, "%u\n", extent.partition);
}
static DEVICE_ATTR_RO(partition);

static ssize_t mdev_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct sluice_slice *slice = sluice_slice_of(dev);
	bool has_mdev;
	uuid_t mdev;

	spin_lock(&slice->parent->slice_lock);
	has_mdev = slice->has_mdev;
	mdev = slice->mdev;
	spin_unlock(&slice->parent->slice_lock);
	return has_mdev ? sysfs_emit(buf, "%pUb\n", &mdev) :
			  sysfs_emit(buf, "\n");
}
static DEVICE_ATTR_RO(mdev);

static ssize_t generation_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct sluice_slice *slice = sluice_slice_of(dev);
	u64 generation;

	spin_lock(&slice->parent->slice_lock);
	generation = slice->generation;
	spin_unlock(&slice->parent->slice_lock);
	return sysfs_emit(buf, "%llu\n", generation);
}
static DEVICE_ATTR_RO(generation);

/* Under @slice_lock. The host may use the partition of a slice that is free. */
static bool sluice_slice_is_busy(struct sluice_slice *slice)
{
	return slice->disk && sluice_part_busy(slice->disk->disk,
					       &slice->extent);
}

static const char *sluice_slice_state_name(struct sluice_slice *slice)
{
	const char *name = "free";

	spin_lock(&slice->parent->slice_lock);
	if (slice->state == SLUICE_SLICE_ATTACHED)
		name = "attached";
	else if (slice->state == SLUICE_SLICE_WIPING)
		name = "wiping";
	else if (sluice_slice_is_busy(slice))
		name = "busy";
	spin_unlock(&slice->parent->slice_lock);
	return name;
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  sluice_slice_state_name(sluice_slice_of(dev)));
}
static DEVICE_ATTR_RO(state);

static struct attribute *slice_attrs[] = {
	&dev_attr_uuid.attr,
	&dev_attr_name.attr,
	&dev_attr_start_bytes.attr,
	&dev_attr_size_bytes.attr,
	&dev_attr_block_size_bytes.attr,
	&dev_attr_pool.attr,
	&dev_attr_whole.attr,
	&dev_attr_disk.attr,
	&dev_attr_partition.attr,
	&dev_attr_state.attr,
	&dev_attr_mdev.attr,
	&dev_attr_generation.attr,
	NULL,
};
ATTRIBUTE_GROUPS(slice);

static void sluice_slice_release(struct device *dev)
{
	struct sluice_slice *slice = sluice_slice_of(dev);

	put_device(&slice->parent->slices);
	mutex_destroy(&slice->claim_lock);
	kfree(slice);
}

static struct sluice_slice *
sluice_slice_alloc(struct sluice_disk *disk, const struct sluice_extent *extent)
{
	struct sluice_slice *slice = kzalloc(sizeof(*slice), GFP_KERNEL);

	if (!slice)
		return NULL;
	/* The device's own reference ends with its removal; ours does not. */
	get_device(&disk->parent->slices);
	slice->parent = disk->parent;
	slice->disk = disk;
	slice->extent = *extent;
	slice->block_size = disk->block_size;
	slice->disk_priv = disk->priv;
	strscpy(slice->disk_name, disk->disk->disk_name,
		sizeof(slice->disk_name));
	mutex_init(&slice->claim_lock);
	sluice_wipe_init(slice);
	device_initialize(&slice->dev);
	slice->dev.class = &sluice_class;
	slice->dev.parent = &disk->parent->slices;
	slice->dev.groups = slice_groups;
	slice->dev.release = sluice_slice_release;
	return slice;
}

/*
 * Who looks for a slice's device means the physical function, not the device
 * that happens to be between; see parent.c. The event that announces the slice
 * comes when the link is right.
 */
static int sluice_slice_add_device(struct sluice_slice *slice)
{
	struct device *dev = &slice->dev;
	int ret;

	dev_set_uevent_suppress(dev, true);
	ret = device_add(dev);
	if (ret)
		return ret;
	sysfs_remove_link(&dev->kobj, "device");
	ret = sysfs_create_link(&dev->kobj, &slice->parent->dev->kobj,
				"device");
	if (ret) {
		device_del(dev);
		return ret;
	}
	dev_set_uevent_suppress(dev, false);
	kobject_uevent(&dev->kobj, KOBJ_ADD);
	return 0;
}

/**
 * sluice_slice_add() - show a new slice
 * @disk: the disk that it is on
 * @extent: where on it; copied
 *
 * Called with &sluice_parent.lock held.
 *
 * Return: 0 or a negative errno
 */
int sluice_slice_add(struct sluice_disk *disk,
		     const struct sluice_extent *extent)
{
	struct sluice_parent *parent = disk->parent;
	struct sluice_slice *slice;
	int ret;

	lockdep_assert_held(&parent->lock);
	slice = sluice_slice_alloc(disk, extent);
	if (!slice)
		return -ENOMEM;
	ret = sluice_slice_set_name(slice);
	if (!ret)
		ret = sluice_slice_add_device(slice);
	if (ret) {
		put_device(&slice->dev);
		return ret;
	}
	spin_lock(&parent->slice_lock);
	list_add_tail(&slice->list, &parent->slice_list);
	spin_unlock(&parent->slice_lock);
	return 0;
}

static bool sluice_slice_extents_equal(const struct sluice_extent *a,
				       const struct sluice_extent *b)
{
	return a->start == b->start && a->size == b->size &&
	       a->pool == b->pool && a->partition == b->partition &&
	       uuid_equal(&a->uuid, &b->uuid) && !strcmp(a->name, b->name);
}

/**
 * sluice_slice_update() - the table says something new of a free slice
 * @slice: slice
 * @extent: what it says; the partition number is the same
 *
 * Called with &sluice_parent.lock held.
 */
void sluice_slice_update(struct sluice_slice *slice,
			 const struct sluice_extent *extent)
{
	lockdep_assert_held(&slice->parent->lock);
	if (sluice_slice_extents_equal(&slice->extent, extent))
		return;
	mutex_lock(&slice->claim_lock);
	if (slice->extent.start != extent->start ||
	    slice->extent.size != extent->size)
		slice->clean = false;
	mutex_unlock(&slice->claim_lock);
	spin_lock(&slice->parent->slice_lock);
	slice->extent = *extent;
	spin_unlock(&slice->parent->slice_lock);
	sluice_slice_announce(slice);
}

/**
 * sluice_slice_forget() - show a slice no more
 * @slice: slice; freed when nobody has a reference any more
 *
 * An attached slice loses its claim: its disk is going. Called with
 * &sluice_parent.lock held.
 */
void sluice_slice_forget(struct sluice_slice *slice)
{
	struct sluice_parent *parent = slice->parent;

	lockdep_assert_held(&parent->lock);
	spin_lock(&parent->slice_lock);
	list_del(&slice->list);
	slice->disk = NULL;
	spin_unlock(&parent->slice_lock);

	sluice_wipe_stop(slice);
	mutex_lock(&slice->claim_lock);
	sluice_part_close(slice);
	mutex_unlock(&slice->claim_lock);
	device_unregister(&slice->dev);
}

/**
 * sluice_slice_find() - find a slice by its UUID
 * @parent: parent
 * @uuid: identity
 *
 * Called with &sluice_parent.lock held.
 *
 * Return: the slice or NULL
 */
struct sluice_slice *sluice_slice_find(struct sluice_parent *parent,
				       const uuid_t *uuid)
{
	struct sluice_slice *slice;

	lockdep_assert_held(&parent->lock);
	list_for_each_entry(slice, &parent->slice_list, list)
		if (uuid_equal(&slice->extent.uuid, uuid))
			return slice;
	return NULL;
}

/**
 * sluice_slice_nr_free() - count the slices that could be attached
 * @parent: parent
 *
 * Return: the number
 */
unsigned int sluice_slice_nr_free(struct sluice_parent *parent)
{
	struct sluice_slice *slice;
	unsigned int nr = 0;

	spin_lock(&parent->slice_lock);
	list_for_each_entry(slice, &parent->slice_list, list)
		if (slice->state == SLUICE_SLICE_FREE &&
		    !READ_ONCE(slice->ambiguous) &&
		    !sluice_slice_is_busy(slice))
			nr++;
	spin_unlock(&parent->slice_lock);
	return nr;
}

/**
 * sluice_slice_get_state() - what a slice is doing
 * @slice: slice
 *
 * Return: its state
 */
enum sluice_slice_state sluice_slice_get_state(struct sluice_slice *slice)
{
	enum sluice_slice_state state;

	spin_lock(&slice->parent->slice_lock);
	state = slice->state;
	spin_unlock(&slice->parent->slice_lock);
	return state;
}

/**
 * sluice_slice_set_state() - set what a slice is doing
 * @slice: slice
 * @state: its state
 */
void sluice_slice_set_state(struct sluice_slice *slice,
			    enum sluice_slice_state state)
{
	spin_lock(&slice->parent->slice_lock);
	slice->state = state;
	spin_unlock(&slice->parent->slice_lock);
}

/**
 * sluice_slice_set_mdev() - set who has a slice
 * @slice: slice
 * @mdev: UUID of the mdev; a new one begins a new generation. NULL for nobody
 */
void sluice_slice_set_mdev(struct sluice_slice *slice, const uuid_t *mdev)
{
	spin_lock(&slice->parent->slice_lock);
	slice->has_mdev = mdev;
	slice->mdev = mdev ? *mdev : uuid_null;
	if (mdev)
		slice->generation++;
	spin_unlock(&slice->parent->slice_lock);
}

/**
 * sluice_slice_announce() - tell user space that a slice has changed
 * @slice: slice
 */
void sluice_slice_announce(struct sluice_slice *slice)
{
	char state[32];
	char *envp[2] = { state, };

	snprintf(state, sizeof(state), "SLUICE_STATE=%s",
		 sluice_slice_state_name(slice));
	kobject_uevent_env(&slice->dev.kobj, KOBJ_CHANGE, envp);
}
