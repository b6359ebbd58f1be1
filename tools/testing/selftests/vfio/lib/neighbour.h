/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another slice of the same parent, full of a pattern that nobody but its own
 * user may change
 */
#ifndef SLUICE_TEST_NEIGHBOUR_H
#define SLUICE_TEST_NEIGHBOUR_H

#include "test.h"

/**
 * struct neighbour - the second device of the command line
 * @opts: the command line
 * @present: there is one
 */
struct neighbour {
	const struct test_opts *opts;
	bool present;
};

/* Does nothing where no second device was given */
void neighbour_fill(struct neighbour *neighbour, const struct test_opts *opts);
/* One test point: it holds what it held */
void neighbour_check(struct neighbour *neighbour);

#endif /* SLUICE_TEST_NEIGHBOUR_H */
