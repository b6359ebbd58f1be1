// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes of every kind: sizes, offsets, PRP lists, kinds of memory
 */
#include <string.h>

#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define CANARY	0xc7

/**
 * struct bench - the buffers and queue for each transfer
 * @dev: device
 * @nv: controller
 * @qp: a queue pair
 * @out: data to write
 * @in: data that was read, with room before and after
 * @list: PRP lists
 */
struct bench {
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct dma_buf out;
	struct dma_buf in;
	struct prp_list list;
};

static void bench_open(struct bench *b, const struct test_opts *opts,
		       unsigned int flags)
{
	struct nvme_queue_opts polled = { 0 };
	size_t len;

	test_start(&b->nv, &b->dev, opts);
	len = b->nv.max_xfer + 3 * PAGE;
	dma_alloc(&b->dev, &b->out, len, flags);
	dma_alloc(&b->dev, &b->in, len, flags);
	prp_list_alloc(&b->dev, &b->list);
	nvme_qpair_create(&b->nv, &b->qp, 1, 64, polled);
}

static void bench_close(struct bench *b)
{
	nvme_qpair_delete(&b->qp);
	dma_free(&b->list.mem);
	dma_free(&b->in);
	dma_free(&b->out);
	test_stop(&b->nv, &b->dev);
}

static bool untouched(const u8 *mem, size_t from, size_t to)
{
	for (; from < to; from++) {
		if (mem[from] != CANARY)
			return false;
	}
	return true;
}

/* Writes a pattern and reads it back; data around it must not change. */
static bool round_trip(struct bench *b, u64 slba, size_t off, size_t len,
		       u64 seed)
{
	u64 address = slba << b->nv.lba_shift;
	u16 wrote, read;

	memset(b->in.va, CANARY, b->in.len);
	pattern_fill(b->out.va + off, len, address, seed);
	wrote = nvme_transfer(&b->qp.sq, IO_WRITE, slba, &b->out, off, len,
			      &b->list);
	read = nvme_transfer(&b->qp.sq, IO_READ, slba, &b->in, off, len,
			     &b->list);
	if (wrote || read) {
		tap_diag("%zu bytes at offset %zu: status 0x%x, 0x%x", len,
			 off, wrote, read);
		return false;
	}
	if (pattern_check(b->in.va + off, len, address, seed) != len ||
	    !untouched(b->in.va, 0, off) ||
	    !untouched(b->in.va, off + len, b->in.len)) {
		tap_diag("%zu bytes at offset %zu: wrong data", len, off);
		return false;
	}
	return true;
}

/* Sizes around every change of the form of PRPs, up to the largest */
static unsigned int get_sizes(const struct bench *b, size_t *sizes)
{
	size_t block = (size_t)1 << b->nv.lba_shift, max = b->nv.max_xfer;
	const size_t want[] = {
		block, 2 * block, 3 * block, PAGE - block, PAGE,
		PAGE + block, 2 * PAGE - block, 2 * PAGE, 2 * PAGE + block,
		3 * PAGE, 5 * PAGE, 17 * PAGE, max / 2, max - block, max,
	};
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		if (want[i] && want[i] <= max)
			sizes[n++] = want[i];
	}
	return n;
}

static void all_shapes(struct bench *b, const char *memory)
{
	static const size_t offs[] = { 0, 4, 512, 2048, 4092 };
	size_t sizes[16];
	unsigned int i, k, n = get_sizes(b, sizes), good;

	for (k = 0; k < ARRAY_SIZE(offs); k++) {
		for (i = 0, good = 0; i < n; i++)
			good += round_trip(b, 16 * i, offs[k], sizes[i],
					   1000 * k + i);
		is(good, n, "%s: %u sizes at offset %zu of a page", memory, n,
		   offs[k]);
		test_still_alive();
	}
}

static void test_contiguous(const struct test_opts *opts)
{
	static struct bench b;

	bench_open(&b, opts, 0);
	all_shapes(&b, "contiguous");
	bench_close(&b);
}

static void test_scattered(const struct test_opts *opts)
{
	static struct bench b;

	bench_open(&b, opts, DMA_SCATTER);
	all_shapes(&b, "scattered");
	bench_close(&b);
}

static void test_huge(const struct test_opts *opts)
{
	static struct bench b;

	bench_open(&b, opts, DMA_HUGE);
	all_shapes(&b, "huge pages");
	bench_close(&b);
}

/* PRP lists that begin anywhere in a page and continue in the next page */
static void test_lists(const struct test_opts *opts)
{
	static const unsigned int firsts[] = { 1, 255, 508, 509, 510, 511 };
	static struct bench b;
	size_t sizes[16];
	unsigned int i, k, n, good;

	bench_open(&b, opts, DMA_SCATTER);
	n = get_sizes(&b, sizes);
	for (k = 0; k < ARRAY_SIZE(firsts); k++) {
		b.list.first = firsts[k];
		for (i = 0, good = 0; i < n; i++)
			good += round_trip(&b, 32 * i, 512 * (k & 1), sizes[i],
					   k << 8 | i);
		is(good, n, "list from entry %u of its page on", firsts[k]);
	}
	bench_close(&b);
}

/* A write may use one page many times; each part then has its content. */
static void test_same_page(const struct test_opts *opts)
{
	static struct bench b;
	struct nvme_sqe sqe;
	unsigned int i, pages = 8;
	size_t len = (size_t)pages * PAGE;
	bool same = true;
	u64 *prp;

	bench_open(&b, opts, 0);
	if (len > b.nv.max_xfer) {
		tap_skip("same page", "MDTS is too small");
		bench_close(&b);
		return;
	}
	pattern_fill(b.out.va, PAGE, 0, 77);
	prp = (u64 *)b.list.mem.va;
	for (i = 0; i < pages; i++)
		prp[i] = b.out.iova[0];
	sqe = nvme_rw(IO_WRITE, 0, len >> b.nv.lba_shift);
	sqe.prp1 = b.out.iova[0];
	sqe.prp2 = b.list.mem.iova[0];
	is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK,
	   "one page written eight times");
	nvme_transfer(&b.qp.sq, IO_READ, 0, &b.in, 0, len, &b.list);
	for (i = 0; i < pages; i++)
		same &= pattern_check(b.in.va + i * PAGE, PAGE, 0, 77) == PAGE;
	ok(same, "is there eight times");
	bench_close(&b);
}

static void test_fua(const struct test_opts *opts)
{
	static struct bench b;
	struct nvme_sqe sqe;

	bench_open(&b, opts, 0);
	pattern_fill(b.out.va, PAGE, 0, 5);
	sqe = nvme_rw(IO_WRITE, 0, PAGE >> b.nv.lba_shift);
	sqe.cdw12 |= RW_FUA;
	sqe.prp1 = b.out.iova[0];
	is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK,
	   "write with Force Unit Access");
	sqe = nvme_rw(IO_READ, 0, PAGE >> b.nv.lba_shift);
	sqe.cdw12 |= RW_FUA;
	sqe.prp1 = b.in.iova[0];
	is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK,
	   "read with Force Unit Access");
	is(pattern_check(b.in.va, PAGE, 0, 5), PAGE, "data are right");
	bench_close(&b);
}

/* The whole slice from end to end: no block is an alias of another. */
static void test_whole(const struct test_opts *opts)
{
	static struct bench b;
	u64 bytes, at, step;
	unsigned int wrong = 0, parts = 0;

	bench_open(&b, opts, 0);
	bytes = b.nv.nsze << b.nv.lba_shift;
	/* At most 256 places, including the first and the last page */
	step = MAX(bytes / 256, (u64)PAGE) & ~(u64)PAGE_OFF;
	for (at = 0; at + PAGE <= bytes; at += step, parts++) {
		pattern_fill(b.out.va, PAGE, at, 99);
		wrong += !!nvme_transfer(&b.qp.sq, IO_WRITE,
					 at >> b.nv.lba_shift, &b.out, 0, PAGE,
					 &b.list);
	}
	for (at = 0; at + PAGE <= bytes; at += step) {
		wrong += !!nvme_transfer(&b.qp.sq, IO_READ,
					 at >> b.nv.lba_shift, &b.in, 0, PAGE,
					 &b.list);
		wrong += pattern_check(b.in.va, PAGE, at, 99) != PAGE;
	}
	is(wrong, 0, "%u places over the whole slice hold what was written",
	   parts);
	bench_close(&b);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "contiguous", test_contiguous },
		{ "scattered", test_scattered },
		{ "huge", test_huge },
		{ "lists", test_lists },
		{ "same-page", test_same_page },
		{ "fua", test_fua },
		{ "whole", test_whole },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
