/* SPDX-License-Identifier: GPL-2.0-only */
/* Error messages for the user, and the exit codes. */
#ifndef SLUICECTL_MESSAGE_H
#define SLUICECTL_MESSAGE_H

#include "util.h"

/* Documented in sluicectl.8; scripts rely on the values. */
enum outcome {
	DONE		= 0,
	FAILED		= 1,	/* tried, failed, undone */
	USAGE		= 2,	/* the command line makes no sense */
	NOT_FOUND	= 3,	/* what the user named is not there */
	BUSY		= 4,	/* in use */
	REFUSED		= 5,	/* impossible or not allowed here */
	NOT_PERMITTED	= 77,	/* not enough privilege */
};

/* Prints what is wrong. Returns @code, so that callers can return it. */
int fail(enum outcome code, const char *fmt, ...) __format(2, 3);
/*
 * The same for a failed system or library call; @err gives the code. It is never
 * NOT_FOUND: that is for what the user named.
 */
int fail_errno(int err, const char *fmt, ...) __format(2, 3);
/* Prints what the user can do about the message just printed. */
void hint(const char *fmt, ...) __format(1, 2);
void warning(const char *fmt, ...) __format(1, 2);

enum outcome outcome_of_errno(int err);

#endif
