// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doorbell pages of a slice, mapped into its user
 *
 * While a page is mapped, a guest's doorbell is a store to memory and costs
 * nothing; a poller looks at the page. When a slice has been quiet for a while,
 * the poller takes its pages away and looks at them no more. The guest's next
 * store faults; the fault handler maps the page again and wakes the poller.
 *
 * No doorbell is lost, because under @lock
 *
 * - a fault maps the page and puts the slice on its poller's list;
 * - the poller takes the pages away, takes the slice off its list, and afterwards
 *   looks at the doorbells once more.
 *
 * A store through the old mapping has happened before the page is gone (taking
 * it away waits for all CPUs), so that last look sees it. Any later store
 * faults. tools/testing/model has this as a model.
 *
 * The page is mapped by vm_insert_page() in the fault handler. KVM looks a page
 * up again after the fault that it caused: with a PFN mapping it would fail
 * where the page has been taken away in between. And a page that the handler
 * only returned would be mapped after @lock has been let go.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <trace/events/sluice.h>

#include "core.h"
#include "poll/poller.h"

/*
 * The files of all devices share an address space on kernels before 6.10, so
 * the pages are found there by offsets that no other file uses.
 */
#define DOORBELL_PGOFF	BIT_ULL(50)

static pgoff_t sluice_doorbell_pgoff(const struct sluice_doorbells *db)
{
	return DOORBELL_PGOFF | page_to_pfn(db->page);
}

/**
 * sluice_doorbell_init() - make pages that are mapped nowhere
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
 * @db: pages that nobody has mapped
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
 * sluice_doorbell_unmap() - take the pages away from the user
 * @db: pages, their lock held
 *
 * When this returns, all stores through the old mappings can be seen, and the
 * next one faults.
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
		WRITE_ONCE(entry->faulted, true);
		sluice_poller_wake(entry);
		trace_sluice_doorbell_fault(&entry->sdev->info);
	}
	mutex_unlock(&db->lock);

	switch (ret) {
	case 0:
	case -EBUSY: /* another thread's fault came first */
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
 * sluice_doorbell_mmap() - let doorbell pages be mapped at a place
 * @entry: slice that belongs to a poller
 * @vma: the place; refers to doorbell pages and nothing else
 * @first_page: number of the first doorbell page that is mapped there; all of
 *	the place is within the pages
 *
 * A page is mapped there at the first touch.
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
