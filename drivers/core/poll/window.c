// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a poller polls a quiet slice
 *
 * poller.c calls this file, with one window per slice; poll_us sets the limit
 * of the window. The window begins with the last work or with the last
 * completion that the guest was given, whichever came later. It adapts as KVM's
 * halt polling does. If work comes less than the limit after that, longer
 * polling would have found it: the window doubles. If work comes later, polling
 * was wasted: the window halves.
 *
 * While the device works on the slice's commands, the slice is not idle, however
 * slow the device is: the poller sleeps, and the window has not begun. This has
 * a limit of its own, for a device that does not answer.
 *
 * The window learns how long the device takes to answer. While a device works
 * that usually takes longer than a sleep, the poller does not spin. A guest that
 * submits meanwhile does not wait for the device: then the poller spins again.
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
#define WINDOW_MIN	(20 * (u64)NSEC_PER_USEC)

/*
 * A shorter pause costs more than its timer saves. A longer pause would delay a
 * doorbell too much, however large the limit is.
 */
#define WINDOW_PAUSE_MIN	(5 * (u64)NSEC_PER_USEC)
#define WINDOW_PAUSE_MAX	(250 * (u64)NSEC_PER_USEC)

/*
 * A sleep and its end take about as long as WINDOW_MIN: spinning first is right
 * only for a device that usually answers within twice this time. Longer answers
 * all count as WINDOW_ANSWER_MAX, so that one of them is soon forgotten.
 */
#define WINDOW_ANSWER_SLOW	(2 * WINDOW_MIN)
#define WINDOW_ANSWER_MAX	(8 * WINDOW_MIN)

/* The longest time that a slice with commands in the device is not idle */
#define WINDOW_DEVICE_MAX	((u64)NSEC_PER_SEC)

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
		.spin = WINDOW_MIN,
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
		win->length = max(2 * win->length, WINDOW_MIN);
	else
		win->length /= 2;
	win->length = min(win->length, limit);
	win->woken = now;
	win->expecting = expecting;
	win->waited = false;
	/* the vCPU that writes the doorbell may need this very CPU */
	if (expecting)
		win->spin = 0;
}

static u64 sluice_window_since(const struct sluice_window *win, u64 now)
{
	return min(now - win->last, WINDOW_ANSWER_MAX);
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
	/* a guest that does not wait for the device: nor should the poller */
	if (win->waited)
		win->answer = min(win->answer, sluice_window_since(win, now));
	win->spin = win->answer < WINDOW_ANSWER_SLOW ? WINDOW_MIN : 0;
	win->waited = false;
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
	if (win->expecting)
		return;
	win->answer = (7 * win->answer + sluice_window_since(win, now)) / 8;
	win->spin = WINDOW_MIN;
	win->waited = false;
	win->last = now;
}

/**
 * sluice_window_wait() - the poller begins to wait for the device
 * @win: window
 *
 * The next work or kick ends the wait.
 */
void sluice_window_wait(struct sluice_window *win)
{
	win->waited = true;
}

/* How long a slice may be quiet and stay awake */
static u64 sluice_window_most(const struct sluice_window *win, u32 limit_us,
			      bool device)
{
	u64 limit = sluice_window_limit(limit_us);

	if (win->expecting)
		return win->grace;
	/* Without a window nobody wants to poll for the sake of faults */
	if (device && limit)
		return max(limit, WINDOW_DEVICE_MAX);
	return max(limit, WINDOW_MIN);
}

/**
 * sluice_window_look() - when to look at a quiet slice again
 * @win: window
 * @limit_us: limit of the window, in microseconds; not %SLUICE_POLL_US_FOREVER
 * @device: the device has commands of the slice
 * @now: time
 *
 * The pause is as long as the slice has been quiet so far, but at least 5
 * microseconds, or 20 if the device has commands, and at most 250. A doorbell
 * waits no longer than this pause.
 *
 * Return: the time of the next look, never after the end of the limit or of the
 * grace time; in the past if that end is in the past
 */
u64 sluice_window_look(const struct sluice_window *win, u32 limit_us,
		       bool device, u64 now)
{
	u64 since = win->expecting ? win->woken : win->last;
	u64 pause = clamp(now - since, device ? WINDOW_MIN : WINDOW_PAUSE_MIN,
			  WINDOW_PAUSE_MAX);

	return min(now + pause,
		   since + sluice_window_most(win, limit_us, device));
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
			   WINDOW_MIN);
	if (now - win->woken < win->grace)
		return false;
	win->grace = min_t(u64, 2 * win->grace, WINDOW_GRACE_MAX);
	return true;
}
