// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the polling window: window.c with made-up times
 */
#include <kunit/test.h>
#include <linux/time64.h>

#include "poll/window.h"

#define US	((u64)NSEC_PER_USEC)
#define LIMIT	500u

/* Wake the slice at @now; its doorbell arrives at once. */
static void window_arrive(struct sluice_window *win, u64 now)
{
	sluice_window_wake(win, LIMIT, now, now);
	sluice_window_work(win, now);
}

/* The same for a slice whose window has become as long as it may */
static void window_open(struct sluice_window *win, u64 now)
{
	sluice_window_init(win);
	window_arrive(win, now - 300 * US);
	window_arrive(win, now);
}

/* Ask every microsecond, at most @limit times; returns when the window ends. */
static u64 window_lasts(struct sluice_window *win, u32 longest, u64 from,
			u64 limit)
{
	u64 us;

	for (us = 0; us < limit; us++)
		if (sluice_window_over(win, longest, from + us * US))
			break;
	return us;
}

static void window_is_short_at_first(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	window_arrive(&win, 10000 * US);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, 10000 * US, 2000),
			(u64)20);
}

static void window_work_restarts_it(struct kunit *test)
{
	struct sluice_window win;

	window_open(&win, 10000 * US);
	sluice_window_work(&win, 10200 * US);
	KUNIT_EXPECT_FALSE(test, sluice_window_over(&win, LIMIT, 10699 * US));
	KUNIT_EXPECT_TRUE(test, sluice_window_over(&win, LIMIT, 10700 * US));
}

static void window_shrinks_for_rare_work(struct kunit *test)
{
	struct sluice_window win;
	u64 now = 10000 * US;

	window_open(&win, now);
	/* one long pause is an exception */
	now += LIMIT * US;
	window_arrive(&win, now);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, now, 2000), (u64)LIMIT);
	now += LIMIT * US;
	window_arrive(&win, now);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, now, 2000),
			(u64)LIMIT / 4);
	now += 10000 * US;
	window_arrive(&win, now);
	now += 10000 * US;
	window_arrive(&win, now);
	/* work that follows at once never costs a fault */
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, now, 2000), (u64)20);
}

/* A guest that something delays now and then has one fault each time, not two. */
static void window_forgives_each_exception(struct kunit *test)
{
	struct sluice_window win;
	u64 now = 10000 * US;
	unsigned int i;

	window_open(&win, now);
	for (i = 0; i < 10; i++) {
		now += 10 * LIMIT * US;
		window_arrive(&win, now);
		KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, now, 2000),
				(u64)LIMIT);
		/* what follows at once would not have needed the window */
		now += 20 * US;
		sluice_window_work(&win, now);
		KUNIT_EXPECT_TRUE(test, win.wasted);
		now += LIMIT / 4 * US;
		sluice_window_work(&win, now);
	}
}

/* One fault is enough to learn what pauses the guest makes. */
static void window_becomes_twice_the_pause(struct kunit *test)
{
	struct sluice_window win;
	u64 now = 10000 * US;

	sluice_window_init(&win);
	window_arrive(&win, now);
	now += 100 * US;
	window_arrive(&win, now);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, now, 2000), (u64)200);
	now += (LIMIT - 1) * US;
	window_arrive(&win, now);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, now, 2000), (u64)LIMIT);
}

/*
 * @nr doorbells that fault after a pause of @pause microseconds each, and arrive
 * after @price. Returns how long the window is then, with a limit of 4000.
 */
static u64 window_faults(struct sluice_window *win, unsigned int nr, u64 pause,
			 u64 price)
{
	u64 now = win->last;

	while (nr--) {
		now += pause * US;
		sluice_window_wake(win, 4000, now, now);
		now += price * US;
		sluice_window_work(win, now);
	}
	return window_lasts(win, 4000, now, 10000);
}

/* Polling for 64 times as long as a fault takes is worth it, but no longer. */
static void window_is_worth_the_faults(struct kunit *test)
{
	struct sluice_window win;

	/* a fast machine: 64 * 5 us */
	sluice_window_init(&win);
	KUNIT_EXPECT_EQ(test, window_faults(&win, 100, 319, 5), (u64)320);
	KUNIT_EXPECT_EQ(test, window_faults(&win, 100, 321, 5), (u64)20);
	/* a slow one: as long as the limit allows */
	KUNIT_EXPECT_EQ(test, window_faults(&win, 100, 3900, 700), (u64)4000);
	KUNIT_EXPECT_EQ(test, window_faults(&win, 100, 4001, 700), (u64)20);
	/* one fault alone changes little, however long it takes */
	window_faults(&win, 100, 319, 5);
	window_faults(&win, 2, 319, 1000000);
	KUNIT_EXPECT_LE(test, win.worth, (320 + 4000 / 8) * US);
}

static void window_zero_drains(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	sluice_window_wake(&win, 0, 1000 * US, 1000 * US);
	/* the poller waits for the doorbell all the same */
	KUNIT_EXPECT_FALSE(test, sluice_window_over(&win, 0, 1050 * US));
	sluice_window_work(&win, 1060 * US);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, 0, 1060 * US, 1000), (u64)20);
}

static void window_maximum_never_ends(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	sluice_window_wake(&win, SLUICE_POLL_US_FOREVER, US, US);
	KUNIT_EXPECT_FALSE(test, sluice_window_over(&win,
						    SLUICE_POLL_US_FOREVER,
						    U64_MAX / 2));
}

static void window_grace_doubles(struct kunit *test)
{
	struct sluice_window win;
	u64 first, second;

	sluice_window_init(&win);
	sluice_window_wake(&win, 0, US, US);
	first = window_lasts(&win, 0, US, 100000);
	sluice_window_wake(&win, 0, US, US);
	second = window_lasts(&win, 0, US, 100000);
	KUNIT_EXPECT_EQ(test, first, (u64)100);
	KUNIT_EXPECT_EQ(test, second, 2 * first);
}

static void window_grace_is_limited(struct kunit *test)
{
	struct sluice_window win;
	unsigned int i;

	sluice_window_init(&win);
	for (i = 0; i < 40; i++) {
		sluice_window_wake(&win, 0, US, US);
		window_lasts(&win, 0, US, 100000);
	}
	sluice_window_wake(&win, 0, US, US);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, 0, US, 100000), (u64)20000);
}

static void window_grace_follows_arrivals(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	sluice_window_wake(&win, 0, US, US);
	sluice_window_work(&win, 501 * US);
	sluice_window_wake(&win, 0, 10000 * US, 10000 * US);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, 0, 10000 * US, 100000),
			(u64)2000);
}

static void window_smaller_limit_counts_at_once(struct kunit *test)
{
	struct sluice_window win;

	window_open(&win, 1000 * US);
	KUNIT_EXPECT_FALSE(test, sluice_window_over(&win, LIMIT, 1031 * US));
	KUNIT_EXPECT_TRUE(test, sluice_window_over(&win, 30, 1031 * US));
}

static void window_quiet_after_the_least(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	sluice_window_wake(&win, LIMIT, 1000 * US, 1000 * US);
	/* quiet at once while the doorbell that woke the slice is expected */
	KUNIT_EXPECT_TRUE(test, sluice_window_quiet(&win, 1000 * US));
	sluice_window_work(&win, 1060 * US);
	KUNIT_EXPECT_FALSE(test, sluice_window_quiet(&win, 1079 * US));
	KUNIT_EXPECT_TRUE(test, sluice_window_quiet(&win, 1080 * US));
}

static void window_looks_more_and_more_rarely(struct kunit *test)
{
	struct sluice_window win;
	u64 now = 1020 * US;

	sluice_window_init(&win);
	window_arrive(&win, 1000 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, false, now),
			1040 * US);
	now = 1040 * US;
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, false, now),
			1080 * US);
	now = 1300 * US;
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, false, now),
			1500 * US);
	now = 1600 * US;
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, false, now),
			1500 * US);
	/* the pause stays at 250 us, however large the limit is */
	KUNIT_EXPECT_EQ(test,
			sluice_window_look(&win, 1000000, false, 5000 * US),
			5250 * US);
}

static void window_awaits_the_doorbell_asleep(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	sluice_window_wake(&win, 0, 1000 * US, 1000 * US);
	/* the shortest pause, then doubled, up to the end of the grace time */
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, 0, false, 1001 * US),
			1006 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, 0, false, 1005 * US),
			1010 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, 0, false, 1080 * US),
			1100 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, 0, false, 1200 * US),
			1100 * US);
	/* after the doorbell: up to the end of the shortest window, 20 us */
	sluice_window_work(&win, 1010 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, 0, false, 1010 * US),
			1015 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, 0, false, 1028 * US),
			1030 * US);
}

/* The poller's last look found work: no store is still to come. */
static void window_woken_without_a_fault(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	window_arrive(&win, 1000 * US);
	sluice_window_work(&win, 1500 * US);
	sluice_window_wake(&win, LIMIT, 0, 1501 * US);
	KUNIT_EXPECT_FALSE(test, sluice_window_quiet(&win, 1510 * US));
	/* the doorbell came a little late: the window doubles */
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, 1500 * US, 2000),
			(u64)40);
	/* and that work does not change the grace time */
	sluice_window_work(&win, 1900 * US);
	KUNIT_EXPECT_EQ(test, win.grace, 100 * US);
}

static void window_kick_is_no_doorbell(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	sluice_window_wake(&win, LIMIT, 1000 * US, 1000 * US);
	sluice_window_kick(&win, 1010 * US);
	KUNIT_EXPECT_NE(test, win.faulted, 0);
	sluice_window_work(&win, 1020 * US);
	sluice_window_kick(&win, 1400 * US);
	KUNIT_EXPECT_FALSE(test, sluice_window_quiet(&win, 1410 * US));
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, false, 1450 * US),
			1500 * US);
}

/* A slice is not idle while the device works, unless it never answers. */
static void window_begins_with_the_completion(struct kunit *test)
{
	struct sluice_window win;

	sluice_window_init(&win);
	window_arrive(&win, 1000 * US);
	/* the first look after 20 us, the next ones 250 us apart at most */
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, true, 1000 * US),
			1020 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, true, 1040 * US),
			1080 * US);
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, LIMIT, true, 90000 * US),
			90250 * US);
	KUNIT_EXPECT_EQ(test,
			sluice_window_look(&win, LIMIT, true, 1000900 * US),
			1001000 * US);
	KUNIT_EXPECT_EQ(test,
			sluice_window_look(&win, 2000000, true, 1000900 * US),
			1001150 * US);
	/* no window, no wait either */
	KUNIT_EXPECT_EQ(test, sluice_window_look(&win, 0, true, 1900 * US),
			1020 * US);

	sluice_window_kick(&win, 90000 * US);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, 90000 * US, 2000),
			(u64)20);
	/* the doorbell came soon after the completion: the window grows */
	sluice_window_wake(&win, LIMIT, 90300 * US, 90300 * US);
	sluice_window_work(&win, 90300 * US);
	KUNIT_EXPECT_EQ(test, window_lasts(&win, LIMIT, 90300 * US, 2000),
			(u64)LIMIT);
}

/* One command after the other, each of which takes the device @us microseconds */
static u64 window_answers(struct sluice_window *win, u64 now, unsigned int nr,
			  u64 us)
{
	while (nr--) {
		sluice_window_work(win, now);
		sluice_window_wait(win);
		now += us * US;
		sluice_window_kick(win, now);
		now += US;
	}
	sluice_window_work(win, now);
	return now;
}

static void window_spins_for_a_fast_device(struct kunit *test)
{
	struct sluice_window win;
	u64 now;

	sluice_window_init(&win);
	sluice_window_wake(&win, LIMIT, 0, 1000 * US);
	now = window_answers(&win, 1000 * US, 100, 30);
	KUNIT_EXPECT_FALSE(test, sluice_window_quiet(&win, now));
	now = window_answers(&win, now, 10, 80);
	KUNIT_EXPECT_TRUE(test, sluice_window_quiet(&win, now));
	/* after a completion a doorbell may follow */
	sluice_window_kick(&win, now + 80 * US);
	KUNIT_EXPECT_FALSE(test, sluice_window_quiet(&win, now + 99 * US));
	KUNIT_EXPECT_TRUE(test, sluice_window_quiet(&win, now + 100 * US));
	/* one that took long is soon forgotten */
	now = window_answers(&win, now, 1, 1000000);
	KUNIT_EXPECT_TRUE(test, sluice_window_quiet(&win, now));
	now = window_answers(&win, now, 20, 10);
	KUNIT_EXPECT_FALSE(test, sluice_window_quiet(&win, now));
}

/* It submits more before the device has answered. */
static void window_spins_for_a_busy_guest(struct kunit *test)
{
	struct sluice_window win;
	u64 now;

	sluice_window_init(&win);
	sluice_window_wake(&win, LIMIT, 0, 1000 * US);
	now = window_answers(&win, 1000 * US, 100, 1000);
	KUNIT_EXPECT_TRUE(test, sluice_window_quiet(&win, now));
	sluice_window_wait(&win);
	sluice_window_work(&win, now + 20 * US);
	KUNIT_EXPECT_FALSE(test, sluice_window_quiet(&win, now + 20 * US));
	/* what comes after a sleep says nothing about the device */
	now = window_answers(&win, now, 100, 1000);
	sluice_window_wait(&win);
	sluice_window_wake(&win, LIMIT, 0, now + 5 * US);
	sluice_window_work(&win, now + 5 * US);
	KUNIT_EXPECT_TRUE(test, sluice_window_quiet(&win, now + 5 * US));
}

static struct kunit_case window_cases[] = {
	KUNIT_CASE(window_is_short_at_first),
	KUNIT_CASE(window_work_restarts_it),
	KUNIT_CASE(window_shrinks_for_rare_work),
	KUNIT_CASE(window_forgives_each_exception),
	KUNIT_CASE(window_becomes_twice_the_pause),
	KUNIT_CASE(window_is_worth_the_faults),
	KUNIT_CASE(window_zero_drains),
	KUNIT_CASE(window_maximum_never_ends),
	KUNIT_CASE(window_grace_doubles),
	KUNIT_CASE(window_grace_is_limited),
	KUNIT_CASE(window_grace_follows_arrivals),
	KUNIT_CASE(window_smaller_limit_counts_at_once),
	KUNIT_CASE(window_quiet_after_the_least),
	KUNIT_CASE(window_looks_more_and_more_rarely),
	KUNIT_CASE(window_awaits_the_doorbell_asleep),
	KUNIT_CASE(window_woken_without_a_fault),
	KUNIT_CASE(window_kick_is_no_doorbell),
	KUNIT_CASE(window_begins_with_the_completion),
	KUNIT_CASE(window_spins_for_a_fast_device),
	KUNIT_CASE(window_spins_for_a_busy_guest),
	{}
};

static struct kunit_suite window_suite = {
	.name = "sluice_window",
	.test_cases = window_cases,
};

kunit_test_suite(window_suite);
