/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints tables for people, through libsmartcols. */
#ifndef SLUICECTL_OUTPUT_H
#define SLUICECTL_OUTPUT_H

#include <libsmartcols/libsmartcols.h>

#include "util.h"

struct column {
	const char *name;
	int flags;		/* SCOLS_FL_* */
	bool spare;		/* one at most: a narrow terminal does without */
};

/*
 * Has colours on a terminal, and ASCII lines where the locale lacks UTF-8. On a
 * terminal that is too narrow for the table, the spare column is left out,
 * columns with SCOLS_FL_WRAP are wrapped between words, and if that is not
 * enough, columns with SCOLS_FL_TRUNC are cut.
 */
struct libscols_table *output_new(const struct column *columns, size_t n);
/* Adds a line below @up; NULL means the top. */
struct libscols_line *output_line(struct libscols_table *tb, struct libscols_line *up);
/* NULL leaves the cell empty. */
void output_set(struct libscols_line *line, size_t column, const char *text);
void output_set_fmt(struct libscols_line *line, size_t column, const char *fmt, ...)
	__format(3, 4);
/* Prints and releases the table; returns an exit code. */
int output_print(struct libscols_table *tb);

#endif
