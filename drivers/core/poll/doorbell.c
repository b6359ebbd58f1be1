// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doorbell page of a slice, mapped into its user
 *
 * While the page is mapped, a guest's doorbell is a store to memory and costs
 * nothing; a poller looks at the page. A slice that has been quiet for a while
 * is let go: its page is taken away, and nobody looks. The next store faults;
 * the fault maps the page again and wakes the poller.
 *
 * No doorbell is lost, because under @lock
 *
 * - a fault maps the page and puts the slice on its poller's list;
 * - the poller takes the page away, takes the slice off its list, and afterwards
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
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vfio.h>
#include <trace/events/sluice.h>

#include "core.h"

/*
 * The files of all devices share an address space on kernels before 6.10, so
 * the page is found there by an offset that no other file uses.
 */
#define DOORBELL_PGOFF	BIT_ULL(50)

static pgoff_t sluice_doorbell_pgoff(const struct sluice_doorbell *db)
{
	return DOORBELL_PGOFF | page_to_pfn(db->page);
}

/**
 * sluice_doorbell_init() - make a page that is mapped nowhere
 * @db: to be filled
 *
 * Return: 0 or -ENOMEM
 */
int sluice_doorbell_init(struct sluice_doorbell *db)
{
	BUILD_BUG_ON(SLUICE_DOORBELL_BYTES != PAGE_SIZE);

	db->page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!db->page)
		return -ENOMEM;
	mutex_init(&db->lock);
	return 0;
}

/**
 * sluice_doorbell_exit() - undo sluice_doorbell_init()
 * @db: page that nobody has mapped
 */
void sluice_doorbell_exit(struct sluice_doorbell *db)
{
	mutex_destroy(&db->lock);
	__free_page(db->page);
}

/**
 * sluice_doorbell_words() - the doorbells
 * @db: page
 *
 * Return: its address
 */
__le32 *sluice_doorbell_words(const struct sluice_doorbell *db)
{
	return page_address(db->page);
}

/**
 * sluice_doorbell_unmap() - take the page away from whoever has it mapped
 * @db: page, its lock held
 *
 * When this returns, all stores through the old mapping can be seen, and the
 * next one faults.
 */
void sluice_doorbell_unmap(struct sluice_doorbell *db)
{
	lockdep_assert_held(&db->lock);

	if (db->mapping)
		unmap_mapping_range(db->mapping,
				    (loff_t)sluice_doorbell_pgoff(db)
					    << PAGE_SHIFT,
				    PAGE_SIZE, true);
}

static vm_fault_t sluice_doorbell_fault(struct vm_fault *vmf)
{
	struct sluice_doorbell *db = vmf->vma->vm_private_data;
	struct sluice_vdev *vdev = container_of(db, struct sluice_vdev, db);
	int ret;

	mutex_lock(&db->lock);
	ret = vm_insert_page(vmf->vma, vmf->address, db->page);
	if (!ret) {
		atomic64_inc(&db->faults);
		WRITE_ONCE(vdev->polled.faulted, true);
		sluice_poller_wake(vdev);
		trace_sluice_doorbell_fault(&vdev->sdev.slice);
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

static const struct vm_operations_struct doorbell_vm_ops = {
	.fault = sluice_doorbell_fault,
};

/**
 * sluice_doorbell_mmap() - let the page be mapped at a place
 * @db: page
 * @vma: the place; refers to the page and nothing else
 *
 * It is mapped there at the first touch.
 *
 * Return: 0, or -EINVAL for a private mapping
 */
int sluice_doorbell_mmap(struct sluice_doorbell *db,
			 struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	mutex_lock(&db->lock);
	db->mapping = vma->vm_file->f_mapping;
	mutex_unlock(&db->lock);

	vma->vm_pgoff = sluice_doorbell_pgoff(db);
	vma->vm_private_data = db;
	vma->vm_ops = &doorbell_vm_ops;
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

/**
 * sluice_doorbell_caps() - say which part of BAR0 can be mapped
 * @offset: of the page in BAR0
 * @caps: receives the capability
 *
 * Return: 0 or -ENOMEM
 */
int sluice_doorbell_caps(u32 offset, struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	size_t size = struct_size(sparse, areas, 1);
	int ret;

	sparse = kzalloc(size, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;
	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].offset = offset;
	sparse->areas[0].size = PAGE_SIZE;
	ret = vfio_info_add_capability(caps, &sparse->header, size);
	kfree(sparse);
	return ret;
}
