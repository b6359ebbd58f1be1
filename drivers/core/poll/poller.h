/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pollers: threads that look after the slices that are busy
 */
#ifndef SLUICE_POLLER_H
#define SLUICE_POLLER_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "poll/window.h"

struct sluice_poller;
struct sluice_vdev;

/**
 * struct sluice_polled - what a poller keeps of a slice
 * @node: in the poller's list while the slice is looked after
 * @poller: the slice's, from open to close
 * @window: how long to look after the slice; the poller's own
 * @poll_us: bound of the window, in microseconds. Written by the administrator
 * @due: until when to wait for the device, in nanoseconds; the poller's own
 * @streak: visits with work since it was woken or waited; the poller's own
 * @awake: has been visited since it was woken; the poller's own
 * @faulted: what has woken it is a store that is to come. Written under
 *	&sluice_doorbell.lock; taken by the poller
 * @polling: the backend has been told that its completions are polled for; the
 *	poller's own
 * @lock: protects @waiting and @kicked, and @poller while @waiting. Inside
 *	&sluice_poller.lock; taken in hard IRQ context. In a cache line that the
 *	poller does not write at each visit
 * @waiting: not to be visited until it is kicked, or until @due
 * @kicked: the backend has work, since @kicked was false
 */
struct sluice_polled {
	struct list_head node;
	struct sluice_poller *poller;
	struct sluice_window window;
	u32 poll_us;
	u64 due;
	unsigned int streak;
	bool awake;
	bool faulted;
	bool polling;
	spinlock_t lock ____cacheline_aligned_in_smp;
	bool waiting;
	bool kicked;
} ____cacheline_aligned_in_smp;

void sluice_polled_init(struct sluice_polled *polled);
int sluice_poller_join(struct sluice_vdev *vdev);
void sluice_poller_leave(struct sluice_vdev *vdev);
void sluice_poller_wake(struct sluice_vdev *vdev);

int sluice_poller_init(void);

#endif /* SLUICE_POLLER_H */
