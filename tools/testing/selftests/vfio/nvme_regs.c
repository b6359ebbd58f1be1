// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers: CAP, VS, CC, CSTS, admin queue registers, resets
 */
#include <linux/pci_regs.h>

#include "lib/clock.h"
#include "lib/nvme.h"
#include "lib/tap.h"
#include "lib/test.h"

#define VS_1_4	0x00010400u

/* The controller answers commands. */
static bool answers(struct nvme *nv)
{
	return nvme_identify(nv, CNS_CTRL, 0) == ST_OK;
}

/* The controller can be restarted from any state. */
static void check_recovery(struct nvme *nv, const char *after)
{
	ok(nvme_restart(nv) && answers(nv), "works again after %s", after);
}

static void test_capabilities(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;

	test_open(&dev, opts->id, opts);
	nvme_attach(&nv, &dev);
	ok(CAP_MQES(nv.cap) >= 1, "CAP.MQES %u", CAP_MQES(nv.cap));
	ok(CAP_TO(nv.cap) >= 30, "CAP.TO %u x 500 ms", CAP_TO(nv.cap));
	is(CAP_DSTRD(nv.cap), 3, "CAP.DSTRD");
	is(CAP_CQR(nv.cap), 0, "CAP.CQR: scattered queues are possible");
	ok(CAP_CSS(nv.cap) & 1, "CAP.CSS: NVM command set");
	is(CAP_MPSMIN(nv.cap), 0, "CAP.MPSMIN 4 KiB");
	is(CAP_MPSMAX(nv.cap), 0, "CAP.MPSMAX 4 KiB");
	is(CAP_NSSRS(nv.cap), 0, "CAP.NSSRS: no subsystem reset");
	is(nvme_read32(&nv, REG_VS), VS_1_4, "VS 1.4");
	is(nvme_read32(&nv, REG_CC), 0, "CC after open");
	is(nvme_read32(&nv, REG_CSTS), 0, "CSTS after open");
	is(nvme_read64(&nv, REG_CMBLOC), 0, "no controller memory buffer");
	test_stop(&nv, &dev);
}

static void test_access(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;

	test_open(&dev, opts->id, opts);
	nvme_attach(&nv, &dev);
	is((u64)nvme_read32(&nv, REG_CAP + 4) << 32 |
	   nvme_read32(&nv, REG_CAP), nv.cap, "CAP in halves");
	is(nvme_read64(&nv, REG_VS) & 0xffffffff, nvme_read32(&nv, REG_VS),
	   "VS in a read of 64 bits");
	nvme_write64(&nv, REG_ASQ, 0x123456789abcd000);
	is(nvme_read32(&nv, REG_ASQ), 0x9abcd000, "ASQ: lower half");
	is(nvme_read32(&nv, REG_ASQ + 4), 0x12345678, "ASQ: upper half");
	nvme_write32(&nv, REG_ASQ, 0x11112000);
	is(nvme_read64(&nv, REG_ASQ), 0x1234567811112000,
	   "ASQ: lower half written alone");
	nvme_write32(&nv, REG_ASQ + 4, 0x42);
	is(nvme_read64(&nv, REG_ASQ), 0x4211112000,
	   "ASQ: upper half written alone");
	nvme_write64(&nv, REG_ACQ, ~0ull);
	is(nvme_read64(&nv, REG_ACQ), ~0ull << 12,
	   "ACQ: reserved bits read 0");
	nvme_write64(&nv, REG_ASQ, ~0ull);
	is(nvme_read64(&nv, REG_ASQ), ~0ull << 12,
	   "ASQ: reserved bits read 0");
	nvme_write32(&nv, REG_AQA, ~0u);
	is(nvme_read32(&nv, REG_AQA), 0x0fff0fff,
	   "AQA: reserved bits read 0");
	test_stop(&nv, &dev);
}

static void test_read_only(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u32 off;
	bool zero = true;

	test_start(&nv, &dev, opts);
	nvme_write64(&nv, REG_CAP, ~nv.cap);
	is(nvme_read64(&nv, REG_CAP), nv.cap, "CAP cannot be written");
	nvme_write32(&nv, REG_VS, 0);
	is(nvme_read32(&nv, REG_VS), VS_1_4, "VS cannot be written");
	nvme_write32(&nv, REG_CSTS, ~0u);
	is(nvme_read32(&nv, REG_CSTS), CSTS_RDY, "CSTS cannot be written");
	nvme_write32(&nv, REG_NSSR, 0x4e564d65);
	is(nvme_read32(&nv, REG_CSTS), CSTS_RDY,
	   "NSSR does nothing without CAP.NSSRS");
	nvme_write32(&nv, REG_INTMS, ~0u);
	nvme_write32(&nv, REG_INTMC, ~0u);
	for (off = 0x100; off < REG_DB; off += 4) {
		nvme_write32(&nv, off, ~0u);
		zero &= nvme_read32(&nv, off) == 0;
	}
	ok(zero, "reserved registers read 0 whatever is written");
	ok(answers(&nv), "the controller still answers");
	test_stop(&nv, &dev);
}

static void test_enable(const struct test_opts *opts)
{
	unsigned int i, good = 0;
	struct vfio_dev dev;
	struct nvme nv;
	u64 asq, acq;
	u32 aqa;

	test_start(&nv, &dev, opts);
	is(nvme_read32(&nv, REG_CSTS), CSTS_RDY, "CSTS.RDY alone is set");
	is(nvme_read32(&nv, REG_CC) & CC_RESERVED, 0, "reserved bits of CC");
	asq = nvme_read64(&nv, REG_ASQ);
	acq = nvme_read64(&nv, REG_ACQ);
	aqa = nvme_read32(&nv, REG_AQA);
	ok(nvme_disable(&nv), "CSTS.RDY goes with CC.EN");
	is(nvme_read64(&nv, REG_ASQ), asq, "ASQ survives a controller reset");
	is(nvme_read64(&nv, REG_ACQ), acq, "ACQ survives a controller reset");
	is(nvme_read32(&nv, REG_AQA), aqa, "AQA survives a controller reset");
	ok(nvme_enable(&nv) && answers(&nv),
	   "enabled again with the same queues");
	for (i = 0; i < 50; i++)
		good += nvme_restart(&nv) && answers(&nv);
	is(good, 50, "disabled and enabled 50 times");
	nvme_write32(&nv, REG_CC, nvme_read32(&nv, REG_CC) | CC_RESERVED);
	is(nvme_read32(&nv, REG_CC) & CC_RESERVED, 0,
	   "reserved bits of CC read 0 when written");
	ok(answers(&nv), "and have no effect");
	test_stop(&nv, &dev);
}

static void shut_down(struct nvme *nv, u32 how, const char *name)
{
	nvme_write32(nv, REG_CC, nv->cc | CC_EN | how);
	ok(nvme_wait_csts(nv, CSTS_SHST, CSTS_SHST_DONE, 20000),
	   "%s shutdown completes", name);
	nvme_write32(nv, REG_CC, nv->cc);
	ok(nvme_wait_csts(nv, CSTS_RDY | CSTS_SHST, 0, 20000),
	   "%s shutdown: a controller reset clears CSTS", name);
	nvme_write_admin_regs(nv);
	ok(nvme_enable(nv) && answers(nv), "%s shutdown: works again", name);
}

static void test_shutdown(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	shut_down(&nv, CC_SHN_NORMAL, "normal");
	shut_down(&nv, CC_SHN_ABRUPT, "abrupt");
	shut_down(&nv, CC_SHN_NORMAL, "second normal");
	test_stop(&nv, &dev);
}

/* The enable fails, or the first command fails, or RDY is never set. */
static bool queue_fails(struct nvme *nv)
{
	struct nvme_sqe sqe = { .opcode = ADM_IDENTIFY };

	if (!nvme_enable(nv))
		return true;
	nvme_queue_cmd(&nv->asq, &sqe);
	nvme_ring(&nv->asq);
	return nvme_wait_csts(nv, CSTS_CFS, CSTS_CFS, 5000);
}

static void test_bad_queues(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	u64 nowhere;

	test_start(&nv, &dev, opts);
	nowhere = dma_reserve_iova(&dev, PAGE);
	nvme_disable(&nv);
	nvme_write64(&nv, REG_ASQ, nowhere);
	ok(queue_fails(&nv), "ASQ at an address that is not mapped");
	ok(nvme_read32(&nv, REG_CSTS) & CSTS_CFS, "says CSTS.CFS");
	check_recovery(&nv, "it");
	nvme_disable(&nv);
	nvme_write64(&nv, REG_ACQ, nowhere);
	ok(queue_fails(&nv), "ACQ at an address that is not mapped");
	check_recovery(&nv, "it");
	nvme_disable(&nv);
	nvme_write64(&nv, REG_ASQ, 0);
	nvme_write64(&nv, REG_ACQ, ~0ull << 12);
	ok(queue_fails(&nv), "queues at 0 and at the last page");
	check_recovery(&nv, "it");
	nvme_disable(&nv);
	nvme_write32(&nv, REG_AQA, 0);
	nvme_enable(&nv);
	nvme_write32(&nv, REG_DB, 1);
	check_recovery(&nv, "queues of one entry");
	nvme_disable(&nv);
	nvme_write32(&nv, REG_AQA, 0x0fff0fff);
	nvme_enable(&nv);
	check_recovery(&nv, "the largest queues");
	test_stop(&nv, &dev);
}

static void refuses_config(struct nvme *nv, u32 cc, const char *name)
{
	nvme_disable(nv);
	nvme_write_admin_regs(nv);
	nvme_write32(nv, REG_CC, cc | CC_EN);
	sleep_ms(300);
	ok(!(nvme_read32(nv, REG_CSTS) & CSTS_RDY), "%s: not ready", name);
	check_recovery(nv, name);
}

static void test_bad_config(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	refuses_config(&nv, CC_DEFAULT | CC_MPS(1), "pages of 8 KiB");
	refuses_config(&nv, CC_DEFAULT | CC_MPS(15), "pages of 128 MiB");
	refuses_config(&nv, CC_DEFAULT | CC_CSS(1), "command set 1");
	refuses_config(&nv, CC_DEFAULT | CC_CSS(5), "command set 5");
	test_stop(&nv, &dev);
}

/* What the registers contain after a function level reset */
static void check_cleared(struct nvme *nv, const char *how)
{
	vfio_set_command(nv->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	is(nvme_read32(nv, REG_CC), 0, "%s: CC is 0", how);
	is(nvme_read32(nv, REG_CSTS), 0, "%s: CSTS is 0", how);
	is(nvme_read32(nv, REG_AQA), 0, "%s: AQA is 0", how);
	is(nvme_read64(nv, REG_ASQ), 0, "%s: ASQ is 0", how);
	is(nvme_read64(nv, REG_ACQ), 0, "%s: ACQ is 0", how);
	check_recovery(nv, how);
}

static void test_function_reset(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	is(vfio_reset(&dev), 0, "VFIO reset while enabled");
	check_cleared(&nv, "VFIO reset");
	vfio_flr(&dev);
	check_cleared(&nv, "FLR");
	nvme_disable(&nv);
	vfio_flr(&dev);
	check_cleared(&nv, "FLR while disabled");
	nvme_write32(&nv, REG_CC, nv.cc | CC_EN | CC_SHN_NORMAL);
	is(vfio_reset(&dev), 0, "VFIO reset during a shutdown");
	check_cleared(&nv, "VFIO reset during a shutdown");
	nvme_disable(&nv);
	nvme_write64(&nv, REG_ASQ, dma_reserve_iova(&dev, PAGE));
	nvme_enable(&nv);
	vfio_flr(&dev);
	check_cleared(&nv, "FLR with a fatal error");
	test_stop(&nv, &dev);
}

/* Without bus mastering the controller fetches nothing; with it all works. */
static void test_bus_master(const struct test_opts *opts)
{
	struct nvme_sqe sqe = { .opcode = ADM_IDENTIFY, .cdw10 = CNS_CTRL };
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	vfio_set_command(&dev, 0, PCI_COMMAND_MASTER);
	sqe.prp1 = nv.scratch.iova[0];
	nvme_queue_cmd(&nv.asq, &sqe);
	nvme_ring(&nv.asq);
	ok(!nvme_cq_wait(&nv.acq, &cqe, 500),
	   "no command is executed with bus mastering off");
	vfio_set_command(&dev, PCI_COMMAND_MASTER, 0);
	check_recovery(&nv, "bus mastering was off");
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "capabilities", test_capabilities },
		{ "access", test_access },
		{ "read-only", test_read_only },
		{ "enable", test_enable },
		{ "shutdown", test_shutdown },
		{ "bad-queues", test_bad_queues },
		{ "bad-config", test_bad_config },
		{ "function-reset", test_function_reset },
		{ "bus-master", test_bus_master },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
