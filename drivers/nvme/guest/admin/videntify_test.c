// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of Identify
 *
 * Offsets and values are written down here from NVMe 1.4, figures 245 to 249,
 * so that an error in spec.h cannot hide itself. The tests read the answers in
 * guest memory. All bits of the drive's own answers are set: a field that is
 * copied by mistake is seen.
 */
#include <linux/string.h>

#include "guest/vfake_test.h"

#define CNS_NS		0x00
#define CNS_CTRL	0x01
#define CNS_LIST	0x02
#define CNS_DESCS	0x03
#define CNS_NS_CSI	0x05
#define CNS_CTRL_CSI	0x06

#define INVALID_FIELD	VFAKE_DNR(0x002)
#define TRANSFER_ERROR	VFAKE_DNR(0x004)
#define INVALID_NS	VFAKE_DNR(0x00b)
#define INVALID_OFFSET	VFAKE_DNR(0x013)

#define PAGE	4096
#define BUF	0x0000345600000000ull

/* The identity of the fixture's slice */
static const u8 uuid[16] = {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
};

static struct nvme_cmd identify_cmd(u32 cdw10, u32 nsid)
{
	struct nvme_cmd cmd = {
		.opcode	= 0x06,
		.nsid	= cpu_to_le32(nsid),
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(cdw10),
	};

	return cmd;
}

static u32 execute(struct vfake *f, const struct nvme_cmd *cmd)
{
	u32 result;

	return vfake_status(sluice_videntify(&f->vctrl, cmd, &result));
}

/* What the guest gets, in memory that was full of something else before */
static const u8 *identify(struct vfake *f, u32 cdw10, u32 nsid)
{
	struct nvme_cmd cmd = identify_cmd(cdw10, nsid);
	u8 *page = vfake_map(f, BUF)->va;

	memset(page, 0xee, PAGE);
	KUNIT_ASSERT_EQ(f->test, execute(f, &cmd), 0);
	return page;
}

static u64 get_le(const u8 *page, unsigned int off, unsigned int len)
{
	u64 val = 0;

	while (len--)
		val = val << 8 | page[off + len];
	return val;
}

/* Value of a field that has a test of its own */
#define ELSEWHERE	U64_MAX

struct field {
	const char *name;
	unsigned int off;
	unsigned int len;
	u64 value;
};

/* Fields with values, and zeroes everywhere else */
static void expect_fields(struct kunit *test, const u8 *page,
			  const struct field *fields, unsigned int nr)
{
	u8 *rest = kunit_kmalloc(test, PAGE, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, rest);
	memcpy(rest, page, PAGE);
	for (i = 0; i < nr; i++) {
		const struct field *field = &fields[i];

		if (field->value != ELSEWHERE)
			KUNIT_EXPECT_EQ_MSG(test, get_le(page, field->off, field->len),
					    field->value, "%s", field->name);
		memset(rest + field->off, 0, field->len);
	}
	for (i = 0; i < PAGE && !rest[i]; i++)
		;
	KUNIT_EXPECT_EQ_MSG(test, i, (unsigned int)PAGE,
			    "byte %u should be zero", i);
}

static void expect_string(struct kunit *test, const u8 *page, unsigned int off,
			  unsigned int len, const char *text)
{
	unsigned int nr = strlen(text);

	KUNIT_ASSERT_LE(test, nr, len);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(page + off, text, nr), 0, "%s: %.*s",
			    text, len, page + off);
	/* spaces to the end and no terminator */
	KUNIT_EXPECT_NULL(test, memchr_inv(page + off + nr, ' ', len - nr));
}

static void controller(struct kunit *test)
{
	static const struct field fields[] = {
		{ "VID", 0, 2, 0xffff },
		{ "SSVID", 2, 2, 0xffff },
		{ "SN", 4, 20, ELSEWHERE },
		{ "MN", 24, 40, ELSEWHERE },
		{ "FR", 64, 8, ELSEWHERE },
		{ "RAB", 72, 1, 0xff },
		{ "IEEE", 73, 3, 0 },
		{ "CMIC", 76, 1, 0 },
		{ "MDTS", 77, 1, 8 },		/* 1 MiB in pages of 4 KiB */
		{ "CNTLID", 78, 2, 1 },
		{ "VER", 80, 4, 0x00010400 },
		{ "RTD3R", 84, 4, 0xffffffff },
		{ "RTD3E", 88, 4, 0xffffffff },
		{ "OAES", 92, 4, 0 },
		{ "CTRATT", 96, 4, 0 },
		{ "CNTRLTYPE", 111, 1, 1 },	/* I/O controller */
		{ "OACS", 256, 2, 0x100 },	/* shadow doorbells */
		{ "ACL", 258, 1, 3 },
		{ "AERL", 259, 1, 3 },
		{ "FRMW", 260, 1, 0x03 },	/* one slot, read-only */
		{ "LPA", 261, 1, 0x06 },	/* effects log, offsets */
		{ "ELPE", 262, 1, 7 },
		{ "NPSS", 263, 1, 0 },
		{ "AVSCC", 264, 1, 0 },
		{ "APSTA", 265, 1, 0 },
		{ "WCTEMP", 266, 2, 0xffff },
		{ "CCTEMP", 268, 2, 0xffff },
		{ "SANICAP", 328, 4, 0 },
		{ "SQES", 512, 1, 0x66 },
		{ "CQES", 513, 1, 0x44 },
		{ "MAXCMD", 514, 2, 0 },
		{ "NN", 516, 4, 1 },
		/* Compare, DSM, Write Zeroes, Timestamp, Verify */
		{ "ONCS", 520, 2, 0x00cd },
		{ "FUSES", 522, 2, 0 },
		{ "FNA", 524, 1, 0 },
		{ "VWC", 525, 1, 0x07 },	/* present, flush takes all */
		{ "AWUN", 526, 2, 0xffff },
		{ "AWUPF", 528, 2, 0xffff },
		{ "ACWU", 532, 2, 0 },
		{ "SGLS", 536, 4, 0 },
		{ "SUBNQN", 768, 256, ELSEWHERE },
		{ "PSD0 MP", 2048, 2, 0xffff },
		{ "PSD0 flags", 2051, 1, 0x01 },
	};
	struct vfake *f = test->priv;
	const u8 *page;

	memset(&f->id, 0xff, sizeof(f->id));
	page = identify(f, CNS_CTRL, 0);
	expect_fields(test, page, fields, ARRAY_SIZE(fields));
}

static void controller_strings(struct kunit *test)
{
	static const char nqn[] =
		"nqn.2014-08.org.nvmexpress:uuid:01234567-89ab-cdef-0123-456789abcdef";
	struct vfake *f = test->priv;
	const u8 *page = identify(f, CNS_CTRL, 0);

	expect_string(test, page, 4, 20, "01234567cccc4444cccc");
	expect_string(test, page, 24, 40, "Sluice NVMe slice");
	expect_string(test, page, 64, 8, SLUICE_VERSION);
	/* this one is UTF-8 with a terminator */
	KUNIT_EXPECT_STREQ(test, (const char *)page + 768, nqn);
	KUNIT_EXPECT_NULL(test, memchr_inv(page + 768 + sizeof(nqn), 0,
					   256 - sizeof(nqn)));
}

/* Two virtual machines of Proxmox VE, and two devices of one of them */
static void serials_differ(struct kunit *test)
{
	static const char * const uuids[] = {
		"00000000-0000-0000-0000-000000000101",
		"00000000-0000-0000-0000-000000000102",
		"00000001-0000-0000-0000-000000000101",
		"00000001-0000-0000-0000-000000010101",
	};
	struct vfake *f = test->priv;
	u8 serial[ARRAY_SIZE(uuids)][20];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(uuids); i++) {
		KUNIT_ASSERT_EQ(test,
				uuid_parse(uuids[i], &f->sdev.info.uuid), 0);
		memcpy(serial[i], identify(f, CNS_CTRL, 0) + 4, 20);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_MEMNEQ(test, serial[i], serial[j], 20);
	}
}

/* Nothing is promised that the drive cannot do */
static void controller_of_a_small_drive(struct kunit *test)
{
	struct vfake *f = test->priv;
	const u8 *page;

	memset(&f->id, 0, sizeof(f->id));
	f->ns.limits.oncs = 0;
	f->ns.limits.max_xfer = SZ_4K;
	page = identify(f, CNS_CTRL, 0);
	KUNIT_EXPECT_EQ(test, get_le(page, 520, 2), 0x0040ull);	/* Timestamp */
	KUNIT_EXPECT_EQ(test, get_le(page, 525, 1), 0x06ull);	/* no cache */
	KUNIT_EXPECT_EQ(test, get_le(page, 77, 1), 0ull);
	f->ns.limits.max_xfer = SZ_128K;
	page = identify(f, CNS_CTRL, 0);
	KUNIT_EXPECT_EQ(test, get_le(page, 77, 1), 5ull);
	f->ns.limits.oncs = 0xff32;
	page = identify(f, CNS_CTRL, 0);
	KUNIT_EXPECT_EQ(test, get_le(page, 520, 2), 0x0040ull);
}

static void namespace(struct kunit *test)
{
	static const struct field fields[] = {
		{ "NSZE", 0, 8, VFAKE_BLOCKS },
		{ "NCAP", 8, 8, VFAKE_BLOCKS },
		{ "NUSE", 16, 8, VFAKE_BLOCKS },
		{ "NSFEAT", 24, 1, 0 },
		{ "NLBAF", 25, 1, 0 },		/* one format */
		{ "FLBAS", 26, 1, 0 },
		{ "MC", 27, 1, 0 },
		{ "DPC", 28, 1, 0 },
		{ "DPS", 29, 1, 0 },
		{ "NMIC", 30, 1, 0 },
		{ "RESCAP", 31, 1, 0 },
		{ "DLFEAT", 33, 1, 0x0f },	/* but for the guard */
		{ "NGUID", 104, 16, ELSEWHERE },
		{ "EUI64", 120, 8, 0 },
		{ "LBAF0", 128, 4, 0x00090000 },
	};
	struct vfake *f = test->priv;
	const u8 *page;

	memset(&f->ns_id, 0xff, sizeof(f->ns_id));
	page = identify(f, CNS_NS, 1);
	expect_fields(test, page, fields, ARRAY_SIZE(fields));
	KUNIT_EXPECT_EQ(test, memcmp(page + 104, uuid, 16), 0);

	f->ns.lba_shift = 12;
	page = identify(f, CNS_NS, 1);
	KUNIT_EXPECT_EQ(test, get_le(page, 128, 4), 0x000c0000ull);
}

/* What the drive prefers, if the slice begins where that makes sense */
static void preferences(struct kunit *test)
{
	static const struct field fields[] = {
		{ "NSZE", 0, 8, VFAKE_BLOCKS },
		{ "NCAP", 8, 8, VFAKE_BLOCKS },
		{ "NUSE", 16, 8, VFAKE_BLOCKS },
		{ "NSFEAT", 24, 1, 1 << 4 },
		{ "NOIOB", 46, 2, 256 },
		{ "NPWG", 64, 2, 7 },
		{ "NPWA", 66, 2, 3 },
		{ "NPDG", 68, 2, 63 },
		{ "NPDA", 70, 2, 31 },
		{ "NOWS", 72, 2, 15 },
		{ "NSATTR", 99, 1, 1 },
		{ "NGUID", 104, 16, ELSEWHERE },
		{ "LBAF0", 128, 4, 0x00090000 },
	};
	struct vfake *f = test->priv;
	struct sluice_nvme_limits *l = &f->ns.limits;
	const u8 *page;

	l->boundary = 256;
	l->write_granularity = 8;
	l->write_alignment = 4;
	l->optimal_write = 16;
	l->discard_granularity = 64;
	l->discard_alignment = 32;
	l->write_protected = true;
	expect_fields(test, identify(f, CNS_NS, 1), fields, ARRAY_SIZE(fields));

	f->vctrl.start = VFAKE_START + 8;
	page = identify(f, CNS_NS, 1);
	KUNIT_EXPECT_EQ(test, get_le(page, 24, 1), 1ull << 4);
	KUNIT_EXPECT_EQ(test, get_le(page, 46, 2), 0ull);
	KUNIT_EXPECT_EQ(test, get_le(page, 64, 2), 7ull);
	KUNIT_EXPECT_EQ(test, get_le(page, 68, 4), 0ull);
	KUNIT_EXPECT_EQ(test, get_le(page, 72, 2), 15ull);

	f->vctrl.start = VFAKE_START + 64;
	l->write_granularity = 24;
	page = identify(f, CNS_NS, 1);
	KUNIT_EXPECT_EQ(test, get_le(page, 64, 4), 0ull);
	KUNIT_EXPECT_EQ(test, get_le(page, 68, 4), 31ull << 16 | 63);
	KUNIT_EXPECT_EQ(test, get_le(page, 72, 2), 0ull);

	f->vctrl.start = VFAKE_START + 1;
	page = identify(f, CNS_NS, 1);
	KUNIT_EXPECT_EQ(test, get_le(page, 24, 1), 0ull);
	KUNIT_EXPECT_EQ(test, get_le(page, 64, 8), 0ull);
}

/* Blocks without metadata have no storage tag and no protection */
static void formats(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd cmd = identify_cmd(CNS_NS_CSI, 1);

	memset(&f->ns_id, 0xff, sizeof(f->ns_id));
	KUNIT_EXPECT_NULL(test, memchr_inv(identify(f, CNS_NS_CSI, 1), 0, PAGE));
	/* the zoned command set */
	cmd.cdw11 = cpu_to_le32(2 << 24);
	KUNIT_EXPECT_EQ(test, execute(f, &cmd), INVALID_FIELD);
}

/* The limits of commands without data */
static void command_limits(struct kunit *test)
{
	static const struct field fields[] = {
		{ "VSL", 0, 1, 7 },
		{ "WZSL", 1, 1, 3 },
		{ "DMRL", 3, 1, 255 },
		{ "DMRSL", 4, 4, 0x12345678 },
		{ "DMSL", 8, 8, 0x123456789abcdefull },
	};
	struct vfake *f = test->priv;
	struct sluice_nvme_limits *l = &f->ns.limits;
	struct nvme_cmd cmd = identify_cmd(CNS_CTRL_CSI, 0);

	/* none */
	KUNIT_EXPECT_NULL(test, memchr_inv(identify(f, CNS_CTRL_CSI, 0), 0, PAGE));
	l->verify = 1024;
	l->write_zeroes = 64;
	l->dsm_ranges = 255;
	l->dsm_range = 0x12345678;
	l->dsm_blocks = 0x123456789abcdefull;
	expect_fields(test, identify(f, CNS_CTRL_CSI, 0), fields,
		      ARRAY_SIZE(fields));
	f->ns.lba_shift = 12;
	l->verify = 128;
	l->write_zeroes = 8;
	expect_fields(test, identify(f, CNS_CTRL_CSI, 0), fields,
		      ARRAY_SIZE(fields));
	/* another command set, of which a guest has none */
	cmd.cdw11 = cpu_to_le32(2 << 24);
	KUNIT_EXPECT_EQ(test, execute(f, &cmd), INVALID_FIELD);
}

static void descriptors(struct kunit *test)
{
	struct vfake *f = test->priv;
	const u8 *page = identify(f, CNS_DESCS, 1);

	KUNIT_EXPECT_EQ(test, get_le(page, 0, 4), 0x00001002ull);	/* NGUID */
	KUNIT_EXPECT_EQ(test, memcmp(page + 4, uuid, 16), 0);
	KUNIT_EXPECT_EQ(test, get_le(page, 20, 4), 0x00001003ull);	/* UUID */
	KUNIT_EXPECT_EQ(test, memcmp(page + 24, uuid, 16), 0);
	/* a descriptor of length zero ends the list */
	KUNIT_EXPECT_NULL(test, memchr_inv(page + 40, 0, PAGE - 40));
}

static void active_list(struct kunit *test)
{
	static const u32 none_above[] = { 1, 2, 0x100, 0xfffffffd };
	static const u32 invalid[] = { 0xfffffffe, 0xffffffff };
	struct vfake *f = test->priv;
	struct nvme_cmd cmd;
	unsigned int i;
	const u8 *page;

	/* whatever was in the scratch page before */
	identify(f, CNS_CTRL, 0);
	page = identify(f, CNS_LIST, 0);
	KUNIT_EXPECT_EQ(test, get_le(page, 0, 4), 1ull);
	KUNIT_EXPECT_NULL(test, memchr_inv(page + 4, 0, PAGE - 4));
	for (i = 0; i < ARRAY_SIZE(none_above); i++) {
		page = identify(f, CNS_LIST, none_above[i]);
		KUNIT_EXPECT_NULL(test, memchr_inv(page, 0, PAGE));
	}
	for (i = 0; i < ARRAY_SIZE(invalid); i++) {
		cmd = identify_cmd(CNS_LIST, invalid[i]);
		KUNIT_EXPECT_EQ(test, execute(f, &cmd), INVALID_NS);
	}
}

static void wrong_namespaces(struct kunit *test)
{
	static const u32 wrong[] = { 0, 2, VFAKE_NSID, 0x10001, U32_MAX };
	static const u8 cns[] = { CNS_NS, CNS_DESCS, CNS_NS_CSI };
	struct vfake *f = test->priv;
	u8 *page = vfake_map(f, BUF)->va;
	unsigned int i, j;

	memset(page, 0xee, PAGE);
	for (i = 0; i < ARRAY_SIZE(cns); i++) {
		for (j = 0; j < ARRAY_SIZE(wrong); j++) {
			struct nvme_cmd cmd = identify_cmd(cns[i], wrong[j]);

			KUNIT_EXPECT_EQ(test, execute(f, &cmd), INVALID_NS);
		}
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0xee, PAGE));
}

static void other_structures(struct kunit *test)
{
	struct vfake *f = test->priv;
	u8 *page = vfake_map(f, BUF)->va;
	unsigned int cns;

	memset(page, 0xee, PAGE);
	for (cns = CNS_DESCS + 1; cns < 256; cns++) {
		struct nvme_cmd cmd = identify_cmd(cns, 1);

		if (cns == CNS_NS_CSI || cns == CNS_CTRL_CSI)
			continue;
		KUNIT_EXPECT_EQ(test, execute(f, &cmd), INVALID_FIELD);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0xee, PAGE));
}

/* The controller identifier in dword 10 selects nothing here */
static void upper_half_of_dword_10(struct kunit *test)
{
	struct vfake *f = test->priv;

	KUNIT_EXPECT_EQ(test, get_le(identify(f, 0xffff0000 | CNS_NS, 1), 0, 8),
			VFAKE_BLOCKS);
}

static void where_it_goes(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd cmd = identify_cmd(CNS_CTRL, 0);
	u8 *first = vfake_map(f, BUF)->va;
	u8 *second = vfake_map(f, BUF + 5 * PAGE)->va;
	u8 *whole = kunit_kmalloc(test, PAGE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, whole);
	memcpy(whole, identify(f, CNS_CTRL, 0), PAGE);
	memset(first, 0xee, PAGE);
	memset(second, 0xee, PAGE);
	cmd.prp1 = cpu_to_le64(BUF + 1000);
	cmd.prp2 = cpu_to_le64(BUF + 5 * PAGE);
	KUNIT_EXPECT_EQ(test, execute(f, &cmd), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(first, 0xee, 1000));
	KUNIT_EXPECT_EQ(test, memcmp(first + 1000, whole, PAGE - 1000), 0);
	KUNIT_EXPECT_EQ(test, memcmp(second, whole + PAGE - 1000, 1000), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(second + 1000, 0xee, PAGE - 1000));

	cmd.prp1 = cpu_to_le64(BUF + 1001);
	KUNIT_EXPECT_EQ(test, execute(f, &cmd), INVALID_OFFSET);
	cmd.prp1 = cpu_to_le64(BUF + 1000);
	cmd.prp2 = cpu_to_le64(BUF + 5 * PAGE + 8);
	KUNIT_EXPECT_EQ(test, execute(f, &cmd), INVALID_OFFSET);
	cmd.prp2 = cpu_to_le64(BUF + 9 * PAGE);
	KUNIT_EXPECT_EQ(test, execute(f, &cmd), TRANSFER_ERROR);
	vfake_page(f, BUF)->err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, execute(f, &cmd), VFAKE_RETRY);
}

static struct kunit_case videntify_cases[] = {
	KUNIT_CASE(controller),
	KUNIT_CASE(controller_strings),
	KUNIT_CASE(serials_differ),
	KUNIT_CASE(controller_of_a_small_drive),
	KUNIT_CASE(namespace),
	KUNIT_CASE(preferences),
	KUNIT_CASE(formats),
	KUNIT_CASE(command_limits),
	KUNIT_CASE(descriptors),
	KUNIT_CASE(active_list),
	KUNIT_CASE(wrong_namespaces),
	KUNIT_CASE(other_structures),
	KUNIT_CASE(upper_half_of_dword_10),
	KUNIT_CASE(where_it_goes),
	{}
};

static struct kunit_suite videntify_suite = {
	.name = "sluice-nvme-videntify",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = videntify_cases,
};

kunit_test_suites(&videntify_suite);
