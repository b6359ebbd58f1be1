/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: mediated pass-through - the interface between core and backends
 *
 * The core (sluice.ko) speaks VFIO and mdev: it gives every attached slice a
 * PCI function of its own, moves its interrupts to eventfds and pins, maps and
 * translates guest memory. It knows nothing of the device behind. A backend
 * drives one class of physical device (the parent): it fills
 * &struct sluice_parent_ops and calls the services declared here. It makes no
 * VFIO call.
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

struct gendisk;
struct module;
struct sluice_parent;

/* A GPT label has 36 UTF-16 units of at most three UTF-8 bytes each. */
#define SLUICE_NAME_LEN		(36 * 3 + 1)

/* Doorbells fill one page, so that it can be mapped into a guest alone. */
#define SLUICE_DOORBELL_BYTES	SZ_4K
#define SLUICE_DOORBELLS	(SLUICE_DOORBELL_BYTES / sizeof(u32))

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
 * struct sluice_function - the PCI function that a slice shows
 * @vendor: PCI Vendor ID
 * @device: PCI Device ID
 * @subsystem_vendor: Subsystem Vendor ID
 * @subsystem_device: Subsystem ID
 * @class: class code, 24 bits
 * @revision: Revision ID
 * @bar0_size: bytes of BAR0, a power of two, at least
 *	@doorbell_offset + %SLUICE_DOORBELL_BYTES
 * @doorbell_offset: where in BAR0 the doorbell page begins, page aligned
 * @vectors: MSI-X vectors, 1 to 2048
 */
struct sluice_function {
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u8 revision;
	u32 bar0_size;
	u32 doorbell_offset;
	unsigned int vectors;
};

/**
 * struct sluice_slice_info - what a backend may know of an attached slice
 * @uuid: the slice's identity, in the byte order of RFC 4122
 * @name: label, UTF-8
 * @disk_priv: what the backend gave to sluice_disk_add() for the disk that
 *	holds the slice
 * @start: first byte on the disk, a multiple of the logical block size
 * @size: bytes, a multiple of the logical block size, not zero
 * @generation: number of this attachment, never the same twice for a slice
 *
 * Constant from attach to detach.
 */
struct sluice_slice_info {
	uuid_t uuid;
	char name[SLUICE_NAME_LEN];
	void *disk_priv;
	u64 start;
	u64 size;
	u64 generation;
};

/**
 * struct sluice_dev - one attachment: a slice as a PCI function of a guest
 * @dev: the mdev's device, for messages
 * @dma_dev: the parent's device, for the DMA API
 * @parent: the parent
 * @type: the mdev type it was created with
 * @slice: the slice attached
 * @doorbells: the doorbell page. Little-endian words, written by the guest at
 *	any time: read each once with READ_ONCE() and check the copy
 * @drvdata: the backend's own
 *
 * Embedded in a structure private to the core.
 */
struct sluice_dev {
	struct device *dev;
	struct device *dma_dev;
	struct sluice_parent *parent;
	const struct sluice_type *type;
	struct sluice_slice_info slice;
	__le32 *doorbells;
	void *drvdata;
};

/**
 * struct sluice_parent_ops - what a backend does for the core
 * @owner: module that has to stay while a device is attached
 * @available: how many more devices of @type the hardware could serve now,
 *	without regard to slices. Any context that may sleep
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
 *	guest memory dropped before returning. The doorbell page is zeroed
 *	afterwards
 * @reg_read: read BAR0 outside the doorbell page; @off is naturally aligned to
 *	@len, which is 1, 2, 4 or 8. @val receives the bytes, little-endian, from
 *	the lowest address on. Several vCPUs may call it at once
 * @reg_write: the same for writing
 * @doorbell: word @index of the doorbell page has been written by a trapped
 *	access. Called from process context, often a vCPU's
 *	thread: bounded work, no waiting for the device
 * @bus_master: the guest switched bus mastering. While it is off the backend
 *	must not access guest memory
 * @poll: look for work: doorbells of the page, and completions if the backend
 *	polls for them. About @budget of both together, and not without a limit
 *	beyond; the next call goes on where this one ends. Returns how many there
 *	were, 0 for nothing to do. Called by one thread in process context, over
 *	and over while the slice is busy. Must not sleep, neither for the device
 *	nor for guest memory
 * @poll_busy: @poll is going to be called all the time: the device's
 *	interrupts may be turned off. Same thread as @poll
 * @poll_wait: turn on again what tells of completions, call sluice_poll_kick() for
 *	each that comes, and return true: @poll may not be called for a while. If
 *	the device has no commands of this slice, and @sleep is false, there is
 *	nothing to wait for: leave all as it is and return false. Never beside
 *	@poll; also without a call of @poll_busy, and by who closes the slice
 * @poll_rest: @poll is called once more, and then not until a doorbell has been
 *	written to the page: turn on again what tells of completions, and of
 *	doorbells that are not in the page. Same thread; also without a call of
 *	@poll_busy
 * @quiesce: stop accessing guest memory on behalf of this device and wait
 *	until no DMA is in flight. The range [@iova, @iova + @size) is about to
 *	go, with everything when both reach as far as they can (0, U64_MAX):
 *	mappings made with sluice_mem_vmap() that touch it must be given up
 *	before returning. Must not wait for the guest. Calls pair with @resume
 *	and are never nested. It may take locks that are held round
 *	sluice_mem_get() and the like: those do not wait for an unmap, but fail
 *	with -EAGAIN
 * @resume: guest memory may be used again
 *
 * @open, @close, @reset, @quiesce, @resume and @bus_master are serialised by
 * the core with one mutex per device; @reg_read, @reg_write, @doorbell and the
 * polling are not and may run at the same time as any of them but never after
 * @close has returned or before @open. The polling ends before @close.
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
	void (*reg_read)(struct sluice_dev *sdev, u32 off, void *val,
			 unsigned int len);
	void (*reg_write)(struct sluice_dev *sdev, u32 off, const void *val,
			  unsigned int len);
	void (*doorbell)(struct sluice_dev *sdev, unsigned int index);
	void (*bus_master)(struct sluice_dev *sdev, bool on);
	unsigned int (*poll)(struct sluice_dev *sdev, unsigned int budget);
	void (*poll_busy)(struct sluice_dev *sdev);
	bool (*poll_wait)(struct sluice_dev *sdev, bool sleep);
	void (*poll_rest)(struct sluice_dev *sdev);
	void (*quiesce)(struct sluice_dev *sdev, u64 iova, u64 size);
	void (*resume)(struct sluice_dev *sdev);
};

/* Parents */
struct sluice_parent *
sluice_parent_register(struct device *dev, const struct sluice_parent_ops *ops,
		       struct sluice_type *const *types, unsigned int nr_types,
		       void *drvdata);
void sluice_parent_unregister(struct sluice_parent *parent);
void *sluice_parent_drvdata(const struct sluice_parent *parent);
int sluice_parent_rescan(struct sluice_parent *parent);

/* Disks of a parent, cut into slices by their GPT */
int sluice_disk_add(struct sluice_parent *parent, struct gendisk *disk,
		    const uuid_t *uuid, void *priv);
void sluice_disk_del(struct sluice_parent *parent, struct gendisk *disk);

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

/* Interrupts */
void sluice_poll_kick(struct sluice_dev *sdev);
void sluice_irq_signal(struct sluice_dev *sdev, unsigned int vector);

#endif /* _LINUX_SLUICE_H */
