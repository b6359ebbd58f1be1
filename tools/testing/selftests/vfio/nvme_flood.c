// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest makes only mistakes: the kernel's log stays readable, and another
 * guest gets its share
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define SECONDS		6
#define LINES_A_SECOND	10

/* In turn one slice is alone and beside a flood, so often and so long */
#define TURNS		6
#define TURN_MS		400

/* Both slices keep as many reads in flight */
#define DEPTH		64

/*
 * Commands that are refused: as many in flight. They stay in memory, and after
 * each STEP of them only doorbells are written. So the thread that floods is
 * faster than the one that serves it, which always finds more.
 */
#define REFUSED		1024u
#define STEP		64u

static const struct nvme_queue_opts polled;

/* Opens the kernel's log; only later lines are read */
static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Counts lines with "sluice", one per read; EPIPE: some were lost. */
static unsigned int count_lines(int fd, bool *lost)
{
	unsigned int lines = 0;
	char line[8192];
	ssize_t n;

	for (;;) {
		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE) {
			*lost = true;
			continue;
		}
		if (n <= 0)
			return lines;
		line[n] = '\0';
		if (strstr(line, "sluice"))
			lines++;
	}
}

/* Commands that fail, one of each kind */
static void bad_commands(struct nvme *nv, struct nvme_sq *sq)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, nv->nsze, 1);

	sqe.prp1 = nv->scratch.iova[1];
	nvme_exec_status(sq, &sqe);
	sqe = nvme_rw(IO_WRITE, 0, 1);
	sqe.prp1 = ~0ull << 12;
	nvme_exec_status(sq, &sqe);
	sqe = nvme_rw(0x7f, 0, 1);
	nvme_exec_status(sq, &sqe);
	nvme_identify(nv, 0xff, 7);
	nvme_create_cq_cmd(nv, 0xffff, 0xffff, 0, 0);
	nvme_doorbell(nv, nvme_sq_db(40), 7);
	nvme_doorbell(nv, nvme_sq_db(1), 0xffff);
	nvme_doorbell(nv, nvme_cq_db(1), 0xffff);
}

/* Fatal status by queues at unmapped addresses, then recovery */
static void break_controller(struct nvme *nv)
{
	nvme_disable(nv);
	nvme_write64(nv, REG_ASQ, ~0ull << 12);
	nvme_enable(nv);
	nvme_doorbell(nv, 0, 1);
	nvme_restart(nv);
}

static void test_log(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int lines, rounds = 0;
	bool lost = false;
	int log = open_log();
	u64 end;

	if (log < 0)
		tap_bail("the kernel's log cannot be read");
	test_start(&nv, &dev, opts);
	for (end = now_ms() + SECONDS * 1000; now_ms() < end; rounds++) {
		nvme_qpair_create(&nv, &qp, 1, 16, polled);
		bad_commands(&nv, &qp.sq);
		break_controller(&nv);
		nvme_qpair_forget(&qp);
	}
	lines = count_lines(log, &lost);
	ok(!lost && lines <= SECONDS * LINES_A_SECOND,
	   "%u rounds of nonsense in %u seconds make %u lines of log", rounds,
	   SECONDS, lines);
	ok(lines, "the log says something of it");
	ok(rounds > SECONDS, "there was nonsense enough");
	is(nvme_identify(&nv, CNS_CTRL, 0), ST_OK, "the controller works");
	test_stop(&nv, &dev);
	close(log);
}

/**
 * struct flood - a guest that submits as fast as it can
 * @costly: what it submits costs as much as possible: 256 ranges, of which only
 *	the last is wrong; and admin commands that need what all slices share
 * @dev: its slice
 * @nv: controller
 * @qp: queue pair for commands that are refused
 * @reads: queue pair for reads
 * @load: the reads
 * @ranges: the ranges of costly commands
 * @on: whether to submit now
 * @end: for good
 * @refused: number of commands that were refused
 * @admin: number of admin commands
 */
struct flood {
	bool costly;
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct nvme_qpair reads;
	struct load load;
	struct dma_buf ranges;
	bool on;
	bool end;
	u64 refused;
	u64 admin;
};

static struct nvme_sqe flood_costly(struct flood *f)
{
	struct nvme_range *ranges = (struct nvme_range *)f->ranges.va;

	ranges[255].slba = f->nv.nsze;
	return (struct nvme_sqe) {
		.opcode = IO_DSM, .nsid = 1, .prp1 = f->ranges.iova[0],
		.cdw10 = 255, .cdw11 = DSM_AD,
	};
}

static void flood_open(struct flood *f, const struct test_opts *opts)
{
	struct nvme_sqe sqe = { .opcode = 0x7f, .nsid = 1 };
	unsigned int i;

	test_open(&f->dev, opts->second, opts);
	nvme_start(&f->nv, &f->dev);
	dma_alloc(&f->dev, &f->ranges, PAGE, 0);
	if (f->costly)
		sqe = flood_costly(f);
	nvme_qpair_create(&f->nv, &f->qp, 1, REFUSED, polled);
	for (i = 0; i < REFUSED; i++)
		nvme_queue_cmd(&f->qp.sq, &sqe);
	nvme_qpair_create(&f->nv, &f->reads, 2, DEPTH + 1, polled);
	load_init(&f->load, &f->reads.sq, 0, DEPTH, 0);
}

static void flood_close(struct flood *f)
{
	load_free(&f->load);
	nvme_qpair_delete(&f->reads);
	nvme_qpair_delete(&f->qp);
	dma_free(&f->ranges);
	test_stop(&f->nv, &f->dev);
}

/* Has the next STEP of commands been refused? */
static bool flood_refused(const struct nvme_cq *cq)
{
	const struct nvme_cqe *last =
		(struct nvme_cqe *)cq->mem.va + cq->head + STEP - 1;

	return (__atomic_load_n(&last->status, __ATOMIC_ACQUIRE) & 1) ==
	       cq->phase;
}

/* Submits them again, and a doorbell of no queue */
static void flood_again(struct flood *f)
{
	struct nvme_cq *cq = &f->qp.cq;
	struct nvme_sq *sq = &f->qp.sq;

	f->refused += STEP;
	cq->head = (cq->head + STEP) % REFUSED;
	cq->phase ^= !cq->head;
	nvme_cq_ring(cq);
	sq->tail = (sq->tail + STEP) % REFUSED;
	nvme_ring(sq);
	nvme_doorbell(&f->nv, nvme_cq_db(3), 0xffff);
}

/* Takes what has been read, whatever it was, and reads on */
static void flood_read(struct flood *f)
{
	struct nvme_cqe cqe;

	while (nvme_cq_take(&f->reads.cq, &cqe))
		load_reap(&f->load, IO_WRITE, &cqe);
	load_fill(&f->load, IO_READ);
}

static void *flood_thread(void *arg)
{
	struct flood *f = arg;

	/* all but one, which is as many as a queue can have */
	f->qp.sq.tail = REFUSED - 1;
	nvme_ring(&f->qp.sq);
	while (!__atomic_load_n(&f->end, __ATOMIC_RELAXED)) {
		if (!__atomic_load_n(&f->on, __ATOMIC_RELAXED)) {
			sleep_ms(1);
			continue;
		}
		if (flood_refused(&f->qp.cq))
			flood_again(f);
		flood_read(f);
	}
	return NULL;
}

/* The drive's health, and a queue that comes and goes */
static void *flood_admin_thread(void *arg)
{
	struct flood *f = arg;
	struct nvme_cq cq;

	while (!__atomic_load_n(&f->end, __ATOMIC_RELAXED)) {
		if (!f->costly || !__atomic_load_n(&f->on, __ATOMIC_RELAXED)) {
			sleep_ms(1);
			continue;
		}
		if (nvme_get_log(&f->nv, LOG_SMART, ~0u, 0, 512) ||
		    nvme_cq_create(&f->nv, &cq, 2 + 1, 16, polled) ||
		    nvme_cq_delete(&cq))
			tap_bail("an admin command fails");
		f->admin += 3;
	}
	return NULL;
}

/* Returns how many reads one slice makes in a turn */
static unsigned int reads_in_turn(struct load *load)
{
	u64 end = now_ms() + TURN_MS;
	unsigned int n = 0;

	for (; now_ms() < end; n += 4 * DEPTH) {
		if (load_run(load, IO_READ, 4 * DEPTH) != 4 * DEPTH)
			tap_bail("reads fail, or have wrong data");
	}
	return n;
}

/* What setting up a queue takes, in milliseconds */
static u64 queue_ms(struct nvme *nv)
{
	u64 begin = now_ms();
	struct nvme_cq cq;

	if (nvme_cq_create(nv, &cq, 2, 16, polled) || nvme_cq_delete(&cq))
		tap_bail("a queue cannot be created beside a flood");
	return now_ms() - begin;
}

/*
 * The poller visits both in turn and a visit is limited, the drive has as many
 * reads of both, and three threads share two processors: half of a half is left
 * at worst. The bound is a fifth, since there may be noise.
 */
static void share(const struct test_opts *opts, bool costly, unsigned int turns)
{
	static struct flood f;
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	pthread_t thread, admin;
	unsigned int i, reads[2] = { 0 };
	u64 ms, longest = 0;

	if (!opts->second) {
		tap_skip("share", "no second device was given");
		return;
	}
	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, DEPTH + 1, polled);
	load_init(&load, &qp.sq, 0, DEPTH, 0);
	load_run(&load, IO_WRITE, DEPTH);
	f = (struct flood) { .costly = costly };
	flood_open(&f, opts);
	if (pthread_create(&thread, NULL, flood_thread, &f) ||
	    pthread_create(&admin, NULL, flood_admin_thread, &f))
		tap_bail("no thread");
	for (i = 0; i < 2 * turns; i++) {
		__atomic_store_n(&f.on, i & 1, __ATOMIC_RELAXED);
		sleep_ms(20);
		reads[i & 1] += reads_in_turn(&load);
		ms = queue_ms(&nv);
		longest = ms > longest ? ms : longest;
		test_still_alive();
	}
	__atomic_store_n(&f.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	pthread_join(admin, NULL);
	tap_diag("reads a second: %u alone, %u beside the other slice",
		 reads[0] * 1000 / (turns * TURN_MS),
		 reads[1] * 1000 / (turns * TURN_MS));
	tap_diag("which makes %llu commands that are refused and %llu admin commands",
		 (unsigned long long)f.refused * 1000 / (turns * TURN_MS),
		 (unsigned long long)f.admin * 1000 / (turns * TURN_MS));
	tap_diag("a queue is there and gone in %llu ms at most",
		 (unsigned long long)longest);
	ok(f.refused >= turns * REFUSED / 4, "another slice was flooded");
	ok(reads[1] >= reads[0] / 5,
	   "and this one had a fifth at least of what it has alone");
	flood_close(&f);
	load_free(&load);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

static void test_share(const struct test_opts *opts)
{
	share(opts, false, TURNS);
}

/* The same when the other slice makes the most work that it may */
static void test_costs(const struct test_opts *opts)
{
	share(opts, true, TURNS / 2);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "log", test_log },
		{ "share", test_share },
		{ "costs", test_costs },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
