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

#include "gmem_table.h"

/* --- Looking up --- */

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
	chunk->nr_pinned += 1U << order;
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
