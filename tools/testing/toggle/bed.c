// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices whose backend has one doorbell, around the objects of the core
 *
 * Compiled as a part of the core, so that it sees its structures. What the poller
 * finds in the doorbell is told at once.
 */
#include "core.h"

#include "bed.h"

/**
 * struct bed_slice - a slice and the user's mapping of its doorbell page
 * @vdev: device
 * @words: the page's first words
 * @seen: value that the poller saw last
 * @seen_at: visits of busy slices until then
 * @busy: has something to do at every visit
 * @visits: of the poller, while it is
 * @closing: but no longer
 * @restless: its poller is not to pause
 * @masked: the device tells of nothing
 * @looks: of the poller, when it might wait
 * @page: stands for the page
 * @mapping: stands for the file's
 * @file: device file
 * @mm: user
 * @vma: place
 */
struct bed_slice {
	struct sluice_vdev vdev;
	__le32 words[SLUICE_DOORBELLS];
	u32 seen;
	unsigned int seen_at;
	bool busy;
	unsigned int visits;
	bool closing;
	bool restless;
	bool masked;
	unsigned int looks;
	struct page page;
	struct address_space mapping;
	struct file file;
	struct mm_struct mm;
	struct vm_area_struct vma;
};

static struct bed_slice slices[BED_SLICES];
static struct device dma_dev = { .numa_node = NUMA_NO_NODE };

static struct bed_slice *to_slice(struct sluice_dev *sdev)
{
	return container_of(sdev, struct bed_slice, vdev.sdev);
}

/* One after the other, if there is another that is busy. */
static void bed_visit(struct bed_slice *slice)
{
	static struct bed_slice *last;
	struct bed_slice *other;

	for (other = slices; other < slices + BED_SLICES; other++) {
		if (slice == last && other != slice && other->visits &&
		    !READ_ONCE(other->closing))
			bed_fail("a busy slice is visited before it is its turn");
	}
	last = slice;
	WRITE_ONCE(slice->visits, slice->visits + 1);
}

static unsigned int bed_poll(struct sluice_dev *sdev, unsigned int budget)
{
	struct bed_slice *slice = to_slice(sdev);
	u32 value = le32_to_cpu(READ_ONCE(sdev->doorbells[0]));

	if (READ_ONCE(slice->busy)) {
		bed_visit(slice);
		return budget;
	}
	if (value == slice->seen)
		return 0;
	slice->seen_at = bed_visits();
	/* whoever sees the value reads @seen_at next */
	smp_store_release(&slice->seen, value);
	return 1;
}

static void bed_poll_busy(struct sluice_dev *sdev)
{
	to_slice(sdev)->masked = true;
}

/* Every other time the device is at work */
static bool bed_poll_wait(struct sluice_dev *sdev, bool sleep)
{
	struct bed_slice *slice = to_slice(sdev);

	if (READ_ONCE(slice->restless) || (!sleep && ++slice->looks % 2))
		return false;
	slice->masked = false;
	return true;
}

static void bed_poll_rest(struct sluice_dev *sdev)
{
	to_slice(sdev)->masked = false;
}

static const struct sluice_parent_ops ops = {
	.poll		= bed_poll,
	.poll_busy	= bed_poll_busy,
	.poll_wait	= bed_poll_wait,
	.poll_rest	= bed_poll_rest,
};

static struct sluice_parent parent = { .ops = &ops };

/**
 * bed_open() - open a slice
 * @slice: which
 * @poll_us: bound of its window
 */
void bed_open(unsigned int slice, unsigned int poll_us)
{
	struct bed_slice *s = &slices[slice];
	struct sluice_vdev *vdev = &s->vdev;

	vdev->sdev.parent = &parent;
	vdev->sdev.dma_dev = &dma_dev;
	vdev->sdev.doorbells = s->words;
	vdev->db.page = &s->page;
	mutex_init(&vdev->db.lock);
	sluice_polled_init(&vdev->polled);
	vdev->polled.poll_us = poll_us;
	if (sluice_poller_join(vdev))
		bed_fail("no poller");
	s->file.f_mapping = &s->mapping;
	s->vma.vm_file = &s->file;
	s->vma.vm_mm = &s->mm;
	vm_flags_init(&s->vma, VM_SHARED);
	atomic_long_set(&s->mm.mmap_lock.count, 1);	/* held by who maps */
	if (sluice_doorbell_mmap(&vdev->db, &s->vma))
		bed_fail("no mapping");
}

/**
 * bed_close() - close a slice
 * @slice: which, busy or not; its user stores no more
 */
void bed_close(unsigned int slice)
{
	struct sluice_vdev *vdev = &slices[slice].vdev;

	WRITE_ONCE(slices[slice].closing, true);
	mutex_lock(&vdev->db.lock);
	sluice_doorbell_unmap(&vdev->db);
	mutex_unlock(&vdev->db.lock);
	sluice_poller_leave(vdev);
	if (slices[slice].masked)
		bed_fail("the device of a closed slice tells of nothing");
}

/**
 * bed_set_poll_us() - as the attribute does
 * @slice: which
 * @poll_us: bound of its window
 */
void bed_set_poll_us(unsigned int slice, unsigned int poll_us)
{
	WRITE_ONCE(slices[slice].vdev.polled.poll_us, poll_us);
}

/**
 * bed_fault() - what the kernel calls when a store finds no page
 * @slice: which
 */
void bed_fault(unsigned int slice)
{
	struct vm_fault vmf = {
		.vma = &slices[slice].vma,
		.address = (unsigned long)slice << PAGE_SHIFT,
	};

	if (vmf.vma->vm_ops->fault(&vmf) != VM_FAULT_NOPAGE)
		bed_fail("a fault has no end");
}

/**
 * bed_kick() - the device has completed something
 * @slice: which
 */
void bed_kick(unsigned int slice)
{
	sluice_poll_kick(&slices[slice].vdev.sdev);
}

/**
 * bed_store() - a store that finds the page
 * @slice: which
 * @value: to be stored
 */
void bed_store(unsigned int slice, unsigned int value)
{
	WRITE_ONCE(slices[slice].words[0], cpu_to_le32(value));
}

/**
 * bed_seen() - what has the poller seen?
 * @slice: which
 *
 * Return: the value of the doorbell.
 */
unsigned int bed_seen(unsigned int slice)
{
	/* before bed_seen_at() */
	return smp_load_acquire(&slices[slice].seen);
}

/**
 * bed_seen_at() - how many visits of busy slices were before that?
 * @slice: which
 *
 * Return: as bed_visits() at that time.
 */
unsigned int bed_seen_at(unsigned int slice)
{
	return slices[slice].seen_at;
}

/**
 * bed_be_busy() - have something to do at every visit from now on
 * @slice: which; its user stores something, for the poller to come
 */
void bed_be_busy(unsigned int slice)
{
	WRITE_ONCE(slices[slice].busy, true);
}

/**
 * bed_be_restless() - have the poller look all the time until it lets go
 * @slice: which
 */
void bed_be_restless(unsigned int slice)
{
	WRITE_ONCE(slices[slice].restless, true);
}

/**
 * bed_visits() - how often has the poller come to busy slices?
 *
 * Return: the count, of all together.
 */
unsigned int bed_visits(void)
{
	unsigned int i, visits = 0;

	for (i = 0; i < BED_SLICES; i++)
		visits += READ_ONCE(slices[i].visits);
	return visits;
}

/**
 * bed_faults() - how often has the page been mapped?
 * @slice: which
 *
 * Return: the count.
 */
unsigned long bed_faults(unsigned int slice)
{
	return atomic64_read(&slices[slice].vdev.db.faults);
}

/**
 * bed_slice_of() - whose mapping is it?
 * @mapping: of a slice
 *
 * Return: the slice.
 */
unsigned int bed_slice_of(const void *mapping)
{
	return container_of(mapping, struct bed_slice, mapping) - slices;
}

/**
 * bed_task_state() - where a task's state is
 * @task: task
 *
 * Return: the place.
 */
unsigned int *bed_task_state(void *task)
{
	return &((struct task_struct *)task)->__state;
}
