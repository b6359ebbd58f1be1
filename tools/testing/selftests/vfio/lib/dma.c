// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the device can access
 *
 * An I/O address is used only once while a device is open, and a hole follows
 * every mapping. So an access beyond a buffer never hits the next buffer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dma.h"
#include "tap.h"

#define HUGE	(2u * MIB)

u64 dma_reserve_iova(struct vfio_dev *dev, size_t len)
{
	u64 iova = dev->next_iova;

	dev->next_iova += DIV_ROUND_UP(len, PAGE) * (u64)PAGE + PAGE;
	return iova;
}

static u8 *get_memory(size_t len, unsigned int flags)
{
	int prot = PROT_READ | PROT_WRITE;
	int anon = MAP_PRIVATE | MAP_ANONYMOUS;
	bool huge = flags & DMA_HUGE;
	void *va;

	va = mmap(NULL, len, prot,
		  anon | (huge ? MAP_HUGETLB | MAP_POPULATE : 0), -1, 0);
	if (va == MAP_FAILED)
		tap_bail("out of memory: %zu bytes%s", len,
			 huge ? " in huge pages (vm.nr_hugepages)" : "");
	return va;
}

/* Backwards, so that later pages get lower I/O addresses */
static void place_scattered(struct dma_buf *buf)
{
	size_t i = buf->len / PAGE;

	while (i--)
		buf->iova[i] = dma_reserve_iova(buf->dev, PAGE);
}

static void place_together(struct dma_buf *buf)
{
	u64 iova;
	size_t i;

	if (buf->flags & DMA_HUGE)
		buf->dev->next_iova = (buf->dev->next_iova + HUGE - 1) &
				      ~(u64)(HUGE - 1);
	iova = dma_reserve_iova(buf->dev, buf->len);
	for (i = 0; i < buf->len / PAGE; i++)
		buf->iova[i] = iova + i * PAGE;
}

int dma_map(struct dma_buf *buf)
{
	u32 prot = buf->flags & DMA_RO ? VFIO_MAP_RO : VFIO_MAP_RW;
	size_t i;
	int ret;

	if (!(buf->flags & DMA_SCATTER))
		return vfio_map(buf->dev, buf->va, buf->iova[0], buf->len,
				prot);
	for (i = 0; i < buf->len / PAGE; i++) {
		ret = vfio_map(buf->dev, buf->va + i * PAGE, buf->iova[i],
			       PAGE, prot);
		if (ret)
			return ret;
	}
	return 0;
}

int dma_unmap(struct dma_buf *buf)
{
	int ret, first = 0;
	size_t i;

	if (!(buf->flags & DMA_SCATTER))
		return vfio_unmap(buf->dev, buf->iova[0], buf->len);
	for (i = 0; i < buf->len / PAGE; i++) {
		ret = vfio_unmap(buf->dev, buf->iova[i], PAGE);
		if (ret && !first)
			first = ret;
	}
	return first;
}

void dma_alloc(struct vfio_dev *dev, struct dma_buf *buf, size_t len,
	       unsigned int flags)
{
	size_t unit = flags & DMA_HUGE ? HUGE : PAGE;
	int ret;

	len = DIV_ROUND_UP(len, unit) * unit;
	*buf = (struct dma_buf){ .dev = dev, .len = len, .flags = flags };
	buf->va = get_memory(len, flags);
	buf->iova = calloc(len / PAGE, sizeof(*buf->iova));
	if (!buf->iova)
		tap_bail("out of memory");
	if (flags & DMA_SCATTER)
		place_scattered(buf);
	else
		place_together(buf);
	ret = dma_map(buf);
	if (ret)
		tap_bail("cannot map %zu bytes for DMA: %s", len,
			 strerror(-ret));
}

void dma_free(struct dma_buf *buf)
{
	if (!buf->va)
		return;
	/* Tests may already have unmapped the buffer on purpose. */
	dma_unmap(buf);
	munmap(buf->va, buf->len);
	free(buf->iova);
	memset(buf, 0, sizeof(*buf));
}
