// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of recent.c, with made-up times
 */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/limits.h>

#include "memory/recent.h"

/* The shortest grace */
#define GRACE	1UL

/* Just before jiffies wrap around: there comparisons fail first. */
#define NOW	(ULONG_MAX - 2)

static void recent_blocks_while_active(struct kunit *test)
{
	struct sluice_recent recent = {};
	unsigned int handle;

	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0, U64_MAX, NOW), 0);
	handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, NOW);
	KUNIT_EXPECT_GT(test, sluice_recent_blocks(&recent, 0x1000, 0x1fff,
						   NOW), 0);
	/* However long the unmap takes. */
	KUNIT_EXPECT_GT(test, sluice_recent_blocks(&recent, 0x1000, 0x1fff,
						   NOW + 1000 * GRACE), 0);
	sluice_recent_end(&recent, handle, true, 1, NOW + 1000 * GRACE);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x1000, 0x1fff,
						   NOW + 1000 * GRACE), GRACE);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x1000, 0x1fff,
						   NOW + 1001 * GRACE - 1), 1);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x1000, 0x1fff,
						   NOW + 1001 * GRACE), 0);
}

static void recent_blocks_what_overlaps(struct kunit *test)
{
	struct sluice_recent recent = {};
	unsigned int handle;

	handle = sluice_recent_begin(&recent, 0x2000, 0x3fff, NOW);
	sluice_recent_end(&recent, handle, true, 1, NOW);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0, 0x1fff, NOW), 0);
	KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent, 0, 0x2000, NOW), 0);
	KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent, 0x3fff, 0x3fff,
						   NOW), 0);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x4000, U64_MAX,
						   NOW), 0);
	KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent, 0, U64_MAX, NOW),
			0);
}

static void recent_everything(struct kunit *test)
{
	struct sluice_recent recent = {};
	unsigned int handle = sluice_recent_begin(&recent, 0, U64_MAX, NOW);

	sluice_recent_end(&recent, handle, true, 1, NOW);
	KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent, 0, 0, NOW), 0);
	KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent, U64_MAX, U64_MAX,
						   NOW), 0);
}

/* The longest grace comes within VFIO's ten attempts, and does not last. */
static void recent_doubles(struct kunit *test)
{
	/* in milliseconds; 0 is a jiffy */
	static const unsigned int expect[] = {
		0, 0, 0, 0, 0, 0, 8, 16, 32, 64, 0, 0, 0, 0, 0, 0, 8, 16, 32,
		64, 0,
	};
	struct sluice_recent recent = {};
	unsigned long now = NOW;
	unsigned int i, handle;

	for (i = 0; i < ARRAY_SIZE(expect); i++) {
		unsigned long grace = msecs_to_jiffies(expect[i]) + 1;

		handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, now);
		sluice_recent_end(&recent, handle, true, 1, now);
		KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x1000,
							   0x1000, now), grace);
		now += grace;
	}
	/* Another range has the short grace, and so does this one later. */
	handle = sluice_recent_begin(&recent, 0x2000, 0x2fff, now);
	sluice_recent_end(&recent, handle, true, 1, now);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x2000, 0x2000,
						   now), GRACE);
	for (i = 0; i < 8; i++) {
		handle = sluice_recent_begin(&recent, 0x3000, 0x3fff, now);
		sluice_recent_end(&recent, handle, true, 1, now);
	}
	now += msecs_to_jiffies(60000);
	handle = sluice_recent_begin(&recent, 0x3000, 0x3fff, now);
	sluice_recent_end(&recent, handle, true, 1, now);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x3000, 0x3000,
						   now), GRACE);
}

/*
 * Two slices hear of each unmap: the grace doubles as often, and counts from the
 * last that was told.
 */
static void recent_two_slices(struct kunit *test)
{
	struct sluice_recent recent = {};
	unsigned long now = NOW;
	unsigned int i, handle;

	for (i = 0; i < 2 * (SLUICE_RECENT_STEADY + SLUICE_RECENT_DOUBLINGS);
	     i++) {
		handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, now);
		/* one is fast, the other is not */
		now += i & 1 ? 100 : 0;
		sluice_recent_end(&recent, handle, true, 2, now);
		KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent, 0x1000,
							   0x1000, now), 0);
	}
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0x1000, 0x1000, now),
			msecs_to_jiffies(SLUICE_RECENT_GRACE_MS <<
					 (SLUICE_RECENT_DOUBLINGS - 1)) + 1);
	/* A longer grace stays if another slice ends with a shorter one */
	handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, now);
	sluice_recent_end(&recent, handle, true, 2, now);
	KUNIT_EXPECT_GT(test, sluice_recent_blocks(&recent, 0x1000, 0x1000, now),
			GRACE);
}

/* One of two slices is never finished: that counts, whatever the other is */
static void recent_counts_the_slow_one(struct kunit *test)
{
	struct sluice_recent recent = {};
	unsigned int i, handle;

	for (i = 0; i < 6; i++) {
		handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, NOW);
		KUNIT_EXPECT_EQ(test, sluice_recent_unfinished(&recent, handle),
				i);
		sluice_recent_end(&recent, handle, true, 2, NOW);
		handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, NOW);
		sluice_recent_end(&recent, handle, false, 2, NOW);
	}
	for (i = 0; i < 2; i++) {
		handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, NOW);
		sluice_recent_end(&recent, handle, true, 2, NOW);
	}
	KUNIT_EXPECT_EQ(test, sluice_recent_unfinished(&recent, handle), 0);
}

static void recent_counts_unfinished(struct kunit *test)
{
	struct sluice_recent recent = {};
	unsigned int i, handle;

	for (i = 0; i < 5; i++) {
		handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, NOW);
		KUNIT_EXPECT_EQ(test, sluice_recent_unfinished(&recent, handle),
				i);
		sluice_recent_end(&recent, handle, false, 1, NOW);
	}
	handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, NOW);
	sluice_recent_end(&recent, handle, true, 1, NOW);
	/* A repeated unmap is not an unfinished unmap. */
	for (i = 0; i < 20; i++) {
		handle = sluice_recent_begin(&recent, 0x1000, 0x1fff, NOW);
		KUNIT_EXPECT_EQ(test, sluice_recent_unfinished(&recent, handle),
				0);
		sluice_recent_end(&recent, handle, true, 1, NOW);
	}
}

static void recent_replaces_the_oldest(struct kunit *test)
{
	struct sluice_recent recent = {};
	unsigned int i;

	for (i = 0; i <= SLUICE_RECENT_RANGES; i++) {
		u64 first = (u64)i << 12;
		unsigned int handle;

		handle = sluice_recent_begin(&recent, first, first + 0xfff,
					     NOW + i);
		sluice_recent_end(&recent, handle, true, 1, NOW + i);
	}
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0, 0xfff, NOW), 0);
	for (i = 1; i <= SLUICE_RECENT_RANGES; i++)
		KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent, i << 12,
							   i << 12, NOW), 0);
}

/* More unmaps in progress than entries: none may be forgotten. */
static void recent_too_many_active(struct kunit *test)
{
	unsigned int handles[2 * SLUICE_RECENT_RANGES];
	struct sluice_recent recent = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(handles); i++)
		handles[i] = sluice_recent_begin(&recent, (u64)i << 20,
						 ((u64)i << 20) + 0xfff, NOW);
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		KUNIT_EXPECT_NE(test, sluice_recent_blocks(&recent,
							   (u64)i << 20,
							   (u64)i << 20, NOW),
				0);
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		sluice_recent_end(&recent, handles[i], true, 1, NOW);
	KUNIT_EXPECT_EQ(test, sluice_recent_blocks(&recent, 0, U64_MAX,
						   NOW + 2 * GRACE), 0);
}

static struct kunit_case recent_cases[] = {
	KUNIT_CASE(recent_blocks_while_active),
	KUNIT_CASE(recent_blocks_what_overlaps),
	KUNIT_CASE(recent_everything),
	KUNIT_CASE(recent_doubles),
	KUNIT_CASE(recent_two_slices),
	KUNIT_CASE(recent_counts_the_slow_one),
	KUNIT_CASE(recent_counts_unfinished),
	KUNIT_CASE(recent_replaces_the_oldest),
	KUNIT_CASE(recent_too_many_active),
	{}
};

static struct kunit_suite recent_suite = {
	.name = "sluice_recent",
	.test_cases = recent_cases,
};

kunit_test_suite(recent_suite);
