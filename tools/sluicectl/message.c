// SPDX-License-Identifier: GPL-2.0-only
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(const char *prefix, const char *fmt, va_list args)
{
	char *printable __free = NULL;
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		abort();
	/* Labels and log lines come from outside: print no escape sequences. */
	printable = text_printable(text);
	free(text);
	fflush(stdout);
	fprintf(stderr, "%s%s\n", prefix, printable);
}

int fail(enum outcome code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("sluicectl: ", fmt, args);
	va_end(args);
	return code;
}

int fail_errno(int err, const char *fmt, ...)
{
	char *text __free = NULL;
	va_list args;

	err = abs(err);
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	fail(FAILED, "%s: %s", text, strerror(err));
	if (outcome_of_errno(err) == NOT_PERMITTED)
		hint("run it as root");
	return outcome_of_errno(err);
}

void hint(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("           ", fmt, args);
	va_end(args);
}

void warning(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("sluicectl: warning: ", fmt, args);
	va_end(args);
}

enum outcome outcome_of_errno(int err)
{
	switch (abs(err)) {
	case EPERM:
	case EACCES:
		return NOT_PERMITTED;
	case EBUSY:
		return BUSY;
	case EOPNOTSUPP:
	case EROFS:
		return REFUSED;
	default:
		return FAILED;
	}
}
