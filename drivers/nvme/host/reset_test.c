// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what the driver does with a drive that does not answer
 *
 * Admin commands, Abort, shutdown, and the reset's attempts.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "sluice_compat.h"
#include "host/hostfake_test.h"

#define TIMEOUT_MS	2000
/* A waiting thread looks once a second; the rest is for a slow machine. */
#define SLACK_MS	2500

#define QID		2
#define TAG		7

static unsigned int admin_timeout_ms;

static int drive_init(struct kunit *test)
{
	admin_timeout_ms = sluice_nvme_admin_timeout_ms;
	sluice_nvme_admin_timeout_ms = TIMEOUT_MS;
	return hostfake_init(test);
}

static void drive_exit(struct kunit *test)
{
	sluice_nvme_admin_timeout_ms = admin_timeout_ms;
	hostfake_exit(test);
}

static unsigned int resets(struct hostfake *f)
{
	flush_work(&f->ctrl.reset_work);
	return atomic_read(&f->resets);
}

/* The drive's last command, once it has got it */
static const struct nvme_cmd *last_cmd(struct hostfake *f, unsigned int nr)
{
	unsigned long end = jiffies + 5 * HZ;

	/* pairs with hostfake_execute(): the command is there */
	while (smp_load_acquire(&f->nr_cmds) < nr && time_before(jiffies, end))
		msleep(20);
	KUNIT_ASSERT_EQ(f->test, f->nr_cmds, nr);
	return &f->cmds[nr - 1];
}

static int some_admin(struct hostfake *f, u32 *result)
{
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw11 = cpu_to_le32(1234),
	};

	return sluice_nvme_admin(&f->ctrl, &cmd, NULL, 0, result);
}

/* What began at @begin has had its time, and ended soon then */
static void expect_ms(struct kunit *test, unsigned long begin, unsigned int ms)
{
	unsigned int took = jiffies_to_msecs(jiffies - begin);

	KUNIT_EXPECT_GE(test, took, ms);
	KUNIT_EXPECT_LE(test, took, ms + SLACK_MS);
}

static void admin_answered(struct kunit *test)
{
	struct hostfake *f = test->priv;
	u32 result = 0;

	KUNIT_EXPECT_EQ(test, some_admin(f, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 1234u);
	f->answer[NVME_ADMIN_SET_FEATURES] = NVME_SC_INVALID_FIELD;
	KUNIT_EXPECT_EQ(test, some_admin(f, NULL), (int)NVME_SC_INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, resets(f), 0u);
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
}

/* It waits as long as it should, and then has the controller reset */
static void admin_silent(struct kunit *test)
{
	struct hostfake *f = test->priv;
	unsigned long begin = jiffies;

	f->answer[NVME_ADMIN_SET_FEATURES] = HOSTFAKE_SILENT;
	KUNIT_EXPECT_EQ(test, some_admin(f, NULL), -ETIMEDOUT);
	expect_ms(test, begin, TIMEOUT_MS);
	KUNIT_EXPECT_EQ(test, resets(f), 1u);
	/* until the reset, nothing is submitted any more */
	KUNIT_EXPECT_EQ(test, some_admin(f, NULL), -ENODEV);
}

/* A drive says how long its shutdown may take, if that is over five seconds */
static void shutdown_silent(struct kunit *test)
{
	struct hostfake *f = test->priv;
	unsigned long begin = jiffies;

	f->id.rtd3e = cpu_to_le32(5500 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ctrl_shutdown(&f->ctrl), -ETIMEDOUT);
	expect_ms(test, begin, 5500);
}

/* A request of the host that is late: abort that one, then reset */
static void host_times_out(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct sluice_nvme_ns ns = { .ctrl = &f->ctrl };
	struct request_queue *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);
	struct blk_mq_hw_ctx *hctx = kunit_kzalloc(test, sizeof(*hctx), GFP_KERNEL);
	struct sluice_nvme_ioq *ioq = kunit_kzalloc(test, sizeof(*ioq), GFP_KERNEL);
	struct request *rq = kunit_kzalloc(test, sizeof(*rq) +
					   sizeof(struct sluice_nvme_rq),
					   GFP_KERNEL);
	const struct nvme_cmd *cmd;

	KUNIT_ASSERT_TRUE(test, q && hctx && ioq && rq);
	sluice_nvme_cq_init(&ioq->cq);
	ioq->sq.ctrl = &f->ctrl;
	ioq->sq.qid = QID;
	hctx->driver_data = ioq;
	q->queuedata = &ns;
	rq->q = q;
	rq->mq_hctx = hctx;
	rq->tag = TAG;
	WRITE_ONCE(rq->state, MQ_RQ_IN_FLIGHT);

	KUNIT_EXPECT_EQ(test, (int)sluice_disk_timeout(rq),
			(int)BLK_EH_RESET_TIMER);
	cmd = last_cmd(f, 1);
	KUNIT_EXPECT_EQ(test, cmd->opcode, NVME_ADMIN_ABORT);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(cmd->cdw10), TAG << 16 | QID);
	KUNIT_EXPECT_EQ(test, resets(f), 0u);
	KUNIT_EXPECT_EQ(test, (int)sluice_disk_timeout(rq),
			(int)BLK_EH_RESET_TIMER);
	KUNIT_EXPECT_EQ(test, resets(f), 1u);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 1u);
}

/* A client, which reuses its memory as soon as its commands have failed */
struct reset_client {
	struct sluice_nvme_client client;
	struct hostfake *f;
	bool master_at_fail;
	bool enabled_at_fail;
	unsigned long busy_until;
	enum sluice_nvme_state state_at_restore;
};

static void reset_stop(struct sluice_nvme_client *client)
{
}

static bool reset_in_flight(struct sluice_nvme_client *client)
{
	struct reset_client *c = container_of(client, struct reset_client,
					      client);

	return time_before(jiffies, c->busy_until);
}

static void reset_fail(struct sluice_nvme_client *client)
{
	struct reset_client *c = container_of(client, struct reset_client,
					      client);

	c->master_at_fail = hostfake_is_master(c->f);
	c->enabled_at_fail = readl(c->f->ctrl.bar + NVME_REG_CSTS) &
			     NVME_CSTS_RDY;
}

static void reset_restore(struct sluice_nvme_client *client)
{
	struct reset_client *c = container_of(client, struct reset_client,
					      client);

	c->state_at_restore = c->f->ctrl.state;
}

static const struct sluice_nvme_client_ops reset_client_ops = {
	.in_flight = reset_in_flight,
	.stop = reset_stop,
	.fail = reset_fail,
	.restore = reset_restore,
};

static void reset(struct hostfake *f, struct reset_client *c)
{
	c->f = f;
	sluice_nvme_client_add(&f->ctrl, &c->client, &reset_client_ops);
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	sluice_nvme_client_del(&f->ctrl, &c->client);
	KUNIT_EXPECT_EQ(f->test, c->state_at_restore, f->ctrl.state);
}

static void reset_succeeds(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };

	reset(f, &c);
	KUNIT_EXPECT_FALSE(test, c.enabled_at_fail);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_TRUE(test, hostfake_is_master(f));
	KUNIT_EXPECT_EQ(test, f->flrs, 0u);
	KUNIT_EXPECT_EQ(test, some_admin(f, NULL), 0);
}

static void reset_needs_flr(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };
	unsigned long begin = jiffies;

	f->stays_disabled = 1;
	reset(f, &c);
	/* CAP.TO is 0: one unit of 500 ms, plus one */
	expect_ms(test, begin, 500);
	KUNIT_EXPECT_EQ(test, f->flrs, 1u);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_EQ(test, some_admin(f, NULL), 0);
}

static void reset_in_vain(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };

	f->stays_disabled = 2;
	reset(f, &c);
	KUNIT_EXPECT_EQ(test, f->flrs, 1u);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_DEAD);
	KUNIT_EXPECT_FALSE(test, hostfake_is_master(f));
	KUNIT_EXPECT_EQ(test, some_admin(f, NULL), -ENODEV);
}

static unsigned int without_memory;

static int check_without_memory(struct sluice_nvme_ctrl *ctrl)
{
	if (!without_memory)
		return 0;
	without_memory--;
	return -ENOMEM;
}

/* The host is short of memory for longer than the drive may fail */
static void reset_without_memory(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };

	kunit_activate_static_stub(test, sluice_nvme_ns_check_all,
				   check_without_memory);
	without_memory = 4;
	reset(f, &c);
	KUNIT_EXPECT_EQ(test, without_memory, 0u);
	KUNIT_EXPECT_EQ(test, f->flrs, 0u);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_EQ(test, some_admin(f, NULL), 0);
}

/* NVMe 2.0 has room for longer than CAP.TO */
static void reset_waits_for_media(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };
	unsigned long begin = jiffies;

	f->ctrl.cap |= 1ull << 59;	/* CAP.CRMS: CRTO.CRWMT is valid */
	*(u32 *)(f->bar + 0x68) = 0xffff0002;
	f->stays_disabled = 1;
	reset(f, &c);
	expect_ms(test, begin, 1500);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
}

/* The limits of the NVM command set are asked for where they can be had */
static void limits_of_the_command_set(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };

	f->id_nvm.dmrl = 64;
	f->id.ver = cpu_to_le32(NVME_VS(1, 4, 0));
	reset(f, &c);
	KUNIT_EXPECT_EQ(test, f->host.id_nvm.dmrl, 64);
	f->id.ver = cpu_to_le32(NVME_VS(1, 3, 0));
	reset(f, &c);
	KUNIT_EXPECT_EQ(test, f->host.id_nvm.dmrl, 0);
}

/* A controller that stays enabled must not reach memory that is reused. */
static void reset_cannot_stop(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };

	f->stays_enabled = true;
	reset(f, &c);
	KUNIT_EXPECT_TRUE(test, c.enabled_at_fail);
	KUNIT_EXPECT_FALSE(test, c.master_at_fail);
	KUNIT_EXPECT_EQ(test, f->flrs, 1u);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_DEAD);
	KUNIT_EXPECT_FALSE(test, hostfake_is_master(f));
}

/* Shuts the controller down with a client that is busy for @ms */
static void shut_down(struct hostfake *f, struct reset_client *c,
		      unsigned int ms)
{
	c->f = f;
	c->busy_until = jiffies + msecs_to_jiffies(ms);
	sluice_nvme_client_add(&f->ctrl, &c->client, &reset_client_ops);
	sluice_nvme_kill(&f->ctrl);
	sluice_nvme_client_del(&f->ctrl, &c->client);
	KUNIT_EXPECT_EQ(f->test, f->ctrl.state, SLUICE_NVME_DEAD);
}

/* First the commands end, then the drive is told; it stays enabled */
static void shutdown_drains(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };
	unsigned long begin = jiffies;

	shut_down(f, &c, 1000);
	expect_ms(test, begin, 1000);
	KUNIT_EXPECT_TRUE(test, c.enabled_at_fail);
	KUNIT_EXPECT_FALSE(test, c.master_at_fail);
	KUNIT_EXPECT_TRUE(test, readl(f->ctrl.bar + NVME_REG_CSTS) &
			  NVME_CSTS_SHST_CMPLT);
}

/* Commands that do not end are not waited for longer than the shutdown */
static void shutdown_drains_in_vain(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };
	unsigned long begin = jiffies;

	shut_down(f, &c, 60000);
	expect_ms(test, begin, 5000);
	KUNIT_EXPECT_FALSE(test, c.master_at_fail);
}

/* A drive that does not confirm its shutdown is disabled after all */
static void shutdown_unconfirmed(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };

	f->id.rtd3e = cpu_to_le32(1);
	shut_down(f, &c, 0);
	KUNIT_EXPECT_FALSE(test, c.enabled_at_fail);
}

/* However many Aborts the drive takes, guests leave one to the host */
static void abort_left_to_the_host(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct reset_client c = { };
	struct sluice_nvme_sq sq = { .ctrl = &f->ctrl, .qid = QID };
	unsigned int nr = 0;

	f->id.acl = 255;
	f->answer[NVME_ADMIN_ABORT] = HOSTFAKE_SILENT;
	reset(f, &c);
	while (nr < 256 && !sluice_nvme_abort(&sq, nr, 1))
		nr++;
	KUNIT_EXPECT_GT(test, nr, 1u);
	KUNIT_EXPECT_EQ(test, sluice_nvme_abort(&sq, nr, 0), 0);
	KUNIT_EXPECT_EQ(test, sluice_nvme_abort(&sq, nr, 0), -EBUSY);
}

static struct kunit_case sluice_nvme_reset_cases[] = {
	KUNIT_CASE(admin_answered),
	KUNIT_CASE(admin_silent),
	KUNIT_CASE(shutdown_silent),
	KUNIT_CASE(shutdown_drains),
	KUNIT_CASE(shutdown_drains_in_vain),
	KUNIT_CASE(shutdown_unconfirmed),
	KUNIT_CASE(host_times_out),
	KUNIT_CASE(abort_left_to_the_host),
	KUNIT_CASE(reset_succeeds),
	KUNIT_CASE(reset_needs_flr),
	KUNIT_CASE(reset_in_vain),
	KUNIT_CASE(reset_without_memory),
	KUNIT_CASE(reset_waits_for_media),
	KUNIT_CASE(limits_of_the_command_set),
	KUNIT_CASE(reset_cannot_stop),
	{}
};

static struct kunit_suite sluice_nvme_reset_suite = {
	.name = "sluice-nvme-reset",
	.init = drive_init,
	.exit = drive_exit,
	.test_cases = sluice_nvme_reset_cases,
};

kunit_test_suites(&sluice_nvme_reset_suite);
