/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A backend for tests, without hardware: slices are pieces of kernel memory
 *
 * It shows how little a backend needs of the core: two platform devices are
 * parents, one with most operations and one with only those that are required.
 * No slice is a partition, so it works with a core without table/.
 *
 *   main.c	the module, the two parents and what each of them offers
 *   slices.c	the slice provider, the same for both parents
 *   device.c	the PCI functions that the slices show, and how they behave
 */
#ifndef SLUICE_SAMPLE_H
#define SLUICE_SAMPLE_H

#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <linux/sluice.h>
#include <linux/sluice_slice.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* The layouts of the BARs have offsets in numbers. */
static_assert(PAGE_SIZE == SZ_4K);

/* The memory behind each slice. A resize changes how much of it a guest has. */
#define SLUICE_SAMPLE_MEMORY	SZ_1M
#define SLUICE_SAMPLE_MIN_SIZE	SZ_4K

/* Types of one parent at most */
#define SLUICE_SAMPLE_TYPES	3

/**
 * struct sluice_sample_kind - an mdev type, as a table in device.c has it
 * @sysfs_name: for the mdev core
 * @pretty_name: for the mdev core
 * @description: for the core
 * @pool: for the core
 * @fn: the PCI function, without the memory of the slice
 */
struct sluice_sample_kind {
	const char *sysfs_name;
	const char *pretty_name;
	const char *description;
	bool pool;
	const struct sluice_function *fn;
};

/**
 * struct sluice_sample_type - an mdev type of a parent
 * @type: for the core
 * @kind: what it is
 */
struct sluice_sample_type {
	struct sluice_type type;
	const struct sluice_sample_kind *kind;
};

/**
 * struct sluice_sample_desc - a slice to be
 * @name: its label, and the end of its name in class sluice
 * @uuid: its identity
 * @pool: whether it is a member of the pool
 */
struct sluice_sample_desc {
	const char *name;
	uuid_t uuid;
	bool pool;
};

/**
 * struct sluice_sample_variant - what a parent offers
 * @ops: for the core
 * @kinds: mdev types, NULL behind the last one
 * @descs: its slices
 * @nr_descs: how many
 * @pages: memory of the slices comes from alloc_pages_exact() and not from
 *	vmalloc(): the core maps both
 */
struct sluice_sample_variant {
	const struct sluice_parent_ops *ops;
	const struct sluice_sample_kind *kinds[SLUICE_SAMPLE_TYPES];
	const struct sluice_sample_desc *descs;
	unsigned int nr_descs;
	bool pages;
};

/**
 * struct sluice_sample_provider - the slices of a parent
 * @provider: for the inventory
 * @variant: says which they are
 * @nr: of them that have been added; under the lock of the parent's slices
 */
struct sluice_sample_provider {
	struct sluice_provider provider;
	const struct sluice_sample_variant *variant;
	unsigned int nr;
};

/**
 * struct sluice_sample_slice - a slice
 * @slice: for the inventory
 * @memory: %SLUICE_SAMPLE_MEMORY bytes
 * @pages: where @memory comes from, see &sluice_sample_variant.pages
 * @host_uses: a test says that the host uses the slice
 * @wipe: overwrites a member of the pool after its release
 * @lock: protects @stopped
 * @stopped: @wipe may not be queued any more
 */
struct sluice_sample_slice {
	struct sluice_slice slice;
	void *memory;
	bool pages;
	bool host_uses;
	struct delayed_work wipe;
	spinlock_t lock;
	bool stopped;
};

static inline struct sluice_sample_slice *
sluice_sample_to_slice(struct sluice_slice *slice)
{
	return container_of(slice, struct sluice_sample_slice, slice);
}

/* slices.c */
extern const struct sluice_provider_ops sluice_sample_provider_ops;

/* device.c */
extern const struct sluice_sample_kind sluice_sample_plain;
extern const struct sluice_sample_kind sluice_sample_wide;
extern const struct sluice_sample_kind sluice_sample_pool;
extern const struct sluice_sample_kind sluice_sample_trapped;
extern const struct sluice_parent_ops sluice_sample_parent_ops;
extern const struct sluice_parent_ops sluice_sample_min_parent_ops;

#endif /* SLUICE_SAMPLE_H */
