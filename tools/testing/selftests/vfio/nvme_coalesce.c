// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt coalescing: features 08h and 09h [NVMe 1.4, 5.21.1.8 and 9]
 *
 * A signal that comes too early is always a failure. How soon a signal comes
 * also depends on the machine, so only some bursts must be signalled soon.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define VECTOR	1u
#define UNIT_US	100u
#define ROUNDS	20u
#define MOST	15u
#define SOME	(ROUNDS / 4)	/* 0 if every signal waited */

#define THR(n)		((n) - 1u)
#define TIME(units)	((u32)(units) << 8)
#define CD		BIT(16)

/* In units: SHORT is longer than eight reads take, LONG is the longest */
#define SHORT	50u
#define LONG	255u

static const struct nvme_queue_opts by_interrupt = {
	.interrupt = true, .vector = VECTOR,
};

static u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

static u64 signals(int fd)
{
	u64 count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Returns 0 on time-out */
static u64 wait_signal(int fd, unsigned int ms)
{
	u64 end = now_ms() + ms, count;

	do {
		count = signals(fd);
	} while (!count && now_ms() < end);
	return count;
}

static void set(struct nvme *nv, u32 fid, u32 val)
{
	u16 status = nvme_set_feature(nv, fid, val, NULL);

	if (status)
		tap_bail("feature 0x%x: status 0x%x", fid, status);
}

static void submit(struct nvme_sq *sq, unsigned int nr)
{
	struct nvme_sqe sqe;

	while (nr--) {
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = sq->nv->scratch.iova[1];
		nvme_queue_cmd(sq, &sqe);
	}
	nvme_ring(sq);
}

static void take(struct nvme_cq *cq, unsigned int nr)
{
	u64 end = now_ms() + NVME_TIMEOUT;
	struct nvme_cqe cqe;

	while (nr && now_ms() < end) {
		if (nvme_cq_take(cq, &cqe))
			nr--;
	}
	if (nr)
		tap_bail("%u commands do not complete", nr);
}

/**
 * struct outcome - the result of several bursts
 * @alone: bursts with exactly one signal
 * @soon: bursts whose first signal came before TIME
 * @silent: bursts without a signal
 */
struct outcome {
	unsigned int alone;
	unsigned int soon;
	unsigned int silent;
};

/* @units: the TIME for counting soon signals */
static struct outcome bursts(struct nvme_qpair *qp, unsigned int nr,
			     unsigned int units)
{
	struct outcome out = { };
	unsigned int i;
	u64 start, count;

	for (i = 0; i < ROUNDS; i++) {
		signals(qp->cq.efd);
		start = now_us();
		submit(&qp->sq, nr);
		count = wait_signal(qp->cq.efd, NVME_TIMEOUT);
		out.soon += count && now_us() - start < units * UNIT_US;
		take(&qp->cq, nr);
		out.silent += !count;
		/* further signals for this burst would come within TIME */
		sleep_ms(2 * LONG * UNIT_US / 1000);
		out.alone += count + signals(qp->cq.efd) == 1;
	}
	tap_diag("of %u bursts of %u: %u one signal, %u before %u us", ROUNDS,
		 nr, out.alone, out.soon, units * UNIT_US);
	return out;
}

/* Each command is signalled at once. */
static void check_none(struct nvme_qpair *qp, const char *what)
{
	struct outcome out = bursts(qp, 1, LONG);

	ok(!out.silent && out.soon >= SOME, "%s: no signal waits", what);
}

static void test_thresholds(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct outcome out;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 32, by_interrupt);
	check_none(&qp, "after a reset");

	set(&nv, FEAT_IRQ_COALESCING, TIME(LONG) | THR(8));
	out = bursts(&qp, 8, LONG);
	is(out.silent, 0, "THR entries: they are told of");
	ok(out.alone >= MOST, "THR entries: by one signal");
	ok(out.soon >= SOME, "THR entries: without a wait");

	out = bursts(&qp, 3, LONG);
	is(out.silent, 0, "fewer entries: they are told of");
	is(out.soon, 0, "fewer entries: not before TIME");
	ok(out.alone >= MOST, "fewer entries: by one signal");

	set(&nv, FEAT_IRQ_COALESCING, TIME(SHORT) | THR(8));
	out = bursts(&qp, 1, SHORT);
	is(out.silent, 0, "one entry: it is told of");
	is(out.soon, 0, "one entry: not before a shorter TIME");
	is(out.alone, ROUNDS, "one entry: by one signal");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_none(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct outcome out;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 32, by_interrupt);
	set(&nv, FEAT_IRQ_COALESCING, TIME(0) | THR(8));
	check_none(&qp, "TIME=0");
	set(&nv, FEAT_IRQ_COALESCING, TIME(LONG) | THR(1));
	check_none(&qp, "THR=0");
	set(&nv, FEAT_IRQ_COALESCING, TIME(LONG) | THR(256));
	set(&nv, FEAT_IRQ_CONFIG, CD | VECTOR);
	check_none(&qp, "Coalescing Disable");
	set(&nv, FEAT_IRQ_CONFIG, VECTOR);
	out = bursts(&qp, 1, LONG);
	is(out.soon + out.silent, 0, "without Coalescing Disable they wait");
	ok(nvme_restart(&nv), "controller reset");
	nvme_qpair_forget(&qp);
	nvme_qpair_create(&nv, &qp, 1, 32, by_interrupt);
	check_none(&qp, "after a reset");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_admin(const struct test_opts *opts)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	unsigned int i, soon = 0, silent = 0;
	struct vfio_dev dev;
	struct nvme nv;
	u64 start, count;

	test_start(&nv, &dev, opts);
	if (fd < 0 ||
	    vfio_set_eventfds(&dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd))
		tap_bail("no eventfd for vector 0");
	set(&nv, FEAT_IRQ_COALESCING, TIME(LONG) | THR(256));
	for (i = 0; i < ROUNDS; i++) {
		struct nvme_sqe sqe = {
			.opcode = ADM_GET_FEATURES, .cdw10 = FEAT_IRQ_COALESCING,
		};

		signals(fd);
		start = now_us();
		nvme_queue_cmd(&nv.asq, &sqe);
		nvme_ring(&nv.asq);
		count = wait_signal(fd, NVME_TIMEOUT);
		soon += count && now_us() - start < LONG * UNIT_US;
		silent += !count;
		take(&nv.acq, 1);
	}
	ok(!silent && soon >= SOME, "the admin queue does not wait: %u of %u",
	   soon, ROUNDS);
	close(fd);
	test_stop(&nv, &dev);
}

/* A queue is deleted between a completion and its signal. */
static void test_delete(const struct test_opts *opts)
{
	unsigned int i, late = 0;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	int fd;

	test_start(&nv, &dev, opts);
	set(&nv, FEAT_IRQ_COALESCING, TIME(LONG) | THR(256));
	for (i = 0; i < ROUNDS; i++) {
		nvme_qpair_create(&nv, &qp, 1, 32, by_interrupt);
		submit(&qp.sq, 3);
		take(&qp.cq, 3);
		fd = dup(qp.cq.efd);
		/* before and after the timer ends */
		sleep_ms(2 * i);
		nvme_qpair_delete(&qp);
		signals(fd);
		sleep_ms(LONG * UNIT_US / 1000 + 10);
		late += signals(fd) != 0;
		close(fd);
	}
	is(late, 0, "no queue signals after it was deleted");
	nvme_qpair_create(&nv, &qp, 1, 32, by_interrupt);
	submit(&qp.sq, 3);
	ok(nvme_restart(&nv), "reset while a signal waits");
	nvme_qpair_forget(&qp);
	nvme_qpair_create(&nv, &qp, 1, 32, by_interrupt);
	set(&nv, FEAT_IRQ_COALESCING, TIME(LONG) | THR(256));
	submit(&qp.sq, 3);
	take(&qp.cq, 3);
	/* close the device while a signal waits */
	nvme_qpair_forget(&qp);
	test_stop(&nv, &dev);
	test_start(&nv, &dev, opts);
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK, "works when opened again");
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "thresholds", test_thresholds },
		{ "none", test_none },
		{ "admin", test_admin },
		{ "delete", test_delete },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
