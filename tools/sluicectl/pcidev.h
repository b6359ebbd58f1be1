/* SPDX-License-Identifier: GPL-2.0-only */
/* Shows and changes the driver of a PCI function. */
#ifndef SLUICECTL_PCIDEV_H
#define SLUICECTL_PCIDEV_H

#include "slow.h"
#include "sysdev.h"

struct pcidev {
	struct sd_device *dev;
	char *bdf, *syspath;
	char *driver;		/* NULL when there is none */
	char *override;		/* driver_override, empty when not set; see below */
};

/* Whether a driver keeps functions for guests: vfio-pci and its variants. */
bool pci_driver_keeps(const char *driver);

/* Finds an NVMe controller by address. Returns 0 or an exit code. */
int pcidev_find(struct pcidev *pci, const char *address);
void pcidev_clear(struct pcidev *pci);
/*
 * Reads driver_override, for which the kernel takes the lock of the device. A
 * driver that waits for a guest holds that lock; this does not wait with it.
 * Returns 0 or an exit code.
 */
int pcidev_read_override(struct pcidev *pci);

/* Returns the current driver's name, or NULL. */
char *pcidev_driver_now(const struct pcidev *pci);

/* 0 or -errno */
int pcidev_set_override(const struct pcidev *pci, const char *driver);
/* With @slow the user can end the wait for the driver: -EINTR. */
int pcidev_unbind(const struct pcidev *pci, const struct slow *slow);
int pcidev_bind(const struct pcidev *pci, const char *driver);
/* Offers the function to every driver that matches it. */
int pcidev_probe(const struct pcidev *pci);

#endif
