// SPDX-License-Identifier: GPL-2.0-only
#include "lock.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

#include "message.h"

#define TRY_EVERY_MS	50
#define TRY_FOR_MS	10000

int lock_disk(int fd, const char *path)
{
	const struct timespec pause = { .tv_nsec = TRY_EVERY_MS * 1000000L };

	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += TRY_EVERY_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_errno(errno, "cannot lock %s", path);
		if (waited >= TRY_FOR_MS) {
			fail(BUSY, "another program has held the lock of %s for %d s", path,
			     TRY_FOR_MS / 1000);
			hint("another sluicectl, a partition tool or udev is at work: try again");
			return BUSY;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}
