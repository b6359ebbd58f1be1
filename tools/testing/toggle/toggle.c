// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users that are busy and idle by turns, on slices of one poller: is each of their
 * doorbells seen? And while others never end, is it seen as soon as they allow?
 *
 * usage: toggle ROUNDS
 *
 * Each user stores the next number, waits until the poller has seen it, and pauses
 * for a time that is now shorter and now longer than the window. Then all but one
 * are busy all the time, and this one is idle after each doorbell. Prints what was
 * done; the exit status is 0 when nothing was lost and no busy slice came before its
 * turn.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "kernel.h"

#define LOST_NS		(20 * 1000000000ll)

/* Who is idle now and then; for so many of the rounds the others are busy */
#define MODEST		(BED_SLICES - 1)
#define SHARED		10

/**
 * struct user - who rings a slice's doorbell
 * @slice: the slice
 * @rounds: how often
 * @thread: thread
 * @page: protects @mapped, and a store while it is
 * @mapped: the page is there
 */
struct user {
	unsigned int slice;
	unsigned int rounds;
	pthread_t thread;
	pthread_mutex_t page;
	bool mapped;
};

static struct user users[BED_SLICES];
static bool finished;

void bed_fail(const char *what)
{
	fprintf(stderr, "toggle: %s\n", what);
	exit(1);
}

/*
 * The user's page table
 */

int vm_insert_page(void *vma, unsigned long addr, void *page)
{
	struct user *user = &users[addr >> 12];
	bool there;

	pthread_mutex_lock(&user->page);
	there = user->mapped;
	user->mapped = true;
	pthread_mutex_unlock(&user->page);
	return there ? -16 : 0;	/* EBUSY */
}

void unmap_mapping_range(void *mapping, int64_t start, int64_t len, int even)
{
	struct user *user = &users[bed_slice_of(mapping)];

	pthread_mutex_lock(&user->page);
	user->mapped = false;
	pthread_mutex_unlock(&user->page);
}

static bool try_store(struct user *user, unsigned int value)
{
	bool mapped;

	pthread_mutex_lock(&user->page);
	mapped = user->mapped;
	if (mapped)
		bed_store(user->slice, value);
	pthread_mutex_unlock(&user->page);
	return mapped;
}

static void store(struct user *user, unsigned int value)
{
	while (!try_store(user, value))
		bed_fault(user->slice);
}

/*
 * Users
 */

static void await(struct user *user, unsigned int value)
{
	int64_t end = ktime_get() + LOST_NS;

	while (bed_seen(user->slice) != value) {
		if (ktime_get() > end)
			bed_fail("a doorbell is lost");
		sched_yield();
	}
}

static void pause_ns(int64_t ns)
{
	int64_t end = ktime_get() + ns;

	while (ktime_get() < end)
		sched_yield();
}

static void *use(void *data)
{
	static const unsigned int windows[] = { 0, 10, 30 };
	struct user *user = data;
	unsigned int i, seed = user->slice;

	thread_begin();
	for (i = 1; i <= user->rounds; i++) {
		store(user, i);
		await(user, i);
		/* what follows at once is waited for 20 us */
		pause_ns(rand_r(&seed) % 45000);
		if (i % 1000 == 0)
			bed_set_poll_us(user->slice, windows[i / 1000 % 3]);
	}
	return NULL;
}

/* The devices complete something, at any time */
static void *kick(void *data)
{
	unsigned int seed = 1;

	thread_begin();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		bed_kick(rand_r(&seed) % BED_SLICES);
		usleep(rand_r(&seed) % 200);
	}
	return NULL;
}

/*
 * Fairness
 */

/*
 * Of so many doorbells, how many wait for more than a visit that is going on and one
 * of each busy slice? Those that come while the slice is about to be let go may:
 * then the poller does not wait for whoever has the page, but comes again later.
 */
static unsigned int share(unsigned int first, unsigned int rounds)
{
	unsigned int i, begin, late = 0;

	for (i = 0; i < MODEST; i++) {
		bed_be_busy(i);
		store(&users[i], 0);
	}
	bed_set_poll_us(MODEST, 0);
	bed_be_restless(MODEST);
	for (i = first; i < first + rounds; i++) {
		store(&users[MODEST], i);
		begin = bed_visits();
		await(&users[MODEST], i);
		/* less than nothing, when it was seen before we looked */
		late += (int)(bed_seen_at(MODEST) - begin) > 1 + (int)MODEST;
	}
	return late;
}

int main(int argc, char **argv)
{
	unsigned int i, late, rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	unsigned long faults = 0;
	int64_t begin = ktime_get();
	pthread_t kicker;

	if (!rounds)
		bed_fail("usage: toggle ROUNDS");
	thread_begin();
	for (i = 0; i < BED_SLICES; i++) {
		users[i].slice = i;
		users[i].rounds = rounds;
		pthread_mutex_init(&users[i].page, NULL);
		bed_open(i, 0);
	}
	pthread_create(&kicker, NULL, kick, NULL);
	for (i = 0; i < BED_SLICES; i++)
		pthread_create(&users[i].thread, NULL, use, &users[i]);
	for (i = 0; i < BED_SLICES; i++)
		pthread_join(users[i].thread, NULL);
	__atomic_store_n(&finished, true, __ATOMIC_RELAXED);
	pthread_join(kicker, NULL);
	late = share(rounds + 1, rounds / SHARED);
	/* the busy ones as they are */
	for (i = 0; i < BED_SLICES; i++) {
		faults += bed_faults(i);
		bed_close(i);
	}
	printf("%u doorbells seen, %lu times the page was away, in %ld s\n",
	       rounds * BED_SLICES, faults,
	       (long)((ktime_get() - begin) / 1000000000));
	printf("%u of %u doorbells late, among %u visits of busy slices\n", late,
	       rounds / SHARED, bed_visits());
	return 0;
}
