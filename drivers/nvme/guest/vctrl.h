/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a virtual NVMe controller, which is what one slice shows to its guest
 *
 * vctrl.c	creation, removal, the worker; stopping and starting again
 * vdrain.c	getting rid of the commands that the drive has
 * vregs.c	registers
 * vstatus.h	what becomes of a command
 * queue/	vqueue.c creates and deletes queues, vhwq.c the hardware's queues
 *		behind them, vring.c maps their memory, vslot.c keeps the commands
 *		in flight, vcomp.c completes them, virq.c interrupts the guest,
 *		vdbbuf.c has the shadow doorbells
 * io/		vio.c executes the commands of the I/O queues, vprp.c translates
 *		the addresses of their data, vcost.h says what they cost, vpoll.c
 *		is called by the poller
 * admin/	vadmin.c executes the commands of the admin queue, with
 *		videntify.c, vfeat.c and vlog.c
 *
 * Four kinds of threads run this code: the guest's vCPU threads (in a write to
 * a register or a doorbell), the core's poller, the controller's worker, and the core's
 * thread that pins pages, when it has one that a command lacked. Completions also come
 * in the drive's interrupt.
 */
#ifndef SLUICE_NVME_VCTRL_H
#define SLUICE_NVME_VCTRL_H

#include <linux/cache.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "sluice_compat.h"
#include "host/nvme.h"
#include "guest/vregs.h"
#include "guest/vstatus.h"

#define SLUICE_VCTRL_NSID	1u	/* the one namespace a guest sees */
#define SLUICE_VCTRL_MAX_QPAIRS	16	/* I/O queue pairs of the largest type */

/* The doorbells, all in one page */
#define SLUICE_VCTRL_DOORBELL_BYTES	SZ_4K

/* No valid doorbell has this value: it is larger than any queue. */
#define SLUICE_VCTRL_NO_DOORBELL	U32_MAX

#define SLUICE_VCTRL_AERS	4	/* asynchronous event requests held */
#define SLUICE_VCTRL_ABORTS	4	/* aborts at once; ACL is zero-based */
#define SLUICE_VCTRL_SPARE_ABORTS 1	/* of the drive's: for the host */
#define SLUICE_VCTRL_ERRORS	8	/* entries of the error log */

/*
 * The most commands in flight on one queue. Each has a page for its PRP list:
 * without a limit, a guest that creates deep queues would make the host
 * allocate any amount of memory.
 */
#define SLUICE_VSQ_MAX_SLOTS	1023

/**
 * enum sluice_vctrl_stop - reasons not to touch guest memory nor the hardware
 * @SLUICE_STOP_CLOSED: no user, or the device is being closed or reset
 * @SLUICE_STOP_BUS_MASTER: the guest has not enabled bus mastering
 * @SLUICE_STOP_PARENT: the physical controller is being reset or is dead
 * @SLUICE_STOP_OFFLINE: the namespace of the slice is offline, for good
 * @SLUICE_STOP_EVICTED: the slice's hardware queues are being taken away from
 *	commands that did not end, and created again
 * @SLUICE_STOP_RESET: the function has been reset, but its queues still exist
 */
enum sluice_vctrl_stop {
	SLUICE_STOP_CLOSED,
	SLUICE_STOP_BUS_MASTER,
	SLUICE_STOP_PARENT,
	SLUICE_STOP_OFFLINE,
	SLUICE_STOP_EVICTED,
	SLUICE_STOP_RESET,
};

/**
 * struct sluice_vring - memory of a guest queue
 * @va: contiguous kernel mapping; NULL while there is none
 * @pages: guest address of each page
 * @nr_pages: entries of @pages
 * @writable: the controller writes it (a completion queue)
 */
struct sluice_vring {
	void *va;
	u64 *pages;
	unsigned int nr_pages;
	bool writable;
};

/**
 * enum sluice_vslot_state - where the command of a slot is
 * @SLUICE_VSLOT_FREE: the slot has no command
 * @SLUICE_VSLOT_HARDWARE: with the drive, which may do DMA for the command
 * @SLUICE_VSLOT_PARKED: an asynchronous event request that waits for an event
 * @SLUICE_VSLOT_DONE: completed, waits for room in the completion queue
 */
enum sluice_vslot_state {
	SLUICE_VSLOT_FREE,
	SLUICE_VSLOT_HARDWARE,
	SLUICE_VSLOT_PARKED,
	SLUICE_VSLOT_DONE,
};

/* The most pages in a PRP list of the drive; there is one more before the list */
#define SLUICE_VSLOT_LIST	(SLUICE_NVME_MAX_XFER / SLUICE_NVME_PAGE)

/**
 * struct sluice_vslot - a command taken from a guest queue
 * @node: in &sluice_vcq.waiting while %SLUICE_VSLOT_DONE
 * @iovas: before that, the guest addresses of the first two pages of data
 * @vsq: queue it came from
 * @list: one page for the PRP list or the ranges that the device reads; NULL
 *	in the admin queue. A PRP list takes its first half, and the guest
 *	addresses of the pages in the list take the second
 * @list_dma: its bus address
 * @result: dword 0 of the completion
 * @cost: before that, what a command that is long by nature costs the drive, see
 *	vcost.h
 * @status: SCT, SC and DNR of the completion
 * @cid: the guest's command identifier
 * @opcode: for statistics
 * @state: see &enum sluice_vslot_state; from %SLUICE_VSLOT_HARDWARE on it
 *	changes under the lock of the completion queue
 * @nr_entries: pages of guest memory that the drive reads or writes; for Dataset
 *	Management, which has none, its ranges
 * @nr_blocks: logical blocks, for statistics
 * @slba: first logical block as the guest gave it, for the error log
 */
struct sluice_vslot {
	union {
		struct list_head node;
		u64 iovas[2];
	};
	struct sluice_vsq *vsq;
	__le64 *list;
	dma_addr_t list_dma;
	union {
		u32 result;
		u32 cost;
	};
	u16 status;
	u16 cid;
	u8 opcode;
	u8 state;
	u16 nr_entries;
	u32 nr_blocks;
	u64 slba;
};

/**
 * struct sluice_vcq - a guest's completion queue
 * @vctrl: controller
 * @ring: its memory; @ring.va changes under @lock
 * @lock: protects posting: @tail, @phase, @head, @waiting, @ring.va, @posted
 *	and completed slots. Taken in hard IRQ context, inside &sluice_nvme_cq.lock
 * @waiting: slots that found the queue full
 * @hw: hardware queue; unused for the admin queue
 * @size: entries
 * @tail: next entry to write
 * @head: guest's head as last accepted from the doorbell
 * @vector: MSI-X vector
 * @users: submission queues that complete here
 * @id: queue identifier
 * @phase: phase tag of the next entry
 * @irq_enabled: CDW11.IEN
 * @coalesce: so many entries may be written without an interrupt
 * @coalesce_ns: the longest time that they wait for one
 * @timer: raises the interrupt for the entries that have waited
 * @timer_armed: @timer is running
 * @doorbell: the head doorbell when the poller saw it last; only the poller
 *	uses it
 * @posted: entries that were written and not yet signalled
 * @live: created by the guest
 * @creating: asked for by the guest, but the drive has not created @hw yet; under
 *	&sluice_vctrl.admin_lock, as @dying
 * @dying: deleted by the guest, but the drive has not deleted @hw yet
 *
 * The second group of members, in cache lines of its own, is what a completion
 * writes.
 */
struct sluice_vcq {
	struct sluice_vctrl *vctrl;
	struct sluice_vring ring;
	u32 size;
	unsigned int vector;
	unsigned int users;
	u16 id;
	bool irq_enabled;
	unsigned int coalesce;
	u64 coalesce_ns;
	struct hrtimer timer;
	bool timer_armed;
	u32 doorbell;
	bool live;
	bool creating;
	bool dying;

	spinlock_t lock ____cacheline_aligned_in_smp;
	u32 tail;
	u32 head;
	u8 phase;
	unsigned int posted;
	struct list_head waiting;
	struct sluice_nvme_cq hw;
} ____cacheline_aligned_in_smp;

/**
 * struct sluice_vmiss - a page that a command needs and that is not pinned
 * @req: the page, and the error of pinning it, or 0. The next try of the command fails
 *	with this error when it comes to the page. Without it the queue would try to
 *	pin the page again and again
 * @asked: the core has @req, nobody else reads or writes it; see sluice_vsq_ask()
 * @missing: the last command that was tried lacks a page, the one of @req unless the
 *	core has it for another
 */
struct sluice_vmiss {
	struct sluice_mem_request req;
	bool asked;
	bool missing;
};

/* Forget the error, but for a request that the core has: its answer is yet to come */
static inline void sluice_vmiss_forget(struct sluice_vmiss *miss)
{
	/* pairs with sluice_vio_pinned(): the answer is there */
	if (!smp_load_acquire(&miss->asked))
		miss->req.err = 0;
}

/**
 * struct sluice_vsq - a guest's submission queue
 * @vctrl: controller
 * @vcq: the completion queue of its commands
 * @ring: its memory; @ring.va changes under @lock
 * @lock: serialises fetching, creation and deletion. A thread may sleep for
 *	guest memory while it holds the lock
 * @hw_lock: held for a moment only, never while waiting for guest memory. For
 *	what a reset of the drive waits for: pushing to @hw, @vcq and with it
 *	the life of @slots. And for what an unmap of shadow doorbells waits for:
 *	the use of the queue's own. Inside @lock, outside of &sluice_vcq.lock
 * @free: ring of the indices of free slots. Taken under @lock, given back under
 *	the completion queue's lock: one reader, one writer, no further lock
 * @free_mask: length of @free less one
 * @free_head: where in @free the next free slot is taken from; under @lock
 * @free_seen: @free_tail when the reader looked last; under @lock
 * @free_tail: where in @free the next slot is given back; under the completion
 *	queue's lock
 * @slots: commands; the index is the command identifier in the hardware
 * @nr_slots: of @slots; 0 when the queue does not exist
 * @used: slots that commands have or have had, or that are in @free: the others cannot
 *	be in use. Under @hw_lock, as commands are taken under it
 * @lists: coherent memory behind the slots' PRP lists
 * @nr_lists: blocks of @lists
 * @max_slots: so many there is memory for, also when the queue does not exist
 * @hw: hardware queue
 * @size: entries
 * @head: next entry to fetch; read by completion
 * @submitted: commands given to the hardware, written under @lock
 * @completed: commands the hardware gave back, written under the completion
 *	queue's lock
 * @stalled: fetching waits for a free slot or for memory
 * @map_failures: attempts in a row that did not find the queue's memory
 * @cursor: where guest memory was found last; under @lock
 * @miss: what the last command lacked; under @lock
 * @id: queue identifier
 * @live: created by the guest; changes under @lock
 * @dying: deleted by the guest, but the drive has not deleted it yet; under
 *	&sluice_vctrl.admin_lock, as @evicted and @creating
 * @evicted: live, but the hardware queue has to be deleted with the commands in
 *	it and created again
 * @creating: the drive has not created @hw yet: asked for by the guest and not live,
 *	or live and no longer @evicted
 * @reads: Read and Compare commands completed; these four count from attach
 *	on, under the completion queue's lock
 * @writes: Write commands completed
 * @blocks_read: logical blocks
 * @blocks_written: logical blocks
 *
 * Three groups of members, each in cache lines of its own, as submission and
 * completion may run on two CPUs: what hardly changes, what submission writes,
 * what completion writes.
 */
struct sluice_vsq {
	struct sluice_vctrl *vctrl;
	struct sluice_vcq *vcq;
	struct sluice_vring ring;
	u16 *free;
	unsigned int free_mask;
	unsigned int nr_slots;
	struct sluice_vslot *slots;
	struct sluice_vlists *lists;
	unsigned int nr_lists;
	unsigned int max_slots;
	u32 size;
	u16 id;
	bool live;
	bool stalled;
	bool dying;
	bool evicted;
	bool creating;

	struct mutex lock ____cacheline_aligned_in_smp;
	spinlock_t hw_lock;
	u32 head;
	unsigned int free_head;
	unsigned int free_seen;
	unsigned int used;
	unsigned int map_failures;
	unsigned long submitted;
	struct sluice_nvme_sq hw;
	struct sluice_vmiss miss;
	struct sluice_mem_cursor cursor;

	unsigned long completed ____cacheline_aligned_in_smp;
	unsigned int free_tail;
	u64 reads;
	u64 writes;
	u64 blocks_read;
	u64 blocks_written;
} ____cacheline_aligned_in_smp;

/**
 * struct sluice_vfeat - features with a value of their own [NVMe 1.4, 5.21.1]
 * @arbitration: 01h
 * @power: 02h
 * @temp_over: 04h, composite temperature, over
 * @temp_under: 04h, composite temperature, under
 * @err_recovery: 05h
 * @write_cache: 06h: bit 0; when clear each write goes out with FUA
 * @irq_coalesce: 08h
 * @irq_config: 09h, for each vector
 * @write_atomic: 0Ah
 * @async_event: 0Bh
 * @timestamp: 0Eh: milliseconds as set
 * @timestamp_at: ktime in ms when it was set
 * @timestamp_set: was set by the guest since the last Controller Reset
 */
struct sluice_vfeat {
	u32 arbitration;
	u32 power;
	u32 temp_over;
	u32 temp_under;
	u32 err_recovery;
	u32 write_cache;
	u32 irq_coalesce;
	u32 irq_config[SLUICE_VCTRL_MAX_QPAIRS + 1];
	u32 write_atomic;
	u32 async_event;
	u64 timestamp;
	u64 timestamp_at;
	bool timestamp_set;
};

/* Feature 09h: no interrupt coalescing for this vector */
#define SLUICE_IRQ_CONFIG_CD	BIT(16)

/**
 * struct sluice_vdbbuf - shadow doorbells
 * @shadow_ring: the guest's page with the doorbells; it has no pages when the
 *	guest has given none. Under the admin lock, as @event_ring
 * @event_ring: the guest's page with the event indices
 * @stale: doorbells of queues that were created while @shadow_ring was not
 *	mapped: its page has old values of them. Under the admin lock
 * @lock: protects @copies, @used, and changes to the admin queue's shadow
 *	doorbells. Innermost, taken in any context
 * @copies: what the controller has written to the admin queue's shadow doorbells
 * @used: bits of those that the guest has written since
 * @shadow: the mapping of @shadow_ring while both pages are mapped, else NULL.
 *	Changes under the admin lock; see sluice_vdbbuf_sync() for who may use it
 * @events: the same of @event_ring
 */
struct sluice_vdbbuf {
	struct sluice_vring shadow_ring;
	struct sluice_vring event_ring;
	u64 stale;
	spinlock_t lock;
	u32 copies[2];
	unsigned int used;
	__le32 *shadow;
	__le32 *events;
};

/**
 * struct sluice_vlog - the controller's logs
 * @lock: protects the error log; taken in hard IRQ context
 * @errors: ring of the newest errors
 * @error_count: errors since attach
 */
struct sluice_vlog {
	spinlock_t lock;
	struct nvme_error_log errors[SLUICE_VCTRL_ERRORS];
	u64 error_count;
};

/**
 * struct sluice_vctrl_type - an mdev type
 * @type: for the core
 * @queue_pairs: I/O queue pairs reserved for an attachment of this type
 */
struct sluice_vctrl_type {
	struct sluice_type type;
	unsigned int queue_pairs;
};

/**
 * struct sluice_vctrl - a virtual controller
 * @client: how a reset of the drive reaches this controller
 * @sdev: the attachment
 * @ctrl: physical controller
 * @ns: namespace of the drive that the slice is a part of
 * @start: first logical block of the slice in @ns
 * @nr_blocks: size of the slice
 * @nr_qpairs: I/O queue pairs
 * @qids: hardware queue identifiers reserved for them
 * @sq_of_qid: the guest's queue identifier, by hardware queue identifier
 * @reg_lock: protects @regs
 * @regs: registers
 * @actions: of &enum sluice_vregs_action, to be carried out; under @reg_lock
 * @enabled: the admin queue is up; under @admin_lock
 * @unanswered: the drive has not answered when it was to create a queue, and is
 *	asked again after a reset; under &sluice_nvme_ctrl.reset_lock
 * @admin_lock: serialises admin commands, creation and deletion of queues, and
 *	the worker, which does most of both. Taken before
 *	&sluice_nvme_ctrl.reset_lock, which is taken before &sluice_vsq.lock
 * @metered: until then the guest's metered admin commands are paid for, see
 *	vadmin.c; nanoseconds. Under @admin_lock
 * @stop: bits of &enum sluice_vctrl_stop
 * @events: asynchronous events to report, see vadmin.c
 * @events_masked: reported, the guest has not read the log yet
 * @drained: where a thread waits for commands in flight, or until the drive has
 *	created or deleted a queue
 * @draining: a thread waits for commands there
 * @ended: creations and deletions of hardware queues that have ended, for such a
 *	thread
 * @wq: runs @work and @retry
 * @work: the worker: register actions, admin commands, stalled queues
 * @retry: queues @work a few milliseconds later
 * @sqs: submission queues; the first is the admin queue
 * @cqs: completion queues; the first is the admin queue's
 * @dbbuf: shadow doorbells
 * @admin_doorbell: the admin queue's tail doorbell when the poller last queued
 *	@work for it; %SLUICE_VCTRL_NO_DOORBELL once the head has moved
 * @pairs: bits of the I/O queue identifiers that a queue has; the poller looks
 *	at no others. Changes under @admin_lock
 * @full: bits of the completion queues with slots that may wait for room; the
 *	poller clears them
 * @poll_next: identifier of the queue pair with which the poller's next visit
 *	begins; only the poller uses it
 * @masked: the drive's interrupts are to be masked. Set by the poller, cleared
 *	by whoever unmasks them
 * @long_cost: what the commands in flight cost the drive that are long by nature,
 *	see vcost.h
 * @feat: features
 * @log: logs
 * @id_page: one page in which the worker builds its answers to the guest
 */
struct sluice_vctrl {
	struct sluice_nvme_client client;
	struct sluice_dev *sdev;
	struct sluice_nvme_ctrl *ctrl;
	struct sluice_nvme_ns *ns;
	u64 start;
	u64 nr_blocks;
	unsigned int nr_qpairs;
	u16 qids[SLUICE_VCTRL_MAX_QPAIRS];
	u8 *sq_of_qid;
	spinlock_t reg_lock;
	struct sluice_vregs regs;
	unsigned int actions;
	bool enabled;
	bool unanswered;
	struct mutex admin_lock;
	u64 metered;
	unsigned long stop;
	unsigned long events;
	unsigned long events_masked;
	wait_queue_head_t drained;
	bool draining;
	atomic_t ended;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct delayed_work retry;
	struct sluice_vsq sqs[SLUICE_VCTRL_MAX_QPAIRS + 1];
	struct sluice_vcq cqs[SLUICE_VCTRL_MAX_QPAIRS + 1];
	struct sluice_vdbbuf dbbuf;
	u32 admin_doorbell;
	unsigned long pairs;
	unsigned long full;
	unsigned int poll_next;
	bool masked;
	atomic_t long_cost;
	struct sluice_vfeat feat;
	struct sluice_vlog log;
	void *id_page;
};

/*
 * What a controller uses of the core. A KUnit test has no core: it puts stubs of
 * its own in place of the functions that are redirected here. That works only in
 * threads of the test. Without KUnit the redirections are nothing.
 */

static inline int sluice_vctrl_mem_get(struct sluice_vctrl *vctrl, u64 iova,
				       bool device_writes,
				       struct sluice_mem *mem)
{
	KUNIT_STATIC_STUB_REDIRECT(sluice_mem_get, vctrl->sdev, iova,
				   device_writes, mem);
	return sluice_mem_get(vctrl->sdev, iova, device_writes, mem);
}

static inline void sluice_vctrl_mem_ask(struct sluice_vctrl *vctrl,
					struct sluice_mem_request *req)
{
	KUNIT_STATIC_STUB_REDIRECT(sluice_mem_ask, vctrl->sdev, req);
	sluice_mem_ask(vctrl->sdev, req);
}

/* sluice_mem_find() is inline and has no address: its other part stands for it */
static inline int sluice_vsq_mem_find(struct sluice_vsq *vsq, u64 iova,
				      bool device_writes,
				      struct sluice_mem *mem)
{
	KUNIT_STATIC_STUB_REDIRECT(sluice_mem_find_page, vsq->vctrl->sdev,
				   &vsq->cursor, iova, device_writes, mem);
	return sluice_mem_find(vsq->vctrl->sdev, &vsq->cursor, iova,
			       device_writes, mem);
}

static inline unsigned int sluice_vsq_mem_find_list(struct sluice_vsq *vsq,
						    bool device_writes,
						    __le64 *list,
						    unsigned int nr)
{
	KUNIT_STATIC_STUB_REDIRECT(sluice_mem_find_list, vsq->vctrl->sdev,
				   &vsq->cursor, device_writes, list, nr);
	return sluice_mem_find_list(vsq->vctrl->sdev, &vsq->cursor,
				    device_writes, list, nr);
}

static inline void *sluice_vctrl_mem_vmap(struct sluice_vctrl *vctrl,
					  const u64 *iovas,
					  unsigned int nr_pages, bool write)
{
	KUNIT_STATIC_STUB_REDIRECT(sluice_mem_vmap, vctrl->sdev, iovas,
				   nr_pages, write);
	return sluice_mem_vmap(vctrl->sdev, iovas, nr_pages, write);
}

static inline void sluice_vctrl_poll_sync(struct sluice_vctrl *vctrl)
{
	KUNIT_STATIC_STUB_REDIRECT(sluice_poll_sync, vctrl->sdev);
	sluice_poll_sync(vctrl->sdev);
}

static inline void sluice_vctrl_irq_signal(struct sluice_vctrl *vctrl,
					   unsigned int vector)
{
	KUNIT_STATIC_STUB_REDIRECT(sluice_irq_signal, vctrl->sdev, vector);
	sluice_irq_signal(vctrl->sdev, vector);
}

/*
 * Doorbells have numbers: 0 is the tail of the admin submission queue, 1 the
 * head of the admin completion queue, 2 and 3 are those of queue pair 1, and so
 * on. This is the index of a doorbell's 32-bit word in its page.
 */
static inline unsigned int sluice_vctrl_doorbell_word(unsigned int index)
{
	return index << SLUICE_VREGS_DSTRD;
}

/* The value of a doorbell in the doorbell page of BAR0 */
static inline u32 sluice_vctrl_page_doorbell(const struct sluice_vctrl *vctrl,
					     unsigned int index)
{
	index = sluice_vctrl_doorbell_word(index);
	return le32_to_cpu(READ_ONCE(vctrl->sdev->doorbells[index]));
}

/* The doorbells of the I/O queues: the shadow doorbells, if there are any */
static inline const __le32 *
sluice_vctrl_io_doorbells(const struct sluice_vctrl *vctrl)
{
	return READ_ONCE(vctrl->dbbuf.shadow) ?: vctrl->sdev->doorbells;
}

/* The value of an I/O queue's doorbell */
static inline u32 sluice_vctrl_io_doorbell(const struct sluice_vctrl *vctrl,
					   unsigned int index)
{
	const __le32 *words = sluice_vctrl_io_doorbells(vctrl);

	return le32_to_cpu(READ_ONCE(words[sluice_vctrl_doorbell_word(index)]));
}

u32 sluice_vdbbuf_admin(struct sluice_vctrl *vctrl, unsigned int index);

/* The value of one of the admin queue's two doorbells */
static inline u32 sluice_vctrl_admin_doorbell(struct sluice_vctrl *vctrl,
					      unsigned int index)
{
	if (likely(!READ_ONCE(vctrl->dbbuf.shadow)))
		return sluice_vctrl_page_doorbell(vctrl, index);
	return sluice_vdbbuf_admin(vctrl, index);
}

static inline u32 sluice_vctrl_sq_doorbell(struct sluice_vctrl *vctrl, u16 qid)
{
	if (unlikely(!qid))
		return sluice_vctrl_admin_doorbell(vctrl, 0);
	return sluice_vctrl_io_doorbell(vctrl, 2 * qid);
}

static inline u32 sluice_vctrl_cq_doorbell(struct sluice_vctrl *vctrl, u16 qid)
{
	if (unlikely(!qid))
		return sluice_vctrl_admin_doorbell(vctrl, 1);
	return sluice_vctrl_io_doorbell(vctrl, 2 * qid + 1);
}

/* Is a page of guest memory, which begins at @page, in a range? */
static inline bool sluice_vctrl_page_in(u64 page, u64 iova, u64 size)
{
	return page >= iova ? page - iova < size :
			      iova - page < SLUICE_NVME_PAGE;
}

/* Entries from one index of a ring to another */
static inline u32 sluice_ring_distance(u32 from, u32 to, u32 size)
{
	return to >= from ? to - from : size - from + to;
}

/*
 * The status of the drive's completion that the guest gets. More and CRD are
 * left out: they refer to logs and delays of the drive that the guest does not
 * have.
 */
static inline u16 sluice_vctrl_status(__le16 status)
{
	return le16_to_cpu(status) >> 1 & (NVME_SC_MASK | NVME_SC_DNR);
}

static inline u64 sluice_nvme_slba(const struct nvme_cmd *cmd)
{
	return (u64)le32_to_cpu(cmd->cdw11) << 32 | le32_to_cpu(cmd->cdw10);
}

/* vctrl.c */
extern const struct sluice_parent_ops sluice_vctrl_parent_ops;
extern const struct sluice_nvme_client_ops sluice_vctrl_client_ops;
int sluice_vctrl_types(struct sluice_nvme_ctrl *ctrl,
		       struct sluice_type *const **types);
void sluice_vctrl_kick_worker(struct sluice_vctrl *vctrl);
void sluice_vctrl_retry_later(struct sluice_vctrl *vctrl);
void sluice_vctrl_fatal(struct sluice_vctrl *vctrl);
bool sluice_vctrl_drained(const struct sluice_vctrl *vctrl);

/* vdrain.c */

/*
 * So long the VMM, with its big lock, may wait for the drive. Drives need a few
 * milliseconds; a guest that uses the memory for something else at once is right
 * to rely on them.
 */
#define SLUICE_VDRAIN_BRIEF_MS	1000

extern unsigned int sluice_vdrain_silent_ms;
extern unsigned int sluice_vdrain_slow_ms;
void sluice_vdrain(struct sluice_vctrl *vctrl, u64 iova, u64 size);
void sluice_vdrain_briefly(struct sluice_vctrl *vctrl);
void sluice_vdrain_look(struct sluice_vctrl *vctrl);
bool sluice_vdrain_readmit(struct sluice_vctrl *vctrl);

/* vpoll.c */
unsigned int sluice_vpoll(struct sluice_dev *sdev, unsigned int budget);
bool sluice_vpoll_set_mode(struct sluice_dev *sdev, enum sluice_poll_mode mode);

/* vring.c */
sluice_vstatus_t sluice_vring_init(struct sluice_vctrl *vctrl,
				   struct sluice_vring *ring, u64 prp1,
				   size_t bytes, bool contiguous,
				   bool writable);
int sluice_vring_map(struct sluice_vctrl *vctrl, struct sluice_vring *ring);
bool sluice_vring_touches(const struct sluice_vring *ring, u64 iova, u64 size);
void sluice_vring_free(struct sluice_vring *ring);
bool sluice_vsq_map_rings(struct sluice_vsq *vsq);
sluice_vstatus_t sluice_vring_status(int err);

/* vslot.c */
int sluice_vsq_alloc_slots(struct sluice_vsq *vsq, unsigned int nr);
int sluice_vsq_alloc_lists(struct sluice_vsq *vsq);
void sluice_vsq_release_slots(struct sluice_vsq *vsq);
void sluice_vsq_free_slots(struct sluice_vsq *vsq);
void sluice_vsq_abort(struct sluice_vsq *vsq, u64 iova, u64 size);
struct sluice_vslot *sluice_vsq_get_slot(struct sluice_vsq *vsq);
void sluice_vsq_put_slot(struct sluice_vslot *slot);
unsigned int sluice_vsq_nr_free(const struct sluice_vsq *vsq);
void sluice_vslot_free(struct sluice_vslot *slot);
void sluice_vsq_slots_freed(struct sluice_vsq *vsq);
unsigned int sluice_vsq_users(struct sluice_vsq *vsq, u64 iova, u64 size);

/* vcomp.c */
int sluice_vcq_map(struct sluice_vcq *vcq);
void sluice_vcq_post(struct sluice_vslot *slot, u16 status, u32 result);
void sluice_vcq_post_quietly(struct sluice_vslot *slot, u16 status);
void sluice_vcq_signal(struct sluice_vcq *vcq);
unsigned int sluice_vcq_doorbell(struct sluice_vcq *vcq);
unsigned int sluice_vcq_process(struct sluice_nvme_cq *hw, unsigned int budget);
void sluice_vcq_interrupted(struct sluice_nvme_cq *hw);
bool sluice_vsq_drained(const struct sluice_vsq *vsq);
void sluice_vsq_fail_hardware(struct sluice_vsq *vsq, u16 status);

/* virq.c */
void sluice_virq_init(struct sluice_vcq *vcq);
void sluice_virq_configure(struct sluice_vcq *vcq);
void sluice_virq_configure_all(struct sluice_vctrl *vctrl);
void sluice_virq_stop(struct sluice_vcq *vcq);
bool sluice_virq_due(struct sluice_vcq *vcq);

/* vdbbuf.c, with sluice_vdbbuf_admin() above */
extern bool sluice_vdbbuf_offered;
void sluice_vdbbuf_init(struct sluice_vctrl *vctrl);
sluice_vstatus_t sluice_vdbbuf_config(struct sluice_vctrl *vctrl,
				      const struct nvme_cmd *cmd, u32 *result);
int sluice_vdbbuf_map(struct sluice_vctrl *vctrl);
bool sluice_vdbbuf_away(const struct sluice_vctrl *vctrl);
void sluice_vdbbuf_unmap(struct sluice_vctrl *vctrl, u64 iova, u64 size);
void sluice_vdbbuf_reset(struct sluice_vctrl *vctrl);
void sluice_vdbbuf_start(struct sluice_vctrl *vctrl, unsigned int index);
void sluice_vdbbuf_arm(struct sluice_vctrl *vctrl, unsigned int index,
		       u32 value);
void sluice_vdbbuf_arm_sq(struct sluice_vctrl *vctrl, u16 qid);
void sluice_vdbbuf_arm_all(struct sluice_vctrl *vctrl);

/* vqueue.c */
int sluice_vqueues_create_admin(struct sluice_vctrl *vctrl);
void sluice_vqueues_free(struct sluice_vctrl *vctrl);
bool sluice_vqueues_destroy_all(struct sluice_vctrl *vctrl);
bool sluice_vqueues_any_io(const struct sluice_vctrl *vctrl);
bool sluice_vqueues_unmap(struct sluice_vctrl *vctrl, u64 iova, u64 size);
sluice_vstatus_t sluice_vcq_create(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result);
sluice_vstatus_t sluice_vcq_delete(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result);
sluice_vstatus_t sluice_vsq_create(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result);
sluice_vstatus_t sluice_vsq_delete(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result);

/* vhwq.c */
int sluice_vcq_hw_alloc(struct sluice_vcq *vcq);
void sluice_vcq_hw_free(struct sluice_vcq *vcq);
int sluice_vcq_hw_create(struct sluice_vcq *vcq);
bool sluice_vcq_hw_delete(struct sluice_vcq *vcq);
int sluice_vsq_hw_alloc(struct sluice_vsq *vsq);
int sluice_vsq_hw_create(struct sluice_vsq *vsq);
bool sluice_vsq_hw_delete(struct sluice_vsq *vsq, u16 status);
sluice_vstatus_t sluice_vqueue_hw_status(int err);
unsigned int sluice_vsq_slots_left(const struct sluice_vctrl *vctrl,
				   const struct sluice_vcq *vcq);
void sluice_vqueues_evict(struct sluice_vctrl *vctrl, u64 iova, u64 size);
sluice_vstatus_t sluice_vqueues_readmit(struct sluice_vctrl *vctrl);
int sluice_vqueues_restore(struct sluice_vctrl *vctrl);

/* vprp.c */
sluice_vstatus_t sluice_vprp_status(int err);
sluice_vstatus_t sluice_vprp_map(struct sluice_vslot *slot, u64 prp1, u64 prp2,
				 u32 len, bool device_writes,
				 struct nvme_cmd *out);
sluice_vstatus_t sluice_vprp_read(struct sluice_vslot *slot, u64 prp1, u64 prp2,
				  void *buf, u32 len);
sluice_vstatus_t sluice_vprp_copy(struct sluice_vctrl *vctrl, u64 prp1,
				  u64 prp2, void *buf, u32 len, bool to_guest);
sluice_vstatus_t sluice_vprp_copy_list(struct sluice_vctrl *vctrl, u64 prp,
				       __le64 *list, unsigned int nr);
sluice_vstatus_t sluice_vprp_second(struct sluice_vctrl *vctrl, u64 prp1,
				    u64 *prp2, u64 len);

/* vio.c */
sluice_vstatus_t sluice_vio_translate(struct sluice_vctrl *vctrl,
				      struct sluice_vslot *slot,
				      const struct nvme_cmd *in,
				      struct nvme_cmd *out);
u32 sluice_vio_effects(const struct sluice_vctrl *vctrl, u8 opcode);
u16 sluice_vio_oncs(const struct sluice_vctrl *vctrl);
void sluice_vio_end_long(const struct sluice_vslot *slot);
void sluice_vio_look_again(struct sluice_vsq *vsq);
void sluice_vio_service(struct sluice_vsq *vsq);
unsigned int sluice_vio_poll(struct sluice_vsq *vsq, unsigned int budget);

/* vadmin.c */
sluice_vstatus_t sluice_vadmin_execute(struct sluice_vctrl *vctrl,
				       const struct nvme_cmd *cmd, u32 *result);
void sluice_vadmin_pay(struct sluice_vctrl *vctrl);
u32 sluice_vadmin_effects(u8 opcode);
u16 sluice_vadmin_oacs(void);
void sluice_vadmin_service(struct sluice_vctrl *vctrl);
void sluice_vadmin_event(struct sluice_vctrl *vctrl, unsigned int event);
void sluice_vadmin_event_read(struct sluice_vctrl *vctrl, u8 lid);
void sluice_vadmin_reset(struct sluice_vctrl *vctrl);

/* Error type events that can be reported [NVMe 1.4, 5.2] */
#define SLUICE_EVENT_DOORBELL_REG	0	/* write to invalid doorbell */
#define SLUICE_EVENT_DOORBELL_VALUE	1	/* invalid doorbell value */

/* videntify.c */
sluice_vstatus_t sluice_videntify(struct sluice_vctrl *vctrl,
				  const struct nvme_cmd *cmd, u32 *result);
void sluice_videntify_ctrl(const struct sluice_vctrl *vctrl,
			   struct nvme_id_ctrl *id);
void sluice_videntify_ctrl_nvm(const struct sluice_vctrl *vctrl,
			       struct nvme_id_ctrl_nvm *id);
void sluice_videntify_ns(const struct sluice_vctrl *vctrl,
			 struct nvme_id_ns *id);
void sluice_videntify_descs(const struct sluice_vctrl *vctrl, u8 *page);

/* vfeat.c */
void sluice_vfeat_init(struct sluice_vctrl *vctrl);
sluice_vstatus_t sluice_vfeat_get(struct sluice_vctrl *vctrl,
				  const struct nvme_cmd *cmd, u32 *result);
sluice_vstatus_t sluice_vfeat_set(struct sluice_vctrl *vctrl,
				  const struct nvme_cmd *cmd, u32 *result);

/* vlog.c */
void sluice_vlog_init(struct sluice_vctrl *vctrl);
void sluice_vlog_error(struct sluice_vctrl *vctrl,
		       const struct sluice_vslot *slot, u16 sqid);
sluice_vstatus_t sluice_vlog_get(struct sluice_vctrl *vctrl,
				 const struct nvme_cmd *cmd, u32 *result);

#endif /* SLUICE_NVME_VCTRL_H */
