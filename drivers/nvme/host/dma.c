// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: can the device reach memory itself?
 *
 * A client maps memory once and has the device use it for many commands, with
 * no call to the DMA API before or after each. Only such calls copy what is in
 * a bounce buffer (swiotlb), so the data would be lost. A device that needs
 * bounce buffers is refused.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

#include "host/host.h"

static int sluice_dma_refuse(struct device *dev, const char *why)
{
	dev_err(dev, "refused: DMA would go through bounce buffers (swiotlb): %s\n",
		why);
	return -EOPNOTSUPP;
}

static bool sluice_dma_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type & __IOMMU_DOMAIN_PAGING;
}

/* No IOMMU translates: map a page to learn whether the DMA API bounces it. */
static int sluice_dma_check_direct(struct device *dev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t dma;
	bool sync;

	if (!page)
		return -ENOMEM;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, dma)) {
		__free_page(page);
		return sluice_dma_refuse(dev, "a page cannot be mapped");
	}
	sync = dma_need_sync(dev, dma);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_BIDIRECTIONAL);
	__free_page(page);
	return sync ? sluice_dma_refuse(dev, "a mapped page is not the page itself") : 0;
}

/**
 * sluice_nvme_dma_init() - set DMA up, unless it would bounce
 * @ctrl: controller
 *
 * Return: 0, or a negative errno, after saying why.
 */
int sluice_nvme_dma_init(struct sluice_nvme_ctrl *ctrl)
{
	bool narrow = ctrl->host->quirks & SLUICE_QUIRK_DMA_48;
	struct device *dev = &ctrl->pdev->dev;

	if (dma_set_mask_and_coherent(dev, DMA_BIT_MASK(narrow ? 48 : 64)))
		return sluice_dma_refuse(dev, narrow ? "no 48-bit addresses" :
					 "no 64-bit addresses");
	dma_set_max_seg_size(dev, UINT_MAX);
	if (dma_max_mapping_size(dev) != SIZE_MAX)
		return sluice_dma_refuse(dev, "the size of mappings is limited");
	if (!dev_is_dma_coherent(dev))
		return sluice_dma_refuse(dev, "the device is not cache coherent");
	if (!sluice_dma_translated(dev))
		return sluice_dma_check_direct(dev);
	/* The IOMMU code bounces parts of pages for an untrusted device. */
	if (ctrl->pdev->untrusted)
		return sluice_dma_refuse(dev, "the device is marked as untrusted");
	return 0;
}
