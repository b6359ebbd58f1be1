// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users are busy and idle in turn, on slices of one poller: does the poller see
 * each doorbell? And while other slices stay busy, in its turn?
 *
 * usage: toggle ROUNDS
 *
 * Each user stores the next number, waits until the poller has seen the number,
 * and pauses, sometimes shorter and sometimes longer than the polling window.
 * Then all slices except one are busy all the time, and that one is idle after
 * each doorbell. Prints the counts. The exit status is 0 if no doorbell was
 * lost and no busy slice was visited out of turn.
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

/* The slice that is idle in between; one of SHARED rounds tests fairness */
#define MODEST		(BED_SLICES - 1)
#define SHARED		10

/**
 * struct user - a thread that rings a slice's doorbell
 * @slice: index of the slice
 * @rounds: number of doorbells
 * @thread: the thread
 * @page: protects @mapped, and a store to the mapped page
 * @mapped: the page is mapped
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
		/* the poller waits 20 us for a doorbell that follows at once */
		pause_ns(rand_r(&seed) % 45000);
		if (i % 1000 == 0)
			bed_set_poll_us(user->slice, windows[i / 1000 % 3]);
	}
	return NULL;
}

/* Completions of the devices, at random times */
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
 * Of @rounds doorbells, counts those that are seen later than after the visit
 * in progress and one visit of each busy slice. A doorbell that comes while the
 * poller takes the page away may be late: the poller does not wait for the
 * thread that holds the page's lock, but comes again later.
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
		/* negative if the poller saw it before bed_visits() */
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
	/* close the busy slices while they are busy */
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
