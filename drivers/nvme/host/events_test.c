// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what the drive reports, and of namespaces that change
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "sluice_compat.h"
#include "host/hostfake_test.h"

#define ERROR_EVENT	0x00010100
#define TOO_HOT		0x00020101
#define NS_CHANGED	0x00040002

/* A client with a slice of the first namespace */
struct events_client {
	struct sluice_nvme_client client;
	struct sluice_nvme_ns *ns;
	unsigned int offline;
	bool offline_at_restore;
	bool noio;
};

static struct events_client *to_client(struct sluice_nvme_client *client)
{
	return container_of(client, struct events_client, client);
}

static void client_nothing(struct sluice_nvme_client *client)
{
}

static void client_restore(struct sluice_nvme_client *client)
{
	to_client(client)->offline_at_restore = to_client(client)->ns->offline;
}

static void client_offline(struct sluice_nvme_client *client)
{
	if (to_client(client)->ns->offline)
		to_client(client)->offline++;
	to_client(client)->noio = current->flags & PF_MEMALLOC_NOIO;
}

static const struct sluice_nvme_client_ops client_ops = {
	.stop = client_nothing,
	.fail = client_nothing,
	.restore = client_restore,
	.offline = client_offline,
};

static struct sluice_nvme_ns *first_ns(struct hostfake *f)
{
	return list_first_entry(&f->ctrl.namespaces, struct sluice_nvme_ns,
				list);
}

/* A drive with a namespace */
static int events_init(struct kunit *test)
{
	int ret = hostfake_init(test);
	struct hostfake *f = test->priv;

	if (ret)
		return ret;
	f->id.ver = cpu_to_le32(NVME_VS(1, 4, 0));
	f->id.oaes = cpu_to_le32(0xffffffff);
	f->ns_id.nsze = cpu_to_le64(1000);
	f->ns_id.lbaf[0].lbads = 9;
	f->ns_id.lbaf[1].lbads = 12;
	f->ns_id.nlbaf = 1;
	f->ns_id.nguid[0] = 1;
	f->ns_id.eui64[0] = 2;
	ret = sluice_nvme_ns_scan(&f->ctrl);
	KUNIT_ASSERT_FALSE(test, list_empty(&f->ctrl.namespaces));
	f->nr_cmds = 0;
	return ret;
}

static void wait_for(struct hostfake *f, unsigned int nr)
{
	unsigned long end = jiffies + 10 * HZ;

	/* pairs with hostfake_execute(): the commands are there */
	while (smp_load_acquire(&f->nr_cmds) < nr && time_before(jiffies, end))
		msleep(20);
	KUNIT_ASSERT_GE(f->test, f->nr_cmds, nr);
}

static void expect_cmd(struct hostfake *f, unsigned int nr, u8 opcode)
{
	wait_for(f, nr + 1);
	KUNIT_EXPECT_EQ(f->test, f->cmds[nr].opcode, opcode);
}

/* The drive has two commands, of which it keeps the second */
static void listen(struct hostfake *f)
{
	sluice_nvme_events_start(&f->ctrl);
	expect_cmd(f, 0, NVME_ADMIN_SET_FEATURES);
	expect_cmd(f, 1, NVME_ADMIN_ASYNC_EVENT);
}

static void listens(struct kunit *test)
{
	struct hostfake *f = test->priv;

	listen(f);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->cmds[0].cdw10), 0x0bu);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->cmds[0].cdw11), 0x11fu);
	/* one request is enough */
	queue_delayed_work(sluice_nvme_wq, &f->host.events, 0);
	flush_delayed_work(&f->host.events);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 2u);
}

/* Before NVMe 1.2 there is no notice, and asking for it would be an error */
static void asks_for_what_there_is(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->id.oaes = 0;
	listen(f);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->cmds[0].cdw11), 0x1fu);
}

/* Its log page stays unread, or a hot drive would have more to say at once */
static void health(struct kunit *test)
{
	struct hostfake *f = test->priv;

	listen(f);
	WRITE_ONCE(f->event, TOO_HOT);
	expect_cmd(f, 2, NVME_ADMIN_ASYNC_EVENT);
	WRITE_ONCE(f->event, ERROR_EVENT);
	expect_cmd(f, 3, NVME_ADMIN_ASYNC_EVENT);
}

static void expect_health(struct hostfake *f, int ret, u8 byte)
{
	struct nvme_smart_log log = {};

	KUNIT_EXPECT_EQ(f->test, sluice_nvme_health(&f->ctrl, &log), ret);
	KUNIT_EXPECT_NULL(f->test, memchr_inv(&log, byte, sizeof(log)));
}

/* The drive is asked, by another thread, and its answer is @ret and @byte */
static void expect_asked(struct hostfake *f, int ret, u8 byte)
{
	expect_health(f, -EAGAIN, 0);
	flush_work(&f->host.health.work);
	/* this machine may be slow */
	f->host.health.at = jiffies + 3600 * HZ;
	expect_health(f, ret, byte);
}

/* However many guests ask, and however often: the drive is asked once a second. */
static void health_is_shared(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct sluice_nvme_health *health = &f->host.health;
	unsigned int i;

	listen(f);
	f->log = 0x11;
	expect_asked(f, 0, 0x11);
	expect_cmd(f, 2, NVME_ADMIN_GET_LOG_PAGE);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->cmds[2].cdw10), 0x007f0002u);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->cmds[2].nsid), U32_MAX);
	f->log = 0x22;
	for (i = 0; i < 10; i++)
		expect_health(f, 0, 0x11);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 3u);
	health->at = jiffies - HZ;
	expect_asked(f, 0, 0x22);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 4u);

	/* nobody waits for another one's question */
	scoped_guard(mutex, &health->lock)
		expect_health(f, -EAGAIN, 0);

	/* what the drive reports may be in its health */
	WRITE_ONCE(f->event, TOO_HOT);
	expect_cmd(f, 4, NVME_ADMIN_ASYNC_EVENT);
	f->log = 0x33;
	expect_asked(f, 0, 0x33);
	expect_cmd(f, 5, NVME_ADMIN_GET_LOG_PAGE);
}

/* A drive that does not answer as it should is asked no more often */
static void health_is_refused(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->answer[NVME_ADMIN_GET_LOG_PAGE] = 0x109;
	expect_asked(f, 0x109, 0);
	expect_health(f, 0x109, 0);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 1u);
	/* a reset may have changed that; during a reset nobody is asked */
	f->answer[NVME_ADMIN_GET_LOG_PAGE] = 0;
	f->log = 0x44;
	sluice_nvme_events_start(&f->ctrl);
	f->host.adminq.open = false;
	expect_asked(f, -ENODEV, 0);
	f->host.adminq.open = true;
	sluice_nvme_events_start(&f->ctrl);
	expect_asked(f, 0, 0x44);
}

/* Who asks may have a lock for which the VMM waits, and so does not wait itself */
static void health_of_a_silent_drive(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->answer[NVME_ADMIN_GET_LOG_PAGE] = HOSTFAKE_SILENT;
	expect_health(f, -EAGAIN, 0);
	wait_for(f, 1);
	expect_health(f, -EAGAIN, 0);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 1u);
	sluice_nvme_adminq_close(&f->ctrl, false);
	flush_work(&f->host.health.work);
	f->host.health.at = jiffies + 3600 * HZ;
	expect_health(f, -ENODEV, 0);
}

/* A drive that ends each request without a word gets ten of them a second, too */
static void reports_nothing(struct kunit *test)
{
	struct hostfake *f = test->priv;
	bool pause;

	listen(f);
	scoped_guard(spinlock_irq, &f->host.adminq.cq.lock) {
		sluice_nvme_event_end(&f->ctrl, 0, 0);
		pause = timer_pending(&f->host.events.timer);
	}
	KUNIT_EXPECT_TRUE(test, pause);
	expect_cmd(f, 2, NVME_ADMIN_ASYNC_EVENT);
}

/* A drive that refuses the request is not asked again and again */
static void does_not_report(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->answer[NVME_ADMIN_ASYNC_EVENT] = NVME_SC_ASYNC_LIMIT;
	listen(f);
	msleep(300);
	flush_delayed_work(&f->host.events);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 2u);
}

/* A reset takes the request away: there is another one afterwards */
static void listens_after_reset(struct kunit *test)
{
	struct hostfake *f = test->priv;

	listen(f);
	f->nr_cmds = 0;
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_ASSERT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
	/* Identify four times, Set Features twice */
	expect_cmd(f, 6, NVME_ADMIN_ASYNC_EVENT);
	KUNIT_EXPECT_EQ(test, f->cmds[5].opcode, NVME_ADMIN_SET_FEATURES);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->cmds[5].cdw10), 0x0bu);
}

/*
 * A reset has come and gone before the drive was told which events are wanted, as
 * far as the thread knows that tells it: it is told again
 */
static void reset_during_set_up(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->answer[NVME_ADMIN_SET_FEATURES] = HOSTFAKE_SILENT;
	sluice_nvme_events_start(&f->ctrl);
	expect_cmd(f, 0, NVME_ADMIN_SET_FEATURES);
	f->answer[NVME_ADMIN_SET_FEATURES] = 0;
	sluice_nvme_events_start(&f->ctrl);
	hostfake_complete(f, le16_to_cpu(f->cmds[0].cid), 0, 0);
	sluice_nvme_cq_poll(&f->host.adminq.cq, UINT_MAX);
	expect_cmd(f, 1, NVME_ADMIN_ASYNC_EVENT);
	expect_cmd(f, 2, NVME_ADMIN_SET_FEATURES);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(f->cmds[2].cdw10), 0x0bu);
}

/* All slots of the admin queue are in use for a while: it listens afterwards */
static void listens_later(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct sluice_nvme_adminq *aq = &f->host.adminq;
	unsigned long busy = BIT(SLUICE_NVME_ADMIN_SLOTS) - 1;

	f->host.events_set_up = true;
	scoped_guard(spinlock_irq, &aq->cq.lock)
		swap(aq->busy, busy);
	queue_delayed_work(sluice_nvme_wq, &f->host.events, 0);
	flush_delayed_work(&f->host.events);
	KUNIT_EXPECT_EQ(test, f->nr_cmds, 0u);
	scoped_guard(spinlock_irq, &aq->cq.lock)
		aq->busy = busy;
	expect_cmd(f, 0, NVME_ADMIN_ASYNC_EVENT);
}

/* The drive reports a change; what it is, is for the test to say before */
static void report_change(struct hostfake *f, struct events_client *c)
{
	c->ns = first_ns(f);
	sluice_nvme_client_add(&f->ctrl, &c->client, &client_ops);
	listen(f);
	WRITE_ONCE(f->event, NS_CHANGED);
	expect_cmd(f, 2, NVME_ADMIN_GET_LOG_PAGE);
	KUNIT_EXPECT_EQ(f->test, le32_to_cpu(f->cmds[2].cdw10), 0x03ff0004u);
	expect_cmd(f, 3, NVME_ADMIN_IDENTIFY);
	/* behind all that, the next request */
	while (f->cmds[f->nr_cmds - 1].opcode != NVME_ADMIN_ASYNC_EVENT)
		wait_for(f, f->nr_cmds + 1);
	sluice_nvme_client_del(&f->ctrl, &c->client);
}

static int check_without_memory(struct sluice_nvme_ctrl *ctrl)
{
	return -ENOMEM;
}

/* A change that the host has no memory to look at is not forgotten */
static void change_without_memory(struct kunit *test)
{
	struct hostfake *f = test->priv;

	/* for this thread alone: the work looks again, and finds memory */
	kunit_activate_static_stub(test, sluice_nvme_ns_check_all,
				   check_without_memory);
	f->host.events_set_up = true;
	f->host.listening = true;
	f->host.event = NS_CHANGED;
	f->ns_id.nsze = cpu_to_le64(999);
	sluice_nvme_events_work(&f->host.events.work);
	expect_cmd(f, 0, NVME_ADMIN_GET_LOG_PAGE);
	expect_cmd(f, 1, NVME_ADMIN_GET_LOG_PAGE);
	expect_cmd(f, 2, NVME_ADMIN_IDENTIFY);
	flush_delayed_work(&f->host.events);
	KUNIT_EXPECT_NOT_NULL(test, first_ns(f)->offline);
}

/* It has grown, which is no harm */
static void harmless_change(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct events_client c = { };

	f->ns_id.nsze = cpu_to_le64(2000);
	f->ns_id.nuse = cpu_to_le64(7);
	report_change(f, &c);
	KUNIT_EXPECT_NULL(test, c.ns->offline);
	KUNIT_EXPECT_EQ(test, c.offline, 0u);
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_offline(c.ns));
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(c.ns), 0);
}

static void formatted(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct events_client c = { };

	f->ns_id.flbas = 1;
	f->ns_id.nsze = cpu_to_le64(125);
	report_change(f, &c);
	KUNIT_ASSERT_NOT_NULL(test, c.ns->offline);
	KUNIT_EXPECT_NOT_NULL(test, strstr(c.ns->offline, "block size"));
	KUNIT_EXPECT_EQ(test, c.offline, 1u);
	KUNIT_EXPECT_PTR_EQ(test, sluice_nvme_ns_offline(c.ns), c.ns->offline);
	/* memory for this must not come from writing to a drive that is stuck */
	KUNIT_EXPECT_TRUE(test, c.noio);
	KUNIT_EXPECT_EQ(test, c.ns->lba_shift, 9u);
	/* not even if it is what it was: the data is not */
	f->ns_id.flbas = 0;
	f->ns_id.nsze = cpu_to_le64(1000);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(c.ns), -ENODEV);
}

/* Changed without a word, and seen before somebody uses it */
static void expect_offline(struct kunit *test, const char *word)
{
	struct hostfake *f = test->priv;
	struct events_client c = { .ns = first_ns(f) };

	sluice_nvme_client_add(&f->ctrl, &c.client, &client_ops);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(c.ns), -ENODEV);
	KUNIT_EXPECT_FALSE(test, current->flags & PF_MEMALLOC_NOIO);
	sluice_nvme_client_del(&f->ctrl, &c.client);
	KUNIT_EXPECT_EQ(test, c.offline, 1u);
	KUNIT_EXPECT_TRUE(test, c.noio);
	KUNIT_ASSERT_NOT_NULL(test, c.ns->offline);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(c.ns->offline, word), "%s",
				  c.ns->offline);
}

static void smaller(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->ns_id.nsze = cpu_to_le64(999);
	expect_offline(test, "smaller");
}

static void deleted(struct kunit *test)
{
	struct hostfake *f = test->priv;

	memset(&f->ns_id, 0, sizeof(f->ns_id));
	expect_offline(test, "zero");
}

static void not_described(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->answer[NVME_ADMIN_IDENTIFY] = NVME_SC_INVALID_NS;
	expect_offline(test, "describe");
}

/* For a moment, which a retry may mend */
static void not_ready(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct sluice_nvme_ns *ns = first_ns(f);

	f->answer[NVME_ADMIN_IDENTIFY] = NVME_SC_NS_NOT_READY;
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(ns), -EAGAIN);
	KUNIT_EXPECT_NULL(test, ns->offline);
	f->answer[NVME_ADMIN_IDENTIFY] = 0;
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(ns), 0);
}

static void replaced(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->ns_id.nguid[0] = 3;
	expect_offline(test, "another");
}

static void replaced_eui64(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->ns_id.eui64[7] = 3;
	expect_offline(test, "another");
}

/* A UUID is in the descriptors alone */
static void replaced_uuid(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->descs[0] = NVME_NIDT_UUID;
	f->descs[1] = 16;
	f->descs[4] = 1;
	sluice_nvme_ns_free_all(&f->ctrl);
	KUNIT_ASSERT_EQ(test, sluice_nvme_ns_scan(&f->ctrl), 0);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(first_ns(f)), 0);
	f->descs[4] = 2;
	expect_offline(test, "another");
}

static void zoned(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->descs[0] = 4;	/* Command Set Identifier */
	f->descs[1] = 1;
	f->descs[4] = 2;	/* zoned */
	expect_offline(test, "command set");
}

/* A drive that fails is no reason: the namespace may be well */
static void check_fails(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct sluice_nvme_ns *ns = first_ns(f);

	mutex_lock(&f->ctrl.reset_lock);
	sluice_nvme_set_state(&f->ctrl, SLUICE_NVME_DEAD);
	mutex_unlock(&f->ctrl.reset_lock);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(ns), -ENODEV);
	KUNIT_EXPECT_NULL(test, ns->offline);
	/* but what its users are told */
	KUNIT_EXPECT_STREQ(test, sluice_nvme_ns_offline(ns), "its drive is dead");
}

/* While the drive was reset; clients see it when they are restored */
static void formatted_during_reset(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct events_client c = { .ns = first_ns(f) };

	f->ns_id.flbas = 1;
	sluice_nvme_client_add(&f->ctrl, &c.client, &client_ops);
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	sluice_nvme_client_del(&f->ctrl, &c.client);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_NOT_NULL(test, c.ns->offline);
	KUNIT_EXPECT_TRUE(test, c.offline_at_restore);
	KUNIT_EXPECT_EQ(test, c.offline, 0u);
}

static bool is_used(struct hostfake *f)
{
	sluice_nvme_ns_free_all(&f->ctrl);
	KUNIT_ASSERT_EQ(f->test, sluice_nvme_ns_scan(&f->ctrl), 0);
	return !list_empty(&f->ctrl.namespaces);
}

/* What a format has beside its metadata, on a drive with such formats */
static void extended_formats(struct kunit *test)
{
	struct hostfake *f = test->priv;

	f->elbaf[1] = cpu_to_le32(16);		/* bits of the storage tag */
	f->id.ctratt = cpu_to_le32(1 << 15);
	KUNIT_EXPECT_TRUE(test, is_used(f));
	f->ns_id.flbas = 1;
	KUNIT_EXPECT_FALSE(test, is_used(f));
	f->elbaf[1] = cpu_to_le32(1 << 7);	/* a guard of 32 bits */
	KUNIT_EXPECT_FALSE(test, is_used(f));
	f->elbaf[1] = 0;
	KUNIT_EXPECT_TRUE(test, is_used(f));
	f->elbaf[1] = cpu_to_le32(16);
	f->id.ctratt = 0;
	KUNIT_EXPECT_TRUE(test, is_used(f));
}

/* A drive of two controllers, of which this one is the seventh */
static void make_shared(struct hostfake *f)
{
	f->id.cmic = 2;
	f->id.oacs = cpu_to_le16(8);	/* Namespace Management */
	f->id.cntlid = cpu_to_le16(7);
	f->ns_id.nmic = 1;
	f->ns_ctrls[0] = cpu_to_le16(1);
	f->ns_ctrls[1] = cpu_to_le16(7);
	f->ctrls[0] = cpu_to_le16(2);
	f->ctrls[1] = cpu_to_le16(6);
	f->ctrls[2] = cpu_to_le16(7);
}

/* Who can format a namespace can have the drive access any memory */
static void others_can_format(struct kunit *test)
{
	struct hostfake *f = test->priv;

	make_shared(f);
	KUNIT_EXPECT_TRUE(test, is_used(f));
	f->ns_ctrls[0] = cpu_to_le16(2);
	f->ns_ctrls[2] = cpu_to_le16(8);
	KUNIT_EXPECT_FALSE(test, is_used(f));
	/* whoever knows better may say so */
	sluice_nvme_shared_namespaces = true;
	KUNIT_EXPECT_TRUE(test, is_used(f));
	sluice_nvme_shared_namespaces = false;
	/* a namespace of one controller, a drive of one controller */
	f->ns_id.nmic = 0;
	KUNIT_EXPECT_TRUE(test, is_used(f));
	f->ns_id.nmic = 1;
	f->id.cmic = 0;
	KUNIT_EXPECT_TRUE(test, is_used(f));
	/* a drive that formats all namespaces together */
	f->id.cmic = 2;
	f->ns_id.nmic = 0;
	f->id.fna = 1;
	KUNIT_EXPECT_FALSE(test, is_used(f));
	f->ctrls[0] = cpu_to_le16(1);
	f->ctrls[1] = cpu_to_le16(7);
	KUNIT_EXPECT_TRUE(test, is_used(f));
	/* more than there is room for */
	f->ctrls[0] = cpu_to_le16(0xffff);
	KUNIT_EXPECT_FALSE(test, is_used(f));
}

/* A drive that cannot be asked counts as one whose namespaces others have */
static void others_are_not_listed(struct kunit *test)
{
	struct hostfake *f = test->priv;

	make_shared(f);
	f->id.oacs = 0;
	KUNIT_EXPECT_FALSE(test, is_used(f));
	sluice_nvme_shared_namespaces = true;
	KUNIT_EXPECT_TRUE(test, is_used(f));
	sluice_nvme_shared_namespaces = false;
}

/* Another controller was given the namespace while it was in use */
static void shared_later(struct kunit *test)
{
	struct hostfake *f = test->priv;

	make_shared(f);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(first_ns(f)), 0);
	f->ns_ctrls[0] = cpu_to_le16(2);
	f->ns_ctrls[2] = cpu_to_le16(8);
	expect_offline(test, "controller");
}

static void shared_during_reset(struct kunit *test)
{
	struct hostfake *f = test->priv;

	make_shared(f);
	f->ns_ctrls[0] = cpu_to_le16(2);
	sluice_nvme_reset_work(&f->ctrl.reset_work);
	KUNIT_EXPECT_EQ(test, f->ctrl.state, SLUICE_NVME_LIVE);
	KUNIT_EXPECT_NOT_NULL(test, first_ns(f)->offline);
}

static void write_protected(struct kunit *test)
{
	struct hostfake *f = test->priv;
	struct sluice_nvme_ns *ns = first_ns(f);

	f->ns_id.nsattr = 1;
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(ns), 0);
	KUNIT_EXPECT_TRUE(test, ns->limits.write_protected);
	f->ns_id.nsattr = 0;
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_check(ns), 0);
	KUNIT_EXPECT_FALSE(test, ns->limits.write_protected);
}

static struct kunit_case events_cases[] = {
	KUNIT_CASE(listens),
	KUNIT_CASE(asks_for_what_there_is),
	KUNIT_CASE(health),
	KUNIT_CASE(health_is_shared),
	KUNIT_CASE(health_is_refused),
	KUNIT_CASE(health_of_a_silent_drive),
	KUNIT_CASE(reports_nothing),
	KUNIT_CASE(does_not_report),
	KUNIT_CASE(listens_after_reset),
	KUNIT_CASE(reset_during_set_up),
	KUNIT_CASE(listens_later),
	KUNIT_CASE(change_without_memory),
	KUNIT_CASE(harmless_change),
	KUNIT_CASE(formatted),
	KUNIT_CASE(smaller),
	KUNIT_CASE(deleted),
	KUNIT_CASE(not_described),
	KUNIT_CASE(not_ready),
	KUNIT_CASE(replaced),
	KUNIT_CASE(replaced_eui64),
	KUNIT_CASE(replaced_uuid),
	KUNIT_CASE(zoned),
	KUNIT_CASE(check_fails),
	KUNIT_CASE(formatted_during_reset),
	KUNIT_CASE(extended_formats),
	KUNIT_CASE(others_can_format),
	KUNIT_CASE(others_are_not_listed),
	KUNIT_CASE(shared_later),
	KUNIT_CASE(shared_during_reset),
	KUNIT_CASE(write_protected),
	{}
};

static struct kunit_suite events_suite = {
	.name = "sluice-nvme-events",
	.init = events_init,
	.exit = hostfake_exit,
	.test_cases = events_cases,
};

kunit_test_suites(&events_suite);
