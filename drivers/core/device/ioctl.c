// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the user of a slice asks VFIO for: information, interrupts, reset
 *
 * VFIO passes the ioctls of the device file to this file.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device/device.h"

static long sluice_ioctl_get_info(void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/* From 6.19 on the VFIO core does this itself */
static long sluice_ioctl_put_region_info(struct vfio_region_info *info,
					 struct vfio_info_cap *caps,
					 void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_region_info, offset);

	if (caps->size) {
		info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info->argsz < sizeof(*info) + caps->size) {
			info->argsz = sizeof(*info) + caps->size;
		} else {
			vfio_info_cap_shift(caps, sizeof(*info));
			if (copy_to_user(arg + sizeof(*info), caps->buf,
					 caps->size))
				return -EFAULT;
			info->cap_offset = sizeof(*info);
		}
	}
	return copy_to_user(arg, info, minsz) ? -EFAULT : 0;
}

static long sluice_ioctl_get_region_info(struct vfio_device *core_vdev,
					 void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_info_cap caps = {};
	struct vfio_region_info info;
	long ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.cap_offset = 0;
	ret = sluice_region_info(core_vdev, &info, &caps);
	if (!ret)
		ret = sluice_ioctl_put_region_info(&info, &caps, arg);
	kfree(caps.buf);
	return ret;
}

/* Returns NULL for an index without vectors. */
static struct sluice_irqs *sluice_ioctl_irqs(struct sluice_vdev *vdev,
					     u32 index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return &vdev->msix;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return &vdev->req;
	default:
		return NULL;
	}
}

static long sluice_ioctl_get_irq_info(struct sluice_vdev *vdev,
				      void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;
	struct sluice_irqs *irqs;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	/* as a device without AER answers: QEMU warns of one that has no vector */
	if (info.index == VFIO_PCI_ERR_IRQ_INDEX)
		return -EINVAL;

	irqs = sluice_ioctl_irqs(vdev, info.index);
	info.flags = irqs ? VFIO_IRQ_INFO_EVENTFD : 0;
	info.count = irqs ? irqs->nr : 0;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long sluice_ioctl_set_irqs(struct sluice_vdev *vdev, void __user *arg)
{
	unsigned long minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set hdr;
	struct sluice_irqs *irqs;
	void *data = NULL;
	size_t size;
	int ret;

	if (copy_from_user(&hdr, arg, minsz))
		return -EFAULT;
	irqs = sluice_ioctl_irqs(vdev, hdr.index);
	ret = vfio_set_irqs_validate_and_prepare(&hdr, irqs ? irqs->nr : 0,
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;
	if (size) {
		data = memdup_user(arg + minsz, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	ret = sluice_irqs_set(irqs, hdr.flags, hdr.start, hdr.count, data);
	kfree(data);
	return ret;
}

/**
 * sluice_vfio_ioctl() - the ioctls that VFIO leaves to drivers
 * @core_vdev: VFIO device
 * @cmd: command
 * @arg: argument
 *
 * Return: 0 or a negative errno, -ENOTTY for an unknown command
 */
long sluice_vfio_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		       unsigned long arg)
{
	struct sluice_vdev *vdev = sluice_vfio_to_vdev(core_vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return sluice_ioctl_get_info(uarg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return sluice_ioctl_get_region_info(core_vdev, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return sluice_ioctl_get_irq_info(vdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return sluice_ioctl_set_irqs(vdev, uarg);
	case VFIO_DEVICE_RESET:
		sluice_vdev_reset(vdev);
		return 0;
	default:
		return -ENOTTY;
	}
}
