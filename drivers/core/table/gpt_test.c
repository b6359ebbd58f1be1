// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the GPT reader: a good table, and disks that cannot
 * have one
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt_fake_test.h"

/* The slice type as the bytes that must be on the disk. */
static const u8 slice_type_bytes[16] = {
	0x12, 0xff, 0x6c, 0xf3, 0xfd, 0xa3, 0x0d, 0x46,
	0x82, 0xe4, 0x5d, 0x53, 0xd3, 0xd8, 0x1d, 0xc0
};

static void check_valid(struct kunit *test, u32 block_size)
{
	static const u16 label[] = { 'v', 'm', '-', 'a' };
	struct gfake *t = gfake_format(test, block_size, GFAKE_BLOCKS, 32, 128);

	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);

	gfake_add(t, 2, &gfake_other, 20, 29);
	gfake_put64(gfake_add(t, 5, &gfake_slice, 12, 15) + E_ATTRIBUTES,
		    1ULL << 48 | 4);
	gfake_name(t, 5, label, ARRAY_SIZE(label));
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);
	gfake_expect_seen(t, 0, 2, 20, 29);
	KUNIT_EXPECT_TRUE(test, guid_equal(&t->seen[0].type, &gfake_other));
	KUNIT_EXPECT_EQ(test, t->seen[0].attributes, 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "");
	gfake_expect_seen(t, 1, 5, 12, 15);
	KUNIT_EXPECT_TRUE(test, guid_equal(&t->seen[1].type, &gfake_slice));
	gfake_expect_uuid(t, &t->seen[1].uuid, 5);
	KUNIT_EXPECT_EQ(test, t->seen[1].attributes, SLUICE_GPT_ATTR_POOL | 4);
	KUNIT_EXPECT_STREQ(test, t->seen[1].name, "vm-a");
}

static void valid_512(struct kunit *test)
{
	check_valid(test, 512);
}

static void valid_4096(struct kunit *test)
{
	check_valid(test, 4096);
}

static void slice_type_is_as_documented(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, memcmp(&gfake_slice, slice_type_bytes, 16), 0);
}

static void type_filter(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 19);
	gfake_add(t, 2, &gfake_other, 20, 29);
	gfake_add(t, 3, &gfake_slice, 30, 39);
	gfake_add(t, 4, &gfake_other, 50, 49);
	KUNIT_ASSERT_EQ(test, gfake_parse_type(t, &gfake_slice), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	gfake_expect_seen(t, 0, 1, 10, 19);
	gfake_expect_seen(t, 1, 3, 30, 39);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);

	KUNIT_ASSERT_EQ(test, gfake_parse_type(t, &gfake_other), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
	gfake_expect_seen(t, 0, 2, 20, 29);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 1);
}

static void visitor_ends_the_visit(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 19);
	gfake_add(t, 2, &gfake_slice, 20, 29);
	t->visit_result = -EBUSY;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EBUSY);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	t->visit_result = 7;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 7);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
}

static void block_sizes(struct kunit *test)
{
	static const unsigned int bad[] = {
		0, 1, 256, 511, 513, 520, 1024, 2048, 4095, 4097, 8192, 65536,
		1U << 31, ~0U
	};
	struct gfake *t = gfake_disk(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		t->reader.block_size = bad[i];
		KUNIT_EXPECT_EQ(test, gfake_parse(t), -EOPNOTSUPP);
		KUNIT_EXPECT_EQ(test, t->reads, 0);
	}
}

/* One entry, one usable block: the smallest disk that has a table. */
static void smallest_disk(struct kunit *test)
{
	struct gfake *t = gfake_format(test, 512, 6, 1, 128);

	gfake_add(t, 1, &gfake_slice, 3, 3);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
	gfake_expect_seen(t, 0, 1, 3, 3);
}

static struct kunit_case gpt_cases[] = {
	KUNIT_CASE(valid_512),
	KUNIT_CASE(valid_4096),
	KUNIT_CASE(slice_type_is_as_documented),
	KUNIT_CASE(type_filter),
	KUNIT_CASE(visitor_ends_the_visit),
	KUNIT_CASE(block_sizes),
	KUNIT_CASE(smallest_disk),
	{}
};

static struct kunit_suite gpt_suite = {
	.name = "sluice_gpt",
	.test_cases = gpt_cases,
};

kunit_test_suites(&gpt_suite);
