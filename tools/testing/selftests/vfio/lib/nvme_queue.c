// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small NVMe driver: queues and the commands in them
 */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "nvme.h"
#include "tap.h"

bool nvme_sq_full(const struct nvme_sq *sq)
{
	return (sq->tail + 1) % sq->depth == sq->head;
}

u16 nvme_queue_cmd(struct nvme_sq *sq, struct nvme_sqe *sqe)
{
	struct nvme_sqe *slot = (struct nvme_sqe *)sq->mem.va + sq->tail;

	sqe->cid = sq->next_cid++;
	*slot = *sqe;
	sq->tail = (sq->tail + 1) % sq->depth;
	return sqe->cid;
}

void nvme_ring(struct nvme_sq *sq)
{
	nvme_doorbell(sq->nv, nvme_sq_db(sq->id), sq->tail);
}

void nvme_cq_ring(struct nvme_cq *cq)
{
	nvme_doorbell(cq->nv, nvme_cq_db(cq->id), cq->head);
}

static void note_sq_head(struct nvme *nv, const struct nvme_cqe *cqe)
{
	struct nvme_sq *sq = NULL;

	if (cqe->sq_id < NVME_MAX_QUEUES)
		sq = nv->sqs[cqe->sq_id];
	if (!sq || cqe->sq_head >= sq->depth) {
		if (!nv->bad_cqes++)
			tap_diag("completion of SQ %u with head %u is nobody's",
				 cqe->sq_id, cqe->sq_head);
		return;
	}
	sq->head = cqe->sq_head;
}

static bool posted(const struct nvme_cq *cq)
{
	const struct nvme_cqe *slot = (struct nvme_cqe *)cq->mem.va + cq->head;

	return (__atomic_load_n(&slot->status, __ATOMIC_ACQUIRE) & 1) ==
	       cq->phase;
}

bool nvme_cq_take(struct nvme_cq *cq, struct nvme_cqe *cqe)
{
	struct nvme_cqe *slot = (struct nvme_cqe *)cq->mem.va + cq->head;

	if (!posted(cq))
		return false;
	*cqe = *slot;
	if (++cq->head == cq->depth) {
		cq->head = 0;
		cq->phase ^= 1;
	}
	note_sq_head(cq->nv, cqe);
	if (!cq->hold_doorbell)
		nvme_cq_ring(cq);
	return true;
}

unsigned int nvme_cq_posted(const struct nvme_cq *cq)
{
	struct nvme_cq at = *cq;
	unsigned int n = 0;

	for (; n < cq->depth && posted(&at); n++) {
		if (++at.head == at.depth) {
			at.head = 0;
			at.phase ^= 1;
		}
	}
	return n;
}

/* Returns whether the interrupt came */
static bool interrupted(struct nvme_cq *cq, unsigned int ms)
{
	struct pollfd pfd = { .fd = cq->efd, .events = POLLIN };
	u64 count;

	return poll(&pfd, 1, ms) == 1 &&
	       read(cq->efd, &count, sizeof(count)) == sizeof(count);
}

/*
 * Sleeps until the interrupt. If none comes for a second, looks at the queue: an
 * entry that still has no interrupt after another second was posted without one.
 */
static void pause_for(struct nvme_cq *cq, unsigned int spins)
{
	if (cq->efd < 0) {
		if (spins > 200)
			sleep_ms(1);
		return;
	}
	if (!interrupted(cq, 1000) && posted(cq) && !interrupted(cq, 1000))
		ok(false, "a completion of CQ %u comes with an interrupt",
		   cq->id);
}

bool nvme_cq_wait(struct nvme_cq *cq, struct nvme_cqe *cqe, unsigned int ms)
{
	u64 end = now_ms() + ms;
	unsigned int spins = 0;

	while (!nvme_cq_take(cq, cqe)) {
		if (now_ms() > end)
			return false;
		pause_for(cq, spins++);
	}
	return true;
}

static bool unstash(struct nvme_sq *sq, u16 cid, struct nvme_cqe *cqe)
{
	struct nvme_cq *cq = sq->cq;
	unsigned int i;

	for (i = 0; i < cq->stashed; i++) {
		if (cq->stash[i].cid != cid || cq->stash[i].sq_id != sq->id)
			continue;
		*cqe = cq->stash[i];
		cq->stash[i] = cq->stash[--cq->stashed];
		return true;
	}
	return false;
}

struct nvme_cqe nvme_wait_cid(struct nvme_sq *sq, u16 cid)
{
	struct nvme_cq *cq = sq->cq;
	u64 end = now_ms() + NVME_TIMEOUT;
	struct nvme_cqe cqe;

	while (!unstash(sq, cid, &cqe)) {
		u64 now = now_ms();

		if (now >= end || !nvme_cq_wait(cq, &cqe, end - now))
			return (struct nvme_cqe){ .status = ST_TIMEOUT };
		if (cq->stashed == NVME_STASH)
			tap_bail("too many completions nobody waits for");
		cq->stash[cq->stashed++] = cqe;
	}
	return cqe;
}

struct nvme_cqe nvme_exec(struct nvme_sq *sq, struct nvme_sqe *sqe)
{
	u16 cid = nvme_queue_cmd(sq, sqe);

	nvme_ring(sq);
	return nvme_wait_cid(sq, cid);
}

u16 nvme_exec_status(struct nvme_sq *sq, struct nvme_sqe *sqe)
{
	struct nvme_cqe cqe = nvme_exec(sq, sqe);

	return nvme_status(&cqe);
}

/* Allocates a queue; returns the PRP for its create command */
static u64 get_queue_mem(struct nvme *nv, struct dma_buf *mem,
			 struct dma_buf *list, size_t len, bool scattered)
{
	size_t i;
	u64 *prp;

	dma_alloc(nv->dev, mem, len, scattered ? DMA_SCATTER : 0);
	memset(list, 0, sizeof(*list));
	if (!scattered)
		return mem->iova[0];
	/* One list page is enough: 512 pages hold 32768 submission entries. */
	dma_alloc(nv->dev, list, PAGE, 0);
	prp = (u64 *)list->va;
	for (i = 0; i < mem->len / PAGE && i < PAGE / sizeof(*prp); i++)
		prp[i] = mem->iova[i];
	return list->iova[0];
}

static int get_eventfd(struct nvme *nv, u16 vector)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int ret;

	if (fd < 0)
		tap_bail("no eventfd");
	ret = vfio_set_eventfds(nv->dev, VFIO_PCI_MSIX_IRQ_INDEX, vector, 1,
				&fd);
	if (ret)
		tap_bail("MSI-X vector %u: %s", vector, strerror(-ret));
	return fd;
}

u16 nvme_cq_create(struct nvme *nv, struct nvme_cq *cq, u16 qid, u32 depth,
		   struct nvme_queue_opts opts)
{
	u32 flags = opts.scattered ? 0 : QUEUE_PC;
	u16 status;
	u64 prp;

	*cq = (struct nvme_cq){
		.nv = nv, .id = qid, .depth = depth, .phase = 1, .efd = -1,
	};
	prp = get_queue_mem(nv, &cq->mem, &cq->list,
			    depth * sizeof(struct nvme_cqe), opts.scattered);
	if (opts.interrupt) {
		flags |= CQ_IEN;
		cq->efd = get_eventfd(nv, opts.vector);
	}
	status = nvme_create_cq_cmd(nv, qid, depth - 1, prp,
				    (u32)opts.vector << 16 | flags);
	if (status)
		nvme_cq_forget(cq);
	return status;
}

u16 nvme_sq_create(struct nvme *nv, struct nvme_sq *sq, struct nvme_cq *cq,
		   u16 qid, u32 depth, struct nvme_queue_opts opts)
{
	u32 flags = opts.scattered ? 0 : QUEUE_PC;
	u16 status;
	u64 prp;

	*sq = (struct nvme_sq){ .nv = nv, .cq = cq, .id = qid, .depth = depth };
	prp = get_queue_mem(nv, &sq->mem, &sq->list,
			    depth * sizeof(struct nvme_sqe), opts.scattered);
	status = nvme_create_sq_cmd(nv, qid, depth - 1, prp,
				    (u32)cq->id << 16 | flags);
	if (status)
		nvme_sq_forget(sq);
	else
		nv->sqs[qid] = sq;
	return status;
}

void nvme_cq_forget(struct nvme_cq *cq)
{
	if (cq->efd >= 0)
		close(cq->efd);
	cq->efd = -1;
	dma_free(&cq->list);
	dma_free(&cq->mem);
}

void nvme_sq_forget(struct nvme_sq *sq)
{
	if (sq->nv && sq->nv->sqs[sq->id] == sq)
		sq->nv->sqs[sq->id] = NULL;
	dma_free(&sq->list);
	dma_free(&sq->mem);
}

u16 nvme_cq_delete(struct nvme_cq *cq)
{
	u16 status = nvme_delete_cmd(cq->nv, ADM_DELETE_CQ, cq->id);

	if (!status)
		nvme_cq_forget(cq);
	return status;
}

u16 nvme_sq_delete(struct nvme_sq *sq)
{
	u16 status = nvme_delete_cmd(sq->nv, ADM_DELETE_SQ, sq->id);

	if (!status)
		nvme_sq_forget(sq);
	return status;
}

void nvme_qpair_create(struct nvme *nv, struct nvme_qpair *qp, u16 qid,
		       u32 depth, struct nvme_queue_opts opts)
{
	u16 status = nvme_cq_create(nv, &qp->cq, qid, depth, opts);

	if (status)
		tap_bail("CQ %u of %u entries: status 0x%x", qid, depth,
			 status);
	status = nvme_sq_create(nv, &qp->sq, &qp->cq, qid, depth, opts);
	if (status)
		tap_bail("SQ %u of %u entries: status 0x%x", qid, depth,
			 status);
}

void nvme_qpair_delete(struct nvme_qpair *qp)
{
	u16 status = nvme_sq_delete(&qp->sq);

	if (!status)
		status = nvme_cq_delete(&qp->cq);
	if (status)
		tap_bail("queue pair cannot be deleted: status 0x%x", status);
}

void nvme_qpair_forget(struct nvme_qpair *qp)
{
	nvme_sq_forget(&qp->sq);
	nvme_cq_forget(&qp->cq);
}
