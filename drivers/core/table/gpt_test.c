// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the GPT reader
 *
 * The tables are built here from the offsets that the specification gives, not
 * from the reader's structures, so that an error in those cannot hide itself.
 */

#include <kunit/test.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt.h"

#define BLOCKS		64
#define SEEN_MAX	8

/* Offsets in a header */
#define H_SIGNATURE	0
#define H_REVISION	8
#define H_SIZE		12
#define H_CRC		16
#define H_MY_LBA	24
#define H_ALTERNATE	32
#define H_FIRST		40
#define H_LAST		48
#define H_ARRAY		72
#define H_ENTRIES	80
#define H_ENTRY_SIZE	84
#define H_ARRAY_CRC	88

/* Offsets in an entry */
#define E_TYPE		0
#define E_UNIQUE	16
#define E_FIRST		32
#define E_LAST		40
#define E_ATTRIBUTES	48
#define E_NAME		56

static const guid_t slice_type = SLUICE_GPT_TYPE_SLICE;
static const guid_t other_type =
	GUID_INIT(0x0fc63daf, 0x8483, 0x4772,
		  0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4);

/* The slice type as the bytes that must be on the disk. */
static const u8 slice_type_bytes[16] = {
	0x12, 0xff, 0x6c, 0xf3, 0xfd, 0xa3, 0x0d, 0x46,
	0x82, 0xe4, 0x5d, 0x53, 0xd3, 0xd8, 0x1d, 0xc0
};

/**
 * struct gpt_test - a disk in memory and what the parser made of it
 * @test: the running test
 * @reader: how the parser sees the disk
 * @data: the disk
 * @nr_entries: of both tables
 * @entry_size: of both tables
 * @last_lba: of the disk
 * @array_blocks: length of each array
 * @fail_lba: reading this block returns @fail_error, if that is not 0
 * @fail_error: see @fail_lba
 * @reads: calls of the reader
 * @visit_result: what the visitor returns
 * @nr_seen: entries visited
 * @seen: the first of them
 * @nr_rejected: entries reported as flawed
 * @rejected: the first of them
 * @rejected_uuids: and their GUIDs
 * @flaws: what was wrong with those
 */
struct gpt_test {
	struct kunit *test;
	struct sluice_gpt_reader reader;
	u8 *data;
	u32 nr_entries;
	u32 entry_size;
	u64 last_lba;
	u32 array_blocks;
	u64 fail_lba;
	int fail_error;
	unsigned int reads;
	int visit_result;
	unsigned int nr_seen;
	struct sluice_gpt_entry seen[SEEN_MAX];
	unsigned int nr_rejected;
	u32 rejected[SEEN_MAX];
	uuid_t rejected_uuids[SEEN_MAX];
	enum sluice_gpt_flaw flaws[SEEN_MAX];
};

static void put16(u8 *p, u16 value)
{
	__le16 raw = cpu_to_le16(value);

	memcpy(p, &raw, sizeof(raw));
}

static void put32(u8 *p, u32 value)
{
	__le32 raw = cpu_to_le32(value);

	memcpy(p, &raw, sizeof(raw));
}

static void put64(u8 *p, u64 value)
{
	__le64 raw = cpu_to_le64(value);

	memcpy(p, &raw, sizeof(raw));
}

static u32 get32(const u8 *p)
{
	__le32 raw;

	memcpy(&raw, p, sizeof(raw));
	return le32_to_cpu(raw);
}

static u64 get64(const u8 *p)
{
	__le64 raw;

	memcpy(&raw, p, sizeof(raw));
	return le64_to_cpu(raw);
}

static u8 *block(struct gpt_test *t, u64 lba)
{
	return t->data + lba * t->reader.block_size;
}

static u8 *primary(struct gpt_test *t)
{
	return block(t, 1);
}

static u8 *alternate(struct gpt_test *t)
{
	return block(t, t->last_lba);
}

static u64 first_usable(const struct gpt_test *t)
{
	return 2 + t->array_blocks;
}

static u64 last_usable(const struct gpt_test *t)
{
	return t->last_lba - t->array_blocks - 1;
}

static u8 *primary_entry(struct gpt_test *t, u32 partition)
{
	return block(t, 2) + (partition - 1) * t->entry_size;
}

static u8 *alternate_entry(struct gpt_test *t, u32 partition)
{
	return block(t, last_usable(t) + 1) + (partition - 1) * t->entry_size;
}

/* The reader, which also holds the parser to its promises. */
static int test_read(void *priv, u64 offset, void *buf, size_t len)
{
	struct gpt_test *t = priv;
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

static void test_reject(void *priv, u32 partition, const uuid_t *uuid,
			enum sluice_gpt_flaw flaw)
{
	struct gpt_test *t = priv;

	if (t->nr_rejected < SEEN_MAX) {
		t->rejected[t->nr_rejected] = partition;
		t->rejected_uuids[t->nr_rejected] = *uuid;
		t->flaws[t->nr_rejected] = flaw;
	}
	t->nr_rejected++;
}

static int test_visit(void *priv, const struct sluice_gpt_entry *e)
{
	struct gpt_test *t = priv;

	if (t->nr_seen < SEEN_MAX)
		t->seen[t->nr_seen] = *e;
	t->nr_seen++;
	return t->visit_result;
}

static int parse_type(struct gpt_test *t, const guid_t *type)
{
	t->reads = 0;
	t->nr_seen = 0;
	t->nr_rejected = 0;
	return sluice_gpt_parse(&t->reader, type, test_visit, t);
}

static int parse(struct gpt_test *t)
{
	return parse_type(t, NULL);
}

/* Set the checksum of a header, as far as its length can be right. */
static void seal_header(struct gpt_test *t, u8 *header)
{
	u32 size = get32(header + H_SIZE);

	if (size > t->reader.block_size)
		return;
	put32(header + H_CRC, 0);
	put32(header + H_CRC, crc32_le(~0U, header, size) ^ ~0U);
}

/*
 * Set the checksums of a table, of whatever the header calls its array if that
 * is on the disk. So a check cannot hide behind that of the checksum.
 */
static void seal_table(struct gpt_test *t, u8 *header)
{
	u64 lba = get64(header + H_ARRAY), end;
	u64 len = (u64)get32(header + H_ENTRIES) * get32(header + H_ENTRY_SIZE);

	end = (t->last_lba + 1) * t->reader.block_size;
	if (lba <= t->last_lba && len <= end - lba * t->reader.block_size)
		put32(header + H_ARRAY_CRC,
		      crc32_le(~0U, block(t, lba), len) ^ ~0U);
	seal_header(t, header);
}

/* Copy the primary's entries to the alternate and set all checksums. */
static void seal(struct gpt_test *t)
{
	memcpy(alternate_entry(t, 1), primary_entry(t, 1),
	       t->nr_entries * t->entry_size);
	seal_table(t, primary(t));
	seal_table(t, alternate(t));
}

static void put_header(struct gpt_test *t, u64 my_lba, u64 other_lba, u64 array)
{
	u8 *h = block(t, my_lba);

	memcpy(h + H_SIGNATURE, "EFI PART", 8);
	put32(h + H_REVISION, 0x00010000);
	put32(h + H_SIZE, 92);
	put64(h + H_MY_LBA, my_lba);
	put64(h + H_ALTERNATE, other_lba);
	put64(h + H_FIRST, first_usable(t));
	put64(h + H_LAST, last_usable(t));
	put64(h + H_ARRAY, array);
	put32(h + H_ENTRIES, t->nr_entries);
	put32(h + H_ENTRY_SIZE, t->entry_size);
}

static void put_mbr(struct gpt_test *t, u8 type, u32 first)
{
	memset(t->data, 0, 512);
	t->data[446 + 4] = type;
	put32(t->data + 446 + 8, first);
	put32(t->data + 446 + 12, t->last_lba);
	t->data[510] = 0x55;
	t->data[511] = 0xaa;
}

static struct gpt_test *disk_alloc(struct kunit *test, u32 block_size,
				   u64 blocks)
{
	struct gpt_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	t->test = test;
	t->data = kunit_kzalloc(test, block_size * blocks, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->data);
	t->last_lba = blocks - 1;
	t->reader.read = test_read;
	t->reader.reject = test_reject;
	t->reader.priv = t;
	t->reader.block_size = block_size;
	t->reader.size_bytes = block_size * blocks;
	return t;
}

static struct gpt_test *disk_format(struct kunit *test, u32 block_size,
				    u64 blocks, u32 nr_entries, u32 entry_size)
{
	struct gpt_test *t = disk_alloc(test, block_size, blocks);

	t->nr_entries = nr_entries;
	t->entry_size = entry_size;
	t->array_blocks = DIV_ROUND_UP(nr_entries * entry_size, block_size);
	put_mbr(t, 0xee, 1);
	put_header(t, 1, t->last_lba, 2);
	put_header(t, t->last_lba, 1, last_usable(t) + 1);
	seal(t);
	return t;
}

/* 512-byte blocks, 32 entries: blocks 10 to 54 are usable. */
static struct gpt_test *disk(struct kunit *test)
{
	return disk_format(test, 512, BLOCKS, 32, 128);
}

/*
 * Add a partition; its GUID is 00112233-4455-6677-8899-aabbccddeeXX, where XX
 * is its number.
 */
static u8 *add(struct gpt_test *t, u32 partition, const guid_t *type, u64 first,
	       u64 last)
{
	static const u8 unique[15] = {
		0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee
	};
	u8 *e = primary_entry(t, partition);

	memcpy(e + E_TYPE, type, 16);
	memcpy(e + E_UNIQUE, unique, sizeof(unique));
	e[E_UNIQUE + 15] = partition;
	put64(e + E_FIRST, first);
	put64(e + E_LAST, last);
	seal(t);
	return e;
}

static void name(struct gpt_test *t, u32 partition, const u16 *units,
		 unsigned int nr)
{
	u8 *e = primary_entry(t, partition);
	unsigned int i;

	for (i = 0; i < nr; i++)
		put16(e + E_NAME + 2 * i, units[i]);
	seal(t);
}

/* The GUID that add() gave, as it prints. */
static void expect_uuid(struct gpt_test *t, const uuid_t *uuid, u8 last)
{
	static const u8 start[15] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee
	};

	KUNIT_EXPECT_EQ(t->test, memcmp(uuid, start, sizeof(start)), 0);
	KUNIT_EXPECT_EQ(t->test, uuid->b[15], last);
}

static void expect_seen(struct gpt_test *t, unsigned int index, u32 partition,
			u64 first, u64 last)
{
	const struct sluice_gpt_entry *e = &t->seen[index];
	u32 size = t->reader.block_size;

	KUNIT_ASSERT_GT(t->test, t->nr_seen, index);
	KUNIT_EXPECT_EQ(t->test, e->partition, partition);
	KUNIT_EXPECT_EQ(t->test, e->start_bytes, first * size);
	KUNIT_EXPECT_EQ(t->test, e->size_bytes, (last - first + 1) * size);
}

static void expect_rejected(struct gpt_test *t, unsigned int index,
			    u32 partition, enum sluice_gpt_flaw flaw)
{
	KUNIT_ASSERT_GT(t->test, t->nr_rejected, index);
	KUNIT_EXPECT_EQ(t->test, t->rejected[index], partition);
	KUNIT_EXPECT_EQ(t->test, (int)t->flaws[index], (int)flaw);
}

static void check_valid(struct kunit *test, u32 block_size)
{
	static const u16 label[] = { 'v', 'm', '-', 'a' };
	struct gpt_test *t = disk_format(test, block_size, BLOCKS, 32, 128);

	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);

	add(t, 2, &other_type, 20, 29);
	put64(add(t, 5, &slice_type, 12, 15) + E_ATTRIBUTES, 1ULL << 48 | 4);
	name(t, 5, label, ARRAY_SIZE(label));
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);
	expect_seen(t, 0, 2, 20, 29);
	KUNIT_EXPECT_TRUE(test, guid_equal(&t->seen[0].type, &other_type));
	KUNIT_EXPECT_EQ(test, t->seen[0].attributes, 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "");
	expect_seen(t, 1, 5, 12, 15);
	KUNIT_EXPECT_TRUE(test, guid_equal(&t->seen[1].type, &slice_type));
	expect_uuid(t, &t->seen[1].uuid, 5);
	KUNIT_EXPECT_EQ(test, t->seen[1].attributes, SLUICE_GPT_ATTR_POOL | 4);
	KUNIT_EXPECT_STREQ(test, t->seen[1].name, "vm-a");
}

static void valid_512(struct kunit *test)
{
	check_valid(test, 512);
}

static void valid_4096(struct kunit *test)
{
	check_valid(test, 4096);
}

static void slice_type_is_as_documented(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, memcmp(&slice_type, slice_type_bytes, 16), 0);
}

static void type_filter(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 19);
	add(t, 2, &other_type, 20, 29);
	add(t, 3, &slice_type, 30, 39);
	add(t, 4, &other_type, 50, 49);
	KUNIT_ASSERT_EQ(test, parse_type(t, &slice_type), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	expect_seen(t, 0, 1, 10, 19);
	expect_seen(t, 1, 3, 30, 39);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);

	KUNIT_ASSERT_EQ(test, parse_type(t, &other_type), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
	expect_seen(t, 0, 2, 20, 29);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 1);
}

static void visitor_ends_the_visit(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 19);
	add(t, 2, &slice_type, 20, 29);
	t->visit_result = -EBUSY;
	KUNIT_EXPECT_EQ(test, parse(t), -EBUSY);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	t->visit_result = 7;
	KUNIT_EXPECT_EQ(test, parse(t), 7);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
}

static void no_table(struct kunit *test)
{
	struct gpt_test *t = disk_alloc(test, 512, BLOCKS);
	u64 blocks;

	for (blocks = 0; blocks <= BLOCKS; blocks++) {
		t->reader.size_bytes = blocks * 512;
		KUNIT_EXPECT_EQ(test, parse(t), -ENODATA);
	}
	t->reader.size_bytes = 511;
	KUNIT_EXPECT_EQ(test, parse(t), -ENODATA);
}

static void mbr_only(struct kunit *test)
{
	struct gpt_test *t = disk_alloc(test, 512, BLOCKS);

	put_mbr(t, 0x83, 8);
	KUNIT_EXPECT_EQ(test, parse(t), -EMEDIUMTYPE);
	t->reader.size_bytes = 512;
	KUNIT_EXPECT_EQ(test, parse(t), -EMEDIUMTYPE);
	t->data[510] = 0;
	KUNIT_EXPECT_EQ(test, parse(t), -ENODATA);
}

/* An MBR that announces a GPT makes its absence an error. */
static void headers_lost(struct kunit *test)
{
	struct gpt_test *t = disk_alloc(test, 512, BLOCKS);
	u64 blocks;

	put_mbr(t, 0xee, 1);
	for (blocks = 1; blocks <= BLOCKS; blocks++) {
		t->reader.size_bytes = blocks * 512;
		KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	}
}

/* A GPT without its protective MBR is neither used nor overlooked. */
static void mbr_lost(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 19);
	KUNIT_ASSERT_EQ(test, parse(t), 0);

	put_mbr(t, 0x83, 1);
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	put_mbr(t, 0xee, 2);
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	memset(t->data, 0, 512);
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);

	primary(t)[H_CRC] ^= 1;
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	alternate(t)[H_SIGNATURE] ^= 1;
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	alternate(t)[H_SIGNATURE] ^= 1;
	alternate(t)[H_CRC] ^= 1;
	memset(primary(t), 0, 512);
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	memset(alternate(t), 0, 512);
	KUNIT_EXPECT_EQ(test, parse(t), -ENODATA);
}

static void hybrid_mbr(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 19);
	put_mbr(t, 0x83, 10);
	t->data[446 + 3 * 16 + 4] = 0xee;
	put32(t->data + 446 + 3 * 16 + 8, 1);
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
}

static void block_sizes(struct kunit *test)
{
	static const unsigned int bad[] = {
		0, 1, 256, 511, 513, 520, 1024, 2048, 4095, 4097, 8192, 65536,
		1U << 31, ~0U
	};
	struct gpt_test *t = disk(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		t->reader.block_size = bad[i];
		KUNIT_EXPECT_EQ(test, parse(t), -EOPNOTSUPP);
		KUNIT_EXPECT_EQ(test, t->reads, 0);
	}
}

/**
 * struct mutation - a value that makes a header unusable
 * @what: for the log
 * @offset: where in the header
 * @width: bytes: 4 or 8
 * @value: what to write; the checksums are made right afterwards
 */
struct mutation {
	const char *what;
	unsigned int offset;
	unsigned int width;
	u64 value;
};

static const struct mutation header_mutations[] = {
	{ "signature", H_SIGNATURE, 8, 0x5452415020494646ULL },
	{ "revision 0", H_REVISION, 4, 0 },
	{ "revision 1.1", H_REVISION, 4, 0x00010001 },
	{ "revision 2.0", H_REVISION, 4, 0x00020000 },
	{ "header size 0", H_SIZE, 4, 0 },
	{ "header size 91", H_SIZE, 4, 91 },
	{ "header size 513", H_SIZE, 4, 513 },
	{ "header size max", H_SIZE, 4, U32_MAX },
	{ "own LBA 0", H_MY_LBA, 8, 0 },
	{ "own LBA 2", H_MY_LBA, 8, 2 },
	{ "own LBA max", H_MY_LBA, 8, U64_MAX },
	{ "first usable 0", H_FIRST, 8, 0 },
	{ "first usable 1", H_FIRST, 8, 1 },
	{ "first usable behind last usable", H_FIRST, 8, 55 },
	{ "first usable max", H_FIRST, 8, U64_MAX },
	{ "last usable 0", H_LAST, 8, 0 },
	{ "last usable before first usable", H_LAST, 8, 9 },
	{ "last usable in alternate array", H_LAST, 8, 55 },
	{ "last usable in the last array block", H_LAST, 8, 62 },
	{ "last usable is last block", H_LAST, 8, 63 },
	{ "last usable behind the disk", H_LAST, 8, 64 },
	{ "last usable wraps in bytes", H_LAST, 8, 1ULL << 55 | 54 },
	{ "last usable max", H_LAST, 8, U64_MAX },
	{ "array on MBR", H_ARRAY, 8, 0 },
	{ "array on primary header", H_ARRAY, 8, 1 },
	{ "array at first usable", H_ARRAY, 8, 10 },
	{ "array end at first usable", H_ARRAY, 8, 3 },
	{ "array at last usable", H_ARRAY, 8, 54 },
	{ "array end on alternate header", H_ARRAY, 8, 56 },
	{ "array on alternate header", H_ARRAY, 8, 63 },
	{ "array behind the disk", H_ARRAY, 8, 64 },
	{ "array wraps in blocks", H_ARRAY, 8, U64_MAX },
	{ "array wraps at its end", H_ARRAY, 8, U64_MAX - 6 },
	{ "array wraps in bytes to its place", H_ARRAY, 8, (1ULL << 55) + 2 },
	{ "no entries", H_ENTRIES, 4, 0 },
	{ "too many entries", H_ENTRIES, 4, SLUICE_GPT_ENTRIES_MAX + 1 },
	{ "entries wrap", H_ENTRIES, 4, (1U << 25) + 32 },
	{ "entries max", H_ENTRIES, 4, U32_MAX },
	{ "entry size 0", H_ENTRY_SIZE, 4, 0 },
	{ "entry size 64", H_ENTRY_SIZE, 4, 64 },
	{ "entry size 127", H_ENTRY_SIZE, 4, 127 },
	{ "entry size 129", H_ENTRY_SIZE, 4, 129 },
	{ "entry size 192", H_ENTRY_SIZE, 4, 192 },
	{ "entry size 384", H_ENTRY_SIZE, 4, 384 },
	{ "entry size 8192", H_ENTRY_SIZE, 4, 8192 },
	{ "entry size wraps", H_ENTRY_SIZE, 4, 1U << 31 },
	{ "entry size max", H_ENTRY_SIZE, 4, U32_MAX },
};

static const struct mutation primary_mutations[] = {
	{ "first usable in primary array", H_FIRST, 8, 2 },
	{ "alternate 0", H_ALTERNATE, 8, 0 },
	{ "alternate is primary", H_ALTERNATE, 8, 1 },
	{ "alternate usable", H_ALTERNATE, 8, 54 },
	{ "alternate array does not fit", H_ALTERNATE, 8, 62 },
	{ "alternate behind the disk", H_ALTERNATE, 8, 64 },
	{ "alternate max", H_ALTERNATE, 8, U64_MAX },
};

static const struct mutation alternate_mutations[] = {
	{ "own LBA is primary", H_MY_LBA, 8, 1 },
	{ "alternate 0", H_ALTERNATE, 8, 0 },
	{ "alternate itself", H_ALTERNATE, 8, 63 },
};

/* With @header mutated, and sealed again, parsing must give @result. */
static void check_mutations(struct gpt_test *t, u8 *header,
			    const struct mutation *m, unsigned int nr,
			    int result)
{
	u8 saved[92];

	memcpy(saved, header, sizeof(saved));
	for (; nr--; m++) {
		if (m->width == 8)
			put64(header + m->offset, m->value);
		else
			put32(header + m->offset, m->value);
		seal_table(t, header);
		KUNIT_EXPECT_EQ_MSG(t->test, parse(t), result, "%s", m->what);
		KUNIT_EXPECT_EQ_MSG(t->test, t->nr_seen, !result, "%s", m->what);
		memcpy(header, saved, sizeof(saved));
	}
}

/* Make what the two tables say of partition 1 tell them apart. */
static struct gpt_test *disk_two_labels(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 19);
	primary_entry(t, 1)[E_NAME] = 'p';
	alternate_entry(t, 1)[E_NAME] = 'a';
	seal_table(t, primary(t));
	seal_table(t, alternate(t));
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
	KUNIT_ASSERT_STREQ(test, t->seen[0].name, "p");
	return t;
}

/* A bad primary makes the parser use the alternate, whatever is bad. */
static void primary_checks(struct kunit *test)
{
	struct gpt_test *t = disk_two_labels(test);

	check_mutations(t, primary(t), header_mutations,
			ARRAY_SIZE(header_mutations), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
	check_mutations(t, primary(t), primary_mutations,
			ARRAY_SIZE(primary_mutations), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");

	/* The same with nothing to fall back on. */
	alternate(t)[H_MY_LBA] ^= 1;
	check_mutations(t, primary(t), header_mutations,
			ARRAY_SIZE(header_mutations), -EINVAL);
	check_mutations(t, primary(t), primary_mutations,
			ARRAY_SIZE(primary_mutations), -EINVAL);

	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");
}

static void alternate_checks(struct kunit *test)
{
	struct gpt_test *t = disk_two_labels(test);

	memset(primary(t), 0, 512);
	check_mutations(t, alternate(t), header_mutations,
			ARRAY_SIZE(header_mutations), -EINVAL);
	check_mutations(t, alternate(t), alternate_mutations,
			ARRAY_SIZE(alternate_mutations), -EINVAL);
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
}

/* Even where the alternate's array is not in the way of its usable range. */
static void last_block_is_never_usable(struct kunit *test)
{
	struct gpt_test *t = disk_two_labels(test);

	memset(primary(t), 0, 512);
	put64(alternate(t) + H_ARRAY, 2);
	put64(alternate(t) + H_LAST, t->last_lba - 1);
	seal_table(t, alternate(t));
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	put64(alternate(t) + H_LAST, t->last_lba);
	seal_table(t, alternate(t));
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
}

/* The alternate is not looked at while the primary is good. */
static void primary_wins(struct kunit *test)
{
	struct gpt_test *t = disk_two_labels(test);

	memset(alternate(t), 0xff, 512);
	t->fail_lba = t->last_lba;
	t->fail_error = -EIO;
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");
}

static void checksums(struct kunit *test)
{
	struct gpt_test *t = disk_two_labels(test);
	unsigned int i;

	/* Reserved fields and the disk's GUID are covered as well. */
	for (i = 8; i < 92; i++) {
		primary(t)[i] ^= 0x10;
		KUNIT_EXPECT_EQ(test, parse(t), 0);
		KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
		primary(t)[i] ^= 0x10;
	}

	/* The last byte of the array counts, the one behind it does not. */
	primary_entry(t, 1)[32 * 128 - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
	primary_entry(t, 1)[32 * 128 - 1] ^= 1;
	primary_entry(t, 1)[32 * 128] ^= 1;
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");

	alternate_entry(t, 1)[0] ^= 1;
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	primary_entry(t, 1)[0] ^= 1;
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);
}

/* A header may be as long as its block; all of it is under the checksum. */
static void long_header(struct kunit *test)
{
	struct gpt_test *t = disk_two_labels(test);
	u8 *h = primary(t);

	put32(h + H_SIZE, 512);
	h[511] = 0x77;
	seal_header(t, h);
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");
	h[511] = 0x76;
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
}

/* On a disk that grew, the old alternate is not in the last block. */
static void grown_disk(struct kunit *test)
{
	struct gpt_test *t = disk_format(test, 512, BLOCKS, 32, 128);
	u8 *data = kunit_kzalloc(test, 2 * BLOCKS * 512, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, data);
	add(t, 1, &slice_type, 10, 54);
	memcpy(data, t->data, BLOCKS * 512);
	t->data = data;
	t->reader.size_bytes *= 2;
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	expect_seen(t, 0, 1, 10, 54);
	primary(t)[0] = 0;
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
}

static void shrunk_disk(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	t->reader.size_bytes -= 512;
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	t->reader.size_bytes += 511;
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
	t->reader.size_bytes++;
	KUNIT_EXPECT_EQ(test, parse(t), 0);
}

static void fail_read(struct gpt_test *t, u64 lba, int error)
{
	t->fail_lba = lba;
	t->fail_error = error;
}

static void read_errors(struct kunit *test)
{
	struct gpt_test *t = disk_two_labels(test);

	fail_read(t, 0, -EIO);
	KUNIT_EXPECT_EQ(test, parse(t), -EIO);
	fail_read(t, 0, -ENODEV);
	KUNIT_EXPECT_EQ(test, parse(t), -ENODEV);

	/* An unreadable primary, header or array, is what the other is for. */
	fail_read(t, 1, -EIO);
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
	fail_read(t, 9, -EIO);
	KUNIT_EXPECT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");

	/* An error that may pass is no reason to use an older table. */
	fail_read(t, 1, -ENODEV);
	KUNIT_EXPECT_EQ(test, parse(t), -ENODEV);
	fail_read(t, 9, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, parse(t), -ETIMEDOUT);

	memset(primary(t), 0, 512);
	fail_read(t, t->last_lba, -EIO);
	KUNIT_EXPECT_EQ(test, parse(t), -EIO);
	fail_read(t, last_usable(t) + 1, -ENODEV);
	KUNIT_EXPECT_EQ(test, parse(t), -ENODEV);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);
}

/* No error of the reader may look like a verdict on the content. */
static void read_errors_are_no_verdict(struct kunit *test)
{
	static const int errors[] = { -ENODATA, -EINVAL, -EMEDIUMTYPE, 1 };
	struct gpt_test *t = disk_alloc(test, 512, BLOCKS);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		fail_read(t, 0, errors[i]);
		KUNIT_EXPECT_EQ(test, parse(t), -EIO);
		fail_read(t, 1, errors[i]);
		KUNIT_EXPECT_EQ(test, parse(t), -EIO);
		fail_read(t, BLOCKS - 1, errors[i]);
		KUNIT_EXPECT_EQ(test, parse(t), -EIO);
	}
}

static void range_edges(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 10);
	add(t, 2, &slice_type, 11, 53);
	add(t, 3, &slice_type, 54, 54);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 3);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);
	expect_seen(t, 0, 1, 10, 10);
	expect_seen(t, 1, 2, 11, 53);
	expect_seen(t, 2, 3, 54, 54);
}

static void bad_ranges(struct kunit *test)
{
	static const struct {
		u64 first;
		u64 last;
	} bad[] = {
		{ 31, 30 },
		{ 45, 44 },
		{ 0, 0 },
		{ 1, 1 },
		{ 9, 9 },
		{ 55, 55 },
		{ 63, 64 },
		{ U64_MAX, U64_MAX },
		{ U64_MAX, 0 },
		{ U64_MAX, 30 },
		{ 30, 0 },
		{ 1ULL << 55 | 30, 1ULL << 55 | 31 },
		{ 1ULL << 63, 1ULL << 63 },
	};
	struct gpt_test *t = disk(test);
	unsigned int i;

	add(t, 2, &slice_type, 40, 49);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		add(t, 1, &slice_type, bad[i].first, bad[i].last);
		KUNIT_ASSERT_EQ(test, parse(t), 0);
		KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
		expect_seen(t, 0, 2, 40, 49);
		KUNIT_EXPECT_EQ(test, t->nr_rejected, 1);
		expect_rejected(t, 0, 1, SLUICE_GPT_BAD_RANGE);
	}
}

/* An entry that leaves the usable range still takes its blocks from others. */
static void bad_range_overlaps(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 20, 29);
	add(t, 2, &slice_type, 29, U64_MAX);
	add(t, 3, &slice_type, 15, 19);
	add(t, 4, &other_type, 0, 12);
	add(t, 5, &slice_type, 12, 12);
	KUNIT_ASSERT_EQ(test, parse_type(t, &slice_type), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	expect_seen(t, 0, 3, 15, 19);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 3);
	expect_rejected(t, 0, 1, SLUICE_GPT_OVERLAP);
	expect_rejected(t, 1, 2, SLUICE_GPT_BAD_RANGE);
	expect_rejected(t, 2, 5, SLUICE_GPT_OVERLAP);
}

/* Two entries, in either order of the table, overlap or not. */
static void check_pair(struct gpt_test *t, u64 first_a, u64 last_a, u64 first_b,
		       u64 last_b)
{
	bool overlap = first_a <= last_b && first_b <= last_a;

	add(t, 1, &slice_type, first_a, last_a);
	add(t, 2, &slice_type, first_b, last_b);
	KUNIT_ASSERT_EQ(t->test, parse(t), 0);
	KUNIT_EXPECT_EQ(t->test, t->nr_seen, overlap ? 0 : 2);
	KUNIT_EXPECT_EQ(t->test, t->nr_rejected, overlap ? 2 : 0);
	if (overlap) {
		expect_rejected(t, 0, 1, SLUICE_GPT_OVERLAP);
		expect_rejected(t, 1, 2, SLUICE_GPT_OVERLAP);
	}
}

static void overlap_pairs(struct kunit *test)
{
	struct gpt_test *t = disk(test);
	u64 a, b, c, d;

	for (a = 20; a < 24; a++)
		for (b = a; b < 24; b++)
			for (c = 20; c < 24; c++)
				for (d = c; d < 24; d++)
					check_pair(t, a, b, c, d);
}

static void overlap_contained(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 12);
	add(t, 2, &slice_type, 26, 27);
	add(t, 3, &slice_type, 20, 40);
	add(t, 4, &slice_type, 22, 23);
	add(t, 5, &slice_type, 40, 44);
	add(t, 6, &slice_type, 45, 54);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	expect_seen(t, 0, 1, 10, 12);
	expect_seen(t, 1, 6, 45, 54);
	KUNIT_ASSERT_EQ(test, t->nr_rejected, 4);
	expect_rejected(t, 0, 2, SLUICE_GPT_OVERLAP);
	expect_rejected(t, 1, 3, SLUICE_GPT_OVERLAP);
	expect_rejected(t, 2, 4, SLUICE_GPT_OVERLAP);
	expect_rejected(t, 3, 5, SLUICE_GPT_OVERLAP);
}

static void overlap_of_other_type(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 19);
	add(t, 2, &other_type, 19, 29);
	KUNIT_ASSERT_EQ(test, parse_type(t, &slice_type), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 1);
	expect_rejected(t, 0, 1, SLUICE_GPT_OVERLAP);
}

static void duplicate_uuids(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	add(t, 1, &slice_type, 10, 19);
	add(t, 2, &slice_type, 20, 29);
	add(t, 3, &other_type, 30, 39);
	add(t, 4, &slice_type, 40, 49)[E_UNIQUE + 15] = 1;
	seal(t);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 2);
	expect_seen(t, 0, 2, 20, 29);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 2);
	expect_rejected(t, 0, 1, SLUICE_GPT_DUPLICATE);
	expect_uuid(t, &t->rejected_uuids[0], 1);
	expect_rejected(t, 1, 4, SLUICE_GPT_DUPLICATE);
	expect_uuid(t, &t->rejected_uuids[1], 1);

	/* All of three; the third has another type and a bad range. */
	add(t, 3, &other_type, 39, 30)[E_UNIQUE + 15] = 1;
	seal(t);
	KUNIT_ASSERT_EQ(test, parse_type(t, &slice_type), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 2);
}

static void no_uuid(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	memset(add(t, 1, &slice_type, 10, 19) + E_UNIQUE, 0, 16);
	add(t, 2, &slice_type, 20, 29);
	seal(t);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
	expect_seen(t, 0, 2, 20, 29);
	expect_rejected(t, 0, 1, SLUICE_GPT_NO_UUID);
}

/* Entries without a type are not in use, whatever else they say. */
static void unused_entries(struct kunit *test)
{
	static const guid_t unused;
	struct gpt_test *t = disk(test);

	add(t, 1, &unused, 10, 54);
	add(t, 2, &slice_type, 20, 29);
	add(t, 32, &slice_type, 30, 39);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 2);
	KUNIT_EXPECT_EQ(test, t->nr_rejected, 0);
	expect_seen(t, 1, 32, 30, 39);
}

/* A flawed entry without anyone to tell is withheld all the same. */
static void reject_is_optional(struct kunit *test)
{
	struct gpt_test *t = disk(test);

	t->reader.reject = NULL;
	add(t, 1, &slice_type, 20, 29);
	add(t, 2, &slice_type, 20, 29);
	add(t, 3, &slice_type, 30, 39);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 1);
}

static void entry_sizes(struct kunit *test)
{
	struct gpt_test *t;
	u32 size;

	for (size = 128; size <= 4096; size *= 2) {
		t = disk_format(test, 512, 128, 4, size);
		add(t, 1, &slice_type, 50, 59);
		add(t, 3, &slice_type, 60, 69);
		add(t, 4, &slice_type, 70, 79);
		KUNIT_ASSERT_EQ(test, parse(t), 0);
		KUNIT_ASSERT_EQ(test, t->nr_seen, 3);
		expect_seen(t, 0, 1, 50, 59);
		expect_seen(t, 1, 3, 60, 69);
		expect_seen(t, 2, 4, 70, 79);
	}
}

/* Sizes that would fit, but are none. */
static void bad_entry_sizes(struct kunit *test)
{
	static const u32 bad[] = { 129, 136, 192, 256 + 128, 2560, 8192 };
	struct gpt_test *t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		t = disk_format(test, 512, 128, 2, bad[i]);
		KUNIT_EXPECT_EQ_MSG(test, parse(t), -EINVAL, "%u", bad[i]);
	}
}

static void most_entries(struct kunit *test)
{
	struct gpt_test *t;

	t = disk_format(test, 512, 1024, SLUICE_GPT_ENTRIES_MAX, 128);
	add(t, 1, &slice_type, 300, 309);
	add(t, SLUICE_GPT_ENTRIES_MAX, &slice_type, 310, 319)[E_UNIQUE] = 0;
	seal(t);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	expect_seen(t, 1, SLUICE_GPT_ENTRIES_MAX, 310, 319);

	t = disk_format(test, 512, 1024, SLUICE_GPT_ENTRIES_MAX + 1, 128);
	KUNIT_EXPECT_EQ(test, parse(t), -EINVAL);
}

/* One entry, one usable block: the smallest disk that has a table. */
static void smallest_disk(struct kunit *test)
{
	struct gpt_test *t = disk_format(test, 512, 6, 1, 128);

	add(t, 1, &slice_type, 3, 3);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
	expect_seen(t, 0, 1, 3, 3);
}

struct label {
	u16 units[36];
	const char *utf8;
};

#define REPLACED "\xef\xbf\xbd"

static const struct label labels[] = {
	{ { 0 }, "" },
	{ { 'a', 0, 'b' }, "a" },
	{ { ' ', '~' }, " ~" },
	{ { 'a', '\n', 'b', 0x1f, 0x7f }, "a" REPLACED "b" REPLACED REPLACED },
	{ { 0x80, 0x9f, 0xa0 }, REPLACED REPLACED "\xc2\xa0" },
	{ { 0xe9, 0x7ff, 0x800 }, "\xc3\xa9\xdf\xbf\xe0\xa0\x80" },
	{ { 0xd7ff, 0xe000, 0xffff }, "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf" },
	{ { 0xd800, 0xdc00 }, "\xf0\x90\x80\x80" },
	{ { 0xd83d, 0xde00, 'x' }, "\xf0\x9f\x98\x80x" },
	{ { 0xdbff, 0xdfff }, "\xf4\x8f\xbf\xbf" },
	{ { 0xd800 }, REPLACED },
	{ { 0xdc00, 'x' }, REPLACED "x" },
	{ { 0xdc00, 0xdc00 }, REPLACED REPLACED },
	{ { 0xd800, 'x' }, REPLACED "x" },
	{ { 0xd800, 0xe000 }, REPLACED "\xee\x80\x80" },
	{ { 0xdc00, 0xd800 }, REPLACED REPLACED },
	{ { 0xd800, 0xd800, 0xdc00 }, REPLACED "\xf0\x90\x80\x80" },
};

static void names(struct kunit *test)
{
	struct gpt_test *t = disk(test);
	unsigned int i;

	add(t, 1, &slice_type, 20, 29);
	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		name(t, 1, labels[i].units, 36);
		KUNIT_ASSERT_EQ(test, parse(t), 0);
		KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
		KUNIT_EXPECT_STREQ(test, t->seen[0].name, labels[i].utf8);
	}
}

/* All 36 units in use, so there is no end mark, and half a pair at the end. */
static void long_names(struct kunit *test)
{
	struct gpt_test *t = disk(test);
	u16 units[36];
	unsigned int i;

	add(t, 1, &slice_type, 20, 29);
	for (i = 0; i < 36; i++)
		units[i] = 0x20ac;
	name(t, 1, units, 36);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, strlen(t->seen[0].name), SLUICE_GPT_NAME_LEN - 1);

	units[35] = 0xd800;
	name(t, 1, units, 36);
	/* What comes after the name is the next entry: here, half a pair. */
	put16(primary_entry(t, 2), 0xdc00);
	put64(primary_entry(t, 2) + E_FIRST, 1);
	seal(t);
	KUNIT_ASSERT_EQ(test, parse(t), 0);
	KUNIT_EXPECT_EQ(test, strlen(t->seen[0].name), SLUICE_GPT_NAME_LEN - 1);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name + 35 * 3, REPLACED);
}

static void flaw_names(struct kunit *test)
{
	int a, b;

	for (a = SLUICE_GPT_SOUND; a <= SLUICE_GPT_DUPLICATE + 1; a++)
		for (b = SLUICE_GPT_SOUND; b < a; b++)
			KUNIT_EXPECT_STRNEQ(test, sluice_gpt_flaw_name(a),
					    sluice_gpt_flaw_name(b));
}

static struct kunit_case gpt_cases[] = {
	KUNIT_CASE(valid_512),
	KUNIT_CASE(valid_4096),
	KUNIT_CASE(slice_type_is_as_documented),
	KUNIT_CASE(type_filter),
	KUNIT_CASE(visitor_ends_the_visit),
	KUNIT_CASE(no_table),
	KUNIT_CASE(mbr_only),
	KUNIT_CASE(headers_lost),
	KUNIT_CASE(mbr_lost),
	KUNIT_CASE(hybrid_mbr),
	KUNIT_CASE(block_sizes),
	KUNIT_CASE(primary_checks),
	KUNIT_CASE(alternate_checks),
	KUNIT_CASE(last_block_is_never_usable),
	KUNIT_CASE(primary_wins),
	KUNIT_CASE(checksums),
	KUNIT_CASE(long_header),
	KUNIT_CASE(grown_disk),
	KUNIT_CASE(shrunk_disk),
	KUNIT_CASE(read_errors),
	KUNIT_CASE(read_errors_are_no_verdict),
	KUNIT_CASE(range_edges),
	KUNIT_CASE(bad_ranges),
	KUNIT_CASE(bad_range_overlaps),
	KUNIT_CASE(overlap_pairs),
	KUNIT_CASE(overlap_contained),
	KUNIT_CASE(overlap_of_other_type),
	KUNIT_CASE(duplicate_uuids),
	KUNIT_CASE(no_uuid),
	KUNIT_CASE(unused_entries),
	KUNIT_CASE(reject_is_optional),
	KUNIT_CASE(entry_sizes),
	KUNIT_CASE(bad_entry_sizes),
	KUNIT_CASE(most_entries),
	KUNIT_CASE(smallest_disk),
	KUNIT_CASE(names),
	KUNIT_CASE(long_names),
	KUNIT_CASE(flaw_names),
	{}
};

static struct kunit_suite gpt_suite = {
	.name = "sluice_gpt",
	.test_cases = gpt_cases,
};

kunit_test_suites(&gpt_suite);
