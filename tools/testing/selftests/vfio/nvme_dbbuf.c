// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow doorbells: Doorbell Buffer Config [NVMe 1.4, 5.7 and annex B.5]
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

#define PARAMETERS	"/sys/module/sluice_nvme/parameters"
#define SPAN		2048u
#define PATTERN		0xa5

static const struct nvme_queue_opts polled;

/**
 * struct buffers - the two pages of shadow doorbells
 * @shadow: doorbells
 * @events: event indices
 */
struct buffers {
	struct dma_buf shadow;
	struct dma_buf events;
};

static u16 config(struct nvme *nv, u64 prp1, u64 prp2)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_DOORBELL_BUFFER, .prp1 = prp1, .prp2 = prp2,
	};

	return nvme_exec_status(&nv->asq, &sqe);
}

static void alloc(struct nvme *nv, struct buffers *b)
{
	dma_alloc(nv->dev, &b->shadow, PAGE, 0);
	dma_alloc(nv->dev, &b->events, PAGE, 0);
}

static void release(struct nvme *nv, struct buffers *b)
{
	nv->shadow = NULL;
	nv->events = NULL;
	nv->shadow_admin = false;
	dma_free(&b->shadow);
	dma_free(&b->events);
}

/* The library uses these pages from now on. */
static void give(struct nvme *nv, struct buffers *b)
{
	u16 status = config(nv, b->shadow.iova[0], b->events.iova[0]);

	is(status, ST_OK, "two pages are accepted");
	if (status)
		tap_bail("there is nothing to test");
	nv->shadow = (u32 *)b->shadow.va;
	nv->events = (u32 *)b->events.va;
}

static bool reads(struct nvme_sq *sq)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);

	sqe.prp1 = sq->nv->scratch.iova[1];
	return nvme_exec_status(sq, &sqe) == ST_OK;
}

static bool offered(struct nvme *nv)
{
	if (nvme_identify(nv, CNS_CTRL, 0) != ST_OK)
		tap_bail("Identify fails");
	return get16(nv->scratch.va + IDC_OACS) & OACS_DOORBELL_BUFFER;
}

static void test_offer(const struct test_opts *opts)
{
	struct buffers b;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	alloc(&nv, &b);
	ok(offered(&nv), "OACS offers it");
	slice_write(PARAMETERS, "shadow_doorbells", "0");
	ok(!offered(&nv), "OACS does not with shadow_doorbells=0");
	is(config(&nv, b.shadow.iova[0], b.events.iova[0]), DNR(ST_OPCODE),
	   "the command is unknown then");
	slice_write(PARAMETERS, "shadow_doorbells", "1");
	is(config(&nv, b.shadow.iova[0], b.events.iova[0]), ST_OK,
	   "the command is known with shadow_doorbells=1");
	release(&nv, &b);
	test_stop(&nv, &dev);
}

static void test_fields(const struct test_opts *opts)
{
	static const u16 offsets[] = { 1, 4, 64, 2048, PAGE - 4 };
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct buffers b;
	unsigned int i;
	struct nvme nv;
	u64 nowhere;

	test_start(&nv, &dev, opts);
	alloc(&nv, &b);
	nvme_qpair_create(&nv, &qp, 1, 4, polled);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		is(config(&nv, b.shadow.iova[0] + offsets[i],
			  b.events.iova[0]), DNR(ST_FIELD),
		   "PRP1 at %u of a page is refused", offsets[i]);
		is(config(&nv, b.shadow.iova[0],
			  b.events.iova[0] + offsets[i]), DNR(ST_FIELD),
		   "PRP2 at %u of a page is refused", offsets[i]);
	}
	nowhere = dma_reserve_iova(&dev, PAGE);
	ok(config(&nv, nowhere, b.events.iova[0]) != ST_OK,
	   "PRP1 is refused where no memory is");
	ok(config(&nv, b.shadow.iova[0], nowhere) != ST_OK,
	   "PRP2 is refused where no memory is");
	ok(config(&nv, ~0ull & ~(u64)PAGE_OFF, ~0ull & ~(u64)PAGE_OFF) != ST_OK,
	   "the last page of all is refused");
	ok(reads(&qp.sq), "doorbells work as before");
	give(&nv, &b);
	ok(reads(&qp.sq), "those in memory do as well");
	give(&nv, &b);
	ok(reads(&qp.sq), "and when the same pages are given again");
	nvme_qpair_delete(&qp);
	release(&nv, &b);
	test_stop(&nv, &dev);
}

/* One command at a time, with pauses in which the slice falls asleep */
static void use_idle(struct nvme_sq *sq, const char *what)
{
	unsigned int i, good = 0;

	for (i = 0; i < 100; i++) {
		good += reads(sq);
		if (i % 4 == 3)
			sleep_ms(2);
	}
	is(good, 100, "%s: %u reads, one by one", what, 100);
}

/* A short queue wraps often enough with fewer commands, which take it longer. */
static unsigned int span(u32 depth)
{
	return depth > 3 ? SPAN : SPAN / 8;
}

static void use_busy(struct nvme_sq *sq, const char *what)
{
	unsigned int nr = span(sq->depth);
	static struct load load;

	load_init(&load, sq, 0, nr, sq->depth);
	is(load_run(&load, IO_WRITE, nr), nr, "%s: %u writes", what, nr);
	is(load_run(&load, IO_READ, nr), nr, "%s: %u reads", what, nr);
	load_free(&load);
}

static void use(struct nvme *nv, const char *mode)
{
	static const u32 depths[] = { 2, 3, 64 };
	struct nvme_qpair qp;
	char what[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		snprintf(what, sizeof(what), "%s, depth %u", mode, depths[i]);
		nvme_qpair_create(nv, &qp, 1, depths[i], polled);
		use_idle(&qp.sq, what);
		nv->rung = 0;
		use_busy(&qp.sq, what);
		/*
		 * Each of the two queues passes its event index once per round;
		 * in a short queue most values pass the event index.
		 */
		if (depths[i] > 3)
			ok(nv->rung <= 2 * 2 * (2 * SPAN / depths[i]),
			   "%s: doorbells stay in memory", what);
		tap_diag("%s: %lu doorbells for %u commands", what, nv->rung,
			 2 * span(depths[i]));
		nvme_qpair_delete(&qp);
		test_still_alive();
	}
}

/*
 * A completion queue is full, and the guest makes room now and then. The slice
 * is asleep each time, so the guest must ring each time.
 */
static void drain_slowly(struct nvme *nv, const char *mode)
{
	struct nvme_cqe cqe;
	struct nvme_cq cq;
	struct nvme_sq sq;
	struct nvme_sqe sqe;
	unsigned int i, got = 0, nr = 24;

	nvme_cq_create(nv, &cq, 1, 8, polled);
	nvme_sq_create(nv, &sq, &cq, 1, 32, polled);
	for (i = 0; i < nr; i++) {
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = nv->scratch.iova[1];
		nvme_queue_cmd(&sq, &sqe);
	}
	nvme_ring(&sq);
	for (; got < nr && nvme_cq_wait(&cq, &cqe, 5000); got++)
		sleep_ms(20);
	is(got, nr, "%s: all completions come from a queue that is full", mode);
	if (got < nr)
		tap_bail("the queue cannot be used further");
	nvme_sq_delete(&sq);
	nvme_cq_delete(&cq);
}

/* Start with these doorbells and this poll_us, and print both into @mode. */
#define MODE_LEN	40
static void start_how(const struct test_opts *opts, bool trapped,
		      const char *dir, const char *us, struct nvme *nv,
		      struct vfio_dev *dev, struct buffers *b, char *mode)
{
	struct test_opts how = *opts;

	how.trapped = trapped;
	snprintf(mode, MODE_LEN, "%s, poll_us=%s",
		 trapped ? "trapped" : "mapped", us);
	if (slice_write(dir, "poll_us", us))
		tap_bail("poll_us cannot be set to %s", us);
	test_start(nv, dev, &how);
	alloc(nv, b);
	give(nv, b);
}

static void test_io_how(const struct test_opts *opts, bool trapped,
			const char *dir, const char *us)
{
	struct vfio_dev dev;
	struct buffers b;
	struct nvme nv;
	char mode[MODE_LEN];

	start_how(opts, trapped, dir, us, &nv, &dev, &b, mode);
	use(&nv, mode);
	drain_slowly(&nv, mode);
	release(&nv, &b);
	test_stop(&nv, &dev);
}

static void test_io(const struct test_opts *opts)
{
	char mdev[256], dir[300], usual[32];

	vfio_sysfs_dir(opts->id, mdev, sizeof(mdev));
	snprintf(dir, sizeof(dir), "%s/sluice", mdev);
	if (!slice_attr(dir, "poll_us", usual, sizeof(usual)))
		tap_bail("no poll_us in %s", dir);
	test_io_how(opts, false, dir, "0");
	test_io_how(opts, true, dir, "0");
	test_io_how(opts, false, dir, usual);
	test_io_how(opts, true, dir, usual);
}

static void test_values(const struct test_opts *opts)
{
	static const u32 wrong[] = { 16, 17, 0xffff, 0x10001, 0xffffffff };
	unsigned int sq_word, cq_word;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct buffers b;
	unsigned int i;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	alloc(&nv, &b);
	give(&nv, &b);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	sq_word = nvme_doorbell_word(&nv, nvme_sq_db(1));
	cq_word = nvme_doorbell_word(&nv, nvme_cq_db(1));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		nvme_doorbell(&nv, nvme_sq_db(1), wrong[i]);
		nvme_doorbell(&nv, nvme_cq_db(1), wrong[i]);
		sleep_ms(20);
		/* as a guest does that has noticed its mistake */
		nv.shadow[sq_word] = qp.sq.tail;
		nv.shadow[cq_word] = qp.cq.head;
		nv.events[sq_word] = qp.sq.tail;
		ok(reads(&qp.sq), "doorbells of 0x%x are ignored", wrong[i]);
	}
	use_busy(&qp.sq, "after all that");
	nvme_qpair_delete(&qp);
	release(&nv, &b);
	test_stop(&nv, &dev);
}

/**
 * struct remapper - a thread that unmaps and maps a buffer
 * @buf: buffer
 * @stop: tells the thread to end
 * @times: number of rounds
 * @failed: number of failures
 */
struct remapper {
	struct dma_buf *buf;
	bool stop;
	unsigned int times;
	unsigned int failed;
};

static void *remap(void *arg)
{
	struct remapper *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		r->failed += dma_unmap(r->buf) != 0;
		sleep_ms(r->times % 4);
		r->failed += dma_map(r->buf) != 0;
		r->times++;
		sleep_ms(1 + r->times % 8);
	}
	return NULL;
}

/* As when a VMM rearranges memory: the guest does not notice. */
static void remap_while_used(struct nvme_sq *sq, struct dma_buf *buf,
			     const char *what)
{
	struct remapper r = { .buf = buf };
	static struct load load;
	pthread_t thread;

	load_init(&load, sq, 0, SPAN, 3);
	if (pthread_create(&thread, NULL, remap, &r))
		tap_bail("no thread");
	is(load_run(&load, IO_WRITE, SPAN), SPAN, "%s is unmapped: writes",
	   what);
	is(load_run(&load, IO_READ, SPAN), SPAN, "%s is unmapped: reads", what);
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ok(r.times && !r.failed, "%s was unmapped and mapped again", what);
	tap_diag("%u times", r.times);
	load_free(&load);
}

static void test_unmap(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct buffers b;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	alloc(&nv, &b);
	give(&nv, &b);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	remap_while_used(&qp.sq, &b.shadow, "the page of doorbells");
	test_still_alive();
	remap_while_used(&qp.sq, &b.events, "the page of event indices");
	ok(reads(&qp.sq), "works afterwards");
	nvme_qpair_delete(&qp);
	release(&nv, &b);
	test_stop(&nv, &dev);
}

/*
 * Commands of the admin queue, @at_once at a time, with some pauses. The
 * doorbell is written for each, so that some come while others are executed.
 */
static void use_admin(struct nvme *nv, unsigned int at_once, const char *what)
{
	unsigned int i, k, good = 0, nr = 0;
	struct nvme_sqe sqe = { .opcode = ADM_GET_FEATURES, .cdw10 = 7 };
	u16 cids[16];

	nv->rung = 0;
	for (i = 0; i < 96; i++) {
		for (k = 0; k < at_once; k++) {
			cids[k] = nvme_queue_cmd(&nv->asq, &sqe);
			nvme_ring(&nv->asq);
		}
		for (k = 0; k < at_once; k++, nr++) {
			struct nvme_cqe cqe = nvme_wait_cid(&nv->asq, cids[k]);

			good += nvme_status(&cqe) == ST_OK;
		}
		if (good != nr)
			break;
		if (i % 4 == 3)
			sleep_ms(2);
	}
	is(good, 96 * at_once, "%s: %u admin commands, %u at a time", what,
	   96 * at_once, at_once);
	tap_diag("%lu doorbells for them", nv->rung);
	if (good != nr)
		tap_bail("the admin queue does not work any more");
}

static void test_admin_how(const struct test_opts *opts, bool trapped,
			   const char *dir, const char *us)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct buffers b;
	struct nvme nv;
	char mode[MODE_LEN];

	start_how(opts, trapped, dir, us, &nv, &dev, &b, mode);
	nv.shadow_admin = true;
	use_admin(&nv, 1, mode);
	use_admin(&nv, 7, mode);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	use_busy(&qp.sq, mode);
	use_admin(&nv, 1, mode);
	nvme_qpair_delete(&qp);
	release(&nv, &b);
	test_stop(&nv, &dev);
}

/* A guest that writes the admin queue's doorbells as those of other queues */
static void test_admin(const struct test_opts *opts)
{
	char mdev[256], dir[300], usual[32];

	vfio_sysfs_dir(opts->id, mdev, sizeof(mdev));
	snprintf(dir, sizeof(dir), "%s/sluice", mdev);
	if (!slice_attr(dir, "poll_us", usual, sizeof(usual)))
		tap_bail("no poll_us in %s", dir);
	test_admin_how(opts, false, dir, "0");
	test_admin_how(opts, true, dir, "0");
	test_admin_how(opts, true, dir, usual);
	test_admin_how(opts, false, dir, usual);
	test_admin_how(opts, false, dir, "4294967295");
	slice_write(dir, "poll_us", usual);
}

/*
 * A guest that begins some commands after it has given the pages; the tail comes
 * back to each value that it can have.
 */
static void test_admin_late(const struct test_opts *opts)
{
	struct nvme_sqe sqe = { .opcode = ADM_GET_FEATURES, .cdw10 = 7 };
	struct nvme_sqe pages = { .opcode = ADM_DOORBELL_BUFFER };
	unsigned int before, i, good, all = 0;
	struct vfio_dev dev;
	struct nvme_cqe cqe;
	struct buffers b;
	struct nvme nv;
	u16 cid;

	test_start(&nv, &dev, opts);
	alloc(&nv, &b);
	pages.prp1 = b.shadow.iova[0];
	pages.prp2 = b.events.iova[0];
	for (before = 0; before <= nv.asq.depth; before++) {
		cid = nvme_queue_cmd(&nv.asq, &pages);
		nvme_ring(&nv.asq);
		/* its completion is the first that counts as before */
		nv.shadow_admin = false;
		cqe = nvme_wait_cid(&nv.asq, cid);
		if (nvme_status(&cqe) != ST_OK)
			tap_bail("the pages are not accepted");
		nv.shadow = (u32 *)b.shadow.va;
		nv.events = (u32 *)b.events.va;
		for (i = 0, good = 0; i < before + 3; i++) {
			nv.shadow_admin = i >= before;
			good += nvme_exec_status(&nv.asq, &sqe) == ST_OK;
			if (good != i + 1)
				tap_bail("command %u after %u does not complete",
					 i, before);
		}
		all += good;
	}
	ok(all, "admin doorbells move after any number of commands");
	tap_diag("%u commands", all);
	release(&nv, &b);
	test_stop(&nv, &dev);
}

static void test_admin_unmap(const struct test_opts *opts)
{
	struct buffers b;
	struct vfio_dev dev;
	struct nvme nv;
	pthread_t thread;

	test_start(&nv, &dev, opts);
	alloc(&nv, &b);
	give(&nv, &b);
	nv.shadow_admin = true;
	for (unsigned int i = 0; i < 2; i++) {
		struct remapper r = { .buf = i ? &b.events : &b.shadow };

		if (pthread_create(&thread, NULL, remap, &r))
			tap_bail("no thread");
		use_admin(&nv, 3, i ? "the page of event indices is unmapped" :
				      "the page of doorbells is unmapped");
		__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		ok(r.times && !r.failed, "it was unmapped and mapped again");
	}
	release(&nv, &b);
	test_stop(&nv, &dev);
}

static bool untouched(const struct dma_buf *buf)
{
	size_t i;

	for (i = 0; i < buf->len; i++) {
		if (buf->va[i] != PATTERN)
			return false;
	}
	return true;
}

static void test_reset(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct buffers b;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	alloc(&nv, &b);
	give(&nv, &b);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	ok(reads(&qp.sq), "works before");
	ok(nvme_restart(&nv), "controller reset");
	nvme_qpair_forget(&qp);
	nv.shadow = NULL;
	memset(b.shadow.va, PATTERN, PAGE);
	memset(b.events.va, PATTERN, PAGE);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	use_idle(&qp.sq, "doorbells as before");
	ok(untouched(&b.shadow) && untouched(&b.events),
	   "the pages are forgotten");
	nvme_qpair_delete(&qp);
	release(&nv, &b);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "offer", test_offer },
		{ "fields", test_fields },
		{ "io", test_io },
		{ "values", test_values },
		{ "unmap", test_unmap },
		{ "admin", test_admin },
		{ "admin_late", test_admin_late },
		{ "admin_unmap", test_admin_unmap },
		{ "reset", test_reset },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
