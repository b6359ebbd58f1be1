/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the kernel that drivers/core/table/gpt.c and its KUnit suite
 * need, so that both compile unchanged in user space. The compiler includes
 * this file first; the Makefile creates empty files for the missing kernel
 * headers.
 */
#ifndef SLUICE_FUZZ_KERNEL_SHIM_H
#define SLUICE_FUZZ_KERNEL_SHIM_H

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>
#include <linux/uuid.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
/* In the kernel u64 is printed with %llu on all machines; so it is here. */
typedef __u64 u64;

struct shim_uuid {
	__u8 b[16];
};

#define uuid_t		struct shim_uuid
#define gfp_t		unsigned int
#define GFP_KERNEL	0

#define U32_MAX		UINT32_MAX
#define U64_MAX		UINT64_MAX
#define BIT_ULL(nr)	(1ULL << (nr))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	shim_div_round_up(n, d)
#define round_up(n, to)		shim_round_up(n, to)
#define min_t(type, a, b)	((type)shim_min(a, b))

#define cpu_to_le16	htole16
#define cpu_to_le32	htole32
#define cpu_to_le64	htole64
#define le16_to_cpu	le16toh
#define le32_to_cpu	le32toh
#define le64_to_cpu	le64toh

static inline u64 shim_div_round_up(u64 n, u64 d)
{
	return n / d + !!(n % d);
}

static inline u64 shim_round_up(u64 n, u64 to)
{
	return shim_div_round_up(n, to) * to;
}

static inline u64 shim_min(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline int ilog2(u32 n)
{
	return 31 - __builtin_clz(n);
}

static inline bool guid_equal(const guid_t *a, const guid_t *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool guid_is_null(const guid_t *guid)
{
	static const guid_t null;

	return guid_equal(guid, &null);
}

static inline bool uuid_equal(const uuid_t *a, const uuid_t *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline void sort(void *base, size_t num, size_t size,
			int (*cmp)(const void *a, const void *b), void *swap)
{
	assert(!swap);
	if (num)
		qsort(base, num, size, cmp);
}

u32 crc32_le(u32 crc, const unsigned char *p, size_t len);

/*
 * Counts allocations and lets one of them fail: @shim_fail_alloc is how many
 * succeed before the failing one; negative means that none fails.
 */
extern long shim_fail_alloc;
extern size_t shim_allocated;
extern size_t shim_allocated_max;
extern unsigned int shim_live;

void *shim_alloc(size_t n, size_t size, bool zero);
void shim_free(const void *p);

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	assert(gfp == GFP_KERNEL);
	return shim_alloc(1, size, false);
}

static inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	assert(gfp == GFP_KERNEL);
	return shim_alloc(n, size, true);
}

#define kfree(p)		shim_free(p)
#define kvfree(p)		shim_free(p)

#endif /* SLUICE_FUZZ_KERNEL_SHIM_H */
