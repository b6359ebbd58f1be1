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

/*
 * @name may be an alias. *@signer is NULL when the module is not signed. Sets
 * errno: not 0 when the directory of modules, or the signer, cannot be read.
 */
enum module_state module_state(const char *name, char **signer);
/* The options set for a module by modprobe.d and the kernel command line, or NULL. */
char *module_options(const char *name);
/* Loads a module and the modules it needs. Returns 0 or an exit code. */
int module_load(const char *name);

#endif
