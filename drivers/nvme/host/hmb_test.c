// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the host's memory that a drive uses
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>

#include "host/hostfake_test.h"

#define MIB	256		/* in pages */

/* A drive that would like 2 MiB */
static int hmb_init(struct kunit *test)
{
	int ret = hostfake_init(test);
	struct hostfake *f = test->priv;

	if (ret)
		return ret;
	f->pdev.dev.coherent_dma_mask = DMA_BIT_MASK(64);
	f->id.hmpre = cpu_to_le32(2 * MIB);
	return 0;
}

static void hmb_exit(struct kunit *test)
{
	struct hostfake *f = test->priv;

	if (f)
		sluice_nvme_hmb_free(&f->ctrl);
	sluice_nvme_max_host_mem_size_mb = 128;
	hostfake_exit(test);
}

static void enable(struct hostfake *f)
{
	f->nr_cmds = 0;
	KUNIT_EXPECT_EQ(f->test, sluice_nvme_hmb_enable(&f->ctrl), 0);
}

/* The only command about it since @nr_cmds was 0; NULL if there was none */
static const struct nvme_cmd *the_cmd(struct hostfake *f)
{
	const struct nvme_cmd *found = NULL;
	unsigned int i;

	for (i = 0; i < f->nr_cmds; i++) {
		if (f->cmds[i].opcode != NVME_ADMIN_SET_FEATURES ||
		    le32_to_cpu(f->cmds[i].cdw10) != 0x0d)
			continue;
		KUNIT_EXPECT_NULL(f->test, found);
		found = &f->cmds[i];
	}
	return found;
}

/* The drive has been given so many pages, in so many pieces */
static void expect_given(struct hostfake *f, u32 dw11, u32 pages, u32 nr)
{
	const struct sluice_nvme_hmb *hmb = &f->host.hmb;
	const struct nvme_cmd *cmd = the_cmd(f);
	u32 sum = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(f->test, cmd);
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(cmd->cdw11), dw11);
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(cmd->cdw12), pages);
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(cmd->cdw13),
			lower_32_bits(hmb->descs_dma));
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(cmd->cdw14),
			upper_32_bits(hmb->descs_dma));
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(cmd->cdw15), nr);
	KUNIT_ASSERT_EQ(f->test, hmb->nr, nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_NE(f->test, le64_to_cpu(hmb->descs[i].addr), 0ull);
		KUNIT_EXPECT_EQ(f->test, le64_to_cpu(hmb->descs[i].addr) % SZ_4K,
				0ull);
		sum += le32_to_cpu(hmb->descs[i].pages);
	}
	KUNIT_EXPECT_EQ(f->test, sum, pages);
}

static void expect_none(struct hostfake *f)
{
	enable(f);
	KUNIT_EXPECT_NULL(f->test, the_cmd(f));
	KUNIT_EXPECT_EQ(f->test, f->host.hmb.nr, 0u);
	KUNIT_EXPECT_NULL(f->test, f->host.hmb.descs);
}

static void does_not_ask(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->id.hmpre = 0;
	expect_none(f);
}

/* A drive that is reset gets the same memory, and is told so */
static void given_again(struct kunit *test)
{
	struct hostfake *f = test->priv;
	dma_addr_t dma;

	enable(f);
	expect_given(f, 1, 2 * MIB, 1);
	dma = f->host.hmb.descs_dma;
	f->nr_cmds = 0;
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_ASSERT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
	expect_given(f, 3, 2 * MIB, 1);
	KUNIT_EXPECT_EQ(test, f->host.hmb.descs_dma, dma);
	/* an older image of the system */
	sluice_nvme_hmb_forget(&f->ctrl);
	enable(f);
	expect_given(f, 1, 2 * MIB, 1);
	/* a drive that is not the same any more */
	f->id.hmpre = 0;
	enable(f);
	KUNIT_EXPECT_NULL(test, the_cmd(f));
	KUNIT_EXPECT_FALSE(test, f->host.hmb.enabled);
}

static void limits(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->id.hmmin = cpu_to_le32(MIB + 1);
	sluice_nvme_max_host_mem_size_mb = 1;
	expect_none(f);
	sluice_nvme_max_host_mem_size_mb = 0;
	f->id.hmmin = 0;
	expect_none(f);
	sluice_nvme_max_host_mem_size_mb = 1;
	f->id.hmmin = cpu_to_le32(MIB);
	enable(f);
	expect_given(f, 1, MIB, 1);
}

/* Pieces of 4 MiB, but not more than the drive can have */
static void pieces(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->id.hmpre = cpu_to_le32(13 * MIB);
	f->id.hmmaxd = cpu_to_le16(3);
	f->id.hmmin = cpu_to_le32(13 * MIB);
	expect_none(f);
	f->id.hmmin = cpu_to_le32(12 * MIB);
	enable(f);
	expect_given(f, 1, 12 * MIB, 3);
	sluice_nvme_hmb_free(&f->ctrl);
	f->id.hmmaxd = 0;
	enable(f);
	expect_given(f, 1, 13 * MIB, 4);
	sluice_nvme_hmb_free(&f->ctrl);
	/* a rest that is too small is left out */
	f->id.hmminds = cpu_to_le32(2 * MIB);
	enable(f);
	expect_given(f, 1, 12 * MIB, 3);
	sluice_nvme_hmb_free(&f->ctrl);
	f->id.hmminds = cpu_to_le32(14 * MIB);
	expect_none(f);
}

/* A piece may be so large that its size has 33 bits */
static void largest_piece(struct kunit *test)
{
	struct hostfake *f = test->priv;

	sluice_nvme_max_host_mem_size_mb = 4096;
	f->id.hmpre = cpu_to_le32(4096 * MIB);
	f->id.hmminds = cpu_to_le32(4096 * MIB);
	/* there is none, but it can be asked for */
	expect_none(f);
}

static void no_memory(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->pdev.dev.coherent_dma_mask = DMA_BIT_MASK(1);
	expect_none(f);
}

/* The drive is used without */
static void refused(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->answer[NVME_ADMIN_SET_FEATURES] = NVME_SC_INVALID_FIELD;
	enable(f);
	KUNIT_EXPECT_NOT_NULL(test, the_cmd(f));
	KUNIT_EXPECT_EQ(test, f->host.hmb.nr, 0u);
	KUNIT_EXPECT_FALSE(test, f->host.hmb.enabled);
}

/* Before its power may go, and not before a mere reset */
static void released(struct kunit *test)
{
	struct hostfake *f = test->priv;
	const struct nvme_cmd *cmd;

	enable(f);
	f->nr_cmds = 0;
	sluice_nvme_reset_hold(&f->ctrl, true);
	cmd = the_cmd(f);
	KUNIT_ASSERT_NOT_NULL(test, cmd);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw11), 0u);
	KUNIT_EXPECT_FALSE(test, f->host.adminq.open);
	f->nr_cmds = 0;
	KUNIT_EXPECT_EQ(test, sluice_nvme_reset_unhold(&f->ctrl), 0);
	expect_given(f, 3, 2 * MIB, 1);
	f->nr_cmds = 0;
	sluice_nvme_reset_hold(&f->ctrl, false);
	KUNIT_EXPECT_NULL(test, the_cmd(f));
	KUNIT_EXPECT_EQ(test, sluice_nvme_reset_unhold(&f->ctrl), 0);
	expect_given(f, 3, 2 * MIB, 1);
}

/* A host that is to be turned off does not wait for an answer as it does else */
static void release_unanswered(struct kunit *test)
{
	struct hostfake *f = test->priv;
	unsigned long begin;

	enable(f);
	f->answer[NVME_ADMIN_SET_FEATURES] = HOSTFAKE_SILENT;
	f->nr_cmds = 0;
	begin = jiffies;
	sluice_nvme_reset_hold(&f->ctrl, true);
	KUNIT_EXPECT_NOT_NULL(test, the_cmd(f));
	/* the time for a shutdown, and for looking; not a minute */
	KUNIT_EXPECT_GE(test, jiffies_to_msecs(jiffies - begin), 5000u);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - begin), 30000u);
	/* and goes on with the shutdown */
	KUNIT_EXPECT_TRUE(test, readl(f->ctrl.bar + NVME_REG_CSTS) &
			  NVME_CSTS_SHST_CMPLT);
}

static struct kunit_case hmb_cases[] = {
	KUNIT_CASE(does_not_ask),
	KUNIT_CASE(given_again),
	KUNIT_CASE(limits),
	KUNIT_CASE(pieces),
	KUNIT_CASE(largest_piece),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(refused),
	KUNIT_CASE(released),
	KUNIT_CASE(release_unanswered),
	{}
};

static struct kunit_suite hmb_suite = {
	.name = "sluice-nvme-hmb",
	.init = hmb_init,
	.exit = hmb_exit,
	.test_cases = hmb_cases,
};

kunit_test_suites(&hmb_suite);
