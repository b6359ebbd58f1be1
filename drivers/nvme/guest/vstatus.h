/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: what becomes of a guest's command
 *
 * Most functions of the guest side end with a status that the guest is to read
 * in its completion queue. Some end with an outcome that no completion may
 * carry: the command has to be tried again, or it completes later. Both are
 * values of one type, which is no integer to sparse: neither can be taken for
 * the other, and none is posted without sluice_vstatus_code().
 */
#ifndef SLUICE_NVME_VSTATUS_H
#define SLUICE_NVME_VSTATUS_H

#include <linux/bug.h>
#include <linux/limits.h>
#include <linux/types.h>

#include "spec.h"

typedef u32 __bitwise sluice_vstatus_t;

/* The command has succeeded, or nothing speaks against going on with it. */
#define SLUICE_VSTATUS_OK	((__force sluice_vstatus_t)NVME_SC_SUCCESS)

/*
 * Outcomes that are no status. A status has 16 bits, so it equals none of them.
 */

/*
 * Guest memory is being unmapped, the drive is being reset or is deleting a
 * queue at the moment: try the command again later.
 */
#define SLUICE_VSTATUS_RETRY	((__force sluice_vstatus_t)0x10000u)

/* A page has to be pinned first, which sleeps: see &struct sluice_vmiss. */
#define SLUICE_VSTATUS_MISS	((__force sluice_vstatus_t)0x20000u)

/* The drive has to complete another command of the slice first, see vcost.h. */
#define SLUICE_VSTATUS_WAIT	((__force sluice_vstatus_t)0x40000u)

/* An asynchronous event request: it completes when there is an event. */
#define SLUICE_VSTATUS_PARKED	((__force sluice_vstatus_t)0x30000u)

/**
 * sluice_vstatus_fail() - a failure that another try would not change
 * @sc: status code and its type, as %NVME_SC_INVALID_FIELD
 *
 * Return: the status, with Do Not Retry.
 */
static inline sluice_vstatus_t sluice_vstatus_fail(u16 sc)
{
	return (__force sluice_vstatus_t)(u32)(sc | NVME_SC_DNR);
}

/**
 * sluice_vstatus_transient() - a failure that the guest may try to overcome
 * @sc: status code and its type, as %NVME_SC_INTERNAL
 *
 * Return: the status, without Do Not Retry.
 */
static inline sluice_vstatus_t sluice_vstatus_transient(u16 sc)
{
	return (__force sluice_vstatus_t)(u32)sc;
}

/**
 * sluice_vstatus_postable() - can a completion carry this?
 * @status: what became of a command
 *
 * Return: false for the outcomes that are no status.
 */
static inline bool sluice_vstatus_postable(sluice_vstatus_t status)
{
	return (__force u32)status <= U16_MAX;
}

/**
 * sluice_vstatus_code() - the status as a completion carries it
 * @status: what became of a command; one that can be posted
 *
 * Return: SCT, SC and DNR.
 */
static inline u16 sluice_vstatus_code(sluice_vstatus_t status)
{
	/* a guest must not see what only looks like a status when cut short */
	if (WARN_ON_ONCE(!sluice_vstatus_postable(status)))
		return NVME_SC_INTERNAL;
	return (__force u32)status;
}

#endif /* SLUICE_NVME_VSTATUS_H */
