// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel functions that are the same in all user-space programs around the
 * modules' objects: memory, numbers, processors and the scheduler
 */
#include <stdlib.h>

#include "objects.h"

unsigned int nr_cpu_ids = 1;
unsigned long __cpu_possible_mask[1024 / 8] = { 1 };
unsigned long __cpu_online_mask[1024 / 8] = { 1 };
unsigned long vmemmap_base = 0x20000000;
unsigned long page_offset_base;
void *kmalloc_caches[1024];

void *__kmalloc_cache_node_noprof(void *cache, unsigned int gfp, int node,
				  size_t size)
{
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

void __rcu_read_lock(void)
{
}

void __rcu_read_unlock(void)
{
}

/* There is only one poller */
int ida_alloc_range(void *ida, unsigned int min, unsigned int max,
		    unsigned int gfp)
{
	return min;
}

void ida_free(void *ida, unsigned int id)
{
}

unsigned int __bitmap_weight_and(const unsigned long *a, const unsigned long *b,
				 unsigned int nr)
{
	return 1;
}

/* There is only one CPU */
bool __bitmap_equal(const unsigned long *a, const unsigned long *b,
		    unsigned int nr)
{
	return *a == *b;
}

unsigned long _find_first_bit(const unsigned long *bits, unsigned long nr)
{
	return *bits & 1 ? 0 : nr;
}

unsigned long _find_next_bit(const unsigned long *bits, unsigned long nr,
			     unsigned long start)
{
	return start ? nr : _find_first_bit(bits, nr);
}

bool housekeeping_test_cpu(int cpu, int type)
{
	return true;
}

bool cpuset_cpu_is_isolated(int cpu)
{
	return false;
}

int set_cpus_allowed_ptr(void *task, const void *cpus)
{
	return 0;
}

/* Nobody takes a CPU away, so the timer that notices it never expires. */

void hrtimer_start_range_ns(void *timer, int64_t time, uint64_t range, int mode)
{
}

int hrtimer_cancel(void *timer)
{
	return 0;
}

void hrtimer_init(void *timer, int clock, int mode)
{
}
