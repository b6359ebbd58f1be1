// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims: which slice an mdev gets, and how it gets and leaves it
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "core.h"

/* Say why an mdev was not created. The UUID is what the user has written. */
#define claim_refuse(parent, mdev, fmt, ...)				\
	dev_notice_ratelimited((parent)->dev,				\
			       "create %pUb refused: " fmt "\n",	\
			       mdev, ##__VA_ARGS__)

/* The disk may have changed between reading its table and opening it. */
#define CLAIM_TRIES	3

/* Another slice in use shares blocks with this one: the table was edited. */
static bool sluice_claim_overlaps(const struct sluice_slice *slice)
{
	const struct sluice_extent *a = &slice->extent;
	struct sluice_slice *other;

	list_for_each_entry(other, &slice->parent->slice_list, list) {
		const struct sluice_extent *b = &other->extent;

		if (other != slice && other->disk == slice->disk &&
		    sluice_slice_get_state(other) != SLUICE_SLICE_FREE &&
		    a->start < b->start + b->size &&
		    b->start < a->start + a->size)
			return true;
	}
	return false;
}

/* Under &sluice_parent.lock: make the slice this mdev's, or say why not. */
static int sluice_claim_take(struct sluice_slice *slice, const uuid_t *mdev)
{
	int ret;

	if (sluice_slice_get_state(slice) != SLUICE_SLICE_FREE ||
	    slice->ambiguous || sluice_claim_overlaps(slice))
		return -EBUSY;
	mutex_lock(&slice->claim_lock);
	ret = sluice_part_open(slice);
	mutex_unlock(&slice->claim_lock);
	if (ret)
		return ret;
	if (!slice->extent.partition)
		slice->disk->guest_table = true;
	sluice_slice_set_mdev(slice, mdev);
	sluice_slice_set_state(slice, SLUICE_SLICE_ATTACHED);
	get_device(&slice->dev);
	return 0;
}

static const char *sluice_claim_why(struct sluice_slice *slice, int err)
{
	switch (sluice_slice_get_state(slice)) {
	case SLUICE_SLICE_ATTACHED:
		return "is attached";
	case SLUICE_SLICE_WIPING:
		return "is being wiped";
	case SLUICE_SLICE_FREE:
		break;
	}
	if (slice->ambiguous)
		return "has a UUID that is on another disk, too";
	switch (err) {
	case -EBUSY:
		return "is used by the host or shares blocks with what is in use";
	case -ENOENT:
		return "is no partition to the kernel, which has to read the table again";
	default:
		return "cannot be opened";
	}
}

/* Under &sluice_parent.lock: the slice that has the mdev's UUID. */
static int sluice_claim_named(struct sluice_slice *slice, const uuid_t *mdev)
{
	int ret = sluice_claim_take(slice, mdev);

	if (ret && ret != -EAGAIN)
		claim_refuse(slice->parent, mdev, "slice %s %s (error %d)",
			     dev_name(&slice->dev),
			     sluice_claim_why(slice, ret), ret);
	return ret;
}

/* Under &sluice_parent.lock: the first of the pool that can be had. */
static struct sluice_slice *sluice_claim_pool(struct sluice_parent *parent,
					      const uuid_t *mdev, bool clean)
{
	struct sluice_slice *slice;

	list_for_each_entry(slice, &parent->slice_list, list)
		if (slice->extent.pool && slice->clean == clean &&
		    !sluice_claim_take(slice, mdev))
			return slice;
	return NULL;
}

/* Under &sluice_parent.lock. */
static struct sluice_slice *sluice_claim_choose(struct sluice_parent *parent,
						const uuid_t *mdev)
{
	struct sluice_slice *slice = sluice_slice_find(parent, mdev);
	int ret;

	if (slice) {
		ret = sluice_claim_named(slice, mdev);
		return ret ? ERR_PTR(ret) : slice;
	}
	slice = sluice_claim_pool(parent, mdev, true);
	if (!slice)
		slice = sluice_claim_pool(parent, mdev, false);
	if (slice)
		return slice;
	claim_refuse(parent, mdev,
		     "no slice has this UUID, and no slice of the pool is free");
	return ERR_PTR(-ENOENT);
}

/* What may take long, after the claim: nobody else wants the slice now. */
static int sluice_claim_prepare(struct sluice_slice *slice, const uuid_t *mdev)
{
	int ret;

	mutex_lock(&slice->claim_lock);
	if (slice->extent.pool && !slice->clean) {
		sluice_slice_set_state(slice, SLUICE_SLICE_WIPING);
		ret = sluice_wipe(slice);
		sluice_slice_set_state(slice, SLUICE_SLICE_ATTACHED);
	} else {
		ret = sluice_part_flush(slice);
	}
	mutex_unlock(&slice->claim_lock);
	if (ret)
		claim_refuse(slice->parent, mdev,
			     "cleaning slice %s failed with error %d",
			     dev_name(&slice->dev), ret);
	switch (ret) {
	case 0:
	case -EBUSY:
	case -EINTR:
	case -ENODEV:
		return ret;
	default:
		return -EIO;
	}
}

/**
 * sluice_claim() - claim a slice for an mdev
 * @parent: parent
 * @mdev: the mdev's UUID: that of a slice, or any other for a slice of the pool
 *
 * The tables are read again first.
 *
 * Return: the slice with a reference, or an ERR_PTR(): -ENOENT, -EBUSY, -EIO,
 * -ENODEV
 */
struct sluice_slice *sluice_claim(struct sluice_parent *parent,
				  const uuid_t *mdev)
{
	struct sluice_slice *slice;
	unsigned int tries = 0;
	int ret;

	do {
		/* What could be read last time is still there. */
		sluice_parent_rescan(parent);
		mutex_lock(&parent->lock);
		slice = sluice_claim_choose(parent, mdev);
		mutex_unlock(&parent->lock);
	} while (slice == ERR_PTR(-EAGAIN) && ++tries < CLAIM_TRIES);
	if (slice == ERR_PTR(-EAGAIN))
		return ERR_PTR(-EBUSY);
	if (IS_ERR(slice))
		return slice;

	ret = sluice_claim_prepare(slice, mdev);
	if (ret) {
		sluice_claim_cancel(slice);
		return ERR_PTR(ret);
	}
	return slice;
}

/**
 * sluice_claim_info() - what a backend may know of a claimed slice
 * @slice: slice
 * @info: to be filled
 */
void sluice_claim_info(struct sluice_slice *slice,
		       struct sluice_slice_info *info)
{
	spin_lock(&slice->parent->slice_lock);
	info->uuid = slice->extent.uuid;
	strscpy(info->name, slice->extent.name, sizeof(info->name));
	info->disk_priv = slice->disk_priv;
	info->start = slice->extent.start;
	info->size = slice->extent.size;
	info->generation = slice->generation;
	spin_unlock(&slice->parent->slice_lock);
}

/**
 * sluice_claim_announce() - the slice is attached now
 * @slice: slice, claimed
 */
void sluice_claim_announce(struct sluice_slice *slice)
{
	sluice_slice_announce(slice);
}

/* The last step of letting a slice go, and of losing the reference to it. */
static void sluice_claim_free(struct sluice_slice *slice)
{
	mutex_lock(&slice->claim_lock);
	sluice_part_close(slice);
	sluice_slice_set_mdev(slice, NULL);
	sluice_slice_set_state(slice, SLUICE_SLICE_FREE);
	mutex_unlock(&slice->claim_lock);
	put_device(&slice->dev);
}

/* The claim goes on until the slice has been wiped. */
static void sluice_claim_wipe(struct sluice_slice *slice)
{
	sluice_slice_set_mdev(slice, NULL);
	sluice_wipe_queue(slice);
	put_device(&slice->dev);
}

/**
 * sluice_claim_cancel() - let go of a slice that no guest has seen
 * @slice: slice, claimed; the reference is given up
 */
void sluice_claim_cancel(struct sluice_slice *slice)
{
	sluice_claim_free(slice);
}

/**
 * sluice_claim_release() - let go of a slice that a guest has had
 * @slice: slice, claimed, its I/O stopped; the reference is given up
 *
 * A slice of the pool is wiped first, which goes on after this returns.
 */
void sluice_claim_release(struct sluice_slice *slice)
{
	bool pool = slice->extent.pool;
	bool there;
	int ret = 0;

	mutex_lock(&slice->claim_lock);
	/* Without its partition the slice has gone with its disk. */
	there = slice->claim.bdev;
	slice->clean = false;
	if (there && pool)
		sluice_slice_set_state(slice, SLUICE_SLICE_WIPING);
	else if (there)
		ret = sluice_part_flush(slice);
	mutex_unlock(&slice->claim_lock);
	if (ret)
		dev_warn(&slice->dev, "what the host has cached of it may be stale, error %d\n",
			 ret);

	get_device(&slice->dev);
	if (there && pool)
		sluice_claim_wipe(slice);
	else
		sluice_claim_free(slice);
	if (there)
		sluice_slice_announce(slice);
	put_device(&slice->dev);
}
