// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the GPT reader: which headers it refuses
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt_fake_test.h"

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
};

static const struct mutation larger_mutations[] = {
	{ "alternate behind the disk", H_ALTERNATE, 8, 64 },
	{ "alternate max", H_ALTERNATE, 8, U64_MAX },
};

static const struct mutation alternate_mutations[] = {
	{ "own LBA is primary", H_MY_LBA, 8, 1 },
	{ "alternate 0", H_ALTERNATE, 8, 0 },
	{ "alternate itself", H_ALTERNATE, 8, 63 },
};

/* With @header mutated, and sealed again, parsing must give @result. */
static void check_mutations(struct gfake *t, u8 *header,
			    const struct mutation *m, unsigned int nr,
			    int result)
{
	u8 saved[92];

	memcpy(saved, header, sizeof(saved));
	for (; nr--; m++) {
		if (m->width == 8)
			gfake_put64(header + m->offset, m->value);
		else
			gfake_put32(header + m->offset, m->value);
		gfake_seal_table(t, header);
		KUNIT_EXPECT_EQ_MSG(t->test, gfake_parse(t), result, "%s",
				    m->what);
		KUNIT_EXPECT_EQ_MSG(t->test, t->nr_seen, !result, "%s",
				    m->what);
		memcpy(header, saved, sizeof(saved));
	}
}

/* A bad primary makes the parser use the alternate, whatever is bad. */
static void primary_checks(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);

	check_mutations(t, gfake_primary(t), header_mutations,
			ARRAY_SIZE(header_mutations), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
	check_mutations(t, gfake_primary(t), primary_mutations,
			ARRAY_SIZE(primary_mutations), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");

	/* Of a larger disk: the last block was not the alternate's place. */
	check_mutations(t, gfake_primary(t), larger_mutations,
			ARRAY_SIZE(larger_mutations), -EINVAL);

	/* The same with nothing to fall back on. */
	gfake_alternate(t)[H_MY_LBA] ^= 1;
	check_mutations(t, gfake_primary(t), header_mutations,
			ARRAY_SIZE(header_mutations), -EINVAL);
	check_mutations(t, gfake_primary(t), primary_mutations,
			ARRAY_SIZE(primary_mutations), -EINVAL);

	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");
}

static void alternate_checks(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);

	memset(gfake_primary(t), 0, 512);
	check_mutations(t, gfake_alternate(t), header_mutations,
			ARRAY_SIZE(header_mutations), -EINVAL);
	check_mutations(t, gfake_alternate(t), alternate_mutations,
			ARRAY_SIZE(alternate_mutations), -EINVAL);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
}

/* Even where the alternate's array is not in the way of its usable range. */
static void last_block_is_never_usable(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);

	memset(gfake_primary(t), 0, 512);
	gfake_put64(gfake_alternate(t) + H_ARRAY, 2);
	gfake_put64(gfake_alternate(t) + H_LAST, t->last_lba - 1);
	gfake_seal_table(t, gfake_alternate(t));
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	gfake_put64(gfake_alternate(t) + H_LAST, t->last_lba);
	gfake_seal_table(t, gfake_alternate(t));
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
}

/* A header may be as long as its block; all of it is under the checksum. */
static void long_header(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);
	u8 *h = gfake_primary(t);

	gfake_put32(h + H_SIZE, 512);
	h[511] = 0x77;
	gfake_seal_header(t, h);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");
	h[511] = 0x76;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
}

static void entry_sizes(struct kunit *test)
{
	struct gfake *t;
	u32 size;

	for (size = 128; size <= 4096; size *= 2) {
		t = gfake_format(test, 512, 128, 4, size);
		gfake_add(t, 1, &gfake_slice, 50, 59);
		gfake_add(t, 3, &gfake_slice, 60, 69);
		gfake_add(t, 4, &gfake_slice, 70, 79);
		KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
		KUNIT_ASSERT_EQ(test, t->nr_seen, 3);
		gfake_expect_seen(t, 0, 1, 50, 59);
		gfake_expect_seen(t, 1, 3, 60, 69);
		gfake_expect_seen(t, 2, 4, 70, 79);
	}
}

/* Sizes that would fit, but are none. */
static void bad_entry_sizes(struct kunit *test)
{
	static const u32 bad[] = { 129, 136, 192, 256 + 128, 2560, 8192 };
	struct gfake *t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		t = gfake_format(test, 512, 128, 2, bad[i]);
		KUNIT_EXPECT_EQ_MSG(test, gfake_parse(t), -EINVAL, "%u",
				    bad[i]);
	}
}

static void most_entries(struct kunit *test)
{
	struct gfake *t;

	t = gfake_format(test, 512, 1024, SLUICE_GPT_ENTRIES_MAX, 128);
	gfake_add(t, 1, &gfake_slice, 300, 309);
	gfake_add(t, SLUICE_GPT_ENTRIES_MAX, &gfake_slice, 310, 319)[E_UNIQUE] = 0;
	gfake_seal(t);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_ASSERT_EQ(test, t->nr_seen, 2);
	gfake_expect_seen(t, 1, SLUICE_GPT_ENTRIES_MAX, 310, 319);

	t = gfake_format(test, 512, 1024, SLUICE_GPT_ENTRIES_MAX + 1, 128);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
}

static struct kunit_case gpt_header_cases[] = {
	KUNIT_CASE(primary_checks),
	KUNIT_CASE(alternate_checks),
	KUNIT_CASE(last_block_is_never_usable),
	KUNIT_CASE(long_header),
	KUNIT_CASE(entry_sizes),
	KUNIT_CASE(bad_entry_sizes),
	KUNIT_CASE(most_entries),
	{}
};

static struct kunit_suite gpt_header_suite = {
	.name = "sluice_gpt_header",
	.test_cases = gpt_header_cases,
};

kunit_test_suites(&gpt_header_suite);
