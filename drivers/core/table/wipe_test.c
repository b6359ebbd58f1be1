// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of wiping: each byte of a slice is overwritten, no other, and
 * a slice counts as clean only then
 */
#include <kunit/test.h>
#include <linux/bio.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "table/tfake_test.h"

/* A slice of more than one step of a wipe, and a page */
#define FIRST	((sector_t)TFAKE_FIRST)
#define NR	((sector_t)((SZ_64M + PAGE_SIZE) >> SECTOR_SHIFT))

/**
 * struct wipe_log - what a wipe has done
 * @test: the running test
 * @part: the slice
 * @next: where the next write has to begin
 * @bios: number of writes
 * @written: those that wrote pages, since the disk has no Write Zeroes
 * @flushes: how often the disk's cache was flushed
 * @drops: how often the host's pages were dropped
 * @no_zeroes: the disk has no Write Zeroes
 * @fail_at: the write with this number fails, counted from 1; 0 for none
 * @stop_at: the disk is removed during the write with this number
 */
struct wipe_log {
	struct kunit *test;
	struct sluice_partition *part;
	sector_t next;
	unsigned int bios;
	unsigned int written;
	unsigned int flushes;
	unsigned int drops;
	bool no_zeroes;
	unsigned int fail_at;
	unsigned int stop_at;
};

static struct wipe_log wipe_log;

static void expect_zeroes(struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_segment(bv, bio, iter)
		KUNIT_EXPECT_PTR_EQ(wipe_log.test, bv.bv_page, ZERO_PAGE(0));
	wipe_log.written++;
}

static int take(struct bio *bio)
{
	struct wipe_log *log = &wipe_log;

	/* the host's writes have no mark, and are refused meanwhile */
	KUNIT_EXPECT_TRUE(log->test, bio->bi_opf & SLUICE_WATCH_OWN);
	if (bio->bi_opf & REQ_PREFLUSH) {
		KUNIT_EXPECT_EQ(log->test, bio->bi_iter.bi_size, 0);
		KUNIT_EXPECT_EQ(log->test, log->next, FIRST + NR);
		log->flushes++;
		return 0;
	}
	if (bio_op(bio) == REQ_OP_WRITE_ZEROES && log->no_zeroes)
		return -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(log->test, bio->bi_iter.bi_sector, log->next);
	log->next += bio_sectors(bio);
	if (bio_op(bio) == REQ_OP_WRITE)
		expect_zeroes(bio);
	else
		KUNIT_EXPECT_TRUE(log->test,
				  bio_op(bio) == REQ_OP_WRITE_ZEROES);
	log->bios++;
	if (log->bios == log->stop_at)
		WRITE_ONCE(log->part->stop, true);
	return log->bios == log->fail_at ? -EIO : 0;
}

static int fake_submit(struct bio *bio)
{
	int ret = take(bio);

	bio_put(bio);
	return ret;
}

static void fake_drop(struct sluice_partition *part)
{
	KUNIT_EXPECT_PTR_EQ(wipe_log.test, part, wipe_log.part);
	wipe_log.drops++;
}

static int wipe_init(struct kunit *test)
{
	struct tfake *f;
	int ret = tfake_init(test);

	if (ret)
		return ret;
	f = test->priv;
	tfake_entry(f, 1, FIRST, FIRST + TFAKE_BLOCKS - 1);
	ret = tfake_scan(f);
	if (ret)
		return ret;
	wipe_log = (struct wipe_log) {
		.test = test, .part = tfake_slice(f, 1), .next = FIRST,
	};
	if (!wipe_log.part)
		return -ENOENT;
	wipe_log.part->bdev.bdev = tfake_bdev(f, 1, FIRST,
					      FIRST + TFAKE_BLOCKS - 1);
	/* The disk is not as large, but nothing is written to it */
	wipe_log.part->info.size = NR << SECTOR_SHIFT;
	kunit_activate_static_stub(test, sluice_wipe_submit, fake_submit);
	kunit_activate_static_stub(test, sluice_bdev_drop, fake_drop);
	return 0;
}

static void wipe_exit(struct kunit *test)
{
	if (wipe_log.part)
		wipe_log.part->bdev.bdev = NULL;
	wipe_log.part = NULL;
	tfake_exit(test);
}

static int wipe(void)
{
	guard(mutex)(&wipe_log.part->lock);
	wipe_log.part->slice.clean = true;
	return sluice_wipe(wipe_log.part);
}

static void all_of_it_is_zeroed(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, wipe(), 0);
	KUNIT_EXPECT_EQ(test, wipe_log.next, FIRST + NR);
	KUNIT_EXPECT_EQ(test, wipe_log.bios, 2u);
	KUNIT_EXPECT_EQ(test, wipe_log.flushes, 1u);
	KUNIT_EXPECT_TRUE(test, wipe_log.part->slice.clean);
	/* before: nothing is written back over the zeroes; after: nothing is read */
	KUNIT_EXPECT_EQ(test, wipe_log.drops, 2u);
}

static void without_write_zeroes_pages_are_written(struct kunit *test)
{
	wipe_log.no_zeroes = true;
	KUNIT_EXPECT_EQ(test, wipe(), 0);
	KUNIT_EXPECT_EQ(test, wipe_log.next, FIRST + NR);
	KUNIT_EXPECT_GT(test, wipe_log.written, 1u);
	KUNIT_EXPECT_EQ(test, wipe_log.written, wipe_log.bios);
	KUNIT_EXPECT_EQ(test, wipe_log.flushes, 1u);
	KUNIT_EXPECT_TRUE(test, wipe_log.part->slice.clean);
}

/* The wipe ends with this error after so many writes: that is no wipe */
static void expect_none(struct kunit *test, int error, unsigned int bios)
{
	KUNIT_EXPECT_EQ(test, wipe(), error);
	KUNIT_EXPECT_EQ(test, wipe_log.bios, bios);
	KUNIT_EXPECT_EQ(test, wipe_log.flushes, 0u);
	KUNIT_EXPECT_FALSE(test, wipe_log.part->slice.clean);
}

static void a_failed_wipe_is_none(struct kunit *test)
{
	wipe_log.fail_at = 2;
	expect_none(test, -EIO, 2);
}

static void a_wipe_cut_short_is_none(struct kunit *test)
{
	wipe_log.stop_at = 1;
	expect_none(test, -EINTR, 1);
}

static struct kunit_case wipe_cases[] = {
	KUNIT_CASE(all_of_it_is_zeroed),
	KUNIT_CASE(without_write_zeroes_pages_are_written),
	KUNIT_CASE(a_failed_wipe_is_none),
	KUNIT_CASE(a_wipe_cut_short_is_none),
	{}
};

static struct kunit_suite wipe_suite = {
	.name = "sluice_wipe",
	.init = wipe_init,
	.exit = wipe_exit,
	.test_cases = wipe_cases,
};

kunit_test_suite(wipe_suite);
