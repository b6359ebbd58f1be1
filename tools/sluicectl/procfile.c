// SPDX-License-Identifier: GPL-2.0-only
#include "procfile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *procfile_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t n;

	if (!file)
		return NULL;
	n = getdelim(&text, &size, '\0', file);
	fclose(file);
	if (n < 0) {
		free(text);
		return xstrdup("");
	}
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return text;
}

bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)); p += len)
		if ((p == text || strchr(" \t\n", p[-1])) && strchr(" \t\n", p[len]))
			return true;
	return false;
}

unsigned int count_entries(const char *path)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir = opendir(path);

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += *entry->d_name != '.';
	closedir(dir);
	return n;
}
