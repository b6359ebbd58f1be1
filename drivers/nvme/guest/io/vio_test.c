// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the translation of I/O commands
 *
 * Opcodes, bits and status codes are written down here from NVMe 1.4, sections
 * 4.2, 4.6 and 6, so that an error in spec.h cannot hide itself.
 */
#include <linux/string.h>

#include "guest/vfake_test.h"

#define OP_FLUSH		0x00
#define OP_WRITE		0x01
#define OP_READ			0x02
#define OP_COMPARE		0x05
#define OP_WRITE_ZEROES		0x08
#define OP_DSM			0x09
#define OP_VERIFY		0x0c

#define LR		0x80000000u
#define FUA		0x40000000u
#define DEAC		0x02000000u

#define INVALID_OPCODE	VFAKE_DNR(0x001)
#define INVALID_FIELD	VFAKE_DNR(0x002)
#define TRANSFER_ERROR	VFAKE_DNR(0x004)
#define INVALID_NS	VFAKE_DNR(0x00b)
#define INVALID_OFFSET	VFAKE_DNR(0x013)
#define LBA_RANGE	VFAKE_DNR(0x080)

#define PAGE	4096ull
#define DATA	0x0000700000000000ull
#define NOWHERE	0x0000666600000000ull

/* Commands with a range of logical blocks */
static const u8 ranged[] = {
	OP_WRITE, OP_READ, OP_COMPARE, OP_WRITE_ZEROES, OP_VERIFY,
};

/* Everything that a guest may get wrong is wrong but for what the test sets */
static struct nvme_cmd dirty_cmd(u8 opcode)
{
	struct nvme_cmd cmd;

	memset(&cmd, 0xff, sizeof(cmd));
	cmd.opcode = opcode;
	cmd.flags = 0x3c;	/* neither FUSE nor PSDT */
	cmd.nsid = cpu_to_le32(1);
	return cmd;
}

static struct nvme_cmd rw_cmd(u8 opcode, u64 slba, u32 nr_blocks)
{
	struct nvme_cmd cmd = {
		.opcode	= opcode,
		.cid	= cpu_to_le16(0x1234),
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(DATA),
		.cdw10	= cpu_to_le32(slba),
		.cdw11	= cpu_to_le32(slba >> 32),
		.cdw12	= cpu_to_le32(nr_blocks - 1),
	};

	return cmd;
}

static u32 translate(struct vfake *f, struct sluice_vslot *slot,
		     const struct nvme_cmd *in, struct nvme_cmd *out)
{
	memset(out, 0xa5, sizeof(*out));
	/* the drive has nothing of the slice that would have to end first */
	atomic_set(&f->vctrl.long_cost, 0);
	return vfake_status(sluice_vio_translate(&f->vctrl, slot, in, out));
}

static void expect_cmd(struct vfake *f, const struct nvme_cmd *in,
		       const struct nvme_cmd *expected)
{
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;

	KUNIT_EXPECT_EQ(f->test, translate(f, slot, in, &out), 0);
	/* the command identifier is set when the slot is known */
	out.cid = expected->cid;
	KUNIT_EXPECT_EQ_MSG(f->test, memcmp(&out, expected, sizeof(out)), 0,
			    "opcode %#x: %*ph", in->opcode, (int)sizeof(out),
			    &out);
}

static void expect_status(struct vfake *f, const struct nvme_cmd *in, u32 status)
{
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;

	KUNIT_EXPECT_EQ_MSG(f->test, translate(f, slot, in, &out), status,
			    "opcode %#x", in->opcode);
}

/* Of a command full of ones only what is meant to arrives */
static void nothing_else_passes(struct kunit *test)
{
	struct vfake *f = test->priv;
	u64 dma, slba = VFAKE_START + 0x1000;
	struct nvme_cmd in, expected;
	unsigned int i;

	vfake_map(f, DATA);
	dma = vfake_dma(f, DATA);

	in = dirty_cmd(OP_FLUSH);
	expected = (struct nvme_cmd) {
		.opcode = OP_FLUSH, .nsid = cpu_to_le32(VFAKE_NSID),
	};
	expect_cmd(f, &in, &expected);

	for (i = 0; i < ARRAY_SIZE(ranged); i++) {
		bool data = ranged[i] <= OP_COMPARE;
		u32 flags = LR | FUA | (ranged[i] == OP_WRITE_ZEROES ? DEAC : 0);

		in = dirty_cmd(ranged[i]);
		in.cdw10 = cpu_to_le32(0x1000);
		in.cdw11 = 0;
		in.cdw12 = cpu_to_le32(0xffff0000 | 7);
		if (data)
			in.prp1 = cpu_to_le64(DATA);
		expected = (struct nvme_cmd) {
			.opcode	= ranged[i],
			.nsid	= cpu_to_le32(VFAKE_NSID),
			.prp1	= cpu_to_le64(data ? dma : 0),
			.cdw10	= cpu_to_le32(slba),
			.cdw11	= cpu_to_le32(slba >> 32),
			.cdw12	= cpu_to_le32(flags | 7),
		};
		expect_cmd(f, &in, &expected);
	}

	in = dirty_cmd(OP_DSM);
	in.prp1 = cpu_to_le64(DATA);
	in.cdw10 = cpu_to_le32(0xffffff00);
	expected = (struct nvme_cmd) {
		.opcode	= OP_DSM,
		.nsid	= cpu_to_le32(VFAKE_NSID),
		.prp1	= cpu_to_le64(VFAKE_LIST_DMA),
		.cdw11	= cpu_to_le32(4),
	};
	expect_cmd(f, &in, &expected);
}

static void lba_is_moved(struct kunit *test)
{
	static const struct {
		u64 start, blocks, slba;
	} cases[] = {
		{ 0, 1, 0 },
		{ 0, 8, 7 },
		{ 1, 8, 0 },
		{ 0x100000, 0x20000, 0x1ffff },
		/* the sum goes beyond 32 bits, the parts do not */
		{ 0xffffffff, 2, 1 },
		{ 0xfffffff0, 0x100, 0x10 },
		{ 0x123456789ab, 0x8000000000, 0x7fffffffff },
		/* the last block that there can be */
		{ 0x8000000000000000, 0x8000000000000000, 0x7fffffffffffffff },
		{ 0, U64_MAX, U64_MAX - 1 },
	};
	struct vfake *f = test->priv;
	unsigned int i, j;

	vfake_map(f, DATA);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		f->vctrl.start = cases[i].start;
		f->vctrl.nr_blocks = cases[i].blocks;
		for (j = 0; j < ARRAY_SIZE(ranged); j++) {
			struct nvme_cmd in = rw_cmd(ranged[j], cases[i].slba, 1);
			struct sluice_vslot *slot = vfake_slot(f);
			struct nvme_cmd out;
			u64 lba = cases[i].start + cases[i].slba;

			KUNIT_EXPECT_EQ(test, translate(f, slot, &in, &out), 0);
			KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw10), (u32)lba);
			KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw11),
					(u32)(lba >> 32));
			KUNIT_EXPECT_EQ(test, slot->slba, cases[i].slba);
			KUNIT_EXPECT_EQ(test, slot->nr_blocks, 1u);
		}
	}
}

static u32 range_status(bool inside)
{
	return inside ? NVME_SC_SUCCESS : LBA_RANGE;
}

static void range_limits(struct kunit *test)
{
	static const struct {
		u64 blocks, slba;
		u32 nr;
		bool inside;
	} cases[] = {
		{ 1, 0, 1, true },
		{ 1, 0, 2, false },
		{ 1, 1, 1, false },
		{ 100, 99, 1, true },
		{ 100, 92, 8, true },
		{ 100, 93, 8, false },
		{ 100, 99, 2, false },
		{ 100, 100, 1, false },
		{ 100, 101, 1, false },
		{ 100, 0, 100, true },
		{ 100, 0, 101, false },
		{ 100, U32_MAX, 1, false },
		{ 100, 1ull << 32, 1, false },
		{ 100, U64_MAX, 1, false },
		{ 100, U64_MAX, 2, false },
		{ 100, U64_MAX - 7, 8, false },
		{ 100, U64_MAX - 6, 8, false },
		/* start + slba comes round to a block of the slice */
		{ 100, -VFAKE_START, 1, false },
		{ 100, -VFAKE_START - 1, 8, false },
	};
	struct vfake *f = test->priv;
	unsigned int i, j;

	vfake_map(f, DATA);
	vfake_map(f, DATA + PAGE);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		f->vctrl.nr_blocks = cases[i].blocks;
		for (j = 0; j < ARRAY_SIZE(ranged); j++) {
			struct nvme_cmd in = rw_cmd(ranged[j], cases[i].slba,
						    cases[i].nr);
			struct sluice_vslot *slot = vfake_slot(f);
			u32 expected = range_status(cases[i].inside);
			struct nvme_cmd out;

			/* 100 blocks are more than a list would have entries */
			if (ranged[j] <= OP_COMPARE && cases[i].nr > 16)
				continue;
			in.prp2 = cpu_to_le64(DATA + PAGE);
			KUNIT_EXPECT_EQ_MSG(test, translate(f, slot, &in, &out),
					    expected, "case %u, opcode %#x", i,
					    ranged[j]);
			/* the error log names the block as the guest knows it */
			KUNIT_EXPECT_EQ(test, slot->slba, cases[i].slba);
		}
	}
}

/* As many blocks as a command can name, where there is no data to transfer */
static void largest_range(struct kunit *test)
{
	static const u8 opcodes[] = { OP_WRITE_ZEROES, OP_VERIFY };
	struct vfake *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		struct nvme_cmd in = rw_cmd(opcodes[i], 0, 65536);
		struct sluice_vslot *slot = vfake_slot(f);
		struct nvme_cmd out;

		f->vctrl.nr_blocks = 65536;
		KUNIT_EXPECT_EQ(test, translate(f, slot, &in, &out), 0);
		KUNIT_EXPECT_EQ(test, slot->nr_blocks, 65536u);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw12), 0xffffu);
		f->vctrl.nr_blocks = 65535;
		expect_status(f, &in, LBA_RANGE);
		f->vctrl.nr_blocks = U64_MAX;
		in = rw_cmd(opcodes[i], U64_MAX - 65536, 65536);
		KUNIT_EXPECT_EQ(test, translate(f, slot, &in, &out), 0);
		in = rw_cmd(opcodes[i], U64_MAX - 65535, 65536);
		expect_status(f, &in, LBA_RANGE);
		in = rw_cmd(opcodes[i], U64_MAX, 65536);
		expect_status(f, &in, LBA_RANGE);
	}
}

/* A slice without a block has none to read */
static void empty_slice(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_map(f, DATA);
	f->vctrl.nr_blocks = 0;
	for (i = 0; i < ARRAY_SIZE(ranged); i++) {
		struct nvme_cmd in = rw_cmd(ranged[i], 0, 1);

		expect_status(f, &in, LBA_RANGE);
	}
}

static void transfer_limit(struct kunit *test)
{
	static const u32 limits[] = { SZ_4K, SZ_128K, SZ_1M };
	static const u8 opcodes[] = { OP_WRITE, OP_READ, OP_COMPARE };
	struct vfake *f = test->priv;
	unsigned int i, j, n, shift;
	struct nvme_cmd in, out;

	/* pages of data one after the other, their list behind */
	vfake_map_range(f, DATA, 256);
	for (n = 1; n < 256; n++)
		vfake_put_entry(f, DATA + 0x1000 * PAGE + 8 * (n - 1),
				DATA + n * PAGE);

	for (shift = 9; shift <= 12; shift += 3) {
		f->ns.lba_shift = shift;
		for (i = 0; i < ARRAY_SIZE(limits); i++) {
			f->ns.limits.max_xfer = limits[i];
			for (j = 0; j < ARRAY_SIZE(opcodes); j++) {
				u32 most = limits[i] >> shift;

				in = rw_cmd(opcodes[j], 0, most);
				in.prp2 = cpu_to_le64(DATA + 0x1000 * PAGE);
				KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f),
								&in, &out), 0);
				in.cdw12 = cpu_to_le32(most);
				expect_status(f, &in, INVALID_FIELD);
				in.cdw12 = cpu_to_le32(0xffff);
				expect_status(f, &in, INVALID_FIELD);
			}
			/* no data, no limit */
			in = rw_cmd(OP_WRITE_ZEROES, 0, 65536);
			KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in,
							&out), 0);
		}
	}
}

/* Commands without data have limits of their own, and not each other's */
static void limits_without_data(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd in;

	f->ns.limits.max_xfer = SZ_4K;
	f->ns.limits.write_zeroes = 64;
	f->ns.limits.verify = 1024;
	in = rw_cmd(OP_WRITE_ZEROES, 0, 64);
	expect_status(f, &in, 0);
	in = rw_cmd(OP_WRITE_ZEROES, 0, 65);
	expect_status(f, &in, INVALID_FIELD);
	in = rw_cmd(OP_VERIFY, 0, 1024);
	expect_status(f, &in, 0);
	in = rw_cmd(OP_VERIFY, 0, 1025);
	expect_status(f, &in, INVALID_FIELD);
	in = rw_cmd(OP_VERIFY, 0, 65536);
	expect_status(f, &in, INVALID_FIELD);
}

/* The length follows from the size of the blocks */
static void block_sizes(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd in = rw_cmd(OP_READ, 0, 1), out;

	vfake_map(f, DATA);
	in.prp1 = cpu_to_le64(DATA + 3584);
	in.prp2 = cpu_to_le64(NOWHERE);
	/* 512 bytes are in the page, 4096 are not */
	KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
	f->ns.lba_shift = 12;
	expect_status(f, &in, TRANSFER_ERROR);
	vfake_map(f, NOWHERE);
	KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(out.prp2), (u64)vfake_dma(f, NOWHERE));
}

/* Only a command that fills guest memory asks for memory to be written */
static void direction(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd in, out;

	vfake_map(f, DATA)->read_only = true;
	in = rw_cmd(OP_WRITE, 0, 8);
	KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
	in = rw_cmd(OP_COMPARE, 0, 8);
	KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
	in = rw_cmd(OP_READ, 0, 8);
	expect_status(f, &in, TRANSFER_ERROR);
}

static void namespaces(struct kunit *test)
{
	static const u32 wrong[] = {
		0, 2, VFAKE_NSID, 0x100, 0x10000, 0x1000001, U32_MAX - 1,
	};
	static const u8 opcodes[] = {
		OP_FLUSH, OP_WRITE, OP_READ, OP_COMPARE, OP_WRITE_ZEROES,
		OP_DSM, OP_VERIFY,
	};
	struct vfake *f = test->priv;
	unsigned int i, j;

	vfake_map(f, DATA);
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		struct nvme_cmd in = rw_cmd(opcodes[i], 0, 1), out;

		KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(out.nsid), (u32)VFAKE_NSID);
		for (j = 0; j < ARRAY_SIZE(wrong); j++) {
			in.nsid = cpu_to_le32(wrong[j]);
			expect_status(f, &in, INVALID_NS);
		}
		in.nsid = cpu_to_le32(U32_MAX);
		if (opcodes[i] != OP_FLUSH) {
			expect_status(f, &in, INVALID_NS);
			continue;
		}
		/* all of the guest's are one of the drive's */
		KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(out.nsid), (u32)VFAKE_NSID);
	}
}

static void fuse_and_psdt(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int flags;

	vfake_map(f, DATA);
	for (flags = 0; flags < 256; flags++) {
		struct nvme_cmd in = rw_cmd(OP_READ, 0, 1);

		in.flags = flags;
		expect_status(f, &in, flags & 0xc3 ? INVALID_FIELD : 0);
	}
}

static void opcodes_refused(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int opcode;

	vfake_map(f, DATA);
	for (opcode = 0; opcode < 256; opcode++) {
		struct nvme_cmd in = rw_cmd(opcode, 0, 1);

		switch (opcode) {
		case OP_FLUSH:
		case OP_WRITE:
		case OP_READ:
		case OP_COMPARE:
		case OP_WRITE_ZEROES:
		case OP_DSM:
		case OP_VERIFY:
			expect_status(f, &in, 0);
			break;
		default:
			/* Write Uncorrectable and the reservations as well */
			expect_status(f, &in, INVALID_OPCODE);
		}
	}
}

/* What the drive cannot do is not offered [figure 247, ONCS] */
static void opcodes_of_the_drive(struct kunit *test)
{
	static const struct {
		u8 opcode;
		u16 oncs;
	} optional[] = {
		{ OP_COMPARE, 1 << 0 },
		{ OP_DSM, 1 << 2 },
		{ OP_WRITE_ZEROES, 1 << 3 },
		{ OP_VERIFY, 1 << 7 },
	};
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_map(f, DATA);
	for (i = 0; i < ARRAY_SIZE(optional); i++) {
		struct nvme_cmd in = rw_cmd(optional[i].opcode, 0, 1);

		f->ns.limits.oncs = optional[i].oncs;
		expect_status(f, &in, 0);
		f->ns.limits.oncs = ~optional[i].oncs;
		expect_status(f, &in, INVALID_OPCODE);
	}
	f->ns.limits.oncs = 0;
	for (i = 0; i < 3; i++) {
		struct nvme_cmd in = rw_cmd(i, 0, 1);

		expect_status(f, &in, 0);
	}
}

static void rw_flags(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i, bit;

	vfake_map(f, DATA);
	for (i = 0; i < ARRAY_SIZE(ranged); i++) {
		u32 allowed = LR | FUA | (ranged[i] == OP_WRITE_ZEROES ? DEAC : 0);

		for (bit = 16; bit < 32; bit++) {
			struct nvme_cmd in = rw_cmd(ranged[i], 0, 1), out;

			in.cdw12 = cpu_to_le32(BIT(bit));
			KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in,
							&out), 0);
			KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(out.cdw12),
					    (u32)(BIT(bit) & allowed),
					    "opcode %#x bit %u", ranged[i], bit);
		}
	}
}

static void write_cache_off(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_map(f, DATA);
	for (i = 0; i < ARRAY_SIZE(ranged); i++) {
		bool writes = ranged[i] == OP_WRITE || ranged[i] == OP_WRITE_ZEROES;
		struct nvme_cmd in = rw_cmd(ranged[i], 0, 1), out;

		f->vctrl.feat.write_cache = 1;
		KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw12), 0u);
		f->vctrl.feat.write_cache = 0;
		KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
		KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(out.cdw12),
				    writes ? FUA : 0, "opcode %#x", ranged[i]);
		/* for the others as the guest has it */
		in.cdw12 = cpu_to_le32(FUA);
		KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw12), FUA);
	}
}

/* Errors of the data pass through, and RETRY leaves no trace */
static void data_errors(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd in = rw_cmd(OP_READ, 0, 1);

	in.prp1 = cpu_to_le64(NOWHERE);
	expect_status(f, &in, TRANSFER_ERROR);
	in.prp1 = cpu_to_le64(DATA + 1);
	expect_status(f, &in, INVALID_OFFSET);
	in.prp1 = cpu_to_le64(DATA);
	vfake_map(f, DATA)->err = -EAGAIN;
	expect_status(f, &in, VFAKE_RETRY);
	vfake_page(f, DATA)->err = 0;
	expect_status(f, &in, 0);
	/* a range that is wrong is found before memory is looked at */
	vfake_page(f, DATA)->gets = 0;
	in = rw_cmd(OP_READ, VFAKE_BLOCKS, 1);
	expect_status(f, &in, LBA_RANGE);
	KUNIT_EXPECT_EQ(test, vfake_page(f, DATA)->gets, 0u);
}

/*
 * Dataset Management: ranges of 16 bytes: attributes, length, first block
 */

static void put_range(struct vfake *f, u64 iova, unsigned int n, u64 slba, u32 nr)
{
	vfake_put_entry(f, iova + 16 * n, (u64)nr << 32 | 0xffffffff);
	vfake_put_entry(f, iova + 16 * n + 8, slba);
}

static struct nvme_cmd dsm_cmd(u64 prp1, u64 prp2, unsigned int nr)
{
	struct nvme_cmd cmd = {
		.opcode	= OP_DSM,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(prp1),
		.prp2	= cpu_to_le64(prp2),
		.cdw10	= cpu_to_le32(nr - 1),
		.cdw11	= cpu_to_le32(4),
	};

	return cmd;
}

static void expect_ranges(struct vfake *f, const struct sluice_vslot *slot,
			  unsigned int nr)
{
	unsigned int n;

	for (n = 0; n < nr; n++) {
		u64 expected = (u64)(n + 1) << 32;

		/* attributes are cleared, the length stays */
		if (le64_to_cpu(slot->list[2 * n]) == expected &&
		    le64_to_cpu(slot->list[2 * n + 1]) == VFAKE_START + 10 * n)
			continue;
		KUNIT_FAIL(f->test, "range %u of %u: %#llx %#llx", n, nr,
			   le64_to_cpu(slot->list[2 * n]),
			   le64_to_cpu(slot->list[2 * n + 1]));
		return;
	}
}

static void dsm_ranges(struct kunit *test)
{
	static const unsigned int counts[] = { 1, 2, 3, 16, 255, 256 };
	static const u32 offsets[] = { 0, 4, 16, 2048, 4092 };
	struct vfake *f = test->priv;
	unsigned int i, j, n;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			struct nvme_cmd out, in = dsm_cmd(DATA + offsets[j],
							  DATA + PAGE,
							  counts[i]);
			struct sluice_vslot *slot = vfake_slot(f);
			u8 *first = vfake_map(f, DATA)->va;
			u8 *second = vfake_map(f, DATA + PAGE)->va;
			u32 here = min_t(u32, 4096 - offsets[j], 4096);

			/* one after the other elsewhere, then as the guest has it */
			for (n = 0; n < counts[i]; n++)
				put_range(f, NOWHERE, n, 10 * n, n + 1);
			memcpy(first + offsets[j], vfake_map(f, NOWHERE)->va, here);
			memcpy(second, vfake_page(f, NOWHERE)->va + here,
			       4096 - here);

			KUNIT_EXPECT_EQ(test, translate(f, slot, &in, &out), 0);
			expect_ranges(f, slot, counts[i]);
			KUNIT_EXPECT_EQ(test, le64_to_cpu(out.prp1),
					(u64)slot->list_dma);
			KUNIT_EXPECT_EQ(test, le64_to_cpu(out.prp2), 0ull);
			KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw10),
					counts[i] - 1);
			KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw11), 4u);
		}
	}
}

static void dsm_limits(struct kunit *test)
{
	static const struct {
		u64 slba;
		u32 nr;
		bool inside;
	} cases[] = {
		{ 0, 0, true },
		{ 0, 100, true },
		{ 0, 101, false },
		{ 0, U32_MAX, false },
		{ 99, 1, true },
		{ 99, 2, false },
		{ 99, 0, true },
		{ 100, 0, false },
		{ 100, 1, false },
		{ 101, 0, false },
		{ U64_MAX, 0, false },
		{ U64_MAX, 1, false },
		{ U64_MAX, U32_MAX, false },
		{ -VFAKE_START, 1, false },
	};
	struct vfake *f = test->priv;
	unsigned int i;

	f->vctrl.nr_blocks = 100;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nvme_cmd in = dsm_cmd(DATA, NOWHERE, 3);

		/* among others, so that each is looked at */
		put_range(f, DATA, 0, 0, 1);
		put_range(f, DATA, 1, 50, 50);
		put_range(f, DATA, 2, cases[i].slba, cases[i].nr);
		expect_status(f, &in, range_status(cases[i].inside));
		put_range(f, DATA, 2, 0, 1);
		put_range(f, DATA, 0, cases[i].slba, cases[i].nr);
		expect_status(f, &in, range_status(cases[i].inside));
	}
}

/* What the drive would not heed does not get there: ranges, blocks of each and all */
static void dsm_limits_of_the_drive(struct kunit *test)
{
	static const u32 wanted[] = { 10, 15, 20, 16, 40 };
	static const u32 passed[] = { 10, 15, 16, 9 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out, in = dsm_cmd(DATA, 0, ARRAY_SIZE(wanted));
	unsigned int n;

	f->ns.limits.dsm_ranges = 4;
	f->ns.limits.dsm_range = 16;
	f->ns.limits.dsm_blocks = 50;
	for (n = 0; n < ARRAY_SIZE(wanted); n++)
		put_range(f, DATA, n, 50 * n, wanted[n]);
	KUNIT_EXPECT_EQ(test, translate(f, slot, &in, &out), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw10), 3u);
	for (n = 0; n < ARRAY_SIZE(passed); n++) {
		KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->list[2 * n]) >> 32,
				(u64)passed[n]);
		KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->list[2 * n + 1]),
				VFAKE_START + 50ull * n);
	}
	/* nothing is left for the last */
	f->ns.limits.dsm_blocks = 41;
	KUNIT_EXPECT_EQ(test, translate(f, slot, &in, &out), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw10), 3u);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(slot->list[6]) >> 32, 0ull);
	/* what is left out is checked as well */
	put_range(f, DATA, 4, VFAKE_BLOCKS, 1);
	expect_status(f, &in, range_status(false));
}

static void dsm_errors(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd in, out;

	in = dsm_cmd(NOWHERE, 0, 1);
	expect_status(f, &in, TRANSFER_ERROR);
	put_range(f, DATA, 255, 0, 1);
	in = dsm_cmd(DATA + PAGE - 16, NOWHERE, 2);
	expect_status(f, &in, TRANSFER_ERROR);
	in = dsm_cmd(DATA + PAGE - 16, DATA + 16, 2);
	expect_status(f, &in, INVALID_OFFSET);
	in = dsm_cmd(DATA + 2, 0, 1);
	expect_status(f, &in, INVALID_OFFSET);
	/* attributes other than deallocation are advice that is not passed on */
	in = dsm_cmd(DATA, 0, 1);
	in.cdw11 = cpu_to_le32(3);
	KUNIT_EXPECT_EQ(test, translate(f, vfake_slot(f), &in, &out), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out.cdw11), 0u);
}

static struct kunit_case vio_cases[] = {
	KUNIT_CASE(nothing_else_passes),
	KUNIT_CASE(lba_is_moved),
	KUNIT_CASE(range_limits),
	KUNIT_CASE(largest_range),
	KUNIT_CASE(empty_slice),
	KUNIT_CASE(transfer_limit),
	KUNIT_CASE(limits_without_data),
	KUNIT_CASE(block_sizes),
	KUNIT_CASE(direction),
	KUNIT_CASE(namespaces),
	KUNIT_CASE(fuse_and_psdt),
	KUNIT_CASE(opcodes_refused),
	KUNIT_CASE(opcodes_of_the_drive),
	KUNIT_CASE(rw_flags),
	KUNIT_CASE(write_cache_off),
	KUNIT_CASE(data_errors),
	KUNIT_CASE(dsm_ranges),
	KUNIT_CASE(dsm_limits),
	KUNIT_CASE(dsm_limits_of_the_drive),
	KUNIT_CASE(dsm_errors),
	{}
};

static struct kunit_suite vio_suite = {
	.name = "sluice-nvme-vio",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vio_cases,
};

kunit_test_suites(&vio_suite);
