// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl show: prints all that is known about one slice or one drive. */
#include <inttypes.h>

#include "inventory.h"
#include "json.h"
#include "lookup.h"
#include "message.h"
#include "names.h"
#include "output.h"
#include "request.h"
#include "size.h"

enum { COL_KEY, COL_VALUE };

static const struct column columns[] = {
	[COL_KEY]	= { "KEY", 0 },
	[COL_VALUE]	= { "VALUE", SCOLS_FL_WRAP },
};

static void add(struct libscols_table *tb, const char *key, const char *value)
{
	struct libscols_line *line = output_line(tb, NULL);

	output_set_fmt(line, COL_KEY, "%s:", key);
	output_set(line, COL_VALUE, value);
}

static void add_number(struct libscols_table *tb, const char *key, uint64_t value)
{
	char *text __free = xasprintf("%" PRIu64, value);

	add(tb, key, text);
}

static void add_size(struct libscols_table *tb, const char *key, uint64_t value, bool exact)
{
	char *text __free = size_text(value, exact);

	add(tb, key, text);
}

static struct libscols_table *new_sheet(void)
{
	struct libscols_table *tb = output_new(columns, ARRAY_SIZE(columns));

	scols_table_enable_noheadings(tb, 1);
	return tb;
}

static int show_slice(const struct request *rq, const struct slice *s)
{
	struct libscols_table *tb;

	if (rq->json) {
		struct json_object *root = json_root();

		json_object_object_add(root, "slice", json_of_slice(s));
		return json_print(root);
	}
	tb = new_sheet();
	add(tb, "device", s->device);
	add(tb, "name", s->name);
	add(tb, "uuid", s->uuid);
	add(tb, "state", s->state);
	if (*s->refusal)
		add(tb, "refused, as it", s->refusal);
	if (*slice_offline(s))
		add(tb, "offline", slice_offline(s));
	add(tb, "drive", s->parent->bdf);
	add(tb, "disk", s->disk);
	add_number(tb, "partition", s->partition);
	add_size(tb, "start", s->start, rq->bytes);
	add_size(tb, "size", s->size, rq->bytes);
	add_size(tb, "block size", s->block_size, rq->bytes);
	add(tb, "pool member", s->pool ? "yes" : "no");
	add_number(tb, "generation", s->generation);
	add(tb, "mdev", *s->mdev ? s->mdev : "none");
	return output_print(tb);
}

static int show_parent(const struct request *rq, const struct parent *p)
{
	struct libscols_table *tb;
	unsigned int attached = 0;

	if (rq->json) {
		struct json_object *root = json_root();

		json_object_object_add(root, "parent", json_of_parent(p));
		return json_print(root);
	}
	for (size_t i = 0; i < p->n_slices; i++)
		attached += !!*p->slices[i].mdev;
	tb = new_sheet();
	add(tb, "drive", p->bdf);
	add(tb, "model", p->model);
	add(tb, "serial", p->serial);
	add(tb, "firmware", p->firmware);
	add(tb, "state", p->state);
	add_number(tb, "I/O queue pairs", p->qp_total);
	add_number(tb, "kept by the host", p->qp_host);
	add_number(tb, "free", p->qp_free);
	add_number(tb, "slices", p->n_slices);
	add_number(tb, "attached", attached);
	for (size_t i = 0; i < p->n_disks; i++) {
		char *key __free = xasprintf("disk %s", p->disks[i].name);

		if (*p->disks[i].offline)
			add(tb, key, p->disks[i].offline);
		else
			add_size(tb, key, p->disks[i].size, rq->bytes);
	}
	return output_print(tb);
}

static int show(const struct request *rq)
{
	struct inventory inv __cleanup(inventory_free) = { };
	const struct parent *p;
	const struct slice *s;
	int r = inventory_load(&inv);

	if (r)
		return r;
	p = lookup_parent(&inv, rq->argv[0]);
	if (p && !rq->disk)
		return show_parent(rq, p);
	r = lookup_slice(&inv, rq->argv[0], rq->disk, &s);
	return r ? r : show_slice(rq, s);
}

const struct verb verb_show = {
	.name = "show",
	.args = "SLICE|DRIVE",
	.summary = "Show all about one slice or one drive",
	.options = OPT_JSON | OPT_BYTES | OPT_DISK,
	.min_args = 1,
	.max_args = 1,
	.run = show,
};
