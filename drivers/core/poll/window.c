// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a quiet slice is polled
 *
 * The window adapts as KVM's halt polling does: work that came soon after the
 * slice had been let go would have been worth waiting for, so the window grows;
 * work that came late was not, so it shrinks. Between the two lies the bound.
 *
 * A slice is woken by a fault, and the doorbell's value arrives only when the
 * vCPU has come back from the fault and repeats its store. Who gave up before
 * that would take the page away again, and the store would fault for ever. So
 * there is a time of grace, measured from such arrivals, and doubled each time
 * that it turns out to be too short.
 */
#include <linux/minmax.h>
#include <linux/time64.h>

#include "poll/window.h"

/* What follows at once (a submission after a completion) costs no fault. */
#define WINDOW_MIN	(20 * NSEC_PER_USEC)

/*
 * A pause that is shorter is not worth its timer. One that is longer would keep a
 * doorbell waiting for too long, however long the bound.
 */
#define WINDOW_PAUSE_MIN	(5 * NSEC_PER_USEC)
#define WINDOW_PAUSE_MAX	(250 * NSEC_PER_USEC)

#define WINDOW_GRACE_MIN	(100 * NSEC_PER_USEC)
#define WINDOW_GRACE_MAX	(20 * NSEC_PER_MSEC)

static u64 sluice_window_bound(u32 bound_us)
{
	return (u64)bound_us * NSEC_PER_USEC;
}

/**
 * sluice_window_init() - the window of a slice that nothing is known of
 * @win: to be filled
 * @bound_us: longest window, in microseconds
 */
void sluice_window_init(struct sluice_window *win, u32 bound_us)
{
	*win = (struct sluice_window){
		.length = sluice_window_bound(bound_us),
		.grace = WINDOW_GRACE_MIN,
	};
}

/**
 * sluice_window_wake() - a slice is polled from now on
 * @win: window of a slice that was not polled
 * @bound_us: longest window, in microseconds
 * @expecting: its doorbell page has been mapped for a store that is to come
 * @now: time
 */
void sluice_window_wake(struct sluice_window *win, u32 bound_us, bool expecting,
			u64 now)
{
	u64 bound = sluice_window_bound(bound_us);

	if (now - win->last < bound)
		win->length = max(2 * win->length, (u64)WINDOW_MIN);
	else
		win->length /= 2;
	win->length = min(win->length, bound);
	win->woken = now;
	win->expecting = expecting;
}

/**
 * sluice_window_work() - there was something to do
 * @win: window
 * @now: time
 */
void sluice_window_work(struct sluice_window *win, u64 now)
{
	if (win->expecting)
		win->grace = clamp_t(u64, 4 * (now - win->woken),
				     WINDOW_GRACE_MIN, WINDOW_GRACE_MAX);
	win->expecting = false;
	win->last = now;
}

/**
 * sluice_window_kick() - the device has completed something
 * @win: window
 * @now: time
 *
 * That is no doorbell, but one may follow.
 */
void sluice_window_kick(struct sluice_window *win, u64 now)
{
	if (!win->expecting)
		win->last = now;
}

/**
 * sluice_window_quiet() - is there a pause?
 * @win: window
 * @now: time
 *
 * Return: true when there has been nothing for so long that sleeping is no loss.
 * While the doorbell that woke the slice is awaited that is always so: the vCPU
 * that is to write it may want this very CPU.
 */
bool sluice_window_quiet(const struct sluice_window *win, u64 now)
{
	return win->expecting || now - win->last >= WINDOW_MIN;
}

/**
 * sluice_window_look() - how long to sleep
 * @win: window
 * @bound_us: longest window, in microseconds; not %SLUICE_POLL_US_FOREVER
 * @now: time
 *
 * A doorbell that comes meanwhile waits no longer than the pause that it ends
 * has lasted, and no longer than 250 microseconds.
 *
 * Return: when to look again: not after the end of the bound, or of the time of
 * grace, so in the past when that is
 */
u64 sluice_window_look(const struct sluice_window *win, u32 bound_us, u64 now)
{
	u64 since = win->expecting ? win->woken : win->last;
	u64 most = win->expecting ? win->grace :
				    max_t(u64, sluice_window_bound(bound_us),
					  WINDOW_MIN);
	u64 pause = clamp_t(u64, now - since, WINDOW_PAUSE_MIN, WINDOW_PAUSE_MAX);

	return min(now + pause, since + most);
}

/**
 * sluice_window_over() - there was nothing to do: is it time to let go?
 * @win: window
 * @bound_us: longest window, in microseconds; %SLUICE_POLL_US_FOREVER has no
 *	end
 * @now: time
 *
 * Return: true when the slice is to be polled no longer
 */
bool sluice_window_over(struct sluice_window *win, u32 bound_us, u64 now)
{
	if (bound_us == SLUICE_POLL_US_FOREVER)
		return false;
	if (!win->expecting)
		return now - win->last >=
		       max(min(win->length, sluice_window_bound(bound_us)),
			   (u64)WINDOW_MIN);
	if (now - win->woken < win->grace)
		return false;
	win->grace = min_t(u64, 2 * win->grace, WINDOW_GRACE_MAX);
	return true;
}
