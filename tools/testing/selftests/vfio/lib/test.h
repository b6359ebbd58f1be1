/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options and the list of cases, for every test program here
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
 * @path: how to open the devices
 * @seed: seed of all random numbers
 * @count: repetitions of long loops, 0 for the case's own default
 * @trapped: write doorbells with pwrite(), do not map them
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
 * struct test_case - one case of a test program
 * @name: prefix of its test points
 * @run: opens the device and closes it again
 */
struct test_case {
	const char *name;
	void (*run)(const struct test_opts *opts);
};

/* Runs all cases, or only the one of --case; returns the exit status */
int test_main(int argc, char **argv, const struct test_case *cases,
	      unsigned int nr_cases);

/* Opens a device; a failure ends the test */
void test_open(struct vfio_dev *dev, const char *id,
	       const struct test_opts *opts);

/* The same, and enables the controller and reads its namespace */
void test_start(struct nvme *nv, struct vfio_dev *dev,
		const struct test_opts *opts);
void test_stop(struct nvme *nv, struct vfio_dev *dev);

/* Gives the running case more time: 5 minutes from the last call */
void test_still_alive(void);

#endif /* SLUICE_TEST_TEST_H */
