// SPDX-License-Identifier: GPL-2.0-only
#include "zero.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "interrupt.h"
#include "message.h"

/* Small, so that an interrupt is noticed soon on a slow drive. */
#define CHUNK	(UINT64_C(64) << 20)

static int write_zeroes(int fd, uint64_t start, uint64_t size)
{
	char *block __free = xcalloc(1, 1 << 20);

	while (size) {
		size_t want = size < (1 << 20) ? size : (1 << 20);
		ssize_t n = pwrite(fd, block, want, start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		start += n;
		size -= n;
	}
	return 0;
}

static int zero_file(int fd, uint64_t start, uint64_t size)
{
	/* A hole reads as zeroes and keeps an image file sparse. */
	if (!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, size))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	return write_zeroes(fd, start, size);
}

static int zero_chunk(const struct table *t, uint64_t start, uint64_t size)
{
	uint64_t range[2] = { start, size };

	if (t->image)
		return zero_file(t->fd, start, size);
	return ioctl(t->fd, BLKZEROOUT, range) ? -errno : 0;
}

static void show_progress(uint64_t done, uint64_t size)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rzeroing: %3" PRIu64 " %%%s", done * 100 / size,
			done == size ? "\n" : "");
}

int zero_range(const struct table *t, uint64_t start, uint64_t size)
{
	for (uint64_t done = 0; done < size;) {
		uint64_t n = size - done < CHUNK ? size - done : CHUNK;
		int r = zero_chunk(t, start + done, n);

		if (r)
			return table_fail(t, r, "cannot zero the blocks");
		done += n;
		show_progress(done, size);
		if (done < size && interrupt_pending())
			return fail(FAILED, "interrupted");
	}
	if (fsync(t->fd))
		return table_fail(t, errno, "cannot zero the blocks");
	return 0;
}
