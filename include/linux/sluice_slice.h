/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: the interface between the inventory of slices and slice providers
 *
 * For authors of slice providers. A provider knows which slices a parent has
 * and what each of them is: the partitions of a disk, the virtual functions of
 * a device, whole functions. The inventory of the core shows the slices in
 * class sluice, finds the slice that an mdev asks for, and records which mdev
 * has it. Neither knows how a guest sees a slice.
 *
 * One parent may have several providers.
 */
#ifndef _LINUX_SLUICE_SLICE_H
#define _LINUX_SLUICE_SLICE_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sluice.h>
#include <linux/types.h>
#include <linux/uuid.h>

/**
 * enum sluice_slice_state - what a slice is doing
 * @SLUICE_SLICE_FREE: nothing, unless the provider says that the host uses the
 *	slice, see &sluice_provider_ops.check
 * @SLUICE_SLICE_ATTACHED: claimed for a guest
 * @SLUICE_SLICE_WIPING: the provider removes what a guest left
 */
enum sluice_slice_state {
	SLUICE_SLICE_FREE,
	SLUICE_SLICE_ATTACHED,
	SLUICE_SLICE_WIPING,
};

struct sluice_provider;

/**
 * struct sluice_provider_ops - what a provider does for the inventory
 * @group: attributes that only this provider's slices have; NULL for none
 * @enumerate: find out which slices exist; add, update and remove slices to
 *	match. Called with the lock of the parent's slices held. 0 or a negative
 *	errno. Optional if slices never change
 * @claim: take a free slice, so that nobody else on this host can use it. Must
 *	be quick: called with the lock of the parent's slices held. 0, or a
 *	negative errno and in @why half a sentence that begins with a verb;
 *	-EAGAIN if enumerating again may help. Optional
 * @prepare: after @claim: the slow work that makes the slice ready for a guest.
 *	0 or a negative errno. No lock held. Optional
 * @release: undo @claim; @used says whether a guest has had the slice. Returns
 *	true if what the guest left must be removed before the next user gets
 *	the slice: then the inventory calls @wipe. No lock held. Optional
 * @wipe: start to remove what a guest left. The work may continue after this
 *	returns, and ends with sluice_slice_wiped(), unless the slice is @gone
 *	before that. No lock held. Required if @release ever returns true
 * @resize: an administrator wants the slice to have @size bytes; the slice may
 *	be attached. The provider changes the size, calls sluice_slice_update()
 *	and returns 0, or returns a negative errno. Called with the lock of the
 *	parent's slices held. Optional: without it, the size is changed by other
 *	means
 * @check: what @claim would return now; -EBUSY if the host uses the slice.
 *	What the mdev types promise counts only slices for which this is 0.
 *	Called with the spinlock held that protects the slice. Optional if
 *	@claim never fails
 * @gone: the inventory removes the slice, which may be attached: release what
 *	@claim took. Called with the lock of the parent's slices held. Optional
 * @free: the last reference to the slice is gone: free its memory. Any context
 *	that may sleep, also after the provider has been deleted. Required
 *
 * @prepare, @release and @wipe are called without a lock, so the slice may be
 * @gone by then, and its provider deleted.
 */
struct sluice_provider_ops {
	const struct attribute_group *group;
	int (*enumerate)(struct sluice_provider *provider);
	int (*claim)(struct sluice_slice *slice, const char **why);
	int (*prepare)(struct sluice_slice *slice);
	bool (*release)(struct sluice_slice *slice, bool used);
	void (*wipe)(struct sluice_slice *slice);
	int (*resize)(struct sluice_slice *slice, u64 size);
	int (*check)(struct sluice_slice *slice);
	void (*gone)(struct sluice_slice *slice);
	void (*free)(struct sluice_slice *slice);
};

/**
 * struct sluice_provider - where slices of a parent come from
 * @node: in the parent's list of providers
 * @slices: the provider's slices; read under the lock of the parent's slices,
 *	changed only by the inventory
 * @parent: the parent; NULL after the provider has left the inventory
 * @ops: the provider's operations
 *
 * Embedded in a structure of the provider.
 */
struct sluice_provider {
	struct list_head node;
	struct list_head slices;
	struct sluice_parent *parent;
	const struct sluice_provider_ops *ops;
};

/**
 * struct sluice_slice - a slice, as class sluice shows it
 * @dev: the class device; its name is the name of the slice in sysfs
 * @node: in &sluice_provider.slices
 * @parent: the parent
 * @provider: the provider; must not be used after the slice is @gone
 * @ops: the provider's
 * @groups: attributes of @dev: those of every slice and those of the provider
 * @slice_lock: the parent's slice_lock; protects the members below, up to @gone
 * @info: what every slice has
 * @pool: the slice may be given to an mdev whose UUID matches no slice
 * @refusal: why the slice can never be attached as it is, and what helps: words
 *	that complete "the slice ...", constant; NULL if nothing is wrong. Written
 *	by the provider
 * @state: what the slice is doing. Unless it is free, @info does not change,
 *	except by a resize
 * @mdev: UUID of the mdev that has the slice, all zeroes if none has it
 * @has_mdev: @mdev is valid
 * @opener: the process that opened the device of @mdev, with a reference; NULL
 *	while the device is not open
 * @gone: the inventory has removed the slice
 * @ambiguous: another slice of the parent has the same UUID, so neither can be
 *	attached. Written under the lock of the parent's slices
 * @clean: the slice holds no data of an earlier guest or of the host. Written by
 *	the provider at any time; only what @prepare finds is reliable
 * @unfit: preparing the slice for a guest failed the last time
 * @sdev_lock: protects @sdev. Inside the lock of the parent's slices
 * @sdev: the attachment, which hears of changes
 *
 * Embedded in a structure of the provider.
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
	const char *refusal;
	enum sluice_slice_state state;
	uuid_t mdev;
	bool has_mdev;
	struct pid *opener;
	bool gone;
	bool ambiguous;
	bool clean;
	bool unfit;
	struct mutex sdev_lock;
	struct sluice_dev *sdev;
};

/* Providers */
void sluice_provider_init(struct sluice_provider *provider,
			  struct sluice_parent *parent,
			  const struct sluice_provider_ops *ops);
int sluice_provider_add(struct sluice_provider *provider);
int sluice_provider_changed(struct sluice_provider *provider);
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
void sluice_slice_get_info(struct sluice_slice *slice,
			   struct sluice_slice_info *info);
enum sluice_slice_state sluice_slice_get_state(struct sluice_slice *slice);
void sluice_slice_set_state(struct sluice_slice *slice,
			    enum sluice_slice_state state);
void sluice_slice_wiped(struct sluice_slice *slice);
void sluice_slice_announce(struct sluice_slice *slice);

struct device *sluice_parent_dev(const struct sluice_parent *parent);

#endif /* _LINUX_SLUICE_SLICE_H */
