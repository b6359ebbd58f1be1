// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims: which slice an mdev gets, and how it gets and returns it
 *
 * device/mdev.c calls this file when an mdev is created or removed.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>

#include "inventory/inventory.h"

/*
 * Log why an mdev was not created; the UUID is as the administrator wrote it.
 */
#define sluice_claim_refuse(parent, mdev, fmt, ...)			\
	dev_notice_ratelimited((parent)->dev,				\
			       "create %pUb refused: " fmt "\n",	\
			       mdev, ##__VA_ARGS__)

/* A provider may find that a slice has changed since the last enumeration. */
#define SLUICE_CLAIM_TRIES	3

/*
 * Under &sluice_parent.lock: claim the slice for the mdev. On failure, half a
 * sentence in @why says why.
 */
static int sluice_claim_take(struct sluice_slice *slice, const uuid_t *mdev,
			     const char **why)
{
	int ret;

	switch (sluice_slice_get_state(slice)) {
	case SLUICE_SLICE_ATTACHED:
		*why = "is attached";
		return -EBUSY;
	case SLUICE_SLICE_WIPING:
		*why = "is being wiped";
		return -EBUSY;
	case SLUICE_SLICE_FREE:
		break;
	}
	*why = sluice_slice_refusal(slice);
	if (*why)
		return -EINVAL;
	*why = "cannot be claimed";
	ret = slice->ops->claim ? slice->ops->claim(slice, why) : 0;
	if (ret)
		return ret;
	sluice_slice_set_mdev(slice, mdev);
	sluice_slice_set_state(slice, SLUICE_SLICE_ATTACHED);
	get_device(&slice->dev);
	return 0;
}

/*
 * Under &sluice_parent.lock: claim the slice that has the mdev's UUID. A slice
 * has one kind of types, so that available_instances can count it once.
 */
static int sluice_claim_named(struct sluice_slice *slice,
			      const struct sluice_type *type,
			      const uuid_t *mdev)
{
	const char *why;
	int ret;

	if (slice->pool != type->pool) {
		sluice_claim_refuse(slice->parent, mdev,
				    "slice %s is %s, and this type is for others; use a type like %s-%s",
				    dev_name(&slice->dev),
				    slice->pool ? "in the pool" : "not in the pool",
				    dev_driver_string(slice->parent->dev),
				    sluice_parent_type_like(slice->parent,
							    slice->pool));
		return -EINVAL;
	}
	ret = sluice_claim_take(slice, mdev, &why);
	if (ret && ret != -EAGAIN)
		sluice_claim_refuse(slice->parent, mdev,
				    "slice %s %s (error %d)",
				    dev_name(&slice->dev), why, ret);
	return ret;
}

/* Slices of the pool that need no wipe come first, those that failed last. */
enum sluice_claim_rank {
	SLUICE_CLAIM_CLEAN,
	SLUICE_CLAIM_DIRTY,
	SLUICE_CLAIM_UNFIT,
	SLUICE_CLAIM_RANKS,
};

static enum sluice_claim_rank sluice_claim_rank(const struct sluice_slice *slice)
{
	if (slice->unfit)
		return SLUICE_CLAIM_UNFIT;
	return READ_ONCE(slice->clean) ? SLUICE_CLAIM_CLEAN :
					 SLUICE_CLAIM_DIRTY;
}

/* Under &sluice_parent.lock: claim the first such slice that is free. */
static struct sluice_slice *sluice_claim_pool(struct sluice_parent *parent,
					      const uuid_t *mdev,
					      enum sluice_claim_rank rank)
{
	struct sluice_provider *provider;
	struct sluice_slice *slice;
	const char *why;

	list_for_each_entry(provider, &parent->providers, node)
		list_for_each_entry(slice, &provider->slices, node)
			if (slice->pool && sluice_claim_rank(slice) == rank &&
			    !sluice_claim_take(slice, mdev, &why))
				return slice;
	return NULL;
}

/* Under &sluice_parent.lock. */
static struct sluice_slice *sluice_claim_choose(struct sluice_parent *parent,
						const struct sluice_type *type,
						const uuid_t *mdev)
{
	struct sluice_slice *slice = sluice_slice_find(parent, mdev);
	enum sluice_claim_rank rank;
	int ret;

	if (slice) {
		ret = sluice_claim_named(slice, type, mdev);
		return ret ? ERR_PTR(ret) : slice;
	}
	if (!type->pool) {
		sluice_claim_refuse(parent, mdev,
				    "no slice has this UUID; for any slice of the pool use a type like %s-%s",
				    dev_driver_string(parent->dev),
				    sluice_parent_type_like(parent, true));
		return ERR_PTR(-ENOENT);
	}
	for (rank = 0; rank < SLUICE_CLAIM_RANKS; rank++) {
		slice = sluice_claim_pool(parent, mdev, rank);
		if (slice)
			return slice;
	}
	sluice_claim_refuse(parent, mdev, "no slice of the pool is free");
	return ERR_PTR(-ENOSPC);
}

/* The slow part, after the claim: nobody else can claim the slice now. */
static int sluice_claim_prepare(struct sluice_slice *slice, const uuid_t *mdev)
{
	int ret = slice->ops->prepare ? slice->ops->prepare(slice) : 0;

	if (ret)
		sluice_claim_refuse(slice->parent, mdev,
				    "preparing slice %s failed with error %d",
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

static struct sluice_slice *sluice_claim_once(struct sluice_parent *parent,
					      const struct sluice_type *type,
					      const uuid_t *mdev)
{
	struct sluice_slice *slice;
	unsigned int tries = 0;

	do {
		/* Ignore errors: the slices found last time are still there. */
		sluice_inventory_enumerate(parent);
		mutex_lock(&parent->lock);
		slice = sluice_claim_choose(parent, type, mdev);
		mutex_unlock(&parent->lock);
	} while (slice == ERR_PTR(-EAGAIN) && ++tries < SLUICE_CLAIM_TRIES);
	return slice == ERR_PTR(-EAGAIN) ? ERR_PTR(-EBUSY) : slice;
}

/*
 * Whether to try another slice of the pool after this one, claimed, could not be
 * prepared. Each slice is given up once, so this ends.
 */
static bool sluice_claim_give_up(struct sluice_slice *slice, const uuid_t *mdev,
				 int error)
{
	bool again = !slice->unfit && !uuid_equal(&slice->info.uuid, mdev);

	if (error == -EINTR)
		return false;
	slice->unfit = true;
	return again;
}

/**
 * sluice_claim() - claim a slice for an mdev
 * @parent: parent
 * @type: type of the mdev, which says whether the slice is of the pool
 * @mdev: UUID of the mdev: the UUID of a slice, or any other UUID for a slice
 *	of the pool
 *
 * First the providers enumerate their slices. A slice of the pool that cannot be
 * wiped is left for another one.
 *
 * Return: the slice with a reference, or an ERR_PTR(): -ENOENT, -ENOSPC,
 * -EINVAL, -EBUSY, -EINTR, -EIO, -ENODEV, or another error of
 * &sluice_provider_ops.claim
 */
struct sluice_slice *sluice_claim(struct sluice_parent *parent,
				  const struct sluice_type *type,
				  const uuid_t *mdev)
{
	struct sluice_slice *slice;
	bool again;
	int ret;

	do {
		slice = sluice_claim_once(parent, type, mdev);
		if (IS_ERR(slice))
			return slice;
		ret = sluice_claim_prepare(slice, mdev);
		if (!ret) {
			slice->unfit = false;
			return slice;
		}
		again = sluice_claim_give_up(slice, mdev, ret);
		sluice_claim_cancel(slice);
	} while (again);
	return ERR_PTR(ret);
}

/**
 * sluice_claim_join() - report changes of a slice to its attachment
 * @slice: slice, claimed
 * @sdev: the attachment, which the backend has attached
 *
 * Also reports a change of the size since sluice_slice_get_info().
 */
void sluice_claim_join(struct sluice_slice *slice, struct sluice_dev *sdev)
{
	guard(mutex)(&slice->sdev_lock);
	slice->sdev = sdev;
	if (slice->info.size != sdev->info.size)
		sluice_slice_notify(slice);
}

/**
 * sluice_claim_leave() - undo sluice_claim_join()
 * @slice: slice, claimed
 */
void sluice_claim_leave(struct sluice_slice *slice)
{
	guard(mutex)(&slice->sdev_lock);
	slice->sdev = NULL;
}

/**
 * sluice_slice_wiped() - report that a wiped slice is free again
 * @slice: slice for which &sluice_provider_ops.wipe was called
 *
 * Context: may sleep.
 */
void sluice_slice_wiped(struct sluice_slice *slice)
{
	sluice_slice_set_state(slice, SLUICE_SLICE_FREE);
	sluice_slice_announce(slice);
}
EXPORT_SYMBOL_GPL(sluice_slice_wiped);

/* Another mdev may attach the slice as soon as its state is free. */
static void sluice_claim_end(struct sluice_slice *slice, bool used)
{
	bool wipe = slice->ops->release && slice->ops->release(slice, used);

	if (wipe)
		sluice_slice_set_state(slice, SLUICE_SLICE_WIPING);
	sluice_slice_set_mdev(slice, NULL);
	if (wipe)
		slice->ops->wipe(slice);
	else
		sluice_slice_set_state(slice, SLUICE_SLICE_FREE);
	if (used)
		sluice_slice_announce(slice);
	put_device(&slice->dev);
}

/**
 * sluice_claim_cancel() - end the claim of a slice that no guest has seen
 * @slice: slice, claimed; the reference is dropped
 */
void sluice_claim_cancel(struct sluice_slice *slice)
{
	sluice_claim_end(slice, false);
}

/**
 * sluice_claim_release() - end the claim of a slice that a guest has had
 * @slice: slice, claimed, its I/O stopped; the reference is dropped
 *
 * The provider may continue to wipe the slice after this returns.
 */
void sluice_claim_release(struct sluice_slice *slice)
{
	sluice_claim_end(slice, true);
}
