// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of Get Log Page
 *
 * Offsets and values are written down here from NVMe 1.4, section 5.14, so that
 * an error in spec.h cannot hide itself. The tests read the logs in guest
 * memory.
 */
#include <linux/jiffies.h>
#include <linux/string.h>

#include "guest/vfake_test.h"

#define LOG_ERROR	0x01
#define LOG_SMART	0x02
#define LOG_FIRMWARE	0x03
#define LOG_CHANGED	0x04
#define LOG_EFFECTS	0x05

#define RAE		0x8000u		/* Retain Asynchronous Event */

#define INVALID_FIELD	VFAKE_DNR(0x002)
#define TRANSFER_ERROR	VFAKE_DNR(0x004)
#define INTERNAL	0x006
#define INVALID_OFFSET	VFAKE_DNR(0x013)
#define INVALID_LOG	VFAKE_DNR(0x109)

#define PAGE	4096
#define BUF	0x0000345600000000ull
#define LIST	0x00007fff00000000ull

/* Sizes of the logs here; eight entries of errors */
static const struct {
	u8 lid;
	u32 size;
} logs[] = {
	{ LOG_ERROR, 512 },
	{ LOG_SMART, 512 },
	{ LOG_FIRMWARE, 512 },
	{ LOG_CHANGED, 4096 },
	{ LOG_EFFECTS, 4096 },
};

static struct nvme_cmd log_cmd(u8 lid, u64 off, u32 len)
{
	u32 dwords = len / 4 - 1;
	struct nvme_cmd cmd = {
		.opcode	= 0x02,
		.nsid	= cpu_to_le32(U32_MAX),
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(dwords << 16 | lid),
		.cdw11	= cpu_to_le32(dwords >> 16),
		.cdw12	= cpu_to_le32(off),
		.cdw13	= cpu_to_le32(off >> 32),
	};

	return cmd;
}

/* Asks the drive for its health when the last answer is too old */
static u32 ask_log(struct vfake *f, const struct nvme_cmd *cmd)
{
	u32 result;

	return vfake_status(sluice_vlog_get(&f->vctrl, cmd, &result));
}

static u32 get_log(struct vfake *f, const struct nvme_cmd *cmd)
{
	/* no drive is asked before this is over */
	f->host.health.fresh = true;
	f->host.health.status = 0;
	f->host.health.at = jiffies + 3600 * HZ;
	return ask_log(f, cmd);
}

/* A page of the log, over memory that was full of something else */
static const u8 *read_log(struct vfake *f, u8 lid, u64 off, u32 len)
{
	struct nvme_cmd cmd = log_cmd(lid, off, len);
	u8 *page = vfake_map(f, BUF)->va;

	memset(page, 0xee, PAGE);
	KUNIT_ASSERT_EQ_MSG(f->test, get_log(f, &cmd), 0,
			    "log %#x, offset %llu, length %u", lid, off, len);
	KUNIT_EXPECT_NULL(f->test, memchr_inv(page + len, 0xee, PAGE - len));
	return page;
}

static u64 get_le(const u8 *page, unsigned int off, unsigned int len)
{
	u64 val = 0;

	while (len--)
		val = val << 8 | page[off + len];
	return val;
}

static void fail(struct vfake *f, u16 sqid, u16 cid, u16 status, u64 slba)
{
	struct sluice_vslot *slot = vfake_slot(f);

	slot->cid = cid;
	slot->status = status;
	slot->slba = slba;
	sluice_vlog_error(&f->vctrl, slot, sqid);
}

static void errors(struct kunit *test)
{
	struct vfake *f = test->priv;
	const u8 *log;

	log = read_log(f, LOG_ERROR, 0, 512);
	KUNIT_EXPECT_NULL(test, memchr_inv(log, 0, 512));

	fail(f, 3, 0x1234, VFAKE_DNR(0x281), 0x1122334455667788ull);
	fail(f, 0, 0xffff, VFAKE_DNR(0x004), 0);
	log = read_log(f, LOG_ERROR, 0, 512);
	/* the newest first */
	KUNIT_EXPECT_EQ(test, get_le(log, 0, 8), 2ull);
	KUNIT_EXPECT_EQ(test, get_le(log, 8, 2), 0ull);		/* SQID */
	KUNIT_EXPECT_EQ(test, get_le(log, 10, 2), 0xffffull);	/* CID */
	KUNIT_EXPECT_EQ(test, get_le(log, 12, 2), 0x8008ull);	/* status */
	KUNIT_EXPECT_EQ(test, get_le(log, 14, 2), 0xffffull);	/* no location */
	KUNIT_EXPECT_EQ(test, get_le(log, 16, 8), 0ull);	/* LBA */
	KUNIT_EXPECT_EQ(test, get_le(log, 24, 4), 0ull);	/* NSID */
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 28, 0, 36));
	log += 64;
	KUNIT_EXPECT_EQ(test, get_le(log, 0, 8), 1ull);
	KUNIT_EXPECT_EQ(test, get_le(log, 8, 2), 3ull);
	KUNIT_EXPECT_EQ(test, get_le(log, 10, 2), 0x1234ull);
	KUNIT_EXPECT_EQ(test, get_le(log, 12, 2), 0x8502ull);
	KUNIT_EXPECT_EQ(test, get_le(log, 16, 8), 0x1122334455667788ull);
	KUNIT_EXPECT_EQ(test, get_le(log, 24, 4), 1ull);
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 64, 0, 512 - 128));
}

/* The ring keeps the newest eight in order, at each position */
static void errors_wrap(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int nr, i;
	const u8 *log;

	for (nr = 1; nr <= 20; nr++) {
		fail(f, 1, nr, 0x281, nr);
		log = read_log(f, LOG_ERROR, 0, 512);
		for (i = 0; i < 8; i++) {
			u64 expected = nr > i ? nr - i : 0;

			KUNIT_EXPECT_EQ(test, get_le(log, 64 * i, 8), expected);
			KUNIT_EXPECT_EQ(test, get_le(log, 64 * i + 10, 2), expected);
		}
	}
}

/*
 * A guest that asks for what is optional has made no error; one that asks in a
 * wrong way, or for blocks that it does not have, has.
 */
static void refusals(struct kunit *test)
{
	static const struct {
		u16 sqid;
		u8 opcode;
		u16 status;
		bool error;
	} tries[] = {
		{ 0, 0x06, 0x002 },			/* Identify: CNS */
		{ 0, 0x06, 0x013, true },		/* its PRP */
		{ 0, 0x06, 0x00b, true },		/* its namespace */
		{ 0, 0x02, 0x109 },			/* Get Log Page: LID */
		{ 0, 0x02, 0x002, true },		/* its offset */
		{ 0, 0x0a, 0x002 },			/* Get Features */
		{ 0, 0x09, 0x002 },			/* Set Features */
		{ 0, 0x09, 0x10d },			/* to be saved */
		{ 0, 0x09, 0x00c, true },		/* too late */
		{ 0, 0x05, 0x002, true },		/* Create I/O CQ */
		{ 0, 0x01, 0x101, true },		/* Create I/O SQ */
		{ 0, 0x80, 0x001 },			/* Format NVM */
		{ 1, 0x7f, 0x001 },			/* no command */
		{ 1, 0x02, 0x109, true },		/* no Get Log Page */
		{ 1, 0x06, 0x002, true },		/* no Identify */
		{ 1, 0x02, 0x080, true },		/* Read */
		{ 1, 0x01, 0x281, true },
		{ 1, 0x05, 0x285, true },
	};
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	unsigned int i;
	u64 errors = 0;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		slot->opcode = tries[i].opcode;
		slot->status = tries[i].status | (i % 2 ? 0 : NVME_SC_DNR);
		sluice_vlog_error(&f->vctrl, slot, tries[i].sqid);
		if (tries[i].error)
			errors++;
		KUNIT_ASSERT_EQ_MSG(test, f->vctrl.log.error_count, errors,
				    "queue %u, opcode %#x, status %#x",
				    tries[i].sqid, tries[i].opcode,
				    tries[i].status);
	}
	/* the health log counts the same */
	KUNIT_EXPECT_EQ(test, get_le(read_log(f, LOG_SMART, 0, 512), 176, 8),
			errors);
}

static void count_io(struct vfake *f, u16 qid, u64 reads, u64 blocks_read,
		     u64 writes, u64 blocks_written)
{
	struct sluice_vsq *vsq = &f->vctrl.sqs[qid];

	vsq->reads = reads;
	vsq->blocks_read = blocks_read;
	vsq->writes = writes;
	vsq->blocks_written = blocks_written;
}

static void smart(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int off;
	const u8 *log;

	/* a drive that has no zero anywhere */
	memset(&f->host.health.log, 0xab, 512);
	count_io(f, 1, 5, 1000, 7, 3000);
	count_io(f, VFAKE_QPAIRS, 0x100000000ull, 1, 2, 0);
	fail(f, 1, 1, 0x281, 0);
	log = read_log(f, LOG_SMART, 0, 512);

	/* the drive's health */
	KUNIT_EXPECT_NULL(test, memchr_inv(log, 0xab, 7));
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 7, 0, 25));	/* reserved */
	/* the slice's work */
	KUNIT_EXPECT_EQ(test, get_le(log, 32, 8), 2ull);	/* units read */
	KUNIT_EXPECT_EQ(test, get_le(log, 48, 8), 3ull);	/* written */
	KUNIT_EXPECT_EQ(test, get_le(log, 64, 8), 0x100000005ull); /* reads */
	KUNIT_EXPECT_EQ(test, get_le(log, 80, 8), 9ull);	/* writes */
	KUNIT_EXPECT_EQ(test, get_le(log, 96, 8), 0ull);	/* busy */
	KUNIT_EXPECT_EQ(test, get_le(log, 176, 8), 1ull);	/* errors */
	for (off = 32; off <= 96; off += 16)
		KUNIT_EXPECT_EQ(test, get_le(log, off + 8, 8), 0ull);
	KUNIT_EXPECT_EQ(test, get_le(log, 184, 8), 0ull);
	/* power cycles, hours, unsafe shutdowns, media errors */
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 112, 0xab, 64));
	/* times and sensors */
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 192, 0xab, 24));
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 216, 0, 296));
}

/* A unit is a thousand times 512 bytes, and a part counts as one */
static void smart_units(struct kunit *test)
{
	static const struct {
		unsigned int shift;
		u64 blocks, units;
	} cases[] = {
		{ 9, 0, 0 }, { 9, 1, 1 }, { 9, 999, 1 }, { 9, 1000, 1 },
		{ 9, 1001, 2 }, { 9, 123456789000ull, 123456789 },
		{ 12, 0, 0 }, { 12, 1, 1 }, { 12, 125, 1 }, { 12, 126, 2 },
		{ 12, 0x1000000000ull, 549755814 },
	};
	struct vfake *f = test->priv;
	unsigned int i;
	const u8 *log;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		f->ns.lba_shift = cases[i].shift;
		count_io(f, 1, 1, cases[i].blocks, 1, 0);
		log = read_log(f, LOG_SMART, 0, 512);
		KUNIT_EXPECT_EQ(test, get_le(log, 32, 8), cases[i].units);
		KUNIT_EXPECT_EQ(test, get_le(log, 48, 8), 0ull);
		count_io(f, 1, 1, 0, 1, cases[i].blocks);
		log = read_log(f, LOG_SMART, 0, 512);
		KUNIT_EXPECT_EQ(test, get_le(log, 32, 8), 0ull);
		KUNIT_EXPECT_EQ(test, get_le(log, 48, 8), cases[i].units);
	}
}

static void smart_namespaces(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd cmd = log_cmd(LOG_SMART, 0, 512);

	vfake_map(f, BUF);
	cmd.nsid = 0;
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
	cmd.nsid = cpu_to_le32(U32_MAX);
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
	/* LPA says that there is none for a namespace */
	cmd.nsid = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_FIELD);
	cmd.nsid = cpu_to_le32(2);
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_FIELD);
}

/*
 * A drive that does not answer: the admin queue of the fixture is closed. The guest's
 * command waits in its queue until that is known, and nobody waits with a lock
 */
static void smart_without_drive(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd cmd = log_cmd(LOG_SMART, 0, 512);
	u8 *page = vfake_map(f, BUF)->va;

	memset(page, 0xee, 512);
	f->host.health.fresh = false;
	KUNIT_EXPECT_EQ(test, ask_log(f, &cmd), VFAKE_RETRY);
	flush_work(&f->host.health.work);
	/* this machine may be slow */
	f->host.health.at = jiffies + 3600 * HZ;
	KUNIT_EXPECT_EQ(test, ask_log(f, &cmd), INTERNAL);
	f->host.health.at = jiffies - 3600 * HZ;
	KUNIT_EXPECT_EQ(test, ask_log(f, &cmd), VFAKE_RETRY);
	flush_work(&f->host.health.work);
	/* it is being asked just now */
	scoped_guard(mutex, &f->host.health.lock)
		KUNIT_EXPECT_EQ(test, ask_log(f, &cmd), VFAKE_RETRY);
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0xee, 512));
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
}

static void firmware(struct kunit *test)
{
	unsigned int len = strlen(SLUICE_VERSION);
	struct vfake *f = test->priv;
	const u8 *log = read_log(f, LOG_FIRMWARE, 0, 512);

	KUNIT_EXPECT_EQ(test, get_le(log, 0, 8), 1ull);	/* slot 1 is active */
	KUNIT_EXPECT_EQ(test, memcmp(log + 8, SLUICE_VERSION, len), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 8 + len, ' ', 8 - len));
	KUNIT_EXPECT_NULL(test, memchr_inv(log + 16, 0, 512 - 16));
}

static void changed_namespaces(struct kunit *test)
{
	struct vfake *f = test->priv;

	/* whatever was in the scratch page before */
	read_log(f, LOG_EFFECTS, 0, 4096);
	KUNIT_EXPECT_NULL(test, memchr_inv(read_log(f, LOG_CHANGED, 0, 4096), 0,
					   4096));
}

/* Effects: supported, changes the contents of blocks */
static void expect_effects(struct vfake *f, const u8 *log)
{
	/* the last is Doorbell Buffer Config, offered by default */
	static const u8 admin[] = { 0, 1, 2, 4, 5, 6, 8, 9, 0xa, 0xc, 0x7c };
	u16 oncs = f->ns.limits.oncs;
	unsigned int opcode;

	for (opcode = 0; opcode < 256; opcode++) {
		u32 acs = memchr(admin, opcode, sizeof(admin)) ? 1 : 0;
		u32 iocs;

		switch (opcode) {
		case 0x00:	/* Flush */
		case 0x02:	/* Read */
			iocs = 1;
			break;
		case 0x01:	/* Write */
			iocs = 3;
			break;
		case 0x05:	/* Compare */
			iocs = oncs & 0x01 ? 1 : 0;
			break;
		case 0x08:	/* Write Zeroes */
			iocs = oncs & 0x08 ? 3 : 0;
			break;
		case 0x09:	/* Dataset Management */
			iocs = oncs & 0x04 ? 3 : 0;
			break;
		case 0x0c:	/* Verify */
			iocs = oncs & 0x80 ? 1 : 0;
			break;
		default:
			iocs = 0;
		}
		KUNIT_EXPECT_EQ_MSG(f->test, get_le(log, 4 * opcode, 4), acs,
				    "admin command %#x", opcode);
		KUNIT_EXPECT_EQ_MSG(f->test, get_le(log, 1024 + 4 * opcode, 4),
				    iocs, "I/O command %#x", opcode);
	}
	KUNIT_EXPECT_NULL(f->test, memchr_inv(log + 2048, 0, 2048));
}

static void effects(struct kunit *test)
{
	static const u16 oncs[] = { 0xffff, 0, 0x01, 0x04, 0x08, 0x80 };
	struct vfake *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(oncs); i++) {
		f->ns.limits.oncs = oncs[i];
		expect_effects(f, read_log(f, LOG_EFFECTS, 0, 4096));
	}
}

static void other_logs(struct kunit *test)
{
	struct vfake *f = test->priv;
	u8 *page = vfake_map(f, BUF)->va;
	unsigned int lid;

	memset(page, 0xee, PAGE);
	for (lid = 0; lid < 256; lid++) {
		struct nvme_cmd cmd = log_cmd(lid, 0, 512);

		if (lid < LOG_ERROR || lid > LOG_EFFECTS)
			KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_LOG);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0xee, PAGE));
}

/* Parts of a log are those parts of it */
static void parts(struct kunit *test)
{
	static const u32 lens[] = { 4, 8, 64, 100, 512 };
	struct vfake *f = test->priv;
	u8 *whole = kunit_kmalloc(test, PAGE, GFP_KERNEL);
	unsigned int i, j;
	u32 off, nr;

	KUNIT_ASSERT_NOT_NULL(test, whole);
	for (nr = 0; nr < 10; nr++)
		fail(f, 1, nr, 0x281, nr);
	for (nr = 0; nr < 512; nr++)
		((u8 *)&f->host.health.log)[nr] = nr;

	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		memcpy(whole, read_log(f, logs[i].lid, 0, logs[i].size),
		       logs[i].size);
		for (off = 0; off < logs[i].size; off += 124) {
			for (j = 0; j < ARRAY_SIZE(lens); j++) {
				if (lens[j] > logs[i].size - off)
					continue;
				KUNIT_EXPECT_EQ(test,
						memcmp(read_log(f, logs[i].lid, off,
								lens[j]),
						       whole + off, lens[j]), 0);
			}
		}
	}
}

static void offsets(struct kunit *test)
{
	static const u64 beyond[] = {
		4, 4096, 1ull << 32, (1ull << 32) - 4, U64_MAX - 3,
	};
	struct vfake *f = test->priv;
	u8 *page = vfake_map(f, BUF)->va;
	unsigned int i, j;
	struct nvme_cmd cmd;

	memset(page, 0xee, PAGE);
	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		/* at the end there is nothing to read, behind it is an error */
		cmd = log_cmd(logs[i].lid, logs[i].size, 4);
		KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
		for (j = 0; j < ARRAY_SIZE(beyond); j++) {
			cmd = log_cmd(logs[i].lid, beyond[j] + (j < 2 ? logs[i].size : 0), 4);
			KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_FIELD);
		}
		for (j = 1; j < 4; j++) {
			cmd = log_cmd(logs[i].lid, j, 4);
			KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_FIELD);
		}
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(page, 0xee, PAGE));
}

/* A guest that asks for more than there is gets what there is */
static void lengths(struct kunit *test)
{
	struct vfake *f = test->priv;
	u8 *page = vfake_map(f, BUF)->va;
	unsigned int i, n;
	struct nvme_cmd cmd;

	vfake_map(f, BUF + PAGE);
	/* room for 1 MiB, named by a list */
	for (n = 1; n < 256; n++)
		vfake_put_entry(f, LIST + 8 * (n - 1), BUF + n * PAGE);

	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		memset(page, 0xee, PAGE);
		cmd = log_cmd(logs[i].lid, 0, SZ_1M);
		cmd.prp2 = cpu_to_le64(LIST);
		KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(page + logs[i].size, 0xee,
						   PAGE - logs[i].size));
		/* what the controller transfers at most [MDTS] */
		cmd = log_cmd(logs[i].lid, 0, SZ_1M + 4);
		cmd.prp2 = cpu_to_le64(LIST);
		KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_FIELD);
		cmd.cdw10 |= cpu_to_le32(0xffff0000);
		cmd.cdw11 = cpu_to_le32(0xffff);
		KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_FIELD);
	}
	/* the upper half of dword 11 is another field */
	cmd = log_cmd(LOG_ERROR, 0, 64);
	cmd.cdw11 |= cpu_to_le32(0xffff0000);
	memset(page, 0xee, PAGE);
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(page + 64, 0xee, PAGE - 64));
}

/*
 * With an offset in the first page and room for more than two, the rest of the
 * log is in the page that the list names; the list itself is not written to.
 */
static void behind_a_list(struct kunit *test)
{
	static const u32 lists[] = { 0, 8, PAGE - 16, PAGE - 8 };
	struct vfake *f = test->priv;
	u8 *whole = kunit_kmalloc(test, PAGE, GFP_KERNEL);
	u8 *first, *second, *list, *copy;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, whole);
	memcpy(whole, read_log(f, LOG_EFFECTS, 0, PAGE), PAGE);
	first = vfake_map(f, BUF)->va;
	second = vfake_map(f, BUF + PAGE)->va;
	list = vfake_map(f, LIST)->va;
	copy = kunit_kmalloc(test, PAGE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		struct nvme_cmd cmd = log_cmd(LOG_EFFECTS, 0, 4 * PAGE);
		u64 entry = LIST + lists[i];
		u32 nr;

		for (nr = 1; nr <= 4; nr++) {
			if (entry % PAGE == PAGE - 8 && nr < 4) {
				vfake_put_entry(f, entry, LIST + 5 * PAGE);
				entry = LIST + 5 * PAGE;
			}
			vfake_put_entry(f, entry, BUF + nr * PAGE);
			entry += 8;
		}
		memcpy(copy, list, PAGE);
		memset(first, 0xee, PAGE);
		memset(second, 0xee, PAGE);
		cmd.prp1 = cpu_to_le64(BUF + 512);
		cmd.prp2 = cpu_to_le64(LIST + lists[i]);
		KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(first, 0xee, 512));
		KUNIT_EXPECT_EQ(test, memcmp(first + 512, whole, PAGE - 512), 0);
		KUNIT_EXPECT_EQ(test, memcmp(second, whole + PAGE - 512, 512), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(second + 512, 0xee, PAGE - 512));
		KUNIT_EXPECT_EQ(test, memcmp(copy, list, PAGE), 0);
	}
}

static void bad_memory(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd cmd = log_cmd(LOG_ERROR, 0, 512);

	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), TRANSFER_ERROR);
	cmd.prp1 = cpu_to_le64(BUF + 2);
	vfake_map(f, BUF);
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), INVALID_OFFSET);
	cmd.prp1 = cpu_to_le64(BUF);
	vfake_page(f, BUF)->err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), VFAKE_RETRY);
}

/* Reading the error log lets the next event through, unless told otherwise */
static void event_retained(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cmd cmd = log_cmd(LOG_ERROR, 0, 64);

	vfake_map(f, BUF);
	f->vctrl.events_masked = 1;
	cmd.cdw10 |= cpu_to_le32(RAE);
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
	KUNIT_EXPECT_EQ(test, f->vctrl.events_masked, 1ul);
	/* other logs are about other events */
	cmd = log_cmd(LOG_SMART, 0, 64);
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
	KUNIT_EXPECT_EQ(test, f->vctrl.events_masked, 1ul);
	/* one that fails was not read */
	cmd = log_cmd(LOG_ERROR, 0, 64);
	vfake_page(f, BUF)->err = -EFAULT;
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), TRANSFER_ERROR);
	KUNIT_EXPECT_EQ(test, f->vctrl.events_masked, 1ul);
	vfake_page(f, BUF)->err = 0;
	KUNIT_EXPECT_EQ(test, get_log(f, &cmd), 0);
	KUNIT_EXPECT_EQ(test, f->vctrl.events_masked, 0ul);
}

static struct kunit_case vlog_cases[] = {
	KUNIT_CASE(errors),
	KUNIT_CASE(errors_wrap),
	KUNIT_CASE(refusals),
	KUNIT_CASE(smart),
	KUNIT_CASE(smart_units),
	KUNIT_CASE(smart_namespaces),
	KUNIT_CASE(smart_without_drive),
	KUNIT_CASE(firmware),
	KUNIT_CASE(changed_namespaces),
	KUNIT_CASE(effects),
	KUNIT_CASE(other_logs),
	KUNIT_CASE(parts),
	KUNIT_CASE(offsets),
	KUNIT_CASE(lengths),
	KUNIT_CASE(behind_a_list),
	KUNIT_CASE(bad_memory),
	KUNIT_CASE(event_retained),
	{}
};

static struct kunit_suite vlog_suite = {
	.name = "sluice-nvme-vlog",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vlog_cases,
};

kunit_test_suites(&vlog_suite);
