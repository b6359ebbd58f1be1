// SPDX-License-Identifier: GPL-2.0-only
/*
 * Abort, Asynchronous Event Request, commands that Sluice does not offer, and
 * the admin queue itself
 */
#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define AERS	4	/* AERL is 3, zero-based */

static bool offered(unsigned int opcode)
{
	switch (opcode) {
	case ADM_DELETE_SQ:
	case ADM_CREATE_SQ:
	case ADM_GET_LOG:
	case ADM_DELETE_CQ:
	case ADM_CREATE_CQ:
	case ADM_IDENTIFY:
	case ADM_ABORT:
	case ADM_SET_FEATURES:
	case ADM_GET_FEATURES:
	case ADM_ASYNC_EVENT:
	case ADM_DOORBELL_BUFFER:
		return true;
	}
	return false;
}

static void test_opcodes(const struct test_opts *opts)
{
	unsigned int opcode, refused = 0, asked = 0;
	struct vfio_dev dev;
	struct nvme nv;
	u16 status;

	test_start(&nv, &dev, opts);
	for (opcode = 0; opcode < 256; opcode++) {
		struct nvme_sqe sqe = {
			.opcode = opcode, .nsid = 1,
			.prp1 = nv.scratch.iova[0],
		};

		if (offered(opcode))
			continue;
		asked++;
		status = nvme_exec_status(&nv.asq, &sqe);
		if (status == DNR(ST_OPCODE))
			refused++;
		else
			tap_diag("opcode %02Xh: status 0x%x", opcode, status);
	}
	is(refused, asked, "every other opcode is invalid, with DNR");
	test_stop(&nv, &dev);
}

static void test_flags(const struct test_opts *opts)
{
	static const u8 flags[] = { 1, 2, 3, 0x40, 0x80, 0xc0 };
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct nvme_sqe sqe = {
			.opcode = ADM_IDENTIFY, .flags = flags[i],
			.prp1 = nv.scratch.iova[0], .cdw10 = CNS_CTRL,
		};

		is(nvme_exec_status(&nv.asq, &sqe), DNR(ST_FIELD),
		   "FUSE and PSDT 0x%02x are refused", flags[i]);
	}
	test_stop(&nv, &dev);
}

static struct nvme_cqe abort_cmd(struct nvme *nv, u16 sqid, u16 cid)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_ABORT, .cdw10 = (u32)cid << 16 | sqid,
	};

	return nvme_exec(&nv->asq, &sqe);
}

static void test_abort(const struct test_opts *opts)
{
	struct nvme_sqe aer = { .opcode = ADM_ASYNC_EVENT };
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	u16 cid;

	test_start(&nv, &dev, opts);
	cqe = abort_cmd(&nv, 0, 0x7777);
	is(nvme_status(&cqe), ST_OK, "abort of a command that is not there");
	is(cqe.dw0 & 1, 1, "says that nothing was aborted");
	cqe = abort_cmd(&nv, 0xffff, 1);
	ok(nvme_status(&cqe) == DNR(ST_FIELD) ||
	   nvme_status(&cqe) == DNR(ST_QID) ||
	   (nvme_status(&cqe) == ST_OK && cqe.dw0 & 1),
	   "abort in a queue that is not there: 0x%x", nvme_status(&cqe));
	cid = nvme_queue_cmd(&nv.asq, &aer);
	nvme_ring(&nv.asq);
	cqe = abort_cmd(&nv, 0, cid);
	is(nvme_status(&cqe), ST_OK, "abort of an event request");
	if (!(cqe.dw0 & 1)) {
		cqe = nvme_wait_cid(&nv.asq, cid);
		is(nvme_status(&cqe) & ST_CODE, ST_ABORTED,
		   "the request is completed as aborted");
	}
	test_stop(&nv, &dev);
}

/* A command in flight is aborted: both commands complete, with any status. */
static void test_abort_io(const struct test_opts *opts)
{
	struct nvme_queue_opts polled = { 0 };
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, done = 0, sane = 0;
	u16 cid[15], code;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	for (i = 0; i < ARRAY_SIZE(cid); i++) {
		sqe = nvme_rw(IO_READ, i, 1);
		sqe.prp1 = nv.scratch.iova[1];
		cid[i] = nvme_queue_cmd(&qp.sq, &sqe);
	}
	nvme_ring(&qp.sq);
	for (i = 0; i < ARRAY_SIZE(cid); i++) {
		cqe = abort_cmd(&nv, 1, cid[i]);
		sane += nvme_status(&cqe) == ST_OK;
	}
	is(sane, ARRAY_SIZE(cid), "aborts of I/O complete");
	for (i = 0; i < ARRAY_SIZE(cid); i++) {
		cqe = nvme_wait_cid(&qp.sq, cid[i]);
		code = nvme_status(&cqe) & ST_CODE;
		done += code == ST_OK || code == ST_ABORTED;
	}
	is(done, ARRAY_SIZE(cid), "so does the I/O");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_events(const struct test_opts *opts)
{
	struct nvme_sqe aer = { .opcode = ADM_ASYNC_EVENT };
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;

	test_start(&nv, &dev, opts);
	for (i = 0; i < AERS; i++)
		nvme_queue_cmd(&nv.asq, &aer);
	nvme_ring(&nv.asq);
	ok(!nvme_cq_wait(&nv.acq, &cqe, 300), "%u requests are kept", AERS);
	is(nvme_exec_status(&nv.asq, &aer) & ST_CODE, ST_AER_LIMIT,
	   "one more exceeds the limit");
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK,
	   "other commands are executed meanwhile");
	ok(nvme_restart(&nv), "reset with requests outstanding");
	ok(!nvme_cq_wait(&nv.acq, &cqe, 100),
	   "completes none of them afterwards");
	for (i = 0; i < AERS; i++)
		nvme_queue_cmd(&nv.asq, &aer);
	nvme_ring(&nv.asq);
	ok(!nvme_cq_wait(&nv.acq, &cqe, 300), "as many requests again");
	test_stop(&nv, &dev);
}

/* An invalid doorbell is reported to a host that has asked for events. */
static void test_doorbell_event(const struct test_opts *opts)
{
	struct nvme_sqe aer = { .opcode = ADM_ASYNC_EVENT };
	struct nvme_cqe cqe = { 0 };
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_queue_cmd(&nv.asq, &aer);
	nvme_ring(&nv.asq);
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK, "request is pending");
	nvme_doorbell(&nv, nvme_sq_db(0), 0xffff);
	if (nvme_cq_wait(&nv.acq, &cqe, 2000)) {
		is(nvme_status(&cqe), ST_OK, "the event arrives");
		is(cqe.dw0 & 7, 0, "its type is Error");
		is(cqe.dw0 >> 8 & 0xff, 1,
		   "its information is Invalid Doorbell Write Value");
		is(cqe.dw0 >> 16 & 0xff, LOG_ERROR, "its log is the error log");
	} else {
		ok(!(nvme_read32(&nv, REG_CSTS) & CSTS_CFS),
		   "an invalid doorbell value is ignored");
	}
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK, "commands still work");
	test_stop(&nv, &dev);
}

/* The admin queue wraps at every depth. */
static void test_wrap(const struct test_opts *opts)
{
	static const u32 depths[] = { 2, 3, 7, 64, 4096 };
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, k, good, rounds;

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		nvme_disable(&nv);
		nvme_alloc_admin(&nv, depths[i], depths[ARRAY_SIZE(depths) - 1
							- i]);
		nvme_write_admin_regs(&nv);
		if (!ok(nvme_enable(&nv), "enabled with %u entries",
			depths[i]))
			continue;
		rounds = MIN(3 * depths[i], 200u);
		for (k = 0, good = 0; k < rounds; k++)
			good += nvme_get_feature(&nv, FEAT_NUM_QUEUES, NULL)
				== ST_OK;
		is(good, rounds, "%u commands through it", rounds);
	}
	test_stop(&nv, &dev);
}

/* Many commands behind one doorbell; the host takes completions later */
static void test_burst(const struct test_opts *opts)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_GET_FEATURES, .cdw10 = FEAT_NUM_QUEUES,
	};
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, good = 0;

	test_start(&nv, &dev, opts);
	nvme_disable(&nv);
	nvme_alloc_admin(&nv, 256, 16);
	nvme_write_admin_regs(&nv);
	ok(nvme_enable(&nv), "more submission than completion entries");
	for (i = 0; i < 255; i++)
		nvme_queue_cmd(&nv.asq, &sqe);
	nvme_ring(&nv.asq);
	sleep_ms(200);
	for (i = 0; i < 255; i++)
		good += nvme_cq_wait(&nv.acq, &cqe, 5000) &&
			nvme_status(&cqe) == ST_OK && cqe.cid == (u16)
			(nv.asq.next_cid - 255 + i);
	is(good, 255, "all complete, in order, none overwritten");
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "opcodes", test_opcodes },
		{ "flags", test_flags },
		{ "abort", test_abort },
		{ "abort-io", test_abort_io },
		{ "events", test_events },
		{ "doorbell-event", test_doorbell_event },
		{ "wrap", test_wrap },
		{ "burst", test_burst },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
