// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl unbind: gives a drive back to its usual driver. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "inventory.h"
#include "json.h"
#include "lookup.h"
#include "message.h"
#include "module.h"
#include "names.h"
#include "pcidev.h"
#include "plan.h"
#include "request.h"
#include "usage.h"
#include "waits.h"

static void find_attached(const char *bdf, const struct inventory *inv, struct strv *users)
{
	const struct parent *p = lookup_parent(inv, bdf);

	for (size_t i = 0; p && i < p->n_slices; i++) {
		const struct slice *s = &p->slices[i];

		if (*s->mdev)
			strv_add(users, "the slice %s is attached as mdev %s", s->label, s->mdev);
		else if (!strcmp(s->state, "wiping"))
			strv_add(users, "the slice %s is being wiped", s->label);
	}
}

static int check_users(const struct pcidev *pci)
{
	struct inventory inv __cleanup(inventory_free) = { };
	struct usage usage __cleanup(usage_clear) = { };
	int r = inventory_load(&inv);

	if (r)
		return r;
	find_attached(pci->bdf, &inv, &usage.users);
	/* An attached slice is also claimed: do not report it twice. */
	r = usage_of_drive(pci->dev, usage.users.n ? USAGE_MOUNTS : USAGE_CLAIMS, &usage);
	if (r)
		return r;
	if (!usage.users.n && usage.unseen && geteuid())
		warning("whether a program uses %s cannot be seen without root", pci->bdf);
	if (!usage.users.n)
		return 0;
	fail(BUSY, "%s is in use%s", pci->bdf,
	     usage.root ? ", it holds the root file system of this host" : "");
	for (size_t i = 0; i < usage.users.n; i++)
		hint("%s", usage.users.v[i]);
	hint("detach the slices (sluicectl detach), unmount the partitions, then try again");
	return BUSY;
}

static int show_plan(const struct request *rq, const struct pcidev *pci)
{
	struct plan plan __cleanup(plan_clear) = { };

	if (pci->driver)
		plan_add(&plan, "unbind %s from %s", pci->bdf, DRIVER_NAME);
	plan_add(&plan, "clear driver_override of %s", pci->bdf);
	plan_add(&plan, "offer %s to the drivers that match it", pci->bdf);
	return plan_print(&plan, rq);
}

/* The usual driver may not be loaded. */
static void load_native(const struct pcidev *pci)
{
	char *alias __free = sysdev_text(pci->dev, "modalias");

	if (*alias && module_state(alias, NULL) == MODULE_AVAILABLE)
		module_load(alias);
}

static int report(const struct request *rq, const struct pcidev *pci, const char *now,
		  bool changed)
{
	if (rq->json) {
		struct json_object *root = json_root();

		json_add_text(root, "address", pci->bdf);
		json_add_text(root, "driver", now);
		json_add_bool(root, "changed", changed);
		return json_print(root);
	}
	if (changed)
		printf("%s is given back to %s\n", pci->bdf, now);
	else
		printf("%s is not bound to %s but to %s: there is nothing to do\n", pci->bdf,
		       DRIVER_NAME, now);
	return DONE;
}

static void say_waiting(void *data)
{
	struct inventory inv __cleanup(inventory_free) = { };
	struct strv what __cleanup(strv_clear) = { };
	const struct pcidev *pci = data;
	const struct parent *p;

	if (inventory_load(&inv))
		return;
	p = lookup_parent(&inv, pci->bdf);
	if (!p)
		return;
	waits_of_parent(p, &what);
	for (size_t i = 0; i < what.n; i++)
		hint("waiting for %s", what.v[i]);
}

/* A guest may have come since it was checked that there is none. */
static int release(const struct pcidev *pci)
{
	const struct slow slow = { .tell = say_waiting, .data = (void *)pci };
	int r = pci->driver ? pcidev_unbind(pci, &slow) : 0;

	if (!r)
		return 0;
	if (r == -EINTR) {
		fail(BUSY, "interrupted: %s has not released %s yet, but it will", DRIVER_NAME,
		     pci->bdf);
		hint("then run unbind again, to give the drive to its ordinary driver");
		return BUSY;
	}
	pcidev_set_override(pci, pci->override);
	return fail_errno(r, "cannot unbind %s from %s", pci->bdf, DRIVER_NAME);
}

static int execute(const struct request *rq, const struct pcidev *pci)
{
	char *now __free = NULL;
	int r;

	interrupt_defer();
	r = pcidev_set_override(pci, "");
	if (r)
		return fail_errno(r, "cannot clear driver_override of %s", pci->bdf);
	r = release(pci);
	if (r)
		return r;
	load_native(pci);
	r = pcidev_probe(pci);
	now = pcidev_driver_now(pci);
	if (now)
		return report(rq, pci, now, true);
	fail(FAILED, "no driver of this kernel takes %s%s%s", pci->bdf, r ? ": " : "",
	     r ? strerror(-r) : "");
	hint("%s has released it; install the driver it needs, then run unbind again",
	     DRIVER_NAME);
	return FAILED;
}

/*
 * A drive without a driver is what an earlier unbind left that was interrupted,
 * or that found no driver: go on where it ended. But not when somebody else has
 * said since which driver is to have the drive.
 */
static int check_left(const struct pcidev *pci)
{
	if (pci->driver || !*pci->override || !strcmp(pci->override, DRIVER_NAME))
		return 0;
	return fail(REFUSED, "%s has no driver, and its driver_override keeps it for %s", pci->bdf,
		    pci->override);
}

static int unbind(const struct request *rq)
{
	struct pcidev pci __cleanup(pcidev_clear) = { };
	int r = pcidev_find(&pci, rq->argv[0]);

	if (r)
		return r;
	if (pci.driver && strcmp(pci.driver, DRIVER_NAME))
		return report(rq, &pci, pci.driver, false);
	r = waits_check_function(&pci);
	if (!r)
		r = check_users(&pci);
	if (!r)
		r = pcidev_read_override(&pci);
	if (!r)
		r = check_left(&pci);
	if (r)
		return r;
	return rq->dry_run ? show_plan(rq, &pci) : execute(rq, &pci);
}

const struct verb verb_unbind = {
	.name = "unbind",
	.args = "DRIVE",
	.summary = "Give a drive back to its ordinary driver",
	.options = OPT_JSON | OPT_DRY_RUN,
	.min_args = 1,
	.max_args = 1,
	.run = unbind,
};
