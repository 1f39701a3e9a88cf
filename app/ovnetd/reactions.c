/* SPDX-License-Identifier: BSD-3-Clause */
#include "reactions.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "daemon.h"
#include "node/backend.h"

OVNET_LOG_TYPE(overlay)

#define CHECK_S    10   /* as flanneld's host-gw looks after its routes */
#define PER_SECOND 1000 /* peers that make the check a second rarer, for it lists all routes */

/* Attach ports and their addresses are others: the kernel's ways to them. */
static void reach(struct daemon *d, const struct ovnet_prefix *addrs, unsigned n)
{
	if (attach_routes_want(&d->attach_routes, addrs, n) < 0 ||
		proxies_want(&d->proxies, addrs, n) < 0)
		LOG(ERR, "no memory for the routes to attach ports: they stay as they were");
	kernel_lane_attached(&d->lane, addrs, n);
}

static void reach_attached(struct daemon *d)
{
	struct ovnet_prefix *addrs = NULL;
	unsigned n = d->host.port != NULL ? attach_addresses(&d->attach, &addrs) : 0;

	reach(d, addrs, n);
	free(addrs);
}

/* The kernel. */

static void on_neighbour(
	void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const struct ovnet_mac *mac)
{
	struct daemon *d = arg;

	peers_neighbour(&d->peers, ifindex, addr, mac);
}

static void on_route_changed(void *arg)
{
	struct daemon *d = arg;

	d->blackhole.routes_changed = true;
	proxies_routes_changed(&d->proxies);
	peers_resolve_all(&d->peers);
}

static void on_link_changed(void *arg, const struct ovnet_link *link)
{
	struct daemon *d = arg;

	underlay_link_changed(&d->underlay, link);
	host_link_changed(&d->host, link);
	attach_link_changed(&d->attach, link);
}

/* Thousands may come and go at once where a load balancer has its addresses: folded. */
static void on_addrs_changed(void *arg)
{
	struct daemon *d = arg;

	ingress_update(&d->ingress);
	proxies_links_changed(&d->proxies);
	d->blackhole.routes_changed = true;
}

/* What was lost may have been the end of a device. */
static void on_resync(void *arg)
{
	struct daemon *d = arg;

	underlay_check(&d->underlay);
	host_check(&d->host);
	attach_check(&d->attach);
	peers_resolve_all(&d->peers);
}

const struct ovnet_kernel_events reactions_kernel = {
	.neighbour = on_neighbour,
	.route_changed = on_route_changed,
	.link_changed = on_link_changed,
	.addrs_changed = on_addrs_changed,
	.resync = on_resync,
};

/* Our parts. */

static void on_underlay_changed(void *arg)
{
	struct daemon *d = arg;

	kernel_lane_update(&d->lane);
	peers_resolve_all(&d->peers);
}

static void on_next_hop(
	void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const uint8_t *eth)
{
	struct daemon *d = arg;

	kernel_lane_next_hop(&d->lane, ifindex, addr, eth);
}

static void on_routes_gone(void *arg)
{
	struct daemon *d = arg;

	kernel_lane_update(&d->lane);
	peers_set_routes(&d->peers);
	attach_routes_set_all(&d->attach_routes);
}

/* By etcd, or by a snapshot without it. */
static void take_over(struct daemon *d)
{
	bool all_known = node_has(&d->node, NODE_SYNCED) || d->takeover.restored;

	if (!takeover_pending(&d->takeover) || !node_has(&d->node, NODE_READY) || !all_known)
		return;
	if (takeover_swap(&d->takeover) < 0)
		daemon_exit(d, EXIT_FAILURE);
}

static void on_settled(void *arg)
{
	struct daemon *d = arg;

	take_over(d);
	if (!node_has(&d->node, NODE_SYNCED) || node_has(&d->node, NODE_SETTLED))
		return;
	node_advance(&d->node, NODE_SETTLED);
	node_write_env(&d->node);
	LOG(NOTICE, "ready: %u peers; watching for new subnet leases", d->peers.n);
	if (takeover_start_rules(&d->takeover, d->base) < 0)
		LOG(ERR, "no memory: others' rules are looked at once only");
}

static void on_attach_changed(void *arg)
{
	struct daemon *d = arg;

	if (node_has(&d->node, NODE_READY))
		reach_attached(d);
	guests_ports_changed(&d->guests);
}

static void on_peer_changed(void *arg, const struct peer *p)
{
	struct daemon *d = arg;

	kernel_lane_peer(&d->lane, p);
}

static void on_peer_counted(void *arg, uint32_t id, struct ovnet_peer_counters *sum)
{
	const struct daemon *d = arg;

	kernel_lane_counted(&d->lane, id, sum);
}

static void on_lane_opened(void *arg)
{
	struct daemon *d = arg;

	peers_republish(&d->peers);
}

const struct underlay_events reactions_underlay = {
	.changed = on_underlay_changed,
	.next_hop = on_next_hop,
};
const struct host_events reactions_host = {.routes_gone = on_routes_gone};
const struct attach_events reactions_attach = {.changed = on_attach_changed};
const struct peers_events reactions_peers = {
	.settled = on_settled,
	.changed = on_peer_changed,
	.counted = on_peer_counted,
};
const struct kernel_lane_events reactions_lane = {.opened = on_lane_opened};

/* It is off while packets are looked at: all of them are to be seen. */
void reactions_capture(void *arg)
{
	struct daemon *d = arg;

	kernel_lane_look(&d->lane);
}

/* The lease tree. */

static int on_attrs(void *arg, const struct ovnet_netconf *c, const struct ovnet_lease *previous,
	struct ovnet_lease *own)
{
	struct daemon *d = arg;
	const struct backend_underlay facts = underlay_facts(&d->underlay);
	struct ovnet_lease was = previous != NULL ? *previous : (struct ovnet_lease){0};
	int rc = backend_check(&d->node, &facts, c);

	if (rc == 0)
		rc = takeover_look(&d->takeover, c);
	if (rc == 0)
		rc = node_hold_port(&d->node, &d->patience, c);
	if (rc < 0)
		return rc;
	takeover_adopt(&d->takeover, c, &was, own);
	return c->backend == OVNET_BACKEND_VXLAN ? node_choose_macs(&d->node, c, &was, own) : 0;
}

/* `own` all zero: no address is ours. */
static int set_tables(struct daemon *d, const struct ovnet_prefix4 *own)
{
	const struct ovnet_port *host = d->host.port;
	struct ovnet_mac mac;

	if (host != NULL)
		mac = ovnet_port_mac(host);
	int rc = backend_set_tables(&d->node, d->engine.fib, own, host != NULL ? host->id : 0,
		host != NULL ? &mac : NULL);
	if (rc == 0 && own->len != 0)
		attach_enter(&d->attach);
	return rc;
}

/* A host device that was deleted is set up when it is there again. */
static int set_up(struct daemon *d)
{
	int rc = set_tables(d, &d->node.own.subnet);

	if (rc == 0)
		rc = underlay_filter(&d->underlay);
	if (rc == 0 && d->host.port != NULL && !ports_is_lost(&d->ports, d->host.port))
		rc = host_set_up(&d->host);
	return rc;
}

static void on_acquired(void *arg, const struct ovnet_netconf *c, const struct ovnet_lease *own)
{
	struct daemon *d = arg;
	bool again = node_has(&d->node, NODE_READY);

	node_take_lease(&d->node, c, own, underlay_facts(&d->underlay).mtu);
	takeover_prepare(&d->takeover);
	if (set_up(d) < 0) {
		daemon_exit(d, EXIT_FAILURE);
		return;
	}
	node_advance(&d->node, NODE_READY);
	attach_open(&d->attach);
	guests_lease(&d->guests);
	reach_attached(d);
	kernel_lane_update(&d->lane);
	warn_clear(&d->warnings, "lease-lost");
	underlay_check_mtu(&d->underlay);
	ingress_update(&d->ingress);
	firewall_job_update(&d->firewall);
	if (!again)
		return;
	peers_republish(&d->peers);
	if (node_has(&d->node, NODE_SETTLED))
		node_write_env(&d->node);
}

/*
 * Drained, no address is ours: what still comes for the former subnet is inner-dest, and its new
 * owner may be a peer.
 */
static void on_lost(
	void *arg, const struct ovnet_lease *was, const struct ovnet_lease *owner, bool leaving)
{
	struct daemon *d = arg;
	const struct ovnet_prefix4 nothing = {0};
	char subnet[OVNET_PREFIX_STRLEN], ip[OVNET_ADDR_STRLEN];

	warn_set(&d->warnings, "lease-lost", "our subnet %s belongs to %s now: %s",
		ovnet_prefix4_text(&was->subnet, subnet, sizeof(subnet)),
		owner->public_ip.family != 0 ? ovnet_addr_text(&owner->public_ip, ip, sizeof(ip))
					     : "another node",
		leaving ? "left, waiting for another one"
			: "kept, waiting until it is free; stop the other node or restart this one "
			  "with --on-lost=drain");
	if (!leaving)
		return;
	node_leave_lease(&d->node);
	reach(d, NULL, 0);
	guests_ports_changed(&d->guests); /* they are told nothing by DHCP any more */
	if (set_tables(d, &nothing) < 0)
		daemon_exit(d, EXIT_FAILURE);
}

static void on_config(void *arg, const char *text)
{
	struct daemon *d = arg;

	if (text != NULL)
		warn_set(&d->warnings, "netconf", "%s", text);
	else
		warn_clear(&d->warnings, "netconf");
}

static void on_goodbye(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	daemon_exit(arg, EXIT_SUCCESS);
}

static void on_ordered(void *arg, enum ovnet_lease_order order, const char *err)
{
	static const struct timeval moment = {.tv_sec = 1}; /* ovnetctl asks how it went */
	struct daemon *d = arg;

	d->orders.running = false;
	snprintf(d->orders.error, sizeof(d->orders.error), "%s", err != NULL ? err : "");
	if (err != NULL || order != OVNET_LEASE_REMOVE)
		return;
	LOG(NOTICE, "the lease was given back: stopping; `ovnetd --cleanup` removes device and "
		    "routes");
	if (event_base_once(d->base, -1, EV_TIMEOUT, on_goodbye, d, &moment) < 0)
		daemon_exit(d, EXIT_SUCCESS);
}

static void on_peer_set(void *arg, const struct ovnet_lease *lease)
{
	struct daemon *d = arg;

	peers_set(&d->peers, lease);
}

static void on_peer_del(void *arg, const struct ovnet_lease *lease)
{
	struct daemon *d = arg;

	peers_del(&d->peers, lease);
}

static void on_synced(void *arg)
{
	struct daemon *d = arg;

	warn_clear(&d->warnings, "stale");
	node_advance(&d->node, NODE_SYNCED);
	peers_check(&d->peers);
}

/* Pods need no etcd to talk, but docker and CNI need the file, and /run does not last. */
static void on_restored(void *arg, int64_t saved_at)
{
	struct daemon *d = arg;

	warn_set(&d->warnings, "stale",
		"etcd has not answered since the start: forwarding by the snapshot of %lld s "
		"before "
		"it (%s)",
		(long long)(time(NULL) - saved_at), d->conf.registry.snapshot);
	node_write_env(&d->node);
	d->takeover.restored = true;
	if (takeover_pending(&d->takeover))
		peers_check(&d->peers); /* it ends with all of them settled */
}

static void on_fatal(void *arg, const char *text)
{
	LOG(ERR, "giving up: %s", text);
	daemon_exit(arg, EXIT_FAILURE);
}

const struct ovnet_lease_callbacks reactions_lease = {
	.attrs = on_attrs,
	.acquired = on_acquired,
	.lost = on_lost,
	.config = on_config,
	.ordered = on_ordered,
	.peer_set = on_peer_set,
	.peer_del = on_peer_del,
	.restored = on_restored,
	.synced = on_synced,
	.fatal = on_fatal,
};

uint32_t reactions_check(struct daemon *d)
{
	underlay_check(&d->underlay);
	host_check(&d->host);
	attach_check(&d->attach);
	guests_check(&d->guests);
	underlay_check_routed(&d->underlay);
	if (d->blackhole.routes_changed)
		blackhole_check(&d->blackhole);
	proxies_check(&d->proxies);
	kernel_lane_mend(&d->lane);
	if (d->handover.phase == HANDOVER_NONE) /* which makes the same device */
		takeover_check(&d->takeover);
	if (node_has(&d->node, NODE_SYNCED))
		peers_check(&d->peers);
	else
		attach_routes_check_alone(&d->attach_routes);
	if (node_has(&d->node, NODE_SETTLED) && !d->node.env_written)
		node_write_env(&d->node);
	return CHECK_S + d->peers.n / PER_SECOND;
}
