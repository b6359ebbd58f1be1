// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the GPT reader: flaws of single entries
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt_fake_test.h"

static void range_edges(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 10);
	gfake_add(t, 2, &gfake_slice, 11, 53);
	gfake_add(t, 3, &gfake_slice, 54, 54);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 3);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);
	gfake_expect_seen(t, 0, 1, 10, 10);
	gfake_expect_seen(t, 1, 2, 11, 53);
	gfake_expect_seen(t, 2, 3, 54, 54);
}

static void bad_ranges(struct kunit *test)
{
	static const struct {
		u64 first;
		u64 last;
	} bad[] = {
		{ 31, 30 },
		{ 45, 44 },
		{ 0, 0 },
		{ 1, 1 },
		{ 9, 9 },
		{ 55, 55 },
		{ 63, 64 },
		{ U64_MAX, U64_MAX },
		{ U64_MAX, 0 },
		{ U64_MAX, 30 },
		{ 30, 0 },
		{ 1ULL << 55 | 30, 1ULL << 55 | 31 },
		{ 1ULL << 63, 1ULL << 63 },
	};
	struct gfake *t = gfake_disk(test);
	unsigned int i;

	gfake_add(t, 2, &gfake_slice, 40, 49);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		gfake_add(t, 1, &gfake_slice, bad[i].first, bad[i].last);
		KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
		KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
		gfake_expect_seen(t, 0, 2, 40, 49);
		KUNIT_EXPECT_EQ(test, t->nr_rejected, 1);
		gfake_expect_rejected(t, 0, 1, SLUICE_GPT_BAD_RANGE);
	}
}

/* An entry that leaves the usable range still takes its blocks from others. */
static void bad_range_overlaps(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 20, 29);
	gfake_add(t, 2, &gfake_slice, 29, U64_MAX);
	gfake_add(t, 3, &gfake_slice, 15, 19);
	gfake_add(t, 4, &gfake_other, 0, 12);
	gfake_add(t, 5, &gfake_slice, 12, 12);
	KUNIT_ASSERT_EQ(test, gfake_parse_type(t, &gfake_slice), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	gfake_expect_seen(t, 0, 3, 15, 19);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 3);
	gfake_expect_rejected(t, 0, 1, SLUICE_GPT_OVERLAP);
	gfake_expect_rejected(t, 1, 2, SLUICE_GPT_BAD_RANGE);
	gfake_expect_rejected(t, 2, 5, SLUICE_GPT_OVERLAP);
}

/* Two entries, in either order of the table, overlap or not. */
static void check_pair(struct gfake *t, u64 first_a, u64 last_a, u64 first_b,
		       u64 last_b)
{
	bool overlap = first_a <= last_b && first_b <= last_a;

	gfake_add(t, 1, &gfake_slice, first_a, last_a);
	gfake_add(t, 2, &gfake_slice, first_b, last_b);
	KUNIT_ASSERT_EQ(t->test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(t->test, t->nr_seen, overlap ? 0 : 2);
	KUNIT_EXPECT_EQ(t->test, t->nr_rejected, overlap ? 2 : 0);
	if (overlap) {
		gfake_expect_rejected(t, 0, 1, SLUICE_GPT_OVERLAP);
		gfake_expect_rejected(t, 1, 2, SLUICE_GPT_OVERLAP);
	}
}

static void overlap_pairs(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);
	u64 a, b, c, d;

	for (a = 20; a < 24; a++)
		for (b = a; b < 24; b++)
			for (c = 20; c < 24; c++)
				for (d = c; d < 24; d++)
					check_pair(t, a, b, c, d);
}

static void overlap_contained(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 12);
	gfake_add(t, 2, &gfake_slice, 26, 27);
	gfake_add(t, 3, &gfake_slice, 20, 40);
	gfake_add(t, 4, &gfake_slice, 22, 23);
	gfake_add(t, 5, &gfake_slice, 40, 44);
	gfake_add(t, 6, &gfake_slice, 45, 54);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	gfake_expect_seen(t, 0, 1, 10, 12);
	gfake_expect_seen(t, 1, 6, 45, 54);
	KUNIT_ASSERT_EQ(test, t->nr_rejected, 4);
	gfake_expect_rejected(t, 0, 2, SLUICE_GPT_OVERLAP);
	gfake_expect_rejected(t, 1, 3, SLUICE_GPT_OVERLAP);
	gfake_expect_rejected(t, 2, 4, SLUICE_GPT_OVERLAP);
	gfake_expect_rejected(t, 3, 5, SLUICE_GPT_OVERLAP);
}

static void overlap_of_other_type(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 19);
	gfake_add(t, 2, &gfake_other, 19, 29);
	KUNIT_ASSERT_EQ(test, gfake_parse_type(t, &gfake_slice), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 1);
	gfake_expect_rejected(t, 0, 1, SLUICE_GPT_OVERLAP);
}

static void duplicate_uuids(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 19);
	gfake_add(t, 2, &gfake_slice, 20, 29);
	gfake_add(t, 3, &gfake_other, 30, 39);
	gfake_add(t, 4, &gfake_slice, 40, 49)[E_UNIQUE + 15] = 1;
	gfake_seal(t);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 2);
	gfake_expect_seen(t, 0, 2, 20, 29);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 2);
	gfake_expect_rejected(t, 0, 1, SLUICE_GPT_DUPLICATE);
	gfake_expect_uuid(t, &t->rejected_uuids[0], 1);
	gfake_expect_rejected(t, 1, 4, SLUICE_GPT_DUPLICATE);
	gfake_expect_uuid(t, &t->rejected_uuids[1], 1);

	/* All of three; the third has another type and a bad range. */
	gfake_add(t, 3, &gfake_other, 39, 30)[E_UNIQUE + 15] = 1;
	gfake_seal(t);
	KUNIT_ASSERT_EQ(test, gfake_parse_type(t, &gfake_slice), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 2);
}

static void no_uuid(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	memset(gfake_add(t, 1, &gfake_slice, 10, 19) + E_UNIQUE, 0, 16);
	gfake_add(t, 2, &gfake_slice, 20, 29);
	gfake_seal(t);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	gfake_expect_seen(t, 0, 2, 20, 29);
	gfake_expect_rejected(t, 0, 1, SLUICE_GPT_NO_UUID);
}

/* Entries without a type are not in use, whatever else they say. */
static void unused_entries(struct kunit *test)
{
	static const guid_t unused;
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &unused, 10, 54);
	gfake_add(t, 2, &gfake_slice, 20, 29);
	gfake_add(t, 32, &gfake_slice, 30, 39);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 2);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);
	gfake_expect_seen(t, 1, 32, 30, 39);
}

/* A flawed entry without anyone to tell is withheld all the same. */
static void reject_is_optional(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	t->reader.reject = NULL;
	gfake_add(t, 1, &gfake_slice, 20, 29);
	gfake_add(t, 2, &gfake_slice, 20, 29);
	gfake_add(t, 3, &gfake_slice, 30, 39);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
}

static void flaw_texts(struct kunit *test)
{
	int a, b;

	for (a = SLUICE_GPT_SOUND; a <= SLUICE_GPT_DUPLICATE + 1; a++)
		for (b = SLUICE_GPT_SOUND; b < a; b++)
			KUNIT_EXPECT_STRNEQ(test, sluice_gpt_flaw_text(a),
					    sluice_gpt_flaw_text(b));
}

static struct kunit_case gpt_entries_cases[] = {
	KUNIT_CASE(range_edges),
	KUNIT_CASE(bad_ranges),
	KUNIT_CASE(bad_range_overlaps),
	KUNIT_CASE(overlap_pairs),
	KUNIT_CASE(overlap_contained),
	KUNIT_CASE(overlap_of_other_type),
	KUNIT_CASE(duplicate_uuids),
	KUNIT_CASE(no_uuid),
	KUNIT_CASE(unused_entries),
	KUNIT_CASE(reject_is_optional),
	KUNIT_CASE(flaw_texts),
	{}
};

static struct kunit_suite gpt_entries_suite = {
	.name = "sluice_gpt_entries",
	.test_cases = gpt_entries_cases,
};

kunit_test_suites(&gpt_entries_suite);
