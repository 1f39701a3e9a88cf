/* SPDX-License-Identifier: BSD-3-Clause */
#include "etcd_v3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void free_call(struct v3_call *c)
{
	free(c->body);
	free(c);
}

static void finish(
	struct v3_call *c, enum ovnet_etcd_status status, const char *text, const json_t *root)
{
	struct v3_answer a = {.status = status, .text = text, .root = root};

	TAILQ_REMOVE(&c->e->calls, c, link);
	c->done(c->arg, &a);
	free_call(c);
}

void v3_fail(struct v3_call *c, enum ovnet_etcd_status status, const char *text)
{
	if (text != c->e->last_error)
		snprintf(c->e->last_error, sizeof(c->e->last_error), "%s", text);
	finish(c, status, c->e->last_error, NULL);
}

static void note(struct v3_call *c, const char *text)
{
	size_t used = strlen(c->errors);

	snprintf(c->errors + used, sizeof(c->errors) - used, "%setcd at %s: %s",
		used > 0 ? "; " : "", c->e->endpoints[c->endpoint], text);
}

static void next_endpoint(struct v3_call *c)
{
	struct ovnet_etcd *e = c->e;

	c->endpoint = (c->endpoint + 1) % e->n_endpoints;
	if (++c->tried < e->n_endpoints) {
		v3_send(c);
		return;
	}
	/* Refused everywhere is a matter of credentials; anything else may pass. */
	v3_fail(c, c->refused == c->tried ? OVNET_ETCD_DENIED : OVNET_ETCD_UNAVAILABLE, c->errors);
}

static void on_error_answer(struct v3_call *c, const struct http_result *r)
{
	struct v3_error error;

	v3_error_of(r->status, r->body, r->len, &error);
	if (error.token && c->kind != V3_AUTH && c->e->username[0] != '\0' && !c->renewed_token) {
		c->renewed_token = true;
		v3_drop_token(c->e);
		v3_wait_for_token(c);
		return;
	}
	note(c, error.text);
	if (error.status == OVNET_ETCD_UNAVAILABLE && c->kind != V3_WRITE) {
		next_endpoint(c);
		return;
	}
	v3_fail(c, error.status, c->errors);
}

static void on_answer(struct v3_call *c, const struct http_result *r)
{
	struct ovnet_etcd *e = c->e;

	if (r->status != 200) {
		on_error_answer(c, r);
		return;
	}
	json_t *root = json_loadb(r->body, r->len, 0, NULL);
	if (!json_is_object(root)) {
		note(c, "the answer is no etcd answer (is this the client port of an etcd?)");
		v3_fail(c, OVNET_ETCD_BROKEN, c->errors);
	} else {
		e->current = c->endpoint;
		e->last_error[0] = '\0';
		finish(c, OVNET_ETCD_OK, "", root);
	}
	json_decref(root);
}

static void on_http(void *arg, const struct http_result *r)
{
	struct v3_call *c = arg;

	c->http = NULL;
	if (r->outcome == HTTP_ANSWERED) {
		on_answer(c, r);
		return;
	}
	note(c, r->text);
	if (r->outcome == HTTP_REFUSED)
		c->refused++;
	if (r->outcome == HTTP_TOO_LONG)
		v3_fail(c, OVNET_ETCD_BROKEN, c->errors);
	else if (r->outcome == HTTP_LOST && c->kind == V3_WRITE)
		v3_fail(c, OVNET_ETCD_UNAVAILABLE, c->errors);
	else
		next_endpoint(c);
}

void v3_url(const struct ovnet_etcd *e, unsigned endpoint, const char *path, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", e->endpoints[endpoint], path);
}

void v3_send(struct v3_call *c)
{
	struct ovnet_etcd *e = c->e;
	char url[512];

	if (c->kind != V3_AUTH && v3_needs_token(e)) {
		v3_wait_for_token(c);
		return;
	}
	v3_url(e, c->endpoint, c->path, url, sizeof(url));
	c->http = http_client_post(
		e->http, &(struct http_request){
				 .url = url,
				 .body = c->body,
				 .authorization = c->kind == V3_AUTH ? NULL : e->token,
				 .timeout_ms = e->timeout_ms,
				 .max_bytes = c->max_bytes,
				 .done = on_http,
				 .arg = c,
			 });
}

void v3_post(struct ovnet_etcd *e, enum v3_kind kind, const char *path, char *body,
	size_t max_bytes, v3_done done, void *arg)
{
	struct v3_call *c = must(calloc(1, sizeof(*c)));

	c->e = e;
	c->kind = kind;
	c->path = path;
	c->body = body;
	c->max_bytes = max_bytes;
	c->done = done;
	c->arg = arg;
	c->endpoint = e->current;
	TAILQ_INSERT_TAIL(&e->calls, c, link);
	v3_send(c);
}

void v3_cancel_all(struct ovnet_etcd *e)
{
	struct v3_call *c;

	TAILQ_CONCAT(&e->calls, &e->waiting, link);
	while ((c = TAILQ_FIRST(&e->calls)) != NULL) {
		TAILQ_REMOVE(&e->calls, c, link);
		if (c->http != NULL)
			http_call_cancel(c->http);
		free_call(c);
	}
}
