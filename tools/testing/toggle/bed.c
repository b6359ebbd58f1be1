// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices with one doorbell each, around the objects of the core
 *
 * Compiled as a part of the core, so that it sees the core's structures. When
 * the poller finds a doorbell, the user is told at once.
 */
#include "core.h"
#include "poll/poller.h"

#include "bed.h"

/**
 * struct bed_slice - a slice, and the user's mapping of its doorbell page
 * @sdev: device
 * @entry: the poller's data for the slice
 * @words: the page's first words
 * @seen: value that the poller saw last
 * @seen_at: number of visits of busy slices until then
 * @busy: the slice has work at every visit
 * @visits: visits of the poller while busy
 * @closing: the slice is about to be closed
 * @restless: its poller must not pause
 * @masked: the device does not signal
 * @looks: how often the poller asked to wait for the device
 * @page: stands for the page
 * @mapping: stands for the mapping of the file
 * @file: device file
 * @mm: address space of the user
 * @vma: place of the mapping
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

/* Busy slices must be visited in turn, if there is more than one. */
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
	/* the thread that sees the value reads @seen_at next */
	smp_store_release(&slice->seen, value);
	return 1;
}

/* The device is at work every other time */
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
 * @slice: index of the slice
 * @poll_us: limit of its polling window
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
	atomic_long_set(&s->mm.mmap_lock.count, 1);	/* held by the thread that maps */
	if (sluice_doorbell_mmap(entry, &s->vma, 0))
		bed_fail("no mapping");
}

/**
 * bed_close() - close a slice
 * @slice: index of a slice, busy or not; its user no longer stores
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
 * bed_set_poll_us() - does the same as the attribute poll_us
 * @slice: index of the slice
 * @poll_us: limit of its polling window
 */
void bed_set_poll_us(unsigned int slice, unsigned int poll_us)
{
	WRITE_ONCE(slices[slice].entry.poll_us, poll_us);
}

/**
 * bed_fault() - what the kernel calls when a store finds no page
 * @slice: index of the slice
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
 * bed_kick() - reports a completion of the device
 * @slice: index of the slice
 */
void bed_kick(unsigned int slice)
{
	sluice_poller_kick(&slices[slice].entry);
}

/**
 * bed_store() - store to a mapped page
 * @slice: index of the slice
 * @value: value to store
 */
void bed_store(unsigned int slice, unsigned int value)
{
	WRITE_ONCE(slices[slice].words[0], cpu_to_le32(value));
}

/**
 * bed_seen() - returns what the poller has seen
 * @slice: index of the slice
 *
 * Return: the value of the doorbell.
 */
unsigned int bed_seen(unsigned int slice)
{
	/* before bed_seen_at() */
	return smp_load_acquire(&slices[slice].seen);
}

/**
 * bed_seen_at() - counts the visits of busy slices before that
 * @slice: index of the slice
 *
 * Return: the value of bed_visits() at that time.
 */
unsigned int bed_seen_at(unsigned int slice)
{
	return slices[slice].seen_at;
}

/**
 * bed_be_busy() - give the poller work at every visit from now on
 * @slice: index of the slice; its user must store, to wake the poller
 */
void bed_be_busy(unsigned int slice)
{
	WRITE_ONCE(slices[slice].busy, true);
}

/**
 * bed_be_restless() - make the poller spin until it drops the slice
 * @slice: index of the slice
 */
void bed_be_restless(unsigned int slice)
{
	WRITE_ONCE(slices[slice].restless, true);
}

/**
 * bed_visits() - counts the visits of busy slices
 *
 * Return: the sum over all slices.
 */
unsigned int bed_visits(void)
{
	unsigned int i, visits = 0;

	for (i = 0; i < BED_SLICES; i++)
		visits += READ_ONCE(slices[i].visits);
	return visits;
}

/**
 * bed_faults() - counts the faults that mapped the page
 * @slice: index of the slice
 *
 * Return: the count.
 */
unsigned long bed_faults(unsigned int slice)
{
	return atomic64_read(&slices[slice].entry.doorbells.faults);
}

/**
 * bed_slice_of() - finds the slice of a mapping
 * @mapping: mapping of a slice
 *
 * Return: the slice.
 */
unsigned int bed_slice_of(const void *mapping)
{
	return container_of(mapping, struct bed_slice, mapping) - slices;
}

/**
 * bed_task_state() - finds the state of a task
 * @task: the task
 *
 * Return: a pointer to the state.
 */
unsigned int *bed_task_state(void *task)
{
	return &((struct task_struct *)task)->__state;
}
