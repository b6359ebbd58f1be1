// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what a controller says about its commands
 *
 * A guest learns of a command from Identify Controller (ONCS, OACS) and from
 * the log page Commands Supported and Effects; then it uses the command. All
 * three have to agree. Opcodes and bits are written down here from NVMe 1.4,
 * sections 5 and 6 and figures 198 and 247.
 */
#include <linux/string.h>

#include "guest/vfake_test.h"

#define BUF	0x0000345600000000ull

#define GET_LOG_PAGE	0x02
#define IDENTIFY	0x06
#define DBBUF_CONFIG	0x7c

#define CNS_CTRL	1u
#define LOG_EFFECTS	5u

#define ONCS_OFFSET	520
#define ONCS_TIMESTAMP	0x0040u
#define OACS_OFFSET	256
#define OACS_DBBUF	0x0100u

#define CSUPP		1u	/* the command is supported */

#define INVALID_OPCODE	VFAKE_DNR(0x001)

/* Commands that not all drives have, and the bits of ONCS that tell */
static const struct {
	u8 opcode;
	u16 oncs;
} optional[] = {
	{ 0x05, 1 << 0 },	/* Compare */
	{ 0x09, 1 << 2 },	/* Dataset Management */
	{ 0x08, 1 << 3 },	/* Write Zeroes */
	{ 0x0c, 1 << 7 },	/* Verify */
};

/**
 * struct told - what a guest is told about commands
 * @oncs: Optional NVM Command Support
 * @oacs: Optional Admin Command Support
 * @log: the log page Commands Supported and Effects
 */
struct told {
	u16 oncs;
	u16 oacs;
	struct {
		__le32 acs[256];
		__le32 iocs[256];
	} log;
};

static u32 execute(struct vfake *f, const struct nvme_cmd *cmd)
{
	u32 result = 0;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vadmin_execute(&f->vctrl, cmd, &result));
}

static u32 execute_opcode(struct vfake *f, u8 opcode)
{
	struct nvme_cmd cmd = {
		.opcode	= opcode,
		.prp1	= cpu_to_le64(BUF),
	};

	return execute(f, &cmd);
}

static u32 translate_opcode(struct vfake *f, struct sluice_vslot *slot,
			    u8 opcode)
{
	struct nvme_cmd out, in = {
		.opcode	= opcode,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(BUF),
	};

	return vfake_status(sluice_vio_translate(&f->vctrl, slot, &in, &out));
}

static u16 get_le16(const u8 *page, unsigned int off)
{
	return page[off] | page[off + 1] << 8;
}

static void ask(struct vfake *f, struct told *told)
{
	struct nvme_cmd identify = {
		.opcode	= IDENTIFY,
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(CNS_CTRL),
	};
	struct nvme_cmd get_log = {
		.opcode	= GET_LOG_PAGE,
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(1023 << 16 | LOG_EFFECTS),
	};
	const u8 *page = vfake_map(f, BUF)->va;

	KUNIT_ASSERT_EQ(f->test, execute(f, &identify), 0);
	told->oncs = get_le16(page, ONCS_OFFSET);
	told->oacs = get_le16(page, OACS_OFFSET);
	KUNIT_ASSERT_EQ(f->test, execute(f, &get_log), 0);
	memcpy(&told->log, page, sizeof(told->log));
}

static struct told *told_new(struct vfake *f)
{
	struct told *told = kunit_kzalloc(f->test, sizeof(*told), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(f->test, told);
	return told;
}

/* A command is in the log if it is executed, and is not there at all if not */
static void expect_agreement(struct vfake *f, const char *queue, u8 opcode,
			     __le32 effects, u32 status)
{
	bool supported = status != INVALID_OPCODE;

	KUNIT_EXPECT_EQ_MSG(f->test, le32_to_cpu(effects) & CSUPP,
			    supported ? CSUPP : 0, "%s command %#x", queue,
			    opcode);
	if (!supported)
		KUNIT_EXPECT_EQ_MSG(f->test, le32_to_cpu(effects), 0u,
				    "%s command %#x", queue, opcode);
}

static void expect_io_agreement(struct vfake *f, struct told *told, u16 oncs)
{
	struct sluice_vslot *slot = vfake_slot(f);
	unsigned int i;

	f->ns.limits.oncs = oncs;
	ask(f, told);
	/* so that Dataset Management finds a range in the slice there */
	memset(vfake_page(f, BUF)->va, 0, SLUICE_NVME_PAGE);
	for (i = 0; i < 256; i++)
		expect_agreement(f, "I/O", i, told->log.iocs[i],
				 translate_opcode(f, slot, i));
	for (i = 0; i < ARRAY_SIZE(optional); i++) {
		u16 bit = oncs & optional[i].oncs;

		KUNIT_EXPECT_EQ(f->test, told->oncs & optional[i].oncs, (int)bit);
		KUNIT_EXPECT_EQ(f->test,
				le32_to_cpu(told->log.iocs[optional[i].opcode]) &
				CSUPP, bit ? CSUPP : 0);
	}
}

/* With each selection of what a drive may have, and of bits that mean nothing */
static void io_commands_agree(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct told *told = told_new(f);
	unsigned int selection, i;
	u16 oncs, all = 0;

	for (i = 0; i < ARRAY_SIZE(optional); i++)
		all |= optional[i].oncs;
	for (selection = 0; selection < 1 << ARRAY_SIZE(optional); selection++) {
		oncs = 0;
		for (i = 0; i < ARRAY_SIZE(optional); i++)
			if (selection & 1 << i)
				oncs |= optional[i].oncs;
		expect_io_agreement(f, told, oncs);
		/* the slice has the timestamp, whatever the drive has */
		KUNIT_EXPECT_EQ(test, (u32)told->oncs, oncs | ONCS_TIMESTAMP);
		expect_io_agreement(f, told, oncs | (u16)~all);
		KUNIT_EXPECT_EQ(test, (u32)told->oncs, oncs | ONCS_TIMESTAMP);
	}
}

/* What the drive lacks is refused, and nothing tells the guest of it */
static void io_command_lacking(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct told *told = told_new(f);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(optional); i++) {
		u8 opcode = optional[i].opcode;

		f->ns.limits.oncs = ~optional[i].oncs;
		ask(f, told);
		KUNIT_EXPECT_EQ(test, translate_opcode(f, slot, opcode),
				INVALID_OPCODE);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(told->log.iocs[opcode]), 0u);
		KUNIT_EXPECT_EQ(test, told->oncs & optional[i].oncs, 0);
	}
}

static void expect_admin_agreement(struct vfake *f, struct told *told)
{
	unsigned int opcode;

	ask(f, told);
	for (opcode = 0; opcode < 256; opcode++)
		expect_agreement(f, "admin", opcode, told->log.acs[opcode],
				 execute_opcode(f, opcode));
}

static void admin_commands_agree(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct told *told = told_new(f);
	bool offered = sluice_vdbbuf_offered;

	sluice_vdbbuf_offered = true;
	expect_admin_agreement(f, told);
	KUNIT_EXPECT_EQ(test, (u32)told->oacs, OACS_DBBUF);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(told->log.acs[DBBUF_CONFIG]), CSUPP);

	sluice_vdbbuf_offered = false;
	expect_admin_agreement(f, told);
	KUNIT_EXPECT_EQ(test, execute_opcode(f, DBBUF_CONFIG), INVALID_OPCODE);
	KUNIT_EXPECT_EQ(test, (u32)told->oacs, 0u);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(told->log.acs[DBBUF_CONFIG]), 0u);
	sluice_vdbbuf_offered = offered;
}

static struct kunit_case vcommand_cases[] = {
	KUNIT_CASE(io_commands_agree),
	KUNIT_CASE(io_command_lacking),
	KUNIT_CASE(admin_commands_agree),
	{}
};

static struct kunit_suite vcommand_suite = {
	.name = "sluice-nvme-vcommand",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vcommand_cases,
};

kunit_test_suites(&vcommand_suite);
