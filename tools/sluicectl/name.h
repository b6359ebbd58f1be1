/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of slices: what fits into a GPT label and onto a command line. */
#ifndef SLUICECTL_NAME_H
#define SLUICECTL_NAME_H

#include <stdbool.h>

/* Returns NULL, or what is wrong with @name. */
const char *name_check(const char *name);
/* Whether the kernel gives such names to our disks and partitions. */
bool name_is_device(const char *name);

#endif
