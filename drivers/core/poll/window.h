/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a poller polls a quiet slice: what window.c offers
 */
#ifndef SLUICE_WINDOW_H
#define SLUICE_WINDOW_H

#include <linux/types.h>
#include <uapi/linux/sluice.h>

/**
 * struct sluice_window - the polling window of one slice
 * @last: time of the last work
 * @woken: time when the slice woke
 * @length: how long to poll after the last work, 0 to the limit
 * @grace: how long to wait for the doorbell that woke the slice
 * @expecting: that doorbell has not arrived yet
 *
 * Times are in nanoseconds of one clock. No locks: only one thread at a time
 * uses a window.
 */
struct sluice_window {
	u64 last;
	u64 woken;
	u64 length;
	u64 grace;
	bool expecting;
};

void sluice_window_init(struct sluice_window *win, u32 limit_us);
void sluice_window_wake(struct sluice_window *win, u32 limit_us, bool expecting,
			u64 now);
void sluice_window_work(struct sluice_window *win, u64 now);
void sluice_window_kick(struct sluice_window *win, u64 now);
bool sluice_window_quiet(const struct sluice_window *win, u64 now);
u64 sluice_window_look(const struct sluice_window *win, u32 limit_us, u64 now);
bool sluice_window_over(struct sluice_window *win, u32 limit_us, u64 now);

#endif /* SLUICE_WINDOW_H */
