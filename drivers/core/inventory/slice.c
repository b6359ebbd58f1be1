// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices: devices of class sluice
 *
 * Providers call this file to add, change and remove slices; user space reads
 * their attributes.
 *
 * Reading an attribute takes a spinlock, never &sluice_parent.lock. A thread
 * that removes a slice holds &sluice_parent.lock and waits for the processes in
 * the slice's attributes; if such a process waited for that lock, both would
 * hang. Writing an attribute needs &sluice_parent.lock, so the writer tries the
 * lock and restarts the system call if it is taken.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "inventory/inventory.h"

/* How long a writer sleeps that cannot have the lock of the slices */
#define SLUICE_SLICE_RETRY_MS	5

/*
 * Attachments so far, of all slices: a slice that was forgotten and found again
 * gets no number that one of its earlier attachments had.
 */
static atomic64_t sluice_slice_attachments;

struct class sluice_class = {
	.name = "sluice",
	SLUICE_COMPAT_CLASS_OWNER
};

static struct sluice_slice *sluice_slice_of(struct device *dev)
{
	return container_of(dev, struct sluice_slice, dev);
}

/**
 * sluice_slice_get_info() - read what a slice is
 * @slice: slice
 * @info: to be filled
 */
void sluice_slice_get_info(struct sluice_slice *slice,
			   struct sluice_slice_info *info)
{
	guard(spinlock)(slice->slice_lock);
	*info = slice->info;
}
EXPORT_SYMBOL_GPL(sluice_slice_get_info);

static ssize_t uuid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct sluice_slice_info info;

	sluice_slice_get_info(sluice_slice_of(dev), &info);
	return sysfs_emit(buf, "%pUb\n", &info.uuid);
}
static DEVICE_ATTR_RO(uuid);

static ssize_t name_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct sluice_slice_info info;

	sluice_slice_get_info(sluice_slice_of(dev), &info);
	return sysfs_emit(buf, "%s\n", info.name);
}
static DEVICE_ATTR_RO(name);

static ssize_t size_bytes_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct sluice_slice_info info;

	sluice_slice_get_info(sluice_slice_of(dev), &info);
	return sysfs_emit(buf, "%llu\n", info.size);
}

static int sluice_slice_resize(struct sluice_slice *slice, u64 size)
{
	struct sluice_parent *parent = slice->parent;
	int ret = -ENODEV;

	/* the thread with the lock may wait for this one to leave the attribute */
	if (!mutex_trylock(&parent->lock)) {
		msleep(SLUICE_SLICE_RETRY_MS);
		return restart_syscall();
	}
	if (!slice->gone)
		ret = slice->ops->resize(slice, size);
	mutex_unlock(&parent->lock);
	return ret;
}

static ssize_t size_bytes_store(struct device *dev,
				struct device_attribute *attr, const char *buf,
				size_t count)
{
	u64 size;
	int ret;

	ret = kstrtou64(buf, 0, &size);
	if (!ret)
		ret = sluice_slice_resize(sluice_slice_of(dev), size);
	if (ret && ret != -ERESTARTNOINTR)
		dev_notice_ratelimited(dev, "size_bytes: %.*s refused with error %d\n",
				       (int)strcspn(buf, "\n"), buf, ret);
	return ret ?: count;
}
static DEVICE_ATTR_RW(size_bytes);

static ssize_t pool_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(sluice_slice_of(dev)->pool));
}
static DEVICE_ATTR_RO(pool);

static ssize_t mdev_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct sluice_slice *slice = sluice_slice_of(dev);
	bool has_mdev;
	uuid_t mdev;

	spin_lock(slice->slice_lock);
	has_mdev = slice->has_mdev;
	mdev = slice->mdev;
	spin_unlock(slice->slice_lock);
	return has_mdev ? sysfs_emit(buf, "%pUb\n", &mdev) :
			  sysfs_emit(buf, "\n");
}
static DEVICE_ATTR_RO(mdev);

/*
 * The process may have ended while something else keeps the device open, for
 * example a mapping in memory that a vhost device refers to. Then the number
 * may belong to another process by now: 0 tells that it ended.
 */
static ssize_t opener_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct sluice_slice *slice = sluice_slice_of(dev);
	bool open, ended;
	pid_t nr;

	spin_lock(slice->slice_lock);
	open = slice->opener;
	nr = pid_vnr(slice->opener);
	rcu_read_lock();
	ended = !pid_task(slice->opener, PIDTYPE_TGID);
	rcu_read_unlock();
	spin_unlock(slice->slice_lock);
	if (!open)
		return sysfs_emit(buf, "\n");
	return sysfs_emit(buf, "%d\n", ended ? 0 : nr);
}
static DEVICE_ATTR_RO(opener);

static ssize_t generation_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct sluice_slice_info info;

	sluice_slice_get_info(sluice_slice_of(dev), &info);
	return sysfs_emit(buf, "%llu\n", info.generation);
}
static DEVICE_ATTR_RO(generation);

/* Under &sluice_parent.slice_lock: what claiming a free slice would return. */
static int sluice_slice_check(struct sluice_slice *slice)
{
	if (slice->gone || !slice->ops->check)
		return 0;
	return slice->ops->check(slice);
}

/**
 * sluice_slice_refusal() - why a slice cannot be attached as it is
 * @slice: slice
 *
 * Return: words that complete "the slice ...", or NULL if nothing is wrong
 */
const char *sluice_slice_refusal(const struct sluice_slice *slice)
{
	const char *refusal = READ_ONCE(slice->refusal);

	if (!refusal && READ_ONCE(slice->ambiguous))
		return "has the UUID of another slice of the drive: change one (sgdisk -u)";
	return refusal;
}

static ssize_t refusal_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	const char *refusal = sluice_slice_refusal(sluice_slice_of(dev));

	return sysfs_emit(buf, "%s\n", refusal ?: "");
}
static DEVICE_ATTR_RO(refusal);

static const char *sluice_slice_state_name(struct sluice_slice *slice)
{
	const char *name = "free";

	spin_lock(slice->slice_lock);
	if (slice->state == SLUICE_SLICE_ATTACHED)
		name = "attached";
	else if (slice->state == SLUICE_SLICE_WIPING)
		name = "wiping";
	else if (sluice_slice_refusal(slice))
		name = "refused";
	else if (sluice_slice_check(slice) == -EBUSY)
		name = "busy";
	spin_unlock(slice->slice_lock);
	return name;
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  sluice_slice_state_name(sluice_slice_of(dev)));
}
static DEVICE_ATTR_RO(state);

static struct attribute *sluice_slice_attrs[] = {
	&dev_attr_uuid.attr,
	&dev_attr_name.attr,
	&dev_attr_size_bytes.attr,
	&dev_attr_pool.attr,
	&dev_attr_state.attr,
	&dev_attr_refusal.attr,
	&dev_attr_mdev.attr,
	&dev_attr_opener.attr,
	&dev_attr_generation.attr,
	NULL,
};

/* The size is writable if the provider can change it. */
static umode_t sluice_slice_visible(struct kobject *kobj,
				    struct attribute *attr, int n)
{
	struct sluice_slice *slice = sluice_slice_of(kobj_to_dev(kobj));

	if (attr == &dev_attr_size_bytes.attr && !slice->ops->resize)
		return 0444;
	return attr->mode;
}

static const struct attribute_group sluice_slice_group = {
	.attrs = sluice_slice_attrs,
	.is_visible = sluice_slice_visible,
};

static void sluice_slice_release(struct device *dev)
{
	struct sluice_slice *slice = sluice_slice_of(dev);
	struct sluice_parent *parent = slice->parent;

	mutex_destroy(&slice->sdev_lock);
	slice->ops->free(slice);
	put_device(&parent->slices);
}

/**
 * sluice_slice_init() - prepare a slice
 * @slice: in zeroed memory
 * @provider: its provider
 * @info: what the slice is; copied, without the generation
 * @pool: the slice may be given to an mdev whose UUID matches no slice
 *
 * From now on the slice has a reference count, and &sluice_provider_ops.free
 * frees it: use put_device() instead of kfree().
 */
void sluice_slice_init(struct sluice_slice *slice,
		       struct sluice_provider *provider,
		       const struct sluice_slice_info *info, bool pool)
{
	struct sluice_parent *parent = provider->parent;

	/*
	 * device_del() drops the reference to the device's parent, not this
	 * one.
	 */
	get_device(&parent->slices);
	slice->parent = parent;
	slice->provider = provider;
	slice->ops = provider->ops;
	slice->slice_lock = &parent->slice_lock;
	slice->info = *info;
	slice->info.generation = 0;
	slice->pool = pool;
	INIT_LIST_HEAD(&slice->node);
	mutex_init(&slice->sdev_lock);
	device_initialize(&slice->dev);
	slice->dev.class = &sluice_class;
	slice->dev.parent = &parent->slices;
	slice->groups[0] = &sluice_slice_group;
	slice->groups[1] = provider->ops->group;
	slice->dev.groups = slice->groups;
	slice->dev.release = sluice_slice_release;
}
EXPORT_SYMBOL_GPL(sluice_slice_init);

/*
 * The link "device" of a slice must lead to the physical function, not to the
 * device "slices" in between (see parent.c). The event that announces the slice
 * comes after the link is right: a program that gets the event may follow the
 * link.
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
 * @slice: initialised, with a name for its device
 *
 * Called with the lock of the parent's slices held, by
 * &sluice_provider_ops.enumerate.
 *
 * Return: 0, or a negative errno; after an error the caller calls put_device()
 */
int sluice_slice_add(struct sluice_slice *slice)
{
	struct sluice_parent *parent = slice->parent;
	int ret;

	lockdep_assert_held(&parent->lock);
	ret = sluice_slice_add_device(slice);
	if (ret)
		return ret;
	spin_lock(&parent->slice_lock);
	list_add_tail(&slice->node, &slice->provider->slices);
	spin_unlock(&parent->slice_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(sluice_slice_add);

/**
 * sluice_slice_notify() - tell the backend that an attached slice has changed
 * @slice: slice, its @sdev_lock held
 *
 * &sluice_dev.info, which the backend sees, changes after the backend has been
 * told. Only the size of an attached slice can change.
 */
void sluice_slice_notify(struct sluice_slice *slice)
{
	struct sluice_dev *sdev = slice->sdev;
	struct sluice_slice_info info;

	lockdep_assert_held(&slice->sdev_lock);
	if (!sdev)
		return;
	sluice_slice_get_info(slice, &info);
	if (sdev->parent->ops->notify)
		sdev->parent->ops->notify(sdev, &info);
	WRITE_ONCE(sdev->info.size, info.size);
}

/**
 * sluice_slice_update() - record that a slice has changed
 * @slice: slice, free, or attached if only its size has changed
 * @info: what the slice is now; copied, without the generation
 * @pool: the slice may be given to an mdev whose UUID matches no slice
 *
 * Tells user space, and the backend of an attached slice. Called with the lock
 * of the parent's slices held.
 */
void sluice_slice_update(struct sluice_slice *slice,
			 const struct sluice_slice_info *info, bool pool)
{
	u64 generation = slice->info.generation;

	lockdep_assert_held(&slice->parent->lock);
	spin_lock(slice->slice_lock);
	slice->info = *info;
	slice->info.generation = generation;
	WRITE_ONCE(slice->pool, pool);
	spin_unlock(slice->slice_lock);
	scoped_guard(mutex, &slice->sdev_lock)
		sluice_slice_notify(slice);
	sluice_slice_announce(slice);
}
EXPORT_SYMBOL_GPL(sluice_slice_update);

/**
 * sluice_slice_remove() - remove a slice from the inventory and from sysfs
 * @slice: slice; freed with its last reference
 *
 * If the slice is attached, &sluice_provider_ops.gone releases what its claim
 * holds. Called with the lock of the parent's slices held.
 */
void sluice_slice_remove(struct sluice_slice *slice)
{
	lockdep_assert_held(&slice->parent->lock);
	spin_lock(slice->slice_lock);
	list_del_init(&slice->node);
	WRITE_ONCE(slice->gone, true);
	spin_unlock(slice->slice_lock);

	if (slice->ops->gone)
		slice->ops->gone(slice);
	device_unregister(&slice->dev);
}
EXPORT_SYMBOL_GPL(sluice_slice_remove);

/**
 * sluice_slice_find() - find a slice by its UUID
 * @parent: parent
 * @uuid: identity
 *
 * Called with the lock of the parent's slices held.
 *
 * Return: the slice, one with which nothing is wrong if there is a choice, or
 * NULL
 */
struct sluice_slice *sluice_slice_find(struct sluice_parent *parent,
				       const uuid_t *uuid)
{
	struct sluice_slice *slice, *refused = NULL;
	struct sluice_provider *provider;

	lockdep_assert_held(&parent->lock);
	list_for_each_entry(provider, &parent->providers, node) {
		list_for_each_entry(slice, &provider->slices, node) {
			if (!uuid_equal(&slice->info.uuid, uuid))
				continue;
			if (!slice->refusal)
				return slice;
			refused = slice;
		}
	}
	return refused;
}
EXPORT_SYMBOL_GPL(sluice_slice_find);

/**
 * sluice_slice_nr_free() - count the slices that can be attached
 * @parent: parent
 * @pool: count the slices of the pool, else the others
 *
 * Return: the number
 */
unsigned int sluice_slice_nr_free(struct sluice_parent *parent, bool pool)
{
	struct sluice_provider *provider;
	struct sluice_slice *slice;
	unsigned int nr = 0;

	guard(spinlock)(&parent->slice_lock);
	list_for_each_entry(provider, &parent->providers, node)
		list_for_each_entry(slice, &provider->slices, node)
			if (slice->state == SLUICE_SLICE_FREE &&
			    slice->pool == pool &&
			    !sluice_slice_refusal(slice) &&
			    !sluice_slice_check(slice))
				nr++;
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
	guard(spinlock)(slice->slice_lock);
	return slice->state;
}
EXPORT_SYMBOL_GPL(sluice_slice_get_state);

/**
 * sluice_slice_set_state() - set what a slice is doing
 * @slice: slice
 * @state: its state
 */
void sluice_slice_set_state(struct sluice_slice *slice,
			    enum sluice_slice_state state)
{
	guard(spinlock)(slice->slice_lock);
	slice->state = state;
}
EXPORT_SYMBOL_GPL(sluice_slice_set_state);

/**
 * sluice_slice_set_mdev() - set which mdev has a slice
 * @slice: slice
 * @mdev: UUID of the mdev, for a new generation; NULL for no mdev
 */
void sluice_slice_set_mdev(struct sluice_slice *slice, const uuid_t *mdev)
{
	guard(spinlock)(slice->slice_lock);
	slice->has_mdev = mdev;
	slice->mdev = mdev ? *mdev : uuid_null;
	if (mdev)
		slice->info.generation =
			atomic64_inc_return(&sluice_slice_attachments);
}

/**
 * sluice_slice_set_opener() - set which process opened the device of a slice
 * @slice: slice, attached
 * @opener: the process; its reference is passed on. NULL after the close
 */
void sluice_slice_set_opener(struct sluice_slice *slice, struct pid *opener)
{
	spin_lock(slice->slice_lock);
	swap(slice->opener, opener);
	spin_unlock(slice->slice_lock);
	put_pid(opener);
}

/**
 * sluice_slice_announce() - tell user space that a slice has changed
 * @slice: slice; nothing happens if it has been removed
 */
void sluice_slice_announce(struct sluice_slice *slice)
{
	char state[32];
	char *envp[2] = { state, };

	if (READ_ONCE(slice->gone))
		return;
	snprintf(state, sizeof(state), "SLUICE_STATE=%s",
		 sluice_slice_state_name(slice));
	kobject_uevent_env(&slice->dev.kobj, KOBJ_CHANGE, envp);
}
EXPORT_SYMBOL_GPL(sluice_slice_announce);
