/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fcntl.h>

#include "base/clock.h"
#include "kernel/firewall_int.h"

#define TIMEOUT_S 30 /* iptables itself waits 5 s for its lock */

extern char **environ;

/* The ends of its three standard streams: the child's and, of the latter two, ours. */
struct streams {
	int in, out[2], err[2];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_streams(struct streams *s)
{
	close_fd(&s->in);
	for (unsigned i = 0; i < 2; i++) {
		close_fd(&s->out[i]);
		close_fd(&s->err[i]);
	}
}

/* A file in memory, so that nobody waits for a reader. */
static int open_input(const char *text)
{
	if (text == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("ovnet-rules", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd >= 0 && (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_streams(struct streams *s, const char *input)
{
	*s = (struct streams){-1, {-1, -1}, {-1, -1}};
	s->in = open_input(input);
	if (s->in < 0 || pipe2(s->out, O_CLOEXEC) < 0 || pipe2(s->err, O_CLOEXEC) < 0) {
		int err = -errno;
		close_streams(s);
		return err;
	}
	return 0;
}

static int prepare(
	posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, const struct streams *s)
{
	sigset_t none, pipe;
	int rc = posix_spawn_file_actions_adddup2(files, s->in, STDIN_FILENO);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(files, s->out[1], STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(files, s->err[1], STDERR_FILENO);
	/* A lock of the daemon's must not live on in it. */
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &pipe);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int start(const struct program *p, const struct streams *s, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc == 0) {
		rc = prepare(&files, &attr, s);
		if (rc == 0)
			rc = posix_spawnp(
				pid, p->argv[0], &files, &attr, (char *const *)p->argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return -rc;
}

/* What does not fit is read and dropped, or the program would wait for us. */
static void take(int *fd, char *text, size_t size)
{
	char rest[512];
	size_t len = strlen(text), room = size - 1 - len;
	ssize_t n = room > 0 ? read(*fd, text + len, room) : read(*fd, rest, sizeof(rest));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		close_fd(fd);
	else if (room > 0)
		text[len + (size_t)n] = '\0';
}

static int ms_left(int64_t end_ms)
{
	int64_t ms = end_ms - monotonic_ms();

	return ms > 0 ? (int)ms : 0;
}

/* Until it has closed both. */
static int read_both(struct program *p, struct streams *s)
{
	int64_t end_ms = monotonic_ms() + TIMEOUT_S * 1000;

	while (s->out[0] >= 0 || s->err[0] >= 0) {
		struct pollfd fds[3] = {
			{s->out[0], POLLIN, 0}, {s->err[0], POLLIN, 0}, {p->stop_fd, POLLIN, 0}};
		int n = poll(fds, 3, ms_left(end_ms));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		if (n > 0 && fds[2].revents != 0)
			return -ECANCELED;
		if (n > 0 && fds[0].revents != 0)
			take(&s->out[0], p->all != NULL ? p->all : p->out,
				p->all != NULL ? p->all_size : sizeof(p->out));
		if (n > 0 && fds[1].revents != 0)
			take(&s->err[0], p->err, sizeof(p->err));
	}
	return 0;
}

int program_run(struct program *p)
{
	struct streams s;
	pid_t pid;
	int status = 0;

	p->out[0] = p->err[0] = '\0';
	if (p->all != NULL)
		p->all[0] = '\0';
	int rc = open_streams(&s, p->input);
	if (rc < 0)
		return rc;
	rc = start(p, &s, &pid);
	if (rc == 0) {
		close_fd(&s.out[1]);
		close_fd(&s.err[1]);
		rc = read_both(p, &s);
		if (rc < 0)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close_streams(&s);
	if (rc < 0)
		return rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
