/* SPDX-License-Identifier: GPL-2.0-only */
/* All that sysfs says about the drives bound to Sluice, read at once. */
#ifndef SLUICECTL_INVENTORY_H
#define SLUICECTL_INVENTORY_H

#include "extents.h"
#include "util.h"

/*
 * The state of a drive that the driver is about to release, but for which it
 * still waits: sysfs has the slices, but the drive has no driver any more.
 */
#define STATE_REMOVING	"removing"

struct slice {
	char *device;		/* name in class sluice, and of the block device */
	char *uuid, *name, *disk, *state;
	char *refusal;		/* why it cannot be attached as it is, or empty */
	char *label;		/* "'web' (sluice0n1p2)", for people */
	char *mdev;		/* UUID of the mdev, or empty */
	char *opener;		/* PID of the mdev's user, "0", "", or NULL if not known */
	uint64_t start, size, generation;
	unsigned int block_size, partition;
	bool pool;
	bool leaving;		/* the mdev is being removed */
	const struct parent *parent;
};

/* A partition that is not a slice belongs to the host. */
struct host_part {
	char *device;
	uint64_t start, size;
	unsigned int partition;
	struct strv users;	/* "mounted on /srv" and the like */
};

struct disk {
	char *name;
	char *offline;		/* why it cannot be used any more, or empty */
	uint64_t size;
	unsigned int block_size;
	uint64_t align;		/* a slice that begins at a multiple suits the drive */
	struct host_part *parts;
	size_t n_parts;
	struct extents free;
	const struct parent *parent;
};

struct mdev_type {
	char *id;		/* sluice_nvme-q4 or sluice_nvme-pool-q4 */
	char *name, *description, *device_api;
	unsigned int queues, available;
	bool pool;		/* for the slices of the pool, else for the others */
	const struct parent *parent;
};

struct parent {
	char *bdf, *syspath;
	char *model, *serial, *firmware;
	char *state;		/* the driver's word, or STATE_REMOVING */
	unsigned int qp_total, qp_host, qp_free;
	struct disk *disks;
	size_t n_disks;
	struct slice *slices;
	size_t n_slices;
	struct mdev_type *types;
	size_t n_types;
};

struct inventory {
	struct parent *parents;
	size_t n;
};

/* 0, or an exit code with the message printed. */
int inventory_load(struct inventory *inv);
void inventory_free(struct inventory *inv);

bool parent_removing(const struct parent *p);
const struct disk *parent_disk(const struct parent *p, const char *name);
/* Why the slice's disk cannot be used any more, or an empty string. */
const char *slice_offline(const struct slice *s);

#endif
