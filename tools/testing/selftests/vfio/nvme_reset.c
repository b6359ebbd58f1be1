// SPDX-License-Identifier: GPL-2.0-only
/*
 * All kinds of resets, and closing the device, with I/O in flight
 */
#include <linux/pci_regs.h>
#include <pthread.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define DEPTH	256u
#define CANARY	0xc7
#define MARGIN_MS	15

static const struct nvme_queue_opts polled;

enum how {
	BY_CC,		/* CC.EN cleared */
	BY_VFIO,	/* VFIO_DEVICE_RESET */
	BY_FLR,		/* through the PCI Express capability */
	BY_MASTER,	/* bus mastering off, then CC.EN cleared */
};

static void reset_by(struct nvme *nv, enum how how)
{
	switch (how) {
	case BY_CC:
		nvme_disable(nv);
		break;
	case BY_VFIO:
		vfio_reset(nv->dev);
		break;
	case BY_FLR:
		vfio_flr(nv->dev);
		break;
	case BY_MASTER:
		vfio_set_command(nv->dev, 0, PCI_COMMAND_MASTER);
		nvme_disable(nv);
		break;
	}
}

static bool come_back(struct nvme *nv)
{
	vfio_set_command(nv->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	nvme_write_admin_regs(nv);
	return nvme_enable(nv) && nvme_identify(nv, CNS_CTRL, 0) == ST_OK;
}

/*
 * Returns how many milliseconds a full queue takes the drive: what survives a
 * reset shows by then.
 */
static unsigned int drain_ms(struct nvme *nv, u32 depth)
{
	static struct load load;
	struct nvme_qpair qp;
	struct nvme_cqe cqe;
	unsigned int n;
	u64 begin;

	nvme_qpair_create(nv, &qp, 1, depth, polled);
	load_init(&load, &qp.sq, 0, 4096, 0);
	load_run(&load, IO_WRITE, depth);
	begin = now_ms();
	for (n = load_fill(&load, IO_READ); n; n--) {
		if (!nvme_cq_wait(&qp.cq, &cqe, NVME_TIMEOUT))
			tap_bail("%u commands do not complete", n);
	}
	begin = now_ms() - begin;
	load_free(&load);
	nvme_qpair_delete(&qp);
	return begin;
}

static bool all_canary(const u8 *mem, size_t len)
{
	return mem[0] == CANARY && !memcmp(mem, mem + 1, len - 1);
}

/* After the reset nothing may write to the data or the queues. */
static bool quiet(struct load *load, struct nvme_cq *cq, unsigned int ms)
{
	memset(load->buf.va, CANARY, load->buf.len);
	memset(cq->mem.va, CANARY, cq->mem.len);
	sleep_ms(ms);
	return all_canary(load->buf.va, load->buf.len) &&
	       all_canary(cq->mem.va, cq->mem.len);
}

static void reset_in_flight(const struct test_opts *opts, enum how how,
			    unsigned int rounds, const char *name)
{
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, n, ms, sent = 0, busy = 0, still = 0, back = 0;
	u32 depth;

	test_start(&nv, &dev, opts);
	depth = MIN(DEPTH, CAP_MQES(nv.cap) + 1);
	ms = drain_ms(&nv, depth) + MARGIN_MS;
	for (i = 0; i < rounds; i++) {
		nvme_qpair_create(&nv, &qp, 1, depth, polled);
		load_init(&load, &qp.sq, 0, 4096, i);
		n = load_fill(&load, i & 1 ? IO_WRITE : IO_READ);
		sent += n;
		/* At once, or after some commands have completed */
		sleep_ms(i % 4);
		busy += nvme_cq_posted(&qp.cq) < n;
		reset_by(&nv, how);
		still += quiet(&load, &qp.cq, ms);
		back += come_back(&nv);
		nvme_qpair_forget(&qp);
		load_free(&load);
		test_still_alive();
	}
	ok(busy >= rounds / 2, "%s: in flight at %u of %u resets", name, busy,
	   rounds);
	is(still, rounds, "%s: nothing is written in %u ms after any", name,
	   ms);
	is(back, rounds, "%s: works after each, %u commands sent", name, sent);
	test_stop(&nv, &dev);
}

static void test_cc(const struct test_opts *opts)
{
	reset_in_flight(opts, BY_CC, opts->count ? opts->count : 50,
			"controller reset");
}

static void test_vfio(const struct test_opts *opts)
{
	reset_in_flight(opts, BY_VFIO, opts->count ? opts->count : 30,
			"VFIO reset");
}

static void test_flr(const struct test_opts *opts)
{
	reset_in_flight(opts, BY_FLR, opts->count ? opts->count : 10, "FLR");
}

static void test_master(const struct test_opts *opts)
{
	reset_in_flight(opts, BY_MASTER, opts->count ? opts->count : 20,
			"bus mastering off");
}

/* A shutdown completes or aborts the commands in flight, then says so. */
static void test_shutdown(const struct test_opts *opts)
{
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, busy = 0, done = 0;

	test_start(&nv, &dev, opts);
	for (i = 0; i < 10; i++) {
		nvme_qpair_create(&nv, &qp, 1, 64, polled);
		load_init(&load, &qp.sq, 0, 4096, i);
		busy += load_in_flight(&load, IO_WRITE) > 0;
		nvme_write32(&nv, REG_CC, nv.cc | CC_EN |
			     (i & 1 ? CC_SHN_NORMAL : CC_SHN_ABRUPT));
		done += nvme_wait_csts(&nv, CSTS_SHST, CSTS_SHST_DONE, 20000);
		nvme_disable(&nv);
		done += come_back(&nv);
		nvme_qpair_forget(&qp);
		load_free(&load);
	}
	is(busy, 10, "in flight at each of ten shutdowns");
	is(done, 20, "each completes, and the controller works then");
	test_stop(&nv, &dev);
}

/* The process closes the device while the drive works for it. */
static void test_close(const struct test_opts *opts)
{
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, n, rounds = opts->count ? opts->count : 30;
	unsigned int ms, busy = 0, still = 0;
	u8 *data;
	size_t len;

	test_start(&nv, &dev, opts);
	ms = drain_ms(&nv, 128) + MARGIN_MS;
	test_stop(&nv, &dev);
	for (i = 0; i < rounds; i++) {
		test_start(&nv, &dev, opts);
		nvme_qpair_create(&nv, &qp, 1, 128, polled);
		load_init(&load, &qp.sq, 0, 4096, i);
		n = load_fill(&load, IO_READ);
		data = load.buf.va;
		len = load.buf.len;
		sleep_ms(i % 3);
		busy += nvme_cq_posted(&qp.cq) < n;
		nvme_unmap_doorbells(&nv);
		vfio_close(&dev);
		memset(data, CANARY, len);
		sleep_ms(ms);
		still += all_canary(data, len);
		/* Unmapping fails now, but the memory is still freed. */
		load_free(&load);
		nvme_qpair_forget(&qp);
		nvme_free(&nv);
		test_still_alive();
	}
	ok(busy >= rounds / 2, "closed %u times, in flight %u times", rounds,
	   busy);
	is(still, rounds, "quiet for %u ms after each", ms);
	test_start(&nv, &dev, opts);
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK, "works when opened again");
	test_stop(&nv, &dev);
}

struct racer {
	struct vfio_dev *dev;
	bool stop;
};

static void *reset_again(void *arg)
{
	struct racer *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		vfio_reset(r->dev);
		sleep_ms(2);
	}
	return NULL;
}

/* Register accesses and doorbells while another thread resets the device */
static void test_race(const struct test_opts *opts)
{
	struct racer r = { 0 };
	struct vfio_dev dev;
	struct nvme nv;
	pthread_t thread;
	unsigned int i;
	u64 val = 0, end;

	test_start(&nv, &dev, opts);
	r.dev = &dev;
	if (pthread_create(&thread, NULL, reset_again, &r))
		tap_bail("no thread");
	end = now_ms() + 3000;
	for (i = 0; now_ms() < end; i++) {
		u32 cc = nv.cc | (i & 1);

		vfio_set_command(&dev, PCI_COMMAND_MEMORY |
				 PCI_COMMAND_MASTER, 0);
		val = 0x001f001f;
		vfio_write(&dev, 0, REG_AQA, &val, 4);
		vfio_write(&dev, 0, REG_ASQ, &nv.asq.mem.iova[0], 8);
		vfio_write(&dev, 0, REG_ACQ, &nv.acq.mem.iova[0], 8);
		vfio_write(&dev, 0, REG_CC, &cc, 4);
		val = i % 32;
		vfio_write(&dev, 0, REG_DB, &val, 4);
		vfio_read(&dev, 0, REG_CSTS, &val, 4);
	}
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	vfio_reset(&dev);
	ok(come_back(&nv), "works after %u rounds", i);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "controller-reset", test_cc },
		{ "vfio-reset", test_vfio },
		{ "flr", test_flr },
		{ "bus-master", test_master },
		{ "shutdown", test_shutdown },
		{ "close", test_close },
		{ "race", test_race },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
