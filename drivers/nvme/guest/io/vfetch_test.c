// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of fetching from a guest's I/O queue
 *
 * Tails, wrap-around, slots, and all reasons to stop.
 */
#include <linux/string.h>

#include "guest/vfake_test.h"

#define SQ	0x0000111100000000ull
#define CQ	0x0000222200000000ull
#define DATA	0x0000700000000000ull
#define OTHER	0x0000710000000000ull

#define INVALID_OPCODE	VFAKE_DNR(0x001)

/* A Read of one block, of which the drive may have as many as there are slots */
static const struct nvme_cmd small = {
	.opcode	= 0x02,
	.nsid	= cpu_to_le32(1),
	.prp1	= cpu_to_le64(OTHER),
};

static struct sluice_vsq *add_pair(struct vfake *f, u32 sq_size, u32 cq_size,
				   unsigned int nr_slots)
{
	vfake_map(f, OTHER);
	vfake_add_cq(f, 1, CQ, cq_size);
	vfake_add_sq(f, 1, 1, SQ, sq_size, nr_slots);
	return &f->vctrl.sqs[1];
}

static void submit(struct vfake *f, u16 cid, unsigned int nr)
{
	struct nvme_cmd cmd = small;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		cmd.cid = cpu_to_le16(cid + i);
		vfake_submit(f, 1, &cmd);
	}
}

/* What the worker does for a queue */
static void work(struct sluice_vsq *vsq)
{
	WRITE_ONCE(vsq->stalled, false);
	sluice_vio_service(vsq);
}

static u16 cqe_status(struct vfake *f, u32 index)
{
	return le16_to_cpu(vfake_cqe(f, 1, index)->status) >> 1;
}

/* Commands reach the drive in order, with a slot each, by one doorbell */
static void commands_in_order(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);
	unsigned int i;

	submit(f, 0x500, 5);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(vsq));
	sluice_vio_service(vsq);
	KUNIT_EXPECT_FALSE(test, sluice_vsq_drained(vsq));
	KUNIT_EXPECT_EQ(test, vsq->head, 5u);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 5u);
	for (i = 0; i < 5; i++) {
		u16 cid = le16_to_cpu(vsq->hw.entries[i].cid);

		KUNIT_ASSERT_LT(test, (unsigned int)cid, vsq->nr_slots);
		/* the identifier is the slot's, the slot knows the guest's */
		KUNIT_EXPECT_EQ(test, (unsigned int)vsq->slots[cid].cid, 0x500 + i);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(vsq->hw.entries[i].nsid),
				(u32)VFAKE_NSID);
		KUNIT_EXPECT_EQ(test, (int)vsq->slots[cid].state,
				(int)SLUICE_VSLOT_HARDWARE);
	}
	/* nothing new, nothing rung */
	f->sq_db[1] = U32_MAX;
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], U32_MAX);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
}

/* Identifiers of the guest's need not differ: slots do */
static void identifiers(struct kunit *test)
{
	static const u16 cids[] = { 7, 7, 0xffff, 0, 7 };
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cids); i++)
		submit(f, cids[i], 1);
	sluice_vio_service(vsq);
	for (i = 0; i < ARRAY_SIZE(cids); i++) {
		vfake_complete(f, 1, 1, le16_to_cpu(vsq->hw.entries[i].cid), 0);
		KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(vfake_cqe(f, 1, i)->cid),
				(int)cids[i]);
	}
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(vsq));
}

/* Round and round in queues of all sizes, never more in the drive than fits */
static void wrap_around(struct kunit *test)
{
	static const u32 sizes[] = { 2, 3, 5, 8, 33 };
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 64, 64, 4);
	const struct nvme_cqe *cqe;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vsq->size = sizes[i];
		vsq->head = 0;
		vfake_ring_sq(f, 1, 0);
		for (n = 0; n < 3 * sizes[i]; n++) {
			u32 tail = vsq->hw.tail;
			u16 slot;

			submit(f, n, 1);
			sluice_vio_service(vsq);
			KUNIT_ASSERT_EQ(test, vsq->head, (n + 1) % sizes[i]);
			KUNIT_ASSERT_EQ(test, f->sq_db[1],
					(tail + 1) % vsq->hw.depth);
			slot = le16_to_cpu(vsq->hw.entries[tail].cid);
			KUNIT_ASSERT_EQ(test, (unsigned int)vsq->slots[slot].cid, n);
			vfake_complete(f, 1, 1, slot, 0);
			/* the head as of now, so that the guest can go on */
			cqe = vfake_cqe(f, 1, (f->vctrl.cqs[1].tail + 63) % 64);
			KUNIT_ASSERT_EQ(test, (u32)le16_to_cpu(cqe->sq_head),
					(n + 1) % sizes[i]);
			vfake_ring_cq(f, 1, f->vctrl.cqs[1].tail);
		}
	}
}

/* A tail beyond the queue: nothing is fetched, the guest is told, once */
static void impossible_tails(struct kunit *test)
{
	static const u32 tails[] = { 16, 17, 0xffff, 0x10000, 0x10003, U32_MAX };
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);
	unsigned int i;

	submit(f, 0, 3);
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		f->vctrl.events = 0;
		vfake_ring_sq(f, 1, tails[i]);
		sluice_vio_service(vsq);
		KUNIT_EXPECT_EQ(test, vsq->head, 0u);
		KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
		KUNIT_EXPECT_EQ(test, f->vctrl.events,
				BIT(SLUICE_EVENT_DOORBELL_VALUE));
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
		sluice_vio_service(vsq);
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	}
	vfake_ring_sq(f, 1, 3);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 3ul);
}

/* A tail that goes back is a queue that is almost full, of what was there */
static void tail_goes_back(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 8, 16, 15);

	submit(f, 0, 8);
	vfake_ring_sq(f, 1, 5);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 5ul);
	vfake_ring_sq(f, 1, 4);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->head, 4u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 12ul);
}

/* The worker is needed only once there is a slot again */
static void slots_exhausted(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 32, 32, 4);
	unsigned int i;

	submit(f, 0, 10);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 4ul);
	KUNIT_EXPECT_EQ(test, vsq->head, 4u);
	KUNIT_EXPECT_TRUE(test, vsq->stalled);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	/* asking again does not help and costs nothing */
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 4ul);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);

	for (i = 0; i < 6; i++) {
		vfake_complete(f, 1, 1,
			       le16_to_cpu(vsq->hw.entries[i % vsq->hw.depth].cid),
			       0);
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
		work(vsq);
		KUNIT_EXPECT_EQ(test, vsq->submitted, 5ul + i);
	}
	KUNIT_EXPECT_EQ(test, vsq->head, 10u);
	KUNIT_EXPECT_FALSE(test, vsq->stalled);
	for (i = 6; i < 10; i++)
		vfake_complete(f, 1, 1,
			       le16_to_cpu(vsq->hw.entries[i % vsq->hw.depth].cid),
			       0);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(vsq));
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, (unsigned int)le16_to_cpu(vfake_cqe(f, 1, i)->cid),
				i);
}

/* A queue may have many slots: those that were given back are taken again first */
static void few_slots(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 64, 64, 48);
	struct vfake_page *page = vfake_map(f, DATA);
	struct nvme_cmd read = small;
	unsigned int i;
	u16 slot;

	for (i = 0; i < 200; i++) {
		u32 tail = vsq->hw.tail;

		submit(f, i, 1);
		sluice_vio_service(vsq);
		slot = le16_to_cpu(vsq->hw.entries[tail].cid);
		KUNIT_ASSERT_LT(test, (unsigned int)slot, 32u);
		vfake_complete(f, 1, 1, slot, 0);
		vfake_ring_cq(f, 1, f->vctrl.cqs[1].tail);
	}
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), 48u);

	/* with the 33rd in flight comes one that was never used, if it goes at all */
	submit(f, 0, 32);
	read.prp1 = cpu_to_le64(DATA);
	vfake_submit(f, 1, &read);
	page->err = -EAGAIN;
	for (i = 0; i < 3; i++) {
		work(vsq);
		KUNIT_EXPECT_EQ(test, vsq->used, 32u);
		KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), 16u);
	}
	page->err = 0;
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->used, 33u);
	KUNIT_EXPECT_EQ(test, (int)vsq->slots[32].state, (int)SLUICE_VSLOT_HARDWARE);
	/* an unmap finds it, and nothing else that uses the page */
	KUNIT_EXPECT_EQ(test, sluice_vsq_users(vsq, DATA, 4096), 1u);

	submit(f, 0, 20);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 248ul);
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), 0u);
	KUNIT_EXPECT_TRUE(test, vsq->stalled);
	for (i = 0; i < 48; i++)
		vfake_complete(f, 1, 1, i, 0);
	KUNIT_EXPECT_TRUE(test, sluice_vsq_drained(vsq));
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), 48u);
}

/*
 * Completions that find no room keep their slots: a guest that does not look
 * gets no more commands fetched, until it looks.
 */
static void slots_wait_for_room(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 32, 2, 4);
	unsigned int i;

	submit(f, 0, 12);
	for (i = 0; i < 5; i++) {
		work(vsq);
		if (i < 4)
			KUNIT_EXPECT_EQ(test, vsq->submitted, min(4ul + i, 5ul));
		if (vsq->completed < vsq->submitted)
			vfake_complete(f, 1, 1,
				       le16_to_cpu(vsq->hw.entries[i].cid), 0);
	}
	/* one in the queue, four in slots */
	KUNIT_EXPECT_EQ(test, vsq->submitted, 5ul);
	KUNIT_EXPECT_EQ(test, vsq->completed, 5ul);
	vfake_kicks(f);
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 5ul);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	vfake_ring_cq(f, 1, 1);
	sluice_vcq_doorbell(&f->vctrl.cqs[1]);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 6ul);
}

/* What is refused completes at once and never reaches the drive */
static void refused(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 2);
	struct nvme_cmd bad = small;
	unsigned int i;

	bad.opcode = 0x7f;
	for (i = 0; i < 9; i++) {
		bad.cid = cpu_to_le16(i);
		vfake_submit(f, 1, &bad);
	}
	submit(f, 9, 1);
	f->sq_db[1] = U32_MAX;
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 1u);
	for (i = 0; i < 9; i++) {
		KUNIT_EXPECT_EQ(test, cqe_status(f, i), INVALID_OPCODE);
		KUNIT_EXPECT_EQ(test, le16_to_cpu(vfake_cqe(f, 1, i)->sq_head),
				i + 1);
	}
	KUNIT_EXPECT_EQ(test, vfake_signals(f, 1), 1u);
	/* nor is it an error to try a command that is not there */
	KUNIT_EXPECT_EQ(test, f->vctrl.log.error_count, 0ull);
}

/* Memory that is away for a moment: as if the command had not been seen */
static void retried(struct kunit *test)
{
	struct nvme_cmd read = {
		.opcode	= 0x02,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(DATA),
	};
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 4);
	unsigned int i;

	vfake_map(f, DATA)->err = -EAGAIN;
	submit(f, 0, 1);
	vfake_submit(f, 1, &read);
	submit(f, 2, 1);
	vfake_kicks(f);
	for (i = 0; i < 3; i++) {
		work(vsq);
		/* what came before goes out, what comes after stays behind */
		KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);
		KUNIT_EXPECT_EQ(test, f->sq_db[1], 1u);
		KUNIT_EXPECT_EQ(test, vsq->head, 1u);
		KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), 3u);
		/* not in a tight loop */
		KUNIT_EXPECT_TRUE(test, vsq->stalled);
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
		KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
	}
	KUNIT_EXPECT_EQ(test, f->vctrl.log.error_count, 0ull);
	vfake_page(f, DATA)->err = 0;
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 3ul);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 3u);
	KUNIT_EXPECT_EQ(test, (int)vsq->hw.entries[1].opcode, 2);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(vsq->hw.entries[1].prp1),
			(u64)vfake_dma(f, DATA));
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 0u);
}

/* No reason to stop lets anything pass */
static void stopped(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);
	unsigned int reason;

	submit(f, 0, 3);
	for (reason = SLUICE_STOP_CLOSED; reason <= SLUICE_STOP_RESET; reason++) {
		f->vctrl.stop = BIT(reason);
		sluice_vio_service(vsq);
		KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
		KUNIT_EXPECT_EQ(test, vsq->head, 0u);
		KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	}
	f->vctrl.stop = 0;
	vsq->live = false;
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	vsq->live = true;
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 3ul);
}

/* A thread that finds the queue locked leaves the work to the lock's holder */
static void locked(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);

	submit(f, 0, 3);
	mutex_lock(&vsq->lock);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	mutex_unlock(&vsq->lock);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 3ul);
}

/* Queues that were unmapped come back when there is something in them */
static void memory_comes_back(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);

	vfake_unmap_queues(f, 0, U64_MAX);
	KUNIT_EXPECT_NULL(test, vsq->ring.va);
	KUNIT_EXPECT_NULL(test, f->vctrl.cqs[1].ring.va);

	/* the guest writes all the same, to where its queue is */
	memcpy(vfake_page(f, SQ)->va, &small, sizeof(small));
	vfake_ring_sq(f, 1, 1);
	f->vmap_err = -EAGAIN;
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
	KUNIT_EXPECT_EQ(test, f->vctrl.regs.csts, 0u);
	f->vmap_err = 0;
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);
	KUNIT_EXPECT_NOT_NULL(test, f->vctrl.cqs[1].ring.va);
}

/* The worker comes while a vCPU has the queue's lock, and cannot map it either */
static void *worker_comes(struct sluice_dev *sdev, const u64 *iovas,
			  unsigned int nr_pages, bool write)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);

	work(&f->vctrl.sqs[1]);
	return ERR_PTR(-EAGAIN);
}

/* It has left the commands to the vCPU, which sends it once more */
static void memory_away_and_lock_held(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);

	submit(f, 0, 1);
	vfake_unmap_queues(f, 0, U64_MAX);
	kunit_activate_static_stub(test, sluice_mem_vmap, worker_comes);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
}

/* Memory that nobody needs may be away for any time */
static void memory_not_needed(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);
	unsigned int i;

	vfake_unmap_queues(f, 0, U64_MAX);
	f->vmap_err = -EFAULT;
	for (i = 0; i < 1000; i++)
		work(vsq);
	KUNIT_EXPECT_EQ(test, f->vctrl.regs.csts, 0u);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 0u);
}

/* Try until patience is lost; the controller fails then, and nobody spins */
static void expect_fatal(struct vfake *f, struct sluice_vsq *vsq)
{
	unsigned int i;

	for (i = 0; i < 1000 && !f->vctrl.regs.csts; i++) {
		work(vsq);
		KUNIT_ASSERT_EQ(f->test, vfake_kicks(f), 0u);
		/* the worker comes back, unless it was the last time */
		KUNIT_ASSERT_EQ(f->test, vfake_retries(f),
				f->vctrl.regs.csts ? 0u : 1u);
	}
	KUNIT_EXPECT_GT(f->test, i, 10u);
	KUNIT_EXPECT_EQ(f->test, f->vctrl.regs.csts, 2u);	/* CFS */
	/* nothing goes on by itself after that */
	work(vsq);
	KUNIT_EXPECT_EQ(f->test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(f->test, vfake_retries(f), 0u);
}

static void memory_is_gone(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);

	submit(f, 0, 1);
	vfake_unmap_queues(f, SQ, 4096);
	f->vmap_err = -EFAULT;
	expect_fatal(f, vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	/* the completion queue's counts as much */
	f->vmap_err = 0;
	f->vctrl.regs.csts = 0;
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);
	vfake_unmap_queues(f, CQ, 4096);
	f->vmap_err = -EFAULT;
	submit(f, 1, 1);
	expect_fatal(f, vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);
}

/*
 * The copy is made once: what the drive gets is what was checked, whatever the
 * guest writes meanwhile. The fixture's memory changes the entry while the
 * command is translated.
 */
static int evil_get(struct sluice_dev *sdev, u64 iova, bool device_writes,
		    struct sluice_mem *mem)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);

	memset(f->vctrl.sqs[1].ring.va, 0xff, 16 * sizeof(struct nvme_cmd));
	return vfake_mem_get(sdev, iova, device_writes, mem);
}

static void single_fetch(struct kunit *test)
{
	struct nvme_cmd read = {
		.opcode	= 0x02,
		.cid	= cpu_to_le16(0x77),
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(DATA),
		.cdw10	= cpu_to_le32(5),
	};
	/* its dword 11 is looked at after its ranges were copied */
	struct nvme_cmd dsm = {
		.opcode	= 0x09,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(DATA),
	};
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 16, 8);
	const struct nvme_cmd *out = &vsq->hw.entries[0];

	vfake_map(f, DATA);
	kunit_activate_static_stub(test, sluice_mem_get, evil_get);
	vfake_submit(f, 1, &read);
	sluice_vio_service(vsq);
	KUNIT_ASSERT_EQ(test, vsq->submitted, 1ul);
	KUNIT_EXPECT_EQ(test, (int)out->opcode, 0x02);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(out->prp1), (u64)vfake_dma(f, DATA));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(out->prp2), 0ull);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out->cdw10), (u32)VFAKE_START + 5);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out->cdw12), 0u);
	vfake_complete(f, 1, 1, le16_to_cpu(out->cid), 0);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(vfake_cqe(f, 1, 0)->cid), 0x77);
	KUNIT_EXPECT_EQ(test, vsq->reads, 1ull);
	KUNIT_EXPECT_EQ(test, vsq->blocks_read, 1ull);

	vfake_submit(f, 1, &dsm);
	sluice_vio_service(vsq);
	KUNIT_ASSERT_EQ(test, vsq->submitted, 2ul);
	out = &vsq->hw.entries[1];
	KUNIT_EXPECT_EQ(test, (int)out->opcode, 0x09);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out->cdw10), 0u);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out->cdw11), 0u);
}

static struct kunit_case vfetch_cases[] = {
	KUNIT_CASE(commands_in_order),
	KUNIT_CASE(identifiers),
	KUNIT_CASE(wrap_around),
	KUNIT_CASE(impossible_tails),
	KUNIT_CASE(tail_goes_back),
	KUNIT_CASE(slots_exhausted),
	KUNIT_CASE(few_slots),
	KUNIT_CASE(slots_wait_for_room),
	KUNIT_CASE(refused),
	KUNIT_CASE(retried),
	KUNIT_CASE(stopped),
	KUNIT_CASE(locked),
	KUNIT_CASE(memory_comes_back),
	KUNIT_CASE(memory_away_and_lock_held),
	KUNIT_CASE(memory_not_needed),
	KUNIT_CASE(memory_is_gone),
	KUNIT_CASE(single_fetch),
	{}
};

static struct kunit_suite vfetch_suite = {
	.name = "sluice-nvme-vfetch",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vfetch_cases,
};

kunit_test_suites(&vfetch_suite);
