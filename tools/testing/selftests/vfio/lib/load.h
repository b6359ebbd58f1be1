/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many commands in flight on one submission queue, each of one block, with the
 * data checked
 */
#ifndef SLUICE_TEST_LOAD_H
#define SLUICE_TEST_LOAD_H

#include "nvme.h"

/**
 * struct load - a stream of reads or writes
 * @sq: where commands go
 * @base: first block of the range used
 * @span: blocks of the range
 * @seed: of the pattern
 * @slots: commands in flight at most
 * @buf: a page for each slot
 * @free: slots not in flight
 * @nr_free: how many those are
 * @slot_of: by command identifier
 * @block_of: by slot, the block it reads or writes
 */
struct load {
	struct nvme_sq *sq;
	u64 base;
	u64 span;
	u64 seed;
	unsigned int slots;
	struct dma_buf buf;
	u16 *free;
	unsigned int nr_free;
	u16 slot_of[65536];
	u64 *block_of;
};

void load_init(struct load *load, struct nvme_sq *sq, u64 base, u64 span,
	       u64 seed);
void load_free(struct load *load);

/* @total commands; returns how many came back good, with the right data */
unsigned int load_run(struct load *load, u8 opcode, unsigned int total);

/* As many as fit, behind one doorbell, waiting for none; returns how many */
unsigned int load_fill(struct load *load, u8 opcode);

/* Take what has completed; returns false when a completion makes no sense */
bool load_reap(struct load *load, u8 opcode, const struct nvme_cqe *cqe);

/* Forget what is in flight, after a reset */
void load_restart(struct load *load, struct nvme_sq *sq);

#endif /* SLUICE_TEST_LOAD_H */
