// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what the slices of one user share
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mm_types.h>
#include <linux/sizes.h>

#include "memory/space.h"

/* Two users, with references that stay */
static struct mm_struct one = { .mm_count = ATOMIC_INIT(1) };
static struct mm_struct other = { .mm_count = ATOMIC_INIT(1) };

static void slices_of_one_user_share(struct kunit *test)
{
	struct sluice_space *a = sluice_space_join(&one);
	struct sluice_space *b = sluice_space_join(&one);
	struct sluice_space *c = sluice_space_join(&other);
	struct sluice_space_unmap unmap;
	unsigned long before;

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_PTR_NE(test, a, c);

	sluice_space_get(a);
	sluice_space_unmap_begin(a, 0, SZ_2M - 1, &unmap);
	KUNIT_EXPECT_NE(test, sluice_space_blocks(b, 0, SZ_4K - 1), 0);
	KUNIT_EXPECT_EQ(test, sluice_space_blocks(b, SZ_2M, SZ_4M - 1), 0);
	KUNIT_EXPECT_EQ(test, sluice_space_blocks(c, 0, SZ_4K - 1), 0);

	/* The unmap outlives the slice that heard of it */
	sluice_space_leave(a);
	before = jiffies;
	sluice_space_unmap_end(&unmap, true);
	while (sluice_space_blocks(b, 0, SZ_4K - 1))
		usleep_range(1000, 2000);
	/* This is a kernel thread: nobody tells when VFIO is through with it */
	KUNIT_EXPECT_GE(test, jiffies - before, msecs_to_jiffies(100));
	sluice_space_leave(b);
	sluice_space_leave(c);
	KUNIT_EXPECT_EQ(test, atomic_read(&one.mm_count), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&other.mm_count), 1);
}

/* It is counted how often slices had pages left, until the unmap is over */
static void unfinished_rounds(struct kunit *test)
{
	struct sluice_space *a = sluice_space_join(&one);
	struct sluice_space_unmap unmap;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, a);
	for (i = 0; i < 3; i++) {
		sluice_space_get(a);
		sluice_space_unmap_begin(a, SZ_4M, SZ_8M - 1, &unmap);
		KUNIT_EXPECT_EQ(test, sluice_space_unfinished(&unmap), i);
		sluice_space_unmap_end(&unmap, false);
	}
	/* Another range of the same unmap: both must not be pinned */
	sluice_space_get(a);
	sluice_space_unmap_begin(a, 0, SZ_4K - 1, &unmap);
	KUNIT_EXPECT_EQ(test, sluice_space_unfinished(&unmap), 0);
	KUNIT_EXPECT_NE(test, sluice_space_blocks(a, SZ_4M, SZ_4M), 0);
	sluice_space_unmap_end(&unmap, true);
	while (sluice_space_blocks(a, SZ_4M, SZ_4M))
		usleep_range(1000, 2000);
	/* The next unmap */
	sluice_space_get(a);
	sluice_space_unmap_begin(a, 0, SZ_4K - 1, &unmap);
	KUNIT_EXPECT_EQ(test, sluice_space_blocks(a, SZ_4M, SZ_4M), 0);
	sluice_space_unmap_end(&unmap, true);
	sluice_space_leave(a);
}

/* VFIO tells a slice of an unmap before it is open, too */
static void a_closed_slice_has_none(struct kunit *test)
{
	struct sluice_space_unmap unmap;

	sluice_space_unmap_begin(NULL, 0, SZ_2M - 1, &unmap);
	KUNIT_EXPECT_EQ(test, sluice_space_unfinished(&unmap), 0);
	sluice_space_unmap_end(&unmap, true);
}

static struct kunit_case space_cases[] = {
	KUNIT_CASE(slices_of_one_user_share),
	KUNIT_CASE(unfinished_rounds),
	KUNIT_CASE(a_closed_slice_has_none),
	{}
};

static struct kunit_suite space_suite = {
	.name = "sluice_space",
	.test_cases = space_cases,
};

kunit_test_suite(space_suite);
