// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a parent without hardware, for the KUnit tests of the core
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "inventory/ifake_test.h"

static struct ifake_slice *ifake_to_slice(struct sluice_slice *slice)
{
	return container_of(slice, struct ifake_slice, slice);
}

/* What the providers do */

static void ifake_called(struct sluice_slice *slice, char what)
{
	struct ifake_slice *s = ifake_to_slice(slice);
	size_t len = strlen(s->calls);

	if (len < sizeof(s->calls) - 1)
		s->calls[len] = what;
}

static int ifake_enumerate(struct sluice_provider *provider)
{
	struct ifake *f = sluice_parent_drvdata(provider->parent);

	f->enumerations++;
	return 0;
}

static int ifake_claim(struct sluice_slice *slice, const char **why)
{
	ifake_called(slice, 'C');
	return ifake_to_slice(slice)->claim;
}

static int ifake_prepare(struct sluice_slice *slice)
{
	ifake_called(slice, 'P');
	return ifake_to_slice(slice)->prepare;
}

static bool ifake_release(struct sluice_slice *slice, bool used)
{
	ifake_called(slice, used ? 'R' : 'r');
	return ifake_to_slice(slice)->wipe;
}

static void ifake_wipe(struct sluice_slice *slice)
{
	ifake_called(slice, 'W');
}

static int ifake_check(struct sluice_slice *slice)
{
	return ifake_to_slice(slice)->check;
}

static void ifake_gone(struct sluice_slice *slice)
{
	ifake_called(slice, 'G');
}

static void ifake_free(struct sluice_slice *slice)
{
	struct ifake_slice *s = ifake_to_slice(slice);

	s->fake->freed++;
	kfree(s);
}

static const struct sluice_provider_ops ifake_provider_ops = {
	.enumerate = ifake_enumerate,
	.claim = ifake_claim,
	.prepare = ifake_prepare,
	.release = ifake_release,
	.wipe = ifake_wipe,
	.check = ifake_check,
	.gone = ifake_gone,
	.free = ifake_free,
};

/* What the backend does: no guest is made here, unless a test adds more. */

static int ifake_attach(struct sluice_dev *sdev, struct sluice_function *fn)
{
	return -EOPNOTSUPP;
}

static void ifake_nothing(struct sluice_dev *sdev)
{
}

static int ifake_open(struct sluice_dev *sdev)
{
	return -EOPNOTSUPP;
}

static const struct sluice_parent_ops ifake_parent_ops = {
	.owner = THIS_MODULE,
	.attach = ifake_attach,
	.detach = ifake_nothing,
	.open = ifake_open,
	.close = ifake_nothing,
	.reset = ifake_nothing,
};

static void ifake_fill(struct ifake *f)
{
	f->parent_ops = ifake_parent_ops;
	f->provider_ops = ifake_provider_ops;
	f->types[IFAKE_NAMED] = (struct sluice_type) {
		.mdev.sysfs_name = "named",
		.mdev.pretty_name = "a slice",
		.description = "the slice with this UUID",
	};
	f->types[IFAKE_POOL] = (struct sluice_type) {
		.mdev.sysfs_name = "pool",
		.mdev.pretty_name = "any slice",
		.description = "a slice of the pool",
		.pool = true,
	};
}

/* The .init of a suite: test->priv is the parent, which has no slices yet. */
int ifake_init(struct kunit *test)
{
	struct ifake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct sluice_type *types[IFAKE_TYPES];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->test = test;
	ifake_fill(f);
	for (i = 0; i < IFAKE_TYPES; i++)
		types[i] = &f->types[i];
	f->dev = root_device_register("sluice_kunit");
	KUNIT_ASSERT_FALSE(test, IS_ERR(f->dev));
	f->parent = sluice_parent_register(f->dev, &f->parent_ops, types,
					   IFAKE_TYPES, f);
	if (IS_ERR(f->parent)) {
		root_device_unregister(f->dev);
		return PTR_ERR(f->parent);
	}
	test->priv = f;
	for (i = 0; i < IFAKE_PROVIDERS; i++) {
		sluice_provider_init(&f->providers[i], f->parent,
				     &f->provider_ops);
		KUNIT_EXPECT_EQ(test, sluice_provider_add(&f->providers[i]), 0);
	}
	return 0;
}

/* The .exit of a suite */
void ifake_exit(struct kunit *test)
{
	struct ifake *f = test->priv;

	if (!f)
		return;
	sluice_parent_unregister(f->parent);
	root_device_unregister(f->dev);
}

/* 00112233-4455-6677-8899-aabbccddeeXX */
uuid_t ifake_uuid(u8 last)
{
	return UUID_INIT(0x00112233, 0x4455, 0x6677, 0x88, 0x99, 0xaa, 0xbb,
			 0xcc, 0xdd, 0xee, last);
}

/* Add a free slice that can be attached. */
struct ifake_slice *ifake_add(struct ifake *f, unsigned int provider, u8 uuid,
			      bool pool)
{
	struct ifake_slice *s = kzalloc(sizeof(*s), GFP_KERNEL);
	const struct sluice_slice_info info = {
		.uuid = ifake_uuid(uuid),
		.name = "a label",
		.size = SZ_1M,
		.generation = 99,
	};
	static unsigned int number;

	KUNIT_ASSERT_NOT_NULL(f->test, s);
	s->fake = f;
	mutex_lock(&f->parent->lock);
	sluice_slice_init(&s->slice, &f->providers[provider], &info, pool);
	KUNIT_EXPECT_EQ(f->test, dev_set_name(&s->slice.dev, "sluice_kunit%u",
					      number++), 0);
	KUNIT_EXPECT_EQ(f->test, sluice_slice_add(&s->slice), 0);
	mutex_unlock(&f->parent->lock);
	sluice_provider_changed(&f->providers[provider]);
	return s;
}

/* Forget a slice, as an enumeration does that does not find it. */
void ifake_remove(struct ifake_slice *s)
{
	struct sluice_provider *provider = s->slice.provider;
	struct sluice_parent *parent = s->slice.parent;

	mutex_lock(&parent->lock);
	sluice_slice_remove(&s->slice);
	mutex_unlock(&parent->lock);
	sluice_provider_changed(provider);
}

/* Let something be wrong with a slice, or nothing again. */
void ifake_refuse(struct ifake_slice *s, const char *refusal)
{
	WRITE_ONCE(s->slice.refusal, refusal);
	sluice_provider_changed(s->slice.provider);
}

struct sluice_slice *ifake_find(struct ifake *f, u8 uuid)
{
	const uuid_t wanted = ifake_uuid(uuid);

	guard(mutex)(&f->parent->lock);
	return sluice_slice_find(f->parent, &wanted);
}

/* One of the attributes that every slice has */
struct device_attribute *ifake_attribute(struct ifake_slice *s,
					 const char *name)
{
	struct attribute **attr = s->slice.groups[0]->attrs;

	while (*attr && strcmp((*attr)->name, name))
		attr++;
	KUNIT_ASSERT_NOT_NULL(s->fake->test, *attr);
	return container_of(*attr, struct device_attribute, attr);
}

/* What an attribute shows, without the end of its line */
const char *ifake_show(struct ifake_slice *s, const char *name)
{
	struct device_attribute *attr = ifake_attribute(s, name);
	char *buf = (char *)get_zeroed_page(GFP_KERNEL);
	struct kunit *test = s->fake->test;
	const char *shown;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, attr->show(&s->slice.dev, attr, buf),
			strlen(buf));
	shown = kunit_kstrdup(test, strim(buf), GFP_KERNEL);
	free_page((unsigned long)buf);
	return shown ?: "";
}
