/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of guest memory that were unmapped a moment ago
 *
 * VFIO's type1 backend drops its lock to tell drivers of an unmap, looks again
 * for pinned pages when they return, and gives up with a BUG after it has found
 * some ten times in a row. So a range just given up must not be pinned again
 * before the unmap has got that lock back. We cannot see when it has; it only
 * has to queue for it, so a moment will do.
 *
 * A range that comes again may be that, or the guest may map and unmap the same
 * addresses for each of its transfers. After some times the grace grows, until
 * it is so long that no unmap can have been waiting for it; then it starts
 * anew. Ten times in a row cannot all be lost to chance, and the guest waits a
 * few milliseconds on average.
 */
#ifndef SLUICE_RECENT_H
#define SLUICE_RECENT_H

#include <linux/types.h>

#define SLUICE_RECENT_RANGES	8

/* The grace, in jiffies, and how often it stays the same, then doubles. */
#define SLUICE_RECENT_GRACE	1
#define SLUICE_RECENT_STEADY	6
#define SLUICE_RECENT_DOUBLINGS	4

/**
 * struct sluice_recent_range - one range
 * @first: first byte
 * @last: last byte
 * @until: end of the grace time, in jiffies
 * @repeats: times that it came again within a while
 * @unfinished: times in a row that an unmap ended with pages still pinned
 * @active: unmaps of it that are going on
 * @used: there is a range here
 */
struct sluice_recent_range {
	u64 first;
	u64 last;
	unsigned long until;
	unsigned int repeats;
	unsigned int unfinished;
	unsigned int active;
	bool used;
};

/**
 * struct sluice_recent - the last few ranges
 * @range: in no order
 *
 * No locks; the caller serialises.
 */
struct sluice_recent {
	struct sluice_recent_range range[SLUICE_RECENT_RANGES];
};

unsigned int sluice_recent_begin(struct sluice_recent *recent, u64 first,
				 u64 last, unsigned long now);
void sluice_recent_end(struct sluice_recent *recent, unsigned int handle,
		       bool finished, unsigned long now);
unsigned int sluice_recent_unfinished(const struct sluice_recent *recent,
				      unsigned int handle);
unsigned long sluice_recent_blocks(const struct sluice_recent *recent,
				   u64 first, u64 last, unsigned long now);

#endif /* SLUICE_RECENT_H */
