// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO device: open and close, regions, configuration space, interrupts
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "tap.h"
#include "vfio.h"

/* Above the x86 interrupt range below 4 GiB, which type1 may reserve */
#define FIRST_IOVA	0x100000000ull

void vfio_sysfs_dir(const char *id, char *dir, size_t len)
{
	const char *bus = strchr(id, ':') ? "pci" : "mdev";

	snprintf(dir, len, "/sys/bus/%s/devices/%s", bus, id);
}

static int get_regions(struct vfio_dev *dev)
{
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		struct vfio_region_info info = {
			.argsz = sizeof(info),
			.index = i,
		};

		dev->size[i] = 0;
		if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
			continue;
		dev->offset[i] = info.offset;
		dev->size[i] = info.size;
	}
	return dev->size[VFIO_PCI_CONFIG_REGION_INDEX] ? 0 : -ENODEV;
}

static int open_in(struct vfio_dev *dev, const char *id, enum vfio_path path,
		   const struct vfio_dev *other)
{
	char dir[256];
	int ret;

	*dev = (struct vfio_dev){
		.fd = -1, .space = -1, .group = -1,
		.path = path, .next_iova = FIRST_IOVA,
	};
	vfio_sysfs_dir(id, dir, sizeof(dir));
	if (path != VFIO_PATH_IOMMUFD)
		ret = vfio_group_open(dev, id, dir, other);
	else
		ret = vfio_iommufd_open(dev, dir, other);
	if (!ret)
		ret = get_regions(dev);
	if (ret)
		vfio_close(dev);
	return ret;
}

int vfio_open(struct vfio_dev *dev, const char *id, enum vfio_path path)
{
	return open_in(dev, id, path, NULL);
}

int vfio_open_beside(struct vfio_dev *dev, const char *id,
		     const struct vfio_dev *other)
{
	return open_in(dev, id, other->path, other);
}

int vfio_open_wait(struct vfio_dev *dev, const char *id, enum vfio_path path,
		   unsigned int ms)
{
	u64 end = now_ms() + ms;
	int ret;

	do {
		ret = vfio_open(dev, id, path);
		if (ret != -EBUSY && ret != -EINVAL)
			break;
		sleep_ms(20);
	} while (now_ms() < end);
	return ret;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vfio_close(struct vfio_dev *dev)
{
	close_fd(&dev->fd);
	close_fd(&dev->group);
	close_fd(&dev->space);
}

int vfio_reset(struct vfio_dev *dev)
{
	return ioctl(dev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

ssize_t vfio_read(struct vfio_dev *dev, unsigned int region, u64 off,
		  void *buf, size_t len)
{
	ssize_t n = pread(dev->fd, buf, len, dev->offset[region] + off);

	return n < 0 ? -errno : n;
}

ssize_t vfio_write(struct vfio_dev *dev, unsigned int region, u64 off,
		   const void *buf, size_t len)
{
	ssize_t n = pwrite(dev->fd, buf, len, dev->offset[region] + off);

	return n < 0 ? -errno : n;
}

static void cfg_read(struct vfio_dev *dev, u32 off, void *buf, size_t len)
{
	ssize_t n = vfio_read(dev, VFIO_PCI_CONFIG_REGION_INDEX, off, buf, len);

	if (n != (ssize_t)len)
		tap_bail("configuration space 0x%x: read of %zu bytes gives %zd",
			 off, len, n);
}

static void cfg_write(struct vfio_dev *dev, u32 off, const void *buf,
		      size_t len)
{
	ssize_t n = vfio_write(dev, VFIO_PCI_CONFIG_REGION_INDEX, off, buf,
			       len);

	if (n != (ssize_t)len)
		tap_bail("configuration space 0x%x: write of %zu bytes gives %zd",
			 off, len, n);
}

u8 vfio_cfg8(struct vfio_dev *dev, u32 off)
{
	u8 val;

	cfg_read(dev, off, &val, sizeof(val));
	return val;
}

u16 vfio_cfg16(struct vfio_dev *dev, u32 off)
{
	u16 val;

	cfg_read(dev, off, &val, sizeof(val));
	return val;
}

u32 vfio_cfg32(struct vfio_dev *dev, u32 off)
{
	u32 val;

	cfg_read(dev, off, &val, sizeof(val));
	return val;
}

void vfio_cfg_write8(struct vfio_dev *dev, u32 off, u8 val)
{
	cfg_write(dev, off, &val, sizeof(val));
}

void vfio_cfg_write16(struct vfio_dev *dev, u32 off, u16 val)
{
	cfg_write(dev, off, &val, sizeof(val));
}

void vfio_cfg_write32(struct vfio_dev *dev, u32 off, u32 val)
{
	cfg_write(dev, off, &val, sizeof(val));
}

u8 vfio_find_cap(struct vfio_dev *dev, u8 id)
{
	unsigned int guard = 64;
	u8 pos;

	if (!(vfio_cfg16(dev, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	pos = vfio_cfg8(dev, PCI_CAPABILITY_LIST) & ~3;
	while (pos && guard--) {
		if (vfio_cfg8(dev, pos) == id)
			return pos;
		pos = vfio_cfg8(dev, pos + 1) & ~3;
	}
	return 0;
}

void vfio_set_command(struct vfio_dev *dev, u16 set, u16 clear)
{
	u16 cmd = vfio_cfg16(dev, PCI_COMMAND);

	vfio_cfg_write16(dev, PCI_COMMAND, (cmd & ~clear) | set);
}

void vfio_flr(struct vfio_dev *dev)
{
	u8 pos = vfio_find_cap(dev, PCI_CAP_ID_EXP);
	u16 ctl;

	if (!pos)
		tap_bail("no PCI Express capability");
	ctl = vfio_cfg16(dev, pos + PCI_EXP_DEVCTL);
	vfio_cfg_write16(dev, pos + PCI_EXP_DEVCTL,
			 ctl | PCI_EXP_DEVCTL_BCR_FLR);
	/* PCI Express 6.6.2: no access for 100 ms after an FLR */
	sleep_ms(100);
}

int vfio_set_irqs(struct vfio_dev *dev, u32 flags, u32 index, u32 start,
		  u32 count, const void *data, size_t data_len)
{
	struct vfio_irq_set *set = malloc(sizeof(*set) + data_len);
	int ret;

	if (!set)
		tap_bail("out of memory");
	*set = (struct vfio_irq_set){
		.argsz = sizeof(*set) + data_len,
		.flags = flags, .index = index, .start = start, .count = count,
	};
	if (data_len)
		memcpy(set->data, data, data_len);
	ret = ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
	free(set);
	return ret;
}

int vfio_set_eventfds(struct vfio_dev *dev, u32 index, u32 start, u32 count,
		      const int *fds)
{
	return vfio_set_irqs(dev, VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count,
			     fds, count * sizeof(*fds));
}

int vfio_disable_irqs(struct vfio_dev *dev, u32 index)
{
	return vfio_set_irqs(dev, VFIO_IRQ_SET_DATA_NONE |
			     VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0, NULL, 0);
}

int vfio_map(struct vfio_dev *dev, void *va, u64 iova, u64 len, u32 flags)
{
	if (dev->path != VFIO_PATH_IOMMUFD)
		return vfio_group_map(dev, va, iova, len, flags);
	return vfio_iommufd_map(dev, va, iova, len, flags);
}

int vfio_unmap(struct vfio_dev *dev, u64 iova, u64 len)
{
	if (dev->path != VFIO_PATH_IOMMUFD)
		return vfio_group_unmap(dev, iova, len);
	return vfio_iommufd_unmap(dev, iova, len);
}
