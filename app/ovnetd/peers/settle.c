/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers: where they are, what the FIB holds for them, their routes on the host device. Done for a
 * batch at a time, because the kernel takes many questions and routes in one call.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "engine/totals.h"
#include "node/backend.h"
#include "peers/set.h"

OVNET_LOG_TYPE(peers)

static const struct ovnet_peer *fib_peer(struct peers *ps, const struct peer *p)
{
	return ovnet_fib_get_peer(ps->engine->fib, &p->subnet);
}

static struct ovnet_peer_counters counted(struct peers *ps, uint32_t id)
{
	struct ovnet_peer_counters sum = totals_peer(ps->engine, id);

	if (ps->events.counted != NULL)
		ps->events.counted(ps->arg, id, &sum);
	return sum;
}

/* The counters are the workers' to write: a new owner of an id starts from what it finds. */
static void count_from_now(struct peers *ps, struct peer *p)
{
	const struct ovnet_peer *fp = fib_peer(ps, p);

	if (fp == NULL || (p->counted && p->id == fp->id))
		return;
	p->counted = true;
	p->id = fp->id;
	p->former = counted(ps, p->id);
}

void peer_counters(struct peers *ps, const struct peer *p, struct ovnet_peer_counters *sum)
{
	*sum = (struct ovnet_peer_counters){0};
	if (!p->counted || fib_peer(ps, p) == NULL)
		return;
	*sum = counted(ps, p->id);
#define SUBTRACT(scope, member, ...) sum->member -= p->former.member;
	OVNET_PEER_COUNTERS(SUBTRACT)
#undef SUBTRACT
}

/* Everything per peer is computed here, so that the packet path has only to copy. */
static bool publish(struct peers *ps, struct peer *p)
{
	struct ovnet_addr allowed[INGRESS_MAX_ALLOWED];
	struct ovnet_peer_conf conf = {
		.subnet = p->subnet,
		.public_addr = p->public_ip,
		.allowed = allowed,
		.n_allowed = (uint16_t)ingress_outers(
			ps->ingress, &p->public_ip, allowed, INGRESS_MAX_ALLOWED),
		.nh = p->state == PEER_OK ? p->hop.nh : NULL,
		.mtu = p->hop.mtu,
	};
	const struct backend_peer shape = {
		.public_ip = p->public_ip,
		.vtep_mac = p->vtep_mac,
		.reached = p->state == PEER_OK,
		.via = p->hop.addr,
		.source = p->hop.source,
	};
	char text[OVNET_PREFIX_STRLEN];

	backend_encap(ps->node, &shape, &conf);
	int rc = ovnet_fib_set_peer(ps->engine->fib, &conf);
	if (rc < 0)
		LOG(ERR, "peer %s not entered in the FIB, trying again: %s",
			ovnet_prefix_text(&p->subnet, text, sizeof(text)), strerror(-rc));
	else
		count_from_now(ps, p);
	return rc == 0;
}

static void set_state(struct peers *ps, struct peer *p, enum peer_state state)
{
	ps->in_state[p->state]--;
	ps->in_state[state]++;
	if (state == PEER_NO_ROUTE)
		ps->no_route = p->public_ip;
	if (state == PEER_OFF_LINK)
		ps->off_link = p->public_ip;
	p->state = state;
}

/* The static registry knows MACs where there is no kernel to ask. */
static const struct ovnet_mac *told_mac(const struct peers *ps, const struct peer *p)
{
	bool told =
		ps->node->conf->registry.type == CONF_REGISTRY_STATIC && p->lease.has_next_hop_mac;

	return told ? &p->lease.next_hop_mac : NULL;
}

/* True if anything differs from what is published. `former`: what is to be released then. */
static bool resolve(struct peers *ps, struct peer *p, const struct ovnet_route_query *answer,
	struct next_hop_ref *former)
{
	struct next_hop hop;
	enum peer_state state = PEER_OK;

	if (next_hop_find(ps->underlay, &p->public_ip, answer, &hop) < 0)
		state = PEER_NO_ROUTE;
	else if (backend_off_link(ps->node, &p->public_ip, &hop.addr))
		state = PEER_OFF_LINK;
	if (state == p->state && (state != PEER_OK || (!p->renamed && next_hop_is(&p->hop, &hop))))
		return false;

	*former = p->hop;
	p->renamed = false;
	p->hop.nh = NULL;
	if (state == PEER_OK && next_hop_take(ps->underlay, &hop, told_mac(ps, p), &p->hop) < 0)
		state = PEER_NO_ROUTE;
	set_state(ps, p, state);
	return true;
}

static void tell_changed(struct peers *ps, const struct peer *p)
{
	if (ps->events.changed != NULL)
		ps->events.changed(ps->arg, p);
}

/* A failure leaves it in the FIB, to be tried again. */
static void withdraw(struct peers *ps, struct peer *p)
{
	char text[OVNET_PREFIX_STRLEN];

	p->routed = false;
	int rc = ovnet_fib_del_peer(ps->engine->fib, &p->subnet);
	if (rc < 0 && rc != -ENOENT) {
		LOG(ERR, "peer %s not removed from the FIB, trying again: %s",
			ovnet_prefix_text(&p->subnet, text, sizeof(text)), strerror(-rc));
		return;
	}
	p->published = false;
	next_hop_release(ps->underlay, &p->hop);
	set_state(ps, p, PEER_IGNORED);
	tell_changed(ps, p);
}

static bool stays(const struct peer *p)
{
	return !p->gone && p->wanted;
}

/* Without a host device nobody sends by it: there is nothing to do, and all went well. */
static void change_routes(struct peers *ps, struct ovnet_host_route_change *routes, unsigned n)
{
	if (ps->host->port != NULL)
		ovnet_host_routes_change(ps->kernel, ps->host->port->ifindex, routes, n);
}

static void withdraw_all(struct peers *ps, struct peer *const *peers, unsigned n)
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
	change_routes(ps, routes, leaving);
	for (unsigned i = 0; i < n; i++)
		if (!stays(peers[i]) && peers[i]->state != PEER_IGNORED)
			withdraw(ps, peers[i]);
}

static void resolve_all(
	struct peers *ps, struct peer *const *peers, unsigned n, struct next_hop_ref *former)
{
	struct ovnet_route_query q[PEER_BATCH];
	unsigned asked = 0;

	for (unsigned i = 0; i < n; i++)
		if (stays(peers[i]))
			q[asked++].dst = peers[i]->public_ip;
	ovnet_kernel_routes_get(ps->kernel, q, asked);
	asked = 0;
	for (unsigned i = 0; i < n; i++)
		if (stays(peers[i]) && resolve(ps, peers[i], &q[asked++], &former[i]))
			peers[i]->published = false;
}

static void route_all(struct peers *ps, struct peer *const *peers, unsigned n)
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
	change_routes(ps, routes, new);
	for (unsigned i = 0; i < new; i++)
		of[i]->routed = routes[i].rc == 0;
	/* A check under way may have passed its place already. */
	for (unsigned i = 0; i < new; i++)
		of[i]->seen = ps->check;
}

bool peer_usable(struct peers *ps, const struct peer *p)
{
	char text[OVNET_PREFIX_STRLEN], why[80];

	if (backend_takes(ps->node, &p->lease, p->subnet.family == AF_INET6, why, sizeof(why)))
		return true;
	LOG(WARN, "ignoring lease %s: %s", ovnet_prefix_text(&p->subnet, text, sizeof(text)), why);
	return false;
}

/* What one was sent by stays in use until it is published with another. */
void peers_settle(struct peers *ps, struct peer *const *peers, unsigned n)
{
	struct next_hop_ref former[PEER_BATCH] = {0};

	/* What comes may stand in the place of what goes. */
	withdraw_all(ps, peers, n);
	resolve_all(ps, peers, n, former);
	for (unsigned i = 0; i < n; i++) {
		if (!stays(peers[i]) || peers[i]->published)
			continue;
		peers[i]->published = publish(ps, peers[i]);
		tell_changed(ps, peers[i]);
	}
	for (unsigned i = 0; i < n; i++)
		next_hop_release(ps->underlay, &former[i]);
	/* A device that is down takes no routes; they are set when it is up. */
	if (!ps->host->down)
		route_all(ps, peers, n);
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
	return ovnet_nh_get(p->hop.nh)->resolved ? "ok" : "neighbour-pending";
}
