/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a poller without a thread, for its KUnit tests
 *
 * The tests make its visits, at a time of their own. The backend is made up.
 */
#ifndef SLUICE_PFAKE_TEST_H
#define SLUICE_PFAKE_TEST_H

#include <kunit/test.h>
#include <linux/list.h>

#include "core.h"
#include "poll/poller.h"

#define US	((u64)NSEC_PER_USEC)
#define START	(10000 * US)	/* long after anything else */
#define LIMIT	500u		/* the slices' poll_us */
#define SLICES	3

/**
 * struct pfake_slice - a slice with a made-up backend
 * @sdev: the slice
 * @entry: what the poller keeps of it
 * @name: a letter
 * @work: bit n: the poll after n more finds work
 * @takes: nanoseconds of a poll
 * @idle: the device has no command, so %SLUICE_POLL_DEVICE is refused
 * @kicks: the device completes a command during the next poll
 * @wakes: a slice that wakes during the next poll, or NULL
 * @calls: polls (p) and set_poll_mode: Doorbell, Wait, Pause, Spin
 */
struct pfake_slice {
	struct sluice_dev sdev;
	struct sluice_poll_entry entry;
	char name;
	u32 work;
	u64 takes;
	bool idle;
	bool kicks;
	struct pfake_slice *wakes;
	char calls[32];
};

/**
 * struct pfake - a poller without a thread
 * @parent: the parent of its slices
 * @ops: their backend
 * @poller: the poller
 * @slices: the slices
 * @now: the time
 * @reads: how often the poller has asked for it
 * @alone: no other task wants this CPU
 * @order: the names of the slices that were polled
 * @budget: what the backend was told last
 */
struct pfake {
	struct sluice_parent parent;
	struct sluice_parent_ops ops;
	struct sluice_poller poller;
	struct pfake_slice slices[SLICES];
	u64 now;
	unsigned int reads;
	bool alone;
	char order[32];
	unsigned int budget;
};

/* The init of each suite; the poller is the test's priv */
int pfake_init(struct kunit *test);

/* Append a letter, if there is room. */
void pfake_note(char *text, size_t size, char letter);

/* A slice that has just woken, and has had a visit with work */
struct pfake_slice *pfake_busy(struct pfake *f);

/* Make a visit after @us microseconds. */
bool pfake_visit_at(struct pfake *f, u64 us);

/* Several visits at a time, but fewer if another task wants this CPU */
void pfake_visit_often(struct pfake *f, size_t times);

/* What the poller's timer does after @us microseconds */
u64 pfake_check_at(struct pfake *f, u64 us);

/* What the backend has been called for since the last time */
void pfake_expect_calls(struct kunit *test, struct pfake_slice *s,
			const char *calls);

static inline bool pfake_listed(struct pfake_slice *s)
{
	return !list_empty(&s->entry.node);
}

#endif /* SLUICE_PFAKE_TEST_H */
