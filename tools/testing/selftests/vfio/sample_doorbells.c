// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample backend: doorbells that are mapped, taken away, trapped, and zero
 * after a reset
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/sample.h"
#include "lib/tap.h"

/* Long enough for the poller to take the doorbell pages away */
#define PAUSE_MS	100

static volatile u32 *map_doorbells(struct sample *s, unsigned int first,
				   unsigned int nr)
{
	return sample_map(s, s->fn->db_bar, &s->fn->db, (u64)first * PAGE,
			nr * PAGE);
}

static u32 rings(struct sample *s)
{
	u32 val = 0;

	if (s->fn->regs)
		return sample_reg32(s, REG_RINGS);
	vfio_read(&s->dev, s->fn->mem_bar, s->fn->mem.offset, &val, 4);
	return val;
}

/* What the function says of the last doorbell */
static void last_ring(struct sample *s, u32 *word, u32 *value)
{
	if (s->fn->regs) {
		*word = sample_reg32(s, REG_WORD);
		*value = sample_reg32(s, REG_VALUE);
		return;
	}
	vfio_read(&s->dev, s->fn->mem_bar, s->fn->mem.offset + 4, word, 4);
	vfio_read(&s->dev, s->fn->mem_bar, s->fn->mem.offset + 8, value, 4);
}

static bool wait_rings(struct sample *s, u32 want)
{
	u64 end = now_ms() + WAIT_MS;

	while (rings(s) != want) {
		if (now_ms() > end)
			return false;
		sleep_ms(1);
	}
	return true;
}

/* Which vectors have signalled, each once */
static unsigned int signalled(struct sample *s)
{
	unsigned int i, mask = 0;
	u64 count;

	for (i = 0; i < s->fn->vectors; i++)
		if (read(s->fds[i], &count, sizeof(count)) == sizeof(count))
			mask |= count == 1 ? BIT(i) : BIT(31);
	return mask;
}

static bool wait_signal(struct sample *s, unsigned int vector)
{
	struct pollfd fd = { .fd = s->fds[vector], .events = POLLIN };

	return poll(&fd, 1, WAIT_MS) == 1;
}

/* A doorbell with value @s->value has been written once more: it has arrived. */
static void check_ring(struct sample *s, u32 want, u32 word, const char *how)
{
	unsigned int vector = s->value % s->fn->vectors;
	u32 got_word = 0, got_value = 0;

	ok(wait_signal(s, vector), "%s, word %u: vector %u signals", how, word,
	   vector);
	ok(wait_rings(s, want), "%s, word %u: it is counted", how, word);
	last_ring(s, &got_word, &got_value);
	is(got_word, word, "%s, word %u: it is that word", how, word);
	is(got_value, s->value, "%s, word %u: the value", how, word);
	is(signalled(s), BIT(vector), "%s, word %u: no other vector", how,
	   word);
}

/* @words is the mapping from page @first on */
static void ring_mapped(struct sample *s, volatile u32 *words,
			unsigned int first, u32 word, const char *how)
{
	u32 before = rings(s);

	words[word - first * PAGE_WORDS] = ++s->value;
	check_ring(s, before + 1, word, how);
}

static u64 doorbell_offset(struct sample *s, u32 word)
{
	return s->fn->db.offset + word * 4;
}

static void ring_trapped(struct sample *s, u32 word)
{
	u32 before = rings(s);

	s->value++;
	is(vfio_write(&s->dev, s->fn->db_bar, doorbell_offset(s, word),
		      &s->value, 4), 4, "a doorbell can be written");
	check_ring(s, before + 1, word, "trapped");
}

static unsigned int doorbell_pages(struct sample *s)
{
	return s->fn->db.size / PAGE;
}

static bool can_map_doorbells(struct sample *s)
{
	return sample_wants(s, s->fn->regs, "doorbells that can be mapped");
}

static void test_mapped(const struct test_opts *opts)
{
	volatile u32 *all, *alone[2];
	unsigned int page, nr;
	struct sample s;
	u32 before, word;

	sample_open(&s, opts);
	if (!can_map_doorbells(&s))
		goto out;
	nr = doorbell_pages(&s);
	all = map_doorbells(&s, 0, nr);
	for (page = 0; page < nr; page++) {
		alone[page] = map_doorbells(&s, page, 1);
		word = page * PAGE_WORDS;
		ring_mapped(&s, all, 0, word, "all pages mapped");
		ring_mapped(&s, all, 0, word + PAGE_DOORBELLS - 1,
			    "all pages mapped");
		ring_mapped(&s, alone[page], page, word + 1,
			    "one page mapped");
		is(all[word + 1], s.value, "both mappings show it");
	}
	before = rings(&s);
	all[PAGE_DOORBELLS] = 1;
	all[nr * PAGE_WORDS - 1] = 1;
	sleep_ms(PAUSE_MS);
	is(rings(&s), before, "other words of the pages ring nothing");
	for (page = 0; page < nr; page++)
		sample_unmap(alone[page], PAGE);
	ring_mapped(&s, all, 0, 2, "when other mappings are gone");
	sample_unmap(all, nr * PAGE);
out:
	sample_close(&s);
}

/* The poller takes the pages away in each pause, from all mappings. */
static void test_pauses(const struct test_opts *opts)
{
	volatile u32 *all, *last;
	unsigned int i, nr;
	struct sample s;
	u64 faults;
	u32 modes;

	sample_open(&s, opts);
	if (!can_map_doorbells(&s))
		goto out;
	nr = doorbell_pages(&s);
	all = map_doorbells(&s, 0, nr);
	last = map_doorbells(&s, nr - 1, 1);
	modes = sample_reg32(&s, REG_MODES);
	for (i = 0; i < 4; i++) {
		faults = sample_mdev_number(&s, "sluice/doorbell_faults");
		sleep_ms(PAUSE_MS);
		ring_mapped(&s, all, 0, i % nr * PAGE_WORDS, "after a pause");
		ok(sample_mdev_number(&s, "sluice/doorbell_faults") > faults,
		   "the page had been taken away");
		ring_mapped(&s, last, nr - 1, (nr - 1) * PAGE_WORDS + 3,
			    "and through another mapping");
	}
	sleep_ms(PAUSE_MS);
	ok(sample_reg32(&s, REG_MODES) >= modes + 4,
	   "the backend was told of each pause");
	sample_unmap(all, nr * PAGE);
	sample_unmap(last, PAGE);
out:
	sample_close(&s);
}

static void test_trapped(const struct test_opts *opts)
{
	unsigned int page;
	struct sample s;
	u64 val = 0x100000001;
	u32 before, word;

	sample_open(&s, opts);
	if (!s.fn->regs)
		is(sample_try_map(&s.dev, s.dev.offset[s.fn->db_bar] +
				  s.fn->db.offset, PAGE, MAP_SHARED), EINVAL,
		   "doorbells that are not polled cannot be mapped");
	for (page = 0; page < doorbell_pages(&s); page++) {
		word = page * PAGE_WORDS;
		ring_trapped(&s, word);
		ring_trapped(&s, word + PAGE_DOORBELLS - 1);
	}
	word = 77;
	vfio_read(&s.dev, s.fn->db_bar, doorbell_offset(&s, 0), &word, 4);
	is(word, 0, "a trapped read gives zero");
	before = rings(&s);
	vfio_write(&s.dev, s.fn->db_bar, doorbell_offset(&s, 2), &val, 8);
	vfio_write(&s.dev, s.fn->db_bar, doorbell_offset(&s, 4), &val, 2);
	vfio_write(&s.dev, s.fn->db_bar, doorbell_offset(&s, 6) + 1, &val, 1);
	vfio_write(&s.dev, s.fn->db_bar, doorbell_offset(&s, PAGE_DOORBELLS),
		   &val, 4);
	sleep_ms(PAUSE_MS);
	is(rings(&s), before, "what is no write of a doorbell rings nothing");
	is(signalled(&s), 0, "and signals nothing");
	sample_close(&s);
}

static void check_mapped_reset(struct sample *s, volatile u32 *words, u32 word,
			       const char *how)
{
	is(words[word], 0, "%s: the doorbell is zero", how);
	is(rings(s), 0, "%s: none has been seen", how);
	words[word] = s->value;
	sleep_ms(PAUSE_MS);
	is(rings(s), 0, "%s: nor is any, until they are enabled", how);
	is(signalled(s), 0, "%s: nothing signals", how);
	sample_switch_on(s);
	words[word] = ++s->value;
	ok(wait_signal(s, s->value % s->fn->vectors), "%s: one rings then",
	   how);
	sleep_ms(PAUSE_MS);
	signalled(s);
}

static void test_reset(const struct test_opts *opts)
{
	unsigned int nr;
	volatile u32 *all;
	struct sample s;
	u32 word;

	sample_open(&s, opts);
	if (!s.fn->regs) {
		ring_trapped(&s, 3);
		is(vfio_reset(&s.dev), 0, "reset");
		vfio_write(&s.dev, s.fn->db_bar, doorbell_offset(&s, 3),
			   &s.value, 4);
		check_ring(&s, 1, 3, "the same value rings after a reset");
		sample_close(&s);
		return;
	}
	nr = doorbell_pages(&s);
	all = map_doorbells(&s, 0, nr);
	word = (nr - 1) * PAGE_WORDS + 3;
	ring_mapped(&s, all, 0, word, "before a reset");
	is(vfio_reset(&s.dev), 0, "VFIO_DEVICE_RESET");
	check_mapped_reset(&s, all, word, "VFIO_DEVICE_RESET");
	vfio_flr(&s.dev);
	vfio_set_command(&s.dev, PCI_COMMAND_MEMORY, 0);
	check_mapped_reset(&s, all, word, "Function Level Reset");
	sample_unmap(all, nr * PAGE);
	sample_close(&s);
	sample_open(&s, opts);
	is(rings(&s), 0, "none has been seen after an open");
	all = map_doorbells(&s, 0, nr);
	is(all[word], 0, "and they are zero");
	sample_unmap(all, nr * PAGE);
	sample_close(&s);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "mapped", test_mapped },
		{ "pauses", test_pauses },
		{ "trapped", test_trapped },
		{ "reset", test_reset },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
