/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of slices: what a GPT label can hold and a command line can say. */
#ifndef SLUICECTL_NAME_H
#define SLUICECTL_NAME_H

#include <stdbool.h>

/* NULL, or what is wrong with @name. */
const char *name_check(const char *name);
/* Whether @name is what the kernel calls a disk or a partition of ours. */
bool name_is_device(const char *name);

#endif
