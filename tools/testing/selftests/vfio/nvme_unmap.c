// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory is unmapped while the device uses it: after the unmap has returned,
 * nothing accesses that memory
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

#define CANARY		0xc7
#define LONGEST_MS	5000	/* for one unmapping, on a slow machine */
#define FOREVER		"4294967295"

static const struct nvme_queue_opts polled;

static bool all_canary(const u8 *mem, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (mem[i] != CANARY)
			return false;
	}
	return true;
}

/* Takes completions for a while; returns how many, with any status */
static unsigned int drain(struct nvme_cq *cq, unsigned int want)
{
	struct nvme_cqe cqe;
	unsigned int n = 0;

	while (n < want && nvme_cq_wait(cq, &cqe, 10000))
		n++;
	return n;
}

static void unmap_data(const struct test_opts *opts, u8 opcode,
		       const char *name)
{
	static struct load load;
	unsigned int i, n, rounds = opts->count ? opts->count : 10;
	unsigned int gone = 0, still = 0, complete = 0, again = 0, busy = 0;
	u64 begin, longest = 0, drained = 0;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 128, polled);
	load_init(&load, &qp.sq, 0, 127, 0);
	for (i = 0; i < rounds && complete == i; i++) {
		n = load_in_flight(&load, opcode);
		busy += n > 0;
		begin = now_ms();
		gone += dma_unmap(&load.buf) == 0;
		longest = MAX(longest, now_ms() - begin);
		memset(load.buf.va, CANARY, load.buf.len);
		begin = now_ms();
		complete += drain(&qp.cq, n) == n;
		drained += now_ms() - begin;
		sleep_ms(5);
		still += all_canary(load.buf.va, load.buf.len);
		again += dma_map(&load.buf) == 0;
		load_restart(&load, &qp.sq);
		test_still_alive();
	}
	tap_diag("%s: an unmapping took %llu ms at most, completing %llu ms on average",
		 name, (unsigned long long)longest,
		 (unsigned long long)drained / i);
	is(busy, rounds, "%s: in flight %u times", name, rounds);
	is(gone, rounds, "%s: unmapped then", name);
	is(complete, rounds, "%s: every command completes", name);
	is(still, rounds, "%s: nothing is written after the unmapping", name);
	is(again, rounds, "%s: mapped again", name);
	ok(longest < LONGEST_MS, "%s: no unmapping takes long", name);
	is(load_run(&load, IO_WRITE, 127), 127, "%s: writes work again", name);
	is(load_run(&load, IO_READ, 127), 127, "%s: reads work again", name);
	load_free(&load);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_read(const struct test_opts *opts)
{
	unmap_data(opts, IO_READ, "reads");
}

static void test_write(const struct test_opts *opts)
{
	unmap_data(opts, IO_WRITE, "writes");
}

/*
 * A completion queue loses its pages and gets them again at its next use. If other
 * pages are there by then, it must not use the old ones.
 */
static void test_ring(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	sqe = nvme_rw(IO_READ, 0, 1);
	sqe.prp1 = nv.scratch.iova[0];
	is(nvme_exec_status(&qp.sq, &sqe), ST_OK, "a queue is used");
	is(dma_unmap(&qp.cq.mem), 0, "and unmapped");
	is(madvise(qp.cq.mem.va, qp.cq.mem.len, MADV_DONTNEED), 0,
	   "it has other pages");
	memset(qp.cq.mem.va, 0, qp.cq.mem.len);
	is(dma_map(&qp.cq.mem), 0, "which are mapped");
	is(nvme_exec_status(&qp.sq, &sqe), ST_OK,
	   "a command completes in these");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

/*
 * A page is unmapped next to memory that commands use. The device's mapping of
 * both is one: it must not go before the commands have completed.
 */
static void test_neighbour(const struct test_opts *opts)
{
	unsigned int i, n, rounds = opts->count ? opts->count : 10;
	unsigned int busy = 0, good = 0, sent = 0;
	static struct load load;
	struct dma_buf page;
	struct nvme_qpair qp;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 128, polled);
	load_init(&load, &qp.sq, 0, 127, 3);
	dma_alloc(&dev, &page, PAGE, 0);
	is(page.iova[0] / (2 * MIB), load.buf.iova[126] / (2 * MIB),
	   "both are in one range of 2 MiB");
	is(load_run(&load, IO_WRITE, 127), 127, "writes");
	for (i = 0; i < rounds; i++) {
		struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);

		/* The page is used, so it is pinned */
		sqe.prp1 = page.iova[0];
		good += nvme_exec_status(&qp.sq, &sqe) == ST_OK;
		n = load_in_flight(&load, IO_READ);
		busy += n > 0;
		good += dma_unmap(&page) == 0;
		for (sent += n; n; n--) {
			if (!nvme_cq_wait(&qp.cq, &cqe, NVME_TIMEOUT))
				break;
			good += load_reap(&load, IO_READ, &cqe);
		}
		good += dma_map(&page) == 0;
		test_still_alive();
	}
	is(busy, rounds, "reads were in flight when the page was unmapped");
	is(good, sent + 3 * rounds, "each of %u has the right data", sent);
	dma_free(&page);
	load_free(&load);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

/* Reads are in flight while a page that one more read has used is unmapped. */
static bool unmap_beside(struct load *load, struct nvme_qpair *qp,
			 struct dma_buf *page)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);
	struct nvme_cqe cqe;
	unsigned int n;

	sqe.prp1 = page->iova[0];
	if (nvme_exec_status(&qp->sq, &sqe))
		return false;
	n = load_in_flight(load, IO_READ);
	if (!n || dma_unmap(page))
		return false;
	for (; n && nvme_cq_wait(&qp->cq, &cqe, NVME_TIMEOUT); n--)
		load_reap(load, IO_READ, &cqe);
	return !n && !dma_map(page);
}

/*
 * An unmap takes no doorbell page away: the next doorbell would fault. With polling
 * for ever nothing else takes it away, however slow the machine is.
 */
static void test_doorbells(const struct test_opts *opts)
{
	unsigned int i, good = 0, rounds = opts->count ? opts->count : 10;
	char mdev[256], dir[300], usual[32];
	unsigned long long before, faults;
	static struct load load;
	struct nvme_qpair qp;
	struct dma_buf page;
	struct vfio_dev dev;
	struct nvme nv;

	vfio_sysfs_dir(opts->id, mdev, sizeof(mdev));
	snprintf(dir, sizeof(dir), "%s/sluice", mdev);
	if (!slice_attr(dir, "poll_us", usual, sizeof(usual)) ||
	    slice_write(dir, "poll_us", FOREVER))
		tap_bail("poll_us cannot be set to " FOREVER);
	before = slice_number(dir, "doorbell_faults");
	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 128, polled);
	load_init(&load, &qp.sq, 0, 127, 0);
	dma_alloc(&dev, &page, PAGE, 0);
	is(load_run(&load, IO_WRITE, 127), 127, "writes");
	faults = slice_number(dir, "doorbell_faults");
	ok(faults > before, "the first doorbell has faulted");
	for (i = 0; i < rounds; i++) {
		good += unmap_beside(&load, &qp, &page);
		test_still_alive();
	}
	is(good, rounds, "a page is unmapped while reads are in flight");
	is(slice_number(dir, "doorbell_faults"), faults, "and no doorbell faults");
	dma_free(&page);
	load_free(&load);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
	if (slice_write(dir, "poll_us", usual))
		tap_bail("poll_us cannot be set to %s", usual);
}

/* Other memory gets the same address: the old pages are not used again. */
static void test_replace(const struct test_opts *opts)
{
	struct dma_buf buf;
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct vfio_dev dev;
	struct nvme nv;
	size_t size;
	u8 *old, *new;
	u64 iova;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	size = (size_t)1 << nv.lba_shift;
	dma_alloc(&dev, &buf, PAGE, 0);
	old = buf.va;
	iova = buf.iova[0];
	pattern_fill(old, size, 0, 1);
	sqe = nvme_rw(IO_WRITE, 0, 1);
	sqe.prp1 = iova;
	is(nvme_exec_status(&qp.sq, &sqe), ST_OK, "write from the first page");
	is(dma_unmap(&buf), 0, "unmapped");
	sqe.opcode = IO_READ;
	is(nvme_exec_status(&qp.sq, &sqe) & ST_CODE, ST_TRANSFER,
	   "its address cannot be used any more");
	new = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	is(vfio_map(&dev, new, iova, PAGE, VFIO_MAP_RW), 0,
	   "another page at the same address");
	memset(old, CANARY, PAGE);
	is(nvme_exec_status(&qp.sq, &sqe), ST_OK, "read into it");
	is(pattern_check(new, size, 0, 1), size, "the data are there");
	ok(all_canary(old, PAGE), "the first page was left alone");
	vfio_unmap(&dev, iova, PAGE);
	munmap(new, PAGE);
	dma_free(&buf);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

/*
 * Firmware, or memory hot-plug, changes mappings while the controller has
 * nothing to do: the controller must not notice.
 */
static void test_idle(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;
	const struct {
		struct dma_buf *mem;
		const char *name;
	} queues[] = {
		{ &qp.sq.mem, "I/O submission queue" },
		{ &qp.cq.mem, "I/O completion queue" },
		{ &nv.asq.mem, "admin submission queue" },
		{ &nv.acq.mem, "admin completion queue" },
	};

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		is(dma_unmap(queues[i].mem), 0, "%s unmapped",
		   queues[i].name);
		sleep_ms(50);
		is(nvme_read32(&nv, REG_CSTS), CSTS_RDY,
		   "the controller does not mind");
		is(dma_map(queues[i].mem), 0, "mapped again");
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = nv.scratch.iova[1];
		is(nvme_exec_status(&qp.sq, &sqe), ST_OK, "I/O works");
		is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK,
		   "admin commands work");
		if (nvme_read32(&nv, REG_CSTS) != CSTS_RDY)
			break;
	}
	test_stop(&nv, &dev);
	nvme_qpair_forget(&qp);
}

/* A queue without memory stops; a reset with new memory helps. */
static void test_queues(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;

	test_start(&nv, &dev, opts);
	for (i = 0; i < 2; i++) {
		struct dma_buf *mem = i ? &qp.cq.mem : &qp.sq.mem;
		const char *name = i ? "completion" : "submission";

		nvme_qpair_create(&nv, &qp, 1, 16, polled);
		is(dma_unmap(mem), 0, "%s queue unmapped", name);
		memset(mem->va, i ? CANARY : 0, mem->len);
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = nv.scratch.iova[1];
		nvme_queue_cmd(&qp.sq, &sqe);
		nvme_ring(&qp.sq);
		sleep_ms(100);
		if (i)
			ok(all_canary(mem->va, mem->len),
			   "no completion is written to where it was");
		else
			ok(!nvme_cq_take(&qp.cq, &cqe),
			   "no command is fetched from where it was");
		is(dma_map(mem), 0, "%s queue mapped again", name);
		sleep_ms(50);
		ok(nvme_restart(&nv) &&
		   nvme_identify(&nv, CNS_CTRL, 0) == ST_OK,
		   "works after a reset");
		nvme_qpair_forget(&qp);
	}
	test_stop(&nv, &dev);
}

static void test_admin_queue(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_sqe sqe = { .opcode = ADM_IDENTIFY, .cdw10 = CNS_CTRL };

	test_start(&nv, &dev, opts);
	is(dma_unmap(&nv.asq.mem), 0, "admin submission queue unmapped");
	nvme_queue_cmd(&nv.asq, &sqe);
	nvme_ring(&nv.asq);
	sleep_ms(100);
	is(dma_map(&nv.asq.mem), 0, "mapped again");
	is(dma_unmap(&nv.acq.mem), 0, "admin completion queue unmapped");
	nvme_ring(&nv.asq);
	sleep_ms(100);
	is(dma_map(&nv.acq.mem), 0, "mapped again");
	ok(nvme_restart(&nv) && nvme_identify(&nv, CNS_CTRL, 0) == ST_OK,
	   "works after a reset");
	test_stop(&nv, &dev);
}

/* All memory is unmapped and mapped again while commands are in flight. */
static void test_everything(const struct test_opts *opts)
{
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, good = 0;
	struct dma_buf *all[] = {
		&load.buf, &qp.sq.mem, &qp.cq.mem, &nv.asq.mem, &nv.acq.mem,
		&nv.scratch,
	};

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 128, polled);
	load_init(&load, &qp.sq, 0, 127, 0);
	ok(load_in_flight(&load, IO_READ), "commands are in flight");
	for (i = 0; i < ARRAY_SIZE(all); i++)
		good += dma_unmap(all[i]) == 0;
	is(good, ARRAY_SIZE(all), "all memory unmapped in flight");
	ok(nvme_disable(&nv), "disabled without any memory");
	for (i = 0, good = 0; i < ARRAY_SIZE(all); i++)
		good += dma_map(all[i]) == 0;
	is(good, ARRAY_SIZE(all), "all memory mapped again");
	nvme_write_admin_regs(&nv);
	ok(nvme_enable(&nv) && nvme_identify(&nv, CNS_CTRL, 0) == ST_OK,
	   "works");
	nvme_qpair_forget(&qp);
	load_free(&load);
	test_stop(&nv, &dev);
}

struct mapper {
	struct vfio_dev *dev;
	u8 *mem;
	u64 iova;
	unsigned int rounds;
	bool stop;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *m = arg;

	while (!__atomic_load_n(&m->stop, __ATOMIC_RELAXED)) {
		if (vfio_map(m->dev, m->mem, m->iova, PAGE, VFIO_MAP_RW))
			tap_bail("mapping fails");
		if (vfio_unmap(m->dev, m->iova, PAGE))
			tap_bail("unmapping fails");
		m->rounds++;
	}
	return NULL;
}

/* A page is unmapped and mapped as fast as possible while commands use it. */
static void test_race(const struct test_opts *opts)
{
	struct mapper m = { 0 };
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct vfio_dev dev;
	struct nvme nv;
	pthread_t thread;
	unsigned int ok_count = 0, refused = 0, other = 0;
	u64 end;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	m.dev = &dev;
	m.iova = dma_reserve_iova(&dev, PAGE);
	m.mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pthread_create(&thread, NULL, map_and_unmap, &m))
		tap_bail("no thread");
	for (end = now_ms() + 5000; now_ms() < end;) {
		u16 status;

		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = m.iova;
		status = nvme_exec_status(&qp.sq, &sqe);
		ok_count += status == ST_OK;
		refused += (status & ST_CODE) == ST_TRANSFER;
		other += status && (status & ST_CODE) != ST_TRANSFER;
	}
	__atomic_store_n(&m.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	is(other, 0, "%u reads work, %u find nothing, %u mappings", ok_count,
	   refused, m.rounds);
	ok(ok_count && refused, "the page was there and was not");
	munmap(m.mem, PAGE);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "read", test_read },
		{ "write", test_write },
		{ "neighbour", test_neighbour },
		{ "doorbells", test_doorbells },
		{ "ring", test_ring },
		{ "replace", test_replace },
		{ "idle", test_idle },
		{ "queues", test_queues },
		{ "admin-queue", test_admin_queue },
		{ "everything", test_everything },
		{ "race", test_race },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
