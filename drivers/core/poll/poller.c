// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pollers: threads that poll the busy slices
 *
 * device/ calls this file. A slice belongs to one poller from open to close,
 * and is in that poller's list while its doorbell page is mapped. The poller
 * goes round its list and gives each slice a visit of limited length, so that
 * slices share the poller fairly; with an empty list it sleeps. When a slice
 * has been quiet for its window (see window.c), the poller puts the slice to
 * sleep: it unmaps the slice's doorbell pages and takes the slice off its list.
 * See doorbell.c for why no doorbell is lost.
 *
 * A slice that has commands in the device is not idle. While it is quiet the
 * poller visits it less and less often: the device's interrupt kicks the poller,
 * and a guest that gets a completion often submits again. The window begins with
 * the completion. A poller that shares its CPU with another task pauses between
 * visits, too, also during the window.
 *
 * The core creates pollers when slices need them, on the NUMA node of the
 * parent but not on isolated CPUs. A poller ends with its last slice. It freezes
 * with the other tasks when the machine is suspended. Pollers have the default
 * scheduling policy and priority; an administrator may change both.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <trace/events/sluice.h>

#include "core.h"
#include "poll/poller.h"

/* Commands and completions in one visit, see &sluice_parent_ops.poll */
#define POLLER_BUDGET	64

/* Default: one poller for this many CPUs of a node */
#define POLLER_CPUS	8

#define POLLER_POLL_US	4000

/* Mask the interrupts after this many visits with work and no wait between */
#define POLLER_STREAK	8

/* Nanoseconds to the next visit of a slice that could not be put to sleep */
#define POLLER_PUT_OFF	(100 * NSEC_PER_USEC)

/*
 * Nanoseconds that completions may wait for a poller without a CPU. More than the
 * turn of one other task, so that a poller that shares its CPU gets few interrupts
 */
#define POLLER_LOST	(8 * NSEC_PER_MSEC)

static unsigned int poller_poll_us = POLLER_POLL_US;
module_param_named(poll_us, poller_poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us,
		 "longest time in microseconds that an idle slice is polled, for slices attached from now on; 0 = 20 microseconds, 4294967295 = without end (default 4000)");

static unsigned int poller_number;
module_param_named(pollers, poller_number, uint, 0444);
MODULE_PARM_DESC(pollers,
		 "polling threads for each NUMA node at most (default 0: one for every eight CPUs)");

static char *poller_cpus;
module_param_named(poller_cpus, poller_cpus, charp, 0444);
MODULE_PARM_DESC(poller_cpus,
		 "CPUs that the polling threads may run on, as a list like 2-3,8 (default: those of the drive's NUMA node that are not isolated)");

/* Protects poller_list and which slice belongs to which poller */
static DEFINE_MUTEX(poller_lock);
static LIST_HEAD(poller_list);
static DEFINE_IDA(poller_numbers);

/* CPUs of the parameter poller_cpus; empty without the parameter */
static struct cpumask poller_mask;

/* CPUs allowed for the poller being looked for; under poller_lock */
static struct cpumask poller_near;

/*
 * Modes of the backend
 *
 * In %SLUICE_POLL_SPIN the device's interrupts are off, and nobody but the poller
 * delivers completions. The scheduler may take the CPU from the poller for any
 * time. A timer notices that the poller has looked at no slice for a while, and
 * turns the interrupts on. The poller turns them off again when it has the CPU
 * and there is work.
 */

/* Have the timer watch over the poller for the slice. */
static void sluice_poller_spin(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller = entry->poller;

	list_move(&entry->spin, &poller->spinning);
	if (!poller->watched)
		hrtimer_start(&poller->watch, ns_to_ktime(POLLER_LOST),
			      HRTIMER_MODE_REL);
	poller->watched = true;
}

static bool sluice_poller_set_mode_locked(struct sluice_poll_entry *entry,
					  enum sluice_poll_mode mode)
{
	bool accepted;

	lockdep_assert_held(&entry->poller->mode_lock);
	accepted = entry->sdev->parent->ops->set_poll_mode(entry->sdev, mode);
	if (accepted && mode == SLUICE_POLL_SPIN)
		sluice_poller_spin(entry);
	else if (accepted || mode == SLUICE_POLL_PAUSE)
		/* Nothing may stay listed that the timer cannot help. */
		list_del_init(&entry->spin);
	return accepted;
}

static bool sluice_poller_set_mode(struct sluice_poll_entry *entry,
				   enum sluice_poll_mode mode)
{
	guard(spinlock_irq)(&entry->poller->mode_lock);
	return sluice_poller_set_mode_locked(entry, mode);
}

/**
 * sluice_poller_check() - turn the interrupts on if the poller does not run
 * @poller: poller
 * @now: the time in nanoseconds
 *
 * Return: when to check again, in nanoseconds; 0 if the interrupts are on
 *
 * Context: under &sluice_poller.mode_lock.
 */
SLUICE_VISIBLE_IF_KUNIT u64
sluice_poller_check(struct sluice_poller *poller, u64 now)
{
	u64 lost = READ_ONCE(poller->since) + POLLER_LOST;
	struct sluice_poll_entry *entry, *next;

	lockdep_assert_held(&poller->mode_lock);
	if (now >= lost) {
		list_for_each_entry_safe(entry, next, &poller->spinning, spin) {
			sluice_poller_set_mode_locked(entry, SLUICE_POLL_PAUSE);
			trace_sluice_poll_lost(&entry->sdev->info);
		}
	}
	return list_empty(&poller->spinning) ? 0 : lost;
}

static enum hrtimer_restart sluice_poller_watch(struct hrtimer *timer)
{
	struct sluice_poller *poller = container_of(timer, struct sluice_poller,
						    watch);
	u64 again;

	guard(spinlock_irqsave)(&poller->mode_lock);
	again = sluice_poller_check(poller, ktime_get_ns());
	poller->watched = again;
	if (!again)
		return HRTIMER_NORESTART;
	hrtimer_set_expires(timer, ns_to_ktime(again));
	return HRTIMER_RESTART;
}

/*
 * Visits
 */

/* KUnit tests have their own time, and their own opinion of this CPU. */
static u64 sluice_poller_clock(void)
{
	KUNIT_STATIC_STUB_REDIRECT(ktime_get);
	return ktime_get_ns();
}

static bool sluice_poller_is_alone(void)
{
	KUNIT_STATIC_STUB_REDIRECT(single_task_running);
	return single_task_running();
}

/*
 * The time now. What has passed since the poller last asked counts as spent on
 * this slice; the poller asks before it goes to another slice.
 */
static u64 sluice_poller_now(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller = entry->poller;
	u64 now = sluice_poller_clock();

	WRITE_ONCE(entry->spent, entry->spent + now - poller->since);
	WRITE_ONCE(poller->since, now);
	return now;
}

static void sluice_poller_forget(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller = entry->poller;

	lockdep_assert_held(&poller->visit_lock);
	spin_lock(&poller->lock);
	list_del_init(&entry->node);
	spin_unlock(&poller->lock);
	if (poller->last == entry)
		poller->last = NULL;
}

/*
 * Do not visit the slice until @due, or until the backend kicks. The backend
 * has just turned the interrupts on. It reports no completion that came before,
 * so this function polls once more. A later completion kicks:
 *
 *	poller				interrupt handler
 *	interrupts on
 *	polls, finds nothing		kicks: sets @kicked
 *	takes @lock,
 *	sees @kicked: does not wait
 */
static void sluice_poller_put_off(struct sluice_poll_entry *entry, u64 due)
{
	const struct sluice_parent_ops *ops = entry->sdev->parent->ops;
	unsigned int found;
	u64 now;

	entry->due = due;
	entry->streak = 0;
	found = ops->poll(entry->sdev, POLLER_BUDGET);
	now = sluice_poller_now(entry);
	if (found) {
		sluice_window_work(&entry->window, now);
		return;
	}
	guard(spinlock_irq)(&entry->lock);
	WRITE_ONCE(entry->waiting, !entry->kicked);
}

/*
 * Put a slice to sleep, unless there is work at the last moment. A vCPU thread
 * that is mapping the page holds doorbells.lock and may sleep there for memory.
 * The poller must not wait for it, because the poller's other slices would wait
 * too; and a slice with a fault in progress is not idle.
 */
static void sluice_poller_rest(struct sluice_poll_entry *entry)
{
	const struct sluice_parent_ops *ops = entry->sdev->parent->ops;
	unsigned int found;
	u64 now;

	if (!mutex_trylock(&entry->doorbells.lock)) {
		sluice_poller_set_mode(entry, SLUICE_POLL_PAUSE);
		sluice_poller_put_off(entry,
				      sluice_poller_clock() + POLLER_PUT_OFF);
		return;
	}
	sluice_doorbell_unmap(&entry->doorbells);
	entry->faulted = 0;
	sluice_poller_forget(entry);
	mutex_unlock(&entry->doorbells.lock);

	entry->awake = false;
	entry->streak = 0;
	sluice_poller_set_mode(entry, SLUICE_POLL_DOORBELL);
	trace_sluice_poll_rest(&entry->sdev->info);
	found = ops->poll(entry->sdev, POLLER_BUDGET);
	now = sluice_poller_now(entry);
	if (found) {
		sluice_window_work(&entry->window, now);
		sluice_poller_wake(entry);
	}
}

/* End the wait. Returns whether the backend has kicked since the last visit. */
static bool sluice_poller_begin(struct sluice_poll_entry *entry)
{
	if (!READ_ONCE(entry->waiting) && !READ_ONCE(entry->kicked))
		return false;
	guard(spinlock_irq)(&entry->lock);
	WRITE_ONCE(entry->waiting, false);
	return xchg(&entry->kicked, false);
}

/* Look again at once? Else the poller waits, or puts the slice to sleep. */
static bool sluice_poller_spins(const struct sluice_poll_entry *entry,
				u32 limit_us, u64 now)
{
	return limit_us == SLUICE_POLL_US_FOREVER ||
	       (!sluice_window_quiet(&entry->window, now) &&
		sluice_poller_is_alone());
}

/*
 * Let the slice wait instead of spinning. The poller does so in three cases:
 * the device has work, and its interrupt says when to continue; the doorbell
 * that woke the slice has not arrived yet; another task, perhaps the guest
 * itself, wants this CPU. A completion after sluice_poller_begin() kicks, now
 * or soon, and ends the wait.
 */
static bool sluice_poller_wait(struct sluice_poll_entry *entry, u32 limit_us,
			       u64 now)
{
	struct sluice_window *win = &entry->window;
	bool device;
	u64 due;

	device = !win->faulted &&
		 sluice_poller_set_mode(entry, SLUICE_POLL_DEVICE);
	if (!device && !win->faulted && sluice_poller_is_alone())
		return false;
	due = sluice_window_look(win, limit_us, device, now);
	if (now >= due)
		return false;
	if (device)
		sluice_window_wait(win);
	else if (!sluice_poller_set_mode(entry, SLUICE_POLL_PAUSE))
		return false;
	sluice_poller_put_off(entry, due);
	return true;
}

/* Count a visit with work; after enough of them no interrupt is needed. */
static void sluice_poller_streak(struct sluice_poll_entry *entry, u32 limit_us)
{
	if (!list_empty(&entry->spin) || !limit_us ||
	    ++entry->streak < POLLER_STREAK)
		return;
	if (sluice_poller_set_mode(entry, SLUICE_POLL_SPIN))
		trace_sluice_poll_busy(&entry->sdev->info);
	else
		entry->streak = 0;
}

/*
 * Is the slice that was visited last the only one? Others may join at this
 * moment, but none leaves, as this thread holds visit_lock.
 */
static bool sluice_poller_has_one(const struct sluice_poller *poller)
{
	const struct sluice_poll_entry *last = poller->last;

	return last && READ_ONCE(poller->busy.next) == &last->node &&
	       READ_ONCE(poller->busy.prev) == &last->node &&
	       !READ_ONCE(last->waiting);
}

/* A visit found nothing. Returns whether to make the next one at once */
static bool sluice_poller_idle(struct sluice_poll_entry *entry, u32 limit_us,
			       u64 now)
{
	if (sluice_poller_spins(entry, limit_us, now))
		return true;
	if (sluice_poller_wait(entry, limit_us, now))
		return false;
	if (!sluice_window_over(&entry->window, limit_us, now))
		return true;
	sluice_poller_rest(entry);
	return false;
}

/* May the next visit be made without a look at the clock? It is one of @left */
static bool sluice_poller_again(const struct sluice_poll_entry *entry,
				unsigned int *left)
{
	if (!*left || need_resched() || READ_ONCE(entry->kicked) ||
	    !sluice_poller_has_one(entry->poller))
		return false;
	--*left;
	cpu_relax();
	return true;
}

/*
 * Visit the slice. Most visits of a slice that the poller spins on find nothing,
 * and what follows takes longer than the visit itself, the clock above all. So
 * @left more visits are made first if nothing happens meanwhile, and nobody but
 * this slice waits for the poller.
 */
static void sluice_poller_visit(struct sluice_poll_entry *entry,
				unsigned int *left)
{
	const struct sluice_parent_ops *ops = entry->sdev->parent->ops;
	u32 limit_us = READ_ONCE(entry->poll_us);
	bool kicked = sluice_poller_begin(entry);
	bool again = entry->again && !kicked;
	unsigned int found;
	u64 now;

	if (!entry->awake) {
		entry->awake = true;
		sluice_window_wake(&entry->window, limit_us,
				   xchg(&entry->faulted, 0),
				   sluice_poller_now(entry));
	}
	do
		found = ops->poll(entry->sdev, POLLER_BUDGET);
	while (!found && again && sluice_poller_again(entry, left));
	now = sluice_poller_now(entry);
	if (found) {
		sluice_window_work(&entry->window, now);
		sluice_poller_streak(entry, limit_us);
		entry->again = false;
		return;
	}
	if (kicked)
		sluice_window_kick(&entry->window, now);
	entry->again = sluice_poller_idle(entry, limit_us, now);
	if (entry->again)
		cpu_relax();
}

/* Take the first slice that is due and move it to the end of the list. */
static struct sluice_poll_entry *sluice_poller_next(struct sluice_poller *poller)
{
	struct sluice_poll_entry *entry;

	if (sluice_poller_has_one(poller))
		return poller->last;
	guard(spinlock)(&poller->lock);
	list_for_each_entry(entry, &poller->busy, node) {
		if (READ_ONCE(entry->waiting) &&
		    sluice_poller_clock() < entry->due)
			continue;
		list_move_tail(&entry->node, &poller->busy);
		poller->last = entry;
		return entry;
	}
	return NULL;
}

/**
 * sluice_poller_due() - when the next slice is due
 * @poller: poller
 *
 * Return: the time; 0 for at once, KTIME_MAX for never
 */
SLUICE_VISIBLE_IF_KUNIT ktime_t
sluice_poller_due(struct sluice_poller *poller)
{
	struct sluice_poll_entry *entry;
	u64 due = KTIME_MAX;

	guard(spinlock)(&poller->lock);
	list_for_each_entry(entry, &poller->busy, node)
		due = min(due, READ_ONCE(entry->waiting) ? entry->due : 0);
	return ns_to_ktime(due);
}

static void sluice_poller_sleep(struct sluice_poller *poller)
{
	ktime_t due;

	/* A waker changes the list first, then wakes: no wakeup is lost. */
	set_current_state(TASK_IDLE);
	due = sluice_poller_due(poller);
	if (due && !kthread_should_stop())
		schedule_hrtimeout(due == KTIME_MAX ? NULL : &due,
				   HRTIMER_MODE_ABS);
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(poller->since, ktime_get_ns());
}

/**
 * sluice_poller_round() - visit the slices whose turn it is
 * @poller: poller
 * @visits: how many visits to make; fewer if another task wants this CPU
 *
 * Return: false if no slice is due
 */
SLUICE_VISIBLE_IF_KUNIT bool
sluice_poller_round(struct sluice_poller *poller, unsigned int visits)
{
	struct sluice_poll_entry *entry;

	mutex_lock(&poller->visit_lock);
	do {
		visits--;
		entry = sluice_poller_next(poller);
		if (entry)
			sluice_poller_visit(entry, &visits);
	} while (entry && visits && !need_resched());
	mutex_unlock(&poller->visit_lock);
	return entry;
}

static int sluice_poller_thread(void *data)
{
	struct sluice_poller *poller = data;

	/*
	 * A slice that is polled without end would keep a CPU awake during a
	 * suspend, and a visit to a drive that is suspended finds nothing.
	 */
	set_freezable();
	while (!kthread_freezable_should_stop(NULL)) {
		if (sluice_poller_round(poller, SLUICE_POLLER_ROUND))
			/* a busy poller must not block RCU Tasks */
			cond_resched_tasks_rcu_qs();
		else
			sluice_poller_sleep(poller);
	}
	return 0;
}

/**
 * sluice_poller_wake() - poll a slice from now on
 * @entry: poll entry of an open device
 */
void sluice_poller_wake(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller = entry->poller;

	spin_lock(&poller->lock);
	if (list_empty(&entry->node))
		list_add_tail(&entry->node, &poller->busy);
	spin_unlock(&poller->lock);
	wake_up_process(poller->task);
}

/**
 * sluice_poller_kick() - end a slice's wait for its device
 * @entry: poll entry of an open device
 *
 * See sluice_poll_kick(). Does nothing for a slice that is asleep.
 *
 * Context: any.
 */
void sluice_poller_kick(struct sluice_poll_entry *entry)
{
	/* Another queue has kicked already; the next visit will see that. */
	if (READ_ONCE(entry->kicked) && !READ_ONCE(entry->waiting))
		return;
	guard(spinlock_irqsave)(&entry->lock);
	WRITE_ONCE(entry->kicked, true);
	if (!entry->waiting)
		return;
	WRITE_ONCE(entry->waiting, false);
	wake_up_process(entry->poller->task);
}

/*
 * Threads
 */

/*
 * Pollers avoid isolated CPUs, unless the administrator names them in
 * poller_cpus. Up to Linux 7.3, cpu_is_isolated() is false for a CPU that only
 * has no tick.
 */
static bool sluice_poller_housekeeping(const struct cpumask *near)
{
	unsigned int cpu;

	guard(rcu)();
	cpumask_clear(&poller_near);
	for_each_cpu(cpu, near) {
		if (!cpu_is_isolated(cpu) &&
		    housekeeping_test_cpu(cpu, HK_TYPE_TICK))
			cpumask_set_cpu(cpu, &poller_near);
	}
	return !cpumask_empty(&poller_near);
}

static const struct cpumask *sluice_poller_node_mask(int nid)
{
	return nid == NUMA_NO_NODE ? cpu_possible_mask : cpumask_of_node(nid);
}

/* Set poller_near: the CPUs for pollers of a node. */
static void sluice_poller_look_near(int nid)
{
	if (!cpumask_empty(&poller_mask)) {
		cpumask_copy(&poller_near, &poller_mask);
		return;
	}
	/* Some nodes have no CPUs, and some have only isolated CPUs */
	if (!sluice_poller_housekeeping(sluice_poller_node_mask(nid)) &&
	    !sluice_poller_housekeeping(cpu_possible_mask))
		cpumask_copy(&poller_near, cpu_possible_mask);
}

static unsigned int sluice_poller_limit(void)
{
	unsigned int cpus = cpumask_weight_and(&poller_near, cpu_online_mask);

	return poller_number ?: max(DIV_ROUND_UP(cpus, POLLER_CPUS), 1U);
}

/**
 * sluice_poller_prepare() - prepare a poller that has no thread yet
 * @poller: zeroed
 * @nid: the NUMA node that it works for
 */
void sluice_poller_prepare(struct sluice_poller *poller, int nid)
{
	poller->nid = nid;
	poller->since = sluice_poller_clock();
	mutex_init(&poller->visit_lock);
	spin_lock_init(&poller->lock);
	INIT_LIST_HEAD(&poller->busy);
	spin_lock_init(&poller->mode_lock);
	INIT_LIST_HEAD(&poller->spinning);
	hrtimer_setup(&poller->watch, sluice_poller_watch, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
}

static struct sluice_poller *sluice_poller_create(int nid)
{
	struct sluice_poller *poller;
	struct task_struct *task;
	int number;

	poller = kzalloc_node(sizeof(*poller), GFP_KERNEL, nid);
	if (!poller)
		return ERR_PTR(-ENOMEM);
	number = ida_alloc(&poller_numbers, GFP_KERNEL);
	if (number < 0) {
		kfree(poller);
		return ERR_PTR(number);
	}
	poller->number = number;
	sluice_poller_prepare(poller, nid);
	task = kthread_create_on_node(sluice_poller_thread, poller, nid,
				      "sluice_poll/%d", number);
	if (IS_ERR(task)) {
		ida_free(&poller_numbers, number);
		kfree(poller);
		return ERR_CAST(task);
	}
	poller->task = task;
	/* Bind it: since Linux 6.14 a new thread starts on all of its node */
	if (!cpumask_empty(&poller_mask) ||
	    !cpumask_equal(&poller_near, sluice_poller_node_mask(nid)))
		kthread_bind(task, cpumask_first(&poller_near));
	if (set_cpus_allowed_ptr(task, &poller_near))
		pr_warn_ratelimited("sluice: no CPU of %*pbl is online: pollers run on all CPUs\n",
				    cpumask_pr_args(&poller_near));
	list_add_tail(&poller->node, &poller_list);
	wake_up_process(task);
	return poller;
}

static void sluice_poller_destroy(struct sluice_poller *poller)
{
	list_del(&poller->node);
	kthread_stop(poller->task);
	hrtimer_cancel(&poller->watch);
	ida_free(&poller_numbers, poller->number);
	mutex_destroy(&poller->visit_lock);
	kfree(poller);
}

/**
 * sluice_poller_choose() - choose among the pollers of a NUMA node
 * @pollers: list of &struct sluice_poller
 * @nid: the node
 * @limit: how many pollers it may have, at least one
 *
 * Return: the one with the fewest slices, or NULL if there may be one more
 */
struct sluice_poller *sluice_poller_choose(struct list_head *pollers, int nid,
					   unsigned int limit)
{
	struct sluice_poller *poller, *best = NULL;
	unsigned int nr = 0;

	list_for_each_entry(poller, pollers, node) {
		if (poller->nid != nid)
			continue;
		nr++;
		if (!best || poller->nr_slices < best->nr_slices)
			best = poller;
	}
	return nr < limit ? NULL : best;
}

static struct sluice_poller *sluice_poller_find(int nid)
{
	struct sluice_poller *poller;

	sluice_poller_look_near(nid);
	poller = sluice_poller_choose(&poller_list, nid, sluice_poller_limit());
	return poller ?: sluice_poller_create(nid);
}

/**
 * sluice_poll_entry_init() - prepare the poll entry of a slice
 * @entry: to be filled
 * @sdev: the slice; its parent and its device for DMA are set
 */
void sluice_poll_entry_init(struct sluice_poll_entry *entry,
			    struct sluice_dev *sdev)
{
	entry->sdev = sdev;
	INIT_LIST_HEAD(&entry->node);
	INIT_LIST_HEAD(&entry->spin);
	spin_lock_init(&entry->lock);
	entry->poll_us = READ_ONCE(poller_poll_us);
}

/**
 * sluice_poll_entry_reset() - forget what a poller kept of the slice
 * @entry: poll entry of a device that is being opened
 */
void sluice_poll_entry_reset(struct sluice_poll_entry *entry)
{
	sluice_window_init(&entry->window);
	entry->streak = 0;
	entry->awake = false;
	entry->again = false;
	entry->faulted = 0;
	entry->kicked = false;
}

/**
 * sluice_poller_join() - find a poller for a slice
 * @entry: poll entry of a device that is being opened
 *
 * Return: 0, -ENOMEM, or -EINTR if the user is being killed
 */
int sluice_poller_join(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller;

	sluice_poll_entry_reset(entry);
	guard(mutex)(&poller_lock);
	poller = sluice_poller_find(dev_to_node(entry->sdev->dma_dev));
	if (IS_ERR(poller))
		return PTR_ERR(poller);
	poller->nr_slices++;
	entry->poller = poller;
	return 0;
}

/**
 * sluice_poller_leave() - stop polling a slice
 * @entry: poll entry of a device that is being closed; no user has its doorbell
 *	page mapped
 *
 * When this returns, no visit is in progress and none will begin.
 */
void sluice_poller_leave(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller = entry->poller;

	mutex_lock(&poller->visit_lock);
	sluice_poller_forget(entry);
	/* The backend still needs the interrupts of commands in flight. */
	scoped_guard(spinlock_irq, &poller->mode_lock) {
		if (!list_empty(&entry->spin))
			sluice_poller_set_mode_locked(entry, SLUICE_POLL_PAUSE);
	}
	/* A later kick must not wake the poller: it may be gone. */
	scoped_guard(spinlock_irq, &entry->lock)
		WRITE_ONCE(entry->waiting, false);
	mutex_unlock(&poller->visit_lock);

	guard(mutex)(&poller_lock);
	entry->poller = NULL;
	if (!--poller->nr_slices)
		sluice_poller_destroy(poller);
}

/**
 * sluice_poller_sync() - wait for a visit and a change of mode in progress to end
 * @entry: poll entry of a slice, open or not
 *
 * A visit is short, and does not sleep for the guest. The caller must hold no
 * lock that a visit takes.
 */
void sluice_poller_sync(struct sluice_poll_entry *entry)
{
	/* the poller stays until the slice leaves it */
	guard(mutex)(&poller_lock);
	if (!entry->poller)
		return;
	mutex_lock(&entry->poller->visit_lock);
	mutex_unlock(&entry->poller->visit_lock);
	spin_lock_irq(&entry->poller->mode_lock);
	spin_unlock_irq(&entry->poller->mode_lock);
}

/**
 * sluice_poller_init() - read the module parameters
 *
 * Return: 0, or -EINVAL if poller_cpus is not a list of CPUs of this machine
 */
int sluice_poller_init(void)
{
	if (!poller_cpus || !*poller_cpus)
		return 0;
	if (cpulist_parse(poller_cpus, &poller_mask) ||
	    !cpumask_and(&poller_mask, &poller_mask, cpu_possible_mask)) {
		pr_err("sluice: poller_cpus=%s is not a list of CPUs of this machine\n",
		       poller_cpus);
		return -EINVAL;
	}
	return 0;
}
