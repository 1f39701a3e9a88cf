/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/firewall_job.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon.h"
#include "kernel/firewall.h"

OVNET_LOG_TYPE(rules)

struct rules_job {
	pthread_t thread;
	struct ovnet_firewall *firewall;
	int done_fd;
	unsigned version;
	struct ovnet_firewall_rules rules;
	struct ovnet_firewall_outcome outcome;
};

static void arm(struct daemon *d, uint32_t seconds)
{
	struct timeval tv = {.tv_sec = seconds};

	if (event_add(d->rules.timer, &tv) < 0)
		LOG(ERR, "no timer, no memory: masquerade and FORWARD rules are not looked after; "
			 "restart ovnetd");
}

static struct ovnet_firewall_rules wanted(const struct daemon *d)
{
	const struct ovnet_netconf *c = &d->netconf;

	return (struct ovnet_firewall_rules){
		.masquerade = d->conf.host.ip_masq,
		.fully_random = !d->conf.host.fully_random_disable,
		.forward = d->conf.host.forward_rules,
		.has_v4 = c->enable_ipv4,
		.has_v6 = c->enable_ipv6 && d->own.has_v6,
		.network = c->network,
		.subnet = d->own.subnet,
		.network6 = c->network6,
		.subnet6 = d->own.subnet6,
	};
}

static void *run(void *arg)
{
	struct rules_job *job = arg;

	ovnet_firewall_apply(job->firewall, &job->rules, &job->outcome);
	if (eventfd_write(job->done_fd, 1) < 0)
		LOG(ERR,
			"masquerade and FORWARD rules are not looked after any more (%s): "
			"restart ovnetd",
			strerror(errno));
	return NULL;
}

/* Signals are the main thread's. */
static int start(struct rules_job *job)
{
	sigset_t all, former;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	int rc = pthread_create(&job->thread, NULL, run, job);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return -rc;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct rules *r = &d->rules;

	(void)fd, (void)what;
	if (r->job != NULL)
		return; /* its end arms the timer */
	struct rules_job *job = calloc(1, sizeof(*job));
	if (job == NULL) {
		arm(d, d->conf.host.rules_resync);
		return;
	}
	job->firewall = r->firewall;
	job->done_fd = r->done_fd;
	job->version = r->wanted;
	job->rules = wanted(d);
	int rc = start(job);
	if (rc == 0) {
		r->job = job;
		return;
	}
	LOG(WARN, "no thread to look after masquerade and FORWARD rules (%s), trying again",
		strerror(-rc));
	free(job);
	arm(d, d->conf.host.rules_resync);
}

static void tell(bool wanted, bool first, unsigned changed, const char *what)
{
	if (changed == 0)
		return;
	if (!wanted)
		LOG(NOTICE, "removed the %s rules of an earlier start", what);
	else if (first)
		LOG(INFO, "set the %s rules", what);
	else
		LOG(WARN, "some %s rules were missing or changed: put them back", what);
}

static void warn(struct daemon *d, const char *key, const char *error, const char *cost)
{
	if (error[0] != '\0')
		warn_set(&d->warnings, key, "%s: %s", cost, error);
	else
		warn_clear(&d->warnings, key);
}

static void take_outcome(struct daemon *d, const struct rules_job *job)
{
	const struct ovnet_firewall_outcome *out = &job->outcome;
	bool first = d->rules.made != job->version;

	tell(job->rules.masquerade, first, out->masquerade, "masquerade");
	tell(job->rules.forward, first, out->forward, "FORWARD");
	warn(d, "masquerade", out->masquerade_error,
		"masquerade rules are not as they should be (host.ip-masq)");
	warn(d, "forward-rules", out->forward_error,
		"packets of the overlay may be dropped in FORWARD (host.forward-rules)");
	bool failed = out->masquerade_error[0] != '\0' || out->forward_error[0] != '\0';
	if (!failed)
		d->rules.made = job->version;
	if (job->version != d->rules.wanted)
		arm(d, 0);
	else if (failed || job->rules.masquerade || job->rules.forward)
		arm(d, d->conf.host.rules_resync);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct rules_job *job = d->rules.job;
	eventfd_t n;

	(void)what;
	if (eventfd_read(fd, &n) < 0 || job == NULL)
		return;
	pthread_join(job->thread, NULL);
	d->rules.job = NULL;
	take_outcome(d, job);
	free(job);
}

void rules_update(struct daemon *d)
{
	d->rules.wanted++;
	arm(d, 0);
}

static int init(struct daemon *d)
{
	struct rules *r = &d->rules;

	r->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->done_fd < 0 || r->stop_fd < 0)
		return -errno;
	r->firewall = ovnet_firewall_new(r->stop_fd);
	r->timer = event_new(d->base, -1, 0, on_timer, d);
	r->done = event_new(d->base, r->done_fd, EV_READ | EV_PERSIST, on_done, d);
	if (r->firewall == NULL || r->timer == NULL || r->done == NULL ||
		event_add(r->done, NULL) < 0)
		return -ENOMEM;
	return 0;
}

/* The rules stay, as flanneld's do. */
static void fini(struct daemon *d)
{
	struct rules *r = &d->rules;

	if (r->job != NULL) {
		if (eventfd_write(r->stop_fd, 1) < 0)
			LOG(DEBUG, "waiting for iptables");
		pthread_join(r->job->thread, NULL);
		free(r->job);
	}
	if (r->timer != NULL)
		event_free(r->timer);
	if (r->done != NULL)
		event_free(r->done);
	ovnet_firewall_free(r->firewall);
	if (r->done_fd > 0)
		close(r->done_fd);
	if (r->stop_fd > 0)
		close(r->stop_fd);
	*r = (struct rules){0};
}

const struct module module_rules = {"firewall rules", init, fini};
