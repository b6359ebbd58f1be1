// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the admin queue: what is refused, events, aborts
 *
 * Opcodes and status codes are written down here from NVMe 1.4, section 5.
 */
#include <linux/ktime.h>
#include <linux/string.h>

#include "guest/vfake_test.h"

#define SQ	0x0000111100000000ull
#define CQ	0x0000222200000000ull
#define BUF	0x0000345600000000ull

#define GET_LOG_PAGE	0x02
#define IDENTIFY	0x06
#define ABORT		0x08
#define ASYNC_EVENT	0x0c

#define INVALID_OPCODE	VFAKE_DNR(0x001)
#define INVALID_FIELD	VFAKE_DNR(0x002)
#define ABORTED		0x007
#define LIMIT_EXCEEDED	VFAKE_DNR(0x105)

#define NOT_ABORTED	1u	/* dword 0 of Abort */

static void add_admin(struct vfake *f, u32 sq_size, u32 cq_size)
{
	vfake_add_admin(f, SQ, sq_size, CQ, cq_size);
}

static void serve(struct vfake *f)
{
	guard(mutex)(&f->vctrl.admin_lock);
	sluice_vadmin_service(&f->vctrl);
}

static void submit(struct vfake *f, u8 opcode, u16 cid, u32 cdw10)
{
	struct nvme_cmd cmd = {
		.opcode	= opcode,
		.cid	= cpu_to_le16(cid),
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(cdw10),
	};

	vfake_submit(f, 0, &cmd);
}

/* The next entry that the guest has not seen, which it takes */
static const struct nvme_cqe *take(struct vfake *f, u32 *seen)
{
	struct sluice_vcq *vcq = &f->vctrl.cqs[0];
	const struct nvme_cqe *cqe = vfake_cqe(f, 0, *seen % vcq->size);
	bool phase = !(*seen / vcq->size % 2);

	if ((le16_to_cpu(cqe->status) & 1) != phase)
		return NULL;
	++*seen;
	vfake_ring_cq(f, 0, *seen % vcq->size);
	sluice_vcq_doorbell(vcq);
	return cqe;
}

static void expect_done(struct vfake *f, u32 *seen, u16 cid, u16 status,
			u32 result)
{
	const struct nvme_cqe *cqe = take(f, seen);

	KUNIT_ASSERT_NOT_NULL(f->test, cqe);
	KUNIT_EXPECT_EQ(f->test, (int)le16_to_cpu(cqe->cid), (int)cid);
	KUNIT_EXPECT_EQ(f->test, (int)le16_to_cpu(cqe->sq_id), 0);
	KUNIT_EXPECT_EQ(f->test, le16_to_cpu(cqe->status) >> 1, (int)status);
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(cqe->result), result);
}

static void commands(struct kunit *test)
{
	struct vfake *f = test->priv;
	u32 seen = 0;

	add_admin(f, 8, 8);
	vfake_map(f, BUF);
	submit(f, IDENTIFY, 1, 1);
	submit(f, IDENTIFY, 2, 0xff);
	submit(f, GET_LOG_PAGE, 3, 15 << 16 | 1);
	serve(f);
	expect_done(f, &seen, 1, 0, 0);
	expect_done(f, &seen, 2, INVALID_FIELD, 0);
	expect_done(f, &seen, 3, 0, 0);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	/* admin completions interrupt through vector 0 */
	KUNIT_EXPECT_EQ(test, vfake_signals(f, 0), 3u);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[0].head, 3u);
}

static void opcodes_refused(struct kunit *test)
{
	static const u8 known[] = {
		0, 1, 2, 4, 5, 6, 8, 9, 0xa, 0xc, 0x7c
	};
	struct vfake *f = test->priv;
	unsigned int opcode;
	u32 seen = 0;

	add_admin(f, 3, 5);
	for (opcode = 0; opcode < 256; opcode++) {
		if (memchr(known, opcode, sizeof(known)))
			continue;
		submit(f, opcode, opcode, 0);
		serve(f);
		expect_done(f, &seen, opcode, INVALID_OPCODE, 0);
	}
}

static void fuse_and_psdt(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int flags;
	u32 seen = 0;

	add_admin(f, 8, 8);
	vfake_map(f, BUF);
	for (flags = 0; flags < 256; flags++) {
		struct nvme_cmd cmd = {
			.opcode	= IDENTIFY,
			.flags	= flags,
			.prp1	= cpu_to_le64(BUF),
			.cdw10	= cpu_to_le32(1),
		};

		vfake_submit(f, 0, &cmd);
		serve(f);
		expect_done(f, &seen, 0, flags & 0xc3 ? INVALID_FIELD : 0, 0);
	}
}

static void impossible_tails(struct kunit *test)
{
	static const u32 tails[] = { 8, 9, 0x10000, U32_MAX };
	struct vfake *f = test->priv;
	unsigned int i;
	u32 seen = 0;

	add_admin(f, 8, 8);
	vfake_kicks(f);
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		f->vctrl.events = 0;
		vfake_ring_sq(f, 0, tails[i]);
		serve(f);
		KUNIT_EXPECT_EQ(test, f->vctrl.sqs[0].head, 0u);
		KUNIT_EXPECT_EQ(test, f->vctrl.events,
				BIT(SLUICE_EVENT_DOORBELL_VALUE));
		/* to report it, once */
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
		serve(f);
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	}
	KUNIT_EXPECT_NULL(test, take(f, &seen));
}

/* Every reason to stop stops admin commands, too */
static void stopped(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int reason;
	u32 seen = 0;

	add_admin(f, 8, 8);
	submit(f, 0x7f, 1, 0);
	for (reason = SLUICE_STOP_CLOSED; reason <= SLUICE_STOP_RESET; reason++) {
		f->vctrl.stop = BIT(reason);
		serve(f);
		KUNIT_EXPECT_NULL(test, take(f, &seen));
		KUNIT_EXPECT_EQ(test, f->vctrl.sqs[0].head, 0u);
	}
	f->vctrl.stop = 0;
	serve(f);
	expect_done(f, &seen, 1, INVALID_OPCODE, 0);
}

/* A guest that does not look at completions is not served beyond its slots */
static void completion_queue_full(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = &f->vctrl.sqs[0];
	unsigned int i;
	u32 seen = 0;

	add_admin(f, 32, 2);
	for (i = 0; i < 30; i++)
		submit(f, 0x7f, i, 0);
	vfake_kicks(f);
	serve(f);
	KUNIT_EXPECT_EQ(test, vsq->head, 1 + vsq->nr_slots);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	for (i = 0; i < 30; i++) {
		expect_done(f, &seen, i, INVALID_OPCODE, 0);
		/* the slot that became free is worth a look */
		if (vsq->head < 30)
			KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
		serve(f);
	}
	KUNIT_EXPECT_EQ(test, vsq->head, 30u);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), vsq->nr_slots);
}

/* Memory that is away for a moment: the command is executed later, once */
static void retried(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = &f->vctrl.sqs[0];
	unsigned int i;
	u32 seen = 0;

	add_admin(f, 8, 8);
	vfake_map(f, BUF)->err = -EAGAIN;
	submit(f, IDENTIFY, 1, 1);
	submit(f, 0x7f, 2, 0);
	for (i = 0; i < 3; i++) {
		serve(f);
		KUNIT_EXPECT_NULL(test, take(f, &seen));
		KUNIT_EXPECT_EQ(test, vsq->head, 0u);
		KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), vsq->nr_slots);
		KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
	}
	vfake_page(f, BUF)->err = 0;
	serve(f);
	expect_done(f, &seen, 1, 0, 0);
	expect_done(f, &seen, 2, INVALID_OPCODE, 0);
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 0u);
}

/*
 * Asynchronous events
 */

static void park(struct vfake *f, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		submit(f, ASYNC_EVENT, 0xae0 + i, 0);
	serve(f);
}

static void event_limit(struct kunit *test)
{
	struct vfake *f = test->priv;
	u32 seen = 0;

	add_admin(f, 16, 16);
	park(f, SLUICE_VCTRL_AERS);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	submit(f, ASYNC_EVENT, 0xbad, 0);
	serve(f);
	expect_done(f, &seen, 0xbad, LIMIT_EXCEEDED, 0);
	/* others are served meanwhile */
	submit(f, 0x7f, 1, 0);
	serve(f);
	expect_done(f, &seen, 1, INVALID_OPCODE, 0);
}

/* One request is one event; the next comes after the log has been read */
static void event_reported(struct kunit *test)
{
	struct vfake *f = test->priv;
	u32 seen = 0;

	add_admin(f, 16, 16);
	vfake_map(f, BUF);
	park(f, 3);
	vfake_kicks(f);
	sluice_vadmin_event(&f->vctrl, SLUICE_EVENT_DOORBELL_VALUE);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	/* the same again is the same event */
	sluice_vadmin_event(&f->vctrl, SLUICE_EVENT_DOORBELL_VALUE);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	serve(f);
	/* error, invalid doorbell write value, error log */
	expect_done(f, &seen, 0xae0, 0, 0x00010100);
	serve(f);
	KUNIT_EXPECT_NULL(test, take(f, &seen));

	sluice_vadmin_event(&f->vctrl, SLUICE_EVENT_DOORBELL_REG);
	serve(f);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	/* reading the error log, first with Retain Asynchronous Event */
	submit(f, GET_LOG_PAGE, 1, 15 << 16 | 1 << 15 | 1);
	serve(f);
	expect_done(f, &seen, 1, 0, 0);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	submit(f, GET_LOG_PAGE, 2, 15 << 16 | 1);
	serve(f);
	expect_done(f, &seen, 2, 0, 0);
	/* error, write to an invalid doorbell */
	expect_done(f, &seen, 0xae1, 0, 0x00010000);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
}

/* An event that nobody asked for yet is kept */
static void event_before_request(struct kunit *test)
{
	struct vfake *f = test->priv;
	u32 seen = 0;

	add_admin(f, 16, 16);
	sluice_vadmin_event(&f->vctrl, SLUICE_EVENT_DOORBELL_VALUE);
	serve(f);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	park(f, 1);
	expect_done(f, &seen, 0xae0, 0, 0x00010100);
	/* a Controller Reset forgets it, and that it was reported */
	sluice_vadmin_event(&f->vctrl, SLUICE_EVENT_DOORBELL_VALUE);
	scoped_guard(mutex, &f->vctrl.admin_lock)
		sluice_vadmin_reset(&f->vctrl);
	park(f, 1);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	sluice_vadmin_event(&f->vctrl, SLUICE_EVENT_DOORBELL_REG);
	serve(f);
	expect_done(f, &seen, 0xae0, 0, 0x00010000);
}

/*
 * Abort
 */

static void abort_event(struct kunit *test)
{
	struct vfake *f = test->priv;
	u32 seen = 0;

	add_admin(f, 16, 16);
	park(f, 3);
	submit(f, ABORT, 1, 0xae1 << 16);
	serve(f);
	expect_done(f, &seen, 0xae1, ABORTED, 0);
	expect_done(f, &seen, 1, 0, 0);
	/* it is gone now */
	submit(f, ABORT, 2, 0xae1 << 16);
	serve(f);
	expect_done(f, &seen, 2, 0, NOT_ABORTED);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
}

/* Commands and queues that are not there, in all ways */
static void abort_nothing(struct kunit *test)
{
	static const u16 sqids[] = {
		0, 1, 2, VFAKE_QPAIRS, VFAKE_QPAIRS + 1, VFAKE_HW_QID,
		SLUICE_VCTRL_MAX_QPAIRS + 1, 0x7fff, 0xffff,
	};
	struct vfake *f = test->priv;
	unsigned int i;
	u32 seen = 0;

	add_admin(f, 16, 16);
	vfake_add_cq(f, 1, CQ + 0x10000, 16);
	vfake_add_sq(f, 1, 1, SQ + 0x10000, 16, 8);
	park(f, 1);
	/* a drive that was asked would find its admin queue closed, too */
	f->host.adminq.open = false;
	for (i = 0; i < ARRAY_SIZE(sqids); i++) {
		submit(f, ABORT, i, 0x1234 << 16 | sqids[i]);
		serve(f);
		expect_done(f, &seen, i, 0, NOT_ABORTED);
	}
	KUNIT_EXPECT_EQ(test, f->host.adminq.busy, 0ul);
}

/* The time is what the test says. */
static u64 now;

static ktime_t fake_clock(void)
{
	return ns_to_ktime(now);
}

static u32 execute(struct vfake *f, u8 opcode, u32 cdw10)
{
	const struct nvme_cmd cmd = {
		.opcode	= opcode,
		.prp1	= cpu_to_le64(BUF),
		.cdw10	= cpu_to_le32(cdw10),
	};
	u32 result = 0;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vadmin_execute(&f->vctrl, &cmd, &result));
}

/* How many commands can the guest have that need what all share? */
static unsigned int metered(struct vfake *f)
{
	unsigned int nr = 0;

	while (nr < 1000 && !execute(f, ABORT, 0x1234 << 16))
		nr++;
	KUNIT_EXPECT_EQ(f->test, execute(f, ABORT, 0x1234 << 16), VFAKE_RETRY);
	return nr;
}

/* A guest has what it needs to set up its queues, and a few a second in a loop. */
static void flood_is_metered(struct kunit *test)
{
	static const u8 queues[] = { 0, 1, 4, 5 };
	struct vfake *f = test->priv;
	unsigned int i;

	now = 1000 * NSEC_PER_SEC;
	kunit_activate_static_stub(test, ktime_get, fake_clock);
	vfake_map(f, BUF);
	/* what is refused after a look at it needs nothing of others */
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, execute(f, queues[i % 4], 15 << 16),
				VFAKE_DNR(0x101));
	KUNIT_EXPECT_EQ(test, metered(f), 256u);
	for (i = 0; i < ARRAY_SIZE(queues); i++)
		KUNIT_EXPECT_EQ(test, execute(f, queues[i], 15 << 16 | 1),
				VFAKE_RETRY);
	now += 99 * NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, metered(f), 9u);
	now += NSEC_PER_SEC + NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, metered(f), 101u);
	/* all others go on meanwhile */
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, execute(f, IDENTIFY, 1), 0u);
	/* a long rest saves up no more */
	now += 3600 * NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, metered(f), 256u);
}

/* A command that has to wait is not lost, and nobody spins for it. */
static void metered_waits(struct kunit *test)
{
	struct vfake *f = test->priv;
	u32 seen = 0;

	now = 1000 * NSEC_PER_SEC;
	kunit_activate_static_stub(test, ktime_get, fake_clock);
	add_admin(f, 16, 16);
	vfake_map(f, BUF);
	metered(f);
	submit(f, ABORT, 1, 0x1234 << 16);
	submit(f, IDENTIFY, 2, 1);
	vfake_kicks(f);
	serve(f);
	KUNIT_EXPECT_NULL(test, take(f, &seen));
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
	now += NSEC_PER_SEC;
	serve(f);
	expect_done(f, &seen, 1, 0, NOT_ABORTED);
	expect_done(f, &seen, 2, 0, 0);
}

/* A drive that takes admin commands and does not answer */
static void open_drive(struct vfake *f)
{
	struct sluice_nvme_adminq *aq = &f->host.adminq;

	aq->sq.entries = kunit_kcalloc(f->test, SLUICE_NVME_ADMIN_DEPTH,
				       sizeof(*aq->sq.entries), GFP_KERNEL);
	aq->cq.entries = kunit_kcalloc(f->test, SLUICE_NVME_ADMIN_DEPTH,
				       sizeof(*aq->cq.entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, aq->sq.entries);
	KUNIT_ASSERT_NOT_NULL(f->test, aq->cq.entries);
	f->ctrl.bar = (void __force __iomem *)kunit_kzalloc(f->test, SZ_4K, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, (void __force *)f->ctrl.bar);
	aq->sq.ctrl = &f->ctrl;
	aq->sq.depth = SLUICE_NVME_ADMIN_DEPTH;
	aq->sq.db = (u32 __force __iomem *)&f->sq_db[0];
	aq->sq.tail = 0;
	aq->cq.ctrl = &f->ctrl;
	aq->cq.depth = SLUICE_NVME_ADMIN_DEPTH;
	aq->cq.db = (u32 __force __iomem *)&f->cq_db[0];
	aq->cq.head = 0;
	aq->cq.phase = 1;
	aq->cq.process = sluice_nvme_admin_process;
	aq->cq.armed = true;
	aq->open = true;
}

static void expect_asked(struct vfake *f, unsigned int nr)
{
	const struct nvme_cmd *asked = &f->host.adminq.sq.entries[nr - 1];

	KUNIT_EXPECT_EQ(f->test, f->sq_db[0], nr);
	KUNIT_EXPECT_EQ(f->test, (int)asked->opcode, 0x08);
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(asked->cdw10),
			2u << 16 | (VFAKE_HW_QID + 1));
	KUNIT_EXPECT_EQ(f->test, (int)asked->flags, 0);
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(asked->nsid), 0u);
}

/*
 * What the drive is asked to abort is a command of this queue of this guest,
 * under the names that the drive knows. Nobody waits for the drive, and the host
 * can have a command aborted, too, however many guests ask.
 */
static void abort_io(struct kunit *test)
{
	struct nvme_cmd flush = { .nsid = cpu_to_le32(1) };
	struct vfake *f = test->priv;
	unsigned int i;
	u32 seen = 0;

	add_admin(f, 16, 16);
	vfake_add_cq(f, 2, CQ + 0x10000, 16);
	vfake_add_sq(f, 2, 2, SQ + 0x10000, 16, 8);
	for (i = 0; i < 3; i++) {
		flush.cid = cpu_to_le16(0xf100 + i);
		vfake_submit(f, 2, &flush);
	}
	sluice_vio_service(&f->vctrl.sqs[2]);
	/* the same identifier may have been used before */
	vfake_complete(f, 2, 2, 0, 0);

	open_drive(f);
	atomic_set(&f->host.aborts, 3);
	/* one that has completed is not asked about */
	submit(f, ABORT, 9, 0xf100 << 16 | 2);
	serve(f);
	expect_done(f, &seen, 9, 0, NOT_ABORTED);
	KUNIT_EXPECT_EQ(test, f->host.adminq.sq.tail, 0u);
	for (i = 1; i <= 4; i++) {
		submit(f, ABORT, i, 0xf102 << 16 | 2);
		serve(f);
		expect_done(f, &seen, i, 0, NOT_ABORTED);
		expect_asked(f, min(i, 2u));
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&f->host.aborts), 1);
	KUNIT_EXPECT_EQ(test, sluice_nvme_abort(&f->vctrl.sqs[2].hw, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, sluice_nvme_abort(&f->vctrl.sqs[2].hw, 2, 0), -EBUSY);
	f->host.adminq.open = false;
}

static struct kunit_case vadmin_cases[] = {
	KUNIT_CASE(commands),
	KUNIT_CASE(opcodes_refused),
	KUNIT_CASE(fuse_and_psdt),
	KUNIT_CASE(impossible_tails),
	KUNIT_CASE(stopped),
	KUNIT_CASE(completion_queue_full),
	KUNIT_CASE(retried),
	KUNIT_CASE(event_limit),
	KUNIT_CASE(event_reported),
	KUNIT_CASE(event_before_request),
	KUNIT_CASE(flood_is_metered),
	KUNIT_CASE(metered_waits),
	KUNIT_CASE(abort_event),
	KUNIT_CASE(abort_nothing),
	KUNIT_CASE(abort_io),
	{}
};

static struct kunit_suite vadmin_suite = {
	.name = "sluice-nvme-vadmin",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vadmin_cases,
};

kunit_test_suites(&vadmin_suite);
