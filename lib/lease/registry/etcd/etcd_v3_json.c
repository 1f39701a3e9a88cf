/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "lease/registry/etcd/base64.h"

/* The gateway writes 64-bit numbers as strings and leaves zeros out. */
static int64_t integer(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	if (json_is_integer(v))
		return json_integer_value(v);
	return json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : 0;
}

static int64_t header_revision(const json_t *object)
{
	return integer(json_object_get(object, "header"), "revision");
}

static json_t *encoded(const char *text, size_t len)
{
	char *out = must(malloc(BASE64_LEN(len) + 1));

	base64_encode(text, len, out);
	json_t *string = must(json_string(out));
	free(out);
	return string;
}

static json_t *encoded_text(const char *text)
{
	return encoded(text, strlen(text));
}

static json_t *number(int64_t n)
{
	return must(json_sprintf("%" PRId64, n));
}

static json_t *range_of(const struct v3_request *r)
{
	json_t *range = must(json_pack("{s:o}", "key",
		r->from.p != NULL ? encoded(r->from.p, r->from.len) : encoded_text(r->key)));

	if (r->page != 0)
		json_object_set_new(range, "limit", number(v3_limit(v3_wire_json.page, r)));
	if (r->method == V3_RANGE && r->revision != 0)
		json_object_set_new(range, "revision", number(r->revision));
	if (r->prefix) {
		struct v3_bytes end = v3_range_end(r->key);
		json_object_set_new(range, "range_end", encoded(end.p, end.len));
		free(end.p);
	}
	return range;
}

static json_t *txn_of(const struct v3_request *r)
{
	bool absent = r->revision == 0;
	json_t *condition = must(json_pack("{s:o,s:s,s:s,s:o}", "key", encoded_text(r->key),
		"target", absent ? "VERSION" : "MOD", "result", "EQUAL",
		absent ? "version" : "mod_revision", number(r->revision)));
	json_t *then = r->value != NULL ? json_pack("{s:{s:o,s:o,s:o}}", "request_put", "key",
						  encoded_text(r->key), "value",
						  encoded_text(r->value), "lease", number(r->lease))
					: json_pack("{s:{s:o}}", "request_delete_range", "key",
						  encoded_text(r->key));

	return must(json_pack("{s:[o],s:[o]}", "compare", condition, "success", must(then)));
}

static json_t *watch_of(const struct v3_request *r)
{
	json_t *create = range_of(r);

	json_object_set_new(create, "start_revision", number(r->revision));
	json_object_set_new(create, "progress_notify", json_true());
	return must(json_pack("{s:o}", "create_request", create));
}

static json_t *body_of(const struct v3_request *r)
{
	switch (r->method) {
	case V3_RANGE:
		return range_of(r);
	case V3_TXN:
		return txn_of(r);
	case V3_GRANT:
		return must(
			json_pack("{s:o,s:o}", "TTL", number(r->ttl_s), "ID", number(r->lease)));
	case V3_KEEPALIVE:
	case V3_REVOKE:
	case V3_TTL:
		return must(json_pack("{s:o}", "ID", number(r->lease)));
	case V3_AUTHENTICATE:
		return must(json_pack("{s:s,s:s}", "name", r->name, "password", r->password));
	default:
		return watch_of(r);
	}
}

static struct v3_bytes encode(const struct v3_request *r)
{
	json_t *body = body_of(r);
	char *text = must(json_dumps(body, JSON_COMPACT));

	json_decref(body);
	return (struct v3_bytes){.p = text, .len = strlen(text)};
}

static size_t room_of(const json_t *object)
{
	return json_string_length(json_object_get(object, "key")) +
	       json_string_length(json_object_get(object, "value"));
}

/* An empty one is left out. */
static ssize_t decode_text(const json_t *text, char *at)
{
	ssize_t n = 0;

	if (json_is_string(text))
		n = base64_decode(
			json_string_value(text), json_string_length(text), (unsigned char *)at);
	at[n > 0 ? n : 0] = '\0';
	return n;
}

static bool decode_kv(const json_t *object, struct v3_kvs *k)
{
	ssize_t key_len = decode_text(json_object_get(object, "key"), k->end);
	ssize_t value_len = decode_text(
		json_object_get(object, "value"), k->end + (key_len > 0 ? key_len : 0) + 1);
	struct ovnet_registry_kv *kv = v3_kvs_take(k, key_len, value_len);

	if (kv == NULL)
		return false;
	kv->mod_revision = integer(object, "mod_revision");
	kv->create_revision = integer(object, "create_revision");
	kv->ttl_handle = integer(object, "lease");
	return true;
}

/* The last key as it is, even if it is left out. */
static int decode_next(const json_t *array, struct v3_reply *out)
{
	const json_t *last = json_array_get(array, json_array_size(array) - 1);
	const json_t *key = json_object_get(last, "key");
	char *bytes = must(malloc(json_string_length(key) + 1));
	ssize_t len = decode_text(key, bytes);

	if (len > 0)
		out->next = v3_next_key(bytes, (size_t)len);
	free(bytes);
	return len > 0 ? 0 : -EINVAL;
}

static int decode_range(const json_t *root, struct v3_reply *out)
{
	const json_t *array = json_object_get(root, "kvs"), *item;
	size_t room = 0, i;

	if (array != NULL && !json_is_array(array))
		return -EINVAL;
	json_array_foreach (array, i, item)
		room += room_of(item);
	v3_kvs_init(&out->kvs, json_array_size(array), room);
	json_array_foreach (array, i, item)
		decode_kv(item, &out->kvs);
	return json_is_true(json_object_get(root, "more")) ? decode_next(array, out) : 0;
}

static int decode_object(enum v3_method method, const json_t *root, struct v3_reply *out)
{
	const char *token = json_string_value(json_object_get(root, "token"));

	if (!json_is_object(root))
		return -EINVAL;
	out->revision = header_revision(root);
	out->succeeded = json_is_true(json_object_get(root, "succeeded"));
	out->lease = integer(root, "ID");
	out->ttl_s = v3_seconds(integer(root, "TTL"));
	if (token != NULL)
		out->token = must(strdup(token));
	return method == V3_RANGE ? decode_range(root, out) : 0;
}

static int decode(enum v3_method method, const char *bytes, size_t len, struct v3_reply *out)
{
	json_t *root = json_loadb(bytes, len, 0, NULL);
	/* A stream for gRPC: the gateway wraps its answers. */
	int rc = decode_object(
		method, method == V3_KEEPALIVE ? json_object_get(root, "result") : root, out);

	json_decref(root);
	return rc;
}

static void error_of_plain(long http_status, const char *body, struct v3_error *out)
{
	v3_error_of_code(http_status >= 500 ? 14 : 12, body, out);
	if (out->status != OVNET_REGISTRY_BROKEN && out->text[0] != '\0')
		return;
	out->absent = http_status == 404;
	if (out->absent)
		snprintf(out->text, sizeof(out->text),
			"no etcd v3 JSON gateway there (no etcd at all; etcd 2; or etcd 3 with "
			"--enable-grpc-gateway=false: set etcd.transport to \"grpc\")");
	else
		snprintf(
			out->text, sizeof(out->text), "HTTP status %ld: %.200s", http_status, body);
}

static bool failed(const struct http_result *r, struct v3_error *error)
{
	if (r->status == 200)
		return false;
	json_t *root = json_loadb(r->body, r->len, 0, NULL);
	const char *message = json_string_value(json_object_get(root, "message"));

	if (message == NULL)
		message = json_string_value(json_object_get(root, "error"));
	if (message != NULL)
		v3_error_of_code(integer(root, "code"), message, error);
	else
		error_of_plain(r->status, r->body, error);
	json_decref(root);
	return true;
}

/* One object per line; the gateway does not end the line of the last one, an error. */
static ssize_t message(const char *bytes, size_t len, size_t known, bool ended)
{
	const char *nl = memchr(bytes + known, '\n', len - known);

	if (nl != NULL)
		return nl - bytes + 1;
	return ended ? (ssize_t)len : 0;
}

static void decode_events(const json_t *array, struct v3_watch_reply *out)
{
	size_t n = json_array_size(array), room = 0, i;
	const json_t *item;

	json_array_foreach (array, i, item)
		room += room_of(json_object_get(item, "kv"));
	v3_kvs_init(&out->kvs, n, room);
	out->removed = must(calloc(n + 1, sizeof(*out->removed)));
	json_array_foreach (array, i, item) {
		const char *type = json_string_value(json_object_get(item, "type"));
		if (decode_kv(json_object_get(item, "kv"), &out->kvs))
			out->removed[out->kvs.n - 1] = type != NULL && strcmp(type, "DELETE") == 0;
	}
}

static int decode_line(const json_t *root, struct v3_watch_reply *out)
{
	const json_t *result = json_object_get(root, "result");
	const json_t *error = json_object_get(root, "error");

	if (json_is_object(result)) {
		const char *reason = json_string_value(json_object_get(result, "cancel_reason"));
		out->revision = header_revision(result);
		out->over = json_is_true(json_object_get(result, "canceled"));
		if (out->over)
			v3_error_of_cancel(
				integer(result, "compact_revision"), reason, &out->error);
		decode_events(json_object_get(result, "events"), out);
		return 0;
	}
	if (!json_is_object(error))
		return -EINVAL;
	const char *text = json_string_value(json_object_get(error, "message"));
	out->over = true;
	v3_error_of_code(integer(error, "grpc_code"), text != NULL ? text : "", &out->error);
	return 0;
}

static int decode_watch(const char *bytes, size_t len, struct v3_watch_reply *out)
{
	json_t *root = json_loadb(bytes, len, 0, NULL);
	int rc = decode_line(root, out);

	json_decref(root);
	return rc;
}

/* etcd from 3.4 on, 3.3, before. */
static const char *const roots[] = {"/v3", "/v3beta", "/v3alpha"};

const struct v3_wire v3_wire_json = {
	.name = "v3/json",
	.page = 512, /* some 200 KB of JSON */
	.roots = roots,
	.n_roots = sizeof(roots) / sizeof(roots[0]),
	.paths = {[V3_RANGE] = "/kv/range",
		[V3_TXN] = "/kv/txn",
		[V3_GRANT] = "/lease/grant",
		[V3_KEEPALIVE] = "/lease/keepalive",
		[V3_REVOKE] = "/kv/lease/revoke",
		[V3_TTL] = "/kv/lease/timetolive",
		[V3_AUTHENTICATE] = "/auth/authenticate",
		[V3_WATCH] = "/watch"},
	.headers = {"Content-Type: application/json"},
	/* The gateway hands it on to gRPC as "hasleader", clientv3's WithRequireLeader. */
	.leader = "Grpc-Metadata-Hasleader: true",
	.token = "Authorization",
	.encode = encode,
	.failed = failed,
	.decode = decode,
	.message = message,
	.decode_watch = decode_watch,
};
