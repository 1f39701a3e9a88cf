/* SPDX-License-Identifier: BSD-3-Clause */
/* Floods of events reach the table whole, in order, and not all in one turn of the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lease/lease_events.h"

#define FLOOD 500

struct bed {
	struct event_base *base;
	struct lease_events *q;
	unsigned applied, slow_us;
	int64_t revision;
};

static void apply(void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct bed *b = arg;

	for (size_t i = 0; i < n; i++) {
		char key[32];
		snprintf(key, sizeof(key), "key-%u", b->applied);
		assert_string_equal(events[i].kv.key, key);
		assert_int_equal(events[i].removed, b->applied % 3 == 0);
		if (events[i].removed)
			assert_null(events[i].kv.value);
		else
			assert_string_equal(events[i].kv.value, key + 4);
		b->applied++;
	}
	if (revision != 0)
		b->revision = revision;
	usleep(b->slow_us);
}

static int set_up(void **state)
{
	static struct bed b;

	b = (struct bed){.base = event_base_new()};
	b.q = lease_events_new(b.base, apply, &b);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *b = *state;

	lease_events_free(b->q);
	event_base_free(b->base);
	return 0;
}

/* Events `from` to `to`; what they point to is gone when this returns. */
static void add(struct bed *b, unsigned from, unsigned to, int64_t revision)
{
	struct ovnet_registry_event *events = calloc(to - from + 1, sizeof(*events));
	char(*keys)[32] = calloc(to - from + 1, sizeof(*keys));

	assert_true(events != NULL && keys != NULL);
	for (unsigned i = from; i < to; i++) {
		struct ovnet_registry_event *ev = &events[i - from];
		snprintf(keys[i - from], sizeof(keys[0]), "key-%u", i);
		ev->kv.key = keys[i - from];
		ev->removed = i % 3 == 0;
		if (ev->removed)
			continue;
		ev->kv.value = keys[i - from] + 4;
		ev->kv.value_len = strlen(ev->kv.value);
	}
	lease_events_add(b->q, events, to - from, revision);
	memset(keys, 'x', (to - from) * sizeof(*keys));
	free(keys);
	free(events);
}

static void few_pass_straight_through(void **state)
{
	struct bed *b = *state;

	add(b, 0, 3, 7);
	assert_int_equal(b->applied, 3);
	assert_int_equal(b->revision, 7);
}

static void many_come_in_order_and_in_parts(void **state)
{
	struct bed *b = *state;

	b->slow_us = 300;
	add(b, 0, FLOOD, 10);
	assert_int_equal(b->applied, 0);
	/* Behind a flood even a single one waits. */
	add(b, FLOOD, FLOOD + 1, 11);
	add(b, FLOOD + 1, 2 * FLOOD, 12);
	event_base_loop(b->base, EVLOOP_ONCE);
	assert_in_range(b->applied, 1, FLOOD - 1);
	assert_int_equal(b->revision, 0);
	event_base_dispatch(b->base);
	assert_int_equal(b->applied, 2 * FLOOD);
	assert_int_equal(b->revision, 12);
	add(b, 2 * FLOOD, 2 * FLOOD + 1, 13);
	assert_int_equal(b->revision, 13);
}

static void dropped_ones_never_come(void **state)
{
	struct bed *b = *state;

	add(b, 0, FLOOD, 10);
	lease_events_drop(b->q);
	assert_int_equal(event_base_dispatch(b->base), 1); /* nothing is armed */
	assert_int_equal(b->applied, 0);
	add(b, 0, 2, 11);
	assert_int_equal(b->applied, 2);
	add(b, 2, FLOOD, 12); /* freed with the queue */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(few_pass_straight_through),
		CASE(many_come_in_order_and_in_parts),
		CASE(dropped_ones_never_come),
	};
	return cmocka_run_group_tests_name("lease_events", tests, NULL, NULL);
}
