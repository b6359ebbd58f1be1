// SPDX-License-Identifier: GPL-2.0-only
/* doctor: Secure Boot, lockdown, and whether the kernel accepts our modules. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "module.h"
#include "names.h"
#include "procfile.h"

#define EFI	"/sys/firmware/efi"
#define SECURE_BOOT_VARIABLE \
	EFI "/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* Whether a file that cannot be read may be there all the same. */
static bool hidden(const char *text)
{
	return !text && errno != ENOENT;
}

/*
 * The variable is four bytes of attributes, then the value. A machine that was
 * booted by UEFI has variables: with none, they are not mounted.
 */
static bool secure_boot(bool *unseen)
{
	int fd __cleanup(close_fd) = open(SECURE_BOOT_VARIABLE, O_RDONLY | O_CLOEXEC);
	unsigned char data[5];

	if (fd >= 0)
		return read(fd, data, sizeof(data)) == sizeof(data) && data[4] == 1;
	*unseen |= errno != ENOENT || (!access(EFI, F_OK) && !count_entries(EFI "/efivars"));
	return false;
}

/* "none [integrity] confidentiality": the current one is in brackets. */
static bool locked_down(bool *unseen)
{
	char *text __free = procfile_read("/sys/kernel/security/lockdown");

	*unseen |= hidden(text);
	return text && !strstr(text, "[none]") && strchr(text, '[');
}

static bool signatures_enforced(bool *unseen)
{
	char *text __free = procfile_read("/sys/module/module/parameters/sig_enforce");

	*unseen |= hidden(text);
	return text && *text == 'Y';
}

/* /proc/keys lists a key as "... asymmetri NAME: X509.rsa ..." */
static bool key_enrolled(const char *signer)
{
	char *keys __free = procfile_read("/proc/keys");
	char *line, *rest = keys;
	bool found = false;

	while (!found && rest && (line = strsep(&rest, "\n")))
		found = strstr(line, "asymmetri") && strstr(line, signer);
	return found;
}

static void check_signature(struct findings *f)
{
	char *signer __free = NULL;
	enum module_state state = module_state(DRIVER_NAME, &signer);
	bool unseen = errno;

	/* A loaded module was accepted. Another check reports a missing one. */
	if (state == MODULE_LOADED || state == MODULE_MISSING || state == MODULE_BUILTIN)
		return;
	if (!signer && unseen)
		findings_unseen(f, "module signature", "the signature of " DRIVER_NAME);
	else if (!signer)
		findings_add(f, VERDICT_FAIL, "module signature",
			     "let DKMS sign it (mok_signing_key in /etc/dkms/framework.conf), then enrol the key",
			     "%s is not signed, and the kernel takes signed modules only",
			     DRIVER_NAME);
	else if (key_enrolled(signer))
		findings_add(f, VERDICT_OK, "module signature", NULL,
			     "%s is signed by '%s', which the kernel trusts", DRIVER_NAME, signer);
	else if (geteuid())
		/* /proc/keys shows the kernel's keys to root only. */
		findings_unseen(f, "module signature", "the keys that the kernel trusts");
	else
		findings_add(f, VERDICT_FAIL, "module signature",
			     "mokutil --import /var/lib/dkms/mok.pub, then reboot and confirm",
			     "%s is signed by '%s', a key that is not enrolled", DRIVER_NAME,
			     signer);
}

void doctor_security(struct findings *f)
{
	bool unseen = false;
	bool secure = secure_boot(&unseen), lockdown = locked_down(&unseen),
	     enforced = signatures_enforced(&unseen);

	if (unseen && !secure && !lockdown && !enforced) {
		findings_unseen(f, "Secure Boot", "the state of Secure Boot");
		return;
	}
	findings_add(f, VERDICT_OK, "Secure Boot", NULL, "%s%s%s", secure ? "on" : "off",
		     lockdown ? ", kernel locked down" : "",
		     enforced ? ", module signatures enforced" : "");
	if (lockdown || enforced)
		check_signature(f);
}
