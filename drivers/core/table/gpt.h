/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reader of GUID partition tables (UEFI 2.10, chapter 5)
 *
 * scan.c uses it, and so do the KUnit tests and the fuzz target.
 */
#ifndef SLUICE_GPT_H
#define SLUICE_GPT_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <uapi/linux/sluice.h>

/* A label has 36 UTF-16 units; each needs at most three bytes of UTF-8. */
#define SLUICE_GPT_NAME_LEN	(36 * 3 + 1)

/* No call of &sluice_gpt_reader.read asks for more bytes than this. */
#define SLUICE_GPT_READ_MAX	4096

/* A table with more entries is refused: slices need far fewer. */
#define SLUICE_GPT_ENTRIES_MAX	1024

/* SLUICE_SLICE_TYPE, the partition type of a slice */
#define SLUICE_GPT_TYPE_SLICE						\
	GUID_INIT(0xf36cff12, 0xa3fd, 0x460d,				\
		  0x82, 0xe4, 0x5d, 0x53, 0xd3, 0xd8, 0x1d, 0xc0)

/* Attribute of a slice in the pool, see SLUICE_SLICE_POOL_BIT. */
#define SLUICE_GPT_ATTR_POOL	BIT_ULL(SLUICE_SLICE_POOL_BIT)

/**
 * enum sluice_gpt_flaw - why an entry of a valid table is not used
 * @SLUICE_GPT_SOUND: nothing is wrong with the entry
 * @SLUICE_GPT_BAD_RANGE: the entry ends before it starts, or is not within the
 *	usable range
 * @SLUICE_GPT_NO_UUID: the unique GUID of the entry is all zeroes
 * @SLUICE_GPT_OVERLAP: the entry shares blocks with another entry of any type
 * @SLUICE_GPT_DUPLICATE: another entry of any type has the same unique GUID
 */
enum sluice_gpt_flaw {
	SLUICE_GPT_SOUND,
	SLUICE_GPT_BAD_RANGE,
	SLUICE_GPT_NO_UUID,
	SLUICE_GPT_OVERLAP,
	SLUICE_GPT_DUPLICATE,
};

struct sluice_gpt_entry;

/**
 * struct sluice_gpt_reader - the disk that holds the table
 * @read: reads @len bytes from @offset_bytes of the disk; 0 or a negative
 *	errno. Both are multiples of @block_size and lie within the disk; @len
 *	is at most SLUICE_GPT_READ_MAX and @buf comes from kmalloc()
 * @priv: passed to @read and @reject
 * @size_bytes: size of the disk
 * @block_size: bytes of a logical block, 512 or 4096
 * @reject: optional; called for each entry that matches the type filter but is
 *	not visited because of a flaw. The entry is valid only during the call
 */
struct sluice_gpt_reader {
	int (*read)(void *priv, u64 offset_bytes, void *buf, size_t len);
	void *priv;
	u64 size_bytes;
	unsigned int block_size;
	void (*reject)(void *priv, const struct sluice_gpt_entry *e,
		       enum sluice_gpt_flaw flaw);
};

/**
 * struct sluice_gpt_entry - one partition
 * @partition: its number, the first entry of the table is 1
 * @type: partition type, in the byte order of the table
 * @uuid: unique GUID in RFC 4122 byte order, prints as the PARTUUID
 * @start_bytes: offset of its first byte on the disk
 * @size_bytes: its size, 0 only for an entry that ends before it starts
 * @attributes: attribute bits as they are in the table
 * @name: label in valid UTF-8; control characters and invalid characters are
 *	replaced by U+FFFD
 */
struct sluice_gpt_entry {
	u32 partition;
	guid_t type;
	uuid_t uuid;
	u64 start_bytes;
	u64 size_bytes;
	u64 attributes;
	char name[SLUICE_GPT_NAME_LEN];
};

int sluice_gpt_parse(const struct sluice_gpt_reader *r,
		     const guid_t *type_filter,
		     int (*visit)(void *priv, const struct sluice_gpt_entry *e),
		     void *priv);
const char *sluice_gpt_flaw_text(enum sluice_gpt_flaw flaw);

#endif /* SLUICE_GPT_H */
