/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel functions that the core calls while it polls, besides those in
 * lib/objects.h, with threads of user space
 */
#ifndef SLUICE_TOGGLE_KERNEL_H
#define SLUICE_TOGGLE_KERNEL_H

#include "../lib/objects.h"

int kthread_stop(void *task);
int schedule_hrtimeout(int64_t *due, int mode);
void unmap_mapping_range(void *mapping, int64_t start, int64_t len, int even);

/* Each thread calls this before it calls the objects */
void thread_begin(void);

#endif /* SLUICE_TOGGLE_KERNEL_H */
