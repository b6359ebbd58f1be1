// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: PRP entries and lists of a guest [NVMe 1.4, 4.3]
 *
 * A PRP entry is the guest address of a page of data; a PRP list is a page of
 * such entries. Each list is copied to host memory, and there each guest
 * address is replaced by a bus address. So the drive gets no address that was
 * not looked up here, and a guest that changes its list afterwards changes
 * nothing.
 */
#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

#define SLUICE_PRP_OFFSET(prp)	((u32)((prp) & (SLUICE_NVME_PAGE - 1)))
#define SLUICE_PRP_BYTES	sizeof(__le64)

/**
 * sluice_vprp_status() - the status that a command fails with
 * @err: what looking up its memory returned
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vprp_status(int err)
{
	switch (err) {
	case 0:
		return SLUICE_VSTATUS_OK;
	case -EAGAIN:
		return SLUICE_VSTATUS_RETRY;
	case -ENOMEM:
		/* the host lacks memory: the guest may try again */
		return sluice_vstatus_transient(NVME_SC_INTERNAL);
	default:
		return sluice_vstatus_fail(NVME_SC_DATA_XFER_ERROR);
	}
}

/*
 * Note which page is missing, unless pinning it has been tried and failed. The
 * failure counts once: memory may be there when the guest tries again.
 */
static noinline sluice_vstatus_t sluice_vprp_miss(struct sluice_vsq *vsq,
						  u64 prp, bool device_writes)
{
	struct sluice_vmiss *miss = &vsq->miss;
	struct sluice_mem_request *req = &miss->req;
	int err;

	/* pairs with sluice_vio_pinned(): the answer is there */
	if (!smp_load_acquire(&miss->asked)) {
		err = req->err;
		req->err = 0;
		if (err && req->iova == prp &&
		    req->device_writes == device_writes)
			return sluice_vprp_status(err);
		req->iova = prp;
		req->device_writes = device_writes;
	}
	miss->missing = true;
	return SLUICE_VSTATUS_MISS;
}

/* Look up a page, for a command of an I/O queue: never sleeps */
static sluice_vstatus_t sluice_vprp_find(struct sluice_vsq *vsq, u64 prp,
					 bool device_writes,
					 struct sluice_mem *mem)
{
	int err = sluice_vsq_mem_find(vsq, prp, device_writes, mem);

	if (likely(!err))
		return SLUICE_VSTATUS_OK;
	if (err == -ENOENT)
		return sluice_vprp_miss(vsq, prp, device_writes);
	return sluice_vprp_status(err);
}

/* A PRP entry that is not the first of a command has no offset. */
static sluice_vstatus_t sluice_vprp_find_page(struct sluice_vsq *vsq, u64 prp,
					      bool device_writes,
					      struct sluice_mem *mem)
{
	if (SLUICE_PRP_OFFSET(prp))
		return sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);
	return sluice_vprp_find(vsq, prp, device_writes, mem);
}

/* Look up a page: for the worker, which may sleep, @vsq is NULL */
static sluice_vstatus_t sluice_vprp_get(struct sluice_vctrl *vctrl,
					struct sluice_vsq *vsq, u64 prp,
					bool device_writes,
					struct sluice_mem *mem)
{
	if (vsq)
		return sluice_vprp_find(vsq, prp, device_writes, mem);
	return sluice_vprp_status(sluice_vctrl_mem_get(vctrl, prp,
						       device_writes, mem));
}

/*
 * A page of a list that does not hold all remaining entries ends with a pointer
 * to the next page. Each page after the first holds at least 511 of them, so a
 * list that a guest has made to run in circles ends after @nr entries.
 */
static sluice_vstatus_t sluice_vprp_list(struct sluice_vctrl *vctrl,
					 struct sluice_vsq *vsq, u64 prp,
					 __le64 *list, unsigned int nr)
{
	struct sluice_mem mem;
	__le64 next;
	sluice_vstatus_t status;

	if (prp % SLUICE_PRP_BYTES)
		return sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);

	for (;;) {
		unsigned int room = (SLUICE_NVME_PAGE - SLUICE_PRP_OFFSET(prp)) /
				    SLUICE_PRP_BYTES;
		unsigned int here = nr <= room ? nr : room - 1;

		status = sluice_vprp_get(vctrl, vsq, prp, false, &mem);
		if (status)
			return status;

		memcpy(list, mem.vaddr, here * SLUICE_PRP_BYTES);
		list += here;
		nr -= here;
		if (!nr)
			return SLUICE_VSTATUS_OK;

		memcpy(&next, mem.vaddr + here * SLUICE_PRP_BYTES, sizeof(next));
		prp = le64_to_cpu(next);
		if (SLUICE_PRP_OFFSET(prp))
			return sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);
	}
}

/**
 * sluice_vprp_copy_list() - copy a PRP list out of guest memory
 * @vctrl: controller
 * @prp: where the list begins; may have an offset that is a multiple of 8
 * @list: receives the entries as the guest wrote them
 * @nr: entries that the list has, without pointers to its further pages
 *
 * For the worker: sleeps for memory that was not used before.
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vprp_copy_list(struct sluice_vctrl *vctrl, u64 prp,
				       __le64 *list, unsigned int nr)
{
	return sluice_vprp_list(vctrl, NULL, prp, list, nr);
}

static sluice_vstatus_t sluice_vprp_map_list(struct sluice_vslot *slot, u64 prp,
					     unsigned int nr,
					     bool device_writes)
{
	struct sluice_vsq *vsq = slot->vsq;
	__le64 *list = slot->list, *iovas = list + SLUICE_VSLOT_LIST;
	struct sluice_mem mem;
	unsigned int i = 0;
	sluice_vstatus_t status;

	BUILD_BUG_ON(2 * SLUICE_VSLOT_LIST * SLUICE_PRP_BYTES > SLUICE_NVME_PAGE);

	status = sluice_vprp_list(vsq->vctrl, vsq, prp, iovas, nr);
	if (status)
		return status;
	memcpy(list, iovas, nr * SLUICE_PRP_BYTES);
	slot->nr_entries += nr;

	for (;;) {
		i += sluice_vsq_mem_find_list(vsq, device_writes, list + i,
					      nr - i);
		if (likely(i == nr))
			return SLUICE_VSTATUS_OK;
		/* find out why this entry was not found, or pin its page */
		status = sluice_vprp_find_page(vsq, le64_to_cpu(list[i]),
					       device_writes, &mem);
		if (status)
			return status;
		list[i++] = cpu_to_le64(mem.dma);
	}
}

/**
 * sluice_vprp_map() - point a command at guest memory
 * @slot: slot, whose list is used; receives the guest addresses
 * @prp1: first PRP entry of the guest
 * @prp2: second PRP entry or list of the guest
 * @len: bytes, 1 to %SLUICE_NVME_MAX_XFER
 * @device_writes: the device writes the memory
 * @out: command for the hardware; its PRP entries are set
 *
 * Does not sleep. Its queue's lock is held.
 *
 * Return: a status, %SLUICE_VSTATUS_RETRY or %SLUICE_VSTATUS_MISS.
 */
sluice_vstatus_t sluice_vprp_map(struct sluice_vslot *slot, u64 prp1, u64 prp2,
				 u32 len, bool device_writes,
				 struct nvme_cmd *out)
{
	u32 first = SLUICE_NVME_PAGE - SLUICE_PRP_OFFSET(prp1);
	struct sluice_mem mem;
	sluice_vstatus_t status;

	/* memory is addressed in dwords */
	if (prp1 % 4)
		return sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);

	status = sluice_vprp_find(slot->vsq, prp1, device_writes, &mem);
	if (status)
		return status;
	out->prp1 = cpu_to_le64(mem.dma);
	slot->iovas[0] = prp1 - SLUICE_PRP_OFFSET(prp1);
	slot->nr_entries = 1;
	if (len <= first)
		return SLUICE_VSTATUS_OK;

	len -= first;
	if (len <= SLUICE_NVME_PAGE) {
		status = sluice_vprp_find_page(slot->vsq, prp2, device_writes,
					       &mem);
		if (status)
			return status;
		out->prp2 = cpu_to_le64(mem.dma);
		slot->iovas[1] = prp2;
		slot->nr_entries = 2;
		return SLUICE_VSTATUS_OK;
	}

	out->prp2 = cpu_to_le64(slot->list_dma);
	return sluice_vprp_map_list(slot, prp2,
				    DIV_ROUND_UP(len, SLUICE_NVME_PAGE),
				    device_writes);
}

/**
 * sluice_vprp_second() - find the second page of a payload
 * @vctrl: controller
 * @prp1: first PRP entry
 * @prp2: second PRP entry; receives the address of the second page when it is
 *	a list
 * @len: bytes that the guest has room for
 *
 * For a caller that transfers less than the guest has room for: whether PRP2 is
 * a page or a list depends on the room.
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vprp_second(struct sluice_vctrl *vctrl, u64 prp1,
				    u64 *prp2, u64 len)
{
	u32 first = SLUICE_NVME_PAGE - SLUICE_PRP_OFFSET(prp1);
	__le64 list[2];
	sluice_vstatus_t status;

	if (len <= first + SLUICE_NVME_PAGE)
		return SLUICE_VSTATUS_OK;
	/* two entries: the first might else be taken for the only one */
	status = sluice_vprp_copy_list(vctrl, *prp2, list, ARRAY_SIZE(list));
	if (!status)
		*prp2 = le64_to_cpu(list[0]);
	return status;
}

static sluice_vstatus_t sluice_vprp_copy_page(struct sluice_vctrl *vctrl,
					      struct sluice_vsq *vsq, u64 prp,
					      void *buf, u32 len, bool to_guest)
{
	struct sluice_mem mem;
	sluice_vstatus_t status;

	status = sluice_vprp_get(vctrl, vsq, prp, to_guest, &mem);
	if (status)
		return status;
	if (to_guest)
		memcpy(mem.vaddr, buf, len);
	else
		memcpy(buf, mem.vaddr, len);
	return SLUICE_VSTATUS_OK;
}

static sluice_vstatus_t sluice_vprp_copy_pages(struct sluice_vctrl *vctrl,
					       struct sluice_vsq *vsq, u64 prp1,
					       u64 prp2, void *buf, u32 len,
					       bool to_guest)
{
	u32 first = min_t(u32, len, SLUICE_NVME_PAGE - SLUICE_PRP_OFFSET(prp1));
	sluice_vstatus_t status;

	if (prp1 % 4)
		return sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);
	if (len > first && SLUICE_PRP_OFFSET(prp2))
		return sluice_vstatus_fail(NVME_SC_INVALID_PRP_OFFSET);

	status = sluice_vprp_copy_page(vctrl, vsq, prp1, buf, first, to_guest);
	if (status || len == first)
		return status;
	return sluice_vprp_copy_page(vctrl, vsq, prp2, buf + first, len - first,
				     to_guest);
}

/**
 * sluice_vprp_read() - copy a small payload of an I/O command
 * @slot: slot of the command
 * @prp1: first PRP entry
 * @prp2: second PRP entry
 * @buf: host memory
 * @len: bytes, at most one page, so that two PRP entries reach
 *
 * Does not sleep. Its queue's lock is held.
 *
 * Return: a status, %SLUICE_VSTATUS_RETRY or %SLUICE_VSTATUS_MISS.
 */
sluice_vstatus_t sluice_vprp_read(struct sluice_vslot *slot, u64 prp1, u64 prp2,
				  void *buf, u32 len)
{
	return sluice_vprp_copy_pages(slot->vsq->vctrl, slot->vsq, prp1, prp2,
				      buf, len, false);
}

/**
 * sluice_vprp_copy() - copy a small payload between the host and a guest
 * @vctrl: controller
 * @prp1: first PRP entry
 * @prp2: second PRP entry
 * @buf: host memory
 * @len: bytes, at most one page, so that two PRP entries reach
 * @to_guest: direction
 *
 * For the worker: sleeps for memory that was not used before.
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_vprp_copy(struct sluice_vctrl *vctrl, u64 prp1,
				  u64 prp2, void *buf, u32 len, bool to_guest)
{
	return sluice_vprp_copy_pages(vctrl, NULL, prp1, prp2, buf, len,
				      to_guest);
}
