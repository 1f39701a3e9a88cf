/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/ctl_private.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(ctl)

#define IDLE_S 30

static void on_accept(
	struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *a, int len, void *arg)
{
	(void)listener, (void)a, (void)len;
	ctl_connection_new(arg, fd);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_ctl_server *s = arg;

	(void)fd, (void)what;
	evconnlistener_enable(s->listener);
}

/* Out of descriptors: the waiting client keeps the socket readable, so look away for a second. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct ovnet_ctl_server *s = arg;
	static const struct timeval pause = {1, 0};

	LOG(WARN, "%s: a client could not be accepted: %s; trying again in a second", s->path,
		strerror(errno));
	if (event_add(s->resume, &pause) == 0)
		evconnlistener_disable(listener);
}

static int start(struct ovnet_ctl_server *s, int fd)
{
	s->resume = event_new(s->base, -1, 0, on_resume, s);
	s->listener = evconnlistener_new(
		s->base, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener == NULL)
		close(fd);
	if (s->listener == NULL || s->resume == NULL) {
		LOG(ERR, "%s: no memory for the control socket", s->path);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	return 0;
}

struct ovnet_ctl_server *ovnet_ctl_server_new(struct event_base *base, const char *path,
	mode_t mode, gid_t gid, const struct ovnet_ctl_method *methods, void *arg,
	struct ovnet_patience *patience, int *err)
{
	struct ovnet_ctl_server *s = calloc(1, sizeof(*s));
	char *copy = strdup(path);

	if (s == NULL || copy == NULL) {
		LOG(ERR, "%s: no memory for the control socket", path);
		free(copy);
		free(s);
		*err = -ENOMEM;
		return NULL;
	}
	*s = (struct ovnet_ctl_server){.base = base,
		.methods = methods,
		.arg = arg,
		.path = copy,
		.lock_fd = -1,
		.idle_s = IDLE_S};
	LIST_INIT(&s->connections);
	/* libevent writes without MSG_NOSIGNAL: a client that went away must not end the daemon. */
	signal(SIGPIPE, SIG_IGN);
	int fd = ctl_listen(path, mode, gid, patience, &s->lock_fd);
	*err = fd < 0 ? fd : start(s, fd);
	if (*err == 0)
		return s;
	ovnet_ctl_server_free(s);
	return NULL;
}

void ovnet_ctl_server_free(struct ovnet_ctl_server *s)
{
	if (s == NULL)
		return;
	while (!LIST_EMPTY(&s->connections))
		ctl_connection_free(LIST_FIRST(&s->connections));
	if (s->listener != NULL)
		evconnlistener_free(s->listener);
	if (s->resume != NULL)
		event_free(s->resume);
	if (s->lock_fd >= 0) {
		/* It is ours while we hold the lock. */
		if (unlink(s->path) < 0)
			LOG(NOTICE, "%s: not removed: %s; the next daemon replaces it", s->path,
				strerror(errno));
		close(s->lock_fd);
	}
	free(s->path);
	free(s);
}

void ovnet_ctl_server_set_idle(struct ovnet_ctl_server *s, unsigned seconds)
{
	s->idle_s = seconds;
}
