// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the guest memory table
 *
 * The guest is made up: the pages of one block stand for its memory; some pages
 * are out of order, read-only or missing. The fake pin, unpin, map and unmap
 * check every call: each unpin must match exactly one pin.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "memory/iova.h"

#define PAGES SLUICE_IOVA_PAGES
#define CHUNK ((u64)SLUICE_IOVA_CHUNK)
#define ORDER (SLUICE_IOVA_SHIFT - PAGE_SHIFT)

/* The guest's chunks, and the IOVA of the first one. */
#define FAKE_CHUNKS 3
#define FAKE_START  (5 * CHUNK)

/* Bus addresses begin here, so that no valid one is zero. */
#define FAKE_DMA 0x100000000ULL

/* Properties of a page of the guest. */
#define FAKE_READ_ONLY BIT(0)
#define FAKE_MISSING   BIT(1)
#define FAKE_PINNED    BIT(2)

/**
 * struct fake - a made-up guest
 * @iova_table: the table under test
 * @test: for failures in callbacks
 * @block: 2 MiB of memory that all chunks share
 * @start: IOVA of the first chunk
 * @page: FAKE_ flags of each page of the guest
 * @where: for each page of the guest, its page in @block
 * @groups: length of each call of pin, at the index of its first page
 * @pin_limit: maximum number of pages pinned at a time
 * @refusals: calls of pin that failed because of @pin_limit
 * @maps: number of mappings now
 * @map_calls: number of calls of map so far
 * @map_read_only: number of calls of map for reading only
 * @map_fails_above: longest mapping that succeeds
 * @hold_pin: pin waits for @go
 * @hold_unpin: unpin waits for @go
 * @entered: pin or unpin has begun to wait
 * @go: ends the wait
 */
struct fake {
	struct sluice_iova_table iova_table;
	struct kunit *test;
	struct page *block;
	u64 start;
	u8 page[FAKE_CHUNKS * PAGES];
	u16 where[FAKE_CHUNKS * PAGES];
	u16 groups[FAKE_CHUNKS * PAGES];
	unsigned int pin_limit;
	unsigned int refusals;
	unsigned int maps;
	unsigned int map_calls;
	unsigned int map_read_only;
	size_t map_fails_above;
	bool hold_pin;
	bool hold_unpin;
	struct completion entered;
	struct completion go;
};

static void fake_hold(struct fake *fake, bool *hold)
{
	if (!READ_ONCE(*hold))
		return;
	WRITE_ONCE(*hold, false);
	complete(&fake->entered);
	wait_for_completion(&fake->go);
}

static int fake_check_page(struct fake *fake, u64 idx, bool write)
{
	if (idx >= ARRAY_SIZE(fake->page) || (fake->page[idx] & FAKE_MISSING))
		return -EFAULT;
	if (write && (fake->page[idx] & FAKE_READ_ONLY))
		return -EPERM;
	KUNIT_EXPECT_FALSE(fake->test, fake->page[idx] & FAKE_PINNED);
	return 0;
}

static int fake_pin(void *priv, u64 iova, unsigned int nr, bool write,
		    struct page **pages)
{
	struct fake *fake = priv;
	u64 first = (iova - fake->start) >> PAGE_SHIFT;
	unsigned int i;

	fake_hold(fake, &fake->hold_pin);
	KUNIT_EXPECT_LE(fake->test, nr, PAGES);
	for (i = 0; i < nr; i++) {
		int ret = fake_check_page(fake, first + i, write);

		if (ret)
			return ret;
	}
	if (sluice_iova_nr_pinned(&fake->iova_table) + nr > fake->pin_limit) {
		fake->refusals++;
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		fake->page[first + i] |= FAKE_PINNED;
		pages[i] = fake->block + fake->where[first + i];
	}
	fake->groups[first] = nr;
	return 0;
}

static void fake_unpin(void *priv, u64 iova, unsigned int nr)
{
	struct fake *fake = priv;
	u64 first = (iova - fake->start) >> PAGE_SHIFT;
	unsigned int i;

	fake_hold(fake, &fake->hold_unpin);
	if (first >= ARRAY_SIZE(fake->page) || fake->groups[first] != nr) {
		KUNIT_FAIL(fake->test, "unpin of %#llx, %u pages, was no pin",
			   iova, nr);
		return;
	}
	fake->groups[first] = 0;
	for (i = 0; i < nr; i++)
		fake->page[first + i] &= ~FAKE_PINNED;
}

static dma_addr_t fake_map(void *priv, struct page *page, size_t size,
			   bool write)
{
	struct fake *fake = priv;

	if (size > fake->map_fails_above)
		return DMA_MAPPING_ERROR;
	fake->maps++;
	fake->map_calls++;
	fake->map_read_only += !write;
	return FAKE_DMA + ((u64)(page - fake->block) << PAGE_SHIFT);
}

static void fake_unmap(void *priv, dma_addr_t dma, size_t size, bool write)
{
	struct fake *fake = priv;

	KUNIT_EXPECT_GE(fake->test, dma, FAKE_DMA);
	KUNIT_EXPECT_LE(fake->test, dma + size, FAKE_DMA + CHUNK);
	KUNIT_EXPECT_GT(fake->test, fake->maps--, 0);
}

static const struct sluice_iova_ops fake_ops = {
	.pin = fake_pin,
	.unpin = fake_unpin,
	.map = fake_map,
	.unmap = fake_unmap,
};

/* The first chunk is contiguous, the others are in reverse order. */
static void fake_lay_out(struct fake *fake)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fake->where); i++)
		fake->where[i] = i < PAGES ? i : PAGES - 1 - i % PAGES;
}

static int fake_init(struct kunit *test)
{
	struct fake *fake = kvzalloc(sizeof(*fake), GFP_KERNEL);

	if (!fake)
		return -ENOMEM;
	fake->block = alloc_pages(GFP_KERNEL, ORDER);
	if (!fake->block) {
		kvfree(fake);
		return -ENOMEM;
	}
	fake->test = test;
	fake->start = FAKE_START;
	fake->map_fails_above = SIZE_MAX;
	fake->pin_limit = UINT_MAX;
	init_completion(&fake->entered);
	init_completion(&fake->go);
	fake_lay_out(fake);
	sluice_iova_init(&fake->iova_table, &fake_ops, fake, SIZE_MAX);
	sluice_iova_open(&fake->iova_table, NULL);
	test->priv = fake;
	return 0;
}

static void fake_close(struct fake *fake)
{
	unsigned int i;

	sluice_iova_close(&fake->iova_table);
	KUNIT_EXPECT_EQ(fake->test, fake->maps, 0);
	KUNIT_EXPECT_EQ(fake->test, sluice_iova_nr_pinned(&fake->iova_table),
			0);
	for (i = 0; i < ARRAY_SIZE(fake->page); i++)
		KUNIT_EXPECT_FALSE(fake->test, fake->page[i] & FAKE_PINNED);
}

static void fake_exit(struct kunit *test)
{
	struct fake *fake = test->priv;

	if (!fake)
		return;
	fake_close(fake);
	sluice_iova_destroy(&fake->iova_table);
	__free_pages(fake->block, ORDER);
	kvfree(fake);
}

static u64 fake_iova(struct fake *fake, unsigned int page)
{
	return fake->start + ((u64)page << PAGE_SHIFT);
}

static int fake_get(struct fake *fake, u64 iova, bool write)
{
	struct page *page;
	dma_addr_t dma;

	return sluice_iova_get(&fake->iova_table, iova, write, &page, &dma);
}

/* Expect that the page is found, and that it is the right one. */
static void fake_expect(struct fake *fake, unsigned int idx)
{
	struct kunit *test = fake->test;
	struct page *page;
	dma_addr_t dma;

	KUNIT_ASSERT_EQ(test,
			sluice_iova_get(&fake->iova_table, fake_iova(fake, idx),
					true, &page, &dma),
			0);
	KUNIT_EXPECT_PTR_EQ(test, page, fake->block + fake->where[idx]);
	KUNIT_EXPECT_EQ(test, dma,
			FAKE_DMA + ((u64)fake->where[idx] << PAGE_SHIFT));
}

static void fake_unmap_range(struct fake *fake, u64 first, u64 last)
{
	unsigned int handle;

	handle = sluice_iova_unmap_begin(&fake->iova_table, first, last);
	sluice_iova_drop(&fake->iova_table, first, last);
	sluice_iova_unmap_release(&fake->iova_table);
	sluice_iova_unmap_end(&fake->iova_table, first, last, handle);
}

static void iova_contiguous_chunk(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake_expect(fake, 0);
	fake_expect(fake, PAGES - 1);
	fake_expect(fake, 17);
	KUNIT_EXPECT_EQ(test, fake->map_calls, 1);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

static void iova_scattered_chunk(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		fake_expect(fake, PAGES + i);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

/* One pair out of order, anywhere in a chunk: each page has its own mapping. */
static void iova_nearly_contiguous(struct kunit *test)
{
	struct fake *fake = test->priv;

	swap(fake->where[PAGES - 2], fake->where[PAGES - 1]);
	fake_expect(fake, PAGES - 1);
	fake_expect(fake, 0);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
}

static void iova_no_large_maps(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake->iova_table.max_map = SZ_256K;
	fake_expect(fake, 3);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
}

static void iova_large_map_fails(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake->map_fails_above = PAGE_SIZE;
	fake_expect(fake, 3);
	KUNIT_EXPECT_EQ(test, fake->map_calls, PAGES);
}

static void iova_all_maps_fail(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake->map_fails_above = 0;
	KUNIT_EXPECT_EQ(test, fake_get(fake, fake->start, true), -EIO);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	fake->map_fails_above = SIZE_MAX;
	fake_expect(fake, 0);
}

/* A missing page affects only itself. */
static void iova_hole(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int hole = 100;
	unsigned int i;

	fake->page[hole] = FAKE_MISSING;
	for (i = 0; i < PAGES; i++)
		if (i != hole)
			fake_expect(fake, i);
	KUNIT_EXPECT_EQ(test, fake_get(fake, fake_iova(fake, hole), false),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table),
			PAGES - 1);
	/* The missing page may appear later. */
	fake->page[hole] = 0;
	fake_expect(fake, hole);
}

static void iova_nothing_there(struct kunit *test)
{
	struct fake *fake = test->priv;

	KUNIT_EXPECT_EQ(test, fake_get(fake, 0, false), -EFAULT);
	KUNIT_EXPECT_EQ(test, fake_get(fake, U64_MAX, true), -EFAULT);
	KUNIT_EXPECT_EQ(test, fake_get(fake, fake->start - 1, true), -EFAULT);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fake->iova_table.chunks));
}

/* VFIO logs a line for each refusal: there must be few of them. */
static void iova_locked_memory_limit(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned long before = jiffies;
	unsigned int i;

	fake->pin_limit = 20;
	for (i = 0; i < 20; i++)
		fake_expect(fake, 7 * i);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test,
				fake_get(fake, fake_iova(fake, 501), true),
				-ENOMEM);
	/* Two refusals at first, and two for each half second after that. */
	KUNIT_EXPECT_LE(test, fake->refusals,
			2 + 2 * ((jiffies - before) / (HZ / 2)));
	/* Pinned pages stay usable, and a higher limit allows more. */
	fake_expect(fake, 0);
	fake->pin_limit = UINT_MAX;
	msleep(600);
	fake_expect(fake, 501);
}

static void iova_limit_of_former_user(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake->pin_limit = 0;
	KUNIT_EXPECT_EQ(test, fake_get(fake, fake_iova(fake, 501), true),
			-ENOMEM);
	sluice_iova_close(&fake->iova_table);
	fake->pin_limit = UINT_MAX;
	sluice_iova_open(&fake->iova_table, NULL);
	fake_expect(fake, 501);
}

static void iova_read_only(struct kunit *test)
{
	struct fake *fake = test->priv;
	u64 iova = fake_iova(fake, 9);

	fake->page[9] = FAKE_READ_ONLY;
	KUNIT_EXPECT_EQ(test, fake_get(fake, iova, true), -EPERM);
	KUNIT_EXPECT_EQ(test, fake->map_calls, 0);
	KUNIT_EXPECT_EQ(test, fake_get(fake, iova, false), 0);
	KUNIT_EXPECT_EQ(test, fake->map_read_only, 1);
	/* Also when the page is in the table. */
	KUNIT_EXPECT_EQ(test, fake_get(fake, iova, true), -EPERM);
	fake_expect(fake, 8);
	KUNIT_EXPECT_EQ(test, fake->map_read_only, 1);
}

static void iova_end_of_address_space(struct kunit *test)
{
	struct fake *fake = test->priv;
	char byte = 0;

	fake->start = 0 - (u64)FAKE_CHUNKS * CHUNK;
	fake_expect(fake, FAKE_CHUNKS * PAGES - 1);
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, U64_MAX, &byte, 1, true),
			0);
	KUNIT_EXPECT_TRUE(test,
			  sluice_iova_holds(&fake->iova_table, U64_MAX, U64_MAX));
	KUNIT_EXPECT_FALSE(test,
			   sluice_iova_holds(&fake->iova_table, 0, 0 - CHUNK - 1));
	fake_unmap_range(fake, U64_MAX, U64_MAX);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
}

/* An unmap of one byte drops its chunk, and no other chunk. */
static void iova_partial_unmap(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < FAKE_CHUNKS; i++)
		fake_expect(fake, i * PAGES);
	fake_unmap_range(fake, fake->start + 2 * CHUNK - 1,
			 fake->start + 2 * CHUNK - 1);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table),
			2 * PAGES);
	KUNIT_EXPECT_TRUE(test, sluice_iova_holds(&fake->iova_table,
						  fake->start, fake->start));
	KUNIT_EXPECT_FALSE(test,
			   sluice_iova_holds(&fake->iova_table,
					     fake->start + CHUNK,
					     fake->start + 2 * CHUNK - 1));
	/* The other pages of the chunk come back. */
	fake_expect(fake, PAGES);
}

static void iova_unmap_across_chunks(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < FAKE_CHUNKS; i++)
		fake_expect(fake, i * PAGES);
	fake_unmap_range(fake, fake->start + CHUNK - 1, fake->start + CHUNK);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
	KUNIT_EXPECT_EQ(test, fake->maps, PAGES);
}

static void iova_unmap_all(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < FAKE_CHUNKS; i++)
		fake_expect(fake, i * PAGES);
	fake_unmap_range(fake, 0, U64_MAX);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	KUNIT_EXPECT_EQ(test, fake->maps, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fake->iova_table.chunks));
}

static void iova_unmap_nothing(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake_expect(fake, 0);
	fake_unmap_range(fake, 0, fake->start - 1);
	fake_unmap_range(fake, fake->start + CHUNK, U64_MAX);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

/* An unmapped range is pinned again only after its grace. */
static void iova_grace(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned long before;
	unsigned int i;

	/* Repeat up to the longest grace, which is long enough to measure. */
	for (i = 0; i < SLUICE_RECENT_STEADY + SLUICE_RECENT_DOUBLINGS; i++) {
		fake_expect(fake, 0);
		fake_unmap_range(fake, fake->start,
				 fake->start + PAGE_SIZE - 1);
	}
	before = jiffies;
	fake_expect(fake, 0);
	/* The grace began when the unmap ended, a moment before. */
	KUNIT_EXPECT_GE(test, jiffies - before,
			(SLUICE_RECENT_GRACE << SLUICE_RECENT_DOUBLINGS) / 2);
}

static void iova_busy_with_unmap(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int handle;

	fake_expect(fake, 0);
	handle = sluice_iova_unmap_begin(&fake->iova_table, fake->start,
					 fake->start);
	/* Pages in the table are found; no other page is pinned, anywhere. */
	fake_expect(fake, 1);
	KUNIT_EXPECT_EQ(test, fake_get(fake, fake->start + CHUNK, true),
			-EAGAIN);
	sluice_iova_drop(&fake->iova_table, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, fake_get(fake, fake->start, true), -EAGAIN);
	sluice_iova_unmap_release(&fake->iova_table);
	sluice_iova_unmap_end(&fake->iova_table, fake->start, fake->start,
			      handle);
	fake_expect(fake, PAGES);
}

struct fake_getter {
	struct fake *fake;
	u64 iova;
	int ret;
	struct completion done;
};

static int fake_getter_thread(void *data)
{
	struct fake_getter *getter = data;

	getter->ret = fake_get(getter->fake, getter->iova, true);
	complete(&getter->done);
	return 0;
}

static void fake_getter_start(struct fake *fake, struct fake_getter *getter)
{
	struct task_struct *task;

	getter->fake = fake;
	getter->iova = fake->start;
	init_completion(&getter->done);
	WRITE_ONCE(fake->hold_pin, true);
	task = kthread_run(fake_getter_thread, getter, "sluice_iova_test");
	KUNIT_ASSERT_FALSE(fake->test, IS_ERR(task));
	wait_for_completion(&fake->entered);
}

/* A thread that waits for a pin gives up when an unmap begins. */
static void iova_waiter_gives_up(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct fake_getter getter;
	unsigned int handle;

	fake_getter_start(fake, &getter);
	handle = sluice_iova_unmap_begin(&fake->iova_table, fake->start,
					 fake->start);
	wait_for_completion(&getter.done);
	KUNIT_EXPECT_EQ(test, getter.ret, -EAGAIN);
	KUNIT_EXPECT_FALSE(test,
			   sluice_iova_holds(&fake->iova_table, 0, U64_MAX));
	sluice_iova_drop(&fake->iova_table, fake->start, fake->start);
	sluice_iova_unmap_release(&fake->iova_table);

	/* The page that was pinned for that thread does not stay. */
	complete(&fake->go);
	sluice_iova_unmap_end(&fake->iova_table, fake->start, fake->start,
			      handle);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	KUNIT_EXPECT_FALSE(test,
			   sluice_iova_holds(&fake->iova_table, 0, U64_MAX));
}

/* An unmap elsewhere may also make the thread give up, but the pin stays. */
static void iova_pin_survives_other_unmap(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct fake_getter getter;

	fake_getter_start(fake, &getter);
	fake_unmap_range(fake, 0, 0);
	complete(&fake->go);
	wait_for_completion(&getter.done);
	fake_expect(fake, 0);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
}

/* The unmap waits for a limited time, so that VFIO can look itself. */
static void iova_unmap_waits_a_while(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake_expect(fake, 0);
	WRITE_ONCE(fake->hold_unpin, true);
	fake_unmap_range(fake, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, fake->maps, 0);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), PAGES);
	complete(&fake->go);
	fake_unmap_range(fake, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
}

/**
 * struct fake_reader - a thread that reads something under RCU, for long
 * @entered: it has begun
 * @stop: it is to end
 */
struct fake_reader {
	struct completion entered;
	bool stop;
};

static int fake_reader_thread(void *data)
{
	unsigned long end = jiffies + 2 * HZ;
	struct fake_reader *reader = data;

	rcu_read_lock();
	complete(&reader->entered);
	while (!READ_ONCE(reader->stop) && time_before(jiffies, end))
		cpu_relax();
	rcu_read_unlock();
	/* ended by itself: somebody has waited for it */
	return !READ_ONCE(reader->stop);
}

/*
 * The VMM's vCPUs wait for an unmap. So it waits for no grace period of RCU, long
 * or expedited: it is over before a thread that had been reading.
 */
static void iova_unmap_beside_reader(struct kunit *test)
{
	struct fake_reader reader = {};
	struct fake *fake = test->priv;
	struct task_struct *task;

	fake_expect(fake, 0);
	init_completion(&reader.entered);
	task = kthread_create(fake_reader_thread, &reader, "sluice_iova_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	wake_up_process(task);
	wait_for_completion(&reader.entered);
	fake_unmap_range(fake, fake->start, fake->start);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	WRITE_ONCE(reader.stop, true);
	KUNIT_EXPECT_EQ(test, kthread_stop(task), 0);
	put_task_struct(task);
}

static void iova_closed(struct kunit *test)
{
	struct fake *fake = test->priv;
	char byte;

	fake_expect(fake, 0);
	fake_expect(fake, PAGES);
	fake_close(fake);
	KUNIT_EXPECT_EQ(test, fake_get(fake, fake->start, false), -ENODEV);
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, fake->start, &byte,
					 1, false),
			-ENODEV);
	fake_unmap_range(fake, 0, U64_MAX);
	sluice_iova_open(&fake->iova_table, NULL);
	fake_expect(fake, 0);
}

static void iova_copies(struct kunit *test)
{
	struct fake *fake = test->priv;
	u64 iova = fake_iova(fake, PAGES + 3) + 100;
	char *there = page_address(fake->block + fake->where[PAGES + 3]) + 100;
	char buf[] = "seven of nine";

	memset(there - 1, '.', sizeof(buf) + 2);
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, iova, buf,
					 sizeof(buf), true),
			0);
	KUNIT_EXPECT_STREQ(test, there, "seven of nine");
	KUNIT_EXPECT_EQ(test, there[-1], '.');
	KUNIT_EXPECT_EQ(test, there[sizeof(buf)], '.');
	there[0] = 'S';
	KUNIT_EXPECT_EQ(test,
			sluice_iova_copy(&fake->iova_table, iova, buf,
					 sizeof(buf), false),
			0);
	KUNIT_EXPECT_STREQ(test, buf, "Seven of nine");
}

/*
 * Looking up without sleeping
 */

static u64 fake_dma(struct fake *fake, unsigned int idx)
{
	return FAKE_DMA + ((u64)fake->where[idx] << PAGE_SHIFT);
}

static int fake_find(struct fake *fake, struct sluice_mem_cursor *cursor,
		     unsigned int idx, bool write)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	ret = sluice_iova_find(&fake->iova_table, cursor, fake_iova(fake, idx),
			       write, &page, &dma);
	if (ret)
		return ret;
	KUNIT_EXPECT_PTR_EQ(fake->test, page, fake->block + fake->where[idx]);
	KUNIT_EXPECT_EQ(fake->test, dma, fake_dma(fake, idx));
	return 0;
}

/* A page that nobody has asked for is not found, and not pinned either. */
static void iova_find_misses(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct fake *fake = test->priv;

	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, 0, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, PAGES, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	fake_expect(fake, 0);
	/* a cursor does not remember a failed lookup */
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, 0, true), 0);
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, PAGES, false), -ENOENT);
	fake_unmap_range(fake, fake_iova(fake, 0), fake_iova(fake, 1) - 1);
	sluice_mem_cursor_reset(&cursor);
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, 0, true), -ENOENT);
}

/* All pages, in any order, and the entries that the inline lookup uses */
static void iova_find_all(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct fake *fake = test->priv;
	unsigned int i, way;

	for (i = 0; i < FAKE_CHUNKS; i++)
		fake_expect(fake, i * PAGES);
	for (i = 0; i < FAKE_CHUNKS * PAGES; i++) {
		KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, i, i % 2), 0);
		KUNIT_EXPECT_EQ(test,
				fake_find(fake, &cursor,
					  i * 97 % (FAKE_CHUNKS * PAGES), true),
				0);
	}
	for (i = 0; i < FAKE_CHUNKS; i++) {
		u64 tag = fake_iova(fake, i * PAGES) / CHUNK + 1;

		way = tag % SLUICE_MEM_CURSOR_WAYS;
		KUNIT_EXPECT_EQ(test, cursor.way[way].tag, tag);
		KUNIT_EXPECT_PTR_EQ(test, cursor.way[way].first.vaddr,
				    i ? NULL : page_address(fake->block));
	}
	way = (FAKE_START / CHUNK + 1) % SLUICE_MEM_CURSOR_WAYS;
	KUNIT_EXPECT_EQ(test, cursor.way[way].first.dma, FAKE_DMA);
}

/* Two chunks that use the same entry of the cursor */
static void iova_find_ways(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct fake *fake = test->priv;
	unsigned int i;

	fake_expect(fake, 0);
	fake_expect(fake, PAGES);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, i, true), 0);
		fake->start += SLUICE_MEM_CURSOR_WAYS * CHUNK;
		KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, i, true),
				-ENOENT);
		fake->start -= SLUICE_MEM_CURSOR_WAYS * CHUNK;
		KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, PAGES + i, true),
				0);
	}
}

#define LIST_LEN 40

/* A list from page @first on; each third entry repeats an earlier page. */
static void fake_list(struct fake *fake, __le64 *list, unsigned int *idx,
		      unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		idx[i] = first + (i % 3 == 2 ? i - 2 : i);
		list[i] = cpu_to_le64(fake_iova(fake, idx[i]));
	}
}

/* The first position of a page in a list */
static unsigned int fake_first_of(const unsigned int *idx, unsigned int page)
{
	unsigned int i = 0;

	while (i < LIST_LEN && idx[i] != page)
		i++;
	return i;
}

static unsigned int fake_find_list(struct fake *fake, bool write, __le64 *list,
				   unsigned int nr)
{
	struct sluice_mem_cursor cursor = {};

	return sluice_iova_find_list(&fake->iova_table, &cursor, write, list,
				     nr);
}

/* Lists of all lengths, and across both borders of chunks */
static void iova_list(struct kunit *test)
{
	static const unsigned int firsts[] = {
		0, PAGES - 20, PAGES - 8, PAGES - 1, PAGES, 2 * PAGES - 11,
	};
	struct fake *fake = test->priv;
	unsigned int idx[LIST_LEN];
	__le64 list[LIST_LEN];
	unsigned int f, i, nr;

	for (i = 0; i < FAKE_CHUNKS; i++)
		fake_expect(fake, i * PAGES);
	for (f = 0; f < ARRAY_SIZE(firsts); f++) {
		for (nr = 0; nr <= LIST_LEN; nr++) {
			fake_list(fake, list, idx, firsts[f], nr);
			KUNIT_EXPECT_EQ(test,
					fake_find_list(fake, true, list, nr),
					nr);
			for (i = 0; i < nr; i++)
				KUNIT_EXPECT_EQ(test, le64_to_cpu(list[i]),
						fake_dma(fake, idx[i]));
		}
	}
}

/* A bad entry ends the translation: only the entries before it are replaced. */
static void fake_expect_stop(struct fake *fake, unsigned int first,
			     unsigned int at, u64 bad, bool write)
{
	unsigned int idx[LIST_LEN];
	__le64 list[LIST_LEN];
	unsigned int i;

	fake_list(fake, list, idx, first, LIST_LEN);
	list[at] = cpu_to_le64(bad);
	KUNIT_EXPECT_EQ(fake->test, fake_find_list(fake, write, list, LIST_LEN),
			at);
	for (i = 0; i < LIST_LEN; i++) {
		u64 wanted = i < at  ? fake_dma(fake, idx[i]) :
			     i == at ? bad :
				       fake_iova(fake, idx[i]);

		KUNIT_EXPECT_EQ(fake->test, le64_to_cpu(list[i]), wanted);
	}
}

static void iova_list_stops(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int first, at;

	fake_expect(fake, 0);
	fake_expect(fake, PAGES);
	for (first = 0; first <= PAGES; first += PAGES) {
		for (at = 0; at < LIST_LEN; at++) {
			u64 good = fake_iova(fake, first + at);

			fake_expect_stop(fake, first, at, good + 1, true);
			fake_expect_stop(fake, first, at, good + 2048, true);
			fake_expect_stop(fake, first, at, good | BIT_ULL(63),
					 true);
			fake_expect_stop(fake, first, at,
					 fake_iova(fake, 2 * PAGES), true);
			fake_expect_stop(fake, first, at, U64_MAX, true);
			fake_expect_stop(fake, first, at, 0, true);
		}
	}
}

/* A read-only page is found only for reading, and a missing page never. */
static void iova_find_read_only(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct fake *fake = test->priv;
	unsigned int idx[LIST_LEN];
	__le64 list[LIST_LEN];
	unsigned int i;

	fake->page[PAGES + 51] = FAKE_READ_ONLY;
	fake->page[PAGES + 60] = FAKE_MISSING;
	for (i = 0; i < LIST_LEN; i++)
		fake_get(fake, fake_iova(fake, PAGES + 30 + i), false);
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, PAGES + 51, true),
			-EPERM);
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, PAGES + 51, false), 0);
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, PAGES + 60, false),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, fake_find(fake, &cursor, PAGES + 61, true), 0);

	fake_list(fake, list, idx, PAGES + 30, LIST_LEN);
	KUNIT_EXPECT_EQ(test, fake_find_list(fake, true, list, LIST_LEN),
			fake_first_of(idx, PAGES + 51));
	fake_list(fake, list, idx, PAGES + 30, LIST_LEN);
	KUNIT_EXPECT_EQ(test, fake_find_list(fake, false, list, LIST_LEN),
			fake_first_of(idx, PAGES + 60));
}

static struct kunit_case iova_cases[] = {
	KUNIT_CASE(iova_contiguous_chunk),
	KUNIT_CASE(iova_scattered_chunk),
	KUNIT_CASE(iova_nearly_contiguous),
	KUNIT_CASE(iova_no_large_maps),
	KUNIT_CASE(iova_large_map_fails),
	KUNIT_CASE(iova_all_maps_fail),
	KUNIT_CASE(iova_hole),
	KUNIT_CASE(iova_nothing_there),
	KUNIT_CASE(iova_locked_memory_limit),
	KUNIT_CASE(iova_limit_of_former_user),
	KUNIT_CASE(iova_read_only),
	KUNIT_CASE(iova_end_of_address_space),
	KUNIT_CASE(iova_partial_unmap),
	KUNIT_CASE(iova_unmap_across_chunks),
	KUNIT_CASE(iova_unmap_all),
	KUNIT_CASE(iova_unmap_nothing),
	KUNIT_CASE(iova_grace),
	KUNIT_CASE(iova_busy_with_unmap),
	KUNIT_CASE(iova_waiter_gives_up),
	KUNIT_CASE(iova_pin_survives_other_unmap),
	KUNIT_CASE(iova_unmap_waits_a_while),
	KUNIT_CASE(iova_unmap_beside_reader),
	KUNIT_CASE(iova_closed),
	KUNIT_CASE(iova_copies),
	KUNIT_CASE(iova_find_misses),
	KUNIT_CASE(iova_find_all),
	KUNIT_CASE(iova_find_ways),
	KUNIT_CASE(iova_list),
	KUNIT_CASE(iova_list_stops),
	KUNIT_CASE(iova_find_read_only),
	{}};

static struct kunit_suite iova_suite = {
	.name = "sluice_iova",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = iova_cases,
};

kunit_test_suite(iova_suite);
