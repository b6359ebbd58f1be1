/* SPDX-License-Identifier: GPL-2.0-only */
/* Ctrl-C must not leave a change half done. */
#ifndef SLUICECTL_INTERRUPT_H
#define SLUICECTL_INTERRUPT_H

#include <stdbool.h>

/* From here on SIGINT, SIGTERM and SIGHUP wait. */
void interrupt_defer(void);
/* Whether one of them does. */
bool interrupt_pending(void);

#endif
