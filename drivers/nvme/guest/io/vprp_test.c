// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of PRP entries and lists
 *
 * The tests follow the addresses of a translated command as a drive does, by
 * rules written down here from NVMe 1.4, section 4.3: each byte of the transfer
 * must be the byte that the guest named, and each address a bus address.
 */
#include <linux/string.h>

#include "guest/vfake_test.h"

#define PAGE	4096ull
#define ENTRY	8ull

#define DATA	0x00000012345000000ull	/* pages of data, far apart */
#define STRIDE	(7 * PAGE)
#define LIST	0xffffff8000000000ull	/* pages of the guest's list */
#define NOWHERE	0x0000666600000000ull

#define MOST_ENTRIES	256		/* MDTS after a first page with an offset */

#define INVALID_OFFSET	VFAKE_DNR(0x013)
#define TRANSFER_ERROR	VFAKE_DNR(0x004)

/* Address of the guest's page @n of the data */
static u64 data_page(unsigned int n)
{
	return DATA + n * STRIDE;
}

static void map_data(struct vfake *f, unsigned int nr)
{
	while (nr--)
		vfake_map(f, data_page(nr));
}

/* A list as a guest writes it at @iova, entries for pages 1 to @nr */
static void put_list(struct vfake *f, u64 iova, unsigned int nr)
{
	u64 next_page = LIST + 0x40 * PAGE;
	unsigned int n;

	for (n = 1; n <= nr; n++) {
		if (iova % PAGE == PAGE - ENTRY && n < nr) {
			vfake_put_entry(f, iova, next_page);
			iova = next_page;
			next_page += 3 * PAGE;
		}
		vfake_put_entry(f, iova, data_page(n));
		iova += ENTRY;
	}
}

/* The functions under test, with statuses as numbers */

static u32 map_to(struct sluice_vslot *slot, u64 prp1, u64 prp2, u32 len,
		  bool device_writes, struct nvme_cmd *out)
{
	return vfake_status(sluice_vprp_map(slot, prp1, prp2, len,
					    device_writes, out));
}

static u32 copy(struct vfake *f, u64 prp1, u64 prp2, void *buf, u32 len,
		bool to_guest)
{
	return vfake_status(sluice_vprp_copy(&f->vctrl, prp1, prp2, buf, len,
					     to_guest));
}

static u32 copy_list(struct vfake *f, u64 prp, __le64 *list, unsigned int nr)
{
	return vfake_status(sluice_vprp_copy_list(&f->vctrl, prp, list, nr));
}

static u32 find_second(struct vfake *f, u64 prp1, u64 *prp2, u64 len)
{
	return vfake_status(sluice_vprp_second(&f->vctrl, prp1, prp2, len));
}

static u32 prp_map(struct vfake *f, struct sluice_vslot *slot, u64 prp1,
		   u64 prp2, u32 len, struct nvme_cmd *out)
{
	memset(out, 0, sizeof(*out));
	memset(slot->list, 0, PAGE);
	return map_to(slot, prp1, prp2, len, true, out);
}

/* The slot knows the guest's pages, of which there are @nr. */
static void expect_pages(struct vfake *f, const struct sluice_vslot *slot,
			 unsigned int nr)
{
	const __le64 *list = slot->list + SLUICE_VSLOT_LIST;
	unsigned int n;

	KUNIT_ASSERT_EQ(f->test, (unsigned int)slot->nr_entries, nr);
	KUNIT_EXPECT_EQ(f->test, slot->iovas[0], data_page(0));
	if (nr == 2)
		KUNIT_EXPECT_EQ(f->test, slot->iovas[1], data_page(1));
	/* not all of a long list, which would take long */
	for (n = 1; nr > 2 && n < nr; n += n + 17 < nr ? 16 : 1) {
		if (le64_to_cpu(list[n - 1]) == data_page(n))
			continue;
		KUNIT_FAIL(f->test, "page %u of %u is %#llx", n, nr,
			   le64_to_cpu(list[n - 1]));
		return;
	}
}

/*
 * What a drive does. The guest's data begins at @offset of page 0 and goes on
 * in pages 1, 2 …
 */
static void walk(struct vfake *f, const struct sluice_vslot *slot,
		 const struct nvme_cmd *out, u32 offset, u32 len)
{
	u64 prp1 = le64_to_cpu(out->prp1), prp2 = le64_to_cpu(out->prp2);
	u32 first = PAGE - offset;
	unsigned int n, nr;

	KUNIT_EXPECT_EQ(f->test, prp1, (u64)vfake_dma(f, data_page(0)) + offset);
	if (len <= first) {
		KUNIT_EXPECT_EQ(f->test, prp2, 0ull);
		expect_pages(f, slot, 1);
		return;
	}
	len -= first;
	if (len <= PAGE) {
		KUNIT_EXPECT_EQ(f->test, prp2, (u64)vfake_dma(f, data_page(1)));
		expect_pages(f, slot, 2);
		return;
	}
	KUNIT_EXPECT_EQ(f->test, prp2, (u64)slot->list_dma);
	nr = DIV_ROUND_UP(len, PAGE);
	KUNIT_ASSERT_LE(f->test, nr, 512u);
	expect_pages(f, slot, 1 + nr);
	for (n = 1; n <= nr; n++) {
		if (le64_to_cpu(slot->list[n - 1]) == vfake_dma(f, data_page(n)))
			continue;
		KUNIT_FAIL(f->test, "entry %u of %u is %#llx", n, nr,
			   le64_to_cpu(slot->list[n - 1]));
		return;
	}
}

/* What PRP2 has to be for @len bytes from @offset on */
static u64 prp2_for(u32 offset, u32 len)
{
	return len <= PAGE - offset ? NOWHERE + 3 :
	       len <= 2 * PAGE - offset ? data_page(1) : LIST;
}

static void one_page(struct kunit *test)
{
	static const u32 offsets[] = { 0, 4, 8, 508, 512, 2048, 4088, 4092 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;
	unsigned int i;

	map_data(f, 1);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		u32 room = PAGE - offsets[i];
		u32 lens[] = { 1, 4, room / 2, room - 1, room };
		unsigned int j;

		for (j = 0; j < ARRAY_SIZE(lens); j++) {
			if (!lens[j])
				continue;
			/* PRP2 is not looked at */
			KUNIT_EXPECT_EQ(test, prp_map(f, slot,
						      DATA + offsets[i],
						      NOWHERE + 3, lens[j],
						      &out), 0);
			walk(f, slot, &out, offsets[i], lens[j]);
		}
	}
}

static void two_pages(struct kunit *test)
{
	static const u32 offsets[] = { 0, 4, 512, 2048, 4092 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;
	unsigned int i;

	map_data(f, 2);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		u32 room = PAGE - offsets[i];
		u32 lens[] = { room + 1, room + 512, room + PAGE };
		unsigned int j;

		for (j = 0; j < ARRAY_SIZE(lens); j++) {
			KUNIT_EXPECT_EQ(test, prp_map(f, slot,
						      DATA + offsets[i],
						      data_page(1), lens[j],
						      &out), 0);
			walk(f, slot, &out, offsets[i], lens[j]);
		}
	}
}

/*
 * From one block to MDTS: every size of 4096-byte blocks; of 512-byte blocks those
 * of up to five pages, and near the end of every seventh page and of the last two.
 */
static bool worth_it(unsigned int shift, unsigned int blocks)
{
	unsigned int in_page = blocks % 8, page = blocks / 8;

	if (shift == 12 || blocks <= 40)
		return true;
	return (page % 7 == 0 || page >= 254) &&
	       (in_page <= 1 || in_page == 7);
}

static void sizes_to_mdts(struct kunit *test)
{
	static const u32 offsets[] = { 0, 4, 512, 4092 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	unsigned int i, shift, blocks;
	struct nvme_cmd out;

	map_data(f, MOST_ENTRIES + 1);
	put_list(f, LIST, MOST_ENTRIES);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		for (shift = 9; shift <= 12; shift += 3) {
			for (blocks = 1; blocks << shift <= SZ_1M; blocks++) {
				u32 len = blocks << shift;

				if (!worth_it(shift, blocks))
					continue;
				KUNIT_ASSERT_EQ(test, prp_map(f, slot,
							      DATA + offsets[i],
							      prp2_for(offsets[i], len),
							      len, &out), 0);
				walk(f, slot, &out, offsets[i], len);
			}
		}
	}
}

/*
 * Lists that begin so near the end of a page that they just fit, just do not,
 * or have room for nothing but a pointer to the next.
 */
static void list_offsets(struct kunit *test)
{
	static const unsigned int counts[] = { 2, 3, 4, 100, 255, 256 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;
	unsigned int i, j;

	map_data(f, MOST_ENTRIES + 1);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		unsigned int nr = counts[i];
		unsigned int rooms[] = { 512, nr + 1, nr, nr - 1, 2, 1 };

		for (j = 0; j < ARRAY_SIZE(rooms); j++) {
			u64 list = LIST + PAGE - rooms[j] * ENTRY;
			u32 len = 4 + nr * PAGE;

			put_list(f, list, nr);
			KUNIT_EXPECT_EQ(test, prp_map(f, slot,
						      DATA + PAGE - 4, list,
						      len, &out), 0);
			walk(f, slot, &out, PAGE - 4, len);
		}
	}
}

/* As many pages of list as the largest queue that is not contiguous needs */
static void list_chains(struct kunit *test)
{
	static const unsigned int counts[] = {
		1, 511, 512, 513, 1022, 1023, 1024,
	};
	static const unsigned int rooms[] = { 512, 511, 256, 2, 1 };
	struct vfake *f = test->priv;
	unsigned int i, j, n;
	__le64 *list;

	list = kunit_kcalloc(test, 1025, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		for (j = 0; j < ARRAY_SIZE(rooms); j++) {
			u64 prp = LIST + PAGE - rooms[j] * ENTRY;
			bool same = true;

			put_list(f, prp, counts[i]);
			memset(list, 0xee, 1025 * sizeof(*list));
			KUNIT_EXPECT_EQ(test, copy_list(f, prp, list,
							counts[i]), 0);
			for (n = 0; n < counts[i]; n++)
				same &= le64_to_cpu(list[n]) == data_page(n + 1);
			KUNIT_EXPECT_TRUE_MSG(test, same, "%u entries, room for %u",
					      counts[i], rooms[j]);
			/* and not an entry more */
			KUNIT_EXPECT_EQ(test, le64_to_cpu(list[counts[i]]),
					0xeeeeeeeeeeeeeeeeull);
		}
	}
}

/* A list that points to itself ends all the same: it is only so long */
static void list_loops(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int n;
	__le64 *list;

	list = kunit_kcalloc(test, 1024, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	for (n = 0; n < 512; n++)
		vfake_put_entry(f, LIST + n * ENTRY, LIST);
	KUNIT_EXPECT_EQ(test, copy_list(f, LIST, list, 1024), 0);
	KUNIT_EXPECT_EQ(test, vfake_page(f, LIST)->gets, 3u);
}

static void misaligned_prp1(struct kunit *test)
{
	static const u32 offsets[] = { 1, 2, 3, 5, 511, 4093, 4094, 4095 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;
	unsigned int i;

	map_data(f, 3);
	put_list(f, LIST, 2);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA + offsets[i], 0, 1,
					      &out), INVALID_OFFSET);
		KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA + offsets[i], LIST,
					      3 * PAGE, &out), INVALID_OFFSET);
	}
}

static void misaligned_prp2(struct kunit *test)
{
	static const u32 pages[] = { 1, 4, 8, 512, 2048, 4092, 4095 };
	static const u32 lists[] = { 1, 2, 4, 7, 12, 4092, 4095 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;
	unsigned int i;

	map_data(f, 4);
	put_list(f, LIST, 3);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA,
					      data_page(1) + pages[i], 2 * PAGE,
					      &out), INVALID_OFFSET);
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, LIST + lists[i],
					      3 * PAGE, &out), INVALID_OFFSET);
}

static void misaligned_entries(struct kunit *test)
{
	static const unsigned int entries[] = { 1, 2, 100, 255 };
	static const u32 offsets[] = { 1, 4, 512, 4095 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;
	unsigned int i, j;

	map_data(f, MOST_ENTRIES);
	put_list(f, LIST, MOST_ENTRIES - 1);
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		u64 entry = LIST + (entries[i] - 1) * ENTRY;

		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			vfake_put_entry(f, entry, data_page(entries[i]) + offsets[j]);
			KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, LIST, SZ_1M,
						      &out), INVALID_OFFSET);
		}
		vfake_put_entry(f, entry, data_page(entries[i]));
	}
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, LIST, SZ_1M, &out), 0);
}

static void misaligned_chain(struct kunit *test)
{
	static const u32 offsets[] = { 1, 4, 8, 4088 };
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	u64 list = LIST + PAGE - 2 * ENTRY;
	struct nvme_cmd out;
	unsigned int i;

	map_data(f, 4);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		put_list(f, list, 3);
		KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, list, 4 * PAGE,
					      &out), 0);
		vfake_put_entry(f, list + ENTRY, LIST + 0x40 * PAGE + offsets[i]);
		KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, list, 4 * PAGE,
					      &out), INVALID_OFFSET);
	}
}

/*
 * Each page that a transfer needs fails in turn, first as if nothing were
 * there, then for a moment, then because the host is short of memory.
 */
static void expect_failures(struct vfake *f, u64 iova, u64 prp1, u64 prp2,
			    u32 len)
{
	struct sluice_vslot *slot = vfake_slot(f);
	struct vfake_page *page = vfake_page(f, iova);
	struct nvme_cmd out;

	KUNIT_ASSERT_NOT_NULL(f->test, page);
	page->err = -EFAULT;
	KUNIT_EXPECT_EQ(f->test, prp_map(f, slot, prp1, prp2, len, &out),
			TRANSFER_ERROR);
	page->err = -EPERM;
	KUNIT_EXPECT_EQ(f->test, prp_map(f, slot, prp1, prp2, len, &out),
			TRANSFER_ERROR);
	page->err = -EAGAIN;
	KUNIT_EXPECT_EQ(f->test, prp_map(f, slot, prp1, prp2, len, &out),
			VFAKE_RETRY);
	page->err = -ENOMEM;
	KUNIT_EXPECT_EQ(f->test, prp_map(f, slot, prp1, prp2, len, &out),
			NVME_SC_INTERNAL);
	page->err = 0;
	KUNIT_EXPECT_EQ(f->test, prp_map(f, slot, prp1, prp2, len, &out), 0);
}

static void failing_pages(struct kunit *test)
{
	struct vfake *f = test->priv;
	u64 list = LIST + PAGE - 3 * ENTRY;
	unsigned int n;

	map_data(f, 9);
	expect_failures(f, data_page(0), DATA, 0, 512);
	expect_failures(f, data_page(1), DATA, data_page(1), 2 * PAGE);
	put_list(f, list, 8);
	expect_failures(f, list, DATA, list, 9 * PAGE);
	expect_failures(f, LIST + 0x40 * PAGE, DATA, list, 9 * PAGE);
	for (n = 0; n <= 8; n++)
		expect_failures(f, data_page(n), DATA, list, 9 * PAGE);
}

static void unmapped_pages(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;

	map_data(f, 3);
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, NOWHERE, 0, 512, &out),
			TRANSFER_ERROR);
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, NOWHERE, 2 * PAGE, &out),
			TRANSFER_ERROR);
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, NOWHERE, 3 * PAGE, &out),
			TRANSFER_ERROR);
	put_list(f, LIST, 2);
	vfake_put_entry(f, LIST + ENTRY, NOWHERE);
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, LIST, 3 * PAGE, &out),
			TRANSFER_ERROR);
	/* address 0 and the last page are addresses like others */
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, 0, 0, 512, &out),
			TRANSFER_ERROR);
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, -PAGE, 0, 512, &out),
			TRANSFER_ERROR);
	vfake_map(f, 0);
	vfake_map(f, -PAGE);
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, 0, -PAGE, 2 * PAGE, &out), 0);
}

/* A device that only reads may be shown what it must not write */
static void direction(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out = {};
	unsigned int n;

	map_data(f, 4);
	put_list(f, LIST, 3);
	/* a list is only read */
	vfake_page(f, LIST)->read_only = true;
	for (n = 0; n < 4; n++) {
		vfake_page(f, data_page(n))->read_only = true;
		KUNIT_EXPECT_EQ(test, map_to(slot, DATA, LIST, 4 * PAGE, false,
					     &out), 0);
		KUNIT_EXPECT_EQ(test, map_to(slot, DATA, LIST, 4 * PAGE, true,
					     &out), TRANSFER_ERROR);
		vfake_page(f, data_page(n))->read_only = false;
	}
	KUNIT_EXPECT_EQ(test, map_to(slot, DATA, LIST, 4 * PAGE, true, &out),
			0);
}

/* Each page of a list is looked at once, and later changes come too late */
static void list_is_a_copy(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vslot *slot = vfake_slot(f);
	struct nvme_cmd out;

	map_data(f, 5);
	put_list(f, LIST, 4);
	KUNIT_EXPECT_EQ(test, prp_map(f, slot, DATA, LIST, 5 * PAGE, &out), 0);
	KUNIT_EXPECT_EQ(test, vfake_page(f, LIST)->gets, 1u);
	memset(vfake_page(f, LIST)->va, 0x42, PAGE);
	walk(f, slot, &out, 0, 5 * PAGE);
}

/*
 * Payloads that the mediator copies itself
 */

static void copy_shapes(struct kunit *test)
{
	static const u32 offsets[] = { 0, 4, 512, 2048, 4092 };
	static const u32 lens[] = { 1, 4, 8, 512, 2048, 4095, 4096 };
	struct vfake *f = test->priv;
	u8 *there, *back;
	unsigned int i, j, n;
	u8 *first, *second;

	there = kunit_kmalloc(test, PAGE, GFP_KERNEL);
	back = kunit_kmalloc(test, PAGE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, there);
	KUNIT_ASSERT_NOT_NULL(test, back);
	for (n = 0; n < PAGE; n++)
		there[n] = n * 31 + n / 256;
	first = vfake_map(f, data_page(0))->va;
	second = vfake_map(f, data_page(1))->va;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		for (j = 0; j < ARRAY_SIZE(lens); j++) {
			u32 off = offsets[i], len = lens[j];
			u32 here = min_t(u32, len, PAGE - off);
			u64 prp1 = data_page(0) + off;
			u64 prp2 = len > here ? data_page(1) : NOWHERE + 3;

			memset(first, 0xee, PAGE);
			memset(second, 0xee, PAGE);
			KUNIT_EXPECT_EQ(test, copy(f, prp1, prp2, there, len,
						   true), 0);
			KUNIT_EXPECT_EQ(test, memcmp(first + off, there, here), 0);
			KUNIT_EXPECT_EQ(test, memcmp(second, there + here,
						     len - here), 0);
			/* nothing around it */
			KUNIT_EXPECT_NULL(test, memchr_inv(first, 0xee, off));
			KUNIT_EXPECT_NULL(test, memchr_inv(first + off + here, 0xee,
							   PAGE - off - here));
			KUNIT_EXPECT_NULL(test, memchr_inv(second + len - here, 0xee,
							   PAGE - (len - here)));

			memset(back, 0x11, PAGE);
			KUNIT_EXPECT_EQ(test, copy(f, prp1, prp2, back, len,
						   false), 0);
			KUNIT_EXPECT_EQ(test, memcmp(back, there, len), 0);
			KUNIT_EXPECT_NULL(test, memchr_inv(back + len, 0x11,
							   PAGE - len));
		}
	}
}

static void copy_errors(struct kunit *test)
{
	struct vfake *f = test->priv;
	u8 buf[16] = {};

	map_data(f, 2);
	KUNIT_EXPECT_EQ(test, copy(f, DATA + 2, 0, buf, 16, true),
			INVALID_OFFSET);
	KUNIT_EXPECT_EQ(test, copy(f, DATA + PAGE - 4, data_page(1) + 4, buf,
				   16, true), INVALID_OFFSET);
	/* refused before anything was written */
	KUNIT_EXPECT_EQ(test, vfake_page(f, DATA)->gets, 0u);
	KUNIT_EXPECT_EQ(test, copy(f, NOWHERE, 0, buf, 16, true),
			TRANSFER_ERROR);
	KUNIT_EXPECT_EQ(test, copy(f, DATA + PAGE - 4, NOWHERE, buf, 16, true),
			TRANSFER_ERROR);
	vfake_page(f, DATA)->err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, copy(f, DATA, 0, buf, 16, false), VFAKE_RETRY);
	vfake_page(f, DATA)->err = 0;
	vfake_page(f, DATA)->read_only = true;
	KUNIT_EXPECT_EQ(test, copy(f, DATA, 0, buf, 16, false), 0);
	KUNIT_EXPECT_EQ(test, copy(f, DATA, 0, buf, 16, true), TRANSFER_ERROR);
}

/* Where the second page is, for all that PRP2 can be */
static void second_page(struct kunit *test)
{
	struct vfake *f = test->priv;
	u64 prp2;

	/* not a list: as it is, and not looked at */
	prp2 = NOWHERE + 3;
	KUNIT_EXPECT_EQ(test, find_second(f, DATA, &prp2, 2 * PAGE), 0);
	KUNIT_EXPECT_EQ(test, prp2, NOWHERE + 3);
	KUNIT_EXPECT_EQ(test, find_second(f, DATA + 4, &prp2, 2 * PAGE - 4), 0);
	KUNIT_EXPECT_EQ(test, prp2, NOWHERE + 3);

	put_list(f, LIST, 10);
	prp2 = LIST;
	KUNIT_EXPECT_EQ(test, find_second(f, DATA + 4, &prp2, 2 * PAGE), 0);
	KUNIT_EXPECT_EQ(test, prp2, data_page(1));
	/* a list whose first page has room for the pointer to the next only */
	put_list(f, LIST + PAGE - ENTRY, 10);
	prp2 = LIST + PAGE - ENTRY;
	KUNIT_EXPECT_EQ(test, find_second(f, DATA, &prp2, SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, prp2, data_page(1));

	prp2 = LIST + 4;
	KUNIT_EXPECT_EQ(test, find_second(f, DATA, &prp2, SZ_1M),
			INVALID_OFFSET);
	prp2 = NOWHERE;
	KUNIT_EXPECT_EQ(test, find_second(f, DATA, &prp2, SZ_1M),
			TRANSFER_ERROR);
}

static struct kunit_case vprp_cases[] = {
	KUNIT_CASE(one_page),
	KUNIT_CASE(two_pages),
	KUNIT_CASE(sizes_to_mdts),
	KUNIT_CASE(list_offsets),
	KUNIT_CASE(list_chains),
	KUNIT_CASE(list_loops),
	KUNIT_CASE(misaligned_prp1),
	KUNIT_CASE(misaligned_prp2),
	KUNIT_CASE(misaligned_entries),
	KUNIT_CASE(misaligned_chain),
	KUNIT_CASE(failing_pages),
	KUNIT_CASE(unmapped_pages),
	KUNIT_CASE(direction),
	KUNIT_CASE(list_is_a_copy),
	KUNIT_CASE(copy_shapes),
	KUNIT_CASE(copy_errors),
	KUNIT_CASE(second_page),
	{}
};

static struct kunit_suite vprp_suite = {
	.name = "sluice-nvme-vprp",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vprp_cases,
};

kunit_test_suites(&vprp_suite);
