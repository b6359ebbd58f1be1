// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of slices as partitions: where they are, and whether they
 * can be claimed
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "table/tfake_test.h"

#define IN_USE	"is used by the host or shares blocks with what is in use"
#define UNKNOWN	"cannot be used: the kernel does not know this partition; run partx -u"

#define A_FIRST	TFAKE_FIRST
#define A_LAST	(TFAKE_FIRST + TFAKE_BLOCKS - 1)
#define B_FIRST	(A_LAST + 1)
#define B_LAST	(A_LAST + TFAKE_BLOCKS)

/* A slice of one page, A, and what the kernel says of its partition now */
static int partition_init(struct kunit *test)
{
	struct tfake *f;
	int ret = tfake_init(test);

	if (ret)
		return ret;
	f = test->priv;
	tfake_entry(f, 1, A_FIRST, A_LAST);
	ret = tfake_scan(f);
	return ret ?: tfake_slice(f, 1) ? 0 : -ENOENT;
}

static int check(struct tfake *f)
{
	return sluice_partition_check(&tfake_slice(f, 1)->slice);
}

static void ranges_that_touch_do_not_overlap(struct kunit *test)
{
	struct sluice_partition_info a = { .start = 8192, .size = 8192 };
	static const struct {
		u64 start, size;
		bool overlap;
	} other[] = {
		{ 0, 8192, false },
		{ 0, 8193, true },
		{ 4096, 8192, true },
		{ 8192, 8192, true },
		{ 12288, 1, true },
		{ 0, 32768, true },
		{ 16383, 1, true },
		{ 16384, 4096, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(other); i++) {
		struct sluice_partition_info b = {
			.start = other[i].start, .size = other[i].size,
		};

		KUNIT_EXPECT_EQ_MSG(test, sluice_partitions_overlap(&a, &b),
				    other[i].overlap, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, sluice_partitions_overlap(&b, &a),
				    other[i].overlap, "%u", i);
	}
}

static void the_partition_is_found_by_its_place(struct kunit *test)
{
	struct tfake *f = test->priv;

	KUNIT_EXPECT_EQ(test, check(f), -ENOENT);
	/* Its number in the block layer does not matter */
	tfake_bdev(f, 3, A_FIRST, A_LAST);
	KUNIT_EXPECT_EQ(test, check(f), 0);
	/* A rest that is no page is not the slice's */
	tfake_bdev(f, 3, A_FIRST, B_LAST - 1);
	KUNIT_EXPECT_EQ(test, check(f), 0);
	tfake_bdev(f, 3, A_FIRST, B_LAST);
	KUNIT_EXPECT_EQ(test, check(f), -EBUSY);
	tfake_bdev(f, 3, A_FIRST + 1, A_LAST);
	KUNIT_EXPECT_EQ(test, check(f), -EBUSY);
	tfake_bdev(f, 3, B_FIRST, B_LAST);
	KUNIT_EXPECT_EQ(test, check(f), -ENOENT);
	tfake_bdev(f, 3, A_FIRST - TFAKE_BLOCKS, A_FIRST - 1);
	KUNIT_EXPECT_EQ(test, check(f), -ENOENT);
}

static void no_other_partition_shares_its_blocks(struct kunit *test)
{
	struct tfake *f = test->priv;

	tfake_bdev(f, 2, A_FIRST, A_LAST);
	tfake_bdev(f, 3, B_FIRST, B_LAST);
	KUNIT_EXPECT_EQ(test, check(f), 0);
	/* Whether the block layer numbers it before or behind */
	tfake_bdev(f, 3, A_LAST, B_LAST);
	KUNIT_EXPECT_EQ(test, check(f), -EBUSY);
	tfake_bdev(f, 3, B_FIRST, B_LAST);
	tfake_bdev(f, 1, A_FIRST - 1, A_FIRST);
	KUNIT_EXPECT_EQ(test, check(f), -EBUSY);
}

static void who_holds_the_partition_has_it(struct kunit *test)
{
	struct tfake *f = test->priv;
	struct block_device *bdev = tfake_bdev(f, 1, A_FIRST, A_LAST);
	struct block_device *other = tfake_bdev(f, 2, B_FIRST, B_LAST);
	struct block_device *whole = &f->bdevs[0];

	bdev->bd_holders = 1;
	whole->bd_holders = 1;
	KUNIT_EXPECT_EQ(test, check(f), -EBUSY);
	/* The disk's count has those of all its partitions */
	bdev->bd_holders = 0;
	other->bd_holders = 1;
	KUNIT_EXPECT_EQ(test, check(f), 0);
	/* Somebody holds the disk itself */
	whole->bd_holders = 2;
	KUNIT_EXPECT_EQ(test, check(f), -EBUSY);
	other->bd_holders = 2;
	KUNIT_EXPECT_EQ(test, check(f), 0);
}

/* A slice in use keeps its blocks, whatever the table says by now. */
static void blocks_in_use_are_not_given_twice(struct kunit *test)
{
	struct tfake *f = test->priv;
	struct sluice_partition *a = tfake_slice(f, 1), *b;
	const char *why = NULL;

	sluice_slice_set_state(&a->slice, SLUICE_SLICE_WIPING);
	tfake_erase(f, 1);
	tfake_entry(f, 2, A_FIRST, B_LAST);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	b = tfake_slice(f, 2);
	KUNIT_ASSERT_NOT_NULL(test, b);
	tfake_bdev(f, 2, A_FIRST, B_LAST);
	KUNIT_EXPECT_EQ(test, sluice_partition_check(&b->slice), -EBUSY);
	KUNIT_EXPECT_EQ(test, sluice_partition_claim(&b->slice, &why), -EBUSY);
	KUNIT_EXPECT_STREQ(test, why, IN_USE);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent->parent, false), 0);
	sluice_slice_set_state(&a->slice, SLUICE_SLICE_FREE);
	KUNIT_EXPECT_EQ(test, sluice_partition_check(&b->slice), 0);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent->parent, false), 1);
}

static void a_claim_says_why_it_fails(struct kunit *test)
{
	struct tfake *f = test->priv;
	struct sluice_slice *slice = &tfake_slice(f, 1)->slice;
	const char *why = NULL;

	guard(mutex)(&f->parent->parent->lock);
	KUNIT_EXPECT_EQ(test, sluice_partition_claim(slice, &why), -ENOENT);
	KUNIT_EXPECT_STREQ(test, why, UNKNOWN);
	tfake_bdev(f, 1, A_FIRST, B_LAST);
	KUNIT_EXPECT_EQ(test, sluice_partition_claim(slice, &why), -EBUSY);
	KUNIT_EXPECT_STREQ(test, why, IN_USE);
}

static void an_attachment_knows_its_place(struct kunit *test)
{
	struct tfake *f = test->priv;
	struct ifake_slice *elsewhere = ifake_add(f->parent, 0, 9, false);
	struct sluice_dev sdev = { .slice = &tfake_slice(f, 1)->slice };
	struct sluice_extent extent = {};

	KUNIT_EXPECT_EQ(test, sluice_disk_extent(&sdev, &extent), 0);
	KUNIT_EXPECT_PTR_EQ(test, extent.disk_priv, (void *)f);
	KUNIT_EXPECT_EQ(test, extent.start, A_FIRST * SECTOR_SIZE);
	KUNIT_EXPECT_EQ(test, extent.size, PAGE_SIZE);
	/* A slice of a provider of another kind */
	sdev.slice = &elsewhere->slice;
	KUNIT_EXPECT_EQ(test, sluice_disk_extent(&sdev, &extent), -EINVAL);
}

/* The names are those that the block layer gives. */
static void a_slice_is_named_like_its_partition(struct kunit *test)
{
	struct tfake *f = test->priv;

	KUNIT_EXPECT_STREQ(test, dev_name(&tfake_slice(f, 1)->slice.dev),
			   "kunit0n1p1");
	strscpy(f->gendisk.disk_name, "kunita", DISK_NAME_LEN);
	tfake_entry(f, 12, B_FIRST, B_LAST);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_ASSERT_NOT_NULL(test, tfake_slice(f, 12));
	KUNIT_EXPECT_STREQ(test, dev_name(&tfake_slice(f, 12)->slice.dev),
			   "kunita12");
}

static struct kunit_case partition_cases[] = {
	KUNIT_CASE(ranges_that_touch_do_not_overlap),
	KUNIT_CASE(the_partition_is_found_by_its_place),
	KUNIT_CASE(no_other_partition_shares_its_blocks),
	KUNIT_CASE(who_holds_the_partition_has_it),
	KUNIT_CASE(blocks_in_use_are_not_given_twice),
	KUNIT_CASE(a_claim_says_why_it_fails),
	KUNIT_CASE(an_attachment_knows_its_place),
	KUNIT_CASE(a_slice_is_named_like_its_partition),
	{}
};

static struct kunit_suite partition_suite = {
	.name = "sluice_partition",
	.init = partition_init,
	.exit = tfake_exit,
	.test_cases = partition_cases,
};

kunit_test_suite(partition_suite);
