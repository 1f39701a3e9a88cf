/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client of etcd's needs whichever API it speaks: the servers, the way there, and a
 * request's way from one server to the next.
 */
#ifndef OVNET_LEASE_ETCD_CLIENT_H
#define OVNET_LEASE_ETCD_CLIENT_H

#include "etcd.h"
#include "etcd_endpoints.h"
#include "http_client.h"

#define ETCD_ERROR_MAX 768

struct etcd_client {
	struct event_base *base;
	struct http_client *http;
	struct http_tls tls;
	struct etcd_endpoints endpoints;
	unsigned current; /* the endpoint that answered last */
	uint32_t timeout_ms;
	char last_error[ETCD_ERROR_MAX];
};

/* -EINVAL: logged; close it all the same. */
int etcd_client_open(
	struct etcd_client *c, struct event_base *base, const struct ovnet_etcd_conf *conf);
/* Cancels what is under way. */
void etcd_client_close(struct etcd_client *c);
const char *etcd_client_endpoint(const struct etcd_client *c);
/* malloc'ed, "" for NULL. */
char *etcd_copied(const char *text);

struct etcd_route {
	unsigned endpoint, tried, refused;
	char errors[ETCD_ERROR_MAX]; /* what each endpoint said */
};

void etcd_route_note(const struct etcd_client *c, struct etcd_route *r, const char *text);
/* To the next endpoint. False: all were asked. */
bool etcd_route_next(const struct etcd_client *c, struct etcd_route *r);
/* After that: refused everywhere is a matter of credentials; anything else may pass. */
enum ovnet_etcd_status etcd_route_verdict(const struct etcd_route *r);

#endif
