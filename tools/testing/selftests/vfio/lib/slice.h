/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What sysfs shows of an mdev and of its slice
 */
#ifndef SLUICE_TEST_SLICE_H
#define SLUICE_TEST_SLICE_H

#include "types.h"

/**
 * struct slice - an mdev of Sluice
 * @uuid: UUID of the mdev
 * @type: directory of its type, with create and available_instances
 * @dir: directory of the slice in class sluice
 */
struct slice {
	char uuid[40];
	char type[512];
	char dir[512];
};

/* Returns false if the device is not an mdev with a slice */
bool slice_find(struct slice *slice, const char *uuid);

/* Reads an attribute without its line end; false if it cannot be read */
bool slice_attr(const char *dir, const char *name, char *val, size_t len);
unsigned long long slice_number(const char *dir, const char *name);

/* Returns 0 or a negative errno */
int slice_write(const char *dir, const char *name, const char *val);

/* Removes the mdev and creates it again */
int slice_detach(const struct slice *slice);
int slice_attach(const struct slice *slice);
bool slice_wait_state(const struct slice *slice, const char *state,
		      unsigned int ms);

#endif /* SLUICE_TEST_SLICE_H */
