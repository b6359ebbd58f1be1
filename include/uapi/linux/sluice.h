/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Sluice: constants of the interface to user space. Documentation/ABI describes
 * the rest of that interface.
 */
#ifndef _UAPI_LINUX_SLUICE_H
#define _UAPI_LINUX_SLUICE_H

/*
 * A slice is a GPT partition of this type. The partition's unique GUID is the
 * slice's UUID, and its label is the slice's name.
 */
#define SLUICE_SLICE_TYPE	"f36cff12-a3fd-460d-82e4-5d53d3d81dc0"

/*
 * Attribute bit of a partition in the pool. An mdev whose UUID matches no slice
 * gets a free slice of the pool. A slice of the pool is wiped after its
 * release.
 */
#define SLUICE_SLICE_POOL_BIT	48

/* Value of the attribute poll_us: the slice is polled without end. */
#define SLUICE_POLL_US_FOREVER	0xffffffffU

#endif /* _UAPI_LINUX_SLUICE_H */
