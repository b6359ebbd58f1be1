/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Sluice: what user space may rely on, beside Documentation/ABI
 */
#ifndef _UAPI_LINUX_SLUICE_H
#define _UAPI_LINUX_SLUICE_H

/*
 * A slice is a GPT partition of this type. Its unique GUID is the slice's UUID,
 * its label the name.
 */
#define SLUICE_SLICE_TYPE	"f36cff12-a3fd-460d-82e4-5d53d3d81dc0"

/*
 * Attribute bit of a pool member: a slice that is given to whoever attaches a
 * UUID that no slice has, and that is wiped when released.
 */
#define SLUICE_SLICE_POOL_BIT	48

/* Value of the attribute poll_us: the slice is polled for ever. */
#define SLUICE_POLL_US_FOREVER	0xffffffffU

#endif /* _UAPI_LINUX_SLUICE_H */
