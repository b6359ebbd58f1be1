// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of mdevs: from a type and a UUID to an attached slice,
 * and back
 *
 * The mdevs are real, and so are the VFIO devices that come with them. Nobody
 * opens these. The backend and the slices are made up.
 */
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "device/device.h"
#include "inventory/ifake_test.h"

#define UUID(last)	"00112233-4455-6677-8899-aabbccddee" last

/**
 * struct fake - what the backend does, and what it saw
 * @parent: the parent, with its slices
 * @fn: the function that a slice shows
 * @available: what &sluice_parent_ops.available returns
 * @asked: the type for which it was called last
 * @attach: what &sluice_parent_ops.attach returns
 * @sdev: the attachment as it was then
 * @attached: attachments now
 */
struct fake {
	struct ifake *parent;
	struct sluice_function fn;
	unsigned int available;
	const struct sluice_type *asked;
	int attach;
	struct sluice_dev sdev;
	int attached;
};

/* Operations have no argument of the test's own; cases run one at a time. */
static struct fake *fake;

static unsigned int fake_available(struct sluice_parent *parent,
				   const struct sluice_type *type)
{
	fake->asked = type;
	return fake->available;
}

static int fake_attach(struct sluice_dev *sdev, struct sluice_function *fn)
{
	fake->sdev = *sdev;
	*fn = fake->fn;
	if (!fake->attach)
		fake->attached++;
	return fake->attach;
}

static void fake_detach(struct sluice_dev *sdev)
{
	fake->attached--;
}

static void fake_doorbell(struct sluice_dev *sdev, unsigned int index)
{
}

static int fake_init(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct ifake *parent;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, f);
	ret = ifake_init(test);
	if (ret)
		return ret;
	parent = test->priv;
	parent->parent_ops.attach = fake_attach;
	parent->parent_ops.detach = fake_detach;
	parent->dev->dma_mask = &parent->dev->coherent_dma_mask;
	parent->dev->coherent_dma_mask = DMA_BIT_MASK(64);
	f->parent = parent;
	f->fn = (struct sluice_function) {
		.class = 0x010802,
		.bars[0] = { .size = SZ_16K, .flags = SLUICE_BAR_64BIT },
		.msix_bar = 2,
		.vectors = 3,
	};
	fake = f;
	return 0;
}

static struct attribute *find(const struct attribute_group *const *groups,
			      const char *name)
{
	struct attribute **attr;

	for (; *groups; groups++)
		for (attr = (*groups)->attrs; *attr; attr++)
			if (!strcmp((*attr)->name, name))
				return *attr;
	return NULL;
}

/* Attributes of types, as user space has them: kept until the case ends */

static const char *type_show(struct kunit *test, unsigned int type,
			     const char *name)
{
	struct kobject *kobj = &fake->parent->types[type].mdev.kobj;
	struct attribute *attr = find(kobj->ktype->default_groups, name);
	char *buf = (char *)get_zeroed_page(GFP_KERNEL);
	const char *shown;

	KUNIT_ASSERT_NOT_NULL(test, attr);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_GT(test, kobj->ktype->sysfs_ops->show(kobj, attr, buf), 0);
	shown = kunit_kstrdup(test, strim(buf), GFP_KERNEL);
	free_page((unsigned long)buf);
	return shown;
}

static int create(struct kunit *test, unsigned int type, const char *uuid)
{
	struct kobject *kobj = &fake->parent->types[type].mdev.kobj;
	struct attribute *attr = find(kobj->ktype->default_groups, "create");
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, attr);
	ret = kobj->ktype->sysfs_ops->store(kobj, attr, uuid, strlen(uuid));
	return ret < 0 ? ret : 0;
}

static struct device *mdev_of(struct kunit *test, const char *uuid)
{
	struct device *dev = device_find_child_by_name(fake->parent->dev, uuid);

	KUNIT_ASSERT_NOT_NULL(test, dev);
	put_device(dev);
	return dev;
}

/* The driver lets go of the mdev, as when it is removed. */
static void detach(struct kunit *test, const char *uuid)
{
	device_release_driver(mdev_of(test, uuid));
}

static ssize_t attr_show(struct kunit *test, struct device *dev,
			 const char *name, char *buf)
{
	struct attribute *attr = find(sluice_mdev_groups, name);
	struct device_attribute *dattr;

	KUNIT_ASSERT_NOT_NULL(test, attr);
	dattr = container_of(attr, struct device_attribute, attr);
	return dattr->show(dev, dattr, buf);
}

static void expect_attr(struct kunit *test, struct device *dev,
			const char *name, const char *text)
{
	char *buf = (char *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, attr_show(test, dev, name, buf), strlen(text));
	KUNIT_EXPECT_STREQ(test, buf, text);
	free_page((unsigned long)buf);
}

static ssize_t attr_store(struct device *dev, const char *name,
			  const char *text)
{
	struct attribute *attr = find(sluice_mdev_groups, name);
	struct device_attribute *dattr;

	dattr = container_of(attr, struct device_attribute, attr);
	return dattr->store(dev, dattr, text, strlen(text));
}

static void a_type_says_what_it_is(struct kunit *test)
{
	struct sluice_parent *parent = fake->parent->parent;

	KUNIT_EXPECT_STREQ(test, type_show(test, IFAKE_NAMED, "description"),
			   "the slice with this UUID");
	KUNIT_EXPECT_STREQ(test, type_show(test, IFAKE_POOL, "description"),
			   "a slice of the pool");
	KUNIT_EXPECT_STREQ(test, type_show(test, IFAKE_POOL, "device_api"),
			   "vfio-pci");
	KUNIT_EXPECT_STREQ(test, sluice_parent_type_like(parent, false),
			   "named");
	KUNIT_EXPECT_STREQ(test, sluice_parent_type_like(parent, true),
			   "pool");
	fake->parent->types[IFAKE_POOL].pool = false;
	KUNIT_EXPECT_STREQ(test, sluice_parent_type_like(parent, true),
			   "none");
}

static void expect_available(struct kunit *test, const char *named,
			     const char *pool)
{
	KUNIT_EXPECT_STREQ(test, type_show(test, IFAKE_NAMED,
					   "available_instances"), named);
	KUNIT_EXPECT_STREQ(test, type_show(test, IFAKE_POOL,
					   "available_instances"), pool);
}

static void as_many_as_there_are_slices(struct kunit *test)
{
	struct ifake *parent = fake->parent;

	expect_available(test, "0", "0");
	ifake_add(parent, 0, 1, false);
	ifake_add(parent, 0, 2, true);
	ifake_add(parent, 1, 3, true);
	ifake_add(parent, 1, 4, true);
	expect_available(test, "1", "3");
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_POOL, UUID("11")), 0);
	expect_available(test, "1", "2");
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), 0);
	expect_available(test, "0", "2");
	detach(test, UUID("11"));
	expect_available(test, "0", "3");
	detach(test, UUID("01"));
	expect_available(test, "1", "3");
}

static void no_more_than_the_hardware_serves(struct kunit *test)
{
	struct ifake *parent = fake->parent;

	ifake_add(parent, 0, 1, false);
	ifake_add(parent, 0, 2, true);
	ifake_add(parent, 0, 3, true);
	parent->parent_ops.available = fake_available;
	fake->available = 2;
	expect_available(test, "1", "2");
	KUNIT_EXPECT_PTR_EQ(test, fake->asked, &parent->types[IFAKE_POOL]);
	fake->available = 1;
	expect_available(test, "1", "1");
	fake->available = 0;
	expect_available(test, "0", "0");
}

static void the_uuid_says_which_slice(struct kunit *test)
{
	struct ifake_slice *a = ifake_add(fake->parent, 0, 1, false);
	struct ifake_slice *b = ifake_add(fake->parent, 0, 2, false);

	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("02")), 0);
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "state"), "attached");
	KUNIT_EXPECT_STREQ(test, ifake_show(b, "mdev"), UUID("02"));
	KUNIT_EXPECT_STREQ(test, ifake_show(a, "state"), "free");
	expect_attr(test, mdev_of(test, UUID("02")), "slice", UUID("02") "\n");
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("03")), -ENOENT);
	/* An mdev has this UUID; an mdev has this slice */
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("02")), -EEXIST);
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_POOL, UUID("01")), -EINVAL);
	KUNIT_EXPECT_STREQ(test, a->calls, "");
	KUNIT_EXPECT_EQ(test, fake->attached, 1);
}

static void a_uuid_of_no_slice_is_for_the_pool(struct kunit *test)
{
	struct ifake_slice *s = ifake_add(fake->parent, 0, 1, true);

	KUNIT_EXPECT_EQ(test, create(test, IFAKE_POOL, UUID("11")), 0);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "mdev"), UUID("11"));
	expect_attr(test, mdev_of(test, UUID("11")), "slice", UUID("01") "\n");
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_POOL, UUID("12")), -ENOSPC);
}

static void the_backend_sees_what_it_attaches(struct kunit *test)
{
	struct ifake *parent = fake->parent;
	struct ifake_slice *s = ifake_add(parent, 0, 1, false);
	const struct sluice_dev *sdev = &fake->sdev;
	struct sluice_vdev *vdev;

	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), 0);
	KUNIT_EXPECT_PTR_EQ(test, sdev->parent, parent->parent);
	KUNIT_EXPECT_PTR_EQ(test, sdev->dma_dev, parent->dev);
	KUNIT_EXPECT_PTR_EQ(test, sdev->type, &parent->types[IFAKE_NAMED]);
	KUNIT_EXPECT_PTR_EQ(test, sdev->slice, &s->slice);
	KUNIT_EXPECT_PTR_EQ(test, sdev->dev, mdev_of(test, UUID("01")));
	KUNIT_EXPECT_EQ(test, sdev->info.size, SZ_1M);
	KUNIT_EXPECT_EQ(test, sdev->info.generation, s->slice.info.generation);
	KUNIT_EXPECT_TRUE(test, uuid_equal(&sdev->info.uuid,
					   &s->slice.info.uuid));
	vdev = dev_get_drvdata(mdev_of(test, UUID("01")));
	KUNIT_EXPECT_EQ(test, vdev->config.vectors, 3);
	KUNIT_EXPECT_NULL(test, vdev->sdev.doorbells);
	/* Changes of the size reach the attachment until it ends */
	KUNIT_EXPECT_PTR_EQ(test, s->slice.sdev, &vdev->sdev);
	detach(test, UUID("01"));
	KUNIT_EXPECT_NULL(test, s->slice.sdev);
}

static void doorbells_are_pages_of_the_core(struct kunit *test)
{
	struct sluice_vdev *vdev;

	fake->fn.bars[0].nr_areas = 1;
	fake->fn.bars[0].areas[0] = (struct sluice_area) {
		.type = SLUICE_AREA_DOORBELLS, .offset = SZ_4K, .size = SZ_8K,
	};
	ifake_add(fake->parent, 0, 1, false);
	/* Somebody must hear of them */
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake->attached, 0);
	fake->parent->parent_ops.doorbell = fake_doorbell;
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), 0);
	vdev = dev_get_drvdata(mdev_of(test, UUID("01")));
	KUNIT_EXPECT_NOT_NULL(test, vdev->sdev.doorbells);
	KUNIT_EXPECT_EQ(test, vdev->poll.doorbells.nr_pages, 2);
}

/* A slice whose attachment fails is as free as before. */
static void a_failed_attachment_leaves_nothing(struct kunit *test)
{
	struct ifake_slice *s = ifake_add(fake->parent, 0, 1, false);
	int users = module_refcount(THIS_MODULE);

	fake->attach = -ENOSPC;
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), -ENOSPC);
	KUNIT_EXPECT_STREQ(test, s->calls, "CPr");
	fake->attach = 0;
	fake->fn.vectors = 0;
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), -EINVAL);
	KUNIT_EXPECT_STREQ(test, s->calls, "CPrCPr");
	KUNIT_EXPECT_EQ(test, fake->attached, 0);
	s->claim = -EBUSY;
	fake->fn.vectors = 1;
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), -EBUSY);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "free");
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "mdev"), "");
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), users);
}

static void detaching_gives_all_back(struct kunit *test)
{
	struct ifake_slice *s = ifake_add(fake->parent, 0, 1, false);
	int users = module_refcount(THIS_MODULE);

	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), 0);
	/* The backend must not be unloaded */
	KUNIT_EXPECT_GT(test, module_refcount(THIS_MODULE), users);
	KUNIT_EXPECT_STREQ(test, s->calls, "CP");
	detach(test, UUID("01"));
	KUNIT_EXPECT_STREQ(test, s->calls, "CPR");
	KUNIT_EXPECT_EQ(test, fake->attached, 0);
	KUNIT_EXPECT_STREQ(test, ifake_show(s, "state"), "free");
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), users);
}

static void an_mdev_has_settings(struct kunit *test)
{
	struct sluice_vdev *vdev;
	struct device *dev;

	ifake_add(fake->parent, 0, 1, false);
	KUNIT_EXPECT_EQ(test, create(test, IFAKE_NAMED, UUID("01")), 0);
	dev = mdev_of(test, UUID("01"));
	vdev = dev_get_drvdata(dev);
	expect_attr(test, dev, "pinned_pages", "0\n");
	KUNIT_EXPECT_EQ(test, attr_store(dev, "poll_us", "4294967295\n"), 11);
	expect_attr(test, dev, "poll_us", "4294967295\n");
	KUNIT_EXPECT_EQ(test, attr_store(dev, "poll_us", "70"), 2);
	KUNIT_EXPECT_EQ(test, vdev->poll.poll_us, 70);
	KUNIT_EXPECT_EQ(test, attr_store(dev, "poll_us", "4294967296\n"),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, attr_store(dev, "poll_us", "-1\n"), -EINVAL);
	expect_attr(test, dev, "poll_us", "70\n");
	atomic64_set(&vdev->poll.doorbells.faults, 5000000000);
	expect_attr(test, dev, "doorbell_faults", "5000000000\n");
	vdev->poll.spent = 7999999;
	expect_attr(test, dev, "polled_us", "7999\n");
}

static struct kunit_case mdev_cases[] = {
	KUNIT_CASE(a_type_says_what_it_is),
	KUNIT_CASE(as_many_as_there_are_slices),
	KUNIT_CASE(no_more_than_the_hardware_serves),
	KUNIT_CASE(the_uuid_says_which_slice),
	KUNIT_CASE(a_uuid_of_no_slice_is_for_the_pool),
	KUNIT_CASE(the_backend_sees_what_it_attaches),
	KUNIT_CASE(doorbells_are_pages_of_the_core),
	KUNIT_CASE(a_failed_attachment_leaves_nothing),
	KUNIT_CASE(detaching_gives_all_back),
	KUNIT_CASE(an_mdev_has_settings),
	{}
};

static struct kunit_suite mdev_suite = {
	.name = "sluice_mdev",
	.init = fake_init,
	.exit = ifake_exit,
	.test_cases = mdev_cases,
};

kunit_test_suite(mdev_suite);
