/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel waits for while it removes an mdev or releases a drive. */
#ifndef SLUICECTL_WAITS_H
#define SLUICECTL_WAITS_H

#include "inventory.h"
#include "pcidev.h"

/* Adds "the guest of the slice 'web' (sluice0n1p2): qemu-system-x86 (pid 12)". */
void waits_of_slice(const struct slice *s, struct strv *what);
/* The same for all slices of a drive; never adds nothing. */
void waits_of_parent(const struct parent *p, struct strv *what);

/* Returns 0, or BUSY with a message when the driver is releasing the drive. */
int waits_check(const struct parent *p);
/* The same for a function that may not be one of our drives. */
int waits_check_function(const struct pcidev *pci);

#endif
