// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a slice's PCI function: their sizes, and which parts a user can
 * map
 *
 * VFIO and access.c call this file. The backend describes the regions in
 * &struct sluice_function. poll/doorbell.c says how doorbell pages are mapped.
 * Memory of the backend stays mapped until the user unmaps it.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "device/device.h"

/* A file offset consists of a region's index and an offset in the region. */
#define SLUICE_REGION_SHIFT	40

/**
 * sluice_region_offset() - where a region is in the device file
 * @index: VFIO region index
 *
 * Return: the file offset
 */
u64 sluice_region_offset(unsigned int index)
{
	return (u64)index << SLUICE_REGION_SHIFT;
}

/**
 * sluice_region_size() - how large a region is
 * @vdev: the device
 * @index: VFIO region index, below VFIO_PCI_NUM_REGIONS
 *
 * Return: bytes, 0 if the region does not exist
 */
u64 sluice_region_size(const struct sluice_vdev *vdev, unsigned int index)
{
	if (index < SLUICE_BARS)
		return sluice_config_bar_size(&vdev->config,
					      array_index_nospec(index, SLUICE_BARS));
	return index == VFIO_PCI_CONFIG_REGION_INDEX ? SLUICE_CONFIG_SIZE : 0;
}

/**
 * sluice_region_area() - find the area at an offset in a region
 * @vdev: the device
 * @index: VFIO region index
 * @off: offset in the region
 *
 * Return: the backend's area at @off, or NULL for registers
 */
const struct sluice_area *sluice_region_area(const struct sluice_vdev *vdev,
					     unsigned int index, u64 off)
{
	const struct sluice_bar *bar;
	unsigned int i;

	if (index >= SLUICE_BARS)
		return NULL;
	bar = &vdev->config.fn.bars[array_index_nospec(index, SLUICE_BARS)];
	for (i = 0; i < bar->nr_areas; i++)
		if (off >= bar->areas[i].offset &&
		    off - bar->areas[i].offset < bar->areas[i].size)
			return &bar->areas[i];
	return NULL;
}

/* Without polling nobody would see a store to a mapped doorbell page. */
static bool sluice_region_mappable(const struct sluice_vdev *vdev,
				   const struct sluice_area *area)
{
	return area->type != SLUICE_AREA_DOORBELLS ||
	       sluice_vdev_ops(vdev)->poll;
}

static int sluice_region_add_areas(const struct sluice_vdev *vdev,
				   const struct sluice_bar *bar,
				   struct vfio_region_info *info,
				   struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	unsigned int i, nr = 0;
	int ret;

	sparse = kzalloc(struct_size(sparse, areas, SLUICE_BAR_AREAS),
			 GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;
	for (i = 0; i < bar->nr_areas; i++) {
		if (!sluice_region_mappable(vdev, &bar->areas[i]))
			continue;
		sparse->areas[nr].offset = bar->areas[i].offset;
		sparse->areas[nr].size = bar->areas[i].size;
		nr++;
	}
	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = nr;
	ret = 0;
	if (nr) {
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
		ret = vfio_info_add_capability(caps, &sparse->header,
					       struct_size(sparse, areas, nr));
	}
	kfree(sparse);
	return ret;
}

/**
 * sluice_region_info() - describe a region
 * @core_vdev: VFIO device
 * @info: to be filled; the caller has set the index
 * @caps: receives the capabilities of the region
 *
 * Return: 0, -EINVAL if the index does not exist, or -ENOMEM
 */
int sluice_region_info(struct vfio_device *core_vdev,
		       struct vfio_region_info *info,
		       struct vfio_info_cap *caps)
{
	struct sluice_vdev *vdev = sluice_vfio_to_vdev(core_vdev);
	unsigned int bar;

	if (info->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info->offset = sluice_region_offset(info->index);
	info->size = sluice_region_size(vdev, info->index);
	info->flags = 0;
	if (info->size)
		info->flags = VFIO_REGION_INFO_FLAG_READ |
			      VFIO_REGION_INFO_FLAG_WRITE;
	if (info->index >= SLUICE_BARS)
		return 0;
	bar = array_index_nospec(info->index, SLUICE_BARS);
	return sluice_region_add_areas(vdev, &vdev->config.fn.bars[bar], info,
				       caps);
}

static vm_fault_t sluice_region_memory_fault(struct vm_fault *vmf)
{
	const struct sluice_area *area = vmf->vma->vm_private_data;
	u64 off = ((u64)vmf->pgoff << PAGE_SHIFT) & (sluice_region_offset(1) - 1);
	void *place = area->memory + (off - area->offset);
	struct page *page;

	page = is_vmalloc_addr(place) ? vmalloc_to_page(place) :
					virt_to_page(place);
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct sluice_region_memory_vm_ops = {
	.fault = sluice_region_memory_fault,
};

static int sluice_region_mmap_memory(const struct sluice_area *area,
				     struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_private_data = (void *)area;
	vma->vm_ops = &sluice_region_memory_vm_ops;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

/**
 * sluice_region_mmap() - map a part of a region
 * @core_vdev: VFIO device
 * @vma: the mapping; its offset and length select the part
 *
 * Return: 0, or -EINVAL if the part is not within one area that can be mapped,
 * or if the mapping is private
 */
int sluice_region_mmap(struct vfio_device *core_vdev,
		       struct vm_area_struct *vma)
{
	struct sluice_vdev *vdev = sluice_vfio_to_vdev(core_vdev);
	u64 size = vma->vm_end - vma->vm_start;
	const struct sluice_area *area;
	u64 pos, off;

	pos = (u64)vma->vm_pgoff << PAGE_SHIFT;
	off = pos & (sluice_region_offset(1) - 1);
	if (pos >= sluice_region_offset(SLUICE_BARS))
		return -EINVAL;
	area = sluice_region_area(vdev, pos / sluice_region_offset(1), off);
	if (!area || size > area->size - (off - area->offset) ||
	    !sluice_region_mappable(vdev, area))
		return -EINVAL;
	if (area->type == SLUICE_AREA_MEMORY)
		return sluice_region_mmap_memory(area, vma);
	return sluice_doorbell_mmap(&vdev->poll, vma,
				    (off - area->offset) >> PAGE_SHIFT);
}
