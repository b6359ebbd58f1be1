// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the registers of a virtual controller
 *
 * Offsets and bits are written down here from NVMe 1.4, section 3.1, so that an
 * error in spec.h cannot hide itself.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "spec.h"
#include "guest/vregs.h"

#define CAP	0x00
#define VS	0x08
#define INTMS	0x0c
#define INTMC	0x10
#define CC	0x14
#define CSTS	0x1c
#define NSSR	0x20
#define AQA	0x24
#define ASQ	0x28
#define ACQ	0x30
#define BEYOND	0x38	/* first byte after the last register */

#define EN		0x00000001
#define SHN_NORMAL	0x00004000
#define SHN_ABRUPT	0x00008000
#define SIZES		0x00460000	/* entries of 64 and 16 bytes */
#define RDY		0x00000001
#define CFS		0x00000002
#define SHST_MASK	0x0000000c
#define SHST_OCCURRING	0x00000004
#define SHST_COMPLETE	0x00000008

#define DEPTH	1024

static struct sluice_vregs *regs_new(struct kunit *test, u32 depth)
{
	struct sluice_vregs *regs;

	regs = kunit_kmalloc(test, sizeof(*regs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, regs);
	memset(regs, 0xa5, sizeof(*regs));
	sluice_vregs_init(regs, depth);
	return regs;
}

static u64 regs_get(const struct sluice_vregs *regs, u32 off, unsigned int len)
{
	__le64 val = 0;

	sluice_vregs_read(regs, off, &val, len);
	return le64_to_cpu(val);
}

static unsigned int regs_put(struct sluice_vregs *regs, u32 off, u64 val,
			     unsigned int len)
{
	__le64 le = cpu_to_le64(val);

	return sluice_vregs_write(regs, off, &le, len);
}

static void cap_fields(struct kunit *test)
{
	static const u32 depths[] = { 2, 3, 128, 1024, 2048, 65536 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		struct sluice_vregs *regs = regs_new(test, depths[i]);
		u64 cap = regs_get(regs, CAP, 8);

		KUNIT_EXPECT_EQ(test, cap & 0xffff, (u64)depths[i] - 1);
		KUNIT_EXPECT_EQ(test, cap >> 16 & 1, 0ull);	/* CQR */
		KUNIT_EXPECT_EQ(test, cap >> 17 & 3, 0ull);	/* AMS */
		KUNIT_EXPECT_EQ(test, cap >> 19 & 0x1f, 0ull);	/* reserved */
		KUNIT_EXPECT_GE(test, cap >> 24 & 0xff, 1ull);	/* TO */
		KUNIT_EXPECT_EQ(test, cap >> 32 & 0xf, 3ull);	/* DSTRD */
		KUNIT_EXPECT_EQ(test, cap >> 36 & 1, 0ull);	/* NSSRS */
		KUNIT_EXPECT_EQ(test, cap >> 37 & 0xff, 1ull);	/* CSS */
		KUNIT_EXPECT_EQ(test, cap >> 45 & 7, 0ull);	/* BPS */
		KUNIT_EXPECT_EQ(test, cap >> 48 & 0xf, 0ull);	/* MPSMIN */
		KUNIT_EXPECT_EQ(test, cap >> 52 & 0xf, 0ull);	/* MPSMAX */
		KUNIT_EXPECT_EQ(test, cap >> 56, 0ull);
	}
}

static void power_on_values(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);
	u32 off;

	KUNIT_EXPECT_EQ(test, regs_get(regs, VS, 4), 0x00010400ull);
	for (off = INTMS; off < BEYOND; off += 4)
		KUNIT_EXPECT_EQ(test, regs_get(regs, off, 4), 0ull);
}

/* Every register seen through 1, 2, 4 and 8 bytes is the same */
static void read_sizes(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);
	u8 image[BEYOND], again[BEYOND];
	unsigned int len;
	u32 off;

	regs_put(regs, AQA, 0x00ff03ff, 4);
	regs_put(regs, ASQ, 0x0123456789abc000ull, 8);
	regs_put(regs, ACQ, 0xfedcba9876543000ull, 8);
	regs_put(regs, INTMS, 0x11223344, 4);
	regs_put(regs, CC, SIZES | EN, 4);
	for (off = 0; off < BEYOND; off += 8)
		sluice_vregs_read(regs, off, image + off, 8);
	for (len = 1; len <= 4; len *= 2) {
		memset(again, 0xee, sizeof(again));
		for (off = 0; off < BEYOND; off += len)
			sluice_vregs_read(regs, off, again + off, len);
		KUNIT_EXPECT_EQ(test, memcmp(image, again, sizeof(image)), 0);
	}
}

static void read_beyond(struct kunit *test)
{
	static const u32 offs[] = {
		BEYOND, 0x40, 0x100, 0xe00, 0xff8, 0x2000, 0x3ff8, 0xfffffff8,
	};
	struct sluice_vregs *regs = regs_new(test, DEPTH);
	unsigned int i, len;
	u64 val;

	for (i = 0; i < ARRAY_SIZE(offs); i++) {
		for (len = 1; len <= 8; len *= 2) {
			val = 0;
			memset(&val, 0xee, len);
			sluice_vregs_read(regs, offs[i], &val, len);
			KUNIT_EXPECT_EQ(test, val, 0ull);
		}
	}
	/* across the end */
	regs_put(regs, ACQ, 0xfedcba9876543000ull, 8);
	val = U64_MAX;
	sluice_vregs_read(regs, ACQ + 4, &val, 8);
	KUNIT_EXPECT_EQ(test, le64_to_cpu((__force __le64)val), 0xfedcba98ull);
}

static void read_only(struct kunit *test)
{
	static const u32 offs[] = {
		CAP, CAP + 4, VS, 0x18, CSTS, NSSR, BEYOND, 0x3c, 0x100, 0xffc,
		0x2000, 0xfffffffc,
	};
	struct sluice_vregs *regs = regs_new(test, DEPTH), before;
	unsigned int i;

	before = *regs;
	for (i = 0; i < ARRAY_SIZE(offs); i++) {
		KUNIT_EXPECT_EQ(test, regs_put(regs, offs[i], U64_MAX, 4), 0u);
		KUNIT_EXPECT_EQ(test, memcmp(regs, &before, sizeof(before)), 0);
	}
	KUNIT_EXPECT_EQ(test, regs_put(regs, CAP, 0, 8), 0u);
	KUNIT_EXPECT_EQ(test, memcmp(regs, &before, sizeof(before)), 0);
}

/* Nothing but 4 and 8 bytes, and nothing across registers */
static void write_sizes(struct kunit *test)
{
	static const unsigned int lens[] = { 0, 1, 2, 3, 5, 6, 7 };
	struct sluice_vregs *regs = regs_new(test, DEPTH), before;
	unsigned int i;
	u32 off;

	before = *regs;
	for (off = 0; off < BEYOND + 8; off++) {
		for (i = 0; i < ARRAY_SIZE(lens); i++)
			KUNIT_EXPECT_EQ(test, regs_put(regs, off, U64_MAX,
						       lens[i]), 0u);
		if (off % 4 == 0)
			continue;
		KUNIT_EXPECT_EQ(test, regs_put(regs, off, U64_MAX, 4), 0u);
		KUNIT_EXPECT_EQ(test, regs_put(regs, off, U64_MAX, 8), 0u);
	}
	KUNIT_EXPECT_EQ(test, memcmp(regs, &before, sizeof(before)), 0);
}

static void interrupt_mask(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);

	regs_put(regs, INTMS, 0x000000f0, 4);
	regs_put(regs, INTMS, 0x80000001, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, INTMS, 4), 0x800000f1ull);
	KUNIT_EXPECT_EQ(test, regs_get(regs, INTMC, 4), 0x800000f1ull);
	regs_put(regs, INTMC, 0x80000010, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, INTMS, 4), 0x000000e1ull);
	regs_put(regs, INTMC, U32_MAX, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, INTMC, 4), 0ull);
}

static void enable_disable(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);

	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES, 4), 0u);
	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES | EN, 4),
			(unsigned int)SLUICE_VREGS_ENABLE);
	/* the worker sets it, not the write */
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), 0ull);
	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES | EN, 4), 0u);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CC, 4), (u64)(SIZES | EN));

	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES, 4),
			(unsigned int)SLUICE_VREGS_DISABLE);
	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, 0, 4), 0u);
	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, EN, 4),
			(unsigned int)SLUICE_VREGS_ENABLE);
}

/* CC is the upper half of a write to INTMC */
static void enable_with_eight_bytes(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);

	regs_put(regs, INTMS, U32_MAX, 4);
	KUNIT_EXPECT_EQ(test, regs_put(regs, INTMC,
				       (u64)(SIZES | EN) << 32 | 0xffff, 8),
			(unsigned int)SLUICE_VREGS_ENABLE);
	KUNIT_EXPECT_EQ(test, regs_get(regs, INTMS, 4), 0xffff0000ull);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CC, 4), (u64)(SIZES | EN));
}

static void disabled_state(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);
	u64 cap = regs_get(regs, CAP, 8);

	regs_put(regs, AQA, 0x001f001f, 4);
	regs_put(regs, ASQ, 0x1234567890000ull, 8);
	regs_put(regs, ACQ, 0xabcdef000ull, 8);
	regs_put(regs, INTMS, 7, 4);
	regs_put(regs, CC, SIZES | EN, 4);
	regs->csts |= RDY | CFS;
	regs_put(regs, CC, SIZES, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), (u64)RDY);

	sluice_vregs_disabled(regs);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), 0ull);
	KUNIT_EXPECT_EQ(test, regs_get(regs, INTMS, 4), 0ull);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CAP, 8), cap);
	KUNIT_EXPECT_EQ(test, regs_get(regs, AQA, 4), 0x001f001full);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ASQ, 8), 0x1234567890000ull);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ACQ, 8), 0xabcdef000ull);
}

static void shutdown(struct kunit *test)
{
	static const u32 kinds[] = { SHN_NORMAL, SHN_ABRUPT };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct sluice_vregs *regs = regs_new(test, DEPTH);
		u32 cc = SIZES | EN;

		regs_put(regs, CC, cc, 4);
		regs->csts |= RDY;
		KUNIT_EXPECT_EQ(test, regs_put(regs, CC, cc | kinds[i], 4),
				(unsigned int)SLUICE_VREGS_SHUTDOWN);
		KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4),
				(u64)(RDY | SHST_OCCURRING));
		/* asked once */
		KUNIT_EXPECT_EQ(test, regs_put(regs, CC, cc | kinds[i], 4), 0u);
		sluice_vregs_shut_down(regs);
		KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4),
				(u64)(RDY | SHST_COMPLETE));
		KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES | kinds[i], 4),
				(unsigned int)SLUICE_VREGS_DISABLE);
		KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4) & SHST_MASK,
				(u64)SHST_COMPLETE);
		sluice_vregs_disabled(regs);
		KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), 0ull);
		/* the next life begins without it */
		KUNIT_EXPECT_EQ(test, regs_put(regs, CC, cc, 4),
				(unsigned int)SLUICE_VREGS_ENABLE);
		KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), 0ull);
		/* and can end like the first */
		KUNIT_EXPECT_EQ(test, regs_put(regs, CC, cc | kinds[i], 4),
				(unsigned int)SLUICE_VREGS_SHUTDOWN);
	}
}

/* A guest that did not wait is told nothing in its next life */
static void shutdown_not_waited_for(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);

	regs_put(regs, CC, SIZES | EN, 4);
	regs_put(regs, CC, SIZES | EN | SHN_NORMAL, 4);
	regs_put(regs, CC, SIZES, 4);
	sluice_vregs_disabled(regs);
	sluice_vregs_shut_down(regs);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), 0ull);
	regs_put(regs, CC, SIZES | EN, 4);
	sluice_vregs_shut_down(regs);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), 0ull);
}

/* Neither has one that was shut down while it was disabled */
static void shutdown_while_disabled(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);

	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES | SHN_NORMAL, 4),
			(unsigned int)SLUICE_VREGS_SHUTDOWN);
	sluice_vregs_shut_down(regs);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), (u64)SHST_COMPLETE);
	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES | EN, 4),
			(unsigned int)SLUICE_VREGS_ENABLE);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), 0ull);
}

static void shutdown_with_disable(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);

	regs_put(regs, CC, SIZES | EN, 4);
	KUNIT_EXPECT_EQ(test, regs_put(regs, CC, SIZES | SHN_NORMAL, 4),
			(unsigned int)(SLUICE_VREGS_DISABLE |
				       SLUICE_VREGS_SHUTDOWN));
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), (u64)SHST_OCCURRING);
	/* a guest that waits for the shutdown learns that it is done */
	sluice_vregs_disabled(regs);
	sluice_vregs_shut_down(regs);
	KUNIT_EXPECT_EQ(test, regs_get(regs, CSTS, 4), (u64)SHST_COMPLETE);
}

static void admin_queue_registers(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH);

	/* reserved bits stay zero */
	regs_put(regs, AQA, U32_MAX, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, AQA, 4), 0x0fff0fffull);
	regs_put(regs, ASQ, U64_MAX, 8);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ASQ, 8), 0xfffffffffffff000ull);
	regs_put(regs, ACQ, U64_MAX, 8);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ACQ, 8), 0xfffffffffffff000ull);

	/* half by half, in both orders, leaving the other half alone */
	regs_put(regs, ASQ, 0x12345678, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ASQ, 8), 0xffffffff12345000ull);
	regs_put(regs, ASQ + 4, 0x9abcdef0, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ASQ, 8), 0x9abcdef012345000ull);
	regs_put(regs, ACQ + 4, 0x11111111, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ACQ, 8), 0x11111111fffff000ull);
	regs_put(regs, ACQ, 0x22222fff, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, ACQ, 8), 0x1111111122222000ull);

	/* AQA is the upper half of a write to NSSR */
	regs_put(regs, NSSR, 0x0001000200000000ull | 0x4e564d65, 8);
	KUNIT_EXPECT_EQ(test, regs_get(regs, AQA, 4), 0x00010002ull);
}

static void admin_queue_locked(struct kunit *test)
{
	struct sluice_vregs *regs = regs_new(test, DEPTH), before;

	regs_put(regs, AQA, 0x001f001f, 4);
	regs_put(regs, ASQ, 0x1234567890000ull, 8);
	regs_put(regs, ACQ, 0xabcdef000ull, 8);
	regs_put(regs, CC, SIZES | EN, 4);
	before = *regs;
	regs_put(regs, AQA, 0x03ff03ff, 4);
	regs_put(regs, ASQ, U64_MAX, 8);
	regs_put(regs, ACQ, 0, 8);
	regs_put(regs, ASQ, 0, 4);
	regs_put(regs, ASQ + 4, 0, 4);
	regs_put(regs, ACQ, U32_MAX, 4);
	regs_put(regs, ACQ + 4, U32_MAX, 4);
	KUNIT_EXPECT_EQ(test, memcmp(regs, &before, sizeof(before)), 0);

	regs_put(regs, CC, SIZES, 4);
	regs_put(regs, AQA, 0x03ff03ff, 4);
	KUNIT_EXPECT_EQ(test, regs_get(regs, AQA, 4), 0x03ff03ffull);
}

static void enable_valid(struct kunit *test)
{
	static const struct {
		u32 cc;
		u32 aqa;
		bool valid;
	} cases[] = {
		{ SIZES | EN, 0x001f001f, true },
		{ EN, 0x001f001f, true },	/* sizes matter when queues come */
		{ SIZES | EN, 0x00010001, true },
		{ SIZES | EN, 0x0fff0fff, true },
		{ SIZES | EN, 0x001f0000, false },	/* one entry */
		{ SIZES | EN, 0x0000001f, false },
		{ SIZES | EN, 0, false },
		{ SIZES | EN | 1 << 4, 0x001f001f, false },	/* CSS */
		{ SIZES | EN | 7 << 4, 0x001f001f, false },
		{ SIZES | EN | 1 << 7, 0x001f001f, false },	/* MPS */
		{ SIZES | EN | 0xf << 7, 0x001f001f, false },
		{ SIZES | EN | 1 << 11, 0x001f001f, false },	/* AMS */
		{ SIZES | EN | 7 << 11, 0x001f001f, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sluice_vregs *regs = regs_new(test, DEPTH);

		regs_put(regs, AQA, cases[i].aqa, 4);
		regs_put(regs, CC, cases[i].cc, 4);
		KUNIT_EXPECT_EQ_MSG(test, sluice_vregs_enable_valid(regs),
				    cases[i].valid, "case %u", i);
	}
}

static struct kunit_case vregs_cases[] = {
	KUNIT_CASE(cap_fields),
	KUNIT_CASE(power_on_values),
	KUNIT_CASE(read_sizes),
	KUNIT_CASE(read_beyond),
	KUNIT_CASE(read_only),
	KUNIT_CASE(write_sizes),
	KUNIT_CASE(interrupt_mask),
	KUNIT_CASE(enable_disable),
	KUNIT_CASE(enable_with_eight_bytes),
	KUNIT_CASE(disabled_state),
	KUNIT_CASE(shutdown),
	KUNIT_CASE(shutdown_not_waited_for),
	KUNIT_CASE(shutdown_while_disabled),
	KUNIT_CASE(shutdown_with_disable),
	KUNIT_CASE(admin_queue_registers),
	KUNIT_CASE(admin_queue_locked),
	KUNIT_CASE(enable_valid),
	{}
};

static struct kunit_suite vregs_suite = {
	.name = "sluice-nvme-vregs",
	.test_cases = vregs_cases,
};

kunit_test_suites(&vregs_suite);
