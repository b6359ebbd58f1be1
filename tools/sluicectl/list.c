// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl list: the drives, their slices, and what is free. */
#include <stdio.h>
#include <string.h>

#include "inventory.h"
#include "json.h"
#include "lookup.h"
#include "message.h"
#include "names.h"
#include "output.h"
#include "request.h"
#include "size.h"
#include "waits.h"

enum { COL_DEVICE, COL_NAME, COL_SIZE, COL_STATE, COL_UUID, COL_NOTE };

static const struct column columns[] = {
	[COL_DEVICE]	= { "DEVICE", SCOLS_FL_TREE },
	[COL_NAME]	= { "NAME", SCOLS_FL_TRUNC },
	[COL_SIZE]	= { "SIZE", SCOLS_FL_RIGHT },
	[COL_STATE]	= { "STATE", 0 },
	[COL_UUID]	= { "UUID", 0, .spare = true },
	[COL_NOTE]	= { "NOTE", SCOLS_FL_WRAP },
};

struct listing {
	const struct request *rq;
	struct libscols_table *tb;
};

static void set_size(const struct listing *l, struct libscols_line *line, uint64_t bytes)
{
	char *size __free = size_text(bytes, l->rq->bytes);

	output_set(line, COL_SIZE, size);
}

static void add_waits(struct strv *notes, const struct slice *s)
{
	struct strv what __cleanup(strv_clear) = { };

	waits_of_slice(s, &what);
	if (what.n)
		strv_add(notes, "being detached, waits for %s", *what.v);
	else
		strv_add(notes, "being detached");
}

static void add_slice(const struct listing *l, struct libscols_line *up, const struct slice *s)
{
	struct libscols_line *line = output_line(l->tb, up);
	struct strv notes __cleanup(strv_clear) = { };
	char *note __free = NULL;

	if (s->pool)
		strv_add(&notes, "pool");
	if (*s->refusal)
		strv_add(&notes, "%s", s->refusal);
	if (*s->mdev && strcmp(s->mdev, s->uuid))
		strv_add(&notes, "as mdev %s", s->mdev);
	if (s->leaving)
		add_waits(&notes, s);
	note = strv_join(&notes, ", ");
	output_set(line, COL_DEVICE, s->device);
	output_set(line, COL_NAME, s->name);
	output_set(line, COL_STATE, s->state);
	output_set(line, COL_UUID, s->uuid);
	output_set(line, COL_NOTE, note);
	set_size(l, line, s->size);
}

static void add_part(const struct listing *l, struct libscols_line *up,
		     const struct host_part *part)
{
	char *users __free = strv_join(&part->users, ", ");
	struct libscols_line *line = output_line(l->tb, up);

	output_set(line, COL_DEVICE, part->device);
	output_set(line, COL_STATE, "host");
	output_set(line, COL_NOTE, users);
	set_size(l, line, part->size);
}

static void add_free(const struct listing *l, struct libscols_line *up, const struct extent *e)
{
	struct libscols_line *line = output_line(l->tb, up);

	output_set(line, COL_DEVICE, "(free)");
	set_size(l, line, e->end - e->start);
}

/* Slices, host partitions and gaps are each sorted: merge them by position. */
static void add_contents(const struct listing *l, struct libscols_line *up,
			 const struct parent *p, const struct disk *d)
{
	size_t i = 0, j = 0, k = 0;

	for (;;) {
		uint64_t slice, part, gap;

		while (i < p->n_slices && strcmp(p->slices[i].disk, d->name))
			i++;
		slice = i < p->n_slices ? p->slices[i].start : UINT64_MAX;
		part = j < d->n_parts ? d->parts[j].start : UINT64_MAX;
		gap = k < d->free.n ? d->free.v[k].start : UINT64_MAX;
		if (slice == UINT64_MAX && part == UINT64_MAX && gap == UINT64_MAX)
			return;
		if (slice <= part && slice <= gap)
			add_slice(l, up, &p->slices[i++]);
		else if (part <= gap)
			add_part(l, up, &d->parts[j++]);
		else
			add_free(l, up, &d->free.v[k++]);
	}
}

static void add_removal(struct libscols_line *line, const struct parent *p)
{
	struct strv what __cleanup(strv_clear) = { };
	char *list __free = NULL;

	waits_of_parent(p, &what);
	list = strv_join(&what, ", ");
	output_set_fmt(line, COL_NOTE, "%s is releasing it, and waits for %s", DRIVER_NAME, list);
}

static void add_parent(const struct listing *l, const struct parent *p)
{
	struct libscols_line *line = output_line(l->tb, NULL);

	output_set(line, COL_DEVICE, p->bdf);
	output_set(line, COL_NAME, p->model);
	output_set(line, COL_STATE, p->state);
	if (parent_removing(p))
		add_removal(line, p);
	else
		output_set_fmt(line, COL_NOTE, "%u of %u queue pairs free", p->qp_free,
			       p->qp_total - p->qp_host);
	for (size_t i = 0; i < p->n_disks; i++) {
		const struct disk *d = &p->disks[i];
		struct libscols_line *disk = output_line(l->tb, line);

		output_set(disk, COL_DEVICE, d->name);
		set_size(l, disk, d->size);
		if (*d->offline) {
			output_set(disk, COL_STATE, "offline");
			output_set(disk, COL_NOTE, d->offline);
		} else if (d->free.n) {
			char *free __free = size_text(extents_total(&d->free), l->rq->bytes);

			output_set_fmt(disk, COL_NOTE, "%s free", free);
		}
		add_contents(l, disk, p, d);
	}
}

static int list_json(const struct inventory *inv, const struct parent *only)
{
	struct json_object *root = json_root();
	struct json_object *parents = json_object_new_array();

	for (size_t i = 0; i < inv->n; i++)
		if (!only || only == &inv->parents[i])
			json_object_array_add(parents, json_of_parent(&inv->parents[i]));
	json_object_object_add(root, "parents", parents);
	return json_print(root);
}

static int list(const struct request *rq)
{
	struct inventory inv __cleanup(inventory_free) = { };
	const struct parent *only = NULL;
	struct listing l = { .rq = rq };
	int r = inventory_load(&inv);

	if (r)
		return r;
	if (rq->argc) {
		r = lookup_drive(&inv, rq->argv[0], &only);
		if (r)
			return r;
	}
	if (rq->json)
		return list_json(&inv, only);
	if (!inv.n) {
		hint("no drive is bound to %s: see 'sluicectl doctor' and 'sluicectl bind'",
		     DRIVER_NAME);
		return DONE;
	}
	l.tb = output_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < inv.n; i++)
		if (!only || only == &inv.parents[i])
			add_parent(&l, &inv.parents[i]);
	return output_print(l.tb);
}

const struct verb verb_list = {
	.name = "list",
	.args = "[DRIVE]",
	.summary = "Show the drives, their slices, and what is free",
	.options = OPT_JSON | OPT_BYTES,
	.max_args = 1,
	.run = list,
};
