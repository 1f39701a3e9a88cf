/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the control socket, served by the real server over a socket pair: the first byte says
 * in how many pieces the rest comes. Every line is answered by one JSON object with a result or an
 * error.
 */
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/ctl_private.h"
#include "fuzz.h"

static struct event_base *base;
static struct ovnet_ctl_server *server;
static char path[100], lock[sizeof(path) + 8];

/* Says what it was asked, as params are the method's to judge. */
static json_t *echo(void *arg, const json_t *params, char *err, size_t err_size)
{
	(void)arg, (void)err, (void)err_size;
	CHECK(params == NULL || json_is_object(params), "params of another type");
	return json_pack("{s:O?}", "params", (json_t *)(uintptr_t)params);
}

/* Fails with a piece of what it was asked, which may be cut within a character. */
static json_t *fail(void *arg, const json_t *params, char *err, size_t err_size)
{
	const char *text = json_string_value(json_object_get(params, "text"));

	(void)arg;
	snprintf(err, err_size, "%.3s", text != NULL ? text : "");
	return NULL;
}

static void *rows_open(void *arg, const json_t *params, char *err, size_t err_size)
{
	json_int_t n = json_integer_value(json_object_get(params, "n"));
	int *left = n >= 0 && n < 1000 ? malloc(sizeof(*left)) : NULL;

	(void)arg;
	if (left == NULL)
		snprintf(err, err_size, "not so many");
	else
		*left = (int)n;
	return left;
}

static bool rows_next(void *arg, void *walk, json_t **row)
{
	int *left = walk;

	(void)arg;
	if (*left == 0)
		return false;
	*row = json_integer((*left)--);
	return true;
}

static const struct ovnet_ctl_rows rows = {rows_open, rows_next, free};
static const struct ovnet_ctl_method methods[] = {
	{"echo", echo, NULL}, {"fail", fail, NULL}, {"rows", NULL, &rows}, {NULL, NULL, NULL}};

static void stop(void)
{
	ovnet_ctl_server_free(server);
	event_base_free(base);
	unlink(lock); /* the server leaves it behind */
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int err;

	(void)argc, (void)argv;
	CHECK(snprintf(path, sizeof(path), "%s/sock", fuzz_dir()) < (int)sizeof(path),
		"TMPDIR is too long for a socket: %s", fuzz_dir());
	snprintf(lock, sizeof(lock), "%s.lock", path);
	base = event_base_new();
	CHECK(base != NULL, "no event loop");
	server = ovnet_ctl_server_new(base, path, 0600, (gid_t)-1, methods, NULL, NULL, &err);
	CHECK(server != NULL, "%s: %d", path, err);
	CHECK(atexit(stop) == 0, "atexit");
	return 0;
}

/* What has been answered so far goes to the end of `answers`. */
static void take_answers(int fd, char **answers, size_t *len)
{
	char buf[16384];
	ssize_t n;

	CHECK(event_base_loop(base, EVLOOP_NONBLOCK) >= 0, "event loop");
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		*answers = realloc(*answers, *len + (size_t)n);
		CHECK(*answers != NULL, "no memory");
		memcpy(*answers + *len, buf, (size_t)n);
		*len += (size_t)n;
	}
}

static unsigned check_answers(const char *answers, size_t len)
{
	unsigned n = 0;

	while (len > 0) {
		const char *nl = memchr(answers, '\n', len);
		CHECK(nl != NULL, "an answer without an end");
		json_t *o = json_loadb(answers, (size_t)(nl - answers), 0, NULL);
		CHECK(json_object_size(o) == 1 &&
				(json_object_get(o, "result") != NULL ||
					json_is_string(json_object_get(o, "error"))),
			"an answer that is none: %.*s", (int)(nl - answers), answers);
		json_decref(o);
		len -= (size_t)(nl + 1 - answers);
		answers = nl + 1;
		n++;
	}
	return n;
}

static void put_in(int fd, const uint8_t *data, size_t size, char **answers, size_t *len)
{
	for (unsigned idle = 0; size > 0 && server->n_connections > 0;) {
		ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			data += n;
			size -= (size_t)n;
			idle = 0;
		}
		CHECK(n > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET, "send");
		CHECK(idle++ < 10000, "the server does not read");
		take_answers(fd, answers, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];
	char *answers = NULL;
	size_t len = 0, lines = 0, line = 0, longest = 0;

	if (size == 0)
		return 0;
	size_t piece = 1 + (size - 1) / (1u + data[0] % 16);
	data++, size--;
	for (size_t i = 0; i < size; i++) {
		line = data[i] == '\n' ? 0 : line + 1;
		lines += data[i] == '\n';
		longest = line > longest ? line : longest;
	}
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0,
		"pair");
	ctl_connection_new(server, pair[1]);
	for (size_t at = 0; at < size; at += piece)
		put_in(pair[0], data + at, piece < size - at ? piece : size - at, &answers, &len);
	shutdown(pair[0], SHUT_WR);
	for (unsigned turns = 0; server->n_connections > 0; turns++) {
		CHECK(turns < 100000, "the client is not let go");
		take_answers(pair[0], &answers, &len);
	}
	take_answers(pair[0], &answers, &len);
	close(pair[0]);
	unsigned n = check_answers(answers, len);
	/* A line that is too long is the last. */
	CHECK(n == lines || (n <= lines + 1 && longest > OVNET_CTL_LINE_MAX),
		"%zu lines, %u answers", lines, n);
	free(answers);
	return 0;
}
