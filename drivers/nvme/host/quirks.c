// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: what is known to be wrong with some drives
 *
 * A guest does not see the drive's own PCI ID, so that what the guest's driver
 * knows about the drive does not come into effect: ours has to know it. The facts
 * are those that the kernel's own driver has gathered, as far as they concern
 * what this driver does with a drive.
 *
 * No entry names a firmware revision yet. The one that the kernel's own driver has,
 * 22301111 of LiteON, fails when it stays enabled while the system sleeps. This
 * driver shuts every drive down before that.
 */
#include <linux/pci.h>
#include <linux/string.h>

#include "host/host.h"

static const struct sluice_nvme_quirk sluice_nvme_quirk_table[] = {
	/* Solidigm */
	{ 0x025e, 0xf1ac, NULL, SLUICE_QUIRK_DEEP_SLEEP },
	/* Apple: one interrupt, and queue entries of a size of their own */
	{ 0x106b, 0x2001, NULL, SLUICE_QUIRK_ONE_VECTOR },
	{ 0x106b, 0x2005, NULL, SLUICE_QUIRK_ONE_VECTOR },
	/* Realtek: ADATA, TEAMGROUP */
	{ 0x10ec, 0x5762, NULL, SLUICE_QUIRK_IDS | SLUICE_QUIRK_SUBNQN },
	{ 0x10ec, 0x5763, NULL, SLUICE_QUIRK_IDS },
	{ 0x10ec, 0x5765, NULL, SLUICE_QUIRK_IDS },
	/* Toshiba, Kioxia */
	{ 0x1179, SLUICE_ANY_DEVICE, "THNSF5256GPUK TOSHIBA",
	  SLUICE_QUIRK_DEEP_SLEEP },
	{ 0x1e0f, SLUICE_ANY_DEVICE, "KCD6XVUL6T40", SLUICE_QUIRK_DEEP_SLEEP },
	/* Silicon Motion */
	{ 0x126f, 0x1001, NULL, SLUICE_QUIRK_DEEP_SLEEP | SLUICE_QUIRK_SUBNQN },
	{ 0x126f, 0x2262, NULL, SLUICE_QUIRK_DEEP_SLEEP | SLUICE_QUIRK_IDS },
	{ 0x126f, 0x2263, NULL, SLUICE_QUIRK_NO_DESCS | SLUICE_QUIRK_IDS },
	/* Micron, Crucial */
	{ 0x1344, 0x5407, NULL, SLUICE_QUIRK_SUBNQN },
	{ 0x1344, 0x6001, NULL, SLUICE_QUIRK_IDS },
	{ 0xc0a9, 0x540a, NULL, SLUICE_QUIRK_IDS },
	/* Samsung; the portable one has the PCI ID of others, which are well */
	{ 0x144d, 0xa802, NULL, SLUICE_QUIRK_IDS },
	{ 0x144d, 0xa809, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x144d, 0xa80b, NULL, SLUICE_QUIRK_WRITE_ZEROES | SLUICE_QUIRK_IDS },
	{ 0x144d, 0xa821, NULL, SLUICE_QUIRK_SLOW_READY },
	{ 0x144d, 0xa822, NULL, SLUICE_QUIRK_SLOW_READY |
	  SLUICE_QUIRK_WRITE_ZEROES | SLUICE_QUIRK_SUBNQN },
	{ 0x144d, SLUICE_ANY_DEVICE, "Samsung Portable SSD X5",
	  SLUICE_QUIRK_SLOW_READY | SLUICE_QUIRK_DEEP_SLEEP |
	  SLUICE_QUIRK_SUBNQN },
	/* SanDisk, HGST, WD */
	{ 0x15b7, 0x2001, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x15b7, 0x5009, NULL, SLUICE_QUIRK_DEEP_SLEEP },
	{ 0x1c58, 0x0003, NULL, SLUICE_QUIRK_SLOW_READY },
	{ 0x1c58, 0x0023, NULL, SLUICE_QUIRK_SLOW_READY },
	/* Phison */
	{ 0x1987, 0x5012, NULL, SLUICE_QUIRK_IDS },
	{ 0x1987, 0x5016, NULL, SLUICE_QUIRK_IDS | SLUICE_QUIRK_SUBNQN },
	{ 0x1987, 0x5019, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x1987, 0x5021, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	/* Lexar, SPCC */
	{ 0x1b4b, 0x1092, NULL, SLUICE_QUIRK_NO_DESCS | SLUICE_QUIRK_SUBNQN },
	{ 0x1d97, 0x1d97, NULL, SLUICE_QUIRK_IDS },
	{ 0x1d97, 0x2263, NULL, SLUICE_QUIRK_WRITE_ZEROES | SLUICE_QUIRK_IDS },
	{ 0x1d97, 0x2269, NULL, SLUICE_QUIRK_IDS | SLUICE_QUIRK_SUBNQN },
	/* QEMU: the same for all, unless the user gives it others */
	{ 0x1b36, 0x0010, NULL, SLUICE_QUIRK_IDS },
	{ 0x8086, 0x5845, NULL, SLUICE_QUIRK_IDS | SLUICE_QUIRK_WRITE_ZEROES |
	  SLUICE_QUIRK_OLD_IDENTIFY },
	/* Seagate */
	{ 0x1bb1, 0x0100, NULL, SLUICE_QUIRK_SLOW_READY | SLUICE_QUIRK_NO_DESCS },
	/* SK Hynix */
	{ 0x1c5c, 0x1504, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x1c5c, 0x174a, NULL, SLUICE_QUIRK_IDS },
	{ 0x1c5c, 0x1d59, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	/* Memblaze */
	{ 0x1c5f, 0x0540, NULL, SLUICE_QUIRK_SLOW_READY },
	/* ADATA, Innogrit */
	{ 0x1cc1, 0x33f8, NULL, SLUICE_QUIRK_IDS },
	{ 0x1cc1, 0x5350, NULL, SLUICE_QUIRK_IDS },
	{ 0x1cc1, 0x8201, NULL, SLUICE_QUIRK_DEEP_SLEEP | SLUICE_QUIRK_SUBNQN },
	{ 0x1dbe, 0x5216, NULL, SLUICE_QUIRK_IDS },
	{ 0x1dbe, 0x5236, NULL, SLUICE_QUIRK_IDS },
	/* UMIS */
	{ 0x1cc4, 0x6302, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x1cc4, 0x6303, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	/* Amazon */
	{ 0x1d0f, 0x0061, NULL, SLUICE_QUIRK_DMA_48 },
	{ 0x1d0f, 0x0065, NULL, SLUICE_QUIRK_DMA_48 },
	{ 0x1d0f, 0x8061, NULL, SLUICE_QUIRK_DMA_48 },
	{ 0x1d0f, 0xcd00, NULL, SLUICE_QUIRK_DMA_48 },
	{ 0x1d0f, 0xcd01, NULL, SLUICE_QUIRK_DMA_48 },
	{ 0x1d0f, 0xcd02, NULL, SLUICE_QUIRK_DMA_48 },
	/* ZHITAI */
	{ 0x1e49, 0x0021, NULL, SLUICE_QUIRK_DEEP_SLEEP },
	{ 0x1e49, 0x0041, NULL, SLUICE_QUIRK_DEEP_SLEEP },
	/* MAXIO */
	{ 0x1e4b, 0x1001, NULL, SLUICE_QUIRK_IDS },
	{ 0x1e4b, 0x1002, NULL, SLUICE_QUIRK_IDS },
	{ 0x1e4b, 0x1202, NULL, SLUICE_QUIRK_IDS },
	{ 0x1e4b, 0x1602, NULL, SLUICE_QUIRK_IDS },
	/* Netac */
	{ 0x1f40, 0x1202, NULL, SLUICE_QUIRK_IDS },
	{ 0x1f40, 0x5236, NULL, SLUICE_QUIRK_IDS },
	/* Kingston */
	{ 0x2646, 0x2262, NULL, SLUICE_QUIRK_DEEP_SLEEP },
	{ 0x2646, 0x2263, NULL, SLUICE_QUIRK_DEEP_SLEEP },
	{ 0x2646, 0x5016, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x2646, 0x5018, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x2646, 0x501a, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x2646, 0x501b, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x2646, 0x501e, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x2646, 0x502f, NULL, SLUICE_QUIRK_WRITE_ZEROES },
	/* Intel */
	{ 0x8086, 0x0953, NULL, SLUICE_QUIRK_STRIPE },
	{ 0x8086, 0x0a53, NULL, SLUICE_QUIRK_STRIPE },
	{ 0x8086, 0x0a54, NULL, SLUICE_QUIRK_STRIPE | SLUICE_QUIRK_IDS |
	  SLUICE_QUIRK_SUBNQN },
	{ 0x8086, 0x0a55, NULL, SLUICE_QUIRK_STRIPE },
	{ 0x8086, 0xf1a5, NULL, SLUICE_QUIRK_DEEP_SLEEP |
	  SLUICE_QUIRK_PRIORITY | SLUICE_QUIRK_WRITE_ZEROES },
	{ 0x8086, 0xf1a6, NULL, SLUICE_QUIRK_SUBNQN },
};

/* @want has no padding; the strings of Identify are padded with spaces. */
static bool sluice_nvme_id_is(const char *str, size_t size, const char *want)
{
	size_t len = strlen(want);

	return len <= size && !memcmp(str, want, len) &&
	       !memchr_inv(str + len, ' ', size - len);
}

/**
 * sluice_nvme_quirk_matches() - is a drive one of those with something wrong?
 * @q: drives with something wrong
 * @vendor: PCI vendor
 * @device: PCI device
 * @id: Identify Controller, or NULL while it is not known
 *
 * Return: true if it is known to be one of them.
 */
bool sluice_nvme_quirk_matches(const struct sluice_nvme_quirk *q, u16 vendor,
			       u16 device, const struct nvme_id_ctrl *id)
{
	if (q->vendor != vendor ||
	    (q->device != SLUICE_ANY_DEVICE && q->device != device))
		return false;
	if (!q->model && !q->firmware)
		return true;
	return id &&
	       (!q->model ||
		sluice_nvme_id_is(id->mn, sizeof(id->mn), q->model)) &&
	       (!q->firmware ||
		sluice_nvme_id_is(id->fr, sizeof(id->fr), q->firmware));
}

/**
 * sluice_nvme_quirks() - what is wrong with a drive
 * @vendor: PCI vendor
 * @device: PCI device
 * @id: Identify Controller, or NULL while it is not known
 *
 * Return: bits of SLUICE_QUIRK_*.
 */
u32 sluice_nvme_quirks(u16 vendor, u16 device, const struct nvme_id_ctrl *id)
{
	const struct sluice_nvme_quirk *q = sluice_nvme_quirk_table;
	unsigned int i;
	u32 quirks = 0;

	for (i = 0; i < ARRAY_SIZE(sluice_nvme_quirk_table); i++, q++) {
		if (sluice_nvme_quirk_matches(q, vendor, device, id))
			quirks |= q->quirks;
	}
	return quirks;
}
