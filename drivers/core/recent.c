// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of guest memory that were unmapped a moment ago
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "recent.h"

/* The grace time doubles this often, to 1.28 s. */
#define RECENT_DOUBLINGS	6

/* A range that comes again this long after its grace time is new. */
#define RECENT_FORGET_MS	1000

static unsigned long recent_grace(unsigned int repeats)
{
	return msecs_to_jiffies(SLUICE_RECENT_GRACE_MS <<
				min(repeats, (unsigned int)RECENT_DOUBLINGS));
}

static bool recent_forgotten(const struct sluice_recent_range *r,
			     unsigned long now)
{
	return !r->used ||
	       (!r->active &&
		time_after(now, r->until + msecs_to_jiffies(RECENT_FORGET_MS)));
}

static struct sluice_recent_range *recent_find(struct sluice_recent *recent,
					       u64 first, u64 last,
					       unsigned long now)
{
	unsigned int i;

	for (i = 0; i < SLUICE_RECENT_RANGES; i++) {
		struct sluice_recent_range *r = &recent->range[i];

		if (!recent_forgotten(r, now) && r->first == first &&
		    r->last == last)
			return r;
	}
	return NULL;
}

/* The one to be replaced: unused, or else that whose time is up the earliest. */
static struct sluice_recent_range *recent_victim(struct sluice_recent *recent)
{
	struct sluice_recent_range *victim = NULL;
	unsigned int i;

	for (i = 0; i < SLUICE_RECENT_RANGES; i++) {
		struct sluice_recent_range *r = &recent->range[i];

		if (!r->used)
			return r;
		if (!r->active &&
		    (!victim || time_before(r->until, victim->until)))
			victim = r;
	}
	return victim;
}

/**
 * sluice_recent_begin() - note that an unmap of a range begins
 * @recent: the ranges
 * @first: first byte
 * @last: last byte
 * @now: jiffies
 *
 * Return: a handle for sluice_recent_end()
 */
unsigned int sluice_recent_begin(struct sluice_recent *recent, u64 first,
				 u64 last, unsigned long now)
{
	struct sluice_recent_range *r = recent_find(recent, first, last, now);

	if (r) {
		r->repeats++;
	} else {
		r = recent_victim(recent);
		if (r) {
			*r = (struct sluice_recent_range) {
				.first = first, .last = last, .used = true,
			};
		} else {
			/* All are going on: blocking too much is harmless. */
			r = &recent->range[0];
			r->first = min(r->first, first);
			r->last = max(r->last, last);
		}
	}
	r->active++;
	return r - recent->range;
}

/**
 * sluice_recent_end() - the unmap is through as far as we know
 * @recent: the ranges
 * @handle: from sluice_recent_begin()
 * @now: jiffies; the grace time starts here
 */
void sluice_recent_end(struct sluice_recent *recent, unsigned int handle,
		       unsigned long now)
{
	struct sluice_recent_range *r = &recent->range[handle];

	r->active--;
	r->until = now + recent_grace(r->repeats);
}

/**
 * sluice_recent_repeats() - how often a range came again
 * @recent: the ranges
 * @handle: from sluice_recent_begin()
 *
 * Return: 0 the first time
 */
unsigned int sluice_recent_repeats(const struct sluice_recent *recent,
				   unsigned int handle)
{
	return recent->range[handle].repeats;
}

static unsigned long recent_left(const struct sluice_recent_range *r,
				 unsigned long now)
{
	/* No telling how long an unmap takes: look again soon. */
	if (r->active)
		return max(1UL, msecs_to_jiffies(SLUICE_RECENT_GRACE_MS));
	return time_before(now, r->until) ? r->until - now : 0;
}

/**
 * sluice_recent_blocks() - whether pinning has to wait
 * @recent: the ranges
 * @first: first byte that would be pinned
 * @last: last byte
 * @now: jiffies
 *
 * Return: jiffies to wait before asking again, 0 where nothing is in the way
 */
unsigned long sluice_recent_blocks(const struct sluice_recent *recent,
				   u64 first, u64 last, unsigned long now)
{
	unsigned long left = 0;
	unsigned int i;

	for (i = 0; i < SLUICE_RECENT_RANGES; i++) {
		const struct sluice_recent_range *r = &recent->range[i];

		if (r->used && r->first <= last && first <= r->last)
			left = max(left, recent_left(r, now));
	}
	return left;
}
