// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data of I/O commands: PRPs, patterns, reads and writes
 */
#include <string.h>

#include "nvme_io.h"
#include "tap.h"

#define PRPS_PER_PAGE	(PAGE / sizeof(u64))
#define LIST_PAGES	4

void prp_list_alloc(struct vfio_dev *dev, struct prp_list *list)
{
	list->first = 0;
	dma_alloc(dev, &list->mem, LIST_PAGES * PAGE, DMA_SCATTER);
}

/* @first_page: index in @buf; @count: at least two pages */
static u64 fill_list(struct prp_list *list, const struct dma_buf *buf,
		     size_t first_page, size_t count)
{
	unsigned int page = 0, slot = list->first;
	u64 *entry = (u64 *)list->mem.va;
	size_t i;

	for (i = 0; i < count; i++) {
		/* The last slot of a page leads to the next page, if any. */
		if (slot == PRPS_PER_PAGE - 1 && i + 1 < count) {
			if (++page == LIST_PAGES)
				tap_bail("PRP list of %zu entries is too long",
					 count);
			entry[slot] = list->mem.iova[page];
			entry += PRPS_PER_PAGE;
			slot = 0;
		}
		entry[slot++] = buf->iova[first_page + i];
	}
	return list->mem.iova[0] + list->first * sizeof(u64);
}

void nvme_set_prps(struct nvme_sqe *sqe, const struct dma_buf *buf, size_t off,
		   size_t len, struct prp_list *list)
{
	size_t in_first = MIN(len, PAGE - off % PAGE);
	size_t rest = DIV_ROUND_UP(len - in_first, PAGE);

	sqe->prp1 = dma_iova(buf, off);
	if (rest > 1)
		sqe->prp2 = fill_list(list, buf, off / PAGE + 1, rest);
	else if (rest)
		sqe->prp2 = buf->iova[off / PAGE + 1];
	else
		sqe->prp2 = 0;
}

struct nvme_sqe nvme_rw(u8 opcode, u64 slba, u32 blocks)
{
	return (struct nvme_sqe){
		.opcode = opcode,
		.nsid = 1,
		.cdw10 = slba,
		.cdw11 = slba >> 32,
		.cdw12 = blocks - 1,
	};
}

u16 nvme_transfer(struct nvme_sq *sq, u8 opcode, u64 slba,
		  const struct dma_buf *buf, size_t off, size_t len,
		  struct prp_list *list)
{
	unsigned int shift = sq->nv->lba_shift;
	struct nvme_sqe sqe;
	size_t part;
	u16 status;

	for (; len; len -= part) {
		part = MIN(len, sq->nv->max_xfer);
		sqe = nvme_rw(opcode, slba, part >> shift);
		nvme_set_prps(&sqe, buf, off, part, list);
		status = nvme_exec_status(sq, &sqe);
		if (status)
			return status;
		off += part;
		slba += part >> shift;
	}
	return 0;
}

static u64 mix(u64 x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ull;
	x ^= x >> 29;
	return x;
}

void pattern_fill(void *mem, size_t len, u64 address, u64 seed)
{
	u64 *word = mem;
	size_t i;

	for (i = 0; i < len / sizeof(*word); i++)
		word[i] = mix(address + i * sizeof(*word)) ^ seed;
}

size_t pattern_check(const void *mem, size_t len, u64 address, u64 seed)
{
	const u64 *word = mem;
	size_t i;

	for (i = 0; i < len / sizeof(*word); i++) {
		if (word[i] != (mix(address + i * sizeof(*word)) ^ seed))
			return i * sizeof(*word);
	}
	return len;
}

u64 rng_next(struct rng *rng)
{
	rng->state += 0x9e3779b97f4a7c15ull;
	return mix(mix(rng->state) + 0xd1b54a32d192ed03ull);
}
