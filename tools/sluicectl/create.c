// SPDX-License-Identifier: GPL-2.0-only
/*
 * sluicectl create: makes a slice in free space of a drive.
 *
 * The order of the steps keeps a half-made slice away from guests. First the
 * kernel adds the partition; the kernel refuses when these blocks are in use by
 * something that the table does not list. Then the blocks are zeroed. Last, the
 * slice is written to the table, where the driver finds it. A step that fails
 * undoes the earlier steps.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "blank.h"
#include "blkpg.h"
#include "create.h"
#include "interrupt.h"
#include "json.h"
#include "lookup.h"
#include "message.h"
#include "name.h"
#include "names.h"
#include "plan.h"
#include "request.h"
#include "rescan.h"
#include "size.h"
#include "table.h"
#include "target.h"
#include "zero.h"

struct job {
	const struct request *rq;
	struct target target;
	struct size_spec size;
	struct table table;
	struct entry entry;
	struct blank before;
	int claim;		/* claims a blank disk exclusively; -1 for none */
	bool over;		/* the slice is to cover a disk that is blank */
};

static void job_clear(struct job *job)
{
	close_fd(&job->claim);
	blank_clear(&job->before);
	entry_clear(&job->entry);
	table_close(&job->table);
	target_clear(&job->target);
}

/* The parent whose driver must show the slice; NULL for an image file. */
static const struct parent *driver_of(const struct job *job)
{
	return job->target.disk ? job->target.disk->parent : NULL;
}

static int check_uuid(struct job *job)
{
	char text[UUID_STR_LEN];
	uuid_t uuid;

	if (!job->rq->uuid)
		uuid_generate_random(uuid);
	else if (uuid_parse(job->rq->uuid, uuid))
		return fail(USAGE, "'%s' is not a UUID", job->rq->uuid);
	if (uuid_is_null(uuid))
		return fail(USAGE, "the UUID of zeroes marks an unused entry, choose another");
	uuid_unparse_lower(uuid, text);
	job->entry.uuid = xstrdup(text);
	return 0;
}

static int check_request(struct job *job)
{
	const struct request *rq = job->rq;
	const char *wrong;

	if (!rq->name || !rq->size)
		return fail(USAGE, "create: both --name and --size are needed");
	wrong = job->over ? NULL : name_check(rq->name);
	if (wrong)
		return fail(USAGE, "the name '%s' %s", rq->name, wrong);
	wrong = size_parse(rq->size, &job->size);
	if (wrong)
		return fail(USAGE, "the size '%s' %s", rq->size, wrong);
	job->entry.name = xstrdup(rq->name);
	job->entry.pool = rq->pool;
	job->entry.slice = true;
	return check_uuid(job);
}

static int check_unique(struct job *job)
{
	const struct inventory *inv = &job->target.inv;
	const struct slice *s = slice_by_uuid(inv, job->entry.uuid);
	struct entry other __cleanup(entry_clear) = { };

	if (s)
		return fail(REFUSED, "the UUID %s belongs to %s already", s->uuid, s->device);
	if (table_find(&job->table, job->entry.uuid, NULL, &other))
		return fail(REFUSED, "the UUID %s belongs to partition %u of %s already",
			    job->entry.uuid, other.number, job->target.node);
	if (job->over)
		return 0;
	for (size_t i = 0; i < inv->n; i++)
		for (size_t j = 0; j < inv->parents[i].n_slices; j++)
			if (!strcmp(inv->parents[i].slices[j].name, job->entry.name))
				return fail(REFUSED, "the slice %s is named '%s' already",
					    inv->parents[i].slices[j].device, job->entry.name);
	if (table_count(&job->table, job->entry.name))
		return fail(REFUSED, "%s has a slice named '%s' already", job->target.node,
			    job->entry.name);
	return 0;
}

static int say_no_room(const struct job *job, uint64_t size, const struct extents *free)
{
	char *want __free = size_text(size, job->rq->bytes);
	char *largest __free = size_text(extents_largest(free), job->rq->bytes);
	char *total __free = size_text(extents_total(free), job->rq->bytes);

	if (!free->n)
		return fail(REFUSED, "%s has no free space", job->target.node);
	fail(REFUSED, "%s has no free extent of %s: the largest has %s", job->target.node, want,
	     largest);
	if (free->n > 1)
		hint("%s are free in total, in %zu pieces", total, free->n);
	return REFUSED;
}

/* Slices are whole alignment units; the hint says which sizes fit. */
static int check_alignment(const struct job *job, uint64_t size)
{
	uint64_t rest = size % SLICE_ALIGN;

	if (!rest)
		return 0;
	fail(USAGE, "the size '%s' is not a multiple of 1 MiB", job->rq->size);
	if (size > rest)
		hint("use %" PRIu64 "MiB or %" PRIu64 "MiB", size / SLICE_ALIGN,
		     size / SLICE_ALIGN + 1);
	else
		hint("the smallest slice has 1MiB; a number without a unit counts bytes");
	return USAGE;
}

static uint64_t percent_of(uint64_t all, uint64_t percent)
{
	uint64_t size = all / 100 * percent + all % 100 * percent / 100;

	return size - size % SLICE_ALIGN;
}

static int find_place(struct job *job)
{
	struct extents __cleanup(extents_clear) free = { };
	const struct extent *place;
	uint64_t size = job->size.value;
	int r = table_free_extents(&job->table, &free);

	if (r)
		return r;
	if (job->target.disk)
		extents_align(&free, job->target.disk->align);
	if (job->size.kind == SIZE_LARGEST)
		size = extents_largest(&free);
	else if (job->size.kind == SIZE_PERCENT)
		size = percent_of(table_usable(&job->table), job->size.value);
	r = check_alignment(job, size);
	if (r)
		return r;
	if (!size && job->size.kind == SIZE_PERCENT)
		return fail(REFUSED, "%s of %s is less than 1 MiB", job->rq->size,
			    job->target.node);
	place = extents_best(&free, size);
	if (!place || !size)
		return say_no_room(job, size, &free);
	job->entry.start = place->start;
	job->entry.size = size;
	return 0;
}

/* A blank disk has no partition to claim, so claim the whole disk. */
static int claim_blank(struct job *job)
{
	if (!job->table.blank || job->table.image || job->rq->dry_run)
		return 0;
	job->claim = open(job->target.node, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (job->claim >= 0)
		return 0;
	if (errno == EBUSY)
		return fail(BUSY, "%s has no partition table, but something has claimed all of it",
			    job->target.node);
	return fail_errno(errno, "cannot open %s", job->target.node);
}

static int check_blank(const struct job *job)
{
	if (!job->over || job->table.blank)
		return 0;
	fail(REFUSED, "%s has a partition table, so it is not given away as a whole",
	     job->target.node);
	hint("make a slice in its free space: sluicectl create %s --name NAME --size max",
	     job->target.disk->name);
	return REFUSED;
}

static int prepare(struct job *job)
{
	int r = check_request(job);

	if (!r)
		r = target_find(&job->target, job->rq->argv[0], job->rq->block_size);
	if (!r)
		r = table_open(&job->table, job->target.node,
			       job->rq->dry_run ? TABLE_READ : TABLE_EDIT,
			       job->target.block_size);
	if (!r)
		r = check_blank(job);
	if (!r)
		r = claim_blank(job);
	if (!r && job->table.blank)
		r = table_make(&job->table);
	if (!r)
		r = check_unique(job);
	if (!r)
		r = find_place(job);
	if (!r)
		r = table_add(&job->table, &job->entry);
	return r;
}

static int show_plan(const struct job *job)
{
	char *size __free = size_text(job->entry.size, job->rq->bytes);
	const struct entry *e = &job->entry;
	struct plan plan __cleanup(plan_clear) = { };

	if (job->table.blank)
		plan_add(&plan, "make a GPT on %s, which is blank", job->target.node);
	if (!job->table.image)
		plan_add(&plan, "tell the kernel about partition %u", e->number);
	if (!job->rq->keep_data)
		plan_add(&plan, "zero %s of %s from byte %" PRIu64, size, job->target.node,
			 e->start);
	plan_add(&plan, "write entry %u to the GPT: name '%s', UUID %s, bytes %" PRIu64
		 " to %" PRIu64 "%s", e->number, e->name, e->uuid, e->start,
		 e->start + e->size - 1, e->pool ? ", pool member" : "");
	rescan_plan(driver_of(job), &plan, true);
	if (job->over)
		plan_add(&plan, "attach the slice %s", e->uuid);
	return plan_print(&plan, job->rq);
}

static int take_table_back(struct job *job)
{
	int r;

	if (job->table.blank)
		return blank_restore(&job->table, &job->before);
	r = table_remove(&job->table, job->entry.number);
	return r ? r : table_write(&job->table);
}

static void take_back(struct job *job, bool table_written, bool kernel_told)
{
	int r = 0;

	if (table_written)
		r = take_table_back(job);
	if (kernel_told && blkpg_remove(&job->table, &job->entry))
		r = FAILED;
	close_fd(&job->claim);
	job->claim = -1;
	if (table_written && job->target.disk && rescan(job->target.disk->parent))
		r = FAILED;
	if (r)
		warning("not everything could be undone: look at %s with sfdisk --dump",
			job->target.node);
	else
		hint("nothing was changed in the partition table");
}

/* The driver cannot read a disk that we have claimed. */
static int show_to_driver(struct job *job)
{
	close_fd(&job->claim);
	job->claim = -1;
	return rescan_until(driver_of(job), job->entry.uuid, true);
}

static int tell_kernel(const struct job *job)
{
	int r;

	if (job->table.image)
		return 0;
	r = blkpg_add(&job->table, &job->entry);
	if (!r)
		return 0;
	table_fail(&job->table, r, "the kernel refuses the new partition");
	if (r == -EBUSY)
		hint("it has other partitions than the table: partx --update %s",
		     job->target.node);
	return outcome_of_errno(r);
}

static int execute(struct job *job)
{
	bool told = false, written = false;
	int r = 0;

	if (job->table.blank)
		r = blank_save(&job->table, &job->before);
	if (!r)
		r = tell_kernel(job);
	if (!r) {
		told = !job->table.image;
		if (!job->rq->keep_data)
			r = zero_range(&job->table, job->entry.start, job->entry.size);
	}
	if (!r) {
		written = true;
		r = table_write(&job->table);
	}
	if (!r)
		r = show_to_driver(job);
	if (r)
		take_back(job, written, told);
	return r;
}

static int report_image(const struct job *job)
{
	const struct slice s = {
		.device = NULL,
		.uuid = job->entry.uuid,
		.name = job->entry.name,
		.disk = job->target.node,
		.start = job->entry.start,
		.size = job->entry.size,
		.block_size = job->table.block_size,
		.partition = job->entry.number,
		.pool = job->entry.pool,
	};
	char *size __free = size_text(s.size, job->rq->bytes);

	if (job->rq->json) {
		struct json_object *root = json_root();

		json_object_object_add(root, "slice", json_of_slice(&s));
		return json_print(root);
	}
	printf("created slice '%s' (%s) of %s as partition %u of %s\n", s.name, s.uuid, size,
	       s.partition, s.disk);
	return DONE;
}

static int report(const struct job *job)
{
	struct inventory inv __cleanup(inventory_free) = { };
	char *size __free = NULL;
	const struct slice *s;
	int r;

	if (!job->target.disk)
		return report_image(job);
	r = inventory_load(&inv);
	if (r)
		return r;
	s = slice_by_uuid(&inv, job->entry.uuid);
	if (!s)
		return fail(FAILED, "the slice was made, but is gone already");
	if (job->rq->json) {
		struct json_object *root = json_root();

		json_object_object_add(root, "slice", json_of_slice(s));
		return json_print(root);
	}
	size = size_text(s->size, job->rq->bytes);
	printf("created slice '%s' (%s) of %s as %s\n", s->name, s->uuid, size, s->device);
	return DONE;
}

/* A dry run ends with the plan. */
static int run(struct job *job)
{
	int r = prepare(job);

	if (r)
		return r;
	if (job->rq->dry_run)
		return show_plan(job);
	interrupt_defer();
	return execute(job);
}

static int create(const struct request *rq)
{
	struct job __cleanup(job_clear) job = { .rq = rq, .claim = -1, .table.fd = -1 };
	int r = run(&job);

	return r || rq->dry_run ? r : report(&job);
}

int create_over(const struct request *rq, const struct disk *disk, char **uuid)
{
	const struct request own = {
		.json = rq->json, .dry_run = rq->dry_run, .bytes = rq->bytes,
		.name = "", .size = "max", .argv = (char **)&disk->name, .argc = 1,
	};
	struct job job __cleanup(job_clear) = {
		.rq = &own, .over = true, .claim = -1, .table.fd = -1,
	};
	int r = run(&job);

	if (!r && !rq->dry_run)
		*uuid = xstrdup(job.entry.uuid);
	return r;
}

const struct verb verb_create = {
	.name = "create",
	.args = "DRIVE|DISK",
	.summary = "Make a slice in the free space of a drive, a disk or an image file",
	.options = OPT_JSON | OPT_BYTES | OPT_DRY_RUN | OPT_NAME | OPT_SIZE | OPT_UUID | OPT_POOL |
		   OPT_KEEP_DATA | OPT_BLOCK_SIZE,
	.min_args = 1,
	.max_args = 1,
	.run = create,
};
