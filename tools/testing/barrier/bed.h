/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the parts of the program: bed.c includes the kernel's
 * headers, barrier.c those of user space. Both include <stdbool.h> before.
 */
#ifndef SLUICE_BARRIER_BED_H
#define SLUICE_BARRIER_BED_H

/**
 * struct bed_race - two threads, of which one must see what the other does
 * @name: what is at stake
 * @prepare: before each round, with the number of the round
 * @left: what one thread does
 * @right: what the other one does at the same time
 * @lost: after a round: neither thread has seen the other, and nobody comes
 *	again
 */
struct bed_race {
	const char *name;
	void (*prepare)(unsigned int round);
	void (*left)(unsigned int round);
	void (*right)(unsigned int round);
	bool (*lost)(void);
};

/* bed.c; the last one has no name */
extern const struct bed_race bed_races[];
void bed_init(void);

/* bed.c, for barrier.c: a thread has just taken the queue's lock */
void bed_locked(bool left);

#endif /* SLUICE_BARRIER_BED_H */
