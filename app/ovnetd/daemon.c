/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

OVNET_LOG_TYPE(daemon)

#define RECLAIM_MS 100

/* Start order; stop is the reverse. The socket first: it is what keeps a second ovnetd out. */
static const struct module *const modules[] = {
	&module_ctl,
	&module_kernel,
	&module_iface,
	&module_eal,
	&module_rcu,
	&module_fib,
	&module_ports,
	&module_workers,
	&module_rules,
	&module_blackhole,
	&module_lease,
	&module_impostors,
	&module_refusals,
	&module_losses,
};

#define N_MODULES (sizeof(modules) / sizeof(modules[0]))

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
	LOG(NOTICE, "%s: stopping; lease, host device and routes stay", strsignal(sig));
	daemon_exit(d, EXIT_SUCCESS);
}

static void on_reclaim(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	if (d->shared.rcu.pending > 0)
		ovnet_rcu_reclaim(&d->shared.rcu);
}

static int loop_init(struct daemon *d)
{
	static const int signals[] = {SIGTERM, SIGINT};
	static const struct timeval every = {.tv_usec = RECLAIM_MS * 1000};

	d->base = event_base_new();
	if (d->base == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < 2; i++) {
		d->signals[i] = evsignal_new(d->base, signals[i], on_signal, d);
		if (d->signals[i] == NULL || event_add(d->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	d->reclaim = event_new(d->base, -1, EV_PERSIST, on_reclaim, d);
	d->reopen = event_new(d->base, -1, 0, reopen_run, d);
	d->check = event_new(d->base, -1, 0, check_run, d);
	if (d->reclaim == NULL || event_add(d->reclaim, &every) < 0 || d->reopen == NULL ||
		d->check == NULL)
		return -ENOMEM;
	return 0;
}

static void loop_fini(struct daemon *d)
{
	for (unsigned i = 0; i < 2; i++)
		if (d->signals[i] != NULL)
			event_free(d->signals[i]);
	struct event *const timers[] = {d->reclaim, d->reopen, d->check};
	for (unsigned i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		if (timers[i] != NULL)
			event_free(timers[i]);
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

int daemon_run(struct daemon *d)
{
	unsigned up = 0;
	int rc = loop_init(d);

	d->started = time(NULL);
	d->exit_code = EXIT_SUCCESS;
	/* A peer of the control socket that hangs up must not end the daemon. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		rc = -errno;
	for (; up < N_MODULES && rc == 0 && !d->stopping; up++)
		rc = start(d, modules[up]);
	if (rc == 0 && !d->stopping) {
		check_run(-1, 0, d);
		if (loop_run(&d->loop, d->base) < 0)
			rc = -EIO;
	}
	while (up > 0) {
		LOG(DEBUG, "stopping %s", modules[up - 1]->name);
		modules[--up]->fini(d);
	}
	loop_fini(d);
	return rc < 0 && !d->stopping ? EXIT_FAILURE : d->exit_code;
}
