// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a slice: vectors that signal eventfds
 *
 * ioctl.c sets eventfds for the user; backends signal them. Signalling takes no
 * lock and may happen in hard interrupt context. A thread that replaces
 * eventfds waits for one RCU grace period for all of them before it frees the
 * old ones: a vector may still be signalling them.
 */
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "device/device.h"

/**
 * sluice_irqs_init() - make vectors that signal nothing
 * @irqs: to be filled
 * @nr: how many
 *
 * Return: 0 or -ENOMEM
 */
int sluice_irqs_init(struct sluice_irqs *irqs, unsigned int nr)
{
	irqs->trigger = kvcalloc(nr, sizeof(*irqs->trigger), GFP_KERNEL);
	irqs->old = kvcalloc(nr, sizeof(*irqs->old), GFP_KERNEL);
	if (!irqs->trigger || !irqs->old) {
		kvfree(irqs->trigger);
		kvfree(irqs->old);
		irqs->trigger = NULL;
		return -ENOMEM;
	}
	irqs->nr = nr;
	mutex_init(&irqs->lock);
	return 0;
}

/**
 * sluice_irqs_destroy() - free vectors that no thread signals any more
 * @irqs: the vectors; sluice_irqs_init() may have failed for them
 */
void sluice_irqs_destroy(struct sluice_irqs *irqs)
{
	if (!irqs->trigger)
		return;
	sluice_irqs_clear(irqs);
	mutex_destroy(&irqs->lock);
	kvfree(irqs->trigger);
	kvfree(irqs->old);
	irqs->trigger = NULL;
	irqs->nr = 0;
}

static void sluice_irqs_put(struct eventfd_ctx **ctxs, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (ctxs[i])
			eventfd_ctx_put(ctxs[i]);
}

/* Replace the eventfds by @ctxs and put the old ones; consumes @ctxs. */
static void sluice_irqs_replace(struct sluice_irqs *irqs, unsigned int start,
				unsigned int count, struct eventfd_ctx **ctxs)
{
	bool any = false;
	unsigned int i;

	mutex_lock(&irqs->lock);
	for (i = 0; i < count; i++) {
		ctxs[i] = rcu_replace_pointer(irqs->trigger[start + i], ctxs[i],
					      lockdep_is_held(&irqs->lock));
		any = any || ctxs[i];
	}
	mutex_unlock(&irqs->lock);

	if (any)
		synchronize_rcu();
	sluice_irqs_put(ctxs, count);
}

/**
 * sluice_irqs_clear() - make all vectors signal nothing
 * @irqs: the vectors
 */
void sluice_irqs_clear(struct sluice_irqs *irqs)
{
	bool any = false;
	unsigned int i;

	mutex_lock(&irqs->lock);
	for (i = 0; i < irqs->nr; i++) {
		irqs->old[i] = rcu_replace_pointer(irqs->trigger[i], NULL,
						   lockdep_is_held(&irqs->lock));
		any = any || irqs->old[i];
	}
	if (any)
		synchronize_rcu();
	sluice_irqs_put(irqs->old, irqs->nr);
	mutex_unlock(&irqs->lock);
}

static int sluice_irqs_set_eventfds(struct sluice_irqs *irqs,
				    unsigned int start, unsigned int count,
				    const s32 *fds)
{
	struct eventfd_ctx **ctxs;
	unsigned int i;
	int ret = 0;

	if (!count)
		return -EINVAL;
	ctxs = kvcalloc(count, sizeof(*ctxs), GFP_KERNEL);
	if (!ctxs)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		struct eventfd_ctx *ctx;

		if (fds[i] == -1)
			continue;
		ctx = eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(ctx)) {
			ret = PTR_ERR(ctx);
			goto out;
		}
		ctxs[i] = ctx;
	}
	sluice_irqs_replace(irqs, start, count, ctxs);
	goto free;
out:
	sluice_irqs_put(ctxs, count);
free:
	kvfree(ctxs);
	return ret;
}

static void sluice_irqs_loopback(struct sluice_irqs *irqs, unsigned int start,
				 unsigned int count, const u8 *bools)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!bools || bools[i])
			sluice_irqs_signal(irqs, start + i);
}

/**
 * sluice_irqs_set() - do what VFIO_DEVICE_SET_IRQS asks for
 * @irqs: the vectors
 * @flags: of &struct vfio_irq_set
 * @start: first vector
 * @count: number of vectors; @start + @count is within range
 * @data: the data of the request, in the format that @flags say
 *
 * Return: 0; -ENOTTY for masking, which is not supported; -EINVAL; -EBADF or
 * -EINVAL for a bad eventfd; -ENOMEM
 */
int sluice_irqs_set(struct sluice_irqs *irqs, u32 flags, unsigned int start,
		    unsigned int count, const void *data)
{
	switch (flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		break;
	case VFIO_IRQ_SET_ACTION_MASK:
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return -ENOTTY;
	default:
		return -EINVAL;
	}

	switch (flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (!count)
			sluice_irqs_clear(irqs);
		else
			sluice_irqs_loopback(irqs, start, count, NULL);
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		if (!count)
			return -EINVAL;
		sluice_irqs_loopback(irqs, start, count, data);
		return 0;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return sluice_irqs_set_eventfds(irqs, start, count, data);
	default:
		return -EINVAL;
	}
}

/**
 * sluice_irqs_signal() - raise an interrupt
 * @irqs: the vectors
 * @vector: which one
 *
 * Context: any.
 * Return: whether there was an eventfd to signal
 */
bool sluice_irqs_signal(struct sluice_irqs *irqs, unsigned int vector)
{
	struct eventfd_ctx *ctx;

	if (vector >= irqs->nr)
		return false;
	rcu_read_lock();
	ctx = rcu_dereference(irqs->trigger[vector]);
	if (ctx)
		sluice_compat_eventfd_signal(ctx);
	rcu_read_unlock();
	return ctx;
}

/**
 * sluice_irq_signal() - raise an interrupt of a slice
 * @sdev: the attached slice
 * @vector: MSI-X vector; ignored if the guest has not set it up or if it is out
 *	of range
 *
 * Takes no lock. Must not be called before the attach operation has returned or
 * after the detach operation has returned.
 *
 * Context: any, hard interrupt included.
 */
void sluice_irq_signal(struct sluice_dev *sdev, unsigned int vector)
{
	sluice_irqs_signal(&sluice_to_vdev(sdev)->msix, vector);
}
EXPORT_SYMBOL_GPL(sluice_irq_signal);
