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
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "gmem.h"

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

/* How long one unmap waits for the unpinning, and how often. */
#define GMEM_UNPIN_WAIT_MS	200
#define GMEM_UNPIN_ROUNDS	6

/* Bits of gmem_slot.page below the address of a page's descriptor. */
#define GMEM_SLOT_READ_ONLY	BIT(0)
#define GMEM_SLOT_ORDER		GENMASK(4, 1)
#define GMEM_SLOT_ORDER_SHIFT	1
#define GMEM_SLOT_BITS		GENMASK(4, 0)

/**
 * struct gmem_slot - a page that is mapped alone
 * @dma: its bus address
 * @page: its descriptor's address, with the bits above: whether it is read-only
 *	and the order of the group that it was pinned in. 0 = not there. Stored
 *	last and with release semantics
 */
struct gmem_slot {
	dma_addr_t dma;
	unsigned long page;
};

struct gmem_leaf {
	struct gmem_slot slots[SLUICE_GMEM_LEAF_PAGES];
};

/**
 * struct gmem_chunk - what the table has for 2 MiB of IOVA
 * @iova: first byte
 * @huge: first of the pages, where they are contiguous and mapped as one
 * @dma: bus address of @huge
 * @nr_pinned: pages pinned
 * @leaves: the slots, where they are mapped one by one; each may be missing
 * @node: in &sluice_gmem.dropped
 */
struct gmem_chunk {
	u64 iova;
	struct page *huge;
	dma_addr_t dma;
	unsigned int nr_pinned;
	struct gmem_leaf __rcu *leaves[SLUICE_GMEM_LEAVES];
	struct list_head node;
};

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

static bool gmem_overlap(u64 a_first, u64 a_last, u64 b_first, u64 b_last)
{
	return a_first <= b_last && b_first <= a_last;
}

static u64 gmem_group_last(u64 first, unsigned int order)
{
	return first + ((u64)PAGE_SIZE << order) - 1;
}

static unsigned int gmem_page_index(u64 iova)
{
	return (iova & (SLUICE_GMEM_CHUNK - 1)) >> PAGE_SHIFT;
}

static unsigned long gmem_index(u64 iova)
{
	return iova >> SLUICE_GMEM_SHIFT;
}

static struct page *gmem_slot_page(unsigned long val)
{
	return (struct page *)(val & ~GMEM_SLOT_BITS);
}

static unsigned int gmem_slot_order(unsigned long val)
{
	return (val & GMEM_SLOT_ORDER) >> GMEM_SLOT_ORDER_SHIFT;
}

/* --- Looking up --- */

/* Under RCU or @table_lock. */
static struct gmem_slot *gmem_slot(struct gmem_chunk *chunk, unsigned int idx)
{
	struct gmem_leaf *leaf;

	leaf = rcu_dereference_check(chunk->leaves[idx / SLUICE_GMEM_LEAF_PAGES],
				     true);
	return leaf ? &leaf->slots[idx % SLUICE_GMEM_LEAF_PAGES] : NULL;
}

/* Under RCU. -ENOENT where the page is not in the table. */
static int gmem_lookup(struct sluice_gmem *gmem, u64 iova, bool write,
		       struct page **page, dma_addr_t *dma)
{
	unsigned int idx = gmem_page_index(iova);
	struct gmem_chunk *chunk = xa_load(&gmem->chunks, gmem_index(iova));
	struct gmem_slot *slot;
	unsigned long val;

	if (!chunk)
		return -ENOENT;
	if (chunk->huge) {
		*page = pfn_to_page(page_to_pfn(chunk->huge) + idx);
		*dma = chunk->dma + ((dma_addr_t)idx << PAGE_SHIFT);
		return 0;
	}
	slot = gmem_slot(chunk, idx);
	if (!slot)
		return -ENOENT;
	/* Pairs with gmem_install_group(): @dma is valid where @page is. */
	val = smp_load_acquire(&slot->page);
	if (!val)
		return -ENOENT;
	if (write && (val & GMEM_SLOT_READ_ONLY))
		return -EPERM;
	*page = gmem_slot_page(val);
	*dma = slot->dma;
	return 0;
}

/* --- Filling: called by the work item --- */

/* Under @table_lock. */
static bool gmem_group_empty(struct sluice_gmem *gmem, u64 first,
			     unsigned int order)
{
	struct gmem_chunk *chunk = xa_load(&gmem->chunks, gmem_index(first));
	unsigned int idx = gmem_page_index(first);
	unsigned int i;

	if (!chunk)
		return true;
	if (chunk->huge)
		return false;
	for (i = 0; i < 1U << order; i++) {
		struct gmem_slot *slot = gmem_slot(chunk, idx + i);

		if (slot && slot->page)
			return false;
	}
	return true;
}

static bool gmem_contiguous(struct page **pages)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned int i;

	for (i = 1; i < SLUICE_GMEM_PAGES; i++)
		if (page_to_pfn(pages[i]) != pfn + i)
			return false;
	return true;
}

/* Under @table_lock, the chunk is not in the table. */
static int gmem_install_huge(struct sluice_gmem *gmem, u64 first)
{
	struct gmem_chunk *chunk;
	int ret;

	chunk = kzalloc(sizeof(*chunk), GFP_KERNEL);
	if (!chunk)
		return -ENOMEM;
	chunk->iova = first;
	chunk->huge = gmem->pages[0];
	chunk->nr_pinned = SLUICE_GMEM_PAGES;
	chunk->dma = gmem->ops->map(gmem->priv, chunk->huge, SLUICE_GMEM_CHUNK,
				    true);
	if (chunk->dma == DMA_MAPPING_ERROR) {
		ret = -EIO;
		goto free_chunk;
	}
	ret = xa_err(xa_store(&gmem->chunks, gmem_index(first), chunk,
			      GFP_KERNEL));
	if (ret)
		goto unmap;
	return 0;

unmap:
	gmem->ops->unmap(gmem->priv, chunk->dma, SLUICE_GMEM_CHUNK, true);
free_chunk:
	kfree(chunk);
	return ret;
}

/* Under @table_lock: the chunk of @first with all leaves that a group needs. */
static struct gmem_chunk *gmem_chunk_with_leaves(struct sluice_gmem *gmem,
						 u64 first, unsigned int order)
{
	unsigned int idx = gmem_page_index(first);
	unsigned int last = idx + (1U << order) - 1;
	struct gmem_chunk *chunk = xa_load(&gmem->chunks, gmem_index(first));
	unsigned int i;
	int ret;

	if (!chunk) {
		chunk = kzalloc(sizeof(*chunk), GFP_KERNEL);
		if (!chunk)
			return NULL;
		chunk->iova = ALIGN_DOWN(first, SLUICE_GMEM_CHUNK);
		ret = xa_err(xa_store(&gmem->chunks, gmem_index(first), chunk,
				      GFP_KERNEL));
		if (ret) {
			kfree(chunk);
			return NULL;
		}
	}
	for (i = idx / SLUICE_GMEM_LEAF_PAGES;
	     i <= last / SLUICE_GMEM_LEAF_PAGES; i++) {
		struct gmem_leaf *leaf;

		if (rcu_access_pointer(chunk->leaves[i]))
			continue;
		leaf = kzalloc(sizeof(*leaf), GFP_KERNEL);
		if (!leaf)
			return NULL;
		rcu_assign_pointer(chunk->leaves[i], leaf);
	}
	return chunk;
}

static void gmem_unmap_slot(struct sluice_gmem *gmem, struct gmem_slot *slot)
{
	gmem->ops->unmap(gmem->priv, slot->dma, PAGE_SIZE,
			 !(slot->page & GMEM_SLOT_READ_ONLY));
}

/* Under @table_lock. A chunk that stays empty is freed by the caller. */
static int gmem_install_group(struct sluice_gmem *gmem, u64 first,
			      unsigned int order, bool write)
{
	unsigned long bits = order << GMEM_SLOT_ORDER_SHIFT |
			     (write ? 0 : GMEM_SLOT_READ_ONLY);
	struct gmem_chunk *chunk = gmem_chunk_with_leaves(gmem, first, order);
	unsigned int idx = gmem_page_index(first);
	unsigned int i;

	if (!chunk)
		return -ENOMEM;
	/* All addresses first, so that no reader sees a part that goes again. */
	for (i = 0; i < 1U << order; i++) {
		struct gmem_slot *slot = gmem_slot(chunk, idx + i);

		slot->dma = gmem->ops->map(gmem->priv, gmem->pages[i],
					   PAGE_SIZE, write);
		if (slot->dma == DMA_MAPPING_ERROR)
			goto unmap;
	}
	for (i = 0; i < 1U << order; i++)
		/* Pairs with gmem_lookup(). */
		smp_store_release(&gmem_slot(chunk, idx + i)->page,
				  (unsigned long)gmem->pages[i] | bits);
	chunk->nr_pinned += 1U << order;
	return 0;

unmap:
	while (i--)
		gmem->ops->unmap(gmem->priv, gmem_slot(chunk, idx + i)->dma,
				 PAGE_SIZE, write);
	return -EIO;
}

static void gmem_free_chunk(struct gmem_chunk *chunk)
{
	unsigned int i;

	for (i = 0; i < SLUICE_GMEM_LEAVES; i++)
		kfree(rcu_access_pointer(chunk->leaves[i]));
	kfree(chunk);
}

/* Under @table_lock: a chunk with nothing pinned is not worth its memory. */
static void gmem_prune(struct sluice_gmem *gmem, u64 iova)
{
	struct gmem_chunk *chunk = xa_load(&gmem->chunks, gmem_index(iova));

	if (!chunk || chunk->nr_pinned)
		return;
	xa_erase(&gmem->chunks, gmem_index(iova));
	synchronize_rcu();
	gmem_free_chunk(chunk);
}

static int gmem_install(struct sluice_gmem *gmem, u64 first, unsigned int order,
			bool write)
{
	int ret = -EIO;

	if (order == gmem_orders[0] && gmem->max_map >= SLUICE_GMEM_CHUNK &&
	    gmem_contiguous(gmem->pages))
		ret = gmem_install_huge(gmem, first);
	if (ret)
		ret = gmem_install_group(gmem, first, order, write);
	if (ret)
		gmem_prune(gmem, first);
	return ret;
}

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
	empty = gmem_group_empty(gmem, first, order);
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
		ret = gmem_install(gmem, first, order, write);
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
	gmem_free_chunk(chunk);

	spin_lock(&gmem->lock);
	gmem->nr_dropped--;
	spin_unlock(&gmem->lock);
	wake_up_all(&gmem->wait);
}

static void gmem_work(struct work_struct *work)
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

/* --- For those who use guest memory --- */

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

/* The same, and sit out the grace time of what was unmapped a moment ago. */
static int gmem_fault(struct sluice_gmem *gmem, u64 iova, bool write)
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
		ret = gmem_lookup(gmem, iova, write, page, dma);
		rcu_read_unlock();
		if (ret != -ENOENT)
			return ret;
		ret = gmem_fault(gmem, iova, write);
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
		ret = gmem_lookup(gmem, iova, to_guest, &page, &dma);
		if (!ret)
			gmem_copy_page(page, iova, buf, len, to_guest);
		rcu_read_unlock();
		if (ret != -ENOENT)
			return ret;
		ret = gmem_fault(gmem, iova, to_guest);
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

static void gmem_unmap_chunk(struct sluice_gmem *gmem, struct gmem_chunk *chunk)
{
	unsigned int i;

	if (chunk->huge) {
		gmem->ops->unmap(gmem->priv, chunk->dma, SLUICE_GMEM_CHUNK,
				 true);
		return;
	}
	for (i = 0; i < SLUICE_GMEM_PAGES; i++) {
		struct gmem_slot *slot = gmem_slot(chunk, i);

		if (slot && slot->page)
			gmem_unmap_slot(gmem, slot);
	}
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
		gmem_unmap_chunk(gmem, chunk);

	spin_lock(&gmem->lock);
	list_splice_tail(&chunks, &gmem->dropped);
	gmem->nr_dropped += nr;
	spin_unlock(&gmem->lock);
	queue_work(gmem_wq, &gmem->work);
}

static bool gmem_unpinned(struct sluice_gmem *gmem, u64 first, u64 last)
{
	bool busy;

	spin_lock(&gmem->lock);
	busy = gmem->nr_dropped ||
	       (gmem->busy && gmem_overlap(gmem->busy_first, gmem->busy_last,
					   first, last));
	spin_unlock(&gmem->lock);
	return !busy;
}

/*
 * The limit is for VFIO's type1 backend, which calls again; see above. Moving to
 * another iommufd address space unmaps everything and does not call again.
 */
static bool gmem_wait_unpinned(struct sluice_gmem *gmem, u64 first, u64 last,
			       unsigned int rounds)
{
	if (rounds < GMEM_UNPIN_ROUNDS && (first || last < ULONG_MAX - 1))
		return wait_event_timeout(gmem->wait,
					  gmem_unpinned(gmem, first, last),
					  msecs_to_jiffies(GMEM_UNPIN_WAIT_MS));
	wait_event(gmem->wait, gmem_unpinned(gmem, first, last));
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

static bool gmem_idle(struct sluice_gmem *gmem)
{
	bool idle;

	spin_lock(&gmem->lock);
	idle = !gmem->nr_dropped && !gmem->busy && list_empty(&gmem->wanted);
	spin_unlock(&gmem->lock);
	return idle;
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
	wait_event(gmem->wait, gmem_idle(gmem));
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
	INIT_WORK(&gmem->work, gmem_work);
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
