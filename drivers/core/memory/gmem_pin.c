// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: the work item that pins and unpins
 *
 * Why pinning is done by a work item
 * ----------------------------------
 * The unmap callback runs under a lock of VFIO's (the container's list of
 * devices), which VFIO takes while it holds the one that pinning and unpinning
 * need (the container's lock); with two threads unmapping at once, each can
 * wait for the other by way of us: one holds the container's lock and wants the
 * list, the other holds the list and waits in our callback for something that
 * needs the container's lock. So nobody pins or unpins in the callback, nor
 * with a lock held that the callback needs, and no wait is unconditional:
 *
 * - A work item that holds no lock pins and unpins.
 * - Who waits for a page to be pinned gives up (-EAGAIN) as soon as an unmap
 *   begins. So the unmap can wait for any such waiter's locks, the backend's
 *   included.
 * - The unmap waits for the unpinning, but not for long. VFIO then looks for
 *   itself, finds the pages, and calls again; that lets the other thread go on.
 *   Only after several such rounds (VFIO allows ten) the wait has no limit.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "memory/gmem_table.h"

/* A chunk is filled in groups of this many pages (log2), tried in turn. */
static const unsigned int gmem_orders[] = {
	SLUICE_GMEM_SHIFT - PAGE_SHIFT,		/* the whole chunk */
	SLUICE_GMEM_SHIFT - PAGE_SHIFT - 3,	/* a leaf */
	2,
	0,
};

/*
 * Where the user may not lock more memory VFIO writes a line to the log for
 * each page that is asked for. A guest must not be able to fill the log.
 */
#define GMEM_NOMEM_WAIT_MS	500

/**
 * struct gmem_request - a page that somebody waits for
 * @node: in &sluice_gmem.wanted
 * @ref: of the one who waits and of the work item
 * @iova: address of the page
 * @write: the page must be writable
 * @done: @ret is there
 * @ret: 0 or a negative errno
 * @retry_in: with -EAGAIN: jiffies to wait before asking again
 */
struct gmem_request {
	struct list_head node;
	refcount_t ref;
	u64 iova;
	bool write;
	bool done;
	int ret;
	unsigned long retry_in;
};

static struct workqueue_struct *gmem_wq;

static u64 gmem_group_last(u64 first, unsigned int order)
{
	return first + ((u64)PAGE_SIZE << order) - 1;
}

/* --- Filling: called by the work item --- */

/*
 * Say what is about to be pinned. -EAGAIN where it must not be, -EEXIST where
 * some of it is already there.
 */
static int gmem_busy_begin(struct sluice_gmem *gmem, u64 first,
			   unsigned int order, unsigned long *retry_in)
{
	u64 last = gmem_group_last(first, order);
	bool empty;
	int ret = 0;

	mutex_lock(&gmem->table_lock);
	empty = sluice_gmem_group_empty(gmem, first, order);
	mutex_unlock(&gmem->table_lock);
	if (!empty)
		return -EEXIST;

	spin_lock(&gmem->lock);
	*retry_in = sluice_recent_blocks(&gmem->recent, first, last, jiffies);
	if (!gmem->open) {
		ret = -ENODEV;
	} else if (*retry_in) {
		ret = -EAGAIN;
	} else {
		gmem->busy_first = first;
		gmem->busy_last = last;
		gmem->spoiled = false;
		gmem->busy = true;
	}
	spin_unlock(&gmem->lock);
	return ret;
}

static void gmem_busy_end(struct sluice_gmem *gmem)
{
	spin_lock(&gmem->lock);
	gmem->busy = false;
	spin_unlock(&gmem->lock);
	wake_up_all(&gmem->wait);
}

static bool gmem_is_spoiled(struct sluice_gmem *gmem)
{
	bool spoiled;

	spin_lock(&gmem->lock);
	spoiled = gmem->spoiled;
	spin_unlock(&gmem->lock);
	return spoiled;
}

static void gmem_unpin_group(struct sluice_gmem *gmem, u64 first,
			     unsigned int nr)
{
	gmem->ops->unpin(gmem->priv, first, nr);
	atomic64_add(nr, &gmem->unpinned);
}

/* Pin a group and put it into the table; all or nothing. */
static int gmem_fill_group(struct sluice_gmem *gmem, u64 first,
			   unsigned int order, bool write)
{
	unsigned int nr = 1U << order;
	int ret;

	ret = gmem->ops->pin(gmem->priv, first, nr, write, gmem->pages);
	if (ret)
		return ret;
	atomic64_add(nr, &gmem->pinned);

	mutex_lock(&gmem->table_lock);
	if (gmem_is_spoiled(gmem))
		ret = -EAGAIN;
	else
		ret = sluice_gmem_install(gmem, first, order, write);
	mutex_unlock(&gmem->table_lock);
	if (ret)
		gmem_unpin_group(gmem, first, nr);
	return ret;
}

static bool gmem_too_early(const struct sluice_gmem *gmem, unsigned int order)
{
	unsigned long until = order ? gmem->scarce : gmem->exhausted;

	return until && time_before(jiffies, until);
}

static void gmem_note_nomem(struct sluice_gmem *gmem, unsigned int order)
{
	unsigned long until = jiffies + msecs_to_jiffies(GMEM_NOMEM_WAIT_MS);

	/* Zero stands for never. */
	gmem->scarce = until | 1;
	if (!order)
		gmem->exhausted = until | 1;
}

/* Fill in the largest group that is possible around a page. */
static int gmem_fill(struct sluice_gmem *gmem, u64 iova, bool write,
		     unsigned long *retry_in)
{
	unsigned int i;
	int ret = -EFAULT;

	for (i = 0; i < ARRAY_SIZE(gmem_orders); i++) {
		unsigned int order = gmem_orders[i];
		u64 first = ALIGN_DOWN(iova, (u64)PAGE_SIZE << order);

		if (gmem_too_early(gmem, order)) {
			ret = -ENOMEM;
			continue;
		}
		ret = gmem_busy_begin(gmem, first, order, retry_in);
		/* Somebody was faster: the page is there. */
		if (ret == -EEXIST && !order)
			return 0;
		if (ret == -ENODEV)
			return ret;
		if (ret)
			continue;
		ret = gmem_fill_group(gmem, first, order, true);
		/* What a guest may not write it may still have us read. */
		if (ret == -EPERM && !order && !write)
			ret = gmem_fill_group(gmem, first, order, false);
		gmem_busy_end(gmem);
		if (ret == -ENOMEM)
			gmem_note_nomem(gmem, order);
		if (ret == -EAGAIN)
			*retry_in = 1;
		if (!ret || ret == -EAGAIN)
			return ret;
	}
	return ret;
}

static void gmem_request_put(struct gmem_request *req)
{
	if (refcount_dec_and_test(&req->ref))
		kfree(req);
}

static struct gmem_request *gmem_next_request(struct sluice_gmem *gmem)
{
	struct gmem_request *req;

	spin_lock(&gmem->lock);
	req = list_first_entry_or_null(&gmem->wanted, struct gmem_request,
				       node);
	if (req)
		list_del(&req->node);
	spin_unlock(&gmem->lock);
	return req;
}

static void gmem_serve(struct sluice_gmem *gmem, struct gmem_request *req)
{
	req->ret = gmem_fill(gmem, req->iova, req->write, &req->retry_in);
	/* Pairs with gmem_request_done(): the answer is there. */
	smp_store_release(&req->done, true);
	wake_up_all(&gmem->wait);
	gmem_request_put(req);
}

/* --- Unpinning: called by the work item --- */

static struct gmem_chunk *gmem_next_dropped(struct sluice_gmem *gmem)
{
	struct gmem_chunk *chunk;

	spin_lock(&gmem->lock);
	chunk = list_first_entry_or_null(&gmem->dropped, struct gmem_chunk,
					 node);
	if (chunk)
		list_del(&chunk->node);
	spin_unlock(&gmem->lock);
	return chunk;
}

/* Undo the very calls of @pin: iommufd insists on that. */
static void gmem_unpin_slots(struct sluice_gmem *gmem, struct gmem_chunk *chunk)
{
	unsigned int i = 0;

	while (i < SLUICE_GMEM_PAGES) {
		struct gmem_slot *slot = gmem_slot(chunk, i);
		unsigned int nr = 1;

		if (slot && slot->page) {
			nr = 1U << gmem_slot_order(slot->page);
			gmem_unpin_group(gmem,
					 chunk->iova + ((u64)i << PAGE_SHIFT),
					 nr);
		}
		i += nr;
	}
}

static void gmem_unpin_chunk(struct sluice_gmem *gmem, struct gmem_chunk *chunk)
{
	if (chunk->huge)
		gmem_unpin_group(gmem, chunk->iova, SLUICE_GMEM_PAGES);
	else
		gmem_unpin_slots(gmem, chunk);
	sluice_gmem_free_chunk(chunk);

	spin_lock(&gmem->lock);
	gmem->nr_dropped--;
	spin_unlock(&gmem->lock);
	wake_up_all(&gmem->wait);
}

/**
 * sluice_gmem_work() - pin and unpin what others asked for
 * @work: of a &struct sluice_gmem
 */
void sluice_gmem_work(struct work_struct *work)
{
	struct sluice_gmem *gmem = container_of(work, struct sluice_gmem, work);
	struct gmem_request *req;
	struct gmem_chunk *chunk;

	for (;;) {
		/* Somebody may be waiting for the unpinning with a lock held. */
		chunk = gmem_next_dropped(gmem);
		if (chunk) {
			gmem_unpin_chunk(gmem, chunk);
			continue;
		}
		req = gmem_next_request(gmem);
		if (!req)
			return;
		gmem_serve(gmem, req);
		cond_resched();
	}
}

/* --- For the others --- */

static struct gmem_request *gmem_request(struct sluice_gmem *gmem, u64 iova,
					 bool write)
{
	struct gmem_request *req = kzalloc(sizeof(*req), GFP_KERNEL);

	if (!req)
		return NULL;
	req->iova = ALIGN_DOWN(iova, PAGE_SIZE);
	req->write = write;
	refcount_set(&req->ref, 2);
	spin_lock(&gmem->lock);
	list_add_tail(&req->node, &gmem->wanted);
	spin_unlock(&gmem->lock);
	queue_work(gmem_wq, &gmem->work);
	return req;
}

static bool gmem_request_done(const struct gmem_request *req)
{
	/* Pairs with gmem_serve(). */
	return smp_load_acquire(&req->done);
}

static bool gmem_unmaps(const struct sluice_gmem *gmem)
{
	return atomic_read(&gmem->unmapping);
}

/* Have a page put into the table. */
static int gmem_fault_once(struct sluice_gmem *gmem, u64 iova, bool write,
			   unsigned long *retry_in)
{
	struct gmem_request *req;
	int ret = -EAGAIN;

	*retry_in = 0;
	if (!READ_ONCE(gmem->open))
		return -ENODEV;
	if (gmem_unmaps(gmem))
		return -EAGAIN;
	req = gmem_request(gmem, iova, write);
	if (!req)
		return -ENOMEM;
	wait_event(gmem->wait, gmem_request_done(req) || gmem_unmaps(gmem));
	if (gmem_request_done(req)) {
		ret = req->ret;
		*retry_in = req->retry_in;
	}
	gmem_request_put(req);
	return ret;
}

/**
 * sluice_gmem_fault() - have a page put into the table
 * @gmem: guest memory
 * @iova: any address within the page
 * @write: the page must be writable
 *
 * Sits out the grace time of what was unmapped a moment ago.
 *
 * Return: 0 or an error of sluice_gmem_get()
 */
int sluice_gmem_fault(struct sluice_gmem *gmem, u64 iova, bool write)
{
	unsigned long retry_in;
	int ret;

	for (;;) {
		ret = gmem_fault_once(gmem, iova, write, &retry_in);
		if (ret != -EAGAIN || !retry_in)
			return ret;
		wait_event_timeout(gmem->wait,
				   gmem_unmaps(gmem) || !READ_ONCE(gmem->open),
				   retry_in);
	}
}

/**
 * sluice_gmem_unpin() - have chunks unpinned and freed
 * @gmem: guest memory
 * @chunks: out of the table, with their DMA mappings undone
 * @nr: how many
 */
void sluice_gmem_unpin(struct sluice_gmem *gmem, struct list_head *chunks,
		       unsigned int nr)
{
	spin_lock(&gmem->lock);
	list_splice_tail(chunks, &gmem->dropped);
	gmem->nr_dropped += nr;
	spin_unlock(&gmem->lock);
	queue_work(gmem_wq, &gmem->work);
}

/**
 * sluice_gmem_unpinned() - whether all that was to be unpinned is
 * @gmem: guest memory
 * @first: first byte of a range that must not be pinned, either
 * @last: last byte
 *
 * Return: true when it is
 */
bool sluice_gmem_unpinned(struct sluice_gmem *gmem, u64 first, u64 last)
{
	bool busy;

	spin_lock(&gmem->lock);
	busy = gmem->nr_dropped ||
	       (gmem->busy && gmem_overlap(gmem->busy_first, gmem->busy_last,
					   first, last));
	spin_unlock(&gmem->lock);
	return !busy;
}

/**
 * sluice_gmem_idle() - whether the work item has nothing to do
 * @gmem: guest memory
 *
 * Return: true when it has not
 */
bool sluice_gmem_idle(struct sluice_gmem *gmem)
{
	bool idle;

	spin_lock(&gmem->lock);
	idle = !gmem->nr_dropped && !gmem->busy && list_empty(&gmem->wanted);
	spin_unlock(&gmem->lock);
	return idle;
}

/**
 * sluice_gmem_wq_init() - make what the work items run on
 *
 * Return: 0 or -ENOMEM
 */
int sluice_gmem_wq_init(void)
{
	gmem_wq = alloc_workqueue("sluice_gmem", WQ_UNBOUND, 0);
	return gmem_wq ? 0 : -ENOMEM;
}

/**
 * sluice_gmem_wq_exit() - undo sluice_gmem_wq_init()
 */
void sluice_gmem_wq_exit(void)
{
	destroy_workqueue(gmem_wq);
}
