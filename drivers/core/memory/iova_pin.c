// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: the work item that pins and unpins
 *
 * iova.c calls this file; nothing else pins or unpins guest memory.
 *
 * Why a work item does it
 * -----------------------
 * VFIO calls our unmap callback with a lock held (the container's device list).
 * Pinning and unpinning need another lock (the container's), and VFIO takes the
 * list's lock inside the container's. If our callback waited without limit for
 * an unpin, two threads that unmap could wait for each other:
 *
 *	thread 1			thread 2
 *	holds the list's lock,
 *	runs our callback		takes the container's lock
 *	waits for an unpin, which	waits for the list's lock
 *	needs the container's lock
 *
 * These rules prevent it:
 *
 * - Only the work item pins and unpins, and it holds no lock meanwhile. The
 *   callback does not pin or unpin, nor does a thread that holds a lock which
 *   the callback needs.
 * - A thread that waits for a page to be pinned gives up (-EAGAIN) as soon as
 *   an unmap begins. So the callback may wait for any lock that such a thread
 *   holds, the backend's locks included. The path of an I/O does not wait at all:
 *   it asks, and the work item calls it when it has pinned, with no lock held.
 * - The callback gives up waiting when nothing is unpinned for a while. Then VFIO
 *   drops the list's lock, which lets thread 2 continue, finds that pages are
 *   still pinned, and calls us again. Meanwhile the work item has its turn: it is
 *   the first in the queue for the container's lock, and Linux hands a mutex to
 *   the first waiter if it has been overtaken. In one turn it unpins what it can
 *   until thread 1 is awake and has its turn in the same way; that is all of a
 *   range, mostly, and one group at least (VFIO unpins 512 pages at a time).
 *
 * tools/testing/model/unmap.pml is a model of this. Two slices and two threads take
 * five rounds at most if each range takes one turn for each slice, and eight if it
 * takes two. VFIO allows eleven rounds and ends in a BUG then. So the tenth waits on:
 * the host does not crash, but two threads whose ranges took more turns would hang.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "memory/iova_table.h"

/* A chunk is filled in groups of this many pages (log2), largest first. */
static const unsigned int sluice_iova_orders[] = {
	SLUICE_IOVA_SHIFT - PAGE_SHIFT, /* the whole chunk */
	SLUICE_IOVA_SHIFT - PAGE_SHIFT - 3, /* a leaf */
	2,
	0,
};

/*
 * When the user has reached its limit of locked memory, VFIO logs a line for
 * each page that we ask for. A guest must not be able to fill the log.
 */
#define SLUICE_IOVA_NOMEM_WAIT_MS 500

/**
 * struct sluice_iova_waiter - a thread that waits for a page
 * @req: the page
 * @ref: references of the waiting thread and of the work item
 * @done: @req has an answer
 */
struct sluice_iova_waiter {
	struct sluice_mem_request req;
	refcount_t ref;
	bool done;
};

static struct workqueue_struct *sluice_iova_wq;

static u64 sluice_iova_group_last(u64 first, unsigned int order)
{
	return first + ((u64)PAGE_SIZE << order) - 1;
}

/* --- Filling: called by the work item --- */

/*
 * Announce the range to be pinned, so that an unmap can see it. -EAGAIN if the
 * range must not be pinned now, -EEXIST if a part of it is in the table
 * already.
 */
static int sluice_iova_busy_begin(struct sluice_iova_table *table, u64 first,
				  unsigned int order)
{
	u64 last = sluice_iova_group_last(first, order);
	bool empty;

	mutex_lock(&table->table_lock);
	empty = sluice_iova_group_empty(table, first, order);
	mutex_unlock(&table->table_lock);
	if (!empty)
		return -EEXIST;

	guard(spinlock)(&table->lock);
	if (!table->open)
		return -ENODEV;
	if (sluice_space_blocks(table->space, first, last))
		return -EAGAIN;
	table->busy_first = first;
	table->busy_last = last;
	table->spoiled = false;
	table->busy = true;
	return 0;
}

static void sluice_iova_busy_end(struct sluice_iova_table *table)
{
	spin_lock(&table->lock);
	table->busy = false;
	spin_unlock(&table->lock);
	wake_up_all(&table->wait);
}

static bool sluice_iova_is_spoiled(struct sluice_iova_table *table)
{
	bool spoiled;

	spin_lock(&table->lock);
	spoiled = table->spoiled;
	spin_unlock(&table->lock);
	return spoiled;
}

static void sluice_iova_unpin_group(struct sluice_iova_table *table, u64 first,
				    unsigned int nr)
{
	table->ops->unpin(table->priv, first, nr);
	atomic64_add(nr, &table->unpinned);
}

/* Pin a group and put it into the table; all or nothing. */
static int sluice_iova_fill_group(struct sluice_iova_table *table, u64 first,
				  unsigned int order, bool write)
{
	unsigned int nr = 1U << order;
	int ret;

	ret = table->ops->pin(table->priv, first, nr, write, table->pages);
	if (ret)
		return ret;
	atomic64_add(nr, &table->pinned);

	mutex_lock(&table->table_lock);
	if (sluice_iova_is_spoiled(table))
		ret = -EAGAIN;
	else
		ret = sluice_iova_install(table, first, order, write);
	mutex_unlock(&table->table_lock);
	if (ret)
		sluice_iova_unpin_group(table, first, nr);
	return ret;
}

static bool sluice_iova_too_early(const struct sluice_iova_table *table,
				  unsigned int order)
{
	unsigned long until = order ? table->scarce : table->exhausted;

	return until && time_before(jiffies, until);
}

/* A guest with an IOMMU unmaps each page for itself: do not pin its neighbours */
static bool sluice_iova_too_large(const struct sluice_iova_table *table,
				  unsigned int order)
{
	unsigned long until = READ_ONCE(table->small);

	return order && until && time_before(jiffies, until);
}

static void sluice_iova_note_nomem(struct sluice_iova_table *table,
				   unsigned int order)
{
	unsigned long until =
		jiffies + msecs_to_jiffies(SLUICE_IOVA_NOMEM_WAIT_MS);

	/* Zero means never. */
	table->scarce = until | 1;
	if (!order)
		table->exhausted = until | 1;
}

/* Fill in the largest possible group around a page. */
static int sluice_iova_fill(struct sluice_iova_table *table, u64 iova,
			    bool write)
{
	unsigned int i;
	int ret = -EFAULT;

	for (i = 0; i < ARRAY_SIZE(sluice_iova_orders); i++) {
		unsigned int order = sluice_iova_orders[i];
		u64 first = ALIGN_DOWN(iova, (u64)PAGE_SIZE << order);

		if (sluice_iova_too_large(table, order))
			continue;
		if (sluice_iova_too_early(table, order)) {
			ret = -ENOMEM;
			continue;
		}
		ret = sluice_iova_busy_begin(table, first, order);
		/* The page is in the table already. */
		if (ret == -EEXIST && !order)
			return 0;
		if (ret == -ENODEV)
			return ret;
		if (ret)
			continue;
		ret = sluice_iova_fill_group(table, first, order, true);
		/* A read-only page can still be pinned for reading. */
		if (ret == -EPERM && !order && !write)
			ret = sluice_iova_fill_group(table, first, order,
						     false);
		sluice_iova_busy_end(table);
		if (ret == -ENOMEM)
			sluice_iova_note_nomem(table, order);
		if (!ret || ret == -EAGAIN)
			return ret;
	}
	return ret;
}

static struct sluice_mem_request *
sluice_iova_next_request(struct sluice_iova_table *table)
{
	struct sluice_mem_request *req;

	spin_lock(&table->lock);
	req = list_first_entry_or_null(&table->wanted,
				       struct sluice_mem_request, node);
	if (req)
		list_del(&req->node);
	spin_unlock(&table->lock);
	return req;
}

static void sluice_iova_serve(struct sluice_iova_table *table,
			      struct sluice_mem_request *req)
{
	struct mem_cgroup *old;

	/* this thread is nobody's: what the guest causes is its owner's */
	old = set_active_memcg(table->memcg);
	req->err = sluice_iova_fill(table, req->iova, req->device_writes);
	set_active_memcg(old);
	req->done(req);

	spin_lock(&table->lock);
	table->nr_wanted--;
	spin_unlock(&table->lock);
	wake_up_all(&table->wait);
}

/* --- Unpinning: called by the work item --- */

static struct sluice_iova_chunk *
sluice_iova_next_dropped(struct sluice_iova_table *table)
{
	struct sluice_iova_chunk *chunk;

	spin_lock(&table->lock);
	chunk = list_first_entry_or_null(&table->dropped,
					 struct sluice_iova_chunk, node);
	if (chunk)
		list_del(&chunk->node);
	spin_unlock(&table->lock);
	return chunk;
}

/* Unpin the same groups that @pin was called for: iommufd requires it. */
static void sluice_iova_unpin_slots(struct sluice_iova_table *table,
				    struct sluice_iova_chunk *chunk)
{
	const struct sluice_iova_slot *slot;
	unsigned int nr, i = chunk->from;

	for (; (slot = sluice_iova_next_page(chunk, &i, chunk->to)); i++) {
		nr = 1U << sluice_iova_slot_order(slot->page);
		sluice_iova_unpin_group(table,
					chunk->iova + ((u64)i << PAGE_SHIFT), nr);
		i += nr - 1;
	}
}

static void sluice_iova_unpin_chunk(struct sluice_iova_table *table,
				    struct sluice_iova_chunk *chunk)
{
	if (chunk->huge)
		sluice_iova_unpin_group(table, chunk->iova, SLUICE_IOVA_PAGES);
	else
		sluice_iova_unpin_slots(table, chunk);
	sluice_iova_free_chunk(chunk);

	spin_lock(&table->lock);
	table->nr_dropped--;
	spin_unlock(&table->lock);
	wake_up_all(&table->wait);
}

/**
 * sluice_iova_work() - pin and unpin what other threads asked for
 * @work: of a &struct sluice_iova_table
 */
void sluice_iova_work(struct work_struct *work)
{
	struct sluice_iova_table *table =
		container_of(work, struct sluice_iova_table, work);
	struct sluice_mem_request *req;
	struct sluice_iova_chunk *chunk;

	for (;;) {
		/* First unpin: an unmap may be waiting with a lock held. */
		chunk = sluice_iova_next_dropped(table);
		req = chunk ? NULL : sluice_iova_next_request(table);
		if (chunk)
			sluice_iova_unpin_chunk(table, chunk);
		else if (req)
			sluice_iova_serve(table, req);
		else
			return;
		/* a guest that asks without end must not block RCU Tasks */
		cond_resched_tasks_rcu_qs();
	}
}

/* --- Called by other threads --- */

/**
 * sluice_iova_ask() - ask for a page to be put into the table
 * @table: guest memory
 * @req: the page; its answer is -ENODEV if the table is closed
 */
void sluice_iova_ask(struct sluice_iova_table *table,
		     struct sluice_mem_request *req)
{
	spin_lock(&table->lock);
	list_add_tail(&req->node, &table->wanted);
	table->nr_wanted++;
	spin_unlock(&table->lock);
	queue_work(sluice_iova_wq, &table->work);
}

static void sluice_iova_waiter_put(struct sluice_iova_waiter *waiter)
{
	if (refcount_dec_and_test(&waiter->ref))
		kfree(waiter);
}

/* The work item wakes the thread next. */
static void sluice_iova_waiter_done(struct sluice_mem_request *req)
{
	struct sluice_iova_waiter *waiter =
		container_of(req, struct sluice_iova_waiter, req);

	/* Pairs with sluice_iova_answered(): the answer is there. */
	smp_store_release(&waiter->done, true);
	sluice_iova_waiter_put(waiter);
}

static bool sluice_iova_answered(const struct sluice_iova_waiter *waiter)
{
	/* Pairs with sluice_iova_waiter_done(). */
	return smp_load_acquire(&waiter->done);
}

static bool sluice_iova_unmaps(const struct sluice_iova_table *table)
{
	return atomic_read(&table->unmapping);
}

/*
 * Ask the work item to put a page into the table, and wait for it. The answer may be
 * -EAGAIN; without an answer that means to give up.
 */
static int sluice_iova_fault_once(struct sluice_iova_table *table, u64 iova,
				  bool write, bool *answered)
{
	struct sluice_iova_waiter *waiter;
	int ret = -EAGAIN;

	*answered = false;
	if (!READ_ONCE(table->open))
		return -ENODEV;
	if (sluice_iova_unmaps(table))
		return -EAGAIN;
	waiter = kzalloc(sizeof(*waiter), GFP_KERNEL);
	if (!waiter)
		return -ENOMEM;
	waiter->req.iova = iova;
	waiter->req.device_writes = write;
	waiter->req.done = sluice_iova_waiter_done;
	refcount_set(&waiter->ref, 2);
	sluice_iova_ask(table, &waiter->req);
	wait_event(table->wait,
		   sluice_iova_answered(waiter) || sluice_iova_unmaps(table));
	*answered = sluice_iova_answered(waiter);
	if (*answered)
		ret = waiter->req.err;
	sluice_iova_waiter_put(waiter);
	return ret;
}

/**
 * sluice_iova_fault() - have a page put into the table
 * @table: guest memory
 * @iova: any address within the page
 * @write: the page must be writable
 *
 * If the range was unmapped a moment ago, this waits for the end of its grace.
 *
 * Return: 0 or an error of sluice_iova_get()
 */
int sluice_iova_fault(struct sluice_iova_table *table, u64 iova, bool write)
{
	bool answered;
	int ret;

	for (;;) {
		ret = sluice_iova_fault_once(table, iova, write, &answered);
		if (ret != -EAGAIN || !answered)
			return ret;
		wait_event_timeout(table->wait,
				   sluice_iova_unmaps(table) ||
					   !READ_ONCE(table->open),
				   1);
	}
}

/**
 * sluice_iova_unpin() - have chunks unpinned and freed
 * @table: guest memory
 * @chunks: chunks, removed from the table and with no DMA mappings; empty
 *	afterwards
 */
void sluice_iova_unpin(struct sluice_iova_table *table,
		       struct list_head *chunks)
{
	spin_lock(&table->lock);
	list_splice_tail_init(chunks, &table->dropped);
	spin_unlock(&table->lock);
	queue_work(sluice_iova_wq, &table->work);
}

/**
 * sluice_iova_unpinned() - whether everything has been unpinned
 * @table: guest memory
 * @first: first byte of a range
 * @last: last byte
 *
 * Return: true if no dropped chunk is still pinned and the work item is not
 * pinning any of the range
 */
bool sluice_iova_unpinned(struct sluice_iova_table *table, u64 first, u64 last)
{
	bool busy;

	spin_lock(&table->lock);
	busy = table->nr_dropped ||
	       (table->busy &&
		sluice_iova_overlap(table->busy_first, table->busy_last, first,
				    last));
	spin_unlock(&table->lock);
	return !busy;
}

/**
 * sluice_iova_idle() - whether the work item has nothing to do
 * @table: guest memory
 *
 * Return: true if the work item is idle
 */
bool sluice_iova_idle(struct sluice_iova_table *table)
{
	bool idle;

	spin_lock(&table->lock);
	idle = !table->nr_dropped && !table->nr_wanted;
	spin_unlock(&table->lock);
	return idle;
}

/**
 * sluice_iova_wq_init() - create the workqueue of the work items
 *
 * Return: 0 or -ENOMEM
 */
int sluice_iova_wq_init(void)
{
	sluice_iova_wq = alloc_workqueue("sluice_iova", WQ_UNBOUND, 0);
	return sluice_iova_wq ? 0 : -ENOMEM;
}

/**
 * sluice_iova_wq_exit() - undo sluice_iova_wq_init()
 */
void sluice_iova_wq_exit(void)
{
	destroy_workqueue(sluice_iova_wq);
}
