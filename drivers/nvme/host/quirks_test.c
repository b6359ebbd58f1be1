// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what is done about drives with something wrong
 */
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/jiffies.h>

#include "host/hostfake_test.h"

static void set_model(struct nvme_id_ctrl *id, const char *model)
{
	memset(id->mn, ' ', sizeof(id->mn));
	memcpy(id->mn, model, strlen(model));
}

static void set_firmware(struct nvme_id_ctrl *id, const char *firmware)
{
	memset(id->fr, ' ', sizeof(id->fr));
	memcpy(id->fr, firmware, strlen(firmware));
}

static void look_up(struct kunit *test)
{
	struct hostfake *f = test->priv;

	/* a drive of QEMU, one of Intel, and one that nothing is known of */
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x1b36, 0x0010, NULL),
			(u32)SLUICE_QUIRK_IDS);
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x8086, 0xf1a5, NULL),
			(u32)(SLUICE_QUIRK_DEEP_SLEEP | SLUICE_QUIRK_PRIORITY |
			      SLUICE_QUIRK_WRITE_ZEROES));
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x8086, 0x0010, NULL), 0u);
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x1b36, 0x0011, NULL), 0u);

	/* some are known by their model only, the whole of it */
	set_model(&f->id, "Samsung Portable SSD X5");
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x144d, 0xa808, NULL), 0u);
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x144d, 0xa808, &f->id),
			(u32)(SLUICE_QUIRK_SLOW_READY |
			      SLUICE_QUIRK_DEEP_SLEEP | SLUICE_QUIRK_SUBNQN));
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x144e, 0xa808, &f->id), 0u);
	set_model(&f->id, "Samsung Portable SSD X50");
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x144d, 0xa808, &f->id), 0u);
	set_model(&f->id, "Samsung Portable SSD");
	KUNIT_EXPECT_EQ(test, sluice_nvme_quirks(0x144d, 0xa808, &f->id), 0u);
}

static void by_firmware(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct sluice_nvme_quirk q = { .vendor = 0x14a4, .device = 0x22f1,
				       .firmware = "2230111" };

	/* not before Identify has been read, and only the whole revision */
	set_model(&f->id, "CL1");
	set_firmware(&f->id, "2230111");
	KUNIT_EXPECT_FALSE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, NULL));
	KUNIT_EXPECT_TRUE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, &f->id));
	KUNIT_EXPECT_FALSE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f2, &f->id));
	KUNIT_EXPECT_FALSE(test, sluice_nvme_quirk_matches(&q, 0x14a5, 0x22f1, &f->id));
	set_firmware(&f->id, "22301112");
	KUNIT_EXPECT_FALSE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, &f->id));
	set_firmware(&f->id, "223011");
	KUNIT_EXPECT_FALSE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, &f->id));

	/* one without padding */
	q.firmware = "22301111";
	set_firmware(&f->id, "22301111");
	KUNIT_EXPECT_TRUE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, &f->id));

	/* an entry with a model as well needs both */
	q.model = "CL1";
	KUNIT_EXPECT_TRUE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, &f->id));
	set_model(&f->id, "CL2");
	KUNIT_EXPECT_FALSE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, &f->id));
	set_model(&f->id, "CL1");
	set_firmware(&f->id, "22301112");
	KUNIT_EXPECT_FALSE(test, sluice_nvme_quirk_matches(&q, 0x14a4, 0x22f1, &f->id));
}

static void restart(struct hostfake *f)
{
	f->nr_cmds = 0;
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_ASSERT_EQ(f->test, f->ctrl.state, SLUICE_NVME_LIVE);
}

/* Known when Identify has been read, and from then on */
static void known_by_model(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->pdev.vendor = 0x1e0f;
	set_model(&f->id, "KCD6XVUL6T40");
	restart(f);
	KUNIT_EXPECT_EQ(test, f->host.quirks, (u32)SLUICE_QUIRK_DEEP_SLEEP);
}

static void slow_ready(struct kunit *test)
{
	struct hostfake *f = test->priv;
	unsigned long begin = jiffies;

	f->host.quirks = SLUICE_QUIRK_SLOW_READY;
	KUNIT_EXPECT_EQ(test, sluice_nvme_ctrl_disable(&f->ctrl), 0);
	KUNIT_EXPECT_GE(test, jiffies_to_msecs(jiffies - begin), 2300u);
}

/* Is one of the commands this one, with data? */
static bool has_cmd(struct hostfake *f, u8 opcode, u32 cdw10)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, f->nr_cmds, HOSTFAKE_CMDS); i++) {
		if (f->cmds[i].opcode == opcode &&
		    le32_to_cpu(f->cmds[i].cdw10) == cdw10)
			return true;
	}
	return false;
}

/* Autonomous Power State Transitions are switched off, if there are any */
static void deep_sleep(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->id.apsta = 1;
	restart(f);
	KUNIT_EXPECT_FALSE(test, has_cmd(f, NVME_ADMIN_SET_FEATURES, 0x0c));
	f->host.quirks = SLUICE_QUIRK_DEEP_SLEEP;
	restart(f);
	KUNIT_EXPECT_TRUE(test, has_cmd(f, NVME_ADMIN_SET_FEATURES, 0x0c));
	f->id.apsta = 0;
	restart(f);
	KUNIT_EXPECT_FALSE(test, has_cmd(f, NVME_ADMIN_SET_FEATURES, 0x0c));
}

static u32 create_sq(struct hostfake *f)
{
	struct sluice_nvme_cq cq = { .ctrl = &f->ctrl, .qid = 2 };
	struct sluice_nvme_sq sq = { .ctrl = &f->ctrl, .cq = &cq, .qid = 2, .depth = 4 };
	int ret;

	f->nr_cmds = 0;
	mutex_lock(&f->ctrl.reset_lock);
	ret = sluice_nvme_sq_create(&sq);
	mutex_unlock(&f->ctrl.reset_lock);
	KUNIT_ASSERT_EQ(f->test, ret, 0);
	KUNIT_ASSERT_EQ(f->test, f->cmds[0].opcode, NVME_ADMIN_CREATE_SQ);
	return le32_to_cpu(f->cmds[0].cdw11);
}

static void priority(struct kunit *test)
{
	struct hostfake *f = test->priv;

	KUNIT_EXPECT_EQ(test, create_sq(f), 2u << 16 | 1);
	f->host.quirks = SLUICE_QUIRK_PRIORITY;
	KUNIT_EXPECT_EQ(test, create_sq(f), 2u << 16 | 2 << 1 | 1);
}

/* Find the drive's namespace anew */
static const struct sluice_nvme_ns *scan(struct hostfake *f, u32 quirks)
{
	f->host.quirks = quirks;
	f->nr_cmds = 0;
	sluice_nvme_ns_free_all(&f->ctrl);
	KUNIT_EXPECT_EQ(f->test, sluice_nvme_ns_scan(&f->ctrl), 0);
	KUNIT_ASSERT_FALSE(f->test, list_empty(&f->ctrl.namespaces));
	return list_first_entry(&f->ctrl.namespaces, struct sluice_nvme_ns,
				list);
}

static void identify(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->id.ver = cpu_to_le32(NVME_VS(1, 4, 0));
	f->id.nn = cpu_to_le32(1);
	f->ns_id.nsze = cpu_to_le64(1000);
	f->ns_id.lbaf[0].lbads = 9;
	f->ns_id.nguid[0] = 1;
	f->descs[0] = NVME_NIDT_UUID;
	f->descs[1] = 16;
	f->descs[4] = 1;

	KUNIT_EXPECT_EQ(test, scan(f, 0)->nidt, NVME_NIDT_UUID);
	KUNIT_EXPECT_TRUE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 2));
	KUNIT_EXPECT_TRUE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 3));
	KUNIT_EXPECT_EQ(test, scan(f, SLUICE_QUIRK_NO_DESCS)->nidt,
			NVME_NIDT_NGUID);
	KUNIT_EXPECT_TRUE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 2));
	KUNIT_EXPECT_FALSE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 3));
	scan(f, SLUICE_QUIRK_OLD_IDENTIFY);
	KUNIT_EXPECT_FALSE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 2));
	KUNIT_EXPECT_FALSE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 3));
	/* the namespace is named after the drive's serial number instead */
	KUNIT_EXPECT_EQ(test, scan(f, SLUICE_QUIRK_IDS)->nidt, 0);
	/* and is not taken for another if they change */
	f->ns_id.nguid[0] = 2;
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(list_first_entry(&f->ctrl.namespaces,
								    struct sluice_nvme_ns,
								    list)), 0);
	restart(f);
	KUNIT_EXPECT_TRUE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 6));
	f->host.quirks = SLUICE_QUIRK_OLD_IDENTIFY;
	restart(f);
	KUNIT_EXPECT_FALSE(test, has_cmd(f, NVME_ADMIN_IDENTIFY, 6));
}

static void one_vector(struct kunit *test)
{
	struct hostfake *f = test->priv;

	/* queues of 64 entries, the NVM command set */
	writel(63, f->ctrl.bar + NVME_REG_CAP);
	writel(1 << 5, f->ctrl.bar + NVME_REG_CAP + 4);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ctrl_check(&f->ctrl), 0);
	f->host.quirks = SLUICE_QUIRK_ONE_VECTOR;
	KUNIT_EXPECT_EQ(test, sluice_nvme_ctrl_check(&f->ctrl), -EOPNOTSUPP);
}

static void narrow_dma(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->pdev.dev.dma_mask = &f->pdev.dma_mask;
	f->pdev.dev.dma_parms = &f->pdev.dma_parms;
	f->pdev.dma_mask = DMA_BIT_MASK(32);
	sluice_nvme_dma_init(&f->ctrl);
	KUNIT_EXPECT_EQ(test, f->pdev.dma_mask, DMA_BIT_MASK(64));
	f->host.quirks = SLUICE_QUIRK_DMA_48;
	sluice_nvme_dma_init(&f->ctrl);
	KUNIT_EXPECT_EQ(test, f->pdev.dma_mask, DMA_BIT_MASK(48));
}

static struct kunit_case quirks_cases[] = {
	KUNIT_CASE(look_up),
	KUNIT_CASE(by_firmware),
	KUNIT_CASE(known_by_model),
	KUNIT_CASE(slow_ready),
	KUNIT_CASE(deep_sleep),
	KUNIT_CASE(priority),
	KUNIT_CASE(identify),
	KUNIT_CASE(one_vector),
	KUNIT_CASE(narrow_dma),
	{}
};

static struct kunit_suite quirks_suite = {
	.name = "sluice-nvme-quirks",
	.init = hostfake_init,
	.exit = hostfake_exit,
	.test_cases = quirks_cases,
};

kunit_test_suites(&quirks_suite);
