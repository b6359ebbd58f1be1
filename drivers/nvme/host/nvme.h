/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a physical NVMe controller, as its clients see it
 *
 * The host's disks and each client have I/O queue pairs of their own in the
 * controller. This is all of host/ that guest/ may use; the rest is in host.h.
 */
#ifndef SLUICE_NVME_H
#define SLUICE_NVME_H

#include <linux/blk-mq.h>
#include <linux/completion.h>
#include <linux/dmapool.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sluice.h>
#include <linux/sluice_disk.h>
#include <linux/spinlock.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "spec.h"

/* A memory page of NVMe: the driver sets CC.MPS = 0, which is 4 KiB. */
#define SLUICE_NVME_PAGE	SZ_4K

/* A PRP list of one page serves transfers of up to this many bytes. */
#define SLUICE_NVME_MAX_XFER	SZ_1M

/*
 * The fewest I/O queue pairs that are of use to a client. The NVMe driver of
 * EDK II, with which a guest boots by UEFI, creates two and gives up with one.
 */
#define SLUICE_NVME_MIN_CLIENT_QPAIRS	2

/* A command of the NVM command set names at most so many blocks. */
#define SLUICE_NVME_MAX_BLOCKS	65536u

struct sluice_nvme_client;
struct sluice_nvme_cq;

/**
 * enum sluice_nvme_state - life of a controller
 * @SLUICE_NVME_LIVE: commands flow
 * @SLUICE_NVME_RESETTING: being reset; nothing may be submitted
 * @SLUICE_NVME_DEAD: does not come back, or is being removed
 */
enum sluice_nvme_state {
	SLUICE_NVME_LIVE,
	SLUICE_NVME_RESETTING,
	SLUICE_NVME_DEAD,
};

/**
 * enum sluice_nvme_queue_state - does the hardware have a client's queue?
 * @SLUICE_NVME_QUEUE_ABSENT: no, and it does no DMA for the queue
 * @SLUICE_NVME_QUEUE_CREATING: it has been told to create the queue, and may do
 *	DMA for it from now on
 * @SLUICE_NVME_QUEUE_FAILED: as absent, and the owner has not asked yet what came
 *	of the creation
 * @SLUICE_NVME_QUEUE_PRESENT: yes, or it will again after a reset
 * @SLUICE_NVME_QUEUE_DELETING: it has been told to delete the queue, and may do
 *	DMA for it, and for the commands in it, until it answers
 * @SLUICE_NVME_QUEUE_STUCK: it has refused that, so only a reset helps
 */
enum sluice_nvme_queue_state {
	SLUICE_NVME_QUEUE_ABSENT,
	SLUICE_NVME_QUEUE_CREATING,
	SLUICE_NVME_QUEUE_FAILED,
	SLUICE_NVME_QUEUE_PRESENT,
	SLUICE_NVME_QUEUE_DELETING,
	SLUICE_NVME_QUEUE_STUCK,
};

/**
 * struct sluice_nvme_life - what becomes of a client's queue in the hardware
 * @state: see &enum sluice_nvme_queue_state; unused for the host's own queues.
 *	Changes under &sluice_nvme_ctrl.reset_lock, but what ends a creation or
 *	a deletion changes it under the lock of the admin completion queue
 * @error: what has ended the last creation or deletion: an NVMe status, or a
 *	negative errno for a reset
 * @ended: called when a creation or a deletion has ended, in any context and with
 *	that lock held; may be NULL
 */
struct sluice_nvme_life {
	enum sluice_nvme_queue_state state;
	int error;
	void (*ended)(struct sluice_nvme_life *life);
};

/**
 * struct sluice_nvme_cq - a completion queue of the hardware
 * @ctrl: controller
 * @qid: queue identifier, 0 for the admin queue
 * @depth: entries
 * @vector: MSI-X vector
 * @entries: coherent memory
 * @dma: its bus address
 * @db: CQ head doorbell
 * @seen: for who looks without @lock: the entry at @head; while the queue is not
 *	@armed one that stays empty
 * @head: next entry to look at
 * @phase: phase tag of new entries
 * @armed: has its interrupt; entries are looked at
 * @irq: Linux's number of the interrupt
 * @maskable: the interrupt may be masked
 * @masked: the interrupt is masked
 * @lock: protects @head, @phase, @seen, @armed, @maskable and @masked; taken in
 *	hard IRQ context
 * @process: takes new entries with sluice_nvme_cqe_next(), @budget at most, and
 *	returns their number. Called in hard IRQ context (or wherever
 *	sluice_nvme_cq_poll() is called) with @lock held and interrupts off
 * @interrupted: called after @process when an interrupt was the reason, in hard
 *	IRQ context without @lock; may be NULL
 * @priv: the owner's, for @process and @interrupted
 * @life: what the hardware makes of it
 */
struct sluice_nvme_cq {
	struct sluice_nvme_ctrl *ctrl;
	u16 qid;
	u32 depth;
	unsigned int vector;
	struct nvme_cqe *entries;
	dma_addr_t dma;
	u32 __iomem *db;
	const struct nvme_cqe *seen;
	u32 head;
	u8 phase;
	bool armed;
	int irq;
	bool maskable;
	bool masked;
	spinlock_t lock;
	unsigned int (*process)(struct sluice_nvme_cq *cq, unsigned int budget);
	void (*interrupted)(struct sluice_nvme_cq *cq);
	void *priv;
	struct sluice_nvme_life life;
};

/**
 * struct sluice_nvme_sq - a submission queue of the hardware
 * @ctrl: controller
 * @cq: where its completions go
 * @qid: queue identifier
 * @depth: entries; the owner never has more than @depth - 1 outstanding
 * @entries: coherent memory
 * @dma: its bus address
 * @db: SQ tail doorbell
 * @tail: next free entry; the owner of the queue has a lock for it
 * @completed: count of the commands that the hardware has completed, by the owner;
 *	unused for the host's own queues
 * @life: what the hardware makes of it
 */
struct sluice_nvme_sq {
	struct sluice_nvme_ctrl *ctrl;
	struct sluice_nvme_cq *cq;
	u16 qid;
	u32 depth;
	struct nvme_cmd *entries;
	dma_addr_t dma;
	u32 __iomem *db;
	u32 tail;
	const unsigned long *completed;
	struct sluice_nvme_life life;
};

/**
 * struct sluice_nvme_limits - what a namespace can do, and how it likes to be used
 * @max_xfer: bytes of the largest command with data: MDTS, at most
 *	%SLUICE_NVME_MAX_XFER
 * @write_zeroes: blocks of the largest Write Zeroes: WZSL
 * @verify: blocks of the largest Verify: VSL
 * @dsm_ranges: ranges of Dataset Management that the drive heeds: DMRL
 * @dsm_range: blocks of the largest range: DMRSL
 * @dsm_blocks: blocks of all ranges of a command: DMSL
 * @boundary: commands are slow that cross a multiple of so many blocks: NOIOB;
 *	0 if there is none
 * @write_granularity: blocks that the drive writes together: NPWG
 * @write_alignment: writes best begin at a multiple of so many blocks: NPWA
 * @optimal_write: writes are best so many blocks long: NOWS; 0 if not known
 * @discard_granularity: blocks that the drive deallocates together: NPDG
 * @discard_alignment: ranges best begin at a multiple of so many blocks: NPDA
 * @atomic_write: blocks of which a power cut leaves all or none: AWUPF, NAWUPF
 * @oncs: the optional commands that are to be used, bits of ONCS
 * @write_protected: the drive refuses to write: NSATTR
 *
 * sluice_nvme_limits_derive() fills it. The limits of the host's disk, what a
 * guest is told by Identify and the checks of guests' commands follow from it
 * and not from Identify of the drive: what is known of a drive is known to all
 * of them. All but what says otherwise is valid without a look at 0.
 */
struct sluice_nvme_limits {
	u32 max_xfer;
	u32 write_zeroes;
	u32 verify;
	u32 dsm_ranges;
	u32 dsm_range;
	u64 dsm_blocks;
	u32 boundary;
	u32 write_granularity;
	u32 write_alignment;
	u32 optimal_write;
	u32 discard_granularity;
	u32 discard_alignment;
	u32 atomic_write;
	u16 oncs;
	bool write_protected;
};

/**
 * struct sluice_nvme_ns - a namespace and the host's disk of it
 * @list: in &sluice_nvme_ctrl.namespaces
 * @all: with the namespaces of all controllers
 * @ctrl: controller
 * @nsid: namespace identifier
 * @lba_shift: log2 of the logical block size, 9 or 12
 * @nr_blocks: size in logical blocks
 * @limits: what it can do
 * @uuid: UUID or NGUID, as @nidt says
 * @nidt: the best identifier that the namespace has: NVME_NIDT_*, 0 for none
 * @nidt_taken: a namespace of another drive has the same identifier, so this one
 *	is not named after it
 * @disk: the host's disk
 * @disk_added: the host's users can see @disk
 * @slices: the slices of @disk. Requests read it under RCU
 * @offline: why nothing may use it any more, or NULL. Set once, under
 *	&sluice_nvme_ctrl.reset_lock; read anywhere
 * @id: Identify Namespace, for fields that clients pass on
 */
struct sluice_nvme_ns {
	struct list_head list;
	struct list_head all;
	struct sluice_nvme_ctrl *ctrl;
	u32 nsid;
	unsigned int lba_shift;
	u64 nr_blocks;
	struct sluice_nvme_limits limits;
	uuid_t uuid;
	u8 nidt;
	bool nidt_taken;
	struct gendisk *disk;
	bool disk_added;
	struct sluice_disk *slices;
	const char *offline;
	struct nvme_id_ns *id;
};

/**
 * struct sluice_nvme_client_ops - what the host's side calls around a reset
 * @in_flight: does the hardware have a command of this client? What it has
 *	completed does not count, though nobody may have taken the completion. The
 *	watchdog asks, as it watches the drive only while there are commands, and
 *	then the reset_lock is not held; and a shutdown, which waits for them
 * @stop: a reset begins: submit nothing to the hardware from the return of this
 *	call to the next @restore. May wait for a submission that is under way,
 *	but for nothing that may wait for the drive: the drive completes nothing
 *	more
 * @fail: the controller is disabled and interrupts are silent: end each command
 *	that the hardware had, for it will complete none. Called after @stop
 * @restore: the reset is over; sluice_nvme_live() says how. On a live
 *	controller create the hardware's queues again and submit; on a dead one
 *	report the loss. Called after @fail, or alone for a client that was
 *	added during the reset. The client's namespace may be offline now
 * @offline: the drive is live, and a namespace has gone offline. If it is the
 *	client's: submit nothing more, as in @stop, and report the loss
 *
 * All are called in process context with &sluice_nvme_ctrl.client_lock held,
 * and all but @in_flight always with &sluice_nvme_ctrl.reset_lock held around it.
 * They may sleep. They may take neither of these locks, nor a lock whose holder may
 * take the reset_lock or wait for the drive: that would be a deadlock.
 */
struct sluice_nvme_client_ops {
	bool (*in_flight)(struct sluice_nvme_client *client);
	void (*stop)(struct sluice_nvme_client *client);
	void (*fail)(struct sluice_nvme_client *client);
	void (*restore)(struct sluice_nvme_client *client);
	void (*offline)(struct sluice_nvme_client *client);
};

/**
 * struct sluice_nvme_client - owner of I/O queue pairs beside the host's disks
 * @node: in &sluice_nvme_ctrl.clients
 * @ops: what a reset of the drive calls
 *
 * Embedded in a structure of the client's.
 */
struct sluice_nvme_client {
	struct list_head node;
	const struct sluice_nvme_client_ops *ops;
};

/**
 * struct sluice_nvme_ctrl - a physical NVMe controller
 * @pdev: PCI function
 * @instance: X of /dev/sluiceXnY
 * @bar: BAR0
 * @cap: CAP register
 * @max_depth: entries a queue may have: CAP.MQES + 1
 * @id: Identify Controller
 * @nr_vectors: MSI-X vectors; 0 is the admin queue's
 * @nr_qpairs: I/O queue pairs granted; identifiers 1 to @nr_qpairs
 * @nr_host_qpairs: of these, kept by the host: 1 to @nr_host_qpairs
 * @qid_lock: protects @qids
 * @qids: I/O queue identifiers in use or reserved
 * @state: see &enum sluice_nvme_state; written under @reset_lock, read
 *	anywhere
 * @reset_lock: held by a reset, by the removal of the controller, and by a
 *	client while it has the creation or deletion of an I/O queue begin, or asks
 *	what has come of it: no two of these may run at once. Taken before
 *	@client_lock
 * @reset_work: resets the controller
 * @watched: commands have been submitted since the watchdog looked last
 * @answered: commands of anybody have been completed since a thread called
 *	sluice_nvme_progress() last
 * @progressed: jiffies when such a thread found @answered set
 * @client_lock: protects @clients; held while a client's function runs
 * @clients: of &struct sluice_nvme_client
 * @prp_pool: pages for PRP lists
 * @parent: in the core
 * @namespaces: of &struct sluice_nvme_ns; fixed between probe and remove
 * @host: what is private to the files of host/
 */
struct sluice_nvme_ctrl {
	struct pci_dev *pdev;
	int instance;
	void __iomem *bar;
	u64 cap;
	u32 max_depth;
	struct nvme_id_ctrl *id;
	unsigned int nr_vectors;
	unsigned int nr_qpairs;
	unsigned int nr_host_qpairs;
	spinlock_t qid_lock;
	unsigned long *qids;
	enum sluice_nvme_state state;
	struct mutex reset_lock;
	struct work_struct reset_work;
	bool watched;
	bool answered;
	unsigned long progressed;
	struct mutex client_lock;
	struct list_head clients;
	struct dma_pool *prp_pool;
	struct sluice_parent *parent;
	struct list_head namespaces;
	struct sluice_nvme_host *host;
};

/* hwq.c: queues of the hardware, for the host's disks and for clients */
int sluice_nvme_qids_reserve(struct sluice_nvme_ctrl *ctrl, u16 *qids,
			     unsigned int nr);
void sluice_nvme_qids_release(struct sluice_nvme_ctrl *ctrl, const u16 *qids,
			      unsigned int nr);
unsigned int sluice_nvme_qids_free(struct sluice_nvme_ctrl *ctrl);

void sluice_nvme_cq_init(struct sluice_nvme_cq *cq);
int sluice_nvme_cq_alloc(struct sluice_nvme_cq *cq,
			 struct sluice_nvme_ctrl *ctrl, u16 qid, u32 depth);
void sluice_nvme_cq_free(struct sluice_nvme_cq *cq);
int sluice_nvme_cq_create(struct sluice_nvme_cq *cq);
int sluice_nvme_cq_create_async(struct sluice_nvme_cq *cq);
bool sluice_nvme_cq_delete(struct sluice_nvme_cq *cq);
unsigned int sluice_nvme_cq_poll(struct sluice_nvme_cq *cq,
				 unsigned int budget);
unsigned long sluice_nvme_progress(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_cq_mask(struct sluice_nvme_cq *cq, const bool *wanted);
void sluice_nvme_cq_unmask(struct sluice_nvme_cq *cq);

int sluice_nvme_sq_alloc(struct sluice_nvme_sq *sq,
			 struct sluice_nvme_ctrl *ctrl, u16 qid, u32 depth,
			 struct sluice_nvme_cq *cq);
void sluice_nvme_sq_free(struct sluice_nvme_sq *sq);
int sluice_nvme_sq_create(struct sluice_nvme_sq *sq);
int sluice_nvme_sq_create_async(struct sluice_nvme_sq *sq);
int sluice_nvme_sq_delete(struct sluice_nvme_sq *sq);
bool sluice_nvme_sq_gone(struct sluice_nvme_sq *sq);
void sluice_nvme_queue_cut_off(struct sluice_nvme_ctrl *ctrl,
			       struct sluice_nvme_life *life);

/**
 * sluice_nvme_cq_pending() - has the device written an entry?
 * @cq: queue, its lock held
 *
 * Return: true when it has.
 */
static inline bool sluice_nvme_cq_pending(const struct sluice_nvme_cq *cq)
{
	return (le16_to_cpu(READ_ONCE(cq->entries[cq->head].status)) & 1) ==
	       cq->phase;
}

/**
 * sluice_nvme_cq_look() - has the device written an entry, probably?
 * @cq: queue, locked or not; its memory stays
 *
 * For a thread that polls: it need not lock a queue that has nothing for it. The
 * answer may be wrong while another thread takes entries. That thread takes
 * them all, or is the one that polls.
 *
 * Return: true if sluice_nvme_cq_poll() is to be called.
 */
static inline bool sluice_nvme_cq_look(const struct sluice_nvme_cq *cq)
{
	/* Pairs with the release in sluice_nvme_cq_arm(): a dependent read. */
	const struct nvme_cqe *entry = READ_ONCE(cq->seen);

	return (le16_to_cpu(READ_ONCE(entry->status)) & 1) ==
	       READ_ONCE(cq->phase);
}

/**
 * sluice_nvme_cqe_next() - take an entry that the device has written
 * @cq: queue, its lock held
 * @cqe: receives a copy of the entry
 *
 * Return: false when there is none.
 */
static inline bool sluice_nvme_cqe_next(struct sluice_nvme_cq *cq,
					struct nvme_cqe *cqe)
{
	const struct nvme_cqe *entry = &cq->entries[cq->head];

	if (!sluice_nvme_cq_pending(cq))
		return false;
	/* The rest of the entry is valid only once its phase tag is. */
	dma_rmb();
	*cqe = *entry++;
	if (++cq->head == cq->depth) {
		cq->head = 0;
		WRITE_ONCE(cq->phase, cq->phase ^ 1);
		entry = cq->entries;
	}
	WRITE_ONCE(cq->seen, entry);
	return true;
}

/**
 * sluice_nvme_sq_entry() - the entry that the next command goes to
 * @sq: queue; the caller serialises and keeps at most depth - 1 outstanding
 *
 * The device does not look at it before sluice_nvme_sq_ring().
 *
 * Return: the entry.
 */
static inline struct nvme_cmd *sluice_nvme_sq_entry(struct sluice_nvme_sq *sq)
{
	return &sq->entries[sq->tail];
}

/**
 * sluice_nvme_sq_advance() - keep what was built in the next entry
 * @sq: queue
 */
static inline void sluice_nvme_sq_advance(struct sluice_nvme_sq *sq)
{
	if (++sq->tail == sq->depth)
		sq->tail = 0;
}

/**
 * sluice_nvme_sq_push() - place a command in a submission queue
 * @sq: queue; the caller serialises and keeps at most depth - 1 outstanding
 * @cmd: command, copied
 *
 * The device sees it after sluice_nvme_sq_ring().
 */
static inline void sluice_nvme_sq_push(struct sluice_nvme_sq *sq,
				       const struct nvme_cmd *cmd)
{
	*sluice_nvme_sq_entry(sq) = *cmd;
	sluice_nvme_sq_advance(sq);
}

/* reset.c */
void sluice_nvme_watch(struct sluice_nvme_ctrl *ctrl);

/**
 * sluice_nvme_sq_ring() - tell the device of the commands pushed
 * @sq: queue
 */
static inline void sluice_nvme_sq_ring(struct sluice_nvme_sq *sq)
{
	if (unlikely(!READ_ONCE(sq->ctrl->watched)))
		sluice_nvme_watch(sq->ctrl);
	/* writel() orders the entries, coherent memory, before the doorbell */
	writel(sq->tail, sq->db);
}

/* admin.c: admin commands to the hardware; they sleep */
int sluice_nvme_admin(struct sluice_nvme_ctrl *ctrl, struct nvme_cmd *cmd,
		      void *buf, size_t len, u32 *result);
int sluice_nvme_abort(struct sluice_nvme_sq *sq, u16 cid, int spare);

/* events.c */
int sluice_nvme_health(struct sluice_nvme_ctrl *ctrl,
		       struct nvme_smart_log *log);

/* reset.c */
void sluice_nvme_reset(struct sluice_nvme_ctrl *ctrl);

static inline bool sluice_nvme_live(const struct sluice_nvme_ctrl *ctrl)
{
	return READ_ONCE(ctrl->state) == SLUICE_NVME_LIVE;
}

/* ns.c */
int sluice_nvme_ns_check(struct sluice_nvme_ns *ns);

/* client.c: who else owns queue pairs */
void sluice_nvme_client_add(struct sluice_nvme_ctrl *ctrl,
			    struct sluice_nvme_client *client,
			    const struct sluice_nvme_client_ops *ops);
void sluice_nvme_client_del(struct sluice_nvme_ctrl *ctrl,
			    struct sluice_nvme_client *client);

#endif /* SLUICE_NVME_H */
