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

#include "core.h"

/* Between two of these a wipe can be stopped. */
#define WIPE_STEP_SECTORS	(SZ_64M >> SECTOR_SHIFT)

static struct workqueue_struct *wipe_wq;

static int sluice_wipe_zero(struct sluice_slice *slice)
{
	struct block_device *bdev = slice->claim.bdev;
	sector_t nr = bdev_nr_sectors(bdev);
	sector_t pos = 0;

	while (pos < nr) {
		sector_t n = min_t(sector_t, nr - pos, WIPE_STEP_SECTORS);
		int ret;

		if (READ_ONCE(slice->stop) || fatal_signal_pending(current))
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
 * @slice: slice
 *
 * The host's cached pages go first, so that they are not written afterwards,
 * and last, so that nobody reads what is gone. Called with
 * &sluice_slice.claim_lock held.
 *
 * Return: 0; -EINTR when stopped; or an error of the disk
 */
int sluice_wipe(struct sluice_slice *slice)
{
	int ret;

	lockdep_assert_held(&slice->claim_lock);
	ret = sluice_part_flush(slice);
	if (!ret)
		ret = sluice_wipe_zero(slice);
	if (!ret)
		ret = sluice_part_flush(slice);
	slice->clean = !ret;
	return ret;
}

static void sluice_wipe_work(struct work_struct *work)
{
	struct sluice_slice *slice = container_of(work, struct sluice_slice,
						  wipe);
	int ret = 0;

	mutex_lock(&slice->claim_lock);
	/* Without its partition the slice has gone with its disk. */
	if (slice->claim.bdev) {
		ret = sluice_wipe(slice);
		sluice_part_close(slice);
		sluice_slice_set_state(slice, SLUICE_SLICE_FREE);
	}
	mutex_unlock(&slice->claim_lock);

	if (ret && ret != -EINTR)
		dev_err(&slice->dev, "wipe failed with error %d, will be tried again before the next attach\n",
			ret);
	if (!READ_ONCE(slice->stop))
		sluice_slice_announce(slice);
	put_device(&slice->dev);
}

/**
 * sluice_wipe_init() - prepare a slice for being wiped
 * @slice: slice
 */
void sluice_wipe_init(struct sluice_slice *slice)
{
	INIT_WORK(&slice->wipe, sluice_wipe_work);
}

/**
 * sluice_wipe_queue() - wipe a slice and let its claim go
 * @slice: slice, claimed, in state wiping
 */
void sluice_wipe_queue(struct sluice_slice *slice)
{
	get_device(&slice->dev);
	if (!queue_work(wipe_wq, &slice->wipe))
		put_device(&slice->dev);
}

/**
 * sluice_wipe_stop() - have a wipe end early, for good
 * @slice: slice that is going away
 */
void sluice_wipe_stop(struct sluice_slice *slice)
{
	WRITE_ONCE(slice->stop, true);
	if (cancel_work_sync(&slice->wipe))
		put_device(&slice->dev);
}

/**
 * sluice_wipe_wq_init() - make what wipes run on
 *
 * Return: 0 or -ENOMEM
 */
int sluice_wipe_wq_init(void)
{
	wipe_wq = alloc_workqueue("sluice_wipe", WQ_UNBOUND, 0);
	return wipe_wq ? 0 : -ENOMEM;
}

/**
 * sluice_wipe_wq_exit() - undo sluice_wipe_wq_init()
 */
void sluice_wipe_wq_exit(void)
{
	destroy_workqueue(wipe_wq);
}
