// SPDX-License-Identifier: GPL-2.0-only
#include "util.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void free_text(char **text)
{
	free(*text);
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void *checked(void *memory)
{
	if (!memory)
		errx(EXIT_FAILURE, "out of memory");
	return memory;
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

void *xrecalloc(void *old, size_t n, size_t size)
{
	return checked(reallocarray(old, n ? n : 1, size));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	return checked(text);
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	return text;
}

bool text_equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

char *text_printable(const char *text)
{
	char *out = xcalloc(4 * strlen(text) + 1, 1);
	char *p = out;

	for (; *text; text++) {
		unsigned char c = *text;

		if (c < 0x20 || c == 0x7f)
			p += sprintf(p, "\\x%02x", c);
		else
			*p++ = c;
	}
	return out;
}

void strv_add(struct strv *list, const char *fmt, ...)
{
	va_list args;

	list->v = xrecalloc(list->v, list->n + 1, sizeof(*list->v));
	va_start(args, fmt);
	list->v[list->n++] = format(fmt, args);
	va_end(args);
}

bool strv_has(const struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], text))
			return true;
	return false;
}

char *strv_join(const struct strv *list, const char *separator)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		char *longer = xasprintf("%s%s%s", all, i ? separator : "", list->v[i]);

		free(all);
		all = longer;
	}
	return all;
}

void strv_clear(struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	list->v = NULL;
	list->n = 0;
}
