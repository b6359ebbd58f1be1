/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One slice as a PCI function of a guest: a VFIO device. For the files of
 * device/.
 */
#ifndef SLUICE_DEVICE_H
#define SLUICE_DEVICE_H

#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sluice.h>
#include <linux/vfio.h>

#include "core.h"
#include "device/config.h"
#include "device/irq.h"
#include "memory/iova.h"
#include "poll/poller.h"

/**
 * struct sluice_vdev - a slice as a PCI function: a VFIO device
 * @vdev: for VFIO; must be first
 * @sdev: what the backend sees
 * @lock: serialises open, close, reset, quiesce, bus mastering and changes of
 *	@config; see vfio.c
 * @config: the configuration space, and the regions
 * @memory_on: the BARs respond; a copy of the state in @config, for readers
 *	without @lock
 * @master_on: bus mastering is on; the last state that the backend was told
 * @opened: true from open to close; under @lock
 * @msix_bar: contents of the BAR with the MSI-X table and PBA
 * @msix: MSI-X vectors
 * @owner_lock: protects @owner. A thread that charges the owner holds it for
 *	reading; outside of all locks of a backend
 * @owner: the memory cgroup of the process that has opened the device, or NULL
 * @req: the interrupt that asks the user to close the device
 * @iova_table: guest memory
 * @pin_error: the errno of pinning that was logged last, 0 since open. Written by
 *	@iova_table's work item, and by open before that can run
 * @poll: the doorbell pages, and what the poller keeps of the slice
 */
struct sluice_vdev {
	struct vfio_device vdev;
	struct sluice_dev sdev;
	struct mutex lock;
	struct sluice_config config;
	bool memory_on;
	bool master_on;
	bool opened;
	u8 *msix_bar;
	struct sluice_irqs msix;
	struct sluice_irqs req;
	struct rw_semaphore owner_lock;
	struct mem_cgroup *owner;
	struct sluice_iova_table iova_table;
	int pin_error;
	struct sluice_poll_entry poll;
};

static inline struct sluice_vdev *sluice_to_vdev(struct sluice_dev *sdev)
{
	return container_of(sdev, struct sluice_vdev, sdev);
}

static inline struct sluice_vdev *
sluice_vfio_to_vdev(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct sluice_vdev, vdev);
}

static inline const struct sluice_parent_ops *
sluice_vdev_ops(const struct sluice_vdev *vdev)
{
	return vdev->sdev.parent->ops;
}

/* mem.c */
void sluice_mem_init(struct sluice_vdev *vdev);
void sluice_mem_exit(struct sluice_vdev *vdev);

/* charge.c */
void sluice_charge_open(struct sluice_vdev *vdev);
void sluice_charge_close(struct sluice_vdev *vdev);

/* vfio.c */
extern const struct vfio_device_ops sluice_vfio_ops;
void sluice_vdev_write_config(struct sluice_vdev *vdev, u32 off,
			      const void *buf, u32 len);
void sluice_vdev_reset(struct sluice_vdev *vdev);

/* region.c */
u64 sluice_region_size(const struct sluice_vdev *vdev, unsigned int index);
u64 sluice_region_offset(unsigned int index);
const struct sluice_area *sluice_region_area(const struct sluice_vdev *vdev,
					     unsigned int index, u64 off);
int sluice_region_info(struct vfio_device *core_vdev,
		       struct vfio_region_info *info,
		       struct vfio_info_cap *caps);
int sluice_region_mmap(struct vfio_device *core_vdev,
		       struct vm_area_struct *vma);

/* access.c */
ssize_t sluice_vfio_read(struct vfio_device *core_vdev, char __user *ubuf,
			 size_t count, loff_t *ppos);
ssize_t sluice_vfio_write(struct vfio_device *core_vdev,
			  const char __user *ubuf, size_t count, loff_t *ppos);
ssize_t sluice_access_prepare(const struct sluice_vdev *vdev, size_t count,
			      loff_t pos, unsigned int *index, u32 *off);
int sluice_access_read(struct sluice_vdev *vdev, unsigned int index, u32 off,
		       u8 *buf, size_t len);
int sluice_access_write(struct sluice_vdev *vdev, unsigned int index, u32 off,
			const u8 *buf, size_t len);

/* ioctl.c */
long sluice_vfio_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		       unsigned long arg);

/* mdev.c */
extern const struct attribute_group *sluice_mdev_groups[];
int sluice_mdev_probe(struct mdev_device *mdev);
void sluice_mdev_remove(struct mdev_device *mdev);

#endif /* SLUICE_DEVICE_H */
