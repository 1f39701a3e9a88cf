/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket's answers. Counters are summed over the workers as they stand: a
 * reader may be a burst behind, and no worker is ever stopped for it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "status.h"

static json_t *addr_json(const struct ovnet_addr *a)
{
	char text[OVNET_ADDR_STRLEN];

	return a->family != 0 ? json_string(ovnet_addr_text(a, text, sizeof(text))) : json_null();
}

static json_t *prefix_json(const struct ovnet_prefix4 *p)
{
	char text[OVNET_PREFIX_STRLEN];

	return json_string(ovnet_prefix4_text(p, text, sizeof(text)));
}

static json_t *mac_json(const struct ovnet_mac *m)
{
	char text[OVNET_MAC_STRLEN];

	return json_string(ovnet_mac_text(m, text, sizeof(text)));
}

static json_t *node_json(struct daemon *d)
{
	json_t *n = json_pack("{s:o,s:s,s:s,s:s}", "public_ip", addr_json(&d->public_ip), "iface",
		d->uplinks[0].port->name, "host_device", d->host->name, "subnet_file",
		d->conf.node.subnet_file);

	if (n == NULL || !d->ready)
		return n;
	json_object_set_new(n, "subnet", prefix_json(&d->own.subnet));
	json_object_set_new(n, "network", prefix_json(&d->netconf.network));
	json_object_set_new(n, "backend", json_string(ovnet_backend_name(d->netconf.backend)));
	json_object_set_new(n, "vni", json_integer(d->netconf.vni));
	json_object_set_new(n, "udp_port", json_integer(d->netconf.port));
	json_object_set_new(n, "vtep_mac", mac_json(&d->own.vtep_mac));
	json_object_set_new(n, "mtu", json_integer(d->overlay_mtu));
	return n;
}

static json_t *etcd_json(struct daemon *d, const struct ovnet_lease_status *s)
{
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:i,s:i,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		"transport", s->transport, "endpoint", s->endpoint, "prefix", d->conf.etcd.prefix,
		"connected", s->connected, "stale", s->stale, "away_s", (int)s->away_s,
		"retry_in_ms", (int)s->retry_in_ms, "error", s->error, "revision",
		(json_int_t)s->revision, "expires_at", (json_int_t)s->expires_at, "renewed_at",
		(json_int_t)s->renewed_at, "events", (json_int_t)s->events, "resyncs",
		(json_int_t)s->resyncs, "renewals", (json_int_t)s->renewals, "retries",
		(json_int_t)s->retries, "invalid", (json_int_t)s->invalid);
}

static json_t *dpdk_json(struct daemon *d)
{
	return json_pack("{s:s,s:i,s:i,s:s,s:i,s:s}", "memory",
		d->hugepages ? "hugepages" : "4K pages", "mbufs", (int)d->conf.dpdk.mbufs,
		"mbufs_free", (int)rte_mempool_avail_count(d->pool), "cpu_level", d->path->level,
		"workers", (int)d->shared.n_workers, "mode",
		d->conf.dpdk.mode == CONF_MODE_POLL ? "poll" : "adaptive");
}

static json_t *warnings_json(struct daemon *d, const struct ovnet_lease_status *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (d->warnings.row[i].key[0] != '\0')
			json_array_append_new(list, json_string(d->warnings.row[i].text));
	if (s->error[0] != '\0')
		json_array_append_new(list, json_string(s->error));
	return list;
}

static json_t *status(void *arg, const json_t *params, char *err, size_t err_size)
{
	static const char *const states[] = {[OVNET_LEASE_WAIT_CONFIG] = "waiting-config",
		[OVNET_LEASE_ACQUIRE] = "acquiring",
		[OVNET_LEASE_RUNNING] = "running"};
	struct daemon *d = arg;
	struct ovnet_lease_status s;

	(void)params;
	if (!status_running(d, err, err_size))
		return NULL;
	ovnet_lease_client_status(d->lease, &s);
	json_t *warnings = warnings_json(d, &s);
	bool degraded = json_array_size(warnings) > 0;
	return json_pack("{s:s,s:i,s:I,s:s,s:o,s:o,s:o,s:i,s:s,s:o}", "version", OVNET_VERSION,
		"pid", getpid(), "uptime_s", (json_int_t)(time(NULL) - d->started), "state",
		states[s.state], "node", node_json(d), "etcd", etcd_json(d, &s), "dpdk",
		dpdk_json(d), "peers", (int)d->peers.n, "health", degraded ? "degraded" : "ok",
		"warnings", warnings);
}

static json_t *peer_json(struct daemon *d, const struct peer *p)
{
	struct ovnet_peer_counters c;
	json_t *o = json_pack("{s:o,s:o,s:o,s:s}", "subnet", prefix_json(&p->lease.subnet),
		"public_ip", addr_json(&p->lease.public_ip), "vtep_mac",
		mac_json(&p->lease.vtep_mac), "state", peer_state_name(p));

	if (p->state == PEER_OK) {
		const struct ovnet_nexthop *nh = ovnet_nh_get(p->nh);
		struct ovnet_mac mac;
		memcpy(mac.b, nh->eth, sizeof(mac.b));
		json_object_set_new(o, "uplink", json_string(p->uplink->port->name));
		json_object_set_new(o, "via", addr_json(&p->next_hop));
		json_object_set_new(o, "mac", nh->resolved ? mac_json(&mac) : json_null());
	}
	peer_counters(d, p, &c);
	json_object_set_new(o, "tx_packets", json_integer((json_int_t)c.tx_packets));
	json_object_set_new(o, "tx_bytes", json_integer((json_int_t)c.tx_bytes));
	json_object_set_new(o, "rx_packets", json_integer((json_int_t)c.rx_packets));
	json_object_set_new(o, "rx_bytes", json_integer((json_int_t)c.rx_bytes));
	return o;
}

static json_t *peers(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	struct peer *p;

	(void)params;
	if (!status_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (!p->gone)
			json_array_append_new(list, peer_json(d, p));
	return list;
}

struct lease_list {
	json_t *list;
	bool stale;
};

static void add_lease(void *arg, const struct ovnet_lease *l, bool own)
{
	struct lease_list *into = arg;

	json_array_append_new(
		into->list, json_pack("{s:o,s:o,s:s,s:o,s:i,s:b,s:b}", "subnet",
				    prefix_json(&l->subnet), "public_ip", addr_json(&l->public_ip),
				    "backend", ovnet_backend_name(l->backend), "vtep_mac",
				    l->has_vtep_mac ? mac_json(&l->vtep_mac) : json_null(), "vni",
				    (int)l->vni, "own", own, "stale", into->stale));
}

static void add_invalid(void *arg, const char *key, const char *why)
{
	/* Keys are anybody's bytes: what is no UTF-8 is shown as such instead of lost. */
	json_t *k = json_string(key);

	json_array_append_new(arg, json_pack("{s:o,s:s}", "key",
					   k != NULL ? k : json_string("(not UTF-8)"), "why", why));
}

static json_t *leases(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	struct ovnet_lease_status s;

	if (!status_running(d, err, err_size))
		return NULL;
	json_t *list = json_array();
	ovnet_lease_client_status(d->lease, &s);
	if (json_is_true(json_object_get(params, "invalid")))
		ovnet_lease_client_each_invalid(d->lease, add_invalid, list);
	else
		ovnet_lease_client_each(d->lease, add_lease, &(struct lease_list){list, s.stale});
	return list;
}

const struct ovnet_ctl_method status_methods[] = {
	{"status", status},
	{"peers", peers},
	{"leases", leases},
	{"lease", lease_show},
	{"lease-reserve", lease_reserve},
	{"lease-release", lease_release},
	{"ports", status_ports},
	{"workers", status_workers},
	{"stats", status_stats},
	{"drops", status_drops},
	{NULL, NULL},
};
