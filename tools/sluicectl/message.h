/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user is told when something goes wrong, and the exit codes. */
#ifndef SLUICECTL_MESSAGE_H
#define SLUICECTL_MESSAGE_H

#include "util.h"

/* Documented in sluicectl.8; scripts rely on the values. */
enum outcome {
	DONE		= 0,
	FAILED		= 1,	/* tried, did not work, undone */
	USAGE		= 2,	/* the command line makes no sense */
	NOT_FOUND	= 3,	/* no such device, slice or type */
	BUSY		= 4,	/* somebody uses it */
	REFUSED		= 5,	/* cannot or must not be done here */
	UNCHANGED	= 6,	/* already so: nothing was done */
	NOT_PERMITTED	= 77,	/* not enough privilege */
};

/* Says what is wrong and returns @code, so that callers can return it. */
int fail(enum outcome code, const char *fmt, ...) __format(2, 3);
/* The same for a failed system or library call; the code follows from @err. */
int fail_errno(int err, const char *fmt, ...) __format(2, 3);
/* What to do about the message just printed. */
void hint(const char *fmt, ...) __format(1, 2);
void warning(const char *fmt, ...) __format(1, 2);

enum outcome outcome_of_errno(int err);

#endif
