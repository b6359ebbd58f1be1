/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doorbell pages of a slice, mapped into its user
 */
#ifndef SLUICE_DOORBELL_H
#define SLUICE_DOORBELL_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct address_space;
struct page;
struct vm_area_struct;

/**
 * struct sluice_doorbells - the doorbell pages of one slice
 * @words: the pages, contiguous; NULL where the slice has none
 * @page: the first of them
 * @nr_pages: how many
 * @lock: makes one step of mapping a page and waking the slice, and one of
 *	taking the pages away and letting the slice sleep. Inside mmap_lock,
 *	outside the locks of the page tables and the poller's list
 * @mapping: of the files that they are mapped through; NULL before the first
 *	mmap, constant afterwards
 * @faults: times that one of them was mapped
 */
struct sluice_doorbells {
	void *words;
	struct page *page;
	unsigned int nr_pages;
	struct mutex lock;
	struct address_space *mapping;
	atomic64_t faults;
};

int sluice_doorbell_init(struct sluice_doorbells *db, unsigned int nr_pages);
void sluice_doorbell_exit(struct sluice_doorbells *db);
void sluice_doorbell_clear(struct sluice_doorbells *db);
void sluice_doorbell_unmap(struct sluice_doorbells *db);

#endif /* SLUICE_DOORBELL_H */
