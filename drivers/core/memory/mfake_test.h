/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a guest's memory, for the KUnit tests of its table
 *
 * The guest is made up: the pages of one block stand for its memory; some pages
 * are out of order, read-only or missing. The fake pin, unpin, map and unmap
 * check every call: each unpin must match exactly one pin.
 */
#ifndef SLUICE_MFAKE_TEST_H
#define SLUICE_MFAKE_TEST_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/mm.h>

#include "memory/iova.h"

#define PAGES SLUICE_IOVA_PAGES
#define CHUNK ((u64)SLUICE_IOVA_CHUNK)
#define ORDER (SLUICE_IOVA_SHIFT - PAGE_SHIFT)

/* The guest's chunks, and the IOVA of the first one. */
#define MFAKE_CHUNKS 3
#define MFAKE_START  (5 * CHUNK)

/* Bus addresses begin here, so that no valid one is zero. */
#define MFAKE_DMA 0x100000000ULL

/* Properties of a page of the guest. */
#define MFAKE_READ_ONLY BIT(0)
#define MFAKE_MISSING   BIT(1)
#define MFAKE_PINNED    BIT(2)

/**
 * struct mfake - a made-up guest
 * @iova_table: the table under test
 * @test: for failures in callbacks
 * @block: 2 MiB of memory that all chunks share
 * @start: IOVA of the first chunk
 * @page: MFAKE_ flags of each page of the guest
 * @where: for each page of the guest, its page in @block
 * @groups: length of each call of pin, at the index of its first page
 * @pin_limit: maximum number of pages pinned at a time
 * @refusals: calls of pin that failed because of @pin_limit
 * @maps: number of mappings now
 * @map_calls: number of calls of map so far
 * @map_read_only: number of calls of map for reading only
 * @map_fails_above: longest mapping that succeeds
 * @hold_pin: pin waits for @go
 * @hold_unpin: unpin waits for @go
 * @entered: pin or unpin has begun to wait
 * @go: ends the wait
 */
struct mfake {
	struct sluice_iova_table iova_table;
	struct kunit *test;
	struct page *block;
	u64 start;
	u8 page[MFAKE_CHUNKS * PAGES];
	u16 where[MFAKE_CHUNKS * PAGES];
	u16 groups[MFAKE_CHUNKS * PAGES];
	unsigned int pin_limit;
	unsigned int refusals;
	unsigned int maps;
	unsigned int map_calls;
	unsigned int map_read_only;
	size_t map_fails_above;
	bool hold_pin;
	bool hold_unpin;
	struct completion entered;
	struct completion go;
};

/**
 * struct mfake_request - a page that is asked for
 * @req: for the core
 * @delay_ms: so long it takes to hear the answer
 * @done: it has been heard
 */
struct mfake_request {
	struct sluice_mem_request req;
	unsigned int delay_ms;
	struct completion done;
};

int mfake_init(struct kunit *test);
int mfake_open(struct mfake *fake);
void mfake_close(struct mfake *fake);
void mfake_exit(struct kunit *test);
u64 mfake_iova(struct mfake *fake, unsigned int page);
int mfake_get(struct mfake *fake, u64 iova, bool write);
void mfake_ask(struct mfake *fake, struct mfake_request *request, u64 iova,
	       bool write);
int mfake_answer(struct mfake_request *request);
void mfake_expect(struct mfake *fake, unsigned int idx);
bool mfake_holds(struct mfake *fake, unsigned int idx);
void mfake_drop(struct mfake *fake, u64 first, u64 last);
void mfake_unmap_range(struct mfake *fake, u64 first, u64 last);

#endif /* SLUICE_MFAKE_TEST_H */
