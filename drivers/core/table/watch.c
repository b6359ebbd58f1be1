// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching the host's writes to a disk
 *
 * Backends call this file before each write of the host. The exclusive claim of
 * a slice's partition keeps out file systems and other claims, but the block
 * layer still lets root write: through a file descriptor that was open before,
 * through the whole disk, or when cached pages are written back. So a write to a
 * slice that a guest has, or that is being wiped, is refused here, and a write to
 * a slice of the pool that was wiped is remembered.
 */
#include <linux/bio.h>
#include <linux/export.h>
#include <linux/printk.h>
#include <linux/rculist.h>

#include "table/table.h"

static bool sluice_watch_hits(const struct sluice_partition *part, u64 start,
			      u64 size)
{
	u64 first = READ_ONCE(part->info.start);

	return start < first + READ_ONCE(part->info.size) &&
	       first < start + size;
}

/**
 * sluice_disk_may_write() - the host is about to write to a disk
 * @disk: from sluice_disk_add()
 * @bio: a write, discard or zeroing, with its place on the disk
 *
 * The core's own wipes come here as well.
 *
 * Context: any, inside the same RCU read-side critical section in which the
 * caller made sure that sluice_disk_del() had not been called for @disk.
 * Return: false if a guest has some of these bytes: fail the write
 */
bool sluice_disk_may_write(struct sluice_disk *disk, const struct bio *bio)
{
	u64 start = (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT;
	u32 size = bio->bi_iter.bi_size;
	struct sluice_partition *part;

	if (bio->bi_opf & SLUICE_WATCH_OWN)
		return true;
	list_for_each_entry_rcu(part, &disk->watched, watch) {
		if (!sluice_watch_hits(part, start, size))
			continue;
		if (READ_ONCE(part->guests)) {
			pr_notice_ratelimited("%s: the host's write of %u bytes at %llu refused: partition %u is a guest's\n",
					      part->disk_name, size, start,
					      READ_ONCE(part->info.number));
			return false;
		}
		if (READ_ONCE(part->slice.clean))
			WRITE_ONCE(part->slice.clean, false);
	}
	return true;
}
EXPORT_SYMBOL_GPL(sluice_disk_may_write);

/**
 * sluice_watch_add() - watch writes to a slice until sluice_watch_del()
 * @part: slice
 *
 * Called with &sluice_parent.lock held.
 */
void sluice_watch_add(struct sluice_partition *part)
{
	list_add_tail_rcu(&part->watch, &part->disk->watched);
}

/**
 * sluice_watch_del() - undo sluice_watch_add()
 * @part: slice, freed by kfree_rcu()
 *
 * Called with &sluice_parent.lock held.
 */
void sluice_watch_del(struct sluice_partition *part)
{
	list_del_rcu(&part->watch);
}
