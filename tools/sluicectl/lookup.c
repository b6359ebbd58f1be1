// SPDX-License-Identifier: GPL-2.0-only
#include "lookup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "message.h"
#include "name.h"
#include "names.h"
#include "sysdev.h"

static const char *base_name(const char *node)
{
	return strncmp(node, "/dev/", 5) ? node : node + 5;
}

static bool same_uuid(const char *a, const char *b)
{
	uuid_t x, y;

	return !uuid_parse(a, x) && !uuid_parse(b, y) && !uuid_compare(x, y);
}

static bool is_host_part(const struct inventory *inv, const char *what)
{
	for (size_t i = 0; i < inv->n; i++)
		for (size_t j = 0; j < inv->parents[i].n_disks; j++) {
			const struct disk *d = &inv->parents[i].disks[j];

			for (size_t k = 0; k < d->n_parts; k++)
				if (!strcmp(d->parts[k].device, base_name(what)))
					return true;
		}
	return false;
}

const struct disk *disk_by_name(const struct inventory *inv, const char *what)
{
	const struct disk *disk = NULL;

	for (size_t i = 0; !disk && i < inv->n; i++)
		disk = parent_disk(&inv->parents[i], base_name(what));
	return disk;
}

static int say_not_found(const struct inventory *inv, const char *what)
{
	if (disk_by_name(inv, what))
		return fail(NOT_FOUND, "%s is a disk, not a slice", what);
	if (lookup_parent(inv, what))
		return fail(NOT_FOUND, "%s is a drive, not a slice", what);
	if (is_host_part(inv, what))
		return fail(NOT_FOUND, "%s is a partition of the host, not a slice", what);
	fail(NOT_FOUND, "there is no slice '%s'", what);
	if (inv->n)
		hint("'sluicectl list' shows the slices");
	else
		hint("no drive is bound to %s: see 'sluicectl bind'", DRIVER_NAME);
	return NOT_FOUND;
}

static int check_disk(const struct inventory *inv, const char *what)
{
	if (disk_by_name(inv, what))
		return 0;
	fail(NOT_FOUND, "there is no disk '%s' on a drive that is bound to %s", what, DRIVER_NAME);
	hint("'sluicectl list' shows the disks");
	return NOT_FOUND;
}

/* Slices that have what was asked for, which may not be enough to name one. */
struct found {
	const struct slice *slice;
	struct strv devices;
};

static void found_clear(struct found *found)
{
	strv_clear(&found->devices);
}

static void found_add(struct found *found, const struct slice *s)
{
	found->slice = s;
	strv_add(&found->devices, "%s", s->device);
}

static int only_found(const struct found *found, const char *have, const char *what,
		      const char *instead, const struct slice **slice)
{
	char *list __free = NULL;

	*slice = found->slice;
	if (found->devices.n == 1)
		return 0;
	list = strv_join(&found->devices, ", ");
	fail(REFUSED, "%zu slices %s '%s': %s", found->devices.n, have, what, list);
	hint("use %s", instead);
	return REFUSED;
}

int lookup_slice(const struct inventory *inv, const char *what, const char *disk,
		 const struct slice **slice)
{
	struct found named __cleanup(found_clear) = { }, equal __cleanup(found_clear) = { };
	int r = disk ? check_disk(inv, disk) : 0;

	if (r)
		return r;
	for (size_t i = 0; i < inv->n; i++) {
		const struct parent *p = &inv->parents[i];

		for (size_t j = 0; j < p->n_slices; j++) {
			const struct slice *s = &p->slices[j];

			if (disk && strcmp(s->disk, base_name(disk)))
				continue;
			if (!strcmp(s->device, base_name(what))) {
				*slice = s;
				return 0;
			}
			if (same_uuid(s->uuid, what))
				found_add(&equal, s);
			else if (!strcmp(s->name, what))
				found_add(&named, s);
		}
	}
	if (equal.slice)
		return only_found(&equal, "have the UUID", what, "the device name", slice);
	if (named.slice)
		return only_found(&named, "are named", what, "the device name or the UUID", slice);
	return say_not_found(inv, what);
}

const struct parent *lookup_parent(const struct inventory *inv, const char *what)
{
	char *bdf __free = pci_address(what);

	for (size_t i = 0; bdf && i < inv->n; i++)
		if (!strcmp(inv->parents[i].bdf, bdf))
			return &inv->parents[i];
	return NULL;
}

int lookup_drive(const struct inventory *inv, const char *what, const struct parent **p)
{
	char *bdf __free = pci_address(what);

	*p = lookup_parent(inv, what);
	if (*p)
		return 0;
	if (bdf) {
		fail(NOT_FOUND, "no drive %s is bound to %s", bdf, DRIVER_NAME);
		hint("'sluicectl list' shows what is bound, 'sluicectl bind' binds a drive");
	} else {
		fail(USAGE, "'%s' is not the address of a drive", what);
		hint("it looks like 0000:01:00.0; 'sluicectl list' shows the drives");
	}
	return bdf ? NOT_FOUND : USAGE;
}

static int only_disk(const struct parent *p, const struct disk **disk)
{
	struct strv names __cleanup(strv_clear) = { };
	char *list __free = NULL;

	if (p->n_disks == 1) {
		*disk = p->disks;
		return 0;
	}
	if (!p->n_disks)
		return fail(REFUSED, "%s has no namespace that can be used, see the kernel log",
			    p->bdf);
	for (size_t i = 0; i < p->n_disks; i++)
		strv_add(&names, "%s", p->disks[i].name);
	list = strv_join(&names, ", ");
	fail(REFUSED, "%s has %zu disks: %s", p->bdf, p->n_disks, list);
	hint("name the disk instead of the drive");
	return REFUSED;
}

int lookup_disk(const struct inventory *inv, const char *what, const struct disk **disk)
{
	char *bdf __free = pci_address(what);
	const struct parent *p;
	int r;

	if (bdf) {
		r = lookup_drive(inv, what, &p);
		return r ? r : only_disk(p, disk);
	}
	*disk = disk_by_name(inv, what);
	if (*disk)
		return 0;
	if (!access(what, F_OK) && name_is_device(what)) {
		fail(NOT_FOUND, "there is no disk %s on a drive that is bound to %s", what,
		     DRIVER_NAME);
		hint("for the image file of this name, write ./%s", what);
		return NOT_FOUND;
	}
	if (!access(what, F_OK))
		fail(NOT_FOUND, "%s is neither a disk of %s nor an image file", what, DRIVER_NAME);
	else
		fail(NOT_FOUND, "there is no drive, disk or image file '%s'", what);
	hint("'sluicectl list' shows what is bound, 'sluicectl bind' binds a drive");
	return NOT_FOUND;
}

const struct slice *slice_by_uuid(const struct inventory *inv, const char *uuid)
{
	const struct slice *refused = NULL;

	for (size_t i = 0; i < inv->n; i++) {
		for (size_t j = 0; j < inv->parents[i].n_slices; j++) {
			const struct slice *s = &inv->parents[i].slices[j];

			if (!same_uuid(s->uuid, uuid))
				continue;
			if (!*s->refusal)
				return s;
			refused = s;
		}
	}
	return refused;
}
