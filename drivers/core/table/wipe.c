// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wiping: no guest may read what an earlier guest left in a slice of the pool
 *
 * partition.c and the inventory call this file. A slice of the pool is
 * overwritten after its release. After a crash, or when that wipe was cut
 * short, nobody knows what the slice holds: then it is overwritten again before
 * it is attached.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/sched/signal.h>

#include "table/table.h"

/* A wipe can be stopped after each step of this size. */
#define SLUICE_WIPE_STEP_SECTORS	(SZ_64M >> SECTOR_SHIFT)

static struct workqueue_struct *sluice_wipe_wq;

static struct bio *sluice_wipe_bio(struct block_device *bdev, sector_t pos,
				   blk_opf_t op, unsigned int pages)
{
	struct bio *bio = bio_alloc(bdev, pages, op | SLUICE_WATCH_OWN,
				    GFP_KERNEL);

	bio->bi_iter.bi_sector = pos;
	return bio;
}

/**
 * sluice_wipe_submit() - have the disk do a part of a wipe, and wait for it
 * @bio: from sluice_wipe_bio(); freed
 *
 * Return: 0 or an error of the disk
 */
int sluice_wipe_submit(struct bio *bio)
{
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(sluice_wipe_submit, bio);
	ret = submit_bio_wait(bio);
	bio_put(bio);
	return ret;
}

/* For a drive that does not know Write Zeroes */
static int sluice_wipe_write(struct block_device *bdev, sector_t pos,
			     sector_t nr)
{
	unsigned int len;
	struct bio *bio;
	int ret = 0;

	while (nr && !ret) {
		bio = sluice_wipe_bio(bdev, pos, REQ_OP_WRITE, BIO_MAX_VECS);
		do {
			len = min_t(sector_t, nr, PAGE_SECTORS) << SECTOR_SHIFT;
			if (!bio_add_page(bio, ZERO_PAGE(0), len, 0))
				break;
			pos += len >> SECTOR_SHIFT;
			nr -= len >> SECTOR_SHIFT;
		} while (nr);
		ret = sluice_wipe_submit(bio);
	}
	return ret;
}

/* blkdev_issue_zeroout() would not mark its bios. */
static int sluice_wipe_step(struct block_device *bdev, sector_t pos,
			    sector_t nr)
{
	struct bio *bio = sluice_wipe_bio(bdev, pos, REQ_OP_WRITE_ZEROES, 0);
	int ret;

	bio->bi_iter.bi_size = nr << SECTOR_SHIFT;
	ret = sluice_wipe_submit(bio);
	return ret == -EOPNOTSUPP ? sluice_wipe_write(bdev, pos, nr) : ret;
}

static int sluice_wipe_zero(struct sluice_partition *part)
{
	/* The partition may have been resized; the guest had what it was. */
	struct block_device *bdev = bdev_whole(part->bdev.bdev);
	sector_t pos = part->info.start >> SECTOR_SHIFT;
	sector_t end = pos + (part->info.size >> SECTOR_SHIFT);

	while (pos < end) {
		sector_t n = min_t(sector_t, end - pos,
				   SLUICE_WIPE_STEP_SECTORS);
		int ret;

		if (READ_ONCE(part->stop) || fatal_signal_pending(current))
			return -EINTR;
		ret = sluice_wipe_step(bdev, pos, n);
		if (ret)
			return ret;
		pos += n;
	}
	return sluice_wipe_submit(sluice_wipe_bio(bdev, 0, REQ_OP_WRITE |
						  REQ_PREFLUSH, 0));
}

/**
 * sluice_wipe() - overwrite a claimed slice with zeroes
 * @part: slice
 *
 * Drops the host's cached pages before the wipe, so that the host does not
 * write them over the zeroes, and again afterwards, so that no process reads
 * old data from them. Called with &sluice_partition.lock held, the slice's block
 * device open, and the host unable to write to the slice: nothing that it wrote
 * stays, and none of it comes after the zeroes.
 *
 * Return: 0; -EINTR when stopped; or an error of the disk
 */
int sluice_wipe(struct sluice_partition *part)
{
	int ret;

	lockdep_assert_held(&part->lock);
	sluice_bdev_drop(part);
	ret = sluice_wipe_zero(part);
	WRITE_ONCE(part->slice.clean, !ret);
	sluice_bdev_drop(part);
	return ret;
}

static void sluice_wipe_work(struct work_struct *work)
{
	struct sluice_partition *part = container_of(work,
						     struct sluice_partition,
						     wipe);
	struct device *dev = &part->slice.dev;
	bool there;
	int ret = 0;

	mutex_lock(&part->lock);
	/* No open block device: the disk has been removed. */
	there = part->bdev.bdev;
	if (there) {
		ret = sluice_wipe(part);
		WRITE_ONCE(part->guests, false);
		sluice_bdev_close(part);
	}
	mutex_unlock(&part->lock);

	if (ret && ret != -EINTR)
		dev_err(dev, "wipe failed with error %d, will be tried again before the next attach\n",
			ret);
	if (there)
		sluice_slice_wiped(&part->slice);
	put_device(dev);
}

/**
 * sluice_wipe_init() - initialise the work item that wipes a slice
 * @part: slice
 */
void sluice_wipe_init(struct sluice_partition *part)
{
	INIT_WORK(&part->wipe, sluice_wipe_work);
}

/**
 * sluice_wipe_queue() - see &sluice_provider_ops.wipe
 * @slice: slice, claimed, in state wiping
 *
 * Closes the slice's block device after the wipe.
 */
void sluice_wipe_queue(struct sluice_slice *slice)
{
	get_device(&slice->dev);
	if (!queue_work(sluice_wipe_wq, &sluice_to_partition(slice)->wipe))
		put_device(&slice->dev);
}

/**
 * sluice_wipe_stop() - end a wipe early and prevent later wipes
 * @part: slice that is being removed
 */
void sluice_wipe_stop(struct sluice_partition *part)
{
	WRITE_ONCE(part->stop, true);
	if (cancel_work_sync(&part->wipe))
		put_device(&part->slice.dev);
}

/**
 * sluice_wipe_wq_init() - create the workqueue for wipes
 *
 * Return: 0 or -ENOMEM
 */
int sluice_wipe_wq_init(void)
{
	sluice_wipe_wq = alloc_workqueue("sluice_wipe", WQ_UNBOUND, 0);
	return sluice_wipe_wq ? 0 : -ENOMEM;
}

/**
 * sluice_wipe_wq_exit() - undo sluice_wipe_wq_init()
 */
void sluice_wipe_wq_exit(void)
{
	destroy_workqueue(sluice_wipe_wq);
}
