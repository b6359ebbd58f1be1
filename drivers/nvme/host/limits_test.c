// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what is learnt from Identify about a drive
 *
 * Bytes are put where NVMe 1.4 and the NVM Command Set Specification have
 * them, so that an error in spec.h cannot hide itself.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "host/host.h"

struct limits_test {
	u8 ctrl[4096];
	u8 nvm[4096];
	u8 ns_id[4096];
	struct sluice_nvme_ctrl drive;
	u32 quirks;
	struct sluice_nvme_ns ns;
	struct sluice_compat_limits disk;
};

static void put(u8 *page, unsigned int off, unsigned int len, u64 value)
{
	for (; len--; value >>= 8)
		page[off++] = value;
}

/* A namespace of 512-byte blocks in its first format, of 4096 in the second */
static int limits_init(struct kunit *test)
{
	struct limits_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	put(t->ns_id, 128 + 2, 1, 9);
	put(t->ns_id, 132 + 2, 1, 12);
	t->drive.id = (void *)t->ctrl;
	t->ns.ctrl = &t->drive;
	test->priv = t;
	return 0;
}

static const struct sluice_nvme_limits *derive(struct limits_test *t, u8 format)
{
	put(t->ns_id, 26, 1, format);
	t->ns.lba_shift = format ? 12 : 9;
	sluice_nvme_limits_derive(&t->ns.limits, (void *)t->ctrl,
				  (void *)t->nvm, (void *)t->ns_id, t->quirks);
	sluice_nvme_limits_of_disk(&t->ns, &t->disk);
	return &t->ns.limits;
}

/* What a drive says nothing about has no limit but that of the command. */
static void silent_drive(struct kunit *test)
{
	struct limits_test *t = test->priv;
	const struct sluice_nvme_limits *l = derive(t, 0);

	KUNIT_EXPECT_EQ(test, l->max_xfer, (u32)SZ_1M);
	KUNIT_EXPECT_EQ(test, l->write_zeroes, 65536u);
	KUNIT_EXPECT_EQ(test, l->verify, 65536u);
	KUNIT_EXPECT_EQ(test, l->dsm_ranges, 256u);
	KUNIT_EXPECT_EQ(test, l->dsm_range, U32_MAX);
	KUNIT_EXPECT_EQ(test, l->dsm_blocks, U64_MAX);
	KUNIT_EXPECT_EQ(test, l->boundary, 0u);
	KUNIT_EXPECT_EQ(test, l->write_granularity, 1u);
	KUNIT_EXPECT_EQ(test, l->write_alignment, 1u);
	KUNIT_EXPECT_EQ(test, l->optimal_write, 0u);
	KUNIT_EXPECT_EQ(test, l->discard_granularity, 1u);
	KUNIT_EXPECT_EQ(test, l->discard_alignment, 1u);
	KUNIT_EXPECT_EQ(test, l->atomic_write, 1u);
	KUNIT_EXPECT_EQ(test, l->oncs, 0);
	KUNIT_EXPECT_FALSE(test, l->write_protected);
	KUNIT_EXPECT_EQ(test, t->disk.max_discard_sectors, 0u);
	KUNIT_EXPECT_EQ(test, t->disk.max_write_zeroes_sectors, 0u);
	KUNIT_EXPECT_EQ(test, t->disk.physical_block_size, 512u);
	KUNIT_EXPECT_EQ(test, t->disk.io_min, 512u);
	KUNIT_EXPECT_EQ(test, t->disk.io_opt, 0u);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 0u);
	KUNIT_EXPECT_EQ(test, t->disk.max_hw_sectors, 2048u);
}

static void transfers(struct kunit *test)
{
	struct limits_test *t = test->priv;

	put(t->ctrl, 77, 1, 1);		/* MDTS */
	KUNIT_EXPECT_EQ(test, derive(t, 0)->max_xfer, (u32)SZ_8K);
	KUNIT_EXPECT_EQ(test, t->disk.max_hw_sectors, 16u);
	put(t->ctrl, 77, 1, 7);
	KUNIT_EXPECT_EQ(test, derive(t, 1)->max_xfer, (u32)SZ_512K);
	put(t->ctrl, 77, 1, 9);
	KUNIT_EXPECT_EQ(test, derive(t, 0)->max_xfer, (u32)SZ_1M);
	put(t->ctrl, 77, 1, 255);
	KUNIT_EXPECT_EQ(test, derive(t, 0)->max_xfer, (u32)SZ_1M);
}

/* The limits of commands without data, in blocks of either size */
static void commands(struct kunit *test)
{
	struct limits_test *t = test->priv;
	const struct sluice_nvme_limits *l;

	put(t->ctrl, 520, 2, 1 << 2 | 1 << 3);	/* ONCS: DSM, Write Zeroes */
	put(t->nvm, 0, 1, 7);			/* VSL: 512 KiB */
	put(t->nvm, 1, 1, 3);			/* WZSL: 32 KiB */
	put(t->nvm, 3, 1, 255);			/* DMRL */
	put(t->nvm, 4, 4, 0x1000);		/* DMRSL */
	put(t->nvm, 8, 8, 0x800);		/* DMSL */
	l = derive(t, 0);
	KUNIT_EXPECT_EQ(test, l->verify, 1024u);
	KUNIT_EXPECT_EQ(test, l->write_zeroes, 64u);
	KUNIT_EXPECT_EQ(test, l->dsm_ranges, 255u);
	KUNIT_EXPECT_EQ(test, l->dsm_range, 0x1000u);
	KUNIT_EXPECT_EQ(test, l->dsm_blocks, 0x800ull);
	KUNIT_EXPECT_EQ(test, t->disk.max_write_zeroes_sectors, 64u);
	KUNIT_EXPECT_EQ(test, t->disk.max_discard_segments, 255u);
	KUNIT_EXPECT_EQ(test, t->disk.max_discard_sectors, 0x800u);
	l = derive(t, 1);
	KUNIT_EXPECT_EQ(test, l->verify, 128u);
	KUNIT_EXPECT_EQ(test, l->write_zeroes, 8u);
	KUNIT_EXPECT_EQ(test, t->disk.max_write_zeroes_sectors, 64u);
	KUNIT_EXPECT_EQ(test, t->disk.max_discard_sectors, 0x4000u);

	/* more than a command can name, or than the block layer can count */
	put(t->nvm, 0, 2, 0xffff);
	put(t->nvm, 4, 4, U32_MAX);
	put(t->nvm, 8, 8, U64_MAX);
	l = derive(t, 1);
	KUNIT_EXPECT_EQ(test, l->verify, 65536u);
	KUNIT_EXPECT_EQ(test, l->write_zeroes, 65536u);
	KUNIT_EXPECT_EQ(test, t->disk.max_discard_sectors, UINT_MAX & ~7u);
	/* what the drive may take long for is kept as short as a transfer */
	KUNIT_EXPECT_EQ(test, t->disk.max_write_zeroes_sectors, 2048u);
	put(t->nvm, 0, 2, 0x0808);
	KUNIT_EXPECT_EQ(test, derive(t, 0)->verify, 2048u);
	put(t->nvm, 0, 2, 0x0f0f);
	KUNIT_EXPECT_EQ(test, derive(t, 0)->verify, 65536u);
	KUNIT_EXPECT_EQ(test, derive(t, 1)->verify, 32768u);
}

static void preferences(struct kunit *test)
{
	struct limits_test *t = test->priv;
	const struct sluice_nvme_limits *l;

	put(t->ns_id, 46, 2, 256);	/* NOIOB */
	put(t->ns_id, 64, 2, 31);	/* NPWG, from 0 on, as all that follow */
	put(t->ns_id, 66, 2, 7);	/* NPWA */
	put(t->ns_id, 68, 2, 15);	/* NPDG */
	put(t->ns_id, 70, 2, 3);	/* NPDA */
	put(t->ns_id, 72, 2, 127);	/* NOWS */
	put(t->ctrl, 520, 2, 1 << 2);
	put(t->ctrl, 528, 2, 7);	/* AWUPF */
	/* NSFEAT says whether the fields behind NOIOB are valid */
	l = derive(t, 0);
	KUNIT_EXPECT_EQ(test, l->boundary, 256u);
	KUNIT_EXPECT_EQ(test, l->write_granularity, 1u);
	KUNIT_EXPECT_EQ(test, l->optimal_write, 0u);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 256u);
	KUNIT_EXPECT_EQ(test, t->disk.discard_granularity, 512u);
	put(t->ns_id, 24, 1, 1 << 4);
	l = derive(t, 0);
	KUNIT_EXPECT_EQ(test, l->write_granularity, 32u);
	KUNIT_EXPECT_EQ(test, l->write_alignment, 8u);
	KUNIT_EXPECT_EQ(test, l->discard_granularity, 16u);
	KUNIT_EXPECT_EQ(test, l->discard_alignment, 4u);
	KUNIT_EXPECT_EQ(test, l->optimal_write, 128u);
	KUNIT_EXPECT_EQ(test, l->atomic_write, 8u);
	KUNIT_EXPECT_EQ(test, t->disk.io_min, 16384u);
	KUNIT_EXPECT_EQ(test, t->disk.io_opt, 65536u);
	KUNIT_EXPECT_EQ(test, t->disk.discard_granularity, 8192u);
	/* a power cut may leave a part of what is more than eight blocks */
	KUNIT_EXPECT_EQ(test, t->disk.physical_block_size, 4096u);
	put(t->ns_id, 24, 1, 1 << 4 | 1 << 1);
	put(t->ns_id, 36, 2, 63);	/* NAWUPF */
	derive(t, 0);
	KUNIT_EXPECT_EQ(test, t->disk.physical_block_size, 16384u);
	put(t->ns_id, 42, 2, 1);	/* NABO */
	derive(t, 0);
	KUNIT_EXPECT_EQ(test, t->disk.physical_block_size, 512u);
	derive(t, 1);
	KUNIT_EXPECT_EQ(test, t->disk.io_min, 131072u);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 2048u);
}

/* Values that the block layer would refuse, or split at without end */
static void odd_preferences(struct kunit *test)
{
	struct limits_test *t = test->priv;

	put(t->ns_id, 24, 1, 1 << 4);
	put(t->ns_id, 64, 2, 23);
	put(t->ctrl, 528, 2, 99);
	put(t->ns_id, 46, 2, 24);
	derive(t, 0);
	KUNIT_EXPECT_EQ(test, t->disk.io_min, 24u * 512);
	KUNIT_EXPECT_EQ(test, t->disk.physical_block_size, 8192u);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 0u);
	put(t->ns_id, 46, 2, 4);
	derive(t, 0);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 0u);
	put(t->ns_id, 46, 2, 8);
	derive(t, 0);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 8u);
}

/* What is known of a drive counts more than what it says */
static void quirks(struct kunit *test)
{
	struct limits_test *t = test->priv;

	put(t->ctrl, 520, 2, 1 << 2 | 1 << 3);
	put(t->ctrl, 77, 1, 5);		/* MDTS: 128 KiB */
	put(t->ns_id, 46, 2, 8);
	t->quirks = SLUICE_QUIRK_WRITE_ZEROES;
	KUNIT_EXPECT_EQ(test, derive(t, 0)->oncs, 1 << 2);
	KUNIT_EXPECT_EQ(test, t->disk.max_write_zeroes_sectors, 0u);
	KUNIT_EXPECT_NE(test, t->disk.max_discard_sectors, 0u);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 8u);
	t->quirks = SLUICE_QUIRK_STRIPE;
	KUNIT_EXPECT_EQ(test, derive(t, 0)->boundary, 256u);
	KUNIT_EXPECT_EQ(test, t->disk.chunk_sectors, 256u);
	KUNIT_EXPECT_EQ(test, derive(t, 1)->boundary, 32u);
}

static void write_protected(struct kunit *test)
{
	struct limits_test *t = test->priv;

	put(t->ns_id, 99, 1, 0xfe);	/* NSATTR */
	KUNIT_EXPECT_FALSE(test, derive(t, 0)->write_protected);
	put(t->ns_id, 99, 1, 1);
	KUNIT_EXPECT_TRUE(test, derive(t, 0)->write_protected);
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(silent_drive),
	KUNIT_CASE(transfers),
	KUNIT_CASE(commands),
	KUNIT_CASE(preferences),
	KUNIT_CASE(odd_preferences),
	KUNIT_CASE(quirks),
	KUNIT_CASE(write_protected),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "sluice-nvme-limits",
	.init = limits_init,
	.test_cases = limits_cases,
};

kunit_test_suites(&limits_suite);
