/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that the device may reach
 */
#ifndef SLUICE_TEST_DMA_H
#define SLUICE_TEST_DMA_H

#include "types.h"
#include "vfio.h"

#define DMA_SCATTER	BIT(0)	/* no two pages adjacent in I/O addresses */
#define DMA_RO		BIT(1)	/* the device may read only */
#define DMA_HUGE	BIT(2)	/* of 2 MiB pages where the machine has them */

/**
 * struct dma_buf - a buffer, contiguous for the process
 * @dev: whose address space it is mapped in
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

/* A failure of these ends the test. Buffers are zero and page aligned. */
void dma_alloc(struct vfio_dev *dev, struct dma_buf *buf, size_t len,
	       unsigned int flags);
void dma_free(struct dma_buf *buf);
/* Take a buffer out of the address space and put it back, the memory stays */
int dma_unmap(struct dma_buf *buf);
int dma_map(struct dma_buf *buf);

/* I/O addresses that nothing is mapped at */
u64 dma_reserve_iova(struct vfio_dev *dev, size_t len);

/* I/O address of byte @off */
static inline u64 dma_iova(const struct dma_buf *buf, size_t off)
{
	return buf->iova[off / PAGE] + off % PAGE;
}

#endif /* SLUICE_TEST_DMA_H */
