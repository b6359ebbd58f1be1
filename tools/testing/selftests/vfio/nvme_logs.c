// SPDX-License-Identifier: GPL-2.0-only
/*
 * Get Log Page
 */
#include <string.h>

#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

static const struct {
	const char *name;
	u8 lid;
	u32 len;
} logs[] = {
	{ "error information", LOG_ERROR, 64 },
	{ "SMART", LOG_SMART, 512 },
	{ "firmware slots", LOG_FW_SLOT, 512 },
	{ "changed namespaces", LOG_CHANGED_NS, 4096 },
	{ "command effects", LOG_EFFECTS, 4096 },
};

/* Reads the page in one piece, then parts of it by offset */
static void check_log(struct nvme *nv, unsigned int i)
{
	u32 len = logs[i].len, offs[] = { 4, 8, 60, len / 2, len - 4 };
	u8 whole[4096];
	bool same = true;
	unsigned int k;
	u16 status;

	memset(nv->scratch.va, 0xa5, nv->scratch.len);
	is(nvme_get_log(nv, logs[i].lid, ~0u, 0, len), ST_OK, "%s",
	   logs[i].name);
	ok(nv->scratch.va[len] == 0xa5, "%s: not a byte more",
	   logs[i].name);
	memcpy(whole, nv->scratch.va, len);
	for (k = 0; k < ARRAY_SIZE(offs); k++) {
		memset(nv->scratch.va, 0xa5, nv->scratch.len);
		status = nvme_get_log(nv, logs[i].lid, ~0u, offs[k], 4);
		/* The counters of SMART may change between the two commands. */
		if (status || (logs[i].lid != LOG_SMART &&
			       memcmp(nv->scratch.va, whole + offs[k], 4))) {
			tap_diag("offset %u: status 0x%x", offs[k], status);
			same = false;
		}
		same &= nv->scratch.va[4] == 0xa5;
	}
	ok(same, "%s: parts of it by offset", logs[i].name);
	is(nvme_get_log(nv, logs[i].lid, ~0u, 2, 4), DNR(ST_FIELD),
	   "%s: an offset of 2 is refused", logs[i].name);
}

static void test_pages(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i;

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(logs); i++)
		check_log(&nv, i);
	test_stop(&nv, &dev);
}

static void test_offsets(const struct test_opts *opts)
{
	static const u64 beyond[] = {
		8192, 0x10000, 0xfffffffc, 0x100000000, 1ull << 63,
		~0ull & ~3ull,
	};
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, k;

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		unsigned int refused = 0;

		for (k = 0; k < ARRAY_SIZE(beyond); k++)
			refused += nvme_get_log(&nv, logs[i].lid, ~0u,
						beyond[k], 4) == DNR(ST_FIELD);
		is(refused, ARRAY_SIZE(beyond),
		   "%s: offsets beyond the end are refused", logs[i].name);
	}
	test_stop(&nv, &dev);
}

/* Beyond the end of a page the guest must not see the host's memory. */
static void test_long(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	bool clean = true;
	u32 i, k;
	u16 status;

	test_start(&nv, &dev, opts);
	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		memset(nv.scratch.va, 0, nv.scratch.len);
		status = nvme_get_log(&nv, logs[i].lid, ~0u, 0, 2 * PAGE);
		is(status, ST_OK, "%s: more than there is", logs[i].name);
		for (k = 4096; k < 2 * PAGE; k++)
			clean &= !nv.scratch.va[k];
	}
	ok(clean, "nothing but zeros comes after 4 KiB");
	test_stop(&nv, &dev);
}

static void test_sizes(const struct test_opts *opts)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_GET_LOG, .nsid = ~0u,
		.cdw10 = LOG_SMART | 0xffffu << 16, .cdw11 = 0xffff,
	};
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	is(nvme_get_log(&nv, LOG_SMART, ~0u, 0, 4), ST_OK, "one dword");
	sqe.prp1 = nv.scratch.iova[0];
	sqe.prp2 = nv.scratch.iova[1];
	is(nvme_exec_status(&nv.asq, &sqe), DNR(ST_FIELD),
	   "16 GiB are refused");
	sqe.cdw10 = LOG_SMART | 127u << 16;
	sqe.cdw11 = 0;
	sqe.prp1 = dma_reserve_iova(&dev, PAGE);
	is(nvme_exec_status(&nv.asq, &sqe) & ST_CODE, ST_TRANSFER,
	   "data at an address that is not mapped");
	test_stop(&nv, &dev);
}

/* A buffer of more than two pages has a PRP list, which must not change. */
static void test_list(const struct test_opts *opts)
{
	struct prp_list list;
	struct dma_buf buf;
	struct vfio_dev dev;
	struct nvme nv;
	u64 before[4];
	unsigned int i;

	test_start(&nv, &dev, opts);
	dma_alloc(&dev, &buf, 4 * PAGE, DMA_SCATTER);
	prp_list_alloc(&dev, &list);
	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		struct nvme_sqe sqe = {
			.opcode = ADM_GET_LOG, .nsid = ~0u,
			.cdw10 = logs[i].lid | (3 * PAGE / 4 - 1) << 16,
		};

		memset(buf.va, 0, buf.len);
		nvme_set_prps(&sqe, &buf, 0x200, 3 * PAGE, &list);
		memcpy(before, list.mem.va, sizeof(before));
		is(nvme_exec_status(&nv.asq, &sqe), ST_OK,
		   "%s: room for three pages", logs[i].name);
		ok(!memcmp(before, list.mem.va, sizeof(before)),
		   "%s: the list is left alone", logs[i].name);
		nvme_get_log(&nv, logs[i].lid, ~0u, 0, logs[i].len);
		ok(logs[i].lid == LOG_SMART ||
		   !memcmp(buf.va + 0x200, nv.scratch.va, logs[i].len),
		   "%s: the data are where they belong", logs[i].name);
	}
	dma_free(&list.mem);
	dma_free(&buf);
	test_stop(&nv, &dev);
}

static void test_unknown(const struct test_opts *opts)
{
	unsigned int lid, refused = 0;
	struct vfio_dev dev;
	struct nvme nv;
	u16 status;

	test_start(&nv, &dev, opts);
	for (lid = 0; lid < 256; lid++) {
		if (lid >= LOG_ERROR && lid <= LOG_EFFECTS)
			continue;
		status = nvme_get_log(&nv, lid, ~0u, 0, 512);
		if (status == DNR(ST_LOG_PAGE))
			refused++;
		else if (lid < 0x10)
			tap_diag("log %02Xh: status 0x%x", lid, status);
	}
	is(refused, 251, "every other log page is invalid");
	test_stop(&nv, &dev);
}

/* Read and written blocks are counted, for this slice only. */
static void test_smart(const struct test_opts *opts)
{
	struct nvme_queue_opts polled = { 0 };
	struct nvme_qpair qp;
	struct prp_list list;
	struct dma_buf buf;
	struct vfio_dev dev;
	struct nvme nv;
	u64 reads, units;
	unsigned int i;
	u16 kelvin;

	test_start(&nv, &dev, opts);
	dma_alloc(&dev, &buf, 64 * 1024, 0);
	prp_list_alloc(&dev, &list);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	nvme_get_log(&nv, LOG_SMART, ~0u, 0, 512);
	kelvin = get16(nv.scratch.va + 1);
	ok(kelvin > 200 && kelvin < 450, "temperature %u K", kelvin);
	units = get64(nv.scratch.va + 32);
	reads = get64(nv.scratch.va + 64);
	for (i = 0; i < 32; i++)
		nvme_transfer(&qp.sq, IO_READ, 0, &buf, 0, buf.len, &list);
	nvme_get_log(&nv, LOG_SMART, ~0u, 0, 512);
	is(get64(nv.scratch.va + 64),
	   reads + 32 * DIV_ROUND_UP(buf.len, nv.max_xfer),
	   "read commands are counted");
	/* A unit is 1000 blocks of 512 bytes, rounded up. */
	ok(get64(nv.scratch.va + 32) >= units + 4 &&
	   get64(nv.scratch.va + 32) <= units + 5, "data units are counted");
	nvme_qpair_delete(&qp);
	dma_free(&list.mem);
	dma_free(&buf);
	test_stop(&nv, &dev);
}

static void test_contents(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u8 fr[8];

	test_start(&nv, &dev, opts);
	nvme_identify(&nv, CNS_CTRL, 0);
	memcpy(fr, nv.scratch.va + IDC_FR, sizeof(fr));
	nvme_get_log(&nv, LOG_FW_SLOT, ~0u, 0, 512);
	is(nv.scratch.va[0] & 7, 1, "firmware slot 1 is active");
	ok(!memcmp(nv.scratch.va + 8, fr, sizeof(fr)),
	   "firmware slot 1 holds the revision of Identify");
	nvme_get_log(&nv, LOG_EFFECTS, ~0u, 0, 4096);
	ok(get32(nv.scratch.va + 4 * ADM_IDENTIFY) & 1,
	   "effects: Identify is there");
	is(get32(nv.scratch.va + 4 * 0x80), 0, "effects: Format is not");
	ok(get32(nv.scratch.va + 1024 + 4 * IO_READ) & 1,
	   "effects: Read is there");
	ok(get32(nv.scratch.va + 1024 + 4 * IO_WRITE) & 2,
	   "effects: Write changes content");
	is(get32(nv.scratch.va + 1024 + 4 * IO_DSM) & 1,
	   !!(nv.oncs & ONCS_DSM), "effects: Dataset Management as in ONCS");
	is(get32(nv.scratch.va + 1024 + 4 * IO_COMPARE) & 1,
	   !!(nv.oncs & ONCS_COMPARE), "effects: Compare as in ONCS");
	nvme_get_log(&nv, LOG_CHANGED_NS, ~0u, 0, 4096);
	is(get32(nv.scratch.va), 0, "no namespace has changed");
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "pages", test_pages },
		{ "offsets", test_offsets },
		{ "long", test_long },
		{ "sizes", test_sizes },
		{ "list", test_list },
		{ "unknown", test_unknown },
		{ "smart", test_smart },
		{ "contents", test_contents },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
