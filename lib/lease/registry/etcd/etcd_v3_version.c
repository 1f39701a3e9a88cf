/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * etcd 2 has no v3 API, and no HTTP/2 to say so in: to gRPC it looks as a server that is about
 * to stop, or to one that wants another client certificate. Asking for its version tells.
 */
#include "lease/registry/etcd/etcd_v3.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define VERSION_MAX 4096

/* NULL: it says none, or one that has the v3 API. */
static const char *too_old(const json_t *root)
{
	const char *version = json_string_value(json_object_get(root, "etcdserver"));

	return version != NULL && (version[0] == '2' || version[0] == '0') && version[1] == '.'
		       ? version
		       : NULL;
}

static void on_version(void *arg, const struct http_result *r)
{
	struct v3_call *c = arg;
	json_t *root = r->outcome == HTTP_ANSWERED ? json_loadb(r->body, r->len, 0, NULL) : NULL;
	const char *version = too_old(root);
	enum ovnet_registry_status status = OVNET_REGISTRY_UNAVAILABLE;
	char *text = c->closed;

	c->http = NULL;
	c->closed = NULL;
	if (version != NULL) {
		free(text);
		text = must_printf("this is etcd %.20s, which has no v3 API", version);
		status = OVNET_REGISTRY_BROKEN;
	} else if (r->outcome == HTTP_REFUSED) {
		/* The alert that says so may get lost on one connection and not on the next. */
		free(text);
		text = must(strdup(r->text));
		status = OVNET_REGISTRY_DENIED;
		c->route.refused++;
	}
	c->then(c, status, text);
	free(text);
	json_decref(root);
}

void v3_ask_version(struct v3_call *c, const char *text, v3_refused then)
{
	static const char *const headers[] = {NULL};
	const char *endpoint = c->e->client.endpoints.urls[c->route.endpoint];
	char *url = must_printf("%s/version", endpoint);

	c->closed = must(strdup(text));
	c->then = then;
	c->http = http_client_post(c->e->client.http, &(struct http_request){
							      .method = "GET",
							      .url = url,
							      .headers = headers,
							      .timeout_ms = c->e->client.timeout_ms,
							      .max_bytes = VERSION_MAX,
							      .done = on_version,
							      .arg = c,
						      });
	free(url);
}
