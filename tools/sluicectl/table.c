// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdisk/libfdisk.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"
#include "message.h"
#include "names.h"
#include "signature.h"

/* The table and its backup together are smaller than this. */
#define SMALLEST	(64 << 10)

static int on_ask(struct fdisk_context *cxt __unused, struct fdisk_ask *ask, void *data)
{
	struct table *t = data;

	switch (fdisk_ask_get_type(ask)) {
	case FDISK_ASKTYPE_INFO:
		return 0;
	case FDISK_ASKTYPE_WARN:
	case FDISK_ASKTYPE_WARNX:
		strv_add(&t->complaints, "%s", fdisk_ask_print_get_mesg(ask));
		return 0;
	default:
		/* Nobody answers questions here, so refuse to ask them. */
		return -EINVAL;
	}
}

int table_fail(const struct table *t, int err, const char *what)
{
	int code = fail_errno(err, "%s: %s", t->path, what);

	for (size_t i = 0; i < t->complaints.n; i++)
		hint("%s", t->complaints.v[i]);
	return code;
}

static int find_geometry(struct table *t, const struct stat *st, unsigned int block_size)
{
	int logical;

	t->image = S_ISREG(st->st_mode);
	if (t->image) {
		t->block_size = block_size ? block_size : 512;
		t->size = st->st_size;
		return 0;
	}
	if (block_size)
		return fail(USAGE, "%s is no image file: it has its own block size", t->path);
	if (ioctl(t->fd, BLKSSZGET, &logical) || ioctl(t->fd, BLKGETSIZE64, &t->size))
		return fail_errno(errno, "cannot read the size of %s", t->path);
	t->block_size = logical;
	return 0;
}

/* libfdisk has an assertion that fails on a device this small. */
static int check_size(const struct table *t)
{
	if (t->size >= SMALLEST)
		return 0;
	return fail(REFUSED, "%s is too small for a partition table", t->path);
}

static int open_node(struct table *t, enum table_access access, unsigned int block_size)
{
	struct stat st;

	t->fd = open(t->path, (access == TABLE_EDIT ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (t->fd < 0)
		return fail_errno(errno, "cannot open %s", t->path);
	if (fstat(t->fd, &st))
		return fail_errno(errno, "cannot look at %s", t->path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return fail(REFUSED, "%s is neither a disk nor an image file", t->path);
	if (access == TABLE_EDIT) {
		int r = lock_disk(t->fd, t->path);

		if (r)
			return r;
	}
	return find_geometry(t, &st, block_size);
}

static bool has_gpt(const struct table *t, unsigned int block_size)
{
	struct strv found __cleanup(strv_clear) = { };

	return !signatures_of(t->fd, t->path, block_size, false, &found) && strv_has(&found, "gpt");
}

/* A lost protective MBR leaves the rest of a GPT, which can be repaired. */
static int check_blank(const struct table *t)
{
	struct strv found __cleanup(strv_clear) = { };
	int r = signatures_of(t->fd, t->path, t->block_size, true, &found);

	if (r || !found.n)
		return r;
	fail(REFUSED, "%s is not blank: it has a damaged GPT", t->path);
	hint("repair it (gdisk), or, if nothing on it is needed, make it blank: wipefs --all %s",
	     t->path);
	return REFUSED;
}

/* Accept a blank disk or a GPT; any other content belongs to somebody. */
static int check_contents(struct table *t)
{
	struct strv found __cleanup(strv_clear) = { };
	char *list __free = NULL;
	int r;

	r = signatures_of(t->fd, t->path, t->block_size, false, &found);
	if (r)
		return r;
	t->blank = !found.n;
	if (t->blank)
		return check_blank(t);
	if (strv_has(&found, "gpt"))
		return 0;
	if (t->image && has_gpt(t, t->block_size == 512 ? 4096 : 512))
		return fail(USAGE, "the GPT of %s is for blocks of %u bytes: use --block-size %u",
			    t->path, t->block_size == 512 ? 4096 : 512,
			    t->block_size == 512 ? 4096 : 512);
	list = strv_join(&found, ", ");
	fail(REFUSED, "%s is not blank and has no GPT: there is %s on it", t->path, list);
	hint("if nothing on it is needed, 'wipefs --all %s' makes it blank", t->path);
	return REFUSED;
}

static int read_label(struct table *t, enum table_access access)
{
	int r;

	t->cxt = fdisk_new_context();
	if (!t->cxt)
		return fail(FAILED, "out of memory");
	fdisk_set_ask(t->cxt, on_ask, t);
	fdisk_disable_dialogs(t->cxt, 1);
	if (t->image)
		fdisk_save_user_sector_size(t->cxt, t->block_size, t->block_size);
	fdisk_save_user_grain(t->cxt, SLICE_ALIGN);
	r = fdisk_assign_device_by_fd(t->cxt, t->fd, t->path, access == TABLE_READ);
	if (r) {
		/* Nothing is assigned, so table_close() must not deassign. */
		fdisk_unref_context(t->cxt);
		t->cxt = NULL;
		return table_fail(t, r, "cannot read the partition table");
	}
	if (!t->blank && !fdisk_is_label(t->cxt, GPT))
		return fail(REFUSED, "the GPT of %s is damaged: repair it first (gdisk, sfdisk)",
			    t->path);
	return 0;
}

int table_open(struct table *t, const char *path, enum table_access access,
	       unsigned int block_size)
{
	int r;

	*t = (struct table) { .fd = -1, .path = xstrdup(path) };
	r = open_node(t, access, block_size);
	if (!r)
		r = check_size(t);
	if (!r)
		r = check_contents(t);
	if (!r)
		r = read_label(t, access);
	return r;
}

void table_close(struct table *t)
{
	if (t->cxt) {
		fdisk_deassign_device(t->cxt, 1);
		fdisk_unref_context(t->cxt);
		t->cxt = NULL;
	}
	close_fd(&t->fd);
	t->fd = -1;
	free(t->path);
	t->path = NULL;
	strv_clear(&t->complaints);
}

int table_make(struct table *t)
{
	int r = fdisk_create_disklabel(t->cxt, "gpt");

	if (r)
		return table_fail(t, r, "cannot make a GPT");
	return 0;
}

int table_write(struct table *t)
{
	int r = fdisk_write_disklabel(t->cxt);

	if (r)
		return table_fail(t, r, "cannot write the partition table");
	if (fsync(t->fd))
		return table_fail(t, errno, "the disk did not store the partition table");
	return 0;
}
