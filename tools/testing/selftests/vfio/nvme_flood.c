// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest makes only mistakes: the kernel's log stays readable
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define SECONDS		6
#define LINES_A_SECOND	10

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

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "log", test_log },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
