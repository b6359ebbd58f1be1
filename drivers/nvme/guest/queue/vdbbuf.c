// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: shadow doorbells [NVMe 1.4, 5.7 and annex B.5]
 *
 * A write to the doorbell page may have to wake the poller, which is slow. A
 * guest that uses shadow doorbells gives the controller two pages of its own
 * memory with the command Doorbell Buffer Config. It writes its doorbells to
 * the first page, the shadow doorbells. It writes to the doorbell page as well
 * only when the new value passes the event index in the second page. The
 * controller sets the event indices before the poller goes to sleep. While the
 * poller attends to the slice they keep their old values, which the guest's
 * doorbells have passed already.
 *
 * The VMM may unmap the two pages for a while. Then the controller copies the
 * values to the doorbell page and uses that. The guest does not know, and may
 * go on writing to the first page alone. What it wrote counts when the pages
 * are mapped again; until then the worker tries to map them every few
 * milliseconds.
 *
 * The first two words of each page are the admin queue's. Some drivers use them
 * as all others; Linux never writes them and goes on with the doorbell page; and
 * nothing tells the controller beforehand. So it keeps a copy of the doorbell
 * page's value in the shadow doorbell. When another value is there, the guest
 * has written it: from then on the shadow doorbell counts, and only that.
 *
 * The guest's first value is never equal to the copy. When the copy was made
 * the doorbell had that value. It can come back to the value only a whole round
 * later, and before that the controller has to look at the doorbell, and copies
 * it again.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/moduleparam.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

bool sluice_vdbbuf_offered = true;
module_param_named(shadow_doorbells, sluice_vdbbuf_offered, bool, 0644);
MODULE_PARM_DESC(shadow_doorbells,
		 "offer guests shadow doorbells, from their next Identify on (default Y)");

/* The admin queue's doorbells, as bits of &sluice_vdbbuf.stale */
#define SLUICE_VDBBUF_ADMIN	GENMASK_ULL(1, 0)

/**
 * sluice_vdbbuf_init() - no shadow doorbells yet
 * @vctrl: new controller
 */
void sluice_vdbbuf_init(struct sluice_vctrl *vctrl)
{
	spin_lock_init(&vctrl->dbbuf.lock);
}

static unsigned int sluice_vdbbuf_words(const struct sluice_vctrl *vctrl)
{
	return 2 * (vctrl->nr_qpairs + 1);
}

/* Copy those doorbells that have a bit in @which */
static void sluice_vdbbuf_move(struct sluice_vctrl *vctrl, u64 which,
			       const __le32 *from, __le32 *to)
{
	unsigned int i, word;

	BUILD_BUG_ON(2 * (SLUICE_VCTRL_MAX_QPAIRS + 1) > 64);
	for (i = 0; i < sluice_vdbbuf_words(vctrl); i++) {
		word = sluice_vctrl_doorbell_word(i);
		if (which & BIT_ULL(i))
			WRITE_ONCE(to[word], READ_ONCE(from[word]));
	}
}

/**
 * sluice_vdbbuf_admin() - one of the admin queue's doorbells
 * @vctrl: controller
 * @index: 0 for the tail, 1 for the head
 *
 * Any context, see sluice_vdbbuf_sync().
 *
 * Return: the value in that page that the guest writes.
 */
u32 sluice_vdbbuf_admin(struct sluice_vctrl *vctrl, unsigned int index)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;
	u32 value, copy;
	__le32 *word;

	word = READ_ONCE(dbbuf->shadow);
	if (!word)
		return sluice_vctrl_page_doorbell(vctrl, index);
	word += sluice_vctrl_doorbell_word(index);
	if (READ_ONCE(dbbuf->used) & BIT(index))
		return le32_to_cpu(READ_ONCE(*word));
	/* as most times: nobody has written anything */
	copy = READ_ONCE(dbbuf->copies[index]);
	if (le32_to_cpu(READ_ONCE(*word)) == copy &&
	    sluice_vctrl_page_doorbell(vctrl, index) == copy)
		return copy;

	guard(spinlock_irqsave)(&dbbuf->lock);
	copy = dbbuf->copies[index];
	value = sluice_vctrl_page_doorbell(vctrl, index);
	/* the guest may be writing its first value just now: it must not be lost */
	if (cmpxchg((__force u32 *)word, (__force u32)cpu_to_le32(copy),
		    (__force u32)cpu_to_le32(value)) !=
	    (__force u32)cpu_to_le32(copy)) {
		WRITE_ONCE(dbbuf->used, dbbuf->used | BIT(index));
		return le32_to_cpu(READ_ONCE(*word));
	}
	WRITE_ONCE(dbbuf->copies[index], value);
	return value;
}

/* The admin queue's doorbells are copied to shadow doorbells of old values */
static void sluice_vdbbuf_start_admin(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;
	__le32 *shadow = dbbuf->shadow_ring.va;
	unsigned int i;

	guard(spinlock_irq)(&dbbuf->lock);
	for (i = 0; i < ARRAY_SIZE(dbbuf->copies); i++) {
		if (!(dbbuf->stale & BIT_ULL(i)))
			continue;
		dbbuf->used &= ~BIT(i);
		dbbuf->copies[i] = sluice_vctrl_page_doorbell(vctrl, i);
		WRITE_ONCE(shadow[sluice_vctrl_doorbell_word(i)],
			   cpu_to_le32(dbbuf->copies[i]));
	}
}

static void sluice_vdbbuf_publish(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;

	sluice_vdbbuf_start_admin(vctrl);
	sluice_vdbbuf_move(vctrl, dbbuf->stale & ~SLUICE_VDBBUF_ADMIN,
			   vctrl->sdev->doorbells, dbbuf->shadow_ring.va);
	dbbuf->stale = 0;
	/* who finds the pages finds in them what was written above */
	smp_wmb();
	WRITE_ONCE(dbbuf->events, dbbuf->event_ring.va);
	WRITE_ONCE(dbbuf->shadow, dbbuf->shadow_ring.va);
}

/*
 * Wait for those that found the two pages before. A thread may use the pages
 *
 * - in the poll operations of the core;
 * - with the lock of a completion queue, for its head;
 * - with &sluice_vsq.hw_lock, for the tail of an I/O submission queue;
 * - with the admin lock, which the caller holds.
 *
 * All of them take a moment only, and none takes part in a grace period: the
 * caller may be a VMM that unmaps memory, with a lock held that its vCPUs need.
 */
static void sluice_vdbbuf_sync(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	lockdep_assert_held(&vctrl->admin_lock);
	sluice_vctrl_poll_sync(vctrl);
	for (i = 0; i <= vctrl->nr_qpairs; i++) {
		spin_lock(&vctrl->sqs[i].hw_lock);
		spin_unlock(&vctrl->sqs[i].hw_lock);
		spin_lock_irq(&vctrl->cqs[i].lock);
		spin_unlock_irq(&vctrl->cqs[i].lock);
	}
}

/* Copy the shadow doorbells that count to the doorbell page */
static void sluice_vdbbuf_save(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;

	sluice_vdbbuf_admin(vctrl, 0);
	sluice_vdbbuf_admin(vctrl, 1);
	sluice_vdbbuf_move(vctrl, READ_ONCE(dbbuf->used) | ~SLUICE_VDBBUF_ADMIN,
			   dbbuf->shadow, vctrl->sdev->doorbells);
}

/* Afterwards no thread uses the two pages: they can be unmapped. */
static void sluice_vdbbuf_withdraw(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;

	if (!dbbuf->shadow)
		return;
	/* the guest is to write the next one to the doorbell page too */
	sluice_vdbbuf_arm_all(vctrl);
	sluice_vdbbuf_save(vctrl);
	WRITE_ONCE(dbbuf->shadow, NULL);
	WRITE_ONCE(dbbuf->events, NULL);
	sluice_vdbbuf_sync(vctrl);
}

static void sluice_vdbbuf_unmap_ring(struct sluice_vring *ring)
{
	if (ring->va)
		sluice_mem_vunmap(ring->va);
	ring->va = NULL;
}

/**
 * sluice_vdbbuf_unmap() - give up the two pages if one is in a range
 * @vctrl: controller, its admin lock held
 * @iova: first guest address
 * @size: bytes
 */
void sluice_vdbbuf_unmap(struct sluice_vctrl *vctrl, u64 iova, u64 size)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;

	if (!sluice_vring_touches(&dbbuf->shadow_ring, iova, size) &&
	    !sluice_vring_touches(&dbbuf->event_ring, iova, size))
		return;
	sluice_vdbbuf_withdraw(vctrl);
	sluice_vdbbuf_unmap_ring(&dbbuf->shadow_ring);
	sluice_vdbbuf_unmap_ring(&dbbuf->event_ring);
}

/**
 * sluice_vdbbuf_map() - map the two pages, if the guest has given them
 * @vctrl: controller, its admin lock held
 *
 * Return: 0; -EAGAIN while the memory is being unmapped; or another errno.
 */
int sluice_vdbbuf_map(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;
	int err;

	lockdep_assert_held(&vctrl->admin_lock);
	if (!dbbuf->shadow_ring.nr_pages || dbbuf->shadow)
		return 0;
	err = sluice_vring_map(vctrl, &dbbuf->shadow_ring);
	if (!err)
		err = sluice_vring_map(vctrl, &dbbuf->event_ring);
	if (!err)
		sluice_vdbbuf_publish(vctrl);
	return err;
}

/**
 * sluice_vdbbuf_away() - are the two pages given, but not mapped?
 * @vctrl: controller
 *
 * Return: true when the worker has to try to map them.
 */
bool sluice_vdbbuf_away(const struct sluice_vctrl *vctrl)
{
	return READ_ONCE(vctrl->dbbuf.shadow_ring.nr_pages) &&
	       !READ_ONCE(vctrl->dbbuf.shadow);
}

/**
 * sluice_vdbbuf_reset() - forget the pages
 * @vctrl: controller, its admin lock held
 */
void sluice_vdbbuf_reset(struct sluice_vctrl *vctrl)
{
	sluice_vdbbuf_withdraw(vctrl);
	sluice_vring_free(&vctrl->dbbuf.shadow_ring);
	sluice_vring_free(&vctrl->dbbuf.event_ring);
}

/* Are these the two pages that are in use? */
static bool sluice_vdbbuf_same(const struct sluice_vdbbuf *dbbuf, u64 prp1,
			       u64 prp2)
{
	return dbbuf->shadow && dbbuf->shadow_ring.pages[0] == prp1 &&
	       dbbuf->event_ring.pages[0] == prp2;
}

/*
 * As if the pages in use were withdrawn and given once more, without a wait for
 * those that use them: the I/O queues' doorbells keep their values, and where the
 * admin queue's are is open again.
 */
static void sluice_vdbbuf_again(struct sluice_vctrl *vctrl)
{
	sluice_vdbbuf_save(vctrl);
	vctrl->dbbuf.stale = SLUICE_VDBBUF_ADMIN;
	sluice_vdbbuf_start_admin(vctrl);
	vctrl->dbbuf.stale = 0;
	sluice_vdbbuf_arm_all(vctrl);
}

/**
 * sluice_vdbbuf_config() - Doorbell Buffer Config [NVMe 1.4, 5.7]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: dword 0 of the completion, which stays zero
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vdbbuf_config(struct sluice_vctrl *vctrl,
				      const struct nvme_cmd *cmd, u32 *result)
{
	u64 prp1 = le64_to_cpu(cmd->prp1), prp2 = le64_to_cpu(cmd->prp2);
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;
	sluice_vstatus_t status;

	if (prp1 % SLUICE_NVME_PAGE || prp2 % SLUICE_NVME_PAGE)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	if (sluice_vdbbuf_same(dbbuf, prp1, prp2)) {
		sluice_vdbbuf_again(vctrl);
		return SLUICE_VSTATUS_OK;
	}

	sluice_vdbbuf_reset(vctrl);
	dbbuf->stale = U64_MAX;
	status = sluice_vring_init(vctrl, &dbbuf->shadow_ring, prp1,
				   SLUICE_NVME_PAGE, true, true);
	if (!status)
		status = sluice_vring_init(vctrl, &dbbuf->event_ring, prp2,
					   SLUICE_NVME_PAGE, true, true);
	if (!status)
		status = sluice_vring_status(sluice_vdbbuf_map(vctrl));
	if (status)
		sluice_vdbbuf_reset(vctrl);
	else
		sluice_vdbbuf_arm_all(vctrl);
	return status;
}

/**
 * sluice_vdbbuf_start() - a queue has been created: its doorbell is zero
 * @vctrl: controller, its admin lock held
 * @index: of the doorbell
 */
void sluice_vdbbuf_start(struct sluice_vctrl *vctrl, unsigned int index)
{
	unsigned int word = sluice_vctrl_doorbell_word(index);
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;

	WRITE_ONCE(vctrl->sdev->doorbells[word], 0);
	if (!dbbuf->shadow) {
		dbbuf->stale |= BIT_ULL(index);
		return;
	}
	WRITE_ONCE(dbbuf->shadow[word], 0);
	WRITE_ONCE(dbbuf->events[word], 0);
}

/**
 * sluice_vdbbuf_arm() - have the guest tell when a doorbell changes
 * @vctrl: controller
 * @index: of the doorbell
 * @value: its value as last seen
 *
 * The caller has to look at the doorbell once more: the guest may have written
 * it just before. Any context, see sluice_vdbbuf_sync().
 */
void sluice_vdbbuf_arm(struct sluice_vctrl *vctrl, unsigned int index,
		       u32 value)
{
	__le32 *events = READ_ONCE(vctrl->dbbuf.events);

	if (!events)
		return;
	WRITE_ONCE(events[sluice_vctrl_doorbell_word(index)],
		   cpu_to_le32(value));
	/*
	 * The guest has a barrier between its write of the doorbell and its
	 * read of the event index: either it sees this index, or the caller's
	 * next look at the doorbell sees the new value.
	 */
	smp_mb();
}

/**
 * sluice_vdbbuf_arm_sq() - have the guest tell of its next submission
 * @vctrl: controller
 * @qid: submission queue
 *
 * As sluice_vdbbuf_arm(). The event index has to be the queue's head: a new tail
 * does not pass an older value. Another thread may move the head and arm it
 * meanwhile; the last to write the event index sees the head that was moved
 * before.
 */
void sluice_vdbbuf_arm_sq(struct sluice_vctrl *vctrl, u16 qid)
{
	const struct sluice_vsq *vsq = &vctrl->sqs[qid];
	u32 head;

	/* the caller may have moved the head */
	smp_wmb();
	do {
		head = READ_ONCE(vsq->head);
		sluice_vdbbuf_arm(vctrl, 2 * qid, head);
	} while (READ_ONCE(vsq->head) != head);
}

/**
 * sluice_vdbbuf_arm_all() - have the guest tell of all new submissions
 * @vctrl: controller
 *
 * As sluice_vdbbuf_arm_sq(). Completion queues are left out: the doorbell of one
 * matters only while completions wait for room, and vcomp.c arms it then.
 */
void sluice_vdbbuf_arm_all(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	if (!READ_ONCE(vctrl->dbbuf.events))
		return;
	for (i = 0; i <= vctrl->nr_qpairs; i++)
		sluice_vdbbuf_arm_sq(vctrl, i);
}
