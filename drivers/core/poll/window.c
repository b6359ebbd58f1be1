// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a poller polls a quiet slice
 *
 * poller.c calls this file, with one window per slice; poll_us sets the limit
 * of the window. The window begins with the last work or with the last
 * completion that the guest was given, whichever came later. It adapts as KVM's
 * halt polling does: it is short at first. If a doorbell faults soon after that,
 * longer polling would have found it: the window becomes twice the guest's
 * pause. If it faults late, polling was wasted, and the window becomes a quarter;
 * but not if a shorter one would have missed a doorbell since the last time: then
 * something has delayed the guest for once.
 *
 * What is soon? Polling takes a CPU's time to save the guest the cost of a fault.
 * That cost differs by a factor of a hundred between machines: it is large where
 * the CPU sleeps deeply, and where the host itself is a guest. So the window
 * learns it, from the fault until the poller sees the doorbell. Polling is worth
 * as long as WINDOW_FAULTS of them take, but no longer than the limit.
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

/* Polling instead of a fault is worth the time of so many faults */
#define WINDOW_FAULTS	64

/* What polling is worth before there was a fault */
#define WINDOW_WORTH	(500 * (u64)NSEC_PER_USEC)

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
 */
void sluice_window_init(struct sluice_window *win)
{
	*win = (struct sluice_window){
		.length = WINDOW_MIN,
		.worth = WINDOW_WORTH,
		.spin = WINDOW_MIN,
		.grace = WINDOW_GRACE_MIN,
	};
}

/* What a fault costs. One that took very long counts for no more than others. */
static void sluice_window_learn(struct sluice_window *win, u64 limit)
{
	u64 worth = min(WINDOW_FAULTS * win->price, limit);

	if (win->price)
		win->worth = (7 * win->worth + worth) / 8;
	win->price = 0;
}

/**
 * sluice_window_wake() - the poller begins to poll a slice
 * @win: window of a slice that was not polled
 * @limit_us: limit of the window, in microseconds
 * @faulted: time of the fault for which the doorbell page was mapped, so that a
 *	store is still to come; 0 if there was none
 * @now: time
 */
void sluice_window_wake(struct sluice_window *win, u32 limit_us, u64 faulted,
			u64 now)
{
	u64 limit = sluice_window_limit(limit_us), pause = now - win->last;
	u64 most;

	sluice_window_learn(win, limit);
	most = min(win->worth, limit);
	if (pause < most)
		win->length = min(2 * max(win->length, pause), most);
	else if (win->wasted)
		win->length = max(win->length / 4, WINDOW_MIN);
	win->wasted = pause >= most;
	win->woken = now;
	win->faulted = faulted;
	win->waited = false;
	/* the vCPU that writes the doorbell may need this very CPU */
	if (faulted)
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
	if (win->faulted) {
		win->price = now - win->faulted;
		win->grace = clamp_t(u64, 4 * (now - win->woken),
				     WINDOW_GRACE_MIN, WINDOW_GRACE_MAX);
	} else if (now - win->last >= win->length / 4) {
		win->wasted = false;
	}
	/* a guest that does not wait for the device: nor should the poller */
	if (win->waited)
		win->answer = min(win->answer, sluice_window_since(win, now));
	win->spin = win->answer < WINDOW_ANSWER_SLOW ? WINDOW_MIN : 0;
	win->waited = false;
	win->faulted = 0;
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
	if (win->faulted)
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

	if (win->faulted)
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
	u64 since = win->faulted ? win->woken : win->last;
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
	if (!win->faulted)
		return now - win->last >=
		       max(min(win->length, sluice_window_limit(limit_us)),
			   WINDOW_MIN);
	if (now - win->woken < win->grace)
		return false;
	win->grace = min_t(u64, 2 * win->grace, WINDOW_GRACE_MAX);
	return true;
}
