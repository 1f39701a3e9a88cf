/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of etcd's v2 API (keys over HTTP, flannel up to v0.17), top down: etcd_v2.c the
 * operations, etcd_v2_list.c the listing (etcd_v2_scan.c takes it apart), etcd_v2_probe.c whether
 * the endpoint has a quorum, etcd_v2_watch.c the watch, etcd_v2_call.c one request to whichever
 * endpoint answers, etcd_v2_error.c its refusals, etcd_v2_node.c keys, URLs, header lines and JSON.
 */
#ifndef OVNET_LEASE_REGISTRY_ETCD_ETCD_V2_H
#define OVNET_LEASE_REGISTRY_ETCD_ETCD_V2_H

#include <sys/queue.h>

#include <jansson.h>

#include "lease/registry/etcd/etcd_client.h"

#define V2_LISTING_MAX (64u << 20)
#define V2_ANSWER_MAX  (1u << 20)

struct v2_call;

struct ovnet_registry {
	struct etcd_client client;
	char *authorization;    /* header line; NULL: none */
	const char *headers[3]; /* the first for requests with a form only */
	TAILQ_HEAD(, v2_call) calls;
	TAILQ_HEAD(, ovnet_registry_watch) watches;
	void (*moved)(
		struct ovnet_registry *e); /* another endpoint is in use: v2_watches_follow() */
	struct event *probe;
	unsigned unanswered; /* probes in a row */
};

/* etcd_v2_node.c */

/* "/v2/keys<key>", escaped, without slashes at its end. malloc'ed. */
char *v2_path(const char *key);
/* "<path of the key>?<query><index>", without index if that is 0. malloc'ed. */
char *v2_question(const char *key, const char *query, int64_t index);
/* "ttl=86400&value=..."; ttl_s 0: no TTL. malloc'ed. */
char *v2_form(const char *value, uint32_t ttl_s);
/* NULL: no JSON object. */
json_t *v2_parse(const char *body, size_t len);
/* etcd begins every key with a slash; `asked`, the key the caller uses, may not. */
const char *v2_key_as(const json_t *node, const char *asked);
bool v2_is_dir(const json_t *node);
int64_t v2_index(const json_t *object, const char *name);
/* Borrows from `node`. False: not to be used (no key, or a NUL in it). */
bool v2_kv(const json_t *node, const char *asked, struct ovnet_registry_kv *out);
/* Of an answer's header lines, X-Etcd-Index; other lines leave `index` alone. */
void v2_index_header(const char *line, size_t n, int64_t *index);

/* etcd_v2_error.c: status and words for an answer that is not good. */
struct v2_error {
	enum ovnet_registry_status status;
	int64_t index; /* of the store, 0: not said */
	char text[400];
};
void v2_error_of(long http_status, const char *body, size_t len, struct v2_error *out);
/* A directory where a key is needed. */
void v2_error_dir(const char *key, struct v2_error *out);
/* A key where a directory is needed. */
void v2_error_not_dir(const char *key, struct v2_error *out);

/* etcd_v2_call.c */
struct v2_answer {
	enum ovnet_registry_status status;
	const char *text;
	int64_t index;
	const json_t *node;             /* when OK */
	const struct http_result *http; /* instead, if it was asked for so */
};

typedef void (*v2_done)(void *arg, const struct v2_answer *a);

struct v2_request {
	/* Become the call's. Below /v2/keys, with the question; what is written, NULL: a read. */
	char *path, *form;
	bool raw; /* a listing: its answer as it came */
};

/*
 * A read goes to any endpoint; a write is not tried at another one if the former may have done it.
 */
void v2_send(struct ovnet_registry *e, const struct v2_request *r, v2_done done, void *arg);
void v2_cancel_all(struct ovnet_registry *e);
/* As ovnet_registry_ops.retarget. First all leave the former endpoints, then they are told. */
void v2_calls_leave(struct ovnet_registry *e);
void v2_calls_left(struct ovnet_registry *e);

/* etcd_v2_list.c */
void v2_list(struct ovnet_registry *e, const char *prefix, ovnet_registry_cb cb, void *arg);

/* etcd_v2_watch.c */
struct ovnet_registry_watch *v2_watch(struct ovnet_registry *e, const char *prefix,
	int64_t revision, const struct ovnet_registry_watch_cbs *cbs, void *arg);
void v2_unwatch(struct ovnet_registry_watch *w);
bool v2_doubt(struct ovnet_registry_watch *w);
/* All that listen. Not from inside a callback. */
void v2_end_watches(struct ovnet_registry *e, const char *text);
/* The same of watches. */
void v2_watches_leave(struct ovnet_registry *e);
void v2_watches_left(struct ovnet_registry *e);
/* A watch begins, or has told something: there is a quorum now. */
void v2_probe_later(struct ovnet_registry *e);
/* The prefix or key. */
const char *v2_watched(const struct ovnet_registry_watch *w);
/* Another endpoint is in use: watches of the former one go there. */
void v2_watches_follow(struct ovnet_registry *e);

/* etcd_v2_probe.c */
void v2_probe_init(struct ovnet_registry *e);

#endif
