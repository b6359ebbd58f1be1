/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pollers: threads that poll the busy slices: what poller.c offers
 */
#ifndef SLUICE_POLLER_H
#define SLUICE_POLLER_H

#include <linux/cache.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "poll/doorbell.h"
#include "poll/window.h"

struct sluice_dev;
struct sluice_poll_entry;
struct task_struct;

/*
 * Visits that a poller makes at one time. Locks and other things that a round
 * takes once cost little for each of so many visits, and a thread that waits
 * for a round to end does not wait for long.
 */
#define SLUICE_POLLER_ROUND	8

/**
 * struct sluice_poller - a thread that polls slices
 * @node: in poller_list; under poller_lock
 * @task: the thread
 * @number: number in the thread's name; no two pollers have the same
 * @nid: the NUMA node that it works for
 * @nr_slices: number of slices that belong to it; under poller_lock
 * @since: when the poller last asked for the time, or woke. Written by the thread
 * @visit_lock: held during a round of visits
 * @lock: protects @busy. Inside &sluice_doorbells.lock
 * @busy: list of &struct sluice_poll_entry to be visited
 * @last: the one in @busy that was visited last, or NULL; under @visit_lock
 * @mode_lock: serialises &sluice_parent_ops.set_poll_mode of its slices, and
 *	protects @spinning; taken in hard IRQ context
 * @spinning: list of &struct sluice_poll_entry whose backends are in
 *	%SLUICE_POLL_SPIN
 * @watch: ends that mode for all of @spinning when the thread has no CPU
 * @watched: @watch is queued or has not taken @mode_lock yet; under @mode_lock
 */
struct sluice_poller {
	struct list_head node;
	struct task_struct *task;
	int number;
	int nid;
	unsigned int nr_slices;
	u64 since;
	struct mutex visit_lock;
	spinlock_t lock;
	struct list_head busy;
	struct sluice_poll_entry *last;
	spinlock_t mode_lock;
	struct list_head spinning;
	struct hrtimer watch;
	bool watched;
} ____cacheline_aligned_in_smp;

/**
 * struct sluice_poll_entry - what a poller keeps of one slice
 * @sdev: the slice
 * @doorbells: its doorbell pages
 * @node: in the poller's list while the poller polls the slice
 * @poller: the slice's poller, from open to close
 * @window: how long to poll the slice; for the poller only
 * @poll_us: limit of the window, in microseconds. Written by the administrator
 * @due: end of the wait for the device, in nanoseconds; for the poller only
 * @spent: nanoseconds that pollers have spent on the slice since it was
 *	attached. Written by the poller
 * @faulted: time of the fault that woke the slice, so that the guest's store is
 *	still to come; 0 if there was none. Written under &sluice_doorbells.lock;
 *	read and cleared by the poller
 * @streak: visits with work since the slice woke or waited; for the poller only
 * @awake: the slice has had a visit since it woke; for the poller only
 * @again: the last visit found nothing, and the poller was to make the next one
 *	at once; for the poller only
 * @spin: in &sluice_poller.spinning while the backend relies on the poller for
 *	completions; under &sluice_poller.mode_lock. The poller may look without
 * @lock: protects @waiting and @kicked, and @poller while @waiting. Inside
 *	&sluice_poller.lock; taken in hard IRQ context. In a cache line that the
 *	poller does not write at each visit
 * @waiting: the poller does not visit the slice until a kick, or until @due
 * @kicked: the backend has reported work since @kicked was last cleared
 */
struct sluice_poll_entry {
	struct sluice_dev *sdev;
	struct sluice_doorbells doorbells;
	struct list_head node;
	struct sluice_poller *poller;
	struct sluice_window window;
	u32 poll_us;
	u64 due;
	u64 spent;
	u64 faulted;
	unsigned int streak;
	bool awake;
	bool again;
	struct list_head spin;
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
void sluice_poller_sync(struct sluice_poll_entry *entry);

int sluice_doorbell_mmap(struct sluice_poll_entry *entry,
			 struct vm_area_struct *vma, unsigned long first_page);

int sluice_poller_init(void);

/* For poller.c and its tests */
void sluice_poll_entry_reset(struct sluice_poll_entry *entry);
void sluice_poller_prepare(struct sluice_poller *poller, int nid);
struct sluice_poller *sluice_poller_choose(struct list_head *pollers, int nid,
					   unsigned int limit);
#if IS_ENABLED(CONFIG_SLUICE_KUNIT_TEST)
bool sluice_poller_round(struct sluice_poller *poller, unsigned int visits);
ktime_t sluice_poller_due(struct sluice_poller *poller);
u64 sluice_poller_check(struct sluice_poller *poller, u64 now);
#endif

#endif /* SLUICE_POLLER_H */
