// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel functions that the modules' objects call, in user space
 *
 * Locks use the same atomic instructions as the kernel's uncontended locks, so
 * that the figures are honest. Only one thread at a time runs the modules.
 */
#include <asm/prctl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bed.h"
#include "kernel.h"

/*
 * Data of the processor is at %gs; it begins with a pointer to the current task,
 * here all zeroes. Functions load the guard of their stack from %gs:40
 */
void thread_begin(void)
{
	static __thread char task[16384];
	static __thread void *percpu[512];

	percpu[0] = task;
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, percpu))
		bed_fail("arch_prctl", 1, 0);
}

/* Like a queued spinlock */
void _raw_spin_lock(uint32_t *lock)
{
	uint32_t unlocked = 0;

	if (!__atomic_compare_exchange_n(lock, &unlocked, 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		bed_fail("lock", unlocked, 0);
}

void _raw_spin_unlock(uint32_t *lock)
{
	__atomic_store_n((uint8_t *)lock, 0, __ATOMIC_RELEASE);
}

void _raw_spin_lock_irq(uint32_t *lock)
{
	asm volatile("nop" : : : "memory");
	_raw_spin_lock(lock);
}

void _raw_spin_unlock_irq(uint32_t *lock)
{
	_raw_spin_unlock(lock);
	asm volatile("nop" : : : "memory");
}

/* User space cannot disable interrupts: a no-op counts instead */
unsigned long _raw_spin_lock_irqsave(uint32_t *lock)
{
	unsigned long flags;

	asm volatile("pushf; pop %0; nop" : "=rm" (flags) : : "memory");
	_raw_spin_lock(lock);
	return flags;
}

void _raw_spin_unlock_irqrestore(uint32_t *lock, unsigned long flags)
{
	_raw_spin_unlock(lock);
	if (flags & 0x200)
		asm volatile("nop" : : : "memory");
}

static long self;

int mutex_trylock(long *owner)
{
	long nobody = 0;

	return __atomic_compare_exchange_n(owner, &nobody, (long)&self, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void mutex_lock(long *owner)
{
	if (!mutex_trylock(owner))
		bed_fail("mutex", *owner, 0);
}

void mutex_unlock(long *owner)
{
	long me = (long)&self;

	if (!__atomic_compare_exchange_n(owner, &me, 0, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		bed_fail("unlock", me, (long)&self);
}

/*
 * On newer processors the kernel's memcpy() is one instruction, "rep movsb",
 * but callgrind counts each repetition. Copying words comes closer to the real
 * cost, and still counts too much rather than too little.
 */
void *__wrap_memcpy(void *to, const void *from, size_t len)
{
	size_t words = len / 8, bytes = len % 8;
	void *ret = to;

	asm volatile("rep movsq; mov %3, %2; rep movsb"
		     : "+D" (to), "+S" (from), "+c" (words) : "r" (bytes)
		     : "memory");
	return ret;
}

/* The table of chunks: used only when a cursor does not know the chunk */
static void *chunks[BED_RAM_PAGES / BED_CHUNK_PAGES];

void *xa_load(void *xa, unsigned long index)
{
	return index < BED_RAM_PAGES / BED_CHUNK_PAGES ? chunks[index] : NULL;
}

void *xa_store(void *xa, unsigned long index, void *entry, unsigned int gfp)
{
	chunks[index] = entry;
	return NULL;
}

void *__kmalloc_cache_noprof(void *cache, unsigned int gfp, size_t size)
{
	return calloc(1, size);
}

void sluice_irq_signal(void *sdev, unsigned int vector)
{
}

/*
 * Lists, with the checks of CONFIG_DEBUG_LIST
 */

bool __list_add_valid_or_report(struct list *new, struct list *prev,
				struct list *next)
{
	return prev && next && next->prev == prev && prev->next == next &&
	       new != prev && new != next;
}

bool __list_del_entry_valid_or_report(struct list *entry)
{
	struct list *prev = entry->prev, *next = entry->next;

	return prev && next && prev->next == entry && next->prev == entry;
}

/* A poller that polls without pause masks the drive's interrupts */
void disable_irq_nosync(unsigned int irq)
{
}

/*
 * The functions that a fault and a poller call
 */

static int (*poller_thread)(void *data);
static void *poller_data;

void poller_run(void)
{
	poller_thread(poller_data);
}

void *kthread_create_on_node(int (*thread)(void *data), void *data, int node,
			     const char *name, ...)
{
	poller_thread = thread;
	poller_data = data;
	return &self;
}

/* Nothing is suspended here. */
bool set_freezable(void)
{
	return false;
}

int wake_up_process(void *task)
{
	return 1;
}

bool single_task_running(void)
{
	return true;
}

int __SCT__cond_resched(void)
{
	return 0;
}

void __mutex_init(long *owner, const char *name, void *key)
{
}

int vm_insert_page(void *vma, unsigned long addr, void *page)
{
	return 0;
}
