/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "log.h"
#include "next_hop.h"

OVNET_LOG_TYPE(peers)

static int by_subnet(const void *a, const void *b)
{
	const struct ovnet_prefix4 *p = &((const struct peer *)a)->lease.subnet;
	const struct ovnet_prefix4 *q = &((const struct peer *)b)->lease.subnet;

	if (p->addr_host != q->addr_host)
		return p->addr_host < q->addr_host ? -1 : 1;
	return (int)p->len - (int)q->len;
}

struct peer *peers_find(struct peers *ps, const struct ovnet_prefix4 *subnet)
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

void peer_delete(struct peers *ps, struct peer *p)
{
	if (p->todo != 0) {
		TAILQ_REMOVE(&ps->queue, p, queued);
		ps->pending--;
	}
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

void peer_count_from_now(struct daemon *d, struct peer *p)
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

bool peer_usable(const struct daemon *d, const struct peer *p)
{
	return p->lease.backend == d->netconf.backend && p->lease.has_vtep_mac;
}

static void log_ignored(const struct daemon *d, const struct ovnet_lease *l)
{
	char text[OVNET_PREFIX_STRLEN];

	LOG(WARN, "ignoring lease %s: its backend is %s, ours %s",
		ovnet_prefix4_text(&l->subnet, text, sizeof(text)), ovnet_backend_name(l->backend),
		ovnet_backend_name(d->netconf.backend));
}

void peers_set(struct daemon *d, const struct ovnet_lease *lease)
{
	struct peer *p = peers_find(&d->peers, &lease->subnet);
	char s[OVNET_PREFIX_STRLEN];

	if (p == NULL)
		p = add(&d->peers, lease);
	if (p == NULL) {
		LOG(ERR, "no memory for peer %s", ovnet_prefix4_text(&lease->subnet, s, sizeof(s)));
		return;
	}
	bool moved = !ovnet_addr_equal(&p->lease.public_ip, &lease->public_ip) ||
		     !ovnet_mac_equal(&p->lease.next_hop_mac, &lease->next_hop_mac);
	/* Gone and back before the work was done: as if it had moved. */
	moved = moved || (p->todo & PEER_LEAVE) != 0;
	p->todo &= ~(unsigned)PEER_LEAVE;
	p->lease = *lease;
	peer_todo(d, p,
		PEER_RESOLVE | PEER_PUBLISH | PEER_ROUTE | (moved ? (unsigned)PEER_MOVED : 0));
	if (!peer_usable(d, p))
		log_ignored(d, lease);
}

void peers_del(struct daemon *d, const struct ovnet_lease *lease)
{
	struct peer *p = peers_find(&d->peers, &lease->subnet);
	char s[OVNET_PREFIX_STRLEN];

	if (p == NULL)
		return;
	LOG(INFO, "peer %s is gone", ovnet_prefix4_text(&lease->subnet, s, sizeof(s)));
	peer_todo(d, p, PEER_LEAVE);
}

static void when_empty(struct daemon *d)
{
	struct peers *ps = &d->peers;
	void (*drained)(struct daemon *) = ps->drained;

	ps->drained = NULL;
	ps->settled |= drained != NULL;
	if (drained != NULL)
		drained(d);
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval now = {0};
	struct daemon *d = arg;

	(void)fd, (void)what;
	peers_work(d);
	if (TAILQ_EMPTY(&d->peers.queue))
		when_empty(d);
	else if (event_add(d->peers.work, &now) < 0)
		LOG(ERR, "no timer, no memory: peers stay as they are; restart ovnetd");
}

void peers_when_drained(struct daemon *d, void (*drained)(struct daemon *d))
{
	d->peers.drained = drained;
	if (TAILQ_EMPTY(&d->peers.queue))
		when_empty(d);
}

void peers_all(struct daemon *d, unsigned todo)
{
	struct peer *p;

	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (p->state != PEER_IGNORED)
			peer_todo(d, p, todo);
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

static bool keep_route(void *arg, const struct ovnet_prefix4 *subnet)
{
	struct daemon *d = arg;
	struct peer *p = peers_find(&d->peers, subnet);

	return p != NULL && (p->todo & PEER_LEAVE) == 0 && peer_usable(d, p);
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
		return p->todo != 0 ? "pending" : "ignored";
	case PEER_OK:
		break;
	}
	return ovnet_nh_get(p->nh)->resolved ? "ok" : "neighbour-pending";
}

int peers_init(struct daemon *d)
{
	TAILQ_INIT(&d->peers.list);
	TAILQ_INIT(&d->peers.queue);
	d->peers.work = event_new(d->base, -1, 0, on_work, d);
	return d->peers.work != NULL ? 0 : -ENOMEM;
}

void peers_fini(struct daemon *d)
{
	struct peer *p;

	if (d->peers.work == NULL)
		return;
	/* The host's routes stay: what they carry is dropped, never sent bare, until we are back.
	 */
	while ((p = TAILQ_FIRST(&d->peers.list)) != NULL) {
		next_hop_release(d, p);
		peer_delete(&d->peers, p);
	}
	event_free(d->peers.work);
	d->peers.work = NULL;
	d->peers.drained = NULL;
}
