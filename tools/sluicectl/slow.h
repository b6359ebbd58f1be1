/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses to sysfs for which the kernel may let the caller wait without a
 * limit, and meanwhile ignore signals: removing a device that a program has
 * open, and all that needs the lock of such a device.
 */
#ifndef SLUICECTL_SLOW_H
#define SLUICECTL_SLOW_H

/* What the user is told while an access waits. */
struct slow {
	void (*tell)(void *data);	/* after a second, then every ten seconds */
	void *data;
};

/*
 * Writes @text to @path. The write is made by a child process: when a signal
 * ends the wait, the child stays behind in the kernel and completes the write.
 * Returns 0, -errno, or -EINTR after SIGINT, SIGTERM or SIGHUP.
 */
int slow_write(const char *path, const char *text, const struct slow *slow);

/*
 * Reads @path, but waits no longer than a second: -EBUSY. *@text is without its
 * newline, and NULL after an error. Returns 0 or -errno.
 */
int slow_read(const char *path, char **text);

#endif
