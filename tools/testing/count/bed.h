/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the parts of the program: bed.c includes the kernel's
 * headers, count.c those of user space.
 */
#ifndef SLUICE_COUNT_BED_H
#define SLUICE_COUNT_BED_H

/* Guest memory in pages of 4 KiB: half in a chunk of 2 MiB, half by page */
#define BED_CHUNK_PAGES	512ul
#define BED_RAM_PAGES	(2 * BED_CHUNK_PAGES)

/* bed.c */
void bed_init(void *ram);
void bed_run(unsigned long pages, int scattered, unsigned int batch,
	     unsigned int times);
void bed_fault(unsigned int times);
void bed_visit(unsigned int nr_qpairs, unsigned int times);

/* kernel.c, for bed.c: the poller's thread; it ends after so many visits */
extern int (*poller_thread)(void *data);
extern void *poller_data;
extern unsigned int poller_visits;

/* count.c, for bed.c */
void bed_fail(const char *what, unsigned long found, unsigned long wanted);

#endif /* SLUICE_COUNT_BED_H */
