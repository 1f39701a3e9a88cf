/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

OVNET_LOG_TYPE(lease)

/*
 * A write goes to another endpoint only if it was never sent. A grant may go twice: it names the
 * lease, which etcd makes once.
 */
static bool is_write(const struct v3_call *c)
{
	return c->req.method == V3_TXN;
}

static void finish(struct v3_call *c, const struct v3_answer *a)
{
	TAILQ_REMOVE(&c->e->calls, c, link);
	c->done(c->arg, a);
	free(c->route.errors);
	free(c);
}

void v3_fail(struct v3_call *c, enum ovnet_registry_status status, const char *text)
{
	if (text != c->e->client.last_error)
		etcd_client_fail(&c->e->client, etcd_copied(text));
	finish(c, &(struct v3_answer){.status = status, .text = c->e->client.last_error});
}

bool v3_needs_token(const struct ovnet_registry *e)
{
	return e->username[0] != '\0' && e->token == NULL && !e->auth_off;
}

void v3_drop_token(struct ovnet_registry *e, unsigned login)
{
	if (login != e->login)
		return;
	free(e->token);
	e->token = NULL;
	e->auth_off = false;
}

unsigned v3_root_of(const struct ovnet_registry *e, const struct v3_wire *wire, unsigned endpoint)
{
	return e->roots[endpoint] % wire->n_roots;
}

void v3_use_wire(struct v3_call *c, unsigned wire)
{
	c->wire = wire;
	c->root = v3_root_of(c->e, c->e->wires[wire], c->route.endpoint);
	c->roots_tried = 0;
}

static void next_endpoint(struct v3_call *c)
{
	struct ovnet_registry *e = c->e;

	c->wires_tried = 0;
	if (!etcd_route_next(&e->client, &c->route)) {
		v3_fail(c, etcd_route_verdict(&c->route), c->route.errors);
		return;
	}
	v3_use_wire(c, e->wire);
	v3_send(c);
}

/* Nobody speaks this wire there: the other one, at the same endpoint. */
static void next_wire(struct v3_call *c, enum ovnet_registry_status status, const char *text)
{
	struct ovnet_registry *e = c->e;

	etcd_route_note(&c->e->client, &c->route, text);
	if (++c->wires_tried < e->n_wires) {
		v3_use_wire(c, (c->wire + 1) % e->n_wires);
		v3_send(c);
	} else if (c->route.tried + 1 < e->client.endpoints.n) {
		next_endpoint(c);
	} else {
		v3_fail(c, status, c->route.errors);
	}
}

/* Nobody speaks this wire there, at least not so: by another path, then another wire. */
static void absent(struct v3_call *c, const struct v3_error *error)
{
	const struct v3_wire *wire = c->e->wires[c->wire];

	if (++c->roots_tried == wire->n_roots) {
		next_wire(c, error->status, error->text);
		return;
	}
	c->root = (c->root + 1) % wire->n_roots;
	v3_send(c);
}

static void choose_root(struct v3_call *c)
{
	const struct v3_wire *wire = c->e->wires[c->wire];
	uint8_t *known = &c->e->roots[c->route.endpoint];

	if (wire->n_roots == 1 || *known == c->root)
		return;
	LOG(INFO, "etcd at %s: its JSON gateway is at %s",
		c->e->client.endpoints.urls[c->route.endpoint], wire->roots[c->root]);
	*known = (uint8_t)c->root;
}

static void choose_wire(struct v3_call *c)
{
	struct ovnet_registry *e = c->e;

	choose_root(c);

	if (e->n_wires > 1 && (!e->wire_chosen || e->wire != c->wire))
		LOG(INFO, "etcd.transport \"auto\": using %s%s%s", e->wires[c->wire]->name,
			c->wires_tried > 0 ? ", because " : "",
			c->wires_tried > 0 ? c->route.errors : "");
	e->wire = c->wire;
	e->wire_chosen = true;
}

static void on_error_answer(struct v3_call *c, const struct v3_error *error)
{
	if (error->token && c->req.method != V3_AUTHENTICATE && c->e->username[0] != '\0' &&
		!c->renewed_token) {
		c->renewed_token = true;
		v3_drop_token(c->e, c->login);
		v3_send(c);
		return;
	}
	if (error->absent) {
		absent(c, error);
		return;
	}
	etcd_route_note(&c->e->client, &c->route, error->text);
	if (error->status == OVNET_REGISTRY_UNAVAILABLE && !is_write(c)) {
		next_endpoint(c);
		return;
	}
	v3_fail(c, error->status, c->route.errors);
}

static void free_reply(struct v3_reply *reply)
{
	v3_kvs_free(&reply->kvs);
	free(reply->next.p);
	free(reply->token);
}

static void on_answer(struct v3_call *c, const struct http_result *r)
{
	const struct v3_wire *wire = c->e->wires[c->wire];
	struct v3_error error;
	struct v3_reply reply = {0};

	if (wire->failed(r, &error)) {
		on_error_answer(c, &error);
		return;
	}
	if (wire->decode(c->req.method, r->body, r->len, &reply) < 0) {
		etcd_route_note(&c->e->client, &c->route,
			"the answer is no etcd answer (is this the client port of an etcd?)");
		v3_fail(c, OVNET_REGISTRY_BROKEN, c->route.errors);
	} else {
		choose_wire(c);
		c->e->client.current = c->route.endpoint;
		etcd_client_good(&c->e->client);
		finish(c, &(struct v3_answer){
				  .status = OVNET_REGISTRY_OK, .text = "", .reply = &reply});
	}
	free_reply(&reply);
}

static void on_http(void *arg, const struct http_result *r)
{
	struct v3_call *c = arg;

	c->http = NULL;
	if (r->outcome == HTTP_ANSWERED) {
		on_answer(c, r);
		return;
	}
	/* As a server answers HTTP/2 that speaks none. Once a wire was chosen, as one that ends. */
	if (r->outcome == HTTP_CLOSED && !c->e->wire_chosen && !is_write(c)) {
		if (c->e->n_wires == 1)
			v3_ask_version(c, r->text, next_wire);
		else
			next_wire(c, OVNET_REGISTRY_UNAVAILABLE, r->text);
		return;
	}
	etcd_route_note(&c->e->client, &c->route, r->text);
	if (r->outcome == HTTP_REFUSED)
		c->route.refused++;
	if (r->outcome == HTTP_TOO_LONG && v3_limit(c->e->wires[c->wire]->page, &c->req) > 1)
		finish(c, &(struct v3_answer){.status = OVNET_REGISTRY_BROKEN,
				  .text = r->text,
				  .too_long = true});
	else if (r->outcome == HTTP_TOO_LONG)
		v3_fail(c, OVNET_REGISTRY_BROKEN, c->route.errors);
	else if ((r->outcome == HTTP_LOST || r->outcome == HTTP_CLOSED) && is_write(c))
		v3_fail(c, OVNET_REGISTRY_UNAVAILABLE, c->route.errors);
	else
		next_endpoint(c);
}

struct http_call *v3_post(struct ovnet_registry *e, const struct v3_wire *wire, unsigned root,
	unsigned endpoint, const struct v3_request *r, struct http_request *http)
{
	struct v3_bytes body = wire->encode(r);
	const char *headers[5] = {wire->headers[0], wire->headers[1]};
	char *token = NULL;
	unsigned n = wire->headers[1] != NULL ? 2 : 1;

	char *url = must_printf("%s%s%s", e->client.endpoints.urls[endpoint], wire->roots[root],
		wire->paths[r->method]);

	/* Without one a read would wait for the time-out, and a watch for ever. */
	if (r->method == V3_WATCH || r->method == V3_RANGE)
		headers[n++] = wire->leader;
	if (r->method != V3_AUTHENTICATE && e->token != NULL) {
		token = must_printf("%s: %s", wire->token, e->token);
		headers[n++] = token;
	}
	http->url = url;
	http->headers = headers;
	http->body = body.p;
	http->len = body.len;
	http->http2 = wire->http2;
	struct http_call *call = http_client_post(e->client.http, http);
	free(body.p);
	free(token);
	free(url);
	return call;
}

unsigned v3_limit(unsigned page, const struct v3_request *r)
{
	if (r->page == 0)
		return 0;
	return page / r->page > 0 ? page / r->page : 1;
}

/* A page is decoded in one turn of the loop; a key is not taken apart. */
static size_t answer_max(const struct v3_call *c)
{
	return v3_limit(c->e->wires[c->wire]->page, &c->req) == 1 ? V3_MESSAGE_MAX : V3_ANSWER_MAX;
}

static void wait_for_token(struct v3_call *c)
{
	struct ovnet_registry *e = c->e;

	TAILQ_REMOVE(&e->calls, c, link);
	TAILQ_INSERT_TAIL(&e->waiting, c, link);
	if (!e->auth_running)
		e->login_with(e);
}

void v3_send(struct v3_call *c)
{
	struct ovnet_registry *e = c->e;

	if (c->req.method != V3_AUTHENTICATE && v3_needs_token(e)) {
		wait_for_token(c);
		return;
	}
	c->login = e->login;
	c->http = v3_post(e, e->wires[c->wire], c->root, c->route.endpoint, &c->req,
		&(struct http_request){
			.timeout_ms = e->client.timeout_ms,
			.max_bytes = answer_max(c),
			.once = is_write(c),
			.done = on_http,
			.arg = c,
		});
}

void v3_ask(struct ovnet_registry *e, const struct v3_request *r, v3_done done, void *arg)
{
	struct v3_call *c = must(calloc(1, sizeof(*c)));

	c->e = e;
	c->req = *r;
	c->done = done;
	c->arg = arg;
	c->route.endpoint = e->client.current;
	v3_use_wire(c, e->wire);
	TAILQ_INSERT_TAIL(&e->calls, c, link);
	v3_send(c);
}

void v3_calls_leave(struct ovnet_registry *e)
{
	struct v3_call *c;

	/* Those that wait for a token wait for one of these calls. */
	TAILQ_FOREACH (c, &e->calls, link) {
		if (c->http != NULL)
			http_call_cancel(c->http);
		c->http = NULL;
		free(c->closed);
		c->closed = NULL;
		c->left = true;
	}
}

/* Who is told of one may begin others. */
void v3_calls_left(struct ovnet_registry *e)
{
	struct v3_call *c;

	do {
		TAILQ_FOREACH (c, &e->calls, link)
			if (c->left)
				break;
		if (c != NULL)
			v3_fail(c, OVNET_REGISTRY_UNAVAILABLE, ETCD_RETARGETED);
	} while (c != NULL);
}

void v3_cancel_all(struct ovnet_registry *e)
{
	struct v3_call *c;

	TAILQ_CONCAT(&e->calls, &e->waiting, link);
	while ((c = TAILQ_FIRST(&e->calls)) != NULL) {
		TAILQ_REMOVE(&e->calls, c, link);
		if (c->http != NULL)
			http_call_cancel(c->http);
		free(c->closed);
		free(c->route.errors);
		free(c);
	}
}
