/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of all counters: what is said of each, and that none is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "methods/counters.h"

static const struct ovnet_counter_scope_row *scope_of(const struct ovnet_counter *c)
{
	return &ovnet_counter_scopes[c->scope];
}

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* One object has one counter of a name; one answer shows one column of a heading. */
static void names_are_unique(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OVNET_COUNTER_COUNT; i++) {
		const struct ovnet_counter *a = &ovnet_counters[i];
		for (unsigned j = 0; j < i; j++) {
			const struct ovnet_counter *b = &ovnet_counters[j];
			if (same(scope_of(a)->object, scope_of(b)->object) &&
				same(a->name, b->name))
				fail_msg("two counters %s_%s", scope_of(a)->object, a->name);
			if (a->scope == b->scope && same(a->heading, b->heading))
				fail_msg("two headings %s of %s", a->heading, scope_of(a)->object);
		}
	}
}

/* What a name of a metric may have in it. */
static bool is_word(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!islower(*c) && *c != '_')
			return false;
	return text[0] != '\0';
}

/* A sentence's words without its full stop; reasons may begin with a name (IP, VXLAN, TTL). */
static bool is_help(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	return len > 10 && text[0] != ' ' && text[len - 1] != '.' && text[len - 1] != ' ';
}

static void each_is_described(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OVNET_COUNTER_COUNT; i++) {
		const struct ovnet_counter *c = &ovnet_counters[i];
		if (!is_word(c->name) || !is_word(scope_of(c)->object))
			fail_msg("%s_%s is no name", scope_of(c)->object, c->name);
		if (!is_help(c->help))
			fail_msg("%s_%s: \"%s\" is no help", scope_of(c)->object, c->name, c->help);
	}
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++) {
		assert_non_null(ovnet_drop_name(r));
		if (!is_help(ovnet_drop_help(r)))
			fail_msg("%s: \"%s\" is no help", ovnet_drop_name(r), ovnet_drop_help(r));
	}
	for (unsigned s = 0; s < OVNET_STAGE_COUNT; s++)
		assert_true(is_word(ovnet_stage_name(s)));
	assert_null(ovnet_drop_help(OVNET_DROP_COUNT));
	assert_null(ovnet_stage_name(OVNET_STAGE_COUNT));
}

static void a_scope_is_read_in_the_tables_order(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned s = 0; s < OVNET_SCOPE_COUNT; s++) {
		const struct ovnet_counter *last = NULL, *c = NULL;
		while ((c = ovnet_counter_next(s, c)) != NULL) {
			assert_int_equal(c->scope, s);
			assert_true(last == NULL || c == last + 1); /* side by side */
			last = c;
			n++;
		}
		assert_non_null(last);
	}
	assert_int_equal(n, OVNET_COUNTER_COUNT);
}

/* So that the man page has one chapter for each command. */
static void a_commands_counters_stand_together(void **state)
{
	(void)state;
	for (unsigned s = 1; s < OVNET_SCOPE_COUNT; s++)
		for (unsigned before = 0; before + 1 < s; before++)
			if (same(ovnet_counter_scopes[s].command,
				    ovnet_counter_scopes[before].command))
				assert_string_equal(ovnet_counter_scopes[s - 1].command,
					ovnet_counter_scopes[s].command);
}

/*
 * Bytes of a struct: each is a counter's, or of what is named as something else. At most three in
 * a row may be neither, so that they are no number of a counter's size.
 */
struct cover {
	const char *of;
	size_t size;
	unsigned char taken[sizeof(struct ovnet_counters)];
};

static void take(struct cover *cover, size_t from, size_t to)
{
	assert_in_range(cover->size, 1, sizeof(cover->taken));
	assert_in_range(to, from + 1, cover->size);
	for (size_t i = from; i < to; i++) {
		if (cover->taken[i]++ != 0)
			fail_msg("%s: byte %zu is two counters", cover->of, i);
	}
}

static void check_whole(const struct cover *cover)
{
	size_t bare = 0;

	for (size_t i = 0; i < cover->size; i++) {
		bare = cover->taken[i] ? 0 : bare + 1;
		if (bare > 3)
			fail_msg("%s: what is at byte %zu is not in base/counter_table.h",
				cover->of, i - 3);
	}
}

#define END(type, m) (offsetof(type, m) + sizeof(((type *)NULL)->m))
/* Members `first` to `last` are no counters. */
#define BESIDE(type, first, last) take(&cover, offsetof(type, first), END(type, last))

#define IN(type, m)              take(&cover, offsetof(type, m), END(type, m));
#define OF_WORKER(scope, m, ...) IN(struct ovnet_counters, m)
#define OF_PORT(scope, m, ...)   IN(struct ovnet_port_counters, m)
#define OF_PEER(scope, m, ...)   IN(struct ovnet_peer_counters, m)
#define OF_LANE(scope, m, ...)   IN(struct ovnet_lane_stats, m)
#define OF_DEVICE(scope, m, ...) IN(struct ovnet_port_stats, m)
#define OF_QUEUE(scope, m, ...)  IN(struct ports_queue_counters, m)
#define OF_DRIVER(scope, m, ...) IN(struct ovnet_port_queue, m)
#define OF_LEASE(scope, m, ...)  IN(struct ovnet_lease_status, m)
#define OF_LOOP(scope, m, ...)   IN(struct loop, m)

static void what_workers_count_is_in_the_table(void **state)
{
	struct cover cover = {.of = "struct ovnet_counters", .size = sizeof(struct ovnet_counters)};

	(void)state;
	OVNET_STAGE_COUNTERS(OF_WORKER)
	OVNET_DROP_COUNTERS(OF_WORKER)
	OVNET_PATH_COUNTERS(OF_WORKER)
	OVNET_WORKER_COUNTERS(OF_WORKER)
	OVNET_CYCLE_COUNTERS(OF_WORKER)
	BESIDE(struct ovnet_counters, last_source, impostor6_inner);
	BESIDE(struct ovnet_counters, port, port); /* below */
	BESIDE(struct ovnet_counters, peer, peers);
	/* Up to the end of the cache line. */
	if (END(struct ovnet_counters, peers) < sizeof(struct ovnet_counters))
		take(&cover, END(struct ovnet_counters, peers), sizeof(struct ovnet_counters));
	/* impostor6_inner ends within a word. */
	assert_int_equal(END(struct ovnet_counters, impostor6_inner) + 4,
		offsetof(struct ovnet_counters, port));
	take(&cover, END(struct ovnet_counters, impostor6_inner),
		offsetof(struct ovnet_counters, port));
	check_whole(&cover);
}

static void what_ports_and_peers_count_is_in_the_table(void **state)
{
	(void)state;
	{
		struct cover cover = {.of = "struct ovnet_port_counters",
			.size = sizeof(struct ovnet_port_counters)};
		OVNET_PORT_COUNTERS(OF_PORT)
		check_whole(&cover);
	}
	{
		struct cover cover = {.of = "struct ovnet_peer_counters",
			.size = sizeof(struct ovnet_peer_counters)};
		OVNET_PEER_COUNTERS(OF_PEER)
		check_whole(&cover);
	}
	{
		struct cover cover = {
			.of = "struct ovnet_port_stats", .size = sizeof(struct ovnet_port_stats)};
		OVNET_DEVICE_COUNTERS(OF_DEVICE)
		check_whole(&cover);
	}
	{
		struct cover cover = {
			.of = "struct ovnet_port_queue", .size = sizeof(struct ovnet_port_queue)};
		OVNET_DRIVER_COUNTERS(OF_DRIVER)
		BESIDE(struct ovnet_port_queue, port, watched);
		BESIDE(struct ovnet_port_queue, packets, packets); /* below */
		check_whole(&cover);
	}
	{
		struct cover cover = {.of = "struct ports_queue_counters",
			.size = sizeof(struct ports_queue_counters)};
		OVNET_QUEUE_COUNTERS(OF_QUEUE)
		check_whole(&cover);
	}
}

static void what_the_control_thread_counts_is_in_the_table(void **state)
{
	(void)state;
	{
		struct cover cover = {.of = "struct ovnet_lease_status",
			.size = sizeof(struct ovnet_lease_status)};
		OVNET_ETCD_COUNTERS(OF_LEASE)
		OVNET_LEASE_COUNTERS(OF_LEASE)
		BESIDE(struct ovnet_lease_status, state, state);
		BESIDE(struct ovnet_lease_status, saved_at, saved_at);
		BESIDE(struct ovnet_lease_status, transport, error);
		BESIDE(struct ovnet_lease_status, peers, peers); /* known as the daemon's */
		check_whole(&cover);
	}
	{
		struct cover cover = {
			.of = "struct ovnet_lane_stats", .size = sizeof(struct ovnet_lane_stats)};
		OVNET_LANE_COUNTERS(OF_LANE)
		BESIDE(struct ovnet_lane_stats, held_ifindex, held_be);
		check_whole(&cover);
	}
	{
		struct cover cover = {.of = "struct loop", .size = sizeof(struct loop)};
		OVNET_LOOP_COUNTERS(OF_LOOP)
		BESIDE(struct loop, forget, forget);
		take(&cover, END(struct loop, forget), sizeof(struct loop));
		check_whole(&cover);
	}
}

/* Each kind as the socket has it; members of one, four and eight bytes. */
static void values_are_read_from_their_struct(void **state)
{
	const struct ovnet_lease_status s = {.connected = true,
		.away_s = 4000000000,
		.retry_in_ms = 7,
		.revision = INT64_C(1) << 40,
		.expires_at = 1700000000,
		.events = UINT64_C(1) << 50,
		.invalid = 3,
		.sync_ms = 12};
	const struct loop loop = {.turns = 5, .longest_ns = 1234567, .longest_at = 99};
	json_t *o = json_object(), *want;

	(void)state;
	counters_json(o, ETCD, &s);
	counters_json(o, LEASE, &s);
	counters_json(o, LOOP, &loop);
	want = json_pack("{s:b,s:b,s:I,s:i,s:I,s:I,s:i,s:I,s:i,s:i,s:i,s:i,s:i,s:i,s:f,s:i}",
		"connected", 1, "stale", 0, "away_s", (json_int_t)4000000000, "retry_in_ms", 7,
		"revision", (json_int_t)1 << 40, "expires_at", (json_int_t)1700000000, "renewed_at",
		0, "events", (json_int_t)1 << 50, "resyncs", 0, "sync_ms", 12, "renewals", 0,
		"retries", 0, "invalid", 3, "turns", 5, "stall_ms_max", 1.234, "stall_at", 99);
	assert_non_null(want);
	assert_true(json_equal(o, want));
	json_decref(o);
	json_decref(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(each_is_described),
		cmocka_unit_test(a_scope_is_read_in_the_tables_order),
		cmocka_unit_test(a_commands_counters_stand_together),
		cmocka_unit_test(what_workers_count_is_in_the_table),
		cmocka_unit_test(what_ports_and_peers_count_is_in_the_table),
		cmocka_unit_test(what_the_control_thread_counts_is_in_the_table),
		cmocka_unit_test(values_are_read_from_their_struct),
	};

	return cmocka_run_group_tests_name("counter_table", tests, NULL, NULL);
}
