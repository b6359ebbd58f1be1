// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many open slices of one drive, some of them busy: what a command costs the
 * host, this program included
 *
 * usage: nvme_scale BUSY SECONDS UUID...
 *
 * Opens all slices, keeps the first BUSY of them busy with reads of 4 KiB, 8 at
 * a time, and prints a line of JSON. Doorbells are trapped and completions come
 * by interrupt, so that nobody spins: the time that a poller waits is no cost of
 * the command.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "nvme_io.h"
#include "tap.h"
#include "test.h"

#define MAX_SLICES	64
#define DEPTH		8

/**
 * struct client - a slice and who uses it
 * @dev: the device
 * @nv: its controller
 * @qp: its only queue pair
 * @data: a page for each command
 * @free: pages of no command
 * @thread: of a busy slice
 * @ios: commands completed
 */
struct client {
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct dma_buf data;
	struct rng rng;
	pthread_t thread;
	unsigned long ios;
};

static struct client clients[MAX_SLICES];
static volatile bool over;

static void client_open(struct client *client, const char *id)
{
	static const struct test_opts opts = {
		.path = VFIO_PATH_GROUP, .trapped = true,
	};

	static const struct nvme_queue_opts queue = {
		.interrupt = true, .vector = 1,
	};

	test_open(&client->dev, id, &opts);
	nvme_start(&client->nv, &client->dev);
	nvme_qpair_create(&client->nv, &client->qp, 1, 2 * DEPTH, queue);
	dma_alloc(&client->dev, &client->data, DEPTH * (size_t)PAGE, 0);
}

static void submit(struct client *client, unsigned int page)
{
	u32 blocks = PAGE >> client->nv.lba_shift;
	u64 at = rng_below(&client->rng, client->nv.nsze / blocks);
	struct nvme_sqe sqe = nvme_rw(IO_READ, at * blocks, blocks);

	sqe.prp1 = client->data.iova[page];
	nvme_queue_cmd(&client->qp.sq, &sqe);
}

/* Sleep until the controller signals. */
static void client_wait(struct client *client)
{
	struct pollfd pollfd = { .fd = client->qp.cq.efd, .events = POLLIN };
	u64 signals;

	if (poll(&pollfd, 1, NVME_TIMEOUT) != 1 ||
	    read(pollfd.fd, &signals, sizeof(signals)) < 0)
		tap_bail("no interrupt");
}

static void *client_run(void *arg)
{
	struct client *client = arg;
	unsigned int page, taken;
	struct nvme_cqe cqe;

	for (page = 0; page < DEPTH; page++)
		submit(client, page);
	nvme_ring(&client->qp.sq);
	while (!over) {
		client_wait(client);
		/* All pages are alike: the data is of no interest. */
		for (taken = 0; nvme_cq_take(&client->qp.cq, &cqe); taken++) {
			if (nvme_status(&cqe))
				tap_bail("status 0x%x", nvme_status(&cqe));
			submit(client, client->ios++ % DEPTH);
		}
		if (taken)
			nvme_ring(&client->qp.sq);
	}
	return NULL;
}

/* What all processors have been busy with, in nanoseconds */
static u64 busy_ns(void)
{
	unsigned long long user, nice, sys, idle, iowait;
	struct timespec now;
	FILE *file = fopen("/proc/stat", "r");

	if (!file || fscanf(file, "cpu %llu %llu %llu %llu %llu", &user, &nice,
			    &sys, &idle, &iowait) != 5)
		tap_bail("no /proc/stat");
	fclose(file);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000000ull + now.tv_nsec) *
	       sysconf(_SC_NPROCESSORS_ONLN) -
	       (idle + iowait) * (1000000000ull / sysconf(_SC_CLK_TCK));
}

static unsigned long total(unsigned int busy)
{
	unsigned long ios = 0;
	unsigned int i;

	for (i = 0; i < busy; i++)
		ios += clients[i].ios;
	return ios;
}

static void wait_s(unsigned int seconds)
{
	u64 end = now_ms() + seconds * 1000ull;

	while (now_ms() < end)
		sleep_ms(10);
}

int main(int argc, char **argv)
{
	unsigned int i, busy, seconds, nr = argc - 3;
	unsigned long ios;
	u64 ns;

	if (argc < 4 || nr > MAX_SLICES) {
		fprintf(stderr, "usage: nvme_scale BUSY SECONDS UUID...\n");
		return 2;
	}
	busy = MIN((unsigned int)atoi(argv[1]), nr);
	seconds = atoi(argv[2]);
	for (i = 0; i < nr; i++)
		client_open(&clients[i], argv[3 + i]);
	for (i = 0; i < busy; i++) {
		clients[i].rng.state = i + 1;
		if (pthread_create(&clients[i].thread, NULL, client_run,
				   &clients[i]))
			tap_bail("no thread");
	}
	wait_s(1);
	ios = total(busy);
	ns = busy_ns();
	wait_s(seconds);
	ns = busy_ns() - ns;
	ios = total(busy) - ios;
	over = true;
	for (i = 0; i < busy; i++)
		pthread_join(clients[i].thread, NULL);
	for (i = 0; i < nr; i++)
		test_stop(&clients[i].nv, &clients[i].dev);
	if (!ios)
		tap_bail("no command was completed");
	printf("{\"scale\":{\"slices\":%u,\"busy\":%u,\"ios\":%lu,\"ns_per_io\":%.1f}}\n",
	       nr, busy, ios, (double)ns / ios);
	return 0;
}
