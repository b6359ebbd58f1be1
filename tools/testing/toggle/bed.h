/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the parts of the program: bed.c includes the kernel's
 * headers, the other files those of user space.
 */
#ifndef SLUICE_TOGGLE_BED_H
#define SLUICE_TOGGLE_BED_H

#define BED_SLICES	3u

/* bed.c */
void bed_open(unsigned int slice, unsigned int poll_us);
void bed_close(unsigned int slice);
void bed_set_poll_us(unsigned int slice, unsigned int poll_us);
void bed_fault(unsigned int slice);
void bed_kick(unsigned int slice);
void bed_store(unsigned int slice, unsigned int value);
unsigned int bed_seen(unsigned int slice);
unsigned int bed_seen_at(unsigned int slice);
void bed_be_busy(unsigned int slice);
void bed_be_restless(unsigned int slice);
unsigned int bed_visits(void);
unsigned long bed_faults(unsigned int slice);
unsigned int bed_slice_of(const void *mapping);
unsigned int *bed_task_state(void *task);

/* toggle.c, for bed.c */
void bed_fail(const char *what);

#endif /* SLUICE_TOGGLE_BED_H */
