/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the parts of a program: bed.c includes the kernel's
 * headers, the other files those of user space.
 */
#ifndef SLUICE_COUNT_BED_H
#define SLUICE_COUNT_BED_H

/* Guest memory in pages of 4 KiB: half in a chunk of 2 MiB, half by page */
#define BED_CHUNK_PAGES	512ul
#define BED_RAM_PAGES	(2 * BED_CHUNK_PAGES)

/* Commands in flight at most */
#define BED_MAX_QD	128u

/* bed.c */
void bed_init(void *ram);
void bed_run(unsigned long pages, int scattered, unsigned int batch,
	     unsigned int times);
void bed_fault(unsigned int times);
void bed_set_poll_us(unsigned int poll_us);
void bed_visit(unsigned int nr_qpairs, unsigned int times);

/* To see each access to the drive's doorbells */
void bed_divert(unsigned int *doorbells);
void bed_forward(const unsigned int *doorbells);

/* The steps of bed_run(), in this order */
void bed_submit(unsigned long pages, unsigned long first, unsigned int batch);
void bed_fetch(void);
void bed_answer(unsigned long pages, unsigned long first, unsigned int batch);
void bed_complete(unsigned int batch);
void bed_look(unsigned int batch);

/* A guest with a thread of its own, and a drive that takes its time */
void bed_send(unsigned int page, unsigned int cid);
void bed_ring(void);
int bed_receive(void);
void bed_before_visits(void (*function)(void));
int bed_drive(unsigned long long now, unsigned long long latency);
void bed_lose(void);

/* kernel.c: call the poller's thread; it returns when it should stop */
void poller_run(void);

/* The program, for bed.c and kernel.c; the visits that bed_visit() wants */
extern unsigned int poller_visits;
void bed_fail(const char *what, unsigned long found, unsigned long wanted);

#endif /* SLUICE_COUNT_BED_H */
