/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A long poll after the other, each for the first event from an index on. etcd sends the
 * headers as soon as it listens; they tell the store's index at that moment.
 */
#include "lease/registry/etcd/etcd_v2.h"

#include <event2/event.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/backoff.h"
#include "loop/random.h"
#include "loop/timer.h"

/* Its history is short: a poll that starts from an old index too late costs a listing. */
#define POLL_MS 240000
/* An event that was there when the poll began has come by then. */
#define HISTORY_MS 1000
/* Time-outs between two probes of a quorum; each costs the cluster a log entry. */
#define QUIET 2

struct ovnet_registry_watch {
	TAILQ_ENTRY(ovnet_registry_watch) link;
	struct ovnet_registry *e;
	struct ovnet_registry_watch_cbs cbs;
	void *arg;
	char *prefix, *path;
	int64_t since; /* first index not seen yet */
	int64_t index; /* of the store when the poll began; 0: it has not begun */
	int64_t begun_ms;
	bool listening;
	bool left; /* v2_watches_left() is to end it */
	unsigned endpoint;
	struct http_call *http;
	struct event *begun, *life, *pause;
	struct backoff backoff;
	bool *gone; /* set while a callback runs, which may unwatch */
};

static void poll_from(struct ovnet_registry_watch *w);

void v2_unwatch(struct ovnet_registry_watch *w)
{
	TAILQ_REMOVE(&w->e->watches, w, link);
	if (w->http != NULL)
		http_call_cancel(w->http);
	if (w->gone != NULL)
		*w->gone = true;
	event_free(w->begun);
	event_free(w->life);
	event_free(w->pause);
	free(w->prefix);
	free(w->path);
	free(w);
}

static void end(struct ovnet_registry_watch *w, enum ovnet_registry_status status, const char *text)
{
	struct ovnet_registry *e = w->e;
	bool gone = false;

	etcd_client_fail(&e->client, must_printf("the watch at %s ended: %s",
					     e->client.endpoints.urls[w->endpoint], text));
	if (status == OVNET_REGISTRY_UNAVAILABLE)
		e->client.failed_ms[w->endpoint] = monotonic_ms();
	w->gone = &gone;
	w->cbs.ended(w->arg,
		&(struct ovnet_registry_result){.status = status, .text = e->client.last_error});
	if (!gone) {
		w->gone = NULL;
		v2_unwatch(w);
	}
}

/* False: the watch is gone. */
static bool tell(
	struct ovnet_registry_watch *w, const struct ovnet_registry_event *ev, int64_t revision)
{
	bool gone = false;

	w->gone = &gone;
	w->cbs.events(w->arg, ev, ev != NULL ? 1 : 0, revision);
	if (!gone)
		w->gone = NULL;
	return !gone;
}

static bool is_within(const char *prefix, const char *key)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

void v2_probe_later(struct ovnet_registry *e)
{
	uint32_t span = QUIET * e->client.timeout_ms;

	e->unanswered = 0;
	arm_ms(e->probe, span - span / 8 + random_below(NULL, span / 4));
}

/* `root` is one event. False: the watch is gone or over. */
static bool deliver(struct ovnet_registry_watch *w, const json_t *root)
{
	const char *action = json_string_value(json_object_get(root, "action"));
	const json_t *node = json_object_get(root, "node");
	struct ovnet_registry_event ev = {0};

	if (action == NULL || v2_index(node, "modifiedIndex") <= 0) {
		end(w, OVNET_REGISTRY_BROKEN, "an answer that is no event of etcd");
		return false;
	}
	v2_probe_later(w->e);
	w->since = v2_index(node, "modifiedIndex") + 1;
	ev.removed = strcmp(action, "delete") == 0 || strcmp(action, "expire") == 0 ||
		     strcmp(action, "compareAndDelete") == 0;
	if (v2_is_dir(node) && ev.removed) {
		/* One event for all that was in it. */
		end(w, OVNET_REGISTRY_COMPACTED, "a directory was removed");
		return false;
	}
	/* A directory in its place is the end of a key, too. */
	ev.removed = ev.removed || v2_is_dir(node);
	if (!v2_kv(node, w->prefix, &ev.kv) || !is_within(w->prefix, ev.kv.key))
		return tell(w, NULL, w->since - 1);
	if (ev.removed)
		ev.kv.value = NULL;
	return tell(w, &ev, w->since - 1);
}

/* False: the watch is over. */
static bool on_event(struct ovnet_registry_watch *w, const struct http_result *r)
{
	json_t *root = v2_parse(r->body, r->len);
	bool goes_on = deliver(w, root);

	json_decref(root);
	if (goes_on)
		backoff_reset(&w->backoff);
	return goes_on;
}

/* Nothing came of the poll, so there is nothing up to where it began. */
static void skip_history(struct ovnet_registry_watch *w)
{
	if (w->index >= w->since && monotonic_ms() - w->begun_ms > HISTORY_MS)
		w->since = w->index + 1;
}

static void on_http(void *arg, const struct http_result *r)
{
	struct ovnet_registry_watch *w = arg;
	struct v2_error error;

	w->http = NULL;
	if (r->outcome == HTTP_ANSWERED && r->status != 200) {
		v2_error_of(r->status, r->body, r->len, &error);
		end(w, error.status, error.text);
	} else if (r->outcome == HTTP_ANSWERED && r->len > 0) {
		if (on_event(w, r))
			poll_from(w);
	} else if (w->index == 0 || r->outcome == HTTP_TOO_LONG) {
		end(w,
			r->outcome == HTTP_REFUSED ? OVNET_REGISTRY_DENIED
						   : OVNET_REGISTRY_UNAVAILABLE,
			r->outcome == HTTP_ANSWERED ? "no etcd there" : r->text);
	} else {
		/* Cut short by etcd or the network: not at once, whoever it was may do it again. */
		if (r->outcome == HTTP_ANSWERED)
			skip_history(w);
		evtimer_del(w->life);
		arm_ms(w->pause, backoff_next(&w->backoff));
	}
}

/* Inside of libcurl. */
static void on_header(void *arg, const char *line, size_t n)
{
	struct ovnet_registry_watch *w = arg;

	v2_index_header(line, n, &w->index);
	w->begun_ms = monotonic_ms();
	if (n <= 2)
		event_active(w->begun, EV_TIMEOUT, 0);
}

static void on_begun(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_registry_watch *w = arg;

	(void)fd, (void)what;
	/* The event itself may have overtaken it. */
	if (w->http == NULL || w->index == 0)
		return;
	if (w->index + 1 < w->since) {
		end(w, OVNET_REGISTRY_UNAVAILABLE,
			"its index is lower than it was (restored, or a member that is behind)");
		return;
	}
	arm_ms(w->life, POLL_MS);
	if (!w->listening) {
		w->listening = true;
		tell(w, NULL, w->index);
	}
}

static void on_life(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_registry_watch *w = arg;

	(void)fd, (void)what;
	if (w->index == 0) {
		end(w, OVNET_REGISTRY_UNAVAILABLE, "no answer");
		return;
	}
	http_call_cancel(w->http);
	w->http = NULL;
	skip_history(w);
	poll_from(w);
}

static void on_pause(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	poll_from(arg);
}

static void poll_from(struct ovnet_registry_watch *w)
{
	struct ovnet_registry *e = w->e;
	char *url = NULL;

	w->endpoint = e->client.current;
	w->index = 0;
	if (asprintf(&url, "%s%s?recursive=true&wait=true&waitIndex=%" PRId64,
		    e->client.endpoints.urls[w->endpoint], w->path, w->since) < 0)
		url = NULL;
	w->http = http_client_post(e->client.http, &(struct http_request){
							   .method = "GET",
							   .url = must(url),
							   .headers = e->headers + 1,
							   .max_bytes = V2_ANSWER_MAX,
							   .done = on_http,
							   .header = on_header,
							   .arg = w,
						   });
	free(url);
	arm_ms(w->life, 2 * e->client.timeout_ms);
}

const char *v2_watched(const struct ovnet_registry_watch *w)
{
	return w->prefix;
}

/* Whoever hears of one end may end or begin others. */
void v2_end_watches(struct ovnet_registry *e, const char *text)
{
	char *copy = must(strdup(text)); /* it may be the client's last error, soon another one */
	struct ovnet_registry_watch *w;

	do {
		TAILQ_FOREACH (w, &e->watches, link)
			if (w->listening)
				break;
		if (w != NULL)
			end(w, OVNET_REGISTRY_UNAVAILABLE, copy);
	} while (w != NULL);
	free(copy);
}

void v2_watches_leave(struct ovnet_registry *e)
{
	struct ovnet_registry_watch *w;

	TAILQ_FOREACH (w, &e->watches, link) {
		if (w->http != NULL)
			http_call_cancel(w->http);
		w->http = NULL;
		w->endpoint = e->client.current;
		w->left = true;
		evtimer_del(w->begun);
		evtimer_del(w->life);
		evtimer_del(w->pause);
	}
}

/* Whoever hears of one end may end or begin others. */
void v2_watches_left(struct ovnet_registry *e)
{
	struct ovnet_registry_watch *w;

	do {
		TAILQ_FOREACH (w, &e->watches, link)
			if (w->left)
				break;
		if (w != NULL)
			end(w, OVNET_REGISTRY_COMPACTED, ETCD_RETARGETED);
	} while (w != NULL);
}

void v2_watches_follow(struct ovnet_registry *e)
{
	struct ovnet_registry_watch *w;

	TAILQ_FOREACH (w, &e->watches, link) {
		if (w->http == NULL || w->endpoint == e->client.current)
			continue;
		http_call_cancel(w->http);
		w->http = NULL;
		poll_from(w);
	}
}

struct ovnet_registry_watch *v2_watch(struct ovnet_registry *e, const char *prefix,
	int64_t revision, const struct ovnet_registry_watch_cbs *cbs, void *arg)
{
	struct ovnet_registry_watch *w = must(calloc(1, sizeof(*w)));

	w->e = e;
	w->cbs = *cbs;
	w->arg = arg;
	w->prefix = must(strdup(prefix));
	w->path = v2_path(prefix);
	w->since = revision > 0 ? revision : 1;
	w->backoff = (struct backoff){.min_ms = 500, .max_ms = 8000};
	w->begun = must(event_new(e->client.base, -1, 0, on_begun, w));
	w->life = must(evtimer_new(e->client.base, on_life, w));
	w->pause = must(evtimer_new(e->client.base, on_pause, w));
	if (TAILQ_EMPTY(&e->watches))
		v2_probe_later(e);
	TAILQ_INSERT_TAIL(&e->watches, w, link);
	poll_from(w);
	return w;
}
