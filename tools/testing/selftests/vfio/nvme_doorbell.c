// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalid doorbells: values beyond the queue, missing queues, accesses of a
 * wrong size
 */
#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

static const struct nvme_queue_opts polled;

static bool reads(struct nvme_sq *sq)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);

	sqe.prp1 = sq->nv->scratch.iova[1];
	return nvme_exec_status(sq, &sqe) == ST_OK;
}

/*
 * For these the specification only requires a report; the admin queue must keep
 * working, and a reset must help.
 */
static void check_after(struct nvme *nv, const char *what)
{
	u32 csts = nvme_read32(nv, REG_CSTS);

	ok(csts & CSTS_CFS || nvme_identify(nv, CNS_CTRL, 0) == ST_OK,
	   "%s: commands are executed or CSTS.CFS is set", what);
	ok(nvme_restart(nv) && nvme_identify(nv, CNS_CTRL, 0) == ST_OK,
	   "%s: works after a reset", what);
}

static void ring_and_check(struct nvme *nv, bool head, u32 val,
			   const char *what)
{
	struct nvme_qpair qp;

	nvme_qpair_create(nv, &qp, 1, 16, polled);
	ok(reads(&qp.sq), "%s: works before", what);
	nvme_doorbell(nv, head ? nvme_cq_db(1) : nvme_sq_db(1), val);
	sleep_ms(50);
	check_after(nv, what);
	nvme_qpair_forget(&qp);
}

static void test_values(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	ring_and_check(&nv, false, 16, "tail equal to the size");
	ring_and_check(&nv, false, 17, "tail beyond the size");
	ring_and_check(&nv, false, 0xffff, "tail FFFFh");
	ring_and_check(&nv, false, 0xffff0001, "tail with reserved bits");
	ring_and_check(&nv, false, 0, "tail moved back");
	ring_and_check(&nv, true, 16, "head equal to the size");
	ring_and_check(&nv, true, 0xffff, "head FFFFh");
	ring_and_check(&nv, true, 9, "head ahead of what was posted");
	ring_and_check(&nv, true, 0, "head moved back");
	test_stop(&nv, &dev);
}

/* The controller ignores an invalid value: the next valid one works. */
static void test_ignored(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	ok(reads(&qp.sq), "works before");
	nvme_doorbell(&nv, nvme_sq_db(1), 16);
	nvme_doorbell(&nv, nvme_sq_db(1), 0xdead);
	sleep_ms(50);
	ok(reads(&qp.sq), "works after invalid tails");
	nvme_doorbell(&nv, nvme_cq_db(1), 16);
	nvme_doorbell(&nv, nvme_cq_db(1), 0xdead);
	ok(reads(&qp.sq), "works after invalid heads");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_absent(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u32 off;

	test_start(&nv, &dev, opts);
	for (off = 4 * nvme_doorbell_word(&nv, nvme_sq_db(1)); off + 4 <= PAGE; off += 4)
		nvme_write32(&nv, REG_DB + off, 1);
	check_after(&nv, "absent queues");
	nvme_disable(&nv);
	for (off = 0; off + 4 <= PAGE; off += 4)
		nvme_write32(&nv, REG_DB + off, 1);
	is(nvme_read32(&nv, REG_CSTS), 0,
	   "doorbells do not change the state of a disabled controller");
	nvme_write_admin_regs(&nv);
	ok(nvme_enable(&nv) && nvme_identify(&nv, CNS_CTRL, 0) == ST_OK,
	   "the controller starts from empty queues all the same");
	test_stop(&nv, &dev);
}

/* A doorbell written before the queue exists has no effect on the queue. */
static void test_early(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_doorbell(&nv, nvme_sq_db(1), 5);
	nvme_doorbell(&nv, nvme_cq_db(1), 5);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	ok(!nvme_cq_wait(&qp.cq, &cqe, 200),
	   "a new queue does not see an older doorbell");
	ok(reads(&qp.sq), "it works");
	nvme_qpair_delete(&qp);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	ok(!nvme_cq_wait(&qp.cq, &cqe, 200),
	   "nor does the next one see that of its forerunner");
	ok(reads(&qp.sq), "it works as well");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_sizes(const struct test_opts *opts)
{
	static const u8 buf[16];
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int off, len, absent;
	u64 val;

	test_start(&nv, &dev, opts);
	absent = REG_DB + 4 * nvme_doorbell_word(&nv, nvme_sq_db(2));
	for (off = 0; off < 16; off++) {
		for (len = 1; len <= sizeof(buf); len++)
			vfio_write(&dev, VFIO_PCI_BAR0_REGION_INDEX,
				   absent + off, buf, len);
	}
	for (off = 0; off < 16; off++)
		vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, REG_DB + off, &val,
			  8 - off % 8);
	check_after(&nv, "accesses of every size");
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "values", test_values },
		{ "ignored", test_ignored },
		{ "absent", test_absent },
		{ "early", test_early },
		{ "sizes", test_sizes },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
