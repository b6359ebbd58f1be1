// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code of the tracepoints that trace/events/sluice.h defines
 */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include <trace/events/sluice.h>
