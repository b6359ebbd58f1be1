// SPDX-License-Identifier: GPL-2.0-only
/*
 * A slice as a VFIO device: open, close, reset, unmap, request
 *
 * VFIO calls the operations at the end of this file when the user of a slice
 * opens, resets or closes its device, or unmaps memory.
 *
 * Locking
 * -------
 * &sluice_vdev.lock serialises everything that changes the state of the whole
 * function: open, close, reset, writes to the configuration space, and the
 * quiescing for an unmap. The core calls the backend's operations of those
 * names under this lock, but not the operations for register accesses and
 * doorbells.
 *
 * The unmap callback takes this lock while VFIO holds the lock of the
 * container's devices. So a thread with this lock must not wait without limit
 * for pages to be pinned or unpinned: two threads could wait for each other,
 * see iova_pin.c. For example, a backend that touches guest memory in reset
 * waits for a page to be pinned, but gives up when an unmap begins. Close drops
 * the pages after it has released the lock.
 *
 * VFIO may call the unmap callback before open and after close; then there is
 * nothing to quiesce and nothing to drop.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/string.h>
#include <trace/events/sluice.h>

#include "device/device.h"
#include "inventory/inventory.h"

/* Mask all vectors, as the PCI specification requires after a reset. */
static void sluice_vfio_reset_msix_bar(struct sluice_vdev *vdev)
{
	unsigned int i;

	memset(vdev->msix_bar, 0, vdev->config.msix_size);
	for (i = 0; i < vdev->config.vectors; i++)
		vdev->msix_bar[i * PCI_MSIX_ENTRY_SIZE +
			       PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* Apply the command register: memory decoding and bus mastering. */
static void sluice_vfio_apply_config(struct sluice_vdev *vdev)
{
	bool master = sluice_config_master_on(&vdev->config);

	WRITE_ONCE(vdev->memory_on, sluice_config_memory_on(&vdev->config));
	if (master == vdev->master_on)
		return;
	vdev->master_on = master;
	if (sluice_vdev_ops(vdev)->bus_master)
		sluice_vdev_ops(vdev)->bus_master(&vdev->sdev, master);
}

/* After its reset the backend has bus mastering off. */
static void sluice_vfio_reset_backend(struct sluice_vdev *vdev)
{
	sluice_vdev_ops(vdev)->reset(&vdev->sdev);
	sluice_doorbell_clear(&vdev->poll.doorbells);
	vdev->master_on = false;
}

/**
 * sluice_vdev_write_config() - a guest writes to its configuration space
 * @vdev: the device
 * @off: offset
 * @buf: the bytes
 * @len: how many
 */
void sluice_vdev_write_config(struct sluice_vdev *vdev, u32 off,
			      const void *buf, u32 len)
{
	unsigned int actions;

	mutex_lock(&vdev->lock);
	actions = sluice_config_write(&vdev->config, off, buf, len);
	if (actions & SLUICE_CONFIG_FLR) {
		WRITE_ONCE(vdev->memory_on, false);
		sluice_vfio_reset_backend(vdev);
		sluice_vfio_reset_msix_bar(vdev);
	}
	sluice_vfio_apply_config(vdev);
	mutex_unlock(&vdev->lock);
}

/**
 * sluice_vdev_reset() - reset a device for its user (VFIO_DEVICE_RESET)
 * @vdev: the device
 *
 * The configuration space keeps its contents. vfio-pci does the same (it saves
 * and restores them), and user-space drivers rely on it: they enable the device
 * first and reset it then.
 */
void sluice_vdev_reset(struct sluice_vdev *vdev)
{
	mutex_lock(&vdev->lock);
	sluice_vfio_reset_backend(vdev);
	sluice_vfio_apply_config(vdev);
	mutex_unlock(&vdev->lock);
}

/* A slice whose backend cannot poll gets no poller. */
static int sluice_vfio_join(struct sluice_vdev *vdev)
{
	return sluice_vdev_ops(vdev)->poll ? sluice_poller_join(&vdev->poll) : 0;
}

static void sluice_vfio_leave(struct sluice_vdev *vdev)
{
	if (sluice_vdev_ops(vdev)->poll)
		sluice_poller_leave(&vdev->poll);
}

static int sluice_vfio_open(struct vfio_device *core_vdev)
{
	struct sluice_vdev *vdev = sluice_vfio_to_vdev(core_vdev);
	int ret;

	ret = sluice_vfio_join(vdev);
	if (ret)
		return ret;
	sluice_charge_open(vdev);
	ret = sluice_iova_open(&vdev->iova_table, current->mm, vdev->owner);
	if (ret)
		goto charge_close;
	mutex_lock(&vdev->lock);
	sluice_config_reset(&vdev->config);
	sluice_vfio_reset_msix_bar(vdev);
	sluice_doorbell_clear(&vdev->poll.doorbells);
	WRITE_ONCE(vdev->memory_on, false);
	vdev->master_on = false;
	vdev->pin_error = 0;
	ret = sluice_vdev_ops(vdev)->open(&vdev->sdev);
	vdev->opened = !ret;
	mutex_unlock(&vdev->lock);
	if (!ret) {
		sluice_slice_set_opener(vdev->sdev.slice,
					get_task_pid(current, PIDTYPE_TGID));
		return 0;
	}

	sluice_iova_close(&vdev->iova_table);
charge_close:
	sluice_charge_close(vdev);
	sluice_vfio_leave(vdev);
	return ret;
}

static void sluice_vfio_close(struct vfio_device *core_vdev)
{
	struct sluice_vdev *vdev = sluice_vfio_to_vdev(core_vdev);

	sluice_vfio_leave(vdev);
	mutex_lock(&vdev->lock);
	WRITE_ONCE(vdev->memory_on, false);
	vdev->opened = false;
	sluice_vdev_ops(vdev)->close(&vdev->sdev);
	mutex_unlock(&vdev->lock);

	sluice_irqs_clear(&vdev->msix);
	sluice_irqs_clear(&vdev->req);
	sluice_iova_close(&vdev->iova_table);
	sluice_charge_close(vdev);
	sluice_slice_set_opener(vdev->sdev.slice, NULL);
}

static void sluice_vfio_quiesce(struct sluice_vdev *vdev, u64 first, u64 last)
{
	u64 size = last - first;

	/* The size of all memory does not fit into u64; use one byte less. */
	if (size != U64_MAX)
		size++;
	if (vdev->opened && sluice_vdev_ops(vdev)->quiesce)
		sluice_vdev_ops(vdev)->quiesce(&vdev->sdev, first, size);
}

static void sluice_vfio_unmap_range(struct sluice_vdev *vdev, u64 first,
				    u64 last)
{
	LIST_HEAD(chunks);

	guard(mutex)(&vdev->lock);
	if (!sluice_iova_detach(&vdev->iova_table, &first, &last, &chunks))
		return;
	sluice_vfio_quiesce(vdev, first, last);
	sluice_iova_release(&vdev->iova_table, &chunks);
}

/*
 * What got no page because of the unmap goes on at once. Not if the lock is held,
 * since its holder may wait for a page from now on: then it goes on a little later.
 */
static void sluice_vfio_unmap_release(struct sluice_vdev *vdev)
{
	sluice_iova_unmap_release(&vdev->iova_table);
	if (!mutex_trylock(&vdev->lock))
		return;
	if (vdev->opened && sluice_vdev_ops(vdev)->resume)
		sluice_vdev_ops(vdev)->resume(&vdev->sdev);
	mutex_unlock(&vdev->lock);
}

static void sluice_vfio_dma_unmap(struct vfio_device *core_vdev, u64 iova,
				  u64 length)
{
	struct sluice_vdev *vdev = sluice_vfio_to_vdev(core_vdev);
	struct sluice_space_unmap unmap;
	u64 last, start;

	if (!length)
		return;
	last = length - 1 > U64_MAX - iova ? U64_MAX : iova + (length - 1);

	start = ktime_get_ns();
	sluice_iova_unmap_begin(&vdev->iova_table, iova, last, &unmap);
	sluice_vfio_unmap_range(vdev, iova, last);
	sluice_vfio_unmap_release(vdev);
	sluice_iova_unmap_end(&vdev->iova_table, iova, last, &unmap);
	trace_sluice_unmap(&vdev->sdev.info, iova, length, unmap.round,
			   ktime_get_ns() - start);
}

/* VFIO calls this every ten seconds until the user closes the device. */
static void sluice_vfio_request(struct vfio_device *core_vdev,
				unsigned int count)
{
	struct sluice_vdev *vdev = sluice_vfio_to_vdev(core_vdev);
	bool told = sluice_irqs_signal(&vdev->req, 0);

	if (!(count % 10))
		dev_notice_ratelimited(vdev->sdev.dev,
				       "removal waits until the program that has the device open closes it (it %s)\n",
				       told ? "has been asked to" :
					      "accepts no such requests");
}

/**
 * sluice_poll_kick() - end a slice's wait for its device
 * @sdev: an open device
 *
 * The backend calls this when the device has completed something and the poller
 * is not polling: after &sluice_parent_ops.set_poll_mode has turned the
 * device's interrupts on. Does nothing for a slice that is asleep.
 *
 * Context: any.
 */
void sluice_poll_kick(struct sluice_dev *sdev)
{
	sluice_poller_kick(&sluice_to_vdev(sdev)->poll);
}
EXPORT_SYMBOL_GPL(sluice_poll_kick);

/**
 * sluice_poll_sync() - wait until the poller sees what the caller has written
 * @sdev: the attached slice
 *
 * When this returns, the calls of &sluice_parent_ops.poll and
 * &sluice_parent_ops.set_poll_mode that were in progress have returned, and
 * later calls see what the caller has written before. So the backend can take
 * something away from its poll operation without a lock in that operation.
 *
 * Context: process, with no lock held that the two operations take
 */
void sluice_poll_sync(struct sluice_dev *sdev)
{
	sluice_poller_sync(&sluice_to_vdev(sdev)->poll);
}
EXPORT_SYMBOL_GPL(sluice_poll_sync);

static void sluice_vfio_release(struct vfio_device *core_vdev)
{
	sluice_compat_vfio_free(core_vdev);
}

const struct vfio_device_ops sluice_vfio_ops = {
	.name = "sluice",
	.release = sluice_vfio_release,
	SLUICE_COMPAT_EMULATED_IOMMUFD_OPS
	.open_device = sluice_vfio_open,
	.close_device = sluice_vfio_close,
	.read = sluice_vfio_read,
	.write = sluice_vfio_write,
	.ioctl = sluice_vfio_ioctl,
	SLUICE_COMPAT_REGION_INFO_OP(sluice_region_info)
	.mmap = sluice_region_mmap,
	.request = sluice_vfio_request,
	.dma_unmap = sluice_vfio_dma_unmap,
};
