/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the programs that keep a VFIO device open. */
#ifndef SLUICECTL_PROGRAM_H
#define SLUICECTL_PROGRAM_H

#include "inventory.h"
#include "util.h"

/*
 * Adds "qemu-system-x86 (pid 123)" for each program that has the VFIO device at
 * @syspath open, through its group or its character device. Returns false when
 * there may be others that only root can see.
 */
bool programs_with_vfio(const char *syspath, struct strv *who);

/*
 * Adds a phrase like the one above for all that keeps the device of the slice's
 * mdev open, also what keeps the device after its program has ended. Adds
 * nothing when the device is not open. Returns false like programs_with_vfio().
 */
bool programs_with_slice(const struct slice *s, struct strv *who);

#endif
