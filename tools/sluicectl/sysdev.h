/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices and their attributes, through sd-device. */
#ifndef SLUICECTL_SYSDEV_H
#define SLUICECTL_SYSDEV_H

#include <systemd/sd-device.h>

#include "util.h"

/* For __cleanup() */
void unref_device(struct sd_device **dev);
void unref_list(struct sd_device_enumerator **list);

/* The attribute without its newline; an empty string if it is missing. */
char *sysdev_text(struct sd_device *dev, const char *attr);
uint64_t sysdev_number(struct sd_device *dev, const char *attr);
/* Returns the name of the device's driver, or NULL. */
char *sysdev_driver(struct sd_device *dev);

/*
 * Lists the devices of @subsystem, below @parent unless @parent is NULL, also
 * the devices without a record in udev. Returns NULL with the message printed.
 */
struct sd_device_enumerator *sysdev_enumerate(const char *subsystem, struct sd_device *parent);

#define for_each_sysdev(list, dev)						\
	for (struct sd_device *(dev) = sd_device_enumerator_get_device_first(list);	\
	     (dev); (dev) = sd_device_enumerator_get_device_next(list))

/* Writes @text with one write(2), as sysfs needs it. Returns 0 or -errno. */
int sysfs_write(const char *path, const char *text);

/* Completes @text to a full PCI address, or returns NULL. */
char *pci_address(const char *text);

#endif
