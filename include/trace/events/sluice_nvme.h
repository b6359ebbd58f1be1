/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the NVMe backend. A slice is identified by its UUID, a drive
 * by the number in the name of its disks. Queue numbers are the guest's.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM sluice_nvme

#if !defined(_TRACE_SLUICE_NVME_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_SLUICE_NVME_H

#include <linux/tracepoint.h>
#include <linux/uuid.h>

/* A guest created a queue; @hw is the drive's queue, 0 for the admin queue. */
TRACE_EVENT(sluice_nvme_queue_create,
	TP_PROTO(const uuid_t *slice, bool cq, u16 id, u16 hw, u32 size),
	TP_ARGS(slice, cq, id, hw, size),
	TP_STRUCT__entry(
		__array(u8, slice, UUID_SIZE)
		__field(bool, cq)
		__field(u16, id)
		__field(u16, hw)
		__field(u32, size)
	),
	TP_fast_assign(
		export_uuid(__entry->slice, slice);
		__entry->cq = cq;
		__entry->id = id;
		__entry->hw = hw;
		__entry->size = size;
	),
	TP_printk("slice=%pUb %s=%u hw=%u size=%u", __entry->slice,
		  __entry->cq ? "cq" : "sq", __entry->id, __entry->hw,
		  __entry->size)
);

TRACE_EVENT(sluice_nvme_queue_delete,
	TP_PROTO(const uuid_t *slice, bool cq, u16 id),
	TP_ARGS(slice, cq, id),
	TP_STRUCT__entry(
		__array(u8, slice, UUID_SIZE)
		__field(bool, cq)
		__field(u16, id)
	),
	TP_fast_assign(
		export_uuid(__entry->slice, slice);
		__entry->cq = cq;
		__entry->id = id;
	),
	TP_printk("slice=%pUb %s=%u", __entry->slice,
		  __entry->cq ? "cq" : "sq", __entry->id)
);

DECLARE_EVENT_CLASS(sluice_nvme_virtual,
	TP_PROTO(const uuid_t *slice),
	TP_ARGS(slice),
	TP_STRUCT__entry(
		__array(u8, slice, UUID_SIZE)
	),
	TP_fast_assign(
		export_uuid(__entry->slice, slice);
	),
	TP_printk("slice=%pUb", __entry->slice)
);

/* A guest's controller is ready. */
DEFINE_EVENT(sluice_nvme_virtual, sluice_nvme_enable,
	TP_PROTO(const uuid_t *slice),
	TP_ARGS(slice)
);

/* A guest's controller has been disabled or reset. */
DEFINE_EVENT(sluice_nvme_virtual, sluice_nvme_disable,
	TP_PROTO(const uuid_t *slice),
	TP_ARGS(slice)
);

/* The drive was stopped, either for a reset or permanently. */
TRACE_EVENT(sluice_nvme_stop,
	TP_PROTO(unsigned int drive),
	TP_ARGS(drive),
	TP_STRUCT__entry(
		__field(unsigned int, drive)
	),
	TP_fast_assign(
		__entry->drive = drive;
	),
	TP_printk("drive=%u", __entry->drive)
);

/* The reset of the drive has ended; @error says whether it works again. */
TRACE_EVENT(sluice_nvme_restart,
	TP_PROTO(unsigned int drive, int error),
	TP_ARGS(drive, error),
	TP_STRUCT__entry(
		__field(unsigned int, drive)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->drive = drive;
		__entry->error = error;
	),
	TP_printk("drive=%u error=%d", __entry->drive, __entry->error)
);

#endif /* _TRACE_SLUICE_NVME_H */

#include <trace/define_trace.h>
