// SPDX-License-Identifier: GPL-2.0-only
#include "klog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "util.h"

/* The kernel's longest record; the last byte of a buffer is for NUL. */
#define RECORD_MAX	8192

int klog_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* A record is "level,number,time,flags;text\n key=value\n..." */
static void show_record(char *record, const char *needle)
{
	char *text = strchr(record, ';');
	char *end;

	if (!text)
		return;
	text++;
	end = strchr(text, '\n');
	if (end)
		*end = '\0';
	if (strstr(text, needle))
		hint("kernel: %s", text);
}

void klog_show(int fd, const char *needle)
{
	char record[RECORD_MAX + 1];

	if (fd < 0)
		return;
	for (;;) {
		ssize_t n = read(fd, record, RECORD_MAX);

		/*
		 * EPIPE: some records were overwritten, the next read
		 * continues.
		 */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			return;
		record[n] = '\0';
		show_record(record, needle);
	}
}
