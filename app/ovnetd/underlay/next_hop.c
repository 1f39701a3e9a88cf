/* SPDX-License-Identifier: BSD-3-Clause */
#include "underlay/next_hop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"

OVNET_LOG_TYPE(peers)

static bool on_link(const struct conf_uplink *c, const struct ovnet_addr *dst)
{
	return dst->family == AF_INET && ovnet_prefix4_contains(&c->address_net, ntohl(dst->v4_be));
}

/* Uplinks without a kernel device: on link first, then the one that names a gateway. */
static int find_static(struct underlay *under, const struct ovnet_addr *dst, struct next_hop *out)
{
	struct uplink *gateway = NULL;

	if (dst->family != AF_INET)
		return -ENETUNREACH;
	for (unsigned i = 0; i < under->n; i++) {
		struct uplink *u = &under->uplinks[i];
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
static bool is_overlays(const struct underlay *under, const struct ovnet_addr *a)
{
	return ovnet_netconf_leasable(&under->node->netconf, a);
}

/*
 * flanneld's kernel device sends from the address its lease carries, whatever the route prefers:
 * peers refuse packets from another.
 */
static struct ovnet_addr source_on(const struct underlay *under, const struct uplink *u,
	uint8_t family, const struct ovnet_addr *preferred)
{
	const struct ovnet_addr *public_ip =
		family == AF_INET6 ? &under->node->public_ip6 : &under->node->public_ip;

	if (uplink_has(u, public_ip))
		return *public_ip;
	if (preferred->family != 0 && !is_overlays(under, preferred))
		return *preferred;
	return family == AF_INET6 ? u->addr6 : u->addr;
}

int next_hop_find(struct underlay *under, const struct ovnet_addr *dst,
	const struct ovnet_route_query *answer, struct next_hop *out)
{
	const struct ovnet_route *r = &answer->route;
	struct uplink *u = answer->rc == 0 ? uplink_by_ifindex(under, r->ifindex) : NULL;

	if (u == NULL)
		return find_static(under, dst, out);
	*out = (struct next_hop){
		.uplink = u,
		.addr = r->gateway.family != 0 ? r->gateway : *dst,
		.source = source_on(under, u, dst->family, &r->prefsrc),
		.mtu = r->mtu != 0 && r->mtu < u->port->mtu ? r->mtu : u->port->mtu,
	};
	/* An outer header from nowhere: an underlay that lost its IPv6 addresses keeps routes. */
	return out->source.family != 0 || under->node->netconf.backend == OVNET_BACKEND_HOST_GW
		       ? 0
		       : -EADDRNOTAVAIL;
}

/* Does the published header bear the uplink's present MAC? */
static bool source_mac_is(const struct ovnet_nh_slot *slot, const struct ovnet_mac *mac)
{
	const struct ovnet_nexthop *nh = ovnet_nh_get(slot);

	return !nh->resolved || memcmp(nh->eth + sizeof(mac->b), mac->b, sizeof(mac->b)) == 0;
}

bool next_hop_is(const struct next_hop_ref *ref, const struct next_hop *hop)
{
	const struct ovnet_mac ours = ovnet_port_mac(hop->uplink->port);

	return ref->uplink == hop->uplink && ref->ifindex == hop->uplink->link.ifindex &&
	       ref->mtu == hop->mtu && ovnet_addr_equal(&ref->addr, &hop->addr) &&
	       ovnet_addr_equal(&ref->source, &hop->source) && source_mac_is(ref->nh, &ours);
}

/* No kernel to ask. 1: known, 0: not. */
static int static_mac(const struct conf_uplink *c, const struct ovnet_addr *addr,
	const struct ovnet_mac *told, struct ovnet_mac *mac)
{
	if (told != NULL) {
		*mac = *told;
		return 1;
	}
	for (unsigned i = 0; i < c->n_neighbours; i++) {
		if (ovnet_addr_equal(&c->neighbours[i].ip, addr)) {
			*mac = c->neighbours[i].mac;
			return 1;
		}
	}
	return 0;
}

/* `nh` NULL: nobody uses it any more. */
static void tell(struct underlay *under, uint32_t ifindex, const struct ovnet_addr *addr,
	const struct ovnet_nh_slot *nh)
{
	const struct ovnet_nexthop *now = nh != NULL ? ovnet_nh_get(nh) : NULL;

	if (ifindex != 0 && under->events.next_hop != NULL)
		under->events.next_hop(
			under->arg, ifindex, addr, now != NULL && now->resolved ? now->eth : NULL);
}

/* What is known of the MAC, into the FIB. */
static int resolve(struct underlay *under, struct next_hop_ref *ref, const struct ovnet_mac *told)
{
	struct ovnet_fib_writer *fib = under->ports->engine->fib;
	const struct ovnet_mac ours = ovnet_port_mac(ref->uplink->port);
	bool asks_kernel = ref->ifindex != 0;
	struct ovnet_mac mac;
	int known = asks_kernel
			    ? ovnet_kernel_neigh_want(under->kernel, ref->ifindex, &ref->addr, &mac)
			    : static_mac(ref->uplink->conf, &ref->addr, told, &mac);

	if (known < 0) {
		ref->ifindex = 0; /* there is nothing to give back */
		return known;
	}
	int rc = ovnet_fib_nh_set(fib, ref->nh, known == 1 ? &mac : NULL, &ours);
	/* The configuration is all there is to ask. */
	if (rc == 0 && known == 0 && !asks_kernel)
		rc = ovnet_fib_nh_fail(fib, ref->nh);
	tell(under, ref->ifindex, &ref->addr, ref->nh);
	return rc;
}

int next_hop_take(struct underlay *under, const struct next_hop *hop, const struct ovnet_mac *told,
	struct next_hop_ref *ref)
{
	struct uplink *u = hop->uplink;

	ref->nh = ovnet_fib_nh_get(under->ports->engine->fib, u->port->id, &hop->addr);
	if (ref->nh == NULL)
		return -ENOMEM;
	ref->uplink = u;
	ref->ifindex = u->link.ifindex;
	ref->addr = hop->addr;
	ref->source = hop->source;
	ref->mtu = hop->mtu;
	int rc = resolve(under, ref, told);
	if (rc < 0)
		next_hop_release(under, ref);
	return rc;
}

void next_hop_release(struct underlay *under, struct next_hop_ref *ref)
{
	struct ovnet_fib_writer *fib = under->ports->engine->fib;

	if (ref->nh == NULL)
		return;
	if (ref->ifindex != 0)
		ovnet_kernel_neigh_release(under->kernel, ref->ifindex, &ref->addr);
	ovnet_fib_nh_put(fib, ref->nh);
	ref->nh = NULL;
	/* A device that is made anew is another one for the kernel, and the same port for us. */
	if (ref->ifindex != ref->uplink->link.ifindex ||
		ovnet_fib_nh_find(fib, ref->uplink->port->id, &ref->addr) == NULL)
		tell(under, ref->ifindex, &ref->addr, NULL);
}

void next_hop_resolved(struct underlay *under, struct uplink *u, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac)
{
	struct ovnet_nh_slot *nh = ovnet_fib_nh_find(under->ports->engine->fib, u->port->id, addr);
	const struct ovnet_mac ours = ovnet_port_mac(u->port);
	char a[OVNET_ADDR_STRLEN];

	if (nh == NULL)
		return;
	int rc = mac == NULL ? ovnet_fib_nh_fail(under->ports->engine->fib, nh)
			     : ovnet_fib_nh_set(under->ports->engine->fib, nh, mac, &ours);
	if (rc < 0)
		LOG(ERR, "no memory for what became of next hop %s",
			ovnet_addr_text(addr, a, sizeof(a)));
	tell(under, u->link.ifindex, addr, nh);
}
