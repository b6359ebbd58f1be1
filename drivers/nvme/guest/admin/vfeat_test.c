// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of Get and Set Features
 *
 * Feature identifiers and bits are written down here from NVMe 1.4, sections
 * 5.9 and 5.21, so that an error in spec.h cannot hide itself.
 */
#include <linux/delay.h>
#include <linux/string.h>

#include "guest/vfake_test.h"

#define ARBITRATION	0x01
#define POWER		0x02
#define TEMPERATURE	0x04
#define ERROR_RECOVERY	0x05
#define WRITE_CACHE	0x06
#define NUM_QUEUES	0x07
#define IRQ_COALESCING	0x08
#define IRQ_CONFIG	0x09
#define WRITE_ATOMIC	0x0a
#define ASYNC_EVENT	0x0b
#define TIMESTAMP	0x0e

#define CURRENT		0
#define DEFAULT		1
#define SAVED		2
#define CAPS		3

#define SAVE		0x80000000u
#define CHANGEABLE	0x4u	/* and neither saveable nor per namespace */

#define INVALID_FIELD	VFAKE_DNR(0x002)
#define TRANSFER_ERROR	VFAKE_DNR(0x004)
#define SEQUENCE_ERROR	VFAKE_DNR(0x00c)
#define NOT_SAVEABLE	VFAKE_DNR(0x10d)

#define BUF	0x0000345600000000ull

/* Two writable features never share a value by accident in these tests. */
static const u8 features[] = {
	ARBITRATION, POWER, TEMPERATURE, ERROR_RECOVERY, WRITE_CACHE,
	NUM_QUEUES, IRQ_COALESCING, IRQ_CONFIG, WRITE_ATOMIC, ASYNC_EVENT,
	TIMESTAMP,
};

static u32 get(struct vfake *f, u8 fid, u32 sel, u32 cdw11, u32 *result)
{
	struct nvme_cmd cmd = {
		.opcode	= 0x0a,
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(sel << 8 | fid),
		.cdw11	= cpu_to_le32(cdw11),
	};

	*result = 0xeeeeeeee;
	return vfake_status(sluice_vfeat_get(&f->vctrl, &cmd, result));
}

static u32 set_with(struct vfake *f, u32 cdw10, u32 cdw11, u32 *result)
{
	struct nvme_cmd cmd = {
		.opcode	= 0x09,
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(cdw10),
		.cdw11	= cpu_to_le32(cdw11),
	};

	*result = 0;
	return vfake_status(sluice_vfeat_set(&f->vctrl, &cmd, result));
}

static u32 set(struct vfake *f, u8 fid, u32 cdw11)
{
	u32 result;

	return set_with(f, fid, cdw11, &result);
}

static void expect_get(struct vfake *f, u8 fid, u32 sel, u32 cdw11, u32 value)
{
	u32 result;

	KUNIT_EXPECT_EQ_MSG(f->test, get(f, fid, sel, cdw11, &result), 0,
			    "feature %#x", fid);
	KUNIT_EXPECT_EQ_MSG(f->test, result, value, "feature %#x, select %u",
			    fid, sel);
}

/* @a, then @b is set and found again; the default stays */
static void expect_changes(struct vfake *f, u8 fid, u32 a, u32 b, u32 initial)
{
	expect_get(f, fid, CURRENT, a, initial);
	KUNIT_EXPECT_EQ(f->test, set(f, fid, a), 0);
	expect_get(f, fid, CURRENT, a, a);
	KUNIT_EXPECT_EQ(f->test, set(f, fid, b), 0);
	expect_get(f, fid, CURRENT, b, b);
	expect_get(f, fid, DEFAULT, b, initial);
	expect_get(f, fid, SAVED, b, initial);
	/* asking for the default changes nothing */
	expect_get(f, fid, CURRENT, b, b);
	expect_get(f, fid, CAPS, b, CHANGEABLE);
}

static void simple_features(struct kunit *test)
{
	struct vfake *f = test->priv;

	expect_changes(f, ARBITRATION, 0x01020304, 0x7, 0);
	expect_changes(f, POWER, 0x20, 0xe0, 0);	/* hints of workload */
	expect_changes(f, ERROR_RECOVERY, 0x1234, 0xffff, 0);
	expect_changes(f, WRITE_CACHE, 0, 1, 1);
	expect_changes(f, IRQ_COALESCING, 0x0102, 0xffff, 0);
	expect_changes(f, WRITE_ATOMIC, 1, 0, 0);
	expect_changes(f, ASYNC_EVENT, 0x1f, 0x3, 0);
}

static void reserved_bits(struct kunit *test)
{
	struct vfake *f = test->priv;

	KUNIT_EXPECT_EQ(test, set(f, POWER, 0xffffffe0), 0);
	expect_get(f, POWER, CURRENT, 0, 0xe0);
	KUNIT_EXPECT_EQ(test, set(f, ERROR_RECOVERY, 0xfffe0001), 0);
	expect_get(f, ERROR_RECOVERY, CURRENT, 0, 1);
	KUNIT_EXPECT_EQ(test, set(f, WRITE_CACHE, 0xfffffffe), 0);
	expect_get(f, WRITE_CACHE, CURRENT, 0, 0);
	KUNIT_EXPECT_EQ(test, set(f, IRQ_COALESCING, 0xffff0001), 0);
	expect_get(f, IRQ_COALESCING, CURRENT, 0, 1);
	KUNIT_EXPECT_EQ(test, set(f, WRITE_ATOMIC, 0xfffffffe), 0);
	expect_get(f, WRITE_ATOMIC, CURRENT, 0, 0);
}

static void refused_values(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int state;

	/* there is one power state */
	for (state = 1; state < 32; state++)
		KUNIT_EXPECT_EQ(test, set(f, POWER, state), INVALID_FIELD);
	expect_get(f, POWER, CURRENT, 0, 0);
	/* DULBE needs a namespace that can tell */
	KUNIT_EXPECT_EQ(test, set(f, ERROR_RECOVERY, 0x10000), INVALID_FIELD);
	expect_get(f, ERROR_RECOVERY, CURRENT, 0, 0);
}

static void temperature(struct kunit *test)
{
	const u32 under = 1 << 20;
	struct vfake *f = test->priv;
	u32 result;

	expect_get(f, TEMPERATURE, CURRENT, 0, 0xffff);
	expect_get(f, TEMPERATURE, CURRENT, under, 0);
	KUNIT_EXPECT_EQ(test, set(f, TEMPERATURE, 350), 0);
	KUNIT_EXPECT_EQ(test, set(f, TEMPERATURE, under | 270), 0);
	expect_get(f, TEMPERATURE, CURRENT, 0, 350);
	expect_get(f, TEMPERATURE, CURRENT, under, 270);
	expect_get(f, TEMPERATURE, DEFAULT, 0, 0xffff);
	expect_get(f, TEMPERATURE, DEFAULT, under, 0);

	/* all sensors: of which there is one; for setting only */
	KUNIT_EXPECT_EQ(test, set(f, TEMPERATURE, 0xf0000 | 333), 0);
	expect_get(f, TEMPERATURE, CURRENT, 0, 333);
	KUNIT_EXPECT_EQ(test, get(f, TEMPERATURE, CURRENT, 0xf0000, &result),
			INVALID_FIELD);
	/* other sensors, other thresholds */
	KUNIT_EXPECT_EQ(test, set(f, TEMPERATURE, 0x10000 | 1), INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, get(f, TEMPERATURE, CURRENT, 0x80000, &result),
			INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, set(f, TEMPERATURE, 2 << 20 | 1), INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, set(f, TEMPERATURE, 3 << 20 | 1), INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, get(f, TEMPERATURE, CURRENT, 3 << 20, &result),
			INVALID_FIELD);
	expect_get(f, TEMPERATURE, CURRENT, 0, 333);
	expect_get(f, TEMPERATURE, CURRENT, under, 270);
}

static void drive_without_cache(struct kunit *test)
{
	struct vfake *f = test->priv;
	u32 result;

	f->id.vwc = 0xfe;
	sluice_vfeat_init(&f->vctrl);
	KUNIT_EXPECT_EQ(test, get(f, WRITE_CACHE, CURRENT, 0, &result),
			INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, get(f, WRITE_CACHE, CAPS, 0, &result),
			INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, set(f, WRITE_CACHE, 1), INVALID_FIELD);
}

/*
 * The cache of a guest that turned it off stays off while it asks for the
 * default: I/O queues look at it at any time.
 */
static void cache_stays_off(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vfeat before;
	u32 result;
	u8 i;

	KUNIT_EXPECT_EQ(test, set(f, WRITE_CACHE, 0), 0);
	before = f->vctrl.feat;
	vfake_map(f, BUF);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		get(f, features[i], DEFAULT, 0, &result);
		get(f, features[i], SAVED, 0, &result);
		get(f, features[i], CAPS, 0, &result);
	}
	KUNIT_EXPECT_EQ(test, memcmp(&before, &f->vctrl.feat, sizeof(before)), 0);
}

static void num_queues(struct kunit *test)
{
	const u32 granted = (VFAKE_QPAIRS - 1) << 16 | (VFAKE_QPAIRS - 1);
	static const u32 asked[] = {
		0, 0x00010001, 0x000f000f, 0xfffe0000, 0x0000fffe, 0xfffefffe,
	};
	struct vfake *f = test->priv;
	unsigned int i;
	u32 result;

	expect_get(f, NUM_QUEUES, CURRENT, 0, granted);
	expect_get(f, NUM_QUEUES, DEFAULT, 0, granted);
	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		KUNIT_EXPECT_EQ(test, set_with(f, NUM_QUEUES, asked[i], &result), 0);
		KUNIT_EXPECT_EQ(test, result, granted);
	}
	KUNIT_EXPECT_EQ(test, set(f, NUM_QUEUES, 0x0000ffff), INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, set(f, NUM_QUEUES, 0xffff0000), INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, set(f, NUM_QUEUES, 0xffffffff), INVALID_FIELD);
}

/* Not once there is an I/O queue, of either kind */
static void num_queues_too_late(struct kunit *test)
{
	struct vfake *f = test->priv;

	f->vctrl.cqs[VFAKE_QPAIRS].live = true;
	KUNIT_EXPECT_EQ(test, set(f, NUM_QUEUES, 0), SEQUENCE_ERROR);
	f->vctrl.cqs[VFAKE_QPAIRS].live = false;
	f->vctrl.sqs[1].live = true;
	KUNIT_EXPECT_EQ(test, set(f, NUM_QUEUES, 0), SEQUENCE_ERROR);
	f->vctrl.sqs[1].live = false;
	/* the admin queues are none */
	f->vctrl.cqs[0].live = true;
	KUNIT_EXPECT_EQ(test, set(f, NUM_QUEUES, 0), 0);
	f->vctrl.cqs[0].live = false;
}

static void irq_config(struct kunit *test)
{
	const u32 no_coalescing = 1 << 16;
	struct vfake *f = test->priv;
	unsigned int vector;
	u32 result;

	for (vector = 0; vector <= VFAKE_QPAIRS; vector++)
		expect_get(f, IRQ_CONFIG, CURRENT, vector, vector);
	KUNIT_EXPECT_EQ(test, set(f, IRQ_CONFIG, no_coalescing | 2), 0);
	expect_get(f, IRQ_CONFIG, CURRENT, 1, 1);
	expect_get(f, IRQ_CONFIG, CURRENT, 2, no_coalescing | 2);
	expect_get(f, IRQ_CONFIG, CURRENT, 3, 3);
	expect_get(f, IRQ_CONFIG, DEFAULT, 2, 2);
	/* reserved bits stay zero */
	KUNIT_EXPECT_EQ(test, set(f, IRQ_CONFIG, 0xfffe0001), 0);
	expect_get(f, IRQ_CONFIG, CURRENT, 1, 1);

	/* there is a vector for each queue pair and the admin queue */
	for (vector = VFAKE_QPAIRS + 1; vector < 0x10000; vector += 0x333) {
		KUNIT_EXPECT_EQ(test, set(f, IRQ_CONFIG, vector), INVALID_FIELD);
		KUNIT_EXPECT_EQ(test, get(f, IRQ_CONFIG, CURRENT, vector,
					  &result), INVALID_FIELD);
	}
	KUNIT_EXPECT_EQ(test, set(f, IRQ_CONFIG, 0xffff), INVALID_FIELD);
}

static u64 read_timestamp(struct vfake *f, u32 sel)
{
	__le64 *buf = (void *)vfake_map(f, BUF)->va;
	u32 result;

	memset(buf, 0xee, 16);
	KUNIT_EXPECT_EQ(f->test, get(f, TIMESTAMP, sel, 0, &result), 0);
	/* eight bytes and no more */
	KUNIT_EXPECT_EQ(f->test, le64_to_cpu(buf[1]), 0xeeeeeeeeeeeeeeeeull);
	return le64_to_cpu(buf[0]);
}

static void timestamp(struct kunit *test)
{
	const u64 mask = 0xffffffffffffull, minute = 60000;
	struct vfake *f = test->priv;
	u64 now;

	/* since the reset, from zero; origin 000b */
	sluice_vfeat_init(&f->vctrl);
	now = read_timestamp(f, CURRENT);
	KUNIT_EXPECT_LT(test, now, minute);
	msleep(20);
	KUNIT_EXPECT_GE(test, read_timestamp(f, CURRENT), now + 10);

	/* set by the guest; origin 001b, never stops */
	vfake_put_entry(f, BUF, 0x0123456789abull | 0xffffull << 48);
	KUNIT_EXPECT_EQ(test, set(f, TIMESTAMP, 0), 0);
	now = read_timestamp(f, CURRENT);
	KUNIT_EXPECT_EQ(test, now >> 48, 0x0002ull);
	KUNIT_EXPECT_GE(test, now & mask, 0x0123456789abull);
	KUNIT_EXPECT_LT(test, now & mask, 0x0123456789abull + minute);
	msleep(20);
	KUNIT_EXPECT_GE(test, read_timestamp(f, CURRENT), now + 10);

	KUNIT_EXPECT_LT(test, read_timestamp(f, DEFAULT), minute);

	/* comes round without touching the origin */
	vfake_put_entry(f, BUF, mask);
	KUNIT_EXPECT_EQ(test, set(f, TIMESTAMP, 0), 0);
	msleep(20);
	now = read_timestamp(f, CURRENT);
	KUNIT_EXPECT_EQ(test, now >> 48, 0x0002ull);
	KUNIT_EXPECT_LT(test, now & mask, minute);

	/* a reset of the controller resets it */
	sluice_vfeat_init(&f->vctrl);
	KUNIT_EXPECT_LT(test, read_timestamp(f, CURRENT), minute);
}

static void timestamp_errors(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vfake_page *page;
	u32 result;

	KUNIT_EXPECT_EQ(test, get(f, TIMESTAMP, CURRENT, 0, &result),
			TRANSFER_ERROR);
	KUNIT_EXPECT_EQ(test, set(f, TIMESTAMP, 0), TRANSFER_ERROR);
	/* the capabilities need no memory */
	expect_get(f, TIMESTAMP, CAPS, 0, CHANGEABLE);

	page = vfake_map(f, BUF);
	memset(page->va, 0xee, 8);
	expect_get(f, TIMESTAMP, CAPS, 0, CHANGEABLE);
	KUNIT_EXPECT_NULL(test, memchr_inv(page->va, 0xee, 8));
	page->err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, get(f, TIMESTAMP, CURRENT, 0, &result),
			VFAKE_RETRY);
	KUNIT_EXPECT_EQ(test, set(f, TIMESTAMP, 0), VFAKE_RETRY);
	KUNIT_EXPECT_FALSE(test, f->vctrl.feat.timestamp_set);
}

static void not_saveable(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vfeat before = f->vctrl.feat;
	unsigned int i;
	u32 result;

	vfake_map(f, BUF);
	for (i = 0; i < ARRAY_SIZE(features); i++)
		KUNIT_EXPECT_EQ(test, set_with(f, SAVE | features[i], 0x1,
					       &result), NOT_SAVEABLE);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &f->vctrl.feat, sizeof(before)), 0);
}

static void select_values(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i, sel;
	u32 result;

	vfake_map(f, BUF);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		for (sel = 0; sel < 8; sel++)
			KUNIT_EXPECT_EQ(test, get(f, features[i], sel, 0,
						  &result),
					sel > CAPS ? INVALID_FIELD : 0);
	}
}

static void other_features(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vfeat before = f->vctrl.feat;
	unsigned int fid, sel;
	u32 result;

	vfake_map(f, BUF);
	for (fid = 0; fid < 256; fid++) {
		if (memchr(features, fid, sizeof(features)))
			continue;
		for (sel = CURRENT; sel <= CAPS; sel++)
			KUNIT_EXPECT_EQ_MSG(test, get(f, fid, sel, 0, &result),
					    INVALID_FIELD, "feature %#x", fid);
		KUNIT_EXPECT_EQ_MSG(test, set(f, fid, 0), INVALID_FIELD,
				    "feature %#x", fid);
	}
	KUNIT_EXPECT_EQ(test, memcmp(&before, &f->vctrl.feat, sizeof(before)), 0);
}

/* A Controller Reset undoes whatever was set */
static void reset_to_defaults(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vfeat before = f->vctrl.feat;
	unsigned int i;

	vfake_map(f, BUF);
	for (i = 0; i < ARRAY_SIZE(features); i++)
		set(f, features[i], features[i] == WRITE_CACHE ? 0 : 0x20);
	set(f, IRQ_CONFIG, 0x10001);
	KUNIT_EXPECT_NE(test, memcmp(&before, &f->vctrl.feat, sizeof(before)), 0);
	sluice_vfeat_init(&f->vctrl);
	before.timestamp_at = f->vctrl.feat.timestamp_at;
	KUNIT_EXPECT_EQ(test, memcmp(&before, &f->vctrl.feat, sizeof(before)), 0);
}

static struct kunit_case vfeat_cases[] = {
	KUNIT_CASE(simple_features),
	KUNIT_CASE(reserved_bits),
	KUNIT_CASE(refused_values),
	KUNIT_CASE(temperature),
	KUNIT_CASE(drive_without_cache),
	KUNIT_CASE(cache_stays_off),
	KUNIT_CASE(num_queues),
	KUNIT_CASE(num_queues_too_late),
	KUNIT_CASE(irq_config),
	KUNIT_CASE(timestamp),
	KUNIT_CASE(timestamp_errors),
	KUNIT_CASE(not_saveable),
	KUNIT_CASE(select_values),
	KUNIT_CASE(other_features),
	KUNIT_CASE(reset_to_defaults),
	{}
};

static struct kunit_suite vfeat_suite = {
	.name = "sluice-nvme-vfeat",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vfeat_cases,
};

kunit_test_suites(&vfeat_suite);
