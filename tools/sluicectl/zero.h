/* SPDX-License-Identifier: GPL-2.0-only */
/* Overwrites a range of a disk with zeroes. */
#ifndef SLUICECTL_ZERO_H
#define SLUICECTL_ZERO_H

#include "table.h"

/* Shows progress on a terminal; an interrupt stops it. 0 or an exit code. */
int zero_range(const struct table *t, uint64_t start, uint64_t size);

#endif
