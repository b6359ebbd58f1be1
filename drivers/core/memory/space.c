// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the slices of one user share: the ranges that must not be pinned for now
 *
 * A virtual machine may have several slices, all in one VFIO container. VFIO
 * tells them one after another that a range is unmapped, and starts again if it
 * finds a page of the range pinned at the end (see recent.h). So no slice may pin
 * the range while VFIO still tells another. We cannot see which slices are in one
 * container, but those of different processes are not: so all slices that a
 * process has opened share what they must not pin.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "memory/space.h"

/**
 * struct sluice_space - what the slices of one user share
 * @node: in the list of all
 * @mm: the user's; identifies the user
 * @ref: one for each table and for each unmap in progress
 * @tables: number of open tables; changes under the list's lock
 * @lock: protects @recent. Inside &sluice_iova_table.lock
 * @recent: ranges that must not be pinned for now
 */
struct sluice_space {
	struct list_head node;
	struct mm_struct *mm;
	refcount_t ref;
	unsigned int tables;
	spinlock_t lock;
	struct sluice_recent recent;
};

/* Protects the list and the number of tables of each */
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
	if (space)
		WRITE_ONCE(space->tables, space->tables + 1);
	return space;
}

/**
 * sluice_space_leave() - the user has closed the slice
 * @space: from sluice_space_join()
 */
void sluice_space_leave(struct sluice_space *space)
{
	mutex_lock(&sluice_spaces_lock);
	WRITE_ONCE(space->tables, space->tables - 1);
	mutex_unlock(&sluice_spaces_lock);
	sluice_space_put(space);
}

/**
 * sluice_space_unmap_begin() - one slice hears that a range is unmapped
 * @space: the user's, or NULL: the slice is not open
 * @first: first byte
 * @last: last byte
 * @unmap: for sluice_space_unmap_end()
 *
 * Context: under &sluice_iova_table.lock, which keeps @space
 */
void sluice_space_unmap_begin(struct sluice_space *space, u64 first, u64 last,
			      struct sluice_space_unmap *unmap)
{
	unmap->space = space;
	if (!space)
		return;
	refcount_inc(&space->ref);
	spin_lock(&space->lock);
	unmap->handle = sluice_recent_begin(&space->recent, first, last,
					    jiffies);
	spin_unlock(&space->lock);
}

/**
 * sluice_space_unfinished() - how often an unmap left pages pinned
 * @unmap: from sluice_space_unmap_begin()
 *
 * Return: see sluice_recent_unfinished()
 */
unsigned int sluice_space_unfinished(const struct sluice_space_unmap *unmap)
{
	if (!unmap->space)
		return 0;
	guard(spinlock)(&unmap->space->lock);
	return sluice_recent_unfinished(&unmap->space->recent, unmap->handle);
}

/**
 * sluice_space_unmap_end() - the slice has done its part of the unmap
 * @unmap: from sluice_space_unmap_begin()
 * @finished: the slice has no page of the range pinned any more
 *
 * Context: may sleep.
 */
void sluice_space_unmap_end(struct sluice_space_unmap *unmap, bool finished)
{
	struct sluice_space *space = unmap->space;

	if (!space)
		return;
	spin_lock(&space->lock);
	sluice_recent_end(&space->recent, unmap->handle, finished,
			  READ_ONCE(space->tables), jiffies);
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
 * Return: jiffies to wait before asking again, 0 if pinning is allowed now
 */
unsigned long sluice_space_blocks(struct sluice_space *space, u64 first,
				  u64 last)
{
	guard(spinlock)(&space->lock);
	return sluice_recent_blocks(&space->recent, first, last, jiffies);
}
