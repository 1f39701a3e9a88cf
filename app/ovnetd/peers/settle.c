/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers: where they are, what the FIB holds for them, their routes on the host device. Done for a
 * batch at a time, because the kernel takes many questions and routes in one call.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon.h"
#include "node/backend.h"
#include "underlay/next_hop.h"

OVNET_LOG_TYPE(peers)

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

static const struct ovnet_peer *fib_peer(struct daemon *d, const struct peer *p)
{
	return ovnet_fib_get_peer(d->fib, &p->subnet);
}

/* The counters are the workers' to write: a new owner of an id starts from what it finds. */
static void count_from_now(struct daemon *d, struct peer *p)
{
	const struct ovnet_peer *fp = fib_peer(d, p);

	if (fp == NULL || (p->counted && p->id == fp->id))
		return;
	p->counted = true;
	p->id = fp->id;
	sum_up(d, p->id, &p->former);
}

void peer_counters(struct daemon *d, const struct peer *p, struct ovnet_peer_counters *sum)
{
	*sum = (struct ovnet_peer_counters){0};
	if (!p->counted || fib_peer(d, p) == NULL)
		return;
	sum_up(d, p->id, sum);
	sum->tx_packets -= p->former.tx_packets;
	sum->tx_bytes -= p->former.tx_bytes;
	sum->rx_packets -= p->former.rx_packets;
	sum->rx_bytes -= p->former.rx_bytes;
}

/* Everything per peer is computed here, so that the packet path has only to copy. */
static bool publish(struct daemon *d, struct peer *p)
{
	struct ovnet_addr allowed[INGRESS_MAX_ALLOWED];
	struct ovnet_peer_conf conf = {
		.subnet = p->subnet,
		.public_addr = p->public_ip,
		.allowed = allowed,
		.n_allowed =
			(uint16_t)ingress_outers(d, &p->public_ip, allowed, INGRESS_MAX_ALLOWED),
		.nh = p->state == PEER_OK ? p->nh : NULL,
		.mtu = p->mtu,
	};
	char text[OVNET_PREFIX_STRLEN];

	backend_encap(d, p, &conf);
	int rc = ovnet_fib_set_peer(d->fib, &conf);
	if (rc < 0)
		LOG(ERR, "peer %s not entered in the FIB, trying again: %s",
			ovnet_prefix_text(&p->subnet, text, sizeof(text)), strerror(-rc));
	else
		count_from_now(d, p);
	return rc == 0;
}

static void set_state(struct peers *ps, struct peer *p, enum peer_state state)
{
	ps->n_no_route += (state == PEER_NO_ROUTE) - (p->state == PEER_NO_ROUTE);
	ps->n_off_link += (state == PEER_OFF_LINK) - (p->state == PEER_OFF_LINK);
	if (state == PEER_NO_ROUTE)
		ps->no_route = p->public_ip;
	if (state == PEER_OFF_LINK)
		ps->off_link = p->public_ip;
	p->state = state;
}

/* True if anything differs from what is published. */
static bool resolve(struct daemon *d, struct peer *p, const struct ovnet_route_query *answer)
{
	struct next_hop hop;
	enum peer_state state = PEER_OK;

	if (next_hop_find(d, &p->public_ip, answer, &hop) < 0)
		state = PEER_NO_ROUTE;
	else if (backend_off_link(d, &p->public_ip, &hop))
		state = PEER_OFF_LINK;
	if (state == p->state && (state != PEER_OK || (!p->renamed && next_hop_is(p, &hop))))
		return false;

	struct peer old = *p;
	p->renamed = false;
	p->nh = NULL;
	if (state == PEER_OK && next_hop_take(d, p, &hop) < 0)
		state = PEER_NO_ROUTE;
	set_state(&d->peers, p, state);
	next_hop_release(d, &old);
	return true;
}

/* A failure leaves it in the FIB, to be tried again. */
static void withdraw(struct daemon *d, struct peer *p)
{
	char text[OVNET_PREFIX_STRLEN];

	p->routed = false;
	int rc = ovnet_fib_del_peer(d->fib, &p->subnet);
	if (rc < 0 && rc != -ENOENT) {
		LOG(ERR, "peer %s not removed from the FIB, trying again: %s",
			ovnet_prefix_text(&p->subnet, text, sizeof(text)), strerror(-rc));
		return;
	}
	p->published = false;
	next_hop_release(d, p);
	set_state(&d->peers, p, PEER_IGNORED);
}

static bool stays(const struct peer *p)
{
	return !p->gone && p->wanted;
}

static void withdraw_all(struct daemon *d, struct peer *const *peers, unsigned n)
{
	struct ovnet_host_route_change routes[PEER_BATCH];
	unsigned leaving = 0;

	for (unsigned i = 0; i < n; i++)
		if (!stays(peers[i]) && peers[i]->state != PEER_IGNORED)
			routes[leaving++] = (struct ovnet_host_route_change){
				.subnet = peers[i]->subnet, .set = false};
	if (leaving == 0)
		return;
	/* The route first: packets then find the blackhole instead of a FIB without the peer. A
	 * route that stays has no lease, and goes with the next check. */
	ovnet_host_routes_change(d->kernel, d->host->ifindex, routes, leaving);
	for (unsigned i = 0; i < n; i++)
		if (!stays(peers[i]) && peers[i]->state != PEER_IGNORED)
			withdraw(d, peers[i]);
}

static void resolve_all(struct daemon *d, struct peer *const *peers, unsigned n)
{
	struct ovnet_route_query q[PEER_BATCH];
	unsigned asked = 0;

	for (unsigned i = 0; i < n; i++)
		if (stays(peers[i]))
			q[asked++].dst = peers[i]->public_ip;
	ovnet_kernel_routes_get(d->kernel, q, asked);
	asked = 0;
	for (unsigned i = 0; i < n; i++)
		if (stays(peers[i]) && resolve(d, peers[i], &q[asked++]))
			peers[i]->published = false;
}

static void route_all(struct daemon *d, struct peer *const *peers, unsigned n)
{
	struct ovnet_host_route_change routes[PEER_BATCH];
	struct peer *of[PEER_BATCH];
	unsigned new = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!stays(peers[i]) || !peers[i]->published || peers[i]->routed)
			continue;
		of[new] = peers[i];
		routes[new ++] =
			(struct ovnet_host_route_change){.subnet = peers[i]->subnet, .set = true};
	}
	ovnet_host_routes_change(d->kernel, d->host->ifindex, routes, new);
	for (unsigned i = 0; i < new; i++)
		of[i]->routed = routes[i].rc == 0;
	/* A check under way may have passed its place already. */
	for (unsigned i = 0; i < new; i++)
		of[i]->seen = d->peers.check;
}

bool peer_usable(struct daemon *d, const struct peer *p)
{
	char text[OVNET_PREFIX_STRLEN], why[80];

	if (backend_takes(d, p, why, sizeof(why)))
		return true;
	LOG(WARN, "ignoring lease %s: %s", ovnet_prefix_text(&p->subnet, text, sizeof(text)), why);
	return false;
}

void peers_settle(struct daemon *d, struct peer *const *peers, unsigned n)
{
	/* What comes may stand in the place of what goes. */
	withdraw_all(d, peers, n);
	resolve_all(d, peers, n);
	for (unsigned i = 0; i < n; i++)
		if (stays(peers[i]) && !peers[i]->published)
			peers[i]->published = publish(d, peers[i]);
	/* A device that is down takes no routes; they are set when it is up. */
	if (!d->host_down)
		route_all(d, peers, n);
}

const char *peer_state_name(const struct peer *p)
{
	switch (p->state) {
	case PEER_NO_ROUTE:
		return "no-route";
	case PEER_OFF_LINK:
		return "off-link";
	case PEER_IGNORED:
		return p->queued ? "pending" : "ignored";
	case PEER_OK:
		break;
	}
	return ovnet_nh_get(p->nh)->resolved ? "ok" : "neighbour-pending";
}
