// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes of a slice's PCI regions
 *
 * VFIO calls this file when the user reads or writes the device file, for
 * example for a trapped access of a vCPU. The backend gets register accesses in
 * naturally aligned pieces of at most eight bytes. Doorbell pages are memory: a
 * write is stored and reported to the backend; a read returns zero. The BAR
 * with the MSI-X table is memory, too: the user emulates the interrupt
 * controller and reads that table, the core does not.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "device/device.h"

/* Bytes copied at once; a vCPU never accesses more than eight bytes. */
#define ACCESS_BUF		64

/* Length of the longest naturally aligned piece at the start of an access. */
static unsigned int sluice_access_piece(u32 off, size_t len)
{
	unsigned int n = 8;

	while (n > len || !IS_ALIGNED(off, n))
		n /= 2;
	return n;
}

/* A piece never crosses the end of an area: areas are whole pages. */
static void sluice_access_read_piece(struct sluice_vdev *vdev,
				     unsigned int bar, u32 off, u8 *buf,
				     unsigned int len)
{
	const struct sluice_area *area = sluice_region_area(vdev, bar, off);
	const struct sluice_parent_ops *ops = sluice_vdev_ops(vdev);

	memset(buf, 0, len);
	if (area && area->type == SLUICE_AREA_MEMORY)
		memcpy(buf, area->memory + off - area->offset, len);
	else if (!area && ops->reg_read)
		ops->reg_read(&vdev->sdev, bar, off, buf, len);
}

static void sluice_access_read_bar(struct sluice_vdev *vdev, unsigned int bar,
				   u32 off, u8 *buf, size_t len)
{
	while (len) {
		unsigned int n = sluice_access_piece(off, len);

		sluice_access_read_piece(vdev, bar, off, buf, n);
		off += n;
		buf += n;
		len -= n;
	}
}

/* Only a write of a whole doorbell counts; other lengths are ignored. */
static void sluice_access_ring(struct sluice_vdev *vdev, u32 off, const u8 *buf,
			       unsigned int len)
{
	struct sluice_dev *sdev = &vdev->sdev;
	unsigned int index = off / sizeof(__le32);
	__le32 val;

	if (len != sizeof(val))
		return;
	memcpy(&val, buf, sizeof(val));
	WRITE_ONCE(sdev->doorbells[index], val);
	sluice_vdev_ops(vdev)->doorbell(sdev, index);
}

static void sluice_access_write_piece(struct sluice_vdev *vdev,
				      unsigned int bar, u32 off, const u8 *buf,
				      unsigned int len)
{
	const struct sluice_area *area = sluice_region_area(vdev, bar, off);
	const struct sluice_parent_ops *ops = sluice_vdev_ops(vdev);

	if (!area) {
		if (ops->reg_write)
			ops->reg_write(&vdev->sdev, bar, off, buf, len);
		return;
	}
	off -= area->offset;
	if (area->type == SLUICE_AREA_DOORBELLS)
		sluice_access_ring(vdev, off, buf, len);
	else
		memcpy(area->memory + off, buf, len);
}

static void sluice_access_write_bar(struct sluice_vdev *vdev, unsigned int bar,
				    u32 off, const u8 *buf, size_t len)
{
	while (len) {
		unsigned int n = sluice_access_piece(off, len);

		sluice_access_write_piece(vdev, bar, off, buf, n);
		off += n;
		buf += n;
		len -= n;
	}
}

/* The PBA reads as zero: no interrupt is ever pending here. */
static void sluice_access_read_msix(struct sluice_vdev *vdev, u32 off, u8 *buf,
				    size_t len)
{
	memcpy(buf, vdev->msix_bar + off, len);
}

static void sluice_access_write_msix(struct sluice_vdev *vdev, u32 off,
				     const u8 *buf, size_t len)
{
	u32 end = vdev->config.vectors * PCI_MSIX_ENTRY_SIZE;

	if (off < end)
		memcpy(vdev->msix_bar + off, buf, min_t(size_t, len, end - off));
}

/**
 * sluice_access_read() - read from a region
 * @vdev: the device
 * @index: VFIO region index
 * @off: offset in the region
 * @buf: receives the bytes
 * @len: how many, all within the region
 *
 * Return: 0, or -EIO if the BARs do not respond
 */
int sluice_access_read(struct sluice_vdev *vdev, unsigned int index, u32 off,
		       u8 *buf, size_t len)
{
	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		mutex_lock(&vdev->lock);
		sluice_config_read(&vdev->config, off, buf, len);
		mutex_unlock(&vdev->lock);
		return 0;
	}
	if (!READ_ONCE(vdev->memory_on))
		return -EIO;
	if (index == vdev->config.fn.msix_bar)
		sluice_access_read_msix(vdev, off, buf, len);
	else
		sluice_access_read_bar(vdev, index, off, buf, len);
	return 0;
}

/**
 * sluice_access_write() - write to a region
 * @vdev: the device
 * @index: VFIO region index
 * @off: offset in the region
 * @buf: the bytes
 * @len: how many, all within the region
 *
 * Return: 0, or -EIO if the BARs do not respond
 */
int sluice_access_write(struct sluice_vdev *vdev, unsigned int index, u32 off,
			const u8 *buf, size_t len)
{
	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		sluice_vdev_write_config(vdev, off, buf, len);
		return 0;
	}
	if (!READ_ONCE(vdev->memory_on))
		return -EIO;
	if (index == vdev->config.fn.msix_bar)
		sluice_access_write_msix(vdev, off, buf, len);
	else
		sluice_access_write_bar(vdev, index, off, buf, len);
	return 0;
}

/**
 * sluice_access_prepare() - split a file offset into region and offset
 * @vdev: the device
 * @count: number of bytes requested
 * @pos: file offset
 * @index: receives the VFIO region index
 * @off: receives the offset in the region
 *
 * Return: how many of the bytes are within the region, or -EINVAL if none is
 */
ssize_t sluice_access_prepare(const struct sluice_vdev *vdev, size_t count,
			      loff_t pos, unsigned int *index, u32 *off)
{
	u64 in_region = (u64)pos % sluice_region_offset(1);
	u64 size;

	if (pos < 0 || pos >= sluice_region_offset(VFIO_PCI_NUM_REGIONS))
		return -EINVAL;
	*index = (u64)pos / sluice_region_offset(1);
	size = sluice_region_size(vdev, *index);
	if (in_region >= size)
		return -EINVAL;
	*off = in_region;
	return min_t(u64, count, size - *off);
}

/* End each step at a multiple of ACCESS_BUF, so that the next is aligned. */
static size_t sluice_access_step(u32 off, size_t left)
{
	return min_t(size_t, left, ACCESS_BUF - off % ACCESS_BUF);
}

/**
 * struct sluice_access - one read or write by the user
 * @vdev: the device
 * @read_to: where a read puts its bytes, NULL for a write
 * @write_from: where a write has its bytes, NULL for a read
 */
struct sluice_access {
	struct sluice_vdev *vdev;
	char __user *read_to;
	const char __user *write_from;
};

/* Do one step: the user's first @done bytes are done, @off is in the region. */
static int sluice_access_do(const struct sluice_access *acc, unsigned int index,
			    u32 off, size_t done, size_t len)
{
	u8 buf[ACCESS_BUF] __aligned(8);
	int ret;

	if (acc->write_from) {
		if (copy_from_user(buf, acc->write_from + done, len))
			return -EFAULT;
		return sluice_access_write(acc->vdev, index, off, buf, len);
	}
	ret = sluice_access_read(acc->vdev, index, off, buf, len);
	if (ret)
		return ret;
	return copy_to_user(acc->read_to + done, buf, len) ? -EFAULT : 0;
}

/* Do an access in steps; if a step fails, the steps before it count. */
static ssize_t sluice_access_walk(const struct sluice_access *acc, size_t count,
				  loff_t *ppos)
{
	unsigned int index;
	ssize_t todo, done;
	u32 off;

	if (!count)
		return 0;
	todo = sluice_access_prepare(acc->vdev, count, *ppos, &index, &off);
	if (todo < 0)
		return todo;
	for (done = 0; done < todo;) {
		size_t n = sluice_access_step(off, todo - done);
		int ret = sluice_access_do(acc, index, off, done, n);

		if (ret)
			return done ?: ret;
		off += n;
		done += n;
		*ppos += n;
	}
	return done;
}

/**
 * sluice_vfio_read() - read from a region
 * @core_vdev: VFIO device
 * @ubuf: user memory
 * @count: bytes
 * @ppos: file offset
 *
 * Return: bytes read, fewer than @count at the end of the region; -EINVAL
 * outside any region; -EIO if the BARs do not respond; -EFAULT
 */
ssize_t sluice_vfio_read(struct vfio_device *core_vdev, char __user *ubuf,
			 size_t count, loff_t *ppos)
{
	const struct sluice_access acc = {
		.vdev = sluice_vfio_to_vdev(core_vdev),
		.read_to = ubuf,
	};

	return sluice_access_walk(&acc, count, ppos);
}

/**
 * sluice_vfio_write() - write to a region
 * @core_vdev: VFIO device
 * @ubuf: user memory
 * @count: bytes
 * @ppos: file offset
 *
 * Return: bytes written, fewer than @count at the end of the region; -EINVAL
 * outside any region; -EIO if the BARs do not respond; -EFAULT
 */
ssize_t sluice_vfio_write(struct vfio_device *core_vdev,
			  const char __user *ubuf, size_t count, loff_t *ppos)
{
	const struct sluice_access acc = {
		.vdev = sluice_vfio_to_vdev(core_vdev),
		.write_from = ubuf,
	};

	return sluice_access_walk(&acc, count, ppos);
}
