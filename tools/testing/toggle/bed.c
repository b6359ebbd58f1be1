// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices whose backend has one doorbell, around the objects of the core
 *
 * Compiled as a part of the core, so that it sees its structures. What the poller
 * finds in the doorbell is told at once.
 */
#include "core.h"
#include "poll/poller.h"

#include "bed.h"

/**
 * struct bed_slice - a slice and the user's mapping of its doorbell page
 * @sdev: device
 * @entry: what the poller keeps of it
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
	struct sluice_dev sdev;
	struct sluice_poll_entry entry;
	__le32 words[PAGE_SIZE / sizeof(__le32)];
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
	return container_of(sdev, struct bed_slice, sdev);
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

/* Every other time the device is at work */
static bool bed_set_poll_mode(struct sluice_dev *sdev,
			      enum sluice_poll_mode mode)
{
	struct bed_slice *slice = to_slice(sdev);
	bool wait = mode == SLUICE_POLL_DEVICE || mode == SLUICE_POLL_PAUSE;

	if (wait && READ_ONCE(slice->restless))
		return false;
	if (mode == SLUICE_POLL_DEVICE && ++slice->looks % 2)
		return false;
	slice->masked = mode == SLUICE_POLL_SPIN;
	return true;
}

static const struct sluice_parent_ops ops = {
	.poll		= bed_poll,
	.set_poll_mode	= bed_set_poll_mode,
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
	struct sluice_poll_entry *entry = &s->entry;

	s->sdev.parent = &parent;
	s->sdev.dma_dev = &dma_dev;
	s->sdev.doorbells = s->words;
	entry->doorbells.words = s->words;
	entry->doorbells.page = &s->page;
	entry->doorbells.nr_pages = 1;
	mutex_init(&entry->doorbells.lock);
	sluice_poll_entry_init(entry, &s->sdev);
	entry->poll_us = poll_us;
	if (sluice_poller_join(entry))
		bed_fail("no poller");
	s->file.f_mapping = &s->mapping;
	s->vma.vm_file = &s->file;
	s->vma.vm_mm = &s->mm;
	vm_flags_init(&s->vma, VM_SHARED);
	atomic_long_set(&s->mm.mmap_lock.count, 1);	/* held by who maps */
	if (sluice_doorbell_mmap(entry, &s->vma, 0))
		bed_fail("no mapping");
}

/**
 * bed_close() - close a slice
 * @slice: which, busy or not; its user stores no more
 */
void bed_close(unsigned int slice)
{
	struct sluice_poll_entry *entry = &slices[slice].entry;

	WRITE_ONCE(slices[slice].closing, true);
	mutex_lock(&entry->doorbells.lock);
	sluice_doorbell_unmap(&entry->doorbells);
	mutex_unlock(&entry->doorbells.lock);
	sluice_poller_leave(entry);
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
	WRITE_ONCE(slices[slice].entry.poll_us, poll_us);
}

/**
 * bed_fault() - what the kernel calls when a store finds no page
 * @slice: which
 */
void bed_fault(unsigned int slice)
{
	struct vm_fault vmf = {
		.vma = &slices[slice].vma,
		.pgoff = slices[slice].vma.vm_pgoff,
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
	sluice_poller_kick(&slices[slice].entry);
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
	return atomic64_read(&slices[slice].entry.doorbells.faults);
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
