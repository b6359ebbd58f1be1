// SPDX-License-Identifier: GPL-2.0-only
#include "usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "message.h"
#include "sysdev.h"

struct tables {
	struct libmnt_table *mounts, *swaps;
};

void usage_clear(struct usage *usage)
{
	strv_clear(&usage->users);
}

static void tables_close(struct tables *t)
{
	mnt_unref_table(t->mounts);
	mnt_unref_table(t->swaps);
}

static int tables_open(struct tables *t)
{
	int r;

	t->mounts = mnt_new_table_from_file("/proc/self/mountinfo");
	t->swaps = mnt_new_table();
	if (!t->mounts || !t->swaps)
		return fail(FAILED, "cannot read the table of mounts");
	/* A kernel without swap has no /proc/swaps. */
	r = mnt_table_parse_swaps(t->swaps, NULL);
	if (r && r != -ENOENT)
		return fail_errno(r, "cannot read the table of swap devices");
	return 0;
}

/* btrfs and others have their own device numbers: compare the source too. */
static bool is_on(struct libmnt_fs *fs, dev_t devno)
{
	const char *source = mnt_fs_get_srcpath(fs);
	struct stat st;

	if (mnt_fs_get_devno(fs) == devno)
		return true;
	return source && *source == '/' && !stat(source, &st) && S_ISBLK(st.st_mode) &&
	       st.st_rdev == devno;
}

static void find_mounts(const struct tables *t, dev_t devno, const char *label,
			struct strv *users)
{
	struct libmnt_iter *itr = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	while (!mnt_table_next_fs(t->mounts, itr, &fs))
		if (is_on(fs, devno))
			strv_add(users, "%s is mounted on %s", label, mnt_fs_get_target(fs));
	mnt_reset_iter(itr, MNT_ITER_FORWARD);
	while (!mnt_table_next_fs(t->swaps, itr, &fs))
		if (is_on(fs, devno))
			strv_add(users, "%s is in use as swap", label);
	mnt_free_iter(itr);
}

/* "LVM volume vg-root (dm-0)", "dm-1 (backup)", "md0" */
static char *holder_label(struct sd_device *holder)
{
	char *uuid __free = sysdev_text(holder, "dm/uuid");
	char *name __free = sysdev_text(holder, "dm/name");
	const char *sysname = "?";

	sd_device_get_sysname(holder, &sysname);
	if (!*name)
		return xstrdup(sysname);
	if (!strncmp(uuid, "LVM-", 4))
		return xasprintf("LVM volume %s (%s)", name, sysname);
	return xasprintf("%s (%s)", name, sysname);
}

static void find_stacked(const struct tables *t, struct sd_device *dev, const char *label,
			 struct strv *users, int depth);

static void find_holder(const struct tables *t, const char *name, const char *label,
			struct strv *users, int depth)
{
	struct sd_device *holder __cleanup(unref_device) = NULL;
	char *held __free = NULL, *on __free = NULL;

	if (sd_device_new_from_subsystem_sysname(&holder, "block", name) < 0) {
		strv_add(users, "%s is held by %s", label, name);
		return;
	}
	held = holder_label(holder);
	strv_add(users, "%s is held by %s", label, held);
	on = xasprintf("%s on %s", held, label);
	find_stacked(t, holder, on, users, depth + 1);
}

static void find_stacked(const struct tables *t, struct sd_device *dev, const char *label,
			 struct strv *users, int depth)
{
	char *holders __free = NULL;
	struct dirent *entry;
	const char *path;
	dev_t devno;
	DIR *dir;

	if (sd_device_get_devnum(dev, &devno) >= 0)
		find_mounts(t, devno, label, users);
	/* Stacks have few levels; a cycle would be a kernel bug. */
	if (depth > 16 || sd_device_get_syspath(dev, &path) < 0)
		return;
	holders = xasprintf("%s/holders", path);
	dir = opendir(holders);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			find_holder(t, entry->d_name, label, users, depth);
	closedir(dir);
}

/* Finds users that leave no other trace: ZFS, mounts in other namespaces. */
static void try_claim(struct sd_device *dev, const char *label, struct usage *usage)
{
	int fd __cleanup(close_fd) = -1;
	const char *node;

	if (sd_device_get_devname(dev, &node) < 0)
		return;
	fd = open(node, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		strv_add(&usage->users, "%s is claimed by the kernel or a program", label);
	else if (fd < 0 && (errno == EACCES || errno == EPERM || errno == ENOENT))
		usage->unseen = true;
}

static int usage_with(const struct tables *t, struct sd_device *dev, enum usage_depth depth,
		      struct usage *usage)
{
	size_t before = usage->users.n;
	const char *name;
	int r;

	r = sd_device_get_sysname(dev, &name);
	if (r < 0)
		return fail_errno(r, "cannot read the name of a block device");
	find_stacked(t, dev, name, &usage->users, 0);
	if (depth == USAGE_CLAIMS && usage->users.n == before)
		try_claim(dev, name, usage);
	return 0;
}

int usage_of(struct sd_device *dev, enum usage_depth depth, struct usage *usage)
{
	struct tables t __cleanup(tables_close) = { };
	int r = tables_open(&t);

	return r ? r : usage_with(&t, dev, depth, usage);
}

/* Partitions first: a claimed partition makes its disk look claimed too. */
static int usage_below(const struct tables *t, struct sd_device *top, enum usage_depth depth,
		       struct usage *usage)
{
	static const char * const order[] = { "partition", "disk" };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct sd_device_enumerator *e __cleanup(unref_list) =
			sysdev_enumerate("block", top);
		size_t before = usage->users.n;

		if (!e)
			return FAILED;
		for_each_sysdev(e, dev) {
			const char *type;
			int r;

			if (sd_device_get_devtype(dev, &type) < 0 || strcmp(type, order[i]))
				continue;
			r = usage_with(t, dev, i && before ? USAGE_MOUNTS : depth, usage);
			if (r)
				return r;
		}
	}
	return 0;
}

static int usage_below_subsystems(const struct tables *t, const char *controller,
				  enum usage_depth depth, struct usage *usage)
{
	struct sd_device_enumerator *e __cleanup(unref_list) =
		sysdev_enumerate("nvme-subsystem", NULL);

	if (!e)
		return FAILED;
	for_each_sysdev(e, subsystem) {
		char *link __free = NULL;
		const char *path;
		int r;

		if (sd_device_get_syspath(subsystem, &path) < 0)
			continue;
		link = xasprintf("%s/%s", path, controller);
		if (access(link, F_OK))
			continue;
		r = usage_below(t, subsystem, depth, usage);
		if (r)
			return r;
	}
	return 0;
}

static bool holds_root(const struct strv *users)
{
	static const char suffix[] = " is mounted on /";

	for (size_t i = 0; i < users->n; i++) {
		size_t len = strlen(users->v[i]);

		if (len >= sizeof(suffix) - 1 &&
		    !strcmp(users->v[i] + len - (sizeof(suffix) - 1), suffix))
			return true;
	}
	return false;
}

int usage_of_drive(struct sd_device *pci, enum usage_depth depth, struct usage *usage)
{
	struct tables t __cleanup(tables_close) = { };
	struct sd_device_enumerator *controllers __cleanup(unref_list) = NULL;
	int r;

	r = tables_open(&t);
	if (!r)
		r = usage_below(&t, pci, depth, usage);
	if (r)
		return r;
	controllers = sysdev_enumerate("nvme", pci);
	if (!controllers)
		return FAILED;
	for_each_sysdev(controllers, dev) {
		const char *name;

		if (sd_device_get_sysname(dev, &name) < 0)
			continue;
		r = usage_below_subsystems(&t, name, depth, usage);
		if (r)
			return r;
	}
	usage->root = holds_root(&usage->users);
	return 0;
}

void usage_hints(const char *device)
{
	struct sd_device *dev __cleanup(unref_device) = NULL;
	struct usage usage __cleanup(usage_clear) = { };

	if (sd_device_new_from_subsystem_sysname(&dev, "block", device) >= 0)
		usage_of(dev, USAGE_CLAIMS, &usage);
	for (size_t i = 0; i < usage.users.n; i++)
		hint("%s", usage.users.v[i]);
}
