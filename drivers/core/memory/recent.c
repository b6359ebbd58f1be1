// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of guest memory that were unmapped a moment ago
 *
 * Remembers the last few ranges and says how long pinning must wait. See
 * recent.h for the reason.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "memory/recent.h"

/* A range that is unmapped again this long after its grace counts as new. */
#define RECENT_FORGET_MS	1000

/* In jiffies: no less than the milliseconds, also when a tick is about to come */
static unsigned long sluice_recent_grace(unsigned int repeats)
{
	unsigned int turn = repeats % (SLUICE_RECENT_STEADY +
				       SLUICE_RECENT_DOUBLINGS);

	if (turn < SLUICE_RECENT_STEADY)
		return 1;
	turn -= SLUICE_RECENT_STEADY;
	return msecs_to_jiffies(SLUICE_RECENT_GRACE_MS << turn) + 1;
}

static bool sluice_recent_forgotten(const struct sluice_recent_range *r,
				    unsigned long now)
{
	return !r->used ||
	       (!r->active &&
		time_after(now, r->until + msecs_to_jiffies(RECENT_FORGET_MS)));
}

static struct sluice_recent_range *
sluice_recent_find(struct sluice_recent *recent, u64 first, u64 last,
		   unsigned long now)
{
	unsigned int i;

	for (i = 0; i < SLUICE_RECENT_RANGES; i++) {
		struct sluice_recent_range *r = &recent->range[i];

		if (!sluice_recent_forgotten(r, now) && r->first == first &&
		    r->last == last)
			return r;
	}
	return NULL;
}

/* The entry to replace: an unused one, or the one whose grace ends first. */
static struct sluice_recent_range *
sluice_recent_victim(struct sluice_recent *recent)
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
 * Each slice of the user calls this for the same unmap.
 *
 * Return: a handle for sluice_recent_end()
 */
unsigned int sluice_recent_begin(struct sluice_recent *recent, u64 first,
				 u64 last, unsigned long now)
{
	struct sluice_recent_range *r =
		sluice_recent_find(recent, first, last, now);

	if (r) {
		r->repeats++;
	} else {
		r = sluice_recent_victim(recent);
		if (r) {
			*r = (struct sluice_recent_range) {
				.first = first, .last = last, .until = now,
				.used = true,
			};
		} else {
			/* All are in progress: widen one, which is harmless. */
			r = &recent->range[0];
			r->first = min(r->first, first);
			r->last = max(r->last, last);
		}
	}
	r->active++;
	return r - recent->range;
}

/**
 * sluice_recent_end() - note that one slice's part of an unmap has ended
 * @recent: the ranges
 * @handle: from sluice_recent_begin()
 * @finished: no page of the range is pinned any more
 * @slices: how many slices hear of each unmap, at least 1
 * @now: jiffies; the grace starts here
 */
void sluice_recent_end(struct sluice_recent *recent, unsigned int handle,
		       bool finished, unsigned int slices, unsigned long now)
{
	struct sluice_recent_range *r = &recent->range[handle];
	unsigned long until = now + sluice_recent_grace(r->repeats / slices);

	r->active--;
	r->finished = finished ? r->finished + 1 : 0;
	if (!finished)
		r->unfinished++;
	else if (r->finished >= slices)
		r->unfinished = 0;
	/* The grace for another slice may be longer */
	if (time_after(until, r->until))
		r->until = until;
}

/**
 * sluice_recent_unfinished() - how often an unmap left pages pinned
 * @recent: the ranges
 * @handle: from sluice_recent_begin()
 *
 * Return: the number of such unmaps since all slices were finished in a row
 */
unsigned int sluice_recent_unfinished(const struct sluice_recent *recent,
				      unsigned int handle)
{
	return recent->range[handle].unfinished;
}

static unsigned long sluice_recent_left(const struct sluice_recent_range *r,
					unsigned long now)
{
	/* Nobody knows how long an unmap takes: look again soon. */
	if (r->active)
		return 1;
	return time_before(now, r->until) ? r->until - now : 0;
}

/**
 * sluice_recent_blocks() - whether pinning must wait
 * @recent: the ranges
 * @first: first byte to be pinned
 * @last: last byte
 * @now: jiffies
 *
 * Return: jiffies to wait before asking again, 0 if pinning is allowed now
 */
unsigned long sluice_recent_blocks(const struct sluice_recent *recent,
				   u64 first, u64 last, unsigned long now)
{
	unsigned long left = 0;
	unsigned int i;

	for (i = 0; i < SLUICE_RECENT_RANGES; i++) {
		const struct sluice_recent_range *r = &recent->range[i];

		if (r->used && r->first <= last && first <= r->last)
			left = max(left, sluice_recent_left(r, now));
	}
	return left;
}
