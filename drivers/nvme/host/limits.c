// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: what a drive can do, and how it likes to be used
 *
 * The one place that reads this from Identify. Who asks for it, for the host's
 * disk or for a guest, asks &sluice_nvme_ns.limits.
 */
#include <linux/log2.h>
#include <linux/minmax.h>

#include <sluice_compat.h>

#include "host/host.h"

/* A field that counts from zero and is 0 unless @valid */
static u32 sluice_nvme_from_0_based(bool valid, __le16 field)
{
	return valid ? le16_to_cpu(field) + 1 : 1;
}

/* MDTS counts in CAP.MPSMIN pages, which are SLUICE_NVME_PAGE here. */
static u32 sluice_nvme_limits_xfer(u8 mdts)
{
	if (!mdts || mdts >= ilog2(SLUICE_NVME_MAX_XFER / SLUICE_NVME_PAGE))
		return SLUICE_NVME_MAX_XFER;
	return SLUICE_NVME_PAGE << mdts;
}

/* Blocks of a command that transfers nothing, from VSL or WZSL */
static u32 sluice_nvme_limits_blocks(u8 field, unsigned int lba_shift)
{
	/* pages, which are not smaller than blocks */
	if (!field || field >= ilog2(SLUICE_NVME_MAX_BLOCKS))
		return SLUICE_NVME_MAX_BLOCKS;
	return min(SLUICE_NVME_PAGE << field >> lba_shift,
		   SLUICE_NVME_MAX_BLOCKS);
}

static void sluice_nvme_limits_dsm(struct sluice_nvme_limits *l,
				   const struct nvme_id_ctrl_nvm *nvm)
{
	l->dsm_ranges = nvm->dmrl ?: NVME_DSM_MAX_RANGES;
	l->dsm_range = le32_to_cpu(nvm->dmrsl) ?: U32_MAX;
	l->dsm_blocks = le64_to_cpu(nvm->dmsl) ?: U64_MAX;
}

/* How the namespace likes to be used; 1 block where it says nothing */
static void sluice_nvme_limits_prefer(struct sluice_nvme_limits *l,
				      const struct nvme_id_ns *ns)
{
	bool valid = ns->nsfeat & NVME_NS_NSFEAT_OPTPERF;

	l->boundary = le16_to_cpu(ns->noiob);
	l->write_granularity = sluice_nvme_from_0_based(valid, ns->npwg);
	l->write_alignment = sluice_nvme_from_0_based(valid, ns->npwa);
	l->discard_granularity = sluice_nvme_from_0_based(valid, ns->npdg);
	l->discard_alignment = sluice_nvme_from_0_based(valid, ns->npda);
	/* A single block is no wish: it stands for "not reported". */
	if (valid && ns->nows)
		l->optimal_write = le16_to_cpu(ns->nows) + 1;
}

static u32 sluice_nvme_limits_atomic(const struct nvme_id_ctrl *ctrl,
				     const struct nvme_id_ns *ns)
{
	/* The boundaries of atomic writes begin behind the first block. */
	if (ns->nabo)
		return 1;
	if (ns->nsfeat & NVME_NS_NSFEAT_NAWUPF && ns->nawupf)
		return le16_to_cpu(ns->nawupf) + 1;
	return le16_to_cpu(ctrl->awupf) + 1;
}

/**
 * sluice_nvme_limits_derive() - learn from Identify what a namespace can do
 * @l: filled
 * @ctrl: Identify Controller
 * @nvm: Identify Controller of the NVM command set, zeroes if there is none
 * @ns: Identify Namespace; its format can be used
 * @quirks: what is wrong with the drive
 */
void sluice_nvme_limits_derive(struct sluice_nvme_limits *l,
			       const struct nvme_id_ctrl *ctrl,
			       const struct nvme_id_ctrl_nvm *nvm,
			       const struct nvme_id_ns *ns, u32 quirks)
{
	unsigned int format = FIELD_GET(NVME_NS_FLBAS_INDEX, ns->flbas);
	unsigned int lba_shift = ns->lbaf[format].lbads;

	*l = (struct sluice_nvme_limits) {
		.max_xfer = sluice_nvme_limits_xfer(ctrl->mdts),
		.write_zeroes = sluice_nvme_limits_blocks(nvm->wzsl, lba_shift),
		.verify = sluice_nvme_limits_blocks(nvm->vsl, lba_shift),
		.atomic_write = sluice_nvme_limits_atomic(ctrl, ns),
		.oncs = le16_to_cpu(ctrl->oncs),
		.write_protected = ns->nsattr & NVME_NS_NSATTR_PROTECTED,
	};
	sluice_nvme_limits_dsm(l, nvm);
	sluice_nvme_limits_prefer(l, ns);
	if (quirks & SLUICE_QUIRK_WRITE_ZEROES)
		l->oncs &= ~NVME_ONCS_WRITE_ZEROES;
	/* These drives say it in no other way. */
	if (quirks & SLUICE_QUIRK_STRIPE)
		l->boundary = l->max_xfer >> lba_shift;
}

static unsigned int sluice_nvme_sectors(const struct sluice_nvme_ns *ns,
					u64 blocks)
{
	unsigned int shift = ns->lba_shift - SECTOR_SHIFT;

	return min_t(u64, blocks, UINT_MAX >> shift) << shift;
}

static void sluice_nvme_limits_discard(const struct sluice_nvme_ns *ns,
				       struct sluice_compat_limits *disk)
{
	const struct sluice_nvme_limits *l = &ns->limits;

	/* Each range of a request is as long as the whole may be. */
	disk->max_discard_sectors =
		sluice_nvme_sectors(ns, min(l->dsm_range, l->dsm_blocks));
	disk->max_discard_segments = l->dsm_ranges;
	disk->discard_granularity = l->discard_granularity << ns->lba_shift;
}

/**
 * sluice_nvme_limits_of_disk() - the limits of the host's disk
 * @ns: namespace
 * @disk: filled
 */
void sluice_nvme_limits_of_disk(const struct sluice_nvme_ns *ns,
				struct sluice_compat_limits *disk)
{
	const struct sluice_nvme_limits *l = &ns->limits;
	u32 granularity = l->write_granularity << ns->lba_shift;

	*disk = (struct sluice_compat_limits) {
		.logical_block_size = 1u << ns->lba_shift,
		.io_min = granularity,
		.io_opt = l->optimal_write << ns->lba_shift,
		.max_hw_sectors = l->max_xfer >> SECTOR_SHIFT,
		.max_segments = SLUICE_NVME_MAX_SEGS,
		.virt_boundary_mask = SLUICE_NVME_PAGE - 1,
		.dma_alignment = 3,
		.write_cache = ns->ctrl->id->vwc & NVME_VWC_PRESENT,
	};
	/* Programs take a physical block to be written whole or not at all. */
	disk->physical_block_size =
		rounddown_pow_of_two(min(granularity,
					 l->atomic_write << ns->lba_shift));
	/* The block layer splits at it: not for a value that makes no sense. */
	if (is_power_of_2(l->boundary) &&
	    l->boundary << ns->lba_shift >= SLUICE_NVME_PAGE)
		disk->chunk_sectors = sluice_nvme_sectors(ns, l->boundary);
	if (l->oncs & NVME_ONCS_DSM)
		sluice_nvme_limits_discard(ns, disk);
	/* It transfers nothing, but drives take long to zero long ranges. */
	if (l->oncs & NVME_ONCS_WRITE_ZEROES)
		disk->max_write_zeroes_sectors =
			min(disk->max_hw_sectors,
			    sluice_nvme_sectors(ns, l->write_zeroes));
}
