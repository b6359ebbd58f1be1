// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl detach: take a slice back from a guest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inventory.h"
#include "json.h"
#include "lookup.h"
#include "message.h"
#include "names.h"
#include "plan.h"
#include "program.h"
#include "request.h"
#include "slow.h"
#include "waits.h"

/* The user may know a pool slice only by the UUID of its mdev. */
static const struct slice *slice_by_mdev(const struct inventory *inv, const char *uuid)
{
	for (size_t i = 0; i < inv->n; i++) {
		const struct parent *p = &inv->parents[i];

		for (size_t j = 0; j < p->n_slices; j++)
			if (*p->slices[j].mdev && !strcasecmp(p->slices[j].mdev, uuid))
				return &p->slices[j];
	}
	return NULL;
}

static bool on_disk(const struct slice *s, const char *disk)
{
	return !disk || !strcmp(s->disk, strncmp(disk, "/dev/", 5) ? disk : disk + 5);
}

static int find_slice(const struct request *rq, const struct inventory *inv,
		      const struct slice **s)
{
	*s = slice_by_mdev(inv, rq->argv[0]);
	if (*s && on_disk(*s, rq->disk))
		return 0;
	return lookup_slice(inv, rq->argv[0], rq->disk, s);
}

static void say_waits(const char *text, const struct slice *s)
{
	struct strv what __cleanup(strv_clear) = { };

	waits_of_slice(s, &what);
	for (size_t i = 0; i < what.n; i++)
		hint("%s %s", text, what.v[i]);
}

static int check_idle(const struct request *rq, const struct slice *s)
{
	struct strv programs __cleanup(strv_clear) = { };
	char *who __free = NULL;

	if (s->leaving || parent_removing(s->parent)) {
		fail(BUSY, "the slice %s is being detached already", s->label);
		say_waits("the kernel waits for", s);
		return BUSY;
	}
	if (rq->force)
		return 0;
	programs_with_slice(s, &programs);
	if (!programs.n)
		return 0;
	who = strv_join(&programs, ", ");
	fail(BUSY, "the slice %s is in use by %s", s->label, who);
	if (text_equal(s->opener, "0")) {
		hint("end the program that keeps it; with --force, sluicectl waits for its end");
		return BUSY;
	}
	hint("shut the guest down, or have QEMU unplug the mdev, or use --force: then the");
	hint("kernel asks the program every ten seconds to unplug the mdev, and sluicectl waits");
	return BUSY;
}

static int report(const struct request *rq, const struct slice *s)
{
	bool changed = *s->mdev;
	struct json_object *root;

	if (!rq->json) {
		if (!changed)
			printf("the slice %s is not attached: there is nothing to do\n", s->label);
		else
			printf("detached slice %s%s\n", s->label,
			       s->pool ? ", which is being wiped for the pool" : "");
		return DONE;
	}
	root = json_root();
	json_add_text(root, "slice", s->uuid);
	json_add_text(root, "name", s->name);
	json_add_text(root, "device", s->device);
	json_add_text(root, "mdev", changed ? s->mdev : NULL);
	json_add_bool(root, "changed", changed);
	return json_print(root);
}

static void say_waiting(void *data)
{
	say_waits("waiting for", data);
	hint("Ctrl-C ends the wait, but not the removal");
}

/* The kernel cannot be told to give a removal up, so neither can we. */
static int say_interrupted(const struct slice *s)
{
	fail(BUSY, "interrupted: the slice %s is not detached yet, but it will be", s->label);
	say_waits("the kernel waits for", s);
	return BUSY;
}

static int execute(const struct request *rq, const struct slice *s)
{
	char *mdev __free = xasprintf(MDEV_DEVICES "/%s", s->mdev);
	char *remove __free = xasprintf("%s/remove", mdev);
	struct slow slow = { .tell = say_waiting, .data = (void *)s };
	int r;

	r = slow_write(remove, "1", &slow);
	if (r == -EINTR)
		return say_interrupted(s);
	/* Somebody else may have removed it meanwhile. */
	if (r && !(r == -ENOENT || r == -ENODEV))
		return fail_errno(r, "cannot detach the slice %s", s->label);
	if (!access(mdev, F_OK))
		return fail(FAILED, "the mdev %s is still there", s->mdev);
	return report(rq, s);
}

static int detach(const struct request *rq)
{
	struct inventory inv __cleanup(inventory_free) = { };
	const struct slice *s;
	int r = inventory_load(&inv);

	if (!r)
		r = find_slice(rq, &inv, &s);
	if (r)
		return r;
	if (!*s->mdev)
		return report(rq, s);
	r = check_idle(rq, s);
	if (r)
		return r;
	if (rq->dry_run) {
		struct plan plan __cleanup(plan_clear) = { };

		plan_add(&plan, "write 1 to " MDEV_DEVICES "/%s/remove", s->mdev);
		return plan_print(&plan, rq);
	}
	return execute(rq, s);
}

const struct verb verb_detach = {
	.name = "detach",
	.args = "SLICE",
	.summary = "Take a slice back from a guest",
	.options = OPT_JSON | OPT_DRY_RUN | OPT_DISK | OPT_FORCE,
	.min_args = 1,
	.max_args = 1,
	.run = detach,
};
