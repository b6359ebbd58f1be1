// SPDX-License-Identifier: GPL-2.0-only
/*
 * tool-failures.t preloads this library into sluicectl. Of the calls that read,
 * write, lock or sync the file FAIL_FILE, the call number FAIL_NTH fails with
 * EIO, and its name is written to FAIL_LOG.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
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

static void note(const char *name)
{
	FILE *log = fopen(getenv("FAIL_LOG"), "a");

	if (!log || fprintf(log, "%s\n", name) < 0 || fclose(log))
		abort();
}

static bool fails_now(int fd, const char *name)
{
	static unsigned long count;
	const char *nth = getenv("FAIL_NTH");

	if (!nth || !is_ours(fd) || ++count != strtoul(nth, NULL, 10))
		return false;
	note(name);
	errno = EIO;
	return true;
}

ssize_t read(int fd, void *buf, size_t n)
{
	ssize_t (*real)(int fd, void *buf, size_t n) = dlsym(RTLD_NEXT, "read");

	return fails_now(fd, "read") ? -1 : real(fd, buf, n);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	ssize_t (*real)(int fd, const void *buf, size_t n) = dlsym(RTLD_NEXT, "write");

	return fails_now(fd, "write") ? -1 : real(fd, buf, n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t at)
{
	ssize_t (*real)(int fd, void *buf, size_t n, off_t at) = dlsym(RTLD_NEXT, "pread");

	return fails_now(fd, "pread") ? -1 : real(fd, buf, n, at);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
	ssize_t (*real)(int fd, const void *buf, size_t n, off_t at) = dlsym(RTLD_NEXT, "pwrite");

	return fails_now(fd, "pwrite") ? -1 : real(fd, buf, n, at);
}

/* Programs with large file support call these names. */
ssize_t pread64(int fd, void *buf, size_t n, off64_t at)
{
	return pread(fd, buf, n, at);
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t at)
{
	return pwrite(fd, buf, n, at);
}

int fsync(int fd)
{
	int (*real)(int fd) = dlsym(RTLD_NEXT, "fsync");

	return fails_now(fd, "fsync") ? -1 : real(fd);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	int (*real)(int fd, int mode, off_t at, off_t n) = dlsym(RTLD_NEXT, "fallocate");

	return fails_now(fd, "fallocate") ? -1 : real(fd, mode, at, n);
}

int flock(int fd, int op)
{
	int (*real)(int fd, int op) = dlsym(RTLD_NEXT, "flock");

	return fails_now(fd, "flock") ? -1 : real(fd, op);
}
