// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of fetching without sleeping
 *
 * Budgets, what is left to the worker, pages that are asked for, and commands that
 * are fetched once more when their memory is there.
 */
#include <linux/string.h>

#include "guest/io/vcost.h"
#include "guest/vfake_test.h"

#define SQ	0x0000111100000000ull
#define CQ	0x0000222200000000ull
#define DATA	0x0000700000000000ull
#define LIST	0x0000600000000000ull
#define RANGES	0x0000610000000000ull
#define PAGE	((u64)SLUICE_NVME_PAGE)

#define TRANSFER_ERROR	VFAKE_DNR(0x004)
#define LBA_RANGE	VFAKE_DNR(0x080)

static struct sluice_vsq *add_pair(struct vfake *f, u32 size,
				   unsigned int nr_slots)
{
	vfake_add_cq(f, 1, CQ, size);
	vfake_add_sq(f, 1, 1, SQ, size, nr_slots);
	return &f->vctrl.sqs[1];
}

static void submit_read(struct vfake *f, u64 prp1, u64 prp2, u32 pages)
{
	struct nvme_cmd cmd = {
		.opcode	= 0x02,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(prp1),
		.prp2	= cpu_to_le64(prp2),
		.cdw12	= cpu_to_le32(8 * pages - 1),
	};

	vfake_submit(f, 1, &cmd);
}

static void submit_reads(struct vfake *f, unsigned int nr)
{
	vfake_map(f, DATA);
	while (nr--)
		submit_read(f, DATA, 0, 1);
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

static void expect_left_to_worker(struct vfake *f)
{
	KUNIT_EXPECT_TRUE(f->test, f->vctrl.sqs[1].stalled);
	KUNIT_EXPECT_EQ(f->test, vfake_kicks(f), 1u);
	/* until it has been there, nobody tries */
	KUNIT_EXPECT_EQ(f->test, sluice_vio_poll(&f->vctrl.sqs[1], 8), 0u);
	KUNIT_EXPECT_EQ(f->test, vfake_kicks(f), 0u);
}

/* No more than asked for, one doorbell for what was taken, and no kick */
static void budgets(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 256, 255);

	submit_reads(f, 100);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 4), 4u);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 4u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 4ul);
	/* the drive may be reset between batches, so there is a largest */
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, UINT_MAX), 64u);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 68u);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 64), 32u);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 100u);
	f->sq_db[1] = U32_MAX;
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 64), 0u);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], U32_MAX);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	/* the worker has no budget and takes all of a queue */
	submit_reads(f, 150);
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 250ul);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 250u);
}

/* The drive has completed the commands with these places in its queue */
static struct nvme_cqe *answers(struct vfake *f, unsigned int first,
				unsigned int nr)
{
	struct nvme_cqe *cqes;
	unsigned int i;

	cqes = kunit_kcalloc(f->test, nr + 1, sizeof(*cqes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, cqes);
	for (i = 0; i < nr; i++) {
		cqes[i].sq_id = cpu_to_le16(VFAKE_HW_QID);
		cqes[i].cid = f->vctrl.sqs[1].hw.entries[first + i].cid;
	}
	return cqes;
}

/*
 * The most work that a guest can keep for one visit: a queue of completions that
 * found no room, and now there is room for all of them, as many that the drive
 * has just sent, and as many commands. The other slices wait for a part of it.
 */
static void visit_is_limited(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];
	struct sluice_vsq *vsq = &f->vctrl.sqs[1];
	u32 tail;

	vfake_add_cq(f, 1, CQ, 256);
	vfake_add_sq(f, 1, 1, SQ, 1024, 700);
	submit_reads(f, 700);
	sluice_vio_service(vsq);
	KUNIT_ASSERT_EQ(test, vsq->submitted, 700ul);
	vfake_complete_batch(f, 1, answers(f, 0, 600), 600);
	KUNIT_EXPECT_EQ(test, vcq->tail, 255u);
	submit_reads(f, 100);
	vfake_arm_cq(f, 1, answers(f, 600, 100), 100);
	vfake_ring_cq(f, 1, 255);

	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 3 * 64u);
	KUNIT_EXPECT_EQ(test, vsq->completed, 664ul);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 764ul);
	/* two for each of the drive's, and 64 for the doorbell */
	KUNIT_EXPECT_EQ(test, vcq->tail, (255u + 192u) % 256);

	/* nothing is left in the end */
	do {
		tail = vcq->tail;
		vfake_ring_cq(f, 1, tail);
		sluice_vpoll(&f->sdev, 64);
	} while (vcq->tail != tail);
	KUNIT_EXPECT_EQ(test, vsq->completed, 700ul);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 800ul);
	KUNIT_EXPECT_TRUE(test, list_empty(&vcq->waiting));
	vfake_disarm_cq(f, 1);
}

/* Others write what waits, until the head is where the poller saw it last */
static void head_goes_round(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vcq *vcq = &f->vctrl.cqs[1];
	u32 head;

	vfake_add_cq(f, 1, CQ, 4);
	vfake_add_sq(f, 1, 1, SQ, 16, 15);
	submit_reads(f, 10);
	sluice_vio_service(&f->vctrl.sqs[1]);
	vfake_complete_batch(f, 1, answers(f, 0, 5), 5);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
	for (head = 1; head < 4; head++) {
		vfake_ring_cq(f, 1, head);
		vfake_complete_batch(f, 1, answers(f, 4 + head, 1), 1);
	}
	KUNIT_EXPECT_EQ(test, vcq->tail, 2u);
	vfake_ring_cq(f, 1, 0);
	sluice_vpoll(&f->sdev, 64);
	KUNIT_EXPECT_EQ(test, vcq->tail, 3u);
	vfake_ring_cq(f, 1, 3);
	sluice_vpoll(&f->sdev, 64);
	KUNIT_EXPECT_EQ(test, vcq->tail, 0u);
	KUNIT_EXPECT_TRUE(test, list_empty(&vcq->waiting));
	KUNIT_EXPECT_EQ(test, f->vctrl.full, 0ul);
}

static unsigned int processed;

static unsigned int count_processed(struct sluice_nvme_cq *hw,
				    unsigned int budget)
{
	processed++;
	return 0;
}

/* A visit that finds nothing looks at the queues and takes none of their locks */
static void looks_before_it_locks(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_nvme_cq *hw = &f->vctrl.cqs[1].hw;
	struct nvme_cqe *cqes;

	add_pair(f, 16, 15);
	cqes = answers(f, 0, 0);
	vfake_arm_cq(f, 1, cqes, 0);
	hw->process = count_processed;
	processed = 0;
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
	KUNIT_EXPECT_EQ(test, processed, 0u);
	cqes[0].status = cpu_to_le16(1);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
	KUNIT_EXPECT_EQ(test, processed, 1u);
	/* the next time round the queue that is an old entry */
	hw->phase = 0;
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
	KUNIT_EXPECT_EQ(test, processed, 1u);
	cqes[0].status = cpu_to_le16(0xfffe);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
	KUNIT_EXPECT_EQ(test, processed, 2u);
	/* without memory there is nothing to look at */
	vfake_disarm_cq(f, 1);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
	KUNIT_EXPECT_EQ(test, processed, 2u);
}

static void submit_small(struct vfake *f, u16 qid, unsigned int nr)
{
	static const struct nvme_cmd read = {
		.opcode = 0x02, .nsid = cpu_to_le32(1), .prp1 = cpu_to_le64(DATA),
	};

	vfake_map(f, DATA);
	while (nr--)
		vfake_submit(f, qid, &read);
}

static void submit_flushes(struct vfake *f, u16 qid, unsigned int nr)
{
	static const struct nvme_cmd flush = { .nsid = cpu_to_le32(1) };

	while (nr--)
		vfake_submit(f, qid, &flush);
}

/* A command with the longest list, in memory where each page has a bus address */
static void submit_longest_list(struct vfake *f)
{
	unsigned int i;

	vfake_map_range(f, DATA, 256);
	for (i = 1; i < 256; i++)
		vfake_put_entry(f, LIST + 8 * (i - 1), DATA + i * PAGE);
	submit_read(f, DATA, LIST, 256);
}

static void submit_ranges(struct vfake *f, u16 qid, unsigned int nr, u32 blocks)
{
	struct nvme_dsm_range *ranges = (void *)vfake_map(f, RANGES)->va;
	const struct nvme_cmd cmd = {
		.opcode	= 0x09,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(RANGES),
		.cdw10	= cpu_to_le32(nr - 1),
		.cdw11	= cpu_to_le32(4),
	};
	unsigned int i;

	for (i = 0; i < nr; i++)
		ranges[i] = (struct nvme_dsm_range) { .nlb = cpu_to_le32(blocks) };
	vfake_submit(f, qid, &cmd);
}

/*
 * A spinlock is held during a visit, and other slices wait: the visit ends after as
 * much work as 64 small commands make, also when there are few, large ones.
 */
static void visit_costs(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 64, 63);
	unsigned int i;

	for (i = 0; i < 20; i++)
		submit_longest_list(f);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 2 * 33u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 2ul);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 2u);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 1), 33u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 3ul);
	/* the rest waits for the next visit, and not for the worker */
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	for (i = 0; i < 8; i++)
		sluice_vpoll(&f->sdev, 64);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 19ul);
	/* the worker takes all, in batches of this size */
	submit_longest_list(f);
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 21ul);

	submit_ranges(f, 1, 256, 0);
	submit_ranges(f, 1, 8, 0);
	submit_ranges(f, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 33 + 2 + 1u);
	/* a command that is refused after all of that has made the work as well */
	submit_longest_list(f);
	vfake_put_entry(f, LIST + 8 * 254, 0x666600000000ull);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 33u);
	KUNIT_EXPECT_EQ(test, cqe_status(f, 0), TRANSFER_ERROR);
}

/* Who got too little of the budget comes first the next time. */
static void pairs_take_turns(struct kunit *test)
{
	static const unsigned long submitted[][3] = {
		{ 64, 0, 0 }, { 64, 64, 0 }, { 64, 64, 64 },
		{ 100, 92, 64 }, { 100, 100, 100 },
	};
	struct vfake *f = test->priv;
	unsigned int i, qid;

	for (qid = 1; qid <= 3; qid++) {
		vfake_add_cq(f, qid, CQ + qid * 0x10000, 256);
		vfake_add_sq(f, qid, qid, SQ + qid * 0x10000, 256, 255);
		submit_small(f, qid, 100);
	}
	for (i = 0; i < ARRAY_SIZE(submitted); i++) {
		KUNIT_EXPECT_NE(test, sluice_vpoll(&f->sdev, 64), 0u);
		for (qid = 1; qid <= 3; qid++)
			KUNIT_EXPECT_EQ(test, f->vctrl.sqs[qid].submitted,
					submitted[i][qid - 1]);
	}
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
}

static void submit_zeroes(struct vfake *f, u16 qid, u32 blocks)
{
	const struct nvme_cmd cmd = {
		.opcode	= 0x08,
		.nsid	= cpu_to_le32(1),
		.cdw12	= cpu_to_le32(blocks - 1),
	};

	vfake_submit(f, qid, &cmd);
}

/* A wait is no reason to come again and again */
static void expect_waits(struct vfake *f)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		work(&f->vctrl.sqs[1]);
		KUNIT_EXPECT_EQ(f->test, sluice_vpoll(&f->sdev, 64), 0u);
	}
	KUNIT_EXPECT_TRUE(f->test, f->vctrl.sqs[1].stalled);
	KUNIT_EXPECT_EQ(f->test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(f->test, vfake_retries(f), 0u);
}

/*
 * Of commands that are long by nature the drive has so many of one slice that the
 * commands of others are not behind them for long. The rest stays in the queue,
 * until one ends, however that is.
 */
static void long_commands_wait(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 64, 63);
	unsigned int i;

	vfake_add_cq(f, 2, CQ + 0x10000, 64);
	vfake_add_sq(f, 2, 2, SQ + 0x10000, 64, 63);
	/* 16 MiB each */
	for (i = 0; i < 6; i++)
		submit_zeroes(f, 1, 32768);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 4 + 1u);
	expect_waits(f);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 4ul);
	/* another queue of the slice has no more, but its other commands go on */
	submit_small(f, 2, 2);
	submit_zeroes(f, 2, 32768);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 2 + 1u);
	KUNIT_EXPECT_TRUE(test, f->vctrl.sqs[2].stalled);

	/* a failure ends it as well, and wakes who waits, in any queue */
	vsq->stalled = false;
	vfake_complete(f, 1, 1, 0, 0x281);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	work(&f->vctrl.sqs[2]);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[2].submitted, 3ul);
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 4ul);
	/* the drive has been reset, or its queue was deleted */
	sluice_vsq_fail_hardware(vsq, NVME_SC_NS_NOT_READY);
	KUNIT_EXPECT_NE(test, vfake_kicks(f), 0u);
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 6ul);
	sluice_vsq_fail_hardware(vsq, NVME_SC_NS_NOT_READY);
	sluice_vsq_fail_hardware(&f->vctrl.sqs[2], NVME_SC_NS_NOT_READY);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->vctrl.long_cost), 0);
}

/* Each makes the drive write what all slices have in its cache */
static void flushes_wait(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 64, 63), *two = &f->vctrl.sqs[2];

	vfake_add_cq(f, 2, CQ + 0x10000, 64);
	vfake_add_sq(f, 2, 2, SQ + 0x10000, 64, 63);
	submit_flushes(f, 1, 12);
	submit_flushes(f, 2, 6);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 12 + 4 + 1u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 12ul);
	KUNIT_EXPECT_EQ(test, two->submitted, 4ul);
	KUNIT_EXPECT_TRUE(test, two->stalled);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	vfake_complete(f, 1, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	work(two);
	KUNIT_EXPECT_EQ(test, two->submitted, 5ul);
	sluice_vsq_fail_hardware(vsq, NVME_SC_NS_NOT_READY);
	work(two);
	KUNIT_EXPECT_EQ(test, two->submitted, 6ul);
	sluice_vsq_fail_hardware(two, NVME_SC_NS_NOT_READY);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->vctrl.long_cost), 0);
}

/* Queues that go on with small commands do not keep the largest from its turn */
static void largest_has_its_turn(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 64, 63);
	unsigned int i;

	vfake_add_cq(f, 2, CQ + 0x10000, 64);
	vfake_add_sq(f, 2, 2, SQ + 0x10000, 64, 63);
	f->ns.lba_shift = 12;
	f->vctrl.nr_blocks = U32_MAX;
	submit_zeroes(f, 2, 1);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 1u);
	/* 256 times 16 TiB is more than a cost can say */
	for (i = 0; i < 3; i++)
		submit_ranges(f, 1, 256, U32_MAX);
	submit_small(f, 1, 1);
	for (i = 1; i <= 3; i++) {
		work(vsq);
		KUNIT_EXPECT_EQ(test, vsq->submitted, i < 3 ? i : 4ul);
		if (i < 3)
			expect_waits(f);
		sluice_vsq_fail_hardware(vsq, NVME_SC_NS_NOT_READY);
		vfake_kicks(f);
	}
	sluice_vsq_fail_hardware(&f->vctrl.sqs[2], NVME_SC_NS_NOT_READY);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->vctrl.long_cost), 0);
}

/*
 * To find out that a command has to wait is work as well. A guest cannot have a visit
 * do that for all its queues, nor the worker for one queue twice.
 */
static void waiting_costs(struct kunit *test)
{
	struct vfake *f = test->priv;
	unsigned int qid, *gets;

	atomic_set(&f->vctrl.long_cost, SLUICE_VCOST_LONG);
	for (qid = 1; qid <= 4; qid++) {
		vfake_add_cq(f, qid, CQ + qid * 0x10000, 16);
		vfake_add_sq(f, qid, qid, SQ + qid * 0x10000, 16, 15);
		submit_ranges(f, qid, 256, 0);
	}
	gets = &vfake_page(f, RANGES)->gets;
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 2 * 33u);
	KUNIT_EXPECT_EQ(test, *gets, 2u);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 2 * 33u);
	KUNIT_EXPECT_EQ(test, *gets, 4u);
	KUNIT_EXPECT_EQ(test, sluice_vpoll(&f->sdev, 64), 0u);
	for (qid = 1; qid <= 4; qid++)
		KUNIT_EXPECT_TRUE(test, f->vctrl.sqs[qid].stalled);

	/* the first takes half of a batch, and the second has to wait */
	atomic_set(&f->vctrl.long_cost, 0);
	submit_ranges(f, 1, 256, U32_MAX);
	*gets = 0;
	f->vctrl.nr_blocks = U32_MAX;
	work(&f->vctrl.sqs[1]);
	KUNIT_EXPECT_EQ(test, f->vctrl.sqs[1].submitted, 1ul);
	KUNIT_EXPECT_EQ(test, *gets, 2u);
}

/* Nothing to be had is no reason to come again; work that is left is */
static void come_again(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);

	submit_reads(f, 3);
	/* nothing was asked for, so nothing is taken, but there is something */
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 0), 1u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	set_bit(SLUICE_STOP_BUS_MASTER, &f->vctrl.stop);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 0u);
	clear_bit(SLUICE_STOP_BUS_MASTER, &f->vctrl.stop);
	/* the holder of the lock looks again */
	scoped_guard(mutex, &vsq->lock)
		KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 0u);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 3u);
	vsq->live = false;
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 0u);
	vsq->live = true;
}

/* Until the core has pinned the page, nobody tries, and it is asked once */
static void expect_asked(struct vfake *f)
{
	struct sluice_vsq *vsq = &f->vctrl.sqs[1];

	KUNIT_EXPECT_TRUE(f->test, vsq->stalled);
	KUNIT_EXPECT_TRUE(f->test, list_is_singular(&f->asked));
	KUNIT_EXPECT_EQ(f->test, sluice_vio_poll(vsq, 8), 0u);
	/* a worker that comes for something else finds nothing to do */
	work(vsq);
	KUNIT_EXPECT_TRUE(f->test, vsq->stalled);
	KUNIT_EXPECT_TRUE(f->test, list_is_singular(&f->asked));
	KUNIT_EXPECT_EQ(f->test, vfake_kicks(f), 0u);
	KUNIT_EXPECT_EQ(f->test, vfake_retries(f), 0u);
}

/* The batch goes out as far as it got; what is behind the page when it is pinned */
static void page_is_missing(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);
	struct vfake_page *page = vfake_map(f, DATA + PAGE);

	page->unpinned = true;
	submit_reads(f, 2);
	submit_read(f, DATA + PAGE, 0, 1);
	submit_reads(f, 1);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 2 + 1u);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 2u);
	KUNIT_EXPECT_EQ(test, page->gets, 0u);
	KUNIT_EXPECT_EQ(test, sluice_vsq_nr_free(vsq), 13u);
	expect_asked(f);

	KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	KUNIT_EXPECT_EQ(test, vsq->submitted, 4ul);
	KUNIT_EXPECT_EQ(test, f->sq_db[1], 4u);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(vsq->hw.entries[2].prp1),
			(u64)vfake_dma(f, DATA + PAGE));
	KUNIT_EXPECT_FALSE(test, vsq->stalled);
	KUNIT_EXPECT_FALSE(test, vfake_pin(f));
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
}

/* Each page of a command and of its list may be one that nobody has used yet */
static void all_pages_are_missing(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);
	unsigned int i;

	for (i = 0; i < 20; i++)
		vfake_map(f, DATA + 5 * i * PAGE)->unpinned = true;
	for (i = 1; i < 20; i++)
		vfake_put_entry(f, LIST + 8 * (i - 1), DATA + 5 * i * PAGE);
	vfake_page(f, LIST)->unpinned = true;
	submit_read(f, DATA, LIST, 20);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 1u);
	for (i = 0; i < 21; i++) {
		KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
		expect_asked(f);
		KUNIT_ASSERT_TRUE(test, vfake_pin(f));
	}
	KUNIT_ASSERT_EQ(test, vsq->submitted, 1ul);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(vsq->hw.entries[0].prp1),
			(u64)vfake_dma(f, DATA));
	for (i = 1; i < 20; i++)
		KUNIT_EXPECT_EQ(test, le64_to_cpu(vsq->slots[0].list[i - 1]),
				(u64)vfake_dma(f, DATA + 5 * i * PAGE));
}

/* Who asks is not kept, whoever it is; each queue asks for itself */
static void queues_ask(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15), *two = &f->vctrl.sqs[2];
	struct nvme_cmd read = {
		.opcode	= 0x02,
		.nsid	= cpu_to_le32(1),
		.prp1	= cpu_to_le64(DATA + PAGE),
	};

	vfake_add_cq(f, 2, CQ + 0x10000, 16);
	vfake_add_sq(f, 2, 2, SQ + 0x10000, 16, 15);
	vfake_map(f, DATA)->unpinned = true;
	vfake_map(f, DATA + PAGE)->unpinned = true;
	submit_read(f, DATA, 0, 1);
	vfake_submit(f, 2, &read);
	/* a vCPU whose doorbell was trapped, and the poller */
	sluice_vio_service(vsq);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(two, 8), 1u);
	KUNIT_EXPECT_EQ(test, vsq->submitted + two->submitted, 0ul);
	KUNIT_EXPECT_TRUE(test, vsq->miss.asked && two->miss.asked);

	/* the lock is taken: its holder looks again */
	scoped_guard(mutex, &vsq->lock)
		KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	KUNIT_EXPECT_FALSE(test, vsq->stalled);
	sluice_vio_look_again(vsq);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 1u);
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);

	/* the queue is gone when the answer comes, and there is another one */
	two->live = false;
	KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	KUNIT_EXPECT_EQ(test, two->submitted, 0ul);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
	two->live = true;
	work(two);
	KUNIT_EXPECT_EQ(test, two->submitted, 1ul);
	KUNIT_EXPECT_FALSE(test, vfake_pin(f));
}

/* What cannot be pinned is the command's bad luck, and only this command's */
static void page_cannot_be_pinned(struct kunit *test)
{
	static const struct {
		int err;
		u16 status;
	} cases[] = {
		{ -EFAULT, TRANSFER_ERROR },
		{ -EPERM, TRANSFER_ERROR },
		{ -ENOMEM, 0x006 },
	};
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);
	struct vfake_page *page = vfake_map(f, DATA + PAGE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		page->err = cases[i].err;
		page->unpinned = true;
		submit_read(f, DATA + PAGE, 0, 1);
		submit_reads(f, 1);
		work(vsq);
		KUNIT_EXPECT_TRUE(test, vfake_pin(f));
		KUNIT_EXPECT_EQ(test, cqe_status(f, i), cases[i].status);
		KUNIT_EXPECT_EQ(test, vsq->submitted, i + 1ul);
		/* not remembered any longer */
		KUNIT_EXPECT_EQ(test, vsq->miss.req.err, 0);
	}

	/* the guest may have its memory back in a moment */
	page->err = -EAGAIN;
	page->unpinned = true;
	submit_read(f, DATA + PAGE, 0, 1);
	work(vsq);
	KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	KUNIT_EXPECT_TRUE(test, vsq->stalled);
	KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 3ul);
	page->err = 0;
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 4ul);
}

/* Another queue has had the page pinned when the command is tried again */
static void page_is_pinned_after_all(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);
	struct vfake_page *page = vfake_map(f, DATA);

	page->err = -EFAULT;
	page->unpinned = true;
	submit_read(f, DATA, 0, 1);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 1u);
	/* somebody else looks again, and that is the poller */
	scoped_guard(mutex, &vsq->lock)
		KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	KUNIT_EXPECT_EQ(test, vsq->miss.req.err, -EFAULT);
	page->err = 0;
	page->unpinned = false;
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 1u);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);
	/* what was said of the page then is not true the next time */
	KUNIT_EXPECT_EQ(test, vsq->miss.req.err, 0);
}

/* A page that stays away, as the real table has it: never found */
static int gone_find(struct sluice_dev *sdev, struct sluice_mem_cursor *cursor,
		     u64 iova, bool device_writes, struct sluice_mem *mem)
{
	return -ENOENT;
}

static void page_stays_away(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);
	struct vfake_page *page = vfake_map(f, DATA);
	unsigned int i;

	kunit_activate_static_stub(test, sluice_mem_find_page, gone_find);
	page->err = -EFAULT;
	submit_read(f, DATA, 0, 1);
	work(vsq);
	KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	KUNIT_EXPECT_EQ(test, page->gets, 1u);
	KUNIT_EXPECT_EQ(test, cqe_status(f, 0), TRANSFER_ERROR);

	/* it must not be had for now, and again and again: a timer says when to try */
	page->err = -EAGAIN;
	submit_read(f, DATA, 0, 1);
	for (i = 0; i < 3; i++) {
		work(vsq);
		KUNIT_EXPECT_EQ(test, vfake_retries(f), 0u);
		KUNIT_EXPECT_TRUE(test, vfake_pin(f));
		KUNIT_EXPECT_FALSE(test, vfake_pin(f));
		KUNIT_EXPECT_EQ(test, vfake_retries(f), 1u);
		KUNIT_EXPECT_TRUE(test, vsq->stalled);
	}

	/* pinned each time, and gone each time: each try is one of the core's */
	page->err = 0;
	page->gets = 0;
	vfake_kicks(f);
	work(vsq);
	for (i = 0; i < 100; i++) {
		KUNIT_EXPECT_EQ(test, page->gets, i);
		KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	}
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
}

/*
 * The guest changes its command while a page of it is being pinned. What was
 * checked before counts no more: all of the new one is.
 */
static int evil_get(struct sluice_dev *sdev, u64 iova, bool device_writes,
		    struct sluice_mem *mem)
{
	struct vfake *f = container_of(sdev, struct vfake, sdev);
	struct nvme_cmd *cmd = f->vctrl.sqs[1].ring.va;

	cmd->cid = cpu_to_le16(0x4444);
	cmd->cdw10 = cpu_to_le32(VFAKE_BLOCKS);
	return vfake_mem_get(sdev, iova, device_writes, mem);
}

static void checked_again(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);

	vfake_map(f, DATA)->unpinned = true;
	kunit_activate_static_stub(test, sluice_mem_get, evil_get);
	submit_read(f, DATA, 0, 1);
	work(vsq);
	KUNIT_EXPECT_TRUE(test, vfake_pin(f));
	KUNIT_EXPECT_EQ(test, vsq->submitted, 0ul);
	KUNIT_EXPECT_EQ(test, cqe_status(f, 0), LBA_RANGE);
	KUNIT_EXPECT_EQ(test, (int)le16_to_cpu(vfake_cqe(f, 1, 0)->cid), 0x4444);
}

/* Rings are mapped by the worker, if there is any need */
static void rings_are_away(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);

	submit_reads(f, 1);
	vfake_unmap_queues(f, SQ, PAGE);
	f->vmap_iovas = NULL;
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 0u);
	KUNIT_EXPECT_NULL(test, f->vmap_iovas);
	expect_left_to_worker(f);
	work(vsq);
	KUNIT_EXPECT_EQ(test, vsq->submitted, 1ul);

	vfake_unmap_queues(f, SQ, PAGE);
	KUNIT_EXPECT_EQ(test, sluice_vio_poll(vsq, 8), 0u);
	KUNIT_EXPECT_FALSE(test, vsq->stalled);
	KUNIT_EXPECT_EQ(test, vfake_kicks(f), 0u);
}

/* Where memory was found is forgotten when any of it may go, and by a new queue */
static void cursor_is_reset(struct kunit *test)
{
	struct vfake *f = test->priv;
	struct sluice_vsq *vsq = add_pair(f, 16, 15);
	struct sluice_mem_cursor *cursor = &vsq->cursor;
	const u64 tag = DATA / SLUICE_MEM_CHUNK + 1;
	unsigned int i;

	/* The chunks before, with and after DATA */
	for (i = 0; i < 3; i++)
		cursor->way[(tag + i - 1) % SLUICE_MEM_CURSOR_WAYS].tag = tag + i - 1;
	vfake_unmap_queues(f, DATA, PAGE);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, cursor->way[(tag + i - 1) % SLUICE_MEM_CURSOR_WAYS].tag,
				i == 1 ? 0 : tag + i - 1);
	KUNIT_EXPECT_NOT_NULL(test, vsq->ring.va);
	vfake_unmap_queues(f, 0, U64_MAX);
	KUNIT_EXPECT_NULL(test, memchr_inv(cursor, 0, sizeof(*cursor)));
	KUNIT_EXPECT_NULL(test, vsq->ring.va);

	vsq = &f->vctrl.sqs[0];
	memset(&vsq->cursor, 0x5a, sizeof(vsq->cursor));
	vsq->miss.req.err = -EFAULT;
	vfake_add_admin(f, SQ + 0x10000, 16, CQ + 0x10000, 16);
	KUNIT_EXPECT_NULL(test, memchr_inv(&vsq->cursor, 0,
					   sizeof(vsq->cursor)));
	KUNIT_EXPECT_EQ(test, vsq->miss.req.err, 0);
}

static struct kunit_case vpoll_cases[] = {
	KUNIT_CASE(budgets),
	KUNIT_CASE(visit_is_limited),
	KUNIT_CASE(head_goes_round),
	KUNIT_CASE(looks_before_it_locks),
	KUNIT_CASE(visit_costs),
	KUNIT_CASE(pairs_take_turns),
	KUNIT_CASE(long_commands_wait),
	KUNIT_CASE(flushes_wait),
	KUNIT_CASE(largest_has_its_turn),
	KUNIT_CASE(waiting_costs),
	KUNIT_CASE(come_again),
	KUNIT_CASE(page_is_missing),
	KUNIT_CASE(all_pages_are_missing),
	KUNIT_CASE(queues_ask),
	KUNIT_CASE(page_cannot_be_pinned),
	KUNIT_CASE(page_is_pinned_after_all),
	KUNIT_CASE(page_stays_away),
	KUNIT_CASE(checked_again),
	KUNIT_CASE(rings_are_away),
	KUNIT_CASE(cursor_is_reset),
	{}
};

static struct kunit_suite vpoll_suite = {
	.name = "sluice-nvme-vpoll",
	.init = vfake_init,
	.exit = vfake_exit,
	.test_cases = vpoll_cases,
};

kunit_test_suites(&vpoll_suite);
