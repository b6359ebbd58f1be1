/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux 6.12 moved asm/unaligned.h to linux/unaligned.h. The compiler searches
 * the kernel's own directories first, so it uses this file only with kernels
 * that have no such header. Remove this file when the oldest kernel in META is
 * at least 6.12.
 */
#ifndef SLUICE_COMPAT_UNALIGNED_H
#define SLUICE_COMPAT_UNALIGNED_H

#include <asm/unaligned.h>

#endif /* SLUICE_COMPAT_UNALIGNED_H */
