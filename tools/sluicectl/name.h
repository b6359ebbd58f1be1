/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of slices: what a GPT label can hold and a command line can say. */
#ifndef SLUICECTL_NAME_H
#define SLUICECTL_NAME_H

/* NULL, or what is wrong with @name. */
const char *name_check(const char *name);

#endif
