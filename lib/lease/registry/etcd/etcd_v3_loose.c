/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lease whose grant or first use was not answered may stay in etcd for a day, one more for each
 * try. Who tries again takes it; otherwise it is revoked once whatever is still under way has
 * come to its end, but not if our key hangs on it.
 */
#include "lease/registry/etcd/etcd_v3.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/random.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

/* Time-outs until it is looked after: 20 s as a rule, etcd itself gives a request up in 7. */
#define SETTLED    4
#define DELAYS_MAX 5

struct v3_loose {
	TAILQ_ENTRY(v3_loose) link;
	struct ovnet_registry *e;
	int64_t lease;
	uint32_t ttl_s; /* 0: not to be taken */
	char *key;      /* it may hang on it; NULL: it has none */
	struct event *timer;
	unsigned delays;
	bool busy; /* being revoked */
};

static void drop(struct v3_loose *l)
{
	TAILQ_REMOVE(&l->e->loose, l, link);
	event_free(l->timer);
	free(l->key);
	free(l);
}

static void later(struct v3_loose *l)
{
	uint32_t span = SETTLED * l->e->client.timeout_ms << l->delays;

	l->busy = false;
	l->delays += l->delays < DELAYS_MAX;
	arm_ms(l->timer, span + random_below(NULL, span / 4));
}

static void on_revoked(void *arg, const struct v3_answer *a)
{
	struct v3_loose *l = arg;

	if (a->status == OVNET_REGISTRY_UNAVAILABLE) {
		later(l);
		return;
	}
	/* NOT_FOUND: it never was granted. Otherwise etcd drops it at its end. */
	if (a->status != OVNET_REGISTRY_OK && a->status != OVNET_REGISTRY_NOT_FOUND)
		LOG(DEBUG, "an unused etcd lease is left to expire: %s", a->text);
	drop(l);
}

static void revoke(struct v3_loose *l)
{
	l->busy = true;
	v3_ask(l->e, &(struct v3_request){.method = V3_REVOKE, .lease = l->lease}, on_revoked, l);
}

static void on_key(void *arg, const struct v3_answer *a)
{
	struct v3_loose *l = arg;

	if (a->status == OVNET_REGISTRY_UNAVAILABLE)
		later(l);
	else if (a->status != OVNET_REGISTRY_OK ||
		 (a->reply->kvs.n > 0 && a->reply->kvs.kvs[0].ttl_handle == l->lease))
		drop(l);
	else
		revoke(l);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct v3_loose *l = arg;

	(void)fd, (void)what;
	l->busy = true;
	if (l->key == NULL)
		revoke(l);
	else
		v3_ask(l->e, &(struct v3_request){.method = V3_RANGE, .key = l->key}, on_key, l);
}

static struct v3_loose *add(
	struct ovnet_registry *e, int64_t lease, uint32_t ttl_s, const char *key)
{
	struct v3_loose *l = must(calloc(1, sizeof(*l)));

	l->e = e;
	l->lease = lease;
	l->ttl_s = ttl_s;
	l->key = key != NULL ? must(strdup(key)) : NULL;
	l->timer = must(evtimer_new(e->client.base, on_timer, l));
	TAILQ_INSERT_TAIL(&e->loose, l, link);
	return l;
}

void v3_loose_keep(struct ovnet_registry *e, int64_t lease, uint32_t ttl_s, const char *key)
{
	later(add(e, lease, ttl_s, key));
}

void v3_loose_revoke(struct ovnet_registry *e, int64_t lease)
{
	revoke(add(e, lease, 0, NULL));
}

void v3_loose_moved(struct ovnet_registry *e, const char *key, int64_t lease, bool fresh)
{
	int64_t left = e->granted.lease;

	if (left == lease)
		return;
	if (left != 0 && strcmp(e->granted.key, key) == 0)
		v3_loose_revoke(e, left);
	else if (left != 0 && fresh)
		v3_loose_keep(e, left, 0, e->granted.key);
	else if (!fresh)
		return;
	free(e->granted.key);
	e->granted.lease = fresh ? lease : 0;
	e->granted.key = fresh ? must(strdup(key)) : NULL;
}

int64_t v3_loose_take(struct ovnet_registry *e, uint32_t ttl_s, const char *key, bool *used)
{
	struct v3_loose *l;

	TAILQ_FOREACH (l, &e->loose, link) {
		if (l->busy || l->ttl_s != ttl_s || (l->key != NULL && strcmp(l->key, key) != 0))
			continue;
		int64_t lease = l->lease;
		*used = l->key != NULL;
		drop(l);
		return lease;
	}
	return 0;
}

void v3_loose_free(struct ovnet_registry *e)
{
	while (!TAILQ_EMPTY(&e->loose))
		drop(TAILQ_FIRST(&e->loose));
	free(e->granted.key);
}
