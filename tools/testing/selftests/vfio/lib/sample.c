// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the sample backend: what is expected of each, and access to
 * one that is open
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sample.h"
#include "tap.h"

#define RW		(PROT_READ | PROT_WRITE)

#define MSIX_BAR	{ .size = 0x2000 }

static const struct sample_function functions[] = {
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

u32 sample_reg32(struct sample *s, u32 off)
{
	u32 val = 0;

	if (vfio_read(&s->dev, 0, off, &val, 4) != 4)
		tap_bail("register 0x%x cannot be read", off);
	return val;
}

u64 sample_reg64(struct sample *s, u32 off)
{
	u64 val = 0;

	if (vfio_read(&s->dev, 0, off, &val, 8) != 8)
		tap_bail("register 0x%x cannot be read", off);
	return val;
}

void sample_write32(struct sample *s, u32 off, u32 val)
{
	if (vfio_write(&s->dev, 0, off, &val, 4) != 4)
		tap_bail("register 0x%x cannot be written", off);
}

void sample_write64(struct sample *s, u32 off, u64 val)
{
	if (vfio_write(&s->dev, 0, off, &val, 8) != 8)
		tap_bail("register 0x%x cannot be written", off);
}

static const struct sample_function *find_function(struct vfio_dev *dev)
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
void sample_switch_on(struct sample *s)
{
	u32 none[3] = { 0 };

	vfio_set_command(&s->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	if (s->fn->regs)
		sample_write32(s, REG_ENABLE, 1);
	else
		vfio_write(&s->dev, s->fn->mem_bar, s->fn->mem.offset, none,
			   sizeof(none));
}

void sample_open(struct sample *s, const struct test_opts *opts)
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
	sample_switch_on(s);
}

void sample_close(struct sample *s)
{
	unsigned int i;

	vfio_close(&s->dev);
	for (i = 0; i < s->fn->vectors; i++)
		close(s->fds[i]);
}

/* Reports why a case has nothing to do with this function */
bool sample_wants(struct sample *s, bool has, const char *what)
{
	if (!has)
		tap_skip(s->fn->name, "has no %s", what);
	return has;
}

unsigned long long sample_mdev_number(struct sample *s, const char *name)
{
	char dir[256];

	vfio_sysfs_dir(s->uuid, dir, sizeof(dir));
	return slice_number(dir, name);
}

/* 0 or an errno; nothing stays mapped */
int sample_try_map(struct vfio_dev *dev, u64 off, size_t len, int flags)
{
	void *va = mmap(NULL, len, RW, flags, dev->fd, (off_t)off);

	if (va == MAP_FAILED)
		return errno;
	munmap(va, len);
	return 0;
}

/* Part of an area; the result is as many words */
volatile u32 *sample_map(struct sample *s, unsigned int bar,
			 const struct sample_area *area, u64 off, size_t len)
{
	void *va = mmap(NULL, len, RW, MAP_SHARED, s->dev.fd,
			(off_t)(s->dev.offset[bar] + area->offset + off));

	if (va == MAP_FAILED)
		tap_bail("0x%zx bytes of BAR %u cannot be mapped: %s", len, bar,
			 strerror(errno));
	return va;
}

void sample_unmap(volatile u32 *words, size_t len)
{
	munmap((void *)words, len);
}
