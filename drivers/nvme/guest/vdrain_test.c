// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what a slice does with a drive that leaves it waiting
 */
#include <linux/jiffies.h>

#include "guest/vdrive_test.h"

/* Ends of the wait for a drive; far apart, for a slow machine */
#define SILENT_MS	1500u
#define SLOW_MS		3000u

/* Namespace Not Ready, which may be retried */
#define NOT_READY	(0x82 << 1 | 1)

static const struct sluice_parent_ops *const ops = &sluice_vctrl_parent_ops;

static unsigned int silent_ms, slow_ms;

/* A read into another page */
static void submit_elsewhere(struct vfake *f, u16 qid)
{
	static const struct nvme_cmd other = {
		.opcode	= NVME_IO_READ,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(4096),
	};

	vfake_map(f, 4096);
	vfake_submit(f, qid, &other);
	vdrive_submit(f, qid, 0);
}

/* Guest memory is unmapped. Returns the milliseconds that this took */
static unsigned int unmap(struct vfake *f)
{
	unsigned long begin = jiffies;
	unsigned int qid;

	ops->quiesce(&f->sdev, 0, 4096);
	for (qid = 1; qid <= 2; qid++)
		KUNIT_EXPECT_EQ(f->test, sluice_vsq_users(&f->vctrl.sqs[qid], 0, 4096), 0u);
	ops->resume(&f->sdev);
	return jiffies_to_msecs(jiffies - begin);
}

/* The worker's part, once */
static bool readmit_once(struct vfake *f)
{
	guard(mutex)(&f->vctrl.admin_lock);
	return sluice_vdrain_readmit(&f->vctrl);
}

/* The same until the drive has answered */
static bool readmit(struct vdrive *drive)
{
	struct vfake *f = drive->f;
	unsigned int i;

	for (i = 0; i < 100 && !readmit_once(f); i++) {
		if (f->vctrl.regs.csts & NVME_CSTS_CFS)
			return false;
		vdrive_let_run(drive);
	}
	return i < 100;
}

/* The slice has lost its commands, which it is told, and nothing else */
static void expect_evicted(struct vdrive *drive)
{
	struct vfake *f = drive->f;

	KUNIT_EXPECT_EQ(f->test, drive->deletes, 1u);
	vdrive_expect_status(f, 1, 3, NOT_READY);
	/* fenced */
	KUNIT_EXPECT_EQ(f->test, f->vctrl.stop, BIT(SLUICE_STOP_EVICTED));
	vdrive_submit(f, 1, 1);
	KUNIT_EXPECT_EQ(f->test, f->vctrl.sqs[1].submitted, 3ul);
	/* only what was waited for is created again */
	KUNIT_EXPECT_TRUE(f->test, readmit(drive));
	KUNIT_EXPECT_EQ(f->test, drive->creates, 1u);
	KUNIT_EXPECT_EQ(f->test, f->vctrl.stop, 0ul);
	vdrive_submit(f, 1, 0);
	KUNIT_EXPECT_EQ(f->test, f->vctrl.sqs[1].submitted, 4ul);
	KUNIT_EXPECT_EQ(f->test, f->vctrl.regs.csts & NVME_CSTS_CFS, 0u);
	KUNIT_EXPECT_TRUE(f->test, f->vctrl.sqs[2].live);
}

/* The slice waits in vain for so long, and asks for so many Aborts meanwhile */
static void wait_in_vain(struct vdrive *drive, unsigned int ms, unsigned int aborts)
{
	struct vfake *f = drive->f;

	vdrive_submit(f, 1, 3);
	KUNIT_EXPECT_GE(f->test, unmap(f), ms);
	KUNIT_EXPECT_EQ(f->test, drive->aborts, aborts);
	expect_evicted(drive);
	vdrive_take_down(drive);
}

static void silent_drive(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	atomic_set(&f->host.aborts, 3);
	wait_in_vain(drive, SILENT_MS, 0);
}

/* As long as it works for others it is only slow, but not without a limit */
static void busy_drive(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	drive->others = true;
	wait_in_vain(drive, SLOW_MS, 0);
}

/* It completes them one by one, and so slowly that the VMM must not wait for all */
static void endless_drive(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	vdrive_submit(f, 1, 8);
	drive->others = true;
	drive->next = jiffies + msecs_to_jiffies(SLOW_MS / 2);
	drive->trickle = SLOW_MS / 2;
	KUNIT_EXPECT_GE(test, unmap(f), SLOW_MS);
	KUNIT_EXPECT_EQ(test, drive->deletes, 1u);
	vdrive_expect_status(f, 1, 1, 1);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(vfake_cqe(f, 1, 7)->status), NOT_READY);
	vdrive_take_down(drive);
}

/* It has lost some commands, and nothing else: they are aborted, and all go on */
static void forgetful_drive(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	submit_elsewhere(f, 1);
	vdrive_submit(f, 1, 2);
	drive->others = true;
	drive->obeys = true;
	atomic_set(&f->host.aborts, 3);
	KUNIT_EXPECT_GE(test, unmap(f), SLOW_MS / 2);
	KUNIT_EXPECT_EQ(test, drive->aborts, 2u);
	vdrive_expect_status(f, 1, 2, NVME_SC_ABORT_REQ << 1 | 1);
	KUNIT_EXPECT_FALSE(test, sluice_vsq_drained(&f->vctrl.sqs[1]));
	KUNIT_EXPECT_EQ(test, drive->deletes, 0u);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, 0ul);
	vdrive_take_down(drive);
}

/* It is asked once, and not for all that it could do at a time */
static void disobedient_drive(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	drive->others = true;
	atomic_set(&f->host.aborts, 3);
	wait_in_vain(drive, SLOW_MS, 2);
}

/* Commands that use other memory stay with the drive */
static void other_queue(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	submit_elsewhere(f, 2);
	vdrive_submit(f, 1, 3);
	unmap(f);
	KUNIT_EXPECT_FALSE(test, sluice_vsq_drained(&f->vctrl.sqs[2]));
	expect_evicted(drive);
	KUNIT_EXPECT_FALSE(test, sluice_vsq_drained(&f->vctrl.sqs[2]));
	vdrive_take_down(drive);
}

/* A reset of the drive comes between: the slice stays fenced, and goes on later */
static void reset_while_evicted(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	vdrive_submit(f, 1, 3);
	unmap(f);
	f->host.adminq.open = false;
	KUNIT_EXPECT_FALSE(test, readmit_once(f));
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_EVICTED));
	KUNIT_EXPECT_EQ(test, f->vctrl.regs.csts & NVME_CSTS_CFS, 0u);
	f->host.adminq.open = true;
	expect_evicted(drive);
	vdrive_take_down(drive);
}

/* Until the guest resets the controller: it does not have the drive asked again */
static void drive_refuses(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	vdrive_submit(f, 1, 3);
	unmap(f);
	drive->refused = NVME_ADMIN_CREATE_SQ;
	KUNIT_EXPECT_FALSE(test, readmit(drive));
	KUNIT_EXPECT_EQ(test, f->vctrl.regs.csts & NVME_CSTS_CFS, NVME_CSTS_CFS);
	KUNIT_EXPECT_FALSE(test, readmit_once(f));
	KUNIT_EXPECT_EQ(test, drive->creates, 1u);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_EVICTED));
	vdrive_take_down(drive);
}

/* A drive that does not answer is reset, and asked again: once */
static void drive_does_not_answer(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);
	unsigned int i;

	vdrive_submit(f, 1, 3);
	unmap(f);
	drive->silent = NVME_ADMIN_CREATE_SQ;
	for (i = 1; i <= 2; i++) {
		KUNIT_EXPECT_FALSE(test, readmit_once(f));
		vdrive_let_run(drive);
		KUNIT_EXPECT_EQ(test, drive->creates, i);
		/* it may still answer */
		KUNIT_EXPECT_FALSE(test, readmit_once(f));
		KUNIT_EXPECT_EQ(test, f->vctrl.regs.csts & NVME_CSTS_CFS, 0u);
		vdrive_reset(drive, true);
		vfake_retries(f);
		KUNIT_EXPECT_FALSE(test, readmit_once(f));
		KUNIT_EXPECT_EQ(test, vfake_retries(f), 2 - i);
		KUNIT_EXPECT_EQ(test, f->vctrl.regs.csts & NVME_CSTS_CFS,
				i < 2 ? 0u : NVME_CSTS_CFS);
	}
	/* nor does the end of a reset ask a drive for a guest that gave up */
	scoped_guard(mutex, &f->ctrl.reset_lock)
		sluice_vctrl_client_ops.restore(&f->vctrl.client);
	vdrive_let_run(drive);
	KUNIT_EXPECT_EQ(test, drive->creates, 2u);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, BIT(SLUICE_STOP_EVICTED));
	vdrive_take_down(drive);
}

/* It answers after its reset, and may be late another time */
static void drive_answers_again(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	vdrive_submit(f, 1, 3);
	unmap(f);
	f->vctrl.unanswered = true;
	KUNIT_EXPECT_TRUE(test, readmit(drive));
	KUNIT_EXPECT_FALSE(test, f->vctrl.unanswered);
	KUNIT_EXPECT_EQ(test, f->vctrl.stop, 0ul);
	vdrive_take_down(drive);
}

/* A reset that brings the other queues back is no answer for the one it is for */
static void others_are_restored(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);

	f->vctrl.unanswered = true;
	scoped_guard(mutex, &f->ctrl.reset_lock)
		sluice_vctrl_client_ops.restore(&f->vctrl.client);
	KUNIT_EXPECT_EQ(test, drive->creates, 2u);
	KUNIT_EXPECT_TRUE(test, f->vctrl.unanswered);
	vdrive_take_down(drive);
}

/* What the VMM does with its big lock held waits for no drive */
static void no_wait_in_vmm(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct vdrive *drive = vdrive_bring_up(f);
	unsigned long begin = jiffies;

	drive->silent = NVME_ADMIN_DELETE_SQ;
	vdrive_submit(f, 1, 3);
	ops->bus_master(&f->sdev, false);
	ops->reset(&f->sdev);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - begin),
			2 * SLUICE_VDRAIN_BRIEF_MS + 5000u);
	KUNIT_EXPECT_FALSE(test, sluice_vctrl_drained(&f->vctrl));
	/* the worker's; until then the old queues take nothing */
	KUNIT_EXPECT_EQ(test, f->vctrl.actions, (unsigned int)SLUICE_VREGS_DISABLE);
	ops->bus_master(&f->sdev, true);
	vdrive_submit(f, 1, 1);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 3ul);
	vdrive_take_down(drive);
}

static int vdrain_init(struct kunit *test)
{
	silent_ms = sluice_vdrain_silent_ms;
	slow_ms = sluice_vdrain_slow_ms;
	sluice_vdrain_silent_ms = SILENT_MS;
	sluice_vdrain_slow_ms = SLOW_MS;
	return vfake_init(test);
}

static void vdrain_exit(struct kunit *test)
{
	sluice_vdrain_silent_ms = silent_ms;
	sluice_vdrain_slow_ms = slow_ms;
	vfake_exit(test);
}

static struct kunit_case vdrain_cases[] = {
	KUNIT_CASE(silent_drive),
	KUNIT_CASE(busy_drive),
	KUNIT_CASE(endless_drive),
	KUNIT_CASE(forgetful_drive),
	KUNIT_CASE(disobedient_drive),
	KUNIT_CASE(other_queue),
	KUNIT_CASE(reset_while_evicted),
	KUNIT_CASE(drive_refuses),
	KUNIT_CASE(drive_does_not_answer),
	KUNIT_CASE(drive_answers_again),
	KUNIT_CASE(others_are_restored),
	KUNIT_CASE(no_wait_in_vmm),
	{}
};

static struct kunit_suite vdrain_suite = {
	.name = "sluice-nvme-vdrain",
	.init = vdrain_init,
	.exit = vdrain_exit,
	.test_cases = vdrain_cases,
};

kunit_test_suites(&vdrain_suite);
