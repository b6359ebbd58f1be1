// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of slices: finding them, counting them, what they show
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "inventory/ifake_test.h"

#define TWIN "has the UUID of another slice of the drive: change one (sgdisk -u)"

static void a_slice_is_found_by_its_uuid(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *first = ifake_add(f, 0, 1, false);
	struct ifake_slice *second = ifake_add(f, 0, 2, true);
	struct ifake_slice *other = ifake_add(f, 1, 3, false);

	KUNIT_EXPECT_PTR_EQ(test, ifake_find(f, 1), &first->slice);
	KUNIT_EXPECT_PTR_EQ(test, ifake_find(f, 2), &second->slice);
	KUNIT_EXPECT_PTR_EQ(test, ifake_find(f, 3), &other->slice);
	KUNIT_EXPECT_NULL(test, ifake_find(f, 4));
}

/* Wherever it stands: before the others, between them or behind them */
static void one_that_can_be_attached_is_preferred(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *s[3];
	unsigned int i, good;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = ifake_add(f, i / 2, 1, false);
		s[i]->slice.refusal = "is too small";
	}
	KUNIT_EXPECT_NOT_NULL(test, ifake_find(f, 1));
	for (good = 0; good < ARRAY_SIZE(s); good++) {
		ifake_refuse(s[good], NULL);
		KUNIT_EXPECT_PTR_EQ(test, ifake_find(f, 1), &s[good]->slice);
		ifake_refuse(s[good], "is too small");
	}
}

static void twins_are_refused(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *a = ifake_add(f, 0, 1, false);
	struct ifake_slice *other = ifake_add(f, 0, 2, false);
	struct ifake_slice *b;

	KUNIT_EXPECT_STREQ(test, ifake_show(a, "refusal"), "");
	KUNIT_EXPECT_STREQ(test, ifake_show(a, "state"), "free");
	/* On another disk, so in another provider */
	b = ifake_add(f, 1, 1, false);
	KUNIT_EXPECT_STREQ(test, ifake_show(a, "refusal"), TWIN);
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "refusal"), TWIN);
	KUNIT_EXPECT_STREQ(test, ifake_show(a, "state"), "refused");
	KUNIT_EXPECT_STREQ(test, ifake_show(other, "refusal"), "");
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 1);
	ifake_remove(a);
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "refusal"), "");
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 2);
}

/* What can never be attached takes no UUID from anybody. */
static void a_refused_slice_is_nobodys_twin(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *a = ifake_add(f, 0, 1, false);
	struct ifake_slice *b = ifake_add(f, 0, 1, false);

	ifake_refuse(b, "is too small");
	KUNIT_EXPECT_STREQ(test, ifake_show(a, "refusal"), "");
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "refusal"), "is too small");
	ifake_refuse(b, NULL);
	KUNIT_EXPECT_STREQ(test, ifake_show(a, "refusal"), TWIN);
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "refusal"), TWIN);
}

static void the_free_slices_are_counted(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *s = ifake_add(f, 0, 1, false);

	ifake_add(f, 1, 2, false);
	ifake_add(f, 1, 3, true);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 2);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, true), 1);

	sluice_slice_set_state(&s->slice, SLUICE_SLICE_ATTACHED);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 1);
	sluice_slice_set_state(&s->slice, SLUICE_SLICE_WIPING);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 1);
	sluice_slice_set_state(&s->slice, SLUICE_SLICE_FREE);
	/* The host uses it, or does not know it */
	s->check = -EBUSY;
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 1);
	s->check = -ENOENT;
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 1);
	s->check = 0;
	ifake_refuse(s, "is too small");
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 1);
	ifake_refuse(s, NULL);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 2);
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, true), 1);
}

/* What a slice does counts more than what is wrong with it. */
static void a_slice_has_one_state(struct kunit *test)
{
	struct ifake_slice *s = ifake_add(test->priv, 0, 1, false);

	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "free");
	s->check = -ENOENT;
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "free");
	s->check = -EBUSY;
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "busy");
	ifake_refuse(s, "is too small");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "refused");
	sluice_slice_set_state(&s->slice, SLUICE_SLICE_WIPING);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "wiping");
	sluice_slice_set_state(&s->slice, SLUICE_SLICE_ATTACHED);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "attached");
}

static void attach(struct ifake_slice *s, u8 mdev)
{
	const uuid_t uuid = ifake_uuid(mdev);

	sluice_slice_set_mdev(&s->slice, &uuid);
}

static u64 generation(struct ifake_slice *s)
{
	struct sluice_slice_info info;

	sluice_slice_get_info(&s->slice, &info);
	return info.generation;
}

static void each_attachment_has_a_number(struct kunit *test)
{
	struct ifake_slice *a = ifake_add(test->priv, 0, 1, false);
	struct ifake_slice *b = ifake_add(test->priv, 0, 2, false);
	struct sluice_slice_info info;
	u64 first;

	/* The provider cannot set it */
	KUNIT_EXPECT_EQ(test, generation(a), 0);
	attach(a, 1);
	first = generation(a);
	KUNIT_EXPECT_GT(test, first, 0);
	attach(b, 2);
	KUNIT_EXPECT_EQ(test, generation(b), first + 1);
	/* A detached slice keeps the number of its last attachment */
	sluice_slice_set_mdev(&a->slice, NULL);
	KUNIT_EXPECT_EQ(test, generation(a), first);
	sluice_slice_get_info(&a->slice, &info);
	info.generation = 5;
	mutex_lock(&a->slice.parent->lock);
	sluice_slice_update(&a->slice, &info, false);
	mutex_unlock(&a->slice.parent->lock);
	KUNIT_EXPECT_EQ(test, generation(a), first);
	attach(a, 3);
	KUNIT_EXPECT_EQ(test, generation(a), first + 2);
}

static void a_slice_shows_its_mdev(struct kunit *test)
{
	struct ifake_slice *s = ifake_add(test->priv, 0, 1, false);

	KUNIT_EXPECT_STREQ(test, ifake_show(s, "mdev"), "");
	attach(s, 7);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "mdev"),
			   "00112233-4455-6677-8899-aabbccddee07");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "uuid"),
			   "00112233-4455-6677-8899-aabbccddee01");
	sluice_slice_set_mdev(&s->slice, NULL);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "mdev"), "");
}

static void an_update_shows(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *s = ifake_add(f, 0, 1, false);
	const struct sluice_slice_info info = {
		.uuid = ifake_uuid(2),
		.name = "another label",
		.size = SZ_2M,
	};

	KUNIT_EXPECT_STREQ(test, ifake_show(s, "name"), "a label");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "size_bytes"), "1048576");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "pool"), "0");
	mutex_lock(&f->parent->lock);
	sluice_slice_update(&s->slice, &info, true);
	mutex_unlock(&f->parent->lock);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "uuid"),
			   "00112233-4455-6677-8899-aabbccddee02");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "name"), "another label");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "size_bytes"), "2097152");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "pool"), "1");
}

/* What the backend hears of a change, and what it sees meanwhile */
struct notified {
	struct sluice_parent parent;
	struct sluice_parent_ops ops;
	struct sluice_dev sdev;
	unsigned int nr;
	u64 told;
	u64 seen;
};

static void note_change(struct sluice_dev *sdev,
			const struct sluice_slice_info *info)
{
	struct notified *n = sdev->drvdata;

	n->nr++;
	n->told = info->size;
	n->seen = sdev->info.size;
}

static void the_attachment_hears_of_a_new_size(struct kunit *test)
{
	struct notified *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct ifake *f = test->priv;
	struct ifake_slice *s = ifake_add(f, 0, 1, false);
	struct sluice_slice_info info;

	KUNIT_ASSERT_NOT_NULL(test, n);
	n->ops.notify = note_change;
	n->parent.ops = &n->ops;
	n->sdev.parent = &n->parent;
	n->sdev.drvdata = n;
	sluice_slice_get_info(&s->slice, &n->sdev.info);
	sluice_claim_join(&s->slice, &n->sdev);
	KUNIT_EXPECT_EQ(test, n->nr, 0);

	sluice_slice_get_info(&s->slice, &info);
	info.size = SZ_4M;
	mutex_lock(&f->parent->lock);
	sluice_slice_update(&s->slice, &info, false);
	mutex_unlock(&f->parent->lock);
	KUNIT_EXPECT_EQ(test, n->nr, 1);
	KUNIT_EXPECT_EQ(test, n->told, SZ_4M);
	KUNIT_EXPECT_EQ(test, n->seen, SZ_1M);
	KUNIT_EXPECT_EQ(test, n->sdev.info.size, SZ_4M);

	sluice_claim_leave(&s->slice);
	info.size = SZ_8M;
	mutex_lock(&f->parent->lock);
	sluice_slice_update(&s->slice, &info, false);
	mutex_unlock(&f->parent->lock);
	KUNIT_EXPECT_EQ(test, n->nr, 1);
	KUNIT_EXPECT_EQ(test, n->sdev.info.size, SZ_4M);
	/* A change between reading the size and joining is reported, too */
	sluice_claim_join(&s->slice, &n->sdev);
	KUNIT_EXPECT_EQ(test, n->nr, 2);
	KUNIT_EXPECT_EQ(test, n->sdev.info.size, SZ_8M);
	sluice_claim_leave(&s->slice);
}

static void a_removed_slice_has_gone(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *s = ifake_add(f, 0, 1, false);
	struct ifake_slice *other = ifake_add(f, 0, 2, false);

	get_device(&s->slice.dev);
	ifake_remove(s);
	KUNIT_EXPECT_STREQ(test, s->calls, "G");
	KUNIT_EXPECT_NULL(test, ifake_find(f, 1));
	KUNIT_EXPECT_EQ(test, sluice_slice_nr_free(f->parent, false), 1);
	/* The provider may have gone, too */
	s->check = -EBUSY;
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "free");
	KUNIT_EXPECT_EQ(test, f->freed, 0);
	put_device(&s->slice.dev);
	KUNIT_EXPECT_EQ(test, f->freed, 1);
	KUNIT_EXPECT_STREQ(test, other->calls, "");
	KUNIT_EXPECT_PTR_EQ(test, ifake_find(f, 2), &other->slice);
}

static void a_provider_leaves_with_its_slices(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *twin;

	ifake_add(f, 0, 1, false);
	ifake_add(f, 0, 2, false);
	twin = ifake_add(f, 1, 1, false);
	KUNIT_EXPECT_STREQ(test, ifake_show(twin, "refusal"), TWIN);
	sluice_provider_del(&f->providers[0]);
	KUNIT_EXPECT_EQ(test, f->freed, 2);
	KUNIT_EXPECT_PTR_EQ(test, ifake_find(f, 1), &twin->slice);
	KUNIT_EXPECT_STREQ(test, ifake_show(twin, "refusal"), "");
	KUNIT_EXPECT_NULL(test, ifake_find(f, 2));
	/* It is not asked any more, and may say goodbye twice */
	f->enumerations = 0;
	KUNIT_EXPECT_EQ(test, sluice_inventory_enumerate(f->parent), 0);
	KUNIT_EXPECT_EQ(test, f->enumerations, 1);
	sluice_provider_del(&f->providers[0]);
}

static int resize(struct sluice_slice *slice, u64 size)
{
	struct ifake *f = sluice_parent_drvdata(slice->parent);

	f->resized = size;
	return size == SZ_8M ? -ENOSPC : 0;
}

static ssize_t write_size(struct ifake_slice *s, const char *text)
{
	struct device_attribute *size = ifake_attribute(s, "size_bytes");

	return size->store(&s->slice.dev, size, text, strlen(text));
}

static umode_t size_mode(struct ifake_slice *s)
{
	struct device_attribute *size = ifake_attribute(s, "size_bytes");

	return s->slice.groups[0]->is_visible(&s->slice.dev.kobj, &size->attr,
					      0);
}

static void the_provider_changes_the_size(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *s = ifake_add(f, 0, 1, false);

	KUNIT_EXPECT_EQ(test, size_mode(s), 0444);
	f->provider_ops.resize = resize;
	KUNIT_EXPECT_EQ(test, size_mode(s), 0644);
	KUNIT_EXPECT_EQ(test, write_size(s, "0x200000\n"), 9);
	KUNIT_EXPECT_EQ(test, f->resized, SZ_2M);
	KUNIT_EXPECT_EQ(test, write_size(s, "8388608\n"), -ENOSPC);
	f->resized = 0;
	KUNIT_EXPECT_EQ(test, write_size(s, "large\n"), -EINVAL);
	KUNIT_EXPECT_EQ(test, write_size(s, "-1\n"), -EINVAL);
	get_device(&s->slice.dev);
	ifake_remove(s);
	KUNIT_EXPECT_EQ(test, write_size(s, "4096\n"), -ENODEV);
	put_device(&s->slice.dev);
	KUNIT_EXPECT_EQ(test, f->resized, 0);
}

static struct kunit_case slice_cases[] = {
	KUNIT_CASE(a_slice_is_found_by_its_uuid),
	KUNIT_CASE(one_that_can_be_attached_is_preferred),
	KUNIT_CASE(twins_are_refused),
	KUNIT_CASE(a_refused_slice_is_nobodys_twin),
	KUNIT_CASE(the_free_slices_are_counted),
	KUNIT_CASE(a_slice_has_one_state),
	KUNIT_CASE(each_attachment_has_a_number),
	KUNIT_CASE(a_slice_shows_its_mdev),
	KUNIT_CASE(an_update_shows),
	KUNIT_CASE(the_attachment_hears_of_a_new_size),
	KUNIT_CASE(a_removed_slice_has_gone),
	KUNIT_CASE(a_provider_leaves_with_its_slices),
	KUNIT_CASE(the_provider_changes_the_size),
	{}
};

static struct kunit_suite slice_suite = {
	.name = "sluice_slice",
	.init = ifake_init,
	.exit = ifake_exit,
	.test_cases = slice_cases,
};

kunit_test_suite(slice_suite);
