/* SPDX-License-Identifier: GPL-2.0-only */
/* The disk whose table is edited: a disk of a bound drive, or an image file. */
#ifndef SLUICECTL_TARGET_H
#define SLUICECTL_TARGET_H

#include "inventory.h"

struct target {
	struct inventory inv;
	const struct disk *disk;	/* NULL for an image file */
	char *node;			/* the path to open */
	unsigned int block_size;	/* for an image file, 0 otherwise */
};

/* True when @what names a regular file, not a device. */
bool target_is_image(const char *what);
/* 0, or an exit code with the message printed. */
int target_find(struct target *t, const char *what, const char *block_size);
void target_clear(struct target *t);

#endif
