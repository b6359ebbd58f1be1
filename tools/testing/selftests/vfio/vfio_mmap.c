// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapped doorbell page: what can be mapped, and what user space can do with
 * the mapping
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define RW	(PROT_READ | PROT_WRITE)

static const struct nvme_queue_opts polled;

static u64 doorbell_offset(const struct vfio_dev *dev)
{
	return dev->offset[VFIO_PCI_BAR0_REGION_INDEX] + REG_DB;
}

/* Returns 0 or an errno; nothing stays mapped */
static int try_map(struct vfio_dev *dev, u64 off, size_t len, int prot,
		   int flags)
{
	void *va = mmap(NULL, len, prot, flags, dev->fd, (off_t)off);

	if (va == MAP_FAILED)
		return errno;
	munmap(va, len);
	return 0;
}

static void *map_page(struct vfio_dev *dev, int prot, int flags)
{
	void *va = mmap(NULL, PAGE, prot, MAP_SHARED | flags, dev->fd,
			(off_t)doorbell_offset(dev));

	if (va == MAP_FAILED)
		tap_bail("the doorbell page cannot be mapped: %s",
			 strerror(errno));
	return va;
}

/* Tries every page of a region, and one page before and after */
static void check_pages(struct vfio_dev *dev, unsigned int region)
{
	u64 pages = DIV_ROUND_UP(dev->size[region], PAGE);
	u64 base = (u64)region << 40, page, off;
	bool sane = true;
	int want;

	for (page = region ? 0 : 1; page <= pages + 1; page++) {
		off = base + (page - 1) * PAGE;
		want = off == doorbell_offset(dev) ? 0 : EINVAL;
		sane &= try_map(dev, off, PAGE, RW, MAP_SHARED) == want;
		sane &= try_map(dev, off, PAGE, RW, MAP_PRIVATE) == EINVAL;
		sane &= try_map(dev, off, 2 * PAGE, RW, MAP_SHARED) == EINVAL;
	}
	ok(sane, "region %u: the doorbell page alone can be mapped", region);
}

static void test_pages(const struct test_opts *opts)
{
	static const u64 wild[] = {
		(u64)VFIO_PCI_NUM_REGIONS << 40, 255ull << 40,
		(1ull << 40) - PAGE, 1ull << 50, 1ull << 52, 1ull << 62,
		INT64_MAX & ~(u64)PAGE_OFF, 1ull << 63,
		UINT64_MAX & ~(u64)PAGE_OFF,
	};
	struct vfio_dev dev;
	unsigned int i;

	test_open(&dev, opts->id, opts);
	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++)
		check_pages(&dev, i);
	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		ok(try_map(&dev, wild[i], PAGE, RW, MAP_SHARED),
		   "0x%llx is refused", (unsigned long long)wild[i]);
		ok(try_map(&dev, wild[i] + REG_DB, PAGE, RW, MAP_SHARED),
		   "0x%llx and the page's place is refused",
		   (unsigned long long)wild[i]);
	}
	vfio_close(&dev);
}

static void test_sizes(const struct test_opts *opts)
{
	static const size_t wrong[] = {
		0, PAGE + 1, 2 * PAGE, 3 * PAGE, 512 * PAGE, 1ul << 30,
	};
	struct vfio_dev dev;
	unsigned int i;
	u64 off;

	test_open(&dev, opts->id, opts);
	off = doorbell_offset(&dev);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		is(try_map(&dev, off, wrong[i], RW, MAP_SHARED), EINVAL,
		   "%zu bytes are refused", wrong[i]);
	is(try_map(&dev, off - PAGE, 2 * PAGE, RW, MAP_SHARED), EINVAL,
	   "the page and the one before it are refused");
	is(try_map(&dev, off, 1, RW, MAP_SHARED), 0, "one byte is a page");
	is(try_map(&dev, off, PAGE, PROT_READ, MAP_SHARED), 0,
	   "it can be mapped to be read");
	is(try_map(&dev, off, PAGE, PROT_NONE, MAP_SHARED), 0,
	   "it can be mapped for nothing");
	is(try_map(&dev, off, PAGE, PROT_READ, MAP_PRIVATE), EINVAL,
	   "not privately, even to be read");
	vfio_close(&dev);
}

/* Space for the capability, and a part that must not be written */
struct region_info {
	struct vfio_region_info info;
	u8 room[256];
};

static void get_info(struct vfio_dev *dev, u32 argsz, struct region_info *r)
{
	memset(r, 0xa5, sizeof(*r));
	r->info.argsz = argsz;
	r->info.index = VFIO_PCI_BAR0_REGION_INDEX;
	r->info.flags = 0;
	is(ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, r) ? errno : 0, 0,
	   "region information with argsz %u", argsz);
	ok(r->info.flags & VFIO_REGION_INFO_FLAG_CAPS,
	   "argsz %u: there are capabilities", argsz);
	ok(r->info.flags & VFIO_REGION_INFO_FLAG_MMAP,
	   "argsz %u: something can be mapped", argsz);
}

static bool untouched_from(const struct region_info *r, size_t off)
{
	const u8 *byte = (const u8 *)r;

	for (; off < sizeof(*r); off++) {
		if (byte[off] != 0xa5)
			return false;
	}
	return true;
}

static void check_short(struct vfio_dev *dev, u32 argsz, u32 want)
{
	struct region_info r;

	get_info(dev, argsz, &r);
	is(r.info.argsz, want, "argsz %u: says what it takes", argsz);
	is(r.info.cap_offset, 0, "argsz %u: capabilities are nowhere", argsz);
	ok(untouched_from(&r, sizeof(r.info)),
	   "argsz %u: nothing is written behind it", argsz);
}

static void check_sparse(struct vfio_dev *dev, u32 argsz, u32 end)
{
	struct vfio_region_info_cap_sparse_mmap *cap;
	struct region_info r;

	get_info(dev, argsz, &r);
	is(r.info.argsz, argsz, "argsz %u stays", argsz);
	if (!ok(r.info.cap_offset >= sizeof(r.info) &&
		r.info.cap_offset <= sizeof(r) - sizeof(*cap) - 16,
		"argsz %u: capabilities follow", argsz))
		return;
	cap = (void *)((u8 *)&r + r.info.cap_offset);
	is(cap->header.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP, "sparse mmap");
	is(cap->header.version, 1, "version 1");
	is(cap->header.next, 0, "no further one");
	is(cap->nr_areas, 1, "one area");
	is(cap->areas[0].offset, REG_DB, "of the doorbells");
	is(cap->areas[0].size, PAGE, "one page");
	ok(untouched_from(&r, end), "argsz %u: nothing is written behind it",
	   argsz);
}

static void test_sparse(const struct test_opts *opts)
{
	u32 want = sizeof(struct vfio_region_info) +
		   sizeof(struct vfio_region_info_cap_sparse_mmap) +
		   sizeof(struct vfio_region_sparse_mmap_area);
	u32 argsz = sizeof(struct vfio_region_info);
	struct vfio_region_info info = {
		.argsz = argsz - 1, .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	struct vfio_dev dev;

	test_open(&dev, opts->id, opts);
	is(ioctl(dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info) ? errno : 0,
	   EINVAL, "argsz %u is refused", argsz - 1);
	check_short(&dev, argsz, want);
	check_short(&dev, argsz + 8, want);
	check_short(&dev, want - 1, want);
	check_sparse(&dev, want, want);
	check_sparse(&dev, want + 1, want);
	check_sparse(&dev, ~0u, want);
	vfio_close(&dev);
}

/* Commands with the page mapped, and after it was taken away */
static bool works(struct nvme_sq *sq)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);
	unsigned int i;
	bool good = true;

	sqe.prp1 = sq->nv->scratch.iova[1];
	for (i = 0; i < 6; i++) {
		good &= nvme_exec_status(sq, &sqe) == ST_OK;
		if (i % 2)
			sleep_ms(20);
	}
	return good;
}

static void check_fork(struct nvme *nv)
{
	int status = -1;
	pid_t child = fork();

	if (child < 0)
		tap_bail("fork: %s", strerror(errno));
	if (!child) {
		/* a doorbell of a missing queue */
		nv->doorbells[PAGE / 4 - 1] = 1;
		sleep_ms(20);
		nv->doorbells[PAGE / 4 - 1] = 2;
		_exit(0);
	}
	waitpid(child, &status, 0);
	is(status, 0, "a child can use the page");
}

static void check_mremap(struct nvme *nv)
{
	void *old = (void *)nv->doorbells, *va;
	void *place = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	ok(mremap(old, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED,
	   "mremap() does not make it larger");
	va = mremap(old, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	ok(va == place, "mremap() moves it");
	if (va != MAP_FAILED)
		nv->doorbells = va;
}

static void check_readv(struct nvme *nv)
{
	static u8 copy[PAGE];
	struct iovec to = { .iov_base = copy, .iov_len = PAGE };
	struct iovec from = {
		.iov_base = (void *)nv->doorbells, .iov_len = PAGE,
	};
	ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	ok(n == PAGE || n < 0, "process_vm_readv() reads a page or nothing");
	ok(n < 0 || !memcmp(copy, (void *)nv->doorbells, PAGE),
	   "what it reads is the page");
	n = read(nv->dev->fd, (void *)nv->doorbells, 0);
	ok(n <= 0, "nothing is read from the device into its own page");
}

/* The page as DMA memory for the device: useless, and harmless. */
static void check_dma(struct nvme *nv, struct nvme_sq *sq)
{
	u64 iova = dma_reserve_iova(nv->dev, PAGE);
	struct nvme_sqe sqe = nvme_rw(IO_WRITE, 8, 1);

	if (!vfio_map(nv->dev, (void *)nv->doorbells, iova, PAGE, VFIO_MAP_RW)) {
		sqe.prp1 = iova;
		ok(nvme_exec_status(sq, &sqe) != ST_TIMEOUT,
		   "a command with data there completes");
		ok(works(sq), "works meanwhile");
		is(vfio_unmap(nv->dev, iova, PAGE), 0, "and it is taken back");
	}
	ok(works(sq), "works after an attempt to map it for DMA");
}

static void test_use(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	void *page;

	test_start(&nv, &dev, opts);
	if (!nv.doorbells)
		nv.doorbells = map_page(&dev, RW, 0);
	nvme_qpair_create(&nv, &qp, 1, 4, polled);
	ok(works(&qp.sq), "works");
	check_fork(&nv);
	ok(works(&qp.sq), "works after a fork");
	check_mremap(&nv);
	ok(works(&qp.sq), "works at another place");
	check_readv(&nv);
	ok(works(&qp.sq), "works after it was read by others");
	check_dma(&nv, &qp.sq);
	page = (void *)nv.doorbells;
	tap_diag("mlock: %s", mlock(page, PAGE) ? strerror(errno) : "done");
	ok(works(&qp.sq), "works after mlock()");
	munlock(page, PAGE);
	madvise(page, PAGE, MADV_DONTNEED);
	ok(works(&qp.sq), "works after madvise(MADV_DONTNEED)");
	madvise(page, PAGE, MADV_REMOVE);
	madvise(page, PAGE, MADV_PAGEOUT);
	madvise(page, PAGE, MADV_COLD);
	ok(works(&qp.sq), "works after other advice");
	ok(!mprotect(page, PAGE, PROT_READ) && nv.doorbells[0] + 1 &&
	   !mprotect(page, PAGE, RW), "mprotect() there and back");
	ok(works(&qp.sq), "works after mprotect()");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_several(const struct test_opts *opts)
{
	void *populated, *reader, *first;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	populated = map_page(&dev, RW, MAP_POPULATE);
	reader = map_page(&dev, PROT_READ, 0);
	nvme_qpair_create(&nv, &qp, 1, 4, polled);
	first = (void *)nv.doorbells;
	nv.doorbells = populated;
	ok(works(&qp.sq), "works with three mappings");
	is(((volatile u32 *)reader)[nvme_doorbell_word(&nv, nvme_sq_db(1))],
	   qp.sq.tail,
	   "one that can be read shows what was written");
	ok(!mprotect(reader, PAGE, RW), "it becomes writable");
	nv.doorbells = reader;
	ok(works(&qp.sq), "works through that one");
	munmap(populated, PAGE);
	ok(works(&qp.sq), "works after another one is gone");
	if (first) {
		munmap(reader, PAGE / 2);
		nv.doorbells = first;
		ok(works(&qp.sq), "works after half of that one was unmapped");
	}
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
	if (!first)
		munmap(reader, PAGE);
}

static void test_close(const struct test_opts *opts)
{
	volatile u32 *page;
	struct vfio_dev dev, again;
	int ret;

	test_open(&dev, opts->id, opts);
	page = map_page(&dev, RW, 0);
	page[2] = 1;
	vfio_close(&dev);
	sleep_ms(20);
	page[2] = 2;
	sleep_ms(20);
	page[2] = 3;
	ret = vfio_open(&again, opts->id, opts->path);
	ok(ret < 0, "a mapping keeps the device open: %s", strerror(-ret));
	if (!ret)
		vfio_close(&again);
	munmap((void *)page, PAGE);
	test_open(&again, opts->id, opts);
	ok(true, "it can be opened when the mapping is gone");
	page = map_page(&again, RW, 0);
	is(page[2], 0, "doorbells are zero then");
	munmap((void *)page, PAGE);
	vfio_close(&again);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "pages", test_pages },
		{ "sizes", test_sizes },
		{ "sparse", test_sparse },
		{ "use", test_use },
		{ "several", test_several },
		{ "close", test_close },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
