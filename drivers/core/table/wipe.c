// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wiping: what a tenant left in a pool slice must not reach the next one
 *
 * A pool slice is overwritten after its release, and again before it is
 * attached unless that is known to have been done: after a crash, or when the
 * wipe was cut short, nothing is known.
 */
#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/sched/signal.h>

#include "table/table.h"

/* Between two of these a wipe can be stopped. */
#define SLUICE_WIPE_STEP_SECTORS	(SZ_64M >> SECTOR_SHIFT)

static struct workqueue_struct *sluice_wipe_wq;

static int sluice_wipe_zero(struct sluice_partition *part)
{
	struct block_device *bdev = part->bdev.bdev;
	sector_t nr = bdev_nr_sectors(bdev);
	sector_t pos = 0;

	while (pos < nr) {
		sector_t n = min_t(sector_t, nr - pos, SLUICE_WIPE_STEP_SECTORS);
		int ret;

		if (READ_ONCE(part->stop) || fatal_signal_pending(current))
			return -EINTR;
		ret = blkdev_issue_zeroout(bdev, pos, n, GFP_KERNEL, 0);
		if (ret)
			return ret;
		pos += n;
		cond_resched();
	}
	return blkdev_issue_flush(bdev);
}

/**
 * sluice_wipe() - overwrite a claimed slice with zeroes
 * @part: slice
 *
 * The host's cached pages go first, so that they are not written afterwards,
 * and last, so that nobody reads what is gone. Called with
 * &sluice_partition.lock held.
 *
 * Return: 0; -EINTR when stopped; or an error of the disk
 */
int sluice_wipe(struct sluice_partition *part)
{
	int ret;

	lockdep_assert_held(&part->lock);
	ret = sluice_bdev_flush(part);
	if (!ret)
		ret = sluice_wipe_zero(part);
	if (!ret)
		ret = sluice_bdev_flush(part);
	part->slice.clean = !ret;
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
	/* Without its block device the slice has gone with its disk. */
	there = part->bdev.bdev;
	if (there) {
		ret = sluice_wipe(part);
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
 * sluice_wipe_init() - prepare a slice for being wiped
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
 * The slice's block device is closed afterwards.
 */
void sluice_wipe_queue(struct sluice_slice *slice)
{
	get_device(&slice->dev);
	if (!queue_work(sluice_wipe_wq, &sluice_to_partition(slice)->wipe))
		put_device(&slice->dev);
}

/**
 * sluice_wipe_stop() - have a wipe end early, for good
 * @part: slice that is going away
 */
void sluice_wipe_stop(struct sluice_partition *part)
{
	WRITE_ONCE(part->stop, true);
	if (cancel_work_sync(&part->wipe))
		put_device(&part->slice.dev);
}

/**
 * sluice_wipe_wq_init() - make what wipes run on
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
