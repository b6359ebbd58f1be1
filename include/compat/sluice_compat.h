/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that Sluice builds for (META has the range).
 *
 * This is the only file of the tree that may test the kernel version. Where a
 * newer kernel has a better interface, a shim here gives older kernels that
 * interface under its upstream name. Where the old and the new interface cannot
 * have the same shape, the shim has its own name, with the prefix
 * sluice_compat_.
 *
 * Each shim says which kernel version changed what. Remove a shim when the
 * oldest kernel in META is at least that version.
 *
 * No shim is needed for guard(), scoped_guard() and __free(): Debian's 6.1 has
 * them for mutexes, spinlocks, rw_semaphores and RCU, kfree() and put_device().
 * Debian's 6.1 lacks the conditional guards, guard(spinlock_bh) and
 * __free(kvfree).
 */
#ifndef SLUICE_COMPAT_H
#define SLUICE_COMPAT_H

#include <linux/version.h>

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/vfio.h>

#define SLUICE_KERNEL_SINCE(major, minor) \
	(KERNEL_VERSION(major, minor, 0) <= LINUX_VERSION_CODE)

/* 6.12 moved asm/unaligned.h. */
#if SLUICE_KERNEL_SINCE(6, 12)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/*
 * --- KUnit ---
 */

/*
 * 6.3 brought static stubs, which the tests of sluice_nvme need: before that they
 * do not compile. Where they are not built a redirection must cost nothing,
 * whatever the kernel has of KUnit.
 */
#if SLUICE_KERNEL_SINCE(6, 3) && IS_ENABLED(CONFIG_SLUICE_KUNIT_TEST)
#include <kunit/static_stub.h>
/* A kernel without KUnit, as lint compiles the tests for: check types only */
#ifndef kunit_activate_static_stub
#define kunit_activate_static_stub(test, real_fn_addr, replacement_addr) \
	((void)((real_fn_addr) == (replacement_addr)))
#endif
#elif !defined(KUNIT_STATIC_STUB_REDIRECT)
#define KUNIT_STATIC_STUB_REDIRECT(real_fn_name, args...) do {} while (0)
#endif

/* For a function of an I/O path: static, so inlined, unless a test calls it */
#if IS_ENABLED(CONFIG_SLUICE_KUNIT_TEST)
#define SLUICE_VISIBLE_IF_KUNIT
#else
#define SLUICE_VISIBLE_IF_KUNIT static
#endif

/*
 * --- modules and devices ---
 */

/* 6.13 turned the argument of MODULE_IMPORT_NS() into a string. */
#if SLUICE_KERNEL_SINCE(6, 13)
#define SLUICE_COMPAT_IMPORT_NS(ns) MODULE_IMPORT_NS(#ns)
#else
#define SLUICE_COMPAT_IMPORT_NS(ns) MODULE_IMPORT_NS(ns)
#endif

/* 6.4 dropped the module argument of class_create(). */
static inline struct class *sluice_compat_class_create(const char *name)
{
#if SLUICE_KERNEL_SINCE(6, 4)
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

/*
 * 6.4 removed the owner from struct class; before 6.4, a statically defined
 * class must set it.
 */
#if SLUICE_KERNEL_SINCE(6, 4)
#define SLUICE_COMPAT_CLASS_OWNER
#else
#define SLUICE_COMPAT_CLASS_OWNER .owner = THIS_MODULE,
#endif

/*
 * 6.2 made the device const in class.devnode and dev_uevent of device_type,
 * 6.3 in dev_uevent of class.
 */
#if SLUICE_KERNEL_SINCE(6, 3)
#define SLUICE_COMPAT_UEVENT_CONST const
#else
#define SLUICE_COMPAT_UEVENT_CONST
#endif

/* By 6.16 the callbacks of a binary attribute take the attribute as const. */
#if SLUICE_KERNEL_SINCE(6, 16)
#define SLUICE_COMPAT_BIN_CONST const
#else
#define SLUICE_COMPAT_BIN_CONST
#endif

/*
 * --- events, timers, threads ---
 */

/* 6.8 dropped the count argument of eventfd_signal(). */
static inline void sluice_compat_eventfd_signal(struct eventfd_ctx *ctx)
{
#if SLUICE_KERNEL_SINCE(6, 8)
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

/* 6.16 renamed from_timer(). */
#ifndef timer_container_of
#define timer_container_of(var, callback_timer, timer_fieldname) \
	from_timer(var, callback_timer, timer_fieldname)
#endif

/* 6.13 replaced hrtimer_init() and the assignment of timer->function. */
#if !SLUICE_KERNEL_SINCE(6, 13)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

/* 6.14 renamed kthread_create_worker(), which also started the worker. */
#if !SLUICE_KERNEL_SINCE(6, 14)
#define kthread_run_worker(flags, namefmt, ...) \
	kthread_create_worker(flags, namefmt, ##__VA_ARGS__)
#endif

/*
 * --- memory ---
 */

/* 6.3 made vm_flags read-only and added functions to change them. */
#if !SLUICE_KERNEL_SINCE(6, 3)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 7.1 renamed zap_vma_ptes(). */
#if !SLUICE_KERNEL_SINCE(7, 1)
#define zap_special_vma_range(vma, address, size) \
	zap_vma_ptes(vma, address, size)
#endif

/*
 * --- PCI ---
 */

/* 6.8 renamed PCI_IRQ_LEGACY; later kernels dropped the old name. */
#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

/*
 * --- block layer: using a disk ---
 */

/**
 * struct sluice_compat_bdev - an open block device
 * @bdev: the block device, NULL if it is not open
 * @file: the open file, from 6.9
 * @handle: the open handle, in 6.7 and 6.8
 * @holder: the holder that claimed it, in 6.5 and 6.6
 * @mode: the mode it was opened with, before 6.5
 */
struct sluice_compat_bdev {
	struct block_device *bdev;
#if SLUICE_KERNEL_SINCE(6, 9)
	struct file *file;
#elif SLUICE_KERNEL_SINCE(6, 7)
	struct bdev_handle *handle;
#elif SLUICE_KERNEL_SINCE(6, 5)
	void *holder;
#else
	fmode_t mode;
#endif
};

/*
 * 6.8 can refuse other openers for writing, if the administrator wants that
 * (bdev_allow_write_mounted=0).
 */
#if SLUICE_KERNEL_SINCE(6, 8)
#define SLUICE_COMPAT_BLK_OPEN_CLAIM BLK_OPEN_RESTRICT_WRITES
#else
#define SLUICE_COMPAT_BLK_OPEN_CLAIM 0
#endif

/**
 * sluice_compat_bdev_open() - open a block device for reading and writing
 * @b: receives the open device
 * @dev: device number
 * @holder: claims the device exclusively for this holder
 *
 * 6.5 changed the flags and how to ask for exclusive use, 6.7 introduced a
 * handle, 6.9 a file.
 *
 * Return: 0, or -EBUSY if somebody else holds the device, or another error.
 */
static inline int sluice_compat_bdev_open(struct sluice_compat_bdev *b,
					  dev_t dev, void *holder)
{
#if SLUICE_KERNEL_SINCE(6, 5)
	const blk_mode_t mode = BLK_OPEN_READ | BLK_OPEN_WRITE |
				SLUICE_COMPAT_BLK_OPEN_CLAIM;
#endif

	b->bdev = NULL;
#if SLUICE_KERNEL_SINCE(6, 9)
	b->file = bdev_file_open_by_dev(dev, mode, holder, NULL);
	if (IS_ERR(b->file))
		return PTR_ERR(b->file);
	b->bdev = file_bdev(b->file);
#elif SLUICE_KERNEL_SINCE(6, 7)
	b->handle = bdev_open_by_dev(dev, mode, holder, NULL);
	if (IS_ERR(b->handle))
		return PTR_ERR(b->handle);
	b->bdev = b->handle->bdev;
#else
#if SLUICE_KERNEL_SINCE(6, 5)
	b->holder = holder;
	b->bdev = blkdev_get_by_dev(dev, mode, holder, NULL);
#else
	b->mode = FMODE_READ | FMODE_WRITE | FMODE_EXCL;
	b->bdev = blkdev_get_by_dev(dev, b->mode, holder);
#endif
	if (IS_ERR(b->bdev)) {
		int ret = PTR_ERR(b->bdev);

		b->bdev = NULL;
		return ret;
	}
#endif
	return 0;
}

/**
 * sluice_compat_bdev_close() - undo sluice_compat_bdev_open()
 * @b: from sluice_compat_bdev_open()
 */
static inline void sluice_compat_bdev_close(struct sluice_compat_bdev *b)
{
	if (!b->bdev)
		return;
#if SLUICE_KERNEL_SINCE(6, 12)
	bdev_fput(b->file);
#elif SLUICE_KERNEL_SINCE(6, 9)
	fput(b->file);
#elif SLUICE_KERNEL_SINCE(6, 7)
	bdev_release(b->handle);
#elif SLUICE_KERNEL_SINCE(6, 5)
	blkdev_put(b->bdev, b->holder);
#else
	blkdev_put(b->bdev, b->mode);
#endif
	b->bdev = NULL;
}

/* 6.10 replaced the inode of a block device by its mapping. */
static inline struct address_space *
sluice_compat_bdev_mapping(struct block_device *bdev)
{
#if SLUICE_KERNEL_SINCE(6, 10)
	return bdev->bd_mapping;
#else
	return bdev->bd_inode->i_mapping;
#endif
}

/* 6.10 hid the partition number behind a function. */
#if !SLUICE_KERNEL_SINCE(6, 10)
static inline u8 bdev_partno(const struct block_device *bdev)
{
	return bdev->bd_partno;
}
#endif

/*
 * --- block layer: providing a disk ---
 */

/**
 * struct sluice_compat_limits - what a disk can do
 * @logical_block_size: bytes
 * @physical_block_size: bytes, 0 = the logical block size
 * @io_min: bytes, 0 = the physical block size
 * @io_opt: bytes, 0 = not known
 * @chunk_sectors: no command crosses a multiple of it, in units of 512 bytes; 0 =
 *	none
 * @max_hw_sectors: longest command, in units of 512 bytes
 * @max_segments: maximum number of segments in a command
 * @virt_boundary_mask: see struct queue_limits
 * @dma_alignment: see struct queue_limits
 * @max_discard_sectors: longest discard, in units of 512 bytes, 0 = none
 * @max_discard_segments: maximum number of ranges in a discard, 0 = 1
 * @discard_granularity: bytes, 0 = the logical block size
 * @max_write_zeroes_sectors: in units of 512 bytes, 0 = none
 * @write_cache: the disk has a volatile write cache and supports FUA
 */
struct sluice_compat_limits {
	unsigned int logical_block_size;
	unsigned int physical_block_size;
	unsigned int io_min;
	unsigned int io_opt;
	unsigned int chunk_sectors;
	unsigned int max_hw_sectors;
	unsigned int max_segments;
	unsigned long virt_boundary_mask;
	unsigned int dma_alignment;
	unsigned int max_discard_sectors;
	unsigned int max_discard_segments;
	unsigned int discard_granularity;
	unsigned int max_write_zeroes_sectors;
	bool write_cache;
};

/**
 * sluice_compat_alloc_disk() - blk_mq_alloc_disk() with limits
 * @set: tag set
 * @l: limits
 * @queuedata: for the driver
 *
 * 6.9 made the limits an argument and 6.11 moved the features into them; by
 * 6.12 the functions that set single limits were gone.
 *
 * Return: the disk or an ERR_PTR().
 */
static inline struct gendisk *
sluice_compat_alloc_disk(struct blk_mq_tag_set *set,
			 const struct sluice_compat_limits *l, void *queuedata)
{
	unsigned int pbs = l->physical_block_size ?: l->logical_block_size;
	unsigned int granularity = l->discard_granularity ?:
				   l->logical_block_size;
	unsigned int ranges = l->max_discard_segments ?: 1;
#if SLUICE_KERNEL_SINCE(6, 11)
	struct queue_limits lim = {
		.logical_block_size = l->logical_block_size,
		.physical_block_size = pbs,
		.io_min = l->io_min,
		.io_opt = l->io_opt,
		.chunk_sectors = l->chunk_sectors,
		.max_hw_sectors = l->max_hw_sectors,
		.max_segments = l->max_segments,
		.virt_boundary_mask = l->virt_boundary_mask,
		.dma_alignment = l->dma_alignment,
		.max_write_zeroes_sectors = l->max_write_zeroes_sectors,
	};

	if (l->write_cache)
		lim.features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
	if (l->max_discard_sectors) {
		lim.max_hw_discard_sectors = l->max_discard_sectors;
		lim.max_discard_segments = ranges;
		lim.discard_granularity = granularity;
	}
	return blk_mq_alloc_disk(set, &lim, queuedata);
#else
	struct gendisk *disk;
	struct request_queue *q;

#if SLUICE_KERNEL_SINCE(6, 9)
	disk = blk_mq_alloc_disk(set, NULL, queuedata);
#else
	disk = blk_mq_alloc_disk(set, queuedata);
#endif
	if (IS_ERR(disk))
		return disk;
	q = disk->queue;
	blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
	blk_queue_logical_block_size(q, l->logical_block_size);
	blk_queue_physical_block_size(q, pbs);
	if (l->io_min)
		blk_queue_io_min(q, l->io_min);
	blk_queue_io_opt(q, l->io_opt);
	blk_queue_chunk_sectors(q, l->chunk_sectors);
	blk_queue_max_hw_sectors(q, l->max_hw_sectors);
	blk_queue_max_segments(q, l->max_segments);
	blk_queue_virt_boundary(q, l->virt_boundary_mask);
	blk_queue_dma_alignment(q, l->dma_alignment);
	blk_queue_max_write_zeroes_sectors(q, l->max_write_zeroes_sectors);
	blk_queue_write_cache(q, l->write_cache, l->write_cache);
	if (l->max_discard_sectors) {
		q->limits.discard_granularity = granularity;
		blk_queue_max_discard_sectors(q, l->max_discard_sectors);
		blk_queue_max_discard_segments(q, ranges);
	}
	return disk;
#endif
}

/* 6.14 removed the flag: the block layer always merges requests. */
#if SLUICE_KERNEL_SINCE(6, 14)
#define SLUICE_COMPAT_BLK_MQ_F_SHOULD_MERGE 0
#else
#define SLUICE_COMPAT_BLK_MQ_F_SHOULD_MERGE BLK_MQ_F_SHOULD_MERGE
#endif

/* 6.14: freezing returns the task's allocation flags, thawing restores them. */
static inline unsigned int sluice_compat_freeze_queue(struct request_queue *q)
{
#if SLUICE_KERNEL_SINCE(6, 14)
	return blk_mq_freeze_queue(q);
#else
	blk_mq_freeze_queue(q);
	return 0;
#endif
}

static inline void sluice_compat_unfreeze_queue(struct request_queue *q,
						unsigned int memflags)
{
#if SLUICE_KERNEL_SINCE(6, 14)
	blk_mq_unfreeze_queue(q, memflags);
#else
	blk_mq_unfreeze_queue(q);
#endif
}

/* 6.16 dropped the queue argument. */
static inline int sluice_compat_rq_map_sg(struct request *rq,
					  struct scatterlist *sg)
{
#if SLUICE_KERNEL_SINCE(6, 16)
	return blk_rq_map_sg(rq, sg);
#else
	return blk_rq_map_sg(rq->q, rq, sg);
#endif
}

/* 6.16 dropped the queue argument. */
static inline int sluice_compat_rq_map_kern(struct request *rq, void *buf,
					    unsigned int len, gfp_t gfp)
{
#if SLUICE_KERNEL_SINCE(6, 16)
	return blk_rq_map_kern(rq, buf, len, gfp);
#else
	return blk_rq_map_kern(rq->q, rq, buf, len, gfp);
#endif
}

/* 7.2: the last argument of blk_mq_ops.init_request became signed. */
#if SLUICE_KERNEL_SINCE(7, 2)
typedef int sluice_compat_numa_t;
#else
typedef unsigned int sluice_compat_numa_t;
#endif

/* 7.0: rq_end_io_fn has a third argument. The macro names the first two. */
#if SLUICE_KERNEL_SINCE(7, 0)
#define SLUICE_COMPAT_END_IO_ARGS(rq, status) \
	struct request *rq, blk_status_t status, const struct io_comp_batch *iob
#else
#define SLUICE_COMPAT_END_IO_ARGS(rq, status) \
	struct request *rq, blk_status_t status
#endif

/*
 * --- VFIO ---
 */

/*
 * 6.6 added operations for iommufd, which a device without an IOMMU of its own
 * needs. They expand to NULL in kernels without IOMMUFD.
 */
#if SLUICE_KERNEL_SINCE(6, 6)
#define SLUICE_COMPAT_EMULATED_IOMMUFD_OPS				\
	.bind_iommufd = vfio_iommufd_emulated_bind,			\
	.unbind_iommufd = vfio_iommufd_emulated_unbind,			\
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,		\
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#else
#define SLUICE_COMPAT_EMULATED_IOMMUFD_OPS
#endif

/*
 * Before 6.2 a driver's release operation must free the device. From 6.2 the
 * VFIO core frees it and needs no such operation.
 */
static inline void sluice_compat_vfio_free(struct vfio_device *vdev)
{
#if !SLUICE_KERNEL_SINCE(6, 2)
	vfio_free_device(vdev);
#endif
}

/*
 * From 6.19 the VFIO core answers VFIO_DEVICE_GET_REGION_INFO through a
 * separate operation and never passes it to .ioctl; before, .ioctl calls the
 * function.
 */
#if SLUICE_KERNEL_SINCE(6, 19)
#define SLUICE_COMPAT_REGION_INFO_OP(fn) .get_region_info_caps = (fn),
#define SLUICE_COMPAT_REGION_INFO_IN_IOCTL 0
#else
#define SLUICE_COMPAT_REGION_INFO_OP(fn)
#define SLUICE_COMPAT_REGION_INFO_IN_IOCTL 1
#endif

#endif /* SLUICE_COMPAT_H */
