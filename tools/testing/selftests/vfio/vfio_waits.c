// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VMM does while it holds a lock that its vCPUs need: it changes
 * eventfds, and unmaps memory. Neither waits for a grace period of RCU, which
 * takes milliseconds, nor hurries one, which interrupts all processors.
 *
 * The calls of the two functions that do so are counted with probes that the
 * test nvme-waits.t has set in the kernel.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/dma.h"
#include "lib/nvme_io.h"
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

/* Returns how often this process has waited since count_begin() */
static unsigned int count_end(void)
{
	char line[512], self[32];
	unsigned int nr = 0;
	FILE *f;

	put_file(TRACE "/tracing_on", "0");
	snprintf(self, sizeof(self), "-%d ", getpid());
	f = fopen(TRACE "/trace", "re");
	if (!f)
		tap_bail("the trace cannot be read");
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != '#' && strstr(line, self) &&
		    strstr(line, "synchronize_rcu"))
			nr++;
	}
	fclose(f);
	return nr;
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

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "irqs", test_irqs },
		{ "unmap", test_unmap },
		{ "shadow", test_shadow },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
