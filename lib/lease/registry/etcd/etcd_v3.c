/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lease/registry/etcd/etcd.h"

static void op_close(struct ovnet_registry *e)
{
	while (!TAILQ_EMPTY(&e->watches))
		v3_unwatch(TAILQ_FIRST(&e->watches));
	v3_cancel_all(e);
	v3_loose_free(e);
	etcd_client_close(&e->client);
	free(e->username);
	free(e->password);
	free(e->token);
	free(e);
}

static void set_user(struct ovnet_registry *e, const struct ovnet_registry_conf *conf)
{
	free(e->username);
	free(e->password);
	free(e->token);
	e->username = etcd_copied(conf->username);
	e->password = etcd_copied(conf->password);
	e->token = NULL;
	e->auth_off = false;
	e->login++; /* whoever fails by the former token ends none of the new ones */
}

static struct ovnet_registry *open_with(struct event_base *base,
	const struct ovnet_registry_conf *conf, const struct v3_wire *first,
	const struct v3_wire *second)
{
	struct ovnet_registry *e = must(calloc(1, sizeof(*e)));

	e->wires[e->n_wires++] = first;
	if (second != NULL)
		e->wires[e->n_wires++] = second;
	set_user(e, conf);
	e->login_with = v3_login;
	TAILQ_INIT(&e->calls);
	TAILQ_INIT(&e->waiting);
	TAILQ_INIT(&e->watches);
	TAILQ_INIT(&e->loose);
	if (etcd_client_open(&e->client, base, conf) < 0) {
		op_close(e);
		return NULL;
	}
	return e;
}

static struct ovnet_registry *open_json(
	struct event_base *base, const struct ovnet_registry_conf *conf)
{
	return open_with(base, conf, &v3_wire_json, NULL);
}

static struct ovnet_registry *open_grpc(
	struct event_base *base, const struct ovnet_registry_conf *conf)
{
	return open_with(base, conf, &v3_wire_grpc, NULL);
}

static struct ovnet_registry *open_any(
	struct event_base *base, const struct ovnet_registry_conf *conf)
{
	return open_with(base, conf, &v3_wire_grpc, &v3_wire_json);
}

static const char *op_transport(struct ovnet_registry *e)
{
	return e->wires[e->wire]->name;
}

static void op_about(struct ovnet_registry *e, ovnet_registry_cb cb, void *arg)
{
	etcd_client_about(&e->client, cb, arg);
}

static const char *op_endpoint(struct ovnet_registry *e)
{
	return etcd_client_endpoint(&e->client);
}

static bool op_spread(struct ovnet_registry *e)
{
	return etcd_client_spread(&e->client);
}

static void on_changed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	v3_calls_left(arg);
}

static int op_retarget(struct ovnet_registry *e, const struct ovnet_registry_conf *conf)
{
	int rc = etcd_client_retarget(&e->client, conf, on_changed, e);

	if (rc < 0)
		return rc;
	v3_calls_leave(e);
	v3_watches_leave(e);
	set_user(e, conf);
	memset(e->roots, 0, sizeof(e->roots));
	e->wire = 0;
	e->wire_chosen = false;
	return 0;
}

static const char *op_last_error(struct ovnet_registry *e)
{
	return e->client.last_error;
}

#define OPS(name_, open_)                                                                       \
	{                                                                                       \
		.name = (name_), .api = "v3", .put = "put", .open = (open_), .close = op_close, \
		.get = v3_get, .list = v3_list, .create = v3_create, .update = v3_update,       \
		.keepalive = v3_keepalive, .remove = v3_remove, .watch = v3_watch,              \
		.unwatch = v3_unwatch, .doubt = v3_doubt, .spread = op_spread, .ttl = v3_ttl,   \
		.about = op_about, .retarget = op_retarget, .transport = op_transport,          \
		.endpoint = op_endpoint, .last_error = op_last_error                            \
	}

const struct ovnet_registry_ops ovnet_etcd_v3 = OPS("v3", open_any);
const struct ovnet_registry_ops ovnet_etcd_v3_grpc = OPS("v3/grpc", open_grpc);
const struct ovnet_registry_ops ovnet_etcd_v3_json = OPS("v3/json", open_json);
