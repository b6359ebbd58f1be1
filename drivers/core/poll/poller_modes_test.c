// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of pollers: what they wait for, a doorbell, the device or
 * nothing
 */
#include <kunit/test.h>

#include "poll/pfake_test.h"

static void steady_work_needs_no_interrupts(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = &f->slices[0];
	unsigned int i;

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, i));
	pfake_expect_calls(test, s, "ppppppp");
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 7));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 8));
	pfake_expect_calls(test, s, "pSp");
	/* Unless nothing is polled that is idle */
	s = &f->slices[1];
	s->work = U32_MAX;
	s->entry.poll_us = 0;
	sluice_poller_wake(&s->entry);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 9 + i));
	pfake_expect_calls(test, s, "pppppppppp");
}

/* Who spins turns its interrupts on, once, and off again if it still has work. */
static void interrupts_are_on_without_a_cpu(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = &f->slices[0], *other = &f->slices[1];
	unsigned int i;

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, i));
	other->work = U32_MAX;
	sluice_poller_wake(&other->entry);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 8));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 9));
	memset(s->calls, 0, sizeof(s->calls));
	memset(other->calls, 0, sizeof(other->calls));

	KUNIT_EXPECT_EQ(test, pfake_check_at(f, 8008), START + 8009 * US);
	pfake_expect_calls(test, s, "");
	KUNIT_EXPECT_EQ(test, pfake_check_at(f, 8009), 0);
	KUNIT_EXPECT_EQ(test, pfake_check_at(f, 8010), 0);
	pfake_expect_calls(test, s, "P");
	pfake_expect_calls(test, other, "");
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 10));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 11));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 12));
	pfake_expect_calls(test, s, "pSp");
	pfake_expect_calls(test, other, "p");
	/* who has left is not told */
	sluice_poller_leave(&s->entry);
	pfake_expect_calls(test, s, "P");
	KUNIT_EXPECT_EQ(test, pfake_check_at(f, 20000), 0);
	pfake_expect_calls(test, s, "");
}

/* A device with commands reports completions itself: ever longer pauses */
static void a_quiet_slice_waits_for_its_device(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 19));
	pfake_expect_calls(test, s, "p");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 20));
	/* Once more after the interrupts are on */
	pfake_expect_calls(test, s, "pWp");
	KUNIT_EXPECT_TRUE(test, s->entry.waiting);
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 40 * US);
	KUNIT_EXPECT_FALSE(test, pfake_visit_at(f, 39));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 40));
	pfake_expect_calls(test, s, "pWp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 80 * US);
}

/* However long it takes, the slice keeps its page, but not without end. */
static void a_slice_is_not_idle_while_its_device_works(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);
	u64 us;

	for (us = LIMIT - 1; us < USEC_PER_SEC && pfake_listed(s); us += 250) {
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us));
		pfake_expect_calls(test, s, "pWp");
		KUNIT_EXPECT_LE(test, sluice_poller_due(&f->poller),
				START + (us + 250) * US);
	}
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, USEC_PER_SEC));
	pfake_expect_calls(test, s, "pWDp");
	KUNIT_EXPECT_FALSE(test, pfake_listed(s));
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), KTIME_MAX);
}

/* The same at once if the device is known to take long */
static void a_slow_device_is_not_spun_for(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);
	unsigned int i;
	u64 us = 0;

	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us + 20));
		sluice_poller_kick(&s->entry);
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us + 80));
		/* The guest submits its next command */
		s->work = 1;
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us += 90));
	}
	memset(s->calls, 0, sizeof(s->calls));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us + 1));
	pfake_expect_calls(test, s, "pWp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller),
			START + (us + 21) * US);
	/* A completion ends the wait, and then the poller spins */
	sluice_poller_kick(&s->entry);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us + 80));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us + 81));
	pfake_expect_calls(test, s, "pp");
	/* A device without commands gives no answer to wait for */
	s->idle = true;
	s->work = 1;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us + 82));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, us + 83));
	pfake_expect_calls(test, s, "pp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
}

/* The window begins when the guest is given the completion. */
static void a_completion_begins_the_window(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 5000));
	s->idle = true;
	sluice_poller_kick(&s->entry);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 9000));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 9000 + LIMIT / 2 - 1));
	pfake_expect_calls(test, s, "pWppp");
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 9000 + LIMIT / 2));
	pfake_expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, pfake_listed(s));
}

static void an_idle_slice_is_polled_for_its_window(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	s->idle = true;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 20));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT / 2 - 1));
	pfake_expect_calls(test, s, "pp");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT / 2));
	/* Once more after the doorbell pages are unmapped */
	pfake_expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, pfake_listed(s));
	KUNIT_EXPECT_FALSE(test, s->entry.awake);
}

static void work_at_the_last_moment_is_not_left(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	s->idle = true;
	s->work = 2;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT));
	pfake_expect_calls(test, s, "pDp");
	KUNIT_EXPECT_TRUE(test, pfake_listed(s));
	/* The same when it is only put off */
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT + 10));
	s->idle = false;
	s->work = 2;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT + 30));
	pfake_expect_calls(test, s, "ppWp");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, pfake_listed(s));
}

/* It takes turns with a fault handler, and never waits for one. */
static void a_slice_whose_page_is_being_mapped_stays(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	s->idle = true;
	mutex_lock(&s->entry.doorbells.lock);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT));
	mutex_unlock(&s->entry.doorbells.lock);
	pfake_expect_calls(test, s, "pPp");
	KUNIT_EXPECT_TRUE(test, pfake_listed(s));
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller),
			START + (LIMIT + 100) * US);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT + 100));
	pfake_expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, pfake_listed(s));
}

static void a_kick_ends_the_wait(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 200));
	KUNIT_EXPECT_TRUE(test, s->entry.waiting);
	KUNIT_EXPECT_FALSE(test, pfake_visit_at(f, 210));
	sluice_poller_kick(&s->entry);
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 210));
	/* A doorbell may follow the completion: the slice is not quiet */
	pfake_expect_calls(test, s, "pWpp");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 229));
	pfake_expect_calls(test, s, "p");
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 230));
	pfake_expect_calls(test, s, "pWp");
	KUNIT_EXPECT_TRUE(test, s->entry.waiting);
}

static void a_kick_before_the_wait_prevents_it(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	s->kicks = true;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 200));
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
	pfake_expect_calls(test, s, "pWp");
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 201));
	KUNIT_EXPECT_FALSE(test, s->entry.kicked);
}

/* The guest's thread needs time, perhaps this CPU, to repeat its store. */
static void a_doorbell_that_faulted_is_waited_for(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = &f->slices[0];

	s->entry.faulted = START;
	sluice_poller_wake(&s->entry);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 0));
	pfake_expect_calls(test, s, "pPp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 5 * US);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 99));
	pfake_expect_calls(test, s, "pPp");
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 100));
	pfake_expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, pfake_listed(s));
	KUNIT_EXPECT_EQ(test, s->entry.faulted, 0);
	/* What it costs is the time until the poller sees it */
	s->entry.faulted = START + 200 * US;
	sluice_poller_wake(&s->entry);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 210));
	s->work = 1;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 230));
	KUNIT_EXPECT_EQ(test, s->entry.window.price, 30 * US);
}

static struct kunit_case poller_modes_cases[] = {
	KUNIT_CASE(steady_work_needs_no_interrupts),
	KUNIT_CASE(interrupts_are_on_without_a_cpu),
	KUNIT_CASE(a_quiet_slice_waits_for_its_device),
	KUNIT_CASE(a_slice_is_not_idle_while_its_device_works),
	KUNIT_CASE(a_slow_device_is_not_spun_for),
	KUNIT_CASE(a_completion_begins_the_window),
	KUNIT_CASE(an_idle_slice_is_polled_for_its_window),
	KUNIT_CASE(work_at_the_last_moment_is_not_left),
	KUNIT_CASE(a_slice_whose_page_is_being_mapped_stays),
	KUNIT_CASE(a_kick_ends_the_wait),
	KUNIT_CASE(a_kick_before_the_wait_prevents_it),
	KUNIT_CASE(a_doorbell_that_faulted_is_waited_for),
	{}
};

static struct kunit_suite poller_modes_suite = {
	.name = "sluice_poller_modes",
	.init = pfake_init,
	.test_cases = poller_modes_cases,
};

kunit_test_suite(poller_modes_suite);
