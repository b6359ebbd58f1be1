// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of claims: which slice an mdev gets
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "inventory/ifake_test.h"

static struct sluice_slice *claim(struct ifake *f, unsigned int type, u8 mdev)
{
	const uuid_t uuid = ifake_uuid(mdev);

	return sluice_claim(f->parent, &f->types[type], &uuid);
}

/* The errno of a claim that fails; 0 for a claim, which is cancelled */
static int claim_error(struct ifake *f, unsigned int type, u8 mdev)
{
	struct sluice_slice *slice = claim(f, type, mdev);

	if (IS_ERR(slice))
		return PTR_ERR(slice);
	sluice_claim_cancel(slice);
	return 0;
}

static enum sluice_slice_state state(struct ifake_slice *s)
{
	return sluice_slice_get_state(&s->slice);
}

static void the_uuid_names_the_slice(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *a = ifake_add(f, 0, 1, false);
	struct ifake_slice *b = ifake_add(f, 1, 2, false);

	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_NAMED, 2), &b->slice);
	KUNIT_EXPECT_STREQ(test, b->calls, "CP");
	KUNIT_EXPECT_STREQ(test, a->calls, "");
	KUNIT_EXPECT_EQ(test, state(b), SLUICE_SLICE_ATTACHED);
	KUNIT_EXPECT_EQ(test, state(a), SLUICE_SLICE_FREE);
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "mdev"),
			   "00112233-4455-6677-8899-aabbccddee02");
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_NAMED, 2), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_NAMED, 3), -ENOENT);
	KUNIT_EXPECT_STREQ(test, b->calls, "CP");
	sluice_claim_release(&b->slice);
	KUNIT_EXPECT_STREQ(test, b->calls, "CPR");
	KUNIT_EXPECT_EQ(test, state(b), SLUICE_SLICE_FREE);
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "mdev"), "");
}

/* available_instances counts each slice for one kind of types. */
static void a_type_has_its_slices(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *named = ifake_add(f, 0, 1, false);
	struct ifake_slice *pool = ifake_add(f, 0, 2, true);

	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_NAMED, 2), -EINVAL);
	KUNIT_EXPECT_STREQ(test, named->calls, "");
	KUNIT_EXPECT_STREQ(test, pool->calls, "");
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_NAMED, 1), 0);
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 2), 0);
	/* Cancelled: no guest has had them */
	KUNIT_EXPECT_STREQ(test, named->calls, "CPr");
	KUNIT_EXPECT_STREQ(test, pool->calls, "CPr");
}

static void the_pool_serves_any_uuid(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *named = ifake_add(f, 0, 1, false);
	struct ifake_slice *dirty = ifake_add(f, 0, 2, true);
	struct ifake_slice *unfit = ifake_add(f, 0, 3, true);
	struct ifake_slice *clean = ifake_add(f, 1, 4, true);

	clean->slice.clean = true;
	unfit->slice.clean = true;
	unfit->slice.unfit = true;
	/* First what needs no wipe, and last what could not be prepared */
	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_POOL, 11), &clean->slice);
	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_POOL, 12), &dirty->slice);
	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_POOL, 13), &unfit->slice);
	KUNIT_EXPECT_FALSE(test, unfit->slice.unfit);
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 14), -ENOSPC);
	KUNIT_EXPECT_STREQ(test, named->calls, "");
	KUNIT_EXPECT_STREQ(test, ifake_show(dirty, "mdev"),
			   "00112233-4455-6677-8899-aabbccddee0c");
	sluice_claim_release(&clean->slice);
	sluice_claim_release(&dirty->slice);
	sluice_claim_release(&unfit->slice);
}

static void what_cannot_be_claimed_is_left(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *used = ifake_add(f, 0, 1, true);
	struct ifake_slice *wiping = ifake_add(f, 0, 2, true);
	struct ifake_slice *refused = ifake_add(f, 0, 3, true);
	struct ifake_slice *good = ifake_add(f, 0, 4, true);

	used->claim = -EBUSY;
	sluice_slice_set_state(&wiping->slice, SLUICE_SLICE_WIPING);
	ifake_refuse(refused, "is too small");
	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_POOL, 11), &good->slice);
	KUNIT_EXPECT_STREQ(test, used->calls, "C");
	KUNIT_EXPECT_EQ(test, state(used), SLUICE_SLICE_FREE);
	KUNIT_EXPECT_STREQ(test, wiping->calls, "");
	KUNIT_EXPECT_STREQ(test, refused->calls, "");
	/* By their own UUIDs, too */
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 1), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 2), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 3), -EINVAL);
	sluice_slice_set_state(&wiping->slice, SLUICE_SLICE_FREE);
	sluice_claim_release(&good->slice);
}

static void a_slice_that_changes_is_looked_for_again(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *s = ifake_add(f, 0, 1, false);

	s->claim = -EAGAIN;
	f->enumerations = 0;
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_NAMED, 1), -EBUSY);
	KUNIT_EXPECT_STREQ(test, s->calls, "CCC");
	KUNIT_EXPECT_EQ(test, f->enumerations, 3 * IFAKE_PROVIDERS);
	KUNIT_EXPECT_EQ(test, state(s), SLUICE_SLICE_FREE);
}

/* Each slice of the pool is tried once. */
static void one_that_cannot_be_prepared_is_left(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *a = ifake_add(f, 0, 1, true);
	struct ifake_slice *b = ifake_add(f, 0, 2, true);

	a->prepare = -EREMOTEIO;
	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_POOL, 11), &b->slice);
	KUNIT_EXPECT_STREQ(test, a->calls, "CPr");
	KUNIT_EXPECT_EQ(test, state(a), SLUICE_SLICE_FREE);
	KUNIT_EXPECT_TRUE(test, a->slice.unfit);
	sluice_claim_cancel(&b->slice);

	b->prepare = -EBUSY;
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 12), -EIO);
	KUNIT_EXPECT_STREQ(test, b->calls, "CPrCPr");
	KUNIT_EXPECT_STREQ(test, a->calls, "CPrCPr");
	KUNIT_EXPECT_TRUE(test, b->slice.unfit);
}

/* Who asks for a slice gets this one or none; who is killed gets none. */
static void no_other_is_taken_instead(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *a = ifake_add(f, 0, 1, true);
	struct ifake_slice *b = ifake_add(f, 0, 2, true);

	a->prepare = -EBUSY;
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 1), -EBUSY);
	KUNIT_EXPECT_STREQ(test, a->calls, "CPr");
	KUNIT_EXPECT_STREQ(test, b->calls, "");
	a->slice.unfit = false;
	a->prepare = -EINTR;
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 11), -EINTR);
	KUNIT_EXPECT_STREQ(test, a->calls, "CPrCPr");
	KUNIT_EXPECT_STREQ(test, b->calls, "");
	KUNIT_EXPECT_FALSE(test, a->slice.unfit);
}

static void a_wipe_ends_the_claim_later(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *s = ifake_add(f, 0, 1, true);

	s->wipe = true;
	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_POOL, 11), &s->slice);
	sluice_claim_release(&s->slice);
	KUNIT_EXPECT_STREQ(test, s->calls, "CPRW");
	KUNIT_EXPECT_EQ(test, state(s), SLUICE_SLICE_WIPING);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "mdev"), "");
	KUNIT_EXPECT_EQ(test, claim_error(f, IFAKE_POOL, 12), -ENOSPC);
	sluice_slice_wiped(&s->slice);
	KUNIT_EXPECT_EQ(test, state(s), SLUICE_SLICE_FREE);
}

/* A claim keeps the slice's memory, however the claim ends. */
static void a_claimed_slice_is_kept(struct kunit *test)
{
	struct ifake *f = test->priv;
	struct ifake_slice *a = ifake_add(f, 0, 1, false);
	struct ifake_slice *b = ifake_add(f, 0, 2, false);

	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_NAMED, 1), &a->slice);
	KUNIT_EXPECT_PTR_EQ(test, claim(f, IFAKE_NAMED, 2), &b->slice);
	ifake_remove(a);
	ifake_remove(b);
	KUNIT_EXPECT_EQ(test, f->freed, 0);
	KUNIT_EXPECT_STREQ(test, a->calls, "CPG");
	sluice_claim_release(&a->slice);
	KUNIT_EXPECT_EQ(test, f->freed, 1);
	sluice_claim_cancel(&b->slice);
	KUNIT_EXPECT_EQ(test, f->freed, 2);
}

static struct kunit_case claim_cases[] = {
	KUNIT_CASE(the_uuid_names_the_slice),
	KUNIT_CASE(a_type_has_its_slices),
	KUNIT_CASE(the_pool_serves_any_uuid),
	KUNIT_CASE(what_cannot_be_claimed_is_left),
	KUNIT_CASE(a_slice_that_changes_is_looked_for_again),
	KUNIT_CASE(one_that_cannot_be_prepared_is_left),
	KUNIT_CASE(no_other_is_taken_instead),
	KUNIT_CASE(a_wipe_ends_the_claim_later),
	KUNIT_CASE(a_claimed_slice_is_kept),
	{}
};

static struct kunit_suite claim_suite = {
	.name = "sluice_claim",
	.init = ifake_init,
	.exit = ifake_exit,
	.test_cases = claim_cases,
};

kunit_test_suite(claim_suite);
