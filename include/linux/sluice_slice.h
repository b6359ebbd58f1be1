/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: the interface between the inventory of slices and slice providers
 *
 * A provider knows what slices a parent has, and what each of them is: the
 * partitions of a disk, the virtual functions of a device, whole functions. The
 * inventory of the core shows the slices in class sluice, finds the one that an
 * mdev asks for, and keeps who has it. Neither knows how a slice is shown to a
 * guest.
 *
 * A backend may have several providers for one parent.
 */
#ifndef _LINUX_SLUICE_SLICE_H
#define _LINUX_SLUICE_SLICE_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/sluice.h>
#include <linux/types.h>
#include <linux/uuid.h>

/**
 * enum sluice_slice_state - what a slice is doing
 * @SLUICE_SLICE_FREE: nothing, unless its provider says that the host uses it
 * @SLUICE_SLICE_ATTACHED: claimed for a guest
 * @SLUICE_SLICE_WIPING: its provider removes what a guest left
 */
enum sluice_slice_state {
	SLUICE_SLICE_FREE,
	SLUICE_SLICE_ATTACHED,
	SLUICE_SLICE_WIPING,
};

struct sluice_provider;

/**
 * struct sluice_provider_ops - what a provider does for the inventory
 * @group: attributes that its slices have beside those of all slices; NULL for
 *	none
 * @enumerate: find out what slices there are, and add, update and remove what is
 *	not as it was. With @asked an administrator has asked for it, and says so
 *	that what is there can be believed. Called with the lock of the parent's
 *	slices held. 0 or a negative errno. Optional, where slices never change
 * @claim: take a free slice, so that nobody else on this host can use it. Quick:
 *	called with the lock of the parent's slices held. 0, or a negative errno
 *	and in @why half a sentence that begins with a verb; -EAGAIN where
 *	enumerating again may help. Optional
 * @prepare: what takes long, after @claim: make the slice ready for a guest.
 *	0 or a negative errno. No lock held. Optional
 * @release: undo @claim; a guest has had the slice if @used. True where what the
 *	guest left has to be removed before anybody else has the slice: then
 *	@wipe follows. No lock held. Optional
 * @wipe: begin to remove what a guest left. It may go on after this returns, and
 *	ends with sluice_slice_wiped(), unless the slice is @gone before. No lock
 *	held. Required where @release ever returns true
 * @resize: an administrator wants the slice to have @size bytes, attached or
 *	not. The provider makes it so, calls sluice_slice_update() and returns 0,
 *	or a negative errno. Called with the lock of the parent's slices held.
 *	Optional: where it is missing, the size is changed by other means
 * @busy: whether the host uses the slice, so that @claim would fail. Called with
 *	a spinlock held; a guess is enough. Optional
 * @gone: the slice is being removed, attached or not: give up what @claim took.
 *	Called with the lock of the parent's slices held. Optional
 * @free: nobody has a reference to the slice any more: free its memory. Any
 *	context that may sleep, also after the provider has gone
 */
struct sluice_provider_ops {
	const struct attribute_group *group;
	int (*enumerate)(struct sluice_provider *provider, bool asked);
	int (*claim)(struct sluice_slice *slice, const char **why);
	int (*prepare)(struct sluice_slice *slice);
	bool (*release)(struct sluice_slice *slice, bool used);
	void (*wipe)(struct sluice_slice *slice);
	int (*resize)(struct sluice_slice *slice, u64 size);
	bool (*busy)(struct sluice_slice *slice);
	void (*gone)(struct sluice_slice *slice);
	void (*free)(struct sluice_slice *slice);
};

/**
 * struct sluice_provider - where slices of a parent come from
 * @node: in the parent's list of providers
 * @slices: its slices; read under the lock of the parent's slices, changed by
 *	the inventory
 * @parent: the parent; NULL once the provider is out of the inventory
 * @ops: what it does
 *
 * Embedded in a structure of the provider's own.
 */
struct sluice_provider {
	struct list_head node;
	struct list_head slices;
	struct sluice_parent *parent;
	const struct sluice_provider_ops *ops;
};

/**
 * struct sluice_slice - a slice, as class sluice shows it
 * @dev: the class device. Its name is the slice's in sysfs
 * @node: in &sluice_provider.slices
 * @parent: the parent
 * @provider: the provider; not to be used once the slice is @gone
 * @ops: the provider's
 * @groups: attributes of @dev: those of all slices, those of the provider's
 * @slice_lock: the parent's; protects what follows, up to @gone
 * @info: what all slices have
 * @pool: given to mdevs whose UUID no slice has
 * @state: what it is doing; @info does not change while it is not free, but for
 *	a resize
 * @mdev: who has it, all zeroes for nobody
 * @has_mdev: @mdev is valid
 * @gone: not in the inventory any more
 * @ambiguous: another slice of the parent has the same UUID, so that neither
 *	can be attached. Under the lock of the parent's slices
 * @clean: nothing of a former tenant is in it. Written by the provider
 * @sdev: the attachment; under the lock of the parent's slices
 *
 * Embedded in a structure of the provider's own.
 */
struct sluice_slice {
	struct device dev;
	struct list_head node;
	struct sluice_parent *parent;
	struct sluice_provider *provider;
	const struct sluice_provider_ops *ops;
	const struct attribute_group *groups[3];
	spinlock_t *slice_lock;
	struct sluice_slice_info info;
	bool pool;
	enum sluice_slice_state state;
	uuid_t mdev;
	bool has_mdev;
	bool gone;
	bool ambiguous;
	bool clean;
	struct sluice_dev *sdev;
};

/* Providers */
void sluice_provider_init(struct sluice_provider *provider,
			  struct sluice_parent *parent,
			  const struct sluice_provider_ops *ops);
int sluice_provider_add(struct sluice_provider *provider);
void sluice_provider_del(struct sluice_provider *provider);

/* Their slices */
void sluice_slice_init(struct sluice_slice *slice,
		       struct sluice_provider *provider,
		       const struct sluice_slice_info *info, bool pool);
int sluice_slice_add(struct sluice_slice *slice);
void sluice_slice_update(struct sluice_slice *slice,
			 const struct sluice_slice_info *info, bool pool);
void sluice_slice_remove(struct sluice_slice *slice);
struct sluice_slice *sluice_slice_find(struct sluice_parent *parent,
				       const uuid_t *uuid);
enum sluice_slice_state sluice_slice_get_state(struct sluice_slice *slice);
void sluice_slice_set_state(struct sluice_slice *slice,
			    enum sluice_slice_state state);
void sluice_slice_wiped(struct sluice_slice *slice);
void sluice_slice_announce(struct sluice_slice *slice);

/* The physical function, for messages about a provider's slices */
struct device *sluice_parent_dev(const struct sluice_parent *parent);

#endif /* _LINUX_SLUICE_SLICE_H */
