// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl bind: give a drive that nobody uses to Sluice. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
#include "waits.h"

#define LIVE_EVERY_MS	100
#define LIVE_FOR_MS	30000

/* Without root a dry run cannot promise anything, and the rest would fail. */
static int say_unseen(const struct request *rq, const struct pcidev *pci)
{
	if (rq->dry_run || !geteuid()) {
		warning("whether a program uses %s cannot be seen%s", pci->bdf,
			geteuid() ? " without root" : "");
		return 0;
	}
	fail(NOT_PERMITTED, "whether a program uses %s cannot be seen without root", pci->bdf);
	hint("run it as root");
	return NOT_PERMITTED;
}

static int check_users(const struct request *rq, const struct pcidev *pci)
{
	struct usage usage __cleanup(usage_clear) = { };
	int r = usage_of_drive(pci->dev, USAGE_CLAIMS, &usage);

	if (!r && !usage.users.n && pci_driver_keeps(pci->driver) &&
	    !programs_with_vfio(pci->syspath, &usage.users))
		usage.unseen = true;
	if (r)
		return r;
	if (!usage.users.n)
		return usage.unseen ? say_unseen(rq, pci) : 0;
	if (usage.root)
		fail(BUSY, "%s holds the root file system of this host", pci->bdf);
	else
		fail(BUSY, "%s is in use", pci->bdf);
	for (size_t i = 0; i < usage.users.n; i++)
		hint("%s", usage.users.v[i]);
	if (!usage.root)
		hint("stop these first; once bound, the partitions are back as /dev/sluice*");
	return BUSY;
}

/*
 * A stopped virtual machine leaves no trace but the driver that its drive is
 * bound to, or is to be bound to.
 */
static int check_kept(const struct request *rq, const struct pcidev *pci)
{
	const char *keeper = pci->driver ?: pci->override;

	if (rq->force || !pci_driver_keeps(keeper))
		return 0;
	fail(REFUSED, "%s is kept for a guest: %s %s", pci->bdf,
	     pci->driver ? "its driver is" : "its driver_override is", keeper);
	hint("no program has it open, but a stopped virtual machine may be set up to get it:");
	hint("look for %s in 'virsh dumpxml MACHINE' (hostdev) or 'qm config ID' (hostpci)",
	     pci->bdf);
	hint("if no machine is to have it: sluicectl bind --force %s", pci->bdf);
	return REFUSED;
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
		r = pcidev_unbind(pci, NULL);
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
	bool changed = !text_equal(pci->driver, DRIVER_NAME);

	if (rq->json) {
		struct json_object *root = json_root();

		json_object_object_add(root, "parent", json_of_parent(p));
		json_add_bool(root, "changed", changed);
		return json_print(root);
	}
	if (!changed)
		printf("%s (%s) is bound to %s already:", p->bdf, p->model, DRIVER_NAME);
	else
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
			pcidev_unbind(pci, NULL);
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

/* A drive that was bound before may have died since. */
static int report_bound(const struct request *rq, const struct pcidev *pci)
{
	struct inventory inv __cleanup(inventory_free) = { };
	const struct parent *p;
	int r = inventory_load(&inv);

	if (r)
		return r;
	p = lookup_parent(&inv, pci->bdf);
	if (!p)
		return fail(FAILED, "%s released %s just now", DRIVER_NAME, pci->bdf);
	if (strcmp(p->state, "dead"))
		return report(rq, pci, p);
	fail(FAILED, "%s is bound to %s already, but it is dead", pci->bdf, DRIVER_NAME);
	hint("the kernel log says why; unbind it and bind it again");
	return FAILED;
}

static int bind_drive(const struct request *rq)
{
	struct pcidev pci __cleanup(pcidev_clear) = { };
	int r = pcidev_find(&pci, rq->argv[0]);

	if (r)
		return r;
	if (text_equal(pci.driver, DRIVER_NAME))
		return report_bound(rq, &pci);
	r = waits_check_function(&pci);
	if (!r)
		r = check_users(rq, &pci);
	if (!r)
		r = pcidev_read_override(&pci);
	if (!r)
		r = check_kept(rq, &pci);
	if (r)
		return r;
	return rq->dry_run ? show_plan(rq, &pci) : execute(rq, &pci);
}

const struct verb verb_bind = {
	.name = "bind",
	.args = "DRIVE",
	.summary = "Give an NVMe drive that nobody uses to Sluice",
	.options = OPT_JSON | OPT_DRY_RUN | OPT_TAKE,
	.min_args = 1,
	.max_args = 1,
	.run = bind_drive,
};
