/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/ctl_daemon.h"

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

static void *run_loop(void *arg)
{
	struct daemon *d = arg;

	event_base_dispatch(d->base);
	return NULL;
}

void daemon_prepare(struct daemon *d)
{
	memset(d, 0, sizeof(*d));
	snprintf(d->dir, sizeof(d->dir), "/tmp/ovnet-ctl-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	snprintf(d->path, sizeof(d->path), "%s/run/d.sock", d->dir);
}

void daemon_start(
	struct daemon *d, mode_t mode, unsigned idle_s, const struct ovnet_ctl_method *methods)
{
	int err;

	d->base = event_base_new();
	assert_non_null(d->base);
	d->server =
		ovnet_ctl_server_new(d->base, d->path, mode, (gid_t)-1, methods, NULL, NULL, &err);
	assert_int_equal(err, 0);
	assert_non_null(d->server);
	ovnet_ctl_server_set_idle(d->server, idle_s);
	assert_int_equal(pipe(d->pipe), 0);
	d->stop = event_new(d->base, d->pipe[0], EV_READ, on_stop, d->base);
	assert_non_null(d->stop);
	assert_int_equal(event_add(d->stop, NULL), 0);
	assert_int_equal(pthread_create(&d->thread, NULL, run_loop, d), 0);
}

void daemon_stop(struct daemon *d)
{
	assert_int_equal(write(d->pipe[1], "x", 1), 1);
	assert_int_equal(pthread_join(d->thread, NULL), 0);
	event_free(d->stop);
	ovnet_ctl_server_free(d->server);
	event_base_free(d->base);
	close(d->pipe[0]);
	close(d->pipe[1]);
}

void daemon_remove(struct daemon *d)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.lock", d->path);
	unlink(name);
	unlink(d->path);
	snprintf(name, sizeof(name), "%s/run", d->dir);
	rmdir(name);
	assert_int_equal(rmdir(d->dir), 0); /* nothing else was left */
}
