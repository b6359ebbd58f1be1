/* SPDX-License-Identifier: GPL-2.0-only */
/* Which programs have a VFIO device open. */
#ifndef SLUICECTL_PROGRAM_H
#define SLUICECTL_PROGRAM_H

#include "util.h"

/*
 * Adds "qemu-system-x86 (pid 123)" for each program that has the group or the
 * character device of the VFIO device at @syspath open.
 */
void programs_with_vfio(const char *syspath, struct strv *who);

#endif
