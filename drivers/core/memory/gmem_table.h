/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: what is in the table, for the files gmem*.c alone
 */
#ifndef SLUICE_GMEM_TABLE_H
#define SLUICE_GMEM_TABLE_H

#include <linux/bits.h>
#include <linux/mm.h>

#include "memory/gmem.h"

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

static inline bool gmem_overlap(u64 a_first, u64 a_last, u64 b_first,
				u64 b_last)
{
	return a_first <= b_last && b_first <= a_last;
}

static inline unsigned int gmem_page_index(u64 iova)
{
	return (iova & (SLUICE_GMEM_CHUNK - 1)) >> PAGE_SHIFT;
}

static inline unsigned long gmem_index(u64 iova)
{
	return iova >> SLUICE_GMEM_SHIFT;
}

static inline struct page *gmem_slot_page(unsigned long val)
{
	return (struct page *)(val & ~GMEM_SLOT_BITS);
}

static inline unsigned int gmem_slot_order(unsigned long val)
{
	return (val & GMEM_SLOT_ORDER) >> GMEM_SLOT_ORDER_SHIFT;
}

/* Under RCU or @table_lock. */
static inline struct gmem_slot *gmem_slot(const struct gmem_chunk *chunk,
					  unsigned int idx)
{
	struct gmem_leaf *leaf;

	leaf = rcu_dereference_check(chunk->leaves[idx / SLUICE_GMEM_LEAF_PAGES],
				     true);
	return leaf ? &leaf->slots[idx % SLUICE_GMEM_LEAF_PAGES] : NULL;
}

/* gmem_table.c */
int sluice_gmem_lookup(struct sluice_gmem *gmem, u64 iova, bool write,
		       struct page **page, dma_addr_t *dma);
bool sluice_gmem_group_empty(struct sluice_gmem *gmem, u64 first,
			     unsigned int order);
int sluice_gmem_install(struct sluice_gmem *gmem, u64 first, unsigned int order,
			bool write);
void sluice_gmem_unmap_chunk(struct sluice_gmem *gmem,
			     struct gmem_chunk *chunk);
void sluice_gmem_free_chunk(struct gmem_chunk *chunk);

/* gmem_pin.c */
int sluice_gmem_fault(struct sluice_gmem *gmem, u64 iova, bool write);
void sluice_gmem_unpin(struct sluice_gmem *gmem, struct list_head *chunks,
		       unsigned int nr);
bool sluice_gmem_unpinned(struct sluice_gmem *gmem, u64 first, u64 last);
bool sluice_gmem_idle(struct sluice_gmem *gmem);
void sluice_gmem_work(struct work_struct *work);

#endif /* SLUICE_GMEM_TABLE_H */
