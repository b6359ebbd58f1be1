// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a virtual controller in memory, for the KUnit tests of the guest side
 *
 * vfake_init() and vfake_exit() are the init and exit functions of the suites.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "guest/vfake_test.h"

/*
 * Guest memory
 */

/**
 * vfake_page() - find a page of guest memory
 * @f: fixture
 * @iova: any address in it
 *
 * Return: the page, or NULL.
 */
struct vfake_page *vfake_page(struct vfake *f, u64 iova)
{
	return xa_load(&f->pages, iova / SLUICE_NVME_PAGE);
}

/**
 * vfake_map() - put a page into guest memory
 * @f: fixture
 * @iova: any address in it
 *
 * Return: the page, zeroed unless it was there already.
 */
struct vfake_page *vfake_map(struct vfake *f, u64 iova)
{
	struct vfake_page *page = vfake_page(f, iova);

	if (page)
		return page;
	page = kunit_kzalloc(f->test, sizeof(*page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, page);
	page->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(f->test, page->page);
	page->va = page_address(page->page);
	/* pages that follow each other in guest memory do not on the bus */
	page->dma = VFAKE_DMA_TAG + 3ull * SLUICE_NVME_PAGE * ++f->nr_pages;
	KUNIT_ASSERT_EQ(f->test, xa_err(xa_store(&f->pages,
						 iova / SLUICE_NVME_PAGE, page,
						 GFP_KERNEL)), 0);
	return page;
}

/**
 * vfake_map_range() - put several pages into guest memory
 * @f: fixture
 * @iova: first address
 * @nr: number of pages
 */
void vfake_map_range(struct vfake *f, u64 iova, unsigned int nr)
{
	while (nr--) {
		vfake_map(f, iova);
		iova += SLUICE_NVME_PAGE;
	}
}

/**
 * vfake_dma() - what the device should see
 * @f: fixture
 * @iova: guest address that is mapped
 *
 * Return: the bus address.
 */
dma_addr_t vfake_dma(struct vfake *f, u64 iova)
{
	struct vfake_page *page = vfake_page(f, iova);

	KUNIT_ASSERT_NOT_NULL(f->test, page);
	return page->dma + iova % SLUICE_NVME_PAGE;
}

/**
 * vfake_put_entry() - write eight bytes into guest memory
 * @f: fixture
 * @iova: where; its page is mapped when it is not yet
 * @value: what
 */
void vfake_put_entry(struct vfake *f, u64 iova, u64 value)
{
	__le64 *entry = (void *)vfake_map(f, iova)->va + iova % SLUICE_NVME_PAGE;

	*entry = cpu_to_le64(value);
}

/**
 * vfake_mem_get() - the fixture's sluice_mem_get()
 * @sdev: attachment
 * @iova: guest address
 * @device_writes: the page must not be read-only
 * @mem: receives where the page is
 *
 * For the stubs of tests, which do something else first.
 *
 * Return: 0 or a negative errno.
 */
int vfake_mem_get(struct sluice_dev *sdev, u64 iova, bool device_writes,
		  struct sluice_mem *mem)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);
	struct vfake_page *page = vfake_page(f, iova);

	if (!page)
		return -EFAULT;
	page->unpinned = false;
	page->gets++;
	if (page->err)
		return page->err;
	if (device_writes && page->read_only)
		return -EPERM;
	mem->dma = page->dma + iova % SLUICE_NVME_PAGE;
	mem->vaddr = page->va + iova % SLUICE_NVME_PAGE;
	return 0;
}

static void vfake_mem_ask(struct sluice_dev *sdev,
			  struct sluice_mem_request *req)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);

	list_add_tail(&req->node, &f->asked);
}

/**
 * vfake_pin() - what the core's thread does: pin a page that was asked for
 * @f: fixture
 *
 * Return: whether there was one.
 */
bool vfake_pin(struct vfake *f)
{
	struct sluice_mem_request *req;
	struct sluice_mem mem;

	req = list_first_entry_or_null(&f->asked, struct sluice_mem_request,
				       node);
	if (!req)
		return false;
	list_del(&req->node);
	/* a test may have a stub of its own in place of vfake_mem_get() */
	req->err = sluice_vctrl_mem_get(&f->vctrl, req->iova,
					req->device_writes, &mem);
	req->done(req);
	return true;
}

static int vfake_mem_find(struct sluice_dev *sdev,
			  struct sluice_mem_cursor *cursor, u64 iova,
			  bool device_writes, struct sluice_mem *mem)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);
	struct vfake_page *page = vfake_page(f, iova);

	if (page && page->unpinned)
		return -ENOENT;
	/* a test may have a stub of its own in place of vfake_mem_get() */
	return sluice_vctrl_mem_get(&f->vctrl, iova, device_writes, mem);
}

/* Finds no page, so that vfake_mem_find() is asked for each */
static unsigned int vfake_mem_find_list(struct sluice_dev *sdev,
					struct sluice_mem_cursor *cursor,
					bool device_writes, __le64 *list,
					unsigned int nr)
{
	return 0;
}

static void *vfake_mem_vmap(struct sluice_dev *sdev, const u64 *iovas,
			    unsigned int nr_pages, bool write)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);
	struct page **pages;
	unsigned int i;
	void *va;

	f->vmap_nr = nr_pages;
	f->vmap_write = write;
	f->vmap_iovas = kunit_kcalloc(f->test, nr_pages, sizeof(*iovas),
				      GFP_KERNEL);
	pages = kcalloc(nr_pages, sizeof(*pages), GFP_KERNEL);
	if (!f->vmap_iovas || !pages) {
		kfree(pages);
		return ERR_PTR(-ENOMEM);
	}
	memcpy(f->vmap_iovas, iovas, nr_pages * sizeof(*iovas));

	va = ERR_PTR(f->vmap_err);
	for (i = 0; !IS_ERR(va) && i < nr_pages; i++) {
		struct vfake_page *page = vfake_page(f, iovas[i]);

		if (page)
			pages[i] = page->page;
		else
			va = ERR_PTR(-EFAULT);
	}
	if (!IS_ERR(va))
		va = vmap(pages, nr_pages, VM_MAP, PAGE_KERNEL) ?:
			ERR_PTR(-ENOMEM);
	kfree(pages);
	return va;
}

static void vfake_free_pages(struct vfake *f)
{
	struct vfake_page *page;
	unsigned long index;

	xa_for_each(&f->pages, index, page)
		__free_page(page->page);
	xa_destroy(&f->pages);
}

/*
 * Events
 */

static void vfake_irq_signal(struct sluice_dev *sdev, unsigned int vector)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);

	atomic_inc(&f->signals[vector]);
}

static void vfake_work(struct work_struct *work)
{
	struct vfake *f = container_of(work, struct vfake, vctrl.work);

	atomic_inc(&f->kicks);
}

static void vfake_retry(struct work_struct *work)
{
	struct vfake *f = container_of(work, struct vfake, vctrl.retry.work);

	atomic_inc(&f->retries);
}

/**
 * vfake_kicks() - was the worker kicked?
 * @f: fixture
 *
 * Return: how often it ran since this was asked last; kicks that come before
 * it runs count as one.
 */
unsigned int vfake_kicks(struct vfake *f)
{
	flush_work(&f->vctrl.work);
	return atomic_xchg(&f->kicks, 0);
}

/**
 * vfake_retries() - was a retry asked for?
 * @f: fixture
 *
 * Return: how often it ran since this was asked last, without waiting for its
 * time to come.
 */
unsigned int vfake_retries(struct vfake *f)
{
	flush_delayed_work(&f->vctrl.retry);
	return atomic_xchg(&f->retries, 0);
}

/**
 * vfake_signals() - count interrupts
 * @f: fixture
 * @vector: vector
 *
 * Return: interrupts since this was asked last.
 */
unsigned int vfake_signals(struct vfake *f, unsigned int vector)
{
	return atomic_xchg(&f->signals[vector], 0);
}

/*
 * Queues
 */

/**
 * vfake_slot() - a command in flight without a queue around it
 * @f: fixture
 *
 * Return: a slot with a list at %VFAKE_LIST_DMA.
 */
struct sluice_vslot *vfake_slot(struct vfake *f)
{
	struct sluice_vslot *slot;

	slot = kunit_kzalloc(f->test, sizeof(*slot), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, slot);
	slot->list = kunit_kzalloc(f->test, SLUICE_NVME_PAGE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, slot->list);
	slot->list_dma = VFAKE_LIST_DMA;
	slot->vsq = &f->vctrl.sqs[1];
	return slot;
}

static void vfake_map_ring(struct vfake *f, struct sluice_vring *ring, u64 iova,
			   size_t bytes, bool writable)
{
	vfake_map_range(f, iova, DIV_ROUND_UP(bytes, SLUICE_NVME_PAGE));
	KUNIT_ASSERT_EQ(f->test,
			vfake_status(sluice_vring_init(&f->vctrl, ring, iova,
						       bytes, true, writable)),
			0);
	KUNIT_ASSERT_EQ(f->test, sluice_vring_map(&f->vctrl, ring), 0);
}

/**
 * vfake_add_cq() - a completion queue that the guest has created
 * @f: fixture
 * @qid: queue identifier; also the interrupt vector
 * @iova: where the guest has it
 * @size: entries
 */
void vfake_add_cq(struct vfake *f, u16 qid, u64 iova, u32 size)
{
	struct sluice_vcq *vcq = &f->vctrl.cqs[qid];

	vfake_map_ring(f, &vcq->ring, iova, size * sizeof(struct nvme_cqe),
		       true);
	vcq->size = size;
	vcq->tail = 0;
	vcq->head = 0;
	vcq->phase = 1;
	vcq->users = 0;
	vcq->vector = qid;
	vcq->irq_enabled = true;
	vcq->posted = 0;
	vcq->hw.ctrl = &f->ctrl;
	vcq->hw.process = sluice_vcq_process;
	vcq->hw.priv = vcq;
	sluice_nvme_cq_init(&vcq->hw);
	vcq->live = true;
	set_bit(qid, &f->vctrl.pairs);
}

static void vfake_add_lists(struct vfake *f, struct sluice_vsq *vsq)
{
	unsigned int i;

	for (i = 0; i < vsq->nr_slots; i++) {
		vsq->slots[i].list = kunit_kzalloc(f->test, SLUICE_NVME_PAGE,
						   GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(f->test, vsq->slots[i].list);
		vsq->slots[i].list_dma = VFAKE_LIST_DMA +
					 (u64)i * SLUICE_NVME_PAGE;
	}
}

/**
 * vfake_add_sq() - a submission queue that the guest has created
 * @f: fixture
 * @qid: queue identifier, not 0
 * @cqid: its completion queue
 * @iova: where the guest has it
 * @size: entries
 * @nr_slots: commands in flight at once
 */
void vfake_add_sq(struct vfake *f, u16 qid, u16 cqid, u64 iova, u32 size,
		  unsigned int nr_slots)
{
	struct sluice_vsq *vsq = &f->vctrl.sqs[qid];

	vfake_map_ring(f, &vsq->ring, iova, size * sizeof(struct nvme_cmd),
		       false);
	KUNIT_ASSERT_EQ(f->test, sluice_vsq_alloc_slots(vsq, nr_slots), 0);
	vfake_add_lists(f, vsq);
	vsq->hw.entries = kunit_kcalloc(f->test, nr_slots + 1,
					sizeof(struct nvme_cmd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, vsq->hw.entries);
	vsq->hw.ctrl = &f->ctrl;
	vsq->hw.qid = f->vctrl.qids[qid - 1];
	vsq->hw.depth = nr_slots + 1;
	vsq->hw.db = (u32 __force __iomem *)&f->sq_db[qid];
	vsq->vcq = &f->vctrl.cqs[cqid];
	vsq->vcq->users++;
	vsq->size = size;
	vsq->live = true;
	set_bit(qid, &f->vctrl.pairs);
}

/**
 * vfake_add_admin() - enable the controller with its admin queues
 * @f: fixture
 * @sq_iova: submission queue
 * @sq_size: its entries
 * @cq_iova: completion queue
 * @cq_size: its entries
 */
void vfake_add_admin(struct vfake *f, u64 sq_iova, u32 sq_size, u64 cq_iova,
		     u32 cq_size)
{
	struct sluice_vregs *regs = &f->vctrl.regs;

	vfake_map_range(f, sq_iova, DIV_ROUND_UP(sq_size * sizeof(struct nvme_cmd),
						 SLUICE_NVME_PAGE));
	vfake_map_range(f, cq_iova, DIV_ROUND_UP(cq_size * sizeof(struct nvme_cqe),
						 SLUICE_NVME_PAGE));
	regs->asq = sq_iova;
	regs->acq = cq_iova;
	regs->aqa = (cq_size - 1) << 16 | (sq_size - 1);
	guard(mutex)(&f->vctrl.admin_lock);
	KUNIT_ASSERT_EQ(f->test, sluice_vqueues_create_admin(&f->vctrl), 0);
	f->vctrl.enabled = true;
}

/**
 * vfake_ring_sq() - write a submission queue's doorbell
 * @f: fixture
 * @qid: queue
 * @value: tail
 */
void vfake_ring_sq(struct vfake *f, u16 qid, u32 value)
{
	f->sdev.doorbells[VFAKE_SQ_DB(qid)] = cpu_to_le32(value);
}

/**
 * vfake_ring_cq() - write a completion queue's doorbell
 * @f: fixture
 * @qid: queue
 * @value: head
 */
void vfake_ring_cq(struct vfake *f, u16 qid, u32 value)
{
	f->sdev.doorbells[VFAKE_CQ_DB(qid)] = cpu_to_le32(value);
}

/**
 * vfake_submit() - what a guest does: place a command and ring the doorbell
 * @f: fixture
 * @qid: queue
 * @cmd: command
 */
void vfake_submit(struct vfake *f, u16 qid, const struct nvme_cmd *cmd)
{
	struct sluice_vsq *vsq = &f->vctrl.sqs[qid];
	u32 tail = le32_to_cpu(f->sdev.doorbells[VFAKE_SQ_DB(qid)]);

	memcpy((struct nvme_cmd *)vsq->ring.va + tail, cmd, sizeof(*cmd));
	vfake_ring_sq(f, qid, (tail + 1) % vsq->size);
}

/**
 * vfake_cqe() - look at a completion queue as its guest
 * @f: fixture
 * @qid: queue
 * @index: entry
 *
 * Return: the entry in guest memory.
 */
struct nvme_cqe *vfake_cqe(struct vfake *f, u16 qid, u32 index)
{
	return (struct nvme_cqe *)f->vctrl.cqs[qid].ring.va + index;
}

/* The hardware's queue has these entries, and room for one more; under its lock */
static void vfake_load_cq(struct sluice_nvme_cq *hw, struct nvme_cqe *cqes,
			  unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		cqes[i].status |= cpu_to_le16(1);
	cqes[nr].status = 0;
	hw->entries = cqes;
	hw->depth = nr + 1;
	hw->head = 0;
	hw->phase = 1;
	hw->seen = cqes;
}

/* It has no entries any more: those were the test's */
static void vfake_unload_cq(struct sluice_nvme_cq *hw)
{
	static const struct nvme_cqe empty;

	hw->seen = &empty;
	hw->phase = 1;
	hw->entries = NULL;
}

/**
 * vfake_arm_cq() - what a drive does: complete commands, for the test to find
 * @f: fixture
 * @cqid: the guest's completion queue that the entries will arrive in
 * @cqes: entries, with room for one more; their phase tags are set here
 * @nr: how many
 *
 * Until vfake_disarm_cq().
 */
void vfake_arm_cq(struct vfake *f, u16 cqid, struct nvme_cqe *cqes,
		  unsigned int nr)
{
	struct sluice_nvme_cq *hw = &f->vctrl.cqs[cqid].hw;

	guard(spinlock_irqsave)(&hw->lock);
	vfake_load_cq(hw, cqes, nr);
	hw->db = (u32 __iomem __force *)&f->cq_db[cqid];
	hw->armed = true;
}

/**
 * vfake_disarm_cq() - undo vfake_arm_cq()
 * @f: fixture
 * @cqid: the guest's completion queue
 */
void vfake_disarm_cq(struct vfake *f, u16 cqid)
{
	struct sluice_nvme_cq *hw = &f->vctrl.cqs[cqid].hw;

	guard(spinlock_irqsave)(&hw->lock);
	hw->armed = false;
	vfake_unload_cq(hw);
}

/**
 * vfake_complete_batch() - what a drive does: complete commands together
 * @f: fixture
 * @cqid: the guest's completion queue that the entries arrive in
 * @cqes: entries, with room for one more; their phase tags are set here
 * @nr: how many
 */
void vfake_complete_batch(struct vfake *f, u16 cqid, struct nvme_cqe *cqes,
			  unsigned int nr)
{
	struct sluice_nvme_cq *hw = &f->vctrl.cqs[cqid].hw;

	guard(spinlock_irqsave)(&hw->lock);
	vfake_load_cq(hw, cqes, nr);
	KUNIT_EXPECT_EQ(f->test, hw->process(hw, hw->depth), nr);
	KUNIT_EXPECT_EQ(f->test, hw->process(hw, hw->depth), 0u);
	vfake_unload_cq(hw);
}

/**
 * vfake_complete() - what a drive does: complete a command
 * @f: fixture
 * @sqid: the guest's submission queue, as the drive knows it
 * @cqid: the guest's completion queue that the entry arrives in
 * @cid: command identifier that the drive was given
 * @status: SCT, SC, More and DNR
 */
void vfake_complete(struct vfake *f, u16 sqid, u16 cqid, u16 cid, u16 status)
{
	struct nvme_cqe cqes[2] = { {
		.result	= cpu_to_le32(0x5ec4e701),
		.rsvd	= cpu_to_le32(0x5ec4e702),
		.sq_head = cpu_to_le16(0x7777),
		.sq_id	= cpu_to_le16(f->vctrl.qids[sqid - 1]),
		.cid	= cpu_to_le16(cid),
		.status	= cpu_to_le16(status << 1),
	} };

	vfake_complete_batch(f, cqid, cqes, 1);
}

/*
 * Set-up
 */

/* A reset of the drive is for the host side's tests. */
static void vfake_reset_work(struct work_struct *work)
{
}

static void vfake_init_drive(struct vfake *f)
{
	/* it has no configuration space */
	f->pdev.error_state = pci_channel_io_perm_failure;
	INIT_WORK(&f->ctrl.reset_work, vfake_reset_work);
	f->ctrl.pdev = &f->pdev;
	f->ctrl.max_depth = 1024;
	f->ctrl.id = &f->id;
	f->ctrl.nr_qpairs = 32;
	f->ctrl.nr_host_qpairs = 2;
	f->ctrl.state = SLUICE_NVME_LIVE;
	f->ctrl.host = &f->host;
	f->host.cqs = f->cqs;
	mutex_init(&f->ctrl.reset_lock);
	mutex_init(&f->ctrl.client_lock);
	INIT_LIST_HEAD(&f->ctrl.clients);
	/* no watchdog */
	f->ctrl.watched = true;
	f->ctrl.progressed = jiffies;
	f->host.adminq.cq.ctrl = &f->ctrl;
	spin_lock_init(&f->host.adminq.cq.lock);
	init_waitqueue_head(&f->host.adminq.wait);
	mutex_init(&f->host.health.lock);
	INIT_WORK(&f->host.health.work, sluice_nvme_health_work);
	f->id.oncs = cpu_to_le16(0xffff);
	f->id.vwc = 0xff;

	f->ns.ctrl = &f->ctrl;
	f->ns.nsid = VFAKE_NSID;
	f->ns.lba_shift = 9;
	f->ns.nr_blocks = 1ull << 40;
	f->ns.id = &f->ns_id;
	f->ns_id.lbaf[0].lbads = 9;
	sluice_nvme_limits_derive(&f->ns.limits, &f->id, &f->host.id_nvm,
				  &f->ns_id, 0);
}

static void vfake_init_slice(struct vfake *f)
{
	static const char uuid[] = "01234567-89ab-cdef-0123-456789abcdef";

	f->type.queue_pairs = VFAKE_QPAIRS;
	f->sdev.dev = &f->dev;
	f->sdev.type = &f->type.type;
	f->sdev.drvdata = &f->vctrl;
	KUNIT_ASSERT_EQ(f->test, uuid_parse(uuid, &f->sdev.info.uuid), 0);
	f->sdev.doorbells = kunit_kzalloc(f->test, SLUICE_VCTRL_DOORBELL_BYTES,
					  GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, f->sdev.doorbells);
}

static void vfake_init_queues(struct vfake *f)
{
	struct sluice_vctrl *vctrl = &f->vctrl;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vctrl->sqs); i++) {
		vctrl->sqs[i].vctrl = vctrl;
		vctrl->sqs[i].id = i;
		mutex_init(&vctrl->sqs[i].lock);
		spin_lock_init(&vctrl->sqs[i].hw_lock);
		vctrl->cqs[i].vctrl = vctrl;
		vctrl->cqs[i].id = i;
		spin_lock_init(&vctrl->cqs[i].lock);
		sluice_nvme_cq_init(&vctrl->cqs[i].hw);
		sluice_virq_init(&vctrl->cqs[i]);
		INIT_LIST_HEAD(&vctrl->cqs[i].waiting);
	}
	for (i = 0; i < vctrl->nr_qpairs; i++) {
		vctrl->qids[i] = VFAKE_HW_QID + i;
		vctrl->sq_of_qid[VFAKE_HW_QID + i] = i + 1;
	}
}

static void vfake_init_vctrl(struct vfake *f)
{
	struct sluice_vctrl *vctrl = &f->vctrl;

	vctrl->sdev = &f->sdev;
	vctrl->ctrl = &f->ctrl;
	vctrl->ns = &f->ns;
	vctrl->start = VFAKE_START;
	vctrl->nr_blocks = VFAKE_BLOCKS;
	vctrl->nr_qpairs = VFAKE_QPAIRS;
	mutex_init(&vctrl->admin_lock);
	spin_lock_init(&vctrl->reg_lock);
	sluice_vdbbuf_init(vctrl);
	init_waitqueue_head(&vctrl->drained);
	INIT_WORK(&vctrl->work, vfake_work);
	INIT_DELAYED_WORK(&vctrl->retry, vfake_retry);

	vctrl->sq_of_qid = kunit_kzalloc(f->test, f->ctrl.nr_qpairs + 1,
					 GFP_KERNEL);
	vctrl->id_page = kunit_kzalloc(f->test, SLUICE_NVME_PAGE, GFP_KERNEL);
	vctrl->wq = alloc_workqueue("sluice-kunit", WQ_UNBOUND, 1);
	KUNIT_ASSERT_NOT_NULL(f->test, vctrl->sq_of_qid);
	KUNIT_ASSERT_NOT_NULL(f->test, vctrl->id_page);
	KUNIT_ASSERT_NOT_NULL(f->test, vctrl->wq);
	vfake_init_queues(f);
	sluice_vregs_init(&vctrl->regs, f->ctrl.max_depth);
	vctrl->regs.cc = NVME_CC_EN | FIELD_PREP(NVME_CC_IOSQES, NVME_SQES) |
			 FIELD_PREP(NVME_CC_IOCQES, NVME_CQES);
	sluice_vfeat_init(vctrl);
	sluice_vlog_init(vctrl);
}

/**
 * vfake_enter() - let a thread other than the test's call code under test
 * @f: fixture
 *
 * KUnit finds a stub by the test to which the calling thread belongs. Without this
 * a worker would call the core itself, which has nothing of the fixture.
 */
void vfake_enter(struct vfake *f)
{
#if IS_ENABLED(CONFIG_KUNIT)
	current->kunit_test = f->test;
#endif
}

/**
 * vfake_leave() - undo vfake_enter(), in the same thread
 */
void vfake_leave(void)
{
#if IS_ENABLED(CONFIG_KUNIT)
	current->kunit_test = NULL;
#endif
}

/* The fixture has no poller */
static void vfake_poll_sync(struct sluice_dev *sdev)
{
}

/*
 * The core's functions that a controller uses. The fixture's own worker only
 * counts, and no test has a completion queue wait for its timer: so the stubs
 * are called by the test's thread, and by workers of tests that use
 * vfake_enter().
 */
static void vfake_init_stubs(struct kunit *test)
{
	kunit_activate_static_stub(test, sluice_mem_get, vfake_mem_get);
	kunit_activate_static_stub(test, sluice_mem_ask, vfake_mem_ask);
	kunit_activate_static_stub(test, sluice_mem_find_page, vfake_mem_find);
	kunit_activate_static_stub(test, sluice_mem_find_list,
				   vfake_mem_find_list);
	kunit_activate_static_stub(test, sluice_mem_vmap, vfake_mem_vmap);
	kunit_activate_static_stub(test, sluice_irq_signal, vfake_irq_signal);
	kunit_activate_static_stub(test, sluice_poll_sync, vfake_poll_sync);
}

/**
 * vfake_init() - to be the init function of a suite
 * @test: its priv will point to a &struct vfake
 *
 * Return: 0 or -ENOMEM.
 */
int vfake_init(struct kunit *test)
{
	struct vfake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->test = test;
	test->priv = f;
	xa_init(&f->pages);
	INIT_LIST_HEAD(&f->asked);
	vfake_init_stubs(test);
	vfake_init_drive(f);
	vfake_init_slice(f);
	vfake_init_vctrl(f);
	return 0;
}

/**
 * vfake_exit() - to be the exit function of a suite
 * @test: test
 */
void vfake_exit(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vctrl *vctrl;
	unsigned int i;

	if (!f)
		return;
	vctrl = &f->vctrl;
	flush_work(&f->ctrl.reset_work);
	/* the hardware's queues are KUnit's memory */
	for (i = 0; i < ARRAY_SIZE(vctrl->sqs); i++)
		vctrl->sqs[i].hw.entries = NULL;
	if (vctrl->wq) {
		scoped_guard(mutex, &vctrl->admin_lock) {
			sluice_vqueues_destroy_all(vctrl);
			sluice_vqueues_free(vctrl);
		}
		cancel_delayed_work_sync(&vctrl->retry);
		destroy_workqueue(vctrl->wq);
	}
	cancel_work_sync(&f->host.health.work);
	vfake_free_pages(f);
}
