// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the guest memory table: pinning and mapping pages
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "memory/mfake_test.h"

static void iova_contiguous_chunk(struct kunit *test)
{
	struct mfake *fake = test->priv;

	mfake_expect(fake, 0);
	mfake_expect(fake, PAGES - 1);
	mfake_expect(fake, 17);
	KUNIT_EXPECT_EQ(test, fake->map_calls, 1);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

static void iova_scattered_chunk(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		mfake_expect(fake, PAGES + i);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

/* One pair out of order, anywhere in a chunk: each page has its own mapping. */
static void iova_nearly_contiguous(struct kunit *test)
{
	struct mfake *fake = test->priv;

	swap(fake->where[PAGES - 2], fake->where[PAGES - 1]);
	mfake_expect(fake, PAGES - 1);
	mfake_expect(fake, 0);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
}

static void iova_no_large_maps(struct kunit *test)
{
	struct mfake *fake = test->priv;

	fake->iova_table.max_map = SZ_256K;
	mfake_expect(fake, 3);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
}

static void iova_large_map_fails(struct kunit *test)
{
	struct mfake *fake = test->priv;

	fake->map_fails_above = PAGE_SIZE;
	mfake_expect(fake, 3);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
}

static void iova_all_maps_fail(struct kunit *test)
{
	struct mfake *fake = test->priv;

	fake->map_fails_above = 0;
	KUNIT_EXPECT_EQ(test, mfake_get(fake, fake->start, true), -EIO);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	fake->map_fails_above = SIZE_MAX;
	mfake_expect(fake, 0);
}

/* A missing page affects only itself. */
static void iova_hole(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned int hole = 100;
	unsigned int i;

	fake->page[hole] = MFAKE_MISSING;
	for (i = 0; i < PAGES; i++)
		if (i != hole)
			mfake_expect(fake, i);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, mfake_iova(fake, hole), false),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table),
			PAGES - 1);
	/* The missing page may appear later. */
	fake->page[hole] = 0;
	mfake_expect(fake, hole);
}

static void iova_nothing_there(struct kunit *test)
{
	struct mfake *fake = test->priv;

	KUNIT_EXPECT_EQ(test, mfake_get(fake, 0, false), -EFAULT);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, U64_MAX, true), -EFAULT);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, fake->start - 1, true), -EFAULT);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fake->iova_table.chunks));
}

/* VFIO logs a line for each refusal: there must be few of them. */
static void iova_locked_memory_limit(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned long before = jiffies;
	unsigned int i;

	fake->pin_limit = 20;
	for (i = 0; i < 20; i++)
		mfake_expect(fake, 7 * i);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test,
				mfake_get(fake, mfake_iova(fake, 501), true),
				-ENOMEM);
	/* Two refusals at first, and two for each half second after that. */
	KUNIT_EXPECT_LE(test, fake->refusals,
			2 + 2 * ((jiffies - before) / (HZ / 2)));
	/* Pinned pages stay usable, and a higher limit allows more. */
	mfake_expect(fake, 0);
	fake->pin_limit = UINT_MAX;
	msleep(600);
	mfake_expect(fake, 501);
}

static void iova_limit_of_former_user(struct kunit *test)
{
	struct mfake *fake = test->priv;

	fake->pin_limit = 0;
	KUNIT_EXPECT_EQ(test, mfake_get(fake, mfake_iova(fake, 501), true),
			-ENOMEM);
	sluice_iova_close(&fake->iova_table);
	fake->pin_limit = UINT_MAX;
	KUNIT_ASSERT_EQ(test, mfake_open(fake), 0);
	mfake_expect(fake, 501);
}

static void iova_read_only(struct kunit *test)
{
	struct mfake *fake = test->priv;
	u64 iova = mfake_iova(fake, 9);

	fake->page[9] = MFAKE_READ_ONLY;
	KUNIT_EXPECT_EQ(test, mfake_get(fake, iova, true), -EPERM);
	KUNIT_EXPECT_EQ(test, fake->map_calls, 0);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, iova, false), 0);
	KUNIT_EXPECT_EQ(test, fake->map_read_only, 1);
	/* Also when the page is in the table. */
	KUNIT_EXPECT_EQ(test, mfake_get(fake, iova, true), -EPERM);
	mfake_expect(fake, 8);
	KUNIT_EXPECT_EQ(test, fake->map_read_only, 1);
}

/* Who asks does not wait, and hears of it. The requests are kept in order. */
static void iova_ask(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_request requests[4] = {};

	fake->page[9] = MFAKE_READ_ONLY;
	WRITE_ONCE(fake->hold_pin, true);
	mfake_ask(fake, &requests[0], mfake_iova(fake, PAGES) + 5, true);
	wait_for_completion(&fake->entered);
	mfake_ask(fake, &requests[1], mfake_iova(fake, 9), true);
	mfake_ask(fake, &requests[2], mfake_iova(fake, 9), false);
	mfake_ask(fake, &requests[3], fake->start - 1, false);
	KUNIT_EXPECT_FALSE(test, completion_done(&requests[0].done));
	complete(&fake->go);
	KUNIT_EXPECT_EQ(test, mfake_answer(&requests[3]), -EFAULT);
	KUNIT_EXPECT_EQ(test, mfake_answer(&requests[2]), 0);
	KUNIT_EXPECT_EQ(test, mfake_answer(&requests[1]), -EPERM);
	KUNIT_EXPECT_EQ(test, mfake_answer(&requests[0]), 0);
	KUNIT_EXPECT_TRUE(test, mfake_holds(fake, PAGES));
	KUNIT_EXPECT_TRUE(test, mfake_holds(fake, 9));
	/* what is there already */
	mfake_ask(fake, &requests[0], mfake_iova(fake, 9), false);
	KUNIT_EXPECT_EQ(test, mfake_answer(&requests[0]), 0);
}

/* When the table is closed every request has its answer, and nobody hears one later */
static void iova_ask_and_close(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_request first = { .delay_ms = 50 }, second = {};

	WRITE_ONCE(fake->hold_pin, true);
	mfake_ask(fake, &first, fake->start, true);
	wait_for_completion(&fake->entered);
	mfake_ask(fake, &second, mfake_iova(fake, PAGES), true);
	complete(&fake->go);
	mfake_close(fake);
	KUNIT_EXPECT_TRUE(test, completion_done(&first.done));
	KUNIT_EXPECT_TRUE(test, completion_done(&second.done));
	KUNIT_EXPECT_EQ(test, second.req.err, -ENODEV);
	KUNIT_ASSERT_EQ(test, mfake_open(fake), 0);
}

/**
 * struct mfake_asker - a guest that asks for a page, again and again
 * @fake: the guest
 * @req: the page
 * @stop: it shall ask no more
 * @stopped: it does not
 */
struct mfake_asker {
	struct mfake *fake;
	struct sluice_mem_request req;
	bool stop;
	struct completion stopped;
};

static void mfake_ask_again(struct sluice_mem_request *req)
{
	struct mfake_asker *asker = container_of(req, struct mfake_asker, req);

	if (READ_ONCE(asker->stop))
		complete(&asker->stopped);
	else
		sluice_iova_ask(&asker->fake->iova_table, req);
}

static int mfake_sync_thread(void *data)
{
	synchronize_rcu_tasks();
	complete_all(data);
	return 0;
}

/* A guest that always lacks a page does not block RCU Tasks. */
static void iova_ask_without_end(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_asker asker = {
		.fake = fake,
		.req.iova = fake->start - 1,
		.req.done = mfake_ask_again,
	};
	struct task_struct *task;
	struct completion synced;

	init_completion(&asker.stopped);
	init_completion(&synced);
	sluice_iova_ask(&fake->iova_table, &asker.req);
	task = kthread_run(mfake_sync_thread, &synced, "sluice_iova_test");
	if (!IS_ERR(task))
		KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&synced, 60 * HZ), 0);
	WRITE_ONCE(asker.stop, true);
	wait_for_completion(&asker.stopped);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&synced);
}

static void iova_end_of_address_space(struct kunit *test)
{
	struct mfake *fake = test->priv;
	char byte = 0;

	fake->start = 0 - (u64)MFAKE_CHUNKS * CHUNK;
	mfake_expect(fake, MFAKE_CHUNKS * PAGES - 1);
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, U64_MAX, &byte, 1, true),
			0);
	KUNIT_EXPECT_TRUE(test, mfake_holds(fake, MFAKE_CHUNKS * PAGES - 1));
	mfake_unmap_range(fake, 0, 0 - CHUNK - 1);
	KUNIT_EXPECT_TRUE(test, mfake_holds(fake, MFAKE_CHUNKS * PAGES - 1));
	mfake_unmap_range(fake, U64_MAX, U64_MAX);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
}

static void iova_closed(struct kunit *test)
{
	struct mfake *fake = test->priv;
	char byte;

	mfake_expect(fake, 0);
	mfake_expect(fake, PAGES);
	mfake_close(fake);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, fake->start, false), -ENODEV);
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, fake->start, &byte,
					 1, false),
			-ENODEV);
	mfake_unmap_range(fake, 0, U64_MAX);
	KUNIT_ASSERT_EQ(test, mfake_open(fake), 0);
	mfake_expect(fake, 0);
}

static void iova_copies(struct kunit *test)
{
	struct mfake *fake = test->priv;
	u64 iova = mfake_iova(fake, PAGES + 3) + 100;
	char *there = page_address(fake->block + fake->where[PAGES + 3]) + 100;
	char buf[] = "seven of nine";

	memset(there - 1, '.', sizeof(buf) + 2);
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, iova, buf,
					 sizeof(buf), true),
			0);
	KUNIT_EXPECT_STREQ(test, there, "seven of nine");
	KUNIT_EXPECT_EQ(test, there[-1], '.');
	KUNIT_EXPECT_EQ(test, there[sizeof(buf)], '.');
	there[0] = 'S';
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, iova, buf,
					 sizeof(buf), false),
			0);
	KUNIT_EXPECT_STREQ(test, buf, "Seven of nine");
}

static struct kunit_case iova_pin_cases[] = {
	KUNIT_CASE(iova_contiguous_chunk),
	KUNIT_CASE(iova_scattered_chunk),
	KUNIT_CASE(iova_nearly_contiguous),
	KUNIT_CASE(iova_no_large_maps),
	KUNIT_CASE(iova_large_map_fails),
	KUNIT_CASE(iova_all_maps_fail),
	KUNIT_CASE(iova_hole),
	KUNIT_CASE(iova_nothing_there),
	KUNIT_CASE(iova_locked_memory_limit),
	KUNIT_CASE(iova_limit_of_former_user),
	KUNIT_CASE(iova_read_only),
	KUNIT_CASE(iova_ask),
	KUNIT_CASE(iova_ask_and_close),
	KUNIT_CASE(iova_ask_without_end),
	KUNIT_CASE(iova_end_of_address_space),
	KUNIT_CASE(iova_closed),
	KUNIT_CASE(iova_copies),
	{}
};

static struct kunit_suite iova_pin_suite = {
	.name = "sluice_iova_pin",
	.init = mfake_init,
	.exit = mfake_exit,
	.test_cases = iova_pin_cases,
};

kunit_test_suite(iova_pin_suite);
