/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does what is to be done about peers, a batch at a time: what goes comes first, since what
 * comes may stand in its place. Its order with the kernel: a route goes before its FIB entry and
 * comes after it, so that packets find the blackhole rather than a FIB without the peer.
 */
#include <errno.h>
#include <string.h>

#include "daemon.h"
#include "log.h"
#include "next_hop.h"
#include "vxlan4.h"

OVNET_LOG_TYPE(peers)

#define BATCH   64
#define BATCHES 4 /* per turn of the loop: some milliseconds */

struct batch {
	struct peer *peer[BATCH];
	unsigned todo[BATCH];
	unsigned n;
};

void peer_todo(struct daemon *d, struct peer *p, unsigned todo)
{
	static const struct timeval now = {0};

	if (p->todo == 0) {
		TAILQ_INSERT_TAIL(&d->peers.queue, p, queued);
		d->peers.pending++;
	}
	p->todo |= todo;
	/* A timer, not event_active(): etcd and the kernel are heard in between. */
	if (!event_pending(d->peers.work, EV_TIMEOUT, NULL) && event_add(d->peers.work, &now) < 0)
		LOG(ERR, "no timer, no memory: peers stay as they are; restart ovnetd");
}

static void take(struct peers *ps, struct batch *b)
{
	struct peer *p;

	for (b->n = 0; b->n < BATCH && (p = TAILQ_FIRST(&ps->queue)) != NULL; b->n++) {
		TAILQ_REMOVE(&ps->queue, p, queued);
		ps->pending--;
		b->peer[b->n] = p;
		b->todo[b->n] = p->todo;
		p->todo = 0;
	}
}

static bool goes(const struct daemon *d, const struct peer *p, unsigned todo)
{
	return p->state != PEER_IGNORED &&
	       ((todo & (PEER_LEAVE | PEER_MOVED)) != 0 || !peer_usable(d, p));
}

static void withdraw(struct daemon *d, struct batch *b)
{
	struct ovnet_host_route_change routes[BATCH];
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++)
		if (goes(d, b->peer[i], b->todo[i]))
			routes[n++] = (struct ovnet_host_route_change){
				.subnet = b->peer[i]->lease.subnet, .set = false};
	if (n > 0)
		ovnet_host_routes_change(d->kernel, d->host->ifindex, routes, n);
	for (unsigned i = 0; i < b->n; i++) {
		struct peer *p = b->peer[i];
		if (!goes(d, p, b->todo[i]))
			continue;
		ovnet_fib_del_peer(d->fib, &p->lease.subnet);
		next_hop_release(d, p);
		p->state = PEER_IGNORED;
	}
}

/* What is left are peers that stay. */
static void bury(struct daemon *d, struct batch *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		if ((b->todo[i] & PEER_LEAVE) != 0) {
			peer_delete(&d->peers, b->peer[i]);
		} else if (peer_usable(d, b->peer[i])) {
			b->peer[n] = b->peer[i];
			b->todo[n++] = b->todo[i];
		}
	}
	b->n = n;
}

static void log_no_route(const struct peer *p)
{
	char a[OVNET_ADDR_STRLEN], s[OVNET_PREFIX_STRLEN];

	LOG(WARN,
		"no uplink leads to peer %s at %s: its packets are dropped (no-uplink) "
		"until `ip route get %s` names one of ours",
		ovnet_prefix4_text(&p->lease.subnet, s, sizeof(s)),
		ovnet_addr_text(&p->lease.public_ip, a, sizeof(a)), a);
}

/* True if anything differs from what is published. */
static bool resolve(struct daemon *d, struct peer *p, const struct ovnet_route_query *q)
{
	struct next_hop hop;
	bool found = next_hop_find(d, &p->lease.public_ip, q, &hop) == 0;

	if (found && p->state == PEER_OK && next_hop_is(p, &hop))
		return false;
	if (!found && p->state == PEER_NO_ROUTE)
		return false;

	struct peer old = *p;
	p->state = PEER_NO_ROUTE;
	p->nh = NULL;
	if (found && next_hop_take(d, p, &hop) == 0)
		p->state = PEER_OK;
	if (p->state == PEER_NO_ROUTE)
		log_no_route(p);
	next_hop_release(d, &old);
	return true;
}

static void resolve_all(struct daemon *d, struct batch *b)
{
	struct ovnet_route_query q[BATCH];
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++)
		if ((b->todo[i] & PEER_RESOLVE) != 0)
			q[n++].dst = b->peer[i]->lease.public_ip;
	if (n > 0)
		ovnet_kernel_routes_get(d->kernel, q, n);
	n = 0;
	for (unsigned i = 0; i < b->n; i++)
		if ((b->todo[i] & PEER_RESOLVE) != 0 && resolve(d, b->peer[i], &q[n++]))
			b->todo[i] |= PEER_PUBLISH;
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
		peer_count_from_now(d, p);
	return rc;
}

static void log_set(const struct daemon *d, const struct peer *p)
{
	char s[OVNET_PREFIX_STRLEN], a[OVNET_ADDR_STRLEN];

	/* Not all of them at every start. */
	if (d->peers.settled)
		LOG(INFO, "peer %s at %s", ovnet_prefix4_text(&p->lease.subnet, s, sizeof(s)),
			ovnet_addr_text(&p->lease.public_ip, a, sizeof(a)));
}

static void publish_all(struct daemon *d, struct batch *b)
{
	struct ovnet_host_route_change routes[BATCH];
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		struct peer *p = b->peer[i];
		if ((b->todo[i] & PEER_PUBLISH) != 0 && publish(d, p) < 0)
			continue;
		if ((b->todo[i] & PEER_ROUTE) == 0)
			continue;
		routes[n++] =
			(struct ovnet_host_route_change){.subnet = p->lease.subnet, .set = true};
		if ((b->todo[i] & PEER_PUBLISH) != 0)
			log_set(d, p);
	}
	if (n > 0)
		ovnet_host_routes_change(d->kernel, d->host->ifindex, routes, n);
}

void peers_work(struct daemon *d)
{
	struct peers *ps = &d->peers;
	struct batch b;

	for (unsigned i = 0; i < BATCHES && !TAILQ_EMPTY(&ps->queue); i++) {
		take(ps, &b);
		withdraw(d, &b);
		bury(d, &b);
		resolve_all(d, &b);
		publish_all(d, &b);
	}
}
