/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "log.h"
#include "next_hop.h"
#include "vxlan4.h"

OVNET_LOG_TYPE(peers)

#define RESOLVE_STEP 256 /* peers per turn of the loop: about a millisecond */

static int by_subnet(const void *a, const void *b)
{
	const struct ovnet_prefix4 *p = &((const struct peer *)a)->lease.subnet;
	const struct ovnet_prefix4 *q = &((const struct peer *)b)->lease.subnet;

	if (p->addr_host != q->addr_host)
		return p->addr_host < q->addr_host ? -1 : 1;
	return (int)p->len - (int)q->len;
}

static struct peer *find(struct peers *ps, const struct ovnet_prefix4 *subnet)
{
	struct peer key = {.lease.subnet = *subnet};
	struct peer **at = tfind(&key, &ps->tree, by_subnet);

	return at != NULL ? *at : NULL;
}

static struct peer *add(struct peers *ps, const struct ovnet_lease *lease)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->lease = *lease;
	p->state = PEER_IGNORED;
	if (tsearch(p, &ps->tree, by_subnet) == NULL) {
		free(p);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&ps->list, p, entry);
	ps->n++;
	return p;
}

static void delete (struct peers *ps, struct peer *p)
{
	if (ps->cursor == p)
		ps->cursor = TAILQ_NEXT(p, entry);
	TAILQ_REMOVE(&ps->list, p, entry);
	tdelete(p, &ps->tree, by_subnet);
	ps->n--;
	free(p);
}

static void sum_up(struct daemon *d, uint32_t id, struct ovnet_peer_counters *sum)
{
	*sum = (struct ovnet_peer_counters){0};
	for (unsigned i = 0; i < d->shared.n_workers; i++) {
		const struct ovnet_peer_counters *c = &d->workers[i]->counters.peer[id];
		sum->tx_packets += c->tx_packets;
		sum->tx_bytes += c->tx_bytes;
		sum->rx_packets += c->rx_packets;
		sum->rx_bytes += c->rx_bytes;
	}
}

/* The counters are the workers' to write: a new owner of an id starts from what it finds. */
static void count_from_now(struct daemon *d, struct peer *p)
{
	const struct ovnet_peer *fp = ovnet_fib_get_peer(d->fib, &p->lease.subnet);

	if (fp == NULL || (p->counted && p->id == fp->id))
		return;
	p->counted = true;
	p->id = fp->id;
	sum_up(d, p->id, &p->former);
}

void peer_counters(struct daemon *d, const struct peer *p, struct ovnet_peer_counters *sum)
{
	*sum = (struct ovnet_peer_counters){0};
	if (!p->counted || ovnet_fib_get_peer(d->fib, &p->lease.subnet) == NULL)
		return;
	sum_up(d, p->id, sum);
	sum->tx_packets -= p->former.tx_packets;
	sum->tx_bytes -= p->former.tx_bytes;
	sum->rx_packets -= p->former.rx_packets;
	sum->rx_bytes -= p->former.rx_bytes;
}

/* Everything per peer is computed here, so that the packet path has only to copy. */
static int publish(struct daemon *d, struct peer *p)
{
	struct ovnet_peer_conf conf = {
		.subnet = p->lease.subnet,
		.public_be = p->lease.public_ip.v4_be,
		.nh = p->state == PEER_OK ? p->nh : NULL,
	};
	struct ovnet_vxlan4_conf vx = {
		.src_be = p->state == PEER_OK ? p->source.v4_be : d->public_ip.v4_be,
		.dst_be = p->lease.public_ip.v4_be,
		.udp_port = d->netconf.port,
		.vni = d->netconf.vni,
		.ttl = 64,
		.inner_src = d->own.vtep_mac,
		.inner_dst = p->lease.vtep_mac,
	};
	char text[OVNET_PREFIX_STRLEN];

	ovnet_vxlan4_build(&conf.rewrite, &vx);
	int rc = ovnet_fib_set_peer(d->fib, &conf);
	if (rc < 0)
		LOG(ERR, "peer %s not entered in the FIB: %s",
			ovnet_prefix4_text(&p->lease.subnet, text, sizeof(text)), strerror(-rc));
	else
		count_from_now(d, p);
	return rc;
}

/* Asks the kernel where the peer is; true if anything differs from what is published. */
static bool resolve(struct daemon *d, struct peer *p)
{
	struct next_hop hop;
	bool found = next_hop_find(d, &p->lease.public_ip, &hop) == 0;

	if (found && p->state == PEER_OK && next_hop_is(p, &hop))
		return false;
	if (!found && p->state == PEER_NO_ROUTE)
		return false;

	struct peer old = *p;
	p->state = PEER_NO_ROUTE;
	p->nh = NULL;
	if (found && next_hop_take(d, p, &hop) == 0)
		p->state = PEER_OK;
	if (p->state == PEER_NO_ROUTE) {
		char a[OVNET_ADDR_STRLEN], s[OVNET_PREFIX_STRLEN];
		LOG(WARN,
			"no uplink leads to peer %s at %s: its packets are dropped (no-uplink) "
			"until `ip route get %s` names one of ours",
			ovnet_prefix4_text(&p->lease.subnet, s, sizeof(s)),
			ovnet_addr_text(&p->lease.public_ip, a, sizeof(a)), a);
	}
	next_hop_release(d, &old);
	return true;
}

static void withdraw(struct daemon *d, struct peer *p)
{
	if (p->state == PEER_IGNORED)
		return;
	/* The route first: packets then find the blackhole instead of a FIB without the peer. */
	if (d->host != NULL)
		ovnet_host_route_del(d->kernel, d->host->ifindex, &p->lease.subnet);
	ovnet_fib_del_peer(d->fib, &p->lease.subnet);
	next_hop_release(d, p);
	p->state = PEER_IGNORED;
	p->nh = NULL;
}

static bool usable(struct daemon *d, const struct ovnet_lease *l)
{
	char text[OVNET_PREFIX_STRLEN];

	if (l->backend == d->netconf.backend && l->has_vtep_mac)
		return true;
	LOG(WARN, "ignoring lease %s: its backend is %s, ours %s",
		ovnet_prefix4_text(&l->subnet, text, sizeof(text)), ovnet_backend_name(l->backend),
		ovnet_backend_name(d->netconf.backend));
	return false;
}

void peers_set(struct daemon *d, const struct ovnet_lease *lease)
{
	struct peer *p = find(&d->peers, &lease->subnet);
	char s[OVNET_PREFIX_STRLEN], a[OVNET_ADDR_STRLEN];

	ovnet_prefix4_text(&lease->subnet, s, sizeof(s));
	if (p == NULL)
		p = add(&d->peers, lease);
	if (p == NULL) {
		LOG(ERR, "no memory for peer %s", s);
		return;
	}
	bool moved = !ovnet_addr_equal(&p->lease.public_ip, &lease->public_ip) ||
		     !ovnet_mac_equal(&p->lease.next_hop_mac, &lease->next_hop_mac);
	if (!usable(d, lease) || moved)
		withdraw(d, p);
	p->lease = *lease;
	if (!usable(d, lease))
		return;
	resolve(d, p);
	if (publish(d, p) < 0)
		return;
	if (ovnet_host_route_set(d->kernel, d->host->ifindex, &lease->subnet) < 0)
		return;
	LOG(INFO, "peer %s at %s", s, ovnet_addr_text(&lease->public_ip, a, sizeof(a)));
}

void peers_del(struct daemon *d, const struct ovnet_lease *lease)
{
	struct peer *p = find(&d->peers, &lease->subnet);
	char s[OVNET_PREFIX_STRLEN];

	if (p == NULL)
		return;
	LOG(INFO, "peer %s is gone", ovnet_prefix4_text(&lease->subnet, s, sizeof(s)));
	withdraw(d, p);
	delete (&d->peers, p);
}

static void resolve_some(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct peers *ps = &d->peers;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < RESOLVE_STEP && ps->cursor != NULL; i++) {
		struct peer *p = ps->cursor;
		ps->cursor = TAILQ_NEXT(p, entry);
		if (p->state != PEER_IGNORED && resolve(d, p))
			publish(d, p);
	}
	if (ps->cursor != NULL)
		event_active(ps->resolve, EV_TIMEOUT, 0);
}

void peers_resolve_all(struct daemon *d)
{
	d->peers.cursor = TAILQ_FIRST(&d->peers.list);
	if (d->peers.cursor != NULL)
		event_active(d->peers.resolve, EV_TIMEOUT, 0);
}

void peers_republish(struct daemon *d)
{
	struct peer *p;

	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (p->state != PEER_IGNORED)
			publish(d, p);
}

void peers_neighbour(struct daemon *d, uint32_t ifindex, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac)
{
	struct uplink *u = uplink_by_ifindex(d, ifindex);
	char a[OVNET_ADDR_STRLEN], m[OVNET_MAC_STRLEN];

	if (u == NULL)
		return;
	if (mac == NULL)
		LOG(WARN,
			"next hop %s on %s does not answer: packets to it are dropped "
			"(neighbour-pending)",
			ovnet_addr_text(addr, a, sizeof(a)), u->port->name);
	else
		LOG(INFO, "next hop %s on %s is %s", ovnet_addr_text(addr, a, sizeof(a)),
			u->port->name, ovnet_mac_text(mac, m, sizeof(m)));
	next_hop_resolved(d, u, addr, mac);
}

void peers_set_routes(struct daemon *d)
{
	struct peer *p;

	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (p->state != PEER_IGNORED)
			ovnet_host_route_set(d->kernel, d->host->ifindex, &p->lease.subnet);
}

static bool keep_route(void *arg, const struct ovnet_prefix4 *subnet)
{
	struct peer *p = find(&((struct daemon *)arg)->peers, subnet);

	return p != NULL && p->state != PEER_IGNORED;
}

void peers_prune_routes(struct daemon *d)
{
	int n = ovnet_host_routes_prune(d->kernel, d->host->ifindex, keep_route, d);

	if (n > 0)
		LOG(INFO, "removed %d routes of peers that left while the daemon was down", n);
}

const char *peer_state_name(const struct peer *p)
{
	switch (p->state) {
	case PEER_NO_ROUTE:
		return "no-route";
	case PEER_IGNORED:
		return "ignored";
	case PEER_OK:
		break;
	}
	return ovnet_nh_get(p->nh)->resolved ? "ok" : "neighbour-pending";
}

int peers_init(struct daemon *d)
{
	TAILQ_INIT(&d->peers.list);
	d->peers.resolve = event_new(d->base, -1, 0, resolve_some, d);
	return d->peers.resolve != NULL ? 0 : -ENOMEM;
}

void peers_fini(struct daemon *d)
{
	struct peer *p;

	if (d->peers.resolve == NULL)
		return;
	/* The host's routes stay: what they carry is dropped, never sent bare, until we are back.
	 */
	while ((p = TAILQ_FIRST(&d->peers.list)) != NULL) {
		next_hop_release(d, p);
		delete (&d->peers, p);
	}
	event_free(d->peers.resolve);
	d->peers.resolve = NULL;
}
