/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v2.h"

#include <string.h>

#include "base/mem.h"

struct v2_call {
	TAILQ_ENTRY(v2_call) link;
	struct ovnet_registry *e;
	struct v2_request req;
	v2_done done;
	void *arg;
	struct http_call *http;
	struct etcd_route route;
	int64_t index;
	bool left; /* v2_calls_left() is to end it */
};

static void send_it(struct v2_call *c);

static void free_call(struct v2_call *c)
{
	free(c->req.path);
	free(c->req.form);
	free(c->route.errors);
	free(c);
}

static void finish(struct v2_call *c, const struct v2_answer *a)
{
	TAILQ_REMOVE(&c->e->calls, c, link);
	c->done(c->arg, a);
	free_call(c);
}

static void fail(struct v2_call *c, enum ovnet_registry_status status)
{
	etcd_client_fail(&c->e->client, etcd_copied(c->route.errors));
	finish(c, &(struct v2_answer){.status = status, .text = c->e->client.last_error});
}

static void next_endpoint(struct v2_call *c)
{
	if (etcd_route_next(&c->e->client, &c->route))
		send_it(c);
	else
		fail(c, etcd_route_verdict(&c->route));
}

static void answered(struct v2_call *c, const struct v2_answer *a)
{
	struct ovnet_registry *e = c->e;

	etcd_client_good(&e->client);
	if (e->client.current != c->route.endpoint) {
		e->client.current = c->route.endpoint;
		e->moved(e);
	}
	finish(c, a);
}

static void on_error_answer(struct v2_call *c, const struct http_result *r)
{
	struct v2_error error;

	v2_error_of(r->status, r->body, r->len, &error);
	if (error.status == OVNET_REGISTRY_NOT_FOUND || error.status == OVNET_REGISTRY_CONFLICT) {
		answered(c,
			&(struct v2_answer){
				.status = error.status, .text = error.text, .index = error.index});
		return;
	}
	etcd_route_note(&c->e->client, &c->route, error.text);
	if (error.status == OVNET_REGISTRY_UNAVAILABLE && c->req.form == NULL)
		next_endpoint(c);
	else
		fail(c, error.status);
}

static void on_answer(struct v2_call *c, const struct http_result *r)
{
	struct v2_answer a = {.status = OVNET_REGISTRY_OK, .text = "", .index = c->index};

	if (r->status != 200 && r->status != 201) {
		on_error_answer(c, r);
		return;
	}
	if (c->req.raw) {
		a.http = r;
		answered(c, &a);
		return;
	}
	json_t *root = v2_parse(r->body, r->len);
	a.node = json_object_get(root, "node");
	if (!json_is_object(a.node)) {
		etcd_route_note(&c->e->client, &c->route,
			"the answer is no etcd answer (is this the client port of an etcd?)");
		fail(c, OVNET_REGISTRY_BROKEN);
	} else {
		answered(c, &a);
	}
	json_decref(root);
}

static void on_http(void *arg, const struct http_result *r)
{
	struct v2_call *c = arg;

	c->http = NULL;
	if (r->outcome == HTTP_ANSWERED) {
		on_answer(c, r);
		return;
	}
	etcd_route_note(&c->e->client, &c->route, r->text);
	if (r->outcome == HTTP_REFUSED)
		c->route.refused++;
	if (r->outcome == HTTP_TOO_LONG)
		fail(c, OVNET_REGISTRY_BROKEN);
	else if (r->outcome == HTTP_LOST && c->req.form != NULL)
		fail(c, OVNET_REGISTRY_UNAVAILABLE);
	else
		next_endpoint(c);
}

static void on_header(void *arg, const char *line, size_t n)
{
	struct v2_call *c = arg;

	v2_index_header(line, n, &c->index);
}

static void send_it(struct v2_call *c)
{
	struct ovnet_registry *e = c->e;
	char *url = NULL;

	c->index = 0;
	if (asprintf(&url, "%s%s", e->client.endpoints.urls[c->route.endpoint], c->req.path) < 0)
		url = NULL;
	c->http = http_client_post(
		e->client.http, &(struct http_request){
					.method = c->req.form != NULL ? "PUT" : "GET",
					.url = must(url),
					.headers = e->headers + (c->req.form == NULL),
					.body = c->req.form,
					.len = c->req.form != NULL ? strlen(c->req.form) : 0,
					.timeout_ms = e->client.timeout_ms,
					.once = c->req.form != NULL,
					.max_bytes = c->req.raw ? V2_LISTING_MAX : V2_ANSWER_MAX,
					.done = on_http,
					.header = on_header,
					.arg = c,
				});
	free(url);
}

void v2_send(struct ovnet_registry *e, const struct v2_request *r, v2_done done, void *arg)
{
	struct v2_call *c = must(calloc(1, sizeof(*c)));

	c->e = e;
	c->req = *r;
	c->done = done;
	c->arg = arg;
	c->route.endpoint = e->client.current;
	TAILQ_INSERT_TAIL(&e->calls, c, link);
	send_it(c);
}

void v2_calls_leave(struct ovnet_registry *e)
{
	struct v2_call *c;

	TAILQ_FOREACH (c, &e->calls, link) {
		if (c->http != NULL)
			http_call_cancel(c->http);
		c->http = NULL;
		c->left = true;
	}
}

/* Who is told of one may begin others. */
void v2_calls_left(struct ovnet_registry *e)
{
	struct v2_call *c;

	do {
		TAILQ_FOREACH (c, &e->calls, link)
			if (c->left)
				break;
		if (c != NULL) {
			free(c->route.errors);
			c->route.errors = etcd_copied(ETCD_RETARGETED);
			fail(c, OVNET_REGISTRY_UNAVAILABLE);
		}
	} while (c != NULL);
}

void v2_cancel_all(struct ovnet_registry *e)
{
	struct v2_call *c;

	while ((c = TAILQ_FIRST(&e->calls)) != NULL) {
		TAILQ_REMOVE(&e->calls, c, link);
		if (c->http != NULL)
			http_call_cancel(c->http);
		free_call(c);
	}
}
