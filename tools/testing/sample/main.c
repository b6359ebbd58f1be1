// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module, and two platform devices that are parents
 *
 * The parents are bound to a platform driver, so that a test can unbind one
 * while a slice is attached. The module itself cannot be removed then.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "sample.h"

/* The UUIDs of a parent's slices differ in the last byte. */
#define SLUICE_SAMPLE_UUID(n)						\
	UUID_INIT(0x5a3b1e0c, 0x7d52, 0x4c8f,				\
		  0x91, 0x06, 0x2e, 0x44, 0xd0, 0xa7, 0xbb, n)

static const struct sluice_sample_desc sluice_sample_descs[] = {
	{ .name = "alpha", .uuid = SLUICE_SAMPLE_UUID(0x01) },
	{ .name = "beta", .uuid = SLUICE_SAMPLE_UUID(0x02) },
	{ .name = "gamma", .uuid = SLUICE_SAMPLE_UUID(0x03) },
	{ .name = "pool", .uuid = SLUICE_SAMPLE_UUID(0x04), .pool = true },
};

static const struct sluice_sample_desc sluice_sample_min_descs[] = {
	{ .name = "alpha", .uuid = SLUICE_SAMPLE_UUID(0x11) },
	{ .name = "beta", .uuid = SLUICE_SAMPLE_UUID(0x12) },
};

static const struct sluice_sample_variant sluice_sample_variant = {
	.ops = &sluice_sample_parent_ops,
	.kinds = { &sluice_sample_plain, &sluice_sample_wide,
		   &sluice_sample_pool },
	.descs = sluice_sample_descs,
	.nr_descs = ARRAY_SIZE(sluice_sample_descs),
};

static const struct sluice_sample_variant sluice_sample_min_variant = {
	.ops = &sluice_sample_min_parent_ops,
	.kinds = { &sluice_sample_trapped },
	.descs = sluice_sample_min_descs,
	.nr_descs = ARRAY_SIZE(sluice_sample_min_descs),
	.pages = true,
};

/**
 * struct sluice_sample_parent - a parent, from probe to remove
 * @types: mdev types
 * @list: the same for the core, which wants pointers
 * @provider: its slices
 * @parent: for the core
 */
struct sluice_sample_parent {
	struct sluice_sample_type types[SLUICE_SAMPLE_TYPES];
	struct sluice_type *list[SLUICE_SAMPLE_TYPES];
	struct sluice_sample_provider provider;
	struct sluice_parent *parent;
};

/* Returns how many types there are. */
static unsigned int
sluice_sample_fill_types(struct sluice_sample_parent *sp,
			 const struct sluice_sample_variant *variant)
{
	unsigned int i;

	for (i = 0; i < SLUICE_SAMPLE_TYPES && variant->kinds[i]; i++) {
		const struct sluice_sample_kind *kind = variant->kinds[i];
		struct sluice_sample_type *type = &sp->types[i];

		type->kind = kind;
		type->type.mdev.sysfs_name = kind->sysfs_name;
		type->type.mdev.pretty_name = kind->pretty_name;
		type->type.description = kind->description;
		type->type.pool = kind->pool;
		sp->list[i] = &type->type;
	}
	return i;
}

static int sluice_sample_probe(struct platform_device *pdev)
{
	const struct platform_device_id *id = platform_get_device_id(pdev);
	const struct sluice_sample_variant *variant = (void *)id->driver_data;
	struct sluice_sample_parent *sp;
	struct device *dev = &pdev->dev;
	unsigned int nr_types;
	int ret;

	/* The core maps guest memory for this device, wherever it is. */
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	sp = devm_kzalloc(dev, sizeof(*sp), GFP_KERNEL);
	if (!sp)
		return -ENOMEM;
	platform_set_drvdata(pdev, sp);
	nr_types = sluice_sample_fill_types(sp, variant);
	sp->parent = sluice_parent_register(dev, variant->ops, sp->list,
					    nr_types, sp);
	if (IS_ERR(sp->parent))
		return PTR_ERR(sp->parent);

	sp->provider.variant = variant;
	sluice_provider_init(&sp->provider.provider, sp->parent,
			     &sluice_sample_provider_ops);
	ret = sluice_provider_add(&sp->provider.provider);
	if (ret)
		sluice_parent_unregister(sp->parent);
	return ret;
}

/* Takes the provider out of the inventory, too. */
static void sluice_sample_remove(struct platform_device *pdev)
{
	struct sluice_sample_parent *sp = platform_get_drvdata(pdev);

	sluice_parent_unregister(sp->parent);
}

static const struct platform_device_id sluice_sample_ids[] = {
	{ "sluice_sample", (kernel_ulong_t)&sluice_sample_variant },
	{ "sluice_sample_min", (kernel_ulong_t)&sluice_sample_min_variant },
	{ }
};

static struct platform_driver sluice_sample_driver = {
	.driver = { .name = "sluice_sample" },
	.id_table = sluice_sample_ids,
	.probe = sluice_sample_probe,
	.remove = sluice_sample_remove,
};

static struct platform_device *sluice_sample_devs[2];

static void sluice_sample_del_devs(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sluice_sample_devs); i++)
		platform_device_unregister(sluice_sample_devs[i]);
}

static int sluice_sample_add_devs(void)
{
	struct platform_device *pdev;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sluice_sample_devs); i++) {
		pdev = platform_device_register_simple(sluice_sample_ids[i].name,
						       PLATFORM_DEVID_NONE,
						       NULL, 0);
		if (IS_ERR(pdev)) {
			sluice_sample_del_devs();
			return PTR_ERR(pdev);
		}
		sluice_sample_devs[i] = pdev;
	}
	return 0;
}

static int __init sluice_sample_init(void)
{
	int ret;

	ret = platform_driver_register(&sluice_sample_driver);
	if (ret)
		return ret;
	ret = sluice_sample_add_devs();
	if (ret)
		platform_driver_unregister(&sluice_sample_driver);
	return ret;
}
module_init(sluice_sample_init);

static void __exit sluice_sample_exit(void)
{
	sluice_sample_del_devs();
	platform_driver_unregister(&sluice_sample_driver);
}
module_exit(sluice_sample_exit);

MODULE_DESCRIPTION("Sample backend of Sluice: slices of kernel memory");
MODULE_AUTHOR("The Sluice authors");
MODULE_LICENSE("GPL");
