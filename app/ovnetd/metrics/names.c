/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/names.h"

#include <stdio.h>
#include <string.h>

/* Where the table's own words would not do, as the unit is another. */
static const struct other {
	enum ovnet_counter_id id;
	const char *name, *help;
} others[] = {
	{OVNET_COUNTER_LEASE_expires_at, "expiry_timestamp_seconds",
		"when our lease ends; missing while it does not"},
	{OVNET_COUNTER_LEASE_renewed_at, "renewal_timestamp_seconds",
		"when our lease was renewed last"},
	{OVNET_COUNTER_LEASE_sync_ms, "sync_duration_seconds",
		"what the last comparison of the whole tree took"},
	{OVNET_COUNTER_LOOP_longest_ns, "longest_turn_seconds",
		"the longest turn of the event loop since the start or `ovnetctl status --reset`"},
	{OVNET_COUNTER_LOOP_longest_at, "longest_turn_timestamp_seconds",
		"when the longest turn was"},
	{OVNET_COUNTER_ETCD_away_s, "away_seconds",
		"for how long etcd has been away, 0: it is there"},
	{OVNET_COUNTER_ETCD_retry_in_ms, "retry_delay_seconds",
		"how long until etcd is asked again, 0: it is being asked, or not needed"},
	{OVNET_COUNTER_NODE_uptime_s, "uptime_seconds", "how long ago the daemon was started"},
};

static const struct other *other_of(const struct ovnet_counter *c)
{
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (c == &ovnet_counters[others[i].id])
			return &others[i];
	return NULL;
}

/* A port's packets are those of its queues, and told by them. */
static const char *object_of(const struct ovnet_counter *c)
{
	if (c->scope == OVNET_SCOPE_QUEUE)
		return "port";
	return c->scope == OVNET_SCOPE_DRIVER ? "driver_drop"
					      : ovnet_counter_scopes[c->scope].object;
}

uint64_t metric_name(const struct ovnet_counter *c, char name[TEXT_NAME_MAX])
{
	const struct other *o = other_of(c);

	snprintf(name, TEXT_NAME_MAX, "ovnet_%s_%s%s", object_of(c), o != NULL ? o->name : c->name,
		ovnet_counter_grows(c) ? "_total" : "");
	if (c->kind == OVNET_KIND_MILLISECONDS)
		return 1000;
	return c->kind == OVNET_KIND_NANOSECONDS ? 1000000000 : 1;
}

const char *metric_type(const struct ovnet_counter *c)
{
	return ovnet_counter_grows(c) ? "counter" : "gauge";
}

const char *metric_help(const struct ovnet_counter *c)
{
	const struct other *o = other_of(c);

	return o != NULL ? o->help : c->help;
}
