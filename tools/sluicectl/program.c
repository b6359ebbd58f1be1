// SPDX-License-Identifier: GPL-2.0-only
#include "program.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfile.h"

/* What a descriptor of a program leads to. */
struct wanted {
	struct strv nodes;	/* paths that must be equal */
	const char *prefix;	/* or the beginning of a path; may be NULL */
};

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

static bool is_wanted(const struct wanted *w, const char *path)
{
	return strv_has(&w->nodes, path) ||
	       (w->prefix && !strncmp(path, w->prefix, strlen(w->prefix)));
}

/*
 * Returns the path of a wanted file that a program has open, or NULL, also for a
 * program that has ended or that this user may not look into.
 */
static char *find_open(const char *pid, const struct wanted *w)
{
	char *path __free = xasprintf("/proc/%s/fd", pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	char *found = NULL;

	while (dir && !found && (entry = readdir(dir))) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (is_wanted(w, target))
			found = xstrdup(target);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* "qemu-system-x86 (pid 123)" */
static char *program_label(const char *pid)
{
	char *path __free = xasprintf("/proc/%s/comm", pid);
	char *name __free = procfile_read(path);

	return xasprintf("%s (pid %s)", name && *name ? name : "a program", pid);
}

/*
 * Calls @found for each program that has a wanted file open. Returns false when
 * this user may not look into all programs.
 */
static bool visit_programs(const struct wanted *w, struct strv *who,
			   void (*found)(const char *pid, const char *file, struct strv *who))
{
	DIR *all = opendir("/proc");
	struct dirent *entry;

	while (all && (entry = readdir(all))) {
		char *file __free = NULL;

		if (!isdigit((unsigned char)*entry->d_name) || atol(entry->d_name) == getpid())
			continue;
		file = find_open(entry->d_name, w);
		if (file)
			found(entry->d_name, file, who);
	}
	if (all)
		closedir(all);
	return all && !geteuid();
}

static void add_program(const char *pid, const char *file __unused, struct strv *who)
{
	char *label __free = program_label(pid);

	if (!strv_has(who, label))
		strv_add(who, "%s", label);
}

bool programs_with_vfio(const char *syspath, struct strv *who)
{
	struct wanted w = { };
	bool all = true;

	find_nodes(syspath, &w.nodes);
	if (w.nodes.n)
		all = visit_programs(&w, who, add_program);
	strv_clear(&w.nodes);
	return all;
}

/* Whether a thread in @dir, /proc or a program's threads, has a name that matches */
static bool has_thread(const char *dir, const char *name, bool whole)
{
	struct dirent *entry;
	bool found = false;
	DIR *all;

	all = opendir(dir);
	while (all && !found && (entry = readdir(all))) {
		char *path __free = xasprintf("%s/%s/comm", dir, entry->d_name);
		char *comm __free = isdigit((unsigned char)*entry->d_name) ?
			procfile_read(path) : NULL;

		found = comm && (whole ? !strcmp(comm, name) :
				 !strncmp(comm, name, strlen(name)));
	}
	if (all)
		closedir(all);
	return found;
}

/*
 * vhost has a thread "vhost-PID" for each program that uses it for itself: in the
 * program, or before Linux 6.4 in the kernel. A program without such a thread got
 * the descriptor from another one, or has not used it yet.
 */
static bool has_vhost_thread(const char *pid)
{
	char *tasks __free = xasprintf("/proc/%s/task", pid);
	char *name __free = xasprintf("vhost-%s", pid);

	return has_thread(tasks, "vhost-", false) || has_thread("/proc", name, true);
}

/* A program that has a device and its group opened the device for itself. */
static bool has_group(const char *pid)
{
	char *file __free = NULL;
	struct wanted w = { .prefix = "/dev/vfio/" };

	file = find_open(pid, &w);
	return file;
}

static void add_keeper(const char *pid, const char *file, struct strv *who)
{
	char *label __free = NULL;

	if (has_vhost_thread(pid) || has_group(pid))
		return;
	label = program_label(pid);
	strv_add(who, "%s, which has %s open", label, file);
}

/* A killed program stays in /proc until its parent has noticed. */
static bool has_ended(const char *pid)
{
	char *path __free = xasprintf("/proc/%s/stat", pid);
	char *tasks __free = xasprintf("/proc/%s/task", pid);
	char *stat __free = procfile_read(path);
	const char *state = stat ? strrchr(stat, ')') : NULL;

	return !state || (state[1] && state[2] == 'Z' && count_entries(tasks) == 1);
}

/*
 * The device outlives its program when another one has the program's descriptor
 * or, through vhost, its memory and with it the mapping of the doorbells.
 */
static bool add_keepers(struct strv *who)
{
	struct wanted w = { .prefix = "/dev/vhost-" };
	struct strv keepers __cleanup(strv_clear) = { };
	char *list __free = NULL;
	bool all;

	strv_add(&w.nodes, "anon_inode:[vfio-device]");
	all = visit_programs(&w, &keepers, add_keeper);
	strv_clear(&w.nodes);
	list = strv_join(&keepers, " or ");
	if (keepers.n)
		strv_add(who, "a program that has ended: its device is kept open by %s", list);
	else
		strv_add(who, "something of a program that has ended%s",
			 all ? "" : " (only root can see what)");
	return all;
}

bool programs_with_slice(const struct slice *s, struct strv *who)
{
	char *path __free = xasprintf("%s/%s", s->parent->syspath, s->mdev);
	size_t before = who->n;
	bool all = programs_with_vfio(path, who);

	if (who->n > before || !s->opener)
		return all;
	if (!*s->opener)
		return true;
	if (!strcmp(s->opener, "0") || has_ended(s->opener))
		return add_keepers(who);
	add_program(s->opener, NULL, who);
	return true;
}
