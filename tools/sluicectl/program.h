/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the programs that have a VFIO device open. */
#ifndef SLUICECTL_PROGRAM_H
#define SLUICECTL_PROGRAM_H

#include "util.h"

/*
 * Adds "qemu-system-x86 (pid 123)" for each program that has the VFIO device at
 * @syspath open, through its group or its character device.
 */
void programs_with_vfio(const char *syspath, struct strv *who);

#endif
