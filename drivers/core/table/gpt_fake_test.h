/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a disk with a GPT in memory, for the KUnit tests of the GPT reader
 *
 * The tables are built here from the offsets that the specification gives, not
 * from the reader's structures, so that an error in those cannot hide itself.
 */
#ifndef SLUICE_GPT_FAKE_TEST_H
#define SLUICE_GPT_FAKE_TEST_H

#include <kunit/test.h>
#include <linux/string.h>

#include "table/gpt.h"

#define GFAKE_BLOCKS	64	/* of gfake_disk() */
#define GFAKE_SEEN	8	/* entries that are remembered */

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

/* Two partition types: that of slices, and another */
extern const guid_t gfake_slice;
extern const guid_t gfake_other;

/**
 * struct gfake - a disk in memory and what the parser made of it
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
struct gfake {
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
	struct sluice_gpt_entry seen[GFAKE_SEEN];
	unsigned int nr_rejected;
	u32 rejected[GFAKE_SEEN];
	uuid_t rejected_uuids[GFAKE_SEEN];
	enum sluice_gpt_flaw flaws[GFAKE_SEEN];
};

/* Little-endian values at any address */
static inline void gfake_put16(u8 *p, u16 value)
{
	__le16 raw = cpu_to_le16(value);

	memcpy(p, &raw, sizeof(raw));
}

static inline void gfake_put32(u8 *p, u32 value)
{
	__le32 raw = cpu_to_le32(value);

	memcpy(p, &raw, sizeof(raw));
}

static inline void gfake_put64(u8 *p, u64 value)
{
	__le64 raw = cpu_to_le64(value);

	memcpy(p, &raw, sizeof(raw));
}

static inline u32 gfake_get32(const u8 *p)
{
	__le32 raw;

	memcpy(&raw, p, sizeof(raw));
	return le32_to_cpu(raw);
}

static inline u64 gfake_get64(const u8 *p)
{
	__le64 raw;

	memcpy(&raw, p, sizeof(raw));
	return le64_to_cpu(raw);
}

static inline u8 *gfake_block(struct gfake *t, u64 lba)
{
	return t->data + lba * t->reader.block_size;
}

static inline u8 *gfake_primary(struct gfake *t)
{
	return gfake_block(t, 1);
}

static inline u8 *gfake_alternate(struct gfake *t)
{
	return gfake_block(t, t->last_lba);
}

static inline u64 gfake_first_usable(const struct gfake *t)
{
	return 2 + t->array_blocks;
}

static inline u64 gfake_last_usable(const struct gfake *t)
{
	return t->last_lba - t->array_blocks - 1;
}

static inline u8 *gfake_primary_entry(struct gfake *t, u32 partition)
{
	return gfake_block(t, 2) + (partition - 1) * t->entry_size;
}

static inline u8 *gfake_alternate_entry(struct gfake *t, u32 partition)
{
	u8 *array = gfake_block(t, gfake_last_usable(t) + 1);

	return array + (partition - 1) * t->entry_size;
}

/* Reading the block @lba gives @error from now on, if that is not 0. */
static inline void gfake_fail_read(struct gfake *t, u64 lba, int error)
{
	t->fail_lba = lba;
	t->fail_error = error;
}

/* Disks; their memory is the test's */
struct gfake *gfake_alloc(struct kunit *test, u32 block_size, u64 blocks);
struct gfake *gfake_format(struct kunit *test, u32 block_size, u64 blocks,
			   u32 nr_entries, u32 entry_size);
struct gfake *gfake_disk(struct kunit *test);
struct gfake *gfake_two_labels(struct kunit *test);

/* What is on a disk */
void gfake_put_mbr(struct gfake *t, u8 type, u32 first);
u8 *gfake_add(struct gfake *t, u32 partition, const guid_t *type, u64 first,
	      u64 last);
void gfake_name(struct gfake *t, u32 partition, const u16 *units,
		unsigned int nr);
void gfake_seal_header(struct gfake *t, u8 *header);
void gfake_seal_table(struct gfake *t, u8 *header);
void gfake_seal(struct gfake *t);

/* Reading it */
int gfake_parse_type(struct gfake *t, const guid_t *type);
int gfake_parse(struct gfake *t);
void gfake_expect_uuid(struct gfake *t, const uuid_t *uuid, u8 last);
void gfake_expect_seen(struct gfake *t, unsigned int index, u32 partition,
		       u64 first, u64 last);
void gfake_expect_rejected(struct gfake *t, unsigned int index, u32 partition,
			   enum sluice_gpt_flaw flaw);

#endif /* SLUICE_GPT_FAKE_TEST_H */
