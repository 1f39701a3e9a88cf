/* SPDX-License-Identifier: BSD-3-Clause */
#include "etcd_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "mem.h"

char *etcd_copied(const char *text)
{
	return must(strdup(text != NULL ? text : ""));
}

int etcd_client_open(
	struct etcd_client *c, struct event_base *base, const struct ovnet_etcd_conf *conf)
{
	c->base = base;
	c->timeout_ms = conf->timeout_ms != 0 ? conf->timeout_ms : 5000;
	c->tls.cafile = etcd_copied(conf->cafile);
	c->tls.certfile = etcd_copied(conf->certfile);
	c->tls.keyfile = etcd_copied(conf->keyfile);
	c->http = http_client_open(base, &c->tls);
	if (c->http == NULL || etcd_endpoints_read(&c->endpoints, conf->endpoints,
				       c->tls.cafile[0] != '\0' || c->tls.certfile[0] != '\0') < 0)
		return -EINVAL;
	/* Nodes share one list; they should not all sit on its first member. */
	c->current = random_below(NULL, c->endpoints.n);
	return 0;
}

void etcd_client_close(struct etcd_client *c)
{
	http_client_close(c->http);
	etcd_endpoints_free(&c->endpoints);
	free(c->tls.cafile);
	free(c->tls.certfile);
	free(c->tls.keyfile);
}

const char *etcd_client_endpoint(const struct etcd_client *c)
{
	return c->endpoints.urls[c->current];
}

void etcd_route_note(const struct etcd_client *c, struct etcd_route *r, const char *text)
{
	size_t used = strlen(r->errors);

	snprintf(r->errors + used, sizeof(r->errors) - used, "%setcd at %s: %s",
		used > 0 ? "; " : "", c->endpoints.urls[r->endpoint], text);
}

bool etcd_route_next(const struct etcd_client *c, struct etcd_route *r)
{
	r->endpoint = (r->endpoint + 1) % c->endpoints.n;
	return ++r->tried < c->endpoints.n;
}

enum ovnet_etcd_status etcd_route_verdict(const struct etcd_route *r)
{
	return r->refused == r->tried ? OVNET_ETCD_DENIED : OVNET_ETCD_UNAVAILABLE;
}
