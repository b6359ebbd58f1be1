// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of scanning: which entries of a table become slices
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "table/tfake_test.h"

/* The blocks of the slice in the page @nr that a slice can have, from 0 */
#define FIRST(nr)	(TFAKE_FIRST + (nr) * TFAKE_BLOCKS)
#define LAST(nr)	(FIRST(nr) + TFAKE_BLOCKS - 1)

static void expect_at(struct tfake *f, u8 uuid, unsigned int number, u64 first,
		      u64 last)
{
	const struct sluice_partition *part = tfake_slice(f, uuid);

	KUNIT_ASSERT_NOT_NULL(f->test, part);
	KUNIT_EXPECT_EQ(f->test, part->info.number, number);
	KUNIT_EXPECT_EQ(f->test, part->info.start, first * SECTOR_SIZE);
	KUNIT_EXPECT_EQ(f->test, part->info.size,
			(last - first + 1) * SECTOR_SIZE);
	KUNIT_EXPECT_EQ(f->test, part->slice.info.size, part->info.size);
}

static void expect_refusal(struct tfake *f, u8 uuid, const char *refusal)
{
	const struct sluice_partition *part = tfake_slice(f, uuid);

	KUNIT_ASSERT_NOT_NULL(f->test, part);
	KUNIT_EXPECT_STREQ(f->test, part->slice.refusal ?: "nothing", refusal);
}

static void set_state(struct tfake *f, u8 uuid, enum sluice_slice_state state)
{
	struct sluice_partition *part = tfake_slice(f, uuid);

	KUNIT_ASSERT_NOT_NULL(f->test, part);
	sluice_slice_set_state(&part->slice, state);
}

static void set_uuid(struct tfake *f, u32 number, u8 uuid)
{
	gfake_primary_entry(f->gpt, number)[E_UNIQUE + 15] = uuid;
	gfake_seal(f->gpt);
}

static void partitions_of_the_type_are_slices(struct kunit *test)
{
	static const u16 name[] = { 'w', 'e', 'b' };
	struct tfake *f = test->priv;

	KUNIT_EXPECT_EQ(test, tfake_count(f), 0);
	tfake_entry(f, 1, FIRST(0), LAST(0));
	gfake_name(f->gpt, 1, name, ARRAY_SIZE(name));
	gfake_add(f->gpt, 2, &gfake_other, FIRST(1), LAST(1));
	gfake_put64(tfake_entry(f, 5, FIRST(2), LAST(3)) + E_ATTRIBUTES,
		    SLUICE_GPT_ATTR_POOL | BIT_ULL(60));
	gfake_seal(f->gpt);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 2);
	expect_at(f, 1, 1, FIRST(0), LAST(0));
	expect_at(f, 5, 5, FIRST(2), LAST(3));
	KUNIT_EXPECT_STREQ(test, tfake_slice(f, 1)->slice.info.name, "web");
	KUNIT_EXPECT_FALSE(test, tfake_slice(f, 1)->slice.pool);
	KUNIT_EXPECT_TRUE(test, tfake_slice(f, 5)->slice.pool);
	expect_refusal(f, 1, "nothing");
	/* Nobody knows what a new slice holds */
	KUNIT_EXPECT_FALSE(test, tfake_slice(f, 5)->slice.clean);
	KUNIT_EXPECT_EQ(test, tfake_slice(f, 1)->slice.state, SLUICE_SLICE_FREE);
}

static void slices_are_whole_pages(struct kunit *test)
{
	struct tfake *f = test->priv;

	tfake_entry(f, 1, FIRST(0), LAST(0) + 1);
	tfake_entry(f, 2, LAST(0) + 2, LAST(1) + 3);
	tfake_entry(f, 3, FIRST(3), LAST(3) - 1);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	expect_at(f, 1, 1, FIRST(0), LAST(0));
	expect_refusal(f, 1, "nothing");
	expect_refusal(f, 2, "does not begin at a multiple of 4096 bytes: use sluicectl create");
	expect_refusal(f, 3, "is smaller than 4096 bytes: make it larger");
}

static void a_flawed_entry_says_why(struct kunit *test)
{
	struct tfake *f = test->priv;

	tfake_entry(f, 1, FIRST(0), LAST(1));
	tfake_entry(f, 2, FIRST(1), LAST(1));
	tfake_entry(f, 3, FIRST(2), LAST(2));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 3);
	expect_refusal(f, 1, sluice_gpt_flaw_text(SLUICE_GPT_OVERLAP));
	expect_refusal(f, 2, sluice_gpt_flaw_text(SLUICE_GPT_OVERLAP));
	expect_refusal(f, 3, "nothing");
	/* It counts more than what else may be wrong */
	tfake_entry(f, 2, FIRST(1) + 1, LAST(1));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	expect_refusal(f, 2, sluice_gpt_flaw_text(SLUICE_GPT_OVERLAP));
	tfake_entry(f, 1, FIRST(0), LAST(0));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	expect_refusal(f, 1, "nothing");
}

static void a_free_slice_follows_the_table(struct kunit *test)
{
	struct tfake *f = test->priv;
	struct sluice_partition *part;

	tfake_entry(f, 1, FIRST(0), LAST(0));
	tfake_entry(f, 2, FIRST(3), LAST(3));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	part = tfake_slice(f, 1);
	KUNIT_ASSERT_NOT_NULL(test, part);
	part->slice.clean = true;
	gfake_primary_entry(f->gpt, 1)[E_NAME] = 'x';
	gfake_put64(gfake_primary_entry(f->gpt, 1) + E_ATTRIBUTES,
		    SLUICE_GPT_ATTR_POOL);
	gfake_seal(f->gpt);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_PTR_EQ(test, tfake_slice(f, 1), part);
	KUNIT_EXPECT_STREQ(test, part->slice.info.name, "x");
	KUNIT_EXPECT_TRUE(test, part->slice.pool);
	KUNIT_EXPECT_TRUE(test, part->slice.clean);

	/* What it holds has changed with its place or its size */
	tfake_entry(f, 1, FIRST(0), LAST(1));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	expect_at(f, 1, 1, FIRST(0), LAST(1));
	KUNIT_EXPECT_FALSE(test, part->slice.clean);
	part->slice.clean = true;
	tfake_entry(f, 1, FIRST(1), LAST(2));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_PTR_EQ(test, tfake_slice(f, 1), part);
	expect_at(f, 1, 1, FIRST(1), LAST(2));
	KUNIT_EXPECT_FALSE(test, part->slice.clean);

	tfake_erase(f, 1);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_NULL(test, tfake_slice(f, 1));
	expect_at(f, 2, 2, FIRST(3), LAST(3));
}

static void a_slice_in_use_stays(struct kunit *test)
{
	static const enum sluice_slice_state uses[] = {
		SLUICE_SLICE_ATTACHED, SLUICE_SLICE_WIPING,
	};
	struct tfake *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		tfake_entry(f, 1, FIRST(0), LAST(0));
		KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
		set_state(f, 1, uses[i]);
		tfake_entry(f, 1, FIRST(1), LAST(2));
		KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
		expect_at(f, 1, 1, FIRST(0), LAST(0));
		tfake_erase(f, 1);
		KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
		expect_at(f, 1, 1, FIRST(0), LAST(0));
		KUNIT_EXPECT_EQ(test, tfake_slice(f, 1)->slice.state, uses[i]);
		set_state(f, 1, SLUICE_SLICE_FREE);
		KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
		KUNIT_EXPECT_NULL(test, tfake_slice(f, 1));
	}
}

static void a_slice_in_use_keeps_its_number(struct kunit *test)
{
	struct tfake *f = test->priv;

	tfake_entry(f, 1, FIRST(0), LAST(0));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	set_state(f, 1, SLUICE_SLICE_ATTACHED);
	/* The same UUID in another place of the table: the slice has no twin */
	tfake_erase(f, 1);
	tfake_entry(f, 7, FIRST(0), LAST(0));
	set_uuid(f, 7, 1);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 1);
	expect_at(f, 1, 1, FIRST(0), LAST(0));
	/* Another UUID with its number: both would have one name in sysfs */
	tfake_entry(f, 1, FIRST(1), LAST(1));
	set_uuid(f, 1, 9);
	tfake_entry(f, 2, FIRST(2), LAST(2));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_NULL(test, tfake_slice(f, 9));
	expect_at(f, 1, 1, FIRST(0), LAST(0));
	expect_at(f, 2, 2, FIRST(2), LAST(2));
	set_state(f, 1, SLUICE_SLICE_FREE);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 3);
	expect_at(f, 1, 7, FIRST(0), LAST(0));
	expect_at(f, 9, 1, FIRST(1), LAST(1));
}

static void a_damaged_table_has_no_slices(struct kunit *test)
{
	struct tfake *f = test->priv;

	tfake_entry(f, 1, FIRST(0), LAST(0));
	tfake_entry(f, 2, FIRST(1), LAST(1));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	set_state(f, 2, SLUICE_SLICE_ATTACHED);
	gfake_primary(f->gpt)[H_CRC]++;
	gfake_alternate(f->gpt)[H_CRC]++;
	KUNIT_EXPECT_EQ(test, tfake_scan(f), -EINVAL);
	KUNIT_EXPECT_NULL(test, tfake_slice(f, 1));
	expect_at(f, 2, 2, FIRST(1), LAST(1));
	set_state(f, 2, SLUICE_SLICE_FREE);
	gfake_seal(f->gpt);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 2);
}

static void what_cannot_be_read_changes_nothing(struct kunit *test)
{
	struct tfake *f = test->priv;

	tfake_entry(f, 1, FIRST(0), LAST(0));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	tfake_erase(f, 1);
	gfake_fail_read(f->gpt, 0, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), -ETIMEDOUT);
	expect_at(f, 1, 1, FIRST(0), LAST(0));
	gfake_fail_read(f->gpt, 0, 0);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 0);
}

static void a_disk_may_have_no_table(struct kunit *test)
{
	struct tfake *f = test->priv;

	tfake_entry(f, 1, FIRST(0), LAST(0));
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 1);
	/* Another table, and none */
	gfake_put_mbr(f->gpt, 0x83, 1);
	memset(gfake_primary(f->gpt), 0, SECTOR_SIZE);
	memset(gfake_alternate(f->gpt), 0, SECTOR_SIZE);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	KUNIT_EXPECT_EQ(test, tfake_count(f), 0);
	memset(f->gpt->data, 0, SECTOR_SIZE);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
	/* No medium: nothing is read */
	f->bdevs[0].bd_nr_sectors = 0;
	gfake_fail_read(f->gpt, 0, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, tfake_scan(f), 0);
}

static struct kunit_case scan_cases[] = {
	KUNIT_CASE(partitions_of_the_type_are_slices),
	KUNIT_CASE(slices_are_whole_pages),
	KUNIT_CASE(a_flawed_entry_says_why),
	KUNIT_CASE(a_free_slice_follows_the_table),
	KUNIT_CASE(a_slice_in_use_stays),
	KUNIT_CASE(a_slice_in_use_keeps_its_number),
	KUNIT_CASE(a_damaged_table_has_no_slices),
	KUNIT_CASE(what_cannot_be_read_changes_nothing),
	KUNIT_CASE(a_disk_may_have_no_table),
	{}
};

static struct kunit_suite scan_suite = {
	.name = "sluice_scan",
	.init = tfake_init,
	.exit = tfake_exit,
	.test_cases = scan_cases,
};

kunit_test_suite(scan_suite);
