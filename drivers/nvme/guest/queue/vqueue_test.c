// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of the creation and deletion of I/O queues
 *
 * The guest's command is checked before the drive is asked for a queue. These
 * tests end there, as the fixture has no drive. Status codes are written down
 * here from NVMe 1.4, sections 5.3 to 5.6.
 */
#include <linux/string.h>

#include "guest/vfake_test.h"

#define SQ	0x0000111100000000ull
#define CQ	0x0000222200000000ull
#define LIST	0x00007fff00000000ull
#define PAGES	0x0000444400000000ull
#define PAGE	4096ull

#define PC	1u	/* physically contiguous */
#define IEN	2u	/* interrupts enabled, completion queues only */

#define INVALID_FIELD		VFAKE_DNR(0x002)
#define TRANSFER_ERROR		VFAKE_DNR(0x004)
#define INVALID_OFFSET		VFAKE_DNR(0x013)
#define CQ_INVALID		VFAKE_DNR(0x100)
#define QID_INVALID		VFAKE_DNR(0x101)
#define QUEUE_SIZE_INVALID	VFAKE_DNR(0x102)
#define VECTOR_INVALID		VFAKE_DNR(0x108)
#define DELETION_INVALID	VFAKE_DNR(0x10c)

static struct nvme_cmd create(u16 qid, u32 size, u64 prp1, u32 cdw11)
{
	struct nvme_cmd cmd = {
		.prp1	= cpu_to_le64(prp1),
		.cdw10	= cpu_to_le32((size - 1) << 16 | qid),
		.cdw11	= cpu_to_le32(cdw11),
	};

	return cmd;
}

static u32 create_cq(struct vfake *f, u16 qid, u32 size, u64 prp1, u32 cdw11)
{
	struct nvme_cmd cmd = create(qid, size, prp1, cdw11);
	u32 result;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vcq_create(&f->vctrl, &cmd, &result));
}

static u32 create_sq(struct vfake *f, u16 qid, u32 size, u64 prp1, u32 cdw11)
{
	struct nvme_cmd cmd = create(qid, size, prp1, cdw11);
	u32 result;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vsq_create(&f->vctrl, &cmd, &result));
}

static u32 delete_cq(struct vfake *f, u16 qid)
{
	struct nvme_cmd cmd = { .cdw10 = cpu_to_le32(qid) };
	u32 result;

	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vcq_delete(&f->vctrl, &cmd, &result));
}

static u32 delete_sq(struct vfake *f, u16 qid)
{
	struct nvme_cmd cmd = { .cdw10 = cpu_to_le32(qid) };
	u32 result;

	/* the hardware's queue is KUnit's memory */
	if (qid && qid <= VFAKE_QPAIRS)
		f->vctrl.sqs[qid].hw.entries = NULL;
	guard(mutex)(&f->vctrl.admin_lock);
	return vfake_status(sluice_vsq_delete(&f->vctrl, &cmd, &result));
}

/* A refusal leaves nothing behind */
static void expect_no_queues(struct vfake *f)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(f->vctrl.sqs); i++) {
		KUNIT_EXPECT_FALSE(f->test, f->vctrl.cqs[i].live);
		KUNIT_EXPECT_NULL(f->test, f->vctrl.cqs[i].ring.pages);
		KUNIT_EXPECT_NULL(f->test, f->vctrl.cqs[i].ring.va);
		KUNIT_EXPECT_NULL(f->test, f->vctrl.sqs[i].ring.pages);
		KUNIT_EXPECT_NULL(f->test, f->vctrl.sqs[i].ring.va);
		KUNIT_EXPECT_EQ(f->test, f->vctrl.sqs[i].nr_slots, 0u);
	}
	KUNIT_EXPECT_FALSE(f->test, sluice_vqueues_any_io(&f->vctrl));
	KUNIT_EXPECT_EQ(f->test, f->vctrl.pairs, 0ul);
}

static const u16 bad_qids[] = {
	0, VFAKE_QPAIRS + 1, SLUICE_VCTRL_MAX_QPAIRS, SLUICE_VCTRL_MAX_QPAIRS + 1,
	255, 256, 0x7fff, 0xffff,
};

static void create_cq_refused(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_map(f, CQ);
	for (i = 0; i < ARRAY_SIZE(bad_qids); i++)
		KUNIT_EXPECT_EQ(test, create_cq(f, bad_qids[i], 16, CQ, PC),
				QID_INVALID);
	/* a queue of one entry is always empty and full */
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 1, CQ, PC), QUEUE_SIZE_INVALID);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, f->ctrl.max_depth + 1, CQ, PC),
			QUEUE_SIZE_INVALID);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 65536, CQ, PC),
			QUEUE_SIZE_INVALID);
	/* a vector for each queue pair and the admin queue */
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 16, CQ, (VFAKE_QPAIRS + 1) << 16 |
						      IEN | PC),
			VECTOR_INVALID);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 16, CQ, 0xffff0000 | IEN | PC),
			VECTOR_INVALID);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 16, CQ + 8, PC), INVALID_OFFSET);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 16, CQ + 2048, PC),
			INVALID_OFFSET);
	/* memory that is not there, or goes beyond the last address */
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 16, CQ + PAGE, PC),
			INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 512, -PAGE, PC), INVALID_FIELD);
	f->vmap_err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 16, CQ, PC), VFAKE_RETRY);
	f->vmap_err = -ENOMEM;
	KUNIT_EXPECT_NE(test, create_cq(f, 1, 16, CQ, PC), 0);
	f->vmap_err = 0;
	expect_no_queues(f);

	vfake_add_cq(f, 2, CQ, 16);
	KUNIT_EXPECT_EQ(test, create_cq(f, 2, 16, CQ, PC), QID_INVALID);
	KUNIT_EXPECT_TRUE(test, f->vctrl.cqs[2].live);
	KUNIT_EXPECT_TRUE(test, sluice_vqueues_any_io(&f->vctrl));
}

static void create_sq_refused(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_map(f, SQ);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 16, SQ, 1 << 16 | PC), CQ_INVALID);
	expect_no_queues(f);
	vfake_add_cq(f, 1, CQ, 16);
	for (i = 0; i < ARRAY_SIZE(bad_qids); i++) {
		KUNIT_EXPECT_EQ(test, create_sq(f, bad_qids[i], 16, SQ,
						1 << 16 | PC), QID_INVALID);
		/* the admin queue's is no place for I/O */
		KUNIT_EXPECT_EQ(test, create_sq(f, 1, 16, SQ,
						(u32)bad_qids[i] << 16 | PC),
				QID_INVALID);
	}
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 16, SQ, 2 << 16 | PC), CQ_INVALID);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 1, SQ, 1 << 16 | PC),
			QUEUE_SIZE_INVALID);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, f->ctrl.max_depth + 1, SQ,
					1 << 16 | PC), QUEUE_SIZE_INVALID);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 65536, SQ, 1 << 16 | PC),
			QUEUE_SIZE_INVALID);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 16, SQ + 64, 1 << 16 | PC),
			INVALID_OFFSET);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 16, SQ + PAGE, 1 << 16 | PC),
			INVALID_FIELD);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 128, -PAGE, 1 << 16 | PC),
			INVALID_FIELD);
	f->vmap_err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 16, SQ, 1 << 16 | PC),
			VFAKE_RETRY);
	f->vmap_err = 0;
	KUNIT_EXPECT_EQ(test, f->vctrl.cqs[1].users, 0u);
	KUNIT_EXPECT_NULL(test, f->vctrl.sqs[1].ring.pages);

	vfake_add_sq(f, 3, 1, SQ, 16, 4);
	KUNIT_EXPECT_EQ(test, create_sq(f, 3, 16, SQ, 1 << 16 | PC), QID_INVALID);
	KUNIT_EXPECT_TRUE(test, f->vctrl.sqs[3].live);
}

/* CC says how large entries are; queues need it to be right */
static void entry_sizes(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_map(f, CQ);
	vfake_map(f, SQ);
	vfake_add_cq(f, 2, CQ + 0x10000, 16);
	/* as far as the memory, which fails */
	f->vmap_err = -EAGAIN;
	for (i = 0; i < 16; i++) {
		f->vctrl.regs.cc = 1 | i << 16 | 4 << 20;
		KUNIT_EXPECT_EQ(test, create_sq(f, 1, 16, SQ, 2 << 16 | PC),
				i == 6 ? VFAKE_RETRY : QUEUE_SIZE_INVALID);
		f->vctrl.regs.cc = 1 | 6 << 16 | i << 20;
		KUNIT_EXPECT_EQ(test, create_cq(f, 1, 16, CQ, PC),
				i == 4 ? VFAKE_RETRY : QUEUE_SIZE_INVALID);
	}
}

static void expect_pages(struct vfake *f, u64 first, u64 stride, unsigned int nr)
{
	unsigned int n;

	KUNIT_ASSERT_EQ(f->test, f->vmap_nr, nr);
	for (n = 0; n < nr && f->vmap_iovas[n] == first + n * stride; n++)
		;
	KUNIT_EXPECT_EQ(f->test, n, nr);
}

/* The pages of a contiguous queue follow from its base and size */
static void contiguous_pages(struct kunit *test)
{
	static const struct {
		u32 size;
		unsigned int cq_pages, sq_pages;
	} cases[] = {
		{ 2, 1, 1 }, { 64, 1, 1 }, { 65, 1, 2 }, { 256, 1, 4 },
		{ 257, 2, 5 }, { 1024, 4, 16 }, { 65535, 256, 1024 },
		{ 65536, 256, 1024 },
	};
	struct vfake *f = test->priv;
	unsigned int i;

	f->ctrl.max_depth = 65536;
	vfake_add_cq(f, 1, CQ, 16);
	f->vmap_err = -EAGAIN;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, create_cq(f, 2, cases[i].size, CQ, PC),
				VFAKE_RETRY);
		expect_pages(f, CQ, PAGE, cases[i].cq_pages);
		KUNIT_EXPECT_TRUE(test, f->vmap_write);
		KUNIT_EXPECT_EQ(test, create_sq(f, 2, cases[i].size, SQ,
						1 << 16 | PC), VFAKE_RETRY);
		expect_pages(f, SQ, PAGE, cases[i].sq_pages);
		KUNIT_EXPECT_FALSE(test, f->vmap_write);
	}
}

/* A list of the pages PAGES, PAGES + 2 pages …, chained behind each page of it */
static void put_list(struct vfake *f, u64 iova, unsigned int nr)
{
	unsigned int n;

	for (n = 0; n < nr; n++) {
		if (iova % PAGE == PAGE - 8 && n + 1 < nr) {
			vfake_put_entry(f, iova, iova + 8 + 2 * PAGE);
			iova += 8 + 2 * PAGE;
		}
		vfake_put_entry(f, iova, PAGES + n * 2 * PAGE);
		iova += 8;
	}
}

/* PC = 0: the pages are in a list, which may itself have several */
static void scattered_pages(struct kunit *test)
{
	static const u32 sizes[] = { 2, 64, 65, 1024, 32768, 65536 };
	static const u32 offsets[] = { 0, 8, 2048, 4080, 4088 };
	struct vfake *f = test->priv;
	unsigned int i, j;

	f->ctrl.max_depth = 65536;
	vfake_add_cq(f, 1, CQ, 16);
	f->vmap_err = -EAGAIN;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			unsigned int sq_pages = DIV_ROUND_UP(sizes[i] * 64, PAGE);
			unsigned int cq_pages = DIV_ROUND_UP(sizes[i] * 16, PAGE);
			u64 list = LIST + offsets[j];

			put_list(f, list, sq_pages);
			KUNIT_EXPECT_EQ(test, create_sq(f, 2, sizes[i], list,
							1 << 16), VFAKE_RETRY);
			expect_pages(f, PAGES, 2 * PAGE, sq_pages);
			put_list(f, list, cq_pages);
			KUNIT_EXPECT_EQ(test, create_cq(f, 2, sizes[i], list,
							0), VFAKE_RETRY);
			expect_pages(f, PAGES, 2 * PAGE, cq_pages);
		}
	}
}

static void scattered_pages_refused(struct kunit *test)
{
	struct vfake *f = test->priv;

	f->ctrl.max_depth = 65536;
	f->vmap_err = -EAGAIN;
	/* the list is not there, or not aligned */
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 512, LIST, 0), TRANSFER_ERROR);
	put_list(f, LIST, 600);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 512, LIST + 4, 0), INVALID_OFFSET);
	/* an entry with an offset, behind the end and before it */
	vfake_put_entry(f, LIST + 8, PAGES + 512);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 512, LIST, 0), INVALID_OFFSET);
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 256, LIST, 0), VFAKE_RETRY);
	/* the list is away for a moment */
	vfake_page(f, LIST)->err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, create_cq(f, 1, 512, LIST, 0), VFAKE_RETRY);
	vfake_page(f, LIST)->err = 0;
	expect_no_queues(f);

	/* a pointer to the next page of the list with an offset */
	f->vmap_err = 0;
	vfake_add_cq(f, 1, CQ, 16);
	f->vmap_err = -EAGAIN;
	put_list(f, LIST, 1024);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 65536, LIST, 1 << 16),
			VFAKE_RETRY);
	vfake_put_entry(f, LIST + 4088, LIST + 8);
	KUNIT_EXPECT_EQ(test, create_sq(f, 1, 65536, LIST, 1 << 16),
			INVALID_OFFSET);
}

/* Queues share a completion queue, which stays as long as they do */
static void delete_order(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_add_cq(f, 1, CQ, 16);
	vfake_add_sq(f, 1, 1, SQ, 16, 4);
	vfake_add_sq(f, 2, 1, SQ + 0x10000, 16, 4);
	for (i = 0; i < ARRAY_SIZE(bad_qids); i++) {
		KUNIT_EXPECT_EQ(test, delete_cq(f, bad_qids[i]), QID_INVALID);
		KUNIT_EXPECT_EQ(test, delete_sq(f, bad_qids[i]), QID_INVALID);
	}
	KUNIT_EXPECT_EQ(test, delete_cq(f, 2), QID_INVALID);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 3), QID_INVALID);

	KUNIT_EXPECT_EQ(test, delete_cq(f, 1), DELETION_INVALID);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), 0);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), QID_INVALID);
	KUNIT_EXPECT_EQ(test, delete_cq(f, 1), DELETION_INVALID);
	KUNIT_EXPECT_EQ(test, delete_sq(f, 2), 0);
	KUNIT_EXPECT_EQ(test, delete_cq(f, 1), 0);
	KUNIT_EXPECT_EQ(test, delete_cq(f, 1), QID_INVALID);
	expect_no_queues(f);
}

/* Commands still with the drive complete as aborted, into their queue */
static void delete_with_commands(struct kunit *test)
{
	static const struct nvme_cmd flush = {
		.cid	= cpu_to_le16(0xf1), .nsid = cpu_to_le32(1),
	};
	struct vfake *f = test->priv;
	const struct nvme_cqe *cqe;
	unsigned int i;

	vfake_add_cq(f, 1, CQ, 3);
	vfake_add_sq(f, 1, 1, SQ, 16, 8);
	vfake_add_sq(f, 2, 1, SQ + 0x10000, 16, 8);
	vfake_submit(f, 2, &flush);
	sluice_vio_service(&f->vctrl.sqs[2]);
	for (i = 0; i < 6; i++)
		vfake_submit(f, 1, &flush);
	sluice_vio_service(&f->vctrl.sqs[1]);

	KUNIT_EXPECT_EQ(test, delete_sq(f, 1), 0);
	for (i = 0; i < 2; i++) {
		cqe = vfake_cqe(f, 1, i);
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->sq_id), 1);
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->status), 0x08 << 1 | 1);
	}
	/* those without room are forgotten, the other queue's are not */
	vfake_complete(f, 2, 1, 0, 0);
	vfake_ring_cq(f, 1, 2);
	sluice_vcq_doorbell(&f->vctrl.cqs[1]);
	cqe = vfake_cqe(f, 1, 2);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->sq_id), 2);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(cqe->status), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->vctrl.cqs[1].waiting));
}

static unsigned int add_sharing_sq(struct vfake *f, u16 qid, u32 size)
{
	struct sluice_vctrl *vctrl = &f->vctrl;
	unsigned int left = sluice_vsq_slots_left(vctrl, &vctrl->cqs[1]);
	unsigned int slots = min(size - 1, left);

	KUNIT_ASSERT_GT(f->test, slots, 0u);
	vfake_add_sq(f, qid, 1, SQ + qid * 0x10000, size, slots);
	return slots;
}

static void remove_sq(struct vfake *f, u16 qid)
{
	KUNIT_ASSERT_EQ(f->test, delete_sq(f, qid), 0);
}

/*
 * However many submission queues share a completion queue, the drive has room
 * for the completions of all commands that can be in flight.
 */
static void shared_cq_slots(struct kunit *test)
{
	static const u32 depths[] = { 1024, 256, 64, 17, 6, 5 };
	static const u32 sizes[] = { 1024, 2, 40, 1024 };
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];
	unsigned int i, qid, total;

	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		vfake_add_cq(f, 1, CQ, 16);
		vcq->hw.depth = depths[i];
		/* all as deep as they can be */
		for (total = 0, qid = 1; qid <= VFAKE_QPAIRS; qid++)
			total += add_sharing_sq(f, qid, 1024);
		KUNIT_EXPECT_LE(test, total, depths[i] - 1);
		/* deleted and created again in another order, some small */
		for (qid = 1; qid <= VFAKE_QPAIRS; qid++)
			remove_sq(f, qid);
		for (total = 0, qid = VFAKE_QPAIRS; qid >= 1; qid--)
			total += add_sharing_sq(f, qid, sizes[qid - 1]);
		remove_sq(f, 2);
		remove_sq(f, 3);
		total = f->vctrl.sqs[1].nr_slots + f->vctrl.sqs[4].nr_slots +
			add_sharing_sq(f, 2, 1024) + add_sharing_sq(f, 3, 1024);
		KUNIT_EXPECT_LE(test, total, depths[i] - 1);
		for (qid = 1; qid <= VFAKE_QPAIRS; qid++)
			remove_sq(f, qid);
		KUNIT_ASSERT_EQ(test, delete_cq(f, 1), 0);
	}
}

/* A drive with fewer entries than the guest has queues: the last gets none */
static void shared_cq_too_small(struct kunit *test)
{
	struct vfake *f = test->priv;
	u16 qid;

	vfake_add_cq(f, 1, CQ, 16);
	f->vctrl.cqs[1].hw.depth = VFAKE_QPAIRS;
	for (qid = 1; qid < VFAKE_QPAIRS; qid++)
		KUNIT_EXPECT_EQ(test, add_sharing_sq(f, qid, 2), 1u);
	vfake_map(f, SQ);
	KUNIT_EXPECT_EQ(test, create_sq(f, VFAKE_QPAIRS, 16, SQ, 1 << 16 | PC),
			QUEUE_SIZE_INVALID);
	f->vctrl.cqs[1].hw.depth = 1024;
}

static struct nvme_cqe *synced_entries;

/* Takes the test's entries away: they are not the driver's to free. */
static void note_entries(struct sluice_dev *sdev)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);

	synced_entries = f->vctrl.cqs[1].hw.entries;
	f->vctrl.cqs[1].hw.entries = NULL;
}

/*
 * The poller looks at a pair while either queue exists. It looks at the entries of
 * the hardware's completion queue, so these stay until it has ended its visit.
 */
static void poller_looks_at_pairs(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct nvme_cqe *entries;

	entries = kunit_kcalloc(test, 16, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	KUNIT_EXPECT_EQ(test, f->vctrl.pairs, 0ul);
	vfake_add_cq(f, 1, CQ, 16);
	vfake_add_sq(f, 2, 1, SQ, 16, 8);
	KUNIT_EXPECT_EQ(test, f->vctrl.pairs, BIT(1) | BIT(2));
	KUNIT_EXPECT_EQ(test, delete_sq(f, 2), 0u);
	KUNIT_EXPECT_EQ(test, f->vctrl.pairs, BIT(1));

	kunit_activate_static_stub(test, sluice_poll_sync, note_entries);
	synced_entries = NULL;
	f->vctrl.cqs[1].hw.entries = entries;
	KUNIT_EXPECT_EQ(test, delete_cq(f, 1), 0u);
	KUNIT_EXPECT_PTR_EQ(test, synced_entries, entries);
	KUNIT_EXPECT_EQ(test, f->vctrl.pairs, 0ul);
}

/* A Controller Reset, with everything in use, leaves nothing */
static void destroy_all(struct kunit *test)
{
	static const struct nvme_cmd flush = { .nsid = cpu_to_le32(1) };
	struct vfake *f = test->priv;
	unsigned int i;

	vfake_add_admin(f, SQ, 8, CQ, 8);
	for (i = 1; i <= VFAKE_QPAIRS; i++) {
		vfake_add_cq(f, i, CQ + i * 0x10000, 4);
		vfake_add_sq(f, i, i, SQ + i * 0x10000, 16, 8);
		vfake_submit(f, i, &flush);
		sluice_vio_service(&f->vctrl.sqs[i]);
		f->vctrl.sqs[i].hw.entries = NULL;
	}
	scoped_guard(mutex, &f->vctrl.admin_lock)
		sluice_vqueues_destroy_all(&f->vctrl);
	expect_no_queues(f);
	KUNIT_EXPECT_FALSE(test, f->vctrl.sqs[0].live);
	KUNIT_EXPECT_FALSE(test, f->vctrl.cqs[0].live);
	/* the guest expects nothing more, not even to be interrupted */
	for (i = 1; i <= VFAKE_QPAIRS; i++) {
		const __le16 *status = (void *)vfake_page(f, CQ + i * 0x10000)->va + 14;

		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(*status), 0);
		KUNIT_EXPECT_EQ(test, vfake_signals(f, i), 0u);
	}
	/* doing it again is no harm */
	scoped_guard(mutex, &f->vctrl.admin_lock)
		sluice_vqueues_destroy_all(&f->vctrl);
}

static void admin_queues(struct kunit *test)
{
	static const u32 sizes[] = { 2, 32, 64, 65, 4096 };
	struct vfake *f = test->priv;
	struct sluice_vctrl *vctrl = &f->vctrl;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vfake_ring_sq(f, 0, 77);
		vfake_ring_cq(f, 0, 77);
		vfake_add_admin(f, SQ, sizes[i], CQ, sizes[ARRAY_SIZE(sizes) - 1 - i]);
		KUNIT_EXPECT_EQ(test, vctrl->sqs[0].size, sizes[i]);
		KUNIT_EXPECT_EQ(test, vctrl->cqs[0].size,
				sizes[ARRAY_SIZE(sizes) - 1 - i]);
		KUNIT_EXPECT_TRUE(test, vctrl->sqs[0].live && vctrl->cqs[0].live);
		/* doorbells of a former life do not count */
		KUNIT_EXPECT_EQ(test, le32_to_cpu(f->sdev.doorbells[VFAKE_SQ_DB(0)]), 0u);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(f->sdev.doorbells[VFAKE_CQ_DB(0)]), 0u);
		KUNIT_EXPECT_EQ(test, (int)vctrl->cqs[0].phase, 1);
		scoped_guard(mutex, &vctrl->admin_lock)
			sluice_vqueues_destroy_all(vctrl);
	}
}

static void admin_queues_refused(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vctrl *vctrl = &f->vctrl;

	vctrl->regs.aqa = 0x001f001f;
	vctrl->regs.acq = CQ;
	vctrl->regs.asq = SQ;
	guard(mutex)(&vctrl->admin_lock);
	KUNIT_EXPECT_LT(test, sluice_vqueues_create_admin(vctrl), 0);
	vfake_map(f, CQ);
	KUNIT_EXPECT_LT(test, sluice_vqueues_create_admin(vctrl), 0);
	vfake_map(f, SQ);
	f->vmap_err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, sluice_vqueues_create_admin(vctrl), -EAGAIN);
	f->vmap_err = 0;
	vctrl->regs.asq = -PAGE;
	KUNIT_EXPECT_LT(test, sluice_vqueues_create_admin(vctrl), 0);
	KUNIT_EXPECT_FALSE(test, vctrl->sqs[0].live);
	KUNIT_EXPECT_NULL(test, vctrl->cqs[0].ring.pages);
	KUNIT_EXPECT_NULL(test, vctrl->sqs[0].ring.pages);
	KUNIT_EXPECT_NULL(test, vctrl->cqs[0].ring.va);
	vctrl->regs.asq = SQ;
	KUNIT_EXPECT_EQ(test, sluice_vqueues_create_admin(vctrl), 0);
}

/* Only what lies in the range goes, to the byte */
static void unmap_ranges(struct kunit *test)
{
	static const struct {
		u64 iova, size;
		bool cq, sq;	/* gone */
	} cases[] = {
		{ 0, 1, false, false },
		{ 0, U64_MAX, true, true },
		{ CQ, 1, true, false },
		{ CQ - 1, 1, false, false },
		{ CQ - 1, 2, true, false },
		{ CQ + PAGE - 1, 1, true, false },
		/* two pages of completions */
		{ CQ + PAGE, 1, true, false },
		{ CQ + 2 * PAGE - 1, 1, true, false },
		{ CQ + 2 * PAGE, U64_MAX - CQ - 2 * PAGE, false, false },
		{ SQ, PAGE, false, true },
		{ SQ - PAGE, PAGE, false, false },
		{ SQ + PAGE, CQ - SQ - PAGE, false, false },
		{ SQ + PAGE - 1, CQ - SQ, true, true },
		{ U64_MAX, 1, false, false },
	};
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = &f->vctrl.sqs[1];
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];
	unsigned int i;

	vfake_add_cq(f, 1, CQ, 512);
	vfake_add_sq(f, 1, 1, SQ, 16, 4);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		vfake_unmap_queues(f, cases[i].iova, cases[i].size);
		KUNIT_EXPECT_EQ_MSG(test, !vcq->ring.va, cases[i].cq,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, !vsq->ring.va, cases[i].sq,
				    "case %u", i);
		KUNIT_ASSERT_EQ(test, sluice_vring_map(&f->vctrl, &vsq->ring), 0);
		KUNIT_ASSERT_EQ(test, sluice_vcq_map(vcq), 0);
	}
}

/* A queue as large as @nr, with commands, that the guest deletes */
static void come_and_go(struct vfake *f, struct sluice_vsq *vsq, unsigned int nr)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(f->test, sluice_vsq_alloc_slots(vsq, nr), 0);
	KUNIT_ASSERT_EQ(f->test, sluice_vsq_alloc_lists(vsq), 0);
	KUNIT_EXPECT_EQ(f->test, sluice_vsq_nr_free(vsq), nr);
	for (i = 0; i < nr; i++) {
		struct sluice_vslot *slot = sluice_vsq_get_slot(vsq);

		KUNIT_ASSERT_PTR_EQ(f->test, slot, &vsq->slots[i]);
		KUNIT_ASSERT_NOT_NULL(f->test, slot->list);
		if (i)
			KUNIT_ASSERT_PTR_NE(f->test, slot->list, slot[-1].list);
		KUNIT_ASSERT_EQ(f->test, (int)slot->state, (int)SLUICE_VSLOT_FREE);
		slot->state = SLUICE_VSLOT_DONE;
	}
	KUNIT_EXPECT_NULL(f->test, sluice_vsq_get_slot(vsq));
	sluice_vsq_release_slots(vsq);
	KUNIT_EXPECT_EQ(f->test, vsq->nr_slots, 0u);
}

/* A guest that creates and deletes a queue in a loop has no memory cleared */
static void slots_are_kept(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = &f->vctrl.sqs[1];
	struct sluice_vslot *slots;
	void *lists;

	f->pdev.dev.coherent_dma_mask = DMA_BIT_MASK(64);
	come_and_go(f, vsq, 40);
	slots = vsq->slots;
	lists = vsq->lists;
	come_and_go(f, vsq, 40);
	/* the last block of lists has more than there were slots */
	come_and_go(f, vsq, 3);
	come_and_go(f, vsq, 39);
	KUNIT_EXPECT_PTR_EQ(test, vsq->slots, slots);
	KUNIT_EXPECT_PTR_EQ(test, (void *)vsq->lists, lists);
	KUNIT_EXPECT_EQ(test, vsq->nr_lists, 3u);
	/* more than there were */
	come_and_go(f, vsq, 100);
	KUNIT_EXPECT_EQ(test, vsq->max_slots, 100u);
	KUNIT_EXPECT_EQ(test, vsq->nr_lists, 7u);
	/* nothing is left of it when the device is closed */
	scoped_guard(mutex, &f->vctrl.admin_lock)
		sluice_vqueues_free(&f->vctrl);
	KUNIT_EXPECT_NULL(test, vsq->slots);
	KUNIT_EXPECT_NULL(test, vsq->lists);
	KUNIT_EXPECT_EQ(test, vsq->nr_lists, 0u);
}

static struct kunit_case vqueue_cases[] = {
	KUNIT_CASE(create_cq_refused),
	KUNIT_CASE(create_sq_refused),
	KUNIT_CASE(entry_sizes),
	KUNIT_CASE(contiguous_pages),
	KUNIT_CASE(scattered_pages),
	KUNIT_CASE(scattered_pages_refused),
	KUNIT_CASE(delete_order),
	KUNIT_CASE(delete_with_commands),
	KUNIT_CASE(shared_cq_slots),
	KUNIT_CASE(slots_are_kept),
	KUNIT_CASE(shared_cq_too_small),
	KUNIT_CASE(poller_looks_at_pairs),
	KUNIT_CASE(destroy_all),
	KUNIT_CASE(admin_queues),
	KUNIT_CASE(admin_queues_refused),
	KUNIT_CASE(unmap_ranges),
	{}
};

static struct kunit_suite vqueue_suite = {
	.name = "sluice-nvme-vqueue",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vqueue_cases,
};

kunit_test_suites(&vqueue_suite);
