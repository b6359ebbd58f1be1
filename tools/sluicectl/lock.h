/* SPDX-License-Identifier: GPL-2.0-only */
/* One editor of a partition table at a time. */
#ifndef SLUICECTL_LOCK_H
#define SLUICECTL_LOCK_H

/*
 * Takes the lock that udev, sfdisk and others take on a disk (flock on its
 * node); it lasts until @fd is closed. 0 or an exit code.
 */
int lock_disk(int fd, const char *path);

#endif
