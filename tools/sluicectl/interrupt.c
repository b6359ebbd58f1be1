// SPDX-License-Identifier: GPL-2.0-only
#include "interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "util.h"

static const int deferred[] = { SIGINT, SIGTERM, SIGHUP };

static void fill(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(deferred); i++)
		sigaddset(set, deferred[i]);
}

void interrupt_defer(void)
{
	sigset_t set;

	fill(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool interrupt_pending(void)
{
	sigset_t set;

	if (sigpending(&set))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(deferred); i++)
		if (sigismember(&set, deferred[i]))
			return true;
	return false;
}

int interrupt_open(void)
{
	sigset_t set;

	fill(&set);
	return signalfd(-1, &set, SFD_CLOEXEC);
}
