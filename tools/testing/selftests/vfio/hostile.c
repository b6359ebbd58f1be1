// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile guest: random registers, doorbells, configuration space, commands
 * and mappings. A seed makes a run repeatable. Afterwards the neighbour's slice
 * and the memory that was never mapped for the device must be unchanged, and a
 * reset must make the controller work again.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/neighbour.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define CANARY		0xc7
#define STEPS		5000u
#define PAIRS		4u
#define POOL_PAGES	64u

/**
 * struct attacker - the guest and the addresses that it uses
 * @dev: device
 * @nv: controller
 * @rng: source of all random numbers
 * @pool: memory of the guest, where queues, lists and data may be
 * @secret: memory of the process that was never mapped
 * @mapped: whether @pool is
 * @qid_depth: depth of each queue that should exist, by identifier
 * @tail: tail of each submission queue
 * @pm: offset of the Power Management capability
 * @restarts: how often the test restarted the controller
 */
struct attacker {
	struct vfio_dev dev;
	struct nvme nv;
	struct rng rng;
	struct dma_buf pool;
	u8 *secret;
	bool mapped;
	u32 qid_depth[PAIRS + 1];
	u32 tail[PAIRS + 1];
	u8 pm;
	unsigned int restarts;
};

static u64 below(struct attacker *a, u64 n)
{
	return rng_below(&a->rng, n);
}

static bool one_in(struct attacker *a, u64 n)
{
	return !below(a, n);
}

/* Returns a random number, often one at an edge */
static u64 odd_number(struct attacker *a)
{
	static const u64 edges[] = {
		0, 1, 2, 0x7f, 0xff, 0xfff, 0x1000, 0x7fff, 0xffff, 0x10000,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000,
	};
	u64 n = edges[below(a, ARRAY_SIZE(edges))];

	switch (below(a, 4)) {
	case 0:
		return n;
	case 1:
		return n - below(a, 9);
	case 2:
		return ~n;
	}
	return rng_next(&a->rng);
}

/* Returns an address: mostly of a pool page, sometimes unaligned or wild */
static u64 some_address(struct attacker *a)
{
	u64 page = a->pool.iova[below(a, POOL_PAGES)];

	switch (below(a, 10)) {
	case 0:
		return odd_number(a);
	case 1:
		return (u64)(uintptr_t)a->secret;
	case 2:
		return page + below(a, PAGE);
	case 3:
		return page + (below(a, PAGE) & ~7ull);
	}
	return page;
}

static u64 some_lba(struct attacker *a)
{
	switch (below(a, 4)) {
	case 0:
		return odd_number(a);
	case 1:
		return a->nv.nsze - 4 + below(a, 8);
	}
	return below(a, a->nv.nsze);
}

static void random_bytes(struct attacker *a, void *mem, size_t len)
{
	u64 *word = mem;

	for (; len >= sizeof(*word); len -= sizeof(*word))
		*word++ = rng_next(&a->rng);
}

/* Fills a page of the pool with addresses, for use as a PRP list. */
static void scribble_list(struct attacker *a)
{
	u64 *list = (u64 *)(a->pool.va + below(a, POOL_PAGES) * PAGE);
	unsigned int i;

	for (i = 0; i < PAGE / sizeof(*list); i++)
		list[i] = one_in(a, 50) ? some_address(a) :
			  a->pool.iova[below(a, POOL_PAGES)];
}

static struct nvme_sqe io_command(struct attacker *a)
{
	static const u8 opcodes[] = {
		IO_FLUSH, IO_WRITE, IO_READ, IO_COMPARE, IO_WRITE_ZEROES,
		IO_DSM, IO_VERIFY,
	};
	u64 slba = some_lba(a);
	struct nvme_sqe sqe = {
		.opcode = opcodes[below(a, ARRAY_SIZE(opcodes))],
		.cid = below(a, 65536),
		.nsid = one_in(a, 20) ? odd_number(a) : 1,
		.prp1 = some_address(a),
		.prp2 = some_address(a),
		.cdw10 = slba,
		.cdw11 = slba >> 32,
		.cdw12 = one_in(a, 4) ? odd_number(a) : below(a, 64),
	};

	if (sqe.opcode == IO_DSM) {
		sqe.cdw10 = below(a, one_in(a, 4) ? 65536 : 4);
		sqe.cdw11 = below(a, 8);
	}
	if (one_in(a, 10))
		sqe.flags = below(a, 256);
	return sqe;
}

static struct nvme_sqe admin_command(struct attacker *a)
{
	static const u8 opcodes[] = {
		ADM_DELETE_SQ, ADM_CREATE_SQ, ADM_GET_LOG, ADM_DELETE_CQ,
		ADM_CREATE_CQ, ADM_IDENTIFY, ADM_ABORT, ADM_SET_FEATURES,
		ADM_GET_FEATURES, ADM_ASYNC_EVENT,
	};
	struct nvme_sqe sqe = {
		.opcode = opcodes[below(a, ARRAY_SIZE(opcodes))],
		.nsid = one_in(a, 3) ? odd_number(a) : 1,
		.prp1 = some_address(a),
		.prp2 = some_address(a),
		.cdw10 = odd_number(a),
		.cdw11 = odd_number(a),
		.cdw12 = odd_number(a),
		.cdw13 = odd_number(a),
	};
	u16 qid = 1 + below(a, PAIRS);

	if (sqe.opcode == ADM_DELETE_SQ || sqe.opcode == ADM_DELETE_CQ)
		sqe.cdw10 = qid;
	if (sqe.opcode == ADM_CREATE_SQ || sqe.opcode == ADM_CREATE_CQ) {
		a->qid_depth[qid] = 2 + below(a, 62);
		a->tail[qid] = 0;
		sqe.cdw10 = (a->qid_depth[qid] - 1) << 16 | qid;
		sqe.cdw11 = (u32)qid << 16 | QUEUE_PC;
		if (one_in(a, 5))
			sqe.cdw11 ^= below(a, 8);
	}
	if (one_in(a, 4))
		sqe.cdw10 &= 0xffff00ff | (u32)below(a, 256) << 8;
	return sqe;
}

/* Does not wait for completions: takes those that have arrived. */
static void send_admin(struct attacker *a)
{
	struct nvme_sqe sqe = admin_command(a);
	struct nvme_cqe cqe;

	if (one_in(a, 8))
		random_bytes(a, &sqe, sizeof(sqe));
	nvme_queue_cmd(&a->nv.asq, &sqe);
	nvme_ring(&a->nv.asq);
	while (nvme_cq_take(&a->nv.acq, &cqe))
		;
}

/*
 * Data may overwrite the queues, whose memory is in the pool. So the test
 * writes commands to all pages, and most fetched entries are commands.
 */
static void send_io(struct attacker *a)
{
	u16 qid = 1 + below(a, PAIRS);
	unsigned int i, n = 1 + below(a, 8);
	struct nvme_sqe *slots = (struct nvme_sqe *)(a->pool.va +
						     below(a, POOL_PAGES) *
						     PAGE);

	for (i = 0; i < 8; i++)
		slots[below(a, PAGE / sizeof(*slots))] = io_command(a);
	if (!a->qid_depth[qid])
		a->qid_depth[qid] = 16;
	a->tail[qid] = (a->tail[qid] + n) % a->qid_depth[qid];
	nvme_doorbell(&a->nv, nvme_sq_db(qid), a->tail[qid]);
	nvme_doorbell(&a->nv, nvme_cq_db(qid),
		      below(a, a->qid_depth[qid]));
}

static void poke_register(struct attacker *a)
{
	static const u32 known[] = {
		REG_INTMS, REG_INTMC, REG_CC, REG_NSSR, REG_AQA, REG_ASQ,
		REG_ACQ, REG_CSTS,
	};
	u32 off = one_in(a, 3) ? below(a, 0x2100) :
		  known[below(a, ARRAY_SIZE(known))];
	u64 val = odd_number(a);

	if (off == REG_ASQ || off == REG_ACQ)
		val = some_address(a);
	if (one_in(a, 2))
		vfio_write(&a->dev, VFIO_PCI_BAR0_REGION_INDEX, off, &val,
			   1 + below(a, 8));
	else
		vfio_read(&a->dev, VFIO_PCI_BAR0_REGION_INDEX, off, &val,
			  1 + below(a, 8));
}

static void poke_doorbell(struct attacker *a)
{
	u32 val = odd_number(a);

	vfio_write(&a->dev, VFIO_PCI_BAR0_REGION_INDEX,
		   REG_DB + 4 * below(a, 1024), &val, 4);
}

static void poke_config(struct attacker *a)
{
	u64 val = odd_number(a);

	vfio_write(&a->dev, VFIO_PCI_CONFIG_REGION_INDEX, below(a, 260), &val,
		   1 + below(a, 8));
	vfio_write(&a->dev, VFIO_PCI_BAR2_REGION_INDEX, below(a, 0x2010), &val,
		   1 + below(a, 8));
}

static void toggle_mapping(struct attacker *a)
{
	int ret = a->mapped ? dma_unmap(&a->pool) : dma_map(&a->pool);

	if (ret)
		tap_bail("the pool cannot be %smapped: %s",
			 a->mapped ? "un" : "", strerror(-ret));
	a->mapped = !a->mapped;
}

/* Makes the controller work again, with its queues in the pool */
static void restart(struct attacker *a)
{
	unsigned int i;

	a->restarts++;
	if (!a->mapped)
		toggle_mapping(a);
	if (a->pm)
		vfio_cfg_write16(&a->dev, a->pm + PCI_PM_CTRL, 0);
	vfio_set_command(&a->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	if (!nvme_restart(&a->nv)) {
		if (vfio_reset(&a->dev))
			tap_bail("the device cannot be reset");
		vfio_set_command(&a->dev, PCI_COMMAND_MEMORY |
				 PCI_COMMAND_MASTER, 0);
		if (!nvme_restart(&a->nv))
			tap_bail("the controller does not come back");
	}
	for (i = 1; i <= PAIRS; i++) {
		a->qid_depth[i] = 32;
		a->tail[i] = 0;
		nvme_create_cq_cmd(&a->nv, i, 31,
				   a->pool.iova[below(a, POOL_PAGES)],
				   QUEUE_PC);
		nvme_create_sq_cmd(&a->nv, i, 31,
				   a->pool.iova[below(a, POOL_PAGES)],
				   i << 16 | QUEUE_PC);
	}
}

static void step(struct attacker *a)
{
	u64 dice = below(a, 1000);

	if (dice < 600)
		send_io(a);
	else if (dice < 800)
		send_admin(a);
	else if (dice < 860)
		scribble_list(a);
	else if (dice < 920)
		poke_doorbell(a);
	else if (dice < 960)
		poke_register(a);
	else if (dice < 980)
		poke_config(a);
	else if (dice < 990)
		toggle_mapping(a);
	else
		restart(a);
}

static bool canaries(const u8 *mem, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (mem[i] != CANARY)
			return false;
	}
	return true;
}

/* The test restarts a controller in fatal state or without memory space. */
static bool out_of_order(struct attacker *a)
{
	u32 csts = 0;

	if (!(vfio_cfg16(&a->dev, PCI_COMMAND) & PCI_COMMAND_MASTER))
		return true;
	return vfio_read(&a->dev, VFIO_PCI_BAR0_REGION_INDEX, REG_CSTS, &csts,
			 4) != 4 || (csts & (CSTS_RDY | CSTS_CFS)) != CSTS_RDY;
}

static void attack(struct attacker *a, unsigned long steps)
{
	unsigned long i;

	for (i = 0; i < steps; i++) {
		/* The registers cannot be reached while memory space is off. */
		if (out_of_order(a))
			restart(a);
		step(a);
		if (i % 256 == 0)
			test_still_alive();
	}
}

static void test_random(const struct test_opts *opts)
{
	static struct attacker a;
	static u8 secret[4 * PAGE] __attribute__((aligned(4096)));
	unsigned long steps = opts->count ? opts->count : STEPS;
	struct neighbour neighbour;
	u64 begin;

	neighbour_fill(&neighbour, opts);
	memset(secret, CANARY, sizeof(secret));
	a.rng.state = opts->seed;
	a.secret = secret;
	test_start(&a.nv, &a.dev, opts);
	dma_alloc(&a.dev, &a.pool, POOL_PAGES * PAGE, DMA_SCATTER);
	a.mapped = true;
	a.pm = vfio_find_cap(&a.dev, PCI_CAP_ID_PM);
	restart(&a);
	tap_diag("seed %llu, %lu steps", (unsigned long long)opts->seed,
		 steps);
	begin = now_ms();
	attack(&a, steps);
	tap_diag("%llu ms, %u restarts",
		 (unsigned long long)(now_ms() - begin), a.restarts);
	ok(canaries(secret, sizeof(secret)),
	   "memory that was never mapped is what it was");
	restart(&a);
	is(nvme_identify(&a.nv, CNS_CTRL, 0), ST_OK, "the controller works");
	dma_free(&a.pool);
	test_stop(&a.nv, &a.dev);
	neighbour_check(&neighbour);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "random", test_random },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
