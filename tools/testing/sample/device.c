// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI functions that slices show, and how they behave
 *
 *   plain	BAR 0, 16 KiB, 64-bit	registers, at 0x1000 a doorbell page
 *		BAR 2			MSI-X, 4 vectors
 *
 *   wide	BAR 0, 4 KiB		registers
 *		BAR 2, 64 KiB, 64-bit	at 0x2000 two doorbell pages, at 0x4000
 *					memory: the first 32 KiB of the slice
 *		BAR 4			MSI-X, 8 vectors
 *
 *   trapped	BAR 0, 16 KiB, 64-bit	at 0x1000 a doorbell page, at 0x2000
 *					memory: the first 8 KiB of the slice
 *		BAR 2			MSI-X, 2 vectors
 *
 * Registers of plain and wide. All other registers read as zero. A register that
 * is not called writable ignores writes, and so does one that is written in parts.
 *
 *   offset bytes	what it is
 *   0x00   8		size of the slice in bytes
 *   0x08   4		signature, 0x504d4153
 *   0x0c   4		how often the size has changed since the device was
 *			attached
 *   0x10   4		doorbells seen
 *   0x14   4		the last doorbell seen: its word in the doorbell pages
 *   0x18   4		and its value
 *   0x1c   4		writable. 1: doorbells are looked at
 *   0x20   8		writable. A copy: guest address
 *   0x28   4		writable. A copy: offset in the slice
 *   0x2c   4		writable. A copy: bytes
 *   0x30   4		reads as zero. Written with 1: copy from the guest to the
 *			slice, with 2: from the slice to the guest
 *   0x34   4		how the last copy ended: 0 or an errno. EACCES without bus
 *			mastering, ERANGE beyond the slice, EINVAL for a way that
 *			is neither 1 nor 2, else what sluice_mem_read() and
 *			sluice_mem_write() return
 *   0x38   4		copies that succeeded
 *   0x40   4 * 4	how often each &enum sluice_poll_mode has been set
 *
 * A doorbell is one of the first 16 words of a doorbell page. It rings when it is
 * changed to a value that is not zero, and raises the interrupt of vector (value
 * modulo number of vectors). A reset or an open switches the doorbells off. So
 * what is in the pages until the core has zeroed them rings nothing.
 *
 * The parent of trapped has no registers: it could not be told to look at
 * doorbells, and always does. It tells of the last one in the slice's memory: word
 * 0 is the number of doorbells seen, word 1 the last one's place, word 2 its
 * value. It has no operation that the core can do without.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sample.h"

#define SLUICE_SAMPLE_SIGNATURE		0x504d4153

#define SLUICE_SAMPLE_FROM_GUEST	1
#define SLUICE_SAMPLE_TO_GUEST		2

/* Doorbells of each page, and of a function at most */
#define SLUICE_SAMPLE_DOORBELLS		16
#define SLUICE_SAMPLE_PAGES		2

/* Identity that no company has */
#define SLUICE_SAMPLE_VENDOR		0xf00d

#define SLUICE_SAMPLE_MODES		(SLUICE_POLL_SPIN + 1)

/**
 * struct sluice_sample_regs - the registers, as the comment at the top says
 * @size: of the slice
 * @signature: constant
 * @notifies: changes of the size
 * @rings: doorbells seen
 * @word: the last doorbell
 * @value: its value
 * @enable: doorbells are looked at
 * @iova: of a copy
 * @offset: of a copy
 * @length: of a copy
 * @go: zero
 * @status: of the last copy
 * @copies: that succeeded
 * @reserved: zero
 * @modes: how often each was set
 */
struct sluice_sample_regs {
	__le64 size;
	__le32 signature;
	__le32 notifies;
	__le32 rings;
	__le32 word;
	__le32 value;
	__le32 enable;
	__le64 iova;
	__le32 offset;
	__le32 length;
	__le32 go;
	__le32 status;
	__le32 copies;
	__le32 reserved;
	__le32 modes[SLUICE_SAMPLE_MODES];
};

static_assert(sizeof(struct sluice_sample_regs) == 0x50);

/* Where a member is */
#define SLUICE_SAMPLE_REG(member)	offsetof(struct sluice_sample_regs, member)

/**
 * struct sluice_sample - an attached slice
 * @sdev: for the core
 * @memory: the slice's
 * @nr_doorbells: that the function has
 * @vectors: MSI-X vectors
 * @copy_lock: held while something is copied. It protects what follows, up to
 *	@copies: after bus mastering was switched off no copy is going on
 * @master: bus mastering is on
 * @iova: register
 * @offset: register
 * @length: register
 * @status: register
 * @copies: register
 * @modes: registers. The core sets a mode in any context
 * @lock: protects what follows. Inside @copy_lock
 * @size: register. The backend's own copy: the core changes
 *	&sluice_dev.info without a lock that a backend could take
 * @notifies: register
 * @enable: register
 * @rings: register
 * @word: register
 * @value: register
 * @seen: the value that each doorbell had at the last look
 * @next: the doorbell that the next look begins with
 */
struct sluice_sample {
	struct sluice_dev *sdev;
	void *memory;
	unsigned int nr_doorbells;
	unsigned int vectors;
	struct mutex copy_lock;
	bool master;
	u64 iova;
	u32 offset;
	u32 length;
	int status;
	u32 copies;
	atomic_t modes[SLUICE_SAMPLE_MODES];
	spinlock_t lock;
	u64 size;
	u32 notifies;
	bool enable;
	u32 rings;
	u32 word;
	u32 value;
	u32 seen[SLUICE_SAMPLE_DOORBELLS * SLUICE_SAMPLE_PAGES];
	unsigned int next;
};

/* The class of plain is that of an NVMe controller: vfio_config asks for it. */
static const struct sluice_function sluice_sample_plain_fn = {
	.vendor = SLUICE_SAMPLE_VENDOR,
	.device = 1,
	.class = 0x010802,
	.bars[0] = {
		.size = SZ_16K,
		.flags = SLUICE_BAR_64BIT,
		.nr_areas = 1,
		.areas[0] = {
			.type = SLUICE_AREA_DOORBELLS,
			.offset = 0x1000,
			.size = PAGE_SIZE,
		},
	},
	.msix_bar = 2,
	.vectors = 4,
};

const struct sluice_sample_kind sluice_sample_plain = {
	.sysfs_name = "plain",
	.pretty_name = "Sluice sample plain",
	.description = "kernel memory, one doorbell page",
	.fn = &sluice_sample_plain_fn,
};

static const struct sluice_function sluice_sample_wide_fn = {
	.vendor = SLUICE_SAMPLE_VENDOR,
	.device = 2,
	.class = 0xff0000,
	.bars[0] = {
		.size = SZ_4K,
	},
	.bars[2] = {
		.size = SZ_64K,
		.flags = SLUICE_BAR_64BIT,
		.nr_areas = 2,
		.areas[0] = {
			.type = SLUICE_AREA_DOORBELLS,
			.offset = 0x2000,
			.size = 2 * PAGE_SIZE,
		},
		.areas[1] = {
			.type = SLUICE_AREA_MEMORY,
			.offset = 0x4000,
			.size = SZ_32K,
		},
	},
	.msix_bar = 4,
	.vectors = 8,
};

const struct sluice_sample_kind sluice_sample_wide = {
	.sysfs_name = "wide",
	.pretty_name = "Sluice sample wide",
	.description = "kernel memory that can be mapped, two doorbell pages",
	.fn = &sluice_sample_wide_fn,
};

const struct sluice_sample_kind sluice_sample_pool = {
	.sysfs_name = "pool",
	.pretty_name = "Sluice sample pool",
	.description = "like wide, for slices of the pool",
	.pool = true,
	.fn = &sluice_sample_wide_fn,
};

static const struct sluice_function sluice_sample_trapped_fn = {
	.vendor = SLUICE_SAMPLE_VENDOR,
	.device = 3,
	.class = 0xff0000,
	.bars[0] = {
		.size = SZ_16K,
		.flags = SLUICE_BAR_64BIT,
		.nr_areas = 2,
		.areas[0] = {
			.type = SLUICE_AREA_DOORBELLS,
			.offset = 0x1000,
			.size = PAGE_SIZE,
		},
		.areas[1] = {
			.type = SLUICE_AREA_MEMORY,
			.offset = 0x2000,
			.size = SZ_8K,
		},
	},
	.msix_bar = 2,
	.vectors = 2,
};

const struct sluice_sample_kind sluice_sample_trapped = {
	.sysfs_name = "trapped",
	.pretty_name = "Sluice sample trapped",
	.description = "kernel memory that can be mapped, doorbells that cannot",
	.fn = &sluice_sample_trapped_fn,
};

/*
 * Attach and detach
 */

static void sluice_sample_use_area(struct sluice_sample *sample,
				   struct sluice_area *area)
{
	if (area->type == SLUICE_AREA_DOORBELLS) {
		sample->nr_doorbells = area->size / PAGE_SIZE *
				       SLUICE_SAMPLE_DOORBELLS;
		return;
	}
	area->memory = sample->memory;
	area->size = min_t(u64, area->size, sample->size);
}

static int sluice_sample_attach(struct sluice_dev *sdev,
				struct sluice_function *fn)
{
	struct sluice_sample *sample = kzalloc(sizeof(*sample), GFP_KERNEL);
	unsigned int bar, i;

	if (!sample)
		return -ENOMEM;
	sample->sdev = sdev;
	sample->memory = sluice_sample_to_slice(sdev->slice)->memory;
	sample->size = sdev->info.size;
	mutex_init(&sample->copy_lock);
	spin_lock_init(&sample->lock);

	*fn = *container_of(sdev->type, struct sluice_sample_type, type)->kind->fn;
	for (bar = 0; bar < SLUICE_BARS; bar++)
		for (i = 0; i < fn->bars[bar].nr_areas; i++)
			sluice_sample_use_area(sample, &fn->bars[bar].areas[i]);
	sample->vectors = fn->vectors;
	sdev->drvdata = sample;
	return 0;
}

static void sluice_sample_detach(struct sluice_dev *sdev)
{
	struct sluice_sample *sample = sdev->drvdata;

	mutex_destroy(&sample->copy_lock);
	kfree(sample);
}

/*
 * Open, close and reset
 */

static void sluice_sample_start(struct sluice_sample *sample, bool enable)
{
	unsigned int i;

	guard(mutex)(&sample->copy_lock);
	sample->master = false;
	sample->iova = 0;
	sample->offset = 0;
	sample->length = 0;
	sample->status = 0;
	sample->copies = 0;
	for (i = 0; i < SLUICE_SAMPLE_MODES; i++)
		atomic_set(&sample->modes[i], 0);

	guard(spinlock)(&sample->lock);
	sample->enable = enable;
	sample->rings = 0;
	sample->word = 0;
	sample->value = 0;
	sample->next = 0;
	memset(sample->seen, 0, sizeof(sample->seen));
}

static int sluice_sample_open(struct sluice_dev *sdev)
{
	sluice_sample_start(sdev->drvdata, false);
	return 0;
}

static int sluice_sample_min_open(struct sluice_dev *sdev)
{
	sluice_sample_start(sdev->drvdata, true);
	return 0;
}

static void sluice_sample_close(struct sluice_dev *sdev)
{
	sluice_sample_start(sdev->drvdata, false);
}

static void sluice_sample_reset(struct sluice_dev *sdev)
{
	sluice_sample_start(sdev->drvdata, false);
}

static void sluice_sample_min_reset(struct sluice_dev *sdev)
{
	sluice_sample_start(sdev->drvdata, true);
}

/* Waits for a copy that is going on, at most of a slice. */
static void sluice_sample_bus_master(struct sluice_dev *sdev, bool on)
{
	struct sluice_sample *sample = sdev->drvdata;

	guard(mutex)(&sample->copy_lock);
	sample->master = on;
}

static void sluice_sample_notify(struct sluice_dev *sdev,
				 const struct sluice_slice_info *info)
{
	struct sluice_sample *sample = sdev->drvdata;

	guard(spinlock)(&sample->lock);
	sample->size = info->size;
	sample->notifies++;
}

/*
 * Doorbells
 */

/* The place of a doorbell in the pages */
static unsigned int sluice_sample_word(unsigned int nr)
{
	return nr / SLUICE_SAMPLE_DOORBELLS * (PAGE_SIZE / sizeof(__le32)) +
	       nr % SLUICE_SAMPLE_DOORBELLS;
}

/* Has a doorbell been rung since the last look? */
static bool sluice_sample_look(struct sluice_sample *sample, unsigned int nr)
{
	unsigned int word = sluice_sample_word(nr);
	u32 value = le32_to_cpu(READ_ONCE(sample->sdev->doorbells[word]));

	lockdep_assert_held(&sample->lock);
	if (!sample->enable || value == sample->seen[nr])
		return false;
	sample->seen[nr] = value;
	if (!value)
		return false;
	sample->rings++;
	sample->word = word;
	sample->value = value;
	sluice_irq_signal(sample->sdev, value % sample->vectors);
	return true;
}

static unsigned int sluice_sample_poll(struct sluice_dev *sdev,
				       unsigned int budget)
{
	struct sluice_sample *sample = sdev->drvdata;
	unsigned int i, work = 0;

	guard(spinlock)(&sample->lock);
	for (i = 0; i < sample->nr_doorbells && work < budget; i++) {
		work += sluice_sample_look(sample, sample->next);
		sample->next = (sample->next + 1) % sample->nr_doorbells;
	}
	return work;
}

/* There is no device: no command can be in it, and no interrupt can come. */
static bool sluice_sample_set_poll_mode(struct sluice_dev *sdev,
					enum sluice_poll_mode mode)
{
	struct sluice_sample *sample = sdev->drvdata;

	atomic_inc(&sample->modes[mode]);
	return mode != SLUICE_POLL_DEVICE;
}

/* A trapped access has written a word; most words are no doorbells. */
static void sluice_sample_ring(struct sluice_sample *sample, unsigned int word)
{
	unsigned int nr;

	lockdep_assert_held(&sample->lock);
	for (nr = 0; nr < sample->nr_doorbells; nr++)
		if (sluice_sample_word(nr) == word)
			sluice_sample_look(sample, nr);
}

static void sluice_sample_doorbell(struct sluice_dev *sdev, unsigned int index)
{
	struct sluice_sample *sample = sdev->drvdata;

	guard(spinlock)(&sample->lock);
	sluice_sample_ring(sample, index);
}

static void sluice_sample_min_doorbell(struct sluice_dev *sdev,
				       unsigned int index)
{
	struct sluice_sample *sample = sdev->drvdata;
	__le32 *record = sample->memory;

	guard(spinlock)(&sample->lock);
	sluice_sample_ring(sample, index);
	WRITE_ONCE(record[1], cpu_to_le32(sample->word));
	WRITE_ONCE(record[2], cpu_to_le32(sample->value));
	/* A guest that sees the number sees the other two. */
	smp_store_release(&record[0], cpu_to_le32(sample->rings));
}

/*
 * Registers
 */

static void sluice_sample_fill_regs(struct sluice_sample *sample,
				    struct sluice_sample_regs *regs)
{
	unsigned int i;

	guard(mutex)(&sample->copy_lock);
	regs->signature = cpu_to_le32(SLUICE_SAMPLE_SIGNATURE);
	regs->iova = cpu_to_le64(sample->iova);
	regs->offset = cpu_to_le32(sample->offset);
	regs->length = cpu_to_le32(sample->length);
	regs->status = cpu_to_le32(-sample->status);
	regs->copies = cpu_to_le32(sample->copies);
	for (i = 0; i < SLUICE_SAMPLE_MODES; i++)
		regs->modes[i] = cpu_to_le32(atomic_read(&sample->modes[i]));

	guard(spinlock)(&sample->lock);
	regs->size = cpu_to_le64(sample->size);
	regs->notifies = cpu_to_le32(sample->notifies);
	regs->rings = cpu_to_le32(sample->rings);
	regs->word = cpu_to_le32(sample->word);
	regs->value = cpu_to_le32(sample->value);
	regs->enable = cpu_to_le32(sample->enable);
}

static void sluice_sample_reg_read(struct sluice_dev *sdev, unsigned int bar,
				   u32 off, void *val, unsigned int len)
{
	struct sluice_sample_regs regs = {};

	memset(val, 0, len);
	/* An aligned access is either all within them or all outside. */
	if (bar || off >= sizeof(regs))
		return;
	sluice_sample_fill_regs(sdev->drvdata, &regs);
	memcpy(val, (u8 *)&regs + off, len);
}

/* The memory behind a slice is always there: it may shrink meanwhile. */
static int sluice_sample_copy(struct sluice_sample *sample, u32 way)
{
	void *place;
	u64 size;

	lockdep_assert_held(&sample->copy_lock);
	scoped_guard(spinlock, &sample->lock)
		size = sample->size;
	if (!sample->master)
		return -EACCES;
	if (sample->offset > size || sample->length > size - sample->offset)
		return -ERANGE;
	place = sample->memory + sample->offset;
	switch (way) {
	case SLUICE_SAMPLE_FROM_GUEST:
		return sluice_mem_read(sample->sdev, sample->iova, place,
				       sample->length);
	case SLUICE_SAMPLE_TO_GUEST:
		return sluice_mem_write(sample->sdev, sample->iova, place,
					sample->length);
	default:
		return -EINVAL;
	}
}

static void sluice_sample_set_enable(struct sluice_sample *sample, bool enable)
{
	guard(spinlock)(&sample->lock);
	sample->enable = enable;
}

static void sluice_sample_write(struct sluice_sample *sample, u32 off, u32 val)
{
	lockdep_assert_held(&sample->copy_lock);
	switch (off) {
	case SLUICE_SAMPLE_REG(enable):
		sluice_sample_set_enable(sample, val);
		break;
	case SLUICE_SAMPLE_REG(offset):
		sample->offset = val;
		break;
	case SLUICE_SAMPLE_REG(length):
		sample->length = val;
		break;
	case SLUICE_SAMPLE_REG(go):
		sample->status = sluice_sample_copy(sample, val);
		sample->copies += !sample->status;
		break;
	}
}

static void sluice_sample_reg_write(struct sluice_dev *sdev, unsigned int bar,
				    u32 off, const void *val, unsigned int len)
{
	struct sluice_sample *sample = sdev->drvdata;
	__le64 raw = 0;

	if (bar)
		return;
	memcpy(&raw, val, len);
	guard(mutex)(&sample->copy_lock);
	if (len == sizeof(u32))
		sluice_sample_write(sample, off, le64_to_cpu(raw));
	else if (len == sizeof(u64) && off == SLUICE_SAMPLE_REG(iova))
		sample->iova = le64_to_cpu(raw);
}

/*
 * Without quiesce and resume: nothing of guest memory is kept from one copy to the
 * next. Without available: there is no hardware that could run out.
 */
const struct sluice_parent_ops sluice_sample_parent_ops = {
	.owner = THIS_MODULE,
	.attach = sluice_sample_attach,
	.detach = sluice_sample_detach,
	.open = sluice_sample_open,
	.close = sluice_sample_close,
	.reset = sluice_sample_reset,
	.reg_read = sluice_sample_reg_read,
	.reg_write = sluice_sample_reg_write,
	.doorbell = sluice_sample_doorbell,
	.bus_master = sluice_sample_bus_master,
	.poll = sluice_sample_poll,
	.set_poll_mode = sluice_sample_set_poll_mode,
	.notify = sluice_sample_notify,
};

/* What is required, and doorbells */
const struct sluice_parent_ops sluice_sample_min_parent_ops = {
	.owner = THIS_MODULE,
	.attach = sluice_sample_attach,
	.detach = sluice_sample_detach,
	.open = sluice_sample_min_open,
	.close = sluice_sample_close,
	.reset = sluice_sample_min_reset,
	.doorbell = sluice_sample_min_doorbell,
};
