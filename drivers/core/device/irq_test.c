// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of interrupts without eventfds. An eventfd needs a process with
 * files: tests of the VFIO device cover those.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/vfio.h>

#include "device/irq.h"

#define VECTORS		5

#define TRIGGER		VFIO_IRQ_SET_ACTION_TRIGGER
#define NONE		VFIO_IRQ_SET_DATA_NONE
#define BOOL		VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD		VFIO_IRQ_SET_DATA_EVENTFD

static int irqs_test_init(struct kunit *test)
{
	struct sluice_irqs *irqs = kunit_kzalloc(test, sizeof(*irqs),
						 GFP_KERNEL);

	if (!irqs)
		return -ENOMEM;
	test->priv = irqs;
	return sluice_irqs_init(irqs, VECTORS);
}

static void irqs_test_exit(struct kunit *test)
{
	if (test->priv)
		sluice_irqs_destroy(test->priv);
}

/* No vector is set up: triggers are allowed, and do nothing. */
static void irqs_trigger_nothing(struct kunit *test)
{
	struct sluice_irqs *irqs = test->priv;
	u8 bools[VECTORS] = { 1, 0, 1, 255, 1 };

	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | NONE, 0, VECTORS,
					      NULL), 0);
	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | BOOL, 0, VECTORS,
					      bools), 0);
	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | NONE, 0, 0,
					      NULL), 0);
	KUNIT_EXPECT_FALSE(test, sluice_irqs_signal(irqs, 0));
}

static void irqs_out_of_range(struct kunit *test)
{
	struct sluice_irqs *irqs = test->priv;

	KUNIT_EXPECT_FALSE(test, sluice_irqs_signal(irqs, VECTORS));
	KUNIT_EXPECT_FALSE(test, sluice_irqs_signal(irqs, UINT_MAX));
}

static void irqs_actions(struct kunit *test)
{
	static const u32 data[] = { NONE, BOOL, EVENTFD };
	struct sluice_irqs *irqs = test->priv;
	s32 fds[VECTORS] = { -1, -1, -1, -1, -1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(data); i++) {
		KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, data[i] |
						VFIO_IRQ_SET_ACTION_MASK,
						0, 1, fds), -ENOTTY);
		KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, data[i] |
						VFIO_IRQ_SET_ACTION_UNMASK,
						0, 1, fds), -ENOTTY);
		KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, data[i], 0, 1, fds),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, data[i] | TRIGGER |
						VFIO_IRQ_SET_ACTION_MASK,
						0, 1, fds), -EINVAL);
	}
}

static void irqs_data(struct kunit *test)
{
	struct sluice_irqs *irqs = test->priv;

	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER, 0, 1, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | NONE | BOOL, 0, 1,
					      NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | BOOL, 0, 0, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | EVENTFD, 0, 0,
					      NULL), -EINVAL);
}

/* Removing eventfds that are not set is allowed; so is -1 for every vector. */
static void irqs_unset(struct kunit *test)
{
	struct sluice_irqs *irqs = test->priv;
	s32 fds[VECTORS] = { -1, -1, -1, -1, -1 };

	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | EVENTFD, 0,
					      VECTORS, fds), 0);
	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | EVENTFD,
					      VECTORS - 1, 1, fds), 0);
	sluice_irqs_clear(irqs);
}

/* One bad eventfd in the list leaves all vectors unchanged. */
static void irqs_bad_eventfd(struct kunit *test)
{
	struct sluice_irqs *irqs = test->priv;
	s32 fds[VECTORS] = { -1, -1, -2, -1, -1 };

	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | EVENTFD, 0,
					      VECTORS, fds), -EBADF);
	fds[2] = S32_MAX;
	KUNIT_EXPECT_EQ(test, sluice_irqs_set(irqs, TRIGGER | EVENTFD, 0,
					      VECTORS, fds), -EBADF);
}

static struct kunit_case irqs_cases[] = {
	KUNIT_CASE(irqs_trigger_nothing),
	KUNIT_CASE(irqs_out_of_range),
	KUNIT_CASE(irqs_actions),
	KUNIT_CASE(irqs_data),
	KUNIT_CASE(irqs_unset),
	KUNIT_CASE(irqs_bad_eventfd),
	{}
};

static struct kunit_suite irqs_suite = {
	.name = "sluice_irqs",
	.init = irqs_test_init,
	.exit = irqs_test_exit,
	.test_cases = irqs_cases,
};

kunit_test_suite(irqs_suite);
