// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: memory of the host for the drive itself [NVMe 1.4, 5.21.1.13, 8.9]
 *
 * A drive without memory of its own may ask for some of the host, for its tables.
 * It is slow without, but works. It uses the memory until it is told to give it
 * back, is shut down or is reset; nobody else touches the memory before that, so
 * that afterwards it still has what the drive left there.
 */
#include <linux/dma-mapping.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "host/host.h"

/* The page allocator gives no larger pieces. */
#define SLUICE_NVME_HMB_CHUNK	SZ_4M

/* No kernel code looks at the memory. */
#define SLUICE_NVME_HMB_ATTRS	(DMA_ATTR_NO_KERNEL_MAPPING | DMA_ATTR_NO_WARN)

static u64 sluice_nvme_hmb_bytes(__le32 pages)
{
	return (u64)le32_to_cpu(pages) * SLUICE_NVME_PAGE;
}

static size_t sluice_nvme_hmb_len(const struct nvme_hmb_desc *desc)
{
	return sluice_nvme_hmb_bytes(desc->pages);
}

static void sluice_nvme_hmb_free_chunks(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_hmb *hmb = &ctrl->host->hmb;
	struct device *dev = &ctrl->pdev->dev;

	while (hmb->nr) {
		struct nvme_hmb_desc *desc = &hmb->descs[--hmb->nr];

		dma_free_attrs(dev, sluice_nvme_hmb_len(desc),
			       hmb->chunks[hmb->nr], le64_to_cpu(desc->addr),
			       SLUICE_NVME_HMB_ATTRS);
	}
	hmb->size = 0;
}

/**
 * sluice_nvme_hmb_free() - free the memory
 * @ctrl: controller that does no DMA any more, or does not use the memory
 */
void sluice_nvme_hmb_free(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_hmb *hmb = &ctrl->host->hmb;

	sluice_nvme_hmb_free_chunks(ctrl);
	if (hmb->descs)
		dma_free_coherent(&ctrl->pdev->dev,
				  hmb->max * sizeof(*hmb->descs), hmb->descs,
				  hmb->descs_dma);
	hmb->descs = NULL;
	kvfree(hmb->chunks);
	hmb->chunks = NULL;
	hmb->known = false;
}

/* Room for the descriptors of @want bytes in pieces of @chunk */
static bool sluice_nvme_hmb_alloc_descs(struct sluice_nvme_ctrl *ctrl, u64 want,
					u64 chunk)
{
	struct sluice_nvme_hmb *hmb = &ctrl->host->hmb;
	u16 most = le16_to_cpu(ctrl->id->hmmaxd) ?: U16_MAX;

	hmb->max = min_t(u64, DIV64_U64_ROUND_UP(want, chunk), most);
	hmb->chunks = kvcalloc(hmb->max, sizeof(*hmb->chunks), GFP_KERNEL);
	if (!hmb->chunks)
		return false;
	hmb->descs = dma_alloc_coherent(&ctrl->pdev->dev,
					hmb->max * sizeof(*hmb->descs),
					&hmb->descs_dma, GFP_KERNEL);
	return hmb->descs;
}

/* Get up to @want bytes in pieces of @chunk, of which the last may be @least */
static void sluice_nvme_hmb_fill(struct sluice_nvme_ctrl *ctrl, u64 want,
				 u64 chunk, u64 least)
{
	struct sluice_nvme_hmb *hmb = &ctrl->host->hmb;
	dma_addr_t dma;
	u64 len;

	if (!sluice_nvme_hmb_alloc_descs(ctrl, want, chunk))
		return;
	while (hmb->nr < hmb->max && want - hmb->size >= least) {
		len = min(want - hmb->size, chunk);
		hmb->chunks[hmb->nr] = dma_alloc_attrs(&ctrl->pdev->dev, len,
						       &dma, GFP_KERNEL,
						       SLUICE_NVME_HMB_ATTRS);
		if (!hmb->chunks[hmb->nr])
			return;
		hmb->descs[hmb->nr] = (struct nvme_hmb_desc) {
			.addr = cpu_to_le64(dma),
			.pages = cpu_to_le32(len / SLUICE_NVME_PAGE),
		};
		hmb->nr++;
		hmb->size += len;
	}
}

/* In pieces as large as possible, and no smaller than the drive can use */
static bool sluice_nvme_hmb_alloc(struct sluice_nvme_ctrl *ctrl)
{
	const struct nvme_id_ctrl *id = ctrl->id;
	struct sluice_nvme_hmb *hmb = &ctrl->host->hmb;
	u64 limit = (u64)sluice_nvme_max_host_mem_size_mb * SZ_1M;
	u64 want = min(sluice_nvme_hmb_bytes(id->hmpre), limit);
	u64 need = sluice_nvme_hmb_bytes(id->hmmin);
	u64 least = max_t(u64, sluice_nvme_hmb_bytes(id->hmminds), PAGE_SIZE);
	u64 chunk;

	want = round_down(want, PAGE_SIZE);
	if (!want || need > want || least > want)
		return false;
	for (chunk = max_t(u64, least, SLUICE_NVME_HMB_CHUNK); chunk >= least;
	     chunk = round_down(chunk / 2, PAGE_SIZE)) {
		sluice_nvme_hmb_fill(ctrl, want, chunk, least);
		if (hmb->nr && hmb->size >= need)
			return true;
		sluice_nvme_hmb_free(ctrl);
	}
	return false;
}

/**
 * sluice_nvme_hmb_enable() - give the drive the memory that it asks for
 * @ctrl: controller that has been enabled and identified
 *
 * The first call allocates it. After that the drive gets the same memory again,
 * as it left it. A drive that gets none works without.
 *
 * Return: 0, or a negative errno when the drive has failed.
 */
int sluice_nvme_hmb_enable(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_hmb *hmb = &ctrl->host->hmb;
	struct device *dev = &ctrl->pdev->dev;
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw10 = cpu_to_le32(NVME_FEAT_HOST_MEM),
		.cdw11 = cpu_to_le32(NVME_HOST_MEM_ENABLE |
				     (hmb->known ? NVME_HOST_MEM_RETURN : 0)),
	};
	int ret;

	hmb->enabled = false;
	if (!ctrl->id->hmpre || (!hmb->nr && !sluice_nvme_hmb_alloc(ctrl)))
		return 0;
	cmd.cdw12 = cpu_to_le32(hmb->size / SLUICE_NVME_PAGE);
	cmd.cdw13 = cpu_to_le32(lower_32_bits(hmb->descs_dma));
	cmd.cdw14 = cpu_to_le32(upper_32_bits(hmb->descs_dma));
	cmd.cdw15 = cpu_to_le32(hmb->nr);
	ret = sluice_nvme_admin_internal(ctrl, &cmd, NULL, 0, NULL);
	if (!ret) {
		hmb->enabled = true;
		hmb->known = true;
		return 0;
	}
	if (ret < 0)
		return ret;
	dev_warn(dev, "the drive refuses %llu KiB of host memory that it has asked for: status %#x\n",
		 hmb->size / SZ_1K, ret);
	sluice_nvme_hmb_free(ctrl);
	return 0;
}

/**
 * sluice_nvme_hmb_forget() - the memory is not what the drive left there
 * @ctrl: controller that is stopped
 */
void sluice_nvme_hmb_forget(struct sluice_nvme_ctrl *ctrl)
{
	ctrl->host->hmb.known = false;
}

/**
 * sluice_nvme_hmb_release() - take the memory back before a shutdown
 * @ctrl: controller that is being stopped, but is enabled and answers; its
 *	reset_lock is held
 *
 * The drive writes nothing more to the memory, which stays as it is. It has as much
 * time for that as for its shutdown.
 */
void sluice_nvme_hmb_release(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_hmb *hmb = &ctrl->host->hmb;
	struct nvme_cmd cmd = {
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw10 = cpu_to_le32(NVME_FEAT_HOST_MEM),
	};
	int ret;

	lockdep_assert_held(&ctrl->reset_lock);
	if (!hmb->enabled)
		return;
	hmb->enabled = false;
	sluice_nvme_adminq_open(ctrl);
	ret = sluice_nvme_admin_within(ctrl, &cmd, sluice_nvme_shutdown_ms(ctrl));
	sluice_nvme_adminq_close(ctrl, false);
	if (ret)
		dev_warn(&ctrl->pdev->dev, "the drive does not release the host's memory: %s %#x\n",
			 ret < 0 ? "error" : "status", abs(ret));
}
