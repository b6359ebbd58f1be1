// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a slice: vectors that signal eventfds
 *
 * ioctl.c sets eventfds for the user; backends signal them. Signalling takes no
 * lock and may happen in hard interrupt context. So a vector may still be
 * signalling an eventfd that a thread has just replaced: the old eventfds are
 * freed after an RCU grace period. The thread does not wait for that, as the VMM
 * holds a lock that its vCPUs need.
 *
 * What a user can rely on: when VFIO_DEVICE_SET_IRQS has returned, no vector
 * begins to signal an old eventfd. One that was about to may still do so, for as
 * long as a processor takes for it. That interrupt is not lost: the thread that
 * signals looks at the vector once more afterwards, and signals what it finds
 * there now.
 *
 *	VMM					thread that signals
 *						finds the old eventfd
 *	replaces it, SET_IRQS returns
 *	takes what the old one has,
 *	does not look at it again
 *						signals the old one
 *						finds the new one, signals it
 *
 * Both the VMM's look and the signal take the old eventfd's lock. If the look
 * comes first, its holder had replaced the pointer before, and the thread that
 * signals, holding the lock next, sees that.
 */
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "device/device.h"

/* A user that replaces an eventfd all the time must not keep the interrupt. */
#define SLUICE_IRQS_TRIES	4

/**
 * struct sluice_irqs_batch - eventfds on their way into or out of vectors
 * @rcu: for freeing them
 * @nr: of @ctx
 * @ctx: the eventfds, NULL for none
 */
struct sluice_irqs_batch {
	struct rcu_head rcu;
	unsigned int nr;
	struct eventfd_ctx *ctx[];
};

static struct sluice_irqs_batch *sluice_irqs_batch_alloc(unsigned int nr)
{
	struct sluice_irqs_batch *batch;

	batch = kzalloc(struct_size(batch, ctx, nr), GFP_KERNEL_ACCOUNT);
	if (batch)
		batch->nr = nr;
	return batch;
}

static void sluice_irqs_batch_free(struct sluice_irqs_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++)
		if (batch->ctx[i])
			eventfd_ctx_put(batch->ctx[i]);
	kfree(batch);
}

static void sluice_irqs_batch_free_rcu(struct rcu_head *rcu)
{
	sluice_irqs_batch_free(container_of(rcu, struct sluice_irqs_batch, rcu));
}

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
	if (!irqs->trigger)
		return -ENOMEM;
	irqs->spare = NULL;
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
	irqs->trigger = NULL;
	irqs->nr = 0;
}

/* Exchange the eventfds of @batch and those of some vectors. */
static void sluice_irqs_exchange(struct sluice_irqs *irqs, unsigned int start,
				 struct sluice_irqs_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++)
		batch->ctx[i] = rcu_replace_pointer(irqs->trigger[start + i],
						    batch->ctx[i],
						    lockdep_is_held(&irqs->lock));
}

/**
 * sluice_irqs_clear() - make all vectors signal nothing
 * @irqs: the vectors
 */
void sluice_irqs_clear(struct sluice_irqs *irqs)
{
	struct sluice_irqs_batch *batch;

	mutex_lock(&irqs->lock);
	batch = irqs->spare;
	irqs->spare = NULL;
	if (batch)
		sluice_irqs_exchange(irqs, 0, batch);
	mutex_unlock(&irqs->lock);
	if (batch)
		call_rcu(&batch->rcu, sluice_irqs_batch_free_rcu);
}

static int sluice_irqs_get(struct sluice_irqs_batch *batch, const s32 *fds)
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		struct eventfd_ctx *ctx;

		if (fds[i] == -1)
			continue;
		ctx = eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
		batch->ctx[i] = ctx;
	}
	return 0;
}

/* Replace eventfds by those of @batch, which receives the old ones. */
static int sluice_irqs_replace(struct sluice_irqs *irqs, unsigned int start,
			       struct sluice_irqs_batch *batch)
{
	int ret = 0;

	mutex_lock(&irqs->lock);
	if (!irqs->spare)
		irqs->spare = sluice_irqs_batch_alloc(irqs->nr);
	if (irqs->spare)
		sluice_irqs_exchange(irqs, start, batch);
	else
		ret = -ENOMEM;
	mutex_unlock(&irqs->lock);
	return ret;
}

static int sluice_irqs_set_eventfds(struct sluice_irqs *irqs,
				    unsigned int start, unsigned int count,
				    const s32 *fds)
{
	struct sluice_irqs_batch *batch;
	int ret;

	if (!count)
		return -EINVAL;
	batch = sluice_irqs_batch_alloc(count);
	if (!batch)
		return -ENOMEM;
	ret = sluice_irqs_get(batch, fds);
	if (!ret)
		ret = sluice_irqs_replace(irqs, start, batch);
	if (ret)
		sluice_irqs_batch_free(batch);
	else
		call_rcu(&batch->rcu, sluice_irqs_batch_free_rcu);
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

/* An eventfd has been replaced while it was signalled: see the beginning */
static noinline void sluice_irqs_signal_new(struct eventfd_ctx __rcu **trigger,
					    struct eventfd_ctx *signalled)
{
	struct eventfd_ctx *ctx;
	unsigned int tries;

	for (tries = 0; tries < SLUICE_IRQS_TRIES; tries++) {
		ctx = rcu_dereference(*trigger);
		if (!ctx || ctx == signalled)
			break;
		sluice_compat_eventfd_signal(ctx);
		signalled = ctx;
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
	struct eventfd_ctx __rcu **trigger;
	struct eventfd_ctx *ctx;

	if (vector >= irqs->nr)
		return false;
	trigger = &irqs->trigger[vector];
	rcu_read_lock();
	ctx = rcu_dereference(*trigger);
	if (ctx) {
		sluice_compat_eventfd_signal(ctx);
		if (unlikely(rcu_access_pointer(*trigger) != ctx))
			sluice_irqs_signal_new(trigger, ctx);
	}
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
