// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the register file of a virtual NVMe controller
 *
 * NVMe 1.4, section 3.1. These functions change nothing but the registers. The
 * return value of a register write says what the guest has asked for; vctrl.c
 * does it later and then calls back to have the registers say that it is done.
 */
#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "spec.h"
#include "guest/vregs.h"

/*
 * CAP.TO counts 500 ms; this is its largest value. A slow drive's queues take a
 * while to delete: by default, two minutes before the drive is reset for it.
 */
#define SLUICE_VREGS_TIMEOUT	255

/* What is not reserved of CC */
#define SLUICE_VREGS_CC \
	(NVME_CC_EN | NVME_CC_CSS | NVME_CC_MPS | NVME_CC_AMS | NVME_CC_SHN | \
	 NVME_CC_IOSQES | NVME_CC_IOCQES)

/* The registers in use end with ACQ. */
#define SLUICE_VREGS_BYTES	(NVME_REG_ACQ + sizeof(u64))

/**
 * sluice_vregs_init() - registers as after power-on
 * @regs: register file
 * @max_depth: entries that a queue may have, 2 to 65536
 */
void sluice_vregs_init(struct sluice_vregs *regs, u32 max_depth)
{
	memset(regs, 0, sizeof(*regs));
	regs->cap = FIELD_PREP(NVME_CAP_MQES, max_depth - 1) |
		    FIELD_PREP(NVME_CAP_TO, SLUICE_VREGS_TIMEOUT) |
		    FIELD_PREP(NVME_CAP_DSTRD, SLUICE_VREGS_DSTRD) |
		    NVME_CAP_CSS_NVM;
}

/**
 * sluice_vregs_read() - read registers
 * @regs: register file
 * @off: offset in BAR0
 * @val: receives @len bytes, little-endian; reserved ones read as zero
 * @len: bytes, 1 to 8
 */
void sluice_vregs_read(const struct sluice_vregs *regs, u32 off, void *val,
		       unsigned int len)
{
	u8 image[SLUICE_VREGS_BYTES] = {};

	memset(val, 0, len);
	if (off >= sizeof(image))
		return;

	put_unaligned_le64(regs->cap, image + NVME_REG_CAP);
	put_unaligned_le32(NVME_VS(1, 4, 0), image + NVME_REG_VS);
	put_unaligned_le32(regs->intms, image + NVME_REG_INTMS);
	put_unaligned_le32(regs->intms, image + NVME_REG_INTMC);
	put_unaligned_le32(regs->cc, image + NVME_REG_CC);
	put_unaligned_le32(regs->csts, image + NVME_REG_CSTS);
	put_unaligned_le32(regs->aqa, image + NVME_REG_AQA);
	put_unaligned_le64(regs->asq, image + NVME_REG_ASQ);
	put_unaligned_le64(regs->acq, image + NVME_REG_ACQ);
	memcpy(val, image + off, min_t(size_t, len, sizeof(image) - off));
}

static unsigned int sluice_vregs_write_cc(struct sluice_vregs *regs, u32 cc)
{
	u32 old = regs->cc;
	unsigned int actions = 0;

	cc &= SLUICE_VREGS_CC;
	regs->cc = cc;
	if ((cc & NVME_CC_EN) && !(old & NVME_CC_EN)) {
		regs->csts &= ~NVME_CSTS_SHST;
		actions |= SLUICE_VREGS_ENABLE;
	} else if (!(cc & NVME_CC_EN) && (old & NVME_CC_EN)) {
		/* a guest that never saw RDY need not wait for it to go */
		regs->csts &= ~NVME_CSTS_CFS;
		actions |= SLUICE_VREGS_DISABLE;
	}

	if (FIELD_GET(NVME_CC_SHN, cc) && !FIELD_GET(NVME_CC_SHN, old)) {
		/* a disabled controller has nothing to shut down */
		regs->csts &= ~NVME_CSTS_SHST;
		regs->csts |= FIELD_PREP(NVME_CSTS_SHST, 1);
		actions |= SLUICE_VREGS_SHUTDOWN;
	}
	return actions;
}

static u64 sluice_vregs_merge_high(u64 old, u32 high)
{
	return (u64)high << 32 | lower_32_bits(old);
}

static u64 sluice_vregs_merge_low(u64 old, u32 low)
{
	/* bits 11:0 are reserved: queues begin on a page */
	return (old & GENMASK_ULL(63, 32)) | (low & GENMASK(31, 12));
}

static unsigned int sluice_vregs_write_dword(struct sluice_vregs *regs,
					     u32 off, u32 val)
{
	/* AQA, ASQ and ACQ of an enabled controller keep their value [3.1.8] */
	bool enabled = regs->cc & NVME_CC_EN;

	switch (off) {
	case NVME_REG_INTMS:
		regs->intms |= val;
		return 0;
	case NVME_REG_INTMC:
		regs->intms &= ~val;
		return 0;
	case NVME_REG_CC:
		return sluice_vregs_write_cc(regs, val);
	case NVME_REG_AQA:
		if (!enabled)
			regs->aqa = val & (NVME_AQA_ASQS | NVME_AQA_ACQS);
		return 0;
	case NVME_REG_ASQ:
		if (!enabled)
			regs->asq = sluice_vregs_merge_low(regs->asq, val);
		return 0;
	case NVME_REG_ASQ + 4:
		if (!enabled)
			regs->asq = sluice_vregs_merge_high(regs->asq, val);
		return 0;
	case NVME_REG_ACQ:
		if (!enabled)
			regs->acq = sluice_vregs_merge_low(regs->acq, val);
		return 0;
	case NVME_REG_ACQ + 4:
		if (!enabled)
			regs->acq = sluice_vregs_merge_high(regs->acq, val);
		return 0;
	default:
		/* read-only or reserved: ignored */
		return 0;
	}
}

/**
 * sluice_vregs_write() - write registers
 * @regs: register file
 * @off: offset in BAR0, a multiple of @len
 * @val: @len bytes, little-endian
 * @len: bytes; the specification allows 4 and 8 [3.1], others are ignored
 *
 * Return: actions asked for, of &enum sluice_vregs_action.
 */
unsigned int sluice_vregs_write(struct sluice_vregs *regs, u32 off,
				const void *val, unsigned int len)
{
	unsigned int actions;

	if ((len != 4 && len != 8) || off % 4)
		return 0;

	actions = sluice_vregs_write_dword(regs, off, get_unaligned_le32(val));
	if (len == 8)
		actions |= sluice_vregs_write_dword(regs, off + 4,
						    get_unaligned_le32(val + 4));
	return actions;
}

/**
 * sluice_vregs_enable_valid() - can the controller be enabled as configured?
 * @regs: register file with CC.EN set
 *
 * Return: true when CC and AQA ask for what CAP offers [3.1.5, 3.1.8].
 */
bool sluice_vregs_enable_valid(const struct sluice_vregs *regs)
{
	return !FIELD_GET(NVME_CC_CSS, regs->cc) &&
	       !FIELD_GET(NVME_CC_MPS, regs->cc) &&
	       !FIELD_GET(NVME_CC_AMS, regs->cc) &&
	       FIELD_GET(NVME_AQA_ASQS, regs->aqa) &&
	       FIELD_GET(NVME_AQA_ACQS, regs->aqa);
}

/**
 * sluice_vregs_disabled() - the Controller Reset is done [7.3.2]
 * @regs: register file
 *
 * AQA, ASQ and ACQ survive, as the specification asks; status does not.
 */
void sluice_vregs_disabled(struct sluice_vregs *regs)
{
	regs->csts &= ~(NVME_CSTS_RDY | NVME_CSTS_CFS | NVME_CSTS_SHST);
	regs->intms = 0;
}

/**
 * sluice_vregs_shut_down() - the shutdown is done [3.1.6]
 * @regs: register file
 *
 * Nothing is reported to a guest that has gone on without waiting for it.
 */
void sluice_vregs_shut_down(struct sluice_vregs *regs)
{
	if (!FIELD_GET(NVME_CC_SHN, regs->cc))
		return;
	regs->csts &= ~NVME_CSTS_SHST;
	regs->csts |= NVME_CSTS_SHST_CMPLT;
}
