/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Definitions of the NVM Express Base Specification 1.4, as a host needs them
 *
 * Written independently of the driver's header on purpose: a mistake in one of
 * them makes a test fail.
 */
#ifndef SLUICE_TEST_NVME_SPEC_H
#define SLUICE_TEST_NVME_SPEC_H

#include "types.h"

/* Registers [3.1] */
#define REG_CAP		0x00
#define REG_VS		0x08
#define REG_INTMS	0x0c
#define REG_INTMC	0x10
#define REG_CC		0x14
#define REG_CSTS	0x1c
#define REG_NSSR	0x20
#define REG_AQA		0x24
#define REG_ASQ		0x28
#define REG_ACQ		0x30
#define REG_CMBLOC	0x38
#define REG_DB		0x1000

#define CAP_MQES(cap)	((u32)((cap) & 0xffff))
#define CAP_CQR(cap)	((u32)((cap) >> 16 & 1))
#define CAP_TO(cap)	((u32)((cap) >> 24 & 0xff))	/* units of 500 ms */
#define CAP_DSTRD(cap)	((u32)((cap) >> 32 & 0xf))
#define CAP_NSSRS(cap)	((u32)((cap) >> 36 & 1))
#define CAP_CSS(cap)	((u32)((cap) >> 37 & 0xff))
#define CAP_MPSMIN(cap)	((u32)((cap) >> 48 & 0xf))
#define CAP_MPSMAX(cap)	((u32)((cap) >> 52 & 0xf))

#define CC_EN		BIT(0)
#define CC_CSS(n)	((u32)(n) << 4)
#define CC_MPS(n)	((u32)(n) << 7)
#define CC_SHN(n)	((u32)(n) << 14)
#define CC_SHN_NORMAL	CC_SHN(1)
#define CC_SHN_ABRUPT	CC_SHN(2)
#define CC_IOSQES(n)	((u32)(n) << 16)
#define CC_IOCQES(n)	((u32)(n) << 20)
#define CC_DEFAULT	(CC_IOSQES(6) | CC_IOCQES(4))
#define CC_RESERVED	0xff00000eu

#define CSTS_RDY	BIT(0)
#define CSTS_CFS	BIT(1)
#define CSTS_SHST	(3u << 2)
#define CSTS_SHST_DONE	(2u << 2)

/* Admin commands [5] */
enum {
	ADM_DELETE_SQ		= 0x00,
	ADM_CREATE_SQ		= 0x01,
	ADM_GET_LOG		= 0x02,
	ADM_DELETE_CQ		= 0x04,
	ADM_CREATE_CQ		= 0x05,
	ADM_IDENTIFY		= 0x06,
	ADM_ABORT		= 0x08,
	ADM_SET_FEATURES	= 0x09,
	ADM_GET_FEATURES	= 0x0a,
	ADM_ASYNC_EVENT		= 0x0c,
	ADM_DOORBELL_BUFFER	= 0x7c,
};

/* I/O commands [6] */
enum {
	IO_FLUSH	= 0x00,
	IO_WRITE	= 0x01,
	IO_READ		= 0x02,
	IO_COMPARE	= 0x05,
	IO_WRITE_ZEROES	= 0x08,
	IO_DSM		= 0x09,
	IO_VERIFY	= 0x0c,
};

#define OACS_DOORBELL_BUFFER	BIT(8)

#define ONCS_COMPARE		BIT(0)
#define ONCS_DSM		BIT(2)
#define ONCS_WRITE_ZEROES	BIT(3)
#define ONCS_SAVE		BIT(4)
#define ONCS_TIMESTAMP		BIT(6)
#define ONCS_VERIFY		BIT(7)

#define RW_FUA		BIT(30)
#define DSM_AD		BIT(2)
#define QUEUE_PC	BIT(0)
#define CQ_IEN		BIT(1)

/* Identify CNS [5.15] */
#define CNS_NS		0x00
#define CNS_CTRL	0x01
#define CNS_NS_LIST	0x02
#define CNS_NS_DESC	0x03
#define CNS_NS_CSI	0x05
#define CNS_CTRL_CSI	0x06

/* Log pages [5.14] */
#define LOG_ERROR	0x01
#define LOG_SMART	0x02
#define LOG_FW_SLOT	0x03
#define LOG_CHANGED_NS	0x04
#define LOG_EFFECTS	0x05

/* Features [5.21] */
#define FEAT_ARBITRATION	0x01
#define FEAT_POWER		0x02
#define FEAT_TEMPERATURE	0x04
#define FEAT_ERROR_RECOVERY	0x05
#define FEAT_WRITE_CACHE	0x06
#define FEAT_NUM_QUEUES		0x07
#define FEAT_IRQ_COALESCING	0x08
#define FEAT_IRQ_CONFIG		0x09
#define FEAT_WRITE_ATOMICITY	0x0a
#define FEAT_ASYNC_EVENT	0x0b
#define FEAT_TIMESTAMP		0x0e

/*
 * Status [4.6.1]: SCT << 8 | SC, with Do Not Retry in bit 14, as in bits 15:1
 * of the last word of a completion. ST_TIMEOUT is not of the specification: no
 * completion came.
 */
enum {
	ST_OK			= 0x000,
	ST_OPCODE		= 0x001,
	ST_FIELD		= 0x002,
	ST_CID_CONFLICT		= 0x003,
	ST_TRANSFER		= 0x004,
	ST_ABORTED		= 0x007,
	ST_SQ_DELETED		= 0x008,
	ST_NS			= 0x00b,
	ST_SEQUENCE		= 0x00c,
	ST_PRP_OFFSET		= 0x013,
	ST_LBA_RANGE		= 0x080,
	ST_NOT_READY		= 0x082,
	ST_CQ_INVALID		= 0x100,
	ST_QID			= 0x101,
	ST_QUEUE_SIZE		= 0x102,
	ST_AER_LIMIT		= 0x105,
	ST_VECTOR		= 0x108,
	ST_LOG_PAGE		= 0x109,
	ST_QUEUE_DELETE		= 0x10c,
	ST_FEAT_SAVE		= 0x10d,
	ST_FEAT_CHANGE		= 0x10e,
	ST_FEAT_NS		= 0x10f,
	ST_COMPARE		= 0x285,
	ST_CODE			= 0x7ff,
	ST_DNR			= 0x4000,
	ST_TIMEOUT		= 0xffff,
};

#define DNR(status)	((status) | ST_DNR)

/* Submission queue entry [4.2] */
struct nvme_sqe {
	u8 opcode;
	u8 flags;
	u16 cid;
	u32 nsid;
	u32 cdw2;
	u32 cdw3;
	u64 mptr;
	u64 prp1;
	u64 prp2;
	u32 cdw10;
	u32 cdw11;
	u32 cdw12;
	u32 cdw13;
	u32 cdw14;
	u32 cdw15;
};

_Static_assert(sizeof(struct nvme_sqe) == 64, "entry of a submission queue");

/* Completion queue entry [4.6] */
struct nvme_cqe {
	u32 dw0;
	u32 dw1;
	u16 sq_head;
	u16 sq_id;
	u16 cid;
	u16 status;
};

_Static_assert(sizeof(struct nvme_cqe) == 16, "entry of a completion queue");

/* Dataset Management range [6.7] */
struct nvme_range {
	u32 attributes;
	u32 nlb;
	u64 slba;
};

_Static_assert(sizeof(struct nvme_range) == 16, "range");

/* Offsets in Identify Controller [figure 247] */
#define IDC_VID		0
#define IDC_SN		4
#define IDC_MN		24
#define IDC_FR		64
#define IDC_MDTS	77
#define IDC_CNTLID	78
#define IDC_VER		80
#define IDC_CNTRLTYPE	111
#define IDC_OACS	256
#define OACS_DBBUF	BIT(8)
#define IDC_ACL		258
#define IDC_AERL	259
#define IDC_FRMW	260
#define IDC_LPA		261
#define IDC_ELPE	262
#define IDC_NPSS	263
#define IDC_SQES	512
#define IDC_CQES	513
#define IDC_NN		516
#define IDC_ONCS	520
#define IDC_FUSES	522
#define IDC_VWC		525
#define IDC_SGLS	536
#define IDC_SUBNQN	768

/* Offsets in Identify Namespace [figure 245] */
#define IDN_NSZE	0
#define IDN_NCAP	8
#define IDN_NUSE	16
#define IDN_NLBAF	25
#define IDN_FLBAS	26
#define IDN_MC		27
#define IDN_DPS		29
#define IDN_NGUID	104
#define IDN_LBAF	128

/* Namespace identification descriptor types [figure 248] */
#define NIDT_EUI64	1
#define NIDT_NGUID	2
#define NIDT_UUID	3

#endif /* SLUICE_TEST_NVME_SPEC_H */
