// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small NVMe driver: admin commands
 *
 * The commands return data in the controller's scratch pages.
 */
#include <string.h>

#include "nvme.h"

u16 nvme_identify(struct nvme *nv, u32 cns, u32 nsid)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_IDENTIFY,
		.nsid = nsid,
		.prp1 = nv->scratch.iova[0],
		.cdw10 = cns,
	};

	return nvme_exec_status(&nv->asq, &sqe);
}

u16 nvme_get_feature(struct nvme *nv, u32 fid, u32 *val)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_GET_FEATURES,
		.prp1 = nv->scratch.iova[0],
		.cdw10 = fid,
	};
	struct nvme_cqe cqe = nvme_exec(&nv->asq, &sqe);

	if (val)
		*val = cqe.dw0;
	return nvme_status(&cqe);
}

u16 nvme_set_feature(struct nvme *nv, u32 fid, u32 val, u32 *result)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_SET_FEATURES,
		.prp1 = nv->scratch.iova[0],
		.cdw10 = fid,
		.cdw11 = val,
	};
	struct nvme_cqe cqe = nvme_exec(&nv->asq, &sqe);

	if (result)
		*result = cqe.dw0;
	return nvme_status(&cqe);
}

u16 nvme_get_log(struct nvme *nv, u8 lid, u32 nsid, u64 offset, u32 len)
{
	u32 numd = len / 4 - 1;
	struct nvme_sqe sqe = {
		.opcode = ADM_GET_LOG,
		.nsid = nsid,
		.prp1 = nv->scratch.iova[0],
		.prp2 = len > PAGE ? nv->scratch.iova[1] : 0,
		.cdw10 = lid | (numd & 0xffff) << 16,
		.cdw11 = numd >> 16,
		.cdw12 = offset,
		.cdw13 = offset >> 32,
	};

	return nvme_exec_status(&nv->asq, &sqe);
}

u16 nvme_create_cq_cmd(struct nvme *nv, u16 qid, u32 qsize, u64 prp,
		       u32 cdw11)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_CREATE_CQ,
		.prp1 = prp,
		.cdw10 = qsize << 16 | qid,
		.cdw11 = cdw11,
	};

	return nvme_exec_status(&nv->asq, &sqe);
}

u16 nvme_create_sq_cmd(struct nvme *nv, u16 qid, u32 qsize, u64 prp,
		       u32 cdw11)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_CREATE_SQ,
		.prp1 = prp,
		.cdw10 = qsize << 16 | qid,
		.cdw11 = cdw11,
	};

	return nvme_exec_status(&nv->asq, &sqe);
}

u16 nvme_delete_cmd(struct nvme *nv, u8 opcode, u16 qid)
{
	struct nvme_sqe sqe = { .opcode = opcode, .cdw10 = qid };

	return nvme_exec_status(&nv->asq, &sqe);
}
