// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the host's disks - from a request to a command and back
 */
#include <linux/dma-mapping.h>

#include <sluice_compat.h>

#include "host/host.h"

/* DLFEAT: how deallocated blocks read, and whether DEAC works [figure 245] */
#define SLUICE_DLFEAT_READ	GENMASK(2, 0)
#define SLUICE_DLFEAT_ZEROES	1
#define SLUICE_DLFEAT_DEAC	BIT(3)

static u64 sluice_diskcmd_lba(struct sluice_nvme_ns *ns, sector_t sector)
{
	return sector >> (ns->lba_shift - SECTOR_SHIFT);
}

/**
 * sluice_diskcmd_prps() - describe a transfer with PRP entries
 * @cmd: receives PRP1 and PRP2
 * @sg: mapped scatter list. All elements but the first begin at a page, all
 *	but the last end at one
 * @nents: its mapped elements
 * @len: bytes to transfer, at most %SLUICE_NVME_MAX_XFER
 * @list: a page for the PRP list
 * @list_dma: its bus address
 *
 * Return: false when the scatter list breaks the rules above.
 */
bool sluice_diskcmd_prps(struct nvme_cmd *cmd, struct scatterlist *sg,
			 unsigned int nents, unsigned int len, __le64 *list,
			 dma_addr_t list_dma)
{
	const unsigned int max = SLUICE_NVME_PAGE / sizeof(*list);
	unsigned int nr = 0, offset, step, i;
	struct scatterlist *s;
	bool first = true;

	for_each_sg(sg, s, nents, i) {
		unsigned int left = min(sg_dma_len(s), len);
		dma_addr_t addr = sg_dma_address(s);

		for (len -= left; left; left -= step, addr += step) {
			offset = addr & (SLUICE_NVME_PAGE - 1);
			step = min(left, SLUICE_NVME_PAGE - offset);
			/* Only the first page may begin late, */
			if ((offset && !first) || nr == max)
				return false;
			/* only the last may end early. */
			if (offset + step < SLUICE_NVME_PAGE &&
			    (left > step || len))
				return false;
			if (first)
				cmd->prp1 = cpu_to_le64(addr);
			else
				list[nr++] = cpu_to_le64(addr);
			first = false;
		}
	}
	if (first || len)
		return false;
	if (nr == 0)
		cmd->prp2 = 0;
	else if (nr == 1)
		cmd->prp2 = list[0];
	else
		cmd->prp2 = cpu_to_le64(list_dma);
	return true;
}

static blk_status_t sluice_diskcmd_map(struct sluice_nvme_ns *ns,
				       struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);
	struct device *dev = &ns->ctrl->pdev->dev;
	unsigned int mapped;

	sg_init_table(srq->sg, blk_rq_nr_phys_segments(rq));
	srq->nents = sluice_compat_rq_map_sg(rq, srq->sg);
	if (!srq->nents)
		return BLK_STS_IOERR;
	mapped = dma_map_sg_attrs(dev, srq->sg, srq->nents, rq_dma_dir(rq),
				  DMA_ATTR_NO_WARN);
	if (!mapped) {
		srq->nents = 0;
		return BLK_STS_RESOURCE;
	}
	if (WARN_ON_ONCE(!sluice_diskcmd_prps(&srq->cmd, srq->sg, mapped,
					      blk_rq_payload_bytes(rq),
					      srq->prps, srq->prps_dma))) {
		sluice_diskcmd_unmap(ns, rq);
		return BLK_STS_IOERR;
	}
	return BLK_STS_OK;
}

/**
 * sluice_diskcmd_unmap() - give up the mapping of a request's data
 * @ns: namespace
 * @rq: request, mapped or not
 */
void sluice_diskcmd_unmap(struct sluice_nvme_ns *ns, struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	if (srq->nents)
		dma_unmap_sg(&ns->ctrl->pdev->dev, srq->sg, srq->nents,
			     rq_dma_dir(rq));
	srq->nents = 0;
}

static void sluice_diskcmd_range(struct sluice_nvme_ns *ns, struct request *rq,
				 u32 control)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);
	u64 slba = sluice_diskcmd_lba(ns, blk_rq_pos(rq));

	srq->cmd.cdw10 = cpu_to_le32(lower_32_bits(slba));
	srq->cmd.cdw11 = cpu_to_le32(upper_32_bits(slba));
	srq->cmd.cdw12 = cpu_to_le32(((blk_rq_bytes(rq) >> ns->lba_shift) - 1) |
				     control);
}

static blk_status_t sluice_diskcmd_rw(struct sluice_nvme_ns *ns,
				      struct request *rq, u8 opcode)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	srq->cmd.opcode = opcode;
	sluice_diskcmd_range(ns, rq,
			     rq->cmd_flags & REQ_FUA ? NVME_RW_FUA : 0);
	return sluice_diskcmd_map(ns, rq);
}

static blk_status_t sluice_diskcmd_zeroes(struct sluice_nvme_ns *ns,
					  struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);
	u8 dlfeat = ns->id->dlfeat;
	u32 control = 0;

	if (!(rq->cmd_flags & REQ_NOUNMAP) && dlfeat & SLUICE_DLFEAT_DEAC &&
	    (dlfeat & SLUICE_DLFEAT_READ) == SLUICE_DLFEAT_ZEROES)
		control = NVME_RW_DEAC;
	srq->cmd.opcode = NVME_IO_WRITE_ZEROES;
	sluice_diskcmd_range(ns, rq, control);
	return BLK_STS_OK;
}

static blk_status_t sluice_diskcmd_discard(struct sluice_nvme_ns *ns,
					   struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);
	struct nvme_dsm_range *range = (void *)srq->prps;
	unsigned int nr = 0;
	struct bio *bio;

	__rq_for_each_bio(bio, rq) {
		u64 slba = sluice_diskcmd_lba(ns, bio->bi_iter.bi_sector);
		u32 nlb = bio->bi_iter.bi_size >> ns->lba_shift;

		if (WARN_ON_ONCE(nr == NVME_DSM_MAX_RANGES))
			return BLK_STS_IOERR;
		range[nr++] = (struct nvme_dsm_range) {
			.nlb = cpu_to_le32(nlb),
			.slba = cpu_to_le64(slba),
		};
	}
	if (WARN_ON_ONCE(!nr))
		return BLK_STS_IOERR;
	srq->cmd.opcode = NVME_IO_DSM;
	srq->cmd.prp1 = cpu_to_le64(srq->prps_dma);
	srq->cmd.cdw10 = cpu_to_le32(nr - 1);
	srq->cmd.cdw11 = cpu_to_le32(NVME_DSM_AD);
	return BLK_STS_OK;
}

/**
 * sluice_diskcmd_setup() - build the command for a request
 * @ns: namespace
 * @rq: request
 *
 * Allocates nothing.
 *
 * Return: %BLK_STS_OK with the data mapped, or why not.
 */
blk_status_t sluice_diskcmd_setup(struct sluice_nvme_ns *ns, struct request *rq)
{
	struct sluice_nvme_rq *srq = blk_mq_rq_to_pdu(rq);

	srq->status = 0;
	srq->aborted = false;
	srq->nents = 0;
	srq->cmd = (struct nvme_cmd) {
		.cid = cpu_to_le16(rq->tag),
		.nsid = cpu_to_le32(ns->nsid),
	};
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return sluice_diskcmd_rw(ns, rq, NVME_IO_READ);
	case REQ_OP_WRITE:
		return sluice_diskcmd_rw(ns, rq, NVME_IO_WRITE);
	case REQ_OP_FLUSH:
		srq->cmd.opcode = NVME_IO_FLUSH;
		return BLK_STS_OK;
	case REQ_OP_DISCARD:
		return sluice_diskcmd_discard(ns, rq);
	case REQ_OP_WRITE_ZEROES:
		return sluice_diskcmd_zeroes(ns, rq);
	default:
		return BLK_STS_NOTSUPP;
	}
}

/**
 * sluice_diskcmd_status() - what the block layer is told
 * @status: NVMe status
 *
 * Return: the block layer's status that comes nearest.
 */
blk_status_t sluice_diskcmd_status(u16 status)
{
	switch (status & NVME_SC_MASK) {
	case NVME_SC_SUCCESS:
		return BLK_STS_OK;
	case NVME_SC_INVALID_OPCODE:
		return BLK_STS_NOTSUPP;
	case NVME_SC_LBA_RANGE:
		return BLK_STS_TARGET;
	case NVME_SC_CAPACITY_EXCEEDED:
		return BLK_STS_NOSPC;
	case NVME_SC_WRITE_FAULT:
	case NVME_SC_READ_ERROR:
		return BLK_STS_MEDIUM;
	default:
		return BLK_STS_IOERR;
	}
}
