// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps many commands of one block each in flight on a submission queue, and
 * checks the data
 */
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "nvme_io.h"
#include "tap.h"
#include "test.h"

#define MAX_SLOTS	1024u
#define NO_SLOT		0xffff

void load_restart(struct load *load, struct nvme_sq *sq)
{
	unsigned int i;

	load->sq = sq;
	load->nr_free = load->slots;
	for (i = 0; i < load->slots; i++)
		load->free[i] = i;
	memset(load->slot_of, 0xff, sizeof(load->slot_of));
}

void load_init(struct load *load, struct nvme_sq *sq, u64 base, u64 span,
	       u64 seed)
{
	memset(load, 0, sizeof(*load));
	load->base = base;
	load->span = span;
	load->seed = seed;
	load->slots = MIN(sq->depth - 1, MAX_SLOTS);
	load->free = calloc(load->slots, sizeof(*load->free));
	load->block_of = calloc(load->slots, sizeof(*load->block_of));
	if (!load->free || !load->block_of)
		tap_bail("out of memory");
	dma_alloc(sq->nv->dev, &load->buf, load->slots * (size_t)PAGE, 0);
	load_restart(load, sq);
}

void load_free(struct load *load)
{
	dma_free(&load->buf);
	free(load->free);
	free(load->block_of);
	memset(load, 0, sizeof(*load));
}

static size_t block_size(const struct load *load)
{
	return (size_t)1 << load->sq->nv->lba_shift;
}

static void submit(struct load *load, u8 opcode, u64 index)
{
	u16 slot = load->free[--load->nr_free];
	u64 block = load->base + index % load->span;
	u8 *mem = load->buf.va + slot * (size_t)PAGE;
	struct nvme_sqe sqe = nvme_rw(opcode, block, 1);
	size_t size = block_size(load);

	if (opcode == IO_WRITE)
		pattern_fill(mem, size, block * size, load->seed);
	else
		memset(mem, 0xa5, size);
	sqe.prp1 = dma_iova(&load->buf, slot * (size_t)PAGE);
	load->block_of[slot] = block;
	load->slot_of[nvme_queue_cmd(load->sq, &sqe)] = slot;
}

static bool data_right(struct load *load, u16 slot)
{
	size_t size = block_size(load);

	return pattern_check(load->buf.va + slot * (size_t)PAGE, size,
			     load->block_of[slot] * size, load->seed) == size;
}

/* Returns whether the command is known, and frees its slot */
static bool give_back(struct load *load, const struct nvme_cqe *cqe, u16 *slot)
{
	*slot = load->slot_of[cqe->cid];
	load->slot_of[cqe->cid] = NO_SLOT;
	if (*slot == NO_SLOT || cqe->sq_id != load->sq->id) {
		tap_diag("completion of a command %u that is not in flight",
			 cqe->cid);
		return false;
	}
	load->free[load->nr_free++] = *slot;
	return true;
}

bool load_reap(struct load *load, u8 opcode, const struct nvme_cqe *cqe)
{
	u16 slot;

	if (!give_back(load, cqe, &slot))
		return false;
	if (nvme_status(cqe)) {
		tap_diag("block %llu: status 0x%x",
			 (unsigned long long)load->block_of[slot],
			 nvme_status(cqe));
		return false;
	}
	return opcode != IO_READ || data_right(load, slot);
}

static bool room(const struct load *load)
{
	return load->nr_free && !nvme_sq_full(load->sq);
}

unsigned int load_fill(struct load *load, u8 opcode)
{
	unsigned int n = 0;

	while (room(load))
		submit(load, opcode, n++);
	if (n)
		nvme_ring(load->sq);
	return n;
}

unsigned int load_in_flight(struct load *load, u8 opcode)
{
	struct nvme_cqe cqe;
	unsigned int n, i, tries;

	for (tries = 0; tries < 100; tries++) {
		n = load_fill(load, opcode);
		if (nvme_cq_posted(load->sq->cq) < n)
			return n;
		for (i = 0; i < n && nvme_cq_take(load->sq->cq, &cqe); i++)
			load_reap(load, opcode, &cqe);
	}
	return 0;
}

unsigned int load_run(struct load *load, u8 opcode, unsigned int total)
{
	unsigned int sent = 0, done = 0, good = 0;
	struct nvme_cqe cqe;

	while (done < total) {
		unsigned int before = sent;

		while (sent < total && room(load))
			submit(load, opcode, sent++);
		if (sent != before)
			nvme_ring(load->sq);
		if (!nvme_cq_wait(load->sq->cq, &cqe, NVME_TIMEOUT)) {
			tap_diag("no completion, %u of %u done", done, total);
			break;
		}
		do {
			done++;
			good += load_reap(load, opcode, &cqe);
		} while (nvme_cq_take(load->sq->cq, &cqe));
		test_still_alive();
	}
	return good;
}
