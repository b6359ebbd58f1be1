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
	sluice_space_unmap_begin(a, 0, SZ_2M - 1, "a", &unmap);
	KUNIT_EXPECT_TRUE(test, sluice_space_blocks(b, 0, SZ_4K - 1));
	KUNIT_EXPECT_FALSE(test, sluice_space_blocks(b, SZ_2M, SZ_4M - 1));
	KUNIT_EXPECT_FALSE(test, sluice_space_blocks(c, 0, SZ_4K - 1));

	/* The unmap outlives the slice that heard of it */
	sluice_space_leave(a, "a");
	before = jiffies;
	sluice_space_unmap_end(&unmap);
	while (sluice_space_blocks(b, 0, SZ_4K - 1))
		usleep_range(1000, 2000);
	/* This is a kernel thread: nobody tells when VFIO is through with it */
	KUNIT_EXPECT_GE(test, jiffies - before, msecs_to_jiffies(100));
	sluice_space_leave(b, "b");
	sluice_space_leave(c, "c");
	KUNIT_EXPECT_EQ(test, atomic_read(&one.mm_count), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&other.mm_count), 1);
}

/* VFIO tells a slice of an unmap. Returns how often it has told of this range */
static unsigned int tell(struct sluice_space *space, const char *slice,
			 u64 first, u64 last)
{
	struct sluice_space_unmap unmap;

	sluice_space_get(space);
	sluice_space_unmap_begin(space, first, last, slice, &unmap);
	sluice_space_unmap_end(&unmap);
	return unmap.round;
}

/*
 * VFIO counts how often it has told all slices of a range. So do we, however many
 * slices there are.
 */
static void rounds(struct kunit *test)
{
	static const char slices[9];
	struct sluice_space *a = sluice_space_join(&one);
	struct sluice_space_unmap unmap;
	unsigned int i, k;

	KUNIT_ASSERT_NOT_NULL(test, a);
	for (k = 1; k < ARRAY_SIZE(slices); k++)
		KUNIT_ASSERT_PTR_EQ(test, sluice_space_join(&one), a);
	/* One has not done its part: the time for kernel threads does not run out */
	sluice_space_get(a);
	sluice_space_unmap_begin(a, SZ_4M, SZ_8M - 1, &slices[0], &unmap);
	KUNIT_EXPECT_EQ(test, unmap.round, 1);
	for (i = 1; i <= 3; i++)
		for (k = i == 1; k < ARRAY_SIZE(slices); k++)
			KUNIT_EXPECT_EQ(test, tell(a, &slices[k], SZ_4M, SZ_8M - 1), i);
	/* The one that has counted is closed */
	sluice_space_leave(a, &slices[0]);
	for (i = 4; i <= 5; i++)
		for (k = 1; k < ARRAY_SIZE(slices); k++)
			KUNIT_EXPECT_EQ(test, tell(a, &slices[k], SZ_4M, SZ_8M - 1), i);
	/* Another range of the same unmap: both must not be pinned */
	KUNIT_EXPECT_EQ(test, tell(a, &slices[2], 0, SZ_4K - 1), 1);
	KUNIT_EXPECT_TRUE(test, sluice_space_blocks(a, SZ_4M, SZ_4M));
	sluice_space_unmap_end(&unmap);
	while (sluice_space_blocks(a, SZ_4M, SZ_4M))
		usleep_range(1000, 2000);
	/* The next unmap */
	KUNIT_EXPECT_EQ(test, tell(a, &slices[1], 0, SZ_4K - 1), 1);
	KUNIT_EXPECT_FALSE(test, sluice_space_blocks(a, SZ_4M, SZ_4M));
	for (k = 1; k < ARRAY_SIZE(slices); k++)
		sluice_space_leave(a, &slices[k]);
	KUNIT_EXPECT_EQ(test, atomic_read(&one.mm_count), 1);
}

/* VFIO tells a slice of an unmap before it is open, too */
static void a_closed_slice_has_none(struct kunit *test)
{
	struct sluice_space_unmap unmap;

	sluice_space_unmap_begin(NULL, 0, SZ_2M - 1, "a", &unmap);
	KUNIT_EXPECT_EQ(test, unmap.round, 1);
	sluice_space_unmap_end(&unmap);
}

static struct kunit_case space_cases[] = {
	KUNIT_CASE(slices_of_one_user_share),
	KUNIT_CASE(rounds),
	KUNIT_CASE(a_closed_slice_has_none),
	{}
};

static struct kunit_suite space_suite = {
	.name = "sluice_space",
	.test_cases = space_cases,
};

kunit_test_suite(space_suite);
