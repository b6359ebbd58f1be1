// SPDX-License-Identifier: GPL-2.0-only
/*
 * Create and Delete I/O Submission and Completion Queue, with every error
 * status of sections 5.3 to 5.6
 */
#include <poll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define PC	QUEUE_PC

static const struct nvme_queue_opts polled;

/* A page for the failing create commands */
static u64 some_page(struct nvme *nv)
{
	return nv->scratch.iova[1];
}

static void test_cq_errors(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	u32 mqes;
	u16 last, status;
	u64 page;

	test_start(&nv, &dev, opts);
	mqes = CAP_MQES(nv.cap);
	last = nv.nr_qpairs;
	page = some_page(&nv);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	is(nvme_create_cq_cmd(&nv, 0, 15, page, PC), DNR(ST_QID), "QID 0");
	is(nvme_create_cq_cmd(&nv, 1, 15, page, PC), DNR(ST_QID),
	   "QID that exists");
	is(nvme_create_cq_cmd(&nv, last + 1, 15, page, PC), DNR(ST_QID),
	   "QID one too large");
	is(nvme_create_cq_cmd(&nv, 0xffff, 15, page, PC), DNR(ST_QID),
	   "QID FFFFh");
	nvme_qpair_delete(&qp);
	is(nvme_create_cq_cmd(&nv, 1, 0, page, PC), DNR(ST_QUEUE_SIZE),
	   "a queue of one entry");
	if (mqes < 0xffff) {
		is(nvme_create_cq_cmd(&nv, 1, mqes + 1, page, PC),
		   DNR(ST_QUEUE_SIZE), "size one larger than CAP.MQES");
		is(nvme_create_cq_cmd(&nv, 1, 0xffff, page, PC),
		   DNR(ST_QUEUE_SIZE), "size FFFFh");
	} else {
		tap_skip("sizes", "CAP.MQES is the largest number");
	}
	is(nvme_create_cq_cmd(&nv, 1, 15, page, PC | CQ_IEN |
			      (nv.nr_qpairs + 1) << 16), DNR(ST_VECTOR),
	   "vector one too large");
	is(nvme_create_cq_cmd(&nv, 1, 15, page, PC | CQ_IEN | 0xffffu << 16),
	   DNR(ST_VECTOR), "vector FFFFh");
	status = nvme_create_cq_cmd(&nv, 1, 15, page + 4, PC);
	is(status, DNR(ST_PRP_OFFSET), "PRP1 with an offset");
	status = nvme_create_cq_cmd(&nv, 1, 15,
				    dma_reserve_iova(&dev, PAGE), PC);
	is(status, DNR(ST_FIELD), "PRP1 at an address that is not mapped");
	is(nvme_cq_create(&nv, &qp.cq, 1, 16, polled), ST_OK,
	   "the queue can be created after all this");
	is(nvme_cq_delete(&qp.cq), ST_OK, "and deleted");
	test_stop(&nv, &dev);
}

static void test_sq_errors(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	u16 last, status;
	u64 page;
	u32 mqes;

	test_start(&nv, &dev, opts);
	mqes = CAP_MQES(nv.cap);
	last = nv.nr_qpairs;
	page = some_page(&nv);
	is(nvme_create_sq_cmd(&nv, 1, 15, page, 1 << 16 | PC),
	   DNR(ST_CQ_INVALID), "CQ that does not exist");
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	is(nvme_create_sq_cmd(&nv, 0, 15, page, 1 << 16 | PC), DNR(ST_QID),
	   "QID 0");
	is(nvme_create_sq_cmd(&nv, 1, 15, page, 1 << 16 | PC), DNR(ST_QID),
	   "QID that exists");
	is(nvme_create_sq_cmd(&nv, last + 1, 15, page, 1 << 16 | PC),
	   DNR(ST_QID), "QID one too large");
	is(nvme_create_sq_cmd(&nv, 0xffff, 15, page, 1 << 16 | PC),
	   DNR(ST_QID), "QID FFFFh");
	is(nvme_sq_delete(&qp.sq), ST_OK, "SQ deleted");
	status = nvme_create_sq_cmd(&nv, 1, 15, page, PC);
	is(status, DNR(ST_QID), "CQ 0");
	status = nvme_create_sq_cmd(&nv, 1, 15, page, 0xffffu << 16 | PC);
	is(status, DNR(ST_QID), "CQ FFFFh");
	is(nvme_create_sq_cmd(&nv, 1, 0, page, 1 << 16 | PC),
	   DNR(ST_QUEUE_SIZE), "a queue of one entry");
	if (mqes < 0xffff)
		is(nvme_create_sq_cmd(&nv, 1, mqes + 1, page, 1 << 16 | PC),
		   DNR(ST_QUEUE_SIZE), "size one larger than CAP.MQES");
	status = nvme_create_sq_cmd(&nv, 1, 15, page + 4, 1 << 16 | PC);
	is(status, DNR(ST_PRP_OFFSET), "PRP1 with an offset");
	status = nvme_create_sq_cmd(&nv, 1, 15, dma_reserve_iova(&dev, PAGE),
				    1 << 16 | PC);
	is(status, DNR(ST_FIELD), "PRP1 at an address that is not mapped");
	is(nvme_sq_create(&nv, &qp.sq, &qp.cq, 1, 16, polled), ST_OK,
	   "the queue can be created after all this");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_delete_errors(const struct test_opts *opts)
{
	static const u16 none[] = { 0, 0xffff };
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		is(nvme_delete_cmd(&nv, ADM_DELETE_SQ, none[i]), DNR(ST_QID),
		   "SQ 0x%x cannot be deleted", none[i]);
		is(nvme_delete_cmd(&nv, ADM_DELETE_CQ, none[i]), DNR(ST_QID),
		   "CQ 0x%x cannot be deleted", none[i]);
	}
	is(nvme_delete_cmd(&nv, ADM_DELETE_SQ, 1), DNR(ST_QID),
	   "SQ that does not exist");
	is(nvme_delete_cmd(&nv, ADM_DELETE_CQ, 1), DNR(ST_QID),
	   "CQ that does not exist");
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	is(nvme_delete_cmd(&nv, ADM_DELETE_CQ, 1) & ST_CODE, ST_QUEUE_DELETE,
	   "CQ with an SQ");
	is(nvme_sq_delete(&qp.sq), ST_OK, "SQ deleted");
	is(nvme_delete_cmd(&nv, ADM_DELETE_SQ, 1), DNR(ST_QID),
	   "SQ deleted before");
	is(nvme_cq_delete(&qp.cq), ST_OK, "CQ deleted");
	is(nvme_delete_cmd(&nv, ADM_DELETE_CQ, 1), DNR(ST_QID),
	   "CQ deleted before");
	test_stop(&nv, &dev);
}

/* Entry sizes of 0 in CC are invalid: no queue can be created. */
static void test_entry_sizes(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nv.cc = 0;
	if (ok(nvme_restart(&nv), "enabled without entry sizes")) {
		is(nvme_create_cq_cmd(&nv, 1, 15, some_page(&nv), PC),
		   DNR(ST_QUEUE_SIZE), "CQ without CC.IOCQES");
	}
	nvme_disable(&nv);
	nv.cc = CC_IOCQES(4);
	nvme_write_admin_regs(&nv);
	if (ok(nvme_enable(&nv), "enabled without CC.IOSQES")) {
		is(nvme_create_cq_cmd(&nv, 1, 15, some_page(&nv), PC), ST_OK,
		   "CQ with CC.IOCQES");
		is(nvme_create_sq_cmd(&nv, 1, 15, some_page(&nv),
				      1 << 16 | PC), DNR(ST_QUEUE_SIZE),
		   "SQ without CC.IOSQES");
	}
	test_stop(&nv, &dev);
}

static bool reads(struct nvme_sq *sq)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);

	sqe.prp1 = sq->nv->scratch.iova[1];
	return nvme_exec_status(sq, &sqe) == ST_OK;
}

static void test_all_pairs(const struct test_opts *opts)
{
	static struct nvme_qpair qp[NVME_MAX_QUEUES];
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, round, good = 0;

	test_start(&nv, &dev, opts);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < nv.nr_qpairs; i++)
			nvme_qpair_create(&nv, &qp[i], i + 1, 32, polled);
		for (i = 0; i < nv.nr_qpairs; i++)
			good += reads(&qp[i].sq);
		for (i = 0; i < nv.nr_qpairs; i++)
			nvme_qpair_delete(&qp[i]);
	}
	is(good, 3 * nv.nr_qpairs, "all %u pairs, created three times",
	   nv.nr_qpairs);
	test_stop(&nv, &dev);
}

static void test_scattered(const struct test_opts *opts)
{
	struct nvme_queue_opts scattered = { .scattered = true };
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, good = 0;
	u32 depth;

	test_start(&nv, &dev, opts);
	depth = MIN(CAP_MQES(nv.cap) + 1, 1024u);
	nvme_qpair_create(&nv, &qp, 1, depth, scattered);
	for (i = 0; i < 2 * depth + 5; i++)
		good += reads(&qp.sq);
	is(good, 2 * depth + 5,
	   "commands through queues of scattered pages (PC = 0)");
	nvme_qpair_delete(&qp);
	nvme_qpair_create(&nv, &qp, 1, 16, scattered);
	ok(reads(&qp.sq), "scattered queues of less than a page");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

/* A PRP list with an unmapped second page: refused, without a leak. */
static void test_scattered_hole(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	struct dma_buf list;
	u64 *prp;
	u16 status;

	test_start(&nv, &dev, opts);
	if (CAP_MQES(nv.cap) < 511) {
		tap_skip("hole", "queues of two pages are not possible");
		test_stop(&nv, &dev);
		return;
	}
	dma_alloc(&dev, &list, PAGE, 0);
	prp = (u64 *)list.va;
	prp[0] = some_page(&nv);
	prp[1] = dma_reserve_iova(&dev, PAGE);
	status = nvme_create_cq_cmd(&nv, 1, 511, list.iova[0], 0);
	is(status, DNR(ST_FIELD), "second page not mapped");
	prp[1] = some_page(&nv) + 8;
	status = nvme_create_cq_cmd(&nv, 1, 511, list.iova[0], 0);
	is(status, DNR(ST_PRP_OFFSET), "second page with an offset");
	status = nvme_create_cq_cmd(&nv, 1, 511,
				    dma_reserve_iova(&dev, PAGE), 0);
	is(status, DNR(ST_TRANSFER), "list not mapped");
	is(nvme_delete_cmd(&nv, ADM_DELETE_CQ, 1), DNR(ST_QID),
	   "no queue came of it");
	dma_free(&list);
	test_stop(&nv, &dev);
}

/* Commands in flight complete before the deletion of their queue does. */
static void test_delete_busy(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int round, i, good = 0, late = 0;

	test_start(&nv, &dev, opts);
	for (round = 0; round < 20; round++) {
		nvme_qpair_create(&nv, &qp, 1, 64, polled);
		for (i = 0; i < 63; i++) {
			sqe = nvme_rw(IO_READ, i, 1);
			sqe.prp1 = some_page(&nv);
			nvme_queue_cmd(&qp.sq, &sqe);
		}
		nvme_ring(&qp.sq);
		good += nvme_sq_delete(&qp.sq) == ST_OK;
		while (nvme_cq_take(&qp.cq, &cqe))
			;
		sleep_ms(20);
		while (nvme_cq_take(&qp.cq, &cqe))
			late++;
		good += nvme_cq_delete(&qp.cq) == ST_OK;
	}
	is(good, 40, "queues with commands in flight deleted");
	is(late, 0, "no completion after the deletion");
	test_stop(&nv, &dev);
}

/* Completion queues signal the vector that they were created with. */
static void test_vectors(const struct test_opts *opts)
{
	struct nvme_queue_opts irq = { .interrupt = true };
	struct nvme_qpair qp[2];
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;

	test_start(&nv, &dev, opts);
	for (i = 0; i < 2; i++) {
		irq.vector = 2 - i;
		nvme_qpair_create(&nv, &qp[i], 1 + i, 16, irq);
	}
	for (i = 0; i < 2; i++) {
		struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);
		struct pollfd mine = { .fd = qp[i].cq.efd, .events = POLLIN };
		struct pollfd other = {
			.fd = qp[1 - i].cq.efd, .events = POLLIN,
		};
		u64 count;

		sqe.prp1 = some_page(&nv);
		nvme_queue_cmd(&qp[i].sq, &sqe);
		nvme_ring(&qp[i].sq);
		is(poll(&mine, 1, NVME_TIMEOUT), 1,
		   "CQ %u signals vector %u", 1 + i, 2 - i);
		is(nvme_cq_posted(&qp[i].cq), 1, "after the completion");
		is(poll(&other, 1, 50), 0, "and no other");
		if (read(mine.fd, &count, sizeof(count)) < 0)
			tap_diag("eventfd cannot be read");
	}
	for (i = 0; i < 2; i++)
		nvme_qpair_delete(&qp[i]);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "cq-errors", test_cq_errors },
		{ "sq-errors", test_sq_errors },
		{ "delete-errors", test_delete_errors },
		{ "entry-sizes", test_entry_sizes },
		{ "all-pairs", test_all_pairs },
		{ "scattered", test_scattered },
		{ "scattered-hole", test_scattered_hole },
		{ "delete-busy", test_delete_busy },
		{ "vectors", test_vectors },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
