// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the clients' list: who is called, and under which lock
 */
#include <kunit/test.h>

#include "host/host.h"

#define NR_CLIENTS	2

struct client_test;

/* One client, and what it was called for: a letter for each call */
struct fake_client {
	struct sluice_nvme_client client;
	struct client_test *owner;
	char calls[8];
	unsigned int nr_calls;
	bool in_flight;
};

struct client_test {
	struct kunit *test;
	struct sluice_nvme_ctrl ctrl;
	struct fake_client clients[NR_CLIENTS];
};

static struct fake_client *to_fake(struct sluice_nvme_client *client)
{
	return container_of(client, struct fake_client, client);
}

static void called(struct sluice_nvme_client *client, char what)
{
	struct fake_client *c = to_fake(client);
	struct client_test *t = c->owner;

	/* Without the lock the client could be freed during the call. */
	KUNIT_EXPECT_TRUE(t->test, mutex_is_locked(&t->ctrl.client_lock));
	if (c->nr_calls < sizeof(c->calls) - 1)
		c->calls[c->nr_calls++] = what;
}

static bool fake_in_flight(struct sluice_nvme_client *client)
{
	called(client, '?');
	return to_fake(client)->in_flight;
}

static void fake_stop(struct sluice_nvme_client *client)
{
	called(client, 's');
}

static void fake_fail(struct sluice_nvme_client *client)
{
	called(client, 'f');
}

static void fake_restore(struct sluice_nvme_client *client)
{
	called(client, 'r');
}

static const struct sluice_nvme_client_ops fake_ops = {
	.in_flight = fake_in_flight,
	.stop = fake_stop,
	.fail = fake_fail,
	.restore = fake_restore,
};

static int client_test_init(struct kunit *test)
{
	struct client_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	mutex_init(&t->ctrl.client_lock);
	INIT_LIST_HEAD(&t->ctrl.clients);
	for (i = 0; i < NR_CLIENTS; i++)
		t->clients[i].owner = t;
	test->priv = t;
	return 0;
}

static void add(struct client_test *t, unsigned int i)
{
	sluice_nvme_client_add(&t->ctrl, &t->clients[i].client, &fake_ops);
}

static void del(struct client_test *t, unsigned int i)
{
	sluice_nvme_client_del(&t->ctrl, &t->clients[i].client);
}

static void reset(struct client_test *t)
{
	sluice_nvme_clients_stop(&t->ctrl);
	sluice_nvme_clients_fail(&t->ctrl);
	sluice_nvme_clients_restore(&t->ctrl);
}

static void nobody(struct kunit *test)
{
	struct client_test *t = test->priv;

	reset(t);
	KUNIT_EXPECT_FALSE(test, sluice_nvme_clients_in_flight(&t->ctrl));
	KUNIT_EXPECT_STREQ(test, t->clients[0].calls, "");
}

static void everybody_in_order(struct kunit *test)
{
	struct client_test *t = test->priv;

	add(t, 0);
	add(t, 1);
	reset(t);
	KUNIT_EXPECT_STREQ(test, t->clients[0].calls, "sfr");
	KUNIT_EXPECT_STREQ(test, t->clients[1].calls, "sfr");
}

static void not_after_del(struct kunit *test)
{
	struct client_test *t = test->priv;

	add(t, 0);
	add(t, 1);
	del(t, 0);
	reset(t);
	KUNIT_EXPECT_STREQ(test, t->clients[0].calls, "");
	KUNIT_EXPECT_STREQ(test, t->clients[1].calls, "sfr");
	del(t, 1);
	reset(t);
	KUNIT_EXPECT_STREQ(test, t->clients[1].calls, "sfr");
}

static void one_in_flight_is_enough(struct kunit *test)
{
	struct client_test *t = test->priv;

	add(t, 0);
	add(t, 1);
	KUNIT_EXPECT_FALSE(test, sluice_nvme_clients_in_flight(&t->ctrl));
	t->clients[1].in_flight = true;
	KUNIT_EXPECT_TRUE(test, sluice_nvme_clients_in_flight(&t->ctrl));
	t->clients[0].in_flight = true;
	t->clients[1].in_flight = false;
	KUNIT_EXPECT_TRUE(test, sluice_nvme_clients_in_flight(&t->ctrl));
	/* the lock is free again in all cases */
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&t->ctrl.client_lock));
}

static struct kunit_case client_cases[] = {
	KUNIT_CASE(nobody),
	KUNIT_CASE(everybody_in_order),
	KUNIT_CASE(not_after_del),
	KUNIT_CASE(one_in_flight_is_enough),
	{}
};

static struct kunit_suite client_suite = {
	.name = "sluice-nvme-client",
	.init = client_test_init,
	.test_cases = client_cases,
};

kunit_test_suites(&client_suite);
