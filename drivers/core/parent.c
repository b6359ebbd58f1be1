// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents: physical functions whose slices guests get
 *
 * Backends call this file to register and unregister a parent.
 *
 * The slices of a parent are class devices. In the device tree they are
 * children of a device named "slices" below the physical function, not of the
 * function itself: there the driver core would create a directory "sluice" for
 * them, and our group of attributes has that name already.
 */
#include <linux/export.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include "core.h"
#include "inventory/inventory.h"

/**
 * sluice_parent_of_type() - the parent that offers an mdev type
 * @type: registered type
 *
 * Return: the parent
 */
struct sluice_parent *sluice_parent_of_type(struct mdev_type *type)
{
	return container_of(type->parent, struct sluice_parent, mdev);
}

/**
 * sluice_parent_type() - the backend's description of an mdev type
 * @type: registered type
 *
 * Return: the backend's type
 */
const struct sluice_type *sluice_parent_type(struct mdev_type *type)
{
	return container_of(type, struct sluice_type, mdev);
}

/**
 * sluice_parent_type_like() - an example of a type with or without a pool
 * @parent: parent, registered
 * @pool: which kind of type
 *
 * Return: the name of the first such type, for a message
 */
const char *sluice_parent_type_like(const struct sluice_parent *parent,
				    bool pool)
{
	unsigned int i;

	for (i = 0; i < parent->mdev.nr_types; i++) {
		if (sluice_parent_type(parent->types[i])->pool == pool)
			return parent->types[i]->sysfs_name;
	}
	return "none";
}

/**
 * sluice_parent_available() - how many more devices of a type can be created
 * @type: registered type
 *
 * Each device needs a free slice, of the pool or not as the type says, and
 * resources of the hardware.
 *
 * Return: the number
 */
unsigned int sluice_parent_available(struct mdev_type *type)
{
	struct sluice_parent *parent = sluice_parent_of_type(type);
	const struct sluice_type *stype = sluice_parent_type(type);
	unsigned int hw = UINT_MAX;

	if (parent->ops->available)
		hw = parent->ops->available(parent, stype);
	return hw ? min(hw, sluice_slice_nr_free(parent, stype->pool)) : 0;
}

/**
 * sluice_parent_describe() - describe an mdev type
 * @type: registered type
 * @buf: page to print to
 *
 * Return: bytes printed
 */
ssize_t sluice_parent_describe(struct mdev_type *type, char *buf)
{
	return sysfs_emit(buf, "%s\n", sluice_parent_type(type)->description);
}

static ssize_t rescan_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct sluice_parent *parent = container_of(attr, struct sluice_parent,
						    rescan);
	bool yes;
	int ret;

	ret = kstrtobool(buf, &yes);
	if (ret)
		return ret;
	if (!yes)
		return -EINVAL;
	ret = sluice_inventory_enumerate(parent);
	return ret ?: count;
}

static void sluice_parent_release(struct device *dev)
{
	struct sluice_parent *parent = container_of(dev, struct sluice_parent,
						    slices);

	put_device(parent->dev);
	mutex_destroy(&parent->lock);
	kfree(parent->types);
	kfree(parent);
}

/* The caller drops it with put_device(); sluice_parent_release() frees it. */
static struct sluice_parent *
sluice_parent_alloc(struct device *dev, struct sluice_type *const *types,
		    unsigned int nr_types)
{
	struct sluice_parent *parent = kzalloc(sizeof(*parent), GFP_KERNEL);
	unsigned int i;

	if (!parent)
		return NULL;
	parent->types = kcalloc(nr_types, sizeof(*parent->types), GFP_KERNEL);
	if (!parent->types) {
		kfree(parent);
		return NULL;
	}
	for (i = 0; i < nr_types; i++)
		parent->types[i] = &types[i]->mdev;

	parent->dev = get_device(dev);
	mutex_init(&parent->lock);
	spin_lock_init(&parent->slice_lock);
	INIT_LIST_HEAD(&parent->providers);
	device_initialize(&parent->slices);
	parent->slices.parent = dev;
	parent->slices.release = sluice_parent_release;
	return parent;
}

static int sluice_parent_add_slices_dev(struct sluice_parent *parent)
{
	int ret = dev_set_name(&parent->slices, "slices");

	return ret ?: device_add(&parent->slices);
}

static int sluice_parent_add_group(struct sluice_parent *parent)
{
	static const struct device_attribute rescan =
		__ATTR(rescan, 0200, NULL, rescan_store);

	/* one copy per parent: the device's driver data is the backend's */
	parent->rescan = rescan;
	sysfs_attr_init(&parent->rescan.attr);
	parent->attrs[0] = &parent->rescan.attr;
	parent->group.name = "sluice";
	parent->group.attrs = parent->attrs;
	return sysfs_create_group(&parent->dev->kobj, &parent->group);
}

/* Check that the backend has all operations that it must have. */
static bool sluice_parent_ops_complete(const struct sluice_parent_ops *ops)
{
	return ops->attach && ops->detach && ops->open && ops->close &&
	       ops->reset && !ops->poll == !ops->set_poll_mode &&
	       !ops->quiesce == !ops->resume;
}

/**
 * sluice_parent_register() - offer slices of a physical function
 * @dev: the physical function
 * @ops: what the backend does for the core
 * @types: mdev types; the backend owns @types and @ops and must keep them until
 *	the parent is unregistered. Each registration needs fresh memory for its
 *	types: the mdev core initialises them once
 * @nr_types: number of @types
 * @drvdata: for the backend
 *
 * The core may call operations before this returns. After this returns, @dev
 * has a group of attributes "sluice". The backend may merge its own attributes
 * into the group, and should unmerge them before sluice_parent_unregister().
 *
 * Return: the parent or an ERR_PTR()
 */
struct sluice_parent *
sluice_parent_register(struct device *dev, const struct sluice_parent_ops *ops,
		       struct sluice_type *const *types, unsigned int nr_types,
		       void *drvdata)
{
	struct sluice_parent *parent;
	int ret;

	if (WARN_ON_ONCE(!sluice_parent_ops_complete(ops)))
		return ERR_PTR(-EINVAL);
	parent = sluice_parent_alloc(dev, types, nr_types);
	if (!parent)
		return ERR_PTR(-ENOMEM);
	parent->ops = ops;
	parent->drvdata = drvdata;

	ret = sluice_parent_add_slices_dev(parent);
	if (ret)
		goto put_parent;
	ret = sluice_parent_add_group(parent);
	if (ret)
		goto del_slices_dev;
	ret = mdev_register_parent(&parent->mdev, dev, &sluice_mdev_driver,
				   parent->types, nr_types);
	if (ret)
		goto remove_group;
	return parent;

remove_group:
	sysfs_remove_group(&dev->kobj, &parent->group);
del_slices_dev:
	device_del(&parent->slices);
put_parent:
	put_device(&parent->slices);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(sluice_parent_register);

/**
 * sluice_parent_unregister() - undo sluice_parent_register()
 * @parent: parent; must not be used afterwards
 *
 * Asks the users of attached slices to close their devices, and waits until
 * they have. Then removes the providers that are left, as sluice_provider_del()
 * does. The caller must keep these providers, and the devices below their
 * slices, until this returns.
 */
void sluice_parent_unregister(struct sluice_parent *parent)
{
	mdev_unregister_parent(&parent->mdev);
	sysfs_remove_group(&parent->dev->kobj, &parent->group);
	sluice_inventory_clear(parent);
	device_unregister(&parent->slices);
}
EXPORT_SYMBOL_GPL(sluice_parent_unregister);

/**
 * sluice_parent_drvdata() - the backend's data of a parent
 * @parent: parent
 *
 * Return: what the backend passed to sluice_parent_register()
 */
void *sluice_parent_drvdata(const struct sluice_parent *parent)
{
	return parent->drvdata;
}
EXPORT_SYMBOL_GPL(sluice_parent_drvdata);

/**
 * sluice_parent_dev() - the physical function of a parent
 * @parent: parent
 *
 * Return: its device, for the names and messages of slice providers
 */
struct device *sluice_parent_dev(const struct sluice_parent *parent)
{
	return parent->dev;
}
EXPORT_SYMBOL_GPL(sluice_parent_dev);
