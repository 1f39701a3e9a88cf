/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "reload.h"
#include "run/notify.h"

OVNET_LOG_TYPE(daemon)

#define N_SIGNALS (sizeof(((struct daemon *)0)->signals) / sizeof(struct event *))

void daemon_exit(struct daemon *d, int code)
{
	d->exit_code = code;
	d->stopping = true;
	event_base_loopbreak(d->base);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	if (d->on_stop != NULL)
		d->on_stop(d, strsignal(sig));
	else
		daemon_exit(d, EXIT_SUCCESS);
}

static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct reload_report report;
	char err[1024];

	(void)sig, (void)what;
	/* Both outcomes are in the log. */
	if (daemon_reload(arg, &report, err, sizeof(err)) == 0)
		reload_report_free(&report);
}

/*
 * etcd, the network config, a free subnet or an interface may be hours away, and a start that
 * systemd gives up is no nearer to them.
 */
static void on_waiting(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval pause = {.tv_sec = 10};
	struct daemon *d = arg;
	struct ovnet_lease_status s = {.error = ""};

	(void)fd, (void)what;
	if (d->lease != NULL)
		ovnet_lease_client_status(d->lease, &s);
	notify_waiting(s.error[0] != '\0' ? s.error
		       : d->lease != NULL ? "waiting for etcd"
					  : "waiting for the underlay");
	if (event_add(d->waiting, &pause) < 0)
		LOG(ERR, "no timer, no memory: systemd may give this start up");
}

static int loop_init(struct daemon *d)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} signals[] = {{SIGTERM, on_signal}, {SIGINT, on_signal}, {SIGHUP, on_hangup}};

	d->base = event_base_new();
	if (d->base == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < N_SIGNALS; i++) {
		d->signals[i] = evsignal_new(d->base, signals[i].number, signals[i].fn, d);
		if (d->signals[i] == NULL || event_add(d->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	d->waiting = event_new(d->base, -1, 0, on_waiting, d);
	if (d->waiting == NULL)
		return -ENOMEM;
	on_waiting(-1, 0, d);
	return 0;
}

static void loop_fini(struct daemon *d)
{
	for (unsigned i = 0; i < N_SIGNALS; i++)
		if (d->signals[i] != NULL)
			event_free(d->signals[i]);
	if (d->waiting != NULL)
		event_free(d->waiting);
	if (d->base != NULL)
		event_base_free(d->base);
}

/* A module that waits for the machine leaves signals and the control socket alive. */
static int start(struct daemon *d, const struct module *m)
{
	static const struct timeval moment = {.tv_usec = 500000};
	int rc;

	LOG(DEBUG, "starting %s", m->name);
	while ((rc = m->init(d)) == -EAGAIN && !d->stopping) {
		m->fini(d);
		if (event_base_loopexit(d->base, &moment) < 0 || loop_run(&d->loop, d->base) < 0)
			return -EIO;
	}
	if (rc < 0 && rc != -EAGAIN)
		LOG(ERR, "%s did not start (%s)", m->name, strerror(-rc));
	return rc;
}

int daemon_run(struct daemon *d, const struct module *parts, unsigned n)
{
	unsigned up = 0;
	int rc = loop_init(d);

	d->started = time(NULL);
	d->exit_code = EXIT_SUCCESS;
	/* A peer of the control socket that hangs up must not end the daemon. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		rc = -errno;
	for (; up < n && rc == 0 && !d->stopping; up++)
		rc = start(d, &parts[up]);
	if (rc == 0 && !d->stopping && loop_run(&d->loop, d->base) < 0)
		rc = -EIO;
	notify_stopping();
	while (up > 0) {
		LOG(DEBUG, "stopping %s", parts[up - 1].name);
		parts[--up].fini(d);
	}
	loop_fini(d);
	return rc < 0 && !d->stopping ? EXIT_FAILURE : d->exit_code;
}
