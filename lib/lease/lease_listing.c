/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/lease_listing.h"

#include <event2/event.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "loop/slice.h"
#include "loop/timer.h"

#define STEP 16   /* keys between looks at the clock */
#define RUN  1024 /* keys that are sorted in one go */

struct page {
	STAILQ_ENTRY(page) link;
	size_t n;
	struct ovnet_registry_kv kvs[]; /* keys without the prefix; the texts follow them */
};

struct item {
	int64_t created;
	const struct ovnet_registry_kv *kv;
};

struct lease_listing {
	STAILQ_HEAD(, page) pages;
	size_t n;

	struct lease_table *table;
	struct event *turn;
	unsigned phase;
	struct item *items, *spare;
	size_t used, at, run; /* run: as many of them are in order, each time */
	void (*done)(void *arg);
	void *arg;
};

struct lease_listing *lease_listing_new(void)
{
	struct lease_listing *l = must(calloc(1, sizeof(*l)));

	STAILQ_INIT(&l->pages);
	return l;
}

void lease_listing_free(struct lease_listing *l)
{
	struct page *p;

	if (l == NULL)
		return;
	while ((p = STAILQ_FIRST(&l->pages)) != NULL) {
		STAILQ_REMOVE_HEAD(&l->pages, link);
		free(p);
	}
	if (l->turn != NULL)
		event_free(l->turn);
	free(l->items);
	free(l->spare);
	free(l);
}

static char *copy_text(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	at[len] = '\0';
	return at + len + 1;
}

/* Of a value that no lease can have, enough to be refused for its length. */
static size_t kept(const struct ovnet_registry_kv *kv)
{
	return kv->value_len <= OVNET_LEASE_VALUE_MAX ? kv->value_len : OVNET_LEASE_VALUE_MAX + 1;
}

void lease_listing_add(
	struct lease_listing *l, const struct ovnet_registry_kv *kvs, size_t n, size_t skip)
{
	struct page *p;
	size_t room = sizeof(*p) + n * sizeof(p->kvs[0]);

	for (size_t i = 0; i < n; i++)
		room += strlen(kvs[i].key + skip) + kept(&kvs[i]) + 2;
	p = must(malloc(room));
	p->n = n;
	char *at = (char *)&p->kvs[n];
	for (size_t i = 0; i < n; i++) {
		p->kvs[i] = kvs[i];
		p->kvs[i].key = at;
		at = copy_text(at, kvs[i].key + skip, strlen(kvs[i].key + skip));
		p->kvs[i].value = at;
		p->kvs[i].value_len = kept(&kvs[i]);
		at = copy_text(at, kvs[i].value, p->kvs[i].value_len);
	}
	STAILQ_INSERT_TAIL(&l->pages, p, link);
	l->n += n;
}

const struct ovnet_registry_kv *lease_listing_find(const struct lease_listing *l, const char *name)
{
	const struct page *p;

	STAILQ_FOREACH (p, &l->pages, link)
		for (size_t i = 0; i < p->n; i++)
			if (strcmp(p->kvs[i].key, name) == 0)
				return &p->kvs[i];
	return NULL;
}

static size_t step_end(const struct lease_listing *l)
{
	return l->used - l->at < STEP ? l->used : l->at + STEP;
}

static bool mark(struct lease_listing *l)
{
	for (size_t end = step_end(l); l->at < end; l->at++)
		lease_table_mark(l->table, l->items[l->at].kv->key);
	return l->at == l->used;
}

static bool sweep(struct lease_listing *l)
{
	return lease_table_sweep(l->table, STEP);
}

static int older_first(const void *a, const void *b)
{
	int64_t x = ((const struct item *)a)->created, y = ((const struct item *)b)->created;

	return (x > y) - (x < y);
}

/* A run, to be merged with others. */
static bool sort_runs(struct lease_listing *l)
{
	size_t n = l->used - l->at < RUN ? l->used - l->at : RUN;

	qsort(l->items + l->at, n, sizeof(*l->items), older_first);
	l->at += n;
	l->run = RUN;
	return l->at == l->used;
}

static void merge_pair(
	const struct item *a, size_t n_a, const struct item *b, size_t n_b, struct item *out)
{
	while (n_a > 0 || n_b > 0) {
		bool from_a = n_b == 0 || (n_a > 0 && a->created <= b->created);
		*out++ = from_a ? *a++ : *b++;
		n_a -= from_a;
		n_b -= !from_a;
	}
}

/* Two runs into one of twice the length; after the last two, all over again with those. */
static bool merge_runs(struct lease_listing *l)
{
	size_t left = l->used - l->at, n_a = left < l->run ? left : l->run;
	size_t n_b = left - n_a < l->run ? left - n_a : l->run;

	if (l->run >= l->used)
		return true;
	merge_pair(l->items + l->at, n_a, l->items + l->at + n_a, n_b, l->spare + l->at);
	l->at += n_a + n_b;
	if (l->at < l->used)
		return false;
	struct item *merged = l->spare;
	l->spare = l->items;
	l->items = merged;
	l->run *= 2;
	l->at = 0;
	return false;
}

static bool put(struct lease_listing *l)
{
	for (size_t end = step_end(l); l->at < end; l->at++)
		lease_table_put(l->table, l->items[l->at].kv->key, l->items[l->at].kv);
	return l->at == l->used;
}

static bool settle(struct lease_listing *l)
{
	lease_table_settle(l->table);
	return true;
}

/* Each does a little of its phase; true when that is complete. */
static bool (*const phases[])(struct lease_listing *l) = {
	mark, sweep, sort_runs, merge_runs, put, settle};
#define PHASES (sizeof(phases) / sizeof(phases[0]))

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct lease_listing *l = arg;
	struct slice slice = slice_begin();

	(void)fd, (void)what;
	while (l->phase < PHASES && !slice_over(&slice)) {
		if (!phases[l->phase](l))
			continue;
		l->phase++;
		l->at = 0;
	}
	if (l->phase == PHASES)
		l->done(l->arg);
	else
		arm_ms(l->turn, 0);
}

void lease_listing_apply(struct lease_listing *l, struct event_base *base, struct lease_table *t,
	const char *own, void (*done)(void *arg), void *arg)
{
	const struct page *p;

	l->table = t;
	l->done = done;
	l->arg = arg;
	l->items = must(calloc(l->n + 1, sizeof(*l->items)));
	l->spare = must(calloc(l->n + 1, sizeof(*l->spare)));
	STAILQ_FOREACH (p, &l->pages, link)
		for (size_t i = 0; i < p->n; i++)
			if (own == NULL || strcmp(p->kvs[i].key, own) != 0)
				l->items[l->used++] =
					(struct item){p->kvs[i].create_revision, &p->kvs[i]};
	lease_table_unmark(t);
	l->turn = must(evtimer_new(base, on_turn, l));
	arm_ms(l->turn, 0);
}
