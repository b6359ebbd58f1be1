/* SPDX-License-Identifier: GPL-2.0-only */
/* Shows what the kernel logs during one operation of the tool. */
#ifndef SLUICECTL_KLOG_H
#define SLUICECTL_KLOG_H

/* Starts listening. Returns a descriptor, or -1 without the permission. */
int klog_open(void);
/* Prints as hints the lines that were logged since then and contain @needle. */
void klog_show(int fd, const char *needle);

#endif
