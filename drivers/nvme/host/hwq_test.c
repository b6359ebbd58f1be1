// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the hardware's queues: order, wrap-around, phase tags
 */
#include <kunit/test.h>

#include "host/host.h"

#define DEPTH	4

struct hwq_test {
	struct sluice_nvme_ctrl ctrl;
	struct sluice_nvme_cq cq;
	struct sluice_nvme_sq sq;
	struct nvme_cqe cqes[DEPTH];
	struct nvme_cmd cmds[DEPTH];
	u32 cq_db;
	u32 sq_db;
	/* What the callbacks saw */
	u16 cids[4 * DEPTH];
	unsigned int nr_cids;
	unsigned int calls;
	unsigned int limit;
	/* The device's side */
	u32 dev_tail;
	u8 dev_phase;
	u16 dev_cid;
};

static void hwq_test_complete(struct sluice_nvme_cq *cq,
			      const struct nvme_cqe *cqe)
{
	struct hwq_test *t = cq->priv;

	if (t->nr_cids < ARRAY_SIZE(t->cids))
		t->cids[t->nr_cids] = le16_to_cpu(cqe->cid);
	t->nr_cids++;
}

static unsigned int hwq_test_process(struct sluice_nvme_cq *cq,
				     unsigned int budget)
{
	struct hwq_test *t = cq->priv;
	unsigned int nr = 0;
	struct nvme_cqe cqe;

	t->calls++;
	budget = min(budget, t->limit);
	for (; nr < budget && sluice_nvme_cqe_next(cq, &cqe); nr++)
		hwq_test_complete(cq, &cqe);
	return nr;
}

static int hwq_test_init(struct kunit *test)
{
	struct hwq_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	spin_lock_init(&t->ctrl.qid_lock);
	t->cq.ctrl = &t->ctrl;
	t->sq.ctrl = &t->ctrl;
	/* no watchdog */
	t->ctrl.watched = true;
	t->cq.depth = DEPTH;
	t->cq.entries = t->cqes;
	t->cq.db = (u32 __force __iomem *)&t->cq_db;
	t->cq.phase = 1;
	t->cq.seen = t->cqes;
	t->cq.armed = true;
	spin_lock_init(&t->cq.lock);
	t->cq.process = hwq_test_process;
	t->limit = U32_MAX;
	t->cq.priv = t;
	t->sq.depth = DEPTH;
	t->sq.entries = t->cmds;
	t->sq.db = (u32 __force __iomem *)&t->sq_db;
	t->cq_db = U32_MAX;
	t->dev_phase = 1;
	test->priv = t;
	return 0;
}

/* What a device does: fill the next entry, its phase tag last */
static void hwq_test_post(struct hwq_test *t, unsigned int nr)
{
	while (nr--) {
		struct nvme_cqe *cqe = &t->cqes[t->dev_tail];

		cqe->cid = cpu_to_le16(t->dev_cid++);
		cqe->status = cpu_to_le16(t->dev_phase);
		if (++t->dev_tail == DEPTH) {
			t->dev_tail = 0;
			t->dev_phase ^= 1;
		}
	}
}

static void cq_empty(struct kunit *test)
{
	struct hwq_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), 0u);
	KUNIT_EXPECT_EQ(test, t->cq_db, U32_MAX);
}

static void cq_batch(struct kunit *test)
{
	struct hwq_test *t = test->priv;

	hwq_test_post(t, 3);
	KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), 3u);
	KUNIT_EXPECT_EQ(test, t->cq_db, 3u);
	KUNIT_EXPECT_EQ(test, t->calls, 1u);
	KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), 0u);
}

/* Every entry once and in order, at each position of head, around and around */
static void cq_wrap(struct kunit *test)
{
	struct hwq_test *t = test->priv;
	unsigned int i, step, posted = 0;

	for (step = 1; step < DEPTH; step++) {
		hwq_test_post(t, step);
		posted += step;
		KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), step);
		KUNIT_EXPECT_EQ(test, t->cq_db, posted % DEPTH);
	}
	for (i = 0; i < 2 * DEPTH; i++) {
		hwq_test_post(t, 1);
		posted++;
		KUNIT_EXPECT_TRUE(test, sluice_nvme_cq_look(&t->cq));
		KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), 1u);
		KUNIT_EXPECT_EQ(test, t->cq_db, posted % DEPTH);
		KUNIT_EXPECT_FALSE(test, sluice_nvme_cq_look(&t->cq));
		KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), 0u);
	}
	KUNIT_ASSERT_EQ(test, t->nr_cids, posted);
	for (i = 0; i < posted; i++)
		KUNIT_EXPECT_EQ(test, (unsigned int)t->cids[i], i);
}

/* All entries at once leave head where it was, with the other phase. */
static void cq_full(struct kunit *test)
{
	struct hwq_test *t = test->priv;

	hwq_test_post(t, DEPTH);
	KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), (unsigned int)DEPTH);
	KUNIT_EXPECT_EQ(test, t->cq.head, 0u);
	KUNIT_EXPECT_EQ(test, (int)t->cq.phase, 0);
	KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), 0u);
}

/* What was left is taken the next time, and the doorbell says what was taken. */
static void cq_budget(struct kunit *test)
{
	struct hwq_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		hwq_test_post(t, 3);
		KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, 2), 2u);
		KUNIT_EXPECT_EQ(test, t->cq_db, (3 * i + 2) % DEPTH);
		KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, 2), 1u);
		KUNIT_EXPECT_EQ(test, t->cq_db, (3 * i + 3) % DEPTH);
	}
	for (i = 0; i < 15; i++)
		KUNIT_EXPECT_EQ(test, (unsigned int)t->cids[i], i);
}

/* After a reset the entries of the time before must not be seen. */
static void cq_disarmed(struct kunit *test)
{
	struct hwq_test *t = test->priv;

	hwq_test_post(t, 1);
	t->cq.armed = false;
	KUNIT_EXPECT_EQ(test, sluice_nvme_cq_poll(&t->cq, UINT_MAX), 0u);
	KUNIT_EXPECT_EQ(test, t->nr_cids, 0u);
	KUNIT_EXPECT_EQ(test, t->cq_db, U32_MAX);
}

static void sq_wrap(struct kunit *test)
{
	struct hwq_test *t = test->priv;
	struct nvme_cmd cmd = { };
	unsigned int i;

	for (i = 0; i < 3 * DEPTH; i++) {
		cmd.cid = cpu_to_le16(i);
		sluice_nvme_sq_push(&t->sq, &cmd);
		KUNIT_EXPECT_EQ(test, (unsigned int)
				le16_to_cpu(t->cmds[i % DEPTH].cid), i);
		sluice_nvme_sq_ring(&t->sq);
		KUNIT_EXPECT_EQ(test, t->sq_db, (i + 1) % DEPTH);
	}
}

static void qids(struct kunit *test)
{
	struct hwq_test *t = test->priv;
	DECLARE_BITMAP(map, 8) = { 0x3 };	/* the host's */
	u16 a[2], b[4], c[3];

	t->ctrl.nr_qpairs = 8;
	t->ctrl.qids = map;
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_free(&t->ctrl), 6u);
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_reserve(&t->ctrl, a, 2), 0);
	KUNIT_EXPECT_EQ(test, (int)a[0], 3);
	KUNIT_EXPECT_EQ(test, (int)a[1], 4);
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_reserve(&t->ctrl, b, 4), 0);
	KUNIT_EXPECT_EQ(test, (int)b[3], 8);
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_free(&t->ctrl), 0u);

	/* All or nothing */
	sluice_nvme_qids_release(&t->ctrl, a, 2);
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_reserve(&t->ctrl, c, 3),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_free(&t->ctrl), 2u);

	/* Around what is in use */
	sluice_nvme_qids_release(&t->ctrl, b + 1, 1);
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_reserve(&t->ctrl, c, 3), 0);
	KUNIT_EXPECT_EQ(test, (int)c[0], 3);
	KUNIT_EXPECT_EQ(test, (int)c[1], 4);
	KUNIT_EXPECT_EQ(test, (int)c[2], 6);
	KUNIT_EXPECT_EQ(test, sluice_nvme_qids_free(&t->ctrl), 0u);
}

static struct kunit_case hwq_cases[] = {
	KUNIT_CASE(cq_empty),
	KUNIT_CASE(cq_batch),
	KUNIT_CASE(cq_wrap),
	KUNIT_CASE(cq_full),
	KUNIT_CASE(cq_budget),
	KUNIT_CASE(cq_disarmed),
	KUNIT_CASE(sq_wrap),
	KUNIT_CASE(qids),
	{ }
};

static struct kunit_suite hwq_suite = {
	.name = "sluice-nvme-hwq",
	.init = hwq_test_init,
	.test_cases = hwq_cases,
};

kunit_test_suites(&hwq_suite);
