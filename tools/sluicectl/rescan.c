// SPDX-License-Identifier: GPL-2.0-only
#include "rescan.h"

#include <time.h>

#include "lookup.h"
#include "message.h"
#include "names.h"
#include "sysdev.h"

#define LOOK_EVERY_MS	50
#define LOOK_FOR_MS	10000

int rescan(const struct parent *p)
{
	char *path __free = xasprintf("%s/sluice/rescan", p->syspath);
	int r = sysfs_write(path, "1");

	if (r)
		return fail_errno(r, "%s did not read the partition table of %s again",
				  DRIVER_NAME, p->bdf);
	return 0;
}

/* Returns 1 if the state is as wanted, 0 if not, or minus an exit code. */
static int look(const char *uuid, bool present)
{
	struct inventory inv __cleanup(inventory_free) = { };
	int r = inventory_load(&inv);

	if (r)
		return -r;
	return !!slice_by_uuid(&inv, uuid) == present;
}

int rescan_until(const struct parent *p, const char *uuid, bool present)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_MS * 1000000L };
	int r;

	if (!p)
		return 0;
	r = rescan(p);
	if (r)
		return r;
	for (int waited = 0; waited < LOOK_FOR_MS; waited += LOOK_EVERY_MS) {
		r = look(uuid, present);
		if (r)
			return r < 0 ? -r : 0;
		nanosleep(&pause, NULL);
	}
	fail(FAILED, "%s still %s the slice %s", DRIVER_NAME,
	     present ? "does not show" : "shows", uuid);
	hint("the kernel log may say why");
	return FAILED;
}

void rescan_plan(const struct parent *p, struct plan *plan, bool present)
{
	if (p)
		plan_add(plan, "make %s read the table again and wait %s", DRIVER_NAME,
			 present ? "for the slice" : "until the slice is gone");
}
