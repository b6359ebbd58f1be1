// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into sluicectl by tool-failures.t: the call number FAIL_NTH, among
 * those that read, write or sync the file named by FAIL_FILE, fails with EIO.
 * Appends a line to FAIL_LOG when it does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ours(int fd)
{
	const char *path = getenv("FAIL_FILE");
	struct stat a, b;

	return path && !stat(path, &a) && !fstat(fd, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool now(int fd, const char *name)
{
	static unsigned long count;
	const char *nth = getenv("FAIL_NTH");
	const char *log = getenv("FAIL_LOG");
	int out;

	if (!nth || !is_ours(fd) || ++count != strtoul(nth, NULL, 10))
		return false;
	out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (out >= 0) {
		size_t len = 0;
		ssize_t (*real_write)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

		while (name[len])
			len++;
		if (real_write(out, name, len) != (ssize_t)len || real_write(out, "\n", 1) != 1)
			abort();
		close(out);
	}
	errno = EIO;
	return true;
}

#define WRAP(type, name, params, ...)					\
type name params							\
{									\
	static type (*real)params;					\
									\
	if (!real)							\
		real = dlsym(RTLD_NEXT, #name);				\
	return now(fd, #name) ? -1 : real(__VA_ARGS__);			\
}

WRAP(ssize_t, read, (int fd, void *buf, size_t n), fd, buf, n)
WRAP(ssize_t, write, (int fd, const void *buf, size_t n), fd, buf, n)
WRAP(ssize_t, pread64, (int fd, void *buf, size_t n, off64_t at), fd, buf, n, at)
WRAP(ssize_t, pwrite64, (int fd, const void *buf, size_t n, off64_t at), fd, buf, n, at)
WRAP(ssize_t, pread, (int fd, void *buf, size_t n, off_t at), fd, buf, n, at)
WRAP(ssize_t, pwrite, (int fd, const void *buf, size_t n, off_t at), fd, buf, n, at)
WRAP(int, fsync, (int fd), fd)
WRAP(int, fallocate, (int fd, int mode, off_t at, off_t n), fd, mode, at, n)
WRAP(int, flock, (int fd, int op), fd, op)
