/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every test program here has in common: options and a list of cases
 */
#ifndef SLUICE_TEST_TEST_H
#define SLUICE_TEST_TEST_H

#include "nvme.h"
#include "types.h"
#include "vfio.h"

/**
 * struct test_opts - command line
 * @id: device under test
 * @second: another device on the same parent, NULL if none was given
 * @path: way to open them
 * @seed: for everything random
 * @count: repetitions of long loops, 0 for the case's own default
 * @trapped: doorbells are written by pwrite() though they could be mapped
 */
struct test_opts {
	const char *id;
	const char *second;
	enum vfio_path path;
	u64 seed;
	unsigned long count;
	bool trapped;
};

/**
 * struct test_case - one concern
 * @name: prefix of its test points
 * @run: opens the device itself and leaves it closed
 */
struct test_case {
	const char *name;
	void (*run)(const struct test_opts *opts);
};

/* Runs all cases, or those that --case names; returns the exit status */
int test_main(int argc, char **argv, const struct test_case *cases,
	      unsigned int nr_cases);

/* A device that must open, or the test ends */
void test_open(struct vfio_dev *dev, const char *id,
	       const struct test_opts *opts);

/* The same with the controller enabled and its namespace known */
void test_start(struct nvme *nv, struct vfio_dev *dev,
		const struct test_opts *opts);
void test_stop(struct nvme *nv, struct vfio_dev *dev);

/* More time for the case that runs; it is over 5 minutes after the last call */
void test_still_alive(void);

#endif /* SLUICE_TEST_TEST_H */
