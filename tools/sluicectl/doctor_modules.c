// SPDX-License-Identifier: GPL-2.0-only
/* doctor: whether the modules of Sluice are installed. */
#include <errno.h>
#include <stdio.h>

#include "doctor.h"
#include "module.h"
#include "names.h"

static const char * const states[] = {
	[MODULE_MISSING]	= "not installed for this kernel",
	[MODULE_AVAILABLE]	= "installed",
	[MODULE_LOADED]		= "loaded",
	[MODULE_BUILTIN]	= "built in",
};

static const struct {
	const char *name;
	enum verdict without;
	const char *advice;
} wanted[] = {
	{ "vfio", VERDICT_FAIL, "install the kernel's full set of modules" },
	{ "mdev", VERDICT_FAIL,
	  "install a kernel that has mdev; Debian's cloud kernels do not" },
	{ "vfio_iommu_type1", VERDICT_WARN, "needed by QEMU unless it uses iommufd" },
	{ CORE_MODULE, VERDICT_FAIL,
	  "install it: 'dkms status' shows what DKMS has built, or run 'make install'" },
	{ DRIVER_NAME, VERDICT_FAIL,
	  "install it: 'dkms status' shows what DKMS has built, or run 'make install'" },
};

void doctor_modules(struct findings *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		char *check __free = xasprintf("module %s", wanted[i].name);
		enum module_state state = module_state(wanted[i].name, NULL);
		bool missing = state == MODULE_MISSING;

		if (missing && errno == EACCES) {
			findings_unseen(f, check, "whether it is installed");
			continue;
		}
		findings_add(f, missing ? wanted[i].without : VERDICT_OK, check,
			     missing ? wanted[i].advice : NULL, "%s", states[state]);
	}
}
