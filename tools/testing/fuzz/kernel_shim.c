// SPDX-License-Identifier: GPL-2.0-only
/*
 * Implements kernel_shim.h. The checksum is a second implementation, so tables
 * that pass here and in the kernel also compare the two checksums.
 */

long shim_fail_alloc = -1;
size_t shim_allocated;
size_t shim_allocated_max;
unsigned int shim_live;

/* A header before each allocation; it keeps the alignment of malloc(). */
struct shim_block {
	size_t size;
	size_t padding;
};

u32 crc32_le(u32 crc, const unsigned char *p, size_t len)
{
	static u32 table[256];
	unsigned int i, bit;

	if (!table[1]) {
		for (i = 0; i < ARRAY_SIZE(table); i++) {
			table[i] = i;
			for (bit = 0; bit < 8; bit++)
				table[i] = table[i] >> 1 ^
					   (table[i] & 1 ? 0xedb88320 : 0);
		}
	}
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

void *shim_alloc(size_t n, size_t size, bool zero)
{
	struct shim_block *block;
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	if (shim_fail_alloc >= 0 && !shim_fail_alloc--)
		return NULL;

	block = malloc(sizeof(*block) + bytes);
	if (!block)
		abort();
	memset(block + 1, zero ? 0 : 0xa5, bytes);
	block->size = bytes;
	shim_live++;
	shim_allocated += bytes;
	if (shim_allocated > shim_allocated_max)
		shim_allocated_max = shim_allocated;
	return block + 1;
}

void shim_free(const void *p)
{
	struct shim_block *block = (struct shim_block *)p;

	if (!p)
		return;
	block--;
	shim_live--;
	shim_allocated -= block->size;
	free(block);
}
