// SPDX-License-Identifier: GPL-2.0-only
/*
 * sluicectl destroy: returns the space of a slice to the drive.
 *
 * The kernel's partition is removed first. The removal fails while any program
 * has the partition open. After it nobody can attach or mount the slice, so
 * nothing races with the wiping and the change of the table.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "blkpg.h"
#include "interrupt.h"
#include "json.h"
#include "lookup.h"
#include "message.h"
#include "name.h"
#include "plan.h"
#include "request.h"
#include "rescan.h"
#include "size.h"
#include "table.h"
#include "target.h"
#include "usage.h"
#include "waits.h"
#include "zero.h"

struct job {
	const struct request *rq;
	struct target target;
	const struct slice *slice;	/* NULL in an image file */
	struct table table;
	struct entry entry;
};

static void job_clear(struct job *job)
{
	entry_clear(&job->entry);
	table_close(&job->table);
	target_clear(&job->target);
}

/* The parent whose driver must drop the slice; NULL for an image file. */
static const struct parent *driver_of(const struct job *job)
{
	return job->slice ? job->slice->parent : NULL;
}

static int say_busy(const struct slice *s)
{
	fail(BUSY, "the slice %s is %s", s->label, s->state);
	if (*s->mdev) {
		hint("detach it first: sluicectl detach %s", s->device);
		return BUSY;
	}
	usage_hints(s->device);
	return BUSY;
}

static int check_slice(const struct slice *s)
{
	if (strcmp(s->state, "free") && strcmp(s->state, "refused"))
		return say_busy(s);
	return waits_check(s->parent);
}

static int find_in_image(struct job *job)
{
	const char *what = job->rq->argv[0];
	unsigned int same = table_count(&job->table, what);
	bool found;
	uuid_t uuid;

	if (same > 1)
		return fail(REFUSED, "%u slices in %s are named '%s': use the UUID", same,
			    job->target.node, what);
	found = uuid_parse(what, uuid) ?
		table_find(&job->table, NULL, what, &job->entry) :
		table_find(&job->table, what, NULL, &job->entry);
	if (!found)
		return fail(NOT_FOUND, "there is no slice '%s' in %s", what, job->target.node);
	if (job->entry.slice)
		return 0;
	fail(REFUSED, "partition %u of %s is not a slice", job->entry.number, job->target.node);
	hint("to remove it: sfdisk --delete %s %u", job->target.node, job->entry.number);
	return REFUSED;
}

/* The driver and the table on the disk must describe the same slice. */
static int find_on_disk(struct job *job)
{
	const struct slice *s = job->slice;

	/* The driver rounds the size down to whole pages. */
	if (table_find(&job->table, s->uuid, NULL, &job->entry) && job->entry.slice &&
	    job->entry.start == s->start && job->entry.size >= s->size &&
	    job->entry.size - s->size < (uint64_t)sysconf(_SC_PAGESIZE))
		return 0;
	fail(REFUSED, "the partition table of %s does not have the slice %s as the driver shows it",
	     job->target.node, s->device);
	hint("somebody edited it: write 1 to %s/sluice/rescan and look again",
	     s->parent->syspath);
	return REFUSED;
}

static int prepare_image(struct job *job)
{
	enum table_access access = job->rq->dry_run ? TABLE_READ : TABLE_EDIT;
	int r;

	r = target_find(&job->target, job->rq->disk, job->rq->block_size);
	if (!r)
		r = table_open(&job->table, job->target.node, access, job->target.block_size);
	return r ? r : find_in_image(job);
}

static int prepare_disk(struct job *job)
{
	enum table_access access = job->rq->dry_run ? TABLE_READ : TABLE_EDIT;
	int r;

	if (job->rq->block_size)
		return fail(USAGE, "--block-size is for image files, a disk has its own");
	r = inventory_load(&job->target.inv);
	if (!r)
		r = lookup_slice(&job->target.inv, job->rq->argv[0], job->rq->disk, &job->slice);
	if (!r)
		r = check_slice(job->slice);
	if (r)
		return r;
	job->target.disk = parent_disk(job->slice->parent, job->slice->disk);
	job->target.node = xasprintf("/dev/%s", job->slice->disk);
	r = table_open(&job->table, job->target.node, access, 0);
	return r ? r : find_on_disk(job);
}

/* A slice that is refused may name blocks of others, even of a mounted partition. */
static int check_wipe(const struct job *job)
{
	int r = job->rq->wipe ? table_check_own(&job->table, &job->entry) : 0;

	if (r)
		hint("without --wipe only its entry is removed");
	return r;
}

static int find(struct job *job)
{
	const char *disk = job->rq->disk;

	if (disk && target_is_image(disk))
		return prepare_image(job);
	if (disk && !name_is_device(disk) && strncmp(disk, "/dev/", 5)) {
		fail(NOT_FOUND, "there is no disk or image file '%s'", disk);
		return NOT_FOUND;
	}
	return prepare_disk(job);
}

static int prepare(struct job *job)
{
	int r = find(job);

	return r ? r : check_wipe(job);
}

static int show_plan(const struct job *job)
{
	char *size __free = size_text(job->entry.size, job->rq->bytes);
	const struct entry *e = &job->entry;
	struct plan plan __cleanup(plan_clear) = { };

	if (job->slice)
		plan_add(&plan, "make the kernel forget partition %u of %s", e->number,
			 job->target.node);
	if (job->rq->wipe)
		plan_add(&plan, "zero %s of %s from byte %" PRIu64, size, job->target.node,
			 e->start);
	plan_add(&plan, "remove entry %u (name '%s', UUID %s) from the GPT of %s", e->number,
		 e->name, e->uuid, job->target.node);
	rescan_plan(driver_of(job), &plan, false);
	return plan_print(&plan, job->rq);
}

static int kernel_forget(struct job *job)
{
	int r;

	if (!job->slice)
		return 0;
	r = blkpg_remove(&job->table, &job->entry);
	if (!r || r == -ENXIO)
		return 0;
	if (r == -EBUSY)
		return say_busy(job->slice);
	return table_fail(&job->table, r, "the kernel does not release the partition");
}

/* Adds the entry back unchanged, with its number. */
static int put_entry_back(struct job *job)
{
	int r = table_add(&job->table, &job->entry);

	return r ? r : table_write(&job->table);
}

static void put_back(struct job *job, bool removed)
{
	int r = 0;

	if (removed)
		r = put_entry_back(job);
	if (job->slice) {
		if (blkpg_add(&job->table, &job->entry))
			r = FAILED;
		if (removed && rescan(job->slice->parent))
			r = FAILED;
	}
	if (r)
		warning("the slice could not be put back: look at %s with sfdisk --dump",
			job->target.node);
	else
		hint("the slice is still there%s", job->rq->wipe ?
		     ", but its contents may be zeroed in part" : "");
}

static int execute(struct job *job)
{
	bool removed = false;
	int r = kernel_forget(job);

	if (r)
		return r;
	if (job->rq->wipe)
		r = zero_range(&job->table, job->entry.start, job->entry.size);
	if (!r)
		r = table_remove(&job->table, job->entry.number);
	if (!r) {
		removed = true;
		r = table_write(&job->table);
	}
	if (!r)
		r = rescan_until(driver_of(job), job->entry.uuid, false);
	if (r)
		put_back(job, removed);
	return r;
}

static int report(const struct job *job)
{
	char *size __free = size_text(job->entry.size, job->rq->bytes);

	if (job->rq->json) {
		struct json_object *root = json_root();

		json_add_text(root, "destroyed", job->entry.uuid);
		json_add_text(root, "name", job->entry.name);
		json_add_number(root, "size_bytes", job->entry.size);
		json_add_bool(root, "wiped", job->rq->wipe);
		return json_print(root);
	}
	printf("destroyed slice '%s' (%s), %s are free%s\n", job->entry.name, job->entry.uuid,
	       size, job->rq->wipe ? " and zeroed" : "");
	return DONE;
}

static int destroy(const struct request *rq)
{
	struct job __cleanup(job_clear) job = { .rq = rq, .table.fd = -1 };
	int r;

	r = prepare(&job);
	if (r)
		return r;
	if (rq->dry_run)
		return show_plan(&job);
	interrupt_defer();
	r = execute(&job);
	return r ? r : report(&job);
}

const struct verb verb_destroy = {
	.name = "destroy",
	.args = "SLICE",
	.summary = "Remove a slice that nobody uses and free its space",
	.options = OPT_JSON | OPT_BYTES | OPT_DRY_RUN | OPT_WIPE | OPT_DISK | OPT_BLOCK_SIZE,
	.min_args = 1,
	.max_args = 1,
	.run = destroy,
};
