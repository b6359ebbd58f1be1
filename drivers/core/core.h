/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice core: what its files share
 *
 * Locks, in the order in which they are taken:
 *
 * mdev's unreg_sem (create against the parent's unregistration)
 *   &sluice_parent.lock	disks of a parent, its set of slices, claims
 *     &sluice_slice.claim_lock	what a claim holds open
 *       the block layer's open_mutex of a disk
 *     &sluice_parent.slice_lock	what slices show and what state they are in
 *
 * mmap_lock of the user
 *   &sluice_doorbell.lock		see doorbell.c
 *     the poller's list
 *
 * VFIO's lock of the container's devices (held round the unmap callback)
 *   &sluice_vdev.lock		see vfio.c
 *     the backend's locks
 *       &sluice_iova_table.table_lock
 *         &sluice_iova_table.lock	see iova_pin.c
 */
#ifndef SLUICE_CORE_H
#define SLUICE_CORE_H

#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/sluice.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include "sluice_compat.h"

#include "device/config.h"
#include "poll/doorbell.h"
#include "memory/iova.h"
#include "device/irq.h"
#include "poll/poller.h"

/**
 * struct sluice_parent - a physical function whose disks are cut into slices
 * @slices: the device that the slices hang off, a child of @dev. Its reference
 *	count is that of this structure
 * @dev: the physical function
 * @mdev: for the mdev core
 * @types: for the mdev core
 * @rescan: attribute of @dev
 * @attrs: the attributes in @group
 * @group: the directory of @dev that the backend may add to
 * @ops: the backend
 * @drvdata: the backend's own
 * @lock: protects @disks, changes of the slices, and claims
 * @disks: &struct sluice_disk
 * @slice_lock: protects the fields of slices that say so, and changes of
 *	@slice_list, which needs @lock as well
 * @slice_list: &struct sluice_slice
 */
struct sluice_parent {
	struct device slices;
	struct device *dev;
	struct mdev_parent mdev;
	struct mdev_type **types;
	struct device_attribute rescan;
	struct attribute *attrs[2];
	struct attribute_group group;
	const struct sluice_parent_ops *ops;
	void *drvdata;
	struct mutex lock;
	struct list_head disks;
	spinlock_t slice_lock;
	struct list_head slice_list;
};

/**
 * struct sluice_disk - a disk of a parent
 * @list: in &sluice_parent.disks
 * @parent: the parent
 * @disk: the disk
 * @uuid: identity of the slice that is the whole disk
 * @priv: the backend's own
 * @block_size: bytes of a logical block
 * @guest_table: a guest has had all of it, and so may have written its table.
 *	Not read again until somebody asks for a rescan
 */
struct sluice_disk {
	struct list_head list;
	struct sluice_parent *parent;
	struct gendisk *disk;
	uuid_t uuid;
	void *priv;
	unsigned int block_size;
	bool guest_table;
};

/**
 * enum sluice_slice_state - what a slice is doing
 * @SLUICE_SLICE_FREE: nothing, unless the host uses the partition
 * @SLUICE_SLICE_ATTACHED: claimed for a guest
 * @SLUICE_SLICE_WIPING: claimed, being overwritten with zeroes
 */
enum sluice_slice_state {
	SLUICE_SLICE_FREE,
	SLUICE_SLICE_ATTACHED,
	SLUICE_SLICE_WIPING,
};

/**
 * struct sluice_extent - what a table, or a disk itself, says of a slice
 * @uuid: identity
 * @name: label, UTF-8
 * @start: first byte on the disk
 * @size: bytes
 * @partition: number, 0 for the whole disk
 * @pool: free for all, and wiped when released
 */
struct sluice_extent {
	uuid_t uuid;
	char name[SLUICE_NAME_LEN];
	u64 start;
	u64 size;
	unsigned int partition;
	bool pool;
};

/**
 * struct sluice_slice - a slice, as class sluice shows it
 * @dev: the class device
 * @list: in &sluice_parent.slice_list
 * @parent: the parent
 * @disk: the disk, NULL after it is gone; under @parent->slice_lock
 * @extent: where it is; under @parent->slice_lock. Does not change while the
 *	slice is not free
 * @state: under @parent->slice_lock
 * @mdev: who has it, all zeroes for nobody; under @parent->slice_lock
 * @has_mdev: @mdev is valid; under @parent->slice_lock
 * @generation: attachments so far; under @parent->slice_lock
 * @ambiguous: another disk has a slice of the same UUID; under @parent->lock
 * @block_size: bytes of a logical block
 * @disk_name: name of the disk
 * @disk_priv: what the backend knows the disk by
 * @claim_lock: protects what follows, up to @stop. Inside @parent->lock
 * @clean: nobody has written to it since it was wiped
 * @claim: the block device, open while the slice is not free and its disk is
 *	there
 * @wipe: overwrites a pool member after its release
 * @stop: tells a wipe to end early: the disk is going
 */
struct sluice_slice {
	struct device dev;
	struct list_head list;
	struct sluice_parent *parent;
	struct sluice_disk *disk;
	struct sluice_extent extent;
	enum sluice_slice_state state;
	uuid_t mdev;
	bool has_mdev;
	u64 generation;
	bool ambiguous;
	unsigned int block_size;
	char disk_name[DISK_NAME_LEN];
	void *disk_priv;
	struct mutex claim_lock;
	bool clean;
	struct sluice_compat_bdev claim;
	struct work_struct wipe;
	bool stop;
};

/**
 * struct sluice_vdev - a slice as a PCI function: a VFIO device
 * @vdev: for VFIO; must be first
 * @sdev: what the backend sees
 * @slice: the slice
 * @lock: serialises open, close, reset, quiesce, bus mastering and changes of
 *	@config; see vfio.c
 * @config: the configuration space
 * @memory_on: BARs respond; a copy of what @config says, for readers without
 *	the lock
 * @master_on: bus mastering is on; what the backend was told last
 * @opened: between open and close; under @lock
 * @msix_bar: contents of the BAR with the MSI-X table and PBA
 * @msix: MSI-X vectors
 * @req: the interrupt that asks the user to let go
 * @table: guest memory
 * @db: the doorbell page
 * @polled: what the poller knows of it
 */
struct sluice_vdev {
	struct vfio_device vdev;
	struct sluice_dev sdev;
	struct sluice_slice *slice;
	struct mutex lock;
	struct sluice_config config;
	bool memory_on;
	bool master_on;
	bool opened;
	u8 *msix_bar;
	struct sluice_irqs msix;
	struct sluice_irqs req;
	struct sluice_iova_table iova_table;
	struct sluice_doorbell db;
	struct sluice_polled polled;
};

static inline struct sluice_vdev *sluice_to_vdev(struct sluice_dev *sdev)
{
	return container_of(sdev, struct sluice_vdev, sdev);
}

/* main.c */
extern struct mdev_driver sluice_mdev_driver;
extern struct class sluice_class;

/* parent.c */
struct sluice_parent *sluice_parent_of_type(struct mdev_type *type);
const struct sluice_type *sluice_parent_type(struct mdev_type *type);
unsigned int sluice_parent_available(struct mdev_type *type);
ssize_t sluice_parent_describe(struct mdev_type *type, char *buf);

/* disk.c */
void sluice_disk_forget_all(struct sluice_parent *parent);

/* scan.c */
int sluice_scan_disk(struct sluice_disk *disk);

/* part.c */
int sluice_part_open(struct sluice_slice *slice);
void sluice_part_close(struct sluice_slice *slice);
int sluice_part_flush(struct sluice_slice *slice);
bool sluice_part_busy(struct gendisk *disk, const struct sluice_extent *extent);

/* wipe.c */
int sluice_wipe(struct sluice_slice *slice);
void sluice_wipe_init(struct sluice_slice *slice);
void sluice_wipe_queue(struct sluice_slice *slice);
void sluice_wipe_stop(struct sluice_slice *slice);
int sluice_wipe_wq_init(void);
void sluice_wipe_wq_exit(void);

/* slice.c */
int sluice_slice_add(struct sluice_disk *disk,
		     const struct sluice_extent *extent);
void sluice_slice_update(struct sluice_slice *slice,
			 const struct sluice_extent *extent);
void sluice_slice_forget(struct sluice_slice *slice);
struct sluice_slice *sluice_slice_find(struct sluice_parent *parent,
				       const uuid_t *uuid);
unsigned int sluice_slice_nr_free(struct sluice_parent *parent);
enum sluice_slice_state sluice_slice_get_state(struct sluice_slice *slice);
void sluice_slice_set_state(struct sluice_slice *slice,
			    enum sluice_slice_state state);
void sluice_slice_set_mdev(struct sluice_slice *slice, const uuid_t *mdev);
void sluice_slice_announce(struct sluice_slice *slice);

/* claim.c */
struct sluice_slice *sluice_claim(struct sluice_parent *parent,
				  const uuid_t *mdev);
void sluice_claim_info(struct sluice_slice *slice,
		       struct sluice_slice_info *info);
void sluice_claim_announce(struct sluice_slice *slice);
void sluice_claim_cancel(struct sluice_slice *slice);
void sluice_claim_release(struct sluice_slice *slice);

/* mem.c */
void sluice_mem_init(struct sluice_vdev *vdev);
void sluice_mem_exit(struct sluice_vdev *vdev);

/* vfio.c */
extern const struct vfio_device_ops sluice_vfio_ops;
void sluice_vdev_write_config(struct sluice_vdev *vdev, u32 off,
			      const void *buf, u32 len);
void sluice_vdev_reset(struct sluice_vdev *vdev);

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
u64 sluice_region_size(const struct sluice_vdev *vdev, unsigned int index);
u64 sluice_region_offset(unsigned int index);

/* ioctl.c */
long sluice_vfio_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		       unsigned long arg);
int sluice_vfio_region_info(struct vfio_device *core_vdev,
			    struct vfio_region_info *info,
			    struct vfio_info_cap *caps);

/* mdev.c */
extern const struct attribute_group *sluice_mdev_groups[];
int sluice_mdev_probe(struct mdev_device *mdev);
void sluice_mdev_remove(struct mdev_device *mdev);

#endif /* SLUICE_CORE_H */
