/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of guest memory that were unmapped a moment ago
 *
 * iova.c and iova_pin.c use this to delay pinning. Without the delay (the
 * grace), VFIO's type1 backend can end in a BUG:
 *
 *	VFIO, thread that unmaps	guest I/O
 *	drops its lock, calls us:
 *	we unpin the range
 *	waits for its lock		touches the range: we pin it
 *	has its lock: finds a pinned
 *	page, starts again;
 *	BUG after ten times in a row
 *
 * So we must not pin a range again until VFIO has its lock back. We cannot see
 * when that is. VFIO only has to queue for the lock, so a short grace is
 * enough.
 *
 * When the same range is unmapped again, either VFIO has started again, or the
 * guest maps and unmaps the same addresses for each transfer. We cannot tell
 * which. So the grace is one jiffy for SLUICE_RECENT_STEADY unmaps in a row, then
 * it is SLUICE_RECENT_GRACE_MS, doubled after each, SLUICE_RECENT_DOUBLINGS times
 * in all, and then one jiffy again. VFIO's ten attempts always include the longest
 * grace, which is longer than any wait for the lock. The guest waits a few
 * milliseconds on average.
 *
 * VFIO tells the slices of one container one after another; the grace for all of
 * them starts when the last has been told (see space.c).
 */
#ifndef SLUICE_RECENT_H
#define SLUICE_RECENT_H

#include <linux/types.h>

#define SLUICE_RECENT_RANGES	8

/* How often the grace is a jiffy; how long it is then; how often it changes */
#define SLUICE_RECENT_STEADY	6
#define SLUICE_RECENT_GRACE_MS	8
#define SLUICE_RECENT_DOUBLINGS	4

/**
 * struct sluice_recent_range - one range
 * @first: first byte
 * @last: last byte
 * @until: end of the grace time, in jiffies
 * @repeats: how often a slice heard within a short time that the range is unmapped
 *	again
 * @unfinished: how often a slice still had pages pinned then, since @finished
 *	was as large as the number of slices
 * @finished: how often in a row it had none
 * @active: unmaps of the range in progress
 * @used: this entry holds a range
 */
struct sluice_recent_range {
	u64 first;
	u64 last;
	unsigned long until;
	unsigned int repeats;
	unsigned int unfinished;
	unsigned int finished;
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
		       bool finished, unsigned int slices, unsigned long now);
unsigned int sluice_recent_unfinished(const struct sluice_recent *recent,
				      unsigned int handle);
unsigned long sluice_recent_blocks(const struct sluice_recent *recent,
				   u64 first, u64 last, unsigned long now);

#endif /* SLUICE_RECENT_H */
