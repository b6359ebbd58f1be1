/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of the sample backend (tools/testing/sample). The registers are
 * described in tools/testing/sample/device.c.
 */
#ifndef SELFTEST_SAMPLE_H
#define SELFTEST_SAMPLE_H

#include "dma.h"
#include "slice.h"
#include "test.h"
#include "vfio.h"

#define WAIT_MS		5000

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

/* Words of a doorbell page, and how many of them are doorbells */
#define PAGE_WORDS	(PAGE / 4)
#define PAGE_DOORBELLS	16

#define MAX_VECTORS	8
#define MAX_AREAS	2

/* Part of a BAR that can be mapped */
struct sample_area {
	u64 offset;
	u64 size;
};

struct sample_bar {
	u64 size;
	bool wide;
	unsigned int nr_areas;
	struct sample_area areas[MAX_AREAS];
};

/**
 * struct sample_function - a PCI function of the backend
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
struct sample_function {
	const char *name;
	u16 device;
	bool regs;
	unsigned int vectors;
	struct sample_bar bars[6];
	unsigned int db_bar;
	struct sample_area db;
	unsigned int mem_bar;
	struct sample_area mem;
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
	const struct sample_function *fn;
	const char *uuid;
	int fds[MAX_VECTORS];
	u32 value;
};

u32 sample_reg32(struct sample *s, u32 off);
u64 sample_reg64(struct sample *s, u32 off);
void sample_write32(struct sample *s, u32 off, u32 val);
void sample_write64(struct sample *s, u32 off, u64 val);
void sample_switch_on(struct sample *s);
void sample_open(struct sample *s, const struct test_opts *opts);
void sample_close(struct sample *s);
bool sample_wants(struct sample *s, bool has, const char *what);
unsigned long long sample_mdev_number(struct sample *s, const char *name);

int sample_try_map(struct vfio_dev *dev, u64 off, size_t len, int flags);
volatile u32 *sample_map(struct sample *s, unsigned int bar,
			 const struct sample_area *area, u64 off, size_t len);
void sample_unmap(volatile u32 *words, size_t len);

#endif
