/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: the entries of the IOVA table, for the files iova*.c only
 */
#ifndef SLUICE_IOVA_TABLE_H
#define SLUICE_IOVA_TABLE_H

#include <linux/bits.h>
#include <linux/mm.h>

#include "memory/iova.h"

/* Bits of &sluice_iova_slot.page below the address of a page's descriptor. */
#define SLUICE_IOVA_SLOT_READ_ONLY   BIT(0)
#define SLUICE_IOVA_SLOT_ORDER	     GENMASK(4, 1)
#define SLUICE_IOVA_SLOT_ORDER_SHIFT 1
#define SLUICE_IOVA_SLOT_BITS	     GENMASK(4, 0)

/**
 * struct sluice_iova_slot - a page with a DMA mapping of its own
 * @dma: bus address of the page
 * @page: address of the page's descriptor, with two values in the bits above:
 *	whether the page is read-only, and the order of the group that it was
 *	pinned in. 0 = no page. Stored last, with release semantics
 */
struct sluice_iova_slot {
	dma_addr_t dma;
	unsigned long page;
};

struct sluice_iova_leaf {
	struct sluice_iova_slot slots[SLUICE_IOVA_LEAF_PAGES];
};

/**
 * struct sluice_iova_chunk - what the table has for 2 MiB of IOVA
 * @iova: first byte
 * @huge: the first page, if all pages are contiguous and have one DMA mapping
 * @dma: bus address of @huge
 * @nr_pinned: number of pinned pages
 * @from: no page has a smaller index
 * @to: nor a larger one
 * @part: it was split off, and never was in the table: it has no readers
 * @leaves: the slots, if each page has its own DMA mapping; a leaf may be
 *	missing
 * @node: in &sluice_iova_table.dropped
 * @rcu: for freeing it, when it is in no table and no list
 */
struct sluice_iova_chunk {
	u64 iova;
	struct page *huge;
	dma_addr_t dma;
	unsigned int nr_pinned;
	u16 from;
	u16 to;
	bool part;
	struct sluice_iova_leaf __rcu *leaves[SLUICE_IOVA_LEAVES];
	union {
		struct list_head node;
		struct rcu_head rcu;
	};
};

static inline bool sluice_iova_overlap(u64 a_first, u64 a_last, u64 b_first,
				       u64 b_last)
{
	return a_first <= b_last && b_first <= a_last;
}

static inline unsigned int sluice_iova_page_index(u64 iova)
{
	return (iova & (SLUICE_IOVA_CHUNK - 1)) >> PAGE_SHIFT;
}

static inline unsigned long sluice_iova_index(u64 iova)
{
	return iova >> SLUICE_IOVA_SHIFT;
}

static inline struct page *sluice_iova_slot_page(unsigned long val)
{
	return (struct page *)(val & ~SLUICE_IOVA_SLOT_BITS);
}

static inline unsigned int sluice_iova_slot_order(unsigned long val)
{
	return (val & SLUICE_IOVA_SLOT_ORDER) >> SLUICE_IOVA_SLOT_ORDER_SHIFT;
}

/* Under RCU or @table_lock. */
static inline struct sluice_iova_slot *
sluice_iova_slot(const struct sluice_iova_chunk *chunk, unsigned int idx)
{
	struct sluice_iova_leaf *leaf;

	leaf = rcu_dereference_check(chunk->leaves[idx / SLUICE_IOVA_LEAF_PAGES],
				     true);
	return leaf ? &leaf->slots[idx % SLUICE_IOVA_LEAF_PAGES] : NULL;
}

/* iova_table.c */
struct sluice_iova_slot *
sluice_iova_next_page(const struct sluice_iova_chunk *chunk, unsigned int *idx,
		      unsigned int last);
int sluice_iova_lookup(struct sluice_iova_table *table, u64 iova, bool write,
		       struct page **page, dma_addr_t *dma);
bool sluice_iova_group_empty(struct sluice_iova_table *table, u64 first,
			     unsigned int order);
int sluice_iova_install(struct sluice_iova_table *table, u64 first,
			unsigned int order, bool write);
void sluice_iova_widen(struct sluice_iova_table *table, u64 *first, u64 *last);
struct sluice_iova_chunk *sluice_iova_take(struct sluice_iova_table *table,
					   struct sluice_iova_chunk *chunk,
					   u64 *first, u64 *last);
void sluice_iova_unmap_chunk(struct sluice_iova_table *table,
			     struct sluice_iova_chunk *chunk);
void sluice_iova_free_chunk(struct sluice_iova_chunk *chunk);

/* iova_pin.c */
int sluice_iova_fault(struct sluice_iova_table *table, u64 iova, bool write);
void sluice_iova_unpin(struct sluice_iova_table *table,
		       struct list_head *chunks);
bool sluice_iova_unpinned(struct sluice_iova_table *table, u64 first, u64 last);
bool sluice_iova_idle(struct sluice_iova_table *table);
void sluice_iova_work(struct work_struct *work);

#endif /* SLUICE_IOVA_TABLE_H */
