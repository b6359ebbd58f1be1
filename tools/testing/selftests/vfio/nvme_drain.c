// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory is unmapped while a drive that is slow, or has stopped, has commands in
 * flight. The test that runs a case throttles the drive before, and gives the
 * option --trapped: then a doorbell has been served when its write returns, but for
 * commands whose memory is used for the first time.
 */
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define CANARY		0xc7

/* The driver waits so long for a drive that completes nothing of anybody */
#define HANG_MS		10000u
/* Deletes the queues then, which a slow machine needs time for */
#define DELETE_MS	30000u
/* Waits so long with the big lock of a VMM */
#define BRIEF_MS	5000u
/* Time to pin the memory of commands, which nobody waits for */
#define PIN_MS		1000u

static const struct nvme_queue_opts polled;

/**
 * struct outcome - what became of the commands in flight
 * @sent: their number
 * @ms: how long the unmapping took
 * @good: commands that the drive completed
 * @again: commands that the guest is to repeat
 * @quiet: nothing wrote to the memory after the unmapping
 */
struct outcome {
	unsigned int sent;
	u64 ms;
	unsigned int good;
	unsigned int again;
	bool quiet;
};

static void take(struct load *load, struct outcome *out)
{
	struct nvme_cqe cqe;
	unsigned int n;

	for (n = 0; n < out->sent; n++) {
		if (!nvme_cq_wait(load->sq->cq, &cqe, NVME_TIMEOUT))
			return;
		out->good += nvme_status(&cqe) == ST_OK;
		out->again += nvme_status(&cqe) == ST_NOT_READY ||
			      nvme_status(&cqe) == ST_SQ_DELETED;
	}
}

/*
 * Unmaps the memory of @depth reads. A drive that is throttled executes the first
 * command at once: that is a write, which also has the memory pinned.
 */
static void unmap_in_flight(const struct test_opts *opts, u32 depth,
			    bool throttled, struct outcome *out)
{
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	u64 begin;

	*out = (struct outcome){ 0 };
	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, depth + 1, polled);
	load_init(&load, &qp.sq, 0, depth, 0);
	if (throttled)
		is(load_run(&load, IO_WRITE, 1), 1, "one write");
	out->sent = load_fill(&load, IO_READ);
	sleep_ms(PIN_MS);
	begin = now_ms();
	is(dma_unmap(&load.buf), 0, "memory of %u reads is unmapped", depth);
	out->ms = now_ms() - begin;
	memset(load.buf.va, CANARY, load.buf.len);
	take(&load, out);
	sleep_ms(50);
	out->quiet = load.buf.va[0] == CANARY &&
		     !memcmp(load.buf.va, load.buf.va + 1, load.buf.len - 1);
	nvme_qpair_delete(&qp);
	load_free(&load);
	test_stop(&nv, &dev);
	tap_diag("%llu ms, %u complete, %u to be repeated",
		 (unsigned long long)out->ms, out->good, out->again);
}

static void wait_for_reads(const struct test_opts *opts, unsigned int nr)
{
	struct outcome out;

	unmap_in_flight(opts, nr, true, &out);
	is(out.good, nr, "the drive completes all of them");
	ok(out.ms > HANG_MS, "although that takes longer than a hang may");
	ok(out.quiet, "nothing is written after the unmapping");
}

/* A read takes some seconds, and all of them longer than a hang may take. */
static void test_slow(const struct test_opts *opts)
{
	wait_for_reads(opts, 3);
}

/* The drive completes none for longer than a hang, but works for the host. */
static void test_busy(const struct test_opts *opts)
{
	wait_for_reads(opts, 2);
}

/* The drive completes nothing. */
static void test_hang(const struct test_opts *opts)
{
	struct outcome out;

	unmap_in_flight(opts, 32, false, &out);
	is(out.good + out.again, 32, "all of them end");
	ok(out.ms + 100 > HANG_MS, "after the time that a drive has");
	ok(out.ms < HANG_MS + DELETE_MS, "and soon then");
	ok(out.quiet, "nothing is written after the unmapping");
}

/* Nor does it here, but a VMM does not wait for it with its big lock. */
static void test_vmm(const struct test_opts *opts)
{
	static struct load load;
	struct outcome out = { 0 };
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	u64 begin;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 33, polled);
	load_init(&load, &qp.sq, 0, 32, 0);
	out.sent = load_fill(&load, IO_READ);
	is(out.sent, 32, "32 reads");
	begin = now_ms();
	vfio_set_command(&dev, 0, PCI_COMMAND_MASTER);
	ok(now_ms() - begin < BRIEF_MS, "bus mastering goes off at once");
	vfio_set_command(&dev, PCI_COMMAND_MASTER, 0);
	take(&load, &out);
	is(out.good, 32, "the reads complete when the drive is back");
	nvme_qpair_delete(&qp);
	load_free(&load);
	test_stop(&nv, &dev);
}

/* A region of the guest that nothing else is in, at the start of 2 MiB */
#define REGION		0x400000000ull
#define UNMAPS		20u

static bool map_page(struct vfio_dev *dev, u8 *mem, unsigned int page)
{
	return !vfio_map(dev, mem + page * PAGE, REGION + page * PAGE, PAGE,
			 VFIO_MAP_RW);
}

static u16 use_page(struct nvme_qpair *qp, u8 opcode, unsigned int page)
{
	struct nvme_sqe sqe = nvme_rw(opcode, 0, 1);

	sqe.prp1 = REGION + page * PAGE;
	return nvme_exec_status(&qp->sq, &sqe);
}

/*
 * A read to one page does not complete: the drive executes the first one and no
 * other, but does execute writes. Meanwhile the page beside it is unmapped, and
 * mapped and used again.
 */
static void test_elsewhere(const struct test_opts *opts)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);
	unsigned int i, good = 0, gone = 0;
	u64 begin, longest = 0;
	struct nvme_qpair qp;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	u8 *mem;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (mem == MAP_FAILED || !map_page(&dev, mem, 1))
		tap_bail("no memory");
	is(use_page(&qp, IO_READ, 1), ST_OK, "one read");
	sqe.prp1 = REGION + PAGE;
	nvme_queue_cmd(&qp.sq, &sqe);
	nvme_ring(&qp.sq);
	for (i = 0; i < UNMAPS; i++) {
		good += map_page(&dev, mem, 0);
		good += use_page(&qp, IO_WRITE, 0) == ST_OK;
		begin = now_ms();
		gone += !vfio_unmap(&dev, REGION, PAGE);
		longest = MAX(longest, now_ms() - begin);
	}
	is(good, 2 * UNMAPS, "%u writes beside it", UNMAPS);
	is(gone, UNMAPS, "their page is unmapped each time");
	ok(longest < HANG_MS / 2, "which does not wait: %llu ms at most",
	   (unsigned long long)longest);
	ok(!nvme_cq_take(&qp.cq, &cqe), "the read has not ended");
	tap_diag("the read may go on");
	ok(nvme_cq_wait(&qp.cq, &cqe, 2 * NVME_TIMEOUT) &&
	   nvme_status(&cqe) == ST_OK, "now it ends well");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
	munmap(mem, 2 * PAGE);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "slow", test_slow },
		{ "busy", test_busy },
		{ "hang", test_hang },
		{ "vmm", test_vmm },
		{ "elsewhere", test_elsewhere },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
