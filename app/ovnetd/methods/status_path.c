/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon.h"
#include "engine/totals.h"
#include "methods/counters.h"
#include "methods/json.h"
#include "methods/status.h"

static json_t *u64(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *queues_json(struct daemon *d, unsigned worker)
{
	const struct ovnet_worker_ports *wp = &atomic_load(&d->engine.shared.map)->worker[worker];
	json_t *list = json_array();

	for (unsigned i = 0; i < wp->n_rx; i++)
		json_array_append_new(list, queue_name_json(wp->rx[i].port, wp->rx[i].q->id));
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
		json_t *o = json_pack("{s:i,s:i,s:s,s:s,s:f}", "id", (int)i, "lcore", (int)w->lcore,
			"cpus", d->conf.dpdk.worker_cpus, "wait", wait, "busy_percent", busy);
		counters_json(o, WORKER, c);
		counters_json(o, CYCLE, c);
		json_object_set_new(o, "queues", queues_json(d, i));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *status_stats(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;

	(void)params;
	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *stages = json_array();
	for (unsigned s = 0; s < OVNET_STAGE_COUNT; s++) {
		const struct totals_stage sum = totals_stage(&d->engine, s);
		json_t *row = json_pack("{s:s}", "stage", ovnet_stage_name(s));
		counters_json(row, STAGE, &sum);
		json_array_append_new(stages, row);
	}
	const struct totals_path sum = totals_path(&d->engine);
	json_t *o = json_pack("{s:o}", "stages", stages);
	counters_json(o, PATH, &sum);
	return o;
}

/* A row of drops begins with its counters. */
static void end_row(json_t *list, json_t *row, const char *help, const char *port)
{
	json_object_set_new(row, "help", json_string(help));
	if (port != NULL)
		json_object_set_new(row, "port", json_string(port));
	json_array_append_new(list, row);
}

/* What the workers refused, over all of them. */
static void stage_drops(struct daemon *d, bool all, json_t *list)
{
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++) {
		const struct totals_drop sum = totals_drop(&d->engine, r);
		if (sum.drops == 0 && sum.permitted == 0 && !all)
			continue;
		json_t *row = json_pack("{s:s}", "reason", ovnet_drop_name(r));
		counters_json(row, DROP, &sum);
		if (sum.source.family != 0)
			json_object_set_new(row, "last_source", addr_json(&sum.source));
		end_row(list, row, ovnet_drop_help(r), NULL);
	}
}

static void device_drops(json_t *list, const char *reason, enum ovnet_counter_id id,
	uint64_t packets, const char *port)
{
	json_t *row = json_pack("{s:s,s:o}", "reason", reason, "packets", u64(packets));

	end_row(list, row, ovnet_counters[id].help, port);
}

/* What a port lost before or after the path saw it. */
static void port_drops(struct daemon *d, struct ovnet_port *p, bool all, json_t *list)
{
	struct ovnet_port_stats st = {0};

	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++) {
		const struct driver_counters sum = {ports_rx_drops(&d->ports, p, r)};
		if (sum.rx_drops == 0)
			continue;
		json_t *row = json_pack("{s:s}", "reason", ovnet_drop_name(r));
		counters_json(row, DRIVER, &sum);
		end_row(list, row, ovnet_drop_help(r), p->name);
	}
	ports_stats(&d->ports, p, &st);
	if (st.missed > 0 || all)
		device_drops(
			list, "device-missed", OVNET_COUNTER_DEVICE_missed, st.missed, p->name);
	if (st.tx_errors > 0)
		device_drops(list, "device-tx-error", OVNET_COUNTER_DEVICE_tx_errors, st.tx_errors,
			p->name);
}

json_t *status_drops(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	bool all = json_is_true(json_object_get(params, "all"));

	if (!methods_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	stage_drops(d, all, list);
	for (uint16_t i = 0; i < d->ports.n; i++)
		if (ports_at(&d->ports, i) != NULL)
			port_drops(d, ports_at(&d->ports, i), all, list);
	return list;
}
