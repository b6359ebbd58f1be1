// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach and detach: from an mdev to a claimed slice to a VFIO device, and back
 *
 * The mdev core calls sluice_mdev_probe() when an administrator creates an
 * mdev, and sluice_mdev_remove() when the mdev is removed.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <trace/events/sluice.h>

#include "device/device.h"
#include "inventory/inventory.h"

/* mdev stores a UUID in the byte order of a GUID; both print the same. */
static void sluice_mdev_to_uuid(const guid_t *guid, uuid_t *uuid)
{
	static const u8 from[] = { 3, 2, 1, 0, 5, 4, 7, 6 };
	unsigned int i;

	for (i = 0; i < UUID_SIZE; i++)
		uuid->b[i] = guid->b[i < ARRAY_SIZE(from) ? from[i] : i];
}

static ssize_t slice_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct sluice_vdev *vdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%pUb\n", &vdev->sdev.info.uuid);
}
static DEVICE_ATTR_RO(slice);

static ssize_t pinned_pages_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct sluice_vdev *vdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n",
			  sluice_iova_nr_pinned(&vdev->iova_table));
}
static DEVICE_ATTR_RO(pinned_pages);

static struct attribute *mdev_attrs[] = {
	&dev_attr_slice.attr,
	&dev_attr_pinned_pages.attr,
	NULL,
};

static const struct attribute_group mdev_group = {
	.attrs = mdev_attrs,
};

static ssize_t poll_us_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct sluice_vdev *vdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(vdev->poll.poll_us));
}

static ssize_t poll_us_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct sluice_vdev *vdev = dev_get_drvdata(dev);
	u32 us;
	int ret;

	ret = kstrtou32(buf, 0, &us);
	if (ret) {
		dev_err_ratelimited(dev, "poll_us: %.*s is not a number from 0 to %u\n",
				    (int)strcspn(buf, "\n"), buf, U32_MAX);
		return ret;
	}
	WRITE_ONCE(vdev->poll.poll_us, us);
	return count;
}
static DEVICE_ATTR_RW(poll_us);

static ssize_t doorbell_faults_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct sluice_vdev *vdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n",
			  (u64)atomic64_read(&vdev->poll.doorbells.faults));
}
static DEVICE_ATTR_RO(doorbell_faults);

static ssize_t polled_us_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	struct sluice_vdev *vdev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(vdev->poll.spent) / NSEC_PER_USEC);
}
static DEVICE_ATTR_RO(polled_us);

static struct attribute *mdev_polling_attrs[] = {
	&dev_attr_poll_us.attr,
	&dev_attr_doorbell_faults.attr,
	&dev_attr_polled_us.attr,
	NULL,
};

/* Settings of the slice, apart from the attributes that every mdev has. */
static const struct attribute_group mdev_polling_group = {
	.name = "sluice",
	.attrs = mdev_polling_attrs,
};

const struct attribute_group *sluice_mdev_groups[] = {
	&mdev_group,
	&mdev_polling_group,
	NULL,
};

/* Set what the backend needs in its attach operation. */
static void sluice_mdev_fill_sdev(struct sluice_vdev *vdev,
				  struct mdev_device *mdev,
				  struct sluice_parent *parent,
				  struct sluice_slice *slice)
{
	struct sluice_dev *sdev = &vdev->sdev;

	sdev->dev = mdev_dev(mdev);
	sdev->dma_dev = parent->dev;
	sdev->parent = parent;
	sdev->type = sluice_parent_type(mdev->type);
	sdev->slice = slice;
	sluice_slice_get_info(slice, &sdev->info);
	mutex_init(&vdev->lock);
	init_rwsem(&vdev->owner_lock);
}

/* Allocate what depends on the backend's description of the function. */
static int sluice_mdev_alloc(struct sluice_vdev *vdev,
			     const struct sluice_function *fn)
{
	int ret;

	ret = sluice_config_init(&vdev->config, fn);
	if (!ret && vdev->config.doorbell_pages &&
	    !sluice_vdev_ops(vdev)->doorbell)
		ret = -EINVAL;
	if (ret) {
		dev_err(vdev->sdev.dev, "the backend describes an invalid PCI function\n");
		return ret;
	}
	ret = sluice_irqs_init(&vdev->msix, fn->vectors);
	if (ret)
		return ret;
	ret = sluice_irqs_init(&vdev->req, 1);
	if (ret)
		goto destroy_msix;
	ret = -ENOMEM;
	vdev->msix_bar = kvzalloc(vdev->config.msix_size, GFP_KERNEL_ACCOUNT);
	if (!vdev->msix_bar)
		goto destroy_req;
	ret = sluice_doorbell_init(&vdev->poll.doorbells,
				   vdev->config.doorbell_pages);
	if (ret)
		goto free_msix_bar;
	vdev->sdev.doorbells = vdev->poll.doorbells.words;
	return 0;

free_msix_bar:
	kvfree(vdev->msix_bar);
destroy_req:
	sluice_irqs_destroy(&vdev->req);
destroy_msix:
	sluice_irqs_destroy(&vdev->msix);
	return ret;
}

static void sluice_mdev_free(struct sluice_vdev *vdev)
{
	sluice_doorbell_exit(&vdev->poll.doorbells);
	kvfree(vdev->msix_bar);
	sluice_irqs_destroy(&vdev->req);
	sluice_irqs_destroy(&vdev->msix);
}

/* Attach the backend, then allocate what the function it describes needs. */
static int sluice_mdev_attach(struct sluice_vdev *vdev)
{
	const struct sluice_parent_ops *ops = sluice_vdev_ops(vdev);
	struct sluice_function fn = {};
	int ret;

	sluice_poll_entry_init(&vdev->poll, &vdev->sdev);
	sluice_mem_init(vdev);
	ret = ops->attach(&vdev->sdev, &fn);
	if (ret)
		goto exit_mem;
	ret = sluice_mdev_alloc(vdev, &fn);
	if (ret)
		goto detach;
	return 0;

detach:
	ops->detach(&vdev->sdev);
exit_mem:
	sluice_mem_exit(vdev);
	return ret;
}

/* Detach first: afterwards no interrupt comes, so the vectors can be freed. */
static void sluice_mdev_detach(struct sluice_vdev *vdev)
{
	sluice_vdev_ops(vdev)->detach(&vdev->sdev);
	sluice_mdev_free(vdev);
	sluice_mem_exit(vdev);
}

static int sluice_mdev_make_vdev(struct mdev_device *mdev,
				 struct sluice_parent *parent,
				 struct sluice_slice *slice)
{
	struct sluice_vdev *vdev;
	int ret;

	vdev = vfio_alloc_device(sluice_vdev, vdev, mdev_dev(mdev),
				 &sluice_vfio_ops);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	sluice_mdev_fill_sdev(vdev, mdev, parent, slice);
	ret = sluice_mdev_attach(vdev);
	if (ret)
		goto put_vdev;
	sluice_claim_join(slice, &vdev->sdev);
	dev_set_drvdata(mdev_dev(mdev), vdev);
	ret = vfio_register_emulated_iommu_dev(&vdev->vdev);
	if (ret)
		goto detach;
	return 0;

detach:
	sluice_claim_leave(slice);
	dev_set_drvdata(mdev_dev(mdev), NULL);
	sluice_mdev_detach(vdev);
put_vdev:
	vfio_put_device(&vdev->vdev);
	return ret;
}

/**
 * sluice_mdev_probe() - attach the slice that an mdev asks for
 * @mdev: new mdev; its UUID names the slice
 *
 * Return: 0 or a negative errno; the documentation of create lists them
 */
int sluice_mdev_probe(struct mdev_device *mdev)
{
	struct sluice_parent *parent = sluice_parent_of_type(mdev->type);
	struct sluice_slice *slice;
	struct sluice_vdev *vdev;
	uuid_t uuid;
	int ret;

	if (!try_module_get(parent->ops->owner))
		return -ENODEV;
	sluice_mdev_to_uuid(&mdev->uuid, &uuid);
	slice = sluice_claim(parent, sluice_parent_type(mdev->type), &uuid);
	if (IS_ERR(slice)) {
		ret = PTR_ERR(slice);
		goto put_module;
	}
	ret = sluice_mdev_make_vdev(mdev, parent, slice);
	if (ret)
		goto cancel_claim;
	vdev = dev_get_drvdata(mdev_dev(mdev));
	trace_sluice_attach(&uuid, &vdev->sdev.info);
	sluice_slice_announce(slice);
	return 0;

cancel_claim:
	sluice_claim_cancel(slice);
put_module:
	module_put(parent->ops->owner);
	return ret;
}

/**
 * sluice_mdev_remove() - detach an mdev's slice
 * @mdev: mdev
 *
 * Waits until the user has closed the device.
 */
void sluice_mdev_remove(struct mdev_device *mdev)
{
	struct sluice_vdev *vdev = dev_get_drvdata(mdev_dev(mdev));
	struct sluice_parent *parent = vdev->sdev.parent;
	struct sluice_slice *slice = vdev->sdev.slice;
	uuid_t uuid;

	vfio_unregister_group_dev(&vdev->vdev);
	sluice_claim_leave(slice);
	sluice_mdev_detach(vdev);
	sluice_mdev_to_uuid(&mdev->uuid, &uuid);
	trace_sluice_detach(&uuid, &vdev->sdev.info);
	vfio_put_device(&vdev->vdev);
	sluice_claim_release(slice);
	module_put(parent->ops->owner);
}
