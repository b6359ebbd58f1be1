// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space of a slice
 *
 * vfio.c and access.c call this file. The space has a header of type 0 with the
 * memory BARs that the backend describes and one BAR for the MSI-X table and
 * PBA. Its capabilities are power management (D0, D3hot), PCI Express endpoint
 * (with Function Level Reset), and MSI-X. It has no INTx, no I/O space, no ROM,
 * and no extended capability.
 */
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "device/config.h"

#define CONFIG_MSIX_PAGE	SZ_4K

/* Power states of the function, as values of PCI_PM_CTRL_STATE_MASK. */
#define CONFIG_D0		0
#define CONFIG_D3HOT		3

/* A vector takes 16 bytes in the table and one bit of a u64 in the PBA. */
#define CONFIG_TABLE_BYTES(n)	((n) * PCI_MSIX_ENTRY_SIZE)
#define CONFIG_PBA_BYTES(n)	(DIV_ROUND_UP(n, 64) * sizeof(u64))

static u16 sluice_config_get16(const struct sluice_config *cfg, u32 off)
{
	return cfg->bytes[off] | cfg->bytes[off + 1] << 8;
}

static void sluice_config_put8(struct sluice_config *cfg, u32 off, u8 val,
			       u8 mask)
{
	cfg->bytes[off] = val;
	cfg->writable[off] = mask;
}

static void sluice_config_put16(struct sluice_config *cfg, u32 off, u16 val,
				u16 mask)
{
	sluice_config_put8(cfg, off, val & 0xff, mask & 0xff);
	sluice_config_put8(cfg, off + 1, val >> 8, mask >> 8);
}

static void sluice_config_put32(struct sluice_config *cfg, u32 off, u32 val,
				u32 mask)
{
	sluice_config_put16(cfg, off, val & 0xffff, mask & 0xffff);
	sluice_config_put16(cfg, off + 2, val >> 16, mask >> 16);
}

static void sluice_config_put_header(struct sluice_config *cfg)
{
	const struct sluice_function *fn = &cfg->fn;

	sluice_config_put16(cfg, PCI_VENDOR_ID, fn->vendor, 0);
	sluice_config_put16(cfg, PCI_DEVICE_ID, fn->device, 0);
	sluice_config_put16(cfg, PCI_COMMAND, 0,
			    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			    PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			    PCI_COMMAND_INTX_DISABLE);
	sluice_config_put16(cfg, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	sluice_config_put32(cfg, PCI_CLASS_REVISION,
			    fn->class << 8 | fn->revision, 0);
	sluice_config_put8(cfg, PCI_CACHE_LINE_SIZE, 0, 0xff);
	sluice_config_put8(cfg, PCI_HEADER_TYPE, PCI_HEADER_TYPE_NORMAL, 0);
	sluice_config_put16(cfg, PCI_SUBSYSTEM_VENDOR_ID, fn->subsystem_vendor,
			    0);
	sluice_config_put16(cfg, PCI_SUBSYSTEM_ID, fn->subsystem_device, 0);
	sluice_config_put8(cfg, PCI_CAPABILITY_LIST, SLUICE_CONFIG_PM, 0);
	sluice_config_put8(cfg, PCI_INTERRUPT_LINE, 0, 0xff);
}

/* Address bits below the size are read-only: guests find the size by them. */
static void sluice_config_put_bars(struct sluice_config *cfg)
{
	unsigned int bar;

	for (bar = 0; bar < SLUICE_BARS; bar++) {
		u32 size = sluice_config_bar_size(cfg, bar);
		u32 off = PCI_BASE_ADDRESS_0 + 4 * bar;

		if (!size)
			continue;
		if (!(cfg->fn.bars[bar].flags & SLUICE_BAR_64BIT)) {
			sluice_config_put32(cfg, off,
					    PCI_BASE_ADDRESS_MEM_TYPE_32,
					    ~(size - 1));
			continue;
		}
		sluice_config_put32(cfg, off, PCI_BASE_ADDRESS_MEM_TYPE_64,
				    ~(size - 1));
		sluice_config_put32(cfg, off + 4, 0, ~0U);
	}
}

static void sluice_config_put_pm(struct sluice_config *cfg)
{
	const u32 pm = SLUICE_CONFIG_PM;

	sluice_config_put8(cfg, pm + PCI_CAP_LIST_ID, PCI_CAP_ID_PM, 0);
	sluice_config_put8(cfg, pm + PCI_CAP_LIST_NEXT, SLUICE_CONFIG_PCIE, 0);
	sluice_config_put16(cfg, pm + PCI_PM_PMC, 3, 0);
	sluice_config_put16(cfg, pm + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET,
			    PCI_PM_CTRL_STATE_MASK);
}

/* No real link: guests only print these values; 16 GT/s with four lanes. */
static void sluice_config_put_pcie(struct sluice_config *cfg)
{
	const u32 pcie = SLUICE_CONFIG_PCIE;
	const u16 link = PCI_EXP_LNKSTA_CLS_16_0GB | PCI_EXP_LNKSTA_NLW_X4;

	sluice_config_put8(cfg, pcie + PCI_CAP_LIST_ID, PCI_CAP_ID_EXP, 0);
	sluice_config_put8(cfg, pcie + PCI_CAP_LIST_NEXT, SLUICE_CONFIG_MSIX,
			   0);
	sluice_config_put16(cfg, pcie + PCI_EXP_FLAGS,
			    2 | PCI_EXP_TYPE_ENDPOINT << 4, 0);
	sluice_config_put32(cfg, pcie + PCI_EXP_DEVCAP,
			    1 | PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_RBER |
			    PCI_EXP_DEVCAP_FLR, 0);
	sluice_config_put16(cfg, pcie + PCI_EXP_DEVCTL,
			    PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN |
			    PCI_EXP_DEVCTL_READRQ_512B,
			    0xffff & ~(PCI_EXP_DEVCTL_PHANTOM |
				       PCI_EXP_DEVCTL_AUX_PME |
				       PCI_EXP_DEVCTL_BCR_FLR));
	sluice_config_put32(cfg, pcie + PCI_EXP_LNKCAP,
			    PCI_EXP_LNKCAP_SLS_16_0GB | PCI_EXP_LNKSTA_NLW_X4,
			    0);
	sluice_config_put16(cfg, pcie + PCI_EXP_LNKCTL, 0,
			    PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC |
				    PCI_EXP_LNKCTL_ES);
	sluice_config_put16(cfg, pcie + PCI_EXP_LNKSTA, link, 0);
	sluice_config_put32(cfg, pcie + PCI_EXP_DEVCAP2,
			    PCI_EXP_DEVCAP2_COMP_TMOUT_DIS, 0);
	sluice_config_put16(cfg, pcie + PCI_EXP_DEVCTL2, 0,
			    PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
	sluice_config_put32(cfg, pcie + PCI_EXP_LNKCAP2,
			    PCI_EXP_LNKCAP2_SLS_2_5GB |
			    PCI_EXP_LNKCAP2_SLS_5_0GB |
			    PCI_EXP_LNKCAP2_SLS_8_0GB |
			    PCI_EXP_LNKCAP2_SLS_16_0GB, 0);
	sluice_config_put16(cfg, pcie + PCI_EXP_LNKCTL2,
			    PCI_EXP_LNKCTL2_TLS_16_0GT, PCI_EXP_LNKCTL2_TLS);
}

static void sluice_config_put_msix(struct sluice_config *cfg)
{
	const u32 msix = SLUICE_CONFIG_MSIX;

	sluice_config_put8(cfg, msix + PCI_CAP_LIST_ID, PCI_CAP_ID_MSIX, 0);
	sluice_config_put16(cfg, msix + PCI_MSIX_FLAGS, cfg->vectors - 1,
			    PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	sluice_config_put32(cfg, msix + PCI_MSIX_TABLE, cfg->fn.msix_bar, 0);
	sluice_config_put32(cfg, msix + PCI_MSIX_PBA,
			    cfg->pba_offset | cfg->fn.msix_bar, 0);
}

/**
 * sluice_config_reset() - give every register its value after a reset
 * @cfg: an initialised configuration space
 */
void sluice_config_reset(struct sluice_config *cfg)
{
	memset(cfg->bytes, 0, sizeof(cfg->bytes));
	memset(cfg->writable, 0, sizeof(cfg->writable));
	sluice_config_put_header(cfg);
	sluice_config_put_bars(cfg);
	sluice_config_put_pm(cfg);
	sluice_config_put_pcie(cfg);
	sluice_config_put_msix(cfg);
}

/**
 * sluice_config_bar_size() - how large a BAR is
 * @cfg: configuration space
 * @bar: number, below %SLUICE_BARS
 *
 * Return: bytes, 0 if the BAR does not exist
 */
u32 sluice_config_bar_size(const struct sluice_config *cfg, unsigned int bar)
{
	return bar == cfg->fn.msix_bar ? cfg->msix_size :
					 cfg->fn.bars[bar].size;
}

static bool sluice_config_area_ok(const struct sluice_bar *bar, unsigned int n)
{
	const struct sluice_area *area = &bar->areas[n];
	unsigned int i;

	if (!area->size || !IS_ALIGNED(area->offset | area->size, PAGE_SIZE) ||
	    area->size > bar->size || area->offset > bar->size - area->size)
		return false;
	switch (area->type) {
	case SLUICE_AREA_DOORBELLS:
		break;
	case SLUICE_AREA_MEMORY:
		if (!area->memory || !PAGE_ALIGNED(area->memory))
			return false;
		break;
	default:
		return false;
	}
	for (i = 0; i < n; i++)
		if (area->offset < bar->areas[i].offset + bar->areas[i].size &&
		    bar->areas[i].offset < area->offset + area->size)
			return false;
	return true;
}

/* A BAR smaller than a page could not be mapped into a guest. */
static bool sluice_config_bar_ok(const struct sluice_function *fn,
				 unsigned int n)
{
	const struct sluice_bar *bar = &fn->bars[n];
	unsigned int i;

	if (!bar->size)
		return !bar->flags && !bar->nr_areas;
	if (!is_power_of_2(bar->size) || bar->size < SZ_4K || bar->size > SZ_1G)
		return false;
	if (n == fn->msix_bar || bar->flags & ~SLUICE_BAR_64BIT ||
	    bar->nr_areas > SLUICE_BAR_AREAS)
		return false;
	if (bar->flags & SLUICE_BAR_64BIT &&
	    (n + 1 == SLUICE_BARS || fn->bars[n + 1].size ||
	     n + 1 == fn->msix_bar))
		return false;
	for (i = 0; i < bar->nr_areas; i++)
		if (!sluice_config_area_ok(bar, i))
			return false;
	return true;
}

/* The pages of the one area of doorbells that a function may have */
static int sluice_config_find_doorbells(const struct sluice_function *fn,
					unsigned int *pages)
{
	unsigned int bar, i;

	*pages = 0;
	for (bar = 0; bar < SLUICE_BARS; bar++)
		for (i = 0; i < fn->bars[bar].nr_areas; i++) {
			const struct sluice_area *area = &fn->bars[bar].areas[i];

			if (area->type != SLUICE_AREA_DOORBELLS)
				continue;
			if (*pages)
				return -EINVAL;
			*pages = area->size >> PAGE_SHIFT;
		}
	return 0;
}

static bool sluice_config_function_ok(const struct sluice_function *fn)
{
	unsigned int bar;

	for (bar = 0; bar < SLUICE_BARS; bar++)
		if (!sluice_config_bar_ok(fn, bar))
			return false;
	return fn->msix_bar < SLUICE_BARS && fn->vectors &&
	       fn->vectors <= SLUICE_CONFIG_VECTORS && fn->class <= 0xffffff;
}

/**
 * sluice_config_init() - make the configuration space of a function
 * @cfg: to be filled
 * @fn: the function, as the backend describes it
 *
 * Return: 0, or -EINVAL if the description is invalid
 */
int sluice_config_init(struct sluice_config *cfg,
		       const struct sluice_function *fn)
{
	if (!sluice_config_function_ok(fn) ||
	    sluice_config_find_doorbells(fn, &cfg->doorbell_pages))
		return -EINVAL;

	cfg->fn = *fn;
	cfg->vectors = fn->vectors;
	cfg->pba_offset = ALIGN(CONFIG_TABLE_BYTES(fn->vectors),
				CONFIG_MSIX_PAGE);
	cfg->msix_size = roundup_pow_of_two(cfg->pba_offset +
					    ALIGN(CONFIG_PBA_BYTES(fn->vectors),
						  CONFIG_MSIX_PAGE));
	sluice_config_reset(cfg);
	return 0;
}

static bool sluice_config_in_d0(const struct sluice_config *cfg)
{
	u8 state = cfg->bytes[SLUICE_CONFIG_PM + PCI_PM_CTRL];

	return (state & PCI_PM_CTRL_STATE_MASK) == CONFIG_D0;
}

/**
 * sluice_config_memory_on() - whether the BARs respond
 * @cfg: configuration space
 *
 * Return: true if memory decoding is enabled and the state is D0
 */
bool sluice_config_memory_on(const struct sluice_config *cfg)
{
	return (sluice_config_get16(cfg, PCI_COMMAND) & PCI_COMMAND_MEMORY) &&
	       sluice_config_in_d0(cfg);
}

/**
 * sluice_config_master_on() - whether the function may access memory
 * @cfg: configuration space
 *
 * Return: true if bus mastering is enabled and the state is D0
 */
bool sluice_config_master_on(const struct sluice_config *cfg)
{
	return (sluice_config_get16(cfg, PCI_COMMAND) & PCI_COMMAND_MASTER) &&
	       sluice_config_in_d0(cfg);
}

/**
 * sluice_config_read() - read some bytes
 * @cfg: configuration space
 * @off: offset of the first byte, any value
 * @buf: receives the bytes
 * @len: how many; bytes beyond the stored ones are zero
 */
void sluice_config_read(const struct sluice_config *cfg, u32 off, void *buf,
			u32 len)
{
	u32 n = 0;

	if (off < SLUICE_CONFIG_STORED)
		n = min_t(u32, len, SLUICE_CONFIG_STORED - off);
	memcpy(buf, cfg->bytes + off, n);
	memset(buf + n, 0, len - n);
}

/* Writing a power state that the function does not have changes nothing. */
static u8 sluice_config_power_state(u8 old, u8 new)
{
	u8 state = new & PCI_PM_CTRL_STATE_MASK;

	if (state == CONFIG_D0 || state == CONFIG_D3HOT)
		return new;
	return (new & ~PCI_PM_CTRL_STATE_MASK) | (old & PCI_PM_CTRL_STATE_MASK);
}

static void sluice_config_write8(struct sluice_config *cfg, u32 off, u8 val)
{
	u8 mask = cfg->writable[off];
	u8 old = cfg->bytes[off];
	u8 new = (old & ~mask) | (val & mask);

	if (off == SLUICE_CONFIG_PM + PCI_PM_CTRL)
		new = sluice_config_power_state(old, new);
	cfg->bytes[off] = new;
}

static bool sluice_config_byte_resets(u32 off, u8 val)
{
	return off == SLUICE_CONFIG_PCIE + PCI_EXP_DEVCTL + 1 &&
	       (val & (PCI_EXP_DEVCTL_BCR_FLR >> 8));
}

/**
 * sluice_config_write() - write some bytes, only the writable bits
 * @cfg: configuration space
 * @off: offset of the first byte, any value
 * @buf: the bytes
 * @len: how many
 *
 * A write that requests a Function Level Reset also resets all registers, as
 * sluice_config_reset() does.
 *
 * Return: a mask of SLUICE_CONFIG_FLR, _MASTER and _MEMORY. The last two mean
 * that the result of sluice_config_master_on() or _memory_on() has changed
 */
unsigned int sluice_config_write(struct sluice_config *cfg, u32 off,
				 const void *buf, u32 len)
{
	bool master = sluice_config_master_on(cfg);
	bool memory = sluice_config_memory_on(cfg);
	const u8 *p = buf;
	unsigned int actions = 0;
	u32 i;

	for (i = 0; i < len && off < SLUICE_CONFIG_STORED; i++, off++) {
		sluice_config_write8(cfg, off, p[i]);
		if (sluice_config_byte_resets(off, p[i]))
			actions |= SLUICE_CONFIG_FLR;
	}
	if (actions & SLUICE_CONFIG_FLR)
		sluice_config_reset(cfg);
	if (master != sluice_config_master_on(cfg))
		actions |= SLUICE_CONFIG_MASTER;
	if (memory != sluice_config_memory_on(cfg))
		actions |= SLUICE_CONFIG_MEMORY;
	return actions;
}
