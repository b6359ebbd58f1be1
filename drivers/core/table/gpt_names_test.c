// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the GPT reader: partition names, UTF-16 on the disk,
 * UTF-8 in the kernel
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt_fake_test.h"

struct label {
	u16 units[36];
	const char *utf8;
};

#define REPLACED "\xef\xbf\xbd"

static const struct label labels[] = {
	{ { 0 }, "" },
	{ { 'a', 0, 'b' }, "a" },
	{ { ' ', '~' }, " ~" },
	{ { 'a', '\n', 'b', 0x1f, 0x7f }, "a" REPLACED "b" REPLACED REPLACED },
	{ { 0x80, 0x9f, 0xa0 }, REPLACED REPLACED "\xc2\xa0" },
	{ { 0xe9, 0x7ff, 0x800 }, "\xc3\xa9\xdf\xbf\xe0\xa0\x80" },
	{ { 0xd7ff, 0xe000, 0xffff }, "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf" },
	{ { 0xd800, 0xdc00 }, "\xf0\x90\x80\x80" },
	{ { 0xd83d, 0xde00, 'x' }, "\xf0\x9f\x98\x80x" },
	{ { 0xdbff, 0xdfff }, "\xf4\x8f\xbf\xbf" },
	{ { 0xd800 }, REPLACED },
	{ { 0xdc00, 'x' }, REPLACED "x" },
	{ { 0xdc00, 0xdc00 }, REPLACED REPLACED },
	{ { 0xd800, 'x' }, REPLACED "x" },
	{ { 0xd800, 0xe000 }, REPLACED "\xee\x80\x80" },
	{ { 0xdc00, 0xd800 }, REPLACED REPLACED },
	{ { 0xd800, 0xd800, 0xdc00 }, REPLACED "\xf0\x90\x80\x80" },
};

static void names(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);
	unsigned int i;

	gfake_add(t, 1, &gfake_slice, 20, 29);
	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		gfake_name(t, 1, labels[i].units, 36);
		KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
		KUNIT_ASSERT_EQ(test, t->nr_seen, 1);
		KUNIT_EXPECT_STREQ(test, t->seen[0].name, labels[i].utf8);
	}
}

/* All 36 units in use, so there is no end mark, and half a pair at the end. */
static void long_names(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);
	u16 units[36];
	unsigned int i;

	gfake_add(t, 1, &gfake_slice, 20, 29);
	for (i = 0; i < 36; i++)
		units[i] = 0x20ac;
	gfake_name(t, 1, units, 36);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, strlen(t->seen[0].name), SLUICE_GPT_NAME_LEN - 1);

	units[35] = 0xd800;
	gfake_name(t, 1, units, 36);
	/* What comes after the name is the next entry: here, half a pair. */
	gfake_put16(gfake_primary_entry(t, 2), 0xdc00);
	gfake_put64(gfake_primary_entry(t, 2) + E_FIRST, 1);
	gfake_seal(t);
	KUNIT_ASSERT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_EQ(test, strlen(t->seen[0].name), SLUICE_GPT_NAME_LEN - 1);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name + 35 * 3, REPLACED);
}

static struct kunit_case gpt_names_cases[] = {
	KUNIT_CASE(names),
	KUNIT_CASE(long_names),
	{}
};

static struct kunit_suite gpt_names_suite = {
	.name = "sluice_gpt_names",
	.test_cases = gpt_names_cases,
};

kunit_test_suites(&gpt_names_suite);
