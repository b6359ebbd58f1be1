// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slice providers: where the slices of a parent come from
 */
#include <linux/export.h>

#include "inventory/inventory.h"

/**
 * sluice_provider_init() - prepare a provider
 * @provider: to be filled
 * @parent: the parent whose slices it knows
 * @ops: what it does
 */
void sluice_provider_init(struct sluice_provider *provider,
			  struct sluice_parent *parent,
			  const struct sluice_provider_ops *ops)
{
	INIT_LIST_HEAD(&provider->slices);
	provider->parent = parent;
	provider->ops = ops;
}
EXPORT_SYMBOL_GPL(sluice_provider_init);

static int sluice_provider_enumerate(struct sluice_provider *provider,
				     bool asked)
{
	if (!provider->ops->enumerate)
		return 0;
	return provider->ops->enumerate(provider, asked);
}

/**
 * sluice_provider_add() - offer a provider's slices
 * @provider: initialised
 *
 * Its &sluice_provider_ops.enumerate is called at once, to add them.
 *
 * Context: may sleep. Takes the lock of the parent's slices.
 * Return: 0, or the error of the first enumeration; the provider is there even
 * then, and may have slices after the next one
 */
int sluice_provider_add(struct sluice_provider *provider)
{
	struct sluice_parent *parent = provider->parent;

	guard(mutex)(&parent->lock);
	spin_lock(&parent->slice_lock);
	list_add_tail(&provider->node, &parent->providers);
	spin_unlock(&parent->slice_lock);
	return sluice_provider_enumerate(provider, false);
}
EXPORT_SYMBOL_GPL(sluice_provider_add);

static void sluice_provider_del_locked(struct sluice_provider *provider)
{
	struct sluice_parent *parent = provider->parent;
	struct sluice_slice *slice, *next;

	list_for_each_entry_safe(slice, next, &provider->slices, node)
		sluice_slice_remove(slice);
	spin_lock(&parent->slice_lock);
	list_del(&provider->node);
	spin_unlock(&parent->slice_lock);
	provider->parent = NULL;
}

/**
 * sluice_provider_del() - take a provider's slices out of the inventory
 * @provider: provider; nothing happens where sluice_parent_unregister() has
 *	taken it out already
 *
 * Slices that are attached vanish, too; their devices go on without them until
 * they are detached. No operation of the provider but
 * &sluice_provider_ops.release and &sluice_provider_ops.free is called after
 * this has returned.
 *
 * Context: may sleep. Takes the lock of the parent's slices.
 */
void sluice_provider_del(struct sluice_provider *provider)
{
	struct sluice_parent *parent = provider->parent;

	/* The parent is unregistered, and may be gone. */
	if (!parent)
		return;
	guard(mutex)(&parent->lock);
	sluice_provider_del_locked(provider);
}
EXPORT_SYMBOL_GPL(sluice_provider_del);

/**
 * sluice_inventory_enumerate() - find out again what slices there are
 * @parent: parent
 * @asked: an administrator has asked for it
 *
 * Return: 0, or the error of the last provider that failed
 */
int sluice_inventory_enumerate(struct sluice_parent *parent, bool asked)
{
	struct sluice_provider *provider;
	struct sluice_slice *slice;
	int ret = 0;

	guard(mutex)(&parent->lock);
	list_for_each_entry(provider, &parent->providers, node)
		list_for_each_entry(slice, &provider->slices, node)
			slice->ambiguous = false;
	list_for_each_entry(provider, &parent->providers, node) {
		int err = sluice_provider_enumerate(provider, asked);

		if (err)
			ret = err;
	}
	return ret;
}

/**
 * sluice_inventory_clear() - take out all providers that are left
 * @parent: parent that is being unregistered
 */
void sluice_inventory_clear(struct sluice_parent *parent)
{
	struct sluice_provider *provider, *next;

	guard(mutex)(&parent->lock);
	list_for_each_entry_safe(provider, next, &parent->providers, node)
		sluice_provider_del_locked(provider);
}
