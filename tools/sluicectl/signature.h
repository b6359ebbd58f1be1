/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds signatures on a disk, through libblkid. */
#ifndef SLUICECTL_SIGNATURE_H
#define SLUICECTL_SIGNATURE_H

#include "util.h"

/* Adds the type of each file system, RAID or partition table found. */
int signatures_of(int fd, const char *path, unsigned int block_size, struct strv *found);

#endif
