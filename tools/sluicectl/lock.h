/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes sure that only one program edits a partition table at a time. */
#ifndef SLUICECTL_LOCK_H
#define SLUICECTL_LOCK_H

/*
 * Takes the lock that udev, sfdisk and others take on a disk (flock on its
 * node). The lock lasts until @fd is closed. Returns 0 or an exit code.
 */
int lock_disk(int fd, const char *path);

#endif
