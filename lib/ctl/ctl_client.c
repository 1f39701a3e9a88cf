/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"
#include "ctl/ctl_server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_CHUNK 65536

/* One call. The failing step has its sentence in `err`. */
struct call {
	int fd;
	const char *path;
	int64_t deadline_ms;
	char *err;
	size_t err_size;
};

static void describe_denied(struct call *c)
{
	struct stat st;
	const struct group *group;

	if (stat(c->path, &st) < 0) {
		snprintf(c->err, c->err_size,
			"%s: permission denied by its directory; run this as root", c->path);
		return;
	}
	group = getgrgid(st.st_gid);
	snprintf(c->err, c->err_size,
		"%s: permission denied: it has mode %04o and group %s (%u); run this as root or as "
		"a member of that group",
		c->path, st.st_mode & 07777, group != NULL ? group->gr_name : "without name",
		(unsigned)st.st_gid);
}

static void describe_connect(struct call *c, int err)
{
	if (err == EACCES || err == EPERM)
		describe_denied(c);
	else if (err == ENOENT || err == ECONNREFUSED)
		snprintf(c->err, c->err_size,
			"%s: no ovnetd listens there (%s); see \"systemctl status ovnetd\", or "
			"name "
			"its control.socket with --socket",
			c->path, strerror(err));
	else
		snprintf(c->err, c->err_size, "%s: %s", c->path, strerror(err));
}

/* False: time is up. */
static bool wait_for(struct call *c, short events)
{
	struct pollfd p = {.fd = c->fd, .events = events};

	for (;;) {
		int64_t left = c->deadline_ms - monotonic_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (n > 0)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		snprintf(c->err, c->err_size, "%s: no answer in time; ovnetd is stuck or busy",
			c->path);
		return false;
	}
}

static int open_call(struct call *c)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlen(c->path) >= sizeof(addr.sun_path)) {
		snprintf(c->err, c->err_size, "%s: longer than a socket's path can be", c->path);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, c->path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0) {
		int err = errno;
		snprintf(c->err, c->err_size, "socket: %s", strerror(err));
		return -err;
	}
	/* EAGAIN: its backlog is full, and poll does not tell when it no longer is. */
	while (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int err = errno;
		if (err == EINTR)
			continue;
		if (err != EAGAIN || monotonic_ms() >= c->deadline_ms) {
			describe_connect(c, err);
			return -err;
		}
		poll(NULL, 0, 10);
	}
	return 0;
}

static int send_line(struct call *c, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);
		if (n >= 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		int err = errno;
		if (err == EPIPE || err == ECONNRESET)
			return 0; /* turned away: the answer says why */
		if (err != EAGAIN && err != EINTR) {
			snprintf(c->err, c->err_size, "%s: %s", c->path, strerror(err));
			return -err;
		}
		if (!wait_for(c, POLLOUT))
			return -ETIMEDOUT;
	}
	return 0;
}

/* Room for one more chunk. NULL: the old buffer is freed. */
static char *grow(char *buf, size_t *size)
{
	char *bigger = NULL;

	if (*size < OVNET_CTL_ANSWER_MAX)
		bigger = realloc(buf, *size + (*size > READ_CHUNK ? *size : READ_CHUNK) + 1);
	if (bigger == NULL) {
		free(buf);
		return NULL;
	}
	*size += *size > READ_CHUNK ? *size : READ_CHUNK;
	return bigger;
}

/* Up to the newline or the end. The caller frees. */
static char *read_line(struct call *c, size_t *len)
{
	size_t size = 0;
	char *buf = NULL;

	for (*len = 0;;) {
		if (*len == size && (buf = grow(buf, &size)) == NULL) {
			snprintf(c->err, c->err_size, "%s: the answer is too large", c->path);
			return NULL;
		}
		ssize_t n = recv(c->fd, buf + *len, size - *len, 0);
		if (n > 0) {
			char *end = memchr(buf + *len, '\n', (size_t)n);
			*len = end != NULL ? (size_t)(end - buf) : *len + (size_t)n;
			if (end != NULL)
				return buf;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (wait_for(c, POLLIN))
				continue;
		} else {
			snprintf(c->err, c->err_size,
				"%s: closed before the answer was complete; did ovnetd stop?",
				c->path);
		}
		free(buf);
		return NULL;
	}
}

static json_t *take_result(struct call *c, const char *text, size_t len)
{
	json_t *answer = json_loadb(text, len, 0, NULL);
	json_t *result = json_incref(json_object_get(answer, "result"));
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (result == NULL && error != NULL)
		snprintf(c->err, c->err_size, "%s", error);
	else if (result == NULL)
		snprintf(c->err, c->err_size, "%s: the answer is none of ovnetd's", c->path);
	json_decref(answer);
	return result;
}

static json_t *exchange(struct call *c, const char *line)
{
	size_t len;

	if (open_call(c) < 0 || send_line(c, line, strlen(line)) < 0 || send_line(c, "\n", 1) < 0)
		return NULL;
	char *text = read_line(c, &len);
	json_t *result = text != NULL ? take_result(c, text, len) : NULL;
	free(text);
	return result;
}

/* To be freed; NULL: no memory, said so. */
static char *request_line(const char *method, const json_t *params, char *err, size_t err_size)
{
	/* "O" takes a reference of its own and wants it unconst. */
	json_t *request = json_pack("{s:s,s:O*}", "method", method, "params", (json_t *)params);
	char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;

	json_decref(request);
	if (line == NULL)
		snprintf(err, err_size, "no memory for the request");
	return line;
}

json_t *ovnet_ctl_call(const char *path, const char *method, const json_t *params, int timeout_ms,
	char *err, size_t err_size)
{
	struct call c = {.fd = -1,
		.path = path,
		.deadline_ms = monotonic_ms() + timeout_ms,
		.err = err,
		.err_size = err_size};
	char *line = request_line(method, params, err, err_size);
	json_t *result = line != NULL ? exchange(&c, line) : NULL;

	free(line);
	if (c.fd >= 0)
		close(c.fd);
	return result;
}

/* The answer's line, byte by byte: what follows it is not ours. False: there is none, said why. */
static bool read_answer(struct call *c, char *text, size_t size, size_t *len)
{
	for (*len = 0; *len < size;) {
		ssize_t n = recv(c->fd, text + *len, 1, 0);
		if (n == 1 && text[*len] == '\n')
			return true;
		if (n == 1) {
			(*len)++;
		} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(c, POLLIN))
				return false;
		} else {
			break;
		}
	}
	snprintf(c->err, c->err_size, "%s: closed before the answer was complete; did ovnetd stop?",
		c->path);
	return false;
}

/* Blocking from here on. */
static bool begin_stream(struct call *c, const char *line)
{
	char text[4096];
	size_t len;

	if (open_call(c) < 0 || send_line(c, line, strlen(line)) < 0 || send_line(c, "\n", 1) < 0 ||
		!read_answer(c, text, sizeof(text), &len))
		return false;
	json_t *result = take_result(c, text, len);
	json_decref(result);
	if (result == NULL)
		return false;
	int flags = fcntl(c->fd, F_GETFL);
	if (flags >= 0 && fcntl(c->fd, F_SETFL, flags & ~O_NONBLOCK) == 0)
		return true;
	snprintf(c->err, c->err_size, "%s: fcntl: %s", c->path, strerror(errno));
	return false;
}

int ovnet_ctl_stream(const char *path, const char *method, const json_t *params, int timeout_ms,
	char *err, size_t err_size)
{
	struct call c = {.fd = -1,
		.path = path,
		.deadline_ms = monotonic_ms() + timeout_ms,
		.err = err,
		.err_size = err_size};
	char *line = request_line(method, params, err, err_size);
	const bool begun = line != NULL && begin_stream(&c, line);

	free(line);
	if (!begun && c.fd >= 0)
		close(c.fd);
	return begun ? c.fd : -1;
}
