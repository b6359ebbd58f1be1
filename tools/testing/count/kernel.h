/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the modules' objects call on the path of an I/O, and a little more that
 * bringing them up takes. Where the kernel has a structure, its first member is
 * all that is looked at.
 */
#ifndef SLUICE_COUNT_KERNEL_H
#define SLUICE_COUNT_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* Only ever turned into each other, by arithmetic */
extern unsigned long vmemmap_base;
extern unsigned long page_offset_base;
extern void *kmalloc_caches[1024];

void _raw_spin_lock(uint32_t *lock);
void _raw_spin_unlock(uint32_t *lock);
unsigned long _raw_spin_lock_irqsave(uint32_t *lock);
void _raw_spin_unlock_irqrestore(uint32_t *lock, unsigned long flags);
int mutex_trylock(long *owner);
void mutex_unlock(long *owner);

void *__wrap_memcpy(void *to, const void *from, size_t len);
void *xa_load(void *xa, unsigned long index);
void *xa_store(void *xa, unsigned long index, void *entry, unsigned int gfp);
void __rcu_read_lock(void);
void __rcu_read_unlock(void);
void *__kmalloc_cache_noprof(void *cache, unsigned int gfp, size_t size);

/* Of the core: the interrupt itself does not count */
void sluice_irq_signal(void *sdev, unsigned int vector);

#endif /* SLUICE_COUNT_KERNEL_H */
