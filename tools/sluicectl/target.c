// SPDX-License-Identifier: GPL-2.0-only
#include "target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lookup.h"
#include "message.h"
#include "name.h"
#include "names.h"
#include "sysdev.h"
#include "waits.h"

bool target_is_image(const char *what)
{
	char *bdf __free = pci_address(what);
	struct stat st;

	/* A file with the same name must not hide the drive. */
	return !bdf && !name_is_device(what) && !stat(what, &st) && S_ISREG(st.st_mode);
}

static int parse_block_size(const char *text, unsigned int *block_size)
{
	if (!text)
		return 0;
	if (!strcmp(text, "512"))
		*block_size = 512;
	else if (!strcmp(text, "4096"))
		*block_size = 4096;
	else
		return fail(USAGE, "block size '%s' is neither 512 nor 4096", text);
	return 0;
}

int target_find(struct target *t, const char *what, const char *block_size)
{
	int r;

	*t = (struct target) { };
	r = parse_block_size(block_size, &t->block_size);
	if (r)
		return r;
	r = inventory_load(&t->inv);
	if (r)
		return r;
	if (target_is_image(what)) {
		t->node = xstrdup(what);
		return 0;
	}
	if (block_size)
		return fail(USAGE, "--block-size is for image files, a disk has its own");
	r = lookup_disk(&t->inv, what, &t->disk);
	if (!r)
		r = waits_check(t->disk->parent);
	if (r)
		return r;
	t->node = xasprintf("/dev/%s", t->disk->name);
	return 0;
}

void target_clear(struct target *t)
{
	inventory_free(&t->inv);
	free(t->node);
	t->node = NULL;
}
