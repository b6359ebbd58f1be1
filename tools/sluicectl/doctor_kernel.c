// SPDX-License-Identifier: GPL-2.0-only
/* doctor: which options the running kernel was built with. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "doctor.h"

struct wanted {
	const char *option;	/* or two names separated by | */
	enum verdict without;
	const char *advice;
};

static const struct wanted wanted[] = {
	{ "CONFIG_VFIO", VERDICT_FAIL, "use a kernel with VFIO" },
	{ "CONFIG_VFIO_MDEV", VERDICT_FAIL,
	  "use a kernel with mediated devices; Debian's cloud kernels have none" },
	{ "CONFIG_VFIO_IOMMU_TYPE1|CONFIG_IOMMUFD", VERDICT_FAIL,
	  "use a kernel with the VFIO container or IOMMUFD" },
	{ "CONFIG_EFI_PARTITION", VERDICT_FAIL, "use a kernel that reads GPT partition tables" },
	{ "CONFIG_PCI_MSI", VERDICT_FAIL, "use a kernel with message signalled interrupts" },
	{ "CONFIG_KVM_INTEL|CONFIG_KVM_AMD", VERDICT_WARN,
	  "use a kernel with KVM, or guests run under emulation" },
	{ "CONFIG_IRQ_BYPASS_MANAGER", VERDICT_WARN,
	  "use a kernel with the IRQ bypass manager: interrupts cost less" },
	{ "CONFIG_BLK_DEV_NVME", VERDICT_WARN, "without it unbind finds no driver for the drive" },
};

/*
 * Looks where a kernel may have its configuration. gzopen() also reads files
 * that are not compressed.
 */
static gzFile open_config(bool *denied)
{
	static const struct {
		const char *before, *after;
	} places[] = {
		{ "/boot/config-", "" },
		{ "/lib/modules/", "/config" },
		{ "/lib/modules/", "/build/.config" },
	};
	struct utsname host;
	gzFile file;

	file = gzopen("/proc/config.gz", "r");
	*denied = !file && errno == EACCES;
	if (file || uname(&host))
		return file;
	for (size_t i = 0; !file && i < ARRAY_SIZE(places); i++) {
		char *path __free = xasprintf("%s%s%s", places[i].before, host.release,
					      places[i].after);

		file = gzopen(path, "r");
		*denied |= !file && errno == EACCES;
	}
	return file;
}

static bool is_option(const char *list, const char *name, size_t len)
{
	for (const char *p = list; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (!strncmp(p, name, len) && (!p[len] || p[len] == '|'))
			return true;
	}
	return false;
}

/* Marks the wanted options that a line "CONFIG_X=y" sets. */
static void read_line(const char *line, bool *have)
{
	size_t len = strcspn(line, "=");

	if (!len || line[len] != '=' || (line[len + 1] != 'y' && line[len + 1] != 'm'))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (is_option(wanted[i].option, line, len))
			have[i] = true;
}

static char *spell_out(const char *options)
{
	const char *bar = strchr(options, '|');

	if (!bar)
		return xstrdup(options);
	return xasprintf("%.*s or %s", (int)(bar - options), options, bar + 1);
}

static void report_config(struct findings *f, const bool *have)
{
	unsigned int missing = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		char *options __free = spell_out(wanted[i].option);

		if (have[i])
			continue;
		missing++;
		findings_add(f, wanted[i].without, "kernel configuration", wanted[i].advice,
			     "no %s", options);
	}
	if (!missing)
		findings_add(f, VERDICT_OK, "kernel configuration", NULL,
			     "all %zu options that matter are there", ARRAY_SIZE(wanted));
}

static void check_config(struct findings *f)
{
	bool have[ARRAY_SIZE(wanted)] = { };
	bool denied;
	gzFile file = open_config(&denied);
	char line[1024];

	if (!file && denied) {
		findings_unseen(f, "kernel configuration", "the configuration");
		return;
	}
	if (!file) {
		findings_add(f, VERDICT_WARN, "kernel configuration",
			     "install /boot/config-$(uname -r) to have it checked",
			     "cannot be read");
		return;
	}
	while (gzgets(file, line, sizeof(line)))
		read_line(line, have);
	gzclose(file);
	report_config(f, have);
}

static void check_kvm(struct findings *f)
{
	bool there = !access("/dev/kvm", F_OK);

	if (!there && errno != ENOENT)
		findings_unseen(f, "KVM", "/dev/kvm");
	else if (there)
		findings_add(f, VERDICT_OK, "KVM", NULL, "/dev/kvm is there");
	else
		findings_add(f, VERDICT_WARN, "KVM",
			     "enable virtualisation in the firmware and load kvm_intel or kvm_amd",
			     "no /dev/kvm");
}

void doctor_kernel(struct findings *f)
{
	check_config(f);
	check_kvm(f);
}
