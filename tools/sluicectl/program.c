// SPDX-License-Identifier: GPL-2.0-only
#include "program.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* /dev/vfio/GROUP, and /dev/vfio/devices/vfioN on kernels that have it. */
static void find_nodes(const char *syspath, struct strv *nodes)
{
	char *group __free = xasprintf("%s/iommu_group", syspath);
	char *cdevs __free = xasprintf("%s/vfio-dev", syspath);
	char target[PATH_MAX];
	ssize_t n = readlink(group, target, sizeof(target) - 1);
	struct dirent *entry;
	DIR *dir;

	if (n > 0) {
		target[n] = '\0';
		strv_add(nodes, "/dev/vfio/%s", strrchr(target, '/') + 1);
	}
	dir = opendir(cdevs);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			strv_add(nodes, "/dev/vfio/devices/%s", entry->d_name);
	closedir(dir);
}

static bool has_open(const char *pid, const struct strv *nodes)
{
	char *path __free = xasprintf("/proc/%s/fd", pid);
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(path);

	/* The program has ended, or we may not look into it. */
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		found = strv_has(nodes, target);
	}
	closedir(dir);
	return found;
}

static void add_program(const char *pid, struct strv *who)
{
	char *path __free = xasprintf("/proc/%s/comm", pid);
	int fd __cleanup(close_fd) = open(path, O_RDONLY | O_CLOEXEC);
	char name[64] = "";

	if (fd >= 0 && read(fd, name, sizeof(name) - 1) > 0)
		name[strcspn(name, "\n")] = '\0';
	strv_add(who, "%s (pid %s)", *name ? name : "a program", pid);
}

void programs_with_vfio(const char *syspath, struct strv *who)
{
	struct strv nodes __cleanup(strv_clear) = { };
	struct dirent *entry;
	DIR *dir;

	find_nodes(syspath, &nodes);
	dir = nodes.n ? opendir("/proc") : NULL;
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)*entry->d_name) &&
		    atol(entry->d_name) != getpid() && has_open(entry->d_name, &nodes))
			add_program(entry->d_name, who);
	closedir(dir);
}
