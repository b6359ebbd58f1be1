// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends commands through the modules, so that callgrind can count the
 * instructions
 *
 * usage: count [mmio]
 *
 * With "mmio" the program runs without callgrind, and prints how often the modules
 * have accessed the drive's registers: a line "NAME ACCESSES" for each measurement.
 *
 * The program is linked with the modules' objects, compiled for the kernel.
 * kernel.c has the kernel functions that the path of an I/O needs. All other
 * kernel functions stay unresolved, since nothing calls them.
 */
#define _GNU_SOURCE	/* REG_EFL */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

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

/*
 * Accesses to the drive's registers
 *
 * The page with the doorbells cannot be accessed. An access that faults is counted
 * and made again, and then the processor stops at the next instruction.
 */

#define PAGE		4096
#define SINGLE_STEP	0x100

static unsigned int *registers;
static unsigned long accesses;

static void on_access(int sig, siginfo_t *info, void *context)
{
	ucontext_t *thread = context;

	if ((char *)info->si_addr < (char *)registers ||
	    (char *)info->si_addr >= (char *)registers + PAGE)
		abort();
	accesses++;
	mprotect(registers, PAGE, PROT_READ | PROT_WRITE);
	thread->uc_mcontext.gregs[REG_EFL] |= SINGLE_STEP;
}

static void after_access(int sig, siginfo_t *info, void *context)
{
	ucontext_t *thread = context;

	bed_forward(registers);
	mprotect(registers, PAGE, PROT_NONE);
	thread->uc_mcontext.gregs[REG_EFL] &= ~SINGLE_STEP;
}

static void watch_registers(void)
{
	struct sigaction access = {
		.sa_sigaction = on_access, .sa_flags = SA_SIGINFO,
	};
	struct sigaction after = {
		.sa_sigaction = after_access, .sa_flags = SA_SIGINFO,
	};

	registers = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (registers == MAP_FAILED || sigaction(SIGSEGV, &access, NULL) ||
	    sigaction(SIGTRAP, &after, NULL)) {
		perror("registers");
		exit(1);
	}
	bed_divert(registers);
}

static void begin(void)
{
	CALLGRIND_ZERO_STATS;
	accesses = 0;
}

static void end(const char *name)
{
	CALLGRIND_DUMP_STATS_AT(name);
	if (registers)
		printf("%s %lu\n", name, accesses);
}

static void count(const char *name, unsigned long pages, bool scattered,
		  unsigned int batch)
{
	bed_run(pages, scattered, batch, TIMES);
	begin();
	bed_run(pages, scattered, batch, TIMES);
	end(name);
}

static void count_faults(const char *name)
{
	bed_fault(TIMES);
	begin();
	bed_fault(TIMES);
	end(name);
}

static void count_visits(const char *name, unsigned int nr_qpairs)
{
	bed_visit(nr_qpairs, TIMES);
	begin();
	bed_visit(nr_qpairs, TIMES);
	end(name);
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

int main(int argc, char **argv)
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
	if (argc > 1)
		watch_registers();

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
