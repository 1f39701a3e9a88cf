/* SPDX-License-Identifier: BSD-3-Clause */
#include "etcd_v3.h"

#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "mem.h"

static char *copied(const char *text)
{
	return must(strdup(text != NULL ? text : ""));
}

static void op_close(struct ovnet_etcd *e)
{
	while (!TAILQ_EMPTY(&e->watches))
		v3_unwatch(TAILQ_FIRST(&e->watches));
	v3_cancel_all(e);
	v3_free_ops(e);
	http_client_close(e->http);
	etcd_endpoints_free(&e->endpoints);
	free(e->tls.cafile);
	free(e->tls.certfile);
	free(e->tls.keyfile);
	free(e->username);
	free(e->password);
	free(e->token);
	free(e);
}

static struct ovnet_etcd *open_with(struct event_base *base, const struct ovnet_etcd_conf *conf,
	const struct v3_wire *first, const struct v3_wire *second)
{
	struct ovnet_etcd *e = must(calloc(1, sizeof(*e)));

	e->base = base;
	e->wires[e->n_wires++] = first;
	if (second != NULL)
		e->wires[e->n_wires++] = second;
	e->timeout_ms = conf->timeout_ms != 0 ? conf->timeout_ms : 5000;
	e->tls.cafile = copied(conf->cafile);
	e->tls.certfile = copied(conf->certfile);
	e->tls.keyfile = copied(conf->keyfile);
	e->username = copied(conf->username);
	e->password = copied(conf->password);
	TAILQ_INIT(&e->calls);
	TAILQ_INIT(&e->waiting);
	TAILQ_INIT(&e->ops);
	TAILQ_INIT(&e->watches);
	e->http = http_client_open(base, &e->tls);
	if (e->http == NULL ||
		etcd_endpoints_read(&e->endpoints, conf->endpoints,
			e->tls.cafile[0] != '\0' || e->tls.certfile[0] != '\0') < 0) {
		op_close(e);
		return NULL;
	}
	/* Nodes share one list; they should not all sit on its first member. */
	e->current = random_below(NULL, e->endpoints.n);
	return e;
}

static struct ovnet_etcd *open_json(struct event_base *base, const struct ovnet_etcd_conf *conf)
{
	return open_with(base, conf, &v3_wire_json, NULL);
}

static struct ovnet_etcd *open_grpc(struct event_base *base, const struct ovnet_etcd_conf *conf)
{
	return open_with(base, conf, &v3_wire_grpc, NULL);
}

static struct ovnet_etcd *open_any(struct event_base *base, const struct ovnet_etcd_conf *conf)
{
	return open_with(base, conf, &v3_wire_grpc, &v3_wire_json);
}

static const char *op_transport(struct ovnet_etcd *e)
{
	return e->wires[e->wire]->name;
}

static const char *op_endpoint(struct ovnet_etcd *e)
{
	return e->endpoints.urls[e->current];
}

static const char *op_last_error(struct ovnet_etcd *e)
{
	return e->last_error;
}

#define OPS(name_, open_)                                                                       \
	{                                                                                       \
		.name = (name_), .api = "v3", .put = "put", .open = (open_), .close = op_close, \
		.get = v3_get, .list = v3_list, .create = v3_create, .update = v3_update,       \
		.keepalive = v3_keepalive, .remove = v3_remove, .watch = v3_watch,              \
		.unwatch = v3_unwatch, .transport = op_transport, .endpoint = op_endpoint,      \
		.last_error = op_last_error                                                     \
	}

const struct ovnet_etcd_ops ovnet_etcd_v3 = OPS("v3", open_any);
const struct ovnet_etcd_ops ovnet_etcd_v3_grpc = OPS("v3/grpc", open_grpc);
const struct ovnet_etcd_ops ovnet_etcd_v3_json = OPS("v3/json", open_json);
