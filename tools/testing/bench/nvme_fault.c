// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what a store to a doorbell costs, with the doorbell page mapped and
 * with the page taken away
 *
 * usage: nvme_fault UUID
 *
 * Rings the doorbell once every 2 ms, first with the page always mapped, then
 * with a slice that becomes idle in between. Prints the medians as a line of
 * JSON. The fault is a fault of a process: the exception, finding the mapping,
 * mapping the page, and waking the poller. On a machine with one processor the
 * fault also includes the switches to the poller and back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "nvme_io.h"
#include "slice.h"
#include "tap.h"
#include "test.h"

#define ROUNDS	501

static struct vfio_dev dev;
static struct nvme nv;
static struct nvme_qpair qp;
static struct dma_buf data;

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Reads a block; returns how long ringing the doorbell took */
static u64 ring_once(void)
{
	struct nvme_sqe sqe = nvme_rw(IO_READ, 0, PAGE >> nv.lba_shift);
	u64 start, end;
	struct nvme_cqe cqe;
	u16 cid;

	sqe.prp1 = data.iova[0];
	cid = nvme_queue_cmd(&qp.sq, &sqe);
	start = now_ns();
	nvme_ring(&qp.sq);
	end = now_ns();
	cqe = nvme_wait_cid(&qp.sq, cid);
	if (nvme_status(&cqe))
		tap_bail("a read failed");
	return end - start;
}

static int compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static u64 median(u64 *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

/* Rings ROUNDS times and counts the faults; returns the median */
static u64 measure(const char *dir, const char *poll_us, u64 *faults)
{
	static u64 ns[ROUNDS];
	u64 before;
	int i;

	if (slice_write(dir, "poll_us", poll_us))
		tap_bail("poll_us cannot be set to %s", poll_us);
	ring_once();
	before = slice_number(dir, "doorbell_faults");
	for (i = 0; i < ROUNDS; i++) {
		sleep_ms(2);
		ns[i] = ring_once();
	}
	*faults = slice_number(dir, "doorbell_faults") - before;
	return median(ns);
}

int main(int argc, char **argv)
{
	const struct test_opts opts = { .path = VFIO_PATH_GROUP };
	static const struct nvme_queue_opts polled;
	u64 mapped, away, none, faults;
	char dir[128];

	if (argc != 2) {
		fprintf(stderr, "usage: nvme_fault UUID\n");
		return 2;
	}
	snprintf(dir, sizeof(dir), "/sys/bus/mdev/devices/%s/sluice", argv[1]);
	test_open(&dev, argv[1], &opts);
	nvme_start(&nv, &dev);
	nvme_qpair_create(&nv, &qp, 1, 16, polled);
	dma_alloc(&dev, &data, PAGE, 0);
	mapped = measure(dir, "4294967295", &none);
	away = measure(dir, "0", &faults);
	test_stop(&nv, &dev);
	if (none || faults < ROUNDS)
		tap_bail("%llu and %llu doorbell faults",
			 (unsigned long long)none, (unsigned long long)faults);
	printf("{\"doorbell\":{\"mapped_ns\":%llu,\"away_ns\":%llu}}\n",
	       (unsigned long long)mapped, (unsigned long long)away);
	return 0;
}
