/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the slice, drive or disk that the user named. */
#ifndef SLUICECTL_LOOKUP_H
#define SLUICECTL_LOOKUP_H

#include "inventory.h"

/*
 * Finds a slice by device name, UUID or unique label; only on the disk named
 * @disk, unless @disk is NULL. Returns 0, or prints a message and returns an
 * exit code.
 */
int lookup_slice(const struct inventory *inv, const char *what, const char *disk,
		 const struct slice **slice);

/* A parent by PCI address; NULL without a message if there is none. */
const struct parent *lookup_parent(const struct inventory *inv, const char *what);

/* A disk by name or device node; NULL without a message if there is none. */
const struct disk *disk_by_name(const struct inventory *inv, const char *what);
/* The same; 0, or an exit code with the message printed. */
int lookup_drive(const struct inventory *inv, const char *what, const struct parent **p);

/* Finds the only disk of a parent, or a disk by name or device node. */
int lookup_disk(const struct inventory *inv, const char *what, const struct disk **disk);

/* The slice with a UUID, one that is not refused if there is a choice; or NULL. */
const struct slice *slice_by_uuid(const struct inventory *inv, const char *uuid);

#endif
