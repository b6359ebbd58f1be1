// SPDX-License-Identifier: GPL-2.0-only
/*
 * TAP version 13 on standard output
 *
 * Every line is flushed at once, so that after a crash the log shows how far
 * the test came.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

static unsigned int points;
static unsigned int failures;
static const char *prefix = "";
static unsigned int points_before;	/* the group */

void tap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
}

static void point(bool pass, const char *fmt, va_list ap)
{
	points++;
	failures += !pass;
	printf("%sok %u - %s: ", pass ? "" : "not ", points, prefix);
	vprintf(fmt, ap);
}

bool tap_ok(bool pass, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	point(pass, fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!pass)
		tap_diag("failed at %s:%d", file, line);
	return pass;
}

/* A group that makes no point has shown nothing. */
static void end_group(void)
{
	if (*prefix && points == points_before)
		tap_ok(false, __FILE__, __LINE__, "makes a point");
	points_before = points;
}

void tap_group(const char *group)
{
	end_group();
	prefix = group;
}

bool tap_is(unsigned long long got, unsigned long long want, const char *file,
	    int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	point(got == want, fmt, ap);
	va_end(ap);
	putchar('\n');
	if (got != want)
		tap_diag("failed at %s:%d: got 0x%llx, want 0x%llx", file, line,
			 got, want);
	return got == want;
}

void tap_skip(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("ok %u - %s: %s # SKIP ", ++points, prefix, name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void tap_diag(const char *fmt, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void tap_bail(const char *fmt, ...)
{
	va_list ap;

	fputs("Bail out! ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(EXIT_FAILURE);
}

void tap_skip_all(const char *fmt, ...)
{
	va_list ap;

	fputs("1..0 # SKIP ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(TAP_EXIT_SKIP);
}

int tap_end(void)
{
	end_group();
	printf("1..%u\n", points);
	if (failures)
		tap_diag("%u of %u failed", failures, points);
	return failures || !points ? EXIT_FAILURE : EXIT_SUCCESS;
}
