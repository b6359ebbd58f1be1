// SPDX-License-Identifier: GPL-2.0-only
#include "sysdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

void unref_device(struct sd_device **dev)
{
	sd_device_unref(*dev);
}

void unref_list(struct sd_device_enumerator **list)
{
	sd_device_enumerator_unref(*list);
}

char *sysdev_text(struct sd_device *dev, const char *attr)
{
	const char *value;

	if (sd_device_get_sysattr_value(dev, attr, &value) < 0)
		value = "";
	return xstrdup(value);
}

uint64_t sysdev_number(struct sd_device *dev, const char *attr)
{
	const char *value;

	if (sd_device_get_sysattr_value(dev, attr, &value) < 0)
		return 0;
	return strtoull(value, NULL, 0);
}

char *sysdev_driver(struct sd_device *dev)
{
	const char *driver;

	if (sd_device_get_driver(dev, &driver) < 0)
		return NULL;
	return xstrdup(driver);
}

struct sd_device_enumerator *sysdev_enumerate(const char *subsystem, struct sd_device *parent)
{
	struct sd_device_enumerator *e = NULL;
	int r;

	r = sd_device_enumerator_new(&e);
	if (r >= 0)
		r = sd_device_enumerator_allow_uninitialized(e);
	if (r >= 0)
		r = sd_device_enumerator_add_match_subsystem(e, subsystem, true);
	if (r >= 0 && parent)
		r = sd_device_enumerator_add_match_parent(e, parent);
	if (r < 0) {
		fail_errno(r, "cannot list the %s devices", subsystem);
		return sd_device_enumerator_unref(e);
	}
	return e;
}

int sysfs_write(const char *path, const char *text)
{
	int fd __cleanup(close_fd) = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

char *pci_address(const char *text)
{
	unsigned int domain = 0, bus, slot, function;
	int end = 0;

	if (sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4 ||
	    text[end]) {
		domain = 0;
		end = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3 || text[end])
			return NULL;
	}
	if (slot > 31 || function > 7)
		return NULL;
	return xasprintf("%04x:%02x:%02x.%x", domain, bus, slot, function);
}
