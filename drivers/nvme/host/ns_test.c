// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of what namespaces are refused and how they are named
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "host/host.h"

/* Longer than the list, to see whether what is beyond gets used */
#define LIST_LEN	64

struct ns_test {
	struct nvme_id_ns id;
	u8 list[LIST_LEN + 32];
	size_t len;
};

static const uuid_t nguid = UUID_INIT(0x01234567, 0x89ab, 0xcdef, 1, 2, 3, 4,
				      5, 6, 7, 8);
static const uuid_t uuid = UUID_INIT(0xfedcba98, 0x7654, 0x4321, 9, 8, 7, 6,
				     5, 4, 3, 2);

/* An ordinary namespace of 512-byte blocks, and no descriptors */
static int ns_test_init(struct kunit *test)
{
	struct ns_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->id.nsze = cpu_to_le64(1000);
	t->id.lbaf[0].lbads = 9;
	t->id.lbaf[1].lbads = 12;
	t->id.nlbaf = 1;
	test->priv = t;
	return 0;
}

static void ns_add_descriptor(struct ns_test *t, u8 type, const void *data,
			      u8 len)
{
	t->list[t->len] = type;
	t->list[t->len + 1] = len;
	memcpy(t->list + t->len + 4, data, len);
	t->len += 4 + len;
}

static void ns_expect_uuid(struct kunit *test, u8 type, const uuid_t *want)
{
	struct ns_test *t = test->priv;
	uuid_t got;

	KUNIT_ASSERT_EQ(test, sluice_nvme_uuid_from_list(&got, t->list,
							 LIST_LEN), type);
	KUNIT_EXPECT_TRUE(test, uuid_equal(&got, want));
}

static void ns_expect_no_uuid(struct kunit *test)
{
	struct ns_test *t = test->priv;
	uuid_t got;

	KUNIT_EXPECT_EQ(test, sluice_nvme_uuid_from_list(&got, t->list,
							 LIST_LEN), 0);
}

static void ns_uuid_only(struct kunit *test)
{
	ns_add_descriptor(test->priv, NVME_NIDT_UUID, &uuid, 16);
	ns_expect_uuid(test, NVME_NIDT_UUID, &uuid);
}

static void ns_uuid_wins(struct kunit *test)
{
	ns_add_descriptor(test->priv, NVME_NIDT_UUID, &uuid, 16);
	ns_add_descriptor(test->priv, NVME_NIDT_NGUID, &nguid, 16);
	ns_expect_uuid(test, NVME_NIDT_UUID, &uuid);
}

static void ns_uuid_wins_later(struct kunit *test)
{
	ns_add_descriptor(test->priv, NVME_NIDT_EUI64, "\1\2\3\4\5\6\7", 8);
	ns_add_descriptor(test->priv, NVME_NIDT_NGUID, &nguid, 16);
	ns_add_descriptor(test->priv, NVME_NIDT_UUID, &uuid, 16);
	ns_expect_uuid(test, NVME_NIDT_UUID, &uuid);
}

/* Zeros mean that the drive has none, not that it is the name. */
static void ns_null_uuid(struct kunit *test)
{
	ns_add_descriptor(test->priv, NVME_NIDT_NGUID, &nguid, 16);
	ns_add_descriptor(test->priv, NVME_NIDT_UUID, &uuid_null, 16);
	ns_expect_uuid(test, NVME_NIDT_NGUID, &nguid);
}

static void ns_empty_list(struct kunit *test)
{
	ns_expect_no_uuid(test);
}

static void ns_wrong_length(struct kunit *test)
{
	ns_add_descriptor(test->priv, NVME_NIDT_UUID, &uuid, 15);
	ns_add_descriptor(test->priv, NVME_NIDT_NGUID, &nguid, 8);
	ns_expect_no_uuid(test);
}

/* A descriptor that reaches beyond the list is not read. */
static void ns_cut_off(struct kunit *test)
{
	struct ns_test *t = test->priv;
	u8 filler[44] = { };

	ns_add_descriptor(t, 0x7f, filler, sizeof(filler));
	ns_add_descriptor(t, NVME_NIDT_UUID, &uuid, 16);
	KUNIT_ASSERT_GT(test, t->len, (size_t)LIST_LEN);
	ns_expect_no_uuid(test);
}

static void ns_command_set(struct kunit *test)
{
	static const u8 zoned = 2, nvm;
	struct ns_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, sluice_nvme_csi_from_list(t->list, LIST_LEN), 0);
	ns_add_descriptor(t, NVME_NIDT_NGUID, &nguid, 16);
	KUNIT_EXPECT_EQ(test, sluice_nvme_csi_from_list(t->list, LIST_LEN), 0);
	ns_add_descriptor(t, 4, &zoned, 1);
	KUNIT_EXPECT_EQ(test, sluice_nvme_csi_from_list(t->list, LIST_LEN), 2);
	t->len = 0;
	ns_add_descriptor(t, 4, &nvm, 1);
	KUNIT_EXPECT_EQ(test, sluice_nvme_csi_from_list(t->list, LIST_LEN), 0);
}

static void ns_good(struct kunit *test)
{
	struct ns_test *t = test->priv;

	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_refusal(&t->id));
	t->id.flbas = 1;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_refusal(&t->id));
	/* the largest of each block size */
	t->id.nsze = cpu_to_le64(S64_MAX >> 12);
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_refusal(&t->id));
	t->id.flbas = 0;
	t->id.nsze = cpu_to_le64(S64_MAX >> 9);
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_refusal(&t->id));
}

static void ns_expect_refusal(struct kunit *test, const char *word)
{
	struct ns_test *t = test->priv;
	const char *reason = sluice_nvme_ns_refusal(&t->id);

	KUNIT_ASSERT_NOT_NULL(test, reason);
	KUNIT_EXPECT_NOT_NULL(test, strstr(reason, word));
}

static void ns_metadata(struct kunit *test)
{
	struct ns_test *t = test->priv;

	/* of a format that is not in use: no harm */
	t->id.lbaf[1].ms = cpu_to_le16(8);
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_refusal(&t->id));
	t->id.flbas = 1;
	ns_expect_refusal(test, "metadata");
}

static void ns_protection(struct kunit *test)
{
	struct ns_test *t = test->priv;

	t->id.dps = 1;
	ns_expect_refusal(test, "protection");
}

static void ns_block_size(struct kunit *test)
{
	struct ns_test *t = test->priv;

	t->id.lbaf[0].lbads = 11;
	ns_expect_refusal(test, "512");
	t->id.lbaf[0].lbads = 0;
	ns_expect_refusal(test, "512");
}

/* A format beyond the sixteenth must not be taken for one of the first */
static void ns_many_formats(struct kunit *test)
{
	struct ns_test *t = test->priv;

	t->id.nlbaf = 15;	/* counts from zero */
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_refusal(&t->id));
	t->id.nlbaf = 16;
	ns_expect_refusal(test, "formats");
	/* number 17, by bits 6:5, which looks like 1 without them */
	t->id.nlbaf = 63;
	t->id.flbas = 1 << 5 | 1;
	ns_expect_refusal(test, "formats");
	/* with 16 formats these bits say nothing: the format is 1 */
	t->id.nlbaf = 15;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_refusal(&t->id));
	t->id.lbaf[1].ms = cpu_to_le16(8);
	ns_expect_refusal(test, "metadata");
}

static void ns_size(struct kunit *test)
{
	struct ns_test *t = test->priv;

	t->id.nsze = 0;
	ns_expect_refusal(test, "zero");
	t->id.nsze = cpu_to_le64((S64_MAX >> 9) + 1ull);
	ns_expect_refusal(test, "represented");
	t->id.nsze = cpu_to_le64(U64_MAX);
	ns_expect_refusal(test, "represented");
}

static void ns_expect_wwid(struct kunit *test, const struct sluice_nvme_ns *ns,
			   const char *want)
{
	char *got = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_EXPECT_EQ(test, sluice_nvme_ns_wwid(ns, got, PAGE_SIZE),
			(int)strlen(want));
	KUNIT_EXPECT_STREQ(test, (const char *)got, want);
}

/* The names are those of nvme-core's wwid_show(). */
static void ns_wwid(struct kunit *test)
{
	struct ns_test *t = test->priv;
	struct sluice_nvme_ctrl *ctrl;
	struct sluice_nvme_ns ns = { .nsid = 0x2a, .uuid = uuid, .id = &t->id };
	struct nvme_id_ctrl *id;

	ctrl = kunit_kzalloc(test, sizeof(*ctrl), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctrl);
	id = kunit_kzalloc(test, sizeof(*id), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, id);
	ctrl->id = id;
	ns.ctrl = ctrl;
	id->vid = cpu_to_le16(0x1b36);
	memcpy(t->id.eui64, "\1\2\3\4\5\6\7\x8f", 8);
	/* leading blanks count, padding of either kind does not */
	memcpy(id->sn, " S1\0                ", sizeof(id->sn));
	memset(id->mn, ' ', sizeof(id->mn));
	memcpy(id->mn, "M 2", 3);

	ns.nidt = NVME_NIDT_UUID;
	ns_expect_wwid(test, &ns, "uuid.fedcba98-7654-4321-0908-070605040302");
	ns.nidt = NVME_NIDT_NGUID;
	ns_expect_wwid(test, &ns, "eui.fedcba98765443210908070605040302");
	ns.nidt = NVME_NIDT_EUI64;
	ns_expect_wwid(test, &ns, "eui.010203040506078f");
	ns.nidt = 0;
	ns_expect_wwid(test, &ns, "nvme.1b36-205331-4d2032-0000002a");
}

/* A namespace of a drive of its own */
struct ns_twin {
	struct sluice_nvme_ctrl ctrl;
	struct sluice_nvme_host host;
	struct pci_dev pdev;
	struct nvme_id_ctrl id;
	struct nvme_id_ns ns_id;
	struct sluice_nvme_ns ns;
};

static struct ns_twin *ns_make_twin(struct kunit *test, const char *serial)
{
	struct ns_twin *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->ctrl.pdev = &t->pdev;
	t->ctrl.host = &t->host;
	t->ctrl.id = &t->id;
	snprintf(t->id.sn, sizeof(t->id.sn), "%s", serial);
	snprintf(t->id.subnqn, sizeof(t->id.subnqn), "nqn.2014-08:%s", serial);
	INIT_LIST_HEAD(&t->ns.all);
	t->ns.ctrl = &t->ctrl;
	t->ns.nsid = 1;
	t->ns.id = &t->ns_id;
	t->ns.uuid = uuid;
	t->ns.nidt = NVME_NIDT_NGUID;
	memcpy(t->ns_id.eui64, "\1\2\3\4\5\6\7\x8f", 8);
	return t;
}

/* Several drives with one identifier: two disks must not have one name */
static void ns_shared_id(struct kunit *test)
{
	struct ns_twin *a = ns_make_twin(test, "A"), *b = ns_make_twin(test, "B");
	struct ns_twin *c = ns_make_twin(test, "C");

	c->ns.uuid = nguid;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&a->ns));
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&b->ns));
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&c->ns));
	ns_expect_wwid(test, &a->ns, "eui.fedcba98765443210908070605040302");
	ns_expect_wwid(test, &b->ns, "nvme.0000-42--00000001");
	ns_expect_wwid(test, &c->ns, "eui.0123456789abcdef0102030405060708");
	sluice_nvme_ns_leave(&a->ns);
	sluice_nvme_ns_leave(&b->ns);

	/* one that has gone is in nobody's way; the next kind of identifier */
	a->ns.nidt = NVME_NIDT_EUI64;
	b->ns.nidt = NVME_NIDT_EUI64;
	b->ns.nidt_taken = false;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&b->ns));
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&a->ns));
	ns_expect_wwid(test, &b->ns, "eui.010203040506078f");
	ns_expect_wwid(test, &a->ns, "nvme.0000-41--00000001");
	sluice_nvme_ns_leave(&a->ns);
	sluice_nvme_ns_leave(&b->ns);
	sluice_nvme_ns_leave(&c->ns);
}

/* Two controllers of one drive: what they share must not be given away twice */
static void ns_two_controllers(struct kunit *test)
{
	struct ns_twin *a = ns_make_twin(test, "A"), *b = ns_make_twin(test, "A");

	a->ns_id.nmic = 1;
	b->ns_id.nmic = 1;
	a->ns.nidt = 0;
	b->ns.nidt = 0;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&a->ns));
	KUNIT_EXPECT_NOT_NULL(test, sluice_nvme_ns_enter(&b->ns));
	/* not another one of the drive, nor one that each controller has alone */
	b->ns.nsid = 2;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&b->ns));
	sluice_nvme_ns_leave(&b->ns);
	b->ns.nsid = 1;
	b->ns_id.nmic = 0;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&b->ns));
	sluice_nvme_ns_leave(&b->ns);
	/* nor of a drive whose name says nothing */
	b->ns_id.nmic = 1;
	b->host.quirks = SLUICE_QUIRK_SUBNQN;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&b->ns));
	sluice_nvme_ns_leave(&b->ns);
	b->host.quirks = 0;
	a->id.subnqn[0] = 0;
	b->id.subnqn[0] = 0;
	KUNIT_EXPECT_NULL(test, sluice_nvme_ns_enter(&b->ns));
	sluice_nvme_ns_leave(&b->ns);
	sluice_nvme_ns_leave(&a->ns);
}

static struct kunit_case ns_cases[] = {
	KUNIT_CASE(ns_uuid_only),
	KUNIT_CASE(ns_uuid_wins),
	KUNIT_CASE(ns_uuid_wins_later),
	KUNIT_CASE(ns_null_uuid),
	KUNIT_CASE(ns_empty_list),
	KUNIT_CASE(ns_wrong_length),
	KUNIT_CASE(ns_cut_off),
	KUNIT_CASE(ns_command_set),
	KUNIT_CASE(ns_good),
	KUNIT_CASE(ns_metadata),
	KUNIT_CASE(ns_protection),
	KUNIT_CASE(ns_block_size),
	KUNIT_CASE(ns_many_formats),
	KUNIT_CASE(ns_size),
	KUNIT_CASE(ns_wwid),
	KUNIT_CASE(ns_shared_id),
	KUNIT_CASE(ns_two_controllers),
	{ }
};

static struct kunit_suite ns_suite = {
	.name = "sluice-nvme-ns",
	.init = ns_test_init,
	.test_cases = ns_cases,
};

kunit_test_suites(&ns_suite);
