// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VMM does while it holds a lock that its vCPUs need: it changes
 * eventfds, and unmaps memory. Neither waits for a grace period of RCU, which
 * takes milliseconds, nor hurries one, which interrupts all processors.
 *
 * And what takes long because a guest has much of something, memory or commands,
 * offers the processor to other tasks after each part.
 *
 * The calls of the functions that do so are counted with probes that the test
 * nvme-waits.t has set in the kernel.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/dma.h"
#include "lib/nvme_io.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

#define TRACE	"/sys/kernel/tracing/instances/waits"
#define TIMES	1000u
#define MSIX	VFIO_PCI_MSIX_IRQ_INDEX

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		tap_bail("%s cannot be written", path);
	close(fd);
}

static void count_begin(void)
{
	put_file(TRACE "/trace", "\n");
	put_file(TRACE "/tracing_on", "1");
}

/* Returns how many lines of the trace contain both strings */
static unsigned int count(const char *what, const char *also)
{
	unsigned int nr = 0;
	char line[512];
	FILE *f;

	f = fopen(TRACE "/trace", "re");
	if (!f)
		tap_bail("the trace cannot be read");
	while (fgets(line, sizeof(line), f))
		nr += line[0] != '#' && strstr(line, what) && strstr(line, also);
	fclose(f);
	return nr;
}

/* Returns how often this process has waited since count_begin() */
static unsigned int count_end(void)
{
	char self[32];

	put_file(TRACE "/tracing_on", "0");
	snprintf(self, sizeof(self), "-%d ", getpid());
	return count("synchronize_rcu", self);
}

/*
 * A function of the driver has offered the processor at least so often since
 * count_begin(), or does so now: the last time comes after the work.
 */
static void offers(unsigned int least, const char *what, const char *function)
{
	u64 end = now_ms() + 5000;
	unsigned int nr;

	while ((nr = count("offer:", function)) < least && now_ms() < end)
		sleep_ms(10);
	ok(nr >= least, "%s: others may run", what);
	tap_diag("%s: %u times, at least %u are wanted", what, nr, least);
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		tap_bail("no eventfd");
	return fd;
}

static void test_irqs(const struct test_opts *opts)
{
	unsigned int i, failed = 0;
	struct vfio_dev dev;
	int fds[2];
	u64 start;

	test_open(&dev, opts->id, opts);
	fds[0] = new_eventfd();
	fds[1] = new_eventfd();
	start = now_ms();
	count_begin();
	for (i = 0; i < TIMES; i++)
		failed += vfio_set_eventfds(&dev, MSIX, 0, 1, &fds[i % 2]) != 0;
	failed += vfio_disable_irqs(&dev, MSIX) != 0;
	is(count_end(), 0, "%u eventfds are replaced without a wait", TIMES);
	is(failed, 0, "and all are accepted");
	tap_diag("%llu ms for %u changes",
		 (unsigned long long)(now_ms() - start), TIMES);
	vfio_close(&dev);
	close(fds[0]);
	close(fds[1]);
}

static void test_unmap(const struct test_opts *opts)
{
	unsigned int i, waits = 0, good = 0;
	struct vfio_dev dev;
	struct dma_buf buf;
	struct nvme nv;
	u64 ms = 0, start;

	test_start(&nv, &dev, opts);
	for (i = 0; i < 100; i++) {
		struct nvme_sqe sqe = {
			.opcode = ADM_IDENTIFY, .cdw10 = CNS_CTRL,
		};

		/* each time at other addresses, as pinning is delayed */
		dma_alloc(&dev, &buf, PAGE, DMA_HUGE);
		sqe.prp1 = buf.iova[0];
		good += nvme_exec_status(&nv.asq, &sqe) == ST_OK;
		start = now_ms();
		count_begin();
		good += dma_unmap(&buf) == 0;
		waits += count_end();
		ms += now_ms() - start;
		dma_free(&buf);
	}
	is(good, 2 * 100, "memory is used and unmapped %u times", 100);
	is(waits, 0, "without a wait");
	tap_diag("%llu ms for the unmaps", (unsigned long long)ms);
	test_stop(&nv, &dev);
}

/* Shadow doorbells, which every processor reads, are unmapped */
static void test_shadow(const struct test_opts *opts)
{
	unsigned int i, waits = 0, good = 0;
	struct vfio_dev dev;
	struct dma_buf buf;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	for (i = 0; i < 100; i++) {
		struct nvme_sqe sqe = { .opcode = ADM_DOORBELL_BUFFER };

		/* as in test_unmap() */
		dma_alloc(&dev, &buf, 2 * PAGE, DMA_HUGE);
		sqe.prp1 = buf.iova[0];
		sqe.prp2 = buf.iova[1];
		good += nvme_exec_status(&nv.asq, &sqe) == ST_OK;
		count_begin();
		good += dma_unmap(&buf) == 0;
		waits += count_end();
		dma_free(&buf);
	}
	is(good, 2 * 100, "shadow doorbells are given and unmapped %u times",
	   100);
	is(waits, 0, "without a wait");
	test_stop(&nv, &dev);
}

#define CHUNK	(2u * MIB)
#define CHUNKS	16u

static void touch_chunks(struct nvme *nv, const struct dma_buf *buf)
{
	unsigned int i, good = 0;

	for (i = 0; i < CHUNKS; i++) {
		struct nvme_sqe sqe = {
			.opcode = ADM_IDENTIFY, .cdw10 = CNS_CTRL,
			.prp1 = dma_iova(buf, (size_t)i * CHUNK),
		};

		good += nvme_exec_status(&nv->asq, &sqe) == ST_OK;
	}
	is(good, CHUNKS, "memory is used in %u places", CHUNKS);
}

static void test_memory(const struct test_opts *opts)
{
	struct vfio_dev dev;
	struct dma_buf buf;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	dma_alloc(&dev, &buf, (size_t)CHUNKS * CHUNK, 0);
	count_begin();
	touch_chunks(&nv, &buf);
	offers(CHUNKS, "pinning", "sluice_iova_work+");
	offers(CHUNKS, "admin commands", "sluice_vadmin_service+");
	count_begin();
	is(dma_unmap(&buf), 0, "it is unmapped");
	offers(CHUNKS, "taking it out of the table", "sluice_iova_detach+");
	offers(CHUNKS, "taking it away from the device", "sluice_iova_release+");
	offers(CHUNKS, "unpinning", "sluice_iova_work+");
	dma_free(&buf);
	/* a VMM that is killed closes the device with its memory mapped */
	dma_alloc(&dev, &buf, (size_t)CHUNKS * CHUNK, 0);
	touch_chunks(&nv, &buf);
	nvme_free(&nv);
	count_begin();
	vfio_close(&dev);
	/* the same three steps, but compilers merge some of their functions */
	offers(3 * CHUNKS, "closing the device", "sluice_iova_");
	dma_free(&buf);
}

#define DEPTH	256u
#define READS	(DEPTH / 2)
/* So many visits the poller makes at one time; each read takes one at least */
#define ROUND	8

/* The guest's doorbells are mapped: the poller takes the commands */
static void test_visits(const struct test_opts *opts)
{
	const struct nvme_queue_opts polled = {};
	unsigned int i, good = 0;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, DEPTH, polled);
	count_begin();
	for (i = 0; i < READS; i++) {
		struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);

		sqe.prp1 = nv.scratch.iova[1];
		good += nvme_exec_status(&qp.sq, &sqe) == ST_OK;
	}
	offers(READS / ROUND, "visits", "sluice_poller_thread+");
	is(good, READS, "all are served");
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
}

/*
 * This thread takes the commands, 64 at a time. No doorbell is ever mapped: a poller
 * that still visits the slice might be the first to see the one that is rung.
 */
static void test_commands(const struct test_opts *opts)
{
	const struct nvme_queue_opts polled = {};
	struct test_opts trapped = *opts;
	unsigned int i, good = 0;
	struct nvme_qpair qp;
	struct nvme_cqe cqe;
	struct vfio_dev dev;
	struct nvme nv;

	trapped.trapped = true;
	test_start(&nv, &dev, &trapped);
	count_begin();
	nvme_qpair_create(&nv, &qp, 1, DEPTH, polled);
	/* memory for sixteen commands at a time */
	offers(DEPTH / 16, "creating a queue", "sluice_vsq_alloc_lists+");
	for (i = 0; i < READS; i++) {
		struct nvme_sqe sqe = nvme_rw(IO_READ, 0, 1);

		sqe.prp1 = nv.scratch.iova[1];
		nvme_queue_cmd(&qp.sq, &sqe);
	}
	count_begin();
	nvme_ring(&qp.sq);
	/* which of three functions has the loop is up to the compiler */
	offers(READS / 64, "commands", "sluice_vio_serv");
	for (i = 0; i < READS && nvme_cq_wait(&qp.cq, &cqe, NVME_TIMEOUT); i++)
		good += nvme_status(&cqe) == ST_OK;
	is(good, READS, "all are served");
	nvme_qpair_delete(&qp);
	/* the memory of a queue is kept for the next one until then */
	count_begin();
	test_stop(&nv, &dev);
	offers(DEPTH / 16, "closing the slice", "sluice_vsq_free_lists+");
}

/* The drive has two slices at least, and both are compared with each other */
static void test_table(const struct test_opts *opts)
{
	struct slice slice;
	char dir[600];

	if (!slice_find(&slice, opts->id))
		tap_bail("the slice is not in sysfs");
	snprintf(dir, sizeof(dir), "%s/../../sluice", slice.type);
	count_begin();
	is(slice_write(dir, "rescan", "1"), 0, "the table is read");
	/* two loops: what was known, and what is new */
	offers(2 * 2, "merging", "sluice_scan_disk+");
	offers(2, "looking for twins", "sluice_inventory_mark_twins+");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "irqs", test_irqs },
		{ "unmap", test_unmap },
		{ "shadow", test_shadow },
		{ "memory", test_memory },
		{ "visits", test_visits },
		{ "commands", test_commands },
		{ "table", test_table },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
