// SPDX-License-Identifier: GPL-2.0-only
/*
 * The newer path to a VFIO device: its character device and iommufd
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vfio.h"

/* The only entry of the directory vfio-dev is called vfioN. */
static int open_cdev(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int fd = -ENOENT;
	DIR *d;

	snprintf(path, sizeof(path), "%s/vfio-dev", dir);
	d = opendir(path);
	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%.100s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		break;
	}
	closedir(d);
	return fd;
}

static int new_ioas(struct vfio_dev *dev)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	if (ioctl(dev->space, IOMMU_IOAS_ALLOC, &alloc))
		return -errno;
	dev->ioas = alloc.out_ioas_id;
	return 0;
}

static int bind_and_attach(struct vfio_dev *dev, const struct vfio_dev *other)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = dev->space,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};
	int ret = 0;

	if (ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -errno;
	if (other)
		dev->ioas = other->ioas;
	else
		ret = new_ioas(dev);
	if (ret)
		return ret;
	attach.pt_id = dev->ioas;
	if (ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		return -errno;
	return 0;
}

int vfio_iommufd_open(struct vfio_dev *dev, const char *dir,
		      const struct vfio_dev *other)
{
	dev->space = other ? dup(other->space) :
			     open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (dev->space < 0)
		return -errno;
	dev->fd = open_cdev(dir);
	if (dev->fd < 0)
		return dev->fd;
	return bind_and_attach(dev, other);
}

int vfio_iommufd_map(struct vfio_dev *dev, void *va, u64 iova, u64 len,
		     u32 flags)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = dev->ioas,
		.user_va = (uintptr_t)va,
		.iova = iova,
		.length = len,
	};

	if (flags & VFIO_DMA_MAP_FLAG_READ)
		map.flags |= IOMMU_IOAS_MAP_READABLE;
	if (flags & VFIO_DMA_MAP_FLAG_WRITE)
		map.flags |= IOMMU_IOAS_MAP_WRITEABLE;
	return ioctl(dev->space, IOMMU_IOAS_MAP, &map) ? -errno : 0;
}

int vfio_iommufd_unmap(struct vfio_dev *dev, u64 iova, u64 len)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = dev->ioas,
		.iova = iova,
		.length = len,
	};

	if (ioctl(dev->space, IOMMU_IOAS_UNMAP, &unmap))
		return -errno;
	return unmap.length == len ? 0 : -ENXIO;
}
