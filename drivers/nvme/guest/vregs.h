/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: the register file of a virtual NVMe controller
 *
 * A guest reads and writes the registers in BAR0, below the doorbells.
 */
#ifndef SLUICE_NVME_VREGS_H
#define SLUICE_NVME_VREGS_H

#include <linux/types.h>

/*
 * CAP.DSTRD: a doorbell has 32 bytes. The two doorbells of a queue pair fill a
 * cache line: two vCPUs that use two queue pairs do not write to the same line.
 */
#define SLUICE_VREGS_DSTRD	3

/**
 * struct sluice_vregs - controller registers [NVMe 1.4, 3.1]
 * @cap: Controller Capabilities, constant
 * @cc: Controller Configuration as the guest wrote it
 * @csts: Controller Status
 * @intms: Interrupt Mask; without effect, as with any MSI-X function
 * @aqa: Admin Queue Attributes
 * @asq: Admin Submission Queue Base Address
 * @acq: Admin Completion Queue Base Address
 *
 * There is no lock in here: &sluice_vctrl.reg_lock is held around all uses.
 */
struct sluice_vregs {
	u64 cap;
	u32 cc;
	u32 csts;
	u32 intms;
	u32 aqa;
	u64 asq;
	u64 acq;
};

/**
 * enum sluice_vregs_action - what a register write asks of the controller
 * @SLUICE_VREGS_ENABLE: CC.EN rose: bring up the admin queue, then set RDY
 * @SLUICE_VREGS_DISABLE: CC.EN fell: Controller Reset, then clear RDY
 * @SLUICE_VREGS_SHUTDOWN: CC.SHN was set: shut down, then report completion
 */
enum sluice_vregs_action {
	SLUICE_VREGS_ENABLE	= BIT(0),
	SLUICE_VREGS_DISABLE	= BIT(1),
	SLUICE_VREGS_SHUTDOWN	= BIT(2),
};

void sluice_vregs_init(struct sluice_vregs *regs, u32 max_depth);
void sluice_vregs_read(const struct sluice_vregs *regs, u32 off, void *val,
		       unsigned int len);
unsigned int sluice_vregs_write(struct sluice_vregs *regs, u32 off,
				const void *val, unsigned int len);
bool sluice_vregs_enable_valid(const struct sluice_vregs *regs);
void sluice_vregs_disabled(struct sluice_vregs *regs);
void sluice_vregs_shut_down(struct sluice_vregs *regs);

#endif /* SLUICE_NVME_VREGS_H */
