/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of etcd's v3 API, top down: etcd_v3.c a client, etcd_v3_ops.c
 * the operations, etcd_v3_loose.c etcd leases that may be left over, etcd_v3_watch.c the watch,
 * etcd_v3_auth.c the token, etcd_v3_call.c one request to whichever endpoint answers,
 * etcd_v3_version.c, etcd_v3_error.c etcd's refusals, etcd_v3_kv.c keys and values. Below all that
 * one of two wires: etcd_v3_grpc.c (messages: etcd_v3_proto.c) and etcd_v3_json.c, etcd's gateway.
 */
#ifndef OVNET_LEASE_REGISTRY_ETCD_ETCD_V3_H
#define OVNET_LEASE_REGISTRY_ETCD_ETCD_V3_H

#include <sys/queue.h>
#include <sys/types.h>

#include "lease/registry/etcd/etcd_client.h"

#define V3_MESSAGE_MAX (64u << 20)
#define V3_ANSWER_MAX  (1u << 20)
#define V3_WIRES_MAX   2

struct v3_call;
struct v3_wire;

struct ovnet_registry {
	struct etcd_client client;
	/* In the order they are tried; `wire` is the one in use. */
	const struct v3_wire *wires[V3_WIRES_MAX];
	unsigned n_wires, wire;
	bool wire_chosen;                  /* it has answered */
	uint8_t roots[ETCD_ENDPOINTS_MAX]; /* of the wires' roots, what each endpoint answers to */
	char *username, *password;
	char *token;       /* NULL: none (yet) */
	bool auth_off;     /* the server knows no users: go on without a token */
	bool auth_running; /* calls wait in `waiting` */
	void (*login_with)(struct ovnet_registry *e); /* v3_login() */
	unsigned login; /* counts them: a late failure of an older one does not end this one */
	TAILQ_HEAD(v3_calls, v3_call) calls, waiting;
	TAILQ_HEAD(, ovnet_registry_watch) watches;
	TAILQ_HEAD(, v3_loose) loose;
	struct {               /* the last one of ours */
		int64_t lease; /* 0: none */
		char *key;     /* hangs on it, as far as we know */
	} granted;
};

enum v3_method {
	V3_RANGE,
	V3_TXN,
	V3_GRANT,
	V3_KEEPALIVE,
	V3_REVOKE,
	V3_AUTHENTICATE,
	V3_WATCH,
	V3_TTL,
	V3_METHODS
};

/* malloc'ed. */
struct v3_bytes {
	char *p;
	size_t len;
};

/* What is asked; each method has its fields. Strings outlive the call. */
struct v3_request {
	enum v3_method method;
	const char *key; /* range, txn, watch */
	bool prefix;     /* range: all keys that start so */
	unsigned page;   /* range: no more of them than a page of the wire, divided by it; 0: all */
	struct v3_bytes from; /* range: of those the ones from this key on; p NULL: all */
	int64_t revision;     /* watch: the first one; txn: the key's, 0: absent; range: 0: now */
	const char *value;    /* txn: NULL: remove */
	int64_t lease;        /* txn, keepalive, revoke, ttl; grant: the ID it is to have */
	uint32_t ttl_s;       /* grant */
	const char *name, *password;
};

struct v3_kvs {
	struct ovnet_registry_kv *kvs;
	char *bytes, *end; /* the texts; where the next goes */
	size_t n, left_out;
};

struct v3_reply {
	int64_t revision;
	struct v3_kvs kvs;    /* range */
	struct v3_bytes next; /* range, a page that is not the last: where the next begins */
	bool succeeded;       /* txn */
	int64_t lease;        /* grant */
	uint32_t ttl_s;       /* grant, keepalive; ttl: what is left; 0: gone */
	char *token;          /* authenticate; NULL: none came */
};

struct v3_error {
	enum ovnet_registry_status status;
	bool token;  /* a new token may cure it */
	bool absent; /* nobody speaks this wire there; nothing was done */
	char text[320];
};

struct v3_watch_reply {
	int64_t revision;
	struct v3_kvs kvs;
	bool *removed; /* beside each of kvs */
	bool part;     /* the rest of the same events follows */
	bool progress; /* the answer to a probe */
	bool over;     /* `error` says why */
	struct v3_error error;
};

/* How requests and answers look on the way. */
struct v3_wire {
	const char *name;
	bool http2;
	unsigned page; /* keys that are decoded in a few milliseconds */
	/* What paths begin with, by the server's version; the order they are tried in. */
	const char *const *roots;
	unsigned n_roots;
	const char *paths[V3_METHODS];
	const char *headers[2]; /* lines of every request */
	const char *leader;     /* line: only a server that has a leader may answer */
	const char *token;      /* name of the header with the token */
	struct v3_bytes (*encode)(const struct v3_request *r);
	/* What of an HTTP answer is no answer of etcd's to the request. False: all is well. */
	bool (*failed)(const struct http_result *r, struct v3_error *error);
	/* -EINVAL: not what etcd's API describes. `out` is zeroed; its parts are to be freed. */
	int (*decode)(enum v3_method method, const char *bytes, size_t len, struct v3_reply *out);
	/*
	 * The first message of a stream: its length with all around it, 0 if it is not whole
	 * yet, negative when it is none. The first `known` bytes hold no end of one; `ended`: no
	 * more will follow.
	 */
	ssize_t (*message)(const char *bytes, size_t len, size_t known, bool ended);
	/* One such message. As decode(). */
	int (*decode_watch)(const char *bytes, size_t len, struct v3_watch_reply *out);
	/* Asks on a running watch for a sign of life. NULL: cannot be done. */
	struct v3_bytes (*probe)(void);
};

extern const struct v3_wire v3_wire_json, v3_wire_grpc;

struct v3_answer {
	enum ovnet_registry_status status;
	const char *text;
	bool too_long;                /* a smaller page may fit */
	const struct v3_reply *reply; /* when OK */
};

typedef void (*v3_done)(void *arg, const struct v3_answer *a);
typedef void (*v3_refused)(struct v3_call *c, enum ovnet_registry_status status, const char *text);

/* etcd_v3_call.c */
/* How many keys a range may have, 0: any number. `page`: the wire's. */
unsigned v3_limit(unsigned page, const struct v3_request *r);
void v3_ask(struct ovnet_registry *e, const struct v3_request *r, v3_done done, void *arg);
void v3_send(struct v3_call *c);
void v3_fail(struct v3_call *c, enum ovnet_registry_status status, const char *text);
void v3_cancel_all(struct ovnet_registry *e);
/* As ovnet_registry_ops.retarget. First all leave the former endpoints, then they are told. */
void v3_calls_leave(struct ovnet_registry *e);
void v3_calls_left(struct ovnet_registry *e);
bool v3_needs_token(const struct ovnet_registry *e);
/* Unless there was another `login` since. */
void v3_drop_token(struct ovnet_registry *e, unsigned login);
/* `root`: of the wire's. */
struct http_call *v3_post(struct ovnet_registry *e, const struct v3_wire *wire, unsigned root,
	unsigned endpoint, const struct v3_request *r, struct http_request *http);
void v3_use_wire(struct v3_call *c, unsigned wire);
/* What is known of an endpoint; otherwise the first. */
unsigned v3_root_of(const struct ovnet_registry *e, const struct v3_wire *wire, unsigned endpoint);

struct v3_call {
	TAILQ_ENTRY(v3_call) link; /* in `calls`, or in `waiting` for the token */
	struct ovnet_registry *e;
	struct v3_request req;
	v3_done done;
	void *arg;
	struct http_call *http;
	struct etcd_route route;
	unsigned wire, wires_tried; /* at this endpoint */
	unsigned root, roots_tried; /* of that wire there */
	unsigned login;             /* it went out with */
	bool renewed_token;
	bool left; /* v3_calls_left() is to end it */
	/* While the version is asked for: why, and what goes on with the call. */
	char *closed;
	v3_refused then;
};

/*
 * etcd_v3_version.c: asks a server that takes no HTTP/2 whether it is too old for the API, `then`
 * goes on with the call; `text` is what it failed with otherwise.
 */
void v3_ask_version(struct v3_call *c, const char *text, v3_refused then);

/* etcd_v3_auth.c: asks for a token, then sends the calls that wait for it. */
void v3_login(struct ovnet_registry *e);

/* etcd_v3_error.c */
void v3_error_of_code(int64_t code, const char *message, struct v3_error *out);
/* Of a watch that etcd gave up. `compacted` 0: for another `reason`, which may be NULL. */
void v3_error_of_cancel(int64_t compacted, const char *reason, struct v3_error *out);

/* etcd_v3_kv.c */
/* A TTL as etcd writes it: of a lease that is gone it is -1. */
uint32_t v3_seconds(int64_t ttl);
/* etcd's range end for "everything that starts with": the next key after all of them. */
struct v3_bytes v3_range_end(const char *prefix);
/* The key behind this one. */
struct v3_bytes v3_next_key(const void *key, size_t len);
/* For up to `n` keys and values of together `room` bytes. */
void v3_kvs_init(struct v3_kvs *k, size_t n, size_t room);
/*
 * Takes in what stands at `end`: the key, a NUL, the value, a NUL. NULL: left out, for its
 * lengths (negative: could not be read) or a NUL in the key.
 */
struct ovnet_registry_kv *v3_kvs_take(struct v3_kvs *k, ssize_t key_len, ssize_t value_len);
void v3_kvs_free(struct v3_kvs *k);

/* etcd_v3_watch.c */
struct ovnet_registry_watch *v3_watch(struct ovnet_registry *e, const char *prefix,
	int64_t revision, const struct ovnet_registry_watch_cbs *cbs, void *arg);
void v3_unwatch(struct ovnet_registry_watch *w);
bool v3_doubt(struct ovnet_registry_watch *w);
/* As ovnet_registry_ops.retarget. */
void v3_watches_leave(struct ovnet_registry *e);

/* etcd_v3_loose.c */
/*
 * An etcd lease that may exist although nobody needs it: it is revoked in a while, unless taken
 * before or found on `key`, where a write of unknown outcome may have put it (NULL: none).
 */
void v3_loose_keep(struct ovnet_registry *e, int64_t lease, uint32_t ttl_s, const char *key);
/* `key` is written now and hangs on `lease`, `fresh` if we made that; what it left is revoked. */
void v3_loose_moved(struct ovnet_registry *e, const char *key, int64_t lease, bool fresh);
/* One that surely has no key: at once. */
void v3_loose_revoke(struct ovnet_registry *e, int64_t lease);
/* One with that TTL that has no key, or none but this one (`used`: it may). 0: none. */
int64_t v3_loose_take(struct ovnet_registry *e, uint32_t ttl_s, const char *key, bool *used);
void v3_loose_free(struct ovnet_registry *e);

/* etcd_v3_ops.c */
void v3_get(struct ovnet_registry *e, const char *key, ovnet_registry_cb cb, void *arg);
void v3_list(struct ovnet_registry *e, const char *prefix, ovnet_registry_cb cb, void *arg);
void v3_create(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	ovnet_registry_cb cb, void *arg);
void v3_update(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	int64_t ttl_handle, int64_t revision, ovnet_registry_cb cb, void *arg);
void v3_keepalive(struct ovnet_registry *e, const char *key, uint32_t ttl_s, int64_t ttl_handle,
	ovnet_registry_cb cb, void *arg);
void v3_remove(struct ovnet_registry *e, const char *key, int64_t revision, ovnet_registry_cb cb,
	void *arg);
void v3_ttl(struct ovnet_registry *e, int64_t ttl_handle, ovnet_registry_cb cb, void *arg);

#endif
