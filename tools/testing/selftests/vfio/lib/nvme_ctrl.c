// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small NVMe driver: registers, start and end of the controller
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "nvme.h"
#include "tap.h"

#define ADMIN_DEPTH	32u

static void reg_read(struct nvme *nv, u32 off, void *val, size_t len)
{
	ssize_t n = vfio_read(nv->dev, VFIO_PCI_BAR0_REGION_INDEX, off, val,
			      len);

	if (n != (ssize_t)len)
		tap_bail("BAR0 0x%x: read of %zu bytes gives %zd", off, len, n);
}

static void reg_write(struct nvme *nv, u32 off, const void *val, size_t len)
{
	ssize_t n = vfio_write(nv->dev, VFIO_PCI_BAR0_REGION_INDEX, off, val,
			       len);

	if (n != (ssize_t)len)
		tap_bail("BAR0 0x%x: write of %zu bytes gives %zd", off, len,
			 n);
}

u32 nvme_read32(struct nvme *nv, u32 off)
{
	u32 val;

	reg_read(nv, off, &val, sizeof(val));
	return val;
}

u64 nvme_read64(struct nvme *nv, u32 off)
{
	u64 val;

	reg_read(nv, off, &val, sizeof(val));
	return val;
}

void nvme_write32(struct nvme *nv, u32 off, u32 val)
{
	reg_write(nv, off, &val, sizeof(val));
}

void nvme_write64(struct nvme *nv, u32 off, u64 val)
{
	reg_write(nv, off, &val, sizeof(val));
}

bool nvme_wait_csts(struct nvme *nv, u32 mask, u32 want, unsigned int ms)
{
	u64 end = now_ms() + ms;

	while ((nvme_read32(nv, REG_CSTS) & mask) != want) {
		if (now_ms() > end)
			return false;
		sleep_ms(1);
	}
	return true;
}

/* Does a doorbell that goes from @old to @val pass the event index? */
static bool need_event(u16 event, u16 val, u16 old)
{
	return (u16)(val - event - 1) < (u16)(val - old);
}

/* Returns whether the guest must also write the doorbell. [annex B.5] */
static bool ring_shadow(struct nvme *nv, unsigned int at, u32 val)
{
	u32 old = nv->shadow[at];

	__atomic_store_n(&nv->shadow[at], val, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return need_event(__atomic_load_n(&nv->events[at], __ATOMIC_RELAXED),
			  val, old);
}

unsigned int nvme_doorbell_word(const struct nvme *nv, unsigned int index)
{
	return index << CAP_DSTRD(nv->cap);
}

void nvme_doorbell(struct nvme *nv, unsigned int index, u32 val)
{
	unsigned int word = nvme_doorbell_word(nv, index);

	/* The device must see queue memory before the doorbell. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* Most drivers leave their admin queue out. */
	if (nv->shadow && (index >= 2 || nv->shadow_admin) &&
	    !ring_shadow(nv, word, val))
		return;
	__atomic_add_fetch(&nv->rung, 1, __ATOMIC_RELAXED);
	if (nv->doorbells)
		nv->doorbells[word] = val;
	else
		nvme_write32(nv, REG_DB + 4 * word, val);
}

/* A device without such a page needs the option --trapped. */
static void map_doorbells(struct nvme *nv)
{
	struct vfio_dev *dev = nv->dev;
	void *page;

	if (dev->trapped)
		return;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		    dev->offset[VFIO_PCI_BAR0_REGION_INDEX] + REG_DB);
	if (page == MAP_FAILED)
		tap_bail("the doorbell page cannot be mapped: %s",
			 strerror(errno));
	nv->doorbells = page;
}

/* A mapping would keep the device open. */
void nvme_unmap_doorbells(struct nvme *nv)
{
	if (nv->doorbells)
		munmap((void *)nv->doorbells, PAGE);
	nv->doorbells = NULL;
}

void nvme_attach(struct nvme *nv, struct vfio_dev *dev)
{
	memset(nv, 0, sizeof(*nv));
	nv->dev = dev;
	vfio_set_command(dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
			 PCI_COMMAND_INTX_DISABLE);
	map_doorbells(nv);
	nv->cap = nvme_read64(nv, REG_CAP);
	nv->cc = CC_DEFAULT;
	dma_alloc(dev, &nv->scratch, 2 * PAGE, 0);
}

void nvme_alloc_admin(struct nvme *nv, u32 sq_depth, u32 cq_depth)
{
	dma_free(&nv->asq.mem);
	dma_free(&nv->acq.mem);
	nv->acq = (struct nvme_cq){
		.nv = nv, .depth = cq_depth, .phase = 1, .efd = -1,
	};
	nv->asq = (struct nvme_sq){
		.nv = nv, .cq = &nv->acq, .depth = sq_depth,
	};
	dma_alloc(nv->dev, &nv->acq.mem, cq_depth * sizeof(struct nvme_cqe),
		  0);
	dma_alloc(nv->dev, &nv->asq.mem, sq_depth * sizeof(struct nvme_sqe),
		  0);
	nv->sqs[0] = &nv->asq;
}

void nvme_write_admin_regs(struct nvme *nv)
{
	nvme_write32(nv, REG_AQA,
		     (nv->acq.depth - 1) << 16 | (nv->asq.depth - 1));
	nvme_write64(nv, REG_ASQ, nv->asq.mem.iova[0]);
	nvme_write64(nv, REG_ACQ, nv->acq.mem.iova[0]);
}

static void empty_admin(struct nvme *nv)
{
	memset(nv->acq.mem.va, 0, nv->acq.mem.len);
	nv->acq.head = 0;
	nv->acq.phase = 1;
	nv->acq.stashed = 0;
	nv->asq.head = 0;
	nv->asq.tail = 0;
	memset(nv->sqs, 0, sizeof(nv->sqs));
	nv->sqs[0] = &nv->asq;
}

bool nvme_enable(struct nvme *nv)
{
	u64 end = now_ms() + CAP_TO(nv->cap) * 500 + 1000;
	u32 csts;

	empty_admin(nv);
	nvme_write32(nv, REG_CC, nv->cc | CC_EN);
	do {
		csts = nvme_read32(nv, REG_CSTS) & (CSTS_RDY | CSTS_CFS);
		if (csts)
			return csts == CSTS_RDY;
		sleep_ms(1);
	} while (now_ms() < end);
	return false;
}

bool nvme_disable(struct nvme *nv)
{
	nvme_write32(nv, REG_CC, nvme_read32(nv, REG_CC) &
		     ~(CC_EN | CC_SHN(3)));
	return nvme_wait_csts(nv, CSTS_RDY, 0, CAP_TO(nv->cap) * 500 + 1000);
}

static void read_controller(struct nvme *nv)
{
	const u8 *id = nv->scratch.va;
	unsigned int i;
	u16 status = nvme_identify(nv, CNS_CTRL, 0);

	if (status)
		tap_bail("Identify Controller: status 0x%x", status);
	memcpy(&nv->oncs, id + IDC_ONCS, sizeof(nv->oncs));
	nv->mdts = id[IDC_MDTS];
	i = nv->mdts && nv->mdts < 9 ? nv->mdts : 9;
	nv->max_xfer = PAGE << i;
}

static void read_namespace(struct nvme *nv)
{
	const u8 *id = nv->scratch.va;
	u16 status = nvme_identify(nv, CNS_NS, 1);

	if (status)
		tap_bail("Identify Namespace 1: status 0x%x", status);
	memcpy(&nv->nsze, id + IDN_NSZE, sizeof(nv->nsze));
	nv->lba_shift = id[IDN_LBAF + 4 * (id[IDN_FLBAS] & 0xf) + 2];
	if (!nv->nsze || nv->lba_shift < 9 || nv->lba_shift > 12)
		tap_bail("namespace of %llu blocks of 2^%u bytes",
			 (unsigned long long)nv->nsze, nv->lba_shift);
}

static void ask_queues(struct nvme *nv)
{
	u32 want = NVME_MAX_QUEUES - 2, result;
	u16 status = nvme_set_feature(nv, FEAT_NUM_QUEUES, want << 16 | want,
				      &result);

	if (status)
		tap_bail("Number of Queues: status 0x%x", status);
	nv->nr_qpairs = MIN(result & 0xffff, result >> 16) + 1;
	nv->nr_qpairs = MIN(nv->nr_qpairs, NVME_MAX_QUEUES - 1u);
}

void nvme_start(struct nvme *nv, struct vfio_dev *dev)
{
	nvme_attach(nv, dev);
	nvme_alloc_admin(nv, ADMIN_DEPTH, ADMIN_DEPTH);
	if (!nvme_disable(nv))
		tap_bail("the controller does not become disabled");
	nvme_write_admin_regs(nv);
	if (!nvme_enable(nv))
		tap_bail("the controller does not become ready: CSTS 0x%x",
			 nvme_read32(nv, REG_CSTS));
	read_controller(nv);
	read_namespace(nv);
	ask_queues(nv);
}

bool nvme_restart(struct nvme *nv)
{
	if (!nvme_disable(nv))
		return false;
	nvme_write_admin_regs(nv);
	return nvme_enable(nv);
}

void nvme_free(struct nvme *nv)
{
	nvme_unmap_doorbells(nv);
	dma_free(&nv->scratch);
	dma_free(&nv->asq.mem);
	dma_free(&nv->acq.mem);
	memset(nv, 0, sizeof(*nv));
}
