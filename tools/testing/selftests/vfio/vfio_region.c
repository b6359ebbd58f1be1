// SPDX-License-Identifier: GPL-2.0-only
/*
 * Edge cases of accesses to regions: beyond the end, unaligned, mapped, with
 * memory space off or being switched
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/tap.h"
#include "lib/test.h"

#define MSIX_TABLE_CTRL	12

static void open_with_memory(struct vfio_dev *dev,
			     const struct test_opts *opts)
{
	test_open(dev, opts->id, opts);
	vfio_set_command(dev, PCI_COMMAND_MEMORY, 0);
}

/* Tries an access that begins @left bytes before the end of a region */
static bool end_is_kept(struct vfio_dev *dev, unsigned int region,
			unsigned int left, size_t len, bool write)
{
	u64 off = dev->size[region] - left;
	u8 buf[64];
	ssize_t n;

	memset(buf, 0, sizeof(buf));
	n = write ? vfio_write(dev, region, off, buf, len) :
		    vfio_read(dev, region, off, buf, len);
	return n <= (ssize_t)left;
}

static void check_end(struct vfio_dev *dev, unsigned int region)
{
	static const size_t lens[] = { 1, 2, 3, 4, 7, 8, 16, 64 };
	bool kept = true;
	unsigned int left, i;

	for (left = 0; left <= 9; left++) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			kept &= end_is_kept(dev, region, left, lens[i], false);
			/* Writes to the end of config space do no harm */
			kept &= end_is_kept(dev, region, left, lens[i], true);
		}
	}
	ok(kept, "region %u: nothing is transferred beyond the end", region);
}

static void check_far(struct vfio_dev *dev, unsigned int region)
{
	static const u64 far[] = {
		1, 0x1000, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0xffffffffff,
	};
	bool refused = true;
	u64 val = 0;
	unsigned int i;
	u64 off;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		off = dev->size[region] + far[i] - 1;
		if (off >= 1ull << 40)
			continue;
		if (vfio_read(dev, region, off, &val, 4) > 0 ||
		    vfio_write(dev, region, off, &val, 4) > 0) {
			tap_diag("offset 0x%llx", (unsigned long long)off);
			refused = false;
		}
	}
	ok(refused, "region %u: far offsets are refused", region);
}

static void test_bounds(const struct test_opts *opts)
{
	static const unsigned int regions[] = {
		VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_BAR0_REGION_INDEX,
		VFIO_PCI_BAR2_REGION_INDEX,
	};
	struct vfio_dev dev;
	unsigned int i;
	u64 val;

	open_with_memory(&dev, opts);
	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		check_end(&dev, regions[i]);
		check_far(&dev, regions[i]);
		is(vfio_read(&dev, regions[i], 0, &val, 0), 0,
		   "region %u: a read of nothing gives nothing", regions[i]);
		is(vfio_write(&dev, regions[i], 0, &val, 0), 0,
		   "region %u: a write of nothing does nothing", regions[i]);
		is(vfio_read(&dev, regions[i], 0, NULL, 4), -EFAULT,
		   "region %u: a bad buffer is refused", regions[i]);
	}
	vfio_close(&dev);
}

/* Offsets outside all regions */
static void test_nowhere(const struct test_opts *opts)
{
	static const u64 offsets[] = {
		(u64)VFIO_PCI_BAR1_REGION_INDEX << 40,
		(u64)VFIO_PCI_BAR5_REGION_INDEX << 40,
		(u64)VFIO_PCI_ROM_REGION_INDEX << 40,
		(u64)VFIO_PCI_VGA_REGION_INDEX << 40,
		(u64)VFIO_PCI_NUM_REGIONS << 40,
		255ull << 40,
		1ull << 62, INT64_MAX - 7, INT64_MAX, 1ull << 63,
		UINT64_MAX - 3, UINT64_MAX,
	};
	struct vfio_dev dev;
	unsigned int i;
	u32 val = 0;

	open_with_memory(&dev, opts);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ok(pread(dev.fd, &val, 4, (off_t)offsets[i]) <= 0,
		   "read at 0x%llx is refused",
		   (unsigned long long)offsets[i]);
		ok(pwrite(dev.fd, &val, 4, (off_t)offsets[i]) <= 0,
		   "write at 0x%llx is refused",
		   (unsigned long long)offsets[i]);
	}
	vfio_close(&dev);
}

static void test_unaligned(const struct test_opts *opts)
{
	struct vfio_dev dev;
	unsigned int off, len;
	bool sane = true;
	u8 buf[32];
	ssize_t n;

	open_with_memory(&dev, opts);
	for (off = 0; off < 0x40; off++) {
		for (len = 1; len <= sizeof(buf); len++) {
			n = vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, off,
				      buf, len);
			sane &= n <= (ssize_t)len;
			n = vfio_read(&dev, VFIO_PCI_BAR2_REGION_INDEX, off,
				      buf, len);
			sane &= n <= (ssize_t)len;
		}
	}
	ok(sane, "reads of every size at every offset come back");
	vfio_close(&dev);
}

/* Holes always read as the same bytes, never as kernel memory. */
static void test_holes(const struct test_opts *opts)
{
	u8 a[512], b[512];
	struct vfio_dev dev;
	ssize_t n, m;

	open_with_memory(&dev, opts);
	memset(a, 0xa5, sizeof(a));
	memset(b, 0x5a, sizeof(b));
	n = vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, 0x800, a, sizeof(a));
	m = vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, 0x800, b, sizeof(b));
	ok(n == m && n > 0 && !memcmp(a, b, n),
	   "BAR 0: reserved registers are constant");
	memset(b, 0, sizeof(b));
	ok(n > 0 && !memcmp(a, b, n), "BAR 0: reserved registers are zero");
	n = vfio_read(&dev, VFIO_PCI_BAR2_REGION_INDEX, 0x1800, a, sizeof(a));
	ok(n <= 0 || !memcmp(a, b, n), "BAR 2: beyond the pending bits is zero");
	vfio_close(&dev);
}

static void test_memory_off(const struct test_opts *opts)
{
	struct vfio_dev dev;
	u32 val = 0;

	open_with_memory(&dev, opts);
	is(vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, 8, &val, 4), 4,
	   "BAR 0 can be read");
	vfio_set_command(&dev, 0, PCI_COMMAND_MEMORY);
	is(vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, 8, &val, 4), -EIO,
	   "BAR 0 cannot be read with memory space off");
	is(vfio_write(&dev, VFIO_PCI_BAR0_REGION_INDEX, 0x14, &val, 4), -EIO,
	   "nor written");
	is(vfio_write(&dev, VFIO_PCI_BAR0_REGION_INDEX, 0x1000, &val, 4),
	   -EIO, "nor can a doorbell");
	is(vfio_read(&dev, VFIO_PCI_BAR2_REGION_INDEX, 0, &val, 4), -EIO,
	   "nor the MSI-X table be read");
	vfio_set_command(&dev, PCI_COMMAND_MEMORY, 0);
	is(vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, 8, &val, 4), 4,
	   "BAR 0 can be read again");
	vfio_close(&dev);
}

static void test_msix_table(const struct test_opts *opts)
{
	u32 entry[4] = { 0xfee00000, 0, 0x4021, 0 }, got[4];
	struct vfio_dev dev;
	unsigned int i;
	u32 val;

	open_with_memory(&dev, opts);
	vfio_read(&dev, VFIO_PCI_BAR2_REGION_INDEX, MSIX_TABLE_CTRL, &val, 4);
	is(val & 1, 1, "vector 0 is masked after open");
	for (i = 0; i < 4; i++)
		vfio_write(&dev, VFIO_PCI_BAR2_REGION_INDEX, 4 * i, &entry[i],
			   4);
	for (i = 0; i < 4; i++)
		vfio_read(&dev, VFIO_PCI_BAR2_REGION_INDEX, 4 * i, &got[i], 4);
	ok(!memcmp(entry, got, sizeof(got)), "an entry of the table keeps");
	val = ~0u;
	vfio_write(&dev, VFIO_PCI_BAR2_REGION_INDEX, 0x1000, &val, 4);
	vfio_read(&dev, VFIO_PCI_BAR2_REGION_INDEX, 0x1000, &val, 4);
	is(val, 0, "pending bits cannot be written");
	vfio_close(&dev);
}

static bool advertised(struct vfio_dev *dev, unsigned int region)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = region,
	};

	return !ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info) &&
	       info.flags & VFIO_REGION_INFO_FLAG_MMAP;
}

static bool can_map(struct vfio_dev *dev, u64 off, size_t len, int flags)
{
	void *va = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, dev->fd,
			(off_t)off);

	if (va == MAP_FAILED)
		return false;
	munmap(va, len);
	return true;
}

/* Every page and one before and after, alone and with the next page */
static void check_mmap(struct vfio_dev *dev, unsigned int region)
{
	u64 size = dev->size[region], page, pages = (size + 4095) / 4096;
	bool may = advertised(dev, region), sane = true;
	u64 base = (u64)region << 40;

	for (page = 0; page <= pages; page++) {
		bool inside = may && page < pages;

		sane &= !can_map(dev, base + page * 4096, 4096, MAP_SHARED) ||
			inside;
		sane &= !can_map(dev, base + page * 4096,
				 (pages + 1) * 4096, MAP_SHARED);
	}
	ok(sane, "region %u: mapped where advertised and nowhere else",
	   region);
	ok(!can_map(dev, base, 4096, MAP_PRIVATE) || may,
	   "region %u: private mapping", region);
}

static void test_mmap(const struct test_opts *opts)
{
	static const u64 wild[] = {
		(u64)VFIO_PCI_NUM_REGIONS << 40, 255ull << 40,
		(1ull << 40) - 4096, 1ull << 62, INT64_MAX & ~4095ull,
		UINT64_MAX & ~4095ull,
	};
	struct vfio_dev dev;
	unsigned int i;

	open_with_memory(&dev, opts);
	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++)
		check_mmap(&dev, i);
	for (i = 0; i < ARRAY_SIZE(wild); i++)
		ok(!can_map(&dev, wild[i], 8192, MAP_SHARED),
		   "mapping at 0x%llx is refused", (unsigned long long)wild[i]);
	vfio_close(&dev);
}

struct toggler {
	struct vfio_dev *dev;
	bool stop;
};

static void *toggle_memory(void *arg)
{
	struct toggler *t = arg;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		vfio_set_command(t->dev, 0, PCI_COMMAND_MEMORY);
		vfio_set_command(t->dev, PCI_COMMAND_MEMORY, 0);
	}
	return NULL;
}

/* A register is there or not; it never has another value. */
static void test_memory_race(const struct test_opts *opts)
{
	struct toggler t = { 0 };
	unsigned int good = 0, gone = 0, wrong = 0;
	struct vfio_dev dev;
	pthread_t thread;
	u32 vs, val;
	u64 end;

	open_with_memory(&dev, opts);
	vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, 8, &vs, 4);
	t.dev = &dev;
	if (pthread_create(&thread, NULL, toggle_memory, &t))
		tap_bail("no thread");
	for (end = now_ms() + 2000; now_ms() < end;) {
		ssize_t n = vfio_read(&dev, VFIO_PCI_BAR0_REGION_INDEX, 8,
				      &val, 4);

		good += n == 4 && val == vs;
		gone += n == -EIO;
		wrong += !(n == 4 && val == vs) && n != -EIO;
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	is(wrong, 0, "no odd result while memory space is switched");
	ok(good && gone, "both states were met: %u and %u times", good, gone);
	vfio_close(&dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "bounds", test_bounds },
		{ "nowhere", test_nowhere },
		{ "unaligned", test_unaligned },
		{ "holes", test_holes },
		{ "memory-off", test_memory_off },
		{ "msix-table", test_msix_table },
		{ "mmap", test_mmap },
		{ "memory-race", test_memory_race },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
