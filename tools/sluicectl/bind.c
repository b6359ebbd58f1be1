// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl bind: give a drive that nobody uses to Sluice. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "interrupt.h"
#include "inventory.h"
#include "json.h"
#include "klog.h"
#include "lookup.h"
#include "message.h"
#include "module.h"
#include "names.h"
#include "pcidev.h"
#include "plan.h"
#include "program.h"
#include "request.h"
#include "usage.h"

#define LIVE_EVERY_MS	100
#define LIVE_FOR_MS	30000

static int check_users(const struct pcidev *pci)
{
	struct strv users __cleanup(strv_clear) = { };
	bool root = false;
	int r = usage_of_drive(pci->dev, USAGE_CLAIMS, &users, &root);

	if (!r && !users.n && text_equal(pci->driver, "vfio-pci"))
		programs_with_vfio(pci->syspath, &users);
	if (r || !users.n)
		return r;
	if (root)
		fail(BUSY, "%s holds the root file system of this host", pci->bdf);
	else
		fail(BUSY, "%s is in use", pci->bdf);
	for (size_t i = 0; i < users.n; i++)
		hint("%s", users.v[i]);
	if (!root)
		hint("stop these first; once bound, the partitions are back as /dev/sluice*");
	return BUSY;
}

static int show_plan(const struct request *rq, const struct pcidev *pci)
{
	struct plan plan __cleanup(plan_clear) = { };
	enum module_state state = module_state(DRIVER_NAME, NULL);

	if (state == MODULE_MISSING)
		return module_load(DRIVER_NAME);
	if (state == MODULE_AVAILABLE)
		plan_add(&plan, "load the module %s", DRIVER_NAME);
	plan_add(&plan, "set driver_override of %s to %s", pci->bdf, DRIVER_NAME);
	if (pci->driver)
		plan_add(&plan, "unbind %s from %s", pci->bdf, pci->driver);
	plan_add(&plan, "bind %s to %s", pci->bdf, DRIVER_NAME);
	return plan_print(&plan, rq);
}

static void restore(const struct pcidev *pci)
{
	char *now __free = NULL;
	int r = pcidev_set_override(pci, pci->override);

	if (!r && pci->driver)
		r = pcidev_bind(pci, pci->driver);
	now = pcidev_driver_now(pci);
	if (!pci->driver && !now)
		hint("no driver had it before, and none has it now");
	else if (text_equal(now, pci->driver))
		hint("%s has it back", pci->driver);
	else
		warning("%s could not be given back to its former driver: %s", pci->bdf,
			strerror(-r));
}

/* From the old driver to ours. The step that fails prints the error. */
static int move(const struct pcidev *pci)
{
	int r = pcidev_set_override(pci, DRIVER_NAME);

	if (r)
		return fail_errno(r, "cannot set driver_override of %s", pci->bdf);
	if (pci->driver) {
		r = pcidev_unbind(pci);
		if (r) {
			pcidev_set_override(pci, pci->override);
			return fail_errno(r, "cannot unbind %s from %s", pci->bdf, pci->driver);
		}
	}
	r = pcidev_bind(pci, DRIVER_NAME);
	if (r) {
		/* Whatever the errno, the drive is refused: no "not found". */
		fail_errno(r, "%s refuses %s", DRIVER_NAME, pci->bdf);
		return outcome_of_errno(r) == NOT_PERMITTED ? NOT_PERMITTED : REFUSED;
	}
	return 0;
}

/* The controller may become live some time after the driver took the drive. */
static int wait_live(const struct pcidev *pci, struct inventory *inv, const struct parent **p)
{
	const struct timespec pause = { .tv_nsec = LIVE_EVERY_MS * 1000000L };

	for (int waited = 0; waited < LIVE_FOR_MS; waited += LIVE_EVERY_MS) {
		int r = inventory_load(inv);

		if (r)
			return r;
		*p = lookup_parent(inv, pci->bdf);
		if (!*p)
			return fail(FAILED, "%s released %s again", DRIVER_NAME, pci->bdf);
		if (!strcmp((*p)->state, "live"))
			return 0;
		if (!strcmp((*p)->state, "dead"))
			return fail(FAILED, "the controller of %s does not become ready", pci->bdf);
		inventory_free(inv);
		nanosleep(&pause, NULL);
	}
	return fail(FAILED, "the controller of %s did not become ready in %d s", pci->bdf,
		    LIVE_FOR_MS / 1000);
}

static int report(const struct request *rq, const struct pcidev *pci, const struct parent *p)
{
	if (rq->json) {
		struct json_object *root = json_root();

		json_object_object_add(root, "parent", json_of_parent(p));
		return json_print(root);
	}
	printf("%s (%s) is bound to %s%s%s:", p->bdf, p->model, DRIVER_NAME,
	       pci->driver ? ", before to " : "", pci->driver ?: "");
	for (size_t i = 0; i < p->n_disks; i++)
		printf(" /dev/%s", p->disks[i].name);
	printf("%s\n", p->n_disks ? "" : " no namespace can be used");
	return DONE;
}

static int execute(const struct request *rq, const struct pcidev *pci)
{
	struct inventory inv __cleanup(inventory_free) = { };
	int log __cleanup(close_fd) = klog_open();
	const struct parent *p = NULL;
	int r = module_load(DRIVER_NAME);

	if (r) {
		klog_show(log, CORE_MODULE);
		return r;
	}
	interrupt_defer();
	r = move(pci);
	if (!r) {
		r = wait_live(pci, &inv, &p);
		if (r)
			pcidev_unbind(pci);
	}
	if (!r)
		return report(rq, pci, p);
	klog_show(log, pci->bdf);
	/* A drive that is still with its old driver needs no restoring. */
	char *now __free = pcidev_driver_now(pci);

	if (!now || !text_equal(now, pci->driver))
		restore(pci);
	return r;
}

static int bind_drive(const struct request *rq)
{
	struct pcidev pci __cleanup(pcidev_clear) = { };
	int r = pcidev_find(&pci, rq->argv[0]);

	if (r)
		return r;
	if (text_equal(pci.driver, DRIVER_NAME))
		return fail(UNCHANGED, "%s is bound to %s already, nothing was done", pci.bdf,
			    DRIVER_NAME);
	r = check_users(&pci);
	if (r)
		return r;
	return rq->dry_run ? show_plan(rq, &pci) : execute(rq, &pci);
}

const struct verb verb_bind = {
	.name = "bind",
	.args = "DRIVE",
	.summary = "Give an NVMe drive that nobody uses to Sluice",
	.options = OPT_JSON | OPT_DRY_RUN,
	.min_args = 1,
	.max_args = 1,
	.run = bind_drive,
};
