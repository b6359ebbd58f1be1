/* SPDX-License-Identifier: GPL-2.0-only */
/* State and loading of kernel modules, through libkmod. */
#ifndef SLUICECTL_MODULE_H
#define SLUICECTL_MODULE_H

#include "util.h"

enum module_state {
	MODULE_MISSING,
	MODULE_AVAILABLE,
	MODULE_LOADED,
	MODULE_BUILTIN,
};

/* @name may be an alias. *@signer is NULL when unsigned or unknown. */
enum module_state module_state(const char *name, char **signer);
/* Loads a module and the modules it needs. Returns 0 or an exit code. */
int module_load(const char *name);

#endif
