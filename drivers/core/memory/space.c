// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the slices of one user share: the ranges that must not be pinned for now
 *
 * Without this VFIO's type1 backend can end in a BUG:
 *
 *	VFIO, thread that unmaps	guest I/O
 *	drops its lock, calls us:
 *	we unpin the range
 *	waits for its lock		touches the range: we pin it
 *	has its lock: finds a pinned
 *	page, starts again;
 *	BUG after ten times in a row
 *
 * So no slice may pin a range again until VFIO is through with it. VFIO does not
 * say when that is. But its thread goes back to user space then, and what the
 * thread has put with fput() is released on its way there. So a hold, which is a
 * range that must not be pinned, has a file that nobody opens: the thread that
 * unmaps makes the file and puts it at once. A guest that unmaps and maps the same
 * addresses for each transfer never waits: its VMM is back from the unmap before
 * it maps anything.
 *
 * If there can be no such file, a hold lasts for a time that is longer than any
 * wait for VFIO's lock.
 *
 * A virtual machine may have several slices, all in one VFIO container, and VFIO
 * tells them one after another. We cannot see which slices are in one container,
 * but those of different processes are not: so all slices that a process has
 * opened share their holds.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "memory/space.h"

/* How long a hold without a file lasts after an unmap */
#define SLUICE_SPACE_GRACE_MS	100

/**
 * struct sluice_hold - a range that no slice of the user may pin
 * @node: in &sluice_space.holds, except for &sluice_space.grace
 * @space: the user's, with a reference, except for &sluice_space.grace
 * @task: the thread that unmaps; never looked into
 * @first: first byte
 * @last: last byte
 * @told: first byte of the range that slices were told of last
 * @teller: the slice that counts how often they were; never looked into
 * @round: how often that was
 */
struct sluice_hold {
	struct list_head node;
	struct sluice_space *space;
	const struct task_struct *task;
	u64 first;
	u64 last;
	u64 told;
	const void *teller;
	unsigned int round;
};

/**
 * struct sluice_space - what the slices of one user share
 * @node: in the list of all
 * @mm: the user's; identifies the user
 * @ref: one for each table, for each unmap in progress and for each hold
 * @lock: protects the members below. Inside &sluice_iova_table.lock
 * @holds: the holds that have a file
 * @grace: the one hold that has none
 * @active: unmaps in progress that use @grace
 * @until: then @grace ends, if @active is 0; in jiffies
 */
struct sluice_space {
	struct list_head node;
	struct mm_struct *mm;
	refcount_t ref;
	spinlock_t lock;
	struct list_head holds;
	struct sluice_hold grace;
	unsigned int active;
	unsigned long until;
};

/* Protects the list */
static DEFINE_MUTEX(sluice_spaces_lock);
static LIST_HEAD(sluice_spaces);

static struct sluice_space *sluice_space_find(const struct mm_struct *mm)
{
	struct sluice_space *space;

	list_for_each_entry(space, &sluice_spaces, node)
		if (space->mm == mm)
			return space;
	return NULL;
}

static struct sluice_space *sluice_space_new(struct mm_struct *mm)
{
	struct sluice_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	/* Its address stays, so no other user can be taken for this one */
	mmgrab(mm);
	space->mm = mm;
	refcount_set(&space->ref, 1);
	spin_lock_init(&space->lock);
	INIT_LIST_HEAD(&space->holds);
	space->until = jiffies;
	list_add(&space->node, &sluice_spaces);
	return space;
}

static void sluice_space_put(struct sluice_space *space)
{
	if (!refcount_dec_and_mutex_lock(&space->ref, &sluice_spaces_lock))
		return;
	list_del(&space->node);
	mutex_unlock(&sluice_spaces_lock);
	mmdrop(space->mm);
	kfree(space);
}

/**
 * sluice_space_join() - a user has opened a slice
 * @mm: the user's memory
 *
 * Return: what all slices of this user share, or NULL without memory
 */
struct sluice_space *sluice_space_join(struct mm_struct *mm)
{
	struct sluice_space *space;

	guard(mutex)(&sluice_spaces_lock);
	space = sluice_space_find(mm);
	if (space)
		refcount_inc(&space->ref);
	else
		space = sluice_space_new(mm);
	return space;
}

/**
 * sluice_space_leave() - the user has closed the slice
 * @space: from sluice_space_join()
 * @slice: the slice that sluice_space_unmap_begin() was given
 */
void sluice_space_leave(struct sluice_space *space, const void *slice)
{
	struct sluice_hold *hold;

	scoped_guard(spinlock, &space->lock) {
		/* VFIO tells it no more: another slice counts */
		list_for_each_entry(hold, &space->holds, node)
			if (hold->teller == slice)
				hold->teller = NULL;
		if (space->grace.teller == slice)
			space->grace.teller = NULL;
	}
	sluice_space_put(space);
}

/**
 * sluice_space_get() - keep what the slices of a user share
 * @space: the user's, or NULL
 *
 * For sluice_space_unmap_begin().
 */
void sluice_space_get(struct sluice_space *space)
{
	if (space)
		refcount_inc(&space->ref);
}

/* --- Holds --- */

static int sluice_hold_release(struct inode *inode, struct file *file)
{
	struct sluice_hold *hold = file->private_data;
	struct sluice_space *space = hold->space;

	spin_lock(&space->lock);
	list_del(&hold->node);
	spin_unlock(&space->lock);
	kfree(hold);
	sluice_space_put(space);
	return 0;
}

static const struct file_operations sluice_hold_fops = {
	.owner = THIS_MODULE,
	.release = sluice_hold_release,
};

/*
 * No two ranges that VFIO knows begin at the same address. In each round VFIO tells
 * all slices of its container: so it is enough to count for one of them.
 */
static void sluice_hold_tell(struct sluice_hold *hold, const void *slice,
			     u64 first, u64 last)
{
	hold->first = min(hold->first, first);
	hold->last = max(hold->last, last);
	if (!hold->round || hold->told != first) {
		hold->told = first;
		hold->teller = NULL;
		hold->round = 0;
	}
	if (!hold->teller)
		hold->teller = slice;
	if (hold->teller == slice)
		hold->round++;
}

/*
 * VFIO may tell of a thousand ranges in one call, and of each several times: a
 * thread has one hold, which covers them all.
 */
static struct sluice_hold *sluice_hold_find(struct sluice_space *space)
{
	struct sluice_hold *hold;

	guard(spinlock)(&space->lock);
	list_for_each_entry(hold, &space->holds, node)
		if (hold->task == current)
			return hold;
	return NULL;
}

/* A hold until the calling thread is back in user space; NULL if it has none */
static struct sluice_hold *sluice_hold_new(struct sluice_space *space,
					   u64 first, u64 last)
{
	struct sluice_hold *hold;
	struct file *file;

	/* fput() has it released at another time */
	if (current->flags & PF_KTHREAD)
		return NULL;
	hold = kzalloc(sizeof(*hold), GFP_KERNEL);
	if (!hold)
		return NULL;
	file = anon_inode_getfile("[sluice-unmap]", &sluice_hold_fops, hold, 0);
	if (IS_ERR(file)) {
		kfree(hold);
		return NULL;
	}
	sluice_space_get(space);
	*hold = (struct sluice_hold) {
		.space = space, .task = current, .first = first, .last = last,
	};
	scoped_guard(spinlock, &space->lock)
		list_add(&hold->node, &space->holds);
	fput(file);
	return hold;
}

static struct sluice_hold *sluice_hold_grace(struct sluice_space *space,
					     u64 first, u64 last)
{
	struct sluice_hold *grace = &space->grace;

	guard(spinlock)(&space->lock);
	if (!space->active && time_after_eq(jiffies, space->until))
		*grace = (struct sluice_hold) { .first = first, .last = last };
	space->active++;
	return grace;
}

static bool sluice_hold_overlaps(const struct sluice_hold *hold, u64 first,
				 u64 last)
{
	return hold->first <= last && first <= hold->last;
}

/**
 * sluice_space_unmap_begin() - one slice hears that a range is unmapped
 * @space: the user's, with a reference that sluice_space_unmap_end() gives up, or
 *	NULL: the slice is not open
 * @first: first byte
 * @last: last byte
 * @slice: the slice, any pointer that no other slice has
 * @unmap: for sluice_space_unmap_end(); receives the number of the round
 *
 * Context: the thread that VFIO was called by. May sleep.
 */
void sluice_space_unmap_begin(struct sluice_space *space, u64 first, u64 last,
			      const void *slice,
			      struct sluice_space_unmap *unmap)
{
	struct sluice_hold *hold;

	*unmap = (struct sluice_space_unmap) { .space = space, .round = 1 };
	if (!space)
		return;
	hold = sluice_hold_find(space);
	if (!hold)
		hold = sluice_hold_new(space, first, last);
	if (!hold)
		hold = sluice_hold_grace(space, first, last);
	unmap->hold = hold;
	guard(spinlock)(&space->lock);
	sluice_hold_tell(hold, slice, first, last);
	unmap->round = hold->round;
}

/**
 * sluice_space_unmap_end() - the slice has done its part of the unmap
 * @unmap: from sluice_space_unmap_begin()
 *
 * Context: the same thread. May sleep.
 */
void sluice_space_unmap_end(struct sluice_space_unmap *unmap)
{
	struct sluice_space *space = unmap->space;

	if (!space)
		return;
	spin_lock(&space->lock);
	if (unmap->hold == &space->grace) {
		space->active--;
		space->until = jiffies + msecs_to_jiffies(SLUICE_SPACE_GRACE_MS);
	}
	spin_unlock(&space->lock);
	sluice_space_put(space);
}

/**
 * sluice_space_blocks() - whether pinning must wait
 * @space: the user's
 * @first: first byte to be pinned
 * @last: last byte
 *
 * Context: under &sluice_iova_table.lock
 * Return: false if pinning is allowed now
 */
bool sluice_space_blocks(struct sluice_space *space, u64 first, u64 last)
{
	const struct sluice_hold *hold;

	guard(spinlock)(&space->lock);
	list_for_each_entry(hold, &space->holds, node)
		if (sluice_hold_overlaps(hold, first, last))
			return true;
	if (!sluice_hold_overlaps(&space->grace, first, last))
		return false;
	return space->active || time_before(jiffies, space->until);
}
