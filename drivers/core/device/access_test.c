// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of accesses to PCI regions
 *
 * A made-up backend records the calls that it gets.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "device/device.h"

#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define BAR2		VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX

#define FAKE_CALLS	64
#define DOORBELLS	SZ_4K
#define DOORBELL_BYTES	SZ_4K
#define BAR4		VFIO_PCI_BAR4_REGION_INDEX
#define MEMORY		SZ_8K

static const struct sluice_function fake_fn = {
	.class = 0x010802,
	.bars[0] = {
		.size = SZ_16K,
		.flags = SLUICE_BAR_64BIT,
		.nr_areas = 1,
		.areas[0] = {
			.type = SLUICE_AREA_DOORBELLS,
			.offset = DOORBELLS,
			.size = DOORBELL_BYTES,
		},
	},
	.bars[4] = {
		.size = SZ_16K,
		.nr_areas = 1,
		.areas[0] = {
			.type = SLUICE_AREA_MEMORY,
			.offset = MEMORY,
			.size = PAGE_SIZE,
		},
	},
	.msix_bar = 2,
	.vectors = 3,
};

/**
 * struct fake - a device with a made-up backend
 * @vdev: the device under test
 * @parent: its parent
 * @ops: the backend
 * @memory: contents of the area of BAR 4
 * @bar: for each call, the BAR; 0 for a doorbell
 * @off: for each call, the offset or the number of the doorbell
 * @len: for each call, the length, 0 for a doorbell
 * @nr: number of calls
 * @resets: number of calls of reset
 * @master: what the backend was told last
 */
struct fake {
	struct sluice_vdev vdev;
	struct sluice_parent parent;
	struct sluice_parent_ops ops;
	u8 *memory;
	unsigned int bar[FAKE_CALLS];
	u32 off[FAKE_CALLS];
	u32 len[FAKE_CALLS];
	unsigned int nr;
	unsigned int resets;
	bool master;
};

static void fake_note(struct sluice_dev *sdev, unsigned int bar, u32 off,
		      u32 len)
{
	struct fake *fake = sdev->drvdata;

	if (fake->nr < FAKE_CALLS) {
		fake->bar[fake->nr] = bar;
		fake->off[fake->nr] = off;
		fake->len[fake->nr] = len;
	}
	fake->nr++;
}

/* Each register byte reads as its offset. */
static void fake_reg_read(struct sluice_dev *sdev, unsigned int bar, u32 off,
			  void *val, unsigned int len)
{
	u8 *p = val;
	u32 i;

	fake_note(sdev, bar, off, len);
	for (i = 0; i < len; i++)
		p[i] = off + i;
}

static void fake_reg_write(struct sluice_dev *sdev, unsigned int bar, u32 off,
			   const void *val, unsigned int len)
{
	fake_note(sdev, bar, off, len);
}

static void fake_doorbell(struct sluice_dev *sdev, unsigned int index)
{
	fake_note(sdev, 0, index, 0);
}

static void fake_reset(struct sluice_dev *sdev)
{
	struct fake *fake = sdev->drvdata;

	fake->resets++;
}

static void fake_bus_master(struct sluice_dev *sdev, bool on)
{
	struct fake *fake = sdev->drvdata;

	fake->master = on;
}

static int fake_init(struct kunit *test)
{
	struct fake *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	struct sluice_function fn;
	struct sluice_vdev *vdev;

	if (!fake)
		return -ENOMEM;
	test->priv = fake;
	vdev = &fake->vdev;
	fake->ops.reg_read = fake_reg_read;
	fake->ops.reg_write = fake_reg_write;
	fake->ops.doorbell = fake_doorbell;
	fake->ops.reset = fake_reset;
	fake->ops.bus_master = fake_bus_master;
	fake->parent.ops = &fake->ops;
	vdev->sdev.parent = &fake->parent;
	vdev->sdev.drvdata = fake;
	mutex_init(&vdev->lock);
	fn = fake_fn;
	fake->memory = (u8 *)get_zeroed_page(GFP_KERNEL);
	if (!fake->memory)
		return -ENOMEM;
	fn.bars[4].areas[0].memory = fake->memory;
	if (sluice_config_init(&vdev->config, &fn))
		return -EINVAL;
	vdev->sdev.doorbells = kunit_kzalloc(test, DOORBELL_BYTES, GFP_KERNEL);
	vdev->poll.doorbells.words = vdev->sdev.doorbells;
	vdev->poll.doorbells.nr_pages = 1;
	vdev->msix_bar = kunit_kzalloc(test, vdev->config.msix_size,
				       GFP_KERNEL);
	if (!vdev->sdev.doorbells || !vdev->msix_bar)
		return -ENOMEM;
	vdev->memory_on = true;
	return 0;
}

static void fake_exit(struct kunit *test)
{
	struct fake *fake = test->priv;

	if (fake)
		free_page((unsigned long)fake->memory);
}

static void fake_expect_call(struct kunit *test, unsigned int i, u32 off,
			     u32 len)
{
	struct fake *fake = test->priv;

	KUNIT_EXPECT_LT(test, i, fake->nr);
	KUNIT_EXPECT_EQ(test, fake->off[i], off);
	KUNIT_EXPECT_EQ(test, fake->len[i], len);
}

static ssize_t fake_prepare(struct kunit *test, u64 pos, size_t count)
{
	struct fake *fake = test->priv;
	unsigned int index;
	ssize_t ret;
	u32 off;

	ret = sluice_access_prepare(&fake->vdev, count, pos, &index, &off);
	if (ret > 0) {
		u64 size = sluice_region_size(&fake->vdev, index);

		KUNIT_EXPECT_EQ(test, sluice_region_offset(index) + off, pos);
		KUNIT_EXPECT_LE(test, (u64)off + ret, size);
		KUNIT_EXPECT_LE(test, ret, count);
	}
	return ret;
}

/* Accesses around the beginning and the end of each region. */
static void access_regions(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		u64 start = sluice_region_offset(i);
		u64 size = sluice_region_size(&fake->vdev, i);

		KUNIT_EXPECT_EQ(test, fake_prepare(test, start + size, 1),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, fake_prepare(test, start + size,
						   SIZE_MAX), -EINVAL);
		if (!size)
			continue;
		KUNIT_EXPECT_EQ(test, fake_prepare(test, start, 1), 1);
		KUNIT_EXPECT_EQ(test, fake_prepare(test, start, SIZE_MAX),
				size);
		KUNIT_EXPECT_EQ(test, fake_prepare(test, start + size - 1, 8),
				1);
		/* Here an offset of 32 bits would be in the region again. */
		KUNIT_EXPECT_EQ(test, fake_prepare(test, start + BIT_ULL(32),
						   1), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, fake_prepare(test, sluice_region_offset(i), 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, fake_prepare(test, S64_MAX, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_prepare(test, -1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_prepare(test, S64_MIN, 1), -EINVAL);
}

static void access_pieces(struct kunit *test)
{
	struct fake *fake = test->priv;
	static const u32 expect[][2] = {
		{ 1, 1 }, { 2, 2 }, { 4, 4 }, { 8, 8 }, { 16, 4 }, { 20, 1 },
	};
	u8 buf[20];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, sluice_access_read(&fake->vdev, BAR0, 1, buf,
						 sizeof(buf)), 0);
	KUNIT_EXPECT_EQ(test, fake->nr, ARRAY_SIZE(expect));
	for (i = 0; i < ARRAY_SIZE(expect); i++)
		fake_expect_call(test, i, expect[i][0], expect[i][1]);
	for (i = 0; i < sizeof(buf); i++)
		KUNIT_EXPECT_EQ(test, buf[i], 1 + i);
}

static void access_every_alignment(struct kunit *test)
{
	struct fake *fake = test->priv;
	u8 buf[16];
	u32 off, len, i;

	for (off = 0; off < 16; off++) {
		for (len = 1; len <= sizeof(buf); len++) {
			u32 sum = 0;

			fake->nr = 0;
			sluice_access_write(&fake->vdev, BAR0, off, buf, len);
			for (i = 0; i < fake->nr; i++) {
				KUNIT_EXPECT_EQ(test, fake->off[i], off + sum);
				KUNIT_EXPECT_LE(test, fake->len[i], 8);
				KUNIT_EXPECT_EQ(test, fake->off[i] %
						      fake->len[i], 0);
				sum += fake->len[i];
			}
			KUNIT_EXPECT_EQ(test, sum, len);
		}
	}
}

static void access_doorbell(struct kunit *test)
{
	struct fake *fake = test->priv;
	u8 val[4] = { 0x78, 0x56, 0x34, 0x12 };
	u8 back[4] = { 1, 1, 1, 1 };

	sluice_access_write(&fake->vdev, BAR0, DOORBELLS + 4, val, 4);
	KUNIT_EXPECT_EQ(test, fake->nr, 1);
	fake_expect_call(test, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(fake->vdev.sdev.doorbells[1]),
			0x12345678);
	sluice_access_read(&fake->vdev, BAR0, DOORBELLS + 4, back, 4);
	KUNIT_EXPECT_NULL(test, memchr_inv(back, 0, sizeof(back)));
	KUNIT_EXPECT_EQ(test, fake->nr, 1);
}

static void access_no_doorbell(struct kunit *test)
{
	struct fake *fake = test->priv;
	u8 buf[8];

	memset(buf, 0xff, sizeof(buf));
	sluice_access_write(&fake->vdev, BAR0, DOORBELLS, buf, 1);
	sluice_access_write(&fake->vdev, BAR0, DOORBELLS, buf, 2);
	sluice_access_write(&fake->vdev, BAR0, DOORBELLS, buf, 8);
	sluice_access_write(&fake->vdev, BAR0, DOORBELLS + 2, buf, 2);
	sluice_access_write(&fake->vdev, BAR0, DOORBELLS + 1, buf, 3);
	KUNIT_EXPECT_EQ(test, fake->nr, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(fake->vdev.sdev.doorbells, 0,
					   DOORBELL_BYTES));
}

static void access_doorbell_edges(struct kunit *test)
{
	struct fake *fake = test->priv;
	u8 buf[8] = {};

	/* One access covers the last register and the first doorbell. */
	sluice_access_write(&fake->vdev, BAR0, DOORBELLS - 4, buf, 8);
	KUNIT_EXPECT_EQ(test, fake->nr, 2);
	fake_expect_call(test, 0, DOORBELLS - 4, 4);
	fake_expect_call(test, 1, 0, 0);
	/* One access covers the last doorbell and the register after it. */
	fake->nr = 0;
	sluice_access_write(&fake->vdev, BAR0,
			    DOORBELLS + DOORBELL_BYTES - 4, buf, 8);
	KUNIT_EXPECT_EQ(test, fake->nr, 2);
	fake_expect_call(test, 0, DOORBELL_BYTES / 4 - 1, 0);
	fake_expect_call(test, 1, DOORBELLS + DOORBELL_BYTES, 4);
}

/* Another BAR: its registers, and its memory, which needs no operation. */
static void access_memory_area(struct kunit *test)
{
	struct fake *fake = test->priv;
	u8 buf[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, got[8];

	KUNIT_EXPECT_EQ(test, sluice_access_write(&fake->vdev, BAR4,
						  MEMORY + 3, buf, 5), 0);
	KUNIT_EXPECT_EQ(test, fake->nr, 0);
	KUNIT_EXPECT_MEMEQ(test, fake->memory + 3, buf, 5);
	KUNIT_EXPECT_EQ(test, fake->memory[8], 0);
	KUNIT_EXPECT_EQ(test, sluice_access_read(&fake->vdev, BAR4, MEMORY + 3,
						 got, 5), 0);
	KUNIT_EXPECT_EQ(test, fake->nr, 0);
	KUNIT_EXPECT_MEMEQ(test, got, buf, 5);
	/* The last bytes of the area and the first bytes behind it. */
	sluice_access_write(&fake->vdev, BAR4, MEMORY + PAGE_SIZE - 4, buf, 8);
	KUNIT_EXPECT_MEMEQ(test, fake->memory + PAGE_SIZE - 4, buf, 4);
	KUNIT_EXPECT_EQ(test, fake->nr, 1);
	fake_expect_call(test, 0, MEMORY + PAGE_SIZE, 4);
	KUNIT_EXPECT_EQ(test, fake->bar[0], BAR4);
}

/* Without the backend's operations, reads give zero and writes do nothing. */
static void access_optional(struct kunit *test)
{
	struct fake *fake = test->priv;
	u8 buf[8] = { 1 };

	fake->ops.reg_read = NULL;
	fake->ops.reg_write = NULL;
	KUNIT_EXPECT_EQ(test, sluice_access_write(&fake->vdev, BAR0, 0, buf, 8),
			0);
	KUNIT_EXPECT_EQ(test, sluice_access_read(&fake->vdev, BAR0, 0, buf, 8),
			0);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, sizeof(buf)));
}

static void access_memory_off(struct kunit *test)
{
	struct fake *fake = test->priv;
	u8 buf[4] = {};

	fake->vdev.memory_on = false;
	KUNIT_EXPECT_EQ(test, sluice_access_read(&fake->vdev, BAR0, 0, buf, 4),
			-EIO);
	KUNIT_EXPECT_EQ(test, sluice_access_write(&fake->vdev, BAR0, DOORBELLS,
						  buf, 4), -EIO);
	KUNIT_EXPECT_EQ(test, sluice_access_write(&fake->vdev, BAR2, 0, buf, 4),
			-EIO);
	KUNIT_EXPECT_EQ(test, fake->nr, 0);
	KUNIT_EXPECT_EQ(test, sluice_access_read(&fake->vdev, CONFIG, 0, buf,
						 4), 0);
}

static void access_msix(struct kunit *test)
{
	struct fake *fake = test->priv;
	u32 table = fake_fn.vectors * PCI_MSIX_ENTRY_SIZE;
	u8 ones[8], buf[8];

	memset(ones, 0xff, sizeof(ones));
	/* The end of the table, and the bytes behind it. */
	sluice_access_write(&fake->vdev, BAR2, table - 4, ones, 8);
	sluice_access_read(&fake->vdev, BAR2, table - 4, buf, 8);
	KUNIT_EXPECT_EQ(test, memcmp(buf, ones, 4), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf + 4, 0, 4));
	/* The PBA, and the end of the BAR. */
	sluice_access_write(&fake->vdev, BAR2, fake->vdev.config.pba_offset,
			    ones, 8);
	sluice_access_read(&fake->vdev, BAR2, fake->vdev.config.pba_offset,
			   buf, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, 8));
	sluice_access_write(&fake->vdev, BAR2, fake->vdev.config.msix_size - 8,
			    ones, 8);
	sluice_access_read(&fake->vdev, BAR2, fake->vdev.config.msix_size - 8,
			   buf, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, 8));
}

/* A write to the configuration space takes effect on the device. */
static void access_config(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct sluice_vdev *vdev = &fake->vdev;
	u8 command[2] = { PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0 };
	u8 flr = PCI_EXP_DEVCTL_BCR_FLR >> 8;

	vdev->memory_on = false;
	sluice_access_write(vdev, CONFIG, PCI_COMMAND, command, 2);
	KUNIT_EXPECT_TRUE(test, vdev->memory_on);
	KUNIT_EXPECT_TRUE(test, fake->master);

	vdev->sdev.doorbells[5] = cpu_to_le32(1);
	sluice_access_write(vdev, CONFIG,
			    SLUICE_CONFIG_PCIE + PCI_EXP_DEVCTL + 1, &flr, 1);
	KUNIT_EXPECT_EQ(test, fake->resets, 1);
	KUNIT_EXPECT_FALSE(test, vdev->memory_on);
	KUNIT_EXPECT_FALSE(test, vdev->master_on);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(vdev->sdev.doorbells[5]), 0);
	KUNIT_EXPECT_EQ(test, vdev->msix_bar[PCI_MSIX_ENTRY_VECTOR_CTRL],
			PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

/* A user's reset leaves the device enabled; the backend is told so. */
static void access_reset(struct kunit *test)
{
	struct fake *fake = test->priv;
	struct sluice_vdev *vdev = &fake->vdev;
	u8 command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	sluice_access_write(vdev, CONFIG, PCI_COMMAND, &command, 1);
	fake->master = false;
	sluice_vdev_reset(vdev);
	KUNIT_EXPECT_EQ(test, fake->resets, 1);
	KUNIT_EXPECT_TRUE(test, fake->master);
	KUNIT_EXPECT_TRUE(test, vdev->memory_on);
}

static struct kunit_case access_cases[] = {
	KUNIT_CASE(access_regions),
	KUNIT_CASE(access_pieces),
	KUNIT_CASE(access_every_alignment),
	KUNIT_CASE(access_doorbell),
	KUNIT_CASE(access_no_doorbell),
	KUNIT_CASE(access_doorbell_edges),
	KUNIT_CASE(access_memory_area),
	KUNIT_CASE(access_optional),
	KUNIT_CASE(access_memory_off),
	KUNIT_CASE(access_msix),
	KUNIT_CASE(access_config),
	KUNIT_CASE(access_reset),
	{}
};

static struct kunit_suite access_suite = {
	.name = "sluice_access",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = access_cases,
};

kunit_test_suite(access_suite);
