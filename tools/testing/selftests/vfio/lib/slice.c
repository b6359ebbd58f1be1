// SPDX-License-Identifier: GPL-2.0-only
/*
 * What sysfs shows of an mdev and of its slice
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "slice.h"

#define CLASS_DIR	"/sys/class/sluice"

bool slice_attr(const char *dir, const char *name, char *val, size_t len)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, val, len - 1);
	close(fd);
	if (n < 0)
		return false;
	val[n] = '\0';
	val[strcspn(val, "\n")] = '\0';
	return true;
}

unsigned long long slice_number(const char *dir, const char *name)
{
	char val[64];

	if (!slice_attr(dir, name, val, sizeof(val)))
		return ULLONG_MAX;
	return strtoull(val, NULL, 10);
}

int slice_write(const char *dir, const char *name, const char *val)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, val, strlen(val)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static bool find_class_dir(struct slice *slice)
{
	struct dirent *entry;
	char val[64];
	bool found = false;
	DIR *d = opendir(CLASS_DIR);

	if (!d)
		return false;
	while (!found && (entry = readdir(d))) {
		snprintf(slice->dir, sizeof(slice->dir), CLASS_DIR "/%s",
			 entry->d_name);
		found = entry->d_name[0] != '.' &&
			slice_attr(slice->dir, "mdev", val, sizeof(val)) &&
			!strcmp(val, slice->uuid);
	}
	closedir(d);
	return found;
}

bool slice_find(struct slice *slice, const char *uuid)
{
	char link[PATH_MAX], real[PATH_MAX];

	snprintf(slice->uuid, sizeof(slice->uuid), "%s", uuid);
	snprintf(link, sizeof(link), "/sys/bus/mdev/devices/%s/mdev_type",
		 uuid);
	if (!realpath(link, real))
		return false;
	snprintf(slice->type, sizeof(slice->type), "%.500s", real);
	return find_class_dir(slice);
}

int slice_detach(const struct slice *slice)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "/sys/bus/mdev/devices/%s", slice->uuid);
	return slice_write(dir, "remove", "1");
}

int slice_attach(const struct slice *slice)
{
	return slice_write(slice->type, "create", slice->uuid);
}

bool slice_wait_state(const struct slice *slice, const char *state,
		      unsigned int ms)
{
	u64 end = now_ms() + ms;
	char val[64];

	do {
		if (slice_attr(slice->dir, "state", val, sizeof(val)) &&
		    !strcmp(val, state))
			return true;
		sleep_ms(10);
	} while (now_ms() < end);
	return false;
}
