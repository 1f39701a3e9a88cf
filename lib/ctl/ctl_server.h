/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: a Unix stream socket; a request is one line of JSON
 * {"method": "status", "params": {...}}, the answer one line, {"result": ...} or
 * {"error": "text"}. Requests are hostile until parsed: at most OVNET_CTL_LINE_MAX bytes, a
 * bounded number of clients, idle ones are closed. Control thread only.
 */
#ifndef OVNET_CTL_CTL_SERVER_H
#define OVNET_CTL_CTL_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OVNET_CTL_LINE_MAX   65536
#define OVNET_CTL_ANSWER_MAX (64 * 1024 * 1024) /* all leases of a full network fit */
#define OVNET_CTL_CLIENTS    16

struct event_base;
struct ovnet_ctl_server;
struct ovnet_patience;

/*
 * A long list, made row by row as the client reads it, so that it neither holds up the loop nor
 * stands in memory. The table may change meanwhile: a walk keeps nothing that may go away.
 */
struct ovnet_ctl_rows {
	/* The walk, or NULL with a sentence in `err`. `params` may be NULL. */
	void *(*open)(void *arg, const json_t *params, char *err, size_t err_size);
	/* False: there are no more. *row: new reference, NULL: no memory for it. */
	bool (*next)(void *arg, void *walk, json_t **row);
	void (*close)(void *walk);
};

struct ovnet_ctl_method {
	const char *name;
	/* New reference (the result), or NULL with a sentence in `err`. `params` may be NULL. */
	json_t *(*call)(void *arg, const json_t *params, char *err, size_t err_size);
	const struct ovnet_ctl_rows *rows; /* instead of `call`: the result is a list */
	/*
	 * Instead of `call`: the rest of the connection is the method's. Takes over `fd`, a
	 * non-blocking socket, in any case; the first it writes is the answer, a line. 0, or
	 * negative errno with a sentence in `err`, and the server answers.
	 */
	int (*stream)(void *arg, const json_t *params, int fd, char *err, size_t err_size);
};

/*
 * Listens on `path` (directory made 0755, socket `mode`, group `gid` unless -1). A stale socket
 * is replaced, a live one refused: -EADDRINUSE ("another ovnetd"). `methods` ends with a NULL
 * name. `patience`: for a daemon there that is ending. `path`.lock is held locked until free.
 * SIGPIPE is ignored from here on. NULL and *err on failure (logged).
 */
struct ovnet_ctl_server *ovnet_ctl_server_new(struct event_base *base, const char *path,
	mode_t mode, gid_t gid, const struct ovnet_ctl_method *methods, void *arg,
	struct ovnet_patience *patience, int *err);
/* Closes the clients, removes the socket. NULL is fine. */
void ovnet_ctl_server_free(struct ovnet_ctl_server *s);
/*
 * After so many seconds a client that neither asks nor reads is closed; 30 at first. For
 * clients that come later.
 */
void ovnet_ctl_server_set_idle(struct ovnet_ctl_server *s, unsigned seconds);

/*
 * The client side, blocking, for ovnetctl and tests: new reference to the "result", or NULL with a
 * sentence in `err`.
 */
json_t *ovnet_ctl_call(const char *path, const char *method, const json_t *params, int timeout_ms,
	char *err, size_t err_size);
/*
 * The same for a method that goes on by itself: the connection, behind the answer's line, a
 * blocking socket that is the caller's to close; negative with a sentence in `err`.
 */
int ovnet_ctl_stream(const char *path, const char *method, const json_t *params, int timeout_ms,
	char *err, size_t err_size);

#endif
