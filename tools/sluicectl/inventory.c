// SPDX-License-Identifier: GPL-2.0-only
#include "inventory.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "names.h"
#include "sysdev.h"
#include "usage.h"

/* The unit of sizes in sysfs, whatever the block size of the disk. */
#define SECTOR	512

/* Appends a zeroed element to an array and gives its address. */
#define append(array, count)						\
	(__extension__ ({						\
		(array) = xrecalloc(array, (count) + 1, sizeof(*(array)));\
		memset(&(array)[count], 0, sizeof(*(array)));		\
		&(array)[(count)++];					\
	}))

/* A slice that covers a blank disk, or that some tools made, has no name. */
static char *make_label(const struct slice *s)
{
	char *name __free = text_printable(s->name);

	return *name ? xasprintf("'%s' (%s)", name, s->device) : xstrdup(s->device);
}

/* The removal of an mdev takes it off the bus first, then waits for its user. */
static bool is_leaving(const struct slice *s)
{
	char *path __free = xasprintf(MDEV_DEVICES "/%s", s->mdev);

	return *s->mdev && access(path, F_OK);
}

static int load_slice(struct parent *p, struct sd_device *dev)
{
	struct slice *s;
	const char *name, *opener;
	int r;

	r = sd_device_get_sysname(dev, &name);
	if (r < 0)
		return fail_errno(r, "cannot read the name of a slice");
	s = append(p->slices, p->n_slices);
	s->device = xstrdup(name);
	s->uuid = sysdev_text(dev, "uuid");
	s->name = sysdev_text(dev, "name");
	s->label = make_label(s);
	s->disk = sysdev_text(dev, "disk");
	s->state = sysdev_text(dev, "state");
	s->refusal = sysdev_text(dev, "refusal");
	s->mdev = sysdev_text(dev, "mdev");
	if (sd_device_get_sysattr_value(dev, "opener", &opener) >= 0)
		s->opener = xstrdup(opener);
	s->start = sysdev_number(dev, "start_bytes");
	s->size = sysdev_number(dev, "size_bytes");
	s->generation = sysdev_number(dev, "generation");
	s->block_size = sysdev_number(dev, "block_size_bytes");
	s->partition = sysdev_number(dev, "partition");
	s->pool = sysdev_number(dev, "pool");
	s->leaving = is_leaving(s);
	return 0;
}

static int load_slices(struct parent *p, struct sd_device *pci)
{
	struct sd_device_enumerator *e __cleanup(unref_list) = sysdev_enumerate(SLICE_CLASS, pci);
	int r = 0;

	if (!e)
		return FAILED;
	for_each_sysdev(e, dev) {
		r = load_slice(p, dev);
		if (r)
			break;
	}
	return r;
}

static bool is_slice(const struct parent *p, const char *device)
{
	for (size_t i = 0; i < p->n_slices; i++)
		if (!strcmp(p->slices[i].device, device))
			return true;
	return false;
}

static int load_part(const struct parent *p, struct disk *d, struct sd_device *dev)
{
	struct usage usage = { };
	struct host_part *part;
	const char *name;
	int r;

	r = sd_device_get_sysname(dev, &name);
	if (r < 0)
		return fail_errno(r, "cannot read the name of a partition");
	if (is_slice(p, name))
		return 0;
	part = append(d->parts, d->n_parts);
	part->device = xstrdup(name);
	part->partition = sysdev_number(dev, "partition");
	part->start = sysdev_number(dev, "start") * SECTOR;
	part->size = sysdev_number(dev, "size") * SECTOR;
	r = usage_of(dev, USAGE_MOUNTS, &usage);
	part->users = usage.users;
	return r;
}

/*
 * Finds the gaps between partitions. A disk without partitions may hold a file
 * system or other data: none of its space counts as free here.
 */
static void find_free(const struct parent *p, struct disk *d)
{
	struct extents used = { };
	/* The backup table: one block of header and 128 entries of 128 bytes. */
	uint64_t backup = d->block_size + 128 * 128;

	for (size_t i = 0; i < d->n_parts; i++)
		extents_add(&used, d->parts[i].start, d->parts[i].start + d->parts[i].size);
	for (size_t i = 0; i < p->n_slices; i++) {
		const struct slice *s = &p->slices[i];

		/* The entry of a refused slice may name blocks that do not exist. */
		if (!strcmp(s->disk, d->name) && s->start < d->size)
			extents_add(&used, s->start, s->size < d->size - s->start ?
				    s->start + s->size : d->size);
	}
	if (used.n && d->size > backup)
		extents_free(&used, SLICE_ALIGN, d->size - backup, &d->free);
	extents_clear(&used);
}

/* Larger ones cost more space than they are worth. */
#define ALIGN_LIMIT	(UINT64_C(64) << 20)

/*
 * What the drive prefers is of use to a guest if its slice begins at a multiple:
 * NPWG, NOIOB and NPDG are the disk's smallest good transfer, the places that no
 * transfer should cross, and the unit of a discard.
 */
static uint64_t find_alignment(struct sd_device *dev)
{
	uint64_t align = SLICE_ALIGN;

	align = common_multiple(align, sysdev_number(dev, "queue/minimum_io_size"), ALIGN_LIMIT);
	align = common_multiple(align, sysdev_number(dev, "queue/chunk_sectors") * SECTOR,
				ALIGN_LIMIT);
	return common_multiple(align, sysdev_number(dev, "queue/discard_granularity"),
			       ALIGN_LIMIT);
}

static int load_disk(struct parent *p, struct sd_device *dev)
{
	struct sd_device_enumerator *e __cleanup(unref_list) = NULL;
	struct disk *d;
	const char *name;
	int r;

	r = sd_device_get_sysname(dev, &name);
	if (r < 0)
		return fail_errno(r, "cannot read the name of a disk");
	d = append(p->disks, p->n_disks);
	d->name = xstrdup(name);
	d->offline = sysdev_text(dev, "offline");
	d->size = sysdev_number(dev, "size") * SECTOR;
	d->block_size = sysdev_number(dev, "queue/logical_block_size");
	d->align = find_alignment(dev);
	e = sysdev_enumerate("block", dev);
	if (!e)
		return FAILED;
	for_each_sysdev(e, part) {
		const char *type;

		if (sd_device_get_devtype(part, &type) < 0 || strcmp(type, "partition"))
			continue;
		r = load_part(p, d, part);
		if (r)
			return r;
	}
	find_free(p, d);
	return 0;
}

static int load_disks(struct parent *p, struct sd_device *pci)
{
	struct sd_device_enumerator *e __cleanup(unref_list) = sysdev_enumerate("block", pci);

	if (!e)
		return FAILED;
	for_each_sysdev(e, dev) {
		const char *type;
		int r;

		if (sd_device_get_devtype(dev, &type) < 0 || strcmp(type, "disk"))
			continue;
		r = load_disk(p, dev);
		if (r)
			return r;
	}
	return 0;
}

static void load_type(struct parent *p, struct sd_device *pci, const char *id)
{
	struct mdev_type *t;
	unsigned int queues;
	bool pool;
	int end = 0;

	pool = sscanf(id, POOL_TYPE_PREFIX "%u%n", &queues, &end) == 1;
	if ((!pool && sscanf(id, TYPE_PREFIX "%u%n", &queues, &end) != 1) || id[end])
		return;
	t = append(p->types, p->n_types);
	t->id = xstrdup(id);
	t->queues = queues;
	t->pool = pool;
#define TYPE_ATTR(what) \
	({ char *path __free = xasprintf("mdev_supported_types/%s/" what, id); \
	   sysdev_text(pci, path); })
	t->name = TYPE_ATTR("name");
	t->description = TYPE_ATTR("description");
	t->device_api = TYPE_ATTR("device_api");
#undef TYPE_ATTR
	{
		char *path __free = xasprintf("mdev_supported_types/%s/available_instances", id);

		t->available = sysdev_number(pci, path);
	}
}

static int by_pool_and_queues(const void *a, const void *b)
{
	const struct mdev_type *x = a, *y = b;

	if (x->pool != y->pool)
		return x->pool - y->pool;
	return (x->queues > y->queues) - (x->queues < y->queues);
}

static void load_types(struct parent *p, struct sd_device *pci)
{
	char *path __free = xasprintf("%s/mdev_supported_types", p->syspath);
	struct dirent *entry;
	DIR *dir = opendir(path);

	/* Missing while the drive is dead or serves only the host. */
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		load_type(p, pci, entry->d_name);
	closedir(dir);
	if (p->n_types)
		qsort(p->types, p->n_types, sizeof(*p->types), by_pool_and_queues);
}

static int by_slice_place(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int r = strverscmp(x->disk, y->disk);

	return r ? r : (x->start > y->start) - (x->start < y->start);
}

static int by_part_place(const void *a, const void *b)
{
	const struct host_part *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int by_disk_name(const void *a, const void *b)
{
	return strverscmp(((const struct disk *)a)->name, ((const struct disk *)b)->name);
}

/* sd-device lists in the order of sysfs paths; people expect disk order. */
static void sort_parent(struct parent *p)
{
	if (p->n_slices)
		qsort(p->slices, p->n_slices, sizeof(*p->slices), by_slice_place);
	if (p->n_disks)
		qsort(p->disks, p->n_disks, sizeof(*p->disks), by_disk_name);
	for (size_t i = 0; i < p->n_disks; i++)
		if (p->disks[i].n_parts)
			qsort(p->disks[i].parts, p->disks[i].n_parts,
			      sizeof(*p->disks[i].parts), by_part_place);
}

static int load_parent(struct inventory *inv, struct sd_device *dev, bool removing)
{
	const char *bdf, *path;
	struct parent *p;
	int r;

	r = sd_device_get_sysname(dev, &bdf);
	if (r >= 0)
		r = sd_device_get_syspath(dev, &path);
	if (r < 0)
		return fail_errno(r, "cannot read the address of a drive");
	p = append(inv->parents, inv->n);
	p->bdf = xstrdup(bdf);
	p->syspath = xstrdup(path);
	p->model = sysdev_text(dev, "sluice/model");
	p->serial = sysdev_text(dev, "sluice/serial");
	p->firmware = sysdev_text(dev, "sluice/firmware_rev");
	p->state = removing ? xstrdup(STATE_REMOVING) : sysdev_text(dev, "sluice/state");
	p->qp_total = sysdev_number(dev, "sluice/queue_pairs_total");
	p->qp_host = sysdev_number(dev, "sluice/queue_pairs_host");
	p->qp_free = sysdev_number(dev, "sluice/queue_pairs_free");
	r = load_slices(p, dev);
	if (!r)
		r = load_disks(p, dev);
	if (r)
		return r;
	load_types(p, dev);
	sort_parent(p);
	return 0;
}

/* The array of parents no longer moves: let the other objects point into it. */
static void link_parents(struct inventory *inv)
{
	for (size_t i = 0; i < inv->n; i++) {
		struct parent *p = &inv->parents[i];

		for (size_t j = 0; j < p->n_slices; j++)
			p->slices[j].parent = p;
		for (size_t j = 0; j < p->n_disks; j++)
			p->disks[j].parent = p;
		for (size_t j = 0; j < p->n_types; j++)
			p->types[j].parent = p;
	}
}

/* While the driver waits in its removal, the kernel shows no driver. */
static bool is_ours(struct sd_device *dev, bool *removing)
{
	char *driver __free = sysdev_driver(dev);
	char *rescan __free = NULL;
	const char *path;

	*removing = false;
	if (driver)
		return !strcmp(driver, DRIVER_NAME);
	if (sd_device_get_syspath(dev, &path) < 0)
		return false;
	rescan = xasprintf("%s/sluice/rescan", path);
	*removing = !access(rescan, F_OK);
	return *removing;
}

int inventory_load(struct inventory *inv)
{
	struct sd_device_enumerator *e __cleanup(unref_list) = sysdev_enumerate("pci", NULL);

	*inv = (struct inventory) { };
	if (!e)
		return FAILED;
	for_each_sysdev(e, dev) {
		bool removing;
		int r;

		if (!is_ours(dev, &removing))
			continue;
		r = load_parent(inv, dev, removing);
		if (r)
			return r;
	}
	link_parents(inv);
	return 0;
}

static void free_slice(struct slice *s)
{
	free(s->device);
	free(s->uuid);
	free(s->name);
	free(s->label);
	free(s->disk);
	free(s->state);
	free(s->refusal);
	free(s->mdev);
	free(s->opener);
}

static void free_disk(struct disk *d)
{
	for (size_t i = 0; i < d->n_parts; i++) {
		free(d->parts[i].device);
		strv_clear(&d->parts[i].users);
	}
	free(d->parts);
	free(d->name);
	free(d->offline);
	extents_clear(&d->free);
}

static void free_type(struct mdev_type *t)
{
	free(t->id);
	free(t->name);
	free(t->description);
	free(t->device_api);
}

static void free_parent(struct parent *p)
{
	for (size_t i = 0; i < p->n_slices; i++)
		free_slice(&p->slices[i]);
	for (size_t i = 0; i < p->n_disks; i++)
		free_disk(&p->disks[i]);
	for (size_t i = 0; i < p->n_types; i++)
		free_type(&p->types[i]);
	free(p->slices);
	free(p->disks);
	free(p->types);
	free(p->bdf);
	free(p->syspath);
	free(p->model);
	free(p->serial);
	free(p->firmware);
	free(p->state);
}

void inventory_free(struct inventory *inv)
{
	for (size_t i = 0; i < inv->n; i++)
		free_parent(&inv->parents[i]);
	free(inv->parents);
	*inv = (struct inventory) { };
}

bool parent_removing(const struct parent *p)
{
	return !strcmp(p->state, STATE_REMOVING);
}

const struct disk *parent_disk(const struct parent *p, const char *name)
{
	for (size_t i = 0; i < p->n_disks; i++)
		if (!strcmp(p->disks[i].name, name))
			return &p->disks[i];
	return NULL;
}

const char *slice_offline(const struct slice *s)
{
	const struct disk *d = parent_disk(s->parent, s->disk);

	return d ? d->offline : "";
}
