/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: declarations for the files of host/ and for main.c. What the files of
 * guest/ may use as well is in nvme.h.
 */
#ifndef SLUICE_NVME_HOST_H
#define SLUICE_NVME_HOST_H

#include <linux/bitfield.h>
#include <linux/blk-mq.h>
#include <linux/scatterlist.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "host/nvme.h"

struct sluice_compat_limits;

#define SLUICE_NVME_ADMIN_DEPTH	32
/* One entry of a ring stays empty, so that full and empty differ. */
#define SLUICE_NVME_ADMIN_SLOTS	(SLUICE_NVME_ADMIN_DEPTH - 1)
#define SLUICE_NVME_ADMIN_DATA	SLUICE_NVME_PAGE

/*
 * So many asynchronous commands of each of three kinds the drive may have. They may
 * take as long as the commands of a guest do: all others must find a slot
 * nevertheless, and above all the one that asks whether the drive still answers.
 */
#define SLUICE_NVME_ADMIN_SHARE	(SLUICE_NVME_ADMIN_SLOTS / 4)

/* Entries of the host's own I/O queues */
#define SLUICE_NVME_HOST_DEPTH	256

/* I/O queue pairs that the driver asks of a controller at most */
#define SLUICE_NVME_MAX_QPAIRS	128

/* Segments of a host request; the scatter list of each takes a page */
#define SLUICE_NVME_MAX_SEGS	128

/*
 * What is wrong with some drives, see quirks.c:
 *
 * SLOW_READY	CSTS must not be read for some time after CC.EN was cleared
 * WRITE_ZEROES	has Write Zeroes, but not right
 * IDS		the namespaces' identifiers are those of other drives as well
 * SUBNQN	the subsystem's name is that of other drives as well
 * STRIPE	slow at commands that cross a multiple of the largest transfer
 * DEEP_SLEEP	may not come back from power states that it enters by itself
 * NO_DESCS	has no list of Namespace Identification Descriptors
 * OLD_IDENTIFY	knows only what Identify was in NVMe 1.0
 * PRIORITY	submission queues need a priority, even if all have the same
 * DMA_48	uses only 48 bits of addresses
 * ONE_VECTOR	all queues share one interrupt: cannot be driven
 */
#define SLUICE_QUIRK_SLOW_READY		BIT(0)
#define SLUICE_QUIRK_WRITE_ZEROES	BIT(1)
#define SLUICE_QUIRK_IDS		BIT(2)
#define SLUICE_QUIRK_SUBNQN		BIT(3)
#define SLUICE_QUIRK_STRIPE		BIT(4)
#define SLUICE_QUIRK_DEEP_SLEEP		BIT(5)
#define SLUICE_QUIRK_NO_DESCS		BIT(6)
#define SLUICE_QUIRK_OLD_IDENTIFY	BIT(7)
#define SLUICE_QUIRK_PRIORITY		BIT(8)
#define SLUICE_QUIRK_DMA_48		BIT(9)
#define SLUICE_QUIRK_ONE_VECTOR		BIT(10)

/* Whatever the PCI device */
#define SLUICE_ANY_DEVICE	0xffff

/**
 * struct sluice_nvme_quirk - drives with something wrong
 * @vendor: PCI vendor
 * @device: PCI device, or %SLUICE_ANY_DEVICE
 * @model: Identify's Model Number without the padding; NULL for all models
 * @quirks: what is wrong, SLUICE_QUIRK_*
 * @firmware: Identify's Firmware Revision without the padding; NULL for all
 */
struct sluice_nvme_quirk {
	u16 vendor;
	u16 device;
	const char *model;
	u32 quirks;
	const char *firmware;
};

/**
 * struct sluice_nvme_admin_waiter - a thread that waits for an admin command
 * @done: the command has ended, or the thread is to wait no longer
 * @status: NVMe status or negative errno
 * @result: completion dword 0
 * @slot: slot that the thread has to give back, -1 when the command keeps it
 *
 * On the thread's stack; protected by the admin CQ's lock.
 */
struct sluice_nvme_admin_waiter {
	struct completion done;
	int status;
	u32 result;
	int slot;
};

/*
 * @status: of NVMe, or negative when a reset has ended the command: -ETIMEDOUT if
 * the drive has had it for sluice_nvme_admin_timeout_ms, -ENODEV if not
 */
typedef void sluice_nvme_admin_end_t(struct sluice_nvme_ctrl *ctrl, void *priv,
				     int status);

/**
 * struct sluice_nvme_admin_slot - one admin command
 * @waiter: thread that waits for the command; NULL for an asynchronous command,
 *	and after the thread has given up
 * @end: called when an asynchronous command ends, whatever the reason; see
 *	sluice_nvme_admin_async()
 * @priv: for @end
 * @completed: see sluice_nvme_admin_async()
 * @seen: *@completed when it was looked at last
 * @event: the command is an Asynchronous Event Request
 * @since: jiffies when the command was submitted, or when @seen changed last
 * @data: page for the command's data
 * @dma: its bus address
 */
struct sluice_nvme_admin_slot {
	struct sluice_nvme_admin_waiter *waiter;
	sluice_nvme_admin_end_t *end;
	void *priv;
	const unsigned long *completed;
	unsigned long seen;
	bool event;
	unsigned long since;
	void *data;
	dma_addr_t dma;
};

/**
 * struct sluice_nvme_adminq - the admin queue
 * @cq: completion queue; its lock protects everything here
 * @sq: submission queue
 * @open: commands may be submitted
 * @busy: slots in use
 * @inflight: slots that the device may still complete, a subset of @busy
 * @slots: indexed by command identifier
 * @data: the data pages of all slots
 * @data_dma: their bus address
 * @wait: for a free slot
 *
 * A thread may give up before the device completes its command. The command
 * keeps its slot until the device completes it or a reset ends it: otherwise a
 * late completion would be taken for that of the next command in this slot.
 */
struct sluice_nvme_adminq {
	struct sluice_nvme_cq cq;
	struct sluice_nvme_sq sq;
	bool open;
	unsigned long busy;
	unsigned long inflight;
	struct sluice_nvme_admin_slot slots[SLUICE_NVME_ADMIN_SLOTS];
	void *data;
	dma_addr_t data_dma;
	wait_queue_head_t wait;
};

/**
 * struct sluice_nvme_ioq - one I/O queue pair of the host
 * @cq: completion queue
 * @sq: submission queue
 * @sq_lock: serialises submission
 */
struct sluice_nvme_ioq {
	struct sluice_nvme_cq cq;
	struct sluice_nvme_sq sq;
	spinlock_t sq_lock;
};

/**
 * struct sluice_nvme_hmb - the host's memory that the drive uses
 * @descs: where it is, for the drive
 * @descs_dma: bus address of @descs
 * @chunks: what dma_alloc_attrs() returned for each of @descs
 * @max: how many there is room for
 * @nr: how many are in use; 0 while the drive has no memory
 * @size: bytes of all
 * @enabled: the drive has been told of it, and not to release it
 * @known: it has what the drive left there
 *
 * Changes under &sluice_nvme_ctrl.reset_lock, or when nobody else has the
 * controller.
 */
struct sluice_nvme_hmb {
	struct nvme_hmb_desc *descs;
	dma_addr_t descs_dma;
	void **chunks;
	unsigned int max;
	unsigned int nr;
	u64 size;
	bool enabled;
	bool known;
};

/**
 * struct sluice_nvme_health - the drive's health, for all who ask for it
 * @lock: protects @log, @at and @status; held while the drive is asked
 * @work: asks the drive
 * @log: what the drive has answered
 * @at: jiffies when it did
 * @status: the NVMe status of the answer, or a negative errno
 * @fresh: it has been asked, and has reported no event since
 */
struct sluice_nvme_health {
	struct mutex lock;
	struct work_struct work;
	struct nvme_smart_log log;
	unsigned long at;
	int status;
	bool fresh;
};

/**
 * struct sluice_nvme_host - the host side's part of a controller
 * @adminq: admin queue
 * @quirks: what is wrong with the drive, SLUICE_QUIRK_*
 * @id_nvm: Identify Controller of the NVM command set; zeroes if there is none
 * @hmb: the host's memory that the drive uses
 * @ioqs: host's I/O queues; the first has queue identifier 1
 * @nr_ioqs: how many there are in @ioqs
 * @cqs: armed completion queues by queue identifier, NULL for others; written
 *	under &sluice_nvme_ctrl.reset_lock
 * @tag_set: of all disks
 * @tag_set_ready: @tag_set has been set up
 * @aborts: Abort commands that may still be sent
 * @probing: the drive has a command with which the watchdog looks whether it
 *	still answers; under the lock of the admin completion queue
 * @held: the driver has stopped the controller because the PCI core resets the
 *	function or the system sleeps; sluice_nvme_reset_unhold() will start it.
 *	Protected by &sluice_nvme_ctrl.reset_lock
 * @watchdog: looks whether the controller has failed or is gone
 * @events: takes the drive's asynchronous events
 * @events_set_up: since its last reset the drive has been told which events are
 *	wanted, or is being told
 * @listening: the drive has an Asynchronous Event Request. Like @event
 *	protected by the admin CQ's lock
 * @event: what the drive has reported, dword 0 of the completion; 0 for nothing
 * @health: the drive's health as last read
 * @give_up: pending after a PCI error until the PCI core has reset the slot;
 *	declares the controller dead when it runs
 */
struct sluice_nvme_host {
	struct sluice_nvme_adminq adminq;
	u32 quirks;
	struct nvme_id_ctrl_nvm id_nvm;
	struct sluice_nvme_hmb hmb;
	struct sluice_nvme_ioq *ioqs;
	unsigned int nr_ioqs;
	struct sluice_nvme_cq **cqs;
	struct blk_mq_tag_set tag_set;
	bool tag_set_ready;
	atomic_t aborts;
	bool probing;
	bool held;
	struct delayed_work events;
	bool events_set_up;
	bool listening;
	u32 event;
	struct sluice_nvme_health health;
	struct delayed_work watchdog;
	struct delayed_work give_up;
};

/* setup.c */
extern struct workqueue_struct *sluice_nvme_wq;
extern unsigned int sluice_nvme_host_queues;
extern unsigned int sluice_nvme_io_timeout_ms;
extern unsigned int sluice_nvme_admin_timeout_ms;
extern bool sluice_nvme_shared_namespaces;
extern unsigned int sluice_nvme_max_host_mem_size_mb;

struct sluice_nvme_ctrl *sluice_nvme_setup(struct pci_dev *pdev);
void sluice_nvme_teardown(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_host_init(void);
void sluice_nvme_host_exit(void);

/* dma.c */
int sluice_nvme_dma_init(struct sluice_nvme_ctrl *ctrl);

/* quirks.c */
bool sluice_nvme_quirk_matches(const struct sluice_nvme_quirk *q, u16 vendor,
			       u16 device, const struct nvme_id_ctrl *id);
u32 sluice_nvme_quirks(u16 vendor, u16 device, const struct nvme_id_ctrl *id);

/* sysfs.c */
extern const struct attribute_group *sluice_nvme_disk_groups[];
int sluice_nvme_sysfs_add(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_sysfs_del(struct sluice_nvme_ctrl *ctrl);

/* ctrl.c: the controller's registers and its bring-up */
static inline u32 sluice_nvme_reg_read(struct sluice_nvme_ctrl *ctrl,
				       unsigned int reg)
{
	return readl(ctrl->bar + reg);
}

static inline void sluice_nvme_reg_write(struct sluice_nvme_ctrl *ctrl,
					 unsigned int reg, u32 val)
{
	writel(val, ctrl->bar + reg);
}

bool sluice_nvme_gone(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_ctrl_check(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_ctrl_disable(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_master_off(struct sluice_nvme_ctrl *ctrl);
unsigned int sluice_nvme_shutdown_ms(const struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_ctrl_shutdown(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_ctrl_start(struct sluice_nvme_ctrl *ctrl);

/* reset.c: from one state to the other */
void sluice_nvme_set_state(struct sluice_nvme_ctrl *ctrl,
			   enum sluice_nvme_state state);
void sluice_nvme_flr(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_reset_work(struct work_struct *work);
void sluice_nvme_watchdog_work(struct work_struct *work);
void sluice_nvme_reset_hold(struct sluice_nvme_ctrl *ctrl, bool shutdown);
int sluice_nvme_reset_unhold(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_expect_reset(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_give_up_work(struct work_struct *work);
void sluice_nvme_kill(struct sluice_nvme_ctrl *ctrl);

/* client.c: one call of each client, for reset.c */
bool sluice_nvme_clients_in_flight(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_clients_stop(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_clients_fail(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_clients_restore(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_clients_offline(struct sluice_nvme_ctrl *ctrl);

/* hwq.c */
int sluice_nvme_cq_arm(struct sluice_nvme_cq *cq);
void sluice_nvme_cq_disarm(struct sluice_nvme_cq *cq);
void sluice_nvme_cqs_disarm_all(struct sluice_nvme_ctrl *ctrl);
unsigned int sluice_nvme_cq_process(struct sluice_nvme_cq *cq,
				    unsigned int budget);

/* hostq.c: the host's I/O queues */
int sluice_nvme_ioqs_alloc(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_ioqs_free(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_ioqs_create(struct sluice_nvme_ctrl *ctrl);

/* admin.c */
unsigned int sluice_nvme_admin_process(struct sluice_nvme_cq *cq,
				       unsigned int budget);
int sluice_nvme_adminq_alloc(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_adminq_free(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_adminq_open(struct sluice_nvme_ctrl *ctrl);
bool sluice_nvme_adminq_close(struct sluice_nvme_ctrl *ctrl, bool only_live);
void sluice_nvme_adminq_reap(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_admin_internal(struct sluice_nvme_ctrl *ctrl,
			       struct nvme_cmd *cmd, void *buf, size_t len,
			       u32 *result);
int sluice_nvme_admin_within(struct sluice_nvme_ctrl *ctrl,
			     struct nvme_cmd *cmd, unsigned int ms);
int sluice_nvme_admin_async(struct sluice_nvme_ctrl *ctrl,
			    const struct nvme_cmd *cmd,
			    const unsigned long *completed,
			    sluice_nvme_admin_end_t *end, void *priv);
bool sluice_nvme_admin_is_full(struct sluice_nvme_ctrl *ctrl,
			       sluice_nvme_admin_end_t *end);
int sluice_nvme_admin_listen(struct sluice_nvme_ctrl *ctrl);
bool sluice_nvme_adminq_waits(struct sluice_nvme_ctrl *ctrl);
bool sluice_nvme_adminq_overdue(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_identify(struct sluice_nvme_ctrl *ctrl, u8 cns, u32 nsid,
			 void *buf);

/* hmb.c: the host's memory that the drive uses */
int sluice_nvme_hmb_enable(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_hmb_forget(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_hmb_release(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_hmb_free(struct sluice_nvme_ctrl *ctrl);

/* ns.c */
int sluice_nvme_ns_scan(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_ns_free_all(struct sluice_nvme_ctrl *ctrl);
int sluice_nvme_ns_check_all(struct sluice_nvme_ctrl *ctrl);
const char *sluice_nvme_ns_enter(struct sluice_nvme_ns *ns);
void sluice_nvme_ns_leave(struct sluice_nvme_ns *ns);
const char *sluice_nvme_ns_offline(const struct sluice_nvme_ns *ns);
const char *sluice_nvme_ns_refusal(const struct nvme_id_ns *id);
u8 sluice_nvme_uuid_from_list(uuid_t *uuid, const u8 *list, size_t len);
u8 sluice_nvme_csi_from_list(const u8 *list, size_t len);
int sluice_nvme_ns_wwid(const struct sluice_nvme_ns *ns, char *buf, size_t size);

/* events.c: what the drive reports unasked */
void sluice_nvme_events_start(struct sluice_nvme_ctrl *ctrl);
void sluice_nvme_event_end(struct sluice_nvme_ctrl *ctrl, int status, u32 result);
void sluice_nvme_events_work(struct work_struct *work);
void sluice_nvme_health_work(struct work_struct *work);

/* limits.c */
void sluice_nvme_limits_derive(struct sluice_nvme_limits *l,
			       const struct nvme_id_ctrl *ctrl,
			       const struct nvme_id_ctrl_nvm *nvm,
			       const struct nvme_id_ns *ns, u32 quirks);
void sluice_nvme_limits_of_disk(const struct sluice_nvme_ns *ns,
				struct sluice_compat_limits *disk);

/* disk.c */
int sluice_disks_init(struct sluice_nvme_ctrl *ctrl);
void sluice_disks_exit(struct sluice_nvme_ctrl *ctrl);
int sluice_disks_add(struct sluice_nvme_ctrl *ctrl);
void sluice_disks_del(struct sluice_nvme_ctrl *ctrl);
void sluice_disks_quiesce(struct sluice_nvme_ctrl *ctrl);
bool sluice_disks_in_flight(struct sluice_nvme_ctrl *ctrl);
void sluice_disks_cancel(struct sluice_nvme_ctrl *ctrl);
void sluice_disks_unquiesce(struct sluice_nvme_ctrl *ctrl);
void sluice_disks_dead(struct sluice_nvme_ctrl *ctrl);
unsigned int sluice_disk_process_cq(struct sluice_nvme_cq *cq,
				    unsigned int budget);
enum blk_eh_timer_return sluice_disk_timeout(struct request *rq);

/**
 * struct sluice_nvme_rq - what the driver keeps with a request of the host
 * @cmd: command, built before it is submitted
 * @prps: a page for the PRP list, or for the ranges of a discard
 * @prps_dma: its bus address
 * @status: NVMe status
 * @retries: how often the request has been tried again
 * @aborted: an Abort has been sent for it
 * @nents: entries of @sg in use, 0 when nothing is mapped
 * @sg: the data, mapped for the device
 */
struct sluice_nvme_rq {
	struct nvme_cmd cmd;
	__le64 *prps;
	dma_addr_t prps_dma;
	u16 status;
	u8 retries;
	bool aborted;
	unsigned int nents;
	struct scatterlist sg[SLUICE_NVME_MAX_SEGS];
};

/* diskcmd.c: from a request to a command */
blk_status_t sluice_diskcmd_setup(struct sluice_nvme_ns *ns,
				  struct request *rq);
void sluice_diskcmd_unmap(struct sluice_nvme_ns *ns, struct request *rq);
blk_status_t sluice_diskcmd_status(u16 status);
bool sluice_diskcmd_prps(struct nvme_cmd *cmd, struct scatterlist *sg,
			 unsigned int nents, unsigned int len, __le64 *list,
			 dma_addr_t list_dma);

#endif /* SLUICE_NVME_HOST_H */
