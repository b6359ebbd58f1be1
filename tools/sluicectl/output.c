// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

/* The libsmartcols calls used here fail only when memory runs out. */
static void must(int error)
{
	if (error) {
		fail(FAILED, "out of memory");
		exit(FAILED);
	}
}

struct libscols_table *output_new(const struct column *columns, size_t n)
{
	struct libscols_table *tb = scols_new_table();

	must(!tb);
	scols_table_enable_ascii(tb, strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
	scols_table_enable_colors(tb, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	for (size_t i = 0; i < n; i++)
		must(!scols_table_new_column(tb, columns[i].name, 0, columns[i].flags));
	return tb;
}

struct libscols_line *output_line(struct libscols_table *tb, struct libscols_line *up)
{
	struct libscols_line *line = scols_table_new_line(tb, up);

	must(!line);
	return line;
}

void output_set(struct libscols_line *line, size_t column, const char *text)
{
	if (text && *text)
		must(scols_line_set_data(line, column, text));
}

void output_set_fmt(struct libscols_line *line, size_t column, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	must(vasprintf(&text, fmt, args) < 0);
	va_end(args);
	must(scols_line_refer_data(line, column, text));
}

int output_print(struct libscols_table *tb)
{
	int r = scols_print_table(tb);

	scols_unref_table(tb);
	return r ? fail(FAILED, "cannot write the output") : DONE;
}
