// SPDX-License-Identifier: GPL-2.0-only
#include "waits.h"

#include "lookup.h"
#include "message.h"
#include "names.h"
#include "program.h"

void waits_of_slice(const struct slice *s, struct strv *what)
{
	struct strv who __cleanup(strv_clear) = { };
	char *list __free = NULL;
	bool all;

	all = programs_with_slice(s, &who);
	if (!who.n && !all)
		strv_add(&who, "a program that cannot be seen without root");
	if (!who.n)
		return;
	list = strv_join(&who, " and ");
	strv_add(what, "the guest of the slice %s: %s", s->label, list);
}

void waits_of_parent(const struct parent *p, struct strv *what)
{
	size_t before = what->n;

	for (size_t i = 0; i < p->n_slices; i++)
		if (*p->slices[i].mdev)
			waits_of_slice(&p->slices[i], what);
	if (what->n == before)
		strv_add(what, "its own work to end");
}

int waits_check(const struct parent *p)
{
	struct strv what __cleanup(strv_clear) = { };
	char *list __free = NULL;

	if (!parent_removing(p))
		return 0;
	waits_of_parent(p, &what);
	list = strv_join(&what, ", ");
	fail(BUSY, "%s is releasing %s, and waits for %s", DRIVER_NAME, p->bdf, list);
	hint("shut the guest down, then try again");
	return BUSY;
}

int waits_check_function(const struct pcidev *pci)
{
	struct inventory inv __cleanup(inventory_free) = { };
	const struct parent *p;
	int r = pci->driver ? 0 : inventory_load(&inv);

	if (r || pci->driver)
		return r;
	p = lookup_parent(&inv, pci->bdf);
	return p ? waits_check(p) : 0;
}
