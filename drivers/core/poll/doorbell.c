// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doorbell pages of a slice, mapped into its user
 *
 * poller.c and device/ call this file. While a page is mapped, a guest's
 * doorbell is a store to memory and costs nothing; the poller reads the page.
 * When a slice has been quiet for a while, the poller unmaps its pages and
 * stops reading them. The guest's next store faults; the fault handler maps the
 * page again and wakes the poller.
 *
 * No doorbell is lost. @lock is &sluice_doorbells.lock. The unmap waits for all
 * CPUs: a store happens before the unmap, and the poller's last look sees it,
 * or it faults:
 *
 *	vCPU thread			poller
 *					takes @lock
 *	stores through the old mapping	unmaps the pages
 *	stores again and faults,	takes the slice off its list
 *	waits for @lock			drops @lock
 *	takes @lock, maps the page,	looks once more: sees the
 *	puts the slice on the list,	first store
 *	drops @lock, repeats its store	polls: sees the second store
 *
 * tools/testing/model has this as a model.
 *
 * The fault handler maps the page with vm_insert_page(). KVM looks a page up
 * again after the fault that it caused: with a PFN mapping that would fail if
 * the poller unmaps the page in between. And if the handler only returned the
 * page, the kernel would map it after @lock has been dropped.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <trace/events/sluice.h>

#include "core.h"
#include "poll/poller.h"

/*
 * Before 6.10 the files of all devices share one address space. The pages must
 * use offsets there that no other file uses, or an unmap would hit other files.
 */
#define DOORBELL_PGOFF	BIT_ULL(50)

static pgoff_t sluice_doorbell_pgoff(const struct sluice_doorbells *db)
{
	return DOORBELL_PGOFF | page_to_pfn(db->page);
}

/**
 * sluice_doorbell_init() - allocate doorbell pages, mapped nowhere
 * @db: to be filled
 * @nr_pages: how many, 0 for none
 *
 * Return: 0 or -ENOMEM
 */
int sluice_doorbell_init(struct sluice_doorbells *db, unsigned int nr_pages)
{
	db->words = NULL;
	db->nr_pages = nr_pages;
	if (nr_pages) {
		db->words = alloc_pages_exact(nr_pages * PAGE_SIZE,
					      GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!db->words)
			return -ENOMEM;
		db->page = virt_to_page(db->words);
	}
	mutex_init(&db->lock);
	return 0;
}

/**
 * sluice_doorbell_exit() - undo sluice_doorbell_init()
 * @db: pages that no user has mapped
 */
void sluice_doorbell_exit(struct sluice_doorbells *db)
{
	mutex_destroy(&db->lock);
	if (db->words)
		free_pages_exact(db->words, db->nr_pages * PAGE_SIZE);
}

/**
 * sluice_doorbell_clear() - zero the doorbells, as after a reset
 * @db: pages
 */
void sluice_doorbell_clear(struct sluice_doorbells *db)
{
	if (db->words)
		memset(db->words, 0, db->nr_pages * PAGE_SIZE);
}

/**
 * sluice_doorbell_unmap() - unmap the pages from the user
 * @db: pages, their lock held
 *
 * When this returns, every store through the old mappings is visible, and the
 * next store faults.
 */
void sluice_doorbell_unmap(struct sluice_doorbells *db)
{
	lockdep_assert_held(&db->lock);

	if (db->mapping)
		unmap_mapping_range(db->mapping,
				    (loff_t)sluice_doorbell_pgoff(db) << PAGE_SHIFT,
				    db->nr_pages * PAGE_SIZE, true);
}

static vm_fault_t sluice_doorbell_fault(struct vm_fault *vmf)
{
	struct sluice_poll_entry *entry = vmf->vma->vm_private_data;
	struct sluice_doorbells *db = &entry->doorbells;
	struct page *page = pfn_to_page(vmf->pgoff & ~DOORBELL_PGOFF);
	int ret;

	mutex_lock(&db->lock);
	ret = vm_insert_page(vmf->vma, vmf->address, page);
	if (!ret) {
		atomic64_inc(&db->faults);
		WRITE_ONCE(entry->faulted, ktime_get_ns());
		sluice_poller_wake(entry);
		trace_sluice_doorbell_fault(&entry->sdev->info);
	}
	mutex_unlock(&db->lock);

	switch (ret) {
	case 0:
	case -EBUSY: /* another vCPU's fault has mapped the page */
		return VM_FAULT_NOPAGE;
	case -ENOMEM:
		return VM_FAULT_OOM;
	default:
		return VM_FAULT_SIGBUS;
	}
}

static const struct vm_operations_struct sluice_doorbell_vm_ops = {
	.fault = sluice_doorbell_fault,
};

/**
 * sluice_doorbell_mmap() - prepare a mapping of doorbell pages
 * @entry: poll entry of a slice that has a poller
 * @vma: the mapping; covers doorbell pages and nothing else
 * @first_page: number of the first doorbell page in @vma; @vma ends within the
 *	doorbell pages
 *
 * The fault handler maps each page at its first touch.
 *
 * Return: 0, or -EINVAL for a private mapping
 */
int sluice_doorbell_mmap(struct sluice_poll_entry *entry,
			 struct vm_area_struct *vma, unsigned long first_page)
{
	struct sluice_doorbells *db = &entry->doorbells;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	mutex_lock(&db->lock);
	db->mapping = vma->vm_file->f_mapping;
	mutex_unlock(&db->lock);

	vma->vm_pgoff = sluice_doorbell_pgoff(db) + first_page;
	vma->vm_private_data = entry;
	vma->vm_ops = &sluice_doorbell_vm_ops;
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}
