// SPDX-License-Identifier: GPL-2.0-only
#include "plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "message.h"

void plan_add(struct plan *plan, const char *fmt, ...)
{
	char *text __free = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	strv_add(&plan->steps, "%s", text);
}

int plan_print(const struct plan *plan, const struct request *rq)
{
	struct json_object *root;

	if (!rq->json) {
		for (size_t i = 0; i < plan->steps.n; i++) {
			char *line __free = text_printable(plan->steps.v[i]);

			printf("would %s\n", line);
		}
		return DONE;
	}
	root = json_root();
	json_add_bool(root, "dry_run", true);
	json_object_object_add(root, "steps", json_of_strv(&plan->steps));
	return json_print(root);
}

void plan_clear(struct plan *plan)
{
	strv_clear(&plan->steps);
}
