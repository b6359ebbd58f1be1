// SPDX-License-Identifier: GPL-2.0-only
#include "size.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char unit_letters[] = "KMGTPE";

/* Knows "", "B", "K", "KiB", "KB" and so on; returns 0 for another @suffix. */
static uint64_t suffix_unit(const char *suffix)
{
	const char *letter;
	uint64_t unit = 1, base;

	if (!*suffix || !strcasecmp(suffix, "B"))
		return 1;
	letter = strchr(unit_letters, toupper((unsigned char)*suffix));
	if (!letter)
		return 0;
	if (!suffix[1] || !strcasecmp(suffix + 1, "iB"))
		base = 1024;
	else if (!strcasecmp(suffix + 1, "B"))
		base = 1000;
	else
		return 0;
	for (const char *p = unit_letters; p <= letter; p++)
		unit *= base;
	return unit;
}

/* Adds the digits after the point; the sum must be whole bytes. */
static const char *add_fraction(const char *digits, size_t n, uint64_t unit, uint64_t *bytes)
{
	unsigned __int128 part = 0;
	uint64_t scale = 1;

	if (n > 9)
		return "has too many digits after the point";
	for (size_t i = 0; i < n; i++) {
		part = part * 10 + (digits[i] - '0');
		scale *= 10;
	}
	part *= unit;
	if (part % scale)
		return "is not a whole number of bytes";
	if (__builtin_add_overflow(*bytes, (uint64_t)(part / scale), bytes))
		return "is too large";
	return NULL;
}

static const char *parse_percent(const char *end, struct size_spec *spec)
{
	if (end[1])
		return "has something after the per cent sign";
	if (!spec->value || spec->value > 100)
		return "must be from 1% to 100%";
	spec->kind = SIZE_PERCENT;
	return NULL;
}

const char *size_parse(const char *text, struct size_spec *spec)
{
	const char *fraction = NULL, *wrong;
	size_t fraction_len = 0;
	uint64_t unit;
	char *end;

	if (!strcasecmp(text, "max")) {
		spec->kind = SIZE_LARGEST;
		spec->value = 0;
		return NULL;
	}
	if (!isdigit((unsigned char)*text))
		return "is not a size";

	errno = 0;
	spec->kind = SIZE_BYTES;
	spec->value = strtoull(text, &end, 10);
	if (errno)
		return "is too large";
	if (*end == '%')
		return parse_percent(end, spec);
	if (*end == '.') {
		fraction = end + 1;
		fraction_len = strspn(fraction, "0123456789");
		end += 1 + fraction_len;
		if (!fraction_len)
			return "has no digit after the point";
	}
	unit = suffix_unit(end);
	if (!unit)
		return "has an unknown unit (use K M G T, KiB MiB GiB TiB or KB MB GB TB)";
	if (__builtin_mul_overflow(spec->value, unit, &spec->value))
		return "is too large";
	wrong = add_fraction(fraction, fraction_len, unit, &spec->value);
	if (wrong)
		return wrong;
	return spec->value ? NULL : "is zero";
}

char *size_text(uint64_t bytes, bool exact)
{
	uint64_t tenths;
	int power = 0;

	if (exact)
		return xasprintf("%" PRIu64, bytes);
	while (power < 6 && bytes >> (10 * (power + 1)))
		power++;
	if (!power)
		return xasprintf("%" PRIu64 " B", bytes);
	/* Round down, so that the size shown as free is really free. */
	tenths = (bytes >> (10 * power)) * 10 +
		 (((bytes >> (10 * (power - 1))) & 1023) * 10 >> 10);
	if (tenths % 10)
		return xasprintf("%" PRIu64 ".%" PRIu64 " %ciB", tenths / 10, tenths % 10,
				 unit_letters[power - 1]);
	return xasprintf("%" PRIu64 " %ciB", tenths / 10, unit_letters[power - 1]);
}
