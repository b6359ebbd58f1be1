// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the GPT reader: when it uses the alternate table, and
 * when neither: wrong checksums, a disk of another size, unreadable blocks
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "table/gpt_fake_test.h"

/* The alternate is not looked at while the primary is good. */
static void primary_wins(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);

	memset(gfake_alternate(t), 0xff, 512);
	t->fail_lba = t->last_lba;
	t->fail_error = -EIO;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");
}

static void checksums(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);
	unsigned int i;

	/* Reserved fields and the disk's GUID are covered as well. */
	for (i = 8; i < 92; i++) {
		gfake_primary(t)[i] ^= 0x10;
		KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
		KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
		gfake_primary(t)[i] ^= 0x10;
	}

	/* The last byte of the array counts, the one behind it does not. */
	gfake_primary_entry(t, 1)[32 * 128 - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
	gfake_primary_entry(t, 1)[32 * 128 - 1] ^= 1;
	gfake_primary_entry(t, 1)[32 * 128] ^= 1;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "p");

	gfake_alternate_entry(t, 1)[0] ^= 1;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	gfake_primary_entry(t, 1)[0] ^= 1;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);
}

/* On a disk that grew, the old alternate is not in the last block. */
static void grown_disk(struct kunit *test)
{
	struct gfake *t = gfake_format(test, 512, GFAKE_BLOCKS, 32, 128);
	u8 *data = kunit_kzalloc(test, 2 * GFAKE_BLOCKS * 512, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, data);
	gfake_add(t, 1, &gfake_slice, 10, 54);
	memcpy(data, t->data, GFAKE_BLOCKS * 512);
	t->data = data;
	t->reader.size_bytes *= 2;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	gfake_expect_seen(t, 0, 1, 10, 54);
	gfake_primary(t)[0] = 0;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
}

static void shrunk_disk(struct kunit *test)
{
	struct gfake *t = gfake_disk(test);

	t->reader.size_bytes -= 512;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	t->reader.size_bytes += 511;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	t->reader.size_bytes++;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
}

/* The last block of the smaller disk was a slice's: its guest wrote a table. */
static void shrunk_into_a_slice(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);
	u8 *forged = gfake_block(t, 50);

	memcpy(forged, gfake_alternate(t), 512);
	memcpy(gfake_block(t, 20), gfake_alternate_entry(t, 1), 8 * 512);
	gfake_put64(forged + H_MY_LBA, 50);
	gfake_put64(forged + H_ARRAY, 20);
	gfake_put64(forged + H_FIRST, 30);
	gfake_put64(forged + H_LAST, 49);
	gfake_seal_table(t, forged);
	t->reader.size_bytes = 51 * 512;
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EINVAL);
	/* It would do, if there were no primary. */
	memset(gfake_primary(t), 0, 512);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
}

static void read_errors(struct kunit *test)
{
	struct gfake *t = gfake_two_labels(test);

	gfake_fail_read(t, 0, -EIO);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EIO);
	gfake_fail_read(t, 0, -ENODEV);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -ENODEV);

	/* An unreadable primary, header or array, is what the other is for. */
	gfake_fail_read(t, 1, -EIO);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");
	gfake_fail_read(t, 9, -EIO);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), 0);
	KUNIT_EXPECT_STREQ(test, t->seen[0].name, "a");

	/* An error that may pass is no reason to use an older table. */
	gfake_fail_read(t, 1, -ENODEV);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -ENODEV);
	gfake_fail_read(t, 9, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -ETIMEDOUT);

	memset(gfake_primary(t), 0, 512);
	gfake_fail_read(t, t->last_lba, -EIO);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -EIO);
	gfake_fail_read(t, gfake_last_usable(t) + 1, -ENODEV);
	KUNIT_EXPECT_EQ(test, gfake_parse(t), -ENODEV);
	KUNIT_EXPECT_EQ(test, t->nr_seen, 0);
}

/* No error of the reader may look like a verdict on the content. */
static void read_errors_are_no_verdict(struct kunit *test)
{
	static const int errors[] = { -ENODATA, -EINVAL, -EMEDIUMTYPE, 1 };
	struct gfake *t = gfake_alloc(test, 512, GFAKE_BLOCKS);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		gfake_fail_read(t, 0, errors[i]);
		KUNIT_EXPECT_EQ(test, gfake_parse(t), -EIO);
		gfake_fail_read(t, 1, errors[i]);
		KUNIT_EXPECT_EQ(test, gfake_parse(t), -EIO);
		gfake_fail_read(t, GFAKE_BLOCKS - 1, errors[i]);
		KUNIT_EXPECT_EQ(test, gfake_parse(t), -EIO);
	}
}

static struct kunit_case gpt_backup_cases[] = {
	KUNIT_CASE(primary_wins),
	KUNIT_CASE(checksums),
	KUNIT_CASE(grown_disk),
	KUNIT_CASE(shrunk_disk),
	KUNIT_CASE(shrunk_into_a_slice),
	KUNIT_CASE(read_errors),
	KUNIT_CASE(read_errors_are_no_verdict),
	{}
};

static struct kunit_suite gpt_backup_suite = {
	.name = "sluice_gpt_backup",
	.test_cases = gpt_backup_cases,
};

kunit_test_suites(&gpt_backup_suite);
