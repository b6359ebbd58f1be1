/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: mediated pass-through - the interface between core and backends
 *
 * The core (sluice.ko) speaks VFIO and mdev: it gives every attached slice a
 * PCI function of its own, moves its interrupts to eventfds and pins, maps and
 * translates guest memory. It knows nothing of the device behind. A backend
 * drives one class of physical device (the parent): it fills
 * &struct sluice_parent_ops and calls the services declared here. It makes no
 * VFIO call. What slices a parent has is up to slice providers, see
 * linux/sluice_slice.h; the one for the partitions of disks is in
 * linux/sluice_disk.h.
 *
 * Contexts: unless a function says otherwise it may sleep and is called with
 * no spinlock held.
 */
#ifndef _LINUX_SLUICE_H
#define _LINUX_SLUICE_H

#include <linux/device.h>
#include <linux/mdev.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <uapi/linux/sluice.h>

struct module;
struct sluice_parent;
struct sluice_slice;

/* A GPT label has 36 UTF-16 units of at most three UTF-8 bytes each. */
#define SLUICE_NAME_LEN		(36 * 3 + 1)

/* BARs of a PCI function [PCI Local Bus 3.0, 6.2.5] */
#define SLUICE_BARS		6

/* Parts of one BAR that a guest can map, at most */
#define SLUICE_BAR_AREAS	4

/**
 * struct sluice_type - one mdev type that a backend offers
 * @mdev: what the mdev core needs: sysfs_name and pretty_name set by the
 *	backend
 * @queue_pairs: I/O queue pairs that an attachment of this type reserves
 * @description: one line for the description attribute
 */
struct sluice_type {
	struct mdev_type mdev;
	unsigned int queue_pairs;
	const char *description;
};

/**
 * enum sluice_area_type - what a mappable part of a BAR is
 * @SLUICE_AREA_DOORBELLS: doorbell pages, memory of the core. A trapped write
 *	is stored there and told to &sluice_parent_ops.doorbell; a trapped read
 *	returns zero. A guest can map the pages only where the backend has
 *	&sluice_parent_ops.poll: nobody would see a write otherwise
 * @SLUICE_AREA_MEMORY: memory of the backend, which guests read and write at
 *	any time
 */
enum sluice_area_type {
	SLUICE_AREA_DOORBELLS,
	SLUICE_AREA_MEMORY,
};

/**
 * struct sluice_area - a part of a BAR that a guest can map
 * @type: what it is; doorbells in one area of a function at most
 * @offset: where it begins in the BAR, page aligned
 * @size: bytes, whole pages
 * @memory: the memory of %SLUICE_AREA_MEMORY, page aligned: from vmalloc() or
 *	alloc_pages_exact(), valid until &sluice_parent_ops.detach
 */
struct sluice_area {
	enum sluice_area_type type;
	u32 offset;
	u32 size;
	void *memory;
};

/* A BAR takes two of the six registers, itself and the next one. */
#define SLUICE_BAR_64BIT	BIT(0)

/**
 * struct sluice_bar - a memory BAR
 * @size: bytes, a power of two from 4 KiB to 1 GiB; 0 for no BAR
 * @flags: %SLUICE_BAR_64BIT or 0
 * @nr_areas: of @areas
 * @areas: parts that are more than registers; they do not overlap
 *
 * What no area covers is registers: &sluice_parent_ops.reg_read and
 * &sluice_parent_ops.reg_write.
 */
struct sluice_bar {
	u32 size;
	u32 flags;
	unsigned int nr_areas;
	struct sluice_area areas[SLUICE_BAR_AREAS];
};

/**
 * struct sluice_function - the PCI function that a slice shows
 * @vendor: PCI Vendor ID
 * @device: PCI Device ID
 * @subsystem_vendor: Subsystem Vendor ID
 * @subsystem_device: Subsystem ID
 * @class: class code, 24 bits
 * @revision: Revision ID
 * @bars: the table of regions, by number of the BAR
 * @msix_bar: BAR that the core fills with the MSI-X table and PBA; empty in
 *	@bars, and not the second half of another one
 * @vectors: MSI-X vectors, 1 to 2048
 */
struct sluice_function {
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u8 revision;
	struct sluice_bar bars[SLUICE_BARS];
	unsigned int msix_bar;
	unsigned int vectors;
};

/**
 * struct sluice_slice_info - what all slices have
 * @uuid: the slice's identity, in the byte order of RFC 4122
 * @name: label, UTF-8
 * @size: bytes; 0 where the slices of a provider have no size
 * @generation: number of this attachment, raised each time that the slice is
 *	attached
 *
 * What only some slices have is known to their provider: linux/sluice_disk.h
 * has what a partition has.
 */
struct sluice_slice_info {
	uuid_t uuid;
	char name[SLUICE_NAME_LEN];
	u64 size;
	u64 generation;
};

/**
 * struct sluice_dev - one attachment: a slice as a PCI function of a guest
 * @dev: the mdev's device, for messages
 * @dma_dev: the parent's device, for the DMA API
 * @parent: the parent
 * @type: the mdev type it was created with
 * @slice: the slice attached, for its provider
 * @info: what the slice is; changes only in &sluice_parent_ops.notify
 * @doorbells: the doorbell pages, NULL without such an area. Little-endian
 *	words, written by the guest at any time: read each once with READ_ONCE()
 *	and check the copy. Set once &sluice_parent_ops.attach has returned
 * @drvdata: the backend's own
 *
 * Embedded in a structure private to the core.
 */
struct sluice_dev {
	struct device *dev;
	struct device *dma_dev;
	struct sluice_parent *parent;
	const struct sluice_type *type;
	struct sluice_slice *slice;
	struct sluice_slice_info info;
	__le32 *doorbells;
	void *drvdata;
};

/**
 * enum sluice_poll_mode - how a backend learns of work
 * @SLUICE_POLL_DOORBELL: &sluice_parent_ops.poll is called once more, and then
 *	not until the guest writes a doorbell. The device's interrupts are on,
 *	and so is whatever else tells of doorbells that are not in the pages
 * @SLUICE_POLL_DEVICE: &sluice_parent_ops.poll may not be called for a while.
 *	The device's interrupts are on, and each calls sluice_poll_kick().
 *	Refused where the device has no command of this slice: then no interrupt
 *	would come
 * @SLUICE_POLL_PAUSE: as %SLUICE_POLL_DEVICE, but never refused
 * @SLUICE_POLL_SPIN: &sluice_parent_ops.poll is called over and over, so the
 *	device's interrupts may be masked
 *
 * A device is opened in %SLUICE_POLL_DOORBELL. Modes may follow each other in
 * any order, and the same may be set twice.
 */
enum sluice_poll_mode {
	SLUICE_POLL_DOORBELL,
	SLUICE_POLL_DEVICE,
	SLUICE_POLL_PAUSE,
	SLUICE_POLL_SPIN,
};

/**
 * struct sluice_parent_ops - what a backend does for the core
 * @owner: module that has to stay while a device is attached
 * @available: how many more devices of @type the hardware could serve now,
 *	without regard to slices. Any context that may sleep. Optional: no limit
 * @attach: reserve what @type promises and fill @fn; called once when the mdev
 *	is created. 0 or a negative errno; the reason is logged by the backend
 * @detach: release what @attach reserved; called after @close
 * @open: the VFIO device has been opened: come up as after power-on, with bus
 *	mastering off. Guest memory may be used once @bus_master has switched
 *	it on
 * @close: the last user is gone: stop all DMA and drop every reference to
 *	guest memory before returning
 * @reset: Function Level Reset: as @open leaves it, with bus mastering off
 *	without a call of @bus_master; all DMA stopped and every reference to
 *	guest memory dropped before returning. The doorbell pages are zeroed
 *	afterwards
 * @reg_read: read registers of BAR @bar; @off is naturally aligned to @len,
 *	which is 1, 2, 4 or 8. @val receives the bytes, little-endian, from the
 *	lowest address on. Several vCPUs may call it at once. Optional: registers
 *	read as zero
 * @reg_write: the same for writing. Optional: writes are ignored
 * @doorbell: word @index of the doorbell pages has been written by a trapped
 *	access. Called from process context, often a vCPU's
 *	thread: bounded work, no waiting for the device. Required with doorbells
 * @bus_master: the guest switched bus mastering. While it is off the backend
 *	must not access guest memory. Optional, for a backend that never does
 * @poll: look for work: doorbells of the pages, and completions if the backend
 *	polls for them. About @budget of both together, and not without a limit
 *	beyond; the next call goes on where this one ends. Returns how many there
 *	were, 0 for nothing to do. Called by the poller's thread, over and over
 *	while the slice is busy. Must not sleep, neither for the device nor for
 *	guest memory. Optional: doorbells are trapped then
 * @set_poll_mode: the poller changes how it looks at the slice, see
 *	&enum sluice_poll_mode. False where the mode is refused, and everything
 *	left as it was. Called by the thread that calls @poll, or by the one that
 *	closes the device, never at the same time as @poll. Required with @poll
 * @quiesce: stop accessing guest memory on behalf of this device and wait
 *	until no DMA is in flight. The range [@iova, @iova + @size) is about to
 *	go, with everything when both reach as far as they can (0, U64_MAX):
 *	mappings made with sluice_mem_vmap() that touch it must be given up
 *	before returning. Must not wait for the guest. Calls pair with @resume
 *	and are never nested. It may take locks under which it calls
 *	sluice_mem_get() and the like: those do not wait for an unmap, but fail
 *	with -EAGAIN. Optional, for a backend that keeps nothing of guest memory
 *	from one call of sluice_mem_read() or sluice_mem_write() to the next
 * @resume: guest memory may be used again. Required with @quiesce
 * @notify: the slice has changed while it is attached: @info is what it is now,
 *	and becomes &sluice_dev.info when this returns. Called under a lock of
 *	the parent's slices: must not attach, detach nor look at slices. Optional
 *
 * @open, @close, @reset, @quiesce, @resume and @bus_master are serialised by
 * the core with one mutex per device; @reg_read, @reg_write, @doorbell, @notify
 * and the polling are not and may run at the same time as any of them. But
 * register accesses, doorbells and polling come only between @open and @close.
 * The polling ends before @close.
 */
struct sluice_parent_ops {
	struct module *owner;
	unsigned int (*available)(struct sluice_parent *parent,
				  const struct sluice_type *type);
	int (*attach)(struct sluice_dev *sdev, struct sluice_function *fn);
	void (*detach)(struct sluice_dev *sdev);
	int (*open)(struct sluice_dev *sdev);
	void (*close)(struct sluice_dev *sdev);
	void (*reset)(struct sluice_dev *sdev);
	void (*reg_read)(struct sluice_dev *sdev, unsigned int bar, u32 off,
			 void *val, unsigned int len);
	void (*reg_write)(struct sluice_dev *sdev, unsigned int bar, u32 off,
			  const void *val, unsigned int len);
	void (*doorbell)(struct sluice_dev *sdev, unsigned int index);
	void (*bus_master)(struct sluice_dev *sdev, bool on);
	unsigned int (*poll)(struct sluice_dev *sdev, unsigned int budget);
	bool (*set_poll_mode)(struct sluice_dev *sdev,
			      enum sluice_poll_mode mode);
	void (*quiesce)(struct sluice_dev *sdev, u64 iova, u64 size);
	void (*resume)(struct sluice_dev *sdev);
	void (*notify)(struct sluice_dev *sdev,
		       const struct sluice_slice_info *info);
};

/* Parents */
struct sluice_parent *
sluice_parent_register(struct device *dev, const struct sluice_parent_ops *ops,
		       struct sluice_type *const *types, unsigned int nr_types,
		       void *drvdata);
void sluice_parent_unregister(struct sluice_parent *parent);
void *sluice_parent_drvdata(const struct sluice_parent *parent);

/**
 * struct sluice_mem - one page of guest memory, pinned and mapped
 * @dma: bus address of the byte asked for
 * @vaddr: kernel address of the same byte
 *
 * Valid until the backend's quiesce operation returns.
 */
struct sluice_mem {
	dma_addr_t dma;
	void *vaddr;
};

/* What one entry of the table of guest memory covers */
#define SLUICE_MEM_CHUNK	SZ_2M

/* Chunks that a cursor remembers, a power of two */
#define SLUICE_MEM_CURSOR_WAYS	8

/**
 * struct sluice_mem_cursor - where guest memory was found last
 * @way: chunks of 2 MiB, each at the place that its number chooses
 * @way.tag: the number plus one; 0 for none
 * @way.chunk: the core's own
 * @way.first: its first byte where it is contiguous and writable, else unset
 *
 * Kept by whoever looks memory up without sleeping, one for each queue, and
 * serialised by its owner. All zeroes is a good beginning. What it remembers is
 * as short-lived as what was found: the owner clears it in its quiesce and
 * close operations.
 */
struct sluice_mem_cursor {
	struct {
		u64 tag;
		const void *chunk;
		struct sluice_mem first;
	} way[SLUICE_MEM_CURSOR_WAYS];
};

static inline void sluice_mem_cursor_reset(struct sluice_mem_cursor *cursor)
{
	*cursor = (struct sluice_mem_cursor) {};
}

/* Guest memory */
int sluice_mem_find_page(struct sluice_dev *sdev,
			 struct sluice_mem_cursor *cursor, u64 iova,
			 bool device_writes, struct sluice_mem *mem);
unsigned int sluice_mem_find_list(struct sluice_dev *sdev,
				  struct sluice_mem_cursor *cursor,
				  bool device_writes, __le64 *list,
				  unsigned int nr);
int sluice_mem_get(struct sluice_dev *sdev, u64 iova, bool device_writes,
		   struct sluice_mem *mem);
int sluice_mem_read(struct sluice_dev *sdev, u64 iova, void *buf, size_t len);
int sluice_mem_write(struct sluice_dev *sdev, u64 iova, const void *buf,
		     size_t len);
void *sluice_mem_vmap(struct sluice_dev *sdev, const u64 *iovas,
		      unsigned int nr_pages, bool write);
void sluice_mem_vunmap(void *vaddr);

/**
 * sluice_mem_find() - find a page of guest memory that was used before
 * @sdev: the attached slice
 * @cursor: the caller's, serialised by it
 * @iova: guest address; @mem is good up to the end of its page of PAGE_SIZE
 * @device_writes: the device, or the caller, is going to write to it
 * @mem: what was found; valid as after sluice_mem_get()
 *
 * For the path of an I/O. Whoever finds nothing here leaves it to somebody who
 * may sleep to call sluice_mem_get(), and tries again.
 *
 * Context: any; takes no lock. Not while the device is quiesced or closed.
 * Return: 0; -ENOENT where the page has not been used yet, or its memory is gone
 * or going; -EPERM where it must not be written
 */
static inline int sluice_mem_find(struct sluice_dev *sdev,
				  struct sluice_mem_cursor *cursor, u64 iova,
				  bool device_writes, struct sluice_mem *mem)
{
	u64 tag = iova / SLUICE_MEM_CHUNK + 1;
	unsigned int way = tag % SLUICE_MEM_CURSOR_WAYS;
	size_t off = iova % SLUICE_MEM_CHUNK;

	if (unlikely(cursor->way[way].tag != tag ||
		     !cursor->way[way].first.vaddr))
		return sluice_mem_find_page(sdev, cursor, iova, device_writes,
					    mem);
	mem->dma = cursor->way[way].first.dma + off;
	mem->vaddr = cursor->way[way].first.vaddr + off;
	return 0;
}

/* Polling and interrupts */
void sluice_poll_kick(struct sluice_dev *sdev);
void sluice_irq_signal(struct sluice_dev *sdev, unsigned int vector);

#endif /* _LINUX_SLUICE_H */
