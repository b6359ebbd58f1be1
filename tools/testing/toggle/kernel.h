/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core's objects call while they poll, besides lib/objects.h, in user space
 * with its threads
 */
#ifndef SLUICE_TOGGLE_KERNEL_H
#define SLUICE_TOGGLE_KERNEL_H

#include "../lib/objects.h"

int kthread_stop(void *task);
int schedule_hrtimeout(int64_t *due, int mode);
void unmap_mapping_range(void *mapping, int64_t start, int64_t len, int even);

/* For each thread that calls the objects */
void thread_begin(void);

#endif /* SLUICE_TOGGLE_KERNEL_H */
