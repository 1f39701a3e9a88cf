/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/metrics.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon.h"
#include "metrics/health.h"

OVNET_LOG_TYPE(health)

#define PLAIN "text/plain; charset=utf-8"

/* flannel's, word for word: there are probes that compare it. */
static int healthz(void *arg, struct evbuffer *body)
{
	static const char text[] = "flanneld is running";

	(void)arg;
	return evbuffer_add(body, text, sizeof(text) - 1) == 0 ? HTTP_OK : 0;
}

struct reasons {
	struct evbuffer *body;
	bool failed;
};

static void add_reason(void *arg, const struct health_finding *f)
{
	struct reasons *r = arg;

	if (f->blocks && evbuffer_add_printf(r->body, "\n%s: %s", f->key, f->text) < 0)
		r->failed = true;
}

/* flannel's words again (v0.28.9 has this page), then why. */
static int readyz(void *arg, struct evbuffer *body)
{
	const struct health h = health_sum(arg);
	const char *text = h.ready ? "flanneld is ready" : "flanneld is not ready yet";
	struct reasons r = {.body = body};

	r.failed = evbuffer_add(body, text, strlen(text)) < 0;
	if (!h.ready)
		health_each(arg, add_reason, &r);
	if (r.failed)
		return 0;
	return h.ready ? HTTP_OK : HTTP_NOT_READY;
}

static int scrape(void *arg, struct evbuffer *body)
{
	struct daemon *d = arg;
	struct metrics *m = &d->metrics;
	const int64_t now = monotonic_ms();

	if (m->text_ms == 0 || now - m->text_ms >= METRICS_KEEP_MS) {
		m->text.len = 0;
		m->text.failed = false;
		metrics_write(d, &m->text);
		m->text_ms = m->text.failed ? 0 : now;
	}
	if (m->text.failed || evbuffer_add(body, m->text.bytes, m->text.len) < 0)
		return 0;
	return HTTP_OK;
}

const struct http_page metrics_pages[] = {
	{"/healthz", PLAIN, healthz},
	{"/readyz", PLAIN, readyz},
	{"/metrics", TEXT_TYPE, scrape},
	{NULL, NULL, NULL},
};

static const char *cure(int err)
{
	switch (err) {
	case -EADDRINUSE:
		return "another program has the port: stop it there (`ss -ltnp`), or give another "
		       "--healthz-port";
	case -EADDRNOTAVAIL:
		return "this host does not have the address: give it one of its own with "
		       "--healthz-ip";
	case -EACCES:
		return "ports below 1024 want the capability CAP_NET_BIND_SERVICE: give another "
		       "--healthz-port";
	default:
		return "give another --healthz-ip or --healthz-port";
	}
}

static void try_listen(struct daemon *d)
{
	struct metrics *m = &d->metrics;
	const char *ip = d->conf.health.ip;
	const unsigned port = d->conf.health.port;
	struct ovnet_addr addr;
	int err = ovnet_addr_parse(ip, &addr); /* conf_load() has seen to it */

	if (err == 0)
		m->http = http_new(d->base, &addr, (uint16_t)port, metrics_pages, d, &err);
	if (m->http != NULL) {
		warn_clear(&d->warnings, "healthz");
		LOG(NOTICE, "/healthz, /readyz and /metrics on %s port %u", ip, port);
		return;
	}
	m->try_ms = monotonic_ms() + METRICS_RETRY_MS;
	warn_set(&d->warnings, "healthz",
		"nobody answers probes and scrapes on %s port %u (%s): %s; packets are not "
		"concerned, tried again every few seconds",
		ip, port, strerror(-err), cure(err));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct metrics *m = &d->metrics;
	const int64_t now = monotonic_ms();

	(void)fd, (void)what;
	if (d->conf.health.port != 0 && m->http == NULL && now >= m->try_ms)
		try_listen(d);
	if (now >= m->sample_ms) {
		samples_take(&m->samples, &d->engine);
		m->sample_ms = now + SAMPLES_S * 1000;
	}
	certs_look(&m->certs, &d->conf, &d->warnings);
}

int metrics_start(struct daemon *d)
{
	static const struct timeval second = {.tv_sec = 1};
	struct metrics *m = &d->metrics;

	m->timer = event_new(d->base, -1, EV_PERSIST, on_timer, d);
	if (m->timer == NULL || event_add(m->timer, &second) < 0)
		return -ENOMEM;
	on_timer(-1, 0, d);
	return 0;
}

void metrics_stop(struct daemon *d)
{
	struct metrics *m = &d->metrics;

	if (m->timer != NULL)
		event_free(m->timer);
	http_free(m->http);
	certs_fini(&m->certs);
	free(m->text.bytes);
	*m = (struct metrics){0};
}
