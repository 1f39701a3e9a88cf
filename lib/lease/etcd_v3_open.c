/* SPDX-License-Identifier: BSD-3-Clause */
#include "etcd_v3.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "log.h"
#include "mem.h"

OVNET_LOG_TYPE(lease)

/* "host:port" gets the scheme that fits the certificates; a path or a user is a mistake. */
static char *normal_endpoint(const char *text, bool tls)
{
	char *url = NULL, *path = NULL, *out = NULL;

	if (asprintf(&url, "%s%s",
		    strstr(text, "://") != NULL ? ""
		    : tls                       ? "https://"
						: "http://",
		    text) < 0)
		url = NULL;
	size_t len = strlen(must(url));
	while (len > 0 && url[len - 1] == '/')
		url[--len] = '\0';
	CURLU *u = must(curl_url());
	if ((strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) && len < 256 &&
		curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK && strcmp(path, "/") == 0)
		out = url;
	else
		free(url);
	curl_free(path);
	curl_url_cleanup(u);
	return out;
}

static int read_endpoints(struct ovnet_etcd *e, const char *list)
{
	bool tls = e->tls.cafile[0] != '\0' || e->tls.certfile[0] != '\0';
	char *copy = must(strdup(list)), *save = NULL;
	int rc = 0;

	for (char *part = strtok_r(copy, ", \t", &save); part != NULL && rc == 0;
		part = strtok_r(NULL, ", \t", &save)) {
		char *url = e->n_endpoints < V3_ENDPOINTS_MAX ? normal_endpoint(part, tls) : NULL;
		if (url != NULL) {
			e->endpoints[e->n_endpoints++] = url;
			continue;
		}
		LOG(ERR,
			"etcd.endpoints: \"%s\" is not usable; give up to %d of the form "
			"http://host:port or https://host:port, separated by commas",
			part, V3_ENDPOINTS_MAX);
		rc = -EINVAL;
	}
	free(copy);
	if (rc == 0 && e->n_endpoints == 0) {
		LOG(ERR, "etcd.endpoints is empty: say where etcd is, e.g. http://127.0.0.1:2379");
		rc = -EINVAL;
	}
	return rc;
}

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
	for (unsigned i = 0; i < e->n_endpoints; i++)
		free(e->endpoints[i]);
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
	if (e->http == NULL || read_endpoints(e, conf->endpoints) < 0) {
		op_close(e);
		return NULL;
	}
	/* Nodes share one list; they should not all sit on its first member. */
	e->current = random_below(NULL, e->n_endpoints);
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
	return e->endpoints[e->current];
}

static const char *op_last_error(struct ovnet_etcd *e)
{
	return e->last_error;
}

#define OPS(name_, open_)                                                                  \
	{                                                                                  \
		.name = (name_), .open = (open_), .close = op_close, .get = v3_get,        \
		.list = v3_list, .create = v3_create, .update = v3_update,                 \
		.keepalive = v3_keepalive, .remove = v3_remove, .watch = v3_watch,         \
		.unwatch = v3_unwatch, .transport = op_transport, .endpoint = op_endpoint, \
		.last_error = op_last_error                                                \
	}

const struct ovnet_etcd_ops ovnet_etcd_v3 = OPS("v3", open_any);
const struct ovnet_etcd_ops ovnet_etcd_v3_grpc = OPS("v3/grpc", open_grpc);
const struct ovnet_etcd_ops ovnet_etcd_v3_json = OPS("v3/json", open_json);
