// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl detach: take a slice back from a guest. */
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
#include "sysdev.h"

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

static int find_slice(const struct request *rq, const struct inventory *inv,
		      const struct slice **s)
{
	*s = slice_by_mdev(inv, rq->argv[0]);
	if (*s)
		return 0;
	return lookup_slice(inv, rq->argv[0], rq->disk, s);
}

static int check_idle(const struct request *rq, const struct slice *s, const char *mdev)
{
	struct strv programs __cleanup(strv_clear) = { };
	char *who __free = NULL;

	if (rq->force)
		return 0;
	programs_with_vfio(mdev, &programs);
	if (!programs.n)
		return 0;
	who = strv_join(&programs, ", ");
	fail(BUSY, "the slice '%s' (%s) is in use by %s", s->name, s->device, who);
	hint("shut the guest down, or have QEMU unplug the mdev, or use --force: then the");
	hint("kernel asks the program every ten seconds to unplug the mdev, and sluicectl waits");
	return BUSY;
}

static int report(const struct request *rq, const struct slice *s)
{
	struct json_object *root;

	if (!rq->json) {
		char *name __free = text_printable(s->name);

		printf("detached slice '%s' (%s)%s\n", name, s->device,
		       s->pool ? ", which is being wiped for the pool" : "");
		return DONE;
	}
	root = json_root();
	json_add_text(root, "slice", s->uuid);
	json_add_text(root, "name", s->name);
	json_add_text(root, "device", s->device);
	json_add_text(root, "mdev", s->mdev);
	return json_print(root);
}

static int detach(const struct request *rq)
{
	struct inventory inv __cleanup(inventory_free) = { };
	char *mdev __free = NULL, *remove __free = NULL;
	const struct slice *s;
	int r = inventory_load(&inv);

	if (!r)
		r = find_slice(rq, &inv, &s);
	if (r)
		return r;
	if (!*s->mdev)
		return fail(UNCHANGED, "the slice '%s' (%s) is not attached, nothing was done",
			    s->name, s->device);
	mdev = xasprintf(MDEV_DEVICES "/%s", s->mdev);
	remove = xasprintf("%s/remove", mdev);
	r = check_idle(rq, s, mdev);
	if (r)
		return r;
	if (rq->dry_run) {
		struct plan plan __cleanup(plan_clear) = { };

		plan_add(&plan, "write 1 to %s", remove);
		return plan_print(&plan, rq);
	}
	r = sysfs_write(remove, "1");
	if (r)
		return fail_errno(r, "cannot detach the slice '%s' (%s)", s->name, s->device);
	if (!access(mdev, F_OK))
		return fail(FAILED, "the mdev %s is still there", s->mdev);
	return report(rq, s);
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
