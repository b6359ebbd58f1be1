// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O queues: depths, wrap-around, many pairs, shared and full completion
 * queues, interrupts and polling
 */
#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define SPAN	4096u	/* blocks that the commands use */

static const struct nvme_queue_opts polled;

static void write_and_read(struct nvme *nv, struct nvme_sq *sq,
			   unsigned int total, const char *what)
{
	static struct load load;

	load_init(&load, sq, 0, SPAN, total);
	/* Every block must be written before it is read. */
	total = MIN(total, SPAN);
	is(load_run(&load, IO_WRITE, total), total, "%s: %u writes", what,
	   total);
	load.span = total;
	is(load_run(&load, IO_READ, 2 * total), 2 * total, "%s: %u reads",
	   what, 2 * total);
	load_free(&load);
	is(nv->bad_cqes, 0, "%s: every completion has a queue and a head",
	   what);
}

static void test_depths(const struct test_opts *opts)
{
	u32 depths[] = { 2, 3, 16, 255, 1024, 0 };
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;
	char what[32];
	u32 max;

	test_start(&nv, &dev, opts);
	max = CAP_MQES(nv.cap) + 1;
	depths[ARRAY_SIZE(depths) - 1] = max;
	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		if (depths[i] > max)
			continue;
		nvme_qpair_create(&nv, &qp, 1, depths[i], polled);
		snprintf(what, sizeof(what), "depth %u", depths[i]);
		write_and_read(&nv, &qp.sq, depths[i] < 16 ? 300 : 3000, what);
		nvme_qpair_delete(&qp);
	}
	test_stop(&nv, &dev);
}

/* A submission queue and a completion queue of different depths */
static void test_unequal(const struct test_opts *opts)
{
	static const u32 depths[][2] = { { 64, 2 }, { 64, 5 }, { 2, 64 } };
	struct vfio_dev dev;
	struct nvme_cq cq;
	struct nvme_sq sq;
	struct nvme nv;
	unsigned int i;
	char what[32];

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		nvme_cq_create(&nv, &cq, 1, depths[i][1], polled);
		nvme_sq_create(&nv, &sq, &cq, 1, depths[i][0], polled);
		snprintf(what, sizeof(what), "SQ of %u, CQ of %u",
			 depths[i][0], depths[i][1]);
		write_and_read(&nv, &sq, 500, what);
		nvme_sq_delete(&sq);
		nvme_cq_delete(&cq);
	}
	test_stop(&nv, &dev);
}

/* The host may use all 65536 command identifiers, in any order. */
static void test_identifiers(const struct test_opts *opts)
{
	static const u16 cids[] = { 0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff };
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	for (i = 0; i < ARRAY_SIZE(cids); i++) {
		qp.sq.next_cid = cids[i];
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = nv.scratch.iova[1];
		cqe = nvme_exec(&qp.sq, &sqe);
		ok(nvme_status(&cqe) == ST_OK && cqe.cid == cids[i],
		   "command identifier 0x%x comes back", cids[i]);
		is(cqe.dw0, 0, "with no result");
	}
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_many_pairs(const struct test_opts *opts)
{
	static struct nvme_qpair qp[NVME_MAX_QUEUES];
	static struct load load[NVME_MAX_QUEUES];
	unsigned int i, n, good = 0;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	n = nv.nr_qpairs;
	for (i = 0; i < n; i++) {
		nvme_qpair_create(&nv, &qp[i], i + 1, 32, polled);
		load_init(&load[i], &qp[i].sq, 512 * i, 512, i);
		good += load_run(&load[i], IO_WRITE, 512);
	}
	for (i = 0; i < n; i++)
		good += load_run(&load[i], IO_READ, 512);
	is(good, 1024 * n, "%u pairs, each with blocks of its own", n);
	for (i = 0; i < n; i++) {
		load_free(&load[i]);
		nvme_qpair_delete(&qp[i]);
	}
	test_stop(&nv, &dev);
}

/* Reads in flight on both queues at once, identified by SQ and CID */
static unsigned int reap_both(struct load *a, struct load *b, unsigned int n)
{
	struct nvme_cqe cqe;
	unsigned int good = 0;

	while (n--) {
		if (!nvme_cq_wait(a->sq->cq, &cqe, NVME_TIMEOUT))
			break;
		good += load_reap(cqe.sq_id == a->sq->id ? a : b, IO_READ,
				  &cqe);
	}
	return good;
}

static void test_shared_cq(const struct test_opts *opts)
{
	static struct load a, b;
	struct vfio_dev dev;
	struct nvme_cq cq;
	struct nvme_sq sq[2];
	struct nvme nv;
	unsigned int round, sent = 0, good = 0;

	test_start(&nv, &dev, opts);
	if (nv.nr_qpairs < 2) {
		tap_skip("shared", "one queue pair only");
		test_stop(&nv, &dev);
		return;
	}
	nvme_cq_create(&nv, &cq, 1, 128, polled);
	is(nvme_sq_create(&nv, &sq[0], &cq, 1, 32, polled), ST_OK,
	   "first submission queue");
	is(nvme_sq_create(&nv, &sq[1], &cq, 2, 32, polled), ST_OK,
	   "second submission queue of the same completion queue");
	load_init(&a, &sq[0], 0, 31, 1);
	load_init(&b, &sq[1], 64, 31, 2);
	is(load_run(&a, IO_WRITE, 31) + load_run(&b, IO_WRITE, 31), 62,
	   "writes");
	for (round = 0; round < 50; round++) {
		unsigned int n = load_fill(&a, IO_READ);

		n += load_fill(&b, IO_READ);
		good += reap_both(&a, &b, n);
		sent += n;
	}
	is(good, sent, "%u reads through both at once", sent);
	is(nvme_sq_delete(&sq[0]), ST_OK, "first queue deleted");
	is(nvme_delete_cmd(&nv, ADM_DELETE_CQ, 1) & ST_CODE, ST_QUEUE_DELETE,
	   "the completion queue is still in use");
	is(load_run(&b, IO_READ, 100), 100, "the second one goes on");
	is(nvme_sq_delete(&sq[1]), ST_OK, "second queue deleted");
	is(nvme_cq_delete(&cq), ST_OK, "completion queue deleted");
	load_free(&a);
	load_free(&b);
	test_stop(&nv, &dev);
}

/* While their queue is full completions wait, and none is lost. */
static void test_full_cq(const struct test_opts *opts)
{
	static struct load load;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme_cq cq;
	struct nvme_sq sq;
	struct nvme nv;
	unsigned int n, got = 0, good = 0;

	test_start(&nv, &dev, opts);
	nvme_cq_create(&nv, &cq, 1, 4, polled);
	nvme_sq_create(&nv, &sq, &cq, 1, 32, polled);
	load_init(&load, &sq, 0, 31, 3);
	is(load_run(&load, IO_WRITE, 31), 31, "writes");
	cq.hold_doorbell = true;
	n = load_fill(&load, IO_READ);
	sleep_ms(500);
	while (nvme_cq_take(&cq, &cqe)) {
		got++;
		good += load_reap(&load, IO_READ, &cqe);
	}
	is(got, 3, "a full queue of four entries holds three");
	ok(!nvme_cq_wait(&cq, &cqe, 300), "no more come without the doorbell");
	cq.hold_doorbell = false;
	nvme_cq_ring(&cq);
	while (got < n && nvme_cq_wait(&cq, &cqe, 5000)) {
		got++;
		good += load_reap(&load, IO_READ, &cqe);
	}
	is(got, n, "all arrive once there is room");
	is(good, n, "with their data");
	load_free(&load);
	nvme_sq_delete(&sq);
	nvme_cq_delete(&cq);
	test_stop(&nv, &dev);
}

/* A queue that stays full can still be deleted, and a reset works */
static void test_full_cq_delete(const struct test_opts *opts)
{
	static struct load load;
	struct vfio_dev dev;
	struct nvme_cq cq;
	struct nvme_sq sq;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_cq_create(&nv, &cq, 1, 2, polled);
	nvme_sq_create(&nv, &sq, &cq, 1, 64, polled);
	load_init(&load, &sq, 0, 63, 3);
	cq.hold_doorbell = true;
	load_fill(&load, IO_READ);
	sleep_ms(100);
	is(nvme_sq_delete(&sq), ST_OK, "SQ deleted while its CQ is full");
	is(nvme_cq_delete(&cq), ST_OK, "CQ deleted while it is full");
	nvme_cq_create(&nv, &cq, 1, 2, polled);
	nvme_sq_create(&nv, &sq, &cq, 1, 64, polled);
	load_restart(&load, &sq);
	load_fill(&load, IO_READ);
	ok(nvme_restart(&nv), "controller reset while a CQ is full");
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK, "it answers");
	nvme_sq_forget(&sq);
	nvme_cq_forget(&cq);
	load_free(&load);
	test_stop(&nv, &dev);
}

static u64 signals(int fd)
{
	u64 count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void test_interrupts(const struct test_opts *opts)
{
	struct nvme_queue_opts irq = { .interrupt = true, .vector = 1 };
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 64, irq);
	load_init(&load, &qp.sq, 0, 512, 9);
	is(load_run(&load, IO_WRITE, 512), 512, "writes, by interrupt");
	is(load_run(&load, IO_READ, 2000), 2000, "reads, by interrupt");
	load_free(&load);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

/* Each completion is signalled, even when they come one at a time. */
static void test_each_interrupt(const struct test_opts *opts)
{
	struct nvme_queue_opts irq = { .interrupt = true, .vector = 1 };
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, k, announced = 0, n = 200;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, irq);
	for (i = 0; i < n; i++) {
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = nv.scratch.iova[1];
		nvme_queue_cmd(&qp.sq, &sqe);
		signals(qp.cq.efd);
		nvme_ring(&qp.sq);
		for (k = 0; k < 5000 && !nvme_cq_take(&qp.cq, &cqe); k++)
			sleep_ms(1);
		for (k = 0; k < 500 && !signals(qp.cq.efd); k++)
			sleep_ms(1);
		announced += k < 500;
	}
	is(announced, n, "every completion comes with an interrupt");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_no_interrupts(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct vfio_dev dev;
	struct nvme_cq other;
	struct nvme nv;
	unsigned int i, good = 0;
	struct nvme_queue_opts irq = { .interrupt = true, .vector = 1 };

	test_start(&nv, &dev, opts);
	if (nv.nr_qpairs < 2) {
		tap_skip("no interrupts", "one queue pair only");
		test_stop(&nv, &dev);
		return;
	}
	nvme_cq_create(&nv, &other, 2, 16, irq);
	nvme_qpair_create(&nv, &qp, 1, 16, (struct nvme_queue_opts){
			  .vector = 1 });
	for (i = 0; i < 50; i++) {
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = nv.scratch.iova[1];
		good += nvme_exec_status(&qp.sq, &sqe) == ST_OK;
	}
	is(good, 50, "commands of a queue without interrupts");
	sleep_ms(50);
	is(signals(other.efd), 0, "do not signal the vector it names");
	nvme_qpair_delete(&qp);
	nvme_cq_delete(&other);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "depths", test_depths },
		{ "unequal", test_unequal },
		{ "identifiers", test_identifiers },
		{ "many-pairs", test_many_pairs },
		{ "shared-cq", test_shared_cq },
		{ "full-cq", test_full_cq },
		{ "full-cq-delete", test_full_cq_delete },
		{ "interrupts", test_interrupts },
		{ "each-interrupt", test_each_interrupt },
		{ "no-interrupts", test_no_interrupts },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
