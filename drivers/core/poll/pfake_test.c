// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test-bug.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/string.h>

#include "poll/pfake_test.h"

static ktime_t pfake_clock(void)
{
	struct pfake *f = kunit_get_current_test()->priv;

	f->reads++;
	return ns_to_ktime(f->now);
}

static bool pfake_alone(void)
{
	struct pfake *f = kunit_get_current_test()->priv;

	return f->alone;
}

void pfake_note(char *text, size_t size, char letter)
{
	size_t len = strlen(text);

	if (len < size - 1)
		text[len] = letter;
}

static struct pfake_slice *pfake_of(struct sluice_dev *sdev)
{
	return container_of(sdev, struct pfake_slice, sdev);
}

static unsigned int pfake_poll(struct sluice_dev *sdev, unsigned int budget)
{
	struct pfake_slice *s = pfake_of(sdev);
	struct pfake *f = container_of(sdev->parent, struct pfake, parent);
	bool found = s->work & 1;

	f->budget = budget;
	f->now += s->takes;
	pfake_note(s->calls, sizeof(s->calls), 'p');
	pfake_note(f->order, sizeof(f->order), s->name);
	if (s->kicks)
		sluice_poller_kick(&s->entry);
	s->kicks = false;
	if (s->wakes)
		sluice_poller_wake(&s->wakes->entry);
	s->wakes = NULL;
	s->work >>= 1;
	return found ? 3 : 0;
}

static bool pfake_set_poll_mode(struct sluice_dev *sdev,
				enum sluice_poll_mode mode)
{
	static const char letters[] = {
		[SLUICE_POLL_DOORBELL] = 'D',
		[SLUICE_POLL_DEVICE] = 'W',
		[SLUICE_POLL_PAUSE] = 'P',
		[SLUICE_POLL_SPIN] = 'S',
	};
	struct pfake_slice *s = pfake_of(sdev);

	if (mode == SLUICE_POLL_DEVICE && s->idle)
		return false;
	pfake_note(s->calls, sizeof(s->calls), letters[mode]);
	return true;
}

static void pfake_add(struct pfake *f, struct pfake_slice *s)
{
	s->name = 'a' + (s - f->slices);
	s->sdev.parent = &f->parent;
	mutex_init(&s->entry.doorbells.lock);
	sluice_poll_entry_init(&s->entry, &s->sdev);
	s->entry.poll_us = LIMIT;
	sluice_poll_entry_reset(&s->entry);
	/* it wakes after a long time, for once: that changes nothing */
	s->entry.window.length = LIMIT / 2 * US;
	s->entry.poller = &f->poller;
	f->poller.nr_slices++;
}

int pfake_init(struct kunit *test)
{
	struct pfake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	kunit_activate_static_stub(test, ktime_get, pfake_clock);
	kunit_activate_static_stub(test, single_task_running, pfake_alone);
	f->now = START;
	f->alone = true;
	f->ops.poll = pfake_poll;
	f->ops.set_poll_mode = pfake_set_poll_mode;
	f->parent.ops = &f->ops;
	sluice_poller_prepare(&f->poller, NUMA_NO_NODE);
	f->poller.task = current;
	/* The timer has the machine's own time: it stays off */
	f->poller.watched = true;
	for (i = 0; i < SLICES; i++)
		pfake_add(f, &f->slices[i]);
	return 0;
}

struct pfake_slice *pfake_busy(struct pfake *f)
{
	struct pfake_slice *s = &f->slices[0];

	s->work = 1;
	sluice_poller_wake(&s->entry);
	KUNIT_EXPECT_TRUE(kunit_get_current_test(),
			  sluice_poller_round(&f->poller, 1));
	s->calls[0] = '\0';
	return s;
}

bool pfake_visit_at(struct pfake *f, u64 us)
{
	f->now = START + us * US;
	return sluice_poller_round(&f->poller, 1);
}

u64 pfake_check_at(struct pfake *f, u64 us)
{
	guard(spinlock_irq)(&f->poller.mode_lock);
	return sluice_poller_check(&f->poller, START + us * US);
}

void pfake_expect_calls(struct kunit *test, struct pfake_slice *s,
			const char *calls)
{
	KUNIT_EXPECT_STREQ(test, s->calls, calls);
	memset(s->calls, 0, sizeof(s->calls));
}

void pfake_visit_often(struct pfake *f, size_t times)
{
	size_t end = strlen(f->order) + times;

	while (strlen(f->order) < end)
		sluice_poller_round(&f->poller, end - strlen(f->order));
}
