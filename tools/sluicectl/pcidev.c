// SPDX-License-Identifier: GPL-2.0-only
#include "pcidev.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "names.h"

#define PCI_CLASS_NVME	0x010802

int pcidev_find(struct pcidev *pci, const char *address)
{
	const char *path;

	*pci = (struct pcidev) { .bdf = pci_address(address) };
	if (!pci->bdf) {
		fail(USAGE, "'%s' is not the address of a PCI device", address);
		hint("it looks like 0000:01:00.0; 'sluicectl doctor' lists the NVMe drives");
		return USAGE;
	}
	if (sd_device_new_from_subsystem_sysname(&pci->dev, "pci", pci->bdf) < 0 ||
	    sd_device_get_syspath(pci->dev, &path) < 0) {
		fail(NOT_FOUND, "there is no PCI device %s", pci->bdf);
		hint("'sluicectl doctor' lists the NVMe drives");
		return NOT_FOUND;
	}
	if (sysdev_number(pci->dev, "class") != PCI_CLASS_NVME) {
		fail(REFUSED, "%s is not an NVMe drive", pci->bdf);
		hint("'sluicectl doctor' lists the NVMe drives");
		return REFUSED;
	}
	pci->syspath = xstrdup(path);
	pci->driver = sysdev_driver(pci->dev);
	return 0;
}

int pcidev_read_override(struct pcidev *pci)
{
	char *path __free = xasprintf("%s/driver_override", pci->syspath);
	int r = slow_read(path, &pci->override);

	if (r == -EBUSY) {
		fail(BUSY, "the kernel has locked %s: a driver is being bound or unbound",
		     pci->bdf);
		hint("if this lasts, the driver waits for a program that has the drive open");
		return BUSY;
	}
	if (r)
		return fail_errno(r, "cannot read %s", path);
	if (!strcmp(pci->override, "(null)"))
		*pci->override = '\0';
	return 0;
}

bool pci_driver_keeps(const char *driver)
{
	static const char suffix[] = "vfio-pci";
	size_t len = driver ? strlen(driver) : 0, tail = sizeof(suffix) - 1;

	/* mlx5_vfio_pci, nvgrace-gpu-vfio-pci */
	return len >= tail && (!strcmp(driver + len - tail, suffix) ||
			       !strcmp(driver + len - tail, "vfio_pci"));
}

void pcidev_clear(struct pcidev *pci)
{
	sd_device_unref(pci->dev);
	free(pci->bdf);
	free(pci->syspath);
	free(pci->driver);
	free(pci->override);
	*pci = (struct pcidev) { };
}

char *pcidev_driver_now(const struct pcidev *pci)
{
	char *link __free = xasprintf("%s/driver", pci->syspath);
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(strrchr(target, '/') + 1);
}

int pcidev_set_override(const struct pcidev *pci, const char *driver)
{
	char *path __free = xasprintf("%s/driver_override", pci->syspath);
	char *text __free = xasprintf("%s\n", driver);

	/* An empty line clears the override; writing 0 bytes does nothing. */
	return sysfs_write(path, text);
}

int pcidev_unbind(const struct pcidev *pci, const struct slow *slow)
{
	char *path __free = xasprintf("%s/driver/unbind", pci->syspath);

	return slow ? slow_write(path, pci->bdf, slow) : sysfs_write(path, pci->bdf);
}

int pcidev_bind(const struct pcidev *pci, const char *driver)
{
	char *path __free = xasprintf(PCI_DRIVERS "/%s/bind", driver);

	return sysfs_write(path, pci->bdf);
}

int pcidev_probe(const struct pcidev *pci)
{
	return sysfs_write("/sys/bus/pci/drivers_probe", pci->bdf);
}
