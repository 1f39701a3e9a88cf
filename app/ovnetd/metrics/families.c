/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What /metrics says: a family for each line of the table of counters, and some that are no
 * counters. Nothing here is by peer, of which there may be 65,536: `ovnetctl peers` has those.
 */
#include <rte_mempool.h>
#include <rte_version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "methods/counters.h"
#include "metrics/health.h"
#include "metrics/names.h"

/* The instances of a scope: labels, and the struct its counters are members of. */
struct rows {
	struct row {
		struct text_labels labels;
		union {
			struct ports_queue_counters queue;
			struct ovnet_port_stats device;
			struct driver_counters driver;
			struct totals_stage stage;
			struct totals_drop drop;
		};
		const void *from; /* NULL: one of these */
	} * row;
	unsigned n, room;
	bool failed;
};

static struct row *add_row(struct rows *rows)
{
	if (rows->n == rows->room) {
		unsigned room = rows->room > 0 ? 2 * rows->room : 64;
		struct row *row = realloc(rows->row, room * sizeof(*row));
		if (row == NULL) {
			rows->failed = true;
			return NULL;
		}
		rows->row = row;
		rows->room = room;
	}
	struct row *row = &rows->row[rows->n++];
	row->labels.len = 0; /* the rest of it is large */
	row->from = NULL;
	return row;
}

static void put_value(struct text *t, const struct ovnet_counter *c, const char *name,
	uint64_t divisor, const struct row *row)
{
	const uint64_t value = counter_value(c, row->from != NULL ? row->from : &row->queue);

	if (c->kind == OVNET_KIND_TIME && value == 0)
		return; /* not yet, or never */
	if (divisor == 1)
		text_sample(t, name, &row->labels, value);
	else
		text_sample_real(t, name, &row->labels, (double)value / (double)divisor);
}

/* Frees the rows. */
static void put_scope(struct text *t, enum ovnet_counter_scope scope, struct rows *rows)
{
	char name[TEXT_NAME_MAX];

	for (const struct ovnet_counter *c = NULL; (c = ovnet_counter_next(scope, c)) != NULL;) {
		const uint64_t divisor = metric_name(c, name);
		if (rows->n > 0)
			text_family(t, name, metric_type(c), metric_help(c));
		for (unsigned i = 0; i < rows->n; i++)
			put_value(t, c, name, divisor, &rows->row[i]);
	}
	t->failed = t->failed || rows->failed;
	free(rows->row);
}

/* A scope with one instance; `from` is checked to be a pointer to the scope's struct. */
#define put_one(t, scope, from) \
	put_one_of(t, OVNET_SCOPE_##scope, 1 ? (from) : (const COUNTED_##scope *)NULL)

static void put_one_of(struct text *t, enum ovnet_counter_scope scope, const void *from)
{
	struct rows rows = {0};
	struct row *row = add_row(&rows);

	if (row != NULL)
		row->from = from;
	put_scope(t, scope, &rows);
}

static void put_gauge(struct text *t, const char *name, const char *help, uint64_t value)
{
	text_family(t, name, "gauge", help);
	text_sample(t, name, NULL, value);
}

static void put_build(const struct daemon *d, struct text *t)
{
	static const char name[] = "ovnet_build_info";
	struct text_labels l = {.len = 0};

	text_label(&l, "version", OVNET_VERSION);
	text_label(&l, "dpdk", rte_version());
	text_label(&l, "cpu_level", d->engine.path != NULL ? d->engine.path->level : "");
	text_family(t, name, "gauge", "1; by its labels what runs");
	text_sample(t, name, &l, 1);
}

static void put_health(const struct daemon *d, struct text *t)
{
	static const char name[] = "ovnet_findings";
	const struct health h = health_sum(d);

	put_gauge(t, "ovnet_ready",
		"whether the lease is held and packets are forwarded, as /readyz", h.ready);
	put_gauge(t, "ovnet_health",
		"0: ok, 1: warning, 2: critical, as the exit status of `ovnetctl health`", h.worst);
	text_family(t, name, "gauge", "what `ovnetctl health` lists, by severity");
	for (unsigned s = SEVERITY_WARNING; s <= SEVERITY_CRITICAL; s++) {
		struct text_labels l = {.len = 0};
		text_label(&l, "severity", severity_name(s));
		text_sample(t, name, &l, h.n[s]);
	}
}

static void put_peers(const struct daemon *d, struct text *t)
{
	static const char *const states[PEER_STATES] = {[PEER_OK] = "ok",
		[PEER_NO_ROUTE] = "no-route",
		[PEER_OFF_LINK] = "off-link",
		[PEER_IGNORED] = "ignored"};
	const struct peer_gauges sum = {.peers = d->peers.n, .peers_pending = d->peers.n_queued};
	static const char name[] = "ovnet_peers";

	text_family(
		t, name, "gauge", "other nodes by how they are reached; dual-stack ones are two");
	for (unsigned i = 0; i < PEER_STATES; i++) {
		struct text_labels l = {.len = 0};
		text_label(&l, "state", states[i]);
		text_sample(t, name, &l, d->peers.in_state[i]);
	}
	put_one(t, PEERS, &sum);
}

static void put_next_hop(struct text *t, const char *name, const char *state, uint32_t n)
{
	struct text_labels l = {.len = 0};

	text_label(&l, "state", state);
	text_sample(t, name, &l, n);
}

static void put_next_hops(const struct daemon *d, struct text *t)
{
	const struct ovnet_fib_nh_counts n = ovnet_fib_nh_counts(d->engine.fib);
	static const char name[] = "ovnet_next_hops";

	text_family(t, name, "gauge",
		"hosts and gateways of the underlay that packets go to; failed: none answers there "
		"for its MAC address, and no peer behind it is reached");
	put_next_hop(t, name, "resolved", n.resolved);
	put_next_hop(t, name, "pending", n.pending);
	put_next_hop(t, name, "failed", n.failed);
}

/* An endpoint may have a password in it: SCHEME://USER:PASSWORD@HOST. */
static void label_endpoint(struct text_labels *l, const char *endpoint)
{
	const char *host = strstr(endpoint, "://");
	const char *at = host != NULL ? strchr(host, '@') : NULL;
	char text[300];

	if (at == NULL)
		snprintf(text, sizeof(text), "%s", endpoint);
	else
		snprintf(text, sizeof(text), "%.*s://%s", (int)(host - endpoint), endpoint, at + 1);
	text_label(l, "endpoint", text);
}

static void put_lease(const struct daemon *d, struct text *t)
{
	struct ovnet_lease_own own = {0};
	struct ovnet_lease_status s;
	struct text_labels l = {.len = 0};

	if (d->lease == NULL)
		return;
	ovnet_lease_client_status(d->lease, &s);
	label_endpoint(&l, s.endpoint != NULL ? s.endpoint : "");
	text_family(t, "ovnet_etcd_up", "gauge", "whether the watch runs, by the endpoint in use");
	text_sample(t, "ovnet_etcd_up", &l, s.connected);
	put_gauge(t, "ovnet_lease_held", "whether our lease is ours",
		ovnet_lease_client_own(d->lease, &own) && own.held);
	put_one(t, ETCD, &s);
	put_one(t, LEASE, &s);
}

static void put_certs(const struct daemon *d, struct text *t)
{
	static const char name[] = "ovnet_cert_expiry_timestamp_seconds";
	const struct certs *c = &d->metrics.certs;
	bool first = true;

	for (unsigned i = 0; i < CERTS_MAX; i++) {
		struct text_labels l = {.len = 0};
		if (c->cert[i].life.ends == 0)
			continue;
		if (first)
			text_family(t, name, "gauge",
				"when the certificates etcd is spoken to with end");
		first = false;
		text_label(&l, "file", c->cert[i].file);
		text_sample(t, name, &l,
			(uint64_t)(c->cert[i].life.ends > 0 ? c->cert[i].life.ends : 0));
	}
}

static void add_driver(const struct daemon *d, struct ovnet_port *p, struct rows *drivers)
{
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++) {
		const uint64_t packets = ports_rx_drops(&d->ports, p, r);
		struct row *row = packets > 0 ? add_row(drivers) : NULL;
		if (row == NULL)
			continue;
		text_label(&row->labels, "port", p->name);
		text_label(&row->labels, "reason", ovnet_drop_name(r));
		row->driver = (struct driver_counters){packets};
	}
}

static void add_port(const struct daemon *d, struct ovnet_port *p, struct rows *queues,
	struct rows *devices, struct rows *drivers)
{
	struct row *row;

	for (uint16_t q = 0; q < RTE_MAX(p->n_rxq, p->n_txq); q++) {
		if ((row = add_row(queues)) == NULL)
			return;
		text_label(&row->labels, "port", p->name);
		text_label_number(&row->labels, "queue", q);
		row->queue = ports_queue(&d->ports, p, q);
	}
	if ((row = add_row(devices)) == NULL)
		return;
	text_label(&row->labels, "port", p->name);
	row->device = (struct ovnet_port_stats){0};
	ports_stats(&d->ports, p, &row->device);
	add_driver(d, p, drivers);
}

static void put_ports(const struct daemon *d, struct text *t)
{
	struct rows queues = {0}, devices = {0}, drivers = {0};
	static const char name[] = "ovnet_port_up";

	for (uint16_t id = 0; id < d->ports.n; id++)
		if (ports_at(&d->ports, id) != NULL)
			add_port(d, ports_at(&d->ports, id), &queues, &devices, &drivers);
	if (d->ports.n > 0)
		text_family(t, name, "gauge", "whether the port's device is there and its link up");
	for (uint16_t id = 0; id < d->ports.n; id++) {
		struct ovnet_port *p = ports_at(&d->ports, id);
		struct text_labels l = {.len = 0};
		if (p == NULL)
			continue;
		text_label(&l, "port", p->name);
		text_sample(t, name, &l, !ports_is_lost(&d->ports, p) && p->driver->link_up(p));
	}
	put_scope(t, OVNET_SCOPE_QUEUE, &queues);
	put_scope(t, OVNET_SCOPE_DEVICE, &devices);
	put_scope(t, OVNET_SCOPE_DRIVER, &drivers);
}

static void put_stages_and_drops(const struct daemon *d, struct text *t)
{
	const struct totals_path path = totals_path(&d->engine);
	struct rows stages = {0}, drops = {0};
	struct row *row;

	for (unsigned i = 0; i < OVNET_STAGE_COUNT && (row = add_row(&stages)) != NULL; i++) {
		text_label(&row->labels, "stage", ovnet_stage_name(i));
		row->stage = totals_stage(&d->engine, i);
	}
	for (unsigned i = 0; i < OVNET_DROP_COUNT && (row = add_row(&drops)) != NULL; i++) {
		text_label(&row->labels, "reason", ovnet_drop_name(i));
		row->drop = totals_drop(&d->engine, i);
	}
	put_scope(t, OVNET_SCOPE_STAGE, &stages);
	put_scope(t, OVNET_SCOPE_DROP, &drops);
	put_one(t, PATH, &path);
}

static void put_workers(const struct daemon *d, struct text *t)
{
	static const char name[] = "ovnet_worker_busy_ratio";
	struct rows looks = {0}, cycles = {0};
	struct row *row;

	text_family(t, name, "gauge",
		"part of the last ten seconds the worker had packets for, 0 to 1");
	for (unsigned i = 0; i < d->engine.shared.n_workers; i++) {
		struct text_labels l = {.len = 0};
		text_label_number(&l, "worker", i);
		text_sample_real(t, name, &l, d->metrics.samples.worker[i].busy_ratio);
		if ((row = add_row(&looks)) != NULL) {
			row->labels = l;
			row->from = &d->engine.workers[i]->counters;
		}
		if ((row = add_row(&cycles)) != NULL) {
			row->labels = l;
			row->from = &d->engine.workers[i]->counters;
		}
	}
	put_scope(t, OVNET_SCOPE_WORKER, &looks);
	put_scope(t, OVNET_SCOPE_CYCLE, &cycles);
}

static bool workers_run(const struct daemon *d)
{
	const unsigned n = d->engine.shared.n_workers;

	return n > 0 && d->engine.workers[n - 1] != NULL;
}

void metrics_write(const struct daemon *d, struct text *t)
{
	const struct node_gauges node = {.uptime_s = (uint64_t)(time(NULL) - d->started)};
	struct ovnet_lane_stats lane;

	put_build(d, t);
	put_one(t, NODE, &node);
	put_health(d, t);
	put_one(t, LOOP, &d->loop);
	put_lease(d, t);
	put_certs(d, t);
	put_peers(d, t);
	if (!workers_run(d))
		return;
	const struct memory_gauges memory = {
		.mbufs = d->engine.mbufs, .mbufs_free = rte_mempool_avail_count(d->engine.pool)};
	put_one(t, MEMORY, &memory);
	put_gauge(t, "ovnet_memory_hugepages", "whether packets are in hugepages",
		d->engine.hugepages);
	put_next_hops(d, t);
	put_workers(d, t);
	put_stages_and_drops(d, t);
	put_ports(d, t);
	kernel_lane_stats(&d->lane, &lane);
	put_gauge(t, "ovnet_lane_up", "whether the kernel lane is on",
		d->lane.lane != NULL && d->lane.why == NULL);
	put_one(t, LANE, &lane);
}
