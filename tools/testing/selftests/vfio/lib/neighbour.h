/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another slice of the same parent, filled with a pattern that only the test
 * itself may change
 */
#ifndef SLUICE_TEST_NEIGHBOUR_H
#define SLUICE_TEST_NEIGHBOUR_H

#include "test.h"

/**
 * struct neighbour - the second device of the command line
 * @opts: the command line
 * @present: a second device was given
 */
struct neighbour {
	const struct test_opts *opts;
	bool present;
};

/* Does nothing if no second device was given */
void neighbour_fill(struct neighbour *neighbour, const struct test_opts *opts);
/* One test point: the slice still holds the pattern */
void neighbour_check(struct neighbour *neighbour);

#endif /* SLUICE_TEST_NEIGHBOUR_H */
