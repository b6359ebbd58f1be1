/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps many commands of one block each in flight on a submission queue, and
 * checks the data
 */
#ifndef SLUICE_TEST_LOAD_H
#define SLUICE_TEST_LOAD_H

#include "nvme.h"

/**
 * struct load - a stream of reads or writes
 * @sq: submission queue for the commands
 * @base: first block of the range used
 * @span: blocks of the range
 * @seed: seed of the pattern
 * @slots: commands in flight at most
 * @buf: a page for each slot
 * @free: slots not in flight
 * @nr_free: number of free slots
 * @slot_of: slot of each command identifier
 * @block_of: block that each slot reads or writes
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

/* Runs @total commands; returns how many ended well, with the right data */
unsigned int load_run(struct load *load, u8 opcode, unsigned int total);

/* Submits commands until the queue is full, rings once; returns how many */
unsigned int load_fill(struct load *load, u8 opcode);

/*
 * The same, and again until some of the commands are seen in flight: a thread
 * that does not run for a while finds all of them complete. Returns how many the
 * last queue full has, or 0 if the drive always was faster.
 */
unsigned int load_in_flight(struct load *load, u8 opcode);

/* Takes a completion; returns false if the completion makes no sense */
bool load_reap(struct load *load, u8 opcode, const struct nvme_cqe *cqe);

/* Forgets the commands in flight, after a reset */
void load_restart(struct load *load, struct nvme_sq *sq);

#endif /* SLUICE_TEST_LOAD_H */
