/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel logs while something is tried. */
#ifndef SLUICECTL_KLOG_H
#define SLUICECTL_KLOG_H

/* Starts listening. Returns a descriptor, or -1 where that is not allowed. */
int klog_open(void);
/* Prints as hints the lines logged since then that have @needle in them. */
void klog_show(int fd, const char *needle);

#endif
