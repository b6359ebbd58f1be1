// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned pages and accounted memory: both are released, however the user leaves
 * the device
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define FIRMWARE	0xf0000	/* of every PC, and in its map of memory */

static const struct nvme_queue_opts polled;

/* Returns the number after @name in a file of /proc, 0 if it is missing */
static long long proc_number(const char *path, const char *name)
{
	size_t len = strlen(name);
	long long val = 0;
	char line[256];
	FILE *f = fopen(path, "re");

	if (!f)
		tap_bail("%s cannot be read", path);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, len) &&
		    sscanf(line + len, "%*[: \t]%lld", &val) == 1)
			break;
	}
	fclose(f);
	return val;
}

/**
 * struct account - what the kernel reports as held
 * @pinned: pages pinned in the whole system
 * @locked: KiB accounted to this process as locked
 * @charged: KiB accounted to this process as pinned
 */
struct account {
	long long pinned;
	long long locked;
	long long charged;
};

/* Each processor has counters that are not yet in the sum. */
static void sum_up(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "we");

	if (!f || fputs("1", f) < 0 || fclose(f))
		tap_bail("the counters cannot be summed up");
}

static struct account take_account(void)
{
	sum_up();
	return (struct account){
		.pinned = proc_number("/proc/vmstat", "nr_foll_pin_acquired") -
			  proc_number("/proc/vmstat", "nr_foll_pin_released"),
		.locked = proc_number("/proc/self/status", "VmLck"),
		.charged = proc_number("/proc/self/status", "VmPin"),
	};
}

static bool same(const struct account *a, const struct account *b)
{
	return a->pinned == b->pinned && a->locked == b->locked &&
	       a->charged == b->charged;
}

/*
 * Returns the state before a test. Other processes also pin pages during their
 * I/O, so the state must not change for a second.
 */
static struct account settled_account(void)
{
	struct account now, last = take_account();
	u64 end = now_ms() + 20000;
	unsigned int quiet = 0;

	while (quiet < 5) {
		if (now_ms() > end)
			tap_bail("pages are pinned all the time by others");
		sleep_ms(200);
		now = take_account();
		quiet = same(&now, &last) ? quiet + 1 : 0;
		last = now;
	}
	return last;
}

/* Other processes release the pages that they pin soon. */
static void check_balance(const struct account *before, const char *after)
{
	u64 end = now_ms() + 10000;
	struct account now;

	do {
		now = take_account();
		if (same(before, &now))
			break;
		sleep_ms(200);
	} while (now_ms() < end);
	is(now.pinned, before->pinned, "%s: pages pinned", after);
	is(now.locked, before->locked, "%s: memory locked", after);
	is(now.charged, before->charged, "%s: memory accounted as pinned",
	   after);
}

enum leaving {
	CLEANLY,	/* queues deleted, memory unmapped, device closed */
	BY_UNMAP,	/* memory unmapped under queues in use */
	BY_CLOSE,	/* device closed with I/O in flight */
	BY_MUNMAP,	/* the process unmaps the memory first */
};

/* The user's memory shows in each count that must go back later. */
static void check_held(const struct account *before, size_t bytes,
		       const char *what)
{
	struct account now = take_account();
	long long charged = now.locked - before->locked +
			    now.charged - before->charged;

	ok(now.pinned - before->pinned >= (long long)(bytes / PAGE),
	   "%s: %lld pages are pinned meanwhile", what,
	   now.pinned - before->pinned);
	ok(charged >= (long long)(bytes / 1024), "%s: and %lld KiB accounted",
	   what, charged);
}

static void use_and_leave(const struct test_opts *opts, enum leaving how,
			  const struct account *before, const char *name)
{
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 128, polled);
	load_init(&load, &qp.sq, 0, 4096, 0);
	load_run(&load, IO_WRITE, 500);
	if (before)
		check_held(before, load.buf.len, name);
	if (how == CLEANLY) {
		nvme_qpair_delete(&qp);
	} else {
		load_fill(&load, IO_READ);
		if (how == BY_MUNMAP) {
			munmap(load.buf.va, load.buf.len);
			load.buf.va = NULL;
		}
		if (how == BY_CLOSE || how == BY_MUNMAP)
			vfio_close(&dev);
		nvme_qpair_forget(&qp);
	}
	load_free(&load);
	test_stop(&nv, &dev);
}

static void test_balance(const struct test_opts *opts)
{
	static const char *const names[] = {
		[CLEANLY] = "left cleanly",
		[BY_UNMAP] = "unmapped in flight",
		[BY_CLOSE] = "closed in flight",
		[BY_MUNMAP] = "memory gone first",
	};
	struct account before;
	unsigned int i;

	/* Run once before counting, for memory that is allocated only once */
	use_and_leave(opts, CLEANLY, NULL, NULL);
	before = settled_account();
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		use_and_leave(opts, i, &before, names[i]);
		check_balance(&before, names[i]);
	}
}

/* Many small mappings, each accessed: all work, and all are released. */
static void test_many(const struct test_opts *opts)
{
	unsigned int i, n = opts->count ? opts->count : 2000, good = 0;
	struct account before;
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct vfio_dev dev;
	struct dma_buf buf;
	struct nvme nv;

	before = settled_account();
	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	dma_alloc(&dev, &buf, (size_t)n * PAGE, DMA_SCATTER);
	for (i = 0; i < n; i++) {
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = buf.iova[i];
		good += nvme_exec_status(&qp.sq, &sqe) == ST_OK;
		if (i % 256 == 0)
			test_still_alive();
	}
	is(good, n, "each of %u mappings of a page is used", n);
	check_held(&before, buf.len, "many mappings");
	nvme_qpair_delete(&qp);
	dma_free(&buf);
	test_stop(&nv, &dev);
	check_balance(&before, "many mappings");
}

/*
 * A page of firmware is no memory for a drive, but VFIO pins it: the command is
 * refused, and the page is released at once.
 */
static void test_not_ram(const struct test_opts *opts)
{
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	struct account before;
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct vfio_dev dev;
	struct nvme nv;
	void *page;
	u64 iova;

	if (fd < 0 && errno == ENOENT) {
		tap_skip("not RAM", "this kernel has no /dev/mem");
		return;
	}
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    FIRMWARE);
	if (page == MAP_FAILED)
		tap_bail("no page of firmware can be mapped");
	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	iova = dma_reserve_iova(&dev, PAGE);
	/* iommufd does not map it at all */
	if (!vfio_map(&dev, page, iova, PAGE, VFIO_MAP_RW)) {
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = nv.scratch.iova[0];
		is(nvme_exec_status(&qp.sq, &sqe), ST_OK, "a read into memory");
		before = settled_account();
		sqe.prp1 = iova;
		is(nvme_exec_status(&qp.sq, &sqe) & ST_CODE, ST_TRANSFER,
		   "one into what is none");
		check_balance(&before, "not RAM");
		is(vfio_unmap(&dev, iova, PAGE), 0, "unmapped");
	}
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
	munmap(page, PAGE);
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "balance", test_balance },
		{ "many", test_many },
		{ "not-ram", test_not_ram },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
