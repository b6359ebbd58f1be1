/* SPDX-License-Identifier: GPL-2.0-only */
/* Shows and changes the driver of a PCI function. */
#ifndef SLUICECTL_PCIDEV_H
#define SLUICECTL_PCIDEV_H

#include "sysdev.h"

struct pcidev {
	struct sd_device *dev;
	char *bdf, *syspath;
	char *driver;		/* NULL when there is none */
	char *override;		/* driver_override, empty when not set */
};

/* Finds an NVMe controller by address. Returns 0 or an exit code. */
int pcidev_find(struct pcidev *pci, const char *address);
void pcidev_clear(struct pcidev *pci);

/* Returns the current driver's name, or NULL. */
char *pcidev_driver_now(const struct pcidev *pci);

/* 0 or -errno */
int pcidev_set_override(const struct pcidev *pci, const char *driver);
int pcidev_unbind(const struct pcidev *pci);
int pcidev_bind(const struct pcidev *pci, const char *driver);
/* Offers the function to every driver that matches it. */
int pcidev_probe(const struct pcidev *pci);

#endif
