// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the namespaces of a controller
 */
#include <linux/bitfield.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sluice_compat.h"
#include "host/host.h"

/* Controllers before NVMe 1.1 have no list: try the identifiers up to this. */
#define SLUICE_NVME_NS_TRIES	1024

#define SLUICE_NVME_NIDT_HEAD	4	/* bytes before a descriptor's data */

/* The next descriptor of a list, or NULL; @pos begins with 0 */
static const u8 *sluice_nvme_ns_desc(const u8 *list, size_t len, size_t *pos,
				     u8 *size)
{
	const u8 *desc = list + *pos;

	if (*pos + SLUICE_NVME_NIDT_HEAD > len || !desc[1] ||
	    desc[1] > len - *pos - SLUICE_NVME_NIDT_HEAD)
		return NULL;
	*size = desc[1];
	*pos += SLUICE_NVME_NIDT_HEAD + *size;
	return desc;
}

/**
 * sluice_nvme_uuid_from_list() - find a namespace's UUID, or else its NGUID
 * @uuid: receives it; undefined when there is none
 * @list: list of Namespace Identification Descriptors, from the controller
 * @len: its bytes
 *
 * Return: NVME_NIDT_UUID or NVME_NIDT_NGUID, 0 if there is none that is not zero.
 */
u8 sluice_nvme_uuid_from_list(uuid_t *uuid, const u8 *list, size_t len)
{
	const u8 *desc;
	u8 found = 0;
	size_t pos = 0;
	uuid_t id;
	u8 size;

	while ((desc = sluice_nvme_ns_desc(list, len, &pos, &size))) {
		u8 type = desc[0];

		if (size != sizeof(id) ||
		    (type != NVME_NIDT_UUID && type != NVME_NIDT_NGUID))
			continue;
		memcpy(&id, desc + SLUICE_NVME_NIDT_HEAD, sizeof(id));
		if (!uuid_is_null(&id) && (type == NVME_NIDT_UUID || !found)) {
			*uuid = id;
			found = type;
		}
	}
	return found;
}

/**
 * sluice_nvme_csi_from_list() - find the command set of a namespace
 * @list: list of Namespace Identification Descriptors, from the controller
 * @len: its bytes
 *
 * Return: the Command Set Identifier; %NVME_CSI_NVM if the list has none.
 */
u8 sluice_nvme_csi_from_list(const u8 *list, size_t len)
{
	const u8 *desc;
	size_t pos = 0;
	u8 size;

	while ((desc = sluice_nvme_ns_desc(list, len, &pos, &size)))
		if (desc[0] == NVME_NIDT_CSI)
			return desc[SLUICE_NVME_NIDT_HEAD];
	return NVME_CSI_NVM;
}

/*
 * The command set is NVM for a controller without such a list. Returns 0, or a
 * negative errno; -ENXIO after saying why in @why.
 */
static int sluice_nvme_ns_read_list(struct sluice_nvme_ns *ns, const char **why)
{
	struct sluice_nvme_ctrl *ctrl = ns->ctrl;
	int ret;
	u8 *list;

	if (le32_to_cpu(ctrl->id->ver) < NVME_VS(1, 3, 0) ||
	    ctrl->host->quirks & (SLUICE_QUIRK_NO_DESCS |
				  SLUICE_QUIRK_OLD_IDENTIFY))
		return 0;
	list = kmalloc(SLUICE_NVME_ADMIN_DATA, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	ret = sluice_nvme_identify(ctrl, NVME_ID_CNS_NS_DESC_LIST, ns->nsid,
				   list);
	if (!ret) {
		ns->nidt = sluice_nvme_uuid_from_list(&ns->uuid, list,
						      SLUICE_NVME_ADMIN_DATA);
		if (sluice_nvme_csi_from_list(list, SLUICE_NVME_ADMIN_DATA) !=
		    NVME_CSI_NVM) {
			*why = "it has another command set than NVM, as zoned ones do";
			ret = -ENXIO;
		}
	}
	kfree(list);
	return min(ret, 0);
}

static int sluice_nvme_ns_set_uuid(struct sluice_nvme_ns *ns, const char **why)
{
	int ret = sluice_nvme_ns_read_list(ns, why);

	if (ret)
		return ret;
	if (ns->ctrl->host->quirks & SLUICE_QUIRK_IDS) {
		ns->nidt = 0;
		return 0;
	}
	if (ns->nidt)
		return 0;
	if (memchr_inv(ns->id->nguid, 0, sizeof(ns->id->nguid))) {
		ns->nidt = NVME_NIDT_NGUID;
		memcpy(&ns->uuid, ns->id->nguid, sizeof(ns->uuid));
	} else if (memchr_inv(ns->id->eui64, 0, sizeof(ns->id->eui64))) {
		ns->nidt = NVME_NIDT_EUI64;
	}
	return 0;
}

/* Bytes of a string of Identify without the padding behind it */
static int sluice_nvme_id_len(const char *str, size_t size)
{
	while (size && (!str[size - 1] || str[size - 1] == ' '))
		size--;
	return size;
}

/**
 * sluice_nvme_ns_wwid() - write the worldwide name of a namespace
 * @ns: namespace
 * @buf: receives the name
 * @size: its bytes
 *
 * The kernel's own driver gives a namespace this name, and the links in
 * /dev/disk/by-id contain it: they must not change when the drive is bound to
 * another driver.
 *
 * Return: the length of the name.
 */
int sluice_nvme_ns_wwid(const struct sluice_nvme_ns *ns, char *buf, size_t size)
{
	const struct nvme_id_ctrl *id = ns->ctrl->id;

	switch (ns->nidt_taken ? 0 : ns->nidt) {
	case NVME_NIDT_UUID:
		return scnprintf(buf, size, "uuid.%pUb", &ns->uuid);
	case NVME_NIDT_NGUID:
		return scnprintf(buf, size, "eui.%16phN", &ns->uuid);
	case NVME_NIDT_EUI64:
		return scnprintf(buf, size, "eui.%8phN", ns->id->eui64);
	default:
		return scnprintf(buf, size, "nvme.%04x-%*phN-%*phN-%08x",
				 le16_to_cpu(id->vid),
				 sluice_nvme_id_len(id->sn, sizeof(id->sn)), id->sn,
				 sluice_nvme_id_len(id->mn, sizeof(id->mn)), id->mn,
				 ns->nsid);
	}
}

/**
 * sluice_nvme_ns_refusal() - can a namespace be used?
 * @id: Identify Namespace
 *
 * Return: why not, or NULL.
 */
const char *sluice_nvme_ns_refusal(const struct nvme_id_ns *id)
{
	unsigned int format = FIELD_GET(NVME_NS_FLBAS_INDEX, id->flbas);
	const struct nvme_lbaf *lbaf = &id->lbaf[format];

	/* All else of a namespace that is not there is zero as well. */
	if (!id->nsze)
		return "its size is zero";
	if (id->nlbaf >= ARRAY_SIZE(id->lbaf))
		return "more than 16 LBA formats";
	if (lbaf->ms)
		return "its blocks have metadata";
	if (id->dps & 7)
		return "it is formatted with protection information";
	if (lbaf->lbads != 9 && lbaf->lbads != 12)
		return "its block size is neither 512 nor 4096 bytes";
	if (le64_to_cpu(id->nsze) > S64_MAX >> lbaf->lbads)
		return "its size cannot be represented";
	return NULL;
}

/* The namespaces of all controllers, and what protects the list */
static LIST_HEAD(sluice_nvme_all_ns);
static DEFINE_MUTEX(sluice_nvme_all_lock);

static bool sluice_nvme_same_subsystem(const struct sluice_nvme_ctrl *a,
				       const struct sluice_nvme_ctrl *b)
{
	if ((a->host->quirks | b->host->quirks) & SLUICE_QUIRK_SUBNQN)
		return false;
	return a->id->subnqn[0] && !strncmp(a->id->subnqn, b->id->subnqn,
					    sizeof(a->id->subnqn));
}

/* Are these the same blocks, as two controllers of one drive have them? */
static bool sluice_nvme_ns_is_same(const struct sluice_nvme_ns *a,
				   const struct sluice_nvme_ns *b)
{
	return a->nsid == b->nsid &&
	       a->id->nmic & b->id->nmic & NVME_NS_NMIC_SHARED &&
	       sluice_nvme_same_subsystem(a->ctrl, b->ctrl);
}

static bool sluice_nvme_ns_same_id(const struct sluice_nvme_ns *a,
				   const struct sluice_nvme_ns *b)
{
	if (!a->nidt || a->nidt != b->nidt)
		return false;
	if (a->nidt == NVME_NIDT_EUI64)
		return !memcmp(a->id->eui64, b->id->eui64, sizeof(a->id->eui64));
	return uuid_equal(&a->uuid, &b->uuid);
}

/**
 * sluice_nvme_ns_enter() - compare a namespace with those of all controllers
 * @ns: namespace that has been identified
 *
 * The slices of blocks that two controllers share would be given away twice. And
 * some drives have the identifier of others: two disks must not have one name.
 *
 * Return: NULL, until sluice_nvme_ns_leave(); or why it cannot be used.
 */
const char *sluice_nvme_ns_enter(struct sluice_nvme_ns *ns)
{
	struct device *dev = &ns->ctrl->pdev->dev;
	struct sluice_nvme_ns *other;

	guard(mutex)(&sluice_nvme_all_lock);
	list_for_each_entry(other, &sluice_nvme_all_ns, all) {
		if (sluice_nvme_ns_is_same(ns, other))
			return "another controller of the same drive has it";
		if (!sluice_nvme_ns_same_id(ns, other) || ns->nidt_taken)
			continue;
		dev_warn(dev, "namespace %u has the identifier of one of sluice%d, and is named after the serial number instead\n",
			 ns->nsid, other->ctrl->instance);
		ns->nidt_taken = true;
	}
	list_add_tail(&ns->all, &sluice_nvme_all_ns);
	return NULL;
}

/**
 * sluice_nvme_ns_leave() - forget a namespace
 * @ns: namespace, whether entered or not
 */
void sluice_nvme_ns_leave(struct sluice_nvme_ns *ns)
{
	guard(mutex)(&sluice_nvme_all_lock);
	list_del_init(&ns->all);
}

/* A status says that there is no such namespace, or that it cannot be told now. */
static int sluice_nvme_ns_errno(u16 status)
{
	return status & NVME_SC_DNR ||
	       (status & NVME_SC_MASK) == NVME_SC_INVALID_NS ? -ENXIO : -EAGAIN;
}

/*
 * Blocks with a storage tag, or protected in another way than by T10's 16 bits.
 * Identify Namespace alone does not tell them from others.
 */
static int sluice_nvme_ns_check_format(struct sluice_nvme_ns *ns,
				       const char **why)
{
	const struct nvme_id_ctrl *id = ns->ctrl->id;
	unsigned int format = FIELD_GET(NVME_NS_FLBAS_INDEX, ns->id->flbas);
	struct nvme_id_ns_nvm *nvm;
	int ret;

	if (!(le32_to_cpu(id->ctratt) & NVME_CTRATT_ELBAS))
		return 0;
	nvm = kmalloc(sizeof(*nvm), GFP_KERNEL);
	if (!nvm)
		return -ENOMEM;
	ret = sluice_nvme_identify(ns->ctrl, NVME_ID_CNS_NS_CSI, ns->nsid, nvm);
	if (ret > 0) {
		*why = "the drive does not describe its format";
		ret = sluice_nvme_ns_errno(ret);
	} else if (!ret && le32_to_cpu(nvm->elbaf[format]) &
		   (NVME_NS_ELBAF_TAG | NVME_NS_ELBAF_PIF)) {
		*why = "its blocks have storage tags or extended protection information";
		ret = -ENXIO;
	}
	kfree(nvm);
	return ret;
}

static bool sluice_nvme_list_has_other(const struct nvme_ctrl_list *list,
				       __le16 own)
{
	unsigned int nr = min_t(unsigned int, le16_to_cpu(list->nr),
				ARRAY_SIZE(list->id));
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (list->id[i] != own)
			return true;
	return false;
}

/* As sluice_nvme_ns_identify() */
static int sluice_nvme_ns_ask_for_others(struct sluice_nvme_ns *ns, bool any,
					 const char **why)
{
	const struct nvme_id_ctrl *id = ns->ctrl->id;
	struct nvme_ctrl_list *list;
	int ret;

	list = kmalloc(sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	/* the status of a drive that cannot be asked */
	ret = NVME_SC_INVALID_FIELD | NVME_SC_DNR;
	if (le16_to_cpu(id->oacs) & NVME_OACS_NS_MGMT)
		ret = sluice_nvme_identify(ns->ctrl,
					   any ? NVME_ID_CNS_CTRLS :
						 NVME_ID_CNS_NS_CTRLS,
					   any ? 0 : ns->nsid, list);
	if (ret > 0) {
		*why = "the drive does not tell who can format it (see shared_namespaces)";
		ret = sluice_nvme_ns_errno(ret);
	} else if (!ret && sluice_nvme_list_has_other(list, id->cntlid)) {
		*why = "another controller can format it (see shared_namespaces)";
		ret = -ENXIO;
	}
	kfree(list);
	return ret;
}

/*
 * Can another controller format the namespace? The drive takes the length of a
 * command in blocks, and a PRP list has no length of its own. When blocks grow,
 * the drive takes the guest's second page for a list and so gets addresses and
 * ranges that nobody has checked, until this driver learns of the new format.
 * No form of the commands prevents that, so nobody else may be able to format.
 */
static int sluice_nvme_ns_check_others(struct sluice_nvme_ns *ns,
				       const char **why)
{
	const struct nvme_id_ctrl *id = ns->ctrl->id;
	bool any = id->fna & NVME_FNA_FORMAT_ALL;

	if (READ_ONCE(sluice_nvme_shared_namespaces) ||
	    !(id->cmic & NVME_CMIC_CTRLS) ||
	    !(any || ns->id->nmic & NVME_NS_NMIC_SHARED))
		return 0;
	return sluice_nvme_ns_ask_for_others(ns, any, why);
}

static void sluice_nvme_ns_free(struct sluice_nvme_ns *ns)
{
	sluice_nvme_ns_leave(ns);
	kfree(ns->id);
	kfree(ns);
}

static struct sluice_nvme_ns *sluice_nvme_ns_alloc(struct sluice_nvme_ctrl *ctrl,
						   u32 nsid)
{
	struct sluice_nvme_ns *ns = kzalloc(sizeof(*ns), GFP_KERNEL);

	if (!ns)
		return NULL;
	INIT_LIST_HEAD(&ns->all);
	ns->ctrl = ctrl;
	ns->nsid = nsid;
	ns->id = kzalloc(sizeof(*ns->id), GFP_KERNEL);
	if (!ns->id) {
		kfree(ns);
		return NULL;
	}
	return ns;
}

/*
 * Returns 0 or a negative errno; -ENXIO if it cannot be used and -EAGAIN if it
 * cannot be used now, for @why.
 */
static int sluice_nvme_ns_identify(struct sluice_nvme_ns *ns, const char **why)
{
	unsigned int format;
	int ret;

	ret = sluice_nvme_identify(ns->ctrl, NVME_ID_CNS_NS, ns->nsid, ns->id);
	if (ret > 0) {
		*why = "the drive does not describe it";
		return sluice_nvme_ns_errno(ret);
	}
	if (ret)
		return ret;
	*why = sluice_nvme_ns_refusal(ns->id);
	if (*why)
		return -ENXIO;
	ret = sluice_nvme_ns_check_format(ns, why);
	if (!ret)
		ret = sluice_nvme_ns_check_others(ns, why);
	if (ret)
		return ret;
	format = FIELD_GET(NVME_NS_FLBAS_INDEX, ns->id->flbas);
	ns->lba_shift = ns->id->lbaf[format].lbads;
	ns->nr_blocks = le64_to_cpu(ns->id->nsze);
	sluice_nvme_limits_derive(&ns->limits, ns->ctrl->id,
				  &ns->ctrl->host->id_nvm, ns->id,
				  ns->ctrl->host->quirks);
	return sluice_nvme_ns_set_uuid(ns, why);
}

/* Can the drive list the identifiers that are in use? */
static bool sluice_nvme_ns_listed(const struct sluice_nvme_ctrl *ctrl)
{
	return le32_to_cpu(ctrl->id->ver) >= NVME_VS(1, 1, 0) &&
	       !(ctrl->host->quirks & SLUICE_QUIRK_OLD_IDENTIFY);
}

/* A namespace that cannot be used is no error. */
static int sluice_nvme_ns_add(struct sluice_nvme_ctrl *ctrl, u32 nsid)
{
	struct sluice_nvme_ns *ns = sluice_nvme_ns_alloc(ctrl, nsid);
	const char *why;
	int ret;

	if (!ns)
		return -ENOMEM;
	ret = sluice_nvme_ns_identify(ns, &why);
	if (ret == -EAGAIN)
		ret = -ENXIO;
	if (!ret) {
		why = sluice_nvme_ns_enter(ns);
		ret = why ? -ENXIO : 0;
	}
	/* Without a list: an identifier that is not in use gives zeros. */
	if (ret == -ENXIO && (ns->id->nsze || sluice_nvme_ns_listed(ctrl)))
		dev_warn(&ctrl->pdev->dev, "namespace %u skipped: %s\n", nsid,
			 why);
	if (ret) {
		sluice_nvme_ns_free(ns);
		return ret == -ENXIO ? 0 : ret;
	}
	list_add_tail(&ns->list, &ctrl->namespaces);
	return 0;
}

/* What makes commands wrong, or another's, that were right before; or NULL */
static const char *sluice_nvme_ns_difference(const struct sluice_nvme_ns *old,
					     const struct sluice_nvme_ns *new)
{
	if (new->lba_shift != old->lba_shift)
		return "its block size has changed";
	if (new->nr_blocks < old->nr_blocks)
		return "it has become smaller";
	/* Some drives have other garbage there each time. */
	if (old->ctrl->host->quirks & SLUICE_QUIRK_IDS)
		return NULL;
	if (memcmp(new->id->nguid, old->id->nguid, sizeof(old->id->nguid)) ||
	    memcmp(new->id->eui64, old->id->eui64, sizeof(old->id->eui64)) ||
	    (new->nidt == old->nidt && !uuid_equal(&new->uuid, &old->uuid)))
		return "it is another namespace now";
	return NULL;
}

/**
 * sluice_nvme_ns_offline() - is a namespace lost?
 * @ns: namespace
 *
 * Return: why, as a sentence; or NULL.
 */
const char *sluice_nvme_ns_offline(const struct sluice_nvme_ns *ns)
{
	const char *why = READ_ONCE(ns->offline);

	if (!why && READ_ONCE(ns->ctrl->state) == SLUICE_NVME_DEAD)
		return "its drive is dead";
	return why;
}

/* Nobody uses it again before the drive is bound again. */
static void sluice_nvme_ns_set_offline(struct sluice_nvme_ns *ns,
				       const char *why)
{
	struct sluice_nvme_ctrl *ctrl = ns->ctrl;

	lockdep_assert_held(&ctrl->reset_lock);
	dev_err(&ctrl->pdev->dev, "namespace %u is offline: %s\n", ns->nsid,
		why);
	WRITE_ONCE(ns->offline, why);
	/* During a reset the clients are stopped, and see it afterwards. */
	if (!sluice_nvme_live(ctrl))
		return;
	sluice_nvme_clients_offline(ctrl);
	/* The disk's users have to be told without the lock. */
	queue_delayed_work(sluice_nvme_wq, &ctrl->host->events, 0);
}

static void sluice_nvme_ns_set_protected(struct sluice_nvme_ns *ns, bool on)
{
	if (ns->limits.write_protected == on)
		return;
	ns->limits.write_protected = on;
	if (ns->disk)
		set_disk_ro(ns->disk, on);
}

static int sluice_nvme_ns_compare(struct sluice_nvme_ns *ns)
{
	struct sluice_nvme_ns *now;
	const char *why = NULL;
	int ret;

	now = sluice_nvme_ns_alloc(ns->ctrl, ns->nsid);
	if (!now)
		return -ENOMEM;
	ret = sluice_nvme_ns_identify(now, &why);
	if (!ret)
		why = sluice_nvme_ns_difference(ns, now);
	if (!ret && !why)
		sluice_nvme_ns_set_protected(ns, now->limits.write_protected);
	if ((!ret && why) || ret == -ENXIO)
		sluice_nvme_ns_set_offline(ns, why);
	sluice_nvme_ns_free(now);
	return ret == -ENXIO ? 0 : ret;
}

static int sluice_nvme_ns_check_locked(struct sluice_nvme_ns *ns)
{
	unsigned int noio;
	int ret;

	lockdep_assert_held(&ns->ctrl->reset_lock);
	if (ns->offline)
		return 0;
	/* Memory reclaim must not wait for a disk that waits for reset_lock. */
	noio = memalloc_noio_save();
	ret = sluice_nvme_ns_compare(ns);
	memalloc_noio_restore(noio);
	return ret;
}

/**
 * sluice_nvme_ns_check_all() - are the namespaces still what they were?
 * @ctrl: controller with its admin queue open; its reset_lock is held
 *
 * Another controller of the same subsystem may have formatted or deleted one.
 * Commands for it would be of wrong lengths, and the drive would access memory
 * that nobody checked: such a namespace goes offline.
 *
 * A namespace that the drive cannot describe now counts as unchanged.
 *
 * Return: 0, or a negative errno if the drive or memory failed.
 */
int sluice_nvme_ns_check_all(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns;
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(sluice_nvme_ns_check_all, ctrl);
	list_for_each_entry(ns, &ctrl->namespaces, list) {
		ret = sluice_nvme_ns_check_locked(ns);
		if (ret && ret != -EAGAIN)
			return ret;
	}
	return 0;
}

/**
 * sluice_nvme_ns_check() - is a namespace still what it was?
 * @ns: namespace that is about to be used
 *
 * Process context; takes the reset_lock.
 *
 * Return: 0; -ENODEV if it is offline or the controller is not live; -EAGAIN if
 * the drive cannot say; or another negative errno.
 */
int sluice_nvme_ns_check(struct sluice_nvme_ns *ns)
{
	int ret;

	guard(mutex)(&ns->ctrl->reset_lock);
	if (!sluice_nvme_live(ns->ctrl))
		return -ENODEV;
	ret = sluice_nvme_ns_check_locked(ns);
	if (!ret && ns->offline)
		ret = -ENODEV;
	return ret;
}

static int sluice_nvme_ns_scan_list(struct sluice_nvme_ctrl *ctrl, __le32 *list)
{
	const unsigned int nr = SLUICE_NVME_ADMIN_DATA / sizeof(*list);
	unsigned int i;
	u32 last = 0;
	int ret;

	do {
		ret = sluice_nvme_identify(ctrl, NVME_ID_CNS_NS_ACTIVE_LIST,
					   last, list);
		if (ret)
			return ret;
		for (i = 0; i < nr && list[i]; i++) {
			/* They must increase, or this loop might not end. */
			if (le32_to_cpu(list[i]) <= last)
				return -EPROTO;
			last = le32_to_cpu(list[i]);
			ret = sluice_nvme_ns_add(ctrl, last);
			if (ret)
				return ret;
		}
	} while (i == nr);
	return 0;
}

static int sluice_nvme_ns_scan_all(struct sluice_nvme_ctrl *ctrl)
{
	u32 nn = min_t(u32, le32_to_cpu(ctrl->id->nn), SLUICE_NVME_NS_TRIES);
	u32 nsid;
	int ret;

	for (nsid = 1; nsid <= nn; nsid++) {
		ret = sluice_nvme_ns_add(ctrl, nsid);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * sluice_nvme_ns_scan() - find the namespaces
 * @ctrl: controller that has been started
 *
 * A namespace that the driver cannot use is skipped, and the log says why.
 *
 * Return: 0 or a negative errno; sluice_nvme_ns_free_all() cleans up in both
 * cases.
 */
int sluice_nvme_ns_scan(struct sluice_nvme_ctrl *ctrl)
{
	__le32 *list;
	int ret;

	list = kmalloc(SLUICE_NVME_ADMIN_DATA, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	/* any status will do: it is as if the drive had refused */
	ret = NVME_SC_INVALID_FIELD;
	if (!(ctrl->host->quirks & SLUICE_QUIRK_OLD_IDENTIFY))
		ret = sluice_nvme_ns_scan_list(ctrl, list);
	kfree(list);
	if (ret > 0 && list_empty(&ctrl->namespaces))
		ret = sluice_nvme_ns_scan_all(ctrl);
	if (ret)
		dev_err(&ctrl->pdev->dev, "listing the namespaces failed: %s %#x\n",
			ret < 0 ? "error" : "status", ret < 0 ? -ret : ret);
	return ret > 0 ? -EIO : ret;
}

/**
 * sluice_nvme_ns_free_all() - forget the namespaces
 * @ctrl: controller without disks
 */
void sluice_nvme_ns_free_all(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_ns *ns, *next;

	list_for_each_entry_safe(ns, next, &ctrl->namespaces, list) {
		list_del(&ns->list);
		sluice_nvme_ns_free(ns);
	}
}
