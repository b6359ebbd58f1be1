// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads fuzzing inputs as disks; gpt_input.h describes their format.
 */

#include "gpt_input.h"

const int gpt_input_errors[8] = {
	-EIO, -ENODATA, -EINVAL, -EMEDIUMTYPE, -ENODEV, -ETIMEDOUT, -EINTR, 1
};

static u64 get_le(const u8 *p, unsigned int bytes)
{
	u64 value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

/* Returns false if @data is too short to be an input. */
bool gpt_input_open(struct gpt_input *in, const u8 *data, size_t size)
{
	u64 head_len;

	if (size < GPT_INPUT_HEADER)
		return false;

	in->block_size = data[0] & GPT_INPUT_4096 ? 4096 : 512;
	in->fail_alloc = data[1];
	in->fail_read = data[2];
	in->read_error = gpt_input_errors[data[3] % 8];
	head_len = get_le(data + 4, 4);
	in->size = get_le(data + 8, 8);
	in->blocks = in->size / in->block_size;

	size -= GPT_INPUT_HEADER;
	in->head = (u8 *)data + GPT_INPUT_HEADER;
	in->head_len = head_len < size ? head_len : size;
	in->tail = in->head + in->head_len;
	in->tail_len = size - in->head_len;
	return true;
}

static u64 end_of_blocks(const struct gpt_input *in)
{
	return in->blocks * in->block_size;
}

/* Copies those of the @len bytes at @offset that @part, at @start, has. */
static void overlay(u8 *buf, u64 offset, size_t len, const u8 *part, u64 start,
		    size_t part_len)
{
	u64 from = offset > start ? offset : start;
	u64 to = shim_min(offset + len, start + part_len);

	if (from < to)
		memcpy(buf + (from - offset), part + (from - start), to - from);
}

void gpt_input_read(const struct gpt_input *in, u64 offset, void *buf,
		    size_t len)
{
	u64 end = end_of_blocks(in);
	size_t tail_len = shim_min(in->tail_len, end);

	assert(offset <= end && len <= end - offset);
	memset(buf, 0, len);
	overlay(buf, offset, len, in->tail + in->tail_len - tail_len,
		end - tail_len, tail_len);
	overlay(buf, offset, len, in->head, 0, shim_min(in->head_len, end));
}

/* Where the bytes at @offset are in the input; NULL if some are not. */
u8 *gpt_input_at(const struct gpt_input *in, u64 offset, size_t len)
{
	u64 end = end_of_blocks(in);

	if (offset > end || len > end - offset)
		return NULL;
	if (offset < in->head_len)
		return len <= in->head_len - offset ? in->head + offset : NULL;
	if (end - offset <= in->tail_len)
		return in->tail + in->tail_len - (end - offset);
	return NULL;
}
