// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: Identify of a virtual controller [NVMe 1.4, 5.15]
 *
 * The guest is told what the slice can do. A value of the drive is copied only
 * if it holds for the slice as well. Serial number, model and names are those
 * of the slice.
 */
#include <linux/bitfield.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "guest/vctrl.h"

#define SLUICE_ID_CNTLID	1
#define SLUICE_ID_MODEL		"Sluice NVMe slice"

/* Flush takes the broadcast NSID [figure 247, VWC bits 2:1] */
#define SLUICE_ID_VWC_BROADCAST	(3 << 1)

/* Log Page Attributes: effects log, extended data for Get Log Page */
#define SLUICE_ID_LPA		(BIT(1) | BIT(2))

/* One read-only firmware slot */
#define SLUICE_ID_FRMW		(BIT(0) | 1 << 1)

/* Maximum Power Scale: the unit of the maximum power */
#define SLUICE_ID_PSD_MXPS	BIT(0)

/* DLFEAT without the guard field: there is no protection information */
#define SLUICE_ID_DLFEAT	GENMASK(3, 0)

/* NVMe strings are padded with spaces and have no terminator [1.5] */
static void sluice_id_string(char *dst, size_t size, const char *src)
{
	size_t len = min(strlen(src), size);

	memset(dst, ' ', size);
	memcpy(dst, src, len);
}

/*
 * The serial number has room for ten bytes in hexadecimal. The last six bytes of
 * the UUID are folded onto the six before them, since two slices may have UUIDs
 * that differ there only: Proxmox VE puts the number of the virtual machine there,
 * and zeroes before it.
 */
static void sluice_id_serial(const struct sluice_vctrl *vctrl,
			     struct nvme_id_ctrl *id)
{
	const u8 *uuid = vctrl->sdev->info.uuid.b;
	u8 bytes[sizeof(id->sn) / 2];
	char hex[sizeof(id->sn) + 1];
	unsigned int i;

	BUILD_BUG_ON(UUID_SIZE > 2 * sizeof(bytes));

	memcpy(bytes, uuid, sizeof(bytes));
	for (i = sizeof(bytes); i < UUID_SIZE; i++)
		bytes[i + sizeof(bytes) - UUID_SIZE] ^= uuid[i];
	snprintf(hex, sizeof(hex), "%*phN", (int)sizeof(bytes), bytes);
	sluice_id_string(id->sn, sizeof(id->sn), hex);
}

/**
 * sluice_videntify_ctrl() - Identify Controller data structure
 * @vctrl: controller
 * @id: zeroed; receives the structure
 *
 * NVMe 1.4, figure 247.
 */
void sluice_videntify_ctrl(const struct sluice_vctrl *vctrl,
			   struct nvme_id_ctrl *id)
{
	const struct nvme_id_ctrl *drive = vctrl->ctrl->id;

	id->vid = drive->vid;
	id->ssvid = drive->vid;
	sluice_id_serial(vctrl, id);
	sluice_id_string(id->mn, sizeof(id->mn), SLUICE_ID_MODEL);
	sluice_id_string(id->fr, sizeof(id->fr), SLUICE_VERSION);
	id->rab = drive->rab;
	id->mdts = ilog2(vctrl->ns->limits.max_xfer / SLUICE_NVME_PAGE);
	id->cntlid = cpu_to_le16(SLUICE_ID_CNTLID);
	id->ver = cpu_to_le32(NVME_VS(1, 4, 0));
	id->rtd3r = drive->rtd3r;
	id->rtd3e = drive->rtd3e;
	id->cntrltype = 1;
	id->oacs = cpu_to_le16(sluice_vadmin_oacs());
	id->acl = SLUICE_VCTRL_ABORTS - 1;
	id->aerl = SLUICE_VCTRL_AERS - 1;
	id->frmw = SLUICE_ID_FRMW;
	id->lpa = SLUICE_ID_LPA;
	id->elpe = SLUICE_VCTRL_ERRORS - 1;
	id->wctemp = drive->wctemp;
	id->cctemp = drive->cctemp;
	id->sqes = NVME_SQES << 4 | NVME_SQES;
	id->cqes = NVME_CQES << 4 | NVME_CQES;
	id->nn = cpu_to_le32(1);
	id->oncs = cpu_to_le16(sluice_vio_oncs(vctrl) | NVME_ONCS_TIMESTAMP);
	id->vwc = (drive->vwc & NVME_VWC_PRESENT) | SLUICE_ID_VWC_BROADCAST;
	/*
	 * These hold wherever a write begins, also across the namespace's atomic
	 * boundaries [6.4.3], so wherever the slice does. What the drive says of
	 * the namespace alone, NAWUN and the like, depends on them.
	 */
	id->awun = drive->awun;
	id->awupf = drive->awupf;
	id->psd[0].mp = drive->psd[0].mp;
	id->psd[0].flags = drive->psd[0].flags & SLUICE_ID_PSD_MXPS;
	snprintf(id->subnqn, sizeof(id->subnqn),
		 "nqn.2014-08.org.nvmexpress:uuid:%pUb",
		 &vctrl->sdev->info.uuid);
}

/* Does each multiple of so many blocks of the slice begin one of the drive's? */
static bool sluice_id_aligned(const struct sluice_vctrl *vctrl, u32 blocks)
{
	u32 rest;

	div_u64_rem(vctrl->start, blocks, &rest);
	return !rest;
}

/*
 * The drive counts from its own first block: what it prefers is good for the
 * guest if the slice begins at such a place, and else better not told.
 */
static void sluice_id_preferences(const struct sluice_vctrl *vctrl,
				  struct nvme_id_ns *id)
{
	const struct sluice_nvme_limits *l = &vctrl->ns->limits;

	if (l->boundary && sluice_id_aligned(vctrl, l->boundary))
		id->noiob = cpu_to_le16(l->boundary);
	if (sluice_id_aligned(vctrl, l->write_granularity) &&
	    sluice_id_aligned(vctrl, l->write_alignment)) {
		id->npwg = cpu_to_le16(l->write_granularity - 1);
		id->npwa = cpu_to_le16(l->write_alignment - 1);
		if (l->optimal_write)
			id->nows = cpu_to_le16(l->optimal_write - 1);
	}
	if (sluice_id_aligned(vctrl, l->discard_granularity) &&
	    sluice_id_aligned(vctrl, l->discard_alignment)) {
		id->npdg = cpu_to_le16(l->discard_granularity - 1);
		id->npda = cpu_to_le16(l->discard_alignment - 1);
	}
	if (id->npwg || id->npwa || id->nows || id->npdg || id->npda)
		id->nsfeat |= NVME_NS_NSFEAT_OPTPERF;
}

/**
 * sluice_videntify_ns() - Identify Namespace data structure
 * @vctrl: controller
 * @id: zeroed; receives the structure
 *
 * NVMe 1.4, figure 245.
 */
void sluice_videntify_ns(const struct sluice_vctrl *vctrl,
			 struct nvme_id_ns *id)
{
	id->nsze = cpu_to_le64(vctrl->nr_blocks);
	id->ncap = id->nsze;
	id->nuse = id->nsze;
	id->dlfeat = vctrl->ns->id->dlfeat & SLUICE_ID_DLFEAT;
	export_uuid(id->nguid, &vctrl->sdev->info.uuid);
	id->lbaf[0].lbads = vctrl->ns->lba_shift;
	if (vctrl->ns->limits.write_protected)
		id->nsattr = NVME_NS_NSATTR_PROTECTED;
	sluice_id_preferences(vctrl, id);
}

/* A limit as VSL and WZSL have it: a power of two in pages, 0 for none */
static u8 sluice_id_pages(const struct sluice_vctrl *vctrl, u32 blocks)
{
	if (blocks >= SLUICE_NVME_MAX_BLOCKS)
		return 0;
	return ilog2((blocks << vctrl->ns->lba_shift) / SLUICE_NVME_PAGE);
}

/**
 * sluice_videntify_ctrl_nvm() - Identify Controller of the NVM command set
 * @vctrl: controller
 * @id: zeroed; receives the structure
 *
 * NVM Command Set Specification 1.0, 4.1.5.2.
 */
void sluice_videntify_ctrl_nvm(const struct sluice_vctrl *vctrl,
			       struct nvme_id_ctrl_nvm *id)
{
	const struct sluice_nvme_limits *l = &vctrl->ns->limits;

	id->vsl = sluice_id_pages(vctrl, l->verify);
	id->wzsl = sluice_id_pages(vctrl, l->write_zeroes);
	if (l->dsm_ranges < NVME_DSM_MAX_RANGES)
		id->dmrl = l->dsm_ranges;
	if (l->dsm_range < U32_MAX)
		id->dmrsl = cpu_to_le32(l->dsm_range);
	if (l->dsm_blocks < U64_MAX)
		id->dmsl = cpu_to_le64(l->dsm_blocks);
}

static void sluice_id_desc(u8 **p, u8 type, const uuid_t *uuid)
{
	(*p)[0] = type;
	(*p)[1] = UUID_SIZE;
	export_uuid(*p + 4, uuid);
	*p += 4 + UUID_SIZE;
}

/**
 * sluice_videntify_descs() - Namespace Identification Descriptor list
 * @vctrl: controller
 * @page: zeroed page; receives the list
 *
 * NVMe 1.4, figure 248.
 */
void sluice_videntify_descs(const struct sluice_vctrl *vctrl, u8 *page)
{
	sluice_id_desc(&page, NVME_NIDT_NGUID, &vctrl->sdev->info.uuid);
	sluice_id_desc(&page, NVME_NIDT_UUID, &vctrl->sdev->info.uuid);
}

/* Active namespaces with an identifier above the one given [5.15.2.3] */
static sluice_vstatus_t sluice_videntify_list(u32 nsid, __le32 *list)
{
	if (nsid >= NVME_NSID_ALL - 1)
		return sluice_vstatus_fail(NVME_SC_INVALID_NS);
	if (nsid < SLUICE_VCTRL_NSID)
		list[0] = cpu_to_le32(SLUICE_VCTRL_NSID);
	return SLUICE_VSTATUS_OK;
}

static sluice_vstatus_t sluice_videntify_fill(struct sluice_vctrl *vctrl,
					      const struct nvme_cmd *cmd,
					      void *page)
{
	bool nvm = FIELD_GET(NVME_ID_CSI, le32_to_cpu(cmd->cdw11)) ==
		   NVME_CSI_NVM;
	u32 nsid = le32_to_cpu(cmd->nsid);
	bool ns_valid = nsid == SLUICE_VCTRL_NSID;

	switch (le32_to_cpu(cmd->cdw10) & 0xff) {
	case NVME_ID_CNS_CTRL:
		sluice_videntify_ctrl(vctrl, page);
		return SLUICE_VSTATUS_OK;
	case NVME_ID_CNS_NS_ACTIVE_LIST:
		return sluice_videntify_list(nsid, page);
	case NVME_ID_CNS_NS:
		if (!ns_valid)
			return sluice_vstatus_fail(NVME_SC_INVALID_NS);
		sluice_videntify_ns(vctrl, page);
		return SLUICE_VSTATUS_OK;
	case NVME_ID_CNS_NS_DESC_LIST:
		if (!ns_valid)
			return sluice_vstatus_fail(NVME_SC_INVALID_NS);
		sluice_videntify_descs(vctrl, page);
		return SLUICE_VSTATUS_OK;
	case NVME_ID_CNS_NS_CSI:
		if (!nvm)
			return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
		if (!ns_valid)
			return sluice_vstatus_fail(NVME_SC_INVALID_NS);
		/* Zeroes: no storage tags, nor kinds of protection. */
		return SLUICE_VSTATUS_OK;
	case NVME_ID_CNS_CTRL_CSI:
		if (!nvm)
			return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
		sluice_videntify_ctrl_nvm(vctrl, page);
		return SLUICE_VSTATUS_OK;
	default:
		return sluice_vstatus_fail(NVME_SC_INVALID_FIELD);
	}
}

/**
 * sluice_videntify() - Identify [NVMe 1.4, 5.15]
 * @vctrl: controller, its admin lock held
 * @cmd: private copy of the command
 * @result: dword 0 of the completion, which stays zero
 *
 * Return: a status, or %SLUICE_VSTATUS_RETRY.
 */
sluice_vstatus_t sluice_videntify(struct sluice_vctrl *vctrl,
				  const struct nvme_cmd *cmd, u32 *result)
{
	sluice_vstatus_t status;

	memset(vctrl->id_page, 0, SLUICE_NVME_PAGE);
	status = sluice_videntify_fill(vctrl, cmd, vctrl->id_page);
	if (status)
		return status;
	return sluice_vprp_copy(vctrl, le64_to_cpu(cmd->prp1),
				le64_to_cpu(cmd->prp2), vctrl->id_page,
				SLUICE_NVME_PAGE, true);
}
