/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a parent without hardware, for the KUnit tests of the core
 *
 * The parent is registered, so its slices and types are in sysfs. Its two
 * providers have the slices that a test adds, and do what the test says.
 */
#ifndef SLUICE_IFAKE_TEST_H
#define SLUICE_IFAKE_TEST_H

#include <kunit/test.h>

#include "inventory/inventory.h"

/* The types of the parent */
enum { IFAKE_NAMED, IFAKE_POOL, IFAKE_TYPES };

#define IFAKE_PROVIDERS	2

/**
 * struct ifake_slice - a slice, and what its provider does with it
 * @slice: the slice
 * @fake: the parent
 * @claim: what &sluice_provider_ops.claim returns
 * @prepare: what &sluice_provider_ops.prepare returns
 * @check: what &sluice_provider_ops.check returns
 * @wipe: what &sluice_provider_ops.release returns
 * @calls: the provider's operations so far, a letter for each: Claim, Prepare,
 *	Release (r: unused), Wipe, Gone
 */
struct ifake_slice {
	struct sluice_slice slice;
	struct ifake *fake;
	int claim;
	int prepare;
	int check;
	bool wipe;
	char calls[32];
};

/**
 * struct ifake - a parent without hardware
 * @test: the running test
 * @dev: the physical function
 * @parent: the parent
 * @parent_ops: what its backend does
 * @types: its types
 * @provider_ops: what the providers do
 * @providers: where its slices come from
 * @enumerations: calls of &sluice_provider_ops.enumerate
 * @freed: calls of &sluice_provider_ops.free
 * @resized: the size that &sluice_provider_ops.resize got last
 */
struct ifake {
	struct kunit *test;
	struct device *dev;
	struct sluice_parent *parent;
	struct sluice_parent_ops parent_ops;
	struct sluice_type types[IFAKE_TYPES];
	struct sluice_provider_ops provider_ops;
	struct sluice_provider providers[IFAKE_PROVIDERS];
	unsigned int enumerations;
	unsigned int freed;
	u64 resized;
};

int ifake_init(struct kunit *test);
void ifake_exit(struct kunit *test);
uuid_t ifake_uuid(u8 last);
struct ifake_slice *ifake_add(struct ifake *f, unsigned int provider, u8 uuid,
			      bool pool);
void ifake_remove(struct ifake_slice *slice);
void ifake_refuse(struct ifake_slice *slice, const char *refusal);
struct sluice_slice *ifake_find(struct ifake *f, u8 uuid);
struct device_attribute *ifake_attribute(struct ifake_slice *slice,
					 const char *name);
const char *ifake_show(struct ifake_slice *slice, const char *attribute);

#endif /* SLUICE_IFAKE_TEST_H */
