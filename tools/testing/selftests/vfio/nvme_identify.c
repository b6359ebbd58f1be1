// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identify: what the controller and its namespace report
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/nvme.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

/* Reads the slice's UUID from sysfs, as 16 bytes */
static bool slice_uuid(const struct test_opts *opts, u8 *uuid)
{
	struct slice slice;
	char text[64], *p = text;
	unsigned int i;

	if (!slice_find(&slice, opts->id) ||
	    !slice_attr(slice.dir, "uuid", text, sizeof(text)))
		return false;
	for (i = 0; i < 16; i++, p += 2) {
		if (*p == '-')
			p++;
		if (sscanf(p, "%2hhx", &uuid[i]) != 1)
			return false;
	}
	return true;
}

static bool all_zero(const u8 *mem, size_t len)
{
	while (len--) {
		if (*mem++)
			return false;
	}
	return true;
}

static void check_serial(const u8 *id, const struct test_opts *opts)
{
	char want[33];
	u8 uuid[16];
	unsigned int i;

	if (!slice_uuid(opts, uuid)) {
		ok(false, "the slice has a UUID in sysfs");
		return;
	}
	for (i = 10; i < 16; i++)
		uuid[i - 6] ^= uuid[i];
	for (i = 0; i < 10; i++)
		sprintf(want + 2 * i, "%02x", uuid[i]);
	ok(!strncasecmp((const char *)id + IDC_SN, want, 20),
	   "serial number comes from the slice's UUID");
}

static void test_controller(const struct test_opts *opts)
{
	static const char model[] = "Sluice NVMe slice";
	struct vfio_dev dev;
	struct nvme nv;
	const u8 *id;

	test_start(&nv, &dev, opts);
	id = nv.scratch.va;
	memset(nv.scratch.va, 0xa5, PAGE);
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK, "Identify Controller");
	ok(!memcmp(id + IDC_MN, model, strlen(model)), "model number");
	is(id[IDC_MN + 39], ' ', "model number is padded with spaces");
	check_serial(id, opts);
	is(get32(id + IDC_VER), nvme_read32(&nv, REG_VS), "VER equals VS");
	is(id[IDC_CNTRLTYPE], 1, "an I/O controller");
	is(id[IDC_ACL], 3, "ACL");
	is(id[IDC_AERL], 3, "AERL");
	is(id[IDC_SQES], 0x66, "SQES");
	is(id[IDC_CQES], 0x44, "CQES");
	is(get32(id + IDC_NN), 1, "one namespace");
	is(get16(id + IDC_FUSES), 0, "no fused operations");
	is(get32(id + IDC_SGLS), 0, "no SGLs");
	is(get16(id + IDC_OACS), OACS_DBBUF,
	   "Doorbell Buffer Config is the only optional admin command");
	ok(id[IDC_LPA] & BIT(2), "extended data of Get Log Page");
	ok(!strncmp((const char *)id + IDC_SUBNQN, "nqn.", 4), "subsystem NQN");
	ok(memchr(id + IDC_SUBNQN, 0, 256), "subsystem NQN is terminated");
	ok(all_zero(id + 356, 156) && all_zero(id + 544, 224) &&
	   all_zero(id + 1024, 1024) && all_zero(id + 3072, 1024),
	   "reserved and vendor specific fields are zero");
	is(nvme_identify(&nv, CNS_CTRL, 1), ST_OK, "the NSID is ignored");
	test_stop(&nv, &dev);
}

static void check_size(struct nvme *nv, const struct test_opts *opts)
{
	struct slice slice;

	if (!slice_find(&slice, opts->id)) {
		ok(false, "the slice is in sysfs");
		return;
	}
	is(nv->nsze << nv->lba_shift, slice_number(slice.dir, "size_bytes"),
	   "as large as the slice");
	is(1u << nv->lba_shift, slice_number(slice.dir, "block_size_bytes"),
	   "with blocks of the same size");
}

static void test_namespace(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	const u8 *id;
	u8 uuid[16];
	u64 ncap, nuse;

	test_start(&nv, &dev, opts);
	id = nv.scratch.va;
	is(nvme_identify(&nv, CNS_NS, 1), ST_OK, "Identify Namespace");
	memcpy(&ncap, id + IDN_NCAP, 8);
	memcpy(&nuse, id + IDN_NUSE, 8);
	ok(ncap <= nv.nsze && nuse <= ncap, "NUSE <= NCAP <= NSZE");
	is(id[IDN_FLBAS] & 0x10, 0, "no metadata in the data");
	is(get16(id + IDN_LBAF + 4 * (id[IDN_FLBAS] & 0xf)), 0,
	   "no metadata");
	is(id[IDN_MC], 0, "no metadata capabilities");
	is(id[IDN_DPS], 0, "no protection information");
	ok(all_zero(id + 192, PAGE - 192),
	   "reserved and vendor specific fields are zero");
	check_size(&nv, opts);
	if (slice_uuid(opts, uuid))
		ok(!memcmp(id + IDN_NGUID, uuid, 16),
		   "NGUID is the slice's UUID");
	is(nvme_identify(&nv, CNS_NS, 0), DNR(ST_NS), "NSID 0");
	is(nvme_identify(&nv, CNS_NS, 2), DNR(ST_NS), "NSID 2");
	is(nvme_identify(&nv, CNS_NS, 0xfffffffe), DNR(ST_NS),
	   "NSID FFFFFFFEh");
	is(nvme_identify(&nv, CNS_NS, 0xffffffff), DNR(ST_NS),
	   "NSID FFFFFFFFh: there is no common part");
	test_stop(&nv, &dev);
}

static void test_list(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	const u8 *id;

	test_start(&nv, &dev, opts);
	id = nv.scratch.va;
	memset(nv.scratch.va, 0xa5, PAGE);
	is(nvme_identify(&nv, CNS_NS_LIST, 0), ST_OK, "list of namespaces");
	is(get32(id), 1, "holds namespace 1");
	ok(all_zero(id + 4, PAGE - 4), "and nothing else");
	memset(nv.scratch.va, 0xa5, PAGE);
	is(nvme_identify(&nv, CNS_NS_LIST, 1), ST_OK, "list from 1 on");
	ok(all_zero(id, PAGE), "is empty");
	is(nvme_identify(&nv, CNS_NS_LIST, 0xfffffffe), DNR(ST_NS),
	   "list from FFFFFFFEh on is refused");
	is(nvme_identify(&nv, CNS_NS_LIST, 0xffffffff), DNR(ST_NS),
	   "list from FFFFFFFFh on is refused");
	test_stop(&nv, &dev);
}

/* Offset of the descriptor of @type; 0 if it is missing or the list is bad */
static unsigned int find_descriptor(const u8 *id, u8 type)
{
	unsigned int off = 0;

	while (off + 4 < PAGE && id[off + 1]) {
		if (id[off] == type)
			return off + 4;
		off += 4 + id[off + 1];
	}
	return 0;
}

static void test_descriptors(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	const u8 *id;
	u8 uuid[16];
	unsigned int at;

	test_start(&nv, &dev, opts);
	id = nv.scratch.va;
	memset(nv.scratch.va, 0xa5, PAGE);
	is(nvme_identify(&nv, CNS_NS_DESC, 1), ST_OK, "descriptors");
	at = find_descriptor(id, NIDT_UUID);
	if (ok(at, "a UUID is among them")) {
		is(id[at - 3], 16, "of 16 bytes");
		if (slice_uuid(opts, uuid))
			ok(!memcmp(id + at, uuid, 16), "it is the slice's");
	}
	at = find_descriptor(id, NIDT_NGUID);
	if (at)
		is(id[at - 3], 16, "an NGUID of 16 bytes");
	ok(all_zero(id + PAGE - 1024, 1024), "the list is terminated");
	is(nvme_identify(&nv, CNS_NS_DESC, 0), DNR(ST_NS), "NSID 0");
	is(nvme_identify(&nv, CNS_NS_DESC, 2), DNR(ST_NS), "NSID 2");
	is(nvme_identify(&nv, CNS_NS_DESC, 0xffffffff), DNR(ST_NS),
	   "NSID FFFFFFFFh");
	test_stop(&nv, &dev);
}

/*
 * 04h to 0Fh are optional or reserved; of these Sluice has 05h and 06h, the formats
 * and the limits of the NVM command set. 10h to 16h belong to namespace management and
 * virtualization, which Sluice does not offer.
 */
static void test_other_cns(const struct test_opts *opts)
{
	unsigned int cns, refused = 0;
	struct vfio_dev dev;
	struct nvme nv;
	u16 status;

	test_start(&nv, &dev, opts);
	is(nvme_identify(&nv, CNS_NS_CSI, 1), ST_OK, "formats of the command set");
	ok(all_zero(nv.scratch.va, PAGE), "have no storage tags");
	is(nvme_identify(&nv, CNS_CTRL_CSI, 0), ST_OK, "limits of the command set");
	for (cns = 4; cns < 256; cns++) {
		if (cns == CNS_NS_CSI || cns == CNS_CTRL_CSI)
			continue;
		status = nvme_identify(&nv, cns, 1);
		if (status == DNR(ST_FIELD))
			refused++;
		else
			tap_diag("CNS %02Xh: status 0x%x", cns, status);
	}
	is(refused, 250, "every other CNS is an invalid field");
	test_stop(&nv, &dev);
}

static u16 identify_at(struct nvme *nv, u64 prp1, u64 prp2)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_IDENTIFY, .prp1 = prp1, .prp2 = prp2,
		.cdw10 = CNS_CTRL,
	};

	return nvme_exec_status(&nv->asq, &sqe);
}

static void test_data_pointer(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	struct dma_buf buf;
	u64 nowhere;
	u8 id[PAGE];

	test_start(&nv, &dev, opts);
	dma_alloc(&dev, &buf, 3 * PAGE, DMA_SCATTER);
	nowhere = dma_reserve_iova(&dev, PAGE);
	nvme_identify(&nv, CNS_CTRL, 0);
	memcpy(id, nv.scratch.va, PAGE);
	memset(buf.va, 0xa5, buf.len);
	is(identify_at(&nv, buf.iova[0] + 0x804, buf.iova[1]), ST_OK,
	   "split over two pages");
	ok(!memcmp(buf.va + 0x804, id, PAGE), "the data are right");
	is(buf.va[0x803], 0xa5, "nothing before them");
	is(buf.va[0x804 + PAGE], 0xa5, "nothing after them");
	is(identify_at(&nv, buf.iova[0] + 0x800, buf.iova[1] + 4),
	   DNR(ST_PRP_OFFSET), "PRP2 with an offset");
	is(identify_at(&nv, buf.iova[0] + 0x802, buf.iova[1]),
	   DNR(ST_PRP_OFFSET), "PRP1 not dword aligned");
	is(identify_at(&nv, nowhere, 0) & ST_CODE, ST_TRANSFER,
	   "PRP1 at an address that is not mapped");
	is(identify_at(&nv, buf.iova[0] + 0x800, nowhere) & ST_CODE,
	   ST_TRANSFER, "PRP2 at an address that is not mapped");
	is(identify_at(&nv, ~0ull << 12, 0) & ST_CODE, ST_TRANSFER,
	   "PRP1 at the last page");
	is(identify_at(&nv, buf.iova[0], ~0ull), ST_OK,
	   "PRP2 is ignored where it is not needed");
	dma_free(&buf);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "controller", test_controller },
		{ "namespace", test_namespace },
		{ "list", test_list },
		{ "descriptors", test_descriptors },
		{ "other-cns", test_other_cns },
		{ "data-pointer", test_data_pointer },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
