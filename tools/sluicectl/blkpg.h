/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the kernel about one added or removed partition. Works while other
 * partitions of the disk are mounted or attached.
 */
#ifndef SLUICECTL_BLKPG_H
#define SLUICECTL_BLKPG_H

#include "table.h"

/* 0 or -errno */
int blkpg_add(const struct table *t, const struct entry *entry);
int blkpg_remove(const struct table *t, const struct entry *entry);

#endif
