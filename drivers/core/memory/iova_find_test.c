// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the guest memory table: finding what is pinned
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "memory/mfake_test.h"

static u64 mfake_dma(struct mfake *fake, unsigned int idx)
{
	return MFAKE_DMA + ((u64)fake->where[idx] << PAGE_SHIFT);
}

static int mfake_find(struct mfake *fake, struct sluice_mem_cursor *cursor,
		      unsigned int idx, bool write)
{
	struct page *page;
	dma_addr_t dma;
	int ret;

	ret = sluice_iova_find(&fake->iova_table, cursor, mfake_iova(fake, idx),
			       write, &page, &dma);
	if (ret)
		return ret;
	KUNIT_EXPECT_PTR_EQ(fake->test, page, fake->block + fake->where[idx]);
	KUNIT_EXPECT_EQ(fake->test, dma, mfake_dma(fake, idx));
	return 0;
}

/* A page that nobody has asked for is not found, and not pinned either. */
static void iova_find_misses(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct mfake *fake = test->priv;

	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, 0, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, PAGES, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, sluice_iova_nr_pinned(&fake->iova_table), 0);
	mfake_expect(fake, 0);
	/* a cursor does not remember a failed lookup */
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, 0, true), 0);
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, PAGES, false), -ENOENT);
	mfake_unmap_range(fake, mfake_iova(fake, 0), mfake_iova(fake, 1) - 1);
	sluice_mem_cursor_reset(&cursor);
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, 0, true), -ENOENT);
}

/* All pages, in any order, and the entries that the inline lookup uses */
static void iova_find_all(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct mfake *fake = test->priv;
	unsigned int i, way;

	for (i = 0; i < MFAKE_CHUNKS; i++)
		mfake_expect(fake, i * PAGES);
	for (i = 0; i < MFAKE_CHUNKS * PAGES; i++) {
		KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, i, i % 2), 0);
		KUNIT_EXPECT_EQ(test,
				mfake_find(fake, &cursor,
					   i * 97 % (MFAKE_CHUNKS * PAGES), true),
				0);
	}
	for (i = 0; i < MFAKE_CHUNKS; i++) {
		u64 tag = mfake_iova(fake, i * PAGES) / CHUNK + 1;

		way = tag % SLUICE_MEM_CURSOR_WAYS;
		KUNIT_EXPECT_EQ(test, cursor.way[way].tag, tag);
		KUNIT_EXPECT_PTR_EQ(test, cursor.way[way].first.vaddr,
				    i ? NULL : page_address(fake->block));
	}
	way = (MFAKE_START / CHUNK + 1) % SLUICE_MEM_CURSOR_WAYS;
	KUNIT_EXPECT_EQ(test, cursor.way[way].first.dma, MFAKE_DMA);
}

/* Two chunks that use the same entry of the cursor */
static void iova_find_ways(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct mfake *fake = test->priv;
	unsigned int i;

	mfake_expect(fake, 0);
	mfake_expect(fake, PAGES);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, i, true), 0);
		fake->start += SLUICE_MEM_CURSOR_WAYS * CHUNK;
		KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, i, true),
				-ENOENT);
		fake->start -= SLUICE_MEM_CURSOR_WAYS * CHUNK;
		KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, PAGES + i, true),
				0);
	}
}

#define LIST_LEN 40

/* A list from page @first on; each third entry repeats an earlier page. */
static void mfake_list(struct mfake *fake, __le64 *list, unsigned int *idx,
		       unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		idx[i] = first + (i % 3 == 2 ? i - 2 : i);
		list[i] = cpu_to_le64(mfake_iova(fake, idx[i]));
	}
}

/* The first position of a page in a list */
static unsigned int mfake_first_of(const unsigned int *idx, unsigned int page)
{
	unsigned int i = 0;

	while (i < LIST_LEN && idx[i] != page)
		i++;
	return i;
}

static unsigned int mfake_find_list(struct mfake *fake, bool write, __le64 *list,
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
	struct mfake *fake = test->priv;
	unsigned int idx[LIST_LEN];
	__le64 list[LIST_LEN];
	unsigned int f, i, nr;

	for (i = 0; i < MFAKE_CHUNKS; i++)
		mfake_expect(fake, i * PAGES);
	for (f = 0; f < ARRAY_SIZE(firsts); f++) {
		for (nr = 0; nr <= LIST_LEN; nr++) {
			mfake_list(fake, list, idx, firsts[f], nr);
			KUNIT_EXPECT_EQ(test,
					mfake_find_list(fake, true, list, nr),
					nr);
			for (i = 0; i < nr; i++)
				KUNIT_EXPECT_EQ(test, le64_to_cpu(list[i]),
						mfake_dma(fake, idx[i]));
		}
	}
}

/* A bad entry ends the translation: only the entries before it are replaced. */
static void mfake_expect_stop(struct mfake *fake, unsigned int first,
			      unsigned int at, u64 bad, bool write)
{
	unsigned int idx[LIST_LEN];
	__le64 list[LIST_LEN];
	unsigned int i;

	mfake_list(fake, list, idx, first, LIST_LEN);
	list[at] = cpu_to_le64(bad);
	KUNIT_EXPECT_EQ(fake->test, mfake_find_list(fake, write, list, LIST_LEN),
			at);
	for (i = 0; i < LIST_LEN; i++) {
		u64 wanted = i < at  ? mfake_dma(fake, idx[i]) :
			     i == at ? bad :
				       mfake_iova(fake, idx[i]);

		KUNIT_EXPECT_EQ(fake->test, le64_to_cpu(list[i]), wanted);
	}
}

static void iova_list_stops(struct kunit *test)
{
	struct mfake *fake = test->priv;
	unsigned int first, at;

	mfake_expect(fake, 0);
	mfake_expect(fake, PAGES);
	for (first = 0; first <= PAGES; first += PAGES) {
		for (at = 0; at < LIST_LEN; at++) {
			u64 good = mfake_iova(fake, first + at);

			mfake_expect_stop(fake, first, at, good + 1, true);
			mfake_expect_stop(fake, first, at, good + 2048, true);
			mfake_expect_stop(fake, first, at, good | BIT_ULL(63),
					  true);
			mfake_expect_stop(fake, first, at,
					  mfake_iova(fake, 2 * PAGES), true);
			mfake_expect_stop(fake, first, at, U64_MAX, true);
			mfake_expect_stop(fake, first, at, 0, true);
		}
	}
}

/* A read-only page is found only for reading, and a missing page never. */
static void iova_find_read_only(struct kunit *test)
{
	struct sluice_mem_cursor cursor = {};
	struct mfake *fake = test->priv;
	unsigned int idx[LIST_LEN];
	__le64 list[LIST_LEN];
	unsigned int i;

	fake->page[PAGES + 51] = MFAKE_READ_ONLY;
	fake->page[PAGES + 60] = MFAKE_MISSING;
	for (i = 0; i < LIST_LEN; i++)
		mfake_get(fake, mfake_iova(fake, PAGES + 30 + i), false);
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, PAGES + 51, true),
			-EPERM);
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, PAGES + 51, false), 0);
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, PAGES + 60, false),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, mfake_find(fake, &cursor, PAGES + 61, true), 0);

	mfake_list(fake, list, idx, PAGES + 30, LIST_LEN);
	KUNIT_EXPECT_EQ(test, mfake_find_list(fake, true, list, LIST_LEN),
			mfake_first_of(idx, PAGES + 51));
	mfake_list(fake, list, idx, PAGES + 30, LIST_LEN);
	KUNIT_EXPECT_EQ(test, mfake_find_list(fake, false, list, LIST_LEN),
			mfake_first_of(idx, PAGES + 60));
}

static struct kunit_case iova_find_cases[] = {
	KUNIT_CASE(iova_find_misses),
	KUNIT_CASE(iova_find_all),
	KUNIT_CASE(iova_find_ways),
	KUNIT_CASE(iova_list),
	KUNIT_CASE(iova_list_stops),
	KUNIT_CASE(iova_find_read_only),
	{}
};

static struct kunit_suite iova_find_suite = {
	.name = "sluice_iova_find",
	.init = mfake_init,
	.exit = mfake_exit,
	.test_cases = iova_find_cases,
};

kunit_test_suite(iova_find_suite);
