// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of GUID partition tables (UEFI 2.10, chapter 5)
 *
 * scan.c calls sluice_gpt_parse().
 *
 *	LBA 0			protective MBR
 *	LBA 1			primary header
 *	LBA 2...		array of entries of the primary header
 *	...			the blocks that entries may use
 *	...			array of entries of the alternate header
 *	last LBA		alternate header
 *
 * The table says which blocks a guest may touch, and a guest may have written
 * the table. So the code trusts nothing in it: all sizes have limits, every
 * block is read once, and a value is checked before its use. The code keeps no
 * state and calls nothing but the reader and the visitor; the fuzz target in
 * tools/testing/fuzz builds the same file.
 *
 * A damaged table is refused as a whole. In a valid table, a wrong entry is
 * reported and not visited, and the others are: one slice's error is no reason
 * to remove its neighbours. Entries that overlap or have equal GUIDs are all
 * wrong, whatever their type, because nobody knows which one is meant.
 */

#include <linux/build_bug.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "table/gpt.h"

#define GPT_MBR_RECORDS		4
#define GPT_MBR_SIGNATURE	0xaa55
#define GPT_MBR_TYPE_GPT	0xee

#define GPT_PRIMARY_LBA		1
#define GPT_ARRAY_LBA_MIN	2
#define GPT_SIGNATURE		0x5452415020494645ULL	/* "EFI PART" */
#define GPT_REVISION		0x00010000
#define GPT_HEADER_LEN		92
#define GPT_ENTRY_LEN		128
#define GPT_NAME_UNITS		36

#define GPT_REPLACEMENT_CHAR	0xfffd

struct gpt_mbr_record {
	u8 status;
	u8 first_chs[3];
	u8 type;
	u8 last_chs[3];
	__le32 first_lba;
	__le32 nr_blocks;
} __packed;

struct gpt_mbr {
	u8 code[446];
	struct gpt_mbr_record records[GPT_MBR_RECORDS];
	__le16 signature;
} __packed;

struct gpt_header {
	__le64 signature;
	__le32 revision;
	__le32 header_size;
	__le32 header_crc;
	__le32 reserved;
	__le64 my_lba;
	__le64 alternate_lba;
	__le64 first_usable;
	__le64 last_usable;
	u8 disk_guid[16];
	__le64 array_lba;
	__le32 nr_entries;
	__le32 entry_size;
	__le32 array_crc;
} __packed;

struct gpt_raw_entry {
	guid_t type;
	guid_t unique;
	__le64 first_lba;
	__le64 last_lba;
	__le64 attributes;
	__le16 name[GPT_NAME_UNITS];
} __packed;

static_assert(sizeof(struct gpt_mbr) == 512);
static_assert(sizeof(struct gpt_header) == GPT_HEADER_LEN);
static_assert(sizeof(struct gpt_raw_entry) == GPT_ENTRY_LEN);

enum gpt_mbr_kind {
	GPT_MBR_NONE,		/* no boot signature */
	GPT_MBR_OTHER,		/* an MBR table or a boot sector */
	GPT_MBR_PROTECTIVE,	/* announces a GPT */
};

/*
 * An entry in use. @first and @last are from the raw entry, in host byte order.
 */
struct gpt_slot {
	struct gpt_raw_entry raw;
	u32 partition;
	u64 first;
	u64 last;
	enum sluice_gpt_flaw flaw;
};

/*
 * One run of the parser. @buf holds the last blocks read. The members from
 * @alternate_lba on describe the current table; @slots are the entries in use,
 * in the order of the table, and @sorted points to each of them.
 */
struct gpt_scan {
	const struct sluice_gpt_reader *reader;
	unsigned int block_shift;
	u64 last_lba;
	void *buf;

	u64 alternate_lba;
	u64 first_usable;
	u64 last_usable;
	u64 array_lba;
	u32 nr_entries;
	u32 entry_size;
	u32 array_crc;

	struct gpt_slot *slots;
	struct gpt_slot **sorted;
	u32 nr_slots;
};

/*
 * The block layer returns ENODATA for a medium error. That must not look like a
 * disk without a table, so the results about the content never come from the
 * reader: they become -EIO.
 */
static int sluice_gpt_read(struct gpt_scan *scan, u64 lba, size_t len)
{
	const struct sluice_gpt_reader *r = scan->reader;
	int ret;

	ret = r->read(r->priv, lba << scan->block_shift, scan->buf, len);
	if (ret > 0 || ret == -ENODATA || ret == -EINVAL ||
	    ret == -EMEDIUMTYPE || ret == -ERANGE)
		return -EIO;
	return ret;
}

static int sluice_gpt_read_block(struct gpt_scan *scan, u64 lba)
{
	return sluice_gpt_read(scan, lba, 1U << scan->block_shift);
}

/*
 * The protective record must start at LBA 1, as in the kernel's own scan; other
 * records beside it (a hybrid MBR) do no harm here.
 */
static int sluice_gpt_read_mbr(struct gpt_scan *scan, enum gpt_mbr_kind *kind)
{
	const struct gpt_mbr *mbr = scan->buf;
	unsigned int i;
	int ret;

	ret = sluice_gpt_read_block(scan, 0);
	if (ret)
		return ret;

	*kind = GPT_MBR_NONE;
	if (le16_to_cpu(mbr->signature) != GPT_MBR_SIGNATURE)
		return 0;

	*kind = GPT_MBR_OTHER;
	for (i = 0; i < GPT_MBR_RECORDS; i++) {
		if (mbr->records[i].type == GPT_MBR_TYPE_GPT &&
		    le32_to_cpu(mbr->records[i].first_lba) == GPT_PRIMARY_LBA)
			*kind = GPT_MBR_PROTECTIVE;
	}
	return 0;
}

static bool sluice_gpt_header_crc_ok(struct gpt_header *h, u32 header_size)
{
	u32 want = le32_to_cpu(h->header_crc);

	h->header_crc = 0;
	return (crc32_le(~0U, (void *)h, header_size) ^ ~0U) == want;
}

/* Whether @h is undamaged and belongs at the LBA where it was found. */
static bool sluice_gpt_header_intact(const struct gpt_scan *scan,
				     struct gpt_header *h, u64 lba)
{
	u32 header_size = le32_to_cpu(h->header_size);

	return le32_to_cpu(h->revision) == GPT_REVISION &&
	       header_size >= GPT_HEADER_LEN &&
	       header_size <= 1U << scan->block_shift &&
	       sluice_gpt_header_crc_ok(h, header_size) &&
	       le64_to_cpu(h->my_lba) == lba;
}

/*
 * No entry may reach the last block: a guest that can write there could forge
 * an alternate header.
 */
static bool sluice_gpt_usable_ok(const struct gpt_scan *scan, u64 lba)
{
	if (scan->first_usable < GPT_ARRAY_LBA_MIN ||
	    scan->first_usable > scan->last_usable ||
	    scan->last_usable >= scan->last_lba)
		return false;
	if (lba != GPT_PRIMARY_LBA)
		return scan->alternate_lba == GPT_PRIMARY_LBA;
	return scan->alternate_lba > scan->last_usable;
}

static bool sluice_gpt_entry_size_ok(const struct gpt_scan *scan)
{
	return scan->nr_entries && scan->nr_entries <= SLUICE_GPT_ENTRIES_MAX &&
	       scan->entry_size >= GPT_ENTRY_LEN &&
	       scan->entry_size <= SLUICE_GPT_READ_MAX &&
	       is_power_of_2(scan->entry_size);
}

/*
 * The array must lie between the headers and outside the usable range, and that
 * range must leave room for the array of the alternate header. The primary's
 * @alternate_lba need not be the last block: the disk may have grown.
 */
static bool sluice_gpt_array_ok(const struct gpt_scan *scan, u64 lba)
{
	u32 blocks = DIV_ROUND_UP(scan->nr_entries * scan->entry_size,
				  1U << scan->block_shift);
	u64 last;

	if (scan->array_lba < GPT_ARRAY_LBA_MIN ||
	    scan->array_lba >= scan->last_lba ||
	    blocks > scan->last_lba - scan->array_lba)
		return false;
	if (lba == GPT_PRIMARY_LBA &&
	    blocks >= scan->alternate_lba - scan->last_usable)
		return false;

	last = scan->array_lba + blocks - 1;
	return last < scan->first_usable || scan->array_lba > scan->last_usable;
}

/*
 * Returns 0, -ENODATA if there is no header at @lba, -EINVAL if the header
 * there cannot be used, -ERANGE if it is that of a larger disk, or an error of
 * the reader.
 */
static int sluice_gpt_load_header(struct gpt_scan *scan, u64 lba)
{
	struct gpt_header *h = scan->buf;
	int ret;

	ret = sluice_gpt_read_block(scan, lba);
	if (ret)
		return ret;
	if (le64_to_cpu(h->signature) != GPT_SIGNATURE)
		return -ENODATA;
	if (!sluice_gpt_header_intact(scan, h, lba))
		return -EINVAL;

	scan->alternate_lba = le64_to_cpu(h->alternate_lba);
	scan->first_usable = le64_to_cpu(h->first_usable);
	scan->last_usable = le64_to_cpu(h->last_usable);
	scan->array_lba = le64_to_cpu(h->array_lba);
	scan->nr_entries = le32_to_cpu(h->nr_entries);
	scan->entry_size = le32_to_cpu(h->entry_size);
	scan->array_crc = le32_to_cpu(h->array_crc);

	if (lba == GPT_PRIMARY_LBA && scan->alternate_lba > scan->last_lba)
		return -ERANGE;
	if (!sluice_gpt_usable_ok(scan, lba) ||
	    !sluice_gpt_entry_size_ok(scan) || !sluice_gpt_array_ok(scan, lba))
		return -EINVAL;
	return 0;
}

static void sluice_gpt_free_slots(struct gpt_scan *scan)
{
	kvfree(scan->sorted);
	kvfree(scan->slots);
	scan->sorted = NULL;
	scan->slots = NULL;
	scan->nr_slots = 0;
}

static int sluice_gpt_alloc_slots(struct gpt_scan *scan)
{
	scan->slots = kvcalloc(scan->nr_entries, sizeof(*scan->slots),
			       GFP_KERNEL);
	scan->sorted = kvcalloc(scan->nr_entries, sizeof(*scan->sorted),
				GFP_KERNEL);
	if (scan->slots && scan->sorted)
		return 0;
	sluice_gpt_free_slots(scan);
	return -ENOMEM;
}

static enum sluice_gpt_flaw sluice_gpt_check_slot(const struct gpt_scan *scan,
						  const struct gpt_slot *slot)
{
	if (slot->first > slot->last || slot->first < scan->first_usable ||
	    slot->last > scan->last_usable)
		return SLUICE_GPT_BAD_RANGE;
	if (guid_is_null(&slot->raw.unique))
		return SLUICE_GPT_NO_UUID;
	return SLUICE_GPT_SOUND;
}

/* Store entry @index, at @raw in the buffer, if it is in use. */
static void sluice_gpt_take_entry(struct gpt_scan *scan, u32 index,
				  const void *raw)
{
	struct gpt_slot *slot = &scan->slots[scan->nr_slots];

	memcpy(&slot->raw, raw, sizeof(slot->raw));
	if (guid_is_null(&slot->raw.type))
		return;

	slot->partition = index + 1;
	slot->first = le64_to_cpu(slot->raw.first_lba);
	slot->last = le64_to_cpu(slot->raw.last_lba);
	slot->flaw = sluice_gpt_check_slot(scan, slot);
	scan->sorted[scan->nr_slots++] = slot;
}

/*
 * Read the array in pieces. No entry crosses a piece, because the size of an
 * entry divides the size of a piece.
 */
static int sluice_gpt_read_array(struct gpt_scan *scan)
{
	u32 bytes = scan->nr_entries * scan->entry_size;
	u32 crc = ~0U, index = 0, off, len, pos;
	int ret;

	for (off = 0; off < bytes; off += SLUICE_GPT_READ_MAX) {
		len = min_t(u32, bytes - off, SLUICE_GPT_READ_MAX);
		ret = sluice_gpt_read(scan,
				      scan->array_lba + (off >> scan->block_shift),
				      round_up(len, 1U << scan->block_shift));
		if (ret)
			return ret;
		crc = crc32_le(crc, scan->buf, len);
		for (pos = 0; pos < len; pos += scan->entry_size)
			sluice_gpt_take_entry(scan, index++, scan->buf + pos);
	}
	return (crc ^ ~0U) == scan->array_crc ? 0 : -EINVAL;
}

/* Load the table with the header at @lba; errors: sluice_gpt_load_header(). */
static int sluice_gpt_load_table(struct gpt_scan *scan, u64 lba)
{
	int ret;

	ret = sluice_gpt_load_header(scan, lba);
	if (ret)
		return ret;
	ret = sluice_gpt_alloc_slots(scan);
	if (ret)
		return ret;
	ret = sluice_gpt_read_array(scan);
	if (ret)
		sluice_gpt_free_slots(scan);
	return ret;
}

/*
 * The alternate table may be older than the primary. So it is used only if the
 * primary is missing, wrong or unreadable, not if reading the primary failed
 * for a temporary reason. If the disk has become smaller, what is its last block
 * now may be a guest's, and with it what looks like an alternate table.
 */
static int sluice_gpt_load(struct gpt_scan *scan)
{
	int primary, alternate;

	primary = sluice_gpt_load_table(scan, GPT_PRIMARY_LBA);
	if (primary == -ERANGE)
		return -EINVAL;
	if (primary != -ENODATA && primary != -EINVAL && primary != -EIO)
		return primary;

	alternate = sluice_gpt_load_table(scan, scan->last_lba);
	if (alternate != -ENODATA && alternate != -EINVAL)
		return alternate;
	if (primary == -EIO)
		return primary;
	return primary == -EINVAL ? primary : alternate;
}

/*
 * Without a protective MBR the kernel sees no GPT, and Sluice must not either.
 * But if other parts of a GPT exist, the MBR is probably damaged. Calling such
 * a disk empty would give it away as one slice, with the data of all its
 * slices.
 */
static int sluice_gpt_find(struct gpt_scan *scan)
{
	enum gpt_mbr_kind mbr;
	int ret;

	ret = sluice_gpt_read_mbr(scan, &mbr);
	if (ret)
		return ret;

	ret = scan->last_lba > GPT_PRIMARY_LBA ? sluice_gpt_load(scan) :
						 -ENODATA;
	if (ret == -ENODATA && mbr == GPT_MBR_OTHER)
		return -EMEDIUMTYPE;
	if (ret == -ENODATA && mbr == GPT_MBR_PROTECTIVE)
		return -EINVAL;
	if (!ret && mbr != GPT_MBR_PROTECTIVE)
		return -EINVAL;
	return ret;
}

static void sluice_gpt_mark(struct gpt_slot *slot, enum sluice_gpt_flaw flaw)
{
	if (slot->flaw == SLUICE_GPT_SOUND)
		slot->flaw = flaw;
}

static int sluice_gpt_cmp_first(const void *a, const void *b)
{
	const struct gpt_slot *x = *(const struct gpt_slot * const *)a;
	const struct gpt_slot *y = *(const struct gpt_slot * const *)b;

	if (x->first == y->first)
		return 0;
	return x->first < y->first ? -1 : 1;
}

/*
 * In the order of their starts, an entry that overlaps any later entry also
 * overlaps the next one. So it is enough to compare each entry with the next
 * one and with the furthest end so far. Entries that end before they start have
 * no blocks and are skipped; entries outside the usable range are not.
 */
static void sluice_gpt_mark_overlaps(struct gpt_scan *scan)
{
	struct gpt_slot *slot, *furthest = NULL, *previous = NULL;
	u32 i;

	sort(scan->sorted, scan->nr_slots, sizeof(*scan->sorted),
	     sluice_gpt_cmp_first, NULL);

	for (i = 0; i < scan->nr_slots; i++) {
		slot = scan->sorted[i];
		if (slot->first > slot->last)
			continue;
		if (previous && slot->first <= previous->last)
			sluice_gpt_mark(previous, SLUICE_GPT_OVERLAP);
		if (furthest && slot->first <= furthest->last)
			sluice_gpt_mark(slot, SLUICE_GPT_OVERLAP);
		if (!furthest || slot->last > furthest->last)
			furthest = slot;
		previous = slot;
	}
}

static int sluice_gpt_cmp_unique(const void *a, const void *b)
{
	const struct gpt_slot *x = *(const struct gpt_slot * const *)a;
	const struct gpt_slot *y = *(const struct gpt_slot * const *)b;

	return memcmp(&x->raw.unique, &y->raw.unique, sizeof(x->raw.unique));
}

static void sluice_gpt_mark_duplicates(struct gpt_scan *scan)
{
	u32 i;

	sort(scan->sorted, scan->nr_slots, sizeof(*scan->sorted),
	     sluice_gpt_cmp_unique, NULL);

	for (i = 1; i < scan->nr_slots; i++) {
		if (sluice_gpt_cmp_unique(&scan->sorted[i - 1],
					  &scan->sorted[i]))
			continue;
		sluice_gpt_mark(scan->sorted[i - 1], SLUICE_GPT_DUPLICATE);
		sluice_gpt_mark(scan->sorted[i], SLUICE_GPT_DUPLICATE);
	}
}

/* The first three fields of a GUID are in little-endian order. */
static void sluice_gpt_guid_to_uuid(uuid_t *uuid, const guid_t *guid)
{
	static const u8 order[16] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
	};
	unsigned int i;

	for (i = 0; i < sizeof(order); i++)
		uuid->b[i] = guid->b[order[i]];
}

static bool sluice_gpt_is_control(u32 c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static char *sluice_gpt_put_utf8(char *p, u32 c)
{
	if (c < 0x80) {
		*p++ = c;
		return p;
	}
	if (c < 0x800) {
		*p++ = 0xc0 | c >> 6;
	} else {
		if (c < 0x10000) {
			*p++ = 0xe0 | c >> 12;
		} else {
			*p++ = 0xf0 | c >> 18;
			*p++ = 0x80 | (c >> 12 & 0x3f);
		}
		*p++ = 0x80 | (c >> 6 & 0x3f);
	}
	*p++ = 0x80 | (c & 0x3f);
	return p;
}

static bool sluice_gpt_is_surrogate(u32 c)
{
	return c >= 0xd800 && c <= 0xdfff;
}

/* Get the character at @name[*i]; sets *i to the last unit of the character. */
static u32 sluice_gpt_get_utf16(const __le16 *name, unsigned int *i)
{
	u32 c = le16_to_cpu(name[*i]);
	u32 low;

	if (!sluice_gpt_is_surrogate(c))
		return sluice_gpt_is_control(c) ? GPT_REPLACEMENT_CHAR : c;
	if (c >= 0xdc00 || *i + 1 == GPT_NAME_UNITS)
		return GPT_REPLACEMENT_CHAR;

	low = le16_to_cpu(name[*i + 1]);
	if (low < 0xdc00 || low > 0xdfff)
		return GPT_REPLACEMENT_CHAR;
	(*i)++;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static void sluice_gpt_copy_name(char *p, const struct gpt_raw_entry *raw)
{
	__le16 name[GPT_NAME_UNITS];
	unsigned int i;

	memcpy(name, raw->name, sizeof(name));
	for (i = 0; i < GPT_NAME_UNITS && name[i]; i++)
		p = sluice_gpt_put_utf8(p, sluice_gpt_get_utf16(name, &i));
	*p = '\0';
}

static void sluice_gpt_fill_entry(const struct gpt_scan *scan,
				  const struct gpt_slot *slot,
				  struct sluice_gpt_entry *e)
{
	memset(e, 0, sizeof(*e));
	e->partition = slot->partition;
	e->type = slot->raw.type;
	sluice_gpt_guid_to_uuid(&e->uuid, &slot->raw.unique);
	e->start_bytes = slot->first << scan->block_shift;
	if (slot->first <= slot->last)
		e->size_bytes = (slot->last - slot->first + 1) <<
				scan->block_shift;
	e->attributes = le64_to_cpu(slot->raw.attributes);
	sluice_gpt_copy_name(e->name, &slot->raw);
}

static int sluice_gpt_visit_slots(const struct gpt_scan *scan,
				  const guid_t *type_filter,
				  int (*visit)(void *priv, const struct sluice_gpt_entry *e),
				  void *priv)
{
	const struct sluice_gpt_reader *r = scan->reader;
	const struct gpt_slot *slot;
	struct sluice_gpt_entry e;
	int ret;

	for (slot = scan->slots; slot < scan->slots + scan->nr_slots; slot++) {
		if (type_filter && !guid_equal(&slot->raw.type, type_filter))
			continue;
		sluice_gpt_fill_entry(scan, slot, &e);
		if (slot->flaw != SLUICE_GPT_SOUND) {
			if (r->reject)
				r->reject(r->priv, &e, slot->flaw);
			continue;
		}
		ret = visit(priv, &e);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * sluice_gpt_parse() - visit the partitions of a disk
 * @r: the disk
 * @type_filter: the type to visit, in the byte order of the table; NULL visits
 *	all types
 * @visit: called for each entry without a flaw, in the order of the table; the
 *	entry is valid only during the call. A return value other than 0 ends
 *	the visit
 * @priv: passed to @visit
 *
 * Uses the primary table if it is valid, otherwise the table in the last block.
 * Entries with a flaw are not visited but reported to @r->reject.
 *
 * SLUICE_GPT_ENTRIES_MAX limits the memory and the number of reads.
 *
 * Return:
 * * 0 - the table is valid and the visitor has seen all its entries;
 * * -ENODATA - there is no partition table: neither the signature of an MBR nor
 *   that of a GPT;
 * * -EMEDIUMTYPE - there is an MBR table or a boot sector, and no GPT;
 * * -EINVAL - there is a GPT, or an MBR that announces one, but it cannot be
 *   trusted: both tables are damaged or beyond Sluice's limits, or the
 *   protective MBR is missing;
 * * -EOPNOTSUPP - the block size is neither 512 nor 4096 bytes;
 * * -ENOMEM, or an error of the reader; -EIO replaces any of its errors that
 *   could be confused with the first three;
 * * what @visit returned, if that was not 0.
 */
int sluice_gpt_parse(const struct sluice_gpt_reader *r,
		     const guid_t *type_filter,
		     int (*visit)(void *priv, const struct sluice_gpt_entry *e),
		     void *priv)
{
	struct gpt_scan scan = { .reader = r };
	int ret;

	if (r->block_size != 512 && r->block_size != 4096)
		return -EOPNOTSUPP;
	scan.block_shift = ilog2(r->block_size);
	if (!(r->size_bytes >> scan.block_shift))
		return -ENODATA;
	scan.last_lba = (r->size_bytes >> scan.block_shift) - 1;

	scan.buf = kmalloc(SLUICE_GPT_READ_MAX, GFP_KERNEL);
	if (!scan.buf)
		return -ENOMEM;

	ret = sluice_gpt_find(&scan);
	if (!ret) {
		sluice_gpt_mark_overlaps(&scan);
		sluice_gpt_mark_duplicates(&scan);
		ret = sluice_gpt_visit_slots(&scan, type_filter, visit, priv);
	}
	sluice_gpt_free_slots(&scan);
	kfree(scan.buf);
	return ret;
}

/**
 * sluice_gpt_flaw_text() - say what is wrong with an entry, and what helps
 * @flaw: the flaw
 *
 * Return: words that complete "the partition ..."
 */
const char *sluice_gpt_flaw_text(enum sluice_gpt_flaw flaw)
{
	switch (flaw) {
	case SLUICE_GPT_SOUND:
		return "has no flaw";
	case SLUICE_GPT_BAD_RANGE:
		return "is not within the usable blocks of the table: delete it";
	case SLUICE_GPT_NO_UUID:
		return "has no unique GUID: give it one (sgdisk -u)";
	case SLUICE_GPT_OVERLAP:
		return "overlaps another partition: delete one of the two";
	case SLUICE_GPT_DUPLICATE:
		return "has the unique GUID of another partition: change one (sgdisk -u)";
	}
	return "has an unknown flaw";
}
