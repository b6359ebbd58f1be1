/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Monotonic time in milliseconds
 */
#ifndef SLUICE_TEST_CLOCK_H
#define SLUICE_TEST_CLOCK_H

#include <time.h>

#include "types.h"

static inline u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000,
	};

	nanosleep(&ts, NULL);
}

#endif /* SLUICE_TEST_CLOCK_H */
