/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes a range of a disk read as zeroes. */
#ifndef SLUICECTL_ZERO_H
#define SLUICECTL_ZERO_H

#include "table.h"

/* Shows progress on a terminal; stops at an interrupt. 0 or an exit code. */
int zero_range(const struct table *t, uint64_t start, uint64_t size);
/* Tells the drive that a range is not needed any more; failure is harmless. */
void discard_range(const struct table *t, uint64_t start, uint64_t size);

#endif
