// SPDX-License-Identifier: GPL-2.0-only
/* doctor: each NVMe drive, its driver, and what prevents binding it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "inventory.h"
#include "lookup.h"
#include "module.h"
#include "names.h"
#include "pcidev.h"
#include "program.h"
#include "sysdev.h"
#include "usage.h"
#include "waits.h"

#define PCI_CLASS_NVME	0x010802

static void say_removing(struct findings *f, const char *check, const struct parent *p)
{
	struct strv what __cleanup(strv_clear) = { };
	char *list __free = NULL;

	waits_of_parent(p, &what);
	list = strv_join(&what, ", ");
	findings_add(f, VERDICT_WARN, check, "shut the guests down, or wait",
		     "%s is releasing it, and waits for %s", DRIVER_NAME, list);
}

/* Returns false when the drive is not ours. */
static bool check_bound(struct findings *f, const char *check, const char *bdf)
{
	struct inventory inv __cleanup(inventory_free) = { };
	const struct parent *p;
	unsigned int attached = 0;

	if (inventory_load(&inv))
		return false;
	p = lookup_parent(&inv, bdf);
	if (!p)
		return false;
	for (size_t i = 0; i < p->n_slices; i++)
		attached += !!*p->slices[i].mdev;
	if (parent_removing(p))
		say_removing(f, check, p);
	else if (!strcmp(p->state, "live"))
		findings_add(f, VERDICT_OK, check, NULL, "bound to %s, %zu slice%s, %u attached",
			     DRIVER_NAME, p->n_slices, p->n_slices == 1 ? "" : "s", attached);
	else
		findings_add(f, VERDICT_FAIL, check,
			     "look into the kernel log, then unbind and bind it again",
			     "bound to %s, but its controller is %s", DRIVER_NAME,
			     *p->state ? p->state : "gone");
	return true;
}

static void say_unseen(struct findings *f, const char *check, const char *driver)
{
	char *what __free = xasprintf("driver %s; whether it is in use", driver ? driver : "none");

	findings_unseen(f, check, what);
}

static void check_other(struct findings *f, const char *check, struct sd_device *dev,
			const char *driver, const char *bdf)
{
	char *advice __free = xasprintf("sluicectl bind %s", bdf);
	char *list __free = NULL;
	struct usage usage __cleanup(usage_clear) = { };
	bool kept = pci_driver_keeps(driver);
	const char *path;

	if (usage_of_drive(dev, USAGE_CLAIMS, &usage))
		return;
	if (kept && sd_device_get_syspath(dev, &path) >= 0 &&
	    !programs_with_vfio(path, &usage.users))
		usage.unseen = true;
	list = strv_join(&usage.users, ", ");
	if (usage.users.n)
		findings_add(f, VERDICT_WARN, check,
			     usage.root ? "leave it to the host, use another drive for slices" :
					  "stop these uses before binding it",
			     "driver %s; %s", driver ? driver : "none", list);
	else if (usage.unseen)
		say_unseen(f, check, driver);
	else if (kept)
		findings_add(f, VERDICT_WARN, check,
			     "make sure that no stopped virtual machine is to have it: virsh list --all, qm list",
			     "driver %s, not in use now", driver);
	else
		findings_add(f, VERDICT_OK, check, advice, "driver %s, not in use",
			     driver ? driver : "none");
}

static unsigned int check_drives(struct findings *f)
{
	struct sd_device_enumerator *e __cleanup(unref_list) = sysdev_enumerate("pci", NULL);
	unsigned int n = 0;

	if (!e)
		return 0;
	for_each_sysdev(e, dev) {
		char *check __free = NULL, *driver __free = NULL;
		const char *bdf;

		if (sysdev_number(dev, "class") != PCI_CLASS_NVME ||
		    sd_device_get_sysname(dev, &bdf) < 0)
			continue;
		n++;
		check = xasprintf("drive %s", bdf);
		driver = sysdev_driver(dev);
		if (!check_bound(f, check, bdf))
			check_other(f, check, dev, driver, bdf);
	}
	return n;
}

/* Intel VMD and firmware RAID hide drives behind another controller. */
static void check_hidden(struct findings *f)
{
	struct sd_device_enumerator *e __cleanup(unref_list) = sysdev_enumerate("pci", NULL);

	if (!e)
		return;
	for_each_sysdev(e, dev) {
		char *driver __free = sysdev_driver(dev);
		const char *bdf;

		if (!text_equal(driver, "vmd") || sd_device_get_sysname(dev, &bdf) < 0)
			continue;
		findings_add(f, VERDICT_WARN, "driver in the way",
			     "switch VMD off in the firmware for the drives that you want to bind",
			     "vmd on %s: drives behind it have no IOMMU group of their own", bdf);
	}
}

/* The parameter is not in sysfs: look where it is set. */
static void check_claimed_ids(struct findings *f)
{
	char *options __free = module_options("vfio_pci");
	const char *ids = options ? strstr(options, "ids=") : NULL;

	if (ids)
		findings_add(f, VERDICT_WARN, "driver in the way",
			     "make sure that the drives that you want to bind are not among them",
			     "vfio-pci takes the devices %.*s at boot", (int)strcspn(ids + 4, " "),
			     ids + 4);
}

void doctor_drives(struct findings *f)
{
	if (!check_drives(f))
		findings_add(f, VERDICT_FAIL, "NVMe drives",
			     "Sluice needs an NVMe drive to share",
			     "none: no PCI function of class 010802");
	check_hidden(f);
	check_claimed_ids(f);
}
