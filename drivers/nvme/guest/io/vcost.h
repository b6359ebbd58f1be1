/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: what a guest's command costs others
 *
 * A count of commands limits nothing: the largest takes hundreds of times as long
 * as the smallest. So what a visit may do, and what a slice may have in flight,
 * is counted in the cost of a command. The unit is a Read of 4 KiB. It follows from
 * what was parsed anyway, and differs by who has the work:
 *
 * - the thread that translates the command, see sluice_vcost_host();
 * - the drive, for a command that is long by nature: it names much and transfers
 *   little, so that no transfer limits how much a guest asks for. See
 *   sluice_vcost_blocks(), sluice_vcost_ranges() and SLUICE_VCOST_FLUSH.
 */
#ifndef SLUICE_NVME_VCOST_H
#define SLUICE_NVME_VCOST_H

#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "guest/vctrl.h"

/*
 * Eight entries of a list, in guest memory that is scattered, take half the
 * instructions of a Read, and a cache line of the guest's list.
 */
#define SLUICE_VCOST_ENTRIES	8

/* A drive changes its map for a range, wherever the range is. */
#define SLUICE_VCOST_RANGE	16

/* Deallocation of this many bytes costs the drive as much as a Read of 4 KiB. */
#define SLUICE_VCOST_DEALLOCATE	SZ_1M

/*
 * A slice with so much in flight with the drive in commands that are long by
 * nature gets no further one: 64 MiB of Write Zeroes, or 1024 ranges, or 16
 * Flushes. The last one may exceed it.
 */
#define SLUICE_VCOST_LONG	(SZ_64M / SLUICE_NVME_PAGE)

/*
 * A drive writes all that is in its cache, of every slice. Guests send one at a
 * time, or one from each queue.
 */
#define SLUICE_VCOST_FLUSH	(SLUICE_VCOST_LONG / 16)

/* The largest cost: two of them can be added. */
#define SLUICE_VCOST_MAX	(INT_MAX / 2)

/**
 * sluice_vcost_is_long() - is a command long by nature?
 * @opcode: of an I/O command: Flush, Write Zeroes, Dataset Management, Verify; or of
 *	one that no guest has
 *
 * Return: true when its slot has a cost for the drive.
 */
static inline bool sluice_vcost_is_long(u8 opcode)
{
	/* Flush is 0: one comparison finds it as well */
	return (u8)(opcode - 1) >= NVME_IO_WRITE_ZEROES - 1;
}

/**
 * sluice_vcost_host() - what it cost to translate a command
 * @slot: its slot
 *
 * Return: the cost, at least 1.
 */
static inline unsigned int sluice_vcost_host(const struct sluice_vslot *slot)
{
	unsigned int entries = slot->nr_entries;

	return 1 + entries / SLUICE_VCOST_ENTRIES;
}

/**
 * sluice_vcost_blocks() - what the drive has to do for blocks without data
 * @bytes: to be written with zeroes, or verified
 *
 * A drive without a better way writes or reads all of them.
 *
 * Return: the cost, at least 1.
 */
static inline unsigned int sluice_vcost_blocks(u64 bytes)
{
	return min_t(u64, (bytes + SLUICE_NVME_PAGE - 1) >>
			  ilog2(SLUICE_NVME_PAGE), SLUICE_VCOST_MAX);
}

/**
 * sluice_vcost_ranges() - what the drive has to do for Dataset Management
 * @nr: ranges
 * @bytes: in all of them
 *
 * Return: the cost, at least 1.
 */
static inline unsigned int sluice_vcost_ranges(unsigned int nr, u64 bytes)
{
	return min_t(u64, nr * SLUICE_VCOST_RANGE +
			  (bytes >> ilog2(SLUICE_VCOST_DEALLOCATE)),
		     SLUICE_VCOST_MAX);
}

#endif /* SLUICE_NVME_VCOST_H */
