/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes back a partition table that was put on a blank disk. */
#ifndef SLUICECTL_BLANK_H
#define SLUICECTL_BLANK_H

#include "table.h"

/* What was where a new table and its backup go. */
struct blank {
	char *head, *tail;
	size_t head_size, tail_size;
};

int blank_save(const struct table *t, struct blank *b);
int blank_restore(const struct table *t, const struct blank *b);
void blank_clear(struct blank *b);

#endif
