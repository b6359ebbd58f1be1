/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a virtual controller in memory, for the KUnit tests of the guest side
 *
 * There is no drive, no guest and no core. Guest memory is a set of pages at
 * addresses that a test chooses; each page has a bus address that does not
 * exist. The drive's queues are plain memory. Instead of the core's functions
 * stubs of vfake_test.c are called, but only in the thread of the test and
 * between vfake_enter() and vfake_leave(): no interrupt may run code under
 * test.
 */
#ifndef SLUICE_NVME_VFAKE_TEST_H
#define SLUICE_NVME_VFAKE_TEST_H

#include <kunit/test.h>
#include <linux/xarray.h>

#include "host/host.h"
#include "guest/vctrl.h"

/* Bus addresses of guest pages have these bits, nothing else has them. */
#define VFAKE_DMA_TAG	0xdead000000000000ull

/* Bus address of the slots' lists; one page each */
#define VFAKE_LIST_DMA	0xbeef000000000000ull

/* The slice of vfake_init(): in the middle of a namespace with another NSID */
#define VFAKE_NSID	7
#define VFAKE_START	0x100000ull
#define VFAKE_BLOCKS	0x20000ull
#define VFAKE_QPAIRS	4
#define VFAKE_HW_QID	9	/* hardware queue of the guest's queue 1 */

/* A status with Do Not Retry */
#define VFAKE_DNR(sc)	((sc) | NVME_SC_DNR)

/*
 * What became of a command, as a number: KUnit prints and compares only those.
 * It is the status in all bits that a completion has.
 */
static inline u32 vfake_status(sluice_vstatus_t status)
{
	return (__force u32)status;
}

/* The command has to be tried again, as vfake_status() gives it */
#define VFAKE_RETRY	vfake_status(SLUICE_VSTATUS_RETRY)

/**
 * struct vfake_page - a page of guest memory
 * @page: the page
 * @va: its kernel address
 * @dma: its bus address
 * @err: what looking it up gives instead, or 0
 * @read_only: the device must not write it
 * @unpinned: nobody has asked for it yet
 * @gets: how often it was looked up
 */
struct vfake_page {
	struct page *page;
	u8 *va;
	dma_addr_t dma;
	int err;
	bool read_only;
	bool unpinned;
	unsigned int gets;
};

/* Words of the doorbell page: CAP.DSTRD is 3 */
#define VFAKE_SQ_DB(qid)	(16 * (qid))
#define VFAKE_CQ_DB(qid)	(16 * (qid) + 8)

/**
 * struct vfake - everything that a virtual controller leans on
 * @test: running test
 * @vctrl: controller under test
 * @ctrl: physical controller
 * @host: its host side: an admin queue that is closed
 * @cqs: of @host
 * @pdev: PCI function, only good for messages
 * @id: Identify Controller of the drive
 * @ns: namespace
 * @ns_id: Identify Namespace of the drive
 * @sdev: attachment
 * @type: its type
 * @dev: its device, only good for messages
 * @pages: of &struct vfake_page, by page number
 * @nr_pages: of @pages
 * @asked: &struct sluice_mem_request that have no answer yet
 * @kicks: how often the worker ran
 * @retries: how often the delayed retry ran
 * @signals: interrupts, by vector
 * @vmap_err: what mapping a queue gives instead, or 0
 * @vmap_iovas: the pages of the queue mapped last
 * @vmap_nr: of @vmap_iovas
 * @vmap_write: it was to be written
 * @sq_db: doorbells of the hardware's submission queues
 * @cq_db: doorbells of the hardware's completion queues
 */
struct vfake {
	struct kunit *test;
	struct sluice_vctrl vctrl;
	struct sluice_nvme_ctrl ctrl;
	struct sluice_nvme_host host;
	struct sluice_nvme_cq *cqs[VFAKE_HW_QID + SLUICE_VCTRL_MAX_QPAIRS];
	struct pci_dev pdev;
	struct nvme_id_ctrl id;
	struct sluice_nvme_ns ns;
	struct nvme_id_ns ns_id;
	struct sluice_dev sdev;
	struct sluice_vctrl_type type;
	struct device dev;
	struct xarray pages;
	unsigned int nr_pages;
	struct list_head asked;
	atomic_t kicks;
	atomic_t retries;
	atomic_t signals[SLUICE_VCTRL_MAX_QPAIRS + 1];
	int vmap_err;
	u64 *vmap_iovas;
	unsigned int vmap_nr;
	bool vmap_write;
	u32 sq_db[SLUICE_VCTRL_MAX_QPAIRS + 1];
	u32 cq_db[SLUICE_VCTRL_MAX_QPAIRS + 1];
};

int vfake_init(struct kunit *test);
void vfake_exit(struct kunit *test);

/* Guest memory */
struct vfake_page *vfake_map(struct vfake *f, u64 iova);
void vfake_map_range(struct vfake *f, u64 iova, unsigned int nr);
struct vfake_page *vfake_page(struct vfake *f, u64 iova);
dma_addr_t vfake_dma(struct vfake *f, u64 iova);
void vfake_put_entry(struct vfake *f, u64 iova, u64 value);
int vfake_mem_get(struct sluice_dev *sdev, u64 iova, bool device_writes,
		  struct sluice_mem *mem);
bool vfake_pin(struct vfake *f);

/* Commands in flight without a queue */
struct sluice_vslot *vfake_slot(struct vfake *f);

/* Queues */
void vfake_add_cq(struct vfake *f, u16 qid, u64 iova, u32 size);
void vfake_add_sq(struct vfake *f, u16 qid, u16 cqid, u64 iova, u32 size,
		  unsigned int nr_slots);
void vfake_add_admin(struct vfake *f, u64 sq_iova, u32 sq_size, u64 cq_iova,
		     u32 cq_size);
void vfake_submit(struct vfake *f, u16 qid, const struct nvme_cmd *cmd);
void vfake_ring_sq(struct vfake *f, u16 qid, u32 value);
void vfake_ring_cq(struct vfake *f, u16 qid, u32 value);
struct nvme_cqe *vfake_cqe(struct vfake *f, u16 qid, u32 index);
void vfake_arm_cq(struct vfake *f, u16 cqid, struct nvme_cqe *cqes,
		  unsigned int nr);
void vfake_disarm_cq(struct vfake *f, u16 cqid);
void vfake_complete_batch(struct vfake *f, u16 cqid, struct nvme_cqe *cqes,
			  unsigned int nr);
void vfake_complete(struct vfake *f, u16 sqid, u16 cqid, u16 cid, u16 status);

/* Threads */
void vfake_enter(struct vfake *f);
void vfake_leave(void);

/* What happened since this was asked last */
unsigned int vfake_kicks(struct vfake *f);
unsigned int vfake_retries(struct vfake *f);
unsigned int vfake_signals(struct vfake *f, unsigned int vector);

/* Guest memory is about to go, from @iova on. What that kicked is not counted */
static inline void vfake_unmap_queues(struct vfake *f, u64 iova, u64 size)
{
	scoped_guard(mutex, &f->vctrl.admin_lock)
		sluice_vqueues_unmap(&f->vctrl, iova, size);
	vfake_kicks(f);
}

#endif /* SLUICE_NVME_VFAKE_TEST_H */
