// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a user: killed with I/O in flight, fork and exec with the device
 * open. Afterwards slice and parent must be as before
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/load.h"
#include "lib/nvme_io.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

#define REOPEN_MS	20000

static const struct nvme_queue_opts polled;

/* In a child: keeps the drive busy until killed; reports when it is busy */
static _Noreturn void be_busy(const struct test_opts *opts, int ready)
{
	static struct load load;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_cqe cqe;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 128, polled);
	load_init(&load, &qp.sq, 0, 4096, 0);
	load_fill(&load, IO_READ);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		while (nvme_cq_take(&qp.cq, &cqe))
			load_reap(&load, IO_WRITE, &cqe);
		load_fill(&load, IO_READ);
	}
}

/* Returns whether the child was busy and died of the signal */
static bool kill_one(const struct test_opts *opts, unsigned int delay_ms)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		tap_bail("no pipe");
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		tap_bail("no child");
	if (!pid)
		be_busy(opts, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1)
		sleep_ms(delay_ms);
	close(ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool works(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct nvme nv;
	int ret = vfio_open_wait(&dev, opts->id, opts->path, REOPEN_MS);
	bool good;

	if (ret) {
		tap_diag("cannot be opened again: %s", strerror(-ret));
		return false;
	}
	nvme_start(&nv, &dev);
	good = nvme_identify(&nv, CNS_CTRL, 0) == ST_OK;
	test_stop(&nv, &dev);
	return good;
}

static void test_kill(const struct test_opts *opts)
{
	unsigned int i, rounds = opts->count ? opts->count : 20;
	unsigned int killed = 0, back = 0;

	for (i = 0; i < rounds; i++) {
		killed += kill_one(opts, i % 7);
		back += works(opts);
		test_still_alive();
	}
	is(killed, rounds, "users killed with I/O in flight");
	is(back, rounds, "the next user finds a working controller");
}

/* After a kill the mdev can be removed at once; all is as before the user. */
static void test_account(const struct test_opts *opts)
{
	unsigned long long with, without, pairs_free, pairs_free_after;
	struct slice slice;
	char parent[600];

	if (!slice_find(&slice, opts->id)) {
		tap_skip("account", "%s is no mdev of Sluice", opts->id);
		return;
	}
	snprintf(parent, sizeof(parent), "%s/../../sluice", slice.type);
	with = slice_number(slice.type, "available_instances");
	pairs_free = slice_number(parent, "queue_pairs_free");
	ok(slice_wait_state(&slice, "attached", 100), "slice is attached");
	ok(kill_one(opts, 3), "user killed with I/O in flight");
	is(slice_detach(&slice), 0, "detached at once");
	ok(slice_wait_state(&slice, "free", 10000), "slice is free");
	without = slice_number(slice.type, "available_instances");
	ok(without > with, "available_instances rises from %llu to %llu",
	   with, without);
	is(slice_attach(&slice), 0, "attached again");
	ok(slice_wait_state(&slice, "attached", 1000), "slice is attached");
	is(slice_number(slice.type, "available_instances"), with,
	   "available_instances is what it was");
	pairs_free_after = slice_number(parent, "queue_pairs_free");
	is(pairs_free_after, pairs_free, "free queue pairs are what they were");
	/* udev may take a moment to make device nodes. */
	ok(works(opts), "the next user finds a working controller");
}

static void test_cycles(const struct test_opts *opts)
{
	unsigned int i, rounds = opts->count ? opts->count : 20, good = 0;
	unsigned long long before, after;
	struct slice slice;

	if (!slice_find(&slice, opts->id)) {
		tap_skip("cycles", "%s is no mdev of Sluice", opts->id);
		return;
	}
	before = slice_number(slice.type, "available_instances");
	for (i = 0; i < rounds; i++) {
		good += slice_detach(&slice) == 0 &&
			slice_wait_state(&slice, "free", 10000) &&
			slice_attach(&slice) == 0;
	}
	is(good, rounds, "detached and attached");
	after = slice_number(slice.type, "available_instances");
	is(after, before, "available_instances is what it was");
	ok(works(opts), "the controller works");
}

/* A child that inherits the device keeps it open, also after exec. */
static void test_exec(const struct test_opts *opts)
{
	struct vfio_dev dev, other;
	int gate[2], status, ret;
	pid_t pid;

	test_open(&dev, opts->id, opts);
	if (pipe2(gate, O_CLOEXEC))
		tap_bail("no pipe");
	fcntl(dev.fd, F_SETFD, 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(gate[0], STDIN_FILENO);
		execl("/bin/cat", "cat", NULL);
		_exit(127);
	}
	close(gate[0]);
	sleep_ms(200);
	vfio_close(&dev);
	ret = vfio_open(&other, opts->id, opts->path);
	ok(ret < 0, "still open in a child that has executed another program");
	if (!ret)
		vfio_close(&other);
	close(gate[1]);
	waitpid(pid, &status, 0);
	is(status, 0, "the child ends");
	ok(works(opts), "the device is free then");
}

/* After a fork the process must still share its pages with the device. */
static void test_fork(const struct test_opts *opts)
{
	struct nvme_qpair qp;
	struct nvme_sqe sqe;
	struct dma_buf buf;
	struct vfio_dev dev;
	struct nvme nv;
	unsigned int i, right = 0;
	size_t size;
	int status;
	pid_t pid;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	size = (size_t)1 << nv.lba_shift;
	dma_alloc(&dev, &buf, 2 * PAGE, 0);
	pattern_fill(buf.va, size, 0, 21);
	sqe = nvme_rw(IO_WRITE, 0, 1);
	sqe.prp1 = buf.iova[0];
	is(nvme_exec_status(&qp.sq, &sqe), ST_OK, "pages in use");
	fflush(NULL);
	pid = fork();
	if (!pid) {
		/* The child writes to its copies of the pages. */
		memset(buf.va, 0, buf.len);
		memset(qp.sq.mem.va, 0xff, qp.sq.mem.len);
		sleep_ms(500);
		_exit(0);
	}
	for (i = 0; i < 50; i++) {
		memset(buf.va, 0, size);
		sqe.opcode = IO_READ;
		if (nvme_exec_status(&qp.sq, &sqe) == ST_OK)
			right += pattern_check(buf.va, size, 0, 21) == size;
		sleep_ms(5);
	}
	is(right, 50, "reads while a child writes to its copies");
	waitpid(pid, &status, 0);
	is(status, 0, "the child ends");
	sqe.opcode = IO_READ;
	is(nvme_exec_status(&qp.sq, &sqe), ST_OK, "read after its end");
	is(pattern_check(buf.va, size, 0, 21), size, "data are right");
	dma_free(&buf);
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "kill", test_kill },
		{ "account", test_account },
		{ "cycles", test_cycles },
		{ "exec", test_exec },
		{ "fork", test_fork },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
