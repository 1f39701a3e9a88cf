/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client of etcd's needs whichever API it speaks: the servers, the way there, and a
 * request's way from one server to the next.
 */
#ifndef OVNET_LEASE_REGISTRY_ETCD_ETCD_CLIENT_H
#define OVNET_LEASE_REGISTRY_ETCD_ETCD_CLIENT_H

#include <sys/queue.h>

#include "lease/registry/etcd/etcd_endpoints.h"
#include "lease/registry/etcd/http_client.h"
#include "lease/registry/registry.h"

struct etcd_client;

/*
 * One operation, from the caller's call to its callback; several requests for some. The first
 * member of what an API keeps with it.
 */
struct etcd_op {
	TAILQ_ENTRY(etcd_op) link;
	struct etcd_client *client;
	char *key, *value;
	struct event *timer; /* freed with it; NULL: none */
	ovnet_registry_cb cb;
	void *arg;
};

struct etcd_client {
	struct event_base *base;
	struct http_client *http;
	struct http_tls tls;
	struct etcd_endpoints endpoints;       /* in an order of this client's own */
	unsigned current;                      /* the endpoint that answered last */
	int64_t failed_ms[ETCD_ENDPOINTS_MAX]; /* when each did not; 0: never */
	uint32_t timeout_ms;
	TAILQ_HEAD(, etcd_op) ops;
	char *last_error;      /* "": none */
	struct event *changed; /* after etcd_client_retarget(); NULL: there was none */
};

/* -EINVAL: logged; close it all the same. */
int etcd_client_open(
	struct etcd_client *c, struct event_base *base, const struct ovnet_registry_conf *conf);
/* Frees what is under way, the requests first of all. */
void etcd_client_close(struct etcd_client *c);
/* What ends because of etcd_client_retarget() ends with this text. */
#define ETCD_RETARGETED "etcd's endpoints or credentials were given anew"
/*
 * As ovnet_registry_ops.retarget: the caller has to leave the former endpoints at once, as their
 * numbers mean others now; `changed` is called in the next turn, to tell of it.
 */
int etcd_client_retarget(struct etcd_client *c, const struct ovnet_registry_conf *conf,
	void (*changed)(int fd, short what, void *arg), void *arg);
/* As ovnet_registry_ops.spread. */
bool etcd_client_spread(struct etcd_client *c);
const char *etcd_client_endpoint(const struct etcd_client *c);
/* As ovnet_registry_ops.about; etcd_about.c. */
void etcd_client_about(struct etcd_client *c, ovnet_registry_cb cb, void *arg);
/* The last error from now on; `text` becomes the client's. */
void etcd_client_fail(struct etcd_client *c, char *text);
void etcd_client_good(struct etcd_client *c);
/* malloc'ed, "" for NULL. */
char *etcd_copied(const char *text);

/* Of `size` bytes, zeroed but for its base. `value` may be NULL. */
void *etcd_op_new(size_t size, struct etcd_client *c, const char *key, const char *value,
	ovnet_registry_cb cb, void *arg);
/* Calls back and frees it. */
void etcd_op_finish(struct etcd_op *op, const struct ovnet_registry_result *r);

struct etcd_route {
	unsigned endpoint, tried, refused;
	char *errors; /* what each endpoint said; NULL: nothing so far */
};

void etcd_route_note(const struct etcd_client *c, struct etcd_route *r, const char *text);
/* To the next endpoint. False: all were asked. */
bool etcd_route_next(struct etcd_client *c, struct etcd_route *r);
/* After that: refused everywhere is a matter of credentials; anything else may pass. */
enum ovnet_registry_status etcd_route_verdict(const struct etcd_route *r);

#endif
