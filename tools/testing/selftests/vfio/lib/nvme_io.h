/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data of I/O commands: PRPs, patterns, reads and writes
 */
#ifndef SLUICE_TEST_NVME_IO_H
#define SLUICE_TEST_NVME_IO_H

#include "nvme.h"

/**
 * struct prp_list - memory for PRP lists
 * @mem: pages; a long list continues in the next page
 * @first: first entry of the list in the first page
 */
struct prp_list {
	struct dma_buf mem;
	unsigned int first;
};

void prp_list_alloc(struct vfio_dev *dev, struct prp_list *list);

/* Make @sqe point at @len bytes of @buf, from byte @off */
void nvme_set_prps(struct nvme_sqe *sqe, const struct dma_buf *buf, size_t off,
		   size_t len, struct prp_list *list);

/* A read, write, compare, verify or write zeroes, without a data pointer */
struct nvme_sqe nvme_rw(u8 opcode, u64 slba, u32 blocks);

/* Transfer whole blocks and wait; returns 0 or the first other status */
u16 nvme_transfer(struct nvme_sq *sq, u8 opcode, u64 slba,
		  const struct dma_buf *buf, size_t off, size_t len,
		  struct prp_list *list);

/* Each word of a pattern depends on its address on the drive and on @seed */
void pattern_fill(void *mem, size_t len, u64 address, u64 seed);
/* Returns the offset of the first byte that differs, or @len */
size_t pattern_check(const void *mem, size_t len, u64 address, u64 seed);

/* Random numbers that are repeatable from a seed */
struct rng {
	u64 state;
};

u64 rng_next(struct rng *rng);
/* Returns 0 to @n - 1 */
static inline u64 rng_below(struct rng *rng, u64 n)
{
	return rng_next(rng) % n;
}

#endif /* SLUICE_TEST_NVME_IO_H */
