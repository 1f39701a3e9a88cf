/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/slice.h"
#include "loop/timer.h"

/*
 * etcd looks every 10 to 11 minutes (3.4, default) whether a watch had nothing to say all the
 * time since it looked last, and only then sends progress: up to 22 minutes after an event.
 */
#define SILENCE_MS 1500000

/* A server that can be asked (gRPC, etcd 3.4 and later) is asked after so many time-outs. */
#define PROBE_AFTER 6

/*
 * Whether it can be asked is asked so often, a time-out apart: etcd from 3.4.25 and 3.5.8 on leaves
 * a question unanswered while the watch has not caught up with its revision, as right after its
 * start; one before 3.4 never answers.
 */
#define QUESTIONS 5

struct ovnet_registry_watch {
	TAILQ_ENTRY(ovnet_registry_watch) link;
	struct ovnet_registry *e;
	struct ovnet_registry_watch_cbs cbs;
	void *arg;
	const struct v3_wire *wire;
	unsigned endpoint, login;
	struct http_call *http;
	struct event *messages, *silence;
	char *buf;
	/* From `done` on not looked at; its first `known` bytes are the start of a message. */
	size_t len, room, done, known;
	/* A message was the last one; the stream is at its end. `end` says why. */
	bool over, closed;
	bool ended; /* closed, and not by an accident */
	struct v3_error end;
	int64_t revision;  /* up to which all events were delivered */
	bool confirmed;    /* something came */
	bool can_answer;   /* a probe has been answered */
	uint8_t questions; /* left to ask whether it can */
	bool probing;      /* one has not, yet */
	bool *gone;        /* set while a callback runs, which may unwatch */
};

void v3_unwatch(struct ovnet_registry_watch *w)
{
	TAILQ_REMOVE(&w->e->watches, w, link);
	if (w->http != NULL)
		http_call_cancel(w->http);
	if (w->gone != NULL)
		*w->gone = true;
	event_free(w->messages);
	event_free(w->silence);
	free(w->buf);
	free(w);
}

static void end(struct ovnet_registry_watch *w)
{
	struct ovnet_registry *e = w->e;
	bool gone = false;

	etcd_client_fail(&e->client, must_printf("the watch at %s ended: %s",
					     e->client.endpoints.urls[w->endpoint], w->end.text));
	if (w->end.status == OVNET_REGISTRY_UNAVAILABLE)
		e->client.failed_ms[w->endpoint] = monotonic_ms();
	if (w->end.token)
		v3_drop_token(e, w->login);
	w->gone = &gone;
	w->cbs.ended(w->arg, &(struct ovnet_registry_result){
				     .status = w->end.status, .text = e->client.last_error});
	if (!gone) {
		w->gone = NULL;
		v3_unwatch(w);
	}
}

static void set_end(
	struct ovnet_registry_watch *w, enum ovnet_registry_status status, const char *text)
{
	w->end.status = status;
	snprintf(w->end.text, sizeof(w->end.text), "%s", text);
}

static void deliver(struct ovnet_registry_watch *w, const struct v3_watch_reply *r)
{
	struct ovnet_registry_event *events = must(calloc(r->kvs.n + 1, sizeof(*events)));

	for (size_t i = 0; i < r->kvs.n; i++) {
		events[i] = (struct ovnet_registry_event){
			.removed = r->removed[i], .kv = r->kvs.kvs[i]};
		if (events[i].removed)
			events[i].kv.value = NULL;
	}
	if (!r->part)
		w->revision = r->revision;
	w->cbs.events(w->arg, events, r->kvs.n, w->revision);
	free(events);
}

static void on_message(struct ovnet_registry_watch *w, const char *bytes, size_t len)
{
	struct v3_watch_reply r = {0};

	bool broken = w->wire->decode_watch(bytes, len, &r) < 0;
	w->over = broken || r.over;
	w->can_answer |= r.progress;
	if (broken)
		set_end(w, OVNET_REGISTRY_BROKEN, "a message that is no watch answer of etcd");
	else if (r.over)
		w->end = r.error;
	else
		deliver(w, &r);
	v3_kvs_free(&r.kvs);
	free(r.removed);
}

static void probe(struct ovnet_registry_watch *w)
{
	struct v3_bytes b = w->wire->probe();

	http_call_send(w->http, b.p, b.len);
	free(b.p);
}

/* Asked while it surely lives: whether it answers tells what later silence means. */
static void ask(struct ovnet_registry_watch *w)
{
	probe(w);
	w->questions--;
	arm_ms(w->silence, w->questions > 0 ? w->e->client.timeout_ms : SILENCE_MS);
}

static void on_life(struct ovnet_registry_watch *w)
{
	bool first = !w->confirmed;

	w->confirmed = true;
	w->probing = false;
	if (w->can_answer)
		arm_ms(w->silence, PROBE_AFTER * w->e->client.timeout_ms);
	else if (w->questions == 0)
		arm_ms(w->silence, SILENCE_MS);
	else if (first)
		ask(w);
}

/* Whole messages, for a while. As v3_wire.message: 0 or less when there are no more. */
static ssize_t take_messages(struct ovnet_registry_watch *w, const bool *gone)
{
	struct slice slice = slice_begin();
	ssize_t n = 1;

	while (!w->over && n > 0 && !slice_over(&slice)) {
		n = w->wire->message(w->buf + w->done, w->len - w->done, w->known, w->ended);
		if (n <= 0)
			break;
		on_message(w, w->buf + w->done, (size_t)n);
		if (*gone)
			return 0;
		w->done += (size_t)n;
		w->known = 0;
	}
	return n;
}

/* Outside of libcurl: what has come, then the end if there is one. */
static void on_messages(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_registry_watch *w = arg;
	size_t before = w->done;
	bool gone = false;

	(void)fd, (void)what;
	w->gone = &gone;
	ssize_t n = take_messages(w, &gone);
	if (gone)
		return;
	w->gone = NULL;
	/* What a closed stream still held is taken as well, but nobody is there to be probed. */
	if (w->done > before && !w->closed)
		on_life(w);
	if (n > 0 && !w->over) {
		arm_ms(w->messages, 0);
		return;
	}
	w->known = w->len - w->done;
	if (n < 0)
		set_end(w, OVNET_REGISTRY_BROKEN, "bytes that are no watch answer of etcd");
	if (w->over || w->closed || n < 0)
		end(w);
}

/* What was looked at makes room. */
static void compact(struct ovnet_registry_watch *w)
{
	w->len -= w->done;
	memmove(w->buf, w->buf + w->done, w->len);
	w->done = 0;
}

static bool on_data(void *arg, const char *bytes, size_t n)
{
	struct ovnet_registry_watch *w = arg;

	if (w->done == w->len || w->len + n > w->room)
		compact(w);
	if (n > V3_MESSAGE_MAX - w->len)
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
	event_active(w->messages, EV_TIMEOUT, 0);
	return true;
}

static void on_http(void *arg, const struct http_result *r)
{
	struct ovnet_registry_watch *w = arg;

	w->http = NULL;
	/* libcurl 7.88 loses an answer that is all header when etcd resets the stream behind it. */
	if (r->outcome == HTTP_CLOSED)
		set_end(w, OVNET_REGISTRY_UNAVAILABLE,
			"etcd refused it or is gone (has it a leader?)");
	else if (r->outcome != HTTP_ANSWERED)
		set_end(w,
			r->outcome == HTTP_REFUSED ? OVNET_REGISTRY_DENIED
						   : OVNET_REGISTRY_UNAVAILABLE,
			r->text);
	else if (!w->wire->failed(r, &w->end))
		set_end(w, OVNET_REGISTRY_UNAVAILABLE, "etcd closed it (restarting?)");
	w->ended = r->outcome == HTTP_ANSWERED && r->status == 200;
	w->closed = true;
	event_active(w->messages, EV_TIMEOUT, 0);
}

/* Asks, and waits no longer than for two answers. */
static void ask_in_doubt(struct ovnet_registry_watch *w)
{
	probe(w);
	w->probing = true;
	arm_ms(w->silence, 2 * w->e->client.timeout_ms);
}

bool v3_doubt(struct ovnet_registry_watch *w)
{
	if (w->can_answer && !w->probing && !w->closed)
		ask_in_doubt(w);
	return w->can_answer;
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_registry_watch *w = arg;

	(void)fd, (void)what;
	/* on_messages() is due and ends it. */
	if (w->closed)
		return;
	if (w->confirmed && !w->can_answer && w->questions > 0) {
		ask(w);
		return;
	}
	if (w->can_answer && !w->probing) {
		ask_in_doubt(w);
		return;
	}
	set_end(w, OVNET_REGISTRY_UNAVAILABLE, "no sign of life from etcd");
	end(w);
}

void v3_watches_leave(struct ovnet_registry *e)
{
	struct ovnet_registry_watch *w;

	TAILQ_FOREACH (w, &e->watches, link) {
		if (w->http != NULL)
			http_call_cancel(w->http);
		w->http = NULL;
		w->endpoint = e->client.current;
		w->done = w->len; /* the listing that follows knows better */
		w->end.token = false;
		set_end(w, OVNET_REGISTRY_COMPACTED, ETCD_RETARGETED);
		w->over = w->closed = true;
		event_active(w->messages, EV_TIMEOUT, 0);
	}
}

static void start(struct ovnet_registry_watch *w, const char *prefix, int64_t revision)
{
	w->login = w->e->login;
	w->http = v3_post(w->e, w->wire, v3_root_of(w->e, w->wire, w->endpoint), w->endpoint,
		&(struct v3_request){
			.method = V3_WATCH, .key = prefix, .prefix = true, .revision = revision},
		&(struct http_request){
			.max_bytes = V3_ANSWER_MAX,
			.goes_on = w->wire->probe != NULL,
			.done = on_http,
			.data = on_data,
			.arg = w,
		});
	/* It confirms at once; later silence may be longer. */
	arm_ms(w->silence, 2 * w->e->client.timeout_ms);
}

struct ovnet_registry_watch *v3_watch(struct ovnet_registry *e, const char *prefix,
	int64_t revision, const struct ovnet_registry_watch_cbs *cbs, void *arg)
{
	struct ovnet_registry_watch *w = must(calloc(1, sizeof(*w)));

	w->e = e;
	w->cbs = *cbs;
	w->arg = arg;
	w->wire = e->wires[e->wire];
	w->questions = w->wire->probe != NULL ? QUESTIONS : 0;
	w->endpoint = e->client.current;
	w->buf = must(malloc(1));
	w->messages = must(event_new(e->client.base, -1, 0, on_messages, w));
	w->silence = must(evtimer_new(e->client.base, on_silence, w));
	TAILQ_INSERT_TAIL(&e->watches, w, link);
	if (!v3_needs_token(e)) {
		start(w, prefix, revision);
		return w;
	}
	/* Whoever starts anew lists first, which logs in. */
	set_end(w, OVNET_REGISTRY_UNAVAILABLE, "the etcd login ran out");
	w->closed = true;
	event_active(w->messages, EV_TIMEOUT, 0);
	return w;
}
