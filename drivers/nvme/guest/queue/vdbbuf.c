// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: shadow doorbells [NVMe 1.4, 5.7 and annex B.5]
 *
 * A guest that knows them writes its doorbells to a page of its own memory, and
 * to the doorbell page only when it passes the value in the event index: the
 * controller is asleep and wants to be told. While the slice is looked after
 * the event indices stay where they are, which is behind.
 *
 * When the memory is away for a while, the values go back to the doorbell page
 * until it is there again. The guest may know nothing of that, since to it the
 * memory stays where it is, and go on writing there alone: what it wrote counts
 * when the memory is back, and the worker looks until then.
 *
 * The admin queue has its doorbells in the doorbell page only, as guests use it
 * that way; a guest that does not is told to write those at every change.
 */
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

bool sluice_vdbbuf_offered = true;
module_param_named(shadow_doorbells, sluice_vdbbuf_offered, bool, 0644);
MODULE_PARM_DESC(shadow_doorbells,
		 "offer guests shadow doorbells, from their next Identify on (default Y)");

/* Under the admin lock, which whoever changes it holds */
static __le32 *sluice_vdbbuf_shadow(struct sluice_vctrl *vctrl)
{
	return rcu_dereference_protected(vctrl->dbbuf.shadow,
					 lockdep_is_held(&vctrl->admin_lock));
}

static __le32 *sluice_vdbbuf_events(struct sluice_vctrl *vctrl)
{
	return rcu_dereference_protected(vctrl->dbbuf.events,
					 lockdep_is_held(&vctrl->admin_lock));
}

static unsigned int sluice_vdbbuf_words(const struct sluice_vctrl *vctrl)
{
	return 2 * (vctrl->nr_qpairs + 1);
}

/*
 * Copy those doorbells of I/O queues that @which has a bit for from where they
 * were to where they will be
 */
static void sluice_vdbbuf_move(struct sluice_vctrl *vctrl, u64 which,
			       const __le32 *from, __le32 *to)
{
	unsigned int i, word;

	BUILD_BUG_ON(2 * (SLUICE_VCTRL_MAX_QPAIRS + 1) > 64);
	for (i = 2; i < sluice_vdbbuf_words(vctrl); i++) {
		word = sluice_vctrl_doorbell_word(i);
		if (which & BIT_ULL(i))
			WRITE_ONCE(to[word], READ_ONCE(from[word]));
	}
}

static void sluice_vdbbuf_publish(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;

	sluice_vdbbuf_move(vctrl, dbbuf->stale, vctrl->sdev->doorbells,
			   dbbuf->shadow_ring.va);
	dbbuf->stale = 0;
	rcu_assign_pointer(dbbuf->events, dbbuf->event_ring.va);
	rcu_assign_pointer(dbbuf->shadow, dbbuf->shadow_ring.va);
}

/* Nobody looks at the two pages afterwards. */
static void sluice_vdbbuf_withdraw(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;
	__le32 *shadow = sluice_vdbbuf_shadow(vctrl);

	if (!shadow)
		return;
	/* when the memory is back, a doorbell is to come by the other way */
	sluice_vdbbuf_arm_all(vctrl);
	sluice_vdbbuf_move(vctrl, U64_MAX, shadow, vctrl->sdev->doorbells);
	rcu_assign_pointer(dbbuf->shadow, NULL);
	rcu_assign_pointer(dbbuf->events, NULL);
	synchronize_rcu_expedited();
}

static void sluice_vdbbuf_unmap_ring(struct sluice_vring *ring)
{
	if (ring->va)
		sluice_mem_vunmap(ring->va);
	ring->va = NULL;
}

/**
 * sluice_vdbbuf_unmap() - give up the pages where they are in a range
 * @vctrl: controller, stopped, its admin lock held
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
 * sluice_vdbbuf_map() - have the pages at hand, if there are any
 * @vctrl: controller, its admin lock held
 *
 * Return: 0; -EAGAIN while the memory is being unmapped; or another errno.
 */
int sluice_vdbbuf_map(struct sluice_vctrl *vctrl)
{
	struct sluice_vdbbuf *dbbuf = &vctrl->dbbuf;
	int err;

	lockdep_assert_held(&vctrl->admin_lock);
	if (!dbbuf->shadow_ring.nr_pages || sluice_vdbbuf_shadow(vctrl))
		return 0;
	err = sluice_vring_map(vctrl, &dbbuf->shadow_ring);
	if (!err)
		err = sluice_vring_map(vctrl, &dbbuf->event_ring);
	if (!err)
		sluice_vdbbuf_publish(vctrl);
	return err;
}

/**
 * sluice_vdbbuf_away() - have the pages been taken away?
 * @vctrl: controller
 *
 * Return: true when the worker is to look whether they are back.
 */
bool sluice_vdbbuf_away(const struct sluice_vctrl *vctrl)
{
	return READ_ONCE(vctrl->dbbuf.shadow_ring.nr_pages) &&
	       !rcu_access_pointer(vctrl->dbbuf.shadow);
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
	__le32 *shadow = sluice_vdbbuf_shadow(vctrl);

	WRITE_ONCE(vctrl->sdev->doorbells[word], 0);
	if (!shadow) {
		vctrl->dbbuf.stale |= BIT_ULL(index);
		return;
	}
	WRITE_ONCE(shadow[word], 0);
	WRITE_ONCE(sluice_vdbbuf_events(vctrl)[word], 0);
}

/**
 * sluice_vdbbuf_arm() - be told when a doorbell moves on
 * @vctrl: controller
 * @index: of the doorbell
 * @value: its value as last seen
 *
 * The caller has to look at the doorbell once more: the guest may have written
 * it just before. Any context.
 */
void sluice_vdbbuf_arm(struct sluice_vctrl *vctrl, unsigned int index,
		       u32 value)
{
	__le32 *events;

	rcu_read_lock();
	events = rcu_dereference(vctrl->dbbuf.events);
	if (events) {
		WRITE_ONCE(events[sluice_vctrl_doorbell_word(index)],
			   cpu_to_le32(value));
		/* the guest's barrier is between its doorbell and its look here */
		smp_mb();
	}
	rcu_read_unlock();
}

/**
 * sluice_vdbbuf_arm_all() - be told of everything that happens from now on
 * @vctrl: controller
 *
 * As sluice_vdbbuf_arm(). A completion queue's doorbell matters only while
 * there are completions that wait for room; they see to it themselves.
 */
void sluice_vdbbuf_arm_all(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	if (!rcu_access_pointer(vctrl->dbbuf.events))
		return;
	for (i = 0; i <= vctrl->nr_qpairs; i++)
		sluice_vdbbuf_arm(vctrl, 2 * i, READ_ONCE(vctrl->sqs[i].head));
}
