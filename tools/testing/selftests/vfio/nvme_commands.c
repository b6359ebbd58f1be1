// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flush, Write Zeroes, Dataset Management, Compare and Verify; those that the
 * drive lacks are refused
 */
#include <string.h>

#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define BLOCKS	64u

struct bench {
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct dma_buf buf;
	struct prp_list list;
	size_t len;
};

static void bench_open(struct bench *b, const struct test_opts *opts)
{
	struct nvme_queue_opts polled = { 0 };

	test_start(&b->nv, &b->dev, opts);
	b->len = (size_t)BLOCKS << b->nv.lba_shift;
	dma_alloc(&b->dev, &b->buf, b->len, 0);
	prp_list_alloc(&b->dev, &b->list);
	nvme_qpair_create(&b->nv, &b->qp, 1, 16, polled);
}

static void bench_close(struct bench *b)
{
	nvme_qpair_delete(&b->qp);
	dma_free(&b->list.mem);
	dma_free(&b->buf);
	test_stop(&b->nv, &b->dev);
}

static u16 transfer(struct bench *b, u8 opcode)
{
	return nvme_transfer(&b->qp.sq, opcode, 0, &b->buf, 0, b->len,
			     &b->list);
}

static void fill(struct bench *b, u64 seed)
{
	pattern_fill(b->buf.va, b->len, 0, seed);
	if (transfer(b, IO_WRITE))
		tap_bail("the blocks cannot be written");
}

static bool zero_blocks(struct bench *b, unsigned int from, unsigned int to)
{
	size_t i;

	for (i = (size_t)from << b->nv.lba_shift;
	     i < (size_t)to << b->nv.lba_shift; i++) {
		if (b->buf.va[i])
			return false;
	}
	return true;
}

static bool kept_blocks(struct bench *b, unsigned int from, unsigned int to,
			u64 seed)
{
	size_t off = (size_t)from << b->nv.lba_shift;
	size_t len = (size_t)(to - from) << b->nv.lba_shift;

	return pattern_check(b->buf.va + off, len, off, seed) == len;
}

/* A command is refused with Invalid Opcode if ONCS does not list it */
static bool offered(struct bench *b, u16 bit, struct nvme_sqe sqe,
		    const char *name)
{
	if (b->nv.oncs & bit)
		return true;
	is(nvme_exec_status(&b->qp.sq, &sqe), DNR(ST_OPCODE),
	   "%s is not offered and refused", name);
	return false;
}

static void test_flush(const struct test_opts *opts)
{
	struct nvme_sqe sqe = { .opcode = IO_FLUSH, .nsid = 1 };
	struct bench b;

	bench_open(&b, opts);
	fill(&b, 1);
	is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK, "flush");
	sqe.nsid = 0xffffffff;
	is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK, "flush of all namespaces");
	sqe.nsid = 0;
	is(nvme_exec_status(&b.qp.sq, &sqe), DNR(ST_NS),
	   "flush of namespace 0");
	sqe.nsid = 2;
	is(nvme_exec_status(&b.qp.sq, &sqe), DNR(ST_NS),
	   "flush of namespace 2");
	bench_close(&b);
}

static void test_write_zeroes(const struct test_opts *opts)
{
	struct nvme_sqe sqe = nvme_rw(IO_WRITE_ZEROES, 8, 16);
	struct bench b;

	bench_open(&b, opts);
	if (offered(&b, ONCS_WRITE_ZEROES, sqe, "Write Zeroes")) {
		fill(&b, 2);
		is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK, "16 blocks");
		transfer(&b, IO_READ);
		ok(zero_blocks(&b, 8, 24), "they are zero");
		ok(kept_blocks(&b, 0, 8, 2) && kept_blocks(&b, 24, BLOCKS, 2),
		   "the others are not");
		sqe = nvme_rw(IO_WRITE_ZEROES, b.nv.nsze - 1, 1);
		is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK, "the last block");
		sqe = nvme_rw(IO_WRITE_ZEROES, b.nv.nsze - 1, 2);
		is(nvme_exec_status(&b.qp.sq, &sqe), DNR(ST_LBA_RANGE),
		   "one beyond the end");
		sqe = nvme_rw(IO_WRITE_ZEROES, ~0ull, 1);
		is(nvme_exec_status(&b.qp.sq, &sqe), DNR(ST_LBA_RANGE),
		   "the last address");
		sqe = nvme_rw(IO_WRITE_ZEROES, 0, 65536);
		is(nvme_exec_status(&b.qp.sq, &sqe) & ST_CODE,
		   b.nv.nsze < 65536 ? ST_LBA_RANGE : ST_OK,
		   "65536 blocks, which MDTS does not limit");
	}
	bench_close(&b);
}

static struct nvme_sqe dsm(struct bench *b, unsigned int nr, u32 attributes)
{
	return (struct nvme_sqe){
		.opcode = IO_DSM, .nsid = 1, .cdw10 = nr - 1,
		.cdw11 = attributes, .prp1 = b->buf.iova[0],
	};
}

static void set_range(struct bench *b, unsigned int i, u64 slba, u32 nlb)
{
	struct nvme_range *range = (struct nvme_range *)b->buf.va;

	range[i] = (struct nvme_range){ .nlb = nlb, .slba = slba };
}

/*
 * Deallocated blocks may read as zeros, ones or their old content; the other
 * blocks keep their content.
 */
static void check_deallocate(struct bench *b)
{
	struct nvme_sqe sqe;

	fill(b, 3);
	set_range(b, 0, 8, 8);
	set_range(b, 1, 32, 16);
	set_range(b, 2, 56, 0);
	sqe = dsm(b, 3, DSM_AD);
	is(nvme_exec_status(&b->qp.sq, &sqe), ST_OK, "three ranges");
	is(transfer(b, IO_READ), ST_OK, "reads afterwards");
	ok(kept_blocks(b, 0, 8, 3) && kept_blocks(b, 16, 32, 3) &&
	   kept_blocks(b, 48, BLOCKS, 3), "nothing else changed");
	ok((zero_blocks(b, 8, 16) || kept_blocks(b, 8, 16, 3)) &&
	   (zero_blocks(b, 32, 48) || kept_blocks(b, 32, 48, 3)),
	   "the ranges read as zeros or as before");
}

static void check_dsm_bounds(struct bench *b)
{
	static const struct {
		const char *name;
		s64 slba;	/* relative to the end of the slice */
		u32 nlb;
	} bad[] = {
		{ "begins at the end", 0, 1 },
		{ "ends beyond the end", -1, 2 },
		{ "far beyond", 1ll << 40, 8 },
		{ "wraps", -2, ~0u },
	};
	struct nvme_sqe sqe;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		fill(b, 4);
		set_range(b, 0, 0, 8);
		set_range(b, 1, b->nv.nsze + bad[i].slba, bad[i].nlb);
		sqe = dsm(b, 2, DSM_AD);
		is(nvme_exec_status(&b->qp.sq, &sqe), DNR(ST_LBA_RANGE),
		   "a range that %s", bad[i].name);
	}
	set_range(b, 0, ~0ull, 2);
	sqe = dsm(b, 1, DSM_AD);
	is(nvme_exec_status(&b->qp.sq, &sqe), DNR(ST_LBA_RANGE),
	   "a range from the last address on");
}

static void check_dsm_pointer(struct bench *b)
{
	size_t off = PAGE - 24;
	struct nvme_range range = { .nlb = 8, .slba = 0 };
	struct nvme_sqe sqe;
	unsigned int i;

	for (i = 0; i < 256; i++)
		set_range(b, i, i % BLOCKS, 1);
	sqe = dsm(b, 256, DSM_AD);
	is(nvme_exec_status(&b->qp.sq, &sqe), ST_OK, "256 ranges");
	for (i = 0; i < 4; i++)
		memcpy(b->buf.va + off + 16 * i, &range, sizeof(range));
	sqe = dsm(b, 4, DSM_AD);
	sqe.prp1 = b->buf.iova[0] + off;
	sqe.prp2 = b->buf.iova[1];
	is(nvme_exec_status(&b->qp.sq, &sqe), ST_OK,
	   "ranges across two pages");
	sqe.prp2 = dma_reserve_iova(&b->dev, PAGE);
	is(nvme_exec_status(&b->qp.sq, &sqe) & ST_CODE, ST_TRANSFER,
	   "second page not mapped");
	sqe = dsm(b, 1, DSM_AD);
	sqe.prp1 = dma_reserve_iova(&b->dev, PAGE);
	is(nvme_exec_status(&b->qp.sq, &sqe) & ST_CODE, ST_TRANSFER,
	   "first page not mapped");
	set_range(b, 0, 0, 8);
	sqe = dsm(b, 1, 0);
	is(nvme_exec_status(&b->qp.sq, &sqe), ST_OK, "no attribute: a hint");
}

static void test_dsm(const struct test_opts *opts)
{
	struct bench b;

	bench_open(&b, opts);
	set_range(&b, 0, 0, 1);
	if (offered(&b, ONCS_DSM, dsm(&b, 1, DSM_AD), "Dataset Management")) {
		check_deallocate(&b);
		check_dsm_bounds(&b);
		check_dsm_pointer(&b);
	}
	bench_close(&b);
}

static void test_compare(const struct test_opts *opts)
{
	struct nvme_sqe sqe = nvme_rw(IO_COMPARE, 0, 1);
	struct bench b;

	bench_open(&b, opts);
	sqe.prp1 = b.buf.iova[0];
	if (offered(&b, ONCS_COMPARE, sqe, "Compare")) {
		fill(&b, 5);
		is(transfer(&b, IO_COMPARE), ST_OK, "equal");
		b.buf.va[b.len - 1] ^= 1;
		is(transfer(&b, IO_COMPARE) & ST_CODE, ST_COMPARE,
		   "one bit differs");
		sqe = nvme_rw(IO_COMPARE, b.nv.nsze, 1);
		sqe.prp1 = b.buf.iova[0];
		is(nvme_exec_status(&b.qp.sq, &sqe), DNR(ST_LBA_RANGE),
		   "beyond the end");
	}
	bench_close(&b);
}

static void test_verify(const struct test_opts *opts)
{
	struct nvme_sqe sqe = nvme_rw(IO_VERIFY, 0, BLOCKS);
	struct bench b;

	bench_open(&b, opts);
	if (offered(&b, ONCS_VERIFY, sqe, "Verify")) {
		fill(&b, 6);
		is(nvme_exec_status(&b.qp.sq, &sqe), ST_OK, "good blocks");
		sqe = nvme_rw(IO_VERIFY, b.nv.nsze - 1, 2);
		is(nvme_exec_status(&b.qp.sq, &sqe), DNR(ST_LBA_RANGE),
		   "beyond the end");
	}
	bench_close(&b);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "flush", test_flush },
		{ "write-zeroes", test_write_zeroes },
		{ "dsm", test_dsm },
		{ "compare", test_compare },
		{ "verify", test_verify },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
