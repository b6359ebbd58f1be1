// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: creation and deletion of a guest's queues
 *
 * For each I/O queue that a guest creates, a queue of the drive is created, see
 * vhwq.c: the commands of two guests never share a queue of the drive. The admin
 * queue is the exception. Its commands are executed by the worker and need no
 * such queue. The admin lock is held throughout.
 */
#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <trace/events/sluice_nvme.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* The poller looks at a pair that has a queue. */
static void sluice_vqueue_update_pairs(struct sluice_vctrl *vctrl, u16 qid)
{
	if (qid)
		assign_bit(qid, &vctrl->pairs,
			   vctrl->sqs[qid].live || vctrl->cqs[qid].live);
}

/* Its size, its vector and whether that is to be used are set */
static void sluice_vcq_start(struct sluice_vcq *vcq)
{
	sluice_vdbbuf_start(vcq->vctrl, 2 * vcq->id + 1);

	guard(spinlock_irqsave)(&vcq->lock);
	vcq->tail = 0;
	vcq->head = 0;
	WRITE_ONCE(vcq->doorbell, 0);
	vcq->phase = 1;
	vcq->users = 0;
	vcq->posted = 0;
	sluice_virq_configure(vcq);
	vcq->live = true;
	sluice_vqueue_update_pairs(vcq->vctrl, vcq->id);
	trace_sluice_nvme_queue_create(&vcq->vctrl->sdev->info.uuid, true,
				       vcq->id, vcq->hw.qid, vcq->size);
}

/* As sluice_vsq_destroy() */
static bool sluice_vcq_destroy(struct sluice_vcq *vcq)
{
	struct sluice_vring ring;

	if (!vcq->live && !vcq->creating)
		return true;
	vcq->dying = true;
	if (vcq->id) {
		if (!sluice_vcq_hw_delete(vcq))
			return false;
		sluice_vcq_hw_free(vcq);
	}
	if (vcq->creating)
		sluice_vadmin_pay(vcq->vctrl);
	vcq->dying = false;
	vcq->creating = false;
	scoped_guard(spinlock_irqsave, &vcq->lock) {
		vcq->live = false;
		ring = vcq->ring;
		vcq->ring = (struct sluice_vring) {};
	}
	sluice_vqueue_update_pairs(vcq->vctrl, vcq->id);
	sluice_virq_stop(vcq);
	sluice_vring_free(&ring);
	trace_sluice_nvme_queue_delete(&vcq->vctrl->sdev->info.uuid, true,
				       vcq->id);
	return true;
}

/* After a Controller Reset the guest may use the memory for other data */
static void sluice_vcq_silence(struct sluice_vcq *vcq)
{
	void *va = NULL;

	scoped_guard(spinlock_irqsave, &vcq->lock)
		swap(va, vcq->ring.va);
	if (va)
		sluice_mem_vunmap(va);
}

/* Forget completions that wait for room in the guest's queue */
static void sluice_vsq_drop_done(struct sluice_vsq *vsq)
{
	struct sluice_vslot *slot, *next;

	guard(spinlock_irqsave)(&vsq->vcq->lock);
	list_for_each_entry_safe(slot, next, &vsq->vcq->waiting, node) {
		if (slot->vsq == vsq)
			list_del_init(&slot->node);
	}
}

static void sluice_vsq_stop(struct sluice_vsq *vsq)
{
	if (!vsq->live && !vsq->creating)
		return;
	if (!vsq->live)
		sluice_vadmin_pay(vsq->vctrl);
	vsq->dying = true;
	vsq->evicted = false;
	vsq->creating = false;
	guard(mutex)(&vsq->lock);
	WRITE_ONCE(vsq->live, false);
}

/* The drive does not have the queue */
static void sluice_vsq_free(struct sluice_vsq *vsq)
{
	sluice_nvme_sq_free(&vsq->hw);
	sluice_vqueue_update_pairs(vsq->vctrl, vsq->id);
	sluice_vsq_drop_done(vsq);
	vsq->vcq->users--;
	sluice_vsq_release_slots(vsq);
	sluice_vring_free(&vsq->ring);
}

/*
 * True once the queue is gone. False while the drive has it: the caller has to
 * come again, when &sluice_vctrl.ended changes or a few milliseconds later.
 */
static bool sluice_vsq_destroy(struct sluice_vsq *vsq)
{
	sluice_vsq_stop(vsq);
	if (!vsq->dying)
		return true;
	if (vsq->id && !sluice_vsq_hw_delete(vsq, NVME_SC_ABORT_SQ_DELETED))
		return false;
	vsq->dying = false;
	sluice_vsq_free(vsq);
	trace_sluice_nvme_queue_delete(&vsq->vctrl->sdev->info.uuid, false,
				       vsq->id);
	return true;
}

static int sluice_vsq_start(struct sluice_vsq *vsq, struct sluice_vcq *vcq,
			    u32 size, unsigned int nr_slots)
{
	int err;

	/* the reset of the drive looks at slots under this lock */
	guard(mutex)(&vsq->lock);
	err = sluice_vsq_alloc_slots(vsq, nr_slots);
	if (err)
		return err;
	scoped_guard(spinlock, &vsq->hw_lock)
		vsq->vcq = vcq;
	vsq->size = size;
	vsq->head = 0;
	vsq->submitted = 0;
	vsq->completed = 0;
	vsq->stalled = false;
	vsq->map_failures = 0;
	/* the core may still have it, for the queue that had this identifier */
	sluice_vmiss_forget(&vsq->miss);
	sluice_mem_cursor_reset(&vsq->cursor);
	sluice_vdbbuf_start(vsq->vctrl, 2 * vsq->id);
	return 0;
}

static sluice_vstatus_t sluice_vqueue_check(struct sluice_vctrl *vctrl, u16 qid,
					    u32 size, bool live)
{
	if (!qid || qid > vctrl->nr_qpairs || live)
		return sluice_vstatus_fail(NVME_SC_QID_INVALID);
	if (size < 2 || size > vctrl->ctrl->max_depth)
		return sluice_vstatus_fail(NVME_SC_QUEUE_SIZE);
	return SLUICE_VSTATUS_OK;
}

static struct sluice_vcq *sluice_vcq_find(struct sluice_vctrl *vctrl, u16 qid)
{
	return &vctrl->cqs[min_t(u16, qid, SLUICE_VCTRL_MAX_QPAIRS)];
}

static struct sluice_vsq *sluice_vsq_find(struct sluice_vctrl *vctrl, u16 qid)
{
	return &vctrl->sqs[min_t(u16, qid, SLUICE_VCTRL_MAX_QPAIRS)];
}

/* All of a completion queue but the drive's part */
static sluice_vstatus_t sluice_vcq_prepare(struct sluice_vcq *vcq,
					   const struct nvme_cmd *cmd)
{
	u32 cdw11 = le32_to_cpu(cmd->cdw11);
	struct sluice_vctrl *vctrl = vcq->vctrl;
	u16 vector = cdw11 >> 16;
	sluice_vstatus_t status;

	if (vector > vctrl->nr_qpairs)
		return sluice_vstatus_fail(NVME_SC_INVALID_VECTOR);
	if (FIELD_GET(NVME_CC_IOCQES, vctrl->regs.cc) != NVME_CQES)
		return sluice_vstatus_fail(NVME_SC_QUEUE_SIZE);

	vcq->size = (le32_to_cpu(cmd->cdw10) >> 16) + 1;
	vcq->vector = vector;
	vcq->irq_enabled = cdw11 & NVME_CQ_IEN;
	status = sluice_vring_init(vctrl, &vcq->ring, le64_to_cpu(cmd->prp1),
				   (size_t)vcq->size << NVME_CQES,
				   cdw11 & NVME_QUEUE_PC, true);
	if (status)
		return status;

	status = sluice_vring_status(sluice_vring_map(vctrl, &vcq->ring));
	if (!status && sluice_vcq_hw_alloc(vcq))
		status = sluice_vstatus_transient(NVME_SC_INTERNAL);
	if (status)
		sluice_vring_free(&vcq->ring);
	else
		vcq->creating = true;
	return status;
}

/**
 * sluice_vcq_create() - Create I/O Completion Queue [NVMe 1.4, 5.3]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: dword 0 of the completion, which stays zero
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY, also while the drive is creating the
 * queue. The guest may have changed the command until it is tried again: the queue
 * becomes what it was to be at first. One that was not created to the end waits for
 * another creation or a Controller Reset.
 */
sluice_vstatus_t sluice_vcq_create(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result)
{
	u32 cdw10 = le32_to_cpu(cmd->cdw10);
	struct sluice_vcq *vcq = sluice_vcq_find(vctrl, cdw10 & 0xffff);
	sluice_vstatus_t status;
	int err;

	status = sluice_vqueue_check(vctrl, cdw10 & 0xffff, (cdw10 >> 16) + 1,
				     vcq->live);
	if (!status && !vcq->creating)
		status = sluice_vcq_prepare(vcq, cmd);
	if (status)
		return status;

	err = sluice_vcq_hw_create(vcq);
	if (err == -EAGAIN)
		return SLUICE_VSTATUS_RETRY;
	vcq->creating = false;
	if (!err) {
		sluice_vcq_start(vcq);
		return SLUICE_VSTATUS_OK;
	}
	sluice_vcq_hw_free(vcq);
	sluice_vring_free(&vcq->ring);
	return sluice_vqueue_hw_status(err);
}

/**
 * sluice_vcq_delete() - Delete I/O Completion Queue [NVMe 1.4, 5.5]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: dword 0 of the completion, which stays zero
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY while the drive has the queue. What is
 * said of sluice_vsq_delete() is true here as well.
 */
sluice_vstatus_t sluice_vcq_delete(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result)
{
	u16 qid = le32_to_cpu(cmd->cdw10) & 0xffff;
	struct sluice_vcq *vcq = sluice_vcq_find(vctrl, qid);

	if (!qid || qid > vctrl->nr_qpairs || !vcq->live)
		return sluice_vstatus_fail(NVME_SC_QID_INVALID);
	if (vcq->users)
		return sluice_vstatus_fail(NVME_SC_INVALID_QUEUE_DEL);
	return sluice_vcq_destroy(vcq) ? SLUICE_VSTATUS_OK :
					 SLUICE_VSTATUS_RETRY;
}

static sluice_vstatus_t sluice_vsq_check_cq(struct sluice_vctrl *vctrl,
					    u16 cqid)
{
	if (!cqid || cqid > vctrl->nr_qpairs)
		return sluice_vstatus_fail(NVME_SC_QID_INVALID);
	if (!vctrl->cqs[cqid].live || vctrl->cqs[cqid].dying)
		return sluice_vstatus_fail(NVME_SC_CQ_INVALID);
	return SLUICE_VSTATUS_OK;
}

/* The ring is set; the rest of a submission queue, but for the drive's part */
static sluice_vstatus_t sluice_vsq_bring_up(struct sluice_vsq *vsq,
					    struct sluice_vcq *vcq, u32 size)
{
	unsigned int left = sluice_vsq_slots_left(vsq->vctrl, vcq);
	sluice_vstatus_t status;
	int err;

	if (!left)
		return sluice_vstatus_fail(NVME_SC_QUEUE_SIZE);
	status = sluice_vring_status(sluice_vring_map(vsq->vctrl, &vsq->ring));
	if (status)
		return status;
	if (sluice_vsq_start(vsq, vcq, size,
			     min3(size - 1, (u32)SLUICE_VSQ_MAX_SLOTS, left)))
		return sluice_vstatus_transient(NVME_SC_INTERNAL);
	err = sluice_vsq_alloc_lists(vsq);
	if (!err)
		err = sluice_vsq_hw_alloc(vsq);
	if (err) {
		sluice_vsq_release_slots(vsq);
		return sluice_vstatus_transient(NVME_SC_INTERNAL);
	}
	vcq->users++;
	vsq->creating = true;
	return SLUICE_VSTATUS_OK;
}

static sluice_vstatus_t sluice_vsq_prepare(struct sluice_vsq *vsq,
					   const struct nvme_cmd *cmd)
{
	u32 size = (le32_to_cpu(cmd->cdw10) >> 16) + 1;
	u32 cdw11 = le32_to_cpu(cmd->cdw11);
	struct sluice_vctrl *vctrl = vsq->vctrl;
	sluice_vstatus_t status;

	status = sluice_vsq_check_cq(vctrl, cdw11 >> 16);
	if (status)
		return status;
	if (FIELD_GET(NVME_CC_IOSQES, vctrl->regs.cc) != NVME_SQES)
		return sluice_vstatus_fail(NVME_SC_QUEUE_SIZE);

	status = sluice_vring_init(vctrl, &vsq->ring, le64_to_cpu(cmd->prp1),
				   (size_t)size << NVME_SQES,
				   cdw11 & NVME_QUEUE_PC, false);
	if (status)
		return status;
	status = sluice_vsq_bring_up(vsq, &vctrl->cqs[cdw11 >> 16], size);
	if (status)
		sluice_vring_free(&vsq->ring);
	return status;
}

static void sluice_vsq_go_live(struct sluice_vsq *vsq)
{
	/* a thread that sees @live set sees all of the queue */
	scoped_guard(mutex, &vsq->lock)
		WRITE_ONCE(vsq->live, true);
	sluice_vqueue_update_pairs(vsq->vctrl, vsq->id);
	trace_sluice_nvme_queue_create(&vsq->vctrl->sdev->info.uuid, false,
				       vsq->id, vsq->hw.qid, vsq->size);
}

/**
 * sluice_vsq_create() - Create I/O Submission Queue [NVMe 1.4, 5.4]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: dword 0 of the completion, which stays zero
 *
 * As sluice_vcq_create().
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vsq_create(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result)
{
	u32 cdw10 = le32_to_cpu(cmd->cdw10);
	struct sluice_vsq *vsq = sluice_vsq_find(vctrl, cdw10 & 0xffff);
	sluice_vstatus_t status;
	int err;

	status = sluice_vqueue_check(vctrl, cdw10 & 0xffff, (cdw10 >> 16) + 1,
				     vsq->live || vsq->dying);
	if (!status && !vsq->creating)
		status = sluice_vsq_prepare(vsq, cmd);
	if (status)
		return status;

	err = sluice_vsq_hw_create(vsq);
	if (err == -EAGAIN)
		return SLUICE_VSTATUS_RETRY;
	vsq->creating = false;
	if (err)
		sluice_vsq_free(vsq);
	else
		sluice_vsq_go_live(vsq);
	return sluice_vqueue_hw_status(err);
}

/**
 * sluice_vsq_delete() - Delete I/O Submission Queue [NVMe 1.4, 5.6]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: dword 0 of the completion, which stays zero
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY while the drive has the queue. The
 * guest may have changed the command until it is tried again: a queue that was
 * not deleted to the end waits for another deletion or a Controller Reset.
 */
sluice_vstatus_t sluice_vsq_delete(struct sluice_vctrl *vctrl,
				   const struct nvme_cmd *cmd, u32 *result)
{
	u16 qid = le32_to_cpu(cmd->cdw10) & 0xffff;
	struct sluice_vsq *vsq = sluice_vsq_find(vctrl, qid);

	if (!qid || qid > vctrl->nr_qpairs || !(vsq->live || vsq->dying))
		return sluice_vstatus_fail(NVME_SC_QID_INVALID);
	return sluice_vsq_destroy(vsq) ? SLUICE_VSTATUS_OK :
					 SLUICE_VSTATUS_RETRY;
}

/**
 * sluice_vqueues_create_admin() - bring up the admin queues as AQA says
 * @vctrl: controller, its admin lock held
 *
 * Return: 0, -EAGAIN while the memory is being unmapped, or another errno.
 */
int sluice_vqueues_create_admin(struct sluice_vctrl *vctrl)
{
	struct sluice_vregs *regs = &vctrl->regs;
	u32 sq_size = FIELD_GET(NVME_AQA_ASQS, regs->aqa) + 1;
	u32 cq_size = FIELD_GET(NVME_AQA_ACQS, regs->aqa) + 1;
	struct sluice_vsq *vsq = &vctrl->sqs[0];
	struct sluice_vcq *vcq = &vctrl->cqs[0];
	int err = -EFAULT;

	if (sluice_vring_init(vctrl, &vcq->ring, regs->acq,
			      (size_t)cq_size << NVME_CQES, true, true))
		return err;
	if (sluice_vring_init(vctrl, &vsq->ring, regs->asq,
			      (size_t)sq_size << NVME_SQES, true, false))
		goto err_free_cq_ring;
	err = sluice_vring_map(vctrl, &vcq->ring);
	if (!err)
		err = sluice_vring_map(vctrl, &vsq->ring);
	if (!err)
		err = sluice_vsq_start(vsq, vcq, sq_size,
				       SLUICE_VCTRL_AERS + SLUICE_VCTRL_ABORTS);
	if (err)
		goto err_free_sq_ring;

	vcq->size = cq_size;
	vcq->vector = 0;
	vcq->irq_enabled = true;
	sluice_vcq_start(vcq);
	vcq->users++;
	/* the doorbell was reset before; pairs with sluice_vpoll_admin() */
	smp_mb();
	WRITE_ONCE(vctrl->admin_doorbell, SLUICE_VCTRL_NO_DOORBELL);
	WRITE_ONCE(vsq->live, true);
	trace_sluice_nvme_queue_create(&vctrl->sdev->info.uuid, false, 0, 0,
				       sq_size);
	return 0;

err_free_sq_ring:
	sluice_vring_free(&vsq->ring);
err_free_cq_ring:
	sluice_vring_free(&vcq->ring);
	return err;
}

/**
 * sluice_vqueues_destroy_all() - Controller Reset: delete every queue
 * @vctrl: controller, its admin lock held
 *
 * Does not wait for the drive to delete its submission queues.
 *
 * Return: true when no DMA is in flight for the slice and no guest memory of its
 * queues is in use. False when the drive still has a queue; the caller has to
 * come again, when &sluice_vctrl.ended changes or a few milliseconds later.
 */
bool sluice_vqueues_destroy_all(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	/* while one queue is being deleted the others take no command */
	for (i = 1; i <= vctrl->nr_qpairs; i++)
		sluice_vsq_stop(&vctrl->sqs[i]);
	for (i = 0; i <= vctrl->nr_qpairs; i++)
		sluice_vcq_silence(&vctrl->cqs[i]);
	sluice_vdbbuf_reset(vctrl);
	for (i = vctrl->nr_qpairs; i > 0; i--) {
		if (!sluice_vsq_destroy(&vctrl->sqs[i]))
			return false;
	}
	for (i = vctrl->nr_qpairs; i > 0; i--) {
		if (!sluice_vcq_destroy(&vctrl->cqs[i]))
			return false;
	}
	return sluice_vsq_destroy(&vctrl->sqs[0]) &&
	       sluice_vcq_destroy(&vctrl->cqs[0]);
}

/**
 * sluice_vqueues_free() - free what deleted queues leave for the next ones
 * @vctrl: controller without queues, its admin lock held
 */
void sluice_vqueues_free(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 0; i <= vctrl->nr_qpairs; i++)
		sluice_vsq_free_slots(&vctrl->sqs[i]);
}

/**
 * sluice_vqueues_any_io() - has the guest created an I/O queue?
 * @vctrl: controller, its admin lock held
 *
 * Return: true when it has.
 */
bool sluice_vqueues_any_io(const struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 1; i <= vctrl->nr_qpairs; i++) {
		if (vctrl->sqs[i].live || vctrl->cqs[i].live)
			return true;
	}
	return false;
}

/* Take the mapping from a queue that is in a range; NULL if there is none */
static void *sluice_vring_take(struct sluice_vring *ring, u64 iova, u64 size)
{
	void *va = NULL;

	if (ring->va && sluice_vring_touches(ring, iova, size))
		swap(va, ring->va);
	return va;
}

static bool sluice_vsq_unmap(struct sluice_vsq *vsq, u64 iova, u64 size)
{
	void *va;

	scoped_guard(mutex, &vsq->lock) {
		sluice_mem_cursor_forget(&vsq->cursor, iova, size);
		va = sluice_vring_take(&vsq->ring, iova, size);
	}
	if (va)
		sluice_mem_vunmap(va);
	if (vsq->id)
		sluice_vio_look_again(vsq);
	return va;
}

static bool sluice_vcq_unmap(struct sluice_vcq *vcq, u64 iova, u64 size)
{
	void *va;

	scoped_guard(spinlock_irqsave, &vcq->lock)
		va = sluice_vring_take(&vcq->ring, iova, size);
	if (va)
		sluice_mem_vunmap(va);
	return va;
}

/**
 * sluice_vqueues_unmap() - give up what is known of a range that is to go
 * @vctrl: controller, its admin lock held
 * @iova: first guest address
 * @size: bytes
 *
 * The core finds no page of the range any more. Afterwards only commands in flight
 * use pages of it that were found before: each thread that finds pages has one of
 * the locks that are taken here.
 *
 * The memory is mapped again when it is next needed: firmware and memory
 * hot-plug rearrange guest memory while the controller is enabled.
 *
 * Return: whether the worker has to look what has to be mapped again.
 */
bool sluice_vqueues_unmap(struct sluice_vctrl *vctrl, u64 iova, u64 size)
{
	bool taken = false;
	unsigned int i;

	lockdep_assert_held(&vctrl->admin_lock);

	sluice_vdbbuf_unmap(vctrl, iova, size);
	/* the completion queues later: a submission queue may be mapping one */
	for (i = 0; i <= vctrl->nr_qpairs; i++)
		taken |= sluice_vsq_unmap(&vctrl->sqs[i], iova, size);
	for (i = 0; i <= vctrl->nr_qpairs; i++)
		taken |= sluice_vcq_unmap(&vctrl->cqs[i], iova, size);
	return taken || sluice_vdbbuf_away(vctrl);
}
