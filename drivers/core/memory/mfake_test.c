// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a guest's memory, for the KUnit tests of its table
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "memory/mfake_test.h"

static void mfake_hold(struct mfake *fake, bool *hold)
{
	if (!READ_ONCE(*hold))
		return;
	WRITE_ONCE(*hold, false);
	complete(&fake->entered);
	wait_for_completion(&fake->go);
}

static int mfake_check_page(struct mfake *fake, u64 idx, bool write)
{
	if (idx >= ARRAY_SIZE(fake->page) || (fake->page[idx] & MFAKE_MISSING))
		return -EFAULT;
	if (write && (fake->page[idx] & MFAKE_READ_ONLY))
		return -EPERM;
	KUNIT_EXPECT_FALSE(fake->test, fake->page[idx] & MFAKE_PINNED);
	return 0;
}

static int mfake_pin(void *priv, u64 iova, unsigned int nr, bool write,
		     struct page **pages)
{
	struct mfake *fake = priv;
	u64 first = (iova - fake->start) >> PAGE_SHIFT;
	unsigned int i;

	mfake_hold(fake, &fake->hold_pin);
	KUNIT_EXPECT_LE(fake->test, nr, PAGES);
	for (i = 0; i < nr; i++) {
		int ret = mfake_check_page(fake, first + i, write);

		if (ret)
			return ret;
	}
	if (sluice_iova_nr_pinned(&fake->iova_table) + nr > fake->pin_limit) {
		fake->refusals++;
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		fake->page[first + i] |= MFAKE_PINNED;
		pages[i] = fake->block + fake->where[first + i];
	}
	fake->groups[first] = nr;
	return 0;
}

static void mfake_unpin(void *priv, u64 iova, unsigned int nr)
{
	struct mfake *fake = priv;
	u64 first = (iova - fake->start) >> PAGE_SHIFT;
	unsigned int i;

	mfake_hold(fake, &fake->hold_unpin);
	if (first >= ARRAY_SIZE(fake->page) || fake->groups[first] != nr) {
		KUNIT_FAIL(fake->test, "unpin of %#llx, %u pages, was no pin",
			   iova, nr);
		return;
	}
	fake->groups[first] = 0;
	for (i = 0; i < nr; i++)
		fake->page[first + i] &= ~MFAKE_PINNED;
}

static dma_addr_t mfake_map(void *priv, struct page *page, size_t size,
			    bool write)
{
	struct mfake *fake = priv;

	if (size > fake->map_fails_above)
		return DMA_MAPPING_ERROR;
	fake->maps++;
	fake->map_calls++;
	fake->map_read_only += !write;
	return MFAKE_DMA + ((u64)(page - fake->block) << PAGE_SHIFT);
}

static void mfake_unmap(void *priv, dma_addr_t dma, size_t size, bool write)
{
	struct mfake *fake = priv;

	KUNIT_EXPECT_GE(fake->test, dma, MFAKE_DMA);
	KUNIT_EXPECT_LE(fake->test, dma + size, MFAKE_DMA + CHUNK);
	KUNIT_EXPECT_GT(fake->test, fake->maps--, 0);
}

static const struct sluice_iova_ops mfake_ops = {
	.pin = mfake_pin,
	.unpin = mfake_unpin,
	.map = mfake_map,
	.unmap = mfake_unmap,
};

/* The first chunk is contiguous, the others are in reverse order. */
static void mfake_lay_out(struct mfake *fake)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fake->where); i++)
		fake->where[i] = i < PAGES ? i : PAGES - 1 - i % PAGES;
}

/* The user: nobody, with a reference that stays */
static struct mm_struct mfake_mm = { .mm_count = ATOMIC_INIT(1) };

int mfake_open(struct mfake *fake)
{
	return sluice_iova_open(&fake->iova_table, &mfake_mm, NULL);
}

int mfake_init(struct kunit *test)
{
	struct mfake *fake = kvzalloc(sizeof(*fake), GFP_KERNEL);

	if (!fake)
		return -ENOMEM;
	fake->block = alloc_pages(GFP_KERNEL, ORDER);
	if (!fake->block) {
		kvfree(fake);
		return -ENOMEM;
	}
	fake->test = test;
	fake->start = MFAKE_START;
	fake->map_fails_above = SIZE_MAX;
	fake->pin_limit = UINT_MAX;
	init_completion(&fake->entered);
	init_completion(&fake->go);
	mfake_lay_out(fake);
	sluice_iova_init(&fake->iova_table, &mfake_ops, fake, SIZE_MAX);
	if (mfake_open(fake)) {
		__free_pages(fake->block, ORDER);
		kvfree(fake);
		return -ENOMEM;
	}
	test->priv = fake;
	return 0;
}

void mfake_close(struct mfake *fake)
{
	unsigned int i;

	sluice_iova_close(&fake->iova_table);
	KUNIT_EXPECT_EQ(fake->test, fake->maps, 0);
	KUNIT_EXPECT_EQ(fake->test, sluice_iova_nr_pinned(&fake->iova_table),
			0);
	for (i = 0; i < ARRAY_SIZE(fake->page); i++)
		KUNIT_EXPECT_FALSE(fake->test, fake->page[i] & MFAKE_PINNED);
}

void mfake_exit(struct kunit *test)
{
	struct mfake *fake = test->priv;

	if (!fake)
		return;
	mfake_close(fake);
	sluice_iova_destroy(&fake->iova_table);
	__free_pages(fake->block, ORDER);
	kvfree(fake);
}

u64 mfake_iova(struct mfake *fake, unsigned int page)
{
	return fake->start + ((u64)page << PAGE_SHIFT);
}

int mfake_get(struct mfake *fake, u64 iova, bool write)
{
	struct page *page;
	dma_addr_t dma;

	return sluice_iova_get(&fake->iova_table, iova, write, &page, &dma);
}

static void mfake_request_done(struct sluice_mem_request *req)
{
	struct mfake_request *request = container_of(req, struct mfake_request, req);

	msleep(request->delay_ms);
	complete(&request->done);
}

/* @request is the fake's until mfake_answer() or mfake_close() */
void mfake_ask(struct mfake *fake, struct mfake_request *request, u64 iova,
	       bool write)
{
	request->req.iova = iova;
	request->req.device_writes = write;
	request->req.done = mfake_request_done;
	init_completion(&request->done);
	sluice_iova_ask(&fake->iova_table, &request->req);
}

int mfake_answer(struct mfake_request *request)
{
	wait_for_completion(&request->done);
	return request->req.err;
}

/* Expect that the page is found, and that it is the right one. */
void mfake_expect(struct mfake *fake, unsigned int idx)
{
	struct kunit *test = fake->test;
	struct page *page;
	dma_addr_t dma;

	KUNIT_ASSERT_EQ(test,
			sluice_iova_get(&fake->iova_table, mfake_iova(fake, idx),
					true, &page, &dma),
			0);
	KUNIT_EXPECT_PTR_EQ(test, page, fake->block + fake->where[idx]);
	KUNIT_EXPECT_EQ(test, dma,
			MFAKE_DMA + ((u64)fake->where[idx] << PAGE_SHIFT));
}

/* What the core does between telling the backend twice */
void mfake_drop(struct mfake *fake, u64 first, u64 last)
{
	LIST_HEAD(chunks);

	sluice_iova_detach(&fake->iova_table, &first, &last, &chunks);
	sluice_iova_release(&fake->iova_table, &chunks);
}

/* Is the page in the table? */
bool mfake_holds(struct mfake *fake, unsigned int idx)
{
	struct sluice_mem_cursor cursor = {};
	struct page *page;
	dma_addr_t dma;

	return !sluice_iova_find(&fake->iova_table, &cursor,
				 mfake_iova(fake, idx), false, &page, &dma);
}

void mfake_unmap_range(struct mfake *fake, u64 first, u64 last)
{
	struct sluice_space_unmap unmap;

	sluice_iova_unmap_begin(&fake->iova_table, first, last, &unmap);
	mfake_drop(fake, first, last);
	sluice_iova_unmap_release(&fake->iova_table);
	sluice_iova_unmap_end(&fake->iova_table, first, last, &unmap);
}
