// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: interrupts of a guest's completion queues
 *
 * One interrupt tells the guest of all entries written so far. A guest can ask
 * for fewer interrupts (Interrupt Coalescing, NVMe 1.4, 5.21.1.8): then an
 * interrupt waits until a number of entries is written or a time is over.
 * Interrupts of the admin queue never wait, and neither do those of a vector
 * for which the guest has set Coalescing Disable (5.21.1.9).
 */
#include <linux/bitfield.h>
#include <linux/ktime.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

/* Feature 08h: zero-based number of entries, and units of 100 us */
#define SLUICE_COALESCE_THR	GENMASK(7, 0)
#define SLUICE_COALESCE_TIME	GENMASK(15, 8)
#define SLUICE_COALESCE_UNIT_NS	(100 * NSEC_PER_USEC)

static enum hrtimer_restart sluice_virq_timer(struct hrtimer *timer)
{
	struct sluice_vcq *vcq = container_of(timer, struct sluice_vcq, timer);
	bool signal;

	scoped_guard(spinlock_irqsave, &vcq->lock) {
		signal = vcq->posted && vcq->live;
		vcq->posted = 0;
		vcq->timer_armed = false;
	}
	if (signal)
		sluice_vctrl_irq_signal(vcq->vctrl, vcq->vector);
	return HRTIMER_NORESTART;
}

/**
 * sluice_virq_init() - prepare a completion queue that does not exist yet
 * @vcq: completion queue
 */
void sluice_virq_init(struct sluice_vcq *vcq)
{
	hrtimer_setup(&vcq->timer, sluice_virq_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
}

/**
 * sluice_virq_configure() - apply the guest's features to a completion queue
 * @vcq: completion queue, its lock held
 */
void sluice_virq_configure(struct sluice_vcq *vcq)
{
	const struct sluice_vfeat *feat = &vcq->vctrl->feat;
	u32 thr = FIELD_GET(SLUICE_COALESCE_THR, feat->irq_coalesce);
	u32 time = FIELD_GET(SLUICE_COALESCE_TIME, feat->irq_coalesce);

	lockdep_assert_held(&vcq->lock);
	if (!vcq->id || !time ||
	    feat->irq_config[vcq->vector] & SLUICE_IRQ_CONFIG_CD)
		thr = 0;
	vcq->coalesce = thr;
	vcq->coalesce_ns = (u64)time * SLUICE_COALESCE_UNIT_NS;
}

/**
 * sluice_virq_configure_all() - the features have changed
 * @vctrl: controller, its admin lock held
 */
void sluice_virq_configure_all(struct sluice_vctrl *vctrl)
{
	unsigned int i;

	for (i = 0; i <= vctrl->nr_qpairs; i++) {
		guard(spinlock_irqsave)(&vctrl->cqs[i].lock);
		if (vctrl->cqs[i].live)
			sluice_virq_configure(&vctrl->cqs[i]);
	}
}

/**
 * sluice_virq_stop() - no timer of a queue runs or will run
 * @vcq: completion queue that is not live any more
 */
void sluice_virq_stop(struct sluice_vcq *vcq)
{
	hrtimer_cancel(&vcq->timer);
	vcq->timer_armed = false;
}

static bool sluice_virq_wait(struct sluice_vcq *vcq)
{
	if (!vcq->timer_armed)
		hrtimer_start(&vcq->timer, ns_to_ktime(vcq->coalesce_ns),
			      HRTIMER_MODE_REL);
	vcq->timer_armed = true;
	return false;
}

/**
 * sluice_virq_due() - is the guest to be told of the entries written now?
 * @vcq: completion queue, its lock held
 *
 * Return: true if the caller has to raise the interrupt; it may release the
 * lock before that.
 */
bool sluice_virq_due(struct sluice_vcq *vcq)
{
	lockdep_assert_held(&vcq->lock);

	if (!vcq->irq_enabled)
		vcq->posted = 0;
	if (!vcq->posted)
		return false;
	if (vcq->posted <= vcq->coalesce)
		return sluice_virq_wait(vcq);
	vcq->posted = 0;
	return true;
}
