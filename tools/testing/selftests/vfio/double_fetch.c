// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second thread changes submission queue entries and PRP lists while Sluice
 * reads them. Sluice must execute exactly what it checked: no block outside the
 * slice and no memory outside the given addresses may change.
 */
#include <pthread.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/neighbour.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define CANARY		0xc7
#define DEPTH		2u
#define COMMANDS	1500u
/* Milliseconds until both words must have been seen */
#define PATIENCE	30000

/**
 * struct flipper - a word of memory that alternates between two values
 * @word: the word
 * @a: first value
 * @b: second value
 * @stop: tells the thread to end
 */
struct flipper {
	volatile u64 *word;
	u64 a;
	u64 b;
	bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		*f->word = f->b;
		*f->word = f->a;
	}
	return NULL;
}

/**
 * struct bench - a queue with the same command in every entry
 * @dev: device
 * @nv: controller
 * @qp: queue pair
 * @buf: the data: a page between two pages that must not change
 * @list: a PRP list
 * @either: of the data, if one of the words means that it is written to
 * @flipper: the word that changes
 * @thread: runs @flipper
 */
struct bench {
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct dma_buf buf;
	struct dma_buf list;
	const u8 *either;
	struct flipper flipper;
	pthread_t thread;
};

static void bench_open(struct bench *b, const struct test_opts *opts)
{
	struct nvme_queue_opts polled = { 0 };

	memset(b, 0, sizeof(*b));
	test_start(&b->nv, &b->dev, opts);
	dma_alloc(&b->dev, &b->buf, 8 * PAGE, DMA_SCATTER);
	dma_alloc(&b->dev, &b->list, PAGE, 0);
	memset(b->buf.va, CANARY, b->buf.len);
	nvme_qpair_create(&b->nv, &b->qp, 1, DEPTH, polled);
}

static void bench_close(struct bench *b)
{
	nvme_qpair_delete(&b->qp);
	dma_free(&b->list);
	dma_free(&b->buf);
	test_stop(&b->nv, &b->dev);
}

static void flip_start(struct bench *b, void *word, u64 a, u64 other)
{
	b->flipper = (struct flipper){ .word = word, .a = a, .b = other };
	if (pthread_create(&b->thread, NULL, flip, &b->flipper))
		tap_bail("no thread");
}

static void flip_stop(struct bench *b)
{
	__atomic_store_n(&b->flipper.stop, true, __ATOMIC_RELAXED);
	pthread_join(b->thread, NULL);
}

/* Is the word that changes in slot @slot, or in what all slots point to? */
static bool flips(const struct bench *b, unsigned int slot)
{
	size_t off = (u8 *)b->flipper.word - b->qp.sq.mem.va;

	return off >= DEPTH * sizeof(struct nvme_sqe) ||
	       off / sizeof(struct nvme_sqe) == slot;
}

static bool written(const struct bench *b)
{
	return !b->either ||
	       __atomic_load_n(b->either, __ATOMIC_RELAXED) != CANARY;
}

/*
 * Submits the commands in the slots @total times, and changes only the command
 * identifier. Returns how many commands ended with a status other than 0 and
 * @expect. Commands whose word changes must end in both ways, or else nothing
 * has changed while Sluice read it. If @expect is 0 they only differ in whether
 * they write to the page @b->either. A busy machine may keep the other thread
 * from running for a while: then there are more commands.
 */
static unsigned int hammer(struct bench *b, struct nvme_sqe *sqe,
			   u16 expect, unsigned int total, const char *what)
{
	unsigned int i, good = 0, bad = 0, wrong = 0;
	struct nvme_sqe *slots = (struct nvme_sqe *)b->qp.sq.mem.va;
	u64 end = now_ms() + PATIENCE;
	struct nvme_cqe cqe;
	u16 code;

	for (i = 0; i < total || (!(good && bad && written(b)) && now_ms() < end); i++) {
		struct nvme_sq *sq = &b->qp.sq;
		bool counts = flips(b, sq->tail);

		sqe->cid = i;
		slots[sq->tail].cid = i;
		sq->tail = (sq->tail + 1) % sq->depth;
		nvme_ring(sq);
		if (!nvme_cq_wait(&b->qp.cq, &cqe, NVME_TIMEOUT)) {
			tap_diag("no completion of command %u", i);
			wrong++;
			break;
		}
		code = nvme_status(&cqe) & ST_CODE;
		good += counts && code == ST_OK;
		bad += counts && code == expect;
		wrong += code != ST_OK && code != expect;
		if (i % 1000 == 0)
			test_still_alive();
	}
	ok(good && bad, "%s: of those that change %u done, %u refused", what,
	   good, bad);
	return wrong;
}

/* Both slots hold the command; the word in the first slot is flipped */
static struct nvme_sqe *fill_slots(struct bench *b, const struct nvme_sqe *sqe)
{
	struct nvme_sqe *slots = (struct nvme_sqe *)b->qp.sq.mem.va;
	unsigned int i;

	for (i = 0; i < DEPTH; i++)
		slots[i] = *sqe;
	return slots;
}

static unsigned int repetitions(const struct test_opts *opts)
{
	return opts->count ? opts->count : COMMANDS;
}

/* The address alternates between the last block and the block behind it. */
static void test_lba(const struct test_opts *opts)
{
	struct neighbour neighbour;
	struct nvme_sqe sqe, *slots;
	struct bench b;
	u64 last;

	neighbour_fill(&neighbour, opts);
	bench_open(&b, opts);
	last = b.nv.nsze - 1;
	sqe = nvme_rw(IO_WRITE, last, 1);
	sqe.prp1 = b.buf.iova[1];
	slots = fill_slots(&b, &sqe);
	flip_start(&b, &slots[0].cdw10, last, last + 1);
	is(hammer(&b, &sqe, ST_LBA_RANGE, repetitions(opts), "address"), 0,
	   "the address flips between the last block and the one beyond");
	flip_stop(&b);
	bench_close(&b);
	neighbour_check(&neighbour);
}

/* The length alternates between one block and two at the end. */
static void test_length(const struct test_opts *opts)
{
	struct neighbour neighbour;
	struct nvme_sqe sqe, *slots;
	struct bench b;
	u64 word;

	neighbour_fill(&neighbour, opts);
	bench_open(&b, opts);
	sqe = nvme_rw(IO_WRITE, b.nv.nsze - 1, 1);
	sqe.prp1 = b.buf.iova[1];
	slots = fill_slots(&b, &sqe);
	memcpy(&word, &sqe.cdw12, sizeof(word));
	flip_start(&b, &slots[0].cdw12, word, word + 7);
	is(hammer(&b, &sqe, ST_LBA_RANGE, repetitions(opts), "length"), 0,
	   "the length flips between one block and eight at the end");
	flip_stop(&b);
	bench_close(&b);
	neighbour_check(&neighbour);
}

static bool canaries(struct bench *b, size_t from, size_t to)
{
	for (; from < to; from++) {
		if (b->buf.va[from] != CANARY)
			return false;
	}
	return true;
}

/* The data pointer alternates between a mapped page and an unmapped address. */
static void test_prp(const struct test_opts *opts)
{
	struct nvme_sqe sqe, *slots;
	struct bench b;
	u64 nowhere;

	bench_open(&b, opts);
	nowhere = dma_reserve_iova(&b.dev, PAGE);
	sqe = nvme_rw(IO_READ, 0, 1);
	sqe.prp1 = b.buf.iova[1];
	slots = fill_slots(&b, &sqe);
	flip_start(&b, &slots[0].prp1, b.buf.iova[1], nowhere);
	is(hammer(&b, &sqe, ST_TRANSFER, repetitions(opts), "pointer"), 0,
	   "the data pointer flips between a page and nowhere");
	flip_stop(&b);
	ok(canaries(&b, 0, PAGE) && canaries(&b, 2 * PAGE, b.buf.len),
	   "no other page was written to");
	bench_close(&b);
}

/* The offset alternates: the length of the first part depends on it. */
static void test_offset(const struct test_opts *opts)
{
	struct nvme_sqe sqe, *slots;
	struct bench b;
	u32 blocks;

	bench_open(&b, opts);
	blocks = PAGE >> b.nv.lba_shift;
	sqe = nvme_rw(IO_READ, 0, blocks);
	sqe.prp1 = b.buf.iova[1];
	sqe.prp2 = b.buf.iova[3];
	slots = fill_slots(&b, &sqe);
	b.either = b.buf.va + 3 * PAGE;
	flip_start(&b, &slots[0].prp1, b.buf.iova[1], b.buf.iova[1] + 0xe00);
	is(hammer(&b, &sqe, ST_OK, repetitions(opts), "offset"), 0,
	   "the offset in the first page flips");
	flip_stop(&b);
	ok(!canaries(&b, 3 * PAGE, 4 * PAGE),
	   "with either: the second page was used");
	ok(canaries(&b, 0, PAGE) && canaries(&b, 2 * PAGE, 3 * PAGE) &&
	   canaries(&b, 4 * PAGE, b.buf.len), "no other page was written to");
	bench_close(&b);
}

/* A list entry alternates between a page, an unmapped one and an offset. */
static void test_list(const struct test_opts *opts)
{
	struct nvme_sqe sqe;
	struct bench b;
	u64 nowhere, *prp;
	u32 blocks;

	bench_open(&b, opts);
	nowhere = dma_reserve_iova(&b.dev, PAGE);
	blocks = PAGE >> b.nv.lba_shift;
	prp = (u64 *)b.list.va;
	prp[0] = b.buf.iova[3];
	prp[1] = b.buf.iova[5];
	sqe = nvme_rw(IO_READ, 0, 3 * blocks);
	sqe.prp1 = b.buf.iova[1];
	sqe.prp2 = b.list.iova[0];
	fill_slots(&b, &sqe);
	flip_start(&b, &prp[1], prp[1], nowhere);
	is(hammer(&b, &sqe, ST_TRANSFER, repetitions(opts) / 2, "list"), 0,
	   "an entry of the list flips between a page and nowhere");
	flip_stop(&b);
	flip_start(&b, &prp[1], b.buf.iova[5], b.buf.iova[5] + 8);
	is(hammer(&b, &sqe, ST_PRP_OFFSET, repetitions(opts) / 2,
		  "list offset"), 0,
	   "an entry of the list flips between offsets");
	flip_stop(&b);
	ok(canaries(&b, 0, PAGE) && canaries(&b, 2 * PAGE, 3 * PAGE) &&
	   canaries(&b, 4 * PAGE, 5 * PAGE) &&
	   canaries(&b, 6 * PAGE, b.buf.len), "no other page was written to");
	bench_close(&b);
}

/* A deallocated range alternates between inside and outside the slice. */
static void test_range(const struct test_opts *opts)
{
	struct neighbour neighbour;
	struct nvme_range *range;
	struct nvme_sqe sqe;
	struct bench b;

	neighbour_fill(&neighbour, opts);
	bench_open(&b, opts);
	if (!(b.nv.oncs & ONCS_DSM)) {
		tap_skip("range", "no Dataset Management");
	} else {
		range = (struct nvme_range *)b.list.va;
		*range = (struct nvme_range){ .slba = b.nv.nsze - 8, .nlb = 8 };
		sqe = (struct nvme_sqe){
			.opcode = IO_DSM, .nsid = 1, .cdw11 = DSM_AD,
			.prp1 = b.list.iova[0],
		};
		fill_slots(&b, &sqe);
		flip_start(&b, &range->slba, b.nv.nsze - 8, b.nv.nsze);
		is(hammer(&b, &sqe, ST_LBA_RANGE, repetitions(opts) / 4,
			  "range"), 0,
		   "a range to deallocate flips across the end");
		flip_stop(&b);
	}
	bench_close(&b);
	neighbour_check(&neighbour);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "lba", test_lba },
		{ "length", test_length },
		{ "prp", test_prp },
		{ "offset", test_offset },
		{ "list", test_list },
		{ "range", test_range },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
