// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the creation and deletion of a client's queues
 *
 * A drive may take long for a deletion because of the commands in the queue. It is
 * reset for that when it answers nobody, and not before. Time goes by as a test
 * says: it changes when the command was submitted.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "host/hostfake_test.h"

#define QID		2
#define VECTOR		1
#define TIMEOUT_MS	60000u

struct deletion {
	struct hostfake *f;
	struct sluice_nvme_cq cq;
	struct sluice_nvme_sq sq;
	struct nvme_cqe cqes[4];
	struct nvme_cmd cmds[4];
	unsigned long completed;
	atomic_t ends;
};

static void ended(struct sluice_nvme_life *life)
{
	atomic_inc(&container_of(life, struct deletion, sq.life)->ends);
}

static void ended_cq(struct sluice_nvme_life *life)
{
	atomic_inc(&container_of(life, struct deletion, cq.life)->ends);
}

/* A queue pair that the drive does not have */
static struct deletion *make_pair(struct hostfake *f)
{
	struct deletion *d = kunit_kzalloc(f->test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(f->test, d);
	d->f = f;
	sluice_nvme_cq_init(&d->cq);
	d->cq.ctrl = &f->ctrl;
	d->cq.qid = QID;
	d->cq.vector = VECTOR;
	d->cq.depth = 4;
	d->cq.entries = d->cqes;
	d->cq.life.ended = ended_cq;
	d->sq.ctrl = &f->ctrl;
	d->sq.cq = &d->cq;
	d->sq.qid = QID;
	d->sq.depth = 4;
	d->sq.entries = d->cmds;
	d->sq.completed = &d->completed;
	d->sq.life.ended = ended;
	return d;
}

/* A queue pair, of which the submission queue is being deleted */
static struct deletion *delete(struct hostfake *f, int answer)
{
	struct deletion *d = make_pair(f);

	f->answer[NVME_ADMIN_DELETE_SQ] = answer;
	guard(mutex)(&f->ctrl.reset_lock);
	KUNIT_ASSERT_EQ(f->test, sluice_nvme_cq_create(&d->cq), 0);
	KUNIT_ASSERT_EQ(f->test, sluice_nvme_sq_create(&d->sq), 0);
	KUNIT_EXPECT_EQ(f->test, sluice_nvme_sq_delete(&d->sq), 0);
	/* once is enough */
	KUNIT_EXPECT_EQ(f->test, sluice_nvme_sq_delete(&d->sq), 0);
	return d;
}

static int create_cq(struct deletion *d)
{
	guard(mutex)(&d->f->ctrl.reset_lock);
	return sluice_nvme_cq_create_async(&d->cq);
}

static int create_sq(struct deletion *d)
{
	guard(mutex)(&d->f->ctrl.reset_lock);
	return sluice_nvme_sq_create_async(&d->sq);
}

static bool delete_cq(struct deletion *d)
{
	guard(mutex)(&d->f->ctrl.reset_lock);
	return sluice_nvme_cq_delete(&d->cq);
}

/* A queue pair, of which the completion queue is being deleted: it has no other */
static struct deletion *begin_cq_deletion(struct hostfake *f, int answer)
{
	struct deletion *d = make_pair(f);

	f->answer[NVME_ADMIN_DELETE_CQ] = answer;
	scoped_guard(mutex, &f->ctrl.reset_lock)
		KUNIT_ASSERT_EQ(f->test, sluice_nvme_cq_create(&d->cq), 0);
	KUNIT_EXPECT_FALSE(f->test, delete_cq(d));
	return d;
}

static bool wait_for(bool (*cond)(struct deletion *d), struct deletion *d)
{
	unsigned long end = jiffies + 10 * HZ;

	while (!cond(d) && time_before(jiffies, end))
		msleep(20);
	return cond(d);
}

static bool has_ended(struct deletion *d)
{
	return atomic_read(&d->ends);
}

static bool has_ended_twice(struct deletion *d)
{
	return atomic_read(&d->ends) == 2;
}

static bool has_probe(struct deletion *d)
{
	/* pairs with hostfake_execute(): the command is there */
	unsigned int nr = smp_load_acquire(&d->f->nr_cmds);

	return nr && d->f->cmds[nr - 1].opcode == NVME_ADMIN_GET_FEATURES;
}

static bool has_answer(struct deletion *d)
{
	return READ_ONCE(d->f->ctrl.answered);
}

/* The drive has had the command for @ms, and has completed none for @silent */
static bool overdue(struct deletion *d, unsigned int ms, unsigned int silent)
{
	struct hostfake *f = d->f;
	struct sluice_nvme_adminq *aq = &f->host.adminq;
	unsigned int nr;

	scoped_guard(spinlock_irqsave, &aq->cq.lock) {
		for_each_set_bit(nr, &aq->inflight, SLUICE_NVME_ADMIN_SLOTS)
			aq->slots[nr].since = jiffies - msecs_to_jiffies(ms);
	}
	f->ctrl.answered = false;
	f->ctrl.progressed = jiffies - msecs_to_jiffies(silent);
	return sluice_nvme_adminq_overdue(&f->ctrl);
}

/* The drive is asked once, and its answer is told once */
static void created(struct kunit *test)
{
	static const struct {
		int answer, ret;
	} cases[] = {
		{ 0, 0 }, { NVME_SC_INTERNAL, -EIO },
	};
	struct hostfake *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct deletion *d = make_pair(f);

		f->answer[NVME_ADMIN_CREATE_CQ] = cases[i].answer;
		f->answer[NVME_ADMIN_CREATE_SQ] = cases[i].answer;
		KUNIT_EXPECT_EQ(test, create_cq(d), -EAGAIN);
		KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
		KUNIT_EXPECT_EQ(test, create_cq(d), cases[i].ret);
		/* one that does not exist has no interrupt */
		KUNIT_EXPECT_EQ(test, f->cqs[QID] == &d->cq, !cases[i].ret);

		atomic_set(&d->ends, 0);
		KUNIT_EXPECT_EQ(test, create_sq(d), -EAGAIN);
		KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
		KUNIT_EXPECT_EQ(test, create_sq(d), cases[i].ret);
		KUNIT_EXPECT_EQ(test, sluice_nvme_sq_gone(&d->sq), !!cases[i].ret);
		KUNIT_EXPECT_FALSE(test, sluice_nvme_adminq_waits(&f->ctrl));
		f->cqs[QID] = NULL;
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&f->resets), 0);
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
}

/* A refusal that the owner does not ask about any more */
static void refused_and_deleted(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = make_pair(f);

	f->answer[NVME_ADMIN_CREATE_SQ] = NVME_SC_INTERNAL;
	KUNIT_EXPECT_EQ(test, create_sq(d), -EAGAIN);
	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
	scoped_guard(mutex, &f->ctrl.reset_lock)
		KUNIT_EXPECT_EQ(test, sluice_nvme_sq_delete(&d->sq), 0);
	KUNIT_EXPECT_TRUE(test, sluice_nvme_sq_gone(&d->sq));
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 1u);
}

/* The lock is free while the drive takes long; a reset, and why it comes, is told */
static void creation_takes_long(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = make_pair(f);

	f->answer[NVME_ADMIN_CREATE_CQ] = HOSTFAKE_SILENT;
	KUNIT_EXPECT_EQ(test, create_cq(d), -EAGAIN);
	KUNIT_EXPECT_EQ(test, create_cq(d), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, sluice_nvme_adminq_waits(&f->ctrl));
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->ends), 1);
	KUNIT_EXPECT_EQ(test, create_cq(d), -ENODEV);

	KUNIT_EXPECT_EQ(test, create_cq(d), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, overdue(d, TIMEOUT_MS + 5000, 1000));
	KUNIT_EXPECT_TRUE(test, overdue(d, 2 * TIMEOUT_MS + 1000, 1000));
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->ends), 2);
	KUNIT_EXPECT_EQ(test, create_cq(d), -ETIMEDOUT);
	KUNIT_EXPECT_NULL(test, f->cqs[QID]);
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
}

/* Of two queues that a reset has taken, only the one that was sent first was late */
static void behind_another(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = make_pair(f), *other = make_pair(f);
	struct sluice_nvme_adminq *aq = &f->host.adminq;
	unsigned int nr;

	other->cq.qid = 3;
	f->answer[NVME_ADMIN_CREATE_CQ] = HOSTFAKE_SILENT;
	KUNIT_EXPECT_EQ(test, create_cq(d), -EAGAIN);
	KUNIT_EXPECT_EQ(test, create_cq(other), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, overdue(d, 3 * TIMEOUT_MS, 1000));
	scoped_guard(spinlock_irqsave, &aq->cq.lock) {
		nr = find_last_bit(&aq->inflight, SLUICE_NVME_ADMIN_SLOTS);
		aq->slots[nr].since += msecs_to_jiffies(1000);
	}
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, create_cq(d), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, create_cq(other), -ENODEV);
}

/* It does not begin while a reset is about to run */
static void created_too_late(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = make_pair(f);

	f->host.adminq.open = false;
	KUNIT_EXPECT_EQ(test, create_cq(d), -ENODEV);
	KUNIT_EXPECT_EQ(test, create_sq(d), -ENODEV);
	KUNIT_EXPECT_NULL(test, f->cqs[QID]);
	KUNIT_EXPECT_TRUE(test, sluice_nvme_sq_gone(&d->sq));
}

static void sq_deleted(struct kunit *test)
{
	static const int answers[] = { 0, NVME_SC_QID_INVALID };
	struct hostfake *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		struct deletion *d = delete(f, answers[i]);

		KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
		KUNIT_EXPECT_TRUE(test, sluice_nvme_sq_gone(&d->sq));
		KUNIT_EXPECT_EQ(test, atomic_read(&d->ends), 1);
		KUNIT_EXPECT_FALSE(test, sluice_nvme_adminq_waits(&f->ctrl));
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&f->resets), 0);
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
}

/* Who waits for it has no lock: others create their queues meanwhile */
static void sq_takes_long(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = delete(f, HOSTFAKE_SILENT);
	struct deletion *other = make_pair(f);

	KUNIT_EXPECT_FALSE(test, sluice_nvme_sq_gone(&d->sq));
	KUNIT_EXPECT_TRUE(test, sluice_nvme_adminq_waits(&f->ctrl));
	other->cq.qid = 3;
	KUNIT_EXPECT_EQ(test, create_cq(other), -EAGAIN);
	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, other));
	KUNIT_EXPECT_EQ(test, create_cq(other), 0);
	KUNIT_EXPECT_FALSE(test, delete_cq(other));
	KUNIT_ASSERT_TRUE(test, wait_for(has_ended_twice, other));
	KUNIT_EXPECT_TRUE(test, delete_cq(other));
	/* it works for others */
	KUNIT_EXPECT_FALSE(test, overdue(d, TIMEOUT_MS + 5000, 1000));
	KUNIT_EXPECT_FALSE(test, overdue(d, 2 * TIMEOUT_MS - 5000, 1000));
	KUNIT_EXPECT_FALSE(test, has_probe(d));
	/* it completes nothing, but has not had this command for long either */
	KUNIT_EXPECT_FALSE(test, overdue(d, 1000, 3 * TIMEOUT_MS));
	/* a probe tells whether it answers */
	KUNIT_EXPECT_FALSE(test, overdue(d, TIMEOUT_MS, TIMEOUT_MS / 2));
	KUNIT_ASSERT_TRUE(test, wait_for(has_probe, d));
	KUNIT_ASSERT_TRUE(test, wait_for(has_answer, d));
	KUNIT_EXPECT_LT(test, jiffies - sluice_nvme_progress(&f->ctrl), 30ul * HZ);
	/* it works on the queue's commands, of which there are no new ones */
	d->completed = 1;
	KUNIT_EXPECT_FALSE(test, overdue(d, 2 * TIMEOUT_MS + 1000, 1000));
	d->completed = 2;
	KUNIT_EXPECT_FALSE(test, overdue(d, 2 * TIMEOUT_MS + 1000, 1000));
	/* but there is an end to it, also if other queues use the completion queue */
	d->cq.head = 1;
	KUNIT_EXPECT_TRUE(test, overdue(d, 2 * TIMEOUT_MS + 1000, 1000));
	KUNIT_EXPECT_FALSE(test, sluice_nvme_sq_gone(&d->sq));
	/* a reset ends it as well */
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_TRUE(test, sluice_nvme_sq_gone(&d->sq));
	KUNIT_EXPECT_EQ(test, atomic_read(&d->ends), 1);
}

/* For an Abort nobody's memory waits */
static void abort_takes_long(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = delete(f, 0);

	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
	atomic_set(&f->host.aborts, 2);
	f->answer[NVME_ADMIN_ABORT] = HOSTFAKE_SILENT;
	KUNIT_EXPECT_EQ(test, sluice_nvme_abort(&d->sq, 1, 1), 0);
	KUNIT_EXPECT_FALSE(test, overdue(d, 10 * TIMEOUT_MS, 1000));
	/* but a drive that answers nobody is reset */
	KUNIT_EXPECT_TRUE(test, overdue(d, TIMEOUT_MS + 1000, TIMEOUT_MS + 1000));
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_FALSE(test, sluice_nvme_adminq_waits(&f->ctrl));
}

static void drive_is_silent(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = delete(f, HOSTFAKE_SILENT);

	f->answer[NVME_ADMIN_GET_FEATURES] = HOSTFAKE_SILENT;
	KUNIT_EXPECT_FALSE(test, overdue(d, TIMEOUT_MS / 2, TIMEOUT_MS / 2));
	KUNIT_ASSERT_TRUE(test, wait_for(has_probe, d));
	/* one probe at a time */
	KUNIT_EXPECT_FALSE(test, overdue(d, TIMEOUT_MS - 5000, TIMEOUT_MS - 5000));
	KUNIT_EXPECT_EQ(test, hweight_long(f->host.adminq.inflight), 2u);
	KUNIT_EXPECT_TRUE(test, overdue(d, TIMEOUT_MS + 1000, TIMEOUT_MS + 1000));
}

/* Its commands are still with the drive, which must not reach their memory */
static void sq_refused(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = delete(f, NVME_SC_INTERNAL);

	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
	KUNIT_EXPECT_FALSE(test, sluice_nvme_sq_gone(&d->sq));
	KUNIT_EXPECT_FALSE(test, hostfake_is_master(f));
	flush_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->resets), 1);
	/* it has to be reset, not only to be told so */
	KUNIT_EXPECT_FALSE(test, sluice_nvme_sq_gone(&d->sq));
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	scoped_guard(mutex, &f->ctrl.reset_lock)
		sluice_nvme_queue_cut_off(&f->ctrl, &d->sq.life);
	KUNIT_EXPECT_TRUE(test, sluice_nvme_sq_gone(&d->sq));
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
}

static void cq_deleted(struct kunit *test)
{
	static const int answers[] = { 0, NVME_SC_QID_INVALID };
	struct hostfake *f = test->priv;
	const struct nvme_cmd *cmd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		struct deletion *d = begin_cq_deletion(f, answers[i]);

		KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
		KUNIT_EXPECT_TRUE(test, delete_cq(d));
		KUNIT_EXPECT_FALSE(test, d->cq.armed);
		KUNIT_EXPECT_NULL(test, f->cqs[QID]);
		/* one that is gone stays so */
		KUNIT_EXPECT_TRUE(test, delete_cq(d));
		KUNIT_EXPECT_EQ(test, f->nr_cmds, 2 * i + 2);
	}
	cmd = &f->cmds[0];
	KUNIT_EXPECT_EQ(test, cmd->opcode, NVME_ADMIN_CREATE_CQ);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw10), 3u << 16 | QID);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw11) >> 16, VECTOR);
	cmd = &f->cmds[1];
	KUNIT_EXPECT_EQ(test, cmd->opcode, NVME_ADMIN_DELETE_CQ);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw10), QID);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->resets), 0);
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
}

/* The memory of a queue that may still exist is not freed */
static void cq_refused(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = begin_cq_deletion(f, NVME_SC_INTERNAL);

	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
	KUNIT_EXPECT_FALSE(test, delete_cq(d));
	KUNIT_EXPECT_FALSE(test, hostfake_is_master(f));
	KUNIT_EXPECT_FALSE(test, delete_cq(d));
	flush_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->resets), 1);
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	scoped_guard(mutex, &f->ctrl.reset_lock)
		sluice_nvme_queue_cut_off(&f->ctrl, &d->cq.life);
	KUNIT_EXPECT_TRUE(test, delete_cq(d));
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
}

/* A guest's reset, the end of its queue and that of the guest wait for this */
static void cq_takes_long(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = begin_cq_deletion(f, HOSTFAKE_SILENT);

	KUNIT_EXPECT_FALSE(test, delete_cq(d));
	KUNIT_EXPECT_TRUE(test, sluice_nvme_adminq_waits(&f->ctrl));
	KUNIT_EXPECT_TRUE(test, overdue(d, 2 * TIMEOUT_MS + 1000, 1000));
	KUNIT_EXPECT_FALSE(test, delete_cq(d));
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, atomic_read(&d->ends), 1);
	KUNIT_EXPECT_TRUE(test, delete_cq(d));
}

/* The drive is told to create a queue that nobody wants any more */
static void deleted_while_created(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = make_pair(f);

	f->answer[NVME_ADMIN_CREATE_CQ] = HOSTFAKE_SILENT;
	KUNIT_EXPECT_EQ(test, create_cq(d), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, delete_cq(d));
	KUNIT_EXPECT_EQ(test, hweight_long(f->host.adminq.inflight), 1ul);
	hostfake_complete(f, __ffs(f->host.adminq.inflight), 0, 0);
	sluice_nvme_cq_poll(&f->host.adminq.cq, UINT_MAX);
	KUNIT_EXPECT_FALSE(test, delete_cq(d));
	KUNIT_ASSERT_TRUE(test, wait_for(has_ended_twice, d));
	KUNIT_EXPECT_TRUE(test, delete_cq(d));
	KUNIT_EXPECT_NULL(test, f->cqs[QID]);

	/* one that the drive refuses has an interrupt until somebody asks */
	f->answer[NVME_ADMIN_CREATE_CQ] = NVME_SC_INTERNAL;
	atomic_set(&d->ends, 0);
	KUNIT_EXPECT_EQ(test, create_cq(d), -EAGAIN);
	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
	KUNIT_EXPECT_TRUE(test, delete_cq(d));
	KUNIT_EXPECT_NULL(test, f->cqs[QID]);
}

/*
 * Guests have more deletions with the drive than it has slots for: the host, who
 * has to ask the drive something, is not kept waiting, and nor is the probe or
 * another guest that sets up its queues
 */
static void many_deletions(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = delete(f, HOSTFAKE_SILENT);
	struct deletion *other = make_pair(f);
	struct nvme_cmd cmd = { .opcode = NVME_ADMIN_GET_FEATURES };
	struct sluice_nvme_sq *sqs;
	unsigned int i, nr = 0;

	sqs = kunit_kcalloc(test, 2 * SLUICE_NVME_ADMIN_SLOTS, sizeof(*sqs),
			    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sqs);
	mutex_lock(&f->ctrl.reset_lock);
	for (i = 0; i < 2 * SLUICE_NVME_ADMIN_SLOTS; i++) {
		sqs[i].ctrl = &f->ctrl;
		sqs[i].cq = &d->cq;
		sqs[i].qid = QID;
		sqs[i].life.state = SLUICE_NVME_QUEUE_PRESENT;
		nr += !sluice_nvme_sq_delete(&sqs[i]);
	}
	mutex_unlock(&f->ctrl.reset_lock);
	KUNIT_EXPECT_GT(test, nr, 0u);
	KUNIT_EXPECT_LT(test, nr, SLUICE_NVME_ADMIN_SLOTS / 2u);
	/* what did not begin can be tried again */
	KUNIT_EXPECT_EQ(test, (int)sqs[i - 1].life.state, (int)SLUICE_NVME_QUEUE_PRESENT);
	KUNIT_EXPECT_FALSE(test, overdue(d, TIMEOUT_MS, TIMEOUT_MS / 2));
	KUNIT_ASSERT_TRUE(test, wait_for(has_probe, d));
	if (nr < SLUICE_NVME_ADMIN_SLOTS / 2u)
		KUNIT_EXPECT_EQ(test, sluice_nvme_admin(&f->ctrl, &cmd, NULL, 0, NULL), 0);
	/* others can create queues, and delete them */
	other->cq.qid = 3;
	KUNIT_EXPECT_EQ(test, create_cq(other), -EAGAIN);
	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, other));
	KUNIT_EXPECT_EQ(test, create_cq(other), 0);
	KUNIT_EXPECT_FALSE(test, delete_cq(other));
	KUNIT_ASSERT_TRUE(test, wait_for(has_ended_twice, other));
	KUNIT_EXPECT_TRUE(test, delete_cq(other));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->resets), 0);
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_TRUE(test, sluice_nvme_sq_gone(&sqs[0]));
}

static void end_one(struct sluice_nvme_ctrl *ctrl, void *priv, int status)
{
}

static void end_two(struct sluice_nvme_ctrl *ctrl, void *priv, int status)
{
	atomic_inc(priv);
}

static void end_three(struct sluice_nvme_ctrl *ctrl, void *priv, int status)
{
	atomic_dec(priv);
}

/* When there are as many of each kind as there may be, others still find slots */
static void three_kinds(struct kunit *test)
{
	static sluice_nvme_admin_end_t * const ends[] = {
		end_one, end_two, end_three,
	};
	const struct nvme_cmd cmd = { .opcode = NVME_ADMIN_DELETE_SQ };
	struct nvme_cmd ask = { .opcode = NVME_ADMIN_GET_FEATURES };
	struct hostfake *f = test->priv;
	unsigned int i, nr = 0;
	atomic_t count;

	atomic_set(&count, 0);
	f->answer[NVME_ADMIN_DELETE_SQ] = HOSTFAKE_SILENT;
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		KUNIT_EXPECT_FALSE(test, sluice_nvme_admin_is_full(&f->ctrl, ends[i]));
		while (!sluice_nvme_admin_async(&f->ctrl, &cmd, NULL, ends[i],
						&count))
			nr++;
		KUNIT_EXPECT_TRUE(test, sluice_nvme_admin_is_full(&f->ctrl, ends[i]));
	}
	/* an event, a probe, and some of the host's own */
	KUNIT_EXPECT_LE(test, nr, SLUICE_NVME_ADMIN_SLOTS - 6u);
	KUNIT_EXPECT_EQ(test, sluice_nvme_admin(&f->ctrl, &ask, NULL, 0, NULL), 0);
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, atomic_read(&count), 0);
}

/* A controller that is disabled has no queues */
static void drive_is_stopped(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct deletion *d = delete(f, 0);

	KUNIT_ASSERT_TRUE(test, wait_for(has_ended, d));
	guard(mutex)(&f->ctrl.reset_lock);
	KUNIT_ASSERT_EQ(test, sluice_nvme_sq_create(&d->sq), 0);
	/* a reset is about to run: the queue is there until then */
	f->host.adminq.open = false;
	KUNIT_EXPECT_EQ(test, sluice_nvme_sq_delete(&d->sq), -ENODEV);
	KUNIT_EXPECT_FALSE(test, sluice_nvme_sq_gone(&d->sq));
	f->ctrl.state = SLUICE_NVME_RESETTING;
	KUNIT_EXPECT_EQ(test, sluice_nvme_sq_delete(&d->sq), 0);
	KUNIT_EXPECT_TRUE(test, sluice_nvme_sq_gone(&d->sq));
	f->ctrl.state = SLUICE_NVME_LIVE;
	KUNIT_EXPECT_FALSE(test, sluice_nvme_cq_delete(&d->cq));
	f->ctrl.state = SLUICE_NVME_RESETTING;
	KUNIT_EXPECT_TRUE(test, sluice_nvme_cq_delete(&d->cq));
}

static struct kunit_case sluice_nvme_delete_cases[] = {
	KUNIT_CASE(created),
	KUNIT_CASE(refused_and_deleted),
	KUNIT_CASE(creation_takes_long),
	KUNIT_CASE(behind_another),
	KUNIT_CASE(created_too_late),
	KUNIT_CASE(sq_deleted),
	KUNIT_CASE(sq_takes_long),
	KUNIT_CASE(abort_takes_long),
	KUNIT_CASE(drive_is_silent),
	KUNIT_CASE(sq_refused),
	KUNIT_CASE(cq_deleted),
	KUNIT_CASE(cq_refused),
	KUNIT_CASE(cq_takes_long),
	KUNIT_CASE(deleted_while_created),
	KUNIT_CASE(many_deletions),
	KUNIT_CASE(three_kinds),
	KUNIT_CASE(drive_is_stopped),
	{}
};

static struct kunit_suite sluice_nvme_delete_suite = {
	.name = "sluice-nvme-delete",
	.init = hostfake_init,
	.exit = hostfake_exit,
	.test_cases = sluice_nvme_delete_cases,
};

kunit_test_suites(&sluice_nvme_delete_suite);
