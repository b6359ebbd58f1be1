/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 6.12 moved asm/unaligned.h here. The kernel's own directories are searched
 * first, so this file is found only where there is none. It can go when the
 * oldest kernel in META is at least 6.12.
 */
#ifndef SLUICE_COMPAT_UNALIGNED_H
#define SLUICE_COMPAT_UNALIGNED_H

#include <asm/unaligned.h>

#endif /* SLUICE_COMPAT_UNALIGNED_H */
