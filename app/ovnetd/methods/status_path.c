/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "engine/totals.h"
#include "methods/json.h"
#include "methods/status.h"

static json_t *u64(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *caps_json(uint32_t caps)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{OVNET_CAP_L3, "l3"}, {OVNET_CAP_CHAINED, "chained"},
		{OVNET_CAP_RX_CSUM, "rx-csum"}, {OVNET_CAP_RX_GSO, "rx-gso"},
		{OVNET_CAP_TX_CSUM, "tx-csum"}, {OVNET_CAP_TX_GSO, "tx-gso"},
		{OVNET_CAP_EXCLUSIVE, "exclusive"}};
	json_t *list = json_array();

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (caps & names[i].bit)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

static json_t *port_json(struct daemon *d, struct ovnet_port *p)
{
	static const char *const roles[] = {[OVNET_PORT_HOST] = "host",
		[OVNET_PORT_ATTACH] = "attach",
		[OVNET_PORT_UPLINK] = "uplink"};
	const struct ovnet_port_counters sum = totals_port(&d->engine, p->id);
	struct ovnet_port_stats st = {0};
	struct ovnet_link link;
	const struct ovnet_mac ours = ovnet_port_mac(p);
	char mac[OVNET_MAC_STRLEN];

	ports_stats(&d->ports, p, &st);
	/* The kernel's, which changes: the host device gets the overlay's after it was opened. */
	uint16_t mtu =
		p->ifindex != 0 && ovnet_kernel_link_by_index(d->kernel, p->ifindex, &link) == 0
			? link.mtu
			: p->mtu;
	json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:i,s:i,s:s,s:i,s:i,s:b,s:o}", "id", (int)p->id,
		"name", p->name, "kind", p->driver->name, "role", roles[p->role], "ifindex",
		(int)p->ifindex, "mtu", (int)mtu, "mac", ovnet_mac_text(&ours, mac, sizeof(mac)),
		"rx_queues", (int)p->n_rxq, "tx_queues", (int)p->n_txq, "link",
		p->driver->link_up(p), "caps", caps_json(p->caps));
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {{"rx_packets", sum.rx_packets}, {"rx_bytes", sum.rx_bytes},
		{"tx_packets", sum.tx_packets}, {"tx_bytes", sum.tx_bytes}, {"missed", st.missed},
		{"errors", st.errors}, {"no_mbuf", st.no_mbuf}, {"tx_errors", st.tx_errors}};
	for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		json_object_set_new(o, counters[i].name, u64(counters[i].value));
	return o;
}

json_t *status_ports(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	(void)params;
	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	for (unsigned i = 0; i < d->ports.n; i++)
		if (d->ports.slot[i].port != NULL)
			json_array_append_new(list, port_json(d, d->ports.slot[i].port));
	return list;
}

static json_t *queues_json(struct daemon *d, unsigned worker)
{
	const struct ovnet_worker_ports *wp = &atomic_load(&d->engine.shared.map)->worker[worker];
	json_t *list = json_array();
	char text[64];

	for (unsigned i = 0; i < wp->n_rx; i++) {
		snprintf(text, sizeof(text), "%s:%u", wp->rx[i].port->name, wp->rx[i].q->id);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *status_workers(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	(void)params;
	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	for (unsigned i = 0; i < d->engine.shared.n_workers; i++) {
		struct ovnet_worker *w = d->engine.workers[i];
		const struct ovnet_counters *c = &w->counters;
		double busy = c->total_cycles > 0
				      ? 100.0 * (double)c->busy_cycles / (double)c->total_cycles
				      : 0;
		const char *wait = w->poll_only             ? "poll"
				   : atomic_load(&w->timed) ? "timed"
							    : "epoll";
		json_array_append_new(
			list, json_pack("{s:i,s:i,s:s,s:s,s:f,s:o,s:o,s:o,s:o,s:o}", "id", (int)i,
				      "lcore", (int)w->lcore, "cpus", d->conf.dpdk.worker_cpus,
				      "wait", wait, "busy_percent", busy, "loops", u64(c->loops),
				      "idle_loops", u64(c->idle_loops), "sleeps", u64(c->sleeps),
				      "wakeups", u64(c->wakeups), "queues", queues_json(d, i)));
	}
	return list;
}

json_t *status_stats(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	(void)params;
	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	for (unsigned s = 0; s < OVNET_STAGE_COUNT; s++) {
		const struct totals_stage sum = totals_stage(&d->engine, s);
		json_array_append_new(
			list, json_pack("{s:s,s:o,s:o}", "stage", ovnet_stage_name(s), "packets",
				      u64(sum.packets), "bursts", u64(sum.bursts)));
	}
	const struct totals_other sum = totals_other(&d->engine);
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "stages", list, "absorbed", u64(sum.absorbed),
		"answers", u64(sum.answers), "answers_limited", u64(sum.answers_limited), "pieces",
		u64(sum.pieces));
}

static json_t *drop_json(const char *reason, const char *help, uint64_t packets,
	const struct ovnet_addr *source, const char *port)
{
	char text[OVNET_ADDR_STRLEN];

	return json_pack("{s:s,s:o,s:s,s:s*,s:s*}", "reason", reason, "packets", u64(packets),
		"help", help, "last_source",
		source->family != 0 ? ovnet_addr_text(source, text, sizeof(text)) : NULL, "port",
		port);
}

/* What the workers refused, over all of them. */
static void stage_drops(struct daemon *d, bool all, json_t *list)
{
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++) {
		const struct totals_drop sum = totals_drop(&d->engine, r);
		if (sum.packets == 0 && sum.permitted == 0 && !all)
			continue;
		json_t *row = drop_json(
			ovnet_drop_name(r), ovnet_drop_help(r), sum.packets, &sum.source, NULL);
		json_object_set_new(row, "permitted", u64(sum.permitted));
		json_array_append_new(list, row);
	}
}

/* What a port lost before or after the path saw it. */
static void port_drops(struct daemon *d, struct ovnet_port *p, bool all, json_t *list)
{
	const struct ovnet_addr unknown = {0};
	struct ovnet_port_stats st = {0};

	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++) {
		uint64_t packets = ports_rx_drops(&d->ports, p, r);
		if (packets > 0)
			json_array_append_new(
				list, drop_json(ovnet_drop_name(r), ovnet_drop_help(r), packets,
					      &unknown, p->name));
	}
	ports_stats(&d->ports, p, &st);
	if (st.missed > 0 || all)
		json_array_append_new(
			list, drop_json("device-missed",
				      "the device or kernel had no room: the worker is too slow",
				      st.missed, &unknown, p->name));
	if (st.tx_errors > 0)
		json_array_append_new(
			list, drop_json("device-tx-error", "the device failed to send",
				      st.tx_errors, &unknown, p->name));
}

json_t *status_drops(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	bool all = json_is_true(json_object_get(params, "all"));

	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	stage_drops(d, all, list);
	for (unsigned i = 0; i < d->ports.n; i++)
		if (d->ports.slot[i].port != NULL)
			port_drops(d, d->ports.slot[i].port, all, list);
	return list;
}
