// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of pollers: whom they visit, when, and for how long
 *
 * A poller without a thread: the tests make its visits, at a time of their own.
 * The backend is made up.
 */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/string.h>

#include "core.h"
#include "poll/poller.h"

#define US	((u64)NSEC_PER_USEC)
#define START	(10000 * US)	/* long after anything else */
#define LIMIT	500u		/* the slices' poll_us */
#define SLICES	3

/**
 * struct fake_slice - a slice with a made-up backend
 * @sdev: the slice
 * @entry: what the poller keeps of it
 * @name: a letter
 * @work: bit n: the poll after n more finds work
 * @takes: nanoseconds of a poll
 * @idle: the device has no command, so %SLUICE_POLL_DEVICE is refused
 * @kicks: the device completes a command during the next poll
 * @wakes: a slice that wakes during the next poll, or NULL
 * @calls: polls (p) and set_poll_mode: Doorbell, Wait, Pause, Spin
 */
struct fake_slice {
	struct sluice_dev sdev;
	struct sluice_poll_entry entry;
	char name;
	u32 work;
	u64 takes;
	bool idle;
	bool kicks;
	struct fake_slice *wakes;
	char calls[32];
};

/**
 * struct fake - a poller without a thread
 * @parent: the parent of its slices
 * @ops: their backend
 * @poller: the poller
 * @slices: the slices
 * @now: the time
 * @reads: how often the poller has asked for it
 * @alone: no other task wants this CPU
 * @order: the names of the slices that were polled
 * @budget: what the backend was told last
 */
struct fake {
	struct sluice_parent parent;
	struct sluice_parent_ops ops;
	struct sluice_poller poller;
	struct fake_slice slices[SLICES];
	u64 now;
	unsigned int reads;
	bool alone;
	char order[32];
	unsigned int budget;
};

static ktime_t fake_clock(void)
{
	struct fake *f = kunit_get_current_test()->priv;

	f->reads++;
	return ns_to_ktime(f->now);
}

static bool fake_alone(void)
{
	struct fake *f = kunit_get_current_test()->priv;

	return f->alone;
}

/* Append a letter, if there is room. */
static void note(char *text, size_t size, char letter)
{
	size_t len = strlen(text);

	if (len < size - 1)
		text[len] = letter;
}

static struct fake_slice *to_slice(struct sluice_dev *sdev)
{
	return container_of(sdev, struct fake_slice, sdev);
}

static unsigned int fake_poll(struct sluice_dev *sdev, unsigned int budget)
{
	struct fake_slice *s = to_slice(sdev);
	struct fake *f = container_of(sdev->parent, struct fake, parent);
	bool found = s->work & 1;

	f->budget = budget;
	f->now += s->takes;
	note(s->calls, sizeof(s->calls), 'p');
	note(f->order, sizeof(f->order), s->name);
	if (s->kicks)
		sluice_poller_kick(&s->entry);
	s->kicks = false;
	if (s->wakes)
		sluice_poller_wake(&s->wakes->entry);
	s->wakes = NULL;
	s->work >>= 1;
	return found ? 3 : 0;
}

static bool fake_set_poll_mode(struct sluice_dev *sdev,
			       enum sluice_poll_mode mode)
{
	static const char letters[] = {
		[SLUICE_POLL_DOORBELL] = 'D',
		[SLUICE_POLL_DEVICE] = 'W',
		[SLUICE_POLL_PAUSE] = 'P',
		[SLUICE_POLL_SPIN] = 'S',
	};
	struct fake_slice *s = to_slice(sdev);

	if (mode == SLUICE_POLL_DEVICE && s->idle)
		return false;
	note(s->calls, sizeof(s->calls), letters[mode]);
	return true;
}

static void fake_add(struct fake *f, struct fake_slice *s)
{
	s->name = 'a' + (s - f->slices);
	s->sdev.parent = &f->parent;
	mutex_init(&s->entry.doorbells.lock);
	sluice_poll_entry_init(&s->entry, &s->sdev);
	s->entry.poll_us = LIMIT;
	sluice_poll_entry_reset(&s->entry);
	/* it wakes after a long time, for once: that changes nothing */
	s->entry.window.length = LIMIT / 2 * US;
	s->entry.poller = &f->poller;
	f->poller.nr_slices++;
}

static int fake_init(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	kunit_activate_static_stub(test, ktime_get, fake_clock);
	kunit_activate_static_stub(test, single_task_running, fake_alone);
	f->now = START;
	f->alone = true;
	f->ops.poll = fake_poll;
	f->ops.set_poll_mode = fake_set_poll_mode;
	f->parent.ops = &f->ops;
	sluice_poller_prepare(&f->poller, NUMA_NO_NODE);
	f->poller.task = current;
	/* The timer has the machine's own time: it stays off */
	f->poller.watched = true;
	for (i = 0; i < SLICES; i++)
		fake_add(f, &f->slices[i]);
	return 0;
}

/* A slice that has just woken, and has had a visit with work */
static struct fake_slice *busy(struct fake *f)
{
	struct fake_slice *s = &f->slices[0];

	s->work = 1;
	sluice_poller_wake(&s->entry);
	KUNIT_EXPECT_TRUE(kunit_get_current_test(),
			  sluice_poller_round(&f->poller, 1));
	s->calls[0] = '\0';
	return s;
}

/* Make a visit after @us microseconds. */
static bool visit_at(struct fake *f, u64 us)
{
	f->now = START + us * US;
	return sluice_poller_round(&f->poller, 1);
}

/* What the poller's timer does after @us microseconds */
static u64 check_at(struct fake *f, u64 us)
{
	guard(spinlock_irq)(&f->poller.mode_lock);
	return sluice_poller_check(&f->poller, START + us * US);
}

/* What the backend has been called for since the last time */
static void expect_calls(struct kunit *test, struct fake_slice *s,
			 const char *calls)
{
	KUNIT_EXPECT_STREQ(test, s->calls, calls);
	memset(s->calls, 0, sizeof(s->calls));
}

static bool listed(struct fake_slice *s)
{
	return !list_empty(&s->entry.node);
}

static void busy_slices_take_turns(struct kunit *test)
{
	struct fake *f = test->priv;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, sluice_poller_round(&f->poller, 1));
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), KTIME_MAX);
	for (i = 0; i < SLICES; i++) {
		f->slices[i].work = U32_MAX;
		sluice_poller_wake(&f->slices[i].entry);
	}
	/* It is in the list already */
	sluice_poller_wake(&f->slices[0].entry);
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
	for (i = 0; i < 2 * SLICES; i++)
		KUNIT_EXPECT_TRUE(test, sluice_poller_round(&f->poller, 1));
	KUNIT_EXPECT_STREQ(test, f->order, "abcabc");
	KUNIT_EXPECT_EQ(test, f->budget, 64);
}

/* Several visits at a time, but fewer if another task wants this CPU */
static void visit_often(struct fake *f, size_t times)
{
	size_t end = strlen(f->order) + times;

	while (strlen(f->order) < end)
		sluice_poller_round(&f->poller, end - strlen(f->order));
}

static void a_round_is_a_number_of_visits(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = &f->slices[0];

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	visit_often(f, 3);
	/* Another joins one that was alone */
	f->slices[1].work = U32_MAX;
	sluice_poller_wake(&f->slices[1].entry);
	visit_often(f, 4);
	/* And is alone when the first waits or has left */
	s->entry.waiting = true;
	s->entry.due = U64_MAX;
	visit_often(f, 2);
	sluice_poller_leave(&s->entry);
	visit_often(f, 2);
	KUNIT_EXPECT_STREQ(test, f->order, "aaaababbbbb");
	f->slices[1].entry.waiting = true;
	f->slices[1].entry.due = U64_MAX;
	KUNIT_EXPECT_FALSE(test, sluice_poller_round(&f->poller, 2));
	KUNIT_EXPECT_PTR_EQ(test, f->poller.last, &f->slices[1].entry);
	sluice_poller_leave(&f->slices[1].entry);
	KUNIT_EXPECT_NULL(test, f->poller.last);
}

static void one_that_waits_is_passed_over(struct kunit *test)
{
	struct fake *f = test->priv;
	unsigned int i;

	for (i = 0; i < SLICES; i++) {
		f->slices[i].work = U32_MAX;
		sluice_poller_wake(&f->slices[i].entry);
	}
	f->slices[1].entry.waiting = true;
	f->slices[1].entry.due = START + 7 * US;
	KUNIT_EXPECT_TRUE(test, visit_at(f, 0));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 6));
	KUNIT_EXPECT_STREQ(test, f->order, "ac");
	KUNIT_EXPECT_TRUE(test, visit_at(f, 7));
	KUNIT_EXPECT_STREQ(test, f->order, "acb");
	/* The first that is due says how long to sleep */
	for (i = 0; i < SLICES; i++) {
		f->slices[i].entry.waiting = true;
		f->slices[i].entry.due = START + (20 - i) * US;
	}
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 18 * US);
	f->slices[0].entry.waiting = false;
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
}

static void time_is_charged_to_who_took_it(struct kunit *test)
{
	struct fake *f = test->priv;

	f->slices[0].takes = 30 * US;
	f->slices[1].takes = 5 * US;
	f->slices[0].work = U32_MAX;
	f->slices[1].work = U32_MAX;
	sluice_poller_wake(&f->slices[0].entry);
	sluice_poller_wake(&f->slices[1].entry);
	KUNIT_EXPECT_TRUE(test, sluice_poller_round(&f->poller, 1));
	KUNIT_EXPECT_TRUE(test, sluice_poller_round(&f->poller, 1));
	KUNIT_EXPECT_TRUE(test, sluice_poller_round(&f->poller, 1));
	KUNIT_EXPECT_EQ(test, f->slices[0].entry.spent, 60 * US);
	KUNIT_EXPECT_EQ(test, f->slices[1].entry.spent, 5 * US);
	KUNIT_EXPECT_EQ(test, f->slices[2].entry.spent, 0);
}

/* A slice that is alone, and that the poller has begun to spin on */
static struct fake_slice *spun_on(struct fake *f)
{
	struct fake_slice *s = busy(f);

	s->entry.poll_us = SLUICE_POLL_US_FOREVER;
	s->takes = 3;
	visit_often(f, 1);
	memset(f->order, 0, sizeof(f->order));
	return s;
}

/* A round of eight visits, in which no other task has wanted this CPU */
static void whole_round(struct kunit *test, struct fake *f, u32 work, bool kicks)
{
	struct fake_slice *s = &f->slices[0];
	unsigned int i;

	for (i = 0; i < 1000 && strlen(f->order) != 8; i++) {
		cond_resched();
		s->work = 0;
		s->kicks = false;
		sluice_poller_round(&f->poller, 1);
		s->work = work;
		s->kicks = kicks;
		f->reads = 0;
		memset(f->order, 0, sizeof(f->order));
		sluice_poller_round(&f->poller, 8);
	}
	KUNIT_EXPECT_STREQ(test, f->order, "aaaaaaaa");
	memset(f->order, 0, sizeof(f->order));
}

static void visits_that_find_nothing_read_the_clock_once(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = spun_on(f);

	whole_round(test, f, 0, false);
	KUNIT_EXPECT_EQ(test, f->reads, 1);
	/* The fifth finds work, and the sixth is the first of others */
	whole_round(test, f, BIT(4), false);
	KUNIT_EXPECT_EQ(test, f->reads, 3);
	KUNIT_EXPECT_EQ(test, s->entry.window.last, f->now - 3 * s->takes);
	/* The device completes a command during the first */
	whole_round(test, f, 0, true);
	KUNIT_EXPECT_EQ(test, f->reads, 3);
	KUNIT_EXPECT_EQ(test, s->entry.window.last, f->now - 6 * s->takes);
	KUNIT_EXPECT_EQ(test, s->entry.spent, f->now - START);
}

/* One that joins has its turn, and pays for its visits only. */
static void visits_alone_end_with_another(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = spun_on(f), *other = &f->slices[1];

	s->wakes = other;
	other->takes = 5;
	other->entry.poll_us = SLUICE_POLL_US_FOREVER;
	visit_often(f, 8);
	KUNIT_EXPECT_STREQ(test, f->order, "aabababa");
	KUNIT_EXPECT_EQ(test, other->entry.spent, 3 * 5);
	KUNIT_EXPECT_EQ(test, s->entry.spent, f->now - START - 3 * 5);
}

/* Who waited does not keep the poller awake for longer than one visit. */
static void visits_after_a_wait_are_single(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	KUNIT_EXPECT_TRUE(test, visit_at(f, 20));
	expect_calls(test, s, "pWp");
	f->now = START + 40 * US;
	sluice_poller_round(&f->poller, 8);
	expect_calls(test, s, "pWp");
	sluice_poller_kick(&s->entry);
	f->alone = false;
	sluice_poller_round(&f->poller, 8);
	expect_calls(test, s, "pWp");
	/* Nor one that has just had work */
	sluice_poller_kick(&s->entry);
	s->work = 1;
	visit_often(f, 1);
	sluice_poller_round(&f->poller, 8);
	expect_calls(test, s, "ppWp");
}

static void steady_work_needs_no_interrupts(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = &f->slices[0];
	unsigned int i;

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_TRUE(test, visit_at(f, i));
	expect_calls(test, s, "ppppppp");
	KUNIT_EXPECT_TRUE(test, visit_at(f, 7));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 8));
	expect_calls(test, s, "pSp");
	/* Unless nothing is polled that is idle */
	s = &f->slices[1];
	s->work = U32_MAX;
	s->entry.poll_us = 0;
	sluice_poller_wake(&s->entry);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_TRUE(test, visit_at(f, 9 + i));
	expect_calls(test, s, "pppppppppp");
}

/* Who spins turns its interrupts on, once, and off again if it still has work. */
static void interrupts_are_on_without_a_cpu(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = &f->slices[0], *other = &f->slices[1];
	unsigned int i;

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test, visit_at(f, i));
	other->work = U32_MAX;
	sluice_poller_wake(&other->entry);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 8));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 9));
	memset(s->calls, 0, sizeof(s->calls));
	memset(other->calls, 0, sizeof(other->calls));

	KUNIT_EXPECT_EQ(test, check_at(f, 8008), START + 8009 * US);
	expect_calls(test, s, "");
	KUNIT_EXPECT_EQ(test, check_at(f, 8009), 0);
	KUNIT_EXPECT_EQ(test, check_at(f, 8010), 0);
	expect_calls(test, s, "P");
	expect_calls(test, other, "");
	KUNIT_EXPECT_TRUE(test, visit_at(f, 10));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 11));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 12));
	expect_calls(test, s, "pSp");
	expect_calls(test, other, "p");
	/* who has left is not told */
	sluice_poller_leave(&s->entry);
	expect_calls(test, s, "P");
	KUNIT_EXPECT_EQ(test, check_at(f, 20000), 0);
	expect_calls(test, s, "");
}

/* A device with commands reports completions itself: ever longer pauses */
static void a_quiet_slice_waits_for_its_device(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	KUNIT_EXPECT_TRUE(test, visit_at(f, 19));
	expect_calls(test, s, "p");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 20));
	/* Once more after the interrupts are on */
	expect_calls(test, s, "pWp");
	KUNIT_EXPECT_TRUE(test, s->entry.waiting);
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 40 * US);
	KUNIT_EXPECT_FALSE(test, visit_at(f, 39));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 40));
	expect_calls(test, s, "pWp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 80 * US);
}

/* However long it takes, the slice keeps its page, but not without end. */
static void a_slice_is_not_idle_while_its_device_works(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);
	u64 us;

	for (us = LIMIT - 1; us < USEC_PER_SEC && listed(s); us += 250) {
		KUNIT_EXPECT_TRUE(test, visit_at(f, us));
		expect_calls(test, s, "pWp");
		KUNIT_EXPECT_LE(test, sluice_poller_due(&f->poller),
				START + (us + 250) * US);
	}
	KUNIT_EXPECT_TRUE(test, visit_at(f, USEC_PER_SEC));
	expect_calls(test, s, "pWDp");
	KUNIT_EXPECT_FALSE(test, listed(s));
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), KTIME_MAX);
}

/* The same at once if the device is known to take long */
static void a_slow_device_is_not_spun_for(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);
	unsigned int i;
	u64 us = 0;

	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_TRUE(test, visit_at(f, us + 20));
		sluice_poller_kick(&s->entry);
		KUNIT_EXPECT_TRUE(test, visit_at(f, us + 80));
		/* The guest submits its next command */
		s->work = 1;
		KUNIT_EXPECT_TRUE(test, visit_at(f, us += 90));
	}
	memset(s->calls, 0, sizeof(s->calls));
	KUNIT_EXPECT_TRUE(test, visit_at(f, us + 1));
	expect_calls(test, s, "pWp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller),
			START + (us + 21) * US);
	/* A completion ends the wait, and then the poller spins */
	sluice_poller_kick(&s->entry);
	KUNIT_EXPECT_TRUE(test, visit_at(f, us + 80));
	KUNIT_EXPECT_TRUE(test, visit_at(f, us + 81));
	expect_calls(test, s, "pp");
	/* A device without commands gives no answer to wait for */
	s->idle = true;
	s->work = 1;
	KUNIT_EXPECT_TRUE(test, visit_at(f, us + 82));
	KUNIT_EXPECT_TRUE(test, visit_at(f, us + 83));
	expect_calls(test, s, "pp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
}

/* The window begins when the guest is given the completion. */
static void a_completion_begins_the_window(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	KUNIT_EXPECT_TRUE(test, visit_at(f, 5000));
	s->idle = true;
	sluice_poller_kick(&s->entry);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 9000));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 9000 + LIMIT / 2 - 1));
	expect_calls(test, s, "pWppp");
	KUNIT_EXPECT_TRUE(test, visit_at(f, 9000 + LIMIT / 2));
	expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, listed(s));
}

static void an_idle_slice_is_polled_for_its_window(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	s->idle = true;
	KUNIT_EXPECT_TRUE(test, visit_at(f, 20));
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT / 2 - 1));
	expect_calls(test, s, "pp");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT / 2));
	/* Once more after the doorbell pages are unmapped */
	expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, listed(s));
	KUNIT_EXPECT_FALSE(test, s->entry.awake);
}

static void work_at_the_last_moment_is_not_left(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	s->idle = true;
	s->work = 2;
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT));
	expect_calls(test, s, "pDp");
	KUNIT_EXPECT_TRUE(test, listed(s));
	/* The same when it is only put off */
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT + 10));
	s->idle = false;
	s->work = 2;
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT + 30));
	expect_calls(test, s, "ppWp");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, listed(s));
}

/* It takes turns with a fault handler, and never waits for one. */
static void a_slice_whose_page_is_being_mapped_stays(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	s->idle = true;
	mutex_lock(&s->entry.doorbells.lock);
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT));
	mutex_unlock(&s->entry.doorbells.lock);
	expect_calls(test, s, "pPp");
	KUNIT_EXPECT_TRUE(test, listed(s));
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller),
			START + (LIMIT + 100) * US);
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT + 100));
	expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, listed(s));
}

static void a_kick_ends_the_wait(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	KUNIT_EXPECT_TRUE(test, visit_at(f, 200));
	KUNIT_EXPECT_TRUE(test, s->entry.waiting);
	KUNIT_EXPECT_FALSE(test, visit_at(f, 210));
	sluice_poller_kick(&s->entry);
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 210));
	/* A doorbell may follow the completion: the slice is not quiet */
	expect_calls(test, s, "pWpp");
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 229));
	expect_calls(test, s, "p");
	KUNIT_EXPECT_TRUE(test, visit_at(f, 230));
	expect_calls(test, s, "pWp");
	KUNIT_EXPECT_TRUE(test, s->entry.waiting);
}

static void a_kick_before_the_wait_prevents_it(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	s->kicks = true;
	KUNIT_EXPECT_TRUE(test, visit_at(f, 200));
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
	expect_calls(test, s, "pWp");
	KUNIT_EXPECT_TRUE(test, visit_at(f, 201));
	KUNIT_EXPECT_FALSE(test, s->entry.kicked);
}

/* The guest's thread needs time, perhaps this CPU, to repeat its store. */
static void a_doorbell_that_faulted_is_waited_for(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = &f->slices[0];

	s->entry.faulted = START;
	sluice_poller_wake(&s->entry);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 0));
	expect_calls(test, s, "pPp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 5 * US);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 99));
	expect_calls(test, s, "pPp");
	KUNIT_EXPECT_TRUE(test, visit_at(f, 100));
	expect_calls(test, s, "pDp");
	KUNIT_EXPECT_FALSE(test, listed(s));
	KUNIT_EXPECT_EQ(test, s->entry.faulted, 0);
	/* What it costs is the time until the poller sees it */
	s->entry.faulted = START + 200 * US;
	sluice_poller_wake(&s->entry);
	KUNIT_EXPECT_TRUE(test, visit_at(f, 210));
	s->work = 1;
	KUNIT_EXPECT_TRUE(test, visit_at(f, 230));
	KUNIT_EXPECT_EQ(test, s->entry.window.price, 30 * US);
}

static void another_task_gets_the_cpu(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = busy(f);

	f->alone = false;
	KUNIT_EXPECT_TRUE(test, visit_at(f, 1));
	expect_calls(test, s, "pWp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 21 * US);
	s->idle = true;
	KUNIT_EXPECT_TRUE(test, visit_at(f, 50));
	expect_calls(test, s, "pPp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 100 * US);
	KUNIT_EXPECT_TRUE(test, visit_at(f, LIMIT - 1));
	expect_calls(test, s, "pPp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller),
			START + LIMIT * US);
	/* And not the other way round, if polling has no end */
	s->entry.poll_us = SLUICE_POLL_US_FOREVER;
	KUNIT_EXPECT_TRUE(test, visit_at(f, 1000));
	KUNIT_EXPECT_TRUE(test, visit_at(f, 1000000));
	expect_calls(test, s, "pp");
	KUNIT_EXPECT_TRUE(test, listed(s));
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
}

static void one_that_leaves_has_its_interrupts(struct kunit *test)
{
	struct fake *f = test->priv;
	struct fake_slice *s = &f->slices[0];
	unsigned int i;

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	sluice_poller_wake(&f->slices[1].entry);
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_TRUE(test, visit_at(f, 0));
	memset(s->calls, 0, sizeof(s->calls));
	s->entry.waiting = true;
	sluice_poller_leave(&s->entry);
	expect_calls(test, s, "P");
	KUNIT_EXPECT_FALSE(test, listed(s));
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_NULL(test, s->entry.poller);
	KUNIT_EXPECT_EQ(test, f->poller.nr_slices, SLICES - 1);
	sluice_poller_leave(&f->slices[2].entry);
	expect_calls(test, &f->slices[2], "");
}

static void the_poller_with_fewest_slices_is_chosen(struct kunit *test)
{
	struct sluice_poller *p = kunit_kcalloc(test, 4, sizeof(*p), GFP_KERNEL);
	static const struct {
		int nid;
		unsigned int nr_slices;
	} pollers[] = { { 0, 3 }, { 1, 1 }, { 0, 2 }, { 0, 2 } };
	LIST_HEAD(list);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, sluice_poller_choose(&list, 0, 1));
	for (i = 0; i < ARRAY_SIZE(pollers); i++) {
		p[i].nid = pollers[i].nid;
		p[i].nr_slices = pollers[i].nr_slices;
		list_add_tail(&p[i].node, &list);
	}
	KUNIT_EXPECT_PTR_EQ(test, sluice_poller_choose(&list, 0, 3), &p[2]);
	KUNIT_EXPECT_PTR_EQ(test, sluice_poller_choose(&list, 0, 1), &p[2]);
	p[3].nr_slices = 1;
	KUNIT_EXPECT_PTR_EQ(test, sluice_poller_choose(&list, 0, 3), &p[3]);
	/* Each node has its own */
	KUNIT_EXPECT_PTR_EQ(test, sluice_poller_choose(&list, 1, 1), &p[1]);
	KUNIT_EXPECT_NULL(test, sluice_poller_choose(&list, 1, 2));
	KUNIT_EXPECT_NULL(test, sluice_poller_choose(&list, 0, 4));
	KUNIT_EXPECT_NULL(test, sluice_poller_choose(&list, 2, 1));
}

/**
 * struct real - a slice that a real poller visits
 * @parent: its parent
 * @ops: its backend
 * @dma_dev: says on which NUMA node the slice is
 * @sdev: the slice
 * @entry: what the poller keeps of it
 * @polled: a poller's thread has called the backend
 * @polls: how often
 * @name: the thread's name
 * @hogged: hog() has ended
 * @masked: the device's interrupts are off
 * @unmasked: they were on again while a task kept the CPU from the poller
 */
struct real {
	struct sluice_parent parent;
	struct sluice_parent_ops ops;
	struct device dma_dev;
	struct sluice_dev sdev;
	struct sluice_poll_entry entry;
	struct completion polled;
	unsigned int polls;
	char name[TASK_COMM_LEN];
	struct completion hogged;
	bool masked;
	bool unmasked;
};

static unsigned int real_poll(struct sluice_dev *sdev, unsigned int budget)
{
	struct real *r = sdev->drvdata;

	get_task_comm(r->name, current);
	WRITE_ONCE(r->polls, r->polls + 1);
	complete(&r->polled);
	return 1;
}

static bool real_set_poll_mode(struct sluice_dev *sdev,
			       enum sluice_poll_mode mode)
{
	struct real *r = sdev->drvdata;

	WRITE_ONCE(r->masked, mode == SLUICE_POLL_SPIN);
	return true;
}

/* A slice that has a poller with a thread, and always work for it */
static struct real *real_join(struct kunit *test)
{
	struct real *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	init_completion(&r->polled);
	set_dev_node(&r->dma_dev, NUMA_NO_NODE);
	r->ops.poll = real_poll;
	r->ops.set_poll_mode = real_set_poll_mode;
	r->parent.ops = &r->ops;
	r->sdev.parent = &r->parent;
	r->sdev.dma_dev = &r->dma_dev;
	r->sdev.drvdata = r;
	mutex_init(&r->entry.doorbells.lock);
	sluice_poll_entry_init(&r->entry, &r->sdev);
	KUNIT_ASSERT_EQ(test, sluice_poller_join(&r->entry), 0);
	return r;
}

static void a_thread_visits_from_join_to_leave(struct kunit *test)
{
	struct real *r = real_join(test);
	unsigned int polls;

	sluice_poller_wake(&r->entry);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&r->polled, 60 * HZ),
			0);
	sluice_poller_leave(&r->entry);
	polls = READ_ONCE(r->polls);
	KUNIT_EXPECT_GT(test, polls, 0);
	KUNIT_EXPECT_TRUE(test, strstarts(r->name, "sluice_poll/"));
	KUNIT_EXPECT_NULL(test, r->entry.poller);
	KUNIT_EXPECT_EQ(test, READ_ONCE(r->polls), polls);
}

/* Keeps the CPU from the poller until the interrupts are on, or for 3 seconds */
static int hog(void *data)
{
	unsigned long end = jiffies + 3 * HZ;
	struct real *r = data;

	while (READ_ONCE(r->masked) && time_before(jiffies, end))
		cpu_relax();
	r->unmasked = !READ_ONCE(r->masked);
	complete(&r->hogged);
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

static void a_poller_that_loses_its_cpu_masks_nothing(struct kunit *test)
{
	struct real *r = real_join(test);
	unsigned int i, cpu = cpumask_first(cpu_online_mask);
	struct task_struct *task;

	init_completion(&r->hogged);
	set_cpus_allowed_ptr(r->entry.poller->task, cpumask_of(cpu));
	sluice_poller_wake(&r->entry);
	for (i = 0; i < 60000 && !READ_ONCE(r->masked); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_LT(test, i, 60000);
	task = kthread_create_on_cpu(hog, r, cpu, "sluice_hog/%u");
	KUNIT_EXPECT_FALSE(test, IS_ERR(task));
	if (!IS_ERR(task)) {
		sched_set_fifo(task);
		wake_up_process(task);
		KUNIT_EXPECT_NE(test,
				wait_for_completion_timeout(&r->hogged, 60 * HZ),
				0);
		kthread_stop(task);
	}
	KUNIT_EXPECT_TRUE(test, r->unmasked);
	sluice_poller_leave(&r->entry);
	KUNIT_EXPECT_FALSE(test, r->masked);
}

static struct kunit_case poller_cases[] = {
	KUNIT_CASE(busy_slices_take_turns),
	KUNIT_CASE(a_round_is_a_number_of_visits),
	KUNIT_CASE(one_that_waits_is_passed_over),
	KUNIT_CASE(time_is_charged_to_who_took_it),
	KUNIT_CASE(visits_that_find_nothing_read_the_clock_once),
	KUNIT_CASE(visits_alone_end_with_another),
	KUNIT_CASE(visits_after_a_wait_are_single),
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
	KUNIT_CASE(another_task_gets_the_cpu),
	KUNIT_CASE(one_that_leaves_has_its_interrupts),
	KUNIT_CASE(the_poller_with_fewest_slices_is_chosen),
	KUNIT_CASE(a_thread_visits_from_join_to_leave),
	KUNIT_CASE(a_poller_that_loses_its_cpu_masks_nothing),
	{}
};

static struct kunit_suite poller_suite = {
	.name = "sluice_poller",
	.init = fake_init,
	.test_cases = poller_cases,
};

kunit_test_suite(poller_suite);
