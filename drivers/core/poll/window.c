// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a poller polls a quiet slice
 *
 * poller.c calls this file, with one window per slice; poll_us sets the limit
 * of the window. The window adapts as KVM's halt polling does. If work comes
 * less than the limit after the last work, longer polling would have found it:
 * the window doubles. If work comes later, polling was wasted: the window
 * halves.
 *
 * A fault wakes a slice. The doorbell's value arrives only when the vCPU has
 * returned from the fault and repeats its store. A poller that gave up before
 * that would unmap the page again, and the store would fault again and again.
 * So there is a grace time. It is four times the time that the last such
 * arrival took, and doubles each time that it is too short.
 */
#include <linux/minmax.h>
#include <linux/time64.h>

#include "poll/window.h"

/* Work that follows at once (a submission after a completion) costs no fault */
#define WINDOW_MIN	(20 * NSEC_PER_USEC)

/*
 * A shorter pause costs more than its timer saves. A longer pause would delay a
 * doorbell too much, however large the limit is.
 */
#define WINDOW_PAUSE_MIN	(5 * NSEC_PER_USEC)
#define WINDOW_PAUSE_MAX	(250 * NSEC_PER_USEC)

#define WINDOW_GRACE_MIN	(100 * NSEC_PER_USEC)
#define WINDOW_GRACE_MAX	(20 * NSEC_PER_MSEC)

static u64 sluice_window_limit(u32 limit_us)
{
	return (u64)limit_us * NSEC_PER_USEC;
}

/**
 * sluice_window_init() - start the window of a slice without any history
 * @win: to be filled
 * @limit_us: limit of the window, in microseconds
 */
void sluice_window_init(struct sluice_window *win, u32 limit_us)
{
	*win = (struct sluice_window){
		.length = sluice_window_limit(limit_us),
		.grace = WINDOW_GRACE_MIN,
	};
}

/**
 * sluice_window_wake() - the poller begins to poll a slice
 * @win: window of a slice that was not polled
 * @limit_us: limit of the window, in microseconds
 * @expecting: the doorbell page was mapped for a store that is still to come
 * @now: time
 */
void sluice_window_wake(struct sluice_window *win, u32 limit_us, bool expecting,
			u64 now)
{
	u64 limit = sluice_window_limit(limit_us);

	if (now - win->last < limit)
		win->length = max(2 * win->length, (u64)WINDOW_MIN);
	else
		win->length /= 2;
	win->length = min(win->length, limit);
	win->woken = now;
	win->expecting = expecting;
}

/**
 * sluice_window_work() - a visit found work
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
 * A completion is not a doorbell, but a doorbell may follow.
 */
void sluice_window_kick(struct sluice_window *win, u64 now)
{
	if (!win->expecting)
		win->last = now;
}

/**
 * sluice_window_quiet() - is the slice quiet?
 * @win: window
 * @now: time
 *
 * Return: true if there was no work for so long that sleeping costs nothing.
 * Also true until the doorbell that woke the slice arrives: the vCPU that
 * writes it may need this very CPU.
 */
bool sluice_window_quiet(const struct sluice_window *win, u64 now)
{
	return win->expecting || now - win->last >= WINDOW_MIN;
}

/**
 * sluice_window_look() - when to look at a quiet slice again
 * @win: window
 * @limit_us: limit of the window, in microseconds; not %SLUICE_POLL_US_FOREVER
 * @now: time
 *
 * The pause is as long as the slice has been quiet so far, but at least 5 and
 * at most 250 microseconds. A doorbell waits no longer than this pause.
 *
 * Return: the time of the next look, never after the end of the limit or of the
 * grace time; in the past if that end is in the past
 */
u64 sluice_window_look(const struct sluice_window *win, u32 limit_us, u64 now)
{
	u64 since = win->expecting ? win->woken : win->last;
	u64 most = win->expecting ? win->grace :
				    max_t(u64, sluice_window_limit(limit_us),
					  WINDOW_MIN);
	u64 pause = clamp_t(u64, now - since, WINDOW_PAUSE_MIN, WINDOW_PAUSE_MAX);

	return min(now + pause, since + most);
}

/**
 * sluice_window_over() - a visit found no work: put the slice to sleep?
 * @win: window
 * @limit_us: limit of the window, in microseconds; %SLUICE_POLL_US_FOREVER has
 *	no end
 * @now: time
 *
 * Return: true if the poller should stop polling the slice
 */
bool sluice_window_over(struct sluice_window *win, u32 limit_us, u64 now)
{
	if (limit_us == SLUICE_POLL_US_FOREVER)
		return false;
	if (!win->expecting)
		return now - win->last >=
		       max(min(win->length, sluice_window_limit(limit_us)),
			   (u64)WINDOW_MIN);
	if (now - win->woken < win->grace)
		return false;
	win->grace = min_t(u64, 2 * win->grace, WINDOW_GRACE_MAX);
	return true;
}
