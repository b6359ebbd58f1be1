/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a disk without hardware, for the KUnit tests of its slices
 *
 * A parent as in inventory/ifake_test.h has one disk. What the disk's table says
 * is in memory (gpt_fake_test.h); which partitions the block layer has is up to
 * the test. Nothing can be read or written but the table, and no partition
 * opened.
 */
#ifndef SLUICE_TFAKE_TEST_H
#define SLUICE_TFAKE_TEST_H

#include <kunit/test.h>
#include <linux/blkdev.h>

#include "inventory/ifake_test.h"
#include "table/gpt_fake_test.h"
#include "table/table.h"

/* Slices are whole pages: blocks for one of them, and the first block for one */
#define TFAKE_BLOCKS	(PAGE_SIZE / SECTOR_SIZE)
#define TFAKE_FIRST	(2 * TFAKE_BLOCKS)

/* Partitions that the block layer may have */
#define TFAKE_BDEVS	4

/**
 * struct tfake - a disk without hardware
 * @test: the running test
 * @parent: its parent
 * @gendisk: the disk
 * @queue: the queue of @gendisk
 * @mapping: its page cache, empty
 * @bdevs: the whole disk and its partitions in the block layer
 * @gpt: what its table says
 * @disk: the provider of its slices
 */
struct tfake {
	struct kunit *test;
	struct ifake *parent;
	struct gendisk gendisk;
	struct request_queue queue;
	struct address_space mapping;
	struct block_device bdevs[1 + TFAKE_BDEVS];
	struct gfake *gpt;
	struct sluice_disk *disk;
};

int tfake_init(struct kunit *test);
void tfake_exit(struct kunit *test);
struct block_device *tfake_bdev(struct tfake *f, unsigned int number,
				u64 first, u64 last);
u8 *tfake_entry(struct tfake *f, u32 number, u64 first, u64 last);
void tfake_erase(struct tfake *f, u32 number);
int tfake_scan(struct tfake *f);
struct sluice_partition *tfake_slice(struct tfake *f, u8 uuid);
unsigned int tfake_count(struct tfake *f);

#endif /* SLUICE_TFAKE_TEST_H */
