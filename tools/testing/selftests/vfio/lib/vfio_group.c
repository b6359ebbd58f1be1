// SPDX-License-Identifier: GPL-2.0-only
/*
 * The legacy path to a VFIO device: group and type1 container
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vfio.h"

static int open_container(void)
{
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

static int open_group(const char *dir)
{
	char link[PATH_MAX], target[PATH_MAX], node[PATH_MAX];
	const char *number;
	ssize_t len;
	int fd;

	snprintf(link, sizeof(link), "%s/iommu_group", dir);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	number = strrchr(target, '/');
	if (!number)
		return -ENOENT;
	snprintf(node, sizeof(node), "/dev/vfio%.100s", number);
	fd = open(node, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Several groups may be in one container; the first decides what it is */
static int join(struct vfio_dev *dev, bool first)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(dev->group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	if (ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->space))
		return -errno;
	if (first && ioctl(dev->space, VFIO_SET_IOMMU,
			   dev->path == VFIO_PATH_GROUP_V1 ?
			   VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

int vfio_group_open(struct vfio_dev *dev, const char *id, const char *dir,
		    const struct vfio_dev *other)
{
	int ret;

	dev->space = other ? dup(other->space) : open_container();
	if (dev->space < 0)
		return dev->space;
	dev->group = open_group(dir);
	if (dev->group < 0)
		return dev->group;
	ret = join(dev, !other);
	if (ret)
		return ret;
	dev->fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, id);
	return dev->fd < 0 ? -errno : 0;
}

int vfio_group_map(struct vfio_dev *dev, void *va, u64 iova, u64 len,
		   u32 flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = len,
	};

	return ioctl(dev->space, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

int vfio_group_unmap(struct vfio_dev *dev, u64 iova, u64 len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = len,
	};

	if (ioctl(dev->space, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return -errno;
	return unmap.size == len ? 0 : -ENXIO;
}
