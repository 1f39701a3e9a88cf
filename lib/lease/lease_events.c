/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/lease_events.h"

#include <event2/event.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "loop/slice.h"
#include "loop/timer.h"

#define STEP 16 /* events between looks at the clock, or that pass straight through */

struct batch {
	STAILQ_ENTRY(batch) link;
	int64_t revision;
	size_t n, at;
	struct ovnet_registry_event events[]; /* their texts follow */
};

struct lease_events {
	STAILQ_HEAD(, batch) waiting;
	struct event *turn;
	lease_events_fn apply;
	void *arg;
};

static void step(struct lease_events *q)
{
	struct batch *b = STAILQ_FIRST(&q->waiting);
	const struct ovnet_registry_event *events = b->events + b->at;
	size_t n = b->n - b->at < STEP ? b->n - b->at : STEP;

	b->at += n;
	q->apply(q->arg, events, n, b->at == b->n ? b->revision : 0);
	if (b->at < b->n)
		return;
	STAILQ_REMOVE_HEAD(&q->waiting, link);
	free(b);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct lease_events *q = arg;
	struct slice slice = slice_begin();

	(void)fd, (void)what;
	while (!STAILQ_EMPTY(&q->waiting) && !slice_over(&slice))
		step(q);
	if (!STAILQ_EMPTY(&q->waiting))
		arm_ms(q->turn, 0);
}

struct lease_events *lease_events_new(struct event_base *base, lease_events_fn apply, void *arg)
{
	struct lease_events *q = must(calloc(1, sizeof(*q)));

	STAILQ_INIT(&q->waiting);
	q->turn = must(evtimer_new(base, on_turn, q));
	q->apply = apply;
	q->arg = arg;
	return q;
}

void lease_events_drop(struct lease_events *q)
{
	struct batch *b;

	while ((b = STAILQ_FIRST(&q->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&q->waiting, link);
		free(b);
	}
	event_del(q->turn);
}

void lease_events_free(struct lease_events *q)
{
	if (q == NULL)
		return;
	lease_events_drop(q);
	event_free(q->turn);
	free(q);
}

static const char *copied(char **at, const char *text, size_t len)
{
	char *copy = *at;

	memcpy(copy, text, len);
	copy[len] = '\0';
	*at += len + 1;
	return copy;
}

static struct batch *batch_new(
	const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct batch *b;
	size_t room = sizeof(*b) + n * sizeof(b->events[0]);

	for (size_t i = 0; i < n; i++)
		room += strlen(events[i].kv.key) + events[i].kv.value_len + 2;
	b = must(malloc(room));
	b->revision = revision;
	b->n = n;
	b->at = 0;
	char *at = (char *)&b->events[n];
	for (size_t i = 0; i < n; i++) {
		const struct ovnet_registry_kv *kv = &events[i].kv;
		b->events[i] = events[i];
		b->events[i].kv.key = copied(&at, kv->key, strlen(kv->key));
		if (kv->value != NULL)
			b->events[i].kv.value = copied(&at, kv->value, kv->value_len);
	}
	return b;
}

void lease_events_add(struct lease_events *q, const struct ovnet_registry_event *events, size_t n,
	int64_t revision)
{
	if (STAILQ_EMPTY(&q->waiting) && n <= STEP) {
		q->apply(q->arg, events, n, revision);
		return;
	}
	struct batch *b = batch_new(events, n, revision);
	if (STAILQ_EMPTY(&q->waiting))
		arm_ms(q->turn, 0);
	STAILQ_INSERT_TAIL(&q->waiting, b, link);
}
