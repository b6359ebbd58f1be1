// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what the host may write
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "table/table.h"

/*
 * A disk with three slices that touch each other: a guest's from 1 MiB, one that
 * was wiped from 2 MiB, and one that nobody knows anything about from 3 MiB.
 */
struct watch_fake {
	struct sluice_disk disk;
	struct sluice_partition parts[3];
};

enum { GUESTS, WIPED, DIRTY };

static bool fake_bio(struct watch_fake *f, u64 start, u64 size, blk_opf_t opf)
{
	const struct bio bio = {
		.bi_opf = opf,
		.bi_iter.bi_sector = start >> SECTOR_SHIFT,
		.bi_iter.bi_size = size,
	};

	guard(rcu)();
	return sluice_disk_may_write(&f->disk, &bio);
}

static bool fake_write(struct watch_fake *f, u64 start, u64 size)
{
	return fake_bio(f, start, size, REQ_OP_WRITE);
}

static int watch_init(struct kunit *test)
{
	struct watch_fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	INIT_LIST_HEAD(&f->disk.watched);
	for (i = 0; i < ARRAY_SIZE(f->parts); i++) {
		struct sluice_partition *part = &f->parts[i];

		part->disk = &f->disk;
		part->info.number = i + 1;
		part->info.start = SZ_1M * (i + 1);
		part->info.size = SZ_1M;
		sluice_watch_add(part);
	}
	f->parts[GUESTS].guests = true;
	f->parts[GUESTS].slice.clean = true;
	f->parts[WIPED].slice.clean = true;
	return 0;
}

static void a_guests_bytes_are_refused(struct kunit *test)
{
	struct watch_fake *f = test->priv;

	KUNIT_EXPECT_FALSE(test, fake_write(f, SZ_1M, 512));
	KUNIT_EXPECT_FALSE(test, fake_write(f, SZ_2M - 512, 512));
	KUNIT_EXPECT_FALSE(test, fake_write(f, SZ_1M - 512, 1024));
	KUNIT_EXPECT_FALSE(test, fake_write(f, SZ_2M - 512, 1024));
	KUNIT_EXPECT_FALSE(test, fake_write(f, 0, SZ_8M));
	KUNIT_EXPECT_TRUE(test, f->parts[GUESTS].slice.clean);
}

static void the_bytes_beside_them_are_not(struct kunit *test)
{
	struct watch_fake *f = test->priv;

	KUNIT_EXPECT_TRUE(test, fake_write(f, 0, SZ_1M));
	KUNIT_EXPECT_TRUE(test, f->parts[WIPED].slice.clean);
	KUNIT_EXPECT_TRUE(test, fake_write(f, SZ_2M, 512));
	KUNIT_EXPECT_TRUE(test, fake_write(f, SZ_4M, SZ_4M));
}

static void a_write_is_remembered(struct kunit *test)
{
	struct watch_fake *f = test->priv;

	KUNIT_EXPECT_TRUE(test, fake_write(f, SZ_1M * 3, SZ_1M));
	KUNIT_EXPECT_TRUE(test, f->parts[WIPED].slice.clean);
	KUNIT_EXPECT_TRUE(test, fake_write(f, SZ_1M * 3 - 512, 512));
	KUNIT_EXPECT_FALSE(test, f->parts[WIPED].slice.clean);
	KUNIT_EXPECT_FALSE(test, f->parts[DIRTY].slice.clean);
}

static void a_wipe_is_let_through(struct kunit *test)
{
	struct watch_fake *f = test->priv;
	blk_opf_t opf = REQ_OP_WRITE_ZEROES | SLUICE_WATCH_OWN;

	KUNIT_EXPECT_TRUE(test, fake_bio(f, SZ_1M, SZ_1M, opf));
	KUNIT_EXPECT_TRUE(test, f->parts[GUESTS].slice.clean);
	KUNIT_EXPECT_TRUE(test, fake_bio(f, SZ_2M, SZ_1M, opf));
	KUNIT_EXPECT_TRUE(test, f->parts[WIPED].slice.clean);
}

static void nothing_is_watched_after_the_end(struct kunit *test)
{
	struct watch_fake *f = test->priv;

	sluice_watch_del(&f->parts[GUESTS]);
	sluice_watch_del(&f->parts[WIPED]);
	KUNIT_EXPECT_TRUE(test, fake_write(f, 0, SZ_8M));
	KUNIT_EXPECT_TRUE(test, f->parts[WIPED].slice.clean);
}

static struct kunit_case watch_cases[] = {
	KUNIT_CASE(a_guests_bytes_are_refused),
	KUNIT_CASE(the_bytes_beside_them_are_not),
	KUNIT_CASE(a_write_is_remembered),
	KUNIT_CASE(a_wipe_is_let_through),
	KUNIT_CASE(nothing_is_watched_after_the_end),
	{}
};

static struct kunit_suite watch_suite = {
	.name = "sluice_watch",
	.init = watch_init,
	.test_cases = watch_cases,
};

kunit_test_suite(watch_suite);
