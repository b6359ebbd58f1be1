// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "message.h"

#define MAX_COLUMNS	8

/* The widths that columns are wrapped to. One table is printed at a time. */
static size_t wrap_widths[MAX_COLUMNS];
static struct libscols_column *spare_column;

/* The libsmartcols calls used here fail only when memory runs out. */
static void must(int error)
{
	if (error) {
		fail(FAILED, "out of memory");
		exit(FAILED);
	}
}

/* Decodes a character; a byte that is none counts as one. */
static size_t next_char(const char *text, size_t *width)
{
	mbstate_t state = { };
	wchar_t c;
	size_t n = mbrtowc(&c, text, MB_CUR_MAX, &state);
	int columns;

	*width = 1;
	if (!n || n > MB_CUR_MAX)
		return 1;
	columns = wcwidth(c);
	/* libsmartcols prints what is not printable as \xNN for each byte. */
	*width = columns < 0 ? 4 * n : (size_t)columns;
	return n;
}

static size_t text_width(const char *text)
{
	size_t all = 0, width;

	for (; *text; all += width)
		text += next_char(text, &width);
	return all;
}

/* For libsmartcols: the width that the column needs for @text. */
static size_t wrapped_width(const struct libscols_column *cl __unused, const char *text,
			    void *data)
{
	size_t width = text_width(text), limit = *(size_t *)data;

	return width < limit ? width : limit;
}

/*
 * For libsmartcols: ends the first line of @text, and returns the rest. A line
 * ends between words. No column is narrower than its longest word.
 */
static char *end_line(const struct libscols_column *cl, char *text, void *data __unused)
{
	size_t limit = scols_column_get_width(cl), at = 0, width;
	char *space = NULL, *p = text;

	while (*p) {
		size_t n = next_char(p, &width);

		if (*p == ' ')
			space = p;
		if (at + width > limit)
			break;
		at += width;
		p += n;
	}
	if (!*p || !space)
		return NULL;
	*space = '\0';
	return space + 1;
}

struct libscols_table *output_new(const struct column *columns, size_t n)
{
	struct libscols_table *tb = scols_new_table();

	must(!tb || n > MAX_COLUMNS);
	scols_table_enable_ascii(tb, strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
	spare_column = NULL;
	scols_table_enable_colors(tb, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	for (size_t i = 0; i < n; i++) {
		struct libscols_column *cl =
			scols_table_new_column(tb, columns[i].name, 0, columns[i].flags);

		must(!cl);
		if (columns[i].spare)
			spare_column = cl;
		if (columns[i].flags & SCOLS_FL_WRAP)
			must(scols_column_set_wrapfunc(cl, wrapped_width, end_line,
						       &wrap_widths[i]));
	}
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

/* The width of the terminal. A file or a pipe has none: nothing is wrapped. */
static size_t output_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return SIZE_MAX;
	return size.ws_col ? size.ws_col : 80;
}

static size_t tree_width(const struct libscols_line *line)
{
	size_t width = 0;

	while ((line = scols_line_get_parent(line)))
		width += 2;
	return width;
}

static size_t longest_word(const char *text)
{
	size_t longest = 0, at = 0, width;

	while (*text) {
		at = *text == ' ' ? 0 : at;
		text += next_char(text, &width);
		at += text[-1] == ' ' ? 0 : width;
		if (at > longest)
			longest = at;
	}
	return longest;
}

/*
 * The width of column number @i, with the space that follows, when nothing is
 * wrapped, or when each word has a line of its own.
 */
static size_t column_width(struct libscols_table *tb, size_t i, size_t (*measure)(const char *))
{
	struct libscols_column *cl = scols_table_get_column(tb, i);
	const char *name = scols_cell_get_data(scols_column_get_header(cl));
	size_t widest = name ? measure(name) : 0;

	if (scols_column_is_hidden(cl))
		return 0;
	for (size_t n = 0; n < scols_table_get_nlines(tb); n++) {
		struct libscols_line *line = scols_table_get_line(tb, n);
		const char *text = scols_cell_get_data(scols_line_get_cell(line, i));
		size_t width = text ? measure(text) : 0;

		if (scols_column_is_tree(cl))
			width += tree_width(line);
		if (width > widest)
			widest = width;
	}
	return widest + (i + 1 < scols_table_get_ncols(tb));
}

static void leave_out_spare(struct libscols_table *tb)
{
	size_t all = 0;

	for (size_t i = 0; i < scols_table_get_ncols(tb); i++)
		all += column_width(tb, i, text_width);
	if (spare_column && all > output_width())
		must(scols_column_set_flags(spare_column, SCOLS_FL_HIDDEN));
}

struct widths {
	size_t natural, least;
};

/*
 * Chooses the next column to get a width of @room, which @left columns share: one
 * that needs less than its share, or one that needs more, else any.
 */
static size_t choose(const struct widths *widths, size_t n, size_t room, size_t left, size_t *width)
{
	size_t share = room / left, any = 0;

	for (size_t i = 0; i < n; i++) {
		if (!widths[i].natural)
			continue;
		any = i;
		*width = widths[i].natural <= share ? widths[i].natural : widths[i].least;
		if (widths[i].natural <= share || widths[i].least > share)
			return i;
	}
	*width = share;
	return any;
}

/* Shares what the other columns leave of the terminal among those that wrap. */
static void set_widths(struct libscols_table *tb)
{
	size_t n = scols_table_get_ncols(tb), room = output_width(), left = 0;
	struct widths widths[MAX_COLUMNS] = { };

	for (size_t i = 0; i < n; i++) {
		size_t natural = column_width(tb, i, text_width);

		if (scols_column_is_wrap(scols_table_get_column(tb, i))) {
			widths[i].natural = natural;
			widths[i].least = column_width(tb, i, longest_word);
			left++;
		} else {
			room = room > natural ? room - natural : 0;
		}
	}
	for (; left; left--) {
		size_t width, i = choose(widths, n, room, left, &width);

		widths[i].natural = 0;
		wrap_widths[i] = width - (i + 1 < n);
		room = room > width ? room - width : 0;
	}
}

int output_print(struct libscols_table *tb)
{
	int r;

	leave_out_spare(tb);
	set_widths(tb);
	r = scols_print_table(tb);
	scols_unref_table(tb);
	return r ? fail(FAILED, "cannot write the output") : DONE;
}
