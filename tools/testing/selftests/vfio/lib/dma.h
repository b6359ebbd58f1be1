/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that the device can access
 */
#ifndef SLUICE_TEST_DMA_H
#define SLUICE_TEST_DMA_H

#include "types.h"
#include "vfio.h"

#define DMA_SCATTER	BIT(0)	/* no two pages adjacent in I/O addresses */
#define DMA_RO		BIT(1)	/* the device may only read */
#define DMA_HUGE	BIT(2)	/* 2 MiB pages, which must be reserved */

/**
 * struct dma_buf - a buffer, contiguous in the process
 * @dev: the device that can access it
 * @va: address in the process
 * @len: bytes, whole pages
 * @flags: DMA_*
 * @iova: I/O address of each page
 */
struct dma_buf {
	struct vfio_dev *dev;
	u8 *va;
	size_t len;
	unsigned int flags;
	u64 *iova;
};

/* A failure of these ends the test. Buffers are zeroed and page-aligned. */
void dma_alloc(struct vfio_dev *dev, struct dma_buf *buf, size_t len,
	       unsigned int flags);
void dma_free(struct dma_buf *buf);
/* Unmap a buffer for the device, and map it again; its memory stays */
int dma_unmap(struct dma_buf *buf);
int dma_map(struct dma_buf *buf);

/* Returns I/O addresses that nothing is mapped at */
u64 dma_reserve_iova(struct vfio_dev *dev, size_t len);

/* Returns the I/O address of byte @off */
static inline u64 dma_iova(const struct dma_buf *buf, size_t off)
{
	return buf->iova[off / PAGE] + off % PAGE;
}

#endif /* SLUICE_TEST_DMA_H */
