// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest, its slice, and a drive in memory, around the modules' objects
 *
 * Compiled as a part of the modules, so that it sees their structures, and
 * linked into the programs count and native. The guest reads, and both the guest
 * and the drive check what they receive. A poller visits the slice only when
 * bed_visit() or the program calls the poller.
 */
#include "../core/device/device.h"
#include "../core/memory/iova_table.h"
#include "guest/vctrl.h"

#include "bed.h"

#define SQ_SIZE		(2 * BED_MAX_QD)
#define SLOTS		(SQ_SIZE - 1)
#define LIST_PAGE	(BED_RAM_PAGES - 2)	/* the guest's PRP lists */
#define BUS		0x7000000000ull
#define LIST_BUS	0x6000000000ull
#define START		1000u			/* first block of the slice */
#define HW_QID		5u

static struct sluice_vdev vdev;
static struct sluice_nvme_ctrl ctrl;
static struct sluice_nvme_ns ns;
static struct nvme_id_ctrl id;
static struct sluice_vctrl vctrl;
static u8 sq_of_qid[HW_QID + 1] = { [HW_QID] = 1 };
static __le32 doorbells[SLUICE_VCTRL_DOORBELL_BYTES / sizeof(__le32)];
static u8 *guest;

/* The objects that the poller uses */
static struct sluice_parent parent = { .ops = &sluice_vctrl_parent_ops };
static struct device dma_dev;
static struct page db_page;
static struct address_space mapping;
static struct file vdev_file = { .f_mapping = &mapping };
static struct mm_struct mm;
static struct vm_area_struct vma = {
	.vm_flags = VM_SHARED, .vm_file = &vdev_file, .vm_mm = &mm,
};

/* Rings of the guest and of the drive */
static struct nvme_cmd vsq_ring[SQ_SIZE] __aligned(SLUICE_NVME_PAGE);
static struct nvme_cqe vcq_ring[SQ_SIZE] __aligned(SLUICE_NVME_PAGE);
static struct nvme_cmd hw_sq_ring[SLOTS + 1] __aligned(SLUICE_NVME_PAGE);
static struct nvme_cqe hw_cq_ring[SLOTS + 1] __aligned(SLUICE_NVME_PAGE);
static struct sluice_vslot slots[SLOTS];
static struct nvme_cqe quiet_cq_ring[SLOTS + 1];
static u16 free_slots[SLOTS + 1];
static __le64 lists[SLOTS][SLUICE_NVME_PAGE / sizeof(__le64)]
	__aligned(SLUICE_NVME_PAGE);

/* Positions of the guest in its rings. It may run on another CPU: its own line */
static struct {
	u32 sq_tail, cq_head;
	u8 phase;
} ____cacheline_aligned rings = { .phase = 1 };

/*
 * The drive: its doorbells and its positions. Commands from @head to @seen wait
 * until they are due
 */
static struct {
	u32 sq_db, cq_db;
	u32 head, seen, tail;
	u8 phase;
	u64 due[SLOTS + 1];
} ____cacheline_aligned drive = { .phase = 1 };

static void expect(const char *what, u64 found, u64 wanted)
{
	if (found != wanted)
		bed_fail(what, found, wanted);
}

/*
 * Guest memory: pages in order for the first half, every other page swapped
 * with its neighbour in the second
 */

static unsigned long host_page(unsigned long page)
{
	return page < BED_CHUNK_PAGES ? page : page ^ 1;
}

static dma_addr_t bed_map(void *priv, struct page *page, size_t size,
			  bool write)
{
	return BUS + ((u64)page_to_pfn(page) << PAGE_SHIFT);
}

static const struct sluice_iova_ops bed_gmem_ops = {.map = bed_map};

static void init_memory(void)
{
	struct sluice_iova_table *table = &vdev.iova_table;
	unsigned long first, i;

	table->ops = &bed_gmem_ops;
	table->max_map = SIZE_MAX;
	for (first = 0; first < BED_RAM_PAGES; first += BED_CHUNK_PAGES) {
		for (i = 0; i < BED_CHUNK_PAGES; i++)
			table->pages[i] = pfn_to_page(host_page(first + i));
		expect("installed",
		       sluice_iova_install(table, first << PAGE_SHIFT,
					   SLUICE_IOVA_SHIFT - PAGE_SHIFT,
					   true),
		       0);
	}
}

static u64 bus_of(unsigned long page)
{
	return BUS + ((u64)host_page(page) << PAGE_SHIFT);
}

/*
 * Queues
 */

static void init_sq(struct sluice_vsq *vsq, struct sluice_vcq *vcq)
{
	unsigned int i;

	vsq->vctrl = &vctrl;
	vsq->vcq = vcq;
	vsq->id = 1;
	vsq->size = SQ_SIZE;
	vsq->ring.va = vsq_ring;
	vsq->slots = slots;
	vsq->nr_slots = SLOTS;
	vsq->used = SLOTS;
	vsq->free = free_slots;
	vsq->free_mask = SLOTS;
	vsq->free_seen = SLOTS;
	vsq->free_tail = SLOTS;
	for (i = 0; i < SLOTS; i++) {
		slots[i].vsq = vsq;
		slots[i].list = lists[i];
		slots[i].list_dma = LIST_BUS + (u64)i * SLUICE_NVME_PAGE;
		free_slots[i] = i;
	}
	vsq->hw.ctrl = &ctrl;
	vsq->hw.entries = hw_sq_ring;
	vsq->hw.depth = SLOTS + 1;
	vsq->hw.db = (u32 __force __iomem *)&drive.sq_db;
	vsq->live = true;
}

static void init_cq(struct sluice_vcq *vcq)
{
	vcq->vctrl = &vctrl;
	vcq->id = 1;
	vcq->size = SQ_SIZE;
	vcq->ring.va = vcq_ring;
	vcq->phase = 1;
	vcq->irq_enabled = true;
	INIT_LIST_HEAD(&vcq->waiting);
	vcq->hw.ctrl = &ctrl;
	vcq->hw.entries = hw_cq_ring;
	vcq->hw.depth = SLOTS + 1;
	vcq->hw.db = (u32 __force __iomem *)&drive.cq_db;
	vcq->hw.phase = 1;
	vcq->hw.seen = hw_cq_ring;
	vcq->hw.armed = true;
	vcq->hw.maskable = true;
	vcq->hw.process = sluice_vcq_process;
	vcq->hw.priv = vcq;
	vcq->live = true;
}

/* Makes a further queue pair, which the guest does not use */
static void init_quiet(unsigned int id)
{
	struct sluice_vcq *vcq = &vctrl.cqs[id];
	struct sluice_vsq *vsq = &vctrl.sqs[id];

	init_cq(vcq);
	vcq->id = id;
	vcq->hw.entries = quiet_cq_ring;
	vcq->hw.seen = quiet_cq_ring;
	vsq->vctrl = &vctrl;
	vsq->vcq = vcq;
	vsq->id = id;
	vsq->size = SQ_SIZE;
	vsq->ring.va = vsq_ring;
	vsq->live = true;
}

static void init_poller(void)
{
	dma_dev.numa_node = NUMA_NO_NODE;
	vdev.sdev.parent = &parent;
	vdev.sdev.dma_dev = &dma_dev;
	vdev.sdev.drvdata = &vctrl;
	vdev.poll.doorbells.words = doorbells;
	vdev.poll.doorbells.page = &db_page;
	vdev.poll.doorbells.nr_pages = 1;
	sluice_poll_entry_init(&vdev.poll, &vdev.sdev);
	expect("poller", sluice_poller_join(&vdev.poll), 0);
	atomic_long_set(&mm.mmap_lock.count, 1);	/* held by the thread that maps */
	expect("mapping", sluice_doorbell_mmap(&vdev.poll, &vma, 0), 0);
}

/**
 * bed_init() - set up guest, slice and drive
 * @ram: guest memory, %BED_RAM_PAGES pages
 */
void bed_init(void *ram)
{
	guest = ram;
	vdev.sdev.doorbells = doorbells;
	ctrl.id = &id;
	ctrl.watched = true;
	ctrl.answered = true;
	ctrl.nr_qpairs = HW_QID;
	ns.nsid = 7;
	ns.lba_shift = 9;
	ns.limits.max_xfer = SLUICE_NVME_MAX_XFER;
	vctrl.sdev = &vdev.sdev;
	vctrl.ctrl = &ctrl;
	vctrl.ns = &ns;
	vctrl.start = START;
	vctrl.nr_blocks = 1 << 20;
	vctrl.nr_qpairs = 1;
	vctrl.pairs = BIT(1);
	vctrl.qids[0] = HW_QID;
	vctrl.sq_of_qid = sq_of_qid;
	vctrl.feat.write_cache = 1;
	init_memory();
	INIT_LIST_HEAD(&vctrl.cqs[0].waiting);
	init_cq(&vctrl.cqs[1]);
	init_sq(&vctrl.sqs[1], &vctrl.cqs[1]);
	init_quiet(2);
	init_poller();
}

/*
 * The guest
 */

static void guest_submits(unsigned long pages, unsigned long first, u16 cid)
{
	__le64 *list = (__le64 *)(guest + (host_page(LIST_PAGE) << PAGE_SHIFT));
	u64 list_iova = (u64)LIST_PAGE << PAGE_SHIFT;
	struct nvme_cmd *cmd = &vsq_ring[rings.sq_tail];
	unsigned long i;

	*cmd = (struct nvme_cmd) {
		.opcode	= NVME_IO_READ,
		.cid	= cpu_to_le16(cid),
		.nsid	= cpu_to_le32(SLUICE_VCTRL_NSID),
		.prp1	= cpu_to_le64((u64)first << PAGE_SHIFT),
		.cdw10	= cpu_to_le32(8 * cid),
		.cdw12	= cpu_to_le32(8 * pages - 1),
	};
	for (i = 1; i < pages; i++)
		list[i - 1] = cpu_to_le64((u64)(first + i) << PAGE_SHIFT);
	if (pages > 2)
		cmd->prp2 = cpu_to_le64(list_iova);
	else if (pages == 2)
		cmd->prp2 = list[0];
	rings.sq_tail = (rings.sq_tail + 1) % SQ_SIZE;
}

static void guest_rings(unsigned int index, u32 value)
{
	/* a poller that sees the doorbell sees the commands */
	smp_store_release(&doorbells[index << SLUICE_VREGS_DSTRD],
			  cpu_to_le32(value));
}

static u16 guest_takes(void)
{
	const struct nvme_cqe *cqe = &vcq_ring[rings.cq_head];
	u16 cid = le16_to_cpu(cqe->cid);

	expect("phase and status", le16_to_cpu(cqe->status), rings.phase);
	expect("queue", le16_to_cpu(cqe->sq_id), 1);
	rings.cq_head = (rings.cq_head + 1) % SQ_SIZE;
	if (!rings.cq_head)
		rings.phase ^= 1;
	return cid;
}

/**
 * bed_send() - submit a command, without the doorbell
 * @page: page to read to; the drive of bed_drive() expects @cid here
 * @cid: identifier, below %BED_MAX_QD; says also which blocks to read
 */
void bed_send(unsigned int page, unsigned int cid)
{
	guest_submits(1, page, cid);
}

/**
 * bed_ring() - tell Sluice of what was sent and of what was received
 */
void bed_ring(void)
{
	guest_rings(3, rings.cq_head);
	guest_rings(2, rings.sq_tail);
}

/**
 * bed_receive() - look for a completion
 *
 * Return: the identifier of the command, or -1 if there is no completion.
 */
int bed_receive(void)
{
	const struct nvme_cqe *cqe = &vcq_ring[rings.cq_head];

	/* the rest of the entry is read after the phase tag */
	if ((smp_load_acquire((const u16 *)&cqe->status) & 1) != rings.phase)
		return -1;
	return guest_takes();
}

/*
 * The drive
 */

static void drive_completes(unsigned long pages, unsigned long first, u16 cid)
{
	const struct nvme_cmd *cmd = &hw_sq_ring[drive.head];
	struct nvme_cqe *cqe = &hw_cq_ring[drive.tail];
	u16 slot = le16_to_cpu(cmd->cid);
	unsigned long i;

	expect("opcode", cmd->opcode, NVME_IO_READ);
	expect("namespace", le32_to_cpu(cmd->nsid), ns.nsid);
	expect("block", le32_to_cpu(cmd->cdw10), START + 8 * cid);
	expect("first page", le64_to_cpu(cmd->prp1), bus_of(first));
	if (pages == 2)
		expect("second page", le64_to_cpu(cmd->prp2),
		       bus_of(first + 1));
	if (pages > 2)
		expect("list", le64_to_cpu(cmd->prp2),
		       LIST_BUS + (u64)slot * SLUICE_NVME_PAGE);
	for (i = 1; pages > 2 && i < pages; i++)
		expect("page", le64_to_cpu(lists[slot][i - 1]),
		       bus_of(first + i));
	drive.head = (drive.head + 1) % (SLOTS + 1);

	cqe->sq_id = cpu_to_le16(HW_QID);
	cqe->cid = cmd->cid;
	cqe->status = cpu_to_le16(drive.phase);
	drive.tail = (drive.tail + 1) % (SLOTS + 1);
	if (!drive.tail)
		drive.phase ^= 1;
}

static void (*before_visit)(void);

static unsigned int poll_after(struct sluice_dev *sdev, unsigned int budget)
{
	before_visit();
	return sluice_vpoll(sdev, budget);
}

/**
 * bed_before_visits() - have the poller call a function before each visit
 * @function: lets the drive work, or NULL
 */
void bed_before_visits(void (*function)(void))
{
	static struct sluice_parent_ops ops;

	ops = sluice_vctrl_parent_ops;
	ops.poll = poll_after;
	before_visit = function;
	parent.ops = function ? &ops : &sluice_vctrl_parent_ops;
}

/**
 * bed_drive() - let the drive take and complete commands of bed_send()
 * @now: the time
 * @latency: the time that each command takes
 *
 * Return: whether it had any.
 */
int bed_drive(u64 now, u64 latency)
{
	int busy = drive.head != drive.sq_db;

	while (drive.seen != drive.sq_db) {
		drive.due[drive.seen] = now + latency;
		drive.seen = (drive.seen + 1) % (SLOTS + 1);
	}
	while (drive.head != drive.seen && drive.due[drive.head] <= now) {
		u32 block = le32_to_cpu(hw_sq_ring[drive.head].cdw10) - START;

		drive_completes(1, block / 8, block / 8);
	}
	return busy;
}

/**
 * bed_divert() - have the modules write other doorbells than the drive reads
 * @doorbells: of the submission queue and of the completion queue
 */
void bed_divert(unsigned int *doorbells)
{
	vctrl.sqs[1].hw.db = (u32 __force __iomem *)&doorbells[0];
	vctrl.cqs[1].hw.db = (u32 __force __iomem *)&doorbells[1];
}

/**
 * bed_forward() - let the drive have what was written there
 * @doorbells: as for bed_divert()
 */
void bed_forward(const unsigned int *doorbells)
{
	drive.sq_db = doorbells[0];
	drive.cq_db = doorbells[1];
}

/**
 * bed_lose() - have the drive forget the commands that it was given
 */
void bed_lose(void)
{
	drive.head = drive.sq_db;
	drive.seen = drive.sq_db;
}

/*
 * One round: the guest submits, Sluice fetches, the drive completes, Sluice
 * passes the completions on, the guest looks
 */

void bed_submit(unsigned long pages, unsigned long first, unsigned int batch)
{
	unsigned int i;

	for (i = 0; i < batch; i++)
		guest_submits(pages, first, i);
	guest_rings(2, rings.sq_tail);
}

/* bed_answer() sees whether all were taken */
void bed_fetch(void)
{
	expect("idle", !sluice_vio_poll(&vctrl.sqs[1], UINT_MAX), false);
}

void bed_answer(unsigned long pages, unsigned long first, unsigned int batch)
{
	unsigned int i;

	for (i = 0; i < batch; i++)
		drive_completes(pages, first, i);
	drive.seen = drive.head;
	expect("tail doorbell", drive.sq_db, drive.head);
}

void bed_complete(unsigned int batch)
{
	expect("completed", sluice_nvme_cq_poll(&vctrl.cqs[1].hw, batch), batch);
}

void bed_look(unsigned int batch)
{
	unsigned int i;

	expect("head doorbell", drive.cq_db, drive.tail);
	for (i = 0; i < batch; i++)
		expect("identifier", guest_takes(), i);
	guest_rings(3, rings.cq_head);
}

/**
 * bed_run() - send commands through the modules
 * @pages: pages that each command reads
 * @scattered: read to memory that is mapped page by page
 * @batch: commands in flight at once
 * @times: number of rounds
 */
void bed_run(unsigned long pages, int scattered, unsigned int batch,
	     unsigned int times)
{
	unsigned long first = scattered ? BED_CHUNK_PAGES : 0;

	while (times--) {
		bed_submit(pages, first, batch);
		bed_fetch();
		bed_answer(pages, first, batch);
		bed_complete(batch);
		bed_look(batch);
	}
}

/**
 * bed_fault() - store to a doorbell page that is not mapped
 * @times: number of stores
 *
 * The slice is asleep before each store, and on its poller's list after it.
 */
void bed_fault(unsigned int times)
{
	struct vm_fault vmf = { .vma = &vma, .pgoff = vma.vm_pgoff };

	while (times--) {
		list_del_init(&vdev.poll.node);
		expect("fault", vma.vm_ops->fault(&vmf), VM_FAULT_NOPAGE);
		expect("awake", list_empty(&vdev.poll.node), false);
	}
}

/**
 * bed_set_poll_us() - does the same as the attribute poll_us
 * @poll_us: limit of the slice's polling window
 */
void bed_set_poll_us(unsigned int poll_us)
{
	vdev.poll.poll_us = poll_us;
}

/**
 * bed_visit() - let a poller visit a slice that has no work
 * @nr_qpairs: queue pairs of the slice, 1 or 2
 * @times: number of visits, in whole rounds
 */
void bed_visit(unsigned int nr_qpairs, unsigned int times)
{
	u64 taken = vctrl.sqs[1].head, posted = vctrl.cqs[1].tail;

	bed_fault(1);
	vctrl.nr_qpairs = nr_qpairs;
	vctrl.pairs = GENMASK(nr_qpairs, 1);
	/* The first visit finds this work, the others find none */
	vctrl.cqs[1].doorbell = SQ_SIZE;
	poller_visits = times / SLUICE_POLLER_ROUND;
	poller_run();
	vctrl.nr_qpairs = 1;
	vctrl.pairs = BIT(1);
	expect("nothing taken", vctrl.sqs[1].head, taken);
	expect("nothing posted", vctrl.cqs[1].tail, posted);
	expect("still awake", list_empty(&vdev.poll.node), false);
}
