// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slice provider: slices that are pieces of kernel memory
 *
 * All slices are there from the first enumeration on. A test makes one busy by
 * writing its attribute host_uses, and makes a wipe last by the parameter
 * wipe_ms.
 */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include "sample.h"

#define SLUICE_SAMPLE_SIZE	SZ_64K

static unsigned int sluice_sample_wipe_ms;
module_param_named(wipe_ms, sluice_sample_wipe_ms, uint, 0644);
MODULE_PARM_DESC(wipe_ms,
		 "milliseconds from the release of a pool member to its wipe (default 0)");

/*
 * Attributes
 */

static struct sluice_sample_slice *sluice_sample_of(struct device *dev)
{
	return container_of(dev, struct sluice_sample_slice, slice.dev);
}

static ssize_t memory_bytes_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", SLUICE_SAMPLE_MEMORY);
}
static DEVICE_ATTR_RO(memory_bytes);

static ssize_t host_uses_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  READ_ONCE(sluice_sample_of(dev)->host_uses));
}

static ssize_t host_uses_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	bool uses;
	int ret = kstrtobool(buf, &uses);

	if (ret)
		return ret;
	WRITE_ONCE(sluice_sample_of(dev)->host_uses, uses);
	return count;
}
static DEVICE_ATTR_RW(host_uses);

static struct attribute *sluice_sample_attrs[] = {
	&dev_attr_memory_bytes.attr,
	&dev_attr_host_uses.attr,
	NULL,
};

static const struct attribute_group sluice_sample_group = {
	.attrs = sluice_sample_attrs,
};

/*
 * From the enumeration to the end
 */

static void *sluice_sample_alloc_memory(bool pages)
{
	return pages ? alloc_pages_exact(SLUICE_SAMPLE_MEMORY,
					 GFP_KERNEL | __GFP_ZERO) :
		       vzalloc(SLUICE_SAMPLE_MEMORY);
}

static void sluice_sample_free(struct sluice_slice *slice)
{
	struct sluice_sample_slice *ss = sluice_sample_to_slice(slice);

	if (ss->pages)
		free_pages_exact(ss->memory, SLUICE_SAMPLE_MEMORY);
	else
		vfree(ss->memory);
	kfree(ss);
}

static void sluice_sample_wipe_work(struct work_struct *work)
{
	struct sluice_sample_slice *ss =
		container_of(to_delayed_work(work), struct sluice_sample_slice,
			     wipe);

	memset(ss->memory, 0, SLUICE_SAMPLE_MEMORY);
	WRITE_ONCE(ss->slice.clean, true);
	sluice_slice_wiped(&ss->slice);
}

static int sluice_sample_add(struct sluice_sample_provider *sp,
			     const struct sluice_sample_desc *desc)
{
	struct sluice_slice_info info = {
		.uuid = desc->uuid,
		.size = SLUICE_SAMPLE_SIZE,
	};
	struct sluice_sample_slice *ss = kzalloc(sizeof(*ss), GFP_KERNEL);
	int ret;

	if (!ss)
		return -ENOMEM;
	ss->pages = sp->variant->pages;
	ss->memory = sluice_sample_alloc_memory(ss->pages);
	if (!ss->memory) {
		kfree(ss);
		return -ENOMEM;
	}
	spin_lock_init(&ss->lock);
	INIT_DELAYED_WORK(&ss->wipe, sluice_sample_wipe_work);
	strscpy(info.name, desc->name, sizeof(info.name));
	sluice_slice_init(&ss->slice, &sp->provider, &info, desc->pool);
	ss->slice.clean = true;

	/* From here on sluice_sample_free() frees it. */
	ret = dev_set_name(&ss->slice.dev, "%s-%s",
			   dev_name(sluice_parent_dev(ss->slice.parent)),
			   desc->name);
	if (!ret)
		ret = sluice_slice_add(&ss->slice);
	if (ret)
		put_device(&ss->slice.dev);
	return ret;
}

/* Goes on behind the last slice that could be added. */
static int sluice_sample_enumerate(struct sluice_provider *provider)
{
	struct sluice_sample_provider *sp =
		container_of(provider, struct sluice_sample_provider, provider);

	while (sp->nr < sp->variant->nr_descs) {
		int ret = sluice_sample_add(sp, &sp->variant->descs[sp->nr]);

		if (ret)
			return ret;
		sp->nr++;
	}
	return 0;
}

/* No wipe begins after this, and none is going on. */
static void sluice_sample_gone(struct sluice_slice *slice)
{
	struct sluice_sample_slice *ss = sluice_sample_to_slice(slice);

	spin_lock(&ss->lock);
	ss->stopped = true;
	spin_unlock(&ss->lock);
	cancel_delayed_work_sync(&ss->wipe);
}

/*
 * Claims
 */

static int sluice_sample_check(struct sluice_slice *slice)
{
	return READ_ONCE(sluice_sample_to_slice(slice)->host_uses) ? -EBUSY : 0;
}

static int sluice_sample_claim(struct sluice_slice *slice, const char **why)
{
	*why = "is in use by the host";
	return sluice_sample_check(slice);
}

/* What a wipe that never came to its end has left. */
static int sluice_sample_prepare(struct sluice_slice *slice)
{
	struct sluice_sample_slice *ss = sluice_sample_to_slice(slice);

	if (!slice->pool || slice->clean)
		return 0;
	memset(ss->memory, 0, SLUICE_SAMPLE_MEMORY);
	WRITE_ONCE(slice->clean, true);
	return 0;
}

static bool sluice_sample_release(struct sluice_slice *slice, bool used)
{
	if (used)
		WRITE_ONCE(slice->clean, false);
	return used && slice->pool;
}

/* A slice that is gone needs no wipe: nobody has it after this. */
static void sluice_sample_wipe(struct sluice_slice *slice)
{
	struct sluice_sample_slice *ss = sluice_sample_to_slice(slice);

	spin_lock(&ss->lock);
	if (!ss->stopped)
		schedule_delayed_work(&ss->wipe,
				      msecs_to_jiffies(READ_ONCE(sluice_sample_wipe_ms)));
	spin_unlock(&ss->lock);
}

static int sluice_sample_resize(struct sluice_slice *slice, u64 size)
{
	struct sluice_slice_info info;

	if (size < SLUICE_SAMPLE_MIN_SIZE || size > SLUICE_SAMPLE_MEMORY ||
	    !IS_ALIGNED(size, SZ_4K))
		return -EINVAL;
	sluice_slice_get_info(slice, &info);
	info.size = size;
	sluice_slice_update(slice, &info, slice->pool);
	return 0;
}

const struct sluice_provider_ops sluice_sample_provider_ops = {
	.group = &sluice_sample_group,
	.enumerate = sluice_sample_enumerate,
	.claim = sluice_sample_claim,
	.prepare = sluice_sample_prepare,
	.release = sluice_sample_release,
	.wipe = sluice_sample_wipe,
	.resize = sluice_sample_resize,
	.check = sluice_sample_check,
	.gone = sluice_sample_gone,
	.free = sluice_sample_free,
};
