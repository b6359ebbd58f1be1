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

#include "poll/doorbell.h"
#include "poll/window.h"

struct sluice_dev;
struct sluice_poller;

/**
 * struct sluice_poll_entry - what a poller keeps of a slice
 * @sdev: the slice
 * @doorbells: its doorbell pages
 * @node: in the poller's list while the slice is looked after
 * @poller: the slice's, from open to close
 * @window: how long to look after the slice; the poller's own
 * @poll_us: bound of the window, in microseconds. Written by the administrator
 * @due: until when to wait for the device, in nanoseconds; the poller's own
 * @streak: visits with work since it was woken or waited; the poller's own
 * @awake: has been visited since it was woken; the poller's own
 * @faulted: what has woken it is a store that is to come. Written under
 *	&sluice_doorbells.lock; taken by the poller
 * @polling: the backend has been told that its completions are polled for; the
 *	poller's own
 * @lock: protects @waiting and @kicked, and @poller while @waiting. Inside
 *	&sluice_poller.lock; taken in hard IRQ context. In a cache line that the
 *	poller does not write at each visit
 * @waiting: not to be visited until it is kicked, or until @due
 * @kicked: the backend has work, since @kicked was false
 */
struct sluice_poll_entry {
	struct sluice_dev *sdev;
	struct sluice_doorbells doorbells;
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

void sluice_poll_entry_init(struct sluice_poll_entry *entry,
			    struct sluice_dev *sdev);
int sluice_poller_join(struct sluice_poll_entry *entry);
void sluice_poller_leave(struct sluice_poll_entry *entry);
void sluice_poller_wake(struct sluice_poll_entry *entry);
void sluice_poller_kick(struct sluice_poll_entry *entry);

int sluice_doorbell_mmap(struct sluice_poll_entry *entry,
			 struct vm_area_struct *vma, unsigned long first_page);

int sluice_poller_init(void);

#endif /* SLUICE_POLLER_H */
