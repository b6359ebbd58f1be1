/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: mediated pass-through - the interface between core and backends
 *
 * For authors of backends. The core (sluice.ko) speaks VFIO and mdev: it shows
 * each attached slice to a guest as a PCI function of its own, delivers
 * interrupts to eventfds, and pins, maps and translates guest memory. The core
 * knows nothing about the device behind the slice. A backend drives one class
 * of physical device (the parent): it fills &struct sluice_parent_ops and calls
 * the functions declared here. A backend makes no VFIO call. Slice providers
 * say which slices a parent has, see linux/sluice_slice.h; linux/sluice_disk.h
 * has the provider for partitions of disks.
 *
 * Contexts: unless its comment says otherwise, a function may sleep and its
 * caller holds no spinlock.
 */
#ifndef _LINUX_SLUICE_H
#define _LINUX_SLUICE_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <uapi/linux/sluice.h>

struct mem_cgroup;
struct module;
struct sluice_parent;
struct sluice_slice;

/* A GPT label has 36 UTF-16 units of at most three UTF-8 bytes each. */
#define SLUICE_NAME_LEN		(36 * 3 + 1)

/* BARs of a PCI function [PCI Local Bus 3.0, 6.2.5] */
#define SLUICE_BARS		6

/* Maximum number of parts of one BAR that a guest can map */
#define SLUICE_BAR_AREAS	4

/**
 * struct sluice_type - one mdev type that a backend offers
 * @mdev: for the mdev core; the backend sets sysfs_name and pretty_name
 * @description: one line for the description attribute
 * @pool: an mdev of this type gets a slice of the pool, whatever its UUID is.
 *	Without @pool it gets the slice that has its UUID and is not in the pool
 */
struct sluice_type {
	struct mdev_type mdev;
	const char *description;
	bool pool;
};

/**
 * enum sluice_area_type - what a mappable part of a BAR is
 * @SLUICE_AREA_DOORBELLS: doorbell pages, memory of the core. The core stores a
 *	trapped write there and calls &sluice_parent_ops.doorbell; a trapped
 *	read returns zero. The guest can map the pages only if the backend has
 *	&sluice_parent_ops.poll: without polling nobody would see the guest's
 *	writes
 * @SLUICE_AREA_MEMORY: memory of the backend, which the guest reads and writes
 *	at any time
 */
enum sluice_area_type {
	SLUICE_AREA_DOORBELLS,
	SLUICE_AREA_MEMORY,
};

/**
 * struct sluice_area - a part of a BAR that a guest can map
 * @type: what the area is; a function has at most one area of doorbells
 * @offset: where the area begins in the BAR, page aligned
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

/* The BAR takes two of the six BAR registers: its own and the next one. */
#define SLUICE_BAR_64BIT	BIT(0)

/**
 * struct sluice_bar - a memory BAR
 * @size: bytes, a power of two from 4 KiB to 1 GiB; 0 for no BAR
 * @flags: %SLUICE_BAR_64BIT or 0
 * @nr_areas: number of @areas
 * @areas: the parts that are not registers; they do not overlap
 *
 * The rest of the BAR is registers, served by &sluice_parent_ops.reg_read and
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
 * @bars: the BARs, indexed by BAR number
 * @msix_bar: number of the BAR that the core fills with the MSI-X table and
 *	PBA. Its entry in @bars is empty, and it is not the second register of a
 *	64-bit BAR
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
 * struct sluice_slice_info - what every slice has
 * @uuid: identity of the slice, in the byte order of RFC 4122
 * @name: label, UTF-8
 * @size: bytes; 0 if the provider's slices have no size
 * @generation: number of the slice's last attachment. All slices share one
 *	count, so no two attachments have the same number. 0 before the first
 *
 * The provider knows what only its own slices have: linux/sluice_disk.h has
 * what a partition has.
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
 * @type: the type of the mdev
 * @slice: the attached slice, for its provider
 * @info: what the slice is. Only the size can change, when
 *	&sluice_parent_ops.notify returns, and without a lock that a backend
 *	could take: a backend that needs the size keeps a copy of its own
 * @doorbells: the doorbell pages; NULL without such an area. Little-endian
 *	words that the guest writes at any time: read each word once with
 *	READ_ONCE() and check the copy. Set after &sluice_parent_ops.attach has
 *	returned
 * @drvdata: for the backend
 *
 * Embedded in a structure that is private to the core.
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
 * @SLUICE_POLL_DOORBELL: the poller calls &sluice_parent_ops.poll once more,
 *	and then not until the guest writes a doorbell. The backend turns the
 *	device's interrupts on, and also anything else that reports doorbells
 *	which are not in the doorbell pages
 * @SLUICE_POLL_DEVICE: the poller may not call &sluice_parent_ops.poll for a
 *	while. The backend turns the device's interrupts on, and each interrupt
 *	calls sluice_poll_kick(). The backend refuses this mode if the device
 *	has no command of this slice: then no interrupt would come
 * @SLUICE_POLL_PAUSE: as %SLUICE_POLL_DEVICE, but never refused
 * @SLUICE_POLL_SPIN: the poller calls &sluice_parent_ops.poll again and again,
 *	so the backend may mask the device's interrupts. If the poller gets
 *	no CPU for 8 milliseconds, the core sets %SLUICE_POLL_PAUSE
 *
 * A device starts in %SLUICE_POLL_DOORBELL when it is opened. A mode lasts until
 * the next call of &sluice_parent_ops.set_poll_mode. It says what the backend
 * must turn on or may turn off, and not that there are no calls of
 * &sluice_parent_ops.poll: a doorbell, sluice_poll_kick() or the end of a pause
 * starts these again in every mode. Any mode may follow any other, and the same
 * mode may be set twice.
 */
enum sluice_poll_mode {
	SLUICE_POLL_DOORBELL,
	SLUICE_POLL_DEVICE,
	SLUICE_POLL_PAUSE,
	SLUICE_POLL_SPIN,
};

/**
 * struct sluice_parent_ops - what a backend does for the core
 * @owner: module that must stay loaded while a device is attached
 * @available: how many more devices of @type the hardware could serve now; free
 *	slices do not count here. Any context that may sleep. Optional: without
 *	it there is no limit
 * @attach: reserve what @type promises and fill @fn; called once, when the mdev
 *	is created. 0 or a negative errno; the backend logs the reason
 * @detach: release what @attach reserved; called after @close
 * @open: the user has opened the VFIO device: start as after power-on, with bus
 *	mastering off. Do not use guest memory before @bus_master switches it on
 * @close: the last user has closed the device: before returning, stop all DMA
 *	and drop every reference to guest memory
 * @reset: Function Level Reset: go back to the state after @open. Bus mastering
 *	is off, without a call of @bus_master. Use guest memory no more, and
 *	begin no DMA. DMA of a device that takes longer than a second to stop it
 *	may go on: the pages stay pinned until @quiesce or @close. The VMM has
 *	its big lock and must not wait. The core zeroes the doorbell pages
 *	afterwards, and does not keep the poller out meanwhile: @poll must
 *	ignore doorbells until the guest has enabled the function again
 * @reg_read: read registers of BAR @bar; @len is 1, 2, 4 or 8 and @off is a
 *	multiple of @len. Fill @val with the bytes, little-endian, lowest
 *	address first. Several vCPUs may call this at the same time. Optional:
 *	without it registers read as zero
 * @reg_write: the same for writing. Optional: without it writes are ignored
 * @doorbell: a trapped access has written word @index of the doorbell pages.
 *	Called in process context, often by the thread of a vCPU: do a limited
 *	amount of work and do not wait for the device. Do the work here, or wake
 *	a thread that does it: the core does not call @poll for a trapped
 *	doorbell. Required with doorbells
 * @bus_master: the guest switched bus mastering. While it is off the backend
 *	must not access guest memory, but must not wait either: as @reset.
 *	Optional for a backend that never accesses guest memory
 * @poll: look for work: new values in the doorbell pages, and completions if
 *	the backend polls for them. Handle about as many as cost @budget, never
 *	an unlimited number; the next call continues where this one ends. The
 *	smallest costs 1. Returns what they cost, 0 for no work. The poller's thread calls it
 *	again and again while the slice is busy. Must not sleep, neither for the
 *	device nor for guest memory. Optional: without it doorbells are trapped
 * @set_poll_mode: the poller changes how it looks at the slice, see &enum
 *	sluice_poll_mode. Returns false if the backend refuses the mode and
 *	leaves everything as it was. Called by the thread that calls @poll, or
 *	by the thread that closes the device, never at the same time as @poll.
 *	But %SLUICE_POLL_PAUSE that ends %SLUICE_POLL_SPIN may come in hard IRQ
 *	context, and at the same time as @poll. Called under a spinlock, with
 *	interrupts off. Required with @poll
 * @quiesce: the user is about to unmap the range [@iova, @iova + @size); (0,
 *	U64_MAX) means all of guest memory. From now on no page of the range is
 *	found. Before returning, forget what was found there before: wait until
 *	no thread and no DMA uses it, reset the cursors that found it, and undo
 *	every mapping from sluice_mem_vmap() that touches the range. What uses
 *	other pages goes on meanwhile. Must not wait for the guest. Calls are
 *	never nested. The backend may take locks here under which it also calls
 *	sluice_mem_get() and the like: those calls do not wait for an unmap, but
 *	fail with -EAGAIN. Optional for a backend that keeps no guest memory
 *	from one call of sluice_mem_read() or sluice_mem_write() to the next
 * @resume: an unmap is over: what has failed with -EAGAIN because of it may
 *	succeed now. May be called without @quiesce, if the range had no page in
 *	use; and may be left out when the device is being closed, reset or
 *	configured. Must not wait for guest memory. Required with @quiesce
 * @notify: the size of the slice has changed while it is attached: @info is its
 *	new state, and &sluice_dev.info has the new size when this returns. May
 *	sleep. Called under the lock of the parent's slices: must not attach,
 *	detach or look up slices. Optional
 *
 * The core calls @open, @close, @reset, @quiesce, @resume and @bus_master under
 * one mutex per device, so never two at a time. @reg_read, @reg_write,
 * @doorbell, @notify and the polling are not under that mutex and may run at
 * the same time as any other operation. But register accesses, doorbells and
 * polling come only between @open and @close, and the polling ends before
 * @close.
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
 * @dma: bus address of the requested byte
 * @vaddr: kernel address of the same byte
 *
 * Valid until the backend's quiesce operation returns.
 */
struct sluice_mem {
	dma_addr_t dma;
	void *vaddr;
};

/**
 * struct sluice_mem_request - a page of guest memory that is to be pinned
 * @iova: any guest address within the page
 * @device_writes: the page must be writable
 * @done: called when it has been tried: the request is the backend's again. The caller
 *	is the core's thread that pins pages. So @done must not sleep for guest
 *	memory, nor for anybody who may; but it may ask for another page. It has
 *	returned before the core calls &sluice_parent_ops.detach
 * @err: 0, or an error of sluice_mem_get(); valid when @done is called
 * @node: for the core
 *
 * The backend fills the first three members.
 */
struct sluice_mem_request {
	u64 iova;
	bool device_writes;
	void (*done)(struct sluice_mem_request *req);
	int err;
	struct list_head node;
};

/* Size of one chunk of guest memory, the unit of the IOVA table */
#define SLUICE_MEM_CHUNK	SZ_2M

/* How many chunks a cursor remembers, a power of two */
#define SLUICE_MEM_CURSOR_WAYS	8

/**
 * struct sluice_mem_cursor - where guest memory was found last
 * @way: the chunks; the number of a chunk (its IOVA / 2 MiB) selects the entry
 * @way.tag: number of the chunk plus one; 0 for an empty entry
 * @way.chunk: for the core
 * @way.first: the chunk's first byte if the chunk is contiguous and writable,
 *	else unset
 *
 * A cursor makes sluice_mem_find() fast. The backend keeps one for each queue
 * and serialises its use. A cursor starts as all zeroes. What a cursor
 * remembers is valid only as long as the memory that was found: the backend
 * clears the cursor in its quiesce and close operations. A lock that serialises
 * the use of the cursor also makes quiesce wait for those who use what was found.
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

/* Forget what was found in the range [@iova, @iova + @size), for quiesce */
static inline void sluice_mem_cursor_forget(struct sluice_mem_cursor *cursor,
					    u64 iova, u64 size)
{
	unsigned int i;

	for (i = 0; i < SLUICE_MEM_CURSOR_WAYS; i++) {
		u64 chunk = (cursor->way[i].tag - 1) * SLUICE_MEM_CHUNK;

		if (cursor->way[i].tag && chunk + (SLUICE_MEM_CHUNK - 1) >= iova &&
		    (chunk < iova || chunk - iova < size))
			memset(&cursor->way[i], 0, sizeof(cursor->way[i]));
	}
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
void sluice_mem_ask(struct sluice_dev *sdev, struct sluice_mem_request *req);
int sluice_mem_read(struct sluice_dev *sdev, u64 iova, void *buf, size_t len);
int sluice_mem_write(struct sluice_dev *sdev, u64 iova, const void *buf,
		     size_t len);
void *sluice_mem_vmap(struct sluice_dev *sdev, const u64 *iovas,
		      unsigned int nr_pages, bool write);
void sluice_mem_vunmap(void *vaddr);

/**
 * sluice_mem_find() - find a page of guest memory that was used before
 * @sdev: the attached slice
 * @cursor: the caller's cursor; the caller serialises its use
 * @iova: guest address; @mem is valid up to the end of its page of PAGE_SIZE
 * @device_writes: the device, or the caller, is going to write to it
 * @mem: what was found; valid as after sluice_mem_get()
 *
 * For the I/O path, which must not sleep. On -ENOENT the caller has the page pinned
 * with sluice_mem_ask(), and then tries again; or it has a thread that may sleep call
 * sluice_mem_get().
 *
 * Context: any; takes no lock. Not while the device is closed.
 * Return: 0; -ENOENT if the page has not been used yet, or if an unmap has
 * removed it or is removing it; -EPERM if the page must not be written
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

/* Memory that a guest makes the host allocate */
struct mem_cgroup *sluice_charge_begin(struct sluice_dev *sdev);
void sluice_charge_end(struct sluice_dev *sdev, struct mem_cgroup *old);

/* Polling and interrupts */
void sluice_poll_kick(struct sluice_dev *sdev);
void sluice_poll_sync(struct sluice_dev *sdev);
void sluice_irq_signal(struct sluice_dev *sdev, unsigned int vector);

#endif /* _LINUX_SLUICE_H */
