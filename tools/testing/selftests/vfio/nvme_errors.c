// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O commands that must fail with the right status, and must not change the
 * drive, the memory or the state of their queue
 */
#include <string.h>

#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

struct bench {
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct dma_buf buf;
	struct prp_list list;
};

static void bench_open(struct bench *b, const struct test_opts *opts)
{
	struct nvme_queue_opts polled = { 0 };

	test_start(&b->nv, &b->dev, opts);
	dma_alloc(&b->dev, &b->buf, b->nv.max_xfer + 4 * PAGE, 0);
	prp_list_alloc(&b->dev, &b->list);
	nvme_qpair_create(&b->nv, &b->qp, 1, 64, polled);
}

/* The queue still works after all of these commands. */
static void bench_close(struct bench *b)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);

	sqe.prp1 = b->buf.iova[0];
	is(nvme_exec_status(&b->qp.sq, &sqe), ST_OK,
	   "the queue works afterwards");
	nvme_qpair_delete(&b->qp);
	dma_free(&b->list.mem);
	dma_free(&b->buf);
	test_stop(&b->nv, &b->dev);
}

static struct nvme_sqe rw(struct bench *b, u8 opcode, u64 slba, u32 blocks)
{
	struct nvme_sqe sqe = nvme_rw(opcode, slba, blocks);

	nvme_set_prps(&sqe, &b->buf, 0,
		      MIN((u64)blocks << b->nv.lba_shift, b->nv.max_xfer),
		      &b->list);
	return sqe;
}

static u16 run(struct bench *b, struct nvme_sqe sqe)
{
	return nvme_exec_status(&b->qp.sq, &sqe);
}

static void check_range(struct bench *b, u8 opcode, const char *name)
{
	u64 nsze = b->nv.nsze;
	const struct {
		u64 slba;
		u32 blocks;
	} bad[] = {
		{ nsze, 1 }, { nsze - 1, 2 }, { nsze - 7, 8 }, { nsze + 1, 1 },
		{ 2 * nsze, 1 }, { nsze | 1ull << 32, 1 }, { 1ull << 40, 1 },
		{ 1ull << 55, 1 }, { (1ull << 55) - 1, 2 }, { 1ull << 63, 8 },
		{ (1ull << 63) - 1, 2 }, { ~0ull, 1 }, { ~0ull, 2 },
		{ ~0ull - 7, 8 }, { ~0ull - 6, 8 },
	};
	unsigned int i, refused = 0;
	u16 status;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		status = run(b, rw(b, opcode, bad[i].slba, bad[i].blocks));
		if (status == DNR(ST_LBA_RANGE))
			refused++;
		else
			tap_diag("slba 0x%llx, %u blocks: status 0x%x",
				 (unsigned long long)bad[i].slba,
				 bad[i].blocks, status);
	}
	is(refused, ARRAY_SIZE(bad), "%s beyond the end", name);
	is(run(b, rw(b, opcode, nsze - 1, 1)), ST_OK, "%s of the last block",
	   name);
	is(run(b, rw(b, opcode, nsze - 8, 8)), ST_OK,
	   "%s of the last eight blocks", name);
}

static void test_range(const struct test_opts *opts)
{
	struct bench b;

	bench_open(&b, opts);
	check_range(&b, IO_READ, "read");
	check_range(&b, IO_WRITE, "write");
	bench_close(&b);
}

static void test_size(const struct test_opts *opts)
{
	struct bench b;
	u32 max;

	bench_open(&b, opts);
	if (!b.nv.mdts || b.nv.max_xfer != PAGE << b.nv.mdts) {
		tap_skip("size", "MDTS %u is more than can be tried",
			 b.nv.mdts);
		bench_close(&b);
		return;
	}
	max = b.nv.max_xfer >> b.nv.lba_shift;
	is(run(&b, rw(&b, IO_READ, 0, max)), ST_OK, "MDTS exactly");
	is(run(&b, rw(&b, IO_READ, 0, max + 1)), DNR(ST_FIELD),
	   "read of one block more than MDTS");
	is(run(&b, rw(&b, IO_WRITE, 0, max + 1)), DNR(ST_FIELD),
	   "write of one block more than MDTS");
	if (b.nv.nsze >= 65536 && max < 65536)
		is(run(&b, rw(&b, IO_READ, 0, 65536)), DNR(ST_FIELD),
		   "read of 65536 blocks");
	bench_close(&b);
}

static void test_namespace(const struct test_opts *opts)
{
	static const u32 bad[] = { 0, 2, 0x100, 0xfffffffe, 0xffffffff };
	static const u8 opcodes[] = { IO_READ, IO_WRITE };
	struct nvme_sqe sqe;
	unsigned int i, k;
	struct bench b;

	bench_open(&b, opts);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (k = 0; k < ARRAY_SIZE(opcodes); k++) {
			sqe = rw(&b, opcodes[k], 0, 1);
			sqe.nsid = bad[i];
			is(run(&b, sqe), DNR(ST_NS), "opcode %u, NSID 0x%x",
			   opcodes[k], bad[i]);
		}
	}
	bench_close(&b);
}

static void test_flags(const struct test_opts *opts)
{
	static const u8 flags[] = { 1, 2, 3, 0x40, 0x80, 0xc0 };
	struct nvme_sqe sqe;
	struct bench b;
	unsigned int i;

	bench_open(&b, opts);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		sqe = rw(&b, IO_READ, 0, 1);
		sqe.flags = flags[i];
		is(run(&b, sqe), DNR(ST_FIELD), "FUSE and PSDT 0x%02x",
		   flags[i]);
	}
	sqe = rw(&b, IO_READ, 0, 1);
	sqe.flags = 0x3c;
	is(run(&b, sqe), ST_OK, "reserved flags are ignored");
	sqe = rw(&b, IO_READ, 0, 1);
	sqe.cdw12 |= 0xfu << 26;
	is(run(&b, sqe), ST_OK,
	   "protection information without metadata is ignored");
	sqe = rw(&b, IO_READ, 0, 1);
	sqe.mptr = ~0ull;
	sqe.cdw2 = ~0u;
	sqe.cdw3 = ~0u;
	is(run(&b, sqe), ST_OK, "a metadata pointer is ignored");
	bench_close(&b);
}

static bool known(unsigned int opcode)
{
	switch (opcode) {
	case IO_FLUSH:
	case IO_WRITE:
	case IO_READ:
	case IO_COMPARE:
	case IO_WRITE_ZEROES:
	case IO_DSM:
	case IO_VERIFY:
		return true;
	}
	return false;
}

static void test_opcodes(const struct test_opts *opts)
{
	unsigned int opcode, refused = 0, asked = 0;
	struct bench b;
	u16 status;

	bench_open(&b, opts);
	for (opcode = 0; opcode < 256; opcode++) {
		if (known(opcode))
			continue;
		asked++;
		status = run(&b, rw(&b, opcode, 0, 1));
		if (status == DNR(ST_OPCODE))
			refused++;
		else
			tap_diag("opcode %02Xh: status 0x%x", opcode, status);
	}
	is(refused, asked, "every other opcode is invalid, with DNR");
	bench_close(&b);
}

static void test_misaligned(const struct test_opts *opts)
{
	u32 page_blocks;
	struct nvme_sqe sqe;
	struct bench b;
	u64 *prp;

	bench_open(&b, opts);
	page_blocks = PAGE >> b.nv.lba_shift;
	sqe = rw(&b, IO_READ, 0, page_blocks);
	sqe.prp1 += 2;
	sqe.prp2 = b.buf.iova[1];
	is(run(&b, sqe), DNR(ST_PRP_OFFSET), "PRP1 not dword aligned");
	sqe = rw(&b, IO_READ, 0, 2 * page_blocks);
	sqe.prp2 += 512;
	is(run(&b, sqe), DNR(ST_PRP_OFFSET), "PRP2 with an offset");
	sqe = rw(&b, IO_READ, 0, 4 * page_blocks);
	prp = (u64 *)b.list.mem.va;
	prp[1] += 4;
	is(run(&b, sqe), DNR(ST_PRP_OFFSET), "PRP in a list with an offset");
	sqe = rw(&b, IO_READ, 0, 4 * page_blocks);
	sqe.prp2 += 4;
	is(run(&b, sqe), DNR(ST_PRP_OFFSET), "list not qword aligned");
	bench_close(&b);
}

static void test_unmapped(const struct test_opts *opts)
{
	u32 page_blocks;
	struct nvme_sqe sqe;
	struct bench b;
	u64 nowhere, *prp;

	bench_open(&b, opts);
	nowhere = dma_reserve_iova(&b.dev, PAGE);
	page_blocks = PAGE >> b.nv.lba_shift;
	sqe = rw(&b, IO_READ, 0, 1);
	sqe.prp1 = nowhere;
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "read to nowhere");
	sqe.opcode = IO_WRITE;
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "write from nowhere");
	sqe.prp1 = ~0ull << 12;
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "write from the last page");
	sqe.prp1 = 0;
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "write from address 0");
	sqe = rw(&b, IO_READ, 0, 2 * page_blocks);
	sqe.prp2 = nowhere;
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "PRP2 to nowhere");
	sqe = rw(&b, IO_READ, 0, 4 * page_blocks);
	sqe.prp2 = nowhere;
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "list nowhere");
	sqe = rw(&b, IO_READ, 0, 4 * page_blocks);
	prp = (u64 *)b.list.mem.va;
	prp[2] = nowhere;
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "last PRP of a list nowhere");
	bench_close(&b);
}

/* A list whose next page is unmapped, or which points to itself */
static void test_bad_chain(const struct test_opts *opts)
{
	u32 page_blocks;
	struct nvme_sqe sqe;
	struct bench b;
	u64 *prp;

	bench_open(&b, opts);
	page_blocks = PAGE >> b.nv.lba_shift;
	prp = (u64 *)b.list.mem.va;
	b.list.first = 510;
	sqe = rw(&b, IO_READ, 0, 5 * page_blocks);
	prp[511] = dma_reserve_iova(&b.dev, PAGE);
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER, "list continued nowhere");
	sqe = rw(&b, IO_READ, 0, 5 * page_blocks);
	prp[511] = b.list.mem.iova[1] + 4;
	is(run(&b, sqe), DNR(ST_PRP_OFFSET), "list continued off a qword");
	b.list.first = 511;
	sqe = rw(&b, IO_READ, 0, 5 * page_blocks);
	prp[511] = b.list.mem.iova[0] + 511 * 8;
	is(run(&b, sqe), DNR(ST_PRP_OFFSET), "list continued in itself");
	bench_close(&b);
}

static void test_read_only_memory(const struct test_opts *opts)
{
	struct nvme_sqe sqe;
	struct dma_buf ro;
	struct bench b;
	size_t size;

	bench_open(&b, opts);
	size = (size_t)1 << b.nv.lba_shift;
	dma_alloc(&b.dev, &ro, PAGE, DMA_RO);
	pattern_fill(ro.va, size, 0, 11);
	sqe = rw(&b, IO_WRITE, 0, 1);
	sqe.prp1 = ro.iova[0];
	is(run(&b, sqe), ST_OK, "write from memory that is read-only");
	is(run(&b, rw(&b, IO_READ, 0, 1)), ST_OK, "read it back");
	is(pattern_check(b.buf.va, size, 0, 11), size, "data are right");
	memset(b.buf.va, 0xee, size);
	is(run(&b, rw(&b, IO_WRITE, 0, 1)), ST_OK, "write something else");
	sqe = rw(&b, IO_READ, 0, 1);
	sqe.prp1 = ro.iova[0];
	is(run(&b, sqe) & ST_CODE, ST_TRANSFER,
	   "read into memory that is read-only");
	is(pattern_check(ro.va, size, 0, 11), size, "leaves it as it was");
	dma_free(&ro);
	bench_close(&b);
}

/* None of the failed writes may have reached the drive. */
static void test_no_effect(const struct test_opts *opts)
{
	struct nvme_sqe sqe;
	struct bench b;
	size_t size;

	bench_open(&b, opts);
	size = (size_t)1 << b.nv.lba_shift;
	pattern_fill(b.buf.va, size, 0, 12);
	run(&b, rw(&b, IO_WRITE, 0, 1));
	memset(b.buf.va, 0xee, size);
	sqe = rw(&b, IO_WRITE, 0, 1);
	sqe.nsid = 2;
	run(&b, sqe);
	sqe = rw(&b, IO_WRITE, 0, 1);
	sqe.flags = 0x40;
	run(&b, sqe);
	run(&b, rw(&b, IO_WRITE, b.nv.nsze, 1));
	run(&b, rw(&b, IO_WRITE, ~0ull, 2));
	run(&b, rw(&b, 0x7f, 0, 1));
	memset(b.buf.va, 0, size);
	run(&b, rw(&b, IO_READ, 0, 1));
	is(pattern_check(b.buf.va, size, 0, 12), size,
	   "block 0 holds what it held before the failing writes");
	bench_close(&b);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "range", test_range },
		{ "size", test_size },
		{ "namespace", test_namespace },
		{ "flags", test_flags },
		{ "opcodes", test_opcodes },
		{ "misaligned", test_misaligned },
		{ "unmapped", test_unmapped },
		{ "bad-chain", test_bad_chain },
		{ "read-only-memory", test_read_only_memory },
		{ "no-effect", test_no_effect },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
