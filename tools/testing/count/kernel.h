/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the modules' objects call on the path of an I/O, and a little more that
 * bringing them up takes. Where the kernel has a structure, its first member is
 * all that is looked at.
 */
#ifndef SLUICE_COUNT_KERNEL_H
#define SLUICE_COUNT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
	struct list *next, *prev;
};

extern unsigned int nr_cpu_ids;
extern unsigned long __cpu_possible_mask[1024 / 8];

/* Only ever turned into each other, by arithmetic */
extern unsigned long vmemmap_base;
extern unsigned long page_offset_base;
extern void *kmalloc_caches[1024];

void _raw_spin_lock(uint32_t *lock);
void _raw_spin_unlock(uint32_t *lock);
unsigned long _raw_spin_lock_irqsave(uint32_t *lock);
void _raw_spin_unlock_irqrestore(uint32_t *lock, unsigned long flags);
void _raw_spin_lock_irq(uint32_t *lock);
void _raw_spin_unlock_irq(uint32_t *lock);
int mutex_trylock(long *owner);
void mutex_lock(long *owner);
void mutex_unlock(long *owner);

void *__wrap_memcpy(void *to, const void *from, size_t len);
void *xa_load(void *xa, unsigned long index);
void *xa_store(void *xa, unsigned long index, void *entry, unsigned int gfp);
void __rcu_read_lock(void);
void __rcu_read_unlock(void);
void *__kmalloc_cache_noprof(void *cache, unsigned int gfp, size_t size);

bool __list_add_valid_or_report(struct list *new, struct list *prev,
				struct list *next);
bool __list_del_entry_valid_or_report(struct list *entry);

void *kthread_create_on_node(int (*thread)(void *data), void *data, int node,
			     const char *name, ...);
bool kthread_should_stop(void);
int set_cpus_allowed_ptr(void *task, const void *cpus);
int wake_up_process(void *task);
bool single_task_running(void);
int __SCT__cond_resched(void);
int64_t ktime_get(void);
void __mutex_init(long *owner, const char *name, void *key);
void *__kmalloc_cache_node_noprof(void *cache, unsigned int gfp, int node,
				  size_t size);
unsigned int __bitmap_weight(const unsigned long *bits, unsigned int nr);
unsigned long _find_first_bit(const unsigned long *bits, unsigned long nr);
int vm_insert_page(void *vma, unsigned long addr, void *page);

/* Of the core: the interrupt itself does not count */
void sluice_irq_signal(void *sdev, unsigned int vector);

#endif /* SLUICE_COUNT_KERNEL_H */
