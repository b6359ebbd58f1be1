/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads small files of /proc and /sys that belong to no device. */
#ifndef SLUICECTL_PROCFILE_H
#define SLUICECTL_PROCFILE_H

#include "util.h"

/* Returns the file without its last newline, or NULL if it cannot be read. */
char *procfile_read(const char *path);
/* Whether @word is one of the space-separated words of @text. */
bool has_word(const char *text, const char *word);
/* Number of entries of a directory; 0 if the directory does not exist. */
unsigned int count_entries(const char *path);

#endif
