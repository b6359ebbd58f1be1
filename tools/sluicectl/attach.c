// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl attach: make the mdev through which a guest gets a slice. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "create.h"
#include "inventory.h"
#include "json.h"
#include "klog.h"
#include "lookup.h"
#include "message.h"
#include "names.h"
#include "plan.h"
#include "request.h"
#include "sysdev.h"
#include "usage.h"
#include "waits.h"

/* udev may still be reading the table that "create" has just written. */
#define RETRY_EVERY_MS	100
#define RETRY_FOR_MS	3000

/* Most guests have no more vCPUs that do I/O at the same time. */
#define DEFAULT_QUEUES	4

/* A slice of the pool has other types than a slice that is not in the pool. */
static bool type_fits(const struct mdev_type *type, const struct slice *s)
{
	return type->pool == s->pool;
}

static int no_such_type(const struct slice *s, const char *what)
{
	const struct parent *p = s->parent;
	struct strv all __cleanup(strv_clear) = { };
	char *list __free = NULL;

	for (size_t i = 0; i < p->n_types; i++)
		if (type_fits(&p->types[i], s))
			strv_add(&all, "%sq%u", s->pool ? "pool-" : "", p->types[i].queues);
	list = strv_join(&all, ", ");
	fail(NOT_FOUND, "%s has no type with %s", p->bdf, what);
	if (all.n)
		hint("for this slice it has %s", list);
	else
		hint("a guest needs two queue pairs, and of this drive's %u the host keeps %u",
		     p->qp_total, p->qp_host);
	return NOT_FOUND;
}

static int type_by_queues(const struct slice *s, unsigned long queues,
			  const struct mdev_type **type)
{
	char *what __free = xasprintf("%lu queue pairs", queues);
	const struct parent *p = s->parent;

	for (size_t i = 0; i < p->n_types; i++) {
		if (type_fits(&p->types[i], s) && p->types[i].queues == queues) {
			*type = &p->types[i];
			return 0;
		}
	}
	return no_such_type(s, what);
}

static int type_by_name(const struct slice *s, const char *name, const struct mdev_type **type)
{
	char *id __free = xasprintf("%s%s", strncmp(name, TYPE_OWNER, strlen(TYPE_OWNER)) ?
				    TYPE_OWNER : "", name);
	char *what __free = xasprintf("the name '%s'", name);
	const struct parent *p = s->parent;

	for (size_t i = 0; i < p->n_types; i++) {
		const struct mdev_type *t = &p->types[i];

		if (strcmp(t->id, id))
			continue;
		if (!type_fits(t, s)) {
			fail(REFUSED, "%s is %sfor slices of the pool, and %s is %sone", id,
			     s->pool ? "not " : "", s->label, s->pool ? "" : "not ");
			hint("give the number with --queues %u instead of the type", t->queues);
			return REFUSED;
		}
		*type = t;
		return 0;
	}
	return no_such_type(s, what);
}

/*
 * The slice gets the largest type that is not above its share of the drive's
 * free queue pairs, if all slices that are free now share these, and not above
 * DEFAULT_QUEUES; else the smallest type.
 */
static int type_by_share(const struct slice *s, const struct mdev_type **type)
{
	const struct parent *p = s->parent;
	unsigned int free = 0, share;

	for (size_t i = 0; i < p->n_slices; i++)
		free += !strcmp(p->slices[i].state, "free");
	share = p->qp_free / (free ?: 1);
	if (share > DEFAULT_QUEUES)
		share = DEFAULT_QUEUES;
	/* They are in the order of their number of queue pairs. */
	for (size_t i = 0; i < p->n_types; i++)
		if (type_fits(&p->types[i], s) && (!*type || p->types[i].queues <= share))
			*type = &p->types[i];
	return *type ? 0 : no_such_type(s, "queue pairs for guests");
}

/* Finds what is wrong with the command line, whatever there is on this host. */
static int check_request(const struct request *rq)
{
	unsigned long queues;
	char *end;

	if (rq->queues && rq->type)
		return fail(USAGE, "attach: --queues and --type mean the same, give one of them");
	if (!rq->queues)
		return 0;
	errno = 0;
	queues = strtoul(rq->queues, &end, 10);
	if (errno || *end || !queues || !isdigit((unsigned char)*rq->queues))
		return fail(USAGE, "'%s' is not a number of queue pairs", rq->queues);
	return 0;
}

static int find_type(const struct request *rq, const struct slice *s,
		     const struct mdev_type **type)
{
	if (rq->type)
		return type_by_name(s, rq->type, type);
	if (!rq->queues)
		return type_by_share(s, type);
	return type_by_queues(s, strtoul(rq->queues, NULL, 10), type);
}

/* NULL also while the kernel makes the mdev, which a wipe may delay. */
static const struct mdev_type *type_of_mdev(const struct slice *s)
{
	char *link __free = xasprintf(MDEV_DEVICES "/%s/mdev_type", s->mdev);
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	for (size_t i = 0; i < s->parent->n_types; i++)
		if (!strcmp(s->parent->types[i].id, basename(target)))
			return &s->parent->types[i];
	return NULL;
}

static int say_attached(const struct slice *s)
{
	bool made = type_of_mdev(s);

	fail(BUSY, "the slice %s is %s as mdev %s", s->label,
	     made ? "attached" : "being attached", s->mdev);
	if (made)
		hint("a guest may use it; detach it first: sluicectl detach %s", s->device);
	else
		hint("wait until that is done");
	return BUSY;
}

static int check_slice(const struct slice *s)
{
	const struct parent *p = s->parent;

	if (parent_removing(p) || s->leaving) {
		struct strv what __cleanup(strv_clear) = { };

		fail(BUSY, "the slice %s is being detached", s->label);
		waits_of_slice(s, &what);
		for (size_t i = 0; i < what.n; i++)
			hint("the kernel waits for %s", what.v[i]);
		return BUSY;
	}
	if (strcmp(p->state, "live")) {
		fail(BUSY, "the drive %s is %s", p->bdf, *p->state ? p->state : "gone");
		hint(strcmp(p->state, "dead") ?
		     "the kernel log says why; nothing can be attached until it is live" :
		     "the kernel log says why; unbind it and bind it again");
		return BUSY;
	}
	if (*slice_offline(s)) {
		fail(BUSY, "the namespace of the slice %s is offline: %s", s->label,
		     slice_offline(s));
		hint("unbind the drive and bind it again");
		return BUSY;
	}
	if (!strcmp(s->state, "free"))
		return 0;
	if (*s->refusal && !*s->mdev)
		return fail(REFUSED, "the slice %s %s", s->label, s->refusal);
	if (*s->mdev)
		return say_attached(s);
	fail(BUSY, "the slice %s is %s", s->label, s->state);
	if (!strcmp(s->state, "busy")) {
		hint("the host uses /dev/%s: unmount it or whatever else holds it", s->device);
		usage_hints(s->device);
	} else {
		hint("wait until it is free again");
	}
	return BUSY;
}

static int check_room(const struct parent *p, const struct mdev_type *type, bool room)
{
	if (room)
		return 0;
	fail(BUSY, "%s has no room for %s: %u of its %u queue pairs for guests are free", p->bdf,
	     type->id, p->qp_free, p->qp_total - p->qp_host);
	hint(p->qp_free < p->types[0].queues ? "detach another slice" :
	     "choose fewer with --queues, or detach another slice");
	return BUSY;
}

/* Explains each error with which the driver refuses an attachment. */
static int say_refused(int err, const struct slice *s, const struct mdev_type *type)
{
	switch (-err) {
	case ENOENT:
		fail(NOT_FOUND,
		     "the slice %s is gone, or the kernel has no partition for it",
		     s->label);
		hint("if 'sluicectl list' still shows it: partx --update /dev/%s", s->disk);
		return NOT_FOUND;
	case EBUSY:
		fail(BUSY, "the slice %s, or a part of it, is in use", s->label);
		usage_hints(s->device);
		return BUSY;
	case ENOSPC:
		fail(BUSY, "%s has not enough free queue pairs for %s", s->parent->bdf,
		     type->id);
		hint("choose fewer with --queues, or detach another slice");
		return BUSY;
	case EEXIST:
		fail(BUSY, "another device already has an mdev with the UUID %s", s->uuid);
		hint("see " MDEV_DEVICES "/%s", s->uuid);
		return BUSY;
	case EIO:
		return fail(FAILED, "the slice %s could not be wiped", s->label);
	case ENODEV:
		return fail(BUSY, "the drive %s is resetting or dead", s->parent->bdf);
	default:
		return fail_errno(err, "cannot attach the slice %s", s->label);
	}
}

static int write_create(const struct slice *s, const struct mdev_type *type)
{
	char *path __free = xasprintf("%s/mdev_supported_types/%s/create", s->parent->syspath,
				   type->id);
	const struct timespec pause = { .tv_nsec = RETRY_EVERY_MS * 1000000L };
	int r;

	for (int waited = 0;; waited += RETRY_EVERY_MS) {
		r = sysfs_write(path, s->uuid);
		if (r != -ENOENT || waited >= RETRY_FOR_MS || access(path, F_OK))
			return r;
		nanosleep(&pause, NULL);
	}
}

/*
 * When the UUID belongs to no slice, the driver attaches a pool slice. If the
 * slice was removed a moment ago, the attached slice could be another one.
 */
static int verify(const struct slice *s)
{
	struct inventory now __cleanup(inventory_free) = { };
	char *remove __free = NULL;
	const struct slice *attached;
	int r = inventory_load(&now);

	if (r)
		return r;
	attached = slice_by_uuid(&now, s->uuid);
	if (attached && !strcmp(attached->mdev, s->uuid))
		return 0;
	remove = xasprintf(MDEV_DEVICES "/%s/remove", s->uuid);
	sysfs_write(remove, "1");
	return fail(FAILED, "the slice %s went away while it was being attached", s->label);
}

static int report(const struct request *rq, const struct slice *s, const struct mdev_type *type,
		  bool changed)
{
	char *mdev __free = xasprintf(MDEV_DEVICES "/%s", s->uuid);
	char *qemu __free = xasprintf("-device vfio-pci,sysfsdev=%s", mdev);
	struct json_object *root;

	if (!rq->json) {
		printf(changed ? "attached slice %s" : "the slice %s is attached already",
		       s->label);
		printf(" with %u queue pairs\ntype: %s\nmdev: %s\nqemu: %s\n", type->queues,
		       type->id, mdev, qemu);
		return DONE;
	}
	root = json_root();
	json_add_text(root, "slice", s->uuid);
	json_add_text(root, "name", s->name);
	json_add_text(root, "device", s->device);
	json_add_text(root, "type", type->id);
	json_add_number(root, "queues", type->queues);
	json_add_text(root, "mdev", mdev);
	json_add_text(root, "qemu", qemu);
	json_add_bool(root, "changed", changed);
	return json_print(root);
}

/* Its mdev has the UUID of the slice, as an mdev of ours has. */
static bool is_attached(const struct slice *s)
{
	return !s->leaving && *s->mdev && !strcmp(s->mdev, s->uuid) && type_of_mdev(s);
}

/* What is there already is what was asked for, or it is in the way. */
static int compare(const struct request *rq, const struct slice *s)
{
	const struct mdev_type *type = type_of_mdev(s), *wanted = type;
	int r = rq->queues || rq->type ? find_type(rq, s, &wanted) : 0;

	if (r)
		return r;
	if (!type)
		return fail(FAILED, "the mdev %s went away just now", s->mdev);
	if (wanted == type)
		return report(rq, s, type, false);
	fail(BUSY, "the slice %s is attached already as %s, not as %s", s->label,
	     type->id, wanted->id);
	hint("to change this, shut its guest down and run: sluicectl detach %s", s->device);
	return BUSY;
}

static int execute(const struct request *rq, const struct slice *s, const struct mdev_type *type)
{
	int log __cleanup(close_fd) = klog_open();
	int r = write_create(s, type);

	if (r) {
		int code = say_refused(r, s, type);

		klog_show(log, s->parent->bdf);
		return code;
	}
	r = verify(s);
	return r ? r : report(rq, s, type, true);
}

static bool has_partitions(const struct disk *d)
{
	for (size_t i = 0; i < d->parent->n_slices; i++)
		if (!strcmp(d->parent->slices[i].disk, d->name))
			return true;
	return d->n_parts;
}

static int attach(const struct request *rq);

/*
 * A blank disk is given away as a slice that covers it. The slice's entry in a
 * GPT is what says, also to the driver and after a reboot, that the guest's data
 * may be given away, and it lies where the guest cannot write.
 */
static int attach_blank(const struct request *rq, const struct disk *disk)
{
	char *uuid __free = NULL;
	/* What the request needs is checked before anything is written. */
	const struct slice slice = {
		.parent = disk->parent, .name = disk->name,
		.device = disk->name, .label = disk->name,
	};
	const struct mdev_type *type = NULL;
	struct request again = *rq;
	int r;

	r = waits_check(disk->parent);
	if (!r)
		r = find_type(rq, &slice, &type);
	if (!r)
		r = check_room(disk->parent, type, disk->parent->qp_free >= type->queues);
	if (!r)
		r = create_over(rq, disk, &uuid);
	if (r || !uuid)
		return r;
	again.argv = &uuid;
	r = attach(&again);
	if (r)
		hint("the slice %s covers all of %s now", uuid, disk->name);
	return r;
}

static int attach(const struct request *rq)
{
	const struct disk *disk;
	struct inventory inv __cleanup(inventory_free) = { };
	const struct mdev_type *type = NULL;
	const struct slice *s;
	int r = check_request(rq);

	if (!r)
		r = inventory_load(&inv);
	if (r)
		return r;
	disk = disk_by_name(&inv, rq->argv[0]);
	if (disk && !has_partitions(disk))
		return attach_blank(rq, disk);
	r = lookup_slice(&inv, rq->argv[0], rq->disk, &s);
	if (r)
		return r;
	if (is_attached(s))
		return compare(rq, s);
	r = check_slice(s);
	if (!r)
		r = find_type(rq, s, &type);
	if (!r)
		r = check_room(s->parent, type, type->available);
	if (r)
		return r;
	if (rq->dry_run) {
		struct plan plan __cleanup(plan_clear) = { };

		plan_add(&plan, "write %s to %s/mdev_supported_types/%s/create", s->uuid,
			 s->parent->syspath, type->id);
		return plan_print(&plan, rq);
	}
	return execute(rq, s, type);
}

const struct verb verb_attach = {
	.name = "attach",
	.args = "SLICE|DISK",
	.summary = "Make a slice available to a guest as a mediated device",
	.options = OPT_JSON | OPT_DRY_RUN | OPT_DISK | OPT_QUEUES | OPT_TYPE,
	.min_args = 1,
	.max_args = 1,
	.run = attach,
};
