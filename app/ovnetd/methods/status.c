/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket's answers. Counters are summed over the workers as they stand: a
 * reader may be a burst behind, and no worker is ever stopped for it.
 */
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "methods/counters.h"
#include "methods/json.h"
#include "methods/status.h"
#include "metrics/health.h"

static json_t *node_json(struct daemon *d)
{
	json_t *n = json_pack("{s:o,s:s,s:s,s:s}", "public_ip", addr_json(&d->node.public_ip),
		"iface", d->underlay.uplinks[0].port->name, "host_device",
		d->host.port != NULL ? d->host.port->name : "", "subnet_file",
		d->conf.node.subnet_file);

	if (n == NULL || !node_has(&d->node, NODE_READY))
		return n;
	json_object_set_new(n, "subnet", prefix4_json(&d->node.own.subnet));
	json_object_set_new(n, "network", prefix4_json(&d->node.netconf.network));
	if (d->node.own.has_v6) {
		json_object_set_new(n, "subnet6", prefix6_json(&d->node.own.subnet6));
		json_object_set_new(n, "network6", prefix6_json(&d->node.netconf.network6));
	}
	json_object_set_new(n, "backend", json_string(ovnet_backend_name(d->node.netconf.backend)));
	json_object_set_new(n, "vni", json_integer(d->node.netconf.vni));
	json_object_set_new(n, "udp_port", json_integer(d->node.netconf.port));
	json_object_set_new(n, "vtep_mac", mac_json(&d->node.own.vtep_mac));
	json_object_set_new(n, "mtu", json_integer(d->node.overlay_mtu));
	return n;
}

static json_t *etcd_json(struct daemon *d, const struct ovnet_lease_status *s)
{
	json_t *o = json_pack("{s:s,s:s,s:s}", "transport", s->transport, "endpoint", s->endpoint,
		"prefix", d->conf.etcd.prefix);

	counters_json(o, ETCD, s);
	json_object_set_new(o, "error", json_string(s->error));
	counters_json(o, LEASE, s);
	return o;
}

static json_t *dpdk_json(struct daemon *d)
{
	const struct memory_gauges memory = {
		.mbufs = d->engine.mbufs, .mbufs_free = rte_mempool_avail_count(d->engine.pool)};
	json_t *o = json_pack("{s:s}", "memory", d->engine.hugepages ? "hugepages" : "4K pages");

	counters_json(o, MEMORY, &memory);
	json_object_set_new(o, "cpu_level", json_string(d->engine.path->level));
	json_object_set_new(o, "workers", json_integer(d->engine.shared.n_workers));
	json_object_set_new(
		o, "mode", json_string(d->conf.dpdk.mode == CONF_MODE_POLL ? "poll" : "adaptive"));
	return o;
}

/* That it has just begun is no warning. */
static void add_finding(void *arg, const struct health_finding *f)
{
	if (strcmp(f->key, "starting") != 0)
		json_array_append_new(arg, json_string(f->text));
}

static json_t *warnings_json(const struct daemon *d)
{
	json_t *list = json_array();

	health_each(d, add_finding, list);
	return list;
}

static json_t *loop_json(struct daemon *d)
{
	json_t *o = json_object();

	counters_json(o, LOOP, &d->loop);
	return o;
}

json_t *status_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	static const char *const states[] = {[OVNET_LEASE_WAIT_CONFIG] = "waiting-config",
		[OVNET_LEASE_ACQUIRE] = "acquiring",
		[OVNET_LEASE_RUNNING] = "running"};
	struct daemon *d = arg;
	const struct node_gauges node = {.uptime_s = (uint64_t)(time(NULL) - d->started)};
	const struct peer_gauges peers = {.peers = d->peers.n, .peers_pending = d->peers.n_queued};
	struct ovnet_lease_status s;

	if (!methods_running(d, err, err_size))
		return NULL;
	ovnet_lease_client_status(d->lease, &s);
	if (json_is_true(json_object_get(params, "reset")))
		loop_reset(&d->loop);
	json_t *warnings = warnings_json(d);
	bool degraded = json_array_size(warnings) > 0;
	json_t *o = json_pack("{s:s,s:i}", "version", OVNET_VERSION, "pid", getpid());
	counters_json(o, NODE, &node);
	json_object_set_new(o, "state", json_string(states[s.state]));
	json_object_set_new(o, "node", node_json(d));
	json_object_set_new(o, "etcd", etcd_json(d, &s));
	json_object_set_new(o, "dpdk", dpdk_json(d));
	json_object_set_new(o, "lane", status_lane_json(d));
	json_object_set_new(o, "loop", loop_json(d));
	counters_json(o, PEERS, &peers);
	json_object_set_new(o, "health", json_string(degraded ? "degraded" : "ok"));
	json_object_set_new(o, "warnings", warnings);
	return o;
}
