/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory, strings and clean-up, for all other files. */
#ifndef SLUICECTL_UTIL_H
#define SLUICECTL_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
/* Frees a local variable when it goes out of scope. */
#define __cleanup(fn)	__attribute__((__cleanup__(fn)))
#define __free		__cleanup(free_text)
#define __unused		__attribute__((__unused__))
#define __format(f, a)	__attribute__((__format__(__printf__, f, a)))

/* For __cleanup() */
void free_text(char **text);
void close_fd(int *fd);

/* These end the program when memory runs out; they never return NULL. */
void *xcalloc(size_t n, size_t size);
void *xrecalloc(void *old, size_t n, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *fmt, ...) __format(1, 2);

bool text_equal(const char *a, const char *b);
/* Returns text with every control character written as \xNN. */
char *text_printable(const char *text);

/* A growing list of strings. Initialise it with zeroes. */
struct strv {
	char **v;
	size_t n;
};

void strv_add(struct strv *list, const char *fmt, ...) __format(2, 3);
bool strv_has(const struct strv *list, const char *text);
char *strv_join(const struct strv *list, const char *separator);
void strv_clear(struct strv *list);

#endif
