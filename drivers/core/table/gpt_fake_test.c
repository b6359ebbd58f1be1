// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a disk with a GPT in memory, for the KUnit tests of the GPT reader
 */
#include <kunit/test.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt_fake_test.h"

const guid_t gfake_slice = SLUICE_GPT_TYPE_SLICE;
const guid_t gfake_other =
	GUID_INIT(0x0fc63daf, 0x8483, 0x4772,
		  0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4);

/* The reader, which also holds the parser to its promises. */
static int gfake_read(void *priv, u64 offset, void *buf, size_t len)
{
	struct gfake *t = priv;
	u64 lba = offset / t->reader.block_size;
	u64 end = lba + len / t->reader.block_size;

	t->reads++;
	KUNIT_ASSERT_EQ(t->test, offset % t->reader.block_size, 0);
	KUNIT_ASSERT_EQ(t->test, len % t->reader.block_size, 0);
	KUNIT_ASSERT_NE(t->test, len, 0);
	KUNIT_ASSERT_LE(t->test, len, SLUICE_GPT_READ_MAX);
	KUNIT_ASSERT_LE(t->test, offset, t->reader.size_bytes);
	KUNIT_ASSERT_LE(t->test, len, t->reader.size_bytes - offset);
	if (t->fail_error && t->fail_lba >= lba && t->fail_lba < end)
		return t->fail_error;
	memcpy(buf, t->data + offset, len);
	return 0;
}

static void gfake_reject(void *priv, const struct sluice_gpt_entry *e,
			 enum sluice_gpt_flaw flaw)
{
	struct gfake *t = priv;

	if (t->nr_rejected < GFAKE_SEEN) {
		t->rejected[t->nr_rejected] = e->partition;
		t->rejected_uuids[t->nr_rejected] = e->uuid;
		t->flaws[t->nr_rejected] = flaw;
	}
	t->nr_rejected++;
}

static int gfake_visit(void *priv, const struct sluice_gpt_entry *e)
{
	struct gfake *t = priv;

	if (t->nr_seen < GFAKE_SEEN)
		t->seen[t->nr_seen] = *e;
	t->nr_seen++;
	return t->visit_result;
}

int gfake_parse_type(struct gfake *t, const guid_t *type)
{
	t->reads = 0;
	t->nr_seen = 0;
	t->nr_rejected = 0;
	return sluice_gpt_parse(&t->reader, type, gfake_visit, t);
}

int gfake_parse(struct gfake *t)
{
	return gfake_parse_type(t, NULL);
}

/* Set the checksum of a header, unless its length exceeds the block. */
void gfake_seal_header(struct gfake *t, u8 *header)
{
	u32 size = gfake_get32(header + H_SIZE);

	if (size > t->reader.block_size)
		return;
	gfake_put32(header + H_CRC, 0);
	gfake_put32(header + H_CRC, crc32_le(~0U, header, size) ^ ~0U);
}

/*
 * Set the checksums of a table. The array is where the header says, if that
 * place is on the disk: so a header that is wrong in another way has the right
 * checksum, and the reader cannot refuse it for its checksum alone.
 */
void gfake_seal_table(struct gfake *t, u8 *header)
{
	u64 lba = gfake_get64(header + H_ARRAY), end;
	u64 len = (u64)gfake_get32(header + H_ENTRIES) *
		  gfake_get32(header + H_ENTRY_SIZE);

	end = (t->last_lba + 1) * t->reader.block_size;
	if (lba <= t->last_lba && len <= end - lba * t->reader.block_size)
		gfake_put32(header + H_ARRAY_CRC,
			    crc32_le(~0U, gfake_block(t, lba), len) ^ ~0U);
	gfake_seal_header(t, header);
}

/* Copy the primary's entries to the alternate and set all checksums. */
void gfake_seal(struct gfake *t)
{
	memcpy(gfake_alternate_entry(t, 1), gfake_primary_entry(t, 1),
	       t->nr_entries * t->entry_size);
	gfake_seal_table(t, gfake_primary(t));
	gfake_seal_table(t, gfake_alternate(t));
}

static void gfake_put_header(struct gfake *t, u64 my_lba, u64 other_lba,
			     u64 array)
{
	u8 *h = gfake_block(t, my_lba);

	memcpy(h + H_SIGNATURE, "EFI PART", 8);
	gfake_put32(h + H_REVISION, 0x00010000);
	gfake_put32(h + H_SIZE, 92);
	gfake_put64(h + H_MY_LBA, my_lba);
	gfake_put64(h + H_ALTERNATE, other_lba);
	gfake_put64(h + H_FIRST, gfake_first_usable(t));
	gfake_put64(h + H_LAST, gfake_last_usable(t));
	gfake_put64(h + H_ARRAY, array);
	gfake_put32(h + H_ENTRIES, t->nr_entries);
	gfake_put32(h + H_ENTRY_SIZE, t->entry_size);
}

void gfake_put_mbr(struct gfake *t, u8 type, u32 first)
{
	memset(t->data, 0, 512);
	t->data[446 + 4] = type;
	gfake_put32(t->data + 446 + 8, first);
	gfake_put32(t->data + 446 + 12, t->last_lba);
	t->data[510] = 0x55;
	t->data[511] = 0xaa;
}

struct gfake *gfake_alloc(struct kunit *test, u32 block_size, u64 blocks)
{
	struct gfake *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	t->test = test;
	t->data = kunit_kzalloc(test, block_size * blocks, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->data);
	t->last_lba = blocks - 1;
	t->reader.read = gfake_read;
	t->reader.reject = gfake_reject;
	t->reader.priv = t;
	t->reader.block_size = block_size;
	t->reader.size_bytes = block_size * blocks;
	return t;
}

struct gfake *gfake_format(struct kunit *test, u32 block_size, u64 blocks,
			   u32 nr_entries, u32 entry_size)
{
	struct gfake *t = gfake_alloc(test, block_size, blocks);

	t->nr_entries = nr_entries;
	t->entry_size = entry_size;
	t->array_blocks = DIV_ROUND_UP(nr_entries * entry_size, block_size);
	gfake_put_mbr(t, 0xee, 1);
	gfake_put_header(t, 1, t->last_lba, 2);
	gfake_put_header(t, t->last_lba, 1, gfake_last_usable(t) + 1);
	gfake_seal(t);
	return t;
}

/* 512-byte blocks, 32 entries: blocks 10 to 54 are usable. */
struct gfake *gfake_disk(struct kunit *test)
{
	return gfake_format(test, 512, GFAKE_BLOCKS, 32, 128);
}

/*
 * Add a partition; its GUID is 00112233-4455-6677-8899-aabbccddeeXX, where XX
 * is its number.
 */
u8 *gfake_add(struct gfake *t, u32 partition, const guid_t *type, u64 first,
	      u64 last)
{
	static const u8 unique[15] = {
		0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee
	};
	u8 *e = gfake_primary_entry(t, partition);

	memcpy(e + E_TYPE, type, 16);
	memcpy(e + E_UNIQUE, unique, sizeof(unique));
	e[E_UNIQUE + 15] = partition;
	gfake_put64(e + E_FIRST, first);
	gfake_put64(e + E_LAST, last);
	gfake_seal(t);
	return e;
}

void gfake_name(struct gfake *t, u32 partition, const u16 *units,
		unsigned int nr)
{
	u8 *e = gfake_primary_entry(t, partition);
	unsigned int i;

	for (i = 0; i < nr; i++)
		gfake_put16(e + E_NAME + 2 * i, units[i]);
	gfake_seal(t);
}

/* The GUID that gfake_add() gave, as it prints. */
void gfake_expect_uuid(struct gfake *t, const uuid_t *uuid, u8 last)
{
	static const u8 start[15] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee
	};

	KUNIT_EXPECT_EQ(t->test, memcmp(uuid, start, sizeof(start)), 0);
	KUNIT_EXPECT_EQ(t->test, uuid->b[15], last);
}

void gfake_expect_seen(struct gfake *t, unsigned int index, u32 partition,
		       u64 first, u64 last)
{
	const struct sluice_gpt_entry *e = &t->seen[index];
	u32 size = t->reader.block_size;

	KUNIT_ASSERT_GT(t->test, t->nr_seen, index);
	KUNIT_EXPECT_EQ(t->test, e->partition, partition);
	KUNIT_EXPECT_EQ(t->test, e->start_bytes, first * size);
	KUNIT_EXPECT_EQ(t->test, e->size_bytes, (last - first + 1) * size);
}

void gfake_expect_rejected(struct gfake *t, unsigned int index, u32 partition,
			   enum sluice_gpt_flaw flaw)
{
	KUNIT_ASSERT_GT(t->test, t->nr_rejected, index);
	KUNIT_EXPECT_EQ(t->test, t->rejected[index], partition);
	KUNIT_EXPECT_EQ(t->test, (int)t->flaws[index], (int)flaw);
}

/* Make what the two tables say of partition 1 tell them apart. */
struct gfake *gfake_two_labels(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	gfake_add(t, 1, &gfake_slice, 10, 19);
	gfake_primary_entry(t, 1)[E_NAME] = 'p';
	gfake_alternate_entry(t, 1)[E_NAME] = 'a';
	gfake_seal_table(t, gfake_primary(t));
	gfake_seal_table(t, gfake_alternate(t));
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
	KUNIT_ASSERT_STREQ(test, t->seen[0].name, "p");
	return t;
}
