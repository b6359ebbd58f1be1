/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The format of a fuzzing input: a disk of any size. The input holds only its
 * first and last bytes; all other bytes are zero. All fields are little-endian.
 *
 *	offset	length
 *	0	1	flags, GPT_INPUT_*
 *	1	1	which allocation fails; 0 none, 1 the first
 *	2	1	which read fails; 0 none, 1 the first
 *	3	1	how that read fails, an index into gpt_input_errors[]
 *	4	4	bytes of the head; the remaining bytes are the tail
 *	8	8	size of the disk in bytes
 *	16		the head, then the tail, which ends with the last block
 */
#ifndef SLUICE_FUZZ_GPT_INPUT_H
#define SLUICE_FUZZ_GPT_INPUT_H

#define GPT_INPUT_HEADER	16
#define GPT_INPUT_4096		1	/* blocks of 4096 bytes, not 512 */

/**
 * struct gpt_input - a parsed input
 * @block_size: bytes of a logical block
 * @fail_alloc: number of the allocation that fails, or 0
 * @fail_read: number of the read that fails, or 0
 * @read_error: error that this read returns
 * @size: size of the disk in bytes
 * @blocks: whole blocks of the disk
 * @head: first bytes of the disk
 * @head_len: length of @head
 * @tail: last bytes of the disk
 * @tail_len: length of @tail
 */
struct gpt_input {
	unsigned int block_size;
	unsigned int fail_alloc;
	unsigned int fail_read;
	int read_error;
	u64 size;
	u64 blocks;
	u8 *head;
	size_t head_len;
	u8 *tail;
	size_t tail_len;
};

extern const int gpt_input_errors[8];

bool gpt_input_open(struct gpt_input *in, const u8 *data, size_t size);
void gpt_input_read(const struct gpt_input *in, u64 offset, void *buf,
		    size_t len);
u8 *gpt_input_at(const struct gpt_input *in, u64 offset, size_t len);

#endif /* SLUICE_FUZZ_GPT_INPUT_H */
