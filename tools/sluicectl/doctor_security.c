// SPDX-License-Identifier: GPL-2.0-only
/* doctor: Secure Boot, lockdown, and whether the kernel accepts our modules. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "module.h"
#include "names.h"
#include "procfile.h"

#define SECURE_BOOT_VARIABLE \
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* The variable is four bytes of attributes, then the value. */
static bool secure_boot(void)
{
	int fd __cleanup(close_fd) = open(SECURE_BOOT_VARIABLE, O_RDONLY | O_CLOEXEC);
	unsigned char data[5];

	return fd >= 0 && read(fd, data, sizeof(data)) == sizeof(data) && data[4] == 1;
}

/* "none [integrity] confidentiality": the current one is in brackets. */
static bool locked_down(void)
{
	char *text __free = procfile_read("/sys/kernel/security/lockdown");

	return text && !strstr(text, "[none]") && strchr(text, '[');
}

static bool signatures_enforced(void)
{
	char *text __free = procfile_read("/sys/module/module/parameters/sig_enforce");

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

	/* A loaded module was accepted. Another check reports a missing one. */
	if (state == MODULE_LOADED || state == MODULE_MISSING || state == MODULE_BUILTIN)
		return;
	if (!signer)
		findings_add(f, VERDICT_FAIL, "module signature",
			     "let DKMS sign it (mok_signing_key in /etc/dkms/framework.conf), then enrol the key",
			     "%s is not signed, and the kernel takes signed modules only",
			     DRIVER_NAME);
	else if (key_enrolled(signer))
		findings_add(f, VERDICT_OK, "module signature", NULL,
			     "%s is signed by '%s', which the kernel trusts", DRIVER_NAME, signer);
	else
		findings_add(f, VERDICT_FAIL, "module signature",
			     "mokutil --import /var/lib/dkms/mok.pub, then reboot and confirm",
			     "%s is signed by '%s', a key that is not enrolled", DRIVER_NAME,
			     signer);
}

void doctor_security(struct findings *f)
{
	bool secure = secure_boot(), lockdown = locked_down(), enforced = signatures_enforced();

	findings_add(f, VERDICT_OK, "Secure Boot", NULL, "%s%s%s", secure ? "on" : "off",
		     lockdown ? ", kernel locked down" : "",
		     enforced ? ", module signatures enforced" : "");
	if (lockdown || enforced)
		check_signature(f);
}
