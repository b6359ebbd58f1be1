// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the modules natively: a guest on one CPU, the poller on another
 *
 * The program is linked with the modules' objects, compiled for the kernel, and
 * with the guest, the memory and the drive of the program count. The guest's
 * thread fills its queue and rings the doorbell; the poller's thread is the
 * core's own, and lets the drive work before each visit. Prints JSON.
 *
 * usage: native [-r ROUNDS] [-d DRIVE_NS] [-m lose|astray]
 *
 * The machine may have other work. So there are ROUNDS rounds of one short window
 * for each figure, and each figure is the median over the windows. Within a window
 * a time is a percentile, or the mean of the middle half. The program fails if a
 * command is not completed, or not completed right; -m makes that happen.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../count/bed.h"
#include "../count/kernel.h"

#define WINDOW_NS	2000000ll
#define PAUSE_US	40000u
#define SAMPLES		65536u
#define FOREVER		4294967295u	/* poll_us */

/* The poller has found nothing so often, and the drive has nothing: it is lost */
#define LOST_VISITS	100000u

/* Visits that are timed together */
#define VISITS		1024u

enum figure {
	LINE, QD1_P50, QD1_P99, QD8, QD32, QD128, BATCH1, BATCH8, BATCH32, VISIT,
	FIGURES
};

static const char *const names[FIGURES] = {
	"line_ns", "qd1_p50_ns", "qd1_p99_ns", "qd8_iops", "qd32_iops",
	"qd128_iops", "batch1_ns", "batch8_ns", "batch32_ns", "visit_ns",
};

static double *windows[FIGURES];	/* the results of all rounds */
static unsigned int rounds = 100, drive_ns, window;
static enum mistake { NONE, LOSE, ASTRAY } mistake;
static int cpus[2];
static double ns_per_tick;
static unsigned long commands;

/* Times of one window, in ticks */
static uint64_t samples[SAMPLES];
static unsigned int nr_samples;

/* What the other thread reads, in a cache line of its own */
static struct {
	bool stop;
	uint64_t ball;
	unsigned int idle;	/* visits so far without any command in the drive */
} __attribute__((aligned(64))) shared;

void bed_fail(const char *what, unsigned long found, unsigned long wanted)
{
	fprintf(stderr, "native: %s: %#lx instead of %#lx\n", what, found, wanted);
	_exit(1);
}

/*
 * Time
 */

/* After all that comes before, and before all that follows */
static inline uint64_t ticks(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The kernel's clock, which waits only for what comes before */
int64_t ktime_get(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return ((uint64_t)high << 32 | low) * ns_per_tick;
}

static void calibrate(void)
{
	struct timespec begin, end;
	uint64_t first, last;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	first = ticks();
	usleep(100000);
	clock_gettime(CLOCK_MONOTONIC, &end);
	last = ticks();
	ns_per_tick = ((end.tv_sec - begin.tv_sec) * 1e9 + end.tv_nsec -
		       begin.tv_nsec) / (last - first);
}

/*
 * Figures
 */

static void add_sample(uint64_t sample)
{
	if (nr_samples < SAMPLES)
		samples[nr_samples++] = sample;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The sorted samples at this place, in nanoseconds */
static double percentile(unsigned int percent)
{
	qsort(samples, nr_samples, sizeof(*samples), by_time);
	return samples[(uint64_t)nr_samples * percent / 100] * ns_per_tick;
}

/*
 * The mean of the middle half of the samples, in nanoseconds: the clock may have
 * steps of ten
 */
static double middle(void)
{
	unsigned int i, first = nr_samples / 4, last = nr_samples - first;
	uint64_t sum = 0;

	qsort(samples, nr_samples, sizeof(*samples), by_time);
	for (i = first; i < last; i++)
		sum += samples[i];
	return sum * ns_per_tick / (last - first);
}

static double median(double *values)
{
	qsort(values, rounds, sizeof(*values), by_size);
	return values[rounds / 2];
}

/*
 * The other CPU
 */

static bool stopping(void)
{
	return __atomic_load_n(&shared.stop, __ATOMIC_ACQUIRE);
}

unsigned int poller_visits;
static bool alone;	/* the poller runs without a guest and a drive */

bool kthread_should_stop(void)
{
	return alone ? !poller_visits-- : stopping();
}

bool kthread_freezable_should_stop(bool *was_frozen)
{
	return kthread_should_stop();
}

static void work_as_drive(void)
{
	if (mistake == LOSE && commands > 1000)
		bed_lose();
	if (!bed_drive(drive_ns ? ktime_get() : 0, drive_ns))
		__atomic_store_n(&shared.idle, shared.idle + 1, __ATOMIC_RELEASE);
}

static void *poll_slice(void *data)
{
	thread_begin();
	poller_run();
	return NULL;
}

/* Plays back a cache line */
static void *play(void *data)
{
	uint64_t ball;

	while (!stopping()) {
		ball = __atomic_load_n(&shared.ball, __ATOMIC_ACQUIRE);
		if (ball % 2)
			__atomic_store_n(&shared.ball, ball + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void bind_to(pthread_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(thread, sizeof(set), &set))
		bed_fail("affinity", cpu, cpu);
}

static pthread_t start(void *(*function)(void *data))
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpus[1], &set);
	shared.stop = false;
	pthread_attr_init(&attr);
	if (pthread_attr_setaffinity_np(&attr, sizeof(set), &set) ||
	    pthread_create(&thread, &attr, function, NULL))
		bed_fail("thread", 0, 1);
	pthread_attr_destroy(&attr);
	return thread;
}

static void stop(pthread_t thread)
{
	__atomic_store_n(&shared.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

/*
 * The guest
 */

static bool in_flight[BED_MAX_QD];

static void send(unsigned int cid)
{
	in_flight[cid] = true;
	bed_send(mistake == ASTRAY && commands > 1000 ? cid + 1 : cid, cid);
}

static bool receive(unsigned int *cid)
{
	int found = bed_receive();

	if (found < 0)
		return false;
	if (found >= (int)BED_MAX_QD || !in_flight[found])
		bed_fail("a command that is not in flight", found, BED_MAX_QD);
	in_flight[found] = false;
	commands++;
	*cid = found;
	return true;
}

/* Wait for a completion, without looking at the clock: a machine may be slow */
static unsigned int await(void)
{
	unsigned int cid, spins, idle;

	for (;;) {
		idle = __atomic_load_n(&shared.idle, __ATOMIC_ACQUIRE);
		do {
			for (spins = 0; spins < 10000; spins++)
				if (receive(&cid))
					return cid;
		} while (__atomic_load_n(&shared.idle, __ATOMIC_ACQUIRE) - idle <
			 LOST_VISITS);
		if (!receive(&cid))
			bed_fail("a command is lost, completed so far",
				 commands, commands + 1);
		return cid;
	}
}

/* Keep @qd commands in flight for a window. Returns how many were completed */
static unsigned long keep_in_flight(unsigned int qd, uint64_t *spent)
{
	unsigned long before = commands, done;
	uint64_t begin, last, next, end;
	unsigned int cid, nr = qd;

	for (cid = 0; cid < qd; cid++)
		send(cid);
	bed_ring();
	begin = ticks();
	last = begin;
	end = begin + WINDOW_NS / ns_per_tick;
	do {
		cid = await();
		do {
			send(cid);
		} while (receive(&cid));
		next = ticks();
		bed_ring();
		add_sample(next - last);
		last = next;
	} while (next < end);
	done = commands - before;
	*spent = next - begin;
	while (nr--)
		await();
	bed_ring();
	return done;
}

static void measure_guest(unsigned int qd, enum figure iops)
{
	unsigned long done;
	uint64_t spent;

	nr_samples = 0;
	done = keep_in_flight(qd, &spent);
	if (qd > 1) {
		windows[iops][window] = done / (spent * ns_per_tick) * 1e9;
		return;
	}
	windows[QD1_P50][window] = percentile(50);
	windows[QD1_P99][window] = percentile(99);
}

static void measure_line(void)
{
	uint64_t begin = ticks(), last = begin, next, ball = shared.ball;
	uint64_t end = begin + WINDOW_NS / ns_per_tick;

	nr_samples = 0;
	do {
		__atomic_store_n(&shared.ball, ball + 1, __ATOMIC_RELEASE);
		ball += 2;
		while (__atomic_load_n(&shared.ball, __ATOMIC_ACQUIRE) != ball)
			;
		next = ticks();
		add_sample(next - last);
		last = next;
	} while (next < end);
	windows[LINE][window] = middle();
}

/*
 * One CPU alone
 */

/* The modules' part of a round, without what reading the clock takes */
static void measure_batch(unsigned int batch, enum figure figure)
{
	uint64_t begin = ticks(), end = begin + WINDOW_NS / ns_per_tick;
	uint64_t t[6];

	nr_samples = 0;
	do {
		bed_submit(1, 0, batch);
		t[0] = ticks();
		t[1] = ticks();
		bed_fetch();
		t[2] = ticks();
		bed_answer(1, 0, batch);
		t[3] = ticks();
		bed_complete(batch);
		t[4] = ticks();
		t[5] = ticks();
		bed_look(batch);
		add_sample((t[2] - t[1]) + (t[4] - t[3]) - (t[1] - t[0]) - (t[5] - t[4]));
	} while (t[5] < end);
	windows[figure][window] = middle() / batch;
}

static void measure_visit(void)
{
	uint64_t begin = ticks(), last = begin, next;
	uint64_t end = begin + WINDOW_NS / ns_per_tick;

	nr_samples = 0;
	do {
		bed_visit(1, VISITS);
		next = ticks();
		add_sample(next - last);
		last = next;
	} while (next < end);
	windows[VISIT][window] = middle() / VISITS;
}

/*
 * Where that is allowed, a round runs before all other work, and then leaves the
 * CPUs to that work for longer than it took. A new thread inherits this.
 */
static void prefer(bool yes)
{
	struct sched_param param = { .sched_priority = yes };

	sched_setscheduler(0, yes ? SCHED_FIFO : SCHED_OTHER, &param);
	if (!yes)
		usleep(PAUSE_US);
}

static void measure(void)
{
	pthread_t thread;

	prefer(true);
	alone = false;
	bed_before_visits(work_as_drive);
	bed_fault(1);	/* wakes the slice */
	thread = start(poll_slice);
	measure_guest(1, QD1_P50);
	measure_guest(8, QD8);
	measure_guest(32, QD32);
	measure_guest(128, QD128);
	stop(thread);
	thread = start(play);
	measure_line();
	stop(thread);
	alone = true;
	bed_before_visits(NULL);
	measure_batch(1, BATCH1);
	measure_batch(8, BATCH8);
	measure_batch(32, BATCH32);
	measure_visit();
	prefer(false);
}

static void print(void)
{
	unsigned int i;

	printf("{\"cpus\":[%d,%d],\"rounds\":%u,\"drive_ns\":%u,\"commands\":%lu",
	       cpus[0], cpus[1], rounds, drive_ns, commands);
	for (i = 0; i < FIGURES; i++)
		printf(",\"%s\":%.1f", names[i], median(windows[i]));
	printf("}\n");
}

/*
 * Set-up
 */

static void usage(void)
{
	fprintf(stderr, "usage: native [-r ROUNDS] [-d DRIVE_NS] [-m lose|astray]\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r:d:m:")) != -1) {
		switch (option) {
		case 'r':
			rounds = strtoul(optarg, NULL, 0);
			break;
		case 'd':
			drive_ns = strtoul(optarg, NULL, 0);
			break;
		case 'm':
			mistake = strcmp(optarg, "lose") ? ASTRAY : LOSE;
			break;
		default:
			usage();
		}
	}
	if (!rounds || optind != argc)
		usage();
}

/* Take the first two CPUs of those that this process may use */
static void choose_cpus(void)
{
	unsigned int nr = 0;
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		bed_fail("affinity", 1, 0);
	for (cpu = 0; cpu < CPU_SETSIZE && nr < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[nr++] = cpu;
	if (nr < 2)
		bed_fail("CPUs", nr, 2);
	bind_to(pthread_self(), cpus[0]);
}

int main(int argc, char **argv)
{
	unsigned int i;
	void *ram;

	parse(argc, argv);
	choose_cpus();
	calibrate();
	for (i = 0; i < FIGURES; i++) {
		windows[i] = calloc(rounds, sizeof(*windows[i]));
		if (!windows[i])
			bed_fail("memory", 0, 1);
	}
	thread_begin();
	ram = mmap(NULL, BED_RAM_PAGES * 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (ram == MAP_FAILED)
		bed_fail("memory", 0, 1);
	page_offset_base = (unsigned long)ram;
	bed_init(ram);
	bed_set_poll_us(FOREVER);
	for (window = 0; window < rounds; window++)
		measure();
	print();
	return 0;
}
