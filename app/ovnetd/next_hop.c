/* SPDX-License-Identifier: BSD-3-Clause */
#include "next_hop.h"

#include <arpa/inet.h>
#include <errno.h>

#include "daemon.h"

static bool on_link(const struct conf_uplink *c, const struct ovnet_addr *dst)
{
	return dst->family == AF_INET && ovnet_prefix4_contains(&c->address_net, ntohl(dst->v4_be));
}

/* Uplinks without a kernel device: on link first, then the one that names a gateway. */
static int find_static(struct daemon *d, const struct ovnet_addr *dst, struct next_hop *out)
{
	struct uplink *gateway = NULL;

	for (unsigned i = 0; i < d->n_uplinks; i++) {
		struct uplink *u = &d->uplinks[i];
		if (u->link.ifindex != 0)
			continue;
		if (on_link(u->conf, dst)) {
			*out = (struct next_hop){u, *dst, u->addr, u->port->mtu};
			return 0;
		}
		if (gateway == NULL && u->conf->gateway.family != 0)
			gateway = u;
	}
	if (gateway == NULL)
		return -ENETUNREACH;
	*out = (struct next_hop){
		gateway, gateway->conf->gateway, gateway->addr, gateway->port->mtu};
	return 0;
}

int next_hop_find(struct daemon *d, const struct ovnet_addr *dst,
	const struct ovnet_route_query *answer, struct next_hop *out)
{
	const struct ovnet_route *r = &answer->route;
	struct uplink *u = answer->rc == 0 ? uplink_by_ifindex(d, r->ifindex) : NULL;

	if (u == NULL)
		return find_static(d, dst, out);
	*out = (struct next_hop){
		.uplink = u,
		.addr = r->gateway.family != 0 ? r->gateway : *dst,
		.source = r->prefsrc.family != 0 ? r->prefsrc : u->addr,
		.mtu = r->mtu != 0 && r->mtu < u->port->mtu ? r->mtu : u->port->mtu,
	};
	return 0;
}

bool next_hop_is(const struct peer *p, const struct next_hop *hop)
{
	return p->uplink == hop->uplink && p->mtu == hop->mtu &&
	       ovnet_addr_equal(&p->next_hop, &hop->addr) &&
	       ovnet_addr_equal(&p->source, &hop->source);
}

/* No kernel to ask: the configuration knows, or the static registry. */
static bool static_mac(const struct daemon *d, const struct peer *p, const struct conf_uplink *c,
	const struct ovnet_addr *addr, struct ovnet_mac *mac)
{
	if (d->conf.registry.type == CONF_REGISTRY_STATIC && p->lease.has_next_hop_mac) {
		*mac = p->lease.next_hop_mac;
		return true;
	}
	for (unsigned i = 0; i < c->n_neighbours; i++) {
		if (ovnet_addr_equal(&c->neighbours[i].ip, addr)) {
			*mac = c->neighbours[i].mac;
			return true;
		}
	}
	return false;
}

int next_hop_take(struct daemon *d, struct peer *p, const struct next_hop *hop)
{
	struct uplink *u = hop->uplink;
	struct ovnet_mac mac;
	bool known;

	p->nh = ovnet_fib_nh_get(d->fib, u->port->id, &hop->addr);
	if (p->nh == NULL)
		return -ENOMEM;
	p->uplink = u;
	p->next_hop = hop->addr;
	p->source = hop->source;
	p->mtu = hop->mtu;
	if (u->link.ifindex == 0)
		known = static_mac(d, p, u->conf, &hop->addr, &mac);
	else
		known = ovnet_kernel_neigh_want(d->kernel, u->link.ifindex, &hop->addr, &mac) == 1;
	int rc = ovnet_fib_nh_set(d->fib, p->nh, known ? &mac : NULL, &u->port->mac, hop->mtu);
	if (rc < 0)
		next_hop_release(d, p);
	return rc;
}

void next_hop_release(struct daemon *d, struct peer *p)
{
	if (p->nh == NULL)
		return;
	if (p->uplink->link.ifindex != 0)
		ovnet_kernel_neigh_release(d->kernel, p->uplink->link.ifindex, &p->next_hop);
	ovnet_fib_nh_put(d->fib, p->nh);
	p->nh = NULL;
}

void next_hop_resolved(struct daemon *d, struct uplink *u, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac)
{
	struct ovnet_nh_slot *nh = ovnet_fib_nh_find(d->fib, u->port->id, addr);

	if (nh != NULL)
		ovnet_fib_nh_set(d->fib, nh, mac, &u->port->mac, ovnet_nh_get(nh)->mtu);
}
