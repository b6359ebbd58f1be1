/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: a table from IOVA to pinned, DMA-mapped pages
 *
 * device/mem.c uses this for backends, device/vfio.c for unmaps. The table
 * knows neither VFIO nor the DMA API: &struct sluice_iova_ops has what it needs
 * from them. Start reading at iova.c.
 */
#ifndef SLUICE_IOVA_H
#define SLUICE_IOVA_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/sluice.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "memory/space.h"

/* Size of a chunk, and the parts in which it is filled. */
#define SLUICE_IOVA_CHUNK      SLUICE_MEM_CHUNK
#define SLUICE_IOVA_SHIFT      21
#define SLUICE_IOVA_PAGES      (SLUICE_IOVA_CHUNK / PAGE_SIZE)
#define SLUICE_IOVA_LEAVES     8
#define SLUICE_IOVA_LEAF_PAGES (SLUICE_IOVA_PAGES / SLUICE_IOVA_LEAVES)

struct mem_cgroup;

/**
 * struct sluice_iova_ops - how pages are pinned and mapped
 * @pin: pin @nr pages from @iova on and store them in @pages. All or none: 0,
 *	-EPERM if a page must not be written, -ENOMEM, or -EFAULT
 * @unpin: undo one call of @pin, with the same @iova and @nr
 * @map: map @size bytes, physically contiguous from @page on, for DMA; the
 *	device may write if @write. %DMA_MAPPING_ERROR on failure
 * @unmap: undo one call of @map
 *
 * One work item per table calls @pin and @unpin, with no lock held.
 */
struct sluice_iova_ops {
	int (*pin)(void *priv, u64 iova, unsigned int nr, bool write,
		   struct page **pages);
	void (*unpin)(void *priv, u64 iova, unsigned int nr);
	dma_addr_t (*map)(void *priv, struct page *page, size_t size,
			  bool write);
	void (*unmap)(void *priv, dma_addr_t dma, size_t size, bool write);
};

/**
 * struct sluice_iova_table - the memory of one guest as one device sees it
 * @ops: how pages are pinned and mapped
 * @priv: for @ops
 * @max_map: maximum number of bytes for one call of @ops->map
 * @chunks: &struct sluice_iova_chunk, indexed by IOVA / 2 MiB. Read under RCU,
 *	changed under @table_lock
 * @table_lock: protects changes of @chunks and of their contents, and is held while
 *	a page is copied from or to. A thread that holds it must not pin, unpin, or
 *	wait for either
 * @lock: protects the members below, up to @wait. Inside @table_lock
 * @wanted: &struct sluice_mem_request for @work
 * @nr_wanted: number of requests that have no answer yet
 * @dropped: chunks removed from the table, for @work to unpin
 * @nr_dropped: number of chunks removed from the table and not unpinned yet,
 *	including those not in @dropped yet and the one that @work is unpinning
 * @space: what the user's slices share, NULL when closed
 * @small: until this time pages are pinned one by one since the user unmaps so, in
 *	jiffies; 0 for never
 * @scarce: the same since the user must not lock more memory
 * @exhausted: until this time no pages are pinned, in jiffies; 0 for never
 * @busy_first: first byte of what @work is pinning
 * @busy_last: last byte
 * @busy: @work is pinning
 * @spoiled: the range that @work is pinning has been unmapped meanwhile
 * @open: requests are accepted
 * @unmapping: number of unmaps in progress; while there are any, no thread
 *	waits for a page to be pinned
 * @memcg: whom @work charges, or NULL; changes only while @work is idle
 * @wait: woken at every change that a thread may wait for
 * @work: pins and unpins
 * @pages: for @work
 * @pinned: pages pinned so far
 * @unpinned: pages unpinned so far
 */
struct sluice_iova_table {
	const struct sluice_iova_ops *ops;
	void *priv;
	size_t max_map;
	struct xarray chunks;
	struct mutex table_lock;
	spinlock_t lock;
	struct list_head wanted;
	unsigned int nr_wanted;
	struct list_head dropped;
	unsigned int nr_dropped;
	struct sluice_space *space;
	unsigned long small;
	unsigned long scarce;
	unsigned long exhausted;
	u64 busy_first;
	u64 busy_last;
	bool busy;
	bool spoiled;
	bool open;
	atomic_t unmapping;
	struct mem_cgroup *memcg;
	wait_queue_head_t wait;
	struct work_struct work;
	struct page *pages[SLUICE_IOVA_PAGES];
	atomic64_t pinned;
	atomic64_t unpinned;
};

void sluice_iova_init(struct sluice_iova_table *table,
		      const struct sluice_iova_ops *ops, void *priv,
		      size_t max_map);
void sluice_iova_destroy(struct sluice_iova_table *table);
int sluice_iova_open(struct sluice_iova_table *table, struct mm_struct *mm,
		     struct mem_cgroup *memcg);
void sluice_iova_close(struct sluice_iova_table *table);

int sluice_iova_find(struct sluice_iova_table *table,
		     struct sluice_mem_cursor *cursor, u64 iova, bool write,
		     struct page **page, dma_addr_t *dma);
unsigned int sluice_iova_find_list(struct sluice_iova_table *table,
				   struct sluice_mem_cursor *cursor, bool write,
				   __le64 *list, unsigned int nr);
int sluice_iova_get(struct sluice_iova_table *table, u64 iova, bool write,
		    struct page **page, dma_addr_t *dma);
int sluice_iova_copy(struct sluice_iova_table *table, u64 iova, void *buf,
		     size_t len, bool to_guest);
void sluice_iova_ask(struct sluice_iova_table *table,
		     struct sluice_mem_request *req);

void sluice_iova_unmap_begin(struct sluice_iova_table *table, u64 first,
			     u64 last, struct sluice_space_unmap *unmap);
bool sluice_iova_detach(struct sluice_iova_table *table, u64 *first, u64 *last,
			struct list_head *chunks);
void sluice_iova_release(struct sluice_iova_table *table,
			 struct list_head *chunks);
void sluice_iova_unmap_release(struct sluice_iova_table *table);
void sluice_iova_unmap_end(struct sluice_iova_table *table, u64 first, u64 last,
			   struct sluice_space_unmap *unmap);

u64 sluice_iova_nr_pinned(struct sluice_iova_table *table);

int sluice_iova_wq_init(void);
void sluice_iova_wq_exit(void);

#endif /* SLUICE_IOVA_H */
