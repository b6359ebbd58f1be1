// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of completions
 *
 * Order, phase tags, full queues, and entries of a drive that are not to be
 * believed.
 */
#include <linux/string.h>

#include "guest/vfake_test.h"

#define SQ	0x0000111100000000ull
#define CQ	0x0000222200000000ull

#define SQ_SIZE		64
#define SLOTS		16
#define VECTOR		1	/* of completion queue 1 in the fixture */

static const struct nvme_cmd flush = {
	.opcode	= 0x00,
	.nsid	= cpu_to_le32(1),
};

static void add_pair(struct vfake *f, u32 cq_size)
{
	vfake_add_cq(f, 1, CQ, cq_size);
	vfake_add_sq(f, 1, 1, SQ, SQ_SIZE, SLOTS);
}

/* Give the drive @nr commands; their identifiers count up from @cid */
static void start(struct vfake *f, u16 cid, unsigned int nr)
{
	unsigned long before = f->vctrl.sqs[1].submitted;
	struct nvme_cmd cmd = flush;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		cmd.cid = cpu_to_le16(cid + i);
		vfake_submit(f, 1, &cmd);
	}
	sluice_vio_service(&f->vctrl.sqs[1]);
	KUNIT_ASSERT_EQ(f->test, f->vctrl.sqs[1].submitted, before + nr);
}

/* The slot of a command that the drive has */
static u16 slot_of(struct vfake *f, u16 cid)
{
	struct sluice_vsq *vsq = &f->vctrl.sqs[1];
	unsigned int i;

	for (i = 0; i < vsq->nr_slots; i++) {
		if (vsq->slots[i].state == SLUICE_VSLOT_HARDWARE &&
		    vsq->slots[i].cid == cid)
			return i;
	}
	KUNIT_FAIL(f->test, "no command %#x with the drive", cid);
	return U16_MAX;
}

static void finish(struct vfake *f, u16 cid, u16 status)
{
	vfake_complete(f, 1, 1, slot_of(f, cid), status);
}

static bool cqe_phase(struct vfake *f, u32 index)
{
	return le16_to_cpu(vfake_cqe(f, 1, index)->status) & 1;
}

static u16 cqe_cid(struct vfake *f, u32 index)
{
	return le16_to_cpu(vfake_cqe(f, 1, index)->cid);
}

/* All of an entry is ours or the guest's, nothing is the drive's but the status */
static void entry_fields(struct kunit *test)
{
	struct vfake *f = test->priv;
	const struct nvme_cqe *cqe;

	add_pair(f, 8);
	start(f, 0xcafe, 3);
	memset(vfake_cqe(f, 1, 0), 0xee, sizeof(*cqe));
	finish(f, 0xcaff, 0x4281);
	cqe = vfake_cqe(f, 1, 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cqe->result), 0u);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cqe->rsvd), 0u);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->sq_head), 3);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->sq_id), 1);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->cid), 0xcaff);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->status), 0x4281 << 1 | 1);
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
	KUNIT_EXPECT_NULL(test, memchr_inv(vfake_cqe(f, 1, 1), 0, 7 * sizeof(*cqe)));
}

/* The drive's status without More and the index of a retry delay */
static void status_bits(struct kunit *test)
{
	static const struct {
		u16 drive, guest;
	} cases[] = {
		{ 0x0000, 0x0000 },
		{ 0x0080, 0x0080 },
		{ 0x07ff, 0x07ff },
		{ 0x4002, 0x4002 },
		{ 0x2000, 0x0000 },	/* More */
		{ 0x0882, 0x0082 },	/* CRD */
		{ 0x1882, 0x0082 },
		{ 0x7fff, 0x47ff },
	};
	struct vfake *f = test->priv;
	unsigned int i;

	add_pair(f, 16);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		start(f, i, 1);
		finish(f, i, cases[i].drive);
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(vfake_cqe(f, 1, i)->status),
				cases[i].guest << 1 | 1);
	}
}

/* A guest that takes each entry at once, round and round, whatever the size */
static void phase_at_wrap(struct kunit *test)
{
	static const u32 sizes[] = { 2, 3, 4, 5, 8, 17, 256, 300 };
	struct vfake *f = test->priv;
	unsigned int i;
	u32 n;

	vfake_add_cq(f, 1, CQ, 512);
	vfake_add_sq(f, 1, 1, SQ, SQ_SIZE, SLOTS);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sluice_vcq *vcq = &f->vctrl.cqs[1];
		u32 size = sizes[i];

		memset(vcq->ring.va, 0, 512 * sizeof(struct nvme_cqe));
		vcq->size = size;
		vcq->tail = 0;
		vcq->head = 0;
		vcq->phase = 1;
		vfake_ring_cq(f, 1, 0);
		for (n = 0; n < 3 * size + 1; n++) {
			bool phase = !(n / size % 2);

			/* not there before it is, in any round */
			KUNIT_ASSERT_NE(test, cqe_phase(f, n % size), phase);
			start(f, n, 1);
			finish(f, n, 0);
			KUNIT_ASSERT_EQ(test, cqe_phase(f, n % size), phase);
			KUNIT_ASSERT_EQ(test, (u32)cqe_cid(f, n % size), n & 0xffff);
			vfake_ring_cq(f, 1, (n + 1) % size);
			sluice_vcq_doorbell(vcq);
		}
	}
}

/* One entry stays free; what has no room waits, in order, and loses nothing */
static void full_queue(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];
	unsigned int i, seen;

	add_pair(f, 4);
	start(f, 100, 10);
	for (i = 0; i < 10; i++)
		finish(f, 100 + i, 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, i), 100 + (int)i);
	KUNIT_EXPECT_FALSE(test, cqe_phase(f, 3));
	KUNIT_EXPECT_FALSE(test, list_empty(&vcq->waiting));
	/* once for each that was written, never for one that was not */
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 3u);
	/* the drive is done with all of them */
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));

	/* a doorbell that moves nothing */
	sluice_vcq_doorbell(vcq);
	KUNIT_EXPECT_FALSE(test, cqe_phase(f, 3));
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 0u);

	/* one by one, then by two */
	for (seen = 1; seen < 10; seen++) {
		vfake_ring_cq(f, 1, seen % 4);
		sluice_vcq_doorbell(vcq);
		if (seen + 2 < 10) {
			KUNIT_EXPECT_EQ(test, (u32)cqe_cid(f, (seen + 2) % 4),
					100 + seen + 2);
			KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
		} else {
			KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 0u);
		}
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&vcq->waiting));
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(&f->vctrl.sqs[1]), (unsigned int)SLOTS);
}

/* A later completion does not overtake those that wait */
static void full_queue_keeps_order(struct kunit *test)
{
	struct vfake *f = test->priv;

	add_pair(f, 3);
	start(f, 0, 6);
	finish(f, 0, 0);
	finish(f, 1, 0);
	finish(f, 2, 0);	/* waits */
	vfake_ring_cq(f, 1, 1);
	finish(f, 3, 0);	/* there is room, but not for this one */
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 2), 2);
	KUNIT_EXPECT_FALSE(test, list_empty(&f->vctrl.cqs[1].waiting));
	vfake_ring_cq(f, 1, 2);
	sluice_vcq_doorbell(&f->vctrl.cqs[1]);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 0), 3);
	KUNIT_EXPECT_FALSE(test, cqe_phase(f, 0));
}

/*
 * Interrupts are off while a completion is passed on, and many may come at once:
 * each writes two of those that wait, and the worker the rest
 */
static void room_for_many(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];
	unsigned int i;

	add_pair(f, 8);
	start(f, 0, 16);
	for (i = 0; i < 15; i++)
		finish(f, i, 0);
	vfake_kicks(f);
	vfake_ring_cq(f, 1, 7);
	finish(f, 15, 0);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 0), 8);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 1), 1);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	KUNIT_EXPECT_EQ(test, sluice_vcq_doorbell(vcq), 5u);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 5), 13);
	KUNIT_EXPECT_EQ(test, sluice_vcq_doorbell(vcq), 0u);
	vfake_ring_cq(f, 1, 6);
	KUNIT_EXPECT_EQ(test, sluice_vcq_doorbell(vcq), 2u);
	KUNIT_EXPECT_TRUE(test, list_empty(&vcq->waiting));
}

/* Several at once are one interrupt */
static void interrupt_per_batch(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cqe cqes[9] = {};
	unsigned int i;

	add_pair(f, 16);
	start(f, 0, 8);
	for (i = 0; i < 8; i++) {
		cqes[i].sq_id = cpu_to_le16(VFAKE_HW_QID);
		cqes[i].cid = cpu_to_le16(slot_of(f, i));
	}
	vfake_complete_batch(f, 1, cqes, 8);
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, cqe_phase(f, i));
}

/*
 * Batches of all lengths across the end of the guest's queue: entries in order,
 * the phase tag turns at the end, and one interrupt for each batch
 */
static void batches_wrap(struct kunit *test)
{
	struct nvme_cqe cqes[SLOTS + 1];
	struct vfake *f = test->priv;
	unsigned int i, nr, pos = 0;

	add_pair(f, 11);
	for (nr = 1; nr <= 10; nr++) {
		memset(cqes, 0, sizeof(cqes));
		start(f, 0, nr);
		for (i = 0; i < nr; i++) {
			cqes[i].sq_id = cpu_to_le16(VFAKE_HW_QID);
			cqes[i].cid = cpu_to_le16(slot_of(f, i));
		}
		vfake_complete_batch(f, 1, cqes, nr);
		KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
		for (i = 0; i < nr; i++, pos++) {
			KUNIT_EXPECT_EQ(test, cqe_phase(f, pos % 11),
					!(pos / 11 % 2));
			KUNIT_EXPECT_EQ(test, (unsigned int)cqe_cid(f, pos % 11),
					i);
		}
		vfake_ring_cq(f, 1, pos % 11);
	}
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(&f->vctrl.sqs[1]),
			(unsigned int)SLOTS);
}

/* Two submission queues complete into one: each gets its slots back */
static void batch_of_two_queues(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cqe cqes[7] = {};
	struct nvme_cmd cmd = flush;
	unsigned int i;

	add_pair(f, 16);
	vfake_add_sq(f, 2, 1, SQ + 0x10000, SQ_SIZE, SLOTS);
	start(f, 0, 3);
	for (i = 0; i < 3; i++) {
		cmd.cid = cpu_to_le16(0x20 + i);
		vfake_submit(f, 2, &cmd);
	}
	sluice_vio_service(&f->vctrl.sqs[2]);
	/* the first queue waits for slots */
	f->vctrl.sqs[1].stalled = true;
	vfake_kicks(f);
	for (i = 0; i < 6; i++) {
		cqes[i].sq_id = cpu_to_le16(VFAKE_HW_QID + i % 2);
		cqes[i].cid = cpu_to_le16(i / 2);
	}
	vfake_complete_batch(f, 1, cqes, 6);
	KUNIT_EXPECT_GE(test, vfake_kicks(f), 1u);
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, (unsigned int)cqe_cid(f, i),
				i % 2 ? 0x20 + i / 2 : i / 2);
	for (i = 1; i <= 2; i++) {
		KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(&f->vctrl.sqs[i]));
		KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(&f->vctrl.sqs[i]),
				(unsigned int)SLOTS);
	}
}

static void interrupts_disabled(struct kunit *test)
{
	struct vfake *f = test->priv;

	add_pair(f, 2);
	f->vctrl.cqs[1].irq_enabled = false;
	start(f, 0, 2);
	finish(f, 0, 0);
	finish(f, 1, 0);
	KUNIT_EXPECT_TRUE(test, cqe_phase(f, 0));
	vfake_ring_cq(f, 1, 1);
	sluice_vcq_doorbell(&f->vctrl.cqs[1]);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 1), 1);
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 0u);
}

/* Heads that cannot be: nothing moves, the guest is told, nobody spins */
static void impossible_heads(struct kunit *test)
{
	static const u32 heads[] = { 4, 5, 0xffff, 0x10000, 0x10001, U32_MAX };
	struct vfake *f = test->priv;
	unsigned int i;

	add_pair(f, 4);
	start(f, 0, 5);
	for (i = 0; i < 5; i++)
		finish(f, i, 0);
	KUNIT_EXPECT_FALSE(test, cqe_phase(f, 3));
	vfake_kicks(f);
	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		f->vctrl.events = 0;
		vfake_ring_cq(f, 1, heads[i]);
		sluice_vcq_doorbell(&f->vctrl.cqs[1]);
		KUNIT_EXPECT_FALSE(test, cqe_phase(f, 3));
		KUNIT_EXPECT_EQ(test, f->vctrl.events,
				BIT(SLUICE_EVENT_DOORBELL_VALUE));
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
		/* once is enough */
		sluice_vcq_doorbell(&f->vctrl.cqs[1]);
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	}
	vfake_ring_cq(f, 1, 2);
	sluice_vcq_doorbell(&f->vctrl.cqs[1]);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 3), 3);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 0), 4);
}

/* A guest that claims to have read what is not there hurts itself only */
static void lying_head(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];
	u8 *behind;
	u32 n;

	add_pair(f, 5);
	behind = (u8 *)vfake_cqe(f, 1, 5);
	memset(behind, 0xee, 4096 - 5 * sizeof(struct nvme_cqe));
	for (n = 0; n < 200; n++) {
		start(f, n, 1);
		vfake_ring_cq(f, 1, n * 7 % 5);
		finish(f, n, 0);
		sluice_vcq_doorbell(vcq);
		KUNIT_ASSERT_LT(test, vcq->tail, 5u);
		/* so that slots come back */
		vfake_ring_cq(f, 1, (vcq->tail + 2) % 5);
		sluice_vcq_doorbell(vcq);
		KUNIT_ASSERT_LT(test, vcq->tail, 5u);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(behind, 0xee,
					   4096 - 5 * sizeof(struct nvme_cqe)));
}

/*
 * Completions that do not belong to a command of this queue are ignored:
 * nothing reaches the guest and no count changes.
 */
static void expect_ignored(struct vfake *f, u16 hw_sqid, u16 cqid, u16 cid)
{
	unsigned long completed = f->vctrl.sqs[1].completed;
	u32 tail = f->vctrl.cqs[cqid].tail;
	struct nvme_cqe cqes[2] = { {
		.sq_id	= cpu_to_le16(hw_sqid),
		.cid	= cpu_to_le16(cid),
	} };

	vfake_complete_batch(f, cqid, cqes, 1);
	KUNIT_EXPECT_EQ(f->test, f->vctrl.cqs[cqid].tail, tail);
	KUNIT_EXPECT_EQ(f->test, f->vctrl.sqs[1].completed, completed);
	KUNIT_EXPECT_EQ(f->test, vfake_signals(f, cqid), 0u);
}

static void foreign_completions(struct kunit *test)
{
	struct vfake *f = test->priv;

	add_pair(f, 8);
	vfake_add_cq(f, 2, CQ + 0x10000, 8);
	start(f, 0, 2);
	/* slots that are free, and that do not exist */
	expect_ignored(f, VFAKE_HW_QID, 1, 2);
	expect_ignored(f, VFAKE_HW_QID, 1, SLOTS - 1);
	expect_ignored(f, VFAKE_HW_QID, 1, SLOTS);
	expect_ignored(f, VFAKE_HW_QID, 1, 0x7fff);
	expect_ignored(f, VFAKE_HW_QID, 1, 0xffff);
	/* queues that are another's, the admin queue, and that do not exist */
	expect_ignored(f, 0, 1, 0);
	expect_ignored(f, VFAKE_HW_QID - 1, 1, 0);
	expect_ignored(f, VFAKE_HW_QID + 1, 1, 0);
	expect_ignored(f, VFAKE_HW_QID + VFAKE_QPAIRS, 1, 0);
	expect_ignored(f, f->ctrl.nr_qpairs, 1, 0);
	expect_ignored(f, f->ctrl.nr_qpairs + 1, 1, 0);
	expect_ignored(f, 0xffff, 1, 0);
	/* the right command in the wrong place */
	expect_ignored(f, VFAKE_HW_QID, 2, 0);
	/* a command completes once */
	finish(f, 0, 0);
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
	expect_ignored(f, VFAKE_HW_QID, 1, 0);
	finish(f, 1, 0);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));
}

/* A command that waits for room has completed: it cannot do so again */
static void waiting_command_again(struct kunit *test)
{
	struct vfake *f = test->priv;
	u16 slot;

	add_pair(f, 2);
	start(f, 0, 2);
	finish(f, 0, 0);
	slot = slot_of(f, 1);
	finish(f, 1, 0);
	vfake_signals(f, VECTOR);
	expect_ignored(f, VFAKE_HW_QID, 1, slot);
	vfake_ring_cq(f, 1, 1);
	sluice_vcq_doorbell(&f->vctrl.cqs[1]);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->vctrl.cqs[1].waiting));
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(&f->vctrl.sqs[1]), (unsigned int)SLOTS);
}

/* What the hardware will never complete is completed for it, and only that */
static void hardware_gone(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	add_pair(f, 16);
	start(f, 0, 6);
	finish(f, 1, 0);
	finish(f, 4, 0);
	vfake_signals(f, VECTOR);
	sluice_vsq_fail_hardware(&f->vctrl.sqs[1], NVME_SC_NS_NOT_READY);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
	for (i = 2; i < 6; i++)
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(vfake_cqe(f, 1, i)->status),
				0x82 << 1 | 1);
	KUNIT_EXPECT_FALSE(test, cqe_phase(f, 6));
	/* nothing is left for a second time */
	sluice_vsq_fail_hardware(&f->vctrl.sqs[1], NVME_SC_NS_NOT_READY);
	KUNIT_EXPECT_FALSE(test, cqe_phase(f, 6));
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 0u);
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(&f->vctrl.sqs[1]), (unsigned int)SLOTS);
	/* a queue that was never made */
	sluice_vsq_fail_hardware(&f->vctrl.sqs[2], NVME_SC_NS_NOT_READY);
}

static void counters(struct kunit *test)
{
	static const struct {
		u8 opcode;
		u32 nr_blocks;
		u16 status;
	} cmds[] = {
		{ 0x02, 8, 0 }, { 0x02, 1, 0 }, { 0x02, 4, 0x281 },
		{ 0x05, 2, 0 }, { 0x05, 2, 0x285 },
		{ 0x01, 5, 0 }, { 0x01, 7, 0x280 },
		{ 0x08, 100, 0 }, { 0x0c, 100, 0 }, { 0x00, 1, 0 },
	};
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = &f->vctrl.sqs[1];
	unsigned int i;

	add_pair(f, 16);
	vfake_map(f, 0);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		struct nvme_cmd cmd = {
			.opcode	= cmds[i].opcode,
			.cid	= cpu_to_le16(i),
			.nsid	= cpu_to_le32(1),
			.cdw12	= cpu_to_le32(cmds[i].nr_blocks - 1),
		};

		vfake_submit(f, 1, &cmd);
		sluice_vio_service(vsq);
		finish(f, i, cmds[i].status);
	}
	KUNIT_EXPECT_EQ(test, vsq->reads, 3ull);
	KUNIT_EXPECT_EQ(test, vsq->blocks_read, 11ull);
	KUNIT_EXPECT_EQ(test, vsq->writes, 1ull);
	KUNIT_EXPECT_EQ(test, vsq->blocks_written, 5ull);
	/* and those that failed are in the error log */
	KUNIT_EXPECT_EQ(test, f->vctrl.log.error_count, 3ull);
}

/* Nobody writes to memory that is unmapped; completions wait for it */
static void memory_away(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];

	add_pair(f, 8);
	start(f, 0, 2);
	vfake_unmap_queues(f, CQ, 4096);
	KUNIT_ASSERT_NULL(test, vcq->ring.va);
	finish(f, 0, 0);
	vfake_kicks(f);
	vfake_retries(f);
	sluice_vcq_doorbell(vcq);
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 0u);
	/* the worker is to map it, but not all the time */
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
	f->vmap_err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, sluice_vcq_map(vcq), -EAGAIN);
	KUNIT_EXPECT_NULL(test, vcq->ring.va);
	f->vmap_err = 0;
	KUNIT_EXPECT_EQ(test, sluice_vcq_map(vcq), 0);
	KUNIT_EXPECT_TRUE(test, f->vmap_write);
	KUNIT_EXPECT_TRUE(test, cqe_phase(f, 0));
	KUNIT_EXPECT_EQ(test, vfake_signals(f, VECTOR), 1u);
	/* already mapped */
	KUNIT_EXPECT_EQ(test, sluice_vcq_map(vcq), 0);
	finish(f, 1, 0);
	KUNIT_EXPECT_EQ(test, (int)cqe_cid(f, 1), 1);
}

static struct kunit_case vcomp_cases[] = {
	KUNIT_CASE(entry_fields),
	KUNIT_CASE(status_bits),
	KUNIT_CASE(phase_at_wrap),
	KUNIT_CASE(full_queue),
	KUNIT_CASE(full_queue_keeps_order),
	KUNIT_CASE(room_for_many),
	KUNIT_CASE(interrupt_per_batch),
	KUNIT_CASE(batches_wrap),
	KUNIT_CASE(batch_of_two_queues),
	KUNIT_CASE(interrupts_disabled),
	KUNIT_CASE(impossible_heads),
	KUNIT_CASE(lying_head),
	KUNIT_CASE(foreign_completions),
	KUNIT_CASE(waiting_command_again),
	KUNIT_CASE(hardware_gone),
	KUNIT_CASE(counters),
	KUNIT_CASE(memory_away),
	{}
};

static struct kunit_suite vcomp_suite = {
	.name = "sluice-nvme-vcomp",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vcomp_cases,
};

kunit_test_suites(&vcomp_suite);
