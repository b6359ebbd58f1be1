// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the host's PRP lists
 */
#include <kunit/test.h>
#include <linux/scatterlist.h>

#include "host.h"

#define LIST_DMA	0x7000000000ull
#define LIST_ENTRIES	(SLUICE_NVME_PAGE / sizeof(__le64))
#define POISON		0xa5

struct prp_test {
	struct nvme_cmd cmd;
	struct scatterlist sg[8];
	__le64 list[LIST_ENTRIES];
};

struct prp_seg {
	u64 addr;
	unsigned int len;
};

static int prp_test_init(struct kunit *test)
{
	struct prp_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	memset(t->list, POISON, sizeof(t->list));
	test->priv = t;
	return 0;
}

static bool prp_build(struct kunit *test, const struct prp_seg *segs,
		      unsigned int nr, unsigned int len)
{
	struct prp_test *t = test->priv;
	unsigned int i;

	sg_init_table(t->sg, nr);
	for (i = 0; i < nr; i++) {
		sg_dma_address(&t->sg[i]) = segs[i].addr;
		sg_dma_len(&t->sg[i]) = segs[i].len;
	}
	return sluice_diskcmd_prps(&t->cmd, t->sg, nr, len, t->list, LIST_DMA);
}

/* The entries of the list that were written */
static unsigned int prp_list_used(struct prp_test *t)
{
	__le64 poison;
	unsigned int i;

	memset(&poison, POISON, sizeof(poison));
	for (i = 0; i < LIST_ENTRIES && t->list[i] != poison; i++)
		;
	return i;
}

static void prp_one_block(struct kunit *test)
{
	struct prp_test *t = test->priv;

	KUNIT_ASSERT_TRUE(test, prp_build(test, &(struct prp_seg){
			  0x1234567200ull, 512 }, 1, 512));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp1), 0x1234567200ull);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp2), 0ull);
	KUNIT_EXPECT_EQ(test, prp_list_used(t), 0u);
}

static void prp_one_page(struct kunit *test)
{
	struct prp_test *t = test->priv;

	KUNIT_ASSERT_TRUE(test, prp_build(test, &(struct prp_seg){
			  0xffff000, 4096 }, 1, 4096));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp1), 0xffff000ull);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp2), 0ull);
}

/* A page that begins late reaches into the next: no list for two entries */
static void prp_two_pages(struct kunit *test)
{
	struct prp_test *t = test->priv;

	KUNIT_ASSERT_TRUE(test, prp_build(test, &(struct prp_seg){
			  0x10ffc, 4096 }, 1, 4096));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp1), 0x10ffcull);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp2), 0x11000ull);
}

static void prp_two_segments(struct kunit *test)
{
	const struct prp_seg segs[] = { { 0x20e00, 512 }, { 0x90000, 1536 } };
	struct prp_test *t = test->priv;

	KUNIT_ASSERT_TRUE(test, prp_build(test, segs, 2, 2048));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp1), 0x20e00ull);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp2), 0x90000ull);
}

static void prp_three_pages(struct kunit *test)
{
	struct prp_test *t = test->priv;

	KUNIT_ASSERT_TRUE(test, prp_build(test, &(struct prp_seg){
			  0x30000, 3 * 4096 }, 1, 3 * 4096));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp1), 0x30000ull);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp2), LIST_DMA);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->list[0]), 0x31000ull);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->list[1]), 0x32000ull);
	KUNIT_EXPECT_EQ(test, prp_list_used(t), 2u);
}

/* The most that a command transfers, from the middle of a page on */
static void prp_largest(struct kunit *test)
{
	struct prp_test *t = test->priv;
	unsigned int i, nr = SLUICE_NVME_MAX_XFER / SLUICE_NVME_PAGE;

	KUNIT_ASSERT_TRUE(test, prp_build(test, &(struct prp_seg){
			  0x800000200ull, SLUICE_NVME_MAX_XFER }, 1,
			  SLUICE_NVME_MAX_XFER));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp1), 0x800000200ull);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp2), LIST_DMA);
	KUNIT_ASSERT_EQ(test, prp_list_used(t), nr);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, le64_to_cpu(t->list[i]),
				0x800001000ull + i * 4096ull);
}

/* The mapping may be longer than the transfer: its end is left out. */
static void prp_longer_mapping(struct kunit *test)
{
	const struct prp_seg segs[] = { { 0x40000, 4096 }, { 0x50000, 8192 } };
	struct prp_test *t = test->priv;

	KUNIT_ASSERT_TRUE(test, prp_build(test, segs, 2, 8192));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->cmd.prp2), 0x50000ull);
	KUNIT_EXPECT_EQ(test, prp_list_used(t), 1u);
}

static void prp_gap_at_start(struct kunit *test)
{
	const struct prp_seg segs[] = { { 0x40000, 4096 }, { 0x50200, 512 } };

	KUNIT_EXPECT_FALSE(test, prp_build(test, segs, 2, 4608));
}

static void prp_gap_at_end(struct kunit *test)
{
	const struct prp_seg segs[] = { { 0x40000, 512 }, { 0x50000, 512 } };

	KUNIT_EXPECT_FALSE(test, prp_build(test, segs, 2, 1024));
}

static void prp_too_short(struct kunit *test)
{
	const struct prp_seg segs[] = { { 0x40000, 4096 } };

	KUNIT_EXPECT_FALSE(test, prp_build(test, segs, 1, 8192));
	KUNIT_EXPECT_FALSE(test, prp_build(test, segs, 1, 0));
}

/* More than a page of entries does not fit and must not be written. */
static void prp_too_long(struct kunit *test)
{
	const unsigned int len = (LIST_ENTRIES + 2) * SLUICE_NVME_PAGE;

	KUNIT_EXPECT_FALSE(test, prp_build(test, &(struct prp_seg){
			   0x40000, len }, 1, len));
}

static void status_to_block_layer(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (__force int)sluice_diskcmd_status(0),
			(__force int)BLK_STS_OK);
	KUNIT_EXPECT_EQ(test, (__force int)sluice_diskcmd_status(NVME_SC_DNR),
			(__force int)BLK_STS_OK);
	KUNIT_EXPECT_EQ(test, (__force int)
			sluice_diskcmd_status(NVME_SC_READ_ERROR | NVME_SC_DNR),
			(__force int)BLK_STS_MEDIUM);
	KUNIT_EXPECT_EQ(test, (__force int)
			sluice_diskcmd_status(NVME_SC_LBA_RANGE),
			(__force int)BLK_STS_TARGET);
	KUNIT_EXPECT_EQ(test, (__force int)
			sluice_diskcmd_status(NVME_SC_INTERNAL),
			(__force int)BLK_STS_IOERR);
	KUNIT_EXPECT_EQ(test, (__force int)sluice_diskcmd_status(0x7ff),
			(__force int)BLK_STS_IOERR);
}

static struct kunit_case diskcmd_cases[] = {
	KUNIT_CASE(prp_one_block),
	KUNIT_CASE(prp_one_page),
	KUNIT_CASE(prp_two_pages),
	KUNIT_CASE(prp_two_segments),
	KUNIT_CASE(prp_three_pages),
	KUNIT_CASE(prp_largest),
	KUNIT_CASE(prp_longer_mapping),
	KUNIT_CASE(prp_gap_at_start),
	KUNIT_CASE(prp_gap_at_end),
	KUNIT_CASE(prp_too_short),
	KUNIT_CASE(prp_too_long),
	KUNIT_CASE(status_to_block_layer),
	{ }
};

static struct kunit_suite diskcmd_suite = {
	.name = "sluice-nvme-diskcmd",
	.init = prp_test_init,
	.test_cases = diskcmd_cases,
};

kunit_test_suites(&diskcmd_suite);
