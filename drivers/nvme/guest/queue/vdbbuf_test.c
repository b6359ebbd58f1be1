// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of shadow doorbells
 *
 * What is written to the guest's two pages, what is read from them, and where
 * the doorbells are while the pages are unmapped.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "guest/vfake_test.h"

#define DBBUF_CONFIG	0x7c

#define SHADOW	0x0000333300000000ull
#define EVENTS	0x0000444400000000ull
#define PAGE	((u64)SLUICE_NVME_PAGE)
#define WORDS	(SLUICE_NVME_PAGE / sizeof(__le32))

static u32 config(struct vfake *f, u64 prp1, u64 prp2)
{
	const struct nvme_cmd cmd = {
		.opcode	= DBBUF_CONFIG,
		.prp1	= cpu_to_le64(prp1),
		.prp2	= cpu_to_le64(prp2),
	};
	u32 result = 0;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vadmin_execute(&f->vctrl, &cmd, &result));
}

static void configured(struct vfake *f)
{
	vfake_map(f, SHADOW);
	vfake_map(f, EVENTS);
	KUNIT_ASSERT_EQ(f->test, (int)config(f, SHADOW, EVENTS), 0);
	KUNIT_ASSERT_FALSE(f->test, sluice_vdbbuf_away(&f->vctrl));
}

static void take_away(struct vfake *f, u64 iova)
{
	guard(mutex)(&f->vctrl.admin_lock);
	sluice_vdbbuf_unmap(&f->vctrl, iova, PAGE);
}

static int give_back(struct vfake *f)
{
	guard(mutex)(&f->vctrl.admin_lock);
	return sluice_vdbbuf_map(&f->vctrl);
}

static void start(struct vfake *f, unsigned int index)
{
	guard(mutex)(&f->vctrl.admin_lock);
	sluice_vdbbuf_start(&f->vctrl, index);
}

static __le32 *words(struct vfake *f, u64 iova)
{
	return (__le32 *)vfake_page(f, iova)->va;
}

static u32 word(struct vfake *f, u64 iova, unsigned int at)
{
	return le32_to_cpu(words(f, iova)[at]);
}

/* What the guest writes to its page */
static void put(struct vfake *f, u64 iova, unsigned int at, u32 value)
{
	WRITE_ONCE(words(f, iova)[at], cpu_to_le32(value));
}

static void expect_sqs(struct vfake *f, u32 one, u32 two)
{
	KUNIT_EXPECT_EQ(f->test, sluice_vctrl_sq_doorbell(&f->vctrl, 1), one);
	KUNIT_EXPECT_EQ(f->test, sluice_vctrl_sq_doorbell(&f->vctrl, 2), two);
}

static void refused(struct kunit *test)
{
	static const struct {
		u64 prp1, prp2;
	} cases[] = {
		{ SHADOW + 4, EVENTS },
		{ SHADOW, EVENTS + 2048 },
		{ SHADOW, EVENTS + PAGE },	/* nobody's memory */
		{ SHADOW + PAGE, EVENTS },
		{ U64_MAX - PAGE + 1, EVENTS },
	};
	struct vfake *f = test->priv;
	bool offered = sluice_vdbbuf_offered;
	unsigned int i;

	vfake_map(f, SHADOW);
	vfake_map(f, EVENTS);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, (int)config(f, cases[i].prp1, cases[i].prp2),
				VFAKE_DNR(NVME_SC_INVALID_FIELD));
		KUNIT_EXPECT_FALSE(test, sluice_vdbbuf_away(&f->vctrl));
	}
	sluice_vdbbuf_offered = false;
	KUNIT_EXPECT_EQ(test, (int)config(f, SHADOW, EVENTS),
			VFAKE_DNR(NVME_SC_INVALID_OPCODE));
	sluice_vdbbuf_offered = offered;
	/* of memory that is away for a moment it is not known yet */
	f->vmap_err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, config(f, SHADOW, EVENTS), VFAKE_RETRY);
	KUNIT_EXPECT_NULL(test, memchr_inv(words(f, SHADOW), 0, PAGE));
	KUNIT_EXPECT_NULL(test, memchr_inv(words(f, EVENTS), 0, PAGE));
}

/* The doorbells move to the page */
static void values_move(struct kunit *test)
{
	struct vfake *f = test->priv;

	vfake_ring_sq(f, 0, 3);
	vfake_ring_cq(f, 0, 4);
	vfake_ring_sq(f, 1, 5);
	vfake_ring_cq(f, 1, 6);
	vfake_ring_sq(f, VFAKE_QPAIRS, 7);
	configured(f);
	KUNIT_EXPECT_EQ(test, word(f, SHADOW, VFAKE_SQ_DB(0)), 3u);
	KUNIT_EXPECT_EQ(test, word(f, SHADOW, VFAKE_CQ_DB(0)), 4u);
	KUNIT_EXPECT_EQ(test, word(f, SHADOW, VFAKE_SQ_DB(1)), 5u);
	KUNIT_EXPECT_EQ(test, word(f, SHADOW, VFAKE_CQ_DB(1)), 6u);
	KUNIT_EXPECT_EQ(test, word(f, SHADOW, VFAKE_SQ_DB(VFAKE_QPAIRS)), 7u);

	put(f, SHADOW, VFAKE_SQ_DB(1), 9);
	put(f, SHADOW, VFAKE_CQ_DB(1), 10);
	KUNIT_EXPECT_EQ(test, sluice_vctrl_sq_doorbell(&f->vctrl, 1), 9u);
	KUNIT_EXPECT_EQ(test, sluice_vctrl_cq_doorbell(&f->vctrl, 1), 10u);
	/* the other way counts no more */
	vfake_ring_sq(f, 1, 11);
	KUNIT_EXPECT_EQ(test, sluice_vctrl_sq_doorbell(&f->vctrl, 1), 9u);
}

static unsigned int syncs;

static void note_sync(struct sluice_dev *sdev)
{
	syncs++;
}

/*
 * A guest may give the same two pages again and again. That maps nothing and waits
 * for nobody, and no doorbell changes.
 */
static void same_again(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	syncs = 0;
	kunit_activate_static_stub(test, sluice_poll_sync, note_sync);
	configured(f);
	f->vmap_iovas = NULL;
	for (i = 1; i < 5; i++) {
		put(f, SHADOW, VFAKE_SQ_DB(1), i);
		put(f, SHADOW, VFAKE_CQ_DB(2), i + 1);
		f->vctrl.sqs[2].head = i + 2;
		KUNIT_EXPECT_EQ(test, (int)config(f, SHADOW, EVENTS), 0);
		expect_sqs(f, i, 0);
		KUNIT_EXPECT_EQ(test, sluice_vctrl_cq_doorbell(&f->vctrl, 2), i + 1);
		/* the guest may have cleared its pages */
		KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_SQ_DB(2)), i + 2);
	}
	KUNIT_EXPECT_NULL(test, f->vmap_iovas);
	KUNIT_EXPECT_EQ(test, syncs, 0u);

	/* the one for the other is something else, and so is one of them */
	KUNIT_EXPECT_EQ(test, (int)config(f, EVENTS, SHADOW), 0);
	KUNIT_EXPECT_EQ(test, syncs, 1u);
	KUNIT_EXPECT_EQ(test, (int)config(f, SHADOW, SHADOW), 0);
	KUNIT_EXPECT_EQ(test, (int)config(f, SHADOW, EVENTS), 0);
	KUNIT_EXPECT_EQ(test, syncs, 3u);
	/* away, it has to be found */
	take_away(f, EVENTS);
	f->vmap_iovas = NULL;
	KUNIT_EXPECT_EQ(test, (int)config(f, SHADOW, EVENTS), 0);
	KUNIT_EXPECT_NOT_NULL(test, f->vmap_iovas);
	KUNIT_EXPECT_FALSE(test, sluice_vdbbuf_away(&f->vctrl));
}

static void expect_admin(struct vfake *f, u32 tail, u32 head)
{
	KUNIT_EXPECT_EQ(f->test, sluice_vctrl_sq_doorbell(&f->vctrl, 0), tail);
	KUNIT_EXPECT_EQ(f->test, sluice_vctrl_cq_doorbell(&f->vctrl, 0), head);
}

/* A guest that leaves its admin queue out, as Linux does, for many rounds */
static void admin_page(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_ring_sq(f, 0, 3);
	vfake_ring_cq(f, 0, 2);
	configured(f);
	expect_admin(f, 3, 2);
	for (i = 4; i < 100; i++) {
		vfake_ring_sq(f, 0, i % 8);
		vfake_ring_cq(f, 0, (i - 1) % 8);
		expect_admin(f, i % 8, (i - 1) % 8);
		/* a look in between changes nothing, nor does a page that goes */
		if (i % 3)
			continue;
		expect_admin(f, i % 8, (i - 1) % 8);
		take_away(f, i % 2 ? SHADOW : EVENTS);
		expect_admin(f, i % 8, (i - 1) % 8);
		KUNIT_EXPECT_EQ(test, give_back(f), 0);
		expect_admin(f, i % 8, (i - 1) % 8);
	}
	KUNIT_EXPECT_EQ(test, f->vctrl.dbbuf.used, 0u);
}

/*
 * A guest that puts its admin queue there as well, from the first doorbell on or
 * after some in the page. Doorbells in the page count no more, whichever they
 * are: they come late.
 */
static void admin_shadow(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int before, i;
	u32 tail = 0;

	for (before = 0; before < 20; before++) {
		configured(f);
		for (i = 0; i < before; i++) {
			tail = (tail + 1) % 8;
			vfake_ring_sq(f, 0, tail);
			vfake_ring_cq(f, 0, tail);
			expect_admin(f, tail, tail);
		}
		for (i = 0; i < 20; i++) {
			/* the longest way that a guest can go at once */
			tail = (tail + (i % 2 ? 7 : 1)) % 8;
			put(f, SHADOW, VFAKE_SQ_DB(0), tail);
			put(f, SHADOW, VFAKE_CQ_DB(0), tail);
			expect_admin(f, tail, tail);
			vfake_ring_sq(f, 0, (tail + 3) % 8);
			expect_admin(f, tail, tail);
			KUNIT_EXPECT_EQ(test, f->vctrl.dbbuf.used, 3u);
		}
	}
}

/* One doorbell in each page, and what becomes of them when the pages go */
static void admin_away(struct kunit *test)
{
	struct vfake *f = test->priv;

	configured(f);
	put(f, SHADOW, VFAKE_SQ_DB(0), 5);
	vfake_ring_cq(f, 0, 4);
	f->vctrl.sqs[0].head = 5;
	take_away(f, EVENTS);
	KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_SQ_DB(0)), 5u);
	expect_admin(f, 5, 4);
	put(f, SHADOW, VFAKE_SQ_DB(0), 6);
	vfake_ring_sq(f, 0, 6);
	put(f, SHADOW, VFAKE_SQ_DB(0), 7);
	vfake_ring_cq(f, 0, 6);
	expect_admin(f, 6, 6);
	KUNIT_EXPECT_EQ(test, give_back(f), 0);
	expect_admin(f, 7, 6);

	/* a Controller Reset, and another guest */
	scoped_guard(mutex, &f->vctrl.admin_lock)
		sluice_vdbbuf_reset(&f->vctrl);
	start(f, 0);
	start(f, 1);
	configured(f);
	expect_admin(f, 0, 0);
	vfake_ring_sq(f, 0, 1);
	vfake_ring_cq(f, 0, 1);
	expect_admin(f, 1, 1);
}

/* Nothing is written but the doorbells and event indices of this controller */
static void other_words_stay(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int at;

	memset(vfake_map(f, SHADOW)->va, 0xee, PAGE);
	memset(vfake_map(f, EVENTS)->va, 0xee, PAGE);
	configured(f);
	for (at = 0; at < WORDS; at++) {
		bool doorbell = !(at % 8) && at < VFAKE_SQ_DB(VFAKE_QPAIRS + 1);
		bool event = doorbell && !(at % 16);

		KUNIT_ASSERT_EQ(test, word(f, SHADOW, at),
				doorbell ? 0u : 0xeeeeeeeeu);
		KUNIT_ASSERT_EQ(test, word(f, EVENTS, at),
				event ? 0u : 0xeeeeeeeeu);
	}
}

/* Armed is what was seen, whatever the guest makes of it */
static void event_indices(struct kunit *test)
{
	struct vfake *f = test->priv;

	f->vctrl.sqs[1].head = 12;
	f->vctrl.sqs[2].head = 13;
	configured(f);
	KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_SQ_DB(1)), 12u);
	KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_SQ_DB(2)), 13u);
	put(f, EVENTS, VFAKE_SQ_DB(1), 0xdead);
	f->vctrl.sqs[1].head = 14;
	sluice_vdbbuf_arm_all(&f->vctrl);
	KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_SQ_DB(1)), 14u);
	sluice_vdbbuf_arm(&f->vctrl, 2 * 3 + 1, 15);
	KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_CQ_DB(3)), 15u);
}

/*
 * Either page goes: the doorbells are in the device's page until both are back.
 * What the guest has written to its own by then counts.
 */
static void pages_away(struct kunit *test)
{
	static const u64 gone[] = { SHADOW, EVENTS };
	struct vfake *f = test->priv;
	unsigned int i;

	configured(f);
	for (i = 0; i < ARRAY_SIZE(gone); i++) {
		put(f, SHADOW, VFAKE_SQ_DB(1), 20 + i);
		take_away(f, SHADOW + PAGE);
		take_away(f, EVENTS - PAGE);
		KUNIT_EXPECT_FALSE(test, sluice_vdbbuf_away(&f->vctrl));

		f->vctrl.sqs[1].head = 20 + i;
		take_away(f, gone[i]);
		KUNIT_EXPECT_TRUE(test, sluice_vdbbuf_away(&f->vctrl));
		KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_SQ_DB(1)), 20 + i);
		expect_sqs(f, 20 + i, 0);
		vfake_ring_sq(f, 1, 30);
		expect_sqs(f, 30, 0);
		put(f, SHADOW, VFAKE_SQ_DB(1), 40);
		f->vmap_err = -EAGAIN;
		KUNIT_EXPECT_EQ(test, give_back(f), -EAGAIN);
		expect_sqs(f, 30, 0);
		f->vmap_err = 0;
		KUNIT_EXPECT_EQ(test, give_back(f), 0);
		KUNIT_EXPECT_FALSE(test, sluice_vdbbuf_away(&f->vctrl));
		expect_sqs(f, 40, 0);
	}
}

/* A queue that is created has a doorbell of zero, wherever that is, or will be */
static void new_queues(struct kunit *test)
{
	struct vfake *f = test->priv;

	configured(f);
	put(f, SHADOW, VFAKE_SQ_DB(1), 50);
	put(f, SHADOW, VFAKE_SQ_DB(2), 51);
	put(f, EVENTS, VFAKE_SQ_DB(1), 52);
	start(f, 2);
	expect_sqs(f, 0, 51);
	KUNIT_EXPECT_EQ(test, word(f, EVENTS, VFAKE_SQ_DB(1)), 0u);

	put(f, SHADOW, VFAKE_SQ_DB(1), 53);
	take_away(f, SHADOW);
	expect_sqs(f, 53, 51);
	start(f, 2);
	expect_sqs(f, 0, 51);
	KUNIT_EXPECT_EQ(test, give_back(f), 0);
	expect_sqs(f, 0, 51);
	/* once: what is written from now on is the guest's */
	put(f, SHADOW, VFAKE_SQ_DB(1), 54);
	take_away(f, SHADOW);
	KUNIT_EXPECT_EQ(test, give_back(f), 0);
	expect_sqs(f, 54, 51);
}

/* Other pages, and then none */
static void other_pages(struct kunit *test)
{
	struct vfake *f = test->priv;

	configured(f);
	put(f, SHADOW, VFAKE_SQ_DB(1), 60);
	vfake_map(f, SHADOW + PAGE);
	vfake_map(f, EVENTS + PAGE);
	KUNIT_EXPECT_EQ(test, (int)config(f, SHADOW + PAGE, EVENTS + PAGE), 0);
	expect_sqs(f, 60, 0);
	put(f, SHADOW, VFAKE_SQ_DB(1), 61);
	expect_sqs(f, 60, 0);
	put(f, SHADOW + PAGE, VFAKE_SQ_DB(1), 62);
	expect_sqs(f, 62, 0);

	scoped_guard(mutex, &f->vctrl.admin_lock)
		sluice_vdbbuf_reset(&f->vctrl);
	KUNIT_EXPECT_FALSE(test, sluice_vdbbuf_away(&f->vctrl));
	expect_sqs(f, 62, 0);
	put(f, SHADOW + PAGE, VFAKE_SQ_DB(1), 63);
	put(f, EVENTS + PAGE, VFAKE_SQ_DB(1), 64);
	sluice_vdbbuf_arm_all(&f->vctrl);
	KUNIT_EXPECT_EQ(test, word(f, EVENTS + PAGE, VFAKE_SQ_DB(1)), 64u);
	expect_sqs(f, 62, 0);
	KUNIT_EXPECT_EQ(test, give_back(f), 0);
	expect_sqs(f, 62, 0);
}

static unsigned int synced;

/* Those who come find the pages no longer, and the pages are still there */
static void count_sync(struct sluice_dev *sdev)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);
	const struct sluice_vdbbuf *dbbuf = &f->vctrl.dbbuf;

	synced += !dbbuf->shadow && !dbbuf->events && dbbuf->shadow_ring.va &&
		  dbbuf->event_ring.va;
}

/* The poller has ended its visit before the pages are unmapped */
static void poller_ends(struct kunit *test)
{
	struct vfake *f = test->priv;

	synced = 0;
	kunit_activate_static_stub(test, sluice_poll_sync, count_sync);
	configured(f);
	take_away(f, EVENTS);
	KUNIT_EXPECT_EQ(test, synced, 1u);
	KUNIT_EXPECT_NULL(test, f->vctrl.dbbuf.shadow_ring.va);
	KUNIT_EXPECT_NULL(test, f->vctrl.dbbuf.event_ring.va);
}

/**
 * struct taker - a thread that takes the pages away
 * @work: the thread
 * @f: fixture
 * @done: they are unmapped
 */
struct taker {
	struct work_struct work;
	struct vfake *f;
	struct completion done;
};

static void taker_work(struct work_struct *work)
{
	struct taker *taker = container_of(work, struct taker, work);

	vfake_enter(taker->f);
	take_away(taker->f, SHADOW);
	vfake_leave();
	complete(&taker->done);
}

/*
 * Who holds a lock under which the pages are used, may use them till the end. The
 * other thread needs another processor, since this one is busy holding the lock.
 */
static void expect_wait(struct vfake *f, spinlock_t *lock)
{
	struct taker taker = { .f = f };
	unsigned int ms = 10000, cpu;
	unsigned long flags;
	bool early;

	INIT_WORK_ONSTACK(&taker.work, taker_work);
	init_completion(&taker.done);
	spin_lock_irqsave(lock, flags);
	cpu = cpumask_any_but(cpu_online_mask, smp_processor_id());
	queue_work_on(cpu, system_highpri_wq, &taker.work);
	while (READ_ONCE(f->vctrl.dbbuf.events) && --ms)
		mdelay(1);
	mdelay(20);
	early = completion_done(&taker.done);
	spin_unlock_irqrestore(lock, flags);
	wait_for_completion(&taker.done);
	destroy_work_on_stack(&taker.work);
	KUNIT_EXPECT_NE_MSG(f->test, ms, 0u, "the other thread did not begin");
	KUNIT_EXPECT_FALSE(f->test, early);
}

static void users_end(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int qid;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two processors");
	configured(f);
	for (qid = 0; qid <= VFAKE_QPAIRS; qid++) {
		expect_wait(f, &f->vctrl.cqs[qid].lock);
		KUNIT_EXPECT_EQ(test, give_back(f), 0);
	}
	/* the admin queue's tail is for holders of the admin lock */
	for (qid = 1; qid <= VFAKE_QPAIRS; qid++) {
		expect_wait(f, &f->vctrl.sqs[qid].hw_lock);
		KUNIT_EXPECT_EQ(test, give_back(f), 0);
	}
}

static struct kunit_case vdbbuf_cases[] = {
	KUNIT_CASE(refused),
	KUNIT_CASE(values_move),
	KUNIT_CASE(same_again),
	KUNIT_CASE(admin_page),
	KUNIT_CASE(admin_shadow),
	KUNIT_CASE(admin_away),
	KUNIT_CASE(other_words_stay),
	KUNIT_CASE(event_indices),
	KUNIT_CASE(pages_away),
	KUNIT_CASE(new_queues),
	KUNIT_CASE(other_pages),
	KUNIT_CASE(poller_ends),
	KUNIT_CASE(users_end),
	{}
};

static struct kunit_suite vdbbuf_suite = {
	.name = "sluice-nvme-vdbbuf",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vdbbuf_cases,
};

kunit_test_suites(&vdbbuf_suite);
