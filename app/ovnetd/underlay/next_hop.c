/* SPDX-License-Identifier: BSD-3-Clause */
#include "underlay/next_hop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon.h"

OVNET_LOG_TYPE(peers)

static bool on_link(const struct conf_uplink *c, const struct ovnet_addr *dst)
{
	return dst->family == AF_INET && ovnet_prefix4_contains(&c->address_net, ntohl(dst->v4_be));
}

/* Uplinks without a kernel device: on link first, then the one that names a gateway. */
static int find_static(struct daemon *d, const struct ovnet_addr *dst, struct next_hop *out)
{
	struct uplink *gateway = NULL;

	if (dst->family != AF_INET)
		return -ENETUNREACH;
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

/* The kernel borrows the host device's address for an uplink that has lost its own. */
static bool is_overlays(const struct daemon *d, const struct ovnet_addr *a)
{
	return ovnet_netconf_leasable(&d->netconf, a);
}

/*
 * flanneld's kernel device sends from the address its lease carries, whatever the route prefers:
 * peers refuse packets from another.
 */
static struct ovnet_addr source_on(const struct daemon *d, const struct uplink *u, uint8_t family,
	const struct ovnet_addr *preferred)
{
	const struct ovnet_addr *public_ip = family == AF_INET6 ? &d->public_ip6 : &d->public_ip;

	if (uplink_has(u, public_ip))
		return *public_ip;
	if (preferred->family != 0 && !is_overlays(d, preferred))
		return *preferred;
	return family == AF_INET6 ? u->addr6 : u->addr;
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
		.source = source_on(d, u, dst->family, &r->prefsrc),
		.mtu = r->mtu != 0 && r->mtu < u->port->mtu ? r->mtu : u->port->mtu,
	};
	/* An outer header from nowhere: an underlay that lost its IPv6 addresses keeps routes. */
	return out->source.family != 0 || d->netconf.backend == OVNET_BACKEND_HOST_GW
		       ? 0
		       : -EADDRNOTAVAIL;
}

/* Does the published header bear the uplink's present MAC? */
static bool source_mac_is(const struct ovnet_nh_slot *slot, const struct ovnet_mac *mac)
{
	const struct ovnet_nexthop *nh = ovnet_nh_get(slot);

	return !nh->resolved || memcmp(nh->eth + sizeof(mac->b), mac->b, sizeof(mac->b)) == 0;
}

bool next_hop_is(const struct peer *p, const struct next_hop *hop)
{
	const struct ovnet_mac ours = ovnet_port_mac(hop->uplink->port);

	return p->uplink == hop->uplink && p->ifindex == hop->uplink->link.ifindex &&
	       p->mtu == hop->mtu && ovnet_addr_equal(&p->next_hop, &hop->addr) &&
	       ovnet_addr_equal(&p->source, &hop->source) && source_mac_is(p->nh, &ours);
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
	const struct ovnet_mac ours = ovnet_port_mac(u->port);
	struct ovnet_mac mac;
	int known;

	p->nh = ovnet_fib_nh_get(d->fib, u->port->id, &hop->addr);
	if (p->nh == NULL)
		return -ENOMEM;
	p->uplink = u;
	p->ifindex = u->link.ifindex;
	p->next_hop = hop->addr;
	p->source = hop->source;
	p->mtu = hop->mtu;
	if (u->link.ifindex == 0)
		known = static_mac(d, p, u->conf, &hop->addr, &mac);
	else
		known = ovnet_kernel_neigh_want(d->kernel, u->link.ifindex, &hop->addr, &mac);
	if (known < 0)
		p->ifindex = 0; /* there is nothing to give back */
	int rc = known < 0 ? known
			   : ovnet_fib_nh_set(d->fib, p->nh, known == 1 ? &mac : NULL, &ours);
	/* The configuration is all there is to ask. */
	if (rc == 0 && known == 0 && u->link.ifindex == 0)
		rc = ovnet_fib_nh_fail(d->fib, p->nh);
	if (rc < 0)
		next_hop_release(d, p);
	return rc;
}

void next_hop_release(struct daemon *d, struct peer *p)
{
	if (p->nh == NULL)
		return;
	if (p->ifindex != 0)
		ovnet_kernel_neigh_release(d->kernel, p->ifindex, &p->next_hop);
	ovnet_fib_nh_put(d->fib, p->nh);
	p->nh = NULL;
}

void next_hop_resolved(struct daemon *d, struct uplink *u, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac)
{
	struct ovnet_nh_slot *nh = ovnet_fib_nh_find(d->fib, u->port->id, addr);
	const struct ovnet_mac ours = ovnet_port_mac(u->port);
	char a[OVNET_ADDR_STRLEN];

	if (nh == NULL)
		return;
	int rc = mac == NULL ? ovnet_fib_nh_fail(d->fib, nh)
			     : ovnet_fib_nh_set(d->fib, nh, mac, &ours);
	if (rc < 0)
		LOG(ERR, "no memory for what became of next hop %s",
			ovnet_addr_text(addr, a, sizeof(a)));
}
