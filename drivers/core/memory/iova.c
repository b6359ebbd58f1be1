// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: a table from IOVA to pinned, DMA-mapped pages
 *
 * This file has the functions that device/ calls; iova_table.c has the table,
 * and iova_pin.c the work item that fills it. The table has an entry (a chunk)
 * for each 2 MiB of IOVA. The first touch fills a chunk, and the chunk stays
 * until it is unmapped. If the pages of a chunk are physically contiguous, the
 * chunk has one DMA mapping. Otherwise it has a slot for each page, filled in
 * groups as large as one call can pin. An unmap that touches a chunk with one
 * mapping, or a group, drops all of it; the pages outside the unmapped range come
 * back at their next touch. While a user unmaps less than a chunk at a time, pages
 * are pinned one by one: its guest has an IOMMU, and unmaps each page for itself.
 *
 * An unmap has two steps. First its pages are detached: they are found no more, but
 * stay pinned and mapped for DMA. Then, when nobody uses them any longer, they are
 * released. So it waits for those who use its pages, and for nobody else.
 *
 * Readers take no lock: they read the table and its chunks under RCU. A thread
 * that copies from or to a page has the lock under which pages are detached. So an
 * unmap waits for no grace period, while the VMM holds locks that its vCPUs need:
 * one of RCU would take too long, or interrupt all processors, and even an expedited
 * one of SRCU needs two work items, one after the other.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "memory/iova_table.h"

/*
 * How long an unmap waits while no page is unpinned: briefly at first, since most
 * likely another thread then waits for ours (see iova_pin.c), and the VMM stands
 * still; longer in later rounds.
 */
#define SLUICE_IOVA_UNPIN_MIN_MS 50u
#define SLUICE_IOVA_UNPIN_MAX_MS 400u

/* From this round on it does not give up. VFIO's type1 backend has eleven. */
#define SLUICE_IOVA_LAST_ROUND	 10

/* So long after a small unmap no page is pinned before it is used */
#define SLUICE_IOVA_SMALL_MS	  5000

/* An unmap may remove a page between its fill and its lookup: try again. */
#define SLUICE_IOVA_TRIES 8

/**
 * sluice_iova_get() - look a page up, and pin it first if needed
 * @table: guest memory
 * @iova: any address within the page
 * @write: the page must be writable
 * @page: receives the page
 * @dma: receives its bus address
 *
 * @page and @dma are valid until an unmap drops them.
 *
 * Context: does not sleep if the page is in the table already.
 * Return: 0; -EAGAIN while an unmap is in progress; -EFAULT if the guest has no
 * memory there; -EPERM if the page must not be written; -ENODEV when the table
 * is closed; -ENOMEM; -EIO if the page cannot be mapped for DMA
 */
int sluice_iova_get(struct sluice_iova_table *table, u64 iova, bool write,
		    struct page **page, dma_addr_t *dma)
{
	unsigned int tries;
	int ret;

	for (tries = 0; tries < SLUICE_IOVA_TRIES; tries++) {
		rcu_read_lock();
		ret = sluice_iova_lookup(table, iova, write, page, dma);
		rcu_read_unlock();
		if (ret != -ENOENT)
			return ret;
		ret = sluice_iova_fault(table, iova, write);
		if (ret)
			return ret;
	}
	return -EAGAIN;
}

/* Copy, if the page is in the table */
static int sluice_iova_try_copy(struct sluice_iova_table *table, u64 iova,
				void *buf, size_t len, bool to_guest)
{
	struct page *page;
	dma_addr_t dma;
	void *vaddr;
	int ret;

	/* no unmap takes the page out of the table during the copy */
	guard(mutex)(&table->table_lock);
	ret = sluice_iova_lookup(table, iova, to_guest, &page, &dma);
	if (ret)
		return ret;
	vaddr = page_address(page) + offset_in_page(iova);
	if (to_guest)
		memcpy(vaddr, buf, len);
	else
		memcpy(buf, vaddr, len);
	return 0;
}

/**
 * sluice_iova_copy() - copy from or to one page of the guest
 * @table: guest memory
 * @iova: address of the first byte
 * @buf: kernel memory
 * @len: bytes, all within the page
 * @to_guest: the direction
 *
 * Safe at any time, also while an unmap is in progress.
 *
 * Return: as sluice_iova_get()
 */
int sluice_iova_copy(struct sluice_iova_table *table, u64 iova, void *buf,
		     size_t len, bool to_guest)
{
	unsigned int tries;
	int ret;

	for (tries = 0; tries < SLUICE_IOVA_TRIES; tries++) {
		ret = sluice_iova_try_copy(table, iova, buf, len, to_guest);
		if (ret != -ENOENT)
			return ret;
		ret = sluice_iova_fault(table, iova, to_guest);
		if (ret)
			return ret;
	}
	return -EAGAIN;
}

/* --- Unmapping --- */

/**
 * sluice_iova_unmap_begin() - announce that a range is about to be unmapped
 * @table: guest memory
 * @first: first byte
 * @last: last byte
 * @unmap: for sluice_iova_unmap_end()
 *
 * From now on no page of the range enters the table, nor the table of another
 * slice of the same user. And no thread waits for a page to be pinned until
 * sluice_iova_unmap_release().
 */
void sluice_iova_unmap_begin(struct sluice_iova_table *table, u64 first,
			     u64 last, struct sluice_space_unmap *unmap)
{
	struct sluice_space *space;

	atomic_inc(&table->unmapping);
	scoped_guard(spinlock, &table->lock) {
		space = table->space;
		sluice_space_get(space);
	}
	sluice_space_unmap_begin(space, first, last, table, unmap);
	/* under the same lock the work item looks for holds and announces its range */
	scoped_guard(spinlock, &table->lock) {
		if (last - first < SLUICE_IOVA_CHUNK - 1)
			table->small = (jiffies +
					msecs_to_jiffies(SLUICE_IOVA_SMALL_MS)) | 1;
		if (table->busy && sluice_iova_overlap(table->busy_first,
						       table->busy_last, first,
						       last))
			table->spoiled = true;
	}
	wake_up_all(&table->wait);
}

/**
 * sluice_iova_detach() - take a range out of the table
 * @table: guest memory
 * @first: first byte; receives the first byte of what was taken out
 * @last: last byte, likewise
 * @chunks: receives what was taken out, for sluice_iova_release()
 *
 * The range is widened to whole groups, and to chunks that have one DMA mapping or
 * no pages outside of the range. Afterwards its pages are found no more, and no copy
 * uses them; but those who have found them before may still use them.
 *
 * Return: whether there was anything to take out
 */
bool sluice_iova_detach(struct sluice_iova_table *table, u64 *first, u64 *last,
			struct list_head *chunks)
{
	struct sluice_iova_chunk *chunk;
	unsigned long index;
	unsigned int nr = 0;

	mutex_lock(&table->table_lock);
	sluice_iova_widen(table, first, last);
	xa_for_each_range(&table->chunks, index, chunk,
			  sluice_iova_index(*first), sluice_iova_index(*last)) {
		chunk = sluice_iova_take(table, chunk, first, last);
		if (!chunk)
			continue;
		list_add_tail(&chunk->node, chunks);
		nr++;
		cond_resched();
	}
	/* they count from now on: who closes the table has to wait for them */
	spin_lock(&table->lock);
	table->nr_dropped += nr;
	spin_unlock(&table->lock);
	mutex_unlock(&table->table_lock);
	return nr;
}

/**
 * sluice_iova_release() - release what was taken out of the table
 * @table: guest memory
 * @chunks: from sluice_iova_detach(); empty afterwards
 *
 * The caller makes sure that nobody still uses pages found with sluice_iova_get()
 * or sluice_iova_find(). The DMA mappings are gone when this returns;
 * sluice_iova_unmap_end() waits for the pages to be unpinned.
 */
void sluice_iova_release(struct sluice_iova_table *table,
			 struct list_head *chunks)
{
	struct sluice_iova_chunk *chunk;

	if (list_empty(chunks))
		return;
	list_for_each_entry(chunk, chunks, node) {
		sluice_iova_unmap_chunk(table, chunk);
		/* a guest may have used hundreds of gigabytes */
		cond_resched();
	}

	sluice_iova_unpin(table, chunks);
}

/*
 * As long as pages are being unpinned this waits for the last one. If there is no
 * progress, another thread may be in the way that waits for ours (see iova_pin.c):
 * then VFIO's type1 backend is to call again. It does so ten times for a range that
 * stays pinned, and ends in a BUG then; rather than that a late round waits on.
 * The others do not call again. A move to another iommufd address space, which
 * unmaps everything, is one of these.
 */
static void sluice_iova_wait_unpinned(struct sluice_iova_table *table,
				      u64 first, u64 last, unsigned int round)
{
	bool limit = round < SLUICE_IOVA_LAST_ROUND &&
		     (first || last < ULONG_MAX - 1);
	unsigned int ms = SLUICE_IOVA_UNPIN_MAX_MS;
	u64 before;

	if (limit)
		ms = min(ms, SLUICE_IOVA_UNPIN_MIN_MS << (round - 1));
	do {
		before = atomic64_read(&table->unpinned);
		if (wait_event_timeout(table->wait,
				       sluice_iova_unpinned(table, first, last),
				       msecs_to_jiffies(ms)))
			return;
	} while (!limit || before != atomic64_read(&table->unpinned));
}

/**
 * sluice_iova_unmap_release() - let other threads have pages pinned again
 * @table: guest memory
 *
 * Call this when the unmap no longer needs any lock that a thread waiting for a
 * page may hold.
 */
void sluice_iova_unmap_release(struct sluice_iova_table *table)
{
	atomic_dec(&table->unmapping);
}

/**
 * sluice_iova_unmap_end() - finish an unmap
 * @table: guest memory
 * @first: first byte
 * @last: last byte
 * @unmap: from sluice_iova_unmap_begin()
 *
 * Waits until no page of the range is pinned, or until the time limit.
 */
void sluice_iova_unmap_end(struct sluice_iova_table *table, u64 first, u64 last,
			   struct sluice_space_unmap *unmap)
{
	sluice_iova_wait_unpinned(table, first, last, unmap->round);
	sluice_space_unmap_end(unmap);
}

/* --- Life --- */

/**
 * sluice_iova_nr_pinned() - number of pages pinned now
 * @table: guest memory
 *
 * Return: the number
 */
u64 sluice_iova_nr_pinned(struct sluice_iova_table *table)
{
	u64 unpinned = atomic64_read(&table->unpinned);

	return atomic64_read(&table->pinned) - unpinned;
}

/**
 * sluice_iova_open() - allow the use of guest memory
 * @table: an empty table
 * @mm: the user's memory
 * @memcg: whom to charge for the table's memory, or NULL; valid until
 *	sluice_iova_close() returns
 *
 * Return: 0 or -ENOMEM
 */
int sluice_iova_open(struct sluice_iova_table *table, struct mm_struct *mm,
		     struct mem_cgroup *memcg)
{
	struct sluice_space *space = sluice_space_join(mm);

	if (!space)
		return -ENOMEM;
	table->memcg = memcg;
	/* what the last user had no memory for is not the next one's business */
	spin_lock(&table->lock);
	table->space = space;
	table->small = 0;
	table->scarce = 0;
	table->exhausted = 0;
	WRITE_ONCE(table->open, true);
	spin_unlock(&table->lock);
	return 0;
}

/**
 * sluice_iova_close() - release all guest memory
 * @table: guest memory; the caller makes sure that nobody still uses its pages
 *
 * Waits until all pages are unpinned. The caller must hold no lock that an
 * unmap callback needs: the callback and this wait could block each other.
 */
void sluice_iova_close(struct sluice_iova_table *table)
{
	u64 first = 0, last = U64_MAX;
	struct sluice_space *space;
	LIST_HEAD(chunks);

	spin_lock(&table->lock);
	WRITE_ONCE(table->open, false);
	table->spoiled = true;
	spin_unlock(&table->lock);
	wake_up_all(&table->wait);

	sluice_iova_detach(table, &first, &last, &chunks);
	sluice_iova_release(table, &chunks);
	wait_event(table->wait, sluice_iova_idle(table));
	WARN_ON_ONCE(sluice_iova_nr_pinned(table));

	spin_lock(&table->lock);
	space = table->space;
	table->space = NULL;
	spin_unlock(&table->lock);
	sluice_space_leave(space, table);
}

/**
 * sluice_iova_init() - initialise an empty, closed table
 * @table: to be filled
 * @ops: how pages are pinned and mapped
 * @priv: for @ops
 * @max_map: maximum number of bytes for one call of @ops->map
 */
void sluice_iova_init(struct sluice_iova_table *table,
		      const struct sluice_iova_ops *ops, void *priv,
		      size_t max_map)
{
	BUILD_BUG_ON(IS_ENABLED(CONFIG_HIGHMEM));
	BUILD_BUG_ON(SLUICE_IOVA_SHIFT - PAGE_SHIFT > SLUICE_IOVA_SLOT_ORDER >>
		     SLUICE_IOVA_SLOT_ORDER_SHIFT);
	BUILD_BUG_ON(sizeof(struct page) % (SLUICE_IOVA_SLOT_BITS + 1));

	table->ops = ops;
	table->priv = priv;
	table->max_map = max_map;
	xa_init_flags(&table->chunks, XA_FLAGS_ACCOUNT);
	mutex_init(&table->table_lock);
	spin_lock_init(&table->lock);
	INIT_LIST_HEAD(&table->wanted);
	INIT_LIST_HEAD(&table->dropped);
	init_waitqueue_head(&table->wait);
	INIT_WORK(&table->work, sluice_iova_work);
}

/**
 * sluice_iova_destroy() - free a closed table
 * @table: guest memory
 */
void sluice_iova_destroy(struct sluice_iova_table *table)
{
	cancel_work_sync(&table->work);
	xa_destroy(&table->chunks);
	mutex_destroy(&table->table_lock);
}
