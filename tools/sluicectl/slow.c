// SPDX-License-Identifier: GPL-2.0-only
#include "slow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupt.h"
#include "util.h"

#define FIRST_WORD_MS	1000
#define NEXT_WORD_MS	10000
#define READ_FOR_MS	1000

/* What the child process found; small enough for one write to a pipe. */
struct answer {
	int error;
	char text[256];
};

static void access_file(const char *path, const char *text, struct answer *answer)
{
	int fd = open(path, (text ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		answer->error = -errno;
		return;
	}
	n = text ? write(fd, text, strlen(text)) :
		   read(fd, answer->text, sizeof(answer->text) - 1);
	if (n < 0)
		answer->error = -errno;
	else if (!text)
		answer->text[strcspn(answer->text, "\n")] = '\0';
}

/*
 * The child may outlive this program: it must keep none of its descriptors, or
 * a reader of our output would wait for the child too.
 */
static void be_child(int out, const char *path, const char *text)
{
	struct answer answer = { };
	int null;

	/* Out of the way, should this program have been started without 0 to 2 */
	out = fcntl(out, F_DUPFD, 4);
	null = open("/dev/null", O_RDWR);
	setsid();
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	dup2(out, 3);
	close_range(4, ~0U, 0);
	access_file(path, text, &answer);
	_exit(write(3, &answer, sizeof(answer)) != sizeof(answer));
}

static pid_t start(int *from, const char *path, const char *text)
{
	int pipe_fds[2];
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		be_child(pipe_fds[1], path, text);
	close(pipe_fds[1]);
	*from = pipe_fds[0];
	if (pid < 0)
		close_fd(from);
	return pid;
}

/* Returns 0 with the answer, -EINTR after a signal, or -EBUSY after @limit_ms. */
static int await(int from, struct answer *answer, const struct slow *slow, int limit_ms)
{
	int signals __cleanup(close_fd) = slow ? interrupt_open() : -1;
	struct pollfd fds[] = {
		{ .fd = from, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	int wait_ms = slow ? FIRST_WORD_MS : limit_ms;

	for (;;) {
		int n = poll(fds, ARRAY_SIZE(fds), wait_ms);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			return read(from, answer, sizeof(*answer)) == sizeof(*answer) ? 0 : -EIO;
		if (fds[1].revents)
			return -EINTR;
		if (n)
			continue;
		if (!slow)
			return -EBUSY;
		slow->tell(slow->data);
		wait_ms = NEXT_WORD_MS;
	}
}

static int access_slowly(const char *path, const char *text, struct answer *answer,
			 const struct slow *slow, int limit_ms)
{
	int from __cleanup(close_fd) = -1;
	pid_t pid;
	int r;

	if (slow)
		interrupt_defer();
	pid = start(&from, path, text);
	if (pid < 0)
		return -errno;
	r = await(from, answer, slow, limit_ms);
	if (r) {
		/* A write goes on. Nobody wants to know what is read later. */
		if (!text)
			kill(pid, SIGKILL);
		return r;
	}
	waitpid(pid, NULL, 0);
	return answer->error;
}

int slow_write(const char *path, const char *text, const struct slow *slow)
{
	struct answer answer = { };

	return access_slowly(path, text, &answer, slow, 0);
}

int slow_read(const char *path, char **text)
{
	struct answer answer = { };
	int r = access_slowly(path, NULL, &answer, NULL, READ_FOR_MS);

	*text = r ? NULL : xstrdup(answer.text);
	return r;
}
