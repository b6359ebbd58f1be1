// SPDX-License-Identifier: GPL-2.0-only
#include "extents.h"

#include <stdlib.h>

#include "names.h"

void extents_add(struct extents *list, uint64_t start, uint64_t end)
{
	list->v = xrecalloc(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct extent) { start, end };
}

void extents_clear(struct extents *list)
{
	free(list->v);
	list->v = NULL;
	list->n = 0;
}

static int by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void add_aligned(struct extents *list, uint64_t start, uint64_t end)
{
	end -= end % SLICE_ALIGN;
	if (__builtin_add_overflow(start, SLICE_ALIGN - 1, &start))
		return;
	start -= start % SLICE_ALIGN;
	if (start < end)
		extents_add(list, start, end);
}

void extents_free(struct extents *used, uint64_t first, uint64_t end, struct extents *free)
{
	uint64_t at = first;

	if (used->n)
		qsort(used->v, used->n, sizeof(*used->v), by_start);
	for (size_t i = 0; i < used->n; i++) {
		if (used->v[i].start > at)
			add_aligned(free, at, used->v[i].start < end ? used->v[i].start : end);
		if (used->v[i].end > at)
			at = used->v[i].end;
	}
	if (at < end)
		add_aligned(free, at, end);
}

void extents_align(struct extents *list, uint64_t align)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct extent e = list->v[i];
		uint64_t rest = e.start % align;

		if (rest && __builtin_add_overflow(e.start, align - rest, &e.start))
			continue;
		if (e.start < e.end)
			list->v[n++] = e;
	}
	list->n = n;
}

uint64_t common_multiple(uint64_t a, uint64_t b, uint64_t limit)
{
	uint64_t x = a, y = b, multiple;

	while (y) {
		uint64_t rest = x % y;

		x = y;
		y = rest;
	}
	if (!b || __builtin_mul_overflow(a / x, b, &multiple) || multiple > limit)
		return a;
	return multiple;
}

uint64_t extents_total(const struct extents *list)
{
	uint64_t total = 0;

	for (size_t i = 0; i < list->n; i++)
		total += list->v[i].end - list->v[i].start;
	return total;
}

uint64_t extents_largest(const struct extents *list)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].end - list->v[i].start > largest)
			largest = list->v[i].end - list->v[i].start;
	return largest;
}

const struct extent *extents_best(const struct extents *list, uint64_t size)
{
	const struct extent *best = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct extent *e = &list->v[i];

		if (e->end - e->start < size)
			continue;
		if (!best || e->end - e->start < best->end - best->start)
			best = e;
	}
	return best;
}
