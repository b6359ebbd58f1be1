/* SPDX-License-Identifier: GPL-2.0-only */
/* The partition table of one disk or one disk image, through libfdisk. */
#ifndef SLUICECTL_TABLE_H
#define SLUICECTL_TABLE_H

#include "extents.h"
#include "util.h"

struct fdisk_context;
struct fdisk_partition;

struct table {
	char *path;
	int fd;
	bool image;		/* a regular file, not a block device */
	bool blank;		/* nothing on it, not even a table */
	unsigned int block_size;
	uint64_t size;
	struct fdisk_context *cxt;
	struct strv complaints;	/* warnings of libfdisk */
};

/* One entry of the table. */
struct entry {
	unsigned int number;	/* counted from 1, as in the device name */
	uint64_t start, size;
	char *uuid, *name;
	bool slice, pool;
};

enum table_access {
	TABLE_READ,
	TABLE_EDIT,		/* locks out other editors and udev */
};

/*
 * Opens the table of @path. Refuses a disk that has other content than a GPT.
 * @block_size is for image files; 0 asks the device. Returns 0 or an exit code.
 */
int table_open(struct table *t, const char *path, enum table_access access,
	       unsigned int block_size);
void table_close(struct table *t);
/* "image file disk.img" or "disk /dev/sluice0n1" */
int table_fail(const struct table *t, int err, const char *what);

/* Makes an empty GPT in memory. Only for a blank disk. */
int table_make(struct table *t);

/* 0, or an exit code with the message printed. */
int table_free_extents(struct table *t, struct extents *free);
/* The number of bytes between the first and the last usable byte. */
uint64_t table_usable(const struct table *t);

/*
 * Whether all blocks of an entry are its own: they are usable, and no other entry
 * has them. 0, or an exit code with the message printed.
 */
int table_check_own(const struct table *t, const struct entry *entry);

/* Finds an entry by UUID or by name; the other one is NULL. */
bool table_find(const struct table *t, const char *uuid, const char *name, struct entry *entry);
/* Counts the slices with this name. */
unsigned int table_count(const struct table *t, const char *name);
void entry_clear(struct entry *entry);

/* These change only the table in memory. "add" sets the number if it is 0. */
int table_add(struct table *t, struct entry *entry);
int table_remove(struct table *t, unsigned int number);
/* Writes the table and waits until the disk has stored it. */
int table_write(struct table *t);

#endif
