/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: slices that are partitions, for backends that have disks
 *
 * A backend calls sluice_disk_add() for each disk of a parent. The disk becomes
 * a slice provider: its slices are the partitions of Sluice's type in its GPT.
 *
 * A whole disk is never a slice. A guest would write the place where the host
 * looks for a partition table, and after a reboot nobody could tell the guest's
 * table from the administrator's.
 */
#ifndef _LINUX_SLUICE_DISK_H
#define _LINUX_SLUICE_DISK_H

#include <linux/sluice.h>
#include <linux/types.h>

struct bio;
struct gendisk;
struct sluice_disk;

/**
 * struct sluice_extent - where an attached slice is
 * @disk_priv: what the backend passed to sluice_disk_add() for the disk that
 *	holds the slice
 * @start: first byte on the disk, a multiple of the logical block size
 * @size: bytes, a multiple of the logical block size, not zero
 */
struct sluice_extent {
	void *disk_priv;
	u64 start;
	u64 size;
};

int sluice_disk_add(struct sluice_parent *parent, struct gendisk *gendisk,
		    void *priv, struct sluice_disk **slices);
void sluice_disk_del(struct sluice_disk *disk);
bool sluice_disk_may_write(struct sluice_disk *disk, const struct bio *bio);
int sluice_disk_extent(const struct sluice_dev *sdev,
		       struct sluice_extent *extent);

#endif /* _LINUX_SLUICE_DISK_H */
