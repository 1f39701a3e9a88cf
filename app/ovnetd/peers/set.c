/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers/set.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "underlay/next_hop.h"

OVNET_LOG_TYPE(peers)

#define SLICE_NS 2000000 /* of work in one turn of the loop */

/* What a sweep over all peers is for. */
enum {
	SWEEP_RETRY = 0,   /* those that are not in step */
	SWEEP_RESOLVE = 1, /* look at each anew */
	SWEEP_PUBLISH = 2,
	SWEEP_ROUTE = 4,
	SWEEP_MISSING = 8, /* the check of routes is over: who was not seen? */
};

static int by_subnet(const void *a, const void *b)
{
	const struct ovnet_prefix *p = &((const struct peer *)a)->subnet;
	const struct ovnet_prefix *q = &((const struct peer *)b)->subnet;

	if (p->family != q->family)
		return p->family < q->family ? -1 : 1;
	if (p->family == AF_INET6) {
		int differs = memcmp(p->v6.addr, q->v6.addr, sizeof(p->v6.addr));
		return differs != 0 ? differs : (int)p->v6.len - (int)q->v6.len;
	}
	if (p->v4.addr_host != q->v4.addr_host)
		return p->v4.addr_host < q->v4.addr_host ? -1 : 1;
	return (int)p->v4.len - (int)q->v4.len;
}

struct peer *peers_find(struct peers *ps, const struct ovnet_prefix *subnet)
{
	struct peer key = {.subnet = *subnet};
	struct peer **at = tfind(&key, &ps->tree, by_subnet);

	return at != NULL ? *at : NULL;
}

static struct peer *add(struct peers *ps, const struct ovnet_prefix *subnet)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->subnet = *subnet;
	p->state = PEER_IGNORED;
	if (tsearch(p, &ps->tree, by_subnet) == NULL) {
		free(p);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&ps->list, p, entry);
	ps->in_state[p->state]++;
	ps->n++;
	return p;
}

static void delete (struct peers *ps, struct peer *p)
{
	if (p->queued) {
		TAILQ_REMOVE(&ps->work, p, work);
		ps->n_queued--;
	}
	if (ps->sweep == p)
		ps->sweep = TAILQ_NEXT(p, entry);
	TAILQ_REMOVE(&ps->list, p, entry);
	tdelete(p, &ps->tree, by_subnet);
	ps->in_state[p->state]--;
	free(p);
}

/* A timer, not event_active(): an active event would run before the loop looks at its fds. */
static void kick(struct peers *ps)
{
	static const struct timeval now = {0};

	if (!event_pending(ps->worker, EV_TIMEOUT, NULL) && event_add(ps->worker, &now) < 0)
		LOG(ERR, "no timer, no memory: peers change at the next event");
}

/* For work that is under way. */
static void add_work(struct peers *ps, struct peer *p)
{
	if (!p->queued) {
		TAILQ_INSERT_TAIL(&ps->work, p, work);
		ps->n_queued++;
	}
	p->queued = true;
}

static void queue(struct peers *ps, struct peer *p)
{
	add_work(ps, p);
	kick(ps);
}

static void warn_no_route(struct peers *ps)
{
	char a[OVNET_ADDR_STRLEN];

	if (ps->in_state[PEER_NO_ROUTE] == 0) {
		warn_clear(ps->warnings, "no-route");
		return;
	}
	ovnet_addr_text(&ps->no_route, a, sizeof(a));
	warn_set(ps->warnings, "no-route",
		"no uplink leads to %u of %u peers, %s for one: their packets are dropped "
		"(no-uplink) until `ip route get %s` names one of ours",
		ps->in_state[PEER_NO_ROUTE], ps->n, a, a);
}

static void warn_off_link(struct peers *ps)
{
	char a[OVNET_ADDR_STRLEN];

	if (ps->in_state[PEER_OFF_LINK] == 0) {
		warn_clear(ps->warnings, "off-link");
		return;
	}
	ovnet_addr_text(&ps->off_link, a, sizeof(a));
	warn_set(ps->warnings, "off-link",
		"%u of %u peers are behind a router, %s for one: host-gw cannot reach them, their "
		"packets are dropped (no-uplink); use Backend.Type vxlan, with DirectRouting for "
		"the others",
		ps->in_state[PEER_OFF_LINK], ps->n, a);
}

static bool in_step(const struct peer *p)
{
	if (p->gone || !p->wanted)
		return p->state == PEER_IGNORED;
	return (p->state == PEER_OK || p->state == PEER_OFF_LINK) && p->published && p->routed;
}

static void sweep_one(struct peers *ps, struct peer *p)
{
	if ((ps->sweep_for & SWEEP_MISSING) != 0 && p->routed && p->seen != ps->check) {
		p->routed = false;
		ps->missing++;
	}
	if ((ps->sweep_for & SWEEP_PUBLISH) != 0)
		p->published = false;
	if ((ps->sweep_for & SWEEP_ROUTE) != 0)
		p->routed = false;
	if ((ps->sweep_for & SWEEP_RESOLVE) != 0 || !in_step(p))
		add_work(ps, p);
}

static void sweep_some(struct peers *ps)
{
	for (unsigned i = 0; i < PEER_BATCH && ps->sweep != NULL; i++) {
		struct peer *p = ps->sweep;
		ps->sweep = TAILQ_NEXT(p, entry);
		sweep_one(ps, p);
	}
	if (ps->sweep != NULL)
		return;
	ps->sweep_for = 0;
	if (ps->missing > 0)
		LOG(WARN, "%u of our routes were removed by somebody: putting them back",
			ps->missing);
	ps->missing = 0;
}

/* One that is under way begins anew, with both ends. */
static void sweep(struct peers *ps, unsigned what)
{
	ps->sweep = TAILQ_FIRST(&ps->list);
	if (ps->sweep == NULL)
		return; /* also before the start: the kernel speaks earlier than etcd */
	ps->sweep_for |= what;
	kick(ps);
}

static void work_batch(struct peers *ps)
{
	struct peer *batch[PEER_BATCH], *p;
	unsigned n = 0;

	while (n < PEER_BATCH && (p = TAILQ_FIRST(&ps->work)) != NULL) {
		TAILQ_REMOVE(&ps->work, p, work);
		ps->n_queued--;
		p->queued = false;
		batch[n++] = p;
	}
	peers_settle(ps, batch, n);
	for (unsigned i = 0; i < n; i++)
		if (batch[i]->gone && batch[i]->state == PEER_IGNORED)
			delete (ps, batch[i]);
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	struct peers *ps = arg;
	int64_t end = monotonic_ns() + SLICE_NS;

	(void)fd;
	(void)what;
	while (ps->sweep != NULL || !TAILQ_EMPTY(&ps->work)) {
		if (monotonic_ns() > end) {
			kick(ps);
			return;
		}
		if (ps->sweep != NULL)
			sweep_some(ps);
		work_batch(ps);
	}
	warn_no_route(ps);
	warn_off_link(ps);
	ps->events.settled(ps->arg);
}

static void take_lease(struct peer *p, const struct ovnet_lease *lease)
{
	bool v6 = p->subnet.family == AF_INET6;

	p->renamed = p->renamed || !ovnet_mac_equal(&p->lease.next_hop_mac, &lease->next_hop_mac);
	p->lease = *lease;
	p->public_ip = v6 ? lease->public_ip6 : lease->public_ip;
	p->vtep_mac = v6 ? lease->vtep_mac6 : lease->vtep_mac;
}

static void set_one(
	struct peers *ps, const struct ovnet_prefix *subnet, const struct ovnet_lease *lease)
{
	struct peer *p = peers_find(ps, subnet);
	char s[OVNET_PREFIX_STRLEN], a[OVNET_ADDR_STRLEN];

	ovnet_prefix_text(subnet, s, sizeof(s));
	if (p == NULL)
		p = add(ps, subnet);
	if (p == NULL) {
		LOG(ERR, "no memory for peer %s", s);
		return;
	}
	if (p->gone) {
		ps->n++;
		p->counted = false; /* another node's, it starts from zero */
	}
	p->gone = false;
	take_lease(p, lease);
	p->wanted = peer_usable(ps, p);
	p->published = false;
	/* Not every one at every start. */
	if (p->wanted && node_has(ps->node, NODE_SETTLED))
		LOG(INFO, "peer %s at %s", s, ovnet_addr_text(&p->public_ip, a, sizeof(a)));
	queue(ps, p);
}

static void del_one(struct peers *ps, const struct ovnet_prefix *subnet)
{
	struct peer *p = peers_find(ps, subnet);
	char text[OVNET_PREFIX_STRLEN];

	if (p == NULL || p->gone)
		return;
	LOG(INFO, "peer %s is gone", ovnet_prefix_text(subnet, text, sizeof(text)));
	p->gone = true;
	ps->n--;
	queue(ps, p);
}

void peers_set(struct peers *ps, const struct ovnet_lease *lease)
{
	const struct ovnet_prefix v4 = ovnet_prefix_from4(&lease->subnet);
	const struct ovnet_prefix v6 = ovnet_prefix_from6(&lease->subnet6);
	const struct peer *was = peers_find(ps, &v4);

	if (was != NULL && was->lease.has_v6 &&
		!(lease->has_v6 && ovnet_prefix6_equal(&was->lease.subnet6, &lease->subnet6))) {
		const struct ovnet_prefix former = ovnet_prefix_from6(&was->lease.subnet6);
		del_one(ps, &former);
	}
	set_one(ps, &v4, lease);
	if (lease->has_v6)
		set_one(ps, &v6, lease);
}

void peers_del(struct peers *ps, const struct ovnet_lease *lease)
{
	const struct ovnet_prefix v4 = ovnet_prefix_from4(&lease->subnet);
	const struct ovnet_prefix v6 = ovnet_prefix_from6(&lease->subnet6);

	del_one(ps, &v4);
	if (lease->has_v6)
		del_one(ps, &v6);
}

void peers_resolve_all(struct peers *ps)
{
	sweep(ps, SWEEP_RESOLVE);
}

void peers_republish(struct peers *ps)
{
	sweep(ps, SWEEP_PUBLISH);
}

void peers_set_routes(struct peers *ps)
{
	sweep(ps, SWEEP_ROUTE);
}

void peers_neighbour(struct peers *ps, uint32_t ifindex, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac)
{
	struct uplink *u = uplink_by_ifindex(ps->underlay, ifindex);
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
	next_hop_resolved(ps->underlay, u, addr, mac);
}

static bool keep_route(void *arg, const struct ovnet_prefix *subnet)
{
	struct peers *ps = arg;
	struct peer *p = peers_find(ps, subnet);

	if (p == NULL || p->gone || !p->wanted)
		return false;
	p->seen = ps->check;
	return true;
}

static void on_checked(void *arg, int err)
{
	struct peers *ps = arg;

	sweep(ps, err == 0 && !ps->host->down ? SWEEP_MISSING : SWEEP_RETRY);
}

void peers_check(struct peers *ps)
{
	bool none = ps->host->down || ps->host->port == NULL;
	int rc = none ? -ENETDOWN
		      : attach_routes_check(ps->attach_routes, keep_route, on_checked, ps);

	if (rc == 0)
		ps->check++;
	else if (rc != -EBUSY)
		sweep(ps, SWEEP_RETRY);
	kick(ps);
}

int peers_init(struct peers *ps)
{
	TAILQ_INIT(&ps->list);
	TAILQ_INIT(&ps->work);
	ps->worker = event_new(ps->engine->base, -1, 0, work, ps);
	return ps->worker != NULL ? 0 : -ENOMEM;
}

void peers_fini(struct peers *ps)
{
	struct peer *p;

	if (ps->worker == NULL)
		return;
	/* The host's routes stay: what they carry is dropped, never sent bare, until we are back.
	 */
	while ((p = TAILQ_FIRST(&ps->list)) != NULL) {
		next_hop_release(ps->underlay, &p->hop);
		delete (ps, p);
	}
	event_free(ps->worker);
	ps->worker = NULL;
}
