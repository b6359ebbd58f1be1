// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slice providers: where the slices of a parent come from
 *
 * Providers call this file to add and delete themselves; claim.c and parent.c
 * call it to enumerate the slices again.
 */
#include <linux/export.h>

#include "inventory/inventory.h"

/**
 * sluice_provider_init() - prepare a provider
 * @provider: to be filled
 * @parent: the parent that has the slices
 * @ops: the provider's operations
 */
void sluice_provider_init(struct sluice_provider *provider,
			  struct sluice_parent *parent,
			  const struct sluice_provider_ops *ops)
{
	WARN_ON_ONCE(!ops->free);
	INIT_LIST_HEAD(&provider->node);
	INIT_LIST_HEAD(&provider->slices);
	provider->parent = parent;
	provider->ops = ops;
}
EXPORT_SYMBOL_GPL(sluice_provider_init);

static int sluice_provider_enumerate(struct sluice_provider *provider)
{
	return provider->ops->enumerate ? provider->ops->enumerate(provider) : 0;
}

static bool sluice_inventory_has_twin(struct sluice_parent *parent,
				      const struct sluice_slice *slice)
{
	struct sluice_provider *provider;
	struct sluice_slice *other;

	list_for_each_entry(provider, &parent->providers, node)
		list_for_each_entry(other, &provider->slices, node)
			if (other != slice && !other->refusal &&
			    uuid_equal(&other->info.uuid, &slice->info.uuid))
				return true;
	return false;
}

/* Nobody knows which of two slices with one UUID is meant: neither is. */
static void sluice_inventory_mark_twins(struct sluice_parent *parent)
{
	struct sluice_provider *provider;
	struct sluice_slice *slice;
	bool twin;

	list_for_each_entry(provider, &parent->providers, node) {
		list_for_each_entry(slice, &provider->slices, node) {
			/* each slice is compared with all others */
			cond_resched();
			twin = !slice->refusal &&
			       sluice_inventory_has_twin(parent, slice);
			if (twin == slice->ambiguous)
				continue;
			WRITE_ONCE(slice->ambiguous, twin);
			sluice_slice_announce(slice);
		}
	}
}

/* Under &sluice_parent.lock. */
static int sluice_provider_refresh(struct sluice_provider *provider)
{
	int ret = sluice_provider_enumerate(provider);

	sluice_inventory_mark_twins(provider->parent);
	return ret;
}

/**
 * sluice_provider_add() - add a provider and its slices to the inventory
 * @provider: initialised
 *
 * Calls &sluice_provider_ops.enumerate at once, which adds the slices.
 *
 * Context: may sleep. Takes the lock of the parent's slices.
 * Return: 0, or the error of the first enumeration; the provider stays in the
 * inventory even then, and may have slices after the next enumeration
 */
int sluice_provider_add(struct sluice_provider *provider)
{
	struct sluice_parent *parent = provider->parent;

	guard(mutex)(&parent->lock);
	spin_lock(&parent->slice_lock);
	list_add_tail(&provider->node, &parent->providers);
	spin_unlock(&parent->slice_lock);
	return sluice_provider_refresh(provider);
}
EXPORT_SYMBOL_GPL(sluice_provider_add);

/**
 * sluice_provider_changed() - enumerate again, since slices may have changed
 * @provider: added
 *
 * For a provider that hears of changes by itself, for example from an event of
 * its device.
 *
 * Context: may sleep. Takes the lock of the parent's slices.
 * Return: 0 or the error of &sluice_provider_ops.enumerate
 */
int sluice_provider_changed(struct sluice_provider *provider)
{
	guard(mutex)(&provider->parent->lock);
	return sluice_provider_refresh(provider);
}
EXPORT_SYMBOL_GPL(sluice_provider_changed);

static void sluice_provider_del_locked(struct sluice_provider *provider)
{
	struct sluice_parent *parent = provider->parent;
	struct sluice_slice *slice, *next;

	list_for_each_entry_safe(slice, next, &provider->slices, node)
		sluice_slice_remove(slice);
	spin_lock(&parent->slice_lock);
	list_del_init(&provider->node);
	spin_unlock(&parent->slice_lock);
	sluice_inventory_mark_twins(parent);
	provider->parent = NULL;
}

/**
 * sluice_provider_del() - remove a provider and its slices
 * @provider: provider; nothing happens if sluice_parent_unregister() has
 *	removed it already
 *
 * Attached slices are removed, too; their devices continue without them until
 * they are detached. After this returns, the inventory may still call
 * &sluice_provider_ops.prepare, &sluice_provider_ops.release,
 * &sluice_provider_ops.wipe and &sluice_provider_ops.free, for a slice that is
 * gone.
 *
 * Context: may sleep. Takes the lock of the parent's slices. Not at the same
 * time as sluice_parent_unregister() in another thread.
 */
void sluice_provider_del(struct sluice_provider *provider)
{
	struct sluice_parent *parent = provider->parent;

	/* The parent is unregistered, and may have been freed. */
	if (!parent)
		return;
	guard(mutex)(&parent->lock);
	sluice_provider_del_locked(provider);
}
EXPORT_SYMBOL_GPL(sluice_provider_del);

/**
 * sluice_inventory_enumerate() - find out again which slices exist
 * @parent: parent
 *
 * Return: 0, or the error of the last provider that failed
 */
int sluice_inventory_enumerate(struct sluice_parent *parent)
{
	struct sluice_provider *provider;
	int ret = 0;

	guard(mutex)(&parent->lock);
	list_for_each_entry(provider, &parent->providers, node) {
		int err = sluice_provider_enumerate(provider);

		if (err)
			ret = err;
	}
	sluice_inventory_mark_twins(parent);
	return ret;
}

/**
 * sluice_inventory_clear() - remove all providers that are left
 * @parent: parent that is being unregistered
 */
void sluice_inventory_clear(struct sluice_parent *parent)
{
	struct sluice_provider *provider, *next;

	guard(mutex)(&parent->lock);
	list_for_each_entry_safe(provider, next, &parent->providers, node)
		sluice_provider_del_locked(provider);
}
