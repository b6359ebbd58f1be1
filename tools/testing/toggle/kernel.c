// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel functions that the core calls while it polls, with threads of user
 * space
 */
#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "kernel.h"

#define TASK_BYTES	32768	/* more than the size of a task_struct */
#define NS_PER_S	1000000000ll

/**
 * struct task - a kernel thread
 * @bytes: take the place of the task_struct
 * @thread: thread
 * @lock: protects the task's state against other threads
 * @woken: the state, @go or @stop was changed
 * @function: function that the thread runs
 * @data: argument of @function
 * @go: the thread may begin
 * @stop: the thread must end
 */
struct task {
	char bytes[TASK_BYTES];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	int (*function)(void *data);
	void *data;
	bool go;
	bool stop;
};

static __thread struct task *current;
static __thread uint32_t dice;

static uint32_t throw_dice(void)
{
	dice = dice * 1664525 + 1013904223;
	return dice >> 16;
}

/* At these points another thread may run, and sometimes does. */
static void let_others(void)
{
	uint32_t n = throw_dice();

	if (!(n % 64))
		sched_yield();
	if (!(n % 1024))
		usleep(n % 100);
}

/*
 * Locks
 */

void _raw_spin_lock(uint32_t *lock)
{
	uint32_t unlocked;

	let_others();
	for (;;) {
		unlocked = 0;
		if (__atomic_compare_exchange_n(lock, &unlocked, 1, false,
						__ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return;
		sched_yield();
	}
}

void _raw_spin_unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	let_others();
}

void _raw_spin_lock_irq(uint32_t *lock)
{
	_raw_spin_lock(lock);
}

void _raw_spin_unlock_irq(uint32_t *lock)
{
	_raw_spin_unlock(lock);
}

unsigned long _raw_spin_lock_irqsave(uint32_t *lock)
{
	_raw_spin_lock(lock);
	return 0;
}

void _raw_spin_unlock_irqrestore(uint32_t *lock, unsigned long flags)
{
	_raw_spin_unlock(lock);
}

void __mutex_init(long *owner, const char *name, void *key)
{
	*owner = 0;
}

int mutex_trylock(long *owner)
{
	long nobody = 0;

	return __atomic_compare_exchange_n(owner, &nobody, 1, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void mutex_lock(long *owner)
{
	while (!mutex_trylock(owner))
		sched_yield();
}

void mutex_unlock(long *owner)
{
	__atomic_store_n(owner, 0, __ATOMIC_RELEASE);
	let_others();
}

/*
 * Lists, with the checks of CONFIG_DEBUG_LIST
 */

bool __list_add_valid_or_report(struct list *new, struct list *prev,
				struct list *next)
{
	if (next->prev == prev && prev->next == next && new != prev && new != next)
		return true;
	bed_fail("a list is broken (add)");
	return false;
}

bool __list_del_entry_valid_or_report(struct list *entry)
{
	if (entry->prev->next == entry && entry->next->prev == entry)
		return true;
	bed_fail("a list is broken (delete)");
	return false;
}

/* Random */
bool single_task_running(void)
{
	return throw_dice() % 2;
}

/*
 * Time and threads
 */

int64_t ktime_get(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/*
 * Each thread has separate per-CPU data. The data begins with the current task;
 * functions load the guard of their stack from %gs:40.
 */
void thread_begin(void)
{
	static __thread void *percpu[512];

	percpu[0] = current ?: calloc(1, sizeof(*current));
	if (!percpu[0] || syscall(SYS_arch_prctl, ARCH_SET_GS, percpu))
		bed_fail("no %gs");
}

static void *task_run(void *data)
{
	struct task *task = data;

	current = task;
	thread_begin();
	pthread_mutex_lock(&task->lock);
	while (!task->go)
		pthread_cond_wait(&task->woken, &task->lock);
	pthread_mutex_unlock(&task->lock);
	task->function(task->data);
	return NULL;
}

void *kthread_create_on_node(int (*thread)(void *data), void *data, int node,
			     const char *name, ...)
{
	struct task *task = calloc(1, sizeof(*task));
	pthread_condattr_t attr;

	if (!task)
		bed_fail("no memory");
	task->function = thread;
	task->data = data;
	pthread_mutex_init(&task->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&task->woken, &attr);
	if (pthread_create(&task->thread, NULL, task_run, task))
		bed_fail("no thread");
	return task;
}

bool kthread_should_stop(void)
{
	return __atomic_load_n(&current->stop, __ATOMIC_SEQ_CST);
}

/* Nothing is suspended here. */
bool set_freezable(void)
{
	return false;
}

bool kthread_freezable_should_stop(bool *was_frozen)
{
	return kthread_should_stop();
}

int wake_up_process(void *data)
{
	struct task *task = data;

	pthread_mutex_lock(&task->lock);
	task->go = true;
	__atomic_store_n(bed_task_state(task), 0, __ATOMIC_SEQ_CST);
	pthread_cond_signal(&task->woken);
	pthread_mutex_unlock(&task->lock);
	return 1;
}

int kthread_stop(void *data)
{
	struct task *task = data;

	__atomic_store_n(&task->stop, true, __ATOMIC_SEQ_CST);
	wake_up_process(task);
	pthread_join(task->thread, NULL);
	free(task);
	return 0;
}

/* Sleeps until another thread changes the state back, or until @due */
int schedule_hrtimeout(int64_t *due, int mode)
{
	struct task *task = current;
	struct timespec ts = { };

	if (due) {
		ts.tv_sec = *due / NS_PER_S;
		ts.tv_nsec = *due % NS_PER_S;
	}
	pthread_mutex_lock(&task->lock);
	while (__atomic_load_n(bed_task_state(task), __ATOMIC_SEQ_CST)) {
		if (!due)
			pthread_cond_wait(&task->woken, &task->lock);
		else if (pthread_cond_timedwait(&task->woken, &task->lock, &ts))
			break;
	}
	__atomic_store_n(bed_task_state(task), 0, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&task->lock);
	return 0;
}

int __SCT__cond_resched(void)
{
	sched_yield();
	return 0;
}
