/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions that the modules' objects call on the path of an I/O, besides
 * those in lib/objects.h, and a few more for the set-up
 */
#ifndef SLUICE_COUNT_KERNEL_H
#define SLUICE_COUNT_KERNEL_H

#include "../lib/objects.h"

/* Each thread calls this before it calls the objects */
void thread_begin(void);

void *__wrap_memcpy(void *to, const void *from, size_t len);
void *xa_load(void *xa, unsigned long index);
void *xa_store(void *xa, unsigned long index, void *entry, unsigned int gfp);
void *__kmalloc_cache_noprof(void *cache, unsigned int gfp, size_t size);

void disable_irq_nosync(unsigned int irq);

/* From the core; the interrupt itself is not counted */
void sluice_irq_signal(void *sdev, unsigned int vector);

#endif /* SLUICE_COUNT_KERNEL_H */
