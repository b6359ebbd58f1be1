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
 * Here is what others call; the table is in gmem_table.c, and gmem_pin.c has the
 * work item that fills it.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "memory/gmem_table.h"

/* How long one unmap waits for the unpinning, and how often. */
#define GMEM_UNPIN_WAIT_MS	200
#define GMEM_UNPIN_ROUNDS	6

/* A page may go between being put into the table and being looked up. */
#define GMEM_TRIES	8

/**
 * sluice_gmem_get() - look a page up, having it pinned if need be
 * @gmem: guest memory
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
int sluice_gmem_get(struct sluice_gmem *gmem, u64 iova, bool write,
		    struct page **page, dma_addr_t *dma)
{
	unsigned int tries;
	int ret;

	for (tries = 0; tries < GMEM_TRIES; tries++) {
		rcu_read_lock();
		ret = sluice_gmem_lookup(gmem, iova, write, page, dma);
		rcu_read_unlock();
		if (ret != -ENOENT)
			return ret;
		ret = sluice_gmem_fault(gmem, iova, write);
		if (ret)
			return ret;
	}
	return -EAGAIN;
}

/* Under RCU, so that no unmap unpins the page meanwhile. */
static void gmem_copy_page(struct page *page, u64 iova, void *buf, size_t len,
			   bool to_guest)
{
	void *vaddr = page_address(page) + offset_in_page(iova);

	if (to_guest)
		memcpy(vaddr, buf, len);
	else
		memcpy(buf, vaddr, len);
}

/**
 * sluice_gmem_copy() - copy from or to one page of the guest
 * @gmem: guest memory
 * @iova: address of the first byte
 * @buf: kernel memory
 * @len: bytes, none of them beyond the page
 * @to_guest: the direction
 *
 * Safe at any time, also while an unmap is going on.
 *
 * Return: as sluice_gmem_get()
 */
int sluice_gmem_copy(struct sluice_gmem *gmem, u64 iova, void *buf, size_t len,
		     bool to_guest)
{
	struct page *page;
	unsigned int tries;
	dma_addr_t dma;
	int ret;

	for (tries = 0; tries < GMEM_TRIES; tries++) {
		rcu_read_lock();
		ret = sluice_gmem_lookup(gmem, iova, to_guest, &page, &dma);
		if (!ret)
			gmem_copy_page(page, iova, buf, len, to_guest);
		rcu_read_unlock();
		if (ret != -ENOENT)
			return ret;
		ret = sluice_gmem_fault(gmem, iova, to_guest);
		if (ret)
			return ret;
	}
	return -EAGAIN;
}

/* --- Unmapping --- */

/**
 * sluice_gmem_unmap_begin() - announce that a range is about to go
 * @gmem: guest memory
 * @first: first byte
 * @last: last byte
 *
 * From now on nothing of the range gets into the table, and nobody waits for a
 * page to be pinned until sluice_gmem_unmap_release().
 *
 * Return: a handle for sluice_gmem_unmap_end()
 */
unsigned int sluice_gmem_unmap_begin(struct sluice_gmem *gmem, u64 first,
				     u64 last)
{
	unsigned int handle;

	atomic_inc(&gmem->unmapping);
	spin_lock(&gmem->lock);
	handle = sluice_recent_begin(&gmem->recent, first, last, jiffies);
	if (gmem->busy && gmem_overlap(gmem->busy_first, gmem->busy_last,
				       first, last))
		gmem->spoiled = true;
	spin_unlock(&gmem->lock);
	wake_up_all(&gmem->wait);
	return handle;
}

/**
 * sluice_gmem_holds() - whether anything of a range is in the table
 * @gmem: guest memory
 * @first: first byte
 * @last: last byte
 *
 * Return: true where sluice_gmem_drop() has something to do
 */
bool sluice_gmem_holds(struct sluice_gmem *gmem, u64 first, u64 last)
{
	unsigned long index = gmem_index(first);
	bool found;

	mutex_lock(&gmem->table_lock);
	found = xa_find(&gmem->chunks, &index, gmem_index(last), XA_PRESENT);
	mutex_unlock(&gmem->table_lock);
	return found;
}

/**
 * sluice_gmem_drop() - take a range out of the table
 * @gmem: guest memory
 * @first: first byte
 * @last: last byte
 *
 * The range is widened to whole chunks. Nobody may be using what was looked up
 * there with sluice_gmem_get() any more. The DMA mappings are gone when this
 * returns; sluice_gmem_unmap_end() waits for the pages to be unpinned.
 */
void sluice_gmem_drop(struct sluice_gmem *gmem, u64 first, u64 last)
{
	struct gmem_chunk *chunk;
	unsigned long index;
	unsigned int nr = 0;
	LIST_HEAD(chunks);

	mutex_lock(&gmem->table_lock);
	xa_for_each_range(&gmem->chunks, index, chunk, gmem_index(first),
			  gmem_index(last)) {
		xa_erase(&gmem->chunks, index);
		list_add_tail(&chunk->node, &chunks);
		nr++;
	}
	mutex_unlock(&gmem->table_lock);
	if (!nr)
		return;

	/* Copies going on under RCU have ended after this. */
	synchronize_rcu_expedited();
	list_for_each_entry(chunk, &chunks, node)
		sluice_gmem_unmap_chunk(gmem, chunk);

	sluice_gmem_unpin(gmem, &chunks, nr);
}

/*
 * The limit is for VFIO's type1 backend, which calls again (see gmem_pin.c).
 * Moving to another iommufd address space unmaps everything and does not call
 * again.
 */
static bool gmem_wait_unpinned(struct sluice_gmem *gmem, u64 first, u64 last,
			       unsigned int rounds)
{
	if (rounds < GMEM_UNPIN_ROUNDS && (first || last < ULONG_MAX - 1))
		return wait_event_timeout(gmem->wait,
					  sluice_gmem_unpinned(gmem, first, last),
					  msecs_to_jiffies(GMEM_UNPIN_WAIT_MS));
	wait_event(gmem->wait, sluice_gmem_unpinned(gmem, first, last));
	return true;
}

/**
 * sluice_gmem_unmap_release() - let others have pages pinned again
 * @gmem: guest memory
 *
 * To be called once the locks that those who wait may hold are not needed any
 * more.
 */
void sluice_gmem_unmap_release(struct sluice_gmem *gmem)
{
	atomic_dec(&gmem->unmapping);
}

/**
 * sluice_gmem_unmap_end() - finish an unmap
 * @gmem: guest memory
 * @first: first byte
 * @last: last byte
 * @handle: from sluice_gmem_unmap_begin()
 *
 * Waits until nothing of the range is pinned, or long enough.
 */
void sluice_gmem_unmap_end(struct sluice_gmem *gmem, u64 first, u64 last,
			   unsigned int handle)
{
	unsigned int rounds;
	bool finished;

	spin_lock(&gmem->lock);
	rounds = sluice_recent_unfinished(&gmem->recent, handle);
	spin_unlock(&gmem->lock);

	finished = gmem_wait_unpinned(gmem, first, last, rounds);

	spin_lock(&gmem->lock);
	sluice_recent_end(&gmem->recent, handle, finished, jiffies);
	spin_unlock(&gmem->lock);
}

/* --- Life --- */

/**
 * sluice_gmem_nr_pinned() - pages pinned now
 * @gmem: guest memory
 *
 * Return: the number
 */
u64 sluice_gmem_nr_pinned(struct sluice_gmem *gmem)
{
	u64 unpinned = atomic64_read(&gmem->unpinned);

	return atomic64_read(&gmem->pinned) - unpinned;
}

/**
 * sluice_gmem_open() - let memory be used
 * @gmem: guest memory, with nothing in it
 */
void sluice_gmem_open(struct sluice_gmem *gmem)
{
	/* Unmaps may be going on even now: what they have noted stays. */
	spin_lock(&gmem->lock);
	WRITE_ONCE(gmem->open, true);
	spin_unlock(&gmem->lock);
}

/**
 * sluice_gmem_close() - give up all memory
 * @gmem: guest memory; nobody may be using what was looked up in it
 *
 * Waits until everything is unpinned. To be called with no lock held that an
 * unmap callback needs.
 */
void sluice_gmem_close(struct sluice_gmem *gmem)
{
	spin_lock(&gmem->lock);
	WRITE_ONCE(gmem->open, false);
	gmem->spoiled = true;
	spin_unlock(&gmem->lock);
	wake_up_all(&gmem->wait);

	sluice_gmem_drop(gmem, 0, U64_MAX);
	wait_event(gmem->wait, sluice_gmem_idle(gmem));
	WARN_ON_ONCE(sluice_gmem_nr_pinned(gmem));
}

/**
 * sluice_gmem_init() - make an empty, closed table
 * @gmem: to be filled
 * @ops: how pages are pinned and mapped
 * @priv: for @ops
 * @max_map: most bytes that @ops->map takes at once
 */
void sluice_gmem_init(struct sluice_gmem *gmem,
		      const struct sluice_gmem_ops *ops, void *priv,
		      size_t max_map)
{
	BUILD_BUG_ON(IS_ENABLED(CONFIG_HIGHMEM));
	BUILD_BUG_ON(SLUICE_GMEM_SHIFT - PAGE_SHIFT >
		     GMEM_SLOT_ORDER >> GMEM_SLOT_ORDER_SHIFT);
	BUILD_BUG_ON(sizeof(struct page) % (GMEM_SLOT_BITS + 1));

	gmem->ops = ops;
	gmem->priv = priv;
	gmem->max_map = max_map;
	xa_init(&gmem->chunks);
	mutex_init(&gmem->table_lock);
	spin_lock_init(&gmem->lock);
	INIT_LIST_HEAD(&gmem->wanted);
	INIT_LIST_HEAD(&gmem->dropped);
	init_waitqueue_head(&gmem->wait);
	INIT_WORK(&gmem->work, sluice_gmem_work);
}

/**
 * sluice_gmem_destroy() - free a closed table
 * @gmem: guest memory
 */
void sluice_gmem_destroy(struct sluice_gmem *gmem)
{
	cancel_work_sync(&gmem->work);
	xa_destroy(&gmem->chunks);
	mutex_destroy(&gmem->table_lock);
}
