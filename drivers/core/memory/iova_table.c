// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: the table itself
 *
 * For iova.c and iova_pin.c. Readers look pages up under RCU; writers hold
 * &sluice_iova_table.table_lock. iova_pin.c pins and unpins the pages in the
 * table.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "memory/iova_table.h"

/* --- Looking up --- */

/* Find a page of a chunk; -ENOENT if the page is not in the table. */
static inline int sluice_iova_page(const struct sluice_iova_chunk *chunk,
				   unsigned int idx, bool write,
				   struct page **page, dma_addr_t *dma)
{
	const struct sluice_iova_slot *slot;
	unsigned long val;

	if (chunk->huge) {
		*page = pfn_to_page(page_to_pfn(chunk->huge) + idx);
		*dma = chunk->dma + ((dma_addr_t)idx << PAGE_SHIFT);
		return 0;
	}
	slot = sluice_iova_slot(chunk, idx);
	if (!slot)
		return -ENOENT;
	/* Pairs with sluice_iova_install_group(): @dma is valid if @page is. */
	val = smp_load_acquire(&slot->page);
	if (!val)
		return -ENOENT;
	if (write && (val & SLUICE_IOVA_SLOT_READ_ONLY))
		return -EPERM;
	*page = sluice_iova_slot_page(val);
	*dma = slot->dma;
	return 0;
}

/**
 * sluice_iova_lookup() - look a page up in the table
 * @table: guest memory
 * @iova: any address within the page
 * @write: the page must be writable
 * @page: the page
 * @dma: its bus address
 *
 * Context: under RCU, or with the table_lock held.
 * Return: 0; -ENOENT if the page is not in the table; -EPERM if the page must
 * not be written
 */
int sluice_iova_lookup(struct sluice_iova_table *table, u64 iova, bool write,
		       struct page **page, dma_addr_t *dma)
{
	struct sluice_iova_chunk *chunk =
		xa_load(&table->chunks, sluice_iova_index(iova));

	if (!chunk)
		return -ENOENT;
	return sluice_iova_page(chunk, sluice_iova_page_index(iova), write,
				page, dma);
}

/**
 * sluice_iova_next_page() - find the next page of a chunk
 * @chunk: in no table, or the table_lock is held
 * @idx: where to begin; receives the index of the page
 * @last: where to end
 *
 * Return: the page's slot, NULL if there is none
 */
struct sluice_iova_slot *
sluice_iova_next_page(const struct sluice_iova_chunk *chunk, unsigned int *idx,
		      unsigned int last)
{
	struct sluice_iova_slot *slot;

	while (*idx <= last) {
		slot = sluice_iova_slot(chunk, *idx);
		if (slot && slot->page)
			return slot;
		/* a leaf that is missing has none at all */
		*idx = slot ? *idx + 1 :
			      ALIGN(*idx + 1, SLUICE_IOVA_LEAF_PAGES);
	}
	return NULL;
}

/* --- Looking up without RCU, by backends that an unmap quiesces first --- */

/*
 * A chunk that has never had a page may be freed at any time: without the check
 * of nr_pinned the cursor could keep a pointer to freed memory. A chunk with a
 * page stays until an unmap, which quiesces the caller first.
 */
static noinline const struct sluice_iova_chunk *
sluice_iova_seek_slow(struct sluice_iova_table *table,
		      struct sluice_mem_cursor *cursor, u64 tag)
{
	unsigned int way = tag % SLUICE_MEM_CURSOR_WAYS;
	struct sluice_iova_chunk *chunk;

	rcu_read_lock();
	chunk = xa_load(&table->chunks, tag - 1);
	/* Pairs with sluice_iova_install_group(). */
	if (chunk && !smp_load_acquire(&chunk->nr_pinned))
		chunk = NULL;
	rcu_read_unlock();
	if (!chunk)
		return NULL;
	cursor->way[way].tag = tag;
	cursor->way[way].chunk = chunk;
	cursor->way[way].first.dma = chunk->dma;
	cursor->way[way].first.vaddr =
		chunk->huge ? page_address(chunk->huge) : NULL;
	return chunk;
}

static inline const struct sluice_iova_chunk *
sluice_iova_seek(struct sluice_iova_table *table,
		 struct sluice_mem_cursor *cursor, u64 iova)
{
	u64 tag = sluice_iova_index(iova) + 1;
	unsigned int way = tag % SLUICE_MEM_CURSOR_WAYS;

	if (likely(cursor->way[way].tag == tag))
		return cursor->way[way].chunk;
	return sluice_iova_seek_slow(table, cursor, tag);
}

/**
 * sluice_iova_find() - look a page up, without pinning it
 * @table: guest memory
 * @cursor: where something was found last
 * @iova: any address within the page
 * @write: the page must be writable
 * @page: receives the page
 * @dma: receives its bus address
 *
 * The results, and what @cursor remembers, are valid until an unmap drops them.
 *
 * Context: any, while no unmap drops anything.
 * Return: 0; -ENOENT if the page is not in the table; -EPERM if the page must
 * not be written
 */
int sluice_iova_find(struct sluice_iova_table *table,
		     struct sluice_mem_cursor *cursor, u64 iova, bool write,
		     struct page **page, dma_addr_t *dma)
{
	const struct sluice_iova_chunk *chunk =
		sluice_iova_seek(table, cursor, iova);

	if (unlikely(!chunk))
		return -ENOENT;
	return sluice_iova_page(chunk, sluice_iova_page_index(iova), write,
				page, dma);
}

/* Bits that are zero in the offset of a page from the start of its chunk */
#define SLUICE_IOVA_NOT_A_PAGE (~(u64)(SLUICE_IOVA_CHUNK - 1) | (PAGE_SIZE - 1))

/* Entries tested together; see Documentation/internals/hot-path.rst */
#define SLUICE_IOVA_STRIDE 8

/*
 * Are all pages of the chunk at @iova? Where an address differs from @iova in one of
 * the bits that count, a bit is set in @any that is clear in @iova, or the other way
 * round in @all. Reading each twice is faster than keeping eight values.
 */
static __always_inline bool sluice_iova_stride_fits(const __le64 *list,
						    u64 iova)
{
	__le64 any = 0, all = ~(__le64)0;
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < SLUICE_IOVA_STRIDE; i++)
		any |= list[i];
	barrier();
#pragma GCC unroll 8
	for (i = 0; i < SLUICE_IOVA_STRIDE; i++)
		all &= list[i];
	return !(((le64_to_cpu(any) ^ iova) | (le64_to_cpu(all) ^ iova)) &
		 SLUICE_IOVA_NOT_A_PAGE);
}

static unsigned int sluice_iova_list_huge(const struct sluice_iova_chunk *chunk,
					  __le64 *list, unsigned int nr)
{
	const __le64 *strides = list + round_down(nr, SLUICE_IOVA_STRIDE);
	u64 iova = chunk->iova, delta = chunk->dma - iova;
	const __le64 *end = list + nr;
	__le64 *entry = list;
	unsigned int i;

	for (; entry < strides; entry += SLUICE_IOVA_STRIDE) {
		if (!sluice_iova_stride_fits(entry, iova))
			break;
		/* adding in memory is faster than keeping eight values */
		barrier();
#pragma GCC unroll 8
		for (i = 0; i < SLUICE_IOVA_STRIDE; i++)
			le64_add_cpu(&entry[i], delta);
	}
	for (; entry < end; entry++) {
		if ((le64_to_cpu(*entry) - iova) & SLUICE_IOVA_NOT_A_PAGE)
			break;
		le64_add_cpu(entry, delta);
	}
	return entry - list;
}

static unsigned int
sluice_iova_list_slots(const struct sluice_iova_chunk *chunk, bool write,
		       __le64 *list, unsigned int nr)
{
	unsigned long refused = write ? SLUICE_IOVA_SLOT_READ_ONLY : 0;
	u64 iova = chunk->iova;
	unsigned int done;

	for (done = 0; done < nr; done++) {
		u64 off = le64_to_cpu(list[done]) - iova;
		const struct sluice_iova_slot *slot;
		unsigned long val;

		if (off & SLUICE_IOVA_NOT_A_PAGE)
			break;
		slot = sluice_iova_slot(chunk, off >> PAGE_SHIFT);
		if (unlikely(!slot))
			break;
		/* Pairs with sluice_iova_install_group(). */
		val = smp_load_acquire(&slot->page);
		if (unlikely(!val || (val & refused)))
			break;
		list[done] = cpu_to_le64(slot->dma);
	}
	return done;
}

/**
 * sluice_iova_find_list() - turn addresses of pages into bus addresses
 * @table: guest memory
 * @cursor: where something was found last
 * @write: the pages must be writable
 * @list: addresses, replaced in place
 * @nr: how many
 *
 * Context: as sluice_iova_find()
 * Return: the number of entries replaced; the next entry is not aligned, is not
 * in the table or must not be written
 */
unsigned int sluice_iova_find_list(struct sluice_iova_table *table,
				   struct sluice_mem_cursor *cursor, bool write,
				   __le64 *list, unsigned int nr)
{
	const struct sluice_iova_chunk *chunk;
	unsigned int n, done = 0;

	while (done < nr) {
		chunk = sluice_iova_seek(table, cursor,
					 le64_to_cpu(list[done]));
		if (!chunk)
			break;
		if (chunk->huge)
			n = sluice_iova_list_huge(chunk, list + done,
						  nr - done);
		else
			n = sluice_iova_list_slots(chunk, write, list + done,
						   nr - done);
		if (!n)
			break;
		done += n;
	}
	return done;
}

/* --- Filling --- */

/**
 * sluice_iova_group_empty() - whether no page of a group is in the table
 * @table: guest memory, its table_lock held
 * @first: first byte of the group
 * @order: log2 of its number of pages
 *
 * Return: true if the group may be put into the table
 */
bool sluice_iova_group_empty(struct sluice_iova_table *table, u64 first,
			     unsigned int order)
{
	struct sluice_iova_chunk *chunk =
		xa_load(&table->chunks, sluice_iova_index(first));
	unsigned int idx = sluice_iova_page_index(first);

	if (!chunk)
		return true;
	if (chunk->huge)
		return false;
	return !sluice_iova_next_page(chunk, &idx, idx + (1U << order) - 1);
}

static bool sluice_iova_contiguous(struct page **pages)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned int i;

	for (i = 1; i < SLUICE_IOVA_PAGES; i++)
		if (page_to_pfn(pages[i]) != pfn + i)
			return false;
	return true;
}

/* Under @table_lock, the chunk is not in the table. */
static int sluice_iova_install_huge(struct sluice_iova_table *table, u64 first)
{
	struct sluice_iova_chunk *chunk;
	int ret;

	chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;
	chunk->iova = first;
	chunk->huge = table->pages[0];
	chunk->nr_pinned = SLUICE_IOVA_PAGES;
	chunk->dma = table->ops->map(table->priv, chunk->huge,
				     SLUICE_IOVA_CHUNK, true);
	if (chunk->dma == DMA_MAPPING_ERROR) {
		ret = -EIO;
		goto free_chunk;
	}
	ret = xa_err(xa_store(&table->chunks, sluice_iova_index(first), chunk,
			      GFP_KERNEL));
	if (ret)
		goto unmap;
	return 0;

unmap:
	table->ops->unmap(table->priv, chunk->dma, SLUICE_IOVA_CHUNK, true);
free_chunk:
	kfree(chunk);
	return ret;
}

/* Under @table_lock: the chunk of @first with all leaves that a group needs. */
static struct sluice_iova_chunk *
sluice_iova_chunk_with_leaves(struct sluice_iova_table *table, u64 first,
			      unsigned int order)
{
	unsigned int idx = sluice_iova_page_index(first);
	unsigned int last = idx + (1U << order) - 1;
	struct sluice_iova_chunk *chunk =
		xa_load(&table->chunks, sluice_iova_index(first));
	unsigned int i;
	int ret;

	if (!chunk) {
		chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
		if (!chunk)
			return NULL;
		chunk->iova = ALIGN_DOWN(first, SLUICE_IOVA_CHUNK);
		chunk->to = SLUICE_IOVA_PAGES - 1;
		ret = xa_err(xa_store(&table->chunks, sluice_iova_index(first),
				      chunk, GFP_KERNEL));
		if (ret) {
			kfree(chunk);
			return NULL;
		}
	}
	for (i = idx / SLUICE_IOVA_LEAF_PAGES;
	     i <= last / SLUICE_IOVA_LEAF_PAGES; i++) {
		struct sluice_iova_leaf *leaf;

		if (rcu_access_pointer(chunk->leaves[i]))
			continue;
		leaf = kzalloc(sizeof(*leaf), GFP_KERNEL_ACCOUNT);
		if (!leaf)
			return NULL;
		rcu_assign_pointer(chunk->leaves[i], leaf);
	}
	return chunk;
}

/* Under @table_lock. A chunk that stays empty is freed by the caller. */
static int sluice_iova_install_group(struct sluice_iova_table *table, u64 first,
				     unsigned int order, bool write)
{
	unsigned long bits = order << SLUICE_IOVA_SLOT_ORDER_SHIFT |
			     (write ? 0 : SLUICE_IOVA_SLOT_READ_ONLY);
	struct sluice_iova_chunk *chunk =
		sluice_iova_chunk_with_leaves(table, first, order);
	unsigned int idx = sluice_iova_page_index(first);
	unsigned int i;

	if (!chunk)
		return -ENOMEM;
	/*
	 * All addresses first: no reader may see a page that an error removes.
	 */
	for (i = 0; i < 1U << order; i++) {
		struct sluice_iova_slot *slot =
			sluice_iova_slot(chunk, idx + i);

		slot->dma = table->ops->map(table->priv, table->pages[i],
					    PAGE_SIZE, write);
		if (slot->dma == DMA_MAPPING_ERROR)
			goto unmap;
	}
	for (i = 0; i < 1U << order; i++)
		/* Pairs with sluice_iova_lookup(). */
		smp_store_release(&sluice_iova_slot(chunk, idx + i)->page,
				  (unsigned long)table->pages[i] | bits);
	/* Pairs with sluice_iova_seek_slow(): a chunk with a page stays. */
	smp_store_release(&chunk->nr_pinned, chunk->nr_pinned + (1U << order));
	return 0;

unmap:
	while (i--)
		table->ops->unmap(table->priv,
				  sluice_iova_slot(chunk, idx + i)->dma,
				  PAGE_SIZE, write);
	return -EIO;
}

/* Under @table_lock: free a chunk that has no pinned page. */
static void sluice_iova_prune(struct sluice_iova_table *table, u64 iova)
{
	struct sluice_iova_chunk *chunk =
		xa_load(&table->chunks, sluice_iova_index(iova));

	if (!chunk || chunk->nr_pinned)
		return;
	xa_erase(&table->chunks, sluice_iova_index(iova));
	sluice_iova_free_chunk(chunk);
}

/**
 * sluice_iova_install() - put the group in @table->pages into the table
 * @table: guest memory, its table_lock held
 * @first: first byte of the group
 * @order: log2 of its number of pages
 * @write: the pages are writable
 *
 * Return: 0, -ENOMEM, or -EIO if the group cannot be mapped for DMA
 */
int sluice_iova_install(struct sluice_iova_table *table, u64 first,
			unsigned int order, bool write)
{
	int ret = -EIO;

	if (order == SLUICE_IOVA_SHIFT - PAGE_SHIFT &&
	    table->max_map >= SLUICE_IOVA_CHUNK &&
	    sluice_iova_contiguous(table->pages))
		ret = sluice_iova_install_huge(table, first);
	if (ret)
		ret = sluice_iova_install_group(table, first, order, write);
	if (ret)
		sluice_iova_prune(table, first);
	return ret;
}

/* --- Removing --- */

/* Under @table_lock: the group, or the whole chunk, that a page was pinned with */
static void sluice_iova_group(struct sluice_iova_table *table, u64 iova,
			      u64 *first, u64 *last)
{
	const struct sluice_iova_chunk *chunk =
		xa_load(&table->chunks, sluice_iova_index(iova));
	const struct sluice_iova_slot *slot;
	unsigned int order = 0;

	if (chunk && chunk->huge) {
		order = SLUICE_IOVA_SHIFT - PAGE_SHIFT;
	} else if (chunk) {
		slot = sluice_iova_slot(chunk, sluice_iova_page_index(iova));
		if (slot && slot->page)
			order = sluice_iova_slot_order(slot->page);
	}
	*first = ALIGN_DOWN(iova, (u64)PAGE_SIZE << order);
	*last = *first + ((u64)PAGE_SIZE << order) - 1;
}

/**
 * sluice_iova_widen() - widen a range to what can only be removed as a whole
 * @table: guest memory, its table_lock held
 * @first: first byte
 * @last: last byte
 */
void sluice_iova_widen(struct sluice_iova_table *table, u64 *first, u64 *last)
{
	u64 unused;

	sluice_iova_group(table, *first, first, &unused);
	sluice_iova_group(table, *last, &unused, last);
}

/*
 * Under @table_lock: move the slots of some pages, which are whole groups, from one
 * chunk to another
 */
static void sluice_iova_move_slots(struct sluice_iova_chunk *from,
				   struct sluice_iova_chunk *to,
				   unsigned int idx, unsigned int last)
{
	struct sluice_iova_slot *slot;

	for (; (slot = sluice_iova_next_page(from, &idx, last)); idx++) {
		*sluice_iova_slot(to, idx) = *slot;
		WRITE_ONCE(slot->page, 0);
		from->nr_pinned--;
		to->nr_pinned++;
	}
}

/* Under @table_lock: an empty part with the same leaves; NULL without memory */
static struct sluice_iova_chunk *
sluice_iova_new_part(const struct sluice_iova_chunk *chunk, unsigned int idx,
		     unsigned int last)
{
	struct sluice_iova_chunk *part = kzalloc(sizeof(*part), GFP_KERNEL);
	unsigned int i;

	if (!part)
		return NULL;
	part->iova = chunk->iova;
	part->from = idx;
	part->to = last;
	part->part = true;
	for (i = idx / SLUICE_IOVA_LEAF_PAGES;
	     i <= last / SLUICE_IOVA_LEAF_PAGES; i++) {
		struct sluice_iova_leaf *leaf;

		if (!rcu_access_pointer(chunk->leaves[i]))
			continue;
		leaf = kzalloc(sizeof(*leaf), GFP_KERNEL);
		if (!leaf) {
			sluice_iova_free_chunk(part);
			return NULL;
		}
		RCU_INIT_POINTER(part->leaves[i], leaf);
	}
	return part;
}

static unsigned int sluice_iova_count(const struct sluice_iova_chunk *chunk,
				      unsigned int idx, unsigned int last)
{
	unsigned int nr = 0;

	for (; sluice_iova_next_page(chunk, &idx, last); idx++)
		nr++;
	return nr;
}

/* The part of a chunk in a range; the whole chunk if it has no other pages */
static struct sluice_iova_chunk *
sluice_iova_split(struct sluice_iova_chunk *chunk, unsigned int idx,
		  unsigned int last)
{
	struct sluice_iova_chunk *part;
	unsigned int nr;

	if (chunk->huge)
		return chunk;
	nr = sluice_iova_count(chunk, idx, last);
	if (!nr)
		return NULL;
	if (nr == chunk->nr_pinned)
		return chunk;
	part = sluice_iova_new_part(chunk, idx, last);
	if (!part)
		return chunk;
	sluice_iova_move_slots(chunk, part, idx, last);
	return part;
}

/**
 * sluice_iova_take() - take the part of a chunk out that is in a range
 * @table: guest memory, its table_lock held
 * @chunk: in the table, and at least partly in the range
 * @first: first byte, from sluice_iova_widen(); widened further without memory
 * @last: last byte, likewise
 *
 * Return: a chunk that is not in the table and has the pages in the range, or NULL
 * if there are none
 */
struct sluice_iova_chunk *sluice_iova_take(struct sluice_iova_table *table,
					   struct sluice_iova_chunk *chunk,
					   u64 *first, u64 *last)
{
	u64 begin = chunk->iova, end = begin + SLUICE_IOVA_CHUNK - 1;
	struct sluice_iova_chunk *part;

	part = sluice_iova_split(chunk,
				 sluice_iova_page_index(max(*first, begin)),
				 sluice_iova_page_index(min(*last, end)));
	if (part == chunk) {
		xa_erase(&table->chunks, sluice_iova_index(begin));
		*first = min(*first, begin);
		*last = max(*last, end);
	}
	return part;
}

static void sluice_iova_unmap_slot(struct sluice_iova_table *table,
				   struct sluice_iova_slot *slot)
{
	table->ops->unmap(table->priv, slot->dma, PAGE_SIZE,
			  !(slot->page & SLUICE_IOVA_SLOT_READ_ONLY));
}

/**
 * sluice_iova_unmap_chunk() - undo the DMA mappings of a chunk
 * @table: guest memory
 * @chunk: removed from the table; no reader is using it
 */
void sluice_iova_unmap_chunk(struct sluice_iova_table *table,
			     struct sluice_iova_chunk *chunk)
{
	struct sluice_iova_slot *slot;
	unsigned int i = chunk->from;

	if (chunk->huge) {
		table->ops->unmap(table->priv, chunk->dma, SLUICE_IOVA_CHUNK,
				  true);
		return;
	}
	for (; (slot = sluice_iova_next_page(chunk, &i, chunk->to)); i++)
		sluice_iova_unmap_slot(table, slot);
}

static void sluice_iova_free_now(struct sluice_iova_chunk *chunk)
{
	unsigned int i;

	for (i = 0; i < SLUICE_IOVA_LEAVES; i++)
		kfree(rcu_access_pointer(chunk->leaves[i]));
	kfree(chunk);
}

static void sluice_iova_free_rcu(struct rcu_head *rcu)
{
	sluice_iova_free_now(container_of(rcu, struct sluice_iova_chunk, rcu));
}

/**
 * sluice_iova_free_chunk() - free a chunk when no reader uses it any more
 * @chunk: removed from the table, with no page pinned
 */
void sluice_iova_free_chunk(struct sluice_iova_chunk *chunk)
{
	if (chunk->part)
		sluice_iova_free_now(chunk);
	else
		call_rcu(&chunk->rcu, sluice_iova_free_rcu);
}
