// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the host's commands and their PRP lists
 */
#include <kunit/test.h>
#include <linux/scatterlist.h>

#include "host/host.h"

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
			sluice_diskcmd_status(NVME_SC_CAPACITY_EXCEEDED |
					      NVME_SC_DNR),
			(__force int)BLK_STS_NOSPC);
	KUNIT_EXPECT_EQ(test, (__force int)
			sluice_diskcmd_status(NVME_SC_INTERNAL),
			(__force int)BLK_STS_IOERR);
	KUNIT_EXPECT_EQ(test, (__force int)sluice_diskcmd_status(0x7ff),
			(__force int)BLK_STS_IOERR);
}

/* A request of the block layer, without a queue, for a drive of 4096 bytes */
struct rq_test {
	struct sluice_nvme_ctrl ctrl;
	struct sluice_nvme_ns ns;
	struct nvme_id_ns id;
	__le64 prps[LIST_ENTRIES];
	struct request rq;
	struct sluice_nvme_rq srq;	/* what follows a request */
};

/* The request begins at a block that does not fit into 32 bits. */
#define RQ_SLBA		0x123456789ull
#define RQ_NLB		16u
#define RQ_SHIFT	12

static struct rq_test *rq_setup(struct kunit *test, blk_opf_t opf)
{
	struct rq_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_PTR_EQ(test, blk_mq_rq_to_pdu(&t->rq), (void *)&t->srq);
	t->ns.ctrl = &t->ctrl;
	t->ns.id = &t->id;
	t->ns.nsid = 3;
	t->ns.lba_shift = RQ_SHIFT;
	t->srq.prps = t->prps;
	t->srq.prps_dma = LIST_DMA;
	t->srq.aborted = true;
	t->rq.tag = 77;
	t->rq.cmd_flags = opf;
	t->rq.__sector = RQ_SLBA << (RQ_SHIFT - SECTOR_SHIFT);
	t->rq.__data_len = RQ_NLB << RQ_SHIFT;
	t->rq.nr_phys_segments = 1;
	return t;
}

static void rq_expect(struct kunit *test, struct rq_test *t, u8 opcode,
		      u32 cdw12)
{
	struct nvme_cmd *cmd = &t->srq.cmd;

	KUNIT_EXPECT_EQ(test, cmd->opcode, opcode);
	KUNIT_EXPECT_EQ(test, cmd->flags, 0);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(cmd->cid), 77);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->nsid), 3u);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw10), 0x23456789u);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw11), 1u);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw12), cdw12);
	KUNIT_EXPECT_FALSE(test, t->srq.aborted);
}

/* There is nothing to map, which is an error; the rest of the command is there */
static void rq_read_and_write(struct kunit *test)
{
	static const struct {
		blk_opf_t opf;
		u8 opcode;
		u32 control;
	} cases[] = {
		{ REQ_OP_READ, NVME_IO_READ, 0 },
		{ REQ_OP_WRITE | REQ_SYNC, NVME_IO_WRITE, 0 },
		{ REQ_OP_WRITE | REQ_FUA, NVME_IO_WRITE, BIT(30) },
	};
	struct rq_test *t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		t = rq_setup(test, cases[i].opf);
		KUNIT_EXPECT_EQ(test, (__force int)
				sluice_diskcmd_setup(&t->ns, &t->rq),
				(__force int)BLK_STS_IOERR);
		rq_expect(test, t, cases[i].opcode,
			  (RQ_NLB - 1) | cases[i].control);
		KUNIT_EXPECT_EQ(test, t->srq.nents, 0u);
	}
}

static void rq_flush(struct kunit *test)
{
	struct rq_test *t = rq_setup(test, REQ_OP_FLUSH);
	const struct nvme_cmd flush = {
		.opcode = NVME_IO_FLUSH,
		.cid = cpu_to_le16(77),
		.nsid = cpu_to_le32(3),
	};

	KUNIT_EXPECT_EQ(test, (__force int)
			sluice_diskcmd_setup(&t->ns, &t->rq), 0);
	KUNIT_EXPECT_MEMEQ(test, &t->srq.cmd, &flush, sizeof(flush));
}

/* Deallocated only where that reads as zeroes, and unless the caller objects */
static void rq_write_zeroes(struct kunit *test)
{
	static const struct {
		blk_opf_t opf;
		u8 dlfeat;
		u32 control;
	} cases[] = {
		{ REQ_OP_WRITE_ZEROES, 0x00, 0 },
		{ REQ_OP_WRITE_ZEROES, 0x01, 0 },
		{ REQ_OP_WRITE_ZEROES, 0x08, 0 },
		{ REQ_OP_WRITE_ZEROES, 0x0a, 0 },
		{ REQ_OP_WRITE_ZEROES, 0x09, BIT(25) },
		{ REQ_OP_WRITE_ZEROES | REQ_NOUNMAP, 0x09, 0 },
	};
	struct rq_test *t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		t = rq_setup(test, cases[i].opf);
		t->id.dlfeat = cases[i].dlfeat;
		KUNIT_EXPECT_EQ(test, (__force int)
				sluice_diskcmd_setup(&t->ns, &t->rq), 0);
		rq_expect(test, t, NVME_IO_WRITE_ZEROES,
			  (RQ_NLB - 1) | cases[i].control);
	}
}

/* Requests that were merged are a command of as many ranges. */
static void rq_discard(struct kunit *test)
{
	static const struct {
		u64 slba;
		u32 nlb;
	} ranges[] = {
		{ 0, 1 }, { 0x1ffffffff, 0xfffff }, { 0x10, 0x20 },
	};
	struct rq_test *t = rq_setup(test, REQ_OP_DISCARD);
	const struct nvme_dsm_range *range = (const void *)t->prps;
	struct bio **next = &t->rq.bio;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct bio *bio = kunit_kzalloc(test, sizeof(*bio), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, bio);
		bio->bi_iter.bi_sector = ranges[i].slba <<
					 (RQ_SHIFT - SECTOR_SHIFT);
		bio->bi_iter.bi_size = ranges[i].nlb << RQ_SHIFT;
		*next = bio;
		next = &bio->bi_next;
	}
	KUNIT_EXPECT_EQ(test, (__force int)
			sluice_diskcmd_setup(&t->ns, &t->rq), 0);
	KUNIT_EXPECT_EQ(test, t->srq.cmd.opcode, NVME_IO_DSM);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(t->srq.cmd.prp1), LIST_DMA);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(t->srq.cmd.cdw10),
			ARRAY_SIZE(ranges) - 1);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(t->srq.cmd.cdw11), BIT(2));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		KUNIT_EXPECT_EQ(test, le64_to_cpu(range[i].slba),
				ranges[i].slba);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(range[i].nlb), ranges[i].nlb);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(range[i].cattr), 0u);
	}
}

static void rq_unknown(struct kunit *test)
{
	struct rq_test *t = rq_setup(test, REQ_OP_ZONE_RESET);

	KUNIT_EXPECT_EQ(test, (__force int)
			sluice_diskcmd_setup(&t->ns, &t->rq),
			(__force int)BLK_STS_NOTSUPP);
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
	KUNIT_CASE(rq_read_and_write),
	KUNIT_CASE(rq_flush),
	KUNIT_CASE(rq_write_zeroes),
	KUNIT_CASE(rq_discard),
	KUNIT_CASE(rq_unknown),
	{ }
};

static struct kunit_suite diskcmd_suite = {
	.name = "sluice-nvme-diskcmd",
	.init = prp_test_init,
	.test_cases = diskcmd_cases,
};

kunit_test_suites(&diskcmd_suite);
