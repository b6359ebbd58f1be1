// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of queues that a drive is slow to create or to delete
 */
#include <linux/bitops.h>
#include <linux/jiffies.h>

#include "guest/vdrive_test.h"

/* Command Aborted due to SQ Deletion, which may be retried */
#define SQ_DELETED	(0x08 << 1 | 1)

static const struct sluice_parent_ops *const ops = &sluice_vctrl_parent_ops;

static u32 delete_sq(struct vfake *f, u16 qid)
{
	struct nvme_cmd cmd = { .cdw10 = cpu_to_le32(qid) };
	u32 result;

	f->vctrl.sqs[qid].hw.entries = NULL;
	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vsq_delete(&f->vctrl, &cmd, &result));
}

/* A queue that the drive still has blocks only itself */
static void slow_deletion(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);
	struct nvme_cmd create = {
		.prp1 = cpu_to_le64(VDRIVE_SQ + 0x10000),
		.cdw10 = cpu_to_le32(15 << 16 | 1),
		.cdw11 = cpu_to_le32(1 << 16 | 1),
	};
	unsigned int i;
	u32 result;

	drive->silent = NVME_ADMIN_DELETE_SQ;
	vdrive_submit(f, 1, 3);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, delete_sq(f, 1), VFAKE_RETRY);
		/* nobody waits with a lock */
		KUNIT_EXPECT_FALSE(test, mutex_is_locked(&f->vctrl.admin_lock));
		KUNIT_EXPECT_FALSE(test, mutex_is_locked(&f->ctrl.reset_lock));
		flush_delayed_work(&drive->work);
	}
	KUNIT_EXPECT_EQ(test, drive->deletes, 1u);
	/* its commands may still write to memory */
	KUNIT_EXPECT_FALSE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));
	KUNIT_EXPECT_NE(test, f->vctrl.sqs[1].nr_slots, 0u);
	scoped_guard(mutex, &f->vctrl.admin_lock)
		KUNIT_EXPECT_EQ(test, vfake_status(sluice_vsq_create(&f->vctrl, &create, &result)),
				VFAKE_DNR(0x101));
	vdrive_submit(f, 2, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[2].submitted, 1ul);

	vdrive_answer(drive, drive->held, 0);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), 0);
	vdrive_expect_status(f, 1, 3, SQ_DELETED);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].nr_slots, 0u);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), VFAKE_DNR(0x101));
	vdrive_take_down(drive);
}

/* Another slice has the lock, or a reset of the drive: nothing is lost by coming late */
static void lock_is_taken(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	drive->silent = NVME_ADMIN_DELETE_SQ;
	vdrive_submit(f, 1, 3);
	mutex_lock(&f->ctrl.reset_lock);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), VFAKE_RETRY);
	flush_delayed_work(&drive->work);
	KUNIT_EXPECT_EQ(test, drive->deletes, 0u);
	KUNIT_EXPECT_FALSE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));
	mutex_unlock(&f->ctrl.reset_lock);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), VFAKE_RETRY);
	flush_delayed_work(&drive->work);
	vdrive_answer(drive, drive->held, 0);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), 0);
	vdrive_expect_status(f, 1, 3, SQ_DELETED);
	vdrive_take_down(drive);
}

/*
 * A guest deletes its second queue without waiting for the first, as it can by
 * changing the command in its queue. The drive's admin queue is not only its own.
 */
static void one_deletion_at_a_time(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	drive->silent = NVME_ADMIN_DELETE_SQ;
	vdrive_submit(f, 1, 3);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), VFAKE_RETRY);
	flush_delayed_work(&drive->work);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 2), VFAKE_RETRY);
	flush_delayed_work(&drive->work);
	KUNIT_EXPECT_EQ(test, drive->deletes, 1u);
	KUNIT_EXPECT_EQ(test, hweight_long(f->host.adminq.inflight), 1u);
	vdrive_answer(drive, drive->held, 0);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 2), VFAKE_RETRY);
	flush_delayed_work(&drive->work);
	vdrive_answer(drive, drive->held, 0);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 2), 0);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), 0);
	KUNIT_EXPECT_EQ(test, drive->deletes, 2u);
	vdrive_take_down(drive);
}

/* A Controller Reset comes to its end, as the drive answers */
static void destroy_all(struct vdrive *drive)
{
	struct sluice_vctrl *vctrl = &drive->f->vctrl;
	bool gone = false;
	unsigned int i;

	for (i = 0; i < 100 && !gone; i++) {
		scoped_guard(mutex, &vctrl->admin_lock)
			gone = sluice_vqueues_destroy_all(vctrl);
		vdrive_let_run(drive);
	}
	KUNIT_EXPECT_TRUE(drive->f->test, gone);
}

/* A Controller Reset: no queue takes commands while the first is being deleted */
static void slow_reset(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);
	struct sluice_vctrl *vctrl = &f->vctrl;
	unsigned int i;

	drive->silent = NVME_ADMIN_DELETE_SQ;
	vdrive_submit(f, 2, 1);
	vctrl->sqs[1].hw.entries = NULL;
	vctrl->sqs[2].hw.entries = NULL;
	for (i = 0; i < 3; i++) {
		scoped_guard(mutex, &vctrl->admin_lock)
			KUNIT_EXPECT_FALSE(test, sluice_vqueues_destroy_all(vctrl));
		flush_delayed_work(&drive->work);
	}
	/* one at a time */
	KUNIT_EXPECT_EQ(test, drive->deletes, 1u);
	vdrive_submit(f, 1, 1);
	KUNIT_EXPECT_EQ(test, vctrl->sqs[1].submitted, 0ul);
	drive->silent = 0xff;
	vdrive_answer(drive, drive->held, 0);
	destroy_all(drive);
	KUNIT_EXPECT_EQ(test, drive->deletes, 2u);
	KUNIT_EXPECT_FALSE(test, sluice_vqueues_any_io(vctrl));
	KUNIT_EXPECT_TRUE(test, sluice_vctrl_drained(vctrl));
	vdrive_take_down(drive);
}

/* Completion queue @qid, or submission queue @qid for completion queue 1 */
static u32 create_queue(struct vfake *f, u16 qid, bool cq)
{
	struct nvme_cmd cmd = {
		.prp1 = cpu_to_le64((cq ? VDRIVE_CQ : VDRIVE_SQ) + qid * 0x70000),
		.cdw10 = cpu_to_le32(15 << 16 | qid),
		.cdw11 = cpu_to_le32((cq ? 0 : 1 << 16) | 1),
	};
	u32 result;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(cq ? sluice_vcq_create(&f->vctrl, &cmd, &result) :
				 sluice_vsq_create(&f->vctrl, &cmd, &result));
}

/* Have the drive told to create it */
static void begin_creation(struct vdrive *drive, u16 qid, bool cq)
{
	KUNIT_EXPECT_EQ(drive->f->test, create_queue(drive->f, qid, cq),
			VFAKE_RETRY);
	vdrive_let_run(drive);
}

/* The drive does not know it any more */
static void remove_queue(struct vfake *f, u16 qid, bool cq)
{
	struct nvme_cmd cmd = { .cdw10 = cpu_to_le32(qid) };
	u32 result;

	f->vctrl.cqs[qid].hw.life.state = SLUICE_NVME_QUEUE_ABSENT;
	f->vctrl.sqs[qid].hw.life.state = SLUICE_NVME_QUEUE_ABSENT;
	guard(mutex)(&f->vctrl.admin_lock);
	KUNIT_EXPECT_EQ(f->test, vfake_status(cq ?
		sluice_vcq_delete(&f->vctrl, &cmd, &result) :
		sluice_vsq_delete(&f->vctrl, &cmd, &result)), 0u);
}

/* A drive for which queues 3 and 4 can be created */
static struct vdrive *bring_up_creating(struct vfake *f)
{
	struct vdrive *drive = vdrive_bring_up(f);
	unsigned int qid;

	f->pdev.dev.coherent_dma_mask = DMA_BIT_MASK(64);
	for (qid = 3; qid <= 4; qid++) {
		vfake_map(f, VDRIVE_CQ + qid * 0x70000);
		vfake_map(f, VDRIVE_SQ + qid * 0x70000);
	}
	return drive;
}

static u8 create_opcode(bool cq)
{
	return cq ? NVME_ADMIN_CREATE_CQ : NVME_ADMIN_CREATE_SQ;
}

static bool is_live(struct vfake *f, u16 qid, bool cq)
{
	return cq ? f->vctrl.cqs[qid].live : f->vctrl.sqs[qid].live;
}

/* Nothing is left of a queue that was to be created */
static void expect_nothing(struct vfake *f, u16 qid)
{
	const struct sluice_vcq *vcq = &f->vctrl.cqs[qid];
	const struct sluice_vsq *vsq = &f->vctrl.sqs[qid];

	KUNIT_EXPECT_FALSE(f->test, vsq->live || vsq->creating || vsq->dying);
	KUNIT_EXPECT_NULL(f->test, vsq->hw.entries);
	KUNIT_EXPECT_NULL(f->test, vsq->ring.pages);
	KUNIT_EXPECT_EQ(f->test, vsq->nr_slots, 0u);
	KUNIT_EXPECT_FALSE(f->test, vcq->live || vcq->creating);
	KUNIT_EXPECT_NULL(f->test, vcq->hw.entries);
	KUNIT_EXPECT_NULL(f->test, vcq->ring.pages);
	KUNIT_EXPECT_NULL(f->test, f->cqs[f->vctrl.qids[qid - 1]]);
	KUNIT_EXPECT_EQ(f->test, (int)vsq->hw.life.state,
			(int)SLUICE_NVME_QUEUE_ABSENT);
	KUNIT_EXPECT_EQ(f->test, (int)vcq->hw.life.state,
			(int)SLUICE_NVME_QUEUE_ABSENT);
}

/* A reset of the drive passes: the guest does not get to know of it */
static void create_during_reset(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = bring_up_creating(f);
	unsigned int cq;

	for (cq = 0; cq < 2; cq++) {
		/* the reset is about to begin, it runs, it was in vain */
		f->host.adminq.open = false;
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), VFAKE_RETRY);
		f->ctrl.state = SLUICE_NVME_RESETTING;
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), VFAKE_RETRY);
		mutex_lock(&f->ctrl.reset_lock);
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), VFAKE_RETRY);
		mutex_unlock(&f->ctrl.reset_lock);
		f->ctrl.state = SLUICE_NVME_DEAD;
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), 6u);
		f->ctrl.state = SLUICE_NVME_LIVE;
		f->host.adminq.open = true;
	}
	expect_nothing(f, 3);
	vdrive_take_down(drive);
}

/*
 * Nobody waits with a lock while the drive takes long to create a queue. The VMM
 * can have all memory unmapped, that of the new queue as well.
 */
static void unmap_while_creating(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = bring_up_creating(f);
	unsigned int cq, i;
	unsigned long begin;

	for (cq = 0; cq < 2; cq++) {
		drive->silent = create_opcode(cq);
		for (i = 0; i < 3; i++) {
			begin_creation(drive, 3, cq);
			KUNIT_EXPECT_EQ(test, hweight_long(f->host.adminq.inflight), 1ul);
		}
		begin = jiffies;
		ops->quiesce(&f->sdev, 0, U64_MAX);
		ops->resume(&f->sdev);
		/* far less than the drive may take, far more than this should */
		KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - begin), 5000u);
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), VFAKE_RETRY);
		KUNIT_EXPECT_FALSE(test, is_live(f, 3, cq));
		vfake_kicks(f);
		vdrive_answer(drive, drive->held, 0);
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), 0u);
		KUNIT_EXPECT_TRUE(test, is_live(f, 3, cq));
		/* once is enough */
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), VFAKE_DNR(0x101));
		remove_queue(f, 3, cq);
	}
	KUNIT_EXPECT_EQ(test, drive->creates, 1u);
	vdrive_take_down(drive);
}

/*
 * The drive may still do DMA for a queue that it has not answered about, so the
 * memory stays until it has. Then it has to delete the queue.
 */
static void reset_while_creating(struct vfake *f, bool cq)
{
	struct vdrive *drive = bring_up_creating(f);
	struct sluice_vctrl *vctrl = &f->vctrl;
	unsigned int i;

	vctrl->metered = 0;
	drive->silent = create_opcode(cq);
	begin_creation(drive, 3, cq);
	vctrl->sqs[1].hw.entries = NULL;
	vctrl->sqs[2].hw.entries = NULL;
	for (i = 0; i < 3; i++) {
		scoped_guard(mutex, &vctrl->admin_lock)
			KUNIT_EXPECT_FALSE(f->test, sluice_vqueues_destroy_all(vctrl));
		vdrive_let_run(drive);
	}
	KUNIT_EXPECT_EQ(f->test, drive->deletes, 0u);
	if (cq)
		KUNIT_EXPECT_NOT_NULL(f->test, vctrl->cqs[3].hw.entries);
	else
		KUNIT_EXPECT_NOT_NULL(f->test, vctrl->sqs[3].hw.entries);

	drive->silent = 0xff;
	vdrive_answer(drive, drive->held, 0);
	destroy_all(drive);
	KUNIT_EXPECT_EQ(f->test, drive->deletes, cq ? 2u : 3u);
	expect_nothing(f, 3);
	/* the drive's time is paid for, although the guest has not waited */
	KUNIT_EXPECT_NE(f->test, vctrl->metered, 0ull);
	vdrive_take_down(drive);
}

static void reset_while_creating_cq(struct kunit *test)
{
	reset_while_creating(test->priv, true);
}

static void reset_while_creating_sq(struct kunit *test)
{
	reset_while_creating(test->priv, false);
}

/* Nothing is left of a queue that the drive refuses, and it may be tried again */
static void creation_refused(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = bring_up_creating(f);
	unsigned int cq;

	for (cq = 0; cq < 2; cq++) {
		drive->refused = create_opcode(cq);
		begin_creation(drive, 3, cq);
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), 6u);
		expect_nothing(f, 3);
		KUNIT_EXPECT_EQ(test, f->vctrl.cqs[1].users, 1u);
		drive->refused = 0xff;
		begin_creation(drive, 3, cq);
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq), 0u);
		remove_queue(f, 3, cq);
	}
	/* no reset was needed for it */
	KUNIT_EXPECT_TRUE(test, f->host.adminq.open);
	vdrive_take_down(drive);
}

/* One that the guest does not wait for: it resets its controller first */
static void refused_after_reset(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = bring_up_creating(f);
	unsigned int cq;

	f->vctrl.sqs[1].hw.entries = NULL;
	f->vctrl.sqs[2].hw.entries = NULL;
	for (cq = 0; cq < 2; cq++) {
		drive->refused = create_opcode(cq);
		begin_creation(drive, 4, cq);
	}
	destroy_all(drive);
	KUNIT_EXPECT_EQ(test, drive->deletes, 2u);
	expect_nothing(f, 4);
	vdrive_take_down(drive);
}

/*
 * A drive that is reset for this command is asked again once. Resets for other
 * reasons do not count.
 */
static void creation_unanswered(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = bring_up_creating(f);
	unsigned int cq, i;

	for (cq = 0; cq < 2; cq++) {
		drive->silent = create_opcode(cq);
		for (i = 0; i < 6; i++) {
			begin_creation(drive, 3, cq);
			vdrive_reset(drive, i == 2 || i == 5);
			KUNIT_EXPECT_EQ(test, create_queue(f, 3, cq),
					i < 5 ? VFAKE_RETRY : 6u);
		}
		expect_nothing(f, 3);
	}
	vdrive_take_down(drive);
}

/*
 * A guest asks for its second queue without waiting for the first, as it can by
 * changing the command in its queue. Both become what they were to be.
 */
static void one_creation_at_a_time(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = bring_up_creating(f);
	unsigned int i;

	drive->silent = NVME_ADMIN_CREATE_SQ;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, create_queue(f, 3, false), VFAKE_RETRY);
		KUNIT_EXPECT_EQ(test, create_queue(f, 4, false), VFAKE_RETRY);
		/* their completion queue stays, and nor is another deleted meanwhile */
		KUNIT_EXPECT_EQ(test, f->vctrl.cqs[1].users, 3u);
		KUNIT_EXPECT_EQ(test, delete_sq(f, 2), VFAKE_RETRY);
		vdrive_let_run(drive);
		KUNIT_EXPECT_EQ(test, hweight_long(f->host.adminq.inflight), 1ul);
	}
	KUNIT_EXPECT_EQ(test, drive->creates, 1u);
	KUNIT_EXPECT_EQ(test, drive->deletes, 0u);
	drive->silent = 0xff;
	vdrive_answer(drive, drive->held, 0);
	begin_creation(drive, 4, false);
	KUNIT_EXPECT_EQ(test, create_queue(f, 4, false), 0u);
	KUNIT_EXPECT_EQ(test, create_queue(f, 3, false), 0u);
	KUNIT_EXPECT_EQ(test, drive->creates, 2u);
	remove_queue(f, 3, false);
	remove_queue(f, 4, false);
	vdrive_take_down(drive);
}

static u32 delete_cq(struct vfake *f, u16 qid)
{
	struct nvme_cmd cmd = { .cdw10 = cpu_to_le32(qid) };
	u32 result;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vcq_delete(&f->vctrl, &cmd, &result));
}

/* Nobody waits with a lock for a completion queue to be deleted, or uses it again */
static void slow_cq_deletion(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = bring_up_creating(f);
	struct nvme_cmd create = {
		.prp1 = cpu_to_le64(VDRIVE_SQ + 4 * 0x70000),
		.cdw10 = cpu_to_le32(15 << 16 | 4),
		.cdw11 = cpu_to_le32(3 << 16 | 1),
	};
	unsigned long begin;
	unsigned int i;
	u32 result;

	begin_creation(drive, 3, true);
	KUNIT_EXPECT_EQ(test, create_queue(f, 3, true), 0u);
	drive->silent = NVME_ADMIN_DELETE_CQ;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, delete_cq(f, 3), VFAKE_RETRY);
		vdrive_let_run(drive);
		KUNIT_EXPECT_EQ(test, hweight_long(f->host.adminq.inflight), 1ul);
	}
	begin = jiffies;
	ops->quiesce(&f->sdev, 0, U64_MAX);
	ops->resume(&f->sdev);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - begin), 5000u);
	scoped_guard(mutex, &f->vctrl.admin_lock)
		KUNIT_EXPECT_EQ(test, vfake_status(sluice_vsq_create(&f->vctrl, &create, &result)),
				VFAKE_DNR(0x100));
	KUNIT_EXPECT_EQ(test, create_queue(f, 3, true), VFAKE_DNR(0x101));
	KUNIT_EXPECT_NOT_NULL(test, f->vctrl.cqs[3].hw.entries);

	vfake_kicks(f);
	vdrive_answer(drive, drive->held, 0);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	KUNIT_EXPECT_EQ(test, delete_cq(f, 3), 0u);
	expect_nothing(f, 3);
	KUNIT_EXPECT_EQ(test, delete_cq(f, 3), VFAKE_DNR(0x101));
	vdrive_take_down(drive);
}

static struct kunit_case vhwq_cases[] = {
	KUNIT_CASE(slow_deletion),
	KUNIT_CASE(lock_is_taken),
	KUNIT_CASE(one_deletion_at_a_time),
	KUNIT_CASE(slow_reset),
	KUNIT_CASE(create_during_reset),
	KUNIT_CASE(unmap_while_creating),
	KUNIT_CASE(reset_while_creating_cq),
	KUNIT_CASE(reset_while_creating_sq),
	KUNIT_CASE(creation_refused),
	KUNIT_CASE(refused_after_reset),
	KUNIT_CASE(creation_unanswered),
	KUNIT_CASE(one_creation_at_a_time),
	KUNIT_CASE(slow_cq_deletion),
	{}
};

static struct kunit_suite vhwq_suite = {
	.name = "sluice-nvme-vhwq",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vhwq_cases,
};

kunit_test_suites(&vhwq_suite);
