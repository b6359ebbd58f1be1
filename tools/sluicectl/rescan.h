/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the driver read the partition tables again, and sees that it did. */
#ifndef SLUICECTL_RESCAN_H
#define SLUICECTL_RESCAN_H

#include "inventory.h"
#include "plan.h"

/* 0 or an exit code. */
int rescan(const struct parent *p);

/*
 * The last step of a change of the table: rescans and waits until the slice is
 * there, or until it is gone. @p is NULL for an image file, which no driver
 * reads: nothing is left to do.
 */
int rescan_until(const struct parent *p, const char *uuid, bool present);
/* The same as a step of a plan. */
void rescan_plan(const struct parent *p, struct plan *plan, bool present);

#endif
