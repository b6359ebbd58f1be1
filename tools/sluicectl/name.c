// SPDX-License-Identifier: GPL-2.0-only
#include "name.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include "names.h"
#include "sysdev.h"
#include "util.h"

/* Converts like libfdisk will; a name that cannot be converted is not UTF-8. */
static const char *check_encoding(const char *name)
{
	uint16_t units[SLICE_NAME_MAX];
	char *in = (char *)name, *out = (char *)units;
	size_t in_left = strlen(name), out_left = sizeof(units);
	iconv_t cd = iconv_open("UTF-16LE", "UTF-8");
	int error = 0;

	if (cd == (iconv_t)-1)
		return "cannot be converted to UTF-16 on this system";
	if (iconv(cd, &in, &in_left, &out, &out_left) == (size_t)-1)
		error = errno;
	iconv_close(cd);
	if (error == E2BIG)
		return "is longer than the 36 UTF-16 units of a GPT label";
	if (error)
		return "is not valid UTF-8";
	for (size_t i = 0; i < ARRAY_SIZE(units) - out_left / 2; i++) {
		/* libfdisk would store a question mark instead. */
		if (units[i] >= 0xd800 && units[i] <= 0xdfff)
			return "has a character above U+FFFF, which partition tools mangle";
		if (units[i] < 0x20 || (units[i] >= 0x7f && units[i] < 0xa0))
			return "has a control character";
	}
	return NULL;
}

bool name_is_device(const char *name)
{
	unsigned int controller, namespace;
	int end = 0;

	return sscanf(name, "sluice%un%u%n", &controller, &namespace, &end) == 2 && end &&
	       (!name[end] || (name[end] == 'p' && isdigit((unsigned char)name[end + 1])));
}

const char *name_check(const char *name)
{
	char *bdf __free = pci_address(name);
	uuid_t uuid;

	if (!*name)
		return "is empty";
	if (*name == '-')
		return "begins with a dash, which looks like an option";
	if (isspace((unsigned char)*name) || isspace((unsigned char)name[strlen(name) - 1]))
		return "begins or ends with a space";
	if (strchr(name, '/'))
		return "has a slash, which looks like a path";
	if (bdf)
		return "looks like the address of a drive";
	if (!uuid_parse(name, uuid))
		return "looks like a UUID";
	if (name_is_device(name))
		return "looks like the name of a device";
	return check_encoding(name);
}
