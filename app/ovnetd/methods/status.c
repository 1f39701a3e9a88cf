/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket's answers. Counters are summed over the workers as they stand: a
 * reader may be a burst behind, and no worker is ever stopped for it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "methods/json.h"
#include "methods/status.h"

static json_t *node_json(struct daemon *d)
{
	json_t *n = json_pack("{s:o,s:s,s:s,s:s}", "public_ip", addr_json(&d->node.public_ip),
		"iface", d->underlay.uplinks[0].port->name, "host_device", d->host.port->name,
		"subnet_file", d->conf.node.subnet_file);

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
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:i,s:i,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		"transport", s->transport, "endpoint", s->endpoint, "prefix", d->conf.etcd.prefix,
		"connected", s->connected, "stale", s->stale, "away_s", (int)s->away_s,
		"retry_in_ms", (int)s->retry_in_ms, "error", s->error, "revision",
		(json_int_t)s->revision, "expires_at", (json_int_t)s->expires_at, "renewed_at",
		(json_int_t)s->renewed_at, "events", (json_int_t)s->events, "resyncs",
		(json_int_t)s->resyncs, "renewals", (json_int_t)s->renewals, "retries",
		(json_int_t)s->retries, "invalid", (json_int_t)s->invalid, "sync_ms",
		(json_int_t)s->sync_ms);
}

static json_t *dpdk_json(struct daemon *d)
{
	return json_pack("{s:s,s:i,s:i,s:s,s:i,s:s}", "memory",
		d->engine.hugepages ? "hugepages" : "4K pages", "mbufs", (int)d->conf.dpdk.mbufs,
		"mbufs_free", (int)rte_mempool_avail_count(d->engine.pool), "cpu_level",
		d->engine.path->level, "workers", (int)d->engine.shared.n_workers, "mode",
		d->conf.dpdk.mode == CONF_MODE_POLL ? "poll" : "adaptive");
}

/* Half of the nodes send to the one, half to the other. */
static void add_clash(json_t *list, const struct ovnet_lease_client *c)
{
	char key[2][OVNET_LEASE_KEY_MAX], ip[2][OVNET_ADDR_STRLEN], text[600];
	struct ovnet_lease l[2];

	if (!ovnet_lease_client_clash(c, &l[0], &l[1]))
		return;
	for (unsigned i = 0; i < 2; i++) {
		ovnet_lease_key_text(&l[i], key[i], sizeof(key[i]));
		ovnet_addr_text(&l[i].public_ip, ip[i], sizeof(ip[i]));
	}
	snprintf(text, sizeof(text),
		"two nodes own the same addresses: lease %s of %s (in force here) and lease %s of "
		"%s; a restarted ovnetd whose lease is the younger one claims another, flanneld "
		"keeps it: stop it there, delete its lease, start it again",
		key[0], ip[0], key[1], ip[1]);
	json_array_append_new(list, json_string(text));
}

static json_t *warnings_json(struct daemon *d, const struct ovnet_lease_status *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (d->warnings.row[i].key[0] != '\0')
			json_array_append_new(list, json_string(d->warnings.row[i].text));
	if (s->error[0] != '\0')
		json_array_append_new(list, json_string(s->error));
	add_clash(list, d->lease);
	return list;
}

static json_t *loop_json(struct daemon *d)
{
	const struct loop *l = &d->loop;

	return json_pack("{s:I,s:f,s:I}", "turns", (json_int_t)l->turns, "stall_ms_max",
		(double)(l->longest_ns / 1000) / 1000, "stall_at", (json_int_t)l->longest_at);
}

json_t *status_show(void *arg, const json_t *params, char *err, size_t err_size)
{
	static const char *const states[] = {[OVNET_LEASE_WAIT_CONFIG] = "waiting-config",
		[OVNET_LEASE_ACQUIRE] = "acquiring",
		[OVNET_LEASE_RUNNING] = "running"};
	struct daemon *d = arg;
	struct ovnet_lease_status s;

	if (!methods_running(d, err, err_size))
		return NULL;
	ovnet_lease_client_status(d->lease, &s);
	if (json_is_true(json_object_get(params, "reset")))
		loop_reset(&d->loop);
	json_t *warnings = warnings_json(d, &s);
	bool degraded = json_array_size(warnings) > 0;
	return json_pack("{s:s,s:i,s:I,s:s,s:o,s:o,s:o,s:o,s:i,s:i,s:s,s:o}", "version",
		OVNET_VERSION, "pid", getpid(), "uptime_s", (json_int_t)(time(NULL) - d->started),
		"state", states[s.state], "node", node_json(d), "etcd", etcd_json(d, &s), "dpdk",
		dpdk_json(d), "loop", loop_json(d), "peers", (int)d->peers.n, "peers_pending",
		(int)d->peers.n_queued, "health", degraded ? "degraded" : "ok", "warnings",
		warnings);
}
