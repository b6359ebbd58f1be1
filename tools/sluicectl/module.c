// SPDX-License-Identifier: GPL-2.0-only
#include "module.h"

#include <errno.h>
#include <libkmod.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

static char *find_info(struct kmod_module *mod, const char *key)
{
	struct kmod_list *list = NULL, *item;
	char *value = NULL;

	int r = kmod_module_get_info(mod, &list);

	errno = r < 0 ? -r : 0;
	if (r < 0)
		return NULL;
	kmod_list_foreach(item, list)
		if (!value && !strcmp(kmod_module_info_get_key(item), key))
			value = xstrdup(kmod_module_info_get_value(item));
	kmod_module_info_free_list(list);
	errno = 0;
	return value;
}

static struct kmod_module *first_module(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_module *mod = NULL;

	if (kmod_module_new_from_lookup(ctx, name, &list) >= 0 && list)
		mod = kmod_module_get_module(list);
	kmod_module_unref_list(list);
	/* The module may be loaded from a file that depmod has not seen. */
	if (!mod && kmod_module_new_from_name(ctx, name, &mod) >= 0 &&
	    kmod_module_get_initstate(mod) < 0) {
		kmod_module_unref(mod);
		mod = NULL;
	}
	return mod;
}

static void be_quiet(void *data __unused, int priority __unused, const char *file __unused,
		     int line __unused, const char *fn __unused, const char *format __unused,
		     va_list args __unused)
{
}

/* Our messages say more than the library's own. */
static struct kmod_ctx *open_kmod(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (ctx)
		kmod_set_log_fn(ctx, be_quiet, NULL);
	return ctx;
}

enum module_state module_state(const char *name, char **signer)
{
	enum module_state state = MODULE_MISSING;
	struct kmod_ctx *ctx = open_kmod();
	struct kmod_module *mod = ctx ? first_module(ctx, name) : NULL;
	int error = ctx && access(kmod_get_dirname(ctx), R_OK | X_OK) ? errno : 0;

	if (signer)
		*signer = NULL;
	if (mod) {
		switch (kmod_module_get_initstate(mod)) {
		case KMOD_MODULE_BUILTIN:
			state = MODULE_BUILTIN;
			break;
		case KMOD_MODULE_LIVE:
		case KMOD_MODULE_COMING:
			state = MODULE_LOADED;
			break;
		default:
			state = MODULE_AVAILABLE;
			break;
		}
		if (signer)
			*signer = find_info(mod, "signer");
		error = signer ? errno : 0;
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	errno = error;
	return state;
}

char *module_options(const char *name)
{
	struct kmod_ctx *ctx = open_kmod();
	struct kmod_module *mod = NULL;
	const char *options = NULL;
	char *copy;

	if (ctx && kmod_module_new_from_name(ctx, name, &mod) >= 0)
		options = kmod_module_get_options(mod);
	copy = options ? xstrdup(options) : NULL;
	kmod_module_unref(mod);
	kmod_unref(ctx);
	return copy;
}

static int say_not_loaded(const char *name, int err)
{
	switch (-err) {
	case EKEYREJECTED:
	case ENOKEY:
		fail(REFUSED, "the kernel does not trust the signature of the module %s", name);
		hint("enrol the key it is signed with (mokutil --import), see 'sluicectl doctor'");
		return REFUSED;
	case EPERM:
	case EACCES:
		fail(NOT_PERMITTED, "not allowed to load the module %s", name);
		hint("run it as root; a kernel in lockdown mode takes signed modules only");
		return NOT_PERMITTED;
	case ENOEXEC:
		fail(REFUSED, "the module %s was built for another kernel", name);
		hint("build it for this one: dkms autoinstall");
		return REFUSED;
	case ENOENT:
		fail(REFUSED, "the module %s does not fit the kernel or its other modules", name);
		hint("the kernel log names the unknown symbol; build it again: dkms autoinstall");
		return REFUSED;
	default:
		return fail_errno(err, "cannot load the module %s", name);
	}
}

int module_load(const char *name)
{
	struct kmod_ctx *ctx = open_kmod();
	struct kmod_module *mod = ctx ? first_module(ctx, name) : NULL;
	int r = 0;

	if (!mod) {
		kmod_unref(ctx);
		fail(REFUSED, "the module %s is not installed for the running kernel", name);
		hint("install it with DKMS or 'make install', see 'sluicectl doctor'");
		return REFUSED;
	}
	if (kmod_module_get_initstate(mod) < 0)
		r = kmod_module_probe_insert_module(mod, 0, NULL, NULL, NULL, NULL);
	kmod_module_unref(mod);
	kmod_unref(ctx);
	return r < 0 ? say_not_loaded(name, r) : 0;
}
