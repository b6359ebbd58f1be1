// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a drive that answers admin commands, for the KUnit tests of the guest side
 */
#include <linux/jiffies.h>

#include "guest/vdrive_test.h"

/* Into the first page of guest memory */
static const struct nvme_cmd read = {
	.opcode	= NVME_IO_READ,
	.nsid	= cpu_to_le32(1),
};

/**
 * vdrive_answer() - answer to an admin command
 * @drive: fixture
 * @cid: identifier of the command
 * @status: SCT, SC and DNR of the answer
 */
void vdrive_answer(struct vdrive *drive, __le16 cid, u16 status)
{
	struct sluice_nvme_cq *cq = &drive->f->host.adminq.cq;
	struct nvme_cqe *cqe = &cq->entries[drive->tail];

	cqe->cid = cid;
	/* the phase tag last */
	smp_store_release(&cqe->status, cpu_to_le16(status << 1 | drive->phase));
	if (++drive->tail == cq->depth) {
		drive->tail = 0;
		drive->phase ^= 1;
	}
	sluice_nvme_cq_poll(cq, UINT_MAX);
}

static void obey(struct vdrive *drive, const struct nvme_cmd *cmd)
{
	struct vfake *f = drive->f;
	u32 which = le32_to_cpu(cmd->cdw10);

	KUNIT_EXPECT_EQ(f->test, which & 0xffff, (u32)f->vctrl.qids[0]);
	vfake_enter(f);
	vfake_complete(f, 1, 1, which >> 16, NVME_SC_ABORT_REQ);
	vfake_leave();
}

static void execute(struct vdrive *drive, const struct nvme_cmd *cmd)
{
	drive->aborts += cmd->opcode == NVME_ADMIN_ABORT;
	if (cmd->opcode == NVME_ADMIN_ABORT && drive->obeys)
		obey(drive, cmd);
	drive->deletes += cmd->opcode == NVME_ADMIN_DELETE_SQ;
	drive->creates += cmd->opcode == NVME_ADMIN_CREATE_SQ;
	if (cmd->opcode == drive->silent)
		drive->held = cmd->cid;
	else
		vdrive_answer(drive, cmd->cid,
			      cmd->opcode == drive->refused ?
			      NVME_SC_INTERNAL : NVME_SC_SUCCESS);
}

static void trickle(struct vdrive *drive)
{
	if (!drive->trickle || drive->deletes ||
	    time_before(jiffies, drive->next))
		return;
	vfake_enter(drive->f);
	vfake_complete(drive->f, 1, 1, drive->completed++, 0);
	vfake_leave();
	drive->next = jiffies + msecs_to_jiffies(drive->trickle);
}

static void drive_work(struct work_struct *work)
{
	struct vdrive *drive = container_of(to_delayed_work(work), struct vdrive,
					    work);
	struct sluice_nvme_sq *sq = &drive->f->host.adminq.sq;
	/* the driver writes the commands before the doorbell */
	u32 tail = smp_load_acquire((u32 __force *)sq->db);

	for (; drive->head != tail; drive->head = (drive->head + 1) % sq->depth)
		execute(drive, &sq->entries[drive->head]);
	if (READ_ONCE(drive->others))
		WRITE_ONCE(drive->f->ctrl.answered, true);
	trickle(drive);
	if (!READ_ONCE(drive->stop))
		schedule_delayed_work(&drive->work, 1);
}

static void init_adminq(struct vdrive *drive)
{
	struct vfake *f = drive->f;
	struct sluice_nvme_adminq *aq = &f->host.adminq;
	const u32 depth = SLUICE_NVME_ADMIN_DEPTH;

	aq->cq.entries = kunit_kcalloc(f->test, depth, sizeof(struct nvme_cqe),
				       GFP_KERNEL);
	aq->sq.entries = kunit_kcalloc(f->test, depth, sizeof(struct nvme_cmd),
				       GFP_KERNEL);
	drive->bar = kunit_kzalloc(f->test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(f->test, aq->cq.entries && aq->sq.entries && drive->bar);
	f->ctrl.bar = (void __force __iomem *)drive->bar;
	aq->sq.db = (u32 __force __iomem *)(drive->bar + 0x100);
	aq->cq.db = (u32 __force __iomem *)(drive->bar + 0x104);
	aq->sq.depth = depth;
	aq->cq.depth = depth;
	aq->sq.ctrl = &f->ctrl;
	aq->cq.ctrl = &f->ctrl;
	aq->cq.process = sluice_nvme_admin_process;
	aq->cq.phase = 1;
	aq->cq.armed = true;
	aq->open = true;
}

/* Queue pair @qid exists in the drive, too */
static void add_pair(struct vdrive *drive, u16 qid)
{
	struct vfake *f = drive->f;
	struct sluice_vsq *vsq = &f->vctrl.sqs[qid];
	struct sluice_nvme_cq *cq = &f->vctrl.cqs[qid].hw;

	vfake_add_cq(f, qid, VDRIVE_CQ + qid * 0x10000, 16);
	vfake_add_sq(f, qid, qid, VDRIVE_SQ + qid * 0x10000, 16, 8);
	cq->qid = f->vctrl.qids[qid - 1];
	f->cqs[cq->qid] = cq;
	vsq->hw.cq = cq;
	vsq->hw.completed = &vsq->completed;
	vsq->hw.life.state = SLUICE_NVME_QUEUE_PRESENT;
}

/* The drive has no interrupts. */
static int fake_arm(struct sluice_nvme_cq *cq)
{
	struct vfake *f = container_of(cq->ctrl, struct vfake, ctrl);

	KUNIT_EXPECT_NULL(f->test, f->cqs[cq->qid]);
	f->cqs[cq->qid] = cq;
	return 0;
}

static void fake_disarm(struct sluice_nvme_cq *cq)
{
	cq->ctrl->host->cqs[cq->qid] = NULL;
}

/**
 * vdrive_bring_up() - a drive, and a slice with two queue pairs of it
 * @f: fixture of the slice
 *
 * Return: the drive, at work.
 */
struct vdrive *vdrive_bring_up(struct vfake *f)
{
	struct vdrive *drive = kunit_kzalloc(f->test, sizeof(*drive), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(f->test, drive);
	drive->f = f;
	drive->silent = 0xff;
	drive->refused = 0xff;
	drive->phase = 1;
	init_adminq(drive);
	kunit_activate_static_stub(f->test, sluice_nvme_cq_arm, fake_arm);
	kunit_activate_static_stub(f->test, sluice_nvme_cq_disarm, fake_disarm);
	vfake_map(f, 0);
	vfake_add_admin(f, VDRIVE_SQ, 8, VDRIVE_CQ, 8);
	add_pair(drive, 1);
	add_pair(drive, 2);
	INIT_DELAYED_WORK(&drive->work, drive_work);
	schedule_delayed_work(&drive->work, 1);
	return drive;
}

/**
 * vdrive_take_down() - the drive stops
 * @drive: fixture
 *
 * The hardware's queues are KUnit's memory, which nobody but KUnit frees.
 */
void vdrive_take_down(struct vdrive *drive)
{
	unsigned int qid;

	WRITE_ONCE(drive->stop, true);
	cancel_delayed_work_sync(&drive->work);
	for (qid = 1; qid <= 2; qid++) {
		drive->f->vctrl.sqs[qid].hw.life.state = SLUICE_NVME_QUEUE_ABSENT;
		drive->f->cqs[drive->f->vctrl.qids[qid - 1]] = NULL;
	}
	/* nobody has had the drive reset */
	KUNIT_EXPECT_TRUE(drive->f->test, drive->f->host.adminq.open);
}

/**
 * vdrive_let_run() - wait until the drive has had every command that it was told of
 * @drive: fixture
 */
void vdrive_let_run(struct vdrive *drive)
{
	/* the first time it may have looked before */
	flush_delayed_work(&drive->work);
	flush_delayed_work(&drive->work);
}

/**
 * vdrive_reset() - end the command that the drive does not answer to by a reset
 * @drive: fixture
 * @for_this: the command has waited for so long that this is why it is reset
 */
void vdrive_reset(struct vdrive *drive, bool for_this)
{
	struct vfake *f = drive->f;
	struct sluice_nvme_adminq *aq = &f->host.adminq;
	unsigned int ms = 2 * sluice_nvme_admin_timeout_ms + 1000;

	scoped_guard(spinlock_irqsave, &aq->cq.lock) {
		if (for_this)
			aq->slots[le16_to_cpu(drive->held)].since =
				jiffies - msecs_to_jiffies(ms);
	}
	KUNIT_EXPECT_EQ(f->test, sluice_nvme_adminq_overdue(&f->ctrl), for_this);
	sluice_nvme_adminq_reap(&f->ctrl);
}

/**
 * vdrive_submit() - have commands taken from a queue: reads of the first page
 * @f: fixture of the slice
 * @qid: submission queue
 * @nr: how many to add before
 */
void vdrive_submit(struct vfake *f, u16 qid, unsigned int nr)
{
	while (nr--)
		vfake_submit(f, qid, &read);
	sluice_vio_service(&f->vctrl.sqs[qid]);
}

/**
 * vdrive_expect_status() - the first completions of a queue have this status
 * @f: fixture of the slice
 * @qid: completion queue
 * @nr: how many
 * @status: the field in the entry
 */
void vdrive_expect_status(struct vfake *f, u16 qid, unsigned int nr, int status)
{
	while (nr--)
		KUNIT_EXPECT_EQ(f->test, (int)le16_to_cpu(vfake_cqe(f, qid, nr)->status),
				status);
}
