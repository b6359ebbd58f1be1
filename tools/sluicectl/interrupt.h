/* SPDX-License-Identifier: GPL-2.0-only */
/* Defers signals, so that Ctrl-C never leaves a change half done. */
#ifndef SLUICECTL_INTERRUPT_H
#define SLUICECTL_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP stay pending. */
void interrupt_defer(void);
/* Whether one of these signals is pending. */
bool interrupt_pending(void);
/* A descriptor to poll: readable when one of these signals is pending. */
int interrupt_open(void);

#endif
