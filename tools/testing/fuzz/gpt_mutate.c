// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutations that know the structure of a GPT. Most random changes would only
 * break a checksum, so most mutations end with repairing all checksums.
 */

#include "fuzzer.h"
#include "gpt_input.h"

/* A field of a header or an entry */
struct field {
	unsigned int offset;
	unsigned int bytes;
};

static const struct field header_fields[] = {
	{ 0, 8 }, { 8, 4 }, { 12, 4 }, { 24, 8 }, { 32, 8 }, { 40, 8 },
	{ 48, 8 }, { 72, 8 }, { 80, 4 }, { 84, 4 },
};

/* Start and end are listed twice, so they are chosen twice as often. */
static const struct field entry_fields[] = {
	{ 0, 8 }, { 16, 8 }, { 24, 8 }, { 32, 8 }, { 32, 8 }, { 40, 8 },
	{ 40, 8 }, { 48, 8 }, { 56, 2 }, { 58, 2 }, { 126, 2 },
};

static u64 state;

/* xorshift64*; the fuzzer provides the seed, so runs can be repeated. */
static u32 draw(u32 below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (u32)(state * 0x2545f4914f6cdd1dULL >> 32) % below;
}

static void put_le(u8 *p, u64 value, unsigned int bytes)
{
	for (; bytes--; value >>= 8)
		*p++ = value;
}

static u64 get_le(const u8 *p, unsigned int bytes)
{
	u64 value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static u8 *header_at(const struct gpt_input *in, u64 lba)
{
	if (lba >= in->blocks)
		return NULL;
	return gpt_input_at(in, lba * in->block_size, in->block_size);
}

static u8 *any_header(const struct gpt_input *in)
{
	u8 *primary = header_at(in, 1);
	u8 *alternate = in->blocks ? header_at(in, in->blocks - 1) : NULL;

	if (!alternate || (primary && draw(4)))
		return primary;
	return alternate;
}

/* Chooses an entry of the table of @header. */
static u8 *any_entry(const struct gpt_input *in, const u8 *header)
{
	u64 lba = get_le(header + 72, 8);
	u32 nr = get_le(header + 80, 4);
	u32 size = get_le(header + 84, 4);

	if (lba >= in->blocks || size < 128 || size > 4096 || !nr)
		return NULL;
	/* Only the first few entries are in use. */
	nr = draw(8) ? 8 : nr;
	return gpt_input_at(in, lba * in->block_size + (u64)draw(nr) * size,
			    128);
}

static u8 *any_entry_anywhere(const struct gpt_input *in)
{
	u8 *header = any_header(in);

	return header ? any_entry(in, header) : NULL;
}

/* Chooses a number at or near which the parser's behaviour changes. */
static u64 edge(const struct gpt_input *in)
{
	static const u64 edges[] = {
		0, 1, 2, 3, 34, 92, 128, 256, 512, 1024, 4096, 8192, 1ULL << 31,
		1ULL << 32, 1ULL << 52, 1ULL << 55, 1ULL << 63, ~0ULL
	};
	u8 *header = any_header(in);
	u8 *entry = header ? any_entry(in, header) : NULL;
	u64 value;

	switch (draw(entry ? 8 : header ? 4 : 3)) {
	case 0:
		value = edges[draw(ARRAY_SIZE(edges))];
		break;
	case 1:
		value = in->blocks;
		break;
	case 2:
		value = draw(65536);
		break;
	case 3:
		value = get_le(header + 40 + 8 * draw(2), 8);
		break;
	default:
		value = get_le(entry + 32 + 8 * draw(2), 8);
		break;
	}
	return draw(2) ? value : value + draw(5) - 2;
}

static void mutate_field(const struct gpt_input *in, u8 *p,
			 const struct field *fields, unsigned int nr)
{
	const struct field *f = &fields[draw(nr)];
	u64 value = get_le(p + f->offset, f->bytes);

	switch (draw(4)) {
	case 0:
		value ^= 1ULL << draw(8 * f->bytes);
		break;
	case 1:
		value += draw(9) - 4;
		break;
	default:
		value = edge(in);
		break;
	}
	put_le(p + f->offset, value, f->bytes);
}

/* UTF-16 units of all kinds; half of them are surrogates. */
static void mutate_name(u8 *entry)
{
	static const u16 units[] = {
		0, 1, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0x7ff, 0x800,
		0xd7ff, 0xe000, 0xfffd, 0xffff
	};
	unsigned int i, from = draw(36), to = from + 1 + draw(36 - from);

	for (i = from; i < to; i++) {
		u16 unit = units[draw(ARRAY_SIZE(units))];

		if (draw(2))
			unit = 0xd800 + draw(0x800);
		put_le(entry + 56 + 2 * i, unit, 2);
	}
}

static void copy_entry(const struct gpt_input *in)
{
	u8 *from = any_entry_anywhere(in), *to = any_entry_anywhere(in);

	if (!from || !to)
		return;
	if (draw(2))
		memmove(to, from, 128);
	else
		memmove(to + 16, from + 16, 16);
}

static void mutate_disk(const struct gpt_input *in, u8 *data)
{
	u8 *header = any_header(in);
	u8 *entry = header ? any_entry(in, header) : NULL;

	switch (draw(10)) {
	case 0:
	case 1:
		if (header)
			mutate_field(in, header, header_fields,
				     ARRAY_SIZE(header_fields));
		break;
	case 2:
		copy_entry(in);
		break;
	case 3:
		if (entry)
			mutate_name(entry);
		break;
	case 4:
		data[draw(4)] = draw(256);
		break;
	case 5:
		put_le(data + 8, draw(2) ? in->size + draw(8193) - 4096 :
		       edge(in) * in->block_size, 8);
		break;
	default:
		if (entry)
			mutate_field(in, entry, entry_fields,
				     ARRAY_SIZE(entry_fields));
		break;
	}
}

static void seal_array(const struct gpt_input *in, u8 *header)
{
	u64 lba = get_le(header + 72, 8);
	u32 nr = get_le(header + 80, 4), size = get_le(header + 84, 4);
	u64 left = (u64)nr * size, offset;
	u32 crc = ~0U, len;
	u8 buf[4096];

	if (nr > 2048 || size > 8192 || lba >= in->blocks)
		return;
	offset = lba * in->block_size;
	if (left > in->blocks * in->block_size - offset)
		return;
	for (; left; left -= len, offset += len) {
		len = min_t(u32, left, sizeof(buf));
		gpt_input_read(in, offset, buf, len);
		crc = crc32_le(crc, buf, len);
	}
	put_le(header + 88, ~crc, 4);
}

static void seal(const struct gpt_input *in, u8 *header)
{
	u32 len;

	if (!header)
		return;
	seal_array(in, header);
	len = get_le(header + 12, 4);
	if (len < 20 || len > in->block_size)
		return;
	put_le(header + 16, 0, 4);
	put_le(header + 16, ~crc32_le(~0U, header, len), 4);
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	struct gpt_input in;
	unsigned int i;

	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	if (!draw(8) || !gpt_input_open(&in, data, size))
		size = LLVMFuzzerMutate(data, size, max_size);
	else
		for (i = 0; i < 4 && (!i || draw(2)); i++)
			mutate_disk(&in, data);

	if (!draw(16) || !gpt_input_open(&in, data, size))
		return size;
	seal(&in, header_at(&in, 1));
	if (in.blocks)
		seal(&in, header_at(&in, in.blocks - 1));
	return size;
}
