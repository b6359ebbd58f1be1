/* SPDX-License-Identifier: GPL-2.0-only */
/* What libblkid recognises on a disk. */
#ifndef SLUICECTL_SIGNATURE_H
#define SLUICECTL_SIGNATURE_H

#include "util.h"

/* Adds the type of each file system, RAID and partition table found. */
int signatures_of(int fd, const char *path, unsigned int block_size, struct strv *found);

#endif
