// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the PCI configuration space
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/bitops.h>
#include <linux/string.h>

#include "device/config.h"

static const struct sluice_function config_fn = {
	.vendor = 0x1b36,
	.device = 0x0010,
	.subsystem_vendor = 0x1af4,
	.subsystem_device = 0x1100,
	.class = 0x010802,
	.revision = 0x02,
	.bars[0] = {
		.size = SZ_16K,
		.flags = SLUICE_BAR_64BIT,
		.nr_areas = 1,
		.areas[0] = {
			.type = SLUICE_AREA_DOORBELLS,
			.offset = SZ_4K,
			.size = SZ_4K,
		},
	},
	.msix_bar = 2,
	.vectors = 17,
};

static struct sluice_config *config_make(struct kunit *test)
{
	struct sluice_config *cfg = kunit_kzalloc(test, sizeof(*cfg),
						  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cfg);
	KUNIT_ASSERT_EQ(test, sluice_config_init(cfg, &config_fn), 0);
	return cfg;
}

static u32 config_read(struct sluice_config *cfg, u32 off, u32 len)
{
	u8 buf[4] = {};

	sluice_config_read(cfg, off, buf, len);
	return buf[0] | buf[1] << 8 | buf[2] << 16 | (u32)buf[3] << 24;
}

static unsigned int config_write(struct sluice_config *cfg, u32 off, u32 len,
				 u32 val)
{
	u8 buf[4] = { val, val >> 8, val >> 16, val >> 24 };

	return sluice_config_write(cfg, off, buf, len);
}

static void config_identity(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);

	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_VENDOR_ID, 4), 0x00101b36);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_CLASS_REVISION, 4),
			0x01080202);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_SUBSYSTEM_VENDOR_ID, 4),
			0x11001af4);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_HEADER_TYPE, 1), 0);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_COMMAND, 2), 0);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_STATUS, 2),
			PCI_STATUS_CAP_LIST);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_INTERRUPT_PIN, 1), 0);
}

/* Reads of one, two and four bytes agree. */
static void config_any_width(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	u32 off;

	for (off = 0; off + 4 <= SLUICE_CONFIG_STORED; off++) {
		u32 val = config_read(cfg, off, 4);

		KUNIT_EXPECT_EQ(test, config_read(cfg, off, 1), val & 0xff);
		KUNIT_EXPECT_EQ(test, config_read(cfg, off, 2), val & 0xffff);
		KUNIT_EXPECT_EQ(test, config_read(cfg, off + 2, 2), val >> 16);
	}
}

static void config_extended_is_zero(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	u8 *buf = kunit_kzalloc(test, SLUICE_CONFIG_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, 0xff, SLUICE_CONFIG_SIZE);
	KUNIT_EXPECT_EQ(test, sluice_config_write(cfg, SLUICE_CONFIG_STORED, buf,
						  SLUICE_CONFIG_SIZE -
						  SLUICE_CONFIG_STORED), 0);
	sluice_config_read(cfg, 0, buf, SLUICE_CONFIG_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf + SLUICE_CONFIG_STORED, 0,
					   SLUICE_CONFIG_SIZE -
					   SLUICE_CONFIG_STORED));
	/* Far outside; offset plus length overflows back into the space. */
	memset(buf, 0xff, 8);
	sluice_config_read(cfg, U32_MAX - 3, buf, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, 8));
}

static void config_write_across_the_end(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	u8 ones[8];

	memset(ones, 0xff, sizeof(ones));
	KUNIT_EXPECT_EQ(test, sluice_config_write(cfg, SLUICE_CONFIG_STORED - 4,
						  ones, sizeof(ones)), 0);
	KUNIT_EXPECT_EQ(test, config_read(cfg, SLUICE_CONFIG_STORED - 4, 4), 0);
}

static void config_bar_sizes(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);

	config_write(cfg, PCI_BASE_ADDRESS_0, 4, ~0U);
	config_write(cfg, PCI_BASE_ADDRESS_1, 4, ~0U);
	config_write(cfg, PCI_BASE_ADDRESS_2, 4, ~0U);
	config_write(cfg, PCI_BASE_ADDRESS_3, 4, ~0U);
	config_write(cfg, PCI_ROM_ADDRESS, 4, ~0U);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_BASE_ADDRESS_0, 4),
			~(u32)(SZ_16K - 1) | PCI_BASE_ADDRESS_MEM_TYPE_64);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_BASE_ADDRESS_1, 4), ~0U);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_BASE_ADDRESS_2, 4),
			~(u32)(SZ_8K - 1));
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_BASE_ADDRESS_3, 4), 0);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_ROM_ADDRESS, 4), 0);

	/* Single bytes of a BAR can be written. */
	config_write(cfg, PCI_BASE_ADDRESS_0, 4, 0xfeb00000);
	config_write(cfg, PCI_BASE_ADDRESS_0 + 2, 1, 0xc1);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_BASE_ADDRESS_0, 4),
			0xfec10000 | PCI_BASE_ADDRESS_MEM_TYPE_64);
}

static void config_command(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);

	KUNIT_EXPECT_EQ(test, config_write(cfg, PCI_COMMAND, 2,
					   PCI_COMMAND_MEMORY),
			SLUICE_CONFIG_MEMORY);
	KUNIT_EXPECT_TRUE(test, sluice_config_memory_on(cfg));
	KUNIT_EXPECT_FALSE(test, sluice_config_master_on(cfg));
	KUNIT_EXPECT_EQ(test, config_write(cfg, PCI_COMMAND, 1,
					   PCI_COMMAND_MEMORY |
					   PCI_COMMAND_MASTER),
			SLUICE_CONFIG_MASTER);
	KUNIT_EXPECT_TRUE(test, sluice_config_master_on(cfg));
	/* Writing the same value again reports no change. */
	KUNIT_EXPECT_EQ(test, config_write(cfg, PCI_COMMAND, 2,
					   PCI_COMMAND_MEMORY |
					   PCI_COMMAND_MASTER), 0);
	/* I/O space and most other bits do not exist. */
	config_write(cfg, PCI_COMMAND, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, config_read(cfg, PCI_COMMAND, 2),
			PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			PCI_COMMAND_INTX_DISABLE);
	KUNIT_EXPECT_EQ(test, config_write(cfg, PCI_COMMAND, 2, 0),
			SLUICE_CONFIG_MEMORY | SLUICE_CONFIG_MASTER);
}

/* Bits that are not writable never change. */
static void config_read_only(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	struct sluice_config *before = config_make(test);
	u32 off;

	for (off = 0; off < SLUICE_CONFIG_STORED; off++) {
		u8 mask = cfg->writable[off];
		u8 old = before->bytes[off];

		/* A write here has rules of its own. */
		if (off == SLUICE_CONFIG_PM + PCI_PM_CTRL)
			continue;
		config_write(cfg, off, 1, 0xff & ~(PCI_EXP_DEVCTL_BCR_FLR >> 8));
		KUNIT_EXPECT_EQ(test, cfg->bytes[off] & ~mask, old & ~mask);
		config_write(cfg, off, 1, 0);
		KUNIT_EXPECT_EQ(test, cfg->bytes[off], old & ~mask);
	}
}

static void config_capabilities(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	unsigned long seen = 0;
	unsigned int hops = 0;
	u32 pos;

	for (pos = config_read(cfg, PCI_CAPABILITY_LIST, 1); pos;
	     pos = config_read(cfg, pos + PCI_CAP_LIST_NEXT, 1)) {
		KUNIT_ASSERT_LT(test, hops++, 16);
		KUNIT_EXPECT_EQ(test, pos & 3, 0);
		KUNIT_EXPECT_GE(test, pos, PCI_STD_HEADER_SIZEOF);
		__set_bit(config_read(cfg, pos, 1), &seen);
	}
	KUNIT_EXPECT_EQ(test, seen, BIT(PCI_CAP_ID_PM) | BIT(PCI_CAP_ID_EXP) |
				    BIT(PCI_CAP_ID_MSIX));
}

static void config_express(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	const u32 pos = SLUICE_CONFIG_PCIE;

	KUNIT_EXPECT_EQ(test, config_read(cfg, pos + PCI_EXP_FLAGS, 2),
			2 | PCI_EXP_TYPE_ENDPOINT << 4);
	KUNIT_EXPECT_TRUE(test, config_read(cfg, pos + PCI_EXP_DEVCAP, 4) &
				PCI_EXP_DEVCAP_FLR);
	KUNIT_EXPECT_EQ(test, config_read(cfg, pos + PCI_EXP_LNKSTA, 2),
			PCI_EXP_LNKSTA_CLS_16_0GB | PCI_EXP_LNKSTA_NLW_X4);
	config_write(cfg, pos + PCI_EXP_LNKSTA, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, config_read(cfg, pos + PCI_EXP_LNKSTA, 2),
			PCI_EXP_LNKSTA_CLS_16_0GB | PCI_EXP_LNKSTA_NLW_X4);
}

static void config_flr(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	struct sluice_config *fresh = config_make(test);
	const u32 devctl = SLUICE_CONFIG_PCIE + PCI_EXP_DEVCTL;

	config_write(cfg, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	config_write(cfg, PCI_BASE_ADDRESS_0, 4, 0xfeb00000);
	/* Only one bit of the upper byte requests the reset. */
	KUNIT_EXPECT_EQ(test, config_write(cfg, devctl, 1, 0xff), 0);
	KUNIT_EXPECT_EQ(test, config_write(cfg, devctl + 1, 1, 0x7f), 0);
	KUNIT_EXPECT_EQ(test, config_read(cfg, devctl, 2) &
			      PCI_EXP_DEVCTL_BCR_FLR, 0);
	KUNIT_EXPECT_EQ(test, config_write(cfg, devctl, 2,
					   PCI_EXP_DEVCTL_BCR_FLR),
			SLUICE_CONFIG_FLR | SLUICE_CONFIG_MASTER);
	KUNIT_EXPECT_EQ(test, memcmp(cfg->bytes, fresh->bytes,
				     sizeof(cfg->bytes)), 0);
	KUNIT_EXPECT_EQ(test, config_write(cfg, devctl + 1, 1, 0x80),
			SLUICE_CONFIG_FLR);
}

static void config_power(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	const u32 pmcsr = SLUICE_CONFIG_PM + PCI_PM_CTRL;

	config_write(cfg, PCI_COMMAND, 2,
		     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, config_write(cfg, pmcsr, 2, 3),
			SLUICE_CONFIG_MEMORY | SLUICE_CONFIG_MASTER);
	KUNIT_EXPECT_FALSE(test, sluice_config_memory_on(cfg));
	KUNIT_EXPECT_FALSE(test, sluice_config_master_on(cfg));
	/* D1 and D2 do not exist: the write is ignored. */
	KUNIT_EXPECT_EQ(test, config_write(cfg, pmcsr, 2, 1), 0);
	KUNIT_EXPECT_EQ(test, config_read(cfg, pmcsr, 1) & 3, 3);
	KUNIT_EXPECT_EQ(test, config_write(cfg, pmcsr, 2, 2), 0);
	KUNIT_EXPECT_EQ(test, config_read(cfg, pmcsr, 1) & 3, 3);
	/* No_Soft_Reset: the registers keep their values. */
	KUNIT_EXPECT_EQ(test, config_write(cfg, pmcsr, 2, 0),
			SLUICE_CONFIG_MEMORY | SLUICE_CONFIG_MASTER);
	KUNIT_EXPECT_TRUE(test, sluice_config_memory_on(cfg));
	KUNIT_EXPECT_TRUE(test, config_read(cfg, pmcsr, 2) &
				PCI_PM_CTRL_NO_SOFT_RESET);
}

static void config_msix(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	const u32 pos = SLUICE_CONFIG_MSIX;

	KUNIT_EXPECT_EQ(test, config_read(cfg, pos + PCI_MSIX_FLAGS, 2), 16);
	KUNIT_EXPECT_EQ(test, config_read(cfg, pos + PCI_MSIX_TABLE, 4), 2);
	KUNIT_EXPECT_EQ(test, config_read(cfg, pos + PCI_MSIX_PBA, 4),
			0x1000 | 2);
	config_write(cfg, pos + PCI_MSIX_FLAGS, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, config_read(cfg, pos + PCI_MSIX_FLAGS, 2),
			16 | PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

/* The table and the PBA never share a page, and both fit in the BAR. */
static void config_msix_layout(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	struct sluice_function fn = config_fn;

	for (fn.vectors = 1; fn.vectors <= 2048; fn.vectors++) {
		u32 table = fn.vectors * PCI_MSIX_ENTRY_SIZE;
		u32 pba = DIV_ROUND_UP(fn.vectors, 64) * 8;

		KUNIT_ASSERT_EQ(test, sluice_config_init(cfg, &fn), 0);
		KUNIT_ASSERT_GE(test, cfg->pba_offset, table);
		KUNIT_ASSERT_EQ(test, cfg->pba_offset % SZ_4K, 0);
		KUNIT_ASSERT_LE(test, cfg->pba_offset + pba, cfg->msix_size);
		KUNIT_ASSERT_EQ(test, hweight32(cfg->msix_size), 1);
	}
}

static void config_refuses(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	struct sluice_function fn;

#define EXPECT_REFUSED(field, value)					\
	do {								\
		fn = config_fn;						\
		fn.field = (value);					\
		KUNIT_EXPECT_EQ(test, sluice_config_init(cfg, &fn),	\
				-EINVAL);				\
	} while (0)

	EXPECT_REFUSED(vectors, 0);
	EXPECT_REFUSED(vectors, 2049);
	EXPECT_REFUSED(vectors, UINT_MAX);
	EXPECT_REFUSED(bars[0].size, 0);
	EXPECT_REFUSED(bars[0].size, SZ_16K + 1);
	EXPECT_REFUSED(bars[0].size, SZ_2K);
	EXPECT_REFUSED(bars[0].size, 0x80000000);
	EXPECT_REFUSED(bars[0].areas[0].offset, 4);
	EXPECT_REFUSED(bars[0].areas[0].offset, SZ_16K);
	EXPECT_REFUSED(bars[0].areas[0].offset, 0xfffff000);
	EXPECT_REFUSED(bars[0].areas[0].size, 0);
	EXPECT_REFUSED(bars[0].areas[0].size, SZ_4K + 4);
	EXPECT_REFUSED(bars[0].areas[0].size, SZ_16K);
	EXPECT_REFUSED(bars[0].areas[0].size, 0xfffff000);
	EXPECT_REFUSED(bars[0].areas[0].type, SLUICE_AREA_MEMORY);
	EXPECT_REFUSED(bars[0].areas[0].type, SLUICE_AREA_MEMORY + 1);
	EXPECT_REFUSED(bars[0].nr_areas, SLUICE_BAR_AREAS + 1);
	EXPECT_REFUSED(bars[0].nr_areas, 2);
	EXPECT_REFUSED(bars[0].flags, ~0U);
	EXPECT_REFUSED(bars[1].size, SZ_4K);
	EXPECT_REFUSED(bars[2].size, SZ_4K);
	EXPECT_REFUSED(bars[3].nr_areas, 1);
	EXPECT_REFUSED(bars[3].flags, SLUICE_BAR_64BIT);
	EXPECT_REFUSED(bars[5], ((struct sluice_bar) {
			.size = SZ_4K, .flags = SLUICE_BAR_64BIT }));
	/* Two areas of doorbells. */
	EXPECT_REFUSED(bars[4], config_fn.bars[0]);
	EXPECT_REFUSED(msix_bar, 0);
	EXPECT_REFUSED(msix_bar, 1);
	EXPECT_REFUSED(msix_bar, SLUICE_BARS);
	EXPECT_REFUSED(class, 0x1000000);
#undef EXPECT_REFUSED
}

/* Areas of one BAR, side by side and overlapping. */
static void config_areas(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	struct sluice_function fn = config_fn;
	struct sluice_area *area = &fn.bars[0].areas[1];
	void *page = (void *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	fn.bars[0].nr_areas = 2;
	area->type = SLUICE_AREA_MEMORY;
	area->memory = page;
	area->size = SZ_4K;
	area->offset = SZ_8K;
	KUNIT_EXPECT_EQ(test, sluice_config_init(cfg, &fn), 0);
	area->offset = 0;
	KUNIT_EXPECT_EQ(test, sluice_config_init(cfg, &fn), 0);
	area->size = SZ_8K;
	KUNIT_EXPECT_EQ(test, sluice_config_init(cfg, &fn), -EINVAL);
	area->size = SZ_4K;
	area->offset = SZ_4K;
	KUNIT_EXPECT_EQ(test, sluice_config_init(cfg, &fn), -EINVAL);
	area->offset = SZ_8K;
	area->memory = page + 8;
	KUNIT_EXPECT_EQ(test, sluice_config_init(cfg, &fn), -EINVAL);
	free_page((unsigned long)page);
}

/* Every BAR reports its size as the specification requires. */
static void config_every_bar(struct kunit *test)
{
	struct sluice_config *cfg = config_make(test);
	struct sluice_function fn = { .class = 0x020000, .vectors = 1 };
	u32 ones = ~0U;
	unsigned int bar;

	fn.msix_bar = 5;
	for (bar = 0; bar < 5; bar++)
		fn.bars[bar].size = SZ_4K << bar;
	KUNIT_ASSERT_EQ(test, sluice_config_init(cfg, &fn), 0);
	for (bar = 0; bar < SLUICE_BARS; bar++) {
		u32 off = PCI_BASE_ADDRESS_0 + 4 * bar;

		sluice_config_write(cfg, off, &ones, 4);
		KUNIT_EXPECT_EQ(test, config_read(cfg, off, 4),
				~(sluice_config_bar_size(cfg, bar) - 1));
	}
	KUNIT_EXPECT_EQ(test, config_read(cfg, SLUICE_CONFIG_MSIX +
					       PCI_MSIX_TABLE, 4), 5);
}

static struct kunit_case config_cases[] = {
	KUNIT_CASE(config_identity),
	KUNIT_CASE(config_any_width),
	KUNIT_CASE(config_extended_is_zero),
	KUNIT_CASE(config_write_across_the_end),
	KUNIT_CASE(config_bar_sizes),
	KUNIT_CASE(config_command),
	KUNIT_CASE(config_read_only),
	KUNIT_CASE(config_capabilities),
	KUNIT_CASE(config_express),
	KUNIT_CASE(config_flr),
	KUNIT_CASE(config_power),
	KUNIT_CASE(config_msix),
	KUNIT_CASE(config_msix_layout),
	KUNIT_CASE(config_refuses),
	KUNIT_CASE(config_areas),
	KUNIT_CASE(config_every_bar),
	{}
};

static struct kunit_suite config_suite = {
	.name = "sluice_config",
	.test_cases = config_cases,
};

kunit_test_suite(config_suite);
