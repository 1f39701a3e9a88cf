/* SPDX-License-Identifier: BSD-3-Clause */
#include "etcd_v3.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "mem.h"

/*
 * etcd looks every 10 to 11 minutes (3.4, default) whether a watch had nothing to say all the
 * time since it looked last, and only then sends progress: up to 22 minutes after an event.
 */
#define SILENCE_MS 1500000

struct ovnet_etcd_watch {
	TAILQ_ENTRY(ovnet_etcd_watch) link;
	struct ovnet_etcd *e;
	struct ovnet_etcd_watch_cbs cbs;
	void *arg;
	unsigned endpoint;
	struct http_call *http;
	struct event *lines, *silence;
	char *buf;
	size_t len, room;
	bool over; /* nothing more will come; `end` says why */
	struct v3_error end;
	bool *gone; /* set while a callback runs, which may unwatch */
};

void v3_unwatch(struct ovnet_etcd_watch *w)
{
	TAILQ_REMOVE(&w->e->watches, w, link);
	if (w->http != NULL)
		http_call_cancel(w->http);
	if (w->gone != NULL)
		*w->gone = true;
	event_free(w->lines);
	event_free(w->silence);
	free(w->buf);
	free(w);
}

static void end(struct ovnet_etcd_watch *w)
{
	struct ovnet_etcd *e = w->e;
	bool gone = false;

	snprintf(e->last_error, sizeof(e->last_error), "the watch at %s ended: %s",
		e->endpoints[w->endpoint], w->end.text);
	if (w->end.token)
		v3_drop_token(e);
	w->gone = &gone;
	w->cbs.ended(w->arg,
		&(struct ovnet_etcd_result){.status = w->end.status, .text = e->last_error});
	if (!gone) {
		w->gone = NULL;
		v3_unwatch(w);
	}
}

static void set_end(struct ovnet_etcd_watch *w, enum ovnet_etcd_status status, const char *text)
{
	w->over = true;
	w->end.status = status;
	snprintf(w->end.text, sizeof(w->end.text), "%s", text);
}

static void deliver(struct ovnet_etcd_watch *w, const json_t *result)
{
	const json_t *array = json_object_get(result, "events"), *item;
	size_t n = json_array_size(array), room = 1, used = 0, i;

	json_array_foreach (array, i, item)
		room += v3_kv_room(json_object_get(item, "kv"));
	struct ovnet_etcd_event *events = must(calloc(n + 1, sizeof(*events)));
	char *bytes = must(malloc(room)), *at = bytes;
	json_array_foreach (array, i, item) {
		struct ovnet_etcd_event *ev = &events[used];
		const char *type = json_string_value(json_object_get(item, "type"));
		if (v3_kv_decode(json_object_get(item, "kv"), &ev->kv, &at) < 0)
			continue;
		ev->removed = type != NULL && strcmp(type, "DELETE") == 0;
		if (ev->removed)
			ev->kv.value = NULL;
		used++;
	}
	w->cbs.events(w->arg, events, used, v3_revision(result));
	free(events);
	free(bytes);
}

static void on_canceled(struct ovnet_etcd_watch *w, const json_t *result)
{
	const char *reason = json_string_value(json_object_get(result, "cancel_reason"));

	if (v3_int(result, "compact_revision") > 0) {
		set_end(w, OVNET_ETCD_COMPACTED, "the revision was compacted away");
		return;
	}
	v3_error_of_grpc(14, reason != NULL ? reason : "etcd canceled it", &w->end);
	w->over = true;
}

static void on_line(struct ovnet_etcd_watch *w, const char *line, size_t len)
{
	json_t *root = json_loadb(line, len, 0, NULL);
	const json_t *result = json_object_get(root, "result");
	const json_t *error = json_object_get(root, "error");

	if (json_is_true(json_object_get(result, "canceled"))) {
		on_canceled(w, result);
	} else if (json_is_object(result)) {
		deliver(w, result);
	} else if (json_is_object(error)) {
		const char *text = json_string_value(json_object_get(error, "message"));
		v3_error_of_grpc(v3_int(error, "grpc_code"), text != NULL ? text : "", &w->end);
		w->over = true;
	} else {
		set_end(w, OVNET_ETCD_BROKEN, "a line that is no watch answer of etcd");
	}
	json_decref(root);
}

/* Outside of libcurl: every whole line, then the end if there is one. */
static void on_lines(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_etcd_watch *w = arg;
	bool gone = false;
	size_t done = 0;
	char *nl;

	(void)fd, (void)what;
	w->gone = &gone;
	while ((nl = memchr(w->buf + done, '\n', w->len - done)) != NULL) {
		size_t len = (size_t)(nl - w->buf) - done;
		if (len > 0)
			on_line(w, w->buf + done, len);
		if (gone)
			return;
		done += len + 1;
	}
	w->gone = NULL;
	memmove(w->buf, w->buf + done, w->len - done);
	w->len -= done;
	if (w->over)
		end(w);
	else
		arm_ms(w->silence, SILENCE_MS);
}

static bool on_data(void *arg, const char *bytes, size_t n)
{
	struct ovnet_etcd_watch *w = arg;

	if (n > V3_LISTING_MAX - w->len)
		return false;
	if (w->len + n > w->room) {
		size_t room = (w->len + n) * 2;
		char *buf = realloc(w->buf, room);
		if (buf == NULL)
			return false;
		w->buf = buf;
		w->room = room;
	}
	memcpy(w->buf + w->len, bytes, n);
	w->len += n;
	if (memchr(bytes, '\n', n) != NULL)
		event_active(w->lines, EV_TIMEOUT, 0);
	return true;
}

static void on_http(void *arg, const struct http_result *r)
{
	struct ovnet_etcd_watch *w = arg;

	w->http = NULL;
	if (r->outcome != HTTP_ANSWERED)
		set_end(w, r->outcome == HTTP_REFUSED ? OVNET_ETCD_DENIED : OVNET_ETCD_UNAVAILABLE,
			r->text);
	else if (r->status == 200)
		set_end(w, OVNET_ETCD_UNAVAILABLE, "etcd closed it (restarting?)");
	else
		v3_error_of(r->status, r->body, r->len, &w->end);
	w->over = true;
	event_active(w->lines, EV_TIMEOUT, 0);
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_etcd_watch *w = arg;

	(void)fd, (void)what;
	set_end(w, OVNET_ETCD_UNAVAILABLE, "no sign of life from etcd");
	end(w);
}

static void start(struct ovnet_etcd_watch *w, const char *prefix, int64_t revision)
{
	struct ovnet_etcd *e = w->e;
	char *body = v3_watch_body(prefix, revision);
	char url[512];

	v3_url(e, w->endpoint, "/v3/watch", url, sizeof(url));
	w->http = http_client_post(e->http, &(struct http_request){
						    .url = url,
						    .body = body,
						    .authorization = e->token,
						    .leader = true,
						    .max_bytes = V3_ANSWER_MAX,
						    .done = on_http,
						    .data = on_data,
						    .arg = w,
					    });
	free(body);
	/* It confirms at once; later silence may be longer. */
	arm_ms(w->silence, 2 * e->timeout_ms);
}

struct ovnet_etcd_watch *v3_watch(struct ovnet_etcd *e, const char *prefix, int64_t revision,
	const struct ovnet_etcd_watch_cbs *cbs, void *arg)
{
	struct ovnet_etcd_watch *w = must(calloc(1, sizeof(*w)));

	w->e = e;
	w->cbs = *cbs;
	w->arg = arg;
	w->endpoint = e->current;
	w->buf = must(malloc(1));
	w->lines = must(event_new(e->base, -1, 0, on_lines, w));
	w->silence = must(evtimer_new(e->base, on_silence, w));
	TAILQ_INSERT_TAIL(&e->watches, w, link);
	if (!v3_needs_token(e)) {
		start(w, prefix, revision);
		return w;
	}
	/* Whoever starts anew lists first, which logs in. */
	set_end(w, OVNET_ETCD_UNAVAILABLE, "the etcd login ran out");
	event_active(w->lines, EV_TIMEOUT, 0);
	return w;
}
