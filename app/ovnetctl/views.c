/* SPDX-License-Identifier: BSD-3-Clause */
#include "views.h"

#include "table.h"

#define COUNTERS(of) .member = "", .kind = COLUMN_COUNTERS, .scope = OVNET_SCOPE_##of

static const struct column port_columns[] = {
	{"id", "ID", COLUMN_NUMBER},
	{"name", "NAME", COLUMN_TEXT},
	{"kind", "KIND", COLUMN_TEXT},
	{"role", "ROLE", COLUMN_TEXT},
	{"link", "LINK", COLUMN_YES, "up", "down"},
	{"state", "STATE", COLUMN_TEXT},
	{"mtu", "MTU", COLUMN_NUMBER},
	{"rx_queues", "RXQ", COLUMN_NUMBER},
	{"tx_queues", "TXQ", COLUMN_NUMBER},
	{COUNTERS(PORT)},
	{COUNTERS(DEVICE)},
	{"mac", "MAC", COLUMN_TEXT},
	{"addresses", "ADDRESSES", COLUMN_LIST},
	{"far_mac", "FAR-MAC", COLUMN_TEXT},
	{"guest_mtu", "GUEST-MTU", COLUMN_NUMBER},
	{"reconnects", "RECONNECTS", COLUMN_NUMBER},
	{"caps", "CAPS", COLUMN_LIST},
	{"used_features", "FEATURES-USED", COLUMN_LIST},
	{NULL},
};

static const struct column attach_columns[] = {
	{"name", "NAME", COLUMN_TEXT},
	{"from", "FROM", COLUMN_TEXT},
	{"state", "STATE", COLUMN_TEXT},
	{"driver", "DRIVER", COLUMN_TEXT},
	{"iface", "IFACE", COLUMN_TEXT},
	{"devargs", "DEVARGS", COLUMN_TEXT},
	{"addresses", "ADDRESSES", COLUMN_LIST},
	{"mac", "MAC", COLUMN_TEXT},
	{"mtu", "MTU", COLUMN_NUMBER},
	{"queues", "QUEUES", COLUMN_NUMBER},
	{"descriptors", "DESCRIPTORS", COLUMN_NUMBER},
	{"reason", "REASON", COLUMN_TEXT},
	{NULL},
};

static const struct column queue_columns[] = {
	{"queue", "QUEUE", COLUMN_TEXT},
	{"worker", "WORKER", COLUMN_NUMBER},
	{"fixed", "PLACED", COLUMN_YES, "configured", "spread"},
	{COUNTERS(QUEUE)},
	{NULL},
};

static const struct column peer_columns[] = {
	{"subnet", "SUBNET", COLUMN_TEXT},
	{"public_ip", "PUBLIC-IP", COLUMN_TEXT},
	{"encap", "ENCAP", COLUMN_TEXT},
	{"state", "STATE", COLUMN_TEXT},
	{"uplink", "UPLINK", COLUMN_TEXT},
	{"via", "VIA", COLUMN_TEXT},
	{"mac", "MAC", COLUMN_TEXT},
	{"vtep_mac", "VTEP-MAC", COLUMN_TEXT},
	{COUNTERS(PEER)},
	{NULL},
};

static const struct column lease_columns[] = {
	{"subnet", "SUBNET", COLUMN_TEXT},
	{"subnet6", "SUBNET6", COLUMN_TEXT},
	{"public_ip", "PUBLIC-IP", COLUMN_TEXT},
	{"backend", "BACKEND", COLUMN_TEXT},
	{"vtep_mac", "VTEP-MAC", COLUMN_TEXT},
	{"vni", "VNI", COLUMN_NUMBER},
	{"own", "OWN", COLUMN_YES, "own", ""},
	{"stale", "FROM", COLUMN_YES, "snapshot", "etcd"},
	{NULL},
};

static const struct column invalid_columns[] = {
	{"key", "KEY", COLUMN_TEXT},
	{"why", "WHY", COLUMN_TEXT},
	{NULL},
};

static const struct column worker_columns[] = {
	{"id", "ID", COLUMN_NUMBER},
	{"lcore", "LCORE", COLUMN_NUMBER},
	{"cpus", "CPUS", COLUMN_TEXT},
	{"wait", "WAIT", COLUMN_TEXT},
	{"busy_percent", "BUSY", COLUMN_PERCENT},
	{COUNTERS(WORKER)},
	{"queues", "QUEUES", COLUMN_LIST},
	{NULL},
};

static const struct column stage_columns[] = {
	{"stage", "STAGE", COLUMN_TEXT},
	{COUNTERS(STAGE)},
	{NULL},
};

static const struct column drop_columns[] = {
	{"reason", "REASON", COLUMN_TEXT},
	{COUNTERS(DROP)},
	{"port", "PORT", COLUMN_TEXT},
	{"last_source", "LAST-SOURCE", COLUMN_TEXT},
	{"help", "MEANING", COLUMN_TEXT},
	{NULL},
};

const struct view views[] = {
	{.name = "status", .help = "state of the daemon, its lease and its etcd"},
	{.name = "ports",
		.help = "what packets come and go by",
		.key = "id",
		.columns = port_columns,
		.empty = "no ports"},
	{.name = "queues",
		.help = "queues of the ports, and whose they are",
		.key = "queue",
		.columns = queue_columns,
		.empty = "no queues"},
	{.name = "peers",
		.help = "other nodes and the way to them",
		.key = "subnet",
		.columns = peer_columns,
		.empty = "no peers"},
	{.name = "leases",
		.help = "the lease tree as etcd has it",
		.key = "subnet",
		.columns = lease_columns,
		.empty = "no leases"},
	{.name = "workers",
		.help = "threads that move packets",
		.key = "id",
		.columns = worker_columns,
		.empty = "no workers"},
	{.name = "stats",
		.help = "packets by stage",
		.list = "stages",
		.key = "stage",
		.columns = stage_columns,
		.empty = "no stages"},
	{.name = "drops",
		.help = "packets refused, by reason",
		.key = "reason",
		.columns = drop_columns,
		.empty = "nothing was dropped"},
	{.name = NULL},
};

const struct view attach_ports = {
	.name = "port-show", .key = "name", .columns = attach_columns, .empty = "no attach ports"};

const struct view invalid_leases = {
	.name = "leases", .key = "key", .columns = invalid_columns, .empty = "no invalid leases"};

static unsigned add(struct column *out, unsigned n, const struct column *c)
{
	if (n < TABLE_MAX_COLUMNS)
		out[n++] = *c;
	return n;
}

static unsigned add_counters(struct column *out, unsigned n, enum ovnet_counter_scope scope)
{
	for (const struct ovnet_counter *c = NULL; (c = ovnet_counter_next(scope, c)) != NULL;) {
		const struct column column = {.member = c->name,
			.heading = c->heading,
			.kind = c->kind == OVNET_KIND_BYTES ? COLUMN_BYTES
				: ovnet_counter_grows(c)    ? COLUMN_COUNT
							    : COLUMN_NUMBER};
		if (c->heading != NULL)
			n = add(out, n, &column);
	}
	return n;
}

unsigned view_columns(const struct view *view, struct column *out)
{
	unsigned n = 0;

	for (const struct column *c = view->columns; c->member != NULL; c++)
		n = c->kind == COLUMN_COUNTERS ? add_counters(out, n, c->scope) : add(out, n, c);
	return n;
}
