/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doorbell pages of a slice, mapped into its user: what doorbell.c offers
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
 * @words: the pages, contiguous; NULL if the slice has none
 * @page: the first page
 * @nr_pages: how many
 * @lock: makes two actions atomic against each other: mapping a page and waking
 *	the slice; unmapping the pages and putting the slice to sleep. Inside
 *	mmap_lock, outside the locks of the page tables and of the poller's list
 * @mapping: address space of the files through which the pages are mapped; NULL
 *	before the first mmap, constant afterwards
 * @faults: how often a fault has mapped one of the pages
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
