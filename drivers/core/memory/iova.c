// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: a table from IOVA to pinned, DMA-mapped pages
 *
 * The table has an entry (chunk) for each 2 MiB of IOVA, filled at the first
 * touch and kept until it is unmapped. A chunk whose pages are physically
 * contiguous is one DMA mapping; any other has a slot for each page, filled in
 * groups as large as can be pinned with one call. An unmap that touches a chunk
 * drops all of it; what should have stayed comes back at the next touch.
 *
 * Readers take no lock: the table and its chunks are read under RCU.
 *
 * Here is what others call; the table is in iova_table.c, and iova_pin.c has the
 * work item that fills it.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "memory/iova_table.h"

/* How long one unmap waits for the unpinning, and how often. */
#define SLUICE_IOVA_UNPIN_WAIT_MS 200
#define SLUICE_IOVA_UNPIN_ROUNDS  6

/* A page may go between being put into the table and being looked up. */
#define SLUICE_IOVA_TRIES 8

/**
 * sluice_iova_get() - look a page up, having it pinned if need be
 * @table: guest memory
 * @iova: any address within the page
 * @write: the page must be writable
 * @page: the page
 * @dma: its bus address
 *
 * Both stay valid until an unmap drops them.
 *
 * Context: does not sleep where the page is in the table already.
 * Return: 0; -EAGAIN while an unmap is going on; -EFAULT where there is no
 * memory; -EPERM where it may not be written; -ENODEV when closed; -ENOMEM;
 * -EIO where it cannot be mapped for DMA
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

/* Under RCU, so that no unmap unpins the page meanwhile. */
static void sluice_iova_copy_page(struct page *page, u64 iova, void *buf,
				  size_t len, bool to_guest)
{
	void *vaddr = page_address(page) + offset_in_page(iova);

	if (to_guest)
		memcpy(vaddr, buf, len);
	else
		memcpy(buf, vaddr, len);
}

/**
 * sluice_iova_copy() - copy from or to one page of the guest
 * @table: guest memory
 * @iova: address of the first byte
 * @buf: kernel memory
 * @len: bytes, none of them beyond the page
 * @to_guest: the direction
 *
 * Safe at any time, also while an unmap is going on.
 *
 * Return: as sluice_iova_get()
 */
int sluice_iova_copy(struct sluice_iova_table *table, u64 iova, void *buf,
		     size_t len, bool to_guest)
{
	struct page *page;
	unsigned int tries;
	dma_addr_t dma;
	int ret;

	for (tries = 0; tries < SLUICE_IOVA_TRIES; tries++) {
		rcu_read_lock();
		ret = sluice_iova_lookup(table, iova, to_guest, &page, &dma);
		if (!ret)
			sluice_iova_copy_page(page, iova, buf, len, to_guest);
		rcu_read_unlock();
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
 * sluice_iova_unmap_begin() - announce that a range is about to go
 * @table: guest memory
 * @first: first byte
 * @last: last byte
 *
 * From now on nothing of the range gets into the table, and nobody waits for a
 * page to be pinned until sluice_iova_unmap_release().
 *
 * Return: a handle for sluice_iova_unmap_end()
 */
unsigned int sluice_iova_unmap_begin(struct sluice_iova_table *table, u64 first,
				     u64 last)
{
	unsigned int handle;

	atomic_inc(&table->unmapping);
	spin_lock(&table->lock);
	handle = sluice_recent_begin(&table->recent, first, last, jiffies);
	if (table->busy && sluice_iova_overlap(table->busy_first,
					       table->busy_last, first, last))
		table->spoiled = true;
	spin_unlock(&table->lock);
	wake_up_all(&table->wait);
	return handle;
}

/**
 * sluice_iova_holds() - whether anything of a range is in the table
 * @table: guest memory
 * @first: first byte
 * @last: last byte
 *
 * Return: true where sluice_iova_drop() has something to do
 */
bool sluice_iova_holds(struct sluice_iova_table *table, u64 first, u64 last)
{
	unsigned long index = sluice_iova_index(first);
	bool found;

	mutex_lock(&table->table_lock);
	found = xa_find(&table->chunks, &index, sluice_iova_index(last),
			XA_PRESENT);
	mutex_unlock(&table->table_lock);
	return found;
}

/**
 * sluice_iova_drop() - take a range out of the table
 * @table: guest memory
 * @first: first byte
 * @last: last byte
 *
 * The range is widened to whole chunks. Nobody may be using what was looked up
 * there with sluice_iova_get() any more. The DMA mappings are gone when this
 * returns; sluice_iova_unmap_end() waits for the pages to be unpinned.
 */
void sluice_iova_drop(struct sluice_iova_table *table, u64 first, u64 last)
{
	struct sluice_iova_chunk *chunk;
	unsigned long index;
	unsigned int nr = 0;
	LIST_HEAD(chunks);

	mutex_lock(&table->table_lock);
	xa_for_each_range(&table->chunks, index, chunk,
			  sluice_iova_index(first), sluice_iova_index(last)) {
		xa_erase(&table->chunks, index);
		list_add_tail(&chunk->node, &chunks);
		nr++;
	}
	mutex_unlock(&table->table_lock);
	if (!nr)
		return;

	/* Copies going on under RCU have ended after this. */
	synchronize_rcu_expedited();
	list_for_each_entry(chunk, &chunks, node)
		sluice_iova_unmap_chunk(table, chunk);

	sluice_iova_unpin(table, &chunks, nr);
}

/*
 * The limit is for VFIO's type1 backend, which calls again (see iova_pin.c).
 * Moving to another iommufd address space unmaps everything and does not call
 * again.
 */
static bool sluice_iova_wait_unpinned(struct sluice_iova_table *table,
				      u64 first, u64 last, unsigned int rounds)
{
	if (rounds < SLUICE_IOVA_UNPIN_ROUNDS &&
	    (first || last < ULONG_MAX - 1))
		return wait_event_timeout(table->wait,
					  sluice_iova_unpinned(table, first, last),
					  msecs_to_jiffies(SLUICE_IOVA_UNPIN_WAIT_MS));
	wait_event(table->wait, sluice_iova_unpinned(table, first, last));
	return true;
}

/**
 * sluice_iova_unmap_release() - let others have pages pinned again
 * @table: guest memory
 *
 * To be called once the locks that those who wait may hold are not needed any
 * more.
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
 * @handle: from sluice_iova_unmap_begin()
 *
 * Waits until nothing of the range is pinned, or long enough.
 */
void sluice_iova_unmap_end(struct sluice_iova_table *table, u64 first, u64 last,
			   unsigned int handle)
{
	unsigned int rounds;
	bool finished;

	spin_lock(&table->lock);
	rounds = sluice_recent_unfinished(&table->recent, handle);
	spin_unlock(&table->lock);

	finished = sluice_iova_wait_unpinned(table, first, last, rounds);

	spin_lock(&table->lock);
	sluice_recent_end(&table->recent, handle, finished, jiffies);
	spin_unlock(&table->lock);
}

/* --- Life --- */

/**
 * sluice_iova_nr_pinned() - pages pinned now
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
 * sluice_iova_open() - let memory be used
 * @table: guest memory, with nothing in it
 */
void sluice_iova_open(struct sluice_iova_table *table)
{
	/* Unmaps may be going on even now: what they have noted stays. */
	spin_lock(&table->lock);
	WRITE_ONCE(table->open, true);
	spin_unlock(&table->lock);
}

/**
 * sluice_iova_close() - give up all memory
 * @table: guest memory; nobody may be using what was looked up in it
 *
 * Waits until everything is unpinned. To be called with no lock held that an
 * unmap callback needs.
 */
void sluice_iova_close(struct sluice_iova_table *table)
{
	spin_lock(&table->lock);
	WRITE_ONCE(table->open, false);
	table->spoiled = true;
	spin_unlock(&table->lock);
	wake_up_all(&table->wait);

	sluice_iova_drop(table, 0, U64_MAX);
	wait_event(table->wait, sluice_iova_idle(table));
	WARN_ON_ONCE(sluice_iova_nr_pinned(table));
}

/**
 * sluice_iova_init() - make an empty, closed table
 * @table: to be filled
 * @ops: how pages are pinned and mapped
 * @priv: for @ops
 * @max_map: most bytes that @ops->map takes at once
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
	xa_init(&table->chunks);
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
