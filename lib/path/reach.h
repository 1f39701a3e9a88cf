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

/* In front of a packet that leaves by a port with Ethernet headers. */
static inline int push_ethernet(
	struct rte_mbuf *m, const struct ovnet_port *port, const struct ovnet_endpoint *e)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_mac mac = ovnet_port_mac(port);

	if (unlikely(m->data_off < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_NO_HEADROOM;
	m->data_off -= RTE_ETHER_HDR_LEN;
	m->data_len += RTE_ETHER_HDR_LEN;
	m->pkt_len += RTE_ETHER_HDR_LEN;
	meta->csum_start += RTE_ETHER_HDR_LEN;

	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	memcpy(&eth->dst_addr, e->mac.b, sizeof(e->mac.b));
	memcpy(&eth->src_addr, mac.b, sizeof(mac.b));
	eth->ether_type = meta->ip_version == 6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6)
						: RTE_BE16(RTE_ETHER_TYPE_IPV4);
	return PASS;
}

#endif
