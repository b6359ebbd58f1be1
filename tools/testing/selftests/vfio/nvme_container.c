// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two slices in one address space, as a virtual machine with two slices has them.
 * Both read into memory that is unmapped and mapped again; they use several queues,
 * and each page several times at once. VFIO tells them of an unmap one after
 * another; if the first has pages pinned again when the second is ready, VFIO starts
 * again, and after ten times it gives up with a BUG. Two threads that unmap can also
 * be in each other's way. The test nvme-container.t looks how often VFIO starts.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define RANGE	(8 * MIB)
#define PAGES	(RANGE / PAGE)
#define QUEUES	4u
#define DEPTH	17u
#define BLOCKS	1024u

/* What reads do, in turn: the identifier of a read tells what it does */
enum kind {
	ONCE,	/* it fills a page */
	AGAIN,	/* it fills the page of the read before, which is in flight or was */
	THRICE,	/* it fills this page three times: its list has the page twice */
	KINDS
};

/**
 * struct queue - one of several that a slice uses at a time
 * @qp: the pair
 * @flying: reads in flight
 */
struct queue {
	struct nvme_qpair qp;
	unsigned int flying;
};

/**
 * struct user - one of the slices, with a thread that keeps it busy
 * @nv: controller
 * @dev: device
 * @queues: the queues
 * @lists: for each page a PRP list that has it twice
 * @rng: source of addresses
 * @iova: of the memory that the reads go to
 * @page: where the last read went
 * @stop: the thread is to end
 * @good: reads of each kind that worked
 * @refused: reads that found no memory
 * @other: reads that ended otherwise
 */
struct user {
	struct nvme nv;
	struct vfio_dev dev;
	struct queue queues[QUEUES];
	struct dma_buf lists;
	struct rng rng;
	u64 iova;
	u64 page;
	bool stop;
	unsigned int good[KINDS];
	unsigned int refused;
	unsigned int other;
};

static const struct nvme_queue_opts polled;

static void submit(struct user *u, struct nvme_sq *sq)
{
	enum kind kind = sq->next_cid % KINDS;
	unsigned int blocks = kind == THRICE ? 3 * PAGE >> u->nv.lba_shift : 1;
	struct nvme_sqe sqe = nvme_rw(IO_READ, rng_below(&u->rng, BLOCKS), blocks);

	if (kind == ONCE)
		u->page = rng_below(&u->rng, PAGES);
	sqe.prp1 = u->iova + u->page * PAGE;
	if (kind == THRICE)
		sqe.prp2 = dma_iova(&u->lists, 2 * sizeof(u64) * u->page);
	nvme_queue_cmd(sq, &sqe);
}

static void note(struct user *u, const struct nvme_cqe *cqe)
{
	if (nvme_status(cqe) == ST_OK)
		u->good[cqe->cid % KINDS]++;
	else if ((nvme_status(cqe) & ST_CODE) == ST_TRANSFER)
		u->refused++;
	else
		u->other++;
}

static void fill(struct user *u, struct queue *q)
{
	unsigned int before = q->flying;

	for (; q->flying < DEPTH - 1 && !nvme_sq_full(&q->qp.sq); q->flying++)
		submit(u, &q->qp.sq);
	if (q->flying != before)
		nvme_ring(&q->qp.sq);
}

static bool reap(struct user *u, struct queue *q)
{
	struct nvme_cqe cqe;

	if (!nvme_cq_wait(&q->qp.cq, &cqe, NVME_TIMEOUT))
		return false;
	do {
		note(u, &cqe);
		q->flying--;
	} while (nvme_cq_take(&q->qp.cq, &cqe));
	return true;
}

static void *read_on(void *arg)
{
	struct user *u = arg;
	unsigned int flying;
	struct queue *q;
	bool stop;

	do {
		stop = __atomic_load_n(&u->stop, __ATOMIC_RELAXED);
		flying = 0;
		for (q = u->queues; q < u->queues + QUEUES; q++) {
			if (!stop)
				fill(u, q);
			if (q->flying && !reap(u, q))
				return NULL;
			flying += q->flying;
		}
	} while (!stop || flying);
	return NULL;
}

static void user_start(struct user *u, u64 iova, u64 seed)
{
	unsigned int i;
	u64 *entry;

	u->iova = iova;
	u->rng = (struct rng){ seed };
	dma_alloc(&u->dev, &u->lists, 2 * sizeof(u64) * PAGES, 0);
	entry = (u64 *)u->lists.va;
	for (i = 0; i < 2 * PAGES; i++)
		entry[i] = iova + i / 2 * PAGE;
	for (i = 0; i < QUEUES; i++)
		nvme_qpair_create(&u->nv, &u->queues[i].qp, i + 1, DEPTH, polled);
}

static void user_end(struct user *u)
{
	unsigned int i;

	for (i = 0; i < QUEUES; i++)
		nvme_qpair_delete(&u->queues[i].qp);
	dma_free(&u->lists);
	test_stop(&u->nv, &u->dev);
}

static void test_two(const struct test_opts *opts)
{
	static struct user users[2];
	struct user *a = &users[0], *b = &users[1];
	unsigned int i, gone = 0, again = 0, times = opts->count ? opts->count : 10;
	pthread_t thread[2];
	u64 iova, begin, longest = 0;
	u8 *mem;

	if (!opts->second) {
		tap_skip("two", "no second device was given");
		return;
	}
	test_start(&a->nv, &a->dev, opts);
	if (vfio_open_beside(&b->dev, opts->second, &a->dev))
		tap_bail("the second slice cannot be opened beside the first");
	/* Queues at other addresses than those of the first */
	b->dev.next_iova = 1ull << 36;
	nvme_start(&b->nv, &b->dev);
	iova = 1ull << 34;
	mem = mmap(NULL, RANGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (mem == MAP_FAILED || vfio_map(&a->dev, mem, iova, RANGE, VFIO_MAP_RW))
		tap_bail("no memory to read to");
	for (i = 0; i < 2; i++) {
		user_start(&users[i], iova, opts->seed + i);
		if (pthread_create(&thread[i], NULL, read_on, &users[i]))
			tap_bail("no thread");
	}
	for (i = 0; i < times; i++) {
		sleep_ms(300);
		begin = now_ms();
		gone += !vfio_unmap(&a->dev, iova, RANGE);
		longest = MAX(longest, now_ms() - begin);
		again += !vfio_map(&a->dev, mem, iova, RANGE, VFIO_MAP_RW);
		test_still_alive();
	}
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&users[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(thread[i], NULL);
		ok(users[i].good[ONCE] && users[i].good[AGAIN] && users[i].good[THRICE],
		   "slice %u: %u reads fill a page, %u the same one, %u do three times, %u find no memory",
		   i, users[i].good[ONCE], users[i].good[AGAIN],
		   users[i].good[THRICE], users[i].refused);
		is(users[i].other, 0, "and none ends otherwise");
	}
	is(gone, times, "unmapped while both read, %llu ms at most",
	   (unsigned long long)longest);
	is(again, times, "and mapped again");
	for (i = 0; i < 2; i++)
		user_end(&users[i]);
	munmap(mem, RANGE);
}

/* Pages of the range of a thread that the slice uses: every other one */
#define USED	32u
#define FIRST	(32768ull * MIB)

/**
 * struct unmapper - a thread that unmaps memory of its own
 * @dev: the device
 * @iova: the memory, of which the slice uses some pages
 * @start: both threads wait here
 * @failed: what unmapping returned
 * @ms: how long it took
 */
struct unmapper {
	struct vfio_dev *dev;
	u64 iova;
	pthread_barrier_t *start;
	int failed;
	u64 ms;
};

static void *unmap_once(void *arg)
{
	struct unmapper *u = arg;
	u64 begin;

	pthread_barrier_wait(u->start);
	begin = now_ms();
	u->failed = vfio_unmap(u->dev, u->iova, 2 * USED * PAGE);
	u->ms = now_ms() - begin;
	return NULL;
}

/* Have the slice use pages that are far apart, which it pins one by one */
static unsigned int use_pages(struct nvme_qpair *qp, u64 iova)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);
	unsigned int i, good = 0;

	for (i = 0; i < USED; i++) {
		sqe.prp1 = iova + 2 * i * PAGE;
		good += nvme_exec_status(&qp->sq, &sqe) == ST_OK;
	}
	return good;
}

/*
 * Two threads unmap at once. One waits until VFIO has unpinned its pages, and the
 * other may have the lock that VFIO needs for that while it waits for the first.
 */
static void test_threads(const struct test_opts *opts)
{
	unsigned int i, k, gone = 0, good = 0, times = opts->count ? opts->count : 10;
	struct unmapper u[2] = { 0 };
	pthread_barrier_t start;
	struct nvme_qpair qp;
	pthread_t thread[2];
	struct vfio_dev dev;
	u64 longest = 0;
	struct nvme nv;
	u8 *mem;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	mem = mmap(NULL, 2 * USED * PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (mem == MAP_FAILED || pthread_barrier_init(&start, NULL, 2))
		tap_bail("no memory");
	for (i = 0; i < times; i++) {
		/* Small unmaps: then the slice pins single pages */
		if (vfio_map(&dev, mem, FIRST, PAGE, VFIO_MAP_RW) ||
		    vfio_unmap(&dev, FIRST, PAGE))
			tap_bail("a page cannot be unmapped");
		for (k = 0; k < 2; k++) {
			u[k] = (struct unmapper){
				.dev = &dev, .start = &start,
				.iova = FIRST + (k + 1) * 256 * MIB,
			};
			if (vfio_map(&dev, mem, u[k].iova, 2 * USED * PAGE, VFIO_MAP_RW))
				tap_bail("no memory to read to");
			good += use_pages(&qp, u[k].iova);
		}
		for (k = 0; k < 2; k++)
			if (pthread_create(&thread[k], NULL, unmap_once, &u[k]))
				tap_bail("no thread");
		for (k = 0; k < 2; k++) {
			pthread_join(thread[k], NULL);
			gone += !u[k].failed;
			longest = MAX(longest, u[k].ms);
		}
		test_still_alive();
	}
	is(good, 2 * times * USED, "reads to single pages");
	is(gone, 2 * times, "unmapped by two threads at once, %llu ms at most",
	   (unsigned long long)longest);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
	munmap(mem, 2 * USED * PAGE);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "two", test_two },
		{ "threads", test_threads },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
