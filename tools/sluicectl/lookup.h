/* SPDX-License-Identifier: GPL-2.0-only */
/* From what the user typed to the thing that was meant. */
#ifndef SLUICECTL_LOOKUP_H
#define SLUICECTL_LOOKUP_H

#include "inventory.h"

/*
 * A slice by device name, UUID or unique label, on the disk named @disk only
 * unless that is NULL. 0, or an exit code with the message printed.
 */
int lookup_slice(const struct inventory *inv, const char *what, const char *disk,
		 const struct slice **slice);

/* A parent by PCI address; NULL without a message when there is none. */
const struct parent *lookup_parent(const struct inventory *inv, const char *what);

/* The only disk of a parent, or a disk by name or device node. */
int lookup_disk(const struct inventory *inv, const char *what, const struct disk **disk);

const struct slice *slice_by_uuid(const struct inventory *inv, const char *uuid);

#endif
