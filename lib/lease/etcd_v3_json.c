/* SPDX-License-Identifier: BSD-3-Clause */
#include "etcd_v3.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "backoff.h"
#include "log.h"
#include "mem.h"

OVNET_LOG_TYPE(lease)

/* One operation, from the caller's call to its callback; several requests for some. */
struct v3_op {
	TAILQ_ENTRY(v3_op) link;
	struct ovnet_etcd *e;
	char *key, *value;
	const char *target; /* of the transaction's condition */
	int64_t expected;
	int64_t lease;
	uint32_t granted_s;
	bool fresh_lease; /* granted for this very operation */
	ovnet_etcd_cb cb;
	void *arg;
};

static struct v3_op *new_op(
	struct ovnet_etcd *e, const char *key, const char *value, ovnet_etcd_cb cb, void *arg)
{
	struct v3_op *op = must(calloc(1, sizeof(*op)));

	op->e = e;
	op->key = must(strdup(key));
	op->value = value != NULL ? must(strdup(value)) : NULL;
	op->cb = cb;
	op->arg = arg;
	TAILQ_INSERT_TAIL(&e->ops, op, link);
	return op;
}

static void free_op(struct v3_op *op)
{
	TAILQ_REMOVE(&op->e->ops, op, link);
	free(op->key);
	free(op->value);
	free(op);
}

static void finish(struct v3_op *op, const struct ovnet_etcd_result *r)
{
	op->cb(op->arg, r);
	free_op(op);
}

static void finish_failed(struct v3_op *op, const struct v3_answer *a)
{
	finish(op, &(struct ovnet_etcd_result){.status = a->status, .text = a->text});
}

static void finish_broken(struct v3_op *op)
{
	finish(op, &(struct ovnet_etcd_result){.status = OVNET_ETCD_BROKEN,
			   .text = "etcd's answer is not what its API describes"});
}

static void on_range(struct v3_op *op, const struct v3_answer *a, bool single)
{
	struct v3_kvs k;

	if (a->status != OVNET_ETCD_OK) {
		finish_failed(op, a);
		return;
	}
	if (v3_kvs_decode(json_object_get(a->root, "kvs"), &k) < 0) {
		finish_broken(op);
		return;
	}
	if (k.left_out > 0)
		LOG(WARN, "%zu keys under %s cannot be read (a NUL in the name?) and are ignored",
			k.left_out, op->key);
	struct ovnet_etcd_result r = {.status = OVNET_ETCD_OK,
		.text = "",
		.revision = v3_revision(a->root),
		.kvs = k.kvs,
		.n_kvs = k.n};
	if (single && k.n == 0) {
		r.status = OVNET_ETCD_NOT_FOUND;
		r.text = "no such key";
	}
	finish(op, &r);
	v3_kvs_free(&k);
}

static void on_get(void *arg, const struct v3_answer *a)
{
	on_range(arg, a, true);
}

static void on_list(void *arg, const struct v3_answer *a)
{
	on_range(arg, a, false);
}

static void op_get(struct ovnet_etcd *e, const char *key, ovnet_etcd_cb cb, void *arg)
{
	v3_post(e, V3_READ, "/v3/kv/range", v3_range_body(key, false), V3_ANSWER_MAX, on_get,
		new_op(e, key, NULL, cb, arg));
}

static void op_list(struct ovnet_etcd *e, const char *prefix, ovnet_etcd_cb cb, void *arg)
{
	v3_post(e, V3_READ, "/v3/kv/range", v3_range_body(prefix, true), V3_LISTING_MAX, on_list,
		new_op(e, prefix, NULL, cb, arg));
}

static void on_revoked(void *arg, const struct v3_answer *a)
{
	(void)arg;
	/* Nobody waits for it: left alone, etcd drops the empty lease at its end. */
	if (a->status != OVNET_ETCD_OK)
		LOG(DEBUG, "an unused etcd lease was not revoked: %s", a->text);
}

/* A refused write would leave a lease without a key in etcd for a day. */
static void revoke_fresh(struct v3_op *op)
{
	char *body = NULL;

	if (!op->fresh_lease)
		return;
	if (asprintf(&body, "{\"ID\":\"%" PRId64 "\"}", op->lease) < 0)
		body = NULL;
	v3_post(op->e, V3_READ, "/v3/lease/revoke", must(body), V3_ANSWER_MAX, on_revoked, NULL);
}

static void on_txn(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status != OVNET_ETCD_OK) {
		/* Lost on the way it may have been carried out: then the lease has a key. */
		if (a->status != OVNET_ETCD_UNAVAILABLE)
			revoke_fresh(op);
		finish_failed(op, a);
		return;
	}
	if (!json_is_true(json_object_get(a->root, "succeeded"))) {
		revoke_fresh(op);
		finish(op, &(struct ovnet_etcd_result){.status = OVNET_ETCD_CONFLICT,
				   .text = "somebody else changed the key first",
				   .revision = v3_revision(a->root)});
		return;
	}
	struct ovnet_etcd_kv kv = {.key = op->key,
		.value = op->value,
		.value_len = op->value != NULL ? strlen(op->value) : 0,
		.mod_revision = v3_revision(a->root),
		.ttl_handle = op->lease,
		.ttl_s = op->granted_s};
	finish(op, &(struct ovnet_etcd_result){.status = OVNET_ETCD_OK,
			   .text = "",
			   .revision = kv.mod_revision,
			   .kvs = &kv,
			   .n_kvs = 1});
}

static void send_txn(struct v3_op *op)
{
	v3_post(op->e, V3_WRITE, "/v3/kv/txn",
		v3_txn_body(op->key, op->target, op->expected, op->value, op->lease), V3_ANSWER_MAX,
		on_txn, op);
}

static void on_granted(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status != OVNET_ETCD_OK) {
		finish_failed(op, a);
		return;
	}
	op->lease = v3_int(a->root, "ID");
	op->granted_s = (uint32_t)v3_int(a->root, "TTL");
	if (op->lease == 0) {
		finish_broken(op);
		return;
	}
	op->fresh_lease = true;
	send_txn(op);
}

static void send_grant(struct v3_op *op, uint32_t ttl_s)
{
	char *body = NULL;

	if (asprintf(&body, "{\"TTL\":\"%u\"}", ttl_s) < 0)
		body = NULL;
	v3_post(op->e, V3_WRITE, "/v3/lease/grant", must(body), V3_ANSWER_MAX, on_granted, op);
}

static void op_create(struct ovnet_etcd *e, const char *key, const char *value, uint32_t ttl_s,
	ovnet_etcd_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, value, cb, arg);

	op->target = "VERSION";
	send_grant(op, ttl_s);
}

static void op_update(struct ovnet_etcd *e, const char *key, const char *value, uint32_t ttl_s,
	int64_t ttl_handle, int64_t revision, ovnet_etcd_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, value, cb, arg);

	op->target = "MOD";
	op->expected = revision;
	if (ttl_s != 0 && ttl_handle == 0) {
		send_grant(op, ttl_s);
		return;
	}
	op->lease = ttl_s != 0 ? ttl_handle : 0;
	op->granted_s = ttl_s;
	send_txn(op);
}

static void op_remove(
	struct ovnet_etcd *e, const char *key, int64_t revision, ovnet_etcd_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, NULL, cb, arg);

	op->target = "MOD";
	op->expected = revision;
	send_txn(op);
}

static void on_kept(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status != OVNET_ETCD_OK) {
		finish_failed(op, a);
		return;
	}
	const json_t *result = json_object_get(a->root, "result");
	struct ovnet_etcd_kv kv = {
		.key = op->key, .ttl_handle = op->lease, .ttl_s = (uint32_t)v3_int(result, "TTL")};
	/* A lease that is gone is answered with a TTL of 0. */
	finish(op, &(struct ovnet_etcd_result){
			   .status = kv.ttl_s > 0 ? OVNET_ETCD_OK : OVNET_ETCD_NOT_FOUND,
			   .text = kv.ttl_s > 0 ? "" : "the etcd lease has expired",
			   .revision = v3_revision(result),
			   .kvs = &kv,
			   .n_kvs = 1});
}

static void op_keepalive(struct ovnet_etcd *e, const char *key, uint32_t ttl_s, int64_t ttl_handle,
	ovnet_etcd_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, NULL, cb, arg);
	char *body = NULL;

	(void)ttl_s; /* the etcd lease knows */
	op->lease = ttl_handle;
	if (asprintf(&body, "{\"ID\":\"%" PRId64 "\"}", ttl_handle) < 0)
		body = NULL;
	v3_post(e, V3_READ, "/v3/lease/keepalive", must(body), V3_ANSWER_MAX, on_kept, op);
}

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
	while (!TAILQ_EMPTY(&e->ops))
		free_op(TAILQ_FIRST(&e->ops));
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

static struct ovnet_etcd *op_open(struct event_base *base, const struct ovnet_etcd_conf *conf)
{
	struct ovnet_etcd *e = must(calloc(1, sizeof(*e)));

	e->base = base;
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

static const char *op_endpoint(struct ovnet_etcd *e)
{
	return e->endpoints[e->current];
}

static const char *op_last_error(struct ovnet_etcd *e)
{
	return e->last_error;
}

const struct ovnet_etcd_ops ovnet_etcd_v3_json = {
	.name = "v3/json",
	.api = "v3",
	.put = "put",
	.open = op_open,
	.close = op_close,
	.get = op_get,
	.list = op_list,
	.create = op_create,
	.update = op_update,
	.keepalive = op_keepalive,
	.remove = op_remove,
	.watch = v3_watch,
	.unwatch = v3_unwatch,
	.endpoint = op_endpoint,
	.last_error = op_last_error,
};
