// SPDX-License-Identifier: GPL-2.0-only
#include "blkpg.h"

#include <errno.h>
#include <linux/blkpg.h>
#include <sys/ioctl.h>
#include <time.h>

/* udev opens every new partition for a moment to probe its content. */
#define RETRY_EVERY_MS	50
#define RETRY_FOR_MS	1000

static int tell(const struct table *t, int op, const struct entry *entry)
{
	struct blkpg_partition part = {
		.start = entry->start,
		.length = entry->size,
		.pno = entry->number,
	};
	struct blkpg_ioctl_arg arg = {
		.op = op,
		.datalen = sizeof(part),
		.data = &part,
	};

	return ioctl(t->fd, BLKPG, &arg) ? -errno : 0;
}

int blkpg_add(const struct table *t, const struct entry *entry)
{
	return tell(t, BLKPG_ADD_PARTITION, entry);
}

int blkpg_remove(const struct table *t, const struct entry *entry)
{
	const struct timespec pause = { .tv_nsec = RETRY_EVERY_MS * 1000000L };
	int r;

	for (int waited = 0; waited < RETRY_FOR_MS; waited += RETRY_EVERY_MS) {
		r = tell(t, BLKPG_DEL_PARTITION, entry);
		if (r != -EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return r;
}
