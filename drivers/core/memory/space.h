/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the slices of one user share: the ranges that must not be pinned for now
 */
#ifndef SLUICE_SPACE_H
#define SLUICE_SPACE_H

#include <linux/types.h>

struct mm_struct;
struct sluice_hold;
struct sluice_space;

/**
 * struct sluice_space_unmap - an unmap that one slice has heard of
 * @space: the user's, with a reference, or NULL
 * @hold: of the thread that unmaps
 * @round: how often VFIO has told the slices of it, this time included
 */
struct sluice_space_unmap {
	struct sluice_space *space;
	struct sluice_hold *hold;
	unsigned int round;
};

struct sluice_space *sluice_space_join(struct mm_struct *mm);
void sluice_space_leave(struct sluice_space *space, const void *slice);
void sluice_space_get(struct sluice_space *space);
void sluice_space_unmap_begin(struct sluice_space *space, u64 first, u64 last,
			      const void *slice,
			      struct sluice_space_unmap *unmap);
void sluice_space_unmap_end(struct sluice_space_unmap *unmap);
bool sluice_space_blocks(struct sluice_space *space, u64 first, u64 last);

#endif /* SLUICE_SPACE_H */
