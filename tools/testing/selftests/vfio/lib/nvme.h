/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small NVMe driver: controller, queues, commands
 */
#ifndef SLUICE_TEST_NVME_H
#define SLUICE_TEST_NVME_H

#include "dma.h"
#include "nvme_spec.h"
#include "types.h"
#include "vfio.h"

#define NVME_MAX_QUEUES	65
#define NVME_STASH	256

/* How long to wait for a completion or a state, in milliseconds */
#define NVME_TIMEOUT	20000u

struct nvme;

/**
 * struct nvme_cq - completion queue
 * @nv: controller
 * @id: identifier
 * @depth: entries
 * @head: next entry to look at
 * @phase: phase tag of a new entry
 * @mem: the entries
 * @list: PRP list of scattered memory
 * @efd: eventfd of its vector, -1 when polled
 * @hold_doorbell: do not write the doorbell after taking entries
 * @stash: completions taken while waiting for another one
 * @stashed: entries in @stash
 */
struct nvme_cq {
	struct nvme *nv;
	u16 id;
	u32 depth;
	u32 head;
	u16 phase;
	struct dma_buf mem;
	struct dma_buf list;
	int efd;
	bool hold_doorbell;
	struct nvme_cqe stash[NVME_STASH];
	unsigned int stashed;
};

/**
 * struct nvme_sq - submission queue
 * @nv: controller
 * @cq: where its completions arrive
 * @id: identifier
 * @depth: entries
 * @tail: next free entry
 * @head: head that the controller last reported
 * @next_cid: identifier of the next command
 * @mem: the entries
 * @list: PRP list of scattered memory
 */
struct nvme_sq {
	struct nvme *nv;
	struct nvme_cq *cq;
	u16 id;
	u32 depth;
	u32 tail;
	u32 head;
	u16 next_cid;
	struct dma_buf mem;
	struct dma_buf list;
};

/**
 * struct nvme - a controller
 * @dev: VFIO device
 * @doorbells: mapped doorbell page, NULL when accesses are trapped
 * @shadow: shadow doorbells, NULL when not configured
 * @events: event indices of the shadow doorbells
 * @shadow_admin: use shadow doorbells for the admin queue as well
 * @rung: doorbells written to the device
 * @cap: Controller Capabilities
 * @cc: value for CC, without CC_EN
 * @asq: Admin Submission Queue
 * @acq: Admin Completion Queue
 * @sqs: submission queues by identifier, to update their heads
 * @scratch: one page for Identify and the like
 * @nr_qpairs: I/O queue pairs granted
 * @oncs: optional commands
 * @mdts: reported Maximum Data Transfer Size
 * @max_xfer: bytes of the largest command that tests use
 * @lba_shift: log2 of the block size
 * @nsze: blocks of namespace 1
 * @bad_cqes: completions for unknown queues
 */
struct nvme {
	struct vfio_dev *dev;
	volatile u32 *doorbells;
	u32 *shadow;
	u32 *events;
	bool shadow_admin;
	unsigned long rung;
	u64 cap;
	u32 cc;
	struct nvme_sq asq;
	struct nvme_cq acq;
	struct nvme_sq *sqs[NVME_MAX_QUEUES];
	struct dma_buf scratch;
	unsigned int nr_qpairs;
	u16 oncs;
	u8 mdts;
	u32 max_xfer;
	unsigned int lba_shift;
	u64 nsze;
	unsigned int bad_cqes;
};

/* Options for a new queue; all zero means contiguous memory, no interrupt */
struct nvme_queue_opts {
	bool scattered;		/* PC = 0, one PRP per page */
	bool interrupt;		/* eventfd on the vector */
	u16 vector;
};

/* Registers */
u32 nvme_read32(struct nvme *nv, u32 off);
u64 nvme_read64(struct nvme *nv, u32 off);
void nvme_write32(struct nvme *nv, u32 off, u32 val);
void nvme_write64(struct nvme *nv, u32 off, u64 val);
/* Wait until (CSTS & mask) == want; false on time-out */
bool nvme_wait_csts(struct nvme *nv, u32 mask, u32 want, unsigned int ms);
void nvme_doorbell(struct nvme *nv, unsigned int index, u32 val);
/* Returns which word of the doorbell page is this doorbell */
unsigned int nvme_doorbell_word(const struct nvme *nv, unsigned int index);
static inline unsigned int nvme_sq_db(u16 qid) { return 2 * qid; }
static inline unsigned int nvme_cq_db(u16 qid) { return 2 * qid + 1; }

/* Controller */
void nvme_unmap_doorbells(struct nvme *nv);
void nvme_attach(struct nvme *nv, struct vfio_dev *dev);
void nvme_alloc_admin(struct nvme *nv, u32 sq_depth, u32 cq_depth);
void nvme_write_admin_regs(struct nvme *nv);
bool nvme_enable(struct nvme *nv);
bool nvme_disable(struct nvme *nv);
/* Power-on until the namespace is known; a failure ends the test */
void nvme_start(struct nvme *nv, struct vfio_dev *dev);
/* Disable, then enable with empty admin queues */
bool nvme_restart(struct nvme *nv);
void nvme_free(struct nvme *nv);

/* Commands: submit, then wait; sets the command identifier of @sqe */
u16 nvme_queue_cmd(struct nvme_sq *sq, struct nvme_sqe *sqe);
void nvme_ring(struct nvme_sq *sq);
bool nvme_sq_full(const struct nvme_sq *sq);
/* Take one completion; false if there is none now */
bool nvme_cq_take(struct nvme_cq *cq, struct nvme_cqe *cqe);
/* Returns how many completions wait to be taken */
unsigned int nvme_cq_posted(const struct nvme_cq *cq);
/* Wait for one completion of any command */
bool nvme_cq_wait(struct nvme_cq *cq, struct nvme_cqe *cqe, unsigned int ms);
void nvme_cq_ring(struct nvme_cq *cq);
/* Wait for one command; the status is ST_TIMEOUT if it does not complete */
struct nvme_cqe nvme_wait_cid(struct nvme_sq *sq, u16 cid);
struct nvme_cqe nvme_exec(struct nvme_sq *sq, struct nvme_sqe *sqe);
u16 nvme_exec_status(struct nvme_sq *sq, struct nvme_sqe *sqe);
static inline u16 nvme_status(const struct nvme_cqe *cqe)
{
	return cqe->status == ST_TIMEOUT ? ST_TIMEOUT : cqe->status >> 1;
}

/* Admin commands; each returns its status */
u16 nvme_identify(struct nvme *nv, u32 cns, u32 nsid);
u16 nvme_get_feature(struct nvme *nv, u32 fid, u32 *val);
u16 nvme_set_feature(struct nvme *nv, u32 fid, u32 val, u32 *result);
u16 nvme_get_log(struct nvme *nv, u8 lid, u32 nsid, u64 offset, u32 len);
u16 nvme_create_cq_cmd(struct nvme *nv, u16 qid, u32 qsize, u64 prp,
		       u32 cdw11);
u16 nvme_create_sq_cmd(struct nvme *nv, u16 qid, u32 qsize, u64 prp,
		       u32 cdw11);
u16 nvme_delete_cmd(struct nvme *nv, u8 opcode, u16 qid);

/* I/O queues with their memory */
u16 nvme_cq_create(struct nvme *nv, struct nvme_cq *cq, u16 qid, u32 depth,
		   struct nvme_queue_opts opts);
u16 nvme_sq_create(struct nvme *nv, struct nvme_sq *sq, struct nvme_cq *cq,
		   u16 qid, u32 depth, struct nvme_queue_opts opts);
u16 nvme_cq_delete(struct nvme_cq *cq);
u16 nvme_sq_delete(struct nvme_sq *sq);
/* Forget queues that a reset has deleted, and free their memory */
void nvme_cq_forget(struct nvme_cq *cq);
void nvme_sq_forget(struct nvme_sq *sq);

/* A queue pair, for tests that need only one; a failure ends the test */
struct nvme_qpair {
	struct nvme_sq sq;
	struct nvme_cq cq;
};

void nvme_qpair_create(struct nvme *nv, struct nvme_qpair *qp, u16 qid,
		       u32 depth, struct nvme_queue_opts opts);
void nvme_qpair_delete(struct nvme_qpair *qp);
void nvme_qpair_forget(struct nvme_qpair *qp);

#endif /* SLUICE_TEST_NVME_H */
