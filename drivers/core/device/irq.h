/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of a slice: what irq.c offers
 */
#ifndef SLUICE_IRQ_H
#define SLUICE_IRQ_H

#include <linux/mutex.h>
#include <linux/types.h>

struct eventfd_ctx;
struct sluice_irqs_batch;

/**
 * struct sluice_irqs - the vectors of one VFIO interrupt index
 * @lock: serialises changes
 * @nr: number of vectors
 * @trigger: the eventfd of each vector, NULL for none. Read under RCU
 * @spare: for the eventfds that sluice_irqs_clear() will remove, so that clearing
 *	needs no memory and cannot fail; NULL only while no vector has one
 */
struct sluice_irqs {
	struct mutex lock;
	unsigned int nr;
	struct eventfd_ctx __rcu **trigger;
	struct sluice_irqs_batch *spare;
};

int sluice_irqs_init(struct sluice_irqs *irqs, unsigned int nr);
void sluice_irqs_destroy(struct sluice_irqs *irqs);
void sluice_irqs_clear(struct sluice_irqs *irqs);
int sluice_irqs_set(struct sluice_irqs *irqs, u32 flags, unsigned int start,
		    unsigned int count, const void *data);
bool sluice_irqs_signal(struct sluice_irqs *irqs, unsigned int vector);

#endif /* SLUICE_IRQ_H */
