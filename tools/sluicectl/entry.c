// SPDX-License-Identifier: GPL-2.0-only
/* The entries of a partition table. */
#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "message.h"
#include "names.h"
#include "table.h"

void entry_clear(struct entry *entry)
{
	free(entry->uuid);
	free(entry->name);
	*entry = (struct entry) { };
}

static bool uuid_same(const char *a, const char *b)
{
	uuid_t x, y;

	return a && b && !uuid_parse(a, x) && !uuid_parse(b, y) && !uuid_compare(x, y);
}

/* libfdisk writes the attribute as "GUID:48", or "GUID:48,49" with others. */
static bool has_pool_bit(const char *attrs)
{
	const char *p = attrs ? strstr(attrs, "GUID:") : NULL;

	if (!p)
		return false;
	for (p += 5; *p >= '0' && *p <= '9';) {
		char *end;

		if (strtoul(p, &end, 10) == SLUICE_SLICE_POOL_BIT)
			return true;
		p = *end == ',' ? end + 1 : end;
	}
	return false;
}

static char *lower_uuid(const char *uuid)
{
	char text[UUID_STR_LEN];
	uuid_t value;

	if (!uuid || uuid_parse(uuid, value))
		return xstrdup("");
	uuid_unparse_lower(value, text);
	return xstrdup(text);
}

static void read_entry(const struct table *t, struct fdisk_partition *pa, struct entry *entry)
{
	struct fdisk_parttype *type = fdisk_partition_get_type(pa);
	const char *name = fdisk_partition_get_name(pa);

	*entry = (struct entry) {
		.number = fdisk_partition_get_partno(pa) + 1,
		.start = fdisk_partition_get_start(pa) * t->block_size,
		.size = fdisk_partition_get_size(pa) * t->block_size,
		.uuid = lower_uuid(fdisk_partition_get_uuid(pa)),
		.name = xstrdup(name ? name : ""),
		.slice = type && uuid_same(fdisk_parttype_get_string(type), SLUICE_SLICE_TYPE),
		.pool = has_pool_bit(fdisk_partition_get_attrs(pa)),
	};
}

/* Calls @visit for each entry until it returns true. 0 or -errno. */
static int visit_entries(const struct table *t, bool (*visit)(const struct entry *, void *),
			 void *data)
{
	struct fdisk_table *all = NULL;
	struct fdisk_partition *pa;
	struct fdisk_iter *itr;
	bool stopped = false;
	int r;

	if (!fdisk_has_label(t->cxt))
		return 0;
	r = fdisk_get_partitions(t->cxt, &all);
	if (r)
		return r;
	itr = fdisk_new_iter(FDISK_ITER_FORWARD);
	while (!stopped && !fdisk_table_next_partition(all, itr, &pa)) {
		struct entry entry __cleanup(entry_clear) = { };

		if (!fdisk_partition_has_start(pa) || !fdisk_partition_has_size(pa))
			continue;
		read_entry(t, pa, &entry);
		stopped = visit(&entry, data);
	}
	fdisk_free_iter(itr);
	fdisk_unref_table(all);
	return 0;
}

static bool add_used(const struct entry *entry, void *data)
{
	extents_add(data, entry->start, entry->start + entry->size);
	return false;
}

static uint64_t first_usable(const struct table *t)
{
	uint64_t first = fdisk_get_first_lba(t->cxt) * t->block_size;

	return first > SLICE_ALIGN ? first : SLICE_ALIGN;
}

static uint64_t end_usable(const struct table *t)
{
	return (fdisk_get_last_lba(t->cxt) + 1) * t->block_size;
}

uint64_t table_usable(const struct table *t)
{
	uint64_t first = first_usable(t), end = end_usable(t);

	return end > first ? end - first : 0;
}

int table_free_extents(struct table *t, struct extents *free)
{
	struct extents used = { };
	int r;

	r = visit_entries(t, add_used, &used);
	if (r)
		r = table_fail(t, r, "cannot read the entries of the partition table");
	else
		extents_free(&used, first_usable(t), end_usable(t), free);
	extents_clear(&used);
	return r;
}

struct shared {
	const struct entry *entry;
	unsigned int number;
};

static bool shares_blocks(const struct entry *other, void *data)
{
	struct shared *s = data;
	const struct entry *entry = s->entry;

	if (other->number == entry->number || other->start >= entry->start + entry->size ||
	    entry->start >= other->start + other->size)
		return false;
	s->number = other->number;
	return true;
}

int table_check_own(const struct table *t, const struct entry *entry)
{
	struct shared s = { .entry = entry };
	int r = visit_entries(t, shares_blocks, &s);

	if (r)
		return table_fail(t, r, "cannot read the entries of the partition table");
	if (s.number)
		return fail(REFUSED, "partition %u of %s shares blocks with partition %u",
			    entry->number, t->path, s.number);
	if (entry->start < fdisk_get_first_lba(t->cxt) * t->block_size ||
	    entry->start > end_usable(t) || entry->size > end_usable(t) - entry->start)
		return fail(REFUSED, "partition %u of %s is not within the usable blocks",
			    entry->number, t->path);
	return 0;
}

struct wanted {
	const char *uuid, *name;
	struct entry *entry;
	unsigned int count;
};

static bool is_wanted(const struct entry *entry, void *data)
{
	struct wanted *w = data;

	if (w->uuid && !uuid_same(entry->uuid, w->uuid))
		return false;
	if (w->name && strcmp(entry->name, w->name))
		return false;
	w->count++;
	if (!w->entry)
		return false;
	*w->entry = *entry;
	w->entry->uuid = xstrdup(entry->uuid);
	w->entry->name = xstrdup(entry->name);
	return true;
}

bool table_find(const struct table *t, const char *uuid, const char *name, struct entry *entry)
{
	struct wanted w = { .uuid = uuid, .name = name, .entry = entry };

	return !visit_entries(t, is_wanted, &w) && w.count;
}

static bool count_slice(const struct entry *entry, void *data)
{
	return entry->slice && is_wanted(entry, data);
}

unsigned int table_count(const struct table *t, const char *name)
{
	struct wanted w = { .name = name };

	visit_entries(t, count_slice, &w);
	return w.count;
}

static int fill_partition(struct table *t, const struct entry *entry, struct fdisk_partition *pa,
			  struct fdisk_parttype *type)
{
	int r;

	r = fdisk_partition_set_start(pa, entry->start / t->block_size);
	if (!r)
		r = fdisk_partition_set_size(pa, entry->size / t->block_size);
	if (!r)
		r = entry->number ? fdisk_partition_set_partno(pa, entry->number - 1) :
				    fdisk_partition_partno_follow_default(pa, 1);
	if (!r)
		r = fdisk_partition_set_type(pa, type);
	if (!r)
		r = fdisk_partition_set_uuid(pa, entry->uuid);
	if (!r)
		r = fdisk_partition_set_name(pa, entry->name);
	if (!r && entry->pool) {
		char *attrs __free = xasprintf("GUID:%d", SLUICE_SLICE_POOL_BIT);

		r = fdisk_partition_set_attrs(pa, attrs);
	}
	return r;
}

/* libfdisk converts the label to UTF-16: check that all of it was stored. */
static int verify(const struct table *t, const struct entry *entry)
{
	struct entry made __cleanup(entry_clear) = { };

	if (table_find(t, entry->uuid, entry->name, &made) && made.slice &&
	    made.number == entry->number && made.start == entry->start &&
	    made.size == entry->size && made.pool == entry->pool)
		return 0;
	return fail(FAILED, "%s: the new entry is not what was asked for", t->path);
}

int table_add(struct table *t, struct entry *entry)
{
	struct fdisk_label *label = fdisk_get_label(t->cxt, NULL);
	struct fdisk_parttype *type = fdisk_label_parse_parttype(label, SLUICE_SLICE_TYPE);
	struct fdisk_partition *pa = fdisk_new_partition();
	size_t number = 0;
	int r = -ENOMEM;

	if (type && pa)
		r = fill_partition(t, entry, pa, type);
	if (!r)
		r = fdisk_add_partition(t->cxt, pa, &number);
	fdisk_unref_partition(pa);
	fdisk_unref_parttype(type);
	if (r)
		return table_fail(t, r, "cannot add an entry to the partition table");
	entry->number = number + 1;
	return verify(t, entry);
}

int table_remove(struct table *t, unsigned int number)
{
	int r = fdisk_delete_partition(t->cxt, number - 1);

	if (r)
		return table_fail(t, r, "cannot remove the entry from the partition table");
	return 0;
}
