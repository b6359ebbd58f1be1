// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl unbind: gives a drive back to its usual driver. */
#include <stdio.h>
#include <string.h>

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

static void find_attached(const char *bdf, const struct inventory *inv, struct strv *users)
{
	const struct parent *p = lookup_parent(inv, bdf);

	for (size_t i = 0; p && i < p->n_slices; i++) {
		const struct slice *s = &p->slices[i];

		if (*s->mdev)
			strv_add(users, "the slice '%s' (%s) is attached as mdev %s", s->name,
				 s->device, s->mdev);
		else if (!strcmp(s->state, "wiping"))
			strv_add(users, "the slice '%s' (%s) is being wiped", s->name, s->device);
	}
}

static int check_users(const struct pcidev *pci)
{
	struct inventory inv __cleanup(inventory_free) = { };
	struct strv users __cleanup(strv_clear) = { };
	bool root = false;
	int r = inventory_load(&inv);

	if (r)
		return r;
	find_attached(pci->bdf, &inv, &users);
	/* An attached slice is also claimed: do not report it twice. */
	r = usage_of_drive(pci->dev, users.n ? USAGE_MOUNTS : USAGE_CLAIMS, &users, &root);
	if (r || !users.n)
		return r;
	fail(BUSY, "%s is in use%s", pci->bdf,
	     root ? ", it holds the root file system of this host" : "");
	for (size_t i = 0; i < users.n; i++)
		hint("%s", users.v[i]);
	return BUSY;
}

static int show_plan(const struct request *rq, const struct pcidev *pci)
{
	struct plan plan __cleanup(plan_clear) = { };

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

static int report(const struct request *rq, const struct pcidev *pci)
{
	char *now __free = pcidev_driver_now(pci);

	if (rq->json) {
		struct json_object *root = json_root();

		json_add_text(root, "address", pci->bdf);
		json_add_text(root, "driver", now);
		return json_print(root);
	}
	if (now)
		printf("%s is given back to %s\n", pci->bdf, now);
	return DONE;
}

static int execute(const struct request *rq, const struct pcidev *pci)
{
	char *now __free = NULL;
	int r;

	interrupt_defer();
	r = pcidev_set_override(pci, "");
	if (r)
		return fail_errno(r, "cannot clear driver_override of %s", pci->bdf);
	r = pcidev_unbind(pci);
	if (r) {
		pcidev_set_override(pci, pci->override);
		return fail_errno(r, "cannot unbind %s from %s", pci->bdf, DRIVER_NAME);
	}
	load_native(pci);
	r = pcidev_probe(pci);
	now = pcidev_driver_now(pci);
	if (now)
		return report(rq, pci);
	if (r)
		fail_errno(r, "%s is free of %s, but no driver took it", pci->bdf, DRIVER_NAME);
	else
		fail(FAILED, "%s is free of %s, but no driver took it", pci->bdf, DRIVER_NAME);
	hint("load the one it needs and write %s to /sys/bus/pci/drivers_probe", pci->bdf);
	return FAILED;
}

static int unbind(const struct request *rq)
{
	struct pcidev pci __cleanup(pcidev_clear) = { };
	int r = pcidev_find(&pci, rq->argv[0]);

	if (r)
		return r;
	if (!text_equal(pci.driver, DRIVER_NAME))
		return fail(UNCHANGED, "%s is not bound to %s but to %s, nothing was done",
			    pci.bdf, DRIVER_NAME, pci.driver ? pci.driver : "no driver");
	r = check_users(&pci);
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
