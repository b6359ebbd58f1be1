/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the driver read the partition tables again, and checks the result. */
#ifndef SLUICECTL_RESCAN_H
#define SLUICECTL_RESCAN_H

#include "inventory.h"
#include "plan.h"

/* 0 or an exit code. */
int rescan(const struct parent *p);

/*
 * The last step of a change of the table: rescans, and waits until the slice is
 * there (or is gone). For an image file @p is NULL and there is nothing to do,
 * since no driver reads the file.
 */
int rescan_until(const struct parent *p, const char *uuid, bool present);
/* Adds the same step to a plan. */
void rescan_plan(const struct parent *p, struct plan *plan, bool present);

#endif
