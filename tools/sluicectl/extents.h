/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the free parts of a disk from its used parts. */
#ifndef SLUICECTL_EXTENTS_H
#define SLUICECTL_EXTENTS_H

#include "util.h"

/* Bytes from @start up to but not including @end. */
struct extent {
	uint64_t start, end;
};

struct extents {
	struct extent *v;
	size_t n;
};

void extents_add(struct extents *list, uint64_t start, uint64_t end);
void extents_clear(struct extents *list);

/*
 * Fills @free with the gaps that @used leaves between @first and @end. Each gap
 * is cut to the alignment of slices. Sorts @used.
 */
void extents_free(struct extents *used, uint64_t first, uint64_t end, struct extents *free);

/* Cuts the begin of each extent to a multiple of @align. */
void extents_align(struct extents *list, uint64_t align);
/* The least common multiple, or @a if it is larger than @limit. */
uint64_t common_multiple(uint64_t a, uint64_t b, uint64_t limit);

uint64_t extents_total(const struct extents *list);
uint64_t extents_largest(const struct extents *list);
/* The smallest extent that holds @size, or NULL. */
const struct extent *extents_best(const struct extents *list, uint64_t size);

#endif
