// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends commands through the modules, so that callgrind can count the
 * instructions
 *
 * The program is linked with the modules' objects, compiled for the kernel.
 * kernel.c has the kernel functions that the path of an I/O needs. All other
 * kernel functions stay unresolved, since nothing calls them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <valgrind/callgrind.h>

#include "bed.h"
#include "kernel.h"

/* Batches that are counted; as many run before them uncounted */
#define TIMES	1000

void bed_fail(const char *what, unsigned long found, unsigned long wanted)
{
	fprintf(stderr, "%s: %#lx instead of %#lx\n", what, found, wanted);
	exit(1);
}

static void count(const char *name, unsigned long pages, bool scattered,
		  unsigned int batch)
{
	bed_run(pages, scattered, batch, TIMES);
	CALLGRIND_ZERO_STATS;
	bed_run(pages, scattered, batch, TIMES);
	CALLGRIND_DUMP_STATS_AT(name);
}

static void count_faults(const char *name)
{
	bed_fault(TIMES);
	CALLGRIND_ZERO_STATS;
	bed_fault(TIMES);
	CALLGRIND_DUMP_STATS_AT(name);
}

static void count_visits(const char *name, unsigned int nr_qpairs)
{
	bed_visit(nr_qpairs, TIMES);
	CALLGRIND_ZERO_STATS;
	bed_visit(nr_qpairs, TIMES);
	CALLGRIND_DUMP_STATS_AT(name);
}

/*
 * Time stands still, so that a poller never finds that a slice has been quiet for
 * its whole window.
 */
int64_t ktime_get(void)
{
	return 1000000;
}

unsigned int poller_visits;

bool kthread_should_stop(void)
{
	return !poller_visits--;
}

bool kthread_freezable_should_stop(bool *was_frozen)
{
	return kthread_should_stop();
}

int main(void)
{
	void *ram;

	thread_begin();
	ram = mmap(NULL, BED_RAM_PAGES * 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ram == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	page_offset_base = (unsigned long)ram;
	bed_init(ram);

	count("read_4k", 1, false, 1);
	count("batch8_4k", 1, false, 8);
	count("huge_32", 32, false, 1);
	count("huge_64", 64, false, 1);
	count("scattered_32", 32, true, 1);
	count("scattered_64", 64, true, 1);
	count_faults("fault");
	count_visits("visit_1", 1);
	count_visits("visit_2", 2);
	return 0;
}
