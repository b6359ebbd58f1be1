// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a disk without hardware, for the KUnit tests of its slices
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "table/tfake_test.h"

static int tfake_read(struct gendisk *disk, u64 offset_bytes, void *buf,
		      size_t len)
{
	struct tfake *f = container_of(disk, struct tfake, gendisk);

	return f->gpt->reader.read(f->gpt, offset_bytes, buf, len);
}

static void tfake_fill(struct tfake *f)
{
	struct block_device *whole = &f->bdevs[0];

	strscpy(f->gendisk.disk_name, "kunit0n1", DISK_NAME_LEN);
	xa_init(&f->gendisk.part_tbl);
	f->queue.limits.logical_block_size = SECTOR_SIZE;
	f->gendisk.queue = &f->queue;
	f->gendisk.part0 = whole;
	whole->bd_disk = &f->gendisk;
	whole->bd_mapping = &f->mapping;
	whole->bd_nr_sectors = GFAKE_BLOCKS;
}

/* The .init of a suite: test->priv is a disk with an empty table. */
int tfake_init(struct kunit *test)
{
	struct tfake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, f);
	tfake_fill(f);
	f->test = test;
	f->gpt = gfake_disk(test);
	ret = ifake_init(test);
	if (ret)
		return ret;
	f->parent = test->priv;
	test->priv = f;
	kunit_activate_static_stub(test, sluice_bdev_read, tfake_read);
	return sluice_disk_add(f->parent->parent, &f->gendisk, f, &f->disk);
}

/* The .exit of a suite */
void tfake_exit(struct kunit *test)
{
	struct tfake *f = test->priv;

	if (!f)
		return;
	sluice_disk_del(f->disk);
	xa_destroy(&f->gendisk.part_tbl);
	test->priv = f->parent;
	ifake_exit(test);
}

/* Show a partition to the block layer, as partx does. */
struct block_device *tfake_bdev(struct tfake *f, unsigned int number,
				u64 first, u64 last)
{
	struct block_device *bdev = &f->bdevs[number];

	bdev->bd_disk = &f->gendisk;
	bdev->bd_dev = MKDEV(0, number);
	bdev->bd_start_sect = first;
	bdev->bd_nr_sectors = last - first + 1;
	KUNIT_EXPECT_EQ(f->test, xa_err(xa_store(&f->gendisk.part_tbl, number,
						 bdev, GFP_KERNEL)), 0);
	return bdev;
}

/* Write the entry of a slice; see gfake_add() for its UUID. */
u8 *tfake_entry(struct tfake *f, u32 number, u64 first, u64 last)
{
	return gfake_add(f->gpt, number, &gfake_slice, first, last);
}

void tfake_erase(struct tfake *f, u32 number)
{
	memset(gfake_primary_entry(f->gpt, number), 0, f->gpt->entry_size);
	gfake_seal(f->gpt);
}

/* Read the table again. */
int tfake_scan(struct tfake *f)
{
	return sluice_inventory_enumerate(f->parent->parent);
}

/* The slice that gfake_add() has made; NULL if there is none */
struct sluice_partition *tfake_slice(struct tfake *f, u8 uuid)
{
	struct sluice_slice *slice = ifake_find(f->parent, uuid);

	return slice ? sluice_to_partition(slice) : NULL;
}

unsigned int tfake_count(struct tfake *f)
{
	return list_count_nodes(&f->disk->provider.slices);
}
