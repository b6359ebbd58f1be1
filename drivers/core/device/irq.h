/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of a slice: what irq.c offers
 */
#ifndef SLUICE_IRQ_H
#define SLUICE_IRQ_H

#include <linux/mutex.h>
#include <linux/types.h>

struct eventfd_ctx;

/**
 * struct sluice_irqs - the vectors of one VFIO interrupt index
 * @lock: serialises changes
 * @nr: number of vectors
 * @trigger: the eventfd of each vector, NULL for none. Read under RCU
 * @old: space for the eventfds that sluice_irqs_clear() removes, so that
 *	clearing needs no memory and cannot fail
 */
struct sluice_irqs {
	struct mutex lock;
	unsigned int nr;
	struct eventfd_ctx __rcu **trigger;
	struct eventfd_ctx **old;
};

int sluice_irqs_init(struct sluice_irqs *irqs, unsigned int nr);
void sluice_irqs_destroy(struct sluice_irqs *irqs);
void sluice_irqs_clear(struct sluice_irqs *irqs);
int sluice_irqs_set(struct sluice_irqs *irqs, u32 flags, unsigned int start,
		    unsigned int count, const void *data);
bool sluice_irqs_signal(struct sluice_irqs *irqs, unsigned int vector);

#endif /* SLUICE_IRQ_H */
