// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the slots of a guest's commands in flight
 */
#include <linux/kfifo.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "sluice_compat.h"
#include "vctrl.h"

/* PRP lists come in blocks, so that a deep queue costs few allocations. */
#define SLUICE_VLISTS_PER_BLOCK	16
#define SLUICE_VLISTS_BYTES	(SLUICE_VLISTS_PER_BLOCK * SLUICE_NVME_PAGE)

/**
 * struct sluice_vlists - a block of PRP lists
 * @va: coherent memory
 * @dma: its bus address
 */
struct sluice_vlists {
	void *va;
	dma_addr_t dma;
};

/**
 * sluice_vsq_get_slot() - take a free slot
 * @vsq: submission queue, its lock held
 *
 * Return: a slot, or NULL when all are in use; then the worker is kicked as
 * soon as one is free.
 */
struct sluice_vslot *sluice_vsq_get_slot(struct sluice_vsq *vsq)
{
	u16 index;

	if (unlikely(!kfifo_get(&vsq->free, &index))) {
		WRITE_ONCE(vsq->stalled, true);
		/* pairs with the barrier in sluice_vslot_free() */
		smp_mb();
		if (!kfifo_get(&vsq->free, &index))
			return NULL;
		WRITE_ONCE(vsq->stalled, false);
	}
	return &vsq->slots[index];
}

/**
 * sluice_vslot_free() - give a slot back
 * @slot: slot; the lock of its completion queue is held
 */
void sluice_vslot_free(struct sluice_vslot *slot)
{
	struct sluice_vsq *vsq = slot->vsq;

	WRITE_ONCE(slot->state, SLUICE_VSLOT_FREE);
	kfifo_put(&vsq->free, (u16)(slot - vsq->slots));
	/* the slot is visible before we look whether someone misses one */
	smp_mb();
	if (unlikely(READ_ONCE(vsq->stalled)))
		sluice_vctrl_kick_worker(vsq->vctrl);
}

/**
 * sluice_vsq_put_slot() - give a slot back unused
 * @slot: slot
 */
void sluice_vsq_put_slot(struct sluice_vslot *slot)
{
	guard(spinlock_irqsave)(&slot->vsq->vcq->lock);
	sluice_vslot_free(slot);
}

static void sluice_vsq_free_lists(struct sluice_vsq *vsq)
{
	unsigned int i;

	for (i = 0; i < vsq->nr_lists; i++)
		dma_free_coherent(&vsq->vctrl->ctrl->pdev->dev,
				  SLUICE_VLISTS_BYTES, vsq->lists[i].va,
				  vsq->lists[i].dma);
	kvfree(vsq->lists);
	vsq->lists = NULL;
	vsq->nr_lists = 0;
}

/**
 * sluice_vsq_alloc_lists() - give each slot its PRP list
 * @vsq: submission queue with slots
 *
 * Return: 0 or -ENOMEM.
 */
int sluice_vsq_alloc_lists(struct sluice_vsq *vsq)
{
	unsigned int nr = DIV_ROUND_UP(vsq->nr_slots, SLUICE_VLISTS_PER_BLOCK);
	unsigned int i;

	vsq->lists = kvcalloc(nr, sizeof(*vsq->lists), GFP_KERNEL);
	if (!vsq->lists)
		return -ENOMEM;

	for (i = 0; i < nr; i++) {
		struct sluice_vlists *lists = &vsq->lists[i];

		lists->va = dma_alloc_coherent(&vsq->vctrl->ctrl->pdev->dev,
					       SLUICE_VLISTS_BYTES, &lists->dma,
					       GFP_KERNEL);
		if (!lists->va) {
			sluice_vsq_free_lists(vsq);
			return -ENOMEM;
		}
		vsq->nr_lists++;
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

static void sluice_vsq_free_slots(struct sluice_vsq *vsq)
{
	sluice_vsq_free_lists(vsq);
	kfifo_free(&vsq->free);
	kvfree(vsq->slots);
	vsq->slots = NULL;
	vsq->nr_slots = 0;
}

/**
 * sluice_vsq_alloc_slots() - make the slots of a queue
 * @vsq: submission queue, its lock held
 * @nr: how many
 *
 * Return: 0 or -ENOMEM.
 */
int sluice_vsq_alloc_slots(struct sluice_vsq *vsq, unsigned int nr)
{
	unsigned int i;
	int err;

	vsq->slots = kvcalloc(nr, sizeof(*vsq->slots), GFP_KERNEL);
	if (!vsq->slots)
		return -ENOMEM;
	err = kfifo_alloc(&vsq->free, roundup_pow_of_two(nr + 1), GFP_KERNEL);
	if (err) {
		kvfree(vsq->slots);
		vsq->slots = NULL;
		return err;
	}

	vsq->nr_slots = nr;
	for (i = 0; i < nr; i++) {
		vsq->slots[i].vsq = vsq;
		INIT_LIST_HEAD(&vsq->slots[i].node);
		kfifo_put(&vsq->free, (u16)i);
	}
	return 0;
}

/**
 * sluice_vsq_release_slots() - free slots and lists
 * @vsq: submission queue that is not live, with nothing in flight
 */
void sluice_vsq_release_slots(struct sluice_vsq *vsq)
{
	guard(mutex)(&vsq->lock);
	scoped_guard(spinlock, &vsq->hw_lock)
		vsq->vcq = NULL;
	sluice_vsq_free_slots(vsq);
}
