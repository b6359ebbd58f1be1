/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doorbell page of a slice, mapped into its user
 */
#ifndef SLUICE_DOORBELL_H
#define SLUICE_DOORBELL_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct address_space;
struct page;
struct vfio_info_cap;
struct vm_area_struct;

/**
 * struct sluice_doorbell - the doorbell page
 * @page: the page
 * @lock: makes one step of mapping the page and waking the slice, and one of
 *	taking the page away and letting the slice sleep. Inside mmap_lock,
 *	outside the locks of the page tables and the poller's list
 * @mapping: of the files that it is mapped through; NULL before the first mmap,
 *	constant afterwards
 * @faults: times that it was mapped
 */
struct sluice_doorbell {
	struct page *page;
	struct mutex lock;
	struct address_space *mapping;
	atomic64_t faults;
};

int sluice_doorbell_init(struct sluice_doorbell *db);
void sluice_doorbell_exit(struct sluice_doorbell *db);
__le32 *sluice_doorbell_words(const struct sluice_doorbell *db);
void sluice_doorbell_unmap(struct sluice_doorbell *db);
int sluice_doorbell_mmap(struct sluice_doorbell *db,
			 struct vm_area_struct *vma);
int sluice_doorbell_caps(u32 offset, struct vfio_info_cap *caps);

#endif /* SLUICE_DOORBELL_H */
