// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of pollers: whom they visit, when, and for how long
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "poll/pfake_test.h"

static void busy_slices_take_turns(struct kunit *test)
{
	struct pfake *f = test->priv;
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

static void a_round_is_a_number_of_visits(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = &f->slices[0];

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	pfake_visit_often(f, 3);
	/* Another joins one that was alone */
	f->slices[1].work = U32_MAX;
	sluice_poller_wake(&f->slices[1].entry);
	pfake_visit_often(f, 4);
	/* And is alone when the first waits or has left */
	s->entry.waiting = true;
	s->entry.due = U64_MAX;
	pfake_visit_often(f, 2);
	sluice_poller_leave(&s->entry);
	pfake_visit_often(f, 2);
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
	struct pfake *f = test->priv;
	unsigned int i;

	for (i = 0; i < SLICES; i++) {
		f->slices[i].work = U32_MAX;
		sluice_poller_wake(&f->slices[i].entry);
	}
	f->slices[1].entry.waiting = true;
	f->slices[1].entry.due = START + 7 * US;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 0));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 6));
	KUNIT_EXPECT_STREQ(test, f->order, "ac");
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 7));
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
	struct pfake *f = test->priv;

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
static struct pfake_slice *spun_on(struct pfake *f)
{
	struct pfake_slice *s = pfake_busy(f);

	s->entry.poll_us = SLUICE_POLL_US_FOREVER;
	s->takes = 3;
	pfake_visit_often(f, 1);
	memset(f->order, 0, sizeof(f->order));
	return s;
}

/* A round of eight visits, in which no other task has wanted this CPU */
static void whole_round(struct kunit *test, struct pfake *f, u32 work, bool kicks)
{
	struct pfake_slice *s = &f->slices[0];
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
	struct pfake *f = test->priv;
	struct pfake_slice *s = spun_on(f);

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
	struct pfake *f = test->priv;
	struct pfake_slice *s = spun_on(f), *other = &f->slices[1];

	s->wakes = other;
	other->takes = 5;
	other->entry.poll_us = SLUICE_POLL_US_FOREVER;
	pfake_visit_often(f, 8);
	KUNIT_EXPECT_STREQ(test, f->order, "aabababa");
	KUNIT_EXPECT_EQ(test, other->entry.spent, 3 * 5);
	KUNIT_EXPECT_EQ(test, s->entry.spent, f->now - START - 3 * 5);
}

/* Who waited does not keep the poller awake for longer than one visit. */
static void visits_after_a_wait_are_single(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 20));
	pfake_expect_calls(test, s, "pWp");
	f->now = START + 40 * US;
	sluice_poller_round(&f->poller, 8);
	pfake_expect_calls(test, s, "pWp");
	sluice_poller_kick(&s->entry);
	f->alone = false;
	sluice_poller_round(&f->poller, 8);
	pfake_expect_calls(test, s, "pWp");
	/* Nor one that has just had work */
	sluice_poller_kick(&s->entry);
	s->work = 1;
	pfake_visit_often(f, 1);
	sluice_poller_round(&f->poller, 8);
	pfake_expect_calls(test, s, "ppWp");
}

static void another_task_gets_the_cpu(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = pfake_busy(f);

	f->alone = false;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 1));
	pfake_expect_calls(test, s, "pWp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 21 * US);
	s->idle = true;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 50));
	pfake_expect_calls(test, s, "pPp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), START + 100 * US);
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, LIMIT - 1));
	pfake_expect_calls(test, s, "pPp");
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller),
			START + LIMIT * US);
	/* And not the other way round, if polling has no end */
	s->entry.poll_us = SLUICE_POLL_US_FOREVER;
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 1000));
	KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 1000000));
	pfake_expect_calls(test, s, "pp");
	KUNIT_EXPECT_TRUE(test, pfake_listed(s));
	KUNIT_EXPECT_EQ(test, sluice_poller_due(&f->poller), 0);
}

static void one_that_leaves_has_its_interrupts(struct kunit *test)
{
	struct pfake *f = test->priv;
	struct pfake_slice *s = &f->slices[0];
	unsigned int i;

	s->work = U32_MAX;
	sluice_poller_wake(&s->entry);
	sluice_poller_wake(&f->slices[1].entry);
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_TRUE(test, pfake_visit_at(f, 0));
	memset(s->calls, 0, sizeof(s->calls));
	s->entry.waiting = true;
	sluice_poller_leave(&s->entry);
	pfake_expect_calls(test, s, "P");
	KUNIT_EXPECT_FALSE(test, pfake_listed(s));
	KUNIT_EXPECT_FALSE(test, s->entry.waiting);
	KUNIT_EXPECT_NULL(test, s->entry.poller);
	KUNIT_EXPECT_EQ(test, f->poller.nr_slices, SLICES - 1);
	sluice_poller_leave(&f->slices[2].entry);
	pfake_expect_calls(test, &f->slices[2], "");
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
	KUNIT_CASE(another_task_gets_the_cpu),
	KUNIT_CASE(one_that_leaves_has_its_interrupts),
	KUNIT_CASE(the_poller_with_fewest_slices_is_chosen),
	KUNIT_CASE(a_thread_visits_from_join_to_leave),
	KUNIT_CASE(a_poller_that_loses_its_cpu_masks_nothing),
	{}
};

static struct kunit_suite poller_suite = {
	.name = "sluice_poller",
	.init = pfake_init,
	.test_cases = poller_cases,
};

kunit_test_suite(poller_suite);
