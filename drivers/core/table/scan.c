// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scanning: from a disk's partition table to slices
 *
 * disk.c calls this file at each enumeration. A slice that is not free stays as
 * it is, whatever the table says. A new slice that shares blocks with it is
 * shown, but cannot be claimed while the other is in use.
 *
 * No guest can have written the table: slices lie in its usable blocks, and the
 * parser makes sure that the table itself does not.
 */
#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "table/gpt.h"
#include "table/table.h"

/**
 * struct scan_entry - a slice in the table
 * @list: in &scan.found
 * @info: where the slice is
 */
struct scan_entry {
	struct list_head list;
	struct sluice_partition_info info;
};

/**
 * struct scan - a scan in progress
 * @disk: the disk
 * @found: list of &struct scan_entry
 */
struct scan {
	struct sluice_disk *disk;
	struct list_head found;
};

static struct device *sluice_scan_dev(const struct sluice_disk *disk)
{
	return disk->provider.parent->dev;
}

static const char *sluice_scan_disk_name(const struct sluice_disk *disk)
{
	return disk->disk->disk_name;
}

/* --- Reading --- */

/* The page cache has been written back before. */
static int sluice_scan_read(void *priv, u64 offset_bytes, void *buf, size_t len)
{
	struct scan *scan = priv;

	return sluice_bdev_read(scan->disk->disk, offset_bytes, buf, len);
}

/*
 * The page cache of the whole disk works in blocks of up to a page. If a slice
 * shared a block with its neighbour or with the table, the host could write its
 * cached copy of that block over the guest's data. So a slice is whole pages. A
 * partition tool that takes all free blocks leaves an odd end, which the slice
 * does not get.
 */
static const char *
sluice_scan_fit(struct sluice_partition_info *info)
{
	info->size = round_down(info->size, PAGE_SIZE);
	if (info->start % PAGE_SIZE)
		return "does not begin at a multiple of 4096 bytes: use sluicectl create";
	if (!info->size)
		return "is smaller than 4096 bytes: make it larger";
	return NULL;
}

static int sluice_scan_add(struct scan *scan,
			   const struct sluice_gpt_entry *entry,
			   const char *refusal)
{
	struct scan_entry *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return -ENOMEM;
	e->info = (struct sluice_partition_info) {
		.uuid = entry->uuid,
		.start = entry->start_bytes,
		.size = entry->size_bytes,
		.number = entry->partition,
		.pool = entry->attributes & SLUICE_GPT_ATTR_POOL,
	};
	strscpy(e->info.name, entry->name, sizeof(e->info.name));
	e->info.refusal = sluice_scan_fit(&e->info);
	if (refusal)
		e->info.refusal = refusal;
	list_add_tail(&e->list, &scan->found);
	return 0;
}

static int sluice_scan_visit(void *priv, const struct sluice_gpt_entry *entry)
{
	return sluice_scan_add(priv, entry, NULL);
}

/* Show the entry as a slice that says why it cannot be attached. */
static void sluice_scan_reject(void *priv, const struct sluice_gpt_entry *entry,
			       enum sluice_gpt_flaw flaw)
{
	struct scan *scan = priv;
	int ret = sluice_scan_add(scan, entry, sluice_gpt_flaw_text(flaw));

	if (ret)
		dev_notice_ratelimited(sluice_scan_dev(scan->disk),
				       "%s: partition %u is not shown: error %d\n",
				       sluice_scan_disk_name(scan->disk),
				       entry->partition, ret);
}

/* Fill @found. A disk without a GPT has no slices. */
static int sluice_scan_collect(struct scan *scan)
{
	static const guid_t type = SLUICE_GPT_TYPE_SLICE;
	struct sluice_disk *disk = scan->disk;
	const struct sluice_gpt_reader reader = {
		.read = sluice_scan_read,
		.priv = scan,
		.size_bytes = (u64)get_capacity(disk->disk) << SECTOR_SHIFT,
		.block_size = disk->block_size,
		.reject = sluice_scan_reject,
	};
	int ret;

	if (!reader.size_bytes)
		return 0;
	ret = sync_blockdev(disk->disk->part0);
	if (ret)
		return ret;
	ret = sluice_gpt_parse(&reader, &type, sluice_scan_visit, scan);
	return ret == -ENODATA || ret == -EMEDIUMTYPE ? 0 : ret;
}

static void sluice_scan_free(struct scan *scan)
{
	struct scan_entry *e, *tmp;

	list_for_each_entry_safe(e, tmp, &scan->found, list)
		kfree(e);
	INIT_LIST_HEAD(&scan->found);
}

/* --- Merging --- */

static bool sluice_scan_is_free(struct sluice_slice *slice)
{
	return sluice_slice_get_state(slice) == SLUICE_SLICE_FREE;
}

/* Find the entry that is this slice, with the same name in sysfs. */
static struct scan_entry *sluice_scan_match(struct scan *scan,
					    const struct sluice_partition *part)
{
	struct scan_entry *e;

	list_for_each_entry(e, &scan->found, list)
		if (e->info.number == part->info.number &&
		    uuid_equal(&e->info.uuid, &part->info.uuid))
			return e;
	return NULL;
}

/* Update or remove the free slices of the disk; frees the entries it uses. */
static void sluice_scan_merge_known(struct scan *scan)
{
	struct sluice_slice *slice, *next;

	list_for_each_entry_safe(slice, next, &scan->disk->provider.slices,
				 node) {
		struct sluice_partition *part = sluice_to_partition(slice);
		struct scan_entry *e;

		/* each slice is compared with all entries, and below again */
		cond_resched();
		if (!sluice_scan_is_free(slice))
			continue;
		e = sluice_scan_match(scan, part);
		if (!e) {
			sluice_slice_remove(slice);
			continue;
		}
		sluice_partition_update(part, &e->info);
		list_del(&e->list);
		kfree(e);
	}
}

/* Find a slice with the name of an entry: its partition was renumbered. */
static struct sluice_slice *
sluice_scan_namesake(struct scan *scan, const struct sluice_partition_info *info)
{
	struct sluice_slice *slice;

	list_for_each_entry(slice, &scan->disk->provider.slices, node)
		if (sluice_to_partition(slice)->info.number == info->number)
			return slice;
	return NULL;
}

static int sluice_scan_add_new(struct scan *scan,
			       const struct sluice_partition_info *info)
{
	struct sluice_disk *disk = scan->disk;
	struct sluice_slice *other;

	/* The partition of a slice in use has another number now. */
	other = sluice_slice_find(disk->provider.parent, &info->uuid);
	if (other && other->provider == &disk->provider &&
	    !sluice_scan_is_free(other))
		return 0;
	other = sluice_scan_namesake(scan, info);
	if (other) {
		dev_notice_ratelimited(sluice_scan_dev(disk),
				       "%s: slice %pUb is not shown: the slice %pUb is in use and has the same partition number %u\n",
				       sluice_scan_disk_name(disk), &info->uuid,
				       &other->info.uuid, info->number);
		return 0;
	}
	return sluice_partition_add(disk, info);
}

static int sluice_scan_merge(struct scan *scan)
{
	struct scan_entry *e;
	int ret = 0;

	sluice_scan_merge_known(scan);
	list_for_each_entry(e, &scan->found, list) {
		int err;

		cond_resched();
		err = sluice_scan_add_new(scan, &e->info);
		if (!err)
			continue;
		ret = err;
		dev_warn_ratelimited(sluice_scan_dev(scan->disk),
				     "%s: showing slice %pUb failed with error %d\n",
				     sluice_scan_disk_name(scan->disk),
				     &e->info.uuid, err);
	}
	return ret;
}

/**
 * sluice_scan_disk() - bring the slices of a disk up to date
 * @disk: disk
 *
 * Called with &sluice_parent.lock held. If the table cannot be read, the slices
 * stay as they are; if the table is damaged, the free slices are removed.
 *
 * Return: 0 or a negative errno; -EINVAL for a damaged table
 */
int sluice_scan_disk(struct sluice_disk *disk)
{
	struct scan scan = { .disk = disk };
	int ret, err;

	lockdep_assert_held(&disk->provider.parent->lock);
	INIT_LIST_HEAD(&scan.found);
	ret = sluice_scan_collect(&scan);
	if (ret == -EINVAL)
		sluice_scan_free(&scan);
	if (!ret || ret == -EINVAL) {
		err = sluice_scan_merge(&scan);
		ret = ret ?: err;
	}
	sluice_scan_free(&scan);
	return ret;
}
