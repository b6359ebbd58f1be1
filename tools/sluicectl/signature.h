/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds signatures on a disk, through libblkid. */
#ifndef SLUICECTL_SIGNATURE_H
#define SLUICECTL_SIGNATURE_H

#include "util.h"

/*
 * Adds the type of each file system, RAID or partition table found. With
 * @gpt_remains a GPT counts also without its protective MBR.
 */
int signatures_of(int fd, const char *path, unsigned int block_size, bool gpt_remains,
		  struct strv *found);

#endif
