// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the sample backend (tools/testing/sample): a table of regions
 * with every kind of area, doorbells, copies, a slice that changes its size
 *
 * The registers are described in tools/testing/sample/device.c.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/dma.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

#define RW		(PROT_READ | PROT_WRITE)
#define WAIT_MS		5000
/* Long enough for the poller to take the doorbell pages away */
#define PAUSE_MS	100

#define REG_SIZE	0x00
#define REG_SIGNATURE	0x08
#define REG_NOTIFIES	0x0c
#define REG_RINGS	0x10
#define REG_WORD	0x14
#define REG_VALUE	0x18
#define REG_ENABLE	0x1c
#define REG_IOVA	0x20
#define REG_OFFSET	0x28
#define REG_LENGTH	0x2c
#define REG_GO		0x30
#define REG_STATUS	0x34
#define REG_COPIES	0x38
#define REG_MODES	0x40

#define SIGNATURE	0x504d4153

#define FROM_GUEST	1
#define TO_GUEST	2

/* Words of a doorbell page, and how many of them are doorbells */
#define PAGE_WORDS	(PAGE / 4)
#define PAGE_DOORBELLS	16

#define MAX_VECTORS	8
#define MAX_AREAS	2

struct area {
	u64 offset;
	u64 size;
};

struct bar {
	u64 size;
	bool wide;
	unsigned int nr_areas;
	struct area areas[MAX_AREAS];
};

/**
 * struct function - a PCI function of the backend
 * @name: its mdev type
 * @device: Device ID
 * @regs: it has registers
 * @vectors: MSI-X vectors
 * @bars: what is expected of each, with the areas that can be mapped
 * @db_bar: where the doorbell pages are
 * @db: the pages
 * @mem_bar: where the slice's memory is
 * @mem: the memory, no bytes where it cannot be mapped
 */
struct function {
	const char *name;
	u16 device;
	bool regs;
	unsigned int vectors;
	struct bar bars[6];
	unsigned int db_bar;
	struct area db;
	unsigned int mem_bar;
	struct area mem;
};

#define MSIX_BAR	{ .size = 0x2000 }

static const struct function functions[] = {
	{
		.name = "plain", .device = 1, .regs = true, .vectors = 4,
		.bars = {
			[0] = { 0x4000, true, 1, { { 0x1000, 0x1000 } } },
			[2] = MSIX_BAR,
		},
		.db_bar = 0, .db = { 0x1000, 0x1000 },
	}, {
		.name = "wide", .device = 2, .regs = true, .vectors = 8,
		.bars = {
			[0] = { 0x1000, false, 0, { } },
			[2] = { 0x10000, true, 2, { { 0x2000, 0x2000 },
						    { 0x4000, 0x8000 } } },
			[4] = MSIX_BAR,
		},
		.db_bar = 2, .db = { 0x2000, 0x2000 },
		.mem_bar = 2, .mem = { 0x4000, 0x8000 },
	}, {
		.name = "trapped", .device = 3, .vectors = 2,
		.bars = {
			/* Doorbells that nobody polls are not offered. */
			[0] = { 0x4000, true, 1, { { 0x2000, 0x2000 } } },
			[2] = MSIX_BAR,
		},
		.db_bar = 0, .db = { 0x1000, 0x1000 },
		.mem_bar = 0, .mem = { 0x2000, 0x2000 },
	},
};

/**
 * struct sample - an open function
 * @dev: the device
 * @fn: which function it is
 * @uuid: of the mdev
 * @fds: eventfds of its vectors
 * @value: of the doorbell written last; each is written with another one
 */
struct sample {
	struct vfio_dev dev;
	const struct function *fn;
	const char *uuid;
	int fds[MAX_VECTORS];
	u32 value;
};

static u32 reg32(struct sample *s, u32 off)
{
	u32 val = 0;

	if (vfio_read(&s->dev, 0, off, &val, 4) != 4)
		tap_bail("register 0x%x cannot be read", off);
	return val;
}

static u64 reg64(struct sample *s, u32 off)
{
	u64 val = 0;

	if (vfio_read(&s->dev, 0, off, &val, 8) != 8)
		tap_bail("register 0x%x cannot be read", off);
	return val;
}

static void write32(struct sample *s, u32 off, u32 val)
{
	if (vfio_write(&s->dev, 0, off, &val, 4) != 4)
		tap_bail("register 0x%x cannot be written", off);
}

static void write64(struct sample *s, u32 off, u64 val)
{
	if (vfio_write(&s->dev, 0, off, &val, 8) != 8)
		tap_bail("register 0x%x cannot be written", off);
}

static const struct function *find_function(struct vfio_dev *dev)
{
	u16 device = vfio_cfg16(dev, PCI_DEVICE_ID);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].device == device)
			return &functions[i];
	/* The first case comes here before it has made a check. */
	tap_skip_all("device 0x%04x is none of the sample backend", device);
}

/* Where doorbells are told of in memory, memory tells of those before the open. */
static void switch_on(struct sample *s)
{
	u32 none[3] = { 0 };

	vfio_set_command(&s->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	if (s->fn->regs)
		write32(s, REG_ENABLE, 1);
	else
		vfio_write(&s->dev, s->fn->mem_bar, s->fn->mem.offset, none,
			   sizeof(none));
}

static void sample_open(struct sample *s, const struct test_opts *opts)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	test_open(&s->dev, opts->id, opts);
	s->uuid = opts->id;
	s->fn = find_function(&s->dev);
	for (i = 0; i < s->fn->vectors; i++) {
		s->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (s->fds[i] < 0)
			tap_bail("no eventfd");
	}
	if (vfio_set_eventfds(&s->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0,
			      s->fn->vectors, s->fds))
		tap_bail("eventfds cannot be set");
	switch_on(s);
}

static void sample_close(struct sample *s)
{
	unsigned int i;

	vfio_close(&s->dev);
	for (i = 0; i < s->fn->vectors; i++)
		close(s->fds[i]);
}

/* Reports why a case has nothing to do with this function */
static bool wants(struct sample *s, bool has, const char *what)
{
	if (!has)
		tap_skip(s->fn->name, "has no %s", what);
	return has;
}

static unsigned long long mdev_number(struct sample *s, const char *name)
{
	char dir[256];

	vfio_sysfs_dir(s->uuid, dir, sizeof(dir));
	return slice_number(dir, name);
}

/*
 * Regions
 */

/* Room for the capability of as many areas as there may be */
struct region_info {
	struct vfio_region_info info;
	u8 room[256];
};

static void check_areas(const struct bar *bar, unsigned int n,
			struct region_info *r)
{
	struct vfio_region_info_cap_sparse_mmap *cap;
	unsigned int i;

	is(!!(r->info.flags & VFIO_REGION_INFO_FLAG_MMAP), !!bar->nr_areas,
	   "BAR %u: something can be mapped, or nothing", n);
	is(!!(r->info.flags & VFIO_REGION_INFO_FLAG_CAPS), !!bar->nr_areas,
	   "BAR %u: and it says what", n);
	if (!bar->nr_areas || r->info.cap_offset < sizeof(r->info))
		return;
	cap = (void *)((u8 *)r + r->info.cap_offset);
	is(cap->header.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
	   "BAR %u: sparse areas", n);
	is(cap->nr_areas, bar->nr_areas, "BAR %u: their number", n);
	for (i = 0; i < bar->nr_areas && i < cap->nr_areas; i++) {
		is(cap->areas[i].offset, bar->areas[i].offset,
		   "BAR %u: offset of area %u", n, i);
		is(cap->areas[i].size, bar->areas[i].size,
		   "BAR %u: size of area %u", n, i);
	}
}

static void check_region(struct sample *s, unsigned int n)
{
	const struct bar *bar = &s->fn->bars[n];
	struct region_info r = {
		.info = { .argsz = sizeof(r), .index = n },
	};
	u32 reg = vfio_cfg32(&s->dev, PCI_BASE_ADDRESS_0 + 4 * n);

	is(ioctl(s->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &r), 0,
	   "BAR %u: information", n);
	is(r.info.size, bar->size, "BAR %u: size", n);
	check_areas(bar, n, &r);
	if (bar->size)
		is(reg & 0xf, bar->wide ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0,
		   "BAR %u: its register says how wide it is", n);
}

static void test_regions(const struct test_opts *opts)
{
	struct vfio_irq_info irq = {
		.argsz = sizeof(irq), .index = VFIO_PCI_MSIX_IRQ_INDEX,
	};
	struct sample s;
	unsigned int n;
	u32 table;

	sample_open(&s, opts);
	for (n = 0; n < 6; n++)
		check_region(&s, n);
	table = vfio_cfg32(&s.dev, vfio_find_cap(&s.dev, PCI_CAP_ID_MSIX) +
				   PCI_MSIX_TABLE);
	is(s.fn->bars[table & PCI_MSIX_TABLE_BIR].size, 0x2000,
	   "the MSI-X table is in its BAR");
	is(ioctl(s.dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq), 0, "interrupts");
	is(irq.count, s.fn->vectors, "as many vectors as the function has");
	sample_close(&s);
}

/* What is no area is registers, also in a BAR that has areas. */
static void test_registers(const struct test_opts *opts)
{
	u8 whole[0x80], part[8], zero[0x80] = { 0 };
	unsigned int off, len;
	bool same = true;
	struct sample s;

	sample_open(&s, opts);
	vfio_read(&s.dev, 0, 0, whole, sizeof(whole));
	if (s.fn->regs) {
		is(reg32(&s, REG_SIGNATURE), SIGNATURE, "signature");
		is(reg64(&s, REG_SIZE), 0x10000, "size of the slice");
	} else {
		ok(!memcmp(whole, zero, sizeof(zero)),
		   "without operations registers read as zero");
		write32(&s, 0, ~0u);
		is(reg32(&s, 0), 0, "and writes of them are ignored");
	}
	for (off = 0; off < sizeof(whole) - 8; off++) {
		for (len = 1; len <= 8; len++)
			same &= vfio_read(&s.dev, 0, off, part, len) ==
				(ssize_t)len && !memcmp(part, whole + off, len);
	}
	ok(same, "reads of 1 to 8 bytes at every offset agree");
	if (s.fn->db_bar) {
		is(vfio_read(&s.dev, s.fn->db_bar, 0, part, 8), 8,
		   "registers before the doorbells can be read");
		ok(!memcmp(part, zero, 8), "and are zero");
		memset(part, 0xff, sizeof(part));
		is(vfio_write(&s.dev, s.fn->db_bar, REG_ENABLE, part, 4), 4,
		   "and written");
		is(vfio_write(&s.dev, s.fn->db_bar, REG_IOVA, part, 8), 8,
		   "in eight bytes, too");
		is(reg64(&s, REG_IOVA), 0, "they are not those of BAR 0");
	}
	sample_close(&s);
}

/*
 * Mappings
 */

/* 0 or an errno; nothing stays mapped */
static int try_map(struct vfio_dev *dev, u64 off, size_t len, int flags)
{
	void *va = mmap(NULL, len, RW, flags, dev->fd, (off_t)off);

	if (va == MAP_FAILED)
		return errno;
	munmap(va, len);
	return 0;
}

static bool in_an_area(const struct bar *bar, u64 off, u64 len)
{
	unsigned int i;

	for (i = 0; i < bar->nr_areas; i++)
		if (off >= bar->areas[i].offset &&
		    off + len <= bar->areas[i].offset + bar->areas[i].size)
			return true;
	return false;
}

/* From each page on, each number of pages up to one beyond the BAR's end */
static void check_bar_maps(struct sample *s, unsigned int n)
{
	const struct bar *bar = &s->fn->bars[n];
	u64 base = (u64)n << 40, off, len;
	bool shared = true, private = true;

	for (off = 0; off <= bar->size; off += PAGE) {
		for (len = PAGE; off + len <= bar->size + PAGE; len += PAGE) {
			int want = in_an_area(bar, off, len) ? 0 : EINVAL;

			if (try_map(&s->dev, base + off, len, MAP_SHARED) != want) {
				tap_diag("0x%llx bytes at 0x%llx",
					 (unsigned long long)len,
					 (unsigned long long)off);
				shared = false;
			}
			private &= try_map(&s->dev, base + off, len,
					   MAP_PRIVATE) == EINVAL;
		}
	}
	ok(shared, "BAR %u: what is within one area can be mapped, no more", n);
	ok(private, "BAR %u: nothing can be mapped privately", n);
}

static void test_maps(const struct test_opts *opts)
{
	struct sample s;
	unsigned int n;

	sample_open(&s, opts);
	for (n = 0; n < 6; n++)
		check_bar_maps(&s, n);
	sample_close(&s);
}

/* Part of an area; the result is as many words */
static volatile u32 *map_part(struct sample *s, unsigned int bar,
			      const struct area *area, u64 off, size_t len)
{
	void *va = mmap(NULL, len, RW, MAP_SHARED, s->dev.fd,
			(off_t)(s->dev.offset[bar] + area->offset + off));

	if (va == MAP_FAILED)
		tap_bail("0x%zx bytes of BAR %u cannot be mapped: %s", len, bar,
			 strerror(errno));
	return va;
}

static volatile u32 *map_doorbells(struct sample *s, unsigned int first,
				   unsigned int nr)
{
	return map_part(s, s->fn->db_bar, &s->fn->db, (u64)first * PAGE,
			nr * PAGE);
}

static void unmap(volatile u32 *words, size_t len)
{
	munmap((void *)words, len);
}

/* A member of the pool is wiped between two guests. */
static void test_fresh(const struct test_opts *opts)
{
	u8 zero[PAGE] = { 0 }, page[PAGE];
	struct slice slice;
	bool clean = true;
	struct sample s;
	u64 off;

	sample_open(&s, opts);
	if (!ok(slice_find(&slice, opts->id), "there is a slice behind it"))
		goto out;
	if (!wants(&s, s.fn->mem.size, "memory that can be mapped") ||
	    !wants(&s, slice_number(slice.dir, "pool") == 1, "pool's slice"))
		goto out;
	for (off = 0; off < s.fn->mem.size; off += PAGE) {
		memset(page, 0xff, PAGE);
		vfio_read(&s.dev, s.fn->mem_bar, s.fn->mem.offset + off, page,
			  PAGE);
		clean &= !memcmp(page, zero, PAGE);
	}
	ok(clean, "nothing of a former guest is in the memory");
out:
	sample_close(&s);
}

static void test_memory(const struct test_opts *opts)
{
	volatile u32 *all, *last;
	u64 words, off, word;
	struct sample s;
	u32 val;

	sample_open(&s, opts);
	if (!wants(&s, s.fn->mem.size, "memory that can be mapped"))
		goto out;
	words = s.fn->mem.size / 4;
	all = map_part(&s, s.fn->mem_bar, &s.fn->mem, 0, s.fn->mem.size);
	last = map_part(&s, s.fn->mem_bar, &s.fn->mem, s.fn->mem.size - PAGE,
			PAGE);
	for (word = 0; word < words; word += PAGE_WORDS) {
		off = s.fn->mem.offset + word * 4 + 8;
		all[word + 2] = 0xa0000000 + word;
		val = 0;
		vfio_read(&s.dev, s.fn->mem_bar, off, &val, 4);
		is(val, 0xa0000000 + word,
		   "a word written through the mapping is read, page %llu",
		   (unsigned long long)word / PAGE_WORDS);
		val = 0xb0000000 + word;
		vfio_write(&s.dev, s.fn->mem_bar, off, &val, 4);
		is(all[word + 2], val, "a word written is in the mapping");
	}
	is(last[2], all[words - PAGE_WORDS + 2],
	   "the last page alone is the last page of all");
	last[3] = 0xc0ffee;
	is(all[words - PAGE_WORDS + 3], 0xc0ffee, "also when it is written");
	is(vfio_reset(&s.dev), 0, "reset");
	is(all[words - PAGE_WORDS + 3], 0xc0ffee, "memory is not reset");
	unmap(all, s.fn->mem.size);
	unmap(last, PAGE);
out:
	sample_close(&s);
}

/*
 * Doorbells
 */

static u32 rings(struct sample *s)
{
	u32 val = 0;

	if (s->fn->regs)
		return reg32(s, REG_RINGS);
	vfio_read(&s->dev, s->fn->mem_bar, s->fn->mem.offset, &val, 4);
	return val;
}

/* What the function says of the last doorbell */
static void last_ring(struct sample *s, u32 *word, u32 *value)
{
	if (s->fn->regs) {
		*word = reg32(s, REG_WORD);
		*value = reg32(s, REG_VALUE);
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
	return wants(s, s->fn->regs, "doorbells that can be mapped");
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
		unmap(alone[page], PAGE);
	ring_mapped(&s, all, 0, 2, "when other mappings are gone");
	unmap(all, nr * PAGE);
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
	modes = reg32(&s, REG_MODES);
	for (i = 0; i < 4; i++) {
		faults = mdev_number(&s, "sluice/doorbell_faults");
		sleep_ms(PAUSE_MS);
		ring_mapped(&s, all, 0, i % nr * PAGE_WORDS, "after a pause");
		ok(mdev_number(&s, "sluice/doorbell_faults") > faults,
		   "the page had been taken away");
		ring_mapped(&s, last, nr - 1, (nr - 1) * PAGE_WORDS + 3,
			    "and through another mapping");
	}
	sleep_ms(PAUSE_MS);
	ok(reg32(&s, REG_MODES) >= modes + 4,
	   "the backend was told of each pause");
	unmap(all, nr * PAGE);
	unmap(last, PAGE);
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
		is(try_map(&s.dev, s.dev.offset[s.fn->db_bar] + s.fn->db.offset,
			   PAGE, MAP_SHARED), EINVAL,
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

/*
 * Reset
 */

static void check_mapped_reset(struct sample *s, volatile u32 *words, u32 word,
			       const char *how)
{
	is(words[word], 0, "%s: the doorbell is zero", how);
	is(rings(s), 0, "%s: none has been seen", how);
	words[word] = s->value;
	sleep_ms(PAUSE_MS);
	is(rings(s), 0, "%s: nor is any, until they are enabled", how);
	is(signalled(s), 0, "%s: nothing signals", how);
	switch_on(s);
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
	unmap(all, nr * PAGE);
	sample_close(&s);
	sample_open(&s, opts);
	is(rings(&s), 0, "none has been seen after an open");
	all = map_doorbells(&s, 0, nr);
	is(all[word], 0, "and they are zero");
	unmap(all, nr * PAGE);
	sample_close(&s);
}

/*
 * Guest memory
 */

/* Returns the status, an errno */
static u32 copy(struct sample *s, u32 way, u64 iova, u32 off, u32 len)
{
	u64 end = now_ms() + WAIT_MS;
	u32 status;

	write64(s, REG_IOVA, iova);
	write32(s, REG_OFFSET, off);
	write32(s, REG_LENGTH, len);
	/* Memory is on its way out or in: to be tried again a little later. */
	do {
		write32(s, REG_GO, way);
		status = reg32(s, REG_STATUS);
	} while (status == EAGAIN && now_ms() < end);
	return status;
}

static void fill(struct dma_buf *buf, u8 seed)
{
	size_t i;

	for (i = 0; i < buf->len; i++)
		buf->va[i] = seed + i * 7 + i / PAGE;
}

static void check_copies(struct sample *s, struct dma_buf *from,
			 struct dma_buf *to)
{
	u8 window[PAGE];

	fill(from, 1);
	is(copy(s, FROM_GUEST, from->iova[0], 0, from->len), 0,
	   "all of the slice is written");
	is(copy(s, TO_GUEST, to->iova[0], 0, to->len), 0, "and read");
	ok(!memcmp(from->va, to->va, to->len), "it is the same");
	if (s->fn->mem.size) {
		vfio_read(&s->dev, s->fn->mem_bar, s->fn->mem.offset + PAGE,
			  window, PAGE);
		ok(!memcmp(window, from->va + PAGE, PAGE),
		   "and is in the memory that can be mapped");
	}
	is(copy(s, TO_GUEST, to->iova[0] + 4001, 123, 4567), 0,
	   "any number of bytes at any place");
	ok(!memcmp(from->va + 123, to->va + 4001, 4567) &&
	   to->va[4000] == from->va[4000] &&
	   to->va[4001 + 4567] == from->va[4001 + 4567],
	   "they and no others");
	is(copy(s, FROM_GUEST, from->iova[0], 0, 0), 0, "no bytes");
	is(reg32(s, REG_COPIES), 4, "copies are counted");
}

static void check_bad_copies(struct sample *s, struct dma_buf *buf)
{
	u32 copies = reg32(s, REG_COPIES), size = reg64(s, REG_SIZE);
	u64 iova = buf->iova[0], nowhere = dma_reserve_iova(&s->dev, PAGE);
	struct dma_buf ro;

	dma_alloc(&s->dev, &ro, PAGE, DMA_RO);
	is(copy(s, FROM_GUEST, nowhere, 0, 8), EFAULT, "no memory there");
	is(copy(s, TO_GUEST, nowhere, 0, 8), EFAULT, "no memory to write to");
	is(copy(s, FROM_GUEST, iova + buf->len - 4, 0, 8), EFAULT,
	   "the end of memory");
	is(copy(s, FROM_GUEST, UINT64_MAX - 3, 0, 8), EFAULT,
	   "the end of all addresses");
	is(copy(s, TO_GUEST, ro.iova[0], 0, 8), EPERM,
	   "memory that must not be written");
	is(copy(s, FROM_GUEST, iova, size, 1), ERANGE, "beyond the slice");
	is(copy(s, FROM_GUEST, iova, 1, size), ERANGE, "across its end");
	is(copy(s, FROM_GUEST, iova, ~0u, ~0u), ERANGE, "far beyond it");
	is(copy(s, 3, iova, 0, 8), EINVAL, "a way that there is not");
	is(reg32(s, REG_COPIES), copies, "none of these is a copy");
	is(copy(s, FROM_GUEST, ro.iova[0], 0, 8), 0, "it can be read, though");
	dma_free(&ro);
}

static void check_no_master(struct sample *s, struct dma_buf *buf)
{
	u8 before[8];

	memset(buf->va, 0x5a, 8);
	memcpy(before, buf->va, 8);
	vfio_set_command(&s->dev, 0, PCI_COMMAND_MASTER);
	is(copy(s, TO_GUEST, buf->iova[0], 8, 8), EACCES,
	   "without bus mastering nothing is copied");
	ok(!memcmp(before, buf->va, 8), "really nothing");
	vfio_set_command(&s->dev, PCI_COMMAND_MASTER, 0);
	is(copy(s, TO_GUEST, buf->iova[0], 8, 8), 0, "and with it, it is");
	is(vfio_reset(&s->dev), 0, "VFIO_DEVICE_RESET");
	is(copy(s, TO_GUEST, buf->iova[0], 8, 8), 0, "bus mastering stays");
	vfio_flr(&s->dev);
	vfio_set_command(&s->dev, PCI_COMMAND_MEMORY, 0);
	is(copy(s, TO_GUEST, buf->iova[0], 8, 8), EACCES,
	   "but not after a Function Level Reset");
	switch_on(s);
}

static void test_copies(const struct test_opts *opts)
{
	struct dma_buf from, to;
	struct sample s;

	sample_open(&s, opts);
	if (wants(&s, s.fn->regs, "registers")) {
		dma_alloc(&s.dev, &from, reg64(&s, REG_SIZE), 0);
		dma_alloc(&s.dev, &to, reg64(&s, REG_SIZE), 0);
		check_copies(&s, &from, &to);
		check_bad_copies(&s, &from);
		check_no_master(&s, &to);
		dma_free(&to);
		dma_free(&from);
	}
	sample_close(&s);
}

/* The backend has no quiesce: the core alone sees to it that nothing is used. */
static void test_unmap(const struct test_opts *opts)
{
	struct dma_buf buf;
	struct sample s;
	unsigned int i;

	sample_open(&s, opts);
	dma_alloc(&s.dev, &buf, 16 * PAGE, 0);
	if (!s.fn->regs) {
		for (i = 0; i < 3; i++) {
			is(dma_unmap(&buf), 0, "memory can be unmapped");
			is(dma_map(&buf), 0, "and mapped");
		}
		goto out;
	}
	for (i = 0; i < 3; i++) {
		fill(&buf, 10 + i);
		is(copy(&s, FROM_GUEST, buf.iova[0], 0, buf.len), 0,
		   "a copy of memory that is mapped");
		ok(mdev_number(&s, "pinned_pages") >= 16, "it is pinned");
		is(dma_unmap(&buf), 0, "it can be unmapped");
		is(mdev_number(&s, "pinned_pages"), 0, "nothing stays pinned");
		is(copy(&s, FROM_GUEST, buf.iova[0], 0, buf.len), EFAULT,
		   "it cannot be copied then");
		is(dma_map(&buf), 0, "it can be mapped again");
		memset(buf.va, 0, buf.len);
		is(copy(&s, TO_GUEST, buf.iova[0], 0, buf.len), 0,
		   "and written");
		is(buf.va[PAGE + 5], (u8)(10 + i + (PAGE + 5) * 7 + 1),
		   "with what was copied before");
	}
out:
	dma_free(&buf);
	sample_close(&s);
}

/*
 * A slice that changes its size
 */

static int resize(struct slice *slice, u64 size)
{
	char val[32];

	snprintf(val, sizeof(val), "%llu", (unsigned long long)size);
	return slice_write(slice->dir, "size_bytes", val);
}

static void check_size(struct sample *s, struct slice *slice, u64 size,
		       u32 notifies)
{
	is(slice_number(slice->dir, "size_bytes"), size,
	   "class sluice says %llu", (unsigned long long)size);
	if (!s->fn->regs)
		return;
	is(reg64(s, REG_SIZE), size, "the function says so, too");
	is(reg32(s, REG_NOTIFIES), notifies, "the backend was told %u times",
	   notifies);
}

static void check_bad_sizes(struct sample *s, struct slice *slice, u32 notifies)
{
	static const u64 bad[] = {
		0, 1, PAGE - 1, PAGE + 1, MIB - 1, MIB + PAGE, 1ull << 32,
		1ull << 63, UINT64_MAX & ~(u64)PAGE_OFF,
	};
	unsigned long long before = slice_number(slice->dir, "size_bytes");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		is(resize(slice, bad[i]), -EINVAL, "size %llu is refused",
		   (unsigned long long)bad[i]);
	is(slice_write(slice->dir, "size_bytes", "large"), -EINVAL,
	   "a size that is no number is refused");
	check_size(s, slice, before, notifies);
}

static void test_resize(const struct test_opts *opts)
{
	struct dma_buf buf;
	struct slice slice;
	struct sample s;
	u32 told = 0;
	u64 size;

	sample_open(&s, opts);
	if (!ok(slice_find(&slice, opts->id), "there is a slice behind it"))
		goto out;
	size = slice_number(slice.dir, "size_bytes");
	if (s.fn->regs)
		told = reg32(&s, REG_NOTIFIES);
	dma_alloc(&s.dev, &buf, PAGE, 0);
	check_size(&s, &slice, size, told);
	if (s.fn->regs)
		is(copy(&s, FROM_GUEST, buf.iova[0], size, 8), ERANGE,
		   "nothing can be copied beyond it");
	is(resize(&slice, MIB), 0, "it grows as far as it can");
	check_size(&s, &slice, MIB, told + 1);
	if (s.fn->regs)
		is(copy(&s, FROM_GUEST, buf.iova[0], MIB - PAGE, PAGE), 0,
		   "its new end can be used");
	check_bad_sizes(&s, &slice, told + 1);
	is(resize(&slice, PAGE), 0, "it shrinks as far as it can");
	check_size(&s, &slice, PAGE, told + 2);
	if (s.fn->regs)
		is(copy(&s, FROM_GUEST, buf.iova[0], PAGE, 8), ERANGE,
		   "its former end cannot be used");
	is(resize(&slice, size), 0, "it gets the size that it had");
	check_size(&s, &slice, size, told + 3);
	dma_free(&buf);
out:
	sample_close(&s);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		/* before anything is written to the slice */
		{ "fresh", test_fresh },
		{ "regions", test_regions },
		{ "registers", test_registers },
		{ "maps", test_maps },
		{ "memory", test_memory },
		{ "mapped", test_mapped },
		{ "pauses", test_pauses },
		{ "trapped", test_trapped },
		{ "reset", test_reset },
		{ "copies", test_copies },
		{ "unmap", test_unmap },
		{ "resize", test_resize },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
