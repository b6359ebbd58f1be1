/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel functions that the modules' objects call in user-space programs,
 * see objects.sh. In structures of the kernel the functions use only the first
 * member.
 *
 * Each program has its own locks, lists, time and threads.
 */
#ifndef SLUICE_OBJECTS_H
#define SLUICE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
	struct list *next, *prev;
};

/* Defined in objects.c */
extern unsigned int nr_cpu_ids;
extern unsigned long __cpu_possible_mask[1024 / 8];
extern unsigned long __cpu_online_mask[1024 / 8];

/* The objects only calculate with these */
extern unsigned long vmemmap_base;
extern unsigned long page_offset_base;
extern void *kmalloc_caches[1024];

void *__kmalloc_cache_node_noprof(void *cache, unsigned int gfp, int node,
				  size_t size);
void kfree(void *p);
int ida_alloc_range(void *ida, unsigned int min, unsigned int max,
		    unsigned int gfp);
void ida_free(void *ida, unsigned int id);
unsigned int __bitmap_weight_and(const unsigned long *a, const unsigned long *b,
				 unsigned int nr);
void __rcu_read_lock(void);
void __rcu_read_unlock(void);
bool __bitmap_equal(const unsigned long *a, const unsigned long *b,
		    unsigned int nr);
unsigned long _find_first_bit(const unsigned long *bits, unsigned long nr);
unsigned long _find_next_bit(const unsigned long *bits, unsigned long nr,
			     unsigned long start);
bool housekeeping_test_cpu(int cpu, int type);
bool cpuset_cpu_is_isolated(int cpu);
int set_cpus_allowed_ptr(void *task, const void *cpus);
void hrtimer_start_range_ns(void *timer, int64_t time, uint64_t range, int mode);
int hrtimer_cancel(void *timer);
void hrtimer_init(void *timer, int clock, int mode);

/* Defined in each program */
void _raw_spin_lock(uint32_t *lock);
void _raw_spin_unlock(uint32_t *lock);
void _raw_spin_lock_irq(uint32_t *lock);
void _raw_spin_unlock_irq(uint32_t *lock);
unsigned long _raw_spin_lock_irqsave(uint32_t *lock);
void _raw_spin_unlock_irqrestore(uint32_t *lock, unsigned long flags);
void __mutex_init(long *owner, const char *name, void *key);
int mutex_trylock(long *owner);
void mutex_lock(long *owner);
void mutex_unlock(long *owner);

bool __list_add_valid_or_report(struct list *new, struct list *prev,
				struct list *next);
bool __list_del_entry_valid_or_report(struct list *entry);

int64_t ktime_get(void);
bool single_task_running(void);
int __SCT__cond_resched(void);
void *kthread_create_on_node(int (*thread)(void *data), void *data, int node,
			     const char *name, ...);
bool kthread_should_stop(void);
bool kthread_freezable_should_stop(bool *was_frozen);
bool set_freezable(void);
int wake_up_process(void *task);
int vm_insert_page(void *vma, unsigned long addr, void *page);

#endif /* SLUICE_OBJECTS_H */
