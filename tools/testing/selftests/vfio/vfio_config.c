// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space: layout, read-only bits, sizing of BARs
 */
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/tap.h"
#include "lib/test.h"

#define CLASS_NVME	0x010802u

static void test_layout(const struct test_opts *opts)
{
	struct vfio_dev dev;
	u16 vendor;
	u8 type;

	test_open(&dev, opts->id, opts);
	vendor = vfio_cfg16(&dev, PCI_VENDOR_ID);
	ok(vendor && vendor != 0xffff, "vendor 0x%04x", vendor);
	is(vfio_cfg32(&dev, PCI_CLASS_REVISION) >> 8, CLASS_NVME,
	   "class of an NVM Express controller");
	type = vfio_cfg8(&dev, PCI_HEADER_TYPE);
	is(type & 0x7f, PCI_HEADER_TYPE_NORMAL, "header type 0");
	is(type & 0x80, 0, "a single function");
	ok(vfio_cfg16(&dev, PCI_STATUS) & PCI_STATUS_CAP_LIST,
	   "has capabilities");
	is(vfio_cfg32(&dev, PCI_ROM_ADDRESS) & PCI_ROM_ADDRESS_ENABLE, 0,
	   "no expansion ROM");
	is(vfio_cfg16(&dev, PCI_COMMAND) &
	   (PCI_COMMAND_MASTER | PCI_COMMAND_IO), 0,
	   "bus mastering and I/O space are off after open");
	vfio_close(&dev);
}

/* The list ends, stays within config space, and has no entry twice. */
static void check_list(struct vfio_dev *dev)
{
	bool seen[256] = { false }, sane = true;
	u8 pos = vfio_cfg8(dev, PCI_CAPABILITY_LIST);

	while (pos && sane) {
		sane = pos >= 0x40 && !(pos & 3) && !seen[pos];
		seen[pos] = true;
		pos = vfio_cfg8(dev, pos + 1);
	}
	ok(sane, "the list of capabilities is sane");
}

static void check_msix(struct vfio_dev *dev, u8 pos)
{
	struct vfio_irq_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};
	u32 table = vfio_cfg32(dev, pos + PCI_MSIX_TABLE);
	u32 pba = vfio_cfg32(dev, pos + PCI_MSIX_PBA);
	u16 ctl = vfio_cfg16(dev, pos + PCI_MSIX_FLAGS);
	u32 vectors = (ctl & PCI_MSIX_FLAGS_QSIZE) + 1;
	u64 bar = dev->size[VFIO_PCI_BAR2_REGION_INDEX];

	is(table & PCI_MSIX_TABLE_BIR, 2, "MSI-X table in BAR 2");
	is(pba & PCI_MSIX_PBA_BIR, 2, "pending bits in BAR 2");
	table &= PCI_MSIX_TABLE_OFFSET;
	pba &= PCI_MSIX_PBA_OFFSET;
	ok(table + vectors * 16 <= bar && pba + (vectors + 63) / 64 * 8 <= bar,
	   "both fit into the BAR");
	ok(table + vectors * 16 <= pba ||
	   pba + (vectors + 63) / 64 * 8 <= table, "they do not overlap");
	is(ctl & PCI_MSIX_FLAGS_ENABLE, 0, "MSI-X is off after open");
	ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, &info);
	is(vectors, info.count, "as many vectors as VFIO says");
}

static void check_express(struct vfio_dev *dev, u8 pos)
{
	u16 flags = vfio_cfg16(dev, pos + PCI_EXP_FLAGS);
	u8 type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

	ok(flags & PCI_EXP_FLAGS_VERS, "PCI Express capability has a version");
	ok(type == PCI_EXP_TYPE_ENDPOINT || type == PCI_EXP_TYPE_RC_END,
	   "is an endpoint");
	ok(vfio_cfg32(dev, pos + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR,
	   "offers Function Level Reset");
}

static void test_capabilities(const struct test_opts *opts)
{
	struct vfio_dev dev;
	u8 pm, exp, msix;

	test_open(&dev, opts->id, opts);
	check_list(&dev);
	pm = vfio_find_cap(&dev, PCI_CAP_ID_PM);
	exp = vfio_find_cap(&dev, PCI_CAP_ID_EXP);
	msix = vfio_find_cap(&dev, PCI_CAP_ID_MSIX);
	ok(pm, "Power Management capability");
	if (pm)
		is(vfio_cfg16(&dev, pm + PCI_PM_CTRL) &
		   PCI_PM_CTRL_STATE_MASK, 0, "in D0 after open");
	if (ok(exp, "PCI Express capability"))
		check_express(&dev, exp);
	if (ok(msix, "MSI-X capability"))
		check_msix(&dev, msix);
	vfio_close(&dev);
}

/* Inverts a value, restores it, and reports which bits changed. */
static u32 changed_bits(struct vfio_dev *dev, u32 off)
{
	u32 before = vfio_cfg32(dev, off), after;

	vfio_cfg_write32(dev, off, ~before);
	after = vfio_cfg32(dev, off);
	vfio_cfg_write32(dev, off, before);
	return before ^ after;
}

static void test_read_only(const struct test_opts *opts)
{
	static const struct {
		u32 off;
		u32 mask;
		const char *name;
	} fields[] = {
		{ PCI_VENDOR_ID, ~0u, "vendor and device" },
		{ PCI_CLASS_REVISION, ~0u, "class and revision" },
		{ PCI_CACHE_LINE_SIZE, 0x00ff0000, "header type" },
		{ PCI_CARDBUS_CIS, ~0u, "CardBus CIS pointer" },
		{ PCI_SUBSYSTEM_VENDOR_ID, ~0u, "subsystem" },
		{ PCI_ROM_ADDRESS, PCI_ROM_ADDRESS_ENABLE, "ROM enable" },
		{ PCI_CAPABILITY_LIST, ~0u, "capability pointer" },
		{ PCI_INTERRUPT_LINE, 0xffffff00, "interrupt pin" },
	};
	struct vfio_dev dev;
	unsigned int i;
	u8 pos;

	test_open(&dev, opts->id, opts);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		is(changed_bits(&dev, fields[i].off) & fields[i].mask, 0,
		   "%s cannot be written", fields[i].name);
	pos = vfio_find_cap(&dev, PCI_CAP_ID_PM);
	if (pos)
		is(changed_bits(&dev, pos), 0, "PM: header and PMC");
	pos = vfio_find_cap(&dev, PCI_CAP_ID_EXP);
	if (pos) {
		is(changed_bits(&dev, pos), 0, "PCIe: header and flags");
		is(changed_bits(&dev, pos + PCI_EXP_DEVCAP), 0,
		   "PCIe: Device Capabilities");
		is(changed_bits(&dev, pos + PCI_EXP_LNKCAP), 0,
		   "PCIe: Link Capabilities");
	}
	pos = vfio_find_cap(&dev, PCI_CAP_ID_MSIX);
	if (pos) {
		is(changed_bits(&dev, pos) & 0x3fffffff, 0,
		   "MSI-X: header and table size");
		is(changed_bits(&dev, pos + PCI_MSIX_TABLE), 0,
		   "MSI-X: table");
		is(changed_bits(&dev, pos + PCI_MSIX_PBA), 0,
		   "MSI-X: pending bits");
	}
	vfio_close(&dev);
}

static void test_command(const struct test_opts *opts)
{
	u16 want = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		   PCI_COMMAND_INTX_DISABLE;
	struct vfio_dev dev;
	u16 val;

	test_open(&dev, opts->id, opts);
	vfio_cfg_write16(&dev, PCI_COMMAND, 0);
	is(vfio_cfg16(&dev, PCI_COMMAND), 0, "COMMAND can be cleared");
	vfio_cfg_write16(&dev, PCI_COMMAND, want);
	val = vfio_cfg16(&dev, PCI_COMMAND);
	is(val & (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER),
	   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
	   "memory space and bus mastering can be switched on");
	vfio_cfg_write16(&dev, PCI_COMMAND, 0xffff);
	val = vfio_cfg16(&dev, PCI_COMMAND);
	is(val & 0xf800, 0, "reserved bits of COMMAND stay 0");
	vfio_cfg_write8(&dev, PCI_INTERRUPT_LINE, 0x5a);
	is(vfio_cfg8(&dev, PCI_INTERRUPT_LINE), 0x5a,
	   "interrupt line can be written");
	vfio_flr(&dev);
	is(vfio_cfg16(&dev, PCI_COMMAND) & PCI_COMMAND_MASTER, 0,
	   "bus mastering is off after an FLR");
	vfio_close(&dev);
}

static void size_bar(struct vfio_dev *dev, unsigned int bar)
{
	u32 off = PCI_BASE_ADDRESS_0 + 4 * bar;
	u32 low = vfio_cfg32(dev, off), type = low & 0xf;
	u64 mask = ~0ull << 32;

	vfio_cfg_write32(dev, off, ~0u);
	low = vfio_cfg32(dev, off);
	if (type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
		vfio_cfg_write32(dev, off + 4, ~0u);
		mask = (u64)vfio_cfg32(dev, off + 4) << 32;
	}
	mask |= low;
	is(low & 0xf, type, "BAR %u keeps its type", bar);
	is(~(mask & ~0xfull) + 1, dev->size[bar], "BAR %u has the size", bar);
	vfio_cfg_write32(dev, off, 0xfebf0000);
	is(vfio_cfg32(dev, off) & ~0xf,
	   0xfebf0000 & ~(u32)(dev->size[bar] - 1),
	   "BAR %u takes an address", bar);
	if (type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
		vfio_cfg_write32(dev, off + 4, 0x12);
		is(vfio_cfg32(dev, off + 4), 0x12,
		   "BAR %u takes its upper half", bar);
	}
}

static void test_bars(const struct test_opts *opts)
{
	static const unsigned int unused[] = { 4, 5 };
	struct vfio_dev dev;
	unsigned int i;

	test_open(&dev, opts->id, opts);
	vfio_set_command(&dev, 0, PCI_COMMAND_MEMORY);
	is(vfio_cfg32(&dev, PCI_BASE_ADDRESS_0) & 7,
	   PCI_BASE_ADDRESS_MEM_TYPE_64, "BAR 0 is memory with 64 bits");
	size_bar(&dev, 0);
	size_bar(&dev, 2);
	for (i = 0; i < ARRAY_SIZE(unused); i++) {
		u32 off = PCI_BASE_ADDRESS_0 + 4 * unused[i];

		vfio_cfg_write32(&dev, off, ~0u);
		is(vfio_cfg32(&dev, off), 0, "BAR %u is not there", unused[i]);
	}
	vfio_close(&dev);
}

/* An access of any size at any offset returns the same bytes. */
static void test_access_sizes(const struct test_opts *opts)
{
	u8 whole[256], part[16];
	bool same = true;
	struct vfio_dev dev;
	unsigned int off, len;
	ssize_t n;

	test_open(&dev, opts->id, opts);
	for (off = 0; off < sizeof(whole); off++)
		whole[off] = vfio_cfg8(&dev, off);
	for (off = 0; off < sizeof(whole); off++) {
		for (len = 1; len <= 9 && off + len <= sizeof(whole); len++) {
			n = vfio_read(&dev, VFIO_PCI_CONFIG_REGION_INDEX, off,
				      part, len);
			if (n > 0 && !memcmp(part, whole + off, n))
				continue;
			if (same)
				tap_diag("0x%x, %u bytes: %zd", off, len, n);
			same = false;
		}
	}
	ok(same, "reads of 1 to 9 bytes at every offset agree");
	vfio_cfg_write16(&dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
	vfio_cfg_write8(&dev, PCI_COMMAND + 1, 0);
	is(vfio_cfg8(&dev, PCI_COMMAND), PCI_COMMAND_MEMORY,
	   "a byte written leaves its neighbour alone");
	vfio_close(&dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "layout", test_layout },
		{ "capabilities", test_capabilities },
		{ "read-only", test_read_only },
		{ "command", test_command },
		{ "bars", test_bars },
		{ "access-sizes", test_access_sizes },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
