// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pollers: threads that look after the slices that are busy
 *
 * A slice belongs to one poller from open to close, and is in the poller's list
 * while its doorbell page is mapped. The poller goes round its list and gives
 * each slice a bounded visit, so that slices share it fairly; with an empty list
 * it sleeps. A slice that has been quiet for its window is let go: see
 * doorbell.c for why nothing gets lost then.
 *
 * A quiet slice that has commands in the device is looked at more and more
 * rarely: the device's interrupt kicks the poller, since a guest that is given a
 * completion submits again. At the end of the window's bound it is let go like
 * any other. The same goes for a slice whose poller is not alone on its CPU.
 *
 * Pollers are made when they are needed, on the NUMA node of the parent but not
 * on isolated CPUs, and go with their last slice. They have the default policy
 * and priority; whoever knows better may change both.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
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

/* By default one poller for so many CPUs of a node */
#define POLLER_CPUS	8

#define POLLER_POLL_US	500

/* Visits with work, and no pause, after which the device's interrupts are masked */
#define POLLER_STREAK	8

/* Nanoseconds until a slice is looked at again that could not be let go */
#define POLLER_PUT_OFF	(100 * NSEC_PER_USEC)

static unsigned int poller_poll_us = POLLER_POLL_US;
module_param_named(poll_us, poller_poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us,
		 "longest time in microseconds that an idle slice is polled, for slices attached from now on; 0 = 20 microseconds, 4294967295 = without end (default 500)");

static unsigned int poller_number;
module_param_named(pollers, poller_number, uint, 0444);
MODULE_PARM_DESC(pollers,
		 "polling threads for each NUMA node at most (default 0: one for every eight CPUs)");

static char *poller_cpus;
module_param_named(poller_cpus, poller_cpus, charp, 0444);
MODULE_PARM_DESC(poller_cpus,
		 "CPUs that the polling threads may run on, as a list like 2-3,8 (default: those of the drive's NUMA node that are not isolated)");

/**
 * struct sluice_poller - a thread
 * @node: in poller_list; under poller_lock
 * @task: the thread
 * @number: that it is called by, of its own while it is there
 * @nid: the NUMA node that it works for
 * @nr_slices: slices that belong to it; under poller_lock
 * @visit_lock: held for the time of a visit
 * @lock: protects @busy. Inside &sluice_doorbell.lock
 * @busy: &struct sluice_poll_entry to be visited
 */
struct sluice_poller {
	struct list_head node;
	struct task_struct *task;
	int number;
	int nid;
	unsigned int nr_slices;
	struct mutex visit_lock;
	spinlock_t lock;
	struct list_head busy;
} ____cacheline_aligned_in_smp;

/* Protects the list, and who belongs to whom */
static DEFINE_MUTEX(poller_lock);
static LIST_HEAD(poller_list);
static DEFINE_IDA(poller_numbers);

/* Of the parameter; empty without one */
static struct cpumask poller_mask;

/* Of the node that a poller is looked for; under poller_lock */
static struct cpumask poller_near;

/*
 * Visits
 */

static void sluice_poller_forget(struct sluice_poll_entry *entry)
{
	spin_lock(&entry->poller->lock);
	list_del_init(&entry->node);
	spin_unlock(&entry->poller->lock);
}

/*
 * No visit until @due, or until the backend kicks. It has turned the interrupts
 * on; what came before may have come unseen.
 */
static void sluice_poller_put_off(struct sluice_poll_entry *entry, u64 due)
{
	const struct sluice_parent_ops *ops = entry->sdev->parent->ops;

	entry->due = due;
	entry->polling = false;
	entry->streak = 0;
	if (ops->poll(entry->sdev, POLLER_BUDGET)) {
		sluice_window_work(&entry->window, ktime_get_ns());
		return;
	}
	guard(spinlock_irq)(&entry->lock);
	WRITE_ONCE(entry->waiting, !entry->kicked);
}

/*
 * Let a slice sleep, unless there is something to do at the last moment. Who is
 * just mapping the page may have to wait for memory: others are not to wait with
 * him, and the slice is not idle.
 */
static void sluice_poller_rest(struct sluice_poll_entry *entry)
{
	const struct sluice_parent_ops *ops = entry->sdev->parent->ops;

	if (!mutex_trylock(&entry->doorbells.lock)) {
		ops->set_poll_mode(entry->sdev, SLUICE_POLL_PAUSE);
		sluice_poller_put_off(entry, ktime_get_ns() + POLLER_PUT_OFF);
		return;
	}
	sluice_doorbell_unmap(&entry->doorbells);
	entry->faulted = false;
	sluice_poller_forget(entry);
	mutex_unlock(&entry->doorbells.lock);

	entry->awake = false;
	entry->polling = false;
	entry->streak = 0;
	ops->set_poll_mode(entry->sdev, SLUICE_POLL_DOORBELL);
	trace_sluice_poll_rest(&entry->sdev->info);
	if (ops->poll(entry->sdev, POLLER_BUDGET)) {
		sluice_window_work(&entry->window, ktime_get_ns());
		sluice_poller_wake(entry);
	}
}

/* Wait no longer. Has the backend kicked since the last visit? */
static bool sluice_poller_begin(struct sluice_poll_entry *entry)
{
	if (!READ_ONCE(entry->waiting) && !READ_ONCE(entry->kicked))
		return false;
	guard(spinlock_irq)(&entry->lock);
	WRITE_ONCE(entry->waiting, false);
	return xchg(&entry->kicked, false);
}

/*
 * Sleep instead of spinning: while the device has something to do, since its
 * interrupt says when to go on; while the doorbell that woke the slice is on its
 * way; and while somebody else wants this CPU, who may be the guest itself. What
 * the device did since sluice_poller_begin() has kicked, or will.
 */
static bool sluice_poller_wait(struct sluice_poll_entry *entry, u32 bound_us)
{
	const struct sluice_parent_ops *ops = entry->sdev->parent->ops;
	bool alone = single_task_running();
	enum sluice_poll_mode mode;
	u64 due, now = ktime_get_ns();

	if (bound_us == SLUICE_POLL_US_FOREVER ||
	    (alone && !sluice_window_quiet(&entry->window, now)))
		return false;
	due = sluice_window_look(&entry->window, bound_us, now);
	if (now >= due)
		return false;
	mode = alone && !entry->window.expecting ? SLUICE_POLL_DEVICE :
						   SLUICE_POLL_PAUSE;
	if (!ops->set_poll_mode(entry->sdev, mode))
		return false;
	sluice_poller_put_off(entry, due);
	return true;
}

/* Another visit with work: after enough of them nobody needs the interrupts. */
static void sluice_poller_streak(struct sluice_poll_entry *entry, u32 bound_us)
{
	if (entry->polling || !bound_us || ++entry->streak < POLLER_STREAK)
		return;
	entry->polling = true;
	entry->sdev->parent->ops->set_poll_mode(entry->sdev, SLUICE_POLL_SPIN);
	trace_sluice_poll_busy(&entry->sdev->info);
}

static void sluice_poller_visit(struct sluice_poll_entry *entry)
{
	const struct sluice_parent_ops *ops = entry->sdev->parent->ops;
	u32 bound_us = READ_ONCE(entry->poll_us);
	bool kicked;

	kicked = sluice_poller_begin(entry);
	if (!entry->awake) {
		entry->awake = true;
		sluice_window_wake(&entry->window, bound_us,
				   xchg(&entry->faulted, false),
				   ktime_get_ns());
	}
	if (ops->poll(entry->sdev, POLLER_BUDGET)) {
		sluice_window_work(&entry->window, ktime_get_ns());
		sluice_poller_streak(entry, bound_us);
		return;
	}
	if (kicked)
		sluice_window_kick(&entry->window, ktime_get_ns());
	if (sluice_poller_wait(entry, bound_us))
		return;
	if (sluice_window_over(&entry->window, bound_us, ktime_get_ns())) {
		sluice_poller_rest(entry);
		return;
	}
	cpu_relax();
}

/* The first one that is due, which becomes the last. */
static struct sluice_poll_entry *sluice_poller_next(struct sluice_poller *poller)
{
	struct sluice_poll_entry *entry;

	guard(spinlock)(&poller->lock);
	list_for_each_entry(entry, &poller->busy, node) {
		if (READ_ONCE(entry->waiting) && ktime_get_ns() < entry->due)
			continue;
		list_move_tail(&entry->node, &poller->busy);
		return entry;
	}
	return NULL;
}

/* When one is due, 0 for at once, KTIME_MAX for never. */
static ktime_t sluice_poller_due(struct sluice_poller *poller)
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

	/* Whoever wakes us changes first what is looked at here. */
	set_current_state(TASK_IDLE);
	due = sluice_poller_due(poller);
	if (due && !kthread_should_stop())
		schedule_hrtimeout(due == KTIME_MAX ? NULL : &due,
				   HRTIMER_MODE_ABS);
	__set_current_state(TASK_RUNNING);
}

static bool sluice_poller_visit_next(struct sluice_poller *poller)
{
	struct sluice_poll_entry *entry;

	mutex_lock(&poller->visit_lock);
	entry = sluice_poller_next(poller);
	if (entry)
		sluice_poller_visit(entry);
	mutex_unlock(&poller->visit_lock);
	return entry;
}

static int sluice_poller_thread(void *data)
{
	struct sluice_poller *poller = data;

	while (!kthread_should_stop()) {
		if (sluice_poller_visit_next(poller))
			/* who never sleeps must not keep RCU Tasks waiting */
			cond_resched_tasks_rcu_qs();
		else
			sluice_poller_sleep(poller);
	}
	return 0;
}

/**
 * sluice_poller_wake() - look after a slice from now on
 * @entry: of an open device
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
 * sluice_poller_kick() - have a slice polled that waits for its device
 * @entry: of an open device
 *
 * See sluice_poll_kick(). Does nothing for a slice that is asleep.
 *
 * Context: any.
 */
void sluice_poller_kick(struct sluice_poll_entry *entry)
{
	/* Another queue has kicked, and the next visit takes note of it. */
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
 * Those that the admin wants undisturbed are not for us, unless he names them. To
 * Linux 7.3 a CPU without a tick is not isolated by that alone.
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

/* Find out which CPUs are for pollers of a node: poller_near. */
static void sluice_poller_look_near(int nid)
{
	if (!cpumask_empty(&poller_mask)) {
		cpumask_copy(&poller_near, &poller_mask);
		return;
	}
	/* There are nodes without CPUs, and some whose CPUs are all isolated */
	if (!sluice_poller_housekeeping(sluice_poller_node_mask(nid)) &&
	    !sluice_poller_housekeeping(cpu_possible_mask))
		cpumask_copy(&poller_near, cpu_possible_mask);
}

static unsigned int sluice_poller_limit(void)
{
	unsigned int cpus = cpumask_weight_and(&poller_near, cpu_online_mask);

	return poller_number ?: max(DIV_ROUND_UP(cpus, POLLER_CPUS), 1U);
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
	poller->nid = nid;
	mutex_init(&poller->visit_lock);
	spin_lock_init(&poller->lock);
	INIT_LIST_HEAD(&poller->busy);
	task = kthread_create_on_node(sluice_poller_thread, poller, nid,
				      "sluice_poll/%d", number);
	if (IS_ERR(task)) {
		ida_free(&poller_numbers, number);
		kfree(poller);
		return ERR_CAST(task);
	}
	poller->task = task;
	/* Linux 6.14 and later would have it on all of its node as it starts */
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
	ida_free(&poller_numbers, poller->number);
	mutex_destroy(&poller->visit_lock);
	kfree(poller);
}

/* The one with the fewest slices, or a new one. */
static struct sluice_poller *sluice_poller_find(int nid)
{
	struct sluice_poller *poller, *best = NULL;
	unsigned int nr = 0;

	list_for_each_entry(poller, &poller_list, node) {
		if (poller->nid != nid)
			continue;
		nr++;
		if (!best || poller->nr_slices < best->nr_slices)
			best = poller;
	}
	sluice_poller_look_near(nid);
	return nr < sluice_poller_limit() ? sluice_poller_create(nid) : best;
}

/**
 * sluice_poll_entry_init() - prepare a slice that no poller has yet
 * @entry: to be filled
 * @sdev: the slice, with its parent and its device for DMA
 */
void sluice_poll_entry_init(struct sluice_poll_entry *entry,
			    struct sluice_dev *sdev)
{
	entry->sdev = sdev;
	INIT_LIST_HEAD(&entry->node);
	spin_lock_init(&entry->lock);
	entry->poll_us = READ_ONCE(poller_poll_us);
}

/**
 * sluice_poller_join() - find a poller for a slice
 * @entry: of a device that is being opened
 *
 * Return: 0, -ENOMEM, or -EINTR for a user that is being killed
 */
int sluice_poller_join(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller;

	sluice_window_init(&entry->window, READ_ONCE(entry->poll_us));
	entry->streak = 0;
	entry->awake = false;
	entry->polling = false;
	entry->faulted = false;
	entry->kicked = false;

	guard(mutex)(&poller_lock);
	poller = sluice_poller_find(dev_to_node(entry->sdev->dma_dev));
	if (IS_ERR(poller))
		return PTR_ERR(poller);
	poller->nr_slices++;
	entry->poller = poller;
	return 0;
}

/**
 * sluice_poller_leave() - look after a slice no more
 * @entry: of a device that is being closed; nobody has its doorbell page mapped
 *
 * No visit is going on when this returns, and none will begin.
 */
void sluice_poller_leave(struct sluice_poll_entry *entry)
{
	struct sluice_poller *poller = entry->poller;

	mutex_lock(&poller->visit_lock);
	sluice_poller_forget(entry);
	/* What is in flight now is still to be heard of. */
	if (entry->polling)
		entry->sdev->parent->ops->set_poll_mode(entry->sdev,
							SLUICE_POLL_PAUSE);
	entry->polling = false;
	/* A kick that comes later finds nobody to wake. */
	scoped_guard(spinlock_irq, &entry->lock)
		WRITE_ONCE(entry->waiting, false);
	mutex_unlock(&poller->visit_lock);

	guard(mutex)(&poller_lock);
	entry->poller = NULL;
	if (!--poller->nr_slices)
		sluice_poller_destroy(poller);
}

/**
 * sluice_poller_init() - read the parameters
 *
 * Return: 0, or -EINVAL for a list of CPUs that is none
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
