/* SPDX-License-Identifier: GPL-2.0-only */
/* Parses and prints sizes in the forms that people use. */
#ifndef SLUICECTL_SIZE_H
#define SLUICECTL_SIZE_H

#include "util.h"

enum size_kind {
	SIZE_BYTES,
	SIZE_PERCENT,	/* of the usable part of the disk */
	SIZE_LARGEST,	/* the largest free extent */
};

struct size_spec {
	enum size_kind kind;
	uint64_t value;
};

/* Returns NULL, or what is wrong with @text. */
const char *size_parse(const char *text, struct size_spec *spec);

/* "1.5 GiB", or the plain number of bytes when @exact. */
char *size_text(uint64_t bytes, bool exact);

#endif
