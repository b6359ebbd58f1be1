// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads run each race of bed.c: does one of them always see the other?
 *
 * usage: barrier ROUNDS
 *
 * Prints a line for each race. The exit status is 0 if nothing was lost. The
 * locks order memory no more than those of the kernel must: taking a lock that
 * is held, and giving one back, are no barriers for what comes after.
 */
#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "../lib/objects.h"
#include "bed.h"

#define LEAD_CYCLES	1000
#define STAGGER_BITS	8

static const struct bed_race *race;
static unsigned int rounds, arrived, lost;
static __thread bool is_left;
static unsigned long long start;

int mutex_trylock(long *owner)
{
	long nobody = 0;

	if (__atomic_load_n(owner, __ATOMIC_RELAXED) ||
	    !__atomic_compare_exchange_n(owner, &nobody, 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	bed_locked(is_left);
	return 1;
}

void mutex_unlock(long *owner)
{
	__atomic_store_n(owner, 0, __ATOMIC_RELEASE);
}

/*
 * &sluice_vsq.hw_lock keeps out threads that are not here. Nothing may rely on
 * its order: it has none here.
 */
void _raw_spin_lock(uint32_t *lock)
{
}

void _raw_spin_unlock(uint32_t *lock)
{
}

/* Functions of the kernel load the guard of their stack from %gs:40. */
static void thread_begin(void)
{
	static __thread void *percpu[512];

	if (syscall(SYS_arch_prctl, ARCH_SET_GS, percpu)) {
		perror("arch_prctl");
		exit(2);
	}
}

/* Until both threads have come here @times times */
static void meet(unsigned int times)
{
	unsigned int spins = 0;

	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < 2 * times) {
		if (!(++spins % 4096))
			sched_yield();
	}
}

/*
 * What the threads read and write crosses only if they do it within some tens
 * of cycles, so they wait for the same moment, and then a random while.
 */
static void stagger(unsigned int *dice)
{
	unsigned long long at = __atomic_load_n(&start, __ATOMIC_RELAXED);

	*dice = *dice * 1664525 + 1013904223;
	at += *dice >> (32 - STAGGER_BITS);
	while (__rdtsc() < at)
		;
}

static void *run_right(void *unused)
{
	unsigned int round, dice = 1;

	thread_begin();
	for (round = 1; round <= rounds; round++) {
		meet(2 * round - 1);
		stagger(&dice);
		race->right(round);
		meet(2 * round);
	}
	return NULL;
}

static void run_left(void)
{
	unsigned int round, dice = 2;

	for (round = 1; round <= rounds; round++) {
		race->prepare(round);
		__atomic_store_n(&start, __rdtsc() + LEAD_CYCLES,
				 __ATOMIC_RELAXED);
		meet(2 * round - 1);
		stagger(&dice);
		race->left(round);
		meet(2 * round);
		lost += race->lost();
	}
}

int main(int argc, char **argv)
{
	unsigned int all = 0;
	pthread_t right;

	rounds = argc == 2 ? atoi(argv[1]) : 0;
	if (!rounds) {
		fprintf(stderr, "usage: barrier ROUNDS\n");
		return 2;
	}
	thread_begin();
	is_left = true;
	bed_init();
	for (race = bed_races; race->name; race++) {
		arrived = 0;
		lost = 0;
		if (pthread_create(&right, NULL, run_right, NULL)) {
			perror("pthread_create");
			return 2;
		}
		run_left();
		pthread_join(right, NULL);
		printf("%s: %u of %u lost\n", race->name, lost, rounds);
		all += lost;
	}
	return all ? 1 : 0;
}
