// SPDX-License-Identifier: GPL-2.0-only
#include "blank.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "message.h"

/* Every new table has 128 entries of 128 bytes. */
#define ENTRIES_SIZE	(128 * 128)

static bool read_all(const struct table *t, char *data, size_t size, uint64_t at)
{
	return pread(t->fd, data, size, at) == (ssize_t)size;
}

static bool write_all(const struct table *t, const char *data, size_t size, uint64_t at)
{
	return pwrite(t->fd, data, size, at) == (ssize_t)size;
}

int blank_save(const struct table *t, struct blank *b)
{
	/* First protective MBR, header, entries; at the end entries, header. */
	b->head_size = 2 * t->block_size + ENTRIES_SIZE;
	b->tail_size = ENTRIES_SIZE + t->block_size;
	b->head = xcalloc(1, b->head_size);
	b->tail = xcalloc(1, b->tail_size);
	if (read_all(t, b->head, b->head_size, 0) &&
	    read_all(t, b->tail, b->tail_size, t->size - b->tail_size))
		return 0;
	return table_fail(t, errno ? errno : EIO, "cannot read the ends of the disk");
}

int blank_restore(const struct table *t, const struct blank *b)
{
	if (write_all(t, b->head, b->head_size, 0) &&
	    write_all(t, b->tail, b->tail_size, t->size - b->tail_size) && !fsync(t->fd))
		return 0;
	return table_fail(t, errno ? errno : EIO, "cannot remove the new partition table again");
}

void blank_clear(struct blank *b)
{
	free(b->head);
	free(b->tail);
	*b = (struct blank) { };
}
