/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON that --json prints. Its shape is documented in sluicectl.8. */
#ifndef SLUICECTL_JSON_H
#define SLUICECTL_JSON_H

#include <json-c/json.h>

#include "inventory.h"
#include "util.h"

/* Makes an object that holds only the version of the format. */
struct json_object *json_root(void);
/* Prints and releases @root; returns an exit code. */
int json_print(struct json_object *root);

void json_add_text(struct json_object *obj, const char *key, const char *value);
void json_add_number(struct json_object *obj, const char *key, uint64_t value);
void json_add_bool(struct json_object *obj, const char *key, bool value);
struct json_object *json_of_strv(const struct strv *list);

struct json_object *json_of_slice(const struct slice *s);
struct json_object *json_of_type(const struct mdev_type *t);
/* Includes the disks, and their slices, host partitions and free space. */
struct json_object *json_of_parent(const struct parent *p);

#endif
