/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: what the NVM Express specification defines
 *
 * From the NVM Express Base Specification 1.4; brackets have its section and
 * figure numbers. The kernel has these definitions in linux/nvme.h, but changes
 * names and values there between releases, so Sluice has its own copy of what
 * it needs. Assertions below check the layouts.
 */
#ifndef SLUICE_NVME_SPEC_H
#define SLUICE_NVME_SPEC_H

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/* Controller registers [3.1] */
enum {
	NVME_REG_CAP	= 0x00,		/* Controller Capabilities */
	NVME_REG_VS	= 0x08,		/* Version */
	NVME_REG_INTMS	= 0x0c,		/* Interrupt Mask Set */
	NVME_REG_INTMC	= 0x10,		/* Interrupt Mask Clear */
	NVME_REG_CC	= 0x14,		/* Controller Configuration */
	NVME_REG_CSTS	= 0x1c,		/* Controller Status */
	NVME_REG_NSSR	= 0x20,		/* NVM Subsystem Reset */
	NVME_REG_AQA	= 0x24,		/* Admin Queue Attributes */
	NVME_REG_ASQ	= 0x28,		/* Admin Submission Queue Base */
	NVME_REG_ACQ	= 0x30,		/* Admin Completion Queue Base */
	NVME_REG_CRTO	= 0x68,		/* Controller Ready Timeouts: 2.0 */
	NVME_REG_DBS	= 0x1000,	/* first doorbell */
};

#define NVME_VS(major, minor, tertiary) \
	(((major) << 16) | ((minor) << 8) | (tertiary))

/* CAP [3.1.1] */
#define NVME_CAP_MQES		GENMASK_ULL(15, 0)
#define NVME_CAP_CQR		BIT_ULL(16)
#define NVME_CAP_TO		GENMASK_ULL(31, 24)
#define NVME_CAP_DSTRD		GENMASK_ULL(35, 32)
#define NVME_CAP_CSS_NVM	BIT_ULL(37)
#define NVME_CAP_MPSMIN		GENMASK_ULL(51, 48)
#define NVME_CAP_MPSMAX		GENMASK_ULL(55, 52)
#define NVME_CAP_CRWMS		BIT_ULL(59)	/* CRTO.CRWMT is valid: 2.0 */

/* CC [3.1.5] */
#define NVME_CC_EN		BIT(0)
#define NVME_CC_CSS		GENMASK(6, 4)
#define NVME_CC_MPS		GENMASK(10, 7)
#define NVME_CC_AMS		GENMASK(13, 11)
#define NVME_CC_SHN		GENMASK(15, 14)
#define NVME_CC_IOSQES		GENMASK(19, 16)
#define NVME_CC_IOCQES		GENMASK(23, 20)
#define NVME_CC_SHN_NORMAL	1
#define NVME_CC_SHN_ABRUPT	2

/* CSTS [3.1.6] */
#define NVME_CSTS_RDY		BIT(0)
#define NVME_CSTS_CFS		BIT(1)
#define NVME_CSTS_SHST		GENMASK(3, 2)
#define NVME_CSTS_SHST_CMPLT	FIELD_PREP(NVME_CSTS_SHST, 2)

/* CRTO: until the controller is ready, its media included, in half seconds */
#define NVME_CRTO_CRWMT		GENMASK(15, 0)

/* AQA [3.1.8] */
#define NVME_AQA_ASQS		GENMASK(11, 0)
#define NVME_AQA_ACQS		GENMASK(27, 16)

#define NVME_SQES		6	/* log2 of a submission queue entry */
#define NVME_CQES		4	/* log2 of a completion queue entry */
#define NVME_NSID_ALL		0xffffffffu

/* Admin commands [5] */
enum {
	NVME_ADMIN_DELETE_SQ	= 0x00,
	NVME_ADMIN_CREATE_SQ	= 0x01,
	NVME_ADMIN_GET_LOG_PAGE	= 0x02,
	NVME_ADMIN_DELETE_CQ	= 0x04,
	NVME_ADMIN_CREATE_CQ	= 0x05,
	NVME_ADMIN_IDENTIFY	= 0x06,
	NVME_ADMIN_ABORT	= 0x08,
	NVME_ADMIN_SET_FEATURES	= 0x09,
	NVME_ADMIN_GET_FEATURES	= 0x0a,
	NVME_ADMIN_ASYNC_EVENT	= 0x0c,
	NVME_ADMIN_DBBUF	= 0x7c,
};

/* NVM commands [6] */
enum {
	NVME_IO_FLUSH		= 0x00,
	NVME_IO_WRITE		= 0x01,
	NVME_IO_READ		= 0x02,
	NVME_IO_COMPARE		= 0x05,
	NVME_IO_WRITE_ZEROES	= 0x08,
	NVME_IO_DSM		= 0x09,
	NVME_IO_VERIFY		= 0x0c,
};

/* Command dword 0 [4.2] */
#define NVME_CMD_FUSE		GENMASK(1, 0)
#define NVME_CMD_PSDT		GENMASK(7, 6)

/* Read, Write and their kin: dword 12 [6.9, 6.15] */
#define NVME_RW_NLB		GENMASK(15, 0)
#define NVME_RW_DEAC		BIT(25)
#define NVME_RW_PRINFO		GENMASK(29, 26)
#define NVME_RW_FUA		BIT(30)
#define NVME_RW_LR		BIT(31)

/* Dataset Management [6.7] */
#define NVME_DSM_NR		GENMASK(7, 0)	/* dword 10, zero-based */
#define NVME_DSM_AD		BIT(2)		/* dword 11 */
#define NVME_DSM_MAX_RANGES	256

/* Create I/O Submission and Completion Queue [5.3, 5.4] */
#define NVME_QUEUE_PC		BIT(0)
#define NVME_CQ_IEN		BIT(1)
#define NVME_SQ_QPRIO		GENMASK(2, 1)
#define NVME_SQ_QPRIO_MEDIUM	2

/* Identify: Controller or Namespace Structure [5.15.1] */
enum {
	NVME_ID_CNS_NS			= 0x00,
	NVME_ID_CNS_CTRL		= 0x01,
	NVME_ID_CNS_NS_ACTIVE_LIST	= 0x02,
	NVME_ID_CNS_NS_DESC_LIST	= 0x03,
	NVME_ID_CNS_NS_CSI		= 0x05,	/* of a command set: 2.0 */
	NVME_ID_CNS_CTRL_CSI		= 0x06,
	NVME_ID_CNS_NS_CTRLS		= 0x12,	/* that have a namespace */
	NVME_ID_CNS_CTRLS		= 0x13,	/* of the subsystem */
};

#define NVME_ID_CSI		GENMASK(31, 24)	/* dword 11 */
#define NVME_CSI_NVM		0

/* Namespace identification descriptor types [figure 248] */
enum {
	NVME_NIDT_EUI64	= 1,
	NVME_NIDT_NGUID	= 2,
	NVME_NIDT_UUID	= 3,
	NVME_NIDT_CSI	= 4,	/* Command Set Identifier: 2.0 */
};

/* Asynchronous events: dword 0 of the completion [5.2.1] */
#define NVME_EVENT_TYPE		GENMASK(2, 0)
#define NVME_EVENT_INFO		GENMASK(15, 8)
#define NVME_EVENT_ERROR	0
#define NVME_EVENT_HEALTH	1
#define NVME_EVENT_NOTICE	2
#define NVME_EVENT_NS_CHANGED	0	/* a notice: Namespace Attribute Changed */

/* Asynchronous Event Configuration [5.21.1.11] */
#define NVME_EVENT_WANT_HEALTH	GENMASK(4, 0)
#define NVME_EVENT_WANT_NS	BIT(8)	/* also in OAES [figure 247] */

/* Log pages [5.14.1] */
enum {
	NVME_LOG_ERROR		= 0x01,
	NVME_LOG_SMART		= 0x02,
	NVME_LOG_FW_SLOT	= 0x03,
	NVME_LOG_CHANGED_NS	= 0x04,
	NVME_LOG_CMD_EFFECTS	= 0x05,
};

/* Features [5.21.1] */
enum {
	NVME_FEAT_ARBITRATION	= 0x01,
	NVME_FEAT_POWER_MGMT	= 0x02,
	NVME_FEAT_TEMP_THRESH	= 0x04,
	NVME_FEAT_ERR_RECOVERY	= 0x05,
	NVME_FEAT_VOLATILE_WC	= 0x06,
	NVME_FEAT_NUM_QUEUES	= 0x07,
	NVME_FEAT_IRQ_COALESCE	= 0x08,
	NVME_FEAT_IRQ_CONFIG	= 0x09,
	NVME_FEAT_WRITE_ATOMIC	= 0x0a,
	NVME_FEAT_ASYNC_EVENT	= 0x0b,
	NVME_FEAT_AUTO_PST	= 0x0c,
	NVME_FEAT_HOST_MEM	= 0x0d,
	NVME_FEAT_TIMESTAMP	= 0x0e,
};

/* Get Features SEL, Set Features SV [5.9, 5.21] */
#define NVME_FEAT_FID		GENMASK(7, 0)
#define NVME_FEAT_SEL		GENMASK(10, 8)
#define NVME_FEAT_SV		BIT(31)
#define NVME_FEAT_SEL_CURRENT	0
#define NVME_FEAT_SEL_DEFAULT	1
#define NVME_FEAT_SEL_SAVED	2
#define NVME_FEAT_SEL_CAPS	3
#define NVME_FEAT_CAP_CHANGE	BIT(2)

/*
 * Status [4.6.1]: type and code as in the Status Field without the phase
 * tag, that is SCT << 8 | SC, with Do Not Retry in bit 14.
 */
enum {
	/* generic */
	NVME_SC_SUCCESS			= 0x000,
	NVME_SC_INVALID_OPCODE		= 0x001,
	NVME_SC_INVALID_FIELD		= 0x002,
	NVME_SC_CMDID_CONFLICT		= 0x003,
	NVME_SC_DATA_XFER_ERROR		= 0x004,
	NVME_SC_INTERNAL		= 0x006,
	NVME_SC_ABORT_REQ		= 0x007,
	NVME_SC_ABORT_SQ_DELETED	= 0x008,
	NVME_SC_INVALID_NS		= 0x00b,
	NVME_SC_CMD_SEQ_ERROR		= 0x00c,
	NVME_SC_INVALID_PRP_OFFSET	= 0x013,
	NVME_SC_LBA_RANGE		= 0x080,
	NVME_SC_CAPACITY_EXCEEDED	= 0x081,
	NVME_SC_NS_NOT_READY		= 0x082,
	/* command specific */
	NVME_SC_CQ_INVALID		= 0x100,
	NVME_SC_QID_INVALID		= 0x101,
	NVME_SC_QUEUE_SIZE		= 0x102,
	NVME_SC_ABORT_LIMIT		= 0x103,
	NVME_SC_ASYNC_LIMIT		= 0x105,
	NVME_SC_INVALID_VECTOR		= 0x108,
	NVME_SC_INVALID_LOG_PAGE	= 0x109,
	NVME_SC_INVALID_QUEUE_DEL	= 0x10c,
	NVME_SC_FEAT_NOT_SAVEABLE	= 0x10d,
	NVME_SC_FEAT_NOT_CHANGEABLE	= 0x10e,
	NVME_SC_FEAT_NOT_NS_SPEC	= 0x10f,
	NVME_SC_BAD_ATTRIBUTES		= 0x180,
	/* media and data integrity */
	NVME_SC_WRITE_FAULT		= 0x280,
	NVME_SC_READ_ERROR		= 0x281,
	NVME_SC_COMPARE_FAILED		= 0x285,

	NVME_SC_MASK			= 0x7ff,
	NVME_SC_DNR			= 0x4000,
};

/* OACS: Optional Admin Command Support [figure 247] */
#define NVME_OACS_NS_MGMT	BIT(3)
#define NVME_OACS_DBBUF		BIT(8)

/* ONCS: Optional NVM Command Support [figure 247] */
#define NVME_ONCS_COMPARE	BIT(0)
#define NVME_ONCS_DSM		BIT(2)
#define NVME_ONCS_WRITE_ZEROES	BIT(3)
#define NVME_ONCS_TIMESTAMP	BIT(6)
#define NVME_ONCS_VERIFY	BIT(7)

#define NVME_CTRATT_ELBAS	BIT(15)	/* formats with storage tags */

#define NVME_VWC_PRESENT	BIT(0)
#define NVME_CMIC_CTRLS		BIT(1)	/* the subsystem may have several */
#define NVME_FNA_FORMAT_ALL	BIT(0)	/* Format takes all namespaces */

/**
 * struct nvme_cmd - submission queue entry [4.2]
 * @opcode: operation
 * @flags: FUSE and PSDT
 * @cid: command identifier
 * @nsid: namespace
 * @cdw2: command specific
 * @cdw3: command specific
 * @mptr: metadata pointer
 * @prp1: first PRP entry
 * @prp2: second PRP entry or PRP list
 * @cdw10: command specific, as are those that follow
 * @cdw11: dword 11
 * @cdw12: dword 12
 * @cdw13: dword 13
 * @cdw14: dword 14
 * @cdw15: dword 15
 */
struct nvme_cmd {
	__u8 opcode;
	__u8 flags;
	__le16 cid;
	__le32 nsid;
	__le32 cdw2;
	__le32 cdw3;
	__le64 mptr;
	__le64 prp1;
	__le64 prp2;
	__le32 cdw10;
	__le32 cdw11;
	__le32 cdw12;
	__le32 cdw13;
	__le32 cdw14;
	__le32 cdw15;
};

static_assert(sizeof(struct nvme_cmd) == 64);

/**
 * struct nvme_cqe - completion queue entry [4.6]
 * @result: command specific, dword 0
 * @rsvd: dword 1
 * @sq_head: SQ Head Pointer
 * @sq_id: SQ Identifier
 * @cid: Command Identifier
 * @status: Status Field in bits 15:1, phase tag in bit 0
 */
struct nvme_cqe {
	__le32 result;
	__le32 rsvd;
	__le16 sq_head;
	__le16 sq_id;
	__le16 cid;
	__le16 status;
};

static_assert(sizeof(struct nvme_cqe) == 16);

/**
 * struct nvme_dsm_range - one range of Dataset Management [6.7]
 * @cattr: context attributes
 * @nlb: length in logical blocks, one-based
 * @slba: first logical block
 */
struct nvme_dsm_range {
	__le32 cattr;
	__le32 nlb;
	__le64 slba;
};

static_assert(sizeof(struct nvme_dsm_range) == 16);

/* Power state descriptor [figure 249] */
struct nvme_id_psd {
	__le16 mp;
	__u8 rsvd2;
	__u8 flags;
	__le32 enlat;
	__le32 exlat;
	__u8 rrt;
	__u8 rrl;
	__u8 rwt;
	__u8 rwl;
	__u8 rsvd16[16];
};

static_assert(sizeof(struct nvme_id_psd) == 32);

/* Identify Controller data structure [figure 247] */
struct nvme_id_ctrl {
	__le16 vid;
	__le16 ssvid;
	char sn[20];
	char mn[40];
	char fr[8];
	__u8 rab;
	__u8 ieee[3];
	__u8 cmic;
	__u8 mdts;
	__le16 cntlid;
	__le32 ver;
	__le32 rtd3r;
	__le32 rtd3e;
	__le32 oaes;
	__le32 ctratt;
	__le16 rrls;
	__u8 rsvd102[9];
	__u8 cntrltype;
	__u8 fguid[16];
	__le16 crdt[3];
	__u8 rsvd134[122];
	__le16 oacs;
	__u8 acl;
	__u8 aerl;
	__u8 frmw;
	__u8 lpa;
	__u8 elpe;
	__u8 npss;
	__u8 avscc;
	__u8 apsta;
	__le16 wctemp;
	__le16 cctemp;
	__le16 mtfa;
	__le32 hmpre;
	__le32 hmmin;
	__u8 tnvmcap[16];
	__u8 unvmcap[16];
	__le32 rpmbs;
	__le16 edstt;
	__u8 dsto;
	__u8 fwug;
	__le16 kas;
	__le16 hctma;
	__le16 mntmt;
	__le16 mxtmt;
	__le32 sanicap;
	__le32 hmminds;
	__le16 hmmaxd;
	__le16 nsetidmax;
	__le16 endgidmax;
	__u8 anatt;
	__u8 anacap;
	__le32 anagrpmax;
	__le32 nanagrpid;
	__le32 pels;
	__u8 rsvd356[156];
	__u8 sqes;
	__u8 cqes;
	__le16 maxcmd;
	__le32 nn;
	__le16 oncs;
	__le16 fuses;
	__u8 fna;
	__u8 vwc;
	__le16 awun;
	__le16 awupf;
	__u8 nvscc;
	__u8 nwpc;
	__le16 acwu;
	__u8 rsvd534[2];
	__le32 sgls;
	__le32 mnan;
	__u8 rsvd544[224];
	char subnqn[256];
	__u8 rsvd1024[1024];
	struct nvme_id_psd psd[32];
	__u8 vs[1024];
};

static_assert(sizeof(struct nvme_id_ctrl) == 4096);
static_assert(offsetof(struct nvme_id_ctrl, oacs) == 256);
static_assert(offsetof(struct nvme_id_ctrl, sqes) == 512);
static_assert(offsetof(struct nvme_id_ctrl, subnqn) == 768);
static_assert(offsetof(struct nvme_id_ctrl, psd) == 2048);

/* Controller list [4.11] */
struct nvme_ctrl_list {
	__le16 nr;
	__le16 id[2047];
};

static_assert(sizeof(struct nvme_ctrl_list) == 4096);

/* LBA format [figure 246] */
struct nvme_lbaf {
	__le16 ms;
	__u8 lbads;
	__u8 rp;
};

/* Host Memory Buffer: dword 11 of the feature, descriptor [5.21.1.13] */
#define NVME_HOST_MEM_ENABLE	BIT(0)
#define NVME_HOST_MEM_RETURN	BIT(1)

struct nvme_hmb_desc {
	__le64 addr;
	__le32 pages;
	__le32 rsvd;
};

static_assert(sizeof(struct nvme_hmb_desc) == 16);

/* Identify Namespace data structure [figure 245] */
struct nvme_id_ns {
	__le64 nsze;
	__le64 ncap;
	__le64 nuse;
	__u8 nsfeat;
	__u8 nlbaf;
	__u8 flbas;
	__u8 mc;
	__u8 dpc;
	__u8 dps;
	__u8 nmic;
	__u8 rescap;
	__u8 fpi;
	__u8 dlfeat;
	__le16 nawun;
	__le16 nawupf;
	__le16 nacwu;
	__le16 nabsn;
	__le16 nabo;
	__le16 nabspf;
	__le16 noiob;
	__u8 nvmcap[16];
	__le16 npwg;
	__le16 npwa;
	__le16 npdg;
	__le16 npda;
	__le16 nows;
	__u8 rsvd74[18];
	__le32 anagrpid;
	__u8 rsvd96[3];
	__u8 nsattr;
	__le16 nvmsetid;
	__le16 endgid;
	__u8 nguid[16];
	__u8 eui64[8];
	struct nvme_lbaf lbaf[16];
	__u8 rsvd192[192];
	__u8 vs[3712];
};

static_assert(sizeof(struct nvme_id_ns) == 4096);
static_assert(offsetof(struct nvme_id_ns, nguid) == 104);
static_assert(offsetof(struct nvme_id_ns, lbaf) == 128);

/*
 * Identify Namespace of the NVM command set [NVM Command Set Specification 1.0,
 * 4.1.5.3]: for each LBA format its storage tag and kind of protection
 */
struct nvme_id_ns_nvm {
	__le64 lbstm;
	__u8 pic;
	__u8 rsvd9[3];
	__le32 elbaf[64];
	__u8 rsvd268[3828];
};

static_assert(sizeof(struct nvme_id_ns_nvm) == 4096);

#define NVME_NS_ELBAF_TAG	GENMASK(6, 0)
#define NVME_NS_ELBAF_PIF	GENMASK(8, 7)

#define NVME_NS_FLBAS_INDEX	GENMASK(3, 0)
#define NVME_NS_NSFEAT_THIN	BIT(0)
#define NVME_NS_NSFEAT_NAWUPF	BIT(1)	/* NAWUN, NAWUPF and NACWU are valid */
#define NVME_NS_NSFEAT_OPTPERF	BIT(4)	/* NPWG to NOWS are valid */
#define NVME_NS_NSATTR_PROTECTED BIT(0)
#define NVME_NS_NMIC_SHARED	BIT(0)

/*
 * Identify Controller of the NVM command set, of which the rest is reserved
 * [NVM Command Set Specification 1.0, 4.1.5.2]. Each limit is 0 if there is
 * none; those of Verify and Write Zeroes are powers of two in memory pages.
 */
struct nvme_id_ctrl_nvm {
	__u8 vsl;
	__u8 wzsl;
	__u8 wusl;
	__u8 dmrl;
	__le32 dmrsl;
	__le64 dmsl;
};

static_assert(sizeof(struct nvme_id_ctrl_nvm) == 16);

/* SMART / Health Information [figure 194] */
struct nvme_smart_log {
	__u8 critical_warning;
	__u8 temperature[2];
	__u8 avail_spare;
	__u8 spare_thresh;
	__u8 percent_used;
	__u8 endurance_group_warning;
	__u8 rsvd7[25];
	__u8 data_units_read[16];
	__u8 data_units_written[16];
	__u8 host_reads[16];
	__u8 host_writes[16];
	__u8 busy_time[16];
	__u8 power_cycles[16];
	__u8 power_on_hours[16];
	__u8 unsafe_shutdowns[16];
	__u8 media_errors[16];
	__u8 num_err_log_entries[16];
	__le32 warning_temp_time;
	__le32 critical_comp_time;
	__le16 temp_sensor[8];
	__u8 rsvd216[296];
};

static_assert(sizeof(struct nvme_smart_log) == 512);

/* Error Information log entry [figure 193] */
struct nvme_error_log {
	__le64 error_count;
	__le16 sqid;
	__le16 cid;
	__le16 status;
	__le16 param_error_loc;
	__le64 lba;
	__le32 nsid;
	__u8 vs;
	__u8 trtype;
	__u8 rsvd30[2];
	__le64 cs;
	__le16 trtype_info;
	__u8 rsvd42[22];
};

static_assert(sizeof(struct nvme_error_log) == 64);

/* Firmware Slot Information log [figure 196] */
struct nvme_fw_slot_log {
	__u8 afi;
	__u8 rsvd1[7];
	char frs[7][8];
	__u8 rsvd64[448];
};

static_assert(sizeof(struct nvme_fw_slot_log) == 512);

/* Commands Supported and Effects log [figure 198] */
struct nvme_effects_log {
	__le32 acs[256];
	__le32 iocs[256];
	__u8 rsvd2048[2048];
};

static_assert(sizeof(struct nvme_effects_log) == 4096);

#define NVME_EFFECT_CSUPP	BIT(0)
#define NVME_EFFECT_LBCC	BIT(1)

#endif /* SLUICE_NVME_SPEC_H */
