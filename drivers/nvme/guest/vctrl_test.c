// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the life of a virtual controller
 *
 * The tests call the operations that the core and the host side call. The
 * fixture's worker only counts how often it was queued, so that a test sees
 * what was left to the worker.
 */
#include <linux/delay.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "guest/vfake_test.h"

#define SQ	0x0000111100000000ull
#define CQ	0x0000222200000000ull
#define OTHER	0x0000710000000000ull

#define CSTS_CFS	2u

static const struct sluice_parent_ops *const ops = &sluice_vctrl_parent_ops;

/* A Read of one block, of which the drive may have as many as there are slots */
static const struct nvme_cmd small = {
	.opcode	= NVME_IO_READ,
	.nsid	= cpu_to_le32(1),
	.prp1	= cpu_to_le64(OTHER),
};

static const struct nvme_cmd flush = {
	.nsid	= cpu_to_le32(1),
};

/* An enabled controller that the guest has given a queue pair */
static void bring_up(struct vfake *f)
{
	vfake_add_admin(f, SQ, 8, CQ, 8);
	vfake_add_cq(f, 1, CQ + 0x10000, 16);
	vfake_add_sq(f, 1, 1, SQ + 0x10000, 16, 8);
	f->vctrl.regs.csts = 1;
	vfake_kicks(f);
}

static void submit(struct vfake *f, unsigned int nr)
{
	while (nr--)
		vfake_submit(f, 1, &flush);
	sluice_vio_service(&f->vctrl.sqs[1]);
}

static void write_reg(struct vfake *f, u32 off, u32 val)
{
	__le32 le = cpu_to_le32(val);

	ops->reg_write(&f->sdev, 0, off, &le, 4);
}

static u32 read_reg(struct vfake *f, u32 off)
{
	__le32 le;

	ops->reg_read(&f->sdev, 0, off, &le, 4);
	return le32_to_cpu(le);
}

/* What a write asks for is left to the worker, in full */
static void register_actions(struct kunit *test)
{
	struct vfake *f = test->priv;

	f->vctrl.regs.cc = 0;
	write_reg(f, 0x24, 0x001f001f);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x24), 0x001f001fu);
	write_reg(f, 0x14, 0x00460001);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	KUNIT_EXPECT_EQ(test, f->vctrl.actions, (unsigned int)SLUICE_VREGS_ENABLE);
	/* an enable that was not carried out yet is called off */
	write_reg(f, 0x14, 0x00460000);
	KUNIT_EXPECT_EQ(test, f->vctrl.actions, (unsigned int)SLUICE_VREGS_DISABLE);
	/* a second one is not lost */
	write_reg(f, 0x14, 0x00460001);
	KUNIT_EXPECT_EQ(test, f->vctrl.actions,
			(unsigned int)(SLUICE_VREGS_DISABLE |
				       SLUICE_VREGS_ENABLE));
	write_reg(f, 0x14, 0x00464001);
	KUNIT_EXPECT_EQ(test, f->vctrl.actions,
			(unsigned int)(SLUICE_VREGS_DISABLE |
				       SLUICE_VREGS_ENABLE |
				       SLUICE_VREGS_SHUTDOWN));
	KUNIT_EXPECT_GE(test, vfake_kicks(f), 1u);
}

/* Doorbells of queues that are not there are an event and nothing else */
static void invalid_doorbells(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int index;

	bring_up(f);
	for (index = 0; index < SLUICE_VCTRL_DOORBELL_BYTES / 4; index++) {
		if (index == VFAKE_SQ_DB(0) || index == VFAKE_CQ_DB(0) ||
		    index == VFAKE_SQ_DB(1) || index == VFAKE_CQ_DB(1))
			continue;
		f->vctrl.events = 0;
		f->sdev.doorbells[index] = cpu_to_le32(1);
		ops->doorbell(&f->sdev, index);
		KUNIT_ASSERT_EQ(test, f->vctrl.events,
				BIT(SLUICE_EVENT_DOORBELL_REG));
	}
	KUNIT_EXPECT_GE(test, vfake_kicks(f), 1u);
	/* no work for the worker when the event is known already */
	ops->doorbell(&f->sdev, SLUICE_VCTRL_DOORBELL_BYTES / 4 - 1);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
}

static void valid_doorbells(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	/* the admin queue is the worker's */
	vfake_submit(f, 0, &flush);
	ops->doorbell(&f->sdev, VFAKE_SQ_DB(0));
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	ops->doorbell(&f->sdev, VFAKE_CQ_DB(0));
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	/* I/O is fetched at once */
	vfake_submit(f, 1, &flush);
	ops->doorbell(&f->sdev, VFAKE_SQ_DB(1));
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 1ul);
	ops->doorbell(&f->sdev, VFAKE_CQ_DB(1));
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(test, f->vctrl.events, 0ul);
}

/* What the worker does for the admin queue */
static void serve_admin(struct vfake *f)
{
	guard(mutex)(&f->vctrl.admin_lock);
	sluice_vadmin_service(&f->vctrl);
}

/* A value that leads nowhere is work once, and not as often as one looks. */
static void polled_admin_doorbell(struct kunit *test)
{
	static const u32 wrong[] = { 8, 0x1234, 0xfffffffe };
	struct vfake *f = test->priv;
	unsigned int i, round;

	bring_up(f);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		vfake_ring_sq(f, 0, wrong[i]);
		KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 1u);
		for (round = 0; round < 4; round++) {
			serve_admin(f);
			ops->set_poll_mode(&f->sdev, SLUICE_POLL_DOORBELL);
			KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
		}
	}
	/* while the ring goes round every command is seen, at the same tail too */
	vfake_ring_sq(f, 0, 0);
	for (i = 0; i < 20; i++) {
		vfake_submit(f, 0, &flush);
		KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 1u);
		KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
		serve_admin(f);
		vfake_ring_cq(f, 0, f->vctrl.cqs[0].tail);
	}
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[0].head, 20u % 8);
}

/* The poller writes what waits for room in the admin queue, and then looks no more. */
static void polled_admin_head(struct kunit *test)
{
	static const struct {
		u32 head, tail;
	} steps[] = { { 0, 7 }, { 2, 1 }, { 2, 1 }, { 3, 2 } };
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[0];
	unsigned int i;

	bring_up(f);
	for (i = 0; i < 10; i++) {
		vfake_submit(f, 0, &flush);
		serve_admin(f);
	}
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		KUNIT_EXPECT_NE(test, f->vctrl.full, 0ul);
		vfake_ring_cq(f, 0, steps[i].head);
		KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
		KUNIT_EXPECT_EQ(test, vcq->tail, steps[i].tail);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&vcq->waiting));
	KUNIT_EXPECT_EQ(test, f->vctrl.full, 0ul);
}

/* Only a head that takes what was posted is a sign of life. */
static void polled_cq_doorbell(struct kunit *test)
{
	static const u32 wrong[] = { 1, 2, 15, 16, 17, 0xffffffff };
	struct vfake *f = test->priv;
	unsigned int i;

	bring_up(f);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		vfake_ring_cq(f, 1, wrong[i]);
		KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
	}
	f->vctrl.cqs[1].tail = 3;
	vfake_ring_cq(f, 1, 4);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
	vfake_ring_cq(f, 1, 2);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 1u);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
	vfake_ring_cq(f, 1, 1);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
	vfake_ring_cq(f, 1, 3);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 1u);
}

/* The drive has answered the first @nr commands of a queue, in completion queue 1. */
static void drive_answers(struct vfake *f, u16 sqid, unsigned int nr)
{
	struct nvme_cqe *cqes;
	unsigned int i;

	cqes = kunit_kcalloc(f->test, nr + 1, sizeof(*cqes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, cqes);
	for (i = 0; i < nr; i++) {
		cqes[i].sq_id = cpu_to_le16(f->vctrl.qids[sqid - 1]);
		cqes[i].cid = f->vctrl.sqs[sqid].hw.entries[i].cid;
	}
	vfake_arm_cq(f, 1, cqes, nr);
}

/* Two submission queues; the second one's completions go to @cqid */
static void add_two(struct vfake *f, u16 cqid)
{
	vfake_map(f, OTHER);
	vfake_add_admin(f, SQ, 8, CQ, 8);
	vfake_add_cq(f, 1, CQ + 0x10000, 256);
	vfake_add_sq(f, 1, 1, SQ + 0x10000, 256, 255);
	if (cqid == 2)
		vfake_add_cq(f, 2, CQ + 0x20000, 256);
	vfake_add_sq(f, 2, cqid, SQ + 0x20000, 256, 255);
}

/*
 * One completion queue for two submission queues: as many completions of the one
 * as a visit may have keep nobody from the other.
 */
static void polled_shared_cq(struct kunit *test)
{
	struct vfake *f = test->priv;
	const struct sluice_vsq *one = &f->vctrl.sqs[1], *two = &f->vctrl.sqs[2];
	unsigned int i;

	add_two(f, 1);
	for (i = 0; i < 64; i++)
		vfake_submit(f, 2, &small);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 64u);
	KUNIT_EXPECT_EQ(test, two->submitted, 64ul);
	drive_answers(f, 2, 64);
	for (i = 0; i < 100; i++)
		vfake_submit(f, 1, &small);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 128u);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(two));
	KUNIT_EXPECT_EQ(test, one->submitted, 64ul);
	vfake_disarm_cq(f, 1);
}

/* A visit ends when there was enough; the next goes on from there. */
static void polled_in_turn(struct kunit *test)
{
	struct vfake *f = test->priv;
	const struct sluice_vsq *one = &f->vctrl.sqs[1], *two = &f->vctrl.sqs[2];
	unsigned int i;

	add_two(f, 2);
	for (i = 0; i < 100; i++) {
		vfake_submit(f, 1, &small);
		vfake_submit(f, 2, &small);
	}
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 64u);
	KUNIT_EXPECT_EQ(test, one->submitted, 64ul);
	KUNIT_EXPECT_EQ(test, two->submitted, 0ul);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 64u);
	KUNIT_EXPECT_EQ(test, one->submitted, 64ul);
	KUNIT_EXPECT_EQ(test, two->submitted, 64ul);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 64u);
	KUNIT_EXPECT_EQ(test, one->submitted, 100ul);
	KUNIT_EXPECT_EQ(test, two->submitted, 92ul);
	/* the one that had what the other left comes first */
	vfake_submit(f, 1, &small);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 8), 8u);
	KUNIT_EXPECT_EQ(test, one->submitted, 100ul);
	KUNIT_EXPECT_EQ(test, two->submitted, 100ul);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 1u);
	KUNIT_EXPECT_EQ(test, one->submitted, 101ul);
	KUNIT_EXPECT_EQ(test, ops->poll(&f->sdev, 64), 0u);
}

/*
 * Before the machine sleeps or is turned off the poller is frozen, and it may have
 * masked the drive's interrupts: who waits for the drive takes its completions
 */
static void drive_has_completed(struct kunit *test)
{
	const struct sluice_nvme_client_ops *client = &sluice_vctrl_client_ops;
	struct vfake *f = test->priv;

	bring_up(f);
	KUNIT_EXPECT_FALSE(test, client->in_flight(&f->vctrl.client));
	submit(f, 3);
	KUNIT_EXPECT_TRUE(test, client->in_flight(&f->vctrl.client));
	drive_answers(f, 1, 3);
	KUNIT_EXPECT_FALSE(test, client->in_flight(&f->vctrl.client));
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].completed, 3ul);
	vfake_disarm_cq(f, 1);
}

/* A drive that takes its time */
struct slow_drive {
	struct vfake *f;
	struct delayed_work work;
	u16 next;
	bool done;
};

static void slow_drive_work(struct work_struct *work)
{
	struct slow_drive *drive = container_of(to_delayed_work(work),
						struct slow_drive, work);
	struct sluice_vsq *vsq = &drive->f->vctrl.sqs[1];
	u16 slot = le16_to_cpu(vsq->hw.entries[drive->next++].cid);

	if (drive->next == vsq->submitted)
		WRITE_ONCE(drive->done, true);
	vfake_enter(drive->f);
	vfake_complete(drive->f, 1, 1, slot, 0);
	vfake_leave();
	if (!drive->done)
		schedule_delayed_work(&drive->work, 1);
}

static struct slow_drive *slow_drive(struct vfake *f)
{
	struct slow_drive *drive = kunit_kzalloc(f->test, sizeof(*drive),
						 GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(f->test, drive);
	drive->f = f;
	INIT_DELAYED_WORK(&drive->work, slow_drive_work);
	submit(f, 3);
	schedule_delayed_work(&drive->work, 1);
	return drive;
}

/* Until it has completed all commands */
static void wait_for_drive(struct slow_drive *drive)
{
	while (!sluice_vctrl_drained(&drive->f->vctrl))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_TRUE(drive->f->test, READ_ONCE(drive->done));
	cancel_delayed_work_sync(&drive->work);
}

#define DATA	0x0000333300000000ull

/* A read of so many pages from DATA on, the first one @first */
static void submit_read(struct vfake *f, unsigned int first, unsigned int nr)
{
	unsigned int blocks = nr * SLUICE_NVME_PAGE >> f->ns.lba_shift, i;
	struct nvme_cmd cmd = {
		.opcode	= NVME_IO_READ,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(DATA + first * SLUICE_NVME_PAGE),
		.prp2	= cpu_to_le64(nr == 2 ?
				      DATA + (first + 1) * SLUICE_NVME_PAGE :
				      DATA - SLUICE_NVME_PAGE),
		.cdw12	= cpu_to_le32(blocks - 1),
	};

	vfake_map_range(f, DATA + first * SLUICE_NVME_PAGE, nr);
	for (i = 1; i < nr; i++)
		vfake_put_entry(f, DATA - SLUICE_NVME_PAGE + (i - 1) * 8,
				DATA + (first + i) * SLUICE_NVME_PAGE);
	vfake_submit(f, 1, &cmd);
	sluice_vio_service(&f->vctrl.sqs[1]);
}

/* How many commands use some of the bytes from DATA + @offset on? */
static unsigned int users(struct vfake *f, s64 offset, u64 size)
{
	return sluice_vsq_users(&f->vctrl.sqs[1], DATA + offset, size);
}

static void commands_of_a_range(struct kunit *test)
{
	const s64 page = SLUICE_NVME_PAGE;
	struct vfake *f = test->priv;

	bring_up(f);
	submit_read(f, 0, 1);
	submit_read(f, 10, 2);
	submit_read(f, 20, 5);
	submit(f, 1);
	KUNIT_ASSERT_EQ(test, f->vctrl.sqs[1].submitted, 4ul);
	KUNIT_EXPECT_EQ(test, users(f, -2 * page, 2 * page), 0u);
	KUNIT_EXPECT_EQ(test, users(f, -page, page + 1), 1u);
	KUNIT_EXPECT_EQ(test, users(f, page - 1, 1), 1u);
	KUNIT_EXPECT_EQ(test, users(f, page, 9 * page), 0u);
	KUNIT_EXPECT_EQ(test, users(f, page, 9 * page + 1), 1u);
	KUNIT_EXPECT_EQ(test, users(f, 11 * page, page), 1u);
	KUNIT_EXPECT_EQ(test, users(f, 12 * page, 8 * page), 0u);
	KUNIT_EXPECT_EQ(test, users(f, 20 * page, page), 1u);
	KUNIT_EXPECT_EQ(test, users(f, 24 * page, page), 1u);
	KUNIT_EXPECT_EQ(test, users(f, 25 * page, page), 0u);
	/* the one without data uses nothing */
	KUNIT_EXPECT_EQ(test, users(f, -(s64)DATA, U64_MAX), 3u);
	vfake_complete(f, 1, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, users(f, 10 * page, 2 * page), 0u);
	KUNIT_EXPECT_EQ(test, users(f, -(s64)DATA, U64_MAX), 2u);
}

/* An unmap does not wait for other commands, nor do they for it */
static void quiesce_leaves_others(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	submit_read(f, 0, 1);
	submit(f, 1);
	ops->quiesce(&f->sdev, DATA + SLUICE_NVME_PAGE, SLUICE_NVME_PAGE);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].completed, 0ul);
	submit_read(f, 2, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 3ul);
	ops->resume(&f->sdev);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_NOT_NULL(test, f->vctrl.cqs[1].ring.va);
	KUNIT_EXPECT_NOT_NULL(test, f->vctrl.sqs[1].ring.va);
}

/* A vCPU that found the queue's lock held by the unmap has left it its commands */
static void quiesce_looks_again(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	vfake_submit(f, 1, &flush);
	ops->quiesce(&f->sdev, DATA, SLUICE_NVME_PAGE);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
}

/* Memory goes only once no command uses it */
static void quiesce_waits(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct slow_drive *drive;

	bring_up(f);
	submit_read(f, 0, 1);
	submit_read(f, 1, 1);
	submit_read(f, 2, 1);
	drive = slow_drive(f);
	ops->quiesce(&f->sdev, DATA + SLUICE_NVME_PAGE, 1);
	/* with the second read, of the six commands that there are */
	KUNIT_EXPECT_GE(test, READ_ONCE(f->vctrl.sqs[1].completed), 2ul);
	ops->quiesce(&f->sdev, DATA, 3 * SLUICE_NVME_PAGE);
	KUNIT_EXPECT_GE(test, READ_ONCE(f->vctrl.sqs[1].completed), 3ul);
	KUNIT_EXPECT_FALSE(test, f->vctrl.draining);
	wait_for_drive(drive);
}

/* Only the queues in the range go, and come back when the worker looks */
static void quiesce_takes_queues(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	ops->quiesce(&f->sdev, CQ + 0x10000, 4096);
	KUNIT_EXPECT_NULL(test, f->vctrl.cqs[1].ring.va);
	KUNIT_EXPECT_NOT_NULL(test, f->vctrl.sqs[1].ring.va);
	KUNIT_EXPECT_NOT_NULL(test, f->vctrl.cqs[0].ring.va);
	f->vmap_err = -EAGAIN;
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 0ul);
	f->vmap_err = 0;
	/* as if it had been asked for just now */
	mod_delayed_work(f->vctrl.wq, &f->vctrl.retry, 60 * HZ);
	vfake_kicks(f);
	ops->resume(&f->sdev);
	/* it has waited for the unmap, and need not wait any longer */
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	KUNIT_EXPECT_GE(test, vfake_retries(f), 1u);
	submit(f, 0);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 1ul);
}

/* The interrupt is masked, and the poller that did it has gone */
static void quiesce_looks_itself(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	submit_read(f, 0, 1);
	drive_answers(f, 1, 1);
	ops->quiesce(&f->sdev, DATA, 4096);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));
	KUNIT_EXPECT_EQ(test, f->cq_db[1], 1u);
	vfake_disarm_cq(f, 1);
}

/* It does not wait for the drive: see vdrain_test.c */
static void bus_master_off(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct slow_drive *drive;

	bring_up(f);
	drive = slow_drive(f);
	ops->bus_master(&f->sdev, false);
	wait_for_drive(drive);
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 3ul);
	/* one reason less is not none */
	ops->quiesce(&f->sdev, 0, 4096);
	ops->resume(&f->sdev);
	sluice_vio_service(&f->vctrl.sqs[1]);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 3ul);
	ops->bus_master(&f->sdev, true);
	sluice_vio_service(&f->vctrl.sqs[1]);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 4ul);
}

/*
 * Guest memory goes while another vCPU resets the controller over and over: both
 * give up the same queues.
 */
struct resetter {
	struct vfake *f;
	struct work_struct work;
	bool stop;
	unsigned int resets;
};

static void resetter_work(struct work_struct *work)
{
	struct resetter *resetter = container_of(work, struct resetter, work);
	struct sluice_vctrl *vctrl = &resetter->f->vctrl;

	vfake_enter(resetter->f);
	while (!READ_ONCE(resetter->stop)) {
		scoped_guard(mutex, &vctrl->admin_lock) {
			sluice_vqueues_destroy_all(vctrl);
			resetter->resets++;
			/* as the worker does it */
			if (!READ_ONCE(vctrl->stop))
				sluice_vqueues_create_admin(vctrl);
		}
		cond_resched();
	}
	vfake_leave();
}

static void unmap_against_reset(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct resetter *resetter;
	unsigned int i;

	vfake_add_admin(f, SQ, 64, CQ, 256);
	resetter = kunit_kzalloc(test, sizeof(*resetter), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, resetter);
	resetter->f = f;
	INIT_WORK(&resetter->work, resetter_work);
	schedule_work(&resetter->work);
	for (i = 0; i < 300 || (READ_ONCE(resetter->resets) < 300 && i < 10000); i++) {
		/* there is no memory to be found meanwhile */
		WRITE_ONCE(f->vmap_err, -EAGAIN);
		ops->quiesce(&f->sdev, 0, U64_MAX);
		KUNIT_EXPECT_NULL(test, READ_ONCE(f->vctrl.sqs[0].ring.va));
		KUNIT_EXPECT_NULL(test, READ_ONCE(f->vctrl.cqs[0].ring.va));
		WRITE_ONCE(f->vmap_err, 0);
		ops->resume(&f->sdev);
		cond_resched();
	}
	WRITE_ONCE(resetter->stop, true);
	cancel_work_sync(&resetter->work);
	KUNIT_EXPECT_GT(test, resetter->resets, 0u);
}

static void expect_powered_off(struct vfake *f)
{
	struct sluice_vctrl *vctrl = &f->vctrl;
	unsigned int i;

	for (i = 0; i <= VFAKE_QPAIRS; i++) {
		KUNIT_EXPECT_FALSE(f->test, vctrl->sqs[i].live);
		KUNIT_EXPECT_FALSE(f->test, vctrl->cqs[i].live);
		KUNIT_EXPECT_NULL(f->test, vctrl->sqs[i].ring.va);
		KUNIT_EXPECT_NULL(f->test, vctrl->cqs[i].ring.va);
	}
	KUNIT_EXPECT_FALSE(f->test, vctrl->enabled);
	KUNIT_EXPECT_EQ(f->test, vctrl->actions, 0u);
	KUNIT_EXPECT_EQ(f->test, vctrl->events, 0ul);
	KUNIT_EXPECT_EQ(f->test, read_reg(f, 0x14), 0u);
	KUNIT_EXPECT_EQ(f->test, read_reg(f, 0x1c), 0u);
	KUNIT_EXPECT_EQ(f->test, read_reg(f, 0x24), 0u);
	KUNIT_EXPECT_EQ(f->test, read_reg(f, 0x28), 0u);
	KUNIT_EXPECT_EQ(f->test, vctrl->feat.write_cache, 1u);
}

static void close_with_everything(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	submit(f, 3);
	f->vctrl.sqs[1].hw.entries = NULL;
	f->vctrl.feat.write_cache = 0;
	f->vctrl.regs.csts |= CSTS_CFS;
	sluice_vadmin_event(&f->vctrl, SLUICE_EVENT_DOORBELL_REG);
	write_reg(f, 0x14, 0x00464001);
	ops->close(&f->sdev);
	expect_powered_off(f);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_CLOSED) |
					     BIT(SLUICE_STOP_BUS_MASTER));
	/* again is no harm, and the next user starts afresh */
	ops->close(&f->sdev);
	KUNIT_EXPECT_EQ(test, ops->open(&f->sdev), 0);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_BUS_MASTER));
}

static void function_level_reset(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	submit(f, 3);
	f->vctrl.sqs[1].hw.entries = NULL;
	f->vctrl.feat.write_cache = 0;
	write_reg(f, 0x14, 0x00464001);
	ops->reset(&f->sdev);
	/* the guest has to enable bus mastering again; the rest is the worker's */
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_BUS_MASTER) |
					     BIT(SLUICE_STOP_RESET));
	KUNIT_EXPECT_GE(test, vfake_kicks(f), 1u);
	KUNIT_EXPECT_EQ(test, f->vctrl.actions, (unsigned int)SLUICE_VREGS_DISABLE);
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x14), 0u);
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x1c), 0u);
	ops->close(&f->sdev);
	expect_powered_off(f);
}

/*
 * The host side resets the drive
 */

static void reset_drive(struct vfake *f, enum sluice_nvme_state state)
{
	const struct sluice_nvme_client_ops *client = &sluice_vctrl_client_ops;

	guard(mutex)(&f->ctrl.reset_lock);
	f->ctrl.state = SLUICE_NVME_RESETTING;
	client->stop(&f->vctrl.client);
	KUNIT_EXPECT_TRUE(f->test, f->vctrl.stop & BIT(SLUICE_STOP_PARENT));
	client->fail(&f->vctrl.client);
	f->ctrl.state = state;
	client->restore(&f->vctrl.client);
}

static void drive_reset(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	bring_up(f);
	submit(f, 3);
	reset_drive(f, SLUICE_NVME_LIVE);
	/* to be tried again: Namespace Not Ready without DNR */
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(vfake_cqe(f, 1, i)->status),
				0x82 << 1 | 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, 0ul);
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x1c), 1u);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 4ul);
}

/* Before all queues exist again the drive is reset once more: the guest waits */
static void drive_reset_twice(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	submit(f, 3);
	f->vctrl.sqs[1].hw.cq = &f->vctrl.cqs[1].hw;
	f->vctrl.sqs[1].hw.life.state = SLUICE_NVME_QUEUE_PRESENT;
	KUNIT_ASSERT_FALSE(test, f->host.adminq.open);
	reset_drive(f, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_PARENT));
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x1c), 1u);
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 3ul);
	f->vctrl.sqs[1].hw.life.state = SLUICE_NVME_QUEUE_ABSENT;
	reset_drive(f, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, 0ul);
	submit(f, 0);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 4ul);
}

static void drive_dies(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	submit(f, 3);
	reset_drive(f, SLUICE_NVME_DEAD);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x1c), 1u | CSTS_CFS);
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 3ul);
	/* waiting for DMA ends at once */
	ops->quiesce(&f->sdev, 0, U64_MAX);
	ops->resume(&f->sdev);
	sluice_vio_service(&f->vctrl.sqs[1]);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 3ul);
	KUNIT_EXPECT_NULL(test, f->vctrl.sqs[1].ring.va);
	f->vctrl.sqs[1].hw.entries = NULL;
	ops->close(&f->sdev);
	expect_powered_off(f);
	/* nobody gets a dead drive */
	KUNIT_EXPECT_EQ(test, ops->open(&f->sdev), -ENODEV);
}

/* Another host has formatted the namespace: no command of this guest fits it */
static void namespace_offline(struct kunit *test)
{
	const struct sluice_nvme_client_ops *client = &sluice_vctrl_client_ops;
	struct vfake *f = test->priv;

	bring_up(f);
	submit(f, 1);
	/* one that is another's does not matter */
	client->offline(&f->vctrl.client);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, 0ul);
	f->ns.offline = "it is not well";
	client->offline(&f->vctrl.client);
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 1ul);
	/* Ready, Controller Fatal Status */
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x1c), 3u);
	/* a reset does not help, neither the drive's nor the guest's */
	reset_drive(f, SLUICE_NVME_LIVE);
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 1ul);
	f->vctrl.sqs[1].hw.entries = NULL;
	ops->reset(&f->sdev);
	KUNIT_EXPECT_TRUE(test, test_bit(SLUICE_STOP_OFFLINE, &f->vctrl.stop));
	KUNIT_EXPECT_EQ(test, ops->open(&f->sdev), -ENODEV);
}

/* The same, seen when the drive is reset */
static void namespace_offline_at_reset(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	f->ns.offline = "it is not well";
	reset_drive(f, SLUICE_NVME_LIVE);
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 0ul);
	KUNIT_EXPECT_EQ(test, read_reg(f, 0x1c), 3u);
	f->vctrl.sqs[1].hw.entries = NULL;
	ops->reset(&f->sdev);
	KUNIT_EXPECT_TRUE(test, test_bit(SLUICE_STOP_OFFLINE, &f->vctrl.stop));
}

/* A guest that is stopped for another reason stays so */
static void drive_reset_while_stopped(struct kunit *test)
{
	struct vfake *f = test->priv;

	bring_up(f);
	ops->bus_master(&f->sdev, false);
	reset_drive(f, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_BUS_MASTER));
	submit(f, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 0ul);
}

static void release_device(struct device *dev)
{
}

/*
 * Each number of queue pairs has two types, one of them for the pool. No type
 * has a single pair, with which a guest cannot boot by UEFI.
 */
static void mdev_types(struct kunit *test)
{
	static const char *const names[] = {
		"q2", "pool-q2", "q4", "pool-q4", "q8", "pool-q8",
		"q16", "pool-q16",
	};
	static const struct {
		unsigned int qpairs, host;
		int types;
	} cases[] = {
		{ 1, 1, 0 }, { 2, 1, 0 }, { 2, 2, 0 }, { 3, 1, 2 }, { 5, 2, 2 },
		{ 6, 2, 4 }, { 17, 2, 6 }, { 18, 2, 8 }, { 128, 2, 8 },
	};
	struct vfake *f = test->priv;
	struct device *dev = &f->pdev.dev;
	struct sluice_type *const *types;
	unsigned int i, j;
	int nr;

	dev->release = release_device;
	device_initialize(dev);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		f->ctrl.nr_qpairs = cases[i].qpairs;
		f->ctrl.nr_host_qpairs = cases[i].host;
		nr = sluice_vctrl_types(&f->ctrl, &types);
		KUNIT_ASSERT_EQ_MSG(test, nr, cases[i].types, "%u queue pairs",
				    cases[i].qpairs);
		for (j = 0; j < nr; j++) {
			KUNIT_EXPECT_STREQ(test, types[j]->mdev.sysfs_name,
					   names[j]);
			KUNIT_EXPECT_EQ(test, types[j]->pool, j % 2 == 1);
		}
	}
	put_device(dev);
}

static struct kunit_case vctrl_cases[] = {
	KUNIT_CASE(mdev_types),
	KUNIT_CASE(register_actions),
	KUNIT_CASE(invalid_doorbells),
	KUNIT_CASE(valid_doorbells),
	KUNIT_CASE(polled_admin_doorbell),
	KUNIT_CASE(polled_admin_head),
	KUNIT_CASE(polled_cq_doorbell),
	KUNIT_CASE(polled_shared_cq),
	KUNIT_CASE(polled_in_turn),
	KUNIT_CASE(drive_has_completed),
	KUNIT_CASE(commands_of_a_range),
	KUNIT_CASE(quiesce_leaves_others),
	KUNIT_CASE(quiesce_looks_again),
	KUNIT_CASE(quiesce_waits),
	KUNIT_CASE(quiesce_takes_queues),
	KUNIT_CASE(quiesce_looks_itself),
	KUNIT_CASE(bus_master_off),
	KUNIT_CASE(unmap_against_reset),
	KUNIT_CASE(close_with_everything),
	KUNIT_CASE(function_level_reset),
	KUNIT_CASE(drive_reset),
	KUNIT_CASE(drive_reset_twice),
	KUNIT_CASE(drive_dies),
	KUNIT_CASE(namespace_offline),
	KUNIT_CASE(namespace_offline_at_reset),
	KUNIT_CASE(drive_reset_while_stopped),
	{}
};

static struct kunit_suite vctrl_suite = {
	.name = "sluice-nvme-vctrl",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vctrl_cases,
};

kunit_test_suites(&vctrl_suite);
