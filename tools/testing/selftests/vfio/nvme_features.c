// SPDX-License-Identifier: GPL-2.0-only
/*
 * Get and Set Features
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/nvme.h"
#include "lib/tap.h"
#include "lib/test.h"

#define SV	BIT(31)

/* Features with a value in dword 11 only, and a value other than the default */
static const struct {
	const char *name;
	u32 fid;
	u32 val;
	u32 mask;
} plain[] = {
	{ "arbitration", FEAT_ARBITRATION, 0x03, 0x07 },
	{ "power management", FEAT_POWER, 0, 0x1f },
	{ "error recovery", FEAT_ERROR_RECOVERY, 0x55, 0xffff },
	{ "interrupt coalescing", FEAT_IRQ_COALESCING, 0x0403, 0xffff },
	{ "interrupt configuration", FEAT_IRQ_CONFIG, 0x10001, 0x1ffff },
	{ "write atomicity", FEAT_WRITE_ATOMICITY, 1, 1 },
	{ "async events", FEAT_ASYNC_EVENT, 0x02, 0xff },
};

/* Gets a feature; the interrupt configuration is asked for its vector */
static u16 get_plain(struct nvme *nv, u32 fid, u32 *val)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_GET_FEATURES, .cdw10 = fid,
		.cdw11 = fid == FEAT_IRQ_CONFIG,
	};
	struct nvme_cqe cqe;

	if (fid == FEAT_ERROR_RECOVERY)
		sqe.nsid = 1;
	cqe = nvme_exec(&nv->asq, &sqe);
	*val = cqe.dw0;
	return nvme_status(&cqe);
}

static u16 set_plain(struct nvme *nv, u32 fid, u32 val)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_SET_FEATURES, .cdw10 = fid, .cdw11 = val,
	};

	if (fid == FEAT_ERROR_RECOVERY)
		sqe.nsid = 1;
	return nvme_exec_status(&nv->asq, &sqe);
}

static void test_plain(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;
	u32 before, after;

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		is(get_plain(&nv, plain[i].fid, &before), ST_OK, "get %s",
		   plain[i].name);
		is(set_plain(&nv, plain[i].fid, plain[i].val), ST_OK, "set %s",
		   plain[i].name);
		is(get_plain(&nv, plain[i].fid, &after), ST_OK,
		   "get %s again", plain[i].name);
		is(after & plain[i].mask, plain[i].val, "%s is kept",
		   plain[i].name);
		set_plain(&nv, plain[i].fid, before);
	}
	test_stop(&nv, &dev);
}

static void test_temperature(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u32 over, val;

	test_start(&nv, &dev, opts);
	is(nvme_get_feature(&nv, FEAT_TEMPERATURE, &over), ST_OK,
	   "get the over temperature threshold");
	is(nvme_set_feature(&nv, FEAT_TEMPERATURE, 340, &val), ST_OK,
	   "set it");
	is(nvme_get_feature(&nv, FEAT_TEMPERATURE, &val), ST_OK, "get it");
	is(val & 0xffff, 340, "it is kept");
	nvme_set_feature(&nv, FEAT_TEMPERATURE, over & 0xffff, &val);
	is(nvme_set_feature(&nv, FEAT_TEMPERATURE, 300 | 2 << 20, &val),
	   DNR(ST_FIELD), "THSEL 2 is reserved");
	test_stop(&nv, &dev);
}

static void test_write_cache(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u32 before, after;
	bool present;

	test_start(&nv, &dev, opts);
	nvme_identify(&nv, CNS_CTRL, 0);
	present = nv.scratch.va[IDC_VWC] & 1;
	if (!present) {
		is(nvme_get_feature(&nv, FEAT_WRITE_CACHE, &before),
		   DNR(ST_FIELD), "no write cache: get is refused");
		is(nvme_set_feature(&nv, FEAT_WRITE_CACHE, 1, &before),
		   DNR(ST_FIELD), "no write cache: set is refused");
	} else {
		is(nvme_get_feature(&nv, FEAT_WRITE_CACHE, &before), ST_OK,
		   "get the write cache: 0x%x", before);
		is(nvme_set_feature(&nv, FEAT_WRITE_CACHE, before & 1,
				    &after) & ST_CODE, ST_OK,
		   "set it to what it was");
		is(nvme_get_feature(&nv, FEAT_WRITE_CACHE, &after), ST_OK,
		   "get it");
		is(after & 1, before & 1, "it is kept");
	}
	test_stop(&nv, &dev);
}

static void test_num_queues(const struct test_opts *opts)
{
	struct nvme_queue_opts polled = { 0 };
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	u32 val, again;

	test_start(&nv, &dev, opts);
	is(nvme_set_feature(&nv, FEAT_NUM_QUEUES, 0xfffefffe, &val), ST_OK,
	   "the largest number may be asked for");
	is(val & 0xffff, nv.nr_qpairs - 1, "submission queues granted");
	is(val >> 16, nv.nr_qpairs - 1, "completion queues granted");
	is(nvme_get_feature(&nv, FEAT_NUM_QUEUES, &again), ST_OK, "get");
	is(again, val, "gives the same");
	is(nvme_set_feature(&nv, FEAT_NUM_QUEUES, 0x0000ffff, &val),
	   DNR(ST_FIELD), "65536 submission queues are refused");
	is(nvme_set_feature(&nv, FEAT_NUM_QUEUES, 0xffff0000, &val),
	   DNR(ST_FIELD), "65536 completion queues are refused");
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	is(nvme_set_feature(&nv, FEAT_NUM_QUEUES, 0, &val) & ST_CODE,
	   ST_SEQUENCE, "not once queues have been created");
	nvme_qpair_delete(&qp);
	ok(nvme_restart(&nv), "reset");
	is(nvme_set_feature(&nv, FEAT_NUM_QUEUES, 0, &val), ST_OK,
	   "one pair asked for");
	is(val & 0xffff0000, (val & 0xffff) << 16, "both numbers agree");
	test_stop(&nv, &dev);
}

static u16 timestamp(struct nvme *nv, u8 opcode, u64 *ms)
{
	struct nvme_sqe sqe = {
		.opcode = opcode, .cdw10 = FEAT_TIMESTAMP,
		.prp1 = nv->scratch.iova[0],
	};
	u16 status;

	if (opcode == ADM_SET_FEATURES)
		memcpy(nv->scratch.va, ms, sizeof(*ms));
	status = nvme_exec_status(&nv->asq, &sqe);
	memcpy(ms, nv->scratch.va, sizeof(*ms));
	return status;
}

static void test_timestamp(const struct test_opts *opts)
{
	u64 set = 1600000000000ull, got = set;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	if (!(nv.oncs & ONCS_TIMESTAMP)) {
		is(timestamp(&nv, ADM_GET_FEATURES, &got), DNR(ST_FIELD),
		   "no timestamp: get is refused");
		test_stop(&nv, &dev);
		return;
	}
	is(timestamp(&nv, ADM_SET_FEATURES, &set), ST_OK, "set");
	sleep_ms(50);
	is(timestamp(&nv, ADM_GET_FEATURES, &got), ST_OK, "get");
	is(got >> 48 & 0xe, 2, "says that the host set it");
	got &= 0xffffffffffff;
	ok(got >= 1600000000050ull && got < 1600000000000ull + 600000,
	   "the clock runs: %llu ms later",
	   (unsigned long long)(got - 1600000000000ull));
	test_stop(&nv, &dev);
}

static void test_unknown(const struct test_opts *opts)
{
	unsigned int fid, refused = 0, asked = 0;
	struct vfio_dev dev;
	struct nvme nv;
	u32 val;

	test_start(&nv, &dev, opts);
	for (fid = 0; fid < 256; fid++) {
		if (fid >= FEAT_ARBITRATION && fid <= FEAT_TIMESTAMP)
			continue;
		asked += 2;
		refused += nvme_get_feature(&nv, fid, &val) == DNR(ST_FIELD);
		refused += nvme_set_feature(&nv, fid, 0, &val) ==
			   DNR(ST_FIELD);
	}
	is(refused, asked, "other features are an invalid field");
	is(nvme_get_feature(&nv, 0x0c, &val) & ST_CODE, ST_FIELD,
	   "autonomous power state transitions");
	is(nvme_get_feature(&nv, 0x0d, &val) & ST_CODE, ST_FIELD,
	   "host memory buffer");
	test_stop(&nv, &dev);
}

static void test_save(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u32 val;
	u16 status;

	test_start(&nv, &dev, opts);
	status = nvme_set_feature(&nv, FEAT_ARBITRATION | SV, 0, &val);
	is(status, DNR(ST_FEAT_SAVE), "a feature that cannot be saved");
	if (nv.oncs & ONCS_SAVE) {
		is(nvme_get_feature(&nv, FEAT_ARBITRATION | 1 << 8, &val),
		   ST_OK, "default value");
		is(nvme_get_feature(&nv, FEAT_ARBITRATION | 2 << 8, &val),
		   ST_OK, "saved value");
		is(nvme_get_feature(&nv, FEAT_ARBITRATION | 3 << 8, &val),
		   ST_OK, "capabilities");
		ok(val & BIT(2), "say that it can be changed");
	} else {
		is(nvme_get_feature(&nv, FEAT_ARBITRATION | 1 << 8, &val),
		   ST_OK, "select without its support is ignored");
	}
	is(nvme_get_feature(&nv, FEAT_ARBITRATION | 7 << 8, &val),
	   DNR(ST_FIELD), "select 7 is reserved");
	test_stop(&nv, &dev);
}

static void test_bad_values(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u32 val;

	test_start(&nv, &dev, opts);
	is(nvme_set_feature(&nv, FEAT_POWER, 31, &val), DNR(ST_FIELD),
	   "a power state that does not exist");
	is(nvme_set_feature(&nv, FEAT_IRQ_CONFIG, 0xffff, &val),
	   DNR(ST_FIELD), "a vector that does not exist");
	is(nvme_set_feature(&nv, FEAT_IRQ_CONFIG, nv.nr_qpairs + 1, &val),
	   DNR(ST_FIELD), "a vector one too large");
	test_stop(&nv, &dev);
}

/* Get Features with any Select value does not change the value in use. */
static void test_select(const struct test_opts *opts)
{
	u32 val, select, same = 0, untouched = 0;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_set_feature(&nv, FEAT_IRQ_COALESCING, 0x0203, &val);
	for (select = 0; select < 8; select++) {
		nvme_get_feature(&nv, FEAT_IRQ_COALESCING | select << 8, &val);
		nvme_get_feature(&nv, FEAT_IRQ_COALESCING, &val);
		same += (val & 0xffff) == 0x0203;
		memset(nv.scratch.va, 0xa5, 8);
		nvme_get_feature(&nv, FEAT_TIMESTAMP | 3 << 8, &val);
		untouched += nv.scratch.va[0] == 0xa5 &&
			     nv.scratch.va[7] == 0xa5;
	}
	is(same, 8, "asking for the default changes nothing");
	if (nv.oncs & ONCS_SAVE)
		is(untouched, 8, "capabilities of the timestamp have no data");
	test_stop(&nv, &dev);
}

/* A controller reset sets every feature to its default. */
static void test_reset(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u32 before, after;

	test_start(&nv, &dev, opts);
	nvme_get_feature(&nv, FEAT_IRQ_COALESCING, &before);
	nvme_set_feature(&nv, FEAT_IRQ_COALESCING, before ^ 0x0101, &after);
	ok(nvme_restart(&nv), "reset");
	nvme_get_feature(&nv, FEAT_IRQ_COALESCING, &after);
	is(after, before, "interrupt coalescing is as after power-on");
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "plain", test_plain },
		{ "temperature", test_temperature },
		{ "write-cache", test_write_cache },
		{ "queues", test_num_queues },
		{ "timestamp", test_timestamp },
		{ "unknown", test_unknown },
		{ "save", test_save },
		{ "bad-values", test_bad_values },
		{ "select", test_select },
		{ "reset", test_reset },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
