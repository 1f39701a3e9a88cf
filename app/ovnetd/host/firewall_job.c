/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/firewall_job.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/firewall.h"
#include "loop/thread.h"

OVNET_LOG_TYPE(rules)

struct firewall_run {
	pthread_t thread;
	struct ovnet_firewall *firewall;
	int done_fd;
	unsigned version;
	struct ovnet_firewall_rules rules;
	struct ovnet_firewall_outcome outcome;
	struct firewall_order order;
};

static void arm(struct firewall_job *r, uint32_t seconds)
{
	struct timeval tv = {.tv_sec = seconds};

	if (event_add(r->timer, &tv) < 0)
		LOG(ERR, "no timer, no memory: masquerade and FORWARD rules are not looked after; "
			 "restart ovnetd");
}

static struct ovnet_firewall_rules wanted(const struct node *n)
{
	const struct ovnet_netconf *c = &n->netconf;
	struct ovnet_firewall_rules rules = {
		.masquerade = n->conf->host.ip_masq,
		.fully_random = !n->conf->host.fully_random_disable,
		.forward = n->conf->host.forward_rules && n->conf->host.device[0] != '\0',
		.has_v4 = c->enable_ipv4,
		.has_v6 = c->enable_ipv6 && n->own.has_v6,
		.network = c->network,
		.subnet = n->own.subnet,
		.network6 = c->network6,
		.subnet6 = n->own.subnet6,
	};

	snprintf(rules.device, sizeof(rules.device), "%s", n->conf->host.device);
	return rules;
}

static bool failed(const struct ovnet_firewall_outcome *out)
{
	return out->masquerade_error[0] != '\0' || out->forward_error[0] != '\0';
}

static void *run(void *arg)
{
	struct firewall_run *job = arg;
	const struct firewall_order *o = &job->order;

	ovnet_firewall_apply(job->firewall, &job->rules, &job->outcome);
	if (o->work != NULL)
		o->work(o->arg, job->firewall, &job->rules, !failed(&job->outcome));
	if (eventfd_write(job->done_fd, 1) < 0)
		LOG(ERR,
			"masquerade and FORWARD rules are not looked after any more (%s): "
			"restart ovnetd",
			strerror(errno));
	return NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct firewall_job *r = arg;

	(void)fd, (void)what;
	if (r->job != NULL)
		return; /* its end arms the timer */
	struct firewall_run *job = calloc(1, sizeof(*job));
	if (job == NULL) {
		arm(r, r->node->conf->host.rules_resync);
		return;
	}
	job->firewall = r->firewall;
	job->done_fd = r->done_fd;
	job->version = r->wanted;
	job->rules = wanted(r->node);
	job->order = r->order;
	int rc = thread_start(&job->thread, run, job);
	if (rc == 0) {
		r->job = job;
		r->order = (struct firewall_order){0};
		return;
	}
	LOG(WARN, "no thread to look after masquerade and FORWARD rules (%s), trying again",
		strerror(-rc));
	free(job);
	arm(r, r->node->conf->host.rules_resync);
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

static void warn(struct firewall_job *r, const char *key, const char *error, const char *cost)
{
	if (error[0] != '\0')
		warn_set(r->node->warnings, key, "%s: %s", cost, error);
	else
		warn_clear(r->node->warnings, key);
}

static void take_outcome(struct firewall_job *r, const struct firewall_run *job)
{
	const struct ovnet_firewall_outcome *out = &job->outcome;
	bool first = r->made != job->version;

	tell(job->rules.masquerade, first, out->masquerade, "masquerade");
	tell(job->rules.forward, first, out->forward, "FORWARD");
	warn(r, "masquerade", out->masquerade_error,
		"masquerade rules are not as they should be (host.ip-masq)");
	warn(r, "forward-rules", out->forward_error,
		"packets of the overlay may be dropped in FORWARD (host.forward-rules)");
	bool bad = failed(out);
	if (!bad)
		r->made = job->version;
	if (job->version != r->wanted || r->order.work != NULL)
		arm(r, 0);
	else if (bad || job->rules.masquerade || job->rules.forward)
		arm(r, r->node->conf->host.rules_resync);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct firewall_job *r = arg;
	struct firewall_run *job = r->job;
	eventfd_t n;

	(void)what;
	if (eventfd_read(fd, &n) < 0 || job == NULL)
		return;
	pthread_join(job->thread, NULL);
	r->job = NULL;
	take_outcome(r, job);
	if (job->order.work != NULL)
		job->order.done(job->order.arg);
	free(job);
}

void firewall_job_update(struct firewall_job *r)
{
	r->wanted++;
	arm(r, 0);
}

void firewall_job_order(struct firewall_job *r, const struct firewall_order *order)
{
	r->order = *order;
	arm(r, 0);
}

int firewall_job_init(struct firewall_job *r, const struct node *node, struct event_base *base)
{
	*r = (struct firewall_job){.node = node};
	r->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->done_fd < 0 || r->stop_fd < 0)
		return -errno;
	r->firewall = ovnet_firewall_new(r->stop_fd);
	r->timer = event_new(base, -1, 0, on_timer, r);
	r->done = event_new(base, r->done_fd, EV_READ | EV_PERSIST, on_done, r);
	if (r->firewall == NULL || r->timer == NULL || r->done == NULL ||
		event_add(r->done, NULL) < 0)
		return -ENOMEM;
	return 0;
}

void firewall_job_fini(struct firewall_job *r)
{
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
	*r = (struct firewall_job){0};
}
