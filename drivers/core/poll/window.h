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
 * @last: time of the last work or completion
 * @woken: time when the slice woke
 * @faulted: time of the fault that woke the slice, until its doorbell arrives; else 0
 * @spin: how long to spin after @last, if another task does not want the CPU
 * @length: how long to poll after @last
 * @worth: the longest time that polling is worth, instead of a fault
 * @price: what the last fault cost: the time from it until its doorbell arrived
 * @grace: how long to wait for the doorbell that woke the slice
 * @answer: how long the device usually takes to answer
 * @waited: the poller has waited for the device since @last
 * @wasted: polling has been wasted once, and was of no use since
 *
 * Times are in nanoseconds of one clock. No locks: only one thread at a time
 * uses a window.
 */
struct sluice_window {
	u64 last;
	u64 woken;
	u64 faulted;
	u64 spin;
	u64 length;
	u64 worth;
	u64 price;
	u64 grace;
	u64 answer;
	bool waited;
	bool wasted;
};

void sluice_window_init(struct sluice_window *win);
void sluice_window_wake(struct sluice_window *win, u32 limit_us, u64 faulted,
			u64 now);
void sluice_window_work(struct sluice_window *win, u64 now);
void sluice_window_kick(struct sluice_window *win, u64 now);
void sluice_window_wait(struct sluice_window *win);
u64 sluice_window_look(const struct sluice_window *win, u32 limit_us,
		       bool device, u64 now);
bool sluice_window_over(struct sluice_window *win, u32 limit_us, u64 now);

/**
 * sluice_window_quiet() - is the slice quiet?
 * @win: window
 * @now: time
 *
 * Return: true if there was no work for so long that sleeping costs nothing, or
 * if the last event was no completion and the device usually takes long. Also
 * true until the doorbell that woke the slice arrives.
 */
static inline bool sluice_window_quiet(const struct sluice_window *win, u64 now)
{
	return now - win->last >= win->spin;
}

#endif /* SLUICE_WINDOW_H */
