/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sluice: a made-up drive for the KUnit tests of the host side
 *
 * Its registers are memory that a thread watches; its configuration space is
 * memory behind the PCI core's own functions. A test says which commands and
 * which attempts to enable or disable it the drive does not answer.
 */
#ifndef SLUICE_NVME_HOSTFAKE_TEST_H
#define SLUICE_NVME_HOSTFAKE_TEST_H

#include <kunit/test.h>
#include <linux/pci.h>

#include "host/host.h"

#define HOSTFAKE_QPAIRS	3
#define HOSTFAKE_CMDS	32

/* What the drive answers to a command: a status, or nothing */
#define HOSTFAKE_SILENT	(-1)

/**
 * struct hostfake - a drive, and the driver's controller for it
 * @test: for failures in callbacks
 * @ctrl: controller, live, with its admin queue open
 * @host: of @ctrl
 * @id: of @ctrl
 * @id_nvm: what it says of the NVM command set
 * @ns_id: its namespace 1; none if the size is 0
 * @elbaf: the extension of its first two LBA formats
 * @descs: the descriptors of that
 * @ns_ctrls: the list of controllers that have it
 * @ctrls: the list of all controllers of the drive
 * @log: each byte of its log pages
 * @event: what it is to report, once it has a request for that
 * @event_cid: the request, counted from 1 on; 0 for none
 * @pdev: PCI function
 * @bus: its bus
 * @config: its configuration space
 * @bar: its registers and doorbells
 * @cqs: of @host
 * @acqes: entries of the admin completion queue
 * @acmds: entries of the admin submission queue
 * @data: data pages of the admin commands
 * @thread: the drive
 * @answer: what each opcode is answered with
 * @cmds: commands that the drive has got
 * @nr_cmds: how many
 * @stays_disabled: attempts to enable it that it does not answer
 * @stays_enabled: does not become disabled
 * @resets: how often the driver has had the controller reset
 * @flrs: function level resets
 * @enabled: the drive has seen CC.EN
 * @sq_head: next admin command
 * @cq_tail: next admin completion
 * @phase: its phase tag
 */
struct hostfake {
	struct kunit *test;
	struct sluice_nvme_ctrl ctrl;
	struct sluice_nvme_host host;
	struct nvme_id_ctrl id;
	struct nvme_id_ctrl_nvm id_nvm;
	struct nvme_id_ns ns_id;
	__le32 elbaf[2];
	u8 descs[64];
	__le16 ns_ctrls[4];
	__le16 ctrls[4];
	u8 log;
	u32 event;
	u16 event_cid;
	struct pci_dev pdev;
	struct pci_bus bus;
	u8 config[256];
	u8 *bar;
	struct sluice_nvme_cq *cqs[HOSTFAKE_QPAIRS + 1];
	struct nvme_cqe acqes[SLUICE_NVME_ADMIN_DEPTH];
	struct nvme_cmd acmds[SLUICE_NVME_ADMIN_DEPTH];
	u8 *data;
	struct task_struct *thread;
	int answer[256];
	struct nvme_cmd cmds[HOSTFAKE_CMDS];
	unsigned int nr_cmds;
	unsigned int stays_disabled;
	bool stays_enabled;
	atomic_t resets;
	unsigned int flrs;
	bool enabled;
	u32 sq_head;
	u32 cq_tail;
	u8 phase;
};

int hostfake_init(struct kunit *test);
void hostfake_exit(struct kunit *test);
bool hostfake_is_master(const struct hostfake *f);
void hostfake_complete(struct hostfake *f, u16 cid, u16 status, u32 result);

#endif /* SLUICE_NVME_HOSTFAKE_TEST_H */
