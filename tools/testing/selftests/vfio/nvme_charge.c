// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom the kernel charges for memory that a guest makes it allocate: the memory
 * cgroup of the process that has the slice open. nvme-charge.t puts this process
 * into a cgroup of its own.
 */
#include <stdio.h>
#include <string.h>

#include "lib/dma.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

#define STAT	"/sys/fs/cgroup/owner/memory.stat"

/* Commands in flight on one queue; each has a page for its list */
#define SLOTS	511u

static const struct nvme_queue_opts polled;

/* Returns the bytes of kernel memory that the cgroup is charged for */
static long long charged(void)
{
	FILE *f = fopen(STAT, "re");
	long long bytes = -1;
	char line[128];

	if (!f)
		tap_bail("%s cannot be read", STAT);
	while (bytes < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "kernel %lld", &bytes);
	fclose(f);
	if (bytes < 0)
		tap_bail("%s does not say", STAT);
	return bytes;
}

static void test_queues(const struct test_opts *opts)
{
	long long before, with, again, after, lists = SLOTS * (long long)PAGE;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme nv;

	test_start(&nv, &dev, opts);
	before = charged();
	nvme_qpair_create(&nv, &qp, 1, SLOTS + 1, polled);
	with = charged();
	nvme_qpair_delete(&qp);
	nvme_qpair_create(&nv, &qp, 1, SLOTS + 1, polled);
	again = charged();
	nvme_qpair_delete(&qp);
	test_stop(&nv, &dev);
	after = charged();
	ok(with - before >= lists, "the owner is charged for a deep queue");
	ok(again - with < lists / 2, "not again for the next one");
	ok(with - after >= lists, "until the device is closed");
	tap_diag("%lld, %lld, %lld and %lld bytes", before, with, again, after);
}

/* Pages that are used one by one, each in 2 MiB of addresses of its own */
static void test_memory(const struct test_opts *opts)
{
	static const unsigned int nr = 4096;
	const u64 stride = 2 * MIB;
	unsigned int i, good = 0;
	long long before, with;
	struct vfio_dev dev;
	struct dma_buf buf;
	struct nvme nv;
	u64 iova;

	test_start(&nv, &dev, opts);
	dma_alloc(&dev, &buf, PAGE, 0);
	iova = (dma_reserve_iova(&dev, (nr + 2) * stride) + stride) &
	       ~(stride - 1);
	before = charged();
	for (i = 0; i < nr; i++) {
		struct nvme_sqe sqe = {
			.opcode = ADM_IDENTIFY, .cdw10 = CNS_CTRL,
			.prp1 = iova + i * stride,
		};

		if (vfio_map(&dev, buf.va, sqe.prp1, PAGE, VFIO_MAP_RW))
			break;
		good += nvme_exec_status(&nv.asq, &sqe) == ST_OK;
	}
	with = charged();
	is(good, nr, "%u places in memory are used", nr);
	/* for each at least an entry of the table, and 64 pages' slots */
	ok(with - before >= nr * 1024ll, "the owner is charged for the table");
	tap_diag("%lld bytes for each", (with - before) / nr);
	vfio_unmap(&dev, iova, nr * stride);
	dma_free(&buf);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "queues", test_queues },
		{ "memory", test_memory },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
