/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a peer and one of our own addresses are reached, and what that asks of a packet. Private to
 * lib/path.
 */
#ifndef OVNET_PATH_REACH_H
#define OVNET_PATH_REACH_H

#include "packet/ttl.h"
#include "path/ip6.h"

static inline bool is_ip6(const void *ip)
{
	return ip6_version(ip) == 6;
}

/* Neighbour solicitation or advertisement, with nothing in front of it (RFC 4861)? */
static inline bool is_nd(const struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);

	if (!is_ip6(ip) || ip->proto != IPPROTO_ICMPV6 || m->data_len <= IP6_LEN)
		return false;
	const uint8_t type = *(const uint8_t *)(ip + 1);
	return type == 135 || type == 136;
}

/* Whose subnet the destination is in, or NULL. */
static inline const struct ovnet_peer *peer_of(const struct ovnet_fib_view *view, const void *ip)
{
	const struct rte_ipv4_hdr *ip4 = ip;

	if (likely(!is_ip6(ip)))
		return ovnet_fib_lookup(view, rte_be_to_cpu_32(ip4->dst_addr));
	return ovnet_fib_lookup6(view, ovnet_ip6_dst(ip));
}

/* The same for the source. */
static inline const struct ovnet_peer *peer_of_source(
	const struct ovnet_fib_view *view, const void *ip)
{
	const struct rte_ipv4_hdr *ip4 = ip;

	if (likely(!is_ip6(ip)))
		return ovnet_fib_lookup(view, rte_be_to_cpu_32(ip4->src_addr));
	return ovnet_fib_lookup6(view, ovnet_ip6_src(ip));
}

/* Where one of our own addresses is; the default for every other one. NULL: nowhere. */
static inline const struct ovnet_endpoint *endpoint_of(
	const struct ovnet_fib_view *view, const void *ip, bool source)
{
	const struct rte_ipv4_hdr *ip4 = ip;

	if (is_ip6(ip))
		return ovnet_fib_endpoint6(view, source ? ovnet_ip6_src(ip) : ovnet_ip6_dst(ip));
	return ovnet_fib_endpoint(view, rte_be_to_cpu_32(source ? ip4->src_addr : ip4->dst_addr));
}

/* Is the destination the overlay's, but not ours? */
static inline bool is_abroad(const struct ovnet_fib_view *view, const void *ip)
{
	const struct ovnet_overlay *o = &view->overlay;
	const struct rte_ipv4_hdr *ip4 = ip;

	if (is_ip6(ip))
		return ip6_in(&o->network6, ovnet_ip6_dst(ip)) &&
		       !ip6_in(&o->own6, ovnet_ip6_dst(ip));
	uint32_t dst = rte_be_to_cpu_32(ip4->dst_addr);
	return dst - o->own.addr_host >= view->n_own && ovnet_prefix4_contains(&o->network, dst);
}

/*
 * Where a packet of a port of ours goes that no peer is responsible for: to another one, or the
 * same again. What is abroad goes nowhere, what comes from the host device never back there: it was
 * the kernel that sent it. NULL: nowhere.
 */
static inline const struct ovnet_endpoint *endpoint_across(
	const struct ovnet_fib_view *view, const struct ovnet_meta *meta, const void *ip)
{
	const struct ovnet_endpoint *e = is_abroad(view, ip) ? NULL : endpoint_of(view, ip, false);

	if (e != NULL && !(meta->flags & OVNET_META_ROUTE) && e->port == meta->in_port)
		return NULL;
	return e;
}

/* False: no hop is left. */
static inline bool count_down(void *ip)
{
	return is_ip6(ip) ? ovnet_ttl_decrement6(ip) : ovnet_ttl_decrement4(ip);
}

/*
 * The largest packet a port takes. The host device gets its MTU after its port was opened, with the
 * overlay; it takes routed packets as large as the link had them: the kernel behind it answers
 * those that it cannot forward.
 */
static inline uint16_t port_mtu(
	const struct ovnet_overlay *o, const struct ovnet_port *port, const struct ovnet_meta *meta)
{
	if (unlikely(port->role != OVNET_PORT_HOST))
		return port->mtu;
	return likely(meta->encap != OVNET_ENCAP_DIRECT) ? o->mtu : UINT16_MAX;
}

#endif
