/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of etcd's v3 API over its JSON gateway, top down: etcd_v3_json.c the operations,
 * etcd_v3_watch.c the watch, etcd_v3_call.c one request to whichever endpoint answers,
 * etcd_v3_auth.c the token, etcd_v3_error.c its refusals, etcd_v3_body.c the JSON.
 */
#ifndef OVNET_LEASE_ETCD_V3_H
#define OVNET_LEASE_ETCD_V3_H

#include <sys/queue.h>

#include "etcd.h"
#include "http_client.h"
#include "json_field.h"

#define V3_LISTING_MAX   (64u << 20)
#define V3_ANSWER_MAX    (1u << 20)
#define V3_ENDPOINTS_MAX 32

struct v3_call;
struct v3_op;

struct ovnet_etcd {
	struct event_base *base;
	struct http_client *http;
	struct http_tls tls;
	char *endpoints[V3_ENDPOINTS_MAX];
	unsigned n_endpoints, current;
	uint32_t timeout_ms;
	char *username, *password;
	char *token;       /* NULL: none (yet) */
	bool auth_off;     /* the server knows no users: go on without a token */
	bool auth_running; /* calls wait in `waiting` */
	TAILQ_HEAD(v3_calls, v3_call) calls, waiting;
	TAILQ_HEAD(, v3_op) ops;
	TAILQ_HEAD(, ovnet_etcd_watch) watches;
	char last_error[512];
};

struct v3_answer {
	enum ovnet_etcd_status status;
	const char *text;
	const json_t *root; /* an object when OK */
};

enum v3_kind {
	V3_READ,  /* may be repeated at another endpoint whatever happened */
	V3_WRITE, /* only if it was never sent */
	V3_AUTH,  /* as READ, without a token */
};

typedef void (*v3_done)(void *arg, const struct v3_answer *a);

/* etcd_v3_call.c. `body` becomes the call's. */
void v3_post(struct ovnet_etcd *e, enum v3_kind kind, const char *path, char *body,
	size_t max_bytes, v3_done done, void *arg);
void v3_send(struct v3_call *c);
void v3_fail(struct v3_call *c, enum ovnet_etcd_status status, const char *text);
void v3_cancel_all(struct ovnet_etcd *e);
void v3_url(
	const struct ovnet_etcd *e, unsigned endpoint, const char *path, char *buf, size_t size);

struct v3_call {
	TAILQ_ENTRY(v3_call) link; /* in `calls`, or in `waiting` for the token */
	struct ovnet_etcd *e;
	enum v3_kind kind;
	const char *path;
	char *body;
	size_t max_bytes;
	v3_done done;
	void *arg;
	struct http_call *http;
	unsigned endpoint, tried, refused;
	bool renewed_token;
	char errors[512];
};

/* etcd_v3_auth.c. */
bool v3_needs_token(const struct ovnet_etcd *e);
void v3_wait_for_token(struct v3_call *c);
void v3_drop_token(struct ovnet_etcd *e);

/* etcd_v3_error.c: status and words for an answer that is not 200. */
struct v3_error {
	enum ovnet_etcd_status status;
	bool token; /* a new token may cure it */
	char text[320];
};
void v3_error_of(long http_status, const char *body, size_t len, struct v3_error *out);
void v3_error_of_grpc(int64_t code, const char *message, struct v3_error *out);

/* etcd_v3_body.c. Texts are malloc'ed. */
int64_t v3_int(const json_t *object, const char *name);
int64_t v3_revision(const json_t *object);
char *v3_range_body(const char *key, bool prefix);
char *v3_watch_body(const char *prefix, int64_t revision);
/* Put (value not NULL) or delete, if `target` ("VERSION", "MOD") is `expected`. */
char *v3_txn_body(
	const char *key, const char *target, int64_t expected, const char *value, int64_t lease);
struct v3_kvs {
	struct ovnet_etcd_kv *kvs;
	char *bytes;
	size_t n, left_out;
};
/* From an array of KeyValue objects. -EINVAL: it is none. */
int v3_kvs_decode(const json_t *array, struct v3_kvs *out);
/* One KeyValue into `bytes`, which has room for v3_kv_room() and is advanced. */
int v3_kv_decode(const json_t *object, struct ovnet_etcd_kv *kv, char **bytes);
size_t v3_kv_room(const json_t *object);
void v3_kvs_free(struct v3_kvs *k);

/* etcd_v3_watch.c */
struct ovnet_etcd_watch *v3_watch(struct ovnet_etcd *e, const char *prefix, int64_t revision,
	const struct ovnet_etcd_watch_cbs *cbs, void *arg);
void v3_unwatch(struct ovnet_etcd_watch *w);

#endif
