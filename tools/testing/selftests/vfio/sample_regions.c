// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample backend: a table of regions with every kind of area, and what each
 * area and each register is
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lib/sample.h"
#include "lib/tap.h"

/* Room for the capability of as many areas as there may be */
struct region_info {
	struct vfio_region_info info;
	u8 room[256];
};

static void check_areas(const struct sample_bar *bar, unsigned int n,
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
	const struct sample_bar *bar = &s->fn->bars[n];
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
		is(sample_reg32(&s, REG_SIGNATURE), SIGNATURE, "signature");
		is(sample_reg64(&s, REG_SIZE), 0x10000, "size of the slice");
	} else {
		ok(!memcmp(whole, zero, sizeof(zero)),
		   "without operations registers read as zero");
		sample_write32(&s, 0, ~0u);
		is(sample_reg32(&s, 0), 0, "and writes of them are ignored");
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
		is(sample_reg64(&s, REG_IOVA), 0, "they are not those of BAR 0");
	}
	sample_close(&s);
}

static bool in_an_area(const struct sample_bar *bar, u64 off, u64 len)
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
	const struct sample_bar *bar = &s->fn->bars[n];
	u64 base = (u64)n << 40, off, len;
	bool shared = true, private = true;

	for (off = 0; off <= bar->size; off += PAGE) {
		for (len = PAGE; off + len <= bar->size + PAGE; len += PAGE) {
			int want = in_an_area(bar, off, len) ? 0 : EINVAL;

			if (sample_try_map(&s->dev, base + off, len, MAP_SHARED) != want) {
				tap_diag("0x%llx bytes at 0x%llx",
					 (unsigned long long)len,
					 (unsigned long long)off);
				shared = false;
			}
			private &= sample_try_map(&s->dev, base + off, len,
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
	if (!sample_wants(&s, s.fn->mem.size, "memory that can be mapped") ||
	    !sample_wants(&s, slice_number(slice.dir, "pool") == 1, "pool's slice"))
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
	if (!sample_wants(&s, s.fn->mem.size, "memory that can be mapped"))
		goto out;
	words = s.fn->mem.size / 4;
	all = sample_map(&s, s.fn->mem_bar, &s.fn->mem, 0, s.fn->mem.size);
	last = sample_map(&s, s.fn->mem_bar, &s.fn->mem,
			  s.fn->mem.size - PAGE, PAGE);
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
	sample_unmap(all, s.fn->mem.size);
	sample_unmap(last, PAGE);
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
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
