// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices fall asleep and wake all the time: no doorbell may get lost in between
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

#define THREADS		4u
#define RUN_MS		4000u	/* for each window, without --count */
#define LOST_MS		10000u
#define FOREVER		4294967295u
#define STILL_ALIVE	4096u	/* toggles between calls of test_still_alive() */

/**
 * struct toggler - a queue and its thread
 * @qp: queue
 * @data: buffer of the reads
 * @rng: random numbers for the pauses
 * @pause_us: pauses are shorter than this
 * @count: toggles to make, 0 for as many as RUN_MS allows
 * @done: toggles made
 * @failed: completed with a status
 * @lost: a command did not complete
 */
struct toggler {
	struct nvme_qpair qp;
	struct dma_buf data;
	struct rng rng;
	unsigned int pause_us;
	unsigned long count;
	unsigned long done;
	unsigned long failed;
	bool lost;
};

static u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

/* The pause need not be exact: the other threads need the processor. */
static void pause_us(u64 us)
{
	u64 end = now_us() + us;

	while (now_us() < end)
		sched_yield();
}

/* nvme_cq_wait() would sleep, and then the slice would always be asleep. */
static bool wait_for(struct nvme_cq *cq, struct nvme_cqe *cqe)
{
	u64 end = now_ms() + LOST_MS;

	while (!nvme_cq_take(cq, cqe)) {
		if (now_ms() > end)
			return false;
		sched_yield();
	}
	return true;
}

static bool toggle(struct toggler *t)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);
	struct nvme_cqe cqe;

	sqe.prp1 = t->data.iova[0];
	nvme_queue_cmd(&t->qp.sq, &sqe);
	nvme_ring(&t->qp.sq);
	if (!wait_for(&t->qp.cq, &cqe))
		return false;
	t->failed += nvme_status(&cqe) != ST_OK;
	t->done++;
	pause_us(rng_below(&t->rng, t->pause_us + 1));
	return true;
}

static void *toggle_all(void *arg)
{
	struct toggler *t = arg;
	u64 end = now_ms() + RUN_MS;

	while (t->count ? t->done < t->count : now_ms() < end) {
		if (!toggle(t)) {
			t->lost = true;
			break;
		}
		if (t->done % STILL_ALIVE == 0)
			test_still_alive();
	}
	return NULL;
}

/* The directory of the slice's attributes */
static void sysfs_dir(const struct test_opts *opts, char *dir, size_t len)
{
	char mdev[256];

	vfio_sysfs_dir(opts->id, mdev, sizeof(mdev));
	snprintf(dir, len, "%s/sluice", mdev);
}

static void set_poll_us(const char *dir, unsigned int us)
{
	char val[16];

	snprintf(val, sizeof(val), "%u", us);
	if (slice_write(dir, "poll_us", val))
		tap_bail("poll_us cannot be set to %s", val);
}

static void prepare(struct toggler *t, struct nvme *nv, u16 qid, u64 seed)
{
	static const struct nvme_queue_opts polled;

	*t = (struct toggler){ .rng.state = seed + qid };
	/* a small queue wraps around often */
	nvme_qpair_create(nv, &t->qp, qid, 2 + qid, polled);
	dma_alloc(nv->dev, &t->data, PAGE, 0);
}

static void run_all(struct toggler *togglers, unsigned int nr)
{
	pthread_t threads[THREADS];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (pthread_create(&threads[i], NULL, toggle_all, &togglers[i]))
			tap_bail("no thread");
	}
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

/* Runs all queues at once with one polling window */
static void run(const struct test_opts *opts, struct nvme *nv, const char *dir,
		unsigned int us)
{
	unsigned int i, nr = MIN(nv->nr_qpairs, THREADS);
	static struct toggler togglers[THREADS];
	unsigned long done = 0, failed = 0;
	bool lost = false;
	u64 before, faults, start;

	set_poll_us(dir, us);
	for (i = 0; i < nr; i++) {
		prepare(&togglers[i], nv, i + 1, opts->seed);
		/* around the window; without one, around the grace time */
		togglers[i].pause_us = us && us != FOREVER ? 2 * us : 200;
		togglers[i].count = DIV_ROUND_UP(opts->count, nr);
	}
	before = slice_number(dir, "doorbell_faults");
	start = now_ms();
	run_all(togglers, nr);
	start = MAX(now_ms() - start, 1ull);
	faults = slice_number(dir, "doorbell_faults") - before;
	for (i = 0; i < nr; i++) {
		done += togglers[i].done;
		failed += togglers[i].failed;
		lost |= togglers[i].lost;
	}
	tap_diag("poll_us=%u: %lu toggles on %u queues, %llu a second, %llu faults",
		 us, done, nr, done * 1000ull / start,
		 (unsigned long long)faults);
	ok(!lost, "poll_us=%u: no doorbell is lost", us);
	ok(done && !failed, "poll_us=%u: every command succeeds", us);
	if (!us && nv->doorbells)
		ok(faults, "poll_us=0: the page was taken away");
	if (lost)
		tap_bail("nothing more can be told of a controller in this state");
	for (i = 0; i < nr; i++) {
		nvme_qpair_delete(&togglers[i].qp);
		dma_free(&togglers[i].data);
	}
}

static void test_windows(const struct test_opts *opts)
{
	static const unsigned int windows[] = { 0, 20, 100, 500, FOREVER };
	unsigned int i, usual;
	struct vfio_dev dev;
	struct nvme nv;
	char dir[300];

	sysfs_dir(opts, dir, sizeof(dir));
	usual = slice_number(dir, "poll_us");
	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(windows); i++)
		run(opts, &nv, dir, windows[i]);
	set_poll_us(dir, usual);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "windows", test_windows },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
