// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's view of a slice: its partition in the block layer
 *
 * partition.c and wipe.c call this file, and scan.c to read the disk. A claimed
 * slice is a partition held open exclusively, so that the host can neither mount
 * nor delete it. This file finds the partition by its position. So the
 * partition's number in the block layer does not matter, nor whether the block
 * layer read the table at the same time as Sluice.
 */
#include <linux/bio.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include "table/table.h"

/* A process may be using a cached page at this moment; that does not last. */
#define SLUICE_BDEV_FLUSH_TRIES	10
#define SLUICE_BDEV_FLUSH_WAIT_MS	20

static u64 sluice_bdev_start(const struct block_device *bdev)
{
	return (u64)bdev->bd_start_sect << SECTOR_SHIFT;
}

static u64 sluice_bdev_size(struct block_device *bdev)
{
	return (u64)bdev_nr_sectors(bdev) << SECTOR_SHIFT;
}

/**
 * sluice_bdev_read() - read from a disk without its page cache
 * @disk: disk
 * @offset_bytes: where, whole logical blocks
 * @buf: memory from kmalloc()
 * @len: bytes, whole logical blocks
 *
 * Return: 0 or a negative errno
 */
int sluice_bdev_read(struct gendisk *disk, u64 offset_bytes, void *buf,
		     size_t len)
{
	unsigned int nr = DIV_ROUND_UP(offset_in_page(buf) + len, PAGE_SIZE);
	struct bio *bio;
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(sluice_bdev_read, disk, offset_bytes, buf,
				   len);
	bio = bio_alloc(disk->part0, nr, REQ_OP_READ, GFP_KERNEL);
	bio->bi_iter.bi_sector = offset_bytes >> SECTOR_SHIFT;
	while (len) {
		unsigned int n = min_t(size_t, len,
				       PAGE_SIZE - offset_in_page(buf));

		__bio_add_page(bio, virt_to_page(buf), n, offset_in_page(buf));
		buf += n;
		len -= n;
	}
	ret = submit_bio_wait(bio);
	bio_put(bio);
	return ret;
}

/* A slice is whole pages: it may leave the rest of its partition unused. */
static bool sluice_bdev_matches(struct block_device *bdev,
				const struct sluice_partition_info *info)
{
	return sluice_bdev_start(bdev) == info->start &&
	       round_down(sluice_bdev_size(bdev), PAGE_SIZE) == info->size;
}

static bool sluice_bdev_overlaps(struct block_device *bdev,
				 const struct sluice_partition_info *info)
{
	return sluice_bdev_start(bdev) < info->start + info->size &&
	       info->start < sluice_bdev_start(bdev) + sluice_bdev_size(bdev);
}

/*
 * Find a slice's partition. -ENOENT if the block layer does not have it, -EBUSY
 * if another partition shares blocks with the slice.
 */
static int sluice_bdev_find(struct gendisk *disk,
			    const struct sluice_partition_info *info, dev_t *devt)
{
	struct block_device *bdev;
	unsigned long idx;
	int ret = -ENOENT;

	rcu_read_lock();
	xa_for_each_start(&disk->part_tbl, idx, bdev, 1) {
		if (sluice_bdev_matches(bdev, info)) {
			*devt = bdev->bd_dev;
			if (ret == -ENOENT)
				ret = 0;
		} else if (sluice_bdev_overlaps(bdev, info)) {
			ret = -EBUSY;
		}
	}
	rcu_read_unlock();
	return ret;
}

/* The partitions may have changed between finding and opening. */
static bool sluice_bdev_is_right(const struct sluice_partition *part)
{
	struct block_device *bdev = part->bdev.bdev;

	return bdev->bd_disk == part->disk->disk &&
	       sluice_bdev_matches(bdev, &part->info);
}

/**
 * sluice_bdev_open() - claim a slice's partition
 * @part: slice, free
 *
 * Called with &sluice_parent.lock and &sluice_partition.lock held.
 *
 * Return: 0; -EBUSY if the host uses the partition or one that overlaps it;
 * -ENOENT if the block layer does not have the partition; -EAGAIN if the
 * partition has just changed
 */
int sluice_bdev_open(struct sluice_partition *part)
{
	dev_t devt;
	int ret;

	lockdep_assert_held(&part->slice.parent->lock);
	lockdep_assert_held(&part->lock);
	ret = sluice_bdev_find(part->disk->disk, &part->info, &devt);
	if (ret)
		return ret;
	ret = sluice_compat_bdev_open(&part->bdev, devt, part);
	if (ret) {
		part->bdev.bdev = NULL;
		return ret == -ENXIO ? -ENOENT : ret;
	}
	if (!sluice_bdev_is_right(part)) {
		sluice_bdev_close(part);
		return -EAGAIN;
	}
	return 0;
}

/**
 * sluice_bdev_close() - undo sluice_bdev_open()
 * @part: slice; nothing happens if its partition is not open
 *
 * Called with &sluice_partition.lock held.
 */
void sluice_bdev_close(struct sluice_partition *part)
{
	lockdep_assert_held(&part->lock);
	sluice_compat_bdev_close(&part->bdev);
}

static int sluice_bdev_flush_range(struct block_device *bdev, u64 start,
				   u64 end)
{
	struct address_space *mapping = sluice_compat_bdev_mapping(bdev);
	unsigned int tries;
	int ret;

	for (tries = 0; tries < SLUICE_BDEV_FLUSH_TRIES; tries++) {
		ret = filemap_write_and_wait_range(mapping, start, end);
		if (ret)
			return ret;
		ret = invalidate_inode_pages2_range(mapping,
						    start >> PAGE_SHIFT,
						    end >> PAGE_SHIFT);
		if (!ret)
			return 0;
		msleep(SLUICE_BDEV_FLUSH_WAIT_MS);
	}
	return ret;
}

/**
 * sluice_bdev_flush() - write back and drop the host's cached pages
 * @part: slice, claimed
 *
 * Flushes the pages cached through the partition, and those of the slice cached
 * through the whole disk. The partition may have been resized since the claim.
 * Called with &sluice_partition.lock held.
 *
 * Return: 0 or a negative errno, -EBUSY if the host continues to use the pages
 */
int sluice_bdev_flush(struct sluice_partition *part)
{
	struct block_device *bdev = part->bdev.bdev;
	int ret;

	lockdep_assert_held(&part->lock);
	if (!bdev)
		return -ENODEV;
	ret = sluice_bdev_flush_range(bdev, 0, LLONG_MAX);
	if (ret)
		return ret;
	return sluice_bdev_flush_range(bdev_whole(bdev), part->info.start,
				       part->info.start + part->info.size - 1);
}

static void sluice_bdev_drop_range(struct block_device *bdev, loff_t start,
				   loff_t end)
{
	struct address_space *mapping = sluice_compat_bdev_mapping(bdev);

	filemap_invalidate_lock(mapping);
	truncate_inode_pages_range(mapping, start, end);
	filemap_invalidate_unlock(mapping);
}

/**
 * sluice_bdev_drop() - drop the host's cached pages, also those to be written
 * @part: slice, claimed
 *
 * For a slice that a guest has had: whatever the host has cached is out of date.
 * Called with &sluice_partition.lock held.
 */
void sluice_bdev_drop(struct sluice_partition *part)
{
	struct block_device *bdev = part->bdev.bdev;

	KUNIT_STATIC_STUB_REDIRECT(sluice_bdev_drop, part);
	lockdep_assert_held(&part->lock);
	sluice_bdev_drop_range(bdev, 0, -1);
	sluice_bdev_drop_range(bdev_whole(bdev), part->info.start,
			       part->info.start + part->info.size - 1);
}

/**
 * sluice_bdev_drain() - wait for the host's requests in flight
 * @part: slice, claimed; no more writes to it are let through
 *
 * A write that was let through before must not arrive later.
 */
void sluice_bdev_drain(struct sluice_partition *part)
{
	struct request_queue *queue = bdev_get_queue(part->bdev.bdev);

	sluice_compat_unfreeze_queue(queue, sluice_compat_freeze_queue(queue));
}

/* The disk's bd_holders counts claims of the disk and of its partitions. */
static bool sluice_bdev_whole_busy(struct gendisk *disk, int part_holders)
{
	return READ_ONCE(disk->part0->bd_holders) > part_holders;
}

/* Whether the host holds the slice's partition, or what it shares blocks with */
static bool sluice_bdev_busy(struct gendisk *disk,
			     const struct sluice_partition_info *info)
{
	struct block_device *bdev;
	bool busy = false;
	unsigned long idx;
	int holders = 0;

	rcu_read_lock();
	xa_for_each_start(&disk->part_tbl, idx, bdev, 1) {
		int n = READ_ONCE(bdev->bd_holders);

		holders += n;
		if (n && sluice_bdev_overlaps(bdev, info))
			busy = true;
	}
	rcu_read_unlock();
	return busy || sluice_bdev_whole_busy(disk, holders);
}

/**
 * sluice_bdev_check() - what sluice_bdev_open() would return
 * @disk: disk
 * @info: the slice, not claimed
 *
 * Looks without a lock, so the answer may be out of date when it is used. Who has
 * the partition open for writing is not seen: sluice_bdev_open() refuses then, where
 * the block layer restricts that.
 *
 * Context: any.
 * Return: 0, -EBUSY or -ENOENT
 */
int sluice_bdev_check(struct gendisk *disk,
		      const struct sluice_partition_info *info)
{
	dev_t devt;
	int ret = sluice_bdev_find(disk, info, &devt);

	if (!ret && sluice_bdev_busy(disk, info))
		ret = -EBUSY;
	return ret;
}
