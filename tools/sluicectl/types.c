// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl types: how many guests, by queue count, a drive can take. */
#include "inventory.h"
#include "json.h"
#include "lookup.h"
#include "message.h"
#include "names.h"
#include "output.h"
#include "request.h"

enum { COL_PARENT, COL_TYPE, COL_QUEUES, COL_AVAILABLE, COL_NAME, COL_DESCRIPTION };

static const struct column columns[] = {
	[COL_PARENT]		= { "DRIVE", 0 },
	[COL_TYPE]		= { "TYPE", 0 },
	[COL_QUEUES]		= { "QUEUES", SCOLS_FL_RIGHT },
	[COL_AVAILABLE]		= { "AVAILABLE", SCOLS_FL_RIGHT },
	[COL_NAME]		= { "NAME", 0 },
	[COL_DESCRIPTION]	= { "DESCRIPTION", SCOLS_FL_WRAP },
};

static void add_types(struct libscols_table *tb, const struct parent *p)
{
	for (size_t i = 0; i < p->n_types; i++) {
		struct libscols_line *line = output_line(tb, NULL);
		const struct mdev_type *t = &p->types[i];

		output_set(line, COL_PARENT, p->bdf);
		output_set(line, COL_TYPE, t->id);
		output_set_fmt(line, COL_QUEUES, "%u", t->queues);
		output_set_fmt(line, COL_AVAILABLE, "%u", t->available);
		output_set(line, COL_NAME, t->name);
		output_set(line, COL_DESCRIPTION, t->description);
	}
}

static void add_types_json(struct json_object *array, const struct parent *p)
{
	for (size_t i = 0; i < p->n_types; i++)
		json_object_array_add(array, json_of_type(&p->types[i]));
}

static int types(const struct request *rq)
{
	struct inventory inv __cleanup(inventory_free) = { };
	const struct parent *only = NULL;
	struct json_object *array = NULL;
	struct libscols_table *tb = NULL;
	int r = inventory_load(&inv);

	if (r)
		return r;
	if (rq->argc) {
		r = lookup_drive(&inv, rq->argv[0], &only);
		if (r)
			return r;
	}
	if (!inv.n && !rq->json) {
		hint("no drive is bound to %s: see 'sluicectl bind'", DRIVER_NAME);
		return DONE;
	}
	if (rq->json)
		array = json_object_new_array();
	else
		tb = output_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < inv.n; i++) {
		if (only && only != &inv.parents[i])
			continue;
		if (array)
			add_types_json(array, &inv.parents[i]);
		else
			add_types(tb, &inv.parents[i]);
	}
	if (array) {
		struct json_object *root = json_root();

		json_object_object_add(root, "types", array);
		return json_print(root);
	}
	return output_print(tb);
}

const struct verb verb_types = {
	.name = "types",
	.args = "[DRIVE]",
	.summary = "Show the mdev types and how many of each can still be attached",
	.options = OPT_JSON,
	.max_args = 1,
	.run = types,
};
