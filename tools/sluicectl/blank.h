/* SPDX-License-Identifier: GPL-2.0-only */
/* Saves and restores what a new table overwrites on a blank disk. */
#ifndef SLUICECTL_BLANK_H
#define SLUICECTL_BLANK_H

#include "table.h"

/* The bytes that a new table and its backup table overwrite. */
struct blank {
	char *head, *tail;
	size_t head_size, tail_size;
};

int blank_save(const struct table *t, struct blank *b);
int blank_restore(const struct table *t, const struct blank *b);
void blank_clear(struct blank *b);

#endif
