/* SPDX-License-Identifier: GPL-2.0-only */
/* Collects and prints the steps for --dry-run. */
#ifndef SLUICECTL_PLAN_H
#define SLUICECTL_PLAN_H

#include "request.h"
#include "util.h"

struct plan {
	struct strv steps;
};

/* @fmt is one step and begins with a verb: "bind %s to %s" */
void plan_add(struct plan *plan, const char *fmt, ...) __format(2, 3);
int plan_print(const struct plan *plan, const struct request *rq);
void plan_clear(struct plan *plan);

#endif
