/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP version 13 on standard output
 */
#ifndef SLUICE_TEST_TAP_H
#define SLUICE_TEST_TAP_H

#include <stdbool.h>

#define TAP_EXIT_SKIP	4

#define TAP_PRINTF(a, b)	__attribute__((format(printf, a, b)))

/* Before the first test point */
void tap_begin(void);
/* The names of the points that follow get @group as a prefix. It needs one. */
void tap_group(const char *group);

/* Report one test point; returns whether it passed. */
bool tap_ok(bool pass, const char *file, int line, const char *fmt, ...)
	TAP_PRINTF(4, 5);
#define ok(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

/* Compare numbers; both are printed when they differ. */
bool tap_is(unsigned long long got, unsigned long long want, const char *file,
	    int line, const char *fmt, ...) TAP_PRINTF(5, 6);
#define is(got, want, ...) \
	tap_is((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/* A point that does not apply here, and the reason. */
void tap_skip(const char *name, const char *fmt, ...) TAP_PRINTF(2, 3);

void tap_diag(const char *fmt, ...) TAP_PRINTF(1, 2);

/* Ends the program: no further test is possible. */
_Noreturn void tap_bail(const char *fmt, ...) TAP_PRINTF(1, 2);

/* Ends the program: no test is possible here. Only before the first point. */
_Noreturn void tap_skip_all(const char *fmt, ...) TAP_PRINTF(1, 2);

/* Print the plan; returns the exit status. */
int tap_end(void);

#endif /* SLUICE_TEST_TAP_H */
