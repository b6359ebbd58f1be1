// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the slots of a guest's commands in flight
 *
 * A command that was taken from a guest's queue has a slot until the guest has
 * its completion. The index of the slot is the command identifier that the
 * drive gets: two commands in flight never share one, whatever identifiers the
 * guest chose.
 *
 * A queue has as many slots as it can have commands in flight, but most guests have
 * few. A slot that was given back is taken again before one that no command has had
 * yet, so that few are used: an unmap of guest memory looks at all that are.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* PRP lists come in blocks, so that a deep queue costs few allocations. */
#define SLUICE_VLISTS_PER_BLOCK	16
#define SLUICE_VLISTS_BYTES	(SLUICE_VLISTS_PER_BLOCK * SLUICE_NVME_PAGE)

/*
 * So many slots are free from the beginning: with fewer, a thread that takes one
 * would find each time that it has to look whether another was given back.
 */
#define SLUICE_VSLOTS_FIRST	32u

/**
 * struct sluice_vlists - a block of PRP lists
 * @va: coherent memory
 * @dma: its bus address
 */
struct sluice_vlists {
	void *va;
	dma_addr_t dma;
};

/*
 * Reads @free_tail, which completions write on another CPU, only when the slots
 * that it had last time are used up: each read may have to fetch the cache
 * line.
 */
static bool sluice_vsq_any_free(struct sluice_vsq *vsq)
{
	if (likely(vsq->free_head != vsq->free_seen))
		return true;
	/* pairs with sluice_vslot_free(): the index is there */
	vsq->free_seen = smp_load_acquire(&vsq->free_tail);
	return vsq->free_head != vsq->free_seen;
}

/**
 * sluice_vsq_get_slot() - take a free slot
 * @vsq: submission queue, its lock held
 *
 * Return: a slot, or NULL when all are in use; then the worker is kicked as
 * soon as one is free.
 */
struct sluice_vslot *sluice_vsq_get_slot(struct sluice_vsq *vsq)
{
	if (unlikely(!sluice_vsq_any_free(vsq))) {
		if (vsq->used < vsq->nr_slots)
			return &vsq->slots[vsq->used++];
		WRITE_ONCE(vsq->stalled, true);
		/* pairs with the barrier in sluice_vsq_slots_freed() */
		smp_mb();
		if (!sluice_vsq_any_free(vsq))
			return NULL;
		WRITE_ONCE(vsq->stalled, false);
	}
	return &vsq->slots[vsq->free[vsq->free_head++ & vsq->free_mask]];
}

/**
 * sluice_vslot_free() - give a slot back
 * @slot: slot; the lock of its completion queue is held
 *
 * sluice_vsq_slots_freed() is to follow, once for all slots of a queue.
 */
void sluice_vslot_free(struct sluice_vslot *slot)
{
	struct sluice_vsq *vsq = slot->vsq;
	unsigned int tail = vsq->free_tail;

	WRITE_ONCE(slot->state, SLUICE_VSLOT_FREE);
	vsq->free[tail & vsq->free_mask] = slot - vsq->slots;
	/* pairs with sluice_vsq_any_free() */
	smp_store_release(&vsq->free_tail, tail + 1);
}

/**
 * sluice_vsq_slots_freed() - go on with a queue that has waited for a slot
 * @vsq: submission queue to which slots have been given back
 */
void sluice_vsq_slots_freed(struct sluice_vsq *vsq)
{
	/* the slots are given back before the look whether the queue waits */
	smp_mb();
	if (unlikely(READ_ONCE(vsq->stalled)))
		sluice_vctrl_kick_worker(vsq->vctrl);
}

/**
 * sluice_vsq_put_slot() - give a slot back unused
 * @slot: the one that was taken last; the lock of its queue is held
 */
void sluice_vsq_put_slot(struct sluice_vslot *slot)
{
	struct sluice_vsq *vsq = slot->vsq;
	unsigned int index = slot - vsq->slots, last = vsq->free_head - 1;

	/* its index still is where it was taken from, or never was there */
	if (vsq->free[last & vsq->free_mask] == index)
		vsq->free_head = last;
	else if (!WARN_ON_ONCE(index != vsq->used - 1))
		vsq->used = index;
}

/**
 * sluice_vsq_nr_free() - count the free slots
 * @vsq: submission queue of which no thread takes or gives back slots now
 *
 * Return: their number.
 */
unsigned int sluice_vsq_nr_free(const struct sluice_vsq *vsq)
{
	return vsq->free_tail - vsq->free_head + vsq->nr_slots - vsq->used;
}

static bool sluice_vslot_uses(const struct sluice_vslot *slot, u64 iova,
			      u64 size)
{
	const __le64 *list = slot->list + SLUICE_VSLOT_LIST;
	unsigned int i, nr = slot->nr_entries;

	if (READ_ONCE(slot->state) != SLUICE_VSLOT_HARDWARE || !nr ||
	    slot->opcode == NVME_IO_DSM)
		return false;
	if (sluice_vctrl_page_in(slot->iovas[0], iova, size))
		return true;
	if (nr == 2)
		return sluice_vctrl_page_in(slot->iovas[1], iova, size);
	for (i = 0; i < nr - 1; i++)
		if (sluice_vctrl_page_in(le64_to_cpu(list[i]), iova, size))
			return true;
	return false;
}

/* So many slots are looked at with @hw_lock held */
#define SLUICE_VSLOTS_AT_ONCE	32u

/**
 * sluice_vsq_users() - count the commands in flight that use a range of memory
 * @vsq: submission queue, live or not
 * @iova: first guest address
 * @size: bytes
 *
 * A command that completes meanwhile may or may not be counted. One that is
 * submitted meanwhile may be left out: the caller makes sure that it cannot use the
 * range.
 *
 * Return: their number.
 */
unsigned int sluice_vsq_users(struct sluice_vsq *vsq, u64 iova, u64 size)
{
	unsigned int i = 0, used, end, nr = 0;

	if (sluice_vsq_drained(vsq))
		return 0;
	do {
		guard(spinlock)(&vsq->hw_lock);
		/* it has no slots any more */
		if (!vsq->vcq)
			return 0;
		used = vsq->used;
		end = min(used, i + SLUICE_VSLOTS_AT_ONCE);
		for (; i < end; i++)
			nr += sluice_vslot_uses(&vsq->slots[i], iova, size);
	} while (i < used);
	return nr;
}

/**
 * sluice_vsq_abort() - have the drive abort the commands that use a range of memory
 * @vsq: submission queue; the controller's admin lock is held
 * @iova: first guest address
 * @size: bytes
 *
 * As many as the drive takes at a time. Does not wait. A command that completes
 * meanwhile may have been followed by another one, of the same queue, that is
 * aborted instead.
 */
void sluice_vsq_abort(struct sluice_vsq *vsq, u64 iova, u64 size)
{
	unsigned int i;

	for (i = 0; i < vsq->nr_slots; i++)
		if (sluice_vslot_uses(&vsq->slots[i], iova, size) &&
		    sluice_nvme_abort(&vsq->hw, i, SLUICE_VCTRL_SPARE_ABORTS))
			return;
}

static void sluice_vsq_free_lists(struct sluice_vsq *vsq)
{
	unsigned int i;

	for (i = 0; i < vsq->nr_lists; i++) {
		dma_free_coherent(&vsq->vctrl->ctrl->pdev->dev,
				  SLUICE_VLISTS_BYTES, vsq->lists[i].va,
				  vsq->lists[i].dma);
		/* the lists of the longest queue are hundreds of megabytes */
		cond_resched();
	}
	kvfree(vsq->lists);
	vsq->lists = NULL;
	vsq->nr_lists = 0;
}

static int sluice_vsq_new_lists(struct sluice_vsq *vsq, unsigned int nr)
{
	unsigned int i;

	vsq->lists = kvcalloc(nr, sizeof(*vsq->lists), GFP_KERNEL_ACCOUNT);
	if (!vsq->lists)
		return -ENOMEM;

	for (i = 0; i < nr; i++) {
		struct sluice_vlists *lists = &vsq->lists[i];

		lists->va = dma_alloc_coherent(&vsq->vctrl->ctrl->pdev->dev,
					       SLUICE_VLISTS_BYTES, &lists->dma,
					       GFP_KERNEL_ACCOUNT);
		if (!lists->va) {
			sluice_vsq_free_lists(vsq);
			return -ENOMEM;
		}
		vsq->nr_lists++;
		cond_resched();
	}
	return 0;
}

/**
 * sluice_vsq_alloc_lists() - give each slot its PRP list
 * @vsq: submission queue with slots
 *
 * As sluice_vsq_alloc_slots().
 *
 * Return: 0 or -ENOMEM.
 */
int sluice_vsq_alloc_lists(struct sluice_vsq *vsq)
{
	unsigned int nr = DIV_ROUND_UP(vsq->nr_slots, SLUICE_VLISTS_PER_BLOCK);
	unsigned int i;
	int err;

	if (vsq->nr_lists < nr) {
		sluice_vsq_free_lists(vsq);
		err = sluice_vsq_new_lists(vsq, nr);
		if (err)
			return err;
	}

	for (i = 0; i < vsq->nr_slots; i++) {
		struct sluice_vlists *lists =
			&vsq->lists[i / SLUICE_VLISTS_PER_BLOCK];
		size_t off = i % SLUICE_VLISTS_PER_BLOCK * SLUICE_NVME_PAGE;

		vsq->slots[i].list = lists->va + off;
		vsq->slots[i].list_dma = lists->dma + off;
	}
	return 0;
}

/**
 * sluice_vsq_free_slots() - free the memory that a queue had
 * @vsq: submission queue that does not exist
 */
void sluice_vsq_free_slots(struct sluice_vsq *vsq)
{
	sluice_vsq_free_lists(vsq);
	kvfree(vsq->free);
	vsq->free = NULL;
	kvfree(vsq->slots);
	vsq->slots = NULL;
	vsq->max_slots = 0;
}

static int sluice_vsq_new_slots(struct sluice_vsq *vsq, unsigned int nr)
{
	unsigned int len;

	/* at least a cache line, so that two queues' rings do not share one */
	len = max_t(unsigned int, roundup_pow_of_two(nr),
		    SMP_CACHE_BYTES / sizeof(*vsq->free));

	vsq->slots = kvcalloc(nr, sizeof(*vsq->slots), GFP_KERNEL_ACCOUNT);
	vsq->free = kvcalloc(len, sizeof(*vsq->free), GFP_KERNEL_ACCOUNT);
	if (!vsq->slots || !vsq->free) {
		sluice_vsq_free_slots(vsq);
		return -ENOMEM;
	}
	vsq->max_slots = nr;
	vsq->free_mask = len - 1;
	return 0;
}

/**
 * sluice_vsq_alloc_slots() - make the slots of a queue
 * @vsq: submission queue, its lock held
 * @nr: how many
 *
 * Uses the memory of a queue with as many slots or more that had this identifier.
 * The slots and lists of a large queue are four megabytes, and a guest may delete
 * and create it again and again.
 *
 * Return: 0 or -ENOMEM.
 */
int sluice_vsq_alloc_slots(struct sluice_vsq *vsq, unsigned int nr)
{
	unsigned int i, first = min(nr, SLUICE_VSLOTS_FIRST);
	int err;

	if (vsq->max_slots < nr) {
		sluice_vsq_free_slots(vsq);
		err = sluice_vsq_new_slots(vsq, nr);
		if (err)
			return err;
	}

	vsq->nr_slots = nr;
	vsq->used = first;
	vsq->free_head = 0;
	vsq->free_seen = first;
	vsq->free_tail = first;
	/* the rest of the ring has no index of a slot, see sluice_vsq_put_slot() */
	for (i = 0; i <= vsq->free_mask; i++)
		vsq->free[i] = i < first ? i : U16_MAX;
	for (i = 0; i < nr; i++) {
		vsq->slots[i].vsq = vsq;
		vsq->slots[i].state = SLUICE_VSLOT_FREE;
		INIT_LIST_HEAD(&vsq->slots[i].node);
	}
	return 0;
}

/**
 * sluice_vsq_release_slots() - the queue has no slots any more
 * @vsq: submission queue that is not live, with nothing in flight
 *
 * Their memory stays for the next queue, until the device is closed.
 */
void sluice_vsq_release_slots(struct sluice_vsq *vsq)
{
	guard(mutex)(&vsq->lock);
	guard(spinlock)(&vsq->hw_lock);
	vsq->vcq = NULL;
	vsq->nr_slots = 0;
}
