// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two slices of one drive: a user never sees what the other user writes, and
 * both can work at the same time
 */
#include <pthread.h>
#include <string.h>

#include "lib/load.h"
#include "lib/neighbour.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define SPAN	2048u

static const struct nvme_queue_opts polled;

static bool have_second(const struct test_opts *opts)
{
	if (!opts->second)
		tap_skip("second", "no second device was given");
	return opts->second;
}

/* Writes to the first and last blocks of one slice do not reach the other. */
static void test_edges(const struct test_opts *opts)
{
	struct neighbour neighbour;
	struct nvme_qpair qp;
	struct prp_list list;
	struct dma_buf buf;
	struct vfio_dev dev;
	struct nvme nv;
	u64 end;

	if (!have_second(opts))
		return;
	neighbour_fill(&neighbour, opts);
	test_start(&nv, &dev, opts);
	dma_alloc(&dev, &buf, 64 * 1024, 0);
	prp_list_alloc(&dev, &list);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	memset(buf.va, 0xee, buf.len);
	end = nv.nsze - (buf.len >> nv.lba_shift);
	is(nvme_transfer(&qp.sq, IO_WRITE, 0, &buf, 0, buf.len, &list), ST_OK,
	   "write at the beginning");
	is(nvme_transfer(&qp.sq, IO_WRITE, end, &buf, 0, buf.len, &list),
	   ST_OK, "write at the end");
	is(nvme_transfer(&qp.sq, IO_WRITE, end + 1, &buf, 0, buf.len, &list),
	   DNR(ST_LBA_RANGE), "write across the end");
	nvme_qpair_delete(&qp);
	dma_free(&list.mem);
	dma_free(&buf);
	test_stop(&nv, &dev);
	neighbour_check(&neighbour);
}

/**
 * struct user - one of two users
 * @id: device
 * @opts: command line
 * @seed: seed of the data
 * @good: commands with the right result
 */
struct user {
	const char *id;
	const struct test_opts *opts;
	u64 seed;
	unsigned int good;
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct load load;
};

static void user_open(struct user *u)
{
	test_open(&u->dev, u->id, u->opts);
	nvme_start(&u->nv, &u->dev);
	nvme_qpair_create(&u->nv, &u->qp, 1, 64, polled);
	load_init(&u->load, &u->qp.sq, 0, SPAN, u->seed);
}

static void user_close(struct user *u)
{
	load_free(&u->load);
	nvme_qpair_delete(&u->qp);
	test_stop(&u->nv, &u->dev);
}

static void *work(void *arg)
{
	struct user *u = arg;

	u->good = load_run(&u->load, IO_WRITE, SPAN);
	u->good += load_run(&u->load, IO_READ, 2 * SPAN);
	return NULL;
}

/* Both users use the same addresses at the same time, with different data */
static void test_together(const struct test_opts *opts)
{
	static struct user a, b;
	pthread_t thread;

	if (!have_second(opts))
		return;
	a = (struct user){ .id = opts->id, .opts = opts, .seed = 1 };
	b = (struct user){ .id = opts->second, .opts = opts, .seed = 2 };
	user_open(&a);
	user_open(&b);
	if (pthread_create(&thread, NULL, work, &b))
		tap_bail("no thread");
	work(&a);
	pthread_join(thread, NULL);
	is(a.good, 3 * SPAN, "the first user has its own data");
	is(b.good, 3 * SPAN, "the second user has its own data");
	user_close(&a);
	user_close(&b);
}

/* Resets of one slice do not disturb the other. */
static void test_reset(const struct test_opts *opts)
{
	static struct user a, b;
	unsigned int i, back = 0;
	pthread_t thread;

	if (!have_second(opts))
		return;
	a = (struct user){ .id = opts->id, .opts = opts, .seed = 3 };
	b = (struct user){ .id = opts->second, .opts = opts, .seed = 4 };
	user_open(&a);
	user_open(&b);
	if (pthread_create(&thread, NULL, work, &b))
		tap_bail("no thread");
	for (i = 0; i < 20; i++) {
		load_fill(&a.load, IO_READ);
		back += nvme_restart(&a.nv);
		nvme_qpair_forget(&a.qp);
		nvme_qpair_create(&a.nv, &a.qp, 1, 64, polled);
		load_restart(&a.load, &a.qp.sq);
	}
	pthread_join(thread, NULL);
	is(back, 20, "the first controller is reset in flight");
	is(b.good, 3 * SPAN, "the second user notices nothing");
	user_close(&a);
	user_close(&b);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "edges", test_edges },
		{ "together", test_together },
		{ "reset", test_reset },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
