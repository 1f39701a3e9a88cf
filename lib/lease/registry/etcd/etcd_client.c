/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_client.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/random.h"

/* An endpoint that failed is not chosen for so long while there are others. */
#define FAILED_MS 60000

char *etcd_copied(const char *text)
{
	return must(strdup(text != NULL ? text : ""));
}

/*
 * Nodes share one list. They should not all sit on its first member, nor all go from one that dies
 * to the one named behind it.
 */
static void shuffle(struct etcd_endpoints *e)
{
	for (unsigned i = e->n; i > 1; i--) {
		unsigned k = random_below(NULL, i);
		char *url = e->urls[k];
		e->urls[k] = e->urls[i - 1];
		e->urls[i - 1] = url;
	}
}

static void set_tls(struct etcd_client *c, const struct ovnet_registry_conf *conf)
{
	c->tls.cafile = etcd_copied(conf->cafile);
	c->tls.certfile = etcd_copied(conf->certfile);
	c->tls.keyfile = etcd_copied(conf->keyfile);
	c->tls.server_name = etcd_copied(conf->server_name);
	c->timeout_ms = conf->timeout_ms != 0 ? conf->timeout_ms : 5000;
}

static void free_tls(struct etcd_client *c)
{
	free(c->tls.cafile);
	free(c->tls.certfile);
	free(c->tls.keyfile);
	free(c->tls.server_name);
}

static int read_endpoints(struct etcd_endpoints *out, const struct ovnet_registry_conf *conf)
{
	bool tls = (conf->cafile != NULL && conf->cafile[0] != '\0') ||
		   (conf->certfile != NULL && conf->certfile[0] != '\0');
	int rc = etcd_endpoints_read(out, conf->endpoints, tls);

	if (rc == 0)
		shuffle(out);
	return rc;
}

int etcd_client_open(
	struct etcd_client *c, struct event_base *base, const struct ovnet_registry_conf *conf)
{
	c->base = base;
	TAILQ_INIT(&c->ops);
	c->last_error = etcd_copied("");
	set_tls(c, conf);
	c->http = http_client_open(base, &c->tls);
	return c->http != NULL ? read_endpoints(&c->endpoints, conf) : -EINVAL;
}

int etcd_client_retarget(struct etcd_client *c, const struct ovnet_registry_conf *conf,
	void (*changed)(int fd, short what, void *arg), void *arg)
{
	struct etcd_endpoints endpoints = {.n = 0};

	if (read_endpoints(&endpoints, conf) < 0) {
		etcd_endpoints_free(&endpoints);
		return -EINVAL;
	}
	etcd_endpoints_free(&c->endpoints);
	c->endpoints = endpoints;
	c->current = 0;
	memset(c->failed_ms, 0, sizeof(c->failed_ms));
	free_tls(c);
	set_tls(c, conf);
	if (c->changed == NULL)
		c->changed = must(event_new(c->base, -1, 0, changed, arg));
	event_active(c->changed, EV_TIMEOUT, 0);
	return 0;
}

static void free_op(struct etcd_op *op)
{
	TAILQ_REMOVE(&op->client->ops, op, link);
	if (op->timer != NULL)
		event_free(op->timer);
	free(op->key);
	free(op->value);
	free(op);
}

void *etcd_op_new(size_t size, struct etcd_client *c, const char *key, const char *value,
	ovnet_registry_cb cb, void *arg)
{
	struct etcd_op *op = must(calloc(1, size));

	op->client = c;
	op->key = must(strdup(key));
	op->value = value != NULL ? must(strdup(value)) : NULL;
	op->cb = cb;
	op->arg = arg;
	TAILQ_INSERT_TAIL(&c->ops, op, link);
	return op;
}

void etcd_op_finish(struct etcd_op *op, const struct ovnet_registry_result *r)
{
	op->cb(op->arg, r);
	free_op(op);
}

void etcd_client_close(struct etcd_client *c)
{
	http_client_close(c->http);
	while (!TAILQ_EMPTY(&c->ops))
		free_op(TAILQ_FIRST(&c->ops));
	if (c->changed != NULL)
		event_free(c->changed);
	etcd_endpoints_free(&c->endpoints);
	free_tls(c);
	free(c->last_error);
}

const char *etcd_client_endpoint(const struct etcd_client *c)
{
	return c->endpoints.urls[c->current];
}

void etcd_client_fail(struct etcd_client *c, char *text)
{
	free(c->last_error);
	c->last_error = text;
}

void etcd_client_good(struct etcd_client *c)
{
	c->last_error[0] = '\0';
}

void etcd_route_note(const struct etcd_client *c, struct etcd_route *r, const char *text)
{
	char *before = r->errors;

	r->errors = must_printf("%s%setcd at %s: %s", before != NULL ? before : "",
		before != NULL ? "; " : "", c->endpoints.urls[r->endpoint], text);
	free(before);
}

bool etcd_client_spread(struct etcd_client *c)
{
	unsigned n = c->endpoints.n, before = c->current, first = random_below(NULL, n);
	int64_t now = monotonic_ms();

	for (unsigned i = 0; i < n; i++) {
		unsigned k = (first + i) % n;
		if (c->failed_ms[k] != 0 && now - c->failed_ms[k] < FAILED_MS)
			continue;
		c->current = k;
		break;
	}
	return c->current != before;
}

bool etcd_route_next(struct etcd_client *c, struct etcd_route *r)
{
	c->failed_ms[r->endpoint] = monotonic_ms();
	r->endpoint = (r->endpoint + 1) % c->endpoints.n;
	return ++r->tried < c->endpoints.n;
}

enum ovnet_registry_status etcd_route_verdict(const struct etcd_route *r)
{
	return r->refused == r->tried ? OVNET_REGISTRY_DENIED : OVNET_REGISTRY_UNAVAILABLE;
}
