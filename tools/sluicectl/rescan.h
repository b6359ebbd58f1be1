/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the driver read the partition tables again, and sees that it did. */
#ifndef SLUICECTL_RESCAN_H
#define SLUICECTL_RESCAN_H

#include "inventory.h"

/* 0 or an exit code. */
int rescan(const struct parent *p);
/* Rescans and waits until the slice is there, or until it is gone. */
int rescan_until(const struct parent *p, const char *uuid, bool present);

#endif
