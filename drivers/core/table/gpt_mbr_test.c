// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the GPT reader: whether a disk has a GPT at all, by
 * its MBR and its headers
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt_fake_test.h"

static void no_table(struct kunit *test)
{
	struct gfake *t = gfake_alloc(test, 512, GFAKE_BLOCKS);
	u64 blocks;

	for (blocks = 0; blocks <= GFAKE_BLOCKS; blocks++) {
		t->reader.size_bytes = blocks * 512;
		KUNIT_EXPECT_EQ(test, gfake_parse(t), -ENODATA);
	}
	t->reader.size_bytes = 511;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -ENODATA);
}

static void mbr_only(struct kunit *test)
{
	struct gfake *t = gfake_alloc(test, 512, GFAKE_BLOCKS);

	gfake_put_mbr(t, 0x83, 8);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EMEDIUMTYPE);
	t->reader.size_bytes = 512;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EMEDIUMTYPE);
	t->data[510] = 0;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -ENODATA);
}

/* An MBR that announces a GPT makes its absence an error. */
static void headers_lost(struct kunit *test)
{
	struct gfake *t = gfake_alloc(test, 512, GFAKE_BLOCKS);
	u64 blocks;

	gfake_put_mbr(t, 0xee, 1);
	for (blocks = 1; blocks <= GFAKE_BLOCKS; blocks++) {
		t->reader.size_bytes = blocks * 512;
		KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	}
}

/* A GPT without its protective MBR is neither used nor overlooked. */
static void mbr_lost(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 19);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);

	gfake_put_mbr(t, 0x83, 1);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	gfake_put_mbr(t, 0xee, 2);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	memset(t->data, 0, 512);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);

	gfake_primary(t)[H_CRC] ^= 1;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	gfake_alternate(t)[H_SIGNATURE] ^= 1;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	gfake_alternate(t)[H_SIGNATURE] ^= 1;
	gfake_alternate(t)[H_CRC] ^= 1;
	memset(gfake_primary(t), 0, 512);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	memset(gfake_alternate(t), 0, 512);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -ENODATA);
}

static void hybrid_mbr(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 19);
	gfake_put_mbr(t, 0x83, 10);
	t->data[446 + 3 * 16 + 4] = 0xee;
	gfake_put32(t->data + 446 + 3 * 16 + 8, 1);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
}

static struct kunit_case gpt_mbr_cases[] = {
	KUNIT_CASE(no_table),
	KUNIT_CASE(mbr_only),
	KUNIT_CASE(headers_lost),
	KUNIT_CASE(mbr_lost),
	KUNIT_CASE(hybrid_mbr),
	{}
};

static struct kunit_suite gpt_mbr_suite = {
	.name = "sluice_gpt_mbr",
	.test_cases = gpt_mbr_cases,
};

kunit_test_suites(&gpt_mbr_suite);
