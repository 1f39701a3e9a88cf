/* SPDX-License-Identifier: BSD-3-Clause */
/* What the server's two halves share: the listening socket and the connections. */
#ifndef OVNET_CTL_CTL_PRIVATE_H
#define OVNET_CTL_CTL_PRIVATE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "ctl/ctl_server.h"

struct event;
struct evconnlistener;
struct ctl_connection;

struct ovnet_ctl_server {
	struct event_base *base;
	const struct ovnet_ctl_method *methods;
	void *arg;
	char *path;
	int lock_fd; /* held: no other server makes or removes the socket */
	struct evconnlistener *listener;
	struct event *resume; /* accepts again after it ran out of descriptors */
	unsigned idle_s;
	unsigned n_connections;
	LIST_HEAD(, ctl_connection) connections;
};

/*
 * Lock, stale socket removed, bound, mode and group set, listening. The fd, or negative errno
 * (logged). *lock_fd is open on success.
 */
int ctl_listen(
	const char *path, mode_t mode, gid_t gid, struct ovnet_patience *patience, int *lock_fd);

/* Takes over `fd`. */
void ctl_connection_new(struct ovnet_ctl_server *s, int fd);
void ctl_connection_free(struct ctl_connection *c);

#endif
