/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI configuration space of a slice
 *
 * A model without any kernel state, so that tests can run it alone: the
 * contents of the registers, the bits that a guest may change, and the effects
 * of a change. No locks; the caller serialises.
 */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include <linux/pci_regs.h>
#include <linux/sluice.h>
#include <linux/types.h>

/* Bytes that a guest can address; bytes that are stored, the rest is zero. */
#define SLUICE_CONFIG_SIZE	SZ_4K
#define SLUICE_CONFIG_STORED	SZ_256

/* Where the capabilities are. */
#define SLUICE_CONFIG_PM	0x40
#define SLUICE_CONFIG_PCIE	0x50
#define SLUICE_CONFIG_MSIX	0x90

#define SLUICE_CONFIG_VECTORS	2048

/* Effects of a write; see sluice_config_write(). */
#define SLUICE_CONFIG_FLR	BIT(0)	/* Function Level Reset requested */
#define SLUICE_CONFIG_MASTER	BIT(1)	/* bus mastering was switched */
#define SLUICE_CONFIG_MEMORY	BIT(2)	/* decoding of the BARs was switched */

/**
 * struct sluice_config - a function's configuration space
 * @bytes: the registers
 * @writable: bits that a guest may change
 * @msix_size: bytes of the BAR with the MSI-X table and PBA
 * @pba_offset: where the PBA begins in that BAR
 * @vectors: MSI-X vectors
 * @doorbell_pages: pages of the area of doorbells, 0 without one
 * @fn: the function; a reset restores its values
 */
struct sluice_config {
	u8 bytes[SLUICE_CONFIG_STORED];
	u8 writable[SLUICE_CONFIG_STORED];
	u32 msix_size;
	u32 pba_offset;
	unsigned int vectors;
	unsigned int doorbell_pages;
	struct sluice_function fn;
};

int sluice_config_init(struct sluice_config *cfg,
		       const struct sluice_function *fn);
void sluice_config_reset(struct sluice_config *cfg);
void sluice_config_read(const struct sluice_config *cfg, u32 off, void *buf,
			u32 len);
unsigned int sluice_config_write(struct sluice_config *cfg, u32 off,
				 const void *buf, u32 len);
bool sluice_config_memory_on(const struct sluice_config *cfg);
bool sluice_config_master_on(const struct sluice_config *cfg);
u32 sluice_config_bar_size(const struct sluice_config *cfg, unsigned int bar);

#endif /* SLUICE_CONFIG_H */
