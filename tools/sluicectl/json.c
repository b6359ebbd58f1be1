// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

#include <stdio.h>
#include <string.h>

#include "message.h"
#include "waits.h"

#define JSON_VERSION	1

struct json_object *json_root(void)
{
	struct json_object *root = json_object_new_object();

	json_add_number(root, "version", JSON_VERSION);
	return root;
}

int json_print(struct json_object *root)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE);
	int code = DONE;

	if (!text || puts(text) == EOF)
		code = fail(FAILED, "cannot write the output");
	json_object_put(root);
	return code;
}

void json_add_text(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, value ? json_object_new_string(value) : NULL);
}

void json_add_number(struct json_object *obj, const char *key, uint64_t value)
{
	json_object_object_add(obj, key, json_object_new_uint64(value));
}

void json_add_bool(struct json_object *obj, const char *key, bool value)
{
	json_object_object_add(obj, key, json_object_new_boolean(value));
}

struct json_object *json_of_strv(const struct strv *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < list->n; i++)
		json_object_array_add(array, json_object_new_string(list->v[i]));
	return array;
}

struct json_object *json_of_slice(const struct slice *s)
{
	struct json_object *obj = json_object_new_object();
	struct strv waits __cleanup(strv_clear) = { };

	json_add_text(obj, "device", s->device);
	json_add_text(obj, "uuid", s->uuid);
	json_add_text(obj, "name", s->name);
	json_add_text(obj, "state", s->state);
	json_add_text(obj, "refusal", s->refusal && *s->refusal ? s->refusal : NULL);
	json_add_text(obj, "parent", s->parent ? s->parent->bdf : NULL);
	json_add_text(obj, "disk", s->disk);
	json_add_number(obj, "partition", s->partition);
	json_add_number(obj, "start_bytes", s->start);
	json_add_number(obj, "size_bytes", s->size);
	json_add_number(obj, "block_size_bytes", s->block_size);
	json_add_bool(obj, "pool", s->pool);
	json_add_number(obj, "generation", s->generation);
	json_add_text(obj, "mdev", s->mdev && *s->mdev ? s->mdev : NULL);
	if (s->leaving)
		waits_of_slice(s, &waits);
	json_object_object_add(obj, "waits_for", json_of_strv(&waits));
	return obj;
}

struct json_object *json_of_type(const struct mdev_type *t)
{
	struct json_object *obj = json_object_new_object();

	json_add_text(obj, "parent", t->parent->bdf);
	json_add_text(obj, "type", t->id);
	json_add_text(obj, "name", t->name);
	json_add_number(obj, "queues", t->queues);
	json_add_bool(obj, "pool", t->pool);
	json_add_number(obj, "available_instances", t->available);
	json_add_text(obj, "device_api", t->device_api);
	json_add_text(obj, "description", t->description);
	return obj;
}

static struct json_object *json_of_part(const struct host_part *part)
{
	struct json_object *obj = json_object_new_object();

	json_add_text(obj, "device", part->device);
	json_add_number(obj, "partition", part->partition);
	json_add_number(obj, "start_bytes", part->start);
	json_add_number(obj, "size_bytes", part->size);
	json_object_object_add(obj, "users", json_of_strv(&part->users));
	return obj;
}

static struct json_object *json_of_free(const struct extents *free)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < free->n; i++) {
		struct json_object *obj = json_object_new_object();

		json_add_number(obj, "start_bytes", free->v[i].start);
		json_add_number(obj, "size_bytes", free->v[i].end - free->v[i].start);
		json_object_array_add(array, obj);
	}
	return array;
}

static struct json_object *json_of_disk(const struct parent *p, const struct disk *d)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *slices = json_object_new_array();
	struct json_object *parts = json_object_new_array();

	json_add_text(obj, "name", d->name);
	json_add_text(obj, "offline", *d->offline ? d->offline : NULL);
	json_add_number(obj, "size_bytes", d->size);
	json_add_number(obj, "block_size_bytes", d->block_size);
	for (size_t i = 0; i < p->n_slices; i++)
		if (!strcmp(p->slices[i].disk, d->name))
			json_object_array_add(slices, json_of_slice(&p->slices[i]));
	json_object_object_add(obj, "slices", slices);
	for (size_t i = 0; i < d->n_parts; i++)
		json_object_array_add(parts, json_of_part(&d->parts[i]));
	json_object_object_add(obj, "host_partitions", parts);
	json_add_number(obj, "free_bytes", extents_total(&d->free));
	json_add_number(obj, "largest_free_bytes", extents_largest(&d->free));
	json_object_object_add(obj, "free", json_of_free(&d->free));
	return obj;
}

struct json_object *json_of_parent(const struct parent *p)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *queues = json_object_new_object();
	struct json_object *disks = json_object_new_array();
	struct strv waits __cleanup(strv_clear) = { };

	json_add_text(obj, "address", p->bdf);
	json_add_text(obj, "model", p->model);
	json_add_text(obj, "serial", p->serial);
	json_add_text(obj, "firmware_rev", p->firmware);
	json_add_text(obj, "state", p->state);
	if (parent_removing(p))
		waits_of_parent(p, &waits);
	json_object_object_add(obj, "waits_for", json_of_strv(&waits));
	json_add_number(queues, "total", p->qp_total);
	json_add_number(queues, "host", p->qp_host);
	json_add_number(queues, "free", p->qp_free);
	json_object_object_add(obj, "queue_pairs", queues);
	for (size_t i = 0; i < p->n_disks; i++)
		json_object_array_add(disks, json_of_disk(p, &p->disks[i]));
	json_object_object_add(obj, "disks", disks);
	return obj;
}
