// SPDX-License-Identifier: GPL-2.0-only
/* doctor: the IOMMU, interrupt remapping, bounce buffers. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "procfile.h"

#define ACPI_TABLES	"/sys/firmware/acpi/tables"
#define IOMMU_GROUPS	"/sys/kernel/iommu_groups"
#define IRQS		"/sys/kernel/irq"

/* Whether a directory is there, but keeps its content from us. */
static bool is_closed(const char *path)
{
	return access(path, R_OK | X_OK) && errno != ENOENT;
}

static void say_no_iommu(struct findings *f, const char *cmdline)
{
	bool dmar = !access(ACPI_TABLES "/DMAR", F_OK);
	bool ivrs = !access(ACPI_TABLES "/IVRS", F_OK);

	if (is_closed(IOMMU_GROUPS) || is_closed(ACPI_TABLES))
		findings_unseen(f, "IOMMU", "whether it is in use");
	else if (dmar && !has_word(cmdline, "intel_iommu=on"))
		findings_add(f, VERDICT_WARN, "IOMMU",
			     "boot with intel_iommu=on: the IOMMU limits the memory that a drive can reach",
			     "VT-d is there, but not in use");
	else if (dmar || ivrs)
		findings_add(f, VERDICT_WARN, "IOMMU",
			     "look for iommu=off or amd_iommu=off on the kernel command line",
			     "%s is there, but not in use", dmar ? "VT-d" : "AMD-Vi");
	else
		findings_add(f, VERDICT_WARN, "IOMMU",
			     "enable VT-d or AMD-Vi in the firmware; without it slices work, but only the driver's checks protect memory",
			     "none");
}

/* Counts the IOMMU groups whose devices can reach all of memory. */
static unsigned int count_identity(void)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir = opendir(IOMMU_GROUPS);

	while (dir && (entry = readdir(dir))) {
		char *path __free = xasprintf(IOMMU_GROUPS "/%s/type", entry->d_name);
		char *type __free = *entry->d_name != '.' ? procfile_read(path) : NULL;

		n += text_equal(type, "identity");
	}
	if (dir)
		closedir(dir);
	return n;
}

static void check_iommu(struct findings *f, const char *cmdline)
{
	unsigned int units = count_entries("/sys/class/iommu");
	unsigned int groups = count_entries(IOMMU_GROUPS);
	unsigned int identity = count_identity();

	if (!groups) {
		say_no_iommu(f, cmdline);
		return;
	}
	findings_add(f, VERDICT_OK, "IOMMU", NULL, "%u unit%s, %u groups", units,
		     units == 1 ? "" : "s", groups);
	if (identity == groups)
		findings_add(f, VERDICT_WARN, "DMA translation",
			     "boot without iommu=pt, so that the IOMMU limits the memory that a drive can reach",
			     "off: every device reaches all of memory");
	else
		findings_add(f, VERDICT_OK, "DMA translation", NULL, "on for %u of %u groups",
			     groups - identity, groups);
}

/* Names of remapped chips: IR-PCI-MSI, IR-PCI-MSIX-0000:01:00.0 */
static unsigned int count_remapped(unsigned int *all)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir = opendir(IRQS);

	*all = 0;
	while (dir && (entry = readdir(dir))) {
		char *path __free = xasprintf(IRQS "/%s/chip_name", entry->d_name);
		char *chip __free = *entry->d_name != '.' ? procfile_read(path) : NULL;

		if (!chip || !strstr(chip, "PCI-MSI"))
			continue;
		++*all;
		n += !strncmp(chip, "IR-", 3);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void check_remapping(struct findings *f)
{
	unsigned int all, remapped = count_remapped(&all);

	if (is_closed(IRQS))
		findings_unseen(f, "interrupt remapping", "the interrupts");
	else if (!all)
		findings_add(f, VERDICT_WARN, "interrupt remapping",
			     "run doctor again when a PCI device with MSI is in use",
			     "unknown: no message signalled interrupt is in use");
	else if (remapped == all)
		findings_add(f, VERDICT_OK, "interrupt remapping", NULL, "on");
	else if (remapped)
		findings_add(f, VERDICT_WARN, "interrupt remapping",
			     "needed for whole-function pass-through only",
			     "on for %u of %u interrupts", remapped, all);
	else
		findings_add(f, VERDICT_WARN, "interrupt remapping",
			     "needed for whole-function pass-through only; enable it in the firmware",
			     "off");
}

/* "swiotlb=force" or "swiotlb=65536,force", but not "swiotlb=noforce" */
static bool bounce_forced(const char *cmdline)
{
	const char *value = strstr(cmdline, "swiotlb=");
	size_t len;

	if (!value || (value != cmdline && value[-1] != ' '))
		return false;
	value += strlen("swiotlb=");
	len = strcspn(value, " ");
	for (size_t at = 0; at < len; at += strcspn(value + at, ", ") + 1)
		if (!strncmp(value + at, "force", 5) && strchr(", ", value[at + 5]))
			return true;
	return false;
}

static void check_bounce(struct findings *f, const char *cmdline)
{
	if (!cmdline)
		findings_unseen(f, "bounce buffers", "/proc/cmdline");
	else if (bounce_forced(cmdline))
		findings_add(f, VERDICT_FAIL, "bounce buffers", "boot without swiotlb=force",
			     "swiotlb=force: DMA would not go to the guest's memory");
	else
		findings_add(f, VERDICT_OK, "bounce buffers", NULL, "not forced");
}

void doctor_iommu(struct findings *f)
{
	char *cmdline __free = procfile_read("/proc/cmdline");
	const char *words = cmdline ? cmdline : "";

	check_iommu(f, words);
	check_remapping(f);
	check_bounce(f, cmdline);
}
