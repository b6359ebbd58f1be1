/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of /proc and /sys that belong to no device. */
#ifndef SLUICECTL_PROCFILE_H
#define SLUICECTL_PROCFILE_H

#include "util.h"

/* The whole file without its last newline, or NULL when it cannot be read. */
char *procfile_read(const char *path);
/* Whether @word is one of the space-separated words of @text. */
bool has_word(const char *text, const char *word);
/* Number of entries of a directory, 0 when there is none. */
unsigned int count_entries(const char *path);

#endif
