/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables for people, by libsmartcols. */
#ifndef SLUICECTL_OUTPUT_H
#define SLUICECTL_OUTPUT_H

#include <libsmartcols/libsmartcols.h>

#include "util.h"

struct column {
	const char *name;
	int flags;		/* SCOLS_FL_* */
};

/* Coloured on a terminal, drawn in ASCII where the locale has no UTF-8. */
struct libscols_table *output_new(const struct column *columns, size_t n);
/* A line below @up, which is NULL for the top. */
struct libscols_line *output_line(struct libscols_table *tb, struct libscols_line *up);
/* NULL leaves the cell empty. */
void output_set(struct libscols_line *line, size_t column, const char *text);
void output_set_fmt(struct libscols_line *line, size_t column, const char *fmt, ...)
	__format(3, 4);
/* Prints and releases the table; returns an exit code. */
int output_print(struct libscols_table *tb);

#endif
