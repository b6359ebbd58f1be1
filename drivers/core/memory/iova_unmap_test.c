// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the guest memory table: unmapping, also beside threads that pin
 * or read
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

#include "memory/mfake_test.h"

/*
 * An unmap of one byte drops what was pinned and mapped together, which is a chunk,
 * and nothing else.
 */
static void iova_partial_unmap(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < MFAKE_CHUNKS; i++)
		mfake_expect(fake, i * PAGES);
	mfake_unmap_range(fake, fake->start + 2 * CHUNK - 1,
			  fake->start + 2 * CHUNK - 1);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table),
			2 * PAGES);
	KUNIT_EXPECT_TRUE(test, mfake_holds(fake, 0));
	KUNIT_EXPECT_FALSE(test, mfake_holds(fake, PAGES));
	KUNIT_EXPECT_FALSE(test, mfake_holds(fake, 2 * PAGES - 1));
	/* The other pages of the chunk come back. */
	mfake_expect(fake, PAGES);
}

/* After a small unmap pages are pinned one by one, and unmapped so. */
static void iova_page_by_page(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned int i;

	mfake_unmap_range(fake, 0, PAGE_SIZE - 1);
	for (i = 0; i < 4; i++)
		mfake_expect(fake, i);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 4);
	mfake_unmap_range(fake, mfake_iova(fake, 1), mfake_iova(fake, 3) - 1);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 2);
	KUNIT_EXPECT_EQ(test, fake->maps, 2);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, mfake_holds(fake, i), i == 0 || i == 3);
	mfake_expect(fake, 1);
	/* The last pages of a chunk take it with them. */
	mfake_unmap_range(fake, fake->start, mfake_iova(fake, 4) - 1);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fake->iova_table.chunks));
	/* It was long ago. */
	fake->iova_table.small = jiffies | 1;
	msleep(20);
	mfake_expect(fake, 0);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

/* Groups of pages are dropped as they were pinned, whatever the range is. */
static void iova_group_by_group(struct kunit *test)
{
	struct mfake *fake = test->priv;
	u64 first = mfake_iova(fake, 66) + 5, last = mfake_iova(fake, 134);
	LIST_HEAD(chunks);

	/* Groups of 64 pages, but of 4 in the second 64 and of 1 near the hole */
	fake->page[100] = MFAKE_MISSING;
	mfake_expect(fake, 0);
	mfake_expect(fake, 66);
	mfake_expect(fake, 101);
	mfake_expect(fake, 130);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table),
			64 + 4 + 1 + 64);
	KUNIT_EXPECT_TRUE(test, sluice_iova_detach(&fake->iova_table, &first,
						   &last, &chunks));
	KUNIT_EXPECT_EQ(test, first, mfake_iova(fake, 64));
	KUNIT_EXPECT_EQ(test, last, mfake_iova(fake, 192) - 1);
	KUNIT_EXPECT_TRUE(test, mfake_holds(fake, 63));
	KUNIT_EXPECT_FALSE(test, mfake_holds(fake, 64));
	KUNIT_EXPECT_FALSE(test, mfake_holds(fake, 101));
	KUNIT_EXPECT_FALSE(test, mfake_holds(fake, 191));
	/* They stay pinned and mapped until nobody uses them. */
	KUNIT_EXPECT_EQ(test, fake->maps, 64 + 4 + 1 + 64);
	sluice_iova_release(&fake->iova_table, &chunks);
	KUNIT_EXPECT_EQ(test, fake->maps, 64);
	mfake_unmap_range(fake, 0, 0);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 64);
}

static void iova_unmap_across_chunks(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < MFAKE_CHUNKS; i++)
		mfake_expect(fake, i * PAGES);
	mfake_unmap_range(fake, fake->start + CHUNK - 1, fake->start + CHUNK);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
	KUNIT_EXPECT_EQ(test, fake->maps, PAGES);
}

static void iova_unmap_all(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < MFAKE_CHUNKS; i++)
		mfake_expect(fake, i * PAGES);
	mfake_unmap_range(fake, 0, U64_MAX);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	KUNIT_EXPECT_EQ(test, fake->maps, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fake->iova_table.chunks));
}

static void iova_unmap_nothing(struct kunit *test)
{
	struct mfake *fake = test->priv;

	mfake_expect(fake, 0);
	mfake_unmap_range(fake, 0, fake->start - 1);
	mfake_unmap_range(fake, fake->start + CHUNK, U64_MAX);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

/* An unmapped range is pinned again only after its grace: this is a kernel thread. */
static void iova_grace(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned long before;

	mfake_expect(fake, 0);
	before = jiffies;
	mfake_unmap_range(fake, fake->start, fake->start + PAGE_SIZE - 1);
	mfake_expect(fake, 0);
	KUNIT_EXPECT_GE(test, jiffies - before, msecs_to_jiffies(100));
}

static void iova_busy_with_unmap(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct sluice_space_unmap unmap;

	mfake_expect(fake, 0);
	sluice_iova_unmap_begin(&fake->iova_table, fake->start, fake->start,
				&unmap);
	/* Pages in the table are found; no other page is pinned, anywhere. */
	mfake_expect(fake, 1);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, fake->start + CHUNK, true),
			-EAGAIN);
	mfake_drop(fake, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, fake->start, true), -EAGAIN);
	sluice_iova_unmap_release(&fake->iova_table);
	sluice_iova_unmap_end(&fake->iova_table, fake->start, fake->start,
			      &unmap);
	mfake_expect(fake, PAGES);
}

/* An unmap does not keep other pages from those who only ask for them. */
static void iova_ask_beside_unmap(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_request request = {};
	struct sluice_space_unmap unmap;

	mfake_expect(fake, 0);
	sluice_iova_unmap_begin(&fake->iova_table, fake->start, fake->start,
				&unmap);
	KUNIT_EXPECT_EQ(test, mfake_get(fake, fake->start + CHUNK, true),
			-EAGAIN);
	mfake_ask(fake, &request, fake->start + CHUNK, true);
	KUNIT_EXPECT_EQ(test, mfake_answer(&request), 0);
	mfake_expect(fake, PAGES);
	mfake_drop(fake, fake->start, fake->start);
	mfake_ask(fake, &request, fake->start, true);
	KUNIT_EXPECT_EQ(test, mfake_answer(&request), -EAGAIN);
	sluice_iova_unmap_release(&fake->iova_table);
	sluice_iova_unmap_end(&fake->iova_table, fake->start, fake->start,
			      &unmap);
	KUNIT_EXPECT_FALSE(test, mfake_holds(fake, 0));
}

struct mfake_getter {
	struct mfake *fake;
	u64 iova;
	int ret;
	struct completion done;
};

static int mfake_getter_thread(void *data)
{
	struct mfake_getter *getter = data;

	getter->ret = mfake_get(getter->fake, getter->iova, true);
	complete(&getter->done);
	return 0;
}

static void mfake_getter_start(struct mfake *fake, struct mfake_getter *getter)
{
	struct task_struct *task;

	getter->fake = fake;
	getter->iova = fake->start;
	init_completion(&getter->done);
	WRITE_ONCE(fake->hold_pin, true);
	task = kthread_run(mfake_getter_thread, getter, "sluice_iova_test");
	KUNIT_ASSERT_FALSE(fake->test, IS_ERR(task));
	wait_for_completion(&fake->entered);
}

/* A thread that waits for a pin gives up when an unmap begins. */
static void iova_waiter_gives_up(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_getter getter;
	struct sluice_space_unmap unmap;

	mfake_getter_start(fake, &getter);
	sluice_iova_unmap_begin(&fake->iova_table, fake->start, fake->start,
				&unmap);
	wait_for_completion(&getter.done);
	KUNIT_EXPECT_EQ(test, getter.ret, -EAGAIN);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fake->iova_table.chunks));
	mfake_drop(fake, fake->start, fake->start);
	sluice_iova_unmap_release(&fake->iova_table);

	/* The page that was pinned for that thread does not stay. */
	complete(&fake->go);
	sluice_iova_unmap_end(&fake->iova_table, fake->start, fake->start,
			      &unmap);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fake->iova_table.chunks));
}

/* An unmap elsewhere may also make the thread give up, but the pin stays. */
static void iova_pin_survives_other_unmap(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_getter getter;

	mfake_getter_start(fake, &getter);
	mfake_unmap_range(fake, 0, 0);
	complete(&fake->go);
	wait_for_completion(&getter.done);
	mfake_expect(fake, 0);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

/* The unmap waits for a limited time, so that VFIO can look itself. */
static void iova_unmap_waits_a_while(struct kunit *test)
{
	struct mfake *fake = test->priv;

	mfake_expect(fake, 0);
	WRITE_ONCE(fake->hold_unpin, true);
	mfake_unmap_range(fake, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, fake->maps, 0);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
	complete(&fake->go);
	mfake_unmap_range(fake, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
}

/**
 * struct mfake_late - VFIO's lock, which unpinning needs, is to be had later
 * @work: when it is
 * @fake: the guest
 */
struct mfake_late {
	struct delayed_work work;
	struct mfake *fake;
};

static void mfake_late_work(struct work_struct *work)
{
	complete(&container_of(to_delayed_work(work), struct mfake_late,
			       work)->fake->go);
}

static void mfake_unmap_round(struct mfake *fake, unsigned int round)
{
	struct sluice_space_unmap unmap;

	sluice_iova_unmap_begin(&fake->iova_table, fake->start, fake->start,
				&unmap);
	unmap.round = round;
	mfake_drop(fake, fake->start, fake->start);
	sluice_iova_unmap_release(&fake->iova_table);
	sluice_iova_unmap_end(&fake->iova_table, fake->start, fake->start,
			      &unmap);
}

/* VFIO calls eleven times at most: the tenth wait lasts as long as it has to. */
static void iova_last_round_waits_on(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_late late = { .fake = fake };

	mfake_expect(fake, 0);
	WRITE_ONCE(fake->hold_unpin, true);
	mfake_unmap_round(fake, 9);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
	INIT_DELAYED_WORK_ONSTACK(&late.work, mfake_late_work);
	schedule_delayed_work(&late.work, 2 * HZ);
	mfake_unmap_round(fake, 10);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	flush_delayed_work(&late.work);
	destroy_delayed_work_on_stack(&late.work);
}

/**
 * struct mfake_reader - a thread that reads something under RCU, for long
 * @entered: it has begun
 * @stop: it is to end
 */
struct mfake_reader {
	struct completion entered;
	bool stop;
};

static int mfake_reader_thread(void *data)
{
	unsigned long end = jiffies + 2 * HZ;
	struct mfake_reader *reader = data;

	rcu_read_lock();
	complete(&reader->entered);
	while (!READ_ONCE(reader->stop) && time_before(jiffies, end))
		cpu_relax();
	rcu_read_unlock();
	/* ended by itself: somebody has waited for it */
	return !READ_ONCE(reader->stop);
}

/*
 * The VMM's vCPUs wait for an unmap. So it waits for no grace period of RCU, long
 * or expedited: it is over before a thread that had been reading.
 */
static void iova_unmap_beside_reader(struct kunit *test)
{
	struct mfake_reader reader = {};
	struct mfake *fake = test->priv;
	struct task_struct *task;

	mfake_expect(fake, 0);
	init_completion(&reader.entered);
	task = kthread_create(mfake_reader_thread, &reader, "sluice_iova_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	wake_up_process(task);
	wait_for_completion(&reader.entered);
	mfake_unmap_range(fake, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	WRITE_ONCE(reader.stop, true);
	KUNIT_EXPECT_EQ(test, kthread_stop(task), 0);
	put_task_struct(task);
}

/**
 * struct mfake_copier - a thread that copies to the guest's first page
 * @fake: the guest
 * @ret: what came of it
 * @begun: it is about to
 * @done: it has
 */
struct mfake_copier {
	struct mfake *fake;
	int ret;
	struct completion begun;
	struct completion done;
};

static int mfake_copier_thread(void *data)
{
	struct mfake_copier *copier = data;
	char byte = 0;

	complete(&copier->begun);
	copier->ret = sluice_iova_copy(&copier->fake->iova_table,
				       copier->fake->start, &byte, 1, true);
	complete(&copier->done);
	return 0;
}

/* No page is taken out of the table while a thread copies to it. */
static void iova_unmap_beside_copy(struct kunit *test)
{
	struct mfake *fake = test->priv;
	struct mfake_copier copier = { .fake = fake };
	struct task_struct *task;

	mfake_expect(fake, 0);
	init_completion(&copier.begun);
	init_completion(&copier.done);
	/* as if it were being taken out: the other thread does not use it now */
	mutex_lock(&fake->iova_table.table_lock);
	task = kthread_run(mfake_copier_thread, &copier, "sluice_iova_test");
	if (!IS_ERR(task)) {
		wait_for_completion(&copier.begun);
		KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&copier.done,
								  HZ / 20), 0);
	}
	mutex_unlock(&fake->iova_table.table_lock);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&copier.done);
	KUNIT_EXPECT_EQ(test, copier.ret, 0);
}

static struct kunit_case iova_unmap_cases[] = {
	KUNIT_CASE(iova_partial_unmap),
	KUNIT_CASE(iova_page_by_page),
	KUNIT_CASE(iova_group_by_group),
	KUNIT_CASE(iova_unmap_across_chunks),
	KUNIT_CASE(iova_unmap_all),
	KUNIT_CASE(iova_unmap_nothing),
	KUNIT_CASE(iova_grace),
	KUNIT_CASE(iova_busy_with_unmap),
	KUNIT_CASE(iova_ask_beside_unmap),
	KUNIT_CASE(iova_waiter_gives_up),
	KUNIT_CASE(iova_pin_survives_other_unmap),
	KUNIT_CASE(iova_unmap_waits_a_while),
	KUNIT_CASE(iova_last_round_waits_on),
	KUNIT_CASE(iova_unmap_beside_reader),
	KUNIT_CASE(iova_unmap_beside_copy),
	{}
};

static struct kunit_suite iova_unmap_suite = {
	.name = "sluice_iova_unmap",
	.init = mfake_init,
	.exit = mfake_exit,
	.test_cases = iova_unmap_cases,
};

kunit_test_suite(iova_unmap_suite);
