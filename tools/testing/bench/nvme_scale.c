// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures what a command costs the host, this program included, when many
 * slices of one drive are open and some of them are busy
 *
 * usage: nvme_scale trapped|mapped BUSY[xDEPTH[+PAUSE]] SECONDS UUID...
 *
 * Opens all slices and keeps the first BUSY of them busy with reads of 4 KiB,
 * DEPTH at a time, at most and by default 8. After completions each client sleeps
 * for PAUSE microseconds, by default not at all, before it submits again. Prints a
 * line of JSON, in which least_share is 1 when all busy slices were served alike.
 * Completions come by interrupt. With "trapped" doorbells no poller runs and
 * nothing spins. With "mapped" doorbells the poller serves the slices, and its
 * spinning is counted too.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "nvme_io.h"
#include "tap.h"
#include "test.h"

#define MAX_SLICES	64
#define MAX_DEPTH	8

/**
 * struct client - a slice and its user
 * @dev: the device
 * @nv: its controller
 * @qp: its only queue pair
 * @data: a page for each command
 * @free: pages that no command uses
 * @thread: the thread of a busy slice
 * @ios: commands completed
 * @ios_before: commands completed before counting began
 * @waits: times that it waited for an interrupt
 */
struct client {
	struct vfio_dev dev;
	struct nvme nv;
	struct nvme_qpair qp;
	struct dma_buf data;
	struct rng rng;
	pthread_t thread;
	unsigned long ios;
	unsigned long ios_before;
	unsigned long waits;
};

/**
 * struct counts - what has happened so far
 * @ns: time that all processors were busy
 * @switches: switches between tasks
 * @irqs: interrupts of this machine
 * @ios: commands completed
 * @waits: waits of the clients
 * @faults: doorbell faults of the busy slices
 */
struct counts {
	u64 ns, switches, irqs, ios, waits, faults;
};

static struct client clients[MAX_SLICES];
static unsigned int depth = MAX_DEPTH, pause_us;
static volatile bool over;

static void client_open(struct client *client, const char *id, bool trapped)
{
	const struct test_opts opts = {
		.path = VFIO_PATH_GROUP, .trapped = trapped,
	};
	unsigned int i;

	static const struct nvme_queue_opts queue = {
		.interrupt = true, .vector = 1,
	};

	test_open(&client->dev, id, &opts);
	nvme_start(&client->nv, &client->dev);
	/* Gives a poller work before the client has an I/O queue */
	for (i = 0; i < 32; i++) {
		if (nvme_identify(&client->nv, 1, 0))
			tap_bail("the controller does not identify itself");
	}
	nvme_qpair_create(&client->nv, &client->qp, 1, 2 * MAX_DEPTH, queue);
	dma_alloc(&client->dev, &client->data, MAX_DEPTH * (size_t)PAGE, 0);
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

	for (page = 0; page < depth; page++)
		submit(client, page);
	nvme_ring(&client->qp.sq);
	while (!over) {
		client_wait(client);
		client->waits++;
		/* All pages hold the same: the program ignores the data. */
		for (taken = 0; nvme_cq_take(&client->qp.cq, &cqe); taken++) {
			if (nvme_status(&cqe))
				tap_bail("status 0x%x", nvme_status(&cqe));
			submit(client, client->ios++ % depth);
		}
		if (taken && pause_us)
			usleep(pause_us);
		if (taken)
			nvme_ring(&client->qp.sq);
	}
	return NULL;
}

/* Returns a number of /proc/stat */
static u64 stat_number(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	if (!line)
		tap_bail("no '%s' in /proc/stat", name + 1);
	return strtoull(line + strlen(name), NULL, 10);
}

static size_t read_file(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t len;

	if (!file)
		tap_bail("no %s", path);
	len = fread(text, 1, size - 1, file);
	fclose(file);
	text[len] = '\0';
	return len;
}

static void count_host(struct counts *counts)
{
	unsigned long long user, nice, sys, idle, iowait;
	static char text[1 << 16];
	struct timespec now;

	read_file("/proc/stat", text, sizeof(text));
	if (sscanf(text, "cpu %llu %llu %llu %llu %llu", &user, &nice, &sys,
		   &idle, &iowait) != 5)
		tap_bail("no processors in /proc/stat");
	clock_gettime(CLOCK_MONOTONIC, &now);
	counts->ns = (now.tv_sec * 1000000000ull + now.tv_nsec) *
		     sysconf(_SC_NPROCESSORS_ONLN) -
		     (idle + iowait) * (1000000000ull / sysconf(_SC_CLK_TCK));
	counts->switches = stat_number(text, "\nctxt ");
	counts->irqs = stat_number(text, "\nintr ");
}

static u64 attribute_of(const char *id, const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/sluice/%s", id,
		 name);
	read_file(path, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static struct counts count(unsigned int busy, char **ids)
{
	struct counts counts = {};
	unsigned int i;

	for (i = 0; i < busy; i++) {
		counts.ios += clients[i].ios;
		counts.waits += clients[i].waits;
		counts.faults += attribute_of(ids[i], "doorbell_faults");
	}
	count_host(&counts);
	return counts;
}

static void count_from_here(unsigned int busy)
{
	unsigned int i;

	for (i = 0; i < busy; i++)
		clients[i].ios_before = clients[i].ios;
}

/* Returns the commands of the client that completed the fewest since then */
static unsigned long least_ios(unsigned int busy)
{
	unsigned long ios, least = -1ul;
	unsigned int i;

	for (i = 0; i < busy; i++) {
		ios = clients[i].ios - clients[i].ios_before;
		least = MIN(ios, least);
	}
	return least;
}

static void wait_s(unsigned int seconds)
{
	u64 end = now_ms() + seconds * 1000ull;

	while (now_ms() < end)
		sleep_ms(10);
}

int main(int argc, char **argv)
{
	unsigned int i, busy, seconds, nr = argc - 4;
	char **ids = argv + 4;
	struct counts a, b;
	double ios, least;
	bool trapped;

	if (argc < 5 || nr > MAX_SLICES ||
	    sscanf(argv[2], "%ux%u+%u", &busy, &depth, &pause_us) < 1 || !depth ||
	    depth > MAX_DEPTH) {
		fprintf(stderr,
			"usage: nvme_scale trapped|mapped BUSY[xDEPTH[+PAUSE]] SECONDS UUID...\n");
		return 2;
	}
	trapped = !strcmp(argv[1], "trapped");
	busy = MIN(busy, nr);
	seconds = atoi(argv[3]);
	for (i = 0; i < nr; i++)
		client_open(&clients[i], ids[i], trapped);
	for (i = 0; i < busy; i++) {
		clients[i].rng.state = i + 1;
		if (pthread_create(&clients[i].thread, NULL, client_run,
				   &clients[i]))
			tap_bail("no thread");
	}
	wait_s(1);
	count_from_here(busy);
	a = count(busy, ids);
	wait_s(seconds);
	b = count(busy, ids);
	least = least_ios(busy);
	over = true;
	for (i = 0; i < busy; i++)
		pthread_join(clients[i].thread, NULL);
	for (i = 0; i < nr; i++)
		test_stop(&clients[i].nv, &clients[i].dev);
	ios = b.ios - a.ios;
	if (!ios)
		tap_bail("no command was completed");
	printf("{\"scale\":{\"doorbells\":\"%s\",\"slices\":%u,\"busy\":%u",
	       argv[1], nr, busy);
	printf(",\"poll_us\":%llu",
	       (unsigned long long)attribute_of(ids[0], "poll_us"));
	printf(",\"ios\":%.0f,\"ns_per_io\":%.1f", ios, (b.ns - a.ns) / ios);
	printf(",\"least_share\":%.3f", least * busy / ios);
	printf(",\"waits_per_io\":%.4f", (b.waits - a.waits) / ios);
	printf(",\"switches_per_io\":%.4f", (b.switches - a.switches) / ios);
	printf(",\"irqs_per_io\":%.4f", (b.irqs - a.irqs) / ios);
	printf(",\"doorbell_faults_per_io\":%.4f}}\n",
	       (b.faults - a.faults) / ios);
	return 0;
}
