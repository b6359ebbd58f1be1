/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slices that are partitions of disks: a slice provider
 *
 * For the files of table/. Each disk is a provider, and its partitions of
 * Sluice's type are its slices.
 */
#ifndef SLUICE_TABLE_H
#define SLUICE_TABLE_H

#include <linux/blkdev.h>
#include <linux/mutex.h>
#include <linux/sluice_disk.h>
#include <linux/sluice_slice.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "core.h"

/**
 * struct sluice_disk - a disk, a provider of slices
 * @provider: for the inventory
 * @disk: the disk
 * @priv: for the backend
 * @block_size: bytes of a logical block
 * @watched: list of &struct sluice_partition, for RCU readers; changed under
 *	&sluice_parent.lock
 * @rcu: frees this structure after the last reader of @watched
 */
struct sluice_disk {
	struct sluice_provider provider;
	struct gendisk *disk;
	void *priv;
	unsigned int block_size;
	struct list_head watched;
	struct rcu_head rcu;
};

/**
 * struct sluice_partition_info - what a table says about a slice
 * @uuid: identity
 * @name: label, UTF-8
 * @start: first byte on the disk
 * @size: bytes, whole pages
 * @number: number of the partition, from 1
 * @pool: the slice may be given to an mdev whose UUID matches no slice; wiped
 *	when released
 * @refusal: see &sluice_slice.refusal
 */
struct sluice_partition_info {
	uuid_t uuid;
	char name[SLUICE_NAME_LEN];
	u64 start;
	u64 size;
	unsigned int number;
	bool pool;
	const char *refusal;
};

/**
 * struct sluice_partition - a slice that is a partition
 * @slice: for the inventory
 * @disk: the disk; must not be used after @slice is gone
 * @info: where the slice is; under &sluice_slice.slice_lock. Does not change
 *	while the slice is not free
 * @block_size: bytes of a logical block
 * @disk_name: name of the disk
 * @disk_priv: the backend's pointer for the disk
 * @watch: in &sluice_disk.watched
 * @rcu: frees this structure after the last reader of &sluice_disk.watched
 * @lock: protects the members below, up to @stop. Also &sluice_slice.clean: it
 *	becomes true under this lock only, but false without it, too. Inside
 *	&sluice_parent.lock
 * @guests: a guest may have the slice, or what one left is being wiped: the host
 *	must not write to it
 * @bdev: the block device, open while the slice is not free and its disk exists
 * @wipe: work item that overwrites a slice of the pool after its release
 * @stop: tells a wipe to end early: the disk is being removed
 */
struct sluice_partition {
	struct sluice_slice slice;
	struct sluice_disk *disk;
	struct sluice_partition_info info;
	unsigned int block_size;
	char disk_name[DISK_NAME_LEN];
	void *disk_priv;
	struct list_head watch;
	struct rcu_head rcu;
	struct mutex lock;
	bool guests;
	struct sluice_compat_bdev bdev;
	struct work_struct wipe;
	bool stop;
};

static inline struct sluice_partition *
sluice_to_partition(struct sluice_slice *slice)
{
	return container_of(slice, struct sluice_partition, slice);
}

static inline bool
sluice_partitions_overlap(const struct sluice_partition_info *a,
			  const struct sluice_partition_info *b)
{
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

/* disk.c */
extern const struct sluice_provider_ops sluice_disk_provider_ops;

/* scan.c */
int sluice_scan_disk(struct sluice_disk *disk);

/* partition.c */
extern const struct attribute_group sluice_partition_group;
int sluice_partition_add(struct sluice_disk *disk,
			 const struct sluice_partition_info *info);
void sluice_partition_update(struct sluice_partition *part,
			     const struct sluice_partition_info *info);
int sluice_partition_claim(struct sluice_slice *slice, const char **why);
int sluice_partition_prepare(struct sluice_slice *slice);
bool sluice_partition_release(struct sluice_slice *slice, bool used);
int sluice_partition_check(struct sluice_slice *slice);
void sluice_partition_gone(struct sluice_slice *slice);
void sluice_partition_free(struct sluice_slice *slice);

/* bdev.c */
int sluice_bdev_read(struct gendisk *disk, u64 offset_bytes, void *buf,
		     size_t len);
int sluice_bdev_open(struct sluice_partition *part);
void sluice_bdev_close(struct sluice_partition *part);
int sluice_bdev_flush(struct sluice_partition *part);
void sluice_bdev_drop(struct sluice_partition *part);
void sluice_bdev_drain(struct sluice_partition *part);
int sluice_bdev_check(struct gendisk *disk,
		      const struct sluice_partition_info *info);

/*
 * Marks the core's own writes to a slice that the host must not write to. The
 * block layer copies the flag when it splits a bio.
 */
#define SLUICE_WATCH_OWN	REQ_DRV

/* watch.c */
void sluice_watch_add(struct sluice_partition *part);
void sluice_watch_del(struct sluice_partition *part);

/* wipe.c */
int sluice_wipe_submit(struct bio *bio);
int sluice_wipe(struct sluice_partition *part);
void sluice_wipe_init(struct sluice_partition *part);
void sluice_wipe_queue(struct sluice_slice *slice);
void sluice_wipe_stop(struct sluice_partition *part);
#if IS_ENABLED(CONFIG_SLUICE_TABLE)
int sluice_wipe_wq_init(void);
void sluice_wipe_wq_exit(void);
#else
static inline int sluice_wipe_wq_init(void)
{
	return 0;
}

static inline void sluice_wipe_wq_exit(void)
{
}
#endif

#endif /* SLUICE_TABLE_H */
