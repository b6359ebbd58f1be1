// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second reader of GUID partition tables, for comparison with gpt.c. It works
 * differently on purpose: offsets instead of structures, 128-bit arithmetic
 * that cannot overflow, the whole array in memory, and a comparison of every
 * pair of entries. Its allocations and reads never fail.
 */

#include "gpt_model.h"

#define wide	unsigned __int128

static u64 le(const u8 *p, unsigned int bytes)
{
	u64 value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

/* The change of the checksum for four bits */
static u32 crc_of_nibble(u32 nibble)
{
	unsigned int bit;

	for (bit = 0; bit < 4; bit++)
		nibble = nibble >> 1 ^ (nibble & 1 ? 0xedb88320 : 0);
	return nibble;
}

static u32 crc(const u8 *p, size_t len)
{
	u32 value = ~0U, table[16], i;

	for (i = 0; i < 16; i++)
		table[i] = crc_of_nibble(i);
	while (len--) {
		value ^= *p++;
		value = value >> 4 ^ table[value & 15];
		value = value >> 4 ^ table[value & 15];
	}
	return ~value;
}

/* Do the ranges of blocks a to b and c to d, all inclusive, overlap? */
static bool meet(wide a, wide b, wide c, wide d)
{
	return a <= d && c <= b;
}

/*
 * Returns the array of a usable table, or NULL. Sets @trace if there is the
 * signature of a header, even of a damaged one, and @larger if there is the
 * primary header of a larger disk.
 */
static u8 *load(const struct gpt_input *in, u64 lba, bool *trace, bool *larger,
		u8 *header)
{
	wide end = in->blocks, first, last, array, blocks, other;
	u8 block[4096];
	u32 size, nr, len;
	u8 *entries;

	if (lba >= end)
		return NULL;
	gpt_input_read(in, lba * in->block_size, block, in->block_size);
	memcpy(header, block, 92);
	if (memcmp(header, "EFI PART", 8))
		return NULL;
	*trace = true;

	len = le(header + 12, 4);
	if (le(header + 8, 4) != 0x10000 || len < 92 || len > in->block_size)
		return NULL;
	memset(block + 16, 0, 4);
	if (crc(block, len) != le(header + 16, 4) || le(header + 24, 8) != lba)
		return NULL;

	other = le(header + 32, 8);
	if (lba == 1 && other >= end) {
		*larger = true;
		return NULL;
	}
	first = le(header + 40, 8);
	last = le(header + 48, 8);
	array = le(header + 72, 8);
	nr = le(header + 80, 4);
	size = le(header + 84, 4);

	if (!nr || nr > 1024)
		return NULL;
	for (len = 128; len != size; len *= 2)
		if (len == 4096)
			return NULL;
	blocks = ((wide)nr * size + in->block_size - 1) / in->block_size;

	if (first < 2 || last < first || last + 1 >= end)
		return NULL;
	if (lba == 1 && other < last + 1 + blocks)
		return NULL;
	if (lba != 1 && other != 1)
		return NULL;
	if (meet(array, array + blocks - 1, 0, 1) || array + blocks >= end ||
	    meet(array, array + blocks - 1, first, last))
		return NULL;

	entries = malloc(blocks * in->block_size);
	assert(entries);
	gpt_input_read(in, array * in->block_size, entries,
		       blocks * in->block_size);
	if (crc(entries, nr * size) == le(header + 88, 4))
		return entries;
	free(entries);
	return NULL;
}

static void take(struct gpt_model *model, const struct gpt_input *in,
		 const u8 *raw, u32 partition, const u8 *header)
{
	struct gpt_model_entry *e = &model->entries[model->nr];
	static const u8 zeroes[16];
	unsigned int i;

	if (!memcmp(raw, zeroes, 16))
		return;
	model->nr++;
	memset(e, 0, sizeof(*e));
	memcpy(e->raw, raw, sizeof(e->raw));
	e->entry.partition = partition;
	memcpy(&e->entry.type, raw, 16);
	for (i = 0; i < 4; i++)
		e->entry.uuid.b[i] = raw[16 + 3 - i];
	for (i = 0; i < 2; i++) {
		e->entry.uuid.b[4 + i] = raw[16 + 5 - i];
		e->entry.uuid.b[6 + i] = raw[16 + 7 - i];
	}
	memcpy(e->entry.uuid.b + 8, raw + 24, 8);
	e->first = le(raw + 32, 8);
	e->last = le(raw + 40, 8);
	e->entry.start_bytes = e->first * in->block_size;
	e->entry.size_bytes = (e->last - e->first + 1) * in->block_size;
	e->entry.attributes = le(raw + 48, 8);
	e->no_uuid = !memcmp(raw + 16, zeroes, 16);
	e->bad_range = e->last < e->first || e->first < le(header + 40, 8) ||
		       e->last > le(header + 48, 8);
}

static void compare_all(struct gpt_model *model)
{
	struct gpt_model_entry *a, *b, *end = model->entries + model->nr;

	for (a = model->entries; a < end; a++) {
		for (b = model->entries; b < end; b++) {
			if (a == b)
				continue;
			if (!memcmp(a->raw + 16, b->raw + 16, 16))
				a->duplicate = true;
			if (a->first <= a->last && b->first <= b->last &&
			    meet(a->first, a->last, b->first, b->last))
				a->overlap = true;
		}
	}
}

static bool boot_signature(const struct gpt_input *in, bool *protective)
{
	u8 block[4096];
	unsigned int i;

	*protective = false;
	gpt_input_read(in, 0, block, in->block_size);
	if (block[510] != 0x55 || block[511] != 0xaa)
		return false;
	for (i = 446; i < 510; i += 16)
		if (block[i + 4] == 0xee && le(block + i + 8, 4) == 1)
			*protective = true;
	return true;
}

void gpt_model_parse(struct gpt_model *model, const struct gpt_input *in)
{
	bool signature, protective, trace = false, larger = false;
	u8 *entries, header[92];
	u32 i;

	model->nr = 0;
	model->result = -ENODATA;
	if (!in->blocks)
		return;

	signature = boot_signature(in, &protective);
	entries = in->blocks > 2 ? load(in, 1, &trace, &larger, header) : NULL;
	if (!entries && !larger && in->blocks > 2)
		entries = load(in, in->blocks - 1, &trace, &larger, header);
	if (!entries || !protective) {
		if (trace || protective)
			model->result = -EINVAL;
		else if (signature)
			model->result = -EMEDIUMTYPE;
		free(entries);
		return;
	}

	for (i = 0; i < le(header + 80, 4); i++)
		take(model, in, entries + i * le(header + 84, 4), i + 1,
		     header);
	compare_all(model);
	free(entries);
	model->result = 0;
}

bool gpt_model_flawed(const struct gpt_model_entry *e)
{
	return e->bad_range || e->no_uuid || e->overlap || e->duplicate;
}
