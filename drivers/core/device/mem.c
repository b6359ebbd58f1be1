// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory for backends
 *
 * Backends call this file. It connects the IOVA table (memory/iova.c) to VFIO,
 * which pins pages, and to the DMA API of the parent, which maps them. A
 * backend must not use it if the device's DMA is not coherent or would use
 * bounce buffers: nothing here copies or syncs memory for the device.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <trace/events/sluice.h>

#include "device/device.h"

/*
 * A user may have mapped something that is not RAM, for example a BAR of
 * another device. VFIO pins that too, if it has a page descriptor.
 */
static bool sluice_mem_is_ram(struct page **pages, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (PageReserved(pages[i]) &&
		    !is_zero_pfn(page_to_pfn(pages[i])))
			return false;
	return true;
}

/*
 * Why VFIO refuses to pin memory that the VMM has mapped for its guest. What is
 * not here the guest has brought about itself: no memory there, or a page that
 * it must not write. Only the guest hears of that.
 */
#define SLUICE_MEM_USE	"use anonymous memory, hugetlbfs or memfd"

static const struct {
	int err;
	const char *cause;
} sluice_mem_causes[] = {
	{ -EFAULT, "a file of a file system like ext4; " SLUICE_MEM_USE },
	{ -EOPNOTSUPP, "a file of a DAX file system; " SLUICE_MEM_USE },
	{ -EACCES, "a VFIO_TYPE1_IOMMU container; use VFIO_TYPE1v2_IOMMU" },
	{ -ENOMEM, "the limit of locked memory; raise RLIMIT_MEMLOCK" },
};

/*
 * Log why a page cannot be pinned, once for each time that the device is open:
 * the guest tries again and again. Called by the work item only.
 */
static void sluice_mem_explain(struct sluice_vdev *vdev, u64 iova, int err)
{
	unsigned int i;

	if (err == vdev->pin_error)
		return;
	for (i = 0; i < ARRAY_SIZE(sluice_mem_causes); i++) {
		if (sluice_mem_causes[i].err != err)
			continue;
		vdev->pin_error = err;
		dev_warn_ratelimited(vdev->sdev.dev,
				     "guest memory at 0x%llx cannot be pinned (error %pe), most likely because of %s\n",
				     iova, ERR_PTR(err),
				     sluice_mem_causes[i].cause);
		return;
	}
}

static int sluice_mem_pin(void *priv, u64 iova, unsigned int nr, bool write,
			  struct page **pages)
{
	struct sluice_vdev *vdev = priv;
	int prot = IOMMU_READ | (write ? IOMMU_WRITE : 0);
	int ret;

	ret = vfio_pin_pages(&vdev->vdev, iova, nr, prot, pages);
	trace_sluice_pin(&vdev->sdev.info, iova, nr, write, min(ret, 0));
	if (ret == nr && sluice_mem_is_ram(pages, nr))
		return 0;
	if (ret > 0) {
		vfio_unpin_pages(&vdev->vdev, iova, ret);
		return -EFAULT;
	}
	/* of a group of pages some may be pinned one by one */
	if (nr == 1)
		sluice_mem_explain(vdev, iova, ret);
	return ret == -EPERM || ret == -ENOMEM ? ret : -EFAULT;
}

static void sluice_mem_unpin(void *priv, u64 iova, unsigned int nr)
{
	struct sluice_vdev *vdev = priv;

	vfio_unpin_pages(&vdev->vdev, iova, nr);
}

static enum dma_data_direction sluice_mem_direction(bool write)
{
	return write ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

static dma_addr_t sluice_mem_dma_map(void *priv, struct page *page, size_t size,
				     bool write)
{
	struct sluice_vdev *vdev = priv;
	struct device *dev = vdev->sdev.dma_dev;
	dma_addr_t dma;

	dma = dma_map_page_attrs(dev, page, 0, size,
				 sluice_mem_direction(write),
				 DMA_ATTR_SKIP_CPU_SYNC);
	return dma_mapping_error(dev, dma) ? DMA_MAPPING_ERROR : dma;
}

static void sluice_mem_dma_unmap(void *priv, dma_addr_t dma, size_t size,
				 bool write)
{
	struct sluice_vdev *vdev = priv;

	dma_unmap_page_attrs(vdev->sdev.dma_dev, dma, size,
			     sluice_mem_direction(write),
			     DMA_ATTR_SKIP_CPU_SYNC);
}

static const struct sluice_iova_ops sluice_mem_iova_ops = {
	.pin = sluice_mem_pin,
	.unpin = sluice_mem_unpin,
	.map = sluice_mem_dma_map,
	.unmap = sluice_mem_dma_unmap,
};

/**
 * sluice_mem_init() - prepare a device for using guest memory
 * @vdev: the device, with its DMA device known
 */
void sluice_mem_init(struct sluice_vdev *vdev)
{
	sluice_iova_init(&vdev->iova_table, &sluice_mem_iova_ops, vdev,
			 dma_max_mapping_size(vdev->sdev.dma_dev));
}

/**
 * sluice_mem_exit() - undo sluice_mem_init()
 * @vdev: the device, closed
 */
void sluice_mem_exit(struct sluice_vdev *vdev)
{
	sluice_iova_destroy(&vdev->iova_table);
}

static void sluice_mem_fill(struct sluice_mem *mem, struct page *page,
			    dma_addr_t dma, u64 iova)
{
	mem->dma = dma + offset_in_page(iova);
	mem->vaddr = page_address(page) + offset_in_page(iova);
}

/**
 * sluice_mem_find_page() - the part of sluice_mem_find() that is not inline
 * @sdev: the attached slice
 * @cursor: the caller's cursor; the caller serialises its use
 * @iova: guest address; @mem is valid up to the end of its page of PAGE_SIZE
 * @device_writes: the device, or the caller, is going to write to it
 * @mem: what was found
 *
 * Return: as sluice_mem_find()
 */
int sluice_mem_find_page(struct sluice_dev *sdev,
			 struct sluice_mem_cursor *cursor, u64 iova,
			 bool device_writes, struct sluice_mem *mem)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	ret = sluice_iova_find(&sluice_to_vdev(sdev)->iova_table, cursor, iova,
			       device_writes, &page, &dma);
	if (!ret)
		sluice_mem_fill(mem, page, dma, iova);
	return ret;
}
EXPORT_SYMBOL_GPL(sluice_mem_find_page);

/**
 * sluice_mem_find_list() - turn guest addresses into bus addresses, in place
 * @sdev: the attached slice
 * @cursor: the caller's, serialised by it
 * @device_writes: the device is going to write to the pages
 * @list: guest addresses of pages; the list itself is in host memory
 * @nr: how many
 *
 * Stops at the first entry that is not a multiple of PAGE_SIZE or that
 * sluice_mem_find() does not find. That entry and the later ones stay
 * unchanged.
 *
 * Context: as sluice_mem_find()
 * Return: the number of entries that were replaced
 */
unsigned int sluice_mem_find_list(struct sluice_dev *sdev,
				  struct sluice_mem_cursor *cursor,
				  bool device_writes, __le64 *list,
				  unsigned int nr)
{
	return sluice_iova_find_list(&sluice_to_vdev(sdev)->iova_table, cursor,
				     device_writes, list, nr);
}
EXPORT_SYMBOL_GPL(sluice_mem_find_list);

/**
 * sluice_mem_get() - find a page of guest memory, pinned and mapped for DMA
 * @sdev: the attached slice
 * @iova: guest address; @mem is valid up to the end of its page of PAGE_SIZE
 * @device_writes: the device, or the caller, is going to write to it
 * @mem: what was found
 *
 * A page that was used before is found without a lock. The first touch of a
 * page pins the page and its neighbours, and sleeps.
 *
 * @mem is valid until the backend's quiesce operation returns for a range that
 * contains the page, or until its close operation returns.
 *
 * Return: 0; -EAGAIN while the user changes the guest's memory layout, and
 * possibly for a moment after resume: try again a little later, but not in a
 * loop that quiesce would wait for; -EFAULT if the guest has no memory there;
 * -EPERM if the page must not be written; -ENODEV when the device is not open;
 * -ENOMEM; -EIO if the page cannot be mapped for DMA
 */
int sluice_mem_get(struct sluice_dev *sdev, u64 iova, bool device_writes,
		   struct sluice_mem *mem)
{
	struct sluice_vdev *vdev = sluice_to_vdev(sdev);
	struct page *page;
	dma_addr_t dma;
	int ret;

	ret = sluice_iova_get(&vdev->iova_table, iova, device_writes, &page,
			      &dma);
	if (!ret)
		sluice_mem_fill(mem, page, dma, iova);
	return ret;
}
EXPORT_SYMBOL_GPL(sluice_mem_get);

/**
 * sluice_mem_ask() - have a page of guest memory pinned, and do not wait for that
 * @sdev: the attached slice, open: not after the close operation has returned
 * @req: the page; the core's until it calls @req->done
 *
 * For a thread that must not sleep for guest memory. Afterwards sluice_mem_find()
 * finds the page, unless an unmap comes between. An unmap of other memory does not
 * make this fail with -EAGAIN.
 *
 * Context: process; also under a lock that quiesce takes, or a spinlock
 */
void sluice_mem_ask(struct sluice_dev *sdev, struct sluice_mem_request *req)
{
	sluice_iova_ask(&sluice_to_vdev(sdev)->iova_table, req);
}
EXPORT_SYMBOL_GPL(sluice_mem_ask);

static int sluice_mem_copy(struct sluice_dev *sdev, u64 iova, void *buf,
			   size_t len, bool to_guest)
{
	struct sluice_iova_table *table = &sluice_to_vdev(sdev)->iova_table;
	u64 end;

	if (len && check_add_overflow(iova, (u64)len - 1, &end))
		return -EFAULT;
	while (len) {
		size_t n = min_t(size_t, len, PAGE_SIZE - offset_in_page(iova));
		int ret = sluice_iova_copy(table, iova, buf, n, to_guest);

		if (ret)
			return ret;
		iova += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/**
 * sluice_mem_read() - copy from guest memory
 * @sdev: the attached slice
 * @iova: guest address
 * @buf: receives the bytes; a part may have been written when this fails
 * @len: bytes, across any number of pages
 *
 * Needs no quiescing: an unmap waits until the copy of a page has ended.
 *
 * Return: as sluice_mem_get()
 */
int sluice_mem_read(struct sluice_dev *sdev, u64 iova, void *buf, size_t len)
{
	return sluice_mem_copy(sdev, iova, buf, len, false);
}
EXPORT_SYMBOL_GPL(sluice_mem_read);

/**
 * sluice_mem_write() - copy to guest memory
 * @sdev: the attached slice
 * @iova: guest address
 * @buf: the bytes
 * @len: how many, across any number of pages; a part may have been written when
 *	this fails
 *
 * Needs no quiescing: an unmap waits until the copy of a page has ended.
 *
 * Return: as sluice_mem_get()
 */
int sluice_mem_write(struct sluice_dev *sdev, u64 iova, const void *buf,
		     size_t len)
{
	return sluice_mem_copy(sdev, iova, (void *)buf, len, true);
}
EXPORT_SYMBOL_GPL(sluice_mem_write);

/**
 * sluice_mem_vmap() - map pages of guest memory as one contiguous range
 * @sdev: the attached slice
 * @iovas: guest addresses, each a multiple of PAGE_SIZE
 * @nr_pages: how many
 * @write: the caller is going to write to the range
 *
 * The backend must call sluice_mem_vunmap() before its quiesce operation
 * returns for a range that contains one of the pages, and before its close
 * operation returns.
 *
 * Return: the address of the range, or an ERR_PTR() with an error of
 * sluice_mem_get(), or -EINVAL
 */
void *sluice_mem_vmap(struct sluice_dev *sdev, const u64 *iovas,
		      unsigned int nr_pages, bool write)
{
	struct sluice_iova_table *table = &sluice_to_vdev(sdev)->iova_table;
	struct page **pages;
	void *vaddr = NULL;
	dma_addr_t dma;
	unsigned int i;
	int ret = -EINVAL;

	if (!nr_pages)
		return ERR_PTR(-EINVAL);
	pages = kvmalloc_array(nr_pages, sizeof(*pages),
			       GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr_pages; i++) {
		if (offset_in_page(iovas[i]))
			goto out;
		ret = sluice_iova_get(table, iovas[i], write, &pages[i], &dma);
		if (ret)
			goto out;
	}
	/* the end of a mapping of its own is an interrupt for every CPU */
	if (nr_pages == 1)
		vaddr = page_address(pages[0]);
	if (!vaddr)
		vaddr = vmap(pages, nr_pages, VM_MAP,
			     write ? PAGE_KERNEL : PAGE_KERNEL_RO);
	ret = -ENOMEM;
out:
	kvfree(pages);
	return vaddr ?: ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(sluice_mem_vmap);

/**
 * sluice_mem_vunmap() - undo sluice_mem_vmap()
 * @vaddr: from sluice_mem_vmap()
 */
void sluice_mem_vunmap(void *vaddr)
{
	if (is_vmalloc_addr(vaddr))
		vunmap(vaddr);
}
EXPORT_SYMBOL_GPL(sluice_mem_vunmap);
