/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the core. A slice is identified by its UUID. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM sluice

#if !defined(_TRACE_SLUICE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_SLUICE_H

#include <linux/sluice.h>
#include <linux/tracepoint.h>
#include <linux/uuid.h>

/* Which mdev got which slice. */
DECLARE_EVENT_CLASS(sluice_attachment,
	TP_PROTO(const uuid_t *mdev, const struct sluice_slice_info *slice),
	TP_ARGS(mdev, slice),
	TP_STRUCT__entry(
		__array(u8, mdev, UUID_SIZE)
		__array(u8, slice, UUID_SIZE)
		__field(u64, size)
		__field(u64, generation)
	),
	TP_fast_assign(
		export_uuid(__entry->mdev, mdev);
		export_uuid(__entry->slice, &slice->uuid);
		__entry->size = slice->size;
		__entry->generation = slice->generation;
	),
	TP_printk("slice=%pUb mdev=%pUb size=%llu generation=%llu",
		  __entry->slice, __entry->mdev, __entry->size,
		  __entry->generation)
);

DEFINE_EVENT(sluice_attachment, sluice_attach,
	TP_PROTO(const uuid_t *mdev, const struct sluice_slice_info *slice),
	TP_ARGS(mdev, slice)
);

DEFINE_EVENT(sluice_attachment, sluice_detach,
	TP_PROTO(const uuid_t *mdev, const struct sluice_slice_info *slice),
	TP_ARGS(mdev, slice)
);

DECLARE_EVENT_CLASS(sluice_slice_event,
	TP_PROTO(const struct sluice_slice_info *slice),
	TP_ARGS(slice),
	TP_STRUCT__entry(
		__array(u8, slice, UUID_SIZE)
	),
	TP_fast_assign(
		export_uuid(__entry->slice, &slice->uuid);
	),
	TP_printk("slice=%pUb", __entry->slice)
);

/* The fault handler has mapped a doorbell page and woken the slice's poller. */
DEFINE_EVENT(sluice_slice_event, sluice_doorbell_fault,
	TP_PROTO(const struct sluice_slice_info *slice),
	TP_ARGS(slice)
);

/* The poller begins to poll a slice without pauses. */
DEFINE_EVENT(sluice_slice_event, sluice_poll_busy,
	TP_PROTO(const struct sluice_slice_info *slice),
	TP_ARGS(slice)
);

/* The poller did not look for a while: the device interrupts for this slice again. */
DEFINE_EVENT(sluice_slice_event, sluice_poll_lost,
	TP_PROTO(const struct sluice_slice_info *slice),
	TP_ARGS(slice)
);

/* The poller stops polling a slice. */
DEFINE_EVENT(sluice_slice_event, sluice_poll_rest,
	TP_PROTO(const struct sluice_slice_info *slice),
	TP_ARGS(slice)
);

/* Guest pages were pinned, or pinning failed with @error. */
TRACE_EVENT(sluice_pin,
	TP_PROTO(const struct sluice_slice_info *slice, u64 iova,
		 unsigned int nr, bool write, int error),
	TP_ARGS(slice, iova, nr, write, error),
	TP_STRUCT__entry(
		__array(u8, slice, UUID_SIZE)
		__field(u64, iova)
		__field(unsigned int, nr)
		__field(bool, write)
		__field(int, error)
	),
	TP_fast_assign(
		export_uuid(__entry->slice, &slice->uuid);
		__entry->iova = iova;
		__entry->nr = nr;
		__entry->write = write;
		__entry->error = error;
	),
	TP_printk("slice=%pUb iova=%#llx pages=%u write=%d error=%d",
		  __entry->slice, __entry->iova, __entry->nr, __entry->write,
		  __entry->error)
);

/*
 * The user unmapped a range; the unmap waited @ns nanoseconds for Sluice. VFIO tells
 * the slices again while pages are pinned: @round says how often it has.
 */
TRACE_EVENT(sluice_unmap,
	TP_PROTO(const struct sluice_slice_info *slice, u64 iova, u64 size,
		 unsigned int round, u64 ns),
	TP_ARGS(slice, iova, size, round, ns),
	TP_STRUCT__entry(
		__array(u8, slice, UUID_SIZE)
		__field(u64, iova)
		__field(u64, size)
		__field(unsigned int, round)
		__field(u64, ns)
	),
	TP_fast_assign(
		export_uuid(__entry->slice, &slice->uuid);
		__entry->iova = iova;
		__entry->size = size;
		__entry->round = round;
		__entry->ns = ns;
	),
	TP_printk("slice=%pUb iova=%#llx size=%#llx round=%u ns=%llu",
		  __entry->slice, __entry->iova, __entry->size,
		  __entry->round, __entry->ns)
);

#endif /* _TRACE_SLUICE_H */

#include <trace/define_trace.h>
