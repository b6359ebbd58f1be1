/* SPDX-License-Identifier: GPL-2.0-only */
/* The findings of "doctor", and the groups of checks that make them. */
#ifndef SLUICECTL_DOCTOR_H
#define SLUICECTL_DOCTOR_H

#include "util.h"

enum verdict {
	VERDICT_OK,
	VERDICT_WARN,	/* works, but could be faster or safer */
	VERDICT_FAIL,	/* Sluice cannot work */
	VERDICT_UNKNOWN,	/* could not be looked at */
};

struct finding {
	enum verdict level;
	char *check;	/* what was checked */
	char *found;
	char *advice;	/* NULL when there is nothing to do */
};

struct findings {
	struct finding *v;
	size_t n;
};

/* @fmt is what was found; @advice may be NULL. */
void findings_add(struct findings *f, enum verdict level, const char *check,
		  const char *advice, const char *fmt, ...) __format(5, 6);

/* For a check that this user, or this system, does not let us make. */
void findings_unseen(struct findings *f, const char *check, const char *what);

void doctor_iommu(struct findings *f);
void doctor_kernel(struct findings *f);
void doctor_modules(struct findings *f);
void doctor_security(struct findings *f);
void doctor_drives(struct findings *f);

#endif
