/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of guest memory that were unmapped a moment ago
 *
 * VFIO's type1 backend drops its lock to tell drivers of an unmap, looks again
 * for pinned pages when they return, and gives up with a BUG after it has found
 * some ten times. So a range just given up must not be pinned again until the
 * unmap is surely through: for a grace time, longer each time it comes again.
 */
#ifndef SLUICE_RECENT_H
#define SLUICE_RECENT_H

#include <linux/types.h>

#define SLUICE_RECENT_RANGES	8
#define SLUICE_RECENT_GRACE_MS	20

/**
 * struct sluice_recent_range - one range
 * @first: first byte
 * @last: last byte
 * @until: end of the grace time, in jiffies
 * @repeats: times that it came again within a while
 * @active: unmaps of it that are going on
 * @used: there is a range here
 */
struct sluice_recent_range {
	u64 first;
	u64 last;
	unsigned long until;
	unsigned int repeats;
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
		       unsigned long now);
unsigned int sluice_recent_repeats(const struct sluice_recent *recent,
				   unsigned int handle);
unsigned long sluice_recent_blocks(const struct sluice_recent *recent,
				   u64 first, u64 last, unsigned long now);

#endif /* SLUICE_RECENT_H */
