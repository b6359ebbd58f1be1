// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code that the tracepoints' definitions expand to
 */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include <trace/events/sluice_nvme.h>
