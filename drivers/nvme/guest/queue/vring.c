// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the memory of a guest's queues
 *
 * A ring remembers the guest addresses of its pages. The pages are pinned and
 * mapped while the queue is used. When the guest's memory is rearranged they
 * are unmapped, and mapped again when the queue is next needed.
 */
#include <linux/slab.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* Attempts, a few milliseconds apart, to map memory that a guest took away */
#define SLUICE_VRING_PATIENCE	200

/**
 * sluice_vring_map() - map the memory of a queue
 * @vctrl: controller
 * @ring: ring with its pages set; nothing happens when it is mapped
 *
 * The owner's lock is held.
 *
 * Return: 0, -EAGAIN while the memory is being unmapped, or another errno.
 */
int sluice_vring_map(struct sluice_vctrl *vctrl, struct sluice_vring *ring)
{
	void *va;

	if (ring->va)
		return 0;
	va = sluice_vctrl_mem_vmap(vctrl, ring->pages, ring->nr_pages,
				   ring->writable);
	if (IS_ERR(va))
		return PTR_ERR(va);
	ring->va = va;
	return 0;
}

/**
 * sluice_vsq_map_rings() - map a queue's memory and that of its completions
 * @vsq: live submission queue, serialised by its lock or the admin lock
 *
 * When the VMM rearranges a guest's memory it unmaps pages and maps them again
 * in a moment. So a failure is no reason to give up at once: only after many
 * attempts the controller reports that it has failed.
 *
 * Return: whether both are mapped. If not, the worker will try again or the
 * controller has failed.
 */
bool sluice_vsq_map_rings(struct sluice_vsq *vsq)
{
	int err;

	err = sluice_vring_map(vsq->vctrl, &vsq->ring);
	if (!err)
		err = sluice_vcq_map(vsq->vcq);
	if (!err) {
		vsq->map_failures = 0;
		return true;
	}
	if (err == -EAGAIN || vsq->map_failures++ < SLUICE_VRING_PATIENCE)
		sluice_vctrl_retry_later(vsq->vctrl);
	else
		sluice_vctrl_fatal(vsq->vctrl);
	return false;
}

/**
 * sluice_vring_touches() - is part of a queue in a range?
 * @ring: ring
 * @iova: first guest address of the range
 * @size: bytes
 *
 * Return: true when it is.
 */
bool sluice_vring_touches(const struct sluice_vring *ring, u64 iova, u64 size)
{
	unsigned int i;

	for (i = 0; i < ring->nr_pages; i++) {
		if (sluice_vctrl_page_in(ring->pages[i], iova, size))
			return true;
	}
	return false;
}

/**
 * sluice_vring_free() - unmap the memory of a queue and forget its addresses
 * @ring: ring, mapped or not
 */
void sluice_vring_free(struct sluice_vring *ring)
{
	if (ring->va)
		sluice_mem_vunmap(ring->va);
	kvfree(ring->pages);
	*ring = (struct sluice_vring) {};
}

/**
 * sluice_vring_init() - learn the addresses of a queue's pages
 * @vctrl: controller
 * @ring: receives them
 * @prp1: base of the queue, or its PRP list [NVMe 1.4, 5.3]
 * @bytes: size of the queue
 * @contiguous: @prp1 is the base
 * @writable: the controller writes the queue
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vring_init(struct sluice_vctrl *vctrl,
				   struct sluice_vring *ring, u64 prp1,
				   size_t bytes, bool contiguous, bool writable)
{
	unsigned int i, nr = DIV_ROUND_UP(bytes, SLUICE_NVME_PAGE);
	sluice_vstatus_t status;

	if (contiguous && prp1 % SLUICE_NVME_PAGE)
		return sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);
	if (contiguous && bytes > U64_MAX - prp1)
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);

	*ring = (struct sluice_vring) { .writable = writable };
	ring->pages = kvcalloc(nr, sizeof(*ring->pages),
			       GFP_KERNEL_ACCOUNT);
	if (!ring->pages)
		return sluice_vstatus_transient(NVME_SC_INTERNAL);
	ring->nr_pages = nr;

	if (contiguous) {
		for (i = 0; i < nr; i++)
			ring->pages[i] = prp1 + (u64)i * SLUICE_NVME_PAGE;
		return SLUICE_VSTATUS_OK;
	}

	status = sluice_vprp_copy_list(vctrl, prp1, (__force __le64 *)ring->pages,
				       nr);
	for (i = 0; !status && i < nr; i++) {
		le64_to_cpus((__force __le64 *)&ring->pages[i]);
		if (ring->pages[i] % SLUICE_NVME_PAGE)
			status = sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);
	}
	if (status)
		sluice_vring_free(ring);
	return status;
}

/**
 * sluice_vring_status() - the status that a queue's creation fails with
 * @err: what sluice_vring_map() returned
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vring_status(int err)
{
	if (!err)
		return SLUICE_VSTATUS_OK;
	return err == -EAGAIN ? SLUICE_VSTATUS_RETRY :
				sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
}
