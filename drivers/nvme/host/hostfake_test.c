// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: a made-up drive for the KUnit tests of the host side
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "host/hostfake_test.h"

/* Interrupts of a made-up function cannot be had: the drive calls the handler */
static int hostfake_cq_arm(struct sluice_nvme_cq *cq)
{
	memset(cq->entries, 0, cq->depth * sizeof(*cq->entries));
	spin_lock_irq(&cq->lock);
	cq->head = 0;
	cq->phase = 1;
	cq->armed = true;
	spin_unlock_irq(&cq->lock);
	cq->ctrl->host->cqs[cq->qid] = cq;
	return 0;
}

static void hostfake_cq_disarm(struct sluice_nvme_cq *cq)
{
	cq->ctrl->host->cqs[cq->qid] = NULL;
	spin_lock_irq(&cq->lock);
	cq->armed = false;
	spin_unlock_irq(&cq->lock);
}

/* CC.EN is clear: the drive must have seen that before it is set again. */
static void hostfake_flr(struct sluice_nvme_ctrl *ctrl)
{
	struct hostfake *f = container_of(ctrl, struct hostfake, ctrl);
	unsigned int tries;

	f->flrs++;
	for (tries = 0; tries < 100 && READ_ONCE(f->enabled); tries++)
		usleep_range(500, 1000);
}

static void hostfake_reset_work(struct work_struct *work)
{
	struct hostfake *f = container_of(work, struct hostfake,
					  ctrl.reset_work);

	atomic_inc(&f->resets);
}

/* Configuration space */

static int hostfake_config_read(struct pci_bus *bus, unsigned int devfn,
				int where, int size, u32 *val)
{
	struct hostfake *f = container_of(bus, struct hostfake, bus);

	*val = 0;
	memcpy(val, f->config + where, size);
	return PCIBIOS_SUCCESSFUL;
}

static int hostfake_config_write(struct pci_bus *bus, unsigned int devfn,
				 int where, int size, u32 val)
{
	struct hostfake *f = container_of(bus, struct hostfake, bus);

	memcpy(f->config + where, &val, size);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops hostfake_config_ops = {
	.read = hostfake_config_read,
	.write = hostfake_config_write,
};

/**
 * hostfake_is_master() - may the drive access memory?
 * @f: drive
 *
 * Return: true if it may.
 */
bool hostfake_is_master(const struct hostfake *f)
{
	return f->config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

/* The drive */

static u32 *hostfake_reg(struct hostfake *f, unsigned int reg)
{
	return (u32 *)(f->bar + reg);
}

/**
 * hostfake_complete() - what the drive does at the end of a command
 * @f: drive, which has no other command to answer to
 * @cid: command identifier
 * @status: SCT and SC
 * @result: dword 0 of the completion
 *
 * sluice_nvme_cq_poll() finds it.
 */
void hostfake_complete(struct hostfake *f, u16 cid, u16 status, u32 result)
{
	struct nvme_cqe *cqe = &f->acqes[f->cq_tail];

	cqe->result = cpu_to_le32(result);
	cqe->cid = cpu_to_le16(cid);
	/* the phase tag last */
	smp_store_release(&cqe->status, cpu_to_le16(status << 1 | f->phase));
	if (++f->cq_tail == SLUICE_NVME_ADMIN_DEPTH) {
		f->cq_tail = 0;
		f->phase ^= 1;
	}
}

static void hostfake_identify(struct hostfake *f, const struct nvme_cmd *cmd,
			      u8 *page)
{
	switch (le32_to_cpu(cmd->cdw10) & 0xff) {
	case NVME_ID_CNS_CTRL:
		memcpy(page, &f->id, sizeof(f->id));
		break;
	case NVME_ID_CNS_CTRL_CSI:
		memcpy(page, &f->id_nvm, sizeof(f->id_nvm));
		break;
	case NVME_ID_CNS_NS_ACTIVE_LIST:
		page[0] = f->ns_id.nsze && !cmd->nsid;
		break;
	case NVME_ID_CNS_NS:
		memcpy(page, &f->ns_id, sizeof(f->ns_id));
		break;
	case NVME_ID_CNS_NS_DESC_LIST:
		memcpy(page, f->descs, sizeof(f->descs));
		break;
	case NVME_ID_CNS_NS_CSI:
		memcpy(page + 12, f->elbaf, sizeof(f->elbaf));
		break;
	case NVME_ID_CNS_NS_CTRLS:
		memcpy(page, f->ns_ctrls, sizeof(f->ns_ctrls));
		break;
	case NVME_ID_CNS_CTRLS:
		memcpy(page, f->ctrls, sizeof(f->ctrls));
		break;
	}
}

static void hostfake_execute(struct hostfake *f, const struct nvme_cmd *cmd)
{
	int status = READ_ONCE(f->answer[cmd->opcode]);
	u16 cid = le16_to_cpu(cmd->cid);

	if (f->nr_cmds < HOSTFAKE_CMDS)
		f->cmds[f->nr_cmds] = *cmd;
	/* for a test that waits for the command */
	smp_store_release(&f->nr_cmds, f->nr_cmds + 1);
	if (status == HOSTFAKE_SILENT)
		return;
	if (cmd->opcode == NVME_ADMIN_ASYNC_EVENT && !status) {
		f->event_cid = cid + 1;
		return;
	}
	if (cmd->opcode == NVME_ADMIN_IDENTIFY)
		hostfake_identify(f, cmd, f->host.adminq.slots[cid].data);
	if (cmd->opcode == NVME_ADMIN_GET_LOG_PAGE)
		memset(f->host.adminq.slots[cid].data, f->log, 512);
	hostfake_complete(f, cid, status, le32_to_cpu(cmd->cdw11));
	sluice_nvme_cq_poll(&f->host.adminq.cq, UINT_MAX);
}

static void hostfake_fetch(struct hostfake *f)
{
	/* the driver writes the commands before the doorbell */
	u32 tail = smp_load_acquire(hostfake_reg(f, NVME_REG_DBS));

	for (; f->sq_head != tail;
	     f->sq_head = (f->sq_head + 1) % SLUICE_NVME_ADMIN_DEPTH)
		hostfake_execute(f, &f->acmds[f->sq_head]);
}

static void hostfake_report(struct hostfake *f)
{
	u32 event = READ_ONCE(f->event);

	if (!event || !f->event_cid)
		return;
	WRITE_ONCE(f->event, 0);
	hostfake_complete(f, f->event_cid - 1, 0, event);
	f->event_cid = 0;
	sluice_nvme_cq_poll(&f->host.adminq.cq, UINT_MAX);
}

static void hostfake_enable(struct hostfake *f)
{
	f->enabled = true;
	f->event_cid = 0;
	f->sq_head = 0;
	f->cq_tail = 0;
	f->phase = 1;
	WRITE_ONCE(*hostfake_reg(f, NVME_REG_DBS), 0);
	if (f->stays_disabled)
		f->stays_disabled--;
	else
		WRITE_ONCE(*hostfake_reg(f, NVME_REG_CSTS), NVME_CSTS_RDY);
}

static void hostfake_disable(struct hostfake *f)
{
	if (READ_ONCE(f->stays_enabled))
		return;
	f->enabled = false;
	WRITE_ONCE(*hostfake_reg(f, NVME_REG_CSTS), 0);
}

/* A drive that has no RTD3E to keep is done at once */
static void hostfake_shut_down(struct hostfake *f)
{
	u32 csts = READ_ONCE(*hostfake_reg(f, NVME_REG_CSTS));

	if (!f->id.rtd3e)
		WRITE_ONCE(*hostfake_reg(f, NVME_REG_CSTS),
			   csts | NVME_CSTS_SHST_CMPLT);
}

static int hostfake_thread(void *data)
{
	struct hostfake *f = data;
	bool wanted;
	u32 cc;

	while (!kthread_should_stop()) {
		cc = READ_ONCE(*hostfake_reg(f, NVME_REG_CC));
		wanted = cc & NVME_CC_EN;
		if (wanted && !f->enabled)
			hostfake_enable(f);
		else if (!wanted && f->enabled)
			hostfake_disable(f);
		if (f->enabled) {
			hostfake_fetch(f);
			hostfake_report(f);
			if (cc & NVME_CC_SHN)
				hostfake_shut_down(f);
		}
		usleep_range(100, 200);
	}
	return 0;
}

/* The driver's side */

static void hostfake_init_pci(struct hostfake *f)
{
	device_initialize(&f->pdev.dev);
	dev_set_name(&f->pdev.dev, "hostfake");
	f->bus.ops = &hostfake_config_ops;
	f->pdev.bus = &f->bus;
	f->pdev.error_state = pci_channel_io_normal;
	f->pdev.pcie_cap = 0x40;
	f->pdev.resource[0].end = 2 * PAGE_SIZE - 1;
	f->config[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
}

static void hostfake_init_adminq(struct hostfake *f)
{
	struct sluice_nvme_adminq *aq = &f->host.adminq;
	unsigned int i;

	sluice_nvme_cq_init(&aq->cq);
	init_waitqueue_head(&aq->wait);
	aq->cq.ctrl = &f->ctrl;
	aq->cq.depth = SLUICE_NVME_ADMIN_DEPTH;
	aq->cq.entries = f->acqes;
	aq->cq.db = (u32 __force __iomem *)hostfake_reg(f, NVME_REG_DBS + 4);
	aq->cq.process = sluice_nvme_admin_process;
	aq->sq.ctrl = &f->ctrl;
	aq->sq.cq = &aq->cq;
	aq->sq.depth = SLUICE_NVME_ADMIN_DEPTH;
	aq->sq.entries = f->acmds;
	aq->sq.db = (u32 __force __iomem *)hostfake_reg(f, NVME_REG_DBS);
	for (i = 0; i < SLUICE_NVME_ADMIN_SLOTS; i++)
		aq->slots[i].data = f->data + i * SLUICE_NVME_ADMIN_DATA;
}

static void hostfake_init_ctrl(struct hostfake *f)
{
	struct sluice_nvme_ctrl *ctrl = &f->ctrl;

	/* Ready within half a second; queues of 64 entries */
	ctrl->cap = 63;
	*hostfake_reg(f, NVME_REG_CAP) = ctrl->cap;
	ctrl->pdev = &f->pdev;
	ctrl->bar = (void __force __iomem *)f->bar;
	ctrl->host = &f->host;
	ctrl->id = &f->id;
	ctrl->nr_vectors = HOSTFAKE_QPAIRS + 1;
	ctrl->nr_qpairs = HOSTFAKE_QPAIRS;
	ctrl->watched = true;
	mutex_init(&ctrl->reset_lock);
	mutex_init(&ctrl->client_lock);
	mutex_init(&ctrl->host->health.lock);
	INIT_LIST_HEAD(&ctrl->clients);
	INIT_LIST_HEAD(&ctrl->namespaces);
	INIT_WORK(&ctrl->reset_work, hostfake_reset_work);
	INIT_DELAYED_WORK(&f->host.events, sluice_nvme_events_work);
	INIT_WORK(&f->host.health.work, sluice_nvme_health_work);
	INIT_DELAYED_WORK(&f->host.give_up, sluice_nvme_give_up_work);
	f->host.cqs = f->cqs;
	f->id.sqes = NVME_SQES << 4 | NVME_SQES;
	f->id.cqes = NVME_CQES << 4 | NVME_CQES;
	f->id.acl = 3;
}

/**
 * hostfake_init() - make a drive whose controller is live
 * @test: test; its priv becomes the drive
 *
 * Return: 0 or a negative errno.
 */
int hostfake_init(struct kunit *test)
{
	struct hostfake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->test = test;
	f->bar = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	f->data = kunit_kzalloc(test, SLUICE_NVME_ADMIN_SLOTS *
				SLUICE_NVME_ADMIN_DATA, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->bar);
	KUNIT_ASSERT_NOT_NULL(test, f->data);
	kunit_activate_static_stub(test, sluice_nvme_cq_arm, hostfake_cq_arm);
	kunit_activate_static_stub(test, sluice_nvme_cq_disarm,
				   hostfake_cq_disarm);
	kunit_activate_static_stub(test, sluice_nvme_flr, hostfake_flr);
	hostfake_init_pci(f);
	hostfake_init_adminq(f);
	hostfake_init_ctrl(f);
	f->thread = kthread_run(hostfake_thread, f, "hostfake");
	KUNIT_ASSERT_FALSE(test, IS_ERR(f->thread));
	test->priv = f;

	mutex_lock(&f->ctrl.reset_lock);
	ret = sluice_nvme_ctrl_start(&f->ctrl);
	sluice_nvme_set_state(&f->ctrl, SLUICE_NVME_LIVE);
	mutex_unlock(&f->ctrl.reset_lock);
	f->nr_cmds = 0;
	return ret;
}

/**
 * hostfake_exit() - undo hostfake_init()
 * @test: test
 */
void hostfake_exit(struct kunit *test)
{
	struct hostfake *f = test->priv;

	if (!f)
		return;
	/* it may wait for the drive, and the drive may start it again */
	cancel_delayed_work_sync(&f->host.events);
	cancel_work_sync(&f->host.health.work);
	kthread_stop(f->thread);
	cancel_delayed_work_sync(&f->host.events);
	flush_work(&f->ctrl.reset_work);
	sluice_nvme_ns_free_all(&f->ctrl);
	mutex_destroy(&f->ctrl.client_lock);
	mutex_destroy(&f->ctrl.reset_lock);
	kfree_const(f->pdev.dev.kobj.name);
	f->pdev.dev.kobj.name = NULL;
}
