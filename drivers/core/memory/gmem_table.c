// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: the table itself
 *
 * Looked up under RCU, changed under &sluice_gmem.table_lock. Who pins and
 * unpins what is put in here is in gmem_pin.c.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/slab.h>

#include "memory/gmem_table.h"

/* --- Looking up --- */

/* A page of a chunk; -ENOENT where it is not in the table. */
static inline int gmem_page(const struct gmem_chunk *chunk, unsigned int idx,
			    bool write, struct page **page, dma_addr_t *dma)
{
	const struct gmem_slot *slot;
	unsigned long val;

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

/**
 * sluice_gmem_lookup() - look a page up in the table
 * @gmem: guest memory
 * @iova: any address within the page
 * @write: the page must be writable
 * @page: the page
 * @dma: its bus address
 *
 * Context: under RCU.
 * Return: 0; -ENOENT where the page is not in the table; -EPERM where it may
 * not be written
 */
int sluice_gmem_lookup(struct sluice_gmem *gmem, u64 iova, bool write,
		       struct page **page, dma_addr_t *dma)
{
	struct gmem_chunk *chunk = xa_load(&gmem->chunks, gmem_index(iova));

	if (!chunk)
		return -ENOENT;
	return gmem_page(chunk, gmem_page_index(iova), write, page, dma);
}

/* --- Looking up without RCU, for those whom an unmap quiesces first --- */

/*
 * A chunk that has never had a page may be freed at any time. This one had one,
 * or has none for the caller.
 */
static noinline const struct gmem_chunk *
gmem_seek_slow(struct sluice_gmem *gmem, struct sluice_mem_cursor *cursor,
	       u64 tag)
{
	unsigned int way = tag % SLUICE_MEM_CURSOR_WAYS;
	struct gmem_chunk *chunk;

	rcu_read_lock();
	chunk = xa_load(&gmem->chunks, tag - 1);
	/* Pairs with gmem_install_group(). */
	if (chunk && !smp_load_acquire(&chunk->nr_pinned))
		chunk = NULL;
	rcu_read_unlock();
	if (!chunk)
		return NULL;
	cursor->way[way].tag = tag;
	cursor->way[way].chunk = chunk;
	cursor->way[way].first.dma = chunk->dma;
	cursor->way[way].first.vaddr = chunk->huge ? page_address(chunk->huge) :
						     NULL;
	return chunk;
}

static inline const struct gmem_chunk *
gmem_seek(struct sluice_gmem *gmem, struct sluice_mem_cursor *cursor, u64 iova)
{
	u64 tag = gmem_index(iova) + 1;
	unsigned int way = tag % SLUICE_MEM_CURSOR_WAYS;

	if (likely(cursor->way[way].tag == tag))
		return cursor->way[way].chunk;
	return gmem_seek_slow(gmem, cursor, tag);
}

/**
 * sluice_gmem_find() - look a page up, without having it pinned
 * @gmem: guest memory
 * @cursor: where something was found last
 * @iova: any address within the page
 * @write: the page must be writable
 * @page: the page
 * @dma: its bus address
 *
 * All three stay valid until an unmap drops them.
 *
 * Context: any, while no unmap drops anything.
 * Return: 0; -ENOENT where the page is not in the table; -EPERM where it may
 * not be written
 */
int sluice_gmem_find(struct sluice_gmem *gmem, struct sluice_mem_cursor *cursor,
		     u64 iova, bool write, struct page **page, dma_addr_t *dma)
{
	const struct gmem_chunk *chunk = gmem_seek(gmem, cursor, iova);

	if (unlikely(!chunk))
		return -ENOENT;
	return gmem_page(chunk, gmem_page_index(iova), write, page, dma);
}

/* What an address must not have to be that of a page in one chunk */
#define GMEM_NOT_A_PAGE	(~(u64)(SLUICE_GMEM_CHUNK - 1) | (PAGE_SIZE - 1))

/* Entries that one test serves; see Documentation/internals/hot-path.rst */
#define GMEM_STRIDE	8

static __always_inline bool gmem_stride_fits(const __le64 *list, u64 iova)
{
	unsigned int i;
	u64 offs = 0;

#pragma GCC unroll 8
	for (i = 0; i < GMEM_STRIDE; i++)
		offs |= le64_to_cpu(list[i]) - iova;
	return !(offs & GMEM_NOT_A_PAGE);
}

static unsigned int gmem_list_huge(const struct gmem_chunk *chunk, __le64 *list,
				   unsigned int nr)
{
	u64 iova = chunk->iova, delta = chunk->dma - iova;
	unsigned int i, done = 0;

	for (; nr - done >= GMEM_STRIDE; done += GMEM_STRIDE) {
		if (!gmem_stride_fits(list + done, iova))
			break;
		/* adding to memory beats keeping eight values for that */
		barrier();
#pragma GCC unroll 8
		for (i = 0; i < GMEM_STRIDE; i++)
			le64_add_cpu(&list[done + i], delta);
	}
	for (; done < nr; done++) {
		if ((le64_to_cpu(list[done]) - iova) & GMEM_NOT_A_PAGE)
			break;
		le64_add_cpu(&list[done], delta);
	}
	return done;
}

static unsigned int gmem_list_slots(const struct gmem_chunk *chunk, bool write,
				    __le64 *list, unsigned int nr)
{
	unsigned long refused = write ? GMEM_SLOT_READ_ONLY : 0;
	u64 iova = chunk->iova;
	unsigned int done;

	for (done = 0; done < nr; done++) {
		u64 off = le64_to_cpu(list[done]) - iova;
		const struct gmem_slot *slot;
		unsigned long val;

		if (off & GMEM_NOT_A_PAGE)
			break;
		slot = gmem_slot(chunk, off >> PAGE_SHIFT);
		if (unlikely(!slot))
			break;
		/* Pairs with gmem_install_group(). */
		val = smp_load_acquire(&slot->page);
		if (unlikely(!val || (val & refused)))
			break;
		list[done] = cpu_to_le64(slot->dma);
	}
	return done;
}

/**
 * sluice_gmem_find_list() - turn addresses of pages into bus addresses
 * @gmem: guest memory
 * @cursor: where something was found last
 * @write: the pages must be writable
 * @list: addresses, replaced in place
 * @nr: how many
 *
 * Context: as sluice_gmem_find()
 * Return: the number of entries that were replaced; the next is not aligned, not
 * in the table or may not be written
 */
unsigned int sluice_gmem_find_list(struct sluice_gmem *gmem,
				   struct sluice_mem_cursor *cursor, bool write,
				   __le64 *list, unsigned int nr)
{
	const struct gmem_chunk *chunk;
	unsigned int n, done = 0;

	while (done < nr) {
		chunk = gmem_seek(gmem, cursor, le64_to_cpu(list[done]));
		if (!chunk)
			break;
		if (chunk->huge)
			n = gmem_list_huge(chunk, list + done, nr - done);
		else
			n = gmem_list_slots(chunk, write, list + done,
					    nr - done);
		if (!n)
			break;
		done += n;
	}
	return done;
}

/* --- Filling --- */

/**
 * sluice_gmem_group_empty() - whether nothing of a group is in the table
 * @gmem: guest memory, its table_lock held
 * @first: first byte of the group
 * @order: log2 of its pages
 *
 * Return: true where it may be put in
 */
bool sluice_gmem_group_empty(struct sluice_gmem *gmem, u64 first,
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
		/* Pairs with sluice_gmem_lookup(). */
		smp_store_release(&gmem_slot(chunk, idx + i)->page,
				  (unsigned long)gmem->pages[i] | bits);
	/* Pairs with gmem_seek_slow(): a chunk with a page in it stays. */
	smp_store_release(&chunk->nr_pinned, chunk->nr_pinned + (1U << order));
	return 0;

unmap:
	while (i--)
		gmem->ops->unmap(gmem->priv, gmem_slot(chunk, idx + i)->dma,
				 PAGE_SIZE, write);
	return -EIO;
}

/* Under @table_lock: a chunk with nothing pinned is not worth its memory. */
static void gmem_prune(struct sluice_gmem *gmem, u64 iova)
{
	struct gmem_chunk *chunk = xa_load(&gmem->chunks, gmem_index(iova));

	if (!chunk || chunk->nr_pinned)
		return;
	xa_erase(&gmem->chunks, gmem_index(iova));
	synchronize_rcu();
	sluice_gmem_free_chunk(chunk);
}

/**
 * sluice_gmem_install() - put the group in @gmem->pages into the table
 * @gmem: guest memory, its table_lock held
 * @first: first byte of the group
 * @order: log2 of its pages
 * @write: the pages are writable
 *
 * Return: 0, -ENOMEM, or -EIO where it cannot be mapped for DMA
 */
int sluice_gmem_install(struct sluice_gmem *gmem, u64 first, unsigned int order,
			bool write)
{
	int ret = -EIO;

	if (order == SLUICE_GMEM_SHIFT - PAGE_SHIFT && gmem->max_map >= SLUICE_GMEM_CHUNK &&
	    gmem_contiguous(gmem->pages))
		ret = gmem_install_huge(gmem, first);
	if (ret)
		ret = gmem_install_group(gmem, first, order, write);
	if (ret)
		gmem_prune(gmem, first);
	return ret;
}

/* --- Taking out --- */

static void gmem_unmap_slot(struct sluice_gmem *gmem, struct gmem_slot *slot)
{
	gmem->ops->unmap(gmem->priv, slot->dma, PAGE_SIZE,
			 !(slot->page & GMEM_SLOT_READ_ONLY));
}

/**
 * sluice_gmem_unmap_chunk() - undo the DMA mappings of a chunk
 * @gmem: guest memory
 * @chunk: out of the table, with nobody looking at it
 */
void sluice_gmem_unmap_chunk(struct sluice_gmem *gmem, struct gmem_chunk *chunk)
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
 * sluice_gmem_free_chunk() - free a chunk
 * @chunk: out of the table, with nothing pinned
 */
void sluice_gmem_free_chunk(struct gmem_chunk *chunk)
{
	unsigned int i;

	for (i = 0; i < SLUICE_GMEM_LEAVES; i++)
		kfree(rcu_access_pointer(chunk->leaves[i]));
	kfree(chunk);
}
