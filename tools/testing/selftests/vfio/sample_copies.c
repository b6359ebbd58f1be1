// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample backend: copies between a slice and guest memory, also of memory
 * that goes away and of a slice that changes its size
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/sample.h"
#include "lib/tap.h"

#define FROM_GUEST	1
#define TO_GUEST	2

/* Returns the status, an errno */
static u32 copy(struct sample *s, u32 way, u64 iova, u32 off, u32 len)
{
	u64 end = now_ms() + WAIT_MS;
	u32 status;

	sample_write64(s, REG_IOVA, iova);
	sample_write32(s, REG_OFFSET, off);
	sample_write32(s, REG_LENGTH, len);
	/* Memory is on its way out or in: to be tried again a little later. */
	do {
		sample_write32(s, REG_GO, way);
		status = sample_reg32(s, REG_STATUS);
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
	is(sample_reg32(s, REG_COPIES), 4, "copies are counted");
}

static void check_bad_copies(struct sample *s, struct dma_buf *buf)
{
	u32 copies = sample_reg32(s, REG_COPIES), size = sample_reg64(s, REG_SIZE);
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
	is(sample_reg32(s, REG_COPIES), copies, "none of these is a copy");
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
	sample_switch_on(s);
}

static void test_copies(const struct test_opts *opts)
{
	struct dma_buf from, to;
	struct sample s;

	sample_open(&s, opts);
	if (sample_wants(&s, s.fn->regs, "registers")) {
		dma_alloc(&s.dev, &from, sample_reg64(&s, REG_SIZE), 0);
		dma_alloc(&s.dev, &to, sample_reg64(&s, REG_SIZE), 0);
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
		ok(sample_mdev_number(&s, "pinned_pages") >= 16, "it is pinned");
		is(dma_unmap(&buf), 0, "it can be unmapped");
		is(sample_mdev_number(&s, "pinned_pages"), 0, "nothing stays pinned");
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
	is(sample_reg64(s, REG_SIZE), size, "the function says so, too");
	is(sample_reg32(s, REG_NOTIFIES), notifies, "the backend was told %u times",
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
		told = sample_reg32(&s, REG_NOTIFIES);
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
		{ "copies", test_copies },
		{ "unmap", test_unmap },
		{ "resize", test_resize },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
